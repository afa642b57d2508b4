/*
 * The CUDA plug-in as the library sees it: opened once, when a CUDA device is first asked for.
 */
#ifndef TYI_BACKEND_CUDA_PLUGIN_H
#define TYI_BACKEND_CUDA_PLUGIN_H

#include "backend/cuda/plugin.h"

/* What the plug-in gave; NULL with the reason as the error when it cannot be had. */
const tyi_cuda_module *tyi_cuda(void);
/* NULL, without an error, when it was not opened yet, or could not be. */
const tyi_cuda_module *tyi_cuda_if_open(void);
/* The same as tyi_cuda() for a device's number, checked. */
const tyi_cuda_module *tyi_cuda_device(int device);
/* A fresh tensor of the CPU in page-locked memory, row-major. */
ty_tensor *tyi_new_pinned(int ndim, const int64_t *sizes, ty_dtype dtype);

#endif
