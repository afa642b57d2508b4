/*
 * Columns of sliding windows: written from images, and gathered back. A thread makes all places of one output's window,
 * or one element of an image, so that neighbouring threads touch neighbours in memory, and nothing is added by two
 * threads: results do not depend on their order.
 */
#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"

namespace
{

/* The layout as kernels get it. (Divisions of 64-bit numbers take the 32-bit way by themselves where both fit.) */
struct walk {
    tyi_window w;
    int64_t total; /* threads: outputs or elements of all planes */
    int64_t in, out, channels, kernel, image, row;
};

/* T has an element's size: nothing is computed, and 0 has no bits set. */
template <typename T> __global__ void write_columns(const walk c, const T *x, T *columns)
{
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < c.total; i += step) {
        int64_t o = i % c.out, plane = i / c.out, width = c.w.out[2], height = c.w.out[1];
        const T *from = x + plane * c.in;
        T *to = columns + plane / c.channels * c.image + plane % c.channels * c.kernel * c.row + o;
        int64_t x0 = o % width * c.w.stride[2] - c.w.pad[2];
        int64_t y0 = o / width % height * c.w.stride[1] - c.w.pad[1];
        int64_t z0 = o / width / height * c.w.stride[0] - c.w.pad[0];
        for (int64_t kz = 0; kz < c.w.kernel[0]; kz++)
            for (int64_t ky = 0; ky < c.w.kernel[1]; ky++)
                for (int64_t kx = 0; kx < c.w.kernel[2]; kx++) {
                    int64_t pz = z0 + kz * c.w.dilation[0], py = y0 + ky * c.w.dilation[1];
                    int64_t px = x0 + kx * c.w.dilation[2];
                    bool inside = pz >= 0 && pz < c.w.in[0] && py >= 0 && py < c.w.in[1] && px >= 0 && px < c.w.in[2];
                    *to = inside ? from[(pz * c.w.in[1] + py) * c.w.in[2] + px] : T(0);
                    to += c.row;
                }
    }
}

/* Columns have the type that T is computed in. */
template <typename T, typename V> __global__ void gather_columns(const walk c, const V *columns, const T *bias, T *x)
{
    typedef tyi_element<T> E;
    int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < c.total; i += step) {
        int64_t p = i % c.in, plane = i / c.in, width = c.w.in[2], height = c.w.in[1];
        int64_t channel = plane % c.channels;
        int64_t px = p % width, py = p / width % height, pz = p / width / height;
        const V *from = columns + plane / c.channels * c.image + channel * c.kernel * c.row;
        V sum = 0;
        for (int64_t kz = 0; kz < c.w.kernel[0]; kz++) {
            int64_t oz = tyi_output_at(c.w, 0, pz, kz);
            for (int64_t ky = 0; oz >= 0 && ky < c.w.kernel[1]; ky++) {
                int64_t oy = tyi_output_at(c.w, 1, py, ky);
                for (int64_t kx = 0; oy >= 0 && kx < c.w.kernel[2]; kx++) {
                    int64_t ox = tyi_output_at(c.w, 2, px, kx);
                    if (ox >= 0)
                        sum += from[((kz * c.w.kernel[1] + ky) * c.w.kernel[2] + kx) * c.row +
                                    (oz * c.w.out[1] + oy) * c.w.out[2] + ox];
                }
            }
        }
        x[i] = E::of(bias ? sum + E::value(bias[channel]) : sum);
    }
}

walk walk_of(const tyi_column_layout &layout, int64_t total)
{
    const tyi_window &w = *layout.window;
    return {
        w,         total, tyi_product(w.in), tyi_product(w.out), layout.channels, tyi_product(w.kernel), layout.image,
        layout.row};
}

} // namespace

ty_status tyi_write_columns(const char *name, ty_dtype dtype, const tyi_column_layout &layout, const void *x,
                            void *columns)
{
    int64_t total = layout.images * layout.channels * tyi_product(layout.window->out);
    TYI_BY_SIZE(dtype, name, [&](auto zero) {
        typedef decltype(zero) T;
        return tyi_launch(name, write_columns<T>, tyi_blocks(total, TYI_THREADS), TYI_THREADS, 0,
                          walk_of(layout, total), static_cast<const T *>(x), static_cast<T *>(columns));
    });
}

ty_status tyi_gather_columns(const char *name, ty_dtype dtype, const tyi_column_layout &layout, const void *columns,
                             const void *bias, void *x)
{
    int64_t total = layout.images * layout.channels * tyi_product(layout.window->in);
    TYI_FLOATING(dtype, name, [&](auto zero) {
        typedef decltype(zero) T;
        typedef typename tyi_element<T>::value_type V;
        return tyi_launch(name, gather_columns<T, V>, tyi_blocks(total, TYI_THREADS), TYI_THREADS, 0,
                          walk_of(layout, total), static_cast<const V *>(columns), static_cast<const T *>(bias),
                          static_cast<T *>(x));
    });
}

ty_status tyi_cuda_columns(const tyi_columns_args *args)
{
    int64_t kernel = tyi_product(args->window.kernel), out = tyi_product(args->window.out);
    tyi_column_layout layout = {&args->window, args->batch, args->channels, args->channels * kernel * out, out};
    return args->back ? tyi_gather_columns("fold", args->dtype, layout, args->columns, nullptr, args->x)
                      : tyi_write_columns("unfold", args->dtype, layout, args->x, args->columns);
}
