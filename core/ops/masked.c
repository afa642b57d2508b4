/*
 * masked_fill and masked_fill_: one value wherever a mask is true. (masked_select, whose result's shape depends on the
 * mask, stands with advanced indexing in index.c.)
 */
#include "ops/support.h"

/* The gradient passes where the mask is false; the value's is the sum where it is true. */
static ty_status masked_fill_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *g = grad_out[0], *mask = tyi_saved(node, 0);
    ty_tensor *zero = tyi_temp(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    if (!mask || !zero)
        return TY_FAIL;
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_masked_fill(g, mask, zero)))
        return TY_FAIL;
    if (tyi_wants(node, 1)) {
        ty_tensor *there = tyi_temp(ty_where(mask, g, zero));
        if (!(grad_in[1] = ty_sum(there, 0, NULL, false, TY_DTYPE_NONE)))
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind masked_fill_kind = {"MaskedFillBackward0", masked_fill_backward};

static ty_status check(const char *name, ty_tensor *x, ty_tensor *mask, ty_tensor *value)
{
    if (mask->dtype != TY_BOOL)
        return ty_fail(TY_ERROR_VALUE, "%s: the mask must be bool; this one is %s: make it one: mask:ne(0)", name,
                       TYI_DESCRIBE(mask));
    if (value->ndim != 0)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: the value is one number, a tensor without dimensions; this one's shape is %s", name,
                       TYI_SHAPE(value));
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){x, mask}, &device);
}

/* out = mask ? value : x. */
static ty_status fill(ty_tensor *out, ty_tensor *mask, ty_tensor *value, ty_tensor *x)
{
    const tyi_backend *backend = tyi_backend_of(out->storage->device);
    if (!backend)
        return TY_FAIL;
    if (out->numel == 0)
        return TY_OK;
    tyi_iter iter;
    tyi_iter_build(&iter, (ty_dtype)out->dtype, 4, (ty_tensor *[]){out, mask, value, x});
    return backend->where(&iter);
}

/* x with value (one number, converted to x's dtype) where mask (bool) is true; x and mask broadcast. */
ty_tensor *ty_masked_fill(ty_tensor *x, ty_tensor *mask, ty_tensor *value)
{
    if (!x || !mask || !value || check("masked_fill", x, mask, value) != TY_OK)
        return NULL;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (tyi_broadcast("masked_fill", x, mask, &ndim, sizes) != TY_OK)
        return NULL;
    bool same = x->ndim == ndim && memcmp(x->sizes, sizes, sizeof *sizes * (size_t)ndim) == 0;
    ty_tensor *wide = same ? ty_retain(x) : ty_expand(x, ndim, sizes);
    ty_tensor *number = wide ? ty_to(value, (ty_dtype)x->dtype, x->storage->device, false) : NULL;
    ty_tensor *out = number ? tyi_new_like(wide, (ty_dtype)x->dtype) : NULL;
    if (out && fill(out, mask, number, wide) != TY_OK)
        out = tyi_drop(out);
    out = tyi_record(out, &masked_fill_kind, TYI_LIST(wide, number), TYI_LIST(mask), NULL, 0);
    ty_release(number);
    ty_release(wide);
    return out;
}

/* The same in place; mask broadcasts to x. */
ty_tensor *ty_masked_fill_(ty_tensor *x, ty_tensor *mask, ty_tensor *value)
{
    if (!x || !mask || !value || check("masked_fill_", x, mask, value) != TY_OK)
        return NULL;
    bool fits = mask->ndim <= x->ndim;
    for (int d = 1; fits && d <= mask->ndim; d++)
        fits = mask->sizes[mask->ndim - d] == 1 || mask->sizes[mask->ndim - d] == x->sizes[x->ndim - d];
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE, "masked_fill_: a mask of shape %s does not broadcast to the tensor's shape %s",
                        TYI_SHAPE(mask), TYI_SHAPE(x));
    if (tyi_inplace_begin("masked_fill_", x) != TY_OK)
        return NULL;
    ty_tensor *number = ty_to(value, (ty_dtype)x->dtype, x->storage->device, false);
    ty_tensor *apart = tyi_apart(mask, x), *away = tyi_apart(number, x), *out = NULL;
    if (apart && away && fill(x, apart, away, x) == TY_OK)
        out = tyi_inplace_record(x, &masked_fill_kind, TYI_LIST(x, number), TYI_LIST(apart), NULL, 0);
    ty_release(number);
    ty_release(away);
    ty_release(apart);
    return out;
}
