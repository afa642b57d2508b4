/*
 * Order and counting: median, quantile, mode, bincount, histc. Composed from sort, gather and scatter_add.
 */
#include <math.h>

#include "ops/indexing.h"
#include "ops/support.h"

#define K(x)     tyi_keep(&scope, (x))
#define NUM(v)   K(ty_scalar_tensor(ty_float(v), TY_DTYPE_NONE, true))
#define WHOLE(v) K(ty_scalar_tensor(ty_int(v), TY_DTYPE_NONE, true))

/* Size of a dimension that must have elements to choose from; -1 after setting the error. */
static int64_t filled(const char *name, const ty_tensor *x, int d)
{
    int64_t size = x->ndim ? x->sizes[d] : 1;
    if (size > 0)
        return size;
    ty_fail(TY_ERROR_VALUE, "%s: dimension %lld of %s has no elements to choose from", name, tyi_said(d), TYI_SHAPE(x));
    return -1;
}

/* x with dimension d dropped unless keepdim; takes x over. */
static ty_tensor *dropped(ty_tensor *x, int d, bool keepdim)
{
    if (keepdim || !x || x->ndim == 0)
        return x;
    ty_tensor *y = ty_squeeze_dim(x, d);
    ty_release(x);
    return y;
}

/* ---- median, mode ---- */

/* torch.median along a dimension: the middle value, the lower one of two, and in *indices (int64) where it is. NaN
 * where there is one. */
ty_tensor *ty_median_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    *indices = NULL;
    int d = x ? tyi_wrap_dim("median", dim, x->ndim) : -1;
    int64_t size = d < 0 ? -1 : filled("median", x, d), at = d;
    if (size < 0)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *out = NULL, *order = NULL, *middle = NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *sorted = K(ty_sort(x, d, false, true, &order));
    K(order);
    if (sorted && ty_dtype_is_floating((ty_dtype)x->dtype)) { /* NaNs stand last: the first of them */
        ty_tensor *nans = K(ty_sum(K(ty_isnan(sorted)), x->ndim ? 1 : 0, &at, true, TY_INT64));
        ty_tensor *first = K(ty_sub(WHOLE(size), nans, ty_int(1)));
        middle = K(ty_where(K(ty_gt(nans, WHOLE(0))), first, WHOLE((size - 1) / 2)));
    } else if (sorted) {
        ty_tensor *part = K(ty_narrow(K(x->ndim ? ty_retain(order) : ty_reshape(order, 1, (int64_t[]){1})), d, 0, 1));
        middle = K(part ? ty_full(x->ndim, part->sizes, ty_int((size - 1) / 2), TY_INT64, ty_device_of(x)) : NULL);
    }
    ty_tensor *places = K(middle ? ty_gather(order, d, middle) : NULL);
    ty_set_grad_enabled(was);
    if (places) {
        out = dropped(ty_gather(x, d, places), d, keepdim);
        *indices = out ? dropped(ty_clone(places), d, keepdim) : NULL;
        if (out && !*indices)
            out = tyi_drop(out);
    }
    tyi_scope_end(&scope);
    return out;
}

/* torch.median of all elements. */
ty_tensor *ty_median(ty_tensor *x)
{
    if (!x)
        return NULL;
    if (x->numel == 0)
        return tyi_fail(TY_ERROR_VALUE, "median: a tensor without elements (%s) has no median", TYI_SHAPE(x));
    ty_tensor *flat = ty_reshape(x, 1, (int64_t[]){-1}), *indices = NULL;
    ty_tensor *y = flat ? ty_median_dim(flat, 0, false, &indices) : NULL;
    ty_release(indices);
    ty_release(flat);
    return y;
}

/* Whether each element of a sorted dimension differs from the one before it; the first does. The dimension has
 * elements. */
static ty_tensor *starts(ty_tensor *sorted, int d)
{
    tyi_scope scope = {0};
    int64_t size = sorted->sizes[d];
    ty_tensor *head = K(ty_narrow(sorted, d, 0, 1)), *first = K(head ? ty_ones_like(head, TY_BOOL) : NULL);
    ty_tensor *here = K(ty_narrow(sorted, d, 1, size - 1)), *before = K(ty_narrow(sorted, d, 0, size - 1));
    ty_tensor *differs = K(ty_ne(here, before));
    ty_tensor *out = first && differs ? ty_cat((ty_tensor *[]){first, differs}, 2, d) : NULL;
    tyi_scope_end(&scope);
    return out;
}

/* torch.mode along a dimension: the value that occurs most often, the smallest of several, and in *indices (int64) the
 * last place where it stands. */
ty_tensor *ty_mode(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    *indices = NULL;
    int d = x ? tyi_wrap_dim("mode", dim, x->ndim) : -1;
    int64_t size = d < 0 ? -1 : filled("mode", x, d);
    if (size < 0)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *out = NULL, *order = NULL, *rank = NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *from = K(x->ndim ? ty_retain(x) : ty_reshape(x, 1, (int64_t[]){1}));
    ty_tensor *sorted = K(ty_sort(from, d, false, true, &order));
    K(order);
    /* Runs of equal values: the number of each element's run, the run's length, and the last element of the longest. */
    ty_tensor *first = sorted ? K(starts(sorted, d)) : NULL;
    ty_tensor *run = K(ty_sub(K(ty_cumsum(first, d, TY_INT64)), WHOLE(1), ty_int(1)));
    ty_tensor *ones = K(run ? ty_ones_like(run, TY_DTYPE_NONE) : NULL);
    ty_tensor *counts = K(ty_scatter_add(K(run ? ty_zeros_like(run, TY_DTYPE_NONE) : NULL), d, run, ones));
    ty_tensor *longest = K(counts ? ty_max_dim(counts, d, true, &rank) : NULL);
    K(rank);
    ty_tensor *upto = K(ty_cumsum(counts, d, TY_DTYPE_NONE));
    ty_tensor *last = longest ? K(ty_sub(K(ty_gather(upto, d, rank)), WHOLE(1), ty_int(1))) : NULL;
    ty_tensor *places = K(last ? ty_gather(order, d, last) : NULL);
    ty_set_grad_enabled(was);
    if (places) {
        ty_tensor *whole = K(x->ndim ? ty_retain(places) : ty_reshape(places, 0, NULL));
        out = dropped(whole ? ty_gather(x, d, whole) : NULL, d, keepdim);
        *indices = out ? dropped(ty_clone(whole), d, keepdim) : NULL;
        if (out && !*indices)
            out = tyi_drop(out);
    }
    tyi_scope_end(&scope);
    return out;
}

/* ---- quantile ---- */

/* torch.quantile: the value below which the fraction q lies, between neighbours as `how` says: 0 linear, 1 lower,
 * 2 higher, 3 midpoint, 4 nearest. q {} or {n} of x's dtype: with n, the result has it as its first dimension. dim
 * NULL: of the flattened tensor. */
ty_tensor *ty_quantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how)
{
    if (!x || !q)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "quantile: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    if (q->ndim > 1 || (!q->wrapped && q->dtype != x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "quantile: q must be a number or a vector of dtype %s, got %s",
                        ty_dtype_name((ty_dtype)x->dtype), TYI_DESCRIBE(q));
    int d = dim ? tyi_wrap_dim("quantile", *dim, x->ndim) : 0;
    if (d < 0)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *out = NULL, *order = NULL, *fractions[1];
    ty_tensor *from = K(dim && x->ndim ? ty_retain(x) : ty_reshape(x, 1, (int64_t[]){-1}));
    ty_tensor *host = K(ty_to(q, TY_FLOAT64, TY_DEVICE_CPU, false));
    fractions[0] = host = K(host ? tyi_dense(host) : NULL);
    int64_t size = !from || !host ? -1 : filled("quantile", from, d);
    if (size < 0 || tyi_host_read("quantile", host) != TY_OK)
        goto done;
    const double *fraction = tyi_data(fractions[0]);
    int64_t n = host->numel;
    ty_tensor *below = K(ty_empty(1, &n, TY_INT64, TY_DEVICE_CPU)),
              *above = K(ty_empty(1, &n, TY_INT64, TY_DEVICE_CPU));
    ty_tensor *weight = K(ty_empty(1, &n, TY_FLOAT64, TY_DEVICE_CPU));
    if (!below || !above || !weight)
        goto done;
    for (int64_t i = 0; i < n; i++) {
        if (!(fraction[i] >= 0 && fraction[i] <= 1)) {
            ty_fail(TY_ERROR_VALUE, "quantile: q must be between 0 and 1, got %g", fraction[i]);
            goto done;
        }
        double rank = fraction[i] * (double)(size - 1);
        if ((ty_dtype)x->dtype == TY_FLOAT32) /* ranks are numbers of x's dtype */
            rank = (float)fraction[i] * (float)(size - 1);
        double low = how == TY_QUANTILE_HIGHER    ? ceil(rank)
                     : how == TY_QUANTILE_NEAREST ? nearbyint(rank)
                                                  : floor(rank);
        bool between = how == TY_QUANTILE_LINEAR || how == TY_QUANTILE_MIDPOINT;
        ((int64_t *)tyi_data(below))[i] = (int64_t)low;
        ((int64_t *)tyi_data(above))[i] = (int64_t)(between ? ceil(rank) : low);
        ((double *)tyi_data(weight))[i] = how == TY_QUANTILE_MIDPOINT ? 0.5 : between ? rank - low : 0;
    }
    ty_tensor *last = K(ty_transpose(from, d, -1)), *sorted = K(last ? ty_sort(last, -1, false, true, &order) : NULL);
    K(order);
    if (!sorted)
        goto done;
    ty_device device = ty_device_of(x);
    ty_tensor *low = K(ty_index_select(sorted, -1, K(ty_to(below, TY_INT64, device, false))));
    ty_tensor *high = K(ty_index_select(sorted, -1, K(ty_to(above, TY_INT64, device, false))));
    ty_tensor *mixed = K(ty_lerp(low, high, K(ty_to(weight, (ty_dtype)x->dtype, device, false))));
    /* A NaN makes the whole row NaN; it stands last. */
    ty_tensor *end = K(ty_narrow(sorted, -1, size - 1, 1)), *bad = K(ty_isnan(end));
    ty_tensor *values = K(ty_where(bad, end, mixed)); /* {..., n}, dimension d swapped with the last */
    if (!values)
        goto done;
    int64_t sizes[TY_MAX_DIMS + 1], order_of[TY_MAX_DIMS], count = 0;
    /* n to the front, and the others in their order; what stood last is at d now. */
    order_of[count++] = values->ndim - 1;
    for (int k = 0; k < values->ndim; k++)
        if (k != d)
            order_of[count++] = k == values->ndim - 1 ? d : k;
    ty_tensor *turned = K(ty_permute(values, values->ndim, order_of));
    count = 0;
    if (q->ndim)
        sizes[count++] = n;
    for (int k = 0; k < x->ndim; k++) {
        bool goes = !dim || k == d;
        if (goes && keepdim)
            sizes[count++] = 1;
        else if (!goes)
            sizes[count++] = x->sizes[k];
    }
    if (count > TY_MAX_DIMS)
        ty_fail(TY_ERROR_VALUE, "quantile: the result would have %d dimensions, more than %d", (int)count, TY_MAX_DIMS);
    else
        out = turned ? ty_reshape(turned, (int)count, sizes) : NULL;
done:
    tyi_scope_end(&scope);
    return out;
}

/* ---- bincount, histc ---- */

/* torch.bincount: how often each whole number from 0 on occurs in the vector x, or the sum of its weights; at least
 * `minlength` numbers. int64, of floating weights their dtype. */
ty_tensor *ty_bincount(ty_tensor *x, ty_tensor *weights, int64_t minlength)
{
    if (!x)
        return NULL;
    if (x->ndim != 1 || ty_dtype_is_floating((ty_dtype)x->dtype) || (ty_dtype)x->dtype == TY_BOOL)
        return tyi_fail(TY_ERROR_VALUE, "bincount: it counts a vector of whole numbers, got %s", TYI_DESCRIBE(x));
    if (weights && !(weights->ndim == 1 && weights->numel == x->numel))
        return tyi_fail(TY_ERROR_VALUE,
                        "bincount: there must be one weight for each of the %lld elements; the shape of "
                        "weights is %s",
                        (long long)x->numel, TYI_SHAPE(weights));
    if (minlength < 0)
        return tyi_fail(TY_ERROR_VALUE, "bincount: minlength must be 0 or more, got %lld", (long long)minlength);
    bool was = ty_set_grad_enabled(false);
    tyi_scope scope = {0};
    ty_tensor *y = NULL, *numbers = K(ty_to_dtype(x, TY_INT64));
    int64_t length = minlength;
    if (!numbers)
        goto done;
    if (x->numel) {
        ty_scalar least, most;
        if (ty_item(K(ty_min(numbers)), &least) != TY_OK || ty_item(K(ty_max(numbers)), &most) != TY_OK)
            goto done;
        if (least.i < 0) {
            ty_fail(TY_ERROR_VALUE, "bincount: negative numbers cannot be counted; there is %lld", (long long)least.i);
            goto done;
        }
        if (most.i == INT64_MAX) {
            ty_fail(TY_ERROR_VALUE, "bincount: %lld is too large to count up to", (long long)most.i);
            goto done;
        }
        length = most.i >= length ? most.i + 1 : length;
    }
    ty_dtype dtype = !weights ? TY_INT64 : (ty_dtype)weights->dtype == TY_FLOAT32 ? TY_FLOAT32 : TY_FLOAT64;
    ty_tensor *each = K(weights ? ty_to_dtype(weights, dtype) : ty_ones_like(numbers, TY_INT64));
    ty_tensor *none = K(ty_zeros(1, &length, dtype, ty_device_of(x)));
    y = each && none ? ty_scatter_add(none, 0, numbers, each) : NULL;
done:
    tyi_scope_end(&scope);
    ty_set_grad_enabled(was);
    return y;
}

/* torch.histc: how many elements fall into each of `bins` equal parts of [min, max]; others are left out. min and max
 * equal: the least and the largest element. The result has x's (floating) dtype. */
ty_tensor *ty_histc(ty_tensor *x, int64_t bins, double min, double max)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "histc: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    if (bins <= 0)
        return tyi_fail(TY_ERROR_VALUE, "histc: bins must be 1 or more, got %lld", (long long)bins);
    bool was = ty_set_grad_enabled(false);
    tyi_scope scope = {0};
    ty_tensor *y = NULL;
    if (min == max && x->numel) {
        ty_scalar least, most;
        if (ty_item(K(ty_min(x)), &least) != TY_OK || ty_item(K(ty_max(x)), &most) != TY_OK)
            goto done;
        min = least.f;
        max = most.f;
    }
    if (min == max) {
        min -= 1;
        max += 1;
    }
    if (!isfinite(min) || !isfinite(max) || min > max) {
        ty_fail(TY_ERROR_VALUE, "histc: the range from %g to %g is none; give finite min < max", min, max);
        goto done;
    }
    ty_tensor *low = NUM(min), *high = NUM(max), *flat = K(ty_reshape(x, 1, (int64_t[]){-1}));
    ty_tensor *inside = K(ty_logical_and(K(ty_ge(flat, low)), K(ty_le(flat, high))));
    ty_tensor *held = K(ty_masked_select(flat, inside));
    ty_tensor *place = K(ty_div(K(ty_mul(K(ty_sub(held, low, ty_int(1))), NUM((double)bins))), NUM(max - min)));
    place = K(ty_clamp(K(ty_to_dtype(place, TY_INT64)), NULL, WHOLE(bins - 1)));
    ty_tensor *none = K(ty_zeros(1, &bins, (ty_dtype)x->dtype, ty_device_of(x)));
    ty_tensor *ones = K(held ? ty_ones_like(held, TY_DTYPE_NONE) : NULL);
    y = place && none && ones ? ty_scatter_add(none, 0, place, ones) : NULL;
done:
    tyi_scope_end(&scope);
    ty_set_grad_enabled(was);
    return y;
}
