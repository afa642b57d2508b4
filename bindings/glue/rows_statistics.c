/*
 * Rows of the binding table: order and counting.
 */
#include "args.h"

static void median(tyb_call *c)
{
    RETURN(c->form == 0 ? ty_median(T(0)) : ty_median_dim(T(0), DIM(1), BOOL(2), &c->out[1].tensor));
}

static void mode(tyb_call *c)
{
    RETURN(ty_mode(T(0), DIM(1), BOOL(2), &c->out[1].tensor));
}

static void quantile(tyb_call *c)
{
    int dim = DIM(2);
    RETURN(ty_quantile(T(0), T(1), GIVEN(2) ? &dim : NULL, BOOL(3), (ty_quantile_how)CHOICE(4)));
}

static void unique(tyb_call *c)
{
    int dim = DIM(4);
    RETURN(ty_unique(T(0), GIVEN(4) ? &dim : NULL, BOOL(2) ? &c->out[1].tensor : NULL,
                     BOOL(3) ? &c->out[2].tensor : NULL));
}

static void unique_consecutive(tyb_call *c)
{
    int dim = DIM(3);
    RETURN(ty_unique_consecutive(T(0), GIVEN(3) ? &dim : NULL, BOOL(1) ? &c->out[1].tensor : NULL,
                                 BOOL(2) ? &c->out[2].tensor : NULL));
}

static void bincount(tyb_call *c)
{
    RETURN(ty_bincount(T(0), T(1), INT(2)));
}

static void histc(tyb_call *c)
{
    RETURN(ty_histc(T(0), INT(1), FLOAT(2), FLOAT(3)));
}

static void count_nonzero(tyb_call *c)
{
    RETURN(ty_count_nonzero(T(0), COUNT(1), INTS(1)));
}

static void cumprod(tyb_call *c)
{
    RETURN(ty_cumprod(T(0), DIM(1), DTYPE(2)));
}

const tyb_row tyb_rows_statistics[] = {
    {"median",
     "(input: Tensor) -> Tensor\n"
     "(input: Tensor, dim: dim, keepdim: bool = false) -> (values: Tensor, indices: Indices)",
     median, TYB_BOTH,
     "The middle element in order (the lower of two); with dim, the middle ones along it and their positions. NaN "
     "where there is a NaN.",
     "ty.tensor{3, 1, 2}:median()"},
    {"mode", "(input: Tensor, dim: dim = -1, keepdim: bool = false) -> (values: Tensor, indices: Indices)", mode,
     TYB_BOTH,
     "The value that occurs most often along dim (the smallest of several), and the last position where it stands.",
     "ty.tensor{1, 2, 2}:mode()"},
    {"quantile",
     "(input: Tensor, q: Tensor|number, dim: dim?, keepdim: bool = false, *, interpolation: "
     "\"linear\"|\"lower\"|\"higher\"|\"midpoint\"|\"nearest\" = \"linear\") -> Tensor",
     quantile, TYB_BOTH,
     "The value below which the fraction q (0 to 1) of the elements lies, over all or along dim; for a vector q, one "
     "for each along a new first dimension. interpolation says what is taken between two elements.",
     "ty.tensor{1.0, 2.0, 3.0}:quantile(0.25)"},
    {"unique",
     "(input: Tensor, sorted: bool = true, return_inverse: bool = false, return_counts: bool = false, dim: dim?) -> "
     "(output: Tensor, inverse: Indices?, counts: Tensor?)",
     unique, TYB_BOTH,
     "The different values in order, as a vector (with dim the different slices along it); then, where asked for, at "
     "which of them each element (slice) is and how often each occurs, else nil. They are sorted in any case.",
     "ty.tensor{3, 1, 3}:unique()"},
    {"unique_consecutive",
     "(input: Tensor, return_inverse: bool = false, return_counts: bool = false, dim: dim?) -> (output: Tensor, "
     "inverse: "
     "Indices?, counts: Tensor?)",
     unique_consecutive, TYB_BOTH, "As unique, but only neighbours that are equal are one, and nothing is sorted.",
     "ty.tensor{3, 3, 1, 3}:unique_consecutive()"},
    {"bincount", "(input: Indices, weights: Tensor?, minlength: int = 0) -> Tensor", bincount, TYB_BOTH,
     "How often each position occurs in a vector of them (as classes, which count from 1), or the sum of its weights; "
     "at least minlength results.",
     "ty.tensor{1, 3, 3}:bincount()"},
    {"histc", "(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor", histc, TYB_BOTH,
     "How many elements fall into each of `bins` equal parts of the range from min to max; when both are equal, from "
     "the smallest to the largest element.",
     "ty.tensor{1.0, 2.0, 2.5}:histc(2)"},
    {"count_nonzero", "(input: Tensor, dim: dims?) -> Tensor", count_nonzero, TYB_BOTH,
     "How many elements are not 0; over all, or over the dimensions dim.", "ty.tensor{0, 1, 2}:count_nonzero()"},
    {"cumprod", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", cumprod, TYB_BOTH | TYB_OUT,
     "The products of the elements up to each position of a dimension.", "ty.tensor{1, 2, 3}:cumprod(1)"},
    {0},
};
