/*
 * A captured step from C: a replay computes from new arguments, an optimiser goes on counting, what does not fit is
 * stale before anything is done, memory is shared and given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tycho.h"

static ty_tensor *filled(int64_t n, double value)
{
    return ty_full(1, &n, ty_float(value), TY_FLOAT32, TY_DEVICE_CPU);
}

/* ((x * 2) * 2) ... five times, which needs two buffers whatever its length. */
static ty_tensor *doubled(ty_tensor *x)
{
    ty_tensor *two = ty_scalar_tensor(ty_float(2), TY_DTYPE_NONE, true), *y = ty_retain(x);
    for (int i = 0; i < 5; i++) {
        ty_tensor *next = ty_mul(y, two);
        ty_release(y);
        y = next;
    }
    ty_release(two);
    return y;
}

static ty_capture *captured_doubling(int64_t n)
{
    ty_tensor *x = filled(n, 1), *place;
    ty_capture *c = ty_capture_begin(1, &x, &place);
    assert_non_null(c);
    assert_true(ty_capture_active());
    ty_tensor *y = doubled(place);
    assert_int_equal(ty_capture_stop(c, 1, &y), TY_OK);
    assert_false(ty_capture_active());
    ty_release(y);
    ty_release(place);
    ty_release(x);
    assert_int_equal(ty_capture_plan(c), TY_OK);
    return c;
}

static void test_a_replay_computes_from_new_arguments(void **state)
{
    (void)state;
    ty_capture *c = captured_doubling(100000);
    for (int i = 1; i < 4; i++) {
        ty_tensor *x = filled(100000, i), *y;
        bool stale;
        assert_int_equal(ty_capture_replay(c, &x, &y, &stale), TY_OK);
        const float *data = ty_data(y);
        for (int k = 0; k < 100000; k++)
            assert_true(data[k] == (float)(32 * i));
        ty_release(x);
        ty_release(y);
    }
    ty_capture_facts facts;
    ty_capture_get_facts(c, &facts);
    assert_int_equal(facts.calls, 5);
    assert_int_equal(facts.fused, 5);
    assert_true(facts.planned <= facts.alone / 2);
    ty_capture_free(c);
}

static void test_other_shapes_are_stale(void **state)
{
    (void)state;
    ty_capture *c = captured_doubling(8);
    ty_tensor *x = filled(9, 1), *y;
    bool stale;
    assert_false(ty_capture_matches(c, &x));
    assert_int_equal(ty_capture_replay(c, &x, &y, &stale), TY_FAIL);
    assert_true(stale);
    assert_null(y);
    ty_release(x);
    ty_capture_free(c);
}

static void test_indices_out_of_range_are_found_before_anything_is_done(void **state)
{
    (void)state;
    ty_tensor *table = filled(4, 1), *sum = filled(2, 0), *place, *out;
    ty_tensor *index = ty_from_data((int64_t[]){0, 1}, 1, (int64_t[]){2}, TY_INT64);
    bool stale;
    ty_capture *c = ty_capture_begin(1, &index, &place);
    ty_release(ty_add_(sum, sum, ty_int(1)));
    ty_tensor *rows = ty_index_select(table, 0, place);
    ty_release(ty_add_(sum, rows, ty_int(1)));
    assert_int_equal(ty_capture_stop(c, 1, &rows), TY_OK);
    ty_release(rows);
    ty_release(place);
    assert_int_equal(ty_capture_plan(c), TY_OK);
    const float *now = ty_data(sum);
    assert_true(now[0] == 1);
    ty_tensor *last = ty_from_data((int64_t[]){3, 3}, 1, (int64_t[]){2}, TY_INT64);
    assert_int_equal(ty_capture_replay(c, &last, &out, &stale), TY_OK);
    assert_true(now[0] == 3);
    ty_release(out);
    ty_tensor *beyond = ty_from_data((int64_t[]){0, 4}, 1, (int64_t[]){2}, TY_INT64);
    assert_int_equal(ty_capture_replay(c, &beyond, &out, &stale), TY_FAIL);
    assert_true(stale);
    assert_true(now[0] == 3);
    ty_capture_free(c);
    ty_tensor *all[] = {table, sum, index, last, beyond};
    for (int i = 0; i < 5; i++)
        ty_release(all[i]);
}

static void test_an_optimiser_goes_on_counting(void **state)
{
    (void)state;
    ty_tensor *x = filled(3, 2), *w = filled(3, 1), *place, *out;
    bool stale;
    assert_int_equal(ty_set_requires_grad(w, true), TY_OK);
    ty_optim *o = ty_optim_new("Adam", 1, &w);
    ty_capture *c = ty_capture_begin(1, &x, &place);
    ty_optim_zero_grad(o, true);
    ty_tensor *y = ty_mul(place, w), *loss = ty_sum(y, 0, NULL, false, TY_DTYPE_NONE);
    assert_int_equal(ty_backward(loss, NULL, false, false), TY_OK);
    assert_int_equal(ty_optim_step(o), TY_OK);
    assert_int_equal(ty_capture_stop(c, 1, &loss), TY_OK);
    ty_release(loss);
    ty_release(y);
    ty_release(place);
    assert_int_equal(ty_capture_plan(c), TY_OK);
    ty_tensor *grad = ty_grad_of(w);
    for (int i = 2; i < 6; i++) {
        assert_int_equal(ty_set_grad(w, NULL), TY_OK);
        assert_int_equal(ty_capture_replay(c, &x, &out, &stale), TY_OK);
        assert_int_equal(ty_optim_step_count(o, 0), i);
        assert_ptr_equal(ty_grad_of(w), grad);
        ty_release(out);
    }
    ty_optim_free(o);
    ty_capture_free(c);
    ty_release(w);
    ty_release(x);
}

static void test_reading_on_the_host_is_refused(void **state)
{
    (void)state;
    ty_tensor *x = filled(1, 2), *place;
    ty_scalar value;
    ty_capture *c = ty_capture_begin(1, &x, &place), *inner;
    ty_tensor *unused;
    ty_tensor *y = ty_mul(place, place);
    assert_int_equal(ty_item(y, &value), TY_FAIL);
    assert_non_null(strstr(ty_error(), "item: reads the numbers"));
    assert_null(ty_data(y));
    inner = ty_capture_begin(1, &x, &unused);
    assert_null(inner);
    ty_capture_free(c);
    assert_false(ty_capture_active());
    assert_int_equal(ty_item(y, &value), TY_OK);
    assert_true(value.f == 4);
    ty_release(place);
    ty_release(y);
    ty_release(x);
}

/* ---- Leaks ---- */

static uint64_t blocks_at_start;

static int remember_blocks(void **state)
{
    (void)state;
    ty_memory_stats stats;
    ty_get_memory_stats(&stats);
    blocks_at_start = stats.live_blocks;
    return 0;
}

static int nothing_leaked(void **state)
{
    (void)state;
    ty_memory_stats stats;
    ty_get_memory_stats(&stats);
    return stats.live_blocks == blocks_at_start ? 0 : -1;
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, remember_blocks, nothing_leaked)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(test_a_replay_computes_from_new_arguments),
        CLEAN(test_other_shapes_are_stale),
        CLEAN(test_indices_out_of_range_are_found_before_anything_is_done),
        CLEAN(test_an_optimiser_goes_on_counting),
        CLEAN(test_reading_on_the_host_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
