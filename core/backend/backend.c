/*
 * The registry of backends: which table of kernels a device has. The CPU's is built in.
 */
#include "backend/backend.h"

const tyi_backend *tyi_backend_of(ty_device device)
{
    if (device.type == TY_CPU)
        return tyi_cpu_backend();
    return tyi_fail(TY_ERROR_VALUE, "device \"cuda:%d\" is not available: this build of Tycho has no CUDA backend",
                    device.index);
}
