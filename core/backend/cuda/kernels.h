/*
 * The kernels of the CUDA backend: one function for each row of the backend's table (backend.h says what each does), by
 * the file that holds it, and the plug-in's own functions beside them.
 */
#ifndef TYI_CUDA_KERNELS_H
#define TYI_CUDA_KERNELS_H

#include "backend/backend.h"

ty_status tyi_cuda_to_host(void *host, const void *data, size_t bytes);
ty_status tyi_cuda_from_host(void *data, const void *host, size_t bytes);
ty_status tyi_cuda_copy(const tyi_iter *iter);
ty_status tyi_cuda_fill(const tyi_iter *iter, ty_scalar value);
ty_status tyi_cuda_unary(tyi_unary op, const tyi_iter *iter);
ty_status tyi_cuda_binary(tyi_binary op, const tyi_iter *iter);
ty_status tyi_cuda_axpy(const tyi_iter *iter, ty_scalar alpha);
ty_status tyi_cuda_where(const tyi_iter *iter);
ty_status tyi_cuda_clamp(const tyi_iter *iter);
ty_status tyi_cuda_arange(ty_dtype dtype, void *out, int64_t n, ty_scalar start, ty_scalar step);
ty_status tyi_cuda_linspace(ty_dtype dtype, void *out, int64_t n, double start, double end);
ty_status tyi_cuda_reduce(const tyi_reduce_args *args);
ty_status tyi_cuda_cumsum(ty_dtype dtype, const void *x, void *out, int64_t outer, int64_t size, int64_t inner);
ty_status tyi_cuda_matmul(const tyi_matmul_args *args);
ty_status tyi_cuda_softmax(const tyi_softmax_args *args);
ty_status tyi_cuda_softmax_backward(const tyi_softmax_args *args);
ty_status tyi_cuda_nll(const tyi_nll_args *args);
ty_status tyi_cuda_nll_backward(const tyi_nll_args *args);
ty_status tyi_cuda_ctc(const tyi_ctc_args *args);
ty_status tyi_cuda_ctc_backward(const tyi_ctc_args *args);
ty_status tyi_cuda_label_margins(const tyi_margin_args *args);
ty_status tyi_cuda_sum_rows(const tyi_rows_args *args);
ty_status tyi_cuda_bag_max(const tyi_bag_max_args *args);
ty_status tyi_cuda_norm(const tyi_norm_args *args);
ty_status tyi_cuda_norm_backward(const tyi_norm_args *args);
ty_status tyi_cuda_conv(const tyi_conv_args *args);
ty_status tyi_cuda_columns(const tyi_columns_args *args);
ty_status tyi_cuda_pool(const tyi_pool_args *args);
ty_status tyi_cuda_resample(const tyi_resample_args *args);
ty_status tyi_cuda_index(const tyi_index_args *args);
ty_status tyi_cuda_index_put(const tyi_index_args *args);
ty_status tyi_cuda_index_range(const int64_t *index, int64_t n, int64_t *low, int64_t *high);
ty_status tyi_cuda_index_from_one(const int64_t *index, int64_t *out, int64_t n, const int64_t *zero, int64_t *zeros);
ty_status tyi_cuda_nonzero_count(const void *mask, int64_t n, int64_t *count);
ty_status tyi_cuda_nonzero_flat(const void *mask, int64_t n, int64_t *positions);
ty_status tyi_cuda_gather_rows(ty_dtype dtype, const void *x, const int64_t *index, int64_t rows, int64_t width,
                               float scale, float shift, float *out);
ty_status tyi_cuda_sort(const tyi_sort_args *args);
ty_status tyi_cuda_topk(const tyi_sort_args *args);
ty_status tyi_cuda_uniform(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double from, double to);
ty_status tyi_cuda_normal(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double mean, double std);
ty_status tyi_cuda_bernoulli(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double p);
ty_status tyi_cuda_bernoulli_tensor(ty_generator *g, ty_dtype p_dtype, const void *p, ty_dtype dtype, void *x,
                                    int64_t n);
ty_status tyi_cuda_exponential(ty_generator *g, ty_dtype dtype, void *x, int64_t n, double rate);
ty_status tyi_cuda_distribution(ty_generator *g, tyi_distribution which, ty_dtype dtype, void *x, int64_t n, double a,
                                double b);
ty_status tyi_cuda_poisson(ty_generator *g, ty_dtype dtype, const void *rates, void *x, int64_t n);
ty_status tyi_cuda_multinomial(ty_generator *g, ty_dtype dtype, const void *weights, int64_t rows, int64_t n,
                               int64_t samples, int64_t *out);
ty_status tyi_cuda_random_range(ty_generator *g, ty_dtype dtype, void *x, int64_t n, int64_t low, int64_t high);
ty_status tyi_cuda_randperm(ty_generator *g, ty_dtype dtype, void *x, int64_t n);
ty_status tyi_cuda_dropout(ty_generator *g, ty_dtype dtype, const void *x, void *y, uint8_t *mask, int64_t n, double p);
ty_status tyi_cuda_dropout_backward(ty_dtype dtype, const void *grad, const uint8_t *mask, void *out, int64_t n,
                                    double p);
ty_status tyi_cuda_cell(const tyi_cell_args *args);
ty_status tyi_cuda_cell_backward(const tyi_cell_args *args);
ty_status tyi_cuda_optim(const tyi_optim_args *args);
ty_status tyi_cuda_optim_many(const tyi_optim_args *args, int64_t count);
ty_status tyi_cuda_lapack(const tyi_lapack_args *args);
ty_status tyi_cuda_scatter_reduce(const tyi_scatter_args *args);

extern const tyi_backend tyi_cuda_table;

#endif
