/*
 * Sorting on the device (sorting.cu, by CUB's radix sort): unsigned keys with the number of the item that each belongs
 * to. Stable. Used by sort and topk, by puts whose places meet, and by permutations.
 */
#ifndef TYI_CUDA_SORTING_CUH
#define TYI_CUDA_SORTING_CUH

#include "backend/cuda/device.cuh"

/* Sorts n (at most TYI_MOST_SORTED) keys by their lowest `bits` bits; in and out do not overlap. */
ty_status tyi_sort_pairs(const uint32_t *keys, uint32_t *keys_out, const uint32_t *items, uint32_t *items_out,
                         int64_t n, int bits);
ty_status tyi_sort_pairs(const uint64_t *keys, uint64_t *keys_out, const uint32_t *items, uint32_t *items_out,
                         int64_t n, int bits);
#define TYI_MOST_SORTED ((int64_t)UINT32_MAX)

/* How many bits the numbers up to `most` take; at least 1. */
static inline int tyi_bits_of(uint64_t most)
{
    int bits = 1;
    while (most >>= 1)
        bits++;
    return bits;
}

#endif
