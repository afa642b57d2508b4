/*
 * Weighted sums along one dimension: a thread makes one result. The transposed map gathers too: a first kernel finds
 * for each element between which outputs it is read, which are few and neighbours in what is resampled, and the second
 * one looks among these. Sums have the CPU's order.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

#include <limits.h>

namespace
{

template <typename T> __global__ void resample(const tyi_resample_args a, int64_t n)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < n; at += step) {
        int64_t i = at % a.inner, j = at / a.inner % a.out, outer = at / a.inner / a.out;
        const T *x = static_cast<const T *>(a.x) + outer * a.in * a.inner + i;
        const T *weight = static_cast<const T *>(a.weight) + j * a.taps;
        const int64_t *index = a.index + j * a.taps;
        T sum = 0;
        for (int64_t t = 0; t < a.taps; t++)
            sum += weight[t] * x[index[t] * a.inner];
        static_cast<T *>(a.y)[at] = sum;
    }
}

/* readers[2 s] and [2 s + 1]: the first and the last output that reads element s, or INT_MAX and -1. */
__global__ void clear_readers(int *readers, int64_t in)
{
    for (int64_t s = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; s < in;
         s += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        readers[2 * s] = INT_MAX;
        readers[2 * s + 1] = -1;
    }
}

__global__ void find_readers(int *readers, const int64_t *index, int64_t entries, int64_t taps)
{
    for (int64_t e = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; e < entries;
         e += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        atomicMin(&readers[2 * index[e]], static_cast<int>(e / taps));
        atomicMax(&readers[2 * index[e] + 1], static_cast<int>(e / taps));
    }
}

template <typename T> __global__ void resample_back(const tyi_resample_args a, const int *readers, int64_t n)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < n; at += step) {
        int64_t i = at % a.inner, s = at / a.inner % a.in, outer = at / a.inner / a.in;
        const T *y = static_cast<const T *>(a.y) + outer * a.out * a.inner + i;
        T sum = 0;
        for (int64_t j = readers[2 * s], last = readers[2 * s + 1]; j <= last; j++)
            for (int64_t e = j * a.taps; e < (j + 1) * a.taps; e++)
                if (a.index[e] == s)
                    sum += static_cast<const T *>(a.weight)[e] * y[j * a.inner];
        static_cast<T *>(a.x)[at] = sum;
    }
}

template <typename T> ty_status run(const tyi_resample_args &a)
{
    if (!a.back) {
        int64_t n = a.outer * a.out * a.inner;
        return tyi_launch("resampling", resample<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, a, n);
    }
    int64_t n = a.outer * a.in * a.inner;
    if (n == 0)
        return TY_OK;
    if (a.out >= INT_MAX)
        return tyi_host.fail(TY_ERROR_VALUE, "resampling: %lld elements of a dimension are too many for CUDA",
                             static_cast<long long>(a.out));
    tyi_scratch readers;
    TYI_TRY(readers.allocate(static_cast<size_t>(a.in) * 2 * sizeof(int)));
    TYI_TRY(tyi_launch("resampling", clear_readers, tyi_blocks(a.in, TYI_THREADS), TYI_THREADS, 0, readers.as<int>(),
                       a.in));
    TYI_TRY(tyi_launch("resampling", find_readers, tyi_blocks(a.out * a.taps, TYI_THREADS), TYI_THREADS, 0,
                       readers.as<int>(), a.index, a.out * a.taps, a.taps));
    return tyi_launch("resampling", resample_back<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, a,
                      readers.as<const int>(), n);
}

} // namespace

ty_status tyi_cuda_resample(const tyi_resample_args *args)
{
    if (args->dtype == TY_FLOAT32)
        return run<float>(*args);
    return args->dtype == TY_FLOAT64 ? run<double>(*args) : tyi_no_kernel("resampling", args->dtype);
}
