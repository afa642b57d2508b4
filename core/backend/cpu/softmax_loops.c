/*
 * The inner loops of softmax, log_softmax, their gradients and cross entropy's; compiled once per instruction set. The
 * loops are in softmax_dtype.h.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/math.h"

#define SHORT_ROW   40   /* rows up to here are taken many at a time */
#define ROWS_BLOCK  1024 /* elements of them */
#define SUM_BLOCK   4096 /* elements that are summed in their own dtype */
#define COLUMN_TILE 256  /* most columns of one call */

#define T    float
#define E    FLOAT32
#define M(f) tyi_##f##_f32
#include "backend/cpu/softmax_dtype.h"
#define T    double
#define E    FLOAT64
#define M(f) tyi_##f##_f64
#include "backend/cpu/softmax_dtype.h"

#define LOOPS(E)                                                                                                       \
    {                                                                                                                  \
        softmax_rows_##E, softmax_columns_##E, backward_rows_##E, backward_columns_##E, nll_rows_##E, nll_columns_##E, \
    }

const tyi_softmax_table TYI_ISA_NAME(tyi_softmaxes) = {
    [TY_FLOAT32] = LOOPS(FLOAT32),
    [TY_FLOAT64] = LOOPS(FLOAT64),
};
