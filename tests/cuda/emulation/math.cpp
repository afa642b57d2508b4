// Functions that CUDA's device code has and the C library lacks, in double.
#include "cuda_runtime.h"

#include <cmath>

namespace emulated
{
// Reduces to a quarter turn exactly, so that whole and half arguments give 0 and +-1 as on the device.
void sine_and_cosine_of_pi(double x, double *sine, double *cosine)
{
    const double pi = 3.14159265358979323846;
    if (!std::isfinite(x)) {
        *sine = *cosine = NAN;
        return;
    }
    double within = fmod(x, 2.0), quarters = rint(2.0 * within), rest = pi * (within - 0.5 * quarters);
    double s = sin(rest), c = cos(rest);
    switch ((int)quarters & 3) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
        break;
    }
    if (x == rint(x)) {
        *sine = copysign(0.0, x);
    }
    *cosine += 0.0; // no negative zero
}

// The z with erfc(z) = y, for y in (0, 1]: Newton with Halley's correction on log erfc, from the rational
// estimate 26.2.23 of Abramowitz and Stegun. Each step cubes the error of 4.5e-4.
static double upper_erfc_root(double y)
{
    double t = sqrt(-2.0 * log(0.5 * y));
    double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    z /= 1.41421356237309504880;
    for (int i = 0; i < 3; i++) {
        double error = erfc(z) - y, slope = -1.12837916709551257390 * exp(-z * z);
        double step = error / slope;
        z -= step / (1.0 + z * step); // erfc'' / erfc' = -2 z
    }
    return z;
}

double inverse_erfc(double x)
{
    if (!(x >= 0.0 && x <= 2.0)) {
        return NAN;
    }
    if (x == 0.0 || x == 2.0) {
        return x == 0.0 ? INFINITY : -INFINITY;
    }
    return x <= 0.5 ? upper_erfc_root(x) : x >= 1.5 ? -upper_erfc_root(2.0 - x) : inverse_erf(1.0 - x);
}

double inverse_erf(double x)
{
    double size = fabs(x);
    if (!(size < 1.0)) {
        return size == 1.0 ? copysign(INFINITY, x) : NAN;
    }
    if (size > 0.5) {
        return copysign(upper_erfc_root(1.0 - size), x);
    }
    double z = 0.88622692545275801365 * size;
    for (int i = 0; i < 6; i++) {
        double step = (erf(z) - size) / (1.12837916709551257390 * exp(-z * z));
        z -= step / (1.0 + z * step);
    }
    return copysign(z, x);
}

// exp(x^2) erfc(x). Below 20 the square is taken with its rounding error; above, the asymptotic series 7.1.23 of
// Abramowitz and Stegun, whose eighth term is then below 1e-17.
double scaled_erfc(double x)
{
    if (x < 20.0) {
        double square = x * x, rest = fma(x, x, -square);
        if (x < -26.7) {
            return INFINITY;
        }
        return exp(square) * (1.0 + rest) * erfc(x);
    }
    double term = 1.0, sum = 1.0, step = -0.5 / (x * x);
    for (int i = 1; i < 9; i++) {
        term *= step * (2 * i - 1);
        sum += term;
    }
    return 0.56418958354775628695 / x * sum;
}

double bessel_i(int order, double x)
{
    double value = std::cyl_bessel_i((double)order, fabs(x));
    return order == 1 && x < 0.0 ? -value : value;
}
} // namespace emulated
