/*
 * The pointwise kernels of the backend's table: an iter becomes a walk, and the op's kernel for the type that its dtype
 * is computed in runs over it.
 */
#include "backend/cuda/kernels.h"
#include "backend/cuda/pointwise.cuh"
#include "tensor/reduced.h"

#include <math.h>
#include <string.h>

static const tyi_pointwise_table &table_of(ty_dtype dtype)
{
    static const tyi_pointwise_table *const tables[TYI_AS_COUNT] = {&tyi_pointwise_bool, &tyi_pointwise_int64,
                                                                    &tyi_pointwise_float, &tyi_pointwise_double};
    return *tables[tyi_computed_in(dtype)];
}

/* The number in host memory at p. */
static void read_number(const void *p, ty_dtype dtype, int64_t *i, double *f)
{
    *i = 0;
    *f = 0;
    switch (dtype) {
#define TY_X(E, name, storage, arithmetic, kind)                                                                       \
    case TY_##E: {                                                                                                     \
        storage x;                                                                                                     \
        memcpy(&x, p, sizeof x);                                                                                       \
        arithmetic v = TYI_VALUE(E, x);                                                                                \
        *f = static_cast<double>(v);                                                                                   \
        *i = TY_##E < TY_FLOAT16 ? static_cast<int64_t>(v) : 0;                                                        \
        break;                                                                                                         \
    }
        TY_DTYPES(TY_X)
#undef TY_X
    default:
        break;
    }
}

double tyi_rounded_on_host(double f, ty_dtype dtype)
{
    if (dtype == TY_FLOAT16)
        return static_cast<double>(tyi_float_of_float16(tyi_float16_of(static_cast<float>(f))));
    if (dtype == TY_BFLOAT16)
        return static_cast<double>(tyi_float_of_bfloat16(tyi_bfloat16_of(static_cast<float>(f))));
    return f;
}

/* Whether vectors of TYI_PER_THREAD elements of this dtype are loaded for what is computed in `compute`. */
static bool in_vectors(ty_dtype dtype, ty_dtype compute, bool is_bool)
{
    if (is_bool)
        return dtype == TY_BOOL;
    switch (tyi_computed_in(compute)) {
    case TYI_AS_BOOL:
        return dtype == TY_BOOL;
    case TYI_AS_INT:
        return dtype == TY_INT64;
    case TYI_AS_FLOAT:
        return dtype == TY_FLOAT32 || tyi_is_reduced_dtype(dtype);
    default:
        return dtype == TY_FLOAT64;
    }
}

/* The dtype that an input must be converted to before it is computed with, where its value alone does not do. */
static ty_dtype rounding(ty_dtype from, ty_dtype compute)
{
    if (from == compute || compute == TY_BOOL || compute == TY_INT64 || compute == TY_FLOAT32 || compute == TY_FLOAT64)
        return TY_DTYPE_NONE;
    return from == TY_BOOL ? TY_DTYPE_NONE : compute;
}

/* How an input that is one number is read; its value, where that is known here. */
static tyi_access number_access(const tyi_operand &x, tyi_walk_operand *out)
{
    if (!x.host)
        return TYI_NUMBER;
    read_number(x.data, x.dtype, &out->i, &out->f);
    if (x.dtype >= TY_FLOAT16)
        out->f = tyi_rounded_on_host(out->f, out->rounded);
    out->data = nullptr;
    return TYI_VALUE;
}

/* How another operand is read: its bytes per element are `size`. */
static tyi_access element_access(const tyi_walk &w, int k, int64_t size, bool in_vectors)
{
    const tyi_walk_operand &x = w.operands[k];
    if (w.ndim && w.strides[k][0] == 0)
        return TYI_REPEATED;
    const int64_t bytes = TYI_PER_THREAD * size;
    bool vectors = in_vectors && x.rounded == TY_DTYPE_NONE && w.ndim && w.strides[k][0] == size &&
                   reinterpret_cast<uintptr_t>(x.data) % static_cast<uintptr_t>(bytes) == 0;
    for (int d = 1; d < w.ndim; d++)
        vectors = vectors && w.strides[k][d] % bytes == 0;
    return vectors ? TYI_VECTORS : TYI_ELEMENTS;
}

/* Whether indices and offsets fit into 31 bits; and how to divide by the sizes, then. */
static void make_small(tyi_walk *w, int count)
{
    w->small = w->numel < INT32_MAX;
    for (int k = 0; k < count; k++) {
        double reach = 0;
        for (int d = 0; d < w->ndim; d++)
            reach += static_cast<double>(w->sizes[d] - 1) * fabs(static_cast<double>(w->strides[k][d]));
        w->small = w->small && reach < INT32_MAX;
    }
    for (int d = 0; w->small && d < w->ndim; d++) {
        const uint64_t size = static_cast<uint64_t>(w->sizes[d]);
        while (UINT64_C(1) << w->shift[d] < size)
            w->shift[d]++;
        w->multiplier[d] = static_cast<uint32_t>((((UINT64_C(1) << w->shift[d]) - size) << 32) / (size ? size : 1) + 1);
    }
}

/* What follows from how the operands are read. */
static void choose_way(tyi_walk *w, int count)
{
    w->vectors = w->operands[0].access == TYI_VECTORS && (w->ndim == 1 || w->sizes[0] % TYI_PER_THREAD == 0);
    w->direct = w->small && w->operands[0].plain;
    for (int k = 1; k < count; k++) {
        const tyi_walk_operand &x = w->operands[k];
        w->vectors = w->vectors && x.access != TYI_ELEMENTS;
        w->direct = w->direct && (x.plain || x.access == TYI_NUMBER || x.access == TYI_VALUE);
    }
    w->direct = w->direct && !w->vectors;
}

tyi_walk tyi_walk_of(const tyi_iter *iter, ty_dtype compute, bool bool_result)
{
    static const ty_dtype plain[TYI_AS_COUNT] = {TY_BOOL, TY_INT64, TY_FLOAT32, TY_FLOAT64};
    tyi_walk w = {};
    w.numel = iter->numel;
    w.ndim = iter->ndim;
    for (int d = 0; d < iter->ndim; d++)
        w.sizes[d] = iter->sizes[iter->ndim - 1 - d];
    for (int k = 0; k < iter->count; k++) {
        const tyi_operand &x = iter->operands[k];
        tyi_walk_operand &out = w.operands[k];
        out.data = x.data;
        out.dtype = x.dtype;
        out.rounded = k > 0 ? rounding(x.dtype, compute) : TY_DTYPE_NONE;
        bool is_bool = k == 0 && bool_result, number = k > 0;
        for (int d = 0; d < iter->ndim; d++) {
            w.strides[k][d] = x.strides[iter->ndim - 1 - d];
            number = number && (w.strides[k][d] == 0 || w.sizes[d] == 1);
        }
        out.access = number ? number_access(x, &out)
                            : element_access(w, k, static_cast<int64_t>(tyi_bytes_of(x.dtype)),
                                             in_vectors(x.dtype, compute, is_bool));
        out.plain =
            !number && out.rounded == TY_DTYPE_NONE && x.dtype == (is_bool ? TY_BOOL : plain[tyi_computed_in(compute)]);
    }
    make_small(&w, iter->count);
    choose_way(&w, iter->count);
    return w;
}

/* ---- Ops ---- */

static bool is_number(const tyi_walk &w, int k)
{
    return w.operands[k].access == TYI_NUMBER || w.operands[k].access == TYI_VALUE;
}

static ty_status run(const char *name, tyi_pointwise_run kernel, const tyi_iter *iter, const tyi_walk &w)
{
    if (!kernel)
        return tyi_no_kernel(name, iter->compute);
    return iter->numel ? kernel(w) : TY_OK;
}

ty_status tyi_cuda_copy(const tyi_iter *iter)
{
    const tyi_operand &out = iter->operands[0], &x = iter->operands[1];
    if (iter->numel && iter->ndim == 1 && out.dtype == x.dtype && !x.host && iter->numel > 1 &&
        out.strides[0] == x.strides[0] && out.strides[0] == (int64_t)tyi_bytes_of(out.dtype)) {
        TYI_CUDA_TRY(cudaMemcpyAsync(out.data, x.data, (size_t)iter->numel * tyi_bytes_of(out.dtype),
                                     cudaMemcpyDeviceToDevice, tyi_current_stream()),
                     "a copy");
        return TY_OK;
    }
    /* Computed in the type of the input, so that it is converted once, when it is stored. */
    return run("copy", table_of(x.dtype).copy, iter, tyi_walk_of(iter, x.dtype, false));
}

ty_status tyi_cuda_fill(const tyi_iter *iter, ty_scalar value)
{
    const tyi_operand &out = iter->operands[0];
    double f = value.kind == TY_SCALAR_FLOAT ? value.f : static_cast<double>(value.i);
    int64_t i = value.kind != TY_SCALAR_FLOAT ? value.i : fabs(f) < 0x1p63 ? static_cast<int64_t>(f) : INT64_MIN;
    if (out.dtype == TY_BOOL)
        i = f != 0 || i != 0;
    else if (value.kind == TY_SCALAR_FLOAT && out.dtype < TY_INT64 && !(f > -0x1p31 - 1 && f < 0x1p31))
        i = INT32_MIN;
    bool zero = out.dtype >= TY_FLOAT16 ? f == 0 && !signbit(f) : i == 0;
    if (zero && iter->ndim == 1 && out.strides[0] == (int64_t)tyi_bytes_of(out.dtype)) {
        TYI_CUDA_TRY(cudaMemsetAsync(out.data, 0, (size_t)iter->numel * tyi_bytes_of(out.dtype), tyi_current_stream()),
                     "filling");
        return TY_OK;
    }
    tyi_iter both = *iter;
    both.count = 2;
    both.operands[1] = both.operands[0];
    tyi_walk w = tyi_walk_of(&both, out.dtype, false);
    w.operands[1].access = TYI_VALUE;
    w.operands[1].dtype = out.dtype >= TY_FLOAT16 ? TY_FLOAT64 : TY_INT64;
    w.operands[1].i = i;
    w.operands[1].f = f;
    w.operands[1].plain = false;
    memset(w.strides[1], 0, sizeof w.strides[1]);
    choose_way(&w, 2);
    return run("fill", table_of(out.dtype).copy, &both, w);
}

ty_status tyi_cuda_unary(tyi_unary op, const tyi_iter *iter)
{
    static const char *const names[] = {
#define TYI_UNARY(name, ...) #name,
#include "backend/pointwise.def"
    };
    static const char classes[] = {
#define TYI_UNARY(name, class, ...) #class[0],
#include "backend/pointwise.def"
    };
    return run(names[op], table_of(iter->compute).unary[op], iter,
               tyi_walk_of(iter, iter->compute, classes[op] == 'T'));
}

/* Powers with one exponent for all elements that the host knows, where a product or a root does; NULL for others. */
static tyi_pointwise_run simple_power(const tyi_walk &w, const tyi_pointwise_table &table)
{
    const tyi_walk_operand &b = w.operands[2];
    if (b.access != TYI_VALUE)
        return nullptr;
    double exponent = b.dtype >= TY_FLOAT16 ? b.f : static_cast<double>(b.i);
    return exponent == 2      ? table.unary[TYI_UNARY_square]
           : exponent == 3    ? table.cube
           : exponent == 0.5  ? table.unary[TYI_UNARY_sqrt]
           : exponent == -0.5 ? table.unary[TYI_UNARY_rsqrt]
           : exponent == -1   ? table.unary[TYI_UNARY_reciprocal]
           : exponent == -2   ? table.inverse_square
                              : nullptr;
}

ty_status tyi_cuda_binary(tyi_binary op, const tyi_iter *iter)
{
    static const char *const names[] = {
#define TYI_BINARY(name, ...)  #name,
#define TYI_COMPARE(name, ...) #name,
#include "backend/pointwise.def"
    };
    static const bool compares[] = {
#define TYI_BINARY(...)  false,
#define TYI_COMPARE(...) true,
#include "backend/pointwise.def"
    };
    const tyi_pointwise_table &table = table_of(iter->compute);
    tyi_walk w = tyi_walk_of(iter, iter->compute, compares[op]);
    /* A single number keeps its digits in products and quotients of the reduced dtypes, as in PyTorch. */
    if ((op == TYI_BINARY_mul || op == TYI_BINARY_div || op == TYI_BINARY_floor_divide) && is_number(w, 2) &&
        tyi_is_reduced_dtype(iter->compute)) {
        w.operands[2].rounded = TY_DTYPE_NONE;
        if (w.operands[2].access == TYI_VALUE)
            read_number(iter->operands[2].data, iter->operands[2].dtype, &w.operands[2].i, &w.operands[2].f);
    }
    tyi_pointwise_run power = op == TYI_BINARY_pow ? simple_power(w, table) : nullptr;
    return run(names[op], power ? power : table.binary[op], iter, w);
}

ty_status tyi_cuda_axpy(const tyi_iter *iter, ty_scalar alpha)
{
    if (!iter->numel)
        return TY_OK;
    double f = alpha.kind == TY_SCALAR_FLOAT ? alpha.f : static_cast<double>(alpha.i);
    int64_t i = alpha.kind == TY_SCALAR_FLOAT ? static_cast<int64_t>(alpha.f) : alpha.i;
    return table_of(iter->compute)
        .axpy(tyi_walk_of(iter, iter->compute, false), i, tyi_rounded_on_host(f, iter->compute));
}

ty_status tyi_cuda_where(const tyi_iter *iter)
{
    tyi_walk w = tyi_walk_of(iter, iter->compute, false);
    if (w.operands[1].access == TYI_VECTORS && iter->operands[1].dtype != iter->compute) {
        w.operands[1].access = TYI_ELEMENTS; /* a vector of the condition is none of the type computed in */
        choose_way(&w, iter->count);
    }
    w.operands[1].rounded = TY_DTYPE_NONE;
    return run("where", table_of(iter->compute).where, iter, w);
}

ty_status tyi_cuda_clamp(const tyi_iter *iter)
{
    return run("clamp", table_of(iter->compute).clamp, iter, tyi_walk_of(iter, iter->compute, false));
}
