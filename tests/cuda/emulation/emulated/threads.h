// What the threads of a block share: their indices, barriers, votes and shuffles of a warp, fences. The functions that
// wait are in fibers.cpp; each is told the line it is called from, which names the barrier in a report of a deadlock.
#ifndef EMULATED_THREADS_H
#define EMULATED_THREADS_H

#include <type_traits>

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static const int warpSize = 32;

namespace emulated
{
struct Place {
    const char *file;
    int line;
};

enum class Wait {
    barrier,
    barrier_or,
    barrier_and,
    barrier_count,
    warp,
    shuffle,
    shuffle_up,
    shuffle_down,
    shuffle_xor,
    ballot,
    any,
    all,
    match,
    add,
    least,
    most,
    bit_and,
    bit_or,
    bit_xor
};

void *dynamic_shared();

// Waits for every living thread of the block. All must come from the same line.
int wait_for_block(Wait wait, int predicate, Place place);

// Waits for the living lanes of the mask; `value` (4 or 8 bytes) is given, and afterwards is what this lane gets.
void wait_for_warp(Wait wait, unsigned mask, void *value, size_t bytes, int argument, int width, Place place);

unsigned active_lanes();
[[noreturn]] void trap(const char *why, Place place);

template <typename T>
static inline auto shuffle(Wait wait, unsigned mask, T value, int argument, int width, Place place) -> decltype(+value)
{
    decltype(+value) exchanged = value;
    static_assert(sizeof exchanged == 4 || sizeof exchanged == 8, "shuffles move 32 or 64 bits");
    wait_for_warp(wait, mask, &exchanged, sizeof exchanged, argument, width, place);
    return exchanged;
}

static inline unsigned vote(Wait wait, unsigned mask, unsigned value, Place place)
{
    wait_for_warp(wait, mask, &value, sizeof value, 0, 32, place);
    return value;
}
} // namespace emulated

#define EMULATED_HERE emulated::Place place = {__builtin_FILE(), __builtin_LINE()}

static inline void __syncthreads(EMULATED_HERE)
{
    emulated::wait_for_block(emulated::Wait::barrier, 0, place);
}

static inline int __syncthreads_or(int predicate, EMULATED_HERE)
{
    return emulated::wait_for_block(emulated::Wait::barrier_or, predicate, place);
}

static inline int __syncthreads_and(int predicate, EMULATED_HERE)
{
    return emulated::wait_for_block(emulated::Wait::barrier_and, predicate, place);
}

static inline int __syncthreads_count(int predicate, EMULATED_HERE)
{
    return emulated::wait_for_block(emulated::Wait::barrier_count, predicate, place);
}

static inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATED_HERE)
{
    emulated::vote(emulated::Wait::warp, mask, 0, place);
}

template <typename T>
static inline auto __shfl_sync(unsigned mask, T value, int lane, int width = 32, EMULATED_HERE) -> decltype(+value)
{
    return emulated::shuffle(emulated::Wait::shuffle, mask, value, lane, width, place);
}

template <typename T>
static inline auto __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATED_HERE)
    -> decltype(+value)
{
    return emulated::shuffle(emulated::Wait::shuffle_up, mask, value, (int)delta, width, place);
}

template <typename T>
static inline auto __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, EMULATED_HERE)
    -> decltype(+value)
{
    return emulated::shuffle(emulated::Wait::shuffle_down, mask, value, (int)delta, width, place);
}

template <typename T>
static inline auto __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, EMULATED_HERE)
    -> decltype(+value)
{
    return emulated::shuffle(emulated::Wait::shuffle_xor, mask, value, lane_mask, width, place);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::ballot, mask, predicate != 0, place);
}

static inline int __any_sync(unsigned mask, int predicate, EMULATED_HERE)
{
    return (int)emulated::vote(emulated::Wait::any, mask, predicate != 0, place);
}

static inline int __all_sync(unsigned mask, int predicate, EMULATED_HERE)
{
    return (int)emulated::vote(emulated::Wait::all, mask, predicate != 0, place);
}

// The lanes whose value has the same bits as this lane's.
template <typename T> static inline unsigned __match_any_sync(unsigned mask, T value, EMULATED_HERE)
{
    unsigned long long bits = 0;
    memcpy(&bits, &value, sizeof value);
    emulated::wait_for_warp(emulated::Wait::match, mask, &bits, sizeof bits, 0, 32, place);
    return (unsigned)bits;
}

static inline unsigned __activemask(void)
{
    return emulated::active_lanes();
}

// Sums, least and greatest of unsigned or int, bits of unsigned: over the lanes of the mask.
static inline unsigned __reduce_add_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::add, mask, value, place);
}

static inline int __reduce_add_sync(unsigned mask, int value, EMULATED_HERE)
{
    return (int)emulated::vote(emulated::Wait::add, mask, (unsigned)value, place);
}

static inline unsigned __reduce_min_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::least, mask, value, place);
}

static inline int __reduce_min_sync(unsigned mask, int value, EMULATED_HERE)
{
    return (int)(emulated::vote(emulated::Wait::least, mask, (unsigned)value ^ 0x80000000u, place) ^ 0x80000000u);
}

static inline unsigned __reduce_max_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::most, mask, value, place);
}

static inline int __reduce_max_sync(unsigned mask, int value, EMULATED_HERE)
{
    return (int)(emulated::vote(emulated::Wait::most, mask, (unsigned)value ^ 0x80000000u, place) ^ 0x80000000u);
}

static inline unsigned __reduce_and_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::bit_and, mask, value, place);
}

static inline unsigned __reduce_or_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::bit_or, mask, value, place);
}

static inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, EMULATED_HERE)
{
    return emulated::vote(emulated::Wait::bit_xor, mask, value, place);
}

// Ends the launch with an error, as a failed assertion on the device does.
[[noreturn]] static inline void __trap(EMULATED_HERE)
{
    emulated::trap("__trap", place);
}

// One thread runs at a time: what it wrote is seen by the next one.
static inline void __threadfence(void)
{
    __asm__ __volatile__("" ::: "memory");
}

static inline void __threadfence_block(void)
{
    __threadfence();
}

static inline void __threadfence_system(void)
{
    __threadfence();
}

#endif
