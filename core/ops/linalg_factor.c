/*
 * Factorisations by LAPACK: LU, Cholesky, QR. Each gives factors in LAPACK's (column-major) strides; the gradients are
 * made of triangular solves and products, so they can be differentiated again. Formulas: Giles, "An extended
 * collection of matrix derivative results" (2008); Walter and Lehmann, "On evaluating higher-order derivatives of the
 * QR decomposition" (2010).
 */
#include "ops/linalg.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* X A^-T for an upper triangular A; L^-T X for a lower one with or without a unit diagonal. */
#define TIMES_UPPER_T_INVERSE(x, upper)       F(linalg_solve_triangular, MT(upper), x, false, false, false)
#define LOWER_T_INVERSE_TIMES(lower, x, unit) F(linalg_solve_triangular, MT(lower), x, true, true, unit)

/* ---- LU ---- */

/* {batch of x..., n, m} of identities, where there is nothing to factorise. */
static ty_tensor *identities(const ty_tensor *x, int64_t n, int64_t m)
{
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[x->ndim - 2] = n, sizes[x->ndim - 1] = m;
    ty_tensor *one = tyi_eye_like(x, n, m), *all = one ? ty_expand(one, x->ndim, sizes) : NULL;
    ty_tensor *y = all ? ty_clone(all) : NULL;
    ty_release(one);
    ty_release(all);
    return y;
}

/* Permutation matrices {batch..., m, m} with x = P L U, for the packed factors lu and LAPACK's row exchanges. */
static ty_tensor *permutation(const char *name, ty_tensor *lu, ty_tensor *pivots)
{
    int64_t m = tyi_rows_of(lu), n = pivots->sizes[pivots->ndim - 1], bad;
    int info, outer = tyi_temps_begin();
    if (lu->numel == 0)
        return tyi_composed(outer, HOLD(identities(lu, m, m)));
    bool was = ty_set_grad_enabled(false);
    ty_tensor *dense = HOLD(tyi_dense(pivots)), *p = dense ? HOLD(tyi_new_batch(lu, m, m, (ty_dtype)lu->dtype)) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_PERMUTATION, .m = m, .n = n};
    ty_status status = TY_FAIL;
    if (p) {
        args.pivots = tyi_data(dense), args.u = tyi_data(p);
        status = tyi_run_lapack(name, &args, lu, &bad, &info);
    }
    if (status == TY_OK && bad >= 0) {
        ty_scalar value = {.i = 0};
        status = ty_item(F(narrow, F(reshape, dense, 1, &dense->numel), 0, bad * n + info - 1, 1), &value);
        if (status == TY_OK)
            status = ty_fail(TY_ERROR_VALUE, "%s: a pivot is %lld, which is no row of %lld", name, (long long)value.i,
                             (long long)m);
    }
    ty_set_grad_enabled(was);
    return tyi_composed(outer, status == TY_OK ? HOLD(tyi_from_columns(ty_retain(p))) : NULL);
}

/* Saved: the packed factors, the pivots. In A = P L U, with B = P^T A: the part of B beside the square one adds to the
 * gradients of L or U, which it was divided by. */
static ty_status lu_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *lu = tyi_saved(node, 0), *pivots = tyi_saved(node, 1), *g = grad_out[0];
    if (!lu || !pivots)
        return TY_FAIL;
    int64_t m = tyi_rows_of(lu), n = tyi_columns_of(lu), k = m < n ? m : n;
    ty_tensor *p = HOLD(permutation("lu", lu, pivots));
    ty_tensor *square = F(narrow, F(narrow, lu, -2, 0, k), -1, 0, k), *upper = TRIU(square, 0);
    ty_tensor *eye = HOLD(tyi_eye_like(lu, k, k)), *lower = ADD(TRIL(square, -1), eye);
    ty_tensor *g_square = F(narrow, F(narrow, g, -2, 0, k), -1, 0, k);
    ty_tensor *g_lower = TRIL(g_square, -1), *g_upper = TRIU(g_square, 0), *beside = NULL;
    if (m > n) {
        ty_tensor *below = F(narrow, lu, -2, k, m - k);
        beside = TIMES_UPPER_T_INVERSE(F(narrow, g, -2, k, m - k), upper);
        g_upper = SUB(g_upper, TRIU(MM(MT(below), beside), 0));
    } else if (m < n) {
        ty_tensor *right = F(narrow, lu, -1, k, n - k);
        beside = LOWER_T_INVERSE_TIMES(lower, F(narrow, g, -1, k, n - k), true);
        g_lower = SUB(g_lower, TRIL(MM(beside, MT(right)), -1));
    }
    ty_tensor *inner = ADD(TRIL(MM(MT(lower), g_lower), -1), TRIU(MM(g_upper, MT(upper)), 0));
    ty_tensor *whole = TIMES_UPPER_T_INVERSE(LOWER_T_INVERSE_TIMES(lower, inner, true), upper);
    if (m != n)
        whole = whole && beside ? HOLD(ty_cat((ty_tensor *[]){whole, beside}, 2, m > n ? -2 : -1)) : NULL;
    grad_in[0] = ty_matmul(p, whole);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind lu_node = {"LinalgLuFactorExBackward0", lu_backward};

/* The packed factors and *pivots (int32, LAPACK's: row i was exchanged with row pivots[i], from 1); the first singular
 * matrix in *bad and its zero pivot (from 1) in *info. */
static ty_tensor *factorised(const char *name, ty_tensor *x, ty_tensor **pivots, int64_t *bad, int *info)
{
    int64_t m = tyi_rows_of(x), n = tyi_columns_of(x);
    ty_tensor *lu = tyi_to_columns(x);
    *pivots = lu ? tyi_new_batch(x, m < n ? m : n, -1, TY_INT32) : NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_LU, .m = m, .n = n};
    if (*pivots) {
        args.a = tyi_data(lu), args.pivots = tyi_data(*pivots);
        if (tyi_run_lapack(name, &args, x, bad, info) == TY_OK)
            return tyi_from_columns(lu);
    }
    ty_release(*pivots);
    *pivots = NULL;
    return tyi_drop(lu);
}

/* torch.linalg.lu_factor: L (unit diagonal not stored) and U of P^T x in one {..., m, n}, and *pivots {..., min(m, n)}
 * int32. A singular matrix has factors too. */
ty_tensor *ty_linalg_lu_factor(ty_tensor *x, ty_tensor **pivots)
{
    int64_t bad;
    int info;
    *pivots = NULL;
    if (tyi_check_matrices("lu_factor", x, false) != TY_OK)
        return NULL;
    ty_tensor *lu = factorised("lu_factor", x, pivots, &bad, &info);
    if (!lu)
        return NULL;
    lu = tyi_record(lu, &lu_node, 1, &x, 2, (ty_tensor *[]){lu, *pivots}, NULL, 0);
    if (!lu) {
        ty_release(*pivots);
        *pivots = NULL;
    }
    return lu;
}

/* torch.lu_unpack: P {..., m, m}, and L {..., m, k}, U {..., k, n} of the packed factors. */
ty_tensor *ty_lu_unpack(ty_tensor *lu, ty_tensor *pivots, ty_tensor **lower, ty_tensor **upper)
{
    *lower = *upper = NULL;
    ty_device device;
    if (tyi_check_matrices("lu_unpack", lu, false) != TY_OK || !pivots ||
        tyi_same_device("lu_unpack", 2, (ty_tensor *[]){lu, pivots}, &device) != TY_OK)
        return NULL;
    int64_t m = tyi_rows_of(lu), n = tyi_columns_of(lu), k = m < n ? m : n;
    if ((ty_dtype)pivots->dtype != TY_INT32 || pivots->ndim != lu->ndim - 1 || pivots->sizes[pivots->ndim - 1] != k ||
        memcmp(pivots->sizes, lu->sizes, sizeof *lu->sizes * (size_t)(lu->ndim - 2)) != 0)
        return tyi_fail(TY_ERROR_VALUE,
                        "lu_unpack: the pivots of %s are int32{..., %lld} as lu_factor gives them, not %s",
                        TYI_SHAPE(lu), (long long)k, TYI_DESCRIBE(pivots));
    int outer = tyi_temps_begin();
    ty_tensor *p = HOLD(permutation("lu_unpack", lu, pivots));
    if (!p)
        return tyi_composed(outer, NULL);
    ty_tensor *l = ADD(TRIL(F(narrow, lu, -1, 0, k), -1), HOLD(tyi_eye_like(lu, m, k)));
    ty_tensor *u = TRIU(F(narrow, lu, -2, 0, k), 0);
    if (p && l && u) {
        *lower = ty_retain(l);
        *upper = ty_retain(u);
    } else {
        p = NULL;
    }
    return tyi_composed(outer, p);
}

/* torch.linalg.lu: x {..., m, n} = P L U with a permutation P, a lower triangular L of unit diagonal, an upper U. */
ty_tensor *ty_linalg_lu(ty_tensor *x, ty_tensor **lower, ty_tensor **upper)
{
    ty_tensor *pivots, *lu = ty_linalg_lu_factor(x, &pivots);
    *lower = *upper = NULL;
    ty_tensor *p = lu ? ty_lu_unpack(lu, pivots, lower, upper) : NULL;
    ty_release(lu);
    ty_release(pivots);
    return p;
}

ty_status tyi_lu_diagonal(const char *name, ty_tensor *x, ty_tensor **diagonal, ty_tensor **sign)
{
    int64_t bad, n = tyi_rows_of(x), last = -1;
    int info, outer = tyi_temps_begin();
    ty_tensor *pivots, *lu = HOLD(factorised(name, x, &pivots, &bad, &info));
    *diagonal = *sign = NULL;
    if (!lu)
        return tyi_temps_end(outer), TY_FAIL;
    bool was = ty_set_grad_enabled(false);
    HOLD(pivots);
    ty_tensor *rows = HOLD(ty_arange(ty_int(1), ty_int(n + 1), ty_int(1), TY_INT32, x->storage->device));
    ty_tensor *exchanges = F(sum, F(ne, pivots, rows), 1, &last, false, TY_INT64);
    ty_tensor *odd = F(remainder, exchanges, NUM(2)), *view = F(diagonal, lu, 0, -2, -1);
    ty_tensor *signs = odd ? SUB(NUM(1), MUL(F(to_dtype, odd, (ty_dtype)x->dtype), NUM(2))) : NULL;
    *diagonal = view ? ty_clone(view) : NULL;
    *sign = *diagonal ? ty_retain(signs) : NULL;
    ty_set_grad_enabled(was);
    tyi_temps_end(outer);
    if (*sign)
        return TY_OK;
    ty_release(*diagonal);
    *diagonal = NULL;
    return TY_FAIL;
}

/* ---- Cholesky ---- */

/* gA = L^-T phi(L^T gL) L^-1, symmetric; phi: the lower triangle with half of the diagonal. */
static ty_status cholesky_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const bool *upper = tyi_context(node);
    ty_tensor *l = tyi_saved(node, 0), *g = grad_out[0];
    if (!l)
        return TY_FAIL;
    if (*upper)
        l = MT(l), g = MT(g);
    ty_tensor *product = MM(MT(l), g), *both = ADD(TRIL(product, 0), MT(TRIL(product, -1)));
    ty_tensor *left = LOWER_T_INVERSE_TIMES(l, both, false);
    grad_in[0] = ty_mul(F(linalg_solve_triangular, l, left, false, false, false), NUM(0.5));
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind cholesky_node = {"LinalgCholeskyExBackward0", cholesky_backward};

/* torch.linalg.cholesky_ex: L with x = L L^T (upper: U with x = U^T U) of positive definite symmetric matrices, of
 * which one triangle is read; *info (int32 {batch...}, may be NULL): 0, or the order of the minor that is not positive.
 * With `check` such a matrix is an error. */
ty_tensor *ty_linalg_cholesky_ex(ty_tensor *x, bool upper, bool check, ty_tensor **info)
{
    const char *name = info ? "cholesky_ex" : "cholesky";
    if (info)
        *info = NULL;
    if (tyi_check_matrices(name, x, true) != TY_OK)
        return NULL;
    int64_t n = tyi_rows_of(x), bad;
    int minor;
    ty_tensor *codes = ty_zeros(x->ndim - 2, x->sizes, TY_INT32, TY_DEVICE_CPU);
    ty_tensor *columns = codes ? tyi_to_columns(x) : NULL, *view = NULL, *out = NULL;
    tyi_lapack_args args = {.op = TYI_LAPACK_CHOLESKY, .m = n, .n = n, .flag = upper};
    if (!columns)
        goto done;
    args.a = tyi_data(columns), args.info = tyi_data(codes);
    if (tyi_run_lapack(name, &args, x, &bad, &minor) != TY_OK)
        goto done;
    if (bad >= 0 && check) {
        ty_fail(TY_ERROR_VALUE,
                "%s: %s is not positive definite: its leading minor of order %d is not positive; is it symmetric?",
                name, tyi_which_matrix(x, bad).s, minor);
        goto done;
    }
    bool was = ty_set_grad_enabled(false);
    view = tyi_from_columns(ty_retain(columns));
    out = view ? upper ? ty_triu(view, 0) : ty_tril(view, 0) : NULL;
    ty_set_grad_enabled(was);
    out = tyi_record(out, &cholesky_node, 1, &x, 1, &out, &upper, sizeof upper);
    if (out && info && !(*info = ty_to(codes, TY_DTYPE_NONE, x->storage->device, false)))
        out = tyi_drop(out);
done:
    ty_release(codes);
    ty_release(columns);
    ty_release(view);
    return out;
}

/* ---- QR ---- */

/* x {..., m, n}, m >= n: gx = (gQ + Q S(triu(gR R^T - Q^T gQ))) R^-T, S(X) = X + X^T with the diagonal once. */
static ty_tensor *qr_tall(ty_tensor *q, ty_tensor *r, ty_tensor *g_q, ty_tensor *g_r)
{
    ty_tensor *inner = TRIU(SUB(MM(g_r, MT(r)), MM(MT(q), g_q)), 0);
    ty_tensor *symmetric = ADD(inner, MT(TRIU(inner, 1)));
    return TIMES_UPPER_T_INVERSE(ADD(g_q, MM(q, symmetric)), r);
}

/* Saved: Q, R, x. A wide x is {X | Y} with X = Q R1 and R2 = Q^T Y. */
static ty_status qr_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const int *mode = tyi_context(node);
    ty_tensor *q = tyi_saved(node, 0), *r = tyi_saved(node, 1), *x = tyi_saved(node, 2);
    if (!q || !r || !x)
        return TY_FAIL;
    int64_t m = tyi_rows_of(x), n = tyi_columns_of(x);
    if (*mode == TY_QR_R || (*mode == TY_QR_COMPLETE && m > n))
        return ty_fail(TY_ERROR_VALUE,
                       "qr: only mode \"reduced\" has a gradient (and \"complete\" for matrices that are "
                       "not taller than wide)");
    ty_tensor *g_q = tyi_or_zeros(grad_out[0], q), *g_r = tyi_or_zeros(grad_out[1], r);
    if (m >= n) {
        grad_in[0] = ty_retain(qr_tall(q, r, g_q, g_r));
        return grad_in[0] ? TY_OK : TY_FAIL;
    }
    ty_tensor *beside = F(narrow, x, -1, m, n - m), *g_beside = F(narrow, g_r, -1, m, n - m);
    ty_tensor *g_left =
        qr_tall(q, F(narrow, r, -1, 0, m), ADD(g_q, MM(beside, MT(g_beside))), F(narrow, g_r, -1, 0, m));
    ty_tensor *g_right = MM(q, g_beside);
    grad_in[0] = g_left && g_right ? ty_cat((ty_tensor *[]){g_left, g_right}, 2, -1) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind qr_node = {"LinalgQrBackward0", qr_backward};

/* torch.linalg.qr: x {..., m, n} = Q R with orthonormal columns of Q and an upper triangular *r. Reduced: Q {..., m,
 * k}, R {..., k, n} for k = min(m, n); complete: Q {..., m, m}, R {..., m, n}; R alone: Q is empty. */
ty_tensor *ty_linalg_qr(ty_tensor *x, ty_qr_mode mode, ty_tensor **r)
{
    *r = NULL;
    if (tyi_check_matrices("qr", x, false) != TY_OK)
        return NULL;
    int64_t m = tyi_rows_of(x), n = tyi_columns_of(x), least = m < n ? m : n, bad;
    int64_t rows = mode == TY_QR_COMPLETE ? m : least, k = mode == TY_QR_R ? 0 : rows;
    int info, kept = (int)mode;
    ty_tensor *columns = tyi_to_columns(x), *q = NULL, *view = NULL, *part = NULL;
    if (!columns)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    if (mode == TY_QR_R)
        q = tyi_new(1, (int64_t[]){0}, (ty_dtype)x->dtype, x->storage->device);
    else if (least == 0)
        q = identities(x, m, k);
    else
        q = tyi_new_batch(x, k, m, (ty_dtype)x->dtype);
    if (q) {
        tyi_lapack_args args = {.op = TYI_LAPACK_QR, .m = m, .n = n, .k = k, .a = tyi_data(columns), .u = tyi_data(q)};
        if (tyi_run_lapack("qr", &args, x, &bad, &info) != TY_OK)
            q = tyi_drop(q);
        else if (mode != TY_QR_R && least != 0)
            q = tyi_from_columns(q);
    }
    view = q ? tyi_from_columns(columns) : tyi_drop(columns);
    part = view ? ty_narrow(view, -2, 0, rows) : NULL;
    *r = part ? ty_triu(part, 0) : NULL;
    ty_set_grad_enabled(was);
    ty_release(view);
    ty_release(part);
    ty_tensor *outputs[] = {mode == TY_QR_R ? NULL : q, *r};
    if (q && *r &&
        tyi_record_many(2, outputs, &qr_node, 1, &x, 3, (ty_tensor *[]){q, *r, x}, &kept, sizeof kept) == TY_OK)
        return q;
    ty_release(*r);
    *r = NULL;
    return tyi_drop(q);
}
