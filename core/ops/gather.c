/*
 * Indexing along one dimension: index_select, gather, scatter, scatter_add, one_hot; rows of a data set as a batch; and
 * index tensors of faces that count from 1. All but the last two are the kernels of advanced indexing, walked so that
 * one dimension is looked up.
 */
#include "ops/indexing.h"

/* ---- The walk along a dimension ---- */

/* Reads other[i] = x[i with index[i] at dim], or with `put` writes it. index and other are walked together over the
 * shape of index, x along. A tensor without dimensions counts as one of size 1. */
static ty_status along(ty_tensor *x, int dim, const ty_tensor *index, const int64_t *index_strides, int ndim,
                       const int64_t *sizes, ty_tensor *other, bool put, bool accumulate)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    if (!backend)
        return TY_FAIL;
    tyi_index_args args = {.dtype = (ty_dtype)x->dtype, .ndim = ndim ? ndim : 1, .count = 1, .accumulate = accumulate};
    args.sizes[0] = 1;
    for (int d = 0; d < ndim; d++) {
        args.sizes[d] = sizes[d];
        if (sizes[d] == 0)
            return TY_OK;
        args.out_strides[d] = d < other->ndim ? other->strides[d] : 0;
        args.x_strides[d] = d == dim || d >= x->ndim ? 0 : x->strides[d];
        args.index_strides[0][d] = index_strides[d];
    }
    args.index[0] = tyi_data(index);
    args.index_sizes[0] = x->ndim ? x->sizes[dim] : 1;
    args.index_steps[0] = x->ndim ? x->strides[dim] : 1;
    args.out = tyi_data(put ? x : other);
    args.x = tyi_data(put ? other : x);
    return put ? backend->index_put(&args) : backend->index(&args);
}

static ty_status gather_into(ty_tensor *out, ty_tensor *x, int dim, ty_tensor *index)
{
    return along(x, dim, index, index->strides, index->ndim, index->sizes, out, false, false);
}

static int ndim_of(const ty_tensor *x)
{
    return x->ndim ? x->ndim : 1;
}

static int64_t size_of(const ty_tensor *x, int d)
{
    return x->ndim ? x->sizes[d] : 1;
}

/* The index as int64, in range and within x but along dim: what gather and scatter need. An index without elements is
 * always right. */
static ty_tensor *index_within(const char *name, ty_tensor *x, int dim, ty_tensor *index)
{
    ty_tensor *numbers = tyi_index_numbers(name, index, x->storage->device);
    if (!numbers || numbers->numel == 0)
        return numbers;
    if (ndim_of(index) != ndim_of(x)) {
        ty_fail(TY_ERROR_VALUE, "%s: index %s must have as many dimensions as the tensor %s, %d", name,
                TYI_SHAPE(index), TYI_SHAPE(x), x->ndim);
        return tyi_drop(numbers);
    }
    for (int d = 0; d < ndim_of(x); d++) {
        if (d != dim && size_of(index, d) > size_of(x, d)) {
            ty_fail(TY_ERROR_VALUE, "%s: index %s goes beyond the tensor %s: dimension %lld is %lld against %lld", name,
                    TYI_SHAPE(index), TYI_SHAPE(x), tyi_said(d), (long long)size_of(index, d),
                    (long long)size_of(x, d));
            return tyi_drop(numbers);
        }
    }
    if (tyi_check_range(name, numbers, dim, size_of(x, dim)) != TY_OK)
        return tyi_drop(numbers);
    return numbers;
}

typedef struct along_context {
    tyi_shape shape; /* of the tensor that is looked up */
    int dim;
    bool accumulate;
} along_context;

/* ---- gather ---- */

static ty_status gather_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const along_context *context = tyi_context(node);
    ty_tensor *index = tyi_saved(node, 0);
    ty_tensor *zeros = index ? tyi_temp(tyi_zeros_of(&context->shape, grad_out[0])) : NULL;
    grad_in[0] = ty_scatter_add_(zeros, context->dim, index, grad_out[0]);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind gather_kind = {"GatherBackward0", gather_backward};

/* out[i][j] = x[index[i][j]][j] for dim 0, and so on: index of an integer dtype with x's number of dimensions, no
 * longer than x but along dim; negative elements count from the end. The result has index's shape. */
ty_tensor *ty_gather(ty_tensor *x, int dim, ty_tensor *index)
{
    if (!x || !index)
        return NULL;
    along_context context = {tyi_shape_of(x), tyi_wrap_dim("gather", dim, x->ndim), true};
    ty_tensor *numbers = context.dim < 0 ? NULL : index_within("gather", x, context.dim, index);
    ty_tensor *out = numbers ? tyi_new(numbers->ndim, numbers->sizes, (ty_dtype)x->dtype, x->storage->device) : NULL;
    if (out && out->numel && gather_into(out, x, context.dim, numbers) != TY_OK)
        out = tyi_drop(out);
    out = tyi_record(out, &gather_kind, TYI_LIST(x), TYI_LIST(numbers), &context, sizeof context);
    ty_release(numbers);
    return out;
}

/* ---- scatter, scatter_add ---- */

static ty_status scatter_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const along_context *context = tyi_context(node);
    ty_tensor *g = grad_out[0], *index = tyi_saved(node, 0);
    if (!index)
        return TY_FAIL;
    if (tyi_wants(node, 0)) {
        ty_tensor *zero = tyi_temp(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
        grad_in[0] = context->accumulate ? ty_retain(g) : ty_scatter(g, context->dim, index, zero);
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_gather(g, context->dim, index)))
        return TY_FAIL;
    return TY_OK;
}

static const tyi_node_kind scatter_kind = {"ScatterBackward0", scatter_backward};
static const tyi_node_kind scatter_add_kind = {"ScatterAddBackward0", scatter_backward};

/* The part of source that index speaks of, of index's shape; a plain number stands for all of it. */
static ty_tensor *source_part(const char *name, ty_tensor *x, ty_tensor *index, ty_tensor *source)
{
    if (source->wrapped && source->ndim == 0) {
        ty_tensor *number = ty_to(source, (ty_dtype)x->dtype, x->storage->device, false);
        ty_tensor *wide = number ? ty_expand(number, index->ndim, index->sizes) : NULL;
        ty_release(number);
        return wide;
    }
    if (source->dtype != x->dtype)
        return tyi_fail(TY_ERROR_VALUE, "%s: source is %s and the tensor %s; convert it: source:to(ty.%s)", name,
                        ty_dtype_name((ty_dtype)source->dtype), ty_dtype_name((ty_dtype)x->dtype),
                        ty_dtype_name((ty_dtype)x->dtype));
    bool fits = ndim_of(source) == ndim_of(index);
    for (int d = 0; fits && d < ndim_of(index); d++)
        fits = size_of(index, d) <= size_of(source, d);
    if (!fits)
        return tyi_fail(TY_ERROR_VALUE, "%s: source %s has no element for each of index %s", name, TYI_SHAPE(source),
                        TYI_SHAPE(index));
    ty_device device;
    if (tyi_same_device(name, 2, (ty_tensor *[]){x, source}, &device) != TY_OK)
        return NULL;
    ty_tensor *part = ty_retain(source);
    for (int d = 0; part && d < source->ndim; d++) {
        if (size_of(index, d) == source->sizes[d])
            continue;
        ty_tensor *narrower = ty_narrow(part, d, 0, size_of(index, d));
        ty_release(part);
        part = narrower;
    }
    if (part && part->ndim != index->ndim) {
        ty_tensor *shaped = ty_reshape(part, index->ndim, index->sizes);
        ty_release(part);
        part = shaped;
    }
    return part;
}

/* All four forms. */
static ty_tensor *scatter(const char *name, ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source, bool in_place,
                          bool accumulate)
{
    if (!x || !index || !source)
        return NULL;
    along_context context = {tyi_shape_of(x), tyi_wrap_dim(name, dim, x->ndim), accumulate};
    if (context.dim < 0 || (in_place && tyi_inplace_begin(name, x) != TY_OK))
        return NULL;
    const tyi_node_kind *kind = accumulate ? &scatter_add_kind : &scatter_kind;
    tyi_scope scope = {0};
    ty_tensor *out = NULL;
    ty_tensor *numbers = tyi_keep(&scope, index_within(name, x, context.dim, index));
    if (numbers && numbers->numel == 0 && ndim_of(numbers) != ndim_of(source)) {
        out = in_place ? ty_retain(x) : ty_clone(x);
        goto done;
    }
    ty_tensor *part = numbers ? tyi_keep(&scope, source_part(name, x, numbers, source)) : NULL;
    if (!part)
        goto done;
    ty_tensor *into = x, *values = part;
    if (in_place) {
        values = tyi_keep(&scope, tyi_apart(part, x));
        numbers = tyi_keep(&scope, tyi_apart(numbers, x));
    } else {
        into = tyi_keep(&scope, tyi_new(x->ndim, x->sizes, (ty_dtype)x->dtype, x->storage->device));
        if (into && tyi_copy(into, x) != TY_OK)
            goto done;
    }
    if (!into || !values || !numbers ||
        along(into, context.dim, numbers, numbers->strides, numbers->ndim, numbers->sizes, values, true, accumulate) !=
            TY_OK)
        goto done;
    if (in_place)
        out = tyi_inplace_record(x, kind, TYI_LIST(x, part), TYI_LIST(numbers), &context, sizeof context);
    else
        out = tyi_record(ty_retain(into), kind, TYI_LIST(x, part), TYI_LIST(numbers), &context, sizeof context);
done:
    tyi_scope_end(&scope);
    return out;
}

/* x with out[index[i][j]][j] = source[i][j] for dim 0, and so on: the reverse of gather. source is of x's dtype and has
 * an element for each of index, or is a plain number. Which of several values for one place stays is not said. */
ty_tensor *ty_scatter(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source)
{
    return scatter("scatter", x, dim, index, source, false, false);
}

ty_tensor *ty_scatter_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source)
{
    return scatter("scatter_", x, dim, index, source, true, false);
}

/* The same with +=; all values for one place are added. */
ty_tensor *ty_scatter_add(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source)
{
    return scatter("scatter_add", x, dim, index, source, false, true);
}

ty_tensor *ty_scatter_add_(ty_tensor *x, int dim, ty_tensor *index, ty_tensor *source)
{
    return scatter("scatter_add_", x, dim, index, source, true, true);
}

/* ---- index_select ---- */

static ty_status index_select_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const along_context *context = tyi_context(node);
    ty_tensor *indices[TY_MAX_DIMS] = {NULL};
    ty_tensor *zeros = tyi_temp(tyi_zeros_of(&context->shape, grad_out[0]));
    indices[context->dim] = zeros ? tyi_saved(node, 0) : NULL;
    if (indices[context->dim])
        grad_in[0] = ty_index_put_(zeros, context->dim + 1, indices, grad_out[0], true);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind index_select_kind = {"IndexSelectBackward0", index_select_backward};

/* Slices `index` (one dimension or none, of an integer dtype; negative ones count from the end) of x along dim: x's
 * shape with dim as long as index. */
ty_tensor *ty_index_select(ty_tensor *x, int dim, ty_tensor *index)
{
    if (!x || !index)
        return NULL;
    along_context context = {tyi_shape_of(x), tyi_wrap_dim("index_select", dim, x->ndim), true};
    if (context.dim < 0)
        return NULL;
    if (index->ndim > 1)
        return tyi_fail(TY_ERROR_VALUE, "index_select: the index has one dimension; this one's shape is %s",
                        TYI_SHAPE(index));
    if (x->ndim == 0) {
        if (index->numel != 1)
            return tyi_fail(TY_ERROR_VALUE,
                            "index_select: a tensor without dimensions has one element to select, not %lld",
                            (long long)index->numel);
        ty_tensor *row = ty_reshape(x, 1, (int64_t[]){1});
        ty_tensor *same = ty_index_select(row, 0, index);
        ty_tensor *out = same ? ty_reshape(same, 0, NULL) : NULL;
        ty_release(row);
        ty_release(same);
        return out;
    }
    ty_tensor *whole = tyi_index_numbers("index_select", index, x->storage->device);
    ty_tensor *numbers = whole ? ty_view(whole, 1, &whole->numel) : NULL;
    ty_tensor *out = NULL;
    ty_release(whole);
    if (!numbers || tyi_check_range("index_select", numbers, context.dim, x->sizes[context.dim]) != TY_OK)
        return tyi_drop(numbers);
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS] = {0};
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[context.dim] = numbers->numel;
    strides[context.dim] = 1;
    out = tyi_new(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device);
    if (out && along(x, context.dim, numbers, strides, x->ndim, sizes, out, false, false) != TY_OK)
        out = tyi_drop(out);
    out = tyi_record(out, &index_select_kind, TYI_LIST(x), TYI_LIST(numbers), &context, sizeof context);
    ty_release(numbers);
    return out;
}

/* ---- one_hot ---- */

/* Classes x (any shape, of an integer dtype) as int64 {x's shape, classes}: 1 at each class, else 0. classes -1: the
 * largest class + 1. */
ty_tensor *ty_one_hot(ty_tensor *x, int64_t classes)
{
    if (!x)
        return NULL;
    if (classes != -1 && classes < 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "one_hot: the number of classes must be at least 1, or -1 for the largest class "
                        "there is; it is %lld",
                        (long long)classes);
    if (x->ndim == TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "one_hot: the result of %s would have %d dimensions; tensors have at most %d",
                        TYI_SHAPE(x), x->ndim + 1, TY_MAX_DIMS);
    ty_tensor *numbers = tyi_index_numbers("one_hot", x, x->storage->device), *one = NULL, *out = NULL;
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    int64_t low = 0, high = -1;
    if (!numbers || !backend)
        goto done;
    if (numbers->numel && backend->index_range(tyi_data(numbers), numbers->numel, &low, &high) != TY_OK)
        goto done;
    if (low < 0) {
        ty_fail(TY_ERROR_INDEX, "one_hot: %lld is no class: classes are not negative", tyi_said(low));
        goto done;
    }
    if (classes == -1 && (numbers->numel == 0 || high == INT64_MAX)) {
        ty_fail(TY_ERROR_VALUE, "one_hot: the number of classes cannot be told from %s; name it",
                numbers->numel ? "so large a class" : "an empty tensor");
        goto done;
    }
    if (classes == -1)
        classes = high + 1;
    else if (numbers->numel && high < classes)
        tyi_index_bounds(0, classes - 1);
    if (high >= classes) {
        ty_fail(TY_ERROR_INDEX, "one_hot: class %lld is out of range for %lld classes", tyi_said(high),
                (long long)classes);
        goto done;
    }
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[x->ndim] = classes;
    out = ty_zeros(x->ndim + 1, sizes, TY_INT64, x->storage->device);
    one = out ? ty_ones(0, NULL, TY_INT64, x->storage->device) : NULL;
    if (!one || along(out, x->ndim, numbers, numbers->strides, x->ndim, x->sizes, one, true, false) != TY_OK)
        out = tyi_drop(out);
done:
    ty_release(numbers);
    ty_release(one);
    return out;
}

/* ---- Rows of a data set ---- */

/* The differentiable form: the same of ordinary ops. */
static ty_tensor *gather_rows_composed(ty_tensor *x, ty_tensor *index, double scale, double shift)
{
    tyi_scope scope = {0};
    ty_tensor *rows = tyi_keep(&scope, ty_index_select(x, 0, index));
    rows = tyi_keep(&scope, rows ? ty_to_dtype(rows, TY_FLOAT32) : NULL);
    ty_tensor *by = tyi_keep(&scope, ty_scalar_tensor(ty_float(scale), TY_DTYPE_NONE, true));
    ty_tensor *plus = tyi_keep(&scope, ty_scalar_tensor(ty_float(shift), TY_DTYPE_NONE, true));
    rows = tyi_keep(&scope, ty_mul(rows, by));
    ty_tensor *out = ty_add(rows, plus, ty_int(1));
    tyi_scope_end(&scope);
    return out;
}

ty_tensor *ty_gather_rows(ty_tensor *x, ty_tensor *index, double scale, double shift)
{
    if (!x || !index)
        return NULL;
    if (x->ndim == 0 || index->ndim != 1)
        return tyi_fail(TY_ERROR_VALUE, "gather_rows: it takes rows {N, ...} and an index {B}; these are %s and %s",
                        TYI_SHAPE(x), TYI_SHAPE(index));
    if (tyi_needs_grad(1, &x))
        return gather_rows_composed(x, index, scale, shift);
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    tyi_scope scope = {0};
    ty_tensor *out = NULL, *numbers = tyi_keep(&scope, tyi_index_numbers("gather_rows", index, x->storage->device));
    if (!backend || !numbers || tyi_check_range("gather_rows", numbers, 0, x->sizes[0]) != TY_OK)
        goto done;
    ty_tensor *dense = tyi_keep(&scope, tyi_dense(x));
    int64_t sizes[TY_MAX_DIMS], low = 0, high;
    memcpy(sizes, x->sizes, sizeof sizes);
    sizes[0] = numbers->numel;
    out = dense ? tyi_new(x->ndim, sizes, TY_FLOAT32, x->storage->device) : NULL;
    if (!out || out->numel == 0)
        goto done;
    if (backend->index_range(tyi_data(numbers), numbers->numel, &low, &high) != TY_OK) {
        out = tyi_drop(out);
        goto done;
    }
    if (low >= 0)
        tyi_index_bounds(0, INT64_MAX);
    if (low < 0) {
        /* The kernel takes places as they are: those counted from the end are turned first. */
        ty_tensor *length = tyi_keep(&scope, ty_scalar_tensor(ty_int(x->sizes[0]), TY_DTYPE_NONE, true));
        numbers = tyi_keep(&scope, ty_remainder(numbers, length));
    }
    if (!numbers || backend->gather_rows((ty_dtype)x->dtype, tyi_data(dense), tyi_data(numbers), numbers->numel,
                                         x->numel / x->sizes[0], (float)scale, (float)shift, tyi_data(out)) != TY_OK)
        out = tyi_drop(out);
done:
    tyi_scope_end(&scope);
    return out;
}

/* ---- Indices that count from 1 ---- */

ty_tensor *ty_index_from_one(ty_tensor *index, const int64_t *zero)
{
    ty_tensor *numbers = index ? tyi_index_numbers("index", index, index->storage->device) : NULL;
    const tyi_backend *backend = numbers ? tyi_backend_of(numbers->storage->device) : NULL;
    ty_tensor *out = backend ? tyi_new(numbers->ndim, numbers->sizes, TY_INT64, numbers->storage->device) : NULL;
    int64_t zeros = 0;
    if (out && out->numel &&
        backend->index_from_one(tyi_data(numbers), tyi_data(out), out->numel, zero, &zeros) != TY_OK)
        out = tyi_drop(out);
    if (out && zeros) {
        ty_fail(TY_ERROR_INDEX,
                "indices count from 1: %lld of the %lld here %s 0; to turn indices that count from 0, add 1",
                (long long)zeros, (long long)out->numel, zeros == 1 ? "is" : "are");
        out = tyi_drop(out);
    }
    ty_release(numbers);
    return out;
}
