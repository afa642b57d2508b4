/*
 * The inner loops of batch, layer, group, instance and root-mean-square normalisation and of their gradients; compiled
 * once per instruction set. The loops are in norm_dtype.h.
 */
#include "backend/cpu/loops.h"

#define BLOCK       2048 /* elements that are summed in their own dtype */
#define COLUMN_ROWS 128  /* and rows of columns */
#define TILE        TYI_NORM_TILE

#define T float
#define E FLOAT32
#include "backend/cpu/norm_dtype.h"
#define T double
#define E FLOAT64
#include "backend/cpu/norm_dtype.h"

#define LOOPS(E)                                                                                                       \
    {                                                                                                                  \
        moments_##E, squares_##E, moments_columns_##E, apply_##E, apply_each_##E, apply_columns_##E, sums_##E,         \
            sums_columns_##E, combine_##E, combine_columns_##E, row_gradient_##E,                                      \
    }

const tyi_norm_table TYI_ISA_NAME(tyi_norms) = {
    [TY_FLOAT32] = LOOPS(FLOAT32),
    [TY_FLOAT64] = LOOPS(FLOAT64),
};
