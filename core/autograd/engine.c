/*
 * The backward engine. Nodes are run from the youngest to the oldest: an edge always leads to an older node, so when a
 * node's turn comes every gradient of its outputs has arrived. Gradients wait in the nodes themselves; what a node
 * saved is let go as soon as it has run.
 */
#include <stdlib.h>

#include "autograd/engine.h"

_Thread_local tyi_run *tyi_innermost;

static ty_status grow(tyi_heap *list)
{
    size_t capacity = list->capacity ? list->capacity * 2 : 64;
    tyi_node **items = realloc(list->items, capacity * sizeof(tyi_node *));
    if (!items)
        return tyi_fail_memory(capacity * sizeof(tyi_node *));
    list->items = items;
    list->capacity = capacity;
    return TY_OK;
}

ty_status tyi_list_push(tyi_heap *list, tyi_node *node)
{
    if (list->count == list->capacity && grow(list) != TY_OK)
        return TY_FAIL;
    list->items[list->count++] = tyi_node_retain(node);
    return TY_OK;
}

void tyi_list_free(tyi_heap *list)
{
    for (size_t k = 0; k < list->count; k++)
        tyi_node_release(list->items[k]);
    free(list->items);
    *list = (tyi_heap){NULL, 0, 0};
}

static ty_status heap_push(tyi_heap *h, tyi_node *node)
{
    if (h->count == h->capacity && grow(h) != TY_OK)
        return TY_FAIL;
    size_t at = h->count++;
    while (at > 0 && h->items[(at - 1) / 2]->sequence < node->sequence) {
        h->items[at] = h->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->items[at] = tyi_node_retain(node);
    node->queued = true;
    return TY_OK;
}

static tyi_node *heap_pop(tyi_heap *h)
{
    if (!h->count)
        return NULL;
    tyi_node *top = h->items[0], *last = h->items[--h->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->items[child + 1]->sequence > h->items[child]->sequence)
            child++;
        if (h->items[child]->sequence <= last->sequence)
            break;
        h->items[at] = h->items[child];
        at = child;
    }
    if (h->count)
        h->items[at] = last;
    top->queued = false;
    return top;
}

/* Nobody else looks at this tensor's memory, so it may be changed or kept as it is. */
static bool is_ours(const ty_tensor *x)
{
    return atomic_load_explicit(&x->refs, memory_order_relaxed) == 1 &&
           atomic_load_explicit(&x->storage->refs, memory_order_relaxed) == 1 && !x->meta && !x->wrapped;
}

/* Adds the gradient (taken over) to *sum. */
static ty_status gather(ty_tensor **sum, ty_tensor *grad)
{
    if (!*sum) {
        *sum = grad;
        return TY_OK;
    }
    ty_tensor *total;
    if (!ty_grad_enabled() && is_ours(*sum) && (*sum)->dtype == grad->dtype && tyi_same_shape(*sum, grad))
        total = ty_add_(*sum, grad, ty_int(1));
    else
        total = ty_add(*sum, grad, ty_int(1));
    ty_release(grad);
    if (!total)
        return TY_FAIL;
    ty_release(*sum);
    *sum = total;
    return TY_OK;
}

/* Adds the gradient (taken over) to the grad of a tensor. */
static ty_status accumulate(const tyi_run *r, ty_tensor *x, ty_tensor *grad)
{
    tyi_record_of *record = tyi_meta_of(x);
    if (!tyi_same_shape(x, grad)) {
        tyi_text shape = tyi_shape_text(grad->ndim, grad->sizes);
        ty_release(grad);
        return ty_fail(TY_ERROR_VALUE, "backward: a gradient of shape %s arrived at a tensor of shape %s", shape.s,
                       TYI_SHAPE(x));
    }
    ty_tensor *next;
    tyi_watch_grad(x, TYI_GRAD_READ);
    if (record->grad) {
        next = r->create_graph ? ty_add(record->grad, grad, ty_int(1)) : ty_add_(record->grad, grad, ty_int(1));
        ty_release(grad);
    } else if (r->create_graph || (is_ours(grad) && grad->contiguous)) {
        next = grad;
    } else {
        next = ty_clone(grad);
        if (next && !next->contiguous) {
            ty_tensor *dense = ty_contiguous(next);
            ty_release(next);
            next = dense;
        }
        ty_release(grad);
    }
    if (!next)
        return TY_FAIL;
    ty_release(record->grad);
    record->grad = next;
    return TY_OK;
}

/* Where the gradient (taken over) of a leaf goes. */
static ty_status arrive(tyi_run *r, ty_tensor *leaf, ty_tensor *grad)
{
    int capture = tyi_meta_of(leaf)->capture;
    if (tyi_capturing && !capture) {
        ty_release(grad);
        return TY_OK;
    }
    return r->captured ? gather(&r->captured[capture - 1], grad) : accumulate(r, leaf, grad);
}

/* The last gradient of a leaf with hooks has arrived. */
static ty_status run_accumulator(tyi_run *r, tyi_node *node)
{
    ty_tensor *leaf = tyi_accumulator_leaf(node), *grad = node->output[0].pending;
    tyi_hook_list *list = &tyi_meta_of(leaf)->hooks->list;
    node->output[0].pending = NULL;
    ty_status status = tyi_hooks_run(list, TYI_HOOK_TENSOR, 0, 1, &grad, 0, NULL);
    if (status == TY_OK && !r->captured)
        status = tyi_hooks_run(list, TYI_HOOK_BEFORE, 0, 1, &grad, 0, NULL);
    if (status != TY_OK || !grad) {
        ty_release(grad);
        return status;
    }
    ty_tensor *seen = tyi_has_hooks(list, TYI_HOOK_AFTER) ? ty_retain(grad) : NULL;
    status = arrive(r, leaf, grad);
    if (status == TY_OK && !r->captured) {
        ty_tensor *self = ty_retain(leaf);
        status = tyi_hooks_run(list, TYI_HOOK_ACCUMULATED, 0, 1, &self, 0, NULL);
        ty_release(self);
        if (status == TY_OK)
            status = tyi_hooks_run(list, TYI_HOOK_AFTER, 0, 0, NULL, 1, &seen);
    }
    ty_release(seen);
    return status;
}

/* Sends a gradient (taken over; NULL is zero) along an edge. */
static ty_status deliver(tyi_run *r, const tyi_edge *edge, ty_tensor *grad)
{
    if (!grad)
        return TY_OK;
    ty_dtype dtype = edge->leaf ? (ty_dtype)edge->leaf->dtype : (ty_dtype)edge->node->output[edge->nr].dtype;
    if ((ty_dtype)grad->dtype != dtype) {
        ty_tensor *cast = ty_to_dtype(grad, dtype);
        ty_release(grad);
        if (!cast)
            return TY_FAIL;
        grad = cast;
    }
    tyi_node *node = edge->node;
    if (edge->leaf) {
        const tyi_record_of *record = tyi_meta_of(edge->leaf);
        if (!record->hooks || (tyi_capturing && !record->capture))
            return arrive(r, edge->leaf, grad);
        node = record->hooks->accumulator;
        if (!node->queued)
            ty_retain(edge->leaf); /* until the accumulator has run */
    } else if (!node->needed) {
        ty_release(grad);
        return TY_OK;
    }
    if (!node->queued && heap_push(&r->ready, node) != TY_OK) {
        ty_release(edge->leaf);
        ty_release(grad);
        return TY_FAIL;
    }
    return gather(&node->output[edge->nr].pending, grad);
}

/* Gives the gradient of an output to ty_grad(). */
static ty_status capture(tyi_run *r, const tyi_output *output, ty_tensor *grad)
{
    return grad && r->captured && output->capture ? gather(&r->captured[output->capture - 1], ty_retain(grad)) : TY_OK;
}

/* Keeps the gradient of an output for the tensor that asked: by retain_grad, or named by backward(inputs). Not in
 * place: its grad may be the user's by now. */
static ty_status keep(const tyi_run *r, const tyi_output *output, ty_tensor *grad)
{
    ty_tensor *x = output->retain ? output->retain : output->capture ? output->asked : NULL;
    if (!grad || r->captured || !x)
        return TY_OK;
    tyi_record_of *record = tyi_meta_of(x);
    ty_tensor *sum = record->grad      ? ty_add(record->grad, grad, ty_int(1))
                     : r->create_graph ? ty_retain(grad)
                                       : ty_clone(grad);
    if (!sum)
        return TY_FAIL;
    ty_release(record->grad);
    record->grad = sum;
    return TY_OK;
}

/* The gradients of a node's outputs on their way in: hooks, and those who keep them. */
static ty_status take_in(tyi_run *r, tyi_node *node, ty_tensor **grad_out, bool follows)
{
    tyi_hook_list *list = node->extra && node->extra->hooks.count ? &node->extra->hooks : NULL;
    ty_status status = TY_OK;
    for (int i = 0; i < node->outputs && status == TY_OK; i++) {
        if (list && grad_out[i])
            status = tyi_hooks_run(list, TYI_HOOK_TENSOR, i, 1, &grad_out[i], 0, NULL);
        if (status == TY_OK)
            status = capture(r, &node->output[i], grad_out[i]);
    }
    if (list && follows && status == TY_OK)
        status = tyi_hooks_run(list, TYI_HOOK_BEFORE, 0, node->outputs, grad_out, 0, NULL);
    for (int i = 0; i < node->outputs && status == TY_OK; i++)
        status = keep(r, &node->output[i], grad_out[i]);
    return status;
}

/* The rule itself, and what surrounds it. */
static ty_status apply_rule(const tyi_run *r, tyi_node *node, ty_tensor **grad_out, ty_tensor **grad_in)
{
    const tyi_node *outer = tyi_anomaly_on ? tyi_anomaly_enter(node) : NULL;
    ty_status status = TY_OK;
    bool some = node->outputs > 1 ? false : grad_out[0] != NULL; /* a hook may have made it zero */
    for (int i = 0; i < node->outputs && !some; i++)
        some = grad_out[i] != NULL;
    if (some)
        status = tyi_run_rule(node, grad_out, grad_in);
    if (tyi_anomaly_on) {
        tyi_anomaly_enter(outer);
        if (status == TY_OK)
            status = tyi_check_nan(node, grad_in);
        if (status != TY_OK)
            tyi_blame(node);
    }
    if (status == TY_OK && !r->retain_graph)
        tyi_node_drop_saved(node);
    if (status == TY_OK && node->extra && node->extra->hooks.count) {
        status = tyi_hooks_run(&node->extra->hooks, TYI_HOOK_AFTER, 0, node->inputs, grad_in, node->outputs, grad_out);
        /* The node cannot be gone through again: what its hooks refer to, perhaps this very graph, is let go. */
        if (node->released && node->saved_count)
            tyi_hooks_forget(&node->extra->hooks);
    }
    return status;
}

#define FEW 8

static ty_status run_node(tyi_run *r, tyi_node *node)
{
    ty_tensor *few_out[FEW], *few_in[FEW];
    ty_tensor **grad_out = few_out, **grad_in = few_in;
    if (node->outputs > FEW || node->inputs > FEW) {
        grad_out = malloc((size_t)(node->outputs + node->inputs) * sizeof *grad_out);
        if (!grad_out)
            return tyi_fail_memory((size_t)(node->outputs + node->inputs) * sizeof *grad_out);
        grad_in = grad_out + node->outputs;
    }
    bool follows = false;
    for (int i = 0; i < node->outputs; i++) {
        grad_out[i] = node->output[i].pending;
        node->output[i].pending = NULL;
    }
    for (int i = 0; i < node->inputs; i++) {
        grad_in[i] = NULL;
        follows = follows || tyi_wants(node, i);
    }
    ty_status status = take_in(r, node, grad_out, follows);
    if (status == TY_OK && follows)
        status = apply_rule(r, node, grad_out, grad_in);
    for (int i = 0; i < node->outputs; i++)
        ty_release(grad_out[i]);
    for (int i = 0; i < node->inputs; i++) {
        if (status == TY_OK && tyi_wants(node, i))
            status = deliver(r, &node->edges[i], grad_in[i]);
        else
            ty_release(grad_in[i]);
    }
    if (grad_out != few_out)
        free(grad_out);
    return status;
}

/* Runs what is ready until nothing is; after a failure gradients that still wait are dropped. */
static ty_status drain(tyi_run *r, ty_status status)
{
    tyi_node *node;
    while ((node = heap_pop(&r->ready))) {
        bool is_leaf = node->kind == &tyi_accumulate_kind;
        ty_tensor *leaf = is_leaf ? tyi_accumulator_leaf(node) : NULL;
        if (status == TY_OK)
            status = is_leaf ? run_accumulator(r, node) : run_node(r, node);
        for (int i = 0; i < node->outputs && status != TY_OK; i++) {
            ty_release(node->output[i].pending);
            node->output[i].pending = NULL;
        }
        tyi_node_release(node);
        ty_release(leaf);
    }
    free(r->ready.items);
    r->ready = (tyi_heap){NULL, 0, 0};
    return status;
}

/* ---- The nodes that a run may reach ---- */

/* Every node that the roots reach, youngest first, in *found. Uses the nodes' marks of the heap, which must be clear:
 * see tyi_set_aside(). */
static ty_status reach(int count, ty_tensor *const *roots, tyi_heap *found)
{
    tyi_heap waiting = {0};
    ty_status status = TY_OK;
    for (int i = 0; i < count && status == TY_OK; i++) {
        tyi_edge edge = tyi_history(roots[i]);
        if (edge.node && !edge.node->queued)
            status = heap_push(&waiting, edge.node);
    }
    tyi_node *node;
    while ((node = heap_pop(&waiting))) {
        for (int i = 0; i < node->inputs && status == TY_OK; i++)
            if (node->edges[i].node && !node->edges[i].node->queued)
                status = heap_push(&waiting, node->edges[i].node);
        if (status == TY_OK)
            status = tyi_list_push(found, node);
        tyi_node_release(node);
    }
    free(waiting.items);
    return status;
}

/* A leaf with hooks takes its turn right after the oldest node that uses it. */
static void schedule_leaves(const tyi_heap *found)
{
    for (size_t k = 0; k < found->count; k++) {
        const tyi_node *node = found->items[k];
        for (int i = 0; i < node->inputs; i++) {
            const ty_tensor *leaf = node->edges[i].leaf;
            if (leaf && tyi_meta_of(leaf)->hooks)
                tyi_meta_of(leaf)->hooks->accumulator->sequence = node->sequence - 1;
        }
    }
}

/* ---- Runs ---- */

/* Everything from the roots' gradients on. */
static ty_status go(tyi_run *r, int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients)
{
    ty_status status = TY_OK;
    if (atomic_load_explicit(&tyi_hooked_leaves, memory_order_relaxed) > 0) {
        tyi_heap found = {0};
        status = reach(roots_count, roots, &found);
        if (status == TY_OK)
            schedule_leaves(&found);
        tyi_list_free(&found);
    }
    bool was = ty_set_grad_enabled(r->create_graph);
    r->outer = tyi_innermost;
    tyi_innermost = r;
    for (int i = 0; i < roots_count && status == TY_OK; i++) {
        ty_tensor *grad = gradients ? ty_retain(gradients[i]) : NULL;
        if (!grad)
            grad = ty_ones_like(roots[i], TY_DTYPE_NONE);
        tyi_edge edge = tyi_history(roots[i]);
        status = grad ? deliver(r, &edge, grad) : TY_FAIL;
    }
    status = drain(r, status);
    tyi_innermost = r->outer;
    ty_set_grad_enabled(was);
    return status;
}

static ty_status check_roots(const char *name, int count, ty_tensor *const *roots, ty_tensor *const *gradients)
{
    for (int i = 0; i < count; i++) {
        ty_tensor *root = roots[i], *gradient = gradients ? gradients[i] : NULL;
        if (!root)
            return TY_FAIL;
        if (!ty_requires_grad(root))
            return ty_fail(TY_ERROR_VALUE,
                           "%s: the tensor does not require a gradient: nothing that it was made from does, or "
                           "it was made inside no_grad",
                           name);
        if (!gradient && root->numel != 1)
            return ty_fail(
                TY_ERROR_VALUE,
                "%s: only a tensor of one element has a gradient of its own accord, this one has shape %s; reduce "
                "it first (mean, sum), or give the gradient of each element",
                name, TYI_SHAPE(root));
        if (gradient && !tyi_same_shape(root, gradient))
            return ty_fail(TY_ERROR_VALUE, "%s: the gradient given has shape %s, its tensor %s", name,
                           TYI_SHAPE(gradient), TYI_SHAPE(root));
    }
    return TY_OK;
}

/* Marks the inputs, whose gradients are asked for, and the nodes that lead to them. first[i] is the input that has the
 * mark of input i: another one where a tensor is asked for twice. */
static ty_status mark_inputs(tyi_run *r, int count, ty_tensor *const *inputs, int *first, const tyi_heap *found)
{
    for (size_t k = 0; k < found->count; k++)
        found->items[k]->needed = false;
    for (int i = 0; i < count; i++) {
        tyi_edge edge = tyi_history(inputs[i]);
        int *mark = edge.leaf ? &tyi_meta_of(edge.leaf)->capture : &edge.node->output[edge.nr].capture;
        first[i] = *mark ? *mark - 1 : i;
        if (!*mark)
            *mark = i + 1;
        if (edge.node) {
            edge.node->needed = true;
            edge.node->output[edge.nr].asked = inputs[i];
        }
        r->marks[r->marks_count++] = (tyi_edge){tyi_node_retain(edge.node), ty_retain(edge.leaf), edge.nr};
    }
    /* Oldest first: a node is needed when one of its edges leads to something needed. */
    for (size_t k = found->count; k-- > 0;) {
        tyi_node *node = found->items[k];
        for (int i = 0; i < node->inputs && !node->needed; i++)
            node->needed = tyi_wants(node, i);
    }
    return TY_OK;
}

static void unmark(tyi_run *r, tyi_heap *found)
{
    for (int i = 0; i < r->marks_count; i++) {
        tyi_edge edge = r->marks[i];
        if (edge.leaf) {
            tyi_meta_of(edge.leaf)->capture = 0;
        } else {
            edge.node->output[edge.nr].capture = 0;
            edge.node->output[edge.nr].asked = NULL;
            edge.node->needed = true;
        }
        tyi_node_release(edge.node);
        ty_release(edge.leaf);
    }
    for (size_t k = 0; k < found->count; k++)
        found->items[k]->needed = true;
    free(r->marks);
    tyi_list_free(found);
}

/* A run for the gradients of given tensors; with r->captured they are handed out, else they go into grad. */
static ty_status go_for(tyi_run *r, int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients,
                        int inputs_count, ty_tensor *const *inputs, int *first)
{
    tyi_heap found = {0};
    bool was = tyi_capturing;
    ty_status status = TY_OK;
    r->marks = malloc(((size_t)inputs_count + 1) * sizeof *r->marks);
    if (!r->marks)
        return tyi_fail_memory((size_t)inputs_count * sizeof *r->marks);
    tyi_capturing = true;
    status = reach(roots_count, roots, &found);
    if (status == TY_OK)
        status = mark_inputs(r, inputs_count, inputs, first, &found);
    if (status == TY_OK)
        status = go(r, roots_count, roots, gradients);
    tyi_capturing = was;
    unmark(r, &found);
    return status;
}

static ty_status check_inputs(const char *name, int count, ty_tensor *const *inputs)
{
    for (int i = 0; i < count; i++) {
        if (!inputs[i])
            return TY_FAIL;
        if (!ty_requires_grad(inputs[i]))
            return ty_fail(TY_ERROR_VALUE, "%s: input %lld does not require a gradient", name, tyi_said(i));
    }
    return TY_OK;
}

/* A run, alone or within another; inputs_count -1: for all leaves. */
static ty_status start(tyi_run *r, int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients,
                       int inputs_count, ty_tensor *const *inputs, int *first)
{
    tyi_asides all = {0};
    bool was = tyi_capturing;
    ty_status status = tyi_innermost ? tyi_set_aside(&all, roots_count, roots, inputs_count, inputs) : TY_OK;
    tyi_capturing = false;
    if (status == TY_OK && inputs_count < 0)
        status = go(r, roots_count, roots, gradients);
    else if (status == TY_OK)
        status = go_for(r, roots_count, roots, gradients, inputs_count, inputs, first);
    tyi_capturing = was;
    if (tyi_innermost)
        tyi_put_back(&all);
    return status;
}

ty_status ty_backward_many(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, bool retain_graph,
                           bool create_graph, int inputs_count, ty_tensor *const *inputs)
{
    if (check_roots("backward", roots_count, roots, gradients) != TY_OK ||
        check_inputs("backward", inputs_count, inputs) != TY_OK)
        return TY_FAIL;
    if (inputs_count == 0)
        return ty_fail(TY_ERROR_VALUE, "backward: the list of inputs is empty; leave it out for all leaves");
    int *first = NULL;
    if (inputs_count > 0 && !(first = malloc((size_t)inputs_count * sizeof *first)))
        return tyi_fail_memory((size_t)inputs_count * sizeof *first);
    tyi_run r = {.retain_graph = retain_graph || create_graph, .create_graph = create_graph};
    ty_status status = start(&r, roots_count, roots, gradients, inputs_count, inputs, first);
    free(first);
    return status;
}

ty_status ty_backward(ty_tensor *root, ty_tensor *gradient, bool retain_graph, bool create_graph)
{
    if (!root)
        return TY_FAIL;
    return ty_backward_many(1, &root, &gradient, retain_graph, create_graph, -1, NULL);
}

ty_status ty_grad(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, int inputs_count,
                  ty_tensor *const *inputs, bool retain_graph, bool create_graph, bool allow_unused, ty_tensor **grads)
{
    for (int i = 0; i < inputs_count; i++)
        grads[i] = NULL;
    if (check_roots("grad", roots_count, roots, gradients) != TY_OK ||
        check_inputs("grad", inputs_count, inputs) != TY_OK)
        return TY_FAIL;
    int *first = malloc(((size_t)inputs_count + 1) * sizeof *first);
    if (!first)
        return tyi_fail_memory((size_t)inputs_count * sizeof *first);
    tyi_run r = {.retain_graph = retain_graph || create_graph, .create_graph = create_graph, .captured = grads};
    ty_status status = start(&r, roots_count, roots, gradients, inputs_count, inputs, first);
    for (int i = 0; i < inputs_count && status == TY_OK; i++) {
        if (first[i] != i)
            grads[i] = ty_retain(grads[first[i]]);
        if (!grads[i] && !allow_unused)
            status = ty_fail(TY_ERROR_VALUE,
                             "grad: input %lld was not used to make the outputs; allow_unused = true gives nil for it",
                             tyi_said(i));
    }
    free(first);
    for (int i = 0; i < inputs_count && status != TY_OK; i++) {
        ty_release(grads[i]);
        grads[i] = NULL;
    }
    return status;
}
