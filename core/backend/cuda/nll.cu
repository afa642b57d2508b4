/*
 * The negative log-likelihood and cross entropy's gradient. From logits, the forward is log_softmax and then one
 * element of each row; the backward writes every element once, from the log-probabilities. Targets have been checked;
 * one that is no class all the same is left out and told to the host (tyi_fault_word()).
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/math.cuh"
#include "backend/cuda/memory.cuh"

namespace
{

/* Whether a target counts. */
__device__ __forceinline__ bool counts(int64_t t, const tyi_nll_args &a, int *fault)
{
    if (t == a.ignore_index)
        return false;
    if (t >= 0 && t < a.classes)
        return true;
    if (fault)
        *fault = TYI_FAULT_INDEX;
    return false;
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) nll_pick(const tyi_nll_args a, const T *log_probs, int *fault)
{
    typedef typename tyi_element<T>::value_type V;
    const T *weight = static_cast<const T *>(a.weight);
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t at = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; at < a.outer * a.inner; at += step) {
        const int64_t o = at / a.inner, i = at - o * a.inner, t = a.target[at];
        V w = 0, y = 0;
        if (counts(t, a, fault)) {
            w = weight ? tyi_element<T>::value(weight[t]) : 1;
            y = -w * tyi_element<T>::value(log_probs[(o * a.classes + t) * a.inner + i]);
        }
        static_cast<T *>(a.factor)[at] = tyi_element<T>::of(w);
        static_cast<T *>(a.loss)[at] = tyi_element<T>::of(y);
    }
}

/* I: of indices. An element each; those of one target lie side by side, so that its factor is read once from memory. */
template <typename T, typename I>
__global__ void __launch_bounds__(TYI_THREADS) nll_spread(const tyi_nll_args a, int *fault)
{
    typedef typename tyi_element<T>::value_type V;
    const I inner = static_cast<I>(a.inner), classes = static_cast<I>(a.classes);
    const int64_t n = a.outer * a.classes * a.inner, step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < n; e += step) {
        const I row = static_cast<I>(e) / inner, i = static_cast<I>(e) - row * inner;
        const I o = row / classes, c = row - o * classes, at = o * inner + i;
        const int64_t t = a.target[at];
        const V factor = tyi_element<T>::value(static_cast<const T *>(a.factor_in)[at]);
        const V grad = tyi_element<T>::value(static_cast<const T *>(a.grad)[at]);
        const bool here = t == (int64_t)c;
        V value = 0;
        if (!a.from_logits)
            value = here && counts(t, a, fault) ? -factor * grad : 0;
        else if (factor != 0)
            value = (exp(tyi_element<T>::value(static_cast<const T *>(a.x)[e])) - (here ? 1 : 0)) * (factor * grad);
        static_cast<T *>(a.grad_x)[e] = tyi_element<T>::of(value);
    }
}

} // namespace

ty_status tyi_cuda_nll(const tyi_nll_args *args)
{
    const void *x = args->x;
    if (args->from_logits) {
        tyi_softmax_args softmax = {};
        softmax.dtype = args->dtype;
        softmax.log = true;
        softmax.x = args->x;
        softmax.out = args->log_probs;
        softmax.outer = args->outer;
        softmax.size = args->classes;
        softmax.inner = args->inner;
        TYI_TRY(tyi_cuda_softmax(&softmax));
        x = args->log_probs;
    }
    TYI_FLOATING(args->dtype, "nll", [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch("nll_loss", nll_pick<T>, tyi_blocks(args->outer * args->inner, TYI_THREADS), TYI_THREADS, 0,
                          *args, static_cast<const T *>(x), tyi_fault_word());
    });
}

ty_status tyi_cuda_nll_backward(const tyi_nll_args *args)
{
    const int64_t n = args->outer * args->classes * args->inner;
    TYI_FLOATING(args->dtype, "nll_backward", [&](auto zero) {
        typedef decltype(zero) T;
        void (*kernel)(const tyi_nll_args, int *) = n < INT32_MAX ? nll_spread<T, uint32_t> : nll_spread<T, uint64_t>;
        return tyi_launch("nll_loss's gradient", kernel, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, *args,
                          tyi_fault_word());
    });
}
