/*
 * What the files of losses share.
 */
#ifndef TYI_LOSS_H
#define TYI_LOSS_H

#include "ops/support.h"

/* The target as int64, contiguous, one class for each of x {N, C, d...} or {C}; fails on a shape that does not fit and
 * on what is neither a class nor ignore_index. A new reference. */
ty_tensor *tyi_class_targets(const char *name, ty_tensor *x, ty_tensor *target, int64_t ignore_index);

/* Every element of target (int64, contiguous) is from 0 to classes - 1, or ignore_index. */
ty_status tyi_check_classes(const char *name, ty_tensor *target, int64_t classes, int64_t ignore_index);

/* weight, NULL or {C}, goes with x {N, C, ...} or {C}, both floating, of one dtype and device. */
ty_status tyi_check_class_weight(const char *name, ty_tensor *x, ty_tensor *weight);

/* The losses' mean or sum, or themselves, as a new reference; ends the scope. NULL passes on. */
ty_tensor *tyi_reduced(tyi_scope *scope, ty_tensor *losses, ty_reduction reduction);

#endif
