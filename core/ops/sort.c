/*
 * sort and topk. Relies on the backend's kernels over rows; other dimensions are brought to the end first.
 */
#include "ops/support.h"

typedef struct sort_context {
    tyi_shape shape;
    int dim;
} sort_context;

/* Each value's gradient goes back to where the value came from. */
static ty_status sort_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const sort_context *context = tyi_context(node);
    ty_tensor *indices = tyi_saved(node, 0);
    ty_tensor *zeros = indices ? tyi_temp(tyi_zeros_of(&context->shape, grad_out[0])) : NULL;
    grad_in[0] = ty_scatter_(zeros, context->dim, indices, grad_out[0]);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind sort_kind = {"SortBackward0", sort_backward};
static const tyi_node_kind topk_kind = {"TopkBackward0", sort_backward};

/* Dimension dim of x swapped with the last: the same geometry back and forth. No history. */
static ty_tensor *swapped(const ty_tensor *x, int dim)
{
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    int last = x->ndim - 1;
    for (int d = 0; d < x->ndim; d++) {
        int from = d == dim ? last : d == last ? dim : d;
        sizes[d] = x->sizes[from];
        strides[d] = x->strides[from];
    }
    return tyi_alias(x, x->ndim, sizes, strides, x->offset);
}

/* The first `kept` along dim of the sorted x: values and *indices, row-major. */
static ty_tensor *sorted(ty_tensor *x, int dim, int64_t kept, bool descending, bool topk, ty_tensor **indices)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_device device = x->storage->device;
    int64_t size = x->ndim ? x->sizes[dim] : 1, sizes[TY_MAX_DIMS];
    tyi_scope scope = {0};
    ty_tensor *out = NULL;
    ty_tensor *turned = tyi_keep(&scope, swapped(x, dim));
    ty_tensor *rows = turned ? tyi_keep(&scope, tyi_dense(turned)) : NULL;
    if (!backend || !rows)
        goto done;
    memcpy(sizes, rows->sizes, sizeof sizes);
    if (x->ndim)
        sizes[x->ndim - 1] = kept;
    else if (kept == 0)
        sizes[0] = 0;
    int ndim = x->ndim || kept ? x->ndim : 1;
    ty_tensor *values = tyi_keep(&scope, tyi_new(ndim, sizes, (ty_dtype)x->dtype, device));
    ty_tensor *places = values ? tyi_keep(&scope, tyi_new(ndim, sizes, TY_INT64, device)) : NULL;
    if (!places)
        goto done;
    if (values->numel) {
        tyi_sort_args args = {.dtype = (ty_dtype)x->dtype,
                              .x = tyi_data(rows),
                              .values = tyi_data(values),
                              .indices = tyi_data(places),
                              .rows = values->numel / kept,
                              .size = size,
                              .kept = kept,
                              .descending = descending};
        if ((topk ? backend->topk(&args) : backend->sort(&args)) != TY_OK)
            goto done;
    }
    if (ndim > 1 && dim != ndim - 1) {
        values = tyi_keep(&scope, swapped(values, dim));
        places = tyi_keep(&scope, swapped(places, dim));
    }
    values = tyi_keep(&scope, tyi_dense(values));
    places = tyi_keep(&scope, tyi_dense(places));
    if (!values || !places)
        goto done;
    sort_context context = {tyi_shape_of(x), dim};
    out = tyi_record(ty_retain(values), topk ? &topk_kind : &sort_kind, TYI_LIST(x), TYI_LIST(places), &context,
                     sizeof context);
    if (out)
        *indices = ty_retain(places);
done:
    tyi_scope_end(&scope);
    return out;
}

/*
 * The k largest (or smallest) elements along dim, in order, and in *indices (int64) where they were; NaN counts as the
 * largest. x of any dtype; both results have x's shape with k along dim. `sorted` false lets the order open, and is
 * given the same order.
 */
ty_tensor *ty_topk(ty_tensor *x, int64_t k, int dim, bool largest, bool is_sorted, ty_tensor **indices)
{
    (void)is_sorted;
    *indices = NULL;
    if (!x)
        return NULL;
    int d = tyi_wrap_dim("topk", dim, x->ndim);
    if (d < 0)
        return NULL;
    int64_t size = x->ndim ? x->sizes[d] : 1;
    if (k < 0 || k > size)
        return tyi_fail(TY_ERROR_VALUE, "topk: k is %lld, and dimension %lld of %s has %lld element%s", (long long)k,
                        tyi_said(d), TYI_SHAPE(x), (long long)size, size == 1 ? "" : "s");
    return sorted(x, d, k, largest, true, indices);
}

/* x sorted along dim, and in *indices (int64) where each element was; NaN counts as the largest. Equal elements keep
 * their order, whether `stable` asks for it or not. */
ty_tensor *ty_sort(ty_tensor *x, int dim, bool descending, bool stable, ty_tensor **indices)
{
    (void)stable;
    *indices = NULL;
    if (!x)
        return NULL;
    int d = tyi_wrap_dim("sort", dim, x->ndim);
    if (d < 0)
        return NULL;
    return sorted(x, d, x->ndim ? x->sizes[d] : 1, descending, false, indices);
}
