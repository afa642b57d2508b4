/*
 * Padding: with a constant, or with the image's own elements. Negative padding takes away. A constant's gradient is the
 * padding with the signs turned round; the other modes are resampling along one dimension after the other.
 */
#include "ops/resample.h"

#include <limits.h>

static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};

/* Padding of each dimension, from the first. */
typedef struct pad_context {
    int64_t before[TY_MAX_DIMS], after[TY_MAX_DIMS];
} pad_context;

static ty_status check_pads(ty_tensor *x, int count, const int64_t *pads, pad_context *c)
{
    *c = (pad_context){{0}, {0}};
    if (count % 2 || count < 0 || count > 2 * x->ndim)
        return ty_fail(
            TY_ERROR_VALUE,
            "pad: two numbers for each padded dimension, the last dimension first, at most %d for a tensor %s; "
            "got %d numbers",
            2 * x->ndim, TYI_SHAPE(x), count);
    for (int i = 0; i < count; i += 2) {
        int d = x->ndim - 1 - i / 2;
        if (pads[i] > INT_MAX || pads[i] < -INT_MAX || pads[i + 1] > INT_MAX || pads[i + 1] < -INT_MAX)
            return ty_fail(TY_ERROR_VALUE, "pad: padding must be below 2^31, got %lld and %lld", (long long)pads[i],
                           (long long)pads[i + 1]);
        c->before[d] = pads[i];
        c->after[d] = pads[i + 1];
        if (x->sizes[d] + pads[i] + pads[i + 1] < 0)
            return ty_fail(TY_ERROR_VALUE, "pad: dimension %lld of a tensor %s cannot lose %lld and %lld", tyi_said(d),
                           TYI_SHAPE(x), (long long)-pads[i], (long long)-pads[i + 1]);
    }
    return TY_OK;
}

/* ---- Constant ---- */

static ty_tensor *constant(ty_tensor *x, const pad_context *c, double value);

static ty_status constant_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    pad_context c = *(const pad_context *)tyi_context(node);
    for (int d = 0; d < grad_out[0]->ndim; d++) {
        c.before[d] = -c.before[d];
        c.after[d] = -c.after[d];
    }
    grad_in[0] = constant(grad_out[0], &c, 0);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind constant_kind = {"ConstantPadNdBackward0", constant_backward};

/* Copies the part of x that stays to its place in out. */
static ty_status copy_inside(ty_tensor *out, ty_tensor *x, const pad_context *c)
{
    int64_t sizes[TY_MAX_DIMS], from = x->offset, to = out->offset;
    for (int d = 0; d < x->ndim; d++) {
        int64_t lost = c->before[d] < 0 ? -c->before[d] : 0, lost_after = c->after[d] < 0 ? -c->after[d] : 0;
        sizes[d] = x->sizes[d] - lost - lost_after;
        if (sizes[d] <= 0)
            return TY_OK;
        from += lost * x->strides[d];
        to += (c->before[d] > 0 ? c->before[d] : 0) * out->strides[d];
    }
    ty_tensor *source = tyi_alias(x, x->ndim, sizes, x->strides, from);
    ty_tensor *inside = source ? tyi_alias(out, x->ndim, sizes, out->strides, to) : NULL;
    ty_status status = inside ? tyi_copy(inside, source) : TY_FAIL;
    ty_release(inside);
    ty_release(source);
    return status;
}

static ty_tensor *constant(ty_tensor *x, const pad_context *c, double value)
{
    int64_t sizes[TY_MAX_DIMS], numel;
    for (int d = 0; d < x->ndim; d++)
        sizes[d] = x->sizes[d] + c->before[d] + c->after[d];
    if (tyi_check_sizes("pad", x->ndim, sizes, &numel) != TY_OK)
        return NULL;
    bool whole = !ty_dtype_is_floating((ty_dtype)x->dtype);
    if (whole && !(value >= -9.2e18 && value <= 9.2e18))
        return tyi_fail(TY_ERROR_VALUE, "pad: value %g is no %s", value, ty_dtype_name((ty_dtype)x->dtype));
    ty_tensor *out = ty_full(x->ndim, sizes, whole ? ty_int((int64_t)value) : ty_float(value), (ty_dtype)x->dtype,
                             x->storage->device);
    if (out && copy_inside(out, x, c) != TY_OK)
        out = tyi_drop(out);
    return tyi_record(out, &constant_kind, TYI_LIST(x), 0, NULL, c, sizeof *c);
}

/* ---- The image's own elements ---- */

/* Where element i of the padded dimension, counted from the image's first, comes from. Circular padding goes round what
 * negative padding left of the image, as PyTorch's does. */
static int64_t source_of(ty_pad_mode mode, int64_t i, int64_t n, int64_t before, int64_t after)
{
    int64_t first = before < 0 ? -before : 0, left = n - first + (after < 0 ? after : 0);
    switch (mode) {
    case TY_PAD_REFLECT:
        i = i < 0 ? -i : i;
        return i >= n ? 2 * (n - 1) - i : i;
    case TY_PAD_REPLICATE:
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    default:
        return first + ((i - first) % left + left) % left;
    }
}

static ty_status check_own(ty_tensor *x, int count, const pad_context *c, ty_pad_mode mode)
{
    int ndim = count / 2;
    if (ndim < 1 || ndim > 3 || (x->ndim != ndim + 1 && x->ndim != ndim + 2))
        return ty_fail(
            TY_ERROR_VALUE,
            "pad: mode \"%s\" pads the last 1 to 3 dimensions of {N, C, d...} or {C, d...}, all of them; got a "
            "tensor %s and %d numbers",
            modes[mode], TYI_SHAPE(x), count);
    for (int d = x->ndim - ndim; d < x->ndim; d++) {
        int64_t most = c->before[d] > c->after[d] ? c->before[d] : c->after[d], n = x->sizes[d];
        int64_t lost = (c->before[d] < 0 ? c->before[d] : 0) + (c->after[d] < 0 ? c->after[d] : 0);
        if (n + lost < 1 || n + c->before[d] + c->after[d] < 1)
            return ty_fail(TY_ERROR_VALUE, "pad: nothing is left of dimension %lld of a tensor %s", tyi_said(d),
                           TYI_SHAPE(x));
        if (mode != TY_PAD_REPLICATE && most > n - (mode == TY_PAD_REFLECT))
            return ty_fail(
                TY_ERROR_VALUE, "pad: mode \"%s\" can pad dimension %lld of a tensor %s by %lld at most, got %lld",
                modes[mode], tyi_said(d), TYI_SHAPE(x), (long long)(n - (mode == TY_PAD_REFLECT)), (long long)most);
    }
    return TY_OK;
}

static ty_tensor *pad_dimension(ty_tensor *x, int dim, int64_t before, int64_t after, ty_pad_mode mode)
{
    tyi_taps taps;
    int64_t n = x->sizes[dim];
    if (tyi_taps_new(&taps, n + before + after, 1) != TY_OK)
        return NULL;
    for (int64_t i = 0; i < taps.out; i++) {
        taps.index[i] = source_of(mode, i - before, n, before, after);
        taps.weight[i] = 1;
    }
    ty_tensor *y = tyi_resample(x, dim, &taps);
    tyi_taps_free(&taps);
    return y;
}

/* x with padding: pads has two numbers, before and after, for each dimension from the last backwards; negative ones
 * take away. value fills for TY_PAD_CONSTANT, which any tensor takes; the other modes are for {N, C, d...} and {C,
 * d...} and pad all d. (torch.nn.functional.pad) */
ty_tensor *ty_pad(ty_tensor *x, int count, const int64_t *pads, ty_pad_mode mode, double value)
{
    pad_context c;
    if (!x || check_pads(x, count, pads, &c) != TY_OK)
        return NULL;
    if (mode == TY_PAD_CONSTANT)
        return constant(x, &c, value);
    if (value != 0)
        return tyi_fail(TY_ERROR_VALUE, "pad: mode \"%s\" takes no value, got %g", modes[mode], value);
    if (check_own(x, count, &c, mode) != TY_OK)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *y = x;
    ty_dtype to = tyi_widen(&scope, TYI_OPERANDS(&y));
    for (int d = x->ndim - count / 2; y && d < x->ndim; d++)
        if (c.before[d] || c.after[d])
            y = tyi_keep(&scope, pad_dimension(y, d, c.before[d], c.after[d], mode));
    y = y == x ? ty_clone(x) : ty_retain(tyi_round(&scope, y, to));
    tyi_scope_end(&scope);
    return y;
}
