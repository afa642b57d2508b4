/*
 * Sorting and top-k along contiguous rows. Values become unsigned ranks of the same order (NaN the largest, as in
 * PyTorch; the complement when descending), a rank and its position become one record, and records are sorted: since
 * positions break ties, every order is stable. Ranks of up to 32 bits share a 64-bit word with their position.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#include <stdatomic.h>
#include <stdlib.h>

#define INSERTION 16        /* records that insertion sort takes */
#define MERGED    128       /* up to here merging is faster than counting digits */
#define LARGE     8192      /* from here on longer digits, and so fewer passes, pay */
#define COUNTERS  (6 << 11) /* of 64 bits in digits of 11; digits of 8 need fewer */

typedef uint64_t packed; /* rank << 32 | position */
typedef struct wide {
    uint64_t rank;
    int64_t position;
} wide;

/* Sorting of records K, with LESS, the rank's bits at a shift, and positions, for both kinds. */
#define SORTING(K, LESS, BITS)                                                                                         \
    static void insertion_##K(K *a, int64_t n)                                                                         \
    {                                                                                                                  \
        for (int64_t i = 1; i < n; i++) {                                                                              \
            K record = a[i];                                                                                           \
            int64_t at = i;                                                                                            \
            for (; at > 0 && LESS(record, a[at - 1]); at--)                                                            \
                a[at] = a[at - 1];                                                                                     \
            a[at] = record;                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void merge_##K(K *a, K *spare, int64_t n)                                                                   \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i += INSERTION)                                                                     \
            insertion_##K(a + i, tyi_min64(INSERTION, n - i));                                                         \
        for (int64_t width = INSERTION; width < n; width *= 2)                                                         \
            for (int64_t low = 0; low + width < n; low += 2 * width) {                                                 \
                int64_t end = tyi_min64(low + 2 * width, n), left = 0, right = low + width, at = low;                  \
                memcpy(spare, a + low, (size_t)width * sizeof(K));                                                     \
                while (left < width && right < end)                                                                    \
                    a[at++] = LESS(a[right], spare[left]) ? a[right++] : spare[left++];                                \
                memcpy(a + at, spare + left, (size_t)(width - left) * sizeof(K));                                      \
            }                                                                                                          \
    }                                                                                                                  \
    /* Digit by digit from the lowest; a digit that all records share is skipped. Positions are in order at first, and \
     * each pass keeps the order of equals. */                                                                         \
    static void count_##K(K *a, K *spare, int64_t n, int bits)                                                         \
    {                                                                                                                  \
        int64_t counts[COUNTERS];                                                                                      \
        int digit = n < LARGE ? 8 : 11, digits = (bits + digit - 1) / digit;                                           \
        uint64_t buckets = (uint64_t)1 << digit, mask = buckets - 1;                                                   \
        memset(counts, 0, sizeof *counts *(size_t)digits << digit);                                                    \
        for (int64_t i = 0; i < n; i++)                                                                                \
            for (int d = 0; d < digits; d++)                                                                           \
                counts[((uint64_t)d << digit) + (BITS(a[i]) >> d * digit & mask)]++;                                   \
        K *from = a, *to = spare;                                                                                      \
        for (int d = 0; d < digits; d++) {                                                                             \
            int64_t *count = counts + ((int64_t)d << digit), begin = 0;                                                \
            int shift = d * digit;                                                                                     \
            if (count[BITS(from[0]) >> shift & mask] == n)                                                             \
                continue;                                                                                              \
            for (uint64_t b = 0; b < buckets; b++) {                                                                   \
                int64_t c = count[b];                                                                                  \
                count[b] = begin;                                                                                      \
                begin += c;                                                                                            \
            }                                                                                                          \
            for (int64_t i = 0; i < n; i++)                                                                            \
                to[count[BITS(from[i]) >> shift & mask]++] = from[i];                                                  \
            K *swap = from;                                                                                            \
            from = to;                                                                                                 \
            to = swap;                                                                                                 \
        }                                                                                                              \
        if (from != a)                                                                                                 \
            memcpy(a, from, (size_t)n * sizeof(K));                                                                    \
    }                                                                                                                  \
    static void sort_##K(K *a, K *spare, int64_t n, int bits)                                                          \
    {                                                                                                                  \
        if (n <= INSERTION)                                                                                            \
            insertion_##K(a, n);                                                                                       \
        else if (n <= MERGED)                                                                                          \
            merge_##K(a, spare, n);                                                                                    \
        else                                                                                                           \
            count_##K(a, spare, n, bits);                                                                              \
    }                                                                                                                  \
    /* Lets the record at the root of a heap of n sink; the greatest is at the root. */                                \
    static void sink_##K(K *heap, int64_t n, int64_t at)                                                               \
    {                                                                                                                  \
        K record = heap[at];                                                                                           \
        for (int64_t child; (child = 2 * at + 1) < n; at = child) {                                                    \
            if (child + 1 < n && LESS(heap[child], heap[child + 1]))                                                   \
                child++;                                                                                               \
            if (!LESS(record, heap[child]))                                                                            \
                break;                                                                                                 \
            heap[at] = heap[child];                                                                                    \
        }                                                                                                              \
        heap[at] = record;                                                                                             \
    }

#define PACKED_LESS(a, b) ((a) < (b))
#define PACKED_BITS(a)    ((a) >> 32)
#define WIDE_LESS(a, b)   ((a).rank < (b).rank || ((a).rank == (b).rank && (a).position < (b).position))
#define WIDE_BITS(a)      ((a).rank)
SORTING(packed, PACKED_LESS, PACKED_BITS)
SORTING(wide, WIDE_LESS, WIDE_BITS)

typedef struct job {
    const tyi_sort_args *args;
    size_t size; /* bytes of an element */
    tyi_rank rank;
    int bits;      /* of a rank */
    uint64_t flip; /* makes ranks descend */
    bool is_packed;
    bool partial;   /* only the first `kept` by a heap */
    size_t records; /* of a task's memory */
    atomic_bool failed;
} job;

#define RANKED 256 /* elements ranked at a time */

static inline packed packed_of(uint64_t rank, int64_t position)
{
    return rank << 32 | (uint64_t)position;
}

static inline wide wide_of(uint64_t rank, int64_t position)
{
    return (wide){rank, position};
}

/* Fills a[0..kept) with a row's first records in order. */
#define FIRST(K)                                                                                                       \
    static void first_##K(const job *j, const char *x, K *a)                                                           \
    {                                                                                                                  \
        int64_t n = j->args->size, kept = j->args->kept, initial = j->partial ? kept : n, have = 0;                    \
        uint64_t ranks[RANKED];                                                                                        \
        for (int64_t from = 0; from < n; from += RANKED) {                                                             \
            int64_t count = tyi_min64(RANKED, n - from), i = 0;                                                        \
            j->rank(x + (size_t)from * j->size, count, j->flip, ranks);                                                \
            for (; i < count && have < initial; i++)                                                                   \
                a[have++] = K##_of(ranks[i], from + i);                                                                \
            if (i == count)                                                                                            \
                continue;                                                                                              \
            if (from < kept) /* the heap has just been filled */                                                       \
                for (int64_t k = kept / 2 - 1; k >= 0; k--)                                                            \
                    sink_##K(a, kept, k);                                                                              \
            for (; i < count; i++) {                                                                                   \
                K record = K##_of(ranks[i], from + i);                                                                 \
                if (K##_less(record, a[0])) {                                                                          \
                    a[0] = record;                                                                                     \
                    sink_##K(a, kept, 0);                                                                              \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        if (j->partial) {                                                                                              \
            /* A heap's records are out of their order of positions, which counting relies on: merged at any size. */  \
            merge_##K(a, a + initial, initial);                                                                        \
        } else {                                                                                                       \
            sort_##K(a, a + initial, initial, j->bits);                                                                \
        }                                                                                                              \
    }
static inline bool packed_less(packed a, packed b)
{
    return PACKED_LESS(a, b);
}
static inline bool wide_less(wide a, wide b)
{
    return WIDE_LESS(a, b);
}
FIRST(packed)
FIRST(wide)

static void put_values(const job *j, const char *x, char *values, const int64_t *indices)
{
    int64_t kept = j->args->kept;
    switch (j->size) {
#define PUT(bytes)                                                                                                     \
    case bytes:                                                                                                        \
        for (int64_t i = 0; i < kept; i++)                                                                             \
            memcpy(values + i * bytes, x + indices[i] * bytes, bytes);                                                 \
        break;
        PUT(1)
        PUT(2)
        PUT(4)
        PUT(8)
#undef PUT
    default:
        break;
    }
}

static void sort_rows(void *context, int64_t begin, int64_t end)
{
    job *j = context;
    const tyi_sort_args *a = j->args;
    void *memory = malloc(j->records * (j->is_packed ? sizeof(packed) : sizeof(wide)));
    if (!memory) {
        atomic_store(&j->failed, true);
        return;
    }
    for (int64_t r = begin; r < end; r++) {
        const char *x = (const char *)a->x + (size_t)(r * a->size) * j->size;
        int64_t *indices = a->indices + r * a->kept;
        if (j->is_packed) {
            first_packed(j, x, memory);
            for (int64_t i = 0; i < a->kept; i++)
                indices[i] = (int64_t)(((packed *)memory)[i] & UINT32_MAX);
        } else {
            first_wide(j, x, memory);
            for (int64_t i = 0; i < a->kept; i++)
                indices[i] = ((wide *)memory)[i].position;
        }
        put_values(j, x, (char *)a->values + (size_t)(r * a->kept) * j->size, indices);
    }
    free(memory);
}

static ty_status run(const tyi_sort_args *args, bool partial)
{
    if (args->rows * args->size == 0 || args->kept == 0)
        return TY_OK;
    job j = {.args = args, .size = ty_dtype_size(args->dtype), .partial = partial};
    j.rank = tyi_cpu_converts()->rank[args->dtype];
    j.bits = (int)j.size * 8;
    j.flip = args->descending ? (j.bits == 64 ? UINT64_MAX : ((uint64_t)1 << j.bits) - 1) : 0;
    j.is_packed = j.bits <= 32 && args->size <= UINT32_MAX;
    j.records = 2 * (size_t)(partial ? args->kept : args->size);
    atomic_init(&j.failed, false);
    ty_status status =
        tyi_cpu_parallel(args->rows, tyi_cpu_grain(args->size * (partial ? 2 : 16)), true, sort_rows, &j);
    if (atomic_load(&j.failed))
        return tyi_fail_memory(j.records * (j.is_packed ? sizeof(packed) : sizeof(wide)));
    return status;
}

ty_status tyi_cpu_sort(const tyi_sort_args *args)
{
    return run(args, false);
}

ty_status tyi_cpu_topk(const tyi_sort_args *args)
{
    return run(args, args->kept <= args->size / 8);
}
