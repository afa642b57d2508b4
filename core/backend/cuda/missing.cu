/*
 * Kernels that are not there on CUDA: each says so by its name. Nothing goes to the CPU unseen.
 */
#include "backend/cuda/device.cuh"
#include "backend/cuda/kernels.h"

static ty_status missing(const char *name)
{
    return tyi_host.fail(TY_ERROR_VALUE, "%s: there is no CUDA kernel for it; move its tensors to the CPU: x:to('cpu')",
                         name);
}

ty_status tyi_cuda_arange(ty_dtype, void *, int64_t, ty_scalar, ty_scalar)
{
    return missing("arange");
}
ty_status tyi_cuda_index(const tyi_index_args *)
{
    return missing("index");
}
ty_status tyi_cuda_index_put(const tyi_index_args *)
{
    return missing("index_put");
}
ty_status tyi_cuda_index_range(const int64_t *, int64_t, int64_t *, int64_t *)
{
    return missing("index_range");
}
ty_status tyi_cuda_index_from_one(const int64_t *, int64_t *, int64_t, const int64_t *, int64_t *)
{
    return missing("index_from_one");
}
ty_status tyi_cuda_nonzero_count(const void *, int64_t, int64_t *)
{
    return missing("nonzero_count");
}
ty_status tyi_cuda_nonzero_flat(const void *, int64_t, int64_t *)
{
    return missing("nonzero_flat");
}
ty_status tyi_cuda_gather_rows(ty_dtype, const void *, const int64_t *, int64_t, int64_t, float, float, float *)
{
    return missing("gather_rows");
}
ty_status tyi_cuda_sort(const tyi_sort_args *)
{
    return missing("sort");
}
ty_status tyi_cuda_topk(const tyi_sort_args *)
{
    return missing("topk");
}
ty_status tyi_cuda_uniform(ty_generator *, ty_dtype, void *, int64_t, double, double)
{
    return missing("uniform");
}
ty_status tyi_cuda_normal(ty_generator *, ty_dtype, void *, int64_t, double, double)
{
    return missing("normal");
}
ty_status tyi_cuda_bernoulli(ty_generator *, ty_dtype, void *, int64_t, double)
{
    return missing("bernoulli");
}
ty_status tyi_cuda_bernoulli_tensor(ty_generator *, ty_dtype, const void *, ty_dtype, void *, int64_t)
{
    return missing("bernoulli_tensor");
}
ty_status tyi_cuda_exponential(ty_generator *, ty_dtype, void *, int64_t, double)
{
    return missing("exponential");
}
ty_status tyi_cuda_distribution(ty_generator *, tyi_distribution, ty_dtype, void *, int64_t, double, double)
{
    return missing("distribution");
}
ty_status tyi_cuda_poisson(ty_generator *, ty_dtype, const void *, void *, int64_t)
{
    return missing("poisson");
}
ty_status tyi_cuda_random_range(ty_generator *, ty_dtype, void *, int64_t, int64_t, int64_t)
{
    return missing("random_range");
}
ty_status tyi_cuda_randperm(ty_generator *, ty_dtype, void *, int64_t)
{
    return missing("randperm");
}
ty_status tyi_cuda_dropout(ty_generator *, ty_dtype, const void *, void *, uint8_t *, int64_t, double)
{
    return missing("dropout");
}
ty_status tyi_cuda_dropout_backward(ty_dtype, const void *, const uint8_t *, void *, int64_t, double)
{
    return missing("dropout_backward");
}
ty_status tyi_cuda_lapack(const tyi_lapack_args *)
{
    return missing("linear algebra");
}
ty_status tyi_cuda_scatter_reduce(const tyi_scatter_args *)
{
    return missing("scatter_reduce");
}
