/*
 * Normalisations: layer, RMS, group, instance and batch norm. Rows that fit into a block's shared memory are read once:
 * statistics and result in one kernel. Everything else is three steps: moments of segments or of columns in pieces, the
 * statistics from those, and the result element by element; the floor there is reading x twice.
 */
#include "backend/cuda/kernels.h"
#include "backend/cuda/norm.cuh"

namespace
{

/* ---- Rows that are kept: a mean for each of outer and groups ---- */

/* A team for each row; `values` has room for a row of each team. */
template <typename T> __global__ void __launch_bounds__(TYI_THREADS) norm_rows(const tyi_norm_args a, const segments s)
{
    TYI_DYNAMIC_SHARED(T, values);
    const T *x = static_cast<const T *>(a.x), *weight = static_cast<const T *>(a.weight);
    const T *bias = static_cast<const T *>(a.bias);
    T *out = static_cast<T *>(a.out), *row = values + (int)threadIdx.x / s.lanes * s.length;
    each_piece(s, [&](int64_t segment, int64_t, int64_t begin, int64_t end, int lane) {
        const int size = (int)(end - begin);
        T sum = 0, squares = 0;
        for (int i = lane; i < size; i += s.lanes) {
            row[i] = x[begin + i];
            sum += row[i];
        }
        double mean = 0;
        if (a.centred)
            mean = tyi_team_fold(static_cast<double>(sum), s.lanes, tyi_plus()) / static_cast<double>(s.length);
        const T shift = static_cast<T>(mean);
        for (int i = lane; i < size; i += s.lanes)
            squares += (row[i] - shift) * (row[i] - shift);
        moments m = {static_cast<double>(s.length), mean, 0};
        m.squares = tyi_team_fold(static_cast<double>(squares), s.lanes, tyi_plus());
        if (lane == 0 && segment >= 0)
            keep_moments<T>(a, segment, m);
        const T rstd = static_cast<T>(1 / sqrt(m.squares / m.n + a.eps));
        const int64_t first = segment % a.groups * a.per;
        const int run = (int)a.run;
        for (int i = lane; i < size; i += s.lanes) {
            const int64_t channel = first + (run == 1 ? i : i / run);
            T value = (row[i] - shift) * rstd;
            value = weight ? value * weight[channel] : value;
            out[begin + i] = bias ? value + bias[channel] : value;
        }
    });
}

/* ---- Moments ---- */

/* Of elements begin, begin + step ... before end, `stride` apart, joined with m. */
template <typename T>
__device__ __forceinline__ moments take_moments(moments m, const T *x, int64_t begin, int64_t end, int64_t step,
                                                int64_t stride)
{
    for (int64_t i = begin; i < end; i += NORM_BATCH * step) {
        T v[NORM_BATCH], mean = 0, squares = 0;
        int n = 0;
#pragma unroll
        for (int k = 0; k < NORM_BATCH; k++) {
            const bool present = i + k * step < end;
            v[k] = present ? x[(i + k * step) * stride] : 0;
            mean += v[k];
            n += present;
        }
        mean /= static_cast<T>(n);
#pragma unroll
        for (int k = 0; k < NORM_BATCH; k++)
            squares += k < n ? (v[k] - mean) * (v[k] - mean) : 0;
        m = join_moments()(m, {static_cast<double>(n), static_cast<double>(mean), static_cast<double>(squares)});
    }
    return m;
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) segment_moments(const T *x, const segments s, moments *out)
{
    each_piece(s, [&](int64_t segment, int64_t piece, int64_t begin, int64_t end, int lane) {
        moments m = take_moments<T>({0, 0, 0}, x, begin + lane, end, s.lanes, 1);
        m = tyi_team_fold(m, s.lanes, join_moments());
        if (lane == 0 && segment >= 0)
            out[segment * s.pieces + piece] = m;
    });
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) column_moments(const T *x, const columns c, moments *out)
{
    const int64_t column = (int64_t)blockIdx.x * COLUMN_WIDTH + threadIdx.x % COLUMN_WIDTH;
    const int row = (int)threadIdx.x / COLUMN_WIDTH;
    for (int64_t piece = blockIdx.y; piece < c.pieces; piece += gridDim.y) {
        const int64_t most = (piece + 1) * c.piece, end = most < c.rows ? most : c.rows;
        moments m = {0, 0, 0};
        if (column < c.width)
            m = take_moments<T>(m, x + column, piece * c.piece + row, end, COLUMN_DEPTH, c.width);
        m = columns_fold(m, join_moments());
        if (row == 0 && column < c.width)
            out[piece * c.width + column] = m;
    }
}

/* Statistics i < count from the moments at i * first + k * step + p, k < parts, p < pieces: a block each. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    keep_statistics(const tyi_norm_args a, const moments *of, int64_t count, int64_t first, int64_t parts, int64_t step,
                    int64_t pieces)
{
    for (int64_t i = blockIdx.x; i < count; i += gridDim.x) {
        moments m = {0, 0, 0};
        for (int64_t k = threadIdx.x; k < parts * pieces; k += blockDim.x)
            m = join_moments()(m, of[i * first + k / pieces * step + k % pieces]);
        m = tyi_block_fold(m, join_moments());
        if (threadIdx.x == 0)
            keep_moments<T>(a, i, m);
    }
}

/* ---- The result from statistics ---- */

template <typename T> __global__ void __launch_bounds__(TYI_THREADS) norm_apply(const tyi_norm_args a, int64_t n)
{
    const T *x = static_cast<const T *>(a.x);
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < n; e += step) {
        const int64_t run = e / a.run, channel = run % (a.groups * a.per);
        const int64_t of = a.across ? channel : run / a.per;
        const T mean = static_cast<T>(part_of<T>(a.mean, of, 0));
        const T scale = static_cast<const T *>(a.rstd)[of] * static_cast<T>(part_of<T>(a.weight, channel, 1));
        static_cast<T *>(a.out)[e] = (x[e] - mean) * scale + static_cast<T>(part_of<T>(a.bias, channel, 0));
    }
}

/* ---- Launching ---- */

template <typename T>
ty_status statistics(const tyi_norm_args *a, const moments *of, int64_t count, int64_t first, int64_t parts,
                     int64_t step, int64_t pieces)
{
    const int threads = tyi_power_of_two(parts * pieces, TYI_THREADS);
    return tyi_launch("norm", keep_statistics<T>, tyi_blocks(count, 1), threads > TYI_WARP ? threads : TYI_WARP, 0, *a,
                      of, count, first, parts, step, pieces);
}

template <typename T> ty_status find_statistics(const tyi_norm_args *a)
{
    const T *x = static_cast<const T *>(a->x);
    tyi_scratch room;
    if (a->across && a->run == 1) {
        const columns c = cut_columns(a->outer, a->groups);
        TYI_TRY(room.allocate((size_t)(c.pieces * c.width) * sizeof(moments)));
        TYI_TRY(tyi_launch("norm", column_moments<T>, columns_grid(c), TYI_THREADS, 0, x, c, room.as<moments>()));
        return statistics<T>(a, room.as<moments>(), a->groups, 1, c.pieces, a->groups, 1);
    }
    const segments s =
        a->across ? cut_segments(a->outer * a->groups, a->run) : cut_segments(a->outer * a->groups, a->per * a->run);
    TYI_TRY(room.allocate((size_t)(s.count * s.pieces) * sizeof(moments)));
    TYI_TRY(tyi_launch("norm", segment_moments<T>, segments_grid(s), TYI_THREADS, 0, x, s, room.as<moments>()));
    return a->across
               ? statistics<T>(a, room.as<moments>(), a->groups, s.pieces, a->outer, a->groups * s.pieces, s.pieces)
               : statistics<T>(a, room.as<moments>(), s.count, s.pieces, 1, 0, s.pieces);
}

template <typename T> ty_status forward(const tyi_norm_args *a)
{
    const int64_t n = a->outer * a->groups * a->per * a->run, length = a->per * a->run;
    segments s = {a->outer * a->groups, length, length, 1, TYI_THREADS};
    if (length < 2048)
        s.lanes = tyi_power_of_two(tyi_cover(length, 4), TYI_WARP);
    const size_t room = (size_t)length * (size_t)(TYI_THREADS / s.lanes) * sizeof(T);
    if (!a->across && length > 1024 && room > TYI_SHARED_BYTES / 2) /* few rows in the room: a block for each */
        s.lanes = TYI_THREADS;
    const size_t bytes = (size_t)length * (size_t)(TYI_THREADS / s.lanes) * sizeof(T);
    if (!a->across && bytes <= TYI_SHARED_BYTES)
        return tyi_launch("norm", norm_rows<T>, segments_grid(s), TYI_THREADS, bytes, *a, s);
    if (!a->given)
        TYI_TRY(find_statistics<T>(a));
    return tyi_launch("norm", norm_apply<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, *a, n);
}

} // namespace

ty_status tyi_cuda_norm(const tyi_norm_args *args)
{
    if (args->outer * args->groups * args->per * args->run == 0)
        return TY_OK;
    switch (args->dtype) {
    case TY_FLOAT32:
        return forward<float>(args);
    case TY_FLOAT64:
        return forward<double>(args);
    default:
        return tyi_no_kernel("norm", args->dtype);
    }
}
