/*
 * Rows of the binding table: tensors from values, sizes and sequences.
 */
#include "args.h"

#define EMPTY_SIZES "(size: sizes..., *, " TYB_MAKE ") -> Tensor"
#define LIKE        "(input: Tensor, *, dtype: dtype?, device: device?, requires_grad: bool = false) -> Tensor"

/* x on the device when one was asked for; consumes x. */
static ty_tensor *moved(ty_tensor *x, const tyb_value *device)
{
    if (!x || !device->given)
        return x;
    ty_tensor *y = ty_to(x, TY_DTYPE_NONE, device->device, false);
    ty_release(x);
    return y;
}

/* A copy without history of the tensor, number or table at argument `data`. */
static ty_tensor *copied(tyb_call *c, int data, ty_dtype dtype, const ty_device *device)
{
    ty_tensor *given = tyb_to_tensor(c->L, VALUE(data));
    ty_tensor *from = given ? ty_detach(given) : tyb_from_value(c->L, VALUE(data), dtype, c->row->name);
    if (!from || (!given && !device))
        return from;
    ty_tensor *x = ty_to(from, dtype, device ? *device : ty_device_of(from), given != NULL);
    ty_release(from);
    return x;
}

static void tensor(tyb_call *c)
{
    RETURN(tyb_with_grad(copied(c, 0, DTYPE(1), GIVEN(2) ? &DEVICE(2) : NULL), BOOL(3)));
}

/* A tensor stays itself, history included, unless its dtype or device is to change. */
static void as_tensor(tyb_call *c)
{
    ty_tensor *given = tyb_to_tensor(c->L, VALUE(0));
    if (given)
        RETURN(ty_to(given, DTYPE(1), GIVEN(2) ? DEVICE(2) : ty_device_of(given), false));
    else
        RETURN(copied(c, 0, DTYPE(1), GIVEN(2) ? &DEVICE(2) : NULL));
}

static void scalar_tensor(tyb_call *c)
{
    ty_dtype dtype = GIVEN(1) ? DTYPE(1) : ty_get_default_dtype();
    RETURN(tyb_with_grad(ty_full(0, NULL, NUMBER(0), dtype, DEVICE(2)), BOOL(3)));
}

static void empty(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_empty(COUNT(0), INTS(0), DTYPE(1), DEVICE(2)), BOOL(3)));
}

static void zeros(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_zeros(COUNT(0), INTS(0), DTYPE(1), DEVICE(2)), BOOL(3)));
}

static void ones(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_ones(COUNT(0), INTS(0), DTYPE(1), DEVICE(2)), BOOL(3)));
}

static void full(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_full(COUNT(0), INTS(0), NUMBER(1), DTYPE(2), DEVICE(3)), BOOL(4)));
}

static void empty_like(tyb_call *c)
{
    RETURN(tyb_with_grad(moved(ty_empty_like(T(0), DTYPE(1)), &c->in[2]), BOOL(3)));
}

static void zeros_like(tyb_call *c)
{
    RETURN(tyb_with_grad(moved(ty_zeros_like(T(0), DTYPE(1)), &c->in[2]), BOOL(3)));
}

static void ones_like(tyb_call *c)
{
    RETURN(tyb_with_grad(moved(ty_ones_like(T(0), DTYPE(1)), &c->in[2]), BOOL(3)));
}

static void full_like(tyb_call *c)
{
    RETURN(tyb_with_grad(moved(ty_full_like(T(0), NUMBER(1), DTYPE(2)), &c->in[3]), BOOL(4)));
}

/* dtype and device of the new_ functions: the input's unless given. */
static ty_dtype new_dtype(tyb_call *c, int i)
{
    return GIVEN(i) ? DTYPE(i) : ty_dtype_of(T(0));
}

static ty_device new_device(tyb_call *c, int i)
{
    return GIVEN(i) ? DEVICE(i) : ty_device_of(T(0));
}

static void new_empty(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_empty(COUNT(1), INTS(1), new_dtype(c, 2), new_device(c, 3)), BOOL(4)));
}

static void new_zeros(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_zeros(COUNT(1), INTS(1), new_dtype(c, 2), new_device(c, 3)), BOOL(4)));
}

static void new_ones(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_ones(COUNT(1), INTS(1), new_dtype(c, 2), new_device(c, 3)), BOOL(4)));
}

static void new_full(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_full(COUNT(1), INTS(1), NUMBER(2), new_dtype(c, 3), new_device(c, 4)), BOOL(5)));
}

static void new_tensor(tyb_call *c)
{
    ty_device device = new_device(c, 3);
    RETURN(tyb_with_grad(copied(c, 1, new_dtype(c, 2), &device), BOOL(4)));
}

static void arange(tyb_call *c)
{
    if (c->form == 0)
        RETURN(tyb_with_grad(ty_arange(ty_int(0), NUMBER(0), ty_int(1), DTYPE(1), DEVICE(2)), BOOL(3)));
    else
        RETURN(tyb_with_grad(ty_arange(NUMBER(0), NUMBER(1), NUMBER(2), DTYPE(3), DEVICE(4)), BOOL(5)));
}

static void linspace(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_linspace(FLOAT(0), FLOAT(1), INT(2), DTYPE(3), DEVICE(4)), BOOL(5)));
}

static void eye(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_eye(INT(0), GIVEN(1) ? INT(1) : INT(0), DTYPE(2), DEVICE(3)), BOOL(4)));
}

const tyb_row tyb_rows_create[] = {
    {"tensor", "(data: any, *, " TYB_MAKE ") -> Tensor", tensor, TYB_TY,
     "A tensor that holds the values of a number, a boolean or a nested table; a tensor is copied. Without dtype, all "
     "integers give int64, any float the default dtype (float32), all booleans bool. A ragged table, a hole or an "
     "element "
     "that is no number is an error that names its place.",
     "ty.tensor{{1, 2}, {3, 4}}"},
    {"as_tensor", "(data: any, *, dtype: dtype?, device: device?) -> Tensor", as_tensor, TYB_TY,
     "As tensor, but a tensor is not copied: it is given back itself, or converted (gradients go through) when another "
     "dtype or device is asked for.",
     "ty.as_tensor{1, 2, 3}"},
    {"scalar_tensor", "(s: number, *, " TYB_MAKE ") -> Tensor", scalar_tensor, TYB_TY,
     "A tensor without dimensions that holds the number s. dtype: the default dtype, whatever s is.",
     "ty.scalar_tensor(3)"},
    {"empty", EMPTY_SIZES, empty, TYB_TY | TYB_OUT,
     "A tensor of this size whose values are whatever was in memory. dtype: the default dtype.",
     "ty.empty(2, 3).shape"},
    {"zeros", EMPTY_SIZES, zeros, TYB_TY | TYB_OUT, "A tensor of this size filled with 0. dtype: the default dtype.",
     "ty.zeros(2, 3)"},
    {"ones", EMPTY_SIZES, ones, TYB_TY | TYB_OUT, "A tensor of this size filled with 1. dtype: the default dtype.",
     "ty.ones(2, 3)"},
    {"full", "(size: sizes, fill_value: number, *, " TYB_MAKE ") -> Tensor", full, TYB_TY | TYB_OUT,
     "A tensor of this size filled with fill_value. dtype: as the value says (int64, the default dtype, or bool).",
     "ty.full({2, 3}, 7)"},
    {"empty_like", LIKE, empty_like, TYB_TY, "An uninitialised tensor of the size and dtype of input.",
     "ty.empty_like(ty.ones(2, 3)).shape"},
    {"zeros_like", LIKE, zeros_like, TYB_TY, "Zeros of the size and dtype of input.", "ty.zeros_like(ty.ones(2, 3))"},
    {"ones_like", LIKE, ones_like, TYB_TY, "Ones of the size and dtype of input.", "ty.ones_like(ty.zeros(2, 3))"},
    {"full_like", "(input: Tensor, fill_value: number, *, " TYB_MAKE ") -> Tensor", full_like, TYB_TY,
     "A tensor of the size and dtype of input filled with fill_value.", "ty.full_like(ty.ones(2, 3), 7)"},
    {"new_empty", "(input: Tensor, size: sizes..., *, " TYB_MAKE ") -> Tensor", new_empty, TYB_METHOD,
     "An uninitialised tensor of this size with the dtype and device of input.", "ty.ones(2):new_empty(3).shape"},
    {"new_zeros", "(input: Tensor, size: sizes..., *, " TYB_MAKE ") -> Tensor", new_zeros, TYB_METHOD,
     "Zeros of this size with the dtype and device of input.", "ty.tensor{1, 2}:new_zeros(3)"},
    {"new_ones", "(input: Tensor, size: sizes..., *, " TYB_MAKE ") -> Tensor", new_ones, TYB_METHOD,
     "Ones of this size with the dtype and device of input.", "ty.tensor{1, 2}:new_ones(3)"},
    {"new_full", "(input: Tensor, size: sizes, fill_value: number, *, " TYB_MAKE ") -> Tensor", new_full, TYB_METHOD,
     "A tensor of this size filled with fill_value, with the dtype and device of input.",
     "ty.tensor{1, 2}:new_full({3}, 7)"},
    {"new_tensor", "(input: Tensor, data: any, *, " TYB_MAKE ") -> Tensor", new_tensor, TYB_METHOD,
     "A copy of data (a number, a nested table, a tensor) with the dtype and device of input.",
     "ty.ones(2):new_tensor{1, 2, 3}"},
    {"arange",
     "(end: number, *, " TYB_MAKE ") -> Tensor\n"
     "(start: number, end: number, step: number = 1, *, " TYB_MAKE ") -> Tensor",
     arange, TYB_TY | TYB_OUT,
     "The numbers start, start + step, ... below end, as a vector; start is 0 when one number is given. Integers give "
     "int64, "
     "a float among the arguments the default dtype.",
     "ty.arange(1, 6)"},
    {"linspace", "(start: float, end: float, steps: int, *, " TYB_MAKE ") -> Tensor", linspace, TYB_TY | TYB_OUT,
     "A vector of `steps` numbers evenly spaced from start to end, both included.", "ty.linspace(0, 1, 5)"},
    {"eye", "(n: int, m: int?, *, " TYB_MAKE ") -> Tensor", eye, TYB_TY | TYB_OUT,
     "The n x m matrix with 1 on its diagonal and 0 elsewhere; m is n when it is not given.", "ty.eye(3)"},
    {0},
};
