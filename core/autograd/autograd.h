/*
 * The tape: nodes that remember how a tensor was made, recording, and in-place history. Knows nodes and tensors, no op.
 *
 * An op that is differentiable ends in tyi_record(): when gradients are wanted it makes a node with an edge to each
 * input's history and hangs it on the output. A node saves what its gradient needs; backward frees that as it goes.
 *
 * Saved tensors never make reference cycles: what is saved is a fresh alias that points at the history the tensor had
 * when it was saved (for an output: at nothing, and the node itself when it is taken out again).
 */
#ifndef TYI_AUTOGRAD_H
#define TYI_AUTOGRAD_H

#include "tensor/tensor.h"

typedef struct tyi_node tyi_node;

/* Gradient rule. grad_out[i] is the gradient of output i (NULL: zero, only for nodes of several outputs); the rule sets
 * grad_in[i] (new references) where tyi_wants(node, i); it may leave NULL for zero. Temporaries go through tyi_temp().
 * Written with the library's own ops, so that its result can be differentiated again. */
typedef ty_status (*tyi_backward)(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in);

/* A kind of node: one static per op. */
typedef struct tyi_node_kind {
    const char *name; /* PyTorch's: "MulBackward0" */
    tyi_backward backward;
} tyi_node_kind;

/* Where a gradient goes: to output `nr` of a node, or into a leaf. At most one of node, leaf is set. */
typedef struct tyi_edge {
    tyi_node *node;
    ty_tensor *leaf;
    int nr;
} tyi_edge;

/* true when grad mode is on and one of these (NULLs skipped) requires a gradient. */
bool tyi_needs_grad(int count, ty_tensor *const *inputs);

/* A list of tensors as two arguments. */
#define TYI_LIST(...)                                                                                                  \
    (int)(sizeof((ty_tensor *[]){__VA_ARGS__}) / sizeof(ty_tensor *)), (ty_tensor *[])                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* Finishes a differentiable op with one output: returns out, with a node if gradients are wanted. inputs are the
 * tensors that may get gradients, in the order of grad_in; saved are those the rule reads (inputs, out, or others; NULL
 * allowed); context is copied. out NULL passes NULL on; a failure releases out. */
ty_tensor *tyi_record(ty_tensor *out, const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs,
                      int saved_count, ty_tensor *const *saved, const void *context, size_t context_bytes);
/* The same for several outputs; NULL entries are not differentiable. */
ty_status tyi_record_many(int outputs_count, ty_tensor *const *outputs, const tyi_node_kind *kind, int inputs_count,
                          ty_tensor *const *inputs, int saved_count, ty_tensor *const *saved, const void *context,
                          size_t context_bytes);
/* Marks `out` as a view of `base` and records it. When the base (or another view of it) is later changed in place, the
 * history of `out` is made anew from the base's. */
ty_tensor *tyi_record_view(ty_tensor *out, ty_tensor *base, const tyi_node_kind *kind, const void *context,
                           size_t context_bytes);

/* Before an in-place op: fails where it may not be done (a leaf that requires grad, a tensor that overlaps itself). */
ty_status tyi_inplace_begin(const char *name, ty_tensor *x);
/* After it: counts the change and gives x its new history (inputs[0] is x as it was before). Returns a new reference to
 * x, or NULL. kind NULL: the new values depend on nothing (fill_, uniform_). Saved values that the op overwrote must be
 * saved as clones. */
ty_tensor *tyi_inplace_record(ty_tensor *x, const tyi_node_kind *kind, int inputs_count, ty_tensor *const *inputs,
                              int saved_count, ty_tensor *const *saved, const void *context, size_t context_bytes);

/* For gradient rules. */
bool tyi_wants(const tyi_node *node, int input);
ty_tensor *tyi_saved(tyi_node *node,
                     int i); /* borrowed; NULL with the error set when it was changed in place; NULL saved: NULL */
bool tyi_saved_is_null(const tyi_node *node, int i); /* whether NULL was saved */
const void *tyi_context(const tyi_node *node);
ty_tensor *tyi_temp(ty_tensor *x); /* owns x until the rule returns; passes it on */

/* The same for an op that is composed of others: what tyi_temp() owns between the two calls is let go of by the second.
 *
 *     int outer = tyi_temps_begin();
 *     return tyi_composed(outer, MUL(a, F(exp, b)));
 */
int tyi_temps_begin(void);
void tyi_temps_end(int outer);
static inline ty_tensor *tyi_composed(int outer, ty_tensor *result)
{
    ty_retain(result);
    tyi_temps_end(outer);
    return result;
}

/* History of a tensor: its edge (borrowed pointers). */
tyi_edge tyi_history(ty_tensor *x);

/* Set by core/ops/view.c: the view of `base` with this geometry, recorded (used to rebuild a view's history). */
typedef ty_tensor *(*tyi_restride)(ty_tensor *base, const ty_tensor *geometry);
void tyi_set_restride(tyi_restride f);

#endif
