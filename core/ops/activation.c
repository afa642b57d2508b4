/*
 * Activations beyond those of pointwise.def: composed of ordinary ops, so that gradients of any order come from those.
 * Each is written so that the branch an element does not take stays finite: a gradient of 0 times an infinity would be
 * NaN. Where a gradient jumps, the side that PyTorch takes at the edge is taken.
 */
#include <math.h>

#include "ops/support.h"

#define KEEP(x) tyi_keep(s, x)
#define HOLD(x) KEEP(x)
#include "ops/expressions.h"

/* At v the gradient still passes, as in PyTorch. */
static ty_tensor *at_most(tyi_scope *s, ty_tensor *x, double v)
{
    ty_tensor *bound = NUM(v);
    return WHERE(KEEP(ty_gt(x, bound)), bound, x);
}

/* Whether x is there and floating; where it is of a reduced dtype, it is float32 from here on. */
static bool floating(tyi_scope *s, const char *name, ty_tensor **x)
{
    if (!*x)
        return false;
    if (!ty_dtype_is_floating((ty_dtype)(*x)->dtype)) {
        ty_fail(TY_ERROR_VALUE, "%s: a floating tensor is needed, got %s; convert it first: x:float()", name,
                TYI_DESCRIBE(*x));
        return false;
    }
    tyi_widen(s, TYI_OPERANDS(x));
    return *x;
}

/* ---- Rectifiers and their relatives ---- */

/* x where it is greater than 0, else slope * x. */
ty_tensor *ty_leaky_relu(ty_tensor *x, double negative_slope)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "leaky_relu", &x))
        return NULL;
    return tyi_result(s, WHERE(KEEP(ty_gt(x, NUM(0))), x, MUL(x, NUM(negative_slope))));
}

/* x where it is greater than 0, else weight * x. weight: one element, or one for each of x's channels (dimension 2). */
ty_tensor *ty_prelu(ty_tensor *x, ty_tensor *weight)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!x || !weight)
        return NULL;
    if (x->dtype != weight->dtype)
        return tyi_fail(TY_ERROR_VALUE, "prelu: input and weight must have one dtype, got %s and %s", TYI_DESCRIBE(x),
                        TYI_DESCRIBE(weight));
    int64_t channels = x->ndim > 1 ? x->sizes[1] : 1;
    if (weight->ndim > 1 || (weight->numel != 1 && weight->numel != channels))
        return tyi_fail(TY_ERROR_VALUE,
                        "prelu: weight holds one slope, or one for each of the input's %lld channels (dimension %lld), "
                        "but it is %s and the input %s",
                        (long long)channels, tyi_said(1), TYI_DESCRIBE(weight), TYI_DESCRIBE(x));
    if (!floating(s, "prelu", &x) || !floating(s, "prelu", &weight))
        return tyi_result(s, NULL);
    int64_t sizes[TY_MAX_DIMS] = {0};
    for (int d = 0; d < x->ndim; d++)
        sizes[d] = d == 1 ? weight->numel : 1;
    ty_tensor *slope = KEEP(ty_reshape(weight, x->ndim, sizes));
    return tyi_result(s, WHERE(KEEP(ty_gt(x, NUM(0))), x, MUL(x, slope)));
}

static ty_tensor *elu(const char *name, ty_tensor *x, double negative, double positive, double inner)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, name, &x))
        return NULL;
    ty_tensor *low = MUL(F(expm1, MUL(at_most(s, x, 0), NUM(inner))), NUM(negative));
    return tyi_result(s, WHERE(KEEP(ty_gt(x, NUM(0))), positive == 1 ? x : MUL(x, NUM(positive)), low));
}

/* x where it is greater than 0, else alpha (exp(x) - 1). */
ty_tensor *ty_elu(ty_tensor *x, double alpha)
{
    return elu("elu", x, alpha, 1, 1);
}

/* elu, scaled so that means of 0 and variances of 1 are kept. */
ty_tensor *ty_selu(ty_tensor *x)
{
    const double alpha = 1.6732632423543772848170429916717, scale = 1.0507009873554804934193349852946;
    return elu("selu", x, alpha * scale, scale, 1);
}

/* max(0, x) + min(0, alpha (exp(x / alpha) - 1)). alpha must not be 0. */
ty_tensor *ty_celu(ty_tensor *x, double alpha)
{
    if (alpha == 0)
        return tyi_fail(TY_ERROR_VALUE, "celu: alpha divides, so it must not be 0");
    return elu("celu", x, alpha, 1, 1 / alpha);
}

/* x where it is greater than the threshold, else value. */
ty_tensor *ty_threshold(ty_tensor *x, double threshold, double value)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "threshold", &x))
        return NULL;
    return tyi_result(s, WHERE(KEEP(ty_le(x, NUM(threshold))), NUM(value), x));
}

static ty_tensor *hardtanh(tyi_scope *s, ty_tensor *x, double low, double high)
{
    ty_tensor *above = WHERE(KEEP(ty_ge(x, NUM(high))), NUM(high), x);
    return WHERE(KEEP(ty_le(x, NUM(low))), NUM(low), above);
}

/* x, but at least low and at most high; at both the gradient is 0. */
ty_tensor *ty_hardtanh(ty_tensor *x, double low, double high)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "hardtanh", &x))
        return NULL;
    if (!(low <= high))
        return tyi_result(s, tyi_fail(TY_ERROR_VALUE,
                                      "hardtanh: min_val must not be greater than max_val, got %g and %g", low, high));
    return tyi_result(s, hardtanh(s, x, low, high));
}

/* min(max(x, 0), 6). */
ty_tensor *ty_relu6(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "relu6", &x) ? tyi_result(s, hardtanh(s, x, 0, 6)) : NULL;
}

/* relu6(x + 3) / 6. */
ty_tensor *ty_hardsigmoid(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "hardsigmoid", &x) ? tyi_result(s, DIV(ADD(hardtanh(s, x, -3, 3), NUM(3)), NUM(6))) : NULL;
}

/* x relu6(x + 3) / 6. */
ty_tensor *ty_hardswish(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "hardswish", &x))
        return NULL;
    ty_tensor *near = hardtanh(s, x, -3, 3);
    ty_tensor *curve = DIV(MUL(near, ADD(near, NUM(3))), NUM(6));
    ty_tensor *above = WHERE(KEEP(ty_ge(x, NUM(3))), x, curve);
    return tyi_result(s, WHERE(KEEP(ty_le(x, NUM(-3))), NUM(0), above));
}

/* ---- Smooth ones ---- */

/* x Phi(x), Phi the normal distribution; with tanh the usual approximation of it. */
ty_tensor *ty_gelu(ty_tensor *x, bool approximate_tanh)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "gelu", &x))
        return NULL;
    ty_tensor *inner;
    if (approximate_tanh) {
        ty_tensor *cube = MUL(MUL(x, x), x);
        inner = F(tanh, MUL(ADD(x, MUL(cube, NUM(0.044715))), NUM(sqrt(2 / 3.14159265358979323846))));
    } else {
        inner = F(erf, MUL(x, NUM(sqrt(0.5))));
    }
    return tyi_result(s, MUL(MUL(x, NUM(0.5)), ADD(inner, NUM(1))));
}

/* x sigmoid(x). */
ty_tensor *ty_silu(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "silu", &x) ? tyi_result(s, MUL(x, F(sigmoid, x))) : NULL;
}

static ty_tensor *softplus(tyi_scope *s, ty_tensor *x, double beta, double threshold)
{
    ty_tensor *scaled = beta == 1 ? x : MUL(x, NUM(beta));
    ty_tensor *curve = F(log1p, F(exp, at_most(s, scaled, threshold)));
    return WHERE(KEEP(ty_gt(scaled, NUM(threshold))), x, beta == 1 ? curve : DIV(curve, NUM(beta)));
}

/* log(1 + exp(beta x)) / beta; x itself where beta x is greater than the threshold. beta must not be 0. */
ty_tensor *ty_softplus(ty_tensor *x, double beta, double threshold)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "softplus", &x))
        return NULL;
    if (beta == 0)
        return tyi_result(s, tyi_fail(TY_ERROR_VALUE, "softplus: beta divides, so it must not be 0"));
    return tyi_result(s, softplus(s, x, beta, threshold));
}

/* x tanh(softplus(x)). */
ty_tensor *ty_mish(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "mish", &x) ? tyi_result(s, MUL(x, F(tanh, softplus(s, x, 1, 20)))) : NULL;
}

/* log(sigmoid(x)), without its underflow. */
ty_tensor *ty_logsigmoid(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "logsigmoid", &x))
        return NULL;
    ty_tensor *negative = KEEP(ty_lt(x, NUM(0)));
    ty_tensor *low = WHERE(negative, x, F(neg, x));
    return tyi_result(s, SUB(WHERE(negative, x, NUM(0)), F(log1p, F(exp, low))));
}

/* x / (1 + |x|). */
ty_tensor *ty_softsign(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "softsign", &x) ? tyi_result(s, DIV(x, ADD(F(abs, x), NUM(1)))) : NULL;
}

/* x - tanh(x). */
ty_tensor *ty_tanhshrink(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    return floating(s, "tanhshrink", &x) ? tyi_result(s, SUB(x, F(tanh, x))) : NULL;
}

/* x moved towards 0 by lambda, and 0 within it. lambda: 0 or more. */
ty_tensor *ty_softshrink(ty_tensor *x, double lambda)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "softshrink", &x))
        return NULL;
    if (!(lambda >= 0))
        return tyi_result(s, tyi_fail(TY_ERROR_VALUE, "softshrink: lambd must be 0 or more, got %g", lambda));
    ty_tensor *below =
        WHERE(KEEP(ty_lt(x, NUM(-lambda))), ADD(x, NUM(lambda)), MUL(hardtanh(s, x, -lambda, lambda), NUM(0)));
    return tyi_result(s, WHERE(KEEP(ty_gt(x, NUM(lambda))), SUB(x, NUM(lambda)), below));
}

/* 0 from -lambda to lambda, else x. */
ty_tensor *ty_hardshrink(ty_tensor *x, double lambda)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!floating(s, "hardshrink", &x))
        return NULL;
    return tyi_result(s, WHERE(KEEP(ty_le(F(abs, x), NUM(lambda))), NUM(0), x));
}

/* ---- Along a dimension ---- */

/* a sigmoid(b) of the halves a and b of x along dim, whose size must be even. */
ty_tensor *ty_glu(ty_tensor *x, int dim)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!x)
        return NULL;
    if (x->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "glu: a tensor without dimensions cannot be halved");
    dim = tyi_wrap_dim("glu", dim, x->ndim);
    if (dim < 0)
        return NULL;
    int64_t half = x->sizes[dim] / 2;
    if (x->sizes[dim] % 2)
        return tyi_fail(TY_ERROR_VALUE, "glu: dimension %lld is halved, so its size must be even, got shape %s",
                        tyi_said(dim), TYI_SHAPE(x));
    if (!floating(s, "glu", &x))
        return NULL;
    ty_tensor *a = KEEP(ty_narrow(x, dim, 0, half)), *b = KEEP(ty_narrow(x, dim, half, half));
    return tyi_result(s, MUL(a, F(sigmoid, b)));
}

/* softmax(-x). */
ty_tensor *ty_softmin(ty_tensor *x, int dim, ty_dtype dtype)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *negative = F(neg, x);
    return tyi_result(s, negative ? KEEP(ty_softmax(negative, dim, dtype)) : NULL);
}
