/*
 * The pointwise kernels of one type, made from the expressions of pointwise.def. Included once by each pointwise_*.cu
 * with COMPUTED (the type), TABLE (the name of its table), FLOATING (1 or 0), SUFFIX (of the functions M(f) stands
 * for).
 */
#include "backend/cuda/math.cuh"
#include "backend/cuda/pointwise.cuh"

/* One expression serves all types, and some of its comparisons are trivial in some of them. */
#ifdef __CUDACC__
#pragma nv_diag_suppress 186, 177
#else
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#endif

/* What the expressions take from C's compilers. */
#define __builtin_inf()      INFINITY
#define __builtin_signbit(x) signbit(x)

#define JOIN_(a, b, c) a##b##_##c
#define JOIN(a, b, c)  JOIN_(a, b, c)
#define M(f)           JOIN(tyi_, f, SUFFIX)

namespace
{

typedef COMPUTED T; /* what the expressions call it */

#define UNARY_OP(name, R, expression)                                                                                  \
    struct unary_##name {                                                                                              \
        static constexpr int inputs = 1;                                                                               \
        __device__ __forceinline__ R operator()(T a) const                                                             \
        {                                                                                                              \
            (void)a;                                                                                                   \
            return static_cast<R>(expression);                                                                         \
        }                                                                                                              \
    };                                                                                                                 \
    ty_status run_unary_##name(const tyi_walk &w)                                                                      \
    {                                                                                                                  \
        return tyi_run_pointwise<T, R>(#name, w, unary_##name());                                                      \
    }
#define BINARY_OP(name, R, expression)                                                                                 \
    struct binary_##name {                                                                                             \
        static constexpr int inputs = 2;                                                                               \
        __device__ __forceinline__ R operator()(T a, T b) const                                                        \
        {                                                                                                              \
            return static_cast<R>(expression);                                                                         \
        }                                                                                                              \
    };                                                                                                                 \
    ty_status run_binary_##name(const tyi_walk &w)                                                                     \
    {                                                                                                                  \
        return tyi_run_pointwise<T, R>(#name, w, binary_##name());                                                     \
    }

/* Which kernels a class has for this kind of type, and of which expression. */
#if FLOATING
#define PICK(floats, integers) floats
#define UNARY_F(name, f, i)    UNARY_OP(name, T, f)
#define UNARY_I(name, f, i)
#define BINARY_F(name, f, i) BINARY_OP(name, T, f)
#define BINARY_I(name, f, i)
#else
#define PICK(floats, integers) integers
#define UNARY_F(name, f, i)
#define UNARY_I(name, f, i) UNARY_OP(name, T, i)
#define BINARY_F(name, f, i)
#define BINARY_I(name, f, i) BINARY_OP(name, T, i)
#endif
#define UNARY_N(name, f, i)  UNARY_OP(name, T, PICK(f, i))
#define UNARY_R(name, f, i)  UNARY_OP(name, T, PICK(f, i))
#define UNARY_T(name, f, i)  UNARY_OP(name, bool, PICK(f, i))
#define UNARY_S(name, f, i)  UNARY_F(name, f, i)
#define BINARY_N(name, f, i) BINARY_OP(name, T, PICK(f, i))
#define BINARY_S(name, f, i) BINARY_F(name, f, i)

#define TYI_UNARY(name, class, floats, integers)  UNARY_##class(name, floats, integers)
#define TYI_BINARY(name, class, floats, integers) BINARY_##class(name, floats, integers)
#define TYI_COMPARE(name, expression)             BINARY_OP(name, bool, expression)
#include "backend/pointwise.def"

UNARY_OP(copy, T, a)
UNARY_OP(cube, T, a *a *a)
#if FLOATING
UNARY_OP(inverse_square, T, 1 / (a * a))
#endif

struct axpy {
    static constexpr int inputs = 2;
    T alpha;
    __device__ __forceinline__ T operator()(T a, T b) const
    {
        return static_cast<T>(a + alpha * b);
    }
};
ty_status run_axpy(const tyi_walk &w, int64_t alpha_i, double alpha_f)
{
    (void)alpha_i;
    (void)alpha_f;
    return tyi_run_pointwise<T, T>("add", w, axpy{static_cast<T>(FLOATING ? alpha_f : alpha_i)});
}

/* min(max(x, low), high); a NaN in any of the three is the result. */
struct clamp {
    static constexpr int inputs = 3;
    __device__ __forceinline__ T operator()(T a, T low, T high) const
    {
        T raised = a > low ? a : low;
        raised = a != a ? a : raised;
        T lowered = raised < high ? raised : high;
        return raised != raised ? raised : lowered;
    }
};
ty_status run_clamp(const tyi_walk &w)
{
    return tyi_run_pointwise<T, T>("clamp", w, clamp());
}

/* The condition comes as a T, 0 or 1. */
struct where {
    static constexpr int inputs = 3;
    __device__ __forceinline__ T operator()(T condition, T a, T b) const
    {
        return condition != 0 ? a : b;
    }
};
ty_status run_where(const tyi_walk &w)
{
    return tyi_run_pointwise<T, T>("where", w, where());
}

#if FLOATING
#define ENTRY_F(prefix, name) run_##prefix##_##name
#define ENTRY_I(prefix, name) nullptr
#else
#define ENTRY_F(prefix, name) nullptr
#define ENTRY_I(prefix, name) run_##prefix##_##name
#endif
#define ENTRY_N(prefix, name) run_##prefix##_##name
#define ENTRY_R(prefix, name) run_##prefix##_##name
#define ENTRY_T(prefix, name) run_##prefix##_##name
#define ENTRY_S(prefix, name) ENTRY_F(prefix, name)

} // namespace

extern const tyi_pointwise_table TABLE = {
    /* unary */
    {
#define TYI_UNARY(name, class, ...) ENTRY_##class(unary, name),
#include "backend/pointwise.def"
    },
    /* binary */
    {
#define TYI_BINARY(name, class, ...) ENTRY_##class(binary, name),
#define TYI_COMPARE(name, ...)       run_binary_##name,
#include "backend/pointwise.def"
    },
    run_clamp,
    run_where,
    run_unary_copy,
    run_unary_cube,
    ENTRY_F(unary, inverse_square),
    run_axpy,
};
