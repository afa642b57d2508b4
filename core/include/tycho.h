/*
 * tycho.h: the whole public C interface of libtycho, Tycho's tensor, autograd and neural-network engine. What it
 * declares stands in its sections, tycho/NAME.h; programs include tycho.h.
 *
 * Conventions, valid for every function here:
 *
 * - Names and semantics are PyTorch's. Dimensions and indices count from 0, negative ones from the end.
 * - A function that returns `ty_tensor *` gives a new reference, to be dropped with ty_release(), or NULL
 *   on failure. A function that returns ty_status gives TY_OK or TY_FAIL. After a failure ty_error()
 *   holds the message of the calling thread. Arguments are borrowed, never consumed; passing NULL where
 *   a tensor is required fails with the message of the call that made the NULL, so that calls may be
 *   nested and the outermost result checked. (References made inside such a nest are not dropped by it.)
 * - Functions ending in `_` change their first argument in place and return a new reference to it.
 * - The library never prints, exits, aborts or jumps. It keeps no global state but: the caching
 *   allocator (with free lists per thread), the thread pool, the default random generator, the
 *   interrupt flag and the table of backends with the CUDA plug-in (each one per process), and per
 *   thread: the error message, the gradient mode, the default dtype, the chosen CUDA device and the base
 *   that messages count indices from.
 */
#ifndef TYCHO_H
#define TYCHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TY_VERSION "0.1.0"

/* Its sections. They are included here alone, in this order. */
#include "tycho/base.h"
#include "tycho/tensor.h"
#include "tycho/cuda.h"
#include "tycho/shape.h"
#include "tycho/pointwise.h"
#include "tycho/reduce.h"
#include "tycho/linalg.h"
#include "tycho/layers.h"
#include "tycho/autograd.h"
#include "tycho/optim.h"
#include "tycho/capture.h"
#include "tycho/io.h"

#ifdef __cplusplus
}
#endif
#endif
