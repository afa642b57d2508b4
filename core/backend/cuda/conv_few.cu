/*
 * Convolution in groups of few channels, where there is no matrix product to make: a thread an element of y or x, a
 * block an element of the weight. Sums are made in one order by whoever writes the result, in float32 for 16-bit
 * floats.
 */
#include "backend/cuda/block.cuh"
#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/elements.cuh"

namespace
{

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
    typedef tyi_element<T> E;
    typedef typename E::value_type V;
    T *to = static_cast<T *>(Turned ? a.x : a.y);
    const T *read = static_cast<const T *>(Turned ? a.y : a.x), *bias = static_cast<const T *>(a.bias);
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
        int64_t at = i % size, plane = i / size, c = plane % own, group = plane / own % a.groups;
        int64_t x = at % sizes[2], y = at / sizes[2] % sizes[1], z = at / sizes[2] / sizes[1];
        const T *from = read + plane / own * met * other;
        V sum = bias ? E::value(bias[group * own + c]) : V(0);
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
                            sum += E::value(weight[(kz * w.kernel[1] + ky) * w.kernel[2] + kx]) *
                                   E::value(from[m * other + (pz * others[1] + py) * others[2] + px]);
                    }
                }
            }
        }
        to[i] = E::of(sum);
    }
}

/* A block an element of the weight, its threads share the outputs of all images. */
template <typename T>
__global__ void few_weights(const tyi_conv_args a, int64_t weights, int64_t in, int64_t out, int64_t kernel)
{
    typedef tyi_element<T> E;
    const tyi_window &w = a.window;
    for (int64_t i = blockIdx.x; i < weights; i += gridDim.x) {
        int64_t k = i % kernel, plane = i / kernel, in_channel = plane % a.in_channels;
        int64_t out_channel = plane / a.in_channels, group = out_channel / a.out_channels;
        int64_t kx = k % w.kernel[2], ky = k / w.kernel[2] % w.kernel[1], kz = k / w.kernel[2] / w.kernel[1];
        typename E::value_type sum = 0;
        for (int64_t j = threadIdx.x; j < a.batch * out; j += blockDim.x) {
            int64_t o = j % out, image = j / out;
            int64_t px = element_under(w, 2, o % w.out[2], kx), py = element_under(w, 1, o / w.out[2] % w.out[1], ky);
            int64_t pz = element_under(w, 0, o / w.out[2] / w.out[1], kz);
            if (px < 0 || py < 0 || pz < 0)
                continue;
            int64_t y_plane = image * a.groups * a.out_channels + out_channel;
            int64_t x_plane = (image * a.groups + group) * a.in_channels + in_channel;
            sum += E::value(static_cast<const T *>(a.y)[y_plane * out + o]) *
                   E::value(static_cast<const T *>(a.x)[x_plane * in + (pz * w.in[1] + py) * w.in[2] + px]);
        }
        sum = tyi_block_fold(sum, tyi_plus());
        if (threadIdx.x == 0)
            static_cast<T *>(a.weight)[i] = E::of(sum);
    }
}

} // namespace

ty_status tyi_conv_few(const tyi_conv_args *args)
{
    const tyi_conv_args &a = *args;
    int64_t in = tyi_product(a.window.in), out = tyi_product(a.window.out), kernel = tyi_product(a.window.kernel);
    TYI_FLOATING(a.dtype, "conv", [&](auto zero) {
        typedef decltype(zero) T;
        if (a.part == TYI_CONV_WEIGHT) {
            int64_t weights = a.groups * a.out_channels * a.in_channels * kernel;
            return tyi_launch("conv", few_weights<T>, tyi_blocks(weights, 1), TYI_THREADS, 0, a, weights, in, out,
                              kernel);
        }
        bool turned = a.part == TYI_CONV_X;
        int64_t n = a.batch * a.groups * (turned ? a.in_channels * in : a.out_channels * out);
        return tyi_launch("conv", turned ? few_channels<T, true> : few_channels<T, false>, tyi_blocks(n, TYI_THREADS),
                          TYI_THREADS, 0, a, n, in, out, kernel);
    });
}
