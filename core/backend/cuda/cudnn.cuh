/*
 * cuDNN 9 for the plug-in, through its graph API: the library, which is opened when it is first asked for, what
 * libtycho may ask and say of it, and descriptors (cudnn.cu). Without its headers the plug-in is built without it.
 */
#ifndef TYI_CUDA_CUDNN_CUH
#define TYI_CUDA_CUDNN_CUH

#include "backend/cuda/device.cuh"

void tyi_fill_cudnn_functions(tyi_cuda_module *module);

#ifdef TYCHO_CUDNN

#include <cudnn.h>

#include "backend/cuda/library.cuh"

#define TYI_CUDNN_FUNCTIONS(X)                                                                                         \
    X(cudnnGetVersion)                                                                                                 \
    X(cudnnCreate)                                                                                                     \
    X(cudnnSetStream)                                                                                                  \
    X(cudnnGetErrorString)                                                                                             \
    X(cudnnGetLastErrorString)                                                                                         \
    X(cudnnBackendCreateDescriptor)                                                                                    \
    X(cudnnBackendSetAttribute)                                                                                        \
    X(cudnnBackendGetAttribute)                                                                                        \
    X(cudnnBackendFinalize)                                                                                            \
    X(cudnnBackendDestroyDescriptor)                                                                                   \
    X(cudnnBackendExecute)

TYI_LIBRARY(tyi_cudnn_library, TYI_CUDNN_FUNCTIONS);
const tyi_cudnn_library &tyi_cudnn(void);

/* Whether it is there, and has not been switched off. */
bool tyi_cudnn_in_use(void);

/* Of the kinds that have many numbers: what cuDNN does not have, against what went wrong. */
static inline bool tyi_cudnn_lacks(cudnnStatus_t status)
{
    return status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000;
}

/* Fails with cuDNN's words; what: "conv". */
ty_status tyi_cudnn_failed(cudnnStatus_t status, const char *what);

/* A descriptor of the graph API. It remembers the first call that failed, and the rest do nothing. */
class tyi_cudnn_descriptor
{
  public:
    explicit tyi_cudnn_descriptor(cudnnBackendDescriptorType_t type);
    ~tyi_cudnn_descriptor();
    tyi_cudnn_descriptor(const tyi_cudnn_descriptor &) = delete;
    tyi_cudnn_descriptor &operator=(const tyi_cudnn_descriptor &) = delete;

    tyi_cudnn_descriptor &set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const void *values,
                              int64_t count = 1);
    /* Another descriptor, with its failure. */
    tyi_cudnn_descriptor &set(cudnnBackendAttributeName_t name, const tyi_cudnn_descriptor &other);
    tyi_cudnn_descriptor &finish();
    cudnnStatus_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, void *values, int64_t room,
                      int64_t *count) const;

    cudnnBackendDescriptor_t handle = nullptr;
    cudnnStatus_t status;
};

#endif
#endif
