/*
 * Drivers of the normalisations: they cut {outer, groups, per, run} data into rows, or into groups that reach over all
 * of outer, and share them out to threads. The inner loops are in norm_loops.c.
 */
#include <math.h>
#include <stdlib.h>

#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define COST   4  /* of an element, beside an addition */
#define PIECES 32 /* most parts that the gradients of weights are summed in */

typedef struct job {
    const tyi_norm_loops *loops;
    const tyi_norm_args *a;
    int64_t element; /* bytes */
    int64_t count;   /* elements behind one mean */
    int64_t piece;   /* rows of gradients: entries of outer in a piece */
    void *partial;   /* rows of gradients: what the pieces sum */
} job;

static job start(const tyi_norm_args *a)
{
    static const tyi_norm_table *const variants[] = TYI_ISA_TABLE(&tyi_norms);
    return (job){.loops = &(*variants[tyi_cpu_isa()])[a->dtype],
                 .a = a,
                 .element = (int64_t)ty_dtype_size(a->dtype),
                 .count = a->across ? a->outer * a->run : a->per * a->run};
}

static inline double load(const job *j, const void *p, int64_t i, double absent)
{
    if (!p)
        return absent;
    return j->a->dtype == TY_FLOAT32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static inline void store(const job *j, void *p, int64_t i, double value)
{
    if (!p)
        return;
    if (j->a->dtype == TY_FLOAT32)
        ((float *)p)[i] = (float)value;
    else
        ((double *)p)[i] = value;
}

/* The address of element `at`; NULL stays NULL. */
static inline void *place(const job *j, const void *p, int64_t at)
{
    return p ? (char *)(uintptr_t)p + at * j->element : NULL;
}

static void keep_moments(const job *j, int64_t i, const tyi_moments *m)
{
    double variance = m->squares / m->n;
    store(j, j->a->mean, i, m->mean);
    store(j, j->a->variance, i, variance);
    store(j, j->a->rstd, i, 1 / sqrt(variance + j->a->eps));
}

/* ---- Rows: a mean for each of outer and groups ---- */

static void row_statistics(const job *j, int64_t row, const void *x)
{
    if (j->a->centred) {
        tyi_moments m = {0};
        j->loops->moments(x, j->count, &m);
        keep_moments(j, row, &m);
    } else {
        store(j, j->a->rstd, row, 1 / sqrt(j->loops->squares(x, j->count) / (double)j->count + j->a->eps));
    }
}

static void forward_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t row = begin; row < end; row++) {
        int64_t at = row * j->count, channel = row % a->groups * a->per;
        row_statistics(j, row, place(j, a->x, at));
        double mean = load(j, a->mean, row, 0), rstd = load(j, a->rstd, row, 1);
        if (a->run == 1) {
            j->loops->apply_each(place(j, a->x, at), place(j, a->out, at), a->per, mean, rstd,
                                 place(j, a->weight, channel), place(j, a->bias, channel));
            continue;
        }
        for (int64_t c = channel; c < channel + a->per; c++, at += a->run)
            j->loops->apply(place(j, a->x, at), place(j, a->out, at), a->run, mean, rstd * load(j, a->weight, c, 1),
                            load(j, a->bias, c, 0));
    }
}

/* One row whose channels are runs: grad_x, and each channel's sums where they are kept. */
static void backward_runs(const job *j, int64_t row)
{
    const tyi_norm_args *a = j->a;
    int64_t at = row * j->count, channel = row % a->groups * a->per;
    double mean = load(j, a->mean, row, 0), rstd = load(j, a->rstd, row, 1), sum = 0, product = 0;
    double *kept = j->partial ? (double *)j->partial + 2 * row * a->per : NULL;
    for (int64_t c = 0; c < a->per; c++) {
        double s = 0, p = 0, weight = load(j, a->weight, channel + c, 1);
        j->loops->sums(place(j, a->x, at + c * a->run), place(j, a->grad, at + c * a->run), a->run, mean, &s, &p);
        if (kept) {
            kept[2 * c] = s;
            kept[2 * c + 1] = p * rstd;
        }
        sum += s * weight;
        product += p * weight;
    }
    double rest = a->centred ? -sum / (double)j->count * rstd : 0;
    double of_x = -product / (double)j->count * rstd * rstd * rstd;
    for (int64_t c = 0; a->grad_x && c < a->per; c++, at += a->run)
        j->loops->combine(place(j, a->x, at), place(j, a->grad, at), place(j, a->grad_x, at), a->run, mean,
                          rstd * load(j, a->weight, channel + c, 1), of_x, rest);
}

static void backward_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    int64_t width = a->groups * a->per;
    for (int64_t u = begin; u < end; u++) {
        int64_t last = tyi_min64((u + 1) * j->piece, a->outer);
        char *to_weight = a->run == 1 && j->partial ? (char *)j->partial + 2 * u * width * j->element : NULL;
        for (int64_t row = u * j->piece * a->groups; row < last * a->groups; row++) {
            int64_t channel = row % a->groups * a->per, at = row * j->count;
            if (a->run > 1) {
                backward_runs(j, row);
                continue;
            }
            j->loops->row_gradient(place(j, a->x, at), place(j, a->grad, at), place(j, a->weight, channel),
                                   place(j, a->grad_x, at), a->per, load(j, a->mean, row, 0), load(j, a->rstd, row, 1),
                                   a->centred, place(j, to_weight, channel), place(j, to_weight, width + channel));
        }
    }
}

/* The gradients of weight and bias from what the pieces, or the rows' channels, have summed. */
static void finish_rows(const job *j, int64_t pieces)
{
    const tyi_norm_args *a = j->a;
    int64_t width = a->groups * a->per;
    for (int64_t c = 0; c < width; c++) {
        double to_weight = 0, to_bias = 0;
        if (a->run == 1) {
            for (int64_t u = 0; u < pieces; u++) {
                to_weight += load(j, j->partial, 2 * u * width + c, 0);
                to_bias += load(j, j->partial, (2 * u + 1) * width + c, 0);
            }
        } else {
            const double *kept = j->partial;
            for (int64_t o = 0; o < a->outer; o++) {
                to_bias += kept[2 * (o * width + c)];
                to_weight += kept[2 * (o * width + c) + 1];
            }
        }
        store(j, a->grad_weight, c, to_weight);
        store(j, a->grad_bias, c, to_bias);
    }
}

static ty_status run_backward_rows(job *j)
{
    const tyi_norm_args *a = j->a;
    int64_t width = a->groups * a->per;
    j->piece = tyi_cpu_grain(a->groups * j->count * COST);
    if (a->outer > PIECES * j->piece)
        j->piece = (a->outer + PIECES - 1) / PIECES;
    int64_t pieces = (a->outer + j->piece - 1) / j->piece;
    if (a->grad_weight || a->grad_bias) {
        size_t bytes =
            (size_t)(a->run == 1 ? 2 * pieces * width * j->element : 2 * a->outer * width * (int64_t)sizeof(double));
        j->partial = calloc(bytes ? bytes : 1, 1);
        if (!j->partial)
            return ty_fail(TY_ERROR_MEMORY, "norm: out of memory for %zu bytes of sums", bytes);
    }
    ty_status status = tyi_cpu_parallel(pieces, 1, true, backward_rows, j);
    if (status == TY_OK && j->partial)
        finish_rows(j, pieces);
    free(j->partial);
    return status;
}

/* ---- Groups: a mean over all of outer ---- */

static void group_statistics(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t g = begin; g < end; g++) {
        tyi_moments m = {0};
        for (int64_t o = 0; o < a->outer; o++)
            j->loops->moments(place(j, a->x, (o * a->groups + g) * a->run), a->run, &m);
        keep_moments(j, g, &m);
    }
}

static void forward_groups(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t row = begin; row < end; row++) {
        int64_t g = row % a->groups, at = row * a->run;
        double scale = load(j, a->rstd, g, 1) * load(j, a->weight, g, 1);
        j->loops->apply(place(j, a->x, at), place(j, a->out, at), a->run, load(j, a->mean, g, 0), scale,
                        load(j, a->bias, g, 0));
    }
}

/* What a group's gradient needs of its sums: grad_x = grad a + (x - mean) b + c. */
typedef struct coefficients {
    double a, b, c;
} coefficients;

static coefficients group_coefficients(const job *j, int64_t g, double sum, double product)
{
    const tyi_norm_args *a = j->a;
    double rstd = load(j, a->rstd, g, 1), scale = rstd * load(j, a->weight, g, 1);
    store(j, a->grad_weight, g, product * rstd);
    store(j, a->grad_bias, g, sum);
    if (a->given)
        return (coefficients){scale, 0, 0};
    return (coefficients){scale, -scale * rstd * rstd * product / (double)j->count, -scale * sum / (double)j->count};
}

static void backward_groups(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t g = begin; g < end; g++) {
        double mean = load(j, a->mean, g, 0), sum = 0, product = 0;
        for (int64_t o = 0; o < a->outer; o++) {
            int64_t at = (o * a->groups + g) * a->run;
            j->loops->sums(place(j, a->x, at), place(j, a->grad, at), a->run, mean, &sum, &product);
        }
        coefficients k = group_coefficients(j, g, sum, product);
        for (int64_t o = 0; a->grad_x && o < a->outer; o++) {
            int64_t at = (o * a->groups + g) * a->run;
            j->loops->combine(place(j, a->x, at), place(j, a->grad, at), place(j, a->grad_x, at), a->run, mean, k.a,
                              k.b, k.c);
        }
    }
}

/* ---- Columns: groups whose runs are single elements, a tile of them at a time ---- */

static void forward_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t u = begin; u < end; u++) {
        int64_t first = u * TYI_NORM_TILE, width = tyi_min64(TYI_NORM_TILE, a->groups - first);
        double mean[TYI_NORM_TILE], scale[TYI_NORM_TILE], bias[TYI_NORM_TILE];
        if (!a->given) {
            tyi_moments m[TYI_NORM_TILE] = {{0}};
            j->loops->moments_columns(place(j, a->x, first), a->outer, a->groups, width, m);
            for (int64_t i = 0; i < width; i++)
                keep_moments(j, first + i, &m[i]);
        }
        for (int64_t i = 0; i < width; i++) {
            mean[i] = load(j, a->mean, first + i, 0);
            scale[i] = load(j, a->rstd, first + i, 1) * load(j, a->weight, first + i, 1);
            bias[i] = load(j, a->bias, first + i, 0);
        }
        j->loops->apply_columns(place(j, a->x, first), place(j, a->out, first), a->outer, a->groups, width, mean, scale,
                                bias);
    }
}

static void backward_columns(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_norm_args *a = j->a;
    for (int64_t u = begin; u < end; u++) {
        int64_t first = u * TYI_NORM_TILE, width = tyi_min64(TYI_NORM_TILE, a->groups - first);
        double mean[TYI_NORM_TILE], of_grad[TYI_NORM_TILE], of_x[TYI_NORM_TILE], rest[TYI_NORM_TILE];
        double sum[TYI_NORM_TILE] = {0}, product[TYI_NORM_TILE] = {0};
        const void *x = place(j, a->x, first), *grad = place(j, a->grad, first);
        for (int64_t i = 0; i < width; i++)
            mean[i] = load(j, a->mean, first + i, 0);
        j->loops->sums_columns(x, grad, a->outer, a->groups, width, mean, sum, product);
        for (int64_t i = 0; i < width; i++) {
            coefficients k = group_coefficients(j, first + i, sum[i], product[i]);
            of_grad[i] = k.a;
            of_x[i] = k.b;
            rest[i] = k.c;
        }
        if (a->grad_x)
            j->loops->combine_columns(x, grad, place(j, a->grad_x, first), a->outer, a->groups, width, mean, of_grad,
                                      of_x, rest);
    }
}

/* ---- The table's functions ---- */

ty_status tyi_cpu_norm(const tyi_norm_args *args)
{
    job j = start(args);
    int64_t tiles = (args->groups + TYI_NORM_TILE - 1) / TYI_NORM_TILE;
    if (!args->across)
        return tyi_cpu_parallel(args->outer * args->groups, tyi_cpu_grain(j.count * COST), true, forward_rows, &j);
    if (args->run == 1)
        return tyi_cpu_parallel(tiles, tyi_cpu_grain(args->outer * TYI_NORM_TILE * COST), true, forward_columns, &j);
    if (!args->given &&
        tyi_cpu_parallel(args->groups, tyi_cpu_grain(j.count * COST), true, group_statistics, &j) != TY_OK)
        return TY_FAIL;
    return tyi_cpu_parallel(args->outer * args->groups, tyi_cpu_grain(args->run), true, forward_groups, &j);
}

ty_status tyi_cpu_norm_backward(const tyi_norm_args *args)
{
    job j = start(args);
    int64_t tiles = (args->groups + TYI_NORM_TILE - 1) / TYI_NORM_TILE;
    if (!args->across)
        return run_backward_rows(&j);
    if (args->run == 1)
        return tyi_cpu_parallel(tiles, tyi_cpu_grain(args->outer * TYI_NORM_TILE * COST), true, backward_columns, &j);
    return tyi_cpu_parallel(args->groups, tyi_cpu_grain(j.count * COST), true, backward_groups, &j);
}
