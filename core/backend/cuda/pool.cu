/*
 * Pooling: a thread makes one output, or one element of a gradient, which it gathers from the outputs whose windows
 * cover it; nothing is added by two threads, and sums have the CPU's order (cpu/pooling_dtype.h). One pass over what is
 * read and written but for windows that overlap, which the caches serve.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

namespace
{

/* The inputs first, first + step, ... below last that one output covers along a dimension. */
struct span {
    int64_t first, last, step;
};

static __device__ __forceinline__ span span_of(const tyi_pool_args &a, int d, int64_t o)
{
    const tyi_window &w = a.window;
    if (a.adaptive)
        return {o * w.in[d] / w.out[d], ((o + 1) * w.in[d] + w.out[d] - 1) / w.out[d], 1};
    int64_t step = w.dilation[d], first = o * w.stride[d] - w.pad[d], last = first + (w.kernel[d] - 1) * step + 1;
    if (first < 0)
        first += (-first + step - 1) / step * step;
    return {first, last < w.in[d] ? last : w.in[d], step};
}

/* What an average's divisor counts along a dimension. */
static __device__ __forceinline__ int64_t count_of(const tyi_pool_args &a, int d, int64_t o)
{
    const tyi_window &w = a.window;
    if (!a.adaptive && a.count_pad) {
        int64_t first = o * w.stride[d] - w.pad[d], last = first + w.kernel[d], end = w.in[d] + w.pad[d];
        return (last < end ? last : end) - first;
    }
    span s = span_of(a, d, o);
    return s.last - s.first;
}

/* The outputs, from first to last, whose windows may cover element p of a dimension. */
static __device__ __forceinline__ span outputs_of(const tyi_pool_args &a, int d, int64_t p)
{
    const tyi_window &w = a.window;
    if (a.adaptive)
        return {p * w.out[d] / w.in[d], ((p + 1) * w.out[d] + w.in[d] - 1) / w.in[d] - 1, 1};
    int64_t reach = p + w.pad[d], before = reach - (w.kernel[d] - 1) * w.dilation[d];
    int64_t first = before > 0 ? (before + w.stride[d] - 1) / w.stride[d] : 0, last = reach / w.stride[d];
    return {first, last < w.out[d] ? last : w.out[d] - 1, 1};
}

/* The same for the places of largest elements: those of windows that dilation takes past everything are in the last
 * element. */
static __device__ __forceinline__ span places_of(const tyi_pool_args &a, int d, int64_t p)
{
    const tyi_window &w = a.window;
    if (!a.adaptive && w.dilation[d] > 1 && p == w.in[d] - 1)
        return {0, w.out[d] - 1, 1};
    return outputs_of(a, d, p);
}

/* Position p of a plane of `sizes`, by dimension. */
struct place {
    int64_t z, y, x;
};
static __device__ __forceinline__ place place_of(const int64_t sizes[3], int64_t p)
{
    return {p / sizes[2] / sizes[1], p / sizes[2] % sizes[1], p % sizes[2]};
}

static __device__ __forceinline__ int64_t at_most(int64_t x, int64_t most)
{
    return x < most ? x : most;
}

/* visit(position within the plane) for every element that output o covers, in order. */
template <typename Visit>
static __device__ __forceinline__ void each_input(const tyi_pool_args &a, place o, Visit visit)
{
    const tyi_window &w = a.window;
    span z = span_of(a, 0, o.z), y = span_of(a, 1, o.y), x = span_of(a, 2, o.x);
    for (int64_t pz = z.first; pz < z.last; pz += z.step)
        for (int64_t py = y.first; py < y.last; py += y.step)
            for (int64_t px = x.first; px < x.last; px += x.step)
                visit((pz * w.in[1] + py) * w.in[2] + px);
}

/* visit(output) for every output of these ranges; `back`: those of a row from the last to the first. */
template <typename Visit>
static __device__ __forceinline__ void each_output(span z, span y, span x, bool back, Visit visit)
{
    for (int64_t oz = z.first; oz <= z.last; oz++)
        for (int64_t oy = y.first; oy <= y.last; oy++)
            for (int64_t k = 0; k <= x.last - x.first; k++)
                visit(place{oz, oy, back ? x.last - k : x.first + k});
}

/* As PyTorch: a later element is taken when it is greater, or not a number. */
template <typename T> __global__ void largest(const tyi_pool_args a, int64_t n, int64_t in, int64_t out)
{
    const tyi_window &w = a.window;
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        place o = place_of(w.out, i % out);
        const T *plane = static_cast<const T *>(a.x) + i / out * in;
        int64_t z = at_most(span_of(a, 0, o.z).first, w.in[0] - 1), y = at_most(span_of(a, 1, o.y).first, w.in[1] - 1);
        int64_t at = (z * w.in[1] + y) * w.in[2] + at_most(span_of(a, 2, o.x).first, w.in[2] - 1);
        T best = -static_cast<T>(INFINITY);
        each_input(a, o, [&](int64_t position) {
            T value = plane[position];
            if (value > best || value != value) {
                best = value;
                at = position;
            }
        });
        static_cast<T *>(a.y)[i] = best;
        if (a.index)
            a.index[i] = at;
    }
}

template <typename T> __global__ void largest_back(const tyi_pool_args a, int64_t n, int64_t in, int64_t out)
{
    const tyi_window &w = a.window;
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t position = i % in, first = i / in * out;
        place p = place_of(w.in, position);
        T sum = 0;
        each_output(places_of(a, 0, p.z), places_of(a, 1, p.y), places_of(a, 2, p.x), false, [&](place at) {
            int64_t o = first + (at.z * w.out[1] + at.y) * w.out[2] + at.x;
            if (a.index[o] == position)
                sum += static_cast<const T *>(a.y)[o];
        });
        static_cast<T *>(a.x)[i] = sum;
    }
}

template <typename T> static __device__ __forceinline__ T divisor_of(const tyi_pool_args &a, place o)
{
    return static_cast<T>(a.divisor ? a.divisor : count_of(a, 0, o.z) * count_of(a, 1, o.y) * count_of(a, 2, o.x));
}

template <typename T> __global__ void average(const tyi_pool_args a, int64_t n, int64_t in, int64_t out)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        place o = place_of(a.window.out, i % out);
        const T *plane = static_cast<const T *>(a.x) + i / out * in;
        T sum = 0;
        each_input(a, o, [&](int64_t position) { sum += plane[position]; });
        static_cast<T *>(a.y)[i] = sum / divisor_of<T>(a, o);
    }
}

/* Along the last dimension the CPU adds the places of a sliding window one after the other, so that later outputs come
 * first. */
template <typename T> __global__ void average_back(const tyi_pool_args a, int64_t n, int64_t in, int64_t out)
{
    const tyi_window &w = a.window;
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        place p = place_of(w.in, i % in);
        const T *grad = static_cast<const T *>(a.y) + i / in * out;
        T sum = 0;
        each_output(outputs_of(a, 0, p.z), outputs_of(a, 1, p.y), outputs_of(a, 2, p.x), !a.adaptive,
                    [&](place o) { sum += grad[(o.z * w.out[1] + o.y) * w.out[2] + o.x] / divisor_of<T>(a, o); });
        static_cast<T *>(a.x)[i] = sum;
    }
}

template <typename T> ty_status run(const tyi_pool_args &a)
{
    typedef void (*kernel)(const tyi_pool_args, int64_t, int64_t, int64_t);
    static const kernel kernels[] = {largest<T>, average<T>, largest_back<T>, average_back<T>};
    const tyi_window &w = a.window;
    int64_t in = w.in[0] * w.in[1] * w.in[2], out = w.out[0] * w.out[1] * w.out[2];
    int64_t n = a.planes * (a.part == TYI_POOL_MAX || a.part == TYI_POOL_AVG ? out : in);
    return tyi_launch("pooling", kernels[a.part], tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, a, n, in, out);
}

} // namespace

ty_status tyi_cuda_pool(const tyi_pool_args *args)
{
    if (args->dtype == TY_FLOAT32)
        return run<float>(*args);
    return args->dtype == TY_FLOAT64 ? run<double>(*args) : tyi_no_kernel("pooling", args->dtype);
}
