/*
 * Rows of the binding table: binary pointwise ops, each as a function, a method, and a method in place (name_); where,
 * clamp, filling, copying and comparing whole tensors. Operands broadcast and are promoted as in PyTorch; a number
 * takes part as a plain number does.
 */
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

#define TY_X(name)                                                                                                     \
    static void do_##name(tyb_call *c)                                                                                 \
    {                                                                                                                  \
        RETURN(ty_##name(T(0), T(1)));                                                                                 \
    }                                                                                                                  \
    static void do_##name##_(tyb_call *c)                                                                              \
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

static void where(tyb_call *c)
{
    RETURN(ty_where(T(0), T(1), T(2)));
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
    c->out[0].b = ty_equal(T(0), T(1));
}

static void allclose(tyb_call *c)
{
    c->status = ty_allclose(T(0), T(1), FLOAT(2), FLOAT(3), BOOL(4), &c->out[0].b);
}

#define BINARY(name)                                                                                                   \
    {#name, "(input: Tensor, other: Tensor|number) -> Tensor", do_##name, TYB_BOTH, DOC_##name}, IN_PLACE(name, "othe" \
                                                                                                                "r")
#define IN_PLACE(name, second)                                                                                         \
    {                                                                                                                  \
#name "_", "(input: Tensor, " second ": Tensor|number) -> self", do_##name##_, TYB_METHOD,                     \
            "x:" #name "(" second ") in place.", NULL                                                                  \
    }
#define CLAMP "(input: Tensor, min: Tensor|number?, max: Tensor|number?) -> "

const tyb_row tyb_rows_binary[] = {
    {"add", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> Tensor", add, TYB_BOTH,
     "input + alpha * other, with broadcasting.", "ty.tensor{1, 2}:add(ty.tensor{10, 20}, {alpha = 2})"},
    {"add_", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> self", add_, TYB_METHOD,
     "x:add(other) in place.", "ty.zeros(2):add_(1)"},
    {"sub", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> Tensor", sub, TYB_BOTH,
     "input - alpha * other, with broadcasting.", "ty.tensor{1, 2}:sub(1)"},
    {"sub_", "(input: Tensor, other: Tensor|number, *, alpha: number = 1) -> self", sub_, TYB_METHOD,
     "x:sub(other) in place.", NULL},
    {"div", "(input: Tensor, other: Tensor|number, *, rounding_mode: \"floor\"|\"trunc\"?) -> Tensor", div_mode,
     TYB_BOTH, DOC_div},
    IN_PLACE(div, "other"),
    {"pow", "(input: Tensor|number, exponent: Tensor|number) -> Tensor", do_pow, TYB_BOTH, DOC_pow},
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
    {"where", "(condition: Tensor, input: Tensor|number, other: Tensor|number) -> Tensor", where, TYB_TY,
     "input where condition (bool) is true, other elsewhere.", "ty.where(ty.tensor{true, false}, 1, 2)"},
    {"where", "(input: Tensor, condition: Tensor, other: Tensor|number) -> Tensor", where_method, TYB_METHOD,
     "input where condition (bool) is true, other elsewhere.", "ty.tensor{1, 2}:where(ty.tensor{true, false}, 0)"},
    {"clamp", CLAMP "Tensor", clamp, TYB_BOTH, "Each element held between min and max; either may be left out.",
     "ty.tensor{-1, 5}:clamp(0, 3)"},
    {"clamp_", CLAMP "self", clamp_, TYB_METHOD, "x:clamp(min, max) in place.", NULL},
    {"clip", CLAMP "Tensor", clamp, TYB_BOTH, "Another name of clamp.", "ty.tensor{-1, 5}:clip{max = 3}"},
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
