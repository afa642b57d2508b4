/*
 * Diagonals and triangles: diag_embed, diagflat, block_diag, tril_indices, triu_indices. The view of a diagonal is in
 * view.c, the matrices with a part set to 0 in arrange.c.
 */
#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

typedef struct diagonal_context {
    int64_t offset;
    int dim1, dim2;
} diagonal_context;

static ty_status diag_embed_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const diagonal_context *c = tyi_context(node);
    grad_in[0] = ty_diagonal(grad_out[0], c->offset, c->dim1, c->dim2);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind diag_embed_node = {"DiagEmbedBackward0", diag_embed_backward};

/* torch.diag_embed: x {..., n} as a diagonal of square matrices of zeros, which are in dim1 and dim2 of the result. */
ty_tensor *ty_diag_embed(ty_tensor *x, int64_t offset, int dim1, int dim2)
{
    if (!x)
        return NULL;
    if (x->ndim < 1 || x->ndim >= TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "diag_embed: it takes diagonals {..., n}; this tensor's shape is %s",
                        TYI_SHAPE(x));
    int d1 = tyi_wrap_dim("diag_embed", dim1, x->ndim + 1), d2 = tyi_wrap_dim("diag_embed", dim2, x->ndim + 1), k = 0;
    if (d1 < 0 || d2 < 0)
        return NULL;
    if (d1 == d2)
        return tyi_fail(TY_ERROR_VALUE, "diag_embed: dimension %lld is given twice", tyi_said(d1));
    int64_t n = x->sizes[x->ndim - 1] + (offset < 0 ? -offset : offset), sizes[TY_MAX_DIMS];
    for (int d = 0; d <= x->ndim; d++)
        sizes[d] = d == d1 || d == d2 ? n : x->sizes[k++];
    int outer = tyi_temps_begin();
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = HOLD(ty_zeros(x->ndim + 1, sizes, (ty_dtype)x->dtype, x->storage->device));
    ty_tensor *view = y ? F(diagonal, y, offset, d1, d2) : NULL, *done = view ? F(copy_, view, x) : NULL;
    ty_set_grad_enabled(was);
    diagonal_context c = {offset, d1, d2};
    if (done)
        y = HOLD(tyi_record(ty_retain(y), &diag_embed_node, 1, &x, 0, NULL, &c, sizeof c));
    return tyi_composed(outer, done ? y : NULL);
}

/* {2, k}: the rows and columns of the elements of a {rows, columns} matrix where column - row <= offset (lower) or
 * >= offset. */
static ty_tensor *triangle_indices(const char *name, bool lower, int64_t rows, int64_t columns, int64_t offset,
                                   ty_dtype dtype, ty_device device)
{
    if (rows < 0 || columns < 0)
        return tyi_fail(TY_ERROR_VALUE, "%s: the sizes must not be negative, got %lld and %lld", name, (long long)rows,
                        (long long)columns);
    int64_t sizes[] = {rows, columns};
    int outer = tyi_temps_begin();
    ty_tensor *all = HOLD(ty_ones(2, sizes, TY_BOOL, device));
    ty_tensor *kept = !all ? NULL : lower ? F(tril, all, offset) : F(triu, all, offset);
    ty_tensor *places = kept ? F(t, F(nonzero, kept)) : NULL;
    return tyi_composed(outer, places ? F(contiguous, F(to_dtype, places, dtype)) : NULL);
}

/* torch.tril_indices: int64 {2, k}, the places of a lower triangle row by row. */
ty_tensor *ty_tril_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device)
{
    return triangle_indices("tril_indices", true, rows, columns, offset, dtype == TY_DTYPE_NONE ? TY_INT64 : dtype,
                            device);
}

/* torch.triu_indices: the same for an upper triangle. */
ty_tensor *ty_triu_indices(int64_t rows, int64_t columns, int64_t offset, ty_dtype dtype, ty_device device)
{
    return triangle_indices("triu_indices", false, rows, columns, offset, dtype == TY_DTYPE_NONE ? TY_INT64 : dtype,
                            device);
}
