/*
 * torch.multinomial: indices drawn by weights. Drawn on the host, because each sample depends on all weights of its row
 * and the draws are sequential; the values are those of PyTorch's CPU generator.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "ops/ops.h"
#include "ops/random.h"
#include "tensor/interrupt.h"
#include "tensor/random.h"

/* One candidate of a draw without replacement. */
typedef struct candidate {
    double score;
    int64_t index;
} candidate;

static bool is_worse(candidate a, candidate b)
{
    return a.score < b.score || (a.score == b.score && a.index > b.index);
}

static int by_score(const void *a, const void *b)
{
    return is_worse(*(const candidate *)a, *(const candidate *)b) ? 1 : -1;
}

/* Indices of the `samples` best scores, best first. heap has room for `samples`; its root is the worst kept. */
static void take_best(const double *scores, int64_t n, candidate *heap, int64_t samples, int64_t *out)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        candidate c = {scores[i], i};
        int64_t at;
        if (kept < samples) {
            for (at = kept++; at > 0 && is_worse(c, heap[(at - 1) / 2]); at = (at - 1) / 2)
                heap[at] = heap[(at - 1) / 2];
        } else if (is_worse(c, heap[0])) {
            continue;
        } else {
            for (at = 0;;) {
                int64_t child = 2 * at + 1;
                if (child + 1 < kept && is_worse(heap[child + 1], heap[child]))
                    child++;
                if (child >= kept || !is_worse(heap[child], c))
                    break;
                heap[at] = heap[child];
                at = child;
            }
        }
        heap[at] = c;
    }
    qsort(heap, (size_t)kept, sizeof *heap, by_score);
    for (int64_t i = 0; i < kept; i++)
        out[i] = heap[i].index;
}

static double element(const ty_tensor *x, int64_t i)
{
    ty_dtype dtype = (ty_dtype)x->dtype;
    return tyi_load_scalar((const char *)tyi_data(x) + (size_t)i * tyi_dtype_size(dtype), dtype).f;
}

/* Without replacement (and for a single sample): each weight divided by an exponential draw, and the largest win. Every
 * element takes one draw, in the order of the weights' memory, which `like` gives. */
static ty_status sample_once(ty_tensor *p, const ty_tensor *like, int64_t rows, int64_t n, int64_t samples,
                             int64_t *out, ty_generator *g)
{
    ty_status status = TY_FAIL;
    ty_tensor *noise = tyi_new_like(like, (ty_dtype)p->dtype), *filled = NULL, *dense = NULL;
    double *scores = malloc((size_t)n * sizeof *scores);
    candidate *heap = malloc((size_t)samples * sizeof *heap);
    if (!noise)
        goto done;
    if (!scores || !heap) {
        tyi_fail_memory((size_t)n * sizeof *scores + (size_t)samples * sizeof *heap);
        goto done;
    }
    filled = ty_exponential_(noise, 1, g);
    dense = filled ? tyi_dense(filled) : NULL;
    if (!dense)
        goto done;
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < n; i++) {
            double a = element(p, row * n + i), b = element(dense, row * n + i);
            scores[i] = tyi_rounded((ty_dtype)p->dtype, a / b);
        }
        take_best(scores, n, heap, samples, out + row * samples);
    }
    status = TY_OK;
done:
    free(scores);
    free(heap);
    ty_release(noise);
    ty_release(filled);
    ty_release(dense);
    return status;
}

/* With replacement: uniforms looked up in the cumulative distribution, summed in the weights' dtype (at least float32).
 */
static ty_status sample_again(ty_tensor *p, int64_t rows, int64_t n, int64_t samples, int64_t *out, ty_generator *g)
{
    double *cumulative = malloc((size_t)n * sizeof *cumulative);
    if (!cumulative)
        return tyi_fail_memory((size_t)n * sizeof *cumulative);
    ty_dtype dtype = tyi_wide_of((ty_dtype)p->dtype);
    g = tyi_generator_lock(g);
    for (int64_t row = 0; row < rows; row++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) {
            sum = tyi_rounded(dtype, sum + element(p, row * n + i));
            cumulative[i] = sum;
        }
        for (int64_t i = 0; i < n; i++)
            cumulative[i] = tyi_rounded(dtype, cumulative[i] / sum);
        for (int64_t k = 0; k < samples; k++) {
            if (k % 4096 == 0 && tyi_interrupted())
                goto interrupted;
            double u = tyi_mt_uniform(g);
            int64_t low = 0, high = n;
            while (low < high) {
                int64_t middle = low + (high - low) / 2;
                if (cumulative[middle] < u)
                    low = middle + 1;
                else
                    high = middle;
            }
            out[row * samples + k] = low;
        }
    }
    tyi_generator_unlock(g);
    free(cumulative);
    return TY_OK;
interrupted:
    tyi_generator_unlock(g);
    free(cumulative);
    return ty_fail(TY_ERROR_INTERRUPT, "multinomial: interrupted");
}

/* Weights are finite, 0 or more, and not all 0 in a row; their sum is finite. */
static ty_status check_weights(const ty_tensor *p, int64_t rows, int64_t n)
{
    for (int64_t row = 0; row < rows; row++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) {
            double weight = element(p, row * n + i);
            if (!(weight >= 0 && weight <= DBL_MAX))
                return ty_fail(TY_ERROR_VALUE, "multinomial: weights must be finite and 0 or more, but one is %g",
                               weight);
            sum += weight;
        }
        if (!(sum > 0) || !isfinite(tyi_rounded((ty_dtype)p->dtype, sum)))
            return ty_fail(TY_ERROR_VALUE,
                           "multinomial: the weights of a distribution must have a positive finite sum, "
                           "but one sums to %g",
                           sum);
    }
    return TY_OK;
}

/* Indices (from 0) drawn with these weights: {n} gives {samples}, {rows, n} gives {rows, samples}; int64. The weights
 * are floating, finite, not negative, with a positive sum; they need not sum to 1. Without replacement samples is at
 * most n, and only once the positive weights are used up indices of zero weights follow. Drawn on the CPU, wherever the
 * weights are. torch.multinomial */
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
    if (g && tyi_generator_for("multinomial", g, TY_DEVICE_CPU) != TY_OK)
        return NULL;
    if (ty_capture_refuse("multinomial", "draw the samples outside and hand them to the step") != TY_OK)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    ty_device device = weights->storage->device;
    ty_tensor *host = ty_to(weights, TY_DTYPE_NONE, TY_DEVICE_CPU, false), *p = host ? tyi_dense(host) : NULL;
    ty_tensor *out = p ? tyi_new(weights->ndim, sizes, TY_INT64, TY_DEVICE_CPU) : NULL, *result = NULL;
    ty_status status = out ? check_weights(p, rows, n) : TY_FAIL;
    if (status == TY_OK && numel && (!replacement || samples == 1))
        status = sample_once(p, host, rows, n, samples, tyi_data(out), g);
    else if (status == TY_OK && numel)
        status = sample_again(p, rows, n, samples, tyi_data(out), g);
    if (status == TY_OK)
        result = ty_to(out, TY_DTYPE_NONE, device, false);
    ty_set_grad_enabled(was);
    ty_release(host);
    ty_release(p);
    ty_release(out);
    return result;
}
