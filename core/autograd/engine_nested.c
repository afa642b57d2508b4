/*
 * A run of the backward engine within another, which a gradient rule or a hook starts: what the outer run keeps in the
 * nodes is put aside while the inner one uses the same fields.
 */
#include <stdlib.h>

#include "autograd/engine.h"

/* A node and the fields of it that both runs use. */
typedef struct aside {
    tyi_node *node;  /* a reference */
    ty_tensor *leaf; /* of an accumulator: a reference */
    uint64_t sequence;
    bool queued, needed;
    tyi_output *output; /* copies */
} aside;

static ty_status put_aside(tyi_asides *all, tyi_node *node, ty_tensor *leaf)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 64;
        aside *items = realloc(all->items, capacity * sizeof *items);
        if (!items)
            return tyi_fail_memory(capacity * sizeof *items);
        all->items = items;
        all->capacity = capacity;
    }
    size_t bytes = (size_t)node->outputs * sizeof(tyi_output);
    tyi_output *copies = malloc(bytes + 1);
    if (!copies)
        return tyi_fail_memory(bytes);
    memcpy(copies, node->output, bytes);
    all->items[all->count++] =
        (aside){tyi_node_retain(node), ty_retain(leaf), node->sequence, node->queued, node->needed, copies};
    node->queued = false;
    node->needed = true;
    for (int i = 0; i < node->outputs; i++) {
        node->output[i].pending = NULL;
        node->output[i].capture = 0;
        node->output[i].asked = NULL;
    }
    return TY_OK;
}

void tyi_put_back(tyi_asides *all)
{
    while (all->count) {
        aside *a = &all->items[--all->count];
        a->node->queued = a->queued;
        a->node->needed = a->needed;
        a->node->sequence = a->sequence;
        for (int i = 0; i < a->node->outputs; i++) {
            a->node->output[i].pending = a->output[i].pending;
            a->node->output[i].capture = a->output[i].capture;
            a->node->output[i].asked = a->output[i].asked;
        }
        free(a->output);
        tyi_node_release(a->node);
        ty_release(a->leaf);
    }
    free(all->items);
    int at = 0;
    for (tyi_run *r = tyi_innermost; r && all->captures; r = r->outer)
        for (int i = 0; i < r->marks_count; i++)
            if (r->marks[i].leaf)
                tyi_meta_of(r->marks[i].leaf)->capture = all->captures[at++];
    free(all->captures);
}

/* Clears the marks of outer runs on leaves. */
static ty_status put_captures_aside(tyi_asides *all)
{
    int marks = 0;
    for (const tyi_run *r = tyi_innermost; r; r = r->outer)
        marks += r->marks_count;
    all->captures = malloc(((size_t)marks + 1) * sizeof *all->captures);
    if (!all->captures)
        return tyi_fail_memory((size_t)marks * sizeof *all->captures);
    for (const tyi_run *r = tyi_innermost; r; r = r->outer)
        for (int i = 0; i < r->marks_count; i++)
            if (r->marks[i].leaf)
                all->captures[all->captures_count++] = tyi_meta_of(r->marks[i].leaf)->capture;
    for (const tyi_run *r = tyi_innermost; r; r = r->outer)
        for (int i = 0; i < r->marks_count; i++)
            if (r->marks[i].leaf)
                tyi_meta_of(r->marks[i].leaf)->capture = 0;
    return TY_OK;
}

/* Puts a node aside, and the accumulators that it leads to; nodes it leads to are listed in *waiting. */
static ty_status put_step_aside(tyi_asides *all, tyi_node *node, tyi_heap *waiting)
{
    ty_status status = TY_OK;
    if (node->aside)
        return TY_OK;
    status = put_aside(all, node, NULL);
    node->aside = status == TY_OK;
    for (int i = 0; i < node->inputs && status == TY_OK; i++) {
        const tyi_edge *edge = &node->edges[i];
        const tyi_leaf_hooks *hooks = edge->leaf ? tyi_meta_of(edge->leaf)->hooks : NULL;
        if (edge->node && !edge->node->aside) {
            status = tyi_list_push(waiting, edge->node);
        } else if (hooks && !hooks->accumulator->aside) {
            status = put_aside(all, hooks->accumulator, edge->leaf);
            hooks->accumulator->aside = status == TY_OK;
        }
    }
    return status;
}

/* Nodes are walked by a list of their own, since the marks of the heap are in use. */
ty_status tyi_set_aside(tyi_asides *all, int roots_count, ty_tensor *const *roots, int inputs_count,
                        ty_tensor *const *inputs)
{
    ty_status status = put_captures_aside(all);
    tyi_heap waiting = {0};
    for (int i = 0; i < roots_count + (inputs_count > 0 ? inputs_count : 0) && status == TY_OK; i++) {
        tyi_node *node = tyi_history(i < roots_count ? roots[i] : inputs[i - roots_count]).node;
        if (node)
            status = tyi_list_push(&waiting, node);
    }
    while (waiting.count && status == TY_OK) {
        tyi_node *node = waiting.items[--waiting.count];
        status = put_step_aside(all, node, &waiting);
        tyi_node_release(node);
    }
    tyi_list_free(&waiting);
    for (size_t k = 0; k < all->count; k++)
        all->items[k].node->aside = false;
    return status;
}
