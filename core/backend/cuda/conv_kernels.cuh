/*
 * What the files of convolution share: columns of windows in any layout (columns.cu), groups of few channels
 * (conv_few.cu), and cuDNN where the plug-in was built with it (conv_cudnn.cu).
 */
#ifndef TYI_CUDA_CONV_KERNELS_CUH
#define TYI_CUDA_CONV_KERNELS_CUH

#include "backend/cuda/elements.cuh"

/* Columns of the windows over x {images, channels, in...}, of a floating dtype: the one of image n, channel c, place k
 * of the window and output o stands at n * image + (c * kernel + k) * row + o. */
typedef struct tyi_column_layout {
    const tyi_window *window;
    int64_t images, channels;
    int64_t image, row;
} tyi_column_layout;

/* Writes all columns, 0 for padding. */
ty_status tyi_write_columns(const char *name, ty_dtype dtype, const tyi_column_layout &layout, const void *x,
                            void *columns);
/* Writes x: bias[c] (0 where it is NULL) and every column that came from there, in the order of k. Columns are float32
 * where dtype, that of x and bias, has 16 bits. */
ty_status tyi_gather_columns(const char *name, ty_dtype dtype, const tyi_column_layout &layout, const void *columns,
                             const void *bias, void *x);

static inline int64_t tyi_product(const int64_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

/* The output whose place k of the window lies on element p of dimension d; -1 where there is none. */
static __device__ __forceinline__ int64_t tyi_output_at(const tyi_window &w, int d, int64_t p, int64_t k)
{
    int64_t from = p + w.pad[d] - k * w.dilation[d];
    if (from < 0 || (w.stride[d] != 1 && from % w.stride[d] != 0))
        return -1;
    int64_t o = w.stride[d] != 1 ? from / w.stride[d] : from;
    return o < w.out[d] ? o : -1;
}

/* Convolution in groups of few channels (conv_few.cu). */
ty_status tyi_conv_few(const tyi_conv_args *args);
/* Writes each channel's bias all over what the part writes, y or x, for a product to add to. */
ty_status tyi_start_with_bias(const tyi_conv_args &args);

#ifdef TYCHO_CUDNN
/* The convolution by cuDNN. *done is false, and nothing has been written, where cuDNN is not installed or does not have
 * this convolution. */
ty_status tyi_cudnn_conv(const tyi_conv_args *args, bool *done);
#endif

#endif
