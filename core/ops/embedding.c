/*
 * Embeddings: rows of a table by index, and sums, means and maxima of bags of rows. Both are sums of rows into rows, as
 * are their gradients, so one kernel and one differentiable step (sum_rows below) serve all; its gradient is itself
 * with the two sides exchanged.
 */
#include <math.h>

#include "ops/indexing.h"
#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- Sums of rows ---- */

/* out[to[i]] += factor[i] x[from[i]] for each i; negative entries of from and to are skipped, NULL stands for i itself.
 * x {n, width}, from, to, factor {count}, out {rows, width}. factor NULL: 1; of x's dtype, or float32 beside a reduced
 * one. */
static ty_tensor *sum_rows(ty_tensor *x, ty_tensor *from, ty_tensor *to, ty_tensor *factor, int64_t rows);

enum { SAVED_X, SAVED_FROM, SAVED_TO, SAVED_FACTOR, SAVED_COUNT };

static ty_status saved_all(tyi_node *node, int count, ty_tensor **tensors)
{
    for (int i = 0; i < count; i++) {
        tensors[i] = NULL;
        if (!tyi_saved_is_null(node, i) && !(tensors[i] = tyi_saved(node, i)))
            return TY_FAIL;
    }
    return TY_OK;
}

/* The gradient of the factors: products of the rows that they multiply. */
static ty_tensor *factor_gradient(ty_tensor *grad, ty_tensor *x, ty_tensor *from, ty_tensor *to, int64_t count)
{
    ty_tensor *a = HOLD(sum_rows(x, from, NULL, NULL, count)),
              *b = a ? HOLD(sum_rows(grad, to, NULL, NULL, count)) : NULL;
    return b ? ty_sum(MUL(a, b), 1, (int64_t[]){1}, false, TY_DTYPE_NONE) : NULL;
}

static ty_status sum_rows_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const int64_t *context = tyi_context(node); /* rows of x, count */
    ty_tensor *saved[SAVED_COUNT];
    if (saved_all(node, SAVED_COUNT, saved) != TY_OK)
        return TY_FAIL;
    if (tyi_wants(node, 0)) {
        grad_in[0] = sum_rows(grad_out[0], saved[SAVED_TO], saved[SAVED_FROM], saved[SAVED_FACTOR], context[0]);
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        grad_in[1] = factor_gradient(grad_out[0], saved[SAVED_X], saved[SAVED_FROM], saved[SAVED_TO], context[1]);
        if (!grad_in[1])
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind sum_rows_kind = {"SumRowsBackward0", sum_rows_backward};

static ty_tensor *sum_rows(ty_tensor *x, ty_tensor *from, ty_tensor *to, ty_tensor *factor, int64_t rows)
{
    tyi_scope scope = {0};
    ty_dtype dtype = x && tyi_is_reduced((ty_dtype)x->dtype) ? (ty_dtype)x->dtype : TY_DTYPE_NONE;
    ty_tensor *const given = factor;
    if (dtype != TY_DTYPE_NONE) {
        x = tyi_keep(&scope, ty_to_dtype(x, TY_FLOAT32));
        factor = factor ? tyi_keep(&scope, ty_to_dtype(factor, TY_FLOAT32)) : NULL;
    }
    const tyi_backend *backend = x ? tyi_backend_of(x->storage->device) : NULL;
    ty_tensor *dense = backend ? tyi_keep(&scope, tyi_dense(x)) : NULL, *out = NULL;
    ty_tensor *numbers = factor ? tyi_keep(&scope, tyi_dense(factor)) : NULL;
    int64_t count = to ? to->numel : from ? from->numel : x ? x->sizes[0] : 0;
    if (dense && (numbers || !given))
        out = tyi_new(2, (int64_t[]){rows, x->sizes[1]}, (ty_dtype)x->dtype, x->storage->device);
    if (out) {
        tyi_rows_args args = {.dtype = (ty_dtype)x->dtype,
                              .count = count,
                              .width = x->sizes[1],
                              .rows = rows,
                              .x = tyi_data(dense),
                              .from = from ? tyi_data(from) : NULL,
                              .to = to ? tyi_data(to) : NULL,
                              .factor = numbers ? tyi_data(numbers) : NULL,
                              .out = tyi_data(out)};
        if (backend->sum_rows(&args) != TY_OK)
            out = tyi_drop(out);
    }
    if (out) {
        int64_t context[] = {x->sizes[0], count};
        out = tyi_record(out, &sum_rows_kind, TYI_LIST(x, factor),
                         TYI_LIST(factor ? tyi_if_grad(factor, x) : NULL, from, to, factor), context, sizeof context);
    }
    tyi_keep(&scope, out);
    out = ty_retain(tyi_round(&scope, out, dtype));
    tyi_scope_end(&scope);
    return out;
}

/* ---- What embeddings and bags share ---- */

static ty_status check_weight(const char *name, const ty_tensor *weight)
{
    if (weight->ndim == 2 && ty_dtype_is_floating((ty_dtype)weight->dtype))
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: weight is a floating table {rows, width}; this one is %s", name,
                   TYI_DESCRIBE(weight));
}

/* int64, contiguous, of the weight's device; each the number of a row. Kept by the scope. */
static ty_tensor *checked_indices(const char *name, tyi_scope *scope, ty_tensor *index, const ty_tensor *weight)
{
    ty_tensor *numbers = tyi_keep(scope, tyi_index_numbers(name, index, weight->storage->device));
    if (!numbers || numbers->numel == 0)
        return numbers;
    const tyi_backend *backend = tyi_backend_of(weight->storage->device);
    int64_t low, high, rows = weight->sizes[0];
    if (!backend || backend->index_range(tyi_data(numbers), numbers->numel, &low, &high) != TY_OK)
        return NULL;
    if (low >= 0 && high < rows) {
        tyi_index_bounds(0, rows - 1);
        return numbers;
    }
    return tyi_fail(TY_ERROR_INDEX, "%s: index %lld is out of range: the table {%lld, %lld} has rows %lld to %lld",
                    name, tyi_said(low < 0 ? low : high), (long long)rows, (long long)weight->sizes[1], tyi_said(0),
                    tyi_said(rows - 1));
}

/* *padding counted from the start; -1 for none. */
static ty_status check_padding(const char *name, const int64_t *padding_idx, int64_t rows, int64_t *padding)
{
    *padding = -1;
    if (!padding_idx)
        return TY_OK;
    *padding = *padding_idx < 0 ? *padding_idx + rows : *padding_idx;
    if (*padding >= 0 && *padding < rows)
        return TY_OK;
    return ty_fail(TY_ERROR_INDEX, "%s: padding_idx %lld is no row of the table, which has %lld", name,
                   tyi_said(*padding_idx), (long long)rows);
}

/* The indices, with -1 in the place of the padding; kept by the scope. */
static ty_tensor *without_padding(tyi_scope *s, ty_tensor *index, int64_t padding)
{
    if (padding < 0)
        return index;
    ty_tensor *pad = tyi_keep(s, ty_scalar_tensor(ty_int(padding), TY_DTYPE_NONE, true));
    ty_tensor *none = tyi_keep(s, ty_scalar_tensor(ty_int(-1), TY_DTYPE_NONE, true));
    ty_tensor *is_pad = tyi_keep(s, ty_eq(index, pad));
    return is_pad ? tyi_keep(s, ty_where(is_pad, none, index)) : NULL;
}

/* 1 over how often each index occurs among all, of the weight's dtype; kept by the scope. */
static ty_tensor *inverse_frequencies(tyi_scope *s, ty_tensor *index, ty_dtype dtype)
{
    ty_tensor *counts = tyi_keep(s, ty_bincount(index, NULL, 0));
    ty_tensor *each = counts ? tyi_keep(s, ty_index_select(counts, 0, index)) : NULL;
    ty_tensor *wide = each ? tyi_keep(s, ty_to_dtype(each, dtype)) : NULL;
    return wide ? tyi_keep(s, ty_reciprocal(wide)) : NULL;
}

/* Scales rows of the table whose norm is greater than max_norm to it, in place and unseen by autograd; index as
 * checked. torch.embedding_renorm_ */
static ty_status limit_norms(ty_tensor *weight, ty_tensor *index, double max_norm, double norm_type)
{
    if (isinf(max_norm) || index->numel == 0)
        return TY_OK;
    tyi_scope scope = {0}, *s = &scope;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *limit = tyi_keep(s, ty_scalar_tensor(ty_float(max_norm), TY_DTYPE_NONE, true));
    ty_tensor *tiny = tyi_keep(s, ty_scalar_tensor(ty_float(1e-7), TY_DTYPE_NONE, true));
    ty_tensor *one = tyi_keep(s, ty_scalar_tensor(ty_float(1), TY_DTYPE_NONE, true));
    ty_tensor *rows = tyi_keep(s, ty_unique(index, NULL, NULL, NULL));
    ty_tensor *values = rows ? tyi_keep(s, ty_index_select(weight, 0, rows)) : NULL;
    ty_tensor *norms = values ? tyi_keep(s, ty_norm(values, norm_type, 1, (int64_t[]){1}, true)) : NULL;
    ty_tensor *above = norms ? tyi_keep(s, ty_gt(norms, limit)) : NULL;
    ty_tensor *ratio = above ? tyi_keep(s, ty_div(limit, tyi_keep(s, ty_add(norms, tiny, ty_int(1))))) : NULL;
    ty_tensor *scale = ratio ? tyi_keep(s, ty_where(above, ratio, one)) : NULL;
    ty_tensor *scaled = scale ? tyi_keep(s, ty_mul(values, scale)) : NULL;
    ty_tensor *done = scaled ? tyi_keep(s, ty_index_put_(weight, 1, &rows, scaled, false)) : NULL;
    ty_set_grad_enabled(was);
    tyi_scope_end(s);
    return done ? TY_OK : TY_FAIL;
}

/* ---- embedding ---- */

static ty_status embedding_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const int64_t *sizes = tyi_context(node); /* of the table */
    ty_tensor *to = tyi_saved(node, 0), *factor = to && !tyi_saved_is_null(node, 1) ? tyi_saved(node, 1) : NULL;
    if (!to || (!factor && !tyi_saved_is_null(node, 1)))
        return TY_FAIL;
    ty_tensor *grad = F(reshape, grad_out[0], 2, (int64_t[]){to->numel, sizes[1]});
    grad_in[0] = grad ? sum_rows(grad, NULL, to, factor, sizes[0]) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind embedding_kind = {"EmbeddingBackward0", embedding_backward};

/* Rows of weight {rows, width} by index (integers, any shape): {index..., width}. padding_idx (or NULL): a row that
 * gets no gradient. max_norm (INFINITY: none): rows that are used and whose norm_type-norm is greater are scaled to it,
 * in place. scale_grad_by_freq: gradients are divided by how often an index occurs. torch.nn.functional.embedding */
ty_tensor *ty_embedding(ty_tensor *index, ty_tensor *weight, const int64_t *padding_idx, double max_norm,
                        double norm_type, bool scale_grad_by_freq)
{
    int64_t padding;
    if (!index || !weight || check_weight("embedding", weight) != TY_OK ||
        check_padding("embedding", padding_idx, weight->sizes[0], &padding) != TY_OK)
        return NULL;
    if (index->ndim + 1 > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "embedding: the result would have %d dimensions; tensors have at most %d",
                        index->ndim + 1, TY_MAX_DIMS);
    tyi_scope scope = {0};
    ty_tensor *numbers = checked_indices("embedding", &scope, index, weight), *out = NULL;
    if (!numbers || limit_norms(weight, numbers, max_norm, norm_type) != TY_OK)
        goto done;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, index->sizes, sizeof sizes);
    sizes[index->ndim] = weight->sizes[1];
    bool wanted = tyi_needs_grad(1, &weight), was = ty_set_grad_enabled(false);
    ty_tensor *flat = tyi_keep(&scope, ty_view(numbers, 1, &numbers->numel)), *factor = NULL, *to = NULL;
    ty_tensor *rows = flat ? tyi_keep(&scope, ty_index_select(weight, 0, flat)) : NULL;
    bool whole = rows;
    if (whole && wanted) {
        to = without_padding(&scope, flat, padding);
        factor = scale_grad_by_freq ? inverse_frequencies(&scope, flat, (ty_dtype)weight->dtype) : NULL;
        whole = to && (factor || !scale_grad_by_freq);
    }
    out = whole ? ty_view(rows, index->ndim + 1, sizes) : NULL;
    ty_set_grad_enabled(was);
    out = tyi_record(out, &embedding_kind, TYI_LIST(weight), TYI_LIST(to, factor), weight->sizes,
                     2 * sizeof *weight->sizes);
done:
    tyi_scope_end(&scope);
    return out;
}

/* ---- embedding_bag ---- */

/* A call, worked out. All that is made is kept by a scope. */
typedef struct bags {
    int64_t count;
    ty_tensor *from;    /* row of each index {n}; -1 for padding */
    ty_tensor *begin;   /* first index of each bag, and where the last one ends {count + 1} */
    ty_tensor *bag;     /* of each index {n}; -1 for those behind the last bag */
    ty_tensor *factor;  /* per index {n}, or NULL */
    ty_tensor *inverse; /* inverse frequencies {n}, or NULL */
} bags;

/* Fails with what is wrong about offsets. */
static ty_status say_offset(const int64_t *offsets, int64_t count, int64_t n)
{
    int64_t b = 0;
    if (offsets[0] != 0)
        return ty_fail(TY_ERROR_VALUE,
                       "embedding_bag: the first bag begins at the first index, so offsets begin with "
                       "%lld, got %lld",
                       tyi_said(0), tyi_said(offsets[0]));
    while (b + 1 < count && offsets[b] <= n && (b == 0 || offsets[b] >= offsets[b - 1]))
        b++;
    return ty_fail(TY_ERROR_VALUE,
                   "embedding_bag: offsets are places among the %lld indices that do not go down; number %lld is "
                   "%lld",
                   (long long)n, tyi_said(b), tyi_said(offsets[b]));
}

/* Offsets (int64, contiguous) begin with 0, do not go down and stay within the n indices. Looked at where they lie; the
 * host sees them only to say what is wrong. */
static ty_status check_offsets(ty_tensor *offsets, int64_t n)
{
    int64_t count = offsets->numel, bad = 0;
    const tyi_backend *backend = tyi_backend_of(offsets->storage->device);
    if (!backend || count == 0)
        return backend ? TY_OK : TY_FAIL;
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *first = tyi_keep(s, ty_zeros(1, (int64_t[]){1}, TY_INT64, offsets->storage->device));
    ty_tensor *end = tyi_keep(s, ty_full(1, (int64_t[]){1}, ty_int(n), TY_INT64, offsets->storage->device));
    ty_tensor *before = first ? tyi_keep(s, ty_cat((ty_tensor *[]){first, offsets}, 2, 0)) : NULL;
    ty_tensor *after = end ? tyi_keep(s, ty_cat((ty_tensor *[]){offsets, end}, 2, 0)) : NULL;
    ty_tensor *falls = before && after ? tyi_keep(s, ty_lt(after, before)) : NULL;
    ty_tensor *begin = first ? tyi_keep(s, ty_narrow(offsets, 0, 0, 1)) : NULL;
    ty_tensor *late = begin ? tyi_keep(s, ty_ne(begin, first)) : NULL;
    ty_tensor *wrong = falls && late ? tyi_keep(s, ty_cat((ty_tensor *[]){falls, late}, 2, 0)) : NULL;
    ty_status status = wrong ? backend->nonzero_count(tyi_data(wrong), wrong->numel, &bad) : TY_FAIL;
    ty_tensor *host = status == TY_OK && bad ? tyi_keep(s, ty_to(offsets, TY_INT64, TY_DEVICE_CPU, false)) : NULL;
    if (host)
        status = say_offset(tyi_data(host), count, n);
    else if (bad)
        status = TY_FAIL;
    tyi_scope_end(s);
    return status;
}

/* Where bags begin, and the bag of each index; {bags, n} indices, or {n} with offsets. All on the indices' device. */
static ty_status lay_out(tyi_scope *s, ty_tensor *index, ty_tensor *offsets, bool include_last, bags *b)
{
    if (index->ndim == 2 ? offsets != NULL : index->ndim != 1 || !offsets || offsets->ndim != 1)
        return ty_fail(
            TY_ERROR_VALUE,
            "embedding_bag: the input is {bags, n} without offsets, or {n} with offsets {bags}; got input %s "
            "and offsets %s",
            TYI_SHAPE(index), offsets ? TYI_SHAPE(offsets) : "none");
    int64_t n = index->numel;
    ty_device device = index->storage->device;
    if (!offsets) {
        b->count = index->sizes[0];
        ty_tensor *width = tyi_keep(s, ty_scalar_tensor(ty_int(index->sizes[1]), TY_DTYPE_NONE, true));
        ty_tensor *rows = tyi_keep(s, ty_arange(ty_int(0), ty_int(b->count + 1), ty_int(1), TY_INT64, device));
        b->begin = rows ? tyi_keep(s, ty_mul(rows, width)) : NULL;
        ty_tensor *own = rows ? tyi_keep(s, ty_narrow(rows, 0, 0, b->count)) : NULL;
        ty_tensor *column = own ? tyi_keep(s, ty_unsqueeze(own, 1)) : NULL;
        ty_tensor *each = column ? tyi_keep(s, ty_expand(column, 2, index->sizes)) : NULL;
        ty_tensor *dense = each ? tyi_keep(s, tyi_dense(each)) : NULL;
        b->bag = dense ? tyi_keep(s, ty_view(dense, 1, &n)) : NULL;
        return b->begin && b->bag ? TY_OK : TY_FAIL;
    }
    ty_tensor *starts = tyi_keep(s, tyi_index_numbers("embedding_bag", offsets, device));
    if (!starts || check_offsets(starts, n) != TY_OK)
        return TY_FAIL;
    if (include_last && offsets->numel == 0)
        return ty_fail(TY_ERROR_VALUE, "embedding_bag: with include_last_offset, offsets end with where the last bag "
                                       "ends; these are empty");
    b->count = offsets->numel - include_last;
    b->bag = tyi_keep(s, tyi_run_numbers(starts, n));
    if (include_last) { /* what stands behind the last bag is in none */
        ty_tensor *count = tyi_keep(s, ty_scalar_tensor(ty_int(b->count), TY_DTYPE_NONE, true));
        ty_tensor *none = tyi_keep(s, ty_scalar_tensor(ty_int(-1), TY_DTYPE_NONE, true));
        ty_tensor *within = b->bag ? tyi_keep(s, ty_lt(b->bag, count)) : NULL;
        b->bag = within ? tyi_keep(s, ty_where(within, b->bag, none)) : NULL;
        b->begin = starts;
    } else {
        ty_tensor *end = tyi_keep(s, ty_full(1, (int64_t[]){1}, ty_int(n), TY_INT64, device));
        b->begin = end ? tyi_keep(s, ty_cat((ty_tensor *[]){starts, end}, 2, 0)) : NULL;
    }
    return b->begin && b->bag ? TY_OK : TY_FAIL;
}

/* 1 over the number of indices in the bag of each index, padding not counted. */
static ty_tensor *inverse_sizes(const bags *b, ty_dtype dtype)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *zero = tyi_keep(s, ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *one = tyi_keep(s, ty_ones(2, (int64_t[]){1, 1}, TY_FLOAT64, b->bag->storage->device));
    ty_tensor *counts = one ? tyi_keep(s, ty_clamp(b->from, NULL, zero)) : NULL; /* row 0 of `one`, or none */
    ty_tensor *sizes = counts ? tyi_keep(s, sum_rows(one, counts, b->bag, NULL, b->count)) : NULL;
    ty_tensor *least = sizes ? tyi_keep(s, ty_clamp(sizes, one, NULL)) : NULL; /* nothing reads those of empty bags */
    ty_tensor *inverse = least ? tyi_keep(s, ty_reciprocal(least)) : NULL;
    ty_tensor *each = inverse ? tyi_keep(s, sum_rows(inverse, b->bag, NULL, NULL, b->bag->numel)) : NULL;
    ty_tensor *flat = each ? tyi_keep(s, ty_view(each, 1, &b->bag->numel)) : NULL;
    ty_tensor *out = flat ? ty_to_dtype(flat, tyi_wide_of(dtype)) : NULL;
    tyi_scope_end(s);
    return out;
}

/* Saved: the table (for gradients of factors), from, bag, factor, inverse. */
static ty_status bag_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const int64_t *context = tyi_context(node); /* rows of the table, indices */
    ty_tensor *saved[5];
    if (saved_all(node, 5, saved) != TY_OK)
        return TY_FAIL;
    ty_tensor *from = saved[1], *bag = saved[2], *factor = saved[3];
    if (tyi_wants(node, 0)) {
        ty_tensor *scale = saved[4] && factor ? MUL(factor, saved[4]) : saved[4] ? saved[4] : factor;
        bool whole = scale || (!factor && !saved[4]);
        grad_in[0] = whole ? sum_rows(grad_out[0], bag, from, scale, context[0]) : NULL;
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        ty_tensor *flat = HOLD(factor_gradient(grad_out[0], saved[0], from, bag, context[1]));
        grad_in[1] = flat ? ty_reshape(flat, factor->ndim, factor->sizes) : NULL;
        if (!grad_in[1])
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind bag_kind = {"EmbeddingBagBackward0", bag_backward};

/* The largest element of each bag's rows: the rows that hold them, gathered; 0 for bags without any. */
static ty_tensor *largest(tyi_scope *s, ty_tensor *weight, const bags *b)
{
    const tyi_backend *backend = tyi_backend_of(weight->storage->device);
    ty_tensor *plain = backend ? tyi_keep(s, ty_detach(weight)) : NULL;
    if (plain && tyi_is_reduced((ty_dtype)plain->dtype))
        plain = tyi_keep(s, ty_to_dtype(plain, TY_FLOAT32));
    ty_tensor *dense = plain ? tyi_keep(s, tyi_dense(plain)) : NULL;
    int64_t sizes[] = {b->count, weight->sizes[1]};
    ty_tensor *rows = dense ? tyi_keep(s, tyi_new(2, sizes, TY_INT64, weight->storage->device)) : NULL;
    if (!rows)
        return NULL;
    tyi_bag_max_args args = {.dtype = (ty_dtype)dense->dtype,
                             .x = tyi_data(dense),
                             .index = tyi_data(b->from),
                             .begin = tyi_data(b->begin),
                             .bags = b->count,
                             .width = sizes[1],
                             .out = tyi_data(rows)};
    if (backend->bag_max(&args) != TY_OK)
        return NULL;
    ty_tensor *zero = tyi_keep(s, ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *empty = tyi_keep(s, ty_lt(rows, zero)), *valid = tyi_keep(s, ty_clamp(rows, zero, NULL));
    if (weight->sizes[0] == 0)
        return ty_zeros(2, sizes, (ty_dtype)weight->dtype, weight->storage->device);
    ty_tensor *values = valid ? tyi_keep(s, ty_gather(weight, 0, valid)) : NULL;
    return values && empty ? ty_masked_fill(values, empty, zero) : NULL;
}

static ty_status check_bag_options(ty_tensor *index, ty_tensor *weight, ty_tensor *per_sample, ty_bag_mode mode,
                                   bool scale_grad_by_freq)
{
    if (mode == TY_BAG_MAX && scale_grad_by_freq)
        return ty_fail(TY_ERROR_VALUE, "embedding_bag: scale_grad_by_freq is for the modes \"sum\" and \"mean\"");
    if (!per_sample)
        return TY_OK;
    if (mode != TY_BAG_SUM)
        return ty_fail(TY_ERROR_VALUE, "embedding_bag: per_sample_weights are for the mode \"sum\"");
    if (!tyi_same_shape(per_sample, index) || per_sample->dtype != weight->dtype)
        return ty_fail(
            TY_ERROR_VALUE,
            "embedding_bag: per_sample_weights must have the input's shape %s and the weight's dtype %s, got "
            "%s",
            TYI_SHAPE(index), ty_dtype_name((ty_dtype)weight->dtype), TYI_DESCRIBE(per_sample));
    return TY_OK;
}

/* Sums, means or maxima of bags of rows of weight {rows, width}: {bags, width}. index {bags, n}, or {n} with offsets
 * {bags}: where each bag begins (include_last: and one more entry, where the last ends). per_sample: factors of the
 * rows, of the index's shape, for sums. Others as ty_embedding(). An empty bag gives 0.
 * torch.nn.functional.embedding_bag */
ty_tensor *ty_embedding_bag(ty_tensor *index, ty_tensor *weight, ty_tensor *offsets, ty_bag_mode mode,
                            ty_tensor *per_sample, const int64_t *padding_idx, bool include_last, double max_norm,
                            double norm_type, bool scale_grad_by_freq)
{
    int64_t padding;
    if (!index || !weight || check_weight("embedding_bag", weight) != TY_OK ||
        check_padding("embedding_bag", padding_idx, weight->sizes[0], &padding) != TY_OK ||
        check_bag_options(index, weight, per_sample, mode, scale_grad_by_freq) != TY_OK)
        return NULL;
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *numbers = checked_indices("embedding_bag", s, index, weight), *out = NULL;
    bags b = {0};
    if (!numbers || lay_out(s, numbers, offsets, include_last, &b) != TY_OK ||
        limit_norms(weight, numbers, max_norm, norm_type) != TY_OK)
        goto done;
    ty_dtype dtype = (ty_dtype)weight->dtype;
    ty_tensor *flat = tyi_keep(s, ty_view(numbers, 1, &numbers->numel));
    b.from = flat ? without_padding(s, flat, padding) : NULL;
    if (!b.from)
        goto done;
    if (mode == TY_BAG_MAX) {
        out = largest(s, weight, &b);
        goto done;
    }
    b.factor = mode == TY_BAG_MEAN ? tyi_keep(s, inverse_sizes(&b, dtype))
               : per_sample        ? tyi_keep(s, ty_reshape(per_sample, 1, &numbers->numel))
                                   : NULL;
    b.inverse = scale_grad_by_freq ? inverse_frequencies(s, flat, dtype) : NULL;
    if ((!b.factor && (per_sample || mode == TY_BAG_MEAN)) || (!b.inverse && scale_grad_by_freq))
        goto done;
    bool was = ty_set_grad_enabled(false);
    out = sum_rows(weight, b.from, b.bag, b.factor, b.count);
    ty_set_grad_enabled(was);
    int64_t context[] = {weight->sizes[0], numbers->numel};
    out = tyi_record(out, &bag_kind, TYI_LIST(weight, per_sample ? b.factor : NULL),
                     TYI_LIST(per_sample ? tyi_if_grad(b.factor, weight) : NULL, b.from, b.bag, b.factor, b.inverse),
                     context, sizeof context);
done:
    tyi_scope_end(s);
    return out;
}
