/*
 * The CPU's kernels against plain loops in double and int64: every pointwise op and dtype, in contiguous, strided,
 * transposed, broadcast and converted operands; reductions, softmax, losses, indexing, sorting and optimisers. Runs
 * with whatever instruction set is in use; the build runs it once for each (TYCHO_ISA).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
/* cmocka wants those before it */
#include <cmocka.h>

#include "each_isa.h"

#include "backend/cpu/cpu.h"
#include "backend/cpu/loops.h"
#include "backend/cpu/pool.h"

/* ---- Tensors of test values ----------------------------------------------------------------- */

static uint64_t seed = 1;

static uint32_t random32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static double uniform(double low, double high)
{
    return low + (high - low) * (random32() % 1000003) / 1000003.0;
}

/* An element as both kinds of number. */
typedef struct number {
    bool floating;
    double f;
    int64_t i;
} number;

static number load(const void *data, ty_dtype dtype)
{
    ty_scalar s = tyi_load_scalar(data, dtype);
    return (number){s.kind == TY_SCALAR_FLOAT, s.kind == TY_SCALAR_FLOAT ? s.f : (double)s.i, s.i};
}

static char *at(const ty_tensor *x, int64_t index)
{
    int64_t offset = 0;
    for (int d = x->ndim - 1; d >= 0; d--) {
        offset += index % x->sizes[d] * x->strides[d];
        index /= x->sizes[d];
    }
    return (char *)tyi_data(x) + offset * (int64_t)ty_dtype_size((ty_dtype)x->dtype);
}

static number get(const ty_tensor *x, int64_t index)
{
    return load(at(x, index), (ty_dtype)x->dtype);
}

static void set(ty_tensor *x, int64_t index, double value)
{
    ty_scalar s = ty_dtype_is_floating((ty_dtype)x->dtype) ? ty_float(value) : ty_int((int64_t)value);
    tyi_store_scalar(at(x, index), (ty_dtype)x->dtype, s);
}

typedef enum { PLAIN, SPECIAL, POSITIVE } values;

static void randomise(ty_tensor *x, values kind)
{
    static const double special[] = {0.0,  -0.0, INFINITY, -INFINITY, NAN, 1e-41, -1e-41, 3e38, -3e38, 1.0,
                                     -1.0, 88.5, -88.5,    104.5,     0.5, 1e-8,  -1e-8,  2.5,  -2.5,  1e5};
    static const int64_t extreme[] = {0, 1, -1, INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN, INT64_MAX, 2, 3};
    ty_dtype dtype = (ty_dtype)x->dtype;
    for (int64_t i = 0; i < x->numel; i++) {
        bool chosen = kind == SPECIAL && random32() % 4 == 0;
        if (ty_dtype_is_floating(dtype))
            set(x, i, chosen ? special[random32() % 20] : uniform(kind == POSITIVE ? 0.1 : -4, 4));
        else if (chosen)
            tyi_store_scalar(at(x, i), dtype, ty_int(extreme[random32() % 10]));
        else
            set(x, i, (double)(random32() % 40) - (kind == POSITIVE || dtype <= TY_UINT8 ? 0 : 20));
    }
}

static ty_tensor *make(int ndim, const int64_t *sizes, ty_dtype dtype)
{
    ty_tensor *x = tyi_new(ndim, sizes, dtype, TY_DEVICE_CPU);
    assert_non_null(x);
    return x;
}

typedef enum { CONTIGUOUS, STRIDED, TRANSPOSED, EXPANDED_ROW, EXPANDED_COLUMN, ONE, LAYOUTS } layout;

/* A rows x columns tensor (or one that broadcasts to it) over fresh memory. */
static ty_tensor *lay_out(layout how, int64_t rows, int64_t columns, ty_dtype dtype)
{
    int64_t sizes[2] = {rows, columns}, one = 1, strides[2];
    ty_tensor *base, *x;
    switch (how) {
    case CONTIGUOUS:
        return make(2, sizes, dtype);
    case STRIDED:
        sizes[0] = 2 * rows, sizes[1] = 3 * columns;
        base = make(2, sizes, dtype);
        strides[0] = 2 * sizes[1], strides[1] = 3;
        break;
    case TRANSPOSED:
        sizes[0] = columns, sizes[1] = rows;
        base = make(2, sizes, dtype);
        strides[0] = 1, strides[1] = rows;
        break;
    case EXPANDED_ROW:
        base = make(1, &columns, dtype);
        strides[0] = 0, strides[1] = 1;
        break;
    case EXPANDED_COLUMN:
        base = make(1, &rows, dtype);
        strides[0] = 1, strides[1] = 0;
        break;
    default:
        base = make(1, &one, dtype);
        strides[0] = strides[1] = 0;
    }
    sizes[0] = rows, sizes[1] = columns;
    x = tyi_alias(base, 2, sizes, strides, 0);
    ty_release(base);
    return x;
}

static void walk(tyi_iter *iter, ty_dtype compute, int count, ty_tensor **operands)
{
    tyi_iter_build(iter, compute, count, operands);
}

/* ---- Expectations --------------------------------------------------------------------------- */

static double ulp_of(double value, ty_dtype dtype)
{
    int exponent;
    frexp(value, &exponent);
    if (dtype == TY_FLOAT16)
        return ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
    if (dtype == TY_BFLOAT16)
        return ldexp(1, (exponent < -125 ? -125 : exponent) - 8);
    if (dtype == TY_FLOAT32)
        return ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
    return ldexp(1, (exponent < -1021 ? -1021 : exponent) - 53);
}

/* A number as its floating dtype stores it. */
static double rounded(double value, ty_dtype dtype)
{
    char data[8];
    tyi_store_scalar(data, dtype, ty_float(value));
    return tyi_load_scalar(data, dtype).f;
}

/* Whether a floating result is right: NaN for NaN, the same infinity, or within `ulps` of what was expected. */
static bool is_close(double got, double expected, ty_dtype dtype, double ulps)
{
    if (dtype != TY_FLOAT64 && fabs(expected) < INFINITY && isinf(rounded(expected, dtype)))
        return isinf(got) || isinf(rounded(got * 1.02, dtype)); /* at the edge of overflow */
    if (isnan(expected) || isnan(got))
        return isnan(expected) && isnan(got);
    if (isinf(expected) || isinf(got))
        return expected == got;
    return fabs(got - expected) <= ulps * ulp_of(expected, dtype);
}

/* An integer as its dtype stores it. */
static int64_t wrapped(int64_t value, ty_dtype dtype)
{
    char data[8];
    tyi_store_scalar(data, dtype, ty_int(value));
    return load(data, dtype).i;
}

/* ---- Unary ---------------------------------------------------------------------------------- */

/* What an op computes, as a function of numbers and one of integers. */
#define REAL(name, expression)                                                                                         \
    static double name##_of(double a)                                                                                  \
    {                                                                                                                  \
        return expression;                                                                                             \
    }
#define WHOLE(name, expression)                                                                                        \
    static int64_t int_##name(int64_t a)                                                                               \
    {                                                                                                                  \
        return expression;                                                                                             \
    }
#define REAL2(name, expression)                                                                                        \
    static double name##_of(double a, double b)                                                                        \
    {                                                                                                                  \
        return expression;                                                                                             \
    }
#define WHOLE2(name, expression)                                                                                       \
    static int64_t int_##name(int64_t a, int64_t b)                                                                    \
    {                                                                                                                  \
        return expression;                                                                                             \
    }

REAL(rsqrt, 1 / sqrt(a))
REAL(neg, -a)
REAL(sign, (a > 0) - (a < 0))
REAL(square, a *a)
REAL(relu, a < 0 ? 0 : a)
REAL(reciprocal, 1 / a)
REAL(sigmoid, a < 0 ? exp(a) / (1 + exp(a)) : 1 / (1 + exp(-a)))
REAL(not, a == 0)
REAL(isnan, a != a)
REAL(isinf, fabs(a) == INFINITY)
REAL(isfinite, fabs(a) < INFINITY)
WHOLE(neg, (int64_t)(0 - (uint64_t)a))
WHOLE(abs, a < 0 ? int_neg(a) : a)
WHOLE(sign, (a > 0) - (a < 0))
WHOLE(square, (int64_t)((uint64_t)a *(uint64_t)a))
WHOLE(relu, a < 0 ? 0 : a)
WHOLE(same, a)
WHOLE(invert, ~a)
WHOLE(not, a == 0)
WHOLE(zero, a - a)
WHOLE(one, a - a + 1)

static const struct unary_case {
    tyi_unary op;
    const char *name;
    double (*f)(double);
    int64_t (*i)(int64_t);
    bool test;
} unary_cases[] = {
#define CASE(name, f, i)                                                                                               \
    {                                                                                                                  \
        TYI_UNARY_##name, #name, f, i, false                                                                           \
    }
#define TEST_CASE(name, f, i)                                                                                          \
    {                                                                                                                  \
        TYI_UNARY_##name, #name, f, i, true                                                                            \
    }
    CASE(neg, neg_of, int_neg),
    CASE(abs, fabs, int_abs),
    CASE(sign, sign_of, int_sign),
    CASE(square, square_of, int_square),
    CASE(relu, relu_of, int_relu),
    CASE(exp, exp, NULL),
    CASE(expm1, expm1, NULL),
    CASE(log, log, NULL),
    CASE(log1p, log1p, NULL),
    CASE(log2, log2, NULL),
    CASE(log10, log10, NULL),
    CASE(sqrt, sqrt, NULL),
    CASE(rsqrt, rsqrt_of, NULL),
    CASE(reciprocal, reciprocal_of, NULL),
    CASE(sin, sin, NULL),
    CASE(cos, cos, NULL),
    CASE(tan, tan, NULL),
    CASE(asin, asin, NULL),
    CASE(acos, acos, NULL),
    CASE(atan, atan, NULL),
    CASE(sinh, sinh, NULL),
    CASE(cosh, cosh, NULL),
    CASE(tanh, tanh, NULL),
    CASE(sigmoid, sigmoid_of, NULL),
    CASE(erf, erf, NULL),
    CASE(floor, floor, int_same),
    CASE(ceil, ceil, int_same),
    CASE(round, rint, int_same),
    CASE(trunc, trunc, int_same),
    CASE(bitwise_not, NULL, int_invert),
    TEST_CASE(logical_not, not_of, int_not),
    TEST_CASE(isnan, isnan_of, int_zero),
    TEST_CASE(isinf, isinf_of, int_zero),
    TEST_CASE(isfinite, isfinite_of, int_one),
#undef CASE
#undef TEST_CASE
};

static void check_unary(const struct unary_case *c, ty_dtype dtype, layout out_layout, layout x_layout, int64_t rows,
                        int64_t columns, ty_dtype out_dtype, ty_dtype x_dtype, values kind)
{
    ty_tensor *operands[2] = {lay_out(out_layout, rows, columns, out_dtype), lay_out(x_layout, rows, columns, x_dtype)};
    tyi_iter iter;
    randomise(operands[1], kind);
    walk(&iter, dtype, 2, operands);
    assert_int_equal(tyi_cpu_unary(c->op, &iter), TY_OK);
    for (int64_t i = 0; i < rows * columns; i++) {
        number a = get(operands[1], i), got = get(operands[0], i);
        bool right;
        if (dtype == TY_BOOL)
            a.i = a.i != 0;
        if (ty_dtype_is_floating(dtype)) {
            double expected = c->f(rounded(a.f, dtype));
            right = got.floating ? is_close(got.f, expected, dtype, 4) : got.i == (int64_t)expected;
        } else if (c->op == TYI_UNARY_bitwise_not && dtype == TY_BOOL) {
            right = got.i == !a.i;
        } else {
            right = got.i == wrapped(c->i(wrapped(a.i, dtype)), c->test ? TY_BOOL : dtype);
        }
        if (!right)
            fail_msg("%s of %s %.17g (%lld) gave %.17g (%lld)", c->name, ty_dtype_name(dtype), a.f, (long long)a.i,
                     got.f, (long long)got.i);
    }
    ty_release(operands[0]);
    ty_release(operands[1]);
}

static void test_unary(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 7, 1023, 1024, 1025, 5003};
    for (size_t k = 0; k < sizeof unary_cases / sizeof *unary_cases; k++) {
        const struct unary_case *c = &unary_cases[k];
        for (int d = 0; d < TY_DTYPE_COUNT; d++) {
            ty_dtype dtype = (ty_dtype)d;
            if (ty_dtype_is_floating(dtype) ? !c->f : !c->i)
                continue;
            ty_dtype result = c->test ? TY_BOOL : dtype;
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                check_unary(c, dtype, CONTIGUOUS, CONTIGUOUS, 1, sizes[s], result, dtype, SPECIAL);
            for (int o = CONTIGUOUS; o <= TRANSPOSED; o++)
                for (int x = 0; x < LAYOUTS; x++) {
                    check_unary(c, dtype, (layout)o, (layout)x, 13, 7, result, dtype, SPECIAL);
                    check_unary(c, dtype, (layout)o, (layout)x, 3, 1100, result, dtype, SPECIAL);
                    check_unary(c, dtype, (layout)o, (layout)x, 45, 70, result, dtype, PLAIN);
                }
            if (ty_dtype_is_floating(dtype)) {
                check_unary(c, dtype, STRIDED, TRANSPOSED, 37, 11, result, TY_INT32, PLAIN);
                check_unary(c, dtype, CONTIGUOUS, CONTIGUOUS, 1, 3000, result, TY_UINT8, PLAIN);
                check_unary(c, dtype, CONTIGUOUS, CONTIGUOUS, 1, 100003, result, dtype, PLAIN);
            }
        }
    }
}

/* Rare arguments of the functions that are our own. */
static void test_unary_edges(void **state)
{
    (void)state;
    static const tyi_unary ops[] = {TYI_UNARY_exp,  TYI_UNARY_expm1, TYI_UNARY_log,    TYI_UNARY_log1p,
                                    TYI_UNARY_log2, TYI_UNARY_tanh,  TYI_UNARY_sigmoid};
    int64_t n = 1 << 20;
    ty_tensor *operands[2] = {make(1, &n, TY_FLOAT32), make(1, &n, TY_FLOAT32)};
    float *out = tyi_data(operands[0]), *x = tyi_data(operands[1]);
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)(i * 4099);
        memcpy(x + i, &bits, 4);
    }
    tyi_iter iter;
    walk(&iter, TY_FLOAT32, 2, operands);
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        const struct unary_case *c = unary_cases;
        while (c->op != ops[k])
            c++;
        assert_int_equal(tyi_cpu_unary(ops[k], &iter), TY_OK);
        for (int64_t i = 0; i < n; i++)
            if (!is_close(out[i], c->f(x[i]), TY_FLOAT32, 2.5))
                fail_msg("%s(%a) gave %a, not %a", c->name, x[i], out[i], c->f(x[i]));
    }
    for (int k = -126; k < 127; k++) { /* logarithms of powers of two are exact */
        x[0] = ldexpf(1, k);
        assert_int_equal(tyi_cpu_unary(TYI_UNARY_log2, &iter), TY_OK);
        assert_true(out[0] == (float)k);
        n = 1;
    }
    ty_release(operands[0]);
    ty_release(operands[1]);
}

/* ---- Binary --------------------------------------------------------------------------------- */

REAL2(mul, a *b)
REAL2(div, a / b)
static double mod_of(double a, double b)
{
    double m = fmod(a, b);
    return m != 0 && (b < 0) != (m < 0) ? m + b : m;
}
static double floor_divide_of(double a, double b)
{
    if (b == 0)
        return a / b;
    double m = fmod(a, b), q = (a - m) / b;
    return rint(m != 0 && (b < 0) != (m < 0) ? q - 1 : q);
}
REAL2(maximum, isnan(a) || isnan(b) ? NAN : a > b ? a : b)
REAL2(minimum, isnan(a) || isnan(b) ? NAN : a < b ? a : b)
REAL2(relu_backward, b <= 0 ? 0 : a)
REAL2(sigmoid_backward, a *(1 - b) * b)
REAL2(tanh_backward, a *(1 - b * b))
WHOLE2(mul, (int64_t)((uint64_t)a *(uint64_t)b))
static int64_t int_floor_divide(int64_t a, int64_t b)
{
    if (b == 0 || b == -1)
        return b ? int_neg(a) : 0;
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
WHOLE2(fmod, b == 0 || b == -1 ? 0 : a % b)
static int64_t int_mod(int64_t a, int64_t b)
{
    int64_t m = int_fmod(a, b);
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
}
static int64_t int_pow(int64_t a, int64_t b)
{
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    if (b > 1000) /* what repeated squaring leaves of large exponents: checked for small bases only */
        return a == 0 || a == 1 ? a : a == -1 ? (b % 2 ? -1 : 1) : INT64_MAX;
    int64_t p = 1;
    while (b-- > 0)
        p = int_mul(p, a);
    return p;
}
WHOLE2(max, a > b ? a : b)
WHOLE2(min, a < b ? a : b)
WHOLE2(and, a &b)
WHOLE2(or, a | b)
WHOLE2(xor, a ^ b)
WHOLE2(relu_backward, b <= 0 ? 0 : a)
#define COMPARISON(name, expression)                                                                                   \
    REAL2(name, expression)                                                                                            \
    WHOLE2(name, expression)
COMPARISON(eq, a == b)
COMPARISON(ne, a != b)
COMPARISON(lt, a < b)
COMPARISON(le, a <= b)
COMPARISON(gt, a > b)
COMPARISON(ge, a >= b)
COMPARISON(logical_and, a != 0 && b != 0)
COMPARISON(logical_or, a != 0 || b != 0)
COMPARISON(logical_xor, (a != 0) != (b != 0))

static const struct binary_case {
    tyi_binary op;
    const char *name;
    double (*f)(double, double);
    int64_t (*i)(int64_t, int64_t);
    bool test;
} binary_cases[] = {
#define CASE(name, f, i)                                                                                               \
    {                                                                                                                  \
        TYI_BINARY_##name, #name, f, i, false                                                                          \
    }
#define TEST_CASE(name)                                                                                                \
    {                                                                                                                  \
        TYI_BINARY_##name, #name, name##_of, int_##name, true                                                          \
    }
    CASE(mul, mul_of, int_mul),
    CASE(div, div_of, NULL),
    CASE(floor_divide, floor_divide_of, int_floor_divide),
    CASE(remainder, mod_of, int_mod),
    CASE(fmod, fmod, int_fmod),
    CASE(pow, pow, int_pow),
    CASE(maximum, maximum_of, int_max),
    CASE(minimum, minimum_of, int_min),
    CASE(atan2, atan2, NULL),
    CASE(bitwise_and, NULL, int_and),
    CASE(bitwise_or, NULL, int_or),
    CASE(bitwise_xor, NULL, int_xor),
    CASE(relu_backward, relu_backward_of, int_relu_backward),
    CASE(sigmoid_backward, sigmoid_backward_of, NULL),
    CASE(tanh_backward, tanh_backward_of, NULL),
    TEST_CASE(eq),
    TEST_CASE(ne),
    TEST_CASE(lt),
    TEST_CASE(le),
    TEST_CASE(gt),
    TEST_CASE(ge),
    TEST_CASE(logical_and),
    TEST_CASE(logical_or),
    TEST_CASE(logical_xor),
#undef CASE
#undef TEST_CASE
};

/* The absolute error that the larger terms of the expression allow: the gradients cancel near 1. */
static double slack(tyi_binary op, double a, double b, ty_dtype dtype)
{
    bool cancels = op == TYI_BINARY_sigmoid_backward || op == TYI_BINARY_tanh_backward || op == TYI_BINARY_remainder;
    double size = op == TYI_BINARY_remainder ? b : a * (1 + b * b);
    return cancels && isfinite(size) ? 4 * ulp_of(size, dtype) : 0;
}

static void check_binary(const struct binary_case *c, ty_dtype dtype, const layout *layouts, int64_t rows,
                         int64_t columns, ty_dtype out_dtype, ty_dtype b_dtype, values kind)
{
    ty_tensor *operands[3] = {lay_out(layouts[0], rows, columns, out_dtype), lay_out(layouts[1], rows, columns, dtype),
                              lay_out(layouts[2], rows, columns, b_dtype)};
    tyi_iter iter;
    randomise(operands[1], kind);
    randomise(operands[2], c->op == TYI_BINARY_pow && !ty_dtype_is_floating(dtype) ? PLAIN : kind);
    walk(&iter, dtype, 3, operands);
    assert_int_equal(tyi_cpu_binary(c->op, &iter), TY_OK);
    bool exact = tyi_is_reduced(dtype) && layouts[2] == ONE;
    exact = exact && (c->op == TYI_BINARY_mul || c->op == TYI_BINARY_div || c->op == TYI_BINARY_floor_divide);
    for (int64_t i = 0; i < rows * columns; i++) {
        number a = get(operands[1], i), b = get(operands[2], i), got = get(operands[0], i);
        bool right;
        if (ty_dtype_is_floating(dtype)) {
            double y = exact ? b.f : rounded(b.f, dtype), expected = c->f(a.f, y);
            right = got.floating ? is_close(got.f, expected, dtype, 4) : got.i == (int64_t)expected;
            right = right || fabs(got.f - expected) <= slack(c->op, a.f, y, dtype);
            /* Overflow on the way, or a quotient that no longer has all its digits. */
            right = right || (fmax(fabs(a.f), fabs(y)) > 1e37 && c->op != TYI_BINARY_mul && !c->test &&
                              c->op != TYI_BINARY_maximum);
        } else {
            int64_t y = wrapped(b.floating ? (int64_t)b.f : b.i, dtype);
            right = got.i == wrapped(c->i(a.i, y), c->test ? TY_BOOL : dtype);
        }
        if (!right)
            fail_msg("%s of %s %.17g (%lld) and %.17g (%lld) gave %.17g (%lld)", c->name, ty_dtype_name(dtype), a.f,
                     (long long)a.i, b.f, (long long)b.i, got.f, (long long)got.i);
    }
    for (int k = 0; k < 3; k++)
        ty_release(operands[k]);
}

static void test_binary(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 7, 1023, 1024, 1025, 2049};
    static const layout flat[] = {CONTIGUOUS, CONTIGUOUS, CONTIGUOUS};
    for (size_t k = 0; k < sizeof binary_cases / sizeof *binary_cases; k++) {
        const struct binary_case *c = &binary_cases[k];
        for (int d = 0; d < TY_DTYPE_COUNT; d++) {
            ty_dtype dtype = (ty_dtype)d;
            if (ty_dtype_is_floating(dtype) ? !c->f : !c->i)
                continue;
            /* A bool's arithmetic is that of numbers made bool again, which the plain integers here do not follow. */
            if (dtype == TY_BOOL && !c->test && c->op != TYI_BINARY_mul && !(c->op >= TYI_BINARY_maximum))
                continue;
            ty_dtype result = c->test ? TY_BOOL : dtype;
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                check_binary(c, dtype, flat, 1, sizes[s], result, dtype, SPECIAL);
            for (int o = CONTIGUOUS; o <= TRANSPOSED; o++)
                for (int x = 0; x < LAYOUTS; x++)
                    for (int y = 0; y < LAYOUTS; y++) {
                        const layout mixed[] = {(layout)o, (layout)x, (layout)y};
                        check_binary(c, dtype, mixed, 13, 7, result, dtype, SPECIAL);
                        if (x + y == o + 2)
                            check_binary(c, dtype, mixed, 3, 1100, result, dtype, SPECIAL);
                        if (dtype >= TY_INT64)
                            check_binary(c, dtype, mixed, 45, 70, result, TY_FLOAT32, PLAIN);
                    }
            if (dtype == TY_FLOAT32) {
                static const layout mixed[] = {CONTIGUOUS, CONTIGUOUS, EXPANDED_ROW};
                check_binary(c, dtype, mixed, 700, 10, c->test ? TY_FLOAT32 : TY_FLOAT64, TY_INT16, PLAIN);
                check_binary(c, dtype, flat, 1, 100003, result, dtype, SPECIAL);
                check_binary(c, dtype, mixed, 9001, 10, result, dtype, PLAIN);
            }
        }
    }
}

/* Exponents that all elements share take short cuts. */
static void test_scalar_powers(void **state)
{
    (void)state;
    static const double exponents[] = {2, 3, 0.5, -0.5, -1, -2, 0, 1, 2.7};
    for (int d = TY_INT32; d < TY_DTYPE_COUNT; d++)
        for (size_t k = 0; k < sizeof exponents / sizeof *exponents; k++) {
            bool floating = ty_dtype_is_floating((ty_dtype)d);
            if (!floating && (exponents[k] < 0 || exponents[k] != floor(exponents[k])))
                continue;
            ty_tensor *operands[3] = {lay_out(CONTIGUOUS, 5, 9, (ty_dtype)d), lay_out(STRIDED, 5, 9, (ty_dtype)d),
                                      lay_out(ONE, 5, 9, (ty_dtype)d)};
            tyi_iter iter;
            randomise(operands[1], POSITIVE);
            set(operands[2], 0, exponents[k]);
            walk(&iter, (ty_dtype)d, 3, operands);
            assert_int_equal(tyi_cpu_binary(TYI_BINARY_pow, &iter), TY_OK);
            for (int64_t i = 0; i < 45; i++)
                assert_true(is_close(get(operands[0], i).f, pow(get(operands[1], i).f, exponents[k]),
                                     floating ? (ty_dtype)d : TY_FLOAT64, 4));
            for (int o = 0; o < 3; o++)
                ty_release(operands[o]);
        }
}

static void test_axpy_where_clamp(void **state)
{
    (void)state;
    static const double alphas[] = {1, -1, 3, -2.5};
    for (int d = TY_UINT8; d < TY_DTYPE_COUNT; d++)
        for (int l = 0; l < LAYOUTS * LAYOUTS; l++) {
            ty_dtype dtype = (ty_dtype)d;
            bool floating = ty_dtype_is_floating(dtype);
            ty_tensor *x[4] = {lay_out(CONTIGUOUS, 17, 33, dtype), lay_out((layout)(l % LAYOUTS), 17, 33, dtype),
                               lay_out((layout)(l / LAYOUTS), 17, 33, dtype), lay_out(EXPANDED_ROW, 17, 33, dtype)};
            for (int k = 1; k < 4; k++)
                randomise(x[k], PLAIN);
            tyi_iter iter;
            walk(&iter, dtype, 3, x);
            for (int k = 0; k < (floating ? 4 : 3); k++) {
                ty_scalar alpha = floating ? ty_float(alphas[k]) : ty_int((int64_t)alphas[k]);
                assert_int_equal(tyi_cpu_axpy(&iter, alpha), TY_OK);
                for (int64_t i = 0; i < 17 * 33; i++) {
                    number a = get(x[1], i), b = get(x[2], i), got = get(x[0], i);
                    if (floating)
                        assert_true(fabs(got.f - (a.f + alphas[k] * b.f)) <= 2 * ulp_of(16, dtype));
                    else
                        assert_true(got.i == wrapped(a.i + (int64_t)alphas[k] * b.i, dtype));
                }
            }
            walk(&iter, dtype, 4, x);
            assert_int_equal(tyi_cpu_clamp(&iter), TY_OK);
            for (int64_t i = 0; i < 17 * 33; i++) {
                double a = get(x[1], i).f, low = get(x[2], i).f, high = get(x[3], i).f;
                assert_true(get(x[0], i).f == fmin(fmax(a, low), high));
            }
            ty_tensor *condition = lay_out((layout)((l + 1) % LAYOUTS), 17, 33, TY_BOOL);
            ty_tensor *chosen[4] = {x[0], condition, x[1], x[2]};
            randomise(condition, PLAIN);
            walk(&iter, dtype, 4, chosen);
            assert_int_equal(tyi_cpu_where(&iter), TY_OK);
            for (int64_t i = 0; i < 17 * 33; i++)
                assert_true(get(x[0], i).f == get(get(condition, i).i ? x[1] : x[2], i).f);
            ty_release(condition);
            for (int k = 0; k < 4; k++)
                ty_release(x[k]);
        }
}

static void test_nan_is_kept(void **state)
{
    (void)state;
    int64_t n = 40;
    ty_tensor *x[4];
    for (int k = 0; k < 4; k++) {
        x[k] = make(1, &n, TY_FLOAT32);
        for (int64_t i = 0; i < n; i++)
            set(x[k], i, k == 1 && i % 3 == 0 ? NAN : k);
    }
    tyi_iter iter;
    walk(&iter, TY_FLOAT32, 4, x);
    assert_int_equal(tyi_cpu_clamp(&iter), TY_OK);
    for (int64_t i = 0; i < n; i++)
        assert_true(i % 3 == 0 ? isnan(get(x[0], i).f) : get(x[0], i).f == 2);
    for (int k = 0; k < 4; k++)
        ty_release(x[k]);
}

/* In place, with an operand that is converted strip by strip. */
static void test_in_place(void **state)
{
    (void)state;
    ty_tensor *x = lay_out(TRANSPOSED, 300, 500, TY_INT32), *y = lay_out(EXPANDED_COLUMN, 300, 500, TY_FLOAT32);
    ty_tensor *operands[3] = {x, x, y};
    for (int64_t i = 0; i < x->numel; i++)
        set(x, i, (double)(i % 1000));
    for (int64_t r = 0; r < 300; r++)
        set(y, r * 500, (double)r);
    tyi_iter iter;
    walk(&iter, TY_FLOAT32, 3, operands);
    assert_int_equal(tyi_cpu_axpy(&iter, ty_int(1)), TY_OK);
    for (int64_t i = 0; i < x->numel; i++)
        assert_true(get(x, i).i == i % 1000 + i / 500);
    ty_release(x);
    ty_release(y);
}

/* ---- Copies --------------------------------------------------------------------------------- */

static void test_copy(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{1, 1}, {3, 5}, {67, 45}, {200, 33}, {1, 70000}, {300, 300}};
    for (int to = 0; to < TY_DTYPE_COUNT; to++)
        for (int from = 0; from < TY_DTYPE_COUNT; from++)
            for (int l = 0; l < 3 * LAYOUTS; l++)
                for (int s = 0; s < (to == from ? 6 : 3); s++) {
                    ty_tensor *x[2] = {lay_out((layout)(l / LAYOUTS), shapes[s][0], shapes[s][1], (ty_dtype)to),
                                       lay_out((layout)(l % LAYOUTS), shapes[s][0], shapes[s][1], (ty_dtype)from)};
                    randomise(x[1], PLAIN);
                    tyi_iter iter;
                    walk(&iter, (ty_dtype)to, 2, x);
                    assert_int_equal(tyi_cpu_copy(&iter), TY_OK);
                    for (int64_t i = 0; i < x[0]->numel; i++) {
                        number a = get(x[1], i), got = get(x[0], i);
                        if (to == TY_BOOL)
                            assert_true(got.i == (a.f != 0));
                        else if (got.floating)
                            assert_true(got.f == rounded(a.f, (ty_dtype)to));
                        else
                            assert_true(got.i == wrapped(a.floating ? (int64_t)a.f : a.i, (ty_dtype)to));
                    }
                    ty_release(x[0]);
                    ty_release(x[1]);
                }
}

static void test_copy_of_four_dimensions(void **state)
{
    (void)state;
    int64_t sizes[4] = {5, 19, 11, 13}, permuted[4] = {13, 5, 19, 11}, strides[4];
    ty_tensor *x = make(4, sizes, TY_FLOAT32), *out = make(4, permuted, TY_FLOAT32);
    for (int64_t i = 0; i < x->numel; i++)
        set(x, i, (double)i);
    for (int d = 0; d < 4; d++)
        strides[d] = x->strides[(d + 3) % 4];
    ty_tensor *view = tyi_alias(x, 4, permuted, strides, 0), *operands[3] = {out, view, view};
    tyi_iter iter;
    walk(&iter, TY_FLOAT32, 2, operands);
    assert_int_equal(tyi_cpu_copy(&iter), TY_OK);
    for (int64_t i = 0; i < x->numel; i++)
        assert_true(get(out, i).f == get(view, i).f);
    walk(&iter, TY_FLOAT32, 3, operands);
    assert_int_equal(tyi_cpu_axpy(&iter, ty_int(1)), TY_OK);
    for (int64_t i = 0; i < x->numel; i++)
        assert_true(get(out, i).f == 2 * get(view, i).f);
    /* The output permuted, beside a scalar that is converted. */
    int64_t one = 1;
    ty_tensor *scalar = make(1, &one, TY_INT64), *turned[3] = {view, out, scalar};
    set(scalar, 0, 2);
    walk(&iter, TY_FLOAT32, 3, turned);
    assert_int_equal(tyi_cpu_binary(TYI_BINARY_div, &iter), TY_OK);
    for (int64_t i = 0; i < x->numel; i++)
        assert_true(get(x, i).f == (double)i);
    ty_release(scalar);
    ty_release(x);
    ty_release(view);
    ty_release(out);
}

static void test_conversion_out_of_range(void **state)
{
    (void)state;
    static const double values_in[] = {NAN, INFINITY, -INFINITY, 1e30, -1e30, 300, -1, 3e9, 1e18, -2147483648.0};
    int64_t n = 10;
    ty_tensor *x[2] = {NULL, make(1, &n, TY_FLOAT32)};
    for (int64_t i = 0; i < n; i++)
        set(x[1], i, values_in[i]);
    tyi_iter iter;
    x[0] = make(1, &n, TY_INT64);
    walk(&iter, TY_INT64, 2, x);
    assert_int_equal(tyi_cpu_copy(&iter), TY_OK);
    for (int64_t i = 0; i < n; i++) {
        float v = (float)values_in[i];
        assert_true(get(x[0], i).i == (fabs(v) < 9e18 ? (int64_t)v : INT64_MIN));
    }
    ty_release(x[0]);
    x[0] = make(1, &n, TY_UINT8);
    walk(&iter, TY_UINT8, 2, x);
    assert_int_equal(tyi_cpu_copy(&iter), TY_OK);
    assert_true(get(x[0], 5).i == 44 && get(x[0], 6).i == 255 && get(x[0], 0).i == 0);
    ty_release(x[0]);
    ty_release(x[1]);
}

static void test_fill_and_arange(void **state)
{
    (void)state;
    for (int d = 0; d < TY_DTYPE_COUNT; d++) {
        for (int l = 0; l <= TRANSPOSED; l++) {
            ty_tensor *x = lay_out((layout)l, 90, 1000, (ty_dtype)d);
            tyi_iter iter;
            walk(&iter, (ty_dtype)d, 1, &x);
            assert_int_equal(tyi_cpu_fill(&iter, l == 1 ? ty_float(3.5) : ty_int(7)), TY_OK);
            double expected = d == TY_BOOL ? 1 : l != 1 ? 7 : ty_dtype_is_floating((ty_dtype)d) ? 3.5 : 3;
            for (int64_t i = 0; i < x->numel; i++)
                assert_true(get(x, i).f == expected);
            ty_release(x);
        }
        int64_t n = d < TY_INT16 || tyi_is_reduced((ty_dtype)d) ? 100 : 30000;
        ty_tensor *x = make(1, &n, (ty_dtype)d);
        assert_int_equal(tyi_cpu_arange((ty_dtype)d, tyi_data(x), n, ty_int(3), ty_int(1)), TY_OK);
        for (int64_t i = 0; i < n; i++)
            assert_true(get(x, i).f == (d == TY_BOOL ? 1 : (double)(3 + i)));
        assert_int_equal(tyi_cpu_arange((ty_dtype)d, tyi_data(x), 50, ty_float(-0.5), ty_float(0.1)), TY_OK);
        for (int64_t i = 0; i < 50 && d == TY_FLOAT64; i++)
            assert_true(fabs(get(x, i).f - (-0.5 + (double)i * 0.1)) < 1e-15);
        ty_release(x);
    }
}

/* ---- Reduced floating dtypes ---------------------------------------------------------------- */

/* The value of an element from its parts. */
static double value_of(uint16_t bits, ty_dtype dtype)
{
    int fraction_bits = dtype == TY_FLOAT16 ? 10 : 7, bias = dtype == TY_FLOAT16 ? 15 : 127;
    int exponent = (bits & 0x7fff) >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
    double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 2 * bias + 1)
        return fraction ? NAN : sign * INFINITY;
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

/* Every element becomes its value and comes back; numbers between two become the nearer, in the middle the even one. */
static void test_reduced_conversions(void **state)
{
    (void)state;
    enum { COUNT = 65536 };
    static uint16_t all[COUNT], back[COUNT];
    static float wide[COUNT], between[COUNT];
    const tyi_convert_loops *converts = tyi_cpu_converts();
    for (int d = TY_FLOAT16; d <= TY_BFLOAT16; d++) {
        uint16_t infinity = d == TY_FLOAT16 ? 0x7c00 : 0x7f80;
        for (int i = 0; i < COUNT; i++)
            all[i] = (uint16_t)i;
        converts->convert[TY_FLOAT32][d](wide, 4, all, 2, COUNT);
        converts->convert[d][TY_FLOAT32](back, 2, wide, 4, COUNT);
        for (int i = 0; i < COUNT; i++) {
            double value = value_of(all[i], (ty_dtype)d);
            assert_true(isnan(value) ? isnan(wide[i]) : wide[i] == (float)value && !signbit(wide[i]) == !(i >> 15));
            assert_true(isnan(value) ? (back[i] & 0x7fff) > infinity : back[i] == all[i]);
        }
        /* The middle between an element and the next larger in size, and its neighbours; beyond the last lies infinity.
         */
        for (int step = -1; step <= 1; step++) {
            for (int i = 0; i < COUNT; i++) {
                int size = i & 0x7fff, next = size + 1 == infinity ? size : size + 1;
                double low = fabs(value_of((uint16_t)size, (ty_dtype)d)), high = value_of((uint16_t)next, (ty_dtype)d);
                if (next == size)
                    high = low + (low - value_of((uint16_t)(size - 1), (ty_dtype)d));
                between[i] = size >= infinity ? 0 : (float)((low + high) / 2);
                if (step)
                    between[i] = nextafterf(between[i], step < 0 ? 0 : INFINITY);
                between[i] = i >> 15 ? -between[i] : between[i];
            }
            converts->convert[d][TY_FLOAT32](back, 2, between, 4, COUNT);
            for (int i = 0; i < COUNT; i++) {
                bool up = step > 0 || (step == 0 && i % 2);
                if ((i & 0x7fff) < infinity)
                    assert_int_equal(back[i], i + up);
            }
        }
    }
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_unary_edges),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_scalar_powers),
        cmocka_unit_test(test_axpy_where_clamp),
        cmocka_unit_test(test_nan_is_kept),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_copy_of_four_dimensions),
        cmocka_unit_test(test_conversion_out_of_range),
        cmocka_unit_test(test_fill_and_arange),
        cmocka_unit_test(test_reduced_conversions),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}

int main(void)
{
    return run_on_each_isa(run_all);
}
