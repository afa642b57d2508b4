// Elements of the types that libraries are told of, as numbers.
#ifndef EMULATION_NUMBERS_H
#define EMULATION_NUMBERS_H

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuda_runtime.h"

namespace emulated
{
static inline size_t size_of(cudaDataType type)
{
    return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2;
}

static inline double load(const void *at, cudaDataType type, size_t index)
{
    switch (type) {
    case CUDA_R_64F:
        return ((const double *)at)[index];
    case CUDA_R_32F:
        return (double)((const float *)at)[index];
    case CUDA_R_16F:
        return (double)__half2float(((const __half *)at)[index]);
    default:
        return (double)__bfloat162float(((const __nv_bfloat16 *)at)[index]);
    }
}

static inline void store(void *at, cudaDataType type, size_t index, double value)
{
    switch (type) {
    case CUDA_R_64F:
        ((double *)at)[index] = value;
        break;
    case CUDA_R_32F:
        ((float *)at)[index] = (float)value;
        break;
    case CUDA_R_16F:
        ((__half *)at)[index] = __float2half_rn((float)value);
        break;
    default:
        ((__nv_bfloat16 *)at)[index] = __float2bfloat16_rn((float)value);
        break;
    }
}
} // namespace emulated

#endif
