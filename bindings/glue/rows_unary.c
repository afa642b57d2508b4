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

/* Those that torch.nn.functional has too. */
#define SCOPES_neg         TYB_BOTH
#define SCOPES_abs         TYB_BOTH
#define SCOPES_sign        TYB_BOTH
#define SCOPES_square      TYB_BOTH
#define SCOPES_relu        TYB_BOTH | TYB_F
#define SCOPES_exp         TYB_BOTH
#define SCOPES_expm1       TYB_BOTH
#define SCOPES_log         TYB_BOTH
#define SCOPES_log1p       TYB_BOTH
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
#define SCOPES_erf         TYB_BOTH
#define SCOPES_floor       TYB_BOTH
#define SCOPES_ceil        TYB_BOTH
#define SCOPES_round       TYB_BOTH
#define SCOPES_trunc       TYB_BOTH
#define SCOPES_bitwise_not TYB_BOTH
#define SCOPES_logical_not TYB_BOTH

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

static void isnan_(tyb_call *c)
{
    RETURN(ty_isnan(T(0)));
}

static void isinf_(tyb_call *c)
{
    RETURN(ty_isinf(T(0)));
}

static void isfinite_(tyb_call *c)
{
    RETURN(ty_isfinite(T(0)));
}

#define TY_X(name)                                                                                                     \
    {#name, "(input: Tensor) -> Tensor", do_##name, SCOPES_##name, DOC_##name},                                        \
        {#name "_", "(input: Tensor) -> self", do_##name##_, TYB_METHOD, "x:" #name "(), written into x itself.", NULL},

const tyb_row tyb_rows_unary[] = {
    TY_UNARY_OPS(TY_X){"isnan", "(input: Tensor) -> Tensor", isnan_, TYB_BOTH, "Whether each element is NaN, as bool.",
                       "ty.tensor{0 / 0, 1}:isnan()"},
    {"isinf", "(input: Tensor) -> Tensor", isinf_, TYB_BOTH, "Whether each element is infinite, as bool.",
     "ty.tensor{1 / 0, 1}:isinf()"},
    {"isfinite", "(input: Tensor) -> Tensor", isfinite_, TYB_BOTH,
     "Whether each element is neither infinite nor NaN, as bool.", "ty.tensor{1 / 0, 1}:isfinite()"},
    {0},
};
