/*
 * The matrix multiplication kernels of one instruction set, for float and for double: gemm_template.h, twice. Compiled
 * once per instruction set (see isa.h).
 */
#include "backend/cpu/gemm.h"
#include "backend/cpu/vector.h"

/* Most rows of a tile that is 1, 2, 3 or 4 vectors wide: as many accumulators as the registers hold beside a row of b
 * and an element of a. */
#if defined(__AVX512F__) || defined(__aarch64__)
#define HEIGHT_1 12
#define HEIGHT_2 8
#define HEIGHT_3 8
#define HEIGHT_4 6
#else
#define HEIGHT_1 12
#define HEIGHT_2 6
#define HEIGHT_3 4
#define HEIGHT_4 3
#endif
#define MAX_HEIGHT 12
#define MAX_WIDTH  4

/* The tiles: X(height, width). */
/* clang-format off */
#define TILES_16_REGISTERS(X)                                                                                          \
    X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1)                 \
    X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2)                                                                    \
    X(1, 3) X(2, 3) X(3, 3) X(4, 3)                                                                                    \
    X(1, 4) X(2, 4) X(3, 4)
/* clang-format on */
#if HEIGHT_2 == 8
#define TILES(X) TILES_16_REGISTERS(X) X(7, 2) X(8, 2) X(5, 3) X(6, 3) X(7, 3) X(8, 3) X(4, 4) X(5, 4) X(6, 4)
#else
#define TILES(X) TILES_16_REGISTERS(X)
#endif

#define ROW_CHUNK 512 /* columns that row() sums up at a time */

#define TEMPLATE "backend/cpu/gemm_template.h"
#include "backend/cpu/vector_each.h"
