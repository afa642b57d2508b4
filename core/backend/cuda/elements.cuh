/*
 * Elements of all dtypes on the device: the C++ types behind them, their values in the types that kernels compute in,
 * conversion as the CPU does it, and the choice of a kernel by a dtype known at run time.
 *
 * Kernels compute in bool, int64_t (all integers: results are cut to size when stored, which is the wrapping around of
 * the narrower type), float (float16 and bfloat16 too) or double.
 */
#ifndef TYI_CUDA_ELEMENTS_CUH
#define TYI_CUDA_ELEMENTS_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "backend/cuda/device.cuh"

/* ---- Elements and values ---- */

/* tyi_element<T>: how a storage type T is read and written; value_type is what it is computed in. */
template <typename T> struct tyi_element {
    typedef T value_type;
    static __device__ __forceinline__ T value(T x)
    {
        return x;
    }
    static __device__ __forceinline__ T of(T v)
    {
        return v;
    }
};
template <> struct tyi_element<ty_float16> {
    typedef float value_type;
    static __device__ __forceinline__ float value(ty_float16 x)
    {
        return __half2float(__ushort_as_half(x.bits));
    }
    static __device__ __forceinline__ ty_float16 of(float v)
    {
        ty_float16 x;
        x.bits = __half_as_ushort(__float2half_rn(v));
        return x;
    }
};
template <> struct tyi_element<ty_bfloat16> {
    typedef float value_type;
    static __device__ __forceinline__ float value(ty_bfloat16 x)
    {
        return __uint_as_float((unsigned)x.bits << 16);
    }
    static __device__ __forceinline__ ty_bfloat16 of(float v)
    {
        ty_bfloat16 x;
        x.bits = __bfloat16_as_ushort(__float2bfloat16_rn(v));
        return x;
    }
};

/* A value in another type, as a C cast has it; a float that an integer cannot hold becomes what x86 makes of it: the
 * smallest int64, or the low bits of the smallest int32 for narrower integers. */
template <typename To> struct tyi_cast {
    template <typename From> static __device__ __forceinline__ To from(From v)
    {
        return static_cast<To>(v);
    }
};
template <> struct tyi_cast<int64_t> {
    template <typename From> static __device__ __forceinline__ int64_t from(From v)
    {
        return static_cast<int64_t>(v);
    }
    static __device__ __forceinline__ int64_t from(float v)
    {
        return fabsf(v) < 9223372036854775808.0f ? static_cast<int64_t>(v) : INT64_MIN;
    }
    static __device__ __forceinline__ int64_t from(double v)
    {
        return fabs(v) < 9223372036854775808.0 ? static_cast<int64_t>(v) : INT64_MIN;
    }
};
template <typename From> static __device__ __forceinline__ int64_t tyi_int32_of(From v)
{
    return v > -2147483649.0 && v < 2147483648.0 ? static_cast<int64_t>(v) : INT32_MIN;
}
/* A value to be stored as an integer narrower than int64. */
template <typename From> static __device__ __forceinline__ int64_t tyi_narrow(From v)
{
    return static_cast<int64_t>(v);
}
static __device__ __forceinline__ int64_t tyi_narrow(float v)
{
    return tyi_int32_of(v);
}
static __device__ __forceinline__ int64_t tyi_narrow(double v)
{
    return tyi_int32_of(v);
}

/* The element of a dtype at p, as a V. */
template <typename V> static __device__ V tyi_load(const void *p, ty_dtype dtype)
{
    switch (dtype) {
    case TY_BOOL:
        return tyi_cast<V>::from(*static_cast<const uint8_t *>(p) != 0);
    case TY_UINT8:
        return tyi_cast<V>::from(*static_cast<const uint8_t *>(p));
    case TY_INT8:
        return tyi_cast<V>::from(*static_cast<const int8_t *>(p));
    case TY_INT16:
        return tyi_cast<V>::from(*static_cast<const int16_t *>(p));
    case TY_INT32:
        return tyi_cast<V>::from(*static_cast<const int32_t *>(p));
    case TY_INT64:
        return tyi_cast<V>::from(*static_cast<const int64_t *>(p));
    case TY_FLOAT16:
        return tyi_cast<V>::from(tyi_element<ty_float16>::value(*static_cast<const ty_float16 *>(p)));
    case TY_BFLOAT16:
        return tyi_cast<V>::from(tyi_element<ty_bfloat16>::value(*static_cast<const ty_bfloat16 *>(p)));
    case TY_FLOAT32:
        return tyi_cast<V>::from(*static_cast<const float *>(p));
    case TY_FLOAT64:
        return tyi_cast<V>::from(*static_cast<const double *>(p));
    default:
        return V();
    }
}

/* Stores a value as an element of a dtype. */
template <typename V> static __device__ void tyi_store(void *p, ty_dtype dtype, V v)
{
    switch (dtype) {
    case TY_BOOL:
        *static_cast<bool *>(p) = v != 0;
        break;
    case TY_UINT8:
    case TY_INT8:
        *static_cast<uint8_t *>(p) = static_cast<uint8_t>(tyi_narrow(v));
        break;
    case TY_INT16:
        *static_cast<uint16_t *>(p) = static_cast<uint16_t>(tyi_narrow(v));
        break;
    case TY_INT32:
        *static_cast<uint32_t *>(p) = static_cast<uint32_t>(tyi_narrow(v));
        break;
    case TY_INT64:
        *static_cast<int64_t *>(p) = tyi_cast<int64_t>::from(v);
        break;
    case TY_FLOAT16:
        *static_cast<ty_float16 *>(p) = tyi_element<ty_float16>::of(static_cast<float>(v));
        break;
    case TY_BFLOAT16:
        *static_cast<ty_bfloat16 *>(p) = tyi_element<ty_bfloat16>::of(static_cast<float>(v));
        break;
    case TY_FLOAT32:
        *static_cast<float *>(p) = static_cast<float>(v);
        break;
    case TY_FLOAT64:
        *static_cast<double *>(p) = static_cast<double>(v);
        break;
    default:
        break;
    }
}

/* ---- Choosing by dtype ---- */

static inline bool tyi_is_reduced_dtype(ty_dtype dtype)
{
    return dtype == TY_FLOAT16 || dtype == TY_BFLOAT16;
}

static inline size_t tyi_bytes_of(ty_dtype dtype)
{
    static const unsigned char sizes[] = {
#define TY_X(E, name, storage, arithmetic, kind) sizeof(storage),
        TY_DTYPES(TY_X)
#undef TY_X
    };
    return sizes[dtype];
}

/* return call(T()) with T the storage type of a floating dtype, or of any dtype; `name` is the op. The call is a
 * generic lambda: TYI_FLOATING(args->dtype, "softmax", [&](auto zero) { typedef decltype(zero) T; ... return status;
 * }). */
#define TYI_CASE(E, storage, call)                                                                                     \
    case TY_##E:                                                                                                       \
        return (call)(storage())
#define TYI_FLOATING(dtype, name, ...)                                                                                 \
    do {                                                                                                               \
        switch (dtype) {                                                                                               \
            TYI_CASE(FLOAT16, ty_float16, (__VA_ARGS__));                                                              \
            TYI_CASE(BFLOAT16, ty_bfloat16, (__VA_ARGS__));                                                            \
            TYI_CASE(FLOAT32, float, (__VA_ARGS__));                                                                   \
            TYI_CASE(FLOAT64, double, (__VA_ARGS__));                                                                  \
        default:                                                                                                       \
            return tyi_no_kernel(name, dtype);                                                                         \
        }                                                                                                              \
    } while (0)
#define TYI_ANY_DTYPE(dtype, name, ...)                                                                                \
    do {                                                                                                               \
        switch (dtype) {                                                                                               \
            TYI_CASE(BOOL, bool, (__VA_ARGS__));                                                                       \
            TYI_CASE(UINT8, uint8_t, (__VA_ARGS__));                                                                   \
            TYI_CASE(INT8, int8_t, (__VA_ARGS__));                                                                     \
            TYI_CASE(INT16, int16_t, (__VA_ARGS__));                                                                   \
            TYI_CASE(INT32, int32_t, (__VA_ARGS__));                                                                   \
            TYI_CASE(INT64, int64_t, (__VA_ARGS__));                                                                   \
            TYI_CASE(FLOAT16, ty_float16, (__VA_ARGS__));                                                              \
            TYI_CASE(BFLOAT16, ty_bfloat16, (__VA_ARGS__));                                                            \
            TYI_CASE(FLOAT32, float, (__VA_ARGS__));                                                                   \
            TYI_CASE(FLOAT64, double, (__VA_ARGS__));                                                                  \
        default:                                                                                                       \
            return tyi_no_kernel(name, dtype);                                                                         \
        }                                                                                                              \
    } while (0)
/* The same by the size of an element, for what only moves it: T is an unsigned integer. */
#define TYI_BY_SIZE(dtype, name, ...)                                                                                  \
    do {                                                                                                               \
        switch (tyi_bytes_of(dtype)) {                                                                                 \
        case 1:                                                                                                        \
            return (__VA_ARGS__)(uint8_t());                                                                           \
        case 2:                                                                                                        \
            return (__VA_ARGS__)(uint16_t());                                                                          \
        case 4:                                                                                                        \
            return (__VA_ARGS__)(uint32_t());                                                                          \
        case 8:                                                                                                        \
            return (__VA_ARGS__)(uint64_t());                                                                          \
        default:                                                                                                       \
            return tyi_no_kernel(name, dtype);                                                                         \
        }                                                                                                              \
    } while (0)

/* "NAME: there is no CUDA kernel for DTYPE; ..." */
ty_status tyi_no_kernel(const char *name, ty_dtype dtype);

#endif
