// Streams, events and graphs. Work runs when it is issued, in the calling thread, so streams order nothing; what they
// keep is their device, whether they capture, and which nodes of the capture the next one follows. A capture records
// closures and their dependencies; a launched graph runs them in the order of issue. What CUDA forbids during a capture
// fails here too.
#include "state.h"

#include <algorithm>
#include <set>

#include <time.h>

namespace emulated
{
namespace
{
thread_local cudaStreamCaptureMode mode_of_thread = cudaStreamCaptureModeGlobal;

struct Handles {
    std::set<CUstream_st *> streams;
    std::set<CUevent_st *> events;
    std::set<CUgraph_st *> graphs;
    std::set<CUgraphExec_st *> execs;
    std::vector<Capture *> captures;
    CUstream_st legacy[64], of_thread[64]; // of each device
};

Handles &handles()
{
    static auto *all = new Handles();
    return *all;
}

const void *this_thread()
{
    return &mode_of_thread;
}

double now()
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

bool is_event(cudaEvent_t event)
{
    return handles().events.count(event) != 0;
}

void add_nodes(std::vector<size_t> *to, const std::vector<size_t> &from)
{
    for (size_t node : from) {
        if (std::find(to->begin(), to->end(), node) == to->end()) {
            to->push_back(node);
        }
    }
}

cudaError_t record_node(CUstream_st *stream, Kind kind, std::function<cudaError_t()> work)
{
    Capture *capture = stream->capture;
    if (capture->invalid) {
        return cudaErrorStreamCaptureInvalidated;
    }
    capture->graph.nodes.push_back(CUgraphNode_st{kind, stream->device, std::move(work), stream->last});
    stream->last.assign(1, capture->graph.nodes.size() - 1);
    return cudaSuccess;
}

// Takes the streams and events out of the capture and forgets it.
void end(Capture *capture)
{
    for (CUstream_st *stream : capture->streams) {
        stream->capture = nullptr;
        stream->last.clear();
    }
    for (CUevent_st *event : handles().events) {
        if (event->capture == capture) {
            event->capture = nullptr;
            event->recorded = false;
        }
    }
    auto &all = handles().captures;
    all.erase(std::find(all.begin(), all.end(), capture));
    delete capture;
}

// Whether each node that no other follows is one that the stream which began the capture has waited for.
bool all_joined(const Capture *capture)
{
    std::vector<bool> followed(capture->graph.nodes.size(), false);
    for (const CUgraphNode_st &node : capture->graph.nodes) {
        for (size_t before : node.after) {
            followed[before] = true;
        }
    }
    for (size_t node : capture->origin->last) {
        followed[node] = true;
    }
    return std::find(followed.begin(), followed.end(), false) == followed.end();
}

// Finds the stream of a call that synchronises with it: not while it captures.
cudaError_t stream_at_rest(cudaStream_t handle)
{
    CUstream_st *stream;
    cudaError_t error = availability();
    if (!error) {
        error = find_stream(handle, &stream);
    }
    return error ? error : forbid_on_capturing(stream);
}
} // namespace

const std::vector<Capture *> &captures()
{
    return handles().captures;
}

void invalidate(Capture *capture)
{
    capture->invalid = true;
}

cudaError_t find_stream(cudaStream_t handle, CUstream_st **stream)
{
    if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread) {
        CUstream_st *own = handle == cudaStreamPerThread ? handles().of_thread : handles().legacy;
        *stream = &own[current_device()];
        (*stream)->device = current_device();
        return cudaSuccess;
    }
    *stream = handle;
    return handles().streams.count(handle) ? cudaSuccess : cudaErrorInvalidResourceHandle;
}

cudaError_t forbid_in_capture()
{
    bool hurt = false;
    for (Capture *capture : captures()) {
        bool own = capture->thread == this_thread();
        bool global = mode_of_thread == cudaStreamCaptureModeGlobal && capture->mode == cudaStreamCaptureModeGlobal;
        bool local = own && capture->mode != cudaStreamCaptureModeRelaxed;
        if (mode_of_thread != cudaStreamCaptureModeRelaxed && (global || local)) {
            invalidate(capture);
            hurt = true;
        }
    }
    return hurt ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

cudaError_t forbid_on_capturing(CUstream_st *stream)
{
    if (stream->capture) {
        invalidate(stream->capture);
        return cudaErrorStreamCaptureUnsupported;
    }
    return cudaSuccess;
}

cudaError_t run_node(const CUgraphNode_st &node)
{
    if (node.kind == Kind::host) {
        return node.work(); // the host's code: device memory stays closed
    }
    OpenMemory open(node.kind == Kind::kernel ? node.device : -1);
    return node.work();
}

cudaError_t issue(cudaStream_t handle, Kind kind, std::function<cudaError_t()> work)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    if (!error) {
        error = find_stream(handle, &stream);
    }
    if (error) {
        return set_error(error);
    }
    if ((kind == Kind::kernel || kind == Kind::library) && stream->device != current_device()) {
        report("work for a stream of device %d while device %d is current", stream->device, current_device());
        return set_error(cudaErrorInvalidResourceHandle);
    }
    if (stream->capture) {
        return set_error(record_node(stream, kind, std::move(work)));
    }
    for (Capture *capture : captures()) {
        bool blocking = !(capture->origin->flags & cudaStreamNonBlocking);
        if (stream == &handles().legacy[stream->device] && blocking && capture->origin->device == stream->device) {
            invalidate(capture);
            return set_error(cudaErrorStreamCaptureImplicit);
        }
    }
    return set_error(run_node(CUgraphNode_st{kind, stream->device, std::move(work), {}}));
}
} // namespace emulated

using namespace emulated;

extern "C" {
cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    return cudaStreamCreateWithPriority(stream, flags, 0);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority)
{
    cudaError_t error = availability();
    if (error || !stream || flags > cudaStreamNonBlocking) {
        return set_error(error ? error : cudaErrorInvalidValue);
    }
    Guard guard(lock());
    *stream = new CUstream_st{current_device(), flags, priority, nullptr, {}};
    handles().streams.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    Guard guard(lock());
    if (!handles().streams.count(stream)) {
        return set_error(cudaErrorInvalidResourceHandle);
    }
    if (stream->capture) {
        end(stream->capture);
    }
    handles().streams.erase(stream);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    Guard guard(lock());
    return set_error(stream_at_rest(stream));
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    Guard guard(lock());
    return set_error(stream_at_rest(stream));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    error = error ? error : find_stream(handle, &stream);
    if (error || !is_event(event) || flags) {
        return set_error(error ? error : flags ? cudaErrorInvalidValue : cudaErrorInvalidResourceHandle);
    }
    if (!event->capture) {
        if (stream->capture && event->recorded) {
            invalidate(stream->capture);
            return set_error(cudaErrorStreamCaptureIsolation);
        }
        return cudaSuccess;
    }
    if (stream->capture && stream->capture != event->capture) {
        invalidate(stream->capture);
        invalidate(event->capture);
        return set_error(cudaErrorStreamCaptureMerge);
    }
    if (!stream->capture) {
        stream->capture = event->capture;
        stream->last.clear();
        event->capture->streams.push_back(stream);
    }
    add_nodes(&stream->last, event->last);
    return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data)
{
    return issue(stream, Kind::host, [=]() {
        function(data);
        return cudaSuccess;
    });
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    cudaError_t error = availability();
    if (error || !event) {
        return set_error(error ? error : cudaErrorInvalidValue);
    }
    Guard guard(lock());
    *event = new CUevent_st{current_device(), flags, false, 0.0, nullptr, {}};
    handles().events.insert(*event);
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    error = error ? error : find_stream(handle, &stream);
    if (error || !is_event(event) || event->device != stream->device) {
        return set_error(error ? error : cudaErrorInvalidResourceHandle);
    }
    event->recorded = true;
    event->seconds = now();
    event->capture = stream->capture;
    event->last = stream->last;
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    Guard guard(lock());
    if (!is_event(event)) {
        return set_error(cudaErrorInvalidResourceHandle);
    }
    if (event->capture) {
        invalidate(event->capture);
        return set_error(cudaErrorCapturedEvent);
    }
    return set_error(forbid_in_capture());
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    return cudaEventQuery(event);
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    Guard guard(lock());
    bool fine = is_event(start) && is_event(end) && start->recorded && end->recorded && !start->capture &&
                !end->capture && !((start->flags | end->flags) & cudaEventDisableTiming) &&
                start->device == end->device;
    if (!fine) {
        return set_error(cudaErrorInvalidResourceHandle);
    }
    *milliseconds = (float)(1e3 * (end->seconds - start->seconds));
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    Guard guard(lock());
    if (!handles().events.erase(event)) {
        return set_error(cudaErrorInvalidResourceHandle);
    }
    delete event;
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    error = error ? error : find_stream(handle, &stream);
    if (error) {
        return set_error(error);
    }
    if (stream == &handles().legacy[stream->device]) {
        return set_error(cudaErrorStreamCaptureUnsupported); // the legacy stream cannot capture
    }
    if (stream->capture) {
        invalidate(stream->capture);
        return set_error(cudaErrorIllegalState);
    }
    stream->capture = new Capture{mode, stream, false, this_thread(), {}, {stream}};
    stream->last.clear();
    handles().captures.push_back(stream->capture);
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *graph)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    error = error ? error : find_stream(handle, &stream);
    *graph = nullptr;
    if (error || !stream->capture) {
        return set_error(error ? error : cudaErrorIllegalState);
    }
    Capture *capture = stream->capture;
    if (capture->origin != stream) {
        invalidate(capture);
        return set_error(cudaErrorStreamCaptureUnmatched);
    }
    if (capture->thread != this_thread() && capture->mode != cudaStreamCaptureModeRelaxed) {
        return set_error(cudaErrorStreamCaptureWrongThread);
    }
    error = capture->invalid      ? cudaErrorStreamCaptureInvalidated
            : all_joined(capture) ? cudaSuccess
                                  : cudaErrorStreamCaptureUnjoined;
    if (!error) {
        *graph = new CUgraph_st(std::move(capture->graph));
        handles().graphs.insert(*graph);
    }
    end(capture);
    return set_error(error);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status)
{
    CUstream_st *stream;
    Guard guard(lock());
    cudaError_t error = availability();
    error = error ? error : find_stream(handle, &stream);
    if (error) {
        return set_error(error);
    }
    *status = !stream->capture           ? cudaStreamCaptureStatusNone
              : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                         : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *mode)
{
    std::swap(*mode, mode_of_thread);
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    (void)flags;
    Guard guard(lock());
    if (!exec || !handles().graphs.count(graph)) {
        return set_error(cudaErrorInvalidValue);
    }
    *exec = new CUgraphExec_st{graph->nodes};
    handles().execs.insert(*exec);
    return cudaSuccess;
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphExecUpdateResultInfo *result)
{
    Guard guard(lock());
    if (!handles().execs.count(exec) || !handles().graphs.count(graph)) {
        return set_error(cudaErrorInvalidValue);
    }
    bool same = exec->nodes.size() == graph->nodes.size(), kinds = same;
    for (size_t i = 0; same && i < exec->nodes.size(); i++) {
        same = exec->nodes[i].after == graph->nodes[i].after;
        kinds = kinds && exec->nodes[i].kind == graph->nodes[i].kind;
    }
    *result = cudaGraphExecUpdateResultInfo{cudaGraphExecUpdateSuccess, nullptr, nullptr};
    if (!same || !kinds) {
        result->result = same ? cudaGraphExecUpdateErrorNodeTypeChanged : cudaGraphExecUpdateErrorTopologyChanged;
        return set_error(cudaErrorGraphExecUpdateFailure);
    }
    exec->nodes = graph->nodes;
    return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    Guard guard(lock());
    return set_error(handles().execs.count(exec) ? stream_at_rest(stream) : cudaErrorInvalidValue);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    Guard guard(lock());
    cudaError_t error = handles().execs.count(exec) ? stream_at_rest(stream) : cudaErrorInvalidValue;
    for (size_t i = 0; !error && i < exec->nodes.size(); i++) {
        error = run_node(exec->nodes[i]);
    }
    return set_error(error);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count)
{
    Guard guard(lock());
    if (!handles().graphs.count(graph) || !count) {
        return set_error(cudaErrorInvalidValue);
    }
    size_t all = graph->nodes.size(), wanted = nodes ? *count : all;
    for (size_t i = 0; nodes && i < wanted; i++) {
        nodes[i] = i < all ? &graph->nodes[i] : nullptr;
    }
    *count = wanted < all ? wanted : all;
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    Guard guard(lock());
    if (!handles().graphs.erase(graph)) {
        return set_error(cudaErrorInvalidValue);
    }
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    Guard guard(lock());
    if (!handles().execs.erase(exec)) {
        return set_error(cudaErrorInvalidValue);
    }
    delete exec;
    return cudaSuccess;
}
}
