/*
 * Convolution with one input channel and few output channels in each group (depthwise ones): too little for a matrix
 * product, so a window slides over one plane after the other. Planes are spread out first (conv.h), so that all strides
 * are read alike and no edge needs care. Relies on the loops of conv.h.
 */
#include <string.h>

#include "backend/cpu/conv.h"
#include "backend/cpu/walk.h"
#include "tensor/interrupt.h"
#include "tensor/storage.h"

#define MOST_CHANNELS 4

bool tyi_conv_by_planes(const tyi_conv_args *args)
{
    return args->in_channels == 1 && (args->out_channels <= MOST_CHANNELS || args->part == TYI_CONV_X);
}

static int64_t spread_elements(const tyi_conv_job *job)
{
    const tyi_spread *s = &job->spread;
    return s->size[0] * s->rows * s->row + TYI_SLIDE_SLACK;
}

/* A spread plane, all zeros. */
static void *new_spread(tyi_conv_job *job)
{
    void *spread = tyi_conv_scratch(job, spread_elements(job));
    if (spread)
        memset(spread, 0, (size_t)(spread_elements(job) * job->element));
    return spread;
}

static void drop_spread(tyi_conv_job *job, void *spread)
{
    if (spread)
        tyi_cpu_release(0, spread, (size_t)(spread_elements(job) * job->element));
}

/* The plane at `index` planes of `size` elements from base. */
static char *plane(const tyi_conv_job *job, const void *base, int64_t index, int64_t size)
{
    return (char *)base + index * size * job->element;
}

/* Items are planes of y. */
static void y_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    char *spread = new_spread(job);
    int64_t spread_of = -1, channels = a->groups * a->out_channels;
    for (int64_t item = begin; spread && item < end && !tyi_interrupted(); item++) {
        int64_t channel = item % channels;
        if (item / a->out_channels != spread_of) {
            spread_of = item / a->out_channels;
            job->loops->spread(&job->spread, plane(job, a->x, spread_of, job->in), spread);
        }
        job->loops->slide(&job->slide, spread, plane(job, a->weight, channel, job->kernel),
                          a->bias ? plane(job, a->bias, channel, 1) : NULL, false, plane(job, a->y, item, job->out));
    }
    drop_spread(job, spread);
}

/* Items are planes of x. */
static void x_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    char *spread = new_spread(job);
    for (int64_t item = begin; spread && item < end && !tyi_interrupted(); item++) {
        int64_t group = item % a->groups;
        for (int64_t o = 0; o < a->out_channels; o++) {
            job->loops->spread(&job->spread, plane(job, a->y, item * a->out_channels + o, job->out), spread);
            job->loops->slide(&job->slide, spread, plane(job, a->weight, group * a->out_channels + o, job->kernel),
                              a->bias && o == 0 ? plane(job, a->bias, group, 1) : NULL, o > 0,
                              plane(job, a->x, item, job->in));
        }
    }
    drop_spread(job, spread);
}

/* Items are groups. Sums over the batch in float64. */
static void weight_task(void *context, int64_t begin, int64_t end)
{
    tyi_conv_job *job = context;
    const tyi_conv_args *a = job->args;
    int64_t n = a->out_channels * job->kernel;
    char *spread = new_spread(job);
    double *sums = tyi_conv_scratch(job, n * (int64_t)sizeof(double) / job->element);
    for (int64_t group = begin; spread && sums && group < end; group++) {
        memset(sums, 0, (size_t)n * sizeof *sums);
        for (int64_t image = 0; image < a->batch && !tyi_interrupted(); image++) {
            int64_t item = image * a->groups + group;
            job->loops->spread(&job->spread, plane(job, a->x, item, job->in), spread);
            for (int64_t o = 0; o < a->out_channels; o++)
                job->loops->correlate(&job->slide, spread, plane(job, a->y, item * a->out_channels + o, job->out),
                                      sums + o * job->kernel);
        }
        job->loops->round(sums, n, plane(job, a->weight, group, n));
    }
    if (sums)
        tyi_cpu_release(0, sums, (size_t)n * sizeof *sums);
    drop_spread(job, spread);
}

/* How planes of x are spread, for windows with a stride. */
static void spread_x(tyi_conv_job *job)
{
    const tyi_window *w = &job->args->window;
    tyi_spread *s = &job->spread;
    for (int d = 0; d < 3; d++) {
        s->from[d] = w->in[d];
        s->size[d] = (w->out[d] - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1;
        s->step[d] = 1;
        s->at[d] = w->pad[d];
        job->slide.out[d] = w->out[d];
    }
    s->phases = w->stride[2];
}

/* How planes of y are spread for a window turned round: with the stride's zeros between their elements. */
static void spread_y(tyi_conv_job *job)
{
    const tyi_window *w = &job->args->window;
    tyi_spread *s = &job->spread;
    for (int d = 0; d < 3; d++) {
        int64_t reach = (w->kernel[d] - 1) * w->dilation[d];
        s->from[d] = w->out[d];
        s->size[d] = w->in[d] + reach;
        s->step[d] = w->stride[d];
        s->at[d] = reach - w->pad[d];
        job->slide.out[d] = w->in[d];
    }
    s->phases = 1;
}

/* Where each tap stands in a spread plane. */
static void place_taps(const tyi_conv_job *job, int64_t *offset)
{
    const tyi_window *w = &job->args->window;
    const tyi_spread *s = &job->spread;
    bool turned = job->args->part == TYI_CONV_X;
    int64_t k[3];
    for (k[0] = 0; k[0] < w->kernel[0]; k[0]++)
        for (k[1] = 0; k[1] < w->kernel[1]; k[1]++)
            for (k[2] = 0; k[2] < w->kernel[2]; k[2]++) {
                int64_t at[3];
                for (int d = 0; d < 3; d++)
                    at[d] = (turned ? w->kernel[d] - 1 - k[d] : k[d]) * w->dilation[d];
                *offset++ = (at[0] * s->rows + at[1]) * s->row + at[2] % s->phases * s->phase + at[2] / s->phases;
            }
}

ty_status tyi_conv_planes(tyi_conv_job *job)
{
    const tyi_conv_args *a = job->args;
    const tyi_window *w = &a->window;
    tyi_spread *s = &job->spread;
    bool turned = a->part == TYI_CONV_X;
    if (turned)
        spread_y(job);
    else
        spread_x(job);
    s->phase = (s->size[2] + s->phases - 1) / s->phases;
    s->row = s->phases * s->phase;
    s->rows = s->size[1];
    job->slide.outer = s->rows * s->row * (turned ? 1 : w->stride[0]);
    job->slide.middle = s->row * (turned ? 1 : w->stride[1]);
    job->slide.taps = job->kernel;
    void *offsets;
    size_t bytes = (size_t)job->kernel * sizeof(int64_t);
    if (tyi_cpu_allocate(0, bytes, &offsets) != TY_OK)
        return TY_FAIL;
    place_taps(job, offsets);
    job->slide.offset = offsets;
    double flops = 2.0 * (double)job->kernel * (double)(a->out_channels * job->slide.out[0] * job->slide.out[1]) *
                   (double)job->slide.out[2];
    int64_t planes = a->batch * a->groups;
    ty_status status = a->part == TYI_CONV_Y ? tyi_conv_run(job, job, planes * a->out_channels, flops, y_task)
                       : a->part == TYI_CONV_X
                           ? tyi_conv_run(job, job, planes, flops, x_task)
                           : tyi_conv_run(job, job, a->groups, flops * (double)a->batch, weight_task);
    tyi_cpu_release(0, offsets, bytes);
    return status;
}
