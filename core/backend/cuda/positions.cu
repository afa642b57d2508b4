/*
 * Numbers of positions: ranges, checks and scans of index and mask tensors, and rows gathered as float32.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/memory.cuh"
#include "backend/spaced.h"

#include <cub/cub.cuh>

namespace
{

constexpr int WARPS = TYI_THREADS / TYI_WARP;
constexpr int ROUNDS = 8;                     /* of a block that scans a mask: TYI_THREADS elements each */
constexpr int SCANNED = ROUNDS * TYI_THREADS; /* elements of such a block */

/* Enough blocks to keep every multiprocessor busy; the kernel strides. */
unsigned some_blocks(int64_t n)
{
    unsigned all = tyi_blocks(n, TYI_THREADS), most = 8u * static_cast<unsigned>(tyi_multiprocessors());
    return all < most ? all : most;
}

/* ---- arange ---- */

template <typename V>
__global__ void __launch_bounds__(TYI_THREADS)
    fill_range(void *out, ty_dtype dtype, int64_t size, int64_t n, V start, V step)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= n)
        return;
    V v;
    if constexpr (sizeof(V) == sizeof(double) && V(0.5) != V(0))
        v = start + __dmul_rn(static_cast<double>(i), step);
    else
        v = static_cast<V>(static_cast<uint64_t>(start) + static_cast<uint64_t>(i) * static_cast<uint64_t>(step));
    tyi_store<V>(static_cast<char *>(out) + i * size, dtype, v);
}

__global__ void __launch_bounds__(TYI_THREADS)
    fill_spaced(void *out, ty_dtype dtype, int64_t size, int64_t n, double start, double end)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= n)
        return;
    char *at = static_cast<char *>(out) + i * size;
    if (dtype == TY_FLOAT32 || dtype == TY_FLOAT16 || dtype == TY_BFLOAT16)
        tyi_store<float>(at, dtype, tyi_spaced_f32(i, n, start, end));
    else
        tyi_store<double>(at, dtype, tyi_spaced_f64(i, n, start, end));
}

/* ---- The extremes of indices ---- */

__global__ void __launch_bounds__(TYI_THREADS)
    find_extremes(const int64_t *low_of, const int64_t *high_of, int64_t n, int64_t *lows, int64_t *highs)
{
    __shared__ int64_t low[TYI_THREADS], high[TYI_THREADS];
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; i < n; i += (int64_t)gridDim.x * TYI_THREADS) {
        least = low_of[i] < least ? low_of[i] : least;
        most = high_of[i] > most ? high_of[i] : most;
    }
    low[threadIdx.x] = least;
    high[threadIdx.x] = most;
    for (unsigned half = TYI_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) {
            low[threadIdx.x] = min(low[threadIdx.x], low[threadIdx.x + half]);
            high[threadIdx.x] = max(high[threadIdx.x], high[threadIdx.x + half]);
        }
    }
    if (threadIdx.x == 0) {
        lows[blockIdx.x] = low[0];
        highs[blockIdx.x] = high[0];
    }
}

/* ---- Counting ---- */

/* Adds a thread's count to the block's, and that to *total; all threads of the block call it. */
__device__ void add_counts(unsigned long long count, unsigned long long *total)
{
    __shared__ unsigned long long counts[TYI_THREADS];
    counts[threadIdx.x] = count;
    for (unsigned half = TYI_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            counts[threadIdx.x] += counts[threadIdx.x + half];
    }
    if (threadIdx.x == 0 && counts[0])
        atomicAdd(total, counts[0]);
}

__global__ void __launch_bounds__(TYI_THREADS)
    from_one(const int64_t *index, int64_t *out, int64_t n, int64_t none, unsigned long long *zeros)
{
    unsigned long long count = 0;
    for (int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; i < n; i += (int64_t)gridDim.x * TYI_THREADS) {
        int64_t v = index[i];
        count += v == 0;
        out[i] = v == 0 ? none : v - (v > 0);
    }
    if (zeros)
        add_counts(count, zeros);
}

__global__ void __launch_bounds__(TYI_THREADS) count_true(const uint8_t *mask, int64_t n, unsigned long long *total)
{
    unsigned long long count = 0;
    for (int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; i < n; i += (int64_t)gridDim.x * TYI_THREADS)
        count += mask[i] != 0;
    add_counts(count, total);
}

/* How many are true of the SCANNED elements of each block. */
__global__ void __launch_bounds__(TYI_THREADS) count_each(const uint8_t *mask, int64_t n, int64_t *counts)
{
    __shared__ unsigned sums[TYI_THREADS];
    unsigned count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t i = (int64_t)blockIdx.x * SCANNED + round * TYI_THREADS + threadIdx.x;
        count += i < n && mask[i] != 0;
    }
    sums[threadIdx.x] = count;
    for (unsigned half = TYI_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (threadIdx.x == 0)
        counts[blockIdx.x] = sums[0];
}

/* Where they are, from befores[block] on. */
__global__ void __launch_bounds__(TYI_THREADS)
    write_positions(const uint8_t *mask, int64_t n, const int64_t *befores, int64_t *positions)
{
    __shared__ unsigned counts[WARPS];
    const unsigned warp = threadIdx.x / TYI_WARP, lane = threadIdx.x % TYI_WARP;
    int64_t before = befores[blockIdx.x];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t i = (int64_t)blockIdx.x * SCANNED + round * TYI_THREADS + threadIdx.x;
        bool is_true = i < n && mask[i] != 0;
        unsigned votes = __ballot_sync(0xffffffffu, is_true), of_warps = 0, all = 0;
        if (lane == 0)
            counts[warp] = static_cast<unsigned>(__popc(votes));
        __syncthreads();
        for (unsigned w = 0; w < WARPS; w++) {
            of_warps += w < warp ? counts[w] : 0;
            all += counts[w];
        }
        if (is_true)
            positions[before + of_warps + static_cast<unsigned>(__popc(votes & ((1u << lane) - 1)))] = i;
        before += all;
        __syncthreads();
    }
}

/* A count that a kernel adds to. */
template <typename Launch> ty_status counted(int64_t *count, Launch launch)
{
    tyi_scratch total;
    TYI_TRY(total.allocate(sizeof(unsigned long long)));
    unsigned long long *word = total.as<unsigned long long>();
    TYI_CUDA_TRY(cudaMemsetAsync(word, 0, sizeof *word, tyi_current_stream()), "counting");
    TYI_TRY(launch(word));
    return tyi_cuda_to_host(count, word, sizeof *count);
}

/* ---- Rows ---- */

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) gather(const T *__restrict__ x, const int64_t *index, int64_t rows,
                                                      int64_t width, float scale, float shift, float *out)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= rows * width)
        return;
    int64_t row = i / width;
    out[i] = static_cast<float>(tyi_element<T>::value(x[index[row] * width + (i - row * width)])) * scale + shift;
}

} // namespace

ty_status tyi_cuda_arange(ty_dtype dtype, void *out, int64_t n, ty_scalar start, ty_scalar step)
{
    int64_t size = static_cast<int64_t>(tyi_bytes_of(dtype));
    unsigned blocks = tyi_blocks(n, TYI_THREADS);
    if (start.kind != TY_SCALAR_FLOAT && step.kind != TY_SCALAR_FLOAT)
        return tyi_launch("arange", fill_range<int64_t>, blocks, TYI_THREADS, 0, out, dtype, size, n, start.i, step.i);
    double from = start.kind == TY_SCALAR_FLOAT ? start.f : static_cast<double>(start.i);
    double by = step.kind == TY_SCALAR_FLOAT ? step.f : static_cast<double>(step.i);
    return tyi_launch("arange", fill_range<double>, blocks, TYI_THREADS, 0, out, dtype, size, n, from, by);
}

ty_status tyi_cuda_linspace(ty_dtype dtype, void *out, int64_t n, double start, double end)
{
    return tyi_launch("linspace", fill_spaced, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, out, dtype,
                      static_cast<int64_t>(tyi_bytes_of(dtype)), n, start, end);
}

ty_status tyi_cuda_index_range(const int64_t *index, int64_t n, int64_t *low, int64_t *high)
{
    unsigned blocks = some_blocks(n);
    tyi_scratch room;
    TYI_TRY(room.allocate((2 * blocks + 2) * sizeof(int64_t)));
    int64_t *ends = room.as<int64_t>(), *lows = ends + 2, *highs = lows + blocks, both[2];
    TYI_TRY(tyi_launch("index_range", find_extremes, blocks, TYI_THREADS, 0, index, index, n, lows, highs));
    TYI_TRY(tyi_launch("index_range", find_extremes, 1, TYI_THREADS, 0, lows, highs, static_cast<int64_t>(blocks), ends,
                       ends + 1));
    TYI_TRY(tyi_cuda_to_host(both, ends, sizeof both));
    *low = both[0];
    *high = both[1];
    return TY_OK;
}

ty_status tyi_cuda_index_from_one(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros)
{
    *zeros = 0;
    unsigned blocks = some_blocks(n);
    unsigned long long *none = nullptr;
    if (zero)
        return tyi_launch("index_from_one", from_one, blocks, TYI_THREADS, 0, index, out, n, *zero, none);
    return counted(zeros, [&](unsigned long long *total) {
        return tyi_launch("index_from_one", from_one, blocks, TYI_THREADS, 0, index, out, n, int64_t(0), total);
    });
}

ty_status tyi_cuda_nonzero_count(const void *mask, int64_t n, int64_t *count)
{
    return counted(count, [&](unsigned long long *total) {
        return tyi_launch("nonzero", count_true, some_blocks(n), TYI_THREADS, 0, static_cast<const uint8_t *>(mask), n,
                          total);
    });
}

ty_status tyi_cuda_nonzero_flat(const void *mask, int64_t n, int64_t *positions)
{
    const uint8_t *m = static_cast<const uint8_t *>(mask);
    unsigned blocks = tyi_blocks(n, SCANNED);
    tyi_scratch counts, befores, room;
    size_t bytes = 0;
    if (!n)
        return TY_OK;
    TYI_TRY(counts.allocate(blocks * sizeof(int64_t)));
    TYI_TRY(befores.allocate(blocks * sizeof(int64_t)));
    TYI_TRY(tyi_launch("nonzero", count_each, blocks, TYI_THREADS, 0, m, n, counts.as<int64_t>()));
    TYI_CUDA_TRY(cub::DeviceScan::ExclusiveSum(nullptr, bytes, counts.as<int64_t>(), befores.as<int64_t>(), blocks,
                                               tyi_current_stream()),
                 "nonzero");
    TYI_TRY(room.allocate(bytes));
    TYI_CUDA_TRY(cub::DeviceScan::ExclusiveSum(room.as<void>(), bytes, counts.as<int64_t>(), befores.as<int64_t>(),
                                               blocks, tyi_current_stream()),
                 "nonzero");
    return tyi_launch("nonzero", write_positions, blocks, TYI_THREADS, 0, m, n, befores.as<int64_t>(), positions);
}

ty_status tyi_cuda_gather_rows(ty_dtype dtype, const void *x, const int64_t *index, int64_t rows, int64_t width,
                               float scale, float shift, float *out)
{
    TYI_ANY_DTYPE(dtype, "gather_rows", [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch("gather_rows", gather<T>, tyi_blocks(rows * width, TYI_THREADS), TYI_THREADS, 0,
                          static_cast<const T *>(x), index, rows, width, scale, shift, out);
    });
}
