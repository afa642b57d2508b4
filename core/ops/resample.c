/*
 * Weighted sums along one dimension: see resample.h. The transposed map is the same kernel run backwards, so the rule
 * of either is the other.
 */
#include "ops/resample.h"

#include <stdlib.h>

typedef struct resample_context {
    int dim;
    int64_t in; /* size of the dimension before */
    bool back;
} resample_context;

ty_status tyi_taps_new(tyi_taps *t, int64_t out, int64_t taps)
{
    *t = (tyi_taps){.out = out, .taps = taps};
    size_t count = (size_t)(out * taps);
    if (out >= INT32_MAX || taps >= INT32_MAX)
        return tyi_fail_memory(SIZE_MAX);
    t->index = calloc(count ? count : 1, sizeof *t->index);
    t->weight = calloc(count ? count : 1, sizeof *t->weight);
    if (t->index && t->weight)
        return TY_OK;
    tyi_taps_free(t);
    return tyi_fail_memory(count * sizeof *t->index);
}

void tyi_taps_free(tyi_taps *t)
{
    free(t->index);
    free(t->weight);
    t->index = NULL;
    t->weight = NULL;
}

static ty_tensor *mapped(ty_tensor *x, const resample_context *c, ty_tensor *index, ty_tensor *weight);

static ty_status resample_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    resample_context c = *(const resample_context *)tyi_context(node);
    ty_tensor *index = tyi_saved(node, 0), *weight = tyi_saved(node, 1);
    c.back = !c.back;
    grad_in[0] = index && weight ? mapped(grad_out[0], &c, index, weight) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind resample_kind = {"ResampleBackward0", resample_backward};

static ty_status run(const tyi_backend *backend, const resample_context *c, ty_tensor *x, ty_tensor *y,
                     ty_tensor *index, ty_tensor *weight)
{
    ty_tensor *in = c->back ? y : x, *out = c->back ? x : y;
    tyi_resample_args args = {.back = c->back,
                              .dtype = (ty_dtype)x->dtype,
                              .outer = 1,
                              .in = c->in,
                              .out = index->sizes[0],
                              .inner = 1,
                              .taps = index->sizes[1],
                              .index = tyi_data(index),
                              .weight = tyi_data(weight),
                              .x = tyi_data(in),
                              .y = tyi_data(out)};
    for (int d = 0; d < x->ndim; d++)
        if (d != c->dim)
            *(d < c->dim ? &args.outer : &args.inner) *= x->sizes[d];
    return backend->resample(&args);
}

static ty_tensor *mapped(ty_tensor *x, const resample_context *c, ty_tensor *index, ty_tensor *weight)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    int64_t sizes[TY_MAX_DIMS];
    memcpy(sizes, x->sizes, sizeof *sizes * x->ndim);
    sizes[c->dim] = c->back ? c->in : index->sizes[0];
    ty_tensor *dense = backend ? tyi_dense(x) : NULL;
    ty_tensor *y = dense ? tyi_new(x->ndim, sizes, (ty_dtype)x->dtype, x->storage->device) : NULL;
    if (y && y->numel && run(backend, c, dense, y, index, weight) != TY_OK)
        y = tyi_drop(y);
    ty_release(dense);
    return tyi_record(y, &resample_kind, TYI_LIST(x), TYI_LIST(index, weight), c, sizeof *c);
}

/* A table's array as a tensor of a dtype where x is. */
static ty_tensor *table(const void *values, ty_dtype from, const tyi_taps *t, ty_dtype dtype, const ty_tensor *x)
{
    ty_tensor *host = ty_from_data(values, 2, (int64_t[]){t->out, t->taps}, from);
    ty_tensor *there = host ? ty_to(host, dtype, x->storage->device, false) : NULL;
    ty_release(host);
    return there;
}

ty_tensor *tyi_resample(ty_tensor *x, int dim, const tyi_taps *taps)
{
    ty_dtype dtype = (ty_dtype)x->dtype;
    resample_context c = {dim, x->sizes[dim], false};
    ty_tensor *index = table(taps->index, TY_INT64, taps, TY_INT64, x), *y = NULL;
    if (!index)
        return NULL;
    if (dtype == TY_FLOAT32 || dtype == TY_FLOAT64) {
        ty_tensor *weight = table(taps->weight, TY_FLOAT64, taps, dtype, x);
        y = weight ? mapped(x, &c, index, weight) : NULL;
        ty_release(weight);
    } else {
        ty_tensor *flat = ty_view(index, 1, (int64_t[]){taps->out});
        y = flat ? ty_index_select(x, dim, flat) : NULL;
        ty_release(flat);
    }
    ty_release(index);
    return y;
}
