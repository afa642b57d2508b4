/*
 * Along a dimension, each element from those before it: cumprod, cummax, cummin, logcumsumexp, diff, trapezoid,
 * cumulative_trapezoid; and places in sorted values: searchsorted. The scans double: after step k an element has seen
 * the 2^k elements up to it. Composed from arithmetic, which brings the gradients along; cumsum has a kernel
 * (reduce.c).
 */
#include <math.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

#define WHOLE(v) HOLD(ty_scalar_tensor(ty_int(v), TY_DTYPE_NONE, true))

/* One step of a scan: the first `step` elements as they are, then f(later, earlier). */
typedef ty_tensor *(*combine)(ty_tensor *later, ty_tensor *earlier);

static ty_tensor *scanned(ty_tensor *y, int d, combine f)
{
    int64_t size = y && y->ndim ? y->sizes[d] : 1;
    ty_retain(y);
    for (int64_t step = 1; step < size && y; step *= 2) {
        int outer = tyi_temps_begin();
        ty_tensor *head = F(narrow, y, d, 0, step), *tail = F(narrow, y, d, step, size - step);
        ty_tensor *both = head && tail ? HOLD(f(tail, F(narrow, y, d, 0, size - step))) : NULL;
        ty_tensor *next = both ? ty_cat((ty_tensor *[]){head, both}, 2, d) : NULL;
        tyi_temps_end(outer);
        ty_release(y);
        y = next;
    }
    return y;
}

/* torch.cumprod: running products along a dimension; integers and bools give int64. The gradient is that of mul, so
 * zeros need no care. */
ty_tensor *ty_cumprod(ty_tensor *x, int dim, ty_dtype dtype)
{
    int d = x ? tyi_wrap_dim("cumprod", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (dtype == TY_DTYPE_NONE)
        dtype = ty_dtype_is_floating((ty_dtype)x->dtype) ? (ty_dtype)x->dtype : TY_INT64;
    ty_tensor *from = x->dtype == (int8_t)dtype ? ty_clone(x) : ty_to_dtype(x, dtype);
    ty_tensor *wide = from ? ty_to_dtype(from, tyi_wide_of(dtype)) : NULL, *y = scanned(wide, d, ty_mul);
    ty_tensor *out = y ? ty_to_dtype(y, dtype) : NULL;
    ty_release(from);
    ty_release(wide);
    ty_release(y);
    return out;
}

/* torch.logcumsumexp: the logarithm of running sums of exponentials, without overflow. */
ty_tensor *ty_logcumsumexp(ty_tensor *x, int dim)
{
    int d = x ? tyi_wrap_dim("logcumsumexp", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "logcumsumexp: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    int outer = tyi_temps_begin();
    ty_tensor *y = HOLD(scanned(F(to_dtype, x, tyi_wide_of((ty_dtype)x->dtype)), d, ty_logaddexp));
    if (y == x || (y && y->storage == x->storage))
        y = F(clone, y);
    return tyi_composed(outer, y ? F(to_dtype, y, (ty_dtype)x->dtype) : NULL);
}

/* ---- cummax, cummin ---- */

/* Places of the largest (or smallest) so far; the last of equal ones, and NaN wins. */
static ty_tensor *running_places(ty_tensor *x, int d, bool most)
{
    int64_t size = x->sizes[d];
    ty_tensor *values = x, *places = HOLD(ty_arange(ty_int(0), ty_int(size), ty_int(1), TY_INT64, x->storage->device));
    int64_t shape[TY_MAX_DIMS];
    for (int k = 0; k < x->ndim; k++)
        shape[k] = k == d ? size : 1;
    places = F(expand, F(reshape, places, x->ndim, shape), x->ndim, x->sizes);
    for (int64_t step = 1; step < size && places && values; step *= 2) {
        ty_tensor *later = F(narrow, values, d, step, size - step), *earlier = F(narrow, values, d, 0, size - step);
        ty_tensor *beaten = most ? F(gt, earlier, later) : F(lt, earlier, later);
        beaten = F(logical_and, F(logical_or, beaten, F(isnan, earlier)), F(logical_not, F(isnan, later)));
        ty_tensor *value = beaten ? WHERE(beaten, earlier, later) : NULL;
        ty_tensor *place =
            beaten ? WHERE(beaten, F(narrow, places, d, 0, size - step), F(narrow, places, d, step, size - step))
                   : NULL;
        if (!value || !place)
            return NULL;
        ty_tensor *first = F(narrow, values, d, 0, step), *first_place = F(narrow, places, d, 0, step);
        values = first ? HOLD(ty_cat((ty_tensor *[]){first, value}, 2, d)) : NULL;
        places = first_place ? HOLD(ty_cat((ty_tensor *[]){first_place, place}, 2, d)) : NULL;
    }
    return values && places ? F(contiguous, places) : NULL;
}

static ty_tensor *running_extreme(const char *name, ty_tensor *x, int dim, bool most, ty_tensor **indices)
{
    *indices = NULL;
    int d = x ? tyi_wrap_dim(name, dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (x->ndim == 0 || x->numel == 0) {
        *indices = ty_zeros(x->ndim, x->sizes, TY_INT64, x->storage->device);
        return *indices ? ty_clone(x) : NULL;
    }
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    ty_tensor *places = running_places(x, d, most);
    ty_set_grad_enabled(was);
    ty_tensor *y = places ? F(gather, x, d, places) : NULL;
    /* The tape keeps its own: what the caller gets may be changed. */
    *indices = y ? ty_clone(places) : NULL;
    return tyi_composed(outer, *indices ? y : NULL);
}

/* torch.cummax: the largest up to each place along dim, and in *indices (int64) where it stands. */
ty_tensor *ty_cummax(ty_tensor *x, int dim, ty_tensor **indices)
{
    return running_extreme("cummax", x, dim, true, indices);
}

/* torch.cummin: the smallest up to each place along dim, and in *indices (int64) where it stands. */
ty_tensor *ty_cummin(ty_tensor *x, int dim, ty_tensor **indices)
{
    return running_extreme("cummin", x, dim, false, indices);
}

/* ---- Differences and areas ---- */

/* torch.diff: differences of neighbours along dim, n times, of x with `prepend` and `append` (either may be NULL)
 * joined to its ends. */
ty_tensor *ty_diff(ty_tensor *x, int64_t n, int dim, ty_tensor *prepend, ty_tensor *append)
{
    if (!x)
        return NULL;
    if (x->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "diff: it takes at least one dimension");
    int d = tyi_wrap_dim("diff", dim, x->ndim);
    if (d < 0)
        return NULL;
    if (n < 0)
        return tyi_fail(TY_ERROR_VALUE, "diff: n must be 0 or more, got %lld", (long long)n);
    ty_tensor *parts[3];
    int count = 0, outer = tyi_temps_begin();
    if (prepend)
        parts[count++] = prepend;
    parts[count++] = x;
    if (append)
        parts[count++] = append;
    ty_tensor *y = count > 1 ? HOLD(ty_cat(parts, count, d)) : x;
    for (int64_t i = 0; i < n && y; i++) {
        int64_t size = y->sizes[d];
        if (size == 0)
            break;
        ty_tensor *later = F(narrow, y, d, 1, size - 1), *earlier = F(narrow, y, d, 0, size - 1);
        y = (ty_dtype)y->dtype == TY_BOOL ? F(logical_xor, later, earlier) : SUB(later, earlier);
    }
    return tyi_composed(outer, y == x ? F(clone, x) : y);
}

/* Areas between neighbours: their mean times their distance, of x (NULL: dx everywhere). */
static ty_tensor *strips(const char *name, ty_tensor *y, ty_tensor *x, double dx, int d)
{
    int64_t size = y->sizes[d];
    if (!ty_dtype_is_floating((ty_dtype)y->dtype))
        y = F(to_dtype, y, ty_get_default_dtype());
    if (!y || size == 0)
        return y;
    ty_tensor *sums = ADD(F(narrow, y, d, 1, size - 1), F(narrow, y, d, 0, size - 1));
    if (!x)
        return MUL(sums, NUM(dx / 2));
    ty_tensor *widths;
    if (x->ndim == 1) {
        if (x->sizes[0] != size)
            return tyi_fail(TY_ERROR_VALUE, "%s: %lld places for %lld values", name, (long long)x->sizes[0],
                            (long long)size);
        int64_t shape[TY_MAX_DIMS];
        for (int k = 0; k < y->ndim; k++)
            shape[k] = k == d ? size - 1 : 1;
        widths = F(reshape, HOLD(ty_diff(x, 1, 0, NULL, NULL)), y->ndim, shape);
    } else {
        int at = d - (y->ndim - x->ndim);
        if (at < 0)
            return tyi_fail(TY_ERROR_VALUE, "%s: x of shape %s has no such dimension", name, TYI_SHAPE(x));
        widths = HOLD(ty_diff(x, 1, at, NULL, NULL));
    }
    return MUL(MUL(sums, widths), NUM(0.5));
}

/* torch.trapezoid: the area below y along dim by the trapezoidal rule, at places x or with spacing dx. */
ty_tensor *ty_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim)
{
    int d = y ? tyi_wrap_dim("trapezoid", dim, y->ndim) : -1;
    int64_t along = d;
    if (d < 0)
        return NULL;
    if (y->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "trapezoid: it takes at least one dimension");
    int outer = tyi_temps_begin();
    ty_tensor *areas = strips("trapezoid", y, x, dx, d);
    return tyi_composed(outer, areas ? F(sum, areas, 1, &along, false, TY_DTYPE_NONE) : NULL);
}

/* torch.cumulative_trapezoid: the areas up to each place from the second on. */
ty_tensor *ty_cumulative_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim)
{
    int d = y ? tyi_wrap_dim("cumulative_trapezoid", dim, y->ndim) : -1;
    if (d < 0)
        return NULL;
    if (y->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "cumulative_trapezoid: it takes at least one dimension");
    int outer = tyi_temps_begin();
    ty_tensor *areas = strips("cumulative_trapezoid", y, x, dx, d);
    return tyi_composed(outer, areas ? F(cumsum, areas, d, TY_DTYPE_NONE) : NULL);
}

/* ---- searchsorted ---- */

/* torch.searchsorted: int64 places of `values` in sorted rows {..., n}: how many elements are less (right: not
 * greater). The rows' leading dimensions are those of values, or there are none. sorter (may be NULL): the order that
 * sorts them. Bisection of all values at once. */
ty_tensor *ty_searchsorted(ty_tensor *sorted, ty_tensor *values, bool right, ty_tensor *sorter)
{
    if (!sorted || !values)
        return NULL;
    bool one = sorted->ndim == 1;
    if (sorted->ndim == 0 ||
        (!one && (sorted->ndim != values->ndim ||
                  memcmp(sorted->sizes, values->sizes, sizeof *values->sizes * (sorted->ndim - 1u)))))
        return tyi_fail(
            TY_ERROR_VALUE,
            "searchsorted: the sorted sequence is one vector, or has the leading dimensions of the values: got "
            "%s and %s",
            TYI_SHAPE(sorted), TYI_SHAPE(values));
    if (sorter && !tyi_same_shape(sorter, sorted))
        return tyi_fail(TY_ERROR_VALUE, "searchsorted: sorter must have the shape of the sequence, %s, got %s",
                        TYI_SHAPE(sorted), TYI_SHAPE(sorter));
    int64_t n = sorted->sizes[sorted->ndim - 1];
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    ty_tensor *rows = sorter ? F(gather, sorted, -1, sorter) : sorted;
    ty_tensor *low = HOLD(ty_zeros(values->ndim, values->sizes, TY_INT64, values->storage->device));
    ty_tensor *high = HOLD(ty_full(values->ndim, values->sizes, ty_int(n), TY_INT64, values->storage->device));
    ty_tensor *last = WHOLE(n - 1);
    for (int64_t left = n; left > 0 && rows && low && high; left /= 2) {
        ty_tensor *middle = F(floor_divide, ADD(low, high), WHOLE(2)), *at = F(clamp, middle, NULL, last);
        ty_tensor *there = at ? (one ? F(take, rows, at) : F(gather, rows, -1, at)) : NULL;
        ty_tensor *open = F(lt, low, high);
        /* NaN is the largest. */
        ty_tensor *nan = F(isnan, values), *nan_there = F(isnan, there);
        ty_tensor *before = right ? F(logical_or, F(le, there, values), nan)
                                  : F(logical_or, F(lt, there, values), F(logical_and, nan, F(logical_not, nan_there)));
        ty_tensor *up = F(logical_and, before, open), *down = F(logical_and, F(logical_not, before), open);
        low = up ? WHERE(up, ADD(middle, WHOLE(1)), low) : NULL;
        high = down ? WHERE(down, middle, high) : NULL;
    }
    ty_set_grad_enabled(was);
    return tyi_composed(outer, high ? low : NULL);
}
