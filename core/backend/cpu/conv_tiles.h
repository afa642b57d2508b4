/*
 * The inner loops of convolution by tiles, compiled once per instruction set (conv_tile_kernels.c): small matrix
 * products whose rows are found through offsets, so that no columns need be written down. Knows nothing of windows or
 * images.
 */
#ifndef TYI_CPU_CONV_TILES_H
#define TYI_CPU_CONV_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/cpu/isa.h"

/* c[c_at[i] + j] = or += the sum over p of a[a_at[i] + k_at[p]] * b[p * width + j], for rows i and the j of one or two
 * vectors. All offsets are in elements. */
typedef struct tyi_tiles {
    const void *a, *b;
    void *c;
    const int64_t *a_at, *c_at, *k_at;
    int64_t rows, k, width;
    int vectors;
    bool add;
} tyi_tiles;

/* Sums of few products, whose lanes are neighbours in memory, so that nothing need be turned:
 * c[i * c_row + l * c_line + j] = bias[i] + the sum over p of a[i * a_row + p] * b[l * b_line + k_at[p] + j], for rows
 * i, lines l and j below `count`, which is at least a vector's lanes. bias may be NULL. */
typedef struct tyi_across {
    const void *a, *b, *bias;
    void *c;
    const int64_t *k_at;
    int64_t rows, lines, count, k, a_row, c_row, b_line, c_line;
} tyi_across;

/* Lines of ordinary memory turned into the lanes of a panel: `lines` lines of `count` elements, `apart` elements apart,
 * and `count` rows of a panel, `width` elements apart, whose element l belongs to line l. */
typedef struct tyi_panel {
    void *panel;
    int64_t lines, count, apart, width;
} tyi_panel;

typedef struct tyi_conv_tiles {
    int64_t element; /* bytes */
    int64_t lanes;   /* of a vector */
    void (*tiles)(const tyi_tiles *t);
    void (*across)(const tyi_across *t);
    /* The panel from its lines; the lanes behind the last line, as far as its vector reaches, are 0. */
    void (*turn_in)(const tyi_panel *p, const void *lines);
    /* The lines from their panel; bias, one number for each line, is added when it is not NULL. */
    void (*turn_out)(const tyi_panel *p, void *lines, const void *bias);
    /* sums[l] += the sum over the panel's rows of their element l, for its lines. */
    void (*sum_rows)(const tyi_panel *p, double *sums);
    /* x[i] = the sum of n parts, `apart` elements apart, for i in [from, to). */
    void (*add_up)(const void *parts, int64_t n, int64_t apart, int64_t from, int64_t to, void *x);
} tyi_conv_tiles;
TYI_ISA_DECLARE(const tyi_conv_tiles *, tyi_conv_tiles_f32, (void));
TYI_ISA_DECLARE(const tyi_conv_tiles *, tyi_conv_tiles_f64, (void));

#endif
