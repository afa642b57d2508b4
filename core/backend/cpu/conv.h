/*
 * Convolution on the CPU: what the drivers (conv.c, conv_tiled.c by tiles, conv_planes.c channel by channel) share, and
 * the inner loops that they call (conv_loops.c, once per instruction set). Knows nothing of tensors.
 */
#ifndef TYI_CPU_CONV_H
#define TYI_CPU_CONV_H

#include <stdatomic.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/isa.h"
#include "backend/cpu/pool.h"

/* How a plane is laid out before a window slides over it, so that every step of the window reads neighbours: with its
 * padding, with zeros between its elements where a strided convolution is turned round, and with the columns that a
 * strided window skips moved apart. Element i of the last dimension stands at i % phases * phase + i / phases. */
typedef struct tyi_spread {
    int64_t from[3], size[3]; /* of the plane; of the spread plane */
    int64_t step[3], at[3];   /* element i of the plane becomes at + i * step, and is dropped where that is outside */
    int64_t phases, phase;
    int64_t row, rows; /* elements of a spread row; rows of a spread plane in dimension 0 */
} tyi_spread;

/* A window over spread planes: output (i, j, k) is the sum over taps of weight[t] * plane[offset[t] + i * outer +
 * j * middle + k]. */
typedef struct tyi_slide {
    int64_t out[3];
    int64_t outer, middle, taps;
    const int64_t *offset;
} tyi_slide;

#define TYI_SLIDE_SLACK 64 /* elements that may be read beyond the end of a spread plane */

typedef struct tyi_conv_loops {
    /* Columns [from, to) of the windows over an image {channels, in...}: rows {channels * kernel...}, `row` apart. */
    void (*gather)(const tyi_window *w, const void *image, int64_t channels, int64_t from, int64_t to, void *columns,
                   int64_t row);
    /* Adds them back into the image. */
    void (*scatter)(const tyi_window *w, void *image, int64_t channels, int64_t from, int64_t to, const void *columns,
                    int64_t row);
    /* Writes a plane's elements into their places of a spread plane that is zero elsewhere. */
    void (*spread)(const tyi_spread *s, const void *plane, void *spread);
    /* y = bias + the sums, or y += the sums when `add`; bias may be NULL. */
    void (*slide)(const tyi_slide *s, const void *spread, const void *weight, const void *bias, bool add, void *y);
    /* sums[t] += the sum over all outputs of g * the element that tap t reads. */
    void (*correlate)(const tyi_slide *s, const void *spread, const void *g, double *sums);
    /* x[i] = (double) sums[i], for the results of correlate(). */
    void (*round)(const double *sums, int64_t n, void *x);
} tyi_conv_loops;
typedef tyi_conv_loops tyi_conv_table[TY_DTYPE_COUNT]; /* float32 and float64 only */
TYI_ISA_DECLARE(extern const tyi_conv_table, tyi_convs, );

const tyi_conv_loops *tyi_conv_loops_of(ty_dtype dtype);

/* A convolution being run: the arguments, what follows from them, and what went wrong in a task. */
typedef struct tyi_conv_job {
    const tyi_conv_args *args;
    const tyi_conv_loops *loops;
    int64_t element;         /* bytes */
    int64_t in, out, kernel; /* elements of a plane of x, of y, of the window */
    int64_t rows;            /* channels of x and places of the window */
    int64_t block, blocks;   /* positions of a block; number of blocks */
    tyi_slide slide;
    tyi_spread spread;
    atomic_int failed; /* a ty_error_kind */
} tyi_conv_job;

/* Runs a task over `count` items of `flops` each on the pool's threads. */
ty_status tyi_conv_run(tyi_conv_job *job, void *context, int64_t count, double flops, tyi_task task);
/* Scratch memory of a task; NULL, with job->failed set, when there is none. */
void *tyi_conv_scratch(tyi_conv_job *job, int64_t elements);

/* By small matrix products that find their operands through offsets (conv_tiled.c). */
ty_status tyi_conv_tiled(tyi_conv_job *job);

/* Few channels in a group: one plane at a time. */
bool tyi_conv_by_planes(const tyi_conv_args *args);
ty_status tyi_conv_planes(tyi_conv_job *job);

#endif
