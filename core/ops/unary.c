/*
 * Pointwise ops of one operand: f(x), and f in place. What each computes stands in backend/pointwise.def; its class
 * there says how dtypes go. The gradients stand here, in terms of the operand (x), the result (y) and the gradient of
 * the result (g).
 */
#include "ops/ops.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

typedef struct unary_row {
    const char *name;
    char class; /* as in pointwise.def */
} unary_row;

static const unary_row rows[] = {
#define TYI_UNARY(name, class, ...) {#name, #class[0]},
#include "backend/pointwise.def"
};

/* ---- Gradients ---- */

/* A rule: the gradient by an expression in g, x and y; `saves` is x or y: the one that the expression needs. */
#define RULE_X(name, node_name, expression)                                                                            \
    static ty_status name##_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)                  \
    {                                                                                                                  \
        ty_tensor *g = grad_out[0], *x = tyi_saved(node, 0);                                                           \
        grad_in[0] = x ? ty_retain(expression) : NULL;                                                                 \
        return grad_in[0] ? TY_OK : TY_FAIL;                                                                           \
    }                                                                                                                  \
    static const tyi_node_kind name##_node = {node_name "Backward0", name##_backward};
#define RULE_Y(name, node_name, expression)                                                                            \
    static ty_status name##_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)                  \
    {                                                                                                                  \
        ty_tensor *g = grad_out[0], *y = tyi_saved(node, 0);                                                           \
        grad_in[0] = y ? ty_retain(expression) : NULL;                                                                 \
        return grad_in[0] ? TY_OK : TY_FAIL;                                                                           \
    }                                                                                                                  \
    static const tyi_node_kind name##_node = {node_name "Backward0", name##_backward};
#define RULE_G(name, node_name, expression)                                                                            \
    static ty_status name##_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)                  \
    {                                                                                                                  \
        (void)node;                                                                                                    \
        ty_tensor *g = grad_out[0];                                                                                    \
        grad_in[0] = expression;                                                                                       \
        return grad_in[0] ? TY_OK : TY_FAIL;                                                                           \
    }                                                                                                                  \
    static const tyi_node_kind name##_node = {node_name "Backward0", name##_backward};

/* The fused gradient kernels are binary ops of their own (pointwise.def); binary.c has their derivatives. */

RULE_G(neg, "Neg", ty_neg(g))
RULE_X(abs, "Abs", MUL(g, F(sign, x)))
RULE_G(sign, "Sign", ty_zeros_like(g, TY_DTYPE_NONE))
RULE_X(square, "Pow", MUL(g, MUL(x, NUM(2))))
RULE_Y(relu, "Relu", tyi_temp(tyi_relu_backward(g, y)))
RULE_Y(exp, "Exp", MUL(g, y))
RULE_Y(expm1, "Expm1", MUL(g, ADD(y, NUM(1))))
RULE_X(log, "Log", DIV(g, x))
RULE_X(log1p, "Log1P", DIV(g, ADD(x, NUM(1))))
RULE_X(log2, "Log2", DIV(g, MUL(x, NUM(0.6931471805599453))))
RULE_X(log10, "Log10", DIV(g, MUL(x, NUM(2.302585092994046))))
RULE_Y(sqrt, "Sqrt", DIV(g, MUL(y, NUM(2))))
RULE_Y(rsqrt, "Rsqrt", MUL(g, MUL(NUM(-0.5), MUL(y, MUL(y, y)))))
RULE_Y(reciprocal, "Reciprocal", F(neg, MUL(g, MUL(y, y))))
RULE_X(sin, "Sin", MUL(g, F(cos, x)))
RULE_X(cos, "Cos", F(neg, MUL(g, F(sin, x))))
RULE_Y(tan, "Tan", MUL(g, ADD(MUL(y, y), NUM(1))))
RULE_X(asin, "Asin", MUL(g, F(rsqrt, SUB(NUM(1), MUL(x, x)))))
RULE_X(acos, "Acos", F(neg, MUL(g, F(rsqrt, SUB(NUM(1), MUL(x, x))))))
RULE_X(atan, "Atan", DIV(g, ADD(MUL(x, x), NUM(1))))
RULE_X(sinh, "Sinh", MUL(g, F(cosh, x)))
RULE_X(cosh, "Cosh", MUL(g, F(sinh, x)))
RULE_Y(tanh, "Tanh", tyi_temp(tyi_tanh_backward(g, y)))
RULE_Y(sigmoid, "Sigmoid", tyi_temp(tyi_sigmoid_backward(g, y)))
RULE_X(erf, "Erf", MUL(g, MUL(NUM(1.1283791670955126), F(exp, F(neg, MUL(x, x)))))) /* 2 / sqrt(pi) */
RULE_G(floor, "Floor", ty_zeros_like(g, TY_DTYPE_NONE))
RULE_G(ceil, "Ceil", ty_zeros_like(g, TY_DTYPE_NONE))
RULE_G(round, "Round", ty_zeros_like(g, TY_DTYPE_NONE))
RULE_G(trunc, "Trunc", ty_zeros_like(g, TY_DTYPE_NONE))

#define SQRT_PI 1.7724538509055160273
/* pi x, and x where it is not 0: what sinc is divided by. */
static ty_tensor *sinc_slope(ty_tensor *x)
{
    ty_tensor *zero = F(eq, x, NUM(0)), *safe = zero ? WHERE(zero, NUM(1), x) : NULL;
    ty_tensor *angle = MUL(safe, NUM(3.14159265358979323846));
    ty_tensor *slope = DIV(SUB(F(cos, angle), DIV(F(sin, angle), angle)), safe);
    return slope ? WHERE(zero, NUM(0), slope) : NULL;
}

/* y / x, and its limit 1/2 at 0, for y = i1(x) or i1e(x). */
static ty_tensor *i1_over(ty_tensor *y, ty_tensor *x)
{
    ty_tensor *zero = F(eq, x, NUM(0));
    return zero ? WHERE(zero, NUM(0.5), DIV(y, WHERE(zero, NUM(1), x))) : NULL;
}

RULE_Y(exp2, "Exp2", MUL(g, MUL(y, NUM(0.6931471805599453))))
RULE_X(erfc, "Erfc", MUL(g, MUL(NUM(-2 / SQRT_PI), F(exp, F(neg, MUL(x, x))))))
RULE_Y(erfinv, "Erfinv", MUL(g, MUL(NUM(SQRT_PI / 2), F(exp, MUL(y, y)))))
RULE_X(erfcx, "SpecialErfcx", MUL(g, SUB(MUL(MUL(x, NUM(2)), F(erfcx, x)), NUM(2 / SQRT_PI))))
RULE_X(lgamma, "Lgamma", MUL(g, F(digamma, x)))
RULE_X(digamma, "Digamma", MUL(g, F(zeta, NUM(2), x)))
RULE_X(asinh, "Asinh", MUL(g, F(rsqrt, ADD(MUL(x, x), NUM(1)))))
RULE_X(acosh, "Acosh", MUL(g, F(rsqrt, SUB(MUL(x, x), NUM(1)))))
RULE_X(atanh, "Atanh", DIV(g, SUB(NUM(1), MUL(x, x))))
RULE_X(sinc, "Sinc", MUL(g, sinc_slope(x)))
RULE_X(i0, "I0", MUL(g, F(i1, x)))
RULE_X(i0e, "SpecialI0E", MUL(g, SUB(F(i1e, x), MUL(F(sign, x), F(i0e, x)))))
RULE_X(i1, "SpecialI1", MUL(g, SUB(F(i0, x), i1_over(F(i1, x), x))))
RULE_X(i1e, "SpecialI1E", MUL(g, SUB(SUB(F(i0e, x), MUL(F(sign, x), F(i1e, x))), i1_over(F(i1e, x), x))))
RULE_Y(ndtri, "SpecialNdtri", MUL(g, MUL(NUM(2.5066282746310002), F(exp, MUL(MUL(y, y), NUM(0.5))))))
RULE_X(log_ndtr, "SpecialLogNdtr", DIV(MUL(g, NUM(0.7978845608028654)), F(erfcx, MUL(x, NUM(-0.7071067811865476)))))
RULE_G(frac, "Frac", ty_retain(g))
RULE_X(frexp_mantissa, "Frexp", MUL(g, F(exp2, F(neg, tyi_temp(tyi_frexp_exponent(x))))))

typedef struct gradient {
    const tyi_node_kind *kind; /* NULL: not differentiable */
    char saves;                /* 'x', 'y' or 0 */
} gradient;

#define SAVES_X(name) [TYI_UNARY_##name] = {&name##_node, 'x'}
#define SAVES_Y(name) [TYI_UNARY_##name] = {&name##_node, 'y'}
#define SAVES_0(name) [TYI_UNARY_##name] = {&name##_node, 0}
static const gradient gradients[TYI_UNARY_COUNT] = {
    SAVES_0(neg),
    SAVES_X(abs),
    SAVES_0(sign),
    SAVES_X(square),
    SAVES_Y(relu),
    SAVES_Y(exp),
    SAVES_Y(expm1),
    SAVES_X(log),
    SAVES_X(log1p),
    SAVES_X(log2),
    SAVES_X(log10),
    SAVES_Y(sqrt),
    SAVES_Y(rsqrt),
    SAVES_Y(reciprocal),
    SAVES_X(sin),
    SAVES_X(cos),
    SAVES_Y(tan),
    SAVES_X(asin),
    SAVES_X(acos),
    SAVES_X(atan),
    SAVES_X(sinh),
    SAVES_X(cosh),
    SAVES_Y(tanh),
    SAVES_Y(sigmoid),
    SAVES_X(erf),
    SAVES_0(floor),
    SAVES_0(ceil),
    SAVES_0(round),
    SAVES_0(trunc),
    SAVES_Y(exp2),
    SAVES_X(erfc),
    SAVES_Y(erfinv),
    SAVES_X(erfcx),
    SAVES_X(lgamma),
    SAVES_X(digamma),
    SAVES_X(asinh),
    SAVES_X(acosh),
    SAVES_X(atanh),
    SAVES_X(sinc),
    SAVES_X(i0),
    SAVES_X(i0e),
    SAVES_X(i1),
    SAVES_X(i1e),
    SAVES_Y(ndtri),
    SAVES_X(log_ndtr),
    SAVES_0(frac),
    SAVES_X(frexp_mantissa),
};

/* ---- The ops ---- */

/* Dtype that the op computes in, or NONE with the error set. */
static ty_dtype compute_dtype(tyi_unary op, ty_dtype dtype)
{
    const unary_row *row = &rows[op];
    bool floating = ty_dtype_is_floating(dtype);
    switch (row->class) {
    case 'F':
        return tyi_float_type(dtype);
    case 'S':
        if (!floating) {
            ty_fail(TY_ERROR_VALUE, "%s: floating values are needed, got %s; convert first: x:float()", row->name,
                    ty_dtype_name(dtype));
            return TY_DTYPE_NONE;
        }
        return dtype;
    case 'I':
        if (floating) {
            ty_fail(TY_ERROR_VALUE, "%s: integers or bools are needed, got %s", row->name, ty_dtype_name(dtype));
            return TY_DTYPE_NONE;
        }
        return dtype;
    case 'N':
        if (dtype == TY_BOOL && op == TYI_UNARY_square) /* as x^2, which counts */
            return TY_INT64;
        if (dtype == TY_BOOL && op != TYI_UNARY_sign) {
            ty_fail(TY_ERROR_VALUE, "%s: not defined for bool tensors%s", row->name,
                    op == TYI_UNARY_neg ? "; to invert a mask use ~x or x:logical_not()" : "; convert first: x:long()");
            return TY_DTYPE_NONE;
        }
        return dtype;
    default:
        return dtype;
    }
}

static ty_status launch(tyi_unary op, ty_dtype compute, ty_tensor *out, ty_tensor *x)
{
    const tyi_backend *backend = tyi_backend_of(ty_device_of(x));
    if (!backend)
        return TY_FAIL;
    tyi_iter iter;
    tyi_iter_build(&iter, compute, 2, (ty_tensor *[]){out, x});
    return backend->unary(op, &iter);
}

static ty_tensor *apply(tyi_unary op, ty_tensor *x)
{
    if (!x)
        return NULL;
    const unary_row *row = &rows[op];
    ty_dtype compute = compute_dtype(op, (ty_dtype)x->dtype);
    if (compute == TY_DTYPE_NONE)
        return NULL;
    if (row->class == 'R' && !ty_dtype_is_floating(compute))
        return ty_clone(x);
    ty_tensor *y = tyi_new_like(x, row->class == 'T' ? TY_BOOL : compute);
    if (y && launch(op, compute, y, x) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    const gradient *g = &gradients[op];
    if (!y || !g->kind || !tyi_needs_grad(1, &x))
        return y;
    ty_tensor *saved = g->saves == 'y' ? y : x;
    return tyi_record(y, g->kind, 1, &x, g->saves ? 1 : 0, &saved, NULL, 0);
}

static ty_tensor *apply_(tyi_unary op, const char *name, ty_tensor *x)
{
    if (tyi_inplace_begin(name, x) != TY_OK)
        return NULL;
    const unary_row *row = &rows[op];
    ty_dtype compute = compute_dtype(op, (ty_dtype)x->dtype);
    if (compute == TY_DTYPE_NONE ||
        tyi_check_cast(name, row->class == 'T' ? TY_BOOL : compute, (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    if (row->class == 'R' && !ty_dtype_is_floating(compute))
        return ty_retain(x);
    const gradient *g = &gradients[op];
    bool recorded = g->kind && tyi_needs_grad(1, &x);
    /* A rule that reads the operand needs it as it was. */
    ty_tensor *before = recorded && g->saves == 'x' ? ty_clone(x) : NULL;
    if (recorded && g->saves == 'x' && !before)
        return NULL;
    ty_tensor *result = NULL;
    ty_status status;
    if (row->class == 'T') {
        /* The kernel writes bools: through a mask, converted on the way back. */
        ty_tensor *mask = tyi_new_like(x, TY_BOOL);
        status = mask && launch(op, compute, mask, x) == TY_OK ? tyi_copy(x, mask) : TY_FAIL;
        ty_release(mask);
    } else {
        status = launch(op, compute, x, x);
    }
    if (status == TY_OK) {
        ty_tensor *saved = before ? before : x;
        result = tyi_inplace_record(x, g->kind, 1, &x, g->kind && g->saves ? 1 : 0, &saved, NULL, 0);
    }
    ty_release(before);
    return result;
}

#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *x)                                                                                 \
    {                                                                                                                  \
        return apply(TYI_UNARY_##name, x);                                                                             \
    }                                                                                                                  \
    ty_tensor *ty_##name##_(ty_tensor *x)                                                                              \
    {                                                                                                                  \
        return apply_(TYI_UNARY_##name, #name "_", x);                                                                 \
    }
TY_UNARY_OPS(TY_X)
#undef TY_X

#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *x)                                                                                 \
    {                                                                                                                  \
        return apply(TYI_UNARY_##name, x);                                                                             \
    }
TY_UNARY_FRESH_OPS(TY_X)
#undef TY_X

ty_tensor *tyi_frexp_exponent(ty_tensor *x)
{
    return apply(TYI_UNARY_frexp_exponent, x);
}

/* torch.frexp: x = mantissa * 2^exponent with 1/2 <= |mantissa| < 1; *exponent is int32. */
ty_tensor *ty_frexp(ty_tensor *x, ty_tensor **exponent)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *powers = tyi_frexp_exponent(x);
    *exponent = powers ? ty_to_dtype(powers, TY_INT32) : NULL;
    ty_set_grad_enabled(was);
    ty_release(powers);
    ty_tensor *mantissa = *exponent ? apply(TYI_UNARY_frexp_mantissa, x) : NULL;
    if (!mantissa) {
        ty_release(*exponent);
        *exponent = NULL;
    }
    return mantissa;
}
