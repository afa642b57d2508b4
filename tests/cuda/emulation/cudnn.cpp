// cuDNN's graph API on the host: descriptors and the checks of cuDNN 9 on them. The graphs that it knows are a
// convolution or one of its gradients, and a forward convolution with a bias added to it; cudnn_engines.cpp ranks the
// engines for them and runs them. Where cuDNN refuses, this does, with a number of the same thousand.
#include "cudnn_state.h"

#include <stdarg.h>

#include <set>

namespace emulated
{
namespace
{
thread_local char last_message[256];

// What a kind of descriptor may be given: an attribute, its type, how many of it at most, and whether it must have it.
struct Rule {
    cudnnBackendDescriptorType_t kind;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t most;
    bool needed;
};

#define OPERATION_RULES(kind, x, w, y, conv, alpha, beta)                                                              \
    {kind, x, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true}, {kind, w, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},              \
        {kind, y, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true}, {kind, conv, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},       \
        {kind, alpha, CUDNN_TYPE_FLOAT, 1, true},                                                                      \
    {                                                                                                                  \
        kind, beta, CUDNN_TYPE_FLOAT, 1, true                                                                          \
    }

const Rule rules[] = {
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, true},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 8, true},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 8, true},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, true},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, false},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 6, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 6, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 6, true},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 6, true},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, true},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, true},
    OPERATION_RULES(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA),
    OPERATION_RULES(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA),
    OPERATION_RULES(
        CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
        CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA),
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
     CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR,
     1, true},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR,
     1, true},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR,
     1, true},
    {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, true},
    {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 99, true},
    {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
     true},
    {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, true},
    {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, true},
    {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
     true},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 99, true},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 99, true},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, false},
};

size_t size_of(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_BOOLEAN:
        return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return 8;
    default:
        return 4; // enumerations, float
    }
}

std::set<Descriptor *> &descriptors()
{
    static auto *all = new std::set<Descriptor *>;
    return *all;
}

std::set<cudnnContext *> &contexts()
{
    static auto *all = new std::set<cudnnContext *>;
    return *all;
}

// ---- Finishing ----
cudnnStatus_t finish_tensor(Descriptor *d)
{
    Tensor &t = d->tensor;
    t.name = d->number(CUDNN_ATTR_TENSOR_UNIQUE_ID);
    t.type = d->value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
    t.sizes = d->list<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
    t.alignment = d->number(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    t.is_virtual = d->has(CUDNN_ATTR_TENSOR_IS_VIRTUAL) && d->value<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL);
    std::vector<int64_t> strides = d->list<int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
    if (t.sizes.size() < 3 || strides.size() != t.sizes.size()) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "a tensor of %zu sizes and %zu strides", t.sizes.size(), strides.size());
    }
    if (t.alignment < 1 || (t.alignment & (t.alignment - 1)) != 0) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "an alignment of %lld bytes", (long long)t.alignment);
    }
    int64_t step = 1;
    for (size_t i = t.sizes.size(); i-- > 0; step *= t.sizes[i]) {
        if (t.sizes[i] < 1) {
            return refuse(CUDNN_STATUS_BAD_PARAM, "a size of %lld", (long long)t.sizes[i]);
        }
        if (strides[i] != step) { // cuDNN has more layouts; the emulation has not
            return refuse(CUDNN_STATUS_NOT_SUPPORTED, "a tensor that is not contiguous");
        }
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t finish_window(Descriptor *d)
{
    const cudnnBackendAttributeName_t lists[] = {
        CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS,
        CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_ATTR_CONVOLUTION_DILATIONS};
    int64_t dims = d->number(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
    for (int i = 0; i < 4; i++) {
        std::vector<int64_t> list = d->list<int64_t>(lists[i]);
        if ((int64_t)list.size() != dims) {
            return refuse(CUDNN_STATUS_BAD_PARAM, "%zu numbers for %lld dimensions", list.size(), (long long)dims);
        }
        for (int64_t number : list) {
            if (number < (i < 2 ? 0 : 1)) {
                return refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d is %lld", lists[i], (long long)number);
            }
        }
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t check_shapes(const Convolution &c)
{
    size_t dims = c.x.sizes.size();
    if (c.weight.sizes.size() != dims || c.y.sizes.size() != dims || c.pre.size() != dims - 2) {
        return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "tensors of different dimensions");
    }
    if (c.x.sizes[0] != c.y.sizes[0] || c.x.sizes[1] % c.weight.sizes[1] != 0 || c.weight.sizes[0] != c.y.sizes[1] ||
        c.y.sizes[1] % (c.x.sizes[1] / c.weight.sizes[1]) != 0) {
        return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "batches, channels or groups do not fit");
    }
    for (size_t i = 0; i < dims - 2; i++) {
        int64_t reach = (c.weight.sizes[2 + i] - 1) * c.dilations[i] + 1;
        int64_t room = c.x.sizes[2 + i] + c.pre[i] + c.post[i] - reach;
        if (room < 0 || room / c.strides[i] + 1 != c.y.sizes[2 + i]) {
            return refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "dimension %zu of y is %lld", i,
                          (long long)c.y.sizes[2 + i]);
        }
    }
    return CUDNN_STATUS_SUCCESS;
}

// The attributes of the three operations are numbered alike, from ALPHA on.
enum { ALPHA, BETA, WINDOW, WEIGHT, X, Y };

cudnnStatus_t finish_convolution(Descriptor *d)
{
    static const int firsts[] = {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA};
    Convolution &c = d->convolution;
    c.part = (Part)(d->kind - CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    int first = firsts[(int)c.part];
    const Descriptor *window = d->other(first + WINDOW);
    c.x = d->other(first + X)->tensor;
    c.weight = d->other(first + WEIGHT)->tensor;
    c.y = d->other(first + Y)->tensor;
    c.pre = window->list<int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    c.post = window->list<int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    c.strides = window->list<int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    c.dilations = window->list<int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS);
    c.sums = window->value<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE);
    bool doubles = c.x.type == CUDNN_DATA_DOUBLE;
    if (c.sums != (doubles ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT) || c.weight.type != c.x.type ||
        c.y.type != (c.y.is_virtual ? c.sums : c.x.type)) {
        return refuse(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, "x, w and y are %d, %d and %d, computed in %d", c.x.type,
                      c.weight.type, c.y.type, c.sums);
    }
    for (int scale : {first + ALPHA, first + BETA}) {
        if (d->attributes.at(scale).type != (doubles ? CUDNN_TYPE_DOUBLE : CUDNN_TYPE_FLOAT)) {
            return refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "attribute %d is not of the type of sums", scale);
        }
    }
    c.alpha = doubles ? d->value<double>(first + ALPHA) : (double)d->value<float>(first + ALPHA);
    c.beta = doubles ? d->value<double>(first + BETA) : (double)d->value<float>(first + BETA);
    if (window->value<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) != CUDNN_CROSS_CORRELATION) {
        return refuse(CUDNN_STATUS_NOT_SUPPORTED, "turned kernels are not emulated");
    }
    return check_shapes(c);
}

cudnnStatus_t finish_pointwise(Descriptor *d)
{
    const Tensor &x = d->other(CUDNN_ATTR_OPERATION_POINTWISE_XDESC)->tensor;
    const Tensor &b = d->other(CUDNN_ATTR_OPERATION_POINTWISE_BDESC)->tensor;
    const Tensor &y = d->other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)->tensor;
    bool fits = x.sizes == y.sizes && b.sizes.size() == x.sizes.size();
    for (size_t i = 0; fits && i < b.sizes.size(); i++) {
        fits = b.sizes[i] == 1 || b.sizes[i] == x.sizes[i];
    }
    return fits ? CUDNN_STATUS_SUCCESS : refuse(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "operands do not fit");
}

bool is_convolution(const Descriptor *d)
{
    return d->kind >= CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR &&
           d->kind <= CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
}

// A bias for each channel, added to the virtual result of a forward convolution.
bool is_bias(const Descriptor *add, const Convolution &c)
{
    const Descriptor *how = add->other(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const Tensor &b = add->other(CUDNN_ATTR_OPERATION_POINTWISE_BDESC)->tensor;
    bool fits = b.sizes[1] == c.y.sizes[1];
    for (size_t i = 0; i < b.sizes.size(); i++) {
        fits = fits && (i == 1 || b.sizes[i] == 1);
    }
    return fits && c.part == Part::y && c.y.is_virtual && c.beta == 0 &&
           how->value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE) == CUDNN_POINTWISE_ADD &&
           how->value<cudnnDataType_t>(CUDNN_ATTR_POINTWISE_MATH_PREC) == c.sums &&
           add->other(CUDNN_ATTR_OPERATION_POINTWISE_XDESC)->tensor.name == c.y.name &&
           !add->other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)->tensor.is_virtual;
}

cudnnStatus_t finish_graph(Descriptor *d)
{
    std::vector<Descriptor *> operations = d->list<Descriptor *>(CUDNN_ATTR_OPERATIONGRAPH_OPS);
    Graph &g = d->graph;
    if (!contexts().count(d->value<cudnnContext *>(CUDNN_ATTR_OPERATIONGRAPH_HANDLE))) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no handle");
    }
    g.adds = operations.size() == 2;
    if (operations.empty() || operations.size() > 2 || !is_convolution(operations[0]) ||
        (g.adds && (is_convolution(operations[1]) || !is_bias(operations[1], operations[0]->convolution))) ||
        (!g.adds && operations[0]->convolution.y.is_virtual)) {
        return refuse(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN, "no engine knows such a graph");
    }
    g.convolution = operations[0]->convolution;
    g.out = g.convolution.part == Part::dw   ? g.convolution.weight
            : g.convolution.part == Part::dx ? g.convolution.x
                                             : g.convolution.y;
    if (g.adds) {
        g.bias = operations[1]->other(CUDNN_ATTR_OPERATION_POINTWISE_BDESC)->tensor;
        g.out = operations[1]->other(CUDNN_ATTR_OPERATION_POINTWISE_YDESC)->tensor;
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t finish_plan(Descriptor *d)
{
    const Descriptor *config = d->other(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    auto *context = d->value<cudnnContext *>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
    if (!contexts().count(context)) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no handle");
    }
    d->graph = config->graph;
    d->engine = config->engine;
    d->device = context->device;
    return plan_engine(d->engine, d->graph, &d->workspace);
}

cudnnStatus_t finish_pack(Descriptor *d)
{
    return d->attributes.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS).count ==
                   d->attributes.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).count
               ? CUDNN_STATUS_SUCCESS
               : refuse(CUDNN_STATUS_BAD_PARAM, "not as many names as pointers");
}

cudnnStatus_t finish(Descriptor *d)
{
    switch (d->kind) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
        return finish_tensor(d);
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
        return finish_window(d);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        return finish_pointwise(d);
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
        return finish_graph(d);
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR:
        d->graph = d->other(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->graph;
        d->ranked = rank_engines(d->graph, d->value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE));
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        return finish_plan(d);
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
        return finish_pack(d);
    case CUDNN_BACKEND_POINTWISE_DESCRIPTOR:
        return CUDNN_STATUS_SUCCESS;
    default:
        return is_convolution(d) ? finish_convolution(d)
                                 : refuse(CUDNN_STATUS_BAD_PARAM, "kind %d is made by cuDNN alone", d->kind);
    }
}

// ---- Attributes ----
const Rule *rule_of(const Descriptor *d, cudnnBackendAttributeName_t name)
{
    for (const Rule &rule : rules) {
        if (rule.kind == d->kind && rule.name == name) {
            return &rule;
        }
    }
    return nullptr;
}

Descriptor *known(cudnnBackendDescriptor_t descriptor)
{
    return descriptors().count((Descriptor *)descriptor) ? (Descriptor *)descriptor : nullptr;
}

cudnnStatus_t set(Descriptor *d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                  const void *values)
{
    const Rule *rule = d ? rule_of(d, name) : nullptr;
    if (!rule || !values) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor, no values, or attribute %d is not its own", name);
    }
    if (d->finished) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d of a finished descriptor", name);
    }
    if (type != rule->type && !(rule->type == CUDNN_TYPE_FLOAT && type == CUDNN_TYPE_DOUBLE)) {
        return refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "attribute %d has not type %d", name, type);
    }
    if (count < 1 || count > rule->most) {
        return refuse(CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND, "%lld of attribute %d", (long long)count, name);
    }
    if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        for (int64_t i = 0; i < count; i++) {
            const Descriptor *other = known(((const cudnnBackendDescriptor_t *)values)[i]);
            if (!other || !other->finished) {
                return refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "attribute %d is not finished", name);
            }
        }
    }
    const char *bytes = (const char *)values;
    d->attributes[name] = Attribute{type, count, {bytes, bytes + (size_t)count * size_of(type)}};
    return CUDNN_STATUS_SUCCESS;
}

// Fills descriptors that the caller made.
cudnnStatus_t give(const Descriptor *from, cudnnBackendDescriptorType_t kind, const std::vector<int> &engines,
                   int64_t room, int64_t *count, cudnnBackendDescriptor_t *values)
{
    *count = room ? std::min(room, (int64_t)engines.size()) : (int64_t)engines.size();
    for (int64_t i = 0; i < *count && room; i++) {
        Descriptor *to = known(values[i]);
        if (!to || to->kind != kind) {
            return refuse(CUDNN_STATUS_BAD_PARAM, "room for results must be descriptors of kind %d", kind);
        }
        to->graph = from->graph;
        to->engine = engines[(size_t)i];
        to->finished = true;
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t get(const Descriptor *d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t room,
                  int64_t *count, void *values)
{
    if (!d || !count || (room && !values)) {
        return refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no descriptor, or nowhere to write");
    }
    if (!d->finished) {
        return refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "attribute %d of an unfinished descriptor", name);
    }
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS && type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        return give(d, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, d->ranked, room, count, (cudnnBackendDescriptor_t *)values);
    }
    if (name == CUDNN_ATTR_ENGINECFG_ENGINE && type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        return give(d, CUDNN_BACKEND_ENGINE_DESCRIPTOR, {d->engine}, room, count, (cudnnBackendDescriptor_t *)values);
    }
    if (name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE && type == CUDNN_TYPE_NUMERICAL_NOTE) {
        std::vector<cudnnBackendNumericalNote_t> notes = notes_of(d->engine);
        *count = std::min(room, (int64_t)notes.size());
        memcpy(values, notes.data(), (size_t)*count * sizeof notes[0]);
        return CUDNN_STATUS_SUCCESS;
    }
    if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE && type == CUDNN_TYPE_INT64 && room == 1) {
        *count = 1;
        memcpy(values, &d->workspace, sizeof d->workspace);
        return CUDNN_STATUS_SUCCESS;
    }
    return refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d is not emulated", name);
}

cudnnStatus_t execute(cudnnContext *context, const Descriptor *plan, const Descriptor *pack)
{
    if (!contexts().count(context) || !plan || !plan->finished ||
        plan->kind != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR || !pack || !pack->finished) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no handle, plan or pack, or an unfinished one");
    }
    if (context->device != current_device() || plan->device != current_device()) {
        report("a cuDNN handle of device %d and a plan of device %d are used while device %d is current",
               context->device, plan->device, current_device());
        return CUDNN_STATUS_EXECUTION_FAILED;
    }
    std::vector<int64_t> names = pack->list<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    std::vector<void *> pointers = pack->list<void *>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    std::map<int64_t, void *> data;
    for (size_t i = 0; i < names.size(); i++) {
        data[names[i]] = pointers[i];
    }
    bool works = pack->has(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    return run_plan(*plan, context->stream, data,
                    works ? pack->value<void *>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE) : nullptr);
}
} // namespace

cudnnStatus_t refuse(cudnnStatus_t status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_message, sizeof last_message, format, arguments);
    va_end(arguments);
    return status;
}
} // namespace emulated

using namespace emulated;

extern "C" {
const char *cudnnGetErrorString(cudnnStatus_t status)
{
#define EMULATED_STATUS_NAME(name, number)                                                                             \
    case name:                                                                                                         \
        return #name;
    switch (status) {
        EMULATED_CUDNN_STATUSES(EMULATED_STATUS_NAME)
    }
    return "an unknown status";
}

void cudnnGetLastErrorString(char *message, size_t max_size)
{
    snprintf(message, max_size, "%s", last_message);
    last_message[0] = 0;
}

size_t cudnnGetVersion(void)
{
    return 91300;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    Guard guard(lock());
    if (availability() || configuration().broken_cudnn) {
        return refuse(CUDNN_STATUS_NOT_INITIALIZED, "cuDNN does not start");
    }
    if (forbid_in_capture()) { // it allocates
        return CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
    }
    *handle = new cudnnContext{current_device(), nullptr};
    contexts().insert(*handle);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    Guard guard(lock());
    CUstream_st *found;
    if (!contexts().count(handle) || find_stream(stream, &found)) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no handle or no stream");
    }
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor)
{
    Guard guard(lock());
    auto *d = new Descriptor{};
    d->kind = type;
    descriptors().insert(d);
    *descriptor = d;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    Guard guard(lock());
    Descriptor *d = known(descriptor);
    if (!d) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    }
    descriptors().erase(d);
    delete d;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor)
{
    Guard guard(lock());
    Descriptor *d = known(descriptor);
    if (!d || d->finished) {
        return refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor, or a finished one");
    }
    for (const Rule &rule : rules) {
        if (rule.kind == d->kind && rule.needed && !d->has(rule.name)) {
            return refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d is missing", rule.name);
        }
    }
    cudnnStatus_t status = finish(d);
    d->finished = status == CUDNN_STATUS_SUCCESS;
    return status;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
    Guard guard(lock());
    return set(known(descriptor), name, type, count, values);
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t room, int64_t *count, void *values)
{
    Guard guard(lock());
    return get(known(descriptor), name, type, room, count, values);
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack)
{
    Guard guard(lock());
    return execute(handle, known(plan), known(pack));
}
}
