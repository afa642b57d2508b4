/*
 * Loops that copy with conversion between every two dtypes, gather rows as float32, and rank elements for sorting;
 * compiled once per instruction set. Conversions follow what PyTorch does on x86: see loops.h.
 */
#include "backend/cpu/loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A value x of each kind as each type. Floats become integers through int32 or int64, where what they cannot hold
 * becomes the smallest value, because C leaves that undefined and processors differ. */
#define TRUNCATE32(x) ((x) >= -2147483648.0f && (x) < 2147483648.0f ? (int32_t)(x) : INT32_MIN)
/* Where no vector instruction does it, the scalar one already has this very result. */
#if defined(__x86_64__) && !defined(__AVX512DQ__)
#define TRUNCATE64(x) _Generic((x), float : truncate_float, double : truncate_double)(x)
static inline int64_t truncate_float(float x)
{
    return _mm_cvttss_si64(_mm_set_ss(x));
}
static inline int64_t truncate_double(double x)
{
    return _mm_cvttsd_si64(_mm_set_sd(x));
}
#else
#define TRUNCATE64(x) ((x) >= -9223372036854775808.0f && (x) < 9223372036854775808.0f ? (int64_t)(x) : INT64_MIN)
#endif
#define FLOAT_TO_BOOL(x)     ((x) != 0)
#define FLOAT_TO_UINT8(x)    (uint8_t) TRUNCATE32(x)
#define FLOAT_TO_INT8(x)     (int8_t) TRUNCATE32(x)
#define FLOAT_TO_INT16(x)    (int16_t) TRUNCATE32(x)
#define FLOAT_TO_INT32(x)    TRUNCATE32(x)
#define FLOAT_TO_INT64(x)    TRUNCATE64(x)
#define FLOAT_TO_FLOAT32(x)  (float)(x)
#define FLOAT_TO_FLOAT64(x)  (double)(x)
#define FLOAT_TO_FLOAT16(x)  tyi_float16_of((float)(x))
#define FLOAT_TO_BFLOAT16(x) tyi_bfloat16_of((float)(x))
#define INT_TO_BOOL(x)       ((x) != 0)
#define INT_TO_UINT8(x)      (uint8_t)(x)
#define INT_TO_INT8(x)       (int8_t)(x)
#define INT_TO_INT16(x)      (int16_t)(x)
#define INT_TO_INT32(x)      (int32_t)(x)
#define INT_TO_INT64(x)      (int64_t)(x)
#define INT_TO_FLOAT32(x)    (float)(x)
#define INT_TO_FLOAT64(x)    (double)(x)
#define INT_TO_FLOAT16(x)    tyi_float16_of((float)(x))
#define INT_TO_BFLOAT16(x)   tyi_bfloat16_of((float)(x))
/* A reduced one goes through float, but to itself. */
#define WIDE(x)                _Generic((x), ty_float16 : tyi_float_of_float16, ty_bfloat16 : tyi_float_of_bfloat16)(x)
#define REDUCED_TO_BOOL(x)     FLOAT_TO_BOOL(WIDE(x))
#define REDUCED_TO_UINT8(x)    FLOAT_TO_UINT8(WIDE(x))
#define REDUCED_TO_INT8(x)     FLOAT_TO_INT8(WIDE(x))
#define REDUCED_TO_INT16(x)    FLOAT_TO_INT16(WIDE(x))
#define REDUCED_TO_INT32(x)    FLOAT_TO_INT32(WIDE(x))
#define REDUCED_TO_INT64(x)    FLOAT_TO_INT64(WIDE(x))
#define REDUCED_TO_FLOAT32(x)  WIDE(x)
#define REDUCED_TO_FLOAT64(x)  (double)WIDE(x)
#define REDUCED_TO_FLOAT16(x)  _Generic((x), ty_float16 : tyi_same_float16, ty_bfloat16 : tyi_float16_of_bfloat16)(x)
#define REDUCED_TO_BFLOAT16(x) _Generic((x), ty_float16 : tyi_bfloat16_of_float16, ty_bfloat16 : tyi_same_bfloat16)(x)

/* Runs without gaps that the processor has instructions for: how many elements they did. */
static inline int64_t none(void *out, const void *x, int64_t n)
{
    (void)out, (void)x, (void)n;
    return 0;
}
#if defined(__AVX512F__)
static inline int64_t halves_to_floats(float *out, const ty_float16 *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(out + i, _mm512_cvtph_ps(_mm256_loadu_si256((const void *)(x + i))));
    return i;
}
static inline int64_t floats_to_halves(ty_float16 *out, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((void *)(out + i), _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    return i;
}
#elif defined(__F16C__)
static inline int64_t halves_to_floats(float *out, const ty_float16 *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(x + i))));
    return i;
}
static inline int64_t floats_to_halves(ty_float16 *out, const float *x, int64_t n)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    return i;
}
#else
#define halves_to_floats none
#define floats_to_halves none
#endif
#define BY_INSTRUCTION(out, x, n)                                                                                      \
    _Generic((out), float *                                                                                            \
             : _Generic((x), const ty_float16 *                                                                        \
                        : halves_to_floats, default                                                                    \
                        : none), ty_float16 *                                                                          \
             : _Generic((x), const float *                                                                             \
                        : floats_to_halves, default                                                                    \
                        : none), default                                                                               \
             : none)(out, x, n)

#define CONVERT(TO, to, FROM, from, KIND)                                                                              \
    static void convert_##TO##_##FROM(void *out, int64_t out_step, const void *x, int64_t x_step, int64_t n)           \
    {                                                                                                                  \
        if (out_step == (int64_t)sizeof(to) && x_step == (int64_t)sizeof(from)) {                                      \
            to *restrict o = out;                                                                                      \
            const from *restrict a = x;                                                                                \
            int64_t done = BY_INSTRUCTION(o, a, n);                                                                    \
            TYI_PRAGMA(omp simd)                                                                                       \
            for (int64_t i = done; i < n; i++)                                                                         \
                o[i] = KIND##_TO_##TO(a[i]);                                                                           \
        } else if (out_step == (int64_t)sizeof(to) && x_step == 0) {                                                   \
            to *restrict o = out;                                                                                      \
            to value = KIND##_TO_##TO(*(const from *)x);                                                               \
            TYI_PRAGMA(omp simd)                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                                            \
                o[i] = value;                                                                                          \
        } else {                                                                                                       \
            char *o = out;                                                                                             \
            const char *a = x;                                                                                         \
            for (int64_t i = 0; i < n; i++)                                                                            \
                *(to *)(o + i * out_step) = KIND##_TO_##TO(*(const from *)(a + i * x_step));                           \
        }                                                                                                              \
    }
#define CONVERT_FROM(FROM, from, KIND)                                                                                 \
    CONVERT(BOOL, bool, FROM, from, KIND)                                                                              \
    CONVERT(UINT8, uint8_t, FROM, from, KIND)                                                                          \
    CONVERT(INT8, int8_t, FROM, from, KIND)                                                                            \
    CONVERT(INT16, int16_t, FROM, from, KIND)                                                                          \
    CONVERT(INT32, int32_t, FROM, from, KIND)                                                                          \
    CONVERT(INT64, int64_t, FROM, from, KIND)                                                                          \
    CONVERT(FLOAT16, ty_float16, FROM, from, KIND)                                                                     \
    CONVERT(BFLOAT16, ty_bfloat16, FROM, from, KIND)                                                                   \
    CONVERT(FLOAT32, float, FROM, from, KIND)                                                                          \
    CONVERT(FLOAT64, double, FROM, from, KIND)
CONVERT_FROM(BOOL, bool, INT)
CONVERT_FROM(UINT8, uint8_t, INT)
CONVERT_FROM(INT8, int8_t, INT)
CONVERT_FROM(INT16, int16_t, INT)
CONVERT_FROM(INT32, int32_t, INT)
CONVERT_FROM(INT64, int64_t, INT)
CONVERT_FROM(FLOAT16, ty_float16, REDUCED)
CONVERT_FROM(BFLOAT16, ty_bfloat16, REDUCED)
CONVERT_FROM(FLOAT32, float, FLOAT)
CONVERT_FROM(FLOAT64, double, FLOAT)

/* Rows lie anywhere in a large array: later ones are asked for while this one is converted. */
#define GATHER_AHEAD 4
#define GATHER(FROM, from)                                                                                             \
    static void gather_##FROM(const void *x, const int64_t *index, int64_t rows, int64_t width, float scale,           \
                              float shift, float *out)                                                                 \
    {                                                                                                                  \
        int64_t row_bytes = width * (int64_t)sizeof(from);                                                             \
        for (int64_t r = 0; r < rows; r++) {                                                                           \
            const from *restrict a = (const from *)x + index[r] * width;                                               \
            float *restrict o = out + r * width;                                                                       \
            if (r + GATHER_AHEAD < rows) {                                                                             \
                const char *later = (const char *)x + index[r + GATHER_AHEAD] * row_bytes;                             \
                for (int64_t b = 0; b < row_bytes && b < 8192; b += 64)                                                \
                    __builtin_prefetch(later + b, 0, 2);                                                               \
            }                                                                                                          \
            TYI_PRAGMA(omp simd)                                                                                       \
            for (int64_t i = 0; i < width; i++)                                                                        \
                o[i] = (float)TYI_VALUE(FROM, a[i]) * scale + shift;                                                   \
        }                                                                                                              \
    }
#define TY_X(E, name, storage, arithmetic, kind) GATHER(E, storage)
TY_DTYPES(TY_X)
#undef TY_X

static inline uint32_t rank_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t rank = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    rank = x == 0 ? 0x80000000u : rank;
    return x != x ? UINT32_MAX : rank;
}

static inline uint64_t rank_of_double(double x)
{
    uint64_t bits, sign = (uint64_t)1 << 63;
    memcpy(&bits, &x, sizeof bits);
    uint64_t rank = bits & sign ? ~bits : bits | sign;
    rank = x == 0 ? sign : rank;
    return x != x ? UINT64_MAX : rank;
}

static inline uint64_t rank_of_reduced(uint16_t bits, uint16_t infinity)
{
    uint16_t rank = bits & 0x8000u ? (uint16_t)~bits : bits | 0x8000u, size = bits & 0x7fffu;
    rank = size == 0 ? 0x8000u : rank;
    return size > infinity ? UINT16_MAX : rank;
}

#define RANK(E, T, expression)                                                                                         \
    static void rank_##E(const void *x, int64_t n, uint64_t flip, uint64_t *ranks)                                     \
    {                                                                                                                  \
        TYI_PRAGMA(omp simd)                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T v = ((const T *)x)[i];                                                                                   \
            ranks[i] = (uint64_t)(expression) ^ flip;                                                                  \
        }                                                                                                              \
    }
RANK(BOOL, uint8_t, v)
RANK(UINT8, uint8_t, v)
RANK(INT8, int8_t, v + 128)
RANK(INT16, int16_t, v + 32768)
RANK(INT32, int32_t, (uint32_t)v ^ 0x80000000u)
RANK(INT64, int64_t, (uint64_t)v ^ (uint64_t)1 << 63)
RANK(FLOAT16, ty_float16, rank_of_reduced(v.bits, 0x7c00))
RANK(BFLOAT16, ty_bfloat16, rank_of_reduced(v.bits, 0x7f80))
RANK(FLOAT32, float, rank_of_float(v))
RANK(FLOAT64, double, rank_of_double(v))

#define ROW(TO)                                                                                                        \
    {                                                                                                                  \
        [TY_BOOL] = convert_##TO##_BOOL, [TY_UINT8] = convert_##TO##_UINT8, [TY_INT8] = convert_##TO##_INT8,           \
        [TY_INT16] = convert_##TO##_INT16, [TY_INT32] = convert_##TO##_INT32, [TY_INT64] = convert_##TO##_INT64,       \
        [TY_FLOAT16] = convert_##TO##_FLOAT16, [TY_BFLOAT16] = convert_##TO##_BFLOAT16,                                \
        [TY_FLOAT32] = convert_##TO##_FLOAT32, [TY_FLOAT64] = convert_##TO##_FLOAT64,                                  \
    }

const tyi_convert_loops TYI_ISA_NAME(tyi_converts) = {
    .convert =
        {
#define TY_X(E, name, storage, arithmetic, kind) [TY_##E] = ROW(E),
            TY_DTYPES(TY_X)
#undef TY_X
        },
    .gather =
        {
#define TY_X(E, name, storage, arithmetic, kind) [TY_##E] = gather_##E,
            TY_DTYPES(TY_X)
#undef TY_X
        },
    .rank =
        {
#define TY_X(E, name, storage, arithmetic, kind) [TY_##E] = rank_##E,
            TY_DTYPES(TY_X)
#undef TY_X
        },
};
