/*
 * What the files of linear algebra share: the call as they see it, and kernels for batches of matrices by columns.
 * lapack.cu holds LU and Cholesky factors and triangular equations, lapack_qr.cu QR and least squares,
 * lapack_spectral.cu eigenvalues and singular values.
 */
#ifndef TYI_CUDA_LAPACK_CUH
#define TYI_CUDA_LAPACK_CUH

#include "backend/cuda/blas.cuh"
#include "backend/cuda/solver.cuh"

#define TYI_MOST_BATCH 32768 /* matrices that one call of a library's batched function is given */

/* The row's arguments for one dtype: m, n and k fit the libraries' int, a and its kind are never empty but for k. */
template <typename T> struct tyi_lapack_call {
    const tyi_lapack_args &args;
    const char *name; /* of the op, for messages */
    int m, n, k, least;
    int64_t count; /* matrices */
    T *a, *b;
    int *info; /* of each matrix, on the device: zeros */
};

/* One function for each group of ops; float and double. They set args.info. */
template <typename T> ty_status tyi_lapack_qr(const tyi_lapack_call<T> &call);
template <typename T> ty_status tyi_lapack_lstsq(const tyi_lapack_call<T> &call);
template <typename T> ty_status tyi_lapack_eigh(const tyi_lapack_call<T> &call);
template <typename T> ty_status tyi_lapack_eig(const tyi_lapack_call<T> &call);
template <typename T> ty_status tyi_lapack_svd(const tyi_lapack_call<T> &call);

/* A batch of matrices by columns: element (i, j) of matrix b at data[b * stride + j * ld + i]. */
template <typename T> struct tyi_columns {
    T *data;
    int ld;
    int64_t stride;
    T *at(int64_t matrix) const
    {
        return data + matrix * stride;
    }
};

/* f(first, how many) for `step` matrices after `step` matrices; Ctrl-C ends it. */
template <typename F> static inline ty_status tyi_each_matrix(int64_t count, int64_t step, F f)
{
    for (int64_t first = 0; first < count; first += step) {
        if (tyi_host.interrupted())
            return tyi_host.fail(TY_ERROR_INTERRUPT, "interrupted");
        TYI_TRY(f(first, static_cast<int>(count - first < step ? count - first : step)));
    }
    return TY_OK;
}

template <typename T> static inline cudaDataType tyi_solver_type()
{
    return sizeof(T) == sizeof(double) ? CUDA_R_64F : CUDA_R_32F;
}

/* Waits for the device and sets args.info. */
template <typename T> ty_status tyi_fetch_info(const tyi_lapack_call<T> &call);

/* A table on the device of where each matrix lies, as the batched functions take it. */
template <typename T>
ty_status tyi_matrix_table(const char *name, T *data, int64_t stride, int64_t count, tyi_scratch *table);

/* info[i] = the place (from 1) of the first zero on the diagonal of matrix i, n x n; else it stays. */
template <typename T>
ty_status tyi_find_zero_diagonal(const char *name, tyi_columns<const T> a, int n, int64_t count, int *info);

/* b = the solution x of op(a) x = b, a {n, n} triangular, b {n, k}. */
template <typename T>
ty_status tyi_solve_triangles(const char *name, bool upper, bool turned, bool unit, int n, int k, tyi_columns<T> a,
                              tyi_columns<T> b, int64_t count);

/* to (i, j) = from (j, i) for the rows x columns elements of each `to`. */
template <typename T>
ty_status tyi_turn_matrices(const char *name, tyi_columns<const T> from, tyi_columns<T> to, int rows, int columns,
                            int64_t count);

#endif
