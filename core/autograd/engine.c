/*
 * The backward engine. Nodes are run from the youngest to the oldest: an edge always leads to an older node, so when a
 * node's turn comes every gradient of its outputs has arrived. Gradients wait in the nodes themselves; what a node
 * saved is let go as soon as it has run.
 */
#include <stdlib.h>

#include "autograd/node.h"

/* Nodes whose gradients have begun to arrive, as a heap with the youngest on top. Holds a reference to each. */
typedef struct heap {
    tyi_node **items;
    size_t count, capacity;
} heap;

static ty_status heap_push(heap *h, tyi_node *node)
{
    if (h->count == h->capacity) {
        size_t capacity = h->capacity ? h->capacity * 2 : 64;
        tyi_node **items = realloc(h->items, capacity * sizeof(tyi_node *));
        if (!items)
            return tyi_fail_memory(capacity * sizeof(tyi_node *));
        h->items = items;
        h->capacity = capacity;
    }
    size_t at = h->count++;
    while (at > 0 && h->items[(at - 1) / 2]->sequence < node->sequence) {
        h->items[at] = h->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    h->items[at] = tyi_node_retain(node);
    node->queued = true;
    return TY_OK;
}

static tyi_node *heap_pop(heap *h)
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

typedef struct run {
    heap ready;
    bool retain_graph, create_graph;
    ty_tensor **captured; /* of ty_grad(): one slot per input; NULL for ty_backward() */
} run;

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

/* Adds the gradient (taken over) to a leaf's own. */
static ty_status accumulate(run *r, ty_tensor *leaf, ty_tensor *grad)
{
    tyi_record_of *record = tyi_meta_of(leaf);
    if (r->captured)
        return record->capture ? gather(&r->captured[record->capture - 1], grad) : (ty_release(grad), TY_OK);
    if (!tyi_same_shape(leaf, grad)) {
        tyi_text shape = tyi_shape_text(grad->ndim, grad->sizes);
        ty_release(grad);
        return ty_fail(TY_ERROR_VALUE, "backward: a gradient of shape %s arrived at a tensor of shape %s", shape.s,
                       TYI_SHAPE(leaf));
    }
    ty_tensor *next;
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

/* Sends a gradient (taken over; NULL is zero) along an edge. */
static ty_status deliver(run *r, const tyi_edge *edge, ty_tensor *grad)
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
    if (edge->leaf)
        return accumulate(r, edge->leaf, grad);
    if (!edge->node->needed) {
        ty_release(grad);
        return TY_OK;
    }
    if (!edge->node->queued && heap_push(&r->ready, edge->node) != TY_OK) {
        ty_release(grad);
        return TY_FAIL;
    }
    return gather(&edge->node->output[edge->nr].pending, grad);
}

/* Keeps the gradient of an output for those who asked. */
static ty_status keep(run *r, tyi_output *output, ty_tensor *grad)
{
    if (!grad)
        return TY_OK;
    if (r->captured) {
        return output->capture ? gather(&r->captured[output->capture - 1], ty_retain(grad)) : TY_OK;
    }
    if (!output->retain)
        return TY_OK;
    tyi_record_of *record = tyi_meta_of(output->retain);
    ty_tensor *sum = record->grad      ? ty_add(record->grad, grad, ty_int(1))
                     : r->create_graph ? ty_retain(grad)
                                       : ty_clone(grad);
    if (!sum)
        return TY_FAIL;
    ty_release(record->grad);
    record->grad = sum;
    return TY_OK;
}

#define FEW 8

static ty_status run_node(run *r, tyi_node *node)
{
    ty_tensor *few_out[FEW], *few_in[FEW];
    ty_tensor **grad_out = few_out, **grad_in = few_in;
    ty_status status = TY_FAIL;
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
    bool kept = true;
    for (int i = 0; i < node->outputs && kept; i++)
        kept = keep(r, &node->output[i], grad_out[i]) == TY_OK;
    if (kept) {
        status = TY_OK;
        if (follows)
            status = tyi_run_rule(node, grad_out, grad_in);
        if (status == TY_OK && follows && !r->retain_graph)
            tyi_node_drop_saved(node);
    }
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

/* Everything from the roots' gradients on. */
static ty_status go(run *r, int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients)
{
    ty_status status = TY_OK;
    bool was = ty_set_grad_enabled(r->create_graph);
    for (int i = 0; i < roots_count && status == TY_OK; i++) {
        ty_tensor *grad = gradients ? ty_retain(gradients[i]) : NULL;
        if (!grad)
            grad = ty_ones_like(roots[i], TY_DTYPE_NONE);
        tyi_edge edge = tyi_history(roots[i]);
        status = grad ? deliver(r, &edge, grad) : TY_FAIL;
    }
    tyi_node *node;
    while ((node = heap_pop(&r->ready))) {
        if (status == TY_OK) {
            status = run_node(r, node);
        } else {
            for (int i = 0; i < node->outputs; i++) {
                ty_release(node->output[i].pending);
                node->output[i].pending = NULL;
            }
        }
        tyi_node_release(node);
    }
    free(r->ready.items);
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

ty_status ty_backward(ty_tensor *root, ty_tensor *gradient, bool retain_graph, bool create_graph)
{
    if (!root || check_roots("backward", 1, &root, &gradient) != TY_OK)
        return TY_FAIL;
    run r = {.retain_graph = retain_graph || create_graph, .create_graph = create_graph};
    bool was = tyi_capturing;
    tyi_capturing = false;
    ty_status status = go(&r, 1, &root, &gradient);
    tyi_capturing = was;
    return status;
}

/* ---- Gradients of given tensors ---- */

/* Every node that the roots reach, youngest first. Holds a reference to each. */
static ty_status reach(int count, ty_tensor *const *roots, heap *found)
{
    heap waiting = {0};
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
        if (status == TY_OK && found->count == found->capacity) {
            size_t capacity = found->capacity ? found->capacity * 2 : 64;
            tyi_node **items = realloc(found->items, capacity * sizeof(tyi_node *));
            if (items) {
                found->items = items;
                found->capacity = capacity;
            } else {
                status = tyi_fail_memory(capacity * sizeof(tyi_node *));
            }
        }
        if (status == TY_OK)
            found->items[found->count++] = node;
        else
            tyi_node_release(node);
    }
    free(waiting.items);
    return status;
}

ty_status ty_grad(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, int inputs_count,
                  ty_tensor *const *inputs, bool retain_graph, bool create_graph, bool allow_unused, ty_tensor **grads)
{
    for (int i = 0; i < inputs_count; i++)
        grads[i] = NULL;
    if (check_roots("grad", roots_count, roots, gradients) != TY_OK)
        return TY_FAIL;
    for (int i = 0; i < inputs_count; i++) {
        if (!inputs[i])
            return TY_FAIL;
        if (!ty_requires_grad(inputs[i]))
            return ty_fail(TY_ERROR_VALUE, "grad: input %lld does not require a gradient", tyi_said(i));
    }
    heap found = {0};
    ty_status status = reach(roots_count, roots, &found);
    int *first =
        malloc((size_t)(inputs_count ? inputs_count : 1) * sizeof *first); /* where the same input came first */
    if (!first)
        status = tyi_fail_memory((size_t)inputs_count * sizeof *first);
    for (size_t k = 0; k < found.count; k++)
        found.items[k]->needed = false;
    int marked = 0;
    for (; status == TY_OK && marked < inputs_count; marked++) {
        tyi_edge edge = tyi_history(inputs[marked]);
        int *capture = edge.leaf ? &tyi_meta_of(edge.leaf)->capture : &edge.node->output[edge.nr].capture;
        first[marked] = *capture ? *capture - 1 : marked;
        if (!*capture)
            *capture = marked + 1;
        if (edge.node)
            edge.node->needed = true;
    }
    bool was = tyi_capturing;
    tyi_capturing = true;
    /* Oldest first: a node is needed when one of its edges leads to something needed. */
    for (size_t k = found.count; k-- > 0 && status == TY_OK;) {
        tyi_node *node = found.items[k];
        for (int i = 0; i < node->inputs && !node->needed; i++)
            node->needed = tyi_wants(node, i);
    }
    if (status == TY_OK) {
        run r = {.retain_graph = retain_graph || create_graph, .create_graph = create_graph, .captured = grads};
        status = go(&r, roots_count, roots, gradients);
    }
    tyi_capturing = was;
    for (int i = 0; i < marked; i++) {
        tyi_edge edge = tyi_history(inputs[i]);
        *(edge.leaf ? &tyi_meta_of(edge.leaf)->capture : &edge.node->output[edge.nr].capture) = 0;
    }
    for (size_t k = 0; k < found.count; k++) {
        found.items[k]->needed = true;
        tyi_node_release(found.items[k]);
    }
    free(found.items);
    for (int i = 0; i < marked && status == TY_OK; i++) {
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
