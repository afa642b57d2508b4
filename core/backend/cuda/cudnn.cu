/*
 * cuDNN: see cudnn.cuh.
 */
#ifdef TYCHO_CUDNN

#include "backend/cuda/cudnn.cuh"
#include "backend/cuda/library.cuh"

const tyi_cudnn_library &tyi_cudnn(void)
{
    static const tyi_cudnn_library it = [] {
        tyi_cudnn_library l = {};
        void *file = TYI_OPEN_LIBRARY("libcudnn.so.9");
        l.found = file;
#define TYI_X(name) l.found = l.found && (l.name = TYI_LIBRARY_FUNCTION(file, name));
        TYI_CUDNN_FUNCTIONS(TYI_X)
#undef TYI_X
        return l;
    }();
    return it;
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

#endif
