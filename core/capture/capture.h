/*
 * What the files of a capture share: the calls that were recorded, the storages that they touched, and what a replay
 * needs beside them. record.c fills it, plan.c puts it in order, replay.c runs it. Stands above tensors, autograd and
 * optimisers and knows of them what watch.h says.
 */
#ifndef TYI_CAPTURE_H
#define TYI_CAPTURE_H

#include "backend/backend.h"
#include "tensor/tensor.h"

#define TYI_MOST_INPUTS 64

/* Called for each operand of a call: `slot` is the address of its pointer. */
typedef struct tyi_visitor {
    void (*operand)(struct tyi_visitor *, void *slot, bool read, bool written);
} tyi_visitor;

typedef enum {
    TYI_CALL_KERNEL,
    TYI_CALL_POINTWISE, /* the arguments begin with a tyi_iter */
    TYI_CALL_RANDOM,    /* draws from a generator */
    TYI_CALL_GUARD,     /* what the host learnt from it must come out the same */
    TYI_CALL_ACTION,    /* the host's own work: no kernel */
} tyi_call_kind;

/* How the calls of one kernel are kept and done again. */
typedef struct tyi_call_type {
    const char *name;
    tyi_call_kind kind;
    size_t bytes; /* of the arguments */
    /* *stale (guards): it came out other than recorded. */
    ty_status (*run)(const tyi_backend *device, const void *args, bool *stale);
    void (*operands)(void *args, tyi_visitor *v);
} tyi_call_type;

typedef struct tyi_call {
    const tyi_call_type *type;
    void *args;           /* owned */
    int uses, uses_count; /* its part of the list of uses */
    int group; /* pointwise: how many calls from here on run together, in pieces; 0: none, or not the first */
} tyi_call;

/* A storage that the recorded step made or touched. Until the recording is planned it is not given back when its last
 * user lets go: `keep` stands in the place of its own release. */
typedef struct tyi_block {
    tyi_storage *s;
    void (*release)(tyi_storage *); /* its own, and what that needs */
    void *owner;
    ty_capture *capture;
    char *data;  /* where the recorded calls find it */
    char *moved; /* where it lies in the planned buffer; NULL: it stays */
    size_t bytes;
    bool before;      /* it was there before the step, or is an argument */
    int argument;     /* stands for this argument, counted from 1; 0: for none */
    bool written;     /* by a kernel */
    bool held;        /* a reference is ours */
    atomic_bool left; /* nobody but the recording knows it any more */
    int touches;      /* addresses taken before its first use by a kernel */
    int first, last;  /* calls that use it; -1: none */
    void *initial;    /* what the host had put into it before the first kernel; NULL: nothing */
    size_t at;        /* in the planned buffer */
} tyi_block;

typedef struct tyi_use {
    tyi_block *block;
    bool read, written;
} tyi_use;

/* The grad of a leaf, before and after. */
typedef struct tyi_leaf_grad {
    ty_tensor *leaf;
    bool looked_at; /* the step began with it as it was: it must be that one again */
    ty_tensor *before, *after;
} tyi_leaf_grad;

typedef struct tyi_guarded {
    ty_tensor *x;
    const tyi_storage *storage;
    int64_t offset;
    bool requires_grad;
} tyi_guarded;

/* On a CUDA device: a run of calls that became a graph, or could not. */
typedef struct tyi_segment {
    int from, to;
    bool tried; /* to make the graph */
    struct tyi_cuda_graph *graph;
} tyi_segment;

/* Where a recorded call has the address of an argument. */
typedef struct tyi_slot {
    void *slot;
    int input;
    ptrdiff_t at; /* bytes from the first element of the argument */
} tyi_slot;

struct ty_capture {
    tyi_watcher watcher; /* first: what the thread sees */
    const tyi_backend *device;
    ty_device place; /* where its kernels run */
    bool placed;     /* that is known: by the arguments, or by the first kernel */
    bool recording;
    const char *problem; /* why it cannot be replayed, found while recording; NULL: none */
    int inputs_count, outputs_count;
    ty_tensor **places, **outputs;
    int calls_count, calls_room, uses_count, uses_room, blocks_count, blocks_room, grads_count, grads_room;
    int guarded_count, guarded_room;
    tyi_call *calls;
    tyi_use *uses;
    tyi_block **blocks; /* in the order of their addresses */
    tyi_leaf_grad *grads;
    tyi_guarded *guarded;
    int slots_count, slots_room;
    tyi_slot *slots;
    int last_range; /* the index_range() call that bounds are for; -1: none */
    int head;       /* calls that run first, and change nothing: guards and what they depend on */
    int segments_count, segments_room;
    tyi_segment *segments; /* CUDA: the calls from head on */
    tyi_storage *buffer;   /* the planned memory */
    size_t alone;          /* bytes of all that lies in it */
};

/* The table that records, and the types of the calls. */
extern const tyi_backend tyi_recording_backend;
extern const tyi_call_type tyi_action_type;

/* calls.c and guards.c: notes a call that is about to be made. NULL with the error set when memory is out. */
void *tyi_note(const tyi_call_type *type, const void *args);
/* What a recording function runs. */
static inline const tyi_backend *tyi_noting_device(void)
{
    return ((ty_capture *)tyi_watching)->device;
}
static inline void tyi_visit(tyi_visitor *v, void *slot, bool read, bool written)
{
    void *p;
    memcpy(&p, slot, sizeof p);
    if (p)
        v->operand(v, slot, read, written);
}

/* graphs.c: cuts the calls of a planned recording into segments; runs them; forgets the graphs. */
ty_status tyi_cut_segments(ty_capture *c);
ty_status tyi_run_segments(ty_capture *c, bool *stale);
void tyi_free_segments(ty_capture *c);
/* replay.c: calls one by one. */
ty_status tyi_run_calls(ty_capture *c, int from, int to, bool *stale);

/* The block that an address lies in; NULL: none. */
tyi_block *tyi_block_of(const ty_capture *c, const void *address);
/* Makes room for one more item in a list of the capture. */
ty_status tyi_room(void *list, int count, int *room, size_t item);

/* guards.c: recorded in place of the kernels of the same names. */
ty_status tyi_note_index_range(const int64_t *index, int64_t n, int64_t *low, int64_t *high);
ty_status tyi_note_index_from_one(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros);
ty_status tyi_note_nonzero_count(const void *mask, int64_t n, int64_t *count);
/* The latest range is in order whenever it lies in these bounds. */
void tyi_range_bounds(ty_capture *c, int64_t low, int64_t high);

/* fuse.c: finds pointwise calls that can run together, and runs one such group. */
void tyi_fuse(ty_capture *c);
ty_status tyi_run_group(const ty_capture *c, int first);

#endif
