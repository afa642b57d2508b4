/*
 * The classes and functions that a pickle of PyTorch may name, and what calling one makes: tensors, Parameters,
 * storages, ordered dicts, shapes, devices, dtypes, bytes and sets. All arguments come from a file and are checked; no
 * tensor is made that could address memory outside of its storage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/pickle_machine.h"
#include "io/place.h"

#define STORAGE(class, dtype, text)                                                                                    \
    {"torch", class, G_STORAGE, dtype, text},                                                                          \
    {                                                                                                                  \
        "torch.cuda", class, G_STORAGE, dtype, text                                                                    \
    }
#define DTYPE(text)                                                                                                    \
    {                                                                                                                  \
        "torch", text, G_DTYPE, TY_DTYPE_NONE, text                                                                    \
    }

static const tyi_global globals[] = {
    {"collections", "OrderedDict", G_ORDERED_DICT, TY_DTYPE_NONE, NULL},
    {"collections", "Counter", G_DICT, TY_DTYPE_NONE, NULL},
    {"collections", "defaultdict", G_DEFAULT_DICT, TY_DTYPE_NONE, NULL},
    {"torch._utils", "_rebuild_tensor_v2", G_REBUILD_TENSOR_V2, TY_DTYPE_NONE, NULL},
    {"torch._utils", "_rebuild_tensor", G_REBUILD_TENSOR, TY_DTYPE_NONE, NULL},
    {"torch._utils", "_rebuild_tensor_v3", G_REBUILD_TENSOR_V3, TY_DTYPE_NONE, NULL},
    {"torch._utils", "_rebuild_parameter", G_REBUILD_PARAMETER, TY_DTYPE_NONE, NULL},
    {"torch._utils", "_rebuild_parameter_with_state", G_REBUILD_PARAMETER, TY_DTYPE_NONE, NULL},
    {"torch._tensor", "_rebuild_from_type_v2", G_REBUILD_FROM_TYPE, TY_DTYPE_NONE, NULL},
    {"torch.nn.parameter", "Parameter", G_CLASS, TY_DTYPE_NONE, NULL},
    {"torch", "Tensor", G_CLASS, TY_DTYPE_NONE, NULL},
    {"torch", "Size", G_SIZE, TY_DTYPE_NONE, NULL},
    {"torch", "device", G_DEVICE, TY_DTYPE_NONE, NULL},
    STORAGE("BoolStorage", TY_BOOL, "bool"),
    STORAGE("ByteStorage", TY_UINT8, "uint8"),
    STORAGE("CharStorage", TY_INT8, "int8"),
    STORAGE("ShortStorage", TY_INT16, "int16"),
    STORAGE("IntStorage", TY_INT32, "int32"),
    STORAGE("LongStorage", TY_INT64, "int64"),
    STORAGE("FloatStorage", TY_FLOAT32, "float32"),
    STORAGE("DoubleStorage", TY_FLOAT64, "float64"),
    STORAGE("HalfStorage", TY_FLOAT16, "float16"),
    STORAGE("BFloat16Storage", TY_BFLOAT16, "bfloat16"),
    STORAGE("ComplexFloatStorage", TY_DTYPE_NONE, "complex64"),
    STORAGE("ComplexDoubleStorage", TY_DTYPE_NONE, "complex128"),
    STORAGE("QInt8Storage", TY_DTYPE_NONE, "qint8"),
    STORAGE("QUInt8Storage", TY_DTYPE_NONE, "quint8"),
    STORAGE("QInt32Storage", TY_DTYPE_NONE, "qint32"),
    STORAGE("QUInt4x2Storage", TY_DTYPE_NONE, "quint4x2"),
    STORAGE("QUInt2x4Storage", TY_DTYPE_NONE, "quint2x4"),
    {"torch.storage", "UntypedStorage", G_BYTE_STORAGE, TY_UINT8, "uint8"},
    {"torch", "UntypedStorage", G_BYTE_STORAGE, TY_UINT8, "uint8"},
    DTYPE("bool"),
    DTYPE("uint8"),
    DTYPE("int8"),
    DTYPE("int16"),
    DTYPE("int32"),
    DTYPE("int64"),
    DTYPE("float32"),
    DTYPE("float64"),
    DTYPE("float16"),
    DTYPE("bfloat16"),
    DTYPE("complex32"),
    DTYPE("complex64"),
    DTYPE("complex128"),
    DTYPE("uint16"),
    DTYPE("uint32"),
    DTYPE("uint64"),
    DTYPE("float8_e4m3fn"),
    DTYPE("float8_e5m2"),
    DTYPE("float8_e4m3fnuz"),
    DTYPE("float8_e5m2fnuz"),
    DTYPE("float8_e8m0fnu"),
    DTYPE("float4_e2m1fn_x2"),
    DTYPE("qint8"),
    DTYPE("quint8"),
    DTYPE("qint32"),
    {"_codecs", "encode", G_ENCODE, TY_DTYPE_NONE, NULL},
    {"builtins", "dict", G_DICT, TY_DTYPE_NONE, NULL},
    {"builtins", "list", G_LIST, TY_DTYPE_NONE, NULL},
    {"builtins", "tuple", G_TUPLE, TY_DTYPE_NONE, NULL},
    {"builtins", "set", G_SET, TY_DTYPE_NONE, NULL},
    {"builtins", "frozenset", G_SET, TY_DTYPE_NONE, NULL},
    {"builtins", "bytearray", G_BYTES, TY_DTYPE_NONE, NULL},
    {"builtins", "bytes", G_BYTES, TY_DTYPE_NONE, NULL},
};

ty_status tyi_machine_push_global(tyi_machine *m, const char *module, const char *name)
{
    /* Python 2's names, which protocol 2 keeps. */
    if (strcmp(module, "__builtin__") == 0)
        module = "builtins";
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        if (strcmp(globals[i].module, module) != 0 || strcmp(globals[i].name, name) != 0)
            continue;
        tyi_object *o = tyi_machine_make(m, O_GLOBAL);
        if (!o)
            return TY_FAIL;
        o->global = &globals[i];
        return tyi_machine_push(m, o);
    }
    if (m->source->partial)
        return tyi_foreign_push_class(m, module, name);
    tyi_quote a = tyi_quote_bytes(module, strlen(module)), b = tyi_quote_bytes(name, strlen(name));
    if (strcmp(module, "builtins") == 0 && strcmp(name, "complex") == 0)
        return tyi_machine_refuse(m,
                                  "holds a complex number, and there are none here; save its real and imaginary parts");
    if (strncmp(module, "__torch__", 9) == 0)
        return tyi_machine_refuse(
            m,
            "is a TorchScript program (class %s.%s); only data is read: in PyTorch, save a state dict instead: "
            "torch.save(model.state_dict(), path)",
            a.s, b.s);
    if (strncmp(module, "torch._utils", 12) == 0 && strncmp(name, "_rebuild_", 9) == 0)
        return tyi_machine_refuse(
            m, "holds a tensor of a kind that is not supported (%s.%s); only dense tensors are read", a.s, b.s);
    return tyi_machine_refuse(
        m,
        "holds an object of class %s.%s, which cannot be loaded: only tensors, numbers, strings, lists, tuples and "
        "dicts are read, and nothing in a file is executed; in PyTorch, save a state dict instead: "
        "torch.save(model.state_dict(), path), or load what data there is with partial = true",
        a.s, b.s);
}

static bool is_text(const tyi_object *o, const char *text)
{
    return o->kind == O_STRING && o->string.length == strlen(text) &&
           memcmp(o->string.bytes, text, o->string.length) == 0;
}

/* The storage of a key, loaded when it is first met. location: where it was when it was saved. */
static ty_status find_storage(tyi_machine *m, const tyi_object *key, const tyi_global *class, int64_t numel,
                              const tyi_object *location, tyi_storage **storage)
{
    int64_t bytes;
    if (numel < 0 || __builtin_mul_overflow(numel, (int64_t)ty_dtype_size(class->dtype), &bytes))
        return tyi_machine_damaged(m, "a tensor of impossible size");
    size_t *known = tyi_map_find(&m->storage_keys, key->string.bytes, key->string.length);
    if (known) {
        const tyi_loaded_storage *s = &m->storages[*known];
        if (s->dtype != class->dtype)
            return tyi_machine_refuse(m, "the file is damaged: tensors of %s and %s share storage %s",
                                      ty_dtype_name(s->dtype), ty_dtype_name(class->dtype),
                                      tyi_quote_bytes(key->string.bytes, key->string.length).s);
        if (s->storage->bytes != (size_t)bytes)
            return tyi_machine_damaged(m, "a storage with two sizes");
        *storage = s->storage;
        return TY_OK;
    }
    void *storages = m->storages;
    if (tyi_machine_widen(&storages, m->storage_count, &m->storage_room, sizeof *m->storages) != TY_OK)
        return TY_FAIL;
    m->storages = storages;
    if (tyi_map_add(&m->storage_keys, key->string.bytes, key->string.length, m->storage_count) != TY_OK)
        return TY_FAIL;
    *storage = m->load(m->load_context, key->string.bytes, key->string.length, class->dtype, numel);
    if (!*storage)
        return TY_FAIL;
    m->storages[m->storage_count++] = (tyi_loaded_storage){*storage, class->dtype};
    if (!m->source->places)
        return TY_OK;
    char text[32] = ""; /* what is longer is no device, cut off or not */
    if (location->kind == O_STRING)
        snprintf(text, sizeof text, "%.*s", (int)(location->string.length < sizeof text ? location->string.length : 31),
                 location->string.bytes);
    return tyi_places_add(m->source->places, *storage, text);
}

/* ("storage", class, key, location, numel), and in old files a sixth: None or (view key, offset, size). */
ty_status tyi_machine_persistent(tyi_machine *m)
{
    tyi_object *id = tyi_machine_pop(m);
    if (!id)
        return TY_FAIL;
    bool module = id->kind == O_TUPLE && id->list.count > 1 && is_text(id->list.items[0], "module");
    if (module && m->source->partial)
        return tyi_machine_push(m, id->list.items[1]);
    if (module)
        return tyi_machine_refuse(m,
                                  "holds a whole model with its Python source; in PyTorch, save a state dict instead: "
                                  "torch.save(model.state_dict(), path)");
    if (!m->load)
        return tyi_machine_damaged(m, "a tensor where there can be none");
    tyi_object **part = id->kind == O_TUPLE ? id->list.items : NULL;
    if (!part || id->list.count < 5 || id->list.count > 6 || !is_text(part[0], "storage") ||
        part[1]->kind != O_GLOBAL || part[2]->kind != O_STRING || part[4]->kind != O_INT)
        return tyi_machine_damaged(m, "a storage that is not described as PyTorch does");
    const tyi_global *class = part[1]->global;
    if (class->kind != G_STORAGE && class->kind != G_BYTE_STORAGE)
        return tyi_machine_damaged(m, "a storage of an unknown class");
    if (class->dtype == TY_DTYPE_NONE)
        return tyi_machine_refuse(
            m,
            "holds a tensor of dtype %s, which is not supported; in PyTorch, convert it, for example with "
            "x.float(), and save again",
            class->dtype_name);
    int64_t offset = 0;
    if (id->list.count == 6 && part[5]->kind != O_NONE) {
        const tyi_object *view = part[5];
        if (view->kind != O_TUPLE || view->list.count != 3 || view->list.items[1]->kind != O_INT)
            return tyi_machine_damaged(m, "a view that is not described as PyTorch does");
        offset = view->list.items[1]->integer;
        if (offset < 0 || offset > part[4]->integer)
            return tyi_machine_damaged(m, "a view outside its storage");
    }
    tyi_storage *storage = NULL;
    if (find_storage(m, part[2], class, part[4]->integer, part[3], &storage) != TY_OK)
        return TY_FAIL;
    tyi_object *o = tyi_machine_make(m, O_STORAGE);
    if (!o)
        return TY_FAIL;
    o->storage.storage = storage;
    o->storage.class = class;
    o->storage.offset = offset;
    return tyi_machine_push(m, o);
}

/* A list of sizes or strides. */
static ty_status read_dims(tyi_machine *m, const tyi_object *o, int *ndim, int64_t *dims)
{
    if (o->kind != O_TUPLE && o->kind != O_LIST)
        return tyi_machine_damaged(m, "a shape that is none");
    if (o->list.count > TY_MAX_DIMS)
        return tyi_machine_refuse(m, "holds a tensor of %zu dimensions; tensors have 0 to %d", o->list.count,
                                  TY_MAX_DIMS);
    *ndim = (int)o->list.count;
    for (int d = 0; d < *ndim; d++) {
        if (o->list.items[d]->kind != O_INT || o->list.items[d]->integer < 0)
            return tyi_machine_damaged(m, "a shape that is none");
        dims[d] = o->list.items[d]->integer;
    }
    return TY_OK;
}

/* A tensor from (storage, offset, sizes, strides); nothing that it can address lies outside of its storage. */
static tyi_object *rebuild(tyi_machine *m, tyi_object **args, ty_dtype dtype)
{
    const tyi_object *storage = args[0];
    int ndim = 0, stride_count = 0;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS], numel, offset;
    if (storage->kind != O_STORAGE || args[1]->kind != O_INT) {
        tyi_machine_damaged(m, "a tensor without a storage");
        return NULL;
    }
    if (dtype == TY_DTYPE_NONE)
        dtype = storage->storage.class->dtype;
    if (read_dims(m, args[2], &ndim, sizes) != TY_OK || read_dims(m, args[3], &stride_count, strides) != TY_OK ||
        tyi_check_sizes("load", ndim, sizes, &numel) != TY_OK)
        return NULL;
    bool fits = ndim == stride_count && args[1]->integer >= 0 &&
                !__builtin_add_overflow(args[1]->integer, storage->storage.offset, &offset);
    int64_t end = fits ? offset : 0; /* one past the last element */
    for (int d = 0; fits && numel > 0 && d < ndim; d++) {
        int64_t reach;
        fits = !__builtin_mul_overflow(sizes[d] - 1, strides[d], &reach) && !__builtin_add_overflow(end, reach, &end);
    }
    fits = fits && (numel == 0 || !__builtin_add_overflow(end, 1, &end)) &&
           end <= (int64_t)(storage->storage.storage->bytes / ty_dtype_size(dtype));
    if (!fits) {
        tyi_machine_damaged(m, "a tensor that reaches outside of its storage");
        return NULL;
    }
    tyi_object *o = tyi_machine_make(m, O_TENSOR);
    if (!o)
        return NULL;
    atomic_fetch_add_explicit(&storage->storage.storage->refs, 1, memory_order_relaxed);
    o->tensor = tyi_from_storage(storage->storage.storage, dtype, ndim, sizes, strides, offset);
    return o->tensor ? o : NULL;
}

static ty_status require_grad(tyi_machine *m, tyi_object *o, const tyi_object *flag)
{
    if (flag->kind != O_BOOL)
        return tyi_machine_damaged(m, "requires_grad that is no boolean");
    if (!flag->integer)
        return TY_OK;
    if (!ty_dtype_is_floating((ty_dtype)o->tensor->dtype))
        return tyi_machine_damaged(m, "an integer tensor that requires a gradient");
    return ty_set_requires_grad(o->tensor, true);
}

/* The metadata that PyTorch adds for tensors that are lazily conjugated or negated. */
static ty_status check_metadata(tyi_machine *m, const tyi_object *metadata)
{
    if (metadata->kind != O_DICT)
        return TY_OK;
    for (size_t i = 0; i + 1 < metadata->list.count; i += 2)
        if (metadata->list.items[i + 1]->kind == O_BOOL && metadata->list.items[i + 1]->integer)
            return tyi_machine_refuse(
                m, "holds a tensor with a pending conjugation or negation; in PyTorch, save x.resolve_neg() instead");
    return TY_OK;
}

static ty_status call_rebuild(tyi_machine *m, tyi_global_kind kind, tyi_object **args, size_t count)
{
    static const size_t least[] = {[G_REBUILD_TENSOR] = 4, [G_REBUILD_TENSOR_V2] = 6, [G_REBUILD_TENSOR_V3] = 7};
    if (count < least[kind] || count > 8)
        return tyi_machine_damaged(m, "a tensor that is not described as PyTorch does");
    ty_dtype dtype = TY_DTYPE_NONE;
    if (kind == G_REBUILD_TENSOR_V3) {
        if (args[6]->kind != O_GLOBAL || args[6]->global->kind != G_DTYPE)
            return tyi_machine_damaged(m, "a tensor without a dtype");
        dtype = ty_dtype_from_name(args[6]->global->dtype_name);
        if (dtype == TY_DTYPE_NONE)
            return tyi_machine_refuse(
                m,
                "holds a tensor of dtype %s, which is not supported; in PyTorch, convert it, for example with "
                "x.float(), and save again",
                args[6]->global->dtype_name);
        /* Bytes that were not loaded as booleans may hold more than 0 and 1. */
        if (dtype == TY_BOOL)
            return tyi_machine_damaged(m, "booleans over untyped bytes");
    }
    tyi_object *o = rebuild(m, args, dtype);
    if (!o)
        return TY_FAIL;
    size_t metadata = kind == G_REBUILD_TENSOR_V3 ? 7 : 6;
    if (count > metadata && check_metadata(m, args[metadata]) != TY_OK)
        return TY_FAIL;
    if (kind != G_REBUILD_TENSOR && require_grad(m, o, args[4]) != TY_OK)
        return TY_FAIL;
    return tyi_machine_push(m, o);
}

/* (data, requires_grad, hooks[, state]): a tensor of its own over data's memory, as Parameter(data) makes it. */
static ty_status call_parameter(tyi_machine *m, tyi_object **args, size_t count)
{
    if (count < 2 || count > 4 || args[0]->kind != O_TENSOR)
        return tyi_machine_damaged(m, "a Parameter without a tensor");
    const ty_tensor *x = args[0]->tensor;
    tyi_object *o = tyi_machine_make(m, O_TENSOR);
    if (!o)
        return TY_FAIL;
    o->parameter = true;
    o->tensor = tyi_alias(x, x->ndim, x->sizes, x->strides, x->offset);
    if (!o->tensor || require_grad(m, o, args[1]) != TY_OK)
        return TY_FAIL;
    return tyi_machine_push(m, o);
}

/* bytes in protocol 2: text whose code points up to 255 are the bytes. */
static ty_status call_encode(tyi_machine *m, tyi_object **args, size_t count)
{
    if (count < 1 || args[0]->kind != O_STRING || (count > 1 && !is_text(args[1], "latin1")))
        return tyi_machine_damaged(m, "bytes in an unknown coding");
    if (tyi_machine_pay(m, args[0]->string.length) != TY_OK)
        return TY_FAIL;
    tyi_object *o = tyi_machine_make(m, O_STRING);
    const char *from = args[0]->string.bytes;
    size_t length = args[0]->string.length, n = 0;
    if (!o || !(o->string.bytes = malloc(length + 1)))
        return o ? tyi_fail_memory(length + 1) : TY_FAIL;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)from[i];
        if (c >= 0x80) {
            if ((c != 0xc2 && c != 0xc3) || i + 1 >= length || ((unsigned char)from[i + 1] & 0xc0) != 0x80)
                return tyi_machine_damaged(m, "bytes that are none");
            c = (unsigned char)((c & 3) << 6 | ((unsigned char)from[++i] & 0x3f));
        }
        o->string.bytes[n++] = (char)c;
    }
    o->string.bytes[n] = 0;
    o->string.length = n;
    return tyi_machine_push(m, o);
}

/* A new container of a kind with the same entries. */
static ty_status call_copy(tyi_machine *m, tyi_object_kind kind, tyi_object **args, size_t count)
{
    tyi_object *o = tyi_machine_make(m, kind);
    if (!o)
        return TY_FAIL;
    if (count > 1 || (count == 1 && args[0]->kind != O_LIST && args[0]->kind != O_TUPLE && args[0]->kind != O_DICT) ||
        (count == 1 && (kind == O_DICT) != (args[0]->kind == O_DICT)))
        return tyi_machine_damaged(m, "a container made of something else");
    size_t entries = count ? args[0]->list.count : 0;
    if (tyi_machine_pay(m, entries * sizeof(tyi_object *)) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; i < entries; i++)
        if (tyi_machine_add(o, args[0]->list.items[i]) != TY_OK)
            return TY_FAIL;
    return tyi_machine_push(m, o);
}

/* OrderedDict(), OrderedDict([[key, item], ...]) or OrderedDict({...}). */
static ty_status call_ordered_dict(tyi_machine *m, tyi_object **args, size_t count)
{
    if (count == 1 && args[0]->kind == O_DICT) {
        if (call_copy(m, O_DICT, args, count) != TY_OK)
            return TY_FAIL;
        m->stack[m->depth - 1]->ordered = true;
        return TY_OK;
    }
    tyi_object *o = tyi_machine_make(m, O_DICT);
    if (!o)
        return TY_FAIL;
    o->ordered = true;
    if (count > 1 || (count == 1 && args[0]->kind != O_LIST && args[0]->kind != O_TUPLE))
        return tyi_machine_damaged(m, "an OrderedDict made of something else");
    if (count && tyi_machine_pay(m, args[0]->list.count * 2 * sizeof(tyi_object *)) != TY_OK)
        return TY_FAIL;
    for (size_t i = 0; count && i < args[0]->list.count; i++) {
        const tyi_object *pair = args[0]->list.items[i];
        if ((pair->kind != O_LIST && pair->kind != O_TUPLE) || pair->list.count != 2)
            return tyi_machine_damaged(m, "an OrderedDict made of something else");
        if (tyi_machine_add(o, pair->list.items[0]) != TY_OK || tyi_machine_add(o, pair->list.items[1]) != TY_OK)
            return TY_FAIL;
    }
    return tyi_machine_push(m, o);
}

/* torch.device("cuda", 0) as "cuda:0". */
static ty_status call_device(tyi_machine *m, tyi_object **args, size_t count)
{
    if (count < 1 || count > 2 || args[0]->kind != O_STRING || args[0]->string.length > 30 ||
        (count == 2 && args[1]->kind != O_INT))
        return tyi_machine_damaged(m, "a device that is none");
    char text[64];
    int n = count == 2 ? snprintf(text, sizeof text, "%s:%" PRId64, args[0]->string.bytes, args[1]->integer)
                       : snprintf(text, sizeof text, "%s", args[0]->string.bytes);
    tyi_object *o = tyi_machine_make(m, O_STRING);
    if (!o || !(o->string.bytes = malloc((size_t)n + 1)))
        return o ? tyi_fail_memory((size_t)n + 1) : TY_FAIL;
    memcpy(o->string.bytes, text, (size_t)n + 1);
    o->string.length = (size_t)n;
    return tyi_machine_push(m, o);
}

ty_status tyi_machine_call(tyi_machine *m, const tyi_object *function, tyi_object **args, size_t count)
{
    if (function->kind != O_GLOBAL)
        return tyi_machine_damaged(m, "a call of something that is no class");
    switch (function->global->kind) {
    case G_ORDERED_DICT:
        return call_ordered_dict(m, args, count);
    case G_DICT:
        return call_copy(m, O_DICT, args, count);
    case G_DEFAULT_DICT: /* its only argument makes missing items, of which there are none here */
        return call_copy(m, O_DICT, NULL, 0);
    case G_LIST:
    case G_SET:
        return call_copy(m, O_LIST, args, count);
    case G_TUPLE:
    case G_SIZE:
        return call_copy(m, O_TUPLE, args, count);
    case G_BYTES:
        /* bytearray(), or bytearray of a string that is bytes already */
        if (count && args[0]->kind != O_STRING)
            return tyi_machine_damaged(m, "bytes that are none");
        if (count)
            return tyi_machine_push(m, args[0]);
        tyi_object *empty = tyi_machine_make(m, O_STRING);
        if (!empty || !(empty->string.bytes = calloc(1, 1)))
            return empty ? tyi_fail_memory(1) : TY_FAIL;
        return tyi_machine_push(m, empty);
    case G_ENCODE:
        return call_encode(m, args, count);
    case G_DEVICE:
        return call_device(m, args, count);
    case G_REBUILD_TENSOR:
    case G_REBUILD_TENSOR_V2:
    case G_REBUILD_TENSOR_V3:
        return call_rebuild(m, function->global->kind, args, count);
    case G_REBUILD_PARAMETER:
        return call_parameter(m, args, count);
    case G_REBUILD_FROM_TYPE:
        /* (function, class, args, state): a tensor with Python attributes, which are left out. */
        if (count < 3 || args[0]->kind != O_GLOBAL || args[2]->kind != O_TUPLE ||
            (args[0]->global->kind != G_REBUILD_TENSOR_V2 && args[0]->global->kind != G_REBUILD_TENSOR_V3 &&
             args[0]->global->kind != G_REBUILD_PARAMETER))
            return tyi_machine_damaged(m, "a tensor that is not described as PyTorch does");
        return tyi_machine_call(m, args[0], args[2]->list.items, args[2]->list.count);
    case G_CLASS:
    case G_DTYPE:
    case G_STORAGE:
    case G_BYTE_STORAGE:
        break;
    }
    return tyi_machine_refuse(m, "makes a %s.%s in a way that PyTorch does not", function->global->module,
                              function->global->name);
}
