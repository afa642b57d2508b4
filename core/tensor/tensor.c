/*
 * Tensors: life, facts, geometry.
 */
#include "tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>

#include "tensor/recycle.h"

static ty_tensor *tensor_allocate(void)
{
    ty_tensor *x = tyi_recycle_take(TYI_RECYCLE_TENSOR, sizeof *x);
    if (!x)
        return NULL;
    atomic_init(&x->refs, 1);
    x->wrapped = false;
    x->meta = NULL;
    return x;
}

ty_tensor *ty_retain(ty_tensor *x)
{
    if (x)
        atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
    return x;
}

void ty_release(ty_tensor *x)
{
    if (!x || !tyi_drop_ref(&x->refs))
        return;
    tyi_meta *meta = x->meta;
    tyi_storage_release(x->storage);
    tyi_recycle_give(TYI_RECYCLE_TENSOR, x);
    if (meta)
        meta->release(meta);
}

int ty_ndim(const ty_tensor *x)
{
    return x->ndim;
}

const int64_t *ty_sizes(const ty_tensor *x)
{
    return x->sizes;
}

const int64_t *ty_strides(const ty_tensor *x)
{
    return x->strides;
}

int64_t ty_numel(const ty_tensor *x)
{
    return x->numel;
}

int64_t ty_storage_offset(const ty_tensor *x)
{
    return x->offset;
}

ty_dtype ty_dtype_of(const ty_tensor *x)
{
    return (ty_dtype)x->dtype;
}

ty_device ty_device_of(const ty_tensor *x)
{
    return x->storage->device;
}

bool ty_is_contiguous(const ty_tensor *x)
{
    return x->contiguous;
}

bool ty_shares_storage(const ty_tensor *a, const ty_tensor *b)
{
    return a->storage == b->storage;
}

uint32_t ty_version(const ty_tensor *x)
{
    return atomic_load_explicit(&x->storage->version, memory_order_relaxed);
}

const void *ty_storage_id(const ty_tensor *x)
{
    return x->storage;
}

size_t ty_storage_bytes(const ty_tensor *x)
{
    return x->storage->bytes;
}

int ty_storage_users(const ty_tensor *x)
{
    return atomic_load_explicit(&x->storage->refs, memory_order_relaxed);
}

void *ty_data(ty_tensor *x)
{
    if (!x)
        return NULL;
    if (x->storage->device.type != TY_CPU)
        return tyi_fail(TY_ERROR_VALUE, "data: the tensor is not in host memory; move it first: x:to(\"cpu\")");
    if (tyi_host_read("data", x) != TY_OK)
        return NULL;
    return tyi_data(x);
}

void ty_touch(ty_tensor *x)
{
    tyi_bump_version(x);
}

void tyi_row_major(int ndim, const int64_t *sizes, int64_t *strides)
{
    int64_t stride = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= sizes[d] > 1 ? sizes[d] : 1;
    }
}

bool tyi_compute_contiguous(int ndim, const int64_t *sizes, const int64_t *strides)
{
    int64_t expected = 1;
    bool contiguous = true;
    for (int d = ndim - 1; d >= 0; d--) {
        if (sizes[d] == 0)
            return true;
        if (sizes[d] != 1) {
            contiguous = contiguous && strides[d] == expected;
            expected *= sizes[d];
        }
    }
    return contiguous;
}

/* Dimensions of size > 1 in order of growing stride; their number. */
static int sorted_dims(const ty_tensor *x, int *order)
{
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->sizes[d] == 1)
            continue;
        int at = n++;
        for (; at > 0 && x->strides[order[at - 1]] > x->strides[d]; at--)
            order[at] = order[at - 1];
        order[at] = d;
    }
    return n;
}

bool tyi_is_dense(const ty_tensor *x)
{
    if (x->contiguous)
        return true;
    int order[TY_MAX_DIMS];
    int n = sorted_dims(x, order);
    int64_t expected = 1;
    for (int i = 0; i < n; i++) {
        if (x->strides[order[i]] != expected)
            return false;
        expected *= x->sizes[order[i]];
    }
    return true;
}

bool tyi_overlaps_itself(const ty_tensor *x)
{
    if (x->contiguous)
        return false;
    int order[TY_MAX_DIMS];
    int n = sorted_dims(x, order);
    int64_t reach = 0; /* last element that the dimensions so far address */
    for (int i = 0; i < n; i++) {
        int64_t stride = x->strides[order[i]];
        if (stride <= reach)
            return true;
        reach += stride * (x->sizes[order[i]] - 1);
    }
    return false;
}

ty_status tyi_check_sizes(const char *name, int ndim, const int64_t *sizes, int64_t *numel)
{
    if (ndim < 0 || ndim > TY_MAX_DIMS)
        return ty_fail(TY_ERROR_VALUE, "%s: %d dimensions asked for; tensors have 0 to %d", name, ndim, TY_MAX_DIMS);
    int64_t n = 1, product = 1; /* product leaves out zeros, so that {0, huge, huge} overflows too */
    for (int d = 0; d < ndim; d++) {
        if (sizes[d] < 0)
            return ty_fail(TY_ERROR_VALUE, "%s: negative size %lld in shape %s", name, (long long)sizes[d],
                           tyi_shape_text(ndim, sizes).s);
        if (__builtin_mul_overflow(product, sizes[d] ? sizes[d] : 1, &product) || product > INT64_MAX / 16)
            return ty_fail(TY_ERROR_MEMORY, "%s: shape %s has more elements than can be addressed", name,
                           tyi_shape_text(ndim, sizes).s);
        n *= sizes[d];
    }
    *numel = n;
    return TY_OK;
}

static ty_tensor *with_geometry(tyi_storage *s, ty_dtype dtype, int ndim, const int64_t *sizes, const int64_t *strides,
                                int64_t offset)
{
    ty_tensor *x = tensor_allocate();
    if (!x) {
        tyi_storage_release(s);
        return NULL;
    }
    x->dtype = (int8_t)dtype;
    x->ndim = (uint8_t)ndim;
    x->offset = offset;
    x->storage = s;
    x->numel = 1;
    for (int d = 0; d < ndim; d++) {
        x->sizes[d] = sizes[d];
        x->strides[d] = strides[d];
        x->numel *= sizes[d];
    }
    x->contiguous = tyi_compute_contiguous(ndim, sizes, strides);
    return x;
}

ty_tensor *tyi_from_storage(tyi_storage *s, ty_dtype dtype, int ndim, const int64_t *sizes, const int64_t *strides,
                            int64_t offset)
{
    return with_geometry(s, dtype, ndim, sizes, strides, offset);
}

ty_tensor *tyi_new(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device)
{
    int64_t numel, strides[TY_MAX_DIMS];
    if (tyi_check_sizes("empty", ndim, sizes, &numel) != TY_OK)
        return NULL;
    tyi_storage *s = tyi_storage_new((size_t)numel * tyi_dtype_size(dtype), device);
    if (!s)
        return NULL;
    tyi_row_major(ndim, sizes, strides);
    return with_geometry(s, dtype, ndim, sizes, strides, 0);
}

/* Dimensions from the innermost out, as PyTorch's iteration sorts them: by stride, equal strides by size; a stride of 0
 * compares with nothing and leaves things as they are. */
static void order_of(const ty_tensor *x, int *order)
{
    for (int i = 0; i < x->ndim; i++)
        order[i] = x->ndim - 1 - i;
    for (int i = 1; i < x->ndim; i++) {
        int at = i;
        for (int below = i - 1; below >= 0; below--) {
            int a = order[below], b = order[at];
            int64_t sa = x->strides[a], sb = x->strides[b];
            if (sa == 0 || sb == 0)
                continue;
            if (sa < sb)
                break;
            if (sa > sb || x->sizes[a] > x->sizes[b]) {
                order[below] = b, order[at] = a;
                at = below;
            }
        }
    }
}

ty_tensor *tyi_new_like(const ty_tensor *x, ty_dtype dtype)
{
    ty_tensor *y = tyi_new(x->ndim, x->sizes, dtype, x->storage->device);
    if (!y || x->contiguous)
        return y;
    int order[TY_MAX_DIMS];
    order_of(x, order);
    int64_t stride = 1;
    for (int i = 0; i < x->ndim; i++) {
        y->strides[order[i]] = stride;
        stride *= x->sizes[order[i]] > 1 ? x->sizes[order[i]] : 1;
    }
    y->contiguous = tyi_compute_contiguous(y->ndim, y->sizes, y->strides);
    return y;
}

ty_tensor *tyi_alias(const ty_tensor *x, int ndim, const int64_t *sizes, const int64_t *strides, int64_t offset)
{
    atomic_fetch_add_explicit(&x->storage->refs, 1, memory_order_relaxed);
    return with_geometry(x->storage, (ty_dtype)x->dtype, ndim, sizes, strides, offset);
}

int tyi_wrap_dim(const char *name, int64_t dim, int ndim)
{
    int64_t span = ndim ? ndim : 1;
    if (dim < -span || dim >= span) {
        if (ndim == 0)
            ty_fail(TY_ERROR_INDEX, "%s: dimension %lld is out of range: the tensor has no dimensions", name,
                    tyi_said(dim));
        else
            ty_fail(TY_ERROR_INDEX, "%s: dimension %lld is out of range: the tensor has %d (%lld to %lld, or -1 to %d)",
                    name, tyi_said(dim), ndim, tyi_said(0), tyi_said(ndim - 1), -ndim);
        return -1;
    }
    return (int)(dim < 0 ? dim + span : dim);
}

ty_status tyi_dim_mask(const char *name, const ty_tensor *x, int ndims, const int64_t *dims, uint32_t *mask)
{
    *mask = 0;
    if (ndims == 0) {
        *mask = (1u << x->ndim) - 1;
        return TY_OK;
    }
    for (int i = 0; i < ndims; i++) {
        int d = tyi_wrap_dim(name, dims[i], x->ndim);
        if (d < 0)
            return TY_FAIL;
        if (*mask & 1u << d && x->ndim)
            return ty_fail(TY_ERROR_VALUE, "%s: dimension %lld is named twice", name, tyi_said(d));
        if (x->ndim)
            *mask |= 1u << d;
    }
    return TY_OK;
}

bool tyi_same_shape(const ty_tensor *a, const ty_tensor *b)
{
    if (a->ndim != b->ndim)
        return false;
    for (int d = 0; d < a->ndim; d++)
        if (a->sizes[d] != b->sizes[d])
            return false;
    return true;
}

ty_status tyi_broadcast(const char *name, const ty_tensor *a, const ty_tensor *b, int *ndim, int64_t *sizes)
{
    if (b->ndim == 0 || tyi_same_shape(a, b)) {
        *ndim = a->ndim;
        memcpy(sizes, a->sizes, sizeof *sizes * a->ndim);
        return TY_OK;
    }
    int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    for (int d = 0; d < n; d++) {
        int da = d - (n - a->ndim), db = d - (n - b->ndim);
        int64_t sa = da < 0 ? 1 : a->sizes[da], sb = db < 0 ? 1 : b->sizes[db];
        if (sa != sb && sa != 1 && sb != 1)
            return ty_fail(TY_ERROR_VALUE,
                           "%s: shapes %s and %s do not broadcast: dimension %lld is %lld against %lld (sizes must be "
                           "equal, or one of "
                           "them 1, counted from the last)",
                           name, TYI_SHAPE(a), TYI_SHAPE(b), tyi_said(d), (long long)sa, (long long)sb);
        sizes[d] = sa == 1 ? sb : sa;
    }
    *ndim = n;
    return TY_OK;
}

ty_status tyi_same_device(const char *name, int count, ty_tensor *const *tensors, ty_device *device)
{
    const ty_tensor *first = NULL;
    for (int i = 0; i < count; i++) {
        const ty_tensor *x = tensors[i];
        if (!x || (x->ndim == 0 && x->storage->device.type == TY_CPU))
            continue;
        ty_device d = x->storage->device;
        if (first && (first->storage->device.type != d.type || first->storage->device.index != d.index))
            return ty_fail(TY_ERROR_VALUE, "%s: tensors on different devices, %s and %s; move one: x:to('%s')", name,
                           TYI_DEVICE(first), TYI_DEVICE(x),
                           first->storage->device.type == TY_CPU ? TYI_DEVICE(x) : TYI_DEVICE(first));
        if (!first)
            first = x;
    }
    *device = first ? first->storage->device : TY_DEVICE_CPU;
    return TY_OK;
}

tyi_text tyi_device_text(ty_device device)
{
    tyi_text text;
    if (device.type == TY_CPU)
        snprintf(text.s, sizeof text.s, "cpu");
    else
        snprintf(text.s, sizeof text.s, "cuda:%d", device.index);
    return text;
}

tyi_text tyi_shape_text(int ndim, const int64_t *sizes)
{
    tyi_text text;
    size_t at = 0;
    at += (size_t)snprintf(text.s, sizeof text.s, "{");
    for (int d = 0; d < ndim && at < sizeof text.s - 32; d++)
        at += (size_t)snprintf(text.s + at, sizeof text.s - at, d ? ", %lld" : "%lld", (long long)sizes[d]);
    snprintf(text.s + at, sizeof text.s - at, "}");
    return text;
}

tyi_text tyi_describe(const ty_tensor *x)
{
    tyi_text shape = tyi_shape_text(x->ndim, x->sizes), text;
    snprintf(text.s, sizeof text.s, "%s%.140s", ty_dtype_name((ty_dtype)x->dtype), shape.s);
    return text;
}
