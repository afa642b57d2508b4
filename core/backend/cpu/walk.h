/*
 * What the CPU's drivers share: the outcome of a parallel loop as a status, overlap of operands, and positions in a
 * tensor of several dimensions.
 */
#ifndef TYI_CPU_WALK_H
#define TYI_CPU_WALK_H

#include "backend/cpu/cpu.h"
#include "backend/cpu/pool.h"

/* Elements of cheap work (a few operations each) that make a piece worth handing to another thread. */
#define TYI_GRAIN 32768

/* tyi_parallel() as a status; one piece runs here at once. */
static inline ty_status tyi_cpu_parallel(int64_t count, int64_t grain, bool stoppable, tyi_task task, void *context)
{
    if (count <= grain) {
        if (count > 0)
            task(context, 0, count);
        return TY_OK;
    }
    if (tyi_parallel(count, grain, stoppable, task, context) != 0)
        return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
    return TY_OK;
}

/* Items per piece when each costs `cost` elements of cheap work. */
static inline int64_t tyi_cpu_grain(int64_t cost)
{
    return cost >= TYI_GRAIN ? 1 : TYI_GRAIN / (cost > 0 ? cost : 1);
}

static inline int64_t tyi_min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whether the output shares memory with an input, as in-place ops do: then the work must not be stopped half-way. */
bool tyi_iter_in_place(const tyi_iter *iter);

/* Byte offsets of the operands at position `index` of the first `ndim` dimensions, counted row by row. */
void tyi_iter_offsets(const tyi_iter *iter, int ndim, int64_t index, int64_t offsets[TYI_MAX_OPERANDS]);

#endif
