/*
 * Softmax, log_softmax and their gradients. Rows without gaps: short ones are held in the registers of a few lanes,
 * longer ones in a block's shared memory, so that x is read once; only rows that do not fit there are read twice, and
 * their sum is kept for the largest element so far. Columns: neighbouring threads take neighbouring columns, and are
 * read twice. The floor is reading and writing once.
 *
 * Computed in float for float16 and bfloat16, which are rounded once. A NaN anywhere in a row makes the row NaN through
 * the sum, and so does +inf, as on the CPU.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/math.cuh"

namespace
{

constexpr int SHORT_ROW = 256;     /* longest of those in registers: 8 elements a lane */
constexpr int MOST_THREADS = 1024; /* of a block: without the bound, kernels may take more registers than it has */
constexpr int LONG_ROW = 32768;    /* rows of more elements than this are worth the largest blocks */

__device__ __forceinline__ float exponential(float x)
{
    return tyi_exp_f32(x);
}
__device__ __forceinline__ double exponential(double x)
{
    return tyi_exp_f64(x);
}
__device__ __forceinline__ float logarithm(float x)
{
    return tyi_log_f32(x);
}
__device__ __forceinline__ double logarithm(double x)
{
    return tyi_log_f64(x);
}

/* What the exponentials of a row add up to when each is divided by that of `most`. */
template <typename V> struct weighed {
    V most, sum;
};
template <typename V> struct weigh {
    static __device__ __forceinline__ V part(const weighed<V> &x, V most)
    {
        return x.most == most ? x.sum : x.sum * exponential(x.most - most);
    }
    __device__ __forceinline__ weighed<V> operator()(const weighed<V> &a, const weighed<V> &b) const
    {
        const V most = b.most > a.most ? b.most : a.most;
        return {most, part(a, most) + part(b, most)};
    }
    static __device__ __forceinline__ weighed<V> none()
    {
        return {-static_cast<V>(INFINITY), 0};
    }
    static __device__ __forceinline__ void take(weighed<V> &x, V v)
    {
        if (v > x.most) {
            x.sum = x.sum * exponential(x.most - v) + 1;
            x.most = v;
        } else {
            x.sum += v == x.most ? 1 : exponential(v - x.most);
        }
    }
    /* The sum of the whole row; what differences from an infinite largest are is NaN. */
    static __device__ __forceinline__ V sum_of(const weighed<V> &x)
    {
        return x.most - x.most == 0 ? x.sum : static_cast<V>(NAN);
    }
};

/* The results from x (or its exponential) and what the row's sum gives. */
template <typename V> __device__ __forceinline__ V scale_of(V sum, bool log)
{
    return log ? logarithm(sum) : 1 / sum;
}
template <typename V> __device__ __forceinline__ V result(V x, V most, V scale, bool log)
{
    return log ? (x - most) - scale : exponential(x - most) * scale;
}
/* And of the gradient: from the output y, and the sum of the row's g, or g y. */
template <typename V> __device__ __forceinline__ V summand(V y, V g, bool log)
{
    return log ? g : g * y;
}
template <typename V> __device__ __forceinline__ V gradient(V y, V g, V sum, bool log)
{
    return log ? g - exponential(y) * sum : (g - sum) * y;
}

/* ---- Short rows: teams of lanes, EACH elements a lane ---- */

template <typename T, int EACH>
__global__ void __launch_bounds__(TYI_THREADS)
    softmax_short(const T *x, T *out, int64_t rows, int size, int lanes, bool log)
{
    typedef typename tyi_element<T>::value_type V;
    const int lane = (int)threadIdx.x % lanes, teams = TYI_THREADS / lanes;
    const int64_t row = (int64_t)blockIdx.x * teams + (int)threadIdx.x / lanes;
    const bool present = row < rows;
    V v[EACH], most = -static_cast<V>(INFINITY), sum = 0;
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = lane + k * lanes;
        v[k] = present && i < size ? tyi_element<T>::value(x[row * size + i]) : -static_cast<V>(INFINITY);
        most = tyi_larger()(most, v[k]);
    }
    most = tyi_lanes_fold(most, lanes, tyi_larger());
#pragma unroll
    for (int k = 0; k < EACH; k++)
        sum += lane + k * lanes < size ? exponential(v[k] - most) : 0;
    const V scale = scale_of(tyi_lanes_fold(sum, lanes, tyi_plus()), log);
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = lane + k * lanes;
        if (present && i < size)
            out[row * size + i] = tyi_element<T>::of(result(v[k], most, scale, log));
    }
}

template <typename T, int EACH>
__global__ void __launch_bounds__(TYI_THREADS)
    softmax_short_backward(const T *y, const T *grad, T *out, int64_t rows, int size, int lanes, bool log)
{
    typedef typename tyi_element<T>::value_type V;
    const int lane = (int)threadIdx.x % lanes, teams = TYI_THREADS / lanes;
    const int64_t row = (int64_t)blockIdx.x * teams + (int)threadIdx.x / lanes;
    V v[EACH], g[EACH], sum = 0;
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = lane + k * lanes;
        const bool present = row < rows && i < size;
        v[k] = present ? tyi_element<T>::value(y[row * size + i]) : 0;
        g[k] = present ? tyi_element<T>::value(grad[row * size + i]) : 0;
        sum += summand(v[k], g[k], log);
    }
    sum = tyi_lanes_fold(sum, lanes, tyi_plus());
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        const int i = lane + k * lanes;
        if (row < rows && i < size)
            out[row * size + i] = tyi_element<T>::of(gradient(v[k], g[k], sum, log));
    }
}

/* ---- Long rows: a block each ---- */

/* kept: the row fits into shared memory. Out has the alignment of x. */
template <typename T>
__global__ void __launch_bounds__(MOST_THREADS)
    softmax_long(const T *x, T *out, int64_t rows, int64_t size, bool log, bool kept)
{
    typedef typename tyi_element<T>::value_type V;
    constexpr int pack = tyi_pack<T>::count;
    TYI_DYNAMIC_SHARED(V, values); /* a thread's own elements: no barrier is needed */
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const T *from = x + row * size;
        T *to = out + row * size;
        weighed<V> w = weigh<V>::none();
        if (kept) {
            V most = w.most;
            tyi_along_row(
                from, size,
                [&](int64_t i) {
                    values[i] = tyi_element<T>::value(from[i]);
                    most = tyi_larger()(most, values[i]);
                },
                [&](int64_t i, int64_t slot, int64_t step) {
                    V v[pack];
                    tyi_load_pack(from + i, v);
                    for (int k = 0; k < pack; k++) {
                        values[slot + k * step] = v[k];
                        most = tyi_larger()(most, v[k]);
                    }
                });
            w.most = tyi_block_fold(most, tyi_larger());
            tyi_along_row(
                from, size, [&](int64_t i) { w.sum += exponential(values[i] - w.most); },
                [&](int64_t, int64_t slot, int64_t step) {
                    for (int k = 0; k < pack; k++)
                        w.sum += exponential(values[slot + k * step] - w.most);
                });
            w.sum = tyi_block_fold(w.sum, tyi_plus());
        } else {
            tyi_along_row(
                from, size, [&](int64_t i) { weigh<V>::take(w, tyi_element<T>::value(from[i])); },
                [&](int64_t i, int64_t, int64_t) {
                    V v[pack];
                    tyi_load_pack(from + i, v);
                    for (int k = 0; k < pack; k++)
                        weigh<V>::take(w, v[k]);
                });
            w = tyi_block_fold(w, weigh<V>());
            w.sum = weigh<V>::sum_of(w);
        }
        const V scale = scale_of(w.sum, log);
        tyi_along_row(
            from, size,
            [&](int64_t i) {
                const V v = kept ? values[i] : tyi_element<T>::value(from[i]);
                to[i] = tyi_element<T>::of(result(v, w.most, scale, log));
            },
            [&](int64_t i, int64_t slot, int64_t step) {
                V v[pack];
                if (kept)
                    for (int k = 0; k < pack; k++)
                        v[k] = values[slot + k * step];
                else
                    tyi_load_pack(from + i, v);
                for (int k = 0; k < pack; k++)
                    v[k] = result(v[k], w.most, scale, log);
                tyi_store_pack(to + i, v);
            });
    }
}

/* The second reading finds what fits in the caches. y, grad and out have the same alignment. */
template <typename T>
__global__ void __launch_bounds__(MOST_THREADS)
    softmax_long_backward(const T *y, const T *grad, T *out, int64_t rows, int64_t size, bool log)
{
    typedef typename tyi_element<T>::value_type V;
    constexpr int pack = tyi_pack<T>::count;
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const T *of_y = y + row * size, *of_grad = grad + row * size;
        T *to = out + row * size;
        V sum = 0;
        tyi_along_row(
            of_y, size,
            [&](int64_t i) { sum += summand(tyi_element<T>::value(of_y[i]), tyi_element<T>::value(of_grad[i]), log); },
            [&](int64_t i, int64_t, int64_t) {
                V v[pack], g[pack];
                tyi_load_pack(of_y + i, v);
                tyi_load_pack(of_grad + i, g);
                for (int k = 0; k < pack; k++)
                    sum += summand(v[k], g[k], log);
            });
        sum = tyi_block_fold(sum, tyi_plus());
        tyi_along_row(
            of_y, size,
            [&](int64_t i) {
                const V v = tyi_element<T>::value(of_y[i]), g = tyi_element<T>::value(of_grad[i]);
                to[i] = tyi_element<T>::of(gradient(v, g, sum, log));
            },
            [&](int64_t i, int64_t, int64_t) {
                V v[pack], g[pack];
                tyi_load_pack(of_y + i, v);
                tyi_load_pack(of_grad + i, g);
                for (int k = 0; k < pack; k++)
                    v[k] = gradient(v[k], g[k], sum, log);
                tyi_store_pack(to + i, v);
            });
    }
}

/* ---- Columns: `width` of them a block, TYI_THREADS / width threads down each ---- */

template <typename S, typename Join> __device__ __forceinline__ S column_fold(S state, int width, Join join)
{
    __shared__ S shared[TYI_THREADS];
    shared[threadIdx.x] = state;
    __syncthreads();
    state = shared[threadIdx.x % width];
    for (int k = (int)threadIdx.x % width + width; k < TYI_THREADS; k += width)
        state = join(state, shared[k]);
    __syncthreads();
    return state;
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    softmax_columns(const T *x, T *out, int64_t outer, int64_t size, int64_t inner, int width, bool log)
{
    typedef typename tyi_element<T>::value_type V;
    const int depth = TYI_THREADS / width, first = (int)threadIdx.x / width;
    const int64_t columns = outer * inner;
    for (int64_t u = (int64_t)blockIdx.x * width; u < columns; u += (int64_t)gridDim.x * width) {
        const int64_t column = u + (int)threadIdx.x % width;
        const int64_t at = column / inner * size * inner + column % inner;
        const int64_t end = column < columns ? size : 0;
        weighed<V> w = weigh<V>::none();
        for (int64_t r = first; r < end; r += depth)
            weigh<V>::take(w, tyi_element<T>::value(x[at + r * inner]));
        if (depth > 1)
            w = column_fold(w, width, weigh<V>());
        const V scale = scale_of(weigh<V>::sum_of(w), log);
        for (int64_t r = first; r < end; r += depth)
            out[at + r * inner] =
                tyi_element<T>::of(result(tyi_element<T>::value(x[at + r * inner]), w.most, scale, log));
    }
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    softmax_columns_backward(const T *y, const T *grad, T *out, int64_t outer, int64_t size, int64_t inner, int width,
                             bool log)
{
    typedef typename tyi_element<T>::value_type V;
    const int depth = TYI_THREADS / width, first = (int)threadIdx.x / width;
    const int64_t columns = outer * inner;
    for (int64_t u = (int64_t)blockIdx.x * width; u < columns; u += (int64_t)gridDim.x * width) {
        const int64_t column = u + (int)threadIdx.x % width;
        const int64_t at = column / inner * size * inner + column % inner;
        const int64_t end = column < columns ? size : 0;
        V sum = 0;
        for (int64_t r = first; r < end; r += depth)
            sum += summand(tyi_element<T>::value(y[at + r * inner]), tyi_element<T>::value(grad[at + r * inner]), log);
        if (depth > 1)
            sum = column_fold(sum, width, tyi_plus());
        for (int64_t r = first; r < end; r += depth) {
            const V v = tyi_element<T>::value(y[at + r * inner]), g = tyi_element<T>::value(grad[at + r * inner]);
            out[at + r * inner] = tyi_element<T>::of(gradient(v, g, sum, log));
        }
    }
}

/* ---- Launching ---- */

/* Columns of a block: fewer, with more threads down each, where columns are long and few. */
int width_of(const tyi_softmax_args *a)
{
    const int64_t columns = a->outer * a->inner, full = (int64_t)tyi_multiprocessors() * TYI_BLOCKS_PER_SM;
    int width = TYI_THREADS;
    while (width > 8 && TYI_THREADS / width * 4 <= a->size && (width > 32 || tyi_cover(columns, width) < full))
        width /= 2;
    return width;
}

/* Threads of a block for a row of which each takes at least two packs. */
unsigned threads_of(int64_t size, int pack)
{
    const int most = size > LONG_ROW ? MOST_THREADS : MOST_THREADS / 2;
    const int threads = tyi_power_of_two(tyi_cover(size, 2 * pack), most);
    return (unsigned)(threads > 64 ? threads : 64);
}

int lanes_of(int64_t size)
{
    return tyi_power_of_two(tyi_cover(size, 2), TYI_WARP);
}

/* Packs of both begin at the same elements. */
bool alike(const void *a, const void *b)
{
    return (reinterpret_cast<uintptr_t>(a) - reinterpret_cast<uintptr_t>(b)) % 16 == 0;
}

template <typename T> ty_status forward(const tyi_softmax_args *a)
{
    typedef typename tyi_element<T>::value_type V;
    const T *x = static_cast<const T *>(a->x);
    T *out = static_cast<T *>(a->out);
    const int size = (int)a->size, lanes = lanes_of(a->size);
    const unsigned short_grid = tyi_blocks(a->outer, TYI_THREADS / lanes);
    if (a->inner == 1 && a->size <= 2 * TYI_WARP)
        return tyi_launch("softmax", softmax_short<T, 2>, short_grid, TYI_THREADS, 0, x, out, a->outer, size, lanes,
                          a->log);
    if (a->inner == 1 && a->size <= SHORT_ROW)
        return tyi_launch("softmax", softmax_short<T, SHORT_ROW / TYI_WARP>, short_grid, TYI_THREADS, 0, x, out,
                          a->outer, size, lanes, a->log);
    if (a->inner == 1 && alike(x, out)) {
        const bool kept = a->size * (int64_t)sizeof(V) <= TYI_SHARED_BYTES;
        return tyi_launch("softmax", softmax_long<T>, tyi_blocks(a->outer, 1), threads_of(a->size, tyi_pack<T>::count),
                          kept ? (size_t)a->size * sizeof(V) : 0, x, out, a->outer, a->size, a->log, kept);
    }
    const int width = width_of(a);
    return tyi_launch("softmax", softmax_columns<T>, tyi_blocks(a->outer * a->inner, width), TYI_THREADS, 0, x, out,
                      a->outer, a->size, a->inner, width, a->log);
}

template <typename T> ty_status backward(const tyi_softmax_args *a)
{
    const T *y = static_cast<const T *>(a->x), *grad = static_cast<const T *>(a->grad);
    T *out = static_cast<T *>(a->out);
    const int size = (int)a->size, lanes = lanes_of(a->size);
    const unsigned short_grid = tyi_blocks(a->outer, TYI_THREADS / lanes);
    const char *name = "softmax's gradient";
    if (a->inner == 1 && a->size <= 2 * TYI_WARP)
        return tyi_launch(name, softmax_short_backward<T, 2>, short_grid, TYI_THREADS, 0, y, grad, out, a->outer, size,
                          lanes, a->log);
    if (a->inner == 1 && a->size <= SHORT_ROW)
        return tyi_launch(name, softmax_short_backward<T, SHORT_ROW / TYI_WARP>, short_grid, TYI_THREADS, 0, y, grad,
                          out, a->outer, size, lanes, a->log);
    if (a->inner == 1 && alike(y, grad) && alike(y, out))
        return tyi_launch(name, softmax_long_backward<T>, tyi_blocks(a->outer, 1),
                          threads_of(a->size, tyi_pack<T>::count), 0, y, grad, out, a->outer, a->size, a->log);
    const int width = width_of(a);
    return tyi_launch(name, softmax_columns_backward<T>, tyi_blocks(a->outer * a->inner, width), TYI_THREADS, 0, y,
                      grad, out, a->outer, a->size, a->inner, width, a->log);
}

} // namespace

ty_status tyi_cuda_softmax(const tyi_softmax_args *args)
{
    if (args->outer * args->size * args->inner == 0)
        return TY_OK;
    TYI_FLOATING(args->dtype, "softmax", [&](auto zero) { return forward<decltype(zero)>(args); });
}

ty_status tyi_cuda_softmax_backward(const tyi_softmax_args *args)
{
    if (args->outer * args->size * args->inner == 0)
        return TY_OK;
    TYI_FLOATING(args->dtype, "softmax_backward", [&](auto zero) { return backward<decltype(zero)>(args); });
}
