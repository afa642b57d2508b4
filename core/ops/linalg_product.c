/*
 * Products beyond matmul: inner, vdot, kron, cross, tensordot, multi_dot, matrix_power, matrix_exp,
 * householder_product, vander. Composed from matmul and arithmetic, which bring the gradients along.
 */
#include <math.h>
#include <stdlib.h>

#include "ops/linalg.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- Products of vectors and tensors ---- */

/* torch.tensordot: products of a and b summed over n dimensions of each, which correspond in order; the remaining
 * dimensions of a, then those of b. */
ty_tensor *ty_tensordot(ty_tensor *a, ty_tensor *b, int n, const int64_t *dims_a, const int64_t *dims_b)
{
    uint32_t of_a = 0, of_b = 0;
    if (!a || !b || (n && tyi_dim_mask("tensordot", a, n, dims_a, &of_a) != TY_OK) ||
        (n && tyi_dim_mask("tensordot", b, n, dims_b, &of_b) != TY_OK))
        return NULL;
    int64_t order_a[TY_MAX_DIMS], order_b[TY_MAX_DIMS], sizes[2 * TY_MAX_DIMS], summed = 1;
    int kept_a = 0, kept_b = 0, ndim = 0;
    for (int d = 0; d < a->ndim; d++)
        if (!(of_a & 1u << d))
            order_a[kept_a++] = d, sizes[ndim++] = a->sizes[d];
    for (int i = 0; i < n; i++) {
        int da = tyi_wrap_dim("tensordot", dims_a[i], a->ndim), db = tyi_wrap_dim("tensordot", dims_b[i], b->ndim);
        if (a->sizes[da] != b->sizes[db])
            return tyi_fail(TY_ERROR_VALUE, "tensordot: dimension %lld of %s and %lld of %s do not have the same size",
                            tyi_said(da), TYI_SHAPE(a), tyi_said(db), TYI_SHAPE(b));
        order_a[kept_a + i] = da, order_b[i] = db, summed *= a->sizes[da];
    }
    for (int d = 0; d < b->ndim; d++)
        if (!(of_b & 1u << d))
            order_b[n + kept_b++] = d, sizes[ndim++] = b->sizes[d];
    if (ndim > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "tensordot: the result would have %d dimensions; %d is the most", ndim,
                        TY_MAX_DIMS);
    int64_t rows = 1, columns = 1;
    for (int d = 0; d < kept_a; d++)
        rows *= sizes[d];
    for (int d = 0; d < kept_b; d++)
        columns *= sizes[kept_a + d];
    int outer = tyi_temps_begin();
    ty_tensor *left = F(reshape, F(permute, a, a->ndim, order_a), 2, (int64_t[]){rows, summed});
    ty_tensor *right = F(reshape, F(permute, b, b->ndim, order_b), 2, (int64_t[]){summed, columns});
    return tyi_composed(outer, F(reshape, MM(left, right), ndim, sizes));
}

/* torch.inner: products summed over the last dimension of both; of numbers, their product. */
ty_tensor *ty_inner(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b)
        return NULL;
    int64_t last = -1;
    return a->ndim == 0 || b->ndim == 0 ? ty_mul(a, b) : ty_tensordot(a, b, 1, &last, &last);
}

/* torch.linalg.vecdot: products summed along dim; the others broadcast. */
ty_tensor *ty_linalg_vecdot(ty_tensor *a, ty_tensor *b, int dim)
{
    int64_t along = dim;
    ty_tensor *product = ty_mul(a, b), *y = product ? ty_sum(product, 1, &along, false, TY_DTYPE_NONE) : NULL;
    ty_release(product);
    return y;
}

/* torch.kron: every element of a times the whole of b, laid out as a is. */
ty_tensor *ty_kron(ty_tensor *a, ty_tensor *b)
{
    if (!a || !b)
        return NULL;
    int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    if (2 * n > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "kron: tensors of %d dimensions are too many; %d is the most", n,
                        TY_MAX_DIMS / 2);
    int64_t of_a[TY_MAX_DIMS], of_b[TY_MAX_DIMS], sizes[TY_MAX_DIMS];
    for (int d = 0; d < n; d++) {
        int da = d - (n - a->ndim), db = d - (n - b->ndim);
        of_a[2 * d] = da < 0 ? 1 : a->sizes[da], of_a[2 * d + 1] = 1;
        of_b[2 * d] = 1, of_b[2 * d + 1] = db < 0 ? 1 : b->sizes[db];
        sizes[d] = of_a[2 * d] * of_b[2 * d + 1];
    }
    int outer = tyi_temps_begin();
    return tyi_composed(outer, F(reshape, MUL(F(reshape, a, 2 * n, of_a), F(reshape, b, 2 * n, of_b)), n, sizes));
}

/* torch.linalg.cross of vectors of 3 elements along dim; the others broadcast. */
ty_tensor *ty_linalg_cross(ty_tensor *a, ty_tensor *b, int dim)
{
    if (!a || !b)
        return NULL;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (a->ndim != b->ndim)
        return tyi_fail(TY_ERROR_VALUE, "cross: %s and %s must have the same number of dimensions", TYI_SHAPE(a),
                        TYI_SHAPE(b));
    int d = tyi_wrap_dim("cross", dim, a->ndim);
    if (d < 0 || tyi_broadcast("cross", a, b, &ndim, sizes) != TY_OK)
        return NULL;
    if (a->ndim == 0 || a->sizes[d] != 3 || b->sizes[d] != 3)
        return tyi_fail(TY_ERROR_VALUE, "cross: dimension %lld of %s and %s must have 3 elements", tyi_said(d),
                        TYI_SHAPE(a), TYI_SHAPE(b));
    int outer = tyi_temps_begin();
    int64_t along = d, one = -1, two = -2;
    ty_tensor *first = MUL(F(roll, a, 1, &one, 1, &along), F(roll, b, 1, &two, 1, &along));
    ty_tensor *second = MUL(F(roll, a, 1, &two, 1, &along), F(roll, b, 1, &one, 1, &along));
    return tyi_composed(outer, SUB(first, second));
}

/* ---- Products of matrices ---- */

/* The chain i..j of matrices multiplied in the order that `split` says. */
static ty_tensor *chain(ty_tensor *const *x, const int *split, int count, int i, int j)
{
    if (i == j)
        return x[i];
    int k = split[i * count + j];
    return MM(chain(x, split, count, i, k), chain(x, split, count, k + 1, j));
}

/* Where to split each chain for the fewest multiplications; matrix i is {sizes[i], sizes[i + 1]}. malloc'ed. */
static int *best_splits(const int64_t *sizes, int count)
{
    int *split = calloc((size_t)count * (size_t)count, sizeof *split);
    double *cost = calloc((size_t)count * (size_t)count, sizeof *cost);
    if (!split || !cost)
        tyi_fail_memory((size_t)count * (size_t)count * sizeof *cost);
    for (int length = 1; length < count && split && cost; length++) {
        for (int i = 0, j = length; j < count; i++, j++) {
            cost[i * count + j] = INFINITY;
            for (int k = i; k < j; k++) {
                double c = cost[i * count + k] + cost[(k + 1) * count + j] +
                           (double)sizes[i] * (double)sizes[k + 1] * (double)sizes[j + 1];
                if (c < cost[i * count + j]) {
                    cost[i * count + j] = c;
                    split[i * count + j] = k;
                }
            }
        }
    }
    if (!cost) {
        free(split);
        split = NULL;
    }
    free(cost);
    return split;
}

/* torch.linalg.multi_dot: the product of two or more matrices in the order that costs least; the first and the last may
 * be vectors. */
ty_tensor *ty_linalg_multi_dot(ty_tensor *const *tensors, int count)
{
    if (count < 2)
        return tyi_fail(TY_ERROR_VALUE, "multi_dot: it takes two or more matrices, got %d", count);
    for (int i = 0; i < count; i++) {
        if (!tensors[i])
            return NULL;
        bool end = i == 0 || i == count - 1;
        if (tensors[i]->ndim != 2 && !(end && tensors[i]->ndim == 1))
            return tyi_fail(TY_ERROR_VALUE, "multi_dot: tensor %lld has shape %s, which is no matrix", tyi_said(i),
                            TYI_SHAPE(tensors[i]));
    }
    ty_tensor **x = malloc(sizeof *x * (size_t)count);
    int64_t *sizes = malloc(sizeof *sizes * (size_t)(count + 1));
    int *split = NULL, outer = tyi_temps_begin();
    ty_tensor *y = NULL;
    if (!x || !sizes) {
        tyi_fail_memory(sizeof *sizes * (size_t)(count + 1));
        goto done;
    }
    bool row = tensors[0]->ndim == 1, column = tensors[count - 1]->ndim == 1;
    for (int i = 0; i < count; i++) {
        x[i] = i == 0 && row ? ROW(tensors[i]) : i == count - 1 && column ? COLUMN(tensors[i]) : tensors[i];
        if (!x[i])
            goto done;
        if (i && x[i]->sizes[0] != sizes[i]) {
            ty_fail(TY_ERROR_VALUE, "multi_dot: %s and %s do not multiply", TYI_SHAPE(tensors[i - 1]),
                    TYI_SHAPE(tensors[i]));
            goto done;
        }
        sizes[i] = x[i]->sizes[0];
        sizes[i + 1] = x[i]->sizes[1];
    }
    split = best_splits(sizes, count);
    y = split ? chain(x, split, count, 0, count - 1) : NULL;
    if (y && row)
        y = F(squeeze_dim, y, 0);
    if (y && column)
        y = F(squeeze_dim, y, -1);
done:
    free(x);
    free(sizes);
    free(split);
    return tyi_composed(outer, y);
}

/* torch.linalg.matrix_power: x multiplied by itself n times; n < 0: the inverse is; n 0: the identity. */
ty_tensor *ty_linalg_matrix_power(ty_tensor *x, int64_t n)
{
    if (!x)
        return NULL;
    if (x->ndim < 2 || tyi_rows_of(x) != tyi_columns_of(x))
        return tyi_fail(TY_ERROR_VALUE, "matrix_power: it takes square matrices; this tensor's shape is %s",
                        TYI_SHAPE(x));
    int outer = tyi_temps_begin();
    if (n == 0) {
        ty_tensor *eye = HOLD(tyi_eye_like(x, tyi_rows_of(x), tyi_rows_of(x)));
        return tyi_composed(outer, F(clone, eye ? F(expand, eye, x->ndim, x->sizes) : NULL));
    }
    ty_tensor *base = n < 0 ? F(linalg_inv, x) : x, *y = NULL;
    for (uint64_t e = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; e && base; e >>= 1) {
        if (e & 1) {
            y = y ? MM(y, base) : base;
            if (!y)
                return tyi_composed(outer, NULL);
        }
        if (e > 1)
            base = MM(base, base);
    }
    if (!base)
        y = NULL;
    return tyi_composed(outer, y == x ? F(clone, x) : y);
}

/* The Taylor polynomial of degree 18 of e^x by Paterson and Stockmeyer: powers up to 5, then Horner in x^5. */
static ty_tensor *exp_polynomial(ty_tensor *x, ty_tensor *eye)
{
    enum { STEP = 5, DEGREE = 18 };
    ty_tensor *powers[STEP + 1] = {eye, x}, *y = NULL;
    double factorial[DEGREE + 1] = {1};
    for (int i = 1; i <= DEGREE; i++)
        factorial[i] = factorial[i - 1] * i;
    for (int i = 2; i <= STEP; i++)
        if (!(powers[i] = MM(powers[i - 1], x)))
            return NULL;
    for (int block = DEGREE / STEP; block >= 0; block--) {
        for (int i = STEP - 1; i >= 0; i--) {
            int degree = block * STEP + i;
            if (degree > DEGREE)
                continue;
            ty_tensor *term = MUL(powers[i], NUM(1 / factorial[degree]));
            y = !y ? term : i == STEP - 1 ? ADD(MM(y, powers[STEP]), term) : ADD(y, term);
            if (!y)
                return NULL;
        }
    }
    return y;
}

/* torch.matrix_exp: e^x of square matrices, by scaling and squaring: x / 2^s has a 1-norm of at most 1. */
ty_tensor *ty_linalg_matrix_exp(ty_tensor *x)
{
    if (tyi_check_matrices("matrix_exp", x, true) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_clone(x);
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    int64_t down = -2;
    ty_tensor *norms = F(sum, F(abs, x), 1, &down, false, TY_DTYPE_NONE);
    ty_scalar most;
    ty_status status = ty_item(norms ? F(max, norms) : NULL, &most);
    ty_set_grad_enabled(was);
    if (status != TY_OK)
        return tyi_composed(outer, NULL);
    if (!isfinite(most.f)) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "matrix_exp: the input has NaNs or infinities");
    }
    int squarings = most.f > 1 ? (int)ceil(log2(most.f)) : 0;
    ty_tensor *small = squarings ? MUL(x, NUM(ldexp(1, -squarings))) : x;
    ty_tensor *y = small ? exp_polynomial(small, HOLD(tyi_eye_like(x, tyi_rows_of(x), tyi_rows_of(x)))) : NULL;
    for (int i = 0; i < squarings && y; i++)
        y = MM(y, y);
    return tyi_composed(outer, y);
}

/* torch.linalg.householder_product: the first n columns of the product of the reflections 1 - tau_i v_i v_i^T, where
 * v_i is column i of x {..., m, n} with 1 on the diagonal and 0 above it; tau {..., k}, k <= n <= m. */
ty_tensor *ty_linalg_householder_product(ty_tensor *x, ty_tensor *tau)
{
    const char *name = "householder_product";
    if (tyi_check_matrices(name, x, false) != TY_OK || tyi_check_alike(name, x, tau) != TY_OK)
        return NULL;
    int64_t m = tyi_rows_of(x), n = tyi_columns_of(x);
    if (m < n || tau->ndim != x->ndim - 1 || tau->sizes[tau->ndim - 1] > n ||
        memcmp(tau->sizes, x->sizes, sizeof *x->sizes * (size_t)(x->ndim - 2)) != 0)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: it takes {..., m, n} with m >= n and tau {..., k} with k <= n, got %s and %s", name,
                        TYI_SHAPE(x), TYI_SHAPE(tau));
    int outer = tyi_temps_begin();
    ty_tensor *eye = HOLD(tyi_eye_like(x, m, n)), *q = F(clone, eye ? F(expand, eye, x->ndim, x->sizes) : NULL);
    ty_tensor *reflectors = ADD(TRIL(x, -1), eye);
    for (int64_t i = tau->sizes[tau->ndim - 1] - 1; i >= 0 && q; i--) {
        ty_tensor *v = reflectors ? F(narrow, reflectors, -1, i, 1) : NULL, *t = F(narrow, tau, -1, i, 1);
        q = v && t ? SUB(q, MM(MUL(v, COLUMN(t)), MM(MT(v), q))) : NULL;
    }
    return tyi_composed(outer, q);
}

/* torch.linalg.vander: {..., n, columns} of the powers 0, 1, ... of vectors {..., n}; columns < 0: n. */
ty_tensor *ty_linalg_vander(ty_tensor *x, int64_t columns)
{
    if (!x)
        return NULL;
    if (x->ndim < 1 || x->ndim >= TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "vander: it takes vectors {..., n}; this tensor's shape is %s", TYI_SHAPE(x));
    if (columns < 0)
        columns = x->sizes[x->ndim - 1];
    if (columns == 0)
        return tyi_fail(TY_ERROR_VALUE, "vander: it takes one column or more");
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[x->ndim] = columns - 1;
    int outer = tyi_temps_begin();
    ty_tensor *base = ty_dtype_is_floating((ty_dtype)x->dtype) ? x : F(to_dtype, x, TY_INT64);
    ty_tensor *column = base ? COLUMN(base) : NULL, *ones = column ? F(ones_like, column, TY_DTYPE_NONE) : NULL;
    ty_tensor *powers = column ? F(cumprod, F(expand, column, x->ndim + 1, sizes), -1, TY_DTYPE_NONE) : NULL;
    return tyi_composed(outer, ones && powers ? HOLD(ty_cat((ty_tensor *[]){ones, powers}, 2, -1)) : NULL);
}
