/*
 * Pointwise calls that follow each other over as many elements run together, in pieces that stay in the cache: the
 * first piece of all of them, then the second. Every element is computed by the same kernels from the same numbers, so
 * the results are the same to the bit.
 */
#include "backend/cpu/pool.h"
#include "capture/capture.h"

#define PIECE 8192   /* elements: 32 KB of float32 for each operand */
#define LEAST 32768  /* below, everything stays in the cache anyway */
#define ALONE 131072 /* below, one thread does it */

/* One run over elements that follow each other, and single elements that are read everywhere. */
static const tyi_iter *flat(const tyi_call *call)
{
    const tyi_iter *iter = call->args;
    if (call->type->kind != TYI_CALL_POINTWISE || iter->ndim != 1 || iter->numel < LEAST)
        return NULL;
    for (int i = 0; i < iter->count; i++) {
        const tyi_operand *o = &iter->operands[i];
        if (o->strides[0] != (int64_t)tyi_dtype_size(o->dtype) && (o->strides[0] != 0 || i == 0))
            return NULL;
    }
    return iter;
}

/* Whether pieces of a call that writes `out` may run before other pieces of a call with operand `other`: both mean the
 * same elements, or have nothing in common. */
static bool apart(const tyi_operand *out, const tyi_operand *other, int64_t numel)
{
    if (out->data == other->data && out->strides[0] == other->strides[0])
        return true;
    int64_t out_bytes = numel * out->strides[0];
    int64_t bytes = other->strides[0] ? numel * other->strides[0] : (int64_t)tyi_dtype_size(other->dtype);
    return out->data + out_bytes <= other->data || other->data + bytes <= out->data;
}

static bool independent(const tyi_iter *a, const tyi_iter *b)
{
    for (int i = 0; i < b->count; i++)
        if (!apart(&a->operands[0], &b->operands[i], a->numel))
            return false;
    for (int i = 0; i < a->count; i++)
        if (!apart(&b->operands[0], &a->operands[i], a->numel))
            return false;
    return true;
}

void tyi_fuse(ty_capture *c)
{
    for (int first = 0; first < c->calls_count;) {
        const tyi_iter *iter = flat(&c->calls[first]);
        int count = 1, end = first < c->head ? c->head : c->calls_count;
        bool together = iter != NULL && independent(iter, iter);
        while (together && first + count < end) {
            const tyi_iter *next = flat(&c->calls[first + count]);
            together = next && next->numel == iter->numel && independent(next, next);
            for (int k = 0; together && k < count; k++)
                together = independent(flat(&c->calls[first + k]), next);
            count += together;
        }
        c->calls[first].group = count > 1 ? count : 0;
        first += count;
    }
}

typedef struct group {
    const ty_capture *c;
    int first;
    int64_t numel;
    atomic_int failed;
} group;

static void run_piece(void *context, int64_t begin, int64_t end)
{
    group *g = context;
    for (int64_t at = begin * PIECE; at < end * PIECE && at < g->numel; at += PIECE) {
        for (int k = 0; k < g->c->calls[g->first].group; k++) {
            const tyi_call *call = &g->c->calls[g->first + k];
            union {
                tyi_iter iter;
                char bytes[sizeof(tyi_iter) + 64];
                max_align_t align;
            } args;
            bool stale = false;
            memcpy(&args, call->args, call->type->bytes);
            args.iter.numel = args.iter.sizes[0] = g->numel - at < PIECE ? g->numel - at : PIECE;
            for (int i = 0; i < args.iter.count; i++)
                args.iter.operands[i].data += at * args.iter.operands[i].strides[0];
            if (call->type->run(g->c->device, &args, &stale) != TY_OK)
                atomic_store(&g->failed, 1);
        }
    }
}

ty_status tyi_run_group(const ty_capture *c, int first)
{
    const tyi_iter *iter = c->calls[first].args;
    group g = {c, first, iter->numel, 0};
    int64_t pieces = (iter->numel + PIECE - 1) / PIECE;
    if (iter->numel < ALONE)
        run_piece(&g, 0, pieces);
    else if (tyi_parallel(pieces, 1, true, run_piece, &g) != 0)
        return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
    return atomic_load(&g.failed) ? ty_fail(TY_ERROR_INTERRUPT, "interrupted") : TY_OK;
}
