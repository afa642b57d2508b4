/*
 * Recording: what the thread does between ty_capture_begin() and ty_capture_stop(). The calls themselves are noted by
 * calls.c; here are the storages that they touch, the gradients of leaves, and the host's own work. Storages that the
 * step makes stay where they are until the recording is planned, so that an address means one storage throughout.
 */
#include <stdlib.h>

#include "autograd/node.h"
#include "capture/capture.h"
#include "ops/ops.h"

ty_status tyi_room(void *list, int count, int *room, size_t item)
{
    void **items = list;
    if (count < *room)
        return TY_OK;
    int wanted = *room ? *room * 2 : 64;
    void *larger = realloc(*items, (size_t)wanted * item);
    if (!larger)
        return tyi_fail_memory((size_t)wanted * item);
    *items = larger;
    *room = wanted;
    return TY_OK;
}

/* ---- Blocks ---- */

/* In the place of a storage's release: nobody but the recording knows it any more. From any thread. */
static void keep(tyi_storage *s)
{
    atomic_store(&((tyi_block *)s->owner)->left, true);
}

static tyi_block *known(const tyi_storage *s)
{
    return s->release == keep ? s->owner : NULL;
}

/* Where the blocks begin whose memory lies above an address. */
static int place_of(const ty_capture *c, const char *address)
{
    int low = 0, high = c->blocks_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (c->blocks[middle]->data <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

tyi_block *tyi_block_of(const ty_capture *c, const void *address)
{
    int at = place_of(c, address) - 1;
    if (at < 0)
        return NULL;
    tyi_block *b = c->blocks[at];
    return (const char *)address < b->data + (b->bytes ? b->bytes : 1) ? b : NULL;
}

/* Takes a storage into the recording; NULL (and the recording is spoilt) when memory is out. */
static tyi_block *take(ty_capture *c, tyi_storage *s, bool before)
{
    tyi_block *b = calloc(1, sizeof *b);
    if (!b || tyi_room(&c->blocks, c->blocks_count, &c->blocks_room, sizeof *c->blocks) != TY_OK) {
        free(b);
        c->problem = "memory ran out while it was recorded";
        return NULL;
    }
    *b = (tyi_block){.s = s,
                     .release = s->release,
                     .owner = s->owner,
                     .capture = c,
                     .data = s->data,
                     .bytes = s->bytes,
                     .before = before,
                     .first = -1,
                     .last = -1};
    atomic_init(&b->left, false);
    int at = place_of(c, b->data);
    memmove(c->blocks + at + 1, c->blocks + at, (size_t)(c->blocks_count - at) * sizeof *c->blocks);
    c->blocks[at] = b;
    c->blocks_count++;
    s->owner = b;
    s->release = keep;
    return b;
}

static void made(tyi_watcher *w, tyi_storage *s)
{
    take((ty_capture *)w, s, false);
}

static void touched(tyi_watcher *w, const ty_tensor *x)
{
    tyi_block *b = known(x->storage);
    if (!b)
        b = take((ty_capture *)w, x->storage, true);
    if (b)
        b->touches++;
}

static bool is_known(tyi_watcher *w, const ty_tensor *x)
{
    (void)w;
    const tyi_block *b = known(x->storage);
    return b && !b->before && !b->written;
}

/* ---- Calls ---- */

typedef struct noting {
    tyi_visitor visitor;
    ty_capture *c;
    bool failed;
} noting;

static void note_operand(tyi_visitor *v, void *slot, bool read, bool written)
{
    noting *n = (noting *)v;
    ty_capture *c = n->c;
    void *address;
    memcpy(&address, slot, sizeof address);
    tyi_block *block = tyi_block_of(c, address);
    if (!block) {
        c->problem = "a kernel worked in memory that belongs to no tensor";
        return;
    }
    if (tyi_room(&c->uses, c->uses_count, &c->uses_room, sizeof *c->uses) != TY_OK) {
        n->failed = true;
        return;
    }
    c->uses[c->uses_count++] = (tyi_use){block, read, written};
}

/* Whether a call leaves something of what a block holds, or reads it. *operands: how many of its operands lie there. */
static bool needs_contents(const ty_capture *c, const tyi_call *call, const tyi_block *b, int *operands)
{
    bool needed = false;
    *operands = 0;
    for (int i = 0; i < call->uses_count; i++) {
        const tyi_use *use = &c->uses[call->uses + i];
        *operands += use->block == b;
        needed = needed || (use->block == b && use->read);
    }
    if (call->type->kind != TYI_CALL_POINTWISE)
        return needed;
    const tyi_iter *iter = call->args;
    return needed || (size_t)iter->numel * tyi_dtype_size(iter->operands[0].dtype) < b->bytes;
}

/* What the host put into a storage before the first kernel came to it: somebody took its address beside this call. */
static ty_status keep_initial(const ty_capture *c, const tyi_call *call, tyi_block *b)
{
    int operands;
    if (b->s->device.type != TY_CPU) /* the host writes there by kernels alone */
        return TY_OK;
    if (!needs_contents(c, call, b, &operands) || b->touches <= operands || !b->bytes)
        return TY_OK;
    b->initial = malloc(b->bytes);
    if (!b->initial)
        return tyi_fail_memory(b->bytes);
    memcpy(b->initial, b->data, b->bytes);
    return TY_OK;
}

static ty_status take_in(ty_capture *c, int at)
{
    const tyi_call *call = &c->calls[at];
    for (int i = 0; i < call->uses_count; i++) {
        const tyi_use *use = &c->uses[call->uses + i];
        tyi_block *b = use->block;
        if (b->first < 0 && !b->before && keep_initial(c, call, b) != TY_OK)
            return TY_FAIL;
        if (b->first < 0)
            b->first = at;
    }
    for (int i = 0; i < call->uses_count; i++)
        if (c->uses[call->uses + i].written)
            c->uses[call->uses + i].block->written = true;
    return TY_OK;
}

/* Appends a call; takes over args, also on failure. */
static ty_status append(ty_capture *c, const tyi_call_type *type, void *args)
{
    if (tyi_room(&c->calls, c->calls_count, &c->calls_room, sizeof *c->calls) != TY_OK) {
        free(args);
        return TY_FAIL;
    }
    noting n = {{note_operand}, c, false};
    int at = c->calls_count++, uses = c->uses_count;
    c->calls[at] = (tyi_call){.type = type, .args = args, .uses = uses};
    if (type->operands)
        type->operands(args, &n.visitor);
    c->calls[at].uses_count = c->uses_count - uses;
    return n.failed ? TY_FAIL : take_in(c, at);
}

void *tyi_note(const tyi_call_type *type, const void *args)
{
    ty_capture *c = (ty_capture *)tyi_watching;
    void *kept = malloc(type->bytes);
    if (!kept) {
        tyi_fail_memory(type->bytes);
        return NULL;
    }
    memcpy(kept, args, type->bytes);
    c->last_range = -1;
    return append(c, type, kept) == TY_OK ? kept : NULL;
}

/* ---- The host's own work ---- */

static ty_status run_action(const tyi_backend *device, const void *args, bool *stale)
{
    const tyi_action *action = args;
    (void)device, (void)stale;
    return action->run(action->data);
}

const tyi_call_type tyi_action_type = {"action", TYI_CALL_ACTION, sizeof(tyi_action), run_action, NULL};

static ty_status act(tyi_watcher *w, tyi_action action)
{
    tyi_action *kept = malloc(sizeof *kept);
    if (!kept) {
        action.release(action.data);
        return tyi_fail_memory(sizeof *kept);
    }
    *kept = action;
    if (append((ty_capture *)w, &tyi_action_type, kept) != TY_OK) {
        action.release(action.data);
        return TY_FAIL;
    }
    tyi_watching = NULL;
    ty_status status = action.run(action.data);
    tyi_watching = w;
    return status;
}

/* ---- Gradients of leaves ---- */

static ty_tensor *grad_now(ty_tensor *x)
{
    return x->meta ? tyi_meta_of(x)->grad : NULL;
}

static void grad(tyi_watcher *w, ty_tensor *x, tyi_grad_event event)
{
    ty_capture *c = (ty_capture *)w;
    const tyi_block *b = known(x->storage);
    if ((b && !b->before) || !ty_is_leaf(x))
        return;
    for (int i = 0; i < c->grads_count; i++)
        if (c->grads[i].leaf == x)
            return;
    if (tyi_room(&c->grads, c->grads_count, &c->grads_room, sizeof *c->grads) != TY_OK) {
        c->problem = "memory ran out while it was recorded";
        return;
    }
    bool looked_at = event == TYI_GRAD_READ;
    c->grads[c->grads_count++] =
        (tyi_leaf_grad){ty_retain(x), looked_at, looked_at ? ty_retain(grad_now(x)) : NULL, NULL};
}

static void index_bounds(tyi_watcher *w, int64_t low, int64_t high)
{
    tyi_range_bounds((ty_capture *)w, low, high);
}

/* The kernels of one device are recorded: that of the arguments, or of the first kernel. */
static const tyi_backend *backend(tyi_watcher *w, ty_device device)
{
    ty_capture *c = (ty_capture *)w;
    if (!c->placed) {
        c->device = tyi_real_backend(device);
        c->place = device;
        c->placed = c->device;
    }
    if (!c->device || (device.type == c->place.type && device.index == c->place.index)) {
        if (c->device && device.type != TY_CPU && !tyi_real_backend(device)) /* makes it the thread's current one */
            return NULL;
        return c->device ? &tyi_recording_backend : NULL;
    }
    return tyi_fail(TY_ERROR_VALUE,
                    "capture: the step computes on two devices, %s and %s; a captured step computes on one",
                    tyi_device_text(c->place).s, tyi_device_text(device).s);
}

/* ---- Begin and end ---- */

/* A tensor of x's geometry and numbers over memory of its own: what lies between its elements too. */
static ty_tensor *stand_in(ty_tensor *x)
{
    int64_t last = 0;
    for (int d = 0; d < x->ndim; d++)
        last += x->sizes[d] > 1 ? (x->sizes[d] - 1) * x->strides[d] : 0;
    size_t bytes = x->numel ? (size_t)(last + 1) * tyi_dtype_size((ty_dtype)x->dtype) : 0;
    tyi_storage *s = tyi_storage_new(bytes, x->storage->device);
    ty_tensor *y = s ? tyi_from_storage(s, (ty_dtype)x->dtype, x->ndim, x->sizes, x->strides, 0) : NULL;
    if (y && x->numel && tyi_copy(y, x) != TY_OK) {
        ty_release(y);
        y = NULL;
    }
    return y;
}

static ty_status make_places(ty_capture *c, ty_tensor *const *inputs, ty_tensor **places)
{
    for (int i = 0; i < c->inputs_count; i++) {
        if (ty_requires_grad(inputs[i]) && ty_grad_enabled())
            return ty_fail(TY_ERROR_VALUE,
                           "capture: argument %lld of the step requires a gradient, which a replay could not give it; "
                           "hand over x:detach(), or capture the step that makes it as well",
                           tyi_said(i));
        c->places[i] = stand_in(inputs[i]);
        if (!c->places[i])
            return TY_FAIL;
        places[i] = ty_retain(c->places[i]);
    }
    return TY_OK;
}

ty_capture *ty_capture_begin(int count, ty_tensor *const *inputs, ty_tensor **places)
{
    for (int i = 0; i < count; i++)
        places[i] = NULL;
    if (tyi_watching)
        return tyi_fail(TY_ERROR_VALUE, "capture: a step is being recorded already");
    if (count > TYI_MOST_INPUTS)
        return tyi_fail(TY_ERROR_VALUE, "capture: a step has at most %d tensors as arguments, got %d", TYI_MOST_INPUTS,
                        count);
    if (tyi_anomaly_on)
        return tyi_fail(TY_ERROR_VALUE, "capture: a step cannot be captured in anomaly mode, which looks at every "
                                        "gradient; switch it off, or run the step as it is");
    ty_capture *c = calloc(1, sizeof *c);
    ty_tensor **list = calloc((size_t)count + 1, sizeof *list);
    if (!c || !list) {
        free(c);
        free(list);
        tyi_fail_memory(sizeof *c);
        return NULL;
    }
    c->places = list;
    c->inputs_count = count;
    c->last_range = -1;
    for (int i = 0; i < count; i++)
        if (!c->placed || inputs[i]->storage->device.type != TY_CPU) {
            c->place = inputs[i]->storage->device;
            c->placed = true;
        }
    if (c->placed && !(c->device = tyi_real_backend(c->place))) {
        ty_capture_free(c);
        return NULL;
    }
    c->watcher = (tyi_watcher){backend, touched, made, is_known, grad, act, index_bounds};
    ty_status status = make_places(c, inputs, places);
    for (int i = 0; i < count && status == TY_OK; i++) {
        tyi_block *b = take(c, c->places[i]->storage, true);
        if (b)
            b->argument = i + 1;
        else
            status = TY_FAIL;
    }
    if (status != TY_OK) {
        for (int i = 0; i < count; i++)
            ty_release(places[i]);
        ty_capture_free(c);
        return NULL;
    }
    c->recording = true;
    tyi_watching = &c->watcher;
    return c;
}

static ty_status check_recording(const ty_capture *c)
{
    if (c->problem)
        return ty_fail(TY_ERROR_VALUE, "capture: this step cannot be replayed: %s; run it as it is", c->problem);
    for (int i = 0; i < c->blocks_count; i++)
        if (c->blocks[i]->argument && c->blocks[i]->written)
            return ty_fail(TY_ERROR_VALUE, "capture: the step changes one of its arguments in place, which a replay "
                                           "would do to a copy; begin it with x = x:clone()");
    return TY_OK;
}

ty_status ty_capture_stop(ty_capture *c, int outputs_count, ty_tensor *const *outputs)
{
    tyi_watching = NULL;
    c->recording = false;
    for (int i = 0; i < c->grads_count; i++)
        c->grads[i].after = ty_retain(grad_now(c->grads[i].leaf));
    c->outputs = calloc((size_t)outputs_count + 1, sizeof *c->outputs);
    if (!c->outputs)
        return tyi_fail_memory((size_t)outputs_count * sizeof *c->outputs);
    for (; c->outputs_count < outputs_count; c->outputs_count++) {
        c->outputs[c->outputs_count] = ty_detach(outputs[c->outputs_count]);
        if (!c->outputs[c->outputs_count])
            return TY_FAIL;
    }
    return check_recording(c);
}

ty_status ty_capture_guard(ty_capture *c, ty_tensor *x)
{
    if (tyi_room(&c->guarded, c->guarded_count, &c->guarded_room, sizeof *c->guarded) != TY_OK)
        return TY_FAIL;
    c->guarded[c->guarded_count++] = (tyi_guarded){ty_retain(x), x->storage, x->offset, ty_requires_grad(x)};
    return TY_OK;
}

/* Gives a storage back its own release, and lets go of it if it is ours. */
static void let_go(tyi_block *b)
{
    if (b->s && known(b->s) == b) {
        b->s->release = b->release;
        b->s->owner = b->owner;
        if (atomic_load(&b->left))
            b->release(b->s);
    }
    if (b->s && b->held)
        tyi_storage_release(b->s);
    free(b->initial);
    free(b);
}

void ty_capture_free(ty_capture *c)
{
    if (!c)
        return;
    if (tyi_watching == &c->watcher)
        tyi_watching = NULL;
    for (int i = 0; i < c->calls_count; i++) {
        tyi_call *call = &c->calls[i];
        if (call->type == &tyi_action_type)
            ((tyi_action *)call->args)->release(((tyi_action *)call->args)->data);
        free(call->args);
    }
    for (int i = 0; i < c->inputs_count; i++)
        ty_release(c->places[i]);
    for (int i = 0; i < c->outputs_count; i++)
        ty_release(c->outputs[i]);
    for (int i = 0; i < c->grads_count; i++) {
        ty_release(c->grads[i].leaf);
        ty_release(c->grads[i].before);
        ty_release(c->grads[i].after);
    }
    for (int i = 0; i < c->guarded_count; i++)
        ty_release(c->guarded[i].x);
    for (int i = 0; i < c->blocks_count; i++)
        let_go(c->blocks[i]);
    tyi_free_segments(c);
    tyi_storage_release(c->buffer);
    free(c->places);
    free(c->outputs);
    free(c->calls);
    free(c->uses);
    free(c->blocks);
    free(c->grads);
    free(c->guarded);
    free(c->slots);
    free(c);
}

void ty_capture_get_facts(const ty_capture *c, ty_capture_facts *facts)
{
    *facts = (ty_capture_facts){.inputs = c->inputs_count, .outputs = c->outputs_count, .calls = c->calls_count};
    facts->planned = c->buffer ? c->buffer->bytes : 0;
    facts->alone = c->alone;
    for (int i = 0; i < c->calls_count; i++)
        facts->fused += c->calls[i].group;
    for (int i = 0; i < c->blocks_count; i++)
        if (c->blocks[i]->initial && c->blocks[i]->written)
            facts->restored += c->blocks[i]->bytes;
}

const char *ty_capture_kernel(const ty_capture *c, int i)
{
    return i >= 0 && i < c->calls_count ? c->calls[i].type->name : NULL;
}
