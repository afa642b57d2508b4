// Mathematics of device code that the host's library lacks: intrinsics with a rounding or a lower accuracy on the
// device (given here in full accuracy), min and max of mixed types, and the error function's relatives. Sources of the
// latter are named there; float versions round the double one.
#ifndef EMULATED_MATH_H
#define EMULATED_MATH_H

// The C library declares some of these names itself, so they are macros.
#define __expf    expf
#define __exp10f  exp10f
#define __logf    logf
#define __log2f   log2f
#define __log10f  log10f
#define __powf    powf
#define __sinf    sinf
#define __cosf    cosf
#define __tanf    tanf
#define __sincosf sincosf

#define EMULATED_BINARY(name, type, expression)                                                                        \
    static inline type name(type x, type y)                                                                            \
    {                                                                                                                  \
        return expression;                                                                                             \
    }
#define EMULATED_UNARY(name, type, expression)                                                                         \
    static inline type name(type x)                                                                                    \
    {                                                                                                                  \
        return expression;                                                                                             \
    }
EMULATED_BINARY(__fdividef, float, x / y)
EMULATED_BINARY(__fadd_rn, float, x + y)
EMULATED_BINARY(__fsub_rn, float, x - y)
EMULATED_BINARY(__fmul_rn, float, x *y)
EMULATED_BINARY(__fdiv_rn, float, x / y)
EMULATED_BINARY(__dadd_rn, double, x + y)
EMULATED_BINARY(__dsub_rn, double, x - y)
EMULATED_BINARY(__dmul_rn, double, x *y)
EMULATED_BINARY(__ddiv_rn, double, x / y)
EMULATED_UNARY(__fsqrt_rn, float, sqrtf(x))
EMULATED_UNARY(__frcp_rn, float, 1.0f / x)
EMULATED_UNARY(__frsqrt_rn, float, (float)(1.0 / sqrt((double)x)))
EMULATED_UNARY(__dsqrt_rn, double, sqrt(x))
EMULATED_UNARY(__drcp_rn, double, 1.0 / x)
EMULATED_UNARY(__saturatef, float, x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f)
EMULATED_UNARY(rsqrtf, float, (float)(1.0 / sqrt((double)x)))
EMULATED_UNARY(rcbrtf, float, (float)(1.0 / cbrt((double)x)))
EMULATED_UNARY(rcbrt, double, 1.0 / cbrt(x))
#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 42)
EMULATED_UNARY(rsqrt, double, 1.0 / sqrt(x))
#endif

static inline float __fmaf_rn(float x, float y, float z)
{
    return fmaf(x, y, z);
}

static inline double __fma_rn(double x, double y, double z)
{
    return fma(x, y, z);
}

// Conversions with the rounding that the name says.
static inline int __float2int_rn(float x)
{
    return (int)rintf(x);
}

static inline int __float2int_rz(float x)
{
    return (int)x;
}

static inline int __float2int_rd(float x)
{
    return (int)floorf(x);
}

static inline float __int2float_rn(int x)
{
    return (float)x;
}

static inline float __uint2float_rn(unsigned x)
{
    return (float)x;
}

static inline float __double2float_rn(double x)
{
    return (float)x;
}

static inline double __ll2double_rn(long long x)
{
    return (double)x;
}

#define EMULATED_MIN_MAX(type, x_type, y_type)                                                                         \
    static inline type min(x_type x, y_type y)                                                                         \
    {                                                                                                                  \
        return (type)x < (type)y ? (type)x : (type)y;                                                                  \
    }                                                                                                                  \
    static inline type max(x_type x, y_type y)                                                                         \
    {                                                                                                                  \
        return (type)x < (type)y ? (type)y : (type)x;                                                                  \
    }
EMULATED_MIN_MAX(int, int, int)
EMULATED_MIN_MAX(unsigned, unsigned, unsigned)
EMULATED_MIN_MAX(unsigned, int, unsigned)
EMULATED_MIN_MAX(unsigned, unsigned, int)
EMULATED_MIN_MAX(long, long, long)
EMULATED_MIN_MAX(unsigned long, unsigned long, unsigned long)
EMULATED_MIN_MAX(unsigned long, long, unsigned long)
EMULATED_MIN_MAX(unsigned long, unsigned long, long)
EMULATED_MIN_MAX(long long, long long, long long)
EMULATED_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
EMULATED_MIN_MAX(unsigned long long, long long, unsigned long long)
EMULATED_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef EMULATED_MIN_MAX

// Of numbers with a NaN the other one is taken, as fmin and fmax do on the device.
#define EMULATED_MIN_MAX_REAL(type, x_type, y_type)                                                                    \
    static inline type min(x_type x, y_type y)                                                                         \
    {                                                                                                                  \
        return (type)fmin((type)x, (type)y);                                                                           \
    }                                                                                                                  \
    static inline type max(x_type x, y_type y)                                                                         \
    {                                                                                                                  \
        return (type)fmax((type)x, (type)y);                                                                           \
    }
EMULATED_MIN_MAX_REAL(float, float, float)
EMULATED_MIN_MAX_REAL(double, double, double)
EMULATED_MIN_MAX_REAL(double, float, double)
EMULATED_MIN_MAX_REAL(double, double, float)
#undef EMULATED_MIN_MAX_REAL

namespace emulated
{
void sine_and_cosine_of_pi(double x, double *sine, double *cosine);
double inverse_erf(double x);
double inverse_erfc(double x);
double scaled_erfc(double x);
double bessel_i(int order, double x);
} // namespace emulated

static inline void sincospi(double x, double *sine, double *cosine)
{
    emulated::sine_and_cosine_of_pi(x, sine, cosine);
}

static inline void sincospif(float x, float *sine, float *cosine)
{
    double s, c;
    emulated::sine_and_cosine_of_pi((double)x, &s, &c);
    *sine = (float)s;
    *cosine = (float)c;
}

#if !defined(__GLIBC__) || !__GLIBC_PREREQ(2, 41)
static inline double sinpi(double x)
{
    double s, c;
    sincospi(x, &s, &c);
    return s;
}

static inline double cospi(double x)
{
    double s, c;
    sincospi(x, &s, &c);
    return c;
}

EMULATED_UNARY(sinpif, float, (float)sinpi((double)x))
EMULATED_UNARY(cospif, float, (float)cospi((double)x))
#endif
EMULATED_UNARY(erfinv, double, emulated::inverse_erf(x))
EMULATED_UNARY(erfinvf, float, (float)emulated::inverse_erf((double)x))
EMULATED_UNARY(erfcinv, double, emulated::inverse_erfc(x))
EMULATED_UNARY(erfcinvf, float, (float)emulated::inverse_erfc((double)x))
EMULATED_UNARY(erfcx, double, emulated::scaled_erfc(x))
EMULATED_UNARY(erfcxf, float, (float)emulated::scaled_erfc((double)x))
EMULATED_UNARY(normcdf, double, 0.5 * erfc(-x * 0.70710678118654752440))
EMULATED_UNARY(normcdff, float, (float)normcdf((double)x))
EMULATED_UNARY(normcdfinv, double, -1.41421356237309504880 * emulated::inverse_erfc(2.0 * x))
EMULATED_UNARY(normcdfinvf, float, (float)normcdfinv((double)x))
EMULATED_UNARY(cyl_bessel_i0, double, emulated::bessel_i(0, x))
EMULATED_UNARY(cyl_bessel_i1, double, emulated::bessel_i(1, x))
EMULATED_UNARY(cyl_bessel_i0f, float, (float)emulated::bessel_i(0, (double)x))
EMULATED_UNARY(cyl_bessel_i1f, float, (float)emulated::bessel_i(1, (double)x))
#undef EMULATED_BINARY
#undef EMULATED_UNARY

#endif
