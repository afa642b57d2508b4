/*
 * Dropout. Relies on the backend's fused kernel, which draws the mask, keeps it and applies it in one pass.
 */
#include "ops/ops.h"
#include "ops/random.h"

static ty_tensor *masked(ty_tensor *x, ty_tensor *mask, double p);

static ty_status dropout_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *mask = tyi_saved(node, 0);
    grad_in[0] = mask ? masked(grad_out[0], mask, *(const double *)tyi_context(node)) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

/* On the CPU PyTorch multiplies by noise, and names the node after that. */
static const tyi_node_kind dropout_kind = {"MulBackward0", dropout_backward};

/* x's values laid out as `like` is: x itself where it is so; a new reference without history that matters. */
static ty_tensor *laid_out(ty_tensor *x, const ty_tensor *like)
{
    if (tyi_same_layout(x, like))
        return ty_retain(x);
    ty_tensor *y = tyi_new_like(like, (ty_dtype)x->dtype);
    if (y && tyi_copy(y, x) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    return y;
}

/* x * mask / (1 - p); linear in x, so it is its own gradient rule, to any order. */
static ty_tensor *masked(ty_tensor *x, ty_tensor *mask, double p)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *source = backend ? laid_out(x, mask) : NULL;
    ty_tensor *y = source ? tyi_new_like(mask, (ty_dtype)x->dtype) : NULL;
    if (y && backend->dropout_backward((ty_dtype)y->dtype, tyi_data(source), tyi_data(mask), tyi_data(y), y->numel,
                                       p) != TY_OK) {
        ty_release(y);
        y = NULL;
    }
    ty_release(source);
    return tyi_record(y, &dropout_kind, TYI_LIST(x), TYI_LIST(mask), &p, sizeof p);
}

/* In training each element is kept with probability 1 - p and divided by that, or set to 0 (by a product: a dropped
 * infinity is NaN, a dropped -1 is -0). x of any shape, floating; p from 0 to 1. Without training, with p 0 and for an
 * empty tensor the result is x itself, nothing is drawn and any dtype is fine; p 1 draws nothing either. The mask is
 * drawn along memory, as other random values. torch.dropout */
ty_tensor *ty_dropout(ty_tensor *x, double p, bool training, ty_generator *g)
{
    if (!x)
        return NULL;
    if (!(p >= 0 && p <= 1))
        return tyi_fail(TY_ERROR_VALUE, "dropout: p is the probability of dropping an element, from 0 to 1, got %g", p);
    if (!training || p == 0 || x->numel == 0)
        return ty_retain(x);
    ty_dtype dtype = (ty_dtype)x->dtype;
    if (p == 1) {
        ty_tensor *zero = ty_scalar_tensor(ty_int(0), dtype, true);
        ty_tensor *y = ty_mul(x, zero);
        ty_release(zero);
        return y;
    }
    if (!ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE, "dropout: kept elements are scaled, so the tensor must be floating, got %s",
                        TYI_DESCRIBE(x));
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *mask = backend ? tyi_new_like(x, TY_UINT8) : NULL;
    ty_tensor *source = mask ? laid_out(x, mask) : NULL;
    ty_tensor *y = source ? tyi_new_like(x, dtype) : NULL;
    if (y && backend->dropout(g, dtype, tyi_data(source), tyi_data(y), tyi_data(mask), y->numel, p) != TY_OK) {
        ty_release(y);
        y = NULL;
    }
    ty_release(source);
    y = tyi_record(y, &dropout_kind, TYI_LIST(x), TYI_LIST(mask), &p, sizeof p);
    ty_release(mask);
    return y;
}
