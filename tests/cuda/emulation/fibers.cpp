// Runs the blocks of a grid. The threads of a block are fibers of the calling thread: each runs until it must wait for
// others (a barrier, a shuffle), then the next one. A fiber that finishes a thread begins the next thread that has not
// begun, so a kernel that never waits runs on a single stack without a switch. Switches are _setjmp and _longjmp, which
// make no system call; ucontext only puts a fiber on its stack once. The lock is held throughout.
#ifdef _FORTIFY_SOURCE
#undef _FORTIFY_SOURCE // its longjmp refuses to change stacks
#endif
#include "state.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define EMULATED_STACK_BYTES ((size_t)128 << 10)
#define EMULATED_BLOCK_MOST  1024

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulated
{
namespace
{
enum class State { fresh, ready, in_barrier, in_warp, finished };

struct Fiber {
    ucontext_t entry;
    jmp_buf base;    // in fiber_main, for the next thread
    jmp_buf context; // where it waits
    bool begun;
    bool waits; // context is to be used, not base
    Fiber *next_idle;
};

struct Thread {
    uint3 index;
    State state;
    Fiber *fiber;
    Wait wait;
    Place place;
    int predicate; // then what the barrier gives
    unsigned mask;
    int argument, width;
    unsigned long long value, result;
};

struct Warp { // a bit for each lane
    unsigned living, waiting, ready;
};

struct Block {
    const std::function<void()> *body;
    const void *kernel;
    unsigned count, next, finished, in_barrier;
    unsigned warp; // whose lanes run now
    bool failed;
    Thread threads[EMULATED_BLOCK_MOST];
    Warp warps[EMULATED_BLOCK_MOST / 32];
};

Block block;
Fiber fibers[EMULATED_BLOCK_MOST];
unsigned fibers_made;
Fiber *idle;
Fiber *running;
Thread *current;
jmp_buf scheduler;
unsigned char *shared_end; // a page that faults begins here
void *shared_now;
bool kernel_runs;

unsigned lane_of(const Thread *thread)
{
    return (unsigned)(thread - block.threads) % 32;
}

Warp *warp_of(const Thread *thread)
{
    return &block.warps[(unsigned)(thread - block.threads) / 32];
}

void make_ready(Thread *thread)
{
    thread->state = State::ready;
    warp_of(thread)->ready |= 1u << lane_of(thread);
}

// The last thread to come is released like the others, but has not left.
void keep_running()
{
    warp_of(current)->ready &= ~(1u << lane_of(current));
}

// A thread that can go on, of the present warp if it has one: the stacks of one warp fit a cache, those of a block do
// not.
Thread *next_ready()
{
    unsigned warps = (block.count + 31) / 32;
    for (unsigned i = 0; i < warps; i++) {
        unsigned at = (block.warp + i) % warps, ready = block.warps[at].ready;
        if (ready) {
            unsigned lane = (unsigned)(configuration().backward ? 31 - __builtin_clz(ready) : __builtin_ctz(ready));
            block.warp = at;
            block.warps[at].ready &= ~(1u << lane);
            return &block.threads[at * 32 + lane];
        }
    }
    return nullptr;
}

// Leaves this fiber for a thread that can go on, or for the scheduler, which begins new threads and sees a deadlock.
[[noreturn]] void go_on()
{
    Thread *next = block.failed ? nullptr : next_ready();
    if (next) {
        _longjmp(next->fiber->context, 1);
    }
    _longjmp(scheduler, 1);
}

void make_current(Thread *thread, Fiber *fiber)
{
    current = thread;
    running = fiber;
    thread->fiber = fiber;
    threadIdx = thread->index;
}

const char *name_of(Wait wait)
{
    static const char *const names[] = {
        "__syncthreads",     "__syncthreads_or",  "__syncthreads_and", "__syncthreads_count", "__syncwarp",
        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",  "__shfl_xor_sync",     "__ballot_sync",
        "__any_sync",        "__all_sync",        "__match_any_sync",  "__reduce_add_sync",   "__reduce_min_sync",
        "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync",  "__reduce_xor_sync"};
    return names[(int)wait];
}

void report_thread(const Thread *thread)
{
    if (thread->state == State::in_warp) {
        report("  thread (%u, %u, %u) waits in %s of mask 0x%08x at %s:%d", thread->index.x, thread->index.y,
               thread->index.z, name_of(thread->wait), thread->mask, thread->place.file, thread->place.line);
    } else {
        report("  thread (%u, %u, %u) waits in %s at %s:%d", thread->index.x, thread->index.y, thread->index.z,
               name_of(thread->wait), thread->place.file, thread->place.line);
    }
}

void report_failure(const char *why)
{
    report("kernel %s, block (%u, %u, %u) of %u threads: %s", kernel_name(block.kernel).c_str(), blockIdx.x, blockIdx.y,
           blockIdx.z, block.count, why);
}

// Says where the threads stand, one for each different place.
void report_waiting()
{
    const Thread *told[8];
    unsigned count = 0;
    for (unsigned i = 0; i < block.count && count < 8; i++) {
        const Thread *thread = &block.threads[i];
        bool known = thread->state != State::in_barrier && thread->state != State::in_warp;
        for (unsigned j = 0; j < count && !known; j++) {
            known = told[j]->wait == thread->wait && told[j]->place.line == thread->place.line &&
                    told[j]->mask == thread->mask && told[j]->state == thread->state;
        }
        if (!known) {
            told[count++] = thread;
            report_thread(thread);
        }
    }
    report("  %u threads have returned", block.finished);
}

[[noreturn]] void fail_in_fiber(const char *why)
{
    report_failure(why);
    block.failed = true;
    _longjmp(scheduler, 1);
}

// ---- Barriers and warps ----

void release_barrier()
{
    int count = 0, any = 0, all = 1;
    const Thread *first = nullptr;
    for (unsigned i = 0; i < block.count; i++) {
        Thread *thread = &block.threads[i];
        if (thread->state != State::in_barrier) {
            continue;
        }
        if (!first) {
            first = thread;
        }
        if (thread->wait != first->wait || thread->place.line != first->place.line) {
            report_failure("threads of one block wait at different barriers");
            report_thread(first);
            report_thread(thread);
            block.failed = true;
            return;
        }
        count += thread->predicate != 0;
        any |= thread->predicate != 0;
        all &= thread->predicate != 0;
    }
    for (unsigned i = 0; i < block.count; i++) {
        Thread *thread = &block.threads[i];
        if (thread->state == State::in_barrier) {
            make_ready(thread);
            thread->predicate = thread->wait == Wait::barrier_count ? count
                                : thread->wait == Wait::barrier_or  ? any
                                                                    : all;
        }
    }
    block.in_barrier = 0;
}

unsigned long long reduce(Wait wait, const Thread *lanes, unsigned members)
{
    unsigned sum = 0, ballot = 0, least = ~0u, most = 0, bits_and = ~0u, bits_or = 0, bits_xor = 0;
    for (unsigned left = members; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left), value = (unsigned)lanes[lane].value;
        sum += value;
        ballot |= (unsigned)(value != 0) << lane;
        least = value < least ? value : least;
        most = value > most ? value : most;
        bits_and &= value;
        bits_or |= value;
        bits_xor ^= value;
    }
    switch (wait) {
    case Wait::ballot:
        return ballot;
    case Wait::any:
        return ballot != 0;
    case Wait::all:
        return ballot == members;
    case Wait::add:
        return sum;
    case Wait::least:
        return least;
    case Wait::most:
        return most;
    case Wait::bit_and:
        return bits_and;
    case Wait::bit_or:
        return bits_or;
    case Wait::bit_xor:
        return bits_xor;
    default:
        return 0;
    }
}

// What a lane gets from a shuffle: the value of the lane it asks for, its own where that lies outside its group of
// `width`, and all bits set where that lane takes no part (undefined in CUDA).
unsigned long long shuffled(const Thread *lanes, unsigned lane, unsigned members)
{
    const Thread *self = &lanes[lane];
    int width = self->width, argument = self->argument, base = (int)lane & -width, from = (int)lane;
    switch (self->wait) {
    case Wait::shuffle:
        from = base + (argument & (width - 1));
        break;
    case Wait::shuffle_up:
        from = (int)lane - argument >= base ? (int)lane - argument : (int)lane;
        break;
    case Wait::shuffle_down:
        from = argument < width && (int)lane + argument < base + width ? (int)lane + argument : (int)lane;
        break;
    default: // xor: a lane of a later group gives its own value
        from = ((int)lane ^ argument) < base + width ? (int)lane ^ argument : (int)lane;
        break;
    }
    return from >= 0 && from < 32 && (members >> from & 1) ? lanes[from].value : ~0ull;
}

// Lets the lanes of the mask go on where all that live have come to the same operation.
void release_warp(Warp *warp, unsigned mask, Wait wait)
{
    Thread *lanes = &block.threads[(size_t)(warp - block.warps) * 32];
    unsigned members = warp->living & mask;
    if ((warp->waiting & members) != members || !members) {
        return;
    }
    for (unsigned left = members; left; left &= left - 1) {
        const Thread *thread = &lanes[__builtin_ctz(left)];
        if (thread->mask != mask || thread->wait != wait) {
            return;
        }
    }
    bool moves = wait >= Wait::shuffle && wait <= Wait::shuffle_xor;
    unsigned long long all = moves ? 0 : reduce(wait, lanes, members);
    for (unsigned left = members; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left);
        if (moves) {
            lanes[lane].result = shuffled(lanes, lane, members);
        } else if (wait == Wait::match) {
            lanes[lane].result = 0;
            for (unsigned other = members; other; other &= other - 1) {
                unsigned i = (unsigned)__builtin_ctz(other);
                lanes[lane].result |= (unsigned long long)(lanes[i].value == lanes[lane].value) << i;
            }
        } else {
            lanes[lane].result = all;
        }
        make_ready(&lanes[lane]);
    }
    warp->waiting &= ~members;
}

// A thread that has returned keeps nobody waiting.
void finish(Thread *thread)
{
    Warp *warp = warp_of(thread);
    thread->state = State::finished;
    block.finished++;
    warp->living &= ~(1u << lane_of(thread));
    const Thread *lanes = &block.threads[(size_t)(warp - block.warps) * 32];
    for (unsigned left = warp->waiting; left; left &= left - 1) {
        const Thread *other = &lanes[__builtin_ctz(left)];
        if (other->state == State::in_warp) {
            release_warp(warp, other->mask, other->wait);
        }
    }
    if (block.in_barrier && block.in_barrier == block.count - block.finished) {
        release_barrier();
    }
}

// ---- Fibers ----

void fiber_main()
{
    Fiber *self = running;
    _setjmp(self->base);
    self = running;
    Thread *ready = nullptr;
    while (!ready && block.next < block.count && !block.failed) {
        unsigned position = block.next++;
        Thread *thread = &block.threads[configuration().backward ? block.count - 1 - position : position];
        make_current(thread, self);
        (*block.body)();
        finish(current);
        ready = next_ready();
    }
    self->waits = false;
    self->next_idle = idle;
    idle = self;
    if (ready && !block.failed) {
        _longjmp(ready->fiber->context, 1);
    }
    _longjmp(scheduler, 1);
}

bool make_fiber(Fiber *fiber)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *stack = mmap(nullptr, EMULATED_STACK_BYTES + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) {
        return false;
    }
    mprotect(stack, page, PROT_NONE); // an overflow faults instead of writing into another stack
    getcontext(&fiber->entry);
    fiber->entry.uc_stack.ss_sp = (char *)stack + page;
    // Stacks that all ended at the same place in a page would share a few lines of the cache.
    fiber->entry.uc_stack.ss_size = EMULATED_STACK_BYTES - (size_t)(fiber - fibers) % 31 * 448 / 64 * 64;
    fiber->entry.uc_link = nullptr;
    makecontext(&fiber->entry, fiber_main, 0);
    return true;
}

Fiber *take_fiber()
{
    Fiber *fiber = idle;
    if (fiber) {
        idle = fiber->next_idle;
    } else if (fibers_made < EMULATED_BLOCK_MOST && make_fiber(&fibers[fibers_made])) {
        fiber = &fibers[fibers_made++];
    }
    return fiber;
}

// Runs the fiber until it waits or has no more to do.
__attribute__((noinline)) void resume(Fiber *fiber)
{
    running = fiber;
    if (_setjmp(scheduler)) {
        return;
    }
    if (!fiber->begun) {
        fiber->begun = true;
        setcontext(&fiber->entry);
    }
    _longjmp(fiber->waits ? fiber->context : fiber->base, 1);
}

__attribute__((noinline)) void wait_here()
{
    Thread *thread = current;
    Fiber *fiber = running;
    fiber->waits = true;
    if (!_setjmp(fiber->context)) {
        go_on();
    }
    make_current(thread, thread->fiber);
}

// Leaves the threads that wait where they are: their fibers begin anew.
void abandon()
{
    idle = nullptr;
    for (unsigned i = fibers_made; i-- > 0;) {
        fibers[i].waits = false;
        fibers[i].next_idle = idle;
        idle = &fibers[i];
    }
}

bool run_block()
{
    while (block.finished < block.count && !block.failed) {
        Thread *ready = next_ready();
        Fiber *fiber = ready ? ready->fiber : block.next < block.count ? take_fiber() : nullptr;
        if (fiber) {
            resume(fiber);
        } else if (block.next < block.count) {
            report_failure("no memory for the stacks of its threads");
            block.failed = true;
        } else {
            report_failure("every thread waits and none can go on");
            report_waiting();
            block.failed = true;
        }
    }
    if (block.failed) {
        abandon();
    }
    return !block.failed;
}

void begin_block(dim3 size)
{
    block.count = size.x * size.y * size.z;
    block.next = block.finished = block.in_barrier = block.warp = 0;
    block.failed = false;
    uint3 at = {0, 0, 0};
    for (unsigned i = 0; i < block.count; i++) {
        block.threads[i].index = at;
        block.threads[i].state = State::fresh;
        if (++at.x == size.x) {
            at.x = 0;
            if (++at.y == size.y) {
                at.y = 0;
                at.z++;
            }
        }
    }
    for (unsigned i = 0; i * 32 < block.count; i++) {
        unsigned lanes = block.count - i * 32;
        block.warps[i].living = lanes >= 32 ? ~0u : (1u << lanes) - 1;
        block.warps[i].waiting = block.warps[i].ready = 0;
    }
}

bool prepare_shared(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (EMULATED_SHARED_MOST + page - 1) / page * page;
    if (!shared_end) {
        void *at = mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) {
            return false;
        }
        shared_end = (unsigned char *)at + room;
        mprotect(shared_end, page, PROT_NONE);
    }
    shared_now = shared_end - (bytes + 15) / 16 * 16; // what is written past the end faults
    return true;
}
} // namespace

void *dynamic_shared()
{
    return shared_now;
}

int wait_for_block(Wait wait, int predicate, Place place)
{
    current->wait = wait;
    current->place = place;
    current->predicate = predicate;
    current->state = State::in_barrier;
    if (++block.in_barrier == block.count - block.finished) {
        release_barrier();
        if (block.failed) {
            _longjmp(scheduler, 1);
        }
        keep_running();
    } else {
        wait_here();
    }
    return current->predicate;
}

void wait_for_warp(Wait wait, unsigned mask, void *value, size_t bytes, int argument, int width, Place place)
{
    Thread *thread = current;
    Warp *warp = warp_of(thread);
    thread->wait = wait;
    thread->place = place;
    thread->mask = mask;
    thread->argument = argument;
    thread->width = width;
    thread->value = 0;
    thread->state = State::in_warp;
    memcpy(&thread->value, value, bytes);
    if (!(mask >> lane_of(thread) & 1)) {
        report_thread(thread);
        fail_in_fiber("a thread is not in the mask that it gives");
    }
    if (width < 1 || width > 32 || (width & (width - 1))) {
        report_thread(thread);
        fail_in_fiber("the width of a shuffle is a power of two up to 32");
    }
    warp->waiting |= 1u << lane_of(thread);
    release_warp(warp, mask, wait);
    if (thread->state == State::in_warp) {
        wait_here();
    } else {
        keep_running();
    }
    memcpy(value, &thread->result, bytes);
}

// Only the lane itself: which lanes run together is never promised, and code that relies on more than that is to be
// found.
unsigned active_lanes()
{
    return 1u << lane_of(current);
}

void trap(const char *why, Place place)
{
    char text[300];
    snprintf(text, sizeof text, "%s in thread (%u, %u, %u) at %s:%d", why, threadIdx.x, threadIdx.y, threadIdx.z,
             place.file, place.line);
    fail_in_fiber(text);
}

cudaError_t run_grid(dim3 grid, dim3 size, size_t shared, const void *kernel, const std::function<void()> &body)
{
    if (kernel_runs) {
        report("kernel %s: a kernel cannot launch another one", kernel_name(kernel).c_str());
        return cudaErrorNotSupported;
    }
    if (!prepare_shared(shared)) {
        return cudaErrorMemoryAllocation;
    }
    unsigned long long count = (unsigned long long)grid.x * grid.y * grid.z;
    bool fine = true;
    kernel_runs = true;
    block.body = &body;
    block.kernel = kernel;
    blockDim = size;
    gridDim = grid;
    for (unsigned long long i = 0; i < count && fine; i++) {
        unsigned long long at = configuration().backward ? count - 1 - i : i;
        blockIdx = uint3{(unsigned)(at % grid.x), (unsigned)(at / grid.x % grid.y), (unsigned)(at / grid.x / grid.y)};
        memset(shared_now, 0xff, shared);
        begin_block(size);
        fine = run_block();
    }
    kernel_runs = false;
    return fine ? cudaSuccess : cudaErrorLaunchFailure;
}
} // namespace emulated
