/*
 * Pointwise functions composed of others: polygamma, mvlgamma, logit, entr, ndtr, nan_to_num, logaddexp2, ldexp,
 * float_power, isin; and what the forms in place of composed ops share. The arithmetic they are made of brings
 * promotion, broadcasting and gradients along.
 */
#include <float.h>
#include <math.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

ty_tensor *ty_assign_(const char *name, ty_tensor *x, ty_tensor *result)
{
    ty_tensor *y = NULL;
    if (result && x && !tyi_same_shape(x, result))
        ty_fail(TY_ERROR_VALUE, "%s: the result has shape %s, which does not go into shape %s in place", name,
                TYI_SHAPE(result), TYI_SHAPE(x));
    else if (result && x && tyi_check_cast(name, (ty_dtype)result->dtype, (ty_dtype)x->dtype) == TY_OK)
        y = ty_copy_(x, result);
    ty_release(result);
    return y;
}

/* torch.polygamma: the n-th derivative of digamma. */
ty_tensor *ty_polygamma(int64_t n, ty_tensor *x)
{
    if (n < 0)
        return tyi_fail(TY_ERROR_VALUE, "polygamma: n must be 0 or more, got %lld", (long long)n);
    if (n == 0)
        return ty_digamma(x);
    int outer = tyi_temps_begin();
    double factorial = tgamma((double)n + 1);
    return tyi_composed(outer, MUL(F(zeta, NUM((double)n + 1), x), NUM(n % 2 ? factorial : -factorial)));
}

/* torch.mvlgamma: the logarithm of the multivariate gamma function of dimension p. */
ty_tensor *ty_mvlgamma(ty_tensor *x, int64_t p)
{
    if (!x)
        return NULL;
    if (p < 1 || p > 10000)
        return tyi_fail(TY_ERROR_VALUE, "mvlgamma: p must be between 1 and 10000, got %lld", (long long)p);
    int outer = tyi_temps_begin();
    ty_tensor *y = F(lgamma, x);
    for (int64_t j = 1; j < p && y; j++)
        y = ADD(y, F(lgamma, SUB(x, NUM((double)j / 2))));
    return tyi_composed(outer, ADD(y, NUM((double)(p * (p - 1)) / 4 * 1.1447298858494002))); /* log pi */
}

/* torch.logit: log(x / (1 - x)) of x held between eps and 1 - eps; eps < 0: of x as it is. */
ty_tensor *ty_logit(ty_tensor *x, double eps)
{
    if (!x)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *z = ty_dtype_is_floating((ty_dtype)x->dtype) ? x : F(to_dtype, x, ty_get_default_dtype());
    if (eps >= 0)
        z = F(clamp, z, NUM(eps), NUM(1 - eps));
    return tyi_composed(outer, F(log, DIV(z, SUB(NUM(1), z))));
}

/* torch.special.entr: -x log x, 0 at 0, -inf below. */
ty_tensor *ty_entr(ty_tensor *x)
{
    if (!x)
        return NULL;
    int outer = tyi_temps_begin();
    return tyi_composed(outer, WHERE(F(lt, x, NUM(0)), NUM(-INFINITY), F(neg, F(xlogy, x, x))));
}

/* torch.special.ndtr: the distribution function of the standard normal distribution. */
ty_tensor *ty_ndtr(ty_tensor *x)
{
    int outer = tyi_temps_begin();
    return tyi_composed(outer, MUL(F(erfc, MUL(x, NUM(-0.7071067811865476))), NUM(0.5)));
}

/* The largest finite value of a dtype. */
static double largest(ty_dtype dtype)
{
    switch (dtype) {
    case TY_FLOAT16:
        return 65504;
    case TY_BFLOAT16:
        return 0x1.fep127;
    case TY_FLOAT64:
        return DBL_MAX;
    default:
        return FLT_MAX;
    }
}

/* torch.nan_to_num: NaN and the infinities replaced; a NaN replacement of an infinity: the dtype's largest value. */
ty_tensor *ty_nan_to_num(ty_tensor *x, double nan, double posinf, double neginf)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_clone(x);
    double most = largest((ty_dtype)x->dtype);
    int outer = tyi_temps_begin();
    ty_tensor *y = WHERE(F(isnan, x), NUM(nan), x);
    y = y ? WHERE(F(isposinf, x), NUM(isnan(posinf) ? most : posinf), y) : NULL;
    y = y ? WHERE(F(isneginf, x), NUM(isnan(neginf) ? -most : neginf), y) : NULL;
    return tyi_composed(outer, y);
}

/* torch.logaddexp2: log2(2^a + 2^b). */
ty_tensor *ty_logaddexp2(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b)
        return NULL;
    const double ln2 = 0.6931471805599453;
    int outer = tyi_temps_begin();
    if (!ty_dtype_is_floating(tyi_result_type(2, (ty_tensor *[]){a, b})))
        return tyi_composed(outer, F(logaddexp, a, b)); /* its message */
    return tyi_composed(outer, DIV(F(logaddexp, MUL(a, NUM(ln2)), MUL(b, NUM(ln2))), NUM(ln2)));
}

/* torch.ldexp: x 2^other. */
ty_tensor *ty_ldexp(ty_tensor *x, ty_tensor *other)
{
    int outer = tyi_temps_begin();
    return tyi_composed(outer, MUL(x, F(pow, NUM(2), other)));
}

/* torch.float_power: powers in float64, whatever the dtypes. */
ty_tensor *ty_float_power(ty_tensor *x, ty_tensor *exponent)
{
    if (!x || !exponent)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *base = F(to_dtype, x, TY_FLOAT64);
    ty_tensor *power = exponent->wrapped ? exponent : F(to_dtype, exponent, TY_FLOAT64);
    return tyi_composed(outer, base && power ? F(pow, base, power) : NULL);
}

/* torch.isin: which elements are among those of `test`, as bool. */
ty_tensor *ty_isin(ty_tensor *elements, ty_tensor *test, bool invert)
{
    if (!elements || !test)
        return NULL;
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    ty_dtype dtype = tyi_result_type(2, (ty_tensor *[]){elements, test});
    if (test->wrapped) /* a number goes where the tensor is */
        test = HOLD(ty_to(test, TY_DTYPE_NONE, elements->storage->device, false));
    else if (elements->wrapped)
        elements = HOLD(ty_to(elements, TY_DTYPE_NONE, test->storage->device, false));
    ty_tensor *x = F(to_dtype, elements, dtype), *y = NULL;
    ty_tensor *set = F(to_dtype, F(reshape, test, 1, (int64_t[]){-1}), dtype);
    if (x && set && set->numel == 0) {
        y = HOLD(ty_full(x->ndim, x->sizes, ty_bool(invert), TY_BOOL, x->storage->device));
    } else if (x && set) {
        ty_tensor *order = NULL, *sorted = HOLD(ty_sort(set, 0, false, false, &order));
        HOLD(order);
        ty_tensor *last = HOLD(ty_scalar_tensor(ty_int(set->numel - 1), TY_INT64, true));
        ty_tensor *place = F(clamp, HOLD(ty_searchsorted(sorted, x, false, NULL)), NULL, last);
        ty_tensor *nearest = F(take, sorted, place);
        y = invert ? F(ne, x, nearest) : F(eq, x, nearest);
    }
    ty_set_grad_enabled(was);
    return tyi_composed(outer, y);
}
