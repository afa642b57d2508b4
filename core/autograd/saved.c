/*
 * What nodes save for their gradient rules, and what rules see of it: saved tensors with their versions, values that
 * went through saved-tensor hooks, and temporaries that live as long as a rule runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "autograd/node.h"

/* ---- Saving ---- */

static _Thread_local ty_saved_hooks saved_hooks; /* pack NULL: none */

void ty_set_saved_hooks(const ty_saved_hooks *hooks)
{
    saved_hooks = hooks ? *hooks : (ty_saved_hooks){NULL, NULL, NULL, NULL};
}

static void packed_free(tyi_packed *p)
{
    if (p->value && p->hooks.release)
        p->hooks.release(p->hooks.data, p->value);
    ty_release(p->leaf);
    ty_release(p->unpacked);
    free(p);
}

/* Puts what the hooks make of x into s. */
static ty_status pack(tyi_saved_tensor *s, ty_tensor *x, ty_tensor *leaf)
{
    tyi_packed *p = calloc(1, sizeof *p);
    if (!p)
        return tyi_fail_memory(sizeof *p);
    p->hooks = saved_hooks;
    p->leaf = ty_retain(leaf);
    p->dtype = x->dtype;
    p->ndim = x->ndim;
    p->contiguous = x->contiguous;
    memcpy(p->sizes, x->sizes, sizeof *p->sizes * x->ndim);
    ty_tensor *alias = ty_detach(x);
    bool was = ty_set_grad_enabled(false);
    p->value = alias ? p->hooks.pack(p->hooks.data, alias) : NULL;
    ty_set_grad_enabled(was);
    ty_release(alias);
    if (!p->value) {
        packed_free(p);
        return TY_FAIL;
    }
    s->packed = p;
    return TY_OK;
}

ty_status tyi_node_save(tyi_node *node, int i, ty_tensor *x, int outputs_count, ty_tensor *const *outputs)
{
    tyi_saved_tensor *s = &node->saved[i];
    if (!x)
        return TY_OK;
    if (x->storage->inference)
        return ty_fail(
            TY_ERROR_VALUE,
            "%s: a tensor made in inference mode, %s, cannot be saved for a gradient; use a clone of it that "
            "is made outside inference mode",
            node->kind->name, TYI_DESCRIBE(x));
    s->version = ty_version(x);
    s->storage = x->storage;
    for (int k = 0; k < outputs_count; k++) {
        if (outputs[k] == x) {
            s->output = true;
            s->nr = k;
        }
    }
    tyi_edge edge = s->output ? (tyi_edge){NULL, NULL, 0} : tyi_history(x);
    if (edge.node) {
        s->node = tyi_node_retain(edge.node);
        s->nr = edge.nr;
        if (edge.node->extra)
            tyi_hooks_used(&edge.node->extra->hooks);
    }
    if (saved_hooks.pack && !x->wrapped) {
        node->packed = true;
        return pack(s, x, edge.leaf);
    }
    if (edge.leaf) {
        s->x = ty_retain(x);
        return TY_OK;
    }
    s->x = tyi_alias(x, x->ndim, x->sizes, x->strides, x->offset);
    if (!s->x)
        return TY_FAIL;
    s->x->wrapped = x->wrapped;
    return TY_OK;
}

void tyi_saved_drop(tyi_saved_tensor *s)
{
    ty_tensor *x = s->x;
    tyi_node *history = s->node;
    tyi_packed *p = s->packed;
    s->x = NULL;
    s->node = NULL;
    s->packed = NULL;
    ty_release(x);
    if (p)
        packed_free(p);
    tyi_node_release(history);
}

/* ---- For rules ---- */

/* Temporaries of running rules, oldest first: a rule has a handful, rules nest a few deep; more go to the heap. */
#define TEMPORARIES_INLINE 128
static _Thread_local struct {
    int count, capacity; /* capacity of `more` */
    ty_tensor **more;    /* those past the inline ones; freed when they are let go */
    ty_tensor *first[TEMPORARIES_INLINE];
} temporaries;

ty_tensor *tyi_temp(ty_tensor *x)
{
    if (!x)
        return NULL;
    int past = temporaries.count - TEMPORARIES_INLINE;
    if (past < 0) {
        temporaries.first[temporaries.count++] = x;
        return x;
    }
    if (past == temporaries.capacity) {
        int capacity = past ? past * 2 : TEMPORARIES_INLINE;
        ty_tensor **more = realloc(temporaries.more, (size_t)capacity * sizeof(ty_tensor *));
        if (!more) {
            ty_release(x);
            tyi_fail_memory((size_t)capacity * sizeof(ty_tensor *));
            return NULL;
        }
        temporaries.more = more;
        temporaries.capacity = capacity;
    }
    temporaries.more[past] = x;
    temporaries.count++;
    return x;
}

int tyi_temps_begin(void)
{
    return temporaries.count;
}

void tyi_temps_end(int outer)
{
    while (temporaries.count > outer) {
        int last = --temporaries.count;
        ty_release(last < TEMPORARIES_INLINE ? temporaries.first[last] : temporaries.more[last - TEMPORARIES_INLINE]);
    }
    if (temporaries.more && temporaries.count <= TEMPORARIES_INLINE) {
        free(temporaries.more);
        temporaries.more = NULL;
        temporaries.capacity = 0;
    }
}

ty_status tyi_run_rule(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    int outer = tyi_temps_begin();
    ty_status status = node->kind->backward(node, grad_out, grad_in);
    tyi_temps_end(outer);
    for (int i = 0; node->packed && i < node->saved_count; i++) {
        tyi_packed *p = node->saved[i].packed;
        if (p) {
            ty_release(p->unpacked);
            p->unpacked = NULL;
        }
    }
    return status;
}

bool tyi_wants(const tyi_node *node, int input)
{
    const tyi_edge *edge = &node->edges[input];
    if (edge->leaf)
        return !tyi_capturing || tyi_meta_of(edge->leaf)->capture;
    return edge->node && edge->node->needed;
}

bool tyi_saved_is_null(const tyi_node *node, int i)
{
    return !node->saved[i].x && !node->saved[i].packed && !node->released;
}

/* The gradient of something that stands for a leaf. */
static ty_status alias_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    (void)node;
    grad_in[0] = ty_retain(grad_out[0]);
    return TY_OK;
}

static const tyi_node_kind alias_kind = {"AliasBackward0", alias_backward};

/* x's values with the history that was saved, for a rule that will be differentiated; a new reference. */
static ty_tensor *with_history(tyi_node *node, const tyi_saved_tensor *s, ty_tensor *values)
{
    ty_tensor *x = tyi_alias(values, values->ndim, values->sizes, values->strides, values->offset);
    tyi_node *history = s->output ? node : s->node;
    if (!x || !ty_grad_enabled())
        return x;
    if (s->output && node->slices) {
        if (tyi_slice_history(node->slices, x) == TY_OK)
            return x;
    } else if (history) {
        if (tyi_set_history(x, tyi_node_retain(history), s->nr) == TY_OK)
            return x;
    } else if (s->packed && s->packed->leaf) {
        if (tyi_record_many(1, &x, &alias_kind, 1, &s->packed->leaf, 0, NULL, NULL, 0) == TY_OK)
            return x;
    } else {
        return x;
    }
    ty_release(x);
    return NULL;
}

/* The values that the hooks give back; borrowed. They are asked once for each run of the rule. */
static ty_tensor *unpack(const tyi_node *node, tyi_packed *p)
{
    if (p->unpacked)
        return p->unpacked;
    ty_tensor *x = p->hooks.unpack(p->hooks.data, p->value);
    if (!x)
        return NULL;
    if (x->dtype != p->dtype || x->ndim != p->ndim || memcmp(x->sizes, p->sizes, sizeof *x->sizes * x->ndim) != 0) {
        tyi_text shape = tyi_shape_text(p->ndim, p->sizes);
        ty_fail(TY_ERROR_VALUE, "backward: unpacking a value that %s saved gave %s, but it was %s%s", node->kind->name,
                TYI_DESCRIBE(x), ty_dtype_name((ty_dtype)p->dtype), shape.s);
        ty_release(x);
        return NULL;
    }
    if (p->contiguous && !x->contiguous) {
        ty_tensor *dense = ty_contiguous(x);
        ty_release(x);
        x = dense;
    }
    return p->unpacked = x;
}

/* Whether what was saved may still be used; with the error set when it may not. */
static bool usable(const tyi_node *node, const tyi_saved_tensor *s)
{
    uint32_t version = ty_version(s->x);
    if (s->x->storage != s->storage) {
        ty_fail(TY_ERROR_VALUE,
                "backward: a tensor that %s needs, %s, was given other data since; run the forward pass again",
                node->kind->name, TYI_DESCRIBE(s->x));
        return false;
    }
    if (version != s->version) {
        tyi_text made = {""};
        if (s->node)
            snprintf(made.s, sizeof made.s, ", output %lld of %.100s,", tyi_said(s->nr), s->node->kind->name);
        else if (s->output)
            snprintf(made.s, sizeof made.s, ", its output,");
        ty_fail(TY_ERROR_VALUE,
                "backward: a value that %s needs, %s%s was modified by an in-place operation: it is at version %u, but "
                "was saved at version %u; use the form of that operation without '_', or clone the value first%s",
                node->kind->name, TYI_DESCRIBE(s->x), made.s, version, s->version,
                tyi_anomaly_on ? "" : "; ty.autograd.set_detect_anomaly(true) tells which line saved it");
        return false;
    }
    return true;
}

ty_tensor *tyi_saved(tyi_node *node, int i)
{
    tyi_saved_tensor *s = &node->saved[i];
    if (node->released)
        return tyi_fail(TY_ERROR_VALUE,
                        "backward: the values that %s saved are gone: this graph was gone through once already; give "
                        "the first backward retain_graph = true to go through it twice",
                        node->kind->name);
    ty_tensor *values = s->packed ? unpack(node, s->packed) : s->x;
    if (!values || (!s->packed && !usable(node, s)))
        return NULL;
    if (!s->packed && (!ty_grad_enabled() || !(s->output || s->node)))
        return values;
    return tyi_temp(with_history(node, s, values));
}

ty_tensor *ty_node_saved(ty_node node, int i, bool *none)
{
    *none = false;
    if (!node.op || node.op->kind->backward != tyi_custom_backward || i >= node.op->saved_count)
        return tyi_fail(TY_ERROR_VALUE, "saved_tensors: %s keeps no such tensor", ty_node_name(node));
    *none = tyi_saved_is_null(node.op, i);
    if (*none)
        return NULL;
    int outer = tyi_temps_begin();
    ty_tensor *x = ty_retain(tyi_saved(node.op, i));
    tyi_temps_end(outer);
    return x;
}

const void *tyi_context(const tyi_node *node)
{
    return node->context;
}
