/*
 * Drivers of softmax, log_softmax and the negative log-likelihood: they cut {outer, size, inner} data into rows or
 * tiles of columns and share them out to threads. The reduced floating dtypes are computed as float32 and rounded once.
 * The inner loops are in softmax_loops.c.
 */
#include <stdlib.h>

#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"
#include "backend/cpu/widen.h"

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

/* softmax or its gradient, through float32. */
static ty_status softmax_widened(const tyi_softmax_args *args, ty_status (*kernel)(const tyi_softmax_args *))
{
    tyi_softmax_args wide = *args;
    int64_t n = args->outer * args->size * args->inner;
    float *x = tyi_cpu_widen(args->dtype, args->x, n), *out = x ? tyi_cpu_floats(n) : NULL;
    float *grad = out && args->grad ? tyi_cpu_widen(args->dtype, args->grad, n) : NULL;
    ty_status status = out && (grad || !args->grad) ? TY_OK : TY_FAIL;
    wide.dtype = TY_FLOAT32;
    wide.x = x, wide.grad = grad, wide.out = out;
    if (status == TY_OK)
        status = kernel(&wide);
    if (status == TY_OK)
        tyi_cpu_round(args->dtype, args->out, out, n);
    free(x);
    free(out);
    free(grad);
    return status;
}

ty_status tyi_cpu_softmax(const tyi_softmax_args *args)
{
    if (tyi_is_reduced(args->dtype))
        return softmax_widened(args, tyi_cpu_softmax);
    job j = {.softmax = args, .size = args->size, .inner = args->inner};
    return run(&j, args->outer, args->dtype, forward_rows, forward_columns);
}

ty_status tyi_cpu_softmax_backward(const tyi_softmax_args *args)
{
    if (tyi_is_reduced(args->dtype))
        return softmax_widened(args, tyi_cpu_softmax_backward);
    job j = {.softmax = args, .size = args->size, .inner = args->inner};
    return run(&j, args->outer, args->dtype, backward_rows, backward_columns);
}

/* loss and factor from log-probabilities: one element of each row. */
#define PICK(E, T, W)                                                                                                  \
    static void pick_##E(const tyi_nll_args *a, const T *x)                                                            \
    {                                                                                                                  \
        T *loss = a->loss, *factor = a->factor;                                                                        \
        const T *weight = a->weight;                                                                                   \
        for (int64_t o = 0; o < a->outer; o++)                                                                         \
            for (int64_t i = 0; i < a->inner; i++) {                                                                   \
                int64_t at = o * a->inner + i, t = a->target[at];                                                      \
                bool ignored = t == a->ignore_index;                                                                   \
                W w = ignored ? 0 : weight ? TYI_VALUE(E, weight[t]) : 1;                                              \
                W y = ignored ? 0 : -w * TYI_VALUE(E, x[(o * a->classes + t) * a->inner + i]);                         \
                factor[at] = TYI_ELEMENT(E, T, w);                                                                     \
                loss[at] = TYI_ELEMENT(E, T, y);                                                                       \
            }                                                                                                          \
    }
PICK(FLOAT16, ty_float16, float)
PICK(BFLOAT16, ty_bfloat16, float)
PICK(FLOAT32, float, float)
PICK(FLOAT64, double, double)

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
    switch (args->dtype) {
    case TY_FLOAT16:
        pick_FLOAT16(args, x);
        break;
    case TY_BFLOAT16:
        pick_BFLOAT16(args, x);
        break;
    case TY_FLOAT32:
        pick_FLOAT32(args, x);
        break;
    default:
        pick_FLOAT64(args, x);
    }
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
                    out[(o * a->classes + a->target[at]) * a->inner + i] =                                             \
                        TYI_ELEMENT(E, T, -TYI_VALUE(E, factor[at]) * TYI_VALUE(E, grad[at]));                         \
            }                                                                                                          \
    }
PLACE(FLOAT16, ty_float16)
PLACE(BFLOAT16, ty_bfloat16)
PLACE(FLOAT32, float)
PLACE(FLOAT64, double)

/* Cross entropy's gradient, through float32. */
static ty_status entropy_widened(const tyi_nll_args *args)
{
    tyi_nll_args wide = *args;
    int64_t rows = args->outer * args->inner, n = rows * args->classes;
    float *x = tyi_cpu_widen(args->dtype, args->x, n), *out = x ? tyi_cpu_floats(n) : NULL;
    float *grad = out ? tyi_cpu_widen(args->dtype, args->grad, rows) : NULL;
    float *factor = grad ? tyi_cpu_widen(args->dtype, args->factor_in, rows) : NULL;
    wide.dtype = TY_FLOAT32;
    wide.x = x, wide.grad = grad, wide.factor_in = factor, wide.grad_x = out;
    ty_status status = factor ? tyi_cpu_nll_backward(&wide) : TY_FAIL;
    if (status == TY_OK)
        tyi_cpu_round(args->dtype, args->grad_x, out, n);
    free(x);
    free(out);
    free(grad);
    free(factor);
    return status;
}

ty_status tyi_cpu_nll_backward(const tyi_nll_args *args)
{
    if (args->from_logits && tyi_is_reduced(args->dtype))
        return entropy_widened(args);
    if (args->from_logits) {
        job j = {.nll = args, .size = args->classes, .inner = args->inner};
        return run(&j, args->outer, args->dtype, entropy_rows, entropy_columns);
    }
    size_t bytes = (size_t)(args->outer * args->classes * args->inner) * ty_dtype_size(args->dtype);
    if (bytes)
        memset(args->grad_x, 0, bytes);
    switch (args->dtype) {
    case TY_FLOAT16:
        place_FLOAT16(args);
        break;
    case TY_BFLOAT16:
        place_BFLOAT16(args);
        break;
    case TY_FLOAT32:
        place_FLOAT32(args);
        break;
    default:
        place_FLOAT64(args);
    }
    return TY_OK;
}
