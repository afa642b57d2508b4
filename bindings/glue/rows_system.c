/*
 * Rows of the binding table: settings of the process and the thread: threads, default dtype, printing.
 */
#include <limits.h>

#include "args.h"

static void get_num_threads(tyb_call *c)
{
    c->out[0].i = ty_get_num_threads();
}

static void set_num_threads(tyb_call *c)
{
    if (INT(0) < 1 || INT(0) > INT_MAX)
        c->status = ty_fail(TY_ERROR_VALUE, "set_num_threads: the number of threads must be positive, got %lld",
                            (long long)INT(0));
    else
        c->status = ty_set_num_threads((int)INT(0));
}

static void get_default_dtype(tyb_call *c)
{
    c->out[0].dtype = ty_get_default_dtype();
}

static void set_default_dtype(tyb_call *c)
{
    c->status = ty_set_default_dtype(DTYPE(0));
}

static void promote_types(tyb_call *c)
{
    c->out[0].dtype = ty_promote_types(DTYPE(0), DTYPE(1));
}

static void can_cast(tyb_call *c)
{
    c->out[0].b = ty_can_cast(DTYPE(0), DTYPE(1));
}

static void result_type(tyb_call *c)
{
    c->out[0].dtype = ty_result_type(T(0), T(1));
}

/* Sets *to where argument i was given; a negative or huge one is refused. */
static void set_count(tyb_call *c, int i, int *to)
{
    if (!GIVEN(i))
        return;
    if (INT(i) < 0 || INT(i) > INT_MAX)
        c->status = ty_fail(TY_ERROR_VALUE, "set_printoptions: %lld is out of range", (long long)INT(i));
    else
        *to = (int)INT(i);
}

/* Likewise, but a float may be given, math.huge above all: nothing is left out. */
static void set_threshold(tyb_call *c, int i, int *to)
{
    if (!GIVEN(i))
        return;
    double threshold = NUMBER(i).kind == TY_SCALAR_FLOAT ? NUMBER(i).f : (double)NUMBER(i).i;
    if (!(threshold >= 0))
        c->status = ty_fail(TY_ERROR_VALUE, "set_printoptions: a threshold of %g is out of range", threshold);
    else
        *to = threshold < INT_MAX ? (int)threshold : INT_MAX;
}

static void set_printoptions(tyb_call *c)
{
    ty_print_options options = c->state->print;
    if (GIVEN(4)) {
        options = ty_print_defaults;
        if (CHOICE(4) == 1) {
            options.precision = 2;
            options.edge_items = 2;
        } else if (CHOICE(4) == 2) {
            options.threshold = INT_MAX;
        }
    }
    set_count(c, 0, &options.precision);
    set_threshold(c, 1, &options.threshold);
    set_count(c, 2, &options.edge_items);
    set_count(c, 3, &options.line_width);
    options.sci_mode = GIVEN(5) ? BOOL(5) : -1; /* as PyTorch: each call decides it anew */
    if (c->status == TY_OK)
        c->state->print = options;
}

const tyb_row tyb_rows_system[] = {
    {"get_num_threads", "() -> int", get_num_threads, TYB_TY, "The number of threads that ops use.",
     "ty.get_num_threads()"},
    {"set_num_threads", "(int: int) -> none", set_num_threads, TYB_TY,
     "Sets the number of threads that ops use; results do not depend on it.",
     "ty.set_num_threads(ty.get_num_threads())"},
    {"get_default_dtype", "() -> dtype", get_default_dtype, TYB_TY,
     "The floating dtype of new tensors, float32 at first.", "ty.get_default_dtype()"},
    {"set_default_dtype", "(d: dtype) -> none", set_default_dtype, TYB_TY, "Sets the floating dtype of new tensors.",
     "ty.set_default_dtype(ty.float32)"},
    {"promote_types", "(type1: dtype, type2: dtype) -> dtype", promote_types, TYB_TY,
     "The smallest dtype that an op on these two gives.", "ty.promote_types(ty.int64, ty.float32)"},
    {"can_cast", "(from: dtype, to: dtype) -> bool", can_cast, TYB_TY,
     "Whether an op may write values of dtype from into a tensor of dtype to: not floats into integers, and nothing "
     "but "
     "bools into bools.",
     "ty.can_cast(ty.float32, ty.int64)"},
    {"result_type", "(tensor1: Tensor|number, tensor2: Tensor|number) -> dtype", result_type, TYB_TY,
     "The dtype that an op on these two gives. Plain numbers, and tensors without dimensions beside others, count only "
     "where their kind (bool, integer, floating) is a higher one.",
     "ty.result_type(ty.ones(2, {dtype = ty.float16}), 2.5)"},
    {"set_printoptions",
     "(precision: int?, threshold: number?, edgeitems: int?, linewidth: int?, "
     "profile: \"default\"|\"short\"|\"full\"?, sci_mode: bool?) -> none",
     set_printoptions, TYB_TY,
     "How tensors print: digits after the point (4), elements beyond which the middle is left out (1000; math.huge: "
     "never), elements shown at each end (3), columns (80), and whether in scientific notation, which without a word "
     "the values decide. A profile sets the others first: \"default\", \"short\" (2 digits, 2 elements at each end), "
     "\"full\" (nothing left out).",
     "ty.set_printoptions{profile = \"default\"}"},
    {0},
};
