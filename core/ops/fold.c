/*
 * Images taken apart into the blocks under a window, and put together: unfold and fold, which are each other's
 * gradients; and elements moved between channels and places: pixel_shuffle, pixel_unshuffle, channel_shuffle.
 */
#include "ops/window.h"

#define HOLD(x) tyi_keep(s, x)
#include "ops/expressions.h"

typedef struct fold_context {
    tyi_window window;
    int64_t images, channels;
    bool back; /* fold */
} fold_context;

static ty_tensor *columns(const fold_context *c, ty_tensor *x);

static ty_status columns_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    fold_context c = *(const fold_context *)tyi_context(node);
    c.back = !c.back;
    grad_in[0] = columns(&c, grad_out[0]);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind unfold_kind = {"Im2ColBackward0", columns_backward};
static const tyi_node_kind fold_kind = {"Col2ImBackward0", columns_backward};

/* Columns {N, C k k, places} of images {N, C, H, W}, or back. */
static ty_tensor *columns(const fold_context *c, ty_tensor *x)
{
    const tyi_window *w = &c->window;
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    int64_t apart[] = {c->images, c->channels * w->kernel[1] * w->kernel[2], w->out[1] * w->out[2]};
    int64_t whole[] = {c->images, c->channels, w->in[1], w->in[2]};
    ty_tensor *dense = backend ? tyi_dense(x) : NULL;
    ty_tensor *y =
        dense ? tyi_new(c->back ? 4 : 3, c->back ? whole : apart, (ty_dtype)x->dtype, x->storage->device) : NULL;
    if (y && y->numel) {
        tyi_columns_args args = {.back = c->back,
                                 .dtype = (ty_dtype)x->dtype,
                                 .window = *w,
                                 .batch = c->images,
                                 .channels = c->channels,
                                 .x = tyi_data(c->back ? y : dense),
                                 .columns = tyi_data(c->back ? dense : y)};
        if (backend->columns(&args) != TY_OK)
            y = tyi_drop(y);
    }
    ty_release(dense);
    return tyi_record(y, c->back ? &fold_kind : &unfold_kind, TYI_LIST(x), 0, NULL, c, sizeof *c);
}

static ty_status place(const char *name, tyi_window *w)
{
    for (int d = 1; d < 3; d++) {
        int64_t room = w->in[d] + 2 * w->pad[d] - tyi_window_reach(w, d);
        if (room < 0)
            return ty_fail(TY_ERROR_VALUE, "%s: the window covers %lld, more than an image's %lld with its padding",
                           name, (long long)tyi_window_reach(w, d), (long long)(w->in[d] + 2 * w->pad[d]));
        w->out[d] = room / w->stride[d] + 1;
    }
    return TY_OK;
}

/* The op around it: reduced dtypes, and batches: ndim is that of x with a batch. */
static ty_tensor *finish(fold_context *c, ty_tensor *x, int ndim)
{
    tyi_scope scope = {0}, *s = &scope;
    bool single = x->ndim < ndim;
    ty_dtype to = tyi_widen(s, TYI_OPERANDS(&x));
    ty_tensor *batch = !x ? NULL : single ? F(unsqueeze, x, 0) : x;
    c->images = batch ? batch->sizes[0] : 0;
    ty_tensor *y = tyi_round(s, batch ? HOLD(columns(c, batch)) : NULL, to);
    y = y && single ? ty_squeeze_dim(y, 0) : ty_retain(y);
    tyi_scope_end(s);
    return y;
}

/* The blocks of x {N, C, H, W} or {C, H, W} under a window of two dimensions, as columns: {N, C k k, blocks}.
 * (torch.nn.functional.unfold; ty_unfold() is the tensor's method) */
ty_tensor *ty_unfold_images(ty_tensor *x, const ty_window *window)
{
    const char *name = "unfold";
    if (!x || tyi_check_window(name, window) != TY_OK || tyi_check_images(name, x, 2, false) != TY_OK)
        return NULL;
    fold_context c = {.window = tyi_window_over(window, x), .channels = x->sizes[x->ndim - 3]};
    return place(name, &c.window) == TY_OK ? finish(&c, x, 4) : NULL;
}

/* Columns {N, C k k, blocks} or {C k k, blocks} added up in the images {N, C, sizes} that they could be the blocks of.
 * (torch.nn.functional.fold) */
ty_tensor *ty_fold(ty_tensor *x, const int64_t sizes[2], const ty_window *window)
{
    const char *name = "fold";
    int64_t numel;
    if (!x || tyi_check_window(name, window) != TY_OK || tyi_check_sizes(name, 2, sizes, &numel) != TY_OK)
        return NULL;
    if (x->ndim != 2 && x->ndim != 3)
        return tyi_fail(TY_ERROR_VALUE, "%s: expected an input {N, C * kernel, blocks} or {C * kernel, blocks}, got %s",
                        name, TYI_SHAPE(x));
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "%s: the input must be floating; this one is %s: convert it: x:to(ty.float32)",
                        name, TYI_DESCRIBE(x));
    int64_t rows = x->sizes[x->ndim - 2], blocks = x->sizes[x->ndim - 1], kernel = window->size[0] * window->size[1];
    ty_window in = *window;
    fold_context c = {.back = true};
    c.window = (tyi_window){.in = {1, sizes[0], sizes[1]},
                            .out = {1, 0, 0},
                            .kernel = {1, in.size[0], in.size[1]},
                            .stride = {1, in.stride[0], in.stride[1]},
                            .pad = {0, in.padding[0], in.padding[1]},
                            .dilation = {1, in.dilation[0], in.dilation[1]}};
    if (numel == 0 || rows == 0 || rows % kernel)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: an input %s does not hold columns of a kernel of %lld elements for images %s", name,
                        TYI_SHAPE(x), (long long)kernel, tyi_shape_text(2, sizes).s);
    c.channels = rows / kernel;
    if (place(name, &c.window) != TY_OK)
        return NULL;
    if (blocks != c.window.out[1] * c.window.out[2])
        return tyi_fail(TY_ERROR_VALUE, "%s: images %s have %lld x %lld = %lld blocks, the input %s has %lld", name,
                        tyi_shape_text(2, sizes).s, (long long)c.window.out[1], (long long)c.window.out[2],
                        (long long)(c.window.out[1] * c.window.out[2]), TYI_SHAPE(x), (long long)blocks);
    return finish(&c, x, 3);
}

/* ---- Shuffles ---- */

/* x seen as `first`, its dimensions in another order, seen as `last`. */
static ty_tensor *rearranged(ty_tensor *x, int ndim, const int64_t *first, const int64_t *order, int last_ndim,
                             const int64_t *last)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *apart = F(reshape, x, ndim, first);
    ty_tensor *moved = apart ? F(permute, apart, ndim, order) : NULL;
    ty_tensor *y = moved ? ty_reshape(moved, last_ndim, last) : NULL;
    tyi_scope_end(s);
    return y;
}

static ty_status check_shuffle(const char *name, const ty_tensor *x, int least, const char *what, int64_t factor)
{
    if (x->ndim < least)
        return ty_fail(TY_ERROR_VALUE, "%s: expected an input of at least %d dimensions, got %s", name, least,
                       TYI_SHAPE(x));
    if (factor < 1 || factor > INT32_MAX)
        return ty_fail(TY_ERROR_VALUE, "%s: %s must be at least 1, got %lld", name, what, (long long)factor);
    return TY_OK;
}

/* x {..., C r r, H, W} to {..., C, H r, W r}. (torch.nn.functional.pixel_shuffle) */
ty_tensor *ty_pixel_shuffle(ty_tensor *x, int64_t factor)
{
    if (!x || check_shuffle("pixel_shuffle", x, 3, "upscale_factor", factor) != TY_OK)
        return NULL;
    int n = x->ndim;
    const int64_t *size = x->sizes;
    if (size[n - 3] % (factor * factor))
        return tyi_fail(TY_ERROR_VALUE, "pixel_shuffle: %lld channels of an input %s do not divide by %lld * %lld",
                        (long long)size[n - 3], TYI_SHAPE(x), (long long)factor, (long long)factor);
    int64_t batch = 1, channels = size[n - 3] / (factor * factor), last[TY_MAX_DIMS];
    for (int d = 0; d < n - 3; d++)
        batch *= last[d] = size[d];
    last[n - 3] = channels, last[n - 2] = size[n - 2] * factor, last[n - 1] = size[n - 1] * factor;
    const int64_t first[] = {batch, channels, factor, factor, size[n - 2], size[n - 1]}, order[] = {0, 1, 4, 2, 5, 3};
    return rearranged(x, 6, first, order, n, last);
}

/* Its reverse: x {..., C, H r, W r} to {..., C r r, H, W}. (torch.nn.functional.pixel_unshuffle) */
ty_tensor *ty_pixel_unshuffle(ty_tensor *x, int64_t factor)
{
    if (!x || check_shuffle("pixel_unshuffle", x, 3, "downscale_factor", factor) != TY_OK)
        return NULL;
    int n = x->ndim;
    const int64_t *size = x->sizes;
    if (size[n - 2] % factor || size[n - 1] % factor)
        return tyi_fail(TY_ERROR_VALUE, "pixel_unshuffle: height and width of an input %s do not divide by %lld",
                        TYI_SHAPE(x), (long long)factor);
    int64_t batch = 1, height = size[n - 2] / factor, width = size[n - 1] / factor, last[TY_MAX_DIMS];
    for (int d = 0; d < n - 3; d++)
        batch *= last[d] = size[d];
    last[n - 3] = size[n - 3] * factor * factor, last[n - 2] = height, last[n - 1] = width;
    const int64_t first[] = {batch, size[n - 3], height, factor, width, factor}, order[] = {0, 1, 3, 5, 2, 4};
    return rearranged(x, 6, first, order, n, last);
}

/* Channels of x {N, C, ...} dealt out: those of each group, taken in turn. (torch.nn.functional.channel_shuffle) */
ty_tensor *ty_channel_shuffle(ty_tensor *x, int64_t groups)
{
    if (!x || check_shuffle("channel_shuffle", x, 3, "groups", groups) != TY_OK)
        return NULL;
    if (x->sizes[1] % groups)
        return tyi_fail(TY_ERROR_VALUE, "channel_shuffle: %lld channels of an input %s do not divide by groups = %lld",
                        (long long)x->sizes[1], TYI_SHAPE(x), (long long)groups);
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++)
        inner *= x->sizes[d];
    const int64_t first[] = {x->sizes[0], groups, x->sizes[1] / groups, inner}, order[] = {0, 2, 1, 3};
    return rearranged(x, 4, first, order, x->ndim, x->sizes);
}
