/*
 * Arrays of a reduced dtype as floats and back: rows shared out to threads, by the converting loops of convert_loops.c.
 */
#include "backend/cpu/widen.h"

#include <stdlib.h>

#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define RUN 16384 /* elements of an array that one task converts */

typedef struct job {
    tyi_matrices shape;
    int64_t rows; /* of all matrices that are converted */
    tyi_convert convert;
    char *reduced;
    char *wide;
    bool back;
} job;

static void convert_rows(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_matrices *s = &j->shape;
    for (int64_t r = begin; r < end; r++) {
        char *reduced = j->reduced + (r / s->rows * s->batch_step + r % s->rows * s->row_step) * 2;
        char *wide = j->wide + r * s->columns * (int64_t)sizeof(float);
        if (j->back)
            j->convert(reduced, s->column_step * 2, wide, sizeof(float), s->columns);
        else
            j->convert(wide, sizeof(float), reduced, s->column_step * 2, s->columns);
    }
}

static void convert(job *j)
{
    int64_t batch = j->shape.batch_step == 0 ? 1 : j->shape.batch;
    if (j->shape.columns > 0)
        tyi_cpu_parallel(batch * j->shape.rows, tyi_cpu_grain(j->shape.columns), false, convert_rows, j);
}

float *tyi_cpu_floats(int64_t n)
{
    size_t bytes = sizeof(float) * (size_t)(n ? n : 1);
    float *x = malloc(bytes);
    if (!x)
        tyi_fail_memory(bytes);
    return x;
}

float *tyi_cpu_widen_matrices(ty_dtype dtype, const void *x, tyi_matrices shape)
{
    float *wide = tyi_cpu_floats((shape.batch_step == 0 ? 1 : shape.batch) * shape.rows * shape.columns);
    job j = {.shape = shape, .reduced = (char *)x, .wide = (char *)wide};
    j.convert = tyi_cpu_converts()->convert[TY_FLOAT32][dtype];
    if (wide)
        convert(&j);
    return wide;
}

void tyi_cpu_round_matrices(ty_dtype dtype, void *out, tyi_matrices shape, const float *x)
{
    job j = {.shape = shape, .reduced = out, .wide = (char *)x, .back = true};
    j.convert = tyi_cpu_converts()->convert[dtype][TY_FLOAT32];
    convert(&j);
}

/* n neighbours as rows of one matrix and the rest as another. */
static tyi_matrices runs(int64_t n)
{
    int64_t columns = n < RUN ? n : RUN;
    return (tyi_matrices){1, n < RUN ? 1 : n / RUN, columns, 0, columns, 1};
}

float *tyi_cpu_widen(ty_dtype dtype, const void *x, int64_t n)
{
    float *wide = tyi_cpu_floats(n);
    job j = {.shape = runs(n), .reduced = (char *)x, .wide = (char *)wide};
    j.convert = tyi_cpu_converts()->convert[TY_FLOAT32][dtype];
    if (!wide)
        return NULL;
    convert(&j);
    int64_t done = j.shape.rows * j.shape.columns;
    j.convert(wide + done, sizeof(float), j.reduced + done * 2, 2, n - done);
    return wide;
}

void tyi_cpu_round(ty_dtype dtype, void *out, const float *x, int64_t n)
{
    job j = {.shape = runs(n), .reduced = out, .wide = (char *)x, .back = true};
    j.convert = tyi_cpu_converts()->convert[dtype][TY_FLOAT32];
    convert(&j);
    int64_t done = j.shape.rows * j.shape.columns;
    j.convert(j.reduced + done * 2, 2, x + done, sizeof(float), n - done);
}
