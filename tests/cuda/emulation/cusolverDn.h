// cuSOLVER's dense functions as the emulation has them: those that Tycho uses, by the host's LAPACK, with the checks
// that cuSOLVER makes and more: memory must lie on the device, workspaces must be as large as was asked. See
// cusolver.cpp.
#ifndef EMULATED_CUSOLVERDN_H
#define EMULATED_CUSOLVERDN_H

#include "cublas_v2.h"

#define CUSOLVER_VER_MAJOR 12
#define CUSOLVER_VERSION   12000

typedef enum {
    CUSOLVER_STATUS_SUCCESS = 0,
    CUSOLVER_STATUS_NOT_INITIALIZED = 1,
    CUSOLVER_STATUS_ALLOC_FAILED = 2,
    CUSOLVER_STATUS_INVALID_VALUE = 3,
    CUSOLVER_STATUS_ARCH_MISMATCH = 4,
    CUSOLVER_STATUS_EXECUTION_FAILED = 6,
    CUSOLVER_STATUS_INTERNAL_ERROR = 7,
    CUSOLVER_STATUS_NOT_SUPPORTED = 9
} cusolverStatus_t;
typedef enum { CUSOLVER_EIG_MODE_NOVECTOR = 0, CUSOLVER_EIG_MODE_VECTOR = 1 } cusolverEigMode_t;
typedef struct cusolverDnContext *cusolverDnHandle_t;
typedef struct cusolverDnParams *cusolverDnParams_t;
typedef struct syevjInfo *syevjInfo_t;
typedef struct gesvdjInfo *gesvdjInfo_t;

extern "C" {
cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *handle);
cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle);
cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream);
cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t *params);
cusolverStatus_t cusolverDnCreateSyevjInfo(syevjInfo_t *info);
cusolverStatus_t cusolverDnDestroySyevjInfo(syevjInfo_t info);
cusolverStatus_t cusolverDnCreateGesvdjInfo(gesvdjInfo_t *info);
cusolverStatus_t cusolverDnDestroyGesvdjInfo(gesvdjInfo_t info);

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cublasFillMode_t triangle, int64_t n, cudaDataType type, const void *a,
                                             int64_t lda, cudaDataType compute, size_t *device_bytes,
                                             size_t *host_bytes);
cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t triangle,
                                  int64_t n, cudaDataType type, void *a, int64_t lda, cudaDataType compute,
                                  void *on_device, size_t device_bytes, void *on_host, size_t host_bytes, int *info);
cusolverStatus_t cusolverDnXgeqrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                             cudaDataType type, const void *a, int64_t lda, cudaDataType tau_type,
                                             const void *tau, cudaDataType compute, size_t *device_bytes,
                                             size_t *host_bytes);
cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                  cudaDataType type, void *a, int64_t lda, cudaDataType tau_type, void *tau,
                                  cudaDataType compute, void *on_device, size_t device_bytes, void *on_host,
                                  size_t host_bytes, int *info);
cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                             cusolverEigMode_t mode, cublasFillMode_t triangle, int64_t n,
                                             cudaDataType type, const void *a, int64_t lda, cudaDataType value_type,
                                             const void *values, cudaDataType compute, size_t *device_bytes,
                                             size_t *host_bytes);
cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t mode,
                                  cublasFillMode_t triangle, int64_t n, cudaDataType type, void *a, int64_t lda,
                                  cudaDataType value_type, void *values, cudaDataType compute, void *on_device,
                                  size_t device_bytes, void *on_host, size_t host_bytes, int *info);
cusolverStatus_t cusolverDnXgesvd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char job_u,
                                             signed char job_vt, int64_t m, int64_t n, cudaDataType type, const void *a,
                                             int64_t lda, cudaDataType value_type, const void *values,
                                             cudaDataType u_type, const void *u, int64_t ldu, cudaDataType vt_type,
                                             const void *vt, int64_t ldvt, cudaDataType compute, size_t *device_bytes,
                                             size_t *host_bytes);
cusolverStatus_t cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char job_u,
                                  signed char job_vt, int64_t m, int64_t n, cudaDataType type, void *a, int64_t lda,
                                  cudaDataType value_type, void *values, cudaDataType u_type, void *u, int64_t ldu,
                                  cudaDataType vt_type, void *vt, int64_t ldvt, cudaDataType compute, void *on_device,
                                  size_t device_bytes, void *on_host, size_t host_bytes, int *info);
cusolverStatus_t cusolverDnXgeev_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                            cusolverEigMode_t left, cusolverEigMode_t right, int64_t n,
                                            cudaDataType type, const void *a, int64_t lda, cudaDataType value_type,
                                            const void *values, cudaDataType left_type, const void *vl, int64_t ldvl,
                                            cudaDataType right_type, const void *vr, int64_t ldvr, cudaDataType compute,
                                            size_t *device_bytes, size_t *host_bytes);
cusolverStatus_t cusolverDnXgeev(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t left,
                                 cusolverEigMode_t right, int64_t n, cudaDataType type, void *a, int64_t lda,
                                 cudaDataType value_type, void *values, cudaDataType left_type, void *vl, int64_t ldvl,
                                 cudaDataType right_type, void *vr, int64_t ldvr, cudaDataType compute, void *on_device,
                                 size_t device_bytes, void *on_host, size_t host_bytes, int *info);

#define EMULATED_SOLVER_FUNCTIONS(P, T)                                                                                \
    cusolverStatus_t cusolverDn##P##getrf_bufferSize(cusolverDnHandle_t handle, int m, int n, T *a, int lda,           \
                                                     int *elements);                                                   \
    cusolverStatus_t cusolverDn##P##getrf(cusolverDnHandle_t handle, int m, int n, T *a, int lda, T *work,             \
                                          int *pivots, int *info);                                                     \
    cusolverStatus_t cusolverDn##P##getrs(cusolverDnHandle_t handle, cublasOperation_t trans, int n, int k,            \
                                          const T *a, int lda, const int *pivots, T *b, int ldb, int *info);           \
    cusolverStatus_t cusolverDn##P##potrfBatched(cusolverDnHandle_t handle, cublasFillMode_t triangle, int n, T *a[],  \
                                                 int lda, int *info, int batch);                                       \
    cusolverStatus_t cusolverDn##P##orgqr_bufferSize(cusolverDnHandle_t handle, int m, int n, int k, const T *a,       \
                                                     int lda, const T *tau, int *elements);                            \
    cusolverStatus_t cusolverDn##P##orgqr(cusolverDnHandle_t handle, int m, int n, int k, T *a, int lda, const T *tau, \
                                          T *work, int elements, int *info);                                           \
    cusolverStatus_t cusolverDn##P##ormqr_bufferSize(cusolverDnHandle_t handle, cublasSideMode_t side,                 \
                                                     cublasOperation_t trans, int m, int n, int k, const T *a,         \
                                                     int lda, const T *tau, const T *c, int ldc, int *elements);       \
    cusolverStatus_t cusolverDn##P##ormqr(cusolverDnHandle_t handle, cublasSideMode_t side, cublasOperation_t trans,   \
                                          int m, int n, int k, const T *a, int lda, const T *tau, T *c, int ldc,       \
                                          T *work, int elements, int *info);                                           \
    cusolverStatus_t cusolverDn##P##syevjBatched_bufferSize(                                                           \
        cusolverDnHandle_t handle, cusolverEigMode_t mode, cublasFillMode_t triangle, int n, const T *a, int lda,      \
        const T *values, int *elements, syevjInfo_t settings, int batch);                                              \
    cusolverStatus_t cusolverDn##P##syevjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode,                    \
                                                 cublasFillMode_t triangle, int n, T *a, int lda, T *values, T *work,  \
                                                 int elements, int *info, syevjInfo_t settings, int batch);            \
    cusolverStatus_t cusolverDn##P##gesvdjBatched_bufferSize(                                                          \
        cusolverDnHandle_t handle, cusolverEigMode_t mode, int m, int n, const T *a, int lda, const T *values,         \
        const T *u, int ldu, const T *v, int ldv, int *elements, gesvdjInfo_t settings, int batch);                    \
    cusolverStatus_t cusolverDn##P##gesvdjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m, int n,     \
                                                  T *a, int lda, T *values, T *u, int ldu, T *v, int ldv, T *work,     \
                                                  int elements, int *info, gesvdjInfo_t settings, int batch);
EMULATED_SOLVER_FUNCTIONS(S, float)
EMULATED_SOLVER_FUNCTIONS(D, double)
}
#endif
