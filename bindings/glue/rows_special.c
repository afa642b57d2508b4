/*
 * Rows of the binding table: pointwise functions composed of others, and windows for signals.
 */
#include <math.h>

#include "args.h"

static void polygamma(tyb_call *c)
{
    RETURN(ty_polygamma(INT(0), T(1)));
}

static void polygamma_method(tyb_call *c)
{
    RETURN(ty_polygamma(INT(1), T(0)));
}

static void mvlgamma(tyb_call *c)
{
    RETURN(ty_mvlgamma(T(0), INT(1)));
}

static void logit(tyb_call *c)
{
    RETURN(ty_logit(T(0), GIVEN(1) ? FLOAT(1) : -1));
}

static void entr(tyb_call *c)
{
    RETURN(ty_entr(T(0)));
}

static void ndtr(tyb_call *c)
{
    RETURN(ty_ndtr(T(0)));
}

static void nan_to_num(tyb_call *c)
{
    RETURN(ty_nan_to_num(T(0), FLOAT(1), GIVEN(2) ? FLOAT(2) : NAN, GIVEN(3) ? FLOAT(3) : NAN));
}

static void scaled(tyb_call *c, double factor)
{
    ty_tensor *number = ty_scalar_tensor(ty_float(factor), TY_DTYPE_NONE, true);
    RETURN(number ? ty_mul(T(0), number) : NULL);
    ty_release(number);
}

static void deg2rad(tyb_call *c)
{
    scaled(c, 0.017453292519943295);
}

static void rad2deg(tyb_call *c)
{
    scaled(c, 57.29577951308232);
}

static void logaddexp2(tyb_call *c)
{
    RETURN(ty_logaddexp2(T(0), T(1)));
}

static void ldexp_(tyb_call *c)
{
    RETURN(ty_ldexp(T(0), T(1)));
}

static void frexp_(tyb_call *c)
{
    RETURN(ty_frexp(T(0), &c->out[1].tensor));
}

static void float_power(tyb_call *c)
{
    RETURN(ty_float_power(T(0), T(1)));
}

static void isin(tyb_call *c)
{
    RETURN(ty_isin(T(0), T(1), BOOL(3)));
}

TYB_IN_PLACE(polygamma_method)
TYB_IN_PLACE(mvlgamma)
TYB_IN_PLACE(logit)
TYB_IN_PLACE(nan_to_num)
TYB_IN_PLACE(deg2rad)
TYB_IN_PLACE(rad2deg)
TYB_IN_PLACE(ldexp_)

static void float_power_in_place(tyb_call *c)
{
    if (ty_dtype_of(T(0)) != TY_FLOAT64)
        c->status = ty_fail(TY_ERROR_VALUE, "float_power_: the result is float64 and the tensor %s; leave out the _",
                            ty_dtype_name(ty_dtype_of(T(0))));
    else
        tyb_in_place(c, float_power);
}

/* Windows: the arguments behind the length and `periodic`, if any, then those of all functions that make tensors. */
static void window(tyb_call *c, ty_signal_window kind, int numbers)
{
    double a = numbers > 0 ? FLOAT(2) : 0, b = numbers > 1 ? FLOAT(3) : 0;
    ty_tensor *x = ty_make_window(kind, INT(0), BOOL(1), a, b, DTYPE(numbers + 2), DEVICE(numbers + 3));
    RETURN(tyb_with_grad(x, BOOL(numbers + 4)));
}

static void hann_window(tyb_call *c)
{
    window(c, TY_WINDOW_HANN, 0);
}

static void hamming_window(tyb_call *c)
{
    window(c, TY_WINDOW_HAMMING, 2);
}

static void blackman_window(tyb_call *c)
{
    window(c, TY_WINDOW_BLACKMAN, 0);
}

static void bartlett_window(tyb_call *c)
{
    window(c, TY_WINDOW_BARTLETT, 0);
}

static void kaiser_window(tyb_call *c)
{
    window(c, TY_WINDOW_KAISER, 1);
}

#define WINDOW(more) "(window_length: int, periodic: bool = true, " more "*, " TYB_MAKE ") -> Tensor"
#define HOLD_ABOUT   ", for a signal's part; periodic: without the last value of the symmetric one of one element more."
#define NUMBERS      "(input: Tensor, nan: float = 0, posinf: float?, neginf: float?) -> "

const tyb_row tyb_rows_special[] = {
    {"polygamma", "(n: int, input: Tensor) -> Tensor", polygamma, TYB_TY | TYB_SPECIAL,
     "The n-th derivative of digamma.", "ty.polygamma(1, ty.tensor{1.0, 2.0})"},
    {"polygamma", "(input: Tensor, n: int) -> Tensor", polygamma_method, TYB_METHOD, "The n-th derivative of digamma.",
     "ty.tensor{1.0, 2.0}:polygamma(1)"},
    {"polygamma_", "(input: Tensor, n: int) -> self", polygamma_method_in_place, TYB_METHOD, "x:polygamma(n) in place.",
     NULL},
    {"mvlgamma", "(input: Tensor, p: int) -> Tensor", mvlgamma, TYB_BOTH,
     "The logarithm of the multivariate gamma function of dimension p, of values above (p - 1) / 2.",
     "ty.tensor{2.0, 3.0}:mvlgamma(2)"},
    {"mvlgamma_", "(input: Tensor, p: int) -> self", mvlgamma_in_place, TYB_METHOD, "x:mvlgamma(p) in place.", NULL},
    {"multigammaln", "(input: Tensor, p: int) -> Tensor", mvlgamma, TYB_SPECIAL, "As ty.mvlgamma.",
     "ty.special.multigammaln(ty.tensor{2.0, 3.0}, 2)"},
    {"logit", "(input: Tensor, eps: float?) -> Tensor", logit, TYB_BOTH | TYB_SPECIAL | TYB_OUT,
     "log(x / (1 - x)), of x held between eps and 1 - eps where eps is given.", "ty.tensor{0.25, 0.5}:logit()"},
    {"logit_", "(input: Tensor, eps: float?) -> self", logit_in_place, TYB_METHOD, "x:logit(eps) in place.", NULL},
    {"entr", "(input: Tensor) -> Tensor", entr, TYB_SPECIAL, "-x log(x), 0 at 0 and -inf below.",
     "ty.special.entr(ty.tensor{0.0, 0.5})"},
    {"ndtr", "(input: Tensor) -> Tensor", ndtr, TYB_SPECIAL,
     "The distribution function of the standard normal distribution.", "ty.special.ndtr(ty.tensor{0.0, 1.0})"},
    {"nan_to_num", NUMBERS "Tensor", nan_to_num, TYB_BOTH | TYB_OUT,
     "NaN replaced by nan, the infinities by posinf and neginf, or by the dtype's largest and smallest values.",
     "ty.tensor{0 / 0, 1 / 0, 1.0}:nan_to_num(0, 9)"},
    {"nan_to_num_", NUMBERS "self", nan_to_num_in_place, TYB_METHOD, "x:nan_to_num() in place.", NULL},
    {"deg2rad", "(input: Tensor) -> Tensor", deg2rad, TYB_BOTH | TYB_OUT, "Degrees as radians.",
     "ty.tensor{180.0}:deg2rad()"},
    {"deg2rad_", "(input: Tensor) -> self", deg2rad_in_place, TYB_METHOD, "x:deg2rad() in place.", NULL},
    {"rad2deg", "(input: Tensor) -> Tensor", rad2deg, TYB_BOTH | TYB_OUT, "Radians as degrees.",
     "ty.tensor{1.0}:rad2deg()"},
    {"rad2deg_", "(input: Tensor) -> self", rad2deg_in_place, TYB_METHOD, "x:rad2deg() in place.", NULL},
    {"logaddexp2", "(input: Tensor, other: Tensor) -> Tensor", logaddexp2, TYB_BOTH | TYB_OUT,
     "log2(2^input + 2^other).", "ty.tensor{1.0}:logaddexp2(ty.tensor{1.0})"},
    {"ldexp", "(input: Tensor, other: Tensor) -> Tensor", ldexp_, TYB_BOTH | TYB_OUT, "input 2^other.",
     "ty.tensor{1.0, 3.0}:ldexp(ty.tensor{2, -1})"},
    {"ldexp_", "(input: Tensor, other: Tensor) -> self", ldexp__in_place, TYB_METHOD, "x:ldexp(other) in place.", NULL},
    {"frexp", "(input: Tensor) -> (mantissa: Tensor, exponent: Tensor)", frexp_, TYB_BOTH,
     "input = mantissa 2^exponent, with mantissas from 0.5 to 1 and exponents as int32.",
     "ty.tensor{8.0, 0.3}:frexp()"},
    {"float_power", "(input: Tensor|number, exponent: Tensor|number) -> Tensor", float_power, TYB_BOTH | TYB_OUT,
     "input to the power of exponent, computed in float64 whatever the dtypes.", "ty.tensor{1, 2}:float_power(-2)"},
    {"float_power_", "(input: Tensor, exponent: Tensor|number) -> self", float_power_in_place, TYB_METHOD,
     "x:float_power(exponent) in place, for float64.", NULL},
    {"isin",
     "(elements: Tensor|number, test_elements: Tensor|number, *, assume_unique: bool = false, invert: bool = false) -> "
     "Tensor",
     isin, TYB_TY, "Which elements are among test_elements (invert: are not), as bool; assume_unique changes nothing.",
     "ty.isin(ty.tensor{1, 2, 3}, ty.tensor{3, 1})"},
    {"hann_window", WINDOW(""), hann_window, TYB_TY, "A raised cosine" HOLD_ABOUT, "ty.hann_window(4)"},
    {"hamming_window", WINDOW("alpha: float = 0.54, beta: float = 0.46, "), hamming_window, TYB_TY,
     "alpha - beta cos(2 pi i / n)" HOLD_ABOUT, "ty.hamming_window(4)"},
    {"blackman_window", WINDOW(""), blackman_window, TYB_TY, "The Blackman window, two cosines" HOLD_ABOUT,
     "ty.blackman_window(4)"},
    {"bartlett_window", WINDOW(""), bartlett_window, TYB_TY, "A triangle" HOLD_ABOUT, "ty.bartlett_window(4)"},
    {"kaiser_window", WINDOW("beta: float = 12.0, "), kaiser_window, TYB_TY,
     "The Kaiser window, narrower with a larger beta" HOLD_ABOUT, "ty.kaiser_window(4)"},
    {0},
};
