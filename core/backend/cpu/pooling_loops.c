/*
 * The inner loops of pooling and resampling, compiled once per instruction set. The loops are in pooling_dtype.h.
 */
#include <math.h>
#include <string.h>

#include "backend/cpu/loops.h"
#include "backend/cpu/pooling.h"

#define ROW 256 /* outputs of a row that are taken at a time */

static inline int64_t at_most(int64_t x, int64_t most)
{
    return x < most ? x : most;
}

/* The inputs first, first + step, ... below last that one output covers along a dimension. */
typedef struct span {
    int64_t first, last, step;
} span;

static inline span span_of(const tyi_pool_args *a, int d, int64_t o)
{
    const tyi_window *w = &a->window;
    if (a->adaptive)
        return (span){o * w->in[d] / w->out[d], ((o + 1) * w->in[d] + w->out[d] - 1) / w->out[d], 1};
    span s = {o * w->stride[d] - w->pad[d], 0, w->dilation[d]};
    s.last = s.first + (w->kernel[d] - 1) * s.step + 1;
    if (s.last > w->in[d])
        s.last = w->in[d];
    if (s.first < 0)
        s.first += (-s.first + s.step - 1) / s.step * s.step;
    return s;
}

/* What an average's divisor counts along a dimension. */
static inline int64_t count_of(const tyi_pool_args *a, int d, int64_t o)
{
    const tyi_window *w = &a->window;
    if (!a->adaptive && a->count_pad) {
        int64_t first = o * w->stride[d] - w->pad[d], last = first + w->kernel[d];
        return (last < w->in[d] + w->pad[d] ? last : w->in[d] + w->pad[d]) - first;
    }
    span s = span_of(a, d, o);
    return s.last - s.first;
}

/* Of the outputs [from, to) of the last dimension, those, [*a, *b), for which place k of the window lies inside. */
static inline void inside(const tyi_window *w, int64_t k, int64_t from, int64_t to, int64_t *a, int64_t *b)
{
    int64_t shift = k * w->dilation[2] - w->pad[2], stride = w->stride[2];
    int64_t low = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    int64_t high = w->in[2] <= shift ? 0 : (w->in[2] - shift + stride - 1) / stride;
    *a = low < from ? from : low > to ? to : low;
    *b = high < *a ? *a : high > to ? to : high;
}

#define T float
#define E FLOAT32
#include "backend/cpu/pooling_dtype.h"
#define T double
#define E FLOAT64
#include "backend/cpu/pooling_dtype.h"

#define LOOPS(E)                                                                                                       \
    {                                                                                                                  \
        {max_##E, avg_##E, max_back_##E, avg_back_##E},                                                                \
        {                                                                                                              \
            resample_##E, resample_back_##E                                                                            \
        }                                                                                                              \
    }

const tyi_pooling_table TYI_ISA_NAME(tyi_poolings) = {
    [TY_FLOAT32] = LOOPS(FLOAT32),
    [TY_FLOAT64] = LOOPS(FLOAT64),
};
