/*
 * Nodes of the tape and what a tensor carries of it: shared by the files of this folder only.
 */
#ifndef TYI_NODE_H
#define TYI_NODE_H

#include "autograd/autograd.h"

/* A tensor that a gradient rule will read. */
typedef struct tyi_saved_tensor {
    ty_tensor *x;        /* a leaf that requires a gradient itself, else an alias without history */
    tyi_node *node;      /* history it had when saved (a reference); NULL for a leaf or an output of this node */
    int nr;              /* output of `node`, or of this node when `output` */
    const void *storage; /* of x when saved: a leaf may be given another (ty_set_data) */
    bool output;         /* it is an output of this very node */
    uint32_t version;    /* of the storage when saved */
} tyi_saved_tensor;

/* An output as the engine knows it. */
typedef struct tyi_output {
    ty_tensor *pending; /* gradient gathered so far in a running backward */
    ty_tensor *retain;  /* tensor that asked to keep its gradient; not a reference: the tensor owns the node */
    int capture;        /* 1 + index into the gradients asked for by ty_grad(); 0 none */
    int8_t dtype;
} tyi_output;

struct tyi_node {
    atomic_int refs;
    int inputs, saved_count, outputs;
    const tyi_node_kind *kind;
    uint64_t sequence; /* grows with creation: an edge always leads to a smaller one */
    bool released;     /* saved tensors were let go by a backward */
    bool queued, needed;
    tyi_node *inner; /* CopySlices: the node of the op on the view */
    tyi_edge *edges;
    tyi_saved_tensor *saved;
    tyi_output *output;
    void *context;
    tyi_node *next_free; /* chain of nodes being dropped */
};

/* What autograd hangs on a tensor. */
typedef struct tyi_record_of {
    tyi_meta meta;      /* first: tensor.c knows only this */
    bool requires_grad; /* leaves */
    bool retain_grad;
    int capture;            /* leaves: 1 + index into the gradients asked for by a running ty_grad(); 0 none */
    bool view_without_grad; /* view made while gradients were off */
    ty_tensor *grad;
    tyi_node *node; /* grad_fn */
    int nr;
    ty_tensor *base;       /* of a view: what it ultimately looks at; a reference */
    uint32_t view_version; /* version of the storage that `node` of a view belongs to */
} tyi_record_of;

static inline tyi_record_of *tyi_meta_of(const ty_tensor *x)
{
    return (tyi_record_of *)x->meta;
}

/* The record of x, made when it has none; NULL when memory is out. */
tyi_record_of *tyi_meta_make(ty_tensor *x);

tyi_node *tyi_node_new(const tyi_node_kind *kind, int inputs, int saved, int outputs, size_t context_bytes);
void tyi_node_release(tyi_node *node);
static inline tyi_node *tyi_node_retain(tyi_node *node)
{
    if (node)
        atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
    return node;
}
/* Points edge i at the history of x (nothing when x requires no gradient). */
void tyi_node_connect(tyi_node *node, int i, ty_tensor *x);
ty_status tyi_node_save(tyi_node *node, int i, ty_tensor *x, int outputs_count, ty_tensor *const *outputs);
void tyi_node_drop_saved(tyi_node *node);
/* Gives x the history (node, nr), taking over the reference to node. */
ty_status tyi_set_history(ty_tensor *x, tyi_node *node, int nr);
/* Builds a node with edges, saved tensors and context, but hangs it on nothing. */
tyi_node *tyi_node_make(const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                        ty_tensor *const *outputs, int saved_count, ty_tensor *const *saved, const void *context,
                        size_t context_bytes);
/* True while ty_grad() runs on this thread: gradients go to those who were asked for, and to nobody else. */
extern _Thread_local bool tyi_capturing;
ty_tensor *tyi_restrided(ty_tensor *x, const ty_tensor *geometry);
/* Runs a rule with a scope of its own for temporaries. */
ty_status tyi_run_rule(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in);

#endif
