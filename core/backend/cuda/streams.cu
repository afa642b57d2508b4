/*
 * Streams and events. Each device has a default stream of ours, made when it is first used: CUDA's own default stream
 * waits for all others, and cannot be captured into a graph. Streams that are let go of are handed on and never
 * destroyed: blocks of memory that they used are known by them (memory.cu), and may outlive them.
 */
#include "backend/cuda/streams.cuh"
#include "backend/cuda/memory.cuh"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace
{

std::mutex lock;
tyi_cuda_stream *defaults[TYI_MOST_DEVICES];
std::map<std::pair<int, int>, std::vector<cudaStream_t>> *idle; /* streams that nobody has: by device and priority */
thread_local tyi_cuda_stream *currents[TYI_MOST_DEVICES];       /* NULL: the default one */

/* NULL: there is none; the lock is held. */
cudaStream_t take_idle(int device, int priority)
{
    if (!idle)
        idle = new std::map<std::pair<int, int>, std::vector<cudaStream_t>>;
    std::vector<cudaStream_t> &some = (*idle)[{device, priority}];
    if (some.empty())
        return nullptr;
    cudaStream_t handle = some.back();
    some.pop_back();
    return handle;
}

/* The lock is held, so that the error is left to the caller: its message asks for the current stream. */
cudaError_t make(int device, int priority, bool is_default, tyi_cuda_stream **made)
{
    tyi_device_scope scope(device);
    cudaStream_t handle = take_idle(device, priority);
    cudaError_t error = handle || scope.status != TY_OK
                            ? cudaSuccess
                            : cudaStreamCreateWithPriority(&handle, cudaStreamNonBlocking, priority);
    *made = handle ? new tyi_cuda_stream{handle, device, priority, is_default} : nullptr;
    return error;
}

/* CUDA's own where none can be made. */
tyi_cuda_stream *default_of(int device)
{
    std::lock_guard<std::mutex> guard(lock);
    if (!defaults[device] && make(device, 0, true, &defaults[device]) != cudaSuccess)
        cudaGetLastError();
    if (!defaults[device])
        defaults[device] = new tyi_cuda_stream{nullptr, device, 0, true};
    return defaults[device];
}

tyi_cuda_stream *stream_current(int device)
{
    return currents[device] ? currents[device] : default_of(device);
}

tyi_cuda_stream *stream_new(int device, int priority)
{
    tyi_cuda_stream *made;
    cudaError_t error;
    {
        std::lock_guard<std::mutex> guard(lock);
        error = make(device, priority, false, &made);
    }
    if (error != cudaSuccess)
        tyi_cuda_failed(error, "making a stream");
    return made;
}

void stream_free(tyi_cuda_stream *stream)
{
    if (stream->is_default)
        return;
    for (tyi_cuda_stream *&current : currents)
        if (current == stream)
            current = nullptr;
    {
        std::lock_guard<std::mutex> guard(lock);
        (*idle)[{stream->device, stream->priority}].push_back(stream->handle);
    }
    delete stream;
}

ty_status stream_use(tyi_cuda_stream *stream)
{
    currents[stream->device] = stream;
    return tyi_use_device(stream->device);
}

int stream_device(const tyi_cuda_stream *stream)
{
    return stream->device;
}

ty_status stream_synchronize(tyi_cuda_stream *stream)
{
    TYI_CUDA_TRY(cudaStreamSynchronize(stream->handle), "work of a stream");
    return tyi_device_fault(stream->device);
}

ty_status answer(cudaError_t error, const char *what, bool *done)
{
    *done = error == cudaSuccess;
    if (error == cudaErrorNotReady)
        cudaGetLastError();
    return error == cudaSuccess || error == cudaErrorNotReady ? TY_OK : tyi_cuda_failed(error, what);
}

ty_status stream_query(tyi_cuda_stream *stream, bool *done)
{
    return answer(cudaStreamQuery(stream->handle), "work of a stream", done);
}

ty_status stream_wait(tyi_cuda_stream *stream, tyi_cuda_event *event)
{
    TYI_CUDA_TRY(cudaStreamWaitEvent(stream->handle, event->handle, 0), "waiting for an event");
    return TY_OK;
}

tyi_cuda_event *event_new(int device, bool timing)
{
    tyi_device_scope scope(device);
    cudaEvent_t handle;
    if (scope.status != TY_OK)
        return nullptr;
    cudaError_t error = cudaEventCreateWithFlags(&handle, timing ? cudaEventDefault : cudaEventDisableTiming);
    if (error != cudaSuccess) {
        tyi_cuda_failed(error, "making an event");
        return nullptr;
    }
    return new tyi_cuda_event{handle, device};
}

void event_free(tyi_cuda_event *event)
{
    cudaEventDestroy(event->handle);
    delete event;
}

ty_status event_record(tyi_cuda_event *event, tyi_cuda_stream *stream)
{
    if (event->device != stream->device)
        return tyi_host.fail(TY_ERROR_VALUE, "Event.record: the event is of cuda:%d and the stream of cuda:%d",
                             event->device, stream->device);
    TYI_CUDA_TRY(cudaEventRecord(event->handle, stream->handle), "recording an event");
    return TY_OK;
}

ty_status event_query(tyi_cuda_event *event, bool *done)
{
    return answer(cudaEventQuery(event->handle), "work before an event", done);
}

ty_status event_synchronize(tyi_cuda_event *event)
{
    TYI_CUDA_TRY(cudaEventSynchronize(event->handle), "work before an event");
    return tyi_device_fault(event->device);
}

ty_status event_elapsed(tyi_cuda_event *start, tyi_cuda_event *end, float *milliseconds)
{
    cudaError_t error = cudaEventElapsedTime(milliseconds, start->handle, end->handle);
    if (error == cudaErrorInvalidResourceHandle || error == cudaErrorNotReady) {
        cudaGetLastError();
        return tyi_host.fail(TY_ERROR_VALUE, "Event.elapsed_time: both events must have been made with enable_timing, "
                                             "recorded, and be done (synchronize)");
    }
    TYI_CUDA_TRY(error, "asking for the time between events");
    return TY_OK;
}

} // namespace

cudaStream_t tyi_current_stream()
{
    return stream_current(tyi_current_device())->handle;
}

void tyi_fill_stream_functions(tyi_cuda_module *module)
{
    module->stream_new = stream_new;
    module->stream_free = stream_free;
    module->stream_current = stream_current;
    module->stream_default = default_of;
    module->stream_use = stream_use;
    module->stream_device = stream_device;
    module->stream_synchronize = stream_synchronize;
    module->stream_query = stream_query;
    module->stream_wait = stream_wait;
    module->event_new = event_new;
    module->event_free = event_free;
    module->event_record = event_record;
    module->event_query = event_query;
    module->event_synchronize = event_synchronize;
    module->event_elapsed = event_elapsed;
}
