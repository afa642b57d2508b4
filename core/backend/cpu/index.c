/*
 * Indexing by tensors: gathers, puts, and the scans of index and mask tensors that come before them. Indices have been
 * checked: from -size to size - 1, the negative ones counting from the end.
 *
 * A walk goes over the result's dimensions. The operand of the result's shape (`plain` here: the output of a gather,
 * the values of a put) moves by out_strides; the indexed tensor (the input of a gather, the destination of a put) moves
 * by x_strides and by what the index tensors say. Puts run on one thread in the order of the values, so that repeated
 * indices give the same result every time.
 */
#include "backend/cpu/walk.h"

typedef struct walk {
    const tyi_index_args *args;
    char *plain, *indexed;
    int64_t size; /* bytes of an element */
    int outer;    /* dimensions before the run */
    int64_t outer_numel;
    /* The run: the innermost dimension (or several, merged) that is done in one go. */
    int64_t run, plain_step, indexed_step; /* bytes */
    bool moves;                            /* an index tensor moves along the run */
} walk;

/* Bytes from the indexed tensor's start for index tensor j at element `at`. */
static inline int64_t index_offset(const tyi_index_args *a, int j, int64_t at, int64_t size)
{
    int64_t i = a->index[j][at];
    return (i < 0 ? i + a->index_sizes[j] : i) * a->index_steps[j] * size;
}

static bool dim_is_indexed(const tyi_index_args *a, int d)
{
    for (int j = 0; j < a->count; j++)
        if (a->index_strides[j][d] != 0)
            return true;
    return false;
}

static walk start(const tyi_index_args *a, bool put)
{
    walk w = {.args = a, .size = (int64_t)ty_dtype_size(a->dtype), .outer = a->ndim, .run = 1};
    w.plain = put ? (char *)(uintptr_t)a->x : a->out;
    w.indexed = put ? a->out : (char *)(uintptr_t)a->x;
    w.plain_step = w.indexed_step = w.size;
    if (a->ndim > 0) {
        int d = --w.outer;
        w.run = a->sizes[d];
        w.plain_step = a->out_strides[d] * w.size;
        w.indexed_step = a->x_strides[d] * w.size;
        w.moves = dim_is_indexed(a, d);
        /* Dimensions before it that continue it in both operands. */
        while (!w.moves && w.outer > 0 && !dim_is_indexed(a, w.outer - 1) &&
               a->out_strides[w.outer - 1] * w.size == w.plain_step * w.run &&
               a->x_strides[w.outer - 1] * w.size == w.indexed_step * w.run)
            w.run *= a->sizes[--w.outer];
    }
    w.outer_numel = 1;
    for (int d = 0; d < w.outer; d++)
        w.outer_numel *= a->sizes[d];
    return w;
}

/* Where run number `index` begins in both operands, and each index tensor's element there. */
static void locate(const walk *w, int64_t index, char **plain, char **indexed, int64_t at[TY_MAX_DIMS])
{
    const tyi_index_args *a = w->args;
    char *p = w->plain, *x = w->indexed;
    for (int j = 0; j < a->count; j++)
        at[j] = 0;
    for (int d = w->outer - 1; d >= 0; d--) {
        int64_t i = index % a->sizes[d];
        index /= a->sizes[d];
        p += i * a->out_strides[d] * w->size;
        x += i * a->x_strides[d] * w->size;
        for (int j = 0; j < a->count; j++)
            at[j] += i * a->index_strides[j][d];
    }
    if (!w->moves)
        for (int j = 0; j < a->count; j++)
            x += index_offset(a, j, at[j], w->size);
    *plain = p;
    *indexed = x;
}

/* Moves one run of elements of a size: plain to indexed, or the reverse. */
#define MOVE(bits)                                                                                                     \
    typedef uint##bits##_t __attribute__((may_alias)) word##bits;                                                      \
    static void move_##bits(const walk *w, char *plain, char *indexed, const int64_t *at, bool put)                    \
    {                                                                                                                  \
        const tyi_index_args *a = w->args;                                                                             \
        int last = a->ndim - 1;                                                                                        \
        for (int64_t i = 0; i < w->run; i++) {                                                                         \
            char *x = indexed + i * w->indexed_step;                                                                   \
            for (int j = 0; w->moves && j < a->count; j++)                                                             \
                x += index_offset(a, j, at[j] + i * a->index_strides[j][last], w->size);                               \
            if (put)                                                                                                   \
                *(word##bits *)x = *(word##bits *)plain;                                                               \
            else                                                                                                       \
                *(word##bits *)plain = *(word##bits *)x;                                                               \
            plain += w->plain_step;                                                                                    \
        }                                                                                                              \
    }
MOVE(8)
MOVE(16)
MOVE(32)
MOVE(64)

static void move_run(const walk *w, char *plain, char *indexed, const int64_t *at, bool put)
{
    if (!w->moves && w->plain_step == w->size && w->indexed_step == w->size) {
        memcpy(put ? indexed : plain, put ? plain : indexed, (size_t)(w->run * w->size));
        return;
    }
    switch (w->size) {
    case 1:
        move_8(w, plain, indexed, at, put);
        break;
    case 2:
        move_16(w, plain, indexed, at, put);
        break;
    case 4:
        move_32(w, plain, indexed, at, put);
        break;
    default:
        move_64(w, plain, indexed, at, put);
    }
}

#define ADD(E, T)                                                                                                      \
    static void add_##E(const walk *w, const char *plain, char *indexed, const int64_t *at)                            \
    {                                                                                                                  \
        const tyi_index_args *a = w->args;                                                                             \
        int last = a->ndim - 1;                                                                                        \
        if (!w->moves && w->plain_step == (int64_t)sizeof(T) && w->indexed_step == (int64_t)sizeof(T)) {               \
            const T *values = (const T *)(const void *)plain;                                                          \
            T *x = (T *)(void *)indexed;                                                                               \
            for (int64_t i = 0; i < w->run; i++)                                                                       \
                x[i] = TYI_ELEMENT(E, T, TYI_VALUE(E, x[i]) + TYI_VALUE(E, values[i]));                                \
            return;                                                                                                    \
        }                                                                                                              \
        for (int64_t i = 0; i < w->run; i++) {                                                                         \
            char *x = indexed + i * w->indexed_step;                                                                   \
            for (int j = 0; w->moves && j < a->count; j++)                                                             \
                x += index_offset(a, j, at[j] + i * a->index_strides[j][last], w->size);                               \
            T *to = (T *)(void *)x;                                                                                    \
            *to = TYI_ELEMENT(E, T, TYI_VALUE(E, *to) + TYI_VALUE(E, *(const T *)(const void *)plain));                \
            plain += w->plain_step;                                                                                    \
        }                                                                                                              \
    }
#define TY_X(E, name, storage, arithmetic, kind) ADD(E, storage)
TY_DTYPES(TY_X)
#undef TY_X

static void add_run(const walk *w, const char *plain, char *indexed, const int64_t *at)
{
    switch (w->args->dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        add_##E(w, plain, indexed, at);                                                                                \
        break;
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
}

static void gather_runs(void *context, int64_t begin, int64_t end)
{
    const walk *w = context;
    int64_t at[TY_MAX_DIMS];
    for (int64_t u = begin; u < end; u++) {
        char *plain, *indexed;
        locate(w, u, &plain, &indexed, at);
        move_run(w, plain, indexed, at, false);
    }
}

/* A single run that index tensors move along, in pieces. */
static void gather_pieces(void *context, int64_t begin, int64_t end)
{
    walk w = *(const walk *)context;
    char *plain, *indexed;
    int64_t at[TY_MAX_DIMS];
    locate(&w, 0, &plain, &indexed, at);
    int last = w.args->ndim - 1;
    for (int j = 0; w.moves && j < w.args->count; j++)
        at[j] += begin * w.args->index_strides[j][last];
    w.run = end - begin;
    move_run(&w, plain + begin * w.plain_step, indexed + begin * w.indexed_step, at, false);
}

ty_status tyi_cpu_index(const tyi_index_args *args)
{
    walk w = start(args, false);
    if (w.outer_numel * w.run == 0)
        return TY_OK;
    if (w.outer_numel == 1)
        return tyi_cpu_parallel(w.run, TYI_GRAIN / 2, true, gather_pieces, &w);
    return tyi_cpu_parallel(w.outer_numel, tyi_cpu_grain(w.run + 8), true, gather_runs, &w);
}

ty_status tyi_cpu_index_put(const tyi_index_args *args)
{
    walk w = start(args, true);
    if (w.run == 0)
        return TY_OK;
    int64_t at[TY_MAX_DIMS];
    for (int64_t u = 0; u < w.outer_numel; u++) {
        char *plain, *indexed;
        locate(&w, u, &plain, &indexed, at);
        if (args->accumulate)
            add_run(&w, plain, indexed, at);
        else
            move_run(&w, plain, indexed, at, true);
    }
    return TY_OK;
}

ty_status tyi_cpu_index_range(const int64_t *index, int64_t n, int64_t *low, int64_t *high)
{
    int64_t least = index[0], most = index[0];
#pragma omp simd reduction(min : least) reduction(max : most)
    for (int64_t i = 0; i < n; i++) {
        least = index[i] < least ? index[i] : least;
        most = index[i] > most ? index[i] : most;
    }
    *low = least;
    *high = most;
    return TY_OK;
}

ty_status tyi_cpu_index_from_one(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros)
{
    int64_t bad = 0;
    if (zero) {
        int64_t none = *zero;
        for (int64_t i = 0; i < n; i++) {
            int64_t v = index[i];
            out[i] = v == 0 ? none : v - (v > 0);
        }
    } else {
#pragma omp simd reduction(+ : bad)
        for (int64_t i = 0; i < n; i++) {
            int64_t v = index[i];
            bad += v == 0;
            out[i] = v - (v > 0);
        }
    }
    *zeros = bad;
    return TY_OK;
}

ty_status tyi_cpu_nonzero_count(const void *mask, int64_t n, int64_t *count)
{
    const uint8_t *m = mask;
    int64_t total = 0;
    /* Bytes are added up in bytes, as long as they cannot overflow. */
    for (int64_t at = 0; at < n;) {
        int64_t end = n - at < 255 * 64 ? n : at + 255 * 64;
        uint8_t lanes[64] = {0};
        int64_t i = at;
        for (; i + 64 <= end; i += 64)
            for (int k = 0; k < 64; k++)
                lanes[k] = (uint8_t)(lanes[k] + (m[i + k] != 0));
        for (int k = 0; k < 64; k++)
            total += lanes[k];
        for (; i < end; i++)
            total += m[i] != 0;
        at = end;
    }
    *count = total;
    return TY_OK;
}

ty_status tyi_cpu_nonzero_flat(const void *mask, int64_t n, int64_t *positions)
{
    const uint8_t *m = mask;
    int64_t found = 0, i = 0;
    while (i < n) {
        uint64_t eight;
        if (i + 8 <= n) {
            memcpy(&eight, m + i, 8);
            if (eight == 0) {
                i += 8;
                continue;
            }
        }
        int64_t end = tyi_min64(i + 8, n);
        for (; i < end; i++)
            if (m[i])
                positions[found++] = i;
    }
    return TY_OK;
}
