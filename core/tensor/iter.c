/*
 * Building a walk over tensors that broadcast together.
 */
#include "tensor/iter.h"

#include "tensor/tensor.h"

/* Whether dimension a must stand outside dimension b: the first operand that tells them apart decides. */
static bool is_outer(const int64_t strides[][TY_MAX_DIMS], int count, int a, int b)
{
    for (int i = 0; i < count; i++) {
        int64_t sa = strides[i][a], sb = strides[i][b];
        if (sa == sb || sa == 0 || sb == 0)
            continue;
        return sa > sb;
    }
    return a < b;
}

void tyi_iter_build(tyi_iter *iter, ty_dtype compute, int count, ty_tensor *const *operands)
{
    const ty_tensor *out = operands[0];
    int ndim = out->ndim;
    int64_t strides[TYI_MAX_OPERANDS][TY_MAX_DIMS];
    iter->count = count;
    iter->numel = out->numel;
    iter->compute = compute;
    bool flat = true; /* everything contiguous and of one shape (or a single element): one run */
    bool on_host = out->storage->device.type == TY_CPU;
    for (int i = 0; i < count; i++) {
        const ty_tensor *x = operands[i];
        tyi_operand *o = &iter->operands[i];
        o->data = tyi_data(x);
        o->dtype = (ty_dtype)x->dtype;
        o->host = !on_host && x->storage->device.type == TY_CPU;
        o->strides[0] = x->numel == iter->numel ? (int64_t)tyi_dtype_size((ty_dtype)x->dtype) : 0;
        flat = flat && (x->numel == 1 || (x->contiguous && x->numel == iter->numel));
    }
    if (flat) {
        iter->ndim = 1;
        iter->sizes[0] = iter->numel;
        return;
    }
    for (int i = 0; i < count; i++) {
        const ty_tensor *x = operands[i];
        int64_t size = (int64_t)tyi_dtype_size((ty_dtype)x->dtype);
        for (int d = 0; d < ndim; d++) {
            int dx = d - (ndim - x->ndim);
            strides[i][d] = dx < 0 || (x->sizes[dx] == 1) ? 0 : x->strides[dx] * size;
        }
    }
    /* Order of dimensions, outermost first, without those of size 1. */
    int order[TY_MAX_DIMS], n = 0;
    for (int d = 0; d < ndim; d++) {
        if (out->sizes[d] == 1)
            continue;
        int at = n++;
        for (; at > 0 && !is_outer((const int64_t(*)[TY_MAX_DIMS])strides, count, order[at - 1], d); at--)
            order[at] = order[at - 1];
        order[at] = d;
    }
    /* Merge neighbours that every operand walks as one. */
    int m = 0;
    for (int k = 0; k < n; k++) {
        int d = order[k];
        bool merge = m > 0;
        for (int i = 0; merge && i < count; i++)
            merge = iter->operands[i].strides[m - 1] == strides[i][d] * out->sizes[d];
        if (merge) {
            iter->sizes[m - 1] *= out->sizes[d];
        } else {
            iter->sizes[m] = out->sizes[d];
            m++;
        }
        for (int i = 0; i < count; i++)
            iter->operands[i].strides[m - 1] = strides[i][d];
    }
    if (m == 0) {
        iter->sizes[0] = out->numel;
        for (int i = 0; i < count; i++)
            iter->operands[i].strides[0] = (int64_t)tyi_dtype_size((ty_dtype)operands[i]->dtype);
        m = 1;
    }
    iter->ndim = m;
}
