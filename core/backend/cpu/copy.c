/*
 * Moving data: copies between any two layouts and dtypes, fills, ranges, and rows gathered as float32. Contiguous
 * copies are memcpy, transposed ones go tile by tile so that both sides are met in whole cache lines, and the rest goes
 * row by row through the converting loops of convert_loops.c. Copies and fills write tensors that the user already has,
 * so they are never stopped half-way.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"
#include "backend/spaced.h"

ty_status tyi_cpu_to_host(void *host, const void *data, size_t bytes)
{
    if (bytes)
        memcpy(host, data, bytes);
    return TY_OK;
}

ty_status tyi_cpu_from_host(void *data, const void *host, size_t bytes)
{
    return tyi_cpu_to_host(data, host, bytes);
}

typedef struct rows_job {
    const tyi_iter *iter;
    tyi_convert convert;     /* NULL: memcpy */
    int64_t columns, blocks; /* elements of a piece of a row, and pieces per row */
} rows_job;

static void copy_rows(void *context, int64_t begin, int64_t end)
{
    const rows_job *j = context;
    const tyi_iter *iter = j->iter;
    const tyi_operand *out = &iter->operands[0], *x = &iter->operands[1];
    int last = iter->ndim - 1;
    int64_t offsets[TYI_MAX_OPERANDS], block = begin % j->blocks, row = begin / j->blocks;
    int64_t index1 = last > 0 ? row % iter->sizes[last - 1] : 0;
    tyi_iter_offsets(iter, last, row, offsets);
    for (int64_t u = begin; u < end; u++) {
        int64_t at = block * j->columns, n = tyi_min64(j->columns, iter->sizes[last] - at);
        char *to = out->data + offsets[0] + at * out->strides[last];
        const char *from = x->data + offsets[1] + at * x->strides[last];
        if (j->convert)
            j->convert(to, out->strides[last], from, x->strides[last], n);
        else
            memmove(to, from, (size_t)n * ty_dtype_size(out->dtype));
        if (++block < j->blocks)
            continue;
        block = 0;
        row++;
        /* To the next row: mostly one step of the dimension outside. */
        if (last > 0 && ++index1 < iter->sizes[last - 1]) {
            offsets[0] += out->strides[last - 1];
            offsets[1] += x->strides[last - 1];
        } else if (u + 1 < end) {
            index1 = 0;
            tyi_iter_offsets(iter, last, row, offsets);
        }
    }
}

#define TILE 32

typedef struct transpose_job {
    const tyi_iter *iter;
    int64_t size; /* bytes of an element */
    int dim;      /* the dimension along which the source is contiguous; the output is along the last */
    int64_t tiles1, tiles0;
    int order[TY_MAX_DIMS]; /* the other dimensions */
} transpose_job;

/* out[i * out_step + j] = x[j * x_step + i] for i < rows, j < columns; steps in elements. */
#define TRANSPOSE(bits)                                                                                                \
    typedef uint##bits##_t __attribute__((may_alias)) word##bits;                                                      \
    static void transpose_##bits(void *out, int64_t out_step, const void *x, int64_t x_step, int64_t rows,             \
                                 int64_t columns)                                                                      \
    {                                                                                                                  \
        word##bits *o = out;                                                                                           \
        const word##bits *a = x;                                                                                       \
        int64_t i = 0;                                                                                                 \
        for (; i + 8 <= rows; i += 8)                                                                                  \
            for (int64_t j = 0; j < columns; j++) {                                                                    \
                const word##bits *source = a + j * x_step + i;                                                         \
                word##bits *target = o + i * out_step + j;                                                             \
                for (int k = 0; k < 8; k++)                                                                            \
                    target[k * out_step] = source[k];                                                                  \
            }                                                                                                          \
        for (; i < rows; i++)                                                                                          \
            for (int64_t j = 0; j < columns; j++)                                                                      \
                o[i * out_step + j] = a[j * x_step + i];                                                               \
    }
TRANSPOSE(8)
TRANSPOSE(16)
TRANSPOSE(32)
TRANSPOSE(64)

static void transpose_tiles(void *context, int64_t begin, int64_t end)
{
    const transpose_job *j = context;
    const tyi_iter *iter = j->iter;
    const tyi_operand *out = &iter->operands[0], *x = &iter->operands[1];
    int last = iter->ndim - 1;
    int64_t out_step = out->strides[j->dim] / j->size, x_step = x->strides[last] / j->size;
    for (int64_t u = begin; u < end; u++) {
        int64_t tile0 = u % j->tiles0, rest = u / j->tiles0;
        int64_t tile1 = rest % j->tiles1, index = rest / j->tiles1;
        int64_t row = tile1 * TILE, column = tile0 * TILE;
        int64_t rows = tyi_min64(TILE, iter->sizes[j->dim] - row),
                columns = tyi_min64(TILE, iter->sizes[last] - column);
        char *to = out->data + row * out->strides[j->dim] + column * out->strides[last];
        const char *from = x->data + row * x->strides[j->dim] + column * x->strides[last];
        for (int k = iter->ndim - 3; k >= 0; k--) {
            int d = j->order[k];
            int64_t at = index % iter->sizes[d];
            index /= iter->sizes[d];
            to += at * out->strides[d];
            from += at * x->strides[d];
        }
        switch (j->size) {
        case 1:
            transpose_8(to, out_step, from, x_step, rows, columns);
            break;
        case 2:
            transpose_16(to, out_step, from, x_step, rows, columns);
            break;
        case 4:
            transpose_32(to, out_step, from, x_step, rows, columns);
            break;
        default:
            transpose_64(to, out_step, from, x_step, rows, columns);
        }
    }
}

/* The dimension along which a source is contiguous while the output is along the last, when both are long enough for
 * tiles to pay; else -1. */
static int transposed_dim(const tyi_iter *iter, int64_t size)
{
    int last = iter->ndim - 1;
    const tyi_operand *out = &iter->operands[0], *x = &iter->operands[1];
    if (out->dtype != x->dtype || iter->sizes[last] < 8 || out->strides[last] != size || x->strides[last] == size ||
        x->strides[last] == 0)
        return -1;
    for (int d = 0; d < last; d++)
        if (x->strides[d] == size && iter->sizes[d] >= 8)
            return d;
    return -1;
}

ty_status tyi_cpu_copy(const tyi_iter *iter)
{
    if (iter->numel == 0)
        return TY_OK;
    const tyi_operand *out = &iter->operands[0], *x = &iter->operands[1];
    int last = iter->ndim - 1;
    int64_t size = (int64_t)ty_dtype_size(out->dtype), length = iter->sizes[last];
    int dim = transposed_dim(iter, size);
    if (dim >= 0) {
        transpose_job t = {.iter = iter, .size = size, .dim = dim};
        t.tiles1 = (iter->sizes[dim] + TILE - 1) / TILE;
        t.tiles0 = (length + TILE - 1) / TILE;
        for (int d = 0, k = 0; d < last; d++)
            if (d != dim)
                t.order[k++] = d;
        int64_t tiles = iter->numel / (iter->sizes[dim] * length) * t.tiles1 * t.tiles0;
        return tyi_cpu_parallel(tiles, TYI_GRAIN / (TILE * TILE), false, transpose_tiles, &t);
    }
    bool plain = out->dtype == x->dtype && ((out->strides[last] == size && x->strides[last] == size) || length == 1);
    rows_job j = {.iter = iter, .convert = NULL};
    if (plain && last == 0 && length <= 2 * TYI_GRAIN) {
        memmove(out->data, x->data, (size_t)(length * size));
        return TY_OK;
    }
    if (!plain || length < 32)
        j.convert = tyi_cpu_converts()->convert[out->dtype][x->dtype];
    j.columns = tyi_min64(length, plain ? 2 * TYI_GRAIN : TYI_GRAIN);
    j.blocks = (length + j.columns - 1) / j.columns;
    return tyi_cpu_parallel(iter->numel / length * j.blocks, tyi_cpu_grain(j.columns), false, copy_rows, &j);
}

ty_status tyi_cpu_fill(const tyi_iter *iter, ty_scalar value)
{
    if (iter->numel == 0)
        return TY_OK;
    const tyi_operand *out = &iter->operands[0];
    int64_t size = (int64_t)ty_dtype_size(out->dtype);
    char pattern[8] = {0};
    tyi_convert convert;
    if (value.kind == TY_SCALAR_FLOAT)
        tyi_cpu_converts()->convert[out->dtype][TY_FLOAT64](pattern, size, &value.f, 0, 1);
    else
        tyi_cpu_converts()->convert[out->dtype][TY_INT64](pattern, size, &value.i, 0, 1);
    /* A copy of an operand that never moves. */
    tyi_iter fill = *iter;
    fill.count = 2;
    fill.operands[1] = (tyi_operand){.data = pattern, .dtype = out->dtype};
    convert = tyi_cpu_converts()->convert[out->dtype][out->dtype];
    int last = iter->ndim - 1;
    if (last == 0 && iter->sizes[0] <= TYI_GRAIN) {
        convert(out->data, out->strides[0], pattern, 0, iter->sizes[0]);
        return TY_OK;
    }
    rows_job j = {.iter = &fill, .convert = convert, .columns = tyi_min64(iter->sizes[last], TYI_GRAIN)};
    j.blocks = (iter->sizes[last] + j.columns - 1) / j.columns;
    return tyi_cpu_parallel(iter->numel / iter->sizes[last] * j.blocks, tyi_cpu_grain(j.columns), false, copy_rows, &j);
}

typedef struct range_job {
    ty_dtype dtype;
    char *out;
    ty_scalar start, step;
    bool floating;
    int64_t n;
} range_job;

#define RANGE_BLOCK 512

static void range_blocks(void *context, int64_t begin, int64_t end)
{
    const range_job *j = context;
    int64_t size = (int64_t)ty_dtype_size(j->dtype);
    tyi_convert convert = tyi_cpu_converts()->convert[j->dtype][j->floating ? TY_FLOAT64 : TY_INT64];
    union {
        double f[RANGE_BLOCK];
        int64_t i[RANGE_BLOCK];
    } values;
    for (int64_t u = begin; u < end; u++) {
        int64_t first = u * RANGE_BLOCK, n = tyi_min64(RANGE_BLOCK, j->n - first);
        if (j->floating) {
            for (int64_t k = 0; k < n; k++)
                values.f[k] = j->start.f + (double)(first + k) * j->step.f;
        } else {
            for (int64_t k = 0; k < n; k++)
                values.i[k] = j->start.i + (first + k) * j->step.i;
        }
        convert(j->out + first * size, size, &values, 8, n);
    }
}

ty_status tyi_cpu_arange(ty_dtype dtype, void *out, int64_t n, ty_scalar start, ty_scalar step)
{
    range_job j = {.dtype = dtype, .out = out, .start = start, .step = step, .n = n};
    j.floating = start.kind == TY_SCALAR_FLOAT || step.kind == TY_SCALAR_FLOAT;
    if (j.start.kind != TY_SCALAR_FLOAT)
        j.start.f = (double)start.i;
    if (j.step.kind != TY_SCALAR_FLOAT)
        j.step.f = (double)step.i;
    return tyi_cpu_parallel((n + RANGE_BLOCK - 1) / RANGE_BLOCK, TYI_GRAIN / RANGE_BLOCK, true, range_blocks, &j);
}

typedef struct gather_job {
    tyi_gather gather;
    const void *x;
    const int64_t *index;
    int64_t width;
    float scale, shift;
    float *out;
} gather_job;

static void gather_pieces(void *context, int64_t begin, int64_t end)
{
    const gather_job *j = context;
    j->gather(j->x, j->index + begin, end - begin, j->width, j->scale, j->shift, j->out + begin * j->width);
}

ty_status tyi_cpu_gather_rows(ty_dtype dtype, const void *x, const int64_t *index, int64_t rows, int64_t width,
                              float scale, float shift, float *out)
{
    gather_job j = {tyi_cpu_converts()->gather[dtype], x, index, width, scale, shift, out};
    return tyi_cpu_parallel(rows, tyi_cpu_grain(width), true, gather_pieces, &j);
}

ty_status tyi_cpu_linspace(ty_dtype dtype, void *out, int64_t n, double start, double end)
{
    size_t size = ty_dtype_size(dtype);
    bool single = tyi_wide_of(dtype) == TY_FLOAT32;
    for (int64_t i = 0; i < n; i++) {
        double value = single ? tyi_spaced_f32(i, n, start, end) : tyi_spaced_f64(i, n, start, end);
        tyi_store_scalar((char *)out + (size_t)i * size, dtype, ty_float(value));
    }
    return TY_OK;
}
