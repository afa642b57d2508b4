/*
 * safetensors (Hugging Face): eight bytes of length, a JSON object that says the dtype, shape and place of each tensor,
 * and the tensors' bytes, little-endian, one after the other. cJSON reads the values of the object one by one, so that
 * a hostile header never unfolds into more than itself.
 *
 * As in the reference implementation a file is refused unless its tensors fill it exactly, without gaps or overlaps.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/atomic.h"
#include "io/file.h"
#include "io/map.h"
#include "io/pickle.h"
#include "ops/ops.h"

#define MOST_HEADER ((uint64_t)100 << 20) /* bytes; the format's own limit */
#define MOST_ENTRY  4096                  /* bytes of one tensor's description */
#define METADATA    "__metadata__"

/* The format's names of dtypes; NULL: there is no such dtype here. */
static const struct {
    const char *code, *dtype;
    size_t size;
} dtypes[] = {
    {"BOOL", "bool", 1},  {"U8", "uint8", 1},    {"I8", "int8", 1},       {"I16", "int16", 2},   {"I32", "int32", 4},
    {"I64", "int64", 8},  {"F16", "float16", 2}, {"BF16", "bfloat16", 2}, {"F32", "float32", 4}, {"F64", "float64", 8},
    {"F8_E4M3", NULL, 1}, {"F8_E5M2", NULL, 1},  {"U16", NULL, 2},        {"U32", NULL, 4},      {"U64", NULL, 8},
};
#define DTYPES ((int)(sizeof dtypes / sizeof *dtypes))

typedef struct entry {
    char *name;
    int code; /* row of dtypes */
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    uint64_t begin, end; /* in the mapping */
} entry;

struct ty_safetensors {
    char *path;
    tyi_mapping *mapping;
    entry *entries;
    size_t count, room;
    tyi_map names;
    ty_value *metadata;
};

static ty_status refuse(const ty_safetensors *f, const char *what)
{
    return ty_fail(TY_ERROR_IO, "load: %.400s: %s; it is not a safetensors file, or damaged: fetch or save it again",
                   f->path, what);
}

static ty_status refuse_entry(const ty_safetensors *f, const char *name, const char *what)
{
    return ty_fail(TY_ERROR_IO, "load: %.400s: tensor %s: %s; the file is damaged: fetch or save it again", f->path,
                   tyi_quote_bytes(name, strlen(name)).s, what);
}

/* ---- The header, member by member ---- */

/* A piece of JSON text. */
typedef struct slice {
    const char *at, *end;
} slice;

static void skip_space(slice *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

/* Takes one value off the text: a string, or all up to the comma or bracket that ends it. Whether it is well formed is
 * for cJSON to say. */
static slice take_value(slice *s)
{
    slice value = {s->at, s->at};
    int depth = 0;
    bool quoted = false;
    for (; s->at < s->end; s->at++) {
        char c = *s->at;
        if (quoted) {
            if (c == '\\' && s->at + 1 < s->end)
                s->at++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']')) {
            break;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    value.end = s->at;
    return value;
}

/* The string that a piece of text is, in new memory; NULL where it is none (no error set) or, with *failed, for lack of
 * memory. A 0 inside would end names early: refused with the rest. */
static char *parse_string(slice text, bool *failed)
{
    cJSON *json = cJSON_ParseWithLength(text.at, (size_t)(text.end - text.at));
    char *string = NULL;
    if (json && cJSON_IsString(json)) {
        string = strdup(json->valuestring);
        *failed = !string;
        if (!string)
            tyi_fail_memory(strlen(json->valuestring));
    }
    cJSON_Delete(json);
    return string;
}

/* Calls `member` for each member of an object. */
static ty_status each_member(ty_safetensors *f, slice s, ty_status (*member)(ty_safetensors *, const char *, slice))
{
    skip_space(&s);
    if (s.at == s.end || *s.at++ != '{')
        return refuse(f, "its header is not a JSON object");
    skip_space(&s);
    if (s.at < s.end && *s.at == '}') {
        s.at++;
        skip_space(&s);
        return s.at == s.end ? TY_OK : refuse(f, "text follows its header");
    }
    for (;;) {
        bool failed = false;
        skip_space(&s);
        char *name = parse_string(take_value(&s), &failed);
        if (!name)
            return failed ? TY_FAIL : refuse(f, "a name in its header is not a string");
        ty_status status = TY_FAIL;
        if (s.at == s.end || *s.at++ != ':')
            refuse(f, "its header is not JSON");
        else
            status = member(f, name, take_value(&s));
        free(name);
        if (status != TY_OK)
            return TY_FAIL;
        char c = s.at < s.end ? *s.at++ : 0;
        if (c == '}')
            break;
        if (c != ',')
            return refuse(f, "its header is not JSON");
    }
    skip_space(&s);
    return s.at == s.end ? TY_OK : refuse(f, "text follows its header");
}

static ty_status add_metadata(ty_safetensors *f, const char *name, slice text)
{
    bool failed = false;
    char *value = parse_string(text, &failed);
    if (!value)
        return failed ? TY_FAIL : refuse(f, "its metadata has a value that is not a string");
    ty_value *key = ty_value_string(name, strlen(name));
    ty_status status = key ? ty_value_append(f->metadata, key, ty_value_string(value, strlen(value))) : TY_FAIL;
    free(value);
    return status;
}

/* A number that is a count; -1 where it is none. Exact up to 2^53, far past any file. */
static int64_t to_count(const cJSON *json)
{
    if (!json || !cJSON_IsNumber(json))
        return -1;
    double value = json->valuedouble;
    return value >= 0 && value <= 0x1p53 && floor(value) == value ? (int64_t)value : -1;
}

/* Fills an entry from {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}; what is wrong, or NULL. */
static const char *read_entry(const ty_safetensors *f, const cJSON *json, uint64_t data, entry *e)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(json, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(json, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(json, "data_offsets");
    if (!cJSON_IsString(dtype) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2)
        return "needs a dtype, a shape and two data_offsets";
    for (e->code = 0; e->code < DTYPES && strcmp(dtypes[e->code].code, dtype->valuestring) != 0;)
        e->code++;
    if (e->code == DTYPES)
        return "has a dtype that the format does not know";
    uint64_t bytes = dtypes[e->code].size;
    const cJSON *item;
    bool empty = false;
    cJSON_ArrayForEach(item, shape)
    {
        int64_t size = to_count(item);
        if (size < 0 || e->ndim == TY_MAX_DIMS)
            return size < 0 ? "has a size that is not a count" : "has more dimensions than tensors can have";
        e->sizes[e->ndim++] = size;
        empty = empty || size == 0;
    }
    for (int d = 0; d < e->ndim && !empty; d++)
        if (__builtin_mul_overflow(bytes, (uint64_t)e->sizes[d], &bytes))
            return "is larger than any file";
    int64_t begin = to_count(cJSON_GetArrayItem(offsets, 0)), end = to_count(cJSON_GetArrayItem(offsets, 1));
    if (begin < 0 || end < begin || (uint64_t)end > f->mapping->length - data)
        return "lies outside of the file, which may be cut short";
    if ((uint64_t)(end - begin) != (empty ? 0 : bytes))
        return "has a shape and offsets that contradict each other";
    e->begin = data + (uint64_t)begin;
    e->end = data + (uint64_t)end;
    return NULL;
}

/* Where the tensors' bytes begin. */
static uint64_t data_start(const ty_safetensors *f)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | f->mapping->bytes[i];
    return length > MOST_HEADER ? UINT64_MAX : length + 8;
}

static ty_status add_entry(ty_safetensors *f, const char *name, slice text)
{
    if (strcmp(name, METADATA) == 0) {
        if (f->metadata->count)
            return refuse(f, "it has metadata twice");
        return each_member(f, text, add_metadata);
    }
    if (text.end - text.at > MOST_ENTRY)
        return refuse_entry(f, name, "its description is too long");
    if (tyi_map_find(&f->names, name, strlen(name)))
        return refuse_entry(f, name, "is there twice");
    if (f->count == f->room) {
        size_t room = f->room ? f->room * 2 : 16;
        entry *entries = realloc(f->entries, room * sizeof *entries);
        if (!entries)
            return tyi_fail_memory(room * sizeof *entries);
        f->entries = entries;
        f->room = room;
    }
    entry e = {.name = NULL};
    cJSON *json = cJSON_ParseWithLength(text.at, (size_t)(text.end - text.at));
    const char *wrong = json ? read_entry(f, json, data_start(f), &e) : "its description is not JSON";
    cJSON_Delete(json);
    if (wrong)
        return refuse_entry(f, name, wrong);
    if (tyi_map_add(&f->names, name, strlen(name), f->count) != TY_OK)
        return TY_FAIL;
    e.name = strdup(name);
    if (!e.name)
        return tyi_fail_memory(strlen(name));
    f->entries[f->count++] = e;
    return TY_OK;
}

static int by_place(const void *a_, const void *b_)
{
    const entry *const *a = a_, *const *b = b_;
    uint64_t x = (*a)->begin == (*b)->begin ? (*a)->end : (*a)->begin;
    uint64_t y = (*a)->begin == (*b)->begin ? (*b)->end : (*b)->begin;
    return (x > y) - (x < y);
}

/* The tensors, one after the other, must fill the file from `data` on. */
static ty_status check_places(const ty_safetensors *f, uint64_t data)
{
    const entry **sorted = malloc((f->count + 1) * sizeof *sorted);
    if (!sorted)
        return tyi_fail_memory(f->count * sizeof *sorted);
    for (size_t i = 0; i < f->count; i++)
        sorted[i] = &f->entries[i];
    qsort(sorted, f->count, sizeof *sorted, by_place);
    ty_status status = TY_OK;
    for (size_t i = 0; i < f->count && status == TY_OK; i++) {
        if (sorted[i]->begin != data)
            status = refuse_entry(f, sorted[i]->name, "does not follow the one before it");
        data = sorted[i]->end;
    }
    free(sorted);
    if (status == TY_OK && data != f->mapping->length)
        status = refuse(f, "bytes are left over after its tensors");
    return status;
}

static ty_status read_header(ty_safetensors *f)
{
    if (f->mapping->length < 8)
        return refuse(f, "it has fewer than 8 bytes");
    uint64_t data = data_start(f);
    if (data > f->mapping->length)
        return refuse(f, "its header is longer than the file");
    const char *text = (const char *)f->mapping->bytes;
    if (!tyi_is_utf8(text + 8, data - 8))
        return refuse(f, "its header is not UTF-8");
    slice header = {text + 8, text + data};
    return each_member(f, header, add_entry) == TY_OK ? check_places(f, data) : TY_FAIL;
}

/* ---- An open file ---- */

ty_safetensors *ty_safetensors_open(const char *path)
{
    ty_safetensors *f = calloc(1, sizeof *f);
    if (!f) {
        tyi_fail_memory(sizeof *f);
        return NULL;
    }
    f->path = strdup(path ? path : "");
    f->metadata = ty_value_new(TY_DICT);
    if (!f->path)
        tyi_fail_memory(strlen(path));
    else if (f->metadata && (f->mapping = tyi_mapping_open("load", path)) && read_header(f) == TY_OK)
        return f;
    ty_safetensors_close(f);
    return NULL;
}

void ty_safetensors_close(ty_safetensors *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->count; i++)
        free(f->entries[i].name);
    free(f->entries);
    tyi_map_free(&f->names);
    ty_value_free(f->metadata);
    tyi_mapping_release(f->mapping);
    free(f->path);
    free(f);
}

size_t ty_safetensors_count(const ty_safetensors *f)
{
    return f->count;
}

const char *ty_safetensors_name(const ty_safetensors *f, size_t i)
{
    return i < f->count ? f->entries[i].name : NULL;
}

const ty_value *ty_safetensors_metadata(const ty_safetensors *f)
{
    return f->metadata;
}

ty_tensor *ty_safetensors_get(ty_safetensors *f, const char *name)
{
    size_t *index = tyi_map_find(&f->names, name, strlen(name));
    if (!index)
        return tyi_fail(TY_ERROR_INDEX, "get_tensor: %.400s has no tensor %s; keys() lists those it has", f->path,
                        tyi_quote_bytes(name, strlen(name)).s);
    const entry *e = &f->entries[*index];
    ty_dtype dtype = dtypes[e->code].dtype ? ty_dtype_from_name(dtypes[e->code].dtype) : TY_DTYPE_NONE;
    if (dtype == TY_DTYPE_NONE)
        return tyi_fail(TY_ERROR_IO,
                        "load: %.400s: tensor %s has dtype %s, which Tycho does not have; convert it where it was made",
                        f->path, tyi_quote_bytes(name, strlen(name)).s, dtypes[e->code].code);
    size_t size = ty_dtype_size(dtype), bytes = (size_t)(e->end - e->begin);
    bool aligned = (uintptr_t)(f->mapping->bytes + e->begin) % size == 0;
    tyi_storage *s = aligned ? tyi_mapping_storage(f->mapping, e->begin, bytes) : tyi_storage_new(bytes, TY_DEVICE_CPU);
    if (!s)
        return NULL;
    if (!aligned)
        memcpy(s->data, f->mapping->bytes + e->begin, bytes);
    tyi_settle_storage(s, dtype, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    int64_t strides[TY_MAX_DIMS];
    tyi_row_major(e->ndim, e->sizes, strides);
    return tyi_from_storage(s, dtype, e->ndim, e->sizes, strides, 0);
}

/* ---- Writing ---- */

/* What is written of one tensor. */
typedef struct item {
    const char *name;
    ty_tensor *dense; /* on the CPU, row-major */
    int code;
} item;

/* Large elements first, so that all are aligned; then by name. The reference implementation's order. */
static int by_size_and_name(const void *a_, const void *b_)
{
    const item *a = a_, *b = b_;
    size_t x = dtypes[a->code].size, y = dtypes[b->code].size;
    return x != y ? (x < y) - (x > y) : strcmp(a->name, b->name);
}

static ty_status check_name(const ty_value *key)
{
    if (key->kind != TY_STRING)
        return ty_fail(TY_ERROR_VALUE, "save_safetensors: the names must be strings");
    if (!tyi_is_utf8(key->string, key->length) || strlen(key->string) != key->length)
        return ty_fail(TY_ERROR_VALUE, "save_safetensors: the name \"%s\" is not UTF-8 text",
                       tyi_quote_bytes(key->string, key->length).s);
    if (strcmp(key->string, METADATA) == 0)
        return ty_fail(TY_ERROR_VALUE, "save_safetensors: the name " METADATA " is reserved by the format");
    return TY_OK;
}

/* Tensors over one memory would be written twice and come back apart: refused, as by the reference implementation. */
static ty_status check_apart(const ty_value *tensors)
{
    tyi_map seen = {.slots = NULL};
    ty_status status = TY_OK;
    for (size_t i = 0; i < tensors->count && status == TY_OK; i++) {
        const tyi_storage *s = tensors->items[i]->tensor->storage;
        if (s->bytes == 0)
            continue;
        const size_t *other = tyi_map_find(&seen, &s, sizeof s);
        if (other)
            status = ty_fail(TY_ERROR_VALUE,
                             "save_safetensors: %.100s and %.100s share memory, which the format cannot say; save a "
                             "clone of one of them, or use ty.save, which keeps them shared",
                             tensors->keys[*other]->string, tensors->keys[i]->string);
        else
            status = tyi_map_add(&seen, &s, sizeof s, i);
    }
    tyi_map_free(&seen);
    return status;
}

static ty_status prepare(const ty_value *tensors, item *items)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const ty_value *key = tensors->keys[i], *value = tensors->items[i];
        if (check_name(key) != TY_OK)
            return TY_FAIL;
        if (value->kind != TY_TENSOR)
            return ty_fail(
                TY_ERROR_VALUE,
                "save_safetensors: %.100s is not a tensor; the format holds named tensors alone, and strings "
                "as metadata",
                key->string);
        ty_tensor *x = value->tensor;
        items[i].name = key->string;
        while (!dtypes[items[i].code].dtype ||
               strcmp(dtypes[items[i].code].dtype, ty_dtype_name((ty_dtype)x->dtype)) != 0)
            items[i].code++;
        ty_tensor *host = ty_to(x, TY_DTYPE_NONE, TY_DEVICE_CPU, false);
        items[i].dense = host ? tyi_dense(host) : NULL;
        ty_release(host);
        if (!items[i].dense)
            return TY_FAIL;
    }
    return check_apart(tensors);
}

/* {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}; false when memory ran out. */
static bool describe_item(cJSON *root, const item *it, uint64_t begin, uint64_t end)
{
    const ty_tensor *x = it->dense;
    cJSON *object = cJSON_AddObjectToObject(root, it->name);
    bool ok = cJSON_AddStringToObject(object, "dtype", dtypes[it->code].code) != NULL;
    cJSON *shape = cJSON_AddArrayToObject(object, "shape");
    for (int d = 0; d < x->ndim; d++)
        ok = cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)x->sizes[d])) && ok;
    cJSON *offsets = cJSON_AddArrayToObject(object, "data_offsets");
    ok = cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)begin)) && ok;
    return cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)end)) && ok;
}

/* The header as text, padded with spaces to a multiple of 8 bytes; to be freed. */
static char *make_header(const item *items, size_t count, const ty_value *metadata)
{
    cJSON *root = cJSON_CreateObject();
    bool ok = root != NULL;
    if (ok && metadata && metadata->count) {
        cJSON *object = cJSON_AddObjectToObject(root, METADATA);
        for (size_t i = 0; i < metadata->count; i++)
            ok = cJSON_AddStringToObject(object, metadata->keys[i]->string, metadata->items[i]->string) && ok;
    }
    uint64_t at = 0;
    for (size_t i = 0; ok && i < count; i++) {
        uint64_t end = at + (uint64_t)items[i].dense->numel * dtypes[items[i].code].size;
        ok = describe_item(root, &items[i], at, end);
        at = end;
    }
    char *text = ok ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    size_t length = text ? strlen(text) : 0;
    char *padded = text ? realloc(text, length + 9) : NULL;
    if (!padded) {
        free(text);
        tyi_fail_memory(length);
        return NULL;
    }
    while (length % 8)
        padded[length++] = ' ';
    padded[length] = 0;
    return padded;
}

static ty_status write_all(tyi_atomic *a, const char *header, const item *items, size_t count)
{
    uint64_t length = strlen(header);
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++)
        prefix[i] = (unsigned char)(length >> (8 * i));
    if (tyi_atomic_write(a, prefix, sizeof prefix) != TY_OK || tyi_atomic_write(a, header, length) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < count; i++) {
        ty_tensor *x = items[i].dense;
        size_t size = dtypes[items[i].code].size;
        ty_tensor *swapped = NULL;
        if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && size > 1) {
            swapped = ty_clone(x);
            if (!swapped)
                return TY_FAIL;
            tyi_swap_bytes(tyi_data(swapped), (size_t)x->numel, size);
        }
        ty_status status = tyi_atomic_write(a, tyi_data(swapped ? swapped : x), (size_t)x->numel * size);
        ty_release(swapped);
        if (status != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

static ty_status check_metadata(const ty_value *metadata)
{
    for (size_t i = 0; metadata && i < metadata->count; i++)
        if (metadata->keys[i]->kind != TY_STRING || metadata->items[i]->kind != TY_STRING)
            return ty_fail(
                TY_ERROR_VALUE,
                "save_safetensors: metadata is a table of strings with names; turn other values into strings");
    return TY_OK;
}

ty_status ty_safetensors_save(const ty_value *tensors, const ty_value *metadata, const char *path)
{
    if (!tensors)
        return TY_FAIL;
    if (tensors->kind != TY_DICT && tensors->count)
        return ty_fail(TY_ERROR_VALUE,
                       "save_safetensors: a table of tensors with names is needed, such as net:state_dict()");
    if (check_metadata(metadata) != TY_OK)
        return TY_FAIL;
    item *items = calloc(tensors->count + 1, sizeof *items);
    if (!items)
        return tyi_fail_memory(tensors->count * sizeof *items);
    ty_status status = TY_FAIL;
    char *header = NULL;
    tyi_atomic a;
    if (prepare(tensors, items) == TY_OK) {
        qsort(items, tensors->count, sizeof *items, by_size_and_name);
        header = make_header(items, tensors->count, metadata);
    }
    if (header && tyi_atomic_begin(&a, "save_safetensors", path) == TY_OK) {
        status = write_all(&a, header, items, tensors->count);
        if (status == TY_OK)
            status = tyi_atomic_commit(&a);
        else
            tyi_atomic_abort(&a);
    }
    free(header);
    for (size_t i = 0; i < tensors->count; i++)
        ty_release(items[i].dense);
    free(items);
    return status;
}
