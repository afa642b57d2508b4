/*
 * What dropout shares with the random ops.
 */
#ifndef TYI_OPS_RANDOM_H
#define TYI_OPS_RANDOM_H

#include "tensor/tensor.h"

/* Whether both lay their elements out in the same way. */
bool tyi_same_layout(const ty_tensor *a, const ty_tensor *b);

#endif
