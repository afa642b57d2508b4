/*
 * Choosing and comparing: where, clamp, equal, isclose, allclose.
 */
#include <math.h>

#include "ops/ops.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- where ---- */

static ty_status where_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const tyi_shape *shapes = tyi_context(node);
    ty_tensor *condition = tyi_saved(node, 0), *g = grad_out[0];
    if (!condition)
        return TY_FAIL;
    if (tyi_wants(node, 0) && !(grad_in[0] = tyi_sum_to(F(where, condition, g, NUM(0)), &shapes[0])))
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = tyi_sum_to(F(where, condition, NUM(0), g), &shapes[1])))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind where_node = {"WhereBackward0", where_backward};

/* torch.where(condition, a, b): a where the bool condition holds, b elsewhere; all three broadcast. */
ty_tensor *ty_where(ty_tensor *condition, ty_tensor *a, ty_tensor *b)
{
    if (!condition || !a || !b)
        return NULL;
    if ((ty_dtype)condition->dtype != TY_BOOL)
        return tyi_fail(TY_ERROR_VALUE, "where: the condition must be a bool tensor, got %s; compare first: x:gt(0)",
                        ty_dtype_name((ty_dtype)condition->dtype));
    ty_device device;
    int ndim;
    int64_t sizes[TY_MAX_DIMS], all[TY_MAX_DIMS];
    if (tyi_same_device("where", 3, (ty_tensor *[]){condition, a, b}, &device) != TY_OK ||
        tyi_broadcast("where", a, b, &ndim, sizes) != TY_OK)
        return NULL;
    ty_tensor both = {.ndim = (uint8_t)ndim}; /* only its shape is looked at */
    memcpy(both.sizes, sizes, sizeof *sizes * (size_t)ndim);
    if (tyi_broadcast("where", condition, &both, &ndim, all) != TY_OK)
        return NULL;
    ty_dtype dtype = tyi_result_type(2, (ty_tensor *[]){a, b});
    ty_tensor *y = tyi_new(ndim, all, dtype, device);
    const tyi_backend *backend = y ? tyi_backend_of(device) : NULL;
    tyi_iter iter;
    if (y)
        tyi_iter_build(&iter, dtype, 4, (ty_tensor *[]){y, condition, a, b});
    if (!backend || backend->where(&iter) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    tyi_shape shapes[] = {tyi_shape_of(a), tyi_shape_of(b)};
    return tyi_record(y, &where_node, TYI_LIST(a, b), 1, &condition, shapes, sizeof shapes);
}

/* ---- clamp ---- */

/* Whether a bound is a tensor; a plain number is one that has no gradient. */
static bool is_tensor(const ty_tensor *bound)
{
    return bound && !bound->wrapped;
}

/* Where x is strictly between the bounds, as PyTorch has it for plain numbers. */
static ty_tensor *strictly_inside(ty_tensor *x, ty_tensor *min, ty_tensor *max)
{
    ty_tensor *above = min ? F(gt, x, min) : NULL, *below = max ? F(lt, x, max) : NULL;
    return above && below ? F(logical_and, above, below) : above ? above : below;
}

/* g where `taken`, half of it where `tied`, 0 elsewhere. */
static ty_tensor *share(ty_tensor *g, ty_tensor *taken, ty_tensor *tied)
{
    return F(where, taken, g, F(where, tied, MUL(g, NUM(0.5)), NUM(0)));
}

/* Saved: x, min, max (NULL where not given). Where x equals a bound that is a tensor, the two share the gradient. */
static ty_status clamp_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const tyi_shape *shapes = tyi_context(node);
    ty_tensor *g = grad_out[0], *x = tyi_saved(node, 0);
    ty_tensor *min = tyi_saved_is_null(node, 1) ? NULL : tyi_saved(node, 1);
    ty_tensor *max = tyi_saved_is_null(node, 2) ? NULL : tyi_saved(node, 2);
    if (!x || (!min && !max))
        return TY_FAIL;
    if (!is_tensor(min) && !is_tensor(max)) {
        ty_tensor *its = F(where, strictly_inside(x, min, max), g, NUM(0));
        return !tyi_wants(node, 0) || (grad_in[0] = tyi_sum_to(its, &shapes[0])) ? TY_OK : TY_FAIL;
    }
    ty_tensor *below = min ? F(lt, x, min) : NULL, *above = max ? F(gt, x, max) : NULL;
    ty_tensor *at_min = min ? F(eq, x, min) : NULL, *at_max = max ? F(eq, x, max) : NULL;
    /* Where min does not lie below max the result is max. */
    ty_tensor *open = min && max ? F(lt, min, max) : NULL, *crossed = open ? F(gt, min, max) : NULL;
    ty_tensor *outside = open ? F(logical_or, F(logical_or, below, above), crossed) : below ? below : above;
    ty_tensor *tied = open ? F(logical_and, F(logical_or, at_min, at_max), open) : at_min ? at_min : at_max;
    if (tyi_wants(node, 0) &&
        !(grad_in[0] = tyi_sum_to(F(where, outside, NUM(0), share(g, F(logical_not, tied), tied)), &shapes[0])))
        return TY_FAIL;
    if (min && tyi_wants(node, 1)) {
        ty_tensor *taken = open ? F(logical_and, below, F(logical_not, crossed)) : below;
        ty_tensor *its = share(g, taken, open ? F(logical_and, at_min, open) : at_min);
        if (!(grad_in[1] = tyi_sum_to(its, &shapes[1])))
            return TY_FAIL;
    }
    if (max && tyi_wants(node, 2)) {
        ty_tensor *taken = open ? F(logical_or, above, crossed) : above;
        ty_tensor *its = share(g, taken, open ? F(logical_and, at_max, open) : at_max);
        if (!(grad_in[2] = tyi_sum_to(its, &shapes[2])))
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind clamp_node = {"ClampBackward1", clamp_backward};

/* A bound that lets everything through. */
static ty_tensor *no_bound(ty_dtype dtype, bool lower)
{
    ty_scalar value;
    switch (dtype) {
    case TY_FLOAT16:
    case TY_BFLOAT16:
    case TY_FLOAT32:
    case TY_FLOAT64:
        value = ty_float(lower ? -INFINITY : INFINITY);
        break;
    case TY_BOOL:
        value = ty_bool(!lower);
        break;
    case TY_UINT8:
        value = ty_int(lower ? 0 : UINT8_MAX);
        break;
    default: {
        int bits = (int)ty_dtype_size(dtype) * 8;
        value = ty_int(lower ? INT64_MIN >> (64 - bits) : INT64_MAX >> (64 - bits));
    }
    }
    return ty_scalar_tensor(value, dtype, false);
}

static ty_tensor *clamp(const char *name, ty_tensor *x, ty_tensor *min, ty_tensor *max, bool inplace)
{
    if (!x)
        return NULL;
    if (!min && !max)
        return tyi_fail(TY_ERROR_VALUE, "%s: at least one of min and max must be given", name);
    if (inplace && tyi_inplace_begin(name, x) != TY_OK)
        return NULL;
    ty_tensor *inputs[] = {x, min, max};
    ty_device device;
    int ndim = x->ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (tyi_same_device(name, 3, inputs, &device) != TY_OK)
        return NULL;
    memcpy(sizes, x->sizes, sizeof *sizes * x->ndim);
    for (int i = 1; i < 3; i++) {
        ty_tensor so_far = {.ndim = (uint8_t)ndim};
        memcpy(so_far.sizes, sizes, sizeof *sizes * (size_t)ndim);
        if (inputs[i] && tyi_broadcast(name, &so_far, inputs[i], &ndim, sizes) != TY_OK)
            return NULL;
    }
    if (inplace && (ndim != x->ndim || memcmp(sizes, x->sizes, sizeof *sizes * (size_t)ndim) != 0))
        return tyi_fail(TY_ERROR_VALUE, "%s: the result has shape %s, which does not go into shape %s in place", name,
                        tyi_shape_text(ndim, sizes).s, TYI_SHAPE(x));
    ty_dtype dtype = tyi_result_type(3, inputs);
    if (inplace && tyi_check_cast(name, dtype, (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    bool recorded = tyi_needs_grad(3, inputs);
    ty_tensor *low = min ? ty_retain(min) : no_bound(dtype, true),
              *high = max ? ty_retain(max) : no_bound(dtype, false);
    ty_tensor *before = inplace && recorded ? ty_clone(x) : ty_retain(x);
    ty_tensor *y = inplace ? ty_retain(x) : tyi_new(ndim, sizes, dtype, device), *result = NULL;
    const tyi_backend *backend = tyi_backend_of(device);
    if (!low || !high || !before || !y || !backend)
        goto done;
    tyi_iter iter;
    tyi_iter_build(&iter, dtype, 4, (ty_tensor *[]){y, x, low, high});
    if (backend->clamp(&iter) != TY_OK)
        goto done;
    tyi_shape shapes[] = {tyi_shape_of(x), min ? tyi_shape_of(min) : (tyi_shape){0},
                          max ? tyi_shape_of(max) : (tyi_shape){0}};
    ty_tensor *values[] = {before, min, max};
    result = inplace ? tyi_inplace_record(x, &clamp_node, 3, inputs, 3, values, shapes, sizeof shapes)
                     : tyi_record(ty_retain(y), &clamp_node, 3, inputs, 3, values, shapes, sizeof shapes);
done:
    ty_release(low);
    ty_release(high);
    ty_release(before);
    ty_release(y);
    return result;
}

/* torch.clamp: values below min become min, values above max become max; NaN stays. Either bound may be NULL. */
ty_tensor *ty_clamp(ty_tensor *x, ty_tensor *min, ty_tensor *max)
{
    return clamp("clamp", x, min, max, false);
}

ty_tensor *ty_clamp_(ty_tensor *x, ty_tensor *min, ty_tensor *max)
{
    return clamp("clamp_", x, min, max, true);
}

/* ---- equal, allclose ---- */

ty_status ty_equal(ty_tensor *a, ty_tensor *b, bool *equal)
{
    *equal = false;
    if (!a || !b)
        return TY_FAIL;
    if (!tyi_same_shape(a, b))
        return TY_OK;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *same = ty_eq(a, b), *all = same ? ty_all(same, 0, NULL, false) : NULL;
    ty_set_grad_enabled(was);
    ty_scalar value = ty_bool(false);
    ty_status status = ty_item(all, &value);
    ty_release(same);
    ty_release(all);
    *equal = status == TY_OK && value.i;
    return status;
}

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
    bool was = ty_set_grad_enabled(false), floating = ty_dtype_is_floating((ty_dtype)a->dtype);
    int outer = tyi_temps_begin();
    ty_tensor *close = F(eq, a, b);
    if (equal_nan && floating)
        close = F(logical_or, close, F(logical_and, F(isnan, a), F(isnan, b)));
    if (rtol != 0 || atol != 0) {
        ty_tensor *x = floating ? a : F(to_dtype, a, TY_FLOAT64), *y = floating ? b : F(to_dtype, b, TY_FLOAT64);
        ty_tensor *distance = F(abs, SUB(x, y)), *bound = ADD(F(abs, MUL(y, NUM(rtol))), NUM(atol));
        close = F(logical_or, close, F(logical_and, F(isfinite, distance), F(le, distance, bound)));
    }
    ty_set_grad_enabled(was);
    return tyi_composed(outer, close);
}

/* |a - b| <= atol + rtol |b| for every element; equal infinities are close. */
ty_status ty_allclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan, bool *result)
{
    if (!a || !b)
        return TY_FAIL;
    if (a->dtype != b->dtype)
        return ty_fail(TY_ERROR_VALUE, "allclose: dtypes differ: %s and %s; convert one: x:to(other.dtype)",
                       ty_dtype_name((ty_dtype)a->dtype), ty_dtype_name((ty_dtype)b->dtype));
    bool was = ty_set_grad_enabled(false);
    ty_tensor *wide_a = ty_to_dtype(a, TY_FLOAT64), *wide_b = ty_to_dtype(b, TY_FLOAT64);
    ty_tensor *difference = ty_sub(wide_a, wide_b, ty_int(1)), *distance = ty_abs(difference);
    ty_tensor *size = ty_abs(wide_b), *r = ty_scalar_tensor(ty_float(rtol), TY_FLOAT64, true);
    ty_tensor *t = ty_scalar_tensor(ty_float(atol), TY_FLOAT64, true), *scaled = ty_mul(size, r);
    ty_tensor *bound = ty_add(scaled, t, ty_int(1)), *near = ty_le(distance, bound);
    ty_tensor *finite = ty_isfinite(wide_b), *close = near && finite ? ty_logical_and(near, finite) : NULL;
    ty_tensor *same = ty_eq(wide_a, wide_b), *either = close && same ? ty_logical_or(close, same) : NULL;
    ty_tensor *nan_a = equal_nan ? ty_isnan(wide_a) : NULL, *nan_b = equal_nan ? ty_isnan(wide_b) : NULL;
    ty_tensor *nans = equal_nan && nan_a && nan_b ? ty_logical_and(nan_a, nan_b) : NULL;
    ty_tensor *good = equal_nan ? (either && nans ? ty_logical_or(either, nans) : NULL) : ty_retain(either);
    ty_tensor *all = good ? ty_all(good, 0, NULL, false) : NULL;
    ty_set_grad_enabled(was);
    ty_scalar value = ty_bool(false);
    ty_status status = ty_item(all, &value);
    *result = value.i;
    ty_tensor *made[] = {wide_a, wide_b, difference, distance, size,  r,     t,    scaled, bound, near,
                         finite, close,  same,       either,   nan_a, nan_b, nans, good,   all};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        ty_release(made[i]);
    return status;
}
