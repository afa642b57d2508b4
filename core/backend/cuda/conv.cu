/*
 * Convolution: windows are written down as columns, a few images at a time, and multiplied by cuBLAS; the columns of
 * all these images make one product, wide enough for the device however small the images are. A window of one element
 * needs no columns, and groups of few channels are no products (conv_few.cu). All results are the same whatever order
 * threads run in. cuDNN is asked first where the plug-in was built with it.
 *
 * What is added up over 16-bit floats is float32 until its last sum: columns that are gathered, a weight that some
 * images have not come to yet, outputs that wait for their bias.
 */
#include "backend/cuda/blas.cuh"
#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

namespace
{

constexpr int64_t FEW = 4;                 /* channels of a group that is no matrix product */
constexpr int64_t COLUMN_BYTES = 32 << 20; /* of columns at a time: they stay in the cache of a large GPU */

/* A convolution and what follows from its arguments. */
struct job {
    const tyi_conv_args &a;
    int64_t in, out, kernel;
    int64_t rows; /* of a group's columns */
    bool narrow;
    ty_dtype wide; /* what sums have */

    explicit job(const tyi_conv_args &args)
        : a(args), in(tyi_product(args.window.in)), out(tyi_product(args.window.out)),
          kernel(tyi_product(args.window.kernel)), rows(args.in_channels * kernel),
          narrow(tyi_is_reduced_dtype(args.dtype)), wide(narrow ? TY_FLOAT32 : args.dtype)
    {
    }
    int64_t x_channels() const
    {
        return a.groups * a.in_channels;
    }
    int64_t y_channels() const
    {
        return a.groups * a.out_channels;
    }
    /* The first element of an image. */
    char *x_of(int64_t image) const
    {
        return static_cast<char *>(a.x) + image * x_channels() * in * static_cast<int64_t>(tyi_bytes_of(a.dtype));
    }
    char *y_of(int64_t image) const
    {
        return static_cast<char *>(a.y) + image * y_channels() * out * static_cast<int64_t>(tyi_bytes_of(a.dtype));
    }
};

/* Room to work in. */
struct room {
    void *columns;
    void *beside; /* y with its images side by side: {channels, images, out} */
    void *sums;   /* of the weight, in `wide`; NULL: it is added up where it lies */
};

/* ---- Images side by side ---- */

/* beside {channels, images, out} = y {images, channels, out}. T has an element's size. */
template <typename T> __global__ void lay_beside(const T *y, T *beside, int64_t images, int64_t channels, int64_t out)
{
    int64_t n = images * channels * out, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t plane = i / out;
        beside[(plane % channels * images + plane / channels) * out + i % out] = y[i];
    }
}

/* y {images, channels, out} = beside {channels, images, out} + the channel's bias, rounded. beside may be y where there
 * is one image. */
template <typename T, typename V>
__global__ void place_images(const V *beside, T *y, const T *bias, int64_t images, int64_t channels, int64_t out)
{
    typedef tyi_element<T> E;
    int64_t n = images * channels * out, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t plane = i / out, c = plane % channels;
        V value = beside[(c * images + plane / channels) * out + i % out];
        y[i] = E::of(bias ? value + E::value(bias[c]) : value);
    }
}

ty_status lay(const job &j, int64_t image, int64_t images, void *beside)
{
    TYI_BY_SIZE(j.a.dtype, "conv", [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch("conv", lay_beside<T>, tyi_blocks(images * j.y_channels() * j.out, TYI_THREADS), TYI_THREADS,
                          0, reinterpret_cast<const T *>(j.y_of(image)), static_cast<T *>(beside), images,
                          j.y_channels(), j.out);
    });
}

/* beside, of the wide dtype, to `to` of the convolution's. */
ty_status place(const job &j, const void *beside, void *to, const void *bias, int64_t images, int64_t channels,
                int64_t size)
{
    TYI_FLOATING(j.a.dtype, "conv", [&](auto zero) {
        typedef decltype(zero) T;
        typedef typename tyi_element<T>::value_type V;
        return tyi_launch("conv", place_images<T, V>, tyi_blocks(images * channels * size, TYI_THREADS), TYI_THREADS, 0,
                          static_cast<const V *>(beside), static_cast<T *>(to), static_cast<const T *>(bias), images,
                          channels, size);
    });
}

/* data {planes, size} = bias[plane % channels]. */
template <typename T> __global__ void write_bias(T *data, const T *bias, int64_t n, int64_t size, int64_t channels)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
        data[i] = bias[i / size % channels];
}

/* ---- Products ---- */

/* A group's product with `width` columns of all images in hand; beside {channels of y, width}, which Y writes in the
 * dtype `to`. */
ty_status multiply(const job &j, int64_t width, const room &r, ty_dtype to, bool first)
{
    const tyi_conv_args &a = j.a;
    tyi_matmul_args p = {};
    p.dtype = a.dtype;
    p.batch = a.groups;
    p.alpha = 1;
    if (a.part == TYI_CONV_WEIGHT) {
        p.m = a.out_channels, p.n = j.rows, p.k = width;
        p.a = r.beside, p.a_batch = a.out_channels * width, p.a_row = width, p.a_col = 1;
        p.b = r.columns, p.b_batch = j.rows * width, p.b_row = 1, p.b_col = width;
        p.c = r.sums ? r.sums : a.weight, p.c_batch = a.out_channels * j.rows, p.ldc = j.rows;
        p.beta = !first;
    } else {
        bool y = a.part == TYI_CONV_Y;
        p.m = y ? a.out_channels : j.rows, p.n = width, p.k = y ? j.rows : a.out_channels;
        p.a = a.weight, p.a_batch = a.out_channels * j.rows;
        p.a_row = y ? j.rows : 1, p.a_col = y ? 1 : j.rows;
        p.b = y ? r.columns : r.beside, p.b_batch = p.k * width, p.b_row = width, p.b_col = 1;
        p.c = y ? r.beside : r.columns, p.c_batch = p.m * width, p.ldc = width;
    }
    return tyi_blas_product("conv", &p, to, tyi_tf32.convolutions);
}

/* y of `images` images from `image` on. */
ty_status outputs_of(const job &j, int64_t image, int64_t images, room r)
{
    const void *bias = j.a.bias;
    bool there = images == 1 && !(j.narrow && bias); /* the product is y, but for its bias */
    if (there)
        r.beside = j.y_of(image);
    TYI_TRY(multiply(j, images * j.out, r, there ? j.a.dtype : j.wide, true));
    return there && !bias ? TY_OK : place(j, r.beside, j.y_of(image), bias, images, j.y_channels(), j.out);
}

/* The part of `images` images from `image` on. */
ty_status run_images(const job &j, int64_t image, int64_t images, room r)
{
    const tyi_conv_args &a = j.a;
    int64_t width = images * j.out;
    tyi_column_layout layout = {&a.window, images, j.x_channels(), j.out, width};
    if (a.part != TYI_CONV_X)
        TYI_TRY(tyi_write_columns("conv", a.dtype, layout, j.x_of(image), r.columns));
    if (a.part == TYI_CONV_Y)
        return outputs_of(j, image, images, r);
    if (images == 1)
        r.beside = j.y_of(image);
    else
        TYI_TRY(lay(j, image, images, r.beside));
    if (a.part == TYI_CONV_WEIGHT)
        return multiply(j, width, r, r.sums ? j.wide : a.dtype, image == 0);
    TYI_TRY(multiply(j, width, r, j.wide, true));
    return tyi_gather_columns("conv", a.dtype, layout, r.columns, a.bias, j.x_of(image));
}

ty_status by_columns(const job &j)
{
    const tyi_conv_args &a = j.a;
    int64_t element = static_cast<int64_t>(tyi_bytes_of(a.dtype)), wide = static_cast<int64_t>(tyi_bytes_of(j.wide));
    int64_t of_image = a.groups * j.rows * j.out * (a.part == TYI_CONV_X ? wide : element);
    int64_t images = COLUMN_BYTES / (of_image ? of_image : 1);
    images = images < 1 ? 1 : images > a.batch ? a.batch : images;
    bool adds_up = a.part == TYI_CONV_WEIGHT && j.narrow && images < a.batch;
    tyi_scratch columns, beside, sums;
    TYI_TRY(columns.allocate(static_cast<size_t>(images * of_image)));
    if (images > 1 || (a.part == TYI_CONV_Y && j.narrow && a.bias))
        TYI_TRY(beside.allocate(
            static_cast<size_t>(images * j.y_channels() * j.out * (a.part == TYI_CONV_Y ? wide : element))));
    if (adds_up)
        TYI_TRY(sums.allocate(static_cast<size_t>(j.y_channels() * j.rows * wide)));
    room r = {columns.as<void>(), beside.as<void>(), sums.as<void>()};
    for (int64_t image = 0; image < a.batch; image += images)
        TYI_TRY(run_images(j, image, a.batch - image < images ? a.batch - image : images, r));
    return adds_up ? place(j, r.sums, a.weight, nullptr, 1, 1, j.y_channels() * j.rows) : TY_OK;
}

/* A window of one element that moves by one: every image is its own columns. One group; y or x. The product adds to the
 * bias, so that the sum is rounded once. */
ty_status by_images(const job &j)
{
    const tyi_conv_args &a = j.a;
    bool y = a.part == TYI_CONV_Y;
    tyi_matmul_args p = {};
    p.dtype = a.dtype;
    p.batch = a.batch;
    p.alpha = 1;
    p.m = y ? a.out_channels : a.in_channels, p.n = j.out, p.k = y ? a.in_channels : a.out_channels;
    p.a = a.weight, p.a_row = y ? a.in_channels : 1, p.a_col = y ? 1 : a.in_channels;
    p.b = y ? a.x : a.y, p.b_batch = p.k * j.out, p.b_row = j.out, p.b_col = 1;
    p.c = y ? a.y : a.x, p.c_batch = p.m * j.out, p.ldc = j.out;
    p.beta = a.bias != nullptr;
    if (a.bias)
        TYI_TRY(tyi_start_with_bias(a));
    return tyi_blas_product("conv", &p, a.dtype, tyi_tf32.convolutions);
}

/* The sums of y by channel: of each plane, then over the batch. */
ty_status sum_y(const job &j)
{
    const tyi_conv_args &a = j.a;
    tyi_scratch sums;
    int64_t planes_and_sums = (a.batch + j.narrow) * j.y_channels();
    TYI_TRY(sums.allocate(static_cast<size_t>(planes_and_sums) * tyi_bytes_of(j.wide)));
    tyi_reduce_args planes = {};
    planes.op = TYI_REDUCE_SUM, planes.dtype = a.dtype, planes.x = a.y, planes.out = sums.as<void>();
    planes.wide_out = j.narrow;
    planes.outer = a.batch * j.y_channels(), planes.reduced = planes.x_outer = j.out;
    planes.inner = planes.x_reduced = planes.x_inner = 1;
    TYI_TRY(tyi_cuda_reduce(&planes));
    tyi_reduce_args batch = {};
    batch.op = TYI_REDUCE_SUM, batch.dtype = j.wide, batch.x = sums.as<void>();
    batch.out = j.narrow ? sums.as<float>() + planes.outer : a.y_sums;
    batch.outer = batch.x_inner = 1, batch.reduced = a.batch, batch.inner = batch.x_reduced = j.y_channels();
    batch.x_outer = planes.outer;
    TYI_TRY(tyi_cuda_reduce(&batch));
    return j.narrow ? place(j, batch.out, a.y_sums, nullptr, 1, 1, j.y_channels()) : TY_OK;
}

ty_status run(const tyi_conv_args *args)
{
    bool few = args->groups > 1 && args->in_channels <= FEW && args->out_channels <= FEW;
    if (few && args->in_channels == 1 && !tyi_is_reduced_dtype(args->dtype)) /* as PyTorch: cuDNN is no faster there */
        return tyi_conv_few(args);
#ifdef TYCHO_CUDNN
    bool done = false;
    TYI_TRY(tyi_cudnn_conv(args, &done));
    if (done)
        return TY_OK;
#endif
    job j(*args);
    const tyi_window &w = args->window;
    bool direct = j.kernel == 1 && args->groups == 1 && args->part != TYI_CONV_WEIGHT;
    for (int d = 0; d < 3; d++)
        direct = direct && w.stride[d] == 1 && w.pad[d] == 0 && w.in[d] == w.out[d];
    return few ? tyi_conv_few(args) : direct ? by_images(j) : by_columns(j);
}

} // namespace

ty_status tyi_start_with_bias(const tyi_conv_args &a)
{
    bool x = a.part == TYI_CONV_X;
    int64_t size = tyi_product(x ? a.window.in : a.window.out),
            channels = a.groups * (x ? a.in_channels : a.out_channels);
    int64_t n = a.batch * channels * size;
    TYI_BY_SIZE(a.dtype, "conv", [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch("conv", write_bias<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0,
                          static_cast<T *>(x ? a.x : a.y), static_cast<const T *>(a.bias), n, size, channels);
    });
}

ty_status tyi_cuda_conv(const tyi_conv_args *args)
{
    TYI_TRY(run(args));
    return args->part == TYI_CONV_WEIGHT && args->y_sums ? sum_y(job(*args)) : TY_OK;
}
