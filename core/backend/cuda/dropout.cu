/*
 * Dropout in one pass, with the masks of PyTorch's fused kernel for CUDA (its Dropout.cu): a thread fills 16 bytes of
 * neighbours where number and alignment allow, else elements one grid apart as other draws do. Uniforms are floats for
 * all dtypes.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/philox.cuh"

namespace
{

template <typename T, int COUNT> struct alignas(sizeof(T) * COUNT) neighbours {
    T at[COUNT];
};

/* COUNT neighbours a thread; four words serve four of them, or two where there are but two. */
template <typename T, int COUNT, typename A>
__global__ void __launch_bounds__(TYI_THREADS)
    drop_vectors(tyi_philox start, const T *x, T *y, uint8_t *mask, int64_t n, A keep, A scale)
{
    const int64_t thread = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x, all = (int64_t)gridDim.x * TYI_THREADS;
    tyi_philox_stream stream(start, static_cast<uint64_t>(thread));
    for (int64_t i = thread * COUNT; i < n; i += all * COUNT) {
        neighbours<T, COUNT> in = *reinterpret_cast<const neighbours<T, COUNT> *>(x + i), out;
        neighbours<uint8_t, COUNT> kept;
        tyi_words w = {};
#pragma unroll
        for (int k = 0; k < COUNT; k++) {
            if (k % 4 == 0)
                w = stream.next();
            kept.at[k] = static_cast<A>(tyi_uniform_of(w.at[k % 4])) < keep;
            A v = static_cast<A>(tyi_element<T>::value(in.at[k]));
            out.at[k] = tyi_element<T>::of(v * static_cast<A>(kept.at[k]) * scale);
        }
        *reinterpret_cast<neighbours<T, COUNT> *>(y + i) = out;
        *reinterpret_cast<neighbours<uint8_t, COUNT> *>(mask + i) = kept;
    }
}

template <typename T, typename A>
__global__ void __launch_bounds__(TYI_THREADS)
    drop_elements(tyi_philox start, const T *x, T *y, uint8_t *mask, int64_t n, A keep, A scale)
{
    const int64_t thread = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x, all = (int64_t)gridDim.x * TYI_THREADS;
    tyi_philox_stream stream(start, static_cast<uint64_t>(thread));
    for (int64_t first = thread; first < n; first += all * 4) {
        tyi_words w = stream.next();
#pragma unroll
        for (int k = 0; k < 4; k++) {
            int64_t i = first + all * k;
            if (i < n) {
                mask[i] = static_cast<A>(tyi_uniform_of(w.at[k])) < keep;
                A v = static_cast<A>(tyi_element<T>::value(x[i]));
                y[i] = tyi_element<T>::of(v * static_cast<A>(mask[i]) * scale);
            }
        }
    }
}

template <typename T, typename A>
__global__ void __launch_bounds__(TYI_THREADS)
    apply_mask(const T *grad, const uint8_t *mask, T *out, int64_t n, A scale)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        out[i] = tyi_element<T>::of(static_cast<A>(mask[i]) * static_cast<A>(tyi_element<T>::value(grad[i])) * scale);
}

/* How many neighbours a thread takes. */
template <typename T> int width_of(const void *x, const void *y, const uint8_t *mask, int64_t n)
{
    int width = static_cast<int>(16 / sizeof(T));
    uintptr_t places = reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y);
    uintptr_t at = reinterpret_cast<uintptr_t>(mask);
    while (width > 1 &&
           (n % width || places % (static_cast<size_t>(width) * sizeof(T)) || at % static_cast<size_t>(width)))
        width /= 2;
    return width;
}

template <typename T> ty_status drop(tyi_draw d, const T *x, T *y, uint8_t *mask, int64_t n, double p)
{
    typedef typename tyi_element<T>::value_type A;
    A keep = static_cast<A>(1 - p), scale = static_cast<A>(1.0 / static_cast<double>(keep));
    switch (width_of<T>(x, y, mask, n)) {
    case 8:
        if constexpr (sizeof(T) == 2)
            return tyi_launch("dropout", drop_vectors<T, 8, A>, d.blocks, TYI_THREADS, 0, d.start, x, y, mask, n, keep,
                              scale);
        break;
    case 4:
        if constexpr (sizeof(T) <= 4)
            return tyi_launch("dropout", drop_vectors<T, 4, A>, d.blocks, TYI_THREADS, 0, d.start, x, y, mask, n, keep,
                              scale);
        break;
    case 2:
        return tyi_launch("dropout", drop_vectors<T, 2, A>, d.blocks, TYI_THREADS, 0, d.start, x, y, mask, n, keep,
                          scale);
    default:
        break;
    }
    return tyi_launch("dropout", drop_elements<T, A>, d.blocks, TYI_THREADS, 0, d.start, x, y, mask, n, keep, scale);
}

} // namespace

ty_status tyi_cuda_dropout(ty_generator *g, ty_dtype dtype, const void *x, void *y, uint8_t *mask, int64_t n, double p)
{
    if (!n)
        return TY_OK;
    tyi_draw d = tyi_begin_draw(g, n, 4);
    TYI_FLOATING(dtype, "dropout", [&](auto zero) {
        typedef decltype(zero) T;
        return drop<T>(d, static_cast<const T *>(x), static_cast<T *>(y), mask, n, p);
    });
}

ty_status tyi_cuda_dropout_backward(ty_dtype dtype, const void *grad, const uint8_t *mask, void *out, int64_t n,
                                    double p)
{
    TYI_FLOATING(dtype, "dropout_backward", [&](auto zero) {
        typedef decltype(zero) T;
        typedef typename tyi_element<T>::value_type A;
        return tyi_launch("dropout_backward", apply_mask<T, A>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0,
                          static_cast<const T *>(grad), mask, static_cast<T *>(out), n,
                          static_cast<A>(1.0 / (1.0 - p)));
    });
}
