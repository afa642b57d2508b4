/*
 * Random numbers with the values of torch.cuda: the layout of philox.cuh, and the formulas of PyTorch's
 * TransformationHelper.h and DistributionTemplates.h (2.7 and later). Integers, uniforms and masks are equal to the
 * bit; what goes through logarithms, sines and exponentials is what this device's functions make of it, float ones by
 * the fast intrinsics that PyTorch uses. Values depend on how many threads the device holds, as they do there.
 *
 * poisson is PyTorch's below a rate of 64 and above 4000; in between cuRAND inverts a gamma function by tables, and
 * here numbers are drawn by transformed rejection, as on the CPU: the same distribution, other numbers.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/memory.cuh"
#include "backend/cuda/philox.cuh"
#include "backend/cuda/pointwise.cuh"
#include "backend/poisson.h"

namespace
{

/* ---- Four words to two doubles or four floats ---- */

__device__ __forceinline__ void uniforms_of(const tyi_words &w, float *u)
{
    for (int k = 0; k < 4; k++)
        u[k] = tyi_uniform_of(w.at[k]);
}
__device__ __forceinline__ void uniforms_of(const tyi_words &w, double *u)
{
    u[0] = tyi_uniform_of(w.at[0], w.at[1]);
    u[1] = tyi_uniform_of(w.at[2], w.at[3]);
}
__device__ __forceinline__ void normals_of(const tyi_words &w, float *z)
{
    tyi_normals_of(w.at[0], w.at[1], z);
    tyi_normals_of(w.at[2], w.at[3], z + 2);
}
__device__ __forceinline__ void normals_of(const tyi_words &w, double *z)
{
    tyi_normals_of(w, z);
}

/* ---- Distributions: values of F (float or double) from uniforms or normals ---- */

__device__ __forceinline__ float log_of(float x)
{
    return __logf(x);
}
__device__ __forceinline__ double log_of(double x)
{
    return log(x);
}
__device__ __forceinline__ float fused(float x, float y, float z)
{
    return fmaf(x, y, z);
}
__device__ __forceinline__ double fused(double x, double y, double z)
{
    return fma(x, y, z);
}
template <typename F> __device__ __forceinline__ F epsilon_of()
{
    return sizeof(F) == sizeof(float) ? static_cast<F>(1.1920928955078125e-7) : static_cast<F>(2.220446049250313e-16);
}

/* What a distribution needs, in the precision that it is computed in. */
template <typename F> struct parameters {
    F a, b, end;
    ty_dtype dtype; /* of the elements */
};

/* From a on, b wide; what rounds to the end begins again, since words give (0, 1] and [from, to) is wanted. */
template <typename F> struct uniform {
    static constexpr bool normal = false;
    static __device__ __forceinline__ F value(F u, const parameters<F> &p)
    {
        F v = tyi_rounded_to(fused(u, p.b, p.a), p.dtype);
        return v == p.end ? p.a : v;
    }
};
template <typename F> struct gaussian {
    static constexpr bool normal = true;
    static __device__ __forceinline__ F value(F z, const parameters<F> &p)
    {
        return fused(z, p.b, p.a);
    }
};
template <typename F> struct log_normal {
    static constexpr bool normal = true;
    static __device__ __forceinline__ F value(F z, const parameters<F> &p)
    {
        F x = fused(z, p.b, p.a);
        if constexpr (sizeof(F) == sizeof(float))
            return __expf(x);
        else
            return exp(x);
    }
};
template <typename F> struct exponential {
    static constexpr bool normal = false;
    static __device__ __forceinline__ F value(F u, const parameters<F> &p)
    {
        F half = epsilon_of<F>() / 2;
        return F(-1) / p.a * (u >= 1 - half ? -half : log_of(u));
    }
};
template <typename F> struct cauchy {
    static constexpr bool normal = false;
    static __device__ __forceinline__ F value(F u, const parameters<F> &p)
    {
        const F pi = static_cast<F>(3.141592653589793);
        if constexpr (sizeof(F) == sizeof(float)) {
            F low = epsilon_of<F>(), high = 1 - low;
            u = u > high ? high : u < low ? low : u;
            return fused(p.b, __tanf(pi * (u - F(0.5))), p.a);
        } else {
            return fused(p.b, tan(pi * (u - F(0.5))), p.a);
        }
    }
};
/* b: the logarithm of 1 - p; a number of trials is at least 1, where a uniform of 1 would say 0. */
template <typename F> struct geometric {
    static constexpr bool normal = false;
    static __device__ __forceinline__ F value(F u, const parameters<F> &p)
    {
        F trials = ceil(log_of(u) / (sizeof(F) == sizeof(float) ? log_of(1 - p.a) : p.b));
        return trials < 1 ? F(1) : trials;
    }
};
/* Probability 1 is certain, though a uniform of 1 is not below it. */
template <typename F> struct coin {
    static constexpr bool normal = false;
    static __device__ __forceinline__ F value(F u, const parameters<F> &p)
    {
        return u < p.a || p.a >= 1 ? F(1) : F(0);
    }
};

template <typename F, typename D>
__global__ void __launch_bounds__(TYI_THREADS)
    draw(tyi_philox start, const parameters<F> p, int64_t size, int64_t n, char *x)
{
    constexpr int UNROLL = static_cast<int>(16 / sizeof(F));
    const int64_t thread = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x, all = (int64_t)gridDim.x * TYI_THREADS;
    tyi_philox_stream stream(start, static_cast<uint64_t>(thread));
    for (int64_t first = thread; first < n; first += all * UNROLL) {
        F drawn[UNROLL];
        if constexpr (D::normal)
            normals_of(stream.next(), drawn);
        else
            uniforms_of(stream.next(), drawn);
#pragma unroll
        for (int k = 0; k < UNROLL; k++) {
            int64_t i = first + all * k;
            if (i < n)
                tyi_store<F>(x + i * size, p.dtype, D::value(drawn[k], p));
        }
    }
}

template <typename F, typename D>
ty_status run(const char *name, ty_generator *g, ty_dtype dtype, void *x, int64_t n, double a, double b, double end)
{
    if (!n)
        return TY_OK;
    tyi_draw d = tyi_begin_draw(g, n, static_cast<int>(16 / sizeof(F)));
    parameters<F> p = {static_cast<F>(a), static_cast<F>(b), static_cast<F>(end), dtype};
    return tyi_launch(name, draw<F, D>, d.blocks, TYI_THREADS, 0, d.start, p, static_cast<int64_t>(tyi_bytes_of(dtype)),
                      n, static_cast<char *>(x));
}

template <template <typename> class D>
ty_status run_any(const char *name, ty_generator *g, ty_dtype dtype, void *x, int64_t n, double a, double b,
                  double end = 0)
{
    return dtype == TY_FLOAT64 ? run<double, D<double>>(name, g, dtype, x, n, a, b, end)
                               : run<float, D<float>>(name, g, dtype, x, n, a, b, end);
}

/* ---- Each element with its own probability or rate ---- */

constexpr int APPLIED = 512; /* threads of a block, as PyTorch's CUDA_tensor_apply2 has them */

/* Four neighbours a thread. */
__global__ void __launch_bounds__(APPLIED) draw_coins(tyi_philox start, const char *p, ty_dtype p_dtype, int64_t p_size,
                                                      int64_t n, char *x, ty_dtype dtype, int64_t size)
{
    const int64_t thread = (int64_t)blockIdx.x * APPLIED + threadIdx.x;
    if (thread * 4 >= n)
        return;
    tyi_words w = tyi_philox_stream(start, static_cast<uint64_t>(thread)).next();
    for (int k = 0; k < 4 && thread * 4 + k < n; k++) {
        int64_t i = thread * 4 + k;
        float u = tyi_uniform_of(w.at[k]);
        bool is_true = p_dtype == TY_FLOAT64 ? u <= tyi_load<double>(p + i * p_size, p_dtype)
                                             : u <= tyi_load<float>(p + i * p_size, p_dtype);
        tyi_store<float>(x + i * size, dtype, is_true ? 1.0f : 0.0f);
    }
}

/* Uniforms are multiplied until their product with exp(rate) falls to 1 (Knuth). */
__device__ double small_poisson(tyi_philox_words &words, float rate)
{
    unsigned count = 0;
    float product = expf(rate);
    do {
        count++;
        product *= tyi_uniform_of(words.next());
    } while (product > 1);
    return count - 1;
}

__device__ double middle_poisson(tyi_philox_words &words, double rate)
{
    const tyi_poisson p = tyi_poisson_of(rate);
    for (;;) {
        const uint32_t w0 = words.next(), w1 = words.next(), w2 = words.next(), w3 = words.next();
        double number;
        if (tyi_poisson_try(&p, tyi_uniform_of(w0, w1), tyi_uniform_of(w2, w3), &number))
            return number;
    }
}

__global__ void __launch_bounds__(APPLIED)
    draw_poisson(tyi_philox start, const char *rates, ty_dtype dtype, int64_t size, int64_t n, char *x)
{
    const int64_t i = (int64_t)blockIdx.x * APPLIED + threadIdx.x;
    if (i >= n)
        return;
    double rate = tyi_load<double>(rates + i * size, dtype), drawn;
    if (rate < 64 || rate <= 4000) {
        tyi_philox_words words(start, static_cast<uint64_t>(i));
        drawn = rate < 64 ? small_poisson(words, static_cast<float>(rate)) : middle_poisson(words, rate);
    } else {
        double z[2];
        tyi_normals_of(tyi_philox_stream(start, static_cast<uint64_t>(i)).next(), z);
        drawn = floor(sqrt(rate) * z[0] + rate + 0.5);
    }
    tyi_store<double>(x + i * size, dtype, drawn);
}

/* A number as an element of the dtype has it. */
double element_of(ty_dtype dtype, double v)
{
    return dtype == TY_FLOAT64 ? v : tyi_rounded_on_host(static_cast<double>(static_cast<float>(v)), dtype);
}

} // namespace

tyi_draw tyi_begin_draw(ty_generator *g, int64_t n, int unroll)
{
    const cudaDeviceProp &device = tyi_device_properties(tyi_current_device());
    int64_t most =
        static_cast<int64_t>(device.multiProcessorCount) * (device.maxThreadsPerMultiProcessor / TYI_THREADS);
    int64_t blocks = (n + TYI_THREADS - 1) / TYI_THREADS;
    blocks = blocks < most ? blocks : most;
    int64_t each = (n - 1) / (TYI_THREADS * blocks * unroll) + 1;
    return {tyi_generator_take(g, static_cast<uint64_t>(each) * 4), static_cast<unsigned>(blocks)};
}

ty_status tyi_cuda_uniform(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double from, double to)
{
    from = element_of(dtype, from);
    to = element_of(dtype, to);
    return run_any<uniform>("uniform", g, dtype, x, n, from, element_of(dtype, to - from), to);
}

ty_status tyi_cuda_normal(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double mean, double std)
{
    return run_any<gaussian>("normal", g, dtype, x, n, mean, std);
}

ty_status tyi_cuda_bernoulli(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double p)
{
    return run_any<coin>("bernoulli", g, dtype, x, n, p, 0);
}

ty_status tyi_cuda_exponential(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double rate)
{
    return run_any<exponential>("exponential", g, dtype, x, n, rate, 0);
}

ty_status tyi_cuda_distribution(ty_generator *g, tyi_distribution which, ty_dtype dtype, void *x, int64_t n, double a,
                                double b)
{
    switch (which) {
    case TYI_CAUCHY:
        return run_any<cauchy>("cauchy", g, dtype, x, n, a, b);
    case TYI_GEOMETRIC:
        return run_any<geometric>("geometric", g, dtype, x, n, a, log1p(-a));
    default:
        return run_any<log_normal>("log_normal", g, dtype, x, n, a, b);
    }
}

ty_status tyi_cuda_bernoulli_tensor(ty_generator *g, ty_dtype p_dtype, const void *p, ty_dtype dtype, void *x,
                                    int64_t n)
{
    if (!n)
        return TY_OK;
    return tyi_launch("bernoulli", draw_coins, tyi_blocks(n, 4 * APPLIED), APPLIED, 0, tyi_generator_take(g, 10),
                      static_cast<const char *>(p), p_dtype, static_cast<int64_t>(tyi_bytes_of(p_dtype)), n,
                      static_cast<char *>(x), dtype, static_cast<int64_t>(tyi_bytes_of(dtype)));
}

ty_status tyi_cuda_poisson(ty_generator *g, ty_dtype dtype, const void *rates, void *x, int64_t n)
{
    if (!n)
        return TY_OK;
    return tyi_launch("poisson", draw_poisson, tyi_blocks(n, APPLIED), APPLIED, 0, tyi_generator_take(g, 20),
                      static_cast<const char *>(rates), dtype, static_cast<int64_t>(tyi_bytes_of(dtype)), n,
                      static_cast<char *>(x));
}
