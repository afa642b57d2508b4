/*
 * Vectors of one floating dtype: loads, stores, parts of vectors and transpositions. Included by the templates of
 * kernels with SCALAR, ISCALAR (the integer of its size), NAME(x), IS_DOUBLE and LANES defined, after vector.h. No
 * include guard, on purpose.
 */

typedef SCALAR NAME(vec) __attribute__((vector_size(TYI_VECTOR_BYTES)));
typedef SCALAR NAME(uvec) __attribute__((vector_size(TYI_VECTOR_BYTES), aligned(sizeof(SCALAR)), may_alias));
typedef ISCALAR NAME(ivec) __attribute__((vector_size(TYI_VECTOR_BYTES)));
#define VEC   NAME(vec)
#define INDEX NAME(ivec)
#define MASK  NAME(mask)

INLINE VEC NAME(load)(const SCALAR *p)
{
    return *(const NAME(uvec) *)p;
}

INLINE void NAME(store)(SCALAR *p, VEC v)
{
    *(NAME(uvec) *)p = v;
}

/* Loads and stores of the first n lanes, n in [0, LANES]; the others are loaded as zeros. */
#if MASKS == 512

#if IS_DOUBLE
typedef __mmask8 MASK;
#define MASKED_LOAD(mask, p)     _mm512_maskz_loadu_pd(mask, p)
#define MASKED_STORE(p, mask, v) _mm512_mask_storeu_pd(p, mask, (__m512d)(v))
#else
typedef __mmask16 MASK;
#define MASKED_LOAD(mask, p)     _mm512_maskz_loadu_ps(mask, p)
#define MASKED_STORE(p, mask, v) _mm512_mask_storeu_ps(p, mask, (__m512)(v))
#endif

INLINE MASK NAME(mask_of)(int n)
{
    return (MASK)((1u << n) - 1);
}

INLINE VEC NAME(load_part)(const SCALAR *p, MASK mask)
{
    return (VEC)MASKED_LOAD(mask, p);
}

INLINE void NAME(store_part)(SCALAR *p, VEC v, int n)
{
    MASKED_STORE(p, NAME(mask_of)(n), v);
}

#undef MASKED_LOAD
#undef MASKED_STORE

#else

#if MASKS == 256
typedef __m256i MASK;

INLINE MASK NAME(mask_of)(int n)
{
#if IS_DOUBLE
    return (MASK)((INDEX){0, 1, 2, 3} < (INDEX){n, n, n, n});
#else
    return (MASK)((INDEX){0, 1, 2, 3, 4, 5, 6, 7} < (INDEX){n, n, n, n, n, n, n, n});
#endif
}

INLINE VEC NAME(load_part)(const SCALAR *p, MASK mask)
{
#if IS_DOUBLE
    return (VEC)_mm256_maskload_pd(p, mask);
#else
    return (VEC)_mm256_maskload_ps(p, mask);
#endif
}
#else
typedef int MASK;

INLINE MASK NAME(mask_of)(int n)
{
    return n;
}

INLINE VEC NAME(load_part)(const SCALAR *p, MASK n)
{
    VEC v = {0};
    for (int i = 0; i < LANES; i++)
        if (i < n)
            v[i] = p[i];
    return v;
}
#endif

/* By powers of two: masked stores of 32 bytes are slow on many processors. */
INLINE void NAME(store_part)(SCALAR *p, VEC v, int n)
{
    SCALAR t[LANES];
    memcpy(t, &v, sizeof t);
    int i = 0;
    UNROLL for (int step = LANES; step > 0; step /= 2)
    {
        if (n & step) {
            memcpy(p + i, t + i, (size_t)step * sizeof(SCALAR));
            i += step;
        }
    }
}

#endif

/* Stores the first n lanes, n in [1, LANES] and a constant: straight out of the register. */
INLINE void NAME(store_first)(SCALAR *p, VEC v, const int n)
{
#if MASKS == 256 && !IS_DOUBLE
    __m128 quarter = _mm256_castps256_ps128(v);
    if (n == LANES) {
        NAME(store)(p, v);
        return;
    }
    if (n >= 4)
        _mm_storeu_ps(p, quarter);
    if (n > 4)
        quarter = _mm256_extractf128_ps(v, 1);
    p += n / 4 * 4;
    if (n % 4 >= 2)
        _mm_storel_pi((__m64 *)(void *)p, quarter);
    if (n % 4 == 3)
        quarter = _mm_movehl_ps(quarter, quarter);
    if (n % 2)
        p[n % 4 - 1] = quarter[0];
#else
    if (n == LANES)
        NAME(store)(p, v);
    else
        NAME(store_part)(p, v, n);
#endif
}

INLINE SCALAR NAME(sum_lanes)(VEC v)
{
    SCALAR t[LANES];
    memcpy(t, &v, sizeof t);
    UNROLL for (int s = LANES / 2; s > 0; s /= 2)
    {
        UNROLL for (int i = 0; i < s; i++) t[i] += t[i + s];
    }
    return t[0];
}

#define TRANSPOSE_STEP(s)                                                                                              \
    UNROLL for (int i = 0; i < LANES; i++)                                                                             \
    {                                                                                                                  \
        if (!(i & (s))) {                                                                                              \
            VEC x = r[i], y = r[i + (s)];                                                                              \
            r[i] = SHUFFLE(x, y, TRANSPOSE_LANES(LOW, s));                                                             \
            r[i + (s)] = SHUFFLE(x, y, TRANSPOSE_LANES(HIGH, s));                                                      \
        }                                                                                                              \
    }

/* Lane j of row i and lane i of row j change places. */
INLINE void NAME(transpose)(VEC r[LANES])
{
#if LANES == 2
#define TRANSPOSE_LANES(half, s) half##_2_##s
    TRANSPOSE_STEP(1)
#elif LANES == 4
#define TRANSPOSE_LANES(half, s) half##_4_##s
    TRANSPOSE_STEP(2)
    TRANSPOSE_STEP(1)
#elif LANES == 8
#define TRANSPOSE_LANES(half, s) half##_8_##s
    TRANSPOSE_STEP(4)
    TRANSPOSE_STEP(2)
    TRANSPOSE_STEP(1)
#else
#define TRANSPOSE_LANES(half, s) half##_16_##s
    TRANSPOSE_STEP(8)
    TRANSPOSE_STEP(4)
    TRANSPOSE_STEP(2)
    TRANSPOSE_STEP(1)
#endif
#undef TRANSPOSE_LANES
}
