/*
 * What convolution, pooling and folding share: names and checks of windows and of the images that they slide over, and
 * batches of one for images without a batch. Beside ops/support.h; knows no op.
 */
#ifndef TYI_WINDOW_H
#define TYI_WINDOW_H

#include "ops/support.h"

/* "conv" and 2 make "conv2d". */
typedef struct tyi_op_name {
    char s[32];
} tyi_op_name;
tyi_op_name tyi_name_of(const char *family, int ndim);

/* ndim is 1 to 3; sizes, strides and dilations are 1 at least, padding 0 at least, and all small enough to be
 * calculated with. */
ty_status tyi_check_window(const char *name, const ty_window *window);

/* x is {N, C, d...} or {C, d...} with ndim dimensions d, of a floating dtype (of any when `any`), and all sizes but N
 * are not 0. */
ty_status tyi_check_images(const char *name, const ty_tensor *x, int ndim, bool any);

/* x with a batch: itself, or a view {1, C, d...}. A new reference. */
ty_tensor *tyi_batched(ty_tensor *x, int ndim);
/* y without the batch again where x had none; consumes y. */
ty_tensor *tyi_unbatched(ty_tensor *y, const ty_tensor *x, int ndim);

/* The window over the last dimensions of x, its outputs still 0. */
tyi_window tyi_window_over(const ty_window *window, const ty_tensor *x);

/* How much of a dimension a window covers: dilation * (size - 1) + 1. */
static inline int64_t tyi_window_reach(const tyi_window *w, int d)
{
    return w->dilation[d] * (w->kernel[d] - 1) + 1;
}

/* A tensor of x's dtype with `channels` and the sizes of w's inputs or outputs for each of x's images {N, C, d...}. */
ty_tensor *tyi_new_images(const ty_tensor *x, int64_t channels, const int64_t sizes[3], int ndim, ty_dtype dtype);

#endif
