/*
 * Threads that work together: folds over the lanes of a warp and the threads of a block, 16 bytes of elements at a
 * time, and readers of elements for kernels that are made once for all integers. For the kernels that sum up.
 *
 * A fold gives every thread the same result, whatever the order in which threads run: an operation joins two states and
 * must not care which comes first.
 */
#ifndef TYI_CUDA_BLOCK_CUH
#define TYI_CUDA_BLOCK_CUH

#include <string.h>

#include "backend/cuda/elements.cuh"

#define TYI_ALL_LANES      0xffffffffu
#define TYI_MOST_WARPS     32    /* of a block */
#define TYI_SHARED_BYTES   48000 /* of dynamic shared memory that a block has beside its own */
#define TYI_BLOCKS_PER_SM  8     /* of TYI_THREADS each: as many as keep the memory busy */
#define TYI_MOST_GRID_ROWS 65535 /* gridDim.y and .z */

/* ---- Folds ---- */

/* The state of the lane whose number differs in the bits of mask; a state is whole 32-bit words. */
template <typename S> static __device__ __forceinline__ S tyi_lane_xor(const S &state, int mask)
{
    static_assert(sizeof(S) % 4 == 0, "states are whole words");
    unsigned words[sizeof(S) / 4];
    memcpy(words, &state, sizeof state);
#pragma unroll
    for (unsigned k = 0; k < sizeof(S) / 4; k++)
        words[k] = __shfl_xor_sync(TYI_ALL_LANES, words[k], mask);
    S other;
    memcpy(&other, words, sizeof other);
    return other;
}

/* Over teams of `lanes` neighbours, a power of two up to 32. All lanes of the warp must come here. */
template <typename S, typename Join> static __device__ __forceinline__ S tyi_lanes_fold(S state, int lanes, Join join)
{
    for (int mask = lanes / 2; mask > 0; mask /= 2)
        state = join(state, tyi_lane_xor(state, mask));
    return state;
}

/* Over a block of whole warps; all threads must come here. */
template <typename S, typename Join> static __device__ __forceinline__ S tyi_block_fold(S state, Join join)
{
    __shared__ S of_warps[TYI_MOST_WARPS];
    const int warps = (int)blockDim.x / TYI_WARP;
    state = tyi_lanes_fold(state, TYI_WARP, join);
    if (warps == 1)
        return state;
    if (threadIdx.x % TYI_WARP == 0)
        of_warps[threadIdx.x / TYI_WARP] = state;
    __syncthreads();
    state = of_warps[0];
    for (int k = 1; k < warps; k++)
        state = join(state, of_warps[k]);
    __syncthreads(); /* the next fold writes there again */
    return state;
}

/* Over teams of a block: neighbours of up to 32 lanes, or the whole block. */
template <typename S, typename Join> static __device__ __forceinline__ S tyi_team_fold(S state, int team, Join join)
{
    return team > TYI_WARP ? tyi_block_fold(state, join) : tyi_lanes_fold(state, team, join);
}

struct tyi_plus {
    template <typename S> __device__ __forceinline__ S operator()(S a, S b) const
    {
        return a + b;
    }
};

/* The larger; NaN stays where it is first, as with the CPU's comparison. */
struct tyi_larger {
    template <typename S> __device__ __forceinline__ S operator()(S a, S b) const
    {
        return b > a || b != b ? b : a;
    }
};

/* Two sums side by side. */
template <typename S> struct tyi_pair {
    S a, b;
    friend __device__ __forceinline__ tyi_pair operator+(const tyi_pair &x, const tyi_pair &y)
    {
        return tyi_pair{x.a + y.a, x.b + y.b};
    }
};

/* ---- Elements ---- */

/* Elements that are read 16 bytes at a time where they lie without gaps. */
template <typename T> struct alignas(16) tyi_pack {
    static constexpr int count = 16 / sizeof(T);
    T at[count];
};

/* Readers of elements: of one storage type, and of any integer dtype as int64. */
template <typename T> struct tyi_reader {
    typedef typename tyi_element<T>::value_type value_type;
    static constexpr int pack = 16 / sizeof(T);
    const T *data;
    static tyi_reader of(const void *data, ty_dtype)
    {
        return tyi_reader{static_cast<const T *>(data)};
    }
    __device__ __forceinline__ value_type operator[](int64_t i) const
    {
        return tyi_element<T>::value(data[i]);
    }
    __device__ __forceinline__ void load_pack(int64_t i, value_type *values) const
    {
        const tyi_pack<T> x = *reinterpret_cast<const tyi_pack<T> *>(data + i);
#pragma unroll
        for (int k = 0; k < pack; k++)
            values[k] = tyi_element<T>::value(x.at[k]);
    }
    /* Elements from i on before the next 16 bytes begin. */
    __device__ __forceinline__ int64_t unaligned(int64_t i) const
    {
        const int64_t past = (int64_t)(reinterpret_cast<uintptr_t>(data + i) % 16 / sizeof(T));
        return past ? pack - past : 0;
    }
};
struct tyi_integer_reader {
    typedef int64_t value_type;
    static constexpr int pack = 1;
    const char *data;
    ty_dtype dtype;
    int size;
    static tyi_integer_reader of(const void *data, ty_dtype dtype)
    {
        return tyi_integer_reader{static_cast<const char *>(data), dtype, (int)tyi_bytes_of(dtype)};
    }
    __device__ __forceinline__ int64_t operator[](int64_t i) const
    {
        return tyi_load<int64_t>(data + i * size, dtype);
    }
    __device__ __forceinline__ void load_pack(int64_t i, int64_t *values) const
    {
        values[0] = (*this)[i];
    }
    __device__ __forceinline__ int64_t unaligned(int64_t) const
    {
        return 0;
    }
};

/* ---- A row that a block goes along ---- */

/* Runs each(i) for the thread's elements of a row, and each_pack(i, slot, step) for its packs of 16 bytes: element k of
 * a pack has a place of its own at slot + k * step, which neighbouring threads have side by side. */
template <typename T, typename Each, typename EachPack>
static __device__ __forceinline__ void tyi_along_row(const T *row, int64_t size, Each each, EachPack each_pack)
{
    constexpr int pack = tyi_pack<T>::count;
    const int64_t past = (int64_t)(reinterpret_cast<uintptr_t>(row) % 16 / sizeof(T));
    int64_t head = past ? pack - past : 0;
    head = head < size ? head : size;
    const int64_t packs = (size - head) / pack;
    for (int64_t i = threadIdx.x; i < head; i += blockDim.x)
        each(i);
    for (int64_t p = threadIdx.x; p < packs; p += blockDim.x)
        each_pack(head + p * pack, head + p, packs);
    for (int64_t i = head + packs * pack + threadIdx.x; i < size; i += blockDim.x)
        each(i);
}

template <typename T, typename V> static __device__ __forceinline__ void tyi_load_pack(const T *p, V *v)
{
    const tyi_pack<T> x = *reinterpret_cast<const tyi_pack<T> *>(p);
#pragma unroll
    for (int k = 0; k < tyi_pack<T>::count; k++)
        v[k] = tyi_element<T>::value(x.at[k]);
}
template <typename T, typename V> static __device__ __forceinline__ void tyi_store_pack(T *p, const V *v)
{
    tyi_pack<T> x;
#pragma unroll
    for (int k = 0; k < tyi_pack<T>::count; k++)
        x.at[k] = tyi_element<T>::of(v[k]);
    *reinterpret_cast<tyi_pack<T> *>(p) = x;
}

/* ---- On the host ---- */

static inline int64_t tyi_cover(int64_t n, int64_t each)
{
    return n / each + (n % each != 0);
}

/* The least power of two that is at least n, and at most `most`. */
static inline int tyi_power_of_two(int64_t n, int most)
{
    int power = 1;
    while (power < n && power < most)
        power *= 2;
    return power;
}

/* Pieces that each of `blocks` pieces of work is cut into so that the device is full, at most `most`. */
static inline int64_t tyi_pieces(int64_t blocks, int64_t most)
{
    int64_t wanted = tyi_cover((int64_t)tyi_multiprocessors() * TYI_BLOCKS_PER_SM, blocks > 0 ? blocks : 1);
    wanted = wanted < most ? wanted : most;
    return wanted > 1 ? wanted : 1;
}

#endif
