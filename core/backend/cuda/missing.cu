/*
 * Kernels that are not there on CUDA: each says so by its name. Nothing goes to the CPU unseen.
 */
#include "backend/cuda/device.cuh"
#include "backend/cuda/kernels.h"

static ty_status missing(const char *name)
{
    return tyi_host.fail(TY_ERROR_VALUE, "%s: there is no CUDA kernel for it; move its tensors to the CPU: x:to('cpu')",
                         name);
}

ty_status tyi_cuda_lapack(const tyi_lapack_args *)
{
    return missing("linear algebra");
}
