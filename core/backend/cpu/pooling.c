/*
 * Drivers of pooling and resampling: they share planes or rows out to threads. The inner loops are in pooling_loops.c.
 */
#include "backend/cpu/pooling.h"

#include "backend/cpu/walk.h"

static const tyi_pooling_loops *find(ty_dtype dtype)
{
    static const tyi_pooling_table *const variants[] = TYI_ISA_TABLE(&tyi_poolings);
    return &(*variants[tyi_cpu_isa()])[dtype];
}

static void pool_task(void *context, int64_t begin, int64_t end)
{
    const tyi_pool_args *a = context;
    find(a->dtype)->pool[a->part](a, begin, end);
}

ty_status tyi_cpu_pool(const tyi_pool_args *args)
{
    const tyi_window *w = &args->window;
    int64_t taps = 1, out = 1, in = 1;
    for (int d = 0; d < 3; d++) {
        taps *= args->adaptive ? (w->in[d] + w->out[d] - 1) / w->out[d] : w->kernel[d];
        out *= w->out[d];
        in *= w->in[d];
    }
    int64_t cost = args->part == TYI_POOL_MAX_BACK ? in + 2 * out : out * taps * 2;
    return tyi_cpu_parallel(args->planes, tyi_cpu_grain(cost), true, pool_task, (void *)args);
}

static void resample_task(void *context, int64_t begin, int64_t end)
{
    const tyi_resample_args *a = context;
    find(a->dtype)->resample[a->back](a, begin, end);
}

ty_status tyi_cpu_resample(const tyi_resample_args *args)
{
    int64_t cost = args->inner * (args->out * args->taps * 2 + (args->back ? args->in : 0));
    return tyi_cpu_parallel(args->outer, tyi_cpu_grain(cost), true, resample_task, (void *)args);
}
