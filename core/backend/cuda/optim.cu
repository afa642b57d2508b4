/*
 * The optimisers' updates: one launch over all tensors of a kind (up to MOST_TENSORS). Their pointers travel in the
 * kernel's arguments, of which a few tensors send less, and a block finds the tensor of its chunk among them. The
 * arithmetic and its order are the CPU's (cpu/optim_loops.c), which are those of PyTorch's single-tensor
 * implementations.
 *
 * The floor is one pass over parameter, gradient and states: Adam reads four numbers of an element and writes three.
 */
#include <string.h>

#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/math.cuh"

namespace
{

/* ---- What a launch is given ---- */

constexpr int FEW_TENSORS = 64; /* within 4 KB, which any toolkit and driver pass to a kernel */
#if CUDART_VERSION >= 12010
constexpr int MOST_TENSORS = 600; /* within 32,764 bytes, which they pass since CUDA 12.1 */
#else
constexpr int MOST_TENSORS = FEW_TENSORS;
#endif
constexpr int EACH = 4;         /* elements that a thread has in hand at a time */
constexpr int64_t CHUNK = 2048; /* elements of a block */

/* One tensor: parameter, gradient, states. */
struct tensor {
    void *param;
    const void *grad;
    void *state[3];
    int64_t n;
};

/* The numbers of a step, the same for all tensors of a launch, and what the updates make of them: in double precision,
 * which the device would be slow at. */
struct numbers : tyi_optim_args {
    double shrink;     /* what decoupled decay leaves of a parameter */
    double step;       /* -lr / bias1 */
    double root_bias2; /* sqrt(bias2) */
    double scale;      /* 1 / sqrt(bias2) */
};

template <int Most> struct batch {
    numbers options;
    int count;
    bool in_vectors;     /* all pointers can be read EACH elements at a time */
    int first[Most + 1]; /* the block that each tensor begins with; then the number of blocks */
    tensor tensors[Most];
};
typedef batch<FEW_TENSORS> few;
typedef batch<MOST_TENSORS> many;
static_assert(sizeof(few) <= 4096, "more than a kernel's arguments may be");
static_assert(sizeof(many) <= (MOST_TENSORS > FEW_TENSORS ? 32764 : 4096), "more than a kernel's arguments may be");

/* ---- Arithmetic ---- */

static __device__ __forceinline__ float fused(float a, float b, float c)
{
    return fmaf(a, b, c);
}
static __device__ __forceinline__ double fused(double a, double b, double c)
{
    return fma(a, b, c);
}
static __device__ __forceinline__ float root_of(float x)
{
    return sqrtf(x);
}
static __device__ __forceinline__ double root_of(double x)
{
    return sqrt(x);
}

/* One element in the type that is computed in. */
template <typename V> struct element {
    V param, grad, state[3];
};

/* The updates of elements stored as T; numbers are rounded to T where PyTorch's single-tensor steps store a tensor. So
 * are the factors of sums, but not those of products. */
template <typename T> struct updates {
    typedef typename tyi_element<T>::value_type V;
    typedef element<V> X;

    static __device__ __forceinline__ V rounded(V x)
    {
        return tyi_element<T>::value(tyi_element<T>::of(x));
    }
    /* lerp(mean, g, weight), from the nearer end. */
    static __device__ __forceinline__ V mixed(V mean, V g, V weight)
    {
        bool near = weight < V(0.5) && weight > V(-0.5);
        return rounded(near ? fused(weight, g - mean, mean) : fused(weight - 1, g - mean, g));
    }
    /* keep * square + fresh * g^2. */
    static __device__ __forceinline__ V mean_square(V square, V g, V keep, V fresh)
    {
        return rounded(fused(fresh * g, g, rounded(keep * square)));
    }
    /* The gradient with its sign and the decay of p. */
    static __device__ __forceinline__ V gradient(const numbers &a, V g, V p)
    {
        g = a.maximize ? -g : g;
        bool decays = !a.decoupled_decay && a.weight_decay != 0; /* 0 times an infinite parameter would be NaN */
        return decays ? rounded(fused(rounded(V(a.weight_decay)), p, g)) : g;
    }
    /* The parameter with its decoupled decay. */
    static __device__ __forceinline__ V shrunk(const numbers &a, V p)
    {
        return rounded(V(a.shrink) * p);
    }

    static __device__ __forceinline__ void sgd(const numbers &a, bool momentum, X *x)
    {
        V g = gradient(a, x->grad, x->param), keep = V(a.momentum);
        if (momentum) {
            V kept = rounded(keep * x->state[0]);
            V b = a.first ? g : rounded(fused(rounded(V(1 - a.dampening)), g, kept));
            x->state[0] = b;
            g = a.nesterov ? rounded(fused(rounded(keep), b, g)) : b;
        }
        x->param = fused(rounded(V(-a.lr)), g, x->param);
    }

    static __device__ __forceinline__ void adam(const numbers &a, bool amsgrad, X *x)
    {
        V p = shrunk(a, x->param), g = gradient(a, x->grad, p), weight = V(1 - a.beta1);
        bool small = 1 - a.beta1 < 0.5;
        V m = rounded(small ? fused(weight, g - x->state[0], x->state[0]) : fused(weight - 1, g - x->state[0], g));
        V v = mean_square(x->state[1], g, V(a.beta2), V(1 - a.beta2)), largest = v;
        if (amsgrad) {
            largest = x->state[2] > v || x->state[2] != x->state[2] ? x->state[2] : v;
            x->state[2] = largest;
        }
        x->state[0] = m;
        x->state[1] = v;
        x->param = p + V(a.step) * m / rounded(rounded(rounded(root_of(largest)) * V(a.scale)) + V(a.eps));
    }

    static __device__ __forceinline__ void rmsprop(const numbers &a, bool momentum, bool centered, X *x)
    {
        V g = gradient(a, x->grad, x->param), fresh = V(1 - a.alpha), step = V(-a.lr);
        V v = mean_square(x->state[0], g, V(a.alpha), fresh);
        x->state[0] = v;
        if (centered) {
            V m = mixed(x->state[2], g, fresh);
            x->state[2] = m;
            v = rounded(fused(-m, m, v));
        }
        V root = rounded(rounded(root_of(v)) + V(a.eps));
        if (!momentum) {
            x->param = x->param + step * g / root;
            return;
        }
        V b = rounded(rounded(V(a.momentum) * x->state[1]) + g / root);
        x->state[1] = b;
        x->param = fused(rounded(step), b, x->param);
    }

    static __device__ __forceinline__ void adagrad(const numbers &a, X *x)
    {
        V g = gradient(a, x->grad, x->param);
        V v = rounded(fused(g, g, x->state[0]));
        x->state[0] = v;
        x->param = x->param + V(-a.rate) * g / rounded(rounded(root_of(v)) + V(a.eps));
    }

    static __device__ __forceinline__ void adamax(const numbers &a, X *x)
    {
        V g = gradient(a, x->grad, x->param);
        V m = mixed(x->state[0], g, V(1 - a.beta1));
        V old = rounded(V(a.beta2) * x->state[1]), size = rounded((g < 0 ? -g : g) + V(a.eps));
        V largest = old > size || old != old ? old : size; /* NaN of either stays */
        x->state[0] = m;
        x->state[1] = largest;
        x->param = x->param + V(-a.rate) * m / largest;
    }

    static __device__ __forceinline__ void nadam(const numbers &a, X *x)
    {
        V p = shrunk(a, x->param), g = gradient(a, x->grad, p);
        V m = mixed(x->state[0], g, V(1 - a.beta1));
        V v = mean_square(x->state[1], g, V(a.beta2), V(1 - a.beta2));
        V root = rounded(rounded(root_of(rounded(v / V(a.bias2)))) + V(a.eps));
        x->state[0] = m;
        x->state[1] = v;
        p = rounded(p + V(a.rate) * g / root);
        x->param = p + V(a.mean_rate) * m / root;
    }

    static __device__ __forceinline__ void radam(const numbers &a, X *x)
    {
        V p = shrunk(a, x->param), g = gradient(a, x->grad, p);
        V m = mixed(x->state[0], g, V(1 - a.beta1));
        V v = mean_square(x->state[1], g, V(a.beta2), V(1 - a.beta2));
        x->state[0] = m;
        x->state[1] = v;
        V step = rounded(rounded(m / V(a.bias1)) * V(a.lr));
        V adaptive = rounded(rounded(1 / rounded(rounded(root_of(v)) + V(a.eps))) * V(a.root_bias2));
        x->param = p - (a.rate != 0 ? rounded(rounded(step * adaptive) * V(a.rate)) : step);
    }

    static __device__ __forceinline__ void adadelta(const numbers &a, X *x)
    {
        V g = gradient(a, x->grad, x->param), rho = V(a.alpha), fresh = V(1 - a.alpha);
        V v = mean_square(x->state[0], g, rho, fresh);
        V root = rounded(root_of(rounded(v + V(a.eps))));
        V delta = rounded(rounded(rounded(root_of(rounded(x->state[1] + V(a.eps)))) / root) * g);
        x->state[0] = v;
        x->state[1] = fused(fresh * delta, delta, rounded(rho * x->state[1]));
        x->param = fused(rounded(V(-a.lr)), delta, x->param);
    }

    template <tyi_optim_kind Kind>
    static __device__ __forceinline__ void update(const numbers &a, const tensor &t, X *x)
    {
        switch (Kind) {
        case TYI_OPTIM_SGD:
            return sgd(a, t.state[0], x);
        case TYI_OPTIM_ADAM:
            return adam(a, t.state[2], x);
        case TYI_OPTIM_RMSPROP:
            return rmsprop(a, t.state[1], t.state[2], x);
        case TYI_OPTIM_ADAGRAD:
            return adagrad(a, x);
        case TYI_OPTIM_ADAMAX:
            return adamax(a, x);
        case TYI_OPTIM_NADAM:
            return nadam(a, x);
        case TYI_OPTIM_RADAM:
            return radam(a, x);
        default:
            return adadelta(a, x);
        }
    }
};

/* ---- The kernel ---- */

template <typename T> struct alignas(EACH * sizeof(T)) vector {
    T at[EACH];
};

/* Elements [at, at + EACH) of an array into one field of x; those beyond n are left alone. */
template <typename T, typename V>
static __device__ __forceinline__ void load(const void *from, int64_t at, int64_t n, bool in_vectors, V *field)
{
    const int step = sizeof(element<V>) / sizeof(V);
    vector<T> v = {};
    if (in_vectors && at + EACH <= n) {
        v = *reinterpret_cast<const vector<T> *>(static_cast<const T *>(from) + at);
    } else {
        for (int i = 0; i < EACH; i++)
            if (at + i < n)
                v.at[i] = static_cast<const T *>(from)[at + i];
    }
#pragma unroll
    for (int i = 0; i < EACH; i++)
        field[i * step] = tyi_element<T>::value(v.at[i]);
}

template <typename T, typename V>
static __device__ __forceinline__ void store(void *to, int64_t at, int64_t n, bool in_vectors, const V *field)
{
    const int step = sizeof(element<V>) / sizeof(V);
    vector<T> v;
#pragma unroll
    for (int i = 0; i < EACH; i++)
        v.at[i] = tyi_element<T>::of(field[i * step]);
    if (in_vectors && at + EACH <= n) {
        *reinterpret_cast<vector<T> *>(static_cast<T *>(to) + at) = v;
        return;
    }
    for (int i = 0; i < EACH; i++)
        if (at + i < n)
            static_cast<T *>(to)[at + i] = v.at[i];
}

template <typename T, tyi_optim_kind Kind, typename Batch> __global__ void step_tensors(const __grid_constant__ Batch b)
{
    typedef typename tyi_element<T>::value_type V;
    int low = 0, high = b.count; /* the last tensor whose first block is not behind this one */
    while (high - low > 1) {
        int middle = (low + high) / 2;
        (b.first[middle] <= static_cast<int>(blockIdx.x) ? low : high) = middle;
    }
    const tensor &t = b.tensors[low];
    int64_t begin = static_cast<int64_t>(static_cast<int>(blockIdx.x) - b.first[low]) * CHUNK;
    int64_t end = begin + CHUNK < t.n ? begin + CHUNK : t.n;
    for (int64_t at = begin + static_cast<int64_t>(threadIdx.x) * EACH; at < end; at += TYI_THREADS * EACH) {
        element<V> x[EACH];
        load<T>(t.param, at, end, b.in_vectors, &x[0].param);
        load<T>(t.grad, at, end, b.in_vectors, &x[0].grad);
#pragma unroll
        for (int s = 0; s < 3; s++)
            if (t.state[s])
                load<T>(t.state[s], at, end, b.in_vectors, &x[0].state[s]);
#pragma unroll
        for (int i = 0; i < EACH; i++)
            updates<T>::template update<Kind>(b.options, t, &x[i]);
        store<T>(t.param, at, end, b.in_vectors, &x[0].param);
#pragma unroll
        for (int s = 0; s < 3; s++)
            if (t.state[s])
                store<T>(t.state[s], at, end, b.in_vectors, &x[0].state[s]);
    }
}

template <typename T, typename Batch> ty_status launch(const Batch &b)
{
    static void (*const kernels[TYI_OPTIM_COUNT])(const Batch) = {
        step_tensors<T, TYI_OPTIM_SGD, Batch>,     step_tensors<T, TYI_OPTIM_ADAM, Batch>,
        step_tensors<T, TYI_OPTIM_RMSPROP, Batch>, step_tensors<T, TYI_OPTIM_ADAGRAD, Batch>,
        step_tensors<T, TYI_OPTIM_ADAMAX, Batch>,  step_tensors<T, TYI_OPTIM_NADAM, Batch>,
        step_tensors<T, TYI_OPTIM_RADAM, Batch>,   step_tensors<T, TYI_OPTIM_ADADELTA, Batch>};
    return tyi_launch("optim", kernels[b.options.kind], static_cast<unsigned>(b.first[b.count]), TYI_THREADS, 0, b);
}

template <typename Batch> ty_status launch_any(const Batch &b)
{
    TYI_FLOATING(b.options.dtype, "optim", [&](auto zero) { return launch<decltype(zero)>(b); });
}

/* The launch of a batch, with no more arguments than it needs. */
ty_status launch_batch(const many &b)
{
    if (b.count > FEW_TENSORS)
        return launch_any(b);
    few less = {};
    less.options = b.options;
    less.count = b.count;
    less.in_vectors = b.in_vectors;
    memcpy(less.first, b.first, sizeof less.first);
    memcpy(less.tensors, b.tensors, sizeof *b.tensors * static_cast<size_t>(b.count));
    return launch_any(less);
}

/* ---- Batches ---- */

numbers numbers_of(const tyi_optim_args &args)
{
    numbers out = {};
    static_cast<tyi_optim_args &>(out) = args;
    out.shrink = args.decoupled_decay ? 1 - args.lr * args.weight_decay : 1;
    out.step = -args.lr / args.bias1;
    out.root_bias2 = sqrt(args.bias2);
    out.scale = 1 / out.root_bias2;
    return out;
}

bool same_options(const tyi_optim_args &a, const tyi_optim_args &b)
{
    return a.kind == b.kind && a.dtype == b.dtype && a.first == b.first && a.maximize == b.maximize &&
           a.nesterov == b.nesterov && a.decoupled_decay == b.decoupled_decay && a.lr == b.lr &&
           a.momentum == b.momentum && a.dampening == b.dampening && a.weight_decay == b.weight_decay &&
           a.beta1 == b.beta1 && a.beta2 == b.beta2 && a.eps == b.eps && a.alpha == b.alpha && a.bias1 == b.bias1 &&
           a.bias2 == b.bias2 && a.rate == b.rate && a.mean_rate == b.mean_rate;
}

bool is_aligned(const tensor &t, size_t bytes)
{
    uintptr_t bits = reinterpret_cast<uintptr_t>(t.param) | reinterpret_cast<uintptr_t>(t.grad);
    for (void *state : t.state)
        bits |= reinterpret_cast<uintptr_t>(state);
    return bits % bytes == 0;
}

/* Adds a tensor, or says that this batch has no room for it. */
bool add(many *b, const tyi_optim_args &args)
{
    int64_t blocks = (args.n + CHUNK - 1) / CHUNK;
    if (b->count == 0) {
        b->options = numbers_of(args);
        b->in_vectors = true;
        b->first[0] = 0;
    } else if (b->count == MOST_TENSORS || b->first[b->count] + blocks > INT32_MAX || !same_options(args, b->options)) {
        return false;
    }
    tensor &t = b->tensors[b->count];
    t = {args.param, args.grad, {args.state[0], args.state[1], args.state[2]}, args.n};
    b->in_vectors = b->in_vectors && is_aligned(t, EACH * tyi_bytes_of(args.dtype));
    b->first[b->count + 1] = static_cast<int>(b->first[b->count] + blocks);
    b->count++;
    return true;
}

} // namespace

ty_status tyi_cuda_optim_many(const tyi_optim_args *args, int64_t count)
{
    many b = {};
    b.count = 0;
    for (int64_t i = 0; i < count; i++) {
        if (args[i].n == 0 || add(&b, args[i]))
            continue;
        TYI_TRY(launch_batch(b));
        b.count = 0;
        add(&b, args[i]);
    }
    return b.count ? launch_batch(b) : TY_OK;
}

ty_status tyi_cuda_optim(const tyi_optim_args *args)
{
    return tyi_cuda_optim_many(args, 1);
}
