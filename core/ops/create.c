/*
 * Making tensors: empty and filled ones, ranges, from host data, copies, conversions; and reading one value back.
 */
#include <math.h>

#include "backend/cuda_plugin.h"
#include "ops/ops.h"

static ty_dtype dtype_or_default(ty_dtype dtype)
{
    return dtype == TY_DTYPE_NONE ? ty_get_default_dtype() : dtype;
}

/* Fills fresh memory. Takes x over; NULL passes on. */
static ty_tensor *filled(ty_tensor *x, ty_scalar value)
{
    const tyi_backend *backend = x ? tyi_backend_of(ty_device_of(x)) : NULL;
    tyi_iter iter;
    if (!backend)
        goto fail;
    tyi_iter_build(&iter, (ty_dtype)x->dtype, 1, &x);
    if (backend->fill(&iter, value) == TY_OK)
        return x;
fail:
    ty_release(x);
    return NULL;
}

/* torch.empty: memory as it comes. */
ty_tensor *ty_empty(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device)
{
    return tyi_new(ndim, sizes, dtype_or_default(dtype), device);
}

ty_tensor *ty_zeros(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device)
{
    return filled(ty_empty(ndim, sizes, dtype, device), ty_int(0));
}

ty_tensor *ty_ones(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device)
{
    return filled(ty_empty(ndim, sizes, dtype, device), ty_int(1));
}

/* torch.full: without a dtype the value says which: bool, int64 or the default dtype. */
ty_tensor *ty_full(int ndim, const int64_t *sizes, ty_scalar value, ty_dtype dtype, ty_device device)
{
    if (dtype == TY_DTYPE_NONE)
        dtype = value.kind == TY_SCALAR_BOOL  ? TY_BOOL
                : value.kind == TY_SCALAR_INT ? TY_INT64
                                              : ty_get_default_dtype();
    return filled(tyi_new(ndim, sizes, dtype, device), value);
}

static ty_dtype dtype_or_of(ty_dtype dtype, const ty_tensor *x)
{
    return dtype == TY_DTYPE_NONE ? (ty_dtype)x->dtype : dtype;
}

ty_tensor *ty_empty_like(ty_tensor *x, ty_dtype dtype)
{
    return x ? tyi_new_like(x, dtype_or_of(dtype, x)) : NULL;
}

ty_tensor *ty_zeros_like(ty_tensor *x, ty_dtype dtype)
{
    return filled(ty_empty_like(x, dtype), ty_int(0));
}

ty_tensor *ty_ones_like(ty_tensor *x, ty_dtype dtype)
{
    return filled(ty_empty_like(x, dtype), ty_int(1));
}

ty_tensor *ty_full_like(ty_tensor *x, ty_scalar value, ty_dtype dtype)
{
    return filled(ty_empty_like(x, dtype), value);
}

static double as_double(ty_scalar value)
{
    return value.kind == TY_SCALAR_FLOAT ? value.f : (double)value.i;
}

/* torch.arange: start, start + step, ... before end. int64 when all three are integers and no dtype is given. */
ty_tensor *ty_arange(ty_scalar start, ty_scalar end, ty_scalar step, ty_dtype dtype, ty_device device)
{
    bool floating = start.kind == TY_SCALAR_FLOAT || end.kind == TY_SCALAR_FLOAT || step.kind == TY_SCALAR_FLOAT;
    double from = as_double(start), to = as_double(end), by = as_double(step);
    if (!isfinite(from) || !isfinite(to) || !isfinite(by))
        return tyi_fail(TY_ERROR_VALUE, "arange: start, end and step must be finite, got %g, %g, %g", from, to, by);
    if (by == 0)
        return tyi_fail(TY_ERROR_VALUE, "arange: the step must not be 0");
    if ((by > 0 && from > to) || (by < 0 && from < to))
        return tyi_fail(TY_ERROR_VALUE, "arange: from %g to %g the step %g leads the wrong way", from, to, by);
    double count = ceil((to - from) / by);
    if (!floating && fabs(from) < 9e15 && fabs(to) < 9e15)
        count = (double)((end.i - start.i + step.i - (step.i > 0 ? 1 : -1)) / step.i);
    if (count > 1e15)
        return tyi_fail(TY_ERROR_MEMORY, "arange: %g elements are more than memory can hold", count);
    int64_t n = (int64_t)count;
    if (dtype == TY_DTYPE_NONE)
        dtype = floating ? ty_get_default_dtype() : TY_INT64;
    ty_tensor *out = tyi_new(1, &n, dtype, device);
    const tyi_backend *backend = out ? tyi_backend_of(device) : NULL;
    if (backend && backend->arange(dtype, tyi_data(out), n, start, step) == TY_OK)
        return out;
    ty_release(out);
    return NULL;
}

/* torch.linspace: `steps` values from start to end, both included. */
ty_tensor *ty_linspace(double start, double end, int64_t steps, ty_dtype dtype, ty_device device)
{
    dtype = dtype_or_default(dtype);
    if (steps < 0)
        return tyi_fail(TY_ERROR_VALUE, "linspace: the number of steps must not be negative, got %lld",
                        (long long)steps);
    ty_tensor *out = tyi_new(1, &steps, dtype, device);
    const tyi_backend *backend = out ? tyi_backend_of(device) : NULL;
    if (backend && backend->linspace(dtype, tyi_data(out), steps, start, end) == TY_OK)
        return out;
    ty_release(out);
    return NULL;
}

/* torch.logspace: `steps` values from base^start to base^end, their exponents evenly spaced. */
ty_tensor *ty_logspace(double start, double end, int64_t steps, double base, ty_dtype dtype, ty_device device)
{
    if (steps < 0)
        return tyi_fail(TY_ERROR_VALUE, "logspace: the number of steps must not be negative, got %lld",
                        (long long)steps);
    int outer = tyi_temps_begin();
    ty_tensor *from = tyi_temp(ty_scalar_tensor(ty_float(base), TY_FLOAT64, true));
    ty_tensor *exponents = tyi_temp(ty_linspace(start, end, steps, TY_FLOAT64, device));
    ty_tensor *powers = tyi_temp(ty_pow(from, exponents));
    return tyi_composed(outer, powers ? tyi_temp(ty_to_dtype(powers, dtype_or_default(dtype))) : NULL);
}

/* torch.eye: ones on the diagonal. */
ty_tensor *ty_eye(int64_t n, int64_t m, ty_dtype dtype, ty_device device)
{
    if (n < 0 || m < 0)
        return tyi_fail(TY_ERROR_VALUE, "eye: sizes must not be negative, got %lld and %lld", (long long)n,
                        (long long)m);
    ty_tensor *x = ty_zeros(2, (int64_t[]){n, m}, dtype, device);
    int64_t k = n < m ? n : m, stride = x ? m + 1 : 0; /* sizes that no memory holds may not overflow it */
    ty_tensor *diagonal = x ? tyi_alias(x, 1, &k, &stride, 0) : NULL;
    ty_tensor *done = diagonal ? filled(diagonal, ty_int(1)) : NULL;
    ty_release(done);
    if (done)
        return x;
    ty_release(x);
    return NULL;
}

ty_tensor *ty_from_data(const void *data, int ndim, const int64_t *sizes, ty_dtype dtype)
{
    ty_tensor *x = tyi_new(ndim, sizes, dtype, TY_DEVICE_CPU);
    if (x && x->numel)
        memcpy(tyi_data(x), data, (size_t)x->numel * ty_dtype_size(dtype));
    return x;
}

/* A number keeps its precision. */
static ty_dtype number_dtype(ty_scalar value)
{
    return value.kind == TY_SCALAR_BOOL ? TY_BOOL : value.kind == TY_SCALAR_INT ? TY_INT64 : TY_FLOAT64;
}

ty_tensor *ty_scalar_tensor(ty_scalar value, ty_dtype dtype, bool wrapped)
{
    if (dtype == TY_DTYPE_NONE)
        dtype = wrapped || value.kind != TY_SCALAR_FLOAT ? number_dtype(value) : ty_get_default_dtype();
    ty_tensor *x = tyi_new(0, NULL, dtype, TY_DEVICE_CPU);
    if (x) {
        tyi_store_scalar(tyi_data(x), dtype, value);
        x->wrapped = wrapped;
    }
    return x;
}

ty_status ty_number(ty_tensor **number, ty_scalar value)
{
    ty_tensor *last = *number;
    ty_dtype dtype = number_dtype(value);
    bool again = last && last->wrapped && (ty_dtype)last->dtype == dtype && last->ndim == 0 && !last->meta &&
                 !tyi_watching && last->storage->inference == tyi_inference_mode &&
                 atomic_load_explicit(&last->refs, memory_order_acquire) == 1 &&
                 atomic_load_explicit(&last->storage->refs, memory_order_acquire) == 1;
    if (!again) {
        ty_release(last);
        *number = ty_scalar_tensor(value, TY_DTYPE_NONE, true);
        return *number ? TY_OK : TY_FAIL;
    }
    tyi_store_scalar(tyi_data(last), dtype, value);
    return TY_OK;
}

ty_status ty_item(ty_tensor *x, ty_scalar *value)
{
    if (!x)
        return TY_FAIL;
    if (x->numel != 1)
        return ty_fail(TY_ERROR_VALUE,
                       "item: only a tensor of one element is a number, this one has shape %s; use "
                       "totable() for all of them",
                       TYI_SHAPE(x));
    if (tyi_host_read("item", x) != TY_OK)
        return TY_FAIL;
    if (x->storage->device.type == TY_CPU) {
        *value = tyi_load_scalar(tyi_data(x), (ty_dtype)x->dtype);
        return TY_OK;
    }
    const tyi_backend *backend = tyi_backend_of(ty_device_of(x));
    int64_t host[2];
    if (!backend || backend->to_host(host, tyi_data(x), ty_dtype_size((ty_dtype)x->dtype)) != TY_OK)
        return TY_FAIL;
    *value = tyi_load_scalar(host, (ty_dtype)x->dtype);
    return TY_OK;
}

/* ---- Copies ---- */

static bool same_device(const ty_tensor *a, const ty_tensor *b)
{
    return a->storage->device.type == b->storage->device.type && a->storage->device.index == b->storage->device.index;
}

/* The bytes of a dense tensor to one like it on another device. */
static ty_status copy_bytes(ty_tensor *out, const ty_tensor *x)
{
    size_t bytes = (size_t)x->numel * ty_dtype_size((ty_dtype)x->dtype);
    ty_device from = ty_device_of(x), to = ty_device_of(out);
    if (from.type == TY_CUDA && to.type == TY_CUDA)
        return tyi_cuda()->copy_between(tyi_data(out), to.index, tyi_data(x), from.index, bytes);
    const tyi_backend *backend = tyi_backend_of(from.type == TY_CPU ? to : from);
    if (!backend)
        return TY_FAIL;
    return from.type == TY_CPU ? backend->from_host(tyi_data(out), tyi_data(x), bytes)
                               : backend->to_host(tyi_data(out), tyi_data(x), bytes);
}

ty_status tyi_copy(ty_tensor *out, ty_tensor *x)
{
    if (same_device(out, x)) {
        const tyi_backend *backend = tyi_backend_of(ty_device_of(out));
        if (!backend)
            return TY_FAIL;
        tyi_iter iter;
        tyi_iter_build(&iter, (ty_dtype)out->dtype, 2, (ty_tensor *[]){out, x});
        return backend->copy(&iter);
    }
    /* Between devices as dense bytes of x's dtype, through the host where one side is the CPU, and converted where they
     * arrive. */
    const tyi_backend *from = tyi_backend_of(ty_device_of(x)), *to = tyi_backend_of(ty_device_of(out));
    ty_tensor *dense = from && to ? tyi_dense(x) : NULL, *arrived = NULL;
    if (dense)
        arrived = tyi_new(dense->ndim, dense->sizes, (ty_dtype)dense->dtype, ty_device_of(out));
    ty_status status = arrived ? copy_bytes(arrived, dense) : TY_FAIL;
    if (status == TY_OK)
        status = tyi_copy(out, arrived);
    ty_release(dense);
    ty_release(arrived);
    return status;
}

ty_tensor *tyi_dense(ty_tensor *x)
{
    if (!x || x->contiguous)
        return ty_retain(x);
    ty_tensor *y = tyi_new(x->ndim, x->sizes, (ty_dtype)x->dtype, ty_device_of(x));
    if (y && tyi_copy(y, x) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    return y;
}

static ty_status passes_on(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    (void)node;
    grad_in[0] = ty_retain(grad_out[0]);
    return TY_OK;
}

static const tyi_node_kind clone_node = {"CloneBackward0", passes_on};

/* torch.clone: strides are kept where x is dense. */
ty_tensor *ty_clone(ty_tensor *x)
{
    if (!x)
        return NULL;
    ty_tensor *y = tyi_new_like(x, (ty_dtype)x->dtype);
    if (y && tyi_copy(y, x) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    return tyi_record(y, &clone_node, TYI_LIST(x), 0, NULL, NULL, 0);
}

/* torch.Tensor.contiguous: x itself where it is row-major already. */
ty_tensor *ty_contiguous(ty_tensor *x)
{
    if (!x || x->contiguous)
        return ty_retain(x);
    return tyi_record(tyi_dense(x), &clone_node, TYI_LIST(x), 0, NULL, NULL, 0);
}

static ty_status to_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const struct {
        ty_dtype dtype;
        ty_device device;
    } *was = tyi_context(node);
    grad_in[0] = ty_to(grad_out[0], was->dtype, was->device, false);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind to_node = {"ToCopyBackward0", to_backward};

/* y, which was made of x, as a result of its own. */
static ty_tensor *converted(ty_tensor *y, ty_tensor *x)
{
    const struct {
        ty_dtype dtype;
        ty_device device;
    } was = {(ty_dtype)x->dtype, ty_device_of(x)};
    if (y && !ty_dtype_is_floating((ty_dtype)y->dtype))
        return y;
    return tyi_record(y, &to_node, TYI_LIST(x), 0, NULL, &was, sizeof was);
}

/* torch.Tensor.to: x itself when nothing changes and no copy is asked for. */
ty_tensor *ty_to(ty_tensor *x, ty_dtype dtype, ty_device device, bool copy)
{
    if (!x)
        return NULL;
    dtype = dtype_or_of(dtype, x);
    bool stays = device.type == x->storage->device.type && device.index == x->storage->device.index;
    if (dtype == (ty_dtype)x->dtype && stays)
        return copy ? ty_clone(x) : ty_retain(x);
    if (!tyi_backend_of(device))
        return NULL;
    ty_tensor *y = stays ? tyi_new_like(x, dtype) : tyi_new(x->ndim, x->sizes, dtype, device);
    if (y && tyi_copy(y, x) != TY_OK) {
        ty_release(y);
        return NULL;
    }
    return converted(y, x);
}

/* The bytes of x moved without waiting, into or out of pinned memory. Not recorded. */
static ty_tensor *moved_async(ty_tensor *x, ty_device device)
{
    bool to_device = device.type == TY_CUDA;
    ty_device gpu = to_device ? device : ty_device_of(x);
    ty_tensor *dense = tyi_backend_of(gpu) ? tyi_dense(x) : NULL, *y = NULL;
    if (dense && to_device)
        y = tyi_new(x->ndim, x->sizes, (ty_dtype)x->dtype, device);
    else if (dense)
        y = tyi_new_pinned(x->ndim, x->sizes, (ty_dtype)x->dtype);
    size_t bytes = (size_t)x->numel * ty_dtype_size((ty_dtype)x->dtype);
    if (y && tyi_cuda()->copy_async(tyi_data(y), tyi_data(dense), bytes, to_device) != TY_OK) {
        ty_release(y);
        y = NULL;
    }
    ty_release(dense);
    return y;
}

/* torch.Tensor.to with non_blocking: dtypes are converted on the GPU. */
ty_tensor *ty_to_async(ty_tensor *x, ty_dtype dtype, ty_device device, bool copy)
{
    if (!x)
        return NULL;
    dtype = dtype_or_of(dtype, x);
    bool up = device.type == TY_CUDA && ty_is_pinned(x) && x->contiguous;
    bool down = device.type == TY_CPU && x->storage->device.type == TY_CUDA;
    if (!up && !down)
        return ty_to(x, dtype, device, copy);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *first = up ? moved_async(x, device) : ty_to_dtype(x, dtype), *y = NULL;
    if (first)
        y = up ? ty_to_dtype(first, dtype) : moved_async(first, device);
    ty_release(first);
    ty_set_grad_enabled(was);
    return converted(y, x);
}

ty_tensor *ty_to_dtype(ty_tensor *x, ty_dtype dtype)
{
    return x ? ty_to(x, dtype, ty_device_of(x), false) : NULL;
}

/* ---- In place ---- */

/* torch.Tensor.fill_ */
ty_tensor *ty_fill_(ty_tensor *x, ty_scalar value)
{
    if (tyi_inplace_begin("fill_", x) != TY_OK)
        return NULL;
    const tyi_backend *backend = tyi_backend_of(ty_device_of(x));
    tyi_iter iter;
    tyi_iter_build(&iter, (ty_dtype)x->dtype, 1, &x);
    if (!backend || backend->fill(&iter, value) != TY_OK)
        return NULL;
    return tyi_inplace_record(x, NULL, 0, NULL, 0, NULL, NULL, 0);
}

ty_tensor *ty_zero_(ty_tensor *x)
{
    return ty_fill_(x, ty_int(0));
}

static ty_status copy_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const tyi_shape *source = tyi_context(node);
    if (tyi_wants(node, 0))
        grad_in[0] = ty_zeros_like(grad_out[0], TY_DTYPE_NONE);
    if (tyi_wants(node, 1))
        grad_in[1] = tyi_sum_to(grad_out[0], source);
    return (grad_in[0] || !tyi_wants(node, 0)) && (grad_in[1] || !tyi_wants(node, 1)) ? TY_OK : TY_FAIL;
}

static const tyi_node_kind copy_node = {"CopyBackwards", copy_backward};

/* torch.Tensor.copy_: source broadcasts to x's shape and is converted to its dtype and device. */
ty_tensor *ty_copy_(ty_tensor *x, ty_tensor *source)
{
    if (!source || tyi_inplace_begin("copy_", x) != TY_OK)
        return NULL;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (tyi_broadcast("copy_", x, source, &ndim, sizes) != TY_OK)
        return NULL;
    if (ndim != x->ndim || memcmp(sizes, x->sizes, sizeof *sizes * (size_t)ndim) != 0)
        return tyi_fail(TY_ERROR_VALUE, "copy_: values of shape %s do not fit into shape %s", TYI_SHAPE(source),
                        TYI_SHAPE(x));
    /* Overlapping memory in another order would read what was just written. */
    ty_tensor *from = ty_retain(source);
    if (x->storage == source->storage && x->numel > 1 &&
        !(x->offset == source->offset && tyi_same_shape(x, source) &&
          memcmp(x->strides, source->strides, sizeof *x->strides * x->ndim) == 0)) {
        ty_release(from);
        bool was = ty_set_grad_enabled(false);
        from = ty_clone(source);
        ty_set_grad_enabled(was);
    }
    ty_status status = from ? tyi_copy(x, from) : TY_FAIL;
    ty_release(from);
    if (status != TY_OK)
        return NULL;
    tyi_shape shape = tyi_shape_of(source);
    return tyi_inplace_record(x, &copy_node, TYI_LIST(x, source), 0, NULL, &shape, sizeof shape);
}
