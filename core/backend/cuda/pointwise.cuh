/*
 * Pointwise kernels: one thread computes PER_THREAD elements. What the ops compute comes from pointwise.def through the
 * functors of pointwise_type.cuh; how elements are found, converted and rounded is here, once for all.
 *
 * Where the innermost dimension has no gaps, its elements are read and written as whole vectors, of the type computed
 * in (or float16 and bfloat16 where that is float); what is broadcast along it is read once for a vector, and operands
 * that are one number (a tensor of one element, or a number of the host's) are read once. Other operands of the type
 * computed in are read element by element, all of a thread's at once, so that many are on their way; the rest is
 * converted one by one. The floor is a pass over what is read and written.
 */
#ifndef TYI_CUDA_POINTWISE_CUH
#define TYI_CUDA_POINTWISE_CUH

#include "backend/cuda/elements.cuh"

#define TYI_PER_THREAD 4
#define TYI_MOST_ITERS 4 /* operands, the output first */

typedef enum {
    TYI_ELEMENTS, /* at strides */
    TYI_VECTORS,  /* without gaps in the innermost dimension and aligned, of a dtype that vectors are loaded of */
    TYI_REPEATED, /* the same element all along the innermost dimension */
    TYI_NUMBER,   /* one, in device memory */
    TYI_VALUE,    /* one, given here */
} tyi_access;

typedef struct tyi_walk_operand {
    char *data;
    ty_dtype dtype;
    ty_dtype rounded; /* converted to this dtype, a reduced or narrow one, before it is computed with; or NONE */
    tyi_access access;
    bool plain; /* of the type computed in, as it is */
    int64_t i;  /* the value, as an integer and as a float */
    double f;
} tyi_walk_operand;

typedef struct tyi_walk {
    int64_t numel;
    int ndim;
    bool vectors; /* the output is TYI_VECTORS, and no operand TYI_ELEMENTS */
    bool direct;  /* operands are plain or one number, and the walk is small */
    bool small;   /* indices and offsets fit into 31 bits */
    tyi_walk_operand operands[TYI_MOST_ITERS];
    int64_t sizes[TY_MAX_DIMS]; /* innermost first */
    int64_t strides[TYI_MOST_ITERS][TY_MAX_DIMS];
    uint32_t multiplier[TY_MAX_DIMS]; /* divides by a size (tyi_quotient) */
    int shift[TY_MAX_DIMS];
} tyi_walk;

/* Of a small walk: n / sizes[d] by a product (Granlund and Montgomery 1994, figure 4.1), as n < 2^31. */
static __device__ __forceinline__ uint32_t tyi_quotient(const tyi_walk &w, int d, uint32_t n)
{
    return (__umulhi(n, w.multiplier[d]) + n) >> w.shift[d];
}

/* ---- Values ---- */

/* v as it is after a conversion to a dtype. */
template <typename V> static __device__ V tyi_rounded_to(V v, ty_dtype dtype)
{
    switch (dtype) {
    case TY_FLOAT16:
        return static_cast<V>(tyi_element<ty_float16>::value(tyi_element<ty_float16>::of(static_cast<float>(v))));
    case TY_BFLOAT16:
        return static_cast<V>(tyi_element<ty_bfloat16>::value(tyi_element<ty_bfloat16>::of(static_cast<float>(v))));
    case TY_UINT8:
        return static_cast<V>(static_cast<uint8_t>(tyi_narrow(v)));
    case TY_INT8:
        return static_cast<V>(static_cast<int8_t>(tyi_narrow(v)));
    case TY_INT16:
        return static_cast<V>(static_cast<int16_t>(tyi_narrow(v)));
    case TY_INT32:
        return static_cast<V>(static_cast<int32_t>(tyi_narrow(v)));
    default:
        return v;
    }
}

template <typename V> static __device__ __attribute__((noinline)) V tyi_fetch(const tyi_walk_operand &x, int64_t offset)
{
    if (x.access == TYI_VALUE)
        return x.dtype >= TY_FLOAT16 ? tyi_cast<V>::from(x.f) : tyi_cast<V>::from(x.i);
    V v = tyi_load<V>(x.data + offset, x.dtype);
    return x.rounded == TY_DTYPE_NONE ? v : tyi_rounded_to(v, x.rounded);
}

/* ---- Vectors ---- */

template <typename T> struct alignas(sizeof(T) * TYI_PER_THREAD) tyi_vector {
    T at[TYI_PER_THREAD];
};

template <typename T, typename V> static __device__ __forceinline__ void tyi_load_vector(const char *p, V *v)
{
    const tyi_vector<T> x = *reinterpret_cast<const tyi_vector<T> *>(p);
#pragma unroll
    for (int k = 0; k < TYI_PER_THREAD; k++)
        v[k] = static_cast<V>(tyi_element<T>::value(x.at[k]));
}

template <typename T, typename V> static __device__ __forceinline__ void tyi_store_vector(char *p, const V *v)
{
    tyi_vector<T> x;
#pragma unroll
    for (int k = 0; k < TYI_PER_THREAD; k++)
        x.at[k] = tyi_element<T>::of(v[k]);
    *reinterpret_cast<tyi_vector<T> *>(p) = x;
}

/* Vectors of the storage types that V is computed from. */
template <typename V> struct tyi_vectors {
    static __device__ __forceinline__ void load(const tyi_walk_operand &x, int64_t offset, V *v)
    {
        tyi_load_vector<V>(x.data + offset, v);
    }
    static __device__ __forceinline__ void store(const tyi_walk_operand &x, int64_t offset, const V *v)
    {
        tyi_store_vector<V>(x.data + offset, v);
    }
};
template <> struct tyi_vectors<float> {
    static __device__ __forceinline__ void load(const tyi_walk_operand &x, int64_t offset, float *v)
    {
        if (x.dtype == TY_FLOAT32)
            tyi_load_vector<float>(x.data + offset, v);
        else if (x.dtype == TY_FLOAT16)
            tyi_load_vector<ty_float16>(x.data + offset, v);
        else
            tyi_load_vector<ty_bfloat16>(x.data + offset, v);
    }
    static __device__ __forceinline__ void store(const tyi_walk_operand &x, int64_t offset, const float *v)
    {
        if (x.dtype == TY_FLOAT32)
            tyi_store_vector<float>(x.data + offset, v);
        else if (x.dtype == TY_FLOAT16)
            tyi_store_vector<ty_float16>(x.data + offset, v);
        else
            tyi_store_vector<ty_bfloat16>(x.data + offset, v);
    }
};

/* ---- The kernel ---- */

/* Bytes from the start of each of COUNT operands to each of EACH elements of a small walk. */
template <int COUNT, int EACH>
static __device__ __forceinline__ void tyi_small_offsets(const tyi_walk &w, uint32_t (&index)[EACH],
                                                         int (&offsets)[COUNT][EACH])
{
#pragma unroll
    for (int k = 0; k < COUNT; k++)
#pragma unroll
        for (int e = 0; e < EACH; e++)
            offsets[k][e] = 0;
    for (int d = 0; d < w.ndim; d++) {
        const bool last = d == w.ndim - 1;
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            const uint32_t next = last ? 0 : tyi_quotient(w, d, index[e]);
            const uint32_t at = index[e] - next * static_cast<uint32_t>(w.sizes[d]);
            index[e] = next;
#pragma unroll
            for (int k = 0; k < COUNT; k++)
                offsets[k][e] += static_cast<int>(at) * static_cast<int>(w.strides[k][d]);
        }
    }
}

/* Of one element of any walk. */
template <int COUNT>
static __device__ __forceinline__ void tyi_walk_offsets(const tyi_walk &w, int64_t index, int64_t (&offsets)[COUNT])
{
    if (w.small) {
        uint32_t small[1] = {static_cast<uint32_t>(index)};
        int found[COUNT][1];
        tyi_small_offsets(w, small, found);
#pragma unroll
        for (int k = 0; k < COUNT; k++)
            offsets[k] = found[k][0];
        return;
    }
    uint64_t rest = static_cast<uint64_t>(index);
    for (int k = 0; k < COUNT; k++)
        offsets[k] = 0;
    for (int d = 0; d < w.ndim; d++) {
        const uint64_t size = static_cast<uint64_t>(w.sizes[d]), next = d == w.ndim - 1 ? 0 : rest / size;
        const uint64_t at = rest - next * size;
        rest = next;
        for (int k = 0; k < COUNT; k++)
            offsets[k] += static_cast<int64_t>(at) * w.strides[k][d];
    }
}

template <typename V, typename R, typename F> static __device__ __forceinline__ R tyi_apply(const F &f, const V *a)
{
    if constexpr (F::inputs == 1)
        return static_cast<R>(f(a[0]));
    else if constexpr (F::inputs == 2)
        return static_cast<R>(f(a[0], a[1]));
    else
        return static_cast<R>(f(a[0], a[1], a[2]));
}

/* V: computed in; R: the result's type, V or bool. F::inputs says how many operands f takes. */

/* TYI_PER_THREAD neighbours from `first` on. */
template <typename V, typename R, typename F>
static __device__ __forceinline__ void tyi_apply_vectors(const tyi_walk &w, const F &f, int64_t first)
{
    constexpr int inputs = F::inputs;
    int64_t offsets[inputs + 1];
    tyi_walk_offsets(w, first, offsets);
    V a[inputs][TYI_PER_THREAD];
#pragma unroll
    for (int k = 0; k < inputs; k++) {
        const tyi_walk_operand &x = w.operands[k + 1];
        if (x.access == TYI_VECTORS) {
            tyi_vectors<V>::load(x, offsets[k + 1], a[k]);
        } else {
            V number = tyi_fetch<V>(x, offsets[k + 1]);
#pragma unroll
            for (int e = 0; e < TYI_PER_THREAD; e++)
                a[k][e] = number;
        }
    }
    R out[TYI_PER_THREAD];
#pragma unroll
    for (int e = 0; e < TYI_PER_THREAD; e++) {
        V one[inputs];
#pragma unroll
        for (int k = 0; k < inputs; k++)
            one[k] = a[k][e];
        out[e] = tyi_apply<V, R>(f, one);
    }
    tyi_vectors<R>::store(w.operands[0], offsets[0], out);
}

/* TYI_PER_THREAD elements, TYI_THREADS apart so that neighbouring threads take neighbours; those in the walk. */
template <typename V, typename R, typename F>
static __device__ __forceinline__ void tyi_apply_direct(const tyi_walk &w, const F &f, int64_t first)
{
    constexpr int inputs = F::inputs;
    uint32_t index[TYI_PER_THREAD];
    int offsets[inputs + 1][TYI_PER_THREAD];
    V a[TYI_PER_THREAD][inputs];
#pragma unroll
    for (int e = 0; e < TYI_PER_THREAD; e++)
        index[e] = static_cast<uint32_t>(first + e * TYI_THREADS < w.numel ? first + e * TYI_THREADS : first);
    tyi_small_offsets(w, index, offsets);
#pragma unroll
    for (int k = 0; k < inputs; k++) {
        const tyi_walk_operand &x = w.operands[k + 1];
        const bool plain = x.plain;
        const V number = plain ? V() : tyi_fetch<V>(x, 0);
#pragma unroll
        for (int e = 0; e < TYI_PER_THREAD; e++)
            a[e][k] = plain ? *reinterpret_cast<const V *>(x.data + offsets[k + 1][e]) : number;
    }
#pragma unroll
    for (int e = 0; e < TYI_PER_THREAD; e++)
        if (first + e * TYI_THREADS < w.numel)
            *reinterpret_cast<R *>(w.operands[0].data + offsets[0][e]) = tyi_apply<V, R>(f, a[e]);
}

template <typename V, typename R, typename F>
static __device__ __forceinline__ void tyi_apply_one(const tyi_walk &w, const F &f, int64_t index)
{
    constexpr int inputs = F::inputs;
    int64_t offsets[inputs + 1];
    tyi_walk_offsets(w, index, offsets);
    V a[inputs];
#pragma unroll
    for (int k = 0; k < inputs; k++)
        a[k] = tyi_fetch<V>(w.operands[k + 1], offsets[k + 1]);
    const tyi_walk_operand &out = w.operands[0];
    tyi_store<R>(out.data + offsets[0], out.dtype, tyi_apply<V, R>(f, a));
}

template <typename V, typename R, typename F>
__global__ void __launch_bounds__(TYI_THREADS) tyi_pointwise(const __grid_constant__ tyi_walk w, const F f)
{
    constexpr int64_t of_block = static_cast<int64_t>(TYI_THREADS) * TYI_PER_THREAD;
    int64_t first = blockIdx.x * of_block + (w.vectors ? threadIdx.x * TYI_PER_THREAD : threadIdx.x);
    if (first >= w.numel)
        return;
    if (w.vectors && first + TYI_PER_THREAD <= w.numel)
        return tyi_apply_vectors<V, R>(w, f, first);
    if (w.direct)
        return tyi_apply_direct<V, R>(w, f, first);
    const int64_t step = w.vectors ? 1 : TYI_THREADS, past = first + TYI_PER_THREAD * step;
    for (; first < past && first < w.numel; first += step)
        tyi_apply_one<V, R>(w, f, first);
}

template <typename V, typename R, typename F> ty_status tyi_run_pointwise(const char *name, const tyi_walk &w, F f)
{
    return tyi_launch(name, tyi_pointwise<V, R, F>, tyi_blocks(w.numel, TYI_THREADS * TYI_PER_THREAD), TYI_THREADS, 0,
                      w, f);
}

/* ---- What pointwise_*.cu give pointwise.cu ---- */

/* The type that a dtype is computed in: rows of the table below. */
typedef enum { TYI_AS_BOOL, TYI_AS_INT, TYI_AS_FLOAT, TYI_AS_DOUBLE, TYI_AS_COUNT } tyi_computed;

static inline tyi_computed tyi_computed_in(ty_dtype dtype)
{
    return dtype == TY_BOOL      ? TYI_AS_BOOL
           : dtype < TY_FLOAT16  ? TYI_AS_INT
           : dtype == TY_FLOAT64 ? TYI_AS_DOUBLE
                                 : TYI_AS_FLOAT;
}

typedef ty_status (*tyi_pointwise_run)(const tyi_walk &w);

/* NULL where an op has no kernel for a type. */
typedef struct tyi_pointwise_table {
    tyi_pointwise_run unary[TYI_UNARY_COUNT];
    tyi_pointwise_run binary[TYI_BINARY_COUNT];
    tyi_pointwise_run clamp, where, copy, cube, inverse_square;
    ty_status (*axpy)(const tyi_walk &w, int64_t alpha_i, double alpha_f);
} tyi_pointwise_table;

extern const tyi_pointwise_table tyi_pointwise_bool, tyi_pointwise_int64, tyi_pointwise_float, tyi_pointwise_double;

/* A number of the host's as a value of a dtype, where that is a reduced one. */
double tyi_rounded_on_host(double f, ty_dtype dtype);

/* The walk over an iter whose inputs are computed with in `compute`, and whose result is of that or of bool. */
tyi_walk tyi_walk_of(const tyi_iter *iter, ty_dtype compute, bool bool_result);

#endif
