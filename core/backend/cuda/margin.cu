/*
 * Margins between the classes that a list names and all others (multilabel_margin_loss): a block for each row, its
 * slopes as numbers of margins, which no order of adding changes. A row takes as many steps as it has pairs of a class
 * of its list and another: threads share the others for what those get, warps the list for what its own classes get.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/memory.cuh"

namespace
{

struct lesser {
    __device__ __forceinline__ int64_t operator()(int64_t a, int64_t b) const
    {
        return a < b ? a : b;
    }
};

/* A row: x, its list (which ends before `length`), and how often the list names each class. A place of the list that
 * holds no class is left out. */
template <typename T> struct margin_row {
    const T *x;
    const int64_t *list;
    const int *named;
    int64_t classes, length;
};

/* Over the pairs of class j, which the list does not name, and the list: the sum of the margins, and how many. */
template <typename T> __device__ int margins_of(const margin_row<T> &row, int64_t j, T *sum)
{
    int count = 0;
    for (int64_t k = 0; k < row.length; k++) {
        const int64_t t = row.list[k];
        const T z = t < row.classes ? 1 - row.x[t] + row.x[j] : 0;
        if (z > 0) {
            *sum += z;
            count++;
        }
    }
    return count;
}

/* With how many classes that the list does not name class t has a margin; a warp. */
template <typename T> __device__ int margins_against(const margin_row<T> &row, int64_t t)
{
    int count = 0;
    for (int64_t j = threadIdx.x % TYI_WARP; j < row.classes; j += TYI_WARP)
        count += row.named[j] == 0 && 1 - row.x[t] + row.x[j] > 0;
    return tyi_lanes_fold(count, TYI_WARP, tyi_plus());
}

/* room: {blocks, classes}. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) label_margins(const tyi_margin_args a, int *room, int *fault)
{
    int *named = room + blockIdx.x * a.classes;
    const T share = 1 / static_cast<T>(a.classes);
    for (int64_t r = blockIdx.x; r < a.rows; r += gridDim.x) {
        const T *x = static_cast<const T *>(a.x) + r * a.classes;
        const int64_t *list = a.target + r * a.classes;
        T *slope = static_cast<T *>(a.slope) + r * a.classes;
        int64_t end = a.classes;
        for (int64_t k = threadIdx.x; k < end; k += TYI_THREADS) {
            named[k] = 0;
            if (list[k] < 0)
                end = k;
        }
        for (int64_t k = end + TYI_THREADS; k < a.classes; k += TYI_THREADS)
            named[k] = 0;
        const margin_row<T> row = {x, list, named, a.classes, tyi_block_fold(end, lesser())};
        __syncthreads();
        for (int64_t k = threadIdx.x; k < row.length; k += TYI_THREADS) {
            if (list[k] < a.classes)
                atomicAdd(&named[list[k]], 1);
            else if (fault)
                *fault = TYI_FAULT_INDEX;
        }
        __syncthreads();
        T sum = 0;
        for (int64_t j = threadIdx.x; j < a.classes; j += TYI_THREADS)
            if (named[j] == 0)
                slope[j] = share * static_cast<T>(margins_of(row, j, &sum));
        for (int64_t k = threadIdx.x / TYI_WARP; k < row.length; k += TYI_THREADS / TYI_WARP) {
            const int64_t t = list[k];
            const int count = t < a.classes ? margins_against(row, t) : 0;
            if (t < a.classes && threadIdx.x % TYI_WARP == 0)
                slope[t] = -share * static_cast<T>(count) * static_cast<T>(named[t]);
        }
        sum = tyi_block_fold(sum, tyi_plus());
        if (threadIdx.x == 0)
            static_cast<T *>(a.loss)[r] = sum / static_cast<T>(a.classes);
    }
}

template <typename T> ty_status run(const tyi_margin_args *args)
{
    const int64_t most = (int64_t)tyi_multiprocessors() * TYI_BLOCKS_PER_SM;
    const int64_t blocks = args->rows < most ? args->rows : most;
    tyi_scratch room;
    TYI_TRY(room.allocate((size_t)(blocks * args->classes) * sizeof(int)));
    return tyi_launch("multilabel_margin_loss", label_margins<T>, (unsigned)blocks, TYI_THREADS, 0, *args,
                      room.as<int>(), tyi_fault_word());
}

} // namespace

ty_status tyi_cuda_label_margins(const tyi_margin_args *args)
{
    if (args->rows == 0)
        return TY_OK;
    switch (args->dtype) {
    case TY_FLOAT32:
        return run<float>(args);
    case TY_FLOAT64:
        return run<double>(args);
    default:
        return tyi_no_kernel("multilabel_margin_loss", args->dtype);
    }
}
