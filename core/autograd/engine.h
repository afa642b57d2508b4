/*
 * What the files of the backward engine share: lists of nodes, runs, and what an outer run has put aside.
 */
#ifndef TYI_ENGINE_H
#define TYI_ENGINE_H

#include "autograd/node.h"

/* Nodes whose gradients have begun to arrive, as a heap with the youngest on top. Holds a reference to each. */
typedef struct tyi_heap {
    tyi_node **items;
    size_t count, capacity;
} tyi_heap;

/* Adds a node, and a reference to it, at the end, without order. */
ty_status tyi_list_push(tyi_heap *list, tyi_node *node);
void tyi_list_free(tyi_heap *list);

/* One call of backward or grad. A gradient rule or a hook may start another. */
typedef struct tyi_run {
    tyi_heap ready;
    bool retain_graph, create_graph;
    ty_tensor **captured; /* of grad: one slot per input; NULL when gradients go into the leaves */
    int marks_count;      /* tensors whose gradients are asked for, and where they come from: references */
    tyi_edge *marks;
    struct tyi_run *outer;
} tyi_run;

/* The run that this thread is in; NULL: none. */
extern _Thread_local tyi_run *tyi_innermost;

/* What outer runs have in the nodes and leaves that an inner one goes through. Begins as {0}. */
typedef struct tyi_asides {
    size_t count, capacity;
    struct aside *items;
    int captures_count; /* marks of leaves */
    int *captures;
} tyi_asides;

/* Clears the marks of outer runs from all that the roots and inputs reach. */
ty_status tyi_set_aside(tyi_asides *all, int roots_count, ty_tensor *const *roots, int inputs_count,
                        ty_tensor *const *inputs);
/* Back to what the outer run left, also after a failure of tyi_set_aside(). */
void tyi_put_back(tyi_asides *all);

#endif
