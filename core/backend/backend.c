/*
 * The registry of backends: which table of kernels a device has. The CPU's is built in.
 */
#include "backend/cuda_plugin.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

const tyi_backend *tyi_real_backend(ty_device device)
{
    if (device.type == TY_CPU)
        return tyi_cpu_backend();
    const tyi_cuda_module *cuda = tyi_cuda_device(device.index);
    return cuda && cuda->use_device(device.index) == TY_OK ? cuda->backend : NULL;
}

const tyi_backend *tyi_backend_of(ty_device device)
{
    if (__builtin_expect(tyi_watching != NULL, 0))
        return tyi_watching->backend(tyi_watching, device);
    return device.type == TY_CPU ? tyi_cpu_backend() : tyi_real_backend(device);
}

ty_status ty_device_from_name(const char *name, ty_device *device)
{
    static const char *const types[TY_DEVICE_TYPES] = {"cpu", "cuda"};
    for (int t = 0; t < TY_DEVICE_TYPES; t++) {
        size_t length = strlen(types[t]);
        if (strncmp(name, types[t], length) != 0)
            continue;
        long index = 0;
        if (name[length] == ':') {
            char *end;
            index = strtol(name + length + 1, &end, 10);
            if (end == name + length + 1 || *end || index < 0 || index > 255 || name[length + 1] == '+')
                break;
        } else if (name[length]) {
            break;
        }
        if (t == TY_CPU && index != 0)
            return ty_fail(TY_ERROR_VALUE, "device: there is one cpu, \"cpu\" or \"cpu:0\", got \"%s\"", name);
        if (t == TY_CUDA && !name[length])
            index = ty_cuda_current_device();
        *device = (ty_device){(ty_device_type)t, (int)index};
        return tyi_backend_of(*device) ? TY_OK : TY_FAIL;
    }
    return ty_fail(TY_ERROR_VALUE, "device: \"%s\" names no device; there are \"cpu\", \"cuda\" and \"cuda:1\"", name);
}
