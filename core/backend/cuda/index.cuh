/*
 * How indexing by tensors finds its elements (index.cu, index_put.cu). A walk goes over the dimensions of the result.
 * Those that an index tensor moves along number the items; the rest of an item's elements lie at the same offsets from
 * where the index tensors say. Two items of a put meet where they have the same base: the part of the offset in the
 * indexed tensor that the item alone decides.
 */
#ifndef TYI_CUDA_INDEX_CUH
#define TYI_CUDA_INDEX_CUH

#include "backend/cuda/elements.cuh"
#include "backend/cuda/memory.cuh"

typedef struct tyi_index_walk {
    int ndim, count;
    bool small; /* numbers of elements fit into 31 bits */
    int64_t numel, items, rest;
    int64_t sizes[TY_MAX_DIMS];
    int64_t plain[TY_MAX_DIMS], indexed[TY_MAX_DIMS]; /* strides of both operands, in words */
    int64_t item[TY_MAX_DIMS];                        /* of the item's number; 0: a dimension of the rest */
    const int64_t *index[TY_MAX_DIMS];
    int64_t index_strides[TY_MAX_DIMS][TY_MAX_DIMS]; /* [index tensor][dimension] */
    int64_t index_sizes[TY_MAX_DIMS], index_steps[TY_MAX_DIMS];
    int64_t unit;   /* what all bases are a multiple of */
    uint64_t bases; /* bases are less than this many units */
    int words;      /* bytes of a word: elements that lie together are moved together */
    int *fault;
} tyi_index_walk;

typedef struct tyi_index_spot {
    int64_t plain, indexed, base; /* offsets, in words */
    int64_t item;
    bool there; /* no index is out of range */
} tyi_index_spot;

typedef enum { TYI_INDEX_ALL, TYI_INDEX_ITEMS, TYI_INDEX_REST } tyi_index_part;

/* The walk of args, whose result-shaped operand is out (a gather) or x (a put). `moved`: elements are moved, not
 * computed with, so that neighbours may be taken as one word. */
ty_status tyi_index_walk_of(const tyi_index_args *args, bool put, bool moved, tyi_index_walk *walk);

/* visit(dimension, place along it) for the dimensions of a part. */
template <typename I, typename Visit>
static __device__ __forceinline__ void tyi_index_places(const tyi_index_walk &w, int64_t number, tyi_index_part part,
                                                        Visit visit)
{
    I rest = static_cast<I>(number);
    for (int d = w.ndim - 1; d >= 0; d--) {
        if (part != TYI_INDEX_ALL && (w.item[d] != 0) != (part == TYI_INDEX_ITEMS))
            continue;
        I size = static_cast<I>(w.sizes[d]), next = rest / size;
        visit(d, static_cast<int64_t>(rest - next * size));
        rest = next;
    }
}

/* The places are worked out again for each index tensor but the first: an array of them would lie in memory. */
template <typename I>
static __device__ __forceinline__ tyi_index_spot tyi_index_find(const tyi_index_walk &w, int64_t number,
                                                                tyi_index_part part)
{
    tyi_index_spot s = {0, 0, 0, 0, true};
    int64_t offset = 0;
    tyi_index_places<I>(w, number, part, [&](int d, int64_t i) {
        s.plain += i * w.plain[d];
        s.item += i * w.item[d];
        if (w.item[d] != 0)
            s.base += i * w.indexed[d];
        else
            s.indexed += i * w.indexed[d];
        offset += i * w.index_strides[0][d];
    });
    for (int j = 0; j < w.count && part != TYI_INDEX_REST; j++) {
        if (j > 0) {
            offset = 0;
            tyi_index_places<I>(w, number, part, [&](int d, int64_t i) { offset += i * w.index_strides[j][d]; });
        }
        int64_t i = w.index[j][offset];
        i += i < 0 ? w.index_sizes[j] : 0;
        if (i < 0 || i >= w.index_sizes[j])
            s.there = false;
        s.base += i * w.index_steps[j];
    }
    s.indexed += s.base;
    if (!s.there && w.fault)
        *w.fault = TYI_FAULT_INDEX;
    return s;
}

static __device__ __forceinline__ tyi_index_spot tyi_index_find(const tyi_index_walk &w, int64_t number,
                                                                tyi_index_part part)
{
    return w.small ? tyi_index_find<uint32_t>(w, number, part) : tyi_index_find<uint64_t>(w, number, part);
}

/* return call(W()) with W an unsigned word of the walk's size. */
#define TYI_BY_WORD(walk, name, ...)                                                                                   \
    do {                                                                                                               \
        switch ((walk).words) {                                                                                        \
        case 1:                                                                                                        \
            return (__VA_ARGS__)(uint8_t());                                                                           \
        case 2:                                                                                                        \
            return (__VA_ARGS__)(uint16_t());                                                                          \
        case 4:                                                                                                        \
            return (__VA_ARGS__)(uint32_t());                                                                          \
        case 8:                                                                                                        \
            return (__VA_ARGS__)(uint64_t());                                                                          \
        default:                                                                                                       \
            return (__VA_ARGS__)(uint4());                                                                             \
        }                                                                                                              \
    } while (0)

/* A put that combines what meets: 0 product, 1 larger, 2 smaller (as scatter_reduce's), or the sum. */
#define TYI_COMBINE_SUM 3
ty_status tyi_index_combine(const char *name, const tyi_index_args *args, int op);

#endif
