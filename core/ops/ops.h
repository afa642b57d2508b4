/*
 * Small helpers that the families of ops share. Everything else about an op stands in its family's file.
 */
#ifndef TYI_OPS_H
#define TYI_OPS_H

#include "autograd/autograd.h"
#include "backend/backend.h"
#include "tensor/tensor.h"

/* For gradient rules: a number as an operand; owned by the rule's scope. */
static inline ty_tensor *tyi_number(double value)
{
    return tyi_temp(ty_scalar_tensor(ty_float(value), TY_DTYPE_NONE, true));
}

/* Shape of a tensor, kept in a node's context. */
typedef struct tyi_shape {
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
} tyi_shape;

static inline tyi_shape tyi_shape_of(const ty_tensor *x)
{
    tyi_shape shape = {.ndim = x->ndim};
    memcpy(shape.sizes, x->sizes, sizeof *x->sizes * x->ndim);
    return shape;
}

/* The gradient of something that was broadcast: summed over the dimensions that were added or stretched. A new
 * reference. */
ty_tensor *tyi_sum_to(ty_tensor *grad, const tyi_shape *shape);

/* Row-major copy where it is not already; a new reference. Records nothing. */
ty_tensor *tyi_dense(ty_tensor *x);

/* Copies values, converting and broadcasting; records nothing, counts no version. Devices may differ. */
ty_status tyi_copy(ty_tensor *out, ty_tensor *x);

/* Whether values of dtype `from` may be written into one of dtype `to` by an in-place op. */
ty_status tyi_check_cast(const char *name, ty_dtype from, ty_dtype to);

/* The exponents of frexp as x's dtype; no gradient. */
ty_tensor *tyi_frexp_exponent(ty_tensor *x);

/* The fused gradients of relu, sigmoid and tanh (binary.c): g is the gradient of the result y. */
ty_tensor *tyi_relu_backward(ty_tensor *g, ty_tensor *y);
ty_tensor *tyi_sigmoid_backward(ty_tensor *g, ty_tensor *y);
ty_tensor *tyi_tanh_backward(ty_tensor *g, ty_tensor *y);

#endif
