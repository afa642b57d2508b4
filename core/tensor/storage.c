/*
 * Storages and the caching allocator behind them.
 *
 * A block's class is its size rounded up to one of four steps per power of two (at least 64 bytes), so at most a fifth
 * of a block is wasted. Freed blocks wait in a list per class, and are handed out again last in, first out, while they
 * are warm in the cache. As much is kept as was lately in use at the most and half of it again (or KEEP_FREE), so that
 * a loop never meets fresh pages; beyond that large free blocks go back to the system, so that one large step does not
 * hold memory forever.
 *
 * The cache and its counters are one per process, guarded by one lock; the smallest blocks bypass it (see new_small).
 * The statistics are exact but for the peak, which counts the smallest blocks when it is asked for.
 */
#include "tensor/storage.h"

#include "tensor/recycle.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MIN_SHIFT  6 /* smallest block 64 bytes */
#define CLASSES    ((48 - MIN_SHIFT) * 4)
#define HUGE_BYTES ((size_t)4 << 20)  /* from here on blocks are mapped and advised to be huge pages */
#define KEEP_FREE  ((size_t)64 << 20) /* this much may wait in the cache in any case */
#define LARGE      ((size_t)1 << 16)  /* blocks that are given back to the system */
#define PERIOD     1024 /* large blocks that are handed out while a peak is remembered: some steps of a loop */

typedef struct free_block {
    struct free_block *next;
} free_block;

static struct {
    pthread_mutex_t lock;
    free_block *free[CLASSES];
    ty_memory_stats stats;
    size_t peaks[2]; /* of live bytes: in the period that runs, and in the one before */
    int large;       /* large blocks handed out in the period that runs */
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Class of a request and, in *rounded, the bytes that its blocks have. -1: too large for any. */
static int class_of(size_t bytes, size_t *rounded)
{
    if (bytes <= (size_t)1 << MIN_SHIFT) {
        *rounded = (size_t)1 << MIN_SHIFT;
        return 0;
    }
    if (bytes > (size_t)1 << 46)
        return -1;
    int top = 63 - __builtin_clzll((unsigned long long)(bytes - 1)); /* 2^top < bytes <= 2^(top+1) */
    size_t step = (size_t)1 << (top - 2);
    size_t steps = (bytes - ((size_t)1 << top) + step - 1) / step; /* 1..4 */
    *rounded = ((size_t)1 << top) + steps * step;
    return (top - MIN_SHIFT) * 4 + (int)steps;
}

static void *system_allocate(size_t bytes)
{
    if (bytes < HUGE_BYTES)
        return aligned_alloc(TYI_ALIGNMENT, (bytes + TYI_ALIGNMENT - 1) / TYI_ALIGNMENT * TYI_ALIGNMENT);
    void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
    return data;
}

static void system_release(void *data, size_t bytes)
{
    if (bytes < HUGE_BYTES)
        free(data);
    else
        munmap(data, bytes);
}

/* Gives free blocks of at least `least` bytes back to the system until at most `keep` bytes wait. */
static void trim(size_t keep, size_t least)
{
    for (int c = CLASSES - 1; c >= 0 && cache.stats.cached > keep; c--) {
        /* The bytes of class c, the reverse of class_of. */
        size_t bytes = c == 0 ? (size_t)1 << MIN_SHIFT
                              : ((size_t)1 << (MIN_SHIFT + (c - 1) / 4)) +
                                    (size_t)((c - 1) % 4 + 1) * ((size_t)1 << (MIN_SHIFT + (c - 1) / 4 - 2));
        if (bytes < least)
            return;
        while (cache.free[c] && cache.stats.cached > keep) {
            free_block *block = cache.free[c];
            cache.free[c] = block->next;
            cache.stats.cached -= bytes;
            system_release(block, bytes);
        }
    }
}

/* Remembers how much is in use at the most, over two periods. */
static void note_peak(size_t handed_out)
{
    if (handed_out >= LARGE && ++cache.large == PERIOD) {
        cache.large = 0;
        cache.peaks[1] = cache.peaks[0];
        cache.peaks[0] = 0;
    }
    if (cache.stats.live > cache.peaks[0])
        cache.peaks[0] = cache.stats.live;
    if (cache.stats.live > cache.stats.peak)
        cache.stats.peak = cache.stats.live;
}

/* Bytes that may wait: up to the peak, and half as much again for sizes that are not in use at the same time. */
static size_t most_waiting(void)
{
    size_t peak = cache.peaks[0] > cache.peaks[1] ? cache.peaks[0] : cache.peaks[1];
    size_t room = peak > cache.stats.live ? peak - cache.stats.live : 0;
    return room + (peak / 2 > KEEP_FREE ? peak / 2 : KEEP_FREE);
}

ty_status tyi_cpu_allocate(int device, size_t bytes, void **data)
{
    (void)device;
    size_t rounded = 0;
    int class = class_of(bytes, &rounded);
    *data = NULL;
    if (class < 0)
        return tyi_fail_memory(bytes);
    pthread_mutex_lock(&cache.lock);
    free_block *block = cache.free[class];
    if (block) {
        cache.free[class] = block->next;
        cache.stats.cached -= rounded;
    } else {
        block = system_allocate(rounded);
        if (!block && cache.stats.cached) {
            trim(0, 0);
            block = system_allocate(rounded);
        }
    }
    if (block) {
        cache.stats.live += rounded;
        cache.stats.live_blocks++;
        cache.stats.allocated_total += rounded;
        note_peak(rounded);
    }
    pthread_mutex_unlock(&cache.lock);
    *data = block;
    return block ? TY_OK : tyi_fail_memory(bytes);
}

void tyi_cpu_release(int device, void *data, size_t bytes)
{
    (void)device;
    size_t rounded = 0;
    int class = class_of(bytes, &rounded);
    pthread_mutex_lock(&cache.lock);
    free_block *block = data;
    block->next = cache.free[class];
    cache.free[class] = block;
    cache.stats.live -= rounded;
    cache.stats.live_blocks--;
    cache.stats.cached += rounded;
    size_t keep = most_waiting();
    if (cache.stats.cached > keep)
        trim(keep, LARGE);
    pthread_mutex_unlock(&cache.lock);
}

void ty_reset_peak_memory(void)
{
    pthread_mutex_lock(&cache.lock);
    cache.stats.peak = cache.stats.live;
    pthread_mutex_unlock(&cache.lock);
}

void ty_empty_cache(void)
{
    pthread_mutex_lock(&cache.lock);
    trim(0, 0);
    pthread_mutex_unlock(&cache.lock);
}

static const tyi_allocator cpu_allocator = {tyi_cpu_allocate, tyi_cpu_release};
static const tyi_allocator *allocators[TY_DEVICE_TYPES] = {&cpu_allocator};

void tyi_register_allocator(ty_device_type type, const tyi_allocator *allocator)
{
    allocators[type] = allocator;
}

static void release_to_device(tyi_storage *s)
{
    const tyi_allocator *allocator = s->owner;
    allocator->release(s->device.index, s->data, s->bytes);
    free(s);
}

/* Values of at most this many bytes lie behind their storage in one block, from the thread's free list: numbers and
 * small vectors cost neither a lock nor two allocations. */
#define SMALL_BYTES 64

typedef struct small_storage {
    _Alignas(TYI_ALIGNMENT) tyi_storage s;
    _Alignas(TYI_ALIGNMENT) char data[SMALL_BYTES];
} small_storage;

static atomic_ullong mapped_bytes, unmapped_bytes;

void tyi_count_mapped(size_t bytes)
{
    atomic_fetch_add_explicit(&mapped_bytes, bytes, memory_order_relaxed);
}

void tyi_count_unmapped(size_t bytes)
{
    atomic_fetch_add_explicit(&unmapped_bytes, bytes, memory_order_relaxed);
}

_Thread_local bool tyi_inference_mode;

static void release_small(tyi_storage *s)
{
    tyi_recycle_give(TYI_RECYCLE_STORAGE, s);
}

static tyi_storage *new_small(size_t bytes, ty_device device)
{
    small_storage *small = tyi_recycle_take(TYI_RECYCLE_STORAGE, sizeof *small);
    if (!small)
        return NULL;
    small->s = (tyi_storage){.device = device, .bytes = bytes, .data = small->data, .release = release_small};
    small->s.inference = tyi_inference_mode;
    atomic_init(&small->s.refs, 1);
    atomic_init(&small->s.version, 0);
    if (tyi_watching)
        tyi_watching->made(tyi_watching, &small->s);
    return &small->s;
}

void ty_get_memory_stats(ty_memory_stats *stats)
{
    pthread_mutex_lock(&cache.lock);
    *stats = cache.stats;
    pthread_mutex_unlock(&cache.lock);
    uint64_t made, dropped;
    tyi_recycle_counts(TYI_RECYCLE_STORAGE, &made, &dropped);
    uint64_t live = made > dropped ? made - dropped : 0;
    stats->live += live * SMALL_BYTES;
    stats->live_blocks += live;
    stats->allocated_total += made * SMALL_BYTES;
    uint64_t unmapped = atomic_load_explicit(&unmapped_bytes, memory_order_relaxed);
    uint64_t mapped = atomic_load_explicit(&mapped_bytes, memory_order_relaxed);
    stats->live += mapped > unmapped ? mapped - unmapped : 0;
    stats->allocated_total += mapped;
    if (stats->peak < stats->live)
        stats->peak = stats->live;
}

tyi_storage *tyi_storage_new(size_t bytes, ty_device device)
{
    const tyi_allocator *allocator = allocators[device.type];
    if (!allocator)
        return tyi_fail(TY_ERROR_VALUE, "no memory can be had on this device: its backend is not loaded");
    if (bytes <= SMALL_BYTES && allocator == &cpu_allocator)
        return new_small(bytes, device);
    tyi_storage *s = malloc(sizeof *s);
    if (!s) {
        tyi_fail_memory(sizeof *s);
        return NULL;
    }
    *s = (tyi_storage){.device = device, .bytes = bytes, .release = release_to_device, .owner = (void *)allocator};
    s->inference = tyi_inference_mode;
    atomic_init(&s->refs, 1);
    atomic_init(&s->version, 0);
    if (allocator->allocate(device.index, bytes, &s->data) != TY_OK) {
        free(s);
        return NULL;
    }
    if (tyi_watching)
        tyi_watching->made(tyi_watching, s);
    return s;
}

void tyi_storage_release(tyi_storage *s)
{
    if (!s || !tyi_drop_ref(&s->refs))
        return;
    s->release(s);
}
