/*
 * Special functions for the expressions of pointwise.def that the C library lacks: written for float64, which float32
 * goes through. Each from a series or continued fraction that is named above it, to about 1e-15. One source for all
 * devices: TYI_FUNCTION is what their compilers want before a function.
 */
#ifndef TYI_SPECIAL_H
#define TYI_SPECIAL_H

#include <math.h>

#ifdef __CUDACC__
#define TYI_FUNCTION static inline __device__
#else
#define TYI_FUNCTION static inline
#endif

#define TYI_PI 3.14159265358979323846

TYI_FUNCTION double tyi_lgamma_f64(double x)
{
#ifdef __CUDACC__
    return lgamma(x);
#else
    int sign;
    return lgamma_r(x, &sign); /* thread-safe: lgamma() itself writes to a global */
#endif
}

/* Recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18); reflection for negative x. */
TYI_FUNCTION double tyi_digamma_f64(double x)
{
    if (x == 0)
        return copysign(INFINITY, -x);
    if (x < 0) {
        if (x == floor(x))
            return NAN;
        double fraction = x - floor(x);
        return tyi_digamma_f64(1 - x) - TYI_PI / tan(TYI_PI * fraction);
    }
    double sum = 0;
    for (; x < 10; x += 1)
        sum -= 1 / x;
    double w = 1 / (x * x);
    double tail =
        w * (1. / 12 - w * (1. / 120 - w * (1. / 252 - w * (1. / 240 - w * (1. / 132 - w * (691. / 32760 - w / 12))))));
    return sum + log(x) - 0.5 / x - tail;
}

/* Hurwitz zeta, sum of (q + k)^-s, by Euler and Maclaurin; B: Bernoulli numbers B_2j / (2j)!. */
TYI_FUNCTION double tyi_zeta_f64(double s, double q)
{
    static const double b[] = {1. / 12,           -1. / 720,
                               1. / 30240,        -1. / 1209600,
                               1. / 47900160,     -691. / 1307674368e3,
                               1. / 74724249600., -3617. / 1067062284288e4};
    if (s == 1)
        return INFINITY;
    if (!(s > 1) || q != q)
        return NAN;
    if (q <= 0) {
        if (q == floor(q))
            return INFINITY;
        if (s != floor(s) || q < -1e5) /* so far left the sum would not end */
            return NAN;
    }
    double sum = 0;
    for (int k = 0; k < 12 || q < 12; k++, q += 1) {
        double term = pow(q, -s);
        sum += term;
        if (q > 0 && term < sum * 1e-17)
            return sum;
    }
    double power = pow(q, -s), factor = s, step = 1 / (q * q);
    sum += power * q / (s - 1) + 0.5 * power;
    power /= q;
    for (int j = 0; j < 8; j++) {
        sum += b[j] * factor * power;
        factor *= (s + 2 * j + 1) * (s + 2 * j + 2);
        power *= step;
    }
    return sum;
}

/* e^(x^2) erfc(x): by Laplace's continued fraction from 3 on. */
TYI_FUNCTION double tyi_erfcx_f64(double x)
{
    if (!(x >= 3))
        return exp(x * x) * erfc(x);
    if (x > 1e8)
        return 0.56418958354775628695 / x;
    double f = x;
    for (int k = 60; k > 0; k--)
        f = x + 0.5 * k / f;
    return 0.56418958354775628695 / f; /* 1 / sqrt(pi) */
}

/* The x with erfc(x) = c, 0 <= c <= 1: Winitzki's approximation, made exact by Halley's method. */
TYI_FUNCTION double tyi_erfc_inverse(double c)
{
    if (c <= 0)
        return c == 0 ? INFINITY : NAN;
    double logarithm = log(c) + log(2 - c), half = 2 / (TYI_PI * 0.147) + logarithm / 2;
    double x = sqrt(sqrt(half * half - logarithm / 0.147) - half);
    for (int i = 0; i < 3; i++) {
        /* (erfc(x) - c) / erfc'(x), written so that neither underflows */
        double error = -(tyi_erfcx_f64(x) - c * exp(x * x)) * 0.88622692545275801365;
        if (!isfinite(error))
            break;
        x -= error / (1 + x * error);
    }
    return x;
}

TYI_FUNCTION double tyi_erfinv_f64(double y)
{
    double size = fabs(y);
    if (!(size <= 1))
        return NAN;
    if (size < 1e-9)
        return y * 0.88622692545275801365; /* sqrt(pi) / 2 */
    double x = tyi_erfc_inverse(1 - size);
    if (size < 0.5) { /* 1 - size has lost digits: one step of Newton's method on erf itself */
        x -= (erf(x) - size) * exp(x * x) * 0.88622692545275801365;
    }
    return copysign(x, y);
}

/* The quantile of the standard normal distribution. */
TYI_FUNCTION double tyi_ndtri_f64(double p)
{
    if (p > 0.5)
        return 1.41421356237309504880 * tyi_erfc_inverse(2 * (1 - p));
    return -1.41421356237309504880 * tyi_erfc_inverse(2 * p);
}

/* The logarithm of the standard normal distribution function. */
TYI_FUNCTION double tyi_log_ndtr_f64(double x)
{
    double z = x * 0.70710678118654752440;
    if (x < -1)
        return log(tyi_erfcx_f64(-z) / 2) - z * z;
    return log1p(-erfc(z) / 2);
}

/* Modified Bessel functions of order n (0 or 1), times e^-|x|: the power series, and from 30 on the asymptotic one
 * (Abramowitz and Stegun 9.6.10, 9.7.1); of |x|. */
TYI_FUNCTION double tyi_bessel_i_scaled(int n, double x)
{
    double sum = 1, term = 1;
    if (x <= 30) {
        double quarter = x * x / 4;
        for (int k = 1; k < 200 && term > sum * 1e-17; k++) {
            term *= quarter / ((double)k * (k + n));
            sum += term;
        }
        return exp(-x) * sum * (n ? x / 2 : 1);
    }
    double mu = 4.0 * n * n;
    for (int k = 1; k < 30; k++) {
        double odd = 2.0 * k - 1;
        term *= -(mu - odd * odd) / (k * 8 * x);
        sum += term;
        if (fabs(term) < 1e-17)
            break;
    }
    return sum / sqrt(2 * TYI_PI * x);
}

TYI_FUNCTION double tyi_i0e_f64(double x)
{
    return tyi_bessel_i_scaled(0, fabs(x));
}

TYI_FUNCTION double tyi_i1e_f64(double x)
{
    return copysign(tyi_bessel_i_scaled(1, fabs(x)), x);
}

TYI_FUNCTION double tyi_i0_f64(double x)
{
    return isinf(x) ? fabs(x) : exp(fabs(x) / 2) * (exp(fabs(x) / 2) * tyi_i0e_f64(x)); /* overflows where i0 does */
}

TYI_FUNCTION double tyi_i1_f64(double x)
{
    return isinf(x) ? x : exp(fabs(x) / 2) * (exp(fabs(x) / 2) * tyi_i1e_f64(x));
}

/* The regularised incomplete gamma functions: P by its series below a + 1, Q by its continued fraction (in Lentz's
 * form) from there on; the other is 1 minus it. */
TYI_FUNCTION double tyi_incomplete_gamma(double a, double x, int upper)
{
    if (!(x >= 0) || !(a >= 0) || (isinf(a) && isinf(x)))
        return NAN;
    if (a == 0)
        return x > 0 ? !upper : NAN;
    if (x == 0 || isinf(a))
        return upper;
    if (isinf(x))
        return !upper;
    double scale = exp(a * log(x) - x - tyi_lgamma_f64(a));
    if (x < a + 1) {
        double sum = 1 / a, term = sum;
        for (double k = a + 1; term > sum * 1e-17 && k < a + 20000; k += 1)
            sum += term *= x / k;
        return upper ? 1 - sum * scale : sum * scale;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, f = d;
    for (int k = 1; k < 20000; k++) {
        double numerator = -k * (k - a);
        b += 2;
        d = numerator * d + b;
        c = b + numerator / c;
        d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
        c = fabs(c) < 1e-300 ? 1e-300 : c;
        f *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return upper ? f * scale : 1 - f * scale;
}

TYI_FUNCTION double tyi_igamma_f64(double a, double x)
{
    return tyi_incomplete_gamma(a, x, 0);
}

TYI_FUNCTION double tyi_igammac_f64(double a, double x)
{
    return tyi_incomplete_gamma(a, x, 1);
}

TYI_FUNCTION double tyi_sinc_f64(double x)
{
    return x == 0 ? 1 : sin(TYI_PI * x) / (TYI_PI * x);
}

TYI_FUNCTION double tyi_frexp_mantissa_f64(double x)
{
    int exponent;
    return frexp(x, &exponent);
}

TYI_FUNCTION double tyi_frexp_exponent_f64(double x)
{
    int exponent = 0;
    frexp(x, &exponent);
    return isfinite(x) ? exponent : 0;
}

#define TYI_X(name)                                                                                                    \
    TYI_FUNCTION float tyi_##name##_f32(float x)                                                                       \
    {                                                                                                                  \
        return (float)tyi_##name##_f64(x);                                                                             \
    }
TYI_X(digamma)
TYI_X(erfcx)
TYI_X(erfinv)
TYI_X(ndtri)
TYI_X(log_ndtr)
TYI_X(i0)
TYI_X(i0e)
TYI_X(i1)
TYI_X(i1e)
TYI_X(lgamma)
TYI_X(sinc)
TYI_X(frexp_mantissa)
TYI_X(frexp_exponent)
#undef TYI_X
#define TYI_X(name)                                                                                                    \
    TYI_FUNCTION float tyi_##name##_f32(float x, float y)                                                              \
    {                                                                                                                  \
        return (float)tyi_##name##_f64(x, y);                                                                          \
    }
TYI_X(zeta)
TYI_X(igamma)
TYI_X(igammac)
#undef TYI_X

#endif
