/*
 * The inner loops of the optimisers, one pass over parameter, gradient and state; compiled once per instruction set.
 * The arithmetic and its order are those of PyTorch's single-tensor implementations, so that trajectories agree.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/math.h"

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define fused_f32(a, b, c) __builtin_fmaf(a, b, c)
#define fused_f64(a, b, c) __builtin_fma(a, b, c)
#else
#define fused_f32(a, b, c) ((a) * (b) + (c))
#define fused_f64(a, b, c) ((a) * (b) + (c))
#endif

/* The loops of the reduced dtypes take floats and round where PyTorch's single-tensor steps store a tensor, so that the
 * numbers are the same: R(E, x) stands at these places, and is x itself for the other dtypes. So does PyTorch with the
 * factors of sums, but not with those of products. */
#define R(E, x)           ROUND_##E(x)
#define ROUND_FLOAT16(x)  tyi_float_of_float16(tyi_float16_of(x))
#define ROUND_BFLOAT16(x) tyi_float_of_bfloat16(tyi_bfloat16_of(x))
#define ROUND_FLOAT32(x)  (x)
#define ROUND_FLOAT64(x)  (x)

/* Options are constants of a loop: each combination that matters gets a loop of its own through inlining. */
#define SGD(E, T, S)                                                                                                   \
    static inline __attribute__((always_inline)) void sgd_body_##E(const tyi_optim_args *args, int64_t at, int64_t n,  \
                                                                   bool momentum, bool first, bool nesterov)           \
    {                                                                                                                  \
        T *restrict param = (T *)args->param + at;                                                                     \
        const T *restrict grad = (const T *)args->grad + at;                                                           \
        T *restrict buffer = momentum ? (T *)args->state[0] + at : NULL;                                               \
        const T sign = args->maximize ? -1 : 1, decay = R(E, (T)args->weight_decay);                                   \
        const T keep = (T)args->momentum, ahead = R(E, keep);                                                          \
        const T fresh = R(E, (T)(1 - args->dampening)), step = R(E, (T)-args->lr);                                     \
        const bool decays = args->weight_decay != 0;                                                                   \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T g = sign * grad[i];                                                                                      \
            g = decays ? R(E, fused_##S(decay, param[i], g)) : g; /* 0 times an infinite parameter would be NaN */     \
            if (momentum) {                                                                                            \
                T b = first ? g : R(E, fused_##S(fresh, g, R(E, keep * buffer[i])));                                   \
                buffer[i] = b;                                                                                         \
                g = nesterov ? R(E, fused_##S(ahead, b, g)) : b;                                                       \
            }                                                                                                          \
            param[i] = fused_##S(step, g, param[i]);                                                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void sgd_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                             \
    {                                                                                                                  \
        if (!args->state[0])                                                                                           \
            sgd_body_##E(args, at, n, false, false, false);                                                            \
        else if (args->first)                                                                                          \
            sgd_body_##E(args, at, n, true, true, args->nesterov);                                                     \
        else if (args->nesterov)                                                                                       \
            sgd_body_##E(args, at, n, true, false, true);                                                              \
        else                                                                                                           \
            sgd_body_##E(args, at, n, true, false, false);                                                             \
    }

#define ADAM(E, T, S)                                                                                                  \
    static inline __attribute__((always_inline)) void adam_body_##E(const tyi_optim_args *args, int64_t at, int64_t n, \
                                                                    bool amsgrad, bool small)                          \
    {                                                                                                                  \
        T *restrict param = (T *)args->param + at;                                                                     \
        const T *restrict grad = (const T *)args->grad + at;                                                           \
        T *restrict mean = (T *)args->state[0] + at;                                                                   \
        T *restrict square = (T *)args->state[1] + at;                                                                 \
        T *restrict most = amsgrad ? (T *)args->state[2] + at : NULL;                                                  \
        const T sign = args->maximize ? -1 : 1, eps = (T)args->eps;                                                    \
        const T shrink = args->decoupled_decay ? (T)(1 - args->lr * args->weight_decay) : 1;                           \
        const bool decays = !args->decoupled_decay && args->weight_decay != 0;                                         \
        const T decay = R(E, (T)args->weight_decay);                                                                   \
        const T weight = (T)(1 - args->beta1), beta2 = (T)args->beta2, fresh = (T)(1 - args->beta2);                   \
        const T scale = (T)(1 / tyi_sqrt_f64(args->bias2)), step = (T)(-args->lr / args->bias1);                       \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T p = R(E, shrink * param[i]), g = sign * grad[i];                                                         \
            g = decays ? R(E, fused_##S(decay, p, g)) : g;                                                             \
            /* lerp(mean, g, weight), from the nearer end */                                                           \
            T m = R(E, small ? fused_##S(weight, g - mean[i], mean[i]) : fused_##S(weight - 1, g - mean[i], g));       \
            T v = R(E, fused_##S(fresh * g, g, R(E, beta2 * square[i])));                                              \
            T largest = v;                                                                                             \
            if (amsgrad) {                                                                                             \
                largest = most[i] > v || most[i] != most[i] ? most[i] : v;                                             \
                most[i] = largest;                                                                                     \
            }                                                                                                          \
            mean[i] = m;                                                                                               \
            square[i] = v;                                                                                             \
            param[i] = p + step * m / R(E, R(E, R(E, tyi_sqrt_##S(largest)) * scale) + eps);                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void adam_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                            \
    {                                                                                                                  \
        bool small = 1 - args->beta1 < 0.5;                                                                            \
        if (args->state[2])                                                                                            \
            adam_body_##E(args, at, n, true, small);                                                                   \
        else if (small)                                                                                                \
            adam_body_##E(args, at, n, false, true);                                                                   \
        else                                                                                                           \
            adam_body_##E(args, at, n, false, false);                                                                  \
    }

/* lerp(mean, g, weight), from the nearer end. */
#define LERP(S, mean, g, weight)                                                                                       \
    ((weight) < 0.5 && (weight) > -0.5 ? fused_##S(weight, (g) - (mean), mean) : fused_##S((weight)-1, (g) - (mean), g))

/* What each of the kinds below begins with. */
#define BEGIN(E, T)                                                                                                    \
    T *restrict param = (T *)args->param + at;                                                                         \
    const T *restrict grad = (const T *)args->grad + at;                                                               \
    const T sign = args->maximize ? -1 : 1, decay = R(E, (T)args->weight_decay), eps = (T)args->eps;                   \
    const bool decays = !args->decoupled_decay && args->weight_decay != 0;
#define GRADIENT(E, T, S, p)                                                                                           \
    T g = sign * grad[i];                                                                                              \
    g = decays ? R(E, fused_##S(decay, p, g)) : g;

#define RMSPROP(E, T, S)                                                                                               \
    static inline __attribute__((always_inline)) void rmsprop_body_##E(const tyi_optim_args *args, int64_t at,         \
                                                                       int64_t n, bool momentum, bool centered)        \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict square = (T *)args->state[0] + at;                                                                 \
        T *restrict buffer = momentum ? (T *)args->state[1] + at : NULL;                                               \
        T *restrict mean = centered ? (T *)args->state[2] + at : NULL;                                                 \
        const T alpha = (T)args->alpha, fresh = (T)(1 - args->alpha);                                                  \
        const T keep = (T)args->momentum, step = (T)-args->lr;                                                         \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            GRADIENT(E, T, S, param[i])                                                                                \
            T v = R(E, fused_##S(fresh * g, g, R(E, alpha * square[i])));                                              \
            square[i] = v;                                                                                             \
            if (centered) {                                                                                            \
                T m = R(E, LERP(S, mean[i], g, fresh));                                                                \
                mean[i] = m;                                                                                           \
                v = R(E, fused_##S(-m, m, v));                                                                         \
            }                                                                                                          \
            T root = R(E, R(E, tyi_sqrt_##S(v)) + eps);                                                                \
            if (momentum) {                                                                                            \
                T b = R(E, R(E, keep * buffer[i]) + g / root);                                                         \
                buffer[i] = b;                                                                                         \
                param[i] = fused_##S(R(E, step), b, param[i]);                                                         \
            } else {                                                                                                   \
                param[i] = param[i] + step * g / root;                                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void rmsprop_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                         \
    {                                                                                                                  \
        if (args->state[2] && args->state[1])                                                                          \
            rmsprop_body_##E(args, at, n, true, true);                                                                 \
        else if (args->state[2])                                                                                       \
            rmsprop_body_##E(args, at, n, false, true);                                                                \
        else if (args->state[1])                                                                                       \
            rmsprop_body_##E(args, at, n, true, false);                                                                \
        else                                                                                                           \
            rmsprop_body_##E(args, at, n, false, false);                                                               \
    }

#define ADAGRAD(E, T, S)                                                                                               \
    static void adagrad_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                         \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict sum = (T *)args->state[0] + at;                                                                    \
        const T step = (T)-args->rate;                                                                                 \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            GRADIENT(E, T, S, param[i])                                                                                \
            T v = R(E, fused_##S(g, g, sum[i]));                                                                       \
            sum[i] = v;                                                                                                \
            param[i] = param[i] + step * g / R(E, R(E, tyi_sqrt_##S(v)) + eps);                                        \
        }                                                                                                              \
    }

#define ADAMAX(E, T, S)                                                                                                \
    static void adamax_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                          \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict mean = (T *)args->state[0] + at;                                                                   \
        T *restrict most = (T *)args->state[1] + at;                                                                   \
        const T weight = (T)(1 - args->beta1), beta2 = (T)args->beta2, step = (T)-args->rate;                          \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            GRADIENT(E, T, S, param[i])                                                                                \
            T m = R(E, LERP(S, mean[i], g, weight));                                                                   \
            T old = R(E, beta2 * most[i]), size = R(E, (g < 0 ? -g : g) + eps);                                        \
            T largest = old > size || old != old ? old : size; /* NaN of either stays */                               \
            mean[i] = m;                                                                                               \
            most[i] = largest;                                                                                         \
            param[i] = param[i] + step * m / largest;                                                                  \
        }                                                                                                              \
    }

#define NADAM(E, T, S)                                                                                                 \
    static void nadam_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                           \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict mean = (T *)args->state[0] + at;                                                                   \
        T *restrict square = (T *)args->state[1] + at;                                                                 \
        const T shrink = args->decoupled_decay ? (T)(1 - args->lr * args->weight_decay) : 1;                           \
        const T weight = (T)(1 - args->beta1), beta2 = (T)args->beta2, fresh = (T)(1 - args->beta2);                   \
        const T bias = (T)args->bias2, of_grad = (T)args->rate, of_mean = (T)args->mean_rate;                          \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T p = R(E, shrink * param[i]);                                                                             \
            GRADIENT(E, T, S, p)                                                                                       \
            T m = R(E, LERP(S, mean[i], g, weight));                                                                   \
            T v = R(E, fused_##S(fresh * g, g, R(E, beta2 * square[i])));                                              \
            T root = R(E, R(E, tyi_sqrt_##S(R(E, v / bias))) + eps);                                                   \
            mean[i] = m;                                                                                               \
            square[i] = v;                                                                                             \
            p = R(E, p + of_grad * g / root);                                                                          \
            param[i] = p + of_mean * m / root;                                                                         \
        }                                                                                                              \
    }

#define RADAM(E, T, S)                                                                                                 \
    static void radam_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                           \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict mean = (T *)args->state[0] + at;                                                                   \
        T *restrict square = (T *)args->state[1] + at;                                                                 \
        const T shrink = args->decoupled_decay ? (T)(1 - args->lr * args->weight_decay) : 1;                           \
        const T weight = (T)(1 - args->beta1), beta2 = (T)args->beta2, fresh = (T)(1 - args->beta2);                   \
        const T bias = (T)args->bias1, lr = (T)args->lr, root = (T)tyi_sqrt_f64(args->bias2), rect = (T)args->rate;    \
        const bool rectified = args->rate != 0;                                                                        \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T p = R(E, shrink * param[i]);                                                                             \
            GRADIENT(E, T, S, p)                                                                                       \
            T m = R(E, LERP(S, mean[i], g, weight));                                                                   \
            T v = R(E, fused_##S(fresh * g, g, R(E, beta2 * square[i])));                                              \
            mean[i] = m;                                                                                               \
            square[i] = v;                                                                                             \
            T step = R(E, R(E, m / bias) * lr);                                                                        \
            T adaptive = R(E, R(E, 1 / R(E, R(E, tyi_sqrt_##S(v)) + eps)) * root);                                     \
            T adapted = R(E, R(E, step * adaptive) * rect);                                                            \
            param[i] = p - (rectified ? adapted : step);                                                               \
        }                                                                                                              \
    }

#define ADADELTA(E, T, S)                                                                                              \
    static void adadelta_##E(const tyi_optim_args *args, int64_t at, int64_t n)                                        \
    {                                                                                                                  \
        BEGIN(E, T)                                                                                                    \
        T *restrict square = (T *)args->state[0] + at;                                                                 \
        T *restrict moved = (T *)args->state[1] + at;                                                                  \
        const T rho = (T)args->alpha, fresh = (T)(1 - args->alpha), step = (T)-args->lr;                               \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            GRADIENT(E, T, S, param[i])                                                                                \
            T v = R(E, fused_##S(fresh * g, g, R(E, rho * square[i])));                                                \
            T root = R(E, tyi_sqrt_##S(R(E, v + eps)));                                                                \
            T delta = R(E, R(E, R(E, tyi_sqrt_##S(R(E, moved[i] + eps))) / root) * g);                                 \
            square[i] = v;                                                                                             \
            moved[i] = fused_##S(fresh * delta, delta, R(E, rho * moved[i]));                                          \
            param[i] = fused_##S(R(E, step), delta, param[i]);                                                         \
        }                                                                                                              \
    }

#define ALL_KINDS(E, T, S)                                                                                             \
    SGD(E, T, S)                                                                                                       \
    ADAM(E, T, S) RMSPROP(E, T, S) ADAGRAD(E, T, S) ADAMAX(E, T, S) NADAM(E, T, S) RADAM(E, T, S) ADADELTA(E, T, S)
ALL_KINDS(FLOAT16, float, f32)
ALL_KINDS(BFLOAT16, float, f32)
ALL_KINDS(FLOAT32, float, f32)
ALL_KINDS(FLOAT64, double, f64)

#define ROW(name)                                                                                                      \
    {                                                                                                                  \
        [TY_FLOAT16] = name##_FLOAT16, [TY_BFLOAT16] = name##_BFLOAT16, [TY_FLOAT32] = name##_FLOAT32,                 \
        [TY_FLOAT64] = name##_FLOAT64,                                                                                 \
    }
const tyi_optim_table TYI_ISA_NAME(tyi_optims) = {
    [TYI_OPTIM_SGD] = ROW(sgd),         [TYI_OPTIM_ADAM] = ROW(adam),         [TYI_OPTIM_RMSPROP] = ROW(rmsprop),
    [TYI_OPTIM_ADAGRAD] = ROW(adagrad), [TYI_OPTIM_ADAMAX] = ROW(adamax),     [TYI_OPTIM_NADAM] = ROW(nadam),
    [TYI_OPTIM_RADAM] = ROW(radam),     [TYI_OPTIM_ADADELTA] = ROW(adadelta),
};
