/*
 * Products with a bias by cuBLASLt, whose kernels add it before they round and write (CUBLASLT_EPILOGUE_BIAS). For each
 * shape its heuristics name a kernel, which a thread keeps: they would cost more than the launch, and are a matter of
 * the host alone, so that they may be asked while a graph is captured.
 */
#include "backend/cuda/blas.cuh"
#include "backend/cuda/library.cuh"
#include "backend/cuda/memory.cuh"
#include "backend/cuda/plans.cuh"

#include <cublasLt.h>

#include <unordered_map>

namespace
{

/* ---- The library ---- */

#define LT_FUNCTIONS(X)                                                                                                \
    X(cublasLtMatmulDescInit_internal)                                                                                 \
    X(cublasLtMatmulDescSetAttribute)                                                                                  \
    X(cublasLtMatrixLayoutInit_internal)                                                                               \
    X(cublasLtMatmulPreferenceInit_internal)                                                                           \
    X(cublasLtMatmulPreferenceSetAttribute)                                                                            \
    X(cublasLtMatmulAlgoGetHeuristic)                                                                                  \
    X(cublasLtMatmul)

TYI_LIBRARY(lt_library, LT_FUNCTIONS);

#define NAME_OF_VERSION(version)  "libcublasLt.so." #version
#define NAME_WITH_VERSION(number) NAME_OF_VERSION(number)

/* cuBLAS comes with it and has opened it; through pointers, since the plug-in is linked to cuBLAS alone. */
const lt_library &lt(void)
{
    TYI_RETURN_LIBRARY(lt_library, LT_FUNCTIONS, NAME_WITH_VERSION(CUBLAS_VER_MAJOR));
}

/* ---- Plans ---- */

constexpr uintptr_t MOST_ALIGNED = 256; /* bytes: what cuBLASLt takes for granted unless told */

enum { A, B, C, BIAS, OPERANDS };

/* What a plan depends on. */
struct plan_key {
    int64_t device, op_a, op_b, m, n, k, lda, ldb, ldc, type, to, compute, aligned[OPERANDS];
};

/* Descriptors are set up where they lie, and own nothing. */
struct plan {
    cublasLtMatmulDescOpaque_t product;
    cublasLtMatrixLayoutOpaque_t a, b, c;
    cublasLtMatmulAlgo_t kernel;
    size_t workspace;
    bool found; /* false: cuBLASLt has no kernel for it */
};

plan_key key_of(const tyi_blas_call &call)
{
    return {tyi_current_device(),
            call.op_a,
            call.op_b,
            call.m,
            call.n,
            call.k,
            call.lda,
            call.ldb,
            call.ldc,
            call.type,
            call.to,
            call.compute,
            {tyi_alignment(call.a, MOST_ALIGNED), tyi_alignment(call.b, MOST_ALIGNED),
             tyi_alignment(call.c, MOST_ALIGNED), tyi_alignment(call.bias, MOST_ALIGNED)}};
}

template <typename Value> bool set(plan *p, cublasLtMatmulDescAttributes_t name, Value value)
{
    return lt().cublasLtMatmulDescSetAttribute(&p->product, name, &value, sizeof value) == CUBLAS_STATUS_SUCCESS;
}

template <typename Value>
bool set(cublasLtMatmulPreferenceOpaque_t *wishes, cublasLtMatmulPreferenceAttributes_t name, Value value)
{
    return lt().cublasLtMatmulPreferenceSetAttribute(wishes, name, &value, sizeof value) == CUBLAS_STATUS_SUCCESS;
}

bool set_layout(cublasLtMatrixLayoutOpaque_t *to, cudaDataType type, bool turned, int rows, int columns, int distance)
{
    uint64_t stored_rows = static_cast<uint64_t>(turned ? columns : rows);
    uint64_t stored_columns = static_cast<uint64_t>(turned ? rows : columns);
    return lt().cublasLtMatrixLayoutInit_internal(to, sizeof *to, type, stored_rows, stored_columns, distance) ==
           CUBLAS_STATUS_SUCCESS;
}

bool describe(const tyi_blas_call &call, plan *p)
{
    cudaDataType scale = call.compute == CUBLAS_COMPUTE_64F ? CUDA_R_64F : CUDA_R_32F;
    return lt().cublasLtMatmulDescInit_internal(&p->product, sizeof p->product, call.compute, scale) ==
               CUBLAS_STATUS_SUCCESS &&
           set(p, CUBLASLT_MATMUL_DESC_TRANSA, static_cast<int32_t>(call.op_a)) &&
           set(p, CUBLASLT_MATMUL_DESC_TRANSB, static_cast<int32_t>(call.op_b)) &&
           set(p, CUBLASLT_MATMUL_DESC_EPILOGUE, static_cast<uint32_t>(CUBLASLT_EPILOGUE_BIAS)) &&
           set(p, CUBLASLT_MATMUL_DESC_BIAS_POINTER, call.bias) && /* heuristics look how it is aligned */
           set_layout(&p->a, call.type, call.op_a != CUBLAS_OP_N, call.m, call.k, call.lda) &&
           set_layout(&p->b, call.type, call.op_b != CUBLAS_OP_N, call.k, call.n, call.ldb) &&
           set_layout(&p->c, call.to, false, call.m, call.n, call.ldc);
}

/* The kernel that the heuristics put first among those that add up parts of sums, if at all, in the type of sums and
 * in a step of its own, whose order is fixed. */
bool find_kernel(cublasLtHandle_t handle, const plan_key &key, plan *p)
{
    cublasLtMatmulPreferenceOpaque_t wishes;
    cublasLtMatmulHeuristicResult_t best = {};
    int count = 0;
    uint64_t room = tyi_blas_workspace();
    bool told = lt().cublasLtMatmulPreferenceInit_internal(&wishes, sizeof wishes) == CUBLAS_STATUS_SUCCESS &&
                set(&wishes, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, room) &&
                set(&wishes, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                    static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE)) &&
                set(&wishes, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<uint32_t>(key.aligned[A])) &&
                set(&wishes, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<uint32_t>(key.aligned[B])) &&
                set(&wishes, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<uint32_t>(key.aligned[C])) &&
                set(&wishes, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<uint32_t>(key.aligned[C]));
    if (!told ||
        lt().cublasLtMatmulAlgoGetHeuristic(handle, &p->product, &p->a, &p->b, &p->c, &p->c, &wishes, 1, &best,
                                            &count) != CUBLAS_STATUS_SUCCESS ||
        count < 1 || best.state != CUBLAS_STATUS_SUCCESS || best.workspaceSize > room)
        return false;
    p->kernel = best.algo;
    p->workspace = best.workspaceSize;
    return true;
}

plan &plan_of(cublasLtHandle_t handle, const tyi_blas_call &call)
{
    static thread_local std::unordered_map<plan_key, plan, tyi_plan_hash<plan_key>, tyi_plan_equal<plan_key>> plans;
    plan_key key = key_of(call);
    auto at = plans.find(key);
    if (at != plans.end())
        return at->second;
    if (plans.size() >= TYI_MOST_PLANS)
        plans.clear();
    plan &made = plans[key];
    made.found = describe(call, &made) && find_kernel(handle, key, &made);
    if (!made.found)
        cudaGetLastError(); /* what was tried may leave one */
    return made;
}

/* As PyTorch has it (Blas.cpp, addmm): a column or a row times something is left to cuBLAS, which has kernels for
 * matrices times vectors. */
bool is_taken(const tyi_blas_call &call)
{
    return call.m > 1 && call.k > 1 && lt().found;
}

/* Of the statuses, those that say that there is no such kernel after all. */
bool lacks(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE ||
           status == CUBLAS_STATUS_ARCH_MISMATCH;
}

} // namespace

ty_status tyi_blas_with_bias(const char *name, const tyi_blas_call *call, bool *done)
{
    *done = false;
    if (!is_taken(*call))
        return TY_OK;
    cublasHandle_t blas;
    TYI_TRY(tyi_blas_bare_handle(&blas));
    cublasLtHandle_t handle = reinterpret_cast<cublasLtHandle_t>(blas); /* as NVIDIA says that one may */
    plan &p = plan_of(handle, *call);
    tyi_scratch workspace;
    if (!p.found || !set(&p, CUBLASLT_MATMUL_DESC_BIAS_POINTER, call->bias))
        return TY_OK;
    if (p.workspace)
        TYI_TRY(workspace.allocate(p.workspace));
    double none = 0;
    float narrow_alpha = static_cast<float>(call->alpha), narrow_none = 0;
    bool wide = call->compute == CUBLAS_COMPUTE_64F;
    const void *by = wide ? static_cast<const void *>(&call->alpha) : &narrow_alpha;
    const void *keep = wide ? static_cast<const void *>(&none) : &narrow_none;
    cublasStatus_t status =
        lt().cublasLtMatmul(handle, &p.product, by, call->a, &p.a, call->b, &p.b, keep, call->c, &p.c, call->c, &p.c,
                            &p.kernel, workspace.as<void>(), p.workspace, tyi_current_stream());
    *done = status == CUBLAS_STATUS_SUCCESS;
    if (!*done && !lacks(status))
        return tyi_blas_failed(status, name);
    if (!*done) {
        cudaGetLastError();
        p.found = false; /* a kernel that says so late is not asked again */
    }
    return TY_OK;
}
