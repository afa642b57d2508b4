/*
 * Convolution by cuDNN's graph API: a graph of one operation, with the bias of y added by the same kernel where cuDNN
 * has one that does. For each shape its heuristics rank the engines; the first that gives the same numbers every time,
 * and adds up in no less than the dtype of sums, makes the plan that is kept. What cuDNN does not have is left to
 * conv.cu.
 *
 * Plans are a thread's own: not all of cuDNN's engines allow that two threads run one. A thread that ends hands its
 * handles and plans on, because they are costly to make.
 */
#ifdef TYCHO_CUDNN

#include <limits.h>

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "backend/cuda/conv_kernels.cuh"
#include "backend/cuda/cudnn.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/handles.cuh"
#include "backend/cuda/plans.cuh"

namespace
{

constexpr int MOST_ALIGNED = 16; /* bytes: more makes no difference to cuDNN */

/* ---- Plans and who keeps them ---- */

enum { X = 1, WEIGHT, Y, BIAS, SUM, NAMES }; /* tensors of the graph; SUM, before the bias, is never written */

/* What a plan depends on. */
struct plan_key {
    int64_t part, dtype, batch, groups, in_channels, out_channels, tf32, bias, aligned[NAMES];
    tyi_window window;
};

struct conv_plan {
    std::unique_ptr<tyi_cudnn_descriptor> config, plan; /* plan NULL: cuDNN does not have this convolution */
    size_t workspace = 0;
    bool adds_bias = false; /* in the graph; else y starts with the bias */
};

/* A handle and its plans. */
struct workshop {
    cudnnHandle_t handle = nullptr;
    std::unordered_map<plan_key, conv_plan, tyi_plan_hash<plan_key>, tyi_plan_equal<plan_key>> plans;
};

/* The thread's for the current device; NULL where cuDNN does not start: a part of it is missing, or too old a driver.
 */
workshop *own_workshop()
{
    static thread_local tyi_handles<workshop *> workshops;
    static std::atomic<bool> broken{false}; /* cuDNN does not start, so that it is not asked again */
    workshop *&own = workshops.mine();
    if (own)
        return own;
    std::unique_ptr<workshop> made(new workshop);
    if (broken || tyi_cudnn().cudnnCreate(&made->handle) != CUDNN_STATUS_SUCCESS) {
        broken = true;
        cudaGetLastError();
        return nullptr;
    }
    return own = made.release();
}

/* ---- The graph ---- */

cudnnDataType_t type_of(ty_dtype dtype)
{
    return dtype == TY_FLOAT64    ? CUDNN_DATA_DOUBLE
           : dtype == TY_FLOAT32  ? CUDNN_DATA_FLOAT
           : dtype == TY_BFLOAT16 ? CUDNN_DATA_BFLOAT16
                                  : CUDNN_DATA_HALF;
}

cudnnDataType_t sum_type_of(ty_dtype dtype)
{
    return dtype == TY_FLOAT64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

/* Dimensions of the window that cuDNN is told of: two, or three for volumes. */
int dims_of(const tyi_window &w)
{
    bool flat = w.in[0] == 1 && w.out[0] == 1 && w.kernel[0] == 1 && w.stride[0] == 1 && w.pad[0] == 0;
    return flat ? 2 : 3;
}

/* A contiguous tensor {first, second, sizes...}. */
struct tensor : tyi_cudnn_descriptor {
    tensor(int64_t name, cudnnDataType_t type, int64_t first, int64_t second, const int64_t sizes[3], int dims,
           int64_t aligned)
        : tyi_cudnn_descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR)
    {
        int64_t all[5] = {first, second}, strides[5], step = 1;
        bool is_virtual = name == SUM;
        for (int d = 0; d < dims; d++)
            all[2 + d] = sizes[3 - dims + d];
        for (int d = dims + 1; d >= 0; d--) {
            strides[d] = step;
            step *= all[d];
        }
        set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, &name);
        set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, &type);
        set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, all, dims + 2);
        set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides, dims + 2);
        set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, &aligned);
        set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, &is_virtual);
        finish();
    }
};

/* Padding at the end of dimension d that gives cuDNN's own arithmetic these sizes: as much as at the start where that
 * does, which more engines take. -1: none does. */
int64_t end_padding(const tyi_window &w, int d)
{
    int64_t reach = (w.kernel[d] - 1) * w.dilation[d] + 1;
    int64_t needed = (w.out[d] - 1) * w.stride[d] + reach - w.in[d] - w.pad[d];
    int64_t room = w.in[d] + 2 * w.pad[d] - reach;
    return room >= 0 && room / w.stride[d] + 1 == w.out[d] ? w.pad[d] : needed >= 0 ? needed : -1;
}

struct convolution : tyi_cudnn_descriptor {
    convolution(const tyi_window &w, int dims, cudnnDataType_t sums)
        : tyi_cudnn_descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
    {
        cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
        int64_t count = dims, ends[3];
        for (int d = 0; d < 3; d++)
            ends[d] = end_padding(w, d);
        set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, &sums);
        set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, &mode);
        set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, &count);
        set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, w.pad + 3 - dims, dims);
        set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, ends + 3 - dims, dims);
        set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, w.stride + 3 - dims, dims);
        set(CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, w.dilation + 3 - dims, dims);
        finish();
    }
};

/* How the three operations name what they have in common. */
struct operation_names {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t x, weight, y, window, alpha, beta;
};

const operation_names &names_of(tyi_conv_part part)
{
#define NAMES_OF(type, x, weight, y, prefix)                                                                           \
    {                                                                                                                  \
        CUDNN_BACKEND_OPERATION_CONVOLUTION_##type##_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_##x,      \
            CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_##weight, CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_##y,     \
            CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_ALPHA,  \
            CUDNN_ATTR_OPERATION_CONVOLUTION_##prefix##_BETA                                                           \
    }
    static const operation_names names[] = {NAMES_OF(FORWARD, X, W, Y, FORWARD),
                                            NAMES_OF(BACKWARD_DATA, DX, W, DY, BWD_DATA),
                                            NAMES_OF(BACKWARD_FILTER, X, DW, DY, BWD_FILTER)};
#undef NAMES_OF
    return names[part];
}

/* The part's operation; with `adds` on top of what lies in the result. */
struct operation : tyi_cudnn_descriptor {
    operation(const tyi_conv_args &a, const tensor &x, const tensor &weight, const tensor &y, const convolution &window,
              bool adds)
        : tyi_cudnn_descriptor(names_of(a.part).type)
    {
        const operation_names &names = names_of(a.part);
        double one = 1, wide = adds;
        float narrow_one = 1, narrow = adds;
        bool doubles = a.dtype == TY_FLOAT64;
        cudnnBackendAttributeType_t scale = doubles ? CUDNN_TYPE_DOUBLE : CUDNN_TYPE_FLOAT;
        set(names.x, x).set(names.weight, weight).set(names.y, y).set(names.window, window);
        set(names.alpha, scale, doubles ? static_cast<const void *>(&one) : &narrow_one);
        set(names.beta, scale, doubles ? static_cast<const void *>(&wide) : &narrow);
        finish();
    }
};

/* y = sum + bias. */
struct addition : tyi_cudnn_descriptor {
    addition(const tyi_cudnn_descriptor &how, const tensor &sum, const tensor &bias, const tensor &y)
        : tyi_cudnn_descriptor(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
    {
        set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
        set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, sum);
        set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias);
        set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
        finish();
    }
};

/* ---- Engines ---- */

constexpr int MOST_NOTES = 32;

/* Whether a configuration's engine gives the same numbers every time, rounds operands no more than it may, and adds up
 * in the dtype of sums. */
bool is_welcome(const tyi_cudnn_descriptor &config, const plan_key &key)
{
    tyi_cudnn_descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendNumericalNote_t notes[MOST_NOTES];
    int64_t count = 0;
    if (config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, &engine.handle, 1, &count) ||
        engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, notes, MOST_NOTES, &count))
        return false;
    for (int64_t i = 0; i < count; i++)
        if (notes[i] == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC || notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS ||
            notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION ||
            (notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE && key.dtype == TY_FLOAT32 && !key.tf32))
            return false;
    return true;
}

/* Working memory that a convolution may take: room for other layouts of its tensors, and no less than that. */
size_t most_workspace(const tyi_conv_args &a)
{
    int64_t x = a.batch * a.groups * a.in_channels * tyi_product(a.window.in);
    int64_t y = a.batch * a.groups * a.out_channels * tyi_product(a.window.out);
    return (static_cast<size_t>(1) << 30) + 4 * static_cast<size_t>(x + y) * tyi_bytes_of(a.dtype);
}

/* The plan of a configuration; false where it cannot be run, or takes too much memory. */
bool make_plan(cudnnHandle_t handle, const tyi_conv_args &a, std::unique_ptr<tyi_cudnn_descriptor> config,
               conv_plan *out)
{
    std::unique_ptr<tyi_cudnn_descriptor> plan(new tyi_cudnn_descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR));
    plan->set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, &handle);
    plan->set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, *config).finish();
    int64_t workspace = 0, count = 0;
    if (plan->get(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, &workspace, 1, &count) ||
        static_cast<size_t>(workspace) > most_workspace(a))
        return false;
    out->config = std::move(config);
    out->plan = std::move(plan);
    out->workspace = static_cast<size_t>(workspace);
    return true;
}

/* The first plan among what the heuristics rank for a graph. */
bool first_plan(cudnnHandle_t handle, const tyi_conv_args &a, const plan_key &key, const tyi_cudnn_descriptor &graph,
                cudnnBackendHeurMode_t mode, conv_plan *out)
{
    tyi_cudnn_descriptor ranking(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    ranking.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    ranking.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, &mode).finish();
    int64_t count = 0;
    if (ranking.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, nullptr, 0, &count) || count < 1)
        return false;
    std::vector<std::unique_ptr<tyi_cudnn_descriptor>> configs;
    std::vector<cudnnBackendDescriptor_t> handles;
    for (int64_t i = 0; i < count; i++) {
        configs.emplace_back(new tyi_cudnn_descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
        handles.push_back(configs.back()->handle);
    }
    if (ranking.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, handles.data(), count, &count))
        return false;
    for (int64_t i = 0; i < count; i++)
        if (is_welcome(*configs[i], key) && make_plan(handle, a, std::move(configs[i]), out))
            return true;
    return false;
}

/* The plan for a graph of the operation, and of the bias's addition where `fused`. */
bool plan_graph(cudnnHandle_t handle, const tyi_conv_args &a, const plan_key &key, bool fused, conv_plan *out)
{
    const tyi_window &w = a.window;
    static const int64_t ones[3] = {1, 1, 1};
    int dims = dims_of(w);
    int64_t in_channels = a.groups * a.in_channels, out_channels = a.groups * a.out_channels;
    cudnnDataType_t type = type_of(a.dtype), sums = sum_type_of(a.dtype);
    cudnnPointwiseMode_t add = CUDNN_POINTWISE_ADD;
    tensor x(X, type, a.batch, in_channels, w.in, dims, key.aligned[X]);
    tensor weight(WEIGHT, type, out_channels, a.in_channels, w.kernel, dims, key.aligned[WEIGHT]);
    tensor y(Y, type, a.batch, out_channels, w.out, dims, key.aligned[Y]);
    tensor sum(SUM, sums, a.batch, out_channels, w.out, dims, MOST_ALIGNED);
    tensor bias(BIAS, type, 1, out_channels, ones, dims, key.aligned[BIAS]);
    convolution window(w, dims, sums);
    operation conv(a, x, weight, fused ? sum : y, window, key.bias && !fused);
    tyi_cudnn_descriptor how(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    how.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, &add);
    how.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, &sums).finish();
    std::unique_ptr<addition> added(fused ? new addition(how, sum, bias, y) : nullptr);
    if (conv.status != CUDNN_STATUS_SUCCESS || (added && added->status != CUDNN_STATUS_SUCCESS))
        return false;
    cudnnBackendDescriptor_t operations[2] = {conv.handle, added ? added->handle : nullptr};
    tyi_cudnn_descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, &handle);
    graph.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations, fused ? 2 : 1).finish();
    out->adds_bias = fused;
    return first_plan(handle, a, key, graph, CUDNN_HEUR_MODE_A, out) ||
           first_plan(handle, a, key, graph, CUDNN_HEUR_MODE_FALLBACK, out);
}

/* ---- A convolution ---- */

plan_key key_of(const tyi_conv_args &a)
{
    plan_key key = {a.part,
                    a.dtype,
                    a.batch,
                    a.groups,
                    a.in_channels,
                    a.out_channels,
                    tyi_tf32.convolutions,
                    a.bias != nullptr,
                    {0, tyi_alignment(a.x, MOST_ALIGNED), tyi_alignment(a.weight, MOST_ALIGNED),
                     tyi_alignment(a.y, MOST_ALIGNED), tyi_alignment(a.bias, MOST_ALIGNED)},
                    a.window};
    return key;
}

conv_plan &plan_of(workshop &shop, const tyi_conv_args &a)
{
    plan_key key = key_of(a);
    auto at = shop.plans.find(key);
    if (at != shop.plans.end())
        return at->second;
    if (shop.plans.size() >= TYI_MOST_PLANS)
        shop.plans.clear();
    conv_plan plan;
    bool fuses = a.bias && a.part == TYI_CONV_Y;
    if (!(fuses && plan_graph(shop.handle, a, key, true, &plan)))
        plan_graph(shop.handle, a, key, false, &plan);
    cudaGetLastError(); /* engines that were tried may leave one */
    return shop.plans[key] = std::move(plan);
}

cudnnStatus_t run(cudnnHandle_t handle, const conv_plan &plan, const tyi_conv_args &a, void *workspace)
{
    int64_t names[] = {X, WEIGHT, Y, BIAS};
    void *data[] = {a.x, a.weight, a.y, const_cast<void *>(a.bias)};
    int count = plan.adds_bias ? 4 : 3;
    tyi_cudnn_descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, names, count);
    pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, data, count);
    pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, &workspace).finish();
    if (pack.status == CUDNN_STATUS_SUCCESS)
        pack.status = tyi_cudnn().cudnnSetStream(handle, tyi_current_stream());
    if (pack.status == CUDNN_STATUS_SUCCESS)
        pack.status = tyi_cudnn().cudnnBackendExecute(handle, plan.plan->handle, pack.handle);
    return pack.status;
}

/* Whether cuDNN's arithmetic can give these sizes, and its 32-bit indices reach all elements. */
bool is_taken(const tyi_conv_args &a)
{
    const tyi_window &w = a.window;
    int64_t x = a.batch * a.groups * a.in_channels * tyi_product(w.in);
    int64_t y = a.batch * a.groups * a.out_channels * tyi_product(w.out);
    bool taken = x < INT_MAX && y < INT_MAX;
    for (int d = 0; d < 3; d++)
        taken = taken && end_padding(w, d) >= 0;
    return taken;
}

} // namespace

ty_status tyi_cudnn_conv(const tyi_conv_args *args, bool *done)
{
    *done = false;
    if (!tyi_cudnn_in_use() || !is_taken(*args))
        return TY_OK;
    workshop *shop = own_workshop();
    conv_plan *plan = shop ? &plan_of(*shop, *args) : nullptr;
    tyi_scratch workspace;
    if (!plan || !plan->plan || (plan->workspace && workspace.allocate(plan->workspace) != TY_OK))
        return TY_OK; /* conv.cu needs less memory */
    if (args->bias && !plan->adds_bias)
        TYI_TRY(tyi_start_with_bias(*args));
    cudnnStatus_t status = run(shop->handle, *plan, *args, workspace.as<void>());
    *done = status == CUDNN_STATUS_SUCCESS;
    if (!*done && !tyi_cudnn_lacks(status))
        return tyi_cudnn_failed(status, "conv");
    if (!*done) /* an engine that says so late is not asked again */
        plan->plan.reset();
    return TY_OK;
}

#endif
