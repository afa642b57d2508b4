/*
 * Windows from arguments: see window.h.
 */
#include "window.h"

bool tyb_numbers(tyb_call *c, int at, const char *name, int ndim, int64_t absent, int64_t *numbers)
{
    int count = at < 0 ? 0 : COUNT(at);
    if (count > 1 && count != ndim) {
        c->status = ty_fail(TY_ERROR_VALUE, "%s: %s takes one number, or a list of %d; got %d", c->row->name, name,
                            ndim, count);
        return false;
    }
    for (int d = 0; d < ndim; d++)
        numbers[d] = count == 0 ? absent : INTS(at)[count == 1 ? 0 : d];
    return true;
}

bool tyb_window(tyb_call *c, int ndim, tyb_window_args at, ty_window *window)
{
    *window = (ty_window){.ndim = ndim};
    bool fine = tyb_numbers(c, at.size, "kernel_size", ndim, 1, window->size) &&
                tyb_numbers(c, at.stride, "stride", ndim, 1, window->stride) &&
                tyb_numbers(c, at.padding, "padding", ndim, 0, window->padding) &&
                tyb_numbers(c, at.dilation, "dilation", ndim, 1, window->dilation);
    if (fine && at.size >= 0 && (at.stride < 0 || COUNT(at.stride) == 0))
        for (int d = 0; d < ndim; d++)
            window->stride[d] = window->size[d];
    return fine;
}
