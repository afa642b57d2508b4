/*
 * What a tensor prints as: PyTorch's layout with Lua's braces. The expected texts are PyTorch's own.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tycho.h"

/* Takes x over. */
static void expect_with(ty_tensor *x, const ty_print_options *options, const char *text)
{
    if (!x)
        fail_msg("no tensor: %s", ty_error());
    char *s = ty_to_string(x, options);
    if (!s)
        fail_msg("no text: %s", ty_error());
    assert_string_equal(s, text);
    free(s);
    ty_release(x);
}

static void expect(ty_tensor *x, const char *text)
{
    expect_with(x, NULL, text);
}

#define SIZES(...)                                                                                                     \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                             \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define TENSOR(shape, ...)   ty_from_data((float[]){__VA_ARGS__}, shape, TY_FLOAT32)
#define IN_ORDER(count, ...) in_order(count, SIZES(__VA_ARGS__))

/* 0, 1, 2, ... in a shape. */
static ty_tensor *in_order(ty_scalar count, int ndim, const int64_t *sizes)
{
    ty_tensor *flat = ty_arange(count.kind == TY_SCALAR_INT ? ty_int(0) : ty_float(0), count, ty_int(1), TY_DTYPE_NONE,
                                TY_DEVICE_CPU);
    ty_tensor *x = ty_view(flat, ndim, sizes);
    ty_release(flat);
    return x;
}

static void test_floats_share_a_column_width(void **state)
{
    (void)state;
    expect(TENSOR(SIZES(1, 1), 0.3171f), "tensor({{0.3171}})");
    expect(TENSOR(SIZES(3), 1, -2.5f, 3.25f), "tensor({ 1.0000, -2.5000,  3.2500})");
    expect(ty_full(0, NULL, ty_float(2.5), TY_FLOAT32, TY_DEVICE_CPU), "tensor(2.5000)");
}

static void test_whole_floats_end_in_a_point(void **state)
{
    (void)state;
    expect(TENSOR(SIZES(3), 1, 2, -3), "tensor({ 1.,  2., -3.})");
    expect(TENSOR(SIZES(3), 1, NAN, -INFINITY), "tensor({1., nan, -inf})");
    expect(TENSOR(SIZES(2), 0, -NAN), "tensor({0., nan})");
}

static void test_wide_ranges_turn_scientific(void **state)
{
    (void)state;
    expect(TENSOR(SIZES(2), 1e-5f, 1), "tensor({1.0000e-05, 1.0000e+00})");
    ty_print_options plain = ty_print_defaults;
    plain.sci_mode = 0;
    expect_with(TENSOR(SIZES(2), 1e-5f, 1), &plain, "tensor({0.0000, 1.0000})");
}

static void test_integers_and_masks(void **state)
{
    (void)state;
    expect(ty_from_data((int64_t[]){1, -20, 300, 4}, SIZES(2, 2), TY_INT64),
           "tensor({{  1, -20},\n        {300,   4}})");
    expect(ty_from_data((bool[]){true, false}, SIZES(2), TY_BOOL), "tensor({ true, false})");
    expect(ty_from_data((uint8_t[]){1, 2}, SIZES(2), TY_UINT8), "tensor({1, 2}, {dtype = \"uint8\"})");
}

static void test_lines_break_at_the_width(void **state)
{
    (void)state;
    expect(IN_ORDER(ty_int(30), 30), "tensor({ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
                                     "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29})");
}

static void test_matrices_of_a_stack_stand_apart(void **state)
{
    (void)state;
    expect(IN_ORDER(ty_float(24), 2, 3, 4), "tensor({{{ 0.,  1.,  2.,  3.},\n"
                                            "         { 4.,  5.,  6.,  7.},\n"
                                            "         { 8.,  9., 10., 11.}},\n"
                                            "\n"
                                            "        {{12., 13., 14., 15.},\n"
                                            "         {16., 17., 18., 19.},\n"
                                            "         {20., 21., 22., 23.}}})");
}

static void test_views_print_as_they_are_seen(void **state)
{
    (void)state;
    ty_tensor *x = TENSOR(SIZES(2, 2), 1, 2, 3, 4);
    expect(ty_t(x), "tensor({{1., 3.},\n        {2., 4.}})");
    ty_release(x);
}

static void test_large_tensors_show_their_ends(void **state)
{
    (void)state;
    expect(IN_ORDER(ty_float(2000), 2000), "tensor({0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,\n"
                                           "        1.9990e+03})");
    expect(IN_ORDER(ty_int(2002), 1001, 2), "tensor({{   0,    1},\n"
                                            "        {   2,    3},\n"
                                            "        {   4,    5},\n"
                                            "        ...,\n"
                                            "        {1996, 1997},\n"
                                            "        {1998, 1999},\n"
                                            "        {2000, 2001}})");
    ty_print_options small = {.precision = 2, .threshold = 5, .edge_items = 1, .line_width = 30, .sci_mode = 1};
    ty_tensor *x = IN_ORDER(ty_float(12), 3, 4), *three = ty_scalar_tensor(ty_int(3), TY_DTYPE_NONE, true);
    expect_with(ty_div(x, three), &small,
                "tensor({{0.00e+00,  ...,\n"
                "         1.00e+00},\n"
                "        ...,\n"
                "        {2.67e+00,  ...,\n"
                "         3.67e+00}})");
    ty_release(x);
    ty_release(three);
}

static void test_a_huge_view_prints_at_once(void **state)
{
    (void)state;
    ty_tensor *one = ty_ones(0, NULL, TY_FLOAT32, TY_DEVICE_CPU);
    expect(ty_expand(one, SIZES(1000000, 1000000)), "tensor({{1., 1., 1.,  ..., 1., 1., 1.},\n"
                                                    "        {1., 1., 1.,  ..., 1., 1., 1.},\n"
                                                    "        {1., 1., 1.,  ..., 1., 1., 1.},\n"
                                                    "        ...,\n"
                                                    "        {1., 1., 1.,  ..., 1., 1., 1.},\n"
                                                    "        {1., 1., 1.,  ..., 1., 1., 1.},\n"
                                                    "        {1., 1., 1.,  ..., 1., 1., 1.}})");
    ty_release(one);
}

static void test_empty_tensors_say_their_size(void **state)
{
    (void)state;
    expect(ty_zeros(SIZES(0), TY_FLOAT32, TY_DEVICE_CPU), "tensor({})");
    expect(ty_zeros(SIZES(0, 3), TY_FLOAT32, TY_DEVICE_CPU), "tensor({}, {size = {0, 3}})");
    expect(ty_zeros(SIZES(0), TY_INT64, TY_DEVICE_CPU), "tensor({}, {dtype = \"int64\"})");
}

static void test_gradients_are_mentioned(void **state)
{
    (void)state;
    ty_tensor *x = ty_ones(SIZES(2, 13), TY_FLOAT64, TY_DEVICE_CPU),
              *two = ty_scalar_tensor(ty_int(2), TY_DTYPE_NONE, true);
    ty_tensor *y = ty_ones(SIZES(3), TY_FLOAT32, TY_DEVICE_CPU);
    assert_int_equal(ty_set_requires_grad(x, true), TY_OK);
    assert_int_equal(ty_set_requires_grad(y, true), TY_OK);
    expect(ty_mul(y, two), "tensor({2., 2., 2.}, {grad_fn = \"MulBackward0\"})");
    expect(y, "tensor({1., 1., 1.}, {requires_grad = true})");
    expect(ty_mul(x, two), "tensor({{2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2.},\n"
                           "        {2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2., 2.}},\n"
                           "       {dtype = \"float64\", grad_fn = \"MulBackward0\"})");
    ty_release(x);
    ty_release(two);
}

static void test_extreme_values_and_options_fit(void **state)
{
    (void)state;
    ty_print_options odd = {.precision = 1000000, .threshold = -5, .edge_items = -1, .line_width = -80, .sci_mode = 0};
    ty_tensor *x = ty_from_data((double[]){1.7976931348623157e308, 0.1}, SIZES(2), TY_FLOAT64);
    char *s = ty_to_string(x, &odd);
    assert_non_null(s);
    free(s);
    odd.edge_items = 3;
    s = ty_to_string(x, &odd);
    assert_non_null(s);
    assert_true(strlen(s) > 600);
    free(s);
    ty_release(x);
    assert_null(ty_to_string(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats_share_a_column_width),  cmocka_unit_test(test_whole_floats_end_in_a_point),
        cmocka_unit_test(test_wide_ranges_turn_scientific),  cmocka_unit_test(test_integers_and_masks),
        cmocka_unit_test(test_lines_break_at_the_width),     cmocka_unit_test(test_matrices_of_a_stack_stand_apart),
        cmocka_unit_test(test_views_print_as_they_are_seen), cmocka_unit_test(test_large_tensors_show_their_ends),
        cmocka_unit_test(test_a_huge_view_prints_at_once),   cmocka_unit_test(test_empty_tensors_say_their_size),
        cmocka_unit_test(test_gradients_are_mentioned),      cmocka_unit_test(test_extreme_values_and_options_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
