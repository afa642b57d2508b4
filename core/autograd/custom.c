/*
 * Functions with a gradient of the caller's own: what was computed outside the tape becomes one node of it. The node
 * holds its own kind, because its name is made at run time, and the shapes that gradients are held against.
 */
#include <stdio.h>
#include <stdlib.h>

#include "autograd/node.h"

#define NAME_BYTES 96

/* A tensor's kind without the tensor. */
typedef struct outline {
    int8_t dtype;
    uint8_t ndim;
    ty_device device;
    int64_t sizes[TY_MAX_DIMS];
} outline;

/* What stands in the node's context: this, then the outlines of inputs and outputs. */
typedef struct custom_context {
    tyi_node_kind kind;
    char name[NAME_BYTES];
    outline of[];
} custom_context;

static outline outline_of(const ty_tensor *x)
{
    outline o = {.dtype = x->dtype, .ndim = x->ndim, .device = x->storage->device};
    memcpy(o.sizes, x->sizes, sizeof *x->sizes * x->ndim);
    return o;
}

/* Whether x broadcasts from the outline's shape: then its sum over the stretched dimensions is a gradient of it. */
static bool stretches(const outline *o, const ty_tensor *x)
{
    int lead = x->ndim - o->ndim;
    for (int d = 0; d < o->ndim && lead >= 0; d++)
        if (o->sizes[d] != x->sizes[lead + d] && o->sizes[d] != 1)
            return false;
    return lead >= 0;
}

/* The gradient (taken over) summed to the outline's shape. */
static ty_tensor *sum_to(const outline *o, ty_tensor *grad)
{
    int64_t dims[TY_MAX_DIMS];
    int count = 0, lead = grad->ndim - o->ndim;
    for (int d = 0; d < grad->ndim; d++)
        if (d < lead || (o->sizes[d - lead] == 1 && grad->sizes[d] != 1))
            dims[count++] = d;
    ty_tensor *sum = count ? ty_sum(grad, count, dims, true, TY_DTYPE_NONE) : ty_retain(grad);
    ty_tensor *y = sum ? ty_reshape(sum, o->ndim, o->sizes) : NULL;
    ty_release(sum);
    ty_release(grad);
    return y;
}

/* Gradients that the caller's function gave: what nobody wants goes, the others must have their input's shape. */
static ty_status check_gradients(tyi_node *node, const outline *inputs, ty_tensor **grad_in)
{
    for (int i = 0; i < node->inputs; i++) {
        ty_tensor *grad = grad_in[i];
        if (!grad)
            continue;
        if (!tyi_wants(node, i)) {
            ty_release(grad);
            grad_in[i] = NULL;
            continue;
        }
        const outline *o = &inputs[i];
        bool same = grad->ndim == o->ndim && memcmp(grad->sizes, o->sizes, sizeof *o->sizes * o->ndim) == 0;
        if (same)
            continue;
        if (!stretches(o, grad)) {
            tyi_text wanted = tyi_shape_text(o->ndim, o->sizes);
            return ty_fail(TY_ERROR_VALUE, "backward: %s gave a gradient of shape %s for its input %lld, of shape %s",
                           node->kind->name, TYI_SHAPE(grad), tyi_said(i), wanted.s);
        }
        grad_in[i] = sum_to(o, grad);
        if (!grad_in[i])
            return TY_FAIL;
    }
    return TY_OK;
}

ty_status tyi_custom_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const custom_context *c = node->context;
    const ty_function *custom = &node->extra->custom;
    ty_tensor **grads = calloc((size_t)node->outputs + 1, sizeof *grads);
    if (!grads)
        return tyi_fail_memory((size_t)node->outputs * sizeof *grads);
    ty_status status = TY_OK;
    for (int i = 0; i < node->outputs && status == TY_OK; i++) {
        const outline *o = &c->of[node->inputs + i];
        grads[i] = grad_out[i];
        if (!grads[i] && custom->materialize_grads && o->dtype != TY_DTYPE_NONE) {
            grads[i] = tyi_temp(ty_zeros(o->ndim, o->sizes, (ty_dtype)o->dtype, o->device));
            status = grads[i] ? TY_OK : TY_FAIL;
        }
    }
    if (status == TY_OK)
        status = custom->backward(custom->data, (ty_node){node, NULL}, grads, grad_in);
    free(grads);
    return status == TY_OK ? check_gradients(node, c->of, grad_in) : TY_FAIL;
}

/* ---- Recording ---- */

static bool among(const ty_tensor *x, int count, ty_tensor *const *list)
{
    for (int i = 0; i < count; i++)
        if (list[i] == x)
            return true;
    return false;
}

/* Outputs that are somebody's already get a handle of their own; those changed in place must be inputs. */
static ty_status part_outputs(const char *name, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                              ty_tensor **outputs, const unsigned char *flags)
{
    for (int i = 0; i < outputs_count; i++) {
        ty_tensor *x = outputs[i];
        if (flags[i] & TY_OUTPUT_DIRTY) {
            if (!among(x, inputs_count, inputs))
                return ty_fail(TY_ERROR_VALUE,
                               "%s: result %lld is marked dirty, but is no input: only an input that was changed in "
                               "place is dirty",
                               name, tyi_said(i));
            if (tyi_inplace_begin(name, x) != TY_OK)
                return TY_FAIL;
            continue;
        }
        if (!among(x, inputs_count, inputs) && !among(x, i, outputs) && !ty_requires_grad(x))
            continue;
        ty_tensor *alias = ty_detach(x);
        tyi_record_of *record = alias ? tyi_meta_make(alias) : NULL;
        if (!record) {
            ty_release(alias);
            return TY_FAIL;
        }
        /* A view whose base would not know of a change: it cannot be changed in place. */
        const tyi_record_of *of_x = tyi_meta_of(x);
        record->base = ty_retain(of_x && of_x->base ? of_x->base : x);
        record->view_without_grad = true;
        outputs[i] = alias;
        ty_release(x);
    }
    return TY_OK;
}

/* The node with all that it holds but the caller's data; NULL on failure. */
static tyi_node *make_node(const ty_function *function, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                           ty_tensor *const *outputs, const unsigned char *flags, int saved_count,
                           ty_tensor *const *saved)
{
    tyi_node_kind kind = {"CustomBackward", tyi_custom_backward}; /* until the node's own is filled in */
    size_t bytes = sizeof(custom_context) + (size_t)(inputs_count + outputs_count) * sizeof(outline);
    tyi_node *node = tyi_node_new(&kind, inputs_count, saved_count, outputs_count, bytes);
    if (!node)
        return NULL;
    custom_context *c = node->context;
    c->kind = (tyi_node_kind){c->name, tyi_custom_backward};
    snprintf(c->name, sizeof c->name, "%s", function->name);
    node->kind = &c->kind;
    bool ok = tyi_extra_make(node) != NULL;
    for (int i = 0; i < inputs_count; i++) {
        c->of[i] = outline_of(inputs[i]);
        tyi_node_connect(node, i, inputs[i]);
    }
    for (int i = 0; i < outputs_count; i++) {
        bool constant = (flags[i] & TY_OUTPUT_CONSTANT) || !ty_dtype_is_floating((ty_dtype)outputs[i]->dtype);
        c->of[inputs_count + i] = outline_of(outputs[i]);
        node->output[i].dtype = constant ? TY_DTYPE_NONE : outputs[i]->dtype;
    }
    for (int i = 0; i < saved_count && ok; i++)
        ok = tyi_node_save(node, i, saved[i], outputs_count, outputs) == TY_OK;
    if (!ok) {
        tyi_node_release(node);
        return NULL;
    }
    return node;
}

/* Gives an output its history; takes a reference to the node of its own. */
static ty_status attach(tyi_node *node, int nr, ty_tensor *x, bool dirty, int inputs_count, ty_tensor *const *inputs)
{
    if (node->output[nr].dtype == TY_DTYPE_NONE)
        return TY_OK;
    const tyi_record_of *record = tyi_meta_of(x);
    if (!dirty || !record || !record->base)
        return tyi_set_history(x, tyi_node_retain(node), nr);
    if (node->outputs > 1)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: a view that was changed in place must be the only result; return it alone, or work on a "
                       "clone",
                       node->kind->name);
    int at = 0;
    while (at < inputs_count && inputs[at] != x)
        at++;
    ty_tensor *done = tyi_inplace_rebase(x, tyi_node_retain(node), at);
    ty_release(done);
    return done ? TY_OK : TY_FAIL;
}

ty_status ty_record_function(const ty_function *function, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                             ty_tensor **outputs, const unsigned char *flags, int saved_count, ty_tensor *const *saved)
{
    tyi_node *node = NULL;
    ty_status status = part_outputs(function->name, inputs_count, inputs, outputs_count, outputs, flags);
    if (status == TY_OK && tyi_needs_grad(inputs_count, inputs)) {
        node = make_node(function, inputs_count, inputs, outputs_count, outputs, flags, saved_count, saved);
        status = node ? TY_OK : TY_FAIL;
    }
    if (!node) {
        if (function->release)
            function->release(function->data);
        return status;
    }
    node->extra->custom = *function;
    node->extra->custom.name = node->kind->name;
    for (int i = 0; i < outputs_count && status == TY_OK; i++)
        status = attach(node, i, outputs[i], flags[i] & TY_OUTPUT_DIRTY, inputs_count, inputs);
    tyi_node_release(node);
    return status;
}
