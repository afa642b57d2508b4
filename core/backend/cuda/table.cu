/*
 * The CUDA backend's table of kernels.
 */
#include "backend/cuda/kernels.h"

static tyi_backend make_table()
{
    tyi_backend table = {};
    table.name = "cuda";
    table.to_host = tyi_cuda_to_host;
    table.from_host = tyi_cuda_from_host;
    table.copy = tyi_cuda_copy;
    table.fill = tyi_cuda_fill;
    table.unary = tyi_cuda_unary;
    table.binary = tyi_cuda_binary;
    table.axpy = tyi_cuda_axpy;
    table.where = tyi_cuda_where;
    table.clamp = tyi_cuda_clamp;
    table.arange = tyi_cuda_arange;
    table.linspace = tyi_cuda_linspace;
    table.reduce = tyi_cuda_reduce;
    table.cumsum = tyi_cuda_cumsum;
    table.matmul = tyi_cuda_matmul;
    table.softmax = tyi_cuda_softmax;
    table.softmax_backward = tyi_cuda_softmax_backward;
    table.nll = tyi_cuda_nll;
    table.nll_backward = tyi_cuda_nll_backward;
    table.ctc = tyi_cuda_ctc;
    table.ctc_backward = tyi_cuda_ctc_backward;
    table.label_margins = tyi_cuda_label_margins;
    table.sum_rows = tyi_cuda_sum_rows;
    table.bag_max = tyi_cuda_bag_max;
    table.norm = tyi_cuda_norm;
    table.norm_backward = tyi_cuda_norm_backward;
    table.conv = tyi_cuda_conv;
    table.narrow_conv = true;
    table.columns = tyi_cuda_columns;
    table.pool = tyi_cuda_pool;
    table.resample = tyi_cuda_resample;
    table.index = tyi_cuda_index;
    table.index_put = tyi_cuda_index_put;
    table.index_range = tyi_cuda_index_range;
    table.index_from_one = tyi_cuda_index_from_one;
    table.nonzero_count = tyi_cuda_nonzero_count;
    table.nonzero_flat = tyi_cuda_nonzero_flat;
    table.gather_rows = tyi_cuda_gather_rows;
    table.sort = tyi_cuda_sort;
    table.topk = tyi_cuda_topk;
    table.uniform = tyi_cuda_uniform;
    table.normal = tyi_cuda_normal;
    table.bernoulli = tyi_cuda_bernoulli;
    table.bernoulli_tensor = tyi_cuda_bernoulli_tensor;
    table.exponential = tyi_cuda_exponential;
    table.distribution = tyi_cuda_distribution;
    table.poisson = tyi_cuda_poisson;
    table.multinomial = tyi_cuda_multinomial;
    table.random_range = tyi_cuda_random_range;
    table.randperm = tyi_cuda_randperm;
    table.dropout = tyi_cuda_dropout;
    table.dropout_backward = tyi_cuda_dropout_backward;
    table.cell = tyi_cuda_cell;
    table.cell_backward = tyi_cuda_cell_backward;
    table.optim = tyi_cuda_optim;
    table.optim_many = tyi_cuda_optim_many;
    table.lapack = tyi_cuda_lapack;
    table.scatter_reduce = tyi_cuda_scatter_reduce;
    return table;
}

const tyi_backend tyi_cuda_table = make_table();
