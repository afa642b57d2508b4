/*
 * Activations that draw numbers (rrelu, gumbel_softmax), and the in-place forms of activations that are composed. The
 * numbers are those of PyTorch's CPU generator in its order.
 */
#include "ops/random.h"
#include "ops/support.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

/* ---- rrelu ---- */

/* A slope for each element of x: drawn from [lower, upper) where x is 0 or less, in row-major order, else 1. */
static ty_tensor *drawn_slopes(tyi_scope *s, ty_tensor *x, double lower, double upper, ty_generator *g)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *plain = HOLD(ty_detach(x)), *negative = plain ? HOLD(ty_le(plain, NUM(0))) : NULL;
    ty_tensor *slopes = negative ? HOLD(ty_ones(x->ndim, x->sizes, (ty_dtype)x->dtype, x->storage->device)) : NULL;
    ty_tensor *places = slopes ? HOLD(ty_nonzero(HOLD(ty_view(HOLD(ty_contiguous(negative)), 1, &x->numel)))) : NULL;
    ty_tensor *result = NULL;
    if (places) {
        int64_t count = places->sizes[0];
        ty_tensor *numbers = HOLD(tyi_new(1, &count, TY_FLOAT64, x->storage->device));
        ty_tensor *drawn = numbers ? HOLD(ty_uniform_(numbers, lower, upper, g)) : NULL;
        ty_tensor *right = drawn ? HOLD(ty_to_dtype(drawn, (ty_dtype)x->dtype)) : NULL;
        ty_tensor *at = HOLD(ty_view(places, 1, &count)), *flat = HOLD(ty_view(slopes, 1, &x->numel));
        if (right && at && flat && HOLD(ty_index_put_(flat, 1, &at, right, false)))
            result = slopes;
    }
    ty_set_grad_enabled(was);
    return result;
}

/* leaky_relu whose slopes are drawn from [lower, upper) for each element in training, and their mean else.
 * torch.nn.functional.rrelu */
ty_tensor *ty_rrelu(ty_tensor *x, double lower, double upper, bool training, ty_generator *g)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "rrelu: a floating tensor is needed, got %s; convert it first: x:float()",
                        TYI_DESCRIBE(x));
    if (!(lower <= upper))
        return tyi_fail(TY_ERROR_VALUE, "rrelu: lower must not be greater than upper, got %g and %g", lower, upper);
    if (!training)
        return ty_leaky_relu(x, (lower + upper) / 2);
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *slopes = drawn_slopes(s, x, lower, upper, g), *out = slopes ? ty_mul(x, slopes) : NULL;
    tyi_scope_end(s);
    return out;
}

/* ---- gumbel_softmax ---- */

/* softmax((x + Gumbel noise) / tau) along dim: a sample of the distribution that the logits x describe. hard: one-hot
 * in value, with the gradient of the soft sample. torch.nn.functional.gumbel_softmax */
ty_tensor *ty_gumbel_softmax(ty_tensor *x, double tau, bool hard, int dim, ty_generator *g)
{
    if (!x)
        return NULL;
    dim = tyi_wrap_dim("gumbel_softmax", dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "gumbel_softmax: floating logits are needed, got %s; convert them: x:float()",
                        TYI_DESCRIBE(x));
    if (!(tau > 0))
        return tyi_fail(TY_ERROR_VALUE, "gumbel_softmax: the temperature tau must be greater than 0, got %g", tau);
    tyi_scope scope = {0}, *s = &scope;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *drawn = HOLD(tyi_new_like(x, (ty_dtype)x->dtype));
    ty_tensor *noise = drawn ? F(neg, F(log, HOLD(ty_exponential_(drawn, 1, g)))) : NULL;
    ty_set_grad_enabled(was);
    ty_tensor *soft = noise ? HOLD(ty_softmax(DIV(ADD(x, noise), NUM(tau)), dim, TY_DTYPE_NONE)) : NULL, *out = soft;
    if (soft && hard && x->ndim) {
        ty_tensor *plain = F(detach, soft), *most = HOLD(ty_argmax(plain, &dim, true));
        ty_tensor *zeros = HOLD(ty_zeros_like(plain, TY_DTYPE_NONE)),
                  *one = most ? HOLD(ty_ones(most->ndim, most->sizes, (ty_dtype)x->dtype, x->storage->device)) : NULL;
        ty_tensor *chosen = one && zeros ? HOLD(ty_scatter_(zeros, dim, most, one)) : NULL;
        out = chosen ? ADD(SUB(chosen, plain), soft) : NULL;
    }
    ty_retain(out);
    tyi_scope_end(s);
    return out;
}

/* ---- In place ---- */

/* x takes the value of y, which was computed from a copy of x: what gradients read is the copy. Takes y over. */
static ty_tensor *become(ty_tensor *x, ty_tensor *y)
{
    ty_tensor *out = y ? ty_copy_(x, y) : NULL;
    ty_release(y);
    return out;
}

/* The copy; NULL where x may not be changed in place. */
static ty_tensor *original(const char *name, ty_tensor *x)
{
    return x && tyi_inplace_begin(name, x) == TY_OK ? ty_clone(x) : NULL;
}

#define IN_PLACE(name, parameters, ...)                                                                                \
    ty_tensor *ty_##name##_ parameters                                                                                 \
    {                                                                                                                  \
        ty_tensor *copy = original(#name "_", x);                                                                      \
        ty_tensor *out = copy ? become(x, ty_##name(copy, ##__VA_ARGS__)) : NULL;                                      \
        ty_release(copy);                                                                                              \
        return out;                                                                                                    \
    }

IN_PLACE(leaky_relu, (ty_tensor * x, double negative_slope), negative_slope)
IN_PLACE(elu, (ty_tensor * x, double alpha), alpha)
IN_PLACE(celu, (ty_tensor * x, double alpha), alpha)
IN_PLACE(selu, (ty_tensor * x))
IN_PLACE(threshold, (ty_tensor * x, double threshold, double value), threshold, value)
IN_PLACE(hardtanh, (ty_tensor * x, double low, double high), low, high)
IN_PLACE(rrelu, (ty_tensor * x, double lower, double upper, bool training, ty_generator *g), lower, upper, training, g)
