/*
 * In-place ops and history. Changing a tensor gives it a new history; changing a view of a tensor gives the tensor a
 * new history (CopySlices: "what was there, with this slice replaced"), from which its views make theirs anew when next
 * asked.
 */
#include "autograd/node.h"

ty_status tyi_inplace_begin(const char *name, ty_tensor *x)
{
    if (!x)
        return TY_FAIL;
    if (tyi_overlaps_itself(x))
        return ty_fail(
            TY_ERROR_VALUE,
            "%s: several elements of this tensor are one place in memory (as after expand), so it cannot be changed "
            "in place; clone it first",
            name);
    if (x->storage->inference && !tyi_inference_mode)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: a tensor made in inference mode cannot be changed in place outside it; use a clone of it, "
                       "x:clone()",
                       name);
    if (!ty_grad_enabled() || !x->meta)
        return TY_OK;
    tyi_record_of *record = tyi_meta_of(x);
    if (record->requires_grad && ty_is_leaf(x))
        return ty_fail(
            TY_ERROR_VALUE,
            "%s: a leaf tensor that requires a gradient cannot be changed in place; do it inside ty.no_grad, or on "
            "x:detach()",
            name);
    if (record->base && ty_is_leaf(record->base) && tyi_meta_of(record->base) &&
        tyi_meta_of(record->base)->requires_grad && !record->view_without_grad)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: a view of a leaf tensor that requires a gradient cannot be changed in place; do it inside "
                       "ty.no_grad, or on a detached tensor",
                       name);
    return TY_OK;
}

/* ---- CopySlices ---- */

#define INNER_MOST 16 /* inputs of an op on a slice */

/* Where the base's memory lay, and which input of the inner node is the slice. */
typedef struct slices_context {
    int at, ndim;
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
} slices_context;

/* A tensor of zeros whose elements lie as the base's did: the slice's geometry is valid in it. */
static ty_tensor *laid_out_as_base(const slices_context *c, ty_dtype dtype, ty_device device)
{
    int64_t extent = 1;
    for (int d = 0; d < c->ndim; d++) {
        if (c->sizes[d] == 0)
            extent = 0;
        if (extent > 0)
            extent += (c->sizes[d] - 1) * c->strides[d];
    }
    ty_tensor *memory = ty_zeros(1, &extent, dtype, device);
    if (!memory)
        return NULL;
    ty_tensor *whole = tyi_alias(memory, c->ndim, c->sizes, c->strides, 0);
    ty_release(memory);
    return whole;
}

ty_status tyi_slice_history(tyi_node *node, ty_tensor *x)
{
    ty_tensor *whole = laid_out_as_base(node->context, (ty_dtype)x->dtype, x->storage->device), *slice = NULL;
    ty_status status = whole ? tyi_set_history(whole, tyi_node_retain(node), 0) : TY_FAIL;
    if (status == TY_OK)
        slice = tyi_restrided(whole, node->saved[0].x);
    if (slice) {
        const tyi_record_of *record = tyi_meta_of(slice);
        status = tyi_set_history(x, tyi_node_retain(record->node), record->nr);
    }
    ty_release(whole);
    ty_release(slice);
    return slice ? status : TY_FAIL;
}

/* inputs: the base as it was, then the inner node's inputs but the one that is the slice as it was. */
static ty_status copy_slices_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const ty_tensor *geometry = node->saved[0].x;
    const slices_context *c = node->context;
    tyi_node *inner = node->inner;
    if (node->released)
        return tyi_saved(node, 0) ? TY_OK : TY_FAIL;
    ty_tensor *whole = tyi_temp(laid_out_as_base(c, (ty_dtype)grad_out[0]->dtype, grad_out[0]->storage->device));
    ty_tensor *filled = whole ? tyi_temp(ty_copy_(whole, grad_out[0])) : NULL;
    ty_tensor *slice = filled ? tyi_temp(tyi_restrided(whole, geometry)) : NULL;
    ty_tensor *slice_grad = slice ? tyi_temp(ty_clone(slice)) : NULL;
    ty_tensor *inner_in[INNER_MOST] = {NULL};
    ty_status status = slice_grad ? tyi_run_rule(inner, &slice_grad, inner_in) : TY_FAIL;
    if (status == TY_OK && tyi_wants(node, 0)) {
        ty_tensor *done = inner_in[c->at] ? ty_copy_(slice, inner_in[c->at]) : ty_zero_(slice);
        status = done ? TY_OK : TY_FAIL;
        ty_release(done);
        grad_in[0] = status == TY_OK ? ty_retain(whole) : NULL;
    }
    for (int i = 0, k = 1; i < inner->inputs; i++) {
        if (i != c->at && status == TY_OK)
            grad_in[k++] = inner_in[i];
        else
            ty_release(inner_in[i]);
    }
    return status;
}

static const tyi_node_kind copy_slices = {"CopySlices", copy_slices_backward};

/* The new values depend on nothing: the old ones get a gradient of zero. */
static ty_status overwritten_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    (void)node, (void)grad_out, (void)grad_in;
    return TY_OK;
}

static const tyi_node_kind overwritten = {"FillBackward0", overwritten_backward};

static void *refuse_view(const char *name)
{
    return tyi_fail(TY_ERROR_VALUE,
                    "%s: this view was made inside no_grad, or is what a function with its own gradient (or a hook of "
                    "a module) passed "
                    "on; with gradients on it cannot be changed in place: use the form without '_', or detach it",
                    name);
}

/* The node of the base's new history. NULL on failure. */
static tyi_node *slices_node(ty_tensor *x, ty_tensor *base, tyi_node *inner, int at)
{
    tyi_node *node = tyi_node_new(&copy_slices, inner->inputs, 1, 1, sizeof(slices_context));
    if (!node)
        return NULL;
    slices_context *c = node->context;
    c->at = at;
    c->ndim = base->ndim;
    memcpy(c->sizes, base->sizes, sizeof *c->sizes * base->ndim);
    memcpy(c->strides, base->strides, sizeof *c->strides * base->ndim);
    node->inner = tyi_node_retain(inner);
    inner->slices = node;
    node->output[0].dtype = base->dtype;
    /* Geometry within a copy of the base, which begins at its own start. */
    node->saved[0].x = tyi_alias(x, x->ndim, x->sizes, x->strides, x->offset - base->offset);
    node->saved[0].version = ty_version(x);
    node->saved[0].storage = x->storage;
    if (!node->saved[0].x) {
        tyi_node_release(node);
        return NULL;
    }
    tyi_node_connect(node, 0, base);
    /* The inner rule must give the slice's old gradient exactly when the base's is wanted. */
    tyi_node_release(inner->edges[at].node);
    ty_release(inner->edges[at].leaf);
    tyi_node_connect(inner, at, base);
    for (int i = 0, k = 1; i < inner->inputs; i++) {
        tyi_edge edge = inner->edges[i];
        if (i != at)
            node->edges[k++] = (tyi_edge){tyi_node_retain(edge.node), ty_retain(edge.leaf), edge.nr};
    }
    return node;
}

ty_tensor *tyi_inplace_rebase(ty_tensor *x, tyi_node *inner, int at)
{
    tyi_record_of *record = tyi_meta_of(x);
    tyi_node *node = NULL;
    if (record->view_without_grad)
        refuse_view(inner->kind->name);
    else if (tyi_overlaps_itself(record->base))
        ty_fail(
            TY_ERROR_VALUE,
            "%s: several elements of the tensor that this is a view of are one place in memory, so with gradients on "
            "it cannot be changed in place; clone it first",
            inner->kind->name);
    else if (inner->inputs > INNER_MOST)
        ty_fail(TY_ERROR_VALUE, "%s: too many inputs for an in-place op", inner->kind->name);
    else
        node = slices_node(x, record->base, inner, at);
    tyi_node_release(inner);
    if (!node || tyi_set_history(record->base, node, 0) != TY_OK)
        return NULL;
    /* x makes its own history anew from the base's when it is next asked for. */
    record->view_version = ty_version(x) - 1;
    return ty_retain(x);
}

ty_tensor *tyi_inplace_record(ty_tensor *x, const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs,
                              int saved_count, ty_tensor *const *saved, const void *context, size_t context_bytes)
{
    tyi_record_of *record = tyi_meta_of(x);
    ty_tensor *only = x;
    if (!kind) {
        kind = &overwritten;
        inputs_count = 1;
        inputs = &only;
        saved_count = 0;
    }
    /* Whole numbers carry no gradient on, whatever was written into them. */
    bool wanted = ty_dtype_is_floating((ty_dtype)x->dtype) && tyi_needs_grad(inputs_count, inputs);
    if (!wanted) {
        /* A view's own history stays right: nothing that asks for gradients went in. */
        tyi_bump_version(x);
        return ty_retain(x);
    }
    if (record && record->base && record->view_without_grad)
        return refuse_view(kind->name);
    tyi_node *inner = tyi_node_make(kind, inputs_count, inputs, 1, &x, saved_count, saved, context, context_bytes);
    if (!inner)
        return NULL;
    tyi_bump_version(x);
    for (int i = 0; i < saved_count; i++)
        if (saved[i] == x)
            inner->saved[i].version = ty_version(x); /* the result is saved as it is after the op */
    if (!record || !record->base)
        return tyi_set_history(x, inner, 0) == TY_OK ? ty_retain(x) : NULL;
    return tyi_inplace_rebase(x, inner, 0);
}
