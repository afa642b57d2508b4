// cuSOLVER on the host, by LAPACK. Arguments are checked as cuSOLVER does when the call is made; that matrices, info
// and workspaces lie in device memory is checked when it runs. Workspaces are spoiled, so that nobody relies on them.
// The batched Jacobi methods are LAPACK's QR methods too.
#include "cusolverDn.h"
#include "lapack.h"
#include "state.h"

#include <math.h>
#include <string.h>

#include <set>

struct cusolverDnContext {
    int device;
    cudaStream_t stream;
};
struct cusolverDnParams {
};
struct syevjInfo {
};
struct gesvdjInfo {
};

namespace emulated
{
namespace
{
constexpr size_t HOST_BYTES = 192;
constexpr int MOST_JACOBI = 32;

std::set<cusolverDnContext *> &contexts()
{
    static auto *all = new std::set<cusolverDnContext *>;
    return *all;
}

// What every workspace has, for one of these sizes; nothing like cuSOLVER's own numbers, but it depends on the sizes.
int elements_of(int64_t m, int64_t n)
{
    return (int)(17 + 2 * m + 3 * n);
}

size_t bytes_of(cudaDataType type)
{
    return type == CUDA_R_64F ? 8 : 4;
}

template <typename T> bool is_matrix(const T *at, int64_t rows, int64_t columns, int64_t stride, const char *what)
{
    return is_device_range(at, ((size_t)(columns - 1) * stride + rows) * sizeof(T), what);
}

bool is_info(const int *info, int batch = 1)
{
    return is_device_range(info, sizeof(int) * batch, "cuSOLVER: info");
}

// Whether the workspace is there; then it is spoiled.
bool spoil(void *work, size_t bytes)
{
    if (bytes && !is_device_range(work, bytes, "cuSOLVER: workspace")) {
        return false;
    }
    memset(work, 0xff, bytes);
    return true;
}

cusolverStatus_t check(cusolverDnHandle_t handle, bool valid)
{
    Guard guard(lock());
    return !contexts().count(handle) ? CUSOLVER_STATUS_NOT_INITIALIZED
           : !valid                  ? CUSOLVER_STATUS_INVALID_VALUE
                                     : CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t issue_solver(cusolverDnHandle_t handle, bool valid, std::function<cudaError_t()> work)
{
    Guard guard(lock());
    if (cusolverStatus_t status = check(handle, valid)) {
        return status;
    }
    if (handle->device != current_device()) {
        report("a cuSOLVER handle of device %d is used while device %d is current", handle->device, current_device());
        return CUSOLVER_STATUS_EXECUTION_FAILED;
    }
    return issue(handle->stream, Kind::library, work) ? CUSOLVER_STATUS_EXECUTION_FAILED : CUSOLVER_STATUS_SUCCESS;
}

// The workspaces of a 64-bit function for matrices of this type and size.
struct Work {
    void *on_device;
    size_t device_bytes;
    void *on_host;
    size_t host_bytes;

    static cusolverStatus_t ask(cusolverDnHandle_t handle, bool valid, cudaDataType type, int64_t m, int64_t n,
                                size_t *device_bytes, size_t *host_bytes)
    {
        *device_bytes = elements_of(m, n) * bytes_of(type);
        *host_bytes = HOST_BYTES;
        return check(handle, valid);
    }
    bool is_enough(cudaDataType type, int64_t m, int64_t n) const
    {
        return device_bytes >= elements_of(m, n) * bytes_of(type) && host_bytes >= HOST_BYTES && on_host;
    }
    bool use() const
    {
        memset(on_host, 0xff, host_bytes);
        return spoil(on_device, device_bytes);
    }
};

bool is_real(cudaDataType type)
{
    return type == CUDA_R_32F || type == CUDA_R_64F;
}

const char *letter(cublasFillMode_t triangle)
{
    return triangle == CUBLAS_FILL_MODE_UPPER ? "U" : "L";
}

// ---- The functions, for T ----

template <typename T> cudaError_t run_potrf(cublasFillMode_t triangle, int n, T *a, int lda, int *info)
{
    if (!is_matrix(a, n, n, lda, "cuSOLVER: A") || !is_info(info)) {
        return cudaErrorIllegalAddress;
    }
    lapack<T>()->potrf(letter(triangle), &n, a, &lda, info, 1);
    return cudaSuccess;
}

template <typename T> cudaError_t run_geqrf(int m, int n, T *a, int lda, T *tau, int *info)
{
    if (!is_matrix(a, m, n, lda, "cuSOLVER: A") || !is_matrix(tau, std::min(m, n), 1, 1, "cuSOLVER: tau") ||
        !is_info(info)) {
        return cudaErrorIllegalAddress;
    }
    std::vector<T> work((size_t)n * 32);
    int elements = (int)work.size();
    lapack<T>()->geqrf(&m, &n, a, &lda, tau, work.data(), &elements, info);
    return cudaSuccess;
}

template <typename T>
cudaError_t run_syev(cusolverEigMode_t mode, cublasFillMode_t triangle, int n, T *a, int lda, T *values, int *info)
{
    if (!is_matrix(a, n, n, lda, "cuSOLVER: A") || !is_matrix(values, n, 1, 1, "cuSOLVER: W") || !is_info(info)) {
        return cudaErrorIllegalAddress;
    }
    std::vector<T> work((size_t)n * 34);
    int elements = (int)work.size();
    lapack<T>()->syev(mode == CUSOLVER_EIG_MODE_VECTOR ? "V" : "N", letter(triangle), &n, a, &lda, values, work.data(),
                      &elements, info, 1, 1);
    if (mode == CUSOLVER_EIG_MODE_NOVECTOR) { // what is left of a is not said
        for (int j = 0; j < n; j++) {
            std::fill(a + (size_t)j * lda, a + (size_t)j * lda + n, (T)NAN);
        }
    }
    return cudaSuccess;
}

template <typename T>
cudaError_t run_gesvd(const char *job, int m, int n, T *a, int lda, T *values, T *u, int ldu, T *vt, int ldvt,
                      int *info)
{
    int least = std::min(m, n), of_u = *job == 'A' ? m : least, of_vt = *job == 'A' ? n : least;
    if (!is_matrix(a, m, n, lda, "cuSOLVER: A") || !is_matrix(values, least, 1, 1, "cuSOLVER: S") || !is_info(info) ||
        (*job != 'N' &&
         (!is_matrix(u, m, of_u, ldu, "cuSOLVER: U") || !is_matrix(vt, of_vt, n, ldvt, "cuSOLVER: VT")))) {
        return cudaErrorIllegalAddress;
    }
    std::vector<T> work((size_t)(m + n) * 64 + 8 * (size_t)least * least);
    int elements = (int)work.size();
    lapack<T>()->gesvd(job, job, &m, &n, a, &lda, values, u, &ldu, vt, &ldvt, work.data(), &elements, info, 1, 1);
    for (int j = 0; j < n; j++) {
        std::fill(a + (size_t)j * lda, a + (size_t)j * lda + m, (T)NAN);
    }
    return cudaSuccess;
}

template <typename T> cudaError_t run_geev(bool vectors, int n, T *a, int lda, T *values, T *vr, int ldvr, int *info)
{
    if (!is_matrix(a, n, n, lda, "cuSOLVER: A") || !is_matrix(values, 2 * (int64_t)n, 1, 1, "cuSOLVER: W") ||
        (vectors && !is_matrix(vr, n, n, ldvr, "cuSOLVER: VR")) || !is_info(info)) {
        return cudaErrorIllegalAddress;
    }
    std::vector<T> work((size_t)n * 40), real(n), imaginary(n);
    int elements = (int)work.size(), one = 1;
    lapack<T>()->geev("N", vectors ? "V" : "N", &n, a, &lda, real.data(), imaginary.data(), nullptr, &one, vr, &ldvr,
                      work.data(), &elements, info, 1, 1);
    for (int i = 0; i < n; i++) {
        values[2 * i] = real[i];
        values[2 * i + 1] = imaginary[i];
    }
    return cudaSuccess;
}

template <typename T>
cusolverStatus_t getrf(cusolverDnHandle_t handle, int m, int n, T *a, int lda, T *work, int *pivots, int *info)
{
    return issue_solver(handle, lapack<T>() && m >= 0 && n >= 0 && lda >= std::max(1, m), [=]() {
        if (!is_matrix(a, m, n, lda, "cuSOLVER: A") || !spoil(work, sizeof(T) * elements_of(m, n)) ||
            !is_matrix(pivots, std::min(m, n), 1, 1, "cuSOLVER: pivots") || !is_info(info)) {
            return cudaErrorIllegalAddress;
        }
        lapack<T>()->getrf(&m, &n, a, &lda, pivots, info);
        return cudaSuccess;
    });
}

template <typename T>
cusolverStatus_t getrs(cusolverDnHandle_t handle, cublasOperation_t trans, int n, int k, const T *a, int lda,
                       const int *pivots, T *b, int ldb, int *info)
{
    bool valid = n >= 0 && k >= 0 && lda >= std::max(1, n) && ldb >= std::max(1, n);
    return issue_solver(handle, valid && lapack<T>(), [=]() {
        if (!is_matrix(a, n, n, lda, "cuSOLVER: A") || !is_matrix(b, n, k, ldb, "cuSOLVER: B") ||
            !is_matrix(pivots, n, 1, 1, "cuSOLVER: pivots") || !is_info(info)) {
            return cudaErrorIllegalAddress;
        }
        lapack<T>()->getrs(trans == CUBLAS_OP_N ? "N" : "T", &n, &k, a, &lda, pivots, b, &ldb, info, 1);
        return cudaSuccess;
    });
}

template <typename T>
cusolverStatus_t potrf_batched(cusolverDnHandle_t handle, cublasFillMode_t triangle, int n, T *const *a, int lda,
                               int *info, int batch)
{
    return issue_solver(handle, lapack<T>() && n >= 0 && batch >= 1 && lda >= std::max(1, n), [=]() {
        if (!is_device_range(a, sizeof(T *) * batch, "cuSOLVER: pointers to A") || !is_info(info, batch)) {
            return cudaErrorIllegalAddress;
        }
        cudaError_t error = cudaSuccess;
        for (int i = 0; i < batch && !error; i++) {
            error = run_potrf(triangle, n, a[i], lda, info + i);
        }
        return error;
    });
}

template <typename T>
cusolverStatus_t orgqr(cusolverDnHandle_t handle, int m, int n, int k, T *a, int lda, const T *tau, T *work,
                       int elements, int *info)
{
    bool valid = m >= n && n >= k && k >= 0 && lda >= std::max(1, m) && elements >= elements_of(m, n);
    return issue_solver(handle, valid && lapack<T>(), [=]() {
        if (!is_matrix(a, m, n, lda, "cuSOLVER: A") || !is_matrix(tau, k, 1, 1, "cuSOLVER: tau") || !is_info(info) ||
            !spoil(work, sizeof(T) * elements)) {
            return cudaErrorIllegalAddress;
        }
        std::vector<T> room((size_t)n * 32);
        int most = (int)room.size();
        lapack<T>()->orgqr(&m, &n, &k, a, &lda, tau, room.data(), &most, info);
        return cudaSuccess;
    });
}

template <typename T>
cusolverStatus_t ormqr(cusolverDnHandle_t handle, cublasSideMode_t side, cublasOperation_t trans, int m, int n, int k,
                       const T *a, int lda, const T *tau, T *c, int ldc, T *work, int elements, int *info)
{
    bool valid = side == CUBLAS_SIDE_LEFT && m >= k && n >= 0 && k >= 0 && lda >= std::max(1, m) &&
                 ldc >= std::max(1, m) && elements >= elements_of(m, n);
    return issue_solver(handle, valid && lapack<T>(), [=]() {
        if (!is_matrix(a, m, k, lda, "cuSOLVER: A") || !is_matrix(tau, k, 1, 1, "cuSOLVER: tau") || !is_info(info) ||
            !is_matrix(c, m, n, ldc, "cuSOLVER: C") || !spoil(work, sizeof(T) * elements)) {
            return cudaErrorIllegalAddress;
        }
        std::vector<T> room((size_t)n * 32 + 5000);
        int most = (int)room.size();
        lapack<T>()->ormqr("L", trans == CUBLAS_OP_N ? "N" : "T", &m, &n, &k, a, &lda, tau, c, &ldc, room.data(), &most,
                           info, 1, 1);
        return cudaSuccess;
    });
}

// Where it is to: the first matrix of a batch does not come to an end.
template <typename T> void get_stuck(T *results, int count, int sweeps, int *info)
{
    if (configuration().stuck_solver) {
        std::fill(results, results + count, (T)NAN);
        *info = sweeps + 1;
    }
}

template <typename T>
cusolverStatus_t syevj(cusolverDnHandle_t handle, cusolverEigMode_t mode, cublasFillMode_t triangle, int n, T *a,
                       int lda, T *values, T *work, int elements, int *info, syevjInfo_t settings, int batch)
{
    bool valid = settings && n >= 0 && batch >= 1 && lda >= std::max(1, n) && elements >= elements_of(n, batch);
    return issue_solver(handle, valid && lapack<T>(), [=]() {
        cudaError_t error = spoil(work, sizeof(T) * elements) ? cudaSuccess : cudaErrorIllegalAddress;
        for (int i = 0; i < batch && !error; i++) {
            error = run_syev(mode, triangle, n, a + (size_t)i * lda * n, lda, values + (size_t)i * n, info + i);
        }
        if (!error) {
            get_stuck(a, n * n, n, info);
        }
        return error;
    });
}

template <typename T>
cusolverStatus_t gesvdj(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m, int n, T *a, int lda, T *values, T *u,
                        int ldu, T *v, int ldv, T *work, int elements, int *info, gesvdjInfo_t settings, int batch)
{
    bool valid = settings && m >= 0 && n >= 0 && m <= MOST_JACOBI && n <= MOST_JACOBI && batch >= 1 &&
                 lda >= std::max(1, m) && ldu >= std::max(1, m) && ldv >= std::max(1, n) &&
                 elements >= elements_of(m + n, batch);
    bool vectors = mode == CUSOLVER_EIG_MODE_VECTOR;
    return issue_solver(handle, valid && lapack<T>(), [=]() {
        cudaError_t error = spoil(work, sizeof(T) * elements) ? cudaSuccess : cudaErrorIllegalAddress;
        for (int i = 0; i < batch && !error; i++) {
            T *to = v + (size_t)i * ldv * n;
            error = run_gesvd(vectors ? "A" : "N", m, n, a + (size_t)i * lda * n, lda,
                              values + (size_t)i * std::min(m, n), u + (size_t)i * ldu * m, ldu, to, ldv, info + i);
            for (int j = 0; j < n && vectors && !error; j++) { // v itself and not its transpose
                for (int k = 0; k < j; k++) {
                    std::swap(to[(size_t)j * ldv + k], to[(size_t)k * ldv + j]);
                }
            }
        }
        if (!error) {
            get_stuck(values, std::min(m, n), std::min(m, n), info);
        }
        return error;
    });
}

// f(T *) for the type that the caller names.
template <typename F> cudaError_t by_type(cudaDataType type, F f)
{
    return type == CUDA_R_64F ? f((double *)nullptr) : f((float *)nullptr);
}
} // namespace
} // namespace emulated

using namespace emulated;

extern "C" {
cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t *handle)
{
    Guard guard(lock());
    if (!lapack<double>()) {
        return CUSOLVER_STATUS_NOT_INITIALIZED;
    }
    if (forbid_in_capture()) { // it allocates
        return CUSOLVER_STATUS_ALLOC_FAILED;
    }
    *handle = new cusolverDnContext{current_device(), nullptr};
    contexts().insert(*handle);
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroy(cusolverDnHandle_t handle)
{
    Guard guard(lock());
    if (!contexts().erase(handle)) {
        return CUSOLVER_STATUS_NOT_INITIALIZED;
    }
    delete handle;
    return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream)
{
    cusolverStatus_t status = check(handle, true);
    if (!status) {
        handle->stream = stream;
    }
    return status;
}

#define EMULATED_OBJECT(create, destroy, handle, object)                                                               \
    cusolverStatus_t create(handle *made)                                                                              \
    {                                                                                                                  \
        *made = new object;                                                                                            \
        return CUSOLVER_STATUS_SUCCESS;                                                                                \
    }                                                                                                                  \
    cusolverStatus_t destroy(handle made)                                                                              \
    {                                                                                                                  \
        delete made;                                                                                                   \
        return CUSOLVER_STATUS_SUCCESS;                                                                                \
    }
EMULATED_OBJECT(cusolverDnCreateParams, cusolverDnDestroyParams, cusolverDnParams_t, cusolverDnParams)
EMULATED_OBJECT(cusolverDnCreateSyevjInfo, cusolverDnDestroySyevjInfo, syevjInfo_t, syevjInfo)
EMULATED_OBJECT(cusolverDnCreateGesvdjInfo, cusolverDnDestroyGesvdjInfo, gesvdjInfo_t, gesvdjInfo)

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t,
                                             int64_t n, cudaDataType type, const void *, int64_t, cudaDataType compute,
                                             size_t *device_bytes, size_t *host_bytes)
{
    return Work::ask(handle, params && is_real(type) && type == compute, type, n, n, device_bytes, host_bytes);
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params, cublasFillMode_t triangle,
                                  int64_t n, cudaDataType type, void *a, int64_t lda, cudaDataType compute,
                                  void *on_device, size_t device_bytes, void *on_host, size_t host_bytes, int *info)
{
    Work work = {on_device, device_bytes, on_host, host_bytes};
    bool valid = params && is_real(type) && type == compute && n >= 0 && lda >= n && work.is_enough(type, n, n);
    return issue_solver(handle, valid, [=]() {
        return !work.use() ? cudaErrorIllegalAddress : by_type(type, [=](auto *zero) {
            return run_potrf(triangle, (int)n, (decltype(zero))a, (int)lda, info);
        });
    });
}

cusolverStatus_t cusolverDnXgeqrf_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                             cudaDataType type, const void *, int64_t, cudaDataType tau_type,
                                             const void *, cudaDataType compute, size_t *device_bytes,
                                             size_t *host_bytes)
{
    bool valid = params && is_real(type) && type == compute && type == tau_type;
    return Work::ask(handle, valid, type, m, n, device_bytes, host_bytes);
}

cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m, int64_t n,
                                  cudaDataType type, void *a, int64_t lda, cudaDataType tau_type, void *tau,
                                  cudaDataType compute, void *on_device, size_t device_bytes, void *on_host,
                                  size_t host_bytes, int *info)
{
    Work work = {on_device, device_bytes, on_host, host_bytes};
    bool valid =
        params && is_real(type) && type == compute && type == tau_type && lda >= m && work.is_enough(type, m, n);
    return issue_solver(handle, valid, [=]() {
        return !work.use() ? cudaErrorIllegalAddress : by_type(type, [=](auto *zero) {
            typedef decltype(zero) P;
            return run_geqrf((int)m, (int)n, (P)a, (int)lda, (P)tau, info);
        });
    });
}

cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t,
                                             cublasFillMode_t, int64_t n, cudaDataType type, const void *, int64_t,
                                             cudaDataType value_type, const void *, cudaDataType compute,
                                             size_t *device_bytes, size_t *host_bytes)
{
    bool valid = params && is_real(type) && type == compute && type == value_type;
    return Work::ask(handle, valid, type, n, n, device_bytes, host_bytes);
}

cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t mode,
                                  cublasFillMode_t triangle, int64_t n, cudaDataType type, void *a, int64_t lda,
                                  cudaDataType value_type, void *values, cudaDataType compute, void *on_device,
                                  size_t device_bytes, void *on_host, size_t host_bytes, int *info)
{
    Work work = {on_device, device_bytes, on_host, host_bytes};
    bool valid =
        params && is_real(type) && type == compute && type == value_type && lda >= n && work.is_enough(type, n, n);
    return issue_solver(handle, valid, [=]() {
        return !work.use() ? cudaErrorIllegalAddress : by_type(type, [=](auto *zero) {
            typedef decltype(zero) P;
            return run_syev(mode, triangle, (int)n, (P)a, (int)lda, (P)values, info);
        });
    });
}

cusolverStatus_t cusolverDnXgesvd_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char,
                                             signed char, int64_t m, int64_t n, cudaDataType type, const void *,
                                             int64_t, cudaDataType, const void *, cudaDataType, const void *, int64_t,
                                             cudaDataType, const void *, int64_t, cudaDataType compute,
                                             size_t *device_bytes, size_t *host_bytes)
{
    bool valid = params && is_real(type) && type == compute && m >= n; // wide matrices are not taken
    return Work::ask(handle, valid, type, m, n, device_bytes, host_bytes);
}

cusolverStatus_t cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params, signed char job_u,
                                  signed char job_vt, int64_t m, int64_t n, cudaDataType type, void *a, int64_t lda,
                                  cudaDataType value_type, void *values, cudaDataType u_type, void *u, int64_t ldu,
                                  cudaDataType vt_type, void *vt, int64_t ldvt, cudaDataType compute, void *on_device,
                                  size_t device_bytes, void *on_host, size_t host_bytes, int *info)
{
    Work work = {on_device, device_bytes, on_host, host_bytes};
    bool valid = params && is_real(type) && type == compute && type == value_type && type == u_type &&
                 type == vt_type && m >= n && lda >= m && ldu >= m && ldvt >= n && job_u == job_vt &&
                 work.is_enough(type, m, n);
    return issue_solver(handle, valid, [=]() {
        return !work.use() ? cudaErrorIllegalAddress : by_type(type, [=](auto *zero) {
            typedef decltype(zero) P;
            const char job[2] = {(char)job_u};
            return run_gesvd(job, (int)m, (int)n, (P)a, (int)lda, (P)values, (P)u, (int)ldu, (P)vt, (int)ldvt, info);
        });
    });
}

cusolverStatus_t cusolverDnXgeev_bufferSize(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                            cusolverEigMode_t left, cusolverEigMode_t, int64_t n, cudaDataType type,
                                            const void *, int64_t, cudaDataType, const void *, cudaDataType,
                                            const void *, int64_t, cudaDataType, const void *, int64_t,
                                            cudaDataType compute, size_t *device_bytes, size_t *host_bytes)
{
    bool valid = params && is_real(type) && type == compute && left == CUSOLVER_EIG_MODE_NOVECTOR;
    return Work::ask(handle, valid, type, n, n, device_bytes, host_bytes);
}

cusolverStatus_t cusolverDnXgeev(cusolverDnHandle_t handle, cusolverDnParams_t params, cusolverEigMode_t left,
                                 cusolverEigMode_t right, int64_t n, cudaDataType type, void *a, int64_t lda,
                                 cudaDataType value_type, void *values, cudaDataType left_type, void *, int64_t ldvl,
                                 cudaDataType right_type, void *vr, int64_t ldvr, cudaDataType compute, void *on_device,
                                 size_t device_bytes, void *on_host, size_t host_bytes, int *info)
{
    Work work = {on_device, device_bytes, on_host, host_bytes};
    bool complex = value_type == (type == CUDA_R_64F ? CUDA_C_64F : CUDA_C_32F);
    bool valid = params && is_real(type) && type == compute && complex && type == left_type && type == right_type &&
                 left == CUSOLVER_EIG_MODE_NOVECTOR && lda >= n && ldvl >= 1 && ldvr >= n && work.is_enough(type, n, n);
    return issue_solver(handle, valid, [=]() {
        return !work.use() ? cudaErrorIllegalAddress : by_type(type, [=](auto *zero) {
            typedef decltype(zero) P;
            return run_geev(right == CUSOLVER_EIG_MODE_VECTOR, (int)n, (P)a, (int)lda, (P)values, (P)vr, (int)ldvr,
                            info);
        });
    });
}

#define EMULATED_SOLVERS(P, T)                                                                                         \
    cusolverStatus_t cusolverDn##P##getrf_bufferSize(cusolverDnHandle_t handle, int m, int n, T *, int lda,            \
                                                     int *elements)                                                    \
    {                                                                                                                  \
        *elements = elements_of(m, n);                                                                                 \
        return check(handle, lda >= m);                                                                                \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##getrf(cusolverDnHandle_t handle, int m, int n, T *a, int lda, T *work,             \
                                          int *pivots, int *info)                                                      \
    {                                                                                                                  \
        return getrf(handle, m, n, a, lda, work, pivots, info);                                                        \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##getrs(cusolverDnHandle_t handle, cublasOperation_t trans, int n, int k,            \
                                          const T *a, int lda, const int *pivots, T *b, int ldb, int *info)            \
    {                                                                                                                  \
        return getrs(handle, trans, n, k, a, lda, pivots, b, ldb, info);                                               \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##potrfBatched(cusolverDnHandle_t handle, cublasFillMode_t triangle, int n, T *a[],  \
                                                 int lda, int *info, int batch)                                        \
    {                                                                                                                  \
        return potrf_batched<T>(handle, triangle, n, a, lda, info, batch);                                             \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##orgqr_bufferSize(cusolverDnHandle_t handle, int m, int n, int k, const T *,        \
                                                     int lda, const T *, int *elements)                                \
    {                                                                                                                  \
        *elements = elements_of(m, n);                                                                                 \
        return check(handle, m >= n && n >= k && lda >= m);                                                            \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##orgqr(cusolverDnHandle_t handle, int m, int n, int k, T *a, int lda, const T *tau, \
                                          T *work, int elements, int *info)                                            \
    {                                                                                                                  \
        return orgqr(handle, m, n, k, a, lda, tau, work, elements, info);                                              \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##ormqr_bufferSize(cusolverDnHandle_t handle, cublasSideMode_t, cublasOperation_t,   \
                                                     int m, int n, int k, const T *, int lda, const T *, const T *,    \
                                                     int ldc, int *elements)                                           \
    {                                                                                                                  \
        *elements = elements_of(m, n);                                                                                 \
        return check(handle, m >= k && lda >= m && ldc >= m);                                                          \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##ormqr(cusolverDnHandle_t handle, cublasSideMode_t side, cublasOperation_t trans,   \
                                          int m, int n, int k, const T *a, int lda, const T *tau, T *c, int ldc,       \
                                          T *work, int elements, int *info)                                            \
    {                                                                                                                  \
        return ormqr(handle, side, trans, m, n, k, a, lda, tau, c, ldc, work, elements, info);                         \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##syevjBatched_bufferSize(cusolverDnHandle_t handle, cusolverEigMode_t,              \
                                                            cublasFillMode_t, int n, const T *, int lda, const T *,    \
                                                            int *elements, syevjInfo_t settings, int batch)            \
    {                                                                                                                  \
        *elements = elements_of(n, batch);                                                                             \
        return check(handle, settings && lda >= n);                                                                    \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##syevjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode,                    \
                                                 cublasFillMode_t triangle, int n, T *a, int lda, T *values, T *work,  \
                                                 int elements, int *info, syevjInfo_t settings, int batch)             \
    {                                                                                                                  \
        return syevj(handle, mode, triangle, n, a, lda, values, work, elements, info, settings, batch);                \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##gesvdjBatched_bufferSize(                                                          \
        cusolverDnHandle_t handle, cusolverEigMode_t, int m, int n, const T *, int lda, const T *, const T *, int ldu, \
        const T *, int ldv, int *elements, gesvdjInfo_t settings, int batch)                                           \
    {                                                                                                                  \
        *elements = elements_of(m + n, batch);                                                                         \
        return check(handle, settings && lda >= m && ldu >= m && ldv >= n);                                            \
    }                                                                                                                  \
    cusolverStatus_t cusolverDn##P##gesvdjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m, int n,     \
                                                  T *a, int lda, T *values, T *u, int ldu, T *v, int ldv, T *work,     \
                                                  int elements, int *info, gesvdjInfo_t settings, int batch)           \
    {                                                                                                                  \
        return gesvdj(handle, mode, m, n, a, lda, values, u, ldu, v, ldv, work, elements, info, settings, batch);      \
    }
EMULATED_SOLVERS(S, float)
EMULATED_SOLVERS(D, double)
}
