// What cuBLAS and cuBLASLt of the emulation share: handles, and products by plain loops. See cublas.cpp.
#ifndef EMULATION_CUBLAS_STATE_H
#define EMULATION_CUBLAS_STATE_H

#include "cublas_v2.h"

#include <set>

struct cublasContext {
    int device;
    cudaStream_t stream;
    cublasPointerMode_t pointer_mode;
    cublasMath_t math;
};

namespace emulated
{
// One call: what a batch of products shares. Where `arrays` is set, a, b and c are arrays on the device of pointers to
// matrices.
struct Product {
    cublasOperation_t transa, transb;
    int m, n, k, lda, ldb, ldc, batch;
    cudaDataType a_type, b_type, c_type;
    long long stride_a, stride_b, stride_c;
    const void *a, *b;
    void *c;
    bool arrays, doubles;
    bool scales_on_device;
    const void *alpha_at, *beta_at;
    double alpha, beta;
    const void *bias; // NULL, or m numbers of c's type: added to each column before it is rounded
};

std::set<cublasContext *> &contexts_of_blas();
bool types_are_known(const Product &call, cublasComputeType_t compute);

// Does it, as the work of a stream; alpha and beta are numbers unless they lie on the device.
cudaError_t run(Product call);
} // namespace emulated

#endif
