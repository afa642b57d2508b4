/*
 * Windows for signals: hann, hamming, blackman, bartlett, kaiser. A periodic one is the symmetric one of one element
 * more, without its last. Computed in float64.
 */
#include <math.h>

#include "ops/support.h"

#define PI 3.14159265358979323846

/* The modified Bessel function of order 0, by its series. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > sum * 1e-17; k++)
        sum += term *= x * x / 4 / ((double)k * k);
    return sum;
}

static double value(ty_signal_window kind, double at, double last, double a, double b)
{
    double angle = 2 * PI * at / last, side = 2 * at / last - 1;
    switch (kind) {
    case TY_WINDOW_HANN:
        return 0.5 - 0.5 * cos(angle);
    case TY_WINDOW_HAMMING:
        return a - b * cos(angle);
    case TY_WINDOW_BLACKMAN:
        return 0.42 - 0.5 * cos(angle) + 0.08 * cos(2 * angle);
    case TY_WINDOW_BARTLETT:
        return 1 - fabs(side);
    default:
        return bessel_i0(a * sqrt(fmax(0, 1 - side * side))) / bessel_i0(a);
    }
}

/* torch.hann_window and its like: `length` values; a, b: alpha and beta of hamming, a: beta of kaiser. */
ty_tensor *ty_make_window(ty_signal_window kind, int64_t length, bool periodic, double a, double b, ty_dtype dtype,
                          ty_device device)
{
    if (length < 0)
        return tyi_fail(TY_ERROR_VALUE, "window: the length must not be negative, got %lld", (long long)length);
    if (dtype == TY_DTYPE_NONE)
        dtype = ty_get_default_dtype();
    if (!ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE, "window: the dtype must be floating, got %s", ty_dtype_name(dtype));
    if (kind == TY_WINDOW_KAISER && !(a >= 0 && a < 700))
        return tyi_fail(TY_ERROR_VALUE, "kaiser_window: beta must be between 0 and 700, got %g", a);
    ty_tensor *wide = ty_empty(1, &length, TY_FLOAT64, TY_DEVICE_CPU);
    double *data = wide ? ty_data(wide) : NULL, last = (double)(periodic ? length : length - 1);
    for (int64_t i = 0; i < length && data; i++)
        data[i] = length == 1 ? 1 : value(kind, (double)i, last, a, b);
    ty_tensor *y = wide ? ty_to(wide, dtype, device, false) : NULL;
    ty_release(wide);
    return y;
}
