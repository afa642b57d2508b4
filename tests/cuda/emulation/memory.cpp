// Device memory: for each device a range of addresses that faults unless a kernel, a copy or a fill runs, with a
// first-fit allocator over it. Fresh memory is full of 0xff bytes, so that what was never written shows as NaN or -1;
// behind each block lies a gap of the same bytes, looked at when the block is freed. Also pinned host memory, and the
// copies and fills.
#include "state.h"

#include <map>
#include <set>

#include <sys/mman.h>

#define EMULATED_ALIGNMENT ((size_t)256)
#define EMULATED_DEVICES   16
// Memory is opened and closed in pages of this size where the system has them: closing 64 MB of small pages costs 16384
// times as many table entries as a launch should.
#define EMULATED_HUGE_PAGE ((size_t)2 << 20)

namespace emulated
{
namespace
{
struct Held {
    size_t asked, taken; // without and with the gap
};

struct Arena {
    unsigned char *base;
    size_t reserved;
    size_t used; // bytes of blocks, in steps of the alignment
    size_t top;  // past the last block: what is opened
    size_t open_range;
    int open_count;
    unsigned long long peers;
    std::map<size_t, Held> blocks;
    std::map<size_t, size_t> gaps; // free ranges below `top`
};

Arena arenas[EMULATED_DEVICES];

std::map<const unsigned char *, size_t> &pinned()
{
    static auto *ranges = new std::map<const unsigned char *, size_t>;
    return *ranges;
}

size_t rounded(size_t bytes)
{
    return (bytes + EMULATED_ALIGNMENT - 1) / EMULATED_ALIGNMENT * EMULATED_ALIGNMENT;
}

bool reserve(Arena *arena)
{
    if (arena->base) {
        return true;
    }
    size_t bytes = configuration().memory < ((size_t)2 << 30) ? (size_t)4 << 30 : 2 * configuration().memory;
    bytes = (bytes + EMULATED_HUGE_PAGE - 1) / EMULATED_HUGE_PAGE * EMULATED_HUGE_PAGE;
    int access = configuration().protect ? PROT_NONE : PROT_READ | PROT_WRITE;
    void *at = mmap(nullptr, bytes + EMULATED_HUGE_PAGE, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return false;
    }
    uintptr_t aligned = ((uintptr_t)at + EMULATED_HUGE_PAGE - 1) / EMULATED_HUGE_PAGE * EMULATED_HUGE_PAGE;
    madvise((void *)aligned, bytes, MADV_HUGEPAGE);
    arena->base = (unsigned char *)aligned;
    arena->reserved = bytes;
    return true;
}

void open_arena(Arena *arena)
{
    size_t range = (arena->top + EMULATED_HUGE_PAGE - 1) / EMULATED_HUGE_PAGE * EMULATED_HUGE_PAGE;
    if (configuration().protect && range > arena->open_range) {
        mprotect(arena->base + arena->open_range, range - arena->open_range, PROT_READ | PROT_WRITE);
        arena->open_range = range;
    }
}

void close_arena(Arena *arena)
{
    if (configuration().protect && arena->open_range) {
        mprotect(arena->base, arena->open_range, PROT_NONE);
        arena->open_range = 0;
    }
}

void give_range(Arena *arena, size_t offset, size_t bytes)
{
    auto after = arena->gaps.lower_bound(offset);
    if (after != arena->gaps.end() && after->first == offset + bytes) {
        bytes += after->second;
        after = arena->gaps.erase(after);
    }
    if (after != arena->gaps.begin()) {
        auto before = std::prev(after);
        if (before->first + before->second == offset) {
            offset = before->first;
            bytes += before->second;
            arena->gaps.erase(before);
        }
    }
    arena->gaps[offset] = bytes;
}

// A range of `bytes`, first-fit among what was freed, else behind the last block.
bool take_range(Arena *arena, size_t bytes, size_t *offset)
{
    for (auto gap = arena->gaps.begin(); gap != arena->gaps.end(); ++gap) {
        if (gap->second < bytes) {
            continue;
        }
        *offset = gap->first;
        size_t left = gap->second - bytes, begins = gap->first + bytes;
        arena->gaps.erase(gap);
        if (left) {
            arena->gaps[begins] = left;
        }
        return true;
    }
    if (arena->reserved - arena->top < bytes) {
        return false;
    }
    *offset = arena->top;
    arena->top += (bytes + 4095) / 4096 * 4096;
    if (arena->top > *offset + bytes) {
        give_range(arena, *offset + bytes, arena->top - *offset - bytes);
    }
    return true;
}

bool gap_is_whole(int device, size_t offset, const Held &held, const char *after)
{
    const unsigned char *block = arenas[device].base + offset;
    for (size_t i = held.asked; i < held.taken; i++) {
        if (block[i] != 0xff) {
            report("%s: the block of %zu bytes at %p on device %d was written %zu bytes past its end", after,
                   held.asked, (const void *)block, device, i - held.asked);
            return false;
        }
    }
    return true;
}

cudaError_t allocate(void **pointer, size_t bytes)
{
    int device = current_device();
    Arena *arena = &arenas[device];
    *pointer = nullptr;
    if (bytes == 0) {
        return cudaSuccess;
    }
    size_t offset, limit = configuration().memory;
    if (bytes > limit || rounded(bytes) > limit - arena->used || !reserve(arena) ||
        !take_range(arena, rounded(bytes) + EMULATED_ALIGNMENT, &offset)) {
        return cudaErrorMemoryAllocation;
    }
    arena->blocks[offset] = Held{bytes, rounded(bytes) + EMULATED_ALIGNMENT};
    arena->used += rounded(bytes);
    *pointer = arena->base + offset;
    OpenMemory open(device);
    memset(*pointer, 0xff, rounded(bytes) + EMULATED_ALIGNMENT);
    return cudaSuccess;
}

cudaError_t release(void *pointer)
{
    int device;
    if (!pointer) {
        return cudaSuccess;
    }
    if (!is_device_pointer(pointer, &device)) {
        report("cudaFree: %p is no device memory", pointer);
        return cudaErrorInvalidValue;
    }
    Arena *arena = &arenas[device];
    size_t offset = (size_t)((unsigned char *)pointer - arena->base);
    auto found = arena->blocks.find(offset);
    if (found == arena->blocks.end()) {
        report("cudaFree: no block begins at %p (freed twice?)", pointer);
        return cudaErrorInvalidValue;
    }
    Held held = found->second;
    OpenMemory open(device);
    bool whole = gap_is_whole(device, offset, held, "cudaFree");
    size_t begins = (offset + EMULATED_HUGE_PAGE - 1) / EMULATED_HUGE_PAGE * EMULATED_HUGE_PAGE;
    size_t ends = (offset + held.taken) / EMULATED_HUGE_PAGE * EMULATED_HUGE_PAGE;
    if (begins < ends) {
        memset(pointer, 0xff, begins - offset);
        madvise(arena->base + begins, ends - begins, MADV_DONTNEED); // zeros now; filled when it is given out again
        memset(arena->base + ends, 0xff, offset + held.asked > ends ? offset + held.asked - ends : 0);
    } else {
        memset(pointer, 0xff, held.asked);
    }
    arena->used -= rounded(held.asked);
    arena->blocks.erase(found);
    give_range(arena, offset, held.taken);
    return whole ? cudaSuccess : cudaErrorIllegalAddress;
}

// Whether the pointer lies where the kind says: on a device, or in the host's memory.
bool side_is_right(const void *pointer, size_t bytes, int kind_bit, enum cudaMemcpyKind kind, const char *what)
{
    bool on_device = is_device_pointer(pointer, nullptr);
    if (kind != cudaMemcpyDefault && on_device != ((kind & kind_bit) != 0)) {
        report("%s: %p is %s, the kind of copy says otherwise", what, pointer,
               on_device ? "device memory" : "the host's");
        return false;
    }
    return pointer && (!on_device || is_device_range(pointer, bytes, what));
}

cudaError_t check_copy(const void *to, const void *from, size_t to_bytes, size_t from_bytes, enum cudaMemcpyKind kind)
{
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
        return cudaErrorInvalidMemcpyDirection;
    }
    // Bit 0: the target is a device's; bit 1: the source is. Device to device sets both.
    return side_is_right(to, to_bytes, 1, kind, "copy to") && side_is_right(from, from_bytes, 2, kind, "copy from")
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

cudaError_t copy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    cudaError_t error = availability();
    if (error || bytes == 0) {
        return set_error(error);
    }
    Guard guard(lock());
    error = check_copy(to, from, bytes, bytes, kind);
    return error ? set_error(error) : issue(stream, Kind::copy, [=]() {
        cudaError_t now = check_copy(to, from, bytes, bytes, kind); // again: a graph may run after a free
        if (!now) {
            memmove(to, from, bytes);
        }
        return now;
    });
}

cudaError_t copy_rows(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                      enum cudaMemcpyKind kind, cudaStream_t stream)
{
    cudaError_t error = availability();
    if (error || width == 0 || height == 0) {
        return set_error(error);
    }
    if (width > to_pitch || width > from_pitch) {
        return set_error(cudaErrorInvalidPitchValue);
    }
    Guard guard(lock());
    size_t to_bytes = to_pitch * (height - 1) + width, from_bytes = from_pitch * (height - 1) + width;
    error = check_copy(to, from, to_bytes, from_bytes, kind);
    return error ? set_error(error) : issue(stream, Kind::copy, [=]() {
        cudaError_t now = check_copy(to, from, to_bytes, from_bytes, kind);
        for (size_t i = 0; i < height && !now; i++) {
            memmove((char *)to + i * to_pitch, (const char *)from + i * from_pitch, width);
        }
        return now;
    });
}

cudaError_t fill(void *to, int value, size_t bytes, cudaStream_t stream)
{
    cudaError_t error = availability();
    if (error || bytes == 0) {
        return set_error(error);
    }
    Guard guard(lock());
    if (!is_device_range(to, bytes, "cudaMemset")) {
        return set_error(cudaErrorInvalidValue);
    }
    return issue(stream, Kind::fill, [=]() {
        if (!is_device_range(to, bytes, "cudaMemset")) {
            return cudaErrorInvalidValue;
        }
        memset(to, value, bytes);
        return cudaSuccess;
    });
}

// Runs an allocating or freeing function: not while a capture forbids it.
template <typename Work> cudaError_t outside_capture(Work work)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    error = forbid_in_capture();
    return set_error(error ? error : work());
}

__attribute__((destructor)) void report_leaks()
{
    if (!configuration().leaks) {
        return;
    }
    for (int device = 0; device < configuration().devices; device++) {
        for (const auto &block : arenas[device].blocks) {
            report("%zu bytes at %p on device %d were not freed", block.second.asked,
                   (void *)(arenas[device].base + block.first), device);
        }
    }
    for (const auto &range : pinned()) {
        report("%zu bytes of pinned host memory at %p were not freed", range.second, (const void *)range.first);
    }
}
} // namespace

OpenMemory::OpenMemory(int device) : opened(device < 0 ? ~0ull : 1ull << device | arenas[device].peers)
{
    for (int i = 0; i < configuration().devices; i++) {
        if (opened >> i & 1) {
            open_arena(&arenas[i]);
            arenas[i].open_count++;
        }
    }
}

OpenMemory::~OpenMemory()
{
    for (int i = 0; i < configuration().devices; i++) {
        if ((opened >> i & 1) && --arenas[i].open_count == 0) {
            close_arena(&arenas[i]);
        }
    }
}

bool is_device_pointer(const void *pointer, int *device)
{
    for (int i = 0; i < configuration().devices; i++) {
        const unsigned char *base = arenas[i].base, *at = (const unsigned char *)pointer;
        if (base && at >= base && at < base + arenas[i].reserved) {
            if (device) {
                *device = i;
            }
            return true;
        }
    }
    return false;
}

bool is_device_range(const void *pointer, size_t bytes, const char *what)
{
    Guard guard(lock());
    int device;
    if (!is_device_pointer(pointer, &device)) {
        report("%s: %p is no device memory", what, pointer);
        return false;
    }
    const Arena *arena = &arenas[device];
    size_t offset = (size_t)((const unsigned char *)pointer - arena->base);
    auto block = arena->blocks.upper_bound(offset);
    if (block == arena->blocks.begin() || offset >= std::prev(block)->first + std::prev(block)->second.asked) {
        report("%s: %p lies in no block of device memory (freed?)", what, pointer);
        return false;
    }
    --block;
    if (bytes > block->second.asked - (offset - block->first)) {
        report("%s: %zu bytes at %p pass the end of a block of %zu bytes, of which %zu are left", what, bytes, pointer,
               block->second.asked, block->second.asked - (offset - block->first));
        return false;
    }
    return true;
}

bool gaps_are_whole(int device, const char *after)
{
    OpenMemory open(device);
    for (const auto &block : arenas[device].blocks) {
        if (!gap_is_whole(device, block.first, block.second, after)) {
            return false;
        }
    }
    return true;
}

void release_device_memory(int device)
{
    while (!arenas[device].blocks.empty()) {
        release(arenas[device].base + arenas[device].blocks.begin()->first);
    }
}
} // namespace emulated

using namespace emulated;

extern "C" {
cudaError_t cudaMalloc(void **pointer, size_t bytes)
{
    return pointer ? outside_capture([=]() { return allocate(pointer, bytes); }) : set_error(cudaErrorInvalidValue);
}

cudaError_t cudaFree(void *pointer)
{
    return outside_capture([=]() { return release(pointer); });
}

cudaError_t cudaMallocAsync(void **pointer, size_t bytes, cudaStream_t stream)
{
    struct CUstream_st *state;
    if (!pointer) {
        return set_error(cudaErrorInvalidValue);
    }
    return outside_capture([=, &state]() {
        cudaError_t error = find_stream(stream, &state);
        return error ? error : allocate(pointer, bytes);
    });
}

cudaError_t cudaFreeAsync(void *pointer, cudaStream_t stream)
{
    struct CUstream_st *state;
    return outside_capture([=, &state]() {
        cudaError_t error = find_stream(stream, &state);
        return error ? error : release(pointer);
    });
}

cudaError_t cudaMallocHost(void **pointer, size_t bytes)
{
    return cudaHostAlloc(pointer, bytes, cudaHostAllocDefault);
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned flags)
{
    (void)flags;
    if (!pointer) {
        return set_error(cudaErrorInvalidValue);
    }
    return outside_capture([=]() {
        *pointer = bytes ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : nullptr;
        if (!*pointer) {
            return bytes ? cudaErrorMemoryAllocation : cudaSuccess;
        }
        memset(*pointer, 0xff, bytes);
        pinned()[(unsigned char *)*pointer] = bytes;
        return cudaSuccess;
    });
}

cudaError_t cudaFreeHost(void *pointer)
{
    return outside_capture([=]() {
        if (pointer && !pinned().erase((unsigned char *)pointer)) {
            report("cudaFreeHost: %p is no pinned memory (freed twice?)", pointer);
            return cudaErrorInvalidValue;
        }
        free(pointer);
        return cudaSuccess;
    });
}

cudaError_t cudaHostRegister(void *pointer, size_t bytes, unsigned flags)
{
    (void)flags;
    return outside_capture([=]() {
        if (!pointer || !bytes) {
            return cudaErrorInvalidValue;
        }
        bool fresh = pinned().emplace((unsigned char *)pointer, bytes).second;
        return fresh ? cudaSuccess : cudaErrorHostMemoryAlreadyRegistered;
    });
}

cudaError_t cudaHostUnregister(void *pointer)
{
    return outside_capture(
        [=]() { return pinned().erase((unsigned char *)pointer) ? cudaSuccess : cudaErrorHostMemoryNotRegistered; });
}

cudaError_t cudaHostGetDevicePointer(void **device_pointer, void *pointer, unsigned flags)
{
    struct cudaPointerAttributes attributes;
    cudaError_t error = cudaPointerGetAttributes(&attributes, pointer);
    if (error || flags || attributes.type != cudaMemoryTypeHost) {
        return set_error(error ? error : cudaErrorInvalidValue);
    }
    *device_pointer = pointer;
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    *total_bytes = configuration().memory;
    *free_bytes = configuration().memory - arenas[current_device()].used;
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    *attributes = cudaPointerAttributes{cudaMemoryTypeUnregistered, -2, nullptr, (void *)pointer};
    if (is_device_pointer(pointer, &attributes->device)) {
        attributes->type = cudaMemoryTypeDevice;
        attributes->devicePointer = (void *)pointer;
        attributes->hostPointer = nullptr;
        return cudaSuccess;
    }
    auto range = pinned().upper_bound((const unsigned char *)pointer);
    if (range != pinned().begin()) {
        --range;
        if ((const unsigned char *)pointer < range->first + range->second) {
            attributes->type = cudaMemoryTypeHost;
            attributes->device = current_device();
            attributes->devicePointer = (void *)pointer;
        }
    }
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    cudaError_t error = outside_capture([]() { return cudaSuccess; });
    return error ? error : copy(to, from, bytes, kind, nullptr);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    return copy(to, from, bytes, kind, stream);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         enum cudaMemcpyKind kind)
{
    cudaError_t error = outside_capture([]() { return cudaSuccess; });
    return error ? error : copy_rows(to, to_pitch, from, from_pitch, width, height, kind, nullptr);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    return copy_rows(to, to_pitch, from, from_pitch, width, height, kind, stream);
}

cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes)
{
    cudaError_t error = outside_capture([]() { return cudaSuccess; });
    return error ? error : cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, nullptr);
}

cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                                cudaStream_t stream)
{
    int to_at = -1, from_at = -1;
    Guard guard(lock());
    if (!is_device_pointer(to, &to_at) || !is_device_pointer(from, &from_at) || to_at != to_device ||
        from_at != from_device) {
        report("cudaMemcpyPeer: the pointers lie on devices %d and %d, not on %d and %d (-1: the host)", to_at, from_at,
               to_device, from_device);
        return set_error(cudaErrorInvalidValue);
    }
    return copy(to, from, bytes, cudaMemcpyDeviceToDevice, stream);
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    cudaError_t error = outside_capture([]() { return cudaSuccess; });
    return error ? error : fill(to, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    return fill(to, value, bytes, stream);
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer)
{
    cudaError_t error = availability();
    int count = configuration().devices;
    if (error || device < 0 || device >= count || peer < 0 || peer >= count) {
        return set_error(error ? error : cudaErrorInvalidDevice);
    }
    *can = device != peer;
    return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags)
{
    int can = 0, device = current_device();
    cudaError_t error = cudaDeviceCanAccessPeer(&can, device, peer);
    if (error || !can || flags) {
        return set_error(error ? error : can ? cudaErrorInvalidValue : cudaErrorInvalidDevice);
    }
    Guard guard(lock());
    if (arenas[device].peers >> peer & 1) {
        return set_error(cudaErrorPeerAccessAlreadyEnabled);
    }
    arenas[device].peers |= 1ull << peer;
    return cudaSuccess;
}

cudaError_t cudaDeviceDisablePeerAccess(int peer)
{
    int can = 0, device = current_device();
    cudaError_t error = cudaDeviceCanAccessPeer(&can, device, peer);
    if (error) {
        return error;
    }
    Guard guard(lock());
    if (!(arenas[device].peers >> peer & 1)) {
        return set_error(cudaErrorPeerAccessNotEnabled);
    }
    arenas[device].peers &= ~(1ull << peer);
    return cudaSuccess;
}
}
