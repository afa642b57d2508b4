/*
 * Interpolation of images to other sizes, along one dimension after the other. Positions are computed as PyTorch
 * computes them, in the precision of the input, so that the same elements are taken.
 */
#include "ops/resample.h"
#include "ops/window.h"

#include <math.h>

static const struct {
    const char *name;
    int ndim; /* of the images; 0: any */
} modes[] = {
    [TY_NEAREST] = {"nearest", 0},
    [TY_LINEAR] = {"linear", 1},
    [TY_BILINEAR] = {"bilinear", 2},
    [TY_BICUBIC] = {"bicubic", 2},
    [TY_TRILINEAR] = {"trilinear", 3},
    [TY_AREA] = {"area", 0},
    [TY_NEAREST_EXACT] = {"nearest-exact", 0},
};

/* One dimension to be resampled. */
typedef struct axis {
    int64_t in, out;
    double step; /* inputs for one output */
    bool align_corners, wide, cubic;
} axis;

/* v as a number of the precision that is computed in; a float's arithmetic is that of doubles, rounded. */
static double rounded(const axis *a, double v)
{
    return a->wide ? v : (double)(float)v;
}

static double step_of(const axis *a, double scale)
{
    if (a->align_corners)
        return a->out > 1 ? rounded(a, (double)(a->in - 1) / (double)(a->out - 1)) : 0;
    return rounded(a, scale > 0 ? 1 / scale : rounded(a, (double)a->in) / (double)a->out);
}

/* Where output i comes from, between the inputs. */
static double position(const axis *a, int64_t i)
{
    if (a->align_corners)
        return rounded(a, a->step * (double)i);
    double at = rounded(a, rounded(a, a->step * ((double)i + 0.5)) - 0.5);
    return at < 0 && !a->cubic ? 0 : at;
}

static int64_t within(int64_t i, int64_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* ---- Tables ---- */

static void nearest_taps(const axis *a, bool exact, tyi_taps *t)
{
    for (int64_t i = 0; i < a->out; i++) {
        double at = exact ? rounded(a, a->step * ((double)i + 0.5)) : rounded(a, a->step * (double)i);
        t->index[i] = within((int64_t)floor(at), a->in);
        t->weight[i] = 1;
    }
}

static void linear_taps(const axis *a, tyi_taps *t)
{
    for (int64_t i = 0; i < a->out; i++) {
        double at = a->in == a->out ? (double)i : position(a, i);
        int64_t low = within((int64_t)at, a->in);
        double share = rounded(a, at - (double)low);
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        t->index[2 * i] = low;
        t->index[2 * i + 1] = low + (low < a->in - 1);
        t->weight[2 * i] = rounded(a, 1 - share);
        t->weight[2 * i + 1] = share;
    }
}

/* Keys' cubic of parameter c, within 1 and from 1 to 2 of its centre. */
static double cubic_near(double x, double c)
{
    return ((c + 2) * x - (c + 3)) * x * x + 1;
}

static double cubic_far(double x, double c)
{
    return ((c * x - 5 * c) * x + 8 * c) * x - 4 * c;
}

static void cubic_taps(const axis *a, tyi_taps *t)
{
    const double c = -0.75;
    for (int64_t i = 0; i < a->out; i++) {
        double at = position(a, i);
        int64_t low = (int64_t)floor(at);
        low = low < a->in - 1 ? low : a->in - 1;
        double share = rounded(a, at - (double)low);
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        const double weights[4] = {cubic_far(share + 1, c), cubic_near(share, c), cubic_near(1 - share, c),
                                   cubic_far(2 - share, c)};
        for (int k = 0; k < 4; k++) {
            t->index[4 * i + k] = within(low + k - 1, a->in);
            t->weight[4 * i + k] = weights[k];
        }
    }
}

static double support_of(const axis *a)
{
    double radius = a->cubic ? 2 : 1;
    return a->step >= 1 ? rounded(a, radius * a->step) : radius;
}

/* A filter as wide as an output, for smaller images: a triangle, or a cubic with parameter -0.5. */
static void wide_taps(const axis *a, tyi_taps *t)
{
    double support = support_of(a), inverse = a->step >= 1 ? rounded(a, 1 / a->step) : 1;
    for (int64_t i = 0; i < a->out; i++) {
        double centre = rounded(a, a->step * ((double)i + 0.5)), total = 0;
        int64_t first = (int64_t)rounded(a, rounded(a, centre - support) + 0.5);
        int64_t last = (int64_t)rounded(a, rounded(a, centre + support) + 0.5);
        first = first < 0 ? 0 : first;
        last = last < a->in ? last : a->in;
        int64_t count = last - first < t->taps ? last - first : t->taps;
        double *weight = t->weight + i * t->taps;
        for (int64_t k = 0; k < t->taps; k++)
            t->index[i * t->taps + k] = within(first + k, a->in);
        for (int64_t k = 0; k < count; k++) {
            double x = fabs(rounded(a, ((double)(k + first) - centre + 0.5) * inverse));
            if (a->cubic)
                weight[k] = x < 1 ? cubic_near(x, -0.5) : x < 2 ? cubic_far(x, -0.5) : 0;
            else
                weight[k] = x < 1 ? 1 - x : 0;
            total += weight[k];
        }
        for (int64_t k = 0; k < count && total != 0; k++)
            weight[k] /= total;
    }
}

static ty_tensor *along(ty_tensor *x, int dim, const axis *a, ty_interpolation mode, bool antialias)
{
    tyi_taps taps;
    bool nearest = mode == TY_NEAREST || mode == TY_NEAREST_EXACT;
    int64_t count = nearest ? 1 : antialias ? (int64_t)ceil(support_of(a)) * 2 + 1 : a->cubic ? 4 : 2;
    if (tyi_taps_new(&taps, a->out, count) != TY_OK)
        return NULL;
    if (nearest)
        nearest_taps(a, mode == TY_NEAREST_EXACT, &taps);
    else if (antialias)
        wide_taps(a, &taps);
    else if (a->cubic)
        cubic_taps(a, &taps);
    else
        linear_taps(a, &taps);
    ty_tensor *y = tyi_resample(x, dim, &taps);
    tyi_taps_free(&taps);
    return y;
}

/* ---- The op ---- */

static ty_status check(ty_tensor *x, const int64_t *sizes, const double *scales, ty_interpolation mode,
                       int align_corners, bool antialias)
{
    const char *name = modes[mode].name;
    int ndim = x->ndim - 2;
    bool blends = mode == TY_LINEAR || mode == TY_BILINEAR || mode == TY_BICUBIC || mode == TY_TRILINEAR;
    if (ndim < 1 || ndim > 3)
        return ty_fail(TY_ERROR_VALUE,
                       "interpolate: expected an input {N, C, L}, {N, C, H, W} or {N, C, D, H, W}, got %s",
                       TYI_SHAPE(x));
    if (modes[mode].ndim && modes[mode].ndim != ndim)
        return ty_fail(TY_ERROR_VALUE,
                       "interpolate: mode \"%s\" takes inputs of %d dimensions, got %s; \"%s\" is the one for these",
                       name, modes[mode].ndim + 2, TYI_SHAPE(x),
                       ndim == 1   ? "linear"
                       : ndim == 2 ? "bilinear"
                                   : "trilinear");
    if (!sizes == !scales)
        return ty_fail(TY_ERROR_VALUE, "interpolate: give either size or scale_factor%s", sizes ? ", not both" : "");
    if (align_corners >= 0 && !blends)
        return ty_fail(
            TY_ERROR_VALUE,
            "interpolate: align_corners is for \"linear\", \"bilinear\", \"bicubic\" and \"trilinear\", not for "
            "\"%s\"",
            name);
    if (antialias && mode != TY_BILINEAR && mode != TY_BICUBIC)
        return ty_fail(TY_ERROR_VALUE, "interpolate: antialias is for \"bilinear\" and \"bicubic\", not for \"%s\"",
                       name);
    bool floating = ty_dtype_is_floating((ty_dtype)x->dtype);
    if (!floating && mode != TY_NEAREST && mode != TY_NEAREST_EXACT)
        return ty_fail(TY_ERROR_VALUE,
                       "interpolate: mode \"%s\" needs a floating input; this one is %s: convert it: x:to(ty.float32)",
                       name, TYI_DESCRIBE(x));
    return TY_OK;
}

static ty_status find_sizes(ty_tensor *x, const int64_t *sizes, const double *scales, int64_t out[3])
{
    for (int d = 0; d < x->ndim - 2; d++) {
        double size = sizes ? (double)sizes[d] : floor((double)x->sizes[2 + d] * scales[d]);
        if (!(size >= 1 && size < INT32_MAX) || x->sizes[2 + d] < 1)
            return ty_fail(TY_ERROR_VALUE,
                           "interpolate: dimension %lld of the input %s would become %g; sizes must be at least 1, and "
                           "below 2^31",
                           tyi_said(2 + d), TYI_SHAPE(x), size);
        out[d] = (int64_t)size;
    }
    return TY_OK;
}

/* x {N, C, d...} with other sizes d: `sizes`, or x's times `scales` (the other NULL). align_corners: 1, 0, or -1 for
 * not given; recompute: positions follow the sizes rather than the scales. (torch.nn.functional.interpolate) */
ty_tensor *ty_interpolate(ty_tensor *x, const int64_t *sizes, const double *scales, ty_interpolation mode,
                          int align_corners, bool recompute, bool antialias)
{
    int64_t out[3];
    if (!x || check(x, sizes, scales, mode, align_corners, antialias) != TY_OK)
        return NULL;
    if (recompute && sizes)
        return tyi_fail(TY_ERROR_VALUE, "interpolate: recompute_scale_factor goes with scale_factor, not with size");
    if (find_sizes(x, sizes, scales, out) != TY_OK)
        return NULL;
    if (mode == TY_AREA)
        return ty_adaptive_avg_pool(x, x->ndim - 2, out);
    tyi_scope scope = {0};
    ty_tensor *y = x;
    ty_dtype to = tyi_widen(&scope, TYI_OPERANDS(&y));
    for (int d = x->ndim - 3; y && d >= 0; d--) {
        axis a = {
            .in = x->sizes[2 + d], .out = out[d], .align_corners = align_corners == 1, .cubic = mode == TY_BICUBIC};
        a.wide = x->dtype == TY_FLOAT64;
        a.step = step_of(&a, scales && !recompute ? scales[d] : 0);
        y = tyi_keep(&scope, along(y, 2 + d, &a, mode, antialias));
    }
    y = ty_retain(tyi_round(&scope, y, to));
    tyi_scope_end(&scope);
    return y;
}
