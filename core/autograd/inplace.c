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

/* inputs: the base as it was, then the inner node's inputs but its first (which is the slice as it was). */
static ty_status copy_slices_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const ty_tensor *geometry = node->saved[0].x;
    tyi_node *inner = node->inner;
    if (node->released)
        return tyi_saved(node, 0) ? TY_OK : TY_FAIL;
    ty_tensor *whole = ty_clone(grad_out[0]);
    if (whole && !whole->contiguous) {
        ty_tensor *dense = ty_contiguous(whole);
        ty_release(whole);
        whole = dense;
    }
    /* The rule sees the gradient of the slice; a view by the same geometry works because the base is dense and
     * row-major, which is checked when the node is made. */
    ty_tensor *slice = whole ? tyi_temp(tyi_restrided(whole, geometry)) : NULL;
    ty_tensor *slice_grad = slice ? tyi_temp(ty_clone(slice)) : NULL;
    ty_tensor *inner_in[16] = {NULL};
    if (!slice_grad || tyi_run_rule(inner, &slice_grad, inner_in) != TY_OK) {
        for (int i = 0; i < inner->inputs; i++)
            ty_release(inner_in[i]);
        ty_release(whole);
        return TY_FAIL;
    }
    ty_status status = TY_OK;
    if (tyi_wants(node, 0)) {
        ty_tensor *done = inner_in[0] ? ty_copy_(slice, inner_in[0]) : ty_zero_(slice);
        status = done ? TY_OK : TY_FAIL;
        ty_release(done);
        grad_in[0] = ty_retain(whole);
    }
    ty_release(whole);
    ty_release(inner_in[0]);
    for (int i = 1; i < inner->inputs; i++)
        grad_in[i] = inner_in[i];
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
        return tyi_fail(
            TY_ERROR_VALUE,
            "%s: this view was made inside no_grad, and is changed in place with gradients on: make the view outside "
            "no_grad, or detach it",
            kind->name);
    if (inputs_count > 16)
        return tyi_fail(TY_ERROR_VALUE, "%s: too many inputs for an in-place op", kind->name);
    ty_tensor *base = record ? record->base : NULL;
    if (base && !base->contiguous)
        return tyi_fail(
            TY_ERROR_VALUE,
            "%s: a view of a tensor that is not contiguous cannot be changed in place with gradients on; call "
            "contiguous() first",
            kind->name);
    tyi_node *inner = tyi_node_make(kind, inputs_count, inputs, 1, &x, saved_count, saved, context, context_bytes);
    if (!inner)
        return NULL;
    tyi_bump_version(x);
    for (int i = 0; i < saved_count; i++)
        if (saved[i] == x)
            inner->saved[i].version = ty_version(x); /* the result is saved as it is after the op */
    if (!base)
        return tyi_set_history(x, inner, 0) == TY_OK ? ty_retain(x) : NULL;
    tyi_node *node = tyi_node_new(&copy_slices, inputs_count, 1, 1, 0);
    if (!node) {
        tyi_node_release(inner);
        return NULL;
    }
    node->inner = inner;
    node->output[0].dtype = base->dtype;
    /* Geometry within a copy of the base, which begins at its own start. */
    node->saved[0].x = tyi_alias(x, x->ndim, x->sizes, x->strides, x->offset - base->offset);
    node->saved[0].version = ty_version(x);
    node->saved[0].storage = x->storage;
    /* The rule of the inner node must give the slice's old gradient exactly when the base's is wanted. */
    tyi_edge before = {NULL, NULL, 0};
    if (base->meta)
        before = tyi_history(base);
    node->edges[0] = (tyi_edge){tyi_node_retain(before.node), ty_retain(before.leaf), before.nr};
    if (inner->edges[0].node || inner->edges[0].leaf) {
        tyi_node_release(inner->edges[0].node);
        ty_release(inner->edges[0].leaf);
    }
    inner->edges[0] = (tyi_edge){tyi_node_retain(before.node), ty_retain(before.leaf), before.nr};
    for (int i = 1; i < inputs_count; i++) {
        tyi_edge edge = inner->edges[i];
        node->edges[i] = (tyi_edge){tyi_node_retain(edge.node), ty_retain(edge.leaf), edge.nr};
    }
    if (!node->saved[0].x || tyi_set_history(base, node, 0) != TY_OK) {
        if (!node->saved[0].x)
            tyi_node_release(node);
        return NULL;
    }
    /* x makes its own history anew from the base's when it is next asked for. */
    record->view_version = ty_version(x) - 1;
    return ty_retain(x);
}
