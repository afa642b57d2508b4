/*
 * Pointwise ops of two operands, with broadcasting and type promotion: arithmetic, comparisons, logic. What each
 * computes stands in backend/pointwise.def; the gradients stand here, in terms of the operands (a, b), the result (y)
 * and its gradient (g). A gradient is summed back to the shape that its operand had before it was broadcast.
 */
#include "ops/ops.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

typedef struct binary_row {
    const char *name;
    char class; /* as in pointwise.def; C for comparisons */
} binary_row;

static const binary_row rows[] = {
#define TYI_BINARY(name, class, ...) {#name, #class[0]},
#define TYI_COMPARE(name, ...)       {#name, 'C'},
#include "backend/pointwise.def"
};

/* ---- What all share ---- */

ty_status tyi_check_cast(const char *name, ty_dtype from, ty_dtype to)
{
    if (!ty_can_cast(from, to))
        return ty_fail(TY_ERROR_VALUE,
                       "%s: the result is %s, which does not go into a %s tensor in place; convert first: x:to(ty.%s)",
                       name, ty_dtype_name(from), ty_dtype_name(to), ty_dtype_name(from));
    return TY_OK;
}

ty_tensor *tyi_sum_to(ty_tensor *grad, const tyi_shape *shape)
{
    if (!grad)
        return NULL;
    int added = grad->ndim - shape->ndim, count = 0;
    int64_t dims[TY_MAX_DIMS];
    for (int d = 0; d < grad->ndim; d++)
        if (d < added || (shape->sizes[d - added] == 1 && grad->sizes[d] != 1))
            dims[count++] = d;
    if (!count)
        return ty_retain(grad);
    ty_tensor *sum = ty_sum(grad, count, dims, true, TY_DTYPE_NONE);
    if (!added || !sum)
        return sum;
    ty_tensor *out = ty_reshape(sum, shape->ndim, shape->sizes);
    ty_release(sum);
    return out;
}

/* ---- Gradients ---- */

typedef struct binary_context {
    tyi_shape a, b;
    ty_scalar alpha; /* add, sub */
} binary_context;

/* Sums the gradients of the full shape back to the operands' shapes; NULL for one that is wanted is a failure. */
static ty_status finish(tyi_node *node, ty_tensor *a, ty_tensor *b, ty_tensor **grad_in)
{
    const binary_context *c = tyi_context(node);
    if (tyi_wants(node, 0) && !(grad_in[0] = tyi_sum_to(a, &c->a)))
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = tyi_sum_to(b, &c->b)))
        return TY_FAIL;
    return TY_OK;
}

/* A rule by the expressions of the two gradients. Which values are saved is in the table below; the others are NULL. */
#define RULE(name, node_name, of_a, of_b)                                                                              \
    static ty_status name##_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)                  \
    {                                                                                                                  \
        ty_tensor *g = grad_out[0], *a = saved(node, 0), *b = saved(node, 1), *y = saved(node, 2);                     \
        (void)a, (void)b, (void)y;                                                                                     \
        return finish(node, tyi_wants(node, 0) ? (of_a) : NULL, tyi_wants(node, 1) ? (of_b) : NULL, grad_in);          \
    }                                                                                                                  \
    static const tyi_node_kind name##_node = {node_name "Backward0", name##_backward};

static ty_tensor *saved(tyi_node *node, int i)
{
    return tyi_saved_is_null(node, i) ? NULL : tyi_saved(node, i);
}

/* g, but half of it where both are equal and nothing where the other was taken: the gradient of maximum and minimum. */
static ty_tensor *share_of(ty_tensor *g, ty_tensor *other_taken, ty_tensor *a, ty_tensor *b)
{
    return WHERE(F(eq, a, b), MUL(g, NUM(0.5)), WHERE(other_taken, NUM(0), g));
}

/* The value of a plain number among the operands. Rules compute with it as a double: an op on two plain numbers would
 * give the default dtype. */
static double number_of(ty_tensor *x)
{
    ty_scalar value = tyi_load_scalar(tyi_data(x), (ty_dtype)x->dtype);
    return value.kind == TY_SCALAR_FLOAT ? value.f : (double)value.i;
}

static ty_tensor *minus_one(ty_tensor *x)
{
    return x->wrapped ? NUM(number_of(x) - 1) : SUB(x, NUM(1));
}

static ty_tensor *squared(ty_tensor *x)
{
    return x->wrapped ? NUM(number_of(x) * number_of(x)) : MUL(x, x);
}

/* d/da a^b = b a^(b-1), and 0 where b is 0 (also at a = 0). */
static ty_tensor *pow_by_base(ty_tensor *g, ty_tensor *a, ty_tensor *b)
{
    return WHERE(F(eq, b, NUM(0)), NUM(0), MUL(g, MUL(b, F(pow, a, minus_one(b)))));
}

/* d/db a^b = a^b log a, and 0 where a is 0 and b is not negative. */
static ty_tensor *pow_by_exponent(ty_tensor *g, ty_tensor *a, ty_tensor *b, ty_tensor *y)
{
    ty_tensor *at_zero = F(logical_and, F(eq, a, NUM(0)), F(ge, b, NUM(0)));
    return WHERE(at_zero, NUM(0), MUL(g, MUL(y, F(log, a))));
}

/* a^2 + b^2, but 1 at the origin, where the gradients of atan2 are 0 as PyTorch's. */
static ty_tensor *distance(ty_tensor *a, ty_tensor *b)
{
    ty_tensor *sum = ADD(squared(a), squared(b));
    return WHERE(F(eq, sum, NUM(0)), NUM(1), sum);
}

RULE(mul, "Mul", MUL(g, b), MUL(g, a))
RULE(div, "Div", DIV(g, b), F(neg, MUL(g, DIV(DIV(a, b), b))))
RULE(pow, "Pow", pow_by_base(g, a, b), pow_by_exponent(g, a, b, y))
RULE(floor_divide, "FloorDivide", F(zeros_like, g, TY_DTYPE_NONE), F(zeros_like, g, TY_DTYPE_NONE))
RULE(remainder, "Remainder", g, F(neg, MUL(g, F(floor_divide, a, b))))
RULE(fmod, "Fmod", g, F(neg, MUL(g, F(trunc, DIV(a, b)))))
RULE(maximum, "Maximum", share_of(g, F(lt, a, b), a, b), share_of(g, F(gt, a, b), a, b))
RULE(minimum, "Minimum", share_of(g, F(gt, a, b), a, b), share_of(g, F(lt, a, b), a, b))
RULE(atan2, "Atan2", DIV(MUL(g, b), distance(a, b)), F(neg, DIV(MUL(g, a), distance(a, b))))

/* The share of one operand of fmax or fmin: half of g where both are equal, all of it where it was taken. */
static ty_tensor *taken(ty_tensor *g, ty_tensor *a_first, ty_tensor *a, ty_tensor *b, bool of_a)
{
    ty_tensor *of_first = F(logical_or, a_first, F(isnan, b)), *half = MUL(g, NUM(0.5));
    return WHERE(F(eq, a, b), half, of_a ? WHERE(of_first, g, NUM(0)) : WHERE(of_first, NUM(0), g));
}

static ty_tensor *xlogy_by_a(ty_tensor *g, ty_tensor *a, ty_tensor *b)
{
    ty_tensor *at_zero = F(logical_and, F(eq, a, NUM(0)), F(le, b, NUM(0)));
    return WHERE(at_zero, NUM(0), F(xlogy, g, b));
}

static ty_tensor *xlog1py_by_a(ty_tensor *g, ty_tensor *a, ty_tensor *b)
{
    ty_tensor *at_zero = F(logical_and, F(eq, a, NUM(0)), F(le, b, NUM(-1)));
    return WHERE(at_zero, NUM(0), F(xlog1py, g, b));
}

/* The density that the incomplete gamma functions integrate, at b. */
static ty_tensor *gamma_density(ty_tensor *a, ty_tensor *b)
{
    return F(exp, SUB(SUB(MUL(SUB(a, NUM(1)), F(log, b)), b), F(lgamma, a)));
}

static ty_tensor *no_gradient(const char *name)
{
    return tyi_fail(TY_ERROR_VALUE, "%s: there is no gradient with respect to the first argument; detach it", name);
}

RULE(fmax, "Fmax", taken(g, F(ge, a, b), a, b, true), taken(g, F(ge, a, b), a, b, false))
RULE(fmin, "Fmin", taken(g, F(le, a, b), a, b, true), taken(g, F(le, a, b), a, b, false))
RULE(nextafter, "Nextafter", g, F(zeros_like, g, TY_DTYPE_NONE))
RULE(copysign, "Copysign", WHERE(F(eq, a, NUM(0)), NUM(0), MUL(g, DIV(y, a))), F(zeros_like, g, TY_DTYPE_NONE))
RULE(hypot, "Hypot", MUL(g, DIV(a, y)), MUL(g, DIV(b, y)))
RULE(xlogy, "Xlogy", xlogy_by_a(g, a, b), MUL(g, DIV(a, b)))
RULE(xlog1py, "SpecialXlog1Py", xlog1py_by_a(g, a, b), MUL(g, DIV(a, ADD(b, NUM(1)))))
RULE(zeta, "SpecialZeta", no_gradient("zeta"),
     a->wrapped ? MUL(g, MUL(NUM(-number_of(a)), F(zeta, NUM(number_of(a) + 1), b)))
                : F(neg, MUL(g, MUL(a, F(zeta, ADD(a, NUM(1)), b)))))
RULE(igamma, "Igamma", no_gradient("igamma"), MUL(g, gamma_density(a, b)))
RULE(igammac, "Igammac", no_gradient("igammac"), F(neg, MUL(g, gamma_density(a, b))))

/* The fused gradients of relu, sigmoid and tanh: a is a gradient, b a result. */
RULE(relu_backward, "ThresholdBackward", tyi_temp(tyi_relu_backward(g, b)), F(zeros_like, g, TY_DTYPE_NONE))
RULE(sigmoid_backward, "SigmoidBackward", tyi_temp(tyi_sigmoid_backward(g, b)),
     MUL(g, MUL(a, SUB(NUM(1), MUL(b, NUM(2))))))
RULE(tanh_backward, "TanhBackward", tyi_temp(tyi_tanh_backward(g, b)), MUL(g, MUL(a, MUL(b, NUM(-2)))))

enum { SAVES_A = 1, SAVES_B = 2, SAVES_Y = 4 };

/* What the gradient of a and that of b read: only what is wanted is saved. */
typedef struct gradient {
    const tyi_node_kind *kind; /* NULL: not differentiable */
    int for_a, for_b;
} gradient;

static const gradient gradients[TYI_BINARY_COUNT] = {
    [TYI_BINARY_mul] = {&mul_node, SAVES_B, SAVES_A},
    [TYI_BINARY_div] = {&div_node, SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_pow] = {&pow_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B | SAVES_Y},
    [TYI_BINARY_floor_divide] = {&floor_divide_node, 0, 0},
    [TYI_BINARY_remainder] = {&remainder_node, 0, SAVES_A | SAVES_B},
    [TYI_BINARY_fmod] = {&fmod_node, 0, SAVES_A | SAVES_B},
    [TYI_BINARY_maximum] = {&maximum_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_minimum] = {&minimum_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_atan2] = {&atan2_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_fmax] = {&fmax_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_fmin] = {&fmin_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_nextafter] = {&nextafter_node, 0, 0},
    [TYI_BINARY_copysign] = {&copysign_node, SAVES_A | SAVES_Y, 0},
    [TYI_BINARY_hypot] = {&hypot_node, SAVES_A | SAVES_Y, SAVES_B | SAVES_Y},
    [TYI_BINARY_xlogy] = {&xlogy_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_xlog1py] = {&xlog1py_node, SAVES_A | SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_zeta] = {&zeta_node, 0, SAVES_A | SAVES_B},
    [TYI_BINARY_igamma] = {&igamma_node, 0, SAVES_A | SAVES_B},
    [TYI_BINARY_igammac] = {&igammac_node, 0, SAVES_A | SAVES_B},
    [TYI_BINARY_relu_backward] = {&relu_backward_node, SAVES_B, 0},
    [TYI_BINARY_sigmoid_backward] = {&sigmoid_backward_node, SAVES_B, SAVES_A | SAVES_B},
    [TYI_BINARY_tanh_backward] = {&tanh_backward_node, SAVES_B, SAVES_A | SAVES_B},
};

/* ---- The ops ---- */

/* Dtype that the op computes in, or NONE with the error set. */
static ty_dtype compute_dtype(tyi_binary op, const char *name, ty_tensor *a, ty_tensor *b)
{
    ty_dtype dtype = tyi_result_type(2, (ty_tensor *[]){a, b});
    switch (rows[op].class) {
    case 'F':
        return tyi_float_type(dtype);
    case 'I': {
        bool counts = op == TYI_BINARY_gcd || op == TYI_BINARY_lcm || op == TYI_BINARY_bitwise_left_shift ||
                      op == TYI_BINARY_bitwise_right_shift;
        if (ty_dtype_is_floating(dtype) || (counts && dtype == TY_BOOL)) {
            ty_fail(TY_ERROR_VALUE, "%s: integers%s are needed, got %s and %s", name, counts ? "" : " or bools",
                    ty_dtype_name((ty_dtype)a->dtype), ty_dtype_name((ty_dtype)b->dtype));
            return TY_DTYPE_NONE;
        }
        return dtype;
    }
    case 'S':
        /* The number after a 16-bit one is not the number after its float32. */
        if (!ty_dtype_is_floating(dtype) || (op == TYI_BINARY_nextafter && tyi_is_reduced(dtype))) {
            ty_fail(TY_ERROR_VALUE, "%s: floating values%s are needed, got %s and %s; convert first: x:float()", name,
                    op == TYI_BINARY_nextafter ? " of 32 or 64 bits" : "", ty_dtype_name((ty_dtype)a->dtype),
                    ty_dtype_name((ty_dtype)b->dtype));
            return TY_DTYPE_NONE;
        }
        return dtype;
    default:
        return dtype;
    }
}

/* Integers have no infinity to give: a divisor of 0 is an error. */
static ty_status check_divisor(tyi_binary op, const char *name, ty_dtype compute, ty_tensor *b)
{
    bool divides = op == TYI_BINARY_floor_divide || op == TYI_BINARY_remainder || op == TYI_BINARY_fmod;
    if (!divides || ty_dtype_is_floating(compute))
        return TY_OK;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *all = ty_all(b, 0, NULL, false);
    ty_set_grad_enabled(was);
    ty_scalar value;
    ty_status status = ty_item(all, &value);
    ty_release(all);
    if (status == TY_OK && !value.i)
        return ty_fail(TY_ERROR_VALUE, "%s: integer division by zero", name);
    return status;
}

static ty_status check_exponent(tyi_binary op, const char *name, ty_dtype compute, const ty_tensor *b)
{
    if (op != TYI_BINARY_pow || ty_dtype_is_floating(compute) || !b->wrapped || b->storage->device.type != TY_CPU)
        return TY_OK;
    if (tyi_load_scalar(tyi_data(b), (ty_dtype)b->dtype).i < 0)
        return ty_fail(TY_ERROR_VALUE, "%s: integers to a negative power are not integers; convert first: x:float()",
                       name);
    return TY_OK;
}

/* A fresh result: strides follow an operand that has the result's shape, so that a transposed one stays so. */
static ty_tensor *result_for(ty_tensor *a, ty_tensor *b, int ndim, const int64_t *sizes, ty_dtype dtype,
                             ty_device device)
{
    if (a->contiguous && b->contiguous)
        return tyi_new(ndim, sizes, dtype, device);
    ty_tensor *like = a->ndim == ndim && !memcmp(a->sizes, sizes, sizeof *sizes * (size_t)ndim)   ? a
                      : b->ndim == ndim && !memcmp(b->sizes, sizes, sizeof *sizes * (size_t)ndim) ? b
                                                                                                  : NULL;
    return like ? tyi_new_like(like, dtype) : tyi_new(ndim, sizes, dtype, device);
}

static ty_status launch(tyi_binary op, ty_dtype compute, ty_device device, ty_tensor *out, ty_tensor *a, ty_tensor *b,
                        const ty_scalar *alpha)
{
    const tyi_backend *backend = tyi_backend_of(device);
    if (!backend)
        return TY_FAIL;
    if (!alpha && op == TYI_BINARY_mul &&
        a->wrapped) { /* 0.1 * x is x * 0.1: the kernel keeps a second number's digits */
        ty_tensor *number = a;
        a = b;
        b = number;
    }
    tyi_iter iter;
    tyi_iter_build(&iter, compute, 3, (ty_tensor *[]){out, a, b});
    return alpha ? backend->axpy(&iter, *alpha) : backend->binary(op, &iter);
}

/* Hangs the gradient of an op on its result, saving what the wanted gradients read. */
static ty_tensor *record(const gradient *rule, ty_tensor *y, ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    ty_tensor *inputs[] = {a, b};
    if (!y || !rule->kind || !tyi_needs_grad(2, inputs))
        return y;
    int saves = (ty_requires_grad(a) ? rule->for_a : 0) | (ty_requires_grad(b) ? rule->for_b : 0);
    ty_tensor *values[] = {saves & SAVES_A ? a : NULL, saves & SAVES_B ? b : NULL, saves & SAVES_Y ? y : NULL};
    binary_context c = {.a = tyi_shape_of(a), .b = tyi_shape_of(b), .alpha = alpha};
    return tyi_record(y, rule->kind, 2, inputs, 3, values, &c, sizeof c);
}

static ty_tensor *compute(tyi_binary op, const char *name, const gradient *rule, ty_tensor *a, ty_tensor *b,
                          const ty_scalar *alpha)
{
    if (!a || !b)
        return NULL;
    ty_tensor *inputs[] = {a, b};
    ty_device device;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    ty_dtype dtype = alpha ? tyi_result_type(2, inputs) : compute_dtype(op, name, a, b);
    if (dtype == TY_DTYPE_NONE || tyi_same_device(name, 2, inputs, &device) != TY_OK ||
        tyi_broadcast(name, a, b, &ndim, sizes) != TY_OK)
        return NULL;
    if (!alpha && (check_divisor(op, name, dtype, b) != TY_OK || check_exponent(op, name, dtype, b) != TY_OK))
        return NULL;
    bool compares = !alpha && rows[op].class == 'C';
    ty_tensor *y = result_for(a, b, ndim, sizes, compares ? TY_BOOL : dtype, device);
    if (y && launch(op, dtype, device, y, a, b, alpha) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    if (y && a->wrapped && b->wrapped)
        y->wrapped = true;
    return record(rule, y, a, b, alpha ? *alpha : ty_int(1));
}

static ty_tensor *compute_(tyi_binary op, const char *name, const gradient *rule, ty_tensor *a, ty_tensor *b,
                           const ty_scalar *alpha)
{
    if (!b || tyi_inplace_begin(name, a) != TY_OK)
        return NULL;
    ty_tensor *inputs[] = {a, b};
    ty_device device;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    ty_dtype dtype = alpha ? tyi_result_type(2, inputs) : compute_dtype(op, name, a, b);
    bool compares = !alpha && rows[op].class == 'C';
    if (dtype == TY_DTYPE_NONE || tyi_same_device(name, 2, inputs, &device) != TY_OK ||
        tyi_broadcast(name, a, b, &ndim, sizes) != TY_OK)
        return NULL;
    if (ndim != a->ndim || memcmp(sizes, a->sizes, sizeof *sizes * (size_t)ndim) != 0)
        return tyi_fail(TY_ERROR_VALUE, "%s: the result has shape %s, which does not go into shape %s in place", name,
                        tyi_shape_text(ndim, sizes).s, TYI_SHAPE(a));
    if (tyi_check_cast(name, compares ? TY_BOOL : dtype, (ty_dtype)a->dtype) != TY_OK)
        return NULL;
    if (!alpha && (check_divisor(op, name, dtype, b) != TY_OK || check_exponent(op, name, dtype, b) != TY_OK))
        return NULL;
    bool recorded = rule->kind && tyi_needs_grad(2, inputs);
    int saves = recorded ? (ty_requires_grad(a) ? rule->for_a : 0) | (ty_requires_grad(b) ? rule->for_b : 0) : 0;
    ty_tensor *before = NULL, *other = ty_retain(b), *result = NULL;
    ty_status status = TY_FAIL;
    /* Values that are overwritten are saved, and read, from a copy. b may be a, or another view of its memory. */
    if (saves & SAVES_A && !(before = ty_clone(a)))
        goto done;
    bool aliased = b->storage == a->storage && a->numel > 1;
    bool exactly = aliased && b->offset == a->offset && tyi_same_shape(a, b) &&
                   !memcmp(a->strides, b->strides, sizeof *a->strides * a->ndim);
    if ((aliased && !exactly) || (b->storage == a->storage && saves & SAVES_B)) {
        ty_release(other);
        other = ty_clone(b);
        if (!other)
            goto done;
    }
    if (compares) {
        ty_tensor *mask = tyi_new_like(a, TY_BOOL);
        status = mask && launch(op, dtype, device, mask, a, other, NULL) == TY_OK ? tyi_copy(a, mask) : TY_FAIL;
        ty_release(mask);
    } else {
        status = launch(op, dtype, device, a, a, other, alpha);
    }
    if (status != TY_OK)
        goto done;
    if (!recorded) {
        result = tyi_inplace_record(a, rule->kind, 2, inputs, 0, NULL, NULL, 0);
    } else {
        binary_context c = {.a = tyi_shape_of(a), .b = tyi_shape_of(b), .alpha = alpha ? *alpha : ty_int(1)};
        ty_tensor *values[] = {before, saves & SAVES_B ? other : NULL, saves & SAVES_Y ? a : NULL};
        result = tyi_inplace_record(a, rule->kind, 2, inputs, 3, values, &c, sizeof c);
    }
done:
    ty_release(before);
    ty_release(other);
    return result;
}

#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *a, ty_tensor *b)                                                                   \
    {                                                                                                                  \
        return compute(TYI_BINARY_##name, #name, &gradients[TYI_BINARY_##name], a, b, NULL);                           \
    }                                                                                                                  \
    ty_tensor *ty_##name##_(ty_tensor *a, ty_tensor *b)                                                                \
    {                                                                                                                  \
        return compute_(TYI_BINARY_##name, #name "_", &gradients[TYI_BINARY_##name], a, b, NULL);                      \
    }
TY_BINARY_OPS(TY_X)
#undef TY_X

ty_tensor *tyi_relu_backward(ty_tensor *g, ty_tensor *y)
{
    return compute(TYI_BINARY_relu_backward, "relu", &gradients[TYI_BINARY_relu_backward], g, y, NULL);
}

ty_tensor *tyi_sigmoid_backward(ty_tensor *g, ty_tensor *y)
{
    return compute(TYI_BINARY_sigmoid_backward, "sigmoid", &gradients[TYI_BINARY_sigmoid_backward], g, y, NULL);
}

ty_tensor *tyi_tanh_backward(ty_tensor *g, ty_tensor *y)
{
    return compute(TYI_BINARY_tanh_backward, "tanh", &gradients[TYI_BINARY_tanh_backward], g, y, NULL);
}

/* ---- add, sub: with a factor for the second operand ---- */

/* The factor is kept with its sign: sub is add with the negated one. */
static ty_tensor *scaled(tyi_node *node, ty_tensor *g)
{
    const binary_context *c = tyi_context(node);
    double alpha = c->alpha.kind == TY_SCALAR_FLOAT ? c->alpha.f : (double)c->alpha.i;
    return alpha == 1 ? g : alpha == -1 ? F(neg, g) : MUL(g, NUM(alpha));
}

RULE(add, "Add", g, scaled(node, g))
RULE(sub, "Sub", g, scaled(node, g))

static const gradient add_gradient = {&add_node, 0, 0}, sub_gradient = {&sub_node, 0, 0};

/* Integers take an integer factor; bools neither a factor nor a minus. */
static ty_status check_alpha(const char *name, ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    if (!a || !b)
        return TY_FAIL;
    if (alpha.kind != TY_SCALAR_FLOAT)
        return TY_OK;
    ty_dtype dtype = tyi_result_type(2, (ty_tensor *[]){a, b});
    if (!ty_dtype_is_floating(dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: for %s tensors alpha must be an integer, got %g", name,
                       ty_dtype_name(dtype), alpha.f);
    return TY_OK;
}

static ty_status check_sub(const char *name, ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    if (check_alpha(name, a, b, alpha) != TY_OK)
        return TY_FAIL;
    if ((ty_dtype)a->dtype == TY_BOOL && (ty_dtype)b->dtype == TY_BOOL)
        return ty_fail(TY_ERROR_VALUE, "%s: bool tensors are not subtracted; use bitwise_xor (a ~ b) or logical_not",
                       name);
    return TY_OK;
}

static ty_scalar negated(ty_scalar alpha)
{
    return alpha.kind == TY_SCALAR_FLOAT ? ty_float(-alpha.f) : ty_int((int64_t)(0 - (uint64_t)alpha.i));
}

ty_tensor *ty_add(ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    return check_alpha("add", a, b, alpha) == TY_OK ? compute(0, "add", &add_gradient, a, b, &alpha) : NULL;
}

ty_tensor *ty_add_(ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    return check_alpha("add_", a, b, alpha) == TY_OK ? compute_(0, "add_", &add_gradient, a, b, &alpha) : NULL;
}

ty_tensor *ty_sub(ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    if (check_sub("sub", a, b, alpha) != TY_OK)
        return NULL;
    alpha = negated(alpha);
    return compute(0, "sub", &sub_gradient, a, b, &alpha);
}

ty_tensor *ty_sub_(ty_tensor *a, ty_tensor *b, ty_scalar alpha)
{
    if (check_sub("sub_", a, b, alpha) != TY_OK)
        return NULL;
    alpha = negated(alpha);
    return compute_(0, "sub_", &sub_gradient, a, b, &alpha);
}
