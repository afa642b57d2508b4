/*
 * Copies with some elements replaced: index_add, index_copy, index_fill, scatter_reduce, index_reduce, masked_scatter,
 * put, select_scatter, slice_scatter, diagonal_scatter; take_along_dim. Composed from scatter and copies into views,
 * which bring the gradients along; scatter_reduce has a kernel, and a gradient of its own.
 */
#include "ops/indexing.h"
#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- By one index per slice ---- */

/* The index {n} (or {}) of dimension d as one of source's shape. NULL with the error set when they do not fit. */
static ty_tensor *spread(const char *name, ty_tensor *x, int d, ty_tensor *index, const ty_tensor *source)
{
    int64_t n = index->numel, shape[TY_MAX_DIMS];
    bool fits = index->ndim <= 1 && source->ndim == x->ndim;
    for (int k = 0; k < x->ndim && fits; k++) {
        fits = source->sizes[k] == (k == d ? n : x->sizes[k]);
        shape[k] = k == d ? n : 1;
    }
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: into dimension %lld of %s with %s positions, a source of shape %s does not fit", name,
                        tyi_said(d), TYI_SHAPE(x), TYI_SHAPE(index), TYI_SHAPE(source));
    ty_tensor *numbers = HOLD(tyi_index_numbers(name, index, x->storage->device));
    if (!numbers || (x->ndim && tyi_check_range(name, numbers, d, x->sizes[d]) != TY_OK))
        return NULL;
    return F(expand, F(reshape, numbers, x->ndim, shape), x->ndim, source->sizes);
}

static ty_status check_source(const char *name, const ty_tensor *x, const ty_tensor *source)
{
    if (x->dtype != source->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: the source must be %s as the input, got %s", name,
                       ty_dtype_name((ty_dtype)x->dtype), ty_dtype_name((ty_dtype)source->dtype));
    return TY_OK;
}

/* torch.index_add: x with alpha times the slices of source added at the positions `index` of dim. */
ty_tensor *ty_index_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scalar alpha)
{
    int d = x && index && source ? tyi_wrap_dim("index_add", dim, x->ndim) : -1;
    if (d < 0 || check_source("index_add", x, source) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *places = spread("index_add", x, d, index, source);
    ty_tensor *scaled =
        alpha.kind == TY_SCALAR_INT && alpha.i == 1
            ? source
            : F(to_dtype, MUL(source, HOLD(ty_scalar_tensor(alpha, TY_DTYPE_NONE, true))), (ty_dtype)x->dtype);
    return tyi_composed(outer, places && scaled ? F(scatter_add, x, d, places, scaled) : NULL);
}

/* torch.index_copy: x with the slices of source at the positions `index` of dim. */
ty_tensor *ty_index_copy(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source)
{
    int d = x && index && source ? tyi_wrap_dim("index_copy", dim, x->ndim) : -1;
    if (d < 0 || check_source("index_copy", x, source) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *places = spread("index_copy", x, d, index, source);
    return tyi_composed(outer, places ? F(scatter, x, d, places, source) : NULL);
}

/* torch.index_fill: x with a value (of no dimensions) at the positions `index` of dim. */
ty_tensor *ty_index_fill(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *value)
{
    int d = x && index && value ? tyi_wrap_dim("index_fill", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    if (value->ndim != 0)
        return tyi_fail(TY_ERROR_VALUE, "index_fill: the value must be a number or have no dimensions, got shape %s",
                        TYI_SHAPE(value));
    if (tyi_check_cast("index_fill", tyi_result_type(2, (ty_tensor *[]){x, value}), (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    int outer = tyi_temps_begin();
    /* A position that comes twice is filled once: the value's gradient counts it once. */
    ty_tensor *numbers = HOLD(tyi_index_numbers("index_fill", index, x->storage->device));
    if (numbers && index->ndim > 1) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "index_fill: the index must be a vector, got shape %s", TYI_SHAPE(index));
    }
    ty_tensor *zero = HOLD(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *size = HOLD(ty_scalar_tensor(ty_int(x->ndim ? x->sizes[d] : 1), TY_DTYPE_NONE, true));
    ty_tensor *negative = numbers ? F(lt, numbers, zero) : NULL;
    index = negative ? HOLD(ty_unique(WHERE(negative, ADD(numbers, size), numbers), NULL, NULL, NULL)) : NULL;
    if (!index)
        return tyi_composed(outer, NULL);
    if (x->ndim)
        sizes[d] = index->numel;
    ty_tensor *filling = HOLD(ty_to(value, (ty_dtype)x->dtype, x->storage->device, false));
    ty_tensor *source = F(expand, filling, x->ndim, sizes);
    ty_tensor *places = source ? spread("index_fill", x, d, index, source) : NULL;
    return tyi_composed(outer, places ? F(scatter, x, d, places, source) : NULL);
}

/* ---- scatter_reduce ---- */

typedef struct scatter_context {
    ty_scatter_how how;
    int dim;
    bool self;
} scatter_context;

/* Forward alone: y, a copy of x, with each element of source combined into its place. */
static ty_tensor *combined(ty_tensor *x, const scatter_context *c, ty_tensor *index, ty_tensor *source)
{
    ty_tensor *start = x;
    if (!c->self) { /* what is written to begins with what changes nothing */
        bool prod = c->how == TY_SCATTER_PROD, least = c->how == TY_SCATTER_AMIN, most = c->how == TY_SCATTER_AMAX;
        ty_tensor *touched = F(scatter, F(zeros_like, x, TY_BOOL), c->dim, index, F(ones_like, source, TY_BOOL));
        ty_tensor *neutral =
            most || least ? F(scatter, x, c->dim, index, source) : HOLD(ty_full_like(x, ty_int(prod), TY_DTYPE_NONE));
        start = touched && neutral ? WHERE(touched, neutral, x) : NULL;
    }
    ty_tensor *y = !start ? NULL
                   : c->how == TY_SCATTER_SUM || c->how == TY_SCATTER_MEAN
                       ? HOLD(ty_scatter_add(start, c->dim, index, source))
                       : F(clone, F(contiguous, start));
    if (!y || c->how == TY_SCATTER_SUM || y->numel == 0 || index->numel == 0)
        return y;
    if (c->how == TY_SCATTER_MEAN) {
        ty_tensor *counts = HOLD(c->self ? ty_ones_like(x, TY_DTYPE_NONE) : ty_zeros_like(x, TY_DTYPE_NONE));
        counts = counts ? HOLD(ty_scatter_add(counts, c->dim, index, F(ones_like, source, TY_DTYPE_NONE))) : NULL;
        counts = counts ? F(clamp, counts, HOLD(ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true)), NULL) : NULL;
        return ty_dtype_is_floating((ty_dtype)x->dtype) ? DIV(y, counts) : F(floor_divide, y, counts);
    }
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *places = HOLD(tyi_dense(index)), *values = NULL;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, index->sizes, sizeof sizes);
    ty_tensor *part = source;
    for (int k = 0; k < index->ndim && part; k++)
        part = F(narrow, part, k, 0, sizes[k]);
    values = part ? HOLD(tyi_dense(part)) : NULL;
    if (!backend || !places || !values)
        return NULL;
    tyi_scatter_args args = {.dtype = (ty_dtype)x->dtype,
                             .op = c->how == TY_SCATTER_PROD   ? 0
                                   : c->how == TY_SCATTER_AMAX ? 1
                                                               : 2,
                             .ndim = index->ndim,
                             .dim = c->dim,
                             .index = tyi_data(places),
                             .source = tyi_data(values),
                             .out = tyi_data(y),
                             .size = y->ndim ? y->sizes[c->dim] : 1};
    memcpy(args.sizes, index->sizes, sizeof args.sizes);
    memcpy(args.out_strides, y->strides, sizeof args.out_strides);
    return backend->scatter_reduce(&args) == TY_OK ? y : NULL;
}

/* The products: those of the factors that are not 0, and how many are 0, say each factor's share. */
static ty_status prod_shares(tyi_node *node, const scatter_context *c, ty_tensor *x, ty_tensor *index,
                             ty_tensor *source, ty_tensor *g, ty_tensor **grad_in)
{
    scatter_context with = {TY_SCATTER_PROD, c->dim, c->self};
    ty_tensor *zero_x = F(eq, x, NUM(0)), *zero_s = F(eq, source, NUM(0));
    ty_tensor *safe_x = WHERE(zero_x, NUM(1), x), *safe_s = WHERE(zero_s, NUM(1), source);
    ty_tensor *product = HOLD(ty_scatter_reduce(safe_x, with.dim, index, safe_s, with.how, with.self));
    ty_tensor *start = c->self ? F(to_dtype, zero_x, (ty_dtype)x->dtype) : F(zeros_like, x, TY_DTYPE_NONE);
    ty_tensor *zeros = start ? F(scatter_add, start, c->dim, index, F(to_dtype, zero_s, (ty_dtype)x->dtype)) : NULL;
    if (!product || !zeros)
        return TY_FAIL;
    ty_tensor *none = F(eq, zeros, NUM(0)), *one = F(eq, zeros, NUM(1)), *flow = MUL(g, product);
    if (tyi_wants(node, 0)) {
        ty_tensor *its = WHERE(zero_x, WHERE(one, flow, NUM(0)), WHERE(none, DIV(flow, safe_x), NUM(0)));
        ty_tensor *touched = F(scatter, F(zeros_like, x, TY_BOOL), c->dim, index, F(ones_like, source, TY_BOOL));
        grad_in[0] = c->self ? ty_where(touched, its, g) : ty_where(touched, NUM(0), g);
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        ty_tensor *f = F(gather, flow, c->dim, index);
        ty_tensor *n = F(gather, none, c->dim, index), *o = F(gather, one, c->dim, index);
        grad_in[1] = ty_where(zero_s, WHERE(o, f, NUM(0)), WHERE(n, DIV(f, safe_s), NUM(0)));
    }
    return !tyi_wants(node, 1) || grad_in[1] ? TY_OK : TY_FAIL;
}

/* Saved: x, index, source (of index's shape), the result y. */
static ty_status scatter_reduce_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const scatter_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *index = tyi_saved(node, 1), *source = tyi_saved(node, 2),
              *y = tyi_saved(node, 3);
    ty_tensor *g = grad_out[0];
    if (!x || !index || !source || !y)
        return TY_FAIL;
    if (c->how == TY_SCATTER_PROD)
        return prod_shares(node, c, x, index, source, g, grad_in);
    ty_tensor *ones = F(ones_like, source, TY_DTYPE_NONE), *own = NULL, *theirs = NULL;
    if (c->how == TY_SCATTER_SUM || c->how == TY_SCATTER_MEAN) {
        own = theirs = g;
        if (c->how == TY_SCATTER_MEAN) {
            ty_tensor *n = HOLD(c->self ? ty_ones_like(x, TY_DTYPE_NONE) : ty_zeros_like(x, TY_DTYPE_NONE));
            n = n ? F(clamp, F(scatter_add, n, c->dim, index, ones), NUM(1), NULL) : NULL;
            own = theirs = DIV(g, n);
        }
        theirs = theirs ? F(gather, theirs, c->dim, index) : NULL;
    } else { /* equal extremes share */
        ty_tensor *hit = F(eq, source, F(gather, y, c->dim, index)), *own_hit = F(eq, x, y);
        ty_tensor *start = c->self ? F(to_dtype, own_hit, (ty_dtype)x->dtype) : F(zeros_like, x, TY_DTYPE_NONE);
        ty_tensor *n = hit && start ? F(scatter_add, start, c->dim, index, F(to_dtype, hit, (ty_dtype)x->dtype)) : NULL;
        ty_tensor *share = n ? DIV(g, F(clamp, n, NUM(1), NULL)) : NULL;
        own = share ? WHERE(own_hit, share, NUM(0)) : NULL;
        theirs = share ? WHERE(hit, F(gather, share, c->dim, index), NUM(0)) : NULL;
    }
    if (!own || !theirs)
        return TY_FAIL;
    if (tyi_wants(node, 0)) {
        ty_tensor *touched = F(scatter, F(zeros_like, x, TY_BOOL), c->dim, index, F(ones_like, source, TY_BOOL));
        grad_in[0] = !touched ? NULL : c->self ? ty_where(touched, own, g) : ty_where(touched, NUM(0), g);
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1))
        grad_in[1] = ty_retain(theirs);
    return TY_OK;
}

static const tyi_node_kind scatter_reduce_node = {"ScatterReduceBackward0", scatter_reduce_backward};

/* torch.scatter_reduce: x with the elements of source combined into the places that index gives along dim, and, with
 * `self`, with what x has there. */
ty_tensor *ty_scatter_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self)
{
    int d = x && index && source ? tyi_wrap_dim("scatter_reduce", dim, x->ndim) : -1;
    if (d < 0 || check_source("scatter_reduce", x, source) != TY_OK)
        return NULL;
    bool fits = index->ndim == x->ndim && source->ndim == x->ndim;
    for (int k = 0; k < x->ndim && fits; k++)
        fits = index->sizes[k] <= source->sizes[k] && (k == d || index->sizes[k] <= x->sizes[k]);
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE, "scatter_reduce: an index of shape %s does not fit into %s and source %s",
                        TYI_SHAPE(index), TYI_SHAPE(x), TYI_SHAPE(source));
    int outer = tyi_temps_begin();
    ty_tensor *places = HOLD(tyi_index_numbers("scatter_reduce", index, x->storage->device)), *part = source;
    if (!places || (x->ndim && tyi_check_range("scatter_reduce", places, d, x->sizes[d]) != TY_OK))
        return tyi_composed(outer, NULL);
    for (int k = 0; k < index->ndim && part; k++)
        part = part->sizes[k] == index->sizes[k] ? part : F(narrow, part, k, 0, index->sizes[k]);
    scatter_context c = {how, d, self};
    bool was = ty_set_grad_enabled(false);
    ty_tensor *wide = part ? F(to_dtype, x, tyi_wide_of((ty_dtype)x->dtype)) : NULL;
    ty_tensor *y = wide ? combined(wide, &c, places, F(to_dtype, part, (ty_dtype)wide->dtype)) : NULL;
    y = y ? F(to_dtype, y, (ty_dtype)x->dtype) : NULL;
    if (y && y->storage == x->storage)
        y = F(clone, y);
    ty_set_grad_enabled(was);
    if (y)
        y = HOLD(tyi_record(ty_retain(y), &scatter_reduce_node, TYI_LIST(x, part), TYI_LIST(x, places, part, y), &c,
                            sizeof c));
    return tyi_composed(outer, y);
}

/* torch.index_reduce: the same by one index for each slice. */
ty_tensor *ty_index_reduce(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, ty_scatter_how how, bool self)
{
    int d = x && index && source ? tyi_wrap_dim("index_reduce", dim, x->ndim) : -1;
    if (d < 0 || check_source("index_reduce", x, source) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *places = spread("index_reduce", x, d, index, source);
    return tyi_composed(outer, places ? F(scatter_reduce, x, d, places, source, how, self) : NULL);
}

/* ---- By mask and flat position ---- */

/* torch.masked_scatter: x with the elements of source, in order, where the mask is true. */
ty_tensor *ty_masked_scatter(ty_tensor *x, ty_tensor *mask, ty_tensor *source)
{
    if (!x || !mask || !source)
        return NULL;
    if ((ty_dtype)mask->dtype != TY_BOOL)
        return tyi_fail(TY_ERROR_VALUE, "masked_scatter: the mask must be bool, got %s; compare first: x:gt(0)",
                        ty_dtype_name((ty_dtype)mask->dtype));
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (check_source("masked_scatter", x, source) != TY_OK ||
        tyi_broadcast("masked_scatter", x, mask, &ndim, sizes) != TY_OK)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *wide = F(expand, x, ndim, sizes), *where = F(expand, mask, ndim, sizes);
    ty_tensor *upto = where ? F(cumsum, F(reshape, where, 1, (int64_t[]){-1}), 0, TY_INT64) : NULL;
    ty_scalar count = {.i = 0};
    if (!wide || !upto || (upto->numel && ty_item(F(max, upto), &count) != TY_OK))
        return tyi_composed(outer, NULL);
    if (count.i > source->numel) {
        tyi_temps_end(outer);
        return tyi_fail(TY_ERROR_VALUE, "masked_scatter: the mask has %lld places and the source %lld elements",
                        (long long)count.i, (long long)source->numel);
    }
    if (count.i == 0)
        return tyi_composed(outer, F(clone, wide));
    ty_tensor *one = HOLD(ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true)),
              *zero = HOLD(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *order = F(reshape, F(clamp, SUB(upto, one), zero, NULL), ndim, sizes);
    return tyi_composed(outer, order ? WHERE(where, F(take, source, order), wide) : NULL);
}

/* torch.put: x with the elements of source at positions of the flattened tensor, or added to what is there. */
ty_tensor *ty_put(ty_tensor *x, ty_tensor *index, ty_tensor *source, bool accumulate)
{
    if (!x || !index || !source || check_source("put", x, source) != TY_OK)
        return NULL;
    if (index->numel != source->numel)
        return tyi_fail(TY_ERROR_VALUE, "put: %lld positions and %lld elements", (long long)index->numel,
                        (long long)source->numel);
    int outer = tyi_temps_begin();
    ty_tensor *flat = F(reshape, F(clone, F(contiguous, x)), 1, (int64_t[]){-1});
    ty_tensor *places = F(reshape, index, 1, (int64_t[]){-1}), *values = F(reshape, source, 1, (int64_t[]){-1});
    ty_tensor *y = flat && places && values ? HOLD(ty_index_put_(flat, 1, &places, values, accumulate)) : NULL;
    return tyi_composed(outer, y ? F(reshape, y, x->ndim, x->sizes) : NULL);
}

/* torch.take_along_dim: elements at the positions of index along dim; the other dimensions broadcast. dim NULL: of the
 * flattened tensors. */
ty_tensor *ty_take_along_dim(ty_tensor *x, ty_tensor *index, const int *dim)
{
    if (!x || !index)
        return NULL;
    int outer = tyi_temps_begin();
    if (!dim)
        return tyi_composed(outer,
                            F(gather, F(reshape, x, 1, (int64_t[]){-1}), 0, F(reshape, index, 1, (int64_t[]){-1})));
    int d = tyi_wrap_dim("take_along_dim", *dim, x->ndim), ndim;
    if (d < 0)
        return tyi_composed(outer, NULL);
    if (x->ndim != index->ndim)
        return tyi_fail(TY_ERROR_VALUE, "take_along_dim: %s and an index of shape %s must have as many dimensions",
                        TYI_SHAPE(x), TYI_SHAPE(index));
    ty_tensor a = {.ndim = x->ndim}, b = {.ndim = x->ndim}; /* only their shapes are looked at */
    memcpy(a.sizes, x->sizes, sizeof a.sizes);
    memcpy(b.sizes, index->sizes, sizeof b.sizes);
    a.sizes[d] = b.sizes[d] = 1;
    int64_t sizes[TY_MAX_DIMS];
    if (tyi_broadcast("take_along_dim", &a, &b, &ndim, sizes) != TY_OK)
        return tyi_composed(outer, NULL);
    sizes[d] = x->sizes[d];
    ty_tensor *from = F(expand, x, ndim, sizes);
    sizes[d] = index->sizes[d];
    return tyi_composed(outer, from ? F(gather, from, d, F(expand, index, ndim, sizes)) : NULL);
}

/* ---- By view ---- */

/* A copy of x, with source in the part that `part` is of it. */
static ty_tensor *into_part(const char *name, ty_tensor *copy, ty_tensor *part, ty_tensor *source)
{
    if (part && source && !tyi_same_shape(part, source))
        return tyi_fail(TY_ERROR_VALUE, "%s: a source of shape %s does not go into a part of shape %s", name,
                        TYI_SHAPE(source), TYI_SHAPE(part));
    return part && source && F(copy_, part, source) ? copy : NULL;
}

/* torch.select_scatter: x with source at one position of dim. */
ty_tensor *ty_select_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t index)
{
    int outer = tyi_temps_begin();
    ty_tensor *copy = x ? F(clone, x) : NULL, *part = copy ? F(select, copy, dim, index) : NULL;
    return tyi_composed(outer, into_part("select_scatter", copy, part, source));
}

/* torch.slice_scatter: x with source in the elements start, start + step, ... below end of dim. */
ty_tensor *ty_slice_scatter(ty_tensor *x, ty_tensor *source, int dim, int64_t start, int64_t end, int64_t step)
{
    int outer = tyi_temps_begin();
    ty_tensor *copy = x ? F(clone, x) : NULL, *part = copy ? F(slice, copy, dim, start, end, step) : NULL;
    return tyi_composed(outer, into_part("slice_scatter", copy, part, source));
}

/* torch.diagonal_scatter: x with source on a diagonal. */
ty_tensor *ty_diagonal_scatter(ty_tensor *x, ty_tensor *source, int64_t offset, int dim1, int dim2)
{
    int outer = tyi_temps_begin();
    ty_tensor *copy = x ? F(clone, x) : NULL, *part = copy ? F(diagonal, copy, offset, dim1, dim2) : NULL;
    return tyi_composed(outer, into_part("diagonal_scatter", copy, part, source));
}
