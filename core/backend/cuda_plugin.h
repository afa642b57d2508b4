/*
 * The CUDA plug-in as the library sees it: opened once, when a CUDA device is first asked for.
 */
#ifndef TYI_BACKEND_CUDA_PLUGIN_H
#define TYI_BACKEND_CUDA_PLUGIN_H

#include "backend/cuda/plugin.h"

/* What the plug-in gave; NULL with the reason as the error when it cannot be had. */
const tyi_cuda_module *tyi_cuda(void);
/* The same for a device's number, checked. */
const tyi_cuda_module *tyi_cuda_device(int device);

#endif
