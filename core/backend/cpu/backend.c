/*
 * The CPU's table of kernels.
 */
#include "backend/cpu/cpu.h"

static const tyi_backend table = {
    .name = "cpu",
    .to_host = tyi_cpu_to_host,
    .from_host = tyi_cpu_from_host,
    .copy = tyi_cpu_copy,
    .fill = tyi_cpu_fill,
    .unary = tyi_cpu_unary,
    .binary = tyi_cpu_binary,
    .axpy = tyi_cpu_axpy,
    .where = tyi_cpu_where,
    .clamp = tyi_cpu_clamp,
    .arange = tyi_cpu_arange,
    .reduce = tyi_cpu_reduce,
    .cumsum = tyi_cpu_cumsum,
    .matmul = tyi_cpu_matmul,
    .softmax = tyi_cpu_softmax,
    .softmax_backward = tyi_cpu_softmax_backward,
    .nll = tyi_cpu_nll,
    .nll_backward = tyi_cpu_nll_backward,
    .ctc = tyi_cpu_ctc,
    .ctc_backward = tyi_cpu_ctc_backward,
    .sum_rows = tyi_cpu_sum_rows,
    .bag_max = tyi_cpu_bag_max,
    .norm = tyi_cpu_norm,
    .norm_backward = tyi_cpu_norm_backward,
    .conv = tyi_cpu_conv,
    .columns = tyi_cpu_columns,
    .pool = tyi_cpu_pool,
    .resample = tyi_cpu_resample,
    .index = tyi_cpu_index,
    .index_put = tyi_cpu_index_put,
    .index_range = tyi_cpu_index_range,
    .index_from_one = tyi_cpu_index_from_one,
    .nonzero_count = tyi_cpu_nonzero_count,
    .nonzero_flat = tyi_cpu_nonzero_flat,
    .gather_rows = tyi_cpu_gather_rows,
    .sort = tyi_cpu_sort,
    .topk = tyi_cpu_topk,
    .uniform = tyi_cpu_uniform,
    .normal = tyi_cpu_normal,
    .bernoulli = tyi_cpu_bernoulli,
    .bernoulli_tensor = tyi_cpu_bernoulli_tensor,
    .exponential = tyi_cpu_exponential,
    .distribution = tyi_cpu_distribution,
    .poisson = tyi_cpu_poisson,
    .random_range = tyi_cpu_random_range,
    .randperm = tyi_cpu_randperm,
    .dropout = tyi_cpu_dropout,
    .dropout_backward = tyi_cpu_dropout_backward,
    .cell = tyi_cpu_cell,
    .cell_backward = tyi_cpu_cell_backward,
    .optim = tyi_cpu_optim,
    .lapack = tyi_cpu_lapack,
};

const tyi_backend *tyi_cpu_backend(void)
{
    return &table;
}
