/*
 * Drivers of softmax, log_softmax and the negative log-likelihood: they cut {outer, size, inner} data into rows or
 * tiles of columns and share them out to threads. The inner loops are in softmax_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define TILE     256 /* columns of a task */
#define EXP_COST 4   /* of an exponential, beside an addition */

typedef struct job {
    const tyi_softmax_loops *loops;
    const tyi_softmax_args *softmax; /* or */
    const tyi_nll_args *nll;
    int64_t size, inner, tiles, element; /* element: bytes */
} job;

static const tyi_softmax_loops *find(ty_dtype dtype)
{
    static const tyi_softmax_table *const variants[] = TYI_ISA_TABLE(&tyi_softmaxes);
    return &(*variants[tyi_cpu_isa()])[dtype];
}

/* Runs a task over rows (inner 1) or over tiles of columns. */
static ty_status run(job *j, int64_t outer, ty_dtype dtype, tyi_task rows, tyi_task columns)
{
    if (outer * j->size * j->inner == 0)
        return TY_OK;
    j->loops = find(dtype);
    j->element = (int64_t)ty_dtype_size(dtype);
    j->tiles = (j->inner + TILE - 1) / TILE;
    if (j->inner == 1)
        return tyi_cpu_parallel(outer, tyi_cpu_grain(j->size * EXP_COST), true, rows, j);
    int64_t cost = j->size * tyi_min64(j->inner, TILE) * EXP_COST;
    return tyi_cpu_parallel(outer * j->tiles, tyi_cpu_grain(cost), true, columns, j);
}

/* A tile's first element and width. */
static int64_t tile_at(const job *j, int64_t tile, int64_t *outer, int64_t *column, int64_t *width)
{
    *outer = tile / j->tiles;
    *column = tile % j->tiles * TILE;
    *width = tyi_min64(TILE, j->inner - *column);
    return (*outer * j->size * j->inner + *column) * j->element;
}

static void forward_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    int64_t at = begin * j->size * j->element;
    j->loops->rows((const char *)j->softmax->x + at, (char *)j->softmax->out + at, end - begin, j->size,
                   j->softmax->log);
}

static void forward_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    for (int64_t u = begin; u < end; u++) {
        int64_t outer, column, width, at = tile_at(j, u, &outer, &column, &width);
        j->loops->columns((const char *)j->softmax->x + at, (char *)j->softmax->out + at, j->size, j->inner, width,
                          j->softmax->log);
    }
}

static void backward_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_softmax_args *a = j->softmax;
    int64_t at = begin * j->size * j->element;
    j->loops->backward_rows((const char *)a->x + at, (const char *)a->grad + at, (char *)a->out + at, end - begin,
                            j->size, a->log);
}

static void backward_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_softmax_args *a = j->softmax;
    for (int64_t u = begin; u < end; u++) {
        int64_t outer, column, width, at = tile_at(j, u, &outer, &column, &width);
        j->loops->backward_columns((const char *)a->x + at, (const char *)a->grad + at, (char *)a->out + at, j->size,
                                   j->inner, width, a->log);
    }
}

ty_status tyi_cpu_softmax(const tyi_softmax_args *args)
{
    job j = {.softmax = args, .size = args->size, .inner = args->inner};
    return run(&j, args->outer, args->dtype, forward_rows, forward_columns);
}

ty_status tyi_cpu_softmax_backward(const tyi_softmax_args *args)
{
    job j = {.softmax = args, .size = args->size, .inner = args->inner};
    return run(&j, args->outer, args->dtype, backward_rows, backward_columns);
}

/* loss and factor from log-probabilities: one element of each row. */
#define PICK(E, T)                                                                                                     \
    static void pick_##E(const tyi_nll_args *a, const T *x)                                                            \
    {                                                                                                                  \
        T *loss = a->loss, *factor = a->factor;                                                                        \
        const T *weight = a->weight;                                                                                   \
        for (int64_t o = 0; o < a->outer; o++)                                                                         \
            for (int64_t i = 0; i < a->inner; i++) {                                                                   \
                int64_t at = o * a->inner + i, t = a->target[at];                                                      \
                bool ignored = t == a->ignore_index;                                                                   \
                T w = ignored ? 0 : weight ? weight[t] : 1;                                                            \
                factor[at] = w;                                                                                        \
                loss[at] = ignored ? 0 : -w * x[(o * a->classes + t) * a->inner + i];                                  \
            }                                                                                                          \
    }
PICK(FLOAT32, float)
PICK(FLOAT64, double)

ty_status tyi_cpu_nll(const tyi_nll_args *args)
{
    const void *x = args->x;
    if (args->from_logits) {
        tyi_softmax_args softmax = {.dtype = args->dtype, .log = true, .x = args->x, .out = args->log_probs};
        softmax.outer = args->outer;
        softmax.size = args->classes;
        softmax.inner = args->inner;
        if (tyi_cpu_softmax(&softmax) != TY_OK)
            return TY_FAIL;
        x = args->log_probs;
    }
    if (args->dtype == TY_FLOAT32)
        pick_FLOAT32(args, x);
    else
        pick_FLOAT64(args, x);
    return TY_OK;
}

static void entropy_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_nll_args *a = j->nll;
    int64_t at = begin * j->size * j->element, row = begin * j->element;
    j->loops->nll_rows((const char *)a->x + at, a->target + begin, (const char *)a->factor_in + row,
                       (const char *)a->grad + row, (char *)a->grad_x + at, end - begin, j->size);
}

static void entropy_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_nll_args *a = j->nll;
    for (int64_t u = begin; u < end; u++) {
        int64_t outer, column, width, at = tile_at(j, u, &outer, &column, &width), first = outer * j->inner + column;
        j->loops->nll_columns(
            (const char *)a->x + at, a->target + first, (const char *)a->factor_in + first * j->element,
            (const char *)a->grad + first * j->element, (char *)a->grad_x + at, j->size, j->inner, width);
    }
}

#define PLACE(E, T)                                                                                                    \
    static void place_##E(const tyi_nll_args *a)                                                                       \
    {                                                                                                                  \
        const T *grad = a->grad, *factor = a->factor_in;                                                               \
        T *out = a->grad_x;                                                                                            \
        for (int64_t o = 0; o < a->outer; o++)                                                                         \
            for (int64_t i = 0; i < a->inner; i++) {                                                                   \
                int64_t at = o * a->inner + i;                                                                         \
                if (a->target[at] != a->ignore_index)                                                                  \
                    out[(o * a->classes + a->target[at]) * a->inner + i] = -factor[at] * grad[at];                     \
            }                                                                                                          \
    }
PLACE(FLOAT32, float)
PLACE(FLOAT64, double)

ty_status tyi_cpu_nll_backward(const tyi_nll_args *args)
{
    if (args->from_logits) {
        job j = {.nll = args, .size = args->classes, .inner = args->inner};
        return run(&j, args->outer, args->dtype, entropy_rows, entropy_columns);
    }
    size_t bytes = (size_t)(args->outer * args->classes * args->inner) * ty_dtype_size(args->dtype);
    if (bytes)
        memset(args->grad_x, 0, bytes);
    if (args->dtype == TY_FLOAT32)
        place_FLOAT32(args);
    else
        place_FLOAT64(args);
    return TY_OK;
}
