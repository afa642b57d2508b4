/*
 * Joining and splitting: cat, stack, split, chunk.
 */
#include <stdlib.h>

#include "ops/ops.h"

typedef struct cat_context {
    int dim, count;
    int64_t starts[]; /* one more than there are inputs */
} cat_context;

static ty_status cat_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const cat_context *c = tyi_context(node);
    for (int i = 0; i < c->count; i++) {
        if (!tyi_wants(node, i))
            continue;
        int64_t start = c->starts[i], length = c->starts[i + 1] - start;
        if (length == 0) /* nothing of it went in */
            continue;
        grad_in[i] = ty_narrow(grad_out[0], c->dim, start, length);
        if (!grad_in[i])
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind cat_node = {"CatBackward0", cat_backward};

/* An empty vector joins with anything, as in PyTorch (a habit of old programs that start from an empty list). */
static bool passed_over(const ty_tensor *x)
{
    return x->ndim == 1 && x->numel == 0;
}

/* torch.cat: one after the other along `dim`; the other sizes must agree. dtypes are promoted. */
ty_tensor *ty_cat(ty_tensor *const *tensors, int count, int dim)
{
    if (count < 1)
        return tyi_fail(TY_ERROR_VALUE, "cat: a list of at least one tensor is needed");
    for (int i = 0; i < count; i++)
        if (!tensors[i])
            return NULL;
    ty_device device;
    if (tyi_same_device("cat", count, tensors, &device) != TY_OK)
        return NULL;
    const ty_tensor *first = NULL;
    for (int i = 0; i < count && !first; i++)
        first = passed_over(tensors[i]) ? NULL : tensors[i];
    if (!first)
        first = tensors[0];
    if (first->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "cat: tensors without dimensions cannot be joined; use stack");
    int d = tyi_wrap_dim("cat", dim, first->ndim);
    if (d < 0)
        return NULL;
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, first->sizes, sizeof *sizes * first->ndim);
    sizes[d] = 0;
    for (int i = 0; i < count; i++) {
        const ty_tensor *x = tensors[i];
        if (passed_over(x))
            continue;
        bool fits = x->ndim == first->ndim;
        for (int k = 0; fits && k < x->ndim; k++)
            fits = k == d || x->sizes[k] == first->sizes[k];
        if (!fits)
            return tyi_fail(TY_ERROR_VALUE,
                            "cat: tensor %lld has shape %s, the first one %s: all sizes but that of dimension %lld "
                            "must agree",
                            tyi_said(i), TYI_SHAPE(x), TYI_SHAPE(first), tyi_said(d));
        sizes[d] += x->sizes[d];
    }
    size_t context_bytes = sizeof(cat_context) + sizeof(int64_t) * (size_t)(count + 1);
    cat_context *context = malloc(context_bytes);
    if (!context) {
        tyi_fail_memory(context_bytes);
        return NULL;
    }
    context->dim = d;
    context->count = count;
    ty_tensor *out = tyi_new(first->ndim, sizes, tyi_result_type(count, tensors), device);
    int64_t start = 0;
    for (int i = 0; out && i < count; i++) {
        ty_tensor *x = tensors[i];
        context->starts[i] = start;
        if (!passed_over(x)) {
            int64_t piece[TY_MAX_DIMS];
            memcpy(piece, sizes, sizeof *sizes * first->ndim);
            piece[d] = x->sizes[d];
            ty_tensor *place = tyi_alias(out, first->ndim, piece, out->strides, start * out->strides[d]);
            if (!place || (x->numel && tyi_copy(place, x) != TY_OK)) {
                ty_release(out);
                out = NULL;
            }
            ty_release(place);
            start += x->sizes[d];
        }
    }
    context->starts[count] = start;
    out = tyi_record(out, &cat_node, count, tensors, 0, NULL, context, context_bytes);
    free(context);
    return out;
}

/* torch.stack: along a new dimension. */
ty_tensor *ty_stack(ty_tensor *const *tensors, int count, int dim)
{
    if (count < 1)
        return tyi_fail(TY_ERROR_VALUE, "stack: a list of at least one tensor is needed");
    ty_tensor **raised = calloc((size_t)count, sizeof *raised), *out = NULL;
    if (!raised) {
        tyi_fail_memory((size_t)count * sizeof *raised);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        if (tensors[i] && !tyi_same_shape(tensors[i], tensors[0])) {
            ty_fail(TY_ERROR_VALUE, "stack: all tensors must have one shape; the first has %s, tensor %lld has %s",
                    TYI_SHAPE(tensors[0]), tyi_said(i), TYI_SHAPE(tensors[i]));
            goto done;
        }
        raised[i] = ty_unsqueeze(tensors[i], dim);
        if (!raised[i])
            goto done;
    }
    out = ty_cat(raised, count, dim < 0 ? dim + tensors[0]->ndim + 1 : dim);
done:
    for (int i = 0; i < count; i++)
        ty_release(raised[i]);
    free(raised);
    return out;
}

/* torch.split: pieces of `size` along a dimension, the last one maybe smaller; views. */
ty_status ty_split(ty_tensor *x, int64_t size, int dim, ty_tensor ***pieces, int *count)
{
    if (!x)
        return TY_FAIL;
    int d = tyi_wrap_dim("split", dim, x->ndim);
    if (d < 0)
        return TY_FAIL;
    if (x->ndim == 0)
        return ty_fail(TY_ERROR_VALUE, "split: a tensor without dimensions cannot be split");
    int64_t all = x->sizes[d];
    if (size < 0 || (size == 0 && all != 0))
        return ty_fail(TY_ERROR_VALUE, "split: the size of a piece must be positive, got %lld", (long long)size);
    int64_t n = all == 0 ? 1 : (all + size - 1) / size;
    if (n > INT32_MAX)
        return ty_fail(TY_ERROR_VALUE, "split: %lld pieces are too many", (long long)n);
    ty_tensor **made = calloc((size_t)n, sizeof *made);
    if (!made)
        return tyi_fail_memory((size_t)n * sizeof *made);
    for (int64_t i = 0; i < n; i++) {
        int64_t start = i * size, length = all - start < size ? all - start : size;
        made[i] = ty_narrow(x, d, start, length);
        if (!made[i]) {
            while (i-- > 0)
                ty_release(made[i]);
            free(made);
            return TY_FAIL;
        }
    }
    *pieces = made;
    *count = (int)n;
    return TY_OK;
}

/* torch.chunk: at most `chunks` pieces of equal size, the last one maybe smaller; views. */
ty_status ty_chunk(ty_tensor *x, int64_t chunks, int dim, ty_tensor ***pieces, int *count)
{
    if (!x)
        return TY_FAIL;
    if (chunks < 1)
        return ty_fail(TY_ERROR_VALUE, "chunk: the number of chunks must be positive, got %lld", (long long)chunks);
    int d = tyi_wrap_dim("chunk", dim, x->ndim);
    if (d < 0)
        return TY_FAIL;
    int64_t size = x->ndim ? x->sizes[d] / chunks + (x->sizes[d] % chunks != 0) : 1;
    return ty_split(x, size ? size : 1, dim, pieces, count);
}
