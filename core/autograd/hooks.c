/*
 * Hooks: lists of callbacks on nodes and on leaves, their life, and the public handle on a step of the graph. A list
 * owns a reference to each hook; a removed hook stays in its list, mute, until the list is next added to. Nothing here
 * knows when hooks run: that is the engine's.
 */
#include <stdlib.h>

#include "autograd/node.h"

atomic_int tyi_hooked_leaves;

/* ---- A hook ---- */

/* What it holds goes, unless it is running: then when it returns. */
static void let_go(ty_hook *hook)
{
    if (hook->running || !hook->spec.call)
        return;
    ty_hook_spec spec = hook->spec;
    hook->spec.call = NULL;
    if (spec.release)
        spec.release(spec.data);
}

void ty_hook_remove(ty_hook *hook)
{
    if (!hook)
        return;
    hook->removed = true;
    let_go(hook);
}

void ty_hook_release(ty_hook *hook)
{
    if (hook && atomic_fetch_sub_explicit(&hook->refs, 1, memory_order_acq_rel) == 1) {
        let_go(hook);
        free(hook);
    }
}

/* ---- Lists ---- */

static void list_clear(tyi_hook_list *list)
{
    for (int i = 0; i < list->count; i++) {
        ty_hook_remove(list->items[i].hook);
        ty_hook_release(list->items[i].hook);
    }
    free(list->items);
    *list = (tyi_hook_list){0, 0, 0, NULL};
}

static void list_prune(tyi_hook_list *list)
{
    int kept = 0;
    for (int i = 0; i < list->count; i++) {
        if (list->items[i].hook->removed)
            ty_hook_release(list->items[i].hook);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* A new hook in the list, with a reference for the caller; on failure what it holds is released. */
static ty_hook *list_add(tyi_hook_list *list, tyi_hook_place place, int nr, const ty_hook_spec *spec)
{
    if (list->walking == 0)
        list_prune(list);
    if (list->count == list->capacity) {
        int capacity = list->capacity ? 2 * list->capacity : 2;
        void *items = realloc(list->items, (size_t)capacity * sizeof *list->items);
        if (!items) {
            tyi_fail_memory((size_t)capacity * sizeof *list->items);
            return NULL;
        }
        list->items = items;
        list->capacity = capacity;
    }
    ty_hook *hook = calloc(1, sizeof *hook);
    if (!hook) {
        tyi_fail_memory(sizeof *hook);
        return NULL;
    }
    atomic_init(&hook->refs, 2);
    hook->spec = *spec;
    list->items[list->count].hook = hook;
    list->items[list->count].place = place;
    list->items[list->count++].nr = nr;
    return hook;
}

void tyi_hooks_forget(tyi_hook_list *list)
{
    if (list->walking == 0)
        list_clear(list);
}

void tyi_hooks_used(tyi_hook_list *list)
{
    for (int i = 0; i < list->count; i++) {
        const ty_hook *hook = list->items[i].hook;
        if (!hook->removed && hook->spec.used)
            hook->spec.used(hook->spec.data);
    }
}

bool tyi_has_hooks(const tyi_hook_list *list, tyi_hook_place place)
{
    for (int i = 0; i < list->count; i++)
        if (list->items[i].place == place && !list->items[i].hook->removed)
            return true;
    return false;
}

/* The gradients that a hook left, against those it was given. */
static ty_status check_replaced(tyi_hook_place place, int count, ty_tensor *const *before, ty_tensor *const *after)
{
    static const char *const names[] = {"a tensor's hook", "a node's prehook", "a node's hook", "a hook"};
    for (int i = 0; i < count; i++) {
        const ty_tensor *a = before[i], *b = after[i];
        if (!a || !b || a == b)
            continue;
        if (a->dtype != b->dtype || !tyi_same_shape(a, b) || a->storage->device.type != b->storage->device.type)
            return ty_fail(TY_ERROR_VALUE,
                           "backward: %s replaced a gradient by one of another kind: it was %s, and is now %s",
                           names[place], TYI_DESCRIBE(a), TYI_DESCRIBE(b));
    }
    return TY_OK;
}

static ty_status call_hook(ty_hook *hook, tyi_hook_place place, int count, ty_tensor **grads, int outputs_count,
                           ty_tensor *const *grad_outputs)
{
    ty_tensor *few[8], **before = few;
    if (count > 8 && !(before = malloc((size_t)count * sizeof *before)))
        return tyi_fail_memory((size_t)count * sizeof *before);
    for (int i = 0; i < count; i++)
        before[i] = ty_retain(grads[i]);
    atomic_fetch_add_explicit(&hook->refs, 1, memory_order_relaxed);
    hook->running++;
    ty_status status = hook->spec.call(hook->spec.data, count, grads, outputs_count, grad_outputs);
    hook->running--;
    if (hook->removed)
        let_go(hook);
    ty_hook_release(hook);
    if (status == TY_OK)
        status = check_replaced(place, count, before, grads);
    for (int i = 0; i < count; i++)
        ty_release(before[i]);
    if (before != few)
        free(before);
    return status;
}

ty_status tyi_hooks_run(tyi_hook_list *list, tyi_hook_place place, int nr, int count, ty_tensor **grads,
                        int outputs_count, ty_tensor *const *grad_outputs)
{
    ty_status status = TY_OK;
    int present = list->count; /* those that are added by a hook wait for the next time */
    list->walking++;
    for (int i = 0; i < present && status == TY_OK; i++) {
        ty_hook *hook = list->items[i].hook;
        if (list->items[i].place == place && list->items[i].nr == nr && !hook->removed)
            status = call_hook(hook, place, count, grads, outputs_count, grad_outputs);
    }
    list->walking--;
    return status;
}

/* ---- On nodes and leaves ---- */

tyi_node_extra *tyi_extra_make(tyi_node *node)
{
    if (!node->extra && !(node->extra = calloc(1, sizeof *node->extra)))
        tyi_fail_memory(sizeof *node->extra);
    return node->extra;
}

void tyi_extra_free(tyi_node_extra *extra)
{
    list_clear(&extra->hooks);
    if (extra->custom.release)
        extra->custom.release(extra->custom.data);
    free(extra->made_at);
    free(extra);
}

/* The engine gathers and accumulates; nothing runs this. */
static ty_status accumulate_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    (void)node, (void)grad_out, (void)grad_in;
    return TY_OK;
}

const tyi_node_kind tyi_accumulate_kind = {"AccumulateGrad", accumulate_backward};

ty_tensor *tyi_accumulator_leaf(const tyi_node *node)
{
    ty_tensor *leaf;
    memcpy(&leaf, node->context, sizeof leaf);
    return leaf;
}

void tyi_leaf_hooks_free(tyi_leaf_hooks *hooks)
{
    list_clear(&hooks->list);
    tyi_node_release(hooks->accumulator);
    free(hooks);
    atomic_fetch_sub_explicit(&tyi_hooked_leaves, 1, memory_order_relaxed);
}

static tyi_hook_list *list_of_leaf(ty_tensor *leaf)
{
    tyi_record_of *record = tyi_meta_make(leaf);
    if (!record)
        return NULL;
    if (record->hooks)
        return &record->hooks->list;
    tyi_leaf_hooks *hooks = calloc(1, sizeof *hooks);
    if (!hooks) {
        tyi_fail_memory(sizeof *hooks);
        return NULL;
    }
    hooks->accumulator = tyi_node_new(&tyi_accumulate_kind, 0, 0, 1, sizeof leaf);
    if (!hooks->accumulator) {
        free(hooks);
        return NULL;
    }
    hooks->accumulator->output[0].dtype = leaf->dtype;
    memcpy(hooks->accumulator->context, &leaf, sizeof leaf); /* no reference: the leaf owns this */
    record->hooks = hooks;
    atomic_fetch_add_explicit(&tyi_hooked_leaves, 1, memory_order_relaxed);
    return &hooks->list;
}

static tyi_hook_list *list_of_node(tyi_node *node)
{
    tyi_node_extra *extra = tyi_extra_make(node);
    return extra ? &extra->hooks : NULL;
}

/* NULL list: failed already. Either way the data is the library's now. */
static ty_hook *add(tyi_hook_list *list, tyi_hook_place place, int nr, const ty_hook_spec *spec)
{
    ty_hook *hook = list ? list_add(list, place, nr, spec) : NULL;
    if (!hook && spec->release)
        spec->release(spec->data);
    return hook;
}

static ty_hook *refuse(const ty_hook_spec *spec)
{
    if (spec->release)
        spec->release(spec->data);
    return NULL;
}

ty_hook *ty_register_hook(ty_tensor *x, const ty_hook_spec *spec)
{
    if (!x)
        return refuse(spec);
    tyi_edge edge = tyi_history(x);
    if (!edge.node && !edge.leaf) {
        ty_fail(TY_ERROR_VALUE,
                "register_hook: the tensor does not require a gradient, so no hook on it would ever run");
        return refuse(spec);
    }
    return add(edge.node ? list_of_node(edge.node) : list_of_leaf(x), TYI_HOOK_TENSOR, edge.nr, spec);
}

ty_hook *ty_register_post_accumulate_grad_hook(ty_tensor *leaf, const ty_hook_spec *spec)
{
    if (!leaf)
        return refuse(spec);
    if (!ty_requires_grad(leaf) || !ty_is_leaf(leaf)) {
        ty_fail(TY_ERROR_VALUE, "register_post_accumulate_grad_hook: only a leaf that requires a gradient accumulates "
                                "one; for other tensors there is register_hook");
        return refuse(spec);
    }
    return add(list_of_leaf(leaf), TYI_HOOK_ACCUMULATED, 0, spec);
}

static ty_hook *on_node(ty_node node, tyi_hook_place place, const ty_hook_spec *spec)
{
    if (!node.op && !node.leaf)
        return refuse(spec);
    return add(node.op ? list_of_node(node.op) : list_of_leaf(node.leaf), place, 0, spec);
}

ty_hook *ty_node_register_prehook(ty_node node, const ty_hook_spec *spec)
{
    return on_node(node, TYI_HOOK_BEFORE, spec);
}

ty_hook *ty_node_register_hook(ty_node node, const ty_hook_spec *spec)
{
    return on_node(node, TYI_HOOK_AFTER, spec);
}

void ty_hooks_used(ty_tensor *x)
{
    tyi_edge edge = tyi_history(x);
    if (edge.node && edge.node->extra)
        tyi_hooks_used(&edge.node->extra->hooks);
    else if (edge.leaf && tyi_meta_of(edge.leaf)->hooks)
        tyi_hooks_used(&tyi_meta_of(edge.leaf)->hooks->list);
}

bool ty_is_unused(ty_tensor *x)
{
    if (atomic_load_explicit(&x->refs, memory_order_relaxed) != 1)
        return false;
    tyi_edge edge = tyi_history(x);
    return !edge.node || atomic_load_explicit(&edge.node->refs, memory_order_relaxed) == 1;
}

/* ---- Steps of the graph, from outside ---- */

ty_node ty_node_retain(ty_node node)
{
    tyi_node_retain(node.op);
    ty_retain(node.leaf);
    return node;
}

void ty_node_release(ty_node node)
{
    tyi_node_release(node.op);
    ty_release(node.leaf);
}

ty_node ty_grad_fn(ty_tensor *x)
{
    return ty_node_retain((ty_node){x ? tyi_history(x).node : NULL, NULL});
}

const char *ty_node_name(ty_node node)
{
    return node.op ? node.op->kind->name : node.leaf ? tyi_accumulate_kind.name : "";
}

int ty_node_inputs(ty_node node)
{
    return node.op ? node.op->inputs : 0;
}

ty_node ty_node_next(ty_node node, int input, int *nr)
{
    const tyi_edge *edge = &node.op->edges[input];
    *nr = edge->nr;
    return ty_node_retain((ty_node){edge->node, edge->leaf});
}

bool ty_node_wants(ty_node node, int input)
{
    return tyi_wants(node.op, input);
}

int ty_output_nr(ty_tensor *x)
{
    return x ? tyi_history(x).nr : 0;
}
