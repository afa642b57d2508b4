/*
 * Statistics that leave NaNs out (nansum, nanmean, nanmedian, nanquantile), and those of several variables or of bins:
 * cov, corrcoef, histogram; kthvalue, renorm. Composed from reductions, sort and scatter_add.
 */
#include <math.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

#define WHOLE(v) HOLD(ty_scalar_tensor(ty_int(v), TY_DTYPE_NONE, true))

/* ---- Without NaNs ---- */

/* torch.nansum: the sum of what is not NaN. */
ty_tensor *ty_nansum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    if (!x)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *known = ty_dtype_is_floating((ty_dtype)x->dtype) ? WHERE(F(isnan, x), NUM(0), x) : x;
    return tyi_composed(outer, known ? F(sum, known, ndims, dims, keepdim, dtype) : NULL);
}

/* torch.nanmean: the mean of what is not NaN; NaN where nothing is left. */
ty_tensor *ty_nanmean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating(dtype == TY_DTYPE_NONE ? (ty_dtype)x->dtype : dtype))
        return tyi_fail(TY_ERROR_VALUE, "nanmean: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    int outer = tyi_temps_begin();
    ty_tensor *count = F(sum, F(logical_not, F(isnan, x)), ndims, dims, keepdim, TY_INT64);
    return tyi_composed(outer, DIV(HOLD(ty_nansum(x, ndims, dims, keepdim, dtype)), count));
}

/* torch.nanmedian along a dimension: the middle (the lower of two) of what is not NaN, and its place. */
ty_tensor *ty_nanmedian_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    *indices = NULL;
    int d = x ? tyi_wrap_dim("nanmedian", dim, x->ndim) : -1;
    int64_t along = d;
    if (d < 0)
        return NULL;
    if (x->ndim == 0 || !ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_median_dim(x, dim, keepdim, indices);
    if (x->sizes[d] == 0)
        return tyi_fail(TY_ERROR_VALUE, "nanmedian: dimension %lld of %s has no elements to choose from", tyi_said(d),
                        TYI_SHAPE(x));
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    ty_tensor *order = NULL, *sorted = HOLD(ty_sort(x, d, false, true, &order));
    HOLD(order);
    ty_tensor *known = sorted ? F(sum, F(logical_not, F(isnan, sorted)), 1, &along, true, TY_INT64) : NULL;
    ty_tensor *middle = known ? F(floor_divide, F(clamp, SUB(known, WHOLE(1)), WHOLE(0), NULL), WHOLE(2)) : NULL;
    ty_tensor *place = middle ? F(gather, order, d, middle) : NULL;
    ty_set_grad_enabled(was);
    ty_tensor *y = place ? F(gather, x, d, place) : NULL;
    if (y && !keepdim) {
        y = F(squeeze_dim, y, d);
        place = F(squeeze_dim, place, d);
    }
    *indices = y && place ? ty_clone(place) : NULL;
    return tyi_composed(outer, *indices ? y : NULL);
}

/* torch.nanmedian of all elements. */
ty_tensor *ty_nanmedian(ty_tensor *x)
{
    ty_tensor *flat = x ? ty_reshape(x, 1, (int64_t[]){-1}) : NULL, *indices = NULL;
    ty_tensor *y = flat ? ty_nanmedian_dim(flat, 0, false, &indices) : NULL;
    ty_release(indices);
    ty_release(flat);
    return y;
}

/* torch.nanquantile: the quantile of what is not NaN, along dim (NULL: of all elements); q a number or a vector, whose
 * results stand along a new first dimension. */
ty_tensor *ty_nanquantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how)
{
    if (!x || !q)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype) || (!q->wrapped && q->dtype != x->dtype) || q->ndim > 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "nanquantile: it takes floating values and a number or a vector of their dtype, got %s and %s",
                        TYI_DESCRIBE(x), TYI_DESCRIBE(q));
    int d = dim ? tyi_wrap_dim("nanquantile", *dim, x->ndim) : 0;
    if (d < 0)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *from = dim && x->ndim ? x : F(reshape, x, 1, (int64_t[]){-1}), *order = NULL;
    if (from && from->sizes[d] == 0) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "nanquantile: %s has no elements to choose from", TYI_SHAPE(x));
    }
    ty_tensor *last = F(movedim, from, 1, (int64_t[]){d}, 1, (int64_t[]){-1}),
              *there = HOLD(ty_to(q, TY_DTYPE_NONE, x->storage->device, false)),
              *row = F(reshape, there, 1, (int64_t[]){-1});
    ty_scalar bad = {.i = 1};
    if (row &&
        ty_item(F(any, F(logical_not, F(logical_and, F(ge, row, NUM(0)), F(le, row, NUM(1)))), 0, NULL, false), &bad) ==
            TY_OK &&
        bad.i) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "nanquantile: q must be between 0 and 1");
    }
    ty_tensor *sorted = last ? HOLD(ty_sort(last, -1, false, true, &order)) : NULL;
    HOLD(order);
    int64_t end = -1;
    ty_tensor *known = sorted ? F(sum, F(logical_not, F(isnan, sorted)), 1, &end, true, TY_INT64) : NULL;
    if (!known || !row)
        return tyi_composed(outer, NULL);
    ty_tensor *most = F(clamp, SUB(known, WHOLE(1)), WHOLE(0), NULL), *rank = MUL(F(to_dtype, most, TY_FLOAT64), row);
    ty_tensor *low = how == TY_QUANTILE_HIGHER    ? F(ceil, rank)
                     : how == TY_QUANTILE_NEAREST ? F(round, rank)
                                                  : F(floor, rank);
    bool between = how == TY_QUANTILE_LINEAR || how == TY_QUANTILE_MIDPOINT;
    ty_tensor *high = between ? F(ceil, rank) : low;
    ty_tensor *weight = how == TY_QUANTILE_MIDPOINT ? MUL(F(ones_like, rank, TY_DTYPE_NONE), NUM(0.5)) : SUB(rank, low);
    ty_tensor *below = F(gather, sorted, -1, F(to_dtype, low, TY_INT64));
    ty_tensor *above = between ? F(gather, sorted, -1, F(to_dtype, high, TY_INT64)) : below;
    ty_tensor *y = between ? F(lerp, below, above, F(to_dtype, weight, (ty_dtype)x->dtype)) : below; /* {..., q} */
    y = F(movedim, y, 1, (int64_t[]){-1}, 1, (int64_t[]){0});
    if (y && keepdim && !dim) {
        int64_t sizes[TY_MAX_DIMS + 1] = {y->sizes[0]};
        for (int k = 1; k <= x->ndim; k++)
            sizes[k] = 1;
        y = F(reshape, y, x->ndim + 1, sizes);
    } else if (y && keepdim) {
        y = F(unsqueeze, y, d + 1);
    }
    if (y && q->ndim == 0)
        y = F(squeeze_dim, y, 0);
    return tyi_composed(outer, y);
}

/* ---- kthvalue ---- */

/* torch.kthvalue: the k-th smallest (from 1) along dim, and in *indices (int64) where it stands. */
ty_tensor *ty_kthvalue(ty_tensor *x, int64_t k, int dim, bool keepdim, ty_tensor **indices)
{
    *indices = NULL;
    int d = x ? tyi_wrap_dim("kthvalue", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    int64_t size = x->ndim ? x->sizes[d] : 1;
    if (k < 1 || k > size)
        return tyi_fail(TY_ERROR_VALUE, "kthvalue: k must be between 1 and %lld, got %lld", (long long)size,
                        (long long)k);
    int outer = tyi_temps_begin();
    ty_tensor *order = NULL, *sorted = HOLD(ty_sort(x, d, false, true, &order));
    HOLD(order);
    ty_tensor *y = sorted, *place = order;
    if (sorted && x->ndim) {
        y = F(narrow, sorted, d, k - 1, 1), place = F(narrow, order, d, k - 1, 1);
        if (!keepdim)
            y = F(squeeze_dim, y, d), place = F(squeeze_dim, place, d);
    }
    y = y && place ? F(clone, y) : NULL;
    *indices = y ? ty_clone(place) : NULL;
    return tyi_composed(outer, *indices ? y : NULL);
}

/* ---- Several variables ---- */

/* torch.cov: {n, n} covariances of the rows of x {n, observations} (a vector: one variable), with whole frequencies and
 * weights of the observations (either may be NULL). */
ty_tensor *ty_cov(ty_tensor *x, int64_t correction, ty_tensor *frequencies, ty_tensor *weights)
{
    if (!x)
        return NULL;
    if (x->ndim > 2)
        return tyi_fail(TY_ERROR_VALUE,
                        "cov: it takes a matrix of variables and observations; this tensor's shape is %s",
                        TYI_SHAPE(x));
    int64_t observations = x->ndim ? x->sizes[x->ndim - 1] : 1, along = 1;
    ty_tensor *given[] = {frequencies, weights};
    for (int i = 0; i < 2; i++)
        if (given[i] && (given[i]->ndim > 1 || given[i]->numel != observations))
            return tyi_fail(TY_ERROR_VALUE, "cov: there must be one weight for each of %lld observations, got %s",
                            (long long)observations, TYI_SHAPE(given[i]));
    if (frequencies && ty_dtype_is_floating((ty_dtype)frequencies->dtype))
        return tyi_fail(TY_ERROR_VALUE, "cov: fweights must be whole numbers, got %s",
                        ty_dtype_name((ty_dtype)frequencies->dtype));
    int outer = tyi_temps_begin();
    ty_dtype dtype = tyi_float_type((ty_dtype)x->dtype);
    ty_tensor *rows = F(to_dtype, x->ndim == 2 ? x : F(reshape, x, 2, (int64_t[]){1, observations}), dtype);
    ty_tensor *w = frequencies ? F(to_dtype, frequencies, dtype) : NULL;
    if (weights)
        w = w ? MUL(w, F(to_dtype, weights, dtype)) : F(to_dtype, weights, dtype);
    ty_tensor *total = w ? F(sum, w, 0, NULL, false, TY_DTYPE_NONE) : NUM((double)observations), *norm;
    ty_tensor *mean = w ? DIV(F(sum, MUL(rows, w), 1, &along, true, TY_DTYPE_NONE), total)
                        : F(mean, rows, 1, &along, true, TY_DTYPE_NONE);
    if (!w)
        norm = NUM((double)observations - (double)correction);
    else if (!weights || correction == 0)
        norm = SUB(total, NUM((double)correction));
    else
        norm = SUB(total,
                   DIV(MUL(F(sum, MUL(w, weights), 0, NULL, false, TY_DTYPE_NONE), NUM((double)correction)), total));
    norm = F(clamp, norm, NUM(0), NULL);
    ty_tensor *centred = SUB(rows, mean), *weighted = w ? MUL(centred, w) : centred;
    ty_tensor *y = DIV(F(matmul, weighted, F(transpose, centred, 0, 1)), norm);
    return tyi_composed(outer, y && x->ndim < 2 ? F(reshape, y, 0, NULL) : y);
}

/* torch.corrcoef: correlations of the rows of x. */
ty_tensor *ty_corrcoef(ty_tensor *x)
{
    int outer = tyi_temps_begin();
    ty_tensor *c = HOLD(ty_cov(x, 1, NULL, NULL));
    if (!c || c->ndim == 0)
        return tyi_composed(outer, c ? DIV(c, c) : NULL);
    ty_tensor *deviation = F(sqrt, F(diagonal, c, 0, 0, 1));
    ty_tensor *y = DIV(DIV(c, F(unsqueeze, deviation, 1)), F(unsqueeze, deviation, 0));
    return tyi_composed(outer, y ? F(clamp, y, NUM(-1), NUM(1)) : NULL);
}

/* torch.histogram of all elements of x: the sums of weights (NULL: 1 each) that fall between neighbouring `edges`, an
 * ascending vector of x's dtype; the last bin has both its edges. With `density` they integrate to 1. */
ty_tensor *ty_histogram(ty_tensor *x, ty_tensor *edges, ty_tensor *weight, bool density)
{
    if (!x || !edges)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype) || edges->dtype != x->dtype || edges->ndim != 1 || edges->numel < 2)
        return tyi_fail(TY_ERROR_VALUE,
                        "histogram: it takes floating values and two or more edges of their dtype, got %s "
                        "and %s",
                        TYI_DESCRIBE(x), TYI_DESCRIBE(edges));
    if (weight && (weight->dtype != x->dtype || !tyi_same_shape(weight, x)))
        return tyi_fail(TY_ERROR_VALUE, "histogram: the weights must be %s, got %s", TYI_DESCRIBE(x),
                        TYI_DESCRIBE(weight));
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    int64_t bins = edges->numel - 1;
    ty_tensor *flat = F(reshape, x, 1, (int64_t[]){-1});
    ty_tensor *last = F(select, edges, 0, bins),
              *inside = flat ? F(logical_and, F(ge, flat, F(select, edges, 0, 0)), F(le, flat, last)) : NULL;
    ty_tensor *held = inside ? F(masked_select, flat, inside) : NULL;
    ty_tensor *place =
        held ? F(clamp, SUB(HOLD(ty_searchsorted(edges, held, true, NULL)), WHOLE(1)), NULL, WHOLE(bins - 1)) : NULL;
    ty_tensor *each = !held    ? NULL
                      : weight ? F(masked_select, F(reshape, weight, 1, (int64_t[]){-1}), inside)
                               : F(ones_like, held, TY_DTYPE_NONE);
    ty_tensor *none = HOLD(ty_zeros(1, &bins, (ty_dtype)x->dtype, x->storage->device));
    ty_tensor *y = place && each && none ? F(scatter_add, none, 0, place, each) : NULL;
    if (density && y)
        y = DIV(DIV(y, F(sum, y, 0, NULL, false, TY_DTYPE_NONE)), HOLD(ty_diff(edges, 1, 0, NULL, NULL)));
    ty_set_grad_enabled(was);
    return tyi_composed(outer, y);
}

/* torch.renorm: slices along dim whose p-norm is above maxnorm are scaled down to it. */
ty_tensor *ty_renorm(ty_tensor *x, double p, int dim, double maxnorm)
{
    int d = x ? tyi_wrap_dim("renorm", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (x->ndim < 2 || !(p > 0) || !(maxnorm >= 0))
        return tyi_fail(TY_ERROR_VALUE,
                        "renorm: it takes two or more dimensions, p > 0 and maxnorm >= 0, got shape %s, %g, %g",
                        TYI_SHAPE(x), p, maxnorm);
    int64_t others[TY_MAX_DIMS];
    int count = 0, outer = tyi_temps_begin();
    for (int k = 0; k < x->ndim; k++)
        if (k != d)
            others[count++] = k;
    ty_tensor *norm = F(norm, x, p, count, others, true);
    ty_tensor *large = norm ? F(gt, norm, NUM(maxnorm)) : NULL;
    ty_tensor *scale = large ? WHERE(large, DIV(NUM(maxnorm), ADD(norm, NUM(1e-7))), NUM(1)) : NULL;
    return tyi_composed(outer, scale ? F(to_dtype, MUL(x, scale), (ty_dtype)x->dtype) : NULL);
}
