/*
 * Gathers by index tensors, and the plan of gathers and puts: dimensions that continue one another in all operands are
 * merged, and where the innermost one is not indexed its elements move as words of up to 16 bytes. One thread moves one
 * word; the index tensors are read again for each, which the caches make cheap.
 */
#include "backend/cuda/index.cuh"
#include "backend/cuda/kernels.h"

#include <string.h>

namespace
{

/* Takes dimension d of args into the walk as its next dimension. */
void take_dim(tyi_index_walk *w, const tyi_index_args *a, int d, bool put)
{
    int to = w->ndim++;
    w->sizes[to] = a->sizes[d];
    w->plain[to] = a->out_strides[d];
    w->indexed[to] = a->x_strides[d];
    w->item[to] = put && a->x_strides[d] == 0;
    for (int j = 0; j < a->count; j++) {
        w->index_strides[j][to] = a->index_strides[j][d];
        w->item[to] |= a->index_strides[j][d] != 0;
    }
}

/* Whether the walk's dimension d and the one behind it are one. */
bool continues(const tyi_index_walk *w, int d)
{
    int64_t size = w->sizes[d + 1];
    bool one = w->item[d] == w->item[d + 1] && w->plain[d] == w->plain[d + 1] * size &&
               w->indexed[d] == w->indexed[d + 1] * size;
    for (int j = 0; one && j < w->count; j++)
        one = w->index_strides[j][d] == w->index_strides[j][d + 1] * size;
    return one;
}

void merge(tyi_index_walk *w)
{
    for (int d = w->ndim - 2; d >= 0; d--) {
        if (!continues(w, d))
            continue;
        w->sizes[d] *= w->sizes[d + 1];
        w->plain[d] = w->plain[d + 1];
        w->indexed[d] = w->indexed[d + 1];
        for (int j = 0; j < w->count; j++)
            w->index_strides[j][d] = w->index_strides[j][d + 1];
        for (int k = d + 1; k + 1 < w->ndim; k++) {
            w->sizes[k] = w->sizes[k + 1];
            w->plain[k] = w->plain[k + 1];
            w->indexed[k] = w->indexed[k + 1];
            w->item[k] = w->item[k + 1];
            for (int j = 0; j < w->count; j++)
                w->index_strides[j][k] = w->index_strides[j][k + 1];
        }
        w->ndim--;
    }
}

/* Makes the innermost dimension one of longer words, as long as all offsets allow. */
void lengthen_words(tyi_index_walk *w, uintptr_t plain, uintptr_t indexed)
{
    int last = w->ndim - 1;
    if (last < 0 || w->item[last] || w->plain[last] != 1 || w->indexed[last] != 1)
        return;
    int64_t all = w->sizes[last];
    for (int d = 0; d < last; d++)
        all |= w->plain[d] | w->indexed[d];
    for (int j = 0; j < w->count; j++)
        all |= w->index_steps[j];
    while (w->words < 16 && all % 2 == 0 && (plain | indexed) % (2u * (unsigned)w->words) == 0) {
        w->words *= 2;
        all /= 2;
        w->sizes[last] /= 2;
        for (int d = 0; d < last; d++) {
            w->plain[d] /= 2;
            w->indexed[d] /= 2;
        }
        for (int j = 0; j < w->count; j++)
            w->index_steps[j] /= 2;
    }
}

int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Numbers the items, and says in what units and up to where their bases lie. */
void number_items(tyi_index_walk *w)
{
    int64_t unit = 0, most = 0;
    w->items = w->rest = 1;
    for (int d = w->ndim - 1; d >= 0; d--) {
        if (!w->item[d]) {
            w->rest *= w->sizes[d];
            continue;
        }
        w->item[d] = w->items;
        w->items *= w->sizes[d];
        unit = common_divisor(unit, w->indexed[d]);
        most += (w->sizes[d] - 1) * w->indexed[d];
    }
    for (int j = 0; j < w->count; j++) {
        unit = common_divisor(unit, w->index_steps[j]);
        most += (w->index_sizes[j] - 1) * w->index_steps[j];
    }
    w->unit = unit ? unit : 1;
    w->bases = static_cast<uint64_t>(most / w->unit) + 1;
    w->numel = w->items * w->rest;
    w->small = w->numel <= INT32_MAX;
}

template <typename W>
__global__ void __launch_bounds__(TYI_THREADS)
    gather_words(const tyi_index_walk w, const W *__restrict__ x, W *__restrict__ out)
{
    int64_t number = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (number >= w.numel)
        return;
    tyi_index_spot s = tyi_index_find(w, number, TYI_INDEX_ALL);
    if (s.there)
        out[s.plain] = x[s.indexed];
}

} // namespace

ty_status tyi_index_walk_of(const tyi_index_args *args, bool put, bool moved, tyi_index_walk *w)
{
    memset(w, 0, sizeof *w);
    w->count = args->count;
    w->words = static_cast<int>(tyi_bytes_of(args->dtype));
    for (int j = 0; j < args->count; j++) {
        w->index[j] = args->index[j];
        w->index_sizes[j] = args->index_sizes[j];
        w->index_steps[j] = args->index_steps[j];
    }
    for (int d = 0; d < args->ndim; d++) {
        if (args->sizes[d] == 0)
            return TY_OK;
        if (args->sizes[d] != 1)
            take_dim(w, args, d, put);
    }
    merge(w);
    if (moved)
        lengthen_words(w, reinterpret_cast<uintptr_t>(args->out), reinterpret_cast<uintptr_t>(args->x));
    number_items(w);
    w->fault = tyi_fault_word();
    return TY_OK;
}

ty_status tyi_cuda_index(const tyi_index_args *args)
{
    tyi_index_walk w;
    TYI_TRY(tyi_index_walk_of(args, false, true, &w));
    if (!w.numel)
        return TY_OK;
    TYI_BY_WORD(w, "index", [&](auto zero) {
        typedef decltype(zero) W;
        return tyi_launch("index", gather_words<W>, tyi_blocks(w.numel, TYI_THREADS), TYI_THREADS, 0, w,
                          static_cast<const W *>(args->x), static_cast<W *>(args->out));
    });
}
