/*
 * Places drawn by weights with replacement, as PyTorch's MultinomialKernel.cu draws them: the weights of a row divided
 * by their sum, added up, and a uniform of (0, 1] looked up for each sample.
 *
 * The uniforms are torch.cuda's to the bit: a thread of blocks of 128 for each sample, rows side by side as far as a
 * grid goes; its sequence is its number, and each further row takes its next four words, of which the first counts.
 * Places are torch.cuda's for float32 and float64 but where a uniform falls within the rounding of the sums, which may
 * be added up in another order there; this is known from its source and has not been held against a GPU. float16 and
 * bfloat16 are summed in float32 here and in themselves there, so that their places differ more often.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/philox.cuh"

namespace
{

constexpr int SAMPLES = 128; /* of a block */

/* shares = weights / sums; R is what the weights are stored as. */
template <typename R, typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    make_shares(const R *weights, const T *sums, int64_t rows, int64_t n, T *shares)
{
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < rows * n; e += step)
        shares[e] = tyi_element<R>::value(weights[e]) / sums[e / n];
}

/* The first category up to which the shares reach u. Where none does, by rounding, the last with any share. */
template <typename T> __device__ int64_t place_of(const T *upto, const T *shares, int64_t n, T u)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (upto[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    low = low < n ? low : n - 1;
    while (low > 0 && shares[low] == 0)
        low--;
    return low;
}

template <typename T>
__global__ void __launch_bounds__(SAMPLES) draw_places(tyi_philox start, const T *upto, const T *shares, int64_t rows,
                                                       int64_t n, int64_t samples, int64_t *out)
{
    const int64_t sample = (int64_t)blockIdx.x * SAMPLES + threadIdx.x;
    tyi_philox_stream stream(start, (uint64_t)blockIdx.y * gridDim.x * SAMPLES + (uint64_t)sample);
    for (int64_t row = blockIdx.y; row < rows && sample < samples; row += gridDim.y) {
        const T u = static_cast<T>(tyi_uniform_of(stream.next().at[0]));
        out[row * samples + sample] = place_of(upto + row * n, shares + row * n, n, u);
    }
}

template <typename R>
ty_status draw(ty_generator *g, ty_dtype dtype, const R *weights, int64_t rows, int64_t n, int64_t samples,
               int64_t *out)
{
    typedef typename tyi_element<R>::value_type T;
    const char *name = "multinomial";
    const ty_dtype wide = sizeof(T) == sizeof(double) ? TY_FLOAT64 : TY_FLOAT32;
    const unsigned side = static_cast<unsigned>(rows < TYI_MOST_GRID_ROWS ? rows : TYI_MOST_GRID_ROWS);
    const size_t bytes = (size_t)(rows * n) * sizeof(T);
    tyi_scratch sums, shares, upto;
    TYI_TRY(sums.allocate((size_t)rows * sizeof(T)));
    TYI_TRY(shares.allocate(bytes));
    TYI_TRY(upto.allocate(bytes));
    tyi_reduce_args sum = {};
    sum.op = TYI_REDUCE_SUM;
    sum.dtype = dtype;
    sum.wide_out = wide != dtype;
    sum.x = weights;
    sum.out = sums.as<T>();
    sum.outer = rows;
    sum.reduced = n;
    sum.inner = 1;
    sum.x_outer = n;
    sum.x_reduced = sum.x_inner = 1;
    TYI_TRY(tyi_cuda_reduce(&sum));
    TYI_TRY(tyi_launch(name, make_shares<R, T>, tyi_blocks(rows * n, TYI_THREADS), TYI_THREADS, 0, weights,
                       sums.as<T>(), rows, n, shares.as<T>()));
    TYI_TRY(tyi_cuda_cumsum(wide, shares.as<T>(), upto.as<T>(), rows, n, 1));
    return tyi_launch(name, draw_places<T>, dim3(tyi_blocks(samples, SAMPLES), side), SAMPLES, 0,
                      tyi_generator_take(g, 4 * static_cast<uint64_t>((rows - 1) / side + 1)), upto.as<T>(),
                      shares.as<T>(), rows, n, samples, out);
}

} // namespace

ty_status tyi_cuda_multinomial(ty_generator *g, ty_dtype dtype, const void *weights, int64_t rows, int64_t n,
                               int64_t samples, int64_t *out)
{
    if (rows * samples == 0)
        return TY_OK;
    TYI_FLOATING(dtype, "multinomial", [&](auto zero) {
        typedef decltype(zero) R;
        return draw<R>(g, dtype, static_cast<const R *>(weights), rows, n, samples, out);
    });
}
