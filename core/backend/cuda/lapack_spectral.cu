/*
 * Eigenvalues and singular values. Batches of matrices up to 32 x 32 go to cuSOLVER's Jacobi methods, which work to the
 * precision of the dtype; where one does not come to an end, and for larger matrices, the QR methods take the matrices
 * one after another. Singular values of wide matrices are those of their transposes, as cuSOLVER takes no wide ones.
 */
#include "backend/cuda/lapack.cuh"

namespace
{

constexpr int MOST_JACOBI = 32; /* the largest that cuSOLVER takes in batches */

/* cuSOLVER's description of a Jacobi method, for the time of a call; its own tolerance is the precision. */
template <typename Info> class jacobi_settings
{
  public:
    explicit jacobi_settings(cusolverStatus_t (*release)(Info)) : destroy(release)
    {
    }
    ~jacobi_settings()
    {
        if (info)
            destroy(info);
    }
    jacobi_settings(const jacobi_settings &) = delete;
    jacobi_settings &operator=(const jacobi_settings &) = delete;
    Info info = nullptr;

  private:
    cusolverStatus_t (*destroy)(Info);
};

template <typename T> bool is_for_jacobi(const tyi_lapack_call<T> &c)
{
    return c.count > 1 && c.m <= MOST_JACOBI && c.n <= MOST_JACOBI;
}

/* Sets args.info; *all: every matrix came to an end. */
template <typename T> ty_status fetch_and_look(const tyi_lapack_call<T> &c, bool *all)
{
    TYI_TRY(tyi_fetch_info(c));
    *all = true;
    for (int64_t i = 0; i < c.count; i++)
        *all = *all && c.args.info[i] == 0;
    return TY_OK;
}

ty_status copy(const char *name, void *to, const void *from, size_t bytes)
{
    TYI_CUDA_TRY(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, tyi_current_stream()), name);
    return TY_OK;
}

/* ---- Symmetric matrices ---- */

template <typename T> ty_status eigh_jacobi(const tyi_lapack_call<T> &c, const tyi_solver &solver, bool *all)
{
    cusolverEigMode_t mode = c.args.vectors ? CUSOLVER_EIG_MODE_VECTOR : CUSOLVER_EIG_MODE_NOVECTOR;
    cublasFillMode_t triangle = c.args.flag ? CUBLAS_FILL_MODE_UPPER : CUBLAS_FILL_MODE_LOWER;
    int64_t size = static_cast<int64_t>(c.m) * c.m;
    T *values = static_cast<T *>(c.args.values);
    int elements = 0, most = static_cast<int>(c.count < TYI_MOST_BATCH ? c.count : TYI_MOST_BATCH);
    tyi_scratch work;
    jacobi_settings<syevjInfo_t> settings(solver.f->cusolverDnDestroySyevjInfo);
    TYI_SOLVER_TRY(solver.f->cusolverDnCreateSyevjInfo(&settings.info), c.name);
    TYI_SOLVER_TRY(TYI_SOLVER(solver, T, syevjBatched_bufferSize)(solver.handle, mode, triangle, c.m, c.a, c.m, values,
                                                                  &elements, settings.info, most),
                   c.name);
    TYI_TRY(work.allocate(sizeof(T) * static_cast<size_t>(elements)));
    TYI_TRY(tyi_each_matrix(c.count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, syevjBatched)(solver.handle, mode, triangle, c.m, c.a + first * size, c.m,
                                                           values + first * c.m, work.as<T>(), elements, c.info + first,
                                                           settings.info, some),
                       c.name);
        return TY_OK;
    }));
    return fetch_and_look(c, all);
}

template <typename T> ty_status eigh_each(const tyi_lapack_call<T> &c, const tyi_solver &solver)
{
    cusolverEigMode_t mode = c.args.vectors ? CUSOLVER_EIG_MODE_VECTOR : CUSOLVER_EIG_MODE_NOVECTOR;
    cublasFillMode_t triangle = c.args.flag ? CUBLAS_FILL_MODE_UPPER : CUBLAS_FILL_MODE_LOWER;
    cudaDataType type = tyi_solver_type<T>();
    T *values = static_cast<T *>(c.args.values);
    tyi_solver_work work;
    TYI_SOLVER_TRY(solver.f->cusolverDnXsyevd_bufferSize(solver.handle, solver.params, mode, triangle, c.m, type, c.a,
                                                         c.m, type, values, type, &work.device_bytes, &work.host_bytes),
                   c.name);
    TYI_TRY(work.allocate());
    TYI_TRY(tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(solver.f->cusolverDnXsyevd(solver.handle, solver.params, mode, triangle, c.m, type,
                                                  c.a + i * c.m * c.m, c.m, type, values + i * c.m, type,
                                                  work.on_device(), work.device_bytes, work.on_host, work.host_bytes,
                                                  c.info + i),
                       c.name);
        return TY_OK;
    }));
    return tyi_fetch_info(c);
}

/* ---- Other square matrices ---- */

#if TYI_HAS_GEEV
/* Complex numbers one after another into real and imaginary parts. */
template <typename T> __global__ void part(const T *complex, T *real, T *imaginary, int64_t n)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        real[i] = complex[2 * i];
        imaginary[i] = complex[2 * i + 1];
    }
}

template <typename T> ty_status eig_each(const tyi_lapack_call<T> &c, const tyi_solver &solver)
{
    const cusolverEigMode_t none = CUSOLVER_EIG_MODE_NOVECTOR;
    cusolverEigMode_t mode = c.args.vectors ? CUSOLVER_EIG_MODE_VECTOR : none;
    cudaDataType type = tyi_solver_type<T>(), complex = type == CUDA_R_64F ? CUDA_C_64F : CUDA_C_32F;
    int64_t size = static_cast<int64_t>(c.m) * c.m;
    T *vectors = static_cast<T *>(c.args.v);
    tyi_scratch values;
    tyi_solver_work work;
    TYI_TRY(values.allocate(2 * sizeof(T) * static_cast<size_t>(c.count * c.m)));
    TYI_SOLVER_TRY(solver.f->cusolverDnXgeev_bufferSize(solver.handle, solver.params, none, mode, c.m, type, c.a, c.m,
                                                        complex, values.as<T>(), type, nullptr, c.m, type, vectors, c.m,
                                                        type, &work.device_bytes, &work.host_bytes),
                   c.name);
    TYI_TRY(work.allocate());
    TYI_TRY(tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(solver.f->cusolverDnXgeev(solver.handle, solver.params, none, mode, c.m, type, c.a + i * size,
                                                 c.m, complex, values.as<T>() + 2 * i * c.m, type, nullptr, c.m, type,
                                                 vectors + i * size, c.m, type, work.on_device(), work.device_bytes,
                                                 work.on_host, work.host_bytes, c.info + i),
                       c.name);
        return TY_OK;
    }));
    TYI_TRY(tyi_launch(c.name, part<T>, tyi_blocks(c.count * c.m, TYI_THREADS), TYI_THREADS, 0, values.as<T>(),
                       static_cast<T *>(c.args.values), static_cast<T *>(c.args.values2), c.count * c.m));
    return tyi_fetch_info(c);
}
#endif

/* ---- Singular values ---- */

template <typename T> ty_status svd_jacobi(const tyi_lapack_call<T> &c, const tyi_solver &solver, bool *all)
{
    cusolverEigMode_t mode = c.args.vectors ? CUSOLVER_EIG_MODE_VECTOR : CUSOLVER_EIG_MODE_NOVECTOR;
    int64_t size = static_cast<int64_t>(c.m) * c.n, size_u = static_cast<int64_t>(c.m) * c.m;
    int64_t size_v = static_cast<int64_t>(c.n) * c.n;
    T *values = static_cast<T *>(c.args.values);
    int elements = 0, most = static_cast<int>(c.count < TYI_MOST_BATCH ? c.count : TYI_MOST_BATCH);
    tyi_scratch a, u, v, work;
    TYI_TRY(a.allocate(sizeof(T) * static_cast<size_t>(size * c.count)));
    TYI_TRY(u.allocate(sizeof(T) * static_cast<size_t>(size_u * c.count)));
    TYI_TRY(v.allocate(sizeof(T) * static_cast<size_t>(size_v * c.count)));
    TYI_TRY(copy(c.name, a.as<T>(), c.a, sizeof(T) * static_cast<size_t>(size * c.count)));
    jacobi_settings<gesvdjInfo_t> settings(solver.f->cusolverDnDestroyGesvdjInfo);
    TYI_SOLVER_TRY(solver.f->cusolverDnCreateGesvdjInfo(&settings.info), c.name);
    TYI_SOLVER_TRY(TYI_SOLVER(solver, T, gesvdjBatched_bufferSize)(solver.handle, mode, c.m, c.n, a.as<T>(), c.m,
                                                                   values, u.as<T>(), c.m, v.as<T>(), c.n, &elements,
                                                                   settings.info, most),
                   c.name);
    TYI_TRY(work.allocate(sizeof(T) * static_cast<size_t>(elements)));
    TYI_TRY(tyi_each_matrix(c.count, TYI_MOST_BATCH, [&](int64_t first, int some) -> ty_status {
        TYI_SOLVER_TRY(TYI_SOLVER(solver, T, gesvdjBatched)(solver.handle, mode, c.m, c.n, a.as<T>() + first * size,
                                                            c.m, values + first * c.least, u.as<T>() + first * size_u,
                                                            c.m, v.as<T>() + first * size_v, c.n, work.as<T>(),
                                                            elements, c.info + first, settings.info, some),
                       c.name);
        return TY_OK;
    }));
    TYI_TRY(fetch_and_look(c, all));
    if (!c.args.vectors || !*all)
        return TY_OK;
    /* Both came as square matrices, and v by columns. */
    int k = c.args.flag ? c.m : c.least, kept = c.args.flag ? c.n : c.least;
    size_t wanted = sizeof(T) * static_cast<size_t>(c.m) * k;
    TYI_CUDA_TRY(cudaMemcpy2DAsync(c.args.u, wanted, u.as<T>(), sizeof(T) * static_cast<size_t>(size_u), wanted,
                                   static_cast<size_t>(c.count), cudaMemcpyDeviceToDevice, tyi_current_stream()),
                 c.name);
    return tyi_turn_matrices<T>(c.name, {v.as<T>(), c.n, size_v},
                                {static_cast<T *>(c.args.v), kept, static_cast<int64_t>(kept) * c.n}, kept, c.n,
                                c.count);
}

/* Matrices {m, n} with m >= n; u {m, k} and vt {n, n}, or NULL. */
template <typename T>
ty_status svd_tall(const tyi_lapack_call<T> &c, const tyi_solver &solver, int m, int n, T *a, T *u, T *vt)
{
    signed char job = !c.args.vectors ? 'N' : c.args.flag ? 'A' : 'S';
    cudaDataType type = tyi_solver_type<T>();
    T *values = static_cast<T *>(c.args.values);
    int64_t size_u = static_cast<int64_t>(m) * (c.args.flag ? m : n);
    tyi_solver_work work;
    TYI_SOLVER_TRY(solver.f->cusolverDnXgesvd_bufferSize(solver.handle, solver.params, job, job, m, n, type, a, m, type,
                                                         values, type, u, m, type, vt, n, type, &work.device_bytes,
                                                         &work.host_bytes),
                   c.name);
    TYI_TRY(work.allocate());
    return tyi_each_matrix(c.count, 1, [&](int64_t i, int) -> ty_status {
        TYI_SOLVER_TRY(solver.f->cusolverDnXgesvd(solver.handle, solver.params, job, job, m, n, type, a + i * m * n, m,
                                                  type, values + i * n, type, u ? u + i * size_u : nullptr, m, type,
                                                  vt ? vt + i * n * n : nullptr, n, type, work.on_device(),
                                                  work.device_bytes, work.on_host, work.host_bytes, c.info + i),
                       c.name);
        return TY_OK;
    });
}

/* a^T = u' s vt' gives a = vt'^T s u'^T. */
template <typename T> ty_status svd_wide(const tyi_lapack_call<T> &c, const tyi_solver &solver)
{
    int64_t size = static_cast<int64_t>(c.m) * c.n, kept = c.args.flag ? c.n : c.m;
    int64_t size_u = c.n * kept, size_vt = static_cast<int64_t>(c.m) * c.m;
    tyi_scratch a, u, vt;
    TYI_TRY(a.allocate(sizeof(T) * static_cast<size_t>(size * c.count)));
    TYI_TRY(tyi_turn_matrices<T>(c.name, {c.a, c.m, size}, {a.as<T>(), c.n, size}, c.n, c.m, c.count));
    if (c.args.vectors) {
        TYI_TRY(u.allocate(sizeof(T) * static_cast<size_t>(size_u * c.count)));
        TYI_TRY(vt.allocate(sizeof(T) * static_cast<size_t>(size_vt * c.count)));
    }
    TYI_TRY(svd_tall(c, solver, c.n, c.m, a.as<T>(), u.as<T>(), vt.as<T>()));
    if (!c.args.vectors)
        return TY_OK;
    TYI_TRY(tyi_turn_matrices<T>(c.name, {vt.as<T>(), c.m, size_vt}, {static_cast<T *>(c.args.u), c.m, size_vt}, c.m,
                                 c.m, c.count));
    int rows = static_cast<int>(kept);
    return tyi_turn_matrices<T>(c.name, {u.as<T>(), c.n, size_u}, {static_cast<T *>(c.args.v), rows, size_u}, rows, c.n,
                                c.count);
}

} // namespace

template <typename T> ty_status tyi_lapack_eigh(const tyi_lapack_call<T> &c)
{
    tyi_solver solver;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    if (is_for_jacobi(c)) {
        size_t bytes = sizeof(T) * static_cast<size_t>(c.count) * c.m * c.m;
        tyi_scratch before;
        bool all;
        TYI_TRY(before.allocate(bytes));
        TYI_TRY(copy(c.name, before.as<T>(), c.a, bytes));
        TYI_TRY(eigh_jacobi(c, solver, &all));
        if (all)
            return TY_OK;
        TYI_TRY(copy(c.name, c.a, before.as<T>(), bytes));
    }
    return eigh_each(c, solver);
}

template <typename T> ty_status tyi_lapack_eig(const tyi_lapack_call<T> &c)
{
    tyi_solver solver;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
#if TYI_HAS_GEEV
    if (solver.f->cusolverDnXgeev && solver.f->cusolverDnXgeev_bufferSize)
        return eig_each(c, solver);
#endif
    return tyi_host.fail(TY_ERROR_VALUE,
                         "%s on CUDA needs the cuSOLVER of CUDA 12.8 or later (cusolverDnXgeev); for symmetric "
                         "matrices take ty.linalg.eigh, or move the matrices to the CPU: x:cpu()",
                         c.name);
}

template <typename T> ty_status tyi_lapack_svd(const tyi_lapack_call<T> &c)
{
    tyi_solver solver;
    TYI_TRY(tyi_solver_of_thread(c.name, &solver));
    if (is_for_jacobi(c)) {
        bool all;
        TYI_TRY(svd_jacobi(c, solver, &all));
        if (all)
            return TY_OK;
    }
    if (c.m < c.n)
        TYI_TRY(svd_wide(c, solver));
    else
        TYI_TRY(svd_tall(c, solver, c.m, c.n, c.a, c.args.vectors ? static_cast<T *>(c.args.u) : nullptr,
                         c.args.vectors ? static_cast<T *>(c.args.v) : nullptr));
    return tyi_fetch_info(c);
}

#define FOR(T)                                                                                                         \
    template ty_status tyi_lapack_eigh(const tyi_lapack_call<T> &);                                                    \
    template ty_status tyi_lapack_eig(const tyi_lapack_call<T> &);                                                     \
    template ty_status tyi_lapack_svd(const tyi_lapack_call<T> &);
FOR(float)
FOR(double)
#undef FOR
