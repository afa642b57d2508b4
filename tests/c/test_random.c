/*
 * Random numbers: the values of PyTorch's CPU generator against golden/random.inc, saved states, the order in which
 * views are filled, dropout and its gradients, initialisers, and what bad arguments are told. Runs once per instruction
 * set that the processor has, unless TYCHO_ISA names one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "each_isa.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/cpu/isa.h"
#include "tensor/tensor.h"

#define MASK53 ((UINT64_C(1) << 53) - 1)

/* ---- Helpers ---- */

/* A tensor that a call made, or the end of the test with the call's message. */
static ty_tensor *made(ty_tensor *x)
{
    if (!x)
        fail_msg("no tensor: %s", ty_error());
    return x;
}

static uint64_t hash(const void *data, size_t bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Of the elements in row-major order. */
static uint64_t hash_of(ty_tensor *x)
{
    ty_tensor *plain = made(ty_detach(x)), *dense = made(ty_contiguous(plain));
    uint64_t h = hash(ty_data(dense), (size_t)ty_numel(x) * ty_dtype_size(ty_dtype_of(x)));
    ty_release(dense);
    ty_release(plain);
    return h;
}

/* Element i in row-major order. */
static double element(ty_tensor *x, int64_t i)
{
    ty_tensor *plain = made(ty_detach(x)), *wide = made(ty_to_dtype(plain, TY_FLOAT64)),
              *dense = made(ty_contiguous(wide));
    double value = ((const double *)ty_data(dense))[i];
    ty_release(dense);
    ty_release(wide);
    ty_release(plain);
    return value;
}

static ty_tensor *empty(int64_t rows, int64_t cols, ty_dtype dtype)
{
    return made(ty_empty(2, (int64_t[]){rows, cols}, dtype, TY_DEVICE_CPU));
}

static ty_tensor *zeros(int64_t n, ty_dtype dtype)
{
    return made(ty_zeros(1, &n, dtype, TY_DEVICE_CPU));
}

/* The second of a chain of calls: drops the first's result. */
static ty_tensor *then(ty_tensor *first, ty_tensor *second)
{
    ty_release(first);
    return made(second);
}

/* start + step * (i * factor % modulus) for each element; what make_random.py makes as well. */
static ty_tensor *pattern(int64_t rows, int64_t cols, ty_dtype dtype, int64_t factor, int64_t modulus, double start,
                          double step)
{
    ty_tensor *x = empty(rows, cols, dtype);
    for (int64_t i = 0; i < rows * cols; i++) {
        double value = start + step * (double)(i * factor % modulus);
        tyi_store_scalar((char *)ty_data(x) + (size_t)i * ty_dtype_size(dtype), dtype, ty_float(value));
    }
    return x;
}

/* ---- Values ---- */

enum op {
    UNIFORM,
    UNIFORM_T,
    NORMAL,
    NORMAL_T,
    NORMAL_SLICE,
    EXPONENTIAL,
    BERNOULLI,
    BERNOULLI_OF,
    DROPOUT,
    DROPOUT_T,
    INTEGERS,
    PERMUTATION,
    ONCE,
    AGAIN,
    KAIMING_UNIFORM,
    KAIMING_NORMAL,
    XAVIER_UNIFORM,
    XAVIER_NORMAL,
    TRUNC_NORMAL,
};

typedef struct golden {
    enum op op;
    uint64_t seed;
    ty_dtype dtype;
    int64_t rows, cols;
    double a, b;
    int64_t low, high;
    bool libm; /* equal to the last bit with glibc on x86-64 only */
    uint64_t hash, after;
    double first;
} golden;

static const golden goldens[] = {
#include "../golden/random.inc"
};

static ty_tensor *run(const golden *r, ty_generator *g)
{
    ty_tensor *x, *y;
    switch (r->op) {
    case UNIFORM:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_uniform_(x, r->a, r->b, g));
    case UNIFORM_T:
        y = empty(r->rows, r->cols, r->dtype);
        x = then(y, ty_t(y));
        return then(x, ty_uniform_(x, r->a, r->b, g));
    case NORMAL:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_normal_(x, r->a, r->b, g));
    case NORMAL_T:
        y = empty(r->rows, r->cols, r->dtype);
        x = then(y, ty_t(y));
        return then(x, ty_normal_(x, r->a, r->b, g));
    case NORMAL_SLICE:
        y = empty(r->rows, r->cols, r->dtype);
        x = then(y, ty_narrow(y, 1, 1, r->cols - 1));
        return then(x, ty_normal_(x, r->a, r->b, g));
    case EXPONENTIAL:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_exponential_(x, r->a, g));
    case BERNOULLI:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_bernoulli_(x, r->a, g));
    case BERNOULLI_OF:
        x = pattern(r->rows, r->cols, r->dtype, 37, 64, 0, 1 / 64.0);
        return then(x, ty_bernoulli(x, g));
    case DROPOUT:
        x = pattern(r->rows, r->cols, r->dtype, 1, 7, -1.5, 0.5);
        return then(x, ty_dropout(x, r->a, true, g));
    case DROPOUT_T:
        y = pattern(r->rows, r->cols, r->dtype, 1, 7, -1.5, 0.5);
        x = then(y, ty_t(y));
        return then(x, ty_dropout(x, r->a, true, g));
    case INTEGERS:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_random_(x, r->low, r->high, g));
    case PERMUTATION:
        return made(ty_randperm(r->cols, r->dtype, TY_DEVICE_CPU, g));
    case ONCE:
    case AGAIN:
        x = pattern(r->rows, r->cols, r->dtype, 37, 64, 1 / 64.0, 1 / 64.0);
        return then(x, ty_multinomial(x, r->low, r->op == AGAIN, g));
    case KAIMING_UNIFORM:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_init_kaiming_uniform_(x, r->a, (ty_fan_mode)r->low, (ty_nonlinearity)r->high, g));
    case KAIMING_NORMAL:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_init_kaiming_normal_(x, r->a, (ty_fan_mode)r->low, (ty_nonlinearity)r->high, g));
    case XAVIER_UNIFORM:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_init_xavier_uniform_(x, r->a, g));
    case XAVIER_NORMAL:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_init_xavier_normal_(x, r->a, g));
    case TRUNC_NORMAL:
        x = empty(r->rows, r->cols, r->dtype);
        return then(x, ty_init_trunc_normal_(x, 0, 1, (double)r->low / 10, (double)r->high / 10, g));
    }
    return NULL;
}

static void a_seed_gives_the_values_that_pytorch_gives(void **state)
{
    (void)state;
#if defined(__GLIBC__) && defined(__x86_64__)
    bool same_libm = true;
#else
    bool same_libm = false;
#endif
    int wrong = 0;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        const golden *r = &goldens[i];
        ty_generator *g = ty_generator_new(r->seed);
        ty_tensor *x = run(r, g);
        double first = element(x, 0);
        bool same =
            !r->libm || same_libm ? hash_of(x) == r->hash : fabs(first - r->first) <= 1e-6 * fmax(1, fabs(r->first));
        if (!same || ty_random_u64(g) != r->after) {
            print_error("row %zu of random.inc (op %d, %s{%lld, %lld}): %s; first %.17g, PyTorch's %.17g\n", i + 2,
                        (int)r->op, ty_dtype_name(r->dtype), (long long)r->rows, (long long)r->cols,
                        same ? "the generator ends elsewhere" : "other values", first, r->first);
            wrong++;
        }
        ty_release(x);
        ty_generator_free(g);
    }
    assert_int_equal(wrong, 0);
}

static void the_first_tutorial_ends_in_0_3171(void **state)
{
    (void)state;
    ty_manual_seed(NULL, 7);
    ty_tensor *features = ty_randn(2, (int64_t[]){1, 3}, TY_DTYPE_NONE, TY_DEVICE_CPU, NULL);
    ty_tensor *w1 = ty_randn(2, (int64_t[]){3, 2}, TY_DTYPE_NONE, TY_DEVICE_CPU, NULL);
    ty_tensor *w2 = ty_randn(2, (int64_t[]){2, 1}, TY_DTYPE_NONE, TY_DEVICE_CPU, NULL);
    ty_tensor *b1 = ty_randn(2, (int64_t[]){1, 2}, TY_DTYPE_NONE, TY_DEVICE_CPU, NULL);
    ty_tensor *b2 = ty_randn(2, (int64_t[]){1, 1}, TY_DTYPE_NONE, TY_DEVICE_CPU, NULL);
    ty_tensor *product = ty_mm(features, w1), *sum = ty_add(product, b1, ty_int(1)), *hidden = ty_sigmoid(sum);
    ty_tensor *product2 = ty_mm(hidden, w2), *sum2 = ty_add(product2, b2, ty_int(1)), *out = ty_sigmoid(sum2);
    assert_float_equal(element(made(out), 0), 0.31708315, 1e-6);
    ty_tensor *all[] = {features, w1, w2, b1, b2, product, sum, hidden, product2, sum2, out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ty_release(all[i]);
}

static void a_normal_left_over_serves_the_next_call(void **state)
{
    (void)state;
    ty_generator *g = ty_generator_new(1);
    ty_tensor *x = zeros(3, TY_FLOAT32), *y = zeros(2, TY_FLOAT32), *z = zeros(2, TY_FLOAT32);
    ty_release(made(ty_normal_(x, 0, 1, g)));
    ty_release(made(ty_uniform_(y, 0, 1, g)));
    ty_release(made(ty_normal_(z, 5, 0.5, g)));
    assert_float_equal(element(x, 2), 0.0616772585, 1e-8);
    assert_float_equal(element(y, 0), 0.569508493, 1e-7);
    assert_float_equal(element(z, 0), 5.31065845, 1e-6);
    assert_float_equal(element(z, 1), 5.42950439, 1e-6);
    ty_manual_seed(g, 1); /* forgets what was left over */
    ty_release(made(ty_normal_(x, 0, 1, g)));
    assert_float_equal(element(x, 0), 0.661352158, 1e-7);
    ty_release(x);
    ty_release(y);
    ty_release(z);
    ty_generator_free(g);
}

/* Seeds g anew; `odd` draws a word, so that pairs of words straddle blocks afterwards. */
static void start(ty_generator *g, bool odd)
{
    ty_manual_seed(g, 3);
    if (odd) {
        ty_tensor *one = zeros(1, TY_INT32);
        ty_release(then(one, ty_random_(one, 0, 2, g)));
    }
}

/* p at and just above the value of a draw. */
static void a_probability_is_compared_to_the_last_bit(void **state)
{
    (void)state;
    enum { N = 700 };
    uint64_t u[N];
    ty_generator *g = ty_generator_new(0);
    ty_tensor *x = zeros(N, TY_UINT8);
    for (int odd = 0; odd < 2; odd++) {
        start(g, odd);
        for (int k = 0; k < N; k++)
            u[k] = ty_random_u64(g) & MASK53;
        for (int i = 0; i < 2 * N; i += 23) {
            uint64_t limit = u[i / 2] + (uint64_t)(i % 2);
            start(g, odd);
            ty_release(made(ty_bernoulli_(x, (double)limit * 0x1p-53, g)));
            for (int k = 0; k < N; k++)
                assert_int_equal(((uint8_t *)ty_data(x))[k], u[k] < limit);
        }
    }
    ty_release(x);
    ty_generator_free(g);
}

/* ---- Generators ---- */

static void a_saved_state_is_pytorchs_and_resumes(void **state)
{
    (void)state;
    uint8_t saved[TY_RNG_STATE_BYTES], again[TY_RNG_STATE_BYTES];
    ty_generator *g = ty_generator_new(5), *other = ty_generator_new(99);
    ty_get_rng_state(g, saved);
    assert_true(hash(saved, sizeof saved) == UINT64_C(0x1b35da5b1d8e2398)); /* manual_seed(5) */
    ty_tensor *block = zeros(624, TY_FLOAT32), *few = zeros(3, TY_FLOAT32), *more = zeros(5, TY_FLOAT64);
    ty_release(made(ty_uniform_(block, 0, 1, g)));
    ty_get_rng_state(g, saved);
    assert_true(hash(saved, sizeof saved) == UINT64_C(0x7af52fafa036351d)); /* then rand(624) */
    ty_manual_seed(g, 5);
    ty_release(made(ty_normal_(few, 0, 1, g)));
    ty_get_rng_state(g, saved);
#if defined(__GLIBC__) && defined(__x86_64__)
    assert_true(hash(saved, sizeof saved) == UINT64_C(0x3a46748b68ecc6b2)); /* then randn(3): one normal waits */
#endif
    ty_release(made(ty_normal_(more, 0, 1, g)));
    uint64_t want = hash_of(more), next = ty_random_u64(g);
    assert_int_equal(ty_set_rng_state(other, saved), TY_OK);
    ty_get_rng_state(other, again);
    assert_memory_equal(saved, again, sizeof saved);
    assert_int_equal(ty_initial_seed(other), 5);
    ty_release(made(ty_normal_(more, 0, 1, other)));
    assert_true(hash_of(more) == want);
    assert_true(ty_random_u64(other) == next);
    ty_release(block);
    ty_release(few);
    ty_release(more);
    ty_generator_free(g);
    ty_generator_free(other);
}

static void a_broken_state_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    uint8_t good[TY_RNG_STATE_BYTES], bad[TY_RNG_STATE_BYTES], after[TY_RNG_STATE_BYTES];
    ty_generator *g = ty_generator_new(5);
    ty_random_u64(g);
    ty_get_rng_state(g, good);
    static const struct {
        int at;
        uint8_t value;
    } broken[] = {{8, 0}, {8, 7}, {11, 0x80}, {12, 0}, {16, 200}, {17, 200}, {23, 1}};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        memcpy(bad, good, sizeof bad);
        bad[broken[i].at] = broken[i].value;
        assert_int_equal(ty_set_rng_state(g, bad), TY_FAIL);
        assert_non_null(strstr(ty_error(), "not the state of a generator"));
        ty_get_rng_state(g, after);
        assert_memory_equal(good, after, sizeof good);
    }
    ty_generator_free(g);
}

static void seeds_are_what_was_given(void **state)
{
    (void)state;
    ty_generator *g = ty_generator_new((UINT64_C(1) << 32) + 5), *same = ty_generator_new(5);
    assert_true(ty_initial_seed(g) == (UINT64_C(1) << 32) + 5);
    assert_true(ty_random_u64(g) == ty_random_u64(same)); /* the low half alone counts */
    uint64_t a = ty_seed(g), b = ty_seed(g);
    assert_true(a != b && a <= MASK53 && ty_initial_seed(g) == b);
    ty_manual_seed(same, b);
    assert_true(ty_random_u64(g) == ty_random_u64(same));
    ty_manual_seed(NULL, 5);
    assert_true(ty_initial_seed(ty_default_generator()) == 5);
    ty_generator_free(ty_default_generator()); /* stays */
    assert_true(ty_initial_seed(NULL) == 5);
    ty_generator_free(NULL);
    ty_generator_free(g);
    ty_generator_free(same);
}

enum { SHARED_CALLS = 200, SHARED_N = 100 };

static void *draw_often(void *context)
{
    uint64_t *seen = context;
    int64_t n = SHARED_N;
    for (int i = 0; i < SHARED_CALLS; i++) {
        ty_tensor *x = ty_empty(1, &n, TY_INT64, TY_DEVICE_CPU), *y = ty_random_(x, INT64_MIN, INT64_MIN, NULL);
        seen[i] = y ? *(uint64_t *)ty_data(y) : 0;
        ty_release(x);
        ty_release(y);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void threads_that_share_a_generator_get_whole_draws(void **state)
{
    (void)state;
    static uint64_t seen[2 * SHARED_CALLS], want[2 * SHARED_CALLS];
    ty_generator *g = ty_generator_new(8);
    for (int i = 0; i < 2 * SHARED_CALLS; i++)
        for (int k = 0; k < SHARED_N; k++) {
            uint64_t value = ty_random_u64(g);
            want[i] = k ? want[i] : value;
        }
    ty_manual_seed(NULL, 8);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, draw_often, seen + SHARED_CALLS), 0);
    draw_often(seen);
    pthread_join(thread, NULL);
    qsort(seen, 2 * SHARED_CALLS, sizeof *seen, compare);
    qsort(want, 2 * SHARED_CALLS, sizeof *want, compare);
    assert_memory_equal(seen, want, sizeof seen);
    ty_generator_free(g);
}

static void an_interrupt_stops_a_long_draw(void **state)
{
    (void)state;
    ty_tensor *x = zeros(100000, TY_FLOAT32), *weights = made(ty_ones_like(x, TY_DTYPE_NONE));
    ty_interrupt();
    assert_null(ty_uniform_(x, 0, 1, NULL));
    assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
    assert_null(ty_normal_(x, 0, 1, NULL));
    assert_null(ty_dropout(x, 0.5, true, NULL));
    assert_null(ty_randperm(100000, TY_INT64, TY_DEVICE_CPU, NULL));
    ty_interrupt_clear();
    ty_release(made(ty_uniform_(x, 0, 1, NULL)));
    ty_release(x);
    ty_release(weights);
}

/* ---- Views, history ---- */

static void a_view_is_filled_and_nothing_around_it(void **state)
{
    (void)state;
    ty_tensor *x = made(ty_zeros(2, (int64_t[]){4, 6}, TY_FLOAT32, TY_DEVICE_CPU));
    ty_tensor *columns = made(ty_slice(x, 1, 1, 6, 2)), *turned = made(ty_t(columns));
    uint32_t version = ty_version(x);
    ty_tensor *filled = made(ty_uniform_(turned, 1, 2, NULL));
    assert_ptr_equal(filled, turned);
    assert_true(ty_version(x) != version);
    const float *data = ty_data(x);
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 6; c++)
            assert_true(c % 2 ? data[6 * r + c] >= 1 && data[6 * r + c] < 2 : data[6 * r + c] == 0);
    ty_release(filled);
    ty_release(turned);
    ty_release(columns);
    ty_release(x);
}

static void leaves_that_require_gradients_are_initialised_but_not_drawn_into(void **state)
{
    (void)state;
    ty_tensor *w = made(ty_zeros(2, (int64_t[]){4, 6}, TY_FLOAT32, TY_DEVICE_CPU));
    assert_int_equal(ty_set_requires_grad(w, true), TY_OK);
    assert_null(ty_uniform_(w, 0, 1, NULL));
    assert_non_null(strstr(ty_error(), "uniform_"));
    ty_tensor *calls[] = {
        ty_init_kaiming_uniform_(w, 0, TY_FAN_IN, TY_NONLINEARITY_RELU, NULL),
        ty_init_kaiming_normal_(w, 0, TY_FAN_OUT, TY_NONLINEARITY_RELU, NULL),
        ty_init_xavier_uniform_(w, 1, NULL),
        ty_init_xavier_normal_(w, 1, NULL),
        ty_init_trunc_normal_(w, 0, 1, -2, 2, NULL),
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        assert_ptr_equal(made(calls[i]), w);
        ty_release(calls[i]);
    }
    assert_true(ty_is_leaf(w) && ty_requires_grad(w) && ty_grad_enabled());
    ty_tensor *p = zeros(3, TY_FLOAT64);
    assert_int_equal(ty_set_requires_grad(p, true), TY_OK);
    ty_tensor *ones = made(ty_ones_like(p, TY_DTYPE_NONE)), *x = made(ty_bernoulli(p, NULL)),
              *y = made(ty_normal(p, ones, NULL));
    assert_int_equal(ty_backward(x, ones, false, false), TY_OK);
    assert_int_equal(ty_backward(y, ones, false, false), TY_OK);
    for (int i = 0; i < 3; i++)
        assert_true(element(ty_grad_of(p), i) == 0);
    ty_release(ones);
    ty_release(x);
    ty_release(y);
    ty_release(p);
    ty_release(w);
}

/* ---- Dropout ---- */

static void dropout_scales_what_it_keeps_and_its_gradient_alike(void **state)
{
    (void)state;
    ty_tensor *turned = made(ty_ones(2, (int64_t[]){40, 60}, TY_FLOAT64, TY_DEVICE_CPU)), *x = made(ty_t(turned));
    ty_tensor *leaf = made(ty_clone(x)), *grad = made(ty_full_like(leaf, ty_float(3), TY_DTYPE_NONE));
    assert_int_equal(ty_set_requires_grad(leaf, true), TY_OK);
    ty_tensor *y = made(ty_dropout(leaf, 0.25, true, NULL)), *first = NULL, *second = NULL;
    assert_string_equal(ty_grad_fn_name(y), "MulBackward0");
    assert_int_equal(ty_grad(1, &y, &grad, 1, &leaf, true, true, false, &first), TY_OK);
    int kept = 0;
    for (int i = 0; i < 2400; i += 7) {
        double value = element(y, i);
        assert_true(value == 0 || value == 1 / 0.75);
        assert_true(element(first, i) == 3 * value);
        kept += value != 0;
    }
    assert_true(kept > 220 && kept < 300); /* of 343, 257 expected */
    /* The rule is linear in the gradient, and has itself for its own. */
    ty_tensor *grad_leaf = made(ty_clone(grad));
    assert_int_equal(ty_set_requires_grad(grad_leaf, true), TY_OK);
    ty_release(first);
    assert_int_equal(ty_grad(1, &y, &grad_leaf, 1, &leaf, true, true, false, &first), TY_OK);
    assert_int_equal(ty_grad(1, &first, &grad, 1, &grad_leaf, false, false, false, &second), TY_OK);
    for (int i = 0; i < 2400; i += 7)
        assert_true(element(second, i) == 3 * element(y, i));
    ty_tensor *all[] = {turned, x, leaf, grad, y, first, second, grad_leaf};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ty_release(all[i]);
}

static void dropout_does_nothing_where_there_is_nothing_to_do(void **state)
{
    (void)state;
    ty_tensor *x = zeros(5, TY_FLOAT32), *integers = zeros(3, TY_INT64), *none = zeros(0, TY_FLOAT32), *y;
    float values[5] = {-1, INFINITY, NAN, 2, 0};
    memcpy(ty_data(x), values, sizeof values);
    ty_manual_seed(NULL, 1);
    uint64_t want = ty_random_u64(NULL);
    ty_manual_seed(NULL, 1);
    assert_ptr_equal(y = ty_dropout(x, 0.5, false, NULL), x);
    ty_release(y);
    assert_ptr_equal(y = ty_dropout(x, 0, true, NULL), x);
    ty_release(y);
    assert_ptr_equal(y = ty_dropout(none, 0.5, true, NULL), none);
    ty_release(y);
    assert_ptr_equal(y = ty_dropout(integers, 0.5, false, NULL), integers);
    ty_release(y);
    y = made(ty_dropout(x, 1, true, NULL));
    assert_true(element(y, 0) == 0 && signbit(element(y, 0)) && isnan(element(y, 1)) && isnan(element(y, 2)));
    ty_release(y);
    y = made(ty_dropout(integers, 1, true, NULL));
    assert_int_equal(ty_dtype_of(y), TY_INT64);
    ty_release(y);
    assert_true(ty_random_u64(NULL) == want); /* nothing of this drew */
    ty_release(x);
    ty_release(integers);
    ty_release(none);
}

/* ---- Initialisers ---- */

static void fans_and_gains_are_those_of_pytorch(void **state)
{
    (void)state;
    int64_t in, out;
    ty_tensor *x = made(ty_empty(4, (int64_t[]){8, 3, 5, 5}, TY_FLOAT32, TY_DEVICE_CPU));
    assert_int_equal(ty_init_fans(x, &in, &out), TY_OK);
    assert_int_equal(in, 75);
    assert_int_equal(out, 200);
    ty_release(x);
    assert_true(ty_calculate_gain(TY_NONLINEARITY_LINEAR, 0) == 1);
    assert_true(ty_calculate_gain(TY_NONLINEARITY_SIGMOID, 0) == 1);
    assert_true(ty_calculate_gain(TY_NONLINEARITY_TANH, 0) == 5.0 / 3);
    assert_true(ty_calculate_gain(TY_NONLINEARITY_RELU, 0) == sqrt(2.0));
    assert_true(ty_calculate_gain(TY_NONLINEARITY_SELU, 0) == 0.75);
    assert_true(ty_calculate_gain(TY_NONLINEARITY_LEAKY_RELU, 0.01) == sqrt(2.0 / (1 + 0.01 * 0.01)));
    x = empty(0, 3, TY_FLOAT32);
    ty_tensor *y = made(ty_init_kaiming_uniform_(x, 0, TY_FAN_IN, TY_NONLINEARITY_RELU, NULL));
    assert_ptr_equal(x, y);
    ty_release(y);
    ty_release(x);
}

static void truncated_normals_stay_inside(void **state)
{
    (void)state;
    static const double cases[][4] = {{0, 1, -2, 2},        {0, 0.02, -2, 2}, {0, 1, 2, 3},     {5, 1, -2, 2},
                                      {0, 1, -INFINITY, 0}, {0, 1, 1, 1},     {0, 1e-30, -1, 1}};
    ty_tensor *x = empty(30, 40, TY_FLOAT32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double *c = cases[i];
        ty_release(made(ty_init_trunc_normal_(x, c[0], c[1], c[2], c[3], NULL)));
        for (int k = 0; k < 1200; k++) {
            double value = ((float *)ty_data(x))[k];
            assert_true(value >= c[2] && value <= c[3]);
        }
    }
    ty_release(x);
}

/* ---- Bad arguments ---- */

/* A call that must fail with a message that contains `part`. */
static void refused(ty_tensor *result, const char *part)
{
    if (result)
        fail_msg("a call was not refused; its message should have been: %s", part);
    if (!strstr(ty_error(), part))
        fail_msg("\"%s\" does not say \"%s\"", ty_error(), part);
}

static ty_tensor *weights_of(double a, double b)
{
    ty_tensor *x = zeros(2, TY_FLOAT64);
    ((double *)ty_data(x))[0] = a, ((double *)ty_data(x))[1] = b;
    return x;
}

static void bad_arguments_are_told_what_is_wrong(void **state)
{
    (void)state;
    int64_t n = 3, negative = -3;
    ty_device cpu = TY_DEVICE_CPU;
    ty_tensor *f = zeros(3, TY_FLOAT32), *whole = zeros(3, TY_INT64), *byte = zeros(3, TY_UINT8);
    ty_tensor *one = zeros(1, TY_FLOAT32), *spread = made(ty_expand(one, 1, &n));
    ty_tensor *high = weights_of(0.5, 1.5), *low = weights_of(-1, 2), *nan = weights_of(NAN, 1),
              *none = weights_of(0, 0);
    ty_tensor *cube = made(ty_zeros(3, (int64_t[]){2, 2, 2}, TY_FLOAT32, cpu));

    refused(ty_rand(1, &n, TY_INT32, cpu, NULL), "the dtype must be too, got int32");
    refused(ty_randn(1, &n, TY_INT64, cpu, NULL), "the dtype must be too, got int64");
    refused(ty_rand(1, &negative, TY_FLOAT32, cpu, NULL), "negative size");
    refused(ty_randint(5, 5, 1, &n, TY_INT64, cpu, NULL), "low = 5 and high = 5");
    refused(ty_randint(0, 300, 1, &n, TY_UINT8, cpu, NULL), "299 is out of range for uint8");
    refused(ty_randint(-1, 3, 1, &n, TY_UINT8, cpu, NULL), "-1 is out of range for uint8");
    refused(ty_randint(0, 3, 1, &n, TY_BOOL, cpu, NULL), "2 is out of range for bool");
    refused(ty_randint(0, INT64_MIN, 1, &n, TY_INT64, cpu, NULL), "low must be less than high");
    refused(ty_randperm(-1, TY_INT64, cpu, NULL), "got -1");
    refused(ty_randperm(257, TY_UINT8, cpu, NULL), "257");
    refused(ty_randperm(3, TY_BOOL, cpu, NULL), "bool");
    refused(ty_uniform_(f, 2, 1, NULL), "from = 2 is greater than to = 1");
    refused(ty_uniform_(f, NAN, 1, NULL), "finite");
    refused(ty_uniform_(f, 0, 1e39, NULL), "float32");
    refused(ty_uniform_(whole, 0, 1, NULL), "int64");
    refused(ty_uniform_(spread, 0, 1, NULL), "expand");
    refused(ty_uniform_(NULL, 0, 1, NULL), "expand"); /* the message of the call that made the NULL stays */
    refused(ty_normal_(f, 0, -1, NULL), "std = -1");
    refused(ty_normal_(f, 0, NAN, NULL), "std = nan");
    refused(ty_normal_(whole, 0, 1, NULL), "int64");
    refused(ty_exponential_(f, 0, NULL), "greater than 0");
    refused(ty_exponential_(whole, 1, NULL), "int64");
    refused(ty_bernoulli_(f, 1.5, NULL), "1.5");
    refused(ty_bernoulli_(f, NAN, NULL), "nan");
    refused(ty_random_(f, 5, 3, NULL), "low = 5 and high = 3");
    refused(ty_random_(byte, 300, INT64_MIN, NULL), "300 is out of range");
    refused(ty_random_(byte, INT64_MIN, INT64_MIN, NULL), "uint8");
    refused(ty_bernoulli(high, NULL), "from 0.5 to 1.5");
    refused(ty_bernoulli(nan, NULL), "nan");
    refused(ty_bernoulli(whole, NULL), "floating");
    refused(ty_normal(f, high, NULL), "do not broadcast");
    refused(ty_normal(high, low, NULL), "the least is -1");
    refused(ty_normal(whole, f, NULL), "int64");
    refused(ty_multinomial(f, 4, false, NULL), "4 samples cannot be drawn from 3");
    refused(ty_multinomial(f, 0, true, NULL), "positive");
    refused(ty_multinomial(low, 1, false, NULL), "-1");
    refused(ty_multinomial(nan, 3, true, NULL), "nan");
    refused(ty_multinomial(none, 3, true, NULL), "sums to 0");
    refused(ty_multinomial(whole, 1, true, NULL), "floating");
    refused(ty_multinomial(cube, 1, true, NULL), "{2, 2, 2}");
    refused(ty_dropout(f, 1.5, true, NULL), "1.5");
    refused(ty_dropout(f, NAN, false, NULL), "nan");
    refused(ty_dropout(whole, 0.5, true, NULL), "int64{3}");
    refused(ty_init_kaiming_uniform_(f, 0, TY_FAN_IN, TY_NONLINEARITY_RELU, NULL), "{3}");
    refused(ty_init_xavier_normal_(f, 1, NULL), "{3}");
    refused(ty_init_xavier_uniform_(cube, -1, NULL), "gain");
    refused(ty_init_trunc_normal_(f, 0, 1, 2, -2, NULL), "a = 2 and b = -2");
    refused(ty_init_trunc_normal_(f, 0, 0, -2, 2, NULL), "std = 0");
    refused(ty_init_trunc_normal_(f, 0, 1, 5, 1e30, NULL), "next to nothing");
    refused(ty_init_trunc_normal_(whole, 0, 1, -2, 2, NULL), "int64");

    ty_tensor *all[] = {f, whole, byte, one, spread, high, low, nan, none, cube};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ty_release(all[i]);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_gives_the_values_that_pytorch_gives),
        cmocka_unit_test(the_first_tutorial_ends_in_0_3171),
        cmocka_unit_test(a_normal_left_over_serves_the_next_call),
        cmocka_unit_test(a_probability_is_compared_to_the_last_bit),
        cmocka_unit_test(a_saved_state_is_pytorchs_and_resumes),
        cmocka_unit_test(a_broken_state_is_refused_and_changes_nothing),
        cmocka_unit_test(seeds_are_what_was_given),
        cmocka_unit_test(threads_that_share_a_generator_get_whole_draws),
        cmocka_unit_test(an_interrupt_stops_a_long_draw),
        cmocka_unit_test(a_view_is_filled_and_nothing_around_it),
        cmocka_unit_test(leaves_that_require_gradients_are_initialised_but_not_drawn_into),
        cmocka_unit_test(dropout_scales_what_it_keeps_and_its_gradient_alike),
        cmocka_unit_test(dropout_does_nothing_where_there_is_nothing_to_do),
        cmocka_unit_test(fans_and_gains_are_those_of_pytorch),
        cmocka_unit_test(truncated_normals_stay_inside),
        cmocka_unit_test(bad_arguments_are_told_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_on_each_isa(run_all);
}
