/*
 * bilinear: products of two inputs with a weight between them. Composed of matrix products.
 */
#include "ops/support.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

/* y_o = a^T weight_o b + bias_o. a {..., in1}, b {..., in2}, weight {out, in1, in2}, bias {out} or NULL: {..., out}.
 * torch.nn.functional.bilinear */
ty_tensor *ty_bilinear(ty_tensor *a, ty_tensor *b, ty_tensor *weight, ty_tensor *bias)
{
    if (!a || !b || !weight)
        return NULL;
    bool fits = a->ndim >= 1 && a->ndim == b->ndim && weight->ndim == 3;
    for (int d = 0; fits && d < a->ndim - 1; d++)
        fits = a->sizes[d] == b->sizes[d];
    fits = fits && a->sizes[a->ndim - 1] == weight->sizes[1] && b->sizes[b->ndim - 1] == weight->sizes[2];
    if (!fits)
        return tyi_fail(
            TY_ERROR_VALUE,
            "bilinear: inputs {..., in1} and {..., in2} go with a weight {out, in1, in2}; got %s, %s and %s",
            TYI_SHAPE(a), TYI_SHAPE(b), TYI_SHAPE(weight));
    if (bias && (bias->ndim != 1 || bias->sizes[0] != weight->sizes[0]))
        return tyi_fail(TY_ERROR_VALUE, "bilinear: bias must have the shape {%lld} of the weight's outputs, got %s",
                        (long long)weight->sizes[0], TYI_SHAPE(bias));
    if (a->dtype != b->dtype || a->dtype != weight->dtype || (bias && bias->dtype != a->dtype))
        return tyi_fail(TY_ERROR_VALUE, "bilinear: inputs, weight and bias must have one dtype, got %s, %s and %s",
                        TYI_DESCRIBE(a), TYI_DESCRIBE(b), TYI_DESCRIBE(weight));
    if (!ty_dtype_is_floating((ty_dtype)a->dtype))
        return tyi_fail(TY_ERROR_VALUE, "bilinear: floating inputs are needed, got %s; convert them: x:float()",
                        TYI_DESCRIBE(a));
    int64_t in1 = weight->sizes[1], in2 = weight->sizes[2], out = weight->sizes[0], n = 1, sizes[TY_MAX_DIMS];
    for (int d = 0; d < a->ndim - 1; d++)
        n *= sizes[d] = a->sizes[d];
    sizes[a->ndim - 1] = out;
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *given_bias = bias, *x = a, *y = b;
    ty_dtype dtype = tyi_widen(s, TYI_OPERANDS(&x, &y, &weight, &bias));
    /* {n, in1} by {in1, out * in2}, then each {out, in2} by {in2}. */
    ty_tensor *wide = F(reshape, F(permute, weight, 3, (int64_t[]){1, 0, 2}), 2, (int64_t[]){in1, out * in2});
    ty_tensor *half = F(reshape, F(mm, F(reshape, x, 2, (int64_t[]){n, in1}), wide), 3, (int64_t[]){n, out, in2});
    ty_tensor *product = F(reshape, F(bmm, half, F(reshape, y, 3, (int64_t[]){n, in2, 1})), a->ndim, sizes);
    product = given_bias ? ADD(product, bias) : product;
    product = ty_retain(tyi_round(s, product, dtype));
    tyi_scope_end(s);
    return product;
}
