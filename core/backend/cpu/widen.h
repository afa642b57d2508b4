/*
 * Whole arrays of a reduced dtype as floats and back, for kernels that are given to the float32 ones: those that look
 * at their data more than once. (Pointwise ops and reductions convert strip by strip instead.)
 */
#ifndef TYI_CPU_WIDEN_H
#define TYI_CPU_WIDEN_H

#include "backend/backend.h"
#include "tensor/tensor.h"

/* {batch, rows, columns} elements at these strides (elements) as a fresh row-major array, to be freed; a batch stride
 * of 0 makes one matrix for all. NULL with the error set when there is no memory for it. */
typedef struct tyi_matrices {
    int64_t batch, rows, columns, batch_step, row_step, column_step;
} tyi_matrices;
float *tyi_cpu_widen_matrices(ty_dtype dtype, const void *x, tyi_matrices shape);
/* The reverse, into matrices whose rows have no gaps. */
void tyi_cpu_round_matrices(ty_dtype dtype, void *out, tyi_matrices shape, const float *x);

/* The same of n neighbours. */
float *tyi_cpu_widen(ty_dtype dtype, const void *x, int64_t n);
void tyi_cpu_round(ty_dtype dtype, void *out, const float *x, int64_t n);
/* Fresh memory for n floats; NULL with the error set. */
float *tyi_cpu_floats(int64_t n);

#endif
