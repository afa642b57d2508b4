/*
 * Matrix multiplication: the problem as the planner (gemm.c) sees it, and the kernels that it chooses from
 * (gemm_kernels.c, one set per instruction set and dtype). Knows nothing of tensors or batches.
 *
 * Sizes and strides count elements. "Height" is a number of rows, "width" of columns; a tile is a few rows by a few
 * vectors of columns, computed in registers over all of k; a strip is the column range of the tiles of one width.
 */
#ifndef TYI_GEMM_H
#define TYI_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/cpu/isa.h"
#include "tycho.h"

/* c = alpha * a b + beta * c + bias, with a {m, k}, b {k, n}, c {m, n}; c_row or c_col is 1. */
typedef struct tyi_gemm {
    int64_t m, n, k;
    const void *a, *b;
    void *c;
    int64_t a_row, a_col, b_row, b_col, c_row, c_col;
    double alpha;
    bool beta;                  /* c is read and added */
    const void *bias;           /* or NULL; element (i, j) gets bias[i * bias_row + j * bias_col] */
    int64_t bias_row, bias_col; /* 0 and 1, or 1 and 0 */
    void *prepared;             /* NULL, or b as tyi_gemm_prepare() rearranged it for products of prepared_m rows */
    int64_t prepared_m;
} tyi_gemm;

#define TYI_GEMM_MAX_DOT_ROWS 4 /* most rows that dot() takes */

typedef struct tyi_gemm_kernels {
    int element; /* bytes */
    int lanes;   /* elements of a vector */
    int height;  /* most rows of a tile of two vectors: what packed a is cut by */
    bool masks;  /* part of a vector can be loaded at no cost: b need not be packed for its last columns */

    /* Rows of a, columns [0, k) from p0 to p1, into dst as block() reads them when a_packed: m * k elements for all of
     * k. Tiles of balanced heights one after the other, each with its rows side by side for every column of a. */
    void (*pack_a)(void *dst, const void *a, int64_t a_row, int64_t a_col, int64_t m, int64_t k, int64_t p0,
                   int64_t p1);
    /* The same of b's columns, padded with zeros to a multiple of lanes: n rounded up * k elements for all of k. all_m
     * and a_packed as block() will have them: they decide how the columns are cut into strips. */
    void (*pack_b)(void *dst, const void *b, int64_t b_row, int64_t b_col, int64_t n, int64_t k, int64_t p0, int64_t p1,
                   int64_t all_m, bool a_packed);
    /* The whole problem g on one thread. a_packed, b_packed: a or b are what pack_*() wrote for these m, n and k;
     * without, any strides of a, and b_col 1. all_m: rows of the problem that g is a part of. */
    void (*block)(const tyi_gemm *g, int64_t all_m, bool a_packed, bool b_packed);
    /* The same for at most TYI_GEMM_MAX_DOT_ROWS rows, a_col 1 and b_row 1. */
    void (*dot)(const tyi_gemm *g);
    /* The same for one row and b_col 1. */
    void (*row)(const tyi_gemm *g);
    /* The same with the sums given instead of a and b: `count` contiguous arrays {m, n} to be added up in order. */
    void (*finish)(const tyi_gemm *g, const void *parts, int64_t count);
} tyi_gemm_kernels;

TYI_ISA_DECLARE(const tyi_gemm_kernels *, tyi_gemm_kernels_f32, (void));
TYI_ISA_DECLARE(const tyi_gemm_kernels *, tyi_gemm_kernels_f64, (void));

/* g of float32 (or, when `wide`, float64), on the pool's threads where that pays. Fails when memory for packing cannot
 * be had, or when interrupted. */
ty_status tyi_gemm_run(const tyi_gemm *g, bool wide);

/* Fills g->prepared, n rounded up to the vectors' lanes times k elements; needs of g n, k, b and prepared_m. Fails when
 * interrupted. */
ty_status tyi_gemm_prepare(const tyi_gemm *g, bool wide);

#endif
