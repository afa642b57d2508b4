/*
 * Planning a recording: guards and what they depend on come first, so that a replay that does not fit is found before
 * anything is changed; then memory that nothing but the calls uses is laid out in one buffer, where blocks that are
 * never needed at one time share their place; the operands are moved there.
 */
#include <stdlib.h>

#include "capture/capture.h"
#include "tensor/storage.h"

/* ---- Guards first ---- */

typedef struct heading {
    ty_capture *c;
    bool *chosen; /* calls that go to the front */
} heading;

static bool writes(const ty_capture *c, int call, const tyi_block *b)
{
    for (int i = 0; i < c->calls[call].uses_count; i++) {
        const tyi_use *use = &c->uses[c->calls[call].uses + i];
        if (use->block == b && use->written)
            return true;
    }
    return false;
}

static bool uses(const ty_capture *c, int call, const tyi_block *b)
{
    for (int i = 0; i < c->calls[call].uses_count; i++)
        if (c->uses[c->calls[call].uses + i].block == b)
            return true;
    return false;
}

/* Chooses call `at` and all that what it reads comes from. Those later in the list have been gone through. */
static bool choose(heading *h, int at)
{
    ty_capture *c = h->c;
    const tyi_call *call = &c->calls[at];
    if (call->type->kind == TYI_CALL_RANDOM || call->type->kind == TYI_CALL_ACTION)
        return false;
    h->chosen[at] = true;
    for (int i = 0; i < call->uses_count; i++) {
        const tyi_use *use = &c->uses[call->uses + i];
        if (use->written && use->block->before)
            return false;
        for (int k = 0; k < at; k++) {
            bool acts = c->calls[k].type->kind == TYI_CALL_ACTION && use->block->before && !use->block->argument;
            if (acts || (!h->chosen[k] && writes(c, k, use->block) && !choose(h, k)))
                return false;
        }
    }
    return true;
}

/* No call that stays behind may use what one that overtakes it writes. */
static bool may_overtake(const heading *h, int at)
{
    const tyi_call *call = &h->c->calls[at];
    for (int i = 0; i < call->uses_count; i++) {
        const tyi_use *use = &h->c->uses[call->uses + i];
        for (int k = 0; use->written && k < at; k++)
            if (!h->chosen[k] && uses(h->c, k, use->block))
                return false;
    }
    return true;
}

static ty_status guards_first(ty_capture *c)
{
    heading h = {c, calloc((size_t)c->calls_count + 1, sizeof(bool))};
    tyi_call *order = malloc(((size_t)c->calls_count + 1) * sizeof *order);
    ty_status status = h.chosen && order ? TY_OK : tyi_fail_memory((size_t)c->calls_count * sizeof *order);
    for (int i = 0; i < c->calls_count && status == TY_OK; i++) {
        bool guard = c->calls[i].type->kind == TYI_CALL_GUARD;
        if (guard && !h.chosen[i] && !choose(&h, i))
            status = ty_fail(TY_ERROR_VALUE,
                             "capture: this step cannot be replayed: it uses indices, labels or masks (%s) that depend "
                             "on what it changes or draws itself; hand them over as arguments, or run it as it is",
                             c->calls[i].type->name);
    }
    for (int i = 0; i < c->calls_count && status == TY_OK; i++)
        if (h.chosen[i] && !may_overtake(&h, i))
            status = ty_fail(TY_ERROR_VALUE, "capture: this step cannot be replayed: memory that its checks of indices "
                                             "need is used twice; run it as it is");
    if (status == TY_OK) {
        int n = 0;
        for (int front = 1; front >= 0; front--) {
            for (int i = 0; i < c->calls_count; i++)
                if (h.chosen[i] == front)
                    order[n++] = c->calls[i];
            if (front)
                c->head = n;
        }
        memcpy(c->calls, order, (size_t)c->calls_count * sizeof *order);
    }
    free(h.chosen);
    free(order);
    return status;
}

/* ---- Memory ---- */

/* Whether a block's numbers live between its first call and its last alone. */
static bool is_plannable(const ty_capture *c, const tyi_block *b)
{
    return b->s->device.type == c->place.type && !b->before && atomic_load(&b->left) && !b->initial && b->first >= 0 &&
           b->bytes;
}

static size_t aligned(size_t bytes)
{
    return (bytes + TYI_ALIGNMENT - 1) / TYI_ALIGNMENT * TYI_ALIGNMENT;
}

static int larger_first(const void *a, const void *b)
{
    const tyi_block *x = *(tyi_block *const *)a, *y = *(tyi_block *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->first - y->first;
}

/* The lowest place for b beside the `count` blocks in `placed`, which lie in the order of their places. */
static size_t lowest(tyi_block *const *placed, int count, const tyi_block *b)
{
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        const tyi_block *other = placed[i];
        if (other->last < b->first || other->first > b->last || other->at + aligned(other->bytes) <= at)
            continue;
        if (other->at >= at + aligned(b->bytes))
            break;
        at = other->at + aligned(other->bytes);
    }
    return at;
}

/* Gives every block in the list its place; the bytes that all take together. */
static size_t lay_out(tyi_block **list, int count, tyi_block **placed)
{
    size_t total = 0;
    qsort(list, (size_t)count, sizeof *list, larger_first);
    for (int i = 0; i < count; i++) {
        tyi_block *b = list[i];
        b->at = lowest(placed, i, b);
        int k = i;
        for (; k > 0 && placed[k - 1]->at > b->at; k--)
            placed[k] = placed[k - 1];
        placed[k] = b;
        if (b->at + aligned(b->bytes) > total)
            total = b->at + aligned(b->bytes);
    }
    return total;
}

typedef struct moving {
    tyi_visitor visitor;
    ty_capture *c;
    ty_status status;
} moving;

static void move_operand(tyi_visitor *v, void *slot, bool read, bool written)
{
    char *address;
    (void)read, (void)written;
    memcpy(&address, slot, sizeof address);
    moving *m = (moving *)v;
    ty_capture *c = m->c;
    const tyi_block *b = tyi_block_of(c, address);
    if (b->argument) {
        if (tyi_room(&c->slots, c->slots_count, &c->slots_room, sizeof *c->slots) != TY_OK)
            m->status = TY_FAIL;
        else
            c->slots[c->slots_count++] = (tyi_slot){slot, b->argument - 1, address - b->data};
    }
    if (!b->moved)
        return;
    address = b->moved + (address - b->data);
    memcpy(slot, &address, sizeof address);
}

static void count_lives(ty_capture *c)
{
    for (int i = 0; i < c->blocks_count; i++)
        c->blocks[i]->first = c->blocks[i]->last = -1;
    for (int at = 0; at < c->calls_count; at++)
        for (int i = 0; i < c->calls[at].uses_count; i++) {
            tyi_block *b = c->uses[c->calls[at].uses + i].block;
            b->first = b->first < 0 ? at : b->first;
            b->last = at;
        }
}

static ty_status plan_memory(ty_capture *c)
{
    size_t room = (size_t)c->blocks_count + 1;
    tyi_block **list = malloc(2 * room * sizeof *list);
    if (!list)
        return tyi_fail_memory(2 * room * sizeof *list);
    int count = 0;
    ty_status status = TY_FAIL;
    for (int i = 0; i < c->blocks_count; i++)
        if (is_plannable(c, c->blocks[i])) {
            list[count++] = c->blocks[i];
            c->alone += c->blocks[i]->bytes;
        }
    size_t bytes = lay_out(list, count, list + room);
    c->buffer = bytes ? tyi_storage_new(bytes, c->place) : NULL;
    if (!bytes || c->buffer) {
        for (int i = 0; i < count; i++)
            list[i]->moved = (char *)c->buffer->data + list[i]->at;
        moving m = {{move_operand}, c, TY_OK};
        for (int i = 0; i < c->calls_count; i++)
            if (c->calls[i].type->operands)
                c->calls[i].type->operands(c->calls[i].args, &m.visitor);
        status = m.status;
    }
    free(list);
    return status;
}

/* What was moved is given back; of what stays, what is not left gets a reference of ours. Blocks that no call uses are
 * forgotten. */
static void settle(ty_capture *c)
{
    int kept = 0;
    for (int i = 0; i < c->blocks_count; i++) {
        tyi_block *b = c->blocks[i];
        bool left = atomic_load(&b->left);
        b->s->release = b->release;
        b->s->owner = b->owner;
        if (left && (b->moved || b->first < 0)) {
            b->release(b->s);
            b->s = NULL;
        } else if (left) {
            atomic_store_explicit(&b->s->refs, 1, memory_order_relaxed);
            b->held = true;
        } else if (b->first >= 0) {
            atomic_fetch_add_explicit(&b->s->refs, 1, memory_order_relaxed);
            b->held = true;
        }
        if (b->held) {
            c->blocks[kept++] = b;
        } else {
            free(b->initial);
            free(b);
        }
    }
    c->blocks_count = kept;
    free(c->uses);
    c->uses = NULL;
    c->uses_count = c->uses_room = 0;
}

ty_status ty_capture_plan(ty_capture *c)
{
    if (guards_first(c) != TY_OK)
        return TY_FAIL;
    count_lives(c);
    if (plan_memory(c) != TY_OK)
        return TY_FAIL;
    if (c->place.type == TY_CPU)
        tyi_fuse(c);
    settle(c);
    return c->place.type == TY_CPU ? TY_OK : tyi_cut_segments(c);
}
