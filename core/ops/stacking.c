/*
 * Joining and splitting under the names of arrays (hstack, vstack, dstack, column_stack, tensor_split), tensors made to
 * fit each other (broadcast_tensors, atleast), and combinations of elements (block_diag, cartesian_prod, combinations,
 * rot90). Composed from cat, narrow and views.
 */
#include <stdlib.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- At least so many dimensions ---- */

/* torch.atleast_1d, _2d, _3d: dimensions of size 1 put in front, for 3 the last one behind. */
ty_tensor *ty_atleast(ty_tensor *x, int ndim)
{
    if (!x)
        return NULL;
    if (x->ndim >= ndim)
        return ty_retain(x);
    int64_t sizes[3] = {1, 1, 1};
    if (x->ndim == 1)
        sizes[ndim == 1 ? 0 : 1] = x->sizes[0];
    else if (x->ndim == 2)
        sizes[0] = x->sizes[0], sizes[1] = x->sizes[1];
    return ty_reshape(x, ndim, sizes);
}

/* torch.hstack ('h'), vstack ('v'), dstack ('d'), column_stack ('c'): joined across, down, in depth; 'c': vectors as
 * columns. */
ty_tensor *ty_stack_as(char how, ty_tensor *const *tensors, int count)
{
    if (count == 0)
        return tyi_fail(TY_ERROR_VALUE, "%cstack: it takes one tensor or more", how);
    ty_tensor **raised = malloc(sizeof *raised * (size_t)count);
    if (!raised) {
        tyi_fail_memory(sizeof *raised * (size_t)count);
        return NULL;
    }
    int outer = tyi_temps_begin(), made = 0;
    for (; made < count; made++) {
        ty_tensor *x = tensors[made];
        if (!x)
            break;
        if (how == 'c')
            x = x->ndim < 2 ? F(reshape, x, 2, (int64_t[]){x->numel, 1}) : x;
        else
            x = HOLD(ty_atleast(x, how == 'h' ? 1 : how == 'v' ? 2 : 3));
        if (!(raised[made] = x))
            break;
    }
    ty_tensor *y = NULL;
    if (made == count)
        y = HOLD(ty_cat(raised, count, how == 'v' || (how == 'h' && raised[0]->ndim == 1) ? 0 : how == 'd' ? 2 : 1));
    free(raised);
    return tyi_composed(outer, y);
}

/* ---- Splitting ---- */

/* torch.tensor_split: views of x before, between and after the given places of dim (from 0; negative ones from the
 * end). *pieces has `count + 1` of them; free() it after releasing each. */
ty_status ty_tensor_split(ty_tensor *x, int count, const int64_t *places, int dim, ty_tensor ***pieces)
{
    *pieces = NULL;
    if (x && x->ndim == 0)
        return ty_fail(TY_ERROR_VALUE, "tensor_split: it takes at least one dimension");
    int d = x ? tyi_wrap_dim("tensor_split", dim, x->ndim) : -1;
    if (d < 0)
        return TY_FAIL;
    ty_tensor **parts = calloc((size_t)count + 1, sizeof *parts);
    if (!parts)
        return tyi_fail_memory(((size_t)count + 1) * sizeof *parts);
    int64_t size = x->sizes[d], start = 0;
    for (int i = 0; i <= count; i++) {
        int64_t end = i == count ? size : places[i] < 0 ? places[i] + size : places[i];
        end = end < 0 ? 0 : end > size ? size : end;
        parts[i] = ty_narrow(x, d, start < size ? start : size, end > start ? end - start : 0);
        if (!parts[i]) {
            while (i-- > 0)
                ty_release(parts[i]);
            free(parts);
            return TY_FAIL;
        }
        start = end;
    }
    *pieces = parts;
    return TY_OK;
}

/* ---- Fitting ---- */

/* torch.broadcast_tensors: each as a view of the shape that all broadcast to. free() the array after releasing each. */
ty_status ty_broadcast_tensors(ty_tensor *const *tensors, int count, ty_tensor ***wide)
{
    *wide = NULL;
    int ndim = 0;
    int64_t sizes[TY_MAX_DIMS];
    ty_tensor so_far = {.ndim = 0};
    for (int i = 0; i < count; i++) {
        if (!tensors[i] || tyi_broadcast("broadcast_tensors", &so_far, tensors[i], &ndim, sizes) != TY_OK)
            return TY_FAIL;
        so_far.ndim = (uint8_t)ndim;
        memcpy(so_far.sizes, sizes, sizeof *sizes * (size_t)ndim);
    }
    ty_tensor **made = calloc((size_t)count + 1, sizeof *made);
    if (!made)
        return tyi_fail_memory(((size_t)count + 1) * sizeof *made);
    for (int i = 0; i < count; i++) {
        if (!(made[i] = ty_expand(tensors[i], ndim, sizes))) {
            while (i-- > 0)
                ty_release(made[i]);
            free(made);
            return TY_FAIL;
        }
    }
    *wide = made;
    return TY_OK;
}

/* torch.squeeze over several dimensions: without those of them that have size 1. */
ty_tensor *ty_squeeze_dims(ty_tensor *x, int ndims, const int64_t *dims)
{
    uint32_t mask;
    if (!x || (ndims && tyi_dim_mask("squeeze", x, ndims, dims, &mask) != TY_OK))
        return NULL;
    ty_retain(x);
    for (int d = x->ndim; d-- > 0 && ndims && x;) {
        if (!(mask & 1u << d))
            continue;
        ty_tensor *less = ty_squeeze_dim(x, d);
        ty_release(x);
        x = less;
    }
    return x;
}

/* ---- Combinations ---- */

/* torch.block_diag: matrices (vectors are rows, numbers 1 by 1) along the diagonal of one, zeros elsewhere. */
ty_tensor *ty_block_diag(ty_tensor *const *tensors, int count)
{
    int64_t columns = 0, before = 0;
    ty_tensor **rows = malloc(sizeof *rows * (size_t)(count + 1));
    if (!rows) {
        tyi_fail_memory(sizeof *rows * (size_t)count);
        return NULL;
    }
    int outer = tyi_temps_begin(), made = 0;
    for (int i = 0; i < count; i++) {
        if (tensors[i] && tensors[i]->ndim > 2) {
            ty_fail(TY_ERROR_VALUE, "block_diag: tensor %lld has shape %s, which is no matrix", tyi_said(i),
                    TYI_SHAPE(tensors[i]));
            goto done;
        }
        if (!tensors[i] || !(rows[i] = HOLD(ty_atleast(tensors[i], 2))))
            goto done;
        columns += rows[i]->sizes[1];
    }
    for (; made < count; made++) {
        ty_tensor *x = rows[made];
        int64_t left[] = {x->sizes[0], before}, right[] = {x->sizes[0], columns - before - x->sizes[1]};
        before += x->sizes[1];
        ty_tensor *parts[] = {HOLD(ty_zeros(2, left, (ty_dtype)x->dtype, x->storage->device)), x,
                              HOLD(ty_zeros(2, right, (ty_dtype)x->dtype, x->storage->device))};
        if (!parts[0] || !parts[2] || !(rows[made] = HOLD(ty_cat(parts, 3, 1))))
            goto done;
    }
done:;
    ty_tensor *y = NULL;
    if (count == 0)
        y = HOLD(ty_zeros(2, (int64_t[]){1, 0}, TY_DTYPE_NONE, TY_DEVICE_CPU));
    else if (made == count)
        y = HOLD(ty_cat(rows, count, 0));
    free(rows);
    return tyi_composed(outer, y);
}

/* torch.cartesian_prod: {n1 n2 ..., count} rows of one element of each vector, the last varying fastest; of one vector,
 * it itself. */
ty_tensor *ty_cartesian_prod(ty_tensor *const *tensors, int count)
{
    for (int i = 0; i < count; i++) {
        if (!tensors[i])
            return NULL;
        if (tensors[i]->ndim != 1)
            return tyi_fail(TY_ERROR_VALUE, "cartesian_prod: tensor %lld has shape %s, which is no vector", tyi_said(i),
                            TYI_SHAPE(tensors[i]));
    }
    if (count == 0)
        return tyi_fail(TY_ERROR_VALUE, "cartesian_prod: it takes one vector or more");
    if (count == 1)
        return ty_clone(tensors[0]);
    ty_tensor **grids = NULL;
    if (ty_meshgrid(tensors, count, false, &grids) != TY_OK)
        return NULL;
    ty_tensor *both = ty_stack(grids, count, -1), *y = both ? ty_reshape(both, 2, (int64_t[]){-1, count}) : NULL;
    for (int i = 0; i < count; i++)
        ty_release(grids[i]);
    free(grids);
    ty_release(both);
    return y;
}

/* torch.combinations: {n, r} rows of r elements of a vector in its order, none twice (repeats: any number of times). */
ty_tensor *ty_combinations(ty_tensor *x, int64_t r, bool repeats)
{
    if (!x)
        return NULL;
    if (x->ndim != 1 || r < 0 || r > TY_MAX_DIMS)
        return tyi_fail(TY_ERROR_VALUE, "combinations: it takes a vector and r from 0 to %d, got %s and %lld",
                        TY_MAX_DIMS, TYI_SHAPE(x), (long long)r);
    if (r == 0)
        return ty_empty(1, (int64_t[]){0}, (ty_dtype)x->dtype, x->storage->device);
    double rows_made = 1;
    for (int64_t i = 0; i < r; i++)
        rows_made *= (double)x->numel;
    if (rows_made > 1 << 26)
        return tyi_fail(TY_ERROR_VALUE, "combinations: %lld of %lld elements are too many", (long long)r,
                        (long long)x->numel);
    int outer = tyi_temps_begin();
    ty_tensor *vectors[TY_MAX_DIMS];
    ty_tensor *order = HOLD(ty_arange(ty_int(0), ty_int(x->numel), ty_int(1), TY_INT64, x->storage->device));
    for (int64_t i = 0; i < r; i++)
        vectors[i] = order;
    ty_tensor *all = order ? HOLD(ty_cartesian_prod(vectors, (int)r)) : NULL,
              *rows = all && r == 1 ? F(unsqueeze, all, 1) : all;
    int64_t across = 1;
    if (rows && r > 1) {
        ty_tensor *later = F(narrow, rows, 1, 1, r - 1), *earlier = F(narrow, rows, 1, 0, r - 1);
        ty_tensor *rising = repeats ? F(ge, later, earlier) : F(gt, later, earlier);
        ty_tensor *kept = rising ? F(nonzero, F(all, rising, 1, &across, false)) : NULL;
        rows = kept ? F(index_select, rows, 0, F(reshape, kept, 1, (int64_t[]){-1})) : NULL;
    }
    return tyi_composed(outer, rows ? F(take, x, rows) : NULL);
}

/* torch.rot90: turned k times by 90 degrees, from dimension dim0 towards dim1. */
ty_tensor *ty_rot90(ty_tensor *x, int64_t k, int dim0, int dim1)
{
    if (!x)
        return NULL;
    int d0 = tyi_wrap_dim("rot90", dim0, x->ndim), d1 = tyi_wrap_dim("rot90", dim1, x->ndim);
    if (d0 < 0 || d1 < 0)
        return NULL;
    if (d0 == d1)
        return tyi_fail(TY_ERROR_VALUE, "rot90: it takes two different dimensions, got %lld twice", tyi_said(d0));
    int turns = (int)((k % 4 + 4) % 4), outer = tyi_temps_begin();
    int64_t first = d0, second = d1, both[] = {d0, d1};
    switch (turns) {
    case 1:
        return tyi_composed(outer, F(transpose, F(flip, x, 1, &second), d0, d1));
    case 2:
        return tyi_composed(outer, F(flip, x, 2, both));
    case 3:
        return tyi_composed(outer, F(transpose, F(flip, x, 1, &first), d0, d1));
    default:
        return tyi_composed(outer, F(clone, x));
    }
}
