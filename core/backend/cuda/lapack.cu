/*
 * The linear algebra row: LU and Cholesky factors and triangular equations, and the way to the other ops (lapack.cuh).
 * Batches of small matrices go to the batched functions of cuBLAS and cuSOLVER; large matrices follow one another on
 * the stream. The bounds between the two are those that PyTorch measured.
 */
#include <limits.h>
#include <string.h>

#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/lapack.cuh"

namespace
{

constexpr int WARPS = TYI_THREADS / TYI_WARP;
constexpr int64_t MOST_SHARED_ROWS = TYI_SHARED_BYTES / sizeof(int);

/* ---- Kernels ---- */

template <typename T> __global__ void fill_table(T **table, T *data, int64_t stride, int64_t count)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
        table[i] = data + i * stride;
}

/* A warp a matrix. */
template <typename T> __global__ void find_zero(tyi_columns<const T> a, int n, int64_t count, int *info)
{
    int lane = static_cast<int>(threadIdx.x) % TYI_WARP;
    int64_t step = static_cast<int64_t>(gridDim.x) * WARPS;
    for (int64_t b = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / TYI_WARP; b < count; b += step) {
        int first = INT_MAX;
        for (int i = lane; i < n && first == INT_MAX; i += TYI_WARP)
            if (a.data[b * a.stride + i * (static_cast<int64_t>(a.ld) + 1)] == T(0))
                first = i;
        first = tyi_lanes_fold(first, TYI_WARP, [](int x, int y) { return x < y ? x : y; });
        if (lane == 0 && first != INT_MAX)
            info[b] = first + 1;
    }
}

template <typename T>
__global__ void turn(tyi_columns<const T> from, tyi_columns<T> to, int64_t rows, int64_t columns, int64_t total)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
        int64_t row = i % rows, column = i / rows % columns, b = i / rows / columns;
        to.data[b * to.stride + column * to.ld + row] = from.data[b * from.stride + row * from.ld + column];
    }
}

/* A block a matrix: one thread exchanges, as each exchange builds on the one before; all write the ones and zeros. The
 * order lies in shared memory where it fits, else in `room`. */
template <typename T>
__global__ void permute(const int *pivots, T *out, int64_t m, int n, int64_t count, int *room, int *info)
{
    TYI_DYNAMIC_SHARED(int, shared);
    for (int64_t b = blockIdx.x; b < count; b += gridDim.x) {
        int *order = room ? room + b * m : shared;
        for (int64_t i = threadIdx.x; i < m; i += blockDim.x)
            order[i] = static_cast<int>(i);
        __syncthreads();
        for (int i = 0; i < n && threadIdx.x == 0; i++) {
            int at = pivots[b * n + i] - 1;
            if (at < 0 || at >= m) {
                info[b] = i + 1;
                break;
            }
            int was = order[i];
            order[i] = order[at];
            order[at] = was;
        }
        __syncthreads();
        for (int64_t i = threadIdx.x; i < m * m; i += blockDim.x)
            out[b * m * m + i] = i % m == order[i / m] ? T(1) : T(0);
        __syncthreads();
    }
}

/* ---- LU ---- */

template <typename T> ty_status lu_batched(const tyi_lapack_call<T> &c)
{
    tyi_scratch table, workspace;
    cublasHandle_t handle;
    TYI_TRY(tyi_blas_handle(&handle, &workspace));
    TYI_TRY(tyi_matrix_table(c.name, c.a, static_cast<int64_t>(c.n) * c.n, c.count, &table));
    return tyi_each_matrix(c.count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        TYI_BLAS_TRY(TYI_BLAS(T, getrfBatched)(handle, c.n, table.as<T *>() + first, c.n, c.args.pivots + first * c.n,
                                               c.info + first, some),
                     c.name);
        return TY_OK;
    });
}

template <typename T> ty_status lu(const tyi_lapack_call<T> &c)
{
    if (c.m == c.n && c.count > 1 && c.n < 512) {
        TYI_TRY(lu_batched(c));
        return tyi_fetch_info(c);
    }
    tyi_solver solver;
    tyi_scratch work;
    int elements = 0;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    TYI_SOLVER_TRY(TYI_SOLVER(solver, T, getrf_bufferSize)(solver.handle, c.m, c.n, c.a, c.m, &elements), c.name);
    TYI_TRY(work.allocate(sizeof(T) * static_cast<size_t>(elements)));
    TYI_TRY(tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, getrf)(solver.handle, c.m, c.n, c.a + i * c.m * c.n, c.m, work.as<T>(),
                                                    c.args.pivots + i * c.least, c.info + i),
                       c.name);
        return TY_OK;
    }));
    return tyi_fetch_info(c);
}

template <typename T> ty_status lu_solve_batched(const tyi_lapack_call<T> &c, cublasOperation_t how)
{
    tyi_scratch table_a, table_b, workspace;
    cublasHandle_t handle;
    TYI_TRY(tyi_blas_handle(&handle, &workspace));
    TYI_TRY(tyi_matrix_table(c.name, c.a, static_cast<int64_t>(c.m) * c.m, c.count, &table_a));
    TYI_TRY(tyi_matrix_table(c.name, c.b, static_cast<int64_t>(c.m) * c.k, c.count, &table_b));
    return tyi_each_matrix(c.count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        int wrong = 0; /* a parameter: none is */
        TYI_BLAS_TRY(TYI_BLAS(T, getrsBatched)(handle, how, c.m, c.k, table_a.as<T *>() + first, c.m,
                                               c.args.pivots + first * c.m, table_b.as<T *>() + first, c.m, &wrong,
                                               some),
                     c.name);
        return TY_OK;
    });
}

template <typename T> ty_status lu_solve(const tyi_lapack_call<T> &c)
{
    cublasOperation_t how = c.args.flag ? CUBLAS_OP_T : CUBLAS_OP_N;
    memset(c.args.info, 0, sizeof *c.args.info * static_cast<size_t>(c.count));
    if (c.k == 0)
        return TY_OK;
    if (c.count > 2 && c.m <= 128)
        return lu_solve_batched(c, how);
    tyi_solver solver;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    return tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, getrs)(solver.handle, how, c.m, c.k, c.a + i * c.m * c.m, c.m,
                                                    c.args.pivots + i * c.m, c.b + i * c.m * c.k, c.m, c.info + i),
                       c.name);
        return TY_OK;
    });
}

template <typename T> ty_status permutation(const tyi_lapack_call<T> &c)
{
    tyi_scratch room;
    bool shared = c.m <= MOST_SHARED_ROWS;
    if (!shared)
        TYI_TRY(room.allocate(sizeof(int) * static_cast<size_t>(c.count * c.m)));
    TYI_TRY(tyi_launch(c.name, permute<T>, tyi_blocks(c.count, 1), TYI_THREADS,
                       shared ? sizeof(int) * static_cast<size_t>(c.m) : 0, c.args.pivots, static_cast<T *>(c.args.u),
                       c.m, c.n, c.count, room.as<int>(), c.info));
    return tyi_fetch_info(c);
}

/* ---- Cholesky ---- */

template <typename T> ty_status cholesky(const tyi_lapack_call<T> &c)
{
    cublasFillMode_t triangle = c.args.flag ? CUBLAS_FILL_MODE_UPPER : CUBLAS_FILL_MODE_LOWER;
    int64_t size = static_cast<int64_t>(c.m) * c.m;
    tyi_solver solver;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    if (c.count > 1 && c.m < 512) {
        tyi_scratch table;
        TYI_TRY(tyi_matrix_table(c.name, c.a, size, c.count, &table));
        TYI_TRY(tyi_each_matrix(c.count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
            TYI_SOLVER_TRY(TYI_SOLVER(solver, T, potrfBatched)(solver.handle, triangle, c.m, table.as<T *>() + first,
                                                               c.m, c.info + first, some),
                           c.name);
            return TY_OK;
        }));
        return tyi_fetch_info(c);
    }
    tyi_solver_work work;
    cudaDataType type = tyi_solver_type<T>();
    TYI_SOLVER_TRY(solver.f->cusolverDnXpotrf_bufferSize(solver.handle, solver.params, triangle, c.m, type, c.a, c.m,
                                                         type, &work.device_bytes, &work.host_bytes),
                   c.name);
    TYI_TRY(work.allocate());
    TYI_TRY(tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(solver.f->cusolverDnXpotrf(solver.handle, solver.params, triangle, c.m, type, c.a + i * size,
                                                  c.m, type, work.on_device(), work.device_bytes, work.on_host,
                                                  work.host_bytes, c.info + i),
                       c.name);
        return TY_OK;
    }));
    return tyi_fetch_info(c);
}

/* ---- Triangular equations ---- */

template <typename T> ty_status triangular(const tyi_lapack_call<T> &c)
{
    int64_t size = static_cast<int64_t>(c.m) * c.m;
    if (!c.args.unit)
        TYI_TRY(tyi_find_zero_diagonal<T>(c.name, {c.a, c.m, size}, c.m, c.count, c.info));
    TYI_TRY(tyi_solve_triangles<T>(c.name, c.args.flag, false, c.args.unit, c.m, c.k, {c.a, c.m, size},
                                   {c.b, c.m, static_cast<int64_t>(c.m) * c.k}, c.count));
    if (!c.args.unit)
        return tyi_fetch_info(c);
    memset(c.args.info, 0, sizeof *c.args.info * static_cast<size_t>(c.count));
    return TY_OK;
}

/* ---- The row ---- */

template <typename T> ty_status run(const tyi_lapack_args &args)
{
    tyi_scratch info;
    size_t bytes = sizeof(int) * static_cast<size_t>(args.batch);
    TYI_TRY(info.allocate(bytes));
    TYI_CUDA_TRY(cudaMemsetAsync(info.as<void>(), 0, bytes, tyi_current_stream()), args.name);
    tyi_lapack_call<T> call = {args,
                               args.name,
                               static_cast<int>(args.m),
                               static_cast<int>(args.n),
                               static_cast<int>(args.k),
                               static_cast<int>(args.m < args.n ? args.m : args.n),
                               args.batch,
                               static_cast<T *>(args.a),
                               static_cast<T *>(args.b),
                               info.as<int>()};
    switch (args.op) {
    case TYI_LAPACK_LU:
        return lu(call);
    case TYI_LAPACK_LU_SOLVE:
        return lu_solve(call);
    case TYI_LAPACK_PERMUTATION:
        return permutation(call);
    case TYI_LAPACK_CHOLESKY:
        return cholesky(call);
    case TYI_LAPACK_QR:
        return tyi_lapack_qr(call);
    case TYI_LAPACK_TRIANGULAR:
        return triangular(call);
    case TYI_LAPACK_EIGH:
        return tyi_lapack_eigh(call);
    case TYI_LAPACK_EIG:
        return tyi_lapack_eig(call);
    case TYI_LAPACK_SVD:
        return tyi_lapack_svd(call);
    case TYI_LAPACK_LSTSQ:
        return tyi_lapack_lstsq(call);
    }
    return TY_FAIL;
}

} // namespace

/* ---- What the files share ---- */

template <typename T> ty_status tyi_fetch_info(const tyi_lapack_call<T> &c)
{
    return tyi_cuda_to_host(c.args.info, c.info, sizeof *c.info * static_cast<size_t>(c.count));
}

template <typename T>
ty_status tyi_matrix_table(const char *name, T *data, int64_t stride, int64_t count, tyi_scratch *table)
{
    TYI_TRY(table->allocate(sizeof(T *) * static_cast<size_t>(count)));
    return tyi_launch(name, fill_table<T>, tyi_blocks(count, TYI_THREADS), TYI_THREADS, 0, table->as<T *>(), data,
                      stride, count);
}

template <typename T>
ty_status tyi_find_zero_diagonal(const char *name, tyi_columns<const T> a, int n, int64_t count, int *info)
{
    return tyi_launch(name, find_zero<T>, tyi_blocks(count, WARPS), TYI_THREADS, 0, a, n, count, info);
}

template <typename T>
ty_status tyi_turn_matrices(const char *name, tyi_columns<const T> from, tyi_columns<T> to, int rows, int columns,
                            int64_t count)
{
    int64_t total = static_cast<int64_t>(rows) * columns * count;
    return tyi_launch(name, turn<T>, tyi_blocks(total, TYI_THREADS), TYI_THREADS, 0, from, to, rows, columns, total);
}

template <typename T>
ty_status tyi_solve_triangles(const char *name, bool upper, bool turned, bool unit, int n, int k, tyi_columns<T> a,
                              tyi_columns<T> b, int64_t count)
{
    if (k == 0)
        return TY_OK;
    const cublasFillMode_t triangle = upper ? CUBLAS_FILL_MODE_UPPER : CUBLAS_FILL_MODE_LOWER;
    const cublasOperation_t how = turned ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasDiagType_t diagonal = unit ? CUBLAS_DIAG_UNIT : CUBLAS_DIAG_NON_UNIT;
    const T one = 1;
    tyi_scratch table_a, table_b, workspace;
    cublasHandle_t handle;
    TYI_TRY(tyi_blas_handle(&handle, &workspace));
    if (count == 1 || (count <= 8 && n >= 64))
        return tyi_each_matrix(count, 1, [&](int64_t i, int) -> ty_status {
            TYI_BLAS_TRY(TYI_BLAS(T, trsm)(handle, CUBLAS_SIDE_LEFT, triangle, how, diagonal, n, k, &one, a.at(i), a.ld,
                                           b.at(i), b.ld),
                         name);
            return TY_OK;
        });
    TYI_TRY(tyi_matrix_table(name, a.data, a.stride, count, &table_a));
    TYI_TRY(tyi_matrix_table(name, b.data, b.stride, count, &table_b));
    return tyi_each_matrix(count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        TYI_BLAS_TRY(TYI_BLAS(T, trsmBatched)(handle, CUBLAS_SIDE_LEFT, triangle, how, diagonal, n, k, &one,
                                              table_a.as<T *>() + first, a.ld, table_b.as<T *>() + first, b.ld, some),
                     name);
        return TY_OK;
    });
}

#define FOR(T)                                                                                                         \
    template ty_status tyi_fetch_info(const tyi_lapack_call<T> &);                                                     \
    template ty_status tyi_matrix_table(const char *, T *, int64_t, int64_t, tyi_scratch *);                           \
    template ty_status tyi_find_zero_diagonal(const char *, tyi_columns<const T>, int, int64_t, int *);                \
    template ty_status tyi_turn_matrices(const char *, tyi_columns<const T>, tyi_columns<T>, int, int, int64_t);       \
    template ty_status tyi_solve_triangles(const char *, bool, bool, bool, int, int, tyi_columns<T>, tyi_columns<T>,   \
                                           int64_t);
FOR(float)
FOR(double)
#undef FOR

ty_status tyi_cuda_lapack(const tyi_lapack_args *args)
{
    int64_t most = args->m > args->n ? args->m : args->n;
    if (most > INT_MAX || args->k > INT_MAX)
        return tyi_host.fail(TY_ERROR_VALUE, "%s: matrices of %lld x %lld with %lld columns are too large for cuSOLVER",
                             args->name, static_cast<long long>(args->m), static_cast<long long>(args->n),
                             static_cast<long long>(args->k));
    return args->dtype == TY_FLOAT32 ? run<float>(*args) : run<double>(*args);
}
