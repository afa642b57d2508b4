/*
 * The CPU's convolutions, all three parts of the form in float32 and float64, against six plain loops: windows drawn at
 * random, and sizes that are cut into bands, strips, several images at a time, and panels with few lanes. Runs with
 * every instruction set that the processor has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
/* cmocka wants those before it */
#include <cmocka.h>

#include "each_isa.h"

#include "backend/cpu/cpu.h"
#include "backend/cpu/pool.h"

static uint64_t seed = 1;

static int64_t drawn(int64_t low, int64_t high)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return low + (int64_t)((seed >> 33) % (uint64_t)(high - low + 1));
}

typedef struct sizes {
    int64_t x, y, weight;
} sizes;

static int64_t product(const int64_t s[3])
{
    return s[0] * s[1] * s[2];
}

static sizes sizes_of(const tyi_conv_args *a)
{
    const tyi_window *w = &a->window;
    return (sizes){a->batch * a->groups * a->in_channels * product(w->in),
                   a->batch * a->groups * a->out_channels * product(w->out),
                   a->groups * a->out_channels * a->in_channels * product(w->kernel)};
}

/* Where output p's place k of the window lies in a plane of x; -1 in the padding. */
static int64_t place_in_x(const tyi_window *w, int64_t p, int64_t k)
{
    int64_t o[3] = {p / w->out[2] / w->out[1], p / w->out[2] % w->out[1], p % w->out[2]};
    int64_t t[3] = {k / w->kernel[2] / w->kernel[1], k / w->kernel[2] % w->kernel[1], k % w->kernel[2]};
    int64_t place = 0;
    for (int d = 0; d < 3; d++) {
        int64_t i = o[d] * w->stride[d] - w->pad[d] + t[d] * w->dilation[d];
        if (i < 0 || i >= w->in[d])
            return -1;
        place = place * w->in[d] + i;
    }
    return place;
}

static double get(const void *data, ty_dtype dtype, int64_t i)
{
    return dtype == TY_FLOAT64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

static void *values(int64_t n, ty_dtype dtype)
{
    void *data = calloc((size_t)(n ? n : 1), ty_dtype_size(dtype));
    for (int64_t i = 0; i < n; i++) {
        double v = (double)drawn(-1000, 1000) / 1000;
        if (dtype == TY_FLOAT64)
            ((double *)data)[i] = v;
        else
            ((float *)data)[i] = (float)v;
    }
    return data;
}

static void fail_with(const tyi_conv_args *a, int64_t i, double got, double expected)
{
    const tyi_window *w = &a->window;
    fail_msg(
        "part %d dtype %d batch %d groups %d channels %d -> %d in %d %d %d kernel %d %d %d stride %d %d %d pad %d %d "
        "%d dilation %d %d %d: element %d is %g, not %g",
        (int)a->part, (int)a->dtype, (int)a->batch, (int)a->groups, (int)a->in_channels, (int)a->out_channels,
        (int)w->in[0], (int)w->in[1], (int)w->in[2], (int)w->kernel[0], (int)w->kernel[1], (int)w->kernel[2],
        (int)w->stride[0], (int)w->stride[1], (int)w->stride[2], (int)w->pad[0], (int)w->pad[1], (int)w->pad[2],
        (int)w->dilation[0], (int)w->dilation[1], (int)w->dilation[2], (int)i, got, expected);
}

/* One part on one and on three threads. */
static void check_part(tyi_conv_args *a, void *out, int64_t n, const double *expected, const double *scale)
{
    size_t bytes = (size_t)n * ty_dtype_size(a->dtype);
    void *alone = malloc(bytes);
    double epsilon = a->dtype == TY_FLOAT64 ? 1e-15 : 2e-7;
    memset(out, 0xff, bytes);
    tyi_set_num_threads(1);
    assert_int_equal(tyi_cpu_conv(a), TY_OK);
    memcpy(alone, out, bytes);
    memset(out, 0xff, bytes);
    tyi_set_num_threads(3);
    assert_int_equal(tyi_cpu_conv(a), TY_OK);
    for (int64_t i = 0; i < n; i++) {
        double got = get(out, a->dtype, i);
        if (!(fabs(got - expected[i]) <= epsilon * (8 * scale[i] + 8)))
            fail_with(a, i, got, expected[i]);
    }
    assert_memory_equal(alone, out, bytes);
    free(alone);
}

static void add(double *sum, double *scale, double value)
{
    *sum += value;
    *scale += fabs(value);
}

/* All three parts, each from the other two; and the sums of magnitudes. */
static void compute(const tyi_conv_args *a, const void *x, const void *y, const void *weight, double *sum[3],
                    double *scale[3])
{
    const tyi_window *w = &a->window;
    int64_t in = product(w->in), out = product(w->out), kernel = product(w->kernel);
    int64_t channels = a->groups * a->out_channels;
    for (int64_t yi = 0; yi < a->batch * channels * out; yi++)
        for (int64_t c = 0; c < a->in_channels; c++)
            for (int64_t k = 0; k < kernel; k++) {
                int64_t n = yi / out / channels, o = yi / out % channels, place = place_in_x(w, yi % out, k);
                if (place < 0)
                    continue;
                int64_t xi = ((n * a->groups + o / a->out_channels) * a->in_channels + c) * in + place;
                int64_t wi = (o * a->in_channels + c) * kernel + k;
                double vx = get(x, a->dtype, xi), vy = get(y, a->dtype, yi), vw = get(weight, a->dtype, wi);
                add(&sum[0][yi], &scale[0][yi], vx * vw);
                add(&sum[1][xi], &scale[1][xi], vy * vw);
                add(&sum[2][wi], &scale[2][wi], vx * vy);
            }
}

/* The sums of y that come with the weight's gradient, as check_part() has left them. */
static void check_y_sums(const tyi_conv_args *a, const void *y)
{
    int64_t channels = a->groups * a->out_channels, out = product(a->window.out);
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0, scale = 0, got = get(a->y_sums, a->dtype, c);
        for (int64_t i = 0; i < a->batch * out; i++)
            add(&sum, &scale, get(y, a->dtype, (i / out * channels + c) * out + i % out));
        if (!(fabs(got - sum) <= (a->dtype == TY_FLOAT64 ? 1e-15 : 2e-7) * (8 * scale + 8)))
            fail_with(a, c, got, sum);
    }
}

static void check(tyi_conv_args *a)
{
    sizes s = sizes_of(a);
    void *x = values(s.x, a->dtype), *y = values(s.y, a->dtype), *weight = values(s.weight, a->dtype);
    void *out[3] = {malloc((size_t)s.y * 8), malloc((size_t)s.x * 8), malloc((size_t)s.weight * 8)};
    int64_t n[3] = {s.y, s.x, s.weight};
    double *expected[3], *scale[3];
    for (int part = 0; part < 3; part++) {
        expected[part] = calloc((size_t)n[part], sizeof(double));
        scale[part] = calloc((size_t)n[part], sizeof(double));
    }
    compute(a, x, y, weight, expected, scale);
    for (int part = 0; part < 3; part++) {
        a->part = (tyi_conv_part)part;
        a->x = part == TYI_CONV_X ? out[part] : x;
        a->y = part == TYI_CONV_Y ? out[part] : y;
        a->weight = part == TYI_CONV_WEIGHT ? out[part] : weight;
        a->y_sums = part == TYI_CONV_WEIGHT ? malloc((size_t)(a->groups * a->out_channels) * 8) : NULL;
        check_part(a, out[part], n[part], expected[part], scale[part]);
        if (part == TYI_CONV_WEIGHT)
            check_y_sums(a, y);
        free(a->y_sums);
        free(expected[part]);
        free(scale[part]);
        free(out[part]);
    }
    free(x);
    free(y);
    free(weight);
}

static void finish(tyi_window *w)
{
    for (int d = 0; d < 3; d++)
        w->out[d] = (w->in[d] + 2 * w->pad[d] - (w->kernel[d] - 1) * w->dilation[d] - 1) / w->stride[d] + 1;
}

static void test_windows_at_random(void **state)
{
    (void)state;
    for (int round = 0; round < 150; round++) {
        int ndim = (int)drawn(1, 3);
        tyi_conv_args a = {.dtype = round % 3 ? TY_FLOAT32 : TY_FLOAT64, .batch = drawn(1, 5)};
        a.groups = drawn(1, 4) == 1 ? drawn(2, 3) : 1;
        a.in_channels = drawn(1, 9), a.out_channels = drawn(1, 3) == 1 ? drawn(9, 40) : drawn(1, 9);
        for (int d = 0; d < 3; d++) {
            tyi_window *w = &a.window;
            bool used = d >= 3 - ndim;
            w->kernel[d] = used ? drawn(1, 3) : 1;
            w->stride[d] = used ? drawn(1, 3) : 1;
            w->dilation[d] = used ? drawn(1, 2) : 1;
            w->pad[d] = used ? drawn(0, 2) : 0;
            int64_t reach = (w->kernel[d] - 1) * w->dilation[d] + 1;
            int64_t least = reach > 2 * w->pad[d] ? reach - 2 * w->pad[d] : 1;
            w->in[d] = used ? least + drawn(0, 7) : 1;
        }
        finish(&a.window);
        check(&a);
    }
}

static void test_images_larger_than_a_band(void **state)
{
    (void)state;
    /* channels, size, kernel, stride, padding: long rows, tall planes, both with and without strips */
    static const int64_t cases[][7] = {
        {2, 5, 3, 700, 3, 1, 1},  {3, 17, 70, 9, 3, 1, 0},  {4, 8, 50, 50, 3, 2, 1},
        {40, 3, 20, 21, 3, 1, 1}, {1, 20, 30, 30, 5, 1, 2}, {300, 5, 5, 5, 3, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t *c = cases[i];
        tyi_conv_args a = {.dtype = TY_FLOAT32, .batch = 2, .groups = 1, .in_channels = c[0], .out_channels = c[1]};
        a.window = (tyi_window){.in = {1, c[2], c[3]},
                                .kernel = {1, c[2] < c[4] ? 1 : c[4], c[4]},
                                .stride = {1, c[5], c[5]},
                                .dilation = {1, 1, 1},
                                .pad = {0, c[6], c[6]}};
        finish(&a.window);
        check(&a);
    }
}

static void test_many_small_images(void **state)
{
    (void)state;
    for (int64_t batch = 31; batch <= 70; batch += 13)
        for (int64_t pad = 0; pad < 2; pad++) {
            tyi_conv_args a = {
                .dtype = TY_FLOAT32, .batch = batch, .groups = 1 + pad, .in_channels = 6, .out_channels = 20};
            a.window = (tyi_window){
                .in = {1, 5, 4}, .kernel = {1, 3, 3}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}, .pad = {0, pad, pad}};
            finish(&a.window);
            check(&a);
        }
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_at_random),
        cmocka_unit_test(test_images_larger_than_a_band),
        cmocka_unit_test(test_many_small_images),
    };
    return cmocka_run_group_tests_name("convolutions", tests, NULL, NULL);
}

int main(void)
{
    return run_on_each_isa(run_all);
}
