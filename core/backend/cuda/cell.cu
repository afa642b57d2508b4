/*
 * The cells of recurrent layers: a thread makes one unit of one row, all its gates. Formulas are those of
 * torch.nn.RNNCell, LSTMCell and GRUCell, in the CPU's order (cpu/cell_dtype.h). One pass over what is read and
 * written, which is the floor.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/math.cuh"

namespace
{

static __device__ __forceinline__ float sigmoid_of(float x)
{
    return tyi_sigmoid_f32(x);
}
static __device__ __forceinline__ double sigmoid_of(double x)
{
    return tyi_sigmoid_f64(x);
}
static __device__ __forceinline__ float tanh_of(float x)
{
    return tanhf(x);
}
static __device__ __forceinline__ double tanh_of(double x)
{
    return tanh(x);
}

template <typename T> static __device__ __forceinline__ const T *in(const void *p)
{
    return static_cast<const T *>(p);
}
template <typename T> static __device__ __forceinline__ T *out(void *p)
{
    return static_cast<T *>(p);
}

/* Of a cell: one unit k of one row, whose places are at = row * size + k. */
template <typename T> struct cells {
    static __device__ __forceinline__ void forward_tanh(const tyi_cell_args &a, int64_t, int64_t, int64_t at)
    {
        T *h = out<T>(a.gates) + at;
        *h = tanh_of(*h);
    }
    static __device__ __forceinline__ void backward_tanh(const tyi_cell_args &a, int64_t, int64_t, int64_t at)
    {
        T h = in<T>(a.gates)[at];
        out<T>(a.dsums)[at] = in<T>(a.dh)[at] * (1 - h * h);
    }

    static __device__ __forceinline__ void forward_relu(const tyi_cell_args &a, int64_t, int64_t, int64_t at)
    {
        T *h = out<T>(a.gates) + at;
        *h = *h < 0 ? T(0) : *h;
    }
    static __device__ __forceinline__ void backward_relu(const tyi_cell_args &a, int64_t, int64_t, int64_t at)
    {
        out<T>(a.dsums)[at] = in<T>(a.gates)[at] > 0 ? in<T>(a.dh)[at] : T(0);
    }

    static __device__ __forceinline__ void forward_lstm(const tyi_cell_args &a, int64_t row, int64_t k, int64_t at)
    {
        T *gates = out<T>(a.gates) + row * 4 * a.size + k;
        T i = sigmoid_of(gates[0]), f = sigmoid_of(gates[a.size]);
        T g = tanh_of(gates[2 * a.size]), o = sigmoid_of(gates[3 * a.size]);
        T c = f * in<T>(a.c_before)[at] + i * g;
        gates[0] = i;
        gates[a.size] = f;
        gates[2 * a.size] = g;
        gates[3 * a.size] = o;
        out<T>(a.c)[at] = c;
        out<T>(a.h)[at] = o * tanh_of(c);
    }
    static __device__ __forceinline__ void backward_lstm(const tyi_cell_args &a, int64_t row, int64_t k, int64_t at)
    {
        const T *gates = in<T>(a.gates) + row * 4 * a.size + k;
        T *d = out<T>(a.dsums) + row * 4 * a.size + k;
        T i = gates[0], f = gates[a.size], g = gates[2 * a.size], o = gates[3 * a.size];
        T squashed = tanh_of(in<T>(a.c)[at]), dh = in<T>(a.dh)[at];
        T gc = out<T>(a.dc)[at] + dh * o * (1 - squashed * squashed);
        d[3 * a.size] = dh * squashed * o * (1 - o);
        d[0] = gc * g * i * (1 - i);
        d[a.size] = gc * in<T>(a.c_before)[at] * f * (1 - f);
        d[2 * a.size] = gc * i * (1 - g * g);
        out<T>(a.dc)[at] = gc * f;
    }

    static __device__ __forceinline__ void forward_gru(const tyi_cell_args &a, int64_t row, int64_t k, int64_t at)
    {
        T *gates = out<T>(a.gates) + row * 4 * a.size + k;
        const T *sums = in<T>(a.sums) + row * 3 * a.size + k;
        T r = sigmoid_of(gates[0] + sums[0]), z = sigmoid_of(gates[a.size] + sums[a.size]);
        T hidden = sums[2 * a.size], n = tanh_of(gates[2 * a.size] + r * hidden);
        gates[0] = r;
        gates[a.size] = z;
        gates[2 * a.size] = n;
        gates[3 * a.size] = hidden;
        out<T>(a.h)[at] = (in<T>(a.h_before)[at] - n) * z + n;
    }
    static __device__ __forceinline__ void backward_gru(const tyi_cell_args &a, int64_t row, int64_t k, int64_t at)
    {
        const T *gates = in<T>(a.gates) + row * 4 * a.size + k;
        T *d = out<T>(a.dsums) + row * 3 * a.size + k, *dhidden = out<T>(a.dhidden) + row * 3 * a.size + k;
        T r = gates[0], z = gates[a.size], n = gates[2 * a.size], hidden = gates[3 * a.size], dh = in<T>(a.dh)[at];
        T gn = dh * (1 - z) * (1 - n * n);
        T gz = dh * (in<T>(a.h_before)[at] - n) * z * (1 - z);
        T gr = gn * hidden * r * (1 - r);
        d[0] = dhidden[0] = gr;
        d[a.size] = dhidden[a.size] = gz;
        d[2 * a.size] = gn;
        dhidden[2 * a.size] = gn * r;
        out<T>(a.dh_before)[at] += dh * z;
    }
};

/* Every unit of every row, neighbours by neighbouring threads. */
template <void (*Unit)(const tyi_cell_args &, int64_t, int64_t, int64_t)>
__global__ void step_units(const tyi_cell_args a)
{
    int64_t n = a.rows * a.size, step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < n; at += step)
        Unit(a, at / a.size, at % a.size, at);
}

typedef void (*kernel)(const tyi_cell_args);

template <typename T> ty_status run(const tyi_cell_args &a, bool backward)
{
    static const kernel kernels[TYI_CELL_COUNT][2] = {
        {step_units<cells<T>::forward_tanh>, step_units<cells<T>::backward_tanh>},
        {step_units<cells<T>::forward_relu>, step_units<cells<T>::backward_relu>},
        {step_units<cells<T>::forward_lstm>, step_units<cells<T>::backward_lstm>},
        {step_units<cells<T>::forward_gru>, step_units<cells<T>::backward_gru>}};
    return tyi_launch("a recurrent cell", kernels[a.cell][backward], tyi_blocks(a.rows * a.size, TYI_THREADS),
                      TYI_THREADS, 0, a);
}

ty_status run_any(const tyi_cell_args *args, bool backward)
{
    if (args->dtype == TY_FLOAT32)
        return run<float>(*args, backward);
    return args->dtype == TY_FLOAT64 ? run<double>(*args, backward) : tyi_no_kernel("a recurrent cell", args->dtype);
}

} // namespace

ty_status tyi_cuda_cell(const tyi_cell_args *args)
{
    return run_any(args, false);
}

ty_status tyi_cuda_cell_backward(const tyi_cell_args *args)
{
    return run_any(args, true);
}
