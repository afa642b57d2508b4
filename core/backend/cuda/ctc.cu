/*
 * Connectionist temporal classification. The sums over alignments go from step to step, so a block takes a sample, and
 * its threads the places of a step side by side. The gradient is then a block for each sample and step: each class adds
 * up the places that carry it, labels along a chain of their equals from the last place to the first, as on the CPU;
 * no atomics. All in logarithms; a sample's labels are widened by a blank before, between and after them, so that place
 * s of 0 ... 2 L is a blank where s is even and label s / 2 where it is odd.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/math.cuh"

namespace
{

constexpr int MOST_THREADS = 512; /* of a block that goes along the places of a step */

__device__ __forceinline__ int64_t label_at(const tyi_ctc_args &a, const int64_t *target, int64_t s)
{
    return s % 2 ? target[s / 2] : a.blank;
}

template <typename T> __device__ __forceinline__ T log_sum(T a, T b, T c)
{
    T most = a > b ? a : b;
    most = most > c ? most : c;
    if (most == -static_cast<T>(INFINITY))
        return a + b + c; /* none, but for a NaN */
    return log(exp(a - most) + exp(b - most) + exp(c - most)) + most;
}

/* Two parts of a sum; an empty one leaves the other as it is. */
struct add_logs {
    template <typename T> __device__ __forceinline__ T operator()(T a, T b) const
    {
        const T none = -static_cast<T>(INFINITY);
        return a == none ? b : b == none ? a : log_sum(a, b, none);
    }
};

/* A block for each sample. */
template <typename T> __global__ void __launch_bounds__(MOST_THREADS) ctc_forward(const tyi_ctc_args a)
{
    const T none = -static_cast<T>(INFINITY);
    const int64_t width = 2 * a.most + 1, row = a.batch * a.classes;
    for (int64_t n = blockIdx.x; n < a.batch; n += gridDim.x) {
        const T *x = static_cast<const T *>(a.log_probs) + n * a.classes;
        const int64_t *target = a.targets + a.offsets[n];
        const int64_t length = a.target_lengths[n], steps = a.input_lengths[n], last = 2 * length;
        T *alpha = static_cast<T *>(a.alpha) + n * a.steps * width;
        for (int64_t t = 0; t < steps; t++, alpha += width, x += row) {
            const T *before = alpha - width;
            for (int64_t s = threadIdx.x; s <= last; s += blockDim.x) {
                const int64_t own = label_at(a, target, s);
                const bool leap = s > 1 && s % 2 && label_at(a, target, s - 2) != own;
                if (t == 0)
                    alpha[s] = s < 2 ? x[own] : none;
                else
                    alpha[s] = log_sum(before[s], s > 0 ? before[s - 1] : none, leap ? before[s - 2] : none) + x[own];
            }
            __syncthreads();
        }
        if (threadIdx.x == 0) {
            T loss = length ? static_cast<T>(INFINITY) : 0;
            if (steps)
                loss = -log_sum((alpha - width)[last], length ? (alpha - width)[last - 1] : none, none);
            static_cast<T *>(a.loss)[n] = loss;
        }
    }
}

/* A block for each sample: through {batch, steps, 2 most + 1}, what the alignments through each place add up to; and
 * for each label, {batch, most}, the one before it that is the same class, or -1; -3 minus that where no later label is
 * the same, which ends a chain. */
template <typename T>
__global__ void __launch_bounds__(MOST_THREADS) ctc_through(const tyi_ctc_args a, T *through, int64_t *chains)
{
    const T none = -static_cast<T>(INFINITY);
    const int64_t width = 2 * a.most + 1, row = a.batch * a.classes;
    for (int64_t n = blockIdx.x; n < a.batch; n += gridDim.x) {
        const int64_t *target = a.targets + a.offsets[n];
        const int64_t length = a.target_lengths[n], steps = a.input_lengths[n], last = 2 * length;
        for (int64_t k = threadIdx.x; k < length; k += blockDim.x) {
            int64_t before = k - 1, later = k + 1;
            while (before >= 0 && target[before] != target[k])
                before--;
            while (later < length && target[later] != target[k])
                later++;
            chains[n * a.most + k] = later < length ? before : -3 - before;
        }
        T *after = static_cast<T *>(a.beta) + n * 2 * width, *beta = after + width;
        for (int64_t t = steps - 1; t >= 0; t--) {
            const T *x = static_cast<const T *>(a.log_probs) + n * a.classes + t * row;
            const T *alpha = static_cast<const T *>(a.alpha) + (n * a.steps + t) * width;
            for (int64_t s = threadIdx.x; s <= last; s += blockDim.x) {
                const int64_t own = label_at(a, target, s);
                const bool leap = s + 2 <= last && s % 2 && label_at(a, target, s + 2) != own;
                T sum = s + 2 > last ? x[own] : none;
                if (t < steps - 1)
                    sum = log_sum(after[s], s < last ? after[s + 1] : none, leap ? after[s + 2] : none) + x[own];
                beta[s] = sum;
                through[(n * a.steps + t) * width + s] = alpha[s] + sum;
            }
            __syncthreads();
            T *swap = after;
            after = beta, beta = swap;
        }
    }
}

/* A block for each sample and step. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    ctc_gradient(const tyi_ctc_args a, const T *through, const int64_t *chains)
{
    const T none = -static_cast<T>(INFINITY);
    const int64_t width = 2 * a.most + 1;
    for (int64_t u = blockIdx.x; u < a.batch * a.steps; u += gridDim.x) {
        const int64_t n = u / a.steps, t = u - n * a.steps, length = a.target_lengths[n];
        const int64_t *target = a.targets + a.offsets[n], *chain = chains + n * a.most;
        const T *x = static_cast<const T *>(a.log_probs) + (t * a.batch + n) * a.classes, *here = through + u * width;
        T *grad = static_cast<T *>(a.grad_x) + (t * a.batch + n) * a.classes;
        const T loss = static_cast<const T *>(a.loss)[n], given = static_cast<const T *>(a.grad)[n];
        const bool counts = t < a.input_lengths[n] && !(a.zero_infinity && loss == static_cast<T>(INFINITY));
        for (int64_t c = threadIdx.x; c < a.classes; c += blockDim.x)
            grad[c] = counts ? (exp(x[c]) - exp(none + loss - x[c])) * given : 0;
        if (!counts)
            continue;
        T blank = none;
        for (int64_t k = threadIdx.x; k <= length; k += blockDim.x)
            blank = add_logs()(blank, here[2 * k]);
        blank = tyi_block_fold(blank, add_logs());
        __syncthreads(); /* classes without a place are written */
        if (threadIdx.x == 0)
            grad[a.blank] = (exp(x[a.blank]) - exp(blank + loss - x[a.blank])) * given;
        for (int64_t k = threadIdx.x; k < length; k += blockDim.x) {
            if (chain[k] > -2)
                continue;
            T sum = here[2 * k + 1];
            for (int64_t before = -3 - chain[k]; before >= 0;) {
                sum = add_logs()(sum, here[2 * before + 1]);
                before = chain[before];
            }
            const int64_t c = target[k];
            grad[c] = (exp(x[c]) - exp(sum + loss - x[c])) * given;
        }
    }
}

unsigned threads_of(const tyi_ctc_args *a)
{
    const int threads = tyi_power_of_two(2 * a->most + 1, MOST_THREADS);
    return (unsigned)(threads > TYI_WARP ? threads : TYI_WARP);
}

template <typename T> ty_status backward(const tyi_ctc_args *a)
{
    const char *name = "ctc_loss's gradient";
    tyi_scratch through, chains;
    TYI_TRY(through.allocate((size_t)(a->batch * a->steps * (2 * a->most + 1)) * sizeof(T)));
    TYI_TRY(chains.allocate((size_t)(a->batch * a->most + 1) * sizeof(int64_t)));
    TYI_TRY(tyi_launch(name, ctc_through<T>, tyi_blocks(a->batch, 1), threads_of(a), 0, *a, through.as<T>(),
                       chains.as<int64_t>()));
    return tyi_launch(name, ctc_gradient<T>, tyi_blocks(a->batch * a->steps, 1), TYI_THREADS, 0, *a,
                      through.as<const T>(), chains.as<const int64_t>());
}

} // namespace

ty_status tyi_cuda_ctc(const tyi_ctc_args *args)
{
    return args->dtype == TY_FLOAT32
               ? tyi_launch("ctc_loss", ctc_forward<float>, tyi_blocks(args->batch, 1), threads_of(args), 0, *args)
               : tyi_launch("ctc_loss", ctc_forward<double>, tyi_blocks(args->batch, 1), threads_of(args), 0, *args);
}

ty_status tyi_cuda_ctc_backward(const tyi_ctc_args *args)
{
    return args->dtype == TY_FLOAT32 ? backward<float>(args) : backward<double>(args);
}
