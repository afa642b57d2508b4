/*
 * Replaying a planned recording: look whether it fits, put the arguments in their places, run the calls, put the
 * gradients where the step would have left them, copy out what it gives.
 */
#include "autograd/node.h"
#include "capture/capture.h"
#include "ops/ops.h"
#include "tensor/interrupt.h"

static ty_tensor *grad_now(const ty_tensor *x)
{
    return x->meta ? tyi_meta_of(x)->grad : NULL;
}

/* Whether everything that is there before the step is what it was. */
static bool fits(const ty_capture *c)
{
    for (int i = 0; i < c->guarded_count; i++) {
        const tyi_guarded *g = &c->guarded[i];
        if (g->x->storage != g->storage || g->x->offset != g->offset || ty_requires_grad(g->x) != g->requires_grad)
            return false;
    }
    for (int i = 0; i < c->grads_count; i++)
        if (c->grads[i].looked_at && grad_now(c->grads[i].leaf) != c->grads[i].before)
            return false;
    return true;
}

static bool same_geometry(const ty_tensor *a, const ty_tensor *b)
{
    if (a->dtype != b->dtype || !tyi_same_shape(a, b) || a->storage->device.type != b->storage->device.type ||
        a->storage->device.index != b->storage->device.index)
        return false;
    for (int d = 0; d < a->ndim; d++)
        if (a->strides[d] != b->strides[d])
            return false;
    return true;
}

/* Whether the step writes into the memory of an argument by another way. */
static bool is_written(const ty_capture *c, const ty_tensor *x)
{
    for (int i = 0; i < c->blocks_count; i++)
        if (c->blocks[i]->written && c->blocks[i]->s == x->storage)
            return true;
    return false;
}

/* The calls read the arguments where they are; those that the step itself may change are copied first. */
static ty_status take_inputs(ty_capture *c, ty_tensor *const *inputs)
{
    const char *data[TYI_MOST_INPUTS];
    for (int i = 0; i < c->inputs_count; i++) {
        /* A graph has its addresses for good. */
        bool copied = inputs[i]->storage->device.type != TY_CPU || is_written(c, inputs[i]);
        if (copied && inputs[i]->numel && tyi_copy(c->places[i], inputs[i]) != TY_OK)
            return TY_FAIL;
        data[i] = tyi_data(copied ? c->places[i] : inputs[i]);
    }
    for (int i = 0; i < c->slots_count; i++) {
        const char *address = data[c->slots[i].input] + c->slots[i].at;
        memcpy(c->slots[i].slot, &address, sizeof address);
    }
    for (int i = 0; i < c->blocks_count; i++) {
        const tyi_block *b = c->blocks[i];
        if (b->initial && b->written)
            memcpy(b->data, b->initial, b->bytes);
    }
    return TY_OK;
}

ty_status tyi_run_calls(ty_capture *c, int from, int to, bool *stale)
{
    for (int i = from; i < to && !*stale; i++) {
        const tyi_call *call = &c->calls[i];
        if (tyi_interrupted())
            return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
        if (call->group) {
            if (tyi_run_group(c, i) != TY_OK)
                return TY_FAIL;
            i += call->group - 1;
        } else if (call->type->run(c->device, call->args, stale) != TY_OK) {
            return TY_FAIL;
        }
    }
    return TY_OK;
}

/* What was changed in place counts as changed, for graphs that saved it. */
static void count_changes(ty_capture *c)
{
    for (int i = 0; i < c->blocks_count; i++)
        if (c->blocks[i]->written)
            atomic_fetch_add_explicit(&c->blocks[i]->s->version, 1, memory_order_relaxed);
}

static ty_status put_grads(ty_capture *c)
{
    for (int i = 0; i < c->grads_count; i++) {
        const tyi_leaf_grad *g = &c->grads[i];
        if (grad_now(g->leaf) != g->after && ty_set_grad(g->leaf, g->after) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

static ty_status make_outputs(const ty_capture *c, ty_tensor **outputs)
{
    for (int i = 0; i < c->outputs_count; i++) {
        outputs[i] = tyi_new_like(c->outputs[i], (ty_dtype)c->outputs[i]->dtype);
        if (!outputs[i])
            return TY_FAIL;
    }
    return TY_OK;
}

static ty_status copy_out(const ty_capture *c, ty_tensor **outputs)
{
    for (int i = 0; i < c->outputs_count; i++)
        if (outputs[i]->numel && tyi_copy(outputs[i], c->outputs[i]) != TY_OK)
            return TY_FAIL;
    return TY_OK;
}

bool ty_capture_matches(const ty_capture *c, ty_tensor *const *inputs)
{
    for (int i = 0; i < c->inputs_count; i++)
        if (!same_geometry(c->places[i], inputs[i]))
            return false;
    return true;
}

/* Everything but the results' memory, which is made before anything is changed. */
static ty_status run_again(ty_capture *c, ty_tensor *const *inputs, ty_tensor **outputs, bool *stale)
{
    if (make_outputs(c, outputs) != TY_OK || take_inputs(c, inputs) != TY_OK ||
        tyi_run_calls(c, 0, c->head, stale) != TY_OK || *stale)
        return TY_FAIL;
    ty_status status =
        c->place.type == TY_CPU ? tyi_run_calls(c, c->head, c->calls_count, stale) : tyi_run_segments(c, stale);
    count_changes(c);
    return status == TY_OK && put_grads(c) == TY_OK ? copy_out(c, outputs) : TY_FAIL;
}

ty_status ty_capture_replay(ty_capture *c, ty_tensor *const *inputs, ty_tensor **outputs, bool *stale)
{
    for (int i = 0; i < c->outputs_count; i++)
        outputs[i] = NULL;
    *stale = !ty_capture_matches(c, inputs) || !fits(c);
    if (!tyi_real_backend(c->place)) /* a CUDA device becomes the thread's current one */
        return TY_FAIL;
    if (!*stale && run_again(c, inputs, outputs, stale) == TY_OK)
        return TY_OK;
    for (int i = 0; i < c->outputs_count; i++) {
        ty_release(outputs[i]);
        outputs[i] = NULL;
    }
    return TY_FAIL;
}
