/*
 * Driver of the cells of recurrent layers: shares the rows of a step out to threads. The inner loops are in
 * cell_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define UNIT_COST 24 /* of a unit's exponentials and divisions, beside an addition */

typedef struct job {
    const tyi_cell_args *args;
    void (*loop)(const tyi_cell_args *args, int64_t begin, int64_t end);
} job;

static void rows_task(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    j->loop(j->args, begin, end);
}

static const tyi_cell_loops *find(const tyi_cell_args *args)
{
    static const tyi_cell_table *const variants[] = TYI_ISA_TABLE(&tyi_cells);
    return &(*variants[tyi_cpu_isa()])[args->cell][args->dtype];
}

ty_status tyi_cpu_cell(const tyi_cell_args *args)
{
    job j = {args, find(args)->forward};
    return tyi_cpu_parallel(args->rows, tyi_cpu_grain(args->size * UNIT_COST), true, rows_task, &j);
}

ty_status tyi_cpu_cell_backward(const tyi_cell_args *args)
{
    job j = {args, find(args)->backward};
    return tyi_cpu_parallel(args->rows, tyi_cpu_grain(args->size * UNIT_COST / 2), true, rows_task, &j);
}
