/*
 * Convolution: windows are written down as columns, a few images at a time, and multiplied by cuBLAS; the columns of
 * all these images make one product, wide enough for the device however small the images are. A window of one element
 * needs no columns, groups of few channels are no products and get kernels of their own. All results are the same
 * whatever order threads run in. cuDNN is asked first where the plug-in was built with it.
 */
#include "backend/cuda/blas.cuh"
#include "backend/cuda/block.cuh"
#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

namespace
{

constexpr int64_t COLUMN_BYTES = 32 << 20; /* of columns at a time: they stay in the cache of a large GPU */
constexpr int64_t FEW = 4;                 /* channels of a group that is no matrix product */

/* A convolution and what follows from its arguments. */
struct job {
    const tyi_conv_args &a;
    int64_t in, out, kernel;
    int64_t rows; /* of a group's columns */

    explicit job(const tyi_conv_args &args)
        : a(args), in(tyi_product(args.window.in)), out(tyi_product(args.window.out)),
          kernel(tyi_product(args.window.kernel)), rows(args.in_channels * kernel)
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

/* ---- Images side by side ---- */

/* Element (n, c, o) of y {images, channels, out} to or from (c, n, o) of `beside` {channels, images, out}; on the way
 * to y it gets its channel's bias. beside may be y where there is one image. */
template <typename T>
__global__ void move_images(T *y, T *beside, const T *bias, int64_t images, int64_t channels, int64_t out, bool to_y)
{
    int64_t n = images * channels * out, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t plane = i / out, c = plane % channels;
        T *other = beside + (c * images + plane / channels) * out + i % out;
        if (to_y)
            y[i] = bias ? *other + bias[c] : *other;
        else
            *other = y[i];
    }
}

ty_status move(const job &j, int64_t image, int64_t images, void *beside, bool to_y)
{
    return tyi_by_wide_float("conv", j.a.dtype, [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch("conv", move_images<T>, tyi_blocks(images * j.y_channels() * j.out, TYI_THREADS), TYI_THREADS,
                          0, reinterpret_cast<T *>(j.y_of(image)), static_cast<T *>(beside),
                          static_cast<const T *>(to_y ? j.a.bias : nullptr), images, j.y_channels(), j.out, to_y);
    });
}

/* data {planes, size} += bias[plane % channels]. */
template <typename T> __global__ void add_bias(T *data, const T *bias, int64_t n, int64_t size, int64_t channels)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
        data[i] += bias[i / size % channels];
}

/* ---- Products ---- */

/* A group's product with `width` columns of all images in hand; beside {channels of y, width}. */
ty_status multiply(const job &j, int64_t width, void *beside, void *columns, bool first)
{
    const tyi_conv_args &a = j.a;
    tyi_matmul_args p = {};
    p.dtype = a.dtype;
    p.batch = a.groups;
    p.alpha = 1;
    if (a.part == TYI_CONV_WEIGHT) {
        p.m = a.out_channels, p.n = j.rows, p.k = width;
        p.a = beside, p.a_batch = a.out_channels * width, p.a_row = width, p.a_col = 1;
        p.b = columns, p.b_batch = j.rows * width, p.b_row = 1, p.b_col = width;
        p.c = a.weight, p.c_batch = a.out_channels * j.rows, p.ldc = j.rows;
        p.beta = !first;
    } else {
        bool y = a.part == TYI_CONV_Y;
        p.m = y ? a.out_channels : j.rows, p.n = width, p.k = y ? j.rows : a.out_channels;
        p.a = a.weight, p.a_batch = a.out_channels * j.rows;
        p.a_row = y ? j.rows : 1, p.a_col = y ? 1 : j.rows;
        p.b = y ? columns : beside, p.b_batch = p.k * width, p.b_row = width, p.b_col = 1;
        p.c = y ? beside : columns, p.c_batch = p.m * width, p.ldc = width;
    }
    return tyi_blas_product("conv", &p, tyi_tf32.convolutions);
}

/* The part of `images` images from `image` on; columns and beside are room to work in. */
ty_status run_images(const job &j, int64_t image, int64_t images, void *columns, void *room)
{
    const tyi_conv_args &a = j.a;
    int64_t width = images * j.out;
    void *beside = images == 1 ? j.y_of(image) : room;
    tyi_column_layout layout = {&a.window, images, j.x_channels(), j.out, width};
    if (a.part != TYI_CONV_X)
        TYI_TRY(tyi_write_columns("conv", a.dtype, layout, j.x_of(image), columns));
    if (a.part != TYI_CONV_Y && images > 1)
        TYI_TRY(move(j, image, images, beside, false));
    TYI_TRY(multiply(j, width, beside, columns, image == 0));
    if (a.part == TYI_CONV_Y && (images > 1 || a.bias))
        return move(j, image, images, beside, true);
    if (a.part == TYI_CONV_X)
        return tyi_gather_columns("conv", a.dtype, layout, columns, a.bias, j.x_of(image));
    return TY_OK;
}

ty_status by_columns(const job &j)
{
    const tyi_conv_args &a = j.a;
    int64_t element = static_cast<int64_t>(tyi_bytes_of(a.dtype));
    int64_t of_image = a.groups * j.rows * j.out * element;
    int64_t images = COLUMN_BYTES / (of_image ? of_image : 1);
    images = images < 1 ? 1 : images > a.batch ? a.batch : images;
    tyi_scratch columns, beside;
    TYI_TRY(columns.allocate(static_cast<size_t>(images * of_image)));
    if (images > 1)
        TYI_TRY(beside.allocate(static_cast<size_t>(images * j.y_channels() * j.out * element)));
    for (int64_t image = 0; image < a.batch; image += images) {
        int64_t count = a.batch - image < images ? a.batch - image : images;
        TYI_TRY(run_images(j, image, count, columns.as<void>(), beside.as<void>()));
    }
    return TY_OK;
}

/* A window of one element that moves by one: every image is its own columns. One group; y or x. */
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
    TYI_TRY(tyi_blas_product("conv", &p, tyi_tf32.convolutions));
    if (!a.bias)
        return TY_OK;
    return tyi_by_wide_float("conv", a.dtype, [&](auto zero) {
        typedef decltype(zero) T;
        int64_t n = a.batch * p.m * j.out;
        return tyi_launch("conv", add_bias<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, static_cast<T *>(p.c),
                          static_cast<const T *>(a.bias), n, j.out, p.m);
    });
}

/* ---- Groups of few channels ---- */

/* The element that place k of the window meets for output o; -1 in padding. */
static __device__ __forceinline__ int64_t element_under(const tyi_window &w, int d, int64_t o, int64_t k)
{
    int64_t p = o * w.stride[d] - w.pad[d] + k * w.dilation[d];
    return p < 0 || p >= w.in[d] ? -1 : p;
}

/* A thread an element of what is written: y from x, or (turned) x from y. The planes that it sums over are those of its
 * group on the other side. */
template <typename T, bool Turned>
__global__ void few_channels(const tyi_conv_args a, int64_t n, int64_t in, int64_t out, int64_t kernel)
{
    const tyi_window &w = a.window;
    const int64_t *sizes = Turned ? w.in : w.out, *others = Turned ? w.out : w.in;
    int64_t own = Turned ? a.in_channels : a.out_channels, met = Turned ? a.out_channels : a.in_channels;
    int64_t size = Turned ? in : out, other = Turned ? out : in, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    T *to = static_cast<T *>(Turned ? a.x : a.y);
    const T *read = static_cast<const T *>(Turned ? a.y : a.x), *bias = static_cast<const T *>(a.bias);
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t at = i % size, plane = i / size, c = plane % own, group = plane / own % a.groups;
        int64_t x = at % sizes[2], y = at / sizes[2] % sizes[1], z = at / sizes[2] / sizes[1];
        const T *from = read + plane / own * met * other;
        T sum = bias ? bias[group * own + c] : T(0);
        for (int64_t m = 0; m < met; m++) {
            int64_t out_channel = group * a.out_channels + (Turned ? m : c), in_channel = Turned ? c : m;
            const T *weight = static_cast<const T *>(a.weight) + (out_channel * a.in_channels + in_channel) * kernel;
            for (int64_t kz = 0; kz < w.kernel[0]; kz++) {
                int64_t pz = Turned ? tyi_output_at(w, 0, z, kz) : element_under(w, 0, z, kz);
                for (int64_t ky = 0; pz >= 0 && ky < w.kernel[1]; ky++) {
                    int64_t py = Turned ? tyi_output_at(w, 1, y, ky) : element_under(w, 1, y, ky);
                    for (int64_t kx = 0; py >= 0 && kx < w.kernel[2]; kx++) {
                        int64_t px = Turned ? tyi_output_at(w, 2, x, kx) : element_under(w, 2, x, kx);
                        if (px >= 0)
                            sum += weight[(kz * w.kernel[1] + ky) * w.kernel[2] + kx] *
                                   from[m * other + (pz * others[1] + py) * others[2] + px];
                    }
                }
            }
        }
        to[i] = sum;
    }
}

/* A block an element of the weight, its threads share the outputs of all images. */
template <typename T>
__global__ void few_weights(const tyi_conv_args a, int64_t weights, int64_t in, int64_t out, int64_t kernel)
{
    const tyi_window &w = a.window;
    for (int64_t i = blockIdx.x; i < weights; i += gridDim.x) {
        int64_t k = i % kernel, plane = i / kernel, in_channel = plane % a.in_channels;
        int64_t out_channel = plane / a.in_channels, group = out_channel / a.out_channels;
        int64_t kx = k % w.kernel[2], ky = k / w.kernel[2] % w.kernel[1], kz = k / w.kernel[2] / w.kernel[1];
        T sum = 0;
        for (int64_t j = threadIdx.x; j < a.batch * out; j += blockDim.x) {
            int64_t o = j % out, image = j / out;
            int64_t px = element_under(w, 2, o % w.out[2], kx), py = element_under(w, 1, o / w.out[2] % w.out[1], ky);
            int64_t pz = element_under(w, 0, o / w.out[2] / w.out[1], kz);
            if (px < 0 || py < 0 || pz < 0)
                continue;
            int64_t y_plane = image * a.groups * a.out_channels + out_channel;
            int64_t x_plane = (image * a.groups + group) * a.in_channels + in_channel;
            sum += static_cast<const T *>(a.y)[y_plane * out + o] *
                   static_cast<const T *>(a.x)[x_plane * in + (pz * w.in[1] + py) * w.in[2] + px];
        }
        sum = tyi_block_fold(sum, tyi_plus());
        if (threadIdx.x == 0)
            static_cast<T *>(a.weight)[i] = sum;
    }
}

ty_status by_few(const job &j)
{
    const tyi_conv_args &a = j.a;
    return tyi_by_wide_float("conv", a.dtype, [&](auto zero) {
        typedef decltype(zero) T;
        if (a.part == TYI_CONV_WEIGHT) {
            int64_t weights = j.y_channels() * j.rows;
            return tyi_launch("conv", few_weights<T>, tyi_blocks(weights, 1), TYI_THREADS, 0, a, weights, j.in, j.out,
                              j.kernel);
        }
        bool turned = a.part == TYI_CONV_X;
        int64_t n = a.batch * (turned ? j.x_channels() * j.in : j.y_channels() * j.out);
        return tyi_launch("conv", turned ? few_channels<T, true> : few_channels<T, false>, tyi_blocks(n, TYI_THREADS),
                          TYI_THREADS, 0, a, n, j.in, j.out, j.kernel);
    });
}

/* The sums of y by channel: of each plane, then over the batch. */
ty_status sum_y(const job &j)
{
    const tyi_conv_args &a = j.a;
    tyi_scratch sums;
    TYI_TRY(sums.allocate(static_cast<size_t>(a.batch * j.y_channels()) * tyi_bytes_of(a.dtype)));
    tyi_reduce_args planes = {};
    planes.op = TYI_REDUCE_SUM, planes.dtype = a.dtype, planes.x = a.y, planes.out = sums.as<void>();
    planes.outer = a.batch * j.y_channels(), planes.reduced = planes.x_outer = j.out;
    planes.inner = planes.x_reduced = planes.x_inner = 1;
    TYI_TRY(tyi_cuda_reduce(&planes));
    tyi_reduce_args batch = {};
    batch.op = TYI_REDUCE_SUM, batch.dtype = a.dtype, batch.x = sums.as<void>(), batch.out = a.y_sums;
    batch.outer = batch.x_inner = 1, batch.reduced = a.batch, batch.inner = batch.x_reduced = j.y_channels();
    batch.x_outer = planes.outer;
    return tyi_cuda_reduce(&batch);
}

ty_status run(const tyi_conv_args *args)
{
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
    if (args->groups > 1 && args->in_channels <= FEW && args->out_channels <= FEW)
        return by_few(j);
    return direct ? by_images(j) : by_columns(j);
}

} // namespace

ty_status tyi_cuda_conv(const tyi_conv_args *args)
{
    TYI_TRY(run(args));
    return args->part == TYI_CONV_WEIGHT && args->y_sums ? sum_y(job(*args)) : TY_OK;
}
