/*
 * NumPy's .npz: a zip archive of .npy files, one an array, as np.savez and np.savez_compressed write it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/file.h"
#include "io/map.h"
#include "io/npy.h"
#include "io/zip.h"
#include "ops/ops.h"

#define SUFFIX        ".npy"
#define DEFLATE_RATIO 1032 /* no deflate stream unfolds by more */

/* ---- Reading ---- */

static size_t read_entry(void *context, void *to, size_t bytes)
{
    zip_int64_t got = zip_fread(context, to, bytes);
    return got > 0 ? (size_t)got : 0;
}

/* Bytes that the entry holds unpacked; refuses what its packed bytes cannot unfold into. *left are the bytes of the
 * file that no entry had yet: entries that lie over one another could unfold into any size. */
static ty_status entry_size(zip_t *zip, const char *path, zip_uint64_t i, const char *name, uint64_t *left,
                            uint64_t *size)
{
    zip_stat_t stat;
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat_index(zip, i, 0, &stat) != 0 || (stat.valid & needed) != needed)
        return tyi_zip_fail("load_npz", path, name, zip_get_error(zip));
    const char *shown = tyi_quote_bytes(name, strlen(name)).s;
    if ((stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) ||
        stat.encryption_method != ZIP_EM_NONE)
        return ty_fail(TY_ERROR_IO, "load_npz: %.400s: %s is packed in a way that NumPy does not use", path, shown);
    if (stat.comp_size > *left || stat.size / DEFLATE_RATIO > stat.comp_size ||
        (stat.comp_method == ZIP_CM_STORE && stat.size != stat.comp_size))
        return ty_fail(
            TY_ERROR_IO,
            "load_npz: %.400s: %s claims more bytes than the file can hold; the file is damaged: fetch or save "
            "it again",
            path, shown);
    *left -= stat.comp_size;
    *size = stat.size;
    return TY_OK;
}

static ty_tensor *read_array(zip_t *zip, const char *path, zip_uint64_t i, const char *name, uint64_t *left)
{
    uint64_t size = 0;
    if (entry_size(zip, path, i, name, left, &size) != TY_OK)
        return NULL;
    zip_file_t *entry = zip_fopen_index(zip, i, 0);
    if (!entry) {
        tyi_zip_fail("load_npz", path, name, zip_get_error(zip));
        return NULL;
    }
    tyi_pickle_source source = {.read = read_entry, .context = entry, .left = size};
    char place[500];
    snprintf(place, sizeof place, "%.390s: %s", path, tyi_quote_bytes(name, strlen(name)).s);
    ty_tensor *x = tyi_npy_read("load_npz", place, &source);
    /* The checksum is compared at the end of the entry, which only one more read meets. */
    char beyond;
    if (x && zip_fread(entry, &beyond, 1) < 0) {
        tyi_zip_fail("load_npz", path, name, zip_file_get_error(entry));
        ty_release(x);
        x = NULL;
    }
    zip_fclose(entry);
    return x;
}

static ty_status add_array(ty_value *dict, tyi_map *seen, zip_t *zip, const char *path, zip_uint64_t i, uint64_t *left)
{
    const char *name = zip_get_name(zip, i, ZIP_FL_ENC_RAW);
    if (!name)
        return tyi_zip_fail("load_npz", path, NULL, zip_get_error(zip));
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    if (length <= suffix || strcmp(name + length - suffix, SUFFIX) != 0)
        return ty_fail(TY_ERROR_IO, "load_npz: %.400s: %s is not an array (.npy); it is not a file of np.savez", path,
                       tyi_quote_bytes(name, length).s);
    if (tyi_map_find(seen, name, length))
        return ty_fail(TY_ERROR_IO, "load_npz: %.400s: %s is there twice; the file is damaged", path,
                       tyi_quote_bytes(name, length).s);
    if (tyi_map_add(seen, name, length, 1) != TY_OK)
        return TY_FAIL;
    ty_tensor *x = read_array(zip, path, i, name, left);
    ty_value *key = x ? ty_value_string(name, length - suffix) : NULL;
    ty_status status = key ? ty_value_append(dict, key, ty_value_tensor(x)) : TY_FAIL;
    ty_release(x);
    return status;
}

ty_value *ty_load_npz(const char *path)
{
    uint64_t bytes;
    int file = tyi_file_open("load_npz", path, &bytes);
    zip_t *zip = file < 0 ? NULL : tyi_zip_open("load_npz", path, file);
    if (!zip)
        return NULL;
    tyi_map seen = {.slots = NULL};
    ty_value *dict = ty_value_new(TY_DICT);
    ty_status status = dict ? TY_OK : TY_FAIL;
    zip_int64_t count = zip_get_num_entries(zip, 0);
    if (dict)
        dict->ordered = true;
    for (zip_int64_t i = 0; i < count && status == TY_OK; i++)
        status = add_array(dict, &seen, zip, path, (zip_uint64_t)i, &bytes);
    tyi_map_free(&seen);
    zip_discard(zip);
    if (status == TY_OK)
        return dict;
    ty_value_free(dict);
    return NULL;
}

/* ---- Writing ---- */

/* One array as the bytes of a .npy file: a header, and values that stay with their tensor. */
typedef struct array {
    char name[300];
    char *bytes;
    size_t length;
} array;

typedef struct contents {
    array *arrays;
    size_t count;
    bool compressed;
} contents;

static ty_status add_entries(zip_t *zip, void *context)
{
    const contents *c = context;
    for (size_t i = 0; i < c->count; i++) {
        const array *a = &c->arrays[i];
        zip_source_t *source = zip_source_buffer(zip, a->bytes, a->length, 0);
        zip_int64_t index = source ? zip_file_add(zip, a->name, source, ZIP_FL_ENC_UTF_8) : -1;
        if (index < 0) {
            zip_source_free(source);
            return TY_FAIL;
        }
        /* One time for all, so that equal values make equal files: the start of the format's calendar. */
        if (zip_set_file_compression(zip, (zip_uint64_t)index, c->compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) != 0 ||
            zip_file_set_dostime(zip, (zip_uint64_t)index, 0, 0x21, 0) != 0)
            return TY_FAIL;
    }
    return TY_OK;
}

/* Header and values of x in one piece of memory. */
static ty_status fill_array(array *a, ty_tensor *x)
{
    ty_tensor *host = ty_to(x, TY_DTYPE_NONE, TY_DEVICE_CPU, false), *dense = host ? tyi_dense(host) : NULL;
    size_t header = 0;
    char *bytes = dense ? tyi_npy_header("save_npz", dense, &header) : NULL;
    if (bytes) {
        size_t values = (size_t)dense->numel * ty_dtype_size((ty_dtype)dense->dtype);
        char *whole = realloc(bytes, header + values);
        a->bytes = whole;
        a->length = header + values;
        if (!whole) {
            free(bytes);
            tyi_fail_memory(header + values);
        } else if (values) {
            memcpy(whole + header, tyi_data(dense), values);
        }
    }
    ty_release(dense);
    ty_release(host);
    return a->bytes ? TY_OK : TY_FAIL;
}

static ty_status prepare(const ty_value *arrays, contents *c)
{
    for (size_t i = 0; i < arrays->count; i++) {
        const ty_value *key = arrays->keys[i], *value = arrays->items[i];
        array *a = &c->arrays[i];
        if (key->kind != TY_STRING || !tyi_is_utf8(key->string, key->length) || strlen(key->string) != key->length ||
            key->length + sizeof SUFFIX > sizeof a->name)
            return ty_fail(TY_ERROR_VALUE, "save_npz: the names must be short strings of UTF-8");
        if (value->kind != TY_TENSOR)
            return ty_fail(TY_ERROR_VALUE, "save_npz: %.100s is not a tensor; the format holds named arrays alone",
                           key->string);
        snprintf(a->name, sizeof a->name, "%s" SUFFIX, key->string);
        if (fill_array(a, value->tensor) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

ty_status ty_save_npz(const ty_value *arrays, bool compressed, const char *path)
{
    if (!arrays)
        return TY_FAIL;
    if (arrays->kind != TY_DICT && arrays->count)
        return ty_fail(TY_ERROR_VALUE, "save_npz: a table of tensors with names is needed");
    contents c = {calloc(arrays->count + 1, sizeof *c.arrays), arrays->count, compressed};
    if (!c.arrays)
        return tyi_fail_memory(arrays->count * sizeof *c.arrays);
    ty_status status = prepare(arrays, &c) == TY_OK ? tyi_zip_write("save_npz", path, add_entries, &c) : TY_FAIL;
    for (size_t i = 0; i < arrays->count; i++)
        free(c.arrays[i].bytes);
    free(c.arrays);
    return status;
}
