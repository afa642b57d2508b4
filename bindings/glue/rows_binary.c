/*
 * Rows of the binding table: binary pointwise ops, each as a function, a method, and a method in place (name_); where,
 * clamp, filling, copying and comparing whole tensors. Operands broadcast and are promoted as in PyTorch; a number
 * takes part as a plain number does.
 */
#include <stdlib.h>

#include "args.h"

/* What each does, with an example. */
#define DOC_mul "Products, with broadcasting.", "ty.tensor{1, 2}:mul(3)"
#define DOC_div                                                                                                        \
    "True quotients; rounding_mode \"floor\" or \"trunc\" rounds them to whole numbers.", "ty.tensor{7, -7}:div(2)"
#define DOC_floor_divide "Quotients rounded down, as //.", "ty.tensor{7, -7}:floor_divide(2)"
#define DOC_remainder    "Remainders with the divisor's sign, as %.", "ty.tensor{7, -7}:remainder(3)"
#define DOC_fmod         "Remainders with the dividend's sign, as C's fmod.", "ty.tensor{7, -7}:fmod(3)"
#define DOC_pow          "input to the power of exponent.", "ty.tensor{1, 2, 3}:pow(2)"
#define DOC_maximum      "The larger of each pair; NaN where either is.", "ty.tensor{1, 5}:maximum(ty.tensor{3, 2})"
#define DOC_minimum      "The smaller of each pair; NaN where either is.", "ty.tensor{1, 5}:minimum(ty.tensor{3, 2})"
#define DOC_atan2        "The angle of the point (other, input), in radians.", "ty.tensor{1.0}:atan2(ty.tensor{-1.0})"
#define DOC_bitwise_and  "Bitwise and, as &; of masks, where both are true.", "ty.tensor{6, 3}:bitwise_and(2)"
#define DOC_bitwise_or   "Bitwise or, as |; of masks, where either is true.", "ty.tensor{6, 3}:bitwise_or(1)"
#define DOC_bitwise_xor  "Bitwise exclusive or, as ~.", "ty.tensor{6, 3}:bitwise_xor(1)"
#define DOC_logical_and  "Whether both are not 0, as bool.", "ty.tensor{0, 2}:logical_and(ty.tensor{1, 1})"
#define DOC_logical_or   "Whether either is not 0, as bool.", "ty.tensor{0, 2}:logical_or(ty.tensor{0, 1})"
#define DOC_logical_xor  "Whether exactly one is not 0, as bool.", "ty.tensor{0, 2}:logical_xor(ty.tensor{1, 1})"
#define DOC_eq           "Whether the elements are equal, as bool.", "ty.tensor{1, 2}:eq(2)"
#define DOC_ne           "Whether the elements differ, as bool.", "ty.tensor{1, 2}:ne(2)"
#define DOC_lt           "Whether input is less than other, as bool.", "ty.tensor{1, 2}:lt(2)"
#define DOC_le           "Whether input is at most other, as bool.", "ty.tensor{1, 2}:le(1)"
#define DOC_gt           "Whether input is greater than other, as bool.", "ty.tensor{1, 2}:gt(1)"
#define DOC_ge           "Whether input is at least other, as bool.", "ty.tensor{1, 2}:ge(2)"

#define DOC_gcd                 "The greatest common divisors of integers.", "ty.tensor{12, 18}:gcd(ty.tensor{8, 27})"
#define DOC_lcm                 "The least common multiples of integers.", "ty.tensor{4, 6}:lcm(6)"
#define DOC_bitwise_left_shift  "Integers times 2^other, as <<.", "ty.tensor{1, 2}:bitwise_left_shift(3)"
#define DOC_bitwise_right_shift "Integers over 2^other, rounded down, as >>.", "ty.tensor{9, -9}:bitwise_right_shift(1)"
#define DOC_fmax                                                                                                       \
    "The larger of each pair; the other one where one is NaN.", "ty.tensor{0 / 0, 5}:fmax(ty.tensor{3.0, 2})"
#define DOC_fmin                                                                                                       \
    "The smaller of each pair; the other one where one is NaN.", "ty.tensor{0 / 0, 5}:fmin(ty.tensor{3.0, 2})"
#define DOC_heaviside                                                                                                  \
    "0 where input is negative, 1 where it is positive, else values.", "ty.tensor{-1.0, 0, "                           \
                                                                       "2}:heaviside(ty.tensor(0.5))"
#define DOC_copysign  "The size of input with the sign of other.", "ty.tensor{1.0, -2}:copysign(-1)"
#define DOC_hypot     "sqrt(input^2 + other^2).", "ty.tensor{3.0}:hypot(ty.tensor{4.0})"
#define DOC_nextafter "The next number after input towards other.", "ty.tensor{1.0}:nextafter(ty.tensor{2.0})"
#define DOC_xlogy     "input log(other), 0 where input is 0.", "ty.tensor{0.0, 2.0}:xlogy(ty.tensor{0.0, 3.0})"
#define DOC_igamma                                                                                                     \
    "The lower incomplete gamma function of input and other, regularised; a gradient for other alone.",                \
        "ty.tensor{2.0}:igamma(ty.tensor{1.0})"
#define DOC_igammac "The upper incomplete gamma function, 1 - igamma.", "ty.tensor{2.0}:igammac(ty.tensor{1.0})"

#define TY_X(name)                                                                                                     \
    static void do_##name(tyb_call *c)                                                                                 \
    {                                                                                                                  \
        RETURN(ty_##name(T(0), T(1)));                                                                                 \
    }                                                                                                                  \
    static inline void do_##name##_(tyb_call *c)                                                                       \
    {                                                                                                                  \
        RETURN(ty_##name##_(T(0), T(1)));                                                                              \
    }
TY_BINARY_OPS(TY_X)
#undef TY_X

/* Quotients rounded towards 0. */
static ty_tensor *div_trunc(ty_tensor *a, ty_tensor *b)
{
    bool whole = !ty_dtype_is_floating(ty_dtype_of(a)) && !ty_dtype_is_floating(ty_dtype_of(b));
    ty_tensor *rest = whole ? ty_fmod(a, b) : NULL;
    ty_tensor *even = whole ? ty_sub(a, rest, ty_int(1)) : ty_div(a, b);
    ty_tensor *result = whole ? ty_floor_divide(even, b) : ty_trunc(even);
    ty_release(rest);
    ty_release(even);
    return result;
}

static void div_mode(tyb_call *c)
{
    if (!GIVEN(2))
        do_div(c);
    else
        RETURN(CHOICE(2) == 0 ? ty_floor_divide(T(0), T(1)) : div_trunc(T(0), T(1)));
}

static void div_truncated(tyb_call *c)
{
    RETURN(div_trunc(T(0), T(1)));
}

static void div_mode_(tyb_call *c)
{
    if (!GIVEN(2))
        do_div_(c);
    else if (CHOICE(2) == 0)
        RETURN(ty_floor_divide_(T(0), T(1)));
    else
        tyb_in_place(c, div_truncated);
}

static void rsub(tyb_call *c)
{
    RETURN(ty_sub(T(1), T(0), NUMBER(2)));
}

static void clamp_min(tyb_call *c)
{
    RETURN(ty_clamp(T(0), T(1), NULL));
}

static void clamp_min_(tyb_call *c)
{
    RETURN(ty_clamp_(T(0), T(1), NULL));
}

static void clamp_max(tyb_call *c)
{
    RETURN(ty_clamp(T(0), NULL, T(1)));
}

static void clamp_max_(tyb_call *c)
{
    RETURN(ty_clamp_(T(0), NULL, T(1)));
}

static void add(tyb_call *c)
{
    RETURN(ty_add(T(0), T(1), NUMBER(2)));
}

static void add_(tyb_call *c)
{
    RETURN(ty_add_(T(0), T(1), NUMBER(2)));
}

static void sub(tyb_call *c)
{
    RETURN(ty_sub(T(0), T(1), NUMBER(2)));
}

static void sub_(tyb_call *c)
{
    RETURN(ty_sub_(T(0), T(1), NUMBER(2)));
}

/* The columns of the positions, each a vector; of a number, as of a vector of one. */
static void places(tyb_call *c, ty_tensor *x)
{
    ty_tensor *raised = ty_ndim(x) ? ty_retain(x) : ty_unsqueeze(x, 0), *rows = raised ? ty_nonzero(raised) : NULL;
    int n = rows ? (int)ty_sizes(rows)[1] : 0;
    ty_tensor **columns = rows ? calloc((size_t)n + 1, sizeof *columns) : NULL;
    c->status = columns ? TY_OK : TY_FAIL;
    if (rows && !columns)
        ty_fail(TY_ERROR_MEMORY, "where: out of memory");
    for (int i = 0; i < n && c->status == TY_OK; i++) {
        ty_tensor *column = ty_select(rows, 1, i);
        columns[i] = column ? ty_clone(column) : NULL;
        ty_release(column);
        if (!columns[i])
            c->status = TY_FAIL;
    }
    c->out[0].tensors = columns;
    c->out[0].count = n;
    ty_release(raised);
    ty_release(rows);
}

static void where(tyb_call *c)
{
    if (c->form == 0)
        RETURN(ty_where(T(0), T(1), T(2)));
    else
        places(c, T(0));
}

static void where_method(tyb_call *c)
{
    RETURN(ty_where(T(1), T(0), T(2)));
}

static void clamp(tyb_call *c)
{
    RETURN(ty_clamp(T(0), T(1), T(2)));
}

static void clamp_(tyb_call *c)
{
    RETURN(ty_clamp_(T(0), T(1), T(2)));
}

static void fill_(tyb_call *c)
{
    RETURN(ty_fill_(T(0), NUMBER(1)));
}

static void zero_(tyb_call *c)
{
    RETURN(ty_zero_(T(0)));
}

static void copy_(tyb_call *c)
{
    RETURN(ty_copy_(T(0), T(1)));
}

static void equal(tyb_call *c)
{
    c->status = ty_equal(T(0), T(1), &c->out[0].b);
}

static void allclose(tyb_call *c)
{
    c->status = ty_allclose(T(0), T(1), FLOAT(2), FLOAT(3), BOOL(4), &c->out[0].b);
}

#define BINARY(name)                                                                                                   \
    {#name, "(input: Tensor, other: Tensor|number) -> Tensor", do_##name, TYB_BOTH | TYB_OUT, DOC_##name},             \
        IN_PLACE(name, "othe"                                                                                          \
                       "r")
#define IN_PLACE(name, second)                                                                                         \
    {                                                                                                                  \
#name "_", "(input: Tensor, " second ": Tensor|number) -> self", do_##name##_, TYB_METHOD,                     \
            "x:" #name "(" second ") in place.", NULL                                                                  \
    }
#define PAIR     "(input: Tensor, other: Tensor|number) -> "
#define SCALED   "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> "
#define QUOTIENT "(input: Tensor, other: Tensor|number, *, rounding_mode: \"floor\"|\"trunc\"?) -> "
#define ALIAS(alias, name)                                                                                             \
    {#alias,                                                                                                           \
     PAIR "Tensor",                                                                                                    \
     do_##name,                                                                                                        \
     TYB_BOTH | TYB_OUT,                                                                                               \
     "Another name of " #name ".",                                                                                     \
     "ty.tensor{1, 2}:" #alias "(2)"},                                                                                 \
    {                                                                                                                  \
#alias "_", PAIR "self", do_##name##_, TYB_METHOD, "x:" #name "(other) in place.", NULL                        \
    }
#define CLAMP "(input: Tensor, min: Tensor|number?, max: Tensor|number?) -> "

const tyb_row tyb_rows_binary[] = {
    {"add", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> Tensor", add, TYB_BOTH | TYB_OUT,
     "input + alpha * other, with broadcasting.", "ty.tensor{1, 2}:add(ty.tensor{10, 20}, {alpha = 2})"},
    {"add_", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> self", add_, TYB_METHOD,
     "x:add(other) in place.", "ty.zeros(2):add_(1)"},
    {"sub", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> Tensor", sub, TYB_BOTH | TYB_OUT,
     "input - alpha * other, with broadcasting.", "ty.tensor{1, 2}:sub(1)"},
    {"sub_", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> self", sub_, TYB_METHOD,
     "x:sub(other) in place.", NULL},
    {"div", "(input: Tensor, other: Tensor|number, *, rounding_mode: \"floor\"|\"trunc\"?) -> Tensor", div_mode,
     TYB_BOTH | TYB_OUT, DOC_div},
    {"div_", QUOTIENT "self", div_mode_, TYB_METHOD, "x:div(other) in place.", NULL},
    ALIAS(true_divide, div),
    {"divide", QUOTIENT "Tensor", div_mode, TYB_BOTH | TYB_OUT, "Another name of div.", "ty.tensor{7, -7}:divide(2)"},
    {"divide_", QUOTIENT "self", div_mode_, TYB_METHOD, "x:div(other) in place.", NULL},
    {"multiply", PAIR "Tensor", do_mul, TYB_BOTH | TYB_OUT, "Another name of mul.", "ty.tensor{1, 2}:multiply(3)"},
    {"multiply_", PAIR "self", do_mul_, TYB_METHOD, "x:mul(other) in place.", NULL},
    {"subtract", SCALED "Tensor", sub, TYB_BOTH | TYB_OUT, "Another name of sub.", "ty.tensor{1, 2}:subtract(1)"},
    {"subtract_", SCALED "self", sub_, TYB_METHOD, "x:sub(other) in place.", NULL},
    {"rsub", SCALED "Tensor", rsub, TYB_TY, "other - alpha * input, sub the other way round.",
     "ty.rsub(ty.tensor{1, 2}, 10)"},
    ALIAS(greater, gt),
    ALIAS(greater_equal, ge),
    ALIAS(less, lt),
    ALIAS(less_equal, le),
    ALIAS(not_equal, ne),
    ALIAS(arctan2, atan2),
    BINARY(gcd),
    BINARY(lcm),
    BINARY(bitwise_left_shift),
    BINARY(bitwise_right_shift),
    BINARY(copysign),
    BINARY(hypot),
    BINARY(nextafter),
    BINARY(igamma),
    BINARY(igammac),
    {"gammainc", PAIR "Tensor", do_igamma, TYB_SPECIAL, "As ty.igamma.",
     "ty.special.gammainc(ty.tensor{2.0}, ty.tensor{1.0})"},
    {"gammaincc", PAIR "Tensor", do_igammac, TYB_SPECIAL, "As ty.igammac.",
     "ty.special.gammaincc(ty.tensor{2.0}, ty.tensor{1.0})"},
    {"fmax", PAIR "Tensor", do_fmax, TYB_BOTH | TYB_OUT, DOC_fmax},
    {"fmin", PAIR "Tensor", do_fmin, TYB_BOTH | TYB_OUT, DOC_fmin},
    {"heaviside", "(input: Tensor, values: Tensor|number) -> Tensor", do_heaviside, TYB_BOTH | TYB_OUT, DOC_heaviside},
    {"heaviside_", "(input: Tensor, values: Tensor|number) -> self", do_heaviside_, TYB_METHOD,
     "x:heaviside(values) in place.", NULL},
    {"xlogy", "(input: Tensor|number, other: Tensor|number) -> Tensor", do_xlogy, TYB_BOTH | TYB_SPECIAL | TYB_OUT,
     DOC_xlogy},
    {"xlogy_", PAIR "self", do_xlogy_, TYB_METHOD, "x:xlogy(other) in place.", NULL},
    {"xlog1py", "(input: Tensor|number, other: Tensor|number) -> Tensor", do_xlog1py, TYB_SPECIAL,
     "input log(1 + other), 0 where input is 0.", "ty.special.xlog1py(ty.tensor{0.0, 2.0}, ty.tensor{-1.0, 3.0})"},
    {"zeta", "(input: Tensor|number, other: Tensor|number) -> Tensor", do_zeta, TYB_SPECIAL,
     "The Hurwitz zeta function, the sum of (other + k)^-input over k from 0; a gradient for other alone.",
     "ty.special.zeta(ty.tensor{2.0}, ty.tensor{1.0})"},
    {"clamp_min", "(input: Tensor, min: Tensor|number) -> Tensor", clamp_min, TYB_BOTH, "Each element, at least min.",
     "ty.tensor{-1, 5}:clamp_min(0)"},
    {"clamp_min_", "(input: Tensor, min: Tensor|number) -> self", clamp_min_, TYB_METHOD, "x:clamp_min(min) in place.",
     NULL},
    {"clamp_max", "(input: Tensor, max: Tensor|number) -> Tensor", clamp_max, TYB_BOTH, "Each element, at most max.",
     "ty.tensor{-1, 5}:clamp_max(3)"},
    {"clamp_max_", "(input: Tensor, max: Tensor|number) -> self", clamp_max_, TYB_METHOD, "x:clamp_max(max) in place.",
     NULL},
    {"clip_", CLAMP "self", clamp_, TYB_METHOD, "x:clamp(min, max) in place.", NULL},
    {"pow", "(input: Tensor|number, exponent: Tensor|number) -> Tensor", do_pow, TYB_BOTH | TYB_OUT, DOC_pow},
    IN_PLACE(pow, "exponent"),
    BINARY(mul),
    BINARY(floor_divide),
    BINARY(remainder),
    BINARY(fmod),
    BINARY(maximum),
    BINARY(minimum),
    BINARY(atan2),
    BINARY(bitwise_and),
    BINARY(bitwise_or),
    BINARY(bitwise_xor),
    BINARY(logical_and),
    BINARY(logical_or),
    BINARY(logical_xor),
    BINARY(eq),
    BINARY(ne),
    BINARY(lt),
    BINARY(le),
    BINARY(gt),
    BINARY(ge),
    {"where",
     "(condition: Tensor, input: Tensor|number, other: Tensor|number) -> Tensor\n(condition: Tensor) -> IndexList",
     where, TYB_TY | TYB_OUT,
     "input where condition (bool) is true, other elsewhere. With one argument: the positions where it is true, one "
     "vector "
     "for each dimension.",
     "ty.where(ty.tensor{true, false}, 1, 2)"},
    {"where", "(input: Tensor, condition: Tensor, other: Tensor|number) -> Tensor", where_method, TYB_METHOD,
     "input where condition (bool) is true, other elsewhere.", "ty.tensor{1, 2}:where(ty.tensor{true, false}, 0)"},
    {"clamp", CLAMP "Tensor", clamp, TYB_BOTH | TYB_OUT,
     "Each element held between min and max; either may be left out.", "ty.tensor{-1, 5}:clamp(0, 3)"},
    {"clamp_", CLAMP "self", clamp_, TYB_METHOD, "x:clamp(min, max) in place.", NULL},
    {"clip", CLAMP "Tensor", clamp, TYB_BOTH | TYB_OUT, "Another name of clamp.", "ty.tensor{-1, 5}:clip{max = 3}"},
    {"fill_", "(input: Tensor, value: number) -> self", fill_, TYB_METHOD, "Sets every element to value.",
     "ty.zeros(2):fill_(7)"},
    {"zero_", "(input: Tensor) -> self", zero_, TYB_METHOD, "Sets every element to 0.", "ty.ones(2):zero_()"},
    {"copy_", "(input: Tensor, src: Tensor) -> self", copy_, TYB_METHOD,
     "Copies the elements of src into input, with broadcasting and conversion of the dtype.",
     "ty.zeros(2):copy_(ty.tensor{1, 2})"},
    {"equal", "(input: Tensor, other: Tensor) -> bool", equal, TYB_BOTH, "Whether shape and all elements are the same.",
     "ty.tensor{1, 2}:equal(ty.tensor{1, 2})"},
    {"allclose",
     "(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = false) -> bool",
     allclose, TYB_BOTH, "Whether |input - other| <= atol + rtol * |other| holds for all elements.",
     "ty.tensor{1.0}:allclose(ty.tensor{1.0 + 1e-7})"},
    {0},
};
