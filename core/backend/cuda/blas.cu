/*
 * Products by cuBLAS. Its matrices are by columns and ours by rows, so that c = a b is asked for as c^T = b^T a^T; it
 * takes matrices in which one of the two strides is 1, and others are copied first. The bias is added by cuBLASLt
 * (blas_lt.cu) in the same kernel; where that has none, the bias is written to c before the product, which then adds to
 * it, so that 16-bit results are rounded once either way.
 */
#include "backend/cuda/blas.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/handles.cuh"

#include <limits.h>

/* ---- Handles ---- */

namespace
{

/* What NVIDIA recommends: https://docs.nvidia.com/cuda/cublas, cublasSetWorkspace. */
constexpr size_t WORKSPACE = 4 << 20, WORKSPACE_HOPPER = 32 << 20;

thread_local tyi_handles<cublasHandle_t> handles;

/* Sums of 16-bit products stay float32 where cuBLAS adds up parts of them. */
const cublasMath_t MATH =
    static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);

} // namespace

ty_status tyi_blas_failed(cublasStatus_t status, const char *what)
{
    if (status == CUBLAS_STATUS_ALLOC_FAILED)
        return tyi_host.fail(TY_ERROR_MEMORY, "%s: out of memory on cuda:%d", what, tyi_current_device());
    cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return tyi_cuda_failed(error, what);
    return tyi_host.fail(TY_ERROR_VALUE, "%s on cuda:%d failed: cuBLAS says that %s (%s)", what, tyi_current_device(),
                         cublasGetStatusString(status), cublasGetStatusName(status));
}

ty_status tyi_blas_bare_handle(cublasHandle_t *handle)
{
    cublasHandle_t &mine = handles.mine();
    if (!mine) {
        TYI_BLAS_TRY(cublasCreate(&mine), "starting cuBLAS");
        TYI_BLAS_TRY(cublasSetMathMode(mine, MATH), "starting cuBLAS");
    }
    *handle = mine;
    return TY_OK;
}

size_t tyi_blas_workspace(void)
{
    return tyi_device_properties(tyi_current_device()).major >= 9 ? WORKSPACE_HOPPER : WORKSPACE;
}

ty_status tyi_blas_handle(cublasHandle_t *handle, tyi_scratch *workspace)
{
    size_t bytes = tyi_blas_workspace();
    TYI_TRY(tyi_blas_bare_handle(handle));
    TYI_TRY(workspace->allocate(bytes));
    TYI_BLAS_TRY(cublasSetStream(*handle, tyi_current_stream()), "starting cuBLAS");
    TYI_BLAS_TRY(cublasSetWorkspace(*handle, workspace->as<void>(), bytes), "starting cuBLAS");
    return TY_OK;
}

/* ---- Operands ---- */

namespace
{

/* A batch of matrices as they are read: strides in elements. */
struct operand {
    const void *data;
    int64_t rows, columns, row, column, batch;
};

/* How cuBLAS is told of one: rows contiguous, or columns (turned), and the distance between them. */
struct layout {
    bool turned;
    int64_t distance;
};

bool find_layout(const operand &x, layout *out)
{
    if ((x.column == 1 || x.columns == 1) && (x.rows == 1 || x.row >= x.columns)) {
        *out = {false, x.rows == 1 ? x.columns : x.row};
        return out->distance <= INT_MAX;
    }
    if ((x.row == 1 || x.rows == 1) && (x.columns == 1 || x.column >= x.rows)) {
        *out = {true, x.columns == 1 ? x.rows : x.column};
        return out->distance <= INT_MAX;
    }
    return false;
}

/* out[b][i][j] = x[b * batch + i * row + j * column]; a thread an element, neighbours along j. */
template <typename T>
__global__ void copy_matrices(const T *x, T *out, int64_t n, int64_t rows, int64_t columns, int64_t batch, int64_t row,
                              int64_t column)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t j = i % columns, rest = i / columns;
        out[i] = x[rest / rows * batch + rest % rows * row + j * column];
    }
}

/* The operand in a layout that cuBLAS takes: a copy in scratch where it has to be. */
ty_status prepare(const char *name, ty_dtype dtype, int64_t batch, operand *x, tyi_scratch *room, layout *out)
{
    if (find_layout(*x, out))
        return TY_OK;
    if (x->columns > INT_MAX)
        return tyi_host.fail(TY_ERROR_VALUE, "%s: a matrix with %lld columns is too large for cuBLAS (%d at most)",
                             name, static_cast<long long>(x->columns), INT_MAX);
    int64_t n = (x->batch ? batch : 1) * x->rows * x->columns;
    TYI_TRY(room->allocate(static_cast<size_t>(n) * tyi_bytes_of(dtype)));
    auto copy = [&](auto zero) -> ty_status {
        typedef decltype(zero) T;
        return tyi_launch(name, copy_matrices<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0,
                          static_cast<const T *>(x->data), room->as<T>(), n, x->rows, x->columns, x->batch, x->row,
                          x->column);
    };
    ty_status status = [&]() -> ty_status { TYI_BY_SIZE(dtype, name, copy); }();
    TYI_TRY(status);
    *x = {room->as<void>(), x->rows, x->columns, x->columns, 1, x->batch ? x->rows * x->columns : 0};
    *out = {false, x->columns};
    return TY_OK;
}

/* ---- Bias ---- */

/* c[b][i][j] = bias[j], + c when `add`; bias NULL: 0. Blocks of 32 columns by 8 rows stride over rows and columns. */
constexpr int BIAS_COLUMNS = 32, BIAS_ROWS = 8;

template <typename T>
__global__ void write_bias(T *c, const T *bias, int64_t rows, int64_t m, int64_t n, int64_t batch, int64_t ldc,
                           bool add)
{
    typedef tyi_element<T> E;
    int64_t row_step = static_cast<int64_t>(gridDim.x) * BIAS_ROWS;
    int64_t column_step = static_cast<int64_t>(gridDim.y) * BIAS_COLUMNS;
    for (int64_t j = static_cast<int64_t>(blockIdx.y) * BIAS_COLUMNS + threadIdx.x; j < n; j += column_step) {
        typename E::value_type own = bias ? E::value(bias[j]) : typename E::value_type(0);
        for (int64_t i = static_cast<int64_t>(blockIdx.x) * BIAS_ROWS + threadIdx.y; i < rows; i += row_step) {
            T *at = c + i / m * batch + i % m * ldc + j;
            *at = E::of(add ? E::value(*at) + own : own);
        }
    }
}

ty_status start_with_bias(const char *name, const tyi_matmul_args &x, ty_dtype to)
{
    auto start = [&](auto zero) -> ty_status {
        typedef decltype(zero) T;
        int64_t rows = x.batch * x.m, columns = tyi_blocks(x.n, BIAS_COLUMNS);
        dim3 grid(tyi_blocks(rows, BIAS_ROWS * 4), static_cast<unsigned>(columns < 65535 ? columns : 65535));
        return tyi_launch(name, write_bias<T>, grid, dim3(BIAS_COLUMNS, BIAS_ROWS), 0, static_cast<T *>(x.c),
                          static_cast<const T *>(x.bias), rows, x.m, x.n, x.c_batch, x.ldc, x.beta != 0);
    };
    TYI_FLOATING(to, name, start);
}

/* ---- The product ---- */

/* A batch whose matrices a follow one another row by row, all times the same b, is one tall matrix. */
void flatten(tyi_matmul_args *x)
{
    bool tall_a = x->a_batch == x->m * x->a_row || x->m == 1, tall_c = x->c_batch == x->m * x->ldc || x->m == 1;
    if (x->batch == 1 || x->b_batch != 0 || !tall_a || !tall_c)
        return;
    if (x->m == 1) {
        x->a_row = x->a_batch;
        x->ldc = x->c_batch;
    }
    x->m *= x->batch;
    x->batch = 1;
}

cudaDataType type_of(ty_dtype dtype)
{
    return dtype == TY_FLOAT64    ? CUDA_R_64F
           : dtype == TY_FLOAT32  ? CUDA_R_32F
           : dtype == TY_BFLOAT16 ? CUDA_R_16BF
                                  : CUDA_R_16F;
}

ty_status check_sizes(const char *name, const tyi_matmul_args &x)
{
    int64_t most = x.n > x.k ? x.n : x.k;
    most = x.m > most ? x.m : most;
    most = x.ldc > most ? x.ldc : most;
    most = x.batch > most ? x.batch : most;
    if (most <= INT_MAX)
        return TY_OK;
    return tyi_host.fail(TY_ERROR_VALUE,
                         "%s: a product of %lld matrices (%lld x %lld) x (%lld x %lld) has a size above the %d that "
                         "cuBLAS takes; cut it into parts",
                         name, static_cast<long long>(x.batch), static_cast<long long>(x.m),
                         static_cast<long long>(x.k), static_cast<long long>(x.k), static_cast<long long>(x.n),
                         INT_MAX);
}

/* cuBLAS's terms for operands that it takes; its a is our b. */
tyi_blas_call call_of(const tyi_matmul_args &x, const operand &a, const layout &of_a, const operand &b,
                      const layout &of_b, ty_dtype to, bool tf32)
{
    tyi_blas_call call = {};
    call.op_a = of_b.turned ? CUBLAS_OP_T : CUBLAS_OP_N;
    call.op_b = of_a.turned ? CUBLAS_OP_T : CUBLAS_OP_N;
    call.m = static_cast<int>(x.n), call.n = static_cast<int>(x.m), call.k = static_cast<int>(x.k);
    call.lda = static_cast<int>(of_b.distance), call.ldb = static_cast<int>(of_a.distance);
    call.ldc = static_cast<int>(x.m == 1 && x.ldc < x.n ? x.n : x.ldc);
    call.a = b.data, call.b = a.data, call.c = x.c, call.bias = x.bias;
    call.type = type_of(x.dtype), call.to = type_of(to);
    call.compute = x.dtype == TY_FLOAT64           ? CUBLAS_COMPUTE_64F
                   : x.dtype == TY_FLOAT32 && tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                   : CUBLAS_COMPUTE_32F;
    call.alpha = x.alpha;
    return call;
}

/* c = alpha a b, + c when `add`, batch times. */
ty_status run(const char *name, const tyi_blas_call &call, bool add, int64_t stride_a, int64_t stride_b,
              int64_t stride_c, int batch)
{
    tyi_scratch workspace;
    cublasHandle_t handle;
    TYI_TRY(tyi_blas_handle(&handle, &workspace));
    double beta = add;
    float narrow_alpha = static_cast<float>(call.alpha), narrow_beta = add;
    bool wide = call.compute == CUBLAS_COMPUTE_64F;
    const void *by = wide ? static_cast<const void *>(&call.alpha) : &narrow_alpha;
    const void *keep = wide ? static_cast<const void *>(&beta) : &narrow_beta;
    TYI_BLAS_TRY(cublasGemmStridedBatchedEx(handle, call.op_a, call.op_b, call.m, call.n, call.k, by, call.a, call.type,
                                            call.lda, stride_a, call.b, call.type, call.ldb, stride_b, keep, call.c,
                                            call.to, call.ldc, stride_c, batch, call.compute, CUBLAS_GEMM_DEFAULT),
                 name);
    return TY_OK;
}

ty_status multiply(const char *name, const tyi_matmul_args &x, ty_dtype to, bool tf32)
{
    operand a = {x.a, x.m, x.k, x.a_row, x.a_col, x.a_batch}, b = {x.b, x.k, x.n, x.b_row, x.b_col, x.b_batch};
    tyi_scratch room_a, room_b;
    layout of_a, of_b;
    TYI_TRY(check_sizes(name, x));
    TYI_TRY(prepare(name, x.dtype, x.batch, &a, &room_a, &of_a));
    TYI_TRY(prepare(name, x.dtype, x.batch, &b, &room_b, &of_b));
    tyi_blas_call call = call_of(x, a, of_a, b, of_b, to, tf32);
    bool done = false;
    if (x.bias && !x.beta && x.batch == 1)
        TYI_TRY(tyi_blas_with_bias(name, &call, &done));
    if (done)
        return TY_OK;
    if (x.bias)
        TYI_TRY(start_with_bias(name, x, to));
    return run(name, call, x.beta || x.bias, b.batch, a.batch, x.c_batch, static_cast<int>(x.batch));
}

} // namespace

ty_status tyi_blas_product(const char *name, const tyi_matmul_args *args, ty_dtype to, bool tf32)
{
    tyi_matmul_args x = *args;
    if (x.batch == 0 || x.m == 0 || x.n == 0)
        return TY_OK;
    flatten(&x);
    if (x.k)
        return multiply(name, x, to, tf32);
    return x.bias || !x.beta ? start_with_bias(name, x, to) : TY_OK;
}
