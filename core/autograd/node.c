/*
 * Nodes: their life, what they save, and how a tensor gets its history. Dropping a long chain of nodes is a loop, not a
 * recursion: a graph may be a million ops deep.
 */
#include "autograd/node.h"

#include <stdlib.h>

#include "tensor/recycle.h"

/* Why nothing is recorded on this thread. */
enum { OFF_BY_MODE = 1, OFF_BY_INFERENCE = 2 };
static _Thread_local unsigned char recording_off;
static atomic_ullong sequence;
static tyi_restride restride;
_Thread_local bool tyi_capturing;

bool ty_grad_enabled(void)
{
    return !(recording_off & OFF_BY_MODE);
}

bool ty_set_grad_enabled(bool enabled)
{
    bool was = ty_grad_enabled();
    recording_off = (unsigned char)((recording_off & ~OFF_BY_MODE) | (enabled ? 0 : OFF_BY_MODE));
    return was;
}

bool ty_inference_mode_enabled(void)
{
    return tyi_inference_mode;
}

bool ty_set_inference_mode(bool enabled)
{
    bool was = tyi_inference_mode;
    tyi_inference_mode = enabled;
    recording_off = (unsigned char)((recording_off & ~OFF_BY_INFERENCE) | (enabled ? OFF_BY_INFERENCE : 0));
    return was;
}

bool ty_is_inference(const ty_tensor *x)
{
    return x->storage->inference;
}

void tyi_set_restride(tyi_restride f)
{
    restride = f;
}

/* ---- Records of tensors ---- */

static void meta_release(tyi_meta *meta)
{
    tyi_record_of *record = (tyi_record_of *)meta;
    if (record->node) {
        if (record->retain_grad)
            record->node->output[record->nr].retain = NULL;
        tyi_node_release(record->node);
    }
    ty_release(record->grad);
    ty_release(record->base);
    if (record->hooks)
        tyi_leaf_hooks_free(record->hooks);
    tyi_recycle_give(TYI_RECYCLE_RECORD, record);
}

tyi_record_of *tyi_meta_make(ty_tensor *x)
{
    if (!x->meta) {
        tyi_record_of *record = tyi_recycle_take(TYI_RECYCLE_RECORD, sizeof *record);
        if (!record)
            return NULL;
        memset(record, 0, sizeof *record);
        record->meta.release = meta_release;
        x->meta = &record->meta;
    }
    return tyi_meta_of(x);
}

ty_status tyi_set_history(ty_tensor *x, tyi_node *node, int nr)
{
    tyi_record_of *record = tyi_meta_make(x);
    if (!record) {
        tyi_node_release(node);
        return TY_FAIL;
    }
    if (record->node) {
        if (record->retain_grad)
            record->node->output[record->nr].retain = NULL;
        tyi_node_release(record->node);
    }
    record->node = node;
    record->nr = nr;
    record->view_version = ty_version(x);
    if (record->retain_grad && node)
        node->output[nr].retain = x;
    return TY_OK;
}

/* A view whose storage was changed in place since its node was made looks at new values: its history is made anew from
 * the base's. */
static tyi_record_of *current_record(ty_tensor *x)
{
    tyi_record_of *record = tyi_meta_of(x);
    if (!record || !record->base || record->view_without_grad || record->view_version == ty_version(x))
        return record;
    record->view_version = ty_version(x);
    if (!ty_requires_grad(record->base) || !restride)
        return record;
    bool was = ty_set_grad_enabled(true);
    ty_tensor *again = restride(record->base, x);
    ty_set_grad_enabled(was);
    if (!again)
        return record;
    tyi_record_of *made = tyi_meta_of(again);
    if (made && made->node)
        tyi_set_history(x, tyi_node_retain(made->node), made->nr);
    ty_release(again);
    return record;
}

bool ty_requires_grad(const ty_tensor *x)
{
    if (!x->meta)
        return false;
    tyi_record_of *record = current_record((ty_tensor *)x);
    return record->requires_grad || record->node;
}

bool tyi_needs_grad(int count, ty_tensor *const *inputs)
{
    if (recording_off)
        return false;
    for (int i = 0; i < count; i++)
        if (inputs[i] && inputs[i]->meta && ty_requires_grad(inputs[i]))
            return true;
    return false;
}

tyi_edge tyi_history(ty_tensor *x)
{
    tyi_edge edge = {NULL, NULL, 0};
    if (!x || !x->meta)
        return edge;
    tyi_record_of *record = current_record(x);
    if (record->node) {
        edge.node = record->node;
        edge.nr = record->nr;
    } else if (record->requires_grad) {
        edge.leaf = x;
    }
    return edge;
}

bool ty_is_leaf(const ty_tensor *x)
{
    return !x->meta || !current_record((ty_tensor *)x)->node;
}

const char *ty_grad_fn_name(const ty_tensor *x)
{
    tyi_edge edge = tyi_history((ty_tensor *)x);
    return edge.node ? edge.node->kind->name : NULL;
}

ty_status ty_set_requires_grad(ty_tensor *x, bool requires_grad)
{
    if (!x)
        return TY_FAIL;
    if (!ty_is_leaf(x)) {
        if (requires_grad)
            return TY_OK;
        return ty_fail(TY_ERROR_VALUE,
                       "requires_grad: only leaf tensors can change it; this one was made by %s: use x:detach()",
                       ty_grad_fn_name(x));
    }
    if (requires_grad && !ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "requires_grad: only floating tensors can require gradients, this one is %s",
                       ty_dtype_name((ty_dtype)x->dtype));
    if (!requires_grad && !x->meta)
        return TY_OK;
    if (requires_grad && x->storage->inference && !tyi_inference_mode)
        return ty_fail(TY_ERROR_VALUE, "requires_grad: this tensor was made in inference mode and cannot require a "
                                       "gradient outside it; use a clone of it, x:clone()");
    tyi_record_of *record = tyi_meta_make(x);
    if (!record)
        return TY_FAIL;
    record->requires_grad = requires_grad;
    return TY_OK;
}

ty_tensor *ty_grad_of(ty_tensor *x)
{
    if (x)
        tyi_watch_grad(x, TYI_GRAD_READ);
    return x && x->meta ? tyi_meta_of(x)->grad : NULL;
}

ty_status ty_set_grad(ty_tensor *x, ty_tensor *grad)
{
    if (!x)
        return TY_FAIL;
    tyi_watch_grad(x, TYI_GRAD_SET);
    if (!grad && !x->meta)
        return TY_OK;
    if (grad && (!tyi_same_shape(x, grad) || x->dtype != grad->dtype))
        return ty_fail(TY_ERROR_VALUE, "grad: a gradient has its tensor's shape and dtype, %s; this one is %s",
                       TYI_DESCRIBE(x), TYI_DESCRIBE(grad));
    if (grad == x)
        return ty_fail(TY_ERROR_VALUE, "grad: a tensor cannot be its own gradient");
    tyi_record_of *record = tyi_meta_make(x);
    if (!record)
        return TY_FAIL;
    ty_tensor *old = record->grad;
    record->grad = ty_retain(grad);
    ty_release(old);
    return TY_OK;
}

ty_status ty_set_data(ty_tensor *x, ty_tensor *data)
{
    if (!x || !data || ty_capture_refuse("data: a tensor given other memory", "do it outside the step") != TY_OK)
        return TY_FAIL;
    if (!ty_is_leaf(x) || (x->meta && tyi_meta_of(x)->base))
        return ty_fail(TY_ERROR_VALUE, "data: only a leaf tensor that is no view can be given other data; use copy_");
    if (ty_requires_grad(x) && !ty_dtype_is_floating((ty_dtype)data->dtype))
        return ty_fail(TY_ERROR_VALUE, "data: a tensor that requires a gradient must stay floating, the new data is %s",
                       ty_dtype_name((ty_dtype)data->dtype));
    if (x == data)
        return TY_OK;
    tyi_storage *old = x->storage;
    atomic_fetch_add_explicit(&data->storage->refs, 1, memory_order_relaxed);
    x->storage = data->storage;
    x->dtype = data->dtype;
    x->ndim = data->ndim;
    x->contiguous = data->contiguous;
    x->numel = data->numel;
    x->offset = data->offset;
    memcpy(x->sizes, data->sizes, sizeof x->sizes);
    memcpy(x->strides, data->strides, sizeof x->strides);
    tyi_storage_release(old);
    return TY_OK;
}

ty_status ty_retain_grad(ty_tensor *x)
{
    if (!x)
        return TY_FAIL;
    if (!ty_requires_grad(x))
        return ty_fail(TY_ERROR_VALUE, "retain_grad: the tensor does not require a gradient");
    tyi_record_of *record = tyi_meta_of(x);
    if (!record->node)
        return TY_OK;
    record->retain_grad = true;
    record->node->output[record->nr].retain = x;
    return TY_OK;
}

ty_tensor *ty_detach_(ty_tensor *x)
{
    if (!x || !x->meta)
        return ty_retain(x);
    tyi_record_of *record = tyi_meta_of(x);
    if (record->base)
        return tyi_fail(TY_ERROR_VALUE,
                        "detach_: a view cannot be detached in place, since its base would not know; use x:detach()");
    if (record->node) {
        if (record->retain_grad)
            record->node->output[record->nr].retain = NULL;
        tyi_node_release(record->node);
    }
    record->node = NULL;
    record->nr = 0;
    record->retain_grad = false;
    record->requires_grad = false;
    return ty_retain(x);
}

/* ---- Nodes ---- */

tyi_node *tyi_node_new(const tyi_node_kind *kind, int inputs, int saved, int outputs, size_t context_bytes)
{
    /* One block: the node, then its arrays, all of pointer alignment, then the context. */
    size_t bytes = sizeof(tyi_node) + (size_t)inputs * sizeof(tyi_edge) + (size_t)saved * sizeof(tyi_saved_tensor) +
                   (size_t)outputs * sizeof(tyi_output);
    tyi_node *node = malloc(bytes + context_bytes);
    if (!node) {
        tyi_fail_memory(bytes);
        return NULL;
    }
    memset(node, 0, bytes);
    atomic_init(&node->refs, 1);
    node->kind = kind;
    node->inputs = inputs;
    node->saved_count = saved;
    node->outputs = outputs;
    node->needed = true;
    node->edges = (tyi_edge *)(node + 1);
    node->saved = (tyi_saved_tensor *)(node->edges + inputs);
    node->output = (tyi_output *)(node->saved + saved);
    node->context = node->output + outputs;
    node->sequence = atomic_fetch_add_explicit(&sequence, 2, memory_order_relaxed) + 2;
    if (tyi_anomaly_on)
        tyi_note_made(node);
    return node;
}

void tyi_node_drop_saved(tyi_node *node)
{
    for (int i = 0; i < node->saved_count; i++)
        tyi_saved_drop(&node->saved[i]);
    if (node->inner)
        tyi_node_drop_saved(node->inner);
    node->released = true;
}

void tyi_node_release(tyi_node *node)
{
    static _Thread_local tyi_node *dropped; /* waiting to be dropped, while `dropping` */
    static _Thread_local bool dropping;
    if (!node || !tyi_drop_ref(&node->refs))
        return;
    node->next_free = dropped;
    dropped = node;
    if (dropping)
        return;
    dropping = true;
    while (dropped) {
        node = dropped;
        dropped = node->next_free;
        tyi_node_drop_saved(node);
        for (int i = 0; i < node->inputs; i++) {
            tyi_node_release(node->edges[i].node);
            ty_release(node->edges[i].leaf);
        }
        for (int i = 0; i < node->outputs; i++)
            ty_release(node->output[i].pending);
        tyi_node_release(node->inner);
        if (node->extra)
            tyi_extra_free(node->extra);
        free(node);
    }
    dropping = false;
}

void tyi_node_connect(tyi_node *node, int i, ty_tensor *x)
{
    tyi_edge edge = tyi_history(x);
    tyi_node_retain(edge.node);
    ty_retain(edge.leaf);
    node->edges[i] = edge;
    if (edge.node ? edge.node->extra != NULL : edge.leaf && tyi_meta_of(edge.leaf)->hooks)
        ty_hooks_used(x);
}

tyi_node *tyi_node_make(const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                        ty_tensor *const *outputs, int saved_count, ty_tensor *const *saved, const void *context,
                        size_t context_bytes)
{
    tyi_node *node = tyi_node_new(kind, inputs_count, saved_count, outputs_count, context_bytes);
    if (!node)
        return NULL;
    if (context_bytes)
        memcpy(node->context, context, context_bytes);
    for (int i = 0; i < outputs_count; i++)
        node->output[i].dtype = outputs[i] ? outputs[i]->dtype : TY_DTYPE_NONE;
    for (int i = 0; i < inputs_count; i++)
        tyi_node_connect(node, i, inputs[i]);
    for (int i = 0; i < saved_count; i++) {
        if (tyi_node_save(node, i, saved[i], outputs_count, outputs) != TY_OK) {
            tyi_node_release(node);
            return NULL;
        }
    }
    return node;
}

/* ---- Recording ---- */

ty_status tyi_record_many(int outputs_count, ty_tensor *const *outputs, const tyi_node_kind *kind, int inputs_count,
                          ty_tensor *const *inputs, int saved_count, ty_tensor *const *saved, const void *context,
                          size_t context_bytes)
{
    if (!tyi_needs_grad(inputs_count, inputs))
        return TY_OK;
    tyi_node *node =
        tyi_node_make(kind, inputs_count, inputs, outputs_count, outputs, saved_count, saved, context, context_bytes);
    if (!node)
        return TY_FAIL;
    ty_status status = TY_OK;
    for (int i = 0; i < outputs_count && status == TY_OK; i++)
        if (outputs[i])
            status = tyi_set_history(outputs[i], tyi_node_retain(node), i);
    tyi_node_release(node);
    return status;
}

ty_tensor *tyi_record(ty_tensor *out, const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs,
                      int saved_count, ty_tensor *const *saved, const void *context, size_t context_bytes)
{
    if (!out || !tyi_needs_grad(inputs_count, inputs))
        return out;
    if (tyi_record_many(1, &out, kind, inputs_count, inputs, saved_count, saved, context, context_bytes) == TY_OK)
        return out;
    ty_release(out);
    return NULL;
}

ty_tensor *tyi_record_view(ty_tensor *out, ty_tensor *base, const tyi_node_kind *kind, const void *context,
                           size_t context_bytes)
{
    if (!out)
        return NULL;
    tyi_record_of *record = tyi_meta_make(out);
    if (!record) {
        ty_release(out);
        return NULL;
    }
    tyi_record_of *of_base = tyi_meta_of(base);
    record->base = ty_retain(of_base && of_base->base ? of_base->base : base);
    record->view_without_grad = !ty_grad_enabled() || (of_base && of_base->view_without_grad);
    record->view_version = ty_version(out);
    return tyi_record(out, kind, 1, &base, 0, NULL, context, context_bytes);
}

ty_tensor *tyi_restrided(ty_tensor *x, const ty_tensor *geometry)
{
    return restride(x, geometry);
}
