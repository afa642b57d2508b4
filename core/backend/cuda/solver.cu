/*
 * cuSOLVER, opened when linear algebra is first asked for: the plug-in loads and works without it.
 */
#include "backend/cuda/solver.cuh"

#include <stdlib.h>

#include <string>

#include "backend/cuda/handles.cuh"
#include "backend/cuda/library.cuh"

#define TEXT(x)    #x
#define TEXT_OF(x) TEXT(x)
#define FILE_NAME  "libcusolver.so." TEXT_OF(CUSOLVER_VER_MAJOR)

namespace
{

struct library {
    tyi_solver_functions functions;
    std::string problem; /* empty: it is there */
};

library opened()
{
    library l = {};
    void *file = TYI_OPEN_LIBRARY(FILE_NAME);
    if (!file) {
        const char *why = dlerror();
        l.problem = why ? why : FILE_NAME " is not there";
        return l;
    }
#define X(name)                                                                                                        \
    if (!(l.functions.name = TYI_LIBRARY_FUNCTION(file, name)))                                                        \
        l.problem = FILE_NAME " has no " #name;
    TYI_SOLVER_FUNCTIONS(X)
#undef X
#if TYI_HAS_GEEV
    l.functions.cusolverDnXgeev_bufferSize = TYI_LIBRARY_FUNCTION(file, cusolverDnXgeev_bufferSize);
    l.functions.cusolverDnXgeev = TYI_LIBRARY_FUNCTION(file, cusolverDnXgeev);
#endif
    return l;
}

const library &cusolver()
{
    static const library *it = new library(opened());
    return *it;
}

struct tools {
    cusolverDnHandle_t handle = nullptr;
    cusolverDnParams_t params = nullptr;
};
thread_local tyi_handles<tools *> handles;

const char *meaning(cusolverStatus_t status)
{
    switch (status) {
    case CUSOLVER_STATUS_NOT_INITIALIZED:
        return "it is not initialised";
    case CUSOLVER_STATUS_INVALID_VALUE:
        return "a size or parameter is not valid";
    case CUSOLVER_STATUS_ARCH_MISMATCH:
        return "the device lacks a feature that the function needs";
    case CUSOLVER_STATUS_EXECUTION_FAILED:
        return "the function failed on the device";
    case CUSOLVER_STATUS_INTERNAL_ERROR:
        return "an operation inside it failed";
    case CUSOLVER_STATUS_NOT_SUPPORTED:
        return "what was asked for is not supported";
    default:
        return "something else";
    }
}

} // namespace

ty_status tyi_solver_failed(cusolverStatus_t status, const char *name)
{
    if (status == CUSOLVER_STATUS_ALLOC_FAILED)
        return tyi_host.fail(TY_ERROR_MEMORY, "%s: out of memory on cuda:%d", name, tyi_current_device());
    cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess)
        return tyi_cuda_failed(error, name);
    return tyi_host.fail(TY_ERROR_VALUE, "%s on cuda:%d failed: cuSOLVER says that %s (status %d)", name,
                         tyi_current_device(), meaning(status), static_cast<int>(status));
}

ty_status tyi_solver_of_thread(const char *name, tyi_solver *out)
{
    const library &l = cusolver();
    if (!l.problem.empty())
        return tyi_host.fail(TY_ERROR_VALUE,
                             "%s on CUDA needs cuSOLVER, which cannot be loaded (%s); install libcusolver of CUDA %d, "
                             "or move the matrices to the CPU: x:cpu()",
                             name, l.problem.c_str(), CUDART_VERSION / 1000);
    tools *&mine = handles.mine();
    if (!mine)
        mine = new tools;
    if (!mine->handle)
        TYI_SOLVER_TRY(l.functions.cusolverDnCreate(&mine->handle), "starting cuSOLVER");
    if (!mine->params)
        TYI_SOLVER_TRY(l.functions.cusolverDnCreateParams(&mine->params), "starting cuSOLVER");
    TYI_SOLVER_TRY(l.functions.cusolverDnSetStream(mine->handle, tyi_current_stream()), "starting cuSOLVER");
    *out = {&l.functions, mine->handle, mine->params};
    return TY_OK;
}

tyi_solver_work::~tyi_solver_work()
{
    free(on_host);
}

ty_status tyi_solver_work::allocate()
{
    if (host_bytes && !(on_host = malloc(host_bytes)))
        return tyi_host.fail(TY_ERROR_MEMORY, "out of memory: cuSOLVER needs %zu bytes on the host", host_bytes);
    return device_bytes ? room.allocate(device_bytes) : TY_OK;
}
