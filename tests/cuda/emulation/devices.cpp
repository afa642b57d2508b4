// The emulated devices: what the environment says of them, errors and their names, properties and limits, and the check
// of a launch, which refuses what the driver refuses.
#include "state.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <map>
#include <stdarg.h>
#include <sys/mman.h>

namespace emulated
{
namespace
{
thread_local int device_of_thread;
thread_local cudaError_t last_error;

long long number_of(const char *name, long long otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoll(text, nullptr, 0) : otherwise;
}

CublasLt cublas_lt_of(const char *word)
{
    return !word || !*word               ? CublasLt::there
           : strcmp(word, "broken") == 0 ? CublasLt::broken
           : strcmp(word, "list") == 0   ? CublasLt::list
           : strcmp(word, "0") == 0      ? CublasLt::missing
                                         : CublasLt::there;
}

Configuration read_environment()
{
    Configuration read;
    const char *driver = getenv("EMULATED_CUDA_DRIVER"), *order = getenv("EMULATED_CUDA_ORDER");
    const char *cudnn = getenv("EMULATED_CUDA_CUDNN"), *solver = getenv("EMULATED_CUDA_CUSOLVER");
    long long devices = number_of("EMULATED_CUDA_DEVICES", 2);
    read.devices = devices < 0 ? 0 : devices > 16 ? 16 : (int)devices;
    read.old_driver = driver && strcmp(driver, "old") == 0;
    read.protect = number_of("EMULATED_CUDA_PROTECT", 1) != 0;
    read.memory = (size_t)number_of("EMULATED_CUDA_MEMORY", 4ll << 30);
    read.backward = order && strcmp(order, "backward") == 0;
    read.check = number_of("EMULATED_CUDA_CHECK", 0) != 0;
    read.leaks = number_of("EMULATED_CUDA_LEAKS", 0) != 0;
    read.broken_cudnn = cudnn && strcmp(cudnn, "broken") == 0;
    read.cudnn = read.broken_cudnn || number_of("EMULATED_CUDA_CUDNN", 0) != 0;
    read.cublas_lt = cublas_lt_of(getenv("EMULATED_CUDA_CUBLASLT"));
    read.arguments = number_of("EMULATED_CUDA_ARGUMENTS", 0) != 0;
    read.no_solver = solver && strcmp(solver, "none") == 0;
    read.old_solver = solver && strcmp(solver, "old") == 0;
    read.stuck_solver = solver && strcmp(solver, "stuck") == 0;
    return read;
}

// Dynamic shared memory that a kernel may have beyond 48 KB, by cudaFuncSetAttribute.
std::map<const void *, size_t> &allowed_shared()
{
    static auto *allowed = new std::map<const void *, size_t>;
    return *allowed;
}

cudaError_t check_launch(const cudaLaunchConfig_t *config, const void *kernel)
{
    dim3 grid = config->gridDim, block = config->blockDim;
    if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z || grid.x > 0x7fffffffu || grid.y > 65535 ||
        grid.z > 65535 || block.x > 1024 || block.y > 1024 || block.z > 64 ||
        (unsigned long long)block.x * block.y * block.z > 1024) {
        return cudaErrorInvalidConfiguration;
    }
    auto allowed = allowed_shared().find(kernel);
    size_t most = allowed == allowed_shared().end() ? EMULATED_SHARED_DEFAULT : allowed->second;
    most = most < EMULATED_SHARED_DEFAULT ? EMULATED_SHARED_DEFAULT : most;
    if (config->dynamicSmemBytes > most) {
        return cudaErrorInvalidValue;
    }
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const cudaLaunchAttribute *attribute = &config->attrs[i];
        if ((attribute->id == cudaLaunchAttributeCooperative && attribute->val.cooperative) ||
            attribute->id == cudaLaunchAttributeClusterDimension) {
            report("cooperative launches and clusters are not emulated");
            return cudaErrorNotSupported;
        }
    }
    return cudaSuccess;
}
} // namespace

const Configuration &configuration()
{
    static const Configuration read = read_environment();
    return read;
}

void *open_library(const char *name)
{
    bool there = strstr(name, "cudnn")      ? configuration().cudnn
                 : strstr(name, "cublasLt") ? configuration().cublas_lt != CublasLt::missing
                                            : !configuration().no_solver;
    return there ? const_cast<char *>(name) : nullptr;
}

bool library_has(const char *function)
{
    return !configuration().old_solver || !strstr(function, "Xgeev");
}

std::recursive_mutex &lock()
{
    static auto *mutex = new std::recursive_mutex;
    return *mutex;
}

cudaError_t availability()
{
    return configuration().old_driver     ? cudaErrorInsufficientDriver
           : configuration().devices == 0 ? cudaErrorNoDevice
                                          : cudaSuccess;
}

int current_device()
{
    return device_of_thread;
}

cudaError_t set_error(cudaError_t error)
{
    if (error) {
        last_error = error;
    }
    return error;
}

// The kernel's name where the dynamic symbol table knows it, otherwise its address.
std::string kernel_name(const void *kernel)
{
    Dl_info found;
    char address[32];
    if (dladdr(kernel, &found) && found.dli_sname && found.dli_saddr == kernel) {
        int status;
        char *readable = abi::__cxa_demangle(found.dli_sname, nullptr, nullptr, &status);
        std::string name = readable ? readable : found.dli_sname;
        free(readable);
        return name;
    }
    snprintf(address, sizeof address, "at %p", kernel);
    return address;
}

void report(const char *format, ...)
{
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "emulated CUDA: %s\n", line);
}

void look_for_host_addresses(const void *kernel, const void *argument, size_t bytes)
{
    if (!configuration().arguments) {
        return;
    }
    for (size_t at = 0; at + sizeof(uintptr_t) <= bytes; at += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, (const unsigned char *)argument + at, sizeof word);
        struct cudaPointerAttributes found;
        bool user = word > 0xffff && word < (uintptr_t)1 << 47;
        if (!user || msync((void *)(word / 4096 * 4096), 1, MS_ASYNC) != 0 ||
            cudaPointerGetAttributes(&found, (const void *)word) != cudaSuccess ||
            found.type != cudaMemoryTypeUnregistered) {
            continue;
        }
        report("%s: bytes %zu to %zu of an argument of %zu are the host address %p", kernel_name(kernel).c_str(), at,
               at + 7, bytes, (void *)word);
    }
}

cudaError_t launch(const cudaLaunchConfig_t *config, const void *kernel, std::function<void()> body)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    error = check_launch(config, kernel);
    if (error) {
        return set_error(error);
    }
    dim3 grid = config->gridDim, block = config->blockDim;
    size_t shared = config->dynamicSmemBytes;
    int device = current_device();
    return issue(config->stream, Kind::kernel, [=]() {
        cudaError_t now = run_grid(grid, block, shared, kernel, body);
        bool check = !now && configuration().check;
        return check && !gaps_are_whole(device, kernel_name(kernel).c_str()) ? cudaErrorIllegalAddress : now;
    });
}
} // namespace emulated

using namespace emulated;

extern "C" {
const char *cudaGetErrorName(cudaError_t error)
{
#define EMULATED_ERROR_NAME(name, number, text)                                                                        \
    case name:                                                                                                         \
        return #name;
    switch (error) {
        EMULATED_ERRORS(EMULATED_ERROR_NAME)
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
#define EMULATED_ERROR_TEXT(name, number, text)                                                                        \
    case name:                                                                                                         \
        return text;
    switch (error) {
        EMULATED_ERRORS(EMULATED_ERROR_TEXT)
    }
    return "unrecognized error code";
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = configuration().old_driver ? 11040 : 13000;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    cudaError_t error = availability();
    *count = error ? 0 : configuration().devices;
    return set_error(error);
}

cudaError_t cudaSetDevice(int device)
{
    cudaError_t error = availability();
    if (error || device < 0 || device >= configuration().devices) {
        return set_error(error ? error : cudaErrorInvalidDevice);
    }
    device_of_thread = device;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    *device = device_of_thread;
    return set_error(availability());
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    cudaError_t error = availability();
    if (error || device < 0 || device >= configuration().devices) {
        return set_error(error ? error : cudaErrorInvalidDevice);
    }
    struct cudaDeviceProp is = {};
    strcpy(is.name, "Emulated CUDA device");
    is.uuid.bytes[15] = (char)(device + 1);
    is.totalGlobalMem = configuration().memory;
    is.sharedMemPerBlock = EMULATED_SHARED_DEFAULT;
    is.sharedMemPerBlockOptin = EMULATED_SHARED_MOST;
    is.sharedMemPerMultiprocessor = EMULATED_SHARED_SM;
    is.reservedSharedMemPerBlock = 1024;
    is.regsPerBlock = is.regsPerMultiprocessor = 65536;
    is.warpSize = 32;
    is.memPitch = 0x7fffffff;
    is.maxThreadsPerBlock = 1024;
    is.maxThreadsDim[0] = is.maxThreadsDim[1] = 1024;
    is.maxThreadsDim[2] = 64;
    is.maxGridSize[0] = 0x7fffffff;
    is.maxGridSize[1] = is.maxGridSize[2] = 65535;
    is.totalConstMem = 65536;
    is.major = 9;
    is.multiProcessorCount = 132;
    is.canMapHostMemory = is.concurrentKernels = is.unifiedAddressing = is.streamPrioritiesSupported = 1;
    is.pciBusID = device + 1;
    is.asyncEngineCount = 3;
    is.memoryBusWidth = 6144;
    is.l2CacheSize = 50 << 20;
    is.maxThreadsPerMultiProcessor = 2048;
    is.maxBlocksPerMultiProcessor = 32;
    is.memoryPoolsSupported = 1;
    *properties = is;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    struct cudaDeviceProp is;
    cudaError_t error = cudaGetDeviceProperties(&is, device);
    if (error) {
        return error;
    }
    const struct {
        enum cudaDeviceAttr attribute;
        int value;
    } values[] = {{cudaDevAttrMaxThreadsPerBlock, is.maxThreadsPerBlock},
                  {cudaDevAttrMaxBlockDimX, is.maxThreadsDim[0]},
                  {cudaDevAttrMaxBlockDimY, is.maxThreadsDim[1]},
                  {cudaDevAttrMaxBlockDimZ, is.maxThreadsDim[2]},
                  {cudaDevAttrMaxGridDimX, is.maxGridSize[0]},
                  {cudaDevAttrMaxGridDimY, is.maxGridSize[1]},
                  {cudaDevAttrMaxGridDimZ, is.maxGridSize[2]},
                  {cudaDevAttrMaxSharedMemoryPerBlock, (int)is.sharedMemPerBlock},
                  {cudaDevAttrWarpSize, is.warpSize},
                  {cudaDevAttrMaxRegistersPerBlock, is.regsPerBlock},
                  {cudaDevAttrMultiProcessorCount, is.multiProcessorCount},
                  {cudaDevAttrIntegrated, is.integrated},
                  {cudaDevAttrL2CacheSize, is.l2CacheSize},
                  {cudaDevAttrMaxThreadsPerMultiProcessor, is.maxThreadsPerMultiProcessor},
                  {cudaDevAttrUnifiedAddressing, is.unifiedAddressing},
                  {cudaDevAttrComputeCapabilityMajor, is.major},
                  {cudaDevAttrComputeCapabilityMinor, is.minor},
                  {cudaDevAttrMaxSharedMemoryPerMultiprocessor, (int)is.sharedMemPerMultiprocessor},
                  {cudaDevAttrCooperativeLaunch, is.cooperativeLaunch},
                  {cudaDevAttrMaxSharedMemoryPerBlockOptin, (int)is.sharedMemPerBlockOptin},
                  {cudaDevAttrMemoryPoolsSupported, is.memoryPoolsSupported}};
    for (const auto &known : values) {
        if (known.attribute == attribute) {
            *value = known.value;
            return cudaSuccess;
        }
    }
    return set_error(cudaErrorInvalidValue);
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
    *least = 0;
    *greatest = -5;
    return set_error(availability());
}

cudaError_t cudaDeviceSynchronize(void)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    return set_error(forbid_in_capture());
}

cudaError_t cudaDeviceReset(void)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    release_device_memory(current_device());
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *kernel, enum cudaFuncAttribute attribute, int value)
{
    cudaError_t error = availability();
    if (error) {
        return set_error(error);
    }
    Guard guard(lock());
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) {
        return value >= -1 && value <= 100 ? cudaSuccess : set_error(cudaErrorInvalidValue);
    }
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || (size_t)value > EMULATED_SHARED_MOST) {
        return set_error(cudaErrorInvalidValue);
    }
    allowed_shared()[kernel] = (size_t)value;
    return cudaSuccess;
}

// What threads and shared memory allow; registers are not known here.
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel, int threads, size_t shared)
{
    cudaError_t error = availability();
    (void)kernel;
    if (error || threads < 1 || shared > EMULATED_SHARED_MOST) {
        return set_error(error ? error : cudaErrorInvalidValue);
    }
    int by_threads = threads > 1024 ? 0 : 2048 / ((threads + 31) / 32 * 32),
        by_shared = (int)(EMULATED_SHARED_SM / (shared + 1024));
    int least = by_threads < by_shared ? by_threads : by_shared;
    *blocks = least < 32 ? least : 32;
    return cudaSuccess;
}
}
