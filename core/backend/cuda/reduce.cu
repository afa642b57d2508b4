/*
 * reduce: sums, sums of squares and products, and the choice among all reductions. Integers are added and multiplied as
 * int64 and cut to size when stored, which is the wrapping around of their own type.
 */
#include "backend/cuda/kernels.h"
#include "backend/cuda/reduce.cuh"

namespace
{

/* Running and settled sums of a value type. */
template <typename V> struct wide {
    typedef double state;
    typedef V running;
};
template <> struct wide<int64_t> {
    typedef uint64_t state; /* wraps around */
    typedef uint64_t running;
};

template <typename V> struct sum {
    typedef V value;
    typedef typename wide<V>::running running;
    typedef typename wide<V>::state state;
    static __device__ __forceinline__ running start()
    {
        return 0;
    }
    static __device__ __forceinline__ state empty()
    {
        return 0;
    }
    static __device__ __forceinline__ void take(running &r, V v, int64_t, V)
    {
        r += static_cast<running>(v);
    }
    static __device__ __forceinline__ state settled(running r)
    {
        return static_cast<state>(r);
    }
    static __device__ __forceinline__ state join(state a, state b)
    {
        return a + b;
    }
    static __device__ __forceinline__ void store(void *out, ty_dtype dtype, state s)
    {
        tyi_store<V>(out, dtype, static_cast<V>(s));
    }
};

template <typename V> struct squares : sum<V> {
    static __device__ __forceinline__ void take(V &r, V v, int64_t, V shift)
    {
        r += (v - shift) * (v - shift);
    }
};

/* Products of floats are kept in double throughout, as on the CPU. */
template <typename V> struct product : sum<V> {
    typedef typename wide<V>::state running, state;
    static __device__ __forceinline__ running start()
    {
        return 1;
    }
    static __device__ __forceinline__ state empty()
    {
        return 1;
    }
    static __device__ __forceinline__ void take(running &r, V v, int64_t, V)
    {
        r *= static_cast<running>(v);
    }
    static __device__ __forceinline__ state settled(running r)
    {
        return r;
    }
    static __device__ __forceinline__ state join(state a, state b)
    {
        return a * b;
    }
};

ty_status reduce_sums(const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    if (args->dtype == TY_INT64)
        return run_reduce("sum", sum<int64_t>(), tyi_reader<int64_t>::of(args->x, args->dtype), g);
    if (args->dtype < TY_FLOAT16)
        return run_reduce("sum", sum<int64_t>(), tyi_integer_reader::of(args->x, args->dtype), g);
    TYI_FLOATING(args->dtype, "sum", [&](auto zero) {
        typedef tyi_reader<decltype(zero)> reader;
        typedef typename reader::value_type V;
        if (args->op == TYI_REDUCE_SUM_SQUARES)
            return run_reduce("sum of squares", squares<V>(), reader::of(args->x, args->dtype), g);
        return run_reduce("sum", sum<V>(), reader::of(args->x, args->dtype), g);
    });
}

ty_status reduce_products(const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    if (args->dtype < TY_FLOAT16)
        return run_reduce("prod", product<int64_t>(), tyi_integer_reader::of(args->x, args->dtype), g);
    TYI_FLOATING(args->dtype, "prod", [&](auto zero) {
        typedef tyi_reader<decltype(zero)> reader;
        return run_reduce("prod", product<typename reader::value_type>(), reader::of(args->x, args->dtype), g);
    });
}

} // namespace

ty_status tyi_cuda_reduce(const tyi_reduce_args *args)
{
    tyi_reduce_shape g = {};
    g.outputs = args->outer * args->inner;
    g.reduced = args->reduced;
    g.inner = args->inner;
    g.x_outer = args->x_outer;
    g.x_reduced = args->x_reduced;
    g.x_inner = args->x_inner;
    if (g.outputs == 0)
        return TY_OK;
    if (g.inner == 1) { /* then the outer one serves as such */
        g.inner = args->outer;
        g.x_inner = args->x_outer;
        g.x_outer = 0;
    }
    if (g.reduced <= 1)
        g.x_reduced = 1;
    g.shift = args->op == TYI_REDUCE_SUM_SQUARES ? args->shift : nullptr;
    g.out = args->out;
    g.out_dtype = args->wide_out ? TY_FLOAT32 : args->dtype;
    g.out_size = (int64_t)tyi_bytes_of(g.out_dtype);
    switch (args->op) {
    case TYI_REDUCE_SUM:
    case TYI_REDUCE_SUM_SQUARES:
        return reduce_sums(args, g);
    case TYI_REDUCE_PROD:
        return reduce_products(args, g);
    case TYI_REDUCE_MAX:
    case TYI_REDUCE_MIN:
        return tyi_reduce_extremes(args, g);
    case TYI_REDUCE_ALL:
    case TYI_REDUCE_ANY:
        g.out_size = sizeof(bool);
        return tyi_reduce_truths(args, g);
    default:
        g.out_size = sizeof(int64_t);
        return tyi_reduce_places(args, g);
    }
}
