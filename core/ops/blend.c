/*
 * Sums of products of several tensors: lerp, addcmul, addcdiv, baddbmm; and logaddexp. Composed from the arithmetic of
 * binary.c, which brings promotion, broadcasting and gradients along.
 */
#include <math.h>

#include "ops/support.h"

#define K(x)   tyi_keep(&scope, (x))
#define NUM(v) K(ty_scalar_tensor(ty_float(v), TY_DTYPE_NONE, true))

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
    return ty_assign_("lerp_", x, lerp("lerp_", x, end, weight));
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
    return x ? ty_assign_("addcmul_", x, addcmul("addcmul_", x, a, b, value)) : NULL;
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
    return x ? ty_assign_("addcdiv_", x, addcdiv("addcdiv_", x, a, b, value)) : NULL;
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

/* ---- logaddexp ---- */

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
