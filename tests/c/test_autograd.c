/*
 * The tape and the engine: accumulation, graphs gone through twice, second derivatives, in-place changes of tensors and
 * of views, version checks, gradients of given tensors, very deep graphs.
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

static ty_tensor *vector(int n, const float *values)
{
    ty_tensor *x = ty_from_data(values, 1, (int64_t[]){n}, TY_FLOAT32);
    assert_non_null(x);
    return x;
}

static ty_tensor *leaf(int n, const float *values)
{
    ty_tensor *x = vector(n, values);
    assert_int_equal(ty_set_requires_grad(x, true), TY_OK);
    return x;
}

static ty_tensor *number(double value)
{
    return ty_scalar_tensor(ty_float(value), TY_DTYPE_NONE, true);
}

static void expect(ty_tensor *x, int n, const float *values)
{
    if (!x)
        fail_msg("no tensor: %s", ty_error());
    assert_int_equal(ty_numel(x), n);
    ty_tensor *dense = ty_contiguous(x);
    const float *data = ty_data(dense);
    for (int i = 0; i < n; i++)
        if (!(fabsf(data[i] - values[i]) <= 1e-5f * fmaxf(1, fabsf(values[i]))))
            fail_msg("element %d is %g, expected %g", i, data[i], values[i]);
    ty_release(dense);
}

#define EXPECT(x, ...) expect(x, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})
#define LEAF(...)      leaf(sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})
#define VECTOR(...)    vector(sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})

static ty_tensor *total(ty_tensor *x)
{
    return ty_sum(x, 0, NULL, false, TY_DTYPE_NONE);
}

static void backward(ty_tensor *x)
{
    if (ty_backward(x, NULL, false, false) != TY_OK)
        fail_msg("backward: %s", ty_error());
}

static void release_all(int n, ty_tensor **list)
{
    for (int i = 0; i < n; i++)
        ty_release(list[i]);
}
#define RELEASE(...)                                                                                                   \
    release_all(sizeof((ty_tensor *[]){__VA_ARGS__}) / sizeof(ty_tensor *), (ty_tensor *[]){__VA_ARGS__})

static void gradients_accumulate_over_backwards(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2, 3);
    for (int pass = 1; pass <= 3; pass++) {
        ty_tensor *y = ty_mul(x, x), *s = total(y);
        backward(s);
        EXPECT(ty_grad_of(x), 2.0f * pass, 4.0f * pass, 6.0f * pass);
        RELEASE(y, s);
    }
    assert_int_equal(ty_set_grad(x, NULL), TY_OK);
    assert_null(ty_grad_of(x));
    ty_release(x);
}

static void a_value_used_twice_gets_both_gradients(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(2, 3), *a = ty_exp(x), *b = ty_mul(a, x), *c = ty_add(a, b, ty_int(1)), *s = total(c);
    backward(s); /* d/dx e^x (1 + x) = e^x (2 + x) */
    EXPECT(ty_grad_of(x), expf(2) * 4, expf(3) * 5);
    RELEASE(x, a, b, c, s);
}

static void a_graph_is_gone_through_once_unless_retained(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *y = ty_mul(x, x), *s = total(y);
    assert_int_equal(ty_backward(s, NULL, true, false), TY_OK);
    assert_int_equal(ty_backward(s, NULL, false, false), TY_OK);
    EXPECT(ty_grad_of(x), 4, 8);
    assert_int_equal(ty_backward(s, NULL, false, false), TY_FAIL);
    assert_non_null(strstr(ty_error(), "retain_graph"));
    RELEASE(x, y, s);
}

static void backward_frees_what_was_saved(void **state)
{
    (void)state;
    ty_memory_stats before, during, after;
    ty_get_memory_stats(&before);
    ty_tensor *x = ty_zeros(1, (int64_t[]){1 << 16}, TY_FLOAT32, TY_DEVICE_CPU);
    assert_int_equal(ty_set_requires_grad(x, true), TY_OK);
    ty_tensor *y = ty_retain(x);
    for (int i = 0; i < 10; i++) {
        ty_tensor *next = ty_sin(y);
        ty_release(y);
        y = next;
    }
    ty_tensor *s = total(y);
    ty_release(y);
    ty_get_memory_stats(&during);
    assert_true(during.live - before.live > 10 * (1 << 18));
    backward(s);
    ty_get_memory_stats(&after);
    assert_true(after.live - before.live < 3 * (1 << 18)); /* x and its gradient */
    RELEASE(x, s);
}

static void second_derivatives(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(0.5f, -1, 2), *cube = ty_mul(x, x), *y = ty_mul(cube, x), *s = total(y), *g = NULL, *h = NULL;
    assert_int_equal(ty_grad(1, &s, NULL, 1, &x, false, true, false, &g), TY_OK);
    EXPECT(g, 0.75f, 3, 12); /* 3 x^2 */
    ty_tensor *t = total(g);
    assert_int_equal(ty_grad(1, &t, NULL, 1, &x, false, false, false, &h), TY_OK);
    EXPECT(h, 3, -6, 12); /* 6 x */
    RELEASE(x, cube, y, s, g, h, t);
}

static void second_derivative_of(ty_tensor *(*f)(ty_tensor *), double (*second)(double))
{
    ty_tensor *x = LEAF(0.3f, 0.7f), *y = f(x), *s = total(y), *g = NULL, *h = NULL;
    assert_int_equal(ty_grad(1, &s, NULL, 1, &x, false, true, false, &g), TY_OK);
    ty_tensor *t = total(g);
    if (ty_grad(1, &t, NULL, 1, &x, false, false, false, &h) != TY_OK)
        fail_msg("%s", ty_error());
    EXPECT(h, (float)second(0.3f), (float)second(0.7f));
    RELEASE(x, y, s, g, t, h);
}

static double tanh2(double x)
{
    double t = tanh(x);
    return -2 * t * (1 - t * t);
}

static double sigmoid2(double x)
{
    double s = 1 / (1 + exp(-x));
    return s * (1 - s) * (1 - 2 * s);
}

static double log2nd(double x)
{
    return -1 / (x * x);
}

static void fused_gradients_differentiate_again(void **state)
{
    (void)state;
    second_derivative_of(ty_tanh, tanh2);
    second_derivative_of(ty_sigmoid, sigmoid2);
    second_derivative_of(ty_log, log2nd);
    second_derivative_of(ty_exp, exp);
}

static void broadcast_gradients_are_summed(void **state)
{
    (void)state;
    ty_tensor *row = LEAF(1, 2, 3), *flat = LEAF(10, 20), *column = ty_view(flat, 2, (int64_t[]){2, 1});
    ty_tensor *y = ty_mul(row, column), *s = total(y);
    backward(s);
    EXPECT(ty_grad_of(row), 30, 30, 30);
    EXPECT(ty_grad_of(flat), 6, 6);
    RELEASE(row, flat, column, y, s);
}

static void grad_reaches_intermediate_tensors(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *y = ty_mul(x, x), *z = ty_exp(y), *s = total(z), *g[2] = {NULL};
    ty_tensor *inputs[] = {y, x};
    assert_int_equal(ty_grad(1, &s, NULL, 2, inputs, false, false, false, g), TY_OK);
    EXPECT(g[0], expf(1), expf(4));
    EXPECT(g[1], 2 * expf(1), 4 * expf(4));
    assert_null(ty_grad_of(x)); /* gradients asked for are not accumulated */
    RELEASE(x, y, z, s, g[0], g[1]);
}

static void unused_inputs_are_told(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *other = LEAF(1), *s = total(x), *g = NULL;
    assert_int_equal(ty_grad(1, &s, NULL, 1, &other, true, false, false, &g), TY_FAIL);
    assert_non_null(strstr(ty_error(), "allow_unused"));
    assert_int_equal(ty_grad(1, &s, NULL, 1, &other, true, false, true, &g), TY_OK);
    assert_null(g);
    RELEASE(x, other, s);
}

static void retained_gradients_of_results(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(3), *y = ty_mul(x, x), *z = ty_mul(y, y), *s = total(z);
    assert_int_equal(ty_retain_grad(y), TY_OK);
    backward(s);
    EXPECT(ty_grad_of(y), 18);
    EXPECT(ty_grad_of(x), 108);
    RELEASE(x, y, z, s);
}

static void no_grad_records_nothing(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = ty_mul(x, x);
    ty_set_grad_enabled(was);
    assert_false(ty_requires_grad(y));
    assert_null(ty_grad_fn_name(y));
    assert_int_equal(ty_backward(y, NULL, false, false), TY_FAIL);
    assert_non_null(strstr(ty_error(), "does not require a gradient"));
    RELEASE(x, y);
}

static void a_saved_value_changed_in_place_is_an_error(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *y = ty_exp(x), *z = ty_mul(y, y), *one = number(1), *s = total(z);
    ty_release(ty_add_(y, one, ty_int(1)));
    assert_int_equal(ty_backward(s, NULL, false, false), TY_FAIL);
    assert_non_null(strstr(ty_error(), "in-place"));
    RELEASE(x, y, z, one, s);
}

static void leaves_that_require_grad_are_not_changed_in_place(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *one = number(1), *view = ty_slice(x, 0, 0, 1, 1);
    assert_null(ty_add_(x, one, ty_int(1)));
    assert_non_null(strstr(ty_error(), "leaf"));
    assert_null(ty_add_(view, one, ty_int(1)));
    bool was = ty_set_grad_enabled(false);
    ty_tensor *done = ty_add_(x, one, ty_int(1));
    ty_set_grad_enabled(was);
    EXPECT(done, 2, 3);
    RELEASE(x, one, view, done);
}

static void in_place_ops_carry_gradients(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(2, 3), *y = ty_mul(x, x), *three = number(3);
    ty_release(ty_mul_(y, three)); /* 3 x^2 */
    ty_release(ty_mul_(y, x));     /* 3 x^3 */
    ty_release(ty_sqrt_(y));
    ty_tensor *s = total(y);
    backward(s); /* d sqrt(3 x^3) = 9 x^2 / (2 sqrt(3 x^3)) */
    EXPECT(ty_grad_of(x), 36 / (2 * sqrtf(24)), 81 / (2 * sqrtf(81)));
    RELEASE(x, y, three, s);
}

static void changing_a_view_changes_the_history_of_its_base(void **state)
{
    (void)state;
    ty_tensor *w = LEAF(5), *base = ty_zeros(1, (int64_t[]){3}, TY_FLOAT32, TY_DEVICE_CPU);
    ty_tensor *v = ty_slice(base, 0, 1, 2, 1);
    ty_release(ty_copy_(v, w)); /* base = {0, w, 0} */
    assert_true(ty_requires_grad(base));
    assert_string_equal(ty_grad_fn_name(base), "CopySlices");
    assert_true(ty_requires_grad(v));
    ty_tensor *factors = VECTOR(1, 10, 100), *y = ty_mul(base, factors), *s = total(y);
    ty_tensor *v2 = ty_mul(v, v), *s2 = total(v2);
    assert_int_equal(ty_backward(s, NULL, true, false), TY_OK); /* both go through the change */
    EXPECT(ty_grad_of(w), 10);
    backward(s2);
    EXPECT(ty_grad_of(w), 10 + 10); /* 2 w */
    RELEASE(w, base, v, factors, y, s, v2, s2);
}

static void changing_a_view_of_a_result(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2, 3), *y = ty_mul(x, x), *v = ty_slice(y, 0, 0, 2, 1), *w = LEAF(7), *ten = number(10);
    ty_release(ty_mul_(v, w)); /* y = {w x1^2, w x2^2, x3^2} */
    ty_release(ty_mul_(v, ten));
    ty_tensor *s = total(y);
    backward(s);
    EXPECT(ty_grad_of(x), 140, 280, 6);
    EXPECT(ty_grad_of(w), 50);
    RELEASE(x, y, v, w, ten, s);
}

static void overwritten_parts_get_no_gradient(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2, 3), *y = ty_mul(x, x), *v = ty_select(y, 0, 1);
    ty_release(ty_fill_(v, ty_float(9)));
    ty_tensor *s = total(y);
    backward(s);
    EXPECT(ty_grad_of(x), 2, 0, 6);
    ty_tensor *z = ty_mul(x, x);
    ty_release(ty_zero_(z));
    ty_tensor *t = total(z);
    ty_set_grad(x, NULL);
    backward(t);
    RELEASE(x, y, v, s, z, t);
}

static void second_derivative_through_a_changed_view(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(2, 3), *y = ty_mul(x, x), *v = ty_slice(y, 0, 0, 1, 1);
    ty_release(ty_mul_(v, v)); /* {x^4, x^2} */
    ty_tensor *s = total(y), *g = NULL, *h = NULL;
    if (ty_grad(1, &s, NULL, 1, &x, false, true, false, &g) != TY_OK)
        fail_msg("%s", ty_error());
    EXPECT(g, 32, 6);
    ty_tensor *t = total(g);
    if (ty_grad(1, &t, NULL, 1, &x, false, false, false, &h) != TY_OK)
        fail_msg("%s", ty_error());
    EXPECT(h, 48, 2);
    RELEASE(x, y, v, s, g, t, h);
}

static void a_very_deep_graph(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1), *y = ty_retain(x), *one = number(1);
    for (int i = 0; i < 300000; i++) {
        ty_tensor *next = ty_add(y, one, ty_int(1));
        ty_release(y);
        y = next;
    }
    ty_tensor *s = total(y), *dropped = ty_neg(y);
    ty_release(y);
    assert_int_equal(ty_backward(s, NULL, true, false), TY_OK);
    EXPECT(ty_grad_of(x), 1);
    RELEASE(x, one, s, dropped);
}

static void shapes_of_roots_and_gradients_are_checked(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *y = ty_mul(x, x), *g = VECTOR(1, 2, 3), *good = VECTOR(1, 10);
    assert_int_equal(ty_backward(y, NULL, false, false), TY_FAIL);
    assert_non_null(strstr(ty_error(), "one element"));
    assert_int_equal(ty_backward(y, g, false, false), TY_FAIL);
    assert_non_null(strstr(ty_error(), "{3}"));
    assert_int_equal(ty_backward(y, good, false, false), TY_OK);
    EXPECT(ty_grad_of(x), 2, 40);
    RELEASE(x, y, g, good);
}

static void gradients_keep_the_dtype_of_their_tensor(void **state)
{
    (void)state;
    ty_tensor *x = LEAF(1, 2), *wide = ty_to_dtype(x, TY_FLOAT64), *y = ty_mul(wide, wide), *s = total(y);
    ty_tensor *mixed = ty_mul(x, y), *t = total(mixed);
    backward(t);
    assert_int_equal(ty_dtype_of(ty_grad_of(x)), TY_FLOAT32);
    EXPECT(ty_grad_of(x), 3, 12); /* x^3 */
    RELEASE(x, wide, y, s, mixed, t);
}

/* ---- Hooks, functions and packing in C: what they are given, and that what they hold is let go of once ---- */

typedef struct counter {
    int calls, released;
    bool fail;
} counter;

static ty_status doubled(void *data, int count, ty_tensor **grads, int outputs_count, ty_tensor *const *grad_outputs)
{
    (void)outputs_count, (void)grad_outputs;
    counter *c = data;
    c->calls++;
    if (c->fail)
        return ty_fail(TY_ERROR_CALLBACK, "the hook refuses");
    for (int i = 0; i < count; i++) {
        if (!grads[i])
            continue;
        ty_tensor *two = ty_add(grads[i], grads[i], ty_int(1));
        ty_release(grads[i]);
        grads[i] = two;
    }
    return TY_OK;
}

static void count_release(void *data)
{
    ((counter *)data)->released++;
}

static void hooks_replace_gradients_and_are_released_once(void **state)
{
    (void)state;
    counter on_leaf = {0}, on_result = {0}, on_node = {0}, refused = {0};
    ty_tensor *x = LEAF(1, 2), *y = ty_mul(x, x), *s = total(y), *none = VECTOR(1);
    ty_hook *a = ty_register_hook(x, &(ty_hook_spec){doubled, NULL, count_release, &on_leaf});
    ty_hook *b = ty_register_hook(y, &(ty_hook_spec){doubled, NULL, count_release, &on_result});
    ty_node node = ty_grad_fn(y);
    ty_hook *c = ty_node_register_hook(node, &(ty_hook_spec){doubled, NULL, count_release, &on_node});
    assert_null(ty_register_hook(none, &(ty_hook_spec){doubled, NULL, count_release, &refused}));
    assert_int_equal(refused.released, 1);
    backward(s);
    EXPECT(ty_grad_of(x), 16, 32);
    assert_int_equal(on_leaf.calls, 1); /* once, though x is used twice */
    ty_hook_remove(a);
    assert_int_equal(on_leaf.released, 1);
    ty_hook_release(a);
    ty_hook_release(b);
    ty_hook_release(c);
    ty_node_release(node);
    RELEASE(x, y, s, none);
    assert_int_equal(on_leaf.released, 1);
    assert_int_equal(on_result.released, 1);
    assert_int_equal(on_node.released, 1);
}

static void a_hook_that_fails_stops_backward_and_no_more(void **state)
{
    (void)state;
    counter c = {.fail = true};
    ty_tensor *x = LEAF(1, 2), *y = ty_exp(x), *s = total(y);
    ty_hook *hook = ty_register_hook(y, &(ty_hook_spec){doubled, NULL, count_release, &c});
    assert_int_equal(ty_backward(s, NULL, false, false), TY_FAIL);
    assert_string_equal(ty_error(), "the hook refuses");
    assert_null(ty_grad_of(x));
    c.fail = false;
    backward(s);
    EXPECT(ty_grad_of(x), 2 * expf(1), 2 * expf(2));
    ty_hook_release(hook);
    RELEASE(x, y, s);
    assert_int_equal(c.released, 1);
}

/* The gradient of x^2, by what was saved. */
static ty_status square_backward(void *data, ty_node node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ((counter *)data)->calls++;
    bool none;
    ty_tensor *x = ty_node_saved(node, 0, &none), *two = ty_add(x, x, ty_int(1));
    grad_in[0] = ty_mul(grad_out[0], two);
    RELEASE(x, two);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static void a_function_of_ones_own(void **state)
{
    (void)state;
    counter c = {0};
    ty_tensor *x = LEAF(1, 2, 3);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = ty_mul(x, x);
    ty_set_grad_enabled(was);
    ty_function f = {"SquareBackward", square_backward, count_release, &c, true};
    assert_int_equal(ty_record_function(&f, 1, &x, 1, &y, (unsigned char[]){0}, 1, &x), TY_OK);
    assert_string_equal(ty_grad_fn_name(y), "SquareBackward");
    ty_tensor *s = total(y), *g = NULL, *h = NULL;
    assert_int_equal(ty_grad(1, &s, NULL, 1, &x, false, true, false, &g), TY_OK);
    EXPECT(g, 2, 4, 6);
    ty_tensor *t = total(g);
    assert_int_equal(ty_grad(1, &t, NULL, 1, &x, false, false, false, &h), TY_OK);
    EXPECT(h, 2, 2, 2);
    RELEASE(x, y, s, g, h, t);
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.released, 1);
}

static void *pack_negative(void *data, ty_tensor *x)
{
    ((counter *)data)->calls++;
    return ty_neg(x);
}

static ty_tensor *unpack_negative(void *data, void *packed)
{
    (void)data;
    return ty_neg(packed);
}

static void release_packed(void *data, void *packed)
{
    ((counter *)data)->released++;
    ty_release(packed);
}

static void saved_values_go_through_hooks(void **state)
{
    (void)state;
    counter c = {0};
    ty_tensor *x = LEAF(1, 2);
    ty_set_saved_hooks(&(ty_saved_hooks){pack_negative, unpack_negative, release_packed, &c});
    ty_tensor *y = ty_sin(x);
    ty_set_saved_hooks(NULL);
    ty_tensor *s = total(y);
    backward(s);
    EXPECT(ty_grad_of(x), cosf(1), cosf(2));
    RELEASE(x, y, s);
    assert_int_equal(c.calls, 1);
    assert_int_equal(c.released, 1);
}

/* A number that is held elsewhere keeps its value; else its tensor is written again. */
static void a_number_is_written_again(void **state)
{
    (void)state;
    ty_scalar value;
    ty_tensor *number = NULL;
    assert_int_equal(ty_number(&number, ty_float(2)), TY_OK);
    ty_tensor *first = number;
    assert_int_equal(ty_number(&number, ty_float(3)), TY_OK);
    assert_ptr_equal(first, number);
    ty_tensor *held = ty_retain(number);
    assert_int_equal(ty_number(&number, ty_float(4)), TY_OK);
    assert_ptr_not_equal(held, number);
    assert_int_equal(ty_item(held, &value), TY_OK);
    assert_float_equal(value.f, 3, 0);
    assert_int_equal(ty_item(number, &value), TY_OK);
    assert_float_equal(value.f, 4, 0);
    assert_int_equal(ty_number(&number, ty_int(5)), TY_OK);
    assert_int_equal(ty_dtype_of(number), TY_INT64);
    assert_int_equal(ty_item(number, &value), TY_OK);
    assert_int_equal(value.i, 5);
    ty_release(held);
    ty_release(number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_accumulate_over_backwards),
        cmocka_unit_test(a_value_used_twice_gets_both_gradients),
        cmocka_unit_test(a_graph_is_gone_through_once_unless_retained),
        cmocka_unit_test(backward_frees_what_was_saved),
        cmocka_unit_test(second_derivatives),
        cmocka_unit_test(fused_gradients_differentiate_again),
        cmocka_unit_test(broadcast_gradients_are_summed),
        cmocka_unit_test(grad_reaches_intermediate_tensors),
        cmocka_unit_test(unused_inputs_are_told),
        cmocka_unit_test(retained_gradients_of_results),
        cmocka_unit_test(no_grad_records_nothing),
        cmocka_unit_test(a_saved_value_changed_in_place_is_an_error),
        cmocka_unit_test(leaves_that_require_grad_are_not_changed_in_place),
        cmocka_unit_test(in_place_ops_carry_gradients),
        cmocka_unit_test(changing_a_view_changes_the_history_of_its_base),
        cmocka_unit_test(changing_a_view_of_a_result),
        cmocka_unit_test(overwritten_parts_get_no_gradient),
        cmocka_unit_test(second_derivative_through_a_changed_view),
        cmocka_unit_test(a_very_deep_graph),
        cmocka_unit_test(shapes_of_roots_and_gradients_are_checked),
        cmocka_unit_test(gradients_keep_the_dtype_of_their_tensor),
        cmocka_unit_test(hooks_replace_gradients_and_are_released_once),
        cmocka_unit_test(a_hook_that_fails_stops_backward_and_no_more),
        cmocka_unit_test(a_function_of_ones_own),
        cmocka_unit_test(saved_values_go_through_hooks),
        cmocka_unit_test(a_number_is_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
