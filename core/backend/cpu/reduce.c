/*
 * Drivers of reductions and cumulative sums. A reduction is rows (the reduced dimension is contiguous), columns (the
 * inner one is) or neither, which is gathered into rows; long ones are cut into pieces of fixed length whose states are
 * combined in order, so that results do not depend on the number of threads. The reduced floating dtypes are converted
 * in small blocks and reduced as float32; the results are rounded once. The inner loops are in reduce_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#include <stdlib.h>

#define PIECE       65536 /* elements of one output that one thread reduces */
#define FEW         64    /* outputs; of more than these, each is reduced by one thread */
#define TILE        256   /* columns or outputs that are reduced together */
#define STATE_BYTES 16    /* of the largest state */
#define GATHER      1024  /* elements gathered at a time */

typedef struct job {
    const tyi_reduce_args *args;
    const tyi_reducer *reducer;
    tyi_convert gather; /* of neither rows nor columns, or into another dtype */
    tyi_convert round;  /* results to the dtype of out; NULL: they are that */
    int64_t size;       /* bytes of an element */
    int64_t wide;       /* and of one as it is reduced */
    int64_t out_size;
    bool narrow;           /* few columns without gaps */
    int64_t piece, pieces; /* along the reduced dimension */
    int64_t tile, tiles;   /* outputs of one task along the inner dimension, or of all outputs */
    char *states;          /* {outer, pieces, inner} when there is more than one piece */
} job;

static const tyi_reducer *find(tyi_reduce op, ty_dtype dtype)
{
    static const tyi_reduce_loops *const variants[] = TYI_ISA_TABLE(&tyi_reduces);
    return &variants[tyi_cpu_isa()]->reducers[op][dtype];
}

static const char *shift_at(const job *j, int64_t output)
{
    return j->args->shift ? (const char *)j->args->shift + output * j->wide : NULL;
}

/* Results from n states, n at most TILE where they are rounded. */
static void finish(const job *j, const char *state, char *out, int64_t n)
{
    float wide[TILE];
    j->reducer->finish(state, j->round ? (void *)wide : out, n);
    if (j->round)
        j->round(out, j->out_size, wide, sizeof *wide, n);
}

/* Where the states of a task go: results at once, or the states of its piece. */
static void deliver(const job *j, char *state, int64_t outer, int64_t inner, int64_t piece, int64_t n)
{
    const tyi_reduce_args *a = j->args;
    if (j->states)
        memcpy(j->states + ((outer * j->pieces + piece) * a->inner + inner) * (int64_t)j->reducer->state_size, state,
               (size_t)n * j->reducer->state_size);
    else
        finish(j, state, (char *)a->out + (outer * a->inner + inner) * j->out_size, n);
}

/* A row whose elements lie apart, piece by piece through contiguous memory. */
static void gather_row(const job *j, const char *x, int64_t n, int64_t first, const char *shift, char *state)
{
    _Alignas(64) char scratch[GATHER * 8];
    char later[STATE_BYTES];
    int64_t step = j->args->x_reduced * j->size;
    for (int64_t at = 0; at == 0 || at < n; at += GATHER) {
        int64_t count = tyi_min64(GATHER, n - at);
        j->gather(scratch, j->wide, x + at * step, step, count);
        j->reducer->rows(scratch, 0, 1, count, first + at, shift, at ? later : state);
        if (at)
            j->reducer->combine(state, later, 1);
    }
}

static void reduce_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_reduce_args *a = j->args;
    _Alignas(64) char states[TILE * STATE_BYTES];
    size_t state_size = j->reducer->state_size;
    for (int64_t u = begin; u < end; u++) {
        int64_t piece = u % j->pieces, tile = u / j->pieces % j->tiles, outer = u / j->pieces / j->tiles;
        int64_t first = piece * j->piece, n = tyi_min64(j->piece, a->reduced - first);
        int64_t inner = tile * j->tile, rows = tyi_min64(j->tile, a->inner - inner);
        const char *x = (const char *)a->x + (outer * a->x_outer + inner * a->x_inner + first * a->x_reduced) * j->size;
        const char *shift = shift_at(j, outer * a->inner + inner);
        if (!j->gather)
            j->reducer->rows(x, a->x_inner, rows, n, first, shift, states);
        else
            for (int64_t r = 0; r < rows; r++)
                gather_row(j, x + r * a->x_inner * j->size, n, first, shift ? shift + r * j->wide : NULL,
                           states + (size_t)r * state_size);
        deliver(j, states, outer, inner, piece, rows);
    }
}

/* States of n rows of `width` columns. Few columns without gaps, such as {100000, 3} over its first dimension, go
 * faster as several rows side by side, whose states are folded in the end. */
static void columns(const job *j, const char *x, int64_t n, int64_t width, int64_t first, const char *shift,
                    char *states)
{
    const tyi_reducer *reducer = j->reducer;
    if (!j->narrow || n < TILE / width) {
        reducer->columns(x, j->args->x_reduced, n, width, first, shift, states);
        return;
    }
    char shifts[TILE * 8], rest[TILE * STATE_BYTES];
    int64_t fold = TILE / 2 / width, rows = n / fold, state_size = (int64_t)reducer->state_size;
    for (int64_t k = 0; shift && k < fold; k++)
        memcpy(shifts + k * width * j->size, shift, (size_t)(width * j->size));
    reducer->columns(x, fold * width, rows, fold * width, first, shift ? shifts : NULL, states);
    for (int64_t k = 1; k < fold; k++)
        reducer->combine(states, states + k * width * state_size, width);
    if (rows * fold < n) {
        reducer->columns(x + rows * fold * width * j->size, width, n - rows * fold, width, first, shift, rest);
        reducer->combine(states, rest, width);
    }
}

/* The same of columns that are converted, in blocks of a few rows. */
static void converted_columns(const job *j, const char *x, int64_t n, int64_t width, int64_t first, const char *shift,
                              char *states)
{
    _Alignas(64) char scratch[GATHER * 8], later[TILE * STATE_BYTES];
    int64_t block = GATHER / width, step = j->args->x_reduced * j->size;
    for (int64_t at = 0; at < n; at += block) {
        int64_t rows = tyi_min64(block, n - at);
        for (int64_t r = 0; r < rows; r++)
            j->gather(scratch + r * width * j->wide, j->wide, x + (at + r) * step, j->size, width);
        j->reducer->columns(scratch, width, rows, width, first + at, shift, at ? later : states);
        if (at)
            j->reducer->combine(states, later, width);
    }
}

static void reduce_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_reduce_args *a = j->args;
    _Alignas(64) char states[TILE * STATE_BYTES];
    for (int64_t u = begin; u < end; u++) {
        int64_t piece = u % j->pieces, tile = u / j->pieces % j->tiles, outer = u / j->pieces / j->tiles;
        int64_t first = piece * j->piece, n = tyi_min64(j->piece, a->reduced - first);
        int64_t inner = tile * j->tile, width = tyi_min64(j->tile, a->inner - inner);
        const char *x = (const char *)a->x + (outer * a->x_outer + inner + first * a->x_reduced) * j->size;
        const char *shift = shift_at(j, outer * a->inner + inner);
        if (j->gather)
            converted_columns(j, x, n, width, first, shift, states);
        else
            columns(j, x, n, width, first, shift, states);
        deliver(j, states, outer, inner, piece, width);
    }
}

/* Results from the states of pieces. */
static void combine_pieces(const job *j)
{
    const tyi_reduce_args *a = j->args;
    int64_t row = a->inner * (int64_t)j->reducer->state_size;
    for (int64_t o = 0; o < a->outer; o++) {
        char *state = j->states + o * j->pieces * row;
        for (int64_t piece = 1; piece < j->pieces; piece++)
            j->reducer->combine(state, state + piece * row, a->inner);
        for (int64_t i = 0; i < a->inner; i += TILE)
            finish(j, state + i * (int64_t)j->reducer->state_size, (char *)a->out + (o * a->inner + i) * j->out_size,
                   tyi_min64(TILE, a->inner - i));
    }
}

ty_status tyi_cpu_reduce(const tyi_reduce_args *given)
{
    tyi_reduce_args args = *given;
    if (args.outer * args.inner == 0)
        return TY_OK;
    /* Where there is no inner dimension, the outer one serves as such: as columns, or as rows that a task takes
     * together. */
    if (args.inner == 1) {
        args.inner = args.outer;
        args.x_inner = args.x_outer;
        args.outer = 1;
        args.x_outer = 0;
    }
    ty_dtype wide = tyi_wide_of(args.dtype);
    job j = {.args = &args, .reducer = find(args.op, wide)};
    j.size = (int64_t)ty_dtype_size(args.dtype);
    j.wide = (int64_t)ty_dtype_size(wide);
    bool truth = args.op == TYI_REDUCE_ALL || args.op == TYI_REDUCE_ANY;
    bool place = args.op == TYI_REDUCE_ARGMAX || args.op == TYI_REDUCE_ARGMIN;
    j.out_size = truth ? 1 : place ? 8 : args.wide_out ? j.wide : j.size;
    bool by_columns = args.inner > 1 && args.x_inner == 1 && args.x_reduced != 1 && args.reduced > 1;
    if (wide != args.dtype || (!by_columns && args.x_reduced != 1 && args.reduced > 1))
        j.gather = tyi_cpu_converts()->convert[wide][args.dtype];
    if (wide != args.dtype && !truth && !place && !args.wide_out)
        j.round = tyi_cpu_converts()->convert[args.dtype][wide];
    /* The fixed cut: by columns a piece has so many rows that it is worth a task with a tile's width. */
    int64_t outputs = args.outer * args.inner;
    j.tile = by_columns ? TILE : tyi_min64(TILE, tyi_cpu_grain(args.reduced));
    j.tile = tyi_min64(j.tile, args.inner);
    j.tiles = (args.inner + j.tile - 1) / j.tile;
    if (by_columns) {
        j.narrow = args.inner <= TILE / 8 && args.x_reduced == args.inner && !place;
        j.piece = PIECE / tyi_min64(args.inner, TILE);
        if (args.outer * j.tiles >= 16)
            j.piece *= 64;
    } else {
        j.piece = outputs < FEW ? PIECE : INT64_MAX / 2;
    }
    j.pieces = args.reduced ? (args.reduced + j.piece - 1) / j.piece : 1;
    if (j.pieces == 1)
        j.piece = args.reduced;
    if (j.pieces > 1) {
        size_t bytes = (size_t)(outputs * j.pieces) * j.reducer->state_size;
        j.states = malloc(bytes);
        if (!j.states)
            return tyi_fail_memory(bytes);
    }
    int64_t tasks = args.outer * j.tiles * j.pieces, cost = tyi_min64(j.piece, args.reduced) * j.tile;
    ty_status status =
        tyi_cpu_parallel(tasks, tyi_cpu_grain(cost), true, by_columns ? reduce_columns : reduce_rows, &j);
    if (j.states && status == TY_OK)
        combine_pieces(&j);
    free(j.states);
    return status;
}

typedef struct cumsum_job {
    ty_dtype dtype;
    const void *x;
    void *out;
    int64_t size, inner, tile, tiles;
} cumsum_job;

/* Sums along `size` of a tile of columns; S keeps more digits than T, as in PyTorch. */
#define CUMSUM(E, T, S)                                                                                                \
    static void cumsum_##E(const cumsum_job *j, int64_t begin, int64_t end)                                            \
    {                                                                                                                  \
        for (int64_t u = begin; u < end; u++) {                                                                        \
            int64_t at = u % j->tiles * j->tile, width = tyi_min64(j->tile, j->inner - at);                            \
            int64_t offset = u / j->tiles * j->size * j->inner + at;                                                   \
            const T *x = (const T *)j->x + offset;                                                                     \
            T *out = (T *)j->out + offset;                                                                             \
            S sum[TILE];                                                                                               \
            for (int64_t i = 0; i < width; i++)                                                                        \
                sum[i] = 0;                                                                                            \
            for (int64_t r = 0; r < j->size; r++, x += j->inner, out += j->inner)                                      \
                for (int64_t i = 0; i < width; i++) {                                                                  \
                    sum[i] = (S)(sum[i] + TYI_VALUE(E, x[i]));                                                         \
                    out[i] = TYI_ELEMENT(E, T, sum[i]);                                                                \
                }                                                                                                      \
        }                                                                                                              \
    }
CUMSUM(BOOL, bool, bool)
CUMSUM(UINT8, uint8_t, uint8_t)
CUMSUM(INT8, int8_t, int8_t)
CUMSUM(INT16, int16_t, int16_t)
CUMSUM(INT32, int32_t, int32_t)
CUMSUM(INT64, int64_t, int64_t)
CUMSUM(FLOAT16, ty_float16, float)
CUMSUM(BFLOAT16, ty_bfloat16, float)
CUMSUM(FLOAT32, float, double)
CUMSUM(FLOAT64, double, double)

static void cumsum_tiles(void *context, int64_t begin, int64_t end)
{
    const cumsum_job *j = context;
    switch (j->dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        cumsum_##E(j, begin, end);                                                                                     \
        break;
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
}

ty_status tyi_cpu_cumsum(ty_dtype dtype, const void *x, void *out, int64_t outer, int64_t size, int64_t inner)
{
    if (outer * size * inner == 0)
        return TY_OK;
    cumsum_job j = {dtype, x, out, size, inner, tyi_min64(inner, TILE), 0};
    j.tiles = (inner + j.tile - 1) / j.tile;
    return tyi_cpu_parallel(outer * j.tiles, tyi_cpu_grain(size * j.tile), true, cumsum_tiles, &j);
}
