// Vector types of CUDA and what makes them, and the device functions that look at bits. Alignments are CUDA's: a float4
// is loaded as a whole there, and a misaligned one is an error that the emulation does not see unless the compiler
// does.
#ifndef EMULATED_TYPES_H
#define EMULATED_TYPES_H

struct uint3 {
    unsigned x, y, z;
};

struct int3 {
    int x, y, z;
};

struct float3 {
    float x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z)
    {
    }
    constexpr operator uint3() const
    {
        return uint3{x, y, z};
    }
};

#define EMULATED_VECTOR_2(name, type)                                                                                  \
    struct alignas(2 * sizeof(type)) name##2                                                                           \
    {                                                                                                                  \
        type x, y;                                                                                                     \
    };                                                                                                                 \
    static inline name##2 make_##name##2(type x, type y)                                                               \
    {                                                                                                                  \
        return name##2 {x, y};                                                                                         \
    }
#define EMULATED_VECTOR_4(name, type)                                                                                  \
    struct alignas(sizeof(type) < 4 ? 4 * sizeof(type) : 16) name##4                                                   \
    {                                                                                                                  \
        type x, y, z, w;                                                                                               \
    };                                                                                                                 \
    static inline name##4 make_##name##4(type x, type y, type z, type w)                                               \
    {                                                                                                                  \
        return name##4 {x, y, z, w};                                                                                   \
    }
EMULATED_VECTOR_2(char, signed char)
EMULATED_VECTOR_2(uchar, unsigned char)
EMULATED_VECTOR_2(short, short)
EMULATED_VECTOR_2(ushort, unsigned short)
EMULATED_VECTOR_2(int, int)
EMULATED_VECTOR_2(uint, unsigned)
EMULATED_VECTOR_2(longlong, long long)
EMULATED_VECTOR_2(ulonglong, unsigned long long)
EMULATED_VECTOR_2(float, float)
EMULATED_VECTOR_2(double, double)
EMULATED_VECTOR_4(char, signed char)
EMULATED_VECTOR_4(uchar, unsigned char)
EMULATED_VECTOR_4(short, short)
EMULATED_VECTOR_4(ushort, unsigned short)
EMULATED_VECTOR_4(int, int)
EMULATED_VECTOR_4(uint, unsigned)
EMULATED_VECTOR_4(float, float)
EMULATED_VECTOR_4(double, double)
#undef EMULATED_VECTOR_2
#undef EMULATED_VECTOR_4

static inline int3 make_int3(int x, int y, int z)
{
    return int3{x, y, z};
}

static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z)
{
    return uint3{x, y, z};
}

static inline float3 make_float3(float x, float y, float z)
{
    return float3{x, y, z};
}

// The element types that libraries are told of.
enum cudaDataType_t {
    CUDA_R_32F = 0,
    CUDA_R_64F = 1,
    CUDA_R_16F = 2,
    CUDA_R_8I = 3,
    CUDA_C_32F = 4,
    CUDA_C_64F = 5,
    CUDA_R_8U = 8,
    CUDA_R_32I = 10,
    CUDA_R_16BF = 14,
    CUDA_R_64I = 24
};
typedef enum cudaDataType_t cudaDataType;

namespace emulated
{
template <typename To, typename From> static inline To bits(From from)
{
    static_assert(sizeof(To) == sizeof(From), "bits are read as a type of the same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
} // namespace emulated

static inline unsigned __float_as_uint(float x)
{
    return emulated::bits<unsigned>(x);
}

static inline int __float_as_int(float x)
{
    return emulated::bits<int>(x);
}

static inline float __uint_as_float(unsigned x)
{
    return emulated::bits<float>(x);
}

static inline float __int_as_float(int x)
{
    return emulated::bits<float>(x);
}

static inline long long __double_as_longlong(double x)
{
    return emulated::bits<long long>(x);
}

static inline double __longlong_as_double(long long x)
{
    return emulated::bits<double>(x);
}

static inline int __double2hiint(double x)
{
    return (int)(emulated::bits<unsigned long long>(x) >> 32);
}

static inline int __double2loint(double x)
{
    return (int)emulated::bits<unsigned long long>(x);
}

static inline double __hiloint2double(int high, int low)
{
    return emulated::bits<double>((unsigned long long)(unsigned)high << 32 | (unsigned)low);
}

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

static inline int __popcll(unsigned long long x)
{
    return __builtin_popcountll(x);
}

static inline int __clz(int x)
{
    return x ? __builtin_clz((unsigned)x) : 32;
}

static inline int __clzll(long long x)
{
    return x ? __builtin_clzll((unsigned long long)x) : 64;
}

static inline int __ffs(int x)
{
    return __builtin_ffs(x);
}

static inline int __ffsll(long long x)
{
    return __builtin_ffsll(x);
}

static inline unsigned __brev(unsigned x)
{
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(x);
}

static inline unsigned long long __brevll(unsigned long long x)
{
    return (unsigned long long)__brev((unsigned)x) << 32 | __brev((unsigned)(x >> 32));
}

static inline unsigned __umulhi(unsigned x, unsigned y)
{
    return (unsigned)((unsigned long long)x * y >> 32);
}

static inline int __mulhi(int x, int y)
{
    return (int)((long long)x * y >> 32);
}

static inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y)
{
    return (unsigned long long)((unsigned __int128)x * y >> 64);
}

static inline long long __mul64hi(long long x, long long y)
{
    return (long long)((__int128)x * y >> 64);
}

// The 32 bits of high:low that begin `shift` bits from the low (r) or the high (l) end.
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift)
{
    return (unsigned)((((unsigned long long)high << 32 | low) << (shift & 31)) >> 32);
}

static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift)
{
    return (unsigned)(((unsigned long long)high << 32 | low) >> (shift & 31));
}

#endif
