/*
 * Rows of the binding table: copies with some elements replaced, each also in place where PyTorch has it.
 */
#include "args.h"

static void index_add(tyb_call *c)
{
    RETURN(ty_index_add(T(0), DIM(1), T(2), T(3), NUMBER(4)));
}

static void index_copy(tyb_call *c)
{
    RETURN(ty_index_copy(T(0), DIM(1), T(2), T(3)));
}

static void index_fill(tyb_call *c)
{
    RETURN(ty_index_fill(T(0), DIM(1), T(2), T(3)));
}

static void scatter_reduce(tyb_call *c)
{
    RETURN(ty_scatter_reduce(T(0), DIM(1), T(2), T(3), (ty_scatter_how)CHOICE(4), BOOL(5)));
}

static void index_reduce(tyb_call *c)
{
    RETURN(ty_index_reduce(T(0), DIM(1), T(2), T(3), (ty_scatter_how)(CHOICE(4) + TY_SCATTER_PROD), BOOL(5)));
}

static void masked_scatter(tyb_call *c)
{
    RETURN(ty_masked_scatter(T(0), T(1), T(2)));
}

static void put(tyb_call *c)
{
    RETURN(ty_put(T(0), T(1), T(2), BOOL(3)));
}

TYB_IN_PLACE(index_add)
TYB_IN_PLACE(index_copy)
TYB_IN_PLACE(index_fill)
TYB_IN_PLACE(scatter_reduce)
TYB_IN_PLACE(index_reduce)
TYB_IN_PLACE(masked_scatter)
TYB_IN_PLACE(put)

static void take_along_dim(tyb_call *c)
{
    int dim = DIM(2);
    RETURN(ty_take_along_dim(T(0), T(1), GIVEN(2) ? &dim : NULL));
}

static void select_scatter(tyb_call *c)
{
    RETURN(ty_select_scatter(T(0), T(1), DIM(2), INDEX(3)));
}

static void slice_scatter(tyb_call *c)
{
    /* The last element is part of the range: counted from 0 and left out, as the core has it, that is the same number.
     */
    int64_t end = !GIVEN(4) || INDEX(4) == -1 ? INT64_MAX : INDEX(4) + 1;
    RETURN(ty_slice_scatter(T(0), T(1), DIM(2), GIVEN(3) ? INDEX(3) : 0, end, INT(5)));
}

static void diagonal_scatter(tyb_call *c)
{
    RETURN(ty_diagonal_scatter(T(0), T(1), INT(2), DIM(3), DIM(4)));
}

static void narrow_copy(tyb_call *c)
{
    ty_tensor *view = ty_narrow(T(0), DIM(1), INDEX(2), INT(3));
    RETURN(view ? ty_clone(view) : NULL);
    ty_release(view);
}

#define ADDED  "(input: Tensor, dim: dim, index: Indices, source: Tensor, *, alpha: number = 1) -> "
#define COPIED "(input: Tensor, dim: dim, index: Indices, source: Tensor) -> "
#define FILLED "(input: Tensor, dim: dim, index: Indices, value: Tensor|number) -> "
#define MASKED "(input: Tensor, mask: Tensor, source: Tensor) -> "
#define PUT    "(input: Tensor, index: Indices, source: Tensor, accumulate: bool = false) -> "
#define REDUCED                                                                                                        \
    "(input: Tensor, dim: dim, index: Indices, src: Tensor, reduce: \"sum\"|\"prod\"|\"mean\"|\"amax\"|\"amin\", *, "  \
    "include_self: bool = true) -> "
#define INDEX_REDUCED                                                                                                  \
    "(input: Tensor, dim: dim, index: Indices, source: Tensor, reduce: \"prod\"|\"mean\"|\"amax\"|\"amin\", *, "       \
    "include_self: bool = true) -> "

const tyb_row tyb_rows_replace[] = {
    {"index_add", ADDED "Tensor", index_add, TYB_BOTH,
     "input with alpha times the slices of source added at the positions of dim that index gives.",
     "ty.zeros(3):index_add(1, ty.tensor{1, 3, 3}, ty.ones(3))"},
    {"index_add_", ADDED "self", index_add_in_place, TYB_METHOD, "x:index_add(...) in place.", NULL},
    {"index_copy", COPIED "Tensor", index_copy, TYB_BOTH,
     "input with the slices of source at the positions of dim that index gives.",
     "ty.zeros(3):index_copy(1, ty.tensor{3, 1}, ty.tensor{5.0, 6.0})"},
    {"index_copy_", COPIED "self", index_copy_in_place, TYB_METHOD, "x:index_copy(...) in place.", NULL},
    {"index_fill", FILLED "Tensor", index_fill, TYB_BOTH, "input with value at the positions of dim that index gives.",
     "ty.zeros(3):index_fill(1, ty.tensor{1, 3}, 7)"},
    {"index_fill_", FILLED "self", index_fill_in_place, TYB_METHOD, "x:index_fill(...) in place.", NULL},
    {"scatter_reduce", REDUCED "Tensor", scatter_reduce, TYB_BOTH,
     "input with the elements of src combined into the places that index gives along dim, together with what is there "
     "(include_self) or instead of it.",
     "ty.zeros(2):scatter_reduce(1, ty.tensor{1, 1, 2}, ty.tensor{1.0, 2.0, 3.0}, \"sum\")"},
    {"scatter_reduce_", REDUCED "self", scatter_reduce_in_place, TYB_METHOD, "x:scatter_reduce(...) in place.", NULL},
    {"index_reduce", INDEX_REDUCED "Tensor", index_reduce, TYB_BOTH,
     "input with the slices of source combined into the positions of dim that index gives.",
     "ty.ones(2):index_reduce(1, ty.tensor{1, 1}, ty.tensor{2.0, 3.0}, \"prod\")"},
    {"index_reduce_", INDEX_REDUCED "self", index_reduce_in_place, TYB_METHOD, "x:index_reduce(...) in place.", NULL},
    {"masked_scatter", MASKED "Tensor", masked_scatter, TYB_BOTH,
     "input with the elements of source, in order, where mask (bool, broadcasts) is true.",
     "ty.zeros(3):masked_scatter(ty.tensor{true, false, true}, ty.tensor{1.0, 2.0})"},
    {"masked_scatter_", MASKED "self", masked_scatter_in_place, TYB_METHOD, "x:masked_scatter(mask, source) in place.",
     NULL},
    {"put", PUT "Tensor", put, TYB_BOTH,
     "input with the elements of source at positions of the flattened tensor; accumulate: added to what is there.",
     "ty.zeros(2, 2):put(ty.tensor{1, 4}, ty.tensor{5.0, 6.0})"},
    {"put_", PUT "self", put_in_place, TYB_METHOD, "x:put(index, source) in place.", NULL},
    {"take_along_dim", "(input: Tensor, indices: Indices, dim: dim?) -> Tensor", take_along_dim, TYB_BOTH,
     "The elements at these positions along dim, as argsort gives them; other dimensions broadcast. Without dim, of "
     "the "
     "flattened tensor.",
     "ty.tensor{{3, 1, 2}}:take_along_dim(ty.tensor{{2, 3, 1}}, 2)"},
    {"select_scatter", "(input: Tensor, src: Tensor, dim: dim, index: index) -> Tensor", select_scatter, TYB_BOTH,
     "input with src at one position of dim.", "ty.zeros(2, 2):select_scatter(ty.ones(2), 1, 2)"},
    {"slice_scatter", "(input: Tensor, src: Tensor, dim: dim = 1, start: index?, end: index?, step: int = 1) -> Tensor",
     slice_scatter, TYB_BOTH, "input with src in the positions start to end (both included) of dim.",
     "ty.zeros(4):slice_scatter(ty.ones(2), 1, 2, 3)"},
    {"diagonal_scatter", "(input: Tensor, src: Tensor, offset: int = 0, dim1: dim = 1, dim2: dim = 2) -> Tensor",
     diagonal_scatter, TYB_BOTH, "input with src on a diagonal.", "ty.zeros(2, 2):diagonal_scatter(ty.ones(2))"},
    {"narrow_copy", "(input: Tensor, dim: dim, start: index, length: int) -> Tensor", narrow_copy, TYB_BOTH,
     "A copy of `length` elements of a dimension, from position start on.", "ty.arange(6):narrow_copy(1, 2, 3)"},
    {0},
};
