/*
 * Rows of the binding table: factorisations, equations, eigenvalues, norms (ty.linalg), and their older names under ty.
 */
#include "args.h"

#define OUT(n)     (&c->out[n].tensor)
#define LINALG_TOO (TYB_BOTH | TYB_LINALG)

/* A bound that may be left out: -1. */
#define BOUND(n) (GIVEN(n) ? FLOAT(n) : -1)

static void solve(tyb_call *c)
{
    RETURN(ty_linalg_solve(T(0), T(1), BOOL(2)));
}

static void solve_triangular(tyb_call *c)
{
    RETURN(ty_linalg_solve_triangular(T(0), T(1), BOOL(2), BOOL(3), BOOL(4)));
}

static void inv(tyb_call *c)
{
    RETURN(ty_linalg_inv(T(0)));
}

static void det(tyb_call *c)
{
    RETURN(ty_linalg_det(T(0)));
}

static void slogdet(tyb_call *c)
{
    RETURN(ty_linalg_slogdet(T(0), OUT(1)));
}

static void logdet(tyb_call *c)
{
    RETURN(ty_logdet(T(0)));
}

static void cholesky(tyb_call *c)
{
    RETURN(ty_linalg_cholesky_ex(T(0), BOOL(1), true, NULL));
}

static void cholesky_ex(tyb_call *c)
{
    RETURN(ty_linalg_cholesky_ex(T(0), BOOL(1), BOOL(2), OUT(1)));
}

static void cholesky_solve(tyb_call *c)
{
    RETURN(ty_cholesky_solve(T(0), T(1), BOOL(2)));
}

static void cholesky_inverse(tyb_call *c)
{
    RETURN(ty_cholesky_inverse(T(0), BOOL(1)));
}

static void qr(tyb_call *c)
{
    RETURN(ty_linalg_qr(T(0), (ty_qr_mode)CHOICE(1), OUT(1)));
}

static void qr_some(tyb_call *c)
{
    RETURN(ty_linalg_qr(T(0), BOOL(1) ? TY_QR_REDUCED : TY_QR_COMPLETE, OUT(1)));
}

static void lu(tyb_call *c)
{
    RETURN(ty_linalg_lu(T(0), OUT(1), OUT(2)));
}

static void lu_factor(tyb_call *c)
{
    RETURN(ty_linalg_lu_factor(T(0), OUT(1)));
}

static void lu_solve(tyb_call *c)
{
    RETURN(ty_linalg_lu_solve(T(0), T(1), T(2), BOOL(3), BOOL(4)));
}

static void lu_unpack(tyb_call *c)
{
    RETURN(ty_lu_unpack(T(0), T(1), OUT(1), OUT(2)));
}

static void svd(tyb_call *c)
{
    RETURN(ty_linalg_svd(T(0), BOOL(1), OUT(1), OUT(2)));
}

static void svd_some(tyb_call *c)
{
    ty_tensor *vh;
    RETURN(ty_linalg_svd(T(0), !BOOL(1), OUT(1), &vh));
    if (c->out[0].tensor) {
        c->out[2].tensor = ty_transpose(vh, -2, -1);
        ty_release(vh);
    }
}

static void svdvals(tyb_call *c)
{
    RETURN(ty_linalg_svd(T(0), false, NULL, NULL));
}

static void eigh(tyb_call *c)
{
    RETURN(ty_linalg_eigh(T(0), CHOICE(1) == 1, OUT(1)));
}

static void eigvalsh(tyb_call *c)
{
    RETURN(ty_linalg_eigh(T(0), CHOICE(1) == 1, NULL));
}

static void eig(tyb_call *c)
{
    RETURN(ty_linalg_eig(T(0), OUT(1)));
}

static void eigvals(tyb_call *c)
{
    RETURN(ty_linalg_eig(T(0), NULL));
}

static void lstsq(tyb_call *c)
{
    static const ty_lstsq_driver drivers[] = {TY_LSTSQ_GELSY, TY_LSTSQ_GELS, TY_LSTSQ_GELSD, TY_LSTSQ_GELSS};
    ty_tensor *others[3];
    RETURN(ty_linalg_lstsq(T(0), T(1), BOUND(2), GIVEN(3) ? drivers[CHOICE(3)] : TY_LSTSQ_DEFAULT, others));
    for (int i = 0; i < 3; i++)
        c->out[i + 1].tensor = others[i];
}

static void pinv(tyb_call *c)
{
    double rtol = GIVEN(1) ? FLOAT(1) : BOUND(4);
    RETURN(ty_linalg_pinv(T(0), BOUND(3), rtol, BOOL(2)));
}

static void pinverse(tyb_call *c)
{
    RETURN(ty_linalg_pinv(T(0), -1, FLOAT(1), false));
}

static void matrix_rank(tyb_call *c)
{
    double atol = GIVEN(1) ? FLOAT(1) : BOUND(3);
    RETURN(ty_linalg_matrix_rank(T(0), atol, GIVEN(1) ? 0 : BOUND(4), BOOL(2)));
}

/* The forms of an order: a number, or "fro" and "nuc". */
static ty_norm_kind kind_of(const tyb_call *c)
{
    if (c->form == 0)
        return GIVEN(1) ? TY_NORM_ORDER : TY_NORM_DEFAULT;
    return CHOICE(1) == 0 ? TY_NORM_FROBENIUS : TY_NORM_NUCLEAR;
}

static void norm(tyb_call *c)
{
    RETURN(ty_linalg_norm(T(0), kind_of(c), c->form == 0 ? FLOAT(1) : 0, COUNT(2), INTS(2), BOOL(3), DTYPE(4)));
}

static void vector_norm(tyb_call *c)
{
    RETURN(ty_linalg_vector_norm(T(0), FLOAT(1), COUNT(2), INTS(2), BOOL(3), DTYPE(4)));
}

static void matrix_norm(tyb_call *c)
{
    int dims[2] = {-2, -1};
    if (GIVEN(2) && COUNT(2) != 2) {
        c->status = ty_fail(TY_ERROR_VALUE, "matrix_norm: dim must be two dimensions, got %d", COUNT(2));
        return;
    }
    for (int i = 0; i < 2 && GIVEN(2); i++)
        dims[i] = (int)INTS(2)[i];
    ty_norm_kind kind = kind_of(c);
    RETURN(ty_linalg_matrix_norm(T(0), kind == TY_NORM_DEFAULT ? TY_NORM_FROBENIUS : kind, c->form == 0 ? FLOAT(1) : 0,
                                 dims, BOOL(3), DTYPE(4)));
}

static void cond(tyb_call *c)
{
    RETURN(ty_linalg_cond(T(0), kind_of(c), c->form == 0 ? FLOAT(1) : 0));
}

static void tensorinv(tyb_call *c)
{
    RETURN(ty_linalg_tensorinv(T(0), (int)INT(1)));
}

static void tensorsolve(tyb_call *c)
{
    RETURN(ty_linalg_tensorsolve(T(0), T(1), COUNT(2), INTS(2)));
}

static void diagonal(tyb_call *c)
{
    RETURN(ty_diagonal(T(0), INT(1), DIM(2), DIM(3)));
}

#define MATRIX "ty.tensor{{4.0, 2.0}, {2.0, 3.0}}"
#define ORDER(n)                                                                                                       \
    "(A: Tensor, " n ": float?, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor\n"                      \
    "(A: Tensor, " n ": \"fro\"|\"nuc\", dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor"

const tyb_row tyb_rows_linalg[] = {
    {"solve", "(A: Tensor, B: Tensor, *, left: bool = true) -> Tensor", solve, TYB_LINALG | TYB_OUT,
     "The x with A x = B (left = false: x A = B) for invertible matrices A {..., n, n}; B holds matrices {..., n, k} "
     "or "
     "vectors {..., n}. Batches broadcast. A singular matrix is an error that names it.",
     "ty.linalg.solve(" MATRIX ", ty.tensor{1.0, 2.0})"},
    {"solve_triangular",
     "(A: Tensor, B: Tensor, *, upper: bool, left: bool = true, unitriangular: bool = false) -> Tensor",
     solve_triangular, TYB_LINALG,
     "The x with A x = B (left = false: x A = B) for triangular matrices A, of which only one triangle is read; "
     "unitriangular: with ones on the diagonal. B {..., n, k}.",
     "ty.linalg.solve_triangular(ty.tensor{{2.0, 0.0}, {1.0, 1.0}}, ty.ones(2, 1), {upper = false})"},
    {"inv", "(A: Tensor) -> Tensor", inv, TYB_LINALG | TYB_OUT,
     "The inverse of matrices {..., n, n}; a singular one is an error. To solve equations, solve is faster and more "
     "exact.",
     "ty.linalg.inv(" MATRIX ")"},
    {"inverse", "(input: Tensor) -> Tensor", inv, TYB_BOTH, "The inverse of matrices {..., n, n}, as ty.linalg.inv.",
     MATRIX ":inverse()"},
    {"det", "(A: Tensor) -> Tensor", det, LINALG_TOO | TYB_OUT, "The determinants of matrices {..., n, n}.",
     MATRIX ":det()"},
    {"slogdet", "(A: Tensor) -> (sign: Tensor, logabsdet: Tensor)", slogdet, LINALG_TOO,
     "The signs (-1, 0, 1) of determinants, and the logarithms of their absolute values, which do not overflow.",
     MATRIX ":slogdet()"},
    {"logdet", "(input: Tensor) -> Tensor", logdet, TYB_BOTH,
     "The logarithms of determinants; NaN for negative ones, -inf for 0.", MATRIX ":logdet()"},
    {"cholesky", "(input: Tensor, *, upper: bool = false) -> Tensor", cholesky, TYB_LINALG | TYB_OUT,
     "The lower triangular L with A = L L^T (upper: U with A = U^T U) of symmetric positive definite matrices, of "
     "which "
     "one triangle is read; another matrix is an error that names it.",
     "ty.linalg.cholesky(" MATRIX ")"},
    {"cholesky", "(input: Tensor, upper: bool = false) -> Tensor", cholesky, TYB_BOTH, "As ty.linalg.cholesky.",
     MATRIX ":cholesky()"},
    {"cholesky_ex", "(input: Tensor, *, upper: bool = false, check_errors: bool = false) -> (L: Tensor, info: Tensor)",
     cholesky_ex, TYB_LINALG,
     "As cholesky, but a matrix that is not positive definite is no error: info (int32) is the order of its first "
     "minor "
     "that is not positive, else 0.",
     "ty.linalg.cholesky_ex(" MATRIX ")"},
    {"cholesky_solve", "(input: Tensor, input2: Tensor, upper: bool = false) -> Tensor", cholesky_solve, TYB_BOTH,
     "The x with A x = input {..., n, k}, where input2 is the Cholesky factor of A (upper: the upper one).",
     "ty.ones(2, 1):cholesky_solve(" MATRIX ":cholesky())"},
    {"cholesky_inverse", "(input: Tensor, upper: bool = false) -> Tensor", cholesky_inverse, TYB_BOTH,
     "The inverse of A, from its Cholesky factor.", MATRIX ":cholesky():cholesky_inverse()"},
    {"qr", "(A: Tensor, mode: \"reduced\"|\"complete\"|\"r\" = \"reduced\") -> (Q: Tensor, R: Tensor)", qr, TYB_LINALG,
     "A {..., m, n} = Q R with orthonormal columns of Q and an upper triangular R: Q {..., m, k}, R {..., k, n} for "
     "k = min(m, n); \"complete\": Q {..., m, m}; \"r\": R alone, Q is empty. Signs are LAPACK's.",
     "ty.linalg.qr(ty.randn(4, 2))"},
    {"qr", "(input: Tensor, some: bool = true) -> (Q: Tensor, R: Tensor)", qr_some, TYB_BOTH,
     "As ty.linalg.qr: reduced, or complete with some = false.", "ty.randn(4, 2):qr()"},
    {"lu", "(A: Tensor) -> (P: Tensor, L: Tensor, U: Tensor)", lu, TYB_LINALG,
     "A {..., m, n} = P L U with a permutation P, L lower triangular with ones on the diagonal, U upper triangular.",
     "ty.linalg.lu(" MATRIX ")"},
    {"lu_factor", "(A: Tensor) -> (LU: Tensor, pivots: Tensor)", lu_factor, TYB_LINALG,
     "L and U of lu in one matrix (the ones of L's diagonal are left out), and the row exchanges (int32): row i was "
     "exchanged with row pivots[i].",
     "ty.linalg.lu_factor(" MATRIX ")"},
    {"lu_solve", "(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = true, adjoint: bool = false) -> Tensor",
     lu_solve, TYB_LINALG,
     "The x with A x = B (left = false: x A = B; adjoint: with the transpose of A) from what lu_factor gave.",
     "local LU, pivots = ty.linalg.lu_factor(" MATRIX ")\nprint(ty.linalg.lu_solve(LU, pivots, ty.ones(2, 1)))"},
    {"lu_unpack", "(LU_data: Tensor, LU_pivots: Tensor) -> (P: Tensor, L: Tensor, U: Tensor)", lu_unpack, TYB_TY,
     "P, L and U of what ty.linalg.lu_factor gave.", "ty.lu_unpack(ty.linalg.lu_factor(" MATRIX "))"},
    {"svd", "(A: Tensor, full_matrices: bool = true) -> (U: Tensor, S: Tensor, Vh: Tensor)", svd, TYB_LINALG,
     "A {..., m, n} = U diag(S) Vh with orthonormal U and Vh, and the singular values S, largest first. full_matrices: "
     "U "
     "{..., m, m} and Vh {..., n, n}; else only their first min(m, n) columns and rows. Signs are LAPACK's; gradients "
     "through U and Vh need values that differ.",
     "ty.linalg.svd(ty.randn(3, 2), {full_matrices = false})"},
    {"svd", "(input: Tensor, some: bool = true) -> (U: Tensor, S: Tensor, V: Tensor)", svd_some, TYB_BOTH,
     "input = U diag(S) V^T; mind that V is not transposed, as it is in ty.linalg.svd.", "ty.randn(3, 2):svd()"},
    {"svdvals", "(A: Tensor) -> Tensor", svdvals, TYB_LINALG | TYB_OUT,
     "The singular values of matrices, largest first.", "ty.linalg.svdvals(" MATRIX ")"},
    {"eigh", "(A: Tensor, UPLO: \"L\"|\"U\" = \"L\") -> (eigenvalues: Tensor, eigenvectors: Tensor)", eigh, TYB_LINALG,
     "The eigenvalues of symmetric matrices, smallest first, and the eigenvectors as columns; only the lower (\"U\": "
     "upper) "
     "triangle is read. Gradients through the vectors need values that differ.",
     "ty.linalg.eigh(" MATRIX ")"},
    {"eigvalsh", "(A: Tensor, UPLO: \"L\"|\"U\" = \"L\") -> Tensor", eigvalsh, TYB_LINALG | TYB_OUT,
     "The eigenvalues of symmetric matrices, smallest first.", "ty.linalg.eigvalsh(" MATRIX ")"},
    {"eig", "(A: Tensor) -> (eigenvalues: Tensor, eigenvectors: Tensor)", eig, TYB_LINALG,
     "The eigenvalues of matrices and eigenvectors of unit length as columns, where all eigenvalues are real; a "
     "complex "
     "one is an error, because there is no complex dtype.",
     "ty.linalg.eig(ty.tensor{{2.0, 1.0}, {0.0, 3.0}})"},
    {"eigvals", "(A: Tensor) -> Tensor", eigvals, TYB_LINALG,
     "The eigenvalues of matrices where all are real; a complex one is an error.",
     "ty.linalg.eigvals(ty.tensor{{2.0, 1.0}, {0.0, 3.0}})"},
    {"lstsq",
     "(A: Tensor, B: Tensor, rcond: float?, *, driver: \"gelsy\"|\"gels\"|\"gelsd\"|\"gelss\"?) -> (solution: Tensor, "
     "residuals: Tensor, rank: Tensor, singular_values: Tensor)",
     lstsq, TYB_LINALG,
     "The x that makes |A x - B| least, for A {..., m, n} of any rank; singular values below rcond times the largest "
     "count "
     "as 0. What the driver does not compute is empty: gelsy (the default) gives the rank, gelsd and gelss also the "
     "singular values and the squared residuals. On CUDA there is gels alone, which takes matrices of full rank.",
     "ty.linalg.lstsq(ty.randn(4, 2), ty.randn(4))"},
    {"pinv", "(A: Tensor, rcond: float?, hermitian: bool = false, *, atol: float?, rtol: float?) -> Tensor", pinv,
     TYB_LINALG | TYB_OUT,
     "The pseudoinverse {..., n, m} of matrices {..., m, n} of any rank: singular values up to max(atol, rtol * "
     "largest) "
     "count as 0 (rtol: precision times max(m, n) unless atol is given); rcond is an older name of rtol. hermitian: "
     "the "
     "matrices are symmetric.",
     "ty.linalg.pinv(ty.ones(2, 3))"},
    {"pinverse", "(input: Tensor, rcond: float = 1e-15) -> Tensor", pinverse, TYB_BOTH,
     "The pseudoinverse, as ty.linalg.pinv.", "ty.ones(2, 3):pinverse(1e-5)"},
    {"matrix_rank", "(A: Tensor, tol: float?, hermitian: bool = false, *, atol: float?, rtol: float?) -> Tensor",
     matrix_rank, TYB_LINALG,
     "How many singular values are above max(atol, rtol * largest), as int64; the bounds as in pinv; tol is an older "
     "name "
     "of atol alone.",
     "ty.linalg.matrix_rank(ty.ones(2, 3))"},
    {"norm", ORDER("ord"), norm, TYB_LINALG,
     "Without ord the Euclidean norm of the elements; with it the norm of vectors (one dimension: any order) or "
     "matrices "
     "(two: \"fro\", \"nuc\", 1, -1, 2, -2, math.huge, -math.huge).",
     "ty.linalg.norm(" MATRIX ", 2)"},
    {"vector_norm", "(x: Tensor, ord: float = 2, dim: dims?, keepdim: bool = false, *, dtype: dtype?) -> Tensor",
     vector_norm, TYB_LINALG, "The norm of order ord over all elements or over dimensions, whatever the shape.",
     "ty.linalg.vector_norm(" MATRIX ", 1)"},
    {"matrix_norm", ORDER("ord"), matrix_norm, TYB_LINALG,
     "The norm of matrices in two dimensions (the last two): \"fro\" (the default), \"nuc\", 1, -1, 2, -2, math.huge, "
     "-math.huge.",
     "ty.linalg.matrix_norm(" MATRIX ", \"nuc\")"},
    {"cond", "(A: Tensor, p: float?) -> Tensor\n(A: Tensor, p: \"fro\"|\"nuc\") -> Tensor", cond, TYB_LINALG,
     "The condition number: the p-norm of A times that of its inverse (2, the default: largest over smallest singular "
     "value, also of matrices that are not square). Infinite for singular matrices.",
     "ty.linalg.cond(" MATRIX ")"},
    {"tensorinv", "(A: Tensor, ind: int = 2) -> Tensor", tensorinv, TYB_LINALG,
     "The inverse of A as a map from its last dimensions to its first ind.",
     "ty.linalg.tensorinv(ty.eye(4):reshape(2, 2, 4), 2).shape"},
    {"tensorsolve", "(A: Tensor, B: Tensor, dims: dims?) -> Tensor", tensorsolve, TYB_LINALG,
     "The x with tensordot(A, x) = B over all dimensions of x; dims of A are moved to its end first.",
     "ty.linalg.tensorsolve(ty.eye(4):reshape(2, 2, 4), ty.ones(2, 2))"},
    {"diagonal", "(A: Tensor, *, offset: int = 0, dim1: dim = -2, dim2: dim = -1) -> Tensor", diagonal, TYB_LINALG,
     "A view of the diagonals of matrices, as a new last dimension.", "ty.linalg.diagonal(" MATRIX ")"},
    {0},
};
