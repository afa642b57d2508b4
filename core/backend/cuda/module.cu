/*
 * The plug-in's entry: which devices there are, which one a thread uses, errors in our words, and the functions that
 * libtycho is given.
 */
#include "backend/cuda/cudnn.cuh"
#include "backend/cuda/device.cuh"
#include "backend/cuda/elements.cuh"
#include "backend/cuda/generator.cuh"
#include "backend/cuda/graph.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/memory.cuh"
#include "backend/cuda/streams.cuh"

#include <stdio.h>
#include <string.h>

tyi_cuda_host tyi_host;
tyi_tf32_switches tyi_tf32 = {false, true};

static struct {
    int count;
    cudaDeviceProp properties[TYI_MOST_DEVICES];
} devices;

static thread_local int current; /* what cudaGetDevice would say, without asking */

ty_status tyi_cuda_failed(cudaError_t error, const char *what)
{
    cudaGetLastError(); /* what can be forgotten is */
    if (error == cudaErrorMemoryAllocation)
        return tyi_host.fail(TY_ERROR_MEMORY, "%s: out of memory on cuda:%d", what, current);
    bool sticky = cudaStreamQuery(tyi_current_stream()) == error; /* it stays: the device is lost to this process */
    cudaGetLastError();
    return tyi_host.fail(
        TY_ERROR_VALUE, "%s on cuda:%d failed: %s (%s)%s", what, current, cudaGetErrorString(error),
        cudaGetErrorName(error),
        sticky ? "; the device gives no more results in this process: save what lies on the CPU and start "
                 "again. TYCHO_CUDA_BLOCKING=1 makes errors come up where they arise"
               : "");
}

ty_status tyi_no_kernel(const char *name, ty_dtype dtype)
{
    static const char *const names[] = {
#define TY_X(E, name, ...) #name,
        TY_DTYPES(TY_X)
#undef TY_X
    };
    return tyi_host.fail(TY_ERROR_VALUE, "%s: there is no CUDA kernel for %s; convert the tensor or move it to the CPU",
                         name, names[dtype]);
}

int tyi_current_device()
{
    return current;
}

int tyi_multiprocessors()
{
    return devices.properties[current].multiProcessorCount;
}

int tyi_device_count()
{
    return devices.count;
}

const cudaDeviceProp &tyi_device_properties(int device)
{
    return devices.properties[device];
}

ty_status tyi_use_device(int device)
{
    if (device == current)
        return TY_OK;
    TYI_CUDA_TRY(cudaSetDevice(device), "choosing a device");
    current = device;
    return TY_OK;
}

tyi_device_scope::tyi_device_scope(int device) : before(current)
{
    status = tyi_use_device(device);
}

tyi_device_scope::~tyi_device_scope()
{
    if (current != before && cudaSetDevice(before) == cudaSuccess)
        current = before;
}

static ty_status properties(int device, ty_cuda_properties *out)
{
    const cudaDeviceProp &p = devices.properties[device];
    snprintf(out->name, sizeof out->name, "%s", p.name);
    out->major = p.major;
    out->minor = p.minor;
    out->total_memory = p.totalGlobalMem;
    out->multiprocessors = p.multiProcessorCount;
    out->threads_per_multiprocessor = p.maxThreadsPerMultiProcessor;
    return TY_OK;
}

static void allow_tf32(bool products, bool convolutions)
{
    tyi_tf32.products = products;
    tyi_tf32.convolutions = convolutions;
}

static ty_status synchronize(int device)
{
    tyi_device_scope scope(device);
    TYI_TRY(scope.status);
    TYI_CUDA_TRY(cudaDeviceSynchronize(), "work");
    return tyi_device_fault(device);
}

/* Why there is no device: what is missing or too old. */
static ty_status explain(cudaError_t error)
{
    int driver = 0, built = CUDART_VERSION;
    cudaGetLastError();
    cudaDriverGetVersion(&driver);
    if (error == cudaErrorNoDevice || error == cudaSuccess)
        return tyi_host.fail(TY_ERROR_VALUE, "the NVIDIA driver finds no GPU (CUDA_VISIBLE_DEVICES may hide it, or a "
                                             "container may not have been given one)");
    if (driver == 0)
        return tyi_host.fail(TY_ERROR_VALUE,
                             "no NVIDIA driver is installed (libcuda.so.1 is not there); install it, or "
                             "work on the CPU");
    if (error == cudaErrorInsufficientDriver)
        return tyi_host.fail(
            TY_ERROR_VALUE,
            "the NVIDIA driver is too old: it knows CUDA %d.%d, and the plug-in needs %d.%d; update the "
            "driver",
            driver / 1000, driver % 1000 / 10, built / 1000, built % 1000 / 10);
    return tyi_host.fail(TY_ERROR_VALUE, "CUDA cannot be started: %s (%s)", cudaGetErrorString(error),
                         cudaGetErrorName(error));
}

extern "C" __attribute__((visibility("default"))) ty_status tyi_cuda_open(const tyi_cuda_host *host, int *abi,
                                                                          tyi_cuda_module *module);

ty_status tyi_cuda_open(const tyi_cuda_host *host, int *abi, tyi_cuda_module *module)
{
    *abi = TYI_CUDA_ABI;
    tyi_host = *host;
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess || count == 0)
        return explain(error);
    devices.count = count < TYI_MOST_DEVICES ? count : TYI_MOST_DEVICES;
    for (int i = 0; i < devices.count; i++)
        TYI_CUDA_TRY(cudaGetDeviceProperties(&devices.properties[i], i), "asking for a device's properties");
    memset(module, 0, sizeof *module);
    module->backend = &tyi_cuda_table;
    module->device_count = devices.count;
    module->properties = properties;
    module->use_device = tyi_use_device;
    module->current_device = tyi_current_device;
    module->synchronize = synchronize;
    tyi_fill_memory_functions(module);
    tyi_fill_stream_functions(module);
    tyi_fill_generator_functions(module);
    tyi_fill_graph_functions(module);
    tyi_fill_cudnn_functions(module);
    module->allow_tf32 = allow_tf32;
    return TY_OK;
}
