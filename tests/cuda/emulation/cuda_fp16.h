// Half precision as the emulation has it: storage of two bytes and conversions that round to nearest even. No
// arithmetic: the backend computes in float.
#ifndef EMULATED_CUDA_FP16_H
#define EMULATED_CUDA_FP16_H

#include "cuda_runtime.h"

struct alignas(2) __half {
    unsigned short bits;
};
typedef __half half;

struct alignas(4) __half2 {
    __half x, y;
};
typedef __half2 half2;

static inline unsigned short __half_as_ushort(__half x)
{
    return x.bits;
}

static inline __half __ushort_as_half(unsigned short bits)
{
    return __half{bits};
}

static inline float __half2float(__half x)
{
    unsigned sign = (x.bits & 0x8000u) << 16, rest = x.bits & 0x7fffu;
    if (rest >= 0x7c00u) {
        return __uint_as_float(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
    }
    if (rest < 0x400u) { // subnormal: rest * 2^-24
        float value = (float)rest * 5.9604644775390625e-8f;
        return sign ? -value : value;
    }
    return __uint_as_float(sign | ((rest << 13) + 0x38000000u));
}

static inline __half __float2half_rn(float x)
{
    unsigned all = __float_as_uint(x), sign = all >> 16 & 0x8000u, rest = all & 0x7fffffffu;
    if (rest > 0x7f800000u) {
        return __half{0x7fff}; // the device's NaN
    }
    if (rest >= 0x477ff000u) { // 65520 and more
        return __half{(unsigned short)(sign | 0x7c00u)};
    }
    if (rest < 0x38800000u) { // below 2^-14: in steps of 2^-24, which the addition of 0.5 rounds to
        unsigned steps = __float_as_uint(__uint_as_float(rest) + 0.5f) - 0x3f000000u;
        return __half{(unsigned short)(sign | steps)};
    }
    unsigned rounded = rest + 0xfffu + (rest >> 13 & 1u);
    return __half{(unsigned short)(sign | (rounded - 0x38000000u) >> 13)};
}

static inline __half __float2half(float x)
{
    return __float2half_rn(x);
}

// Rounded once, though it goes by way of float: that rounding is to odd.
static inline __half __double2half(double x)
{
    float near = (float)x;
    if ((double)near != x && x == x && !(__float_as_uint(near) & 1u) && fabs(x) < 1e30) {
        bool above = fabs((double)near) > fabs(x);
        near = __uint_as_float(__float_as_uint(near) + (above ? -1u : 1u));
    }
    return __float2half_rn(near);
}

static inline float2 __half22float2(__half2 x)
{
    return float2{__half2float(x.x), __half2float(x.y)};
}

static inline __half2 __floats2half2_rn(float x, float y)
{
    return __half2{__float2half_rn(x), __float2half_rn(y)};
}

static inline __half atomicAdd(__half *at, __half value)
{
    __half old = *at;
    *at = __float2half_rn(__half2float(old) + __half2float(value));
    return old;
}

#endif
