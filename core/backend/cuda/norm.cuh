/*
 * What norm.cu and norm_backward.cu share: where the elements and channels of tyi_norm_args lie, moments, and how the
 * data are cut into segments: runs of elements that one mean, or one weight, belongs to.
 *
 * Computed in the dtype, float32 or float64; what is joined over many threads and pieces is in double. Means come first
 * and squares are those of differences, so that values far from 0 lose nothing.
 */
#ifndef TYI_CUDA_NORM_CUH
#define TYI_CUDA_NORM_CUH

#include "backend/cuda/block.cuh"

namespace
{

constexpr int NORM_BATCH = 8;        /* elements whose mean and squares a thread takes at once */
constexpr int64_t NORM_LEAST = 4096; /* elements that are worth a piece */

/* The number, mean and sum of squared differences of some values. */
struct moments {
    double n, mean, squares;
};

/* Joins them (Chan, Golub, LeVeque 1979). */
struct join_moments {
    __device__ __forceinline__ moments operator()(const moments &a, const moments &b) const
    {
        if (b.n == 0)
            return a;
        if (a.n == 0)
            return b;
        const double n = a.n + b.n, away = b.mean - a.mean, part = b.n / n;
        return {n, a.mean + away * part, a.squares + b.squares + away * away * (a.n * part)};
    }
};

template <typename T> __device__ __forceinline__ double part_of(const void *p, int64_t i, double absent)
{
    return p ? static_cast<double>(static_cast<const T *>(p)[i]) : absent;
}
template <typename T> __device__ __forceinline__ void keep(void *p, int64_t i, double value)
{
    if (p)
        static_cast<T *>(p)[i] = static_cast<T>(value);
}

template <typename T> __device__ __forceinline__ void keep_moments(const tyi_norm_args &a, int64_t i, const moments &m)
{
    if (a.centred) {
        const double variance = m.squares / m.n;
        keep<T>(a.mean, i, m.mean);
        keep<T>(a.variance, i, variance);
        keep<T>(a.rstd, i, 1 / sqrt(variance + a.eps));
    } else {
        keep<T>(a.rstd, i, 1 / sqrt(m.squares / m.n + m.mean * m.mean + a.eps));
    }
}

/* How segments, `count` of `length` elements one after another, are cut: `pieces` of `piece` each; a team of `lanes`
 * threads for each. */
struct segments {
    int64_t count, length, piece, pieces;
    int lanes;
};

inline segments cut_segments(int64_t count, int64_t length)
{
    segments s = {count, length, length, 1, 1};
    s.lanes = length >= 2048 ? TYI_THREADS : tyi_power_of_two(tyi_cover(length, 2), TYI_WARP);
    if (s.lanes == TYI_THREADS && length >= 2 * NORM_LEAST)
        s.pieces = tyi_pieces(count, length / NORM_LEAST);
    s.piece = tyi_cover(length, s.pieces);
    s.pieces = tyi_cover(length, s.piece);
    return s;
}

inline unsigned segments_grid(const segments &s)
{
    return tyi_blocks(s.count * s.pieces, TYI_THREADS / s.lanes);
}

/* Runs part(segment, piece, begin, end, lane) by the team of each piece of each segment, begin and end within the whole
 * data; teams without one run it too, with begin = end and segment -1, because folds want all lanes. */
template <typename Part> __device__ __forceinline__ void each_piece(const segments &s, Part part)
{
    const int teams = TYI_THREADS / s.lanes, team = (int)threadIdx.x / s.lanes, lane = (int)threadIdx.x % s.lanes;
    const int64_t work = s.count * s.pieces;
    for (int64_t u = (int64_t)blockIdx.x * teams; u < work; u += (int64_t)gridDim.x * teams) {
        const int64_t mine = u + team, segment = mine < work ? mine / s.pieces : -1;
        const int64_t piece = mine < work ? mine - segment * s.pieces : 0, most = (piece + 1) * s.piece;
        const int64_t begin = segment * s.length + piece * s.piece;
        const int64_t end = segment * s.length + (most < s.length ? most : s.length);
        part(segment, piece, begin, segment < 0 ? begin : end, lane);
    }
}

/* How columns, {rows, width}, are cut: blocks of 32 columns and 8 rows at a time, and pieces of rows. */
struct columns {
    int64_t rows, width, piece, pieces;
};

constexpr int COLUMN_WIDTH = TYI_WARP, COLUMN_DEPTH = TYI_THREADS / TYI_WARP;

inline columns cut_columns(int64_t rows, int64_t width)
{
    columns c = {rows, width, rows, 1};
    c.pieces = tyi_pieces(tyi_cover(width, COLUMN_WIDTH), tyi_cover(rows, COLUMN_DEPTH * 16));
    c.piece = tyi_cover(rows, c.pieces);
    c.pieces = tyi_cover(rows, c.piece);
    return c;
}

inline dim3 columns_grid(const columns &c)
{
    return dim3(tyi_blocks(c.width, COLUMN_WIDTH),
                (unsigned)(c.pieces < TYI_MOST_GRID_ROWS ? c.pieces : TYI_MOST_GRID_ROWS));
}

/* Joins the states of a block's threads with the same column, for the first COLUMN_WIDTH threads. */
template <typename S, typename Join> __device__ __forceinline__ S columns_fold(S state, Join join)
{
    __shared__ S shared[TYI_THREADS];
    shared[threadIdx.x] = state;
    __syncthreads();
    if (threadIdx.x < COLUMN_WIDTH)
        for (int k = 1; k < COLUMN_DEPTH; k++)
            state = join(state, shared[k * COLUMN_WIDTH + threadIdx.x]);
    __syncthreads();
    return state;
}

} // namespace

#endif
