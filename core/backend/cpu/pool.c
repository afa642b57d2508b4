/*
 * The thread pool. A job is opened by its caller; threads that are awake join it, take pieces from a shared counter and
 * leave; the caller takes pieces too, then closes the job and waits for those that joined. A thread that comes late
 * finds the job closed and is not waited for, so a busy machine costs help, never a standstill. Idle threads look for
 * work for a while, then sleep. Relies on pthreads and C11 atomics; must not know what the tasks do.
 */
#define _GNU_SOURCE
#include "backend/cpu/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tensor/interrupt.h"

#define SPIN_NANOSECONDS 100000 /* looking for work before sleeping: a waking takes as long */
#define KEEP_NANOSECONDS 3000   /* of these, without offering the processor to others */

/* The state of the job in one word, so that joining and closing exclude each other: how many threads are in it, whether
 * it may be joined, and which job it is. */
#define JOINED_MASK 0xffffu
#define OPEN        0x10000u
#define EPOCH_SHIFT 17

static struct {
    pthread_mutex_t busy; /* held by the caller whose job it is, and while threads start, stop or fork */
    pthread_mutex_t lock; /* of the two conditions */
    pthread_cond_t work;  /* a job was opened, or the pool stops */
    pthread_cond_t done;  /* the last thread left a closed job */
    atomic_int sleepers;  /* threads that wait for `work`, or are about to */
    atomic_bool waiting;  /* the caller waits for `done`, or is about to */
    atomic_bool stop;
    atomic_int wanted;   /* number of threads; 0: not known yet */
    atomic_bool refused; /* the system gave fewer threads than wanted: do not ask each time */
    int started;         /* guarded by busy */
    pthread_t threads[TYI_MAX_THREADS];

    /* The job; guarded by the state. */
    tyi_task task;
    void *context;
    int64_t count, grain, pieces;
    bool stoppable;
    int helpers; /* most threads that may join */

    _Alignas(64) atomic_uint_fast64_t state;
    _Alignas(64) atomic_int_fast64_t next; /* piece to be taken next */
    atomic_bool skipped;                   /* an interrupt left pieces undone */
} pool = {
    .busy = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER,
};

static _Thread_local bool inside; /* this thread is in a task that the pool runs in parallel */

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* A few pauses between two looks at an atomic. Offers the processor to others after a while, because whoever is looked
 * for may be waiting for this very processor. False when it is time to sleep. */
static bool keep_looking(int64_t *since)
{
    for (int i = 0; i < 8; i++)
        relax();
    int64_t t = now();
    if (!*since)
        *since = t;
    if (t - *since > SPIN_NANOSECONDS)
        return false;
    if (t - *since > KEEP_NANOSECONDS)
        sched_yield();
    return true;
}

static void take_pieces(void)
{
    for (;;) {
        if (pool.stoppable && tyi_interrupted()) {
            atomic_store_explicit(&pool.skipped, true, memory_order_relaxed);
            return;
        }
        int64_t piece = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (piece >= pool.pieces)
            return;
        int64_t begin = piece * pool.grain;
        int64_t end = pool.count - begin > pool.grain ? begin + pool.grain : pool.count;
        pool.task(pool.context, begin, end);
    }
}

/* Whether a job is open that this thread has not been in. */
static bool joinable(uint_fast64_t state, uint_fast64_t seen)
{
    return (state & OPEN) && state >> EPOCH_SHIFT != seen;
}

static void *worker(void *unused)
{
    (void)unused;
    inside = true;
    uint_fast64_t seen = 0;
    int64_t since = 0;
    for (;;) {
        uint_fast64_t state = atomic_load_explicit(&pool.state, memory_order_acquire);
        if (atomic_load_explicit(&pool.stop, memory_order_relaxed))
            return NULL;
        if (joinable(state, seen)) {
            if (!atomic_compare_exchange_weak_explicit(&pool.state, &state, state + 1, memory_order_acquire,
                                                       memory_order_relaxed))
                continue;
            seen = state >> EPOCH_SHIFT;
            bool spare = (int)(state & JOINED_MASK) >= pool.helpers;
            if (!spare)
                take_pieces();
            state = atomic_fetch_sub(&pool.state, 1);
            if (!(state & OPEN) && (state & JOINED_MASK) == 1 && atomic_load(&pool.waiting)) {
                pthread_mutex_lock(&pool.lock);
                pthread_cond_signal(&pool.done);
                pthread_mutex_unlock(&pool.lock);
            }
            if (!spare)
                since = 0;
            continue;
        }
        if (keep_looking(&since))
            continue;
        /* The count goes up before the last look, and the caller opens the job before it reads the count: one of the
         * two sees the other. */
        pthread_mutex_lock(&pool.lock);
        atomic_fetch_add(&pool.sleepers, 1);
        while (!joinable(atomic_load(&pool.state), seen) && !atomic_load(&pool.stop))
            pthread_cond_wait(&pool.work, &pool.lock);
        atomic_fetch_sub(&pool.sleepers, 1);
        pthread_mutex_unlock(&pool.lock);
        since = 0;
    }
}

/* A fork copies the calling thread alone: the child has no pool threads and starts its own when it needs them. Holding
 * `busy` keeps jobs out meanwhile, so that the copied state is one at rest. */
static void before_fork(void)
{
    pthread_mutex_lock(&pool.busy);
    pthread_mutex_lock(&pool.lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&pool.lock);
    pthread_mutex_unlock(&pool.busy);
}

static void after_fork_in_child(void)
{
    pool.started = 0;
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.waiting, false);
    atomic_store(&pool.state, atomic_load(&pool.state) & ~(uint_fast64_t)(OPEN | JOINED_MASK));
    pthread_cond_init(&pool.work, NULL);
    pthread_cond_init(&pool.done, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_mutex_init(&pool.busy, NULL);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Called with busy held. Fewer threads than asked for are no failure: the caller does the work. */
static void start_threads(int count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pool.started >= count || atomic_load_explicit(&pool.refused, memory_order_relaxed))
        return;
    pthread_once(&once, watch_forks);
    /* Signals belong to the program's own threads. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool.started < count) {
        if (pthread_create(&pool.threads[pool.started], NULL, worker, NULL) != 0) {
            atomic_store_explicit(&pool.refused, true, memory_order_relaxed);
            break;
        }
        pool.started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Called with busy held. */
static void stop_threads(void)
{
    if (!pool.started)
        return;
    atomic_store(&pool.stop, true);
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.started; i++)
        pthread_join(pool.threads[i], NULL);
    pool.started = 0;
    atomic_store(&pool.stop, false);
}

void tyi_pool_shutdown(void)
{
    pthread_mutex_lock(&pool.busy);
    stop_threads();
    pthread_mutex_unlock(&pool.busy);
}

/* When the process ends in the middle of a job (exit() in a signal handler), its threads die with it. */
__attribute__((destructor)) static void at_exit(void)
{
    if (pthread_mutex_trylock(&pool.busy) != 0)
        return;
    stop_threads();
    pthread_mutex_unlock(&pool.busy);
}

static int run_alone(int64_t count, int64_t grain, bool stoppable, tyi_task task, void *context)
{
    for (int64_t begin = 0; begin < count;) {
        if (stoppable && tyi_interrupted())
            return -1;
        int64_t end = count - begin > grain ? begin + grain : count;
        task(context, begin, end);
        begin = end;
    }
    return stoppable && tyi_interrupted() ? -1 : 0;
}

/* Wakes as many sleeping threads as the job has use for. */
static void wake(int64_t most)
{
    int sleepers = atomic_load(&pool.sleepers);
    if (!sleepers)
        return;
    pthread_mutex_lock(&pool.lock);
    for (int i = 0; i < sleepers && i < most; i++)
        pthread_cond_signal(&pool.work);
    pthread_mutex_unlock(&pool.lock);
}

static void wait_for_helpers(void)
{
    int64_t since = 0;
    while (atomic_load_explicit(&pool.state, memory_order_acquire) & JOINED_MASK) {
        if (keep_looking(&since))
            continue;
        pthread_mutex_lock(&pool.lock);
        atomic_store(&pool.waiting, true);
        while (atomic_load(&pool.state) & JOINED_MASK)
            pthread_cond_wait(&pool.done, &pool.lock);
        atomic_store(&pool.waiting, false);
        pthread_mutex_unlock(&pool.lock);
    }
}

int tyi_parallel(int64_t count, int64_t grain, bool stoppable, tyi_task task, void *context)
{
    if (grain < 1)
        grain = 1;
    int threads = tyi_get_num_threads();
    if (count <= grain || threads == 1 || inside || pthread_mutex_trylock(&pool.busy) != 0)
        return run_alone(count, grain, stoppable, task, context);
    start_threads(threads - 1);

    pool.task = task;
    pool.context = context;
    pool.count = count;
    pool.grain = grain;
    pool.pieces = (count - 1) / grain + 1;
    pool.stoppable = stoppable;
    pool.helpers = threads - 1;
    atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool.skipped, false, memory_order_relaxed);
    uint_fast64_t epoch = (atomic_load_explicit(&pool.state, memory_order_relaxed) >> EPOCH_SHIFT) + 1;
    atomic_store(&pool.state, epoch << EPOCH_SHIFT | OPEN);
    wake(pool.pieces - 1 < pool.helpers ? pool.pieces - 1 : pool.helpers);

    inside = true;
    take_pieces();
    inside = false;
    if (atomic_fetch_and(&pool.state, ~(uint_fast64_t)OPEN) & JOINED_MASK)
        wait_for_helpers();
    bool skipped = atomic_load_explicit(&pool.skipped, memory_order_relaxed);
    pthread_mutex_unlock(&pool.busy);
    return stoppable && (skipped || tyi_interrupted()) ? -1 : 0;
}

static int clamp_threads(long n)
{
    return n < 1 ? 1 : n > TYI_MAX_THREADS ? TYI_MAX_THREADS : (int)n;
}

/* How many processors this process may run on. */
static int processors(void)
{
#ifdef __linux__
    /* The set must be as large as the system's; more processors than the plain cpu_set_t holds exist. */
    for (size_t most = CPU_SETSIZE; most <= CPU_SETSIZE * 64; most *= 2) {
        cpu_set_t *set = CPU_ALLOC(most);
        if (!set)
            break;
        size_t bytes = CPU_ALLOC_SIZE(most);
        int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return clamp_threads(count);
    }
#endif
    return clamp_threads(sysconf(_SC_NPROCESSORS_ONLN));
}

static int default_threads(void)
{
    const char *text = getenv("TYCHO_NUM_THREADS");
    if (text) {
        char *end;
        long n = strtol(text, &end, 10);
        if (end != text && *end == '\0' && n > 0)
            return clamp_threads(n);
    }
    return processors();
}

int tyi_get_num_threads(void)
{
    int n = atomic_load_explicit(&pool.wanted, memory_order_relaxed);
    if (!n) {
        n = default_threads();
        int unknown = 0; /* a number set meanwhile by another thread stays */
        if (!atomic_compare_exchange_strong(&pool.wanted, &unknown, n))
            n = unknown;
    }
    return n;
}

void tyi_set_num_threads(int n)
{
    atomic_store_explicit(&pool.wanted, n > 0 ? clamp_threads(n) : default_threads(), memory_order_relaxed);
    atomic_store_explicit(&pool.refused, false, memory_order_relaxed);
}
