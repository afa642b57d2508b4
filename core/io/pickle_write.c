/*
 * The pickle writer: protocol 2, the one torch.save writes, with the classes that torch.load(weights_only=True) allows.
 * Tensors become torch._utils._rebuild_tensor_v2 over persistent ids; a storage that several tensors share gets one
 * key.
 */
#include "io/pickle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/map.h"
#include "io/value.h"

/* One step of the way from the root to the value being written, for messages. */
typedef struct place {
    const struct place *up;
    const ty_value *container;
    size_t index;
    int depth;
} place;

typedef struct writer {
    tyi_pickle *out;
    tyi_map storages; /* address of a storage -> its key */
    tyi_map memo;     /* text of a global or string, or address of a tensor -> number in the reader's memo */
    size_t memo_count;
} writer;

static ty_status reserve(tyi_pickle *p, size_t more)
{
    if (more <= p->room - p->length)
        return TY_OK;
    size_t room = p->room ? p->room : 1024;
    while (more > room - p->length)
        room *= 2;
    unsigned char *bytes = realloc(p->bytes, room);
    if (!bytes)
        return tyi_fail_memory(room);
    p->bytes = bytes;
    p->room = room;
    return TY_OK;
}

static ty_status put(writer *w, const void *bytes, size_t length)
{
    if (reserve(w->out, length) != TY_OK)
        return TY_FAIL;
    if (length)
        memcpy(w->out->bytes + w->out->length, bytes, length);
    w->out->length += length;
    return TY_OK;
}

static ty_status put_op(writer *w, char op)
{
    return put(w, &op, 1);
}

/* An opcode and the low `bytes` bytes of a number, little-endian. */
static ty_status put_number(writer *w, char op, uint64_t value, int bytes)
{
    unsigned char text[9] = {(unsigned char)op};
    for (int i = 0; i < bytes; i++)
        text[1 + i] = (unsigned char)(value >> (8 * i));
    return put(w, text, (size_t)bytes + 1);
}

static ty_status put_integer(writer *w, int64_t i)
{
    if (i >= 0 && i < 256)
        return put_number(w, 'K', (uint64_t)i, 1);
    if (i >= 0 && i < 65536)
        return put_number(w, 'M', (uint64_t)i, 2);
    if (i >= INT32_MIN && i <= INT32_MAX)
        return put_number(w, 'J', (uint64_t)i, 4);
    /* LONG1 of eight bytes: the length is the first byte after the opcode. */
    return put_op(w, '\x8a') == TY_OK ? put_number(w, 8, (uint64_t)i, 8) : TY_FAIL;
}

static ty_status put_float(writer *w, double f)
{
    uint64_t bits;
    memcpy(&bits, &f, sizeof bits);
    return put_number(w, 'G', __builtin_bswap64(bits), 8);
}

static ty_status put_unicode(writer *w, const char *bytes, size_t length)
{
    return put_number(w, 'X', length, 4) == TY_OK ? put(w, bytes, length) : TY_FAIL;
}

/* Lets the object that was just written be repeated by put_memo() under this key. */
static ty_status remember(writer *w, const void *key, size_t length)
{
    if (tyi_map_add(&w->memo, key, length, w->memo_count) != TY_OK)
        return TY_FAIL;
    size_t number = w->memo_count++;
    return number < 256 ? put_number(w, 'q', number, 1) : put_number(w, 'r', number, 4);
}

static ty_status put_memo(writer *w, size_t number)
{
    return number < 256 ? put_number(w, 'h', number, 1) : put_number(w, 'j', number, 4);
}

/* A class or function, "module\nname\n", or a string of the persistent ids: written once, then repeated from the memo.
 */
static ty_status put_repeated(writer *w, bool global, const char *text)
{
    size_t length = strlen(text), *number = tyi_map_find(&w->memo, text, length);
    if (number)
        return put_memo(w, *number);
    ty_status status =
        global ? (put_op(w, 'c') == TY_OK ? put(w, text, length) : TY_FAIL) : put_unicode(w, text, length);
    return status == TY_OK ? remember(w, text, length) : TY_FAIL;
}

/* A string: text as text; other bytes the way Python pickles `bytes` in protocol 2. */
static ty_status put_string(writer *w, const char *bytes, size_t length)
{
    if (tyi_is_utf8(bytes, length))
        return put_unicode(w, bytes, length);
    size_t high = 0;
    for (size_t i = 0; i < length; i++)
        high += (unsigned char)bytes[i] >> 7;
    if (put_repeated(w, true, "_codecs\nencode\n") != TY_OK || put_number(w, 'X', length + high, 4) != TY_OK ||
        reserve(w->out, length + high) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x80) {
            w->out->bytes[w->out->length++] = c;
        } else {
            w->out->bytes[w->out->length++] = (unsigned char)(0xc0 | c >> 6);
            w->out->bytes[w->out->length++] = (unsigned char)(0x80 | (c & 0x3f));
        }
    }
    return put_repeated(w, false, "latin1") == TY_OK ? put(w, "\x86R", 2) : TY_FAIL;
}

static ty_status put_ordered_dict(writer *w)
{
    return put_repeated(w, true, "collections\nOrderedDict\n") == TY_OK ? put(w, ")R", 2) : TY_FAIL;
}

/* "value.opt["lr"][3]", counted from the base of this thread. */
static void describe(const place *at, char *text, size_t room)
{
    if (!at->up) {
        snprintf(text, room, "value");
        return;
    }
    describe(at->up, text, room);
    size_t used = strlen(text);
    const ty_value *key = at->container->kind == TY_DICT ? at->container->keys[at->index] : NULL;
    if (!key)
        snprintf(text + used, room - used, "[%lld]", tyi_said((int64_t)at->index));
    else if (key->kind == TY_STRING)
        snprintf(text + used, room - used, "[\"%s\"]", tyi_quote_bytes(key->string, key->length).s);
    else if (key->kind == TY_INTEGER)
        snprintf(text + used, room - used, "[%" PRId64 "]", key->integer);
    else
        snprintf(text + used, room - used, "[...]");
}

static ty_status fail_at(const place *at, const char *message)
{
    char text[400];
    describe(at, text, sizeof text);
    return ty_fail(TY_ERROR_VALUE, "save: %s: %s", text, message);
}

static const char *storage_class(ty_dtype dtype)
{
    switch (dtype) {
    case TY_BOOL:
        return "torch\nBoolStorage\n";
    case TY_UINT8:
        return "torch\nByteStorage\n";
    case TY_INT8:
        return "torch\nCharStorage\n";
    case TY_INT16:
        return "torch\nShortStorage\n";
    case TY_INT32:
        return "torch\nIntStorage\n";
    case TY_INT64:
        return "torch\nLongStorage\n";
    case TY_FLOAT16:
        return "torch\nHalfStorage\n";
    case TY_BFLOAT16:
        return "torch\nBFloat16Storage\n";
    case TY_FLOAT32:
        return "torch\nFloatStorage\n";
    case TY_FLOAT64:
        return "torch\nDoubleStorage\n";
    default:
        return NULL;
    }
}

/* The number under which a tensor's storage is written; a new one keeps the tensor for the container. */
static ty_status storage_key(writer *w, ty_tensor *x, const place *at, size_t *key)
{
    tyi_pickle *p = w->out;
    size_t *known = tyi_map_find(&w->storages, &x->storage, sizeof x->storage);
    if (known) {
        *key = *known;
        if (p->storages[*key]->dtype != x->dtype)
            return fail_at(
                at, "shares memory with a tensor of another dtype, which the format cannot hold; save a clone()");
        return TY_OK;
    }
    if (p->storage_count == p->storage_room) {
        size_t room = p->storage_room ? p->storage_room * 2 : 64;
        ty_tensor **storages = realloc(p->storages, room * sizeof *storages);
        if (!storages)
            return tyi_fail_memory(room * sizeof *storages);
        p->storages = storages;
        p->storage_room = room;
    }
    *key = p->storage_count;
    if (tyi_map_add(&w->storages, &x->storage, sizeof x->storage, *key) != TY_OK)
        return TY_FAIL;
    p->storages[p->storage_count++] = ty_retain(x);
    return TY_OK;
}

static ty_status put_tuple(writer *w, int count, const int64_t *numbers)
{
    if (count == 0)
        return put_op(w, ')');
    if (count > 3 && put_op(w, '(') != TY_OK)
        return TY_FAIL;
    for (int i = 0; i < count; i++)
        if (put_integer(w, numbers[i]) != TY_OK)
            return TY_FAIL;
    static const char ops[] = {0, '\x85', '\x86', '\x87'};
    return put_op(w, count > 3 ? 't' : ops[count]);
}

static ty_status put_tensor(writer *w, const ty_value *v, const place *at)
{
    ty_tensor *x = v->tensor;
    if (!x)
        return fail_at(at, "a tensor value without a tensor");
    const char *class = storage_class((ty_dtype)x->dtype);
    if (!class)
        return fail_at(at, "PyTorch has no storage for this dtype");
    /* One tensor named twice is one object after loading; once as a Parameter and once plainly are two. */
    struct {
        const void *tensor;
        uintptr_t parameter;
    } identity = {x, v->parameter};
    size_t *known = tyi_map_find(&w->memo, &identity, sizeof identity);
    if (known)
        return put_memo(w, *known);
    size_t key = 0;
    if (storage_key(w, x, at, &key) != TY_OK)
        return TY_FAIL;
    char name[24];
    snprintf(name, sizeof name, "%zu", key);
    bool grad = ty_requires_grad(x);
    if ((v->parameter && put_repeated(w, true, "torch._utils\n_rebuild_parameter\n") != TY_OK) ||
        put_repeated(w, true, "torch._utils\n_rebuild_tensor_v2\n") != TY_OK || put(w, "((", 2) != TY_OK ||
        put_repeated(w, false, "storage") != TY_OK || put_repeated(w, true, class) != TY_OK ||
        put_unicode(w, name, strlen(name)) != TY_OK || put_repeated(w, false, TYI_DEVICE(x)) != TY_OK ||
        put_integer(w, (int64_t)(x->storage->bytes / ty_dtype_size((ty_dtype)x->dtype))) != TY_OK ||
        put(w, "tQ", 2) != TY_OK || put_integer(w, x->offset) != TY_OK || put_tuple(w, x->ndim, x->sizes) != TY_OK ||
        put_tuple(w, x->ndim, x->strides) != TY_OK || put_op(w, grad && !v->parameter ? '\x88' : '\x89') != TY_OK ||
        put_ordered_dict(w) != TY_OK || put(w, "tR", 2) != TY_OK)
        return TY_FAIL;
    if (v->parameter &&
        (put_op(w, grad ? '\x88' : '\x89') != TY_OK || put_ordered_dict(w) != TY_OK || put(w, "\x87R", 2) != TY_OK))
        return TY_FAIL;
    return remember(w, &identity, sizeof identity);
}

/* What Python can hash. Nested tuples count against the depth as everything else does. */
static bool is_key(const ty_value *v, int depth)
{
    switch (v->kind) {
    case TY_NIL:
    case TY_TRUE_FALSE:
    case TY_INTEGER:
    case TY_NUMBER:
    case TY_STRING:
        return true;
    case TY_TUPLE:
        for (size_t i = 0; i < v->count; i++)
            if (depth >= TYI_VALUE_DEPTH || !is_key(v->items[i], depth + 1))
                return false;
        return true;
    default:
        return false;
    }
}

static ty_status put_value(writer *w, const ty_value *v, const place *at);

static ty_status put_container(writer *w, const ty_value *v, const place *at)
{
    if (at->depth >= TYI_VALUE_DEPTH)
        return fail_at(at, "more than 1000 tables or lists in one another; does it contain itself?");
    place inside = {at, v, 0, at->depth + 1};
    static const char tuples[] = {')', '\x85', '\x86', '\x87'};
    bool marked = v->kind == TY_TUPLE ? v->count > 3 : v->count > 0;
    ty_status status = TY_OK;
    if (v->kind == TY_LIST)
        status = put_op(w, ']');
    else if (v->kind == TY_DICT)
        status = v->ordered ? put_ordered_dict(w) : put_op(w, '}');
    if (status == TY_OK && marked)
        status = put_op(w, '(');
    for (; status == TY_OK && inside.index < v->count; inside.index++) {
        if (v->kind == TY_DICT) {
            if (!is_key(v->keys[inside.index], at->depth))
                return fail_at(&inside, "a key must be a string, a number, a boolean, nil or a tuple of these");
            status = put_value(w, v->keys[inside.index], &inside);
        }
        if (status == TY_OK)
            status = put_value(w, v->items[inside.index], &inside);
    }
    if (status != TY_OK)
        return status;
    if (v->kind == TY_TUPLE)
        return put_op(w, v->count > 3 ? 't' : tuples[v->count]);
    return marked ? put_op(w, v->kind == TY_LIST ? 'e' : 'u') : TY_OK;
}

static ty_status put_value(writer *w, const ty_value *v, const place *at)
{
    switch (v->kind) {
    case TY_NIL:
        return put_op(w, 'N');
    case TY_TRUE_FALSE:
        return put_op(w, v->integer ? '\x88' : '\x89');
    case TY_INTEGER:
        return put_integer(w, v->integer);
    case TY_NUMBER:
        return put_float(w, v->number);
    case TY_STRING:
        if (v->length > UINT32_MAX / 2)
            return fail_at(at, "a string of 2 GB or more, which the format cannot hold");
        return put_string(w, v->string, v->length);
    case TY_TENSOR:
        return put_tensor(w, v, at);
    case TY_LIST:
    case TY_TUPLE:
    case TY_DICT:
        return put_container(w, v, at);
    }
    return fail_at(at, "of an unknown kind");
}

ty_status tyi_pickle_write(tyi_pickle *p, const ty_value *v)
{
    *p = (tyi_pickle){0};
    writer w = {.out = p};
    place root = {0};
    ty_status status = put(&w, "\x80\x02", 2) == TY_OK && put_value(&w, v, &root) == TY_OK && put_op(&w, '.') == TY_OK
                           ? TY_OK
                           : TY_FAIL;
    tyi_map_free(&w.storages);
    tyi_map_free(&w.memo);
    if (status != TY_OK)
        tyi_pickle_free(p);
    return status;
}

void tyi_pickle_free(tyi_pickle *p)
{
    for (size_t i = 0; i < p->storage_count; i++)
        ty_release(p->storages[i]);
    free(p->storages);
    free(p->bytes);
    *p = (tyi_pickle){0};
}
