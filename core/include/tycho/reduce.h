/* Reductions, scans, sorting, statistics. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Reductions ----------------------------------------------------------------------------- */
/* ndims 0 (dims NULL) reduces over all dimensions. dtype TY_DTYPE_NONE: as PyTorch (sums of integers are int64). */

ty_tensor *ty_sum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_mean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_prod(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_var(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim);
ty_tensor *ty_std(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim);
ty_tensor *ty_amax(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_amin(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_all(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_any(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_logsumexp(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim);
ty_tensor *ty_max(ty_tensor *x); /* over all elements */
ty_tensor *ty_min(ty_tensor *x);
/* values and indices along one dimension; *indices (int64) is a new reference as well */
ty_tensor *ty_max_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_min_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_argmax(ty_tensor *x, const int *dim, bool keepdim); /* dim NULL: of the flattened tensor */
ty_tensor *ty_argmin(ty_tensor *x, const int *dim, bool keepdim);
ty_tensor *ty_cumsum(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_topk(ty_tensor *x, int64_t k, int dim, bool largest, bool sorted, ty_tensor **indices);
ty_tensor *ty_sort(ty_tensor *x, int dim, bool descending, bool stable, ty_tensor **indices);
ty_tensor *ty_cumprod(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_cummax(ty_tensor *x, int dim, ty_tensor **indices);
ty_tensor *ty_cummin(ty_tensor *x, int dim, ty_tensor **indices);
ty_tensor *ty_logcumsumexp(ty_tensor *x, int dim);
ty_tensor *ty_diff(ty_tensor *x, int64_t n, int dim, ty_tensor *prepend, ty_tensor *append); /* these may be NULL */
ty_tensor *ty_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim);                     /* x NULL: spacing dx */
ty_tensor *ty_cumulative_trapezoid(ty_tensor *y, ty_tensor *x, double dx, int dim);
ty_tensor *ty_searchsorted(ty_tensor *sorted, ty_tensor *values, bool right,
                           ty_tensor *sorter); /* sorter may be NULL */
ty_tensor *ty_nansum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_nanmean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_nanmedian(ty_tensor *x);
ty_tensor *ty_nanmedian_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_kthvalue(ty_tensor *x, int64_t k, int dim, bool keepdim, ty_tensor **indices); /* k from 1 */
ty_tensor *ty_cov(ty_tensor *x, int64_t correction, ty_tensor *frequencies, ty_tensor *weights);
ty_tensor *ty_corrcoef(ty_tensor *x);
ty_tensor *ty_histogram(ty_tensor *x, ty_tensor *edges, ty_tensor *weight, bool density);
ty_tensor *ty_renorm(ty_tensor *x, double p, int dim, double maxnorm);
ty_tensor *ty_count_nonzero(ty_tensor *x, int ndims, const int64_t *dims);
ty_tensor *ty_median(ty_tensor *x); /* over all elements; of two in the middle the lower */
ty_tensor *ty_median_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
ty_tensor *ty_mode(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices);
/* How a quantile between two elements is found. */
typedef enum {
    TY_QUANTILE_LINEAR,
    TY_QUANTILE_LOWER,
    TY_QUANTILE_HIGHER,
    TY_QUANTILE_MIDPOINT,
    TY_QUANTILE_NEAREST
} ty_quantile_how;
ty_tensor *ty_quantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how);
ty_tensor *ty_nanquantile(ty_tensor *x, ty_tensor *q, const int *dim, bool keepdim, ty_quantile_how how);
/* The different values of x (dim: slices) in order, or of neighbours; inverse, counts (int64) where not NULL. */
ty_tensor *ty_unique(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts);
ty_tensor *ty_unique_consecutive(ty_tensor *x, const int *dim, ty_tensor **inverse, ty_tensor **counts);
ty_tensor *ty_bincount(ty_tensor *x, ty_tensor *weights, int64_t minlength); /* weights may be NULL */
ty_tensor *ty_histc(ty_tensor *x, int64_t bins, double min, double max);     /* min == max: the range of x */
