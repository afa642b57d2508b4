/*
 * Convolution and transposed convolution over one to three dimensions. Both are parts of one trilinear form (see
 * tyi_conv_args): conv computes y from x and weight, conv_transpose computes x from y and weight, and the gradients of
 * each part are the other parts, so that one rule serves all of them and every derivative of them.
 */
#include "ops/window.h"

typedef struct conv_context {
    tyi_conv_part part;
    tyi_window window;
    int ndim; /* of the window */
    int64_t batch, groups, in_channels, out_channels;
} conv_context;

/* ---- One part from the other two ---- */

/* Room for the part. */
static ty_tensor *new_result(const conv_context *c, const ty_tensor *like)
{
    const int64_t *tail = c->part == TYI_CONV_Y   ? c->window.out
                          : c->part == TYI_CONV_X ? c->window.in
                                                  : c->window.kernel;
    int64_t sizes[5] = {c->batch, c->groups * (c->part == TYI_CONV_Y ? c->out_channels : c->in_channels)};
    if (c->part == TYI_CONV_WEIGHT)
        sizes[0] = c->groups * c->out_channels, sizes[1] = c->in_channels;
    for (int d = 0; d < c->ndim; d++)
        sizes[2 + d] = tail[3 - c->ndim + d];
    return tyi_new(c->ndim + 2, sizes, (ty_dtype)like->dtype, like->storage->device);
}

/* y_sums: with the weight's part also the sums of y over all but its channels, or NULL. */
static ty_status run(const conv_context *c, ty_tensor *a, ty_tensor *b, ty_tensor *bias, ty_tensor *out,
                     ty_tensor *y_sums)
{
    const tyi_backend *backend = tyi_backend_of(a->storage->device);
    if (!backend)
        return TY_FAIL;
    if (out->numel == 0)
        return TY_OK;
    if (c->batch == 0) { /* the gradient of a weight that met no image */
        ty_tensor *zero = ty_zero_(out), *none = zero && y_sums ? ty_zero_(y_sums) : NULL;
        ty_release(zero);
        ty_release(none);
        return zero && (none || !y_sums) ? TY_OK : TY_FAIL;
    }
    tyi_conv_args args = {.part = c->part,
                          .dtype = (ty_dtype)a->dtype,
                          .window = c->window,
                          .batch = c->batch,
                          .groups = c->groups,
                          .in_channels = c->in_channels,
                          .out_channels = c->out_channels,
                          .bias = bias ? tyi_data(bias) : NULL,
                          .y_sums = y_sums ? tyi_data(y_sums) : NULL};
    args.x = tyi_data(c->part == TYI_CONV_X ? out : a);
    args.weight = tyi_data(c->part == TYI_CONV_Y ? b : c->part == TYI_CONV_X ? a : out);
    args.y = tyi_data(c->part == TYI_CONV_Y ? out : b);
    return backend->conv(&args);
}

static ty_tensor *compute(const conv_context *c, ty_tensor *a, ty_tensor *b, ty_tensor *bias, ty_tensor *y_sums);

/* A gradient: another part of the same form. */
static ty_tensor *part_of(const conv_context *context, tyi_conv_part part, ty_tensor *a, ty_tensor *b)
{
    conv_context c = *context;
    c.part = part;
    return a && b ? compute(&c, a, b, NULL, NULL) : NULL;
}

static ty_tensor *bias_gradient(const conv_context *c, ty_tensor *g)
{
    int64_t dims[4] = {0};
    for (int d = 0; d < c->ndim; d++)
        dims[1 + d] = 2 + d;
    return ty_sum(g, 1 + c->ndim, dims, false, TY_DTYPE_NONE);
}

/* The gradients of weight and bias in one pass over g; they are not differentiated again. */
static ty_status weight_and_bias(const conv_context *context, ty_tensor *x, ty_tensor *g, ty_tensor **grad_in)
{
    conv_context c = *context;
    c.part = TYI_CONV_WEIGHT;
    grad_in[2] = tyi_new(1, (int64_t[]){c.groups * c.out_channels}, (ty_dtype)g->dtype, g->storage->device);
    grad_in[1] = grad_in[2] && x ? compute(&c, x, g, NULL, grad_in[2]) : NULL;
    return grad_in[1] ? TY_OK : TY_FAIL;
}

static ty_status conv_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const conv_context *c = tyi_context(node);
    ty_tensor *g = grad_out[0];
    bool both = c->part == TYI_CONV_Y && tyi_wants(node, 1) && tyi_wants(node, 2) && !ty_grad_enabled();
    if (both && weight_and_bias(c, tyi_saved(node, 0), g, grad_in) != TY_OK)
        return TY_FAIL;
    for (int i = 0; i < 2; i++) {
        if (!tyi_wants(node, i) || grad_in[i])
            continue;
        ty_tensor *other = tyi_saved(node, 1 - i);
        switch (c->part) {
        case TYI_CONV_Y: /* x, weight */
            grad_in[i] = i == 0 ? part_of(c, TYI_CONV_X, other, g) : part_of(c, TYI_CONV_WEIGHT, other, g);
            break;
        case TYI_CONV_X: /* weight, y */
            grad_in[i] = i == 0 ? part_of(c, TYI_CONV_WEIGHT, g, other) : part_of(c, TYI_CONV_Y, g, other);
            break;
        default: /* x, y */
            grad_in[i] = i == 0 ? part_of(c, TYI_CONV_X, g, other) : part_of(c, TYI_CONV_Y, other, g);
            break;
        }
        if (!grad_in[i])
            return TY_FAIL;
    }
    if (tyi_wants(node, 2) && !grad_in[2] && !(grad_in[2] = bias_gradient(c, g)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind conv_kind = {"ConvolutionBackward0", conv_backward};

/* A part of the form, recorded. a and b are the other two in the order x, weight, y; y_sums as for run(). */
static ty_tensor *compute(const conv_context *c, ty_tensor *a, ty_tensor *b, ty_tensor *bias, ty_tensor *y_sums)
{
    tyi_scope scope = {0};
    ty_tensor *dense_a = tyi_keep(&scope, tyi_dense(a)), *dense_b = tyi_keep(&scope, tyi_dense(b));
    ty_tensor *dense_bias = tyi_keep(&scope, bias ? tyi_dense(bias) : NULL);
    ty_tensor *out = dense_a && dense_b && (dense_bias || !bias) ? new_result(c, a) : NULL;
    if (out && run(c, dense_a, dense_b, dense_bias, out, y_sums) != TY_OK)
        out = tyi_drop(out);
    out =
        tyi_record(out, &conv_kind, TYI_LIST(a, b, bias), TYI_LIST(tyi_if_grad(b, a), tyi_if_grad(a, b)), c, sizeof *c);
    tyi_scope_end(&scope);
    return out;
}

/* ---- Checks ---- */

static ty_status check_operands(const char *name, int ndim, ty_tensor *x, ty_tensor *weight, ty_tensor *bias,
                                int64_t groups)
{
    ty_device device;
    if (tyi_check_images(name, x, ndim, false) != TY_OK)
        return TY_FAIL;
    if (weight->ndim != ndim + 2)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: expected a weight of %d dimensions, channels, channels and the sizes of the kernel; got %s",
                       name, ndim + 2, TYI_SHAPE(weight));
    for (int d = 0; d < weight->ndim; d++)
        if (weight->sizes[d] == 0)
            return ty_fail(TY_ERROR_VALUE, "%s: the weight %s is empty", name, TYI_SHAPE(weight));
    if (groups < 1 || groups > weight->sizes[0] || weight->sizes[0] % groups != 0)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: groups must be at least 1 and divide the weight's %lld channels; got a weight %s and "
                       "groups = %lld",
                       name, (long long)weight->sizes[0], TYI_SHAPE(weight), (long long)groups);
    ty_tensor *const others[] = {weight, bias};
    for (int i = 0; i < 2; i++)
        if (others[i] && others[i]->dtype != x->dtype)
            return ty_fail(TY_ERROR_VALUE, "%s: the input is %s and the %s %s; convert one of them, as x:to(ty.%s)",
                           name, ty_dtype_name((ty_dtype)x->dtype), i ? "bias" : "weight",
                           ty_dtype_name((ty_dtype)others[i]->dtype), ty_dtype_name((ty_dtype)others[i]->dtype));
    return bias ? tyi_same_device(name, 3, (ty_tensor *[]){x, weight, bias}, &device)
                : tyi_same_device(name, 2, (ty_tensor *[]){x, weight}, &device);
}

static ty_status check_bias(const char *name, const ty_tensor *bias, int64_t channels)
{
    if (!bias || (bias->ndim == 1 && bias->sizes[0] == channels))
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: bias holds one number for each of the %lld output channels; this one's is %s",
                   name, (long long)channels, TYI_SHAPE(bias));
}

/* The sizes of the kernel are the weight's. */
static ty_window with_kernel(const ty_window *window, const ty_tensor *weight)
{
    ty_window w = *window;
    for (int d = 0; d < w.ndim; d++)
        w.size[d] = weight->sizes[2 + d];
    return w;
}

/* ---- conv ---- */

/* Sizes of the output; with `same`, padding that makes them the input's. */
static ty_status place_outputs(const char *name, tyi_window *w, int ndim, bool same, const ty_tensor *x,
                               const ty_tensor *weight)
{
    for (int d = 3 - ndim; d < 3; d++) {
        int64_t reach = tyi_window_reach(w, d);
        if (same) {
            if (w->stride[d] != 1)
                return ty_fail(TY_ERROR_VALUE, "%s: padding = \"same\" needs a stride of 1, got %lld", name,
                               (long long)w->stride[d]);
            w->pad[d] = (reach - 1) / 2; /* one more at the end where the sum is odd */
            w->out[d] = w->in[d];
            continue;
        }
        int64_t room = w->in[d] + 2 * w->pad[d] - reach;
        if (room < 0)
            return ty_fail(TY_ERROR_VALUE,
                           "%s: the kernel is larger than the input: dimension %lld of the input %s has %lld with its "
                           "padding, and the weight %s covers %lld there; pad more, or use a smaller kernel",
                           name, tyi_said(x->ndim - 3 + d), TYI_SHAPE(x), (long long)(w->in[d] + 2 * w->pad[d]),
                           TYI_SHAPE(weight), (long long)reach);
        w->out[d] = room / w->stride[d] + 1;
    }
    return TY_OK;
}

/* Whether the device's kernel takes 16-bit floats as they are. (The table of a capture's recorder does not say.) */
static bool takes_narrow(const ty_tensor *x)
{
    const tyi_backend *backend = tyi_real_backend(x->storage->device);
    return backend && backend->narrow_conv;
}

/* The form over x with or without a batch, whose part and window are known: 16-bit floats in float32 where the kernel
 * does not take them. */
static ty_tensor *over_batch(conv_context *c, ty_tensor *x, ty_tensor *weight, ty_tensor *bias)
{
    c->batch = x->ndim == c->ndim + 2 ? x->sizes[0] : 1;
    c->in_channels = weight->sizes[1];
    c->out_channels = weight->sizes[0] / c->groups;
    tyi_scope scope = {0};
    ty_tensor *images = x;
    ty_dtype to = takes_narrow(x) ? TY_DTYPE_NONE : tyi_widen(&scope, TYI_OPERANDS(&images, &weight, &bias));
    ty_tensor *batch = tyi_keep(&scope, tyi_batched(images, c->ndim)), *y = NULL;
    if (batch && weight)
        y = tyi_keep(&scope, c->part == TYI_CONV_Y ? compute(c, batch, weight, bias, NULL)
                                                   : compute(c, weight, batch, bias, NULL));
    y = tyi_unbatched(ty_retain(tyi_round(&scope, y, to)), x, c->ndim);
    tyi_scope_end(&scope);
    return y;
}

/* x {N, C, d...} or {C, d...}, weight {out, C / groups, k...}, bias {out} or NULL: every output is bias plus the sum of
 * the weight times the inputs under the window. window->size is not read; same: outputs as many as inputs, and
 * window->padding is not read. (torch.nn.functional.conv1d, conv2d, conv3d) */
ty_tensor *ty_conv(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window, bool same, int64_t groups)
{
    if (!x || !weight)
        return NULL;
    int ndim = window->ndim;
    tyi_op_name named = tyi_name_of("conv", ndim);
    const char *name = named.s;
    if (check_operands(name, ndim, x, weight, bias, groups) != TY_OK)
        return NULL;
    ty_window sized = with_kernel(window, weight);
    if (tyi_check_window(name, &sized) != TY_OK)
        return NULL;
    int64_t channels = x->sizes[x->ndim - ndim - 1];
    if (channels != weight->sizes[1] * groups) {
        char of_groups[48] = "";
        if (groups != 1)
            snprintf(of_groups, sizeof of_groups, " in each of %lld groups", (long long)groups);
        return tyi_fail(TY_ERROR_VALUE, "%s: expected input with %lld channels (weight %s: %lld%s), got %s with %lld",
                        name, (long long)(weight->sizes[1] * groups), TYI_SHAPE(weight), (long long)weight->sizes[1],
                        of_groups, TYI_SHAPE(x), (long long)channels);
    }
    conv_context c = {.part = TYI_CONV_Y, .ndim = ndim, .groups = groups, .window = tyi_window_over(&sized, x)};
    if (check_bias(name, bias, weight->sizes[0]) != TY_OK ||
        place_outputs(name, &c.window, ndim, same, x, weight) != TY_OK)
        return NULL;
    return over_batch(&c, x, weight, bias);
}

/* ---- conv_transpose ---- */

/* Sizes of what a window that reaches the inputs came from. */
static ty_status place_inputs(const char *name, tyi_window *w, int ndim, const int64_t *output_padding,
                              const ty_tensor *x)
{
    for (int d = 0; d < 3; d++) { /* what is read is y of the form */
        w->out[d] = w->in[d];
        w->in[d] = 1;
    }
    for (int d = 3 - ndim; d < 3; d++) {
        int64_t more = output_padding ? output_padding[d - (3 - ndim)] : 0;
        if (more < 0 || (more >= w->stride[d] && more >= w->dilation[d]))
            return ty_fail(TY_ERROR_VALUE,
                           "%s: output_padding must be at least 0 and smaller than stride or dilation, got %lld "
                           "(stride %lld, dilation %lld)",
                           name, (long long)more, (long long)w->stride[d], (long long)w->dilation[d]);
        w->in[d] = (w->out[d] - 1) * w->stride[d] - 2 * w->pad[d] + tyi_window_reach(w, d) + more;
        if (w->in[d] < 1)
            return ty_fail(TY_ERROR_VALUE,
                           "%s: the output would have size %lld in dimension %lld, for an input %s and padding %lld; "
                           "pad less",
                           name, (long long)w->in[d], tyi_said(x->ndim - 3 + d), TYI_SHAPE(x), (long long)w->pad[d]);
    }
    return TY_OK;
}

/* The transposed map of ty_conv(): x {N, C, d...} or {C, d...}, weight {C, out / groups, k...}, bias {out} or NULL. The
 * output has (d - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1 of every dimension. output_padding: one
 * number a dimension, or NULL for 0. (torch.nn.functional.conv_transpose1d, 2d, 3d) */
ty_tensor *ty_conv_transpose(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window,
                             const int64_t *output_padding, int64_t groups)
{
    if (!x || !weight)
        return NULL;
    int ndim = window->ndim;
    tyi_op_name named = tyi_name_of("conv_transpose", ndim);
    const char *name = named.s;
    if (check_operands(name, ndim, x, weight, bias, groups) != TY_OK)
        return NULL;
    ty_window sized = with_kernel(window, weight);
    if (tyi_check_window(name, &sized) != TY_OK)
        return NULL;
    int64_t channels = x->sizes[x->ndim - ndim - 1];
    if (channels != weight->sizes[0])
        return tyi_fail(TY_ERROR_VALUE, "%s: expected input with %lld channels (weight %s), got %s with %lld", name,
                        (long long)weight->sizes[0], TYI_SHAPE(weight), TYI_SHAPE(x), (long long)channels);
    conv_context c = {.part = TYI_CONV_X, .ndim = ndim, .groups = groups, .window = tyi_window_over(&sized, x)};
    if (check_bias(name, bias, weight->sizes[1] * groups) != TY_OK ||
        place_inputs(name, &c.window, ndim, output_padding, x) != TY_OK)
        return NULL;
    return over_batch(&c, x, weight, bias);
}
