/*
 * What happens when memory runs out: every allocation of a training step is made to fail in turn. The step must end in
 * an error that says so, crash nowhere, and leave no tensor behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tycho.h"

#if defined __GLIBC__ && !defined __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* Counts down to the allocation that fails; only_one: those after it succeed again. -1: none fails. */
static long allocations_left = -1;
static bool only_one;

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    if (only_one)
        allocations_left = -1;
    return true;
}

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __libc_memalign(alignment, size);
}

/* Everything that a step makes, to be let go of together; larger than the pools, so that fresh memory is asked for. */
#define MOST 4096
static ty_tensor *made[MOST];
static int made_count;

static ty_tensor *keep(ty_tensor *x)
{
    if (x && made_count < MOST)
        made[made_count++] = x;
    return x;
}

static void let_go(void)
{
    while (made_count)
        ty_release(made[--made_count]);
}

static bool layers(ty_tensor *x, ty_tensor *target, ty_tensor *const *p)
{
    ty_tensor *h = keep(ty_dropout(keep(ty_relu(keep(ty_linear(x, p[0], p[1])))), 0.3, true, NULL));
    ty_tensor *y = keep(ty_linear(keep(ty_tanh(h)), p[2], p[3]));
    ty_tensor *loss = keep(ty_cross_entropy(y, target, NULL, -100, TY_REDUCE_MEAN, 0));
    return loss && ty_backward(loss, NULL, false, false) == TY_OK;
}

/* Views, joins, indexing, in-place changes of views, reductions, second derivatives. */
static bool others(ty_tensor *w)
{
    ty_tensor *a = keep(ty_exp(w)), *column = keep(ty_select(w, 1, 0)), *b = keep(ty_mul(a, keep(ty_t(keep(ty_t(w))))));
    ty_tensor *view = keep(ty_slice(b, 0, 0, 2, 1));
    if (!view || !keep(ty_mul_(view, view)) || !column)
        return false;
    ty_tensor *list[] = {a, b}, *joined = keep(ty_cat(list, 2, 0)), *indices = NULL;
    ty_tensor *most = keep(ty_max_dim(joined, 1, false, &indices));
    keep(indices);
    ty_tensor *sorted = keep(ty_sort(b, 1, true, false, &indices));
    keep(indices);
    ty_tensor *spread = keep(ty_std(joined, 0, NULL, 1, false)),
              *mean = keep(ty_mean(sorted, 0, NULL, false, TY_DTYPE_NONE));
    ty_tensor *sum = keep(ty_sum(keep(ty_mul(most, most)), 0, NULL, false, TY_DTYPE_NONE));
    ty_tensor *total = keep(ty_add(keep(ty_add(spread, mean, ty_int(1))), sum, ty_int(1))), *g = NULL, *h = NULL;
    if (!total || ty_grad(1, &total, NULL, 1, &w, false, true, false, &g) != TY_OK)
        return false;
    keep(g);
    ty_tensor *again = keep(ty_sum(keep(ty_mul(g, g)), 0, NULL, false, TY_DTYPE_NONE));
    if (!again || ty_grad(1, &again, NULL, 1, &w, false, false, false, &h) != TY_OK)
        return false;
    keep(h);
    char *text = ty_to_string(h, &ty_print_defaults);
    free(text);
    return text != NULL;
}

/* Convolutions by columns and by planes, pools, padding, interpolation, sampling, and their second derivatives. */
static bool images(ty_tensor *w)
{
    static const int64_t image[] = {1, 6, 5, 8}, kernel[] = {10, 6, 2, 2}, depthwise[] = {10, 1, 3, 3},
                         grid[] = {1, 5, 4, 2};
    const ty_window three = {2, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, two = {2, {2, 2}, {2, 2}, {0, 0}, {1, 1}};
    ty_tensor *x = keep(ty_reshape(w, 4, image)), *weight = keep(ty_reshape(w, 4, kernel)), *indices = NULL;
    ty_tensor *row = keep(ty_reshape(w, 1, (int64_t[]){240})), *part = keep(ty_narrow(row, 0, 0, 90));
    ty_tensor *y = keep(ty_conv(x, weight, NULL, &three, false, 1));
    ty_tensor *z = keep(ty_conv(y, keep(ty_reshape(part, 4, depthwise)), NULL, &three, true, 10));
    ty_tensor *pooled = keep(ty_max_pool(z, &two, true, &indices)),
              *averages = keep(ty_avg_pool(z, &two, true, true, 0));
    keep(indices);
    ty_tensor *padded = keep(ty_pad(keep(ty_mul(pooled, averages)), 4, (int64_t[]){1, 1, 1, 1}, TY_PAD_REFLECT, 0));
    ty_tensor *large = keep(ty_interpolate(padded, (int64_t[]){7, 9}, NULL, TY_BICUBIC, 0, false, false));
    ty_tensor *at = keep(ty_reshape(keep(ty_narrow(row, 0, 0, 40)), 4, grid));
    ty_tensor *read = keep(ty_grid_sample(large, at, TY_BILINEAR, TY_GRID_REFLECTION, false));
    ty_tensor *sum = keep(ty_sum(keep(ty_mul(read, read)), 0, NULL, false, TY_DTYPE_NONE)), *g = NULL, *h = NULL;
    if (!sum || ty_grad(1, &sum, NULL, 1, &w, false, true, false, &g) != TY_OK)
        return false;
    keep(g);
    ty_tensor *again = keep(ty_sum(keep(ty_mul(g, g)), 0, NULL, false, TY_DTYPE_NONE));
    if (!again || ty_grad(1, &again, NULL, 1, &w, false, false, false, &h) != TY_OK)
        return false;
    return keep(h);
}

static void each_allocation_of_a_step_failing(void **state)
{
    (void)state;
    int64_t shapes[][2] = {{40, 30}, {40, 1}, {6, 40}, {6, 1}};
    ty_tensor *p[4];
    for (int i = 0; i < 4; i++) {
        p[i] = ty_randn(shapes[i][1] == 1 ? 1 : 2, shapes[i], TY_FLOAT32, TY_DEVICE_CPU, NULL);
        assert_non_null(p[i]);
        assert_int_equal(ty_set_requires_grad(p[i], true), TY_OK);
    }
    ty_tensor *x = ty_randn(2, (int64_t[]){20, 30}, TY_FLOAT32, TY_DEVICE_CPU, NULL);
    ty_tensor *target = ty_randint(0, 6, 1, (int64_t[]){20}, TY_INT64, TY_DEVICE_CPU, NULL);
    assert_true(x && target);
    assert_true(layers(x, target, p) && others(p[2]) &&
                images(p[2])); /* what is made once only (the pool, tables) is made */
    let_go();
    for (int mode = 0; mode < 2; mode++) {
        bool reached = true; /* the allocation that was to fail was asked for */
        for (long n = 0; reached; n++) {
            assert_true(n < 20000);
            for (int i = 0; i < 4; i++)
                ty_set_grad(p[i], NULL);
            ty_memory_stats before, after;
            ty_get_memory_stats(&before);
            ty_empty_cache();
            ty_optim *adam = ty_optim_new("Adam", 4, p);
            assert_non_null(adam);
            only_one = mode == 0;
            allocations_left = n;
            bool whole = layers(x, target, p) && others(p[2]) && images(p[2]) && ty_optim_step(adam) == TY_OK;
            reached = allocations_left <= 0;
            allocations_left = -1;
            if (!whole) {
                assert_true(reached);
                if (ty_error_what() != TY_ERROR_MEMORY)
                    fail_msg("allocation %ld failed, but the error is: %s", n, ty_error());
            }
            let_go();
            ty_optim_free(adam);
            for (int i = 0; i < 4; i++)
                ty_set_grad(p[i], NULL);
            ty_get_memory_stats(&after);
            if (after.live_blocks != before.live_blocks)
                fail_msg("%ld blocks are left after allocation %ld failed: %s",
                         (long)(after.live_blocks - before.live_blocks), n, ty_error());
        }
    }
    for (int i = 0; i < 4; i++)
        ty_release(p[i]);
    ty_release(x);
    ty_release(target);
}
#else
static void each_allocation_of_a_step_failing(void **state)
{
    (void)state;
    skip(); /* a sanitizer has an allocator of its own */
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_of_a_step_failing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
