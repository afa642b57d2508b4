/*
 * The public functions for CUDA devices (tycho/cuda.h): each checks its device and hands on to the plug-in.
 */
#include "backend/cuda_plugin.h"

#include <stdlib.h>

#include "tensor/storage.h"

/* The device that this thread chose. Kernels run on that of their tensors, which the plug-in is told before each. */
static _Thread_local int chosen_device;

int ty_cuda_device_count(void)
{
    return ty_cuda_unavailable() ? 0 : tyi_cuda()->device_count;
}

ty_status ty_cuda_get_properties(int device, ty_cuda_properties *properties)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->properties(device, properties) : TY_FAIL;
}

int ty_cuda_current_device(void)
{
    return chosen_device;
}

ty_status ty_cuda_set_device(int device)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    if (!cuda || cuda->use_device(device) != TY_OK)
        return TY_FAIL;
    chosen_device = device;
    return TY_OK;
}

ty_status ty_cuda_synchronize(int device)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->synchronize(device) : TY_FAIL;
}

ty_status ty_cuda_get_memory_stats(int device, ty_memory_stats *stats)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    if (!cuda)
        return TY_FAIL;
    cuda->memory_stats(device, stats);
    return TY_OK;
}

void ty_cuda_get_total_memory(ty_memory_stats *stats)
{
    const tyi_cuda_module *cuda = tyi_cuda_if_open();
    *stats = (ty_memory_stats){0};
    for (int i = 0; cuda && i < cuda->device_count; i++) {
        ty_memory_stats one;
        cuda->memory_stats(i, &one);
        stats->live += one.live;
        stats->cached += one.cached;
        stats->live_blocks += one.live_blocks;
        stats->allocated_total += one.allocated_total;
    }
}

ty_status ty_cuda_memory_info(int device, size_t *free, size_t *total)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->memory_info(device, free, total) : TY_FAIL;
}

ty_status ty_cuda_reset_peak_memory(int device)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    if (!cuda)
        return TY_FAIL;
    cuda->reset_peak_memory(device);
    return TY_OK;
}

ty_status ty_cuda_empty_cache(void)
{
    const tyi_cuda_module *cuda = tyi_cuda();
    if (!cuda)
        return TY_FAIL;
    cuda->empty_cache();
    return TY_OK;
}

ty_status ty_cuda_manual_seed(int device, uint64_t seed)
{
    const tyi_cuda_module *cuda = device == -1 ? tyi_cuda() : tyi_cuda_device(device);
    if (!cuda)
        return TY_FAIL;
    for (int i = device == -1 ? 0 : device; i < (device == -1 ? cuda->device_count : device + 1); i++)
        cuda->generator_seed(i, seed);
    return TY_OK;
}

ty_status ty_cuda_get_generator(int device, uint64_t *seed, uint64_t *offset)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    if (!cuda)
        return TY_FAIL;
    cuda->generator_get(device, seed, offset);
    return TY_OK;
}

ty_status ty_cuda_set_generator(int device, uint64_t seed, uint64_t offset)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    if (!cuda)
        return TY_FAIL;
    cuda->generator_set(device, seed, offset);
    return TY_OK;
}

ty_status ty_cuda_allow_tf32(bool products, bool convolutions)
{
    const tyi_cuda_module *cuda = tyi_cuda();
    if (!cuda)
        return TY_FAIL;
    cuda->allow_tf32(products, convolutions);
    return TY_OK;
}

ty_status ty_cuda_enable_cudnn(bool enabled)
{
    const tyi_cuda_module *cuda = tyi_cuda();
    if (!cuda)
        return TY_FAIL;
    cuda->enable_cudnn(enabled);
    return TY_OK;
}

int ty_cuda_cudnn_version(void)
{
    return ty_cuda_unavailable() ? 0 : tyi_cuda_if_open()->cudnn_version();
}

/* ---- Streams and events ---- */

ty_cuda_stream *ty_cuda_stream_new(int device, int priority)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->stream_new(device, priority) : NULL;
}

void ty_cuda_stream_free(ty_cuda_stream *stream)
{
    if (stream)
        tyi_cuda()->stream_free(stream);
}

ty_cuda_stream *ty_cuda_stream_current(int device)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->stream_current(device) : NULL;
}

ty_cuda_stream *ty_cuda_stream_default(int device)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->stream_default(device) : NULL;
}

ty_status ty_cuda_stream_use(ty_cuda_stream *stream)
{
    if (!stream || tyi_cuda()->stream_use(stream) != TY_OK)
        return TY_FAIL;
    chosen_device = tyi_cuda()->stream_device(stream);
    return TY_OK;
}

int ty_cuda_stream_device(const ty_cuda_stream *stream)
{
    return tyi_cuda()->stream_device(stream);
}

ty_status ty_cuda_stream_synchronize(ty_cuda_stream *stream)
{
    return stream ? tyi_cuda()->stream_synchronize(stream) : TY_FAIL;
}

ty_status ty_cuda_stream_query(ty_cuda_stream *stream, bool *done)
{
    return stream ? tyi_cuda()->stream_query(stream, done) : TY_FAIL;
}

ty_status ty_cuda_stream_wait_event(ty_cuda_stream *stream, ty_cuda_event *event)
{
    return stream && event ? tyi_cuda()->stream_wait(stream, event) : TY_FAIL;
}

ty_status ty_cuda_record_stream(ty_tensor *x, ty_cuda_stream *stream)
{
    if (!x || !stream)
        return TY_FAIL;
    if (x->storage->device.type != TY_CUDA)
        return ty_fail(TY_ERROR_VALUE,
                       "record_stream: the tensor lies on the CPU; only memory of a CUDA device is used by "
                       "streams");
    return tyi_cuda()->record_stream(x->storage->data, x->storage->device.index, stream);
}

ty_cuda_event *ty_cuda_event_new(int device, bool timing)
{
    const tyi_cuda_module *cuda = tyi_cuda_device(device);
    return cuda ? cuda->event_new(device, timing) : NULL;
}

void ty_cuda_event_free(ty_cuda_event *event)
{
    if (event)
        tyi_cuda()->event_free(event);
}

ty_status ty_cuda_event_record(ty_cuda_event *event, ty_cuda_stream *stream)
{
    return event && stream ? tyi_cuda()->event_record(event, stream) : TY_FAIL;
}

ty_status ty_cuda_event_query(ty_cuda_event *event, bool *done)
{
    return event ? tyi_cuda()->event_query(event, done) : TY_FAIL;
}

ty_status ty_cuda_event_synchronize(ty_cuda_event *event)
{
    return event ? tyi_cuda()->event_synchronize(event) : TY_FAIL;
}

ty_status ty_cuda_event_elapsed(ty_cuda_event *start, ty_cuda_event *end, float *milliseconds)
{
    return start && end ? tyi_cuda()->event_elapsed(start, end, milliseconds) : TY_FAIL;
}

/* ---- Pinned memory ---- */

static void release_pinned(tyi_storage *s)
{
    tyi_count_unmapped(s->bytes);
    tyi_cuda()->release_pinned(s->data, s->bytes);
    free(s);
}

ty_tensor *tyi_new_pinned(int ndim, const int64_t *sizes, ty_dtype dtype)
{
    const tyi_cuda_module *cuda = tyi_cuda();
    int64_t numel, strides[TY_MAX_DIMS];
    if (!cuda || tyi_check_sizes("pin_memory", ndim, sizes, &numel) != TY_OK)
        return NULL;
    size_t bytes = (size_t)numel * tyi_dtype_size(dtype);
    tyi_storage *s = malloc(sizeof *s);
    void *data = NULL;
    if (!s) {
        tyi_fail_memory(sizeof *s);
        return NULL;
    }
    if (cuda->allocate_pinned(bytes, &data) != TY_OK) {
        free(s);
        return NULL;
    }
    *s = (tyi_storage){.device = TY_DEVICE_CPU, .bytes = bytes, .data = data, .release = release_pinned};
    s->inference = tyi_inference_mode;
    atomic_init(&s->refs, 1);
    atomic_init(&s->version, 0);
    tyi_count_mapped(bytes);
    if (tyi_watching)
        tyi_watching->made(tyi_watching, s);
    tyi_row_major(ndim, sizes, strides);
    return tyi_from_storage(s, dtype, ndim, sizes, strides, 0);
}

bool ty_is_pinned(const ty_tensor *x)
{
    const tyi_cuda_module *cuda = tyi_cuda_if_open();
    return x && cuda && x->storage->device.type == TY_CPU && cuda->is_pinned(x->storage->data);
}

ty_tensor *ty_pin_memory(ty_tensor *x)
{
    if (!x || ty_is_pinned(x))
        return ty_retain(x);
    if (x->storage->device.type != TY_CPU)
        return tyi_fail(TY_ERROR_VALUE, "pin_memory: the tensor lies on %s; only memory of the CPU is pinned",
                        TYI_DEVICE(x));
    ty_tensor *y = tyi_new_pinned(x->ndim, x->sizes, (ty_dtype)x->dtype);
    if (!y)
        return NULL;
    tyi_iter iter;
    tyi_iter_build(&iter, (ty_dtype)x->dtype, 2, (ty_tensor *[]){y, x});
    if (tyi_backend_of(TY_DEVICE_CPU)->copy(&iter) == TY_OK)
        return y;
    ty_release(y);
    return NULL;
}
