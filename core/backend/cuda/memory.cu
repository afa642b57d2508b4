/*
 * The caching allocator of device memory. A block belongs to the stream that it was first given out on: given back, it
 * can be given out again on that stream at once, while kernels that use it still wait to run, because what comes next
 * on the stream runs after them. Work on another stream must be told of (record_stream): the block then waits for an
 * event there.
 *
 * Blocks have size classes, four steps for each power of two, and are kept for reuse; when the device has no more, all
 * that waits is given back to the driver and the allocation tried once more. Pinned host memory is kept in the same
 * way, each block until the copies that use it are done. One lock guards everything.
 */
#include "backend/cuda/memory.cuh"
#include "backend/cuda/graph.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/streams.cuh"

#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace
{

const size_t SMALLEST = 512; /* bytes of a block */

struct block {
    void *data;
    size_t bytes; /* of its class */
    int device;   /* -1: pinned host memory */
    cudaStream_t stream;
    std::vector<cudaEvent_t> pending; /* what must have happened before it is given out again */
    std::vector<cudaStream_t> users;  /* other streams that use it */
};

typedef std::pair<size_t, cudaStream_t> shelf; /* where free blocks wait: their size, and their stream */

struct pool {
    std::multimap<shelf, block *> free;
    ty_memory_stats stats = {};
};

struct state {
    std::mutex lock;
    pool devices[TYI_MOST_DEVICES];
    pool pinned;
    std::unordered_map<const void *, block *> live; /* blocks given out, by address */
    std::unordered_map<const void *, size_t> pinned_ranges;
    int *faults[TYI_MOST_DEVICES];
};

/* Never destroyed: tensors may be let go of after the plug-in's own end. */
state &all()
{
    static state *const s = new state();
    return *s;
}

size_t class_of(size_t bytes)
{
    if (bytes <= SMALLEST)
        return SMALLEST;
    size_t step = SMALLEST;
    while (step * 8 <= bytes - 1)
        step *= 2;
    return (bytes + step - 1) / step * step;
}

bool is_ready(block *b)
{
    while (!b->pending.empty()) {
        if (cudaEventQuery(b->pending.back()) != cudaSuccess) {
            cudaGetLastError();
            return false;
        }
        cudaEventDestroy(b->pending.back());
        b->pending.pop_back();
    }
    return true;
}

void give_back(block *b)
{
    for (cudaEvent_t event : b->pending) {
        cudaEventSynchronize(event);
        cudaEventDestroy(event);
    }
    if (b->device < 0)
        cudaFreeHost(b->data);
    else
        cudaFree(b->data);
    delete b;
}

/* Gives what waits to the driver. */
void empty(pool &p)
{
    for (auto &entry : p.free) {
        p.stats.cached -= entry.second->bytes;
        all().pinned_ranges.erase(entry.second->data);
        give_back(entry.second);
    }
    p.free.clear();
}

block *take(pool &p, size_t bytes, cudaStream_t stream)
{
    auto range = p.free.equal_range(shelf(bytes, stream));
    for (auto at = range.first; at != range.second; ++at) {
        if (!is_ready(at->second))
            continue;
        block *b = at->second;
        p.free.erase(at);
        p.stats.cached -= bytes;
        return b;
    }
    return nullptr;
}

void count_out(pool &p, size_t bytes)
{
    p.stats.live += bytes;
    p.stats.live_blocks++;
    p.stats.allocated_total += bytes;
    if (p.stats.live > p.stats.peak)
        p.stats.peak = p.stats.live;
}

/* A block of this size from the pool, or fresh; `fresh` allocates. NULL when there is no more. */
template <typename Fresh> block *find(pool &p, size_t bytes, int device, cudaStream_t stream, Fresh fresh)
{
    block *b = take(p, bytes, stream);
    if (!b) {
        void *data = nullptr;
        cudaError_t error = fresh(&data);
        if (error == cudaErrorMemoryAllocation) {
            cudaGetLastError();
            empty(p);
            error = fresh(&data);
        }
        if (error != cudaSuccess) {
            cudaGetLastError();
            return nullptr;
        }
        b = new block{data, bytes, device, stream, {}, {}};
    }
    count_out(p, bytes);
    all().live[b->data] = b;
    return b;
}

/* Takes a block back. */
void put(pool &p, void *data)
{
    auto at = all().live.find(data);
    if (at == all().live.end())
        return;
    block *b = at->second;
    all().live.erase(at);
    for (cudaStream_t stream : b->users) {
        cudaEvent_t event;
        if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess &&
            cudaEventRecord(event, stream) == cudaSuccess)
            b->pending.push_back(event);
        else
            cudaStreamSynchronize(stream);
    }
    b->users.clear();
    p.stats.live -= b->bytes;
    p.stats.live_blocks--;
    p.stats.cached += b->bytes;
    p.free.emplace(shelf(b->bytes, b->stream), b);
}

/* Another stream uses the block, too. */
void add_user(block *b, cudaStream_t stream)
{
    for (cudaStream_t user : b->users)
        if (user == stream)
            return;
    b->users.push_back(stream);
}

ty_status out_of_memory(int device, size_t bytes)
{
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    const ty_memory_stats &stats = all().devices[device].stats;
    const double mb = 1.0 / (1 << 20);
    return tyi_host.fail(TY_ERROR_MEMORY,
                         "out of memory on cuda:%d: %.1f MB asked for, %.1f MB of %.1f MB are free; tensors of this "
                         "process hold %.1f MB. Let go of tensors you do not need, use smaller batches, or compute "
                         "without gradients (ty.no_grad)",
                         device, (double)bytes * mb, (double)free * mb, (double)total * mb, (double)stats.live * mb);
}

void memory_stats(int device, ty_memory_stats *stats)
{
    std::lock_guard<std::mutex> guard(all().lock);
    *stats = all().devices[device].stats;
}

ty_status memory_info(int device, size_t *free, size_t *total)
{
    tyi_device_scope scope(device);
    TYI_TRY(scope.status);
    TYI_CUDA_TRY(cudaMemGetInfo(free, total), "asking for free memory");
    return TY_OK;
}

void reset_peak(int device)
{
    std::lock_guard<std::mutex> guard(all().lock);
    all().devices[device].stats.peak = all().devices[device].stats.live;
}

void empty_cache()
{
    std::lock_guard<std::mutex> guard(all().lock);
    for (int i = 0; i < tyi_device_count(); i++) {
        tyi_device_scope scope(i);
        empty(all().devices[i]);
    }
    empty(all().pinned);
}

ty_status record_stream(void *data, int device, tyi_cuda_stream *stream)
{
    std::lock_guard<std::mutex> guard(all().lock);
    auto at = all().live.find(data);
    if (at != all().live.end() && at->second->stream != stream->handle && device == stream->device)
        add_user(at->second, stream->handle);
    return TY_OK;
}

/* ---- Pinned memory ---- */

ty_status allocate_pinned(size_t bytes, void **data)
{
    std::lock_guard<std::mutex> guard(all().lock);
    size_t rounded = class_of(bytes);
    block *b = find(all().pinned, rounded, -1, nullptr,
                    [&](void **out) { return cudaHostAlloc(out, rounded, cudaHostAllocPortable); });
    if (!b)
        return tyi_host.fail(TY_ERROR_MEMORY, "out of memory: no %.1f MB of page-locked memory can be had",
                             (double)bytes / (1 << 20));
    all().pinned_ranges[b->data] = rounded;
    *data = b->data;
    return TY_OK;
}

void release_pinned(void *data, size_t)
{
    std::lock_guard<std::mutex> guard(all().lock);
    put(all().pinned, data);
}

/* The pinned block that holds an address; the lock is held. */
block *pinned_block(const void *p)
{
    for (const auto &range : all().pinned_ranges) {
        const char *start = static_cast<const char *>(range.first), *at = static_cast<const char *>(p);
        if (at >= start && at < start + range.second) {
            auto found = all().live.find(range.first);
            return found == all().live.end() ? nullptr : found->second;
        }
    }
    return nullptr;
}

bool is_pinned(const void *data)
{
    std::lock_guard<std::mutex> guard(all().lock);
    return pinned_block(data) != nullptr;
}

ty_status copy_async(void *to, const void *from, size_t bytes, bool to_device)
{
    if (!bytes)
        return TY_OK;
    TYI_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost,
                                 tyi_current_stream()),
                 "a copy");
    std::lock_guard<std::mutex> guard(all().lock);
    block *b = pinned_block(to_device ? from : to);
    if (b)
        add_user(b, tyi_current_stream());
    return TY_OK;
}

ty_status copy_between(void *to, int to_device, const void *from, int from_device, size_t bytes)
{
    if (!bytes)
        return TY_OK;
    /* On the sender's stream, and both sides wait: tensors of the two are used on different streams. First what still
     * uses the receiver's block, which may have been given out again while it does. */
    {
        tyi_device_scope receiver(to_device);
        TYI_TRY(receiver.status);
        TYI_CUDA_TRY(cudaStreamSynchronize(tyi_current_stream()), "work before a copy between devices");
    }
    tyi_device_scope scope(from_device);
    TYI_TRY(scope.status);
    TYI_CUDA_TRY(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, tyi_current_stream()),
                 "a copy between devices");
    TYI_CUDA_TRY(cudaStreamSynchronize(tyi_current_stream()), "a copy between devices");
    return TY_OK;
}

} // namespace

/* Memory that a graph in the making has used before. */
static bool take_from_graph(size_t bytes, void **data)
{
    for (size_t i = 0; i < tyi_graph->blocks.size(); i++) {
        if (class_of(tyi_graph->sizes[i]) != class_of(bytes))
            continue;
        *data = tyi_graph->blocks[i];
        tyi_graph->blocks.erase(tyi_graph->blocks.begin() + (ptrdiff_t)i);
        tyi_graph->sizes.erase(tyi_graph->sizes.begin() + (ptrdiff_t)i);
        return true;
    }
    return false;
}

ty_status tyi_allocate(int device, size_t bytes, void **data)
{
    if (tyi_graph && tyi_graph->device == device && take_from_graph(bytes, data))
        return TY_OK;
    tyi_device_scope scope(device);
    TYI_TRY(scope.status);
    std::lock_guard<std::mutex> guard(all().lock);
    size_t rounded = class_of(bytes);
    *data = nullptr;
    block *b = bytes > (size_t)1 << 46 ? nullptr
                                       : find(all().devices[device], rounded, device, tyi_current_stream(),
                                              [&](void **out) { return cudaMalloc(out, rounded); });
    if (!b)
        return out_of_memory(device, bytes);
    *data = b->data;
    return TY_OK;
}

void tyi_release(int device, void *data, size_t bytes)
{
    if (tyi_graph && tyi_graph->device == device) {
        tyi_graph->blocks.push_back(data);
        tyi_graph->sizes.push_back(bytes);
        return;
    }
    std::lock_guard<std::mutex> guard(all().lock);
    put(all().devices[device], data);
}

ty_status tyi_scratch::allocate(size_t bytes)
{
    device = tyi_current_device();
    size = bytes;
    return tyi_allocate(device, bytes, &data);
}

tyi_scratch::~tyi_scratch()
{
    if (data)
        tyi_release(device, data, size);
}

/* ---- Faults ---- */

int *tyi_fault_word()
{
    std::lock_guard<std::mutex> guard(all().lock);
    int *&word = all().faults[tyi_current_device()];
    if (!word) {
        void *data = nullptr;
        if (cudaHostAlloc(&data, sizeof *word, cudaHostAllocMapped | cudaHostAllocPortable) != cudaSuccess) {
            cudaGetLastError();
            return nullptr;
        }
        word = static_cast<int *>(data);
        *word = TYI_FAULT_NONE;
    }
    return word;
}

ty_status tyi_device_fault(int device)
{
    std::lock_guard<std::mutex> guard(all().lock);
    volatile int *word = all().faults[device];
    if (!word || *word == TYI_FAULT_NONE)
        return TY_OK;
    *word = TYI_FAULT_NONE;
    return tyi_host.fail(TY_ERROR_INDEX,
                         "an earlier kernel on cuda:%d met an index out of range; what it computed is "
                         "not right there. The same call on the CPU says which",
                         device);
}

/* ---- Copies to and from the host ---- */

ty_status tyi_cuda_to_host(void *host, const void *data, size_t bytes)
{
    if (!bytes)
        return TY_OK;
    TYI_CUDA_TRY(cudaMemcpyAsync(host, data, bytes, cudaMemcpyDeviceToHost, tyi_current_stream()),
                 "copying to the host");
    TYI_CUDA_TRY(cudaStreamSynchronize(tyi_current_stream()), "work before a copy to the host");
    return tyi_device_fault(tyi_current_device());
}

ty_status tyi_cuda_from_host(void *data, const void *host, size_t bytes)
{
    if (!bytes)
        return TY_OK;
    TYI_CUDA_TRY(cudaMemcpyAsync(data, host, bytes, cudaMemcpyHostToDevice, tyi_current_stream()),
                 "copying to the device");
    /* From ordinary memory the bytes have been taken when the call returns; pinned memory is read later. */
    if (is_pinned(host))
        TYI_CUDA_TRY(cudaStreamSynchronize(tyi_current_stream()), "copying to the device");
    return TY_OK;
}

void tyi_fill_memory_functions(tyi_cuda_module *module)
{
    module->allocate = tyi_allocate;
    module->release = tyi_release;
    module->memory_stats = memory_stats;
    module->memory_info = memory_info;
    module->reset_peak_memory = reset_peak;
    module->empty_cache = empty_cache;
    module->allocate_pinned = allocate_pinned;
    module->release_pinned = release_pinned;
    module->is_pinned = is_pinned;
    module->copy_between = copy_between;
    module->copy_async = copy_async;
    module->record_stream = record_stream;
}
