/*
 * Sums of products of several tensors: lerp, addcmul, addcdiv, baddbmm; and isclose, logaddexp, count_nonzero, cumprod,
 * logspace. Composed from the arithmetic of binary.c, which brings promotion, broadcasting and gradients along.
 */
#include <math.h>

#include "ops/support.h"

#define K(x)   tyi_keep(&scope, (x))
#define NUM(v) K(ty_scalar_tensor(ty_float(v), TY_DTYPE_NONE, true))

/* Writes a result into x, for the ops whose name ends in _; takes the result over. */
static ty_tensor *written(const char *name, ty_tensor *x, ty_tensor *result)
{
    ty_tensor *y = NULL;
    if (result && !tyi_same_shape(x, result))
        ty_fail(TY_ERROR_VALUE, "%s: the result has shape %s, which does not go into shape %s in place", name,
                TYI_SHAPE(result), TYI_SHAPE(x));
    else if (result && tyi_check_cast(name, (ty_dtype)result->dtype, (ty_dtype)x->dtype) == TY_OK)
        y = ty_copy_(x, result);
    ty_release(result);
    return y;
}

/* ---- lerp ---- */

static ty_tensor *lerp(const char *name, ty_tensor *x, ty_tensor *end, ty_tensor *weight)
{
    if (!x || !end || !weight)
        return NULL;
    bool number = weight->wrapped && weight->ndim == 0;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype) || end->dtype != x->dtype || (!number && weight->dtype != x->dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: the tensors must have one floating dtype, got %s, %s and weight %s; convert them: "
                        "x:float()",
                        name, ty_dtype_name((ty_dtype)x->dtype), ty_dtype_name((ty_dtype)end->dtype),
                        ty_dtype_name((ty_dtype)weight->dtype));
    tyi_scope scope = {0};
    ty_tensor *way = K(ty_sub(end, x, ty_int(1))), *one = NUM(1), *y = NULL;
    if (way && one) {
        /* Each formula is exact at its own end. */
        ty_scalar w = ty_int(0);
        bool near = true, far = true;
        if (number) {
            if (ty_item(weight, &w) != TY_OK)
                goto done;
            near = fabs(w.f) < 0.5;
            far = !near;
        }
        ty_tensor *from = near ? K(ty_add(x, K(ty_mul(way, weight)), ty_int(1))) : NULL;
        ty_tensor *back = far ? K(ty_sub(end, K(ty_mul(way, K(ty_sub(one, weight, ty_int(1))))), ty_int(1))) : NULL;
        if (number)
            y = ty_retain(near ? from : back);
        else
            y = ty_where(K(ty_lt(K(ty_abs(weight)), NUM(0.5))), from, back);
    }
done:
    tyi_scope_end(&scope);
    return y;
}

/* torch.lerp: x + weight (end - x), of one floating dtype; weight a tensor or a wrapped number; all broadcast. */
ty_tensor *ty_lerp(ty_tensor *x, ty_tensor *end, ty_tensor *weight)
{
    return lerp("lerp", x, end, weight);
}

ty_tensor *ty_lerp_(ty_tensor *x, ty_tensor *end, ty_tensor *weight)
{
    return written("lerp_", x, lerp("lerp_", x, end, weight));
}

/* ---- addcmul, addcdiv, baddbmm ---- */

static ty_tensor *addcmul(const char *name, ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    if (!x || !a || !b)
        return NULL;
    if (value.kind == TY_SCALAR_FLOAT && !ty_dtype_is_floating(tyi_result_type(3, (ty_tensor *[]){x, a, b})))
        return tyi_fail(TY_ERROR_VALUE, "%s: for %s tensors value must be an integer, got %g", name,
                        ty_dtype_name((ty_dtype)x->dtype), value.f);
    ty_tensor *product = ty_mul(a, b), *y = ty_add(x, product, value);
    ty_release(product);
    return y;
}

/* torch.addcmul: x + value * a * b; of integers, value must be one too. */
ty_tensor *ty_addcmul(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    return addcmul("addcmul", x, a, b, value);
}

ty_tensor *ty_addcmul_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    return x ? written("addcmul_", x, addcmul("addcmul_", x, a, b, value)) : NULL;
}

static ty_tensor *addcdiv(const char *name, ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    if (!x || !a || !b)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)a->dtype) && !ty_dtype_is_floating((ty_dtype)b->dtype))
        return tyi_fail(TY_ERROR_VALUE, "%s: whole numbers are not divided here (%s by %s); convert one: x:float()",
                        name, ty_dtype_name((ty_dtype)a->dtype), ty_dtype_name((ty_dtype)b->dtype));
    ty_tensor *quotient = ty_div(a, b), *y = ty_add(x, quotient, value);
    ty_release(quotient);
    return y;
}

/* torch.addcdiv: x + value * a / b; a or b is floating. */
ty_tensor *ty_addcdiv(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    return addcdiv("addcdiv", x, a, b, value);
}

ty_tensor *ty_addcdiv_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value)
{
    return x ? written("addcdiv_", x, addcdiv("addcdiv_", x, a, b, value)) : NULL;
}

/* torch.baddbmm: beta * input + alpha * (a @ b), a {n, p, q}, b {n, q, r}; input broadcasts to {n, p, r} and is not
 * read when beta is 0. */
ty_tensor *ty_baddbmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha)
{
    if (!input || !a || !b)
        return NULL;
    if (input->dtype != a->dtype)
        return tyi_fail(TY_ERROR_VALUE, "baddbmm: the dtypes differ: input is %s, the matrices are %s",
                        ty_dtype_name((ty_dtype)input->dtype), ty_dtype_name((ty_dtype)a->dtype));
    if (!ty_dtype_is_floating((ty_dtype)a->dtype) && (beta.kind == TY_SCALAR_FLOAT || alpha.kind == TY_SCALAR_FLOAT))
        return tyi_fail(TY_ERROR_VALUE, "baddbmm: %s matrices take whole numbers as beta and alpha",
                        ty_dtype_name((ty_dtype)a->dtype));
    tyi_scope scope = {0};
    ty_tensor *product = K(ty_bmm(a, b)), *y = NULL;
    ty_tensor *wide = product ? K(ty_expand(input, product->ndim, product->sizes)) : NULL;
    if (wide) {
        ty_tensor *factor = K(ty_scalar_tensor(beta, TY_DTYPE_NONE, true));
        ty_tensor *base = K(beta.f == 0 ? ty_zeros_like(product, TY_DTYPE_NONE) : ty_mul(wide, factor));
        y = ty_add(base, product, alpha);
    }
    tyi_scope_end(&scope);
    return y;
}

/* ---- isclose, logaddexp, count_nonzero ---- */

/* torch.isclose: where |a - b| <= atol + |rtol b|, as bool; equal infinities are close, NaNs with equal_nan. */
ty_tensor *ty_isclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan)
{
    if (!a || !b)
        return NULL;
    if (a->dtype != b->dtype)
        return tyi_fail(TY_ERROR_VALUE, "isclose: dtypes differ: %s and %s; convert one: x:to(other.dtype)",
                        ty_dtype_name((ty_dtype)a->dtype), ty_dtype_name((ty_dtype)b->dtype));
    if (!(rtol >= 0) || !(atol >= 0))
        return tyi_fail(TY_ERROR_VALUE, "isclose: rtol and atol must be 0 or more, got %g and %g", rtol, atol);
    bool was = ty_set_grad_enabled(false);
    bool floating = ty_dtype_is_floating((ty_dtype)a->dtype);
    tyi_scope scope = {0};
    ty_tensor *close = K(ty_eq(a, b));
    if (equal_nan && floating)
        close = K(ty_logical_or(close, K(ty_logical_and(K(ty_isnan(a)), K(ty_isnan(b))))));
    if (rtol != 0 || atol != 0) {
        ty_tensor *x = K(floating ? ty_retain(a) : ty_to_dtype(a, TY_FLOAT64));
        ty_tensor *y = K(floating ? ty_retain(b) : ty_to_dtype(b, TY_FLOAT64));
        ty_tensor *distance = K(ty_abs(K(ty_sub(x, y, ty_int(1)))));
        ty_tensor *bound = K(ty_add(K(ty_abs(K(ty_mul(y, NUM(rtol))))), NUM(atol), ty_int(1)));
        ty_tensor *near = K(ty_logical_and(K(ty_isfinite(distance)), K(ty_le(distance, bound))));
        close = K(ty_logical_or(close, near));
    }
    ty_tensor *out = ty_retain(close);
    tyi_scope_end(&scope);
    ty_set_grad_enabled(was);
    return out;
}

/* The share of each: g / (1 + exp(other - own)). */
static ty_status logaddexp_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const tyi_shape *shapes = tyi_context(node);
    ty_tensor *x[] = {tyi_saved(node, 0), tyi_saved(node, 1)}, *one = tyi_number(1);
    if (!x[0] || !x[1])
        return TY_FAIL;
    for (int i = 0; i < 2; i++) {
        if (!tyi_wants(node, i))
            continue;
        ty_tensor *power = tyi_temp(ty_exp(tyi_temp(ty_sub(x[1 - i], x[i], ty_int(1)))));
        ty_tensor *share = tyi_temp(ty_div(grad_out[0], tyi_temp(ty_add(power, one, ty_int(1)))));
        if (!(grad_in[i] = tyi_sum_to(share, &shapes[i])))
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind logaddexp_node = {"LogaddexpBackward0", logaddexp_backward};

/* torch.logaddexp: log(exp(a) + exp(b)) without overflow; floating tensors. */
ty_tensor *ty_logaddexp(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b)
        return NULL;
    if (!ty_dtype_is_floating(tyi_result_type(2, (ty_tensor *[]){a, b})))
        return tyi_fail(TY_ERROR_VALUE,
                        "logaddexp: floating values are needed, got %s and %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)a->dtype), ty_dtype_name((ty_dtype)b->dtype));
    bool was = ty_set_grad_enabled(false);
    tyi_scope scope = {0};
    ty_tensor *most = K(ty_maximum(a, b)), *distance = K(ty_abs(K(ty_sub(a, b, ty_int(1)))));
    ty_tensor *rest = K(ty_log1p(K(ty_exp(K(ty_neg(distance))))));
    ty_tensor *sum = K(ty_add(most, rest, ty_int(1)));
    ty_tensor *out = ty_where(K(ty_isinf(most)), K(ty_where(K(ty_isnan(distance)), most, sum)), sum);
    tyi_scope_end(&scope);
    ty_set_grad_enabled(was);
    tyi_shape shapes[] = {tyi_shape_of(a), tyi_shape_of(b)};
    return tyi_record(out, &logaddexp_node, TYI_LIST(a, b), TYI_LIST(a, b), shapes, sizeof shapes);
}

/* torch.count_nonzero: how many elements are not 0, as int64; over all, or over dimensions. */
ty_tensor *ty_count_nonzero(ty_tensor *x, int ndims, const int64_t *dims)
{
    if (!x)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *zero = K(ty_scalar_tensor(ty_bool(false), TY_DTYPE_NONE, true)), *there = K(ty_ne(x, zero));
    ty_tensor *y = ty_sum(there, ndims, dims, false, TY_INT64);
    tyi_scope_end(&scope);
    return y;
}

/* ---- cumprod, logspace ---- */

/* torch.cumprod: running products along a dimension; integers and bools give int64. By doubling: after step k each
 * element holds the product of the 2^k up to it. So zeros need no care in the gradient, which is that of mul. */
ty_tensor *ty_cumprod(ty_tensor *x, int dim, ty_dtype dtype)
{
    int d = x ? tyi_wrap_dim("cumprod", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (dtype == TY_DTYPE_NONE)
        dtype = ty_dtype_is_floating((ty_dtype)x->dtype) ? (ty_dtype)x->dtype : TY_INT64;
    ty_tensor *y = x->dtype == (int8_t)dtype ? ty_clone(x) : ty_to_dtype(x, dtype);
    int64_t size = x->ndim ? x->sizes[d] : 1;
    for (int64_t step = 1; step < size && y; step *= 2) {
        tyi_scope scope = {0};
        ty_tensor *head = K(ty_narrow(y, d, 0, step)), *tail = K(ty_narrow(y, d, step, size - step));
        ty_tensor *before = K(ty_narrow(y, d, 0, size - step)), *product = K(ty_mul(tail, before));
        ty_tensor *next = head && product ? ty_cat((ty_tensor *[]){head, product}, 2, d) : NULL;
        tyi_scope_end(&scope);
        ty_release(y);
        y = next;
    }
    return y;
}

/* torch.logspace: `steps` values from base^start to base^end, their exponents evenly spaced. */
ty_tensor *ty_logspace(double start, double end, int64_t steps, double base, ty_dtype dtype, ty_device device)
{
    if (steps < 0)
        return tyi_fail(TY_ERROR_VALUE, "logspace: the number of steps must not be negative, got %lld",
                        (long long)steps);
    tyi_scope scope = {0};
    ty_tensor *from = K(ty_scalar_tensor(ty_float(base), TY_FLOAT64, true));
    ty_tensor *powers = K(ty_pow(from, K(ty_linspace(start, end, steps, TY_FLOAT64, device))));
    ty_tensor *y = ty_to_dtype(powers, dtype == TY_DTYPE_NONE ? ty_get_default_dtype() : dtype);
    tyi_scope_end(&scope);
    return y;
}
