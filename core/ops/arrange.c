/*
 * Putting elements in other places: tril, triu, flip, roll, tile, repeat_interleave, movedim, unfold, meshgrid, take,
 * diag, trace. Composed from views, index_select, where and cat, which bring the gradients along.
 */
#include <stdlib.h>

#include "ops/indexing.h"
#include "ops/support.h"

#define K(x) tyi_keep(&scope, (x))

/* ---- tril, triu ---- */

/* Rows count down, columns across: kept where column - row <= diagonal (lower) or >= diagonal. */
static ty_tensor *triangle(const char *name, ty_tensor *x, int64_t diagonal, bool lower)
{
    if (!x)
        return NULL;
    if (x->ndim < 2)
        return tyi_fail(TY_ERROR_VALUE, "%s: it takes matrices {..., n, m}; this tensor's shape is %s", name,
                        TYI_SHAPE(x));
    int64_t n = x->sizes[x->ndim - 2], m = x->sizes[x->ndim - 1];
    diagonal = diagonal < -n ? -n : diagonal > m ? m : diagonal;
    ty_device device = ty_device_of(x);
    tyi_scope scope = {0};
    ty_tensor *row = K(ty_arange(ty_int(diagonal), ty_int(n + diagonal), ty_int(1), TY_INT64, device));
    ty_tensor *column = K(ty_arange(ty_int(0), ty_int(m), ty_int(1), TY_INT64, device));
    row = K(ty_unsqueeze(row, 1));
    ty_tensor *kept = K(lower ? ty_le(column, row) : ty_ge(column, row));
    ty_tensor *zero = K(ty_scalar_tensor(ty_bool(false), TY_DTYPE_NONE, true));
    ty_tensor *out = ty_where(kept, x, zero);
    tyi_scope_end(&scope);
    return out;
}

/* torch.tril: matrices {..., n, m} with 0 above the diagonal (the one `diagonal` places right of the main one). */
ty_tensor *ty_tril(ty_tensor *x, int64_t diagonal)
{
    return triangle("tril", x, diagonal, true);
}

/* torch.triu: matrices {..., n, m} with 0 below the diagonal. */
ty_tensor *ty_triu(ty_tensor *x, int64_t diagonal)
{
    return triangle("triu", x, diagonal, false);
}

/* ---- flip, roll ---- */

/* torch.flip: the order of the elements reversed along these dimensions; a copy. */
ty_tensor *ty_flip(ty_tensor *x, int ndims, const int64_t *dims)
{
    uint32_t mask = 0;
    if (!x || (ndims && tyi_dim_mask("flip", x, ndims, dims, &mask) != TY_OK))
        return NULL;
    ty_tensor *y = ty_clone(x);
    for (int d = 0; d < x->ndim && y; d++) {
        if (!(mask & 1u << d) || x->sizes[d] < 2)
            continue;
        ty_tensor *order = ty_arange(ty_int(x->sizes[d] - 1), ty_int(-1), ty_int(-1), TY_INT64, ty_device_of(x));
        ty_tensor *turned = ty_index_select(y, d, order);
        ty_release(order);
        ty_release(y);
        y = turned;
    }
    return y;
}

static ty_tensor *roll_one(ty_tensor *x, int dim, int64_t shift)
{
    int64_t size = x->sizes[dim];
    shift = size ? shift % size : 0;
    shift += shift < 0 ? size : 0;
    if (shift == 0)
        return ty_retain(x);
    ty_tensor *last = ty_narrow(x, dim, size - shift, shift), *first = ty_narrow(x, dim, 0, size - shift);
    ty_tensor *y = last && first ? ty_cat((ty_tensor *[]){last, first}, 2, dim) : NULL;
    ty_release(last);
    ty_release(first);
    return y;
}

/* torch.roll: elements moved along dimensions by shifts[i], those that leave at one end entering at the other. ndims 0:
 * one shift, of the flattened tensor. */
ty_tensor *ty_roll(ty_tensor *x, int count, const int64_t *shifts, int ndims, const int64_t *dims)
{
    if (!x)
        return NULL;
    if (ndims == 0 && count == 1) {
        ty_tensor *flat = ty_reshape(x, 1, (int64_t[]){-1}), *moved = flat ? roll_one(flat, 0, shifts[0]) : NULL;
        ty_tensor *y = moved ? ty_reshape(moved, x->ndim, x->sizes) : NULL;
        ty_release(flat);
        ty_release(moved);
        if (y && y->storage == x->storage) {
            ty_tensor *copy = ty_clone(y);
            ty_release(y);
            y = copy;
        }
        return y;
    }
    if (count != ndims)
        return tyi_fail(TY_ERROR_VALUE, "roll: %d shift%s for %d dimension%s; there must be one for each", count,
                        count == 1 ? "" : "s", ndims, ndims == 1 ? "" : "s");
    ty_tensor *y = ty_clone(x);
    for (int i = 0; i < count && y; i++) {
        int d = tyi_wrap_dim("roll", dims[i], x->ndim);
        ty_tensor *moved = d < 0 ? NULL : x->ndim ? roll_one(y, d, shifts[i]) : ty_retain(y);
        ty_release(y);
        y = moved;
    }
    return y;
}

/* ---- tile, repeat_interleave ---- */

/* x with dimension d repeated: the whole dimension one time after another, or each element. A new reference. */
static ty_tensor *repeated(ty_tensor *x, int d, int64_t times, bool each)
{
    int at = each ? d + 1 : d, n = x->ndim + 1;
    int64_t sizes[TY_MAX_DIMS + 1];
    ty_tensor *raised = ty_unsqueeze(x, at);
    if (!raised)
        return NULL;
    memcpy(sizes, raised->sizes, sizeof *sizes * (size_t)n);
    sizes[at] = times;
    ty_tensor *wide = ty_expand(raised, n, sizes), *y = NULL;
    if (wide) {
        memcpy(sizes, x->sizes, sizeof *sizes * (size_t)x->ndim);
        if (__builtin_mul_overflow(sizes[d], times, &sizes[d]))
            ty_fail(TY_ERROR_VALUE, "a dimension of %lld elements repeated %lld times is too large",
                    (long long)x->sizes[d], (long long)times);
        else
            y = ty_reshape(wide, x->ndim, sizes);
    }
    ty_release(raised);
    ty_release(wide);
    return y;
}

/* torch.tile: x repeated reps[i] times along its dimensions; the shorter of shape and reps is filled up with ones on
 * the left. Always a copy. */
ty_tensor *ty_tile(ty_tensor *x, int count, const int64_t *reps)
{
    if (!x)
        return NULL;
    int ndim = count > x->ndim ? count : x->ndim;
    if (ndim > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "tile: %d dimensions; tensors have at most %d", ndim, TY_MAX_DIMS);
    int64_t sizes[TY_MAX_DIMS];
    for (int d = 0; d < ndim; d++)
        sizes[d] = d < ndim - x->ndim ? 1 : x->sizes[d - (ndim - x->ndim)];
    for (int i = 0; i < count; i++)
        if (reps[i] < 0)
            return tyi_fail(TY_ERROR_VALUE, "tile: a dimension cannot be repeated %lld times; counts are 0 or more",
                            (long long)reps[i]);
    ty_tensor *y = ty_reshape(x, ndim, sizes);
    for (int i = count; i-- > 0 && y;) {
        if (reps[i] == 1)
            continue;
        ty_tensor *more = repeated(y, ndim - count + i, reps[i], false);
        ty_release(y);
        y = more;
    }
    if (y && y->storage == x->storage) {
        ty_tensor *copy = ty_clone(y);
        ty_release(y);
        y = copy;
    }
    return y;
}

/* The sum of the repeats, none of which may be negative. They are looked at where they lie, and three numbers come to
 * the host: the fewest, the most and the sum. */
static ty_status sum_repeats(ty_tensor *repeats, int64_t *sum)
{
    tyi_scope scope = {0};
    ty_tensor *seen = repeats;
    if (repeats->numel > 1) {
        ty_tensor *parts[] = {K(ty_amin(repeats, 0, NULL, false)), K(ty_amax(repeats, 0, NULL, false)),
                              K(ty_sum(repeats, 0, NULL, false, TY_DTYPE_NONE))};
        seen = parts[0] && parts[1] && parts[2] ? K(ty_stack(parts, 3, 0)) : NULL;
    }
    ty_tensor *host = seen ? K(ty_to(seen, TY_INT64, TY_DEVICE_CPU, false)) : NULL;
    ty_status status = host ? tyi_host_read("repeat_interleave", host) : TY_FAIL;
    if (status == TY_OK) {
        const int64_t *read = tyi_data(host);
        int64_t least = read[0], most = read[host->numel > 1];
        *sum = read[host->numel - 1];
        if (least < 0 || most > INT64_MAX / repeats->numel)
            status = ty_fail(TY_ERROR_VALUE, "repeat_interleave: an element cannot be repeated %lld times",
                             (long long)(least < 0 ? least : most));
    }
    tyi_scope_end(&scope);
    return status;
}

/* torch.repeat_interleave: each element along dim repeated, all `repeats` {} or {1} times or element i repeats[i]
 * times. repeats is an integer tensor; dim NULL: of the flattened tensor. Where to take what from is worked out on x's
 * device. */
ty_tensor *ty_repeat_interleave(ty_tensor *x, ty_tensor *repeats, const int *dim)
{
    if (!x || !repeats)
        return NULL;
    if (ty_dtype_is_floating((ty_dtype)repeats->dtype) || (ty_dtype)repeats->dtype == TY_BOOL || repeats->ndim > 1)
        return tyi_fail(TY_ERROR_VALUE, "repeat_interleave: repeats must be a vector of whole numbers, got %s",
                        TYI_DESCRIBE(repeats));
    tyi_scope scope = {0};
    ty_tensor *y = NULL, *from = K(dim && x->ndim ? ty_retain(x) : ty_reshape(x, 1, (int64_t[]){-1}));
    int d = dim ? tyi_wrap_dim("repeat_interleave", *dim, x->ndim) : 0;
    ty_tensor *counts = K(ty_to_dtype(repeats, TY_INT64));
    int64_t size = from && d >= 0 ? from->sizes[d] : 0, total = 0;
    if (!from || !counts || d < 0 || (counts->numel && sum_repeats(counts, &total) != TY_OK))
        goto done;
    if (counts->numel == 1) {
        y = repeated(from, d, total, true);
    } else if (counts->numel != size) {
        ty_fail(TY_ERROR_VALUE, "repeat_interleave: %lld repeats for the %lld elements of dimension %lld of %s",
                (long long)counts->numel, (long long)size, tyi_said(d), TYI_SHAPE(from));
    } else {
        counts = K(ty_to(counts, TY_INT64, ty_device_of(x), false));
        ty_tensor *ends = counts ? K(ty_cumsum(counts, 0, TY_DTYPE_NONE)) : NULL;
        ty_tensor *starts = ends ? K(ty_sub(ends, counts, ty_int(1))) : NULL;
        ty_tensor *order = starts ? K(tyi_run_numbers(starts, total)) : NULL;
        y = order ? ty_index_select(from, d, order) : NULL;
    }
    if (y && y->storage == x->storage) {
        ty_tensor *copy = ty_clone(y);
        ty_release(y);
        y = copy;
    }
done:
    tyi_scope_end(&scope);
    return y;
}

/* ---- movedim, unfold ---- */

/* torch.movedim: a view in which dimension source[i] stands at destination[i]; the others keep their order. */
ty_tensor *ty_movedim(ty_tensor *x, int count, const int64_t *source, int to_count, const int64_t *destination)
{
    if (!x)
        return NULL;
    if (count != to_count)
        return tyi_fail(TY_ERROR_VALUE, "movedim: %d dimensions to move and %d places for them; there must be as many",
                        count, to_count);
    uint32_t from = 0, to = 0;
    int64_t order[TY_MAX_DIMS];
    if (count && (tyi_dim_mask("movedim", x, count, source, &from) != TY_OK ||
                  tyi_dim_mask("movedim", x, count, destination, &to) != TY_OK))
        return NULL;
    if (x->ndim == 0)
        return ty_permute(x, 0, NULL);
    for (int i = 0; i < count; i++)
        order[tyi_wrap_dim("movedim", destination[i], x->ndim)] = tyi_wrap_dim("movedim", source[i], x->ndim);
    for (int d = 0, next = 0; d < x->ndim; d++) {
        if (to & 1u << d)
            continue;
        while (from & 1u << next)
            next++;
        order[d] = next++;
    }
    return ty_permute(x, x->ndim, order);
}

/* torch.Tensor.unfold: a view with the windows of `size` elements of a dimension, each `step` after the one before; the
 * dimension counts the windows, and a new last one their elements. */
ty_tensor *ty_unfold(ty_tensor *x, int dim, int64_t size, int64_t step)
{
    int d = x ? tyi_wrap_dim("unfold", dim, x->ndim) : -1;
    if (d < 0)
        return NULL;
    int64_t whole = x->ndim ? x->sizes[d] : 1, sizes[TY_MAX_DIMS + 1], strides[TY_MAX_DIMS + 1];
    if (size < 0 || size > whole)
        return tyi_fail(TY_ERROR_VALUE,
                        "unfold: windows of %lld elements do not fit dimension %lld of %s, which has %lld",
                        (long long)size, tyi_said(d), TYI_SHAPE(x), (long long)whole);
    if (step <= 0)
        return tyi_fail(TY_ERROR_VALUE, "unfold: the step from window to window must be 1 or more, got %lld",
                        (long long)step);
    if (x->ndim == TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "unfold: the tensor has %d dimensions already, the most there can be",
                        TY_MAX_DIMS);
    ty_tensor *from = ty_grad_enabled() && ty_requires_grad(x) ? ty_contiguous(x) : ty_retain(x), *y = NULL;
    if (from) {
        int n = x->ndim;
        memcpy(sizes, from->sizes, sizeof *sizes * (size_t)n);
        memcpy(strides, from->strides, sizeof *strides * (size_t)n);
        sizes[n] = size;
        strides[n] = n ? strides[d] : 1;
        if (n) {
            sizes[d] = (whole - size) / step + 1;
            strides[d] = sizes[d] > 1 ? strides[d] * step : strides[d];
        }
        y = ty_as_strided(from, n + 1, sizes, strides, from->offset);
    }
    ty_release(from);
    return y;
}

/* ---- meshgrid ---- */

/* torch.meshgrid: the grid that vectors span, as one view for each vector, of shape {n1, n2, ...} (with xy, the first
 * two swapped). free() the array after releasing each. */
ty_status ty_meshgrid(ty_tensor *const *tensors, int count, bool xy, ty_tensor ***grids)
{
    int64_t sizes[TY_MAX_DIMS];
    *grids = NULL;
    if (count < 1 || count > TY_MAX_DIMS)
        return ty_fail(TY_ERROR_VALUE, "meshgrid: %d tensors; it takes 1 to %d vectors", count, TY_MAX_DIMS);
    for (int i = 0; i < count; i++) {
        if (!tensors[i])
            return TY_FAIL;
        if (tensors[i]->ndim > 1)
            return ty_fail(TY_ERROR_VALUE, "meshgrid: tensor %lld has shape %s; it takes vectors", tyi_said(i),
                           TYI_SHAPE(tensors[i]));
        if (tensors[i]->dtype != tensors[0]->dtype)
            return ty_fail(TY_ERROR_VALUE, "meshgrid: the dtypes differ: %s and %s; convert one: x:to(other.dtype)",
                           ty_dtype_name((ty_dtype)tensors[0]->dtype), ty_dtype_name((ty_dtype)tensors[i]->dtype));
        sizes[i] = tensors[i]->numel;
    }
    ty_tensor **made = calloc((size_t)count, sizeof *made);
    if (!made)
        return ty_fail(TY_ERROR_MEMORY, "meshgrid: out of memory for a list of %d tensors", count);
    ty_status status = TY_OK;
    for (int i = 0; i < count && status == TY_OK; i++) {
        int64_t shape[TY_MAX_DIMS];
        for (int d = 0; d < count; d++)
            shape[d] = d == i ? sizes[i] : 1;
        ty_tensor *raised = ty_reshape(tensors[i], count, shape);
        ty_tensor *wide = raised ? ty_expand(raised, count, sizes) : NULL;
        made[i] = wide && xy && count > 1 ? ty_transpose(wide, 0, 1) : ty_retain(wide);
        status = made[i] ? TY_OK : TY_FAIL;
        ty_release(raised);
        ty_release(wide);
    }
    if (status == TY_OK) {
        *grids = made;
        return TY_OK;
    }
    for (int i = 0; i < count; i++)
        ty_release(made[i]);
    free(made);
    return TY_FAIL;
}

/* ---- take, diag, trace ---- */

/* torch.take: the elements of the flattened x at the positions index, in index's shape. */
ty_tensor *ty_take(ty_tensor *x, ty_tensor *index)
{
    if (!x || !index)
        return NULL;
    if (x->numel == 0 && index->numel)
        return tyi_fail(TY_ERROR_INDEX, "take: a tensor without elements has no positions to take from");
    tyi_scope scope = {0};
    ty_tensor *flat = K(ty_reshape(x, 1, (int64_t[]){-1})),
              *numbers = K(tyi_index_numbers("take", index, ty_device_of(x)));
    ty_tensor *places = K(numbers ? ty_reshape(numbers, 1, (int64_t[]){-1}) : NULL), *picked = NULL;
    if (places && tyi_check_range("take", places, 0, x->numel) == TY_OK)
        picked = K(ty_index_select(flat, 0, places));
    ty_tensor *y = picked ? ty_reshape(picked, index->ndim, index->sizes) : NULL;
    tyi_scope_end(&scope);
    return y;
}

/* torch.diag: the diagonal of a matrix, or a square matrix with a vector as its diagonal; diagonal > 0 is above the
 * main one. A copy. */
ty_tensor *ty_diag(ty_tensor *x, int64_t diagonal)
{
    if (!x)
        return NULL;
    if (x->ndim != 1 && x->ndim != 2)
        return tyi_fail(TY_ERROR_VALUE, "diag: it takes a vector or a matrix; this tensor's shape is %s", TYI_SHAPE(x));
    tyi_scope scope = {0};
    ty_tensor *y = NULL;
    if (x->ndim == 2) {
        ty_tensor *view = K(ty_diagonal(x, diagonal, 0, 1));
        y = view ? ty_clone(view) : NULL;
    } else {
        int64_t size, off = diagonal < 0 && diagonal != INT64_MIN ? -diagonal : diagonal;
        if (diagonal == INT64_MIN || __builtin_add_overflow(x->sizes[0], off, &size))
            return tyi_fail(TY_ERROR_VALUE, "diag: diagonal %lld is too far away", (long long)diagonal);
        y = ty_zeros(2, (int64_t[]){size, size}, (ty_dtype)x->dtype, ty_device_of(x));
        ty_tensor *view = K(y ? ty_diagonal(y, diagonal, 0, 1) : NULL), *written = K(view ? ty_copy_(view, x) : NULL);
        if (!written)
            y = tyi_drop(y);
    }
    tyi_scope_end(&scope);
    return y;
}

/* torch.trace: the sum of a matrix's main diagonal. */
ty_tensor *ty_trace(ty_tensor *x)
{
    if (!x)
        return NULL;
    if (x->ndim != 2)
        return tyi_fail(TY_ERROR_VALUE, "trace: it takes a matrix; this tensor's shape is %s", TYI_SHAPE(x));
    ty_tensor *diagonal = ty_diagonal(x, 0, 0, 1), *y = ty_sum(diagonal, 0, NULL, false, TY_DTYPE_NONE);
    ty_release(diagonal);
    return y;
}
