/*
 * A walk over several tensors that broadcast together: what pointwise kernels are given. Dimensions are reordered so
 * that the innermost is the one with the smallest steps, and merged where the tensors allow it.
 */
#ifndef TYI_ITER_H
#define TYI_ITER_H

#include "tycho.h"

#define TYI_MAX_OPERANDS 4

typedef struct tyi_operand {
    char *data;
    ty_dtype dtype;
    bool host;                    /* a single number in host memory, where the output is on another device */
    int64_t strides[TY_MAX_DIMS]; /* bytes, outermost first; 0 where broadcast */
} tyi_operand;

typedef struct tyi_iter {
    int ndim, count;
    int64_t numel;
    int64_t sizes[TY_MAX_DIMS];             /* outermost first */
    tyi_operand operands[TYI_MAX_OPERANDS]; /* [0] is written */
    ty_dtype compute;                       /* dtype the kernel computes in; operands are converted on the way */
} tyi_iter;

/* operands[0] is the output and gives the shape; the others must broadcast to it (the caller checked). */
void tyi_iter_build(tyi_iter *iter, ty_dtype compute, int count, ty_tensor *const *operands);

#endif
