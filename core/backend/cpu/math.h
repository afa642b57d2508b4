/*
 * The functions that the expressions of pointwise.def call as M(f): for float32, float64 and integers. The float32
 * exponential family is our own, in plain C that the compiler turns into vectors: within 2 units in the last place,
 * right at infinities, NaN, overflow and denormals. The rest is the C library's; on glibc its vector variants are
 * declared here, so that loops over them become vectors too (4 units). To be included by kernel files only.
 */
#ifndef TYI_CPU_MATH_H
#define TYI_CPU_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "backend/special.h"

/* The functions taken from the C library in both precisions: X(name). tyi_NAME_f32 and tyi_NAME_f64 call them. */
#define TYI_LIBRARY_FUNCTIONS(X) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(erf) X(log10)
/* Those that only float64 takes from there. */
#define TYI_LIBRARY_FUNCTIONS_F64(X) X(exp) X(expm1) X(log) X(log1p) X(log2) X(tanh)

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#if __GLIBC_PREREQ(2, 35)
#define TYI_VECTOR_FUNCTION __attribute__((simd("notinbranch"), const, nothrow))
#define TYI_X(name)                                                                                                    \
    float name##f(float) TYI_VECTOR_FUNCTION;                                                                          \
    double name(double) TYI_VECTOR_FUNCTION;
TYI_LIBRARY_FUNCTIONS(TYI_X)
#undef TYI_X
#define TYI_X(name) double name(double) TYI_VECTOR_FUNCTION;
TYI_LIBRARY_FUNCTIONS_F64(TYI_X)
#undef TYI_X
float powf(float, float) TYI_VECTOR_FUNCTION;
double pow(double, double) TYI_VECTOR_FUNCTION;
float atan2f(float, float) TYI_VECTOR_FUNCTION;
double atan2(double, double) TYI_VECTOR_FUNCTION;
#endif
#endif

#define TYI_X(name)                                                                                                    \
    static inline float tyi_##name##_f32(float x)                                                                      \
    {                                                                                                                  \
        return name##f(x);                                                                                             \
    }                                                                                                                  \
    static inline double tyi_##name##_f64(double x)                                                                    \
    {                                                                                                                  \
        return name(x);                                                                                                \
    }
TYI_LIBRARY_FUNCTIONS(TYI_X)
TYI_X(exp2)
TYI_X(erfc)
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
    static inline double tyi_##name##_f64(double x)                                                                    \
    {                                                                                                                  \
        return name(x);                                                                                                \
    }
TYI_LIBRARY_FUNCTIONS_F64(TYI_X)
#undef TYI_X

#define TYI_X(name)                                                                                                    \
    static inline float tyi_##name##_f32(float x, float y)                                                             \
    {                                                                                                                  \
        return name##f(x, y);                                                                                          \
    }                                                                                                                  \
    static inline double tyi_##name##_f64(double x, double y)                                                          \
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

static inline float tyi_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t tyi_bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ln 2 in two parts: n * TYI_LN2_HIGH is exact for every exponent n of a float. */
#define TYI_LN2_HIGH 0.693359375f
#define TYI_LN2_LOW  -2.12194440e-4f
#define TYI_LOG2_E   1.44269504f
/* Adding it rounds a float below 2^22 to an integer, which then stands in the low bits. */
#define TYI_ROUNDER 12582912.0f

/* (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2. */
static inline float tyi_exp_tail(float r)
{
    return 4.999999404e-01f +
           r * (1.666651964e-01f + r * (4.166840762e-02f + r * (8.368921466e-03f + r * 1.381417387e-03f)));
}

static inline float tyi_exp_f32(float x)
{
    float clamped = x > 89.0f ? 89.0f : x; /* written so that NaN passes */
    clamped = clamped < -104.0f ? -104.0f : clamped;
    float rounded = clamped * TYI_LOG2_E + TYI_ROUNDER;
    float n = rounded - TYI_ROUNDER;
    float r = clamped - n * TYI_LN2_HIGH - n * TYI_LN2_LOW;
    float y = 1.0f + (r + r * r * tyi_exp_tail(r));
    /* The power of two in two factors: n is -150 to 128, one exponent field holds -126 to 127. */
    int32_t exponent = (int32_t)(tyi_bits_of_float(rounded) - tyi_bits_of_float(TYI_ROUNDER));
    int32_t half = exponent >> 1;
    float scale1 = tyi_float_of_bits((uint32_t)(half + 127) << 23);
    float scale2 = tyi_float_of_bits((uint32_t)(exponent - half + 127) << 23);
    return y * scale1 * scale2;
}

static inline float tyi_expm1_f32(float x)
{
    float clamped = x > 89.0f ? 89.0f : x;
    clamped = clamped < -40.0f ? -40.0f : clamped; /* -1 from about -17 on */
    float rounded = clamped * TYI_LOG2_E + TYI_ROUNDER;
    float n = rounded - TYI_ROUNDER;
    float r = clamped - n * TYI_LN2_HIGH - n * TYI_LN2_LOW;
    float y = r + r * r * tyi_exp_tail(r); /* e^r - 1 */
    /* 2^n (y + 1) - 1, in halves because 2^128 is no float; without cancellation since y is small beside 2^n - 1. */
    int32_t exponent = (int32_t)(tyi_bits_of_float(rounded) - tyi_bits_of_float(TYI_ROUNDER));
    float half = tyi_float_of_bits((uint32_t)(exponent - 1 + 127) << 23);
    float value = 2.0f * (half * y + (half - 0.5f));
    return exponent == 0 ? (x == 0 ? x : y) : value;
}

/* (log(1 + f) - f + f^2 / 2) / f^3 for 1 + f between sqrt(1/2) and sqrt(2). */
static inline float tyi_log_tail(float f)
{
    return 3.333331347e-01f +
           f * (-2.500000894e-01f +
                f * (2.000211924e-01f +
                     f * (-1.666799635e-01f +
                          f * (1.421955228e-01f +
                               f * (-1.240558922e-01f +
                                    f * (1.188816205e-01f + f * (-1.167565286e-01f + f * 6.746642292e-02f)))))));
}

/* x as 2^*exponent * (1 + f), for positive finite x; f in [-0.293, 0.415]. */
static inline float tyi_log_split(float x, float *exponent)
{
    int denormal = x < 1.17549435e-38f;
    float scaled = denormal ? x * 8388608.0f : x;
    uint32_t bits = tyi_bits_of_float(scaled) - 0x3f3504f3u; /* sqrt(1/2) becomes the start of an exponent */
    float e = (float)((int32_t)bits >> 23);
    *exponent = denormal ? e - 23.0f : e;
    return tyi_float_of_bits((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
}

/* What a logarithm is outside the positive finite numbers; `value` inside. */
static inline float tyi_log_edges(float x, float value)
{
    value = x == 0 ? -INFINITY : value;
    value = x < 0 ? NAN : value;
    return x < INFINITY ? value : x; /* infinity and NaN */
}

static inline float tyi_log_f32(float x)
{
    float e, f = tyi_log_split(x, &e);
    float tail = f * f * (f * tyi_log_tail(f) - 0.5f) + e * TYI_LN2_LOW;
    return tyi_log_edges(x, e * TYI_LN2_HIGH + (f + tail));
}

static inline float tyi_log2_f32(float x)
{
    float e, f = tyi_log_split(x, &e);
    float tail = f * f * (f * tyi_log_tail(f) - 0.5f);
    /* log2(e) = 1 + 0.4427: the larger part of the product is exact. */
    return tyi_log_edges(x, e + (f + (tail + 0.442695041f * (f + tail))));
}

static inline float tyi_log1p_f32(float x)
{
    float u = 1.0f + x;
    float lost = x - (u - 1.0f); /* of x, when u was rounded */
    float correction = u > 0 && u < INFINITY ? lost / u : 0;
    float value = tyi_log_f32(u) + correction;
    return x == 0 ? x : value;
}

static inline float tyi_tanh_f32(float x)
{
    float size = fabsf(x);
    float twice = size > 10.0f ? 20.0f : 2.0f * size; /* 1 from 9.02 on; NaN passes */
    float e = tyi_expm1_f32(twice);
    return copysignf(e / (e + 2.0f), x);
}

static inline float tyi_sigmoid_f32(float x)
{
    float e = tyi_exp_f32(-fabsf(x)); /* at most 1: nothing overflows */
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

static inline double tyi_sigmoid_f64(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

#include "backend/numbers.h"

#endif
