/*
 * Eigenvalues and singular values: eigh, eig, svd, and what is read off them: pinv, matrix_rank. By LAPACK; the
 * gradients are made of products and solves (Giles 2008; Ionescu, Vantzos and Sminchisescu 2015). A gradient through
 * vectors exists where the values differ from each other, and must not depend on the vectors' signs.
 */
#include <math.h>

#include "ops/linalg.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* An eigenvalue or singular value computation that did not come to an end. */
static ty_status no_convergence(const char *name, const ty_tensor *x, int64_t bad)
{
    return ty_fail(TY_ERROR_VALUE, "%s: the computation did not converge for %s; are there NaNs or infinities in it?",
                   name, tyi_which_matrix(x, bad).s);
}

/* LAPACK may loop or give nonsense for what is not finite. */
static ty_status check_finite(const char *name, ty_tensor *x)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *each = ty_isfinite(x), *all = ty_all(each, 0, NULL, false);
    ty_set_grad_enabled(was);
    ty_scalar finite;
    ty_status status = ty_item(all, &finite);
    ty_release(each);
    ty_release(all);
    if (status == TY_OK && !finite.i)
        return ty_fail(TY_ERROR_VALUE, "%s: the input has NaNs or infinities", name);
    return status;
}

/* {..., n, n}: values[j] - values[i] at (i, j), and 1 on the diagonal. */
static ty_tensor *gaps(ty_tensor *values)
{
    int64_t n = values->sizes[values->ndim - 1];
    return ADD(SUB(ROW(values), COLUMN(values)), HOLD(tyi_eye_like(values, n, n)));
}

/* ---- eigh ---- */

/* Saved: values, vectors v. ga is the symmetric part of v (diag(g values) + (v^T g) / gaps) v^T. */
static ty_status eigh_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *values = tyi_saved(node, 0), *v = tyi_saved(node, 1);
    if (!values || !v)
        return TY_FAIL;
    ty_tensor *inner = grad_out[0] ? F(diag_embed, grad_out[0], 0, -2, -1) : NULL;
    if (grad_out[1]) {
        int64_t n = tyi_rows_of(v);
        ty_tensor *eye = HOLD(tyi_eye_like(v, n, n)), *apart = SUB(NUM(1), eye);
        ty_tensor *turn = MUL(DIV(MM(MT(v), grad_out[1]), gaps(values)), apart);
        inner = inner ? ADD(inner, turn) : turn;
    }
    ty_tensor *whole = inner ? MM(v, MM(inner, MT(v))) : NULL;
    grad_in[0] = whole ? ty_mul(ADD(whole, MT(whole)), NUM(0.5)) : NULL; /* of a symmetric matrix it is one too */
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind eigh_node = {"LinalgEighBackward0", eigh_backward};

/* torch.linalg.eigh: eigenvalues in ascending order of symmetric matrices {..., n, n}, of which one triangle is read,
 * and the eigenvectors as columns of *vectors (NULL: not wanted, as torch.linalg.eigvalsh). */
ty_tensor *ty_linalg_eigh(ty_tensor *x, bool upper, ty_tensor **vectors)
{
    const char *name = vectors ? "eigh" : "eigvalsh";
    if (vectors)
        *vectors = NULL;
    if (tyi_check_matrices(name, x, true) != TY_OK || check_finite(name, x) != TY_OK)
        return NULL;
    bool recorded = tyi_needs_grad(1, &x);
    int64_t n = tyi_rows_of(x), bad;
    int info;
    ty_tensor *v = tyi_to_columns(x), *values = v ? tyi_new_batch(x, n, -1, (ty_dtype)x->dtype) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_EIGH, .m = n, .n = n, .flag = upper, .vectors = vectors || recorded};
    ty_status status = TY_FAIL;
    if (values) {
        args.a = tyi_data(v), args.values = tyi_data(values);
        status = tyi_run_lapack(name, &args, x, &bad, &info);
        if (status == TY_OK && bad >= 0)
            status = no_convergence(name, x, bad);
    }
    v = tyi_from_columns(v);
    if (status == TY_OK && v)
        status =
            tyi_record_many(2, (ty_tensor *[]){values, v}, &eigh_node, 1, &x, 2, (ty_tensor *[]){values, v}, NULL, 0);
    if (status == TY_OK && v && vectors)
        *vectors = ty_retain(v);
    ty_tensor *y = status == TY_OK && v ? ty_retain(values) : NULL;
    ty_release(v);
    ty_release(values);
    return y;
}

/* ---- eig ---- */

/* Saved: values, vectors v of unit length. ga = v^-T (diag(g values) + (v^T g - v^T v diag(v^T g)) / gaps) v^T. */
static ty_status eig_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *values = tyi_saved(node, 0), *v = tyi_saved(node, 1);
    if (!values || !v)
        return TY_FAIL;
    ty_tensor *inner = grad_out[0] ? F(diag_embed, grad_out[0], 0, -2, -1) : NULL;
    if (grad_out[1]) {
        int64_t n = tyi_rows_of(v);
        ty_tensor *eye = HOLD(tyi_eye_like(v, n, n)), *apart = SUB(NUM(1), eye), *product = MM(MT(v), grad_out[1]);
        ty_tensor *along = product ? MUL(MM(MT(v), v), ROW(DIAGONAL(product))) : NULL;
        ty_tensor *turn = along ? MUL(DIV(SUB(product, along), gaps(values)), apart) : NULL;
        inner = !turn ? NULL : inner ? ADD(inner, turn) : turn;
    }
    grad_in[0] = inner ? ty_linalg_solve(MT(v), MM(inner, MT(v)), true) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind eig_node = {"LinalgEigBackward0", eig_backward};

/* torch.linalg.eig where the eigenvalues are real: values {..., n}, and vectors of unit length as columns of *vectors
 * (NULL: not wanted, as torch.linalg.eigvals). Fails where one is complex: there is no complex dtype. */
ty_tensor *ty_linalg_eig(ty_tensor *x, ty_tensor **vectors)
{
    const char *name = vectors ? "eig" : "eigvals";
    if (vectors)
        *vectors = NULL;
    if (tyi_check_matrices(name, x, true) != TY_OK || check_finite(name, x) != TY_OK)
        return NULL;
    int64_t n = tyi_rows_of(x), bad;
    int info, outer = tyi_temps_begin();
    bool recorded = tyi_needs_grad(1, &x);
    ty_tensor *work = HOLD(tyi_to_columns(x)), *v = HOLD(tyi_new_batch(x, n, n, (ty_dtype)x->dtype));
    ty_tensor *values = HOLD(tyi_new_batch(x, n, -1, (ty_dtype)x->dtype));
    ty_tensor *imaginary = values ? F(zeros_like, values, TY_DTYPE_NONE) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_EIG, .m = n, .n = n, .vectors = vectors || recorded};
    if (!work || !v || !imaginary)
        return tyi_composed(outer, NULL);
    args.a = tyi_data(work), args.v = tyi_data(v), args.values = tyi_data(values), args.values2 = tyi_data(imaginary);
    ty_status status = tyi_run_lapack(name, &args, x, &bad, &info);
    ty_scalar complex = {.i = 0};
    if (status == TY_OK && bad >= 0)
        status = no_convergence(name, x, bad);
    if (status == TY_OK)
        status = ty_item(F(any, imaginary, 0, NULL, false), &complex);
    if (status == TY_OK && complex.i)
        status =
            ty_fail(TY_ERROR_VALUE,
                    "%s: there are complex eigenvalues, and there is no complex dtype; symmetric matrices have real "
                    "ones: ty.linalg.eigh",
                    name);
    v = HOLD(tyi_from_columns(ty_retain(v)));
    if (status == TY_OK && v)
        status =
            tyi_record_many(2, (ty_tensor *[]){values, v}, &eig_node, 1, &x, 2, (ty_tensor *[]){values, v}, NULL, 0);
    bool good = status == TY_OK && v;
    if (good && vectors)
        *vectors = ty_retain(v);
    return tyi_composed(outer, good ? values : NULL);
}

/* ---- svd ---- */

/* Saved: u, s, vh, each of k = min(m, n) vectors. With F(i, j) = 1 / (s_j^2 - s_i^2) and skew(X) = X - X^T:
 * ga = u ((F skew(u^T gu)) s + s (F skew(v^T gv)) + diag(gs)) vh + (1 - u u^T) gu / s vh + u / s gvh (1 - v v^T). */
static ty_status svd_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *u = tyi_saved(node, 0), *s = tyi_saved(node, 1), *vh = tyi_saved(node, 2);
    if (!u || !s || !vh)
        return TY_FAIL;
    int64_t k = s->sizes[s->ndim - 1], m = tyi_rows_of(u), n = tyi_columns_of(vh);
    u = F(narrow, u, -1, 0, k), vh = F(narrow, vh, -2, 0, k);
    ty_tensor *g_u = grad_out[0] ? F(narrow, grad_out[0], -1, 0, k) : NULL;
    ty_tensor *g_vh = grad_out[2] ? F(narrow, grad_out[2], -2, 0, k) : NULL;
    ty_tensor *inner = F(diag_embed, tyi_or_zeros(grad_out[1], s), 0, -2, -1), *whole = NULL;
    if (g_u || g_vh) {
        ty_tensor *distances = gaps(F(square, s));
        if (g_u) {
            ty_tensor *turn = MM(MT(u), g_u);
            inner = ADD(inner, MUL(DIV(SUB(turn, MT(turn)), distances), ROW(s)));
        }
        if (g_vh) {
            ty_tensor *turn = MM(vh, MT(g_vh));
            inner = ADD(inner, MUL(DIV(SUB(turn, MT(turn)), distances), COLUMN(s)));
        }
    }
    whole = MM(u, MM(inner, vh));
    if (g_u && m > k) {
        ty_tensor *scaled = DIV(g_u, ROW(s));
        whole = ADD(whole, MM(SUB(scaled, MM(u, MM(MT(u), scaled))), vh));
    }
    if (g_vh && n > k) {
        ty_tensor *scaled = DIV(g_vh, COLUMN(s));
        whole = ADD(whole, MM(u, SUB(scaled, MM(MM(scaled, MT(vh)), vh))));
    }
    grad_in[0] = ty_retain(whole);
    return whole ? TY_OK : TY_FAIL;
}

static const tyi_node_kind svd_node = {"LinalgSvdBackward0", svd_backward};

/* torch.linalg.svd: x {..., m, n} = u diag(s) vh with k = min(m, n) singular values in *s, largest first; u {..., m, k}
 * and *vh {..., k, n}, or square ones with `full`. s alone when vh is NULL: then that is the result. */
ty_tensor *ty_linalg_svd(ty_tensor *x, bool full, ty_tensor **s, ty_tensor **vh)
{
    const char *name = vh ? "svd" : "svdvals";
    if (vh)
        *s = *vh = NULL;
    if (tyi_check_matrices(name, x, false) != TY_OK || check_finite(name, x) != TY_OK)
        return NULL;
    int64_t m = tyi_rows_of(x), n = tyi_columns_of(x), k = m < n ? m : n, bad;
    int info, outer = tyi_temps_begin();
    bool vectors = vh || tyi_needs_grad(1, &x);
    full = full && vh;
    ty_tensor *work = HOLD(tyi_to_columns(x)), *values = HOLD(tyi_new_batch(x, k, -1, (ty_dtype)x->dtype));
    ty_tensor *u = HOLD(tyi_new_batch(x, full ? m : k, m, (ty_dtype)x->dtype));
    ty_tensor *v = HOLD(tyi_new_batch(x, n, full ? n : k, (ty_dtype)x->dtype));
    tyi_lapack_args args = {.op = TYI_LAPACK_SVD, .m = m, .n = n, .flag = full, .vectors = vectors};
    if (!work || !values || !u || !v)
        return tyi_composed(outer, NULL);
    args.a = tyi_data(work), args.values = tyi_data(values), args.u = tyi_data(u), args.v = tyi_data(v);
    ty_status status = tyi_run_lapack(name, &args, x, &bad, &info);
    if (status == TY_OK && bad >= 0)
        status = no_convergence(name, x, bad);
    u = HOLD(tyi_from_columns(ty_retain(u)));
    v = HOLD(tyi_from_columns(ty_retain(v)));
    if (k == 0 && full && u && v) { /* nothing to decompose: identities */
        bool was = ty_set_grad_enabled(false);
        if (!F(copy_, u, HOLD(tyi_eye_like(x, m, m))) || !F(copy_, v, HOLD(tyi_eye_like(x, n, n))))
            status = TY_FAIL;
        ty_set_grad_enabled(was);
    }
    ty_tensor *outputs[] = {u, values, v}; /* also those that are not asked for: the rule reads them */
    if (status == TY_OK && u && v)
        status = tyi_record_many(3, outputs, &svd_node, 1, &x, 3, (ty_tensor *[]){u, values, v}, NULL, 0);
    if (status != TY_OK || !u || !v)
        return tyi_composed(outer, NULL);
    if (!vh)
        return tyi_composed(outer, values);
    *s = ty_retain(values);
    *vh = ty_retain(v);
    return tyi_composed(outer, u);
}

/* ---- pinv, matrix_rank ---- */

/* Golub and Pereyra (1973): ga = -p^T g p^T + (1 - a p) g^T p p^T + p^T p g^T (1 - p a). */
ty_tensor *tyi_pinv_gradient(ty_tensor *a, ty_tensor *p, ty_tensor *g)
{
    int outer = tyi_temps_begin();
    ty_tensor *pt = MT(p), *gt = MT(g);
    ty_tensor *first = MM(pt, MM(g, pt)), *second = MM(gt, MM(p, pt)), *third = MM(MM(pt, p), gt);
    second = SUB(second, MM(a, MM(p, second)));
    third = SUB(third, MM(MM(third, p), a));
    return tyi_composed(outer, SUB(ADD(second, third), first));
}

static ty_status pinv_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *a = tyi_saved(node, 0), *p = tyi_saved(node, 1);
    grad_in[0] = a && p ? tyi_pinv_gradient(a, p, grad_out[0]) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind pinv_node = {"LinalgPinvBackward0", pinv_backward};

/* The bound below which a singular value counts as 0: max(atol, rtol * the largest), {..., 1}. Negative: not given. */
static ty_tensor *cutoff(const ty_tensor *x, ty_tensor *s, double atol, double rtol)
{
    int64_t most = tyi_rows_of(x) > tyi_columns_of(x) ? tyi_rows_of(x) : tyi_columns_of(x), last = -1;
    double precision = (ty_dtype)x->dtype == TY_FLOAT32 ? 1.1920928955078125e-07 : 2.220446049250313e-16;
    if (rtol < 0)
        rtol = atol > 0 ? 0 : precision * (double)most;
    return F(maximum, MUL(F(amax, s, 1, &last, true), NUM(rtol)), NUM(atol > 0 ? atol : 0));
}

/* torch.linalg.pinv: the pseudoinverse {..., n, m} of x {..., m, n} from its singular values (hermitian: eigenvalues)
 * above max(atol, rtol * largest); a negative bound is not given: atol 0, rtol precision * max(m, n) unless atol is. */
ty_tensor *ty_linalg_pinv(ty_tensor *x, double atol, double rtol, bool hermitian)
{
    if (tyi_check_matrices("pinv", x, hermitian) != TY_OK)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    int outer = tyi_temps_begin();
    ty_tensor *y = NULL;
    if (x->numel == 0) {
        int64_t sizes[TY_MAX_DIMS];
        memcpy(sizes, x->sizes, sizeof sizes);
        sizes[x->ndim - 2] = tyi_columns_of(x), sizes[x->ndim - 1] = tyi_rows_of(x);
        y = HOLD(ty_zeros(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device));
    } else {
        ty_tensor *s = NULL, *right = NULL, *left;
        if (hermitian) {
            s = HOLD(ty_linalg_eigh(x, false, &right));
            left = HOLD(right);
        } else {
            left = HOLD(ty_linalg_svd(x, false, &s, &right));
            HOLD(s), HOLD(right);
            right = left ? MT(right) : NULL;
        }
        ty_tensor *size = s && right ? F(abs, s) : NULL;
        ty_tensor *kept = size ? F(gt, size, cutoff(x, size, atol, rtol)) : NULL;
        y = kept ? MM(MUL(right, ROW(WHERE(kept, F(reciprocal, s), NUM(0)))), MT(left)) : NULL;
    }
    ty_set_grad_enabled(was);
    if (y)
        y = HOLD(tyi_record(ty_retain(y), &pinv_node, 1, &x, 2, (ty_tensor *[]){x, y}, NULL, 0));
    return tyi_composed(outer, y);
}

/* torch.linalg.matrix_rank: how many singular values (hermitian: absolute eigenvalues) are above the bound of
 * ty_linalg_pinv(); int64. */
ty_tensor *ty_linalg_matrix_rank(ty_tensor *x, double atol, double rtol, bool hermitian)
{
    if (tyi_check_matrices("matrix_rank", x, hermitian) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_zeros(x->ndim - 2, x->sizes, TY_INT64, x->storage->device);
    bool was = ty_set_grad_enabled(false);
    int64_t last = -1;
    int outer = tyi_temps_begin();
    ty_tensor *s = hermitian ? HOLD(ty_linalg_eigh(x, false, NULL)) : HOLD(ty_linalg_svd(x, false, NULL, NULL));
    ty_tensor *size = s ? F(abs, s) : NULL;
    ty_tensor *kept = size ? F(gt, size, cutoff(x, size, atol, rtol)) : NULL;
    ty_tensor *rank = kept ? F(sum, kept, 1, &last, false, TY_INT64) : NULL;
    ty_set_grad_enabled(was);
    return tyi_composed(outer, rank);
}
