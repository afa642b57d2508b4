/*
 * scatter_reduce: products and extremes of elements that meet at a place. In order, on one thread: elements that meet
 * may lie anywhere.
 */
#include "backend/cpu/cpu.h"

#define LOOPS(name, arithmetic)                                                                                        \
    static void scatter_##name(const tyi_scatter_args *a)                                                              \
    {                                                                                                                  \
        const arithmetic *source = a->source;                                                                          \
        arithmetic *out = a->out;                                                                                      \
        int64_t at[TY_MAX_DIMS] = {0}, count = 1;                                                                      \
        for (int d = 0; d < a->ndim; d++)                                                                              \
            count *= a->sizes[d];                                                                                      \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            int64_t place = a->index[i] + (a->index[i] < 0 ? a->size : 0), offset = 0;                                 \
            for (int d = 0; d < a->ndim; d++)                                                                          \
                offset += (d == a->dim ? place : at[d]) * a->out_strides[d];                                           \
            arithmetic x = out[offset], y = source[i];                                                                 \
            out[offset] = a->op == 0   ? (arithmetic)(x * y)                                                           \
                          : a->op == 1 ? (x > y || x != x ? x : y)                                                     \
                                       : (x < y || x != x ? x : y);                                                    \
            for (int d = a->ndim; d-- > 0 && ++at[d] == a->sizes[d];)                                                  \
                at[d] = 0;                                                                                             \
        }                                                                                                              \
    }
LOOPS(uint8, uint8_t)
LOOPS(int8, int8_t)
LOOPS(int16, int16_t)
LOOPS(int32, int32_t)
LOOPS(int64, int64_t)
LOOPS(float32, float)
LOOPS(float64, double)

ty_status tyi_cpu_scatter_reduce(const tyi_scatter_args *args)
{
    static void (*const loops[TY_DTYPE_COUNT])(const tyi_scatter_args *) = {
        [TY_UINT8] = scatter_uint8,     [TY_BOOL] = scatter_uint8,      [TY_INT8] = scatter_int8,
        [TY_INT16] = scatter_int16,     [TY_INT32] = scatter_int32,     [TY_INT64] = scatter_int64,
        [TY_FLOAT32] = scatter_float32, [TY_FLOAT64] = scatter_float64,
    };
    loops[args->dtype](args);
    return TY_OK;
}
