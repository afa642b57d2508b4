/*
 * cuSOLVER for the plug-in (solver.cu): the library, which is opened when it is first needed, handles, errors in our
 * words, and memory to work in. For the files of linear algebra (lapack*.cu).
 */
#ifndef TYI_CUDA_SOLVER_CUH
#define TYI_CUDA_SOLVER_CUH

#include <cusolverDn.h>

#include "backend/cuda/device.cuh"

/* What is taken from the library: functions of both dtypes, and some that have a name for each. */
#define TYI_SOLVER_FUNCTIONS(X)                                                                                        \
    X(cusolverDnCreate)                                                                                                \
    X(cusolverDnSetStream)                                                                                             \
    X(cusolverDnCreateParams)                                                                                          \
    X(cusolverDnXpotrf_bufferSize)                                                                                     \
    X(cusolverDnXpotrf)                                                                                                \
    X(cusolverDnXgeqrf_bufferSize)                                                                                     \
    X(cusolverDnXgeqrf)                                                                                                \
    X(cusolverDnXsyevd_bufferSize)                                                                                     \
    X(cusolverDnXsyevd)                                                                                                \
    X(cusolverDnXgesvd_bufferSize)                                                                                     \
    X(cusolverDnXgesvd)                                                                                                \
    X(cusolverDnCreateSyevjInfo)                                                                                       \
    X(cusolverDnDestroySyevjInfo)                                                                                      \
    X(cusolverDnCreateGesvdjInfo)                                                                                      \
    X(cusolverDnDestroyGesvdjInfo)                                                                                     \
    TYI_SOLVER_PAIR(X, getrf_bufferSize)                                                                               \
    TYI_SOLVER_PAIR(X, getrf)                                                                                          \
    TYI_SOLVER_PAIR(X, getrs)                                                                                          \
    TYI_SOLVER_PAIR(X, potrfBatched)                                                                                   \
    TYI_SOLVER_PAIR(X, orgqr_bufferSize)                                                                               \
    TYI_SOLVER_PAIR(X, orgqr)                                                                                          \
    TYI_SOLVER_PAIR(X, ormqr_bufferSize)                                                                               \
    TYI_SOLVER_PAIR(X, ormqr)                                                                                          \
    TYI_SOLVER_PAIR(X, syevjBatched_bufferSize)                                                                        \
    TYI_SOLVER_PAIR(X, syevjBatched)                                                                                   \
    TYI_SOLVER_PAIR(X, gesvdjBatched_bufferSize)                                                                       \
    TYI_SOLVER_PAIR(X, gesvdjBatched)
#define TYI_SOLVER_PAIR(X, name) X(cusolverDnS##name) X(cusolverDnD##name)

/* Eigenvalues of matrices that are not symmetric came with the library of CUDA 12.8. */
#define TYI_HAS_GEEV (CUSOLVER_VERSION >= 11702)

typedef struct tyi_solver_functions {
#define TYI_X(name) decltype(&::name) name;
    TYI_SOLVER_FUNCTIONS(TYI_X)
#undef TYI_X
#if TYI_HAS_GEEV
    decltype(&::cusolverDnXgeev_bufferSize) cusolverDnXgeev_bufferSize; /* NULL where the library is older */
    decltype(&::cusolverDnXgeev) cusolverDnXgeev;
#endif
} tyi_solver_functions;

/* The calling thread's, for its current device and stream. */
typedef struct tyi_solver {
    const tyi_solver_functions *f;
    cusolverDnHandle_t handle;
    cusolverDnParams_t params;
} tyi_solver;

/* Fails where cuSOLVER is not installed; `name` is the op. */
ty_status tyi_solver_of_thread(const char *name, tyi_solver *out);

/* Fails with the meaning of cuSOLVER's status. */
ty_status tyi_solver_failed(cusolverStatus_t status, const char *name);

/* Returns from the function unless the call of cuSOLVER succeeds. */
#define TYI_SOLVER_TRY(call, name)                                                                                     \
    do {                                                                                                               \
        cusolverStatus_t tyi_status = (call);                                                                          \
        if (tyi_status != CUSOLVER_STATUS_SUCCESS)                                                                     \
            return tyi_solver_failed(tyi_status, name);                                                                \
    } while (0)

/* The function of a pair for T: TYI_SOLVER(s, T, getrf)(s.handle, m, ...), and cuBLAS's: TYI_BLAS(T, trsm)(...). */
#define TYI_SOLVER(solver, T, name) tyi_pick<T>((solver).f->cusolverDnS##name, (solver).f->cusolverDnD##name)
#define TYI_BLAS(T, name)           tyi_pick<T>(cublasS##name, cublasD##name)
template <typename T, typename Single, typename Double> static inline auto tyi_pick(Single single, Double wide)
{
    if constexpr (sizeof(T) == sizeof(float))
        return single;
    else
        return wide;
}

/* What a call of cuSOLVER's 64-bit functions works in: ask(&work.device_bytes, &work.host_bytes), then allocate(). */
class tyi_solver_work
{
  public:
    tyi_solver_work() = default;
    ~tyi_solver_work();
    tyi_solver_work(const tyi_solver_work &) = delete;
    tyi_solver_work &operator=(const tyi_solver_work &) = delete;
    ty_status allocate();
    void *on_device() const
    {
        return room.as<void>();
    }
    size_t device_bytes = 0, host_bytes = 0;
    void *on_host = nullptr;

  private:
    tyi_scratch room;
};

#endif
