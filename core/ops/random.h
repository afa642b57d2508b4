/*
 * What dropout shares with the random ops: the order in which random values are laid into a tensor.
 */
#ifndef TYI_OPS_RANDOM_H
#define TYI_OPS_RANDOM_H

#include "tensor/tensor.h"

/* Fresh memory of x's shape without gaps, whose dimensions follow each other as x's do by their strides: the order in
 * which PyTorch fills x, and the layout that its empty_like(x) has (tyi_new_like() keeps that of dense tensors only).
 */
ty_tensor *tyi_new_in_order(const ty_tensor *x, ty_dtype dtype);

/* Whether both lay their elements out in the same way. */
bool tyi_same_layout(const ty_tensor *a, const ty_tensor *b);

#endif
