/*
 * Rows of the binding table: reductions, cumulative sums, sorting.
 */
#include "args.h"

#define OVER "(input: Tensor, dim: dims?, keepdim: bool = false) -> Tensor"

static void sum(tyb_call *c)
{
    RETURN(ty_sum(T(0), COUNT(1), INTS(1), BOOL(2), DTYPE(3)));
}

static void mean(tyb_call *c)
{
    RETURN(ty_mean(T(0), COUNT(1), INTS(1), BOOL(2), DTYPE(3)));
}

static void prod(tyb_call *c)
{
    RETURN(ty_prod(T(0), COUNT(1), INTS(1), BOOL(2), DTYPE(3)));
}

/* correction wins over the older unbiased. */
static double correction(tyb_call *c)
{
    return GIVEN(4) ? FLOAT(4) : BOOL(2) ? 1 : 0;
}

static void var(tyb_call *c)
{
    RETURN(ty_var(T(0), COUNT(1), INTS(1), correction(c), BOOL(3)));
}

static void std(tyb_call *c)
{
    RETURN(ty_std(T(0), COUNT(1), INTS(1), correction(c), BOOL(3)));
}

static void amax(tyb_call *c)
{
    RETURN(ty_amax(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void amin(tyb_call *c)
{
    RETURN(ty_amin(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void all(tyb_call *c)
{
    RETURN(ty_all(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void any(tyb_call *c)
{
    RETURN(ty_any(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void norm(tyb_call *c)
{
    RETURN(ty_norm(T(0), FLOAT(1), COUNT(2), INTS(2), BOOL(3)));
}

static void logsumexp(tyb_call *c)
{
    RETURN(ty_logsumexp(T(0), COUNT(1), INTS(1), BOOL(2)));
}

static void max(tyb_call *c)
{
    switch (c->form) {
    case 0:
        RETURN(ty_max(T(0)));
        break;
    case 1:
        RETURN(ty_max_dim(T(0), DIM(1), BOOL(2), &c->out[1].tensor));
        break;
    default:
        RETURN(ty_maximum(T(0), T(1)));
        break;
    }
}

static void min(tyb_call *c)
{
    switch (c->form) {
    case 0:
        RETURN(ty_min(T(0)));
        break;
    case 1:
        RETURN(ty_min_dim(T(0), DIM(1), BOOL(2), &c->out[1].tensor));
        break;
    default:
        RETURN(ty_minimum(T(0), T(1)));
        break;
    }
}

static void argmax(tyb_call *c)
{
    int dim = DIM(1);
    RETURN(ty_argmax(T(0), GIVEN(1) ? &dim : NULL, BOOL(2)));
}

static void argmin(tyb_call *c)
{
    int dim = DIM(1);
    RETURN(ty_argmin(T(0), GIVEN(1) ? &dim : NULL, BOOL(2)));
}

static void cumsum(tyb_call *c)
{
    RETURN(ty_cumsum(T(0), DIM(1), DTYPE(2)));
}

static void topk(tyb_call *c)
{
    RETURN(ty_topk(T(0), INT(1), DIM(2), BOOL(3), BOOL(4), &c->out[1].tensor));
}

static void sort(tyb_call *c)
{
    RETURN(ty_sort(T(0), DIM(1), BOOL(2), BOOL(3), &c->out[1].tensor));
}

static void argsort(tyb_call *c)
{
    ty_tensor *indices = NULL, *values = ty_sort(T(0), DIM(1), BOOL(2), BOOL(3), &indices);
    ty_release(values);
    RETURN(values ? indices : NULL);
}

#define EXTREME                                                                                                        \
    "(input: Tensor) -> Tensor\n"                                                                                      \
    "(input: Tensor, dim: dim, keepdim: bool = false) -> (values: Tensor, indices: Indices)\n"                         \
    "(input: Tensor, other: Tensor) -> Tensor"

const tyb_row tyb_rows_reduce[] = {
    {"sum", "(input: Tensor, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor", sum, TYB_BOTH | TYB_OUT,
     "The sum over all elements, or over the dimensions dim; keepdim leaves them with size 1. Sums of integers and "
     "booleans "
     "are int64.",
     "ty.tensor{{1, 2}, {3, 4}}:sum(2)"},
    {"mean", "(input: Tensor, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor", mean, TYB_BOTH | TYB_OUT,
     "The mean over all elements, or over the dimensions dim, of a floating tensor.", "ty.tensor{1.0, 2.0}:mean()"},
    {"prod", "(input: Tensor, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor", prod, TYB_BOTH | TYB_OUT,
     "The product over all elements, or over the dimensions dim.", "ty.tensor{2, 3}:prod()"},
    {"var",
     "(input: Tensor, dim: dims?, unbiased: bool = true, keepdim: bool = false, *, correction: float?) -> Tensor", var,
     TYB_BOTH | TYB_OUT,
     "The variance over all elements, or over the dimensions dim: squares divided by n - correction (1; 0 when "
     "unbiased is "
     "false).",
     "ty.tensor{1.0, 2.0, 3.0}:var()"},
    {"std",
     "(input: Tensor, dim: dims?, unbiased: bool = true, keepdim: bool = false, *, correction: float?) -> Tensor", std,
     TYB_BOTH | TYB_OUT, "The standard deviation, the square root of var.",
     "ty.tensor{1.0, 2.0, 3.0}:std{correction = 0}"},
    {"amax", OVER, amax, TYB_BOTH | TYB_OUT,
     "The largest element of all, or over the dimensions dim; a gradient is shared evenly between equal ones.",
     "ty.tensor{{1, 2}, {3, 4}}:amax(1)"},
    {"amin", OVER, amin, TYB_BOTH | TYB_OUT, "The smallest element of all, or over the dimensions dim.",
     "ty.tensor{{1, 2}, {3, 4}}:amin(1)"},
    {"all", OVER, all, TYB_BOTH | TYB_OUT,
     "Whether all elements are not 0, as bool (uint8 of uint8); over all, or over the dimensions dim.",
     "ty.tensor{true, false}:all()"},
    {"any", OVER, any, TYB_BOTH | TYB_OUT,
     "Whether any element is not 0, as bool (uint8 of uint8); over all, or over the dimensions dim.",
     "ty.tensor{true, false}:any()"},
    {"norm", "(input: Tensor, p: float = 2, dim: dims?, keepdim: bool = false) -> Tensor", norm, TYB_BOTH | TYB_OUT,
     "The p-norm over all elements, or over the dimensions dim; p may be math.huge (the largest absolute value) or 0 "
     "(how "
     "many are not 0).",
     "ty.tensor{3.0, 4.0}:norm()"},
    {"logsumexp", "(input: Tensor, dim: dims, keepdim: bool = false) -> Tensor", logsumexp, TYB_BOTH | TYB_OUT,
     "log(sum(exp(x))) over the dimensions dim, without overflow.", "ty.tensor{1000.0, 1000.0}:logsumexp(1)"},
    {"max", EXTREME, max, TYB_BOTH,
     "The largest element; with dim, the largest along it and their positions; with a second tensor, the larger of "
     "each pair.",
     "ty.tensor{{1, 4}, {3, 2}}:max(2)"},
    {"min", EXTREME, min, TYB_BOTH,
     "The smallest element; with dim, the smallest along it and their positions; with a second tensor, the smaller of "
     "each "
     "pair.",
     "ty.tensor{{1, 4}, {3, 2}}:min(2)"},
    {"argmax", "(input: Tensor, dim: dim?, keepdim: bool = false) -> Indices", argmax, TYB_BOTH | TYB_OUT,
     "The position of the largest element along dim, or in the flattened tensor; the first of equal ones.",
     "ty.tensor{{1, 4}, {3, 2}}:argmax(2)"},
    {"argmin", "(input: Tensor, dim: dim?, keepdim: bool = false) -> Indices", argmin, TYB_BOTH | TYB_OUT,
     "The position of the smallest element along dim, or in the flattened tensor; the first of equal ones.",
     "ty.tensor{{1, 4}, {3, 2}}:argmin(2)"},
    {"cumsum", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", cumsum, TYB_BOTH | TYB_OUT,
     "The sums of the elements up to each position of a dimension.", "ty.tensor{1, 2, 3}:cumsum(1)"},
    {"topk",
     "(input: Tensor, k: int, dim: dim = -1, largest: bool = true, sorted: bool = true) -> (values: Tensor, indices: "
     "Indices)",
     topk, TYB_BOTH, "The k largest (smallest when largest is false) elements along a dimension, and their positions.",
     "ty.tensor{1, 4, 3}:topk(2)"},
    {"sort",
     "(input: Tensor, dim: dim = -1, descending: bool = false, stable: bool = false) -> (values: Tensor, indices: "
     "Indices)",
     sort, TYB_BOTH, "The elements of a dimension in order, and the positions they had.", "ty.tensor{3, 1, 2}:sort()"},
    {"argsort", "(input: Tensor, dim: dim = -1, descending: bool = false, stable: bool = false) -> Indices", argsort,
     TYB_BOTH, "The positions that put the elements of a dimension in order.", "ty.tensor{3, 1, 2}:argsort()"},
    {0},
};
