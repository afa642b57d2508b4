/*
 * Dropout of elements, by the backend's fused kernel, which draws the mask, keeps it and applies it in one pass; and
 * dropout of channels and alpha dropout, composed.
 */
#include <math.h>

#include "ops/random.h"
#include "ops/support.h"
#include "tensor/random.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

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
    if (tyi_generator_for("dropout", g, x->storage->device) != TY_OK)
        return NULL;
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

/* ---- Whole channels, and dropout that keeps mean and variance ---- */

static ty_status check_p(const char *name, double p)
{
    if (p >= 0 && p <= 1)
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: p is the probability of dropping, from 0 to 1, got %g", name, p);
}

/* 1 with probability 1 - p, else 0, for each element of x, or for each of the channels {N, C}, shaped to broadcast. */
static ty_tensor *noise(const ty_tensor *x, bool channels, double p, ty_generator *g)
{
    int64_t sizes[TY_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        sizes[d] = d < 2 ? x->sizes[d] : 1;
    ty_tensor *mask = channels ? tyi_new(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device)
                               : tyi_new_like(x, (ty_dtype)x->dtype);
    ty_tensor *drawn = mask ? ty_bernoulli_(mask, 1 - p, g) : NULL;
    ty_release(mask);
    return drawn;
}

/* x times noise; alpha: and so shifted and scaled that dropped elements are what selu tends to and mean and variance
 * stay (Klambauer et al. 2017). */
static ty_tensor *with_noise(const char *name, ty_tensor *x, bool channels, bool alpha, double p, ty_generator *g)
{
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "%s: kept elements are scaled, so the tensor must be floating, got %s", name,
                        TYI_DESCRIBE(x));
    if (channels && x->ndim < 2)
        return tyi_fail(TY_ERROR_VALUE, "%s: channels are dropped, so the input is {N, C, ...}; its shape is %s", name,
                        TYI_SHAPE(x));
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *out = NULL;
    if (p == 1) {
        out = ty_mul(x, NUM(0));
    } else if (!alpha) {
        out = ty_mul(x, DIV(HOLD(noise(x, channels, p, g)), NUM(1 - p)));
    } else {
        const double low = 1.7580993408473766; /* minus the value that selu tends to */
        double scale = 1 / sqrt((low * low * p + 1) * (1 - p));
        ty_tensor *kept = HOLD(noise(x, channels, p, g));
        ty_tensor *shift = ADD(MUL(SUB(kept, NUM(1)), NUM(low * scale)), NUM(low * scale * p));
        out = ty_add(MUL(x, MUL(kept, NUM(scale))), shift, ty_int(1));
    }
    tyi_scope_end(s);
    return out;
}

/* Dropout of whole channels: x {N, C, spatial...}, or {C, spatial...} where that is told apart; spatial dimensions:
 * `dims` (1 to 3). torch.nn.functional.dropout1d to dropout3d; as there, dropout2d takes 3 dimensions for {N, C, L}. */
ty_tensor *ty_dropout_channels(ty_tensor *x, int dims, double p, bool training, ty_generator *g)
{
    static const char *const names[] = {"dropout1d", "dropout2d", "dropout3d"};
    if (!x)
        return NULL;
    if (dims < 1 || dims > 3)
        return tyi_fail(TY_ERROR_VALUE, "dropout_channels: 1 to 3 spatial dimensions, got %d", dims);
    const char *name = names[dims - 1];
    if (check_p(name, p) != TY_OK)
        return NULL;
    if (x->ndim != dims + 1 && x->ndim != dims + 2)
        return tyi_fail(TY_ERROR_VALUE, "%s: the input has %d or %d dimensions; this one's shape is %s", name, dims + 1,
                        dims + 2, TYI_SHAPE(x));
    if (!training || p == 0 || x->numel == 0)
        return ty_retain(x);
    if (x->ndim == dims + 2 || dims == 2)
        return with_noise(name, x, true, false, p, g);
    ty_tensor *batch = ty_unsqueeze(x, 0), *y = batch ? with_noise(name, batch, true, false, p, g) : NULL;
    ty_tensor *out = y ? ty_squeeze_dim(y, 0) : NULL;
    ty_release(batch);
    ty_release(y);
    return out;
}

/* Dropout that keeps mean and variance of inputs that have mean 0 and variance 1, for selu; of elements, or of whole
 * channels {N, C, ...}. torch.nn.functional.alpha_dropout, feature_alpha_dropout */
ty_tensor *ty_alpha_dropout(ty_tensor *x, double p, bool training, bool channels, ty_generator *g)
{
    const char *name = channels ? "feature_alpha_dropout" : "alpha_dropout";
    if (!x || check_p(name, p) != TY_OK)
        return NULL;
    if (!training || p == 0 || x->numel == 0)
        return ty_retain(x);
    return with_noise(name, x, channels, true, p, g);
}
