/*
 * Rows of the binding table: views, shapes, joining and splitting.
 */
#include <stdlib.h>

#include "args.h"

static void view(tyb_call *c)
{
    RETURN(ty_view(T(0), COUNT(1), INTS(1)));
}

static void reshape(tyb_call *c)
{
    RETURN(ty_reshape(T(0), COUNT(1), INTS(1)));
}

static void view_as(tyb_call *c)
{
    RETURN(ty_view(T(0), ty_ndim(T(1)), ty_sizes(T(1))));
}

static void reshape_as(tyb_call *c)
{
    RETURN(ty_reshape(T(0), ty_ndim(T(1)), ty_sizes(T(1))));
}

static void flatten(tyb_call *c)
{
    RETURN(ty_flatten(T(0), DIM(1), DIM(2)));
}

static void unflatten(tyb_call *c)
{
    RETURN(ty_unflatten(T(0), DIM(1), COUNT(2), INTS(2)));
}

static void permute(tyb_call *c)
{
    RETURN(ty_permute(T(0), COUNT(1), INTS(1)));
}

static void transpose(tyb_call *c)
{
    RETURN(ty_transpose(T(0), DIM(1), DIM(2)));
}

static void t(tyb_call *c)
{
    RETURN(ty_t(T(0)));
}

static void squeeze(tyb_call *c)
{
    RETURN(c->form == 0 ? ty_squeeze(T(0)) : ty_squeeze_dims(T(0), COUNT(1), INTS(1)));
}

static void unsqueeze(tyb_call *c)
{
    RETURN(ty_unsqueeze(T(0), DIM(1)));
}

static void expand(tyb_call *c)
{
    RETURN(ty_expand(T(0), COUNT(1), INTS(1)));
}

static void expand_as(tyb_call *c)
{
    RETURN(ty_expand(T(0), ty_ndim(T(1)), ty_sizes(T(1))));
}

static void narrow(tyb_call *c)
{
    RETURN(ty_narrow(T(0), DIM(1), INDEX(2), INT(3)));
}

static void select_position(tyb_call *c)
{
    RETURN(ty_select(T(0), DIM(1), INDEX(2)));
}

static void diagonal(tyb_call *c)
{
    RETURN(ty_diagonal(T(0), INT(1), DIM(2), DIM(3)));
}

static void as_strided(tyb_call *c)
{
    if (COUNT(1) != COUNT(2)) {
        ty_fail(TY_ERROR_VALUE, "as_strided: %d sizes and %d strides; there must be one stride for each size", COUNT(1),
                COUNT(2));
        return;
    }
    int64_t offset = GIVEN(3) ? INT(3) : ty_storage_offset(T(0));
    RETURN(ty_as_strided(T(0), COUNT(1), INTS(1), INTS(2), offset));
}

static void cat(tyb_call *c)
{
    RETURN(ty_cat(TENSORS(0), COUNT(0), DIM(1)));
}

static void stack(tyb_call *c)
{
    RETURN(ty_stack(TENSORS(0), COUNT(0), DIM(1)));
}

/* The dimension's size, for messages and loops; -1 with the error set when there is no such dimension. */
static int64_t size_of(tyb_call *c, int dim)
{
    int ndim = ty_ndim(T(0)), d = dim < 0 ? dim + ndim : dim;
    if (d >= 0 && d < ndim)
        return ty_sizes(T(0))[d];
    c->status = ty_fail(TY_ERROR_INDEX, "%s: dimension %d is out of range: the tensor has %d", c->row->name,
                        dim < 0 ? dim : dim + 1, ndim);
    return -1;
}

/* An empty list of `count` results; false when there is no memory for it. */
static bool make_list(tyb_call *c, int64_t count)
{
    c->out[0].tensors = calloc((size_t)count + 1, sizeof *c->out[0].tensors);
    if (!c->out[0].tensors)
        c->status =
            ty_fail(TY_ERROR_MEMORY, "%s: out of memory for a list of %lld tensors", c->row->name, (long long)count);
    return c->out[0].tensors;
}

static bool append(tyb_call *c, ty_tensor *x)
{
    if (!x)
        c->status = TY_FAIL;
    else
        c->out[0].tensors[c->out[0].count++] = x;
    return x;
}

static void split(tyb_call *c)
{
    if (c->form == 0) {
        c->status = ty_split(T(0), INT(1), DIM(2), &c->out[0].tensors, &c->out[0].count);
        return;
    }
    int64_t size = size_of(c, DIM(2)), at = 0, sum = 0;
    if (size < 0)
        return;
    for (int i = 0; i < COUNT(1); i++) {
        if (INTS(1)[i] < 0 || INTS(1)[i] > size - sum) {
            sum = -1;
            break;
        }
        sum += INTS(1)[i];
    }
    if (sum != size) {
        c->status = ty_fail(TY_ERROR_VALUE, "split: the sizes of the pieces must add up to the dimension's %lld",
                            (long long)size);
        return;
    }
    if (!make_list(c, COUNT(1)))
        return;
    for (int i = 0; i < COUNT(1) && append(c, ty_narrow(T(0), DIM(2), at, INTS(1)[i])); i++)
        at += INTS(1)[i];
}

static void chunk(tyb_call *c)
{
    c->status = ty_chunk(T(0), INT(1), DIM(2), &c->out[0].tensors, &c->out[0].count);
}

static void unbind(tyb_call *c)
{
    int64_t size = size_of(c, DIM(1));
    if (size < 0 || !make_list(c, size))
        return;
    for (int64_t i = 0; i < size && append(c, ty_select(T(0), DIM(1), i));)
        i++;
}

const tyb_row tyb_rows_view[] = {
    {"view", "(input: Tensor, size: sizes...) -> Tensor", view, TYB_METHOD,
     "The same elements in another shape, sharing memory; one size may be -1 and is inferred. An error when the layout "
     "does "
     "not allow it: reshape copies then.",
     "ty.arange(6):view(2, 3)"},
    {"reshape", "(input: Tensor, shape: sizes...) -> Tensor", reshape, TYB_BOTH,
     "The same elements in another shape, a view where possible; one size may be -1 and is inferred.",
     "ty.arange(6):reshape(3, -1)"},
    {"view_as", "(input: Tensor, other: Tensor) -> Tensor", view_as, TYB_METHOD, "input viewed in the shape of other.",
     "ty.arange(6):view_as(ty.zeros(2, 3))"},
    {"reshape_as", "(input: Tensor, other: Tensor) -> Tensor", reshape_as, TYB_METHOD, "input in the shape of other.",
     "ty.arange(6):reshape_as(ty.zeros(2, 3))"},
    {"flatten", "(input: Tensor, start_dim: dim = 1, end_dim: dim = -1) -> Tensor", flatten, TYB_BOTH,
     "Joins the dimensions start_dim to end_dim into one.", "ty.zeros(2, 3, 4):flatten(2).shape"},
    {"unflatten", "(input: Tensor, dim: dim, sizes: sizes) -> Tensor", unflatten, TYB_BOTH,
     "One dimension as several, whose sizes multiply to its size; one of them may be -1.",
     "ty.zeros(2, 6):unflatten(2, {3, -1}).shape"},
    {"permute", "(input: Tensor, dims: dims...) -> Tensor", permute, TYB_BOTH,
     "A view with the dimensions in this order.", "ty.zeros(2, 3, 4):permute(3, 1, 2).shape"},
    {"transpose", "(input: Tensor, dim0: dim, dim1: dim) -> Tensor", transpose, TYB_BOTH,
     "A view with two dimensions swapped.", "ty.zeros(2, 3):transpose(1, 2).shape"},
    {"t", "(input: Tensor) -> Tensor", t, TYB_BOTH, "The transpose of a matrix; a vector stays as it is.",
     "ty.tensor{{1, 2}, {3, 4}}:t()"},
    {"squeeze", "(input: Tensor) -> Tensor\n(input: Tensor, dim: dims) -> Tensor", squeeze, TYB_BOTH,
     "Without the dimensions of size 1, or without those of the dimensions dim that have size 1.",
     "ty.zeros(1, 3, 1):squeeze().shape"},
    {"unsqueeze", "(input: Tensor, dim: dim) -> Tensor", unsqueeze, TYB_BOTH,
     "With a dimension of size 1 put in as dimension dim.", "ty.zeros(3):unsqueeze(1).shape"},
    {"expand", "(input: Tensor, size: sizes...) -> Tensor", expand, TYB_METHOD,
     "A view whose dimensions of size 1 are repeated to these sizes, without copying; -1 leaves a size as it is.",
     "ty.tensor{{1}, {2}}:expand(2, 3)"},
    {"expand_as", "(input: Tensor, other: Tensor) -> Tensor", expand_as, TYB_METHOD,
     "input expanded to the shape of other.", "ty.tensor{{1}, {2}}:expand_as(ty.zeros(2, 3))"},
    {"narrow", "(input: Tensor, dim: dim, start: index, length: int) -> Tensor", narrow, TYB_BOTH,
     "A view of `length` elements of a dimension, from position start on.", "ty.arange(6):narrow(1, 2, 3)"},
    {"select", "(input: Tensor, dim: dim, index: index) -> Tensor", select_position, TYB_BOTH,
     "A view of one position of a dimension, which it drops.", "ty.tensor{{1, 2}, {3, 4}}:select(2, 1)"},
    {"diagonal", "(input: Tensor, offset: int = 0, dim1: dim = 1, dim2: dim = 2) -> Tensor", diagonal, TYB_BOTH,
     "A view of the diagonal of two dimensions, which becomes the last dimension; offset > 0 is above the main one.",
     "ty.tensor{{1, 2}, {3, 4}}:diagonal()"},
    {"as_strided", "(input: Tensor, size: sizes, stride: sizes, storage_offset: int?) -> Tensor", as_strided, TYB_BOTH,
     "A view of the storage with these sizes and strides (in elements); outside the storage is an error.",
     "ty.arange(6):as_strided({2, 2}, {3, 1})"},
    {"cat", "(tensors: Tensors..., dim: dim = 1) -> Tensor", cat, TYB_TY | TYB_OUT,
     "Joins tensors along a dimension; the other sizes must agree.", "ty.cat({ty.zeros(1, 2), ty.ones(2, 2)}, 1)"},
    {"stack", "(tensors: Tensors..., dim: dim = 1) -> Tensor", stack, TYB_TY | TYB_OUT,
     "Joins tensors of one shape along a new dimension.", "ty.stack({ty.zeros(2), ty.ones(2)})"},
    {"split",
     "(input: Tensor, split_size: int, dim: dim = 1) -> Tensors\n"
     "(input: Tensor, split_size: sizes, dim: dim = 1) -> Tensors",
     split, TYB_BOTH,
     "A list of views of a dimension's pieces: of split_size elements (the last may have fewer), or of the sizes in a "
     "list.",
     "#ty.arange(5):split(2)"},
    {"chunk", "(input: Tensor, chunks: int, dim: dim = 1) -> Tensors", chunk, TYB_BOTH,
     "A list of at most `chunks` views of equal pieces of a dimension (the last may be smaller).",
     "#ty.arange(6):chunk(3)"},
    {"unbind", "(input: Tensor, dim: dim = 1) -> Tensors", unbind, TYB_BOTH,
     "A list of views, one for each position of a dimension.", "#ty.zeros(3, 2):unbind(1)"},
    {0},
};
