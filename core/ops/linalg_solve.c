/*
 * Equations: solve, solve_triangular, inv, det, slogdet, logdet, lu_solve, cholesky_solve, cholesky_inverse, lstsq,
 * tensorsolve, tensorinv. On LAPACK's LU factors and triangular solves; the gradients are made of solves and products.
 */
#include <math.h>
#include <stdlib.h>

#include "ops/linalg.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- Triangular equations ---- */

typedef struct triangular {
    bool upper, left, unit;
} triangular;

/* Saved: a, the solution y. a y = b: gb = a^-T g, ga = -gb y^T in a's triangle; y a = b: gb = g a^-T, ga = -y^T gb. */
static ty_status triangular_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const triangular *how = tyi_context(node);
    ty_tensor *a = tyi_saved(node, 0), *y = tyi_saved(node, 1);
    if (!a || !y)
        return TY_FAIL;
    ty_tensor *g_b = F(linalg_solve_triangular, MT(a), grad_out[0], !how->upper, how->left, how->unit);
    if (tyi_wants(node, 0)) {
        ty_tensor *product = F(neg, how->left ? MM(g_b, MT(y)) : MM(MT(y), g_b));
        grad_in[0] = how->upper ? ty_triu(product, how->unit) : ty_tril(product, -how->unit);
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1))
        grad_in[1] = ty_retain(g_b);
    return g_b ? TY_OK : TY_FAIL;
}

static const tyi_node_kind triangular_node = {"LinalgSolveTriangularBackward0", triangular_backward};

/* a y = b of equal batches; nothing is recorded. */
static ty_tensor *substituted(ty_tensor *a, ty_tensor *b, bool upper, bool unit)
{
    int64_t bad;
    int info;
    ty_tensor *matrices = tyi_to_columns(a), *y = matrices ? tyi_to_columns(b) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_TRIANGULAR, .flag = upper, .unit = unit};
    args.m = args.n = tyi_rows_of(a), args.k = tyi_columns_of(b);
    if (y) {
        args.a = tyi_data(matrices), args.b = tyi_data(y);
        if (tyi_run_lapack("solve_triangular", &args, a, &bad, &info) != TY_OK) {
            y = tyi_drop(y);
        } else if (bad >= 0) {
            ty_fail(TY_ERROR_VALUE, "solve_triangular: %s is singular: element %lld of its diagonal is zero",
                    tyi_which_matrix(a, bad).s, tyi_said(info - 1));
            y = tyi_drop(y);
        }
    }
    ty_release(matrices);
    return tyi_from_columns(y);
}

/* torch.linalg.solve_triangular: y with a y = b (left; else y a = b), a {..., n, n} read in one triangle only, unit:
 * with ones on its diagonal; b {..., n, k}. Batches broadcast. */
ty_tensor *ty_linalg_solve_triangular(ty_tensor *a, ty_tensor *b, bool upper, bool left, bool unit)
{
    const char *name = "solve_triangular";
    if (tyi_check_matrices(name, a, true) != TY_OK || tyi_check_matrices(name, b, false) != TY_OK ||
        tyi_check_alike(name, a, b) != TY_OK)
        return NULL;
    if ((left ? tyi_rows_of(b) : tyi_columns_of(b)) != tyi_rows_of(a))
        return tyi_fail(TY_ERROR_VALUE, "%s: %s does not fit on the %s of %s", name, TYI_SHAPE(a),
                        left ? "left" : "right", TYI_SHAPE(b));
    int outer = tyi_temps_begin();
    ty_tensor *wide_a = NULL, *wide_b = NULL, *y = NULL;
    if (tyi_broadcast_batches(name, a, b, &wide_a, &wide_b) == TY_OK) {
        HOLD(wide_a), HOLD(wide_b);
        bool was = ty_set_grad_enabled(false);
        y = left ? HOLD(substituted(wide_a, wide_b, upper, unit))
                 : HOLD(tyi_from_columns(substituted(MT(wide_a), MT(wide_b), !upper, unit)));
        ty_set_grad_enabled(was);
    }
    triangular how = {upper, left, unit};
    if (y)
        y = HOLD(tyi_record(ty_retain(y), &triangular_node, TYI_LIST(wide_a, wide_b), TYI_LIST(wide_a, y), &how,
                            sizeof how));
    return tyi_composed(outer, y);
}

/* ---- General equations ---- */

/* b of a x = b is a batch of vectors rather than of matrices, as torch.linalg.solve tells them apart. */
static bool are_vectors(const ty_tensor *a, const ty_tensor *b)
{
    return b->ndim == 1 ||
           (b->ndim == a->ndim - 1 && memcmp(b->sizes, a->sizes, sizeof *a->sizes * (size_t)b->ndim) == 0);
}

/* a x = b by LU; nothing is recorded. The message of a singular matrix names the op. */
static ty_tensor *solved(const char *name, ty_tensor *a, ty_tensor *b)
{
    int64_t bad, n = tyi_rows_of(a);
    int info;
    ty_tensor *matrices = tyi_to_columns(a), *x = matrices ? tyi_to_columns(b) : NULL;
    ty_tensor *pivots = x ? tyi_new_batch(a, n, -1, TY_INT32) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_LU, .m = n, .n = n, .k = tyi_columns_of(b)};
    ty_status status = TY_FAIL;
    if (pivots) {
        args.a = tyi_data(matrices), args.b = tyi_data(x), args.pivots = tyi_data(pivots);
        status = tyi_run_lapack(name, &args, a, &bad, &info);
    }
    if (status == TY_OK && bad >= 0)
        status = ty_fail(TY_ERROR_VALUE,
                         "%s: %s is singular: pivot %lld of its LU factors is zero; ty.linalg.lstsq or pinv take "
                         "singular matrices",
                         name, tyi_which_matrix(a, bad).s, tyi_said(info - 1));
    args.op = TYI_LAPACK_LU_SOLVE;
    if (status == TY_OK)
        status = tyi_run_lapack(name, &args, a, &bad, &info);
    ty_release(matrices);
    ty_release(pivots);
    return tyi_from_columns(status == TY_OK ? x : tyi_drop(x));
}

/* Saved: a, the solution x (matrices). gb = a^-T g, ga = -gb x^T. */
static ty_status solve_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *a = tyi_saved(node, 0), *x = tyi_saved(node, 1);
    ty_tensor *g_b = a && x ? F(linalg_solve, MT(a), grad_out[0], true) : NULL;
    if (!g_b)
        return TY_FAIL;
    if (tyi_wants(node, 0) && !(grad_in[0] = ty_neg(MM(g_b, MT(x)))))
        return TY_FAIL;
    if (tyi_wants(node, 1))
        grad_in[1] = ty_retain(g_b);
    return TY_OK;
}

static const tyi_node_kind solve_node = {"LinalgSolveExBackward0", solve_backward};

/* torch.linalg.solve: x with a x = b (left; else x a = b), a {..., n, n} invertible; b {..., n, k}, or vectors {...,
 * n}. Batches broadcast. */
ty_tensor *ty_linalg_solve(ty_tensor *a, ty_tensor *b, bool left)
{
    const char *name = "solve";
    if (tyi_check_matrices(name, a, true) != TY_OK || tyi_check_alike(name, a, b) != TY_OK)
        return NULL;
    bool vectors = b->ndim >= 1 && are_vectors(a, b);
    if (vectors && !left)
        return tyi_fail(TY_ERROR_VALUE, "solve: x a = b takes matrices as b, not vectors %s", TYI_SHAPE(b));
    if (b->ndim < 1 || (vectors ? b->sizes[b->ndim - 1] : left ? tyi_rows_of(b) : tyi_columns_of(b)) != tyi_rows_of(a))
        return tyi_fail(TY_ERROR_VALUE, "solve: %s and a right-hand side of shape %s do not fit: %lld rows are needed",
                        TYI_SHAPE(a), TYI_SHAPE(b), (long long)tyi_rows_of(a));
    int outer = tyi_temps_begin();
    ty_tensor *wide_a = NULL, *wide_b = NULL, *x = NULL;
    if (!left)
        return tyi_composed(outer, MT(F(linalg_solve, MT(a), MT(b), true)));
    ty_tensor *matrix = vectors ? COLUMN(b) : b;
    if (matrix && tyi_broadcast_batches(name, a, matrix, &wide_a, &wide_b) == TY_OK) {
        HOLD(wide_a), HOLD(wide_b);
        bool was = ty_set_grad_enabled(false);
        x = HOLD(solved(name, wide_a, wide_b));
        ty_set_grad_enabled(was);
    }
    if (x)
        x = HOLD(tyi_record(ty_retain(x), &solve_node, TYI_LIST(wide_a, wide_b), TYI_LIST(wide_a, x), NULL, 0));
    if (x && vectors)
        x = F(squeeze_dim, x, -1);
    return tyi_composed(outer, x);
}

static ty_status inv_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *y = tyi_saved(node, 0);
    grad_in[0] = y ? ty_neg(MM(MT(y), MM(grad_out[0], MT(y)))) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind inv_node = {"LinalgInvExBackward0", inv_backward};

/* torch.linalg.inv of matrices {..., n, n}; a singular one is an error. */
ty_tensor *ty_linalg_inv(ty_tensor *x)
{
    if (tyi_check_matrices("inv", x, true) != TY_OK)
        return NULL;
    ty_tensor *one = tyi_eye_like(x, tyi_rows_of(x), tyi_rows_of(x));
    ty_tensor *eye = one ? ty_expand(one, x->ndim, x->sizes) : NULL, *y = eye ? solved("inv", x, eye) : NULL;
    ty_release(one);
    ty_release(eye);
    return tyi_record(y, &inv_node, 1, &x, 1, &y, NULL, 0);
}

/* torch.linalg.lu_solve: x with a x = b (left; else x a = b; adjoint: of a^T) from the factors that lu_factor gave. */
ty_tensor *ty_linalg_lu_solve(ty_tensor *lu, ty_tensor *pivots, ty_tensor *b, bool left, bool adjoint)
{
    if (tyi_check_matrices("lu_solve", lu, true) != TY_OK || tyi_check_matrices("lu_solve", b, false) != TY_OK ||
        tyi_check_alike("lu_solve", lu, b) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    if (!left)
        return tyi_composed(outer, MT(F(linalg_lu_solve, lu, pivots, MT(b), true, !adjoint)));
    ty_tensor *lower = NULL, *upper = NULL, *p = HOLD(ty_lu_unpack(lu, pivots, &lower, &upper));
    HOLD(lower), HOLD(upper);
    if (!p)
        return tyi_composed(outer, NULL);
    if (adjoint)
        return tyi_composed(outer,
                            MM(p, F(linalg_solve_triangular, MT(lower),
                                    F(linalg_solve_triangular, MT(upper), b, false, true, false), true, true, true)));
    ty_tensor *half = F(linalg_solve_triangular, lower, MM(MT(p), b), false, true, true);
    return tyi_composed(outer, F(linalg_solve_triangular, upper, half, true, true, false));
}

/* torch.cholesky_solve: x with a x = b, from the Cholesky factor of a: L, or U with `upper`. */
ty_tensor *ty_cholesky_solve(ty_tensor *b, ty_tensor *factor, bool upper)
{
    if (tyi_check_matrices("cholesky_solve", factor, true) != TY_OK ||
        tyi_check_matrices("cholesky_solve", b, false) != TY_OK ||
        tyi_check_alike("cholesky_solve", b, factor) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *l = upper ? MT(factor) : factor;
    ty_tensor *half = F(linalg_solve_triangular, l, b, false, true, false);
    return tyi_composed(outer, F(linalg_solve_triangular, MT(l), half, true, true, false));
}

/* torch.cholesky_inverse: the inverse of a, from its Cholesky factor. */
ty_tensor *ty_cholesky_inverse(ty_tensor *factor, bool upper)
{
    if (tyi_check_matrices("cholesky_inverse", factor, true) != TY_OK)
        return NULL;
    ty_tensor *eye = tyi_eye_like(factor, tyi_rows_of(factor), tyi_rows_of(factor));
    ty_tensor *y = eye ? ty_cholesky_solve(eye, factor, upper) : NULL;
    ty_release(eye);
    return y;
}

/* ---- Determinants ---- */

/* The matrix of cofactors from the singular values: of a singular matrix too. */
static ty_tensor *cofactors(ty_tensor *x)
{
    ty_tensor *s = NULL, *vh = NULL, *u = HOLD(ty_linalg_svd(x, true, &s, &vh));
    HOLD(s), HOLD(vh);
    if (!u)
        return NULL;
    int64_t n = tyi_rows_of(x), last = -1;
    ty_tensor *eye = F(to_dtype, HOLD(tyi_eye_like(x, n, n)), TY_BOOL);
    ty_tensor *others = F(prod, WHERE(eye, NUM(1), ROW(s)), 1, &last, false, TY_DTYPE_NONE);
    ty_tensor *flips = MUL(F(linalg_det, F(detach, u)), F(linalg_det, F(detach, vh)));
    return MUL(COLUMN(COLUMN(flips)), MM(MUL(u, ROW(others)), vh));
}

/* d det(x) = det(x) tr(x^-1 dx); of a singular matrix by its cofactors. */
static ty_status det_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *x = tyi_saved(node, 0), *y = tyi_saved(node, 1), *g = COLUMN(COLUMN(grad_out[0]));
    if (!x || !y || !g)
        return TY_FAIL;
    ty_scalar invertible;
    if (ty_item(F(all, y, 0, NULL, false), &invertible) != TY_OK)
        return TY_FAIL;
    if (invertible.i)
        grad_in[0] = ty_mul(MUL(g, COLUMN(COLUMN(y))), MT(F(linalg_inv, x)));
    else
        grad_in[0] = ty_mul(g, cofactors(x));
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind det_node = {"LinalgDetBackward0", det_backward};

/* torch.linalg.det of matrices {..., n, n}: {...}. */
ty_tensor *ty_linalg_det(ty_tensor *x)
{
    int64_t last = -1;
    ty_tensor *diagonal, *sign;
    if (tyi_check_matrices("det", x, true) != TY_OK || tyi_lu_diagonal("det", x, &diagonal, &sign) != TY_OK)
        return NULL;
    ty_tensor *product = ty_prod(diagonal, 1, &last, false, TY_DTYPE_NONE), *y = product ? ty_mul(product, sign) : NULL;
    ty_release(diagonal);
    ty_release(sign);
    ty_release(product);
    return tyi_record(y, &det_node, 1, &x, 2, (ty_tensor *[]){x, y}, NULL, 0);
}

static ty_status slogdet_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *x = tyi_saved(node, 0);
    ty_tensor *g = grad_out[1] ? COLUMN(COLUMN(grad_out[1])) : NULL;
    if (!x || (grad_out[1] && !g))
        return TY_FAIL;
    grad_in[0] = g ? ty_mul(g, MT(F(linalg_inv, x))) : ty_zeros_like(x, TY_DTYPE_NONE);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind slogdet_node = {"LinalgSlogdetBackward0", slogdet_backward};

/* torch.linalg.slogdet: the sign (-1, 0, 1) and in *logabsdet the logarithm of the absolute value of determinants. */
ty_tensor *ty_linalg_slogdet(ty_tensor *x, ty_tensor **logabsdet)
{
    int64_t last = -1;
    ty_tensor *diagonal, *flips, *sign = NULL;
    *logabsdet = NULL;
    if (tyi_check_matrices("slogdet", x, true) != TY_OK || tyi_lu_diagonal("slogdet", x, &diagonal, &flips) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    HOLD(diagonal), HOLD(flips);
    sign = MUL(flips, F(prod, F(sign, diagonal), 1, &last, false, TY_DTYPE_NONE));
    ty_tensor *sum = F(sum, F(log, F(abs, diagonal)), 1, &last, false, TY_DTYPE_NONE);
    if (sign && sum && tyi_record_many(2, (ty_tensor *[]){NULL, sum}, &slogdet_node, 1, &x, 1, &x, NULL, 0) == TY_OK)
        *logabsdet = ty_retain(sum);
    else
        sign = NULL;
    return tyi_composed(outer, sign);
}

/* torch.logdet: NaN where the determinant is negative, -inf where it is 0. */
ty_tensor *ty_logdet(ty_tensor *x)
{
    int outer = tyi_temps_begin();
    ty_tensor *size = NULL, *sign = HOLD(ty_linalg_slogdet(x, &size));
    HOLD(size);
    return tyi_composed(outer, sign ? WHERE(F(lt, sign, NUM(0)), NUM(NAN), size) : NULL);
}

/* ---- Least squares ---- */

/* Saved: a, b, the solution x. x is p b with p the pseudoinverse of a; the residuals |a x - b|^2 do not change with x,
 * which makes them least. */
static ty_status lstsq_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *a = tyi_saved(node, 0), *b = tyi_saved(node, 1), *x = tyi_saved(node, 2), *g = grad_out[0];
    ty_tensor *p = a && b && x && g ? F(linalg_pinv, a, -1, -1, false) : NULL, *of_a = NULL, *of_b = NULL, *rest = NULL;
    if (!a || !b || !x || (g && !p))
        return TY_FAIL;
    if (grad_out[1] && !(rest = MUL(SUB(MM(a, x), b), MUL(ROW(grad_out[1]), NUM(2)))))
        return TY_FAIL;
    if (tyi_wants(node, 0)) {
        of_a = g ? HOLD(tyi_pinv_gradient(a, p, MM(g, MT(b)))) : NULL;
        if (rest)
            of_a = of_a ? ADD(of_a, MM(rest, MT(x))) : g ? NULL : MM(rest, MT(x));
        if (!(grad_in[0] = ty_retain(of_a)))
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        of_b = g ? MM(MT(p), g) : NULL;
        if (rest)
            of_b = of_b ? SUB(of_b, rest) : g ? NULL : F(neg, rest);
        if (!(grad_in[1] = ty_retain(of_b)))
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind lstsq_node = {"LinalgLstsqBackward0", lstsq_backward};

/* What LAPACK's info of matrix `bad` means. */
static ty_status rank_or_convergence(const ty_tensor *a, ty_lstsq_driver driver, int64_t bad, int info)
{
    if (driver != TY_LSTSQ_GELS)
        return ty_fail(TY_ERROR_VALUE,
                       "lstsq: the singular values of %s did not converge (%lld left); are there NaNs in it?",
                       tyi_which_matrix(a, bad).s, tyi_said(info - 1));
    return ty_fail(
        TY_ERROR_VALUE,
        "lstsq: %s has no full rank, which the driver gels needs (diagonal element %lld is zero); take gelsy "
        "or gelsd%s",
        tyi_which_matrix(a, bad).s, tyi_said(info - 1),
        a->storage->device.type == TY_CPU ? "" : ", which are there on the CPU: x:cpu()");
}

/* LAPACK's part: *x {..., n, k}; the squared lengths of what is left, the ranks and the singular values where the
 * driver gives them. a {..., m, n} and b {..., m, k} have equal batches. */
static ty_status least_squares(ty_tensor *a, ty_tensor *b, double rcond, ty_lstsq_driver driver, ty_tensor *out[4])
{
    int64_t m = tyi_rows_of(a), n = tyi_columns_of(a), k = tyi_columns_of(b), most = m > n ? m : n, bad;
    int info;
    ty_tensor *matrices = HOLD(tyi_to_columns(a)), *room = HOLD(tyi_new_batch(a, most, k, (ty_dtype)a->dtype));
    room = F(zero_, room);
    ty_tensor *top = room ? F(narrow, room, -2, 0, m) : NULL, *filled = top ? F(copy_, top, b) : NULL;
    ty_tensor *x = filled ? HOLD(tyi_to_columns(room)) : NULL;
    ty_tensor *ranks = HOLD(ty_zeros(a->ndim - 2, a->sizes, TY_INT32, a->storage->device));
    ty_tensor *values = HOLD(tyi_new_batch(a, m < n ? m : n, -1, (ty_dtype)a->dtype));
    if (!x || !matrices || !ranks || !values)
        return TY_FAIL;
    tyi_lapack_args args = {.op = TYI_LAPACK_LSTSQ, .m = m, .n = n, .k = k, .driver = (int)driver, .rcond = rcond};
    args.a = tyi_data(matrices), args.b = tyi_data(x), args.ranks = tyi_data(ranks), args.values = tyi_data(values);
    if (tyi_run_lapack("lstsq", &args, a, &bad, &info) != TY_OK)
        return TY_FAIL;
    if (bad >= 0)
        return rank_or_convergence(a, driver, bad, info);
    ty_tensor *view = HOLD(tyi_from_columns(ty_retain(x))), *solution = F(narrow, view, -2, 0, n);
    out[0] = F(clone, solution);
    ty_scalar full = {.i = 1};
    if (driver == TY_LSTSQ_GELSD || driver == TY_LSTSQ_GELSS)
        if (ty_item(F(all, F(eq, ranks, HOLD(ty_scalar_tensor(ty_int(n), TY_DTYPE_NONE, true))), 0, NULL, false),
                    &full) != TY_OK)
            return TY_FAIL;
    if (m > n && driver != TY_LSTSQ_GELSY && full.i)
        out[1] = F(sum, F(square, F(narrow, view, -2, n, m - n)), 1, (int64_t[]){-2}, false, TY_DTYPE_NONE);
    else
        out[1] = HOLD(ty_empty(1, (int64_t[]){0}, (ty_dtype)a->dtype, a->storage->device));
    out[2] = driver == TY_LSTSQ_GELS ? HOLD(ty_empty(1, (int64_t[]){0}, TY_INT64, a->storage->device))
                                     : F(to_dtype, ranks, TY_INT64);
    out[3] = driver == TY_LSTSQ_GELS || driver == TY_LSTSQ_GELSY
                 ? HOLD(ty_empty(1, (int64_t[]){0}, (ty_dtype)a->dtype, a->storage->device))
                 : values;
    return out[0] && out[1] && out[2] && out[3] ? TY_OK : TY_FAIL;
}

/* torch.linalg.lstsq: x {..., n, k} that makes |a x - b| least, for a {..., m, n} and b {..., m, k} or vectors {...,
 * m}; then, as the driver gives them and else empty, the squared residuals, ranks and singular values. rcond < 0: the
 * precision times max(m, n). */
ty_tensor *ty_linalg_lstsq(ty_tensor *a, ty_tensor *b, double rcond, ty_lstsq_driver driver, ty_tensor *others[3])
{
    others[0] = others[1] = others[2] = NULL;
    if (tyi_check_matrices("lstsq", a, false) != TY_OK || tyi_check_alike("lstsq", a, b) != TY_OK)
        return NULL;
    bool vectors = b->ndim == a->ndim - 1 && memcmp(b->sizes, a->sizes, sizeof *a->sizes * (size_t)b->ndim) == 0;
    if (!vectors && (b->ndim < 2 || tyi_rows_of(b) != tyi_rows_of(a)))
        return tyi_fail(TY_ERROR_VALUE, "lstsq: %s and a right-hand side of shape %s do not fit: %lld rows are needed",
                        TYI_SHAPE(a), TYI_SHAPE(b), (long long)tyi_rows_of(a));
    if (driver == TY_LSTSQ_DEFAULT)
        driver = a->storage->device.type == TY_CPU ? TY_LSTSQ_GELSY : TY_LSTSQ_GELS;
    int outer = tyi_temps_begin();
    int64_t most = tyi_rows_of(a) > tyi_columns_of(a) ? tyi_rows_of(a) : tyi_columns_of(a);
    if (rcond < 0)
        rcond = ((ty_dtype)a->dtype == TY_FLOAT32 ? 1.1920928955078125e-07 : 2.220446049250313e-16) * (double)most;
    ty_tensor *wide_a = NULL, *wide_b = NULL, *out[4] = {NULL}, *matrix = vectors ? COLUMN(b) : b;
    if (!matrix || tyi_broadcast_batches("lstsq", a, matrix, &wide_a, &wide_b) != TY_OK)
        return tyi_composed(outer, NULL);
    HOLD(wide_a), HOLD(wide_b);
    bool was = ty_set_grad_enabled(false);
    ty_status status = least_squares(wide_a, wide_b, rcond, driver, out);
    ty_set_grad_enabled(was);
    if (status == TY_OK)
        status = tyi_record_many(2, (ty_tensor *[]){out[0], out[1]->numel ? out[1] : NULL}, &lstsq_node,
                                 TYI_LIST(wide_a, wide_b), TYI_LIST(wide_a, wide_b, out[0]), NULL, 0);
    ty_tensor *x = status != TY_OK ? NULL : vectors ? F(squeeze_dim, out[0], -1) : out[0];
    for (int i = 0; i < 3 && x; i++)
        others[i] = ty_retain(out[i + 1]);
    return tyi_composed(outer, x);
}

/* ---- Tensors as matrices ---- */

static int64_t product_of(const int64_t *sizes, int n)
{
    int64_t product = 1;
    for (int i = 0; i < n; i++)
        product *= sizes[i];
    return product;
}

/* torch.linalg.tensorinv: the inverse of x as a map from its last dimensions to its first `ind`. */
ty_tensor *ty_linalg_tensorinv(ty_tensor *x, int ind)
{
    if (!x)
        return NULL;
    if (ind < 1 || ind > x->ndim)
        return tyi_fail(TY_ERROR_VALUE, "tensorinv: ind must be between 1 and %d, got %d", x->ndim, ind);
    int64_t rows = product_of(x->sizes, ind), columns = product_of(x->sizes + ind, x->ndim - ind);
    if (rows != columns)
        return tyi_fail(TY_ERROR_VALUE, "tensorinv: in %s the first %d dimension%s have %lld elements, the others %lld",
                        TYI_SHAPE(x), ind, ind == 1 ? "" : "s", (long long)rows, (long long)columns);
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes + ind, sizeof *sizes * (size_t)(x->ndim - ind));
    memcpy(sizes + x->ndim - ind, x->sizes, sizeof *sizes * (size_t)ind);
    int outer = tyi_temps_begin();
    ty_tensor *inverse = F(linalg_inv, F(reshape, x, 2, (int64_t[]){rows, columns}));
    return tyi_composed(outer, F(reshape, inverse, x->ndim, sizes));
}

/* torch.linalg.tensorsolve: y with tensordot(a, y, y's dimensions) = b; ndims of a's `dims` are moved to its end first.
 */
ty_tensor *ty_linalg_tensorsolve(ty_tensor *a, ty_tensor *b, int ndims, const int64_t *dims)
{
    if (!a || !b)
        return NULL;
    int outer = tyi_temps_begin();
    int64_t to[TY_MAX_DIMS];
    for (int i = 0; i < ndims && i < TY_MAX_DIMS; i++)
        to[i] = a->ndim - ndims + i;
    ty_tensor *map = ndims ? F(movedim, a, ndims, dims, ndims, to) : a;
    if (!map)
        return tyi_composed(outer, NULL);
    int rest = map->ndim - b->ndim;
    int64_t columns = rest >= 0 ? product_of(map->sizes + b->ndim, rest) : -1;
    if (columns != b->numel) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "tensorsolve: %s is no square map onto %s", TYI_SHAPE(a), TYI_SHAPE(b));
    }
    ty_tensor *matrix = F(reshape, map, 2, (int64_t[]){b->numel, columns});
    ty_tensor *y = F(linalg_solve, matrix, F(reshape, b, 1, (int64_t[]){b->numel}), true);
    return tyi_composed(outer, y ? F(reshape, y, rest, map->sizes + b->ndim) : NULL);
}
