/*
 * Kernels whose results the host looks at: ranges of indices, how many elements a mask has. A recording keeps what came
 * out, and a replay is stale when something else does: the host might have gone another way.
 */
#include "capture/capture.h"

/* ---- The range of indices ---- */

typedef struct range_args {
    const int64_t *index;
    int64_t n;
    int64_t low, high; /* what came out */
    int64_t least,
        most; /* bounds within which all are in order; exact: none are known, and it must come out the same */
    bool exact;
} range_args;

static ty_status run_range(const tyi_backend *device, const void *args, bool *stale)
{
    const range_args *a = args;
    int64_t low, high;
    if (!a->exact && device != tyi_cpu_backend()) /* CUDA's kernels check indices themselves: no wait for the device */
        return TY_OK;
    if (device->index_range(a->index, a->n, &low, &high) != TY_OK)
        return TY_FAIL;
    if (a->exact ? low != a->low || high != a->high : low < a->least || high > a->most)
        *stale = true;
    return TY_OK;
}

static void operands_range(void *args, tyi_visitor *v)
{
    tyi_visit(v, &((range_args *)args)->index, true, false);
}

static const tyi_call_type type_range = {"index_range", TYI_CALL_GUARD, sizeof(range_args), run_range, operands_range};

ty_status tyi_note_index_range(const int64_t *index, int64_t n, int64_t *low, int64_t *high)
{
    range_args args = {.index = index, .n = n, .exact = true}, *kept = tyi_note(&type_range, &args);
    if (!kept || tyi_noting_device()->index_range(index, n, low, high) != TY_OK)
        return TY_FAIL;
    kept->low = *low, kept->high = *high;
    ty_capture *c = (ty_capture *)tyi_watching;
    c->last_range = c->calls_count - 1;
    return TY_OK;
}

void tyi_range_bounds(ty_capture *c, int64_t low, int64_t high)
{
    if (c->last_range < 0)
        return;
    range_args *kept = c->calls[c->last_range].args;
    kept->least = low, kept->most = high;
    kept->exact = false;
    c->last_range = -1;
}

/* ---- Indices that counted from 1 ---- */

typedef struct from_one_args {
    const int64_t *index;
    int64_t *out;
    int64_t n;
    bool given;
    int64_t zero, zeros; /* what stands for 0, if that was given; else how many zeros there were */
} from_one_args;

static ty_status run_from_one(const tyi_backend *device, const void *args, bool *stale)
{
    const from_one_args *a = args;
    int64_t zeros = 0;
    if (device->index_from_one(a->index, a->out, a->n, a->given ? &a->zero : NULL, &zeros) != TY_OK)
        return TY_FAIL;
    if (!a->given && zeros != a->zeros)
        *stale = true;
    return TY_OK;
}

static void operands_from_one(void *args, tyi_visitor *v)
{
    from_one_args *a = args;
    tyi_visit(v, &a->index, true, false);
    tyi_visit(v, &a->out, false, true);
}

static const tyi_call_type type_from_one = {"index_from_one", TYI_CALL_GUARD, sizeof(from_one_args), run_from_one,
                                            operands_from_one};

ty_status tyi_note_index_from_one(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros)
{
    from_one_args args = {index, out, n, zero != NULL, zero ? *zero : 0, 0}, *kept = tyi_note(&type_from_one, &args);
    if (!kept || tyi_noting_device()->index_from_one(index, out, n, zero, zeros) != TY_OK)
        return TY_FAIL;
    kept->zeros = *zeros;
    return TY_OK;
}

/* ---- How many elements a mask has ---- */

typedef struct count_args {
    const void *mask;
    int64_t n, count;
} count_args;

static ty_status run_count(const tyi_backend *device, const void *args, bool *stale)
{
    const count_args *a = args;
    int64_t count;
    if (device->nonzero_count(a->mask, a->n, &count) != TY_OK)
        return TY_FAIL;
    if (count != a->count)
        *stale = true;
    return TY_OK;
}

static void operands_count(void *args, tyi_visitor *v)
{
    tyi_visit(v, &((count_args *)args)->mask, true, false);
}

static const tyi_call_type type_count = {"nonzero_count", TYI_CALL_GUARD, sizeof(count_args), run_count,
                                         operands_count};

ty_status tyi_note_nonzero_count(const void *mask, int64_t n, int64_t *count)
{
    count_args args = {mask, n, 0}, *kept = tyi_note(&type_count, &args);
    if (!kept || tyi_noting_device()->nonzero_count(mask, n, count) != TY_OK)
        return TY_FAIL;
    kept->count = *count;
    return TY_OK;
}
