// The engines of the emulated cuDNN: which there are for a graph, what they say of themselves, and how they run, by
// plain loops: sums in float (double for doubles), rounded once. They differ in what a caller has to look at, and the
// heuristics rank those first that a careful one passes over.
#include "cudnn_state.h"
#include "numbers.h"

#include <algorithm>

namespace emulated
{
namespace
{
enum Engine {
    UNSTEADY, // not the same numbers every time
    COARSE,   // sums in 16 bits
    PICKY,    // its plan cannot be made
    WORKING,  // takes memory to work in, as much as its result has, and rounds floats to TF32
    MODEST,   // takes none; the one for doubles
    LATE      // says only when it runs that it does not have this: windows with holes
};

cudaDataType type_of(const Tensor &t)
{
    return t.type == CUDNN_DATA_DOUBLE  ? CUDA_R_64F
           : t.type == CUDNN_DATA_FLOAT ? CUDA_R_32F
           : t.type == CUDNN_DATA_HALF  ? CUDA_R_16F
                                        : CUDA_R_16BF;
}

int64_t count_of(const Tensor &t)
{
    int64_t count = 1;
    for (int64_t size : t.sizes) {
        count *= size;
    }
    return count;
}

// Rounded to 10 bits of fraction, half of them up.
float tf32_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x1000) & 0xffffe000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

template <typename Real> std::vector<Real> widened(const void *data, const Tensor &t)
{
    std::vector<Real> to((size_t)count_of(t));
    for (size_t i = 0; i < to.size(); i++) {
        to[i] = (Real)load(data, type_of(t), i);
    }
    return to;
}

// A convolution over three dimensions, sizes of 1 in front.
struct Loops {
    int64_t batch, groups, in_channels, out_channels; // channels of a group
    int64_t in[3], out[3], kernel[3], pad[3], stride[3], dilation[3];
};

Loops loops_of(const Convolution &c)
{
    Loops l = {};
    size_t dims = c.pre.size();
    l.batch = c.x.sizes[0];
    l.in_channels = c.weight.sizes[1];
    l.groups = c.x.sizes[1] / l.in_channels;
    l.out_channels = c.y.sizes[1] / l.groups;
    for (size_t d = 0; d < 3; d++) {
        bool there = d + dims >= 3;
        size_t i = d + dims - 3;
        l.in[d] = there ? c.x.sizes[2 + i] : 1;
        l.out[d] = there ? c.y.sizes[2 + i] : 1;
        l.kernel[d] = there ? c.weight.sizes[2 + i] : 1;
        l.pad[d] = there ? c.pre[i] : 0;
        l.stride[d] = there ? c.strides[i] : 1;
        l.dilation[d] = there ? c.dilations[i] : 1;
    }
    return l;
}

// One plane of outputs under one place of the window.
template <typename Real>
void one_place(const Loops &l, Part part, Real *x, Real *weight, Real *y, const int64_t place[3])
{
    for (int64_t oz = 0; oz < l.out[0]; oz++) {
        int64_t z = oz * l.stride[0] - l.pad[0] + place[0] * l.dilation[0];
        for (int64_t oy = 0; z >= 0 && z < l.in[0] && oy < l.out[1]; oy++) {
            int64_t v = oy * l.stride[1] - l.pad[1] + place[1] * l.dilation[1];
            for (int64_t ox = 0; v >= 0 && v < l.in[1] && ox < l.out[2]; ox++) {
                int64_t u = ox * l.stride[2] - l.pad[2] + place[2] * l.dilation[2];
                if (u < 0 || u >= l.in[2]) {
                    continue;
                }
                Real *from = &x[(z * l.in[1] + v) * l.in[2] + u], *to = &y[(oz * l.out[1] + oy) * l.out[2] + ox];
                (part == Part::y    ? *to
                 : part == Part::dx ? *from
                                    : *weight) += part == Part::y    ? *from * *weight
                                                  : part == Part::dx ? *to * *weight
                                                                     : *from * *to;
            }
        }
    }
}

template <typename Real> void all_places(const Loops &l, Part part, Real *x, Real *weight, Real *y)
{
    int64_t in = l.in[0] * l.in[1] * l.in[2], out = l.out[0] * l.out[1] * l.out[2];
    int64_t kernel = l.kernel[0] * l.kernel[1] * l.kernel[2];
    for (int64_t image = 0; image < l.batch; image++) {
        for (int64_t channel = 0; channel < l.groups * l.out_channels; channel++) {
            int64_t group = channel / l.out_channels;
            for (int64_t i = 0; i < l.in_channels * kernel; i++) {
                int64_t c = i / kernel, k = i % kernel;
                int64_t place[3] = {k / l.kernel[2] / l.kernel[1], k / l.kernel[2] % l.kernel[1], k % l.kernel[2]};
                one_place(l, part, x + ((image * l.groups + group) * l.in_channels + c) * in,
                          weight + (channel * l.in_channels + c) * kernel + k,
                          y + (image * l.groups * l.out_channels + channel) * out, place);
            }
        }
    }
}

template <typename Real> void compute(const Graph &g, bool to_tf32, std::map<int64_t, void *> data)
{
    const Convolution &c = g.convolution;
    const Tensor &made = c.part == Part::dw ? c.weight : c.part == Part::dx ? c.x : c.y;
    std::vector<Real> operands[3];
    const Tensor *tensors[] = {&c.x, &c.weight, &c.y};
    for (int i = 0; i < 3; i++) {
        operands[i] = tensors[i] == &made ? std::vector<Real>((size_t)count_of(made))
                                          : widened<Real>(data[tensors[i]->name], *tensors[i]);
    }
    for (int i = 0; i < 3 && to_tf32; i++) { // 16 bits are not changed by it
        std::transform(operands[i].begin(), operands[i].end(), operands[i].begin(),
                       [](Real x) { return (Real)tf32_of((float)x); });
    }
    all_places(loops_of(c), c.part, operands[0].data(), operands[1].data(), operands[2].data());
    std::vector<Real> &sums = operands[c.part == Part::dw ? 1 : c.part == Part::dx ? 0 : 2];
    std::vector<Real> before = c.beta != 0 ? widened<Real>(data[g.out.name], g.out) : std::vector<Real>();
    std::vector<Real> bias = g.adds ? widened<Real>(data[g.bias.name], g.bias) : std::vector<Real>();
    size_t channels = (size_t)made.sizes[1], plane = (size_t)(count_of(made) / made.sizes[0]) / channels;
    for (size_t i = 0; i < sums.size(); i++) {
        Real value = (Real)c.alpha * sums[i];
        value += c.beta != 0 ? (Real)c.beta * before[i] : 0; // otherwise what lies there may be NaN
        value += g.adds ? bias[i / plane % channels] : 0;
        store(data[g.out.name], type_of(g.out), i, (double)value);
    }
}

cudnnStatus_t check_data(const Graph &g, const std::map<int64_t, void *> &data)
{
    std::vector<Tensor> tensors = {g.convolution.x, g.convolution.weight, g.out};
    tensors.push_back(g.adds ? g.bias : g.convolution.y);
    for (const Tensor &t : tensors) {
        auto at = data.find(t.name);
        if (at == data.end()) {
            return refuse(CUDNN_STATUS_BAD_PARAM, "tensor %lld has no data", (long long)t.name);
        }
        if ((uintptr_t)at->second % (uintptr_t)t.alignment != 0) {
            return refuse(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "tensor %lld is not aligned", (long long)t.name);
        }
        if (!is_device_range(at->second, (size_t)count_of(t) * size_of(type_of(t)), "cuDNN")) {
            return CUDNN_STATUS_EXECUTION_FAILED;
        }
    }
    return CUDNN_STATUS_SUCCESS;
}
} // namespace

std::vector<int> rank_engines(const Graph &graph, cudnnBackendHeurMode_t mode)
{
    bool volumes = graph.convolution.pre.size() > 2, doubles = graph.convolution.sums == CUDNN_DATA_DOUBLE;
    bool holes = false;
    for (int64_t dilation : graph.convolution.dilations) {
        holes = holes || dilation > 2;
    }
    if (graph.adds && volumes) { // the bias must be added otherwise
        return {};
    }
    if (mode == CUDNN_HEUR_MODE_FALLBACK) {
        return {UNSTEADY, MODEST};
    }
    return doubles ? std::vector<int>{UNSTEADY}
           : holes ? std::vector<int>{LATE}
                   : std::vector<int>{UNSTEADY, COARSE, PICKY, WORKING, MODEST};
}

std::vector<cudnnBackendNumericalNote_t> notes_of(int engine)
{
    switch (engine) {
    case UNSTEADY:
        return {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC};
    case COARSE:
        return {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION};
    case PICKY:
    case WORKING:
        return {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};
    default:
        return {};
    }
}

cudnnStatus_t plan_engine(int engine, const Graph &graph, int64_t *workspace)
{
    if (engine == PICKY) {
        return refuse(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "this engine never has it");
    }
    *workspace = engine == WORKING ? count_of(graph.out) * (int64_t)size_of(type_of(graph.out)) : 0;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t run_plan(const Descriptor &plan, cudaStream_t stream, const std::map<int64_t, void *> &data,
                       void *workspace)
{
    cudnnStatus_t status = check_data(plan.graph, data);
    if (status != CUDNN_STATUS_SUCCESS) {
        return status;
    }
    size_t bytes = (size_t)plan.workspace;
    if (bytes && !is_device_range(workspace, bytes, "cuDNN: workspace")) {
        return refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no workspace");
    }
    if (plan.engine == LATE) {
        return refuse(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "windows with holes");
    }
    if (plan.engine == UNSTEADY || plan.engine == COARSE) {
        report("a cuDNN engine that is not exact is run");
        return CUDNN_STATUS_EXECUTION_FAILED;
    }
    Graph graph = plan.graph;
    bool to_tf32 = plan.engine == WORKING;
    auto work = [=]() {
        if (bytes) {
            memset(workspace, 0x7f, bytes);
        }
        graph.convolution.sums == CUDNN_DATA_DOUBLE ? compute<double>(graph, false, data)
                                                    : compute<float>(graph, to_tf32, data);
        return cudaSuccess;
    };
    return issue(stream, Kind::library, work) ? CUDNN_STATUS_EXECUTION_FAILED : CUDNN_STATUS_SUCCESS;
}
} // namespace emulated
