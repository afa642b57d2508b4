/*
 * What the files of linear algebra (ops/linalg_*.c) share: checks of matrices, LAPACK's layout, and one way to call it.
 * Matrices are the last two dimensions; the dimensions before them are a batch.
 */
#ifndef TYI_LINALG_H
#define TYI_LINALG_H

#include "ops/support.h"

/* Short forms for rules and composed ops, beside those of ops/expressions.h. */
#define MM(a, b)    HOLD(ty_matmul(a, b))
#define MT(x)       HOLD(ty_transpose(x, -2, -1))
#define TRIL(x, d)  HOLD(ty_tril(x, d))
#define TRIU(x, d)  HOLD(ty_triu(x, d))
#define COLUMN(x)   HOLD(ty_unsqueeze(x, -1)) /* {..., n} as {..., n, 1} */
#define ROW(x)      HOLD(ty_unsqueeze(x, -2)) /* {..., n} as {..., 1, n} */
#define DIAGONAL(x) HOLD(ty_diagonal(x, 0, -2, -1))

static inline int64_t tyi_rows_of(const ty_tensor *x)
{
    return x->sizes[x->ndim - 2];
}

static inline int64_t tyi_columns_of(const ty_tensor *x)
{
    return x->sizes[x->ndim - 1];
}

/* x is a batch of float32 or float64 matrices (square ones); the message names the op. */
ty_status tyi_check_matrices(const char *name, const ty_tensor *x, bool square);
/* x and y are of one dtype and device. */
ty_status tyi_check_alike(const char *name, const ty_tensor *x, const ty_tensor *y);
/* Number of matrices in x. */
int64_t tyi_matrix_count(const ty_tensor *x);
/* A fresh copy of the matrices in LAPACK's layout, as a contiguous tensor of transposed shape {..., n, m}. */
ty_tensor *tyi_to_columns(ty_tensor *x);
/* Back: the same memory as {..., m, n}, without history; takes the tensor over. */
ty_tensor *tyi_from_columns(ty_tensor *columns);
/* Fresh {batch of x..., rows, columns} (columns < 0: {batch..., rows}). */
ty_tensor *tyi_new_batch(const ty_tensor *x, int64_t rows, int64_t columns, ty_dtype dtype);
/* Runs LAPACK for x's device; nothing happens for an empty a. *bad (from 0) is the first matrix whose info is not 0 and
 * *info that value; *bad -1: none. args->info, in host memory, may be NULL. */
ty_status tyi_run_lapack(const char *name, tyi_lapack_args *args, const ty_tensor *x, int64_t *bad, int *info);
/* "matrix 3 of the batch", or "the matrix" where there is one; for messages. */
tyi_text tyi_which_matrix(const ty_tensor *x, int64_t i);
/* Both with their batch dimensions broadcast against each other; new references in *a2 and *b2. */
ty_status tyi_broadcast_batches(const char *name, ty_tensor *a, ty_tensor *b, ty_tensor **a2, ty_tensor **b2);
/* Identity matrices {n, m} of x's dtype and device. */
ty_tensor *tyi_eye_like(const ty_tensor *x, int64_t n, int64_t m);
/* x, or zeros of `like`'s shape where x is NULL (a gradient that nobody sent). Owned by the scope. */
ty_tensor *tyi_or_zeros(ty_tensor *x, ty_tensor *like);

/* The diagonal of LU and the sign of its row exchanges, of the matrices of x; nothing is recorded. */
ty_status tyi_lu_diagonal(const char *name, ty_tensor *x, ty_tensor **diagonal, ty_tensor **sign);
/* The gradient of a, given p = pinv(a) and p's gradient g. */
ty_tensor *tyi_pinv_gradient(ty_tensor *a, ty_tensor *p, ty_tensor *g);

#endif
