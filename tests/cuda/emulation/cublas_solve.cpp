// cuBLAS's triangular equations by plain loops, and its batches of small LU and QR factorisations by the host's LAPACK.
// Arguments are checked when the call is made, where the matrices lie when it runs.
#include "cublas_v2.h"
#include "lapack.h"
#include "state.h"

namespace emulated
{
namespace
{
// A batch: pointers on the device, or one matrix.
template <typename P> struct Matrices {
    P const *table;
    P one;
    P operator[](int i) const
    {
        return table ? table[i] : one;
    }
};

template <typename T> bool is_matrix(const T *at, int rows, int columns, int stride, const char *what)
{
    return is_device_range(at, ((size_t)(columns - 1) * stride + rows) * sizeof(T), what);
}

bool is_table(const void *table, int batch, const char *what)
{
    return !table || is_device_range(table, sizeof(void *) * batch, what);
}

cublasStatus_t issue_solver(cublasHandle_t handle, bool valid, bool empty, std::function<cudaError_t()> work)
{
    Guard guard(lock());
    cudaStream_t stream;
    if (cublasStatus_t status = cublasGetStream(handle, &stream)) {
        return status;
    }
    if (!valid) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (empty) {
        return CUBLAS_STATUS_SUCCESS;
    }
    return issue(stream, Kind::library, work) ? CUBLAS_STATUS_EXECUTION_FAILED : CUBLAS_STATUS_SUCCESS;
}

// b = alpha op(a)^-1 b for a {m, m}, column by column of b.
template <typename T>
void substitute(bool upper, bool turned, bool unit, int m, int n, T alpha, const T *a, int lda, T *b, int ldb)
{
    bool forwards = upper == turned;
    for (int j = 0; j < n; j++) {
        T *x = b + (size_t)j * ldb;
        for (int s = 0; s < m; s++) {
            int i = forwards ? s : m - 1 - s;
            T sum = alpha * x[i];
            for (int p = forwards ? 0 : i + 1; p < (forwards ? i : m); p++) {
                sum -= (turned ? a[(size_t)i * lda + p] : a[(size_t)p * lda + i]) * x[p];
            }
            x[i] = unit ? sum : sum / a[(size_t)i * lda + i];
        }
    }
}

template <typename T>
cublasStatus_t trsm(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t triangle, cublasOperation_t trans,
                    cublasDiagType_t diagonal, int m, int n, const T *alpha, Matrices<const T *> a, int lda,
                    Matrices<T *> b, int ldb, int batch)
{
    bool valid = m >= 0 && n >= 0 && batch >= 0 && lda >= std::max(1, m) && ldb >= std::max(1, m) && alpha;
    if (valid && side != CUBLAS_SIDE_LEFT) {
        return CUBLAS_STATUS_NOT_SUPPORTED; // of the emulation
    }
    T factor = valid ? *alpha : 0;
    return issue_solver(handle, valid, m == 0 || n == 0 || batch == 0, [=]() {
        if (!is_table(a.table, batch, "cuBLAS: pointers to A") || !is_table(b.table, batch, "cuBLAS: pointers to B")) {
            return cudaErrorIllegalAddress;
        }
        for (int i = 0; i < batch; i++) {
            if (!is_matrix(a[i], m, m, lda, "cuBLAS: A") || !is_matrix(b[i], m, n, ldb, "cuBLAS: B")) {
                return cudaErrorIllegalAddress;
            }
            substitute(triangle == CUBLAS_FILL_MODE_UPPER, trans != CUBLAS_OP_N, diagonal == CUBLAS_DIAG_UNIT, m, n,
                       factor, a[i], lda, b[i], ldb);
        }
        return cudaSuccess;
    });
}

template <typename T>
cublasStatus_t getrf(cublasHandle_t handle, int n, T *const a[], int lda, int *pivots, int *info, int batch)
{
    const Lapack<T> *host = lapack<T>();
    if (!host) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    return issue_solver(handle, n >= 0 && batch >= 0 && lda >= std::max(1, n), batch == 0 || n == 0, [=]() {
        if (!is_table(a, batch, "cuBLAS: pointers to A") ||
            !is_device_range(pivots, sizeof(int) * n * batch, "cuBLAS: pivots") ||
            !is_device_range(info, sizeof(int) * batch, "cuBLAS: info")) {
            return cudaErrorIllegalAddress;
        }
        for (int i = 0; i < batch; i++) {
            if (!is_matrix(a[i], n, n, lda, "cuBLAS: A")) {
                return cudaErrorIllegalAddress;
            }
            host->getrf(&n, &n, a[i], &lda, pivots + (size_t)i * n, info + i);
        }
        return cudaSuccess;
    });
}

template <typename T>
cublasStatus_t getrs(cublasHandle_t handle, cublasOperation_t trans, int n, int k, const T *const a[], int lda,
                     const int *pivots, T *const b[], int ldb, int *info, int batch)
{
    const Lapack<T> *host = lapack<T>();
    if (!host) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    bool valid = n >= 0 && k >= 0 && batch >= 0 && lda >= std::max(1, n) && ldb >= std::max(1, n) && info;
    if (info) { // in host memory, unlike getrf's
        *info = 0;
    }
    return issue_solver(handle, valid, n == 0 || k == 0 || batch == 0, [=]() {
        if (!is_table(a, batch, "cuBLAS: pointers to A") || !is_table(b, batch, "cuBLAS: pointers to B") ||
            !is_device_range(pivots, sizeof(int) * n * batch, "cuBLAS: pivots")) {
            return cudaErrorIllegalAddress;
        }
        for (int i = 0, ignored; i < batch; i++) {
            if (!is_matrix(a[i], n, n, lda, "cuBLAS: A") || !is_matrix(b[i], n, k, ldb, "cuBLAS: B")) {
                return cudaErrorIllegalAddress;
            }
            host->getrs(trans == CUBLAS_OP_N ? "N" : "T", &n, &k, a[i], &lda, pivots + (size_t)i * n, b[i], &ldb,
                        &ignored, 1);
        }
        return cudaSuccess;
    });
}

template <typename T>
cublasStatus_t geqrf(cublasHandle_t handle, int m, int n, T *const a[], int lda, T *const tau[], int *info, int batch)
{
    const Lapack<T> *host = lapack<T>();
    if (!host) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    if (info) { // in host memory
        *info = 0;
    }
    bool valid = m >= 0 && n >= 0 && batch >= 0 && lda >= std::max(1, m) && info;
    return issue_solver(handle, valid, m == 0 || n == 0 || batch == 0, [=]() {
        if (!is_table(a, batch, "cuBLAS: pointers to A") || !is_table(tau, batch, "cuBLAS: pointers to tau")) {
            return cudaErrorIllegalAddress;
        }
        std::vector<T> work((size_t)n * 32);
        for (int i = 0, ignored, elements = (int)work.size(); i < batch; i++) {
            if (!is_matrix(a[i], m, n, lda, "cuBLAS: A") || !is_matrix(tau[i], std::min(m, n), 1, 1, "cuBLAS: tau")) {
                return cudaErrorIllegalAddress;
            }
            host->geqrf(&m, &n, a[i], &lda, tau[i], work.data(), &elements, &ignored);
        }
        return cudaSuccess;
    });
}
} // namespace
} // namespace emulated

using namespace emulated;

#define EMULATED_SOLVERS(P, T)                                                                                         \
    cublasStatus_t cublas##P##trsm(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t triangle,            \
                                   cublasOperation_t trans, cublasDiagType_t diagonal, int m, int n, const T *alpha,   \
                                   const T *a, int lda, T *b, int ldb)                                                 \
    {                                                                                                                  \
        return trsm<T>(handle, side, triangle, trans, diagonal, m, n, alpha, {nullptr, a}, lda, {nullptr, b}, ldb, 1); \
    }                                                                                                                  \
    cublasStatus_t cublas##P##trsmBatched(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t triangle,     \
                                          cublasOperation_t trans, cublasDiagType_t diagonal, int m, int n,            \
                                          const T *alpha, const T *const a[], int lda, T *const b[], int ldb,          \
                                          int batch)                                                                   \
    {                                                                                                                  \
        return trsm<T>(handle, side, triangle, trans, diagonal, m, n, alpha, {a, nullptr}, lda, {b, nullptr}, ldb,     \
                       batch);                                                                                         \
    }                                                                                                                  \
    cublasStatus_t cublas##P##getrfBatched(cublasHandle_t handle, int n, T *const a[], int lda, int *pivots,           \
                                           int *info, int batch)                                                       \
    {                                                                                                                  \
        return getrf<T>(handle, n, a, lda, pivots, info, batch);                                                       \
    }                                                                                                                  \
    cublasStatus_t cublas##P##getrsBatched(cublasHandle_t handle, cublasOperation_t trans, int n, int k,               \
                                           const T *const a[], int lda, const int *pivots, T *const b[], int ldb,      \
                                           int *info, int batch)                                                       \
    {                                                                                                                  \
        return getrs<T>(handle, trans, n, k, a, lda, pivots, b, ldb, info, batch);                                     \
    }                                                                                                                  \
    cublasStatus_t cublas##P##geqrfBatched(cublasHandle_t handle, int m, int n, T *const a[], int lda, T *const tau[], \
                                           int *info, int batch)                                                       \
    {                                                                                                                  \
        return geqrf<T>(handle, m, n, a, lda, tau, info, batch);                                                       \
    }
extern "C" {
EMULATED_SOLVERS(S, float)
EMULATED_SOLVERS(D, double)
}
