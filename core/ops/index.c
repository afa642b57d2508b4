/*
 * Advanced indexing: index, index_put_, masked_select, nonzero. Masks become index tensors, index tensors broadcast
 * together, and a plan says where their dimensions stand in the result; one strided kernel then reads or writes.
 */
#include "ops/indexing.h"

/* ---- Index tensors ---- */

ty_tensor *tyi_index_numbers(const char *name, ty_tensor *index, ty_device device)
{
    if (!index)
        return NULL;
    if (index->dtype == TY_BOOL || ty_dtype_is_floating((ty_dtype)index->dtype))
        return tyi_fail(TY_ERROR_VALUE, "%s: an index tensor is of an integer dtype; this one is %s%s", name,
                        TYI_DESCRIBE(index), index->dtype == TY_BOOL ? "" : ": convert it: index:to(ty.int64)");
    ty_tensor *whole = ty_to(index, TY_INT64, device, false);
    ty_tensor *dense = tyi_dense(whole);
    ty_release(whole);
    return dense;
}

ty_status tyi_check_range(const char *name, const ty_tensor *index, int dim, int64_t size)
{
    if (index->numel == 0)
        return TY_OK;
    const tyi_backend *backend = tyi_backend_of(index->storage->device);
    int64_t low, high;
    if (!backend || backend->index_range(tyi_data(index), index->numel, &low, &high) != TY_OK)
        return TY_FAIL;
    if (low >= -size && high < size) {
        tyi_index_bounds(-size, size - 1);
        return TY_OK;
    }
    return ty_fail(TY_ERROR_INDEX, "%s: index %lld is out of range for dimension %lld with size %lld", name,
                   tyi_said(high >= size ? high : low), tyi_said(dim), (long long)size);
}

ty_tensor *tyi_run_numbers(ty_tensor *starts, int64_t n)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_device device = starts->storage->device;
    ty_tensor *one = tyi_keep(s, ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true));
    ty_tensor *ones = tyi_keep(s, ty_ones(1, &starts->numel, TY_INT64, device));
    ty_tensor *none = tyi_keep(s, ty_zeros(1, (int64_t[]){n + 1}, TY_INT64, device));
    ty_tensor *begun = ones && none ? tyi_keep(s, ty_scatter_add(none, 0, starts, ones)) : NULL;
    ty_tensor *upto = begun ? tyi_keep(s, ty_cumsum(begun, 0, TY_DTYPE_NONE)) : NULL;
    ty_tensor *last = upto ? tyi_keep(s, ty_sub(upto, one, ty_int(1))) : NULL;
    ty_tensor *out = last ? ty_narrow(last, 0, 0, n) : NULL;
    tyi_scope_end(s);
    return out;
}

/* ---- Where a mask is true ---- */

/* Flat row-major positions, int64 {n}, of the true elements. */
static ty_tensor *flat_positions(ty_tensor *mask)
{
    const tyi_backend *backend = tyi_backend_of(mask->storage->device);
    ty_tensor *dense = backend ? tyi_dense(mask) : NULL, *positions = NULL;
    int64_t count = 0;
    if (!dense || (dense->numel && backend->nonzero_count(tyi_data(dense), dense->numel, &count) != TY_OK))
        goto done;
    positions = tyi_new(1, &count, TY_INT64, mask->storage->device);
    if (positions && count && backend->nonzero_flat(tyi_data(dense), dense->numel, tyi_data(positions)) != TY_OK)
        positions = tyi_drop(positions);
done:
    ty_release(dense);
    return positions;
}

/* Positions in a row-major shape as one index tensor for each dimension, into columns[0 .. ndim). */
static ty_status unravel(ty_tensor *positions, int ndim, const int64_t *sizes, ty_tensor **columns)
{
    if (ndim == 1) {
        columns[0] = ty_retain(positions);
        return TY_OK;
    }
    ty_tensor *rest = ty_retain(positions);
    int d = ndim - 1;
    for (; d > 0 && rest; d--) {
        ty_tensor *size = ty_scalar_tensor(ty_int(sizes[d] ? sizes[d] : 1), TY_DTYPE_NONE, true);
        columns[d] = ty_remainder(rest, size);
        ty_tensor *next = columns[d] ? ty_floor_divide(rest, size) : NULL;
        ty_release(size);
        ty_release(rest);
        rest = next;
    }
    columns[0] = rest;
    if (rest)
        return TY_OK;
    for (d++; d < ndim; d++)
        ty_release(columns[d]);
    return TY_FAIL;
}

/* x of any shape and dtype: int64 {n, x's dimensions}, the place of each element that is not 0, in row-major order. */
ty_tensor *ty_nonzero(ty_tensor *x)
{
    if (!x)
        return NULL;
    ty_tensor *mask = ty_retain(x), *columns[TY_MAX_DIMS] = {NULL}, *out = NULL;
    if (x->dtype != TY_BOOL) {
        ty_tensor *zero = ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true);
        ty_release(mask);
        mask = ty_ne(x, zero);
        ty_release(zero);
    }
    ty_tensor *positions = mask ? flat_positions(mask) : NULL;
    if (positions && x->ndim == 0)
        out = tyi_new(2, (int64_t[]){positions->numel, 0}, TY_INT64, x->storage->device);
    else if (positions && x->ndim == 1)
        out = ty_unsqueeze(positions, 1);
    else if (positions && unravel(positions, x->ndim, x->sizes, columns) == TY_OK)
        out = ty_stack(columns, x->ndim, 1);
    for (int d = 0; d < x->ndim; d++)
        ty_release(columns[d]);
    ty_release(positions);
    ty_release(mask);
    return out;
}

/* ---- Plans ---- */

/* What an indexing does, worked out. The indexed tensor is seen with the dimensions that one mask covers merged, where
 * its strides allow: `seen` and `strides`. */
typedef struct plan {
    tyi_shape seen;
    int64_t strides[TY_MAX_DIMS];
    int count;                     /* index tensors */
    ty_tensor *index[TY_MAX_DIMS]; /* int64, contiguous; owned */
    int dim[TY_MAX_DIMS];          /* of `seen`, growing */
    tyi_shape block;               /* the index tensors' broadcast shape */
    int block_at;                  /* where it stands in the result */
    tyi_shape result;
} plan;

/* What the rules need of a plan: everything but the index tensors, which are saved. */
typedef struct index_context {
    tyi_shape shape, seen; /* of the indexed tensor */
    int count;
    int dim[TY_MAX_DIMS];
    bool accumulate;
} index_context;

static void plan_end(plan *p)
{
    while (p->count)
        ty_release(p->index[--p->count]);
}

/* Adds x's dimension d to what is seen. */
static void see_dim(plan *p, const ty_tensor *x, int d)
{
    p->seen.sizes[p->seen.ndim] = x->sizes[d];
    p->strides[p->seen.ndim++] = x->strides[d];
}

static ty_status plan_mask(const char *name, plan *p, ty_tensor *x, ty_tensor *mask, int at)
{
    bool fits = at + mask->ndim <= x->ndim;
    for (int d = 0; fits && d < mask->ndim; d++)
        fits = mask->sizes[d] == x->sizes[at + d];
    if (!fits || mask->ndim == 0)
        return ty_fail(TY_ERROR_INDEX, "%s: a mask of shape %s does not fit the shape %s from dimension %lld on", name,
                       TYI_SHAPE(mask), TYI_SHAPE(x), tyi_said(at));
    ty_tensor *here = ty_to(mask, TY_BOOL, x->storage->device, false);
    ty_tensor *positions = here ? flat_positions(here) : NULL;
    ty_release(here);
    if (!positions)
        return TY_FAIL;
    bool merges = true;
    for (int d = at; merges && d < at + mask->ndim - 1; d++)
        merges = x->strides[d] == x->strides[d + 1] * x->sizes[d + 1];
    if (merges) {
        int64_t size = 1;
        for (int d = at; d < at + mask->ndim; d++)
            size *= x->sizes[d];
        p->dim[p->count] = p->seen.ndim;
        p->index[p->count++] = positions;
        p->seen.sizes[p->seen.ndim] = size;
        p->strides[p->seen.ndim++] = x->strides[at + mask->ndim - 1];
        return TY_OK;
    }
    ty_status status = unravel(positions, mask->ndim, mask->sizes, p->index + p->count);
    for (int d = 0; status == TY_OK && d < mask->ndim; d++) {
        p->dim[p->count++] = p->seen.ndim;
        see_dim(p, x, at + d);
    }
    ty_release(positions);
    return status;
}

/* The index tensors' common shape. */
static ty_status plan_block(const char *name, plan *p)
{
    p->block.ndim = 0;
    for (int j = 0; j < p->count; j++)
        if (p->index[j]->ndim > p->block.ndim)
            p->block.ndim = p->index[j]->ndim;
    for (int d = 0; d < p->block.ndim; d++) {
        int64_t size = 1;
        for (int j = 0; j < p->count; j++) {
            int dj = d - (p->block.ndim - p->index[j]->ndim);
            int64_t sj = dj < 0 ? 1 : p->index[j]->sizes[dj];
            if (sj == 1 || sj == size)
                continue;
            if (size != 1) {
                char shapes[256] = "";
                size_t length = 0;
                for (int k = 0; k < p->count && length < sizeof shapes - 170; k++)
                    length += (size_t)snprintf(shapes + length, sizeof shapes - length, "%s%s", k ? " and " : "",
                                               TYI_SHAPE(p->index[k]));
                return ty_fail(TY_ERROR_INDEX, "%s: the shapes of the index tensors, %s, do not broadcast", name,
                               shapes);
            }
            size = sj;
        }
        p->block.sizes[d] = size;
    }
    return TY_OK;
}

/* Works the indices out. On failure nothing is left to end. */
static ty_status plan_make(const char *name, ty_tensor *x, int count, ty_tensor *const *indices, plan *p)
{
    memset(p, 0, sizeof *p);
    int at = 0; /* dimension of x */
    for (int i = 0; i < count; i++) {
        ty_tensor *index = indices[i];
        int takes = index && index->dtype == TY_BOOL ? index->ndim : 1;
        if (at + takes > x->ndim && !(index && index->dtype == TY_BOOL)) {
            ty_fail(TY_ERROR_INDEX, "%s: too many indices (%d) for the shape %s", name, count, TYI_SHAPE(x));
            goto fail;
        }
        if (!index) {
            see_dim(p, x, at);
        } else if (index->dtype == TY_BOOL) {
            if (plan_mask(name, p, x, index, at) != TY_OK)
                goto fail;
        } else if (index->dtype == TY_UINT8) {
            ty_fail(TY_ERROR_VALUE,
                    "%s: an index of dtype uint8 may be meant as a mask or as places: convert it: "
                    "index:to(ty.bool) or index:to(ty.int64)",
                    name);
            goto fail;
        } else {
            ty_tensor *numbers = tyi_index_numbers(name, index, x->storage->device);
            if (!numbers)
                goto fail;
            p->index[p->count] = numbers;
            p->dim[p->count++] = p->seen.ndim;
            if (tyi_check_range(name, numbers, at, x->sizes[at]) != TY_OK)
                goto fail;
            see_dim(p, x, at);
        }
        at += takes;
    }
    for (; at < x->ndim; at++)
        see_dim(p, x, at);
    if (plan_block(name, p) != TY_OK)
        goto fail;
    /* The block takes the place of neighbouring indexed dimensions, and goes first when they are apart. */
    bool adjacent = p->count && p->dim[p->count - 1] - p->dim[0] == p->count - 1;
    p->block_at = adjacent ? p->dim[0] : 0;
    int ndim = p->seen.ndim - p->count + p->block.ndim;
    if (ndim > TY_MAX_DIMS) {
        ty_fail(TY_ERROR_VALUE, "%s: the result would have %d dimensions; tensors have at most %d", name, ndim,
                TY_MAX_DIMS);
        goto fail;
    }
    int64_t rest[TY_MAX_DIMS];
    int rest_count = 0;
    for (int d = 0, j = 0; d < p->seen.ndim; d++) {
        if (j < p->count && p->dim[j] == d)
            j++;
        else
            rest[rest_count++] = p->seen.sizes[d];
    }
    for (int d = 0; d < p->block_at; d++)
        p->result.sizes[d] = rest[d];
    for (int d = 0; d < p->block.ndim; d++)
        p->result.sizes[p->block_at + d] = p->block.sizes[d];
    for (int d = p->block_at; d < rest_count; d++)
        p->result.sizes[p->block.ndim + d] = rest[d];
    p->result.ndim = ndim;
    return TY_OK;
fail:
    plan_end(p);
    return TY_FAIL;
}

/* The kernel's walk over the result, in the result's order of dimensions; `other` has the result's shape. */
static void plan_walk(const plan *p, const ty_tensor *x, const ty_tensor *other, tyi_index_args *args)
{
    memset(args, 0, sizeof *args);
    args->dtype = (ty_dtype)x->dtype;
    args->ndim = p->result.ndim;
    args->count = p->count;
    memcpy(args->sizes, p->result.sizes, sizeof args->sizes);
    memcpy(args->out_strides, other->strides, sizeof *other->strides * (size_t)other->ndim);
    int at = 0; /* walk dimension of the next dimension that is not indexed */
    for (int d = 0, j = 0; d < p->seen.ndim; d++) {
        if (j < p->count && p->dim[j] == d) {
            args->index[j] = tyi_data(p->index[j]);
            args->index_sizes[j] = p->seen.sizes[d];
            args->index_steps[j] = p->strides[d];
            for (int k = 0; k < p->index[j]->ndim; k++) {
                int to = p->block_at + p->block.ndim - p->index[j]->ndim + k;
                args->index_strides[j][to] = p->index[j]->sizes[k] == 1 ? 0 : p->index[j]->strides[k];
            }
            j++;
            continue;
        }
        if (at == p->block_at)
            at += p->block.ndim;
        args->x_strides[at++] = p->strides[d];
    }
    if (args->ndim == 0) {
        args->ndim = 1;
        args->sizes[0] = 1;
    }
}

static index_context context_of(const plan *p, const ty_tensor *x, bool accumulate)
{
    index_context context = {.shape = tyi_shape_of(x), .seen = p->seen, .count = p->count, .accumulate = accumulate};
    memcpy(context.dim, p->dim, sizeof context.dim);
    return context;
}

/* For rules: the saved index tensors, each at its dimension; their number. 0 on failure. */
static int saved_indices(tyi_node *node, ty_tensor **indices)
{
    const index_context *context = tyi_context(node);
    int count = context->dim[context->count - 1] + 1;
    for (int d = 0; d < count; d++)
        indices[d] = NULL;
    for (int j = 0; j < context->count; j++)
        if (!(indices[context->dim[j]] = tyi_saved(node, j)))
            return 0;
    return count;
}

/* ---- index, masked_select ---- */

static ty_status index_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const index_context *context = tyi_context(node);
    ty_tensor *indices[TY_MAX_DIMS];
    int count = saved_indices(node, indices);
    ty_tensor *zeros = count ? tyi_temp(tyi_zeros_of(&context->seen, grad_out[0])) : NULL;
    ty_tensor *put = zeros ? tyi_temp(ty_index_put_(zeros, count, indices, grad_out[0], true)) : NULL;
    grad_in[0] = put ? ty_reshape(put, context->shape.ndim, context->shape.sizes) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind index_kind = {"IndexBackward0", index_backward};
static const tyi_node_kind masked_select_kind = {"MaskedSelectBackward0", index_backward};

static ty_tensor *index_as(const char *name, const tyi_node_kind *kind, ty_tensor *x, int count,
                           ty_tensor *const *indices)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    plan p;
    if (!backend || plan_make(name, x, count, indices, &p) != TY_OK)
        return NULL;
    if (p.count == 0)
        return ty_clone(x);
    ty_tensor *out = tyi_new(p.result.ndim, p.result.sizes, (ty_dtype)x->dtype, x->storage->device);
    if (out && out->numel) {
        tyi_index_args args;
        plan_walk(&p, x, out, &args);
        args.out = tyi_data(out), args.x = tyi_data(x);
        if (backend->index(&args) != TY_OK)
            out = tyi_drop(out);
    }
    if (out && tyi_needs_grad(1, &x)) {
        index_context context = context_of(&p, x, false);
        out = tyi_record(out, kind, TYI_LIST(x), p.count, p.index, &context, sizeof context);
    }
    plan_end(&p);
    return out;
}

/*
 * x[indices]: indices[d] picks along dimension d. Integer tensors (negative elements count from the end) broadcast
 * together to a block; a bool tensor of k dimensions stands for the k index tensors of the places where it is true,
 * and its shape is that of the k dimensions it covers; NULL is all of a dimension. The block stands where the indexed
 * dimensions were when they are neighbours, else first. A copy, never a view.
 */
ty_tensor *ty_index(ty_tensor *x, int count, ty_tensor *const *indices)
{
    return x ? index_as("index", &index_kind, x, count, indices) : NULL;
}

/* The elements of x where mask (bool) is true, as one dimension; x and mask broadcast. */
ty_tensor *ty_masked_select(ty_tensor *x, ty_tensor *mask)
{
    if (!x || !mask)
        return NULL;
    if (mask->dtype != TY_BOOL)
        return tyi_fail(TY_ERROR_VALUE, "masked_select: the mask must be bool; this one is %s: make it one: mask:ne(0)",
                        TYI_DESCRIBE(mask));
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    if (tyi_broadcast("masked_select", x, mask, &ndim, sizes) != TY_OK)
        return NULL;
    if (ndim == 0)
        sizes[ndim++] = 1;
    ty_tensor *wide_x = x->ndim == ndim && memcmp(x->sizes, sizes, sizeof *sizes * (size_t)ndim) == 0
                            ? ty_retain(x)
                            : ty_expand(x, ndim, sizes);
    ty_tensor *wide_mask = wide_x ? ty_expand(mask, ndim, sizes) : NULL;
    ty_tensor *out = wide_mask ? index_as("masked_select", &masked_select_kind, wide_x, 1, &wide_mask) : NULL;
    ty_release(wide_x);
    ty_release(wide_mask);
    return out;
}

/* ---- index_put_ ---- */

/* The old values: their gradient without the places that were written. The new ones: the gradient at those places. */
static ty_status index_put_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const index_context *context = tyi_context(node);
    ty_tensor *g = grad_out[0], *indices[TY_MAX_DIMS];
    int count = saved_indices(node, indices);
    if (!count)
        return TY_FAIL;
    if (tyi_wants(node, 0) && context->accumulate) {
        grad_in[0] = ty_retain(g);
    } else if (tyi_wants(node, 0)) {
        ty_tensor *copy = tyi_temp(g->contiguous ? ty_clone(g) : ty_contiguous(g));
        ty_tensor *seen = copy ? tyi_temp(ty_reshape(copy, context->seen.ndim, context->seen.sizes)) : NULL;
        ty_tensor *zero = tyi_temp(ty_zeros(0, NULL, (ty_dtype)g->dtype, g->storage->device));
        ty_tensor *put = seen && zero ? tyi_temp(ty_index_put_(seen, count, indices, zero, false)) : NULL;
        grad_in[0] = put ? ty_reshape(put, context->shape.ndim, context->shape.sizes) : NULL;
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1)) {
        ty_tensor *seen = tyi_temp(ty_reshape(g, context->seen.ndim, context->seen.sizes));
        grad_in[1] = seen ? ty_index(seen, count, indices) : NULL;
        if (!grad_in[1])
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind index_put_kind = {"IndexPutBackward0", index_put_backward};

/* One value into the places of one mask needs no places. */
static ty_tensor *fill_mask(ty_tensor *x, ty_tensor *mask, ty_tensor *value)
{
    tyi_scope scope = {0};
    int64_t sizes[TY_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        sizes[d] = d < mask->ndim ? mask->sizes[d] : 1;
    ty_tensor *whole = tyi_keep(&scope, ty_reshape(mask, x->ndim, sizes));
    ty_tensor *number = whole ? tyi_keep(&scope, ty_reshape(value, 0, NULL)) : NULL;
    ty_tensor *out = number ? ty_masked_fill_(x, whole, number) : NULL;
    tyi_scope_end(&scope);
    return out;
}

/* Whether one mask alone indexes: then one value of any dtype will do, as in PyTorch, and is converted. */
static bool one_mask(int count, ty_tensor *const *indices)
{
    int masks = 0;
    for (int i = 0; i < count; i++) {
        if (indices[i] && indices[i]->dtype != TY_BOOL)
            return false;
        masks += indices[i] != NULL;
    }
    return masks == 1;
}

static bool covers(const ty_tensor *mask, const ty_tensor *x)
{
    return mask && mask->dtype == TY_BOOL && mask->ndim > 0 && mask->ndim <= x->ndim &&
           memcmp(mask->sizes, x->sizes, sizeof *x->sizes * mask->ndim) == 0;
}

/*
 * x[indices] = values, or += with accumulate (then places named twice get both). Indices as in ty_index(); values are
 * of x's dtype, or a plain number (or any one element where one mask alone indexes), and broadcast to the shape that
 * ty_index() would give. Without accumulate, which of several values for one place stays is not said.
 */
ty_tensor *ty_index_put_(ty_tensor *x, int count, ty_tensor *const *indices, ty_tensor *values, bool accumulate)
{
    if (!x || !values)
        return NULL;
    if (values->dtype != x->dtype && !values->wrapped &&
        (accumulate || values->numel != 1 || !one_mask(count, indices)))
        return tyi_fail(TY_ERROR_VALUE,
                        "index_put_: values are %s and the tensor is %s; convert them: values:to(ty.%s)",
                        ty_dtype_name((ty_dtype)values->dtype), ty_dtype_name((ty_dtype)x->dtype),
                        ty_dtype_name((ty_dtype)x->dtype));
    if (!accumulate && count == 1 && values->numel == 1 && values->ndim <= 1 && covers(indices[0], x))
        return fill_mask(x, indices[0], values);
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    plan p;
    if (!backend || tyi_inplace_begin("index_put_", x) != TY_OK ||
        plan_make("index_put_", x, count, indices, &p) != TY_OK)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *out = NULL;
    bool fits = values->ndim <= p.result.ndim;
    for (int d = 1; fits && d <= values->ndim; d++) {
        int64_t size = values->sizes[values->ndim - d];
        fits = size == 1 || size == p.result.sizes[p.result.ndim - d];
    }
    if (!fits) {
        ty_fail(TY_ERROR_VALUE, "index_put_: values of shape %s do not fit the %s that the indices select",
                TYI_SHAPE(values), tyi_shape_text(p.result.ndim, p.result.sizes).s);
        goto done;
    }
    ty_tensor *same = tyi_keep(&scope, ty_to(values, (ty_dtype)x->dtype, x->storage->device, false));
    ty_tensor *wide = same ? tyi_keep(&scope, ty_expand(same, p.result.ndim, p.result.sizes)) : NULL;
    ty_tensor *source = wide ? tyi_keep(&scope, tyi_apart(wide, x)) : NULL;
    bool ready = source != NULL;
    for (int j = 0; ready && j < p.count; j++) {
        ty_tensor *apart = tyi_apart(p.index[j], x);
        ready = apart != NULL;
        if (ready) {
            ty_release(p.index[j]);
            p.index[j] = apart;
        }
    }
    if (!ready)
        goto done;
    if (p.count == 0) {
        out = accumulate ? ty_add_(x, same, ty_int(1)) : ty_copy_(x, same);
        goto done;
    }
    if (wide->numel) {
        tyi_index_args args;
        plan_walk(&p, x, source, &args);
        args.out = tyi_data(x), args.x = tyi_data(source), args.accumulate = accumulate;
        if (backend->index_put(&args) != TY_OK)
            goto done;
    }
    index_context context = context_of(&p, x, accumulate);
    out = tyi_inplace_record(x, &index_put_kind, TYI_LIST(x, wide), p.count, p.index, &context, sizeof context);
done:
    tyi_scope_end(&scope);
    plan_end(&p);
    return out;
}
