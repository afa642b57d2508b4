/*
 * Pooling over one to three dimensions: largest elements, averages and p-norms under a window that slides or that
 * adapts to a given number of outputs, and max_unpool. The gradients are parts of the same kernels; those of max_pool
 * are differentiable as indexing.
 */
#include "ops/window.h"

typedef struct pool_context {
    tyi_window window;
    int ndim;
    bool adaptive, count_pad, back; /* back: the gradient of an average, whose own gradient is the average */
    int64_t divisor;
    int64_t images, channels;
} pool_context;

static tyi_pool_args args_of(const pool_context *c, tyi_pool_part part, ty_tensor *x, ty_tensor *y)
{
    return (tyi_pool_args){.part = part,
                           .dtype = (ty_dtype)x->dtype,
                           .window = c->window,
                           .adaptive = c->adaptive,
                           .count_pad = c->count_pad,
                           .divisor = c->divisor,
                           .planes = c->images * c->channels,
                           .x = tyi_data(x),
                           .y = tyi_data(y)};
}

static ty_tensor *new_images(const pool_context *c, const ty_tensor *like, bool outputs, ty_dtype dtype)
{
    int64_t sizes[5] = {c->images, c->channels};
    const int64_t *last = outputs ? c->window.out : c->window.in;
    for (int d = 0; d < c->ndim; d++)
        sizes[2 + d] = last[3 - c->ndim + d];
    return tyi_new(c->ndim + 2, sizes, dtype, like->storage->device);
}

/* ---- Windows ---- */

/* Outputs of a sliding window, as PyTorch counts them: with ceil_mode one more where the window begins inside. */
static ty_status place_outputs(const char *name, pool_context *c, const ty_tensor *x, bool ceil_mode)
{
    tyi_window *w = &c->window;
    for (int d = 3 - c->ndim; d < 3; d++) {
        int64_t reach = tyi_window_reach(w, d), room = w->in[d] + 2 * w->pad[d] - reach;
        if (2 * w->pad[d] > w->kernel[d])
            return ty_fail(TY_ERROR_VALUE,
                           "%s: padding can be at most half of kernel_size, got %lld for a kernel of %lld", name,
                           (long long)w->pad[d], (long long)w->kernel[d]);
        int64_t out = room < 0 ? (ceil_mode && room + w->stride[d] > 0) : room / w->stride[d] + 1;
        if (room >= 0 && ceil_mode && room % w->stride[d])
            out++;
        if (ceil_mode && out > 0 && (out - 1) * w->stride[d] >= w->in[d] + w->pad[d])
            out--;
        if (out < 1)
            return ty_fail(TY_ERROR_VALUE,
                           "%s: the window is larger than the input: dimension %lld of the input %s has %lld with its "
                           "padding, and the window covers %lld; use a smaller kernel_size",
                           name, tyi_said(x->ndim - 3 + d), TYI_SHAPE(x), (long long)(w->in[d] + 2 * w->pad[d]),
                           (long long)reach);
        w->out[d] = out;
    }
    return TY_OK;
}

static ty_status check_plane(const char *name, const tyi_window *w)
{
    if (w->in[0] * w->in[1] >= INT32_MAX / w->in[2])
        return ty_fail(TY_ERROR_VALUE, "%s: an image of %s has too many elements", name, tyi_shape_text(3, w->in).s);
    return TY_OK;
}

/* Fills images and channels, and gives x with a batch; NULL on failure. */
static ty_tensor *begin(tyi_scope *scope, pool_context *c, ty_tensor *x)
{
    ty_tensor *batch = tyi_keep(scope, tyi_batched(x, c->ndim));
    if (batch) {
        c->images = batch->sizes[0];
        c->channels = batch->sizes[1];
    }
    return batch;
}

static ty_status sliding(const char *name, pool_context *c, ty_tensor *x, const ty_window *window, bool ceil_mode)
{
    c->ndim = window->ndim;
    if (tyi_check_window(name, window) != TY_OK || tyi_check_images(name, x, c->ndim, false) != TY_OK)
        return TY_FAIL;
    c->window = tyi_window_over(window, x);
    if (place_outputs(name, c, x, ceil_mode) != TY_OK)
        return TY_FAIL;
    return check_plane(name, &c->window);
}

static ty_status adapting(const char *name, pool_context *c, ty_tensor *x, const int64_t *sizes)
{
    ty_window window = {.ndim = c->ndim, .size = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    if (tyi_check_images(name, x, c->ndim, false) != TY_OK)
        return TY_FAIL;
    c->window = tyi_window_over(&window, x);
    c->adaptive = true;
    for (int d = 0; d < c->ndim; d++) {
        int64_t in = c->window.in[3 - c->ndim + d];
        if (sizes[d] < -1)
            return ty_fail(TY_ERROR_VALUE, "%s: an output size must be at least 0, or -1 for the input's; got %s", name,
                           tyi_shape_text(c->ndim, sizes).s);
        c->window.out[3 - c->ndim + d] = sizes[d] == -1 ? in : sizes[d];
    }
    return check_plane(name, &c->window);
}

/* ---- Largest ---- */

/* A view or copy {images, channels, elements} of images. */
static ty_tensor *flat(ty_tensor *x)
{
    return x ? ty_flatten(x, 2, -1) : NULL;
}

/* Elements put back to where they came from, others 0; recorded as scatter_add. */
static ty_tensor *scatter_back(const pool_context *c, ty_tensor *g, ty_tensor *index)
{
    ty_tensor *zeros = tyi_temp(new_images(c, g, false, (ty_dtype)g->dtype));
    zeros = tyi_temp(zeros ? ty_zero_(zeros) : NULL);
    ty_tensor *into = tyi_temp(flat(zeros)), *from = tyi_temp(flat(g)), *places = tyi_temp(flat(index));
    ty_tensor *sum = tyi_temp(into && from && places ? ty_scatter_add(into, 2, places, from) : NULL);
    return sum ? ty_view(sum, zeros->ndim, zeros->sizes) : NULL;
}

static ty_status max_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const pool_context *c = tyi_context(node);
    ty_tensor *index = tyi_saved(node, 0);
    if (!index)
        return TY_FAIL;
    if (ty_grad_enabled()) {
        grad_in[0] = scatter_back(c, grad_out[0], index);
        return grad_in[0] ? TY_OK : TY_FAIL;
    }
    const tyi_backend *backend = tyi_backend_of(index->storage->device);
    ty_tensor *g = tyi_temp(tyi_dense(grad_out[0]));
    ty_tensor *x = backend && g ? tyi_temp(new_images(c, g, false, (ty_dtype)g->dtype)) : NULL;
    if (!x)
        return TY_FAIL;
    tyi_pool_args args = args_of(c, TYI_POOL_MAX_BACK, x, g);
    args.index = tyi_data(index);
    if (x->numel && backend->pool(&args) != TY_OK)
        return TY_FAIL;
    grad_in[0] = ty_retain(x);
    return TY_OK;
}

static const tyi_node_kind max_kind = {"MaxPoolBackward0", max_backward};

/* *index: the positions, where they are asked for or a gradient will want them; else NULL. */
static ty_tensor *max_pool(const pool_context *c, ty_tensor *x, bool asked, ty_tensor **index)
{
    bool wanted = asked || tyi_needs_grad(1, &x);
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *dense = backend ? tyi_dense(x) : NULL;
    ty_tensor *y = dense ? new_images(c, x, true, (ty_dtype)x->dtype) : NULL;
    *index = y && wanted ? new_images(c, x, true, TY_INT64) : NULL;
    if (y && wanted && !*index)
        y = tyi_drop(y);
    if (y && y->numel) {
        tyi_pool_args args = args_of(c, TYI_POOL_MAX, dense, y);
        args.index = wanted ? tyi_data(*index) : NULL;
        if (backend->pool(&args) != TY_OK)
            y = tyi_drop(y);
    }
    ty_release(dense);
    return tyi_record(y, &max_kind, TYI_LIST(x), TYI_LIST(*index), c, sizeof *c);
}

/* The op around it: batches, reduced dtypes, the positions. */
static ty_tensor *largest(pool_context *c, ty_tensor *x, ty_tensor **indices)
{
    tyi_scope scope = {0};
    ty_tensor *images = x, *index = NULL;
    ty_dtype to = tyi_widen(&scope, TYI_OPERANDS(&images));
    ty_tensor *batch = begin(&scope, c, images);
    ty_tensor *y = batch ? tyi_keep(&scope, max_pool(c, batch, indices, &index)) : NULL;
    y = tyi_unbatched(ty_retain(tyi_round(&scope, y, to)), x, c->ndim);
    tyi_scope_end(&scope);
    if (!indices) {
        ty_release(index);
        return y;
    }
    *indices = y ? tyi_unbatched(index, x, c->ndim) : tyi_drop(index);
    return *indices ? y : tyi_drop(y);
}

/* Largest elements under the window; padding, at most half of the window, is smaller than anything. ceil_mode: windows
 * that the input ends in count too. (torch.nn.functional.max_pool1d, 2d, 3d) */
ty_tensor *ty_max_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, ty_tensor **indices)
{
    pool_context c = {0};
    tyi_op_name name = tyi_name_of("max_pool", window->ndim);
    if (!x || sliding(name.s, &c, x, window, ceil_mode) != TY_OK)
        return NULL;
    return largest(&c, x, indices);
}

/* Largest elements of as many even parts as sizes say; parts overlap where they must. */
ty_tensor *ty_adaptive_max_pool(ty_tensor *x, int ndim, const int64_t *sizes, ty_tensor **indices)
{
    pool_context c = {.ndim = ndim};
    tyi_op_name name = tyi_name_of("adaptive_max_pool", ndim);
    if (!x || adapting(name.s, &c, x, sizes) != TY_OK)
        return NULL;
    return largest(&c, x, indices);
}

/* ---- Averages ---- */

static ty_tensor *average(const pool_context *c, ty_tensor *x);

static ty_status average_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    pool_context c = *(const pool_context *)tyi_context(node);
    c.back = !c.back;
    grad_in[0] = average(&c, grad_out[0]);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind average_kind = {"AvgPoolBackward0", average_backward};

/* Averages of x, or `back` the transposed map. */
static ty_tensor *average(const pool_context *c, ty_tensor *x)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *dense = backend ? tyi_dense(x) : NULL;
    ty_tensor *y = dense ? new_images(c, x, !c->back, (ty_dtype)x->dtype) : NULL;
    if (y && y->numel) {
        tyi_pool_args args = c->back ? args_of(c, TYI_POOL_AVG_BACK, y, dense) : args_of(c, TYI_POOL_AVG, dense, y);
        if (backend->pool(&args) != TY_OK)
            y = tyi_drop(y);
    }
    ty_release(dense);
    return tyi_record(y, &average_kind, TYI_LIST(x), 0, NULL, c, sizeof *c);
}

static ty_tensor *averages(pool_context *c, ty_tensor *x)
{
    tyi_scope scope = {0};
    ty_tensor *images = x;
    ty_dtype to = tyi_widen(&scope, TYI_OPERANDS(&images));
    ty_tensor *batch = begin(&scope, c, images);
    ty_tensor *y = batch ? tyi_keep(&scope, average(c, batch)) : NULL;
    y = tyi_unbatched(ty_retain(tyi_round(&scope, y, to)), x, c->ndim);
    tyi_scope_end(&scope);
    return y;
}

static ty_status check_dilation(const char *name, const ty_window *window)
{
    for (int d = 0; d < window->ndim; d++)
        if (window->dilation[d] != 1)
            return ty_fail(TY_ERROR_VALUE, "%s: there is no dilation, got %s", name,
                           tyi_shape_text(window->ndim, window->dilation).s);
    return TY_OK;
}

/* Means under the window, whose dilation is 1; padding counts as zeros, or not at all without count_include_pad.
 * divisor: what sums are divided by, instead; 0 for none. (torch.nn.functional.avg_pool1d, 2d, 3d) */
ty_tensor *ty_avg_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, bool count_include_pad, int64_t divisor)
{
    pool_context c = {.count_pad = count_include_pad, .divisor = divisor};
    tyi_op_name name = tyi_name_of("avg_pool", window->ndim);
    if (!x || check_dilation(name.s, window) != TY_OK || sliding(name.s, &c, x, window, ceil_mode) != TY_OK)
        return NULL;
    return averages(&c, x);
}

/* Means of as many even parts as sizes say. */
ty_tensor *ty_adaptive_avg_pool(ty_tensor *x, int ndim, const int64_t *sizes)
{
    pool_context c = {.ndim = ndim};
    tyi_op_name name = tyi_name_of("adaptive_avg_pool", ndim);
    if (!x || adapting(name.s, &c, x, sizes) != TY_OK)
        return NULL;
    return averages(&c, x);
}

/* ---- Norms ---- */

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

static ty_tensor *norms(tyi_scope *s, ty_tensor *x, double p, const ty_window *window, bool ceil_mode)
{
    double elements = 1;
    for (int d = 0; d < window->ndim; d++)
        elements *= (double)window->size[d];
    ty_tensor *powers = F(pow, x, NUM(p));
    ty_tensor *mean = powers ? F(avg_pool, powers, window, ceil_mode, true, 0) : NULL;
    ty_tensor *sum = mean ? MUL(MUL(F(sign, mean), F(relu, F(abs, mean))), NUM(elements)) : NULL;
    return F(pow, sum, NUM(1 / p));
}

/* (sum of x^p)^(1/p) under the window, which is not padded; of a window that the input ends in, its mean power times
 * the window's elements, as PyTorch has it. (torch.nn.functional.lp_pool1d, 2d, 3d) */
ty_tensor *ty_lp_pool(ty_tensor *x, double p, const ty_window *window, bool ceil_mode)
{
    pool_context c = {0};
    tyi_op_name name = tyi_name_of("lp_pool", window->ndim);
    if (!x || sliding(name.s, &c, x, window, ceil_mode) != TY_OK)
        return NULL;
    if (p == 0)
        return tyi_fail(TY_ERROR_VALUE, "%s: norm_type must not be 0", name.s);
    tyi_scope scope = {0};
    ty_dtype to = tyi_widen(&scope, TYI_OPERANDS(&x));
    ty_tensor *y = ty_retain(tyi_round(&scope, norms(&scope, x, p, window, ceil_mode), to));
    tyi_scope_end(&scope);
    return y;
}

/* ---- max_unpool ---- */

static ty_status check_unpool(const char *name, ty_tensor *x, ty_tensor *indices, int ndim, const int64_t *sizes,
                              int64_t *elements)
{
    int64_t low, high;
    ty_device device;
    if (tyi_check_images(name, x, ndim, true) != TY_OK || tyi_check_sizes(name, ndim, sizes, elements) != TY_OK)
        return TY_FAIL;
    if (indices->dtype != TY_INT64 || !tyi_same_shape(x, indices))
        return ty_fail(TY_ERROR_VALUE,
                       "%s: indices are int64 positions of the input's shape %s, as max_pool gives; got %s", name,
                       TYI_SHAPE(x), TYI_DESCRIBE(indices));
    if (tyi_same_device(name, 2, (ty_tensor *[]){x, indices}, &device) != TY_OK)
        return TY_FAIL;
    const tyi_backend *backend = tyi_backend_of(device);
    ty_tensor *dense = backend ? tyi_dense(indices) : NULL;
    ty_status status = !dense         ? TY_FAIL
                       : dense->numel ? backend->index_range(tyi_data(dense), dense->numel, &low, &high)
                                      : TY_OK;
    if (status == TY_OK && dense->numel && low >= 0 && high < *elements)
        tyi_index_bounds(0, *elements - 1);
    else if (status == TY_OK && dense->numel)
        status = ty_fail(TY_ERROR_INDEX, "%s: index %lld is no position in an image of %s, which has %lld elements",
                         name, tyi_said(low < 0 ? low : high), tyi_shape_text(ndim, sizes).s, (long long)*elements);
    ty_release(dense);
    return status;
}

/* Images of the given sizes, 0 but at the positions `indices` (within each image, as max_pool gives them), where x's
 * elements stand. (torch.nn.functional.max_unpool1d, 2d, 3d) */
ty_tensor *ty_max_unpool(ty_tensor *x, ty_tensor *indices, int ndim, const int64_t *sizes)
{
    if (!x || !indices)
        return NULL;
    int64_t elements, all[TY_MAX_DIMS] = {0};
    tyi_op_name name = tyi_name_of("max_unpool", ndim);
    if (check_unpool(name.s, x, indices, ndim, sizes, &elements) != TY_OK)
        return NULL;
    int first = x->ndim - ndim;
    tyi_scope scope = {0}, *s = &scope;
    for (int d = 0; d < x->ndim; d++)
        all[d] = d < first ? x->sizes[d] : sizes[d - first];
    int64_t merged[3] = {x->sizes[0], first == 2 ? x->sizes[1] : elements, elements};
    ty_tensor *zeros = HOLD(ty_zeros(first + 1, merged, (ty_dtype)x->dtype, x->storage->device));
    ty_tensor *values = HOLD(ty_flatten(x, first, -1)), *places = HOLD(ty_flatten(indices, first, -1));
    ty_tensor *y = zeros && values && places ? HOLD(ty_scatter(zeros, first, places, values)) : NULL;
    y = y ? ty_view(y, x->ndim, all) : NULL;
    tyi_scope_end(&scope);
    return y;
}
