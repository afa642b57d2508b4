/*
 * Dtypes: names, sizes, and type promotion. Everything comes from the list TY_DTYPES in tycho.h.
 */
#include "tensor/tensor.h"

typedef struct dtype_row {
    const char *name;
    size_t size;
    char kind; /* b, u, i or f */
} dtype_row;

static const dtype_row rows[] = {
#define TY_X(E, name, storage, arithmetic, kind) {#name, sizeof(storage), #kind[0]},
    TY_DTYPES(TY_X)
#undef TY_X
};

static _Thread_local ty_dtype default_dtype = TY_FLOAT32;

const char *ty_dtype_name(ty_dtype dtype)
{
    return dtype >= 0 && dtype < TY_DTYPE_COUNT ? rows[dtype].name : "none";
}

ty_dtype ty_dtype_from_name(const char *name)
{
    static const struct {
        const char *alias;
        ty_dtype dtype;
    } aliases[] = {{"float", TY_FLOAT32}, {"double", TY_FLOAT64}, {"half", TY_FLOAT16},
                   {"long", TY_INT64},    {"int", TY_INT32},      {"short", TY_INT16}};
    for (int d = 0; d < TY_DTYPE_COUNT; d++)
        if (strcmp(rows[d].name, name) == 0)
            return (ty_dtype)d;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].alias, name) == 0)
            return aliases[i].dtype;
    return TY_DTYPE_NONE;
}

size_t ty_dtype_size(ty_dtype dtype)
{
    return rows[dtype].size;
}

bool ty_dtype_is_floating(ty_dtype dtype)
{
    return rows[dtype].kind == 'f';
}

ty_dtype ty_get_default_dtype(void)
{
    return default_dtype;
}

ty_status ty_set_default_dtype(ty_dtype dtype)
{
    if (dtype < 0 || dtype >= TY_DTYPE_COUNT || !ty_dtype_is_floating(dtype))
        return ty_fail(TY_ERROR_VALUE, "set_default_dtype: only a floating dtype can be the default, got %s",
                       ty_dtype_name(dtype));
    default_dtype = dtype;
    return TY_OK;
}

/* 0 bool, 1 integer, 2 floating: the categories of PyTorch's promotion. */
static int category(ty_dtype dtype)
{
    char kind = rows[dtype].kind;
    return kind == 'b' ? 0 : kind == 'f' ? 2 : 1;
}

ty_dtype ty_promote_types(ty_dtype a, ty_dtype b)
{
    if (a == b)
        return a;
    if (category(a) != category(b))
        return category(a) > category(b) ? a : b;
    /* Two integers or two floats: the list is in order of size, but of two of one size neither holds the other. */
    if ((a == TY_UINT8 && b == TY_INT8) || (a == TY_INT8 && b == TY_UINT8))
        return TY_INT16;
    if (tyi_is_reduced(a) && tyi_is_reduced(b))
        return TY_FLOAT32;
    return a > b ? a : b;
}

bool ty_can_cast(ty_dtype from, ty_dtype to)
{
    return category(from) <= category(to);
}

ty_dtype tyi_float_type(ty_dtype dtype)
{
    return ty_dtype_is_floating(dtype) ? dtype : default_dtype;
}

ty_dtype tyi_result_type(int count, ty_tensor *const *tensors)
{
    /* Three ranks: dimensioned tensors, zero-dimensional ones, plain numbers. A lower rank counts only where its
     * category is higher than that of the ranks above (torch.result_type). */
    if (count == 2 && tensors[0] && tensors[1] && !tensors[0]->wrapped) { /* the usual cases first */
        ty_dtype a = (ty_dtype)tensors[0]->dtype, b = (ty_dtype)tensors[1]->dtype;
        if (tensors[1]->wrapped ? category(b) <= category(a) : a == b)
            return a;
    }
    ty_dtype by_rank[3] = {TY_DTYPE_NONE, TY_DTYPE_NONE, TY_DTYPE_NONE};
    for (int i = 0; i < count; i++) {
        const ty_tensor *x = tensors[i];
        if (!x)
            continue;
        int rank = x->wrapped ? 2 : x->ndim == 0 ? 1 : 0;
        ty_dtype dtype = (ty_dtype)x->dtype;
        if (x->wrapped && dtype == TY_FLOAT64)
            dtype = default_dtype;
        by_rank[rank] = by_rank[rank] == TY_DTYPE_NONE ? dtype : ty_promote_types(by_rank[rank], dtype);
    }
    ty_dtype result = TY_DTYPE_NONE;
    for (int rank = 0; rank < 3; rank++) {
        ty_dtype dtype = by_rank[rank];
        if (dtype == TY_DTYPE_NONE)
            continue;
        if (result == TY_DTYPE_NONE)
            result = dtype;
        else if (category(dtype) > category(result))
            result = dtype;
    }
    return result;
}

ty_dtype ty_result_type(ty_tensor *a, ty_tensor *b)
{
    return tyi_result_type(2, (ty_tensor *[]){a, b});
}

ty_scalar tyi_load_scalar(const void *data, ty_dtype dtype)
{
    switch (dtype) {
/* A bool's byte may hold anything in fresh memory: reading it as bool would be undefined. */
#define LOAD_b(E, type) ty_bool(*(const uint8_t *)data != 0)
#define LOAD_u(E, type) ty_int((int64_t) * (const type *)data)
#define LOAD_i(E, type) LOAD_u(E, type)
#define LOAD_f(E, type) ty_float((double)TYI_VALUE(E, *(const type *)data))
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        return LOAD_##kind(E, storage);
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        return ty_int(0);
    }
}

void tyi_store_scalar(void *data, ty_dtype dtype, ty_scalar value)
{
    bool floating = value.kind == TY_SCALAR_FLOAT;
    switch (dtype) {
#define STORE_b(E, type) (floating ? value.f != 0 : value.i != 0)
#define STORE_u(E, type) (floating ? (type)(int64_t)value.f : (type)value.i)
#define STORE_i(E, type) STORE_u(E, type)
#define STORE_f(E, type) (floating ? TYI_ELEMENT(E, type, value.f) : TYI_ELEMENT(E, type, value.i))
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        *(storage *)data = STORE_##kind(E, storage);                                                                   \
        break;
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
}
