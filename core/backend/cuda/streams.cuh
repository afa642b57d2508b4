/*
 * Streams and events (streams.cu).
 */
#ifndef TYI_CUDA_STREAMS_CUH
#define TYI_CUDA_STREAMS_CUH

#include "backend/cuda/device.cuh"

struct tyi_cuda_stream {
    cudaStream_t handle;
    int device;
    int priority;
    bool is_default;
};

struct tyi_cuda_event {
    cudaEvent_t handle;
    int device;
};

void tyi_fill_stream_functions(tyi_cuda_module *module);

#endif
