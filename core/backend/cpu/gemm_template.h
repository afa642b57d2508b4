/*
 * The kernels of gemm.h for one dtype: included by gemm_kernels.c with SCALAR, ISCALAR (the integer of its size),
 * NAME(x), IS_DOUBLE and LANES defined. No include guard, on purpose.
 *
 * A tile sums over k in the order of k, one multiply-add after the other, whatever its size: neither the cutting nor
 * the packing shows in the result.
 */

#include "backend/cpu/vector_template.h"

/* ---- How a problem is cut ---- */

/* Vectors that the next strip is wide, with `left` columns to go. Low problems have wider tiles, to keep enough sums in
 * flight; a last strip of one vector is avoided for the same reason. */
static int NAME(strip)(int64_t left, int64_t m, bool a_packed)
{
    int64_t vectors = (left + LANES - 1) / LANES;
    int width = 2;
    if (!a_packed) {
        if (m <= HEIGHT_4)
            width = vectors == 5 ? 3 : 4;
        else if (m <= HEIGHT_3 || vectors == 3)
            width = 3;
    }
    return vectors < width ? (int)vectors : width;
}

/* Rows are cut into tiles whose heights differ by one at most: row i of the problem begins a tile when it is taken from
 * here and stepped by the height that this gives. */
typedef struct NAME(rows) {
    int64_t low, higher; /* height of the lower tiles; first row that belongs to one */
} NAME(rows);

static NAME(rows) NAME(cut_rows)(int64_t m, int most)
{
    int64_t tiles = (m + most - 1) / most;
    int64_t low = tiles ? m / tiles : 1;
    return (NAME(rows)){low, tiles ? m % tiles * (low + 1) : 0};
}

INLINE int NAME(height_at)(NAME(rows) cut, int64_t row)
{
    return (int)(cut.low + (row < cut.higher));
}

/* ---- Packing ---- */

/* What is packed is often far away, and its lines too far apart for the processor to guess which come next: they are
 * asked for, those of a row's next strip, or those so many elements on in a column of a transposed matrix. */
#define FETCH 64

static void NAME(pack_b)(void *dst, const void *b, int64_t b_row, int64_t b_col, int64_t n, int64_t k, int64_t p0,
                         int64_t p1, int64_t all_m, bool a_packed)
{
    int64_t width;
    for (int64_t j = 0; j < n; j += width) {
        width = (int64_t)NAME(strip)(n - j, all_m, a_packed) * LANES;
        SCALAR *out = (SCALAR *)dst + j * k;
        const SCALAR *in = (const SCALAR *)b + j * b_col;
        if (b_col == 1 && n - j >= width) { /* whole lines of the cache, each once */
            for (int64_t p = p0; p < p1; p++) {
                __builtin_prefetch(in + p * b_row + width);
                for (int64_t x = 0; x < width; x += LANES)
                    NAME(store)(out + p * width + x, NAME(load)(in + p * b_row + x));
            }
            continue;
        }
        for (int64_t x = 0; x < width; x += LANES, in += LANES * b_col) {
            int lanes = n - j - x < LANES ? (int)(n - j - x) : LANES;
            int64_t p = p0;
            if (b_col == 1) {
                MASK mask = NAME(mask_of)(lanes);
                for (; p < p1; p++)
                    NAME(store)(out + p * width + x, NAME(load_part)(in + p * b_row, mask));
            } else if (b_row == 1) {
                for (; p + LANES <= p1; p += LANES) {
                    VEC r[LANES];
                    UNROLL for (int l = 0; l < LANES; l++)
                    {
                        __builtin_prefetch(in + l * b_col + p + FETCH);
                        r[l] = l < lanes ? NAME(load)(in + l * b_col + p) : (VEC){0};
                    }
                    NAME(transpose)(r);
                    UNROLL for (int l = 0; l < LANES; l++) NAME(store)(out + (p + l) * width + x, r[l]);
                }
            }
            for (; p < p1; p++)
                for (int l = 0; l < LANES; l++)
                    out[p * width + x + l] = l < lanes ? in[p * b_row + l * b_col] : 0;
        }
    }
}

/* `tiles` tiles of `height` rows that are contiguous in a, column by column: columns may lie so far apart that few of
 * them stay in the first cache. k: the columns of a tile. */
INLINE void NAME(pack_columns)(SCALAR *out, const SCALAR *in, int64_t a_col, int64_t tiles, int64_t k, int64_t p0,
                               int64_t p1, const int height)
{
    for (int64_t p = p0; p < p1; p++) {
        const SCALAR *column = in + p * a_col;
        for (int64_t i = 0; p + 8 < p1 && i < tiles * height; i += 64 / (int)sizeof(SCALAR))
            __builtin_prefetch(column + 8 * a_col + i);
        for (int64_t t = 0; t < tiles; t++)
            memcpy(out + (t * k + p) * height, column + t * height, (size_t)height * sizeof(SCALAR));
    }
}

/* One tile of `height` rows. */
INLINE void NAME(pack_tile)(SCALAR *out, const SCALAR *in, int64_t a_row, int64_t a_col, int64_t p0, int64_t p1,
                            const int height)
{
    int64_t p = p0;
    if (a_col == 1 && height <= LANES) {
        /* Whole vectors are stored, and what is too much of one is overwritten by the next: so not the last ones. */
        for (; p + 2 * LANES <= p1; p += LANES) {
            VEC r[LANES];
            UNROLL for (int i = 0; i < LANES; i++) r[i] = i < height ? NAME(load)(in + i * a_row + p) : (VEC){0};
            NAME(transpose)(r);
            UNROLL for (int l = 0; l < LANES; l++) NAME(store)(out + (p + l) * height, r[l]);
        }
    } else if (a_col == 1) {
        for (; p + LANES <= p1; p += LANES)
            for (int i0 = 0; i0 < height; i0 += LANES) {
                VEC r[LANES];
                UNROLL for (int i = 0; i < LANES; i++)
                {
                    r[i] = i0 + i < height ? NAME(load)(in + (i0 + i) * a_row + p) : (VEC){0};
                }
                NAME(transpose)(r);
                int rows = height - i0 < LANES ? height - i0 : LANES;
                UNROLL for (int l = 0; l < LANES; l++) NAME(store_part)(out + (p + l) * height + i0, r[l], rows);
            }
    }
    for (; p < p1; p++)
        UNROLL for (int i = 0; i < height; i++) out[p * height + i] = in[p * a_col + i * a_row];
}

static void NAME(pack_a)(void *dst, const void *a, int64_t a_row, int64_t a_col, int64_t m, int64_t k, int64_t p0,
                         int64_t p1)
{
    NAME(rows) cut = NAME(cut_rows)(m, HEIGHT_2);
    int64_t step;
    for (int64_t i = 0; i < m; i += step) {
        int height = NAME(height_at)(cut, i);
        int64_t tiles = a_row == 1 ? ((i < cut.higher ? cut.higher : m) - i) / height : 1;
        step = tiles * height;
        SCALAR *out = (SCALAR *)dst + i * k;
        const SCALAR *in = (const SCALAR *)a + i * a_row;
        switch (height) {
#define PACK(h)                                                                                                        \
    case h:                                                                                                            \
        if (a_row == 1)                                                                                                \
            NAME(pack_columns)(out, in, a_col, tiles, k, p0, p1, h);                                                   \
        else                                                                                                           \
            NAME(pack_tile)(out, in, a_row, a_col, p0, p1, h);                                                         \
        break
            PACK(1);
            PACK(2);
            PACK(3);
            PACK(4);
            PACK(5);
            PACK(6);
#if HEIGHT_2 == 8
            PACK(7);
            PACK(8);
#endif
#undef PACK
        }
    }
}

/* ---- Tiles ---- */

typedef struct NAME(tile_args) {
    const SCALAR *a, *b;
    SCALAR *c;
    const SCALAR *bias; /* of the tile's first element */
    int64_t a_row, a_col, b_row, k, c_row, c_col, bias_row, bias_col;
    SCALAR alpha;
    bool beta;
    bool masked; /* the tail of b may not be read past */
    int tail;    /* lanes of the last vector that belong to c, 1 to LANES */
} NAME(tile_args);

/* Writes a tile into c from its sums, rows of `width` vectors. */
NOINLINE void NAME(store_rows)(const NAME(tile_args) * t, const VEC *sums, int height, int width)
{
    MASK mask = NAME(mask_of)(t->tail);
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++) {
            SCALAR *c = t->c + i * t->c_row + j * LANES;
            bool part = j == width - 1 && t->tail < LANES;
            VEC v = sums[i * width + j] * t->alpha;
            if (t->beta)
                v = v + (part ? NAME(load_part)(c, mask) : NAME(load)(c));
            if (t->bias && t->bias_row)
                v = v + t->bias[i];
            else if (t->bias)
                v = v + (part ? NAME(load_part)(t->bias + j * LANES, mask) : NAME(load)(t->bias + j * LANES));
            if (part)
                NAME(store_part)(c, v, t->tail);
            else
                NAME(store)(c, v);
        }
}

/* The same where the tile's columns are contiguous in c: the tile is transposed in registers. */
INLINE void NAME(store_columns)(const NAME(tile_args) * t, const VEC *sums, const int height, const int width)
{
    UNROLL for (int j = 0; j < width; j++)
    {
        const int columns = j == width - 1 ? t->tail : LANES;
        UNROLL for (int i0 = 0; i0 < height; i0 += LANES)
        {
            const int rows = height - i0 < LANES ? height - i0 : LANES;
            VEC r[LANES];
            UNROLL for (int i = 0; i < LANES; i++) r[i] = i < rows ? sums[(i0 + i) * width + j] : (VEC){0};
            NAME(transpose)(r);
            MASK mask = NAME(mask_of)(rows);
            VEC bias = t->bias && t->bias_row ? NAME(load_part)(t->bias + i0, mask) : (VEC){0};
            UNROLL for (int l = 0; l < LANES; l++)
            {
                if (l < columns) {
                    SCALAR *c = t->c + (j * LANES + l) * t->c_col + i0;
                    VEC v = r[l] * t->alpha;
                    if (t->beta)
                        v = v + NAME(load_part)(c, mask);
                    if (t->bias)
                        v = v + (t->bias_row ? bias : bias + t->bias[j * LANES + l]);
                    NAME(store_first)(c, v, rows);
                }
            }
        }
    }
}

/* The sums of a tile: acc[i][j] is vector j of row i. */
INLINE void NAME(tile_sums)(const NAME(tile_args) * t, VEC acc[MAX_HEIGHT][MAX_WIDTH], const int height,
                            const int width, const bool unit, const bool masked)
{
    const SCALAR *a = t->a, *b = t->b;
    int64_t a_row = unit ? 1 : t->a_row, a_col = t->a_col, b_row = t->b_row;
    MASK mask = NAME(mask_of)(t->tail);
    for (int64_t p = t->k; p > 0; p--) {
        VEC v[MAX_WIDTH];
        UNROLL for (int j = 0; j < width; j++)
        {
            bool part = masked && j == width - 1;
            v[j] = part ? NAME(load_part)(b + j * LANES, mask) : NAME(load)(b + j * LANES);
        }
        UNROLL for (int i = 0; i < height; i++)
        {
            SCALAR s = a[i * a_row];
            UNROLL for (int j = 0; j < width; j++) acc[i][j] += v[j] * s;
        }
        a += a_col;
        b += b_row;
    }
}

INLINE void NAME(tile)(const NAME(tile_args) * t, const int height, const int width,
                       void (*const columns)(const NAME(tile_args) *, const VEC *))
{
    VEC acc[MAX_HEIGHT][MAX_WIDTH];
    UNROLL for (int i = 0; i < height; i++)
    {
        UNROLL for (int j = 0; j < width; j++) acc[i][j] = (VEC){0};
    }
    /* The sums take long enough for c to come from wherever it lies. */
    for (int i = 0; t->c_col == 1 && i < height; i++)
        for (int j = 0; j < width * LANES; j += 64 / (int)sizeof(SCALAR))
            __builtin_prefetch(t->c + i * t->c_row + j, 1);
    if (t->masked)
        NAME(tile_sums)(t, acc, height, width, false, true);
    else if (t->a_row == 1)
        NAME(tile_sums)(t, acc, height, width, true, false);
    else
        NAME(tile_sums)(t, acc, height, width, false, false);

    if (t->c_col != 1 || t->tail < LANES) {
        VEC sums[MAX_HEIGHT * MAX_WIDTH];
        UNROLL for (int i = 0; i < height; i++)
        {
            UNROLL for (int j = 0; j < width; j++) sums[i * width + j] = acc[i][j];
        }
        if (t->c_col == 1)
            NAME(store_rows)(t, sums, height, width);
        else
            columns(t, sums);
        return;
    }
    UNROLL for (int i = 0; i < height; i++)
    {
        SCALAR *c = t->c + i * t->c_row;
        UNROLL for (int j = 0; j < width; j++)
        {
            VEC v = acc[i][j] * t->alpha;
            if (t->beta)
                v = v + NAME(load)(c + j * LANES);
            if (t->bias)
                v = v + (t->bias_row ? (VEC){0} + t->bias[i] : NAME(load)(t->bias + j * LANES));
            NAME(store)(c + j * LANES, v);
        }
    }
}

#define TILE(height, width)                                                                                            \
    NOINLINE void NAME(columns_##height##_##width)(const NAME(tile_args) * t, const VEC *sums)                         \
    {                                                                                                                  \
        NAME(store_columns)(t, sums, height, width);                                                                   \
    }                                                                                                                  \
    NOINLINE void NAME(tile_##height##_##width)(const NAME(tile_args) * t)                                             \
    {                                                                                                                  \
        NAME(tile)(t, height, width, NAME(columns_##height##_##width));                                                \
    }
TILES(TILE)
#undef TILE

static void (*const NAME(tiles)[MAX_WIDTH + 1][MAX_HEIGHT + 1])(const NAME(tile_args) *) = {
#define TILE(height, width) [width][height] = NAME(tile_##height##_##width),
    TILES(TILE)
#undef TILE
};

static void NAME(block)(const tyi_gemm *g, int64_t all_m, bool a_packed, bool b_packed)
{
    static const int most[MAX_WIDTH + 1] = {0, HEIGHT_1, HEIGHT_2, HEIGHT_3, HEIGHT_4};
    NAME(tile_args) t = {.k = g->k, .c_row = g->c_row, .c_col = g->c_col, .alpha = (SCALAR)g->alpha, .beta = g->beta};
    t.bias_row = g->bias_row;
    t.bias_col = g->bias_col;
    int width;
    for (int64_t j = 0; j < g->n; j += (int64_t)width * LANES) {
        width = NAME(strip)(g->n - j, all_m, a_packed);
        int64_t left = g->n - j - (int64_t)(width - 1) * LANES;
        t.tail = left < LANES ? (int)left : LANES;
        t.masked = !b_packed && t.tail < LANES;
        t.b = (const SCALAR *)g->b + (b_packed ? j * g->k : j);
        t.b_row = b_packed ? (int64_t)width * LANES : g->b_row;
        /* More than eight rows a multiple of 4 KB apart would push each other out of the first cache. */
        bool collide = !a_packed && g->a_row * (int64_t)sizeof(SCALAR) % 4096 == 0;
        NAME(rows) cut = NAME(cut_rows)(g->m, a_packed || (collide && width == 1) ? HEIGHT_2 : most[width]);
        int height;
        for (int64_t i = 0; i < g->m; i += height) {
            height = NAME(height_at)(cut, i);
            t.a = (const SCALAR *)g->a + i * (a_packed ? g->k : g->a_row);
            t.a_row = a_packed ? 1 : g->a_row;
            t.a_col = a_packed ? height : g->a_col;
            t.c = (SCALAR *)g->c + i * g->c_row + j * g->c_col;
            t.bias = g->bias ? (const SCALAR *)g->bias + i * g->bias_row + j * g->bias_col : NULL;
            NAME(tiles)[width][height](&t);
        }
    }
}

/* ---- Few rows ---- */

/* c element (i, j) from its sum. */
INLINE void NAME(put)(const tyi_gemm *g, int64_t i, int64_t j, SCALAR sum)
{
    SCALAR *c = (SCALAR *)g->c + i * g->c_row + j * g->c_col;
    SCALAR v = sum * (SCALAR)g->alpha;
    if (g->beta)
        v = v + *c;
    if (g->bias)
        v = v + ((const SCALAR *)g->bias)[i * g->bias_row + j * g->bias_col];
    *c = v;
}

/* All rows by `width` columns from column j on; `depth` sums of each, to have enough of them in flight. */
INLINE void NAME(dot_tile)(const tyi_gemm *g, int64_t j, const int height, const int width, const int depth)
{
    const SCALAR *a = g->a, *b = (const SCALAR *)g->b + j * g->b_col;
    int64_t a_row = g->a_row, b_col = g->b_col, k = g->k, p = 0;
    VEC acc[8][4][4];
    UNROLL for (int d = 0; d < depth; d++)
    {
        UNROLL for (int i = 0; i < height; i++)
        {
            UNROLL for (int x = 0; x < width; x++) acc[d][i][x] = (VEC){0};
        }
    }
    for (; p + depth * LANES <= k; p += depth * LANES) {
        UNROLL for (int d = 0; d < depth; d++)
        {
            VEC v[4];
            UNROLL for (int x = 0; x < width; x++) v[x] = NAME(load)(b + x * b_col + p + d * LANES);
            UNROLL for (int i = 0; i < height; i++)
            {
                VEC s = NAME(load)(a + i * a_row + p + d * LANES);
                UNROLL for (int x = 0; x < width; x++) acc[d][i][x] += s * v[x];
            }
        }
    }
    for (; p < k; p += LANES) {
        MASK mask = NAME(mask_of)(k - p < LANES ? (int)(k - p) : LANES);
        VEC v[4];
        UNROLL for (int x = 0; x < width; x++) v[x] = NAME(load_part)(b + x * b_col + p, mask);
        UNROLL for (int i = 0; i < height; i++)
        {
            VEC s = NAME(load_part)(a + i * a_row + p, mask);
            UNROLL for (int x = 0; x < width; x++) acc[0][i][x] += s * v[x];
        }
    }
    UNROLL for (int i = 0; i < height; i++)
    {
        UNROLL for (int x = 0; x < width; x++)
        {
            VEC sum = acc[0][i][x];
            UNROLL for (int d = 1; d < depth; d++) sum += acc[d][i][x];
            NAME(put)(g, i, j + x, NAME(sum_lanes)(sum));
        }
    }
}

#define DOT_ROWS(height, width, depth, single_depth)                                                                   \
    NOINLINE void NAME(dot_rows_##height)(const tyi_gemm *g)                                                           \
    {                                                                                                                  \
        int64_t j = 0;                                                                                                 \
        for (; j + width <= g->n; j += width)                                                                          \
            NAME(dot_tile)(g, j, height, width, depth);                                                                \
        for (; j < g->n; j++)                                                                                          \
            NAME(dot_tile)(g, j, height, 1, single_depth);                                                             \
    }
DOT_ROWS(1, 4, 2, 8)
DOT_ROWS(2, 4, 1, 4)
DOT_ROWS(3, 3, 1, 2)
DOT_ROWS(4, 3, 1, 2)
#undef DOT_ROWS

static void NAME(dot)(const tyi_gemm *g)
{
    switch (g->m) {
    case 1:
        NAME(dot_rows_1)(g);
        break;
    case 2:
        NAME(dot_rows_2)(g);
        break;
    case 3:
        NAME(dot_rows_3)(g);
        break;
    case 4:
        NAME(dot_rows_4)(g);
        break;
    }
}

/* sums[0 .. columns) += `depth` rows of b times elements of a, for columns up to a multiple of LANES (the rest masked).
 */
INLINE void NAME(add_rows)(SCALAR *sums, const SCALAR *a, int64_t a_col, const SCALAR *b, int64_t b_row,
                           int64_t columns, const int depth)
{
    SCALAR s[8];
    UNROLL for (int d = 0; d < depth; d++) s[d] = a[d * a_col];
    int64_t j = 0;
    for (; j + LANES <= columns; j += LANES) {
        VEC v = NAME(load)(sums + j);
        UNROLL for (int d = 0; d < depth; d++) v += NAME(load)(b + d * b_row + j) * s[d];
        NAME(store)(sums + j, v);
    }
    if (j < columns) {
        MASK mask = NAME(mask_of)((int)(columns - j));
        VEC v = NAME(load)(sums + j);
        UNROLL for (int d = 0; d < depth; d++) v += NAME(load_part)(b + d * b_row + j, mask) * s[d];
        NAME(store)(sums + j, v);
    }
}

static void NAME(row)(const tyi_gemm *g)
{
    _Alignas(64) SCALAR sums[ROW_CHUNK];
    for (int64_t j = 0; j < g->n; j += ROW_CHUNK) {
        int64_t columns = g->n - j < ROW_CHUNK ? g->n - j : ROW_CHUNK;
        memset(sums, 0, sizeof(SCALAR) * (size_t)((columns + LANES - 1) / LANES * LANES));
        const SCALAR *a = g->a, *b = (const SCALAR *)g->b + j;
        int64_t p = 0;
        for (; p + 8 <= g->k; p += 8)
            NAME(add_rows)(sums, a + p * g->a_col, g->a_col, b + p * g->b_row, g->b_row, columns, 8);
        for (; p < g->k; p++)
            NAME(add_rows)(sums, a + p * g->a_col, g->a_col, b + p * g->b_row, g->b_row, columns, 1);
        for (int64_t x = 0; x < columns; x++)
            NAME(put)(g, 0, j + x, sums[x]);
    }
}

static void NAME(finish)(const tyi_gemm *g, const void *parts, int64_t count)
{
    const SCALAR *part = parts;
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++, part++) {
            SCALAR sum = part[0];
            for (int64_t q = 1; q < count; q++)
                sum += part[q * g->m * g->n];
            NAME(put)(g, i, j, sum);
        }
}

const tyi_gemm_kernels *TYI_ISA_NAME(NAME(tyi_gemm_kernels))(void);

const tyi_gemm_kernels *TYI_ISA_NAME(NAME(tyi_gemm_kernels))(void)
{
    static const tyi_gemm_kernels kernels = {
        .element = sizeof(SCALAR),
        .lanes = LANES,
        .height = HEIGHT_2,
        .masks = MASKS != 0,
        .pack_a = NAME(pack_a),
        .pack_b = NAME(pack_b),
        .block = NAME(block),
        .dot = NAME(dot),
        .row = NAME(row),
        .finish = NAME(finish),
    };
    return &kernels;
}
