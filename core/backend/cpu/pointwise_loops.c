/*
 * The inner loops of the pointwise ops for every dtype; compiled once per instruction set. The loops themselves are in
 * pointwise_dtype.h, what they compute in pointwise.def and math.h; here they are made for each dtype and put into the
 * table that pointwise.c looks them up in.
 */
#include "backend/cpu/loops.h"
#include "backend/cpu/math.h"

/* One expression serves all dtypes, and some of its comparisons are trivial in some of them. */
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wbool-operation"
#pragma GCC diagnostic ignored "-Wint-in-bool-context"
#endif

#define PRAGMA(text) TYI_PRAGMA(text)

#define T        bool
#define E        BOOL
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        uint8_t
#define E        UINT8
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        int8_t
#define E        INT8
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        int16_t
#define E        INT16
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        int32_t
#define E        INT32
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        int64_t
#define E        INT64
#define FLOATING 0
#define M(f)     tyi_##f##_int
#include "backend/cpu/pointwise_dtype.h"
#define T        float
#define E        FLOAT32
#define FLOATING 1
#define M(f)     tyi_##f##_f32
#include "backend/cpu/pointwise_dtype.h"
#define T        double
#define E        FLOAT64
#define FLOATING 1
#define M(f)     tyi_##f##_f64
#include "backend/cpu/pointwise_dtype.h"

/* Choosing moves bits, so that one loop serves all dtypes of a size. */
#define WHERE_LOOP(bits)                                                                                               \
    typedef uint##bits##_t __attribute__((may_alias)) word##bits;                                                      \
    static void where_##bits(void *const *p, int64_t n, const void *extra)                                             \
    {                                                                                                                  \
        word##bits *out = p[0];                                                                                        \
        const uint8_t *condition = p[1];                                                                               \
        const word##bits *a = p[2], *b = p[3];                                                                         \
        (void)extra;                                                                                                   \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            word##bits yes = a[i], no = b[i];                                                                          \
            out[i] = condition[i] ? yes : no;                                                                          \
        }                                                                                                              \
    }
WHERE_LOOP(8)
WHERE_LOOP(16)
WHERE_LOOP(32)
WHERE_LOOP(64)

/* Rows of the table: the dtypes that a class has loops for. */
#define INTEGERS(prefix)                                                                                               \
    [TY_BOOL] = prefix##_BOOL, [TY_UINT8] = prefix##_UINT8, [TY_INT8] = prefix##_INT8, [TY_INT16] = prefix##_INT16,    \
    [TY_INT32] = prefix##_INT32, [TY_INT64] = prefix##_INT64
#define FLOATS(prefix) [TY_FLOAT32] = prefix##_FLOAT32, [TY_FLOAT64] = prefix##_FLOAT64
#define ROW_N(prefix)                                                                                                  \
    {                                                                                                                  \
        INTEGERS(prefix), FLOATS(prefix)                                                                               \
    }
#define ROW_R(prefix) ROW_N(prefix)
#define ROW_T(prefix) ROW_N(prefix)
#define ROW_F(prefix)                                                                                                  \
    {                                                                                                                  \
        FLOATS(prefix)                                                                                                 \
    }
#define ROW_S(prefix) ROW_F(prefix)
#define ROW_I(prefix)                                                                                                  \
    {                                                                                                                  \
        INTEGERS(prefix)                                                                                               \
    }

const tyi_pointwise_loops TYI_ISA_NAME(tyi_pointwise) = {
    .unary =
        {
#define TYI_UNARY(name, class, floats, integers) [TYI_UNARY_##name] = ROW_##class(unary_##name),
#include "backend/pointwise.def"
        },
    .binary =
        {
#define TYI_BINARY(name, class, floats, integers) [TYI_BINARY_##name] = ROW_##class(binary_##name),
#define TYI_COMPARE(name, expression)             [TYI_BINARY_##name] = ROW_N(binary_##name),
#include "backend/pointwise.def"
        },
    .add = ROW_N(binary_add),
    .sub = ROW_N(binary_sub),
    .axpy = ROW_N(axpy),
    .clamp = ROW_N(clamp),
    .where = {[TY_BOOL] = where_8,
              [TY_UINT8] = where_8,
              [TY_INT8] = where_8,
              [TY_INT16] = where_16,
              [TY_INT32] = where_32,
              [TY_INT64] = where_64,
              [TY_FLOAT16] = where_16,
              [TY_BFLOAT16] = where_16,
              [TY_FLOAT32] = where_32,
              [TY_FLOAT64] = where_64},
    .cube = ROW_N(unary_cube),
    .inverse_square = ROW_F(unary_inverse_square),
};
