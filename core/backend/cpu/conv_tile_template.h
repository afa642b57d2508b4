/*
 * The kernels of conv_tiles.h for one dtype: included by conv_tile_kernels.c with SCALAR, ISCALAR, NAME(x), IS_DOUBLE
 * and LANES defined (vector_template.h). No include guard, on purpose.
 */
#include "backend/cpu/vector_template.h"

/* One tile of `height` rows from `row`, `width` vectors wide. */
INLINE void NAME(one_tile)(const tyi_tiles *t, int64_t row, const int height, const int width)
{
    VEC sums[HEIGHT][2];
    const SCALAR *a[HEIGHT];
    UNROLL for (int i = 0; i < height; i++)
    {
        a[i] = (const SCALAR *)t->a + t->a_at[row + i];
        UNROLL for (int j = 0; j < width; j++) sums[i][j] = (VEC){0};
    }
    const SCALAR *b = t->b;
    const int64_t *k_at = t->k_at;
    for (int64_t p = t->k; p > 0; p--) {
        int64_t k = *k_at++;
        VEC v[2];
        UNROLL for (int j = 0; j < width; j++) v[j] = NAME(load)(b + j * LANES);
        UNROLL for (int i = 0; i < height; i++)
        {
            SCALAR s = a[i][k];
            UNROLL for (int j = 0; j < width; j++) sums[i][j] += v[j] * s;
        }
        b += t->width;
    }
    UNROLL for (int i = 0; i < height; i++)
    {
        SCALAR *c = (SCALAR *)t->c + t->c_at[row + i];
        UNROLL for (int j = 0; j < width; j++)
        {
            if (t->add)
                sums[i][j] += NAME(load)(c + j * LANES);
            NAME(store)(c + j * LANES, sums[i][j]);
        }
    }
}

#define TILE(height)                                                                                                   \
    NOINLINE void NAME(tile_##height##_1)(const tyi_tiles *t, int64_t row)                                             \
    {                                                                                                                  \
        NAME(one_tile)(t, row, height, 1);                                                                             \
    }                                                                                                                  \
    NOINLINE void NAME(tile_##height##_2)(const tyi_tiles *t, int64_t row)                                             \
    {                                                                                                                  \
        NAME(one_tile)(t, row, height, 2);                                                                             \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#if HEIGHT == 8
TILE(7)
TILE(8)
#endif
#undef TILE

/* Rows are cut into tiles whose heights differ by one at most. */
static void NAME(tiles)(const tyi_tiles *t)
{
#define TILE(height)                                                                                                   \
    {                                                                                                                  \
        NAME(tile_##height##_1), NAME(tile_##height##_2)                                                               \
    }
    static void (*const tile[HEIGHT + 1][2])(const tyi_tiles *, int64_t) = {
        {NULL, NULL},
        TILE(1),
        TILE(2),
        TILE(3),
        TILE(4),
        TILE(5),
        TILE(6),
#if HEIGHT == 8
        TILE(7),
        TILE(8),
#endif
    };
#undef TILE
    int64_t count = (t->rows + HEIGHT - 1) / HEIGHT;
    for (int64_t row = 0; count > 0; count--) {
        int64_t height = (t->rows - row + count - 1) / count;
        tile[height][t->vectors - 1](t, row);
        row += height;
    }
}

/* A block of `height` rows from `row` and `width` vectors from element `at` of a line. */
INLINE void NAME(one_across)(const tyi_across *t, int64_t row, int64_t line, int64_t at, const int height,
                             const int width)
{
    VEC sums[HEIGHT][2];
    const SCALAR *a[HEIGHT], *b = (const SCALAR *)t->b + line * t->b_line + at;
    UNROLL for (int i = 0; i < height; i++)
    {
        SCALAR bias = t->bias ? ((const SCALAR *)t->bias)[row + i] : 0;
        a[i] = (const SCALAR *)t->a + (row + i) * t->a_row;
        UNROLL for (int j = 0; j < width; j++) sums[i][j] = (VEC){0} + bias;
    }
    for (int64_t p = 0; p < t->k; p++) {
        const SCALAR *from = b + t->k_at[p];
        VEC v[2];
        UNROLL for (int j = 0; j < width; j++) v[j] = NAME(load)(from + j * LANES);
        UNROLL for (int i = 0; i < height; i++)
        {
            SCALAR s = a[i][p];
            UNROLL for (int j = 0; j < width; j++) sums[i][j] += v[j] * s;
        }
    }
    SCALAR *c = (SCALAR *)t->c + row * t->c_row + line * t->c_line + at;
    UNROLL for (int i = 0; i < height; i++)
    {
        UNROLL for (int j = 0; j < width; j++) NAME(store)(c + i * t->c_row + j * LANES, sums[i][j]);
    }
}

/* All lines of `height` rows. The last block of a line reaches back into the one before it. */
INLINE void NAME(across_rows)(const tyi_across *t, int64_t row, const int height)
{
    for (int64_t line = 0; line < t->lines; line++)
        for (int64_t at = 0; at < t->count; at += 2 * LANES) {
            int64_t rest = t->count - at;
            if (rest > LANES && t->count >= 2 * LANES)
                NAME(one_across)(t, row, line, rest < 2 * LANES ? t->count - 2 * LANES : at, height, 2);
            else if (rest > LANES)
                at -= LANES, NAME(one_across)(t, row, line, at + LANES, height, 1);
            else
                NAME(one_across)(t, row, line, t->count - LANES, height, 1);
        }
}

#define ACROSS(height)                                                                                                 \
    NOINLINE void NAME(across_##height)(const tyi_across *t, int64_t row)                                              \
    {                                                                                                                  \
        NAME(across_rows)(t, row, height);                                                                             \
    }
ACROSS(1)
ACROSS(2)
ACROSS(3)
ACROSS(4)
ACROSS(5)
ACROSS(6)
#undef ACROSS

static void NAME(across)(const tyi_across *t)
{
    static void (*const rows[])(const tyi_across *, int64_t) = {
        NULL, NAME(across_1), NAME(across_2), NAME(across_3), NAME(across_4), NAME(across_5), NAME(across_6)};
    int64_t count = (t->rows + 5) / 6;
    for (int64_t row = 0; count > 0; count--) {
        int64_t height = (t->rows - row + count - 1) / count;
        rows[height](t, row);
        row += height;
    }
}

static void NAME(turn_in)(const tyi_panel *p, const void *lines)
{
    const SCALAR *from = lines;
    SCALAR *to = p->panel;
    int64_t width = p->width;
    for (int64_t first = 0; first < p->lines; first += LANES, from += LANES * p->apart, to += LANES) {
        int64_t lanes = p->lines - first < LANES ? p->lines - first : LANES, i = 0;
        for (; i + LANES <= p->count; i += LANES) {
            VEC r[LANES];
            UNROLL for (int l = 0; l < LANES; l++) r[l] = l < lanes ? NAME(load)(from + l * p->apart + i) : (VEC){0};
            NAME(transpose)(r);
            UNROLL for (int l = 0; l < LANES; l++) NAME(store)(to + (i + l) * width, r[l]);
        }
        for (; i < p->count; i++)
            for (int64_t l = 0; l < LANES; l++)
                to[i * width + l] = l < lanes ? from[l * p->apart + i] : 0;
    }
}

static void NAME(turn_out)(const tyi_panel *p, void *lines, const void *bias)
{
    const SCALAR *from = p->panel, *add = bias;
    SCALAR *to = lines;
    int64_t width = p->width;
    for (int64_t first = 0; first < p->lines; first += LANES, to += LANES * p->apart, from += LANES) {
        int64_t lanes = p->lines - first < LANES ? p->lines - first : LANES, i = 0;
        SCALAR more[LANES] = {0};
        for (int64_t l = 0; add && l < lanes; l++)
            more[l] = add[first + l];
        for (; i + LANES <= p->count; i += LANES) {
            VEC r[LANES];
            UNROLL for (int l = 0; l < LANES; l++) r[l] = NAME(load)(from + (i + l) * width);
            NAME(transpose)(r);
            UNROLL for (int l = 0; l < LANES; l++)
            {
                if (l < lanes)
                    NAME(store)(to + l * p->apart + i, r[l] + more[l]);
            }
        }
        for (; i < p->count; i++)
            for (int64_t l = 0; l < lanes; l++)
                to[l * p->apart + i] = from[i * width + l] + more[l];
    }
}

static void NAME(sum_rows)(const tyi_panel *p, double *sums)
{
    for (int64_t first = 0; first < p->lines; first += LANES) {
        const SCALAR *row = (const SCALAR *)p->panel + first;
        VEC sum[4] = {{0}};
        int64_t i = 0;
        for (; i + 4 <= p->count; i += 4, row += 4 * p->width) {
            UNROLL for (int s = 0; s < 4; s++) sum[s] += NAME(load)(row + s * p->width);
        }
        for (; i < p->count; i++, row += p->width)
            sum[0] += NAME(load)(row);
        VEC all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
        for (int64_t l = 0; l < LANES && first + l < p->lines; l++)
            sums[first + l] += (double)all[l];
    }
}

static void NAME(add_up)(const void *parts, int64_t n, int64_t apart, int64_t from, int64_t to, void *x)
{
    SCALAR *sum = x;
    int64_t i = from;
    for (; i + LANES <= to; i += LANES) {
        const SCALAR *part = (const SCALAR *)parts + i;
        VEC v = NAME(load)(part);
        for (int64_t p = 1; p < n; p++)
            v += NAME(load)(part + p * apart);
        NAME(store)(sum + i, v);
    }
    for (; i < to; i++) {
        sum[i] = ((const SCALAR *)parts)[i];
        for (int64_t p = 1; p < n; p++)
            sum[i] += ((const SCALAR *)parts)[p * apart + i];
    }
}

const tyi_conv_tiles *TYI_ISA_NAME(NAME(tyi_conv_tiles))(void);

const tyi_conv_tiles *TYI_ISA_NAME(NAME(tyi_conv_tiles))(void)
{
    static const tyi_conv_tiles kernels = {
        .element = sizeof(SCALAR),
        .lanes = LANES,
        .tiles = NAME(tiles),
        .across = NAME(across),
        .turn_in = NAME(turn_in),
        .turn_out = NAME(turn_out),
        .sum_rows = NAME(sum_rows),
        .add_up = NAME(add_up),
    };
    return &kernels;
}
