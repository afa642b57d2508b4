/*
 * Driver of the optimisers' updates: shares the elements out to threads. An update is never stopped half-way. The inner
 * loops are in optim_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define GRAIN 8192 /* elements; each costs a root, a division and seven transfers */

typedef struct job {
    const tyi_optim_args *args;
    tyi_optim_loop loop;
} job;

static void update(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    j->loop(j->args, begin, end - begin);
}

ty_status tyi_cpu_optim(const tyi_optim_args *args)
{
    static const tyi_optim_table *const variants[] = TYI_ISA_TABLE(&tyi_optims);
    job j = {args, (*variants[tyi_cpu_isa()])[args->kind][args->dtype]};
    if (!j.loop)
        return ty_fail(TY_ERROR_VALUE,
                       "optim: parameters of dtype %s cannot be optimised on the CPU; use float32 or float64",
                       ty_dtype_name(args->dtype));
    return tyi_cpu_parallel(args->n, GRAIN, false, update, &j);
}
