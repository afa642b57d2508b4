/*
 * The inner loops of recurrent cells and of their gradients; compiled once per instruction set. The loops are in
 * cell_dtype.h.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/math.h"

#define T    float
#define E    FLOAT32
#define M(f) tyi_##f##_f32
#include "backend/cpu/cell_dtype.h"
#define T    double
#define E    FLOAT64
#define M(f) tyi_##f##_f64
#include "backend/cpu/cell_dtype.h"

#define LOOPS(cell)                                                                                                    \
    {                                                                                                                  \
        [TY_FLOAT32] = {cell##_FLOAT32, cell##_backward_FLOAT32}, [TY_FLOAT64] = {                                     \
            cell##_FLOAT64,                                                                                            \
            cell##_backward_FLOAT64                                                                                    \
        }                                                                                                              \
    }

const tyi_cell_table TYI_ISA_NAME(tyi_cells) = {
    [TYI_CELL_TANH] = LOOPS(tanh_cell),
    [TYI_CELL_RELU] = LOOPS(relu_cell),
    [TYI_CELL_LSTM] = LOOPS(lstm),
    [TYI_CELL_GRU] = LOOPS(gru),
};
