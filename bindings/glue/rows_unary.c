/*
 * Rows of the binding table: unary pointwise ops, each as a function, a method, and a method in place (name_). The list
 * is the core's own; each op adds its words here.
 */
#include "args.h"

/* What each does, with an example. */
#define DOC_neg        "The negative of each element.", "ty.tensor{1, -2}:neg()"
#define DOC_abs        "The absolute value of each element.", "ty.tensor{1, -2}:abs()"
#define DOC_sign       "-1, 0 or 1, as each element's sign.", "ty.tensor{-3, 0, 5}:sign()"
#define DOC_square     "The square of each element.", "ty.tensor{1, 2, 3}:square()"
#define DOC_relu       "Each element, or 0 where it is negative.", "ty.tensor{-1.0, 2.0}:relu()"
#define DOC_exp        "e to the power of each element.", "ty.tensor{0.0, 1.0}:exp()"
#define DOC_expm1      "exp(x) - 1, exact near 0.", "ty.tensor{0.0, 1e-6}:expm1()"
#define DOC_log        "The natural logarithm of each element; NaN for negative ones.", "ty.tensor{1.0, 2.0}:log()"
#define DOC_log1p      "log(1 + x), exact near 0.", "ty.tensor{0.0, 1e-6}:log1p()"
#define DOC_log2       "The logarithm to the base 2.", "ty.tensor{1.0, 8.0}:log2()"
#define DOC_log10      "The logarithm to the base 10.", "ty.tensor{1.0, 100.0}:log10()"
#define DOC_sqrt       "The square root of each element; NaN for negative ones.", "ty.tensor{1.0, 4.0}:sqrt()"
#define DOC_rsqrt      "1 / sqrt(x) of each element.", "ty.tensor{1.0, 4.0}:rsqrt()"
#define DOC_reciprocal "1 / x of each element.", "ty.tensor{1.0, 4.0}:reciprocal()"
#define DOC_sin        "The sine of each element (radians).", "ty.tensor{0.0, 1.0}:sin()"
#define DOC_cos        "The cosine of each element (radians).", "ty.tensor{0.0, 1.0}:cos()"
#define DOC_tan        "The tangent of each element (radians).", "ty.tensor{0.0, 1.0}:tan()"
#define DOC_asin       "The inverse sine; NaN outside -1 to 1.", "ty.tensor{0.0, 1.0}:asin()"
#define DOC_acos       "The inverse cosine; NaN outside -1 to 1.", "ty.tensor{0.0, 1.0}:acos()"
#define DOC_atan       "The inverse tangent.", "ty.tensor{0.0, 1.0}:atan()"
#define DOC_sinh       "The hyperbolic sine.", "ty.tensor{0.0, 1.0}:sinh()"
#define DOC_cosh       "The hyperbolic cosine.", "ty.tensor{0.0, 1.0}:cosh()"
#define DOC_tanh       "The hyperbolic tangent.", "ty.tensor{0.0, 1.0}:tanh()"
#define DOC_sigmoid    "1 / (1 + exp(-x)) of each element.", "ty.tensor{0.0, 2.0}:sigmoid()"
#define DOC_erf        "The error function.", "ty.tensor{0.0, 1.0}:erf()"
#define DOC_floor      "The largest whole number that is not above each element.", "ty.tensor{1.5, -1.5}:floor()"
#define DOC_ceil       "The smallest whole number that is not below each element.", "ty.tensor{1.5, -1.5}:ceil()"
#define DOC_round      "The nearest whole number; halves go to the even one.", "ty.tensor{0.5, 1.5}:round()"
#define DOC_trunc      "Each element without its fraction.", "ty.tensor{1.5, -1.5}:trunc()"
#define DOC_bitwise_not                                                                                                \
    "The bits of integers turned around; the opposite of booleans.", "ty.tensor{true, false}:bitwise_not()"
#define DOC_logical_not "Whether each element is 0, as bool.", "ty.tensor{0, 2}:logical_not()"

#define DOC_exp2    "2 to the power of each element.", "ty.tensor{0.0, 3.0}:exp2()"
#define DOC_erfc    "1 - erf(x), exact for large x.", "ty.tensor{0.0, 1.0}:erfc()"
#define DOC_erfinv  "The inverse of erf; infinite at -1 and 1.", "ty.tensor{0.0, 0.5}:erfinv()"
#define DOC_lgamma  "The logarithm of the absolute value of the gamma function.", "ty.tensor{1.0, 5.0}:lgamma()"
#define DOC_digamma "The derivative of lgamma.", "ty.tensor{1.0, 5.0}:digamma()"
#define DOC_asinh   "The inverse hyperbolic sine.", "ty.tensor{0.0, 1.0}:asinh()"
#define DOC_acosh   "The inverse hyperbolic cosine; NaN below 1.", "ty.tensor{1.0, 2.0}:acosh()"
#define DOC_atanh   "The inverse hyperbolic tangent; NaN outside -1 to 1.", "ty.tensor{0.0, 0.5}:atanh()"
#define DOC_sinc    "sin(pi x) / (pi x), and 1 at 0.", "ty.tensor{0.0, 0.5}:sinc()"
#define DOC_i0      "The modified Bessel function of the first kind of order 0.", "ty.tensor{0.0, 1.0}:i0()"
#define DOC_frac    "The fraction of each element, with its sign.", "ty.tensor{1.5, -1.25}:frac()"

/* Those that torch.nn.functional or torch.special has too. */
#define SCOPES_neg         TYB_BOTH
#define SCOPES_abs         TYB_BOTH
#define SCOPES_sign        TYB_BOTH
#define SCOPES_square      TYB_BOTH
#define SCOPES_relu        TYB_BOTH | TYB_F
#define SCOPES_exp         TYB_BOTH
#define SCOPES_expm1       TYB_BOTH | TYB_SPECIAL
#define SCOPES_log         TYB_BOTH
#define SCOPES_log1p       TYB_BOTH | TYB_SPECIAL
#define SCOPES_log2        TYB_BOTH
#define SCOPES_log10       TYB_BOTH
#define SCOPES_sqrt        TYB_BOTH
#define SCOPES_rsqrt       TYB_BOTH
#define SCOPES_reciprocal  TYB_BOTH
#define SCOPES_sin         TYB_BOTH
#define SCOPES_cos         TYB_BOTH
#define SCOPES_tan         TYB_BOTH
#define SCOPES_asin        TYB_BOTH
#define SCOPES_acos        TYB_BOTH
#define SCOPES_atan        TYB_BOTH
#define SCOPES_sinh        TYB_BOTH
#define SCOPES_cosh        TYB_BOTH
#define SCOPES_tanh        TYB_BOTH | TYB_F
#define SCOPES_sigmoid     TYB_BOTH | TYB_F
#define SCOPES_erf         TYB_BOTH | TYB_SPECIAL
#define SCOPES_floor       TYB_BOTH
#define SCOPES_ceil        TYB_BOTH
#define SCOPES_round       TYB_BOTH | TYB_SPECIAL
#define SCOPES_trunc       TYB_BOTH
#define SCOPES_bitwise_not TYB_BOTH
#define SCOPES_logical_not TYB_BOTH
#define SCOPES_exp2        TYB_BOTH | TYB_SPECIAL
#define SCOPES_erfc        TYB_BOTH | TYB_SPECIAL
#define SCOPES_erfinv      TYB_BOTH | TYB_SPECIAL
#define SCOPES_lgamma      TYB_BOTH
#define SCOPES_digamma     TYB_BOTH | TYB_SPECIAL
#define SCOPES_asinh       TYB_BOTH
#define SCOPES_acosh       TYB_BOTH
#define SCOPES_atanh       TYB_BOTH
#define SCOPES_sinc        TYB_BOTH | TYB_SPECIAL
#define SCOPES_i0          TYB_BOTH | TYB_SPECIAL
#define SCOPES_frac        TYB_BOTH

#define TY_X(name)                                                                                                     \
    static void do_##name(tyb_call *c)                                                                                 \
    {                                                                                                                  \
        RETURN(ty_##name(T(0)));                                                                                       \
    }                                                                                                                  \
    static void do_##name##_(tyb_call *c)                                                                              \
    {                                                                                                                  \
        RETURN(ty_##name##_(T(0)));                                                                                    \
    }
TY_UNARY_OPS(TY_X)
#undef TY_X

#define TY_X(name)                                                                                                     \
    static void do_##name(tyb_call *c)                                                                                 \
    {                                                                                                                  \
        RETURN(ty_##name(T(0)));                                                                                       \
    }
TY_UNARY_FRESH_OPS(TY_X)
#undef TY_X

static void positive(tyb_call *c)
{
    if (ty_dtype_of(T(0)) == TY_BOOL)
        c->status = ty_fail(TY_ERROR_VALUE, "positive: not defined for bool tensors; convert first: x:long()");
    else
        RETURN(ty_retain(T(0)));
}

#define ONE "(input: Tensor) -> "
#define ALIAS(alias, name)                                                                                             \
    {#alias,                                                                                                           \
     ONE "Tensor",                                                                                                     \
     do_##name,                                                                                                        \
     TYB_BOTH | TYB_OUT,                                                                                               \
     "Another name of " #name ".",                                                                                     \
     "ty.tensor{1.0, -1.0}:" #alias "()"},                                                                             \
    {                                                                                                                  \
#alias "_", ONE "self", do_##name##_, TYB_METHOD, "x:" #name "() in place.", NULL                              \
    }
#define SPECIAL(name, function, doc)                                                                                   \
    {                                                                                                                  \
#name, ONE "Tensor", function, TYB_SPECIAL | TYB_OUT, doc, "ty.special." #name "(ty.tensor{0.25, 0.5})"        \
    }

#define TY_X(name)                                                                                                     \
    {#name, "(input: Tensor) -> Tensor", do_##name, SCOPES_##name | TYB_OUT, DOC_##name},                              \
        {#name "_", "(input: Tensor) -> self", do_##name##_, TYB_METHOD, "x:" #name "(), written into x itself.", NULL},

const tyb_row tyb_rows_unary[] = {TY_UNARY_OPS(TY_X)
#undef TY_X
#define TY_X(name)                                                                                                     \
    {                                                                                                                  \
#name, ONE "Tensor", do_##name,
                                      TY_X(isnan) TYB_BOTH,
                                  "Whether each element is NaN, as bool.", "ty.tensor{0 / 0, 1}:isnan()"},
              TY_X(isinf) TYB_BOTH, "Whether each element is infinite, as bool.", "ty.tensor{1 / 0, 1}:isinf()"
}
, TY_X(isfinite) TYB_BOTH, "Whether each element is neither infinite nor NaN, as bool.",
    "ty.tensor{1 / 0, 1}:isfinite()"
}
, TY_X(isposinf) TYB_BOTH, "Whether each element is +infinity, as bool.", "ty.tensor{1 / 0, -1 / 0}:isposinf()"
}
, TY_X(isneginf) TYB_BOTH, "Whether each element is -infinity, as bool.", "ty.tensor{1 / 0, -1 / 0}:isneginf()"
}
, TY_X(signbit) TYB_BOTH, "Whether each element has a minus sign (-0.0 has), as bool.", "ty.tensor{-0.0, 1}:signbit()"
}
,
#undef TY_X
    {"positive",
     ONE "Tensor",
     positive,
     TYB_BOTH,
     "The tensor itself, as unary + would give.",
     "ty.tensor{1, -2}:positive()"},
    ALIAS(absolute, abs), ALIAS(negative, neg), ALIAS(sgn, sign), ALIAS(fix, trunc), ALIAS(arccos, acos),
    ALIAS(arccosh, acosh), ALIAS(arcsin, asin), ALIAS(arcsinh, asinh), ALIAS(arctan, atan), ALIAS(arctanh, atanh),
    SPECIAL(expit, do_sigmoid, "As ty.sigmoid."), SPECIAL(gammaln, do_lgamma, "As ty.lgamma."),
    SPECIAL(psi, do_digamma, "As ty.digamma."),
    SPECIAL(erfcx, do_erfcx, "exp(x^2) erfc(x), which does not underflow for large x."),
    SPECIAL(i0e, do_i0e, "exp(-|x|) i0(x)."),
    SPECIAL(i1, do_i1, "The modified Bessel function of the first kind of order 1."),
    SPECIAL(i1e, do_i1e, "exp(-|x|) i1(x)."),
    SPECIAL(ndtri, do_ndtri, "The quantile of the standard normal distribution, the inverse of ndtr."),
    SPECIAL(log_ndtr, do_log_ndtr, "The logarithm of ndtr, exact for very negative x."), {0},
}
;
