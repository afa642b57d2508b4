/*
 * Rows of the binding table: joining and splitting under the names of arrays, tensors made to fit each other,
 * diagonals, combinations.
 */
#include <stdlib.h>

#include "args.h"

static void hstack(tyb_call *c)
{
    RETURN(ty_stack_as('h', TENSORS(0), COUNT(0)));
}

static void vstack(tyb_call *c)
{
    RETURN(ty_stack_as('v', TENSORS(0), COUNT(0)));
}

static void dstack(tyb_call *c)
{
    RETURN(ty_stack_as('d', TENSORS(0), COUNT(0)));
}

static void column_stack(tyb_call *c)
{
    RETURN(ty_stack_as('c', TENSORS(0), COUNT(0)));
}

static void concat(tyb_call *c)
{
    RETURN(ty_cat(TENSORS(0), COUNT(0), DIM(1)));
}

/* Pieces of x: before, between and after `count` places, or `sections` of them, which must be even for the h, v and d
 * forms. */
static void split_at(tyb_call *c, int dim, bool even)
{
    const int64_t *places = NULL;
    ty_tensor *host = NULL;
    int64_t sections = c->form == 0 ? INT(1) : 0, size;
    int count;
    if (ty_ndim(T(0)) == 0 || dim >= ty_ndim(T(0)) || dim < -ty_ndim(T(0))) {
        c->status = ty_fail(TY_ERROR_INDEX, "%s: a tensor of %d dimensions has no dimension %d", c->row->name,
                            ty_ndim(T(0)), dim < 0 ? dim : dim + 1);
        return;
    }
    size = ty_sizes(T(0))[dim < 0 ? dim + ty_ndim(T(0)) : dim];
    c->status = TY_FAIL;
    if (c->form == 0) {
        if (sections < 1 || sections > (1 << 24) || (even && size % sections)) {
            ty_fail(TY_ERROR_VALUE, "%s: %lld elements are not split into %lld%s parts", c->row->name, (long long)size,
                    (long long)sections, even ? " equal" : "");
            return;
        }
        count = (int)sections - 1;
    } else {
        if (ty_ndim(T(1)) != 1) {
            ty_fail(TY_ERROR_VALUE, "%s: the places must be a list of positions", c->row->name);
            return;
        }
        ty_tensor *near = ty_to(T(1), TY_INT64, TY_DEVICE_CPU, false);
        host = ty_contiguous(near);
        ty_release(near);
        if (!host)
            return;
        places = ty_data(host);
        count = (int)ty_numel(T(1));
    }
    int64_t *at = malloc(sizeof *at * (size_t)(count + 1));
    if (!at)
        ty_fail(TY_ERROR_MEMORY, "%s: out of memory", c->row->name);
    for (int i = 0, sum = 0; at && i < count; i++) {
        sum += c->form == 0 ? (int)(size / sections + (i < size % sections)) : 0;
        at[i] = places ? places[i] : sum;
    }
    if (at)
        c->status = ty_tensor_split(T(0), count, at, dim, &c->out[0].tensors);
    c->out[0].count = c->status == TY_OK ? count + 1 : 0;
    ty_release(host);
    free(at);
}

static void tensor_split(tyb_call *c)
{
    split_at(c, DIM(2), false);
}

static void hsplit(tyb_call *c)
{
    split_at(c, ty_ndim(T(0)) == 1 ? 0 : 1, true);
}

static void vsplit(tyb_call *c)
{
    if (ty_ndim(T(0)) < 2)
        c->status = ty_fail(TY_ERROR_VALUE, "vsplit: it takes two dimensions or more, got %d", ty_ndim(T(0)));
    else
        split_at(c, 0, true);
}

static void dsplit(tyb_call *c)
{
    split_at(c, 2, true);
}

static void atleast_1d(tyb_call *c)
{
    RETURN(ty_atleast(T(0), 1));
}

static void atleast_2d(tyb_call *c)
{
    RETURN(ty_atleast(T(0), 2));
}

static void atleast_3d(tyb_call *c)
{
    RETURN(ty_atleast(T(0), 3));
}

static void broadcast_to(tyb_call *c)
{
    RETURN(ty_expand(T(0), COUNT(1), INTS(1)));
}

static void broadcast_tensors(tyb_call *c)
{
    c->status = ty_broadcast_tensors(TENSORS(0), COUNT(0), &c->out[0].tensors);
    c->out[0].count = c->status == TY_OK ? COUNT(0) : 0;
}

static void ravel(tyb_call *c)
{
    ty_tensor *flat = ty_reshape(T(0), 1, (int64_t[]){-1});
    RETURN(flat ? ty_contiguous(flat) : NULL);
    ty_release(flat);
}

static void diag_embed(tyb_call *c)
{
    RETURN(ty_diag_embed(T(0), INT(1), DIM(2), DIM(3)));
}

static void diagflat(tyb_call *c)
{
    ty_tensor *flat = ty_reshape(T(0), 1, (int64_t[]){-1});
    RETURN(flat ? ty_diag(flat, INT(1)) : NULL);
    ty_release(flat);
}

static void tril_indices(tyb_call *c)
{
    RETURN(ty_tril_indices(INT(0), INT(1), INT(2), DTYPE(3), DEVICE(4)));
}

static void triu_indices(tyb_call *c)
{
    RETURN(ty_triu_indices(INT(0), INT(1), INT(2), DTYPE(3), DEVICE(4)));
}

static void tril(tyb_call *c)
{
    RETURN(ty_tril(T(0), INT(1)));
}

static void triu(tyb_call *c)
{
    RETURN(ty_triu(T(0), INT(1)));
}

TYB_IN_PLACE(tril)
TYB_IN_PLACE(triu)

static void block_diag(tyb_call *c)
{
    RETURN(ty_block_diag(TENSORS(0), COUNT(0)));
}

static void cartesian_prod(tyb_call *c)
{
    RETURN(ty_cartesian_prod(TENSORS(0), COUNT(0)));
}

static void combinations(tyb_call *c)
{
    RETURN(ty_combinations(T(0), INT(1), BOOL(2)));
}

static void rot90(tyb_call *c)
{
    if (GIVEN(2) && COUNT(2) != 2)
        c->status = ty_fail(TY_ERROR_VALUE, "rot90: dims must be two dimensions, got %d", COUNT(2));
    else
        RETURN(ty_rot90(T(0), INT(1), GIVEN(2) ? (int)INTS(2)[0] : 0, GIVEN(2) ? (int)INTS(2)[1] : 1));
}

static void flipped(tyb_call *c, int dim)
{
    int64_t along = dim;
    if (ty_ndim(T(0)) <= dim)
        c->status = ty_fail(TY_ERROR_VALUE, "%s: it takes %d dimension%s or more, got %d", c->row->name, dim + 1,
                            dim ? "s" : "", ty_ndim(T(0)));
    else
        RETURN(ty_flip(T(0), 1, &along));
}

static void fliplr(tyb_call *c)
{
    flipped(c, 1);
}

static void flipud(tyb_call *c)
{
    flipped(c, 0);
}

static void vander(tyb_call *c)
{
    int64_t last = -1;
    if (ty_ndim(T(0)) != 1)
        c->status = ty_fail(TY_ERROR_VALUE, "vander: it takes a vector, got %d dimensions", ty_ndim(T(0)));
    else if (GIVEN(1) && INT(1) < 1)
        c->status = ty_fail(TY_ERROR_VALUE, "vander: N must be 1 or more, got %lld", (long long)INT(1));
    if (c->status != TY_OK)
        return;
    ty_tensor *rising = ty_linalg_vander(T(0), GIVEN(1) ? INT(1) : -1);
    RETURN(BOOL(2) ? ty_retain(rising) : rising ? ty_flip(rising, 1, &last) : NULL);
    ty_release(rising);
}

#define PIECES(name) "(input: Tensor, " name ": int) -> Tensors\n(input: Tensor, " name ": Indices) -> Tensors"
#define TRIANGLE     "(row: int, col: int, offset: int = 0, *, dtype: dtype?, device: device?) -> Indices"

const tyb_row tyb_rows_stacking[] = {
    {"hstack", "(tensors: Tensors) -> Tensor", hstack, TYB_TY | TYB_OUT,
     "Joined side by side: vectors along their dimension, others along the second.",
     "ty.hstack{ty.tensor{1, 2}, ty.tensor{3}}"},
    {"vstack", "(tensors: Tensors) -> Tensor", vstack, TYB_TY | TYB_OUT,
     "Joined one below the other; vectors are rows.", "ty.vstack{ty.tensor{1, 2}, ty.tensor{3, 4}}"},
    {"row_stack", "(tensors: Tensors) -> Tensor", vstack, TYB_TY, "Another name of vstack.",
     "ty.row_stack{ty.tensor{1, 2}, ty.tensor{3, 4}}"},
    {"dstack", "(tensors: Tensors) -> Tensor", dstack, TYB_TY | TYB_OUT, "Joined in depth, along the third dimension.",
     "ty.dstack{ty.tensor{1, 2}, ty.tensor{3, 4}}"},
    {"column_stack", "(tensors: Tensors) -> Tensor", column_stack, TYB_TY | TYB_OUT,
     "Joined side by side; vectors are columns.", "ty.column_stack{ty.tensor{1, 2}, ty.tensor{3, 4}}"},
    {"concat", "(tensors: Tensors, dim: dim = 1) -> Tensor", concat, TYB_TY | TYB_OUT, "Another name of cat.",
     "ty.concat({ty.tensor{1, 2}, ty.tensor{3}})"},
    {"concatenate", "(tensors: Tensors, dim: dim = 1) -> Tensor", concat, TYB_TY | TYB_OUT, "Another name of cat.",
     "ty.concatenate({ty.tensor{1, 2}, ty.tensor{3}})"},
    {"tensor_split",
     "(input: Tensor, sections: int, dim: dim = 1) -> Tensors\n(input: Tensor, indices: Indices, dim: dim = 1) -> "
     "Tensors",
     tensor_split, TYB_BOTH,
     "Views of so many parts of a dimension, the first ones larger by one where it does not come out even; or of the "
     "parts "
     "that begin at 1 and at the positions given.",
     "ty.arange(7):tensor_split({3, 6})"},
    {"hsplit", PIECES("indices_or_sections"), hsplit, TYB_BOTH,
     "Equal parts side by side (of the second dimension, of vectors the first), or parts that begin at these "
     "positions.",
     "ty.ones(2, 4):hsplit(2)"},
    {"vsplit", PIECES("indices_or_sections"), vsplit, TYB_BOTH,
     "Equal parts one below the other, of the first dimension, or parts that begin at these positions.",
     "ty.ones(4, 2):vsplit(2)"},
    {"dsplit", PIECES("indices_or_sections"), dsplit, TYB_BOTH,
     "Equal parts in depth, of the third dimension, or parts that begin at these positions.",
     "ty.ones(1, 2, 4):dsplit(2)"},
    {"atleast_1d", "(input: Tensor) -> Tensor", atleast_1d, TYB_TY, "A number as a vector, others as they are.",
     "ty.atleast_1d(ty.tensor(3))"},
    {"atleast_2d", "(input: Tensor) -> Tensor", atleast_2d, TYB_TY,
     "Vectors as rows of a matrix, larger ones as they are.", "ty.atleast_2d(ty.tensor{1, 2})"},
    {"atleast_3d", "(input: Tensor) -> Tensor", atleast_3d, TYB_TY,
     "With three dimensions at least: a vector {n} as {1, n, 1}, a matrix {n, m} as {n, m, 1}.",
     "ty.atleast_3d(ty.tensor{1, 2}).shape"},
    {"broadcast_to", "(input: Tensor, size: sizes...) -> Tensor", broadcast_to, TYB_BOTH, "Another name of expand.",
     "ty.tensor{1, 2}:broadcast_to(3, 2)"},
    {"broadcast_tensors", "(tensors: Tensors...) -> Tensors", broadcast_tensors, TYB_TY,
     "Views of all tensors in the shape that they broadcast to.", "ty.broadcast_tensors(ty.ones(2, 1), ty.ones(3))"},
    {"ravel", "(input: Tensor) -> Tensor", ravel, TYB_BOTH,
     "The elements as a contiguous vector; a view where possible.", "ty.ones(2, 3):ravel().shape"},
    {"diag_embed", "(input: Tensor, offset: int = 0, dim1: dim = -2, dim2: dim = -1) -> Tensor", diag_embed, TYB_BOTH,
     "The last dimension as diagonals of matrices of zeros, which are in dim1 and dim2 of the result.",
     "ty.tensor{1, 2}:diag_embed()"},
    {"diagflat", "(input: Tensor, offset: int = 0) -> Tensor", diagflat, TYB_BOTH,
     "All elements on a diagonal of a matrix of zeros.", "ty.tensor{{1, 2}, {3, 4}}:diagflat()"},
    {"tril_indices", TRIANGLE, tril_indices, TYB_TY,
     "The positions {2, n} of a matrix's lower triangle, rows and columns; offset moves its diagonal.",
     "ty.tril_indices(3, 3)"},
    {"triu_indices", TRIANGLE, triu_indices, TYB_TY,
     "The positions {2, n} of a matrix's upper triangle, rows and columns; offset moves its diagonal.",
     "ty.triu_indices(3, 3)"},
    {"tril_", "(input: Tensor, diagonal: int = 0) -> self", tril_in_place, TYB_METHOD, "x:tril(diagonal) in place.",
     NULL},
    {"triu_", "(input: Tensor, diagonal: int = 0) -> self", triu_in_place, TYB_METHOD, "x:triu(diagonal) in place.",
     NULL},
    {"block_diag", "(tensors: Tensors...) -> Tensor", block_diag, TYB_TY,
     "Matrices along the diagonal of one, with zeros elsewhere.", "ty.block_diag(ty.ones(1, 2), ty.ones(2, 1))"},
    {"cartesian_prod", "(tensors: Tensors...) -> Tensor", cartesian_prod, TYB_TY,
     "All rows of one element of each vector.", "ty.cartesian_prod(ty.tensor{1, 2}, ty.tensor{3, 4})"},
    {"combinations", "(input: Tensor, r: int = 2, with_replacement: bool = false) -> Tensor", combinations, TYB_TY,
     "All rows of r elements of a vector in its order; with_replacement: an element may come again.",
     "ty.combinations(ty.tensor{1, 2, 3})"},
    {"rot90", "(input: Tensor, k: int = 1, dims: dims?) -> Tensor", rot90, TYB_BOTH,
     "Turned k times by 90 degrees from the first of two dimensions towards the second (1 and 2).",
     "ty.tensor{{1, 2}, {3, 4}}:rot90()"},
    {"fliplr", "(input: Tensor) -> Tensor", fliplr, TYB_BOTH, "The order of the columns reversed.",
     "ty.tensor{{1, 2}}:fliplr()"},
    {"flipud", "(input: Tensor) -> Tensor", flipud, TYB_BOTH, "The order of the rows reversed.",
     "ty.tensor{1, 2}:flipud()"},
    {"vander", "(x: Tensor, N: int?, increasing: bool = false) -> Tensor", vander, TYB_TY,
     "The powers of a vector as columns, the highest first.", "ty.vander(ty.tensor{1, 2, 3})"},
    {0},
};
