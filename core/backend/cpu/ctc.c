/*
 * Connectionist temporal classification: the samples of a batch side by side, each by the recurrences of ctc_dtype.h.
 */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/pool.h"

#define T       float
#define NAME(f) f##_f32
#define EXP     expf
#define LOG     logf
#include "backend/cpu/ctc_dtype.h"
#undef T
#undef NAME
#undef EXP
#undef LOG

#define T       double
#define NAME(f) f##_f64
#define EXP     exp
#define LOG     log
#include "backend/cpu/ctc_dtype.h"

static ty_status run(const tyi_ctc_args *args, tyi_task task)
{
    if (tyi_parallel(args->batch, 1, true, task, (void *)args) == 0)
        return TY_OK;
    return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
}

ty_status tyi_cpu_ctc(const tyi_ctc_args *args)
{
    return run(args, args->dtype == TY_FLOAT32 ? forward_f32 : forward_f64);
}

ty_status tyi_cpu_ctc_backward(const tyi_ctc_args *args)
{
    return run(args, args->dtype == TY_FLOAT32 ? backward_f32 : backward_f64);
}
