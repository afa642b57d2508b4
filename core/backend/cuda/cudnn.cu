/*
 * cuDNN: see cudnn.cuh.
 */
#include "backend/cuda/cudnn.cuh"

#ifdef TYCHO_CUDNN

static bool enabled = true;

const tyi_cudnn_library &tyi_cudnn(void)
{
    TYI_RETURN_LIBRARY(tyi_cudnn_library, TYI_CUDNN_FUNCTIONS, "libcudnn.so.9");
}

bool tyi_cudnn_in_use(void)
{
    return enabled && tyi_cudnn().found;
}

ty_status tyi_cudnn_failed(cudnnStatus_t status, const char *what)
{
    if (status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        return tyi_host.fail(TY_ERROR_MEMORY, "%s: out of memory on cuda:%d", what, tyi_current_device());
    char words[512] = "";
    tyi_cudnn().cudnnGetLastErrorString(words, sizeof words);
    cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return tyi_cuda_failed(error, what);
    return tyi_host.fail(TY_ERROR_VALUE, "%s on cuda:%d failed: cuDNN says %s%s%s", what, tyi_current_device(),
                         tyi_cudnn().cudnnGetErrorString(status), *words ? ": " : "", words);
}

/* ---- Descriptors ---- */

tyi_cudnn_descriptor::tyi_cudnn_descriptor(cudnnBackendDescriptorType_t type)
    : status(tyi_cudnn().cudnnBackendCreateDescriptor(type, &handle))
{
}

tyi_cudnn_descriptor::~tyi_cudnn_descriptor()
{
    if (handle)
        tyi_cudnn().cudnnBackendDestroyDescriptor(handle);
}

tyi_cudnn_descriptor &tyi_cudnn_descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                                const void *values, int64_t count)
{
    if (status == CUDNN_STATUS_SUCCESS)
        status = tyi_cudnn().cudnnBackendSetAttribute(handle, name, type, count, values);
    return *this;
}

tyi_cudnn_descriptor &tyi_cudnn_descriptor::set(cudnnBackendAttributeName_t name, const tyi_cudnn_descriptor &other)
{
    if (status == CUDNN_STATUS_SUCCESS)
        status = other.status;
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, &other.handle);
}

tyi_cudnn_descriptor &tyi_cudnn_descriptor::finish()
{
    if (status == CUDNN_STATUS_SUCCESS)
        status = tyi_cudnn().cudnnBackendFinalize(handle);
    return *this;
}

cudnnStatus_t tyi_cudnn_descriptor::get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                        void *values, int64_t room, int64_t *count) const
{
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    return tyi_cudnn().cudnnBackendGetAttribute(handle, name, type, room, count, values);
}

/* ---- What libtycho asks and says ---- */

static void enable_cudnn(bool on)
{
    enabled = on;
}

static int cudnn_version(void)
{
    return tyi_cudnn().found ? static_cast<int>(tyi_cudnn().cudnnGetVersion()) : 0;
}

#else

static void enable_cudnn(bool)
{
}

static int cudnn_version(void)
{
    return 0;
}

#endif

void tyi_fill_cudnn_functions(tyi_cuda_module *module)
{
    module->enable_cudnn = enable_cudnn;
    module->cudnn_version = cudnn_version;
}
