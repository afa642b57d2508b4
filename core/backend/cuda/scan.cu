/*
 * cumsum of contiguous {outer, size, inner} data. Rows: a block goes along, tile after tile. Columns: neighbouring
 * threads go down neighbouring columns. Where rows or columns are too few to fill the device they are cut into pieces:
 * the sums of the pieces first, then what stands before each, then the pieces side by side; the floor is then reading
 * twice and writing once. float32 is added up in double, float16 and bfloat16 in float, integers as int64: as on the
 * CPU.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"

namespace
{

constexpr int EACH = 4; /* elements of a tile that a thread takes, one after the other */
constexpr int TILE = TYI_THREADS * EACH;

/* What sums of a storage type are kept in, and how they are stored. */
template <typename Reader> struct total {
    typedef double type;
};
template <> struct total<tyi_reader<ty_float16>> {
    typedef float type;
};
template <> struct total<tyi_reader<ty_bfloat16>> {
    typedef float type;
};
template <> struct total<tyi_integer_reader> {
    typedef uint64_t type; /* wraps around */
};

struct shape {
    int64_t outer, size, inner;
    int64_t piece, pieces;
    void *out;
    ty_dtype dtype;
    int bytes; /* of an element */
};

template <typename V, typename S> __device__ __forceinline__ void put(const shape &g, int64_t i, S sum)
{
    tyi_store<V>(static_cast<char *>(g.out) + i * g.bytes, g.dtype, static_cast<V>(sum));
}

/* The sums of all threads before this one; *all: of the whole block. */
template <typename S> __device__ __forceinline__ S before_in_block(S own, S *all)
{
    __shared__ S of_warps[TYI_MOST_WARPS];
    const int lane = (int)threadIdx.x % TYI_WARP, warp = (int)threadIdx.x / TYI_WARP;
    S sum = own;
    for (int d = 1; d < TYI_WARP; d *= 2) {
        const S other = __shfl_up_sync(TYI_ALL_LANES, sum, d);
        sum = lane >= d ? sum + other : sum;
    }
    if (lane == TYI_WARP - 1)
        of_warps[warp] = sum;
    __syncthreads();
    S before = 0, whole = 0;
    for (int k = 0; k < TYI_THREADS / TYI_WARP; k++) {
        before = k < warp ? before + of_warps[k] : before;
        whole += of_warps[k];
    }
    __syncthreads();
    *all = whole;
    const S last = __shfl_up_sync(TYI_ALL_LANES, sum, 1);
    return lane ? before + last : before;
}

/* A block for each row and piece: with `sums` alone their sums, else the results, on top of before (NULL: 0). */
template <typename Reader, typename S>
__global__ void __launch_bounds__(TYI_THREADS) scan_rows(const Reader x, const shape g, S *sums, const S *before)
{
    for (int64_t u = blockIdx.x; u < g.outer * g.pieces; u += gridDim.x) {
        const int64_t row = u / g.pieces, begin = (u - row * g.pieces) * g.piece;
        const int64_t end = begin + g.piece < g.size ? begin + g.piece : g.size, at = row * g.size;
        S carried = before ? before[u] : 0;
        if (sums) {
            for (int64_t i = begin + threadIdx.x; i < end; i += TYI_THREADS)
                carried += static_cast<S>(x[at + i]);
            carried = tyi_block_fold(carried, tyi_plus());
            if (threadIdx.x == 0)
                sums[u] = carried;
            continue;
        }
        for (int64_t tile = begin; tile < end; tile += TILE) {
            const int64_t first = tile + (int)threadIdx.x * EACH;
            S v[EACH], own = 0, all;
#pragma unroll
            for (int k = 0; k < EACH; k++) {
                own += first + k < end ? static_cast<S>(x[at + first + k]) : 0;
                v[k] = own;
            }
            const S start = carried + before_in_block(own, &all);
#pragma unroll
            for (int k = 0; k < EACH; k++)
                if (first + k < end)
                    put<typename Reader::value_type>(g, at + first + k, start + v[k]);
            carried += all;
        }
    }
}

/* The same by columns, a thread for each column and piece. */
template <typename Reader, typename S>
__global__ void __launch_bounds__(TYI_THREADS) scan_columns(const Reader x, const shape g, S *sums, const S *before)
{
    const int64_t columns = g.outer * g.inner, step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t u = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; u < columns * g.pieces; u += step) {
        const int64_t piece = u / columns, column = u - piece * columns;
        const int64_t at = column / g.inner * g.size * g.inner + column % g.inner;
        const int64_t begin = piece * g.piece, end = begin + g.piece < g.size ? begin + g.piece : g.size;
        S sum = before ? before[column * g.pieces + piece] : 0;
        for (int64_t r = begin; r < end; r++) {
            sum += static_cast<S>(x[at + r * g.inner]);
            if (!sums)
                put<typename Reader::value_type>(g, at + r * g.inner, sum);
        }
        if (sums)
            sums[column * g.pieces + piece] = sum;
    }
}

/* Of {rows, pieces} sums, what stands before each piece, in place: a block for each row. */
template <typename S> __global__ void __launch_bounds__(TYI_THREADS) scan_pieces(S *sums, int64_t rows, int64_t pieces)
{
    for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
        S carried = 0;
        for (int64_t tile = 0; tile < pieces; tile += TYI_THREADS) {
            const int64_t i = tile + threadIdx.x;
            S all, own = i < pieces ? sums[row * pieces + i] : 0;
            const S before = carried + before_in_block(own, &all);
            if (i < pieces)
                sums[row * pieces + i] = before;
            carried += all;
        }
    }
}

template <typename Reader> ty_status scan(const Reader &x, shape g)
{
    typedef typename total<Reader>::type S;
    const bool rows = g.inner == 1;
    const int64_t count = g.outer * g.inner;
    g.pieces = rows ? tyi_pieces(count, tyi_cover(g.size, 4 * TILE))
                    : tyi_pieces(tyi_cover(count, TYI_THREADS), tyi_cover(g.size, 64));
    g.piece = tyi_cover(g.size, g.pieces);
    g.pieces = tyi_cover(g.size, g.piece);
    void (*kernel)(const Reader, const shape, S *, const S *) = rows ? scan_rows<Reader, S> : scan_columns<Reader, S>;
    const unsigned grid = tyi_blocks(count * g.pieces, rows ? 1 : TYI_THREADS);
    S *const none = nullptr;
    tyi_scratch room;
    if (g.pieces > 1) {
        TYI_TRY(room.allocate((size_t)(count * g.pieces) * sizeof(S)));
        TYI_TRY(tyi_launch("cumsum", kernel, grid, TYI_THREADS, 0, x, g, room.as<S>(), none));
        TYI_TRY(
            tyi_launch("cumsum", scan_pieces<S>, tyi_blocks(count, 1), TYI_THREADS, 0, room.as<S>(), count, g.pieces));
    }
    return tyi_launch("cumsum", kernel, grid, TYI_THREADS, 0, x, g, none, room.as<S>());
}

} // namespace

ty_status tyi_cuda_cumsum(ty_dtype dtype, const void *x, void *out, int64_t outer, int64_t size, int64_t inner)
{
    if (outer * size * inner == 0)
        return TY_OK;
    const shape g = {outer, size, inner, size, 1, out, dtype, (int)tyi_bytes_of(dtype)};
    if (dtype < TY_FLOAT16)
        return scan(tyi_integer_reader::of(x, dtype), g);
    TYI_FLOATING(dtype, "cumsum", [&](auto zero) { return scan(tyi_reader<decltype(zero)>::of(x, dtype), g); });
}
