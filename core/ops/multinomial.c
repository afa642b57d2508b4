/*
 * torch.multinomial: indices drawn by weights, on the device that the weights are on; the values are those of its
 * generator in PyTorch. Without replacement it is composed of other ops, with it each device has a kernel.
 */
#include <float.h>
#include <math.h>

#include "ops/support.h"
#include "tensor/random.h"

#define K(x) tyi_keep(&scope, (x))

/* Weights are finite, 0 or more, and not all 0 in a row; their sum is finite. They are looked at where they are; the
 * extremes come to the host. */
static ty_status check_weights(ty_tensor *weights)
{
    tyi_scope scope = {0};
    ty_tensor *sums = K(ty_sum(weights, 1, (int64_t[]){-1}, false, TY_DTYPE_NONE));
    ty_tensor *parts[] = {K(ty_amin(weights, 0, NULL, false)), K(ty_amax(weights, 0, NULL, false)),
                          K(ty_amin(sums, 0, NULL, false)), K(ty_amax(sums, 0, NULL, false))};
    bool whole = parts[0] && parts[1] && parts[2] && parts[3];
    ty_tensor *extremes = whole ? K(ty_stack(parts, 4, 0)) : NULL;
    ty_tensor *host = extremes ? K(ty_to(extremes, TY_FLOAT64, TY_DEVICE_CPU, false)) : NULL;
    ty_status status = host ? TY_OK : TY_FAIL;
    if (host) {
        const double *x = tyi_data(host);
        double least = isnan(x[0]) ? NAN : x[0]; /* the sign of NaN is the device's affair */
        if (!(least >= 0 && x[1] <= DBL_MAX))
            status = ty_fail(TY_ERROR_VALUE, "multinomial: weights must be finite and 0 or more, but one is %g",
                             least >= 0 ? x[1] : least);
        else if (!(x[2] > 0) || !isfinite(x[3]))
            status = ty_fail(TY_ERROR_VALUE,
                             "multinomial: the weights of a distribution must have a positive finite sum, "
                             "but one sums to %g",
                             x[2] > 0 ? x[3] : x[2]);
    }
    tyi_scope_end(&scope);
    return status;
}

/* Without replacement (and for a single sample): each weight divided by an exponential draw, and the largest win. Every
 * element takes one draw, in the order of the weights' memory. */
static ty_tensor *sample_once(ty_tensor *weights, int64_t samples, ty_generator *g)
{
    tyi_scope scope = {0};
    ty_tensor *noise = K(tyi_new_like(weights, (ty_dtype)weights->dtype)), *places = NULL;
    ty_tensor *filled = noise ? K(ty_exponential_(noise, 1, g)) : NULL;
    ty_tensor *scores = filled ? K(ty_div(weights, filled)) : NULL;
    K(scores ? ty_topk(scores, samples, -1, true, true, &places) : NULL);
    tyi_scope_end(&scope);
    return places;
}

/* With replacement. */
static ty_tensor *sample_again(ty_tensor *weights, int64_t rows, int64_t samples, const int64_t *sizes, ty_generator *g)
{
    ty_device device = weights->storage->device;
    const tyi_backend *backend = tyi_backend_of(device);
    ty_tensor *dense = backend ? tyi_dense(weights) : NULL;
    ty_tensor *out = dense ? tyi_new(weights->ndim, sizes, TY_INT64, device) : NULL;
    if (out && backend->multinomial(g, (ty_dtype)dense->dtype, tyi_data(dense), rows, dense->sizes[dense->ndim - 1],
                                    samples, tyi_data(out)) != TY_OK)
        out = tyi_drop(out);
    ty_release(dense);
    return out;
}

/* Indices (from 0) drawn with these weights: {n} gives {samples}, {rows, n} gives {rows, samples}; int64. The weights
 * are floating, finite, not negative, with a positive sum; they need not sum to 1. Without replacement samples is at
 * most n, and only once the positive weights are used up indices of zero weights follow. The generator is one of the
 * weights' device. torch.multinomial */
ty_tensor *ty_multinomial(ty_tensor *weights, int64_t samples, bool replacement, ty_generator *g)
{
    if (!weights)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)weights->dtype))
        return tyi_fail(TY_ERROR_VALUE, "multinomial: the weights must be floating, got %s", TYI_DESCRIBE(weights));
    if (weights->ndim != 1 && weights->ndim != 2)
        return tyi_fail(TY_ERROR_VALUE,
                        "multinomial: the weights must have 1 dimension, or 2 (a distribution in each "
                        "row), got shape %s",
                        TYI_SHAPE(weights));
    int64_t n = weights->sizes[weights->ndim - 1], rows = weights->ndim == 2 ? weights->sizes[0] : 1;
    if (samples <= 0)
        return tyi_fail(TY_ERROR_VALUE, "multinomial: the number of samples must be positive, got %lld",
                        (long long)samples);
    if (!replacement && samples > n)
        return tyi_fail(TY_ERROR_VALUE,
                        "multinomial: %lld samples cannot be drawn from %lld categories without replacement; draw "
                        "fewer, or with replacement",
                        (long long)samples, (long long)n);
    if (n > INT64_C(1) << 24)
        return tyi_fail(TY_ERROR_VALUE, "multinomial: %lld categories; at most 2^24 are possible", (long long)n);
    if (n == 0 && rows > 0)
        return tyi_fail(TY_ERROR_VALUE, "multinomial: there are no categories to draw from, the weights have shape %s",
                        TYI_SHAPE(weights));
    int64_t sizes[2] = {weights->ndim == 2 ? rows : samples, samples}, numel;
    if (tyi_check_sizes("multinomial", weights->ndim, sizes, &numel) != TY_OK)
        return NULL;
    ty_device device = weights->storage->device;
    if (tyi_generator_for("multinomial", g, device) != TY_OK ||
        ty_capture_refuse("multinomial", "draw the samples outside and hand them to the step") != TY_OK)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *out = NULL;
    if (rows == 0)
        out = tyi_new(weights->ndim, sizes, TY_INT64, device);
    else if (check_weights(weights) == TY_OK)
        out = replacement && samples > 1 ? sample_again(weights, rows, samples, sizes, g)
                                         : sample_once(weights, samples, g);
    ty_set_grad_enabled(was);
    return out;
}
