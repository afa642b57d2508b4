/*
 * The vector half of the random kernels: raw words, uniforms, block normals, masks. Compiled once per instruction set,
 * without contraction of products and sums: where PyTorch's binaries round once, fma is written, and nowhere else, so
 * that the bits are the same everywhere. (Without fused instructions the C library computes fma, slowly and exactly.)
 */
#include "backend/cpu/random_loops.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CHUNK TYI_RANDOM_CHUNK

static void words(ty_generator *g, uint32_t *out, int64_t n)
{
    tyi_mt_draw(g, out, n);
}

/* The 24 low bits of a word and the 53 low bits of two, as PyTorch makes uniforms. Both are exact. */
static inline float uniform24(uint32_t word)
{
    return (float)(int32_t)(word & 0xffffff) * 0x1p-24f;
}

/* The halves become doubles through their exponents, because few instruction sets convert 64-bit integers in vectors.
 */
static inline double uniform53(uint32_t upper, uint32_t lower)
{
    uint64_t high_bits = UINT64_C(0x4530000000000000) | (upper & 0x1fffff); /* 2^84 + upper 2^32 */
    uint64_t low_bits = UINT64_C(0x4330000000000000) | lower;               /* 2^52 + lower */
    double high, low;
    memcpy(&high, &high_bits, sizeof high);
    memcpy(&low, &low_bits, sizeof low);
    return ((high - 0x1p84) + (low - 0x1p52)) * 0x1p-53;
}

static void uniform_f32(ty_generator *g, float *x, int64_t n, float from, float to)
{
    uint32_t w[CHUNK];
    float width = to - from;
    tyi_mt_draw(g, w, n);
    if (from == 0 && to == 1) { /* u itself, which spares the machines without fused instructions */
        for (int64_t i = 0; i < n; i++)
            x[i] = uniform24(w[i]);
    } else {
        for (int64_t i = 0; i < n; i++) {
            float value = fmaf(uniform24(w[i]), width, from);
            x[i] = value == to ? from : value;
        }
    }
}

static void uniform_f64(ty_generator *g, double *x, int64_t n, double from, double to)
{
    uint32_t w[2 * CHUNK];
    double width = to - from;
    tyi_mt_draw(g, w, 2 * n);
    for (int64_t i = 0; i < n; i++) {
        double value = fma(uniform53(w[2 * i], w[2 * i + 1]), width, from);
        x[i] = value == to ? from : value;
    }
}

/* The logarithm of x in (0, 1], by the polynomial of the Cephes library with the roundings of PyTorch's AVX2 kernel. */
static inline float block_log(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    float e = (float)((bits >> 23) - 127) + 1.0f;
    bits = (bits & 0x007fffff) | 0x3f000000;
    float m;
    memcpy(&m, &bits, sizeof m); /* in [0.5, 1) */
    bool low = m < 0.707106781186547524f;
    float t = (m - 1.0f) + (low ? m : 0.0f);
    e -= low ? 1.0f : 0.0f;
    float z = t * t;
    float y = 7.0376836292e-2f;
    y = fmaf(y, t, -1.1514610310e-1f);
    y = fmaf(y, t, 1.1676998740e-1f);
    y = fmaf(y, t, -1.2420140846e-1f);
    y = fmaf(y, t, 1.4249322787e-1f);
    y = fmaf(y, t, -1.6668057665e-1f);
    y = fmaf(y, t, 2.0000714765e-1f);
    y = fmaf(y, t, -2.4999993993e-1f);
    y = fmaf(y, t, 3.3333331174e-1f);
    y = y * t;
    y = fmaf(y, z, e * -2.12194440e-4f);
    y = fmaf(z, -0.5f, y);
    return fmaf(e, 0.693359375f, t + y);
}

/* Sine and cosine of x in [0, 2 pi), likewise. */
static inline void block_sincos(float x, float *sine, float *cosine)
{
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float y = (float)octant;
    x = fmaf(y, -0.78515625f, x);
    x = fmaf(y, -2.4187564849853515625e-4f, x);
    x = fmaf(y, -3.77489497744594108e-8f, x);
    float z = x * x;
    float c = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    c = fmaf(c, z, 4.166664568298827e-2f);
    c = c * z;
    c = fmaf(c, z, -(z * 0.5f));
    c = c + 1.0f;
    float s = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
    s = fmaf(s, z, -1.6666654611e-1f);
    s = s * z;
    s = fmaf(s, x, x);
    bool swap = (octant & 2) != 0;
    float sin_size = swap ? c : s, cos_size = swap ? s : c;
    *sine = octant & 4 ? -sin_size : sin_size;
    *cosine = (octant - 2) & 4 ? cos_size : -cos_size;
}

static void normal_f32(ty_generator *g, float *x, int64_t n, float mean, float std)
{
    uint32_t w[CHUNK];
    float a[CHUNK / 2], b[CHUNK / 2];
    tyi_mt_draw(g, w, n);
    /* A block's first 8 uniforms pair with its last 8: apart here, so that the loop below is one straight run. */
    for (int64_t i = 0; i < n; i += 16) {
        for (int j = 0; j < 8; j++)
            a[i / 2 + j] = uniform24(w[i + j]);
        for (int j = 0; j < 8; j++)
            b[i / 2 + j] = uniform24(w[i + 8 + j]);
    }
    for (int64_t i = 0; i < n / 2; i++) {
        float radius = sqrtf(-2.0f * block_log(1.0f - a[i]));
        float sine, cosine;
        block_sincos(6.2831855f * b[i], &sine, &cosine);
        a[i] = fmaf(radius * cosine, std, mean);
        b[i] = fmaf(radius * sine, std, mean);
    }
    for (int64_t i = 0; i < n; i += 16) {
        memcpy(x + i, a + i / 2, 8 * sizeof *x);
        memcpy(x + i + 8, b + i / 2, 8 * sizeof *x);
    }
}

/* u has 53 bits, the upper 21 of which are in the first word of its pair and nearly always decide; so second words are
 * not even tempered until one is asked for. */
static void bernoulli(ty_generator *g, uint8_t *restrict out, int64_t n, uint64_t threshold)
{
    uint32_t upper_limit = (uint32_t)(threshold >> 32), lower_limit = (uint32_t)threshold;
    while (n > 0) {
        int pairs = (TYI_MT_WORDS - g->used) / 2;
        if (pairs == 0) { /* a new block begins, perhaps in the middle of this pair */
            *out++ = (tyi_mt_u64(g) & UINT64_C(0x1fffffffffffff)) < threshold;
            n--;
            continue;
        }
        int count = n < pairs ? (int)n : pairs;
        const uint32_t *words = g->words + g->used;
        uint32_t tie = 0;
        for (int i = 0; i < count; i++) {
            uint32_t upper = tyi_mt_temper(words[2 * i]) & 0x1fffff;
            out[i] = upper < upper_limit;
            tie |= upper == upper_limit;
        }
        for (int i = 0; tie && i < count; i++)
            if ((tyi_mt_temper(words[2 * i]) & 0x1fffff) == upper_limit)
                out[i] = tyi_mt_temper(words[2 * i + 1]) < lower_limit;
        g->used += 2 * count;
        out += count;
        n -= count;
    }
}

static void bernoulli_each_f32(ty_generator *g, const float *p, uint8_t *out, int64_t n)
{
    uint32_t w[CHUNK];
    tyi_mt_draw(g, w, n);
    for (int64_t i = 0; i < n; i++)
        out[i] = uniform24(w[i]) < p[i];
}

static void bernoulli_each_f64(ty_generator *g, const double *p, uint8_t *out, int64_t n)
{
    uint32_t w[2 * CHUNK];
    tyi_mt_draw(g, w, 2 * n);
    for (int64_t i = 0; i < n; i++)
        out[i] = uniform53(w[2 * i], w[2 * i + 1]) < p[i];
}

static void masked_f32(const float *x, const uint8_t *mask, float *y, int64_t n, float scale)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * (mask[i] ? scale : 0.0f);
}

static void masked_f64(const double *x, const uint8_t *mask, double *y, int64_t n, double scale)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * (mask[i] ? scale : 0.0);
}

const tyi_random_loops TYI_ISA_NAME(tyi_random) = {
    .words = words,
    .uniform_f32 = uniform_f32,
    .uniform_f64 = uniform_f64,
    .normal_f32 = normal_f32,
    .bernoulli = bernoulli,
    .bernoulli_each_f32 = bernoulli_each_f32,
    .bernoulli_each_f64 = bernoulli_each_f64,
    .masked_f32 = masked_f32,
    .masked_f64 = masked_f64,
};
