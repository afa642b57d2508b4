/* Gradients: backward and grad, hooks, functions with a gradient of their own, modes. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Autograd ------------------------------------------------------------------------------- */

bool ty_requires_grad(const ty_tensor *x);
ty_status ty_set_requires_grad(ty_tensor *x, bool requires_grad); /* floating leaves only */
bool ty_is_leaf(const ty_tensor *x);
ty_tensor *ty_grad_of(ty_tensor *x);                  /* borrowed; NULL when there is none yet */
ty_status ty_set_grad(ty_tensor *x, ty_tensor *grad); /* NULL clears */
/* x.data = data: the leaf x takes over the shape, dtype and (shared) memory of data and stays who it is. */
ty_status ty_set_data(ty_tensor *x, ty_tensor *data);
ty_status ty_retain_grad(ty_tensor *x);          /* keep the gradient of a non-leaf */
ty_tensor *ty_detach_(ty_tensor *x);             /* x forgets its history; not for views */
const char *ty_grad_fn_name(const ty_tensor *x); /* "AddBackward0"; NULL for a leaf */
int ty_output_nr(ty_tensor *x);                  /* which output of its op */
/* Accumulates d root / d leaf into the leaves' grad. gradient NULL: root has one element. */
ty_status ty_backward(ty_tensor *root, ty_tensor *gradient, bool retain_graph, bool create_graph);
/* The same for several roots (gradients may be NULL, or hold NULLs); inputs_count -1: all leaves, else these tensors
 * alone get their gradients into grad. */
ty_status ty_backward_many(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, bool retain_graph,
                           bool create_graph, int inputs_count, ty_tensor *const *inputs);
/* torch.autograd.grad: grads[i] (new references, NULL where unused and allowed) of the roots' sum. */
ty_status ty_grad(int roots_count, ty_tensor *const *roots, ty_tensor *const *gradients, int inputs_count,
                  ty_tensor *const *inputs, bool retain_graph, bool create_graph, bool allow_unused, ty_tensor **grads);
bool ty_grad_enabled(void);
bool ty_set_grad_enabled(bool enabled); /* returns what it was */
/* Inference mode of this thread: nothing is recorded, and tensors made in it are never saved for a gradient. */
bool ty_inference_mode_enabled(void);
bool ty_set_inference_mode(bool enabled); /* returns what it was */
bool ty_is_inference(const ty_tensor *x);

/* A step of the recorded graph: an op, or a leaf's accumulator. Both NULL: none. By value, counted by retain/release.
 */
typedef struct ty_node {
    struct tyi_node *op;
    ty_tensor *leaf;
} ty_node;
ty_node ty_grad_fn(ty_tensor *x); /* new reference; none for a leaf */
ty_node ty_node_retain(ty_node node);
void ty_node_release(ty_node node);
const char *ty_node_name(ty_node node);
int ty_node_inputs(ty_node node);
ty_node ty_node_next(ty_node node, int input, int *nr); /* where an input came from (new reference), *nr: its output */
bool ty_node_wants(ty_node node, int input);            /* for a running gradient: whether it is needed */
/* What a function of ty_record_function() saved: a new reference; *none: NULL was saved. */
ty_tensor *ty_node_saved(ty_node node, int i, bool *none);

/* Hooks run while gradients flow and may replace them: grads[i] is owned by its slot (NULL: zero) and keeps its shape
 * and dtype. ty_register_hook: the gradient of x. On a node, before it runs: of its outputs; after: of its inputs, with
 * grad_outputs beside them. After a leaf's grad was accumulated: grads[0] is the leaf itself. */
typedef struct ty_hook ty_hook;
typedef struct ty_hook_spec {
    ty_status (*call)(void *data, int count, ty_tensor **grads, int outputs_count, ty_tensor *const *grad_outputs);
    void (*used)(void *data);    /* what it is on was just made part of a graph; NULL: never told */
    void (*release)(void *data); /* once, when the hook is removed or what it is on goes; NULL: nothing to do */
    void *data;
} ty_hook_spec;
ty_hook *ty_register_hook(ty_tensor *x, const ty_hook_spec *spec); /* each gives a new reference */
ty_hook *ty_register_post_accumulate_grad_hook(ty_tensor *leaf, const ty_hook_spec *spec);
ty_hook *ty_node_register_prehook(ty_node node, const ty_hook_spec *spec);
ty_hook *ty_node_register_hook(ty_node node, const ty_hook_spec *spec);
void ty_hook_remove(ty_hook *hook);  /* it is called no more */
void ty_hook_release(ty_hook *hook); /* one reference less: the hook itself stays */
void ty_hooks_used(ty_tensor *x);    /* tells the hooks on x that something new holds it */
bool ty_is_unused(ty_tensor *x);     /* nothing but one reference holds x, and nothing but x its history */

/* A function with a gradient of its own. `backward` gets a gradient for each output and sets those of the inputs (new
 * references, NULL: zero). `data` is taken over, also on failure. */
typedef struct ty_function {
    const char *name; /* copied */
    ty_status (*backward)(void *data, ty_node node, ty_tensor *const *grad_out, ty_tensor **grad_in);
    void (*release)(void *data);
    void *data;
    bool materialize_grads; /* gradients of outputs are never NULL */
} ty_function;
enum { TY_OUTPUT_DIRTY = 1, TY_OUTPUT_CONSTANT = 2 }; /* an input changed in place; never gets a gradient */
/* Records what was computed outside the tape. outputs may be replaced by aliases; flags: one byte for each. */
ty_status ty_record_function(const ty_function *function, int inputs_count, ty_tensor *const *inputs, int outputs_count,
                             ty_tensor **outputs, const unsigned char *flags, int saved_count, ty_tensor *const *saved);

/* What ops keep for their gradients goes through these: pack gives what is kept in place of x (NULL: failure), unpack a
 * new reference to its values. */
typedef struct ty_saved_hooks {
    void *(*pack)(void *data, ty_tensor *x);
    ty_tensor *(*unpack)(void *data, void *packed);
    void (*release)(void *data, void *packed);
    void *data;
} ty_saved_hooks;
void ty_set_saved_hooks(const ty_saved_hooks *hooks); /* of this thread; copied; NULL: none */

/* Anomaly mode of this thread: ops note where they were called, by `where` (a text to be freed, or NULL), failures of
 * gradients say so, and with check_nan a gradient that is NaN is a failure. where NULL: off. */
void ty_set_anomaly_mode(char *(*where)(void *data), void *data, bool check_nan);
