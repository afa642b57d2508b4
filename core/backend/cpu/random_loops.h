/*
 * The loops of the random kernels that are compiled once per instruction set: what random.c calls through the table
 * declared here. Every instruction set computes the same bits. Generators are locked by the caller; n is a number of
 * elements, at most TYI_RANDOM_CHUNK.
 */
#ifndef TYI_CPU_RANDOM_LOOPS_H
#define TYI_CPU_RANDOM_LOOPS_H

#include "backend/cpu/isa.h"
#include "tensor/random.h"

#define TYI_RANDOM_CHUNK 1024 /* elements worked on at a time: their words and results stay in the nearest cache */

typedef struct tyi_random_loops {
    /* n raw words, of which there may be two for each element. */
    void (*words)(ty_generator *g, uint32_t *out, int64_t n);
    /* from + u (to - from) with one rounding, u uniform in [0, 1); `from` where that is `to`. */
    void (*uniform_f32)(ty_generator *g, float *x, int64_t n, float from, float to);
    void (*uniform_f64)(ty_generator *g, double *x, int64_t n, double from, double to);
    /* Normals by blocks of 16; n is a multiple of 16. */
    void (*normal_f32)(ty_generator *g, float *x, int64_t n, float mean, float std);
    /* out[i] = u < p in 53 bits, where threshold is the smallest integer not below p * 2^53. */
    void (*bernoulli)(ty_generator *g, uint8_t *out, int64_t n, uint64_t threshold);
    /* out[i] = u < p[i] in 24 and in 53 bits. */
    void (*bernoulli_each_f32)(ty_generator *g, const float *p, uint8_t *out, int64_t n);
    void (*bernoulli_each_f64)(ty_generator *g, const double *p, uint8_t *out, int64_t n);
    /* y[i] = x[i] * (mask[i] ? scale : 0) */
    void (*masked_f32)(const float *x, const uint8_t *mask, float *y, int64_t n, float scale);
    void (*masked_f64)(const double *x, const uint8_t *mask, double *y, int64_t n, double scale);
} tyi_random_loops;
TYI_ISA_DECLARE(extern const tyi_random_loops, tyi_random, );

#endif
