/*
 * cuBLAS for the plug-in: handles, errors in our words, and products of any strides (blas.cu). Other kernels that come
 * down to a product (convolution) use tyi_blas_product() too.
 */
#ifndef TYI_CUDA_BLAS_CUH
#define TYI_CUDA_BLAS_CUH

#include <cublas_v2.h>

#include "backend/cuda/device.cuh"

/* A handle of the calling thread's for the current device and stream, with `workspace` to work in: memory that lives
 * until the calls that use it have been made. */
ty_status tyi_blas_handle(cublasHandle_t *handle, tyi_scratch *workspace);

/* Fails with cuBLAS's words; what: "matmul", "conv". */
ty_status tyi_blas_failed(cublasStatus_t status, const char *what);

/* The product that args ask for, of a floating dtype; `name` is the op. tf32: float32 operands may be rounded to 10
 * bits of fraction. Sums of the 16-bit dtypes are float32 and rounded once, to the dtype `to` of c and bias: that of
 * the operands, or float32. prepared is not looked at. */
ty_status tyi_blas_product(const char *name, const tyi_matmul_args *args, ty_dtype to, bool tf32);

#endif
