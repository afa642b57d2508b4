/*
 * Random integers and permutations with the values of torch.cuda (PyTorch's random_from_to_kernel and Randperm.cu).
 * A permutation sorts random keys, with so many bits that few are equal; the places of equal ones are shuffled.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/philox.cuh"
#include "backend/cuda/sorting.cuh"
#include "tensor/random_range.h"

#include <math.h>

namespace
{

__device__ __forceinline__ uint64_t pair_of(const tyi_words &w, int k)
{
    return static_cast<uint64_t>(w.at[2 * k]) << 32 | w.at[2 * k + 1];
}

__global__ void __launch_bounds__(TYI_THREADS)
    draw_integers(tyi_philox start, tyi_random_range range, ty_dtype dtype, int64_t size, int64_t n, char *x)
{
    const int64_t thread = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x, all = (int64_t)gridDim.x * TYI_THREADS;
    const int unroll = range.wide ? 2 : 4;
    tyi_philox_stream stream(start, static_cast<uint64_t>(thread));
    for (int64_t first = thread; first < n; first += all * unroll) {
        tyi_words w = stream.next();
        for (int k = 0; k < unroll; k++) {
            int64_t i = first + all * k;
            uint64_t v = range.wide ? pair_of(w, k) : w.at[k] % static_cast<uint32_t>(range.size);
            if (range.wide && range.size)
                v %= range.size;
            if (i < n)
                tyi_store<int64_t>(x + i * size, dtype, static_cast<int64_t>(v + range.base));
        }
    }
}

/* ---- Permutations ---- */

/* Keys as random_ draws them between the least and the largest of their type, and the numbers of the places. */
template <typename K>
__global__ void __launch_bounds__(TYI_THREADS) draw_keys(tyi_philox start, int64_t n, K *keys, uint32_t *places)
{
    const int64_t thread = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x, all = (int64_t)gridDim.x * TYI_THREADS;
    tyi_philox_stream stream(start, static_cast<uint64_t>(thread));
    for (int64_t first = thread; first < n; first += all * 2) {
        tyi_words w = stream.next();
        for (int k = 0; k < 2; k++) {
            int64_t i = first + all * k;
            if (i < n) {
                keys[i] = static_cast<K>(pair_of(w, k) % static_cast<K>(~K(0)));
                places[i] = static_cast<uint32_t>(i);
            }
        }
    }
}

/* The first of every run of equal keys shuffles the run. */
template <typename K>
__global__ void __launch_bounds__(TYI_THREADS)
    shuffle_equals(tyi_philox start, const K *keys, K mask, int64_t n, uint32_t *places)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i + 1 >= n || (keys[i] & mask) != (keys[i + 1] & mask) || (i > 0 && (keys[i] & mask) == (keys[i - 1] & mask)))
        return;
    int64_t length = 2;
    while (i + length < n && (keys[i + length] & mask) == (keys[i] & mask))
        length++;
    tyi_philox_words words(start, static_cast<uint64_t>(i));
    for (int64_t k = length - 1; k > 0; k--) {
        int64_t other = words.next() % static_cast<uint32_t>(k + 1);
        uint32_t place = places[i + k];
        places[i + k] = places[i + other];
        places[i + other] = place;
    }
}

__global__ void __launch_bounds__(TYI_THREADS)
    write_places(const uint32_t *places, ty_dtype dtype, int64_t size, int64_t n, char *x)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        tyi_store<int64_t>(x + i * size, dtype, static_cast<int64_t>(places[i]));
}

template <typename K> ty_status permute(ty_generator *g, ty_dtype dtype, void *x, int64_t n, int bits)
{
    size_t count = static_cast<size_t>(n);
    tyi_scratch keys, sorted, places, permuted;
    TYI_TRY(keys.allocate(count * sizeof(K)));
    TYI_TRY(sorted.allocate(count * sizeof(K)));
    TYI_TRY(places.allocate(count * sizeof(uint32_t)));
    TYI_TRY(permuted.allocate(count * sizeof(uint32_t)));
    unsigned blocks = tyi_blocks(n, TYI_THREADS);
    tyi_draw d = tyi_begin_draw(g, n, 2);
    TYI_TRY(tyi_launch("randperm", draw_keys<K>, d.blocks, TYI_THREADS, 0, d.start, n, keys.as<K>(),
                       places.as<uint32_t>()));
    TYI_TRY(tyi_sort_pairs(keys.as<K>(), sorted.as<K>(), places.as<uint32_t>(), permuted.as<uint32_t>(), n, bits));
    tyi_philox start = tyi_generator_take(g, static_cast<uint64_t>(n));
    K mask = static_cast<K>(~K(0)) >> (8 * static_cast<int>(sizeof(K)) - bits);
    TYI_TRY(tyi_launch("randperm", shuffle_equals<K>, blocks, TYI_THREADS, 0, start, sorted.as<K>(), mask, n,
                       permuted.as<uint32_t>()));
    return tyi_launch("randperm", write_places, blocks, TYI_THREADS, 0, permuted.as<uint32_t>(), dtype,
                      static_cast<int64_t>(tyi_bytes_of(dtype)), n, static_cast<char *>(x));
}

} // namespace

ty_status tyi_cuda_random_range(ty_generator *g, ty_dtype dtype, void *x, int64_t n, int64_t low, int64_t high)
{
    if (!n)
        return TY_OK;
    tyi_random_range range = tyi_random_range_of(dtype, low, high);
    tyi_draw d = tyi_begin_draw(g, n, range.wide ? 2 : 4);
    return tyi_launch("random_", draw_integers, d.blocks, TYI_THREADS, 0, d.start, range, dtype,
                      static_cast<int64_t>(tyi_bytes_of(dtype)), n, static_cast<char *>(x));
}

ty_status tyi_cuda_randperm(ty_generator *g, ty_dtype dtype, void *x, int64_t n)
{
    if (!n)
        return TY_OK;
    if (n > TYI_MOST_SORTED)
        return tyi_host.fail(TY_ERROR_VALUE, "randperm: %lld numbers; on CUDA at most 2^32 - 1 are possible",
                             static_cast<long long>(n));
    /* Keys are all different with a probability of 0.9 or more. */
    double count = static_cast<double>(n);
    int bits = static_cast<int>(ceil(log2(count - (6 * count * count + 1) / (12 * log(0.9)))));
    return bits <= 32 ? permute<uint32_t>(g, dtype, x, n, bits)
                      : permute<uint64_t>(g, dtype, x, n, bits < 64 ? bits : 64);
}
