// What cuDNN's two files share: descriptors as they are kept (cudnn.cpp), and the engines that rank and run them
// (cudnn_engines.cpp). Everything here is used with the lock held.
#ifndef EMULATION_CUDNN_STATE_H
#define EMULATION_CUDNN_STATE_H

#include "cudnn.h"
#include "state.h"

#include <map>

struct cudnnContext {
    int device;
    cudaStream_t stream;
};

namespace emulated
{
struct Tensor {
    int64_t name;
    cudnnDataType_t type;
    std::vector<int64_t> sizes;
    int64_t alignment;
    bool is_virtual;
};

enum class Part { y, dw, dx }; // in the order of the numbers of their operations

struct Convolution {
    Part part;
    Tensor x, weight, y; // of the operation; y may be virtual
    std::vector<int64_t> pre, post, strides, dilations;
    cudnnDataType_t sums;
    double alpha, beta;
};

// A graph that can be run: a convolution, and what is added to it.
struct Graph {
    Convolution convolution;
    bool adds; // bias to the convolution's y, giving `out`
    Tensor bias, out;
};

struct Attribute {
    cudnnBackendAttributeType_t type;
    int64_t count;
    std::vector<char> bytes;
};

struct Descriptor {
    cudnnBackendDescriptorType_t kind;
    bool finished = false;
    std::map<int, Attribute> attributes;
    // What a finished one means, by its kind.
    Tensor tensor;
    Convolution convolution;
    Graph graph; // of graphs, engines, configurations and plans
    std::vector<int> ranked;
    int engine = -1; // of engines, configurations and plans
    int device = -1; // of a plan
    int64_t workspace = 0;

    bool has(int name) const
    {
        return attributes.count(name) != 0;
    }
    template <typename T> std::vector<T> list(int name) const
    {
        const Attribute &a = attributes.at(name);
        std::vector<T> values((size_t)a.count);
        memcpy(values.data(), a.bytes.data(), a.bytes.size());
        return values;
    }
    template <typename T> T value(int name) const
    {
        T value;
        memcpy(&value, attributes.at(name).bytes.data(), sizeof value);
        return value;
    }
    int64_t number(int name) const
    {
        return value<int64_t>(name);
    }
    const Descriptor *other(int name) const
    {
        return value<const Descriptor *>(name);
    }
};

// Gives the status, with a message for cudnnGetLastErrorString.
cudnnStatus_t refuse(cudnnStatus_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- Engines (cudnn_engines.cpp) ----
// Those for a graph, the best first.
std::vector<int> rank_engines(const Graph &graph, cudnnBackendHeurMode_t mode);
std::vector<cudnnBackendNumericalNote_t> notes_of(int engine);
// Whether the engine can run the graph, and the memory that it works in.
cudnnStatus_t plan_engine(int engine, const Graph &graph, int64_t *workspace);
cudnnStatus_t run_plan(const Descriptor &plan, cudaStream_t stream, const std::map<int64_t, void *> &data,
                       void *workspace);
} // namespace emulated

#endif
