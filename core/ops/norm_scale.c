/*
 * Normalisations by sizes: normalize (by a norm) and local_response_norm (by the squares of neighbouring channels).
 * Composed of ordinary ops.
 */
#include "ops/support.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

/* x / max(norm_p(x), eps), the norm along dim. torch.nn.functional.normalize */
ty_tensor *ty_normalize(ty_tensor *x, double p, int dim, double eps)
{
    if (!x)
        return NULL;
    dim = tyi_wrap_dim("normalize", dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "normalize: the input must be floating; this one is %s: convert it: x:to(ty.float32)",
                        TYI_DESCRIBE(x));
    tyi_scope scope = {0}, *s = &scope;
    int64_t along = dim;
    ty_tensor *norm = F(norm, x, p, x->ndim ? 1 : 0, &along, true);
    ty_tensor *divisor = norm ? F(clamp, norm, NUM(eps), NULL) : NULL;
    ty_tensor *out = ty_div(x, divisor);
    tyi_scope_end(s);
    return out;
}

/* Zeros beside x's channels, as many as `count`; joined by the caller. */
static ty_tensor *padding(const ty_tensor *x, int64_t count)
{
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[1] = count;
    return ty_zeros(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device);
}

/* x {N, C, d...}: x / (k + alpha mean(x^2))^beta, the mean over `size` channels around each one, where those outside
 * count as 0. torch.nn.functional.local_response_norm */
ty_tensor *ty_local_response_norm(ty_tensor *x, int64_t size, double alpha, double beta, double k)
{
    if (!x)
        return NULL;
    if (x->ndim < 3 || !ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "local_response_norm: a floating input of at least 3 dimensions, {N, C, ...}, is needed; this "
                        "one is %s",
                        TYI_DESCRIBE(x));
    if (size < 1)
        return tyi_fail(TY_ERROR_VALUE, "local_response_norm: size is a number of channels, 1 or more, got %lld",
                        (long long)size);
    if (x->numel == 0)
        return ty_retain(x);
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *before = HOLD(padding(x, size / 2)), *after = HOLD(padding(x, (size - 1) / 2)), *square = MUL(x, x);
    ty_tensor *out = NULL;
    if (before && after && square) {
        int64_t last = x->ndim;
        ty_tensor *wide = HOLD(ty_cat((ty_tensor *[]){before, square, after}, 3, 1));
        ty_tensor *near = F(mean, F(unfold, wide, 1, size, 1), 1, &last, false, TY_DTYPE_NONE);
        out = ty_div(x, F(pow, ADD(MUL(near, NUM(alpha)), NUM(k)), NUM(beta)));
    }
    tyi_scope_end(s);
    return out;
}
