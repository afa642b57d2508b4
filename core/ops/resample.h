/*
 * Weighted sums along one dimension by a table, which padding and interpolation are made of.
 */
#ifndef TYI_RESAMPLE_H
#define TYI_RESAMPLE_H

#include "ops/support.h"

/* What each of `out` results is the sum of: `taps` elements by their positions, {out, taps}, and weights. */
typedef struct tyi_taps {
    int64_t out, taps;
    int64_t *index;
    double *weight; /* as index; all 1 where taps is 1 */
} tyi_taps;

/* Room for a table; TY_FAIL when there is none. free() its parts by tyi_taps_free(). */
ty_status tyi_taps_new(tyi_taps *t, int64_t out, int64_t taps);
void tyi_taps_free(tyi_taps *t);

/* x with its dimension `dim` replaced by the sums; differentiable to any order. x of float32, float64, or where taps is
 * 1 of any dtype. A new reference. */
ty_tensor *tyi_resample(ty_tensor *x, int dim, const tyi_taps *taps);

#endif
