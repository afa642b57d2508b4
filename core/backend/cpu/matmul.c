/*
 * The CPU's matmul kernel: batches and dtypes. Floating dtypes go to the planner of gemm.c, the reduced ones as
 * float32; integers are multiplied by plain loops that wrap around, as PyTorch's do. Relies on the pool; the arguments
 * have been checked by the op.
 */
#include "backend/cpu/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "backend/cpu/gemm.h"
#include "backend/cpu/pool.h"
#include "backend/cpu/widen.h"
#include "tensor/interrupt.h"

#define BATCH_FLOPS 1000000 /* a matrix of at least this much work has the threads to itself */
#define PIECE_FLOPS 200000  /* least work of a piece of a batch or of integer rows */

typedef struct matmul {
    const tyi_matmul_args *args;
    int element;
    atomic_int failed; /* a ty_error_kind */
} matmul;

static double flops_of(const tyi_matmul_args *x)
{
    return 2.0 * (double)x->m * (double)x->n * (double)x->k;
}

static ty_status finish(const matmul *x, int stopped)
{
    int failed = atomic_load_explicit(&x->failed, memory_order_relaxed);
    if (stopped || failed == TY_ERROR_INTERRUPT)
        return ty_fail(TY_ERROR_INTERRUPT, "interrupted");
    return failed ? ty_fail(TY_ERROR_MEMORY, "out of memory: no room for a matrix multiplication's scratch space")
                  : TY_OK;
}

static ty_status multiply_floating(const tyi_matmul_args *x, int element, int64_t index)
{
    tyi_gemm g = {
        .m = x->m,
        .n = x->n,
        .k = x->k,
        .a = (const char *)x->a + index * x->a_batch * element,
        .b = (const char *)x->b + index * x->b_batch * element,
        .c = (char *)x->c + index * x->c_batch * element,
        .a_row = x->a_row,
        .a_col = x->a_col,
        .b_row = x->b_row,
        .b_col = x->b_col,
        .c_row = x->ldc,
        .c_col = 1,
        .alpha = x->alpha,
        .beta = x->beta != 0,
        .bias = x->bias,
        .bias_col = 1,
        .prepared = x->prepared,
        .prepared_m = x->prepared_m,
    };
    return tyi_gemm_run(&g, x->dtype == TY_FLOAT64);
}

static void batch_task(void *context, int64_t begin, int64_t end)
{
    matmul *x = context;
    for (int64_t i = begin; i < end; i++)
        if (multiply_floating(x->args, x->element, i) != TY_OK) {
            atomic_store_explicit(&x->failed, ty_error_what(), memory_order_relaxed);
            return;
        }
}

/* A batch whose matrices a follow one another row by row, all times the same b, is one tall matrix. */
static tyi_matmul_args flattened(const tyi_matmul_args *args)
{
    tyi_matmul_args x = *args;
    bool same_b = x.b_batch == 0;
    bool tall_a = x.a_batch == x.m * x.a_row || x.m == 1;
    bool tall_c = x.c_batch == x.m * x.ldc || x.m == 1;
    if (same_b && tall_a && tall_c) {
        if (x.m == 1) {
            x.a_row = x.a_batch;
            x.ldc = x.c_batch;
        }
        x.m *= x.batch;
        x.batch = 1;
    }
    return x;
}

static ty_status matmul_floating(const tyi_matmul_args *args)
{
    if (args->batch == 1)
        return multiply_floating(args, (int)ty_dtype_size(args->dtype), 0);
    tyi_matmul_args flat = flattened(args);
    matmul x = {.args = &flat, .element = (int)ty_dtype_size(flat.dtype)};
    if (flat.batch == 1)
        return multiply_floating(&flat, x.element, 0);
    double flops = flops_of(&flat);
    if (flops >= BATCH_FLOPS) {
        for (int64_t i = 0; i < flat.batch; i++)
            if (multiply_floating(&flat, x.element, i) != TY_OK)
                return TY_FAIL;
        return TY_OK;
    }
    int64_t grain = (int64_t)(PIECE_FLOPS / (flops + 100)) + 1;
    return finish(&x, tyi_parallel(flat.batch, grain, true, batch_task, &x));
}

/* At most this many elements of the three matrices are float32 at a time, but for matrices that are larger. */
#define WIDE_ELEMENTS (INT64_C(1) << 24)

/* Matrices [first, first + count) of the batch, as float32. */
static ty_status matmul_widened(const tyi_matmul_args *args, int64_t first, int64_t count)
{
    tyi_matmul_args x = *args;
    tyi_matrices a = {count, x.m, x.k, x.a_batch, x.a_row, x.a_col}, b = {count, x.k, x.n, x.b_batch, x.b_row, x.b_col};
    tyi_matrices c = {count, x.m, x.n, x.c_batch, x.ldc, 1};
    bool turned_a = x.a_col != 1 && x.a_row == 1, turned_b = x.b_col != 1 && x.b_row == 1;
    if (turned_a)
        a = (tyi_matrices){count, x.k, x.m, x.a_batch, x.a_col, 1};
    if (turned_b)
        b = (tyi_matrices){count, x.n, x.k, x.b_batch, x.b_col, 1};
    const uint16_t *in_a = x.a, *in_b = x.b;
    uint16_t *out = (uint16_t *)x.c + first * x.c_batch;
    float *wide_a = tyi_cpu_widen_matrices(x.dtype, in_a + first * x.a_batch, a);
    float *wide_b = wide_a ? tyi_cpu_widen_matrices(x.dtype, in_b + first * x.b_batch, b) : NULL, *wide_c = NULL;
    float *bias = x.bias && wide_b ? tyi_cpu_widen(x.dtype, x.bias, x.n) : NULL;
    if (wide_b && (bias || !x.bias))
        wide_c = x.beta ? tyi_cpu_widen_matrices(x.dtype, out, c) : tyi_cpu_floats(count * x.m * x.n);
    ty_status status = wide_c ? TY_OK : TY_FAIL;
    if (wide_c) {
        x.dtype = TY_FLOAT32;
        x.batch = count;
        x.a = wide_a, x.b = wide_b, x.c = wide_c, x.bias = bias;
        x.a_batch = x.a_batch ? x.m * x.k : 0, x.b_batch = x.b_batch ? x.k * x.n : 0, x.c_batch = x.m * x.n;
        x.a_row = turned_a ? 1 : x.k, x.a_col = turned_a ? x.m : 1;
        x.b_row = turned_b ? 1 : x.n, x.b_col = turned_b ? x.k : 1;
        x.ldc = x.n;
        status = matmul_floating(&x);
    }
    if (status == TY_OK)
        tyi_cpu_round_matrices(args->dtype, out, c, wide_c);
    free(wide_a);
    free(wide_b);
    free(wide_c);
    free(bias);
    return status;
}

static ty_status matmul_reduced(const tyi_matmul_args *args)
{
    int64_t one = args->m * args->k + args->k * args->n + args->m * args->n;
    int64_t at_once = one < WIDE_ELEMENTS ? WIDE_ELEMENTS / one : 1;
    for (int64_t first = 0; first < args->batch; first += at_once) {
        int64_t count = args->batch - first < at_once ? args->batch - first : at_once;
        if (matmul_widened(args, first, count) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

/* Rows [begin, end) of all matrices of the batch, one after the other. Sums are unsigned and as wide as the dtype, so
 * that they wrap around (1u: products of the narrow types would be computed as int). alpha has been rounded to an
 * integer, as addmm does with integer tensors. */
#define ROWS(type, utype)                                                                                              \
    static void rows_##type(void *context, int64_t begin, int64_t end)                                                 \
    {                                                                                                                  \
        const tyi_matmul_args *x = ((const matmul *)context)->args;                                                    \
        utype alpha = (utype)(int64_t)x->alpha;                                                                        \
        const utype *bias = x->bias;                                                                                   \
        for (int64_t row = begin; row < end; row++) {                                                                  \
            int64_t batch = row / x->m, i = row % x->m;                                                                \
            const utype *a = (const utype *)x->a + batch * x->a_batch + i * x->a_row;                                  \
            const utype *b = (const utype *)x->b + batch * x->b_batch;                                                 \
            utype *c = (utype *)x->c + batch * x->c_batch + i * x->ldc;                                                \
            if (tyi_interrupted())                                                                                     \
                return;                                                                                                \
            if (!x->beta)                                                                                              \
                memset(c, 0, (size_t)x->n * sizeof *c);                                                                \
            if (bias)                                                                                                  \
                for (int64_t j = 0; j < x->n; j++)                                                                     \
                    c[j] = (utype)(c[j] + bias[j]);                                                                    \
            if (x->b_col == 1) {                                                                                       \
                for (int64_t p = 0; p < x->k; p++) {                                                                   \
                    utype s = (utype)(1u * alpha * a[p * x->a_col]);                                                   \
                    const utype *from = b + p * x->b_row;                                                              \
                    for (int64_t j = 0; j < x->n; j++)                                                                 \
                        c[j] = (utype)(c[j] + 1u * s * from[j]);                                                       \
                }                                                                                                      \
            } else {                                                                                                   \
                for (int64_t j = 0; j < x->n; j++) {                                                                   \
                    utype sum = 0;                                                                                     \
                    for (int64_t p = 0; p < x->k; p++)                                                                 \
                        sum = (utype)(sum + 1u * a[p * x->a_col] * b[p * x->b_row + j * x->b_col]);                    \
                    c[j] = (utype)(c[j] + 1u * alpha * sum);                                                           \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
ROWS(int8, uint8_t)
ROWS(int16, uint16_t)
ROWS(int32, uint32_t)
ROWS(int64, uint64_t)
#undef ROWS

ty_status tyi_cpu_matmul_prepare(const tyi_matmul_args *x)
{
    tyi_gemm g = {.n = x->n,
                  .k = x->k,
                  .b = x->b,
                  .b_row = x->b_row,
                  .b_col = x->b_col,
                  .prepared = x->prepared,
                  .prepared_m = x->prepared_m};
    return tyi_gemm_prepare(&g, x->dtype == TY_FLOAT64);
}

ty_status tyi_cpu_matmul(const tyi_matmul_args *args)
{
    if (args->batch == 0 || args->m == 0 || args->n == 0)
        return TY_OK;
    tyi_task task;
    switch (args->dtype) {
    case TY_FLOAT32:
    case TY_FLOAT64:
        return matmul_floating(args);
    case TY_FLOAT16:
    case TY_BFLOAT16:
        return matmul_reduced(args);
    case TY_INT64:
        task = rows_int64;
        break;
    case TY_INT32:
        task = rows_int32;
        break;
    case TY_INT16:
        task = rows_int16;
        break;
    case TY_INT8:
    case TY_UINT8:
        task = rows_int8;
        break;
    default:
        return ty_fail(TY_ERROR_VALUE, "matmul: not defined for %s; convert to an integer or floating dtype first",
                       ty_dtype_name(args->dtype));
    }
    matmul x = {.args = args, .element = (int)ty_dtype_size(args->dtype)};
    int64_t grain = (int64_t)(PIECE_FLOPS / (flops_of(args) / (double)args->m + 100)) + 1;
    return finish(&x, tyi_parallel(args->batch * args->m, grain, true, task, &x));
}
