/*
 * The radix sorts of sorting.cuh: CUB's, with scratch memory of the stream.
 */
#include "backend/cuda/sorting.cuh"

#include <cub/cub.cuh>

namespace
{

template <typename K>
ty_status sort_pairs(const K *keys, K *keys_out, const uint32_t *items, uint32_t *items_out, int64_t n, int bits)
{
    if (n <= 0)
        return TY_OK;
    uint32_t count = static_cast<uint32_t>(n);
    size_t bytes = 0;
    TYI_CUDA_TRY(cub::DeviceRadixSort::SortPairs(nullptr, bytes, keys, keys_out, items, items_out, count, 0, bits,
                                                 tyi_current_stream()),
                 "sorting");
    tyi_scratch room;
    TYI_TRY(room.allocate(bytes));
    TYI_CUDA_TRY(cub::DeviceRadixSort::SortPairs(room.as<void>(), bytes, keys, keys_out, items, items_out, count, 0,
                                                 bits, tyi_current_stream()),
                 "sorting");
    return TY_OK;
}

} // namespace

ty_status tyi_sort_pairs(const uint32_t *keys, uint32_t *keys_out, const uint32_t *items, uint32_t *items_out,
                         int64_t n, int bits)
{
    return sort_pairs(keys, keys_out, items, items_out, n, bits);
}

ty_status tyi_sort_pairs(const uint64_t *keys, uint64_t *keys_out, const uint32_t *items, uint32_t *items_out,
                         int64_t n, int bits)
{
    return sort_pairs(keys, keys_out, items, items_out, n, bits);
}
