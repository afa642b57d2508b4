/*
 * Rows of the binding table: products beyond matmul, and distances.
 */
#include "args.h"

static void tensordot(tyb_call *c)
{
    int64_t dims_a[TY_MAX_DIMS], dims_b[TY_MAX_DIMS];
    if (c->form == 1) {
        RETURN(ty_tensordot(T(0), T(1), COUNT(2) / 2, INTS(2), INTS(2) + COUNT(2) / 2));
        return;
    }
    /* A count: the last dimensions of the first with the first of the second. */
    int64_t n = INT(2);
    if (n < 0 || n > ty_ndim(T(0)) || n > ty_ndim(T(1))) {
        c->status = ty_fail(TY_ERROR_VALUE, "tensordot: dims is %lld, and the tensors have %d and %d dimensions",
                            (long long)n, ty_ndim(T(0)), ty_ndim(T(1)));
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        dims_a[i] = ty_ndim(T(0)) - n + i;
        dims_b[i] = i;
    }
    RETURN(ty_tensordot(T(0), T(1), (int)n, dims_a, dims_b));
}

static void inner(tyb_call *c)
{
    RETURN(ty_inner(T(0), T(1)));
}

static void vdot(tyb_call *c)
{
    RETURN(ty_dot(T(0), T(1)));
}

static void vecdot(tyb_call *c)
{
    RETURN(ty_linalg_vecdot(T(0), T(1), DIM(2)));
}

static void ger(tyb_call *c)
{
    RETURN(ty_outer(T(0), T(1)));
}

static void kron(tyb_call *c)
{
    RETURN(ty_kron(T(0), T(1)));
}

static void cross(tyb_call *c)
{
    RETURN(ty_linalg_cross(T(0), T(1), DIM(2)));
}

static void multi_dot(tyb_call *c)
{
    RETURN(ty_linalg_multi_dot(TENSORS(0), COUNT(0)));
}

static void matrix_power(tyb_call *c)
{
    RETURN(ty_linalg_matrix_power(T(0), INT(1)));
}

static void matrix_exp(tyb_call *c)
{
    RETURN(ty_linalg_matrix_exp(T(0)));
}

static void householder_product(tyb_call *c)
{
    RETURN(ty_linalg_householder_product(T(0), T(1)));
}

static void vander(tyb_call *c)
{
    if (GIVEN(1) && INT(1) < 0)
        c->status = ty_fail(TY_ERROR_VALUE, "vander: N must not be negative, got %lld", (long long)INT(1));
    else
        RETURN(ty_linalg_vander(T(0), GIVEN(1) ? INT(1) : -1));
}

static void dist(tyb_call *c)
{
    RETURN(ty_dist(T(0), T(1), FLOAT(2)));
}

static void cdist(tyb_call *c)
{
    RETURN(ty_cdist(T(0), T(1), FLOAT(2), (ty_cdist_how)CHOICE(3)));
}

static void pdist(tyb_call *c)
{
    RETURN(ty_pdist(T(0), FLOAT(1)));
}

#define POWER "ty.tensor{{1.0, 1.0}, {0.0, 1.0}}"

const tyb_row tyb_rows_products[] = {
    {"tensordot", "(a: Tensor, b: Tensor, dims: int = 2) -> Tensor\n(a: Tensor, b: Tensor, dims: dims|dims) -> Tensor",
     tensordot, TYB_TY,
     "Products summed over dimensions: the last `dims` of a with the first of b, or those of two lists, which "
     "correspond "
     "in order.",
     "ty.tensordot(ty.ones(2, 3), ty.ones(3, 4), { {2}, {1} })"},
    {"inner", "(input: Tensor, other: Tensor) -> Tensor", inner, TYB_BOTH | TYB_OUT,
     "Products summed over the last dimension of both.", "ty.tensor{1, 2}:inner(ty.tensor{3, 4})"},
    {"vdot", "(input: Tensor, other: Tensor) -> Tensor", vdot, TYB_BOTH, "The inner product of two vectors, as dot.",
     "ty.tensor{1.0, 2.0}:vdot(ty.tensor{3.0, 4.0})"},
    {"vecdot", "(x: Tensor, y: Tensor, *, dim: dim = -1) -> Tensor", vecdot, TYB_LINALG,
     "Products summed along dim; the other dimensions broadcast.", "ty.linalg.vecdot(ty.ones(2, 3), ty.ones(3))"},
    {"ger", "(input: Tensor, vec2: Tensor) -> Tensor", ger, TYB_BOTH, "Another name of outer.",
     "ty.tensor{1, 2}:ger(ty.tensor{3, 4})"},
    {"kron", "(input: Tensor, other: Tensor) -> Tensor", kron, TYB_BOTH | TYB_OUT,
     "The Kronecker product: every element of input times the whole of other.",
     "ty.eye(2):kron(ty.tensor{{1.0, 2.0}})"},
    {"cross", "(input: Tensor, other: Tensor, *, dim: dim = -1) -> Tensor", cross, TYB_LINALG | TYB_OUT,
     "The cross product of vectors of 3 elements along dim; the other dimensions broadcast.",
     "ty.linalg.cross(ty.tensor{1, 0, 0}, ty.tensor{0, 1, 0})"},
    {"cross", "(input: Tensor, other: Tensor, dim: dim = -1) -> Tensor", cross, TYB_BOTH, "As ty.linalg.cross.",
     "ty.tensor{1, 0, 0}:cross(ty.tensor{0, 1, 0})"},
    {"multi_dot", "(tensors: Tensors) -> Tensor", multi_dot, TYB_LINALG | TYB_OUT,
     "The product of two or more matrices in the order that costs least; the first and the last may be vectors.",
     "ty.linalg.multi_dot({ty.ones(2, 3), ty.ones(3, 4), ty.ones(4)})"},
    {"chain_matmul", "(matrices: Tensors...) -> Tensor", multi_dot, TYB_TY,
     "The product of the matrices given, in the order that costs least.",
     "ty.chain_matmul(ty.ones(2, 3), ty.ones(3, 4), ty.ones(4, 1))"},
    {"matrix_power", "(input: Tensor, n: int) -> Tensor", matrix_power, TYB_BOTH | TYB_LINALG | TYB_OUT,
     "Square matrices multiplied by themselves n times; a negative n takes the inverse.", POWER ":matrix_power(10)"},
    {"matrix_exp", "(input: Tensor) -> Tensor", matrix_exp, TYB_BOTH | TYB_LINALG,
     "The exponential of square matrices (1 + x + x x / 2 + ...), by scaling and squaring.", POWER ":matrix_exp()"},
    {"householder_product", "(A: Tensor, tau: Tensor) -> Tensor", householder_product, TYB_LINALG,
     "The first columns of the product of the reflections 1 - tau[i] v v^T, where v is column i of A below a 1 on the "
     "diagonal.",
     "ty.linalg.householder_product(ty.randn(3, 2), ty.ones(2))"},
    {"vander", "(x: Tensor, *, N: int?) -> Tensor", vander, TYB_LINALG,
     "The powers 0, 1, ..., N - 1 of vectors {..., n}, as columns: {..., n, N}; N is n if not given.",
     "ty.linalg.vander(ty.tensor{1, 2, 3})"},
    {"dist", "(input: Tensor, other: Tensor, p: float = 2) -> Tensor", dist, TYB_BOTH, "The p-norm of input - other.",
     "ty.ones(4):dist(ty.zeros(4))"},
    {"cdist",
     "(x1: Tensor, x2: Tensor, p: float = 2, compute_mode: "
     "\"use_mm_for_euclid_dist_if_necessary\"|\"use_mm_for_euclid_dist\"|\"donot_use_mm_for_euclid_dist\"?) -> Tensor",
     cdist, TYB_TY,
     "The distances {..., n, m} of order p between the rows of x1 {..., n, k} and of x2 {..., m, k}. Euclidean ones of "
     "more than 25 rows go through one matrix product, which is fast and less exact for near points; compute_mode says "
     "otherwise.",
     "ty.cdist(ty.randn(3, 2), ty.randn(4, 2)).shape"},
    {"pdist", "(input: Tensor, p: float = 2) -> Tensor", pdist, TYB_TY | TYB_F,
     "The distances of order p between different rows of {n, k}: (1, 2), (1, 3), ..., (n - 1, n).",
     "ty.pdist(ty.randn(4, 2)).shape"},
    {0},
};
