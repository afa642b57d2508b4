/*
 * Puts by index tensors, with the same result every time. Where items meet, the last one stays, or they are combined in
 * an order that depends on nothing but the indices: items are sorted by where they go, every run of equals is combined
 * in pieces of PIECE, and the pieces of long runs by a block each. Sums of float16 and bfloat16 are kept in float and
 * rounded once (the CPU rounds after each addition).
 */
#include "backend/cuda/index.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/sorting.cuh"

#include <cub/cub.cuh>

#include <string.h>

namespace
{

constexpr int PIECE = 32;

/* ---- Which items stay ---- */

/* Keys of the items: their bases; those with an index out of range go behind all. */
template <typename K>
__global__ void __launch_bounds__(TYI_THREADS) make_keys(const tyi_index_walk w, K *keys, uint32_t *items)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= w.items)
        return;
    tyi_index_spot s = tyi_index_find(w, i, TYI_INDEX_ITEMS);
    keys[i] = static_cast<K>(s.there ? static_cast<uint64_t>(s.base / w.unit) : w.bases);
    items[i] = static_cast<uint32_t>(i);
}

__global__ void __launch_bounds__(TYI_THREADS) find_last(const uint32_t *keys, int64_t n, unsigned *last)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        atomicMax(&last[keys[i]], static_cast<unsigned>(i));
}

__global__ void __launch_bounds__(TYI_THREADS)
    keep_last(const uint32_t *keys, int64_t n, const unsigned *last, uint8_t *stays)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        stays[i] = last[keys[i]] == static_cast<unsigned>(i);
}

/* The same for sorted keys. */
__global__ void __launch_bounds__(TYI_THREADS)
    keep_last_sorted(const uint32_t *keys, const uint32_t *items, int64_t n, uint8_t *stays)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        stays[items[i]] = i + 1 == n || keys[i] != keys[i + 1];
}

/* 1 where a key differs from the one before it. */
__global__ void __launch_bounds__(TYI_THREADS) mark_new(const uint64_t *keys, int64_t n, uint32_t *marks)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        marks[i] = i > 0 && keys[i] != keys[i - 1];
}

/* The items in the order of their bases, and for each a number that is equal for equal bases alone. */
struct order {
    tyi_scratch keys, items;
};

template <typename K> ty_status sort_items(const tyi_index_walk &w, tyi_scratch &keys, tyi_scratch &items)
{
    size_t n = static_cast<size_t>(w.items);
    tyi_scratch keys_in, items_in;
    TYI_TRY(keys_in.allocate(n * sizeof(K)));
    TYI_TRY(items_in.allocate(n * sizeof(uint32_t)));
    TYI_TRY(keys.allocate(n * sizeof(K)));
    TYI_TRY(items.allocate(n * sizeof(uint32_t)));
    TYI_TRY(tyi_launch("index_put", make_keys<K>, tyi_blocks(w.items, TYI_THREADS), TYI_THREADS, 0, w, keys_in.as<K>(),
                       items_in.as<uint32_t>()));
    return tyi_sort_pairs(keys_in.as<K>(), keys.as<K>(), items_in.as<uint32_t>(), items.as<uint32_t>(), w.items,
                          tyi_bits_of(w.bases));
}

bool is_narrow(const tyi_index_walk &w)
{
    return w.bases < UINT32_MAX;
}

ty_status make_order(const tyi_index_walk &w, order *o)
{
    if (is_narrow(w))
        return sort_items<uint32_t>(w, o->keys, o->items);
    tyi_scratch wide, marks, room;
    size_t bytes = 0;
    uint32_t count = static_cast<uint32_t>(w.items);
    TYI_TRY(sort_items<uint64_t>(w, wide, o->items));
    TYI_TRY(marks.allocate(count * sizeof(uint32_t)));
    TYI_TRY(o->keys.allocate(count * sizeof(uint32_t)));
    TYI_TRY(tyi_launch("index_put", mark_new, tyi_blocks(w.items, TYI_THREADS), TYI_THREADS, 0, wide.as<uint64_t>(),
                       w.items, marks.as<uint32_t>()));
    TYI_CUDA_TRY(cub::DeviceScan::InclusiveSum(nullptr, bytes, marks.as<uint32_t>(), o->keys.as<uint32_t>(), count,
                                               tyi_current_stream()),
                 "index_put");
    TYI_TRY(room.allocate(bytes));
    TYI_CUDA_TRY(cub::DeviceScan::InclusiveSum(room.as<void>(), bytes, marks.as<uint32_t>(), o->keys.as<uint32_t>(),
                                               count, tyi_current_stream()),
                 "index_put");
    return TY_OK;
}

/* stays[i]: item i is the last of those that go where it goes. By a table of all places where that is not much larger
 * than the items are many, else by sorting. */
ty_status find_stays(const tyi_index_walk &w, tyi_scratch &stays)
{
    unsigned blocks = tyi_blocks(w.items, TYI_THREADS);
    size_t n = static_cast<size_t>(w.items);
    TYI_TRY(stays.allocate(n));
    if (!is_narrow(w) || w.bases / 8 > static_cast<uint64_t>(w.items) + 65536) {
        order o;
        TYI_TRY(make_order(w, &o));
        return tyi_launch("index_put", keep_last_sorted, blocks, TYI_THREADS, 0, o.keys.as<uint32_t>(),
                          o.items.as<uint32_t>(), w.items, stays.as<uint8_t>());
    }
    tyi_scratch keys, items, last;
    size_t places = (static_cast<size_t>(w.bases) + 1) * sizeof(unsigned);
    TYI_TRY(keys.allocate(n * sizeof(uint32_t)));
    TYI_TRY(items.allocate(n * sizeof(uint32_t)));
    TYI_TRY(last.allocate(places));
    TYI_CUDA_TRY(cudaMemsetAsync(last.as<void>(), 0, places, tyi_current_stream()), "index_put");
    TYI_TRY(tyi_launch("index_put", make_keys<uint32_t>, blocks, TYI_THREADS, 0, w, keys.as<uint32_t>(),
                       items.as<uint32_t>()));
    TYI_TRY(
        tyi_launch("index_put", find_last, blocks, TYI_THREADS, 0, keys.as<uint32_t>(), w.items, last.as<unsigned>()));
    return tyi_launch("index_put", keep_last, blocks, TYI_THREADS, 0, keys.as<uint32_t>(), w.items, last.as<unsigned>(),
                      stays.as<uint8_t>());
}

template <typename W>
__global__ void __launch_bounds__(TYI_THREADS)
    put_words(const tyi_index_walk w, const uint8_t *stays, const W *__restrict__ x, W *__restrict__ out)
{
    int64_t number = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (number >= w.numel)
        return;
    tyi_index_spot s = tyi_index_find(w, number, TYI_INDEX_ALL);
    if (s.there && (!stays || stays[s.item]))
        out[s.indexed] = x[s.plain];
}

/* ---- Combining ---- */

/* What sums and products of T are kept in. */
template <typename T> struct kept {
    typedef int64_t type;
};
template <> struct kept<ty_float16> {
    typedef float type;
};
template <> struct kept<ty_bfloat16> {
    typedef float type;
};
template <> struct kept<float> {
    typedef float type;
};
template <> struct kept<double> {
    typedef double type;
};

template <typename A> __device__ A added(A x, A y)
{
    return x + y;
}
template <> __device__ int64_t added(int64_t x, int64_t y)
{
    return static_cast<int64_t>(static_cast<uint64_t>(x) + static_cast<uint64_t>(y));
}
template <typename A> __device__ A multiplied(A x, A y)
{
    return x * y;
}
template <> __device__ int64_t multiplied(int64_t x, int64_t y)
{
    return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(y));
}

template <typename A> __device__ A combined(int op, A x, A y)
{
    switch (op) {
    case 0:
        return multiplied(x, y);
    case 1:
        return x > y || x != x ? x : y;
    case 2:
        return x < y || x != x ? x : y;
    default:
        return added(x, y);
    }
}

template <typename T, typename A> __device__ void combine_into(T *out, int op, A total)
{
    A sum = combined(op, static_cast<A>(tyi_element<T>::value(*out)), total);
    if constexpr (sizeof(T) == 1)
        *out = tyi_element<T>::of(static_cast<T>(sum));
    else
        *out = tyi_element<T>::of(static_cast<typename tyi_element<T>::value_type>(sum));
}

/* Element e is column e % rest of the sorted item e / rest. Threads at the start of a run or of a piece combine up to
 * the end of either. A run within its piece is done with; what goes on is left in `starts` or, where it has begun
 * before, in `middles`, one for each piece and column. */
template <typename T, typename A>
__global__ void __launch_bounds__(TYI_THREADS)
    combine_pieces(const tyi_index_walk w, const uint32_t *keys, const uint32_t *items, int op, const T *x, T *out,
                   A *starts, A *middles)
{
    int64_t number = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (number >= w.numel)
        return;
    int64_t k = number / w.rest, column = number - k * w.rest, piece = k / PIECE;
    uint32_t key = keys[k];
    bool begins = k == 0 || keys[k - 1] != key;
    if (!begins && k % PIECE != 0)
        return;
    int64_t end = (piece + 1) * PIECE < w.items ? (piece + 1) * PIECE : w.items, i = k;
    tyi_index_spot rest = tyi_index_find(w, column, TYI_INDEX_REST),
                   first = tyi_index_find(w, items[k], TYI_INDEX_ITEMS);
    if (!first.there)
        return;
    A total = static_cast<A>(tyi_element<T>::value(x[first.plain + rest.plain]));
    for (i = k + 1; i < end && keys[i] == key; i++) {
        tyi_index_spot s = tyi_index_find(w, items[i], TYI_INDEX_ITEMS);
        total = combined(op, total, static_cast<A>(tyi_element<T>::value(x[s.plain + rest.plain])));
    }
    if (!begins)
        middles[piece * w.rest + column] = total;
    else if (i < w.items && keys[i] == key)
        starts[piece * w.rest + column] = total;
    else
        combine_into(&out[first.base + rest.indexed], op, total);
}

/* A block for each piece in which a run begins that goes beyond it: `columns` (a power of two) columns at a time, each
 * by TYI_THREADS / columns threads that share the run's pieces. */
template <typename T, typename A>
__global__ void __launch_bounds__(TYI_THREADS)
    join_pieces(const tyi_index_walk w, const uint32_t *keys, const uint32_t *items, int op, int columns, T *out,
                const A *starts, const A *middles)
{
    __shared__ A sums[TYI_THREADS];
    int64_t piece = blockIdx.x, last = (piece + 1) * PIECE - 1;
    if (last + 1 >= w.items)
        return;
    uint32_t key = keys[last];
    if (keys[last + 1] != key || (piece > 0 && keys[piece * PIECE - 1] == key))
        return;
    /* The pieces after this one that begin within the run: up to `beyond`. */
    int64_t low = piece + 1, beyond = (w.items + PIECE - 1) / PIECE;
    while (low < beyond) {
        int64_t middle = low + (beyond - low) / 2;
        if (keys[middle * PIECE] == key)
            low = middle + 1;
        else
            beyond = middle;
    }
    tyi_index_spot place = tyi_index_find(w, items[last], TYI_INDEX_ITEMS);
    if (!place.there)
        return;
    const int lanes = TYI_THREADS / columns, lane = static_cast<int>(threadIdx.x) / columns;
    const int own = static_cast<int>(threadIdx.x) % columns;
    for (int64_t tile = (int64_t)blockIdx.y * columns; tile < w.rest; tile += (int64_t)gridDim.y * columns) {
        int64_t column = tile + own, from = piece + 1 + lane;
        bool some = column < w.rest && from < beyond;
        A total = some ? middles[from * w.rest + column] : A();
        for (int64_t p = from + lanes; some && p < beyond; p += lanes)
            total = combined(op, total, middles[p * w.rest + column]);
        sums[threadIdx.x] = total;
        __syncthreads();
        if (lane == 0 && column < w.rest) {
            total = starts[piece * w.rest + column];
            for (int l = 0; l < lanes && piece + 1 + l < beyond; l++)
                total = combined(op, total, sums[l * columns + own]);
            tyi_index_spot rest = tyi_index_find(w, column, TYI_INDEX_REST);
            combine_into(&out[place.base + rest.indexed], op, total);
        }
        __syncthreads();
    }
}

template <typename T> ty_status combine(const char *name, const tyi_index_walk &w, int op, const T *x, T *out)
{
    typedef typename kept<T>::type A;
    order o;
    tyi_scratch starts, middles;
    TYI_TRY(make_order(w, &o));
    int64_t pieces = (w.items + PIECE - 1) / PIECE;
    size_t bytes = static_cast<size_t>(pieces * w.rest) * sizeof(A);
    TYI_TRY(starts.allocate(bytes));
    TYI_TRY(middles.allocate(bytes));
    TYI_TRY(tyi_launch(name, combine_pieces<T, A>, tyi_blocks(w.numel, TYI_THREADS), TYI_THREADS, 0, w,
                       o.keys.as<uint32_t>(), o.items.as<uint32_t>(), op, x, out, starts.as<A>(), middles.as<A>()));
    if (pieces == 1)
        return TY_OK;
    int columns = 1;
    while (columns < TYI_WARP && columns < w.rest)
        columns *= 2;
    int64_t tiles = (w.rest + columns - 1) / columns;
    dim3 grid(static_cast<unsigned>(pieces), static_cast<unsigned>(tiles < 65535 ? tiles : 65535));
    return tyi_launch(name, join_pieces<T, A>, grid, TYI_THREADS, 0, w, o.keys.as<uint32_t>(), o.items.as<uint32_t>(),
                      op, columns, out, starts.as<A>(), middles.as<A>());
}

ty_status check_items(const char *name, const tyi_index_walk &w)
{
    if (w.items <= TYI_MOST_SORTED)
        return TY_OK;
    return tyi_host.fail(TY_ERROR_VALUE,
                         "%s: %lld indices at once; on CUDA at most 2^32 - 1 are possible: put in parts", name,
                         static_cast<long long>(w.items));
}

} // namespace

ty_status tyi_index_combine(const char *name, const tyi_index_args *args, int op)
{
    tyi_index_walk w;
    TYI_TRY(tyi_index_walk_of(args, true, false, &w));
    if (!w.numel)
        return TY_OK;
    TYI_TRY(check_items(name, w));
    TYI_ANY_DTYPE(args->dtype, name, [&](auto zero) {
        typedef decltype(zero) T;
        return combine<T>(name, w, op, static_cast<const T *>(args->x), static_cast<T *>(args->out));
    });
}

ty_status tyi_cuda_index_put(const tyi_index_args *args)
{
    if (args->accumulate)
        return tyi_index_combine("index_put", args, TYI_COMBINE_SUM);
    tyi_index_walk w;
    tyi_scratch stays;
    TYI_TRY(tyi_index_walk_of(args, true, true, &w));
    if (!w.numel)
        return TY_OK;
    if (w.items > 1) {
        TYI_TRY(check_items("index_put", w));
        TYI_TRY(find_stays(w, stays));
    }
    TYI_BY_WORD(w, "index_put", [&](auto zero) {
        typedef decltype(zero) W;
        return tyi_launch("index_put", put_words<W>, tyi_blocks(w.numel, TYI_THREADS), TYI_THREADS, 0, w,
                          stays.as<uint8_t>(), static_cast<const W *>(args->x), static_cast<W *>(args->out));
    });
}

/* Every element is an item of its own: the dimension of the index moves by it, the others by their strides. */
ty_status tyi_cuda_scatter_reduce(const tyi_scatter_args *args)
{
    tyi_index_args put;
    memset(&put, 0, sizeof put);
    put.dtype = args->dtype;
    put.ndim = args->ndim;
    put.out = args->out;
    put.x = args->source;
    put.count = 1;
    put.index[0] = args->index;
    put.index_sizes[0] = args->size;
    put.index_steps[0] = args->ndim ? args->out_strides[args->dim] : 1;
    int64_t stride = 1;
    for (int d = args->ndim - 1; d >= 0; d--) {
        put.sizes[d] = args->sizes[d];
        put.out_strides[d] = put.index_strides[0][d] = stride;
        put.x_strides[d] = d == args->dim ? 0 : args->out_strides[d];
        stride *= args->sizes[d];
    }
    return tyi_index_combine("scatter_reduce", &put, args->op);
}
