/*
 * Driver of the optimisers' updates: shares the elements out to threads. An update is never stopped half-way. The inner
 * loops are in optim_loops.c.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/walk.h"

#define BLOCK 256  /* elements of a reduced dtype that are floats at a time */
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

/* The same of a reduced dtype, whose loop takes floats. */
static void update_reduced(void *context, int64_t begin, int64_t end)
{
    const job *j = context;
    const tyi_optim_args *a = j->args;
    enum { PARAM, GRAD, STATE, ARRAYS = STATE + 3 };
    void *reduced[ARRAYS] = {a->param, (void *)a->grad, a->state[0], a->state[1], a->state[2]};
    float wide[ARRAYS][BLOCK];
    tyi_optim_args args = *a;
    args.param = wide[PARAM], args.grad = wide[GRAD];
    for (int k = 0; k < 3; k++)
        args.state[k] = a->state[k] ? wide[STATE + k] : NULL;
    tyi_convert widen = tyi_cpu_converts()->convert[TY_FLOAT32][a->dtype];
    tyi_convert round = tyi_cpu_converts()->convert[a->dtype][TY_FLOAT32];
    for (int64_t at = begin; at < end; at += BLOCK) {
        int64_t n = tyi_min64(BLOCK, end - at);
        for (int k = 0; k < ARRAYS; k++)
            if (reduced[k])
                widen(wide[k], sizeof(float), (uint16_t *)reduced[k] + at, 2, n);
        j->loop(&args, 0, n);
        for (int k = 0; k < ARRAYS; k++)
            if (reduced[k] && k != GRAD)
                round((uint16_t *)reduced[k] + at, 2, wide[k], sizeof(float), n);
    }
}

ty_status tyi_cpu_optim(const tyi_optim_args *args)
{
    static const tyi_optim_table *const variants[] = TYI_ISA_TABLE(&tyi_optims);
    job j = {args, (*variants[tyi_cpu_isa()])[args->kind][args->dtype]};
    if (!j.loop)
        return ty_fail(TY_ERROR_VALUE, "optim: parameters of dtype %s cannot be optimised; they must be floating",
                       ty_dtype_name(args->dtype));
    return tyi_cpu_parallel(args->n, GRAIN, false, tyi_is_reduced(args->dtype) ? update_reduced : update, &j);
}

ty_status tyi_cpu_optim_many(const tyi_optim_args *list, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (list[i].n && tyi_cpu_optim(&list[i]) != TY_OK)
            return TY_FAIL;
    return TY_OK;
}
