/*
 * The pointwise loops of one dtype, from the expressions of pointwise.def. Included by pointwise_loops.c once per dtype
 * with T (the C type), E (the dtype's name in upper case), FLOATING (1 or 0) and M(f) defined;
 * undefines them.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

#define UNARY_LOOP(name, R, expression)                                                                                \
    static void JOIN(unary_##name##_, E)(void *const *p, int64_t n, const void *extra)                                 \
    {                                                                                                                  \
        R *out = p[0];                                                                                                 \
        const T *x = p[1];                                                                                             \
        (void)extra;                                                                                                   \
        PRAGMA(omp simd)                                                                                               \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T a = x[i];                                                                                                \
            (void)a;                                                                                                   \
            out[i] = (R)(expression);                                                                                  \
        }                                                                                                              \
    }
#define BINARY_LOOP(name, R, expression)                                                                               \
    static void JOIN(binary_##name##_, E)(void *const *p, int64_t n, const void *extra)                                \
    {                                                                                                                  \
        R *out = p[0];                                                                                                 \
        const T *x = p[1], *y = p[2];                                                                                  \
        (void)extra;                                                                                                   \
        PRAGMA(omp simd)                                                                                               \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            T a = x[i], b = y[i];                                                                                      \
            out[i] = (R)(expression);                                                                                  \
        }                                                                                                              \
    }

/* Which loops a class has for this kind of dtype, and of which expression. */
#if FLOATING
#define PICK(floats, integers) floats
#define UNARY_F(name, f, i)    UNARY_LOOP(name, T, f)
#define UNARY_I(name, f, i)
#define BINARY_F(name, f, i) BINARY_LOOP(name, T, f)
#define BINARY_I(name, f, i)
#else
#define PICK(floats, integers) integers
#define UNARY_F(name, f, i)
#define UNARY_I(name, f, i) UNARY_LOOP(name, T, i)
#define BINARY_F(name, f, i)
#define BINARY_I(name, f, i) BINARY_LOOP(name, T, i)
#endif
#define UNARY_N(name, f, i)  UNARY_LOOP(name, T, PICK(f, i))
#define UNARY_R(name, f, i)  UNARY_LOOP(name, T, PICK(f, i))
#define UNARY_T(name, f, i)  UNARY_LOOP(name, bool, PICK(f, i))
#define UNARY_S(name, f, i)  UNARY_F(name, f, i)
#define BINARY_N(name, f, i) BINARY_LOOP(name, T, PICK(f, i))
#define BINARY_S(name, f, i) BINARY_F(name, f, i)

#define TYI_UNARY(name, class, floats, integers)  UNARY_##class(name, floats, integers)
#define TYI_BINARY(name, class, floats, integers) BINARY_##class(name, floats, integers)
#define TYI_COMPARE(name, expression)             BINARY_LOOP(name, bool, expression)
#include "backend/pointwise.def"

/* x + alpha y, and the two cases of it that need no product. */
static void JOIN(axpy_, E)(void *const *p, int64_t n, const void *extra)
{
    T *out = p[0];
    const T *x = p[1], *y = p[2], alpha = *(const T *)extra;
    PRAGMA(omp simd)
    for (int64_t i = 0; i < n; i++)
        out[i] = (T)(x[i] + alpha * y[i]);
}
BINARY_LOOP(add, T, a + b)
BINARY_LOOP(sub, T, a - b)

/* min(max(x, low), high); a NaN in any of the three is the result. */
static void JOIN(clamp_, E)(void *const *p, int64_t n, const void *extra)
{
    T *out = p[0];
    const T *x = p[1], *low = p[2], *high = p[3];
    (void)extra;
    PRAGMA(omp simd)
    for (int64_t i = 0; i < n; i++) {
        T a = x[i], l = low[i], h = high[i];
        T raised = a > l ? a : l; /* one choice after the other: this is done in vectors */
        raised = a != a ? a : raised;
        T lowered = raised < h ? raised : h;
        out[i] = raised != raised ? raised : lowered;
    }
}

/* Powers with an exponent that all elements share and that needs no pow(). */
UNARY_LOOP(cube, T, (a * a * a))
#if FLOATING
UNARY_LOOP(inverse_square, T, 1 / (a * a))
#endif

#undef PICK
#undef UNARY_N
#undef UNARY_R
#undef UNARY_F
#undef UNARY_I
#undef UNARY_T
#undef UNARY_S
#undef BINARY_N
#undef BINARY_F
#undef BINARY_I
#undef BINARY_S
#undef UNARY_LOOP
#undef BINARY_LOOP
#undef JOIN_
#undef JOIN
#undef T
#undef E
#undef FLOATING
#undef M
