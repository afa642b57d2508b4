/*
 * The functions that the expressions of pointwise.def call as M(f), on the device: CUDA's own where it has them, those
 * that all devices share for the rest.
 */
#ifndef TYI_CUDA_MATH_CUH
#define TYI_CUDA_MATH_CUH

#include <math.h>
#include <stdint.h>

#include "backend/cuda/device.cuh"

#define TYI_X(name)                                                                                                    \
    static inline __device__ float tyi_##name##_f32(float x)                                                           \
    {                                                                                                                  \
        return name##f(x);                                                                                             \
    }                                                                                                                  \
    static inline __device__ double tyi_##name##_f64(double x)                                                         \
    {                                                                                                                  \
        return name(x);                                                                                                \
    }
TYI_X(sin)
TYI_X(cos)
TYI_X(tan)
TYI_X(asin)
TYI_X(acos)
TYI_X(atan)
TYI_X(sinh)
TYI_X(cosh)
TYI_X(tanh)
TYI_X(erf)
TYI_X(erfc)
TYI_X(exp)
TYI_X(exp2)
TYI_X(expm1)
TYI_X(log)
TYI_X(log1p)
TYI_X(log2)
TYI_X(log10)
TYI_X(asinh)
TYI_X(acosh)
TYI_X(atanh)
TYI_X(fabs)
TYI_X(sqrt)
TYI_X(floor)
TYI_X(ceil)
TYI_X(rint)
TYI_X(trunc)
#undef TYI_X

#define TYI_X(name)                                                                                                    \
    static inline __device__ float tyi_##name##_f32(float x, float y)                                                  \
    {                                                                                                                  \
        return name##f(x, y);                                                                                          \
    }                                                                                                                  \
    static inline __device__ double tyi_##name##_f64(double x, double y)                                               \
    {                                                                                                                  \
        return name(x, y);                                                                                             \
    }
TYI_X(pow)
TYI_X(atan2)
TYI_X(fmod)
TYI_X(hypot)
TYI_X(copysign)
TYI_X(nextafter)
#undef TYI_X

static inline __device__ float tyi_sigmoid_f32(float x)
{
    return 1.0f / (1.0f + expf(-x));
}
static inline __device__ double tyi_sigmoid_f64(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

#include "backend/numbers.h"

#endif
