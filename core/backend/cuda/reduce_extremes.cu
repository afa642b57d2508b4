/*
 * Reductions that compare: the largest and the smallest, where they are first, and whether all or any differ from 0.
 * NaN is above and below all, and stays. One kernel does both directions: it is told which.
 */
#include "backend/cuda/reduce.cuh"

namespace
{

template <typename V> struct limits {
    static __device__ __forceinline__ V least()
    {
        return -static_cast<V>(INFINITY);
    }
    static __device__ __forceinline__ V most()
    {
        return static_cast<V>(INFINITY);
    }
};
template <> struct limits<int64_t> {
    static __device__ __forceinline__ int64_t least()
    {
        return INT64_MIN;
    }
    static __device__ __forceinline__ int64_t most()
    {
        return INT64_MAX;
    }
};

template <typename V> struct extreme {
    typedef V value, running, state;
    bool smallest;
    __device__ __forceinline__ V start() const
    {
        return smallest ? limits<V>::most() : limits<V>::least();
    }
    __device__ __forceinline__ V empty() const
    {
        return start();
    }
    __device__ __forceinline__ V join(V a, V b) const
    {
        return (smallest ? b < a : b > a) || b != b ? b : a;
    }
    __device__ __forceinline__ void take(V &r, V v, int64_t, V) const
    {
        r = join(r, v);
    }
    static __device__ __forceinline__ V settled(V r)
    {
        return r;
    }
    static __device__ __forceinline__ void store(void *out, ty_dtype dtype, V v)
    {
        tyi_store<V>(out, dtype, v);
    }
};

template <typename V> struct found {
    V value;
    int64_t index;
};

template <typename V> struct place {
    typedef V value;
    typedef found<V> running, state;
    bool smallest;
    __device__ __forceinline__ state start() const
    {
        return {smallest ? limits<V>::most() : limits<V>::least(), INT64_MAX};
    }
    __device__ __forceinline__ state empty() const
    {
        return start();
    }
    __device__ __forceinline__ state join(const state &a, const state &b) const
    {
        const bool nan = a.value != a.value, wins = smallest ? b.value < a.value : b.value > a.value;
        const bool alike = a.value == b.value || (nan && b.value != b.value);
        if (alike)
            return b.index < a.index ? b : a;
        return (wins || b.value != b.value) && !nan ? b : a;
    }
    __device__ __forceinline__ void take(state &r, V v, int64_t i, V) const
    {
        r = join(r, {v, i});
    }
    static __device__ __forceinline__ state settled(const state &r)
    {
        return r;
    }
    static __device__ __forceinline__ void store(void *out, ty_dtype, const state &s)
    {
        *static_cast<int64_t *>(out) = s.index;
    }
};

/* Of the bits of elements: what is 0 but for the sign of a float is false. */
template <typename U> struct truth {
    typedef U value;
    typedef unsigned running, state;
    bool all;
    bool signs;
    __device__ __forceinline__ unsigned start() const
    {
        return all;
    }
    __device__ __forceinline__ unsigned empty() const
    {
        return all;
    }
    __device__ __forceinline__ unsigned join(unsigned a, unsigned b) const
    {
        return all ? a & b : a | b;
    }
    __device__ __forceinline__ void take(unsigned &r, U v, int64_t, U) const
    {
        r = join(r, static_cast<U>(signs ? v << 1 : v) != 0);
    }
    static __device__ __forceinline__ unsigned settled(unsigned r)
    {
        return r;
    }
    static __device__ __forceinline__ void store(void *out, ty_dtype, unsigned s)
    {
        *static_cast<bool *>(out) = s != 0;
    }
};

/* An operation of a value type, over any dtype. */
template <template <typename> class Op>
ty_status compare(const char *name, bool smallest, const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    if (args->dtype == TY_INT64)
        return run_reduce(name, Op<int64_t>{smallest}, tyi_reader<int64_t>::of(args->x, args->dtype), g);
    if (args->dtype < TY_FLOAT16)
        return run_reduce(name, Op<int64_t>{smallest}, tyi_integer_reader::of(args->x, args->dtype), g);
    TYI_FLOATING(args->dtype, name, [&](auto zero) {
        typedef tyi_reader<decltype(zero)> reader;
        return run_reduce(name, Op<typename reader::value_type>{smallest}, reader::of(args->x, args->dtype), g);
    });
}

} // namespace

ty_status tyi_reduce_extremes(const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    return compare<extreme>(args->op == TYI_REDUCE_MAX ? "max" : "min", args->op == TYI_REDUCE_MIN, args, g);
}

ty_status tyi_reduce_places(const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    return compare<place>(args->op == TYI_REDUCE_ARGMAX ? "argmax" : "argmin", args->op == TYI_REDUCE_ARGMIN, args, g);
}

ty_status tyi_reduce_truths(const tyi_reduce_args *args, const tyi_reduce_shape &g)
{
    const bool all = args->op == TYI_REDUCE_ALL;
    const char *name = all ? "all" : "any";
    TYI_BY_SIZE(args->dtype, name, [&](auto zero) {
        typedef decltype(zero) U;
        const truth<U> op = {all, args->dtype >= TY_FLOAT16};
        return run_reduce(name, op, tyi_reader<U>::of(args->x, args->dtype), g);
    });
}
