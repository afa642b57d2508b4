/*
 * Gradients of the normalisations. With s the sum of the gradient and p that of its products with x - mean, over all
 * that one mean belongs to: grad_x = g a + (x - mean) b + c, where a is rstd * weight, and b and c come from s and p.
 *
 * Layer and RMS norm take s and p in the kernel that writes grad_x, a row at a time; their weights' gradients are sums
 * of columns. Everything else is three steps: s and p of segments or of columns in pieces, coefficients and weights'
 * gradients from those, and grad_x element by element. The floor there is reading x and the gradient twice.
 */
#include "backend/cuda/kernels.h"
#include "backend/cuda/norm.cuh"

namespace
{

typedef tyi_pair<double> sums; /* a: s, b: p */
constexpr int RUN = 32;        /* elements that a thread adds up in their dtype before they go into those */

/* b and c of one mean, from its s and p. */
template <typename T> struct coefficients {
    T of_x, rest;
};

/* ---- Rows: a mean for each, a weight for each of their elements ---- */

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) gradient_rows(const tyi_norm_args a, const segments s)
{
    const T *x = static_cast<const T *>(a.x), *grad = static_cast<const T *>(a.grad);
    const T *weight = static_cast<const T *>(a.weight);
    T *out = static_cast<T *>(a.grad_x);
    each_piece(s, [&](int64_t segment, int64_t, int64_t begin, int64_t end, int lane) {
        const int64_t row = segment < 0 ? 0 : segment, first = row % a.groups * a.per - begin;
        const T mean = static_cast<T>(part_of<T>(a.mean, row, 0)), rstd = static_cast<const T *>(a.rstd)[row];
        sums of = {0, 0};
        for (int64_t e = begin + lane; e < end;) {
            T sum = 0, product = 0;
            for (int k = 0; k < RUN && e < end; k++, e += s.lanes) {
                const T g = weight ? grad[e] * weight[first + e] : grad[e];
                sum += g;
                product += g * (x[e] - mean);
            }
            of = of + sums{sum, product};
        }
        of = tyi_team_fold(of, s.lanes, tyi_plus());
        const double n = static_cast<double>(s.length), wide = rstd;
        const T rest = static_cast<T>(a.centred ? -of.a / n * wide : 0);
        const T of_x = static_cast<T>(-of.b / n * wide * wide * wide);
        for (int64_t e = begin + lane; e < end; e += s.lanes) {
            const T g = weight ? grad[e] * weight[first + e] : grad[e];
            out[e] = g * rstd + ((x[e] - mean) * of_x + rest);
        }
    });
}

/* ---- s and p ---- */

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) segment_sums(const tyi_norm_args a, const segments s, sums *out)
{
    const T *x = static_cast<const T *>(a.x), *grad = static_cast<const T *>(a.grad);
    each_piece(s, [&](int64_t segment, int64_t piece, int64_t begin, int64_t end, int lane) {
        const int64_t of = segment < 0 ? 0 : a.across ? segment % a.groups : segment / a.per;
        const T mean = static_cast<T>(part_of<T>(a.mean, of, 0));
        sums both = {0, 0};
        for (int64_t e = begin + lane; e < end;) {
            T sum = 0, product = 0;
            for (int k = 0; k < RUN && e < end; k++, e += s.lanes) {
                sum += grad[e];
                product += grad[e] * (x[e] - mean);
            }
            both = both + sums{sum, product};
        }
        both = tyi_team_fold(both, s.lanes, tyi_plus());
        if (lane == 0 && segment >= 0)
            out[segment * s.pieces + piece] = both;
    });
}

/* Of columns, which are channels; where rows have means of their own, p is multiplied by rstd here. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) column_sums(const tyi_norm_args a, const columns c, sums *out)
{
    const T *x = static_cast<const T *>(a.x), *grad = static_cast<const T *>(a.grad);
    const T *means = static_cast<const T *>(a.mean), *rstd = static_cast<const T *>(a.rstd);
    const int64_t column = (int64_t)blockIdx.x * COLUMN_WIDTH + threadIdx.x % COLUMN_WIDTH, group = column / a.per;
    const int first = (int)threadIdx.x / COLUMN_WIDTH;
    for (int64_t piece = blockIdx.y; piece < c.pieces; piece += gridDim.y) {
        const int64_t most = (piece + 1) * c.piece, end = most < c.rows ? most : c.rows;
        sums total = {0, 0};
        for (int64_t r = piece * c.piece + first; column < c.width && r < end;) {
            T sum = 0, product = 0;
            for (int k = 0; k < RUN && r < end; k++, r += COLUMN_DEPTH) {
                const int64_t of = a.across ? column : r * a.groups + group, e = r * c.width + column;
                const T away = x[e] - (means ? means[of] : 0);
                sum += grad[e];
                product += grad[e] * (a.across ? away : away * rstd[of]);
            }
            total = total + sums{sum, product};
        }
        total = columns_fold(total, tyi_plus());
        if (first == 0 && column < c.width)
            out[piece * c.width + column] = total;
    }
}

/* ---- What comes of them ---- */

/* Where the sums of channel c are: at c * first + k * step + p for k < parts, p < pieces. */
struct layout {
    int64_t first, parts, step, pieces;
};

/* The gradients of weight and bias of a channel, a block each, and across its group's coefficients. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    finish_channels(const tyi_norm_args a, const layout l, const sums *of, coefficients<T> *out)
{
    const bool each_rstd = !a.across && a.run > 1;
    for (int64_t c = blockIdx.x; c < a.groups * a.per; c += gridDim.x) {
        sums total = {0, 0};
        for (int64_t k = threadIdx.x; k < l.parts * l.pieces; k += blockDim.x) {
            const int64_t part = k / l.pieces;
            sums one = of[c * l.first + part * l.step + k % l.pieces];
            if (each_rstd)
                one.b *= part_of<T>(a.rstd, part * a.groups + c / a.per, 1);
            total = total + one;
        }
        total = tyi_block_fold(total, tyi_plus());
        if (threadIdx.x != 0)
            continue;
        const double rstd = a.across ? part_of<T>(a.rstd, c, 1) : 1;
        keep<T>(a.grad_weight, c, total.b * rstd);
        keep<T>(a.grad_bias, c, total.a);
        if (!a.across)
            continue;
        const double scale = rstd * part_of<T>(a.weight, c, 1), n = static_cast<double>(a.outer * a.run);
        out[c].of_x = static_cast<T>(a.given ? 0 : -scale * rstd * rstd * total.b / n);
        out[c].rest = static_cast<T>(a.given ? 0 : -scale * total.a / n);
    }
}

/* The coefficients of rows whose channels are runs, a block each. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    finish_rows(const tyi_norm_args a, int64_t pieces, const sums *of, coefficients<T> *out)
{
    for (int64_t row = blockIdx.x; row < a.outer * a.groups; row += gridDim.x) {
        sums total = {0, 0};
        for (int64_t k = threadIdx.x; k < a.per * pieces; k += blockDim.x) {
            const double weight = part_of<T>(a.weight, row % a.groups * a.per + k / pieces, 1);
            const sums one = of[row * a.per * pieces + k];
            total = total + sums{one.a * weight, one.b * weight};
        }
        total = tyi_block_fold(total, tyi_plus());
        if (threadIdx.x != 0)
            continue;
        const double rstd = part_of<T>(a.rstd, row, 1), n = static_cast<double>(a.per * a.run);
        out[row].of_x = static_cast<T>(-total.b / n * rstd * rstd * rstd);
        out[row].rest = static_cast<T>(a.centred ? -total.a / n * rstd : 0);
    }
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    combine(const tyi_norm_args a, int64_t n, const coefficients<T> *coefficient)
{
    const T *x = static_cast<const T *>(a.x), *grad = static_cast<const T *>(a.grad);
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < n; e += step) {
        const int64_t run = e / a.run, channel = run % (a.groups * a.per), of = a.across ? channel : run / a.per;
        const T mean = static_cast<T>(part_of<T>(a.mean, of, 0));
        const T scale = static_cast<const T *>(a.rstd)[of] * static_cast<T>(part_of<T>(a.weight, channel, 1));
        const coefficients<T> k = coefficient[of];
        static_cast<T *>(a.grad_x)[e] = grad[e] * scale + ((x[e] - mean) * k.of_x + k.rest);
    }
}

/* ---- Launching ---- */

const char *const name = "norm's gradient";

unsigned threads_for(int64_t parts)
{
    const int threads = tyi_power_of_two(parts, TYI_THREADS);
    return (unsigned)(threads > TYI_WARP ? threads : TYI_WARP);
}

template <typename T>
ty_status channels(const tyi_norm_args *a, const layout &l, const sums *of, coefficients<T> *coefficient)
{
    return tyi_launch(name, finish_channels<T>, tyi_blocks(a->groups * a->per, 1), threads_for(l.parts * l.pieces), 0,
                      *a, l, of, coefficient);
}

/* Layer and RMS norm. */
template <typename T> ty_status backward_of_rows(const tyi_norm_args *a)
{
    segments s = {a->outer * a->groups, a->per, a->per, 1, TYI_THREADS};
    if (a->per < 2048)
        s.lanes = tyi_power_of_two(tyi_cover(a->per, 4), TYI_WARP);
    if (a->grad_x)
        TYI_TRY(tyi_launch(name, gradient_rows<T>, segments_grid(s), TYI_THREADS, 0, *a, s));
    if (!a->grad_weight && !a->grad_bias)
        return TY_OK;
    const columns c = cut_columns(a->outer, a->groups * a->per);
    tyi_scratch room;
    TYI_TRY(room.allocate((size_t)(c.pieces * c.width) * sizeof(sums)));
    TYI_TRY(tyi_launch(name, column_sums<T>, columns_grid(c), TYI_THREADS, 0, *a, c, room.as<sums>()));
    return channels<T>(a, {1, c.pieces, c.width, 1}, room.as<sums>(), nullptr);
}

template <typename T> ty_status backward(const tyi_norm_args *a)
{
    if (!a->across && a->run == 1)
        return backward_of_rows<T>(a);
    const int64_t width = a->groups * a->per, n = a->outer * width * a->run;
    tyi_scratch room, results;
    TYI_TRY(results.allocate((size_t)(a->across ? a->groups : a->outer * a->groups) * sizeof(coefficients<T>)));
    coefficients<T> *coefficient = results.as<coefficients<T>>();
    if (a->run == 1) {
        const columns c = cut_columns(a->outer, width);
        TYI_TRY(room.allocate((size_t)(c.pieces * width) * sizeof(sums)));
        TYI_TRY(tyi_launch(name, column_sums<T>, columns_grid(c), TYI_THREADS, 0, *a, c, room.as<sums>()));
        TYI_TRY(channels<T>(a, {1, c.pieces, width, 1}, room.as<sums>(), coefficient));
    } else {
        const segments s = cut_segments(a->outer * width, a->run);
        TYI_TRY(room.allocate((size_t)(s.count * s.pieces) * sizeof(sums)));
        TYI_TRY(tyi_launch(name, segment_sums<T>, segments_grid(s), TYI_THREADS, 0, *a, s, room.as<sums>()));
        const layout l = {s.pieces, a->outer, width * s.pieces, s.pieces};
        if (a->across || a->grad_weight || a->grad_bias)
            TYI_TRY(channels<T>(a, l, room.as<sums>(), coefficient));
        if (!a->across)
            TYI_TRY(tyi_launch(name, finish_rows<T>, tyi_blocks(a->outer * a->groups, 1),
                               threads_for(a->per * s.pieces), 0, *a, s.pieces, room.as<const sums>(), coefficient));
    }
    if (!a->grad_x)
        return TY_OK;
    return tyi_launch(name, combine<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, *a, n, coefficient);
}

} // namespace

ty_status tyi_cuda_norm_backward(const tyi_norm_args *args)
{
    const size_t bytes = (size_t)(args->groups * args->per) * tyi_bytes_of(args->dtype);
    if (args->outer * args->groups * args->per * args->run == 0) { /* sums of nothing */
        if (args->grad_weight && bytes)
            TYI_CUDA_TRY(cudaMemsetAsync(args->grad_weight, 0, bytes, tyi_current_stream()), name);
        if (args->grad_bias && bytes)
            TYI_CUDA_TRY(cudaMemsetAsync(args->grad_bias, 0, bytes, tyi_current_stream()), name);
        return TY_OK;
    }
    switch (args->dtype) {
    case TY_FLOAT32:
        return backward<float>(args);
    case TY_FLOAT64:
        return backward<double>(args);
    default:
        return tyi_no_kernel("norm_backward", args->dtype);
    }
}
