// cuBLAS on the host: products of column-major matrices by plain loops. Operands are widened once, sums are kept in
// float (double for doubles) in the order of k, and the result is rounded once to its type. Arguments are checked as
// cuBLAS does when the call is made; that the operands lie in device memory is checked when it runs.
#include "cublas_state.h"
#include "numbers.h"
#include "state.h"

namespace emulated
{
std::set<cublasContext *> &contexts_of_blas()
{
    static auto *all = new std::set<cublasContext *>;
    return *all;
}

namespace
{
// The matrix, or its transpose, of rows x columns as a dense column-major array of Real.
template <typename Real>
std::vector<Real> widened(const void *from, cudaDataType type, int rows, int columns, int stride, bool transposed)
{
    std::vector<Real> to((size_t)rows * columns);
    for (int j = 0; j < columns; j++) {
        for (int i = 0; i < rows; i++) {
            size_t index = transposed ? (size_t)i * stride + j : (size_t)j * stride + i;
            to[(size_t)j * rows + i] = (Real)load(from, type, index);
        }
    }
    return to;
}

template <typename Real> void multiply(const Product &call, const void *a, const void *b, void *c)
{
    Real alpha = (Real)call.alpha, beta = (Real)call.beta;
    int m = call.m, k = alpha == 0 ? 0 : call.k;
    std::vector<Real> left = widened<Real>(a, call.a_type, m, k, call.lda, call.transa != CUBLAS_OP_N);
    std::vector<Real> right = widened<Real>(b, call.b_type, k, call.n, call.ldb, call.transb != CUBLAS_OP_N);
    std::vector<Real> sums((size_t)m);
    for (int j = 0; j < call.n; j++) {
        std::fill(sums.begin(), sums.end(), (Real)0);
        for (int p = 0; p < k; p++) {
            const Real *column = &left[(size_t)p * m];
            Real factor = right[(size_t)j * k + p];
            for (int i = 0; i < m; i++) {
                sums[i] += column[i] * factor;
            }
        }
        for (int i = 0; i < m; i++) {
            size_t index = (size_t)j * call.ldc + i;
            Real value = alpha * sums[i];
            if (beta != 0) { // otherwise what lies there is not read: it may be NaN
                value += beta * (Real)load(c, call.c_type, index);
            }
            if (call.bias) {
                value += (Real)load(call.bias, call.c_type, (size_t)i);
            }
            store(c, call.c_type, index, (double)value);
        }
    }
}

bool operand_is_right(const void *at, cudaDataType type, int rows, int columns, int stride, bool transposed,
                      const char *what)
{
    size_t last = transposed ? (size_t)(rows - 1) * stride + columns : (size_t)(columns - 1) * stride + rows;
    return rows == 0 || columns == 0 || is_device_range(at, last * size_of(type), what);
}

} // namespace

cudaError_t run(Product call)
{
    if (call.scales_on_device) {
        size_t bytes = call.doubles ? 8 : 4;
        if (!is_device_range(call.alpha_at, bytes, "cuBLAS: alpha") ||
            !is_device_range(call.beta_at, bytes, "cuBLAS: beta")) {
            return cudaErrorIllegalAddress;
        }
        call.alpha = load(call.alpha_at, call.doubles ? CUDA_R_64F : CUDA_R_32F, 0);
        call.beta = load(call.beta_at, call.doubles ? CUDA_R_64F : CUDA_R_32F, 0);
    }
    size_t table = sizeof(void *) * call.batch;
    if (call.arrays && (!is_device_range(call.a, table, "cuBLAS: pointers to A") ||
                        !is_device_range(call.b, table, "cuBLAS: pointers to B") ||
                        !is_device_range(call.c, table, "cuBLAS: pointers to C"))) {
        return cudaErrorIllegalAddress;
    }
    for (int i = 0; i < call.batch; i++) {
        const char *a = (const char *)call.a + i * call.stride_a * (long long)size_of(call.a_type);
        const char *b = (const char *)call.b + i * call.stride_b * (long long)size_of(call.b_type);
        char *c = (char *)call.c + i * call.stride_c * (long long)size_of(call.c_type);
        if (call.arrays) {
            a = ((const char *const *)call.a)[i];
            b = ((const char *const *)call.b)[i];
            c = ((char *const *)call.c)[i];
        }
        bool reads = call.alpha != 0.0;
        if ((reads &&
             (!operand_is_right(a, call.a_type, call.m, call.k, call.lda, call.transa != CUBLAS_OP_N, "cuBLAS: A") ||
              !operand_is_right(b, call.b_type, call.k, call.n, call.ldb, call.transb != CUBLAS_OP_N, "cuBLAS: B"))) ||
            !operand_is_right(c, call.c_type, call.m, call.n, call.ldc, false, "cuBLAS: C")) {
            return cudaErrorIllegalAddress;
        }
        if (call.doubles) {
            multiply<double>(call, a, b, c);
        } else {
            multiply<float>(call, a, b, c);
        }
    }
    return cudaSuccess;
}

bool types_are_known(const Product &call, cublasComputeType_t compute)
{
    if (compute == CUBLAS_COMPUTE_64F || compute == CUBLAS_COMPUTE_64F_PEDANTIC) {
        return call.a_type == CUDA_R_64F && call.b_type == CUDA_R_64F && call.c_type == CUDA_R_64F;
    }
    bool narrow = call.a_type == CUDA_R_16F || call.a_type == CUDA_R_16BF;
    bool fast = compute == CUBLAS_COMPUTE_32F_FAST_16F || compute == CUBLAS_COMPUTE_32F_FAST_16BF ||
                compute == CUBLAS_COMPUTE_32F_FAST_TF32;
    if (!fast && compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_PEDANTIC) {
        return false;
    }
    return call.a_type == call.b_type && (call.a_type == CUDA_R_32F || (narrow && !fast)) &&
           (call.c_type == call.a_type || call.c_type == CUDA_R_32F);
}

namespace
{
cublasStatus_t issue_product(cublasHandle_t handle, Product call, cublasComputeType_t compute)
{
    Guard guard(lock());
    if (!contexts_of_blas().count(handle)) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    int a_rows = call.transa == CUBLAS_OP_N ? call.m : call.k, b_rows = call.transb == CUBLAS_OP_N ? call.k : call.n;
    if (call.m < 0 || call.n < 0 || call.k < 0 || call.batch < 0 || (unsigned)call.transa > CUBLAS_OP_C ||
        (unsigned)call.transb > CUBLAS_OP_C || call.lda < std::max(1, a_rows) || call.ldb < std::max(1, b_rows) ||
        call.ldc < std::max(1, call.m) || !call.alpha_at || !call.beta_at) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (!types_are_known(call, compute)) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    if (call.m == 0 || call.n == 0 || call.batch == 0) {
        return CUBLAS_STATUS_SUCCESS;
    }
    call.doubles = call.a_type == CUDA_R_64F;
    call.scales_on_device = handle->pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    if (!call.scales_on_device) {
        call.alpha = load(call.alpha_at, call.doubles ? CUDA_R_64F : CUDA_R_32F, 0);
        call.beta = load(call.beta_at, call.doubles ? CUDA_R_64F : CUDA_R_32F, 0);
    }
    if (handle->device != current_device()) {
        report("a cuBLAS handle of device %d is used while device %d is current", handle->device, current_device());
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    return issue(handle->stream, Kind::library, [call]() { return run(call); }) ? CUBLAS_STATUS_EXECUTION_FAILED
                                                                                : CUBLAS_STATUS_SUCCESS;
}

template <typename Real> struct Type;
template <> struct Type<float> {
    static const cudaDataType type = CUDA_R_32F;
    static const cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
};
template <> struct Type<double> {
    static const cudaDataType type = CUDA_R_64F;
    static const cublasComputeType_t compute = CUBLAS_COMPUTE_64F;
};

template <typename Real>
cublasStatus_t gemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
                    const Real *alpha, const Real *a, int lda, long long stride_a, const Real *b, int ldb,
                    long long stride_b, const Real *beta, Real *c, int ldc, long long stride_c, int batch)
{
    cudaDataType type = Type<Real>::type;
    return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, a, type, lda, stride_a, b, type, ldb,
                                      stride_b, beta, c, type, ldc, stride_c, batch, Type<Real>::compute,
                                      CUBLAS_GEMM_DEFAULT);
}

template <typename Real>
cudaError_t run_gemv(bool transposed, int m, int n, Real alpha, const Real *a, int lda, const Real *x, int incx,
                     Real beta, Real *y, int incy)
{
    int rows = transposed ? n : m, columns = transposed ? m : n;
    size_t x_bytes = ((size_t)(columns - 1) * abs(incx) + 1) * sizeof(Real);
    size_t y_bytes = ((size_t)(rows - 1) * abs(incy) + 1) * sizeof(Real);
    if (!operand_is_right(a, Type<Real>::type, m, n, lda, false, "cuBLAS: A") ||
        !is_device_range(x, x_bytes, "cuBLAS: x") || !is_device_range(y, y_bytes, "cuBLAS: y")) {
        return cudaErrorIllegalAddress;
    }
    long long x_first = incx < 0 ? -(long long)(columns - 1) * incx : 0;
    long long y_first = incy < 0 ? -(long long)(rows - 1) * incy : 0;
    for (int i = 0; i < rows; i++) {
        Real sum = 0;
        for (int j = 0; j < columns && alpha != 0; j++) {
            sum += a[transposed ? (size_t)i * lda + j : (size_t)j * lda + i] * x[x_first + (long long)j * incx];
        }
        Real *to = &y[y_first + (long long)i * incy];
        *to = alpha * sum + (beta != 0 ? beta * *to : 0);
    }
    return cudaSuccess;
}

template <typename Real>
cublasStatus_t gemv(cublasHandle_t handle, cublasOperation_t trans, int m, int n, const Real *alpha, const Real *a,
                    int lda, const Real *x, int incx, const Real *beta, Real *y, int incy)
{
    Guard guard(lock());
    if (!contexts_of_blas().count(handle)) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (m < 0 || n < 0 || (unsigned)trans > CUBLAS_OP_C || lda < std::max(1, m) || !incx || !incy || !alpha || !beta) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (m == 0 || n == 0) {
        return CUBLAS_STATUS_SUCCESS;
    }
    bool on_device = handle->pointer_mode == CUBLAS_POINTER_MODE_DEVICE;
    Real alpha_now = on_device ? 0 : *alpha, beta_now = on_device ? 0 : *beta;
    return issue(handle->stream, Kind::library,
                 [=]() {
                     return run_gemv<Real>(trans != CUBLAS_OP_N, m, n, on_device ? *alpha : alpha_now, a, lda, x, incx,
                                           on_device ? *beta : beta_now, y, incy);
                 })
               ? CUBLAS_STATUS_EXECUTION_FAILED
               : CUBLAS_STATUS_SUCCESS;
}

template <typename Work> cublasStatus_t with(cublasHandle_t handle, Work work)
{
    Guard guard(lock());
    if (!contexts_of_blas().count(handle)) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    work();
    return CUBLAS_STATUS_SUCCESS;
}
} // namespace
} // namespace emulated

using namespace emulated;

extern "C" {
const char *cublasGetStatusName(cublasStatus_t status)
{
#define EMULATED_STATUS_NAME(name, number, text)                                                                       \
    case name:                                                                                                         \
        return #name;
    switch (status) {
        EMULATED_CUBLAS_STATUSES(EMULATED_STATUS_NAME)
    }
    return "unrecognized status";
}

const char *cublasGetStatusString(cublasStatus_t status)
{
#define EMULATED_STATUS_TEXT(name, number, text)                                                                       \
    case name:                                                                                                         \
        return text;
    switch (status) {
        EMULATED_CUBLAS_STATUSES(EMULATED_STATUS_TEXT)
    }
    return "unrecognized status";
}

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    Guard guard(lock());
    if (!handle) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (availability()) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (forbid_in_capture()) { // it allocates
        return CUBLAS_STATUS_ALLOC_FAILED;
    }
    *handle = new cublasContext{current_device(), nullptr, CUBLAS_POINTER_MODE_HOST, CUBLAS_DEFAULT_MATH};
    contexts_of_blas().insert(*handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    return with(handle, [=]() {
        contexts_of_blas().erase(handle);
        delete handle;
    });
}

cublasStatus_t cublasGetVersion(cublasHandle_t handle, int *version)
{
    return with(handle, [=]() { *version = 130000; });
}

cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    return with(handle, [=]() { handle->stream = stream; });
}

cublasStatus_t cublasGetStream(cublasHandle_t handle, cudaStream_t *stream)
{
    return with(handle, [=]() { *stream = handle->stream; });
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    return with(handle, [=]() { handle->math = mode; });
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t *mode)
{
    return with(handle, [=]() { *mode = handle->math; });
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode)
{
    (void)mode;
    return with(handle, []() {});
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t bytes)
{
    bool fine = bytes == 0 || is_device_range(workspace, bytes, "cublasSetWorkspace");
    cublasStatus_t status = with(handle, []() {});
    return status || fine ? status : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t handle, cublasPointerMode_t mode)
{
    return with(handle, [=]() { handle->pointer_mode = mode; });
}

cublasStatus_t cublasGetPointerMode(cublasHandle_t handle, cublasPointerMode_t *mode)
{
    return with(handle, [=]() { *mode = handle->pointer_mode; });
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                           int k, const float *alpha, const float *a, int lda, const float *b, int ldb,
                           const float *beta, float *c, int ldc)
{
    return gemm(handle, transa, transb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

cublasStatus_t cublasDgemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                           int k, const double *alpha, const double *a, int lda, const double *b, int ldb,
                           const double *beta, double *c, int ldc)
{
    return gemm(handle, transa, transb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                         int m, int n, int k, const float *alpha, const float *a, int lda,
                                         long long stride_a, const float *b, int ldb, long long stride_b,
                                         const float *beta, float *c, int ldc, long long stride_c, int batch)
{
    return gemm(handle, transa, transb, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc, stride_c,
                batch);
}

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                         int m, int n, int k, const double *alpha, const double *a, int lda,
                                         long long stride_a, const double *b, int ldb, long long stride_b,
                                         const double *beta, double *c, int ldc, long long stride_c, int batch)
{
    return gemm(handle, transa, transb, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc, stride_c,
                batch);
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                            int k, const void *alpha, const void *a, cudaDataType a_type, int lda, const void *b,
                            cudaDataType b_type, int ldb, const void *beta, void *c, cudaDataType c_type, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t algorithm)
{
    return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0,
                                      beta, c, c_type, ldc, 0, 1, compute, algorithm);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                          int m, int n, int k, const void *alpha, const void *a, cudaDataType a_type,
                                          int lda, long long stride_a, const void *b, cudaDataType b_type, int ldb,
                                          long long stride_b, const void *beta, void *c, cudaDataType c_type, int ldc,
                                          long long stride_c, int batch, cublasComputeType_t compute,
                                          cublasGemmAlgo_t algorithm)
{
    (void)algorithm;
    return issue_product(handle, Product{transa, transb, m,      n,        k,        lda,      ldb, ldc,    batch,
                                         a_type, b_type, c_type, stride_a, stride_b, stride_c, a,   b,      c,
                                         false,  false,  false,  alpha,    beta,     0.0,      0.0, nullptr},
                         compute);
}

cublasStatus_t cublasGemmBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m,
                                   int n, int k, const void *alpha, const void *const a[], cudaDataType a_type, int lda,
                                   const void *const b[], cudaDataType b_type, int ldb, const void *beta,
                                   void *const c[], cudaDataType c_type, int ldc, int batch,
                                   cublasComputeType_t compute, cublasGemmAlgo_t algorithm)
{
    (void)algorithm;
    return issue_product(handle, Product{transa, transb, m,      n,     k,    lda, ldb, ldc,    batch,
                                         a_type, b_type, c_type, 0,     0,    0,   a,   b,      (void *)c,
                                         true,   false,  false,  alpha, beta, 0.0, 0.0, nullptr},
                         compute);
}

cublasStatus_t cublasSgemv(cublasHandle_t handle, cublasOperation_t trans, int m, int n, const float *alpha,
                           const float *a, int lda, const float *x, int incx, const float *beta, float *y, int incy)
{
    return gemv(handle, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
}

cublasStatus_t cublasDgemv(cublasHandle_t handle, cublasOperation_t trans, int m, int n, const double *alpha,
                           const double *a, int lda, const double *x, int incx, const double *beta, double *y, int incy)
{
    return gemv(handle, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
}
}
