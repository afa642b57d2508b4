/*
 * The inner loops of convolution, compiled once per instruction set. The loops are in conv_dtype.h.
 */
#include <string.h>

#include "backend/cpu/conv.h"
#include "backend/cpu/loops.h"

static inline int64_t clamp_to(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* The first i with i * step + shift >= bound, for step > 0. */
static inline int64_t reach(int64_t bound, int64_t shift, int64_t step)
{
    int64_t distance = bound - shift;
    return distance <= 0 ? 0 : (distance + step - 1) / step;
}

/* Else the sums would not live in registers. */
#define PRAGMA_UNROLL TYI_PRAGMA(GCC unroll 4)

#define T float
#define E FLOAT32
#include "backend/cpu/conv_dtype.h"
#define T double
#define E FLOAT64
#include "backend/cpu/conv_dtype.h"

#define LOOPS(E)                                                                                                       \
    {                                                                                                                  \
        gather_##E, scatter_##E, spread_##E, slide_##E, correlate_##E, round_##E                                       \
    }

const tyi_conv_table TYI_ISA_NAME(tyi_convs) = {
    [TY_FLOAT32] = LOOPS(FLOAT32),
    [TY_FLOAT64] = LOOPS(FLOAT64),
};
