/*
 * Nodes of the tape and what a tensor carries of it: shared by the files of this folder only.
 */
#ifndef TYI_NODE_H
#define TYI_NODE_H

#include "autograd/autograd.h"

/* What a saved-tensor hook made of a value. */
typedef struct tyi_packed {
    ty_saved_hooks hooks;
    void *value;
    ty_tensor *leaf;     /* the leaf that it was; a reference */
    ty_tensor *unpacked; /* while the rule runs */
    int8_t dtype;        /* of the value, as what follows */
    uint8_t ndim;
    bool contiguous;
    int64_t sizes[TY_MAX_DIMS];
} tyi_packed;

/* A tensor that a gradient rule will read. */
typedef struct tyi_saved_tensor {
    ty_tensor *x;        /* a leaf that requires a gradient itself, else an alias without history */
    tyi_node *node;      /* history it had when saved (a reference); NULL for a leaf or an output of this node */
    int nr;              /* output of `node`, or of this node when `output` */
    const void *storage; /* of x when saved: a leaf may be given another (ty_set_data) */
    tyi_packed *packed;  /* in place of x, when it went through saved-tensor hooks */
    bool output;         /* it is an output of this very node */
    uint32_t version;    /* of the storage when saved */
} tyi_saved_tensor;

/* An output as the engine knows it. */
typedef struct tyi_output {
    ty_tensor *pending; /* gradient gathered so far in a running backward */
    ty_tensor *retain;  /* tensor that asked to keep its gradient; not a reference: the tensor owns the node */
    ty_tensor *asked;   /* tensor that a running backward(inputs) fills; not a reference */
    int capture;        /* 1 + index into the gradients asked for by ty_grad(); 0 none */
    int8_t dtype;
} tyi_output;

/* Hooks of a node, or of a leaf. */
typedef enum { TYI_HOOK_TENSOR, TYI_HOOK_BEFORE, TYI_HOOK_AFTER, TYI_HOOK_ACCUMULATED } tyi_hook_place;

struct ty_hook {
    atomic_int refs;
    int running;
    bool removed;
    ty_hook_spec spec;
};

typedef struct tyi_hook_list {
    int count, capacity, walking;
    struct {
        ty_hook *hook;
        tyi_hook_place place;
        int nr; /* output that a tensor's hook is for */
    } * items;
} tyi_hook_list;

/* What few nodes have. */
typedef struct tyi_node_extra {
    tyi_hook_list hooks;
    char *made_at;      /* where the op was called, in anomaly mode */
    ty_function custom; /* of a custom function; backward NULL: it is none */
} tyi_node_extra;

/* What a leaf with hooks has. Its gradients gather in a node of its own, which runs when the last has arrived. */
typedef struct tyi_leaf_hooks {
    tyi_hook_list list;
    tyi_node *accumulator;
} tyi_leaf_hooks;

struct tyi_node {
    atomic_int refs;
    int inputs, saved_count, outputs;
    const tyi_node_kind *kind;
    uint64_t sequence;          /* grows with creation by 2: an edge always leads to a smaller one */
    bool released;              /* saved tensors were let go by a backward */
    bool queued, needed, aside; /* marks of the engine */
    bool packed;                /* a saved tensor went through hooks */
    tyi_node_extra *extra;      /* NULL for most */
    tyi_node *inner;            /* CopySlices: the node of the op on the view */
    tyi_node *slices;           /* of that node: the CopySlices that owns it; no reference */
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
    tyi_leaf_hooks *hooks; /* of a leaf; NULL for most */
    tyi_node *node;        /* grad_fn */
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
void tyi_saved_drop(tyi_saved_tensor *s);

/* hooks.c. The extra part of a node, made when it has none; NULL when memory is out. */
tyi_node_extra *tyi_extra_make(tyi_node *node);
void tyi_extra_free(tyi_node_extra *extra);
void tyi_leaf_hooks_free(tyi_leaf_hooks *hooks);
/* Tells hooks that what they belong to is part of a graph now. */
void tyi_hooks_used(tyi_hook_list *list);
/* Lets go of all hooks, unless one is running. */
void tyi_hooks_forget(tyi_hook_list *list);
bool tyi_has_hooks(const tyi_hook_list *list, tyi_hook_place place);
/* Runs the hooks of one place (and, for tensors' hooks, one output) in their order; each may replace the gradients,
 * and keeps their shapes and dtypes. */
ty_status tyi_hooks_run(tyi_hook_list *list, tyi_hook_place place, int nr, int count, ty_tensor **grads,
                        int outputs_count, ty_tensor *const *grad_outputs);
/* Leaves with hooks, of all threads: 0 spares the engine a look for them. */
extern atomic_int tyi_hooked_leaves;
extern const tyi_node_kind tyi_accumulate_kind;
/* The leaf of an accumulator. */
ty_tensor *tyi_accumulator_leaf(const tyi_node *node);

/* inplace.c. Gives x, already changed, the history `inner` (taken over), whose input `at` is x as it was. */
ty_tensor *tyi_inplace_rebase(ty_tensor *x, tyi_node *inner, int at);

/* Gives x, which holds what the op of a CopySlices node made of a slice, the history of that slice of the new base. */
ty_status tyi_slice_history(tyi_node *node, ty_tensor *x);

/* custom.c: the rule of all functions of ty_record_function(). */
ty_status tyi_custom_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in);

/* anomaly.c. Notes where a new node was made, in anomaly mode. */
extern _Thread_local bool tyi_anomaly_on;
void tyi_note_made(tyi_node *node);
/* After a rule: an error when a gradient holds NaN, in a mode that looks. */
ty_status tyi_check_nan(tyi_node *node, ty_tensor *const *grad_in);
/* The rule of `node` (NULL: of none) runs from now on; gives the one before. */
const tyi_node *tyi_anomaly_enter(const tyi_node *node);
/* Adds to the error where the node was made. */
void tyi_blame(const tyi_node *node);

#endif
