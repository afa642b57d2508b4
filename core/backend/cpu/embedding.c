/*
 * Rows of a table: sums of rows by index, which embeddings and their gradients are, and the largest elements of bags of
 * rows. Indices have been checked. A row of the result is always summed by one thread in the order of the indices, so
 * the result does not depend on how many threads there are.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define MOST_PIECES 16 /* each piece scans all indices */

typedef struct rows_job {
    const tyi_rows_args *a;
    tyi_loop add, axpy;
    int64_t row, piece; /* bytes of a row; rows of the result in a piece */
} rows_job;

static void add_row(const rows_job *j, int64_t i, int64_t from, int64_t to)
{
    const tyi_rows_args *a = j->a;
    char *out = (char *)a->out + to * j->row;
    void *p[] = {out, out, (char *)(uintptr_t)a->x + from * j->row};
    if (a->factor)
        j->axpy(p, a->width, (const char *)a->factor + i * (int64_t)ty_dtype_size(a->dtype));
    else
        j->add(p, a->width, NULL);
}

static void sum_rows(void *context, int64_t begin, int64_t end)
{
    const rows_job *j = context;
    const tyi_rows_args *a = j->a;
    for (int64_t u = begin; u < end; u++) {
        int64_t first = u * j->piece, last = tyi_min64(first + j->piece, a->rows);
        memset((char *)a->out + first * j->row, 0, (size_t)((last - first) * j->row));
        if (!a->to) {
            for (int64_t i = first; i < tyi_min64(last, a->count); i++)
                if (!a->from || a->from[i] >= 0)
                    add_row(j, i, a->from ? a->from[i] : i, i);
            continue;
        }
        for (int64_t i = 0; i < a->count; i++) {
            int64_t to = a->to[i], from = a->from ? a->from[i] : i;
            if (to >= first && to < last && from >= 0)
                add_row(j, i, from, to);
        }
    }
}

ty_status tyi_cpu_sum_rows(const tyi_rows_args *args)
{
    const tyi_pointwise_loops *loops = tyi_cpu_pointwise();
    rows_job j = {.a = args, .add = loops->add[args->dtype], .axpy = loops->axpy[args->dtype]};
    j.row = args->width * (int64_t)ty_dtype_size(args->dtype);
    if (args->rows * args->width == 0)
        return TY_OK;
    int64_t work = (args->count + args->rows) * args->width, pieces = (work + TYI_GRAIN - 1) / TYI_GRAIN;
    pieces = tyi_min64(pieces, args->to ? tyi_min64(MOST_PIECES, args->rows) : args->rows);
    j.piece = (args->rows + pieces - 1) / pieces;
    return tyi_cpu_parallel((args->rows + j.piece - 1) / j.piece, 1, true, sum_rows, &j);
}

#define BAG_MAX(E, T)                                                                                                  \
    static void bag_max_##E(const tyi_bag_max_args *a)                                                                 \
    {                                                                                                                  \
        const T *x = a->x;                                                                                             \
        for (int64_t b = 0; b < a->bags; b++) {                                                                        \
            int64_t *best = a->out + b * a->width;                                                                     \
            for (int64_t c = 0; c < a->width; c++)                                                                     \
                best[c] = -1;                                                                                          \
            for (int64_t i = a->begin[b]; i < a->begin[b + 1]; i++) {                                                  \
                const T *row = x + a->index[i] * a->width;                                                             \
                for (int64_t c = 0; a->index[i] >= 0 && c < a->width; c++)                                             \
                    if (best[c] < 0 || row[c] > x[best[c] * a->width + c])                                             \
                        best[c] = a->index[i];                                                                         \
            }                                                                                                          \
        }                                                                                                              \
    }
BAG_MAX(FLOAT32, float)
BAG_MAX(FLOAT64, double)

ty_status tyi_cpu_bag_max(const tyi_bag_max_args *args)
{
    if (args->dtype == TY_FLOAT32)
        bag_max_FLOAT32(args);
    else
        bag_max_FLOAT64(args);
    return TY_OK;
}
