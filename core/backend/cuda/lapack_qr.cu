/*
 * QR factors and what stands on them: least squares of matrices of full rank, LAPACK's gels. Q is kept as reflections
 * 1 - tau_i v_i v_i^T, v_i below the diagonal of column i; batches of small matrices get a kernel of ours that applies
 * them, since cuSOLVER's takes one matrix at a time.
 */
#include <string.h>

#include "backend/cuda/block.cuh"
#include "backend/cuda/lapack.cuh"

namespace
{

constexpr int WARPS = TYI_THREADS / TYI_WARP;
constexpr int MOST_SMALL_ROWS = 256, OF_LANE = MOST_SMALL_ROWS / TYI_WARP;

/* Reflections of a batch: their matrices {rows, ...} and tau {count, reflections}. */
template <typename T> struct reflections {
    tyi_columns<T> v;
    T *tau;
    int rows, number;
};

/* Whether a batch is one for the batched functions: PyTorch's bound. */
bool is_small(int rows, int64_t count)
{
    return rows <= MOST_SMALL_ROWS && count >= (rows / 16 > 2 ? rows / 16 : 2);
}

/* Columns of `to` are multiplied by the reflections, the last one first: by Q; or the first one first: by Q^T. A warp a
 * column, which lies in its registers. `fresh`: the columns of the identity instead of those of `to`. */
template <typename T>
__global__ void reflect(reflections<T> q, tyi_columns<T> to, int columns, int64_t jobs, bool transposed, bool fresh)
{
    int lane = static_cast<int>(threadIdx.x) % TYI_WARP;
    int64_t step = static_cast<int64_t>(gridDim.x) * WARPS;
    for (int64_t job = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / TYI_WARP; job < jobs; job += step) {
        int64_t b = job / columns;
        int column = static_cast<int>(job % columns);
        T *at = to.data + b * to.stride + static_cast<int64_t>(column) * to.ld;
        T own[OF_LANE], v[OF_LANE];
        for (int e = 0; e < OF_LANE; e++) {
            int row = lane + e * TYI_WARP;
            own[e] = fresh ? T(row == column) : row < q.rows ? at[row] : T(0);
        }
        for (int s = 0; s < q.number; s++) {
            int i = transposed ? s : q.number - 1 - s;
            const T *below = q.v.data + b * q.v.stride + static_cast<int64_t>(i) * q.v.ld;
            T sum = 0;
            for (int e = 0; e < OF_LANE; e++) {
                int row = lane + e * TYI_WARP;
                v[e] = row > i && row < q.rows ? below[row] : T(row == i);
                sum += v[e] * own[e];
            }
            sum = tyi_lanes_fold(sum, TYI_WARP, tyi_plus()) * q.tau[b * q.number + i];
            for (int e = 0; e < OF_LANE; e++)
                own[e] -= sum * v[e];
        }
        for (int e = 0; e < OF_LANE; e++)
            if (lane + e * TYI_WARP < q.rows)
                at[lane + e * TYI_WARP] = own[e];
    }
}

template <typename T>
ty_status reflect_small(const char *name, const reflections<T> &q, tyi_columns<T> to, int columns, int64_t count,
                        bool transposed, bool fresh)
{
    int64_t jobs = count * columns;
    return tyi_launch(name, reflect<T>, tyi_blocks(jobs, WARPS), TYI_THREADS, 0, q, to, columns, jobs, transposed,
                      fresh);
}

/* ---- Factors ---- */

template <typename T> ty_status factorise_small(const char *name, tyi_columns<T> a, int m, int n, int64_t count, T *tau)
{
    tyi_scratch table_a, table_tau, workspace;
    cublasHandle_t handle;
    TYI_TRY(tyi_blas_handle(&handle, &workspace));
    TYI_TRY(tyi_matrix_table(name, a.data, a.stride, count, &table_a));
    TYI_TRY(tyi_matrix_table(name, tau, m < n ? m : n, count, &table_tau));
    return tyi_each_matrix(count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        int wrong = 0; /* a parameter: none is */
        TYI_BLAS_TRY(TYI_BLAS(T, geqrfBatched)(handle, m, n, table_a.as<T *>() + first, a.ld,
                                               table_tau.as<T *>() + first, &wrong, some),
                     name);
        return TY_OK;
    });
}

template <typename T>
ty_status factorise_large(const char *name, tyi_columns<T> a, int m, int n, int64_t count, T *tau, int *info)
{
    tyi_solver solver;
    tyi_solver_work work;
    cudaDataType type = tyi_solver_type<T>();
    TYI_TRY(tyi_solver_of_thread(name, &solver));
    TYI_SOLVER_TRY(solver.f->cusolverDnXgeqrf_bufferSize(solver.handle, solver.params, m, n, type, a.data, a.ld, type,
                                                         tau, type, &work.device_bytes, &work.host_bytes),
                   name);
    TYI_TRY(work.allocate());
    return tyi_each_matrix(count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(solver.f->cusolverDnXgeqrf(solver.handle, solver.params, m, n, type, a.at(i), a.ld, type,
                                                  tau + i * (m < n ? m : n), type, work.on_device(), work.device_bytes,
                                                  work.on_host, work.host_bytes, info + i),
                       name);
        return TY_OK;
    });
}

/* a {m, n} -> R and the reflections. */
template <typename T>
ty_status factorise(const char *name, tyi_columns<T> a, int m, int n, int64_t count, tyi_scratch *tau, int *info)
{
    int least = m < n ? m : n;
    TYI_TRY(tau->allocate(sizeof(T) * static_cast<size_t>(least * count)));
    return is_small(m, count) ? factorise_small(name, a, m, n, count, tau->as<T>())
                              : factorise_large(name, a, m, n, count, tau->as<T>(), info);
}

/* Q's first k columns into the matrices `to`. */
template <typename T> ty_status form_large(const tyi_lapack_call<T> &c, const reflections<T> &q, tyi_columns<T> to)
{
    tyi_solver solver;
    tyi_scratch work;
    int elements = 0;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    TYI_SOLVER_TRY(
        TYI_SOLVER(solver, T, orgqr_bufferSize)(solver.handle, c.m, c.k, c.least, to.data, c.m, q.tau, &elements),
        c.name);
    TYI_TRY(work.allocate(sizeof(T) * static_cast<size_t>(elements)));
    return tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_CUDA_TRY(cudaMemcpyAsync(to.at(i), q.v.at(i), sizeof(T) * static_cast<size_t>(c.m) * c.least,
                                     cudaMemcpyDeviceToDevice, tyi_current_stream()),
                     c.name);
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, orgqr)(solver.handle, c.m, c.k, c.least, to.at(i), c.m,
                                                    q.tau + i * c.least, work.as<T>(), elements, c.info + i),
                       c.name);
        return TY_OK;
    });
}

/* b {rows, k} = Q b, or Q^T b. */
template <typename T>
ty_status multiply(const tyi_lapack_call<T> &c, const reflections<T> &q, tyi_columns<T> b, bool transposed)
{
    if (c.k == 0)
        return TY_OK;
    if (is_small(q.rows, c.count))
        return reflect_small(c.name, q, b, c.k, c.count, transposed, false);
    cublasOperation_t how = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    tyi_solver solver;
    tyi_scratch work, ignored;
    int elements = 0;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    TYI_SOLVER_TRY(TYI_SOLVER(solver, T, ormqr_bufferSize)(solver.handle, CUBLAS_SIDE_LEFT, how, q.rows, c.k, q.number,
                                                           q.v.data, q.v.ld, q.tau, b.data, b.ld, &elements),
                   c.name);
    TYI_TRY(work.allocate(sizeof(T) * static_cast<size_t>(elements)));
    TYI_TRY(ignored.allocate(sizeof(int)));
    return tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, ormqr)(solver.handle, CUBLAS_SIDE_LEFT, how, q.rows, c.k, q.number,
                                                    q.v.at(i), q.v.ld, q.tau + i * q.number, b.at(i), b.ld,
                                                    work.as<T>(), elements, ignored.as<int>()),
                       c.name);
        return TY_OK;
    });
}

} // namespace

template <typename T> ty_status tyi_lapack_qr(const tyi_lapack_call<T> &c)
{
    tyi_scratch tau;
    tyi_columns<T> a = {c.a, c.m, static_cast<int64_t>(c.m) * c.n};
    tyi_columns<T> u = {static_cast<T *>(c.args.u), c.m, static_cast<int64_t>(c.m) * c.k};
    memset(c.args.info, 0, sizeof *c.args.info * static_cast<size_t>(c.count));
    TYI_TRY(factorise(c.name, a, c.m, c.n, c.count, &tau, c.info));
    if (c.k == 0)
        return TY_OK;
    reflections<T> q = {a, tau.as<T>(), c.m, c.least};
    return is_small(c.m, c.count) ? reflect_small(c.name, q, u, c.k, c.count, false, true) : form_large(c, q, u);
}

/* With a = Q R for m >= n: R x = Q^T b, and what is left lies below. Else with a^T = Q R: x = Q R^-T b, which is the
 * shortest of all solutions. */
template <typename T> ty_status tyi_lapack_lstsq(const tyi_lapack_call<T> &c)
{
    static const char *const drivers[] = {"gels", "gelsy", "gelsd", "gelss"};
    if (c.args.driver != 0)
        return tyi_host.fail(TY_ERROR_VALUE,
                             "lstsq: on CUDA there is the driver \"gels\" alone, for matrices of full rank, not "
                             "\"%s\"; take \"gels\", or move the matrices to the CPU: x:cpu()",
                             drivers[c.args.driver & 3]);
    bool wide = c.m < c.n;
    int rows = wide ? c.n : c.m;
    tyi_scratch tau, turned;
    tyi_columns<T> a = {c.a, c.m, static_cast<int64_t>(c.m) * c.n}, b = {c.b, rows, static_cast<int64_t>(rows) * c.k};
    if (wide) {
        TYI_TRY(turned.allocate(sizeof(T) * static_cast<size_t>(a.stride * c.count)));
        TYI_TRY(
            tyi_turn_matrices<T>(c.name, {a.data, a.ld, a.stride}, {turned.as<T>(), c.n, a.stride}, c.n, c.m, c.count));
        a = {turned.as<T>(), c.n, a.stride};
    }
    TYI_TRY(factorise(c.name, a, rows, c.least, c.count, &tau, c.info));
    TYI_TRY(tyi_find_zero_diagonal<T>(c.name, {a.data, a.ld, a.stride}, c.least, c.count, c.info));
    reflections<T> q = {a, tau.as<T>(), rows, c.least};
    if (!wide)
        TYI_TRY(multiply(c, q, b, true));
    TYI_TRY(tyi_solve_triangles(c.name, true, wide, false, c.least, c.k, a, b, c.count));
    if (wide)
        TYI_TRY(multiply(c, q, b, false));
    return tyi_fetch_info(c);
}

#define FOR(T)                                                                                                         \
    template ty_status tyi_lapack_qr(const tyi_lapack_call<T> &);                                                      \
    template ty_status tyi_lapack_lstsq(const tyi_lapack_call<T> &);
FOR(float)
FOR(double)
#undef FOR
