/*
 * Reductions of {outer, reduced, inner} views. Rows: a team of threads, a few lanes of a warp or a block, goes along
 * the reduced dimension of one output, 16 bytes a thread where it has no gaps. Columns: neighbouring threads take
 * neighbouring outputs and go down the reduced dimension together. Where outputs are too few to fill the device, each
 * is cut into pieces whose states are combined by a second kernel. The floor is reading x once.
 *
 * An operation has a `running` type, four of which a thread keeps for up to RUN elements, and a `state` that these are
 * settled into, which keeps more digits: float32 is added up in double between runs, as on the CPU. The order is fixed
 * by sizes, strides and the device, so results repeat.
 */
#ifndef TYI_CUDA_REDUCE_CUH
#define TYI_CUDA_REDUCE_CUH

#include "backend/cuda/block.cuh"

/* What kernels get of tyi_reduce_args. */
struct tyi_reduce_shape {
    int64_t outputs, reduced, inner;
    int64_t x_outer, x_reduced, x_inner;
    int64_t piece, pieces; /* along the reduced dimension */
    const void *shift;
    void *out;
    ty_dtype out_dtype;
    int64_t out_size; /* bytes of a result */
    int lanes;        /* rows: threads of a team; columns: width of a block */
};

namespace
{

constexpr int STREAMS = 4, RUN = 128 / STREAMS; /* steps of STREAMS elements between settlements */
constexpr int AHEAD = 4;                        /* packs that a thread has on their way at a time */

/* ---- A thread's part ---- */

template <typename Op> struct thread_state {
    typename Op::running running[STREAMS];
    typename Op::state state;

    __device__ __forceinline__ explicit thread_state(const Op &op) : state(op.empty())
    {
        restart(op);
    }
    __device__ __forceinline__ void restart(const Op &op)
    {
#pragma unroll
        for (int k = 0; k < STREAMS; k++)
            running[k] = op.start();
    }
    __device__ __forceinline__ void settle(const Op &op)
    {
#pragma unroll
        for (int k = 0; k < STREAMS; k++)
            state = op.join(state, op.settled(running[k]));
        restart(op);
    }
};

/* Elements begin, begin + step ... before end, at strides. */
template <typename Op, typename Reader>
__device__ __forceinline__ void take_strided(const Op &op, thread_state<Op> &s, const Reader &x, int64_t at,
                                             int64_t stride, int64_t begin, int64_t end, int64_t step,
                                             typename Op::value shift)
{
    int64_t i = begin;
    while (i < end) {
        int k = 0;
        for (; k < RUN && i + (STREAMS - 1) * step < end; k++, i += STREAMS * step) {
#pragma unroll
            for (int e = 0; e < STREAMS; e++)
                op.take(s.running[e], x[at + (i + e * step) * stride], i + e * step, shift);
        }
        if (k < RUN)
            for (; i < end; i += step)
                op.take(s.running[0], x[at + i * stride], i, shift);
        s.settle(op);
    }
}

/* The team's elements of a contiguous row from `begin` to `end`, those of a lane. */
template <typename Op, typename Reader>
__device__ __forceinline__ void take_packs(const Op &op, thread_state<Op> &s, const Reader &x, int64_t at,
                                           int64_t begin, int64_t end, int lane, int lanes, typename Op::value shift)
{
    constexpr int pack = Reader::pack;
    int64_t head = x.unaligned(at + begin);
    head = head < end - begin ? head : end - begin;
    const int64_t packs = (end - begin - head) / pack, first = begin + head, tail = first + packs * pack;
    take_strided(op, s, x, at, 1, begin + lane, first, lanes, shift);
    typedef typename Reader::value_type V;
    for (int64_t p = lane; p < packs;) {
        int k = 0;
        for (; k < RUN && p + (AHEAD - 1) * lanes < packs; k += AHEAD, p += AHEAD * lanes) {
            V v[AHEAD][pack];
#pragma unroll
            for (int a = 0; a < AHEAD; a++)
                x.load_pack(at + first + (p + a * lanes) * pack, v[a]);
#pragma unroll
            for (int a = 0; a < AHEAD; a++)
#pragma unroll
                for (int e = 0; e < pack; e++)
                    op.take(s.running[e % STREAMS], v[a][e], first + (p + a * lanes) * pack + e, shift);
        }
        for (; k < RUN && p < packs; k++, p += lanes) {
            V v[pack];
            x.load_pack(at + first + p * pack, v);
#pragma unroll
            for (int e = 0; e < pack; e++)
                op.take(s.running[e % STREAMS], v[e], first + p * pack + e, shift);
        }
        s.settle(op);
    }
    take_strided(op, s, x, at, 1, tail + lane, end, lanes, shift);
}

/* ---- Kernels ---- */

template <typename Op>
__device__ __forceinline__ void deliver(const Op &op, const tyi_reduce_shape &g, int64_t output, int64_t piece,
                                        const typename Op::state &state, typename Op::state *states)
{
    if (states)
        states[output * g.pieces + piece] = state;
    else
        op.store(static_cast<char *>(g.out) + output * g.out_size, g.out_dtype, state);
}

template <typename Op> __device__ __forceinline__ typename Op::value shift_of(const tyi_reduce_shape &g, int64_t output)
{
    typedef typename Op::value V;
    return g.shift ? static_cast<const V *>(g.shift)[output] : V();
}

template <typename Op, typename Reader>
__global__ void __launch_bounds__(TYI_THREADS)
    reduce_rows(const Op op, const Reader x, const tyi_reduce_shape g, typename Op::state *states)
{
    const int teams = TYI_THREADS / g.lanes, lane = (int)threadIdx.x % g.lanes, team = (int)threadIdx.x / g.lanes;
    const int64_t work = g.outputs * g.pieces;
    for (int64_t u = (int64_t)blockIdx.x * teams; u < work; u += (int64_t)gridDim.x * teams) {
        const int64_t mine = u + team, output = mine / g.pieces, piece = mine - output * g.pieces;
        thread_state<Op> s(op);
        if (mine < work) {
            const int64_t begin = piece * g.piece, most = begin + g.piece, end = most < g.reduced ? most : g.reduced;
            const int64_t at = output / g.inner * g.x_outer + output % g.inner * g.x_inner;
            if (g.x_reduced == 1)
                take_packs(op, s, x, at, begin, end, lane, g.lanes, shift_of<Op>(g, output));
            else
                take_strided(op, s, x, at, g.x_reduced, begin + lane, end, g.lanes, shift_of<Op>(g, output));
        }
        const typename Op::state state = tyi_team_fold(
            s.state, g.lanes, [&](const typename Op::state &a, const typename Op::state &b) { return op.join(a, b); });
        if (lane == 0 && mine < work)
            deliver(op, g, output, piece, state, states);
    }
}

/* Block x: columns, of all of inner; block y and further: outer and pieces. */
template <typename Op, typename Reader>
__global__ void __launch_bounds__(TYI_THREADS)
    reduce_columns(const Op op, const Reader x, const tyi_reduce_shape g, typename Op::state *states)
{
    __shared__ typename Op::state shared[TYI_THREADS];
    const int width = g.lanes, depth = TYI_THREADS / width;
    const int column = (int)threadIdx.x % width, row = (int)threadIdx.x / width;
    const int64_t inner = (int64_t)blockIdx.x * width + column, outers = g.outputs / g.inner;
    for (int64_t u = blockIdx.y; u < outers * g.pieces; u += gridDim.y) {
        const int64_t outer = u / g.pieces, piece = u - outer * g.pieces, output = outer * g.inner + inner;
        thread_state<Op> s(op);
        if (inner < g.inner) {
            const int64_t begin = piece * g.piece, most = begin + g.piece, end = most < g.reduced ? most : g.reduced;
            take_strided(op, s, x, outer * g.x_outer + inner * g.x_inner, g.x_reduced, begin + row, end, depth,
                         shift_of<Op>(g, output));
        }
        shared[threadIdx.x] = s.state;
        __syncthreads();
        if (row == 0 && inner < g.inner) {
            typename Op::state state = s.state;
            for (int k = 1; k < depth; k++)
                state = op.join(state, shared[k * width + column]);
            deliver(op, g, output, piece, state, states);
        }
        __syncthreads();
    }
}

/* A warp for each output: its pieces' states. */
template <typename Op>
__global__ void __launch_bounds__(TYI_THREADS)
    reduce_pieces(const Op op, const tyi_reduce_shape g, const typename Op::state *states)
{
    const int warps = TYI_THREADS / TYI_WARP, lane = (int)threadIdx.x % TYI_WARP, warp = (int)threadIdx.x / TYI_WARP;
    for (int64_t o = (int64_t)blockIdx.x * warps; o < g.outputs; o += (int64_t)gridDim.x * warps) {
        typename Op::state state = op.empty();
        for (int64_t p = lane; o + warp < g.outputs && p < g.pieces; p += TYI_WARP)
            state = op.join(state, states[(o + warp) * g.pieces + p]);
        state = tyi_lanes_fold(state, TYI_WARP,
                               [&](const typename Op::state &a, const typename Op::state &b) { return op.join(a, b); });
        if (lane == 0 && o + warp < g.outputs)
            op.store(static_cast<char *>(g.out) + (o + warp) * g.out_size, g.out_dtype, state);
    }
}

/* ---- Launching ---- */

/* Fills in how the work is cut. True: by columns. */
inline bool cut(tyi_reduce_shape &g, int pack)
{
    const int64_t outers = g.outputs / g.inner;
    const int64_t step = g.x_reduced < 0 ? -g.x_reduced : g.x_reduced, side = g.x_inner < 0 ? -g.x_inner : g.x_inner;
    const bool columns = g.inner > 1 && side < step && g.reduced > 1;
    int64_t blocks, least; /* least: elements that are worth a piece */
    if (columns) {
        g.lanes = tyi_power_of_two(g.inner, TYI_WARP);
        /* Few rows want few threads down a column. */
        while (g.lanes < TYI_THREADS && g.lanes < g.inner && TYI_THREADS / g.lanes > g.reduced)
            g.lanes *= 2;
        blocks = tyi_cover(g.inner, g.lanes) * outers;
        least = (int64_t)TYI_THREADS / g.lanes * 32;
    } else {
        const int per_lane = g.x_reduced == 1 ? 2 * pack : 4;
        g.lanes = tyi_power_of_two(tyi_cover(g.reduced, per_lane), TYI_WARP);
        if (g.reduced >= (int64_t)TYI_WARP * per_lane * 8)
            g.lanes = TYI_THREADS;
        blocks = tyi_cover(g.outputs, TYI_THREADS / g.lanes);
        least = (int64_t)TYI_THREADS * per_lane * 2;
    }
    g.pieces = g.reduced > least ? tyi_pieces(blocks, g.reduced / least) : 1;
    g.piece = tyi_cover(g.reduced, g.pieces);
    if (!columns && g.pieces > 1)
        g.piece = tyi_cover(g.piece, 16) * 16; /* pieces begin where packs do */
    g.pieces = g.piece ? tyi_cover(g.reduced, g.piece) : 1;
    return columns;
}

template <typename Op, typename Reader>
ty_status run_reduce(const char *name, const Op &op, const Reader &x, tyi_reduce_shape g)
{
    typedef typename Op::state state;
    const bool columns = cut(g, Reader::pack);
    tyi_scratch states;
    if (g.pieces > 1)
        TYI_TRY(states.allocate((size_t)(g.outputs * g.pieces) * sizeof(state)));
    if (columns) {
        const int64_t rows = g.outputs / g.inner * g.pieces;
        const dim3 grid(tyi_blocks(g.inner, g.lanes),
                        (unsigned)(rows < TYI_MOST_GRID_ROWS ? rows : TYI_MOST_GRID_ROWS));
        TYI_TRY(tyi_launch(name, reduce_columns<Op, Reader>, grid, TYI_THREADS, 0, op, x, g, states.as<state>()));
    } else {
        const unsigned grid = tyi_blocks(g.outputs * g.pieces, TYI_THREADS / g.lanes);
        TYI_TRY(tyi_launch(name, reduce_rows<Op, Reader>, grid, TYI_THREADS, 0, op, x, g, states.as<state>()));
    }
    if (g.pieces == 1)
        return TY_OK;
    const unsigned grid = tyi_blocks(g.outputs, TYI_THREADS / TYI_WARP);
    return tyi_launch(name, reduce_pieces<Op>, grid, TYI_THREADS, 0, op, g, states.as<const state>());
}

} // namespace

/* What reduce_extremes.cu gives reduce.cu; g but for how the work is cut. */
ty_status tyi_reduce_extremes(const tyi_reduce_args *args, const tyi_reduce_shape &g);
ty_status tyi_reduce_truths(const tyi_reduce_args *args, const tyi_reduce_shape &g);
ty_status tyi_reduce_places(const tyi_reduce_args *args, const tyi_reduce_shape &g);

#endif
