// Launching: cudaLaunchKernelEx, and `issue`, through which kernels and libraries (cuBLAS, CUB) hand work to a stream:
// it runs at once, or becomes a node of the graph that the stream captures.
#ifndef EMULATED_LAUNCH_H
#define EMULATED_LAUNCH_H

#include <functional>
#include <tuple>
#include <utility>

enum cudaLaunchAttributeID {
    cudaLaunchAttributeIgnore = 0,
    cudaLaunchAttributeCooperative = 2,
    cudaLaunchAttributeClusterDimension = 4,
    cudaLaunchAttributeProgrammaticStreamSerialization = 6,
    cudaLaunchAttributePriority = 8
};

union cudaLaunchAttributeValue {
    char pad[64];
    int cooperative;
    struct {
        unsigned x, y, z;
    } clusterDim;
    int programmaticStreamSerializationAllowed;
    int priority;
};

typedef struct cudaLaunchAttribute_st {
    enum cudaLaunchAttributeID id;
    union cudaLaunchAttributeValue val;
} cudaLaunchAttribute;

typedef struct cudaLaunchConfig_st {
    dim3 gridDim;
    dim3 blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned numAttrs;
} cudaLaunchConfig_t;

namespace emulated
{
enum class Kind { kernel, library, copy, fill, host };

// Runs the work, with device memory open, or records it where the stream captures. The work's own error is the result.
cudaError_t issue(cudaStream_t stream, Kind kind, std::function<cudaError_t()> work);

// Whether [pointer, pointer + bytes) lies in one block of device memory; says on stderr what is wrong where not.
bool is_device_range(const void *pointer, size_t bytes, const char *what);

// Checks the launch as the driver does and issues it: `body` is run once for each thread of the grid.
cudaError_t launch(const cudaLaunchConfig_t *config, const void *kernel, std::function<void()> body);

// With EMULATED_CUDA_ARGUMENTS=1: says on stderr which words of an argument are addresses of ordinary host memory.
void look_for_host_addresses(const void *kernel, const void *argument, size_t bytes);

cudaError_t set_error(cudaError_t error);
} // namespace emulated

template <typename... ExpTypes, typename... ActTypes>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(ExpTypes...),
                                             ActTypes &&...args)
{
    static_assert((sizeof(ExpTypes) + ... + 0) <= 32764, "a kernel takes at most 32,764 bytes of arguments");
    std::tuple<ExpTypes...> values(std::forward<ActTypes>(args)...);
    std::apply(
        [kernel](const ExpTypes &...each) {
            (emulated::look_for_host_addresses((const void *)kernel, &each, sizeof each), ...);
        },
        values);
    return emulated::launch(config, (const void *)kernel, [kernel, values]() { std::apply(kernel, values); });
}

// What a kernel says to the next one when launches overlap: launches follow each other here.
static inline void cudaGridDependencySynchronize(void)
{
}

static inline void cudaTriggerProgrammaticLaunchCompletion(void)
{
}

#endif
