/*
 * The matmul row: floating dtypes go to cuBLAS (blas.cu), integers to a tiled kernel of ours. Integers wrap around, as
 * on the CPU: sums are unsigned and at least as wide as the dtype, and cut to it at the end.
 */
#include "backend/cuda/blas.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

namespace
{

/* A block makes a tile of SIDE x SIDE results, a thread EACH x EACH of them, DEPTH terms at a time. */
constexpr int SIDE = 64, DEPTH = 16, EACH = 4, ACROSS = SIDE / EACH;
constexpr unsigned MOST_BATCH = 65535; /* blocks along a grid's z */

template <typename T> struct wide_sum {
    typedef uint32_t type;
};
template <> struct wide_sum<uint64_t> {
    typedef uint64_t type;
};

/* The tile of SIDE lines by DEPTH terms that starts at (line, term): `tile` has a row for each term. */
template <typename T, typename Sum>
__device__ __forceinline__ void load_tile(Sum (*tile)[SIDE + 1], const T *from, int64_t line, int64_t lines,
                                          int64_t term, int64_t terms, int64_t line_stride, int64_t term_stride)
{
    for (int i = threadIdx.x; i < SIDE * DEPTH; i += ACROSS * ACROSS) {
        /* neighbouring threads read neighbours in memory */
        int l = term_stride == 1 ? i / DEPTH : i % SIDE, t = term_stride == 1 ? i % DEPTH : i / SIDE;
        bool inside = line + l < lines && term + t < terms;
        tile[t][l] = inside ? static_cast<Sum>(from[(line + l) * line_stride + (term + t) * term_stride]) : Sum(0);
    }
}

template <typename T> __global__ void __launch_bounds__(ACROSS *ACROSS, 2) integer_tiles(tyi_matmul_args x, T alpha)
{
    typedef typename wide_sum<T>::type Sum;
    __shared__ Sum tile_a[DEPTH][SIDE + 1], tile_b[DEPTH][SIDE + 1];
    int64_t row = static_cast<int64_t>(blockIdx.y) * SIDE, column = static_cast<int64_t>(blockIdx.x) * SIDE;
    int own_row = static_cast<int>(threadIdx.x) / ACROSS * EACH, own_column = static_cast<int>(threadIdx.x) % ACROSS;
    for (int64_t batch = blockIdx.z; batch < x.batch; batch += gridDim.z) {
        const T *a = static_cast<const T *>(x.a) + batch * x.a_batch;
        const T *b = static_cast<const T *>(x.b) + batch * x.b_batch;
        T *c = static_cast<T *>(x.c) + batch * x.c_batch;
        Sum sums[EACH][EACH] = {};
        for (int64_t term = 0; term < x.k; term += DEPTH) {
            load_tile(tile_a, a, row, x.m, term, x.k, x.a_row, x.a_col);
            load_tile(tile_b, b, column, x.n, term, x.k, x.b_col, x.b_row);
            __syncthreads();
            for (int t = 0; t < DEPTH; t++)
                for (int i = 0; i < EACH; i++)
                    for (int j = 0; j < EACH; j++)
                        sums[i][j] += tile_a[t][own_row + i] * tile_b[t][own_column + j * ACROSS];
            __syncthreads();
        }
        for (int i = 0; i < EACH; i++)
            for (int j = 0; j < EACH; j++) {
                int64_t r = row + own_row + i, s = column + own_column + j * ACROSS;
                if (r >= x.m || s >= x.n)
                    continue;
                T *at = c + r * x.ldc + s;
                Sum value = static_cast<Sum>(alpha) * sums[i][j];
                value += x.bias ? static_cast<Sum>(static_cast<const T *>(x.bias)[s]) : Sum(0);
                *at = static_cast<T>(value + (x.beta ? static_cast<Sum>(*at) : Sum(0)));
            }
    }
}

ty_status multiply_integers(const tyi_matmul_args *x)
{
    auto run = [&](auto zero) -> ty_status {
        typedef decltype(zero) T;
        int64_t down = x->m / SIDE + (x->m % SIDE != 0);
        if (down > 65535)
            return tyi_host.fail(TY_ERROR_VALUE, "matmul: %lld rows of integers are too many for CUDA (%d at most)",
                                 static_cast<long long>(x->m), 65535 * SIDE);
        dim3 grid(tyi_blocks(x->n, SIDE), static_cast<unsigned>(down),
                  static_cast<unsigned>(x->batch < MOST_BATCH ? x->batch : MOST_BATCH));
        return tyi_launch("matmul", integer_tiles<T>, grid, ACROSS * ACROSS, 0, *x,
                          static_cast<T>(static_cast<int64_t>(x->alpha)));
    };
    TYI_BY_SIZE(x->dtype, "matmul", run);
}

} // namespace

ty_status tyi_cuda_matmul(const tyi_matmul_args *args)
{
    if (args->batch == 0 || args->m == 0 || args->n == 0)
        return TY_OK;
    if (args->dtype == TY_BOOL)
        return tyi_no_kernel("matmul", args->dtype);
    if (args->dtype < TY_FLOAT16)
        return multiply_integers(args);
    return tyi_blas_product("matmul", args, args->dtype, tyi_tf32.products);
}
