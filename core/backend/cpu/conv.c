/*
 * Convolution: what its drivers share, the windows of one element, which are matrix products as they stand, and windows
 * written down as columns. Other windows go to conv_tiled.c, groups of few channels to conv_planes.c. The cuts depend
 * on the sizes alone: results do not depend on the number of threads. Relies on gemm.h and on the loops of conv.h.
 */
#include "backend/cpu/conv.h"

#include <string.h>

#include "backend/cpu/gemm.h"
#include "backend/cpu/walk.h"
#include "tensor/interrupt.h"
#include "tensor/storage.h"

#define PIECE_FLOPS 400000 /* least work of a piece */
#define BLOCK       256    /* positions of a block */

const tyi_conv_loops *tyi_conv_loops_of(ty_dtype dtype)
{
    static const tyi_conv_table *const variants[] = TYI_ISA_TABLE(&tyi_convs);
    return &(*variants[tyi_cpu_isa()])[dtype];
}

ty_status tyi_conv_run(tyi_conv_job *job, void *context, int64_t count, double flops, tyi_task task)
{
    int64_t grain = (int64_t)(PIECE_FLOPS / (flops + 1)) + 1;
    if (tyi_cpu_parallel(count, grain, true, task, context) != TY_OK)
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

/* Blocks of positions, alike but for the last. */
static void cut_positions(tyi_conv_job *job, int64_t most)
{
    job->block = job->out <= most + most / 4 ? job->out : most;
    job->blocks = count_of(job->out, job->block);
}

static double flops_of(const tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    return 2.0 * (double)(a->batch * a->groups * a->out_channels * job->out) * (double)a->in_channels;
}

/* ---- y ---- */

static void y_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    for (int64_t item = begin; item < end && !stopped(job); item++) {
        int64_t block = item % job->blocks, group = item / job->blocks % a->groups;
        int64_t image = item / job->blocks / a->groups, from = block * job->block;
        tyi_gemm g = {.m = a->out_channels, .k = a->in_channels, .alpha = 1};
        g.n = tyi_min64(job->block, job->out - from);
        g.a = at(job, a->weight, group * a->out_channels * a->in_channels), g.a_row = a->in_channels, g.a_col = 1;
        g.b = at(job, x_at(job, image, group), from), g.b_row = job->out, g.b_col = 1;
        g.c = at(job, y_at(job, image, group), from), g.c_row = job->out, g.c_col = 1;
        g.bias = a->bias ? at(job, a->bias, group * a->out_channels) : NULL, g.bias_row = 1;
        multiply(job, &g);
    }
}

/* ---- x ---- */

static void x_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    for (int64_t item = begin; item < end && !stopped(job); item++) {
        int64_t block = item % job->blocks, group = item / job->blocks % a->groups;
        int64_t image = item / job->blocks / a->groups, from = block * job->block;
        tyi_gemm g = {.m = a->in_channels, .k = a->out_channels, .alpha = 1};
        g.n = tyi_min64(job->block, job->out - from);
        g.a = at(job, a->weight, group * a->out_channels * a->in_channels), g.a_row = 1, g.a_col = a->in_channels;
        g.b = at(job, y_at(job, image, group), from), g.b_row = job->out, g.b_col = 1;
        g.c = at(job, x_at(job, image, group), from), g.c_row = job->out, g.c_col = 1;
        g.bias = a->bias ? at(job, a->bias, group * a->in_channels) : NULL, g.bias_row = 1;
        multiply(job, &g);
    }
}

/* ---- The weight ---- */

/* Items are groups: the products of the images are summed up one after the other, and share out their own rows. */
static void weight_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    for (int64_t group = begin; group < end; group++)
        for (int64_t image = 0; image < a->batch && !stopped(job); image++) {
            tyi_gemm g = {.m = a->out_channels, .n = a->in_channels, .k = job->out, .alpha = 1};
            g.a = y_at(job, image, group), g.a_row = job->out, g.a_col = 1;
            g.b = x_at(job, image, group), g.b_row = 1, g.b_col = job->out;
            g.c = at(job, a->weight, group * a->out_channels * a->in_channels), g.c_row = a->in_channels, g.c_col = 1;
            g.beta = image > 0;
            multiply(job, &g);
        }
}

/* A window of one element that moves by one: every image is its own columns. */
static ty_status run_direct(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    if (a->part == TYI_CONV_WEIGHT)
        return tyi_conv_run(job, job, a->groups, flops_of(job) / (double)a->groups, weight_task);
    cut_positions(job, BLOCK);
    int64_t items = a->batch * a->groups * job->blocks;
    return tyi_conv_run(job, job, items, flops_of(job) / (double)items, a->part == TYI_CONV_Y ? y_task : x_task);
}

/* ---- The kernels ---- */

static int64_t product(const int64_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

/* The sums of y by channel: of each plane, then over the batch. */
static ty_status sum_y(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    int64_t channels = a->groups * a->out_channels, planes = a->batch * channels;
    tyi_reduce_args sum = {.op = TYI_REDUCE_SUM, .dtype = a->dtype, .x = a->y, .outer = planes, .reduced = job->out};
    sum.inner = sum.x_reduced = sum.x_inner = 1, sum.x_outer = job->out;
    sum.out = tyi_conv_scratch(job, planes);
    if (!sum.out)
        return TY_FAIL;
    ty_status status = tyi_cpu_reduce(&sum);
    tyi_reduce_args over = {.op = TYI_REDUCE_SUM, .dtype = a->dtype, .x = sum.out, .out = a->y_sums, .outer = 1};
    over.reduced = a->batch, over.x_reduced = over.inner = channels, over.x_outer = planes, over.x_inner = 1;
    if (status == TY_OK)
        status = tyi_cpu_reduce(&over);
    tyi_cpu_release(0, sum.out, (size_t)(planes * job->element));
    return status;
}

ty_status tyi_cpu_conv(const tyi_conv_args *args)
{
    const tyi_window *w = &args->window;
    tyi_conv_job job = {.args = args, .loops = tyi_conv_loops_of(args->dtype)};
    job.element = (int64_t)ty_dtype_size(args->dtype);
    job.in = product(w->in), job.out = product(w->out), job.kernel = product(w->kernel);
    job.rows = args->in_channels * job.kernel;
    bool direct = job.kernel == 1;
    for (int d = 0; d < 3; d++)
        direct = direct && w->stride[d] == 1 && w->pad[d] == 0 && w->in[d] == w->out[d];
    bool planes = tyi_conv_by_planes(args);
    if (!planes && !direct)
        return tyi_conv_tiled(&job);
    if ((planes ? tyi_conv_planes(&job) : run_direct(&job)) != TY_OK)
        return TY_FAIL;
    return args->part == TYI_CONV_WEIGHT && args->y_sums ? sum_y(&job) : TY_OK;
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
