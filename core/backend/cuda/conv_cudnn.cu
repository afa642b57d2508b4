/*
 * Convolution by cuDNN 9, which is opened when the first convolution is asked for: the plug-in loads and works without
 * it. What it does not take (padding at one end only, results that are not the same every time) is left to conv.cu.
 * Algorithms are those that cuDNN's heuristics rank first, remembered for each shape.
 */
#ifdef TYCHO_CUDNN

#include <cudnn.h>
#include <dlfcn.h>
#include <limits.h>
#include <string.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/memory.cuh"

namespace
{

/* ---- The library ---- */

#define FUNCTIONS(X)                                                                                                   \
    X(cudnnCreate)                                                                                                     \
    X(cudnnSetStream)                                                                                                  \
    X(cudnnGetErrorString)                                                                                             \
    X(cudnnCreateTensorDescriptor)                                                                                     \
    X(cudnnSetTensorNdDescriptor)                                                                                      \
    X(cudnnDestroyTensorDescriptor)                                                                                    \
    X(cudnnCreateFilterDescriptor)                                                                                     \
    X(cudnnSetFilterNdDescriptor)                                                                                      \
    X(cudnnDestroyFilterDescriptor)                                                                                    \
    X(cudnnCreateConvolutionDescriptor)                                                                                \
    X(cudnnSetConvolutionNdDescriptor)                                                                                 \
    X(cudnnSetConvolutionGroupCount)                                                                                   \
    X(cudnnSetConvolutionMathType)                                                                                     \
    X(cudnnDestroyConvolutionDescriptor)                                                                               \
    X(cudnnGetConvolutionForwardAlgorithm_v7)                                                                          \
    X(cudnnGetConvolutionBackwardDataAlgorithm_v7)                                                                     \
    X(cudnnGetConvolutionBackwardFilterAlgorithm_v7)                                                                   \
    X(cudnnConvolutionForward)                                                                                         \
    X(cudnnConvolutionBackwardData)                                                                                    \
    X(cudnnConvolutionBackwardFilter)                                                                                  \
    X(cudnnAddTensor)

struct library {
#define X(name) decltype(&::name) name;
    FUNCTIONS(X)
#undef X
    bool found;
};

/* cuDNN, or found false where it is not installed whole. */
const library &opened()
{
    static const library it = [] {
        library l = {};
        void *file = dlopen("libcudnn.so.9", RTLD_NOW | RTLD_LOCAL);
        l.found = file;
#define X(name) l.found = l.found && (l.name = reinterpret_cast<decltype(&::name)>(dlsym(file, #name)));
        FUNCTIONS(X)
#undef X
        return l;
    }();
    return it;
}

ty_status failed(cudnnStatus_t status)
{
    if (status == CUDNN_STATUS_ALLOC_FAILED)
        return tyi_host.fail(TY_ERROR_MEMORY, "conv: out of memory on cuda:%d", tyi_current_device());
    cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return tyi_cuda_failed(error, "conv");
    return tyi_host.fail(TY_ERROR_VALUE, "conv on cuda:%d failed: cuDNN says %s", tyi_current_device(),
                         opened().cudnnGetErrorString(status));
}

#define CUDNN_TRY(call)                                                                                                \
    do {                                                                                                               \
        cudnnStatus_t tyi_status = (call);                                                                             \
        if (tyi_status != CUDNN_STATUS_SUCCESS)                                                                        \
            return tyi_status;                                                                                         \
    } while (0)

/* A thread's handles; never destroyed, as CUDA may be gone when the thread is. */
cudnnStatus_t handle_of_thread(cudnnHandle_t *handle)
{
    static thread_local cudnnHandle_t handles[TYI_MOST_DEVICES];
    cudnnHandle_t &mine = handles[tyi_current_device()];
    if (!mine)
        CUDNN_TRY(opened().cudnnCreate(&mine));
    *handle = mine;
    return opened().cudnnSetStream(mine, tyi_current_stream());
}

/* ---- Descriptors ---- */

struct descriptors {
    cudnnTensorDescriptor_t x = nullptr, y = nullptr, bias = nullptr;
    cudnnFilterDescriptor_t weight = nullptr;
    cudnnConvolutionDescriptor_t conv = nullptr;

    descriptors() = default;
    descriptors(const descriptors &) = delete;
    descriptors &operator=(const descriptors &) = delete;
    ~descriptors()
    {
        const library &l = opened();
        for (cudnnTensorDescriptor_t tensor : {x, y, bias})
            if (tensor)
                l.cudnnDestroyTensorDescriptor(tensor);
        if (weight)
            l.cudnnDestroyFilterDescriptor(weight);
        if (conv)
            l.cudnnDestroyConvolutionDescriptor(conv);
    }
};

/* Sizes of a tensor of 4 dimensions (5 for volumes), contiguous. */
cudnnStatus_t describe(cudnnTensorDescriptor_t *out, cudnnDataType_t type, int64_t first, int64_t second,
                       const int64_t sizes[3], int ndim)
{
    int all[5] = {static_cast<int>(first), static_cast<int>(second)}, strides[5];
    for (int d = 2; d < ndim; d++)
        all[d] = static_cast<int>(sizes[3 - (ndim - d)]);
    for (int d = ndim - 1, step = 1; d >= 0; d--) {
        strides[d] = step;
        step *= all[d];
    }
    CUDNN_TRY(opened().cudnnCreateTensorDescriptor(out));
    return opened().cudnnSetTensorNdDescriptor(*out, type, ndim, all, strides);
}

cudnnStatus_t describe_all(const tyi_conv_args &a, int ndim, descriptors *d)
{
    const library &l = opened();
    const tyi_window &w = a.window;
    cudnnDataType_t type = a.dtype == TY_FLOAT64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
    static const int64_t ones[3] = {1, 1, 1};
    int64_t in_channels = a.groups * a.in_channels, out_channels = a.groups * a.out_channels;
    CUDNN_TRY(describe(&d->x, type, a.batch, in_channels, w.in, ndim));
    CUDNN_TRY(describe(&d->y, type, a.batch, out_channels, w.out, ndim));
    CUDNN_TRY(describe(&d->bias, type, 1, a.part == TYI_CONV_X ? in_channels : out_channels, ones, ndim));
    int filter[5] = {static_cast<int>(out_channels), static_cast<int>(a.in_channels)}, pad[3], stride[3], dilation[3];
    for (int i = 2; i < ndim; i++) {
        int from = 3 - (ndim - i);
        filter[i] = static_cast<int>(w.kernel[from]);
        pad[i - 2] = static_cast<int>(w.pad[from]);
        stride[i - 2] = static_cast<int>(w.stride[from]);
        dilation[i - 2] = static_cast<int>(w.dilation[from]);
    }
    CUDNN_TRY(l.cudnnCreateFilterDescriptor(&d->weight));
    CUDNN_TRY(l.cudnnSetFilterNdDescriptor(d->weight, type, CUDNN_TENSOR_NCHW, ndim, filter));
    CUDNN_TRY(l.cudnnCreateConvolutionDescriptor(&d->conv));
    CUDNN_TRY(
        l.cudnnSetConvolutionNdDescriptor(d->conv, ndim - 2, pad, stride, dilation, CUDNN_CROSS_CORRELATION, type));
    CUDNN_TRY(l.cudnnSetConvolutionGroupCount(d->conv, static_cast<int>(a.groups)));
    return l.cudnnSetConvolutionMathType(d->conv, tyi_tf32.convolutions ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH);
}

/* ---- Algorithms ---- */

struct algorithm {
    int number; /* of cudnnConvolution...Algo_t; -1: there is none */
    size_t workspace;
};

constexpr size_t MOST_WORKSPACE = static_cast<size_t>(1) << 30;
constexpr int MOST_RANKED = 16;

/* The first of those ranked that always gives the same numbers and needs no more memory than that. */
template <typename Ranked> algorithm first_of(const Ranked *ranked, int count)
{
    for (int i = 0; i < count; i++)
        if (ranked[i].status == CUDNN_STATUS_SUCCESS && ranked[i].determinism == CUDNN_DETERMINISTIC &&
            ranked[i].memory <= MOST_WORKSPACE)
            return {static_cast<int>(ranked[i].algo), ranked[i].memory};
    return {-1, 0};
}

/* The same of what ask(room for the ranked, *count) ranks. */
template <typename Ranked, typename Ask> algorithm first_ranked(Ask ask)
{
    Ranked ranked[MOST_RANKED];
    int count = 0;
    return ask(ranked, &count) == CUDNN_STATUS_SUCCESS ? first_of(ranked, count) : algorithm{-1, 0};
}

algorithm rank(cudnnHandle_t handle, tyi_conv_part part, const descriptors &d)
{
    const library &l = opened();
    if (part == TYI_CONV_Y)
        return first_ranked<cudnnConvolutionFwdAlgoPerf_t>([&](auto *ranked, int *count) {
            return l.cudnnGetConvolutionForwardAlgorithm_v7(handle, d.x, d.weight, d.conv, d.y, MOST_RANKED, count,
                                                            ranked);
        });
    if (part == TYI_CONV_X)
        return first_ranked<cudnnConvolutionBwdDataAlgoPerf_t>([&](auto *ranked, int *count) {
            return l.cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, d.weight, d.y, d.conv, d.x, MOST_RANKED, count,
                                                                 ranked);
        });
    return first_ranked<cudnnConvolutionBwdFilterAlgoPerf_t>([&](auto *ranked, int *count) {
        return l.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, d.x, d.y, d.conv, d.weight, MOST_RANKED, count,
                                                               ranked);
    });
}

/* The algorithm for these arguments, which the heuristics are asked for once. */
algorithm choose(cudnnHandle_t handle, const tyi_conv_args &a, const descriptors &d)
{
    static std::mutex *lock = new std::mutex;
    static std::map<std::string, algorithm> *known = new std::map<std::string, algorithm>;
    int64_t numbers[8] = {
        a.part, a.dtype, a.batch, a.groups, a.in_channels, a.out_channels, tyi_current_device(), tyi_tf32.convolutions};
    std::string key(reinterpret_cast<const char *>(numbers), sizeof numbers);
    key.append(reinterpret_cast<const char *>(&a.window), sizeof a.window);
    {
        std::lock_guard<std::mutex> guard(*lock);
        auto at = known->find(key);
        if (at != known->end())
            return at->second;
    }
    algorithm found = rank(handle, a.part, d);
    std::lock_guard<std::mutex> guard(*lock);
    return (*known)[key] = found;
}

cudnnStatus_t run(cudnnHandle_t handle, const tyi_conv_args &a, const descriptors &d, algorithm how, void *workspace)
{
    const library &l = opened();
    const double one = 1, zero = 0;
    const float narrow_one = 1, narrow_zero = 0;
    bool wide = a.dtype == TY_FLOAT64;
    const void *by = wide ? static_cast<const void *>(&one) : &narrow_one;
    const void *keep = wide ? static_cast<const void *>(&zero) : &narrow_zero;
    if (a.part == TYI_CONV_Y)
        CUDNN_TRY(l.cudnnConvolutionForward(handle, by, d.x, a.x, d.weight, a.weight, d.conv,
                                            static_cast<cudnnConvolutionFwdAlgo_t>(how.number), workspace,
                                            how.workspace, keep, d.y, a.y));
    else if (a.part == TYI_CONV_X)
        CUDNN_TRY(l.cudnnConvolutionBackwardData(handle, by, d.weight, a.weight, d.y, a.y, d.conv,
                                                 static_cast<cudnnConvolutionBwdDataAlgo_t>(how.number), workspace,
                                                 how.workspace, keep, d.x, a.x));
    else
        CUDNN_TRY(l.cudnnConvolutionBackwardFilter(handle, by, d.x, a.x, d.y, a.y, d.conv,
                                                   static_cast<cudnnConvolutionBwdFilterAlgo_t>(how.number), workspace,
                                                   how.workspace, keep, d.weight, a.weight));
    bool x = a.part == TYI_CONV_X;
    return a.bias ? l.cudnnAddTensor(handle, by, d.bias, a.bias, by, x ? d.x : d.y, x ? a.x : a.y)
                  : CUDNN_STATUS_SUCCESS;
}

/* Whether cuDNN's own arithmetic gives these sizes, and they fit its integers. */
bool is_taken(const tyi_conv_args &a)
{
    const tyi_window &w = a.window;
    int64_t x = a.batch * a.groups * a.in_channels * tyi_product(w.in);
    int64_t y = a.batch * a.groups * a.out_channels * tyi_product(w.out);
    bool taken = x < INT_MAX && y < INT_MAX && (a.dtype == TY_FLOAT32 || a.dtype == TY_FLOAT64);
    for (int d = 0; d < 3; d++) {
        int64_t reach = (w.kernel[d] - 1) * w.dilation[d] + 1;
        int64_t room = w.in[d] + 2 * w.pad[d] - reach;
        taken = taken && room >= 0 && room / w.stride[d] + 1 == w.out[d] && w.pad[d] < INT_MAX / 4 &&
                w.stride[d] < INT_MAX && reach < INT_MAX;
    }
    return taken;
}

bool is_flat(const tyi_window &w)
{
    return w.in[0] == 1 && w.out[0] == 1 && w.kernel[0] == 1 && w.stride[0] == 1 && w.pad[0] == 0;
}

} // namespace

ty_status tyi_cudnn_conv(const tyi_conv_args *args, bool *done)
{
    *done = false;
    if (!opened().found || !is_taken(*args))
        return TY_OK;
    cudnnHandle_t handle;
    cudnnStatus_t status = handle_of_thread(&handle);
    if (status != CUDNN_STATUS_SUCCESS)
        return failed(status);
    descriptors d;
    if (describe_all(*args, is_flat(args->window) ? 4 : 5, &d) != CUDNN_STATUS_SUCCESS)
        return TY_OK;
    algorithm how = choose(handle, *args, d);
    if (how.number < 0)
        return TY_OK;
    tyi_scratch workspace;
    if (how.workspace)
        TYI_TRY(workspace.allocate(how.workspace));
    status = run(handle, *args, d, how, workspace.as<void>());
    if (status == CUDNN_STATUS_NOT_SUPPORTED)
        return TY_OK;
    *done = status == CUDNN_STATUS_SUCCESS;
    return *done ? TY_OK : failed(status);
}

#endif
