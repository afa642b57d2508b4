/*
 * cuBLAS for the plug-in: handles, errors in our words, and products of any strides (blas.cu), with a bias that
 * cuBLASLt adds in the product's own kernel where it can (blas_lt.cu). Other kernels that come down to a product
 * (convolution) use tyi_blas_product() too.
 */
#ifndef TYI_CUDA_BLAS_CUH
#define TYI_CUDA_BLAS_CUH

#include <cublas_v2.h>

#include "backend/cuda/device.cuh"

/* A handle of the calling thread's for the current device and stream, with `workspace` to work in: memory that lives
 * until the calls that use it have been made. */
ty_status tyi_blas_handle(cublasHandle_t *handle, tyi_scratch *workspace);

/* The same handle, with whatever stream and workspace it had: cuBLASLt takes it too, and is told them in each call. */
ty_status tyi_blas_bare_handle(cublasHandle_t *handle);

/* Bytes of the workspace on the current device: what NVIDIA recommends. */
size_t tyi_blas_workspace(void);

/* Fails with cuBLAS's words; what: "matmul", "conv". */
ty_status tyi_blas_failed(cublasStatus_t status, const char *what);

/* Returns from the function unless the call of cuBLAS succeeds. */
#define TYI_BLAS_TRY(call, name)                                                                                       \
    do {                                                                                                               \
        cublasStatus_t tyi_status = (call);                                                                            \
        if (tyi_status != CUBLAS_STATUS_SUCCESS)                                                                       \
            return tyi_blas_failed(tyi_status, name);                                                                  \
    } while (0)

/* The product that args ask for, of a floating dtype; `name` is the op. tf32: float32 operands may be rounded to 10
 * bits of fraction. Sums of the 16-bit dtypes are float32 and rounded once, to the dtype `to` of c and bias: that of
 * the operands, or float32. prepared is not looked at. */
ty_status tyi_blas_product(const char *name, const tyi_matmul_args *args, ty_dtype to, bool tf32);

/* A product in cuBLAS's terms, matrices by columns: c {m, n} = alpha * op_a(a) op_b(b) + bias {m} in each column. */
typedef struct tyi_blas_call {
    cublasOperation_t op_a, op_b;
    int m, n, k, lda, ldb, ldc;
    const void *a, *b, *bias;
    void *c;
    cudaDataType type, to; /* of a and b; of c and bias */
    cublasComputeType_t compute;
    double alpha;
} tyi_blas_call;

/* The product with its bias by one kernel of cuBLASLt, sums added up as tyi_blas_product() says and the same numbers
 * every time. *done false: cuBLASLt is not there or has no kernel for this, and nothing was written. */
ty_status tyi_blas_with_bias(const char *name, const tyi_blas_call *call, bool *done);

#endif
