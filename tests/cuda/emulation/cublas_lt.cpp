// cuBLASLt on the host: descriptors, heuristics and products with a bias, which cublas.cpp does. Whatever the library
// would refuse is named on stderr too, since a caller may pass over a refusal. Its kernels differ in what a caller has
// to ask for: one that adds up parts of sums in the type of the result comes first unless the wishes exclude it, one
// takes memory to work in, and one says only when it runs that it does not have this.
#include "cublasLt.h"
#include "cublas_state.h"
#include "numbers.h"
#include "state.h"

#include <algorithm>

namespace emulated
{
namespace
{
enum : uint64_t { DESC = 0x4c7444657363, LAYOUT = 0x4c744c61796f, WISHES = 0x4c7457697368, ALGO = 0x4c74416c676f };

enum Kernel { PLAIN, PARTS, COARSE, LATE };

const uint64_t PARTS_FROM = 256;    // terms of a sum from which on it is cut in two
const uintptr_t MOST_ALIGNED = 256; // bytes: what is taken for granted

// ---- What the opaque structures hold ----
#define ALIAS __attribute__((may_alias)) // they are words to the caller, who copies them

struct ALIAS Desc {
    uint64_t kind;
    int compute, scale;
    int32_t pointer_mode, op_a, op_b;
    uint32_t epilogue;
    const void *bias;
};

struct ALIAS Layout {
    uint64_t kind;
    int type;
    uint64_t rows, columns;
    int64_t ld;
};

struct ALIAS Wishes {
    uint64_t kind, most_workspace;
    uint32_t schemes, aligned[4]; // a, b, c, d
};

// A kernel, and a sum over everything that it was found for.
struct ALIAS Algo {
    uint64_t kind, kernel, workspace, problem;
    uint32_t aligned[4], aligned_bias;
};

template <typename Inside, typename Opaque> Inside *inside(const Opaque *opaque, uint64_t kind)
{
    static_assert(sizeof(Inside) <= sizeof(Opaque), "it has room");
    auto *found = (Inside *)(uintptr_t)opaque;
    return found && found->kind == kind ? found : nullptr;
}

cublasStatus_t refuse(const char *what)
{
    report("cuBLASLt: %s", what);
    return CUBLAS_STATUS_INVALID_VALUE;
}

uint32_t alignment_of(const void *data)
{
    uintptr_t address = (uintptr_t)data | MOST_ALIGNED;
    return (uint32_t)(address & (~address + 1));
}

template <typename Value> cublasStatus_t take(Value *to, const void *value, size_t size)
{
    if (!value || size != sizeof(Value)) {
        return refuse("an attribute without a value, or with one of another size");
    }
    memcpy(to, value, size);
    return CUBLAS_STATUS_SUCCESS;
}

// ---- Problems ----
struct Problem {
    const Desc *desc;
    const Layout *a, *b, *c, *d;

    uint64_t sum() const // FNV-1a
    {
        uint64_t hash = 14695981039346656037u;
        auto add = [&hash](uint64_t word) { hash = (hash ^ word) * 1099511628211u; };
        for (uint64_t word : {desc->compute, desc->scale, desc->op_a, desc->op_b, (int32_t)desc->epilogue}) {
            add(word);
        }
        for (const Layout *x : {a, b, c, d}) {
            for (uint64_t word : {(uint64_t)x->type, x->rows, x->columns, (uint64_t)x->ld}) {
                add(word);
            }
        }
        return hash;
    }
};

bool same_layout(const Layout *x, const Layout *y)
{
    return x->type == y->type && x->rows == y->rows && x->columns == y->columns && x->ld == y->ld;
}

// The product, without its pointers.
Product product_of(const Problem &p)
{
    Product call = {};
    call.transa = (cublasOperation_t)p.desc->op_a, call.transb = (cublasOperation_t)p.desc->op_b;
    call.m = (int)p.d->rows, call.n = (int)p.d->columns;
    call.k = (int)(call.transa == CUBLAS_OP_N ? p.a->columns : p.a->rows);
    call.lda = (int)p.a->ld, call.ldb = (int)p.b->ld, call.ldc = (int)p.d->ld, call.batch = 1;
    call.a_type = (cudaDataType)p.a->type, call.b_type = (cudaDataType)p.b->type;
    call.c_type = (cudaDataType)p.d->type;
    call.doubles = call.a_type == CUDA_R_64F;
    return call;
}

cublasStatus_t check(const Problem &p)
{
    if (!p.desc || !p.a || !p.b || !p.c || !p.d) {
        return refuse("a descriptor that was not initialised");
    }
    Product call = product_of(p);
    uint64_t m = (uint64_t)call.m, n = (uint64_t)call.n, k = (uint64_t)call.k;
    bool turned_a = call.transa != CUBLAS_OP_N, turned_b = call.transb != CUBLAS_OP_N;
    if ((turned_a ? p.a->columns : p.a->rows) != m || (turned_b ? p.b->columns : p.b->rows) != k ||
        (turned_b ? p.b->rows : p.b->columns) != n) {
        return refuse("the matrices' sizes do not fit");
    }
    if (!same_layout(p.c, p.d)) {
        return refuse("C and D of different layouts are not emulated");
    }
    if (p.desc->scale != (call.doubles ? CUDA_R_64F : CUDA_R_32F)) {
        return refuse("the type of scales is not that of sums");
    }
    if (p.desc->epilogue != CUBLASLT_EPILOGUE_BIAS || !p.desc->bias || p.desc->pointer_mode) {
        return refuse("other epilogues than a bias, a bias without a pointer, or scales on the device");
    }
    return types_are_known(call, (cublasComputeType_t)p.desc->compute) ? CUBLAS_STATUS_SUCCESS
                                                                       : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t check_handle(cublasLtHandle_t handle)
{
    auto *context = (cublasContext *)handle;
    if (!contexts_of_blas().count(context)) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    if (context->device != current_device()) {
        report("a cuBLASLt handle of device %d is used while device %d is current", context->device, current_device());
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    return CUBLAS_STATUS_SUCCESS;
}

// The kernel for a problem; false: there is none.
bool choose(const Problem &p, const Wishes &wishes, Algo *algo)
{
    Product call = product_of(p);
    size_t element = size_of(call.a_type), sums = (size_t)call.m * (size_t)call.n * (call.doubles ? 8 : 4);
    uint32_t least = std::min(wishes.aligned[0], wishes.aligned[1]);
    if (configuration().cublas_lt == CublasLt::broken || (element == 2 && least < 4)) {
        return false; // single 16-bit numbers are not read
    }
    *algo = {ALGO, PLAIN, 0, p.sum(), {}, alignment_of(p.desc->bias)};
    std::copy(wishes.aligned, wishes.aligned + 4, algo->aligned);
    bool long_sums = (uint64_t)call.k >= PARTS_FROM;
    if (long_sums && wishes.schemes & (CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE)) {
        algo->kernel = COARSE;
    } else if (long_sums && wishes.schemes & CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE && sums <= wishes.most_workspace) {
        algo->kernel = PARTS;
        algo->workspace = sums;
    } else if (call.doubles && call.n % 7 == 0) {
        algo->kernel = LATE;
    }
    return true;
}

cublasStatus_t check_data(const Problem &p, const Algo &algo, const void *const data[4], const void *workspace,
                          size_t workspace_bytes)
{
    if (algo.problem != p.sum()) {
        return refuse("the algorithm was found for another product");
    }
    for (int i = 0; i < 4; i++) {
        if (alignment_of(data[i]) < algo.aligned[i]) {
            return refuse("an operand is not aligned as the heuristics were told");
        }
    }
    if (alignment_of(p.desc->bias) < algo.aligned_bias) {
        return refuse("the bias is not aligned as the heuristics were told");
    }
    bool works = algo.workspace != 0;
    if (works && (workspace_bytes < algo.workspace || alignment_of(workspace) < 16 ||
                  !is_device_range(workspace, workspace_bytes, "cuBLASLt: workspace"))) {
        return refuse("the workspace is too small, or not on the device");
    }
    if (algo.kernel == COARSE) {
        report("a cuBLASLt kernel that adds up in the type of the result is run");
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    return algo.kernel == LATE ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
}

cudaError_t work(const Product &call, void *workspace, size_t workspace_bytes)
{
    size_t bytes = (size_t)call.m * size_of(call.c_type);
    if (!is_device_range(call.bias, bytes, "cuBLASLt: bias")) {
        return cudaErrorIllegalAddress;
    }
    if (workspace_bytes) {
        memset(workspace, 0x7f, workspace_bytes);
    }
    if (configuration().cublas_lt == CublasLt::list) {
        report("cuBLASLt: %d x %d x %d with a bias", call.m, call.n, call.k);
    }
    return run(call);
}
} // namespace
} // namespace emulated

using namespace emulated;

extern "C" {
cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t desc, size_t size, cublasComputeType_t compute,
                                               cudaDataType scale)
{
    if (!desc || size != sizeof *desc) {
        return refuse("no descriptor, or one of another size");
    }
    *(Desc *)desc = {DESC, compute, scale, 0, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, nullptr};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t name,
                                              const void *value, size_t size)
{
    Desc *d = inside<Desc>(desc, DESC);
    if (!d) {
        return refuse("an attribute of no descriptor");
    }
    switch (name) {
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
        return take(&d->pointer_mode, value, size);
    case CUBLASLT_MATMUL_DESC_TRANSA:
        return take(&d->op_a, value, size);
    case CUBLASLT_MATMUL_DESC_TRANSB:
        return take(&d->op_b, value, size);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        return take(&d->epilogue, value, size);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        return take(&d->bias, value, size);
    }
    return refuse("an attribute that is not emulated");
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t layout, size_t size, cudaDataType type,
                                                 uint64_t rows, uint64_t columns, int64_t ld)
{
    if (!layout || size != sizeof *layout || ld < (int64_t)std::max<uint64_t>(1, rows) || rows >> 31 || columns >> 31) {
        return refuse("no layout, one of another size, or columns that overlap");
    }
    *(Layout *)layout = {LAYOUT, type, rows, columns, ld};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t wishes, size_t size)
{
    if (!wishes || size != sizeof *wishes) {
        return refuse("no preferences, or ones of another size");
    }
    uint32_t most = MOST_ALIGNED;
    *(Wishes *)wishes = {WISHES, 0, CUBLASLT_REDUCTION_SCHEME_MASK, {most, most, most, most}};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t wishes,
                                                    cublasLtMatmulPreferenceAttributes_t name, const void *value,
                                                    size_t size)
{
    Wishes *w = inside<Wishes>(wishes, WISHES);
    if (!w) {
        return refuse("a wish to no preferences");
    }
    switch (name) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
        return take(&w->most_workspace, value, size);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
        return take(&w->schemes, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
        return take(&w->aligned[name - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value, size);
    }
    return refuse("a preference that is not emulated");
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t wishes, int room,
                                              cublasLtMatmulHeuristicResult_t results[], int *count)
{
    Guard guard(lock());
    Problem p = {inside<Desc>(desc, DESC), inside<Layout>(a, LAYOUT), inside<Layout>(b, LAYOUT),
                 inside<Layout>(c, LAYOUT), inside<Layout>(d, LAYOUT)};
    const Wishes *w = inside<Wishes>(wishes, WISHES);
    cublasStatus_t status = check_handle(handle);
    status = status ? status : check(p);
    if (status) {
        return status;
    }
    if (!w || room < 1 || !results || !count) {
        return refuse("no preferences, or no room for results");
    }
    *count = choose(p, *w, (Algo *)&results->algo);
    if (!*count) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    results->workspaceSize = ((Algo *)&results->algo)->workspace;
    results->state = CUBLAS_STATUS_SUCCESS;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha, const void *a,
                              cublasLtMatrixLayout_t of_a, const void *b, cublasLtMatrixLayout_t of_b, const void *beta,
                              const void *c, cublasLtMatrixLayout_t of_c, void *d, cublasLtMatrixLayout_t of_d,
                              const cublasLtMatmulAlgo_t *algo, void *workspace, size_t workspace_bytes,
                              cudaStream_t stream)
{
    Guard guard(lock());
    Problem p = {inside<Desc>(desc, DESC), inside<Layout>(of_a, LAYOUT), inside<Layout>(of_b, LAYOUT),
                 inside<Layout>(of_c, LAYOUT), inside<Layout>(of_d, LAYOUT)};
    const Algo *chosen = inside<Algo>(algo, ALGO);
    const void *const data[4] = {a, b, c, d};
    cublasStatus_t status = check_handle(handle);
    status = status ? status : check(p);
    if (!status && (!chosen || !alpha || !beta || c != d)) {
        status = refuse("no algorithm, no scales, or another C than D");
    }
    status = status ? status : check_data(p, *chosen, data, workspace, workspace_bytes);
    if (status) {
        return status;
    }
    Product call = product_of(p);
    cudaDataType scale = call.doubles ? CUDA_R_64F : CUDA_R_32F;
    call.a = a, call.b = b, call.c = d, call.bias = p.desc->bias;
    call.alpha = load(alpha, scale, 0), call.beta = load(beta, scale, 0);
    size_t bytes = chosen->workspace;
    return issue(stream, Kind::library, [=]() { return work(call, workspace, bytes); }) ? CUBLAS_STATUS_EXECUTION_FAILED
                                                                                        : CUBLAS_STATUS_SUCCESS;
}
}
