/*
 * Random kernels: contiguous elements with the values of PyTorch's CPU generator, in its order of drawing.
 *
 * How far "the same values" goes, against the x86-64 builds of PyTorch 2.7 and later, whose AVX2 kernels are the ones
 * nearly everybody runs: integers, permutations, masks, uniforms of both precisions and float32 normals are equal to
 * the last bit on every machine. What goes through the C library's log, log1p, sin, cos and their like (float64
 * normals, normals of fewer than 16 elements, exponentials, cauchy, log-normal) is equal where that library is the same
 * glibc; another one may change the last bit of a float64. The number of words drawn never differs. Builds before 2.7
 * drew dropout masks, bernoulli_(p) and exponentials through MKL and differ from these.
 *
 * A kernel holds the generator's lock from its first word to its last. Long ones stop at interrupts, with the generator
 * advanced.
 */
#include <math.h>

#include "backend/cpu/loops.h"
#include "backend/cpu/random_loops.h"
#include "backend/poisson.h"
#include "tensor/interrupt.h"

#define CHUNK TYI_RANDOM_CHUNK

static const tyi_random_loops *loops(void)
{
#if defined(__x86_64__)
    static const tyi_random_loops *const table[TYI_ISA_COUNT] = {&tyi_random_v2, &tyi_random_v3, &tyi_random_v4};
#else
    static const tyi_random_loops *const table[TYI_ISA_COUNT] = {&tyi_random_base};
#endif
    return table[tyi_cpu_isa()];
}

/* Elements to work on next, when `done` of n are: 0 at the end, and after an interrupt, which is put into *status. */
static int next_chunk(int64_t done, int64_t n, ty_status *status)
{
    if (done >= n)
        return 0;
    if (tyi_interrupted()) {
        *status = ty_fail(TY_ERROR_INTERRUPT, "interrupted while drawing random numbers");
        return 0;
    }
    return n - done < CHUNK ? (int)(n - done) : CHUNK;
}

/* Floats into elements of a reduced dtype, from x[begin] on. */
static void write_floats(const float *values, ty_dtype dtype, void *x, int64_t begin, int64_t n)
{
    tyi_cpu_converts()->convert[dtype][TY_FLOAT32]((uint16_t *)x + begin, 2, values, sizeof *values, n);
}

/* And the reverse. */
static void read_floats(ty_dtype dtype, const void *x, int64_t begin, float *values, int64_t n)
{
    tyi_cpu_converts()->convert[TY_FLOAT32][dtype](values, sizeof *values, (const uint16_t *)x + begin, 2, n);
}

ty_status tyi_cpu_uniform(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double from, double to)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    float bound = (float)tyi_rounded(dtype, to);
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        if (dtype == TY_FLOAT64) {
            l->uniform_f64(g, (double *)x + i, some, from, to);
        } else if (dtype == TY_FLOAT32) {
            l->uniform_f32(g, (float *)x + i, some, (float)from, (float)to);
        } else {
            float values[CHUNK];
            l->uniform_f32(g, values, some, (float)from, (float)to);
            for (int64_t k = 0; k < some; k++) { /* what rounds to `to` begins again */
                float value = (float)tyi_rounded(dtype, values[k]);
                values[k] = value == bound ? (float)from : value;
            }
            write_floats(values, dtype, x, i, some);
        }
    }
    tyi_generator_unlock(g);
    return status;
}

/* ---- Normals ---- */

#define TWO_PI 6.283185307179586

/* One standard normal, always in double: pairs by Box and Muller, the second of which waits in the generator. */
static double next_normal(ty_generator *g)
{
    if (g->has_normal) {
        g->has_normal = false;
        return g->normal;
    }
    double u1 = tyi_mt_uniform(g), u2 = tyi_mt_uniform(g);
    double radius = sqrt(-2.0 * log1p(-u2)), angle = TWO_PI * u1;
    g->normal = radius * sin(angle);
    g->has_normal = true;
    return radius * cos(angle);
}

/* Blocks of 16 in float64; n is a multiple of 16. */
static void normal_f64(const tyi_random_loops *l, ty_generator *g, double *x, int64_t n, double mean, double std)
{
    l->uniform_f64(g, x, n, 0, 1);
    for (int64_t i = 0; i < n; i += 16, x += 16) {
        for (int j = 0; j < 8; j++) {
            double radius = sqrt(-2.0 * log(1.0 - x[j])), angle = TWO_PI * x[j + 8];
            x[j] = fma(radius * cos(angle), std, mean);
            x[j + 8] = fma(radius * sin(angle), std, mean);
        }
    }
}

/* Float32 normals, rounded; the last 16 of an incomplete block are drawn at once. n is at least 16. */
static ty_status normal_reduced(const tyi_random_loops *l, ty_generator *g, ty_dtype dtype, void *x, int64_t n,
                                float mean, float std)
{
    ty_status status = TY_OK;
    float values[CHUNK];
    for (int64_t i = 0, some; (some = next_chunk(i, n - n % 16, &status)); i += some) {
        l->normal_f32(g, values, some, mean, std);
        write_floats(values, dtype, x, i, some);
    }
    if (status == TY_OK && n % 16) {
        l->normal_f32(g, values, 16, mean, std);
        write_floats(values, dtype, x, n - 16, 16);
    }
    return status;
}

/* Fewer than 16 elements come one by one, 16 and more by blocks. When n is not a multiple of 16, the last 16 elements
 * are drawn anew, over results that they overlap; the uniforms of the incomplete block have been drawn by then. */
ty_status tyi_cpu_normal(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double mean, double std)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    bool single = dtype == TY_FLOAT32;
    float *xf = x;
    double *xd = x;
    g = tyi_generator_lock(g);
    if (n < 16) {
        for (int64_t i = 0; i < n; i++) {
            double value = fma(next_normal(g), std, mean);
            if (single)
                xf[i] = (float)value;
            else
                tyi_store_scalar((char *)x + (size_t)i * ty_dtype_size(dtype), dtype, ty_float(value));
        }
    } else if (tyi_is_reduced(dtype)) {
        status = normal_reduced(l, g, dtype, x, n, (float)mean, (float)std);
    } else {
        for (int64_t i = 0, some; (some = next_chunk(i, n - n % 16, &status)); i += some) {
            if (single)
                l->normal_f32(g, xf + i, some, (float)mean, (float)std);
            else
                normal_f64(l, g, xd + i, some, mean, std);
        }
        if (status == TY_OK && n % 16) {
            uint32_t unused[32];
            l->words(g, unused, single ? n % 16 : n % 16 * 2);
            if (single)
                l->normal_f32(g, xf + n - 16, 16, (float)mean, (float)std);
            else
                normal_f64(l, g, xd + n - 16, 16, mean, std);
        }
    }
    tyi_generator_unlock(g);
    return status;
}

ty_status tyi_cpu_exponential(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double rate)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    double scale = -1.0 / rate, u[CHUNK];
    float values[CHUNK];
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        l->uniform_f64(g, u, some, 0, 1);
        for (int64_t k = 0; k < some; k++) {
            double value = scale * log1p(-u[k]);
            if (dtype == TY_FLOAT64)
                ((double *)x)[i + k] = value;
            else if (dtype == TY_FLOAT32)
                ((float *)x)[i + k] = (float)value;
            else
                values[k] = (float)value;
        }
        if (tyi_is_reduced(dtype))
            write_floats(values, dtype, x, i, some);
    }
    tyi_generator_unlock(g);
    return status;
}

/* ---- Other distributions, in double, then rounded; two words for an element but for poisson ---- */

static double next_of(ty_generator *g, tyi_distribution which, double a, double b)
{
    switch (which) {
    case TYI_CAUCHY:
        return fma(b, tan(TWO_PI / 2 * (tyi_mt_uniform(g) - 0.5)), a);
    case TYI_GEOMETRIC:
        return ceil(log(tyi_mt_uniform(g)) / log1p(-a));
    default: /* log-normal */
        return exp(fma(next_normal(g), b, a));
    }
}

ty_status tyi_cpu_distribution(ty_generator *g, tyi_distribution which, ty_dtype dtype, void *x, int64_t n, double a,
                               double b)
{
    ty_status status = TY_OK;
    size_t size = ty_dtype_size(dtype);
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some)
        for (int64_t k = i; k < i + some; k++)
            tyi_store_scalar((char *)x + (size_t)k * size, dtype, ty_float(next_of(g, which, a, b)));
    tyi_generator_unlock(g);
    return status;
}

/* Small rates: uniforms are multiplied until their product falls to exp(-rate). From 10 on: transformed rejection.
 */
static double next_poisson(ty_generator *g, double rate)
{
    if (rate == 0)
        return 0;
    if (rate < 10) {
        double limit = exp(-rate), product = 1;
        int64_t count = -1;
        do {
            product *= tyi_mt_uniform(g);
            count++;
        } while (product > limit);
        return (double)count;
    }
    tyi_poisson p = tyi_poisson_of(rate);
    double number;
    while (!tyi_interrupted()) {
        double u = tyi_mt_uniform(g), v = tyi_mt_uniform(g);
        if (tyi_poisson_try(&p, u, v, &number))
            return number;
    }
    return 0;
}

ty_status tyi_cpu_poisson(ty_generator *g, ty_dtype dtype, const void *rates, void *x, int64_t n)
{
    ty_status status = TY_OK;
    size_t size = ty_dtype_size(dtype);
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some)
        for (int64_t k = i; k < i + some; k++) {
            ty_scalar rate = tyi_load_scalar((const char *)rates + (size_t)k * size, dtype);
            tyi_store_scalar((char *)x + (size_t)k * size, dtype, ty_float(next_poisson(g, rate.f)));
        }
    tyi_generator_unlock(g);
    return status;
}

/* ---- Masks ---- */

/* u < p for a multiple u of 2^-53 is u 2^53 < ceil(p 2^53), an integer; scaling by a power of two is exact. */
static uint64_t threshold_of(double p)
{
    return (uint64_t)ceil(p * 0x1p53);
}

/* Writes zeros and ones as elements of a dtype, from x[begin] on. */
static void write_mask(const uint8_t *mask, ty_dtype dtype, void *x, int64_t begin, int64_t n)
{
    switch (dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        for (int64_t i = 0; i < n; i++)                                                                                \
            ((storage *)x)[begin + i] = TYI_ELEMENT(E, storage, mask[i]);                                              \
        break;
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
}

ty_status tyi_cpu_bernoulli(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double p)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    uint64_t threshold = threshold_of(p);
    uint8_t mask[CHUNK];
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        l->bernoulli(g, mask, some, threshold);
        write_mask(mask, dtype, x, i, some);
    }
    tyi_generator_unlock(g);
    return status;
}

ty_status tyi_cpu_bernoulli_tensor(ty_generator *g, ty_dtype p_dtype, const void *p, ty_dtype dtype, void *x, int64_t n)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    uint8_t mask[CHUNK];
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        if (p_dtype == TY_FLOAT64) {
            l->bernoulli_each_f64(g, (const double *)p + i, mask, some);
        } else if (p_dtype == TY_FLOAT32) {
            l->bernoulli_each_f32(g, (const float *)p + i, mask, some);
        } else {
            float values[CHUNK];
            read_floats(p_dtype, p, i, values, some);
            l->bernoulli_each_f32(g, values, mask, some);
        }
        write_mask(mask, dtype, x, i, some);
    }
    tyi_generator_unlock(g);
    return status;
}

/* What is kept is multiplied by 1 / (1 - p) and the rest by 0, in the dtype: an infinity that is dropped becomes NaN,
 * as in PyTorch. */
static void apply_mask(ty_dtype dtype, const void *x, const uint8_t *mask, void *y, int64_t begin, int64_t n, double p)
{
    if (dtype == TY_FLOAT64) {
        loops()->masked_f64((const double *)x + begin, mask + begin, (double *)y + begin, n, 1.0 / (1.0 - p));
    } else if (dtype == TY_FLOAT32) {
        loops()->masked_f32((const float *)x + begin, mask + begin, (float *)y + begin, n, 1.0f / (float)(1.0 - p));
    } else {
        float values[CHUNK];
        read_floats(dtype, x, begin, values, n);
        loops()->masked_f32(values, mask + begin, values, n, (float)tyi_rounded(dtype, 1.0f / (float)(1.0 - p)));
        write_floats(values, dtype, y, begin, n);
    }
}

ty_status tyi_cpu_dropout(ty_generator *g, ty_dtype dtype, const void *x, void *y, uint8_t *mask, int64_t n, double p)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    uint64_t threshold = threshold_of(1.0 - p);
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        l->bernoulli(g, mask + i, some, threshold);
        apply_mask(dtype, x, mask, y, i, some, p);
    }
    tyi_generator_unlock(g);
    return status;
}

ty_status tyi_cpu_dropout_backward(ty_dtype dtype, const void *grad, const uint8_t *mask, void *out, int64_t n,
                                   double p)
{
    ty_status status = TY_OK;
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some)
        apply_mask(dtype, grad, mask, out, i, some, p);
    return status;
}

/* ---- Integers ---- */

ty_status tyi_cpu_random_range(ty_generator *g, ty_dtype dtype, void *x, int64_t n, int64_t low, int64_t high)
{
    const tyi_random_loops *l = loops();
    ty_status status = TY_OK;
    tyi_random_range r = tyi_random_range_of(dtype, low, high);
    uint32_t w[2 * CHUNK];
    int64_t values[CHUNK];
    g = tyi_generator_lock(g);
    for (int64_t i = 0, some; (some = next_chunk(i, n, &status)); i += some) {
        l->words(g, w, r.wide ? 2 * some : some);
        for (int64_t k = 0; k < some; k++) {
            uint64_t value = r.wide ? (uint64_t)w[2 * k] << 32 | w[2 * k + 1] : w[k];
            if (!r.wide)
                value = (uint32_t)value % (uint32_t)r.size;
            else if (r.size)
                value %= r.size;
            values[k] = (int64_t)(value + r.base);
        }
        switch (dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        for (int64_t k = 0; k < some; k++)                                                                             \
            ((storage *)x)[i + k] = TYI_ELEMENT(E, storage, values[k]);                                                \
        break;
            TY_DTYPES(TY_X)
#undef TY_X
        default:
            break;
        }
    }
    tyi_generator_unlock(g);
    return status;
}

/* Permutations of fewer elements than this are shuffled forwards by one word each; longer ones are built inside out by
 * two, which keeps them even. */
#define ONE_WORD_PERMUTATION (UINT32_MAX / 20)

#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    static ty_status permute_##name(ty_generator *g, storage *x, int64_t n)                                            \
    {                                                                                                                  \
        ty_status status = TY_OK;                                                                                      \
        uint32_t w[2 * CHUNK];                                                                                         \
        bool one = n < ONE_WORD_PERMUTATION;                                                                           \
        for (int64_t i = 0; one && i < n; i++)                                                                         \
            x[i] = TYI_ELEMENT(E, storage, i);                                                                         \
        for (int64_t i = 0, some; (some = next_chunk(i, one ? n - 1 : n, &status)); i += some) {                       \
            loops()->words(g, w, one ? some : 2 * some);                                                               \
            for (int64_t k = 0; k < some; k++) {                                                                       \
                int64_t at = i + k;                                                                                    \
                if (one) {                                                                                             \
                    int64_t other = at + w[k] % (uint32_t)(n - at);                                                    \
                    storage value = x[at];                                                                             \
                    x[at] = x[other];                                                                                  \
                    x[other] = value;                                                                                  \
                } else {                                                                                               \
                    uint64_t drawn = (uint64_t)w[2 * k] << 32 | w[2 * k + 1];                                          \
                    int64_t other = (int64_t)(drawn % (uint64_t)(at + 1));                                             \
                    x[at] = TYI_ELEMENT(E, storage, at);                                                               \
                    x[at] = x[other];                                                                                  \
                    x[other] = TYI_ELEMENT(E, storage, at);                                                            \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        return status;                                                                                                 \
    }
TY_DTYPES(TY_X)
#undef TY_X

ty_status tyi_cpu_randperm(ty_generator *g, ty_dtype dtype, void *x, int64_t n)
{
    ty_status status = TY_OK;
    g = tyi_generator_lock(g);
    switch (dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E:                                                                                                       \
        status = permute_##name(g, x, n);                                                                              \
        break;
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
    tyi_generator_unlock(g);
    return status;
}
