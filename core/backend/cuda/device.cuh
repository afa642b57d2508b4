/*
 * What every file of the CUDA plug-in uses: launching kernels on the thread's stream, turning CUDA's errors into ours,
 * and memory for the time of a call. Kernels are launched through tyi_launch() alone.
 */
#ifndef TYI_CUDA_DEVICE_CUH
#define TYI_CUDA_DEVICE_CUH

#include <cuda_runtime.h>

#include <utility>

#include "backend/cuda/plugin.h"

/* A block's shared memory whose size the launch says: TYI_DYNAMIC_SHARED(float, sums); */
#ifndef TYI_DYNAMIC_SHARED
#define TYI_DYNAMIC_SHARED(type, name)                                                                                 \
    extern __shared__ __align__(16) unsigned char tyi_dynamic_shared[];                                                \
    type *name = reinterpret_cast<type *>(tyi_dynamic_shared)
#endif

#define TYI_THREADS 256 /* of a block where nothing speaks for another number */
#define TYI_WARP    32

extern tyi_cuda_host tyi_host; /* set before anything else runs */

/* Whether float32 products and convolutions may round to TF32; torch's defaults. */
typedef struct tyi_tf32_switches {
    bool products, convolutions;
} tyi_tf32_switches;
extern tyi_tf32_switches tyi_tf32;

/* Fails with CUDA's words; what: "copying to the host", "a launch of cumsum". Errors of earlier kernels come to light
 * in later calls, and say so. */
ty_status tyi_cuda_failed(cudaError_t error, const char *what);

/* Returns from the function unless the call of the runtime succeeds. */
#define TYI_CUDA_TRY(call, what)                                                                                       \
    do {                                                                                                               \
        cudaError_t tyi_error = (call);                                                                                \
        if (tyi_error != cudaSuccess)                                                                                  \
            return tyi_cuda_failed(tyi_error, what);                                                                   \
    } while (0)

/* Returns from the function unless a call that gives a ty_status succeeds. */
#define TYI_TRY(call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != TY_OK)                                                                                           \
            return TY_FAIL;                                                                                            \
    } while (0)

/* Of the calling thread's current device: its number, its stream, its multiprocessors. */
int tyi_current_device(void);
cudaStream_t tyi_current_stream(void);
int tyi_multiprocessors(void);

/* Runs kernel<<<grid, block, shared>>>(arguments...) on the current stream; an empty grid does nothing. `name` is the
 * op, for the message. */
template <typename... Parameters, typename... Arguments>
ty_status tyi_launch(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared,
                     Arguments &&...arguments)
{
    if (grid.x == 0 || grid.y == 0 || grid.z == 0)
        return TY_OK;
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = tyi_current_stream();
    cudaError_t error = cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
    return error == cudaSuccess ? TY_OK : tyi_cuda_failed(error, name);
}

/* Blocks that cover n items, `each` items a block; at most what a grid may have (kernels stride over the rest). */
static inline unsigned tyi_blocks(int64_t n, int64_t each)
{
    int64_t blocks = n / each + (n % each != 0);
    return (unsigned)(blocks < 0x7fffffff ? blocks : 0x7fffffff);
}

/* Device memory from the caching allocator for as long as the object lives: it is used in stream order, so that it may
 * be given back while kernels that use it wait to run. */
class tyi_scratch
{
  public:
    tyi_scratch() = default;
    ~tyi_scratch();
    tyi_scratch(const tyi_scratch &) = delete;
    tyi_scratch &operator=(const tyi_scratch &) = delete;
    ty_status allocate(size_t bytes);
    template <typename T> T *as() const
    {
        return static_cast<T *>(data);
    }

  private:
    void *data = nullptr;
    size_t size = 0;
    int device = 0;
};

#endif
