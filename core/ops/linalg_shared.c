/*
 * What linear algebra shares (ops/linalg.h): checks, the two memory layouts, the call of LAPACK.
 */
#include <stdlib.h>

#include "ops/linalg.h"

ty_status tyi_check_matrices(const char *name, const ty_tensor *x, bool square)
{
    if (!x)
        return TY_FAIL;
    ty_dtype dtype = (ty_dtype)x->dtype;
    if (dtype != TY_FLOAT32 && dtype != TY_FLOAT64)
        return ty_fail(TY_ERROR_VALUE, "%s: float32 or float64 is needed, got %s; convert first: x:float()", name,
                       ty_dtype_name(dtype));
    if (x->ndim < 2)
        return ty_fail(TY_ERROR_VALUE, "%s: it takes matrices {..., n, m}; this tensor's shape is %s", name,
                       TYI_SHAPE(x));
    if (square && tyi_rows_of(x) != tyi_columns_of(x))
        return ty_fail(TY_ERROR_VALUE, "%s: it takes square matrices; this tensor's shape is %s", name, TYI_SHAPE(x));
    return TY_OK;
}

ty_status tyi_check_alike(const char *name, const ty_tensor *x, const ty_tensor *y)
{
    if (!x || !y)
        return TY_FAIL;
    if (x->dtype != y->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: the dtypes differ: %s and %s; convert one: x:to(y.dtype)", name,
                       ty_dtype_name((ty_dtype)x->dtype), ty_dtype_name((ty_dtype)y->dtype));
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){(ty_tensor *)x, (ty_tensor *)y}, &device);
}

int64_t tyi_matrix_count(const ty_tensor *x)
{
    int64_t count = 1;
    for (int d = 0; d < x->ndim - 2; d++)
        count *= x->sizes[d];
    return count;
}

/* x's memory with the last two dimensions swapped. */
static ty_tensor *turned(const ty_tensor *x)
{
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    int n = x->ndim;
    memcpy(sizes, x->sizes, sizeof sizes);
    memcpy(strides, x->strides, sizeof strides);
    sizes[n - 1] = x->sizes[n - 2], sizes[n - 2] = x->sizes[n - 1];
    strides[n - 1] = x->strides[n - 2], strides[n - 2] = x->strides[n - 1];
    return tyi_alias(x, n, sizes, strides, x->offset);
}

ty_tensor *tyi_to_columns(ty_tensor *x)
{
    ty_tensor *view = x ? turned(x) : NULL;
    ty_tensor *copy = view ? tyi_new(view->ndim, view->sizes, (ty_dtype)x->dtype, x->storage->device) : NULL;
    if (copy && tyi_copy(copy, view) != TY_OK)
        copy = tyi_drop(copy);
    ty_release(view);
    return copy;
}

ty_tensor *tyi_from_columns(ty_tensor *columns)
{
    ty_tensor *x = columns ? turned(columns) : NULL;
    ty_release(columns);
    return x;
}

ty_tensor *tyi_new_batch(const ty_tensor *x, int64_t rows, int64_t columns, ty_dtype dtype)
{
    int64_t sizes[TY_MAX_DIMS];
    int n = x->ndim - 2;
    memcpy(sizes, x->sizes, sizeof *sizes * (size_t)n);
    sizes[n++] = rows;
    if (columns >= 0)
        sizes[n++] = columns;
    return tyi_new(n, sizes, dtype, x->storage->device);
}

ty_status tyi_run_lapack(const char *name, tyi_lapack_args *args, const ty_tensor *x, int64_t *bad, int *info)
{
    *bad = -1;
    *info = 0;
    args->name = name;
    args->batch = tyi_matrix_count(x);
    args->dtype = (ty_dtype)x->dtype;
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    if (!backend)
        return TY_FAIL;
    if (ty_capture_refuse("linear algebra by LAPACK", "compute it outside the step, or do not capture the step") !=
        TY_OK)
        return TY_FAIL;
    if (args->batch == 0 || args->m == 0 || args->n == 0)
        return TY_OK;
    int32_t *own = args->info ? NULL : malloc(sizeof *own * (size_t)args->batch);
    if (!args->info && !own)
        return tyi_fail_memory(sizeof *own * (size_t)args->batch);
    if (own)
        args->info = own;
    ty_status status = backend->lapack(args);
    for (int64_t i = 0; i < args->batch && *bad < 0 && status == TY_OK; i++) {
        if (args->info[i] != 0) {
            *bad = i;
            *info = args->info[i];
        }
    }
    if (own) {
        args->info = NULL;
        free(own);
    }
    return status;
}

tyi_text tyi_which_matrix(const ty_tensor *x, int64_t i)
{
    tyi_text text;
    if (x->ndim == 2)
        snprintf(text.s, sizeof text.s, "the matrix");
    else
        snprintf(text.s, sizeof text.s, "matrix %lld of the batch", tyi_said(i));
    return text;
}

ty_status tyi_broadcast_batches(const char *name, ty_tensor *a, ty_tensor *b, ty_tensor **a2, ty_tensor **b2)
{
    ty_tensor batch_a = {.ndim = (uint8_t)(a->ndim - 2)}, batch_b = {.ndim = (uint8_t)(b->ndim - 2)};
    memcpy(batch_a.sizes, a->sizes, sizeof *a->sizes * batch_a.ndim);
    memcpy(batch_b.sizes, b->sizes, sizeof *b->sizes * batch_b.ndim);
    int n;
    int64_t sizes[TY_MAX_DIMS + 2];
    if (tyi_broadcast(name, &batch_a, &batch_b, &n, sizes) != TY_OK)
        return TY_FAIL;
    sizes[n] = tyi_rows_of(a), sizes[n + 1] = tyi_columns_of(a);
    *a2 = ty_expand(a, n + 2, sizes);
    sizes[n] = tyi_rows_of(b), sizes[n + 1] = tyi_columns_of(b);
    *b2 = ty_expand(b, n + 2, sizes);
    if (*a2 && *b2)
        return TY_OK;
    ty_release(*a2);
    ty_release(*b2);
    return TY_FAIL;
}

ty_tensor *tyi_eye_like(const ty_tensor *x, int64_t n, int64_t m)
{
    return ty_eye(n, m, (ty_dtype)x->dtype, x->storage->device);
}

ty_tensor *tyi_or_zeros(ty_tensor *x, ty_tensor *like)
{
    return x ? x : tyi_temp(ty_zeros_like(like, TY_DTYPE_NONE));
}
