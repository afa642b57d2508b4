/*
 * Convolution by columns: the elements under the window at some positions become columns of a small matrix, and a
 * matrix product does the rest. Never more than a block of columns at a time is there, one for each thread. Each of
 * the three parts cuts its work by what it writes, and the cuts depend on the sizes alone: results do not depend on the
 * number of threads. Relies on gemm.h and on the loops of conv.h; groups of few channels go to conv_planes.c.
 */
#include "backend/cpu/conv.h"

#include <string.h>

#include "backend/cpu/gemm.h"
#include "backend/cpu/walk.h"
#include "tensor/interrupt.h"
#include "tensor/storage.h"

#define PIECE_FLOPS  400000    /* least work of a piece */
#define PIECES       16        /* that should be there for the threads to share */
#define K_CACHED     448       /* rows of columns that a product goes through at a time (gemm.c's block of k) */
#define BLOCK_BYTES  (1 << 17) /* of so many rows of a block of columns: more would be packed once more */
#define CHUNK_BYTES  (1 << 18) /* of columns that stand between a product and the image: half a second cache */
#define DIRECT_BLOCK 256       /* positions of a block of a convolution that needs no columns */
#define LONG_BLOCK   512       /* of the gradient of the weight, whose products sum over positions */
#define PARTS_BYTES  (1 << 25) /* most memory for gradients of the weight that are summed in parts */

const tyi_conv_loops *tyi_conv_loops_of(ty_dtype dtype)
{
    static const tyi_conv_table *const variants[] = TYI_ISA_TABLE(&tyi_convs);
    return &(*variants[tyi_cpu_isa()])[dtype];
}

ty_status tyi_conv_run(tyi_conv_job *job, int64_t count, double flops, tyi_task task)
{
    int64_t grain = (int64_t)(PIECE_FLOPS / (flops + 1)) + 1;
    if (tyi_cpu_parallel(count, grain, true, task, job) != TY_OK)
        return TY_FAIL;
    int failed = atomic_load_explicit(&job->failed, memory_order_relaxed);
    if (failed == TY_ERROR_INTERRUPT)
        return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
    return failed ? ty_fail(TY_ERROR_MEMORY, "out of memory: no room for a convolution's scratch space") : TY_OK;
}

void *tyi_conv_scratch(tyi_conv_job *job, int64_t elements)
{
    void *scratch = NULL;
    if (tyi_cpu_allocate(0, (size_t)(elements * job->element), &scratch) != TY_OK)
        atomic_store_explicit(&job->failed, ty_error_what(), memory_order_relaxed);
    return scratch;
}

static void multiply(tyi_conv_job *job, const tyi_gemm *g)
{
    if (tyi_gemm_run(g, job->args->dtype == TY_FLOAT64) != TY_OK)
        atomic_store_explicit(&job->failed, ty_error_what(), memory_order_relaxed);
}

static void *at(const tyi_conv_job *job, const void *base, int64_t index)
{
    return (char *)base + index * job->element;
}

static bool stopped(const tyi_conv_job *job)
{
    return atomic_load_explicit(&job->failed, memory_order_relaxed) || tyi_interrupted();
}

/* First element of an image's group. */
static void *x_at(const tyi_conv_job *job, int64_t image, int64_t group)
{
    const tyi_conv_args *a = job->args;
    return at(job, a->x, (image * a->groups + group) * a->in_channels * job->in);
}

static void *y_at(const tyi_conv_job *job, int64_t image, int64_t group)
{
    const tyi_conv_args *a = job->args;
    return at(job, a->y, (image * a->groups + group) * a->out_channels * job->out);
}

/* ---- How the work is cut ---- */

static int64_t count_of(int64_t n, int64_t part)
{
    return (n + part - 1) / part;
}

/* Elements between rows of `block` columns: an odd number of cache lines, so that neighbouring rows fall into different
 * sets of the cache. */
static int64_t row_of(const tyi_conv_job *job, int64_t block)
{
    int64_t line = TYI_ALIGNMENT / job->element;
    return (count_of(block, line) | 1) * line;
}

/* Blocks of about `most` positions, alike but for the last. */
static void cut_positions(tyi_conv_job *job, int64_t most)
{
    int64_t line = TYI_ALIGNMENT / job->element;
    most = most < 3 * line ? 3 * line : most / line * line;
    job->block = job->out <= most + most / 4 ? job->out : most;
    job->blocks = count_of(job->out, job->block);
    job->row = job->direct ? job->out : row_of(job, job->block);
}

/* Chunks of channels of x, for `items` times the work each: few enough channels for a block of columns to stay in the
 * cache, and for the threads to have something to share. */
static void cut_channels(tyi_conv_job *job, int64_t items)
{
    int64_t channels = job->args->in_channels;
    int64_t most = CHUNK_BYTES / (job->kernel * job->block * job->element);
    job->chunk = most < 1 ? 1 : most < channels ? most : channels;
    while (items * count_of(channels, job->chunk) < PIECES && job->chunk * job->kernel >= 64)
        job->chunk = count_of(job->chunk, 2);
    job->chunks = count_of(channels, job->chunk);
}

static double flops_of(const tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    return 2.0 * (double)(a->batch * a->groups * a->out_channels * job->out) * (double)(a->in_channels * job->kernel);
}

/* ---- y ---- */

static void y_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    void *columns = job->direct ? NULL : tyi_conv_scratch(job, job->rows * job->row);
    for (int64_t item = begin; item < end && (columns || job->direct) && !stopped(job); item++) {
        int64_t block = item % job->blocks, group = item / job->blocks % a->groups;
        int64_t image = item / job->blocks / a->groups;
        int64_t from = block * job->block, to = tyi_min64(from + job->block, job->out);
        char *x = x_at(job, image, group);
        if (!job->direct)
            job->loops->gather(&a->window, x, a->in_channels, from, to, columns, job->row);
        tyi_gemm g = {.m = a->out_channels, .n = to - from, .k = job->rows, .alpha = 1};
        g.a = at(job, a->weight, group * a->out_channels * job->rows), g.a_row = job->rows, g.a_col = 1;
        g.b = job->direct ? at(job, x, from) : columns, g.b_row = job->row, g.b_col = 1;
        g.c = at(job, y_at(job, image, group), from), g.c_row = job->out, g.c_col = 1;
        g.bias = a->bias ? at(job, a->bias, group * a->out_channels) : NULL, g.bias_row = 1;
        multiply(job, &g);
    }
    if (columns)
        tyi_cpu_release(0, columns, (size_t)(job->rows * job->row * job->element));
}

static ty_status run_y(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    int64_t cached = job->rows < K_CACHED ? job->rows : K_CACHED;
    cut_positions(job, job->direct ? DIRECT_BLOCK : BLOCK_BYTES / (cached * job->element));
    int64_t items = a->batch * a->groups * job->blocks;
    return tyi_conv_run(job, items, flops_of(job) / (double)items, y_task);
}

/* ---- x ---- */

/* What the products are added to: bias or 0. */
static void start_x(const tyi_conv_job *job, int64_t channel, int64_t channels, char *x)
{
    if (!job->args->bias) {
        memset(x, 0, (size_t)(channels * job->in * job->element));
        return;
    }
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < job->in; i++)
            memcpy(x + (c * job->in + i) * job->element, at(job, job->args->bias, channel + c), (size_t)job->element);
}

static void x_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    int64_t scratch = job->chunk * job->kernel * job->row;
    void *columns = job->direct ? NULL : tyi_conv_scratch(job, scratch);
    for (int64_t item = begin; item < end && (columns || job->direct) && !stopped(job); item++) {
        int64_t chunk = item % job->chunks, group = item / job->chunks % a->groups;
        int64_t image = item / job->chunks / a->groups;
        int64_t channel = chunk * job->chunk, channels = tyi_min64(job->chunk, a->in_channels - channel);
        char *x = at(job, x_at(job, image, group), channel * job->in);
        if (!job->direct)
            start_x(job, group * a->in_channels + channel, channels, x);
        for (int64_t block = 0; block < job->blocks; block++) {
            int64_t from = block * job->block, to = tyi_min64(from + job->block, job->out);
            tyi_gemm g = {.m = channels * job->kernel, .n = to - from, .k = a->out_channels, .alpha = 1};
            g.a = at(job, a->weight, group * a->out_channels * job->rows + channel * job->kernel);
            g.a_row = 1, g.a_col = job->rows;
            g.b = at(job, y_at(job, image, group), from), g.b_row = job->out, g.b_col = 1;
            g.c = job->direct ? at(job, x, from) : columns, g.c_row = job->row, g.c_col = 1;
            if (job->direct && a->bias)
                g.bias = at(job, a->bias, group * a->in_channels + channel), g.bias_row = 1;
            multiply(job, &g);
            if (!job->direct)
                job->loops->scatter(&a->window, x, channels, from, to, columns, job->row);
        }
    }
    if (columns)
        tyi_cpu_release(0, columns, (size_t)(scratch * job->element));
}

static ty_status run_x(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    cut_positions(job, DIRECT_BLOCK);
    cut_channels(job, a->batch * a->groups);
    int64_t items = a->batch * a->groups * job->chunks;
    return tyi_conv_run(job, items, flops_of(job) / (double)items, x_task);
}

/* ---- The weight ---- */

/* One chunk of channels of one group, over the images of one part of the batch. */
static void weight_item(tyi_conv_job *job, int64_t item, void *columns)
{
    const tyi_conv_args *a = job->args;
    int64_t chunk = item % job->chunks, group = item / job->chunks % a->groups;
    int64_t part = item / job->chunks / a->groups;
    int64_t channel = chunk * job->chunk, channels = tyi_min64(job->chunk, a->in_channels - channel);
    int64_t first = part * job->part, last = tyi_min64(first + job->part, a->batch);
    char *sum = job->parts == 1 ? a->weight : at(job, job->sums, part * a->groups * a->out_channels * job->rows);
    sum = at(job, sum, group * a->out_channels * job->rows + channel * job->kernel);
    for (int64_t image = first; image < last && !stopped(job); image++) {
        char *x = at(job, x_at(job, image, group), channel * job->in);
        for (int64_t block = 0; block < job->blocks; block++) {
            int64_t from = block * job->block, to = tyi_min64(from + job->block, job->out);
            if (!job->direct)
                job->loops->gather(&a->window, x, channels, from, to, columns, job->row);
            tyi_gemm g = {.m = a->out_channels, .n = channels * job->kernel, .k = to - from, .alpha = 1};
            g.a = at(job, y_at(job, image, group), from), g.a_row = job->out, g.a_col = 1;
            g.b = job->direct ? at(job, x, from) : columns, g.b_row = 1, g.b_col = job->row;
            g.c = sum, g.c_row = job->rows, g.c_col = 1;
            g.beta = image > first || block > 0;
            multiply(job, &g);
        }
    }
}

static void weight_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    int64_t scratch = job->chunk * job->kernel * job->row;
    void *columns = job->direct ? NULL : tyi_conv_scratch(job, scratch);
    for (int64_t item = begin; item < end && (columns || job->direct); item++)
        weight_item(job, item, columns);
    if (columns)
        tyi_cpu_release(0, columns, (size_t)(scratch * job->element));
}

static void add_up(const tyi_conv_job *job, int64_t n)
{
#define ADD_UP(T)                                                                                                      \
    for (int64_t i = 0; i < n; i++) {                                                                                  \
        T sum = 0;                                                                                                     \
        for (int64_t p = 0; p < job->parts; p++)                                                                       \
            sum += ((const T *)job->sums)[p * n + i];                                                                  \
        ((T *)job->args->weight)[i] = sum;                                                                             \
    }
    if (job->args->dtype == TY_FLOAT64) {
        ADD_UP(double)
    } else {
        ADD_UP(float)
    }
#undef ADD_UP
}

static ty_status run_weight(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    int64_t n = a->groups * a->out_channels * job->rows;
    cut_positions(job, LONG_BLOCK);
    cut_channels(job, a->groups * tyi_min64(a->batch, PIECES));
    int64_t items = a->groups * job->chunks;
    int64_t parts = flops_of(job) < 2 * PIECE_FLOPS ? 1 : tyi_min64(a->batch, count_of(PIECES, items));
    while (parts > 1 && parts * n * job->element > PARTS_BYTES)
        parts /= 2;
    job->part = count_of(a->batch, parts);
    job->parts = count_of(a->batch, job->part);
    size_t bytes = job->parts > 1 ? (size_t)(job->parts * n * job->element) : 0;
    if (bytes && tyi_cpu_allocate(0, bytes, &job->sums) != TY_OK)
        return TY_FAIL;
    items *= job->parts;
    ty_status status = tyi_conv_run(job, items, flops_of(job) / (double)items, weight_task);
    if (bytes && status == TY_OK)
        add_up(job, n);
    if (bytes)
        tyi_cpu_release(0, job->sums, bytes);
    return status;
}

/* ---- The kernels ---- */

static int64_t product(const int64_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

ty_status tyi_cpu_conv(const tyi_conv_args *args)
{
    const tyi_window *w = &args->window;
    tyi_conv_job job = {.args = args, .loops = tyi_conv_loops_of(args->dtype)};
    job.element = (int64_t)ty_dtype_size(args->dtype);
    job.in = product(w->in), job.out = product(w->out), job.kernel = product(w->kernel);
    job.rows = args->in_channels * job.kernel;
    job.direct = job.kernel == 1;
    for (int d = 0; d < 3; d++)
        job.direct = job.direct && w->stride[d] == 1 && w->pad[d] == 0 && w->in[d] == w->out[d];
    if (tyi_conv_by_planes(args))
        return tyi_conv_planes(&job);
    switch (args->part) {
    case TYI_CONV_Y:
        return run_y(&job);
    case TYI_CONV_X:
        return run_x(&job);
    default:
        return run_weight(&job);
    }
}

typedef struct columns_job {
    const tyi_columns_args *args;
    const tyi_conv_loops *loops;
    int64_t element, in, out, kernel;
} columns_job;

/* Items are planes. */
static void columns_task(void *context, int64_t begin, int64_t end)
{
    const columns_job *j = context;
    const tyi_columns_args *a = j->args;
    char *x = (char *)a->x + begin * j->in * j->element;
    char *columns = (char *)a->columns + begin * j->kernel * j->out * j->element;
    if (a->back) {
        memset(x, 0, (size_t)((end - begin) * j->in * j->element));
        j->loops->scatter(&a->window, x, end - begin, 0, j->out, columns, j->out);
    } else {
        j->loops->gather(&a->window, x, end - begin, 0, j->out, columns, j->out);
    }
}

ty_status tyi_cpu_columns(const tyi_columns_args *args)
{
    const tyi_window *w = &args->window;
    columns_job j = {args,
                     tyi_conv_loops_of(args->dtype),
                     (int64_t)ty_dtype_size(args->dtype),
                     product(w->in),
                     product(w->out),
                     product(w->kernel)};
    return tyi_cpu_parallel(args->batch * args->channels, tyi_cpu_grain(j.out * j.kernel), true, columns_task, &j);
}
