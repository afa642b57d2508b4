/*
 * Rows of the binding table: gathering, scattering and masking by tensors of positions, which count from 1.
 */
#include "args.h"

static void index_select(tyb_call *c)
{
    RETURN(ty_index_select(T(0), DIM(1), T(2)));
}

static void gather(tyb_call *c)
{
    RETURN(ty_gather(T(0), DIM(1), T(2)));
}

/* The value of scatter's second form, as a source of the index's shape. */
static ty_tensor *value_source(tyb_call *c)
{
    return ty_full(ty_ndim(T(2)), ty_sizes(T(2)), NUMBER(3), ty_dtype_of(T(0)), ty_device_of(T(0)));
}

static void scatter(tyb_call *c)
{
    ty_tensor *source = c->form == 0 ? ty_retain(T(3)) : value_source(c);
    RETURN(ty_scatter(T(0), DIM(1), T(2), source));
    ty_release(source);
}

static void scatter_(tyb_call *c)
{
    ty_tensor *source = c->form == 0 ? ty_retain(T(3)) : value_source(c);
    RETURN(ty_scatter_(T(0), DIM(1), T(2), source));
    ty_release(source);
}

static void scatter_add(tyb_call *c)
{
    RETURN(ty_scatter_add(T(0), DIM(1), T(2), T(3)));
}

static void scatter_add_(tyb_call *c)
{
    RETURN(ty_scatter_add_(T(0), DIM(1), T(2), T(3)));
}

static void masked_fill(tyb_call *c)
{
    RETURN(ty_masked_fill(T(0), T(1), T(2)));
}

static void masked_fill_(tyb_call *c)
{
    RETURN(ty_masked_fill_(T(0), T(1), T(2)));
}

static void masked_select(tyb_call *c)
{
    RETURN(ty_masked_select(T(0), T(1)));
}

static void nonzero(tyb_call *c)
{
    RETURN(ty_nonzero(T(0)));
}

static void one_hot(tyb_call *c)
{
    RETURN(ty_one_hot(T(0), INT(1)));
}

static void gather_rows(tyb_call *c)
{
    RETURN(ty_gather_rows(T(0), T(1), FLOAT(2), FLOAT(3)));
}

static void index_put_(tyb_call *c)
{
    ty_tensor *values = T(2), *converted = NULL;
    if (ty_ndim(values) == 0)
        values = converted = ty_to_dtype(values, ty_dtype_of(T(0)));
    RETURN(ty_index_put_(T(0), COUNT(1), TENSORS(1), values, BOOL(3)));
    ty_release(converted);
}

static void index_put(tyb_call *c)
{
    ty_tensor *x = T(0), *copy = ty_clone(x);
    T(0) = copy;
    if (copy)
        index_put_(c);
    T(0) = x;
    ty_release(copy);
}

#define SCATTER(result)                                                                                                \
    "(input: Tensor, dim: dim, index: Indices, src: Tensor) -> " result                                                \
    "\n(input: Tensor, dim: dim, index: Indices, value: number) -> " result

const tyb_row tyb_rows_index[] = {
    {"index_select", "(input: Tensor, dim: dim, index: Indices) -> Tensor", index_select, TYB_BOTH | TYB_OUT,
     "The positions index (a vector, or a list) of a dimension.",
     "ty.tensor{10, 20, 30}:index_select(1, ty.tensor{3, 1})"},
    {"gather", "(input: Tensor, dim: dim, index: Indices) -> Tensor", gather, TYB_BOTH | TYB_OUT,
     "For each element of index, the element of input at that position of dim and at its own place in the other "
     "dimensions.",
     "ty.tensor{{10, 20}, {30, 40}}:gather(2, ty.tensor{{2}, {1}})"},
    {"scatter", SCATTER("Tensor"), scatter, TYB_BOTH,
     "A copy of input with the elements of src (or one value) written at the positions index of dim.",
     "ty.zeros(3):scatter(1, ty.tensor{2}, 5)"},
    {"scatter_", SCATTER("self"), scatter_, TYB_METHOD, "x:scatter(dim, index, src) in place.", NULL},
    {"scatter_add", "(input: Tensor, dim: dim, index: Indices, src: Tensor) -> Tensor", scatter_add, TYB_BOTH,
     "A copy of input with the elements of src added at the positions index of dim.",
     "ty.zeros(3):scatter_add(1, ty.tensor{2, 2}, ty.ones(2))"},
    {"scatter_add_", "(input: Tensor, dim: dim, index: Indices, src: Tensor) -> self", scatter_add_, TYB_METHOD,
     "x:scatter_add(dim, index, src) in place.", NULL},
    {"masked_fill", "(input: Tensor, mask: Tensor, value: Tensor|number) -> Tensor", masked_fill, TYB_BOTH,
     "A copy of input with value where mask (bool, broadcasts) is true.",
     "ty.ones(2):masked_fill(ty.tensor{true, false}, 0)"},
    {"masked_fill_", "(input: Tensor, mask: Tensor, value: Tensor|number) -> self", masked_fill_, TYB_METHOD,
     "x:masked_fill(mask, value) in place.", NULL},
    {"masked_select", "(input: Tensor, mask: Tensor) -> Tensor", masked_select, TYB_BOTH | TYB_OUT,
     "The elements where mask (bool, broadcasts) is true, as a vector.",
     "ty.tensor{1, 2, 3}:masked_select(ty.tensor{true, false, true})"},
    {"nonzero", "(input: Tensor) -> Indices", nonzero, TYB_BOTH | TYB_OUT,
     "The positions of the elements that are not 0, one row {n, dimensions} for each; ty.where(x) gives "
     "them as one vector for each dimension.",
     "ty.tensor{0, 5, 6}:nonzero()"},
    {"one_hot", "(tensor: Indices, num_classes: int = -1) -> Tensor", one_hot, TYB_F,
     "A 1 at each class's place in a new last dimension of num_classes (-1: the largest class), 0 elsewhere, as int64.",
     "F.one_hot(ty.tensor{1, 3})"},
    {"gather_rows", "(input: Tensor, index: Indices, scale: float = 1, shift: float = 0) -> Tensor", gather_rows,
     TYB_BOTH,
     "The rows index of input {N, d...}, converted to float32 and mapped to value * scale + shift in one pass: how a "
     "batch is "
     "made of uint8 images.",
     "ty.tensor{{0, 255}, {255, 0}}:gather_rows(ty.tensor{2}, 1 / 255)"},
    {"index_put", "(input: Tensor, indices: IndexList, values: Tensor|number, accumulate: bool = false) -> Tensor",
     index_put, TYB_BOTH, "A copy of input with values at the positions that the list of index tensors or masks names.",
     "ty.zeros(3):index_put({ty.tensor{2}}, 5.0)"},
    {"index_put_", "(input: Tensor, indices: IndexList, values: Tensor|number, accumulate: bool = false) -> self",
     index_put_, TYB_METHOD,
     "Writes values (added when accumulate is true) at the positions that the list of index tensors or masks names.",
     "ty.zeros(3):index_put_({ty.tensor{2}}, 5.0)"},
    {0},
};
