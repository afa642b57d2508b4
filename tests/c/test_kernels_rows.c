/*
 * The CPU's kernels that work along rows, against plain loops: reductions, cumulative sums, softmax and losses,
 * indexing, sorting, and the optimisers; and what all kernels promise: results that do not depend on the number of
 * threads, and a stop when interrupted. Runs with whatever instruction set is in use.
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
#include "backend/cpu/pool.h"

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

static double load(const void *data, ty_dtype dtype, int64_t i)
{
    ty_scalar s = tyi_load_scalar((const char *)data + i * (int64_t)ty_dtype_size(dtype), dtype);
    return s.kind == TY_SCALAR_FLOAT ? s.f : (double)s.i;
}

static void store(void *data, ty_dtype dtype, int64_t i, double value)
{
    ty_scalar s = ty_dtype_is_floating(dtype) ? ty_float(value) : ty_int((int64_t)value);
    tyi_store_scalar((char *)data + i * (int64_t)ty_dtype_size(dtype), dtype, s);
}

static void *allocate(int64_t n, ty_dtype dtype)
{
    return calloc((size_t)(n ? n : 1), ty_dtype_size(dtype));
}

/* n values: floats in a range, integers small, bools mostly of one kind. */
static void *values_of(int64_t n, ty_dtype dtype, double low, double high)
{
    void *x = allocate(n, dtype);
    for (int64_t i = 0; i < n; i++) {
        double v = uniform(low, high);
        store(x, dtype, i, ty_dtype_is_floating(dtype) ? v : dtype == TY_BOOL ? random32() % 7 > 0 : floor(fabs(v)));
    }
    return x;
}

static bool near(double got, double expected, double tolerance)
{
    if (isnan(got) || isnan(expected))
        return isnan(got) && isnan(expected);
    return got == expected || fabs(got - expected) <= tolerance;
}

static double epsilon(ty_dtype dtype)
{
    switch (dtype) {
    case TY_FLOAT16:
        return 4.9e-4;
    case TY_BFLOAT16:
        return 3.95e-3;
    case TY_FLOAT32:
        return 6e-8;
    default:
        return 1.2e-16;
    }
}

/* ---- Reductions ----------------------------------------------------------------------------- */

static double reference(tyi_reduce op, ty_dtype dtype, const void *x, int64_t first, int64_t step, int64_t n,
                        double shift, double *magnitude)
{
    double result = op == TYI_REDUCE_PROD || op == TYI_REDUCE_ALL ? 1 : 0, best = 0;
    int64_t place = 0;
    *magnitude = 0;
    for (int64_t r = 0; r < n; r++) {
        double v = load(x, dtype, first + r * step);
        switch (op) {
        case TYI_REDUCE_SUM:
            result += v;
            *magnitude += fabs(v);
            break;
        case TYI_REDUCE_SUM_SQUARES:
            result += (v - shift) * (v - shift);
            *magnitude = result;
            break;
        case TYI_REDUCE_PROD:
            result *= v;
            *magnitude = fabs(result);
            break;
        case TYI_REDUCE_ALL:
            result = result && v != 0;
            break;
        case TYI_REDUCE_ANY:
            result = result || v != 0;
            break;
        default: {
            bool high = op == TYI_REDUCE_MAX || op == TYI_REDUCE_ARGMAX;
            if (r == 0 || (!isnan(best) && (isnan(v) || (high ? v > best : v < best)))) {
                best = v;
                place = r;
            }
        }
        }
    }
    if (op == TYI_REDUCE_MAX || op == TYI_REDUCE_MIN)
        return best;
    return op == TYI_REDUCE_ARGMAX || op == TYI_REDUCE_ARGMIN ? (double)place : result;
}

static ty_dtype result_dtype(tyi_reduce op, ty_dtype dtype)
{
    if (op == TYI_REDUCE_ALL || op == TYI_REDUCE_ANY)
        return TY_BOOL;
    if (op == TYI_REDUCE_SUM_SQUARES) /* of reduced dtypes always asked for so */
        return tyi_wide_of(dtype);
    return op == TYI_REDUCE_ARGMAX || op == TYI_REDUCE_ARGMIN ? TY_INT64 : dtype;
}

/* Reduces {outer, reduced, inner} with the memory order given: the permutation of the three, outermost first. */
static void check_reduce(tyi_reduce op, ty_dtype dtype, const int64_t sizes[3], const int order[3], bool nans)
{
    int64_t total = sizes[0] * sizes[1] * sizes[2], strides[3], step = 1;
    for (int k = 2; k >= 0; k--) {
        strides[order[k]] = step;
        step *= sizes[order[k]];
    }
    bool product = op == TYI_REDUCE_PROD;
    void *x = values_of(total, dtype, product ? 0.8 : -50, product ? 1.25 : 50);
    if (nans && ty_dtype_is_floating(dtype))
        for (int64_t i = 0; i < total / 50 + 1 && total; i++)
            store(x, dtype, random32() % total, NAN);
    void *shift = values_of(sizes[0] * sizes[2], tyi_wide_of(dtype), -3, 3);
    ty_dtype out_dtype = result_dtype(op, dtype);
    void *out = allocate(sizes[0] * sizes[2], out_dtype);
    tyi_reduce_args args = {.op = op,
                            .dtype = dtype,
                            .x = x,
                            .out = out,
                            .outer = sizes[0],
                            .reduced = sizes[1],
                            .inner = sizes[2],
                            .x_outer = strides[0],
                            .x_reduced = strides[1],
                            .x_inner = strides[2]};
    args.shift = op == TYI_REDUCE_SUM_SQUARES ? shift : NULL;
    args.wide_out = tyi_is_reduced(dtype) && out_dtype == TY_FLOAT32;
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    for (int64_t o = 0; o < sizes[0]; o++)
        for (int64_t i = 0; i < sizes[2]; i++) {
            double magnitude, got = load(out, out_dtype, o * sizes[2] + i);
            double expected = reference(op, dtype, x, o * strides[0] + i * strides[2], strides[1], sizes[1],
                                        load(shift, tyi_wide_of(dtype), o * sizes[2] + i), &magnitude);
            if (out_dtype == dtype && (!ty_dtype_is_floating(dtype) || tyi_is_reduced(dtype))) {
                char data[8];
                store(data, dtype, 0, expected);
                expected = load(data, dtype, 0);
            }
            /* The reference's own error counts too where it has no more digits. */
            double growth = product || dtype == TY_FLOAT64 ? 4 + (double)sizes[1] : 16;
            double slack = epsilon(dtype) * magnitude * growth;
            if (tyi_is_reduced(dtype)) /* rounded once */
                slack = (args.wide_out ? 0 : epsilon(dtype) * fabs(expected)) + 1e-6 * magnitude;
            if (!near(got, expected, slack))
                fail_msg("reduction %d of %s {%lld, %lld, %lld} order %d%d%d at (%lld, %lld) gave %.17g, not %.17g",
                         (int)op, ty_dtype_name(dtype), (long long)sizes[0], (long long)sizes[1], (long long)sizes[2],
                         order[0], order[1], order[2], (long long)o, (long long)i, got, expected);
        }
    free(x);
    free(shift);
    free(out);
}

static void test_reduce(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 1, 1},    {1, 7, 1},    {3, 1, 5},     {5, 10, 1},    {4, 63, 3},
                                        {1, 1023, 2}, {300, 65, 1}, {2, 500, 300}, {1, 3000, 10}, {7, 9, 64},
                                        {2, 4097, 1}, {1, 64, 257}, {0, 5, 3},     {3, 5, 0}};
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}};
    for (int op = 0; op < TYI_REDUCE_COUNT; op++)
        for (int d = 0; d < TY_DTYPE_COUNT; d++) {
            if (op == TYI_REDUCE_SUM_SQUARES && !ty_dtype_is_floating((ty_dtype)d))
                continue;
            /* A bool's sum is whether any is set: the loops in double say otherwise. */
            if (d == TY_BOOL && (op == TYI_REDUCE_SUM || op == TYI_REDUCE_PROD))
                continue;
            /* Integer products grow beyond what double holds. */
            if (op == TYI_REDUCE_PROD && !ty_dtype_is_floating((ty_dtype)d))
                continue;
            for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
                for (size_t k = 0; k < sizeof orders / sizeof *orders; k++)
                    check_reduce((tyi_reduce)op, (ty_dtype)d, shapes[s], orders[k], k % 2 == 1);
        }
}

static void test_reduce_large(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{1, 200001, 1}, {3, 70000, 1}, {1, 100003, 3},
                                        {1, 20000, 10}, {2, 3, 40000}, {1, 2000, 300}};
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}};
    static const tyi_reduce ops[] = {TYI_REDUCE_SUM, TYI_REDUCE_SUM_SQUARES, TYI_REDUCE_MAX, TYI_REDUCE_ARGMIN,
                                     TYI_REDUCE_ALL};
    for (int k = 0; k < 5; k++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int o = 0; o < 2; o++) {
                check_reduce(ops[k], TY_FLOAT32, shapes[s], orders[o], false);
                check_reduce(ops[k], TY_FLOAT32, shapes[s], orders[o], true);
            }
}

static void test_empty_reductions(void **state)
{
    (void)state;
    float out[3] = {9, 9, 9};
    bool truth[3];
    tyi_reduce_args args = {
        .op = TYI_REDUCE_SUM, .dtype = TY_FLOAT32, .out = out, .outer = 3, .inner = 1, .x_inner = 1};
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    assert_true(out[0] == 0 && out[2] == 0);
    args.op = TYI_REDUCE_PROD;
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    assert_true(out[0] == 1 && out[2] == 1);
    args.out = truth;
    args.op = TYI_REDUCE_ALL;
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    assert_true(truth[0] && truth[2]);
    args.op = TYI_REDUCE_ANY;
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    assert_true(!truth[0] && !truth[2]);
}

static void test_long_sums_are_exact(void **state)
{
    (void)state;
    int64_t n = 10000000;
    float *x = allocate(n, TY_FLOAT32), out;
    double exact = 0;
    for (int64_t i = 0; i < n; i++)
        exact += (x[i] = (float)uniform(0, 1));
    tyi_reduce_args args = {.op = TYI_REDUCE_SUM,
                            .dtype = TY_FLOAT32,
                            .x = x,
                            .out = &out,
                            .outer = 1,
                            .reduced = n,
                            .inner = 1,
                            .x_outer = n,
                            .x_reduced = 1,
                            .x_inner = 1};
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    assert_true(fabs(out - exact) <= 2e-7 * exact);
    float columns[10];
    args.out = columns;
    args.reduced = n / 10;
    args.inner = 10;
    args.x_reduced = 10;
    assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
    double total = 0;
    for (int i = 0; i < 10; i++)
        total += columns[i];
    assert_true(fabs(total - exact) <= 2e-7 * exact);
    free(x);
}

static void test_cumsum(void **state)
{
    (void)state;
    static const int64_t shapes[][3] = {{3, 100, 1}, {2, 9, 300}, {5, 1, 4}, {1, 50000, 1}};
    for (int d = TY_UINT8; d < TY_DTYPE_COUNT; d++)
        for (int s = 0; s < 4; s++) {
            int64_t size = shapes[s][1], inner = shapes[s][2], total = shapes[s][0] * size * inner;
            void *x = values_of(total, (ty_dtype)d, -3, 3), *out = allocate(total, (ty_dtype)d);
            assert_int_equal(tyi_cpu_cumsum((ty_dtype)d, x, out, shapes[s][0], size, inner), TY_OK);
            for (int64_t o = 0; o < shapes[s][0]; o++)
                for (int64_t i = 0; i < inner; i++) {
                    double sum = 0;
                    for (int64_t r = 0; r < size; r++) {
                        int64_t at = (o * size + r) * inner + i;
                        sum += load(x, (ty_dtype)d, at);
                        char data[8];
                        store(data, (ty_dtype)d, 0, sum);
                        double slack = tyi_is_reduced((ty_dtype)d) ? 2 * epsilon((ty_dtype)d) * (fabs(sum) + 1) : 0;
                        assert_true(near(load(out, (ty_dtype)d, at), load(data, (ty_dtype)d, 0), slack));
                    }
                }
            free(x);
            free(out);
        }
}

/* ---- Softmax and losses --------------------------------------------------------------------- */

static const int64_t softmax_shapes[][3] = {{1, 1, 1},   {64, 10, 1}, {3, 128, 1},  {5, 129, 1}, {2, 5000, 1},
                                            {200, 3, 1}, {2, 7, 5},   {3, 10, 300}, {1, 1000, 2}};

static void test_softmax(void **state)
{
    (void)state;
    for (int d = TY_FLOAT32; d <= TY_FLOAT64; d++)
        for (size_t s = 0; s < sizeof softmax_shapes / sizeof *softmax_shapes; s++)
            for (int log_form = 0; log_form < 2; log_form++) {
                ty_dtype dtype = (ty_dtype)d;
                int64_t outer = softmax_shapes[s][0], size = softmax_shapes[s][1], inner = softmax_shapes[s][2];
                int64_t total = outer * size * inner;
                void *x = values_of(total, dtype, -9, 9), *y = allocate(total, dtype),
                     *g = values_of(total, dtype, -1, 1);
                void *dx = allocate(total, dtype);
                tyi_softmax_args args = {
                    .dtype = dtype, .log = log_form, .x = x, .out = y, .outer = outer, .size = size, .inner = inner};
                assert_int_equal(tyi_cpu_softmax(&args), TY_OK);
                tyi_softmax_args back = args;
                back.x = y;
                back.grad = g;
                back.out = dx;
                assert_int_equal(tyi_cpu_softmax_backward(&back), TY_OK);
                double slack = 64 * epsilon(dtype);
                for (int64_t row = 0; row < outer * inner; row++) {
                    int64_t first = row / inner * size * inner + row % inner;
                    double sum = 0, dot = 0, g_sum = 0;
                    for (int64_t r = 0; r < size; r++)
                        sum += exp(load(x, dtype, first + r * inner));
                    for (int64_t r = 0; r < size; r++) {
                        double p = exp(load(x, dtype, first + r * inner)) / sum,
                               grad = load(g, dtype, first + r * inner);
                        dot += p * grad;
                        g_sum += grad;
                    }
                    for (int64_t r = 0; r < size; r++) {
                        int64_t at = first + r * inner;
                        double p = exp(load(x, dtype, at)) / sum, grad = load(g, dtype, at);
                        double value = log_form ? log(p) : p;
                        if (!near(load(y, dtype, at), value, slack + 4 * epsilon(dtype) * fabs(value)))
                            fail_msg("softmax gave %.17g, not %.17g", load(y, dtype, at), value);
                        double expected = log_form ? grad - p * g_sum : p * (grad - dot);
                        assert_true(near(load(dx, dtype, at), expected, slack * (1 + fabs(g_sum))));
                    }
                }
                free(x);
                free(y);
                free(g);
                free(dx);
            }
}

static void test_softmax_of_rare_rows(void **state)
{
    (void)state;
    float x[4][3] = {{1000, 1001, 999}, {-INFINITY, 0, -INFINITY}, {NAN, 1, 2}, {-1e30f, -1e30f, -1e30f}}, y[4][3];
    tyi_softmax_args args = {.dtype = TY_FLOAT32, .x = x, .out = y, .outer = 4, .size = 3, .inner = 1};
    assert_int_equal(tyi_cpu_softmax(&args), TY_OK);
    assert_true(near(y[0][1], 1 / (1 + exp(-1) + exp(-2)), 1e-6));
    assert_true(y[1][0] == 0 && y[1][1] == 1 && y[1][2] == 0);
    assert_true(isnan(y[2][0]) && isnan(y[2][1]) && isnan(y[2][2]));
    assert_true(near(y[3][0], 1.0 / 3, 1e-6));
}

static void check_nll(ty_dtype dtype, const int64_t shape[3], bool from_logits, bool weighted)
{
    int64_t outer = shape[0], classes = shape[1], inner = shape[2], total = outer * classes * inner;
    int64_t rows = outer * inner;
    void *x = values_of(total, dtype, -5, 5), *log_probs = allocate(total, dtype), *loss = allocate(rows, dtype);
    void *factor = allocate(rows, dtype), *weight = values_of(classes, dtype, 0.1, 2), *dx = allocate(total, dtype);
    void *grad = values_of(rows, dtype, -2, 2);
    int64_t *target = malloc((size_t)rows * sizeof *target);
    for (int64_t i = 0; i < rows; i++)
        target[i] = random32() % 5 ? (int64_t)(random32() % (uint32_t)classes) : -100;
    tyi_nll_args args = {.dtype = dtype,
                         .from_logits = from_logits,
                         .x = x,
                         .target = target,
                         .weight = weighted ? weight : NULL,
                         .ignore_index = -100,
                         .outer = outer,
                         .classes = classes,
                         .inner = inner,
                         .loss = loss,
                         .factor = factor,
                         .log_probs = log_probs};
    assert_int_equal(tyi_cpu_nll(&args), TY_OK);
    tyi_nll_args back = args;
    back.x = from_logits ? log_probs : x;
    back.grad = grad;
    back.factor_in = factor;
    back.grad_x = dx;
    assert_int_equal(tyi_cpu_nll_backward(&back), TY_OK);
    double slack = 60 * epsilon(dtype);
    for (int64_t row = 0; row < rows; row++) {
        int64_t first = row / inner * classes * inner + row % inner, t = target[row];
        double sum = 0, w = t < 0 ? 0 : weighted ? load(weight, dtype, t) : 1;
        for (int64_t r = 0; r < classes; r++)
            sum += exp(load(x, dtype, first + r * inner));
        double at_target = t < 0 ? 0 : load(x, dtype, first + t * inner) - (from_logits ? log(sum) : 0);
        assert_true(near(load(factor, dtype, row), w, 0));
        if (!near(load(loss, dtype, row), -w * at_target, slack))
            fail_msg("loss %.17g, not %.17g", load(loss, dtype, row), -w * at_target);
        for (int64_t r = 0; r < classes; r++) {
            double p = from_logits ? exp(load(x, dtype, first + r * inner)) / sum : 0;
            double expected = (p - (r == t)) * w * load(grad, dtype, row);
            assert_true(near(load(dx, dtype, first + r * inner), expected, slack));
        }
    }
    free(x), free(log_probs), free(loss), free(factor), free(weight), free(dx), free(grad), free(target);
}

static void test_nll(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof softmax_shapes / sizeof *softmax_shapes; s++)
        for (int form = 0; form < 16; form++)
            check_nll((ty_dtype)(TY_FLOAT16 + form / 4), softmax_shapes[s], form & 1, form & 2);
}

/* ---- Indexing ------------------------------------------------------------------------------- */

static void test_index_rows(void **state)
{
    (void)state;
    for (int d = 0; d < TY_DTYPE_COUNT; d++) {
        ty_dtype dtype = (ty_dtype)d;
        int64_t rows = 50, width = 37, picked = 200, index[200];
        void *x = values_of(rows * width, dtype, -9, 9), *out = allocate(picked * width, dtype);
        for (int64_t i = 0; i < picked; i++)
            index[i] = (int64_t)(random32() % 100) - 50;
        tyi_index_args args = {.dtype = dtype,
                               .ndim = 2,
                               .sizes = {picked, width},
                               .out = out,
                               .x = x,
                               .out_strides = {width, 1},
                               .x_strides = {0, 1},
                               .count = 1,
                               .index = {index},
                               .index_strides = {{1, 0}},
                               .index_sizes = {rows},
                               .index_steps = {width}};
        assert_int_equal(tyi_cpu_index(&args), TY_OK);
        for (int64_t i = 0; i < picked; i++)
            for (int64_t c = 0; c < width; c++) {
                int64_t row = index[i] < 0 ? index[i] + rows : index[i];
                assert_true(load(out, dtype, i * width + c) == load(x, dtype, row * width + c));
            }
        /* The reverse, added up: repeated indices count each time. */
        void *sums = allocate(rows * width, dtype);
        tyi_index_args put = args;
        put.out = sums;
        put.x = out;
        put.accumulate = true;
        assert_int_equal(tyi_cpu_index_put(&put), TY_OK);
        double *expected = calloc((size_t)(rows * width), sizeof *expected);
        for (int64_t i = 0; i < picked; i++)
            for (int64_t c = 0; c < width; c++)
                expected[(index[i] < 0 ? index[i] + rows : index[i]) * width + c] += load(out, dtype, i * width + c);
        for (int64_t i = 0; i < rows * width; i++) {
            char data[8];
            store(data, dtype, 0, dtype == TY_BOOL ? expected[i] != 0 : expected[i]);
            double slack = tyi_is_reduced(dtype) ? 40 * 300 * epsilon(dtype) : 1e-4;
            assert_true(near(load(sums, dtype, i), load(data, dtype, 0), slack));
        }
        free(expected), free(sums), free(x), free(out);
    }
}

/* x[:, i, :, j] of a four-dimensional tensor: two broadcast index tensors with strides of their own. */
static void test_index_in_the_middle(void **state)
{
    (void)state;
    int64_t n0 = 3, n1 = 5, n2 = 4, n3 = 6, i_index[3] = {4, -1, 0}, j_index[2] = {-6, 5};
    float *x = values_of(n0 * n1 * n2 * n3, TY_FLOAT32, -1, 1), out[3 * 3 * 2 * 4];
    /* Result {n0, 3, 2, n2}: sizes of the walk in the result's order. */
    tyi_index_args args = {.dtype = TY_FLOAT32,
                           .ndim = 4,
                           .sizes = {n0, 3, 2, n2},
                           .out = out,
                           .x = x,
                           .out_strides = {24, 8, 4, 1},
                           .x_strides = {n1 * n2 * n3, 0, 0, n3},
                           .count = 2,
                           .index = {i_index, j_index},
                           .index_strides = {{0, 1, 0, 0}, {0, 0, 1, 0}},
                           .index_sizes = {n1, n3},
                           .index_steps = {n2 * n3, 1}};
    assert_int_equal(tyi_cpu_index(&args), TY_OK);
    for (int64_t a = 0; a < n0; a++)
        for (int64_t b = 0; b < 3; b++)
            for (int64_t c = 0; c < 2; c++)
                for (int64_t e = 0; e < n2; e++) {
                    int64_t i = i_index[b] < 0 ? i_index[b] + n1 : i_index[b];
                    int64_t j = j_index[c] < 0 ? j_index[c] + n3 : j_index[c];
                    assert_true(out[a * 24 + b * 8 + c * 4 + e] == x[((a * n1 + i) * n2 + e) * n3 + j]);
                }
    tyi_index_args put = args;
    float *y = calloc((size_t)(n0 * n1 * n2 * n3), sizeof *y);
    put.out = y;
    put.x = out;
    assert_int_equal(tyi_cpu_index_put(&put), TY_OK);
    for (int64_t k = 0; k < n0 * n1 * n2 * n3; k++)
        assert_true(y[k] == 0 || y[k] == x[k]);
    free(x);
    free(y);
}

/* Element by element along the last dimension, long enough to be shared out. */
static void test_index_elements(void **state)
{
    (void)state;
    int64_t n = 1000, picked = 100003, *index = malloc((size_t)picked * sizeof *index);
    int16_t *x = values_of(n, TY_INT16, 0, 30000), *out = allocate(picked, TY_INT16);
    for (int64_t i = 0; i < picked; i++)
        index[i] = (int64_t)(random32() % 1000);
    tyi_index_args args = {.dtype = TY_INT16,
                           .ndim = 1,
                           .sizes = {picked},
                           .out = out,
                           .x = x,
                           .out_strides = {1},
                           .count = 1,
                           .index = {index},
                           .index_strides = {{1}},
                           .index_sizes = {n},
                           .index_steps = {1}};
    assert_int_equal(tyi_cpu_index(&args), TY_OK);
    for (int64_t i = 0; i < picked; i++)
        assert_true(out[i] == x[index[i]]);
    int64_t low, high;
    assert_int_equal(tyi_cpu_index_range(index, picked, &low, &high), TY_OK);
    assert_true(low == 0 && high == 999);
    free(x), free(out), free(index);
}

static void test_index_scans(void **state)
{
    (void)state;
    int64_t index[] = {1, 5, -1, 0, -100, 0, 3}, out[7], zeros, none = TY_NO_CLASS;
    assert_int_equal(tyi_cpu_index_from_one(index, out, 7, NULL, &zeros), TY_OK);
    assert_true(zeros == 2 && out[0] == 0 && out[1] == 4 && out[2] == -1 && out[4] == -100 && out[6] == 2);
    assert_int_equal(tyi_cpu_index_from_one(index, out, 7, &none, &zeros), TY_OK);
    assert_true(zeros == 0 && out[0] == 0 && out[3] == TY_NO_CLASS && out[4] == -100 && out[5] == TY_NO_CLASS);
    for (int64_t n = 0; n < 70000; n = n * 3 + 1) {
        bool *mask = values_of(n, TY_BOOL, 0, 1);
        if (n > 1000)
            memset(mask + 100, 0, 700);
        int64_t count, expected = 0, *positions = malloc((size_t)(n + 1) * sizeof *positions);
        assert_int_equal(tyi_cpu_nonzero_count(mask, n, &count), TY_OK);
        assert_int_equal(tyi_cpu_nonzero_flat(mask, n, positions), TY_OK);
        for (int64_t i = 0; i < n; i++)
            if (mask[i])
                assert_true(positions[expected++] == i);
        assert_true(expected == count);
        free(mask), free(positions);
    }
}

static void test_gather_rows(void **state)
{
    (void)state;
    for (int d = 0; d < TY_DTYPE_COUNT; d++) {
        int64_t width = 785, index[70];
        void *x = values_of(40 * width, (ty_dtype)d, 0, 200);
        float *out = allocate(70 * width, TY_FLOAT32);
        for (int i = 0; i < 70; i++)
            index[i] = (int64_t)(random32() % 40);
        assert_int_equal(tyi_cpu_gather_rows((ty_dtype)d, x, index, 70, width, 0.5f, -3, out), TY_OK);
        for (int64_t i = 0; i < 70 * width; i++)
            assert_true(near(out[i], load(x, (ty_dtype)d, index[i / width] * width + i % width) * 0.5 - 3, 2e-5));
        free(x), free(out);
    }
}

/* ---- Sorting -------------------------------------------------------------------------------- */

/* Whether a stands before b: the order asked for, NaN the largest, equals by position. */
static bool before(double a, int64_t ia, double b, int64_t ib, bool descending)
{
    if (a == b || (isnan(a) && isnan(b)))
        return ia < ib;
    bool less = isnan(b) || (!isnan(a) && a < b);
    return descending ? !less : less;
}

static void check_sort(ty_dtype dtype, int64_t rows, int64_t size, int64_t kept, bool descending, bool top)
{
    void *x = values_of(rows * size, dtype, -300, 300), *values = allocate(rows * kept, dtype);
    int64_t *indices = malloc((size_t)(rows * kept + 1) * sizeof *indices);
    bool *seen = calloc((size_t)size + 1, 1);
    if (ty_dtype_is_floating(dtype)) {
        static const double rare[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e-42};
        for (int64_t i = 0; i < rows * size; i += 5)
            store(x, dtype, i, i % 3 ? floor(uniform(-5, 5)) : rare[random32() % 6]);
    }
    tyi_sort_args args = {dtype, x, values, indices, rows, size, kept, descending};
    assert_int_equal(top ? tyi_cpu_topk(&args) : tyi_cpu_sort(&args), TY_OK);
    for (int64_t r = 0; r < rows; r++) {
        memset(seen, 0, (size_t)size);
        for (int64_t k = 0; k < kept; k++) {
            int64_t i = indices[r * kept + k];
            double v = load(x, dtype, r * size + i);
            assert_true(i >= 0 && i < size && !seen[i]);
            seen[i] = true;
            assert_true(near(load(values, dtype, r * kept + k), v, 0));
            if (k > 0) {
                int64_t previous = indices[r * kept + k - 1];
                assert_true(before(load(x, dtype, r * size + previous), previous, v, i, descending));
            }
        }
        for (int64_t i = 0; i < size && kept; i++) {
            int64_t last = indices[r * kept + kept - 1];
            if (!seen[i])
                assert_true(before(load(x, dtype, r * size + last), last, load(x, dtype, r * size + i), i, descending));
        }
    }
    free(x), free(values), free(indices), free(seen);
}

static void test_sort(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 15, 17, 100, 511, 600, 9001};
    for (int d = 0; d < TY_DTYPE_COUNT; d++)
        for (int s = 0; s < 8; s++)
            for (int descending = 0; descending < 2; descending++) {
                check_sort((ty_dtype)d, 3, sizes[s], sizes[s], descending, false);
                for (int64_t k = 0; k <= sizes[s]; k = k * 4 + 1)
                    check_sort((ty_dtype)d, 2, sizes[s], k, descending, true);
            }
}

/* ---- Optimisers ----------------------------------------------------------------------------- */

static void check_sgd(ty_dtype dtype, double momentum, double dampening, double decay, bool nesterov, bool maximize)
{
    int64_t n = 20011;
    void *param = values_of(n, dtype, -1, 1), *buffer = allocate(n, dtype);
    double *p = malloc((size_t)n * sizeof *p), *b = calloc((size_t)n, sizeof *b);
    for (int64_t i = 0; i < n; i++)
        p[i] = load(param, dtype, i);
    for (int step = 0; step < 3; step++) {
        void *grad = values_of(n, dtype, -1, 1);
        tyi_optim_args args = {.kind = TYI_OPTIM_SGD,
                               .dtype = dtype,
                               .n = n,
                               .param = param,
                               .grad = grad,
                               .lr = 0.1,
                               .first = step == 0,
                               .maximize = maximize,
                               .nesterov = nesterov,
                               .momentum = momentum,
                               .dampening = dampening,
                               .weight_decay = decay,
                               .state = {momentum ? buffer : NULL}};
        assert_int_equal(tyi_cpu_optim(&args), TY_OK);
        for (int64_t i = 0; i < n; i++) {
            double g = (maximize ? -1 : 1) * load(grad, dtype, i) + decay * p[i];
            if (momentum) {
                b[i] = step == 0 ? g : momentum * b[i] + (1 - dampening) * g;
                g = nesterov ? g + momentum * b[i] : b[i];
            }
            p[i] -= 0.1 * g;
            assert_true(near(load(param, dtype, i), p[i], 20 * epsilon(dtype)));
        }
        free(grad);
    }
    free(param), free(buffer), free(p), free(b);
}

static void check_adam(ty_dtype dtype, bool amsgrad, bool decoupled, double decay, bool maximize, double beta1)
{
    int64_t n = 20011;
    void *param = values_of(n, dtype, -1, 1), *states[3];
    double *p = malloc((size_t)n * sizeof *p), *m = calloc((size_t)n, sizeof *m), *v = calloc((size_t)n, sizeof *v);
    /* A gradient that weight decay nearly cancels has few digits, and the step divides by its size. */
    double *slack = calloc((size_t)n, sizeof *slack);
    double *most = calloc((size_t)n, sizeof *most), beta2 = 0.99, lr = 0.01, eps = 1e-6;
    for (int k = 0; k < 3; k++)
        states[k] = allocate(n, dtype);
    for (int64_t i = 0; i < n; i++)
        p[i] = load(param, dtype, i);
    for (int step = 1; step <= 4; step++) {
        void *grad = values_of(n, dtype, -1, 1);
        double bias1 = 1 - pow(beta1, step), bias2 = 1 - pow(beta2, step);
        tyi_optim_args args = {.kind = TYI_OPTIM_ADAM,
                               .dtype = dtype,
                               .n = n,
                               .param = param,
                               .grad = grad,
                               .lr = lr,
                               .maximize = maximize,
                               .decoupled_decay = decoupled,
                               .weight_decay = decay,
                               .beta1 = beta1,
                               .beta2 = beta2,
                               .eps = eps,
                               .bias1 = bias1,
                               .bias2 = bias2,
                               .state = {states[0], states[1], amsgrad ? states[2] : NULL}};
        assert_int_equal(tyi_cpu_optim(&args), TY_OK);
        for (int64_t i = 0; i < n; i++) {
            double g = (maximize ? -1 : 1) * load(grad, dtype, i);
            if (decoupled)
                p[i] *= 1 - lr * decay;
            else
                g += decay * p[i];
            m[i] += (1 - beta1) * (g - m[i]);
            v[i] = beta2 * v[i] + (1 - beta2) * g * g;
            most[i] = fmax(most[i], v[i]);
            double size = sqrt(amsgrad ? most[i] : v[i]) / sqrt(bias2) + eps;
            p[i] -= lr / bias1 * m[i] / size;
            slack[i] += 4 * lr * epsilon(dtype) / size;
            assert_true(near(load(param, dtype, i), p[i], 40 * epsilon(dtype) + slack[i]));
        }
        free(grad);
    }
    for (int k = 0; k < 3; k++)
        free(states[k]);
    free(param), free(p), free(m), free(v), free(most), free(slack);
}

static void test_optimisers(void **state)
{
    (void)state;
    for (int d = TY_FLOAT32; d <= TY_FLOAT64; d++) {
        check_sgd((ty_dtype)d, 0, 0, 0, false, false);
        check_sgd((ty_dtype)d, 0, 0, 0.1, false, true);
        check_sgd((ty_dtype)d, 0.9, 0, 0, false, false);
        check_sgd((ty_dtype)d, 0.9, 0.3, 0.01, false, false);
        check_sgd((ty_dtype)d, 0.9, 0, 0.01, true, false);
        for (int form = 0; form < 16; form++)
            check_adam((ty_dtype)d, form & 1, form & 2, form & 4 ? 0.1 : 0, form & 8, form == 5 ? 0.3 : 0.9);
    }
}

/* ---- Promises of all kernels ---------------------------------------------------------------- */

static void test_results_do_not_depend_on_threads(void **state)
{
    (void)state;
    int64_t n = 500009;
    float *x = values_of(n, TY_FLOAT32, -1, 1), sums[3], *columns[3];
    for (int k = 0; k < 3; k++) {
        tyi_set_num_threads(k + 1);
        tyi_reduce_args args = {.op = TYI_REDUCE_SUM,
                                .dtype = TY_FLOAT32,
                                .x = x,
                                .out = &sums[k],
                                .outer = 1,
                                .reduced = n,
                                .inner = 1,
                                .x_outer = n,
                                .x_reduced = 1,
                                .x_inner = 1};
        assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
        columns[k] = allocate(40, TY_FLOAT32);
        args.out = columns[k];
        args.reduced = n / 40;
        args.inner = args.x_reduced = 40;
        assert_int_equal(tyi_cpu_reduce(&args), TY_OK);
        assert_memory_equal(&sums[0], &sums[k], sizeof *sums);
        assert_memory_equal(columns[0], columns[k], 40 * sizeof(float));
    }
    tyi_set_num_threads(0);
    for (int k = 0; k < 3; k++)
        free(columns[k]);
    free(x);
}

static void test_interrupt_stops_a_kernel(void **state)
{
    (void)state;
    int64_t n = 1000003;
    ty_tensor *x = tyi_new(1, &n, TY_FLOAT32, TY_DEVICE_CPU), *y = tyi_new(1, &n, TY_FLOAT32, TY_DEVICE_CPU);
    memset(tyi_data(x), 0, (size_t)n * 4);
    ty_tensor *apart[2] = {y, x}, *in_place[2] = {x, x};
    tyi_iter iter;
    ty_interrupt();
    tyi_iter_build(&iter, TY_FLOAT32, 2, apart);
    assert_int_equal(tyi_cpu_unary(TYI_UNARY_exp, &iter), TY_FAIL);
    assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
    /* In place it ends what it began: the tensor is one the user has. */
    tyi_iter_build(&iter, TY_FLOAT32, 2, in_place);
    assert_int_equal(tyi_cpu_unary(TYI_UNARY_exp, &iter), TY_OK);
    ty_interrupt_clear();
    for (int64_t i = 0; i < n; i++)
        assert_true(((float *)tyi_data(x))[i] == 1);
    ty_release(x);
    ty_release(y);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_reduce_large),
        cmocka_unit_test(test_empty_reductions),
        cmocka_unit_test(test_long_sums_are_exact),
        cmocka_unit_test(test_cumsum),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_softmax_of_rare_rows),
        cmocka_unit_test(test_nll),
        cmocka_unit_test(test_index_rows),
        cmocka_unit_test(test_index_in_the_middle),
        cmocka_unit_test(test_index_elements),
        cmocka_unit_test(test_index_scans),
        cmocka_unit_test(test_gather_rows),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_optimisers),
        cmocka_unit_test(test_results_do_not_depend_on_threads),
        cmocka_unit_test(test_interrupt_stops_a_kernel),
    };
    return cmocka_run_group_tests_name("kernels along rows", tests, NULL, NULL);
}

int main(void)
{
    return run_on_each_isa(run_all);
}
