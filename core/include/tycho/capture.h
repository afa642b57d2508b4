/* Captured steps: a function of tensors recorded once as a list of kernel calls, and replayed. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Capture -------------------------------------------------------------------------------- */
/* Between ty_capture_begin() and ty_capture_stop() everything that this thread computes is done as ever, and noted:
 *
 *     ty_capture *c = ty_capture_begin(count, inputs, places);
 *     ... compute outputs from places: forward, backward, ty_optim_step() ...
 *     ty_capture_stop(c, outputs_count, outputs);
 *     ... let go of everything that the step made ...
 *     ty_capture_plan(c);
 *     ty_capture_replay(c, inputs, outputs, &stale);     any number of times
 *
 * What cannot be replayed is refused where it is asked for: numbers read by the host, hooks, functions from outside.
 * One thread uses a capture at a time. */
typedef struct ty_capture ty_capture;

/* Starts to record. places[i]: a new reference to a tensor that stands for inputs[i], of the same numbers and geometry;
 * they are the capture's arguments from now on. NULL when this thread records already, or memory is out. */
ty_capture *ty_capture_begin(int count, ty_tensor *const *inputs, ty_tensor **places);
/* Ends recording and notes what the step gave. TY_FAIL: something in it cannot be replayed; free the capture. What was
 * computed stays as it is either way. */
ty_status ty_capture_stop(ty_capture *c, int outputs_count, ty_tensor *const *outputs);
/* Plans the memory of what nothing but the recording uses any more, once everything else has let go of it. */
ty_status ty_capture_plan(ty_capture *c);
/* Whether inputs have the shapes, strides and dtypes of those that were recorded. */
bool ty_capture_matches(const ty_capture *c, ty_tensor *const *inputs);
/* The step once more with such inputs: outputs[i] are new tensors without history. *stale: what was recorded does not
 * fit any more (a gradient or a tensor's memory is another, indices or counts go beyond what was found in order, a
 * tensor of the list below changed): nothing has been done, and TY_FAIL is returned with no error set. Any other
 * failure is as that of the step itself, with what was done before it done. */
ty_status ty_capture_replay(ty_capture *c, ty_tensor *const *inputs, ty_tensor **outputs, bool *stale);
/* A tensor that the function may use: a replay is stale when its memory, place in it, or wish for a gradient changed.
 */
ty_status ty_capture_guard(ty_capture *c, ty_tensor *x);
/* Also stops recording when it still goes on. */
void ty_capture_free(ty_capture *c);

typedef struct ty_capture_facts {
    int inputs, outputs;
    int calls;             /* kernel calls of a replay */
    int fused;             /* of them, those that run in cache-sized pieces with their neighbours */
    size_t planned, alone; /* bytes of the shared buffer, and of all that share it */
    size_t restored;       /* bytes that the host had written and kernels change: copied anew before a replay */
} ty_capture_facts;
/* The kernel of call i of a replay ("matmul"; "action": an optimiser's step); NULL beyond the last. */
const char *ty_capture_kernel(const ty_capture *c, int i);
void ty_capture_get_facts(const ty_capture *c, ty_capture_facts *facts);

/* Whether this thread is recording. */
bool ty_capture_active(void);
/* Fails while this thread is recording: `what` cannot be replayed, and what to do instead. */
ty_status ty_capture_refuse(const char *what, const char *cure);
