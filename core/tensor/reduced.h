/*
 * The reduced floating dtypes, float16 and bfloat16: their elements as floats and back. Conversions from float round to
 * the nearest value, halves to even; what is too large becomes infinite, NaN stays NaN with its sign. They are free of
 * branches, so that loops over them become vector code. Wider types go through float, as in PyTorch.
 */
#ifndef TYI_REDUCED_H
#define TYI_REDUCED_H

#include <stdint.h>
#include <string.h>

#include "tycho.h"

/* Whether a dtype is computed in float32 and rounded. */
static inline bool tyi_is_reduced(ty_dtype dtype)
{
    return dtype == TY_FLOAT16 || dtype == TY_BFLOAT16;
}

/* What is computed in where values of this dtype are asked for. */
static inline ty_dtype tyi_wide_of(ty_dtype dtype)
{
    return tyi_is_reduced(dtype) ? TY_FLOAT32 : dtype;
}

static inline float tyi_bits_as_float(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t tyi_float_as_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static inline float tyi_float_of_float16(ty_float16 x)
{
    uint32_t size = x.bits & 0x7fffu, sign = (uint32_t)(x.bits & 0x8000u) << 16;
    /* Exponent and fraction where float has them, but for the biases, which differ by 112: right for subnormals too. */
    uint32_t bits = tyi_float_as_bits(tyi_bits_as_float(size << 13) * 0x1p112f);
    return tyi_bits_as_float(sign | bits | (size >= 0x7c00u ? 0x7f800000u : 0));
}

static inline ty_float16 tyi_float16_of(float x)
{
    uint32_t bits = tyi_float_as_bits(x), size = bits & 0x7fffffffu;
    uint32_t capped = size < 0x47800000u ? size : 0x47800000u; /* 2^16 and more are infinite */
    uint32_t normal = (capped - 0x38000000u + 0xfffu + (capped >> 13 & 1)) >> 13;
    /* Below 2^-14 the unit is 2^-24, which is that of floats from 0.5 to 1: the addition rounds. */
    uint32_t tiny = tyi_float_as_bits(tyi_bits_as_float(capped) + 0.5f) - 0x3f000000u;
    uint32_t rounded = size < 0x38800000u ? tiny : normal;
    rounded = size > 0x7f800000u ? 0x7e00u : rounded;
    return (ty_float16){(uint16_t)(rounded | (bits >> 16 & 0x8000u))};
}

static inline float tyi_float_of_bfloat16(ty_bfloat16 x)
{
    return tyi_bits_as_float((uint32_t)x.bits << 16);
}

static inline ty_bfloat16 tyi_bfloat16_of(float x)
{
    uint32_t bits = tyi_float_as_bits(x);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    return (ty_bfloat16){(uint16_t)(x != x ? (bits >> 16 & 0x8000u) | 0x7fc0u : rounded)};
}

static inline ty_float16 tyi_same_float16(ty_float16 x)
{
    return x;
}
static inline ty_bfloat16 tyi_same_bfloat16(ty_bfloat16 x)
{
    return x;
}
static inline ty_float16 tyi_float16_of_bfloat16(ty_bfloat16 x)
{
    return tyi_float16_of(tyi_float_of_bfloat16(x));
}
static inline ty_bfloat16 tyi_bfloat16_of_float16(ty_float16 x)
{
    return tyi_bfloat16_of(tyi_float_of_float16(x));
}

/* For code made from TY_DTYPES: an element's value in the arithmetic type, and an element of a value; E is the enum's
 * name. */
#define TYI_VALUE(E, x)            TYI_VALUE_##E(x)
#define TYI_ELEMENT(E, T, v)       TYI_ELEMENT_##E(T, v)
#define TYI_VALUE_BOOL(x)          (x)
#define TYI_VALUE_UINT8(x)         (x)
#define TYI_VALUE_INT8(x)          (x)
#define TYI_VALUE_INT16(x)         (x)
#define TYI_VALUE_INT32(x)         (x)
#define TYI_VALUE_INT64(x)         (x)
#define TYI_VALUE_FLOAT16(x)       tyi_float_of_float16(x)
#define TYI_VALUE_BFLOAT16(x)      tyi_float_of_bfloat16(x)
#define TYI_VALUE_FLOAT32(x)       (x)
#define TYI_VALUE_FLOAT64(x)       (x)
#define TYI_ELEMENT_BOOL(T, v)     (T)(v)
#define TYI_ELEMENT_UINT8(T, v)    (T)(v)
#define TYI_ELEMENT_INT8(T, v)     (T)(v)
#define TYI_ELEMENT_INT16(T, v)    (T)(v)
#define TYI_ELEMENT_INT32(T, v)    (T)(v)
#define TYI_ELEMENT_INT64(T, v)    (T)(v)
#define TYI_ELEMENT_FLOAT16(T, v)  tyi_float16_of((float)(v))
#define TYI_ELEMENT_BFLOAT16(T, v) tyi_bfloat16_of((float)(v))
#define TYI_ELEMENT_FLOAT32(T, v)  (T)(v)
#define TYI_ELEMENT_FLOAT64(T, v)  (T)(v)

#endif
