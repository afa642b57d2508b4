/*
 * Windows and the images they slide over: see window.h.
 */
#include "ops/window.h"

#include <limits.h>

tyi_op_name tyi_name_of(const char *family, int ndim)
{
    tyi_op_name name;
    snprintf(name.s, sizeof name.s, "%s%dd", family, ndim);
    return name;
}

static ty_status check_range(const char *name, const char *what, int ndim, const int64_t *values, int64_t least)
{
    for (int d = 0; d < ndim; d++)
        if (values[d] < least || values[d] > INT_MAX)
            return ty_fail(TY_ERROR_VALUE, "%s: %s %s must be at least %lld%s", name, what,
                           tyi_shape_text(ndim, values).s, (long long)least,
                           values[d] < least ? "" : ", and below 2^31");
    return TY_OK;
}

ty_status tyi_check_window(const char *name, const ty_window *window)
{
    if (window->ndim < 1 || window->ndim > 3)
        return ty_fail(TY_ERROR_VALUE, "%s: windows have 1 to 3 dimensions, got %d", name, window->ndim);
    if (check_range(name, "kernel_size", window->ndim, window->size, 1) != TY_OK ||
        check_range(name, "stride", window->ndim, window->stride, 1) != TY_OK ||
        check_range(name, "padding", window->ndim, window->padding, 0) != TY_OK ||
        check_range(name, "dilation", window->ndim, window->dilation, 1) != TY_OK)
        return TY_FAIL;
    return TY_OK;
}

ty_status tyi_check_images(const char *name, const ty_tensor *x, int ndim, bool any)
{
    static const char *const layouts[] = {"L", "H, W", "D, H, W"};
    if (x->ndim != ndim + 2 && x->ndim != ndim + 1)
        return ty_fail(TY_ERROR_VALUE, "%s: expected an input {N, C, %s}, or {C, %s} without a batch, got %s", name,
                       layouts[ndim - 1], layouts[ndim - 1], TYI_SHAPE(x));
    if (!any && !ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: the input must be floating; this one is %s: convert it: x:to(ty.float32)",
                       name, TYI_DESCRIBE(x));
    for (int d = x->ndim - ndim - 1; d < x->ndim; d++)
        if (x->sizes[d] == 0)
            return ty_fail(TY_ERROR_VALUE, "%s: dimension %lld of the input %s is empty; only the batch may be", name,
                           tyi_said(d), TYI_SHAPE(x));
    return TY_OK;
}

ty_tensor *tyi_batched(ty_tensor *x, int ndim)
{
    return x && x->ndim == ndim + 1 ? ty_unsqueeze(x, 0) : ty_retain(x);
}

ty_tensor *tyi_unbatched(ty_tensor *y, const ty_tensor *x, int ndim)
{
    if (!y || x->ndim != ndim + 1)
        return y;
    ty_tensor *single = ty_squeeze_dim(y, 0);
    ty_release(y);
    return single;
}

tyi_window tyi_window_over(const ty_window *window, const ty_tensor *x)
{
    tyi_window w;
    for (int d = 0; d < 3; d++) {
        int own = d - (3 - window->ndim);
        w.in[d] = own < 0 ? 1 : x->sizes[x->ndim - window->ndim + own];
        w.kernel[d] = own < 0 ? 1 : window->size[own];
        w.stride[d] = own < 0 ? 1 : window->stride[own];
        w.pad[d] = own < 0 ? 0 : window->padding[own];
        w.dilation[d] = own < 0 ? 1 : window->dilation[own];
        w.out[d] = own < 0;
    }
    return w;
}

ty_tensor *tyi_new_images(const ty_tensor *x, int64_t channels, const int64_t sizes[3], int ndim, ty_dtype dtype)
{
    int64_t all[5] = {x->sizes[0], channels};
    for (int d = 0; d < ndim; d++)
        all[2 + d] = sizes[3 - ndim + d];
    return tyi_new(ndim + 2, all, dtype, x->storage->device);
}
