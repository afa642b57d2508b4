// The emulation of CUDA checked by itself: threads that wait for each other, launches that fail, device memory that the
// host may not touch, captures, products and sorts. Each kernel's result is compared with what a plain loop gives.
#include <cub/cub.cuh>
#include <cublas_v2.h>

#include <chrono>
#include <string>
#include <vector>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <cmocka.h>
}

#define ok(call) assert_int_equal((call), cudaSuccess)

namespace
{
const unsigned all_lanes = 0xffffffffu;

cudaLaunchConfig_t shape(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = stream;
    return config;
}

// Device memory with the values of a host vector, freed at the end of the scope.
template <typename T> struct Device {
    T *at = nullptr;
    size_t count;
    explicit Device(size_t count_) : count(count_)
    {
        ok(cudaMalloc(&at, count * sizeof(T)));
    }
    explicit Device(const std::vector<T> &values) : Device(values.size())
    {
        ok(cudaMemcpy(at, values.data(), count * sizeof(T), cudaMemcpyHostToDevice));
    }
    ~Device()
    {
        ok(cudaFree(at));
    }
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;
    std::vector<T> values() const
    {
        std::vector<T> host(count);
        ok(cudaMemcpy(host.data(), at, count * sizeof(T), cudaMemcpyDeviceToHost));
        return host;
    }
};

std::vector<float> numbers(size_t count, unsigned seed)
{
    std::vector<float> values(count);
    for (float &value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

// Runs this program again for one case, in a process with the given environment; gives its status as wait does.
int run_again(const char *name, const char *variable, const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        setenv(variable, value, 1);
        setenv("EMULATION_CASE", name, 1);
        if (!freopen("/dev/null", "w", stderr)) {
            _exit(90);
        }
        execl("/proc/self/exe", "test_emulation", (char *)nullptr);
        _exit(91);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

// Runs `work` with what it writes on stderr caught.
template <typename Work> std::string said(Work work)
{
    char path[] = "/tmp/emulation-XXXXXX";
    int file = mkstemp(path), kept = dup(2);
    unlink(path);
    fflush(stderr);
    dup2(file, 2);
    work();
    fflush(stderr);
    dup2(kept, 2);
    close(kept);
    std::string text(4096, '\0');
    ssize_t got = pread(file, &text[0], text.size(), 0);
    close(file);
    text.resize(got > 0 ? (size_t)got : 0);
    return text;
}

// ---- Threads ----

__global__ void __launch_bounds__(256) sum_blocks(const float *__restrict__ values, int count, float *sums)
{
    __shared__ float warps[8];
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x), lane = (int)threadIdx.x % warpSize;
    float value = i < count ? __ldg(values + i) : 0.0f;
    for (int step = 16; step > 0; step /= 2) {
        value += __shfl_down_sync(all_lanes, value, step);
    }
    if (lane == 0) {
        warps[threadIdx.x / 32] = value;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        value = threadIdx.x < blockDim.x / 32 ? warps[threadIdx.x] : 0.0f;
        for (int step = 4; step > 0; step /= 2) {
            value += __shfl_xor_sync(all_lanes, value, step);
        }
        if (threadIdx.x == 0) {
            sums[blockIdx.x] = value;
        }
    }
}

void test_a_block_sums_with_shuffles_and_shared_memory(void **)
{
    std::vector<float> values = numbers(1000, 1);
    Device<float> in(values), out(4);
    cudaLaunchConfig_t config = shape(4, 256);
    ok(cudaLaunchKernelEx(&config, sum_blocks, (const float *)in.at, 1000, out.at));
    std::vector<float> sums = out.values();
    for (size_t b = 0; b < 4; b++) {
        double expected = 0.0;
        for (size_t i = b * 256; i < (b + 1) * 256 && i < 1000; i++) {
            expected += (double)values[i];
        }
        assert_true(fabs((double)sums[b] - expected) < 1e-4);
    }
}

__global__ void reverse(const int *in, int *out, int count)
{
    TYI_DYNAMIC_SHARED(int, held);
    int i = (int)threadIdx.x;
    if (i >= count) {
        return; // an early return counts as an arrival
    }
    held[i] = in[i];
    __syncthreads();
    out[i] = held[count - 1 - i];
    out[count + i] = __syncthreads_count(i % 3 == 0);
    out[2 * count + i] = __syncthreads_or(i == 5) + 2 * __syncthreads_and(i < 7);
}

void test_threads_that_return_early_hold_up_no_barrier(void **)
{
    const int count = 77;
    std::vector<int> values(count);
    for (int i = 0; i < count; i++) {
        values[i] = i * i;
    }
    Device<int> in(values), out(3 * count);
    cudaLaunchConfig_t config = shape(1, dim3(16, 8), sizeof(int) * count);
    config.blockDim = dim3(128);
    ok(cudaLaunchKernelEx(&config, reverse, (const int *)in.at, out.at, count));
    std::vector<int> got = out.values();
    for (int i = 0; i < count; i++) {
        assert_int_equal(got[i], values[count - 1 - i]);
        assert_int_equal(got[count + i], 26);
        assert_int_equal(got[2 * count + i], 1);
    }
}

__global__ void exchange(long long *out)
{
    int lane = (int)threadIdx.x;
    long long value = 1000000000000ll * (lane + 1);
    long long *to = out + 12 * lane;
    to[0] = __shfl_sync(all_lanes, value, 3, 8);
    to[1] = __shfl_up_sync(all_lanes, value, 2, 16);
    to[2] = __shfl_down_sync(all_lanes, value, 5, 16);
    to[3] = __shfl_xor_sync(all_lanes, lane, 7);
    to[4] = __ballot_sync(all_lanes, lane % 5 == 0);
    to[5] = __any_sync(all_lanes, lane == 31) + 2 * __all_sync(all_lanes, lane < 31);
    to[6] = __reduce_add_sync(all_lanes, (unsigned)lane);
    to[7] = __reduce_min_sync(all_lanes, 5 - lane);
    to[8] = __match_any_sync(all_lanes, lane % 4);
    if (lane % 2) {
        to[9] = __shfl_sync(0xaaaaaaaau, lane, 31); // half of the warp by itself
    } else {
        to[9] = __shfl_sync(0x55555555u, lane, 30);
    }
    __syncwarp();
    to[10] = (long long)__shfl_down_sync(all_lanes, 0.5f * (float)lane, 1);
    to[11] = __popc(__activemask() & 1u << lane);
}

void test_lanes_of_a_warp_exchange_values(void **)
{
    Device<long long> out(12 * 32);
    cudaLaunchConfig_t config = shape(1, 32);
    ok(cudaLaunchKernelEx(&config, exchange, out.at));
    std::vector<long long> got = out.values();
    unsigned fives = 0;
    for (int i = 0; i < 32; i += 5) {
        fives |= 1u << i;
    }
    for (int i = 0; i < 32; i++) {
        const long long *is = &got[12 * i], unit = 1000000000000ll;
        assert_int_equal(is[0], unit * (i / 8 * 8 + 3 + 1));
        assert_int_equal(is[1], unit * ((i % 16 >= 2 ? i - 2 : i) + 1));
        assert_int_equal(is[2], unit * ((i % 16 + 5 < 16 ? i + 5 : i) + 1));
        assert_int_equal(is[3], i ^ 7);
        assert_int_equal(is[4], fives);
        assert_int_equal(is[5], 1);
        assert_int_equal(is[6], 496);
        assert_int_equal(is[7], -26);
        assert_int_equal(is[8], 0x11111111u << i % 4);
        assert_int_equal(is[9], i % 2 ? 31 : 30);
        assert_int_equal(is[10], (long long)(0.5f * (float)(i < 31 ? i + 1 : i)));
        assert_int_equal(is[11], 1);
    }
}

__global__ void count_up(unsigned *counts, unsigned long long *largest, double *sum)
{
    atomicAdd(&counts[threadIdx.y], 1u);
    atomicMax(largest, (unsigned long long)(threadIdx.x + blockDim.x * blockIdx.y));
    atomicAdd(sum, 0.25);
    atomicInc(&counts[4], 6u);
}

void test_atomics_and_indices_cover_the_grid(void **)
{
    Device<unsigned> counts(std::vector<unsigned>(5, 0));
    Device<unsigned long long> largest(std::vector<unsigned long long>(1, 0));
    Device<double> sum(std::vector<double>(1, 0.0));
    cudaLaunchConfig_t config = shape(dim3(3, 5, 2), dim3(10, 4));
    ok(cudaLaunchKernelEx(&config, count_up, counts.at, largest.at, sum.at));
    std::vector<unsigned> got = counts.values();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(got[i], 300);
    }
    assert_int_equal(got[4], 1200 % 7);
    assert_int_equal(largest.values()[0], 49);
    assert_true(sum.values()[0] == 300.0);
}

// ---- Launches that fail ----

__global__ void diverge(int *out)
{
    if (threadIdx.x < 10) {
        __syncthreads();
    } else {
        while (out[threadIdx.x] != 0) {
            __syncwarp(0xfffffc00u);
            break;
        }
        __shfl_sync(all_lanes, 1, 0);
    }
}

__global__ void two_barriers(int *out)
{
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[threadIdx.x] = 1;
}

__global__ void fall_into_trap(int *out)
{
    if (threadIdx.x == 7) {
        __trap();
    }
    out[threadIdx.x] = 1;
}

__global__ void wrong_mask()
{
    __shfl_sync(0xfffffffeu, 1, 0);
}

__global__ void set_to(int *out, int value)
{
    out[threadIdx.x] = value;
}

void test_a_divergent_barrier_is_an_error_that_names_the_threads(void **)
{
    Device<int> out(std::vector<int>(64, 1));
    cudaLaunchConfig_t config = shape(1, 32);
    cudaError_t error = cudaSuccess;
    std::string text = said([&]() { error = cudaLaunchKernelEx(&config, diverge, out.at); });
    assert_int_equal(error, cudaErrorLaunchFailure);
    assert_non_null(strstr(text.c_str(), "block (0, 0, 0)"));
    assert_non_null(strstr(text.c_str(), "thread (0, 0, 0) waits in __syncthreads at"));
    assert_non_null(strstr(text.c_str(), "thread (10, 0, 0) waits in __shfl_sync of mask 0xffffffff"));
    assert_int_equal(cudaGetLastError(), cudaErrorLaunchFailure);
    assert_int_equal(cudaGetLastError(), cudaSuccess);

    config.blockDim = dim3(64);
    text = said([&]() { error = cudaLaunchKernelEx(&config, two_barriers, out.at); });
    assert_int_equal(error, cudaErrorLaunchFailure);
    assert_non_null(strstr(text.c_str(), "different barriers"));
    text = said([&]() { error = cudaLaunchKernelEx(&config, fall_into_trap, out.at); });
    assert_int_equal(error, cudaErrorLaunchFailure);
    assert_non_null(strstr(text.c_str(), "__trap in thread (7, 0, 0)"));
    text = said([&]() { error = cudaLaunchKernelEx(&config, wrong_mask); });
    assert_int_equal(error, cudaErrorLaunchFailure);

    ok(cudaLaunchKernelEx(&config, set_to, out.at, 9)); // and the next launch is fine
    assert_int_equal(out.values()[63], 9);
}

void test_launches_are_refused_as_the_driver_does(void **)
{
    Device<int> out(1024);
    const dim3 bad_grids[] = {dim3(0), dim3(0x80000000u), dim3(1, 65536), dim3(1, 1, 65536), dim3(1, 0)};
    for (dim3 grid : bad_grids) {
        cudaLaunchConfig_t config = shape(grid, 1);
        assert_int_equal(cudaLaunchKernelEx(&config, set_to, out.at, 1), cudaErrorInvalidConfiguration);
    }
    const dim3 bad_blocks[] = {dim3(1025), dim3(0), dim3(32, 33), dim3(1, 1, 65)};
    for (dim3 block : bad_blocks) {
        cudaLaunchConfig_t config = shape(1, block);
        assert_int_equal(cudaLaunchKernelEx(&config, set_to, out.at, 1), cudaErrorInvalidConfiguration);
    }
    cudaLaunchConfig_t config = shape(1, 1024, 49153);
    assert_int_equal(cudaLaunchKernelEx(&config, set_to, out.at, 1), cudaErrorInvalidValue);
    ok(cudaFuncSetAttribute(set_to, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 << 10));
    ok(cudaLaunchKernelEx(&config, set_to, out.at, 1));
    config.dynamicSmemBytes = 227 << 10;
    ok(cudaLaunchKernelEx(&config, set_to, out.at, 2));
    assert_int_equal(out.values()[1023], 2);
    config.dynamicSmemBytes++;
    assert_int_equal(cudaLaunchKernelEx(&config, set_to, out.at, 1), cudaErrorInvalidValue);
    assert_int_equal(cudaFuncSetAttribute(set_to, cudaFuncAttributeMaxDynamicSharedMemorySize, (227 << 10) + 1),
                     cudaErrorInvalidValue);
    cudaGetLastError();
}

// ---- Memory ----

__global__ void read_all(const float *values, int count, int *nans)
{
    for (int i = (int)threadIdx.x; i < count; i += (int)blockDim.x) {
        if (isnan(values[i])) {
            atomicAdd(nans, 1);
        }
    }
}

void test_the_host_may_not_touch_device_memory(void **)
{
    Device<float> values(1000);
    Device<int> nans(std::vector<int>(1, 0));
    cudaLaunchConfig_t config = shape(1, 64);
    ok(cudaLaunchKernelEx(&config, read_all, (const float *)values.at, 1000, nans.at));
    assert_int_equal(nans.values()[0], 1000); // fresh memory is NaN
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile float *)values.at = 1.0f;
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

void test_copies_are_checked(void **)
{
    float host[16] = {0};
    Device<float> values(16);
    std::string text = said([&]() {
        assert_int_equal(cudaMemcpy(host, values.at, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
        assert_int_equal(cudaMemcpy(values.at, host, 64, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
        assert_int_equal(cudaMemcpy(values.at + 1, host, 64, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
        assert_int_equal(cudaMemset(host, 0, 4), cudaErrorInvalidValue);
        assert_int_equal(cudaFree(values.at + 1), cudaErrorInvalidValue);
    });
    assert_non_null(strstr(text.c_str(), "pass the end of a block of 64 bytes"));
    ok(cudaMemcpy(values.at, host, 64, cudaMemcpyDefault));
    ok(cudaMemcpy2DAsync(values.at, 16, host, 8, 8, 4, cudaMemcpyHostToDevice));
    assert_int_equal(cudaMemcpy2DAsync(values.at, 16, host, 4, 8, 4, cudaMemcpyHostToDevice),
                     cudaErrorInvalidPitchValue);
    struct cudaPointerAttributes attributes;
    ok(cudaPointerGetAttributes(&attributes, values.at + 3));
    assert_int_equal(attributes.type, cudaMemoryTypeDevice);
    ok(cudaPointerGetAttributes(&attributes, host));
    assert_int_equal(attributes.type, cudaMemoryTypeUnregistered);
    void *pinned;
    ok(cudaMallocHost(&pinned, 100));
    ok(cudaPointerGetAttributes(&attributes, (char *)pinned + 99));
    assert_int_equal(attributes.type, cudaMemoryTypeHost);
    ok(cudaFreeHost(pinned));
    cudaGetLastError();
}

void test_a_write_past_the_end_is_found_when_the_block_is_freed(void **)
{
    int *block;
    ok(cudaMalloc(&block, 10 * sizeof(int)));
    cudaLaunchConfig_t config = shape(1, 11);
    std::string text = said([&]() {
        cudaLaunchKernelEx(&config, set_to, block, 3);
        assert_int_equal(cudaFree(block), cudaErrorIllegalAddress);
    });
    assert_non_null(strstr(text.c_str(), "the block of 40 bytes"));
    cudaGetLastError();
}

void test_memory_is_reused(void **)
{
    size_t before, after, total;
    ok(cudaMemGetInfo(&before, &total));
    for (int round = 0; round < 200; round++) {
        char *blocks[8];
        for (int i = 0; i < 8; i++) {
            ok(cudaMalloc(&blocks[i], (size_t)(i + 1) * 100000 + (size_t)round));
        }
        for (int i = 0; i < 8; i++) {
            ok(cudaFree(blocks[(i * 3) % 8]));
        }
    }
    ok(cudaMemGetInfo(&after, &total));
    assert_int_equal(before, after);
}

// ---- Streams, captures, libraries ----

__global__ void multiply_add(float *values, float factor, float term)
{
    values[threadIdx.x] = values[threadIdx.x] * factor + term;
}

void test_a_capture_records_and_the_graph_replays(void **)
{
    const float one = 1.0f, zero = 0.0f;
    std::vector<float> host = {1, 2, 3, 4}, result(4);
    Device<float> values(host), square(4);
    cudaStream_t stream, other;
    cudaEvent_t fork_event, join_event;
    cublasHandle_t blas;
    ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ok(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    ok(cudaEventCreateWithFlags(&fork_event, cudaEventDisableTiming));
    ok(cudaEventCreateWithFlags(&join_event, cudaEventDisableTiming));
    assert_int_equal(cublasCreate(&blas), CUBLAS_STATUS_SUCCESS);
    assert_int_equal(cublasSetStream(blas, stream), CUBLAS_STATUS_SUCCESS);

    cudaLaunchConfig_t config = shape(1, 4, 0, stream);
    ok(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    ok(cudaLaunchKernelEx(&config, multiply_add, values.at, 2.0f, 1.0f));
    ok(cudaEventRecord(fork_event, stream));
    ok(cudaStreamWaitEvent(other, fork_event));
    ok(cudaMemsetAsync(square.at, 0, 16, other));
    ok(cudaEventRecord(join_event, other));
    ok(cudaStreamWaitEvent(stream, join_event));
    assert_int_equal(
        cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, values.at, 2, values.at, 2, &zero, square.at, 2),
        CUBLAS_STATUS_SUCCESS);
    ok(cudaMemcpyAsync(result.data(), square.at, 16, cudaMemcpyDeviceToHost, stream));
    cudaGraph_t graph;
    ok(cudaStreamEndCapture(stream, &graph));
    size_t nodes;
    ok(cudaGraphGetNodes(graph, nullptr, &nodes));
    assert_int_equal(nodes, 4);
    assert_true(values.values()[0] == 1.0f); // nothing has run

    cudaGraphExec_t exec;
    ok(cudaGraphInstantiate(&exec, graph));
    ok(cudaGraphDestroy(graph));
    for (int i = 0; i < 2; i++) {
        ok(cudaGraphLaunch(exec, stream));
        for (float &value : host) {
            value = value * 2.0f + 1.0f;
        }
        assert_true(result[0] == host[0] * host[0] + host[2] * host[1]);
        assert_true(result[3] == host[1] * host[2] + host[3] * host[3]);
    }
    ok(cudaGraphExecDestroy(exec));
    assert_int_equal(cublasDestroy(blas), CUBLAS_STATUS_SUCCESS);
    ok(cudaEventDestroy(fork_event));
    ok(cudaEventDestroy(join_event));
    ok(cudaStreamDestroy(other));
    ok(cudaStreamDestroy(stream));
    assert_int_equal(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
    cudaGetLastError();
}

void test_what_a_capture_forbids_fails_and_spoils_it(void **)
{
    Device<int> values(32);
    int host = 0;
    void *pointer;
    cudaStream_t stream, other;
    cudaGraph_t graph;
    cudaEvent_t event;
    ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    ok(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    ok(cudaEventCreate(&event));
    for (int what = 0; what < 5; what++) {
        ok(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
        cudaError_t error = what == 0   ? cudaMalloc(&pointer, 8)
                            : what == 1 ? cudaStreamSynchronize(stream)
                            : what == 2 ? cudaDeviceSynchronize()
                            : what == 3 ? cudaMemcpy(&host, values.at, 4, cudaMemcpyDeviceToHost)
                                        : cudaFree(values.at);
        assert_int_equal(error, cudaErrorStreamCaptureUnsupported);
        cudaLaunchConfig_t config = shape(1, 32, 0, stream);
        assert_int_equal(cudaLaunchKernelEx(&config, set_to, values.at, 1), cudaErrorStreamCaptureInvalidated);
        cudaStreamCaptureStatus status;
        ok(cudaStreamIsCapturing(stream, &status));
        assert_int_equal(status, cudaStreamCaptureStatusInvalidated);
        assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
        assert_null(graph);
    }
    ok(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal)); // allocation by a thread that says it may
    cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
    ok(cudaThreadExchangeStreamCaptureMode(&mode));
    ok(cudaMalloc(&pointer, 8));
    ok(cudaFree(pointer));
    ok(cudaThreadExchangeStreamCaptureMode(&mode));
    ok(cudaEventRecord(event, stream)); // work in another stream that is never joined
    ok(cudaStreamWaitEvent(other, event));
    ok(cudaMemsetAsync(values.at, 0, 4, other));
    assert_int_equal(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureUnjoined);
    ok(cudaEventDestroy(event));
    ok(cudaStreamDestroy(other));
    ok(cudaStreamDestroy(stream));
    cudaGetLastError();
}

template <typename T, typename Widen>
void check_product(cudaDataType type, const std::vector<T> &a, const std::vector<T> &b, Widen widen)
{
    const int m = 7, n = 5, k = 9, lda = 11, ldb = 12, ldc = 8;
    Device<T> da(a), db(b);
    cublasHandle_t blas;
    assert_int_equal(cublasCreate(&blas), CUBLAS_STATUS_SUCCESS);
    for (int trans = 0; trans < 4; trans++) {
        bool ta = trans & 1, tb = trans & 2;
        Device<float> dc(std::vector<float>(ldc * n, 0.5f));
        const float alpha = 1.5f, beta = 2.0f;
        assert_int_equal(cublasGemmEx(blas, ta ? CUBLAS_OP_T : CUBLAS_OP_N, tb ? CUBLAS_OP_T : CUBLAS_OP_N, m, n, k,
                                      &alpha, da.at, type, lda, db.at, type, ldb, &beta, dc.at, CUDA_R_32F, ldc,
                                      CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                         CUBLAS_STATUS_SUCCESS);
        std::vector<float> c = dc.values();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0.0;
                for (int p = 0; p < k; p++) {
                    sum += (double)widen(a[ta ? i * lda + p : p * lda + i]) *
                           (double)widen(b[tb ? p * ldb + j : j * ldb + p]);
                }
                assert_true(fabs((double)c[j * ldc + i] - (1.5 * sum + 1.0)) < 1e-5);
            }
            assert_true(c[m] == 0.5f); // between the columns nothing is written
        }
    }
    assert_int_equal(cublasDestroy(blas), CUBLAS_STATUS_SUCCESS);
}

void test_products_agree_with_plain_loops(void **)
{
    std::vector<float> a = numbers(200, 2), b = numbers(200, 3);
    check_product(CUDA_R_32F, a, b, [](float x) { return x; });
    std::vector<__half> ha(200), hb(200);
    std::vector<__nv_bfloat16> ba(200), bb(200);
    for (int i = 0; i < 200; i++) {
        ha[i] = __float2half_rn(a[i]);
        hb[i] = __float2half_rn(b[i]);
        ba[i] = __float2bfloat16_rn(a[i]);
        bb[i] = __float2bfloat16_rn(b[i]);
        assert_true(fabsf(__half2float(ha[i]) - a[i]) <= 0x1p-11f);
    }
    check_product(CUDA_R_16F, ha, hb, [](__half x) { return __half2float(x); });
    check_product(CUDA_R_16BF, ba, bb, [](__nv_bfloat16 x) { return __bfloat162float(x); });
    cublasHandle_t blas;
    const float one = 1.0f, zero = 0.0f;
    Device<float> d(a);
    assert_int_equal(cublasCreate(&blas), CUBLAS_STATUS_SUCCESS);
    assert_int_equal(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, 4, 2, 3, &one, d.at, 3, d.at, 3, &zero, d.at + 50, 4),
                     CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, 4, 2, 3, &one, d.at, 4, d.at, 1, &zero, d.at + 50, 4),
                     CUBLAS_STATUS_INVALID_VALUE);
    std::string text = said([&]() {
        assert_int_equal(
            cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, 15, 2, 15, &one, d.at, 15, d.at, 15, &zero, d.at, 15),
            CUBLAS_STATUS_EXECUTION_FAILED);
    });
    assert_non_null(strstr(text.c_str(), "cuBLAS: A: 900 bytes"));
    assert_int_equal(cublasDestroy(blas), CUBLAS_STATUS_SUCCESS);
    cudaGetLastError();
}

void test_scans_selections_and_sorts(void **)
{
    Device<float> keys(std::vector<float>{3, -1, NAN, 2, -0.0f, 0.0f, -INFINITY, 2}), sorted(8);
    Device<int> items(std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}), order(8), offsets(std::vector<int>{0, 4, 8}), total(1);
    Device<unsigned char> flags(std::vector<unsigned char>{1, 0, 0, 1, 0, 1, 1, 0});
    Device<char> storage(4096);
    size_t bytes = 0;
    ok(cub::DeviceRadixSort::SortPairs(nullptr, bytes, keys.at, sorted.at, items.at, order.at, 8));
    assert_true(bytes > 0 && bytes <= 4096);
    ok(cub::DeviceRadixSort::SortPairs(storage.at, bytes, keys.at, sorted.at, items.at, order.at, 8));
    assert_true(order.values() == (std::vector<int>{6, 1, 4, 5, 3, 7, 0, 2}));
    ok(cub::DeviceRadixSort::SortPairsDescending(storage.at, bytes, keys.at, sorted.at, items.at, order.at, 8));
    assert_true(order.values() == (std::vector<int>{2, 0, 3, 7, 4, 5, 1, 6}));
    ok(cub::DeviceSegmentedSort::StableSortPairs(storage.at, bytes, keys.at, sorted.at, items.at, order.at, 8, 2,
                                                 offsets.at, offsets.at + 1));
    assert_true(order.values() == (std::vector<int>{1, 3, 0, 2, 6, 4, 5, 7}));
    ok(cub::DeviceScan::ExclusiveSum(storage.at, bytes, items.at, order.at, 8));
    assert_true(order.values() == (std::vector<int>{0, 0, 1, 3, 6, 10, 15, 21}));
    ok(cub::DeviceScan::InclusiveSum(storage.at, bytes, items.at, order.at, 8));
    assert_int_equal(order.values()[7], 28);
    ok(cub::DeviceReduce::Max(storage.at, bytes, items.at, total.at, 8));
    assert_int_equal(total.values()[0], 7);
    ok(cub::DeviceSelect::Flagged(storage.at, bytes, items.at, flags.at, order.at, total.at, 8));
    assert_int_equal(total.values()[0], 4);
    assert_int_equal(order.values()[3], 6);
    bytes = 16;
    assert_int_equal(cub::DeviceScan::InclusiveSum(storage.at, bytes, items.at, order.at, 8), cudaErrorInvalidValue);
}

void test_mathematics_of_the_device(void **)
{
    for (double x = -0.999; x < 1.0; x += 0.037) {
        assert_true(fabs(erf(erfinv(x)) - x) < 4e-16);
    }
    for (double p = 1e-300; p < 1e-3; p *= 1e7) {
        assert_true(fabs(normcdf(normcdfinv(p)) / p - 1.0) < 2e-12);
    }
    assert_true(fabs(normcdfinv(0.975) - 1.959963984540054) < 1e-15 * 4);
    assert_true(fabs(erfcx(30.0) / 0.018795888861416751 - 1.0) < 1e-14);
    assert_true(fabs(erfcx(10.0) / 0.056140992743822588 - 1.0) < 1e-14);
    assert_true(fabs(erfcx(-1.0) / 5.00898008076228 - 1.0) < 1e-12);
    assert_true(isinf(erfinv(1.0)) && isnan(erfinv(1.5)));
    double s, c;
    sincospi(0.5, &s, &c);
    assert_true(s == 1.0 && c == 0.0);
    sincospi(-1.25, &s, &c);
    assert_true(fabs(s - sqrt(0.5)) < 1e-15 && fabs(c + sqrt(0.5)) < 1e-15);
    assert_int_equal(__brev(1u), 0x80000000u);
    assert_int_equal(__clz(1), 31);
    assert_int_equal(__umulhi(0x80000000u, 6u), 3);
    for (unsigned bits = 0; bits < 0x10000u; bits++) { // every half and bfloat16 comes back
        __half half = __ushort_as_half((unsigned short)bits);
        __nv_bfloat16 brain = __ushort_as_bfloat16((unsigned short)bits);
        assert_true(isnan(__half2float(half)) || __float2half_rn(__half2float(half)).bits == bits);
        assert_true(isnan(__bfloat162float(brain)) || __float2bfloat16_rn(__bfloat162float(brain)).bits == bits);
    }
    assert_int_equal(__float2half_rn(65519.0f).bits, 0x7bff);
    assert_int_equal(__float2half_rn(65520.0f).bits, 0x7c00);
    assert_int_equal(__float2half_rn(1.0f + 0x1p-11f).bits, 0x3c00);
    assert_int_equal(__float2half_rn(1.0f + 3 * 0x1p-11f).bits, 0x3c02);
    assert_int_equal(__float2half_rn(0x1p-25f).bits, 0);
    assert_int_equal(__float2half_rn(0x1.8p-25f).bits, 1);
}

// ---- Devices; cases of their own process ----

void test_devices(void **)
{
    int count, value;
    cudaDeviceProp properties;
    ok(cudaGetDeviceCount(&count));
    assert_int_equal(count, 2);
    ok(cudaGetDeviceProperties(&properties, 1));
    assert_string_equal(properties.name, "Emulated CUDA device");
    ok(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
    assert_int_equal(value, 132);
    assert_int_equal(cudaSetDevice(2), cudaErrorInvalidDevice);
    assert_string_equal(cudaGetErrorName(cudaGetLastError()), "cudaErrorInvalidDevice");
    int *here, *there;
    ok(cudaMalloc(&here, 64));
    ok(cudaSetDevice(1));
    ok(cudaMalloc(&there, 64));
    ok(cudaMemset(there, 1, 64));
    ok(cudaMemcpyPeerAsync(here, 0, there, 1, 64));
    ok(cudaMemcpy(&value, here, 4, cudaMemcpyDeviceToHost));
    assert_int_equal(value, 0x01010101);
    struct cudaPointerAttributes attributes;
    ok(cudaPointerGetAttributes(&attributes, there));
    assert_int_equal(attributes.device, 1);
    ok(cudaFree(there));
    ok(cudaFree(here));
    ok(cudaSetDevice(0));
    ok(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&value, set_to, 256, 0));
    assert_int_equal(value, 8);
}

void test_the_environment_changes_what_there_is(void **)
{
    assert_int_equal(run_again("memory", "EMULATED_CUDA_MEMORY", "1000000"), 0);
    assert_int_equal(run_again("none", "EMULATED_CUDA_DEVICES", "0"), 0);
    assert_int_equal(run_again("old", "EMULATED_CUDA_DRIVER", "old"), 0);
    assert_int_equal(run_again("open", "EMULATED_CUDA_PROTECT", "0"), 0);
}

int run_case(const std::string &name)
{
    int count;
    void *pointer = nullptr, *rest = nullptr;
    if (name == "memory") {
        return cudaMalloc(&pointer, 1000001) == cudaErrorMemoryAllocation &&
                       cudaMalloc(&pointer, 600000) == cudaSuccess &&
                       cudaMalloc(&rest, 600000) == cudaErrorMemoryAllocation && !rest &&
                       cudaFree(pointer) == cudaSuccess && cudaMalloc(&rest, 600000) == cudaSuccess
                   ? 0
                   : 1;
    }
    if (name == "open") {
        cudaMalloc(&pointer, 4);
        *(int *)pointer = 1;
        return 0;
    }
    cudaError_t expected = name == "old" ? cudaErrorInsufficientDriver : cudaErrorNoDevice;
    return cudaGetDeviceCount(&count) == expected && count == 0 && cudaMalloc(&pointer, 4) == expected ? 0 : 1;
}

void test_a_launch_is_cheap(void **)
{
    std::vector<float> values = numbers(256, 1);
    Device<float> in(values), out(1);
    cudaLaunchConfig_t config = shape(1, 256);
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; i++) {
        ok(cudaLaunchKernelEx(&config, sum_blocks, (const float *)in.at, 256, out.at));
    }
    std::chrono::duration<double, std::micro> with_barriers = std::chrono::steady_clock::now() - begin;
    begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; i++) {
        ok(cudaLaunchKernelEx(&config, multiply_add, in.at, 1.0f, 0.0f));
    }
    std::chrono::duration<double, std::micro> plain = std::chrono::steady_clock::now() - begin;
    print_message("a launch of 256 threads: %.1f us, with shuffles and a barrier %.1f us\n", plain.count() / 1000,
                  with_barriers.count() / 1000);
    assert_true(with_barriers.count() / 1000 < 5000); // a hundred times what it takes
}
} // namespace

int main()
{
    const char *name = getenv("EMULATION_CASE");
    if (name) {
        return run_case(name);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_sums_with_shuffles_and_shared_memory),
        cmocka_unit_test(test_threads_that_return_early_hold_up_no_barrier),
        cmocka_unit_test(test_lanes_of_a_warp_exchange_values),
        cmocka_unit_test(test_atomics_and_indices_cover_the_grid),
        cmocka_unit_test(test_a_divergent_barrier_is_an_error_that_names_the_threads),
        cmocka_unit_test(test_launches_are_refused_as_the_driver_does),
        cmocka_unit_test(test_the_host_may_not_touch_device_memory),
        cmocka_unit_test(test_copies_are_checked),
        cmocka_unit_test(test_a_write_past_the_end_is_found_when_the_block_is_freed),
        cmocka_unit_test(test_memory_is_reused),
        cmocka_unit_test(test_a_capture_records_and_the_graph_replays),
        cmocka_unit_test(test_what_a_capture_forbids_fails_and_spoils_it),
        cmocka_unit_test(test_products_agree_with_plain_loops),
        cmocka_unit_test(test_scans_selections_and_sorts),
        cmocka_unit_test(test_mathematics_of_the_device),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_the_environment_changes_what_there_is),
        cmocka_unit_test(test_a_launch_is_cheap),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
