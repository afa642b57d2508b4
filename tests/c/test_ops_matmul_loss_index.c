/*
 * Matrix products, softmax and losses, indexing, sorting, optimisers: values that PyTorch gives, first and second
 * gradients against finite differences, messages, and that nothing leaks.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tycho.h"

/* ---- Helpers ---- */

#define SIZES(...)                                                                                                     \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define FLOATS(shape, ...) ty_from_data((float[]){__VA_ARGS__}, shape, TY_FLOAT32)
#define LONGS(shape, ...)  ty_from_data((int64_t[]){__VA_ARGS__}, shape, TY_INT64)
#define BOOLS(shape, ...)  ty_from_data((bool[]){__VA_ARGS__}, shape, TY_BOOL)

static ty_tensor *whole(int64_t value)
{
    return ty_scalar_tensor(ty_int(value), TY_DTYPE_NONE, true);
}

static ty_tensor *wanting(ty_tensor *x)
{
    assert_int_equal(ty_set_requires_grad(x, true), TY_OK);
    return x;
}

/* The values of x, as doubles, in order; x is released. */
static void expect(ty_tensor *x, double tolerance, int count, const double *values)
{
    if (!x)
        fail_msg("no tensor: %s", ty_error());
    ty_tensor *wide = ty_to_dtype(x, TY_FLOAT64), *dense = ty_contiguous(wide);
    assert_int_equal(ty_numel(x), count);
    const double *data = ty_data(dense);
    for (int i = 0; i < count; i++)
        if (!(fabs(data[i] - values[i]) <= tolerance) && !(isnan(data[i]) && isnan(values[i])))
            fail_msg("element %d is %.9g, expected %.9g", i, data[i], values[i]);
    ty_release(dense);
    ty_release(wide);
    ty_release(x);
}

#define EXPECT(x, ...) expect(x, 2e-6, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

/* result failed, and said so. */
static void refused(ty_tensor *result, const char *part)
{
    assert_null(result);
    if (!strstr(ty_error(), part))
        fail_msg("the message is \"%s\", and should hold \"%s\"", ty_error(), part);
}

static ty_tensor *random_leaf(int ndim, const int64_t *sizes)
{
    return wanting(ty_randn(ndim, sizes, TY_FLOAT64, TY_DEVICE_CPU, NULL));
}

/* ---- Finite differences ---- */

typedef ty_tensor *(*function)(ty_tensor *const *in);
#define MOST_INPUTS 3

static const double fixed_weights[] = {0.7, -1.3, 0.4, 1.1, -0.6, 0.9, -0.2};

/* sum of fixed weights times the elements: makes one number of any result. x is released. */
static ty_tensor *weighed(ty_tensor *x)
{
    if (!x)
        fail_msg("no tensor: %s", ty_error());
    ty_tensor *weights = ty_empty(ty_ndim(x), ty_sizes(x), TY_FLOAT64, TY_DEVICE_CPU);
    double *w = ty_data(weights);
    for (int64_t i = 0; i < ty_numel(x); i++)
        w[i] = fixed_weights[i % 7];
    ty_tensor *product = ty_mul(x, weights), *sum = ty_sum(product, 0, NULL, false, TY_DTYPE_NONE);
    ty_release(weights);
    ty_release(product);
    ty_release(x);
    assert_non_null(sum);
    return sum;
}

static double number(ty_tensor *x)
{
    ty_scalar value;
    assert_int_equal(ty_item(x, &value), TY_OK);
    ty_release(x);
    return value.f;
}

/* The gradients of weighed(f), each weighed, added up: one number whose own gradient needs second derivatives. */
static ty_tensor *gradient_number(function f, int count, ty_tensor *const *in, bool create_graph)
{
    ty_tensor *loss = weighed(f(in)), *grads[MOST_INPUTS] = {NULL}, *total = NULL;
    if (ty_grad(1, &loss, NULL, count, in, create_graph, create_graph, true, grads) != TY_OK)
        fail_msg("grad: %s", ty_error());
    for (int i = 0; i < count; i++) {
        if (!grads[i])
            continue;
        ty_tensor *part = weighed(grads[i]), *sum = total ? ty_add(total, part, ty_int(1)) : ty_retain(part);
        ty_release(part);
        ty_release(total);
        total = sum;
    }
    ty_release(loss);
    assert_non_null(total);
    return total;
}

static void compare(const char *name, const char *what, function f, int count, ty_tensor *const *in, bool second)
{
    ty_tensor *root = second ? gradient_number(f, count, in, true) : weighed(f(in));
    ty_tensor *grads[MOST_INPUTS] = {NULL};
    bool constant = !ty_requires_grad(root);
    if (!constant && ty_grad(1, &root, NULL, count, in, false, false, true, grads) != TY_OK)
        fail_msg("%s, %s: %s", name, what, ty_error());
    ty_release(root);
    for (int k = 0; k < count; k++) {
        ty_tensor *dense = grads[k] ? ty_contiguous(grads[k]) : NULL;
        const double *got = dense ? ty_data(dense) : NULL;
        double *x = ty_data(in[k]);
        for (int64_t i = 0; i < ty_numel(in[k]); i++) {
            const double step = 1e-5, kept = x[i];
            double sides[2];
            for (int side = 0; side < 2; side++) {
                x[i] = kept + (side ? step : -step);
                sides[side] = number(second ? gradient_number(f, count, in, false) : weighed(f(in)));
            }
            x[i] = kept;
            double want = (sides[1] - sides[0]) / (2 * step), have = got ? got[i] : 0;
            if (!(fabs(want - have) <= 1e-6 + 1e-6 * fabs(want)))
                fail_msg("%s, %s: input %d element %d has gradient %.9g, differences say %.9g", name, what, k, (int)i,
                         have, want);
        }
        ty_release(dense);
        ty_release(grads[k]);
    }
}

/* Checks first and second gradients of f at these inputs, and releases them. */
static void differences(const char *name, function f, int count, ty_tensor *const *in)
{
    compare(name, "first", f, count, in, false);
    compare(name, "second", f, count, in, true);
    for (int i = 0; i < count; i++)
        ty_release(in[i]);
}

#define DIFFERENCES(f, ...)                                                                                            \
    differences(#f, f, sizeof((ty_tensor *[]){__VA_ARGS__}) / sizeof(ty_tensor *), (ty_tensor *[]){__VA_ARGS__})
#define RANDOM(...) random_leaf(SIZES(__VA_ARGS__))

/* ---- Matrix products ---- */

static ty_tensor *f_matmul(ty_tensor *const *in)
{
    return ty_matmul(in[0], in[1]);
}

static ty_tensor *f_matmul_turned(ty_tensor *const *in)
{
    ty_tensor *a = ty_transpose(in[0], -1, -2), *b = ty_transpose(in[1], -1, -2), *c = ty_matmul(a, b);
    ty_release(a);
    ty_release(b);
    return c;
}

static ty_tensor *f_outer(ty_tensor *const *in)
{
    return ty_outer(in[0], in[1]);
}

static ty_tensor *f_addmm(ty_tensor *const *in)
{
    return ty_addmm(in[0], in[1], in[2], ty_float(0.5), ty_float(-2));
}

static ty_tensor *f_linear(ty_tensor *const *in)
{
    return ty_linear(in[0], in[1], in[2]);
}

static void test_products_have_pytorchs_values(void **state)
{
    (void)state;
    ty_tensor *a = FLOATS(SIZES(2, 2), 1, 2, 3, 4), *b = FLOATS(SIZES(2, 3), 5, 6, 7, 8, 9, 10);
    ty_tensor *v = FLOATS(SIZES(2), 1, -1), *bias = FLOATS(SIZES(2), 10, 20);
    EXPECT(ty_mm(a, b), 21, 24, 27, 47, 54, 61);
    EXPECT(ty_mv(a, v), -1, -1);
    EXPECT(ty_matmul(v, b), -3, -3, -3);
    EXPECT(ty_dot(v, v), 2);
    EXPECT(ty_outer(v, v), 1, -1, -1, 1);
    EXPECT(ty_linear(a, a, bias), 15, 31, 21, 45);
    EXPECT(ty_addmm(bias, a, a, ty_int(2), ty_int(1)), 27, 50, 35, 62);
    ty_tensor *whole_a = ty_to_dtype(a, TY_INT32);
    EXPECT(ty_mm(whole_a, whole_a), 7, 10, 15, 22);
    ty_tensor *none = ty_zeros(SIZES(2, 0), TY_FLOAT32, TY_DEVICE_CPU),
              *nothing = ty_zeros(SIZES(0, 3), TY_FLOAT32, TY_DEVICE_CPU);
    EXPECT(ty_mm(none, nothing), 0, 0, 0, 0, 0, 0);
    ty_tensor *list[] = {a, b, v, bias, whole_a, none, nothing};
    for (int i = 0; i < 7; i++)
        ty_release(list[i]);
}

static void test_gradients_of_products(void **state)
{
    (void)state;
    ty_manual_seed(NULL, 1);
    DIFFERENCES(f_matmul, RANDOM(3), RANDOM(3));
    DIFFERENCES(f_matmul, RANDOM(2, 3), RANDOM(3));
    DIFFERENCES(f_matmul, RANDOM(3), RANDOM(3, 2));
    DIFFERENCES(f_matmul, RANDOM(2, 3), RANDOM(3, 4));
    DIFFERENCES(f_matmul, RANDOM(2, 2, 3), RANDOM(3, 2));
    DIFFERENCES(f_matmul, RANDOM(2, 2, 3), RANDOM(3));
    DIFFERENCES(f_matmul, RANDOM(3), RANDOM(2, 3, 2));
    DIFFERENCES(f_matmul, RANDOM(2, 1, 2, 3), RANDOM(2, 3, 2));
    DIFFERENCES(f_matmul_turned, RANDOM(3, 2), RANDOM(4, 3));
    DIFFERENCES(f_matmul_turned, RANDOM(2, 3, 2), RANDOM(2, 2, 3));
    DIFFERENCES(f_outer, RANDOM(2), RANDOM(3));
    DIFFERENCES(f_addmm, RANDOM(3), RANDOM(2, 2), RANDOM(2, 3));
    DIFFERENCES(f_linear, RANDOM(2, 3), RANDOM(4, 3), RANDOM(4));
    DIFFERENCES(f_linear, RANDOM(2, 2, 3), RANDOM(4, 3), RANDOM(4));
    DIFFERENCES(f_linear, RANDOM(3), RANDOM(2, 3), RANDOM(2));
}

static void test_misfits_name_shapes_and_cure(void **state)
{
    (void)state;
    ty_tensor *row = ty_zeros(SIZES(1, 5), TY_FLOAT32, TY_DEVICE_CPU),
              *x = ty_zeros(SIZES(64, 1, 28, 28), TY_FLOAT32, TY_DEVICE_CPU);
    ty_tensor *w = ty_zeros(SIZES(256, 784), TY_FLOAT32, TY_DEVICE_CPU),
              *wide = ty_zeros(SIZES(5, 1), TY_FLOAT64, TY_DEVICE_CPU);
    ty_tensor *mask = ty_zeros(SIZES(5, 5), TY_BOOL, TY_DEVICE_CPU);
    refused(ty_matmul(row, row),
            "matmul: {1, 5} and {1, 5} do not multiply: 5 columns against 1 row; did you mean b:t()?");
    refused(ty_mm(row, wide), "x:to(ty.float64)");
    refused(ty_mm(mask, mask), "bool");
    refused(ty_linear(x, w, NULL), "did you forget x:flatten(1)?");
    refused(ty_matmul(NULL, row), "flatten"); /* the message of the failure that made the NULL */
    ty_release(row);
    ty_release(x);
    ty_release(w);
    ty_release(wide);
    ty_release(mask);
}

/* ---- Softmax and losses ---- */

static ty_tensor *class_target; /* of the functions below; each test sets and releases it */
static ty_tensor *class_weight;
static ty_reduction reduction;
static double smoothing;

static ty_tensor *f_softmax(ty_tensor *const *in)
{
    return ty_softmax(in[0], 1, TY_DTYPE_NONE);
}

static ty_tensor *f_log_softmax(ty_tensor *const *in)
{
    return ty_log_softmax(in[0], 0, TY_DTYPE_NONE);
}

static ty_tensor *f_cross_entropy(ty_tensor *const *in)
{
    return ty_cross_entropy(in[0], class_target, class_weight, 2, reduction, smoothing);
}

static ty_tensor *f_nll(ty_tensor *const *in)
{
    return ty_nll_loss(in[0], class_target, class_weight, 2, reduction);
}

static ty_tensor *f_probabilities(ty_tensor *const *in)
{
    return ty_cross_entropy(in[0], in[1], NULL, -100, reduction, smoothing);
}

static ty_tensor *f_mse(ty_tensor *const *in)
{
    return ty_mse_loss(in[0], in[1], reduction);
}

static void test_losses_have_pytorchs_values(void **state)
{
    (void)state;
    ty_tensor *x = wanting(FLOATS(SIZES(2, 3), 1, 2, 0.5f, -1, 0, 3)), *t = LONGS(SIZES(2), 1, 2);
    ty_tensor *weight = FLOATS(SIZES(3), 0.5f, 1, 2), *some = LONGS(SIZES(2), 1, -100),
              *none = LONGS(SIZES(2), -100, -100);
    ty_tensor *p = FLOATS(SIZES(2, 3), .2f, .3f, .5f, .1f, .8f, .1f);
    EXPECT(ty_softmax(x, 1, TY_DTYPE_NONE), 0.23122389614582062, 0.6285316944122314, 0.14024437963962555,
           0.01714782603085041, 0.04661262035369873, 0.9362395405769348);
    EXPECT(ty_log_softmax(x, 0, TY_DTYPE_NONE), -0.12692804634571075, -0.12692804634571075, -2.578889846801758,
           -2.1269280910491943, -2.1269280910491943, -0.07888974994421005);
    ty_tensor *loss = ty_cross_entropy(x, t, NULL, -100, TY_REDUCE_MEAN, 0);
    assert_string_equal(ty_grad_fn_name(loss), "NllLossBackward0");
    assert_int_equal(ty_backward(loss, NULL, false, false), TY_OK);
    EXPECT(loss, 0.2651263475418091);
    EXPECT(ty_retain(ty_grad_of(x)), 0.11561194062232971, -0.18573415279388428, 0.07012218981981277,
           0.008573911152780056, 0.023306312039494514, -0.03188022971153259);
    EXPECT(ty_cross_entropy(x, some, weight, -100, TY_REDUCE_MEAN, 0.1), 0.5887749195098877);
    EXPECT(ty_cross_entropy(x, t, weight, -100, TY_REDUCE_SUM, 0), 0.5961366295814514);
    EXPECT(ty_cross_entropy(x, p, NULL, -100, TY_REDUCE_MEAN, 0), 2.1401264667510986);
    EXPECT(ty_cross_entropy(x, none, NULL, -100, TY_REDUCE_MEAN, 0), NAN);
    EXPECT(ty_mse_loss(x, p, TY_REDUCE_SUM), 0.64 + 2.89 + 0 + 1.21 + 0.64 + 8.41);
    ty_tensor *list[] = {x, t, weight, some, none, p};
    for (int i = 0; i < 6; i++)
        ty_release(list[i]);
}

static void test_gradients_of_losses(void **state)
{
    (void)state;
    ty_manual_seed(NULL, 2);
    DIFFERENCES(f_softmax, RANDOM(2, 3));
    DIFFERENCES(f_softmax, RANDOM(2, 3, 2));
    DIFFERENCES(f_log_softmax, RANDOM(3, 2));
    for (reduction = TY_REDUCE_NONE; reduction <= TY_REDUCE_SUM; reduction++) {
        class_target = LONGS(SIZES(4), 0, 2, 1, 3); /* class 2 is ignored */
        for (int weighted = 0; weighted < 2; weighted++) {
            if (weighted)
                class_weight = ty_from_data((double[]){0.5, 1, 2, 0.25}, SIZES(4), TY_FLOAT64);
            for (smoothing = 0; smoothing < 0.3; smoothing += 0.2)
                DIFFERENCES(f_cross_entropy, RANDOM(4, 4));
            DIFFERENCES(f_nll, RANDOM(4, 4));
        }
        ty_release(class_target);
        class_target = LONGS(SIZES(1, 3), 0, 2, 3);
        smoothing = 0;
        DIFFERENCES(f_cross_entropy, RANDOM(1, 4, 3));
        DIFFERENCES(f_nll, RANDOM(1, 4, 3));
        ty_release(class_target);
        ty_release(class_weight);
        class_weight = NULL;
        smoothing = 0.1;
        DIFFERENCES(f_probabilities, RANDOM(2, 3), RANDOM(2, 3));
        DIFFERENCES(f_mse, RANDOM(2, 3), RANDOM(2, 3));
        DIFFERENCES(f_mse, RANDOM(2, 3), RANDOM(3));
    }
}

static void test_wrong_targets_are_named(void **state)
{
    (void)state;
    ty_tensor *x = ty_zeros(SIZES(2, 3), TY_FLOAT32, TY_DEVICE_CPU), *t = LONGS(SIZES(2), 0, 5);
    ty_tensor *three = LONGS(SIZES(3), 0, 1, 2), *column = LONGS(SIZES(2, 1), 0, 1), *floats = FLOATS(SIZES(2), 0, 1);
    refused(ty_cross_entropy(x, t, NULL, -100, TY_REDUCE_MEAN, 0),
            "target 5 is no class: the input has 3 classes, 0 to 2");
    ty_set_index_base(1);
    refused(ty_cross_entropy(x, t, NULL, -100, TY_REDUCE_MEAN, 0),
            "target 6 is no class: the input has 3 classes, 1 to 3");
    refused(ty_cross_entropy(x, column, NULL, -100, TY_REDUCE_MEAN, 0), "did you mean target:squeeze(2)?");
    ty_set_index_base(0);
    refused(ty_cross_entropy(x, three, NULL, -100, TY_REDUCE_MEAN, 0), "a batch of 2 against one of 3");
    refused(ty_cross_entropy(x, floats, NULL, -100, TY_REDUCE_MEAN, 0), "target:to(ty.int64)");
    refused(ty_cross_entropy(x, t, NULL, -100, TY_REDUCE_MEAN, NAN), "label_smoothing");
    refused(ty_softmax(t, 0, TY_DTYPE_NONE), "floating");
    ty_tensor *list[] = {x, t, three, column, floats};
    for (int i = 0; i < 5; i++)
        ty_release(list[i]);
}

/* ---- Indexing ---- */

static ty_tensor *places, *more_places, *mask; /* of the functions below */

static ty_tensor *f_index(ty_tensor *const *in)
{
    return ty_index(in[0], 3, (ty_tensor *[]){places, NULL, more_places});
}

static ty_tensor *f_index_mask(ty_tensor *const *in)
{
    return ty_index(in[0], 1, &mask);
}

static ty_tensor *put(ty_tensor *const *in, int count, ty_tensor *const *indices, bool accumulate)
{
    ty_tensor *x = ty_clone(in[0]), *out = ty_index_put_(x, count, indices, in[1], accumulate);
    ty_release(x);
    return out;
}

static ty_tensor *f_put(ty_tensor *const *in)
{
    return put(in, 2, (ty_tensor *[]){NULL, places}, false);
}

static ty_tensor *f_put_accumulate(ty_tensor *const *in)
{
    return put(in, 2, (ty_tensor *[]){NULL, places}, true);
}

static ty_tensor *f_put_mask(ty_tensor *const *in)
{
    return put(in, 1, &mask, false);
}

static ty_tensor *f_gather(ty_tensor *const *in)
{
    return ty_gather(in[0], 1, more_places);
}

static ty_tensor *f_scatter(ty_tensor *const *in)
{
    return ty_scatter(in[0], 1, more_places, in[1]);
}

static ty_tensor *f_scatter_add(ty_tensor *const *in)
{
    return ty_scatter_add(in[0], 0, more_places, in[1]);
}

static ty_tensor *f_index_select(ty_tensor *const *in)
{
    return ty_index_select(in[0], 1, places);
}

static ty_tensor *f_masked_fill(ty_tensor *const *in)
{
    return ty_masked_fill(in[0], mask, in[1]);
}

static ty_tensor *f_masked_select(ty_tensor *const *in)
{
    return ty_masked_select(in[0], mask);
}

static ty_tensor *f_sort(ty_tensor *const *in)
{
    ty_tensor *indices, *values = ty_sort(in[0], 0, true, false, &indices);
    ty_release(indices);
    return values;
}

static ty_tensor *f_topk(ty_tensor *const *in)
{
    ty_tensor *indices, *values = ty_topk(in[0], 2, -1, true, true, &indices);
    ty_release(indices);
    return values;
}

static ty_tensor *f_gather_rows(ty_tensor *const *in)
{
    ty_tensor *rows = ty_gather_rows(in[0], places, 0.5, 1), *wide = ty_to_dtype(rows, TY_FLOAT64);
    ty_release(rows);
    return wide;
}

static void test_indexing_places_dimensions_as_pytorch(void **state)
{
    (void)state;
    ty_tensor *flat = ty_arange(ty_int(0), ty_int(24), ty_int(1), TY_INT64, TY_DEVICE_CPU),
              *x = ty_view(flat, SIZES(2, 3, 4));
    ty_tensor *i = LONGS(SIZES(2), 1, -1), *j = LONGS(SIZES(3, 1), 0, 3, -2), *m = BOOLS(SIZES(2, 3), 1, 0, 0, 0, 1, 1);
    ty_tensor *apart = ty_index(x, 3, (ty_tensor *[]){i, NULL, j});
    assert_int_equal(ty_ndim(apart), 3);
    assert_int_equal(ty_sizes(apart)[0], 3);
    assert_int_equal(ty_sizes(apart)[1], 2);
    EXPECT(apart, 12, 16, 20, 12, 16, 20, 15, 19, 23, 15, 19, 23, 14, 18, 22, 14, 18, 22);
    ty_tensor *together = ty_index(x, 3, (ty_tensor *[]){NULL, i, i});
    assert_int_equal(ty_sizes(together)[0], 2);
    EXPECT(together, 5, 11, 17, 23);
    EXPECT(ty_index(x, 1, &m), 0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23);
    ty_tensor *turned = ty_transpose(x, 1, 2), *tm = BOOLS(SIZES(2, 4), 0, 0, 0, 1, 1, 0, 0, 0);
    EXPECT(ty_index(turned, 1, &tm), 3, 7, 11, 12, 16, 20);
    EXPECT(ty_nonzero(m), 0, 0, 1, 1, 1, 2);
    ty_tensor *never = BOOLS(SIZES(1), 0), *none = ty_masked_select(x, never);
    assert_int_equal(ty_numel(none), 0);
    ty_tensor *list[] = {flat, x, i, j, m, turned, tm, never, none};
    for (int k = 0; k < 9; k++)
        ty_release(list[k]);
}

static void test_writing_by_index(void **state)
{
    (void)state;
    ty_tensor *x = ty_zeros(SIZES(4), TY_FLOAT32, TY_DEVICE_CPU), *i = LONGS(SIZES(3), 1, 1, -1),
              *v = FLOATS(SIZES(3), 1, 2, 3);
    ty_tensor *m = BOOLS(SIZES(4), 1, 0, 0, 1), *nine = whole(9), *shifted = ty_slice(x, 0, 0, 3, 1),
              *next = LONGS(SIZES(3), 1, 2, 3);
    EXPECT(ty_index_put_(x, 1, &i, v, true), 0, 3, 0, 3);
    EXPECT(ty_index_put_(x, 1, &m, nine, false), 9, 3, 0, 9);
    EXPECT(ty_index_put_(x, 1, &next, shifted, false), 9, 9, 3, 0); /* values that the write would overwrite */
    EXPECT(ty_scatter_add(x, 0, i, v), 9, 12, 3, 3);
    EXPECT(ty_scatter(x, 0, next, nine), 9, 9, 9, 9);
    ty_tensor *classes = LONGS(SIZES(2), 2, 0);
    EXPECT(ty_one_hot(classes, -1), 0, 0, 1, 1, 0, 0);
    ty_tensor *from_one = LONGS(SIZES(3), 1, -2, 3), *zero = LONGS(SIZES(2), 0, 1);
    EXPECT(ty_index_from_one(from_one, NULL), 0, -2, 2);
    refused(ty_index_from_one(zero, NULL), "indices count from 1");
    ty_tensor *bytes = ty_from_data((uint8_t[]){0, 51, 102, 153, 204, 255}, SIZES(3, 2), TY_UINT8);
    EXPECT(ty_gather_rows(bytes, classes, 1.0 / 255, -0.5), 0.3, 0.5, -0.5, -0.3);
    ty_tensor *list[] = {x, i, v, m, nine, shifted, next, classes, from_one, zero, bytes};
    for (int k = 0; k < 11; k++)
        ty_release(list[k]);
}

static void test_gradients_of_indexing(void **state)
{
    (void)state;
    ty_manual_seed(NULL, 3);
    places = LONGS(SIZES(2), 1, -1);
    more_places = LONGS(SIZES(2, 1), 0, 2);
    mask = BOOLS(SIZES(2, 3), 1, 0, 1, 0, 0, 1);
    DIFFERENCES(f_index, RANDOM(2, 2, 3));
    DIFFERENCES(f_index_mask, RANDOM(2, 3, 2));
    DIFFERENCES(f_index_select, RANDOM(2, 3));
    DIFFERENCES(f_put, RANDOM(2, 3), RANDOM(2));
    DIFFERENCES(f_put_accumulate, RANDOM(2, 3), RANDOM(2, 1));
    DIFFERENCES(f_put_mask, RANDOM(2, 3), RANDOM(3));
    DIFFERENCES(f_put_mask, RANDOM(2, 3), RANDOM(1));
    DIFFERENCES(f_gather, RANDOM(2, 3));
    DIFFERENCES(f_scatter, RANDOM(2, 3), RANDOM(2, 1));
    DIFFERENCES(f_scatter_add, RANDOM(3, 2), RANDOM(2, 2));
    DIFFERENCES(f_masked_fill, RANDOM(2, 3), random_leaf(0, NULL));
    DIFFERENCES(f_masked_select, RANDOM(2, 3));
    DIFFERENCES(f_sort, RANDOM(4, 2));
    DIFFERENCES(f_topk, RANDOM(2, 4));
    ty_tensor *rows = RANDOM(3, 2), *out = f_gather_rows(&rows); /* single precision: the rule, not differences */
    ty_tensor *sum = ty_sum(out, 0, NULL, false, TY_DTYPE_NONE);
    assert_int_equal(ty_backward(sum, NULL, false, false), TY_OK);
    EXPECT(ty_retain(ty_grad_of(rows)), 0, 0, 0.5, 0.5, 0.5, 0.5);
    ty_release(rows);
    ty_release(out);
    ty_release(sum);
    ty_release(places);
    ty_release(more_places);
    ty_release(mask);
}

static void test_wrong_indices_are_named(void **state)
{
    (void)state;
    ty_tensor *x = ty_zeros(SIZES(3, 4), TY_FLOAT32, TY_DEVICE_CPU), *high = LONGS(SIZES(2), 0, 4),
              *m = BOOLS(SIZES(2), 1, 0);
    ty_tensor *two = LONGS(SIZES(2), 0, 1);
    ty_tensor *three = LONGS(SIZES(3), 0, 1, 2), *bytes = ty_zeros(SIZES(2), TY_UINT8, TY_DEVICE_CPU),
              *huge = LONGS(SIZES(1), INT64_MAX);
    refused(ty_index(x, 2, (ty_tensor *[]){NULL, high}), "index 4 is out of range for dimension 1 with size 4");
    ty_set_index_base(1);
    refused(ty_index(x, 2, (ty_tensor *[]){NULL, high}), "index 5 is out of range for dimension 2 with size 4");
    ty_set_index_base(0);
    assert_int_equal(ty_error_what(), TY_ERROR_INDEX);
    refused(ty_index(x, 1, &m), "a mask of shape {2} does not fit the shape {3, 4}");
    refused(ty_index(x, 1, &bytes), "uint8");
    refused(ty_index(x, 1, &x), "integer");
    refused(ty_index(x, 3, (ty_tensor *[]){three, three, three}), "too many indices (3)");
    refused(ty_index(x, 2, (ty_tensor *[]){three, two}), "{3} and {2}");
    refused(ty_index_put_(x, 1, &three, high, false), "int64 and the tensor is float32");
    refused(ty_gather(x, 1, three), "as many dimensions");
    refused(ty_one_hot(three, 2), "class 2 is out of range for 2 classes");
    refused(ty_one_hot(huge, -1), "so large a class");
    ty_tensor *indices;
    refused(ty_topk(x, 5, 1, true, true, &indices), "k is 5");
    assert_null(indices);
    ty_tensor *list[] = {x, high, m, two, three, bytes, huge};
    for (int i = 0; i < 7; i++)
        ty_release(list[i]);
}

static void test_sort_keeps_equal_elements_in_order(void **state)
{
    (void)state;
    ty_tensor *x = FLOATS(SIZES(5), 2, NAN, 1, 2, 1), *indices;
    EXPECT(ty_sort(x, 0, false, true, &indices), 1, 1, 2, 2, NAN);
    EXPECT(indices, 2, 4, 0, 3, 1);
    EXPECT(ty_sort(x, 0, true, true, &indices), NAN, 2, 2, 1, 1);
    EXPECT(indices, 1, 0, 3, 2, 4);
    EXPECT(ty_topk(x, 2, 0, false, true, &indices), 1, 1);
    ty_release(indices);
    ty_release(x);
}

/* ---- Optimisers ---- */

static void optimise(const char *kind, int options_count, const char *const *names, const double *values,
                     const double *want)
{
    ty_tensor *p = wanting(FLOATS(SIZES(3), 1, -2, 3));
    ty_optim *o = ty_optim_new(kind, 1, &p);
    assert_non_null(o);
    for (int i = 0; i < options_count; i++)
        assert_int_equal(ty_optim_set(o, names[i], values[i]), TY_OK);
    static const float grads[2][3] = {{.5f, -1, 2}, {1, 1, -1}};
    assert_int_equal(ty_optim_step(o), TY_OK); /* without a gradient nothing moves */
    assert_int_equal(ty_optim_step_count(o, 0), 0);
    for (int step = 0; step < 2; step++) {
        ty_tensor *g = ty_from_data(grads[step], SIZES(3), TY_FLOAT32);
        assert_int_equal(ty_set_grad(p, g), TY_OK);
        ty_release(g);
        uint32_t version = ty_version(p);
        assert_int_equal(ty_optim_step(o), TY_OK);
        assert_true(ty_version(p) != version);
    }
    assert_int_equal(ty_optim_step_count(o, 0), 2);
    expect(ty_retain(p), 2e-6, 3, want);
    assert_int_equal(ty_optim_zero_grad(o, true), TY_OK);
    assert_null(ty_grad_of(p));
    ty_optim_free(o);
    ty_release(p);
}

static void test_optimisers_step_as_pytorch(void **state)
{
    (void)state;
    optimise("SGD", 3, (const char *[]){"lr", "momentum", "weight_decay"}, (double[]){.1, .9, .01},
             (double[]){0.802151024, -1.904302, 2.71150303});
    optimise("Adam", 1, (const char *[]){"lr"}, (double[]){.1}, (double[]){0.803481817, -1.90526319, 2.87336636});
    optimise("AdamW", 1, (const char *[]){"lr"}, (double[]){.1}, (double[]){0.801582813, -1.90136528, 2.86746931});
}

static void refused_option(ty_status status, const char *part)
{
    assert_int_equal(status, TY_FAIL);
    refused(NULL, part);
}

static void test_optimisers_refuse_nonsense(void **state)
{
    (void)state;
    ty_tensor *p = wanting(FLOATS(SIZES(2), 1, 2)), *longs = LONGS(SIZES(1), 1);
    ty_optim *o = ty_optim_new("SGD", 1, &p), *adam = ty_optim_new("Adam", 1, &p);
    refused_option(ty_optim_set(o, "lr", -1), "invalid learning rate: -1");
    refused_option(ty_optim_set(o, "lr", NAN), "invalid learning rate");
    refused_option(ty_optim_set(o, "beta1", .5), "the options are lr, momentum");
    refused_option(ty_optim_set(adam, "beta1", 1), "beta1: 1");
    assert_int_equal(ty_optim_set(o, "nesterov", 1), TY_OK);
    refused_option(ty_optim_step(o), "nesterov needs a momentum");
    assert_null(ty_optim_new("SGD", 0, NULL));
    assert_null(ty_optim_new("Sgd", 1, &p));
    assert_null(ty_optim_new("SGD", 1, &longs));
    assert_null(ty_optim_new("SGD", 2, (ty_tensor *[]){p, p}));
    refused_option(ty_optim_set_state(adam, 0, "exp_avg", longs), "has shape {1}");
    assert_null(ty_optim_state(adam, 0, "exp_avg"));
    ty_optim_free(o);
    ty_optim_free(adam);
    ty_release(p);
    ty_release(longs);
}

/* ---- Leaks ---- */

static size_t blocks_at_start;

static int remember_blocks(void **state)
{
    (void)state;
    ty_memory_stats stats;
    ty_release(ty_randn(SIZES(2), TY_FLOAT64, TY_DEVICE_CPU, NULL)); /* makes the default generator */
    ty_get_memory_stats(&stats);
    blocks_at_start = stats.live_blocks;
    return 0;
}

static int nothing_leaked(void **state)
{
    (void)state;
    ty_memory_stats stats;
    ty_get_memory_stats(&stats);
    if (stats.live_blocks != blocks_at_start)
        print_error("%zu blocks of tensors were not released\n", stats.live_blocks - blocks_at_start);
    return stats.live_blocks == blocks_at_start ? 0 : -1;
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, remember_blocks, nothing_leaked)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(test_products_have_pytorchs_values),
        CLEAN(test_gradients_of_products),
        CLEAN(test_misfits_name_shapes_and_cure),
        CLEAN(test_losses_have_pytorchs_values),
        CLEAN(test_gradients_of_losses),
        CLEAN(test_wrong_targets_are_named),
        CLEAN(test_indexing_places_dimensions_as_pytorch),
        CLEAN(test_writing_by_index),
        CLEAN(test_gradients_of_indexing),
        CLEAN(test_wrong_indices_are_named),
        CLEAN(test_sort_keeps_equal_elements_in_order),
        CLEAN(test_optimisers_step_as_pytorch),
        CLEAN(test_optimisers_refuse_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
