/*
 * Arithmetic of the expressions of pointwise.def that is one for all devices: Python's division, and integers' divisors
 * and powers. Relies on tyi_fmod_* and tyi_floor_*, which the device's own functions define before they include this.
 */
#ifndef TYI_NUMBERS_H
#define TYI_NUMBERS_H

#include <stdint.h>

#include "backend/special.h"

/* Python's // and % on floats: the quotient is rounded down and the remainder has the divisor's sign. */
#define TYI_FLOOR_DIVISION(T, S)                                                                                       \
    TYI_FUNCTION T tyi_floor_mod_##S(T a, T b)                                                                         \
    {                                                                                                                  \
        T mod = tyi_fmod_##S(a, b);                                                                                    \
        return mod != 0 && (b < 0) != (mod < 0) ? mod + b : mod;                                                       \
    }                                                                                                                  \
    TYI_FUNCTION T tyi_floor_div_##S(T a, T b)                                                                         \
    {                                                                                                                  \
        if (b == 0)                                                                                                    \
            return a / b;                                                                                              \
        T mod = tyi_fmod_##S(a, b), quotient = (a - mod) / b;                                                          \
        if (mod != 0 && (b < 0) != (mod < 0))                                                                          \
            quotient -= 1;                                                                                             \
        if (quotient == 0)                                                                                             \
            return a / b < 0 ? -(T)0 : (T)0;                                                                           \
        T down = tyi_floor_##S(quotient);                                                                              \
        return quotient - down > (T)0.5 ? down + 1 : down;                                                             \
    }
TYI_FLOOR_DIVISION(float, f32)
TYI_FLOOR_DIVISION(double, f64)
#undef TYI_FLOOR_DIVISION

/* The greatest common divisor, never negative (but for the smallest integer, which has no positive twin). */
TYI_FUNCTION int64_t tyi_gcd_int(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (y) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    return (int64_t)x;
}

TYI_FUNCTION int64_t tyi_lcm_int(int64_t a, int64_t b)
{
    int64_t divisor = tyi_gcd_int(a, b);
    int64_t product = divisor ? (int64_t)((uint64_t)(a / divisor) * (uint64_t)b) : 0;
    return product < 0 ? (int64_t)(0 - (uint64_t)product) : product;
}

/* a to the power of b modulo 2^64. A negative exponent leaves what is an integer: powers of 1 and -1, and else 0. */
TYI_FUNCTION int64_t tyi_ipow_int(int64_t a, int64_t b)
{
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    uint64_t result = 1, base = (uint64_t)a;
    for (uint64_t e = (uint64_t)b; e; e >>= 1) {
        if (e & 1)
            result *= base;
        base *= base;
    }
    return (int64_t)result;
}

#endif
