/*
 * Sizes and distances: norms of vectors and matrices, cond, dist, cdist, pdist. Composed from reductions and singular
 * values; the Euclidean cdist has a gradient of its own, made of products, so that nothing of the size of all
 * differences is kept.
 */
#include <math.h>

#include "ops/linalg.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- Norms ---- */

/* torch.linalg.vector_norm of order p over dimensions (none: all), after a conversion to dtype. */
ty_tensor *ty_linalg_vector_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    ty_tensor *from = x && dtype != TY_DTYPE_NONE ? ty_to_dtype(x, dtype) : ty_retain(x);
    ty_tensor *y = from ? ty_norm(from, p, ndims, dims, keepdim) : NULL;
    ty_release(from);
    return y;
}

/* Singular values of the matrices in two dimensions of x, reduced: 's' sum, '+' largest, '-' smallest. */
static ty_tensor *of_singular_values(ty_tensor *x, const int d[2], char how, bool keepdim)
{
    int64_t last = -1;
    ty_tensor *s = F(linalg_svd, F(movedim, x, 2, (int64_t[]){d[0], d[1]}, 2, (int64_t[]){-2, -1}), false, NULL, NULL);
    ty_tensor *y = !s           ? NULL
                   : how == 's' ? F(sum, s, 1, &last, false, TY_DTYPE_NONE)
                   : how == '+' ? F(amax, s, 1, &last, false)
                                : F(amin, s, 1, &last, false);
    if (keepdim) {
        y = F(unsqueeze, y, d[0] < d[1] ? d[0] : d[1]);
        y = F(unsqueeze, y, d[0] < d[1] ? d[1] : d[0]);
    }
    return y;
}

/* torch.linalg.matrix_norm: 'f' Frobenius, 'n' nuclear, or the order 1, -1, 2, -2, inf, -inf, of matrices in two
 * dimensions. */
ty_tensor *ty_linalg_matrix_norm(ty_tensor *x, ty_norm_kind kind, double order, const int dims[2], bool keepdim,
                                 ty_dtype dtype)
{
    if (!x)
        return NULL;
    if (x->ndim < 2)
        return tyi_fail(TY_ERROR_VALUE, "matrix_norm: it takes matrices {..., n, m}; this tensor's shape is %s",
                        TYI_SHAPE(x));
    int d[2] = {tyi_wrap_dim("matrix_norm", dims[0], x->ndim), tyi_wrap_dim("matrix_norm", dims[1], x->ndim)};
    if (d[0] < 0 || d[1] < 0)
        return NULL;
    if (d[0] == d[1])
        return tyi_fail(TY_ERROR_VALUE, "matrix_norm: dimension %lld is given twice", tyi_said(d[0]));
    double size = fabs(order);
    if (kind == TY_NORM_ORDER && size != 1 && size != 2 && !isinf(size))
        return tyi_fail(TY_ERROR_VALUE,
                        "matrix_norm: the order must be 1, -1, 2, -2, inf, -inf, \"fro\" or \"nuc\", got %g", order);
    int outer = tyi_temps_begin();
    ty_tensor *from = dtype != TY_DTYPE_NONE ? F(to_dtype, x, dtype) : x, *y = NULL;
    if (!from)
        return tyi_composed(outer, NULL);
    if (!ty_dtype_is_floating((ty_dtype)from->dtype)) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "matrix_norm: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    }
    if (kind == TY_NORM_FROBENIUS) {
        y = F(norm, from, 2, 2, (int64_t[]){d[0], d[1]}, keepdim);
    } else if (kind == TY_NORM_NUCLEAR || size == 2) {
        y = of_singular_values(from, d, kind == TY_NORM_NUCLEAR ? 's' : order > 0 ? '+' : '-', keepdim);
    } else {
        int64_t summed = isinf(size) ? d[1] : d[0], chosen = isinf(size) ? d[0] : d[1];
        ty_tensor *sums = F(sum, F(abs, from), 1, &summed, true, TY_DTYPE_NONE);
        y = !sums ? NULL : order > 0 ? F(amax, sums, 1, &chosen, true) : F(amin, sums, 1, &chosen, true);
        if (!keepdim) {
            y = F(squeeze_dim, y, d[0] > d[1] ? d[0] : d[1]);
            y = F(squeeze_dim, y, d[0] > d[1] ? d[1] : d[0]);
        }
    }
    return tyi_composed(outer, y);
}

/* torch.linalg.norm: without an order the Euclidean norm of the elements; with one the norm of vectors (one dimension)
 * or matrices (two). */
ty_tensor *ty_linalg_norm(ty_tensor *x, ty_norm_kind kind, double order, int ndims, const int64_t *dims, bool keepdim,
                          ty_dtype dtype)
{
    if (!x)
        return NULL;
    if (kind == TY_NORM_DEFAULT)
        return ty_linalg_vector_norm(x, 2, ndims, dims, keepdim, dtype);
    if (ndims > 2 || (!ndims && x->ndim != 1 && x->ndim != 2))
        return tyi_fail(TY_ERROR_VALUE,
                        "norm: with an order the norm is that of vectors or matrices: give one or two dimensions of %s",
                        TYI_SHAPE(x));
    bool matrix = ndims == 2 || (!ndims && x->ndim == 2);
    if (matrix)
        return ty_linalg_matrix_norm(x, kind, order, ndims ? (int[]){(int)dims[0], (int)dims[1]} : (int[]){-2, -1},
                                     keepdim, dtype);
    if (kind != TY_NORM_ORDER)
        return tyi_fail(TY_ERROR_VALUE, "norm: \"%s\" is a norm of matrices: two dimensions are needed",
                        kind == TY_NORM_NUCLEAR ? "nuc" : "fro");
    return ty_linalg_vector_norm(x, order, ndims, dims, keepdim, dtype);
}

/* torch.linalg.cond: the norm of x times that of its inverse, infinite where it has none; TY_NORM_DEFAULT: by singular
 * values, of matrices that need not be square. */
ty_tensor *ty_linalg_cond(ty_tensor *x, ty_norm_kind kind, double order)
{
    bool spectral = kind == TY_NORM_DEFAULT || (kind == TY_NORM_ORDER && fabs(order) == 2);
    if (tyi_check_matrices("cond", x, !spectral) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_zeros(x->ndim - 2, x->sizes, (ty_dtype)x->dtype, x->storage->device);
    int outer = tyi_temps_begin();
    if (spectral) {
        ty_tensor *s = F(linalg_svd, x, false, NULL, NULL);
        ty_tensor *first = s ? F(select, s, -1, 0) : NULL, *last = s ? F(select, s, -1, -1) : NULL;
        bool least = kind == TY_NORM_ORDER && order < 0;
        return tyi_composed(outer, !last ? NULL : least ? DIV(last, first) : DIV(first, last));
    }
    ty_tensor *diagonal, *sign;
    int64_t last = -1;
    if (tyi_lu_diagonal("cond", x, &diagonal, &sign) != TY_OK)
        return tyi_composed(outer, NULL);
    HOLD(diagonal), HOLD(sign);
    ty_tensor *regular = F(all, diagonal, 1, &last, false);
    ty_tensor *eye = HOLD(tyi_eye_like(x, tyi_rows_of(x), tyi_rows_of(x)));
    ty_tensor *inverse = regular ? F(linalg_inv, WHERE(COLUMN(COLUMN(regular)), x, eye)) : NULL;
    int dims[2] = {-2, -1};
    ty_tensor *product = MUL(F(linalg_matrix_norm, x, kind, order, dims, false, TY_DTYPE_NONE),
                             F(linalg_matrix_norm, inverse, kind, order, dims, false, TY_DTYPE_NONE));
    return tyi_composed(outer, product ? WHERE(regular, product, NUM(INFINITY)) : NULL);
}

/* ---- Distances ---- */

/* torch.dist: the norm of order p of a - b. */
ty_tensor *ty_dist(ty_tensor *a, ty_tensor *b, double p)
{
    ty_tensor *difference = ty_sub(a, b, ty_int(1)), *y = difference ? ty_norm(difference, p, 0, NULL, false) : NULL;
    ty_release(difference);
    return y;
}

/* Saved: a, b, the distances d. With w = g / d (0 where d is 0): ga = a sum(w) - w b, gb = b sum(w^T) - w^T a. */
static ty_status cdist_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *a = tyi_saved(node, 0), *b = tyi_saved(node, 1), *d = tyi_saved(node, 2);
    if (!a || !b || !d)
        return TY_FAIL;
    ty_tensor *zero = F(eq, d, NUM(0)),
              *w = zero ? WHERE(zero, NUM(0), DIV(grad_out[0], WHERE(zero, NUM(1), d))) : NULL;
    int64_t across = -1, down = -2;
    if (tyi_wants(node, 0) &&
        !(grad_in[0] = ty_sub(MUL(a, F(sum, w, 1, &across, true, TY_DTYPE_NONE)), MM(w, b), ty_int(1))))
        return TY_FAIL;
    if (tyi_wants(node, 1) &&
        !(grad_in[1] = ty_sub(MUL(b, MT(F(sum, w, 1, &down, true, TY_DTYPE_NONE))), MM(MT(w), a), ty_int(1))))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind cdist_node = {"CdistBackward0", cdist_backward};

/* |a_i - b_j| by |a_i|^2 + |b_j|^2 - 2 a_i b_j: one product, a few digits lost between near points. */
static ty_tensor *by_product(ty_tensor *a, ty_tensor *b)
{
    int64_t last = -1;
    ty_tensor *of_a = F(sum, F(square, a), 1, &last, true, TY_DTYPE_NONE);
    ty_tensor *of_b = MT(F(sum, F(square, b), 1, &last, true, TY_DTYPE_NONE));
    ty_tensor *squares = SUB(ADD(of_a, of_b), MUL(MM(a, MT(b)), NUM(2)));
    return F(sqrt, F(clamp, squares, NUM(0), NULL));
}

/* Rows of a in pieces, so that all differences never stand in memory at once. */
static ty_tensor *by_differences(ty_tensor *a, ty_tensor *b, double p)
{
    int64_t last = -1, rows = tyi_rows_of(a), each = b->numel ? (1 << 20) / b->numel + 1 : rows;
    if (each >= rows || ty_grad_enabled())
        return F(norm, SUB(F(unsqueeze, a, -2), F(unsqueeze, b, -3)), p, 1, &last, false);
    ty_tensor *pieces[64];
    if (rows / each >= 63)
        each = rows / 63 + 1;
    int count = 0;
    for (int64_t at = 0; at < rows; at += each) {
        ty_tensor *part = F(narrow, a, -2, at, rows - at < each ? rows - at : each);
        pieces[count] = F(norm, SUB(F(unsqueeze, part, -2), F(unsqueeze, b, -3)), p, 1, &last, false);
        if (!pieces[count++])
            return NULL;
    }
    return HOLD(ty_cat(pieces, count, -2));
}

/* torch.cdist: {..., n, m} distances of order p >= 0 between the rows of a {..., n, k} and of b {..., m, k}. */
ty_tensor *ty_cdist(ty_tensor *a, ty_tensor *b, double p, ty_cdist_how how)
{
    if (tyi_check_matrices("cdist", a, false) != TY_OK || tyi_check_matrices("cdist", b, false) != TY_OK)
        return NULL;
    if (tyi_columns_of(a) != tyi_columns_of(b))
        return tyi_fail(TY_ERROR_VALUE, "cdist: the rows of %s and %s have different lengths", TYI_SHAPE(a),
                        TYI_SHAPE(b));
    if (!(p >= 0))
        return tyi_fail(TY_ERROR_VALUE, "cdist: p must be 0 or more, got %g", p);
    int outer = tyi_temps_begin();
    ty_tensor *wide_a = NULL, *wide_b = NULL;
    if (tyi_check_alike("cdist", a, b) != TY_OK || tyi_broadcast_batches("cdist", a, b, &wide_a, &wide_b) != TY_OK)
        return tyi_composed(outer, NULL);
    HOLD(wide_a), HOLD(wide_b);
    if (tyi_columns_of(a) == 0) /* no coordinates: no distance */
        return tyi_composed(outer, MM(wide_a, MT(wide_b)));
    if (p != 2)
        return tyi_composed(outer, by_differences(wide_a, wide_b, p));
    bool was = ty_set_grad_enabled(false);
    bool product = how == TY_CDIST_PRODUCT || (how == TY_CDIST_AUTO && (tyi_rows_of(a) > 25 || tyi_rows_of(b) > 25));
    ty_tensor *d = product ? by_product(wide_a, wide_b) : by_differences(wide_a, wide_b, 2);
    ty_set_grad_enabled(was);
    if (d)
        d = HOLD(tyi_record(ty_retain(d), &cdist_node, TYI_LIST(wide_a, wide_b), TYI_LIST(wide_a, wide_b, d), NULL, 0));
    return tyi_composed(outer, d);
}

/* torch.pdist: the distances between different rows of x {n, k}: (1, 2), (1, 3), ..., (n - 1, n). */
ty_tensor *ty_pdist(ty_tensor *x, double p)
{
    if (tyi_check_matrices("pdist", x, false) != TY_OK)
        return NULL;
    if (x->ndim != 2)
        return tyi_fail(TY_ERROR_VALUE, "pdist: it takes one matrix {n, k}; this tensor's shape is %s", TYI_SHAPE(x));
    if (!(p >= 0))
        return tyi_fail(TY_ERROR_VALUE, "pdist: p must be 0 or more, got %g", p);
    int outer = tyi_temps_begin();
    int64_t last = -1;
    ty_tensor *pairs = HOLD(ty_triu_indices(x->sizes[0], x->sizes[0], 1, TY_INT64, x->storage->device));
    ty_tensor *first = pairs ? F(index_select, x, 0, F(select, pairs, 0, 0)) : NULL;
    ty_tensor *second = pairs ? F(index_select, x, 0, F(select, pairs, 0, 1)) : NULL;
    return tyi_composed(outer, first ? F(norm, SUB(first, second), p, 1, &last, false) : NULL);
}
