/*
 * Which integers random_ and randint draw from words of 32 bits, for every backend: how many there are, which is the
 * first, and whether one word or two make an element. PyTorch's rules.
 */
#ifndef TYI_RANDOM_RANGE_H
#define TYI_RANDOM_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tycho.h"

/* Bounds of random integers are [low, high). These values of them mean: no upper bound (low to the largest above); and,
 * beside that, no bounds at all (0 to the largest). low INT64_MIN without an upper bound is all 64 bits. */
#define TYI_RANDOM_NO_HIGH INT64_MIN
#define TYI_RANDOM_NO_LOW  INT64_MAX

/* One word serves ranges below this; a remainder of it would favour small values in larger ones. */
#define TYI_RANDOM_WIDE (UINT64_C(1) << 28)

typedef struct tyi_random_range {
    uint64_t size; /* 0: all of 64 bits */
    uint64_t base;
    bool wide; /* two words for each element */
} tyi_random_range;

/* Largest integer that random integers of a dtype reach: its own largest, or for a float the one up to which it holds
 * all. */
static inline uint64_t tyi_random_most(ty_dtype dtype)
{
    switch (dtype) {
    case TY_BOOL:
        return 1;
    case TY_UINT8:
        return UINT8_MAX;
    case TY_INT8:
        return INT8_MAX;
    case TY_INT16:
        return INT16_MAX;
    case TY_INT32:
        return INT32_MAX;
    case TY_FLOAT16:
        return UINT64_C(1) << 11;
    case TY_BFLOAT16:
        return UINT64_C(1) << 8;
    case TY_FLOAT32:
        return UINT64_C(1) << 24;
    case TY_FLOAT64:
        return UINT64_C(1) << 53;
    default:
        return INT64_MAX;
    }
}

static inline tyi_random_range tyi_random_range_of(ty_dtype dtype, int64_t low, int64_t high)
{
    uint64_t beyond = tyi_random_most(dtype) + 1;
    tyi_random_range range = {0, 0, true};
    if (high == TYI_RANDOM_NO_HIGH && low == INT64_MIN)
        return range;
    if (high == TYI_RANDOM_NO_HIGH && low == TYI_RANDOM_NO_LOW) {
        range.size = beyond;
        range.wide = dtype == TY_INT64 || dtype == TY_FLOAT64;
        return range;
    }
    range.size = (high == TYI_RANDOM_NO_HIGH ? beyond : (uint64_t)high) - (uint64_t)low;
    range.base = (uint64_t)low;
    range.wide = range.size >= TYI_RANDOM_WIDE;
    return range;
}

#endif
