/*
 * Windows from arguments: what the rows of convolution, pooling and folding share. Sizes are one number for all
 * dimensions, or a list of one for each.
 */
#ifndef TYB_WINDOW_H
#define TYB_WINDOW_H

#include "args.h"

/* Positions of the arguments that make a window; -1: there is none. */
typedef struct tyb_window_args {
    int size, stride, padding, dilation;
} tyb_window_args;

/* Numbers of argument `at` for each of ndim dimensions; `absent` when it was not given. False, with the core's error
 * set and c->status TY_FAIL, when it has another number of items. */
bool tyb_numbers(tyb_call *c, int at, const char *name, int ndim, int64_t absent, int64_t *numbers);

/* The window; an absent stride is the size. False as tyb_numbers(). */
bool tyb_window(tyb_call *c, int ndim, tyb_window_args at, ty_window *window);

#endif
