// What the emulation's own files share: the configuration, the lock, device memory as it is opened and closed, streams
// and captures. Kernels see nothing of it. Everything here is used with the lock held.
#ifndef EMULATION_STATE_H
#define EMULATION_STATE_H

#include "cuda_runtime.h"

#include <string>
#include <mutex>
#include <vector>

#define EMULATED_SHARED_DEFAULT ((size_t)48 << 10)
#define EMULATED_SHARED_MOST    ((size_t)227 << 10)
#define EMULATED_SHARED_SM      ((size_t)228 << 10)

struct CUgraphNode_st {
    emulated::Kind kind;
    int device;
    std::function<cudaError_t()> work;
    std::vector<size_t> after; // positions of the nodes that it follows
};

struct CUgraph_st {
    std::vector<CUgraphNode_st> nodes; // in order of issue, which is an order that they can run in
};

struct CUgraphExec_st {
    std::vector<CUgraphNode_st> nodes;
};

namespace emulated
{
enum class CublasLt { missing, broken, list, there };

struct Configuration {  // from the environment, read once
    int devices;        // EMULATED_CUDA_DEVICES
    bool old_driver;    // EMULATED_CUDA_DRIVER=old
    bool protect;       // EMULATED_CUDA_PROTECT
    size_t memory;      // EMULATED_CUDA_MEMORY, bytes of each device
    bool backward;      // EMULATED_CUDA_ORDER=backward: threads and blocks from the last to the first
    bool check;         // EMULATED_CUDA_CHECK=1: the gaps between blocks of memory are looked at after each launch
    bool leaks;         // EMULATED_CUDA_LEAKS=1
    bool cudnn;         // EMULATED_CUDA_CUDNN=1 or =broken: installed
    bool broken_cudnn;  // EMULATED_CUDA_CUDNN=broken: installed, but does not start
    CublasLt cublas_lt; // EMULATED_CUDA_CUBLASLT=0, =broken, =list; otherwise it is there
    bool arguments;     // EMULATED_CUDA_ARGUMENTS=1: kernels' arguments are searched for host addresses
    bool no_solver;     // EMULATED_CUDA_CUSOLVER=none: cuSOLVER is not installed
    bool old_solver;    // EMULATED_CUDA_CUSOLVER=old: one that has no cusolverDnXgeev
    bool stuck_solver;  // EMULATED_CUDA_CUSOLVER=stuck: batched Jacobi methods do not converge for their first matrix
};

const Configuration &configuration();

// One lock for everything: work of all streams and all host threads runs one after the other.
std::recursive_mutex &lock();
typedef std::lock_guard<std::recursive_mutex> Guard;

// The error that every function gives where there is no device or only an old driver; cudaSuccess otherwise.
cudaError_t availability();
int current_device();
std::string kernel_name(const void *kernel);
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- Memory (memory.cpp) ----
// Device memory can be touched while one of these lives: that of a device and of the peers that it may use, or of all.
class OpenMemory
{
  public:
    explicit OpenMemory(int device); // -1: all devices
    ~OpenMemory();
    OpenMemory(const OpenMemory &) = delete;
    OpenMemory &operator=(const OpenMemory &) = delete;

  private:
    unsigned long long opened; // bit d: device d
};

bool is_device_pointer(const void *pointer, int *device);
bool gaps_are_whole(int device, const char *after);
void release_device_memory(int device);

// ---- Streams and captures (streams.cpp) ----
struct Capture {
    cudaStreamCaptureMode mode;
    cudaStream_t origin;
    bool invalid;
    const void *thread; // the host thread that began it
    CUgraph_st graph;
    std::vector<cudaStream_t> streams;
};

// Where the stream stands; cudaErrorInvalidResourceHandle for what is no stream.
cudaError_t find_stream(cudaStream_t handle, struct CUstream_st **stream);
const std::vector<Capture *> &captures();
void invalidate(Capture *capture);

// For calls that a capture forbids (allocation, synchronisation): the error, and captures that are hurt become invalid.
cudaError_t forbid_in_capture();
cudaError_t forbid_on_capturing(struct CUstream_st *stream);
cudaError_t run_node(const CUgraphNode_st &node);

// ---- Kernels (fibers.cpp) ----
cudaError_t run_grid(dim3 grid, dim3 block, size_t shared, const void *kernel, const std::function<void()> &body);
} // namespace emulated

struct CUstream_st {
    int device;
    unsigned flags;
    int priority;
    emulated::Capture *capture;
    std::vector<size_t> last; // nodes of the capture that the next one follows
};

struct CUevent_st {
    int device;
    unsigned flags;
    bool recorded;
    double seconds;
    emulated::Capture *capture; // not NULL: last recorded in it
    std::vector<size_t> last;
};

#endif
