// bfloat16 as the emulation has it: storage of two bytes and conversions that round to nearest even. No arithmetic: the
// backend computes in float.
#ifndef EMULATED_CUDA_BF16_H
#define EMULATED_CUDA_BF16_H

#include "cuda_runtime.h"

struct alignas(2) __nv_bfloat16 {
    unsigned short bits;
};
typedef __nv_bfloat16 nv_bfloat16;

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};
typedef __nv_bfloat162 nv_bfloat162;

static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x)
{
    return x.bits;
}

static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    return __nv_bfloat16{bits};
}

static inline float __bfloat162float(__nv_bfloat16 x)
{
    return __uint_as_float((unsigned)x.bits << 16);
}

static inline __nv_bfloat16 __float2bfloat16_rn(float x)
{
    unsigned all = __float_as_uint(x);
    if ((all & 0x7fffffffu) > 0x7f800000u) {
        return __nv_bfloat16{0x7fff}; // the device's NaN
    }
    return __nv_bfloat16{(unsigned short)((all + 0x7fffu + (all >> 16 & 1u)) >> 16)};
}

static inline __nv_bfloat16 __float2bfloat16(float x)
{
    return __float2bfloat16_rn(x);
}

// Rounded once, though it goes by way of float: that rounding is to odd.
static inline __nv_bfloat16 __double2bfloat16(double x)
{
    float near = (float)x;
    if ((double)near != x && x == x && !(__float_as_uint(near) & 1u) && fabs(x) < 3.4e38) {
        bool above = fabs((double)near) > fabs(x);
        near = __uint_as_float(__float_as_uint(near) + (above ? -1u : 1u));
    }
    return __float2bfloat16_rn(near);
}

static inline float2 __bfloat1622float2(__nv_bfloat162 x)
{
    return float2{__bfloat162float(x.x), __bfloat162float(x.y)};
}

static inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y)
{
    return __nv_bfloat162{__float2bfloat16_rn(x), __float2bfloat16_rn(y)};
}

static inline __nv_bfloat16 atomicAdd(__nv_bfloat16 *at, __nv_bfloat16 value)
{
    __nv_bfloat16 old = *at;
    *at = __float2bfloat16_rn(__bfloat162float(old) + __bfloat162float(value));
    return old;
}

#endif
