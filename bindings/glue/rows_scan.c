/*
 * Rows of the binding table: scans along a dimension, reductions that leave NaNs out or give two results, places in
 * sorted values.
 */
#include "args.h"

#define OUT(n) (&c->out[n].tensor)

static void cummax(tyb_call *c)
{
    RETURN(ty_cummax(T(0), DIM(1), OUT(1)));
}

static void cummin(tyb_call *c)
{
    RETURN(ty_cummin(T(0), DIM(1), OUT(1)));
}

static void logcumsumexp(tyb_call *c)
{
    RETURN(ty_logcumsumexp(T(0), DIM(1)));
}

static void diff(tyb_call *c)
{
    RETURN(ty_diff(T(0), INT(1), DIM(2), T(3), T(4)));
}

static void trapezoid(tyb_call *c)
{
    if (c->form == 0)
        RETURN(ty_trapezoid(T(0), NULL, FLOAT(1), DIM(2)));
    else
        RETURN(ty_trapezoid(T(0), T(1), 1, DIM(2)));
}

static void cumulative_trapezoid(tyb_call *c)
{
    if (c->form == 0)
        RETURN(ty_cumulative_trapezoid(T(0), NULL, FLOAT(1), DIM(2)));
    else
        RETURN(ty_cumulative_trapezoid(T(0), T(1), 1, DIM(2)));
}

static ty_tensor *as_asked(ty_tensor *places, bool narrow)
{
    ty_tensor *y = places && narrow ? ty_to_dtype(places, TY_INT32) : ty_retain(places);
    ty_release(places);
    return y;
}

static void searchsorted(tyb_call *c)
{
    if (GIVEN(4) && BOOL(3) && CHOICE(4) == 0)
        c->status = ty_fail(TY_ERROR_VALUE, "searchsorted: side \"left\" and right = true contradict each other");
    else
        RETURN(as_asked(ty_searchsorted(T(0), T(1), BOOL(3) || CHOICE(4) == 1, T(5)), BOOL(2)));
}

static void bucketize(tyb_call *c)
{
    if (ty_ndim(T(1)) != 1)
        c->status =
            ty_fail(TY_ERROR_VALUE, "bucketize: the boundaries must be a vector, got %d dimensions", ty_ndim(T(1)));
    else
        RETURN(as_asked(ty_searchsorted(T(1), T(0), BOOL(3), NULL), BOOL(2)));
}

static void nansum(tyb_call *c)
{
    RETURN(ty_nansum(T(0), COUNT(1), INTS(1), BOOL(2), DTYPE(3)));
}

static void nanmean(tyb_call *c)
{
    RETURN(ty_nanmean(T(0), COUNT(1), INTS(1), BOOL(2), DTYPE(3)));
}

static void nanmedian(tyb_call *c)
{
    RETURN(c->form == 0 ? ty_nanmedian(T(0)) : ty_nanmedian_dim(T(0), DIM(1), BOOL(2), OUT(1)));
}

static void nanquantile(tyb_call *c)
{
    int dim = DIM(2);
    RETURN(ty_nanquantile(T(0), T(1), GIVEN(2) ? &dim : NULL, BOOL(3), (ty_quantile_how)CHOICE(4)));
}

static void aminmax(tyb_call *c)
{
    int64_t dim = DIM(1);
    RETURN(ty_amin(T(0), GIVEN(1), &dim, BOOL(2)));
    *OUT(1) = c->out[0].tensor ? ty_amax(T(0), GIVEN(1), &dim, BOOL(2)) : NULL;
}

static double correction(const tyb_call *c)
{
    return GIVEN(4) ? FLOAT(4) : BOOL(2) ? 1 : 0;
}

static void var_mean(tyb_call *c)
{
    RETURN(ty_var(T(0), COUNT(1), INTS(1), correction(c), BOOL(3)));
    *OUT(1) = c->out[0].tensor ? ty_mean(T(0), COUNT(1), INTS(1), BOOL(3), TY_DTYPE_NONE) : NULL;
}

static void std_mean(tyb_call *c)
{
    RETURN(ty_std(T(0), COUNT(1), INTS(1), correction(c), BOOL(3)));
    *OUT(1) = c->out[0].tensor ? ty_mean(T(0), COUNT(1), INTS(1), BOOL(3), TY_DTYPE_NONE) : NULL;
}

static void kthvalue(tyb_call *c)
{
    RETURN(ty_kthvalue(T(0), INT(1), DIM(2), BOOL(3), OUT(1)));
}

static void msort(tyb_call *c)
{
    ty_tensor *indices;
    RETURN(ty_sort(T(0), 0, false, true, &indices));
    ty_release(indices);
}

static void argwhere(tyb_call *c)
{
    RETURN(ty_nonzero(T(0)));
}

static void cov(tyb_call *c)
{
    RETURN(ty_cov(T(0), INT(1), T(2), T(3)));
}

static void corrcoef(tyb_call *c)
{
    RETURN(ty_corrcoef(T(0)));
}

/* The numbers of a pair {least, largest}. */
static ty_status pair_of(ty_tensor *x, double *low, double *high)
{
    ty_tensor *wide = ty_numel(x) == 2 ? ty_to(x, TY_FLOAT64, TY_DEVICE_CPU, true) : NULL;
    const double *numbers = wide ? ty_data(wide) : NULL;
    if (!wide && ty_numel(x) != 2)
        return ty_fail(TY_ERROR_VALUE, "histogram: range is {least, largest}, got %lld numbers",
                       (long long)ty_numel(x));
    if (numbers) {
        *low = numbers[0];
        *high = numbers[1];
    }
    ty_release(wide);
    return numbers ? TY_OK : TY_FAIL;
}

/* Edges from a number of bins: between the given range, or the least and largest element. */
static ty_tensor *edges_of(tyb_call *c)
{
    double low = 0, high = 0;
    if (INT(1) < 1)
        return ty_fail(TY_ERROR_VALUE, "histogram: bins must be 1 or more, got %lld", (long long)INT(1)), NULL;
    if (T(2)) {
        if (pair_of(T(2), &low, &high) != TY_OK)
            return NULL;
    } else if (ty_numel(T(0))) {
        ty_tensor *ends[] = {ty_min(T(0)), ty_max(T(0))}, *both = ty_stack(ends, 2, 0);
        ty_status status = both ? pair_of(both, &low, &high) : TY_FAIL;
        ty_release(ends[0]);
        ty_release(ends[1]);
        ty_release(both);
        if (status != TY_OK)
            return NULL;
    }
    if (!(high >= low) || high - low > 1e300)
        return ty_fail(TY_ERROR_VALUE, "histogram: the range from %g to %g is none", low, high), NULL;
    if (high == low)
        low -= 0.5, high += 0.5;
    return ty_linspace(low, high, INT(1) + 1, ty_dtype_of(T(0)), ty_device_of(T(0)));
}

static void histogram(tyb_call *c)
{
    ty_tensor *edges = c->form == 0 ? edges_of(c) : ty_clone(T(1)), *weight = c->form == 0 ? T(3) : T(2);
    RETURN(edges ? ty_histogram(T(0), edges, weight, c->form == 0 ? BOOL(4) : BOOL(3)) : NULL);
    *OUT(1) = edges;
}

static void renorm(tyb_call *c)
{
    RETURN(ty_renorm(T(0), FLOAT(1), DIM(2), FLOAT(3)));
}

TYB_IN_PLACE(renorm)

#define OVER "(input: Tensor, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor"
#define AREA                                                                                                           \
    "(y: Tensor, *, dx: float = 1, dim: dim = -1) -> Tensor\n(y: Tensor, x: Tensor, *, dim: dim = -1) -> Tensor"

const tyb_row tyb_rows_scan[] = {
    {"cummax", "(input: Tensor, dim: dim) -> (values: Tensor, indices: Indices)", cummax, TYB_BOTH,
     "The largest element up to each position of a dimension, and where it stands (the last of equal ones).",
     "ty.tensor{1, 3, 2}:cummax(1)"},
    {"cummin", "(input: Tensor, dim: dim) -> (values: Tensor, indices: Indices)", cummin, TYB_BOTH,
     "The smallest element up to each position of a dimension, and where it stands (the last of equal ones).",
     "ty.tensor{3, 1, 2}:cummin(1)"},
    {"logcumsumexp", "(input: Tensor, dim: dim) -> Tensor", logcumsumexp, TYB_BOTH | TYB_OUT,
     "The logarithms of the sums of exp(x) up to each position of a dimension.", "ty.zeros(3):logcumsumexp(1)"},
    {"diff", "(input: Tensor, n: int = 1, dim: dim = -1, prepend: Tensor?, append: Tensor?) -> Tensor", diff,
     TYB_BOTH | TYB_OUT,
     "Differences of neighbours along dim, n times; prepend and append are joined to the ends first.",
     "ty.tensor{1, 4, 9}:diff()"},
    {"trapezoid", AREA, trapezoid, TYB_TY,
     "The area below y along dim by the trapezoidal rule, at the places x or with spacing dx.",
     "ty.trapezoid(ty.tensor{1.0, 2.0, 3.0})"},
    {"trapz", AREA, trapezoid, TYB_TY, "Another name of trapezoid.", "ty.trapz(ty.tensor{1.0, 2.0, 3.0})"},
    {"cumulative_trapezoid", AREA, cumulative_trapezoid, TYB_TY,
     "The areas below y up to each position of dim from the second on.",
     "ty.cumulative_trapezoid(ty.tensor{1.0, 2.0, 3.0})"},
    {"searchsorted",
     "(sorted_sequence: Tensor, input: Tensor|number, *, out_int32: bool = false, right: bool = false, side: "
     "\"left\"|\"right\"?, sorter: Indices?) -> Indices",
     searchsorted, TYB_TY,
     "The position in a sorted row where each value would be put to keep it sorted: before equal ones, or behind them "
     "with "
     "right; one past the end for the largest. The rows' leading dimensions are those of input, or there is one row. "
     "sorter: the positions that sort an unsorted row.",
     "ty.searchsorted(ty.tensor{1, 3, 5}, ty.tensor{0, 3, 9})"},
    {"bucketize",
     "(input: Tensor|number, boundaries: Tensor, *, out_int32: bool = false, right: bool = false) -> Indices",
     bucketize, TYB_TY,
     "The number of the bucket, from 1, that each value falls into between ascending boundaries; a boundary belongs to "
     "the "
     "bucket before it, with right to the one behind it.",
     "ty.bucketize(ty.tensor{0.5, 2.5}, ty.tensor{1.0, 2.0})"},
    {"nansum", OVER, nansum, TYB_BOTH | TYB_OUT, "The sum of what is not NaN.", "ty.tensor{1.0, 0 / 0}:nansum()"},
    {"nanmean", OVER, nanmean, TYB_BOTH, "The mean of what is not NaN.", "ty.tensor{1.0, 0 / 0}:nanmean()"},
    {"nanmedian",
     "(input: Tensor) -> Tensor\n"
     "(input: Tensor, dim: dim, keepdim: bool = false) -> (values: Tensor, indices: Indices)",
     nanmedian, TYB_BOTH, "The median of what is not NaN; with dim, along it, and where it stands.",
     "ty.tensor{1.0, 0 / 0, 3.0}:nanmedian()"},
    {"nanquantile",
     "(input: Tensor, q: Tensor|number, dim: dim?, keepdim: bool = false, *, interpolation: "
     "\"linear\"|\"lower\"|\"higher\"|\"midpoint\"|\"nearest\" = \"linear\") -> Tensor",
     nanquantile, TYB_BOTH, "The quantile of what is not NaN, as quantile.",
     "ty.tensor{1.0, 0 / 0, 3.0}:nanquantile(0.5)"},
    {"aminmax", "(input: Tensor, *, dim: dim?, keepdim: bool = false) -> (min: Tensor, max: Tensor)", aminmax, TYB_BOTH,
     "The smallest and the largest element, of all or along dim.", "ty.tensor{3, 1, 2}:aminmax()"},
    {"var_mean",
     "(input: Tensor, dim: dims?, unbiased: bool = true, keepdim: bool = false, *, correction: float?) -> (var: "
     "Tensor, "
     "mean: Tensor)",
     var_mean, TYB_TY, "The variance, as var, and the mean.", "ty.var_mean(ty.tensor{1.0, 2.0, 3.0})"},
    {"std_mean",
     "(input: Tensor, dim: dims?, unbiased: bool = true, keepdim: bool = false, *, correction: float?) -> (std: "
     "Tensor, "
     "mean: Tensor)",
     std_mean, TYB_TY, "The standard deviation, as std, and the mean.", "ty.std_mean(ty.tensor{1.0, 2.0, 3.0})"},
    {"kthvalue", "(input: Tensor, k: int, dim: dim = -1, keepdim: bool = false) -> (values: Tensor, indices: Indices)",
     kthvalue, TYB_BOTH, "The k-th smallest element along a dimension, and where it stands.",
     "ty.tensor{3, 1, 2}:kthvalue(2)"},
    {"msort", "(input: Tensor) -> Tensor", msort, TYB_BOTH, "Sorted along the first dimension.",
     "ty.tensor{3, 1, 2}:msort()"},
    {"argwhere", "(input: Tensor) -> Indices", argwhere, TYB_BOTH, "Another name of nonzero.",
     "ty.tensor{0, 5, 6}:argwhere()"},
    {"cov", "(input: Tensor, *, correction: int = 1, fweights: Tensor?, aweights: Tensor?) -> Tensor", cov, TYB_BOTH,
     "Covariances of variables, which are the rows of input; the columns are observations, with frequencies fweights "
     "(whole numbers) and weights aweights.",
     "ty.tensor{{0.0, 1, 2}, {2.0, 1, 0}}:cov()"},
    {"corrcoef", "(input: Tensor) -> Tensor", corrcoef, TYB_BOTH, "Correlations of variables, the rows of input.",
     "ty.tensor{{0.0, 1, 2}, {2.0, 1, 1}}:corrcoef()"},
    {"histogram",
     "(input: Tensor, bins: int, *, range: Tensor|list?, weight: Tensor?, density: bool = false) -> (hist: Tensor, "
     "bin_edges: "
     "Tensor)\n"
     "(input: Tensor, bins: Tensor, *, weight: Tensor?, density: bool = false) -> (hist: Tensor, bin_edges: Tensor)",
     histogram, TYB_BOTH,
     "How many elements (or how much weight) fall between neighbouring edges, and the edges: a vector, or so many bins "
     "of "
     "one width over a range {least, largest} or that of the elements. density: divided so that they integrate to 1.",
     "ty.tensor{1.0, 2.0, 2.5}:histogram(2)"},
    {"renorm", "(input: Tensor, p: float, dim: dim, maxnorm: float) -> Tensor", renorm, TYB_BOTH,
     "Slices along dim whose p-norm is above maxnorm are scaled down to it.", "ty.ones(2, 4):renorm(2, 1, 1.0)"},
    {"renorm_", "(input: Tensor, p: float, dim: dim, maxnorm: float) -> self", renorm_in_place, TYB_METHOD,
     "x:renorm(p, dim, maxnorm) in place.", NULL},
    {0},
};
