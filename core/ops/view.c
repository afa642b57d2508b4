/*
 * Views: the same memory seen with another shape. No view copies; reshape and flatten do where they must. The gradient
 * of a view is the gradient put back into its base's shape: through the inverse view where there is one, else by
 * writing it into zeros.
 */
#include "ops/ops.h"

/* What a view's gradient needs to know: the base's shape and the view's own arguments. */
typedef struct view_context {
    tyi_shape base;
    int dim0, dim1;
    int64_t start, end, step;
    int64_t dims[TY_MAX_DIMS];
} view_context;

static view_context context_of(const ty_tensor *x)
{
    view_context c = {.base = tyi_shape_of(x)};
    return c;
}

static ty_tensor *recorded(ty_tensor *view, ty_tensor *x, const tyi_node_kind *kind, const view_context *context)
{
    return tyi_record_view(view, x, kind, context, sizeof *context);
}

static const view_context *context_from(tyi_node *node)
{
    return tyi_context(node);
}

static ty_status given(ty_tensor *grad, ty_tensor **grad_in)
{
    grad_in[0] = grad;
    return grad ? TY_OK : TY_FAIL;
}

/* Zeros of the base's shape, into whose view (made by `see`) the gradient is written. */
static ty_status into_zeros(tyi_node *node, ty_tensor *grad, ty_tensor **grad_in,
                            ty_tensor *(*see)(ty_tensor *zeros, const view_context *c))
{
    const view_context *c = context_from(node);
    ty_tensor *zeros = ty_zeros(c->base.ndim, c->base.sizes, (ty_dtype)grad->dtype, ty_device_of(grad));
    ty_tensor *view = zeros ? see(zeros, c) : NULL;
    ty_tensor *done = view ? ty_copy_(view, grad) : NULL;
    ty_release(view);
    ty_release(done);
    if (!done) {
        ty_release(zeros);
        return TY_FAIL;
    }
    return given(zeros, grad_in);
}

/* ---- view, reshape, flatten ---- */

static ty_status reshape_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const view_context *c = context_from(node);
    return given(ty_reshape(grad_out[0], c->base.ndim, c->base.sizes), grad_in);
}

static const tyi_node_kind view_node = {"ViewBackward0", reshape_backward};

/* Resolves one -1 and checks the number of elements. */
static ty_status resolve(const char *name, const ty_tensor *x, int ndim, const int64_t *sizes, int64_t *resolved)
{
    int inferred = -1;
    int64_t product = 1;
    if (ndim < 0 || ndim > TY_MAX_DIMS)
        return ty_fail(TY_ERROR_VALUE, "%s: %d dimensions asked for; tensors have 0 to %d", name, ndim, TY_MAX_DIMS);
    for (int d = 0; d < ndim; d++) {
        resolved[d] = sizes[d];
        if (sizes[d] == -1) {
            if (inferred >= 0)
                return ty_fail(TY_ERROR_VALUE, "%s: only one size can be -1 (inferred), shape %s has more", name,
                               tyi_shape_text(ndim, sizes).s);
            inferred = d;
        } else if (sizes[d] < 0) {
            return ty_fail(TY_ERROR_VALUE, "%s: negative size %lld in shape %s", name, (long long)sizes[d],
                           tyi_shape_text(ndim, sizes).s);
        } else if (__builtin_mul_overflow(product, sizes[d], &product)) {
            return ty_fail(TY_ERROR_VALUE, "%s: shape %s does not hold the %lld elements of shape %s", name,
                           tyi_shape_text(ndim, sizes).s, (long long)x->numel, TYI_SHAPE(x));
        }
    }
    if (inferred >= 0 && product == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: the size -1 in %s cannot be inferred, because another size is 0", name,
                       tyi_shape_text(ndim, sizes).s);
    if (inferred >= 0 && x->numel % product == 0) {
        resolved[inferred] = x->numel / product;
        return TY_OK;
    }
    if (inferred >= 0 || product != x->numel)
        return ty_fail(TY_ERROR_VALUE, "%s: shape %s does not hold the %lld elements of shape %s", name,
                       tyi_shape_text(ndim, sizes).s, (long long)x->numel, TYI_SHAPE(x));
    return TY_OK;
}

/* Strides of x's memory seen with other sizes (as many elements); false where a copy would be needed. Runs of
 * dimensions of x that lie densely are matched, from the last, with runs of new sizes of the same product. */
static bool view_strides(const ty_tensor *x, int ndim, const int64_t *sizes, int64_t *strides)
{
    if (x->contiguous) {
        tyi_row_major(ndim, sizes, strides);
        return true;
    }
    int old = x->ndim - 1, new = ndim - 1;
    while (old >= 0) {
        /* A dense run of old dimensions that ends at `old`. */
        int64_t run = x->sizes[old], stride = x->strides[old];
        while (old > 0 && (x->sizes[old - 1] == 1 || run == 1 || x->strides[old - 1] == stride * run)) {
            old--;
            if (run == 1)
                stride = x->strides[old];
            run *= x->sizes[old];
        }
        int64_t filled = 1;
        while (new >= 0 && (filled < run || sizes[new] == 1)) {
            strides[new] = filled * stride;
            filled *= sizes[new];
            new --;
        }
        if (filled != run)
            return false;
        old--;
    }
    return true;
}

/* torch.Tensor.view: another shape of the same memory; sizes may hold one -1. */
ty_tensor *ty_view(ty_tensor *x, int ndim, const int64_t *sizes)
{
    int64_t resolved[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    if (!x || resolve("view", x, ndim, sizes, resolved) != TY_OK)
        return NULL;
    if (!view_strides(x, ndim, resolved, strides))
        return tyi_fail(
            TY_ERROR_VALUE,
            "view: the memory of this tensor of shape %s (a transposed or sliced one) cannot be seen with shape %s; "
            "use reshape, which copies where it must",
            TYI_SHAPE(x), tyi_shape_text(ndim, resolved).s);
    view_context c = context_of(x);
    return recorded(tyi_alias(x, ndim, resolved, strides, x->offset), x, &view_node, &c);
}

/* torch.reshape: a view where the memory allows it, else a copy. */
ty_tensor *ty_reshape(ty_tensor *x, int ndim, const int64_t *sizes)
{
    int64_t resolved[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    if (!x || resolve("reshape", x, ndim, sizes, resolved) != TY_OK)
        return NULL;
    if (view_strides(x, ndim, resolved, strides))
        return ty_view(x, ndim, resolved);
    ty_tensor *dense = ty_contiguous(x);
    ty_tensor *y = ty_view(dense, ndim, resolved);
    ty_release(dense);
    return y;
}

/* torch.flatten: dimensions start to end become one. */
ty_tensor *ty_flatten(ty_tensor *x, int start_dim, int end_dim)
{
    if (!x)
        return NULL;
    int start = tyi_wrap_dim("flatten", start_dim, x->ndim), end = tyi_wrap_dim("flatten", end_dim, x->ndim);
    if (start < 0 || end < 0)
        return NULL;
    if (start > end)
        return tyi_fail(TY_ERROR_VALUE, "flatten: start_dim %lld comes after end_dim %lld", tyi_said(start),
                        tyi_said(end));
    if (x->ndim == 0)
        return ty_reshape(x, 1, (int64_t[]){1});
    if (start == end)
        return ty_retain(x);
    int64_t sizes[TY_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < start; d++)
        sizes[n++] = x->sizes[d];
    sizes[n] = 1;
    for (int d = start; d <= end; d++)
        sizes[n] *= x->sizes[d];
    n++;
    for (int d = end + 1; d < x->ndim; d++)
        sizes[n++] = x->sizes[d];
    return ty_reshape(x, n, sizes);
}

/* Dimension dim as several whose sizes multiply to its size; one of them may be -1. torch.unflatten */
ty_tensor *ty_unflatten(ty_tensor *x, int dim, int ndim, const int64_t *sizes)
{
    if (!x)
        return NULL;
    if (x->ndim == 0 || ndim < 1 || x->ndim - 1 + ndim > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "unflatten: a dimension of %s as %d is not possible", TYI_SHAPE(x), ndim);
    dim = tyi_wrap_dim("unflatten", dim, x->ndim);
    if (dim < 0)
        return NULL;
    int64_t all[TY_MAX_DIMS], known = 1;
    int open = -1;
    memcpy(all, x->sizes, sizeof *all * (size_t)dim);
    for (int d = 0; d < ndim; d++) {
        all[dim + d] = sizes[d];
        if (sizes[d] == -1 && open < 0)
            open = d;
        else if (sizes[d] < 0 || __builtin_mul_overflow(known, sizes[d], &known))
            known = -1;
        if (known < 0)
            break;
    }
    bool fits = known >= 0 && (open < 0 ? known == x->sizes[dim] : known > 0 && x->sizes[dim] % known == 0);
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE,
                        "unflatten: the sizes %s do not multiply to the size %lld of dimension %lld of %s",
                        tyi_shape_text(ndim, sizes).s, (long long)x->sizes[dim], tyi_said(dim), TYI_SHAPE(x));
    if (open >= 0)
        all[dim + open] = x->sizes[dim] / known;
    memcpy(all + dim + ndim, x->sizes + dim + 1, sizeof *all * (size_t)(x->ndim - dim - 1));
    return ty_reshape(x, x->ndim - 1 + ndim, all);
}

/* ---- permute, transpose, t ---- */

static ty_status permute_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const view_context *c = context_from(node);
    int64_t inverse[TY_MAX_DIMS];
    for (int d = 0; d < c->base.ndim; d++)
        inverse[c->dims[d]] = d;
    return given(ty_permute(grad_out[0], c->base.ndim, inverse), grad_in);
}

static const tyi_node_kind permute_node = {"PermuteBackward0", permute_backward};

/* torch.permute: dimension d of the result is dimension dims[d] of x. */
ty_tensor *ty_permute(ty_tensor *x, int ndim, const int64_t *dims)
{
    if (!x)
        return NULL;
    if (ndim != x->ndim)
        return tyi_fail(TY_ERROR_VALUE, "permute: %d dimensions are named, the tensor of shape %s has %d", ndim,
                        TYI_SHAPE(x), x->ndim);
    view_context c = context_of(x);
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    uint32_t seen = 0;
    for (int d = 0; d < ndim; d++) {
        int from = tyi_wrap_dim("permute", dims[d], ndim);
        if (from < 0)
            return NULL;
        if (seen & 1u << from)
            return tyi_fail(TY_ERROR_VALUE, "permute: dimension %lld is named twice", tyi_said(from));
        seen |= 1u << from;
        c.dims[d] = from;
        sizes[d] = x->sizes[from];
        strides[d] = x->strides[from];
    }
    return recorded(tyi_alias(x, ndim, sizes, strides, x->offset), x, &permute_node, &c);
}

static ty_status transpose_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const view_context *c = context_from(node);
    return given(ty_transpose(grad_out[0], c->dim0, c->dim1), grad_in);
}

static const tyi_node_kind transpose_node = {"TransposeBackward0", transpose_backward};
static const tyi_node_kind t_node = {"TBackward0", transpose_backward};

static ty_tensor *swapped(ty_tensor *x, int dim0, int dim1, const tyi_node_kind *kind)
{
    view_context c = context_of(x);
    c.dim0 = dim0;
    c.dim1 = dim1;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) {
        int from = d == dim0 ? dim1 : d == dim1 ? dim0 : d;
        sizes[d] = x->sizes[from];
        strides[d] = x->strides[from];
    }
    return recorded(tyi_alias(x, x->ndim, sizes, strides, x->offset), x, kind, &c);
}

/* torch.transpose */
ty_tensor *ty_transpose(ty_tensor *x, int dim0, int dim1)
{
    if (!x)
        return NULL;
    int a = tyi_wrap_dim("transpose", dim0, x->ndim), b = tyi_wrap_dim("transpose", dim1, x->ndim);
    return a < 0 || b < 0 ? NULL : swapped(x, a, b, &transpose_node);
}

/* torch.t: a matrix transposed; a vector or number as it is. */
ty_tensor *ty_t(ty_tensor *x)
{
    if (!x)
        return NULL;
    if (x->ndim > 2)
        return tyi_fail(TY_ERROR_VALUE,
                        "t: a matrix is transposed, this tensor has %d dimensions (shape %s); use transpose or "
                        "permute",
                        x->ndim, TYI_SHAPE(x));
    return swapped(x, 0, x->ndim == 2 ? 1 : 0, &t_node);
}

/* ---- squeeze, unsqueeze ---- */

static const tyi_node_kind squeeze_node = {"SqueezeBackward0", reshape_backward};
static const tyi_node_kind squeeze_dim_node = {"SqueezeBackward1", reshape_backward};
static const tyi_node_kind unsqueeze_node = {"UnsqueezeBackward0", reshape_backward};

static ty_tensor *squeezed(ty_tensor *x, uint32_t mask, const tyi_node_kind *kind)
{
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->sizes[d] == 1 && mask & 1u << d)
            continue;
        sizes[n] = x->sizes[d];
        strides[n++] = x->strides[d];
    }
    view_context c = context_of(x);
    return recorded(tyi_alias(x, n, sizes, strides, x->offset), x, kind, &c);
}

/* torch.squeeze: every dimension of size 1 goes. */
ty_tensor *ty_squeeze(ty_tensor *x)
{
    return x ? squeezed(x, ~0u, &squeeze_node) : NULL;
}

/* torch.squeeze(x, dim): that dimension goes if its size is 1. */
ty_tensor *ty_squeeze_dim(ty_tensor *x, int dim)
{
    if (!x)
        return NULL;
    int d = tyi_wrap_dim("squeeze", dim, x->ndim);
    return d < 0 ? NULL : squeezed(x, 1u << d, &squeeze_dim_node);
}

/* torch.unsqueeze: a new dimension of size 1 at `dim` of the result. */
ty_tensor *ty_unsqueeze(ty_tensor *x, int dim)
{
    if (!x)
        return NULL;
    int at = tyi_wrap_dim("unsqueeze", dim, x->ndim + 1);
    if (at < 0)
        return NULL;
    if (x->ndim == TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "unsqueeze: a tensor has at most %d dimensions", TY_MAX_DIMS);
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    for (int d = 0, from = 0; d <= x->ndim; d++) {
        if (d == at) {
            sizes[d] = 1;
            strides[d] = from < x->ndim ? x->sizes[from] * x->strides[from] : 1;
            continue;
        }
        sizes[d] = x->sizes[from];
        strides[d] = x->strides[from++];
    }
    view_context c = context_of(x);
    return recorded(tyi_alias(x, x->ndim + 1, sizes, strides, x->offset), x, &unsqueeze_node, &c);
}

/* ---- expand ---- */

static ty_status expand_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    return given(tyi_sum_to(grad_out[0], &context_from(node)->base), grad_in);
}

static const tyi_node_kind expand_node = {"ExpandBackward0", expand_backward};

/* torch.Tensor.expand: dimensions of size 1 repeat without a copy; new ones come in front; -1 keeps a size. */
ty_tensor *ty_expand(ty_tensor *x, int ndim, const int64_t *sizes)
{
    if (!x)
        return NULL;
    int added = ndim - x->ndim;
    if (added < 0 || ndim > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "expand: %d sizes were given for a tensor of %d dimensions (shape %s)", ndim,
                        x->ndim, TYI_SHAPE(x));
    int64_t to[TY_MAX_DIMS], strides[TY_MAX_DIMS], numel;
    for (int d = 0; d < ndim; d++) {
        int64_t have = d < added ? 1 : x->sizes[d - added];
        to[d] = sizes[d] == -1 && d >= added ? have : sizes[d];
        if (to[d] != have && have != 1)
            return tyi_fail(
                TY_ERROR_VALUE,
                "expand: shape %s cannot become %s: dimension %lld has size %lld, and only sizes of 1 repeat",
                TYI_SHAPE(x), tyi_shape_text(ndim, sizes).s, tyi_said(d), (long long)have);
        strides[d] = d < added || (have == 1 && to[d] != 1) ? 0 : x->strides[d - added];
    }
    if (tyi_check_sizes("expand", ndim, to, &numel) != TY_OK)
        return NULL;
    view_context c = context_of(x);
    return recorded(tyi_alias(x, ndim, to, strides, x->offset), x, &expand_node, &c);
}

/* ---- narrow, slice, select, diagonal ---- */

static ty_tensor *see_slice(ty_tensor *zeros, const view_context *c)
{
    return ty_slice(zeros, c->dim0, c->start, c->end, c->step);
}

static ty_status slice_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    return into_zeros(node, grad_out[0], grad_in, see_slice);
}

static const tyi_node_kind slice_node = {"SliceBackward0", slice_backward};

/* x[start:end:step] along a dimension, as Python slices. */
ty_tensor *ty_slice(ty_tensor *x, int dim, int64_t start, int64_t end, int64_t step)
{
    if (!x)
        return NULL;
    if (x->ndim == 0)
        return tyi_fail(TY_ERROR_INDEX, "slice: a tensor without dimensions cannot be sliced");
    int d = tyi_wrap_dim("slice", dim, x->ndim);
    if (d < 0)
        return NULL;
    if (step < 1)
        return tyi_fail(TY_ERROR_VALUE, "slice: the step must be positive, got %lld", (long long)step);
    int64_t size = x->sizes[d];
    start = start < 0 ? start + size : start;
    end = end < 0 ? end + size : end;
    start = start < 0 ? 0 : start > size ? size : start;
    end = end < start ? start : end > size ? size : end;
    step = step > size ? size > 0 ? size : 1 : step; /* as far as any goes, and no overflow */
    view_context c = context_of(x);
    c.dim0 = d;
    c.start = start;
    c.end = end;
    c.step = step;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof *sizes * x->ndim);
    memcpy(strides, x->strides, sizeof *strides * x->ndim);
    sizes[d] = (end - start + step - 1) / step;
    strides[d] *= step;
    return recorded(tyi_alias(x, x->ndim, sizes, strides, x->offset + start * x->strides[d]), x, &slice_node, &c);
}

/* torch.narrow: `length` elements from `start`. */
ty_tensor *ty_narrow(ty_tensor *x, int dim, int64_t start, int64_t length)
{
    if (!x)
        return NULL;
    if (x->ndim == 0)
        return tyi_fail(TY_ERROR_INDEX, "narrow: a tensor without dimensions cannot be narrowed");
    int d = tyi_wrap_dim("narrow", dim, x->ndim);
    if (d < 0)
        return NULL;
    int64_t size = x->sizes[d], from = start < 0 ? start + size : start;
    if (from < 0 || from > size || length < 0 || length > size - from)
        return tyi_fail(TY_ERROR_INDEX, "narrow: %lld elements from %lld on are not within dimension %lld of size %lld",
                        (long long)length, tyi_said(start), tyi_said(d), (long long)size);
    return ty_slice(x, d, from, from + length, 1);
}

static ty_tensor *see_select(ty_tensor *zeros, const view_context *c)
{
    return ty_select(zeros, c->dim0, c->start);
}

static ty_status select_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    return into_zeros(node, grad_out[0], grad_in, see_select);
}

static const tyi_node_kind select_node = {"SelectBackward0", select_backward};

/* torch.select: element `index` of a dimension, which goes. */
ty_tensor *ty_select(ty_tensor *x, int dim, int64_t index)
{
    if (!x)
        return NULL;
    if (x->ndim == 0)
        return tyi_fail(TY_ERROR_INDEX, "select: a tensor without dimensions has no elements to select; use item()");
    int d = tyi_wrap_dim("select", dim, x->ndim);
    if (d < 0)
        return NULL;
    int64_t size = x->sizes[d], at = index < 0 ? index + size : index;
    if (at < 0 || at >= size)
        return tyi_fail(TY_ERROR_INDEX, "index %lld is out of range for dimension %lld, which has size %lld",
                        tyi_said(index), tyi_said(d), (long long)size);
    view_context c = context_of(x);
    c.dim0 = d;
    c.start = at;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    for (int from = 0, to = 0; from < x->ndim; from++) {
        if (from == d)
            continue;
        sizes[to] = x->sizes[from];
        strides[to++] = x->strides[from];
    }
    return recorded(tyi_alias(x, x->ndim - 1, sizes, strides, x->offset + at * x->strides[d]), x, &select_node, &c);
}

static ty_tensor *see_diagonal(ty_tensor *zeros, const view_context *c)
{
    return ty_diagonal(zeros, c->start, c->dim0, c->dim1);
}

static ty_status diagonal_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    return into_zeros(node, grad_out[0], grad_in, see_diagonal);
}

static const tyi_node_kind diagonal_node = {"DiagonalBackward0", diagonal_backward};

/* torch.diagonal: elements (i, i + offset) of two dimensions, as a last dimension. */
ty_tensor *ty_diagonal(ty_tensor *x, int64_t offset, int dim0, int dim1)
{
    if (!x)
        return NULL;
    int a = tyi_wrap_dim("diagonal", dim0, x->ndim), b = a < 0 ? -1 : tyi_wrap_dim("diagonal", dim1, x->ndim);
    if (b < 0)
        return NULL;
    if (a == b)
        return tyi_fail(TY_ERROR_VALUE, "diagonal: the two dimensions must differ, both are %lld", tyi_said(a));
    view_context c = context_of(x);
    c.dim0 = a;
    c.dim1 = b;
    c.start = offset;
    int64_t rows = x->sizes[a], columns = x->sizes[b];
    int64_t length = offset >= 0 ? columns - offset : rows + offset;
    int64_t other = offset >= 0 ? rows : columns;
    length = length < other ? length : other;
    length = length < 0 ? 0 : length;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS], at = x->offset;
    int n = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d == a || d == b)
            continue;
        sizes[n] = x->sizes[d];
        strides[n++] = x->strides[d];
    }
    sizes[n] = length;
    strides[n++] = x->strides[a] + x->strides[b];
    if (length > 0)
        at += offset >= 0 ? offset * x->strides[b] : -offset * x->strides[a];
    return recorded(tyi_alias(x, n, sizes, strides, at), x, &diagonal_node, &c);
}

/* ---- as_strided ---- */

/* All within the base's memory, which reaches `extent` elements from the base's first. */
typedef struct as_strided_context {
    int ndim, base_ndim;
    int64_t start, extent;
    int64_t strides[TY_MAX_DIMS], base_sizes[TY_MAX_DIMS], base_strides[TY_MAX_DIMS];
} as_strided_context;

static ty_status as_strided_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const as_strided_context *c = tyi_context(node);
    ty_tensor *grad = grad_out[0];
    ty_device device = ty_device_of(grad);
    ty_tensor *flat = tyi_temp(ty_zeros(1, &c->extent, (ty_dtype)grad->dtype, device));
    /* Several elements of the view may be one of the base: their gradients add up. */
    ty_tensor *positions = tyi_temp(ty_arange(ty_int(0), ty_int(c->extent), ty_int(1), TY_INT64, device));
    if (!flat || !positions)
        return TY_FAIL;
    ty_tensor *seen = tyi_temp(tyi_alias(positions, grad->ndim, grad->sizes, c->strides, c->start));
    seen = seen ? tyi_temp(ty_reshape(seen, 1, (int64_t[]){-1})) : NULL;
    ty_tensor *values = tyi_temp(ty_reshape(grad, 1, (int64_t[]){-1}));
    if (!seen || !values || (grad->numel && !tyi_temp(ty_index_put_(flat, 1, &seen, values, true))))
        return TY_FAIL;
    return given(ty_as_strided(flat, c->base_ndim, c->base_sizes, c->base_strides, 0), grad_in);
}

static const tyi_node_kind as_strided_node = {"AsStridedBackward0", as_strided_backward};

/* torch.as_strided: the storage seen with any sizes, strides (not negative) and offset that stay within it. */
ty_tensor *ty_as_strided(ty_tensor *x, int ndim, const int64_t *sizes, const int64_t *strides, int64_t offset)
{
    int64_t numel;
    if (!x || tyi_check_sizes("as_strided", ndim, sizes, &numel) != TY_OK)
        return NULL;
    int64_t last = offset, held = (int64_t)(x->storage->bytes / ty_dtype_size((ty_dtype)x->dtype));
    bool inside = offset >= 0;
    for (int d = 0; d < ndim && inside; d++) {
        int64_t reach = 0;
        inside = strides[d] >= 0 && (sizes[d] < 2 || !__builtin_mul_overflow(sizes[d] - 1, strides[d], &reach)) &&
                 !__builtin_add_overflow(last, reach, &last);
    }
    if (!inside || (numel && last >= held))
        return tyi_fail(
            TY_ERROR_INDEX,
            "as_strided: sizes %s with strides %s from offset %lld are not within the storage of %lld elements",
            tyi_shape_text(ndim, sizes).s, tyi_shape_text(ndim, strides).s, (long long)offset, (long long)held);
    as_strided_context c = {.ndim = ndim, .base_ndim = x->ndim, .start = offset - x->offset, .extent = 1};
    for (int d = 0; d < x->ndim; d++)
        c.extent += (x->sizes[d] - 1) * x->strides[d];
    c.extent = x->numel ? c.extent : 0;
    memcpy(c.strides, strides, sizeof *strides * (size_t)ndim);
    memcpy(c.base_sizes, x->sizes, sizeof *x->sizes * x->ndim);
    memcpy(c.base_strides, x->strides, sizeof *x->strides * x->ndim);
    if (ty_grad_enabled() && ty_requires_grad(x) &&
        (tyi_overlaps_itself(x) || c.start < 0 || (numel && last - x->offset >= c.extent)))
        return tyi_fail(TY_ERROR_VALUE,
                        "as_strided: with gradients on, the tensor must hold all that is seen, and each "
                        "of its elements must have a place of its own; call contiguous() first");
    return tyi_record_view(tyi_alias(x, ndim, sizes, strides, offset), x, &as_strided_node, &c, sizeof c);
}

static ty_tensor *restride(ty_tensor *base, const ty_tensor *geometry)
{
    return ty_as_strided(base, geometry->ndim, geometry->sizes, geometry->strides, geometry->offset);
}

/* The tape rebuilds the history of views through as_strided; told once, before anything runs. */
__attribute__((constructor)) static void tell_the_tape(void)
{
    tyi_set_restride(restride);
}

/* torch.Tensor.detach: the same memory without history. */
ty_tensor *ty_detach(ty_tensor *x)
{
    return x ? tyi_alias(x, x->ndim, x->sizes, x->strides, x->offset) : NULL;
}
