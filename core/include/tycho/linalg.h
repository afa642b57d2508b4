/* Matrix products and linear algebra. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Matrix products ------------------------------------------------------------------------ */

ty_tensor *ty_matmul(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_mm(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_bmm(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_mv(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_dot(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_outer(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_addmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha);
ty_tensor *ty_baddbmm(ty_tensor *input, ty_tensor *a, ty_tensor *b, ty_scalar beta, ty_scalar alpha);
/* "ij,jk->ik": products of the operands summed over the letters that the result lacks. */
ty_tensor *ty_einsum(const char *equation, int count, ty_tensor *const *operands);
/* x w^T + bias; x {..., in}, w {out, in}, bias {out} or NULL: {..., out} */
ty_tensor *ty_linear(ty_tensor *x, ty_tensor *weight, ty_tensor *bias);

/* ---- Linear algebra (LAPACK, on CUDA cuSOLVER: opened when first needed) --------------------- */
/* torch.linalg's functions of matrices {..., n, m}, float32 or float64; several results come through pointers, each a
 * new reference. What each takes is said above it in core/ops/linalg_*.c. */
typedef enum { TY_QR_REDUCED, TY_QR_COMPLETE, TY_QR_R } ty_qr_mode;
/* DEFAULT: gelsy, on CUDA gels, which is the only one there. */
typedef enum { TY_LSTSQ_GELS, TY_LSTSQ_GELSY, TY_LSTSQ_GELSD, TY_LSTSQ_GELSS, TY_LSTSQ_DEFAULT } ty_lstsq_driver;
typedef enum { TY_NORM_DEFAULT, TY_NORM_ORDER, TY_NORM_FROBENIUS, TY_NORM_NUCLEAR } ty_norm_kind;
typedef enum { TY_CDIST_AUTO, TY_CDIST_PRODUCT, TY_CDIST_DIFFERENCES } ty_cdist_how;
ty_tensor *ty_linalg_lu_factor(ty_tensor *x, ty_tensor **pivots);
ty_tensor *ty_lu_unpack(ty_tensor *lu, ty_tensor *pivots, ty_tensor **lower, ty_tensor **upper); /* P */
ty_tensor *ty_linalg_lu(ty_tensor *x, ty_tensor **lower, ty_tensor **upper);                     /* P */
ty_tensor *ty_linalg_cholesky_ex(ty_tensor *x, bool upper, bool check, ty_tensor **info);        /* info may be NULL */
ty_tensor *ty_linalg_qr(ty_tensor *x, ty_qr_mode mode, ty_tensor **r);
ty_tensor *ty_linalg_eigh(ty_tensor *x, bool upper, ty_tensor **vectors);          /* vectors NULL: values alone */
ty_tensor *ty_linalg_eig(ty_tensor *x, ty_tensor **vectors);                       /* real eigenvalues only */
ty_tensor *ty_linalg_svd(ty_tensor *x, bool full, ty_tensor **s, ty_tensor **vh);  /* both NULL: the values alone */
ty_tensor *ty_linalg_pinv(ty_tensor *x, double atol, double rtol, bool hermitian); /* bounds < 0: not given */
ty_tensor *ty_linalg_matrix_rank(ty_tensor *x, double atol, double rtol, bool hermitian);
ty_tensor *ty_linalg_solve_triangular(ty_tensor *a, ty_tensor *b, bool upper, bool left, bool unit);
ty_tensor *ty_linalg_solve(ty_tensor *a, ty_tensor *b, bool left);
ty_tensor *ty_linalg_inv(ty_tensor *x);
ty_tensor *ty_linalg_det(ty_tensor *x);
ty_tensor *ty_linalg_slogdet(ty_tensor *x, ty_tensor **logabsdet);
ty_tensor *ty_logdet(ty_tensor *x);
ty_tensor *ty_linalg_lu_solve(ty_tensor *lu, ty_tensor *pivots, ty_tensor *b, bool left, bool adjoint);
ty_tensor *ty_cholesky_solve(ty_tensor *b, ty_tensor *factor, bool upper);
ty_tensor *ty_cholesky_inverse(ty_tensor *factor, bool upper);
/* others: residuals, ranks, singular values; rcond < 0: not given */
ty_tensor *ty_linalg_lstsq(ty_tensor *a, ty_tensor *b, double rcond, ty_lstsq_driver driver, ty_tensor *others[3]);
ty_tensor *ty_linalg_tensorinv(ty_tensor *x, int ind);
ty_tensor *ty_linalg_tensorsolve(ty_tensor *a, ty_tensor *b, int ndims, const int64_t *dims);
ty_tensor *ty_linalg_vector_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype);
ty_tensor *ty_linalg_matrix_norm(ty_tensor *x, ty_norm_kind kind, double order, const int dims[2], bool keepdim,
                                 ty_dtype dtype);
ty_tensor *ty_linalg_norm(ty_tensor *x, ty_norm_kind kind, double order, int ndims, const int64_t *dims, bool keepdim,
                          ty_dtype dtype);
ty_tensor *ty_linalg_cond(ty_tensor *x, ty_norm_kind kind, double order);
ty_tensor *ty_dist(ty_tensor *a, ty_tensor *b, double p);
ty_tensor *ty_cdist(ty_tensor *a, ty_tensor *b, double p, ty_cdist_how how);
ty_tensor *ty_pdist(ty_tensor *x, double p);
ty_tensor *ty_tensordot(ty_tensor *a, ty_tensor *b, int n, const int64_t *dims_a, const int64_t *dims_b);
ty_tensor *ty_inner(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_linalg_vecdot(ty_tensor *a, ty_tensor *b, int dim);
ty_tensor *ty_kron(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_linalg_cross(ty_tensor *a, ty_tensor *b, int dim);
ty_tensor *ty_linalg_multi_dot(ty_tensor *const *tensors, int count);
ty_tensor *ty_linalg_matrix_power(ty_tensor *x, int64_t n);
ty_tensor *ty_linalg_matrix_exp(ty_tensor *x);
ty_tensor *ty_linalg_householder_product(ty_tensor *x, ty_tensor *tau);
ty_tensor *ty_linalg_vander(ty_tensor *x, int64_t columns); /* columns < 0: as many as elements */
