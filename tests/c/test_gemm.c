/*
 * Matrix multiplication on the CPU, against sums in double: sizes around every tile edge, all orders of strides,
 * batches, epilogues, special values, thread counts, integers, interrupts and failed allocations. Operands end at an
 * unreadable page, so that reading past them is seen. Runs once per instruction set that the processor has, unless
 * TYCHO_ISA names one.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "each_isa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/isa.h"
#include "backend/cpu/pool.h"

/* Memory whose end (or, when `front`, start) is at a page that cannot be touched. */
typedef struct guarded {
    char *map, *data;
    size_t map_bytes;
} guarded;

static guarded guarded_new(size_t bytes, bool front)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (bytes + page - 1) / page * page;
    guarded g = {.map_bytes = inner + 2 * page};
    g.map = mmap(NULL, g.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.map != MAP_FAILED);
    assert_int_equal(mprotect(g.map, page, PROT_NONE), 0);
    assert_int_equal(mprotect(g.map + page + inner, page, PROT_NONE), 0);
    g.data = front ? g.map + page : g.map + page + inner - bytes;
    return g;
}

static void guarded_free(guarded g)
{
    munmap(g.map, g.map_bytes);
}

static uint64_t seed = 88172645463325252u;

static uint32_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32);
}

static int64_t below(int64_t n)
{
    return (int64_t)(draw() % (uint64_t)n);
}

static double get(ty_dtype dtype, const void *data, int64_t i)
{
    return dtype == TY_FLOAT32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

static void put(ty_dtype dtype, void *data, int64_t i, double value)
{
    if (dtype == TY_FLOAT32)
        ((float *)data)[i] = (float)value;
    else
        ((double *)data)[i] = value;
}

enum { PLAIN, TRANSPOSED, SPREAD, LAYOUTS };

/* Strides of rows x columns in a layout, and the number of elements from the first to past the last. */
static int64_t lay_out(int layout, int64_t rows, int64_t columns, int64_t pad, int64_t *row, int64_t *column)
{
    if (layout == PLAIN)
        *row = columns + pad, *column = 1;
    else if (layout == TRANSPOSED)
        *row = 1, *column = rows + pad;
    else
        *row = 3 * columns + pad, *column = 3;
    return rows && columns ? (rows - 1) * *row + (columns - 1) * *column + 1 : 0;
}

typedef struct problem {
    tyi_matmul_args args;
    guarded a, b, c, bias, c_before;
    size_t c_bytes;
} problem;

static problem make(ty_dtype dtype, int64_t batch, int64_t m, int64_t n, int64_t k, int a_layout, int b_layout,
                    int64_t pad, double alpha, int beta, bool bias)
{
    size_t element = ty_dtype_size(dtype);
    problem p = {.args = {.dtype = dtype, .batch = batch, .m = m, .n = n, .k = k, .alpha = alpha, .beta = beta}};
    tyi_matmul_args *x = &p.args;
    bool front = draw() & 1;
    x->a_batch = lay_out(a_layout, m, k, pad, &x->a_row, &x->a_col) + pad;
    x->b_batch = lay_out(b_layout, k, n, pad, &x->b_row, &x->b_col) + pad;
    x->ldc = n + pad;
    x->c_batch = m ? (m - 1) * x->ldc + n : 0;
    size_t a_count = (size_t)(batch * x->a_batch - pad), b_count = (size_t)(batch * x->b_batch - pad);
    size_t c_count = (size_t)(batch * x->c_batch);
    p.a = guarded_new(a_count * element, front);
    p.b = guarded_new(b_count * element, front);
    p.c_bytes = c_count * element;
    p.c = guarded_new(p.c_bytes, front);
    p.c_before = guarded_new(p.c_bytes, front);
    p.bias = guarded_new((size_t)n * element, front);
    for (size_t i = 0; i < a_count; i++)
        put(dtype, p.a.data, (int64_t)i, (double)(int32_t)draw() / 2147483648.0);
    for (size_t i = 0; i < b_count; i++)
        put(dtype, p.b.data, (int64_t)i, (double)(int32_t)draw() / 2147483648.0);
    /* What must not be read is not a number. */
    for (size_t i = 0; i < c_count; i++)
        put(dtype, p.c.data, (int64_t)i, beta ? (double)(int32_t)draw() / 2147483648.0 : (double)NAN);
    for (int64_t i = 0; i < n; i++)
        put(dtype, p.bias.data, i, (double)(int32_t)draw() / 2147483648.0);
    memcpy(p.c_before.data, p.c.data, p.c_bytes);
    x->a = p.a.data;
    x->b = p.b.data;
    x->c = p.c.data;
    x->bias = bias ? p.bias.data : NULL;
    return p;
}

static void drop(problem *p)
{
    guarded_free(p->a);
    guarded_free(p->b);
    guarded_free(p->c);
    guarded_free(p->c_before);
    guarded_free(p->bias);
}

/* Compares all of c with sums in double, and what lies between its rows with what was there. */
static void check(const problem *p)
{
    const tyi_matmul_args *x = &p->args;
    double unit = x->dtype == TY_FLOAT32 ? 1.2e-7 : 2.3e-16;
    for (int64_t q = 0; q < x->batch; q++)
        for (int64_t i = 0; i < x->m; i++)
            for (int64_t j = 0; j < x->ldc; j++) {
                int64_t at = q * x->c_batch + i * x->ldc + j;
                if (j >= x->n) {
                    if (i < x->m - 1) {
                        double was = get(x->dtype, p->c_before.data, at), is = get(x->dtype, x->c, at);
                        if (!(was == is || (isnan(was) && isnan(is))))
                            fail_msg("written between the rows at row %d, column %d", (int)i, (int)j);
                    }
                    continue;
                }
                double sum = 0, size = 0;
                for (int64_t r = 0; r < x->k; r++) {
                    double product = get(x->dtype, x->a, q * x->a_batch + i * x->a_row + r * x->a_col) *
                                     get(x->dtype, x->b, q * x->b_batch + r * x->b_row + j * x->b_col);
                    sum += product;
                    size += fabs(product);
                }
                sum *= x->alpha;
                size *= fabs(x->alpha);
                if (x->beta) {
                    sum += get(x->dtype, p->c_before.data, at);
                    size += 1;
                }
                if (x->bias) {
                    sum += get(x->dtype, x->bias, j);
                    size += 1;
                }
                double got = get(x->dtype, x->c, at);
                double bound = unit * (size * (4 + sqrt((double)x->k)) + 1e-30);
                if (!(fabs(got - sum) <= bound))
                    fail_msg(
                        "%s batch %d of %d, %d x %d x %d, a strides %d %d, b strides %d %d, ldc %d, alpha %g, beta %d, "
                        "bias %d: c[%d, %d] is %.9g, not %.9g",
                        ty_dtype_name(x->dtype), (int)q, (int)x->batch, (int)x->m, (int)x->n, (int)x->k, (int)x->a_row,
                        (int)x->a_col, (int)x->b_row, (int)x->b_col, (int)x->ldc, x->alpha, x->beta, x->bias != NULL,
                        (int)i, (int)j, got, sum);
            }
}

static void run_and_check(ty_dtype dtype, int64_t batch, int64_t m, int64_t n, int64_t k, int a_layout, int b_layout,
                          int64_t pad, double alpha, int beta, bool bias)
{
    problem p = make(dtype, batch, m, n, k, a_layout, b_layout, pad, alpha, beta, bias);
    assert_int_equal(tyi_cpu_matmul(&p.args), TY_OK);
    check(&p);
    drop(&p);
}

static void small_sizes_in_every_layout(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 25, 33};
    const int count = sizeof sizes / sizeof *sizes;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++)
            for (int l = 0; l < LAYOUTS * LAYOUTS; l++) {
                bool plain = draw() & 1;
                run_and_check(draw() & 1 ? TY_FLOAT32 : TY_FLOAT64, 1, sizes[i], sizes[j], 1 + below(40), l % LAYOUTS,
                              l / LAYOUTS, below(3), plain ? 1 : 0.5, draw() & 1, draw() & 1);
            }
}

static void random_sizes(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        int64_t m = 1 + below(draw() & 1 ? 20 : 220), n = 1 + below(draw() & 1 ? 50 : 220);
        int64_t k = 1 + below(draw() & 3 ? 100 : 900);
        run_and_check(draw() & 1 ? TY_FLOAT32 : TY_FLOAT64, 1, m, n, k, (int)below(LAYOUTS), (int)below(LAYOUTS),
                      below(4), draw() & 1 ? 1 : -1.5, draw() & 1, draw() & 1);
    }
}

static void packed_sizes(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{300, 290, 500}, {100, 530, 460}, {530, 100, 1000}, {64, 256, 784},
                                       {256, 784, 64},  {64, 784, 256},  {97, 257, 449},   {200, 19, 900},
                                       {19, 200, 900},  {64, 10, 64},    {10, 64, 64},     {4200, 70, 30},
                                       {70, 4200, 30},  {1000, 1000, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int l = 0; l < 4; l++)
            run_and_check(l == 3 ? TY_FLOAT64 : TY_FLOAT32, 1, sizes[i][0], sizes[i][1], sizes[i][2], l & 1, l >> 1,
                          below(2) * 5, 1, draw() & 1, draw() & 1);
}

static void vectors_and_long_sums(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{1, 1, 1},      {1, 1, 7},       {1, 1, 100003}, {1, 1000, 300},
                                       {1000, 1, 300}, {1, 2000, 2000}, {3, 1500, 200}, {1500, 3, 200},
                                       {10, 7, 20000}, {1, 40, 30000},  {2, 2, 50000},  {100, 90, 9000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int l = 0; l < LAYOUTS * LAYOUTS; l++)
            run_and_check(l % 4 == 3 ? TY_FLOAT64 : TY_FLOAT32, 1, sizes[i][0], sizes[i][1], sizes[i][2], l % LAYOUTS,
                          l / LAYOUTS, below(2), l & 1 ? 1 : 2, draw() & 1, draw() & 1);
}

static void batches(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++)
        run_and_check(draw() & 1 ? TY_FLOAT32 : TY_FLOAT64, 1 + below(20), 1 + below(20), 1 + below(40), 1 + below(40),
                      (int)below(LAYOUTS), (int)below(LAYOUTS), below(3), 1, draw() & 1, draw() & 1);
    run_and_check(TY_FLOAT32, 3, 90, 110, 120, PLAIN, TRANSPOSED, 0, 1, 0, false);
}

static void a_batch_against_one_matrix(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        int64_t m = 1 + below(9);
        problem p =
            make(TY_FLOAT32, 6, m, 1 + below(40), 1 + below(40), (int)below(2), (int)below(2), 0, 1, 0, draw() & 1);
        p.args.b_batch = 0;
        if (draw() & 1)
            p.args.a_batch = 0;
        assert_int_equal(tyi_cpu_matmul(&p.args), TY_OK);
        check(&p);
        drop(&p);
    }
}

/* b rearranged once serves any number of rows, whatever it was meant for. */
static void a_prepared_matrix(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        int64_t m = 1 + below(i % 2 ? 20 : 120), n = 1 + below(i % 3 ? 60 : 500), k = 1 + below(i % 5 ? 90 : 1200);
        ty_dtype dtype = draw() & 1 ? TY_FLOAT32 : TY_FLOAT64;
        problem p =
            make(dtype, 1, m, n, k, (int)below(LAYOUTS), (int)below(LAYOUTS), below(3), 1, draw() & 1, draw() & 1);
        size_t bytes = (size_t)TYI_PREPARED(n, k) * ty_dtype_size(dtype);
        guarded prepared = guarded_new(bytes, draw() & 1);
        memset(prepared.data, 0xff, bytes);
        p.args.prepared = prepared.data;
        p.args.prepared_m = draw() & 1 ? m : 1 + below(100);
        assert_int_equal(tyi_cpu_matmul_prepare(&p.args), TY_OK);
        assert_int_equal(tyi_cpu_matmul(&p.args), TY_OK);
        check(&p);
        guarded_free(prepared);
        drop(&p);
    }
}

static void nothing_to_sum_gives_bias_or_zeros(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        run_and_check(TY_FLOAT32, 1, 5, 21, 0, PLAIN, PLAIN, 1, 1, i & 1, i >> 1);
        run_and_check(TY_FLOAT64, 3, 200, 300, 0, PLAIN, TRANSPOSED, 0, 1, i & 1, i >> 1);
        run_and_check(TY_FLOAT32, 1, 1, 7, 0, PLAIN, PLAIN, 0, 1, i & 1, i >> 1);
        run_and_check(TY_FLOAT32, 1, 7, 1, 0, TRANSPOSED, PLAIN, 2, 1, i & 1, i >> 1);
    }
    run_and_check(TY_FLOAT32, 1, 0, 5, 3, PLAIN, PLAIN, 0, 1, 0, true);
    run_and_check(TY_FLOAT32, 1, 5, 0, 3, PLAIN, PLAIN, 0, 1, 0, true);
    run_and_check(TY_FLOAT32, 0, 5, 4, 3, PLAIN, PLAIN, 0, 1, 0, true);
    run_and_check(TY_FLOAT32, 1, 0, 0, 0, PLAIN, PLAIN, 0, 1, 1, false);
}

static void infinities_and_nans_reach_their_rows_and_columns_only(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{1, 1, 20}, {1, 45, 30}, {45, 1, 30}, {3, 46, 17}, {17, 17, 17}, {70, 90, 500}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int l = 0; l < 4; l++) {
            int64_t m = sizes[s][0], n = sizes[s][1], k = sizes[s][2];
            problem p = make(TY_FLOAT32, 1, m, n, k, l & 1, l >> 1, 1, 1, 0, false);
            tyi_matmul_args *x = &p.args;
            float *a = (float *)p.a.data, *b = (float *)p.b.data, *c = x->c;
            a[(m - 1) * x->a_row + (k - 1) * x->a_col] = INFINITY; /* times zero in the last column */
            for (int64_t j = 0; j < n; j++)
                b[(k - 1) * x->b_row + j * x->b_col] = j == n - 1 ? 0 : 1;
            if (m > 1)
                a[0] = NAN;
            assert_int_equal(tyi_cpu_matmul(x), TY_OK);
            for (int64_t i = 0; i < m; i++)
                for (int64_t j = 0; j < n; j++) {
                    float v = c[i * x->ldc + j];
                    if (i == m - 1 && j == n - 1)
                        assert_true(isnan(v));
                    else if (i == m - 1)
                        assert_true(isinf(v) && v > 0);
                    else if (i == 0)
                        assert_true(isnan(v));
                    else
                        assert_true(isfinite(v));
                }
            drop(&p);
        }
}

static void results_do_not_depend_on_the_number_of_threads(void **state)
{
    (void)state;
    static const int64_t sizes[][4] = {{1, 64, 256, 784}, {1, 300, 290, 500}, {1, 1, 1, 100003}, {1, 1, 3000, 900},
                                       {1, 2, 3000, 900}, {1, 10, 7, 20000},  {50, 20, 30, 40},  {2, 200, 200, 200}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int l = 0; l < 4; l++) {
            problem p =
                make(TY_FLOAT32, sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3], l & 1, l >> 1, 0, 1, 0, true);
            void *first = malloc(p.c_bytes);
            assert_non_null(first);
            for (int threads = 1; threads <= 5; threads++) {
                tyi_set_num_threads(threads);
                memset(p.c.data, 0xff, p.c_bytes);
                assert_int_equal(tyi_cpu_matmul(&p.args), TY_OK);
                if (threads == 1)
                    memcpy(first, p.c.data, p.c_bytes);
                else
                    assert_memory_equal(first, p.c.data, p.c_bytes);
            }
            free(first);
            drop(&p);
        }
    tyi_set_num_threads(0);
}

#define INTEGERS(type, E)                                                                                              \
    static void integers_##type(void)                                                                                  \
    {                                                                                                                  \
        enum { M = 7, N = 9, K = 300 };                                                                                \
        static type a[M * K], b[K * N], c[M * N], bias[N];                                                             \
        for (int layout = 0; layout < 8; layout++) {                                                                   \
            for (int i = 0; i < M * K; i++)                                                                            \
                a[i] = (type)((uint64_t)draw() << 32 | draw());                                                        \
            for (int i = 0; i < K * N; i++)                                                                            \
                b[i] = (type)((uint64_t)draw() << 32 | draw());                                                        \
            for (int i = 0; i < M * N; i++)                                                                            \
                c[i] = (type)i;                                                                                        \
            for (int i = 0; i < N; i++)                                                                                \
                bias[i] = (type)draw();                                                                                \
            tyi_matmul_args x = {.dtype = TY_##E, .batch = 1, .m = M, .n = N, .k = K, .a = a, .b = b, .c = c};         \
            x.a_row = layout & 1 ? 1 : K, x.a_col = layout & 1 ? M : 1;                                                \
            x.b_row = layout & 2 ? 1 : N, x.b_col = layout & 2 ? K : 1;                                                \
            x.ldc = N, x.alpha = layout & 4 ? -2 : 1, x.beta = layout >> 2, x.bias = layout & 4 ? bias : NULL;         \
            assert_int_equal(tyi_cpu_matmul(&x), TY_OK);                                                               \
            for (int i = 0; i < M; i++)                                                                                \
                for (int j = 0; j < N; j++) {                                                                          \
                    uint64_t sum = 0;                                                                                  \
                    for (int p = 0; p < K; p++)                                                                        \
                        sum += (uint64_t)a[i * x.a_row + p * x.a_col] * (uint64_t)b[p * x.b_row + j * x.b_col];        \
                    sum = layout & 4 ? (uint64_t)-2 * sum + (uint64_t)(i * N + j) + (uint64_t)bias[j] : sum;           \
                    assert_true(c[i * N + j] == (type)sum);                                                            \
                }                                                                                                      \
        }                                                                                                              \
    }
INTEGERS(uint8_t, UINT8)
INTEGERS(int8_t, INT8)
INTEGERS(int16_t, INT16)
INTEGERS(int32_t, INT32)
INTEGERS(int64_t, INT64)

static void integers_wrap_around(void **state)
{
    (void)state;
    integers_uint8_t();
    integers_int8_t();
    integers_int16_t();
    integers_int32_t();
    integers_int64_t();
    bool flag = true;
    tyi_matmul_args x = {.dtype = TY_BOOL, .batch = 1, .m = 1, .n = 1, .k = 1, .a = &flag, .b = &flag, .c = &flag};
    assert_int_equal(tyi_cpu_matmul(&x), TY_FAIL);
    assert_non_null(strstr(ty_error(), "bool"));
}

static void an_interrupt_stops_it(void **state)
{
    (void)state;
    static const int64_t sizes[][4] = {{1, 300, 300, 300}, {1, 1, 3000, 900}, {1, 2, 2, 50000}, {50, 20, 30, 40}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        problem p =
            make(TY_FLOAT32, sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3], PLAIN, TRANSPOSED, 0, 1, 0, false);
        ty_interrupt();
        assert_int_equal(tyi_cpu_matmul(&p.args), TY_FAIL);
        assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
        ty_interrupt_clear();
        assert_int_equal(tyi_cpu_matmul(&p.args), TY_OK);
        check(&p);
        drop(&p);
    }
}

/* With the address space closed after the operands are there, the memory for packing cannot be had. */
static void memory_that_cannot_be_had_is_an_error(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__linux__)
    skip();
#endif
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        tyi_set_num_threads(1);
        ty_empty_cache();
        problem p = make(TY_FLOAT32, 1, 2000, 2000, 400, PLAIN, TRANSPOSED, 0, 1, 0, false);
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        if (!file || fscanf(file, "%ld", &pages) != 1)
            _exit(1);
        fclose(file);
        rlim_t bytes = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
        struct rlimit closed = {bytes, RLIM_INFINITY}, open = {RLIM_INFINITY, RLIM_INFINITY};
        if (setrlimit(RLIMIT_AS, &closed) != 0)
            _exit(0);
        bool failed = tyi_cpu_matmul(&p.args) == TY_FAIL && ty_error_what() == TY_ERROR_MEMORY;
        setrlimit(RLIMIT_AS, &open);
        _exit(!failed || tyi_cpu_matmul(&p.args) != TY_OK);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_sizes_in_every_layout),
        cmocka_unit_test(random_sizes),
        cmocka_unit_test(packed_sizes),
        cmocka_unit_test(vectors_and_long_sums),
        cmocka_unit_test(batches),
        cmocka_unit_test(a_batch_against_one_matrix),
        cmocka_unit_test(a_prepared_matrix),
        cmocka_unit_test(nothing_to_sum_gives_bias_or_zeros),
        cmocka_unit_test(infinities_and_nans_reach_their_rows_and_columns_only),
        cmocka_unit_test(results_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(integers_wrap_around),
        cmocka_unit_test(an_interrupt_stops_it),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_on_each_isa(run_all);
}
