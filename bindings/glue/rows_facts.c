/*
 * Rows of the binding table: what a tensor is (sizes, layout, values as Lua values), and copies in another dtype, on
 * another device or with another layout.
 */
#include "args.h"

static void numel(tyb_call *c)
{
    c->out[0].i = ty_numel(T(0));
}

static void dim(tyb_call *c)
{
    c->out[0].i = ty_ndim(T(0));
}

/* One entry of the sizes or strides, or all. */
static void entries(tyb_call *c, const int64_t *items)
{
    int ndim = ty_ndim(T(0));
    if (c->form == 0) {
        c->out[0].count = ndim;
        c->out[0].ints = (int64_t *)items;
        return;
    }
    int d = DIM(1) < 0 ? DIM(1) + ndim : DIM(1);
    if (d < 0 || d >= ndim)
        c->status = ty_fail(TY_ERROR_INDEX, "%s: dimension %d is out of range: the tensor has %d", c->row->name,
                            DIM(1) < 0 ? DIM(1) : DIM(1) + 1, ndim);
    else
        c->out[0].i = items[d];
}

static void size(tyb_call *c)
{
    entries(c, ty_sizes(T(0)));
}

static void stride(tyb_call *c)
{
    entries(c, ty_strides(T(0)));
}

static void storage_offset(tyb_call *c)
{
    c->out[0].i = ty_storage_offset(T(0));
}

static void is_contiguous(tyb_call *c)
{
    c->out[0].b = ty_is_contiguous(T(0));
}

static void is_floating_point(tyb_call *c)
{
    c->out[0].b = ty_dtype_is_floating(ty_dtype_of(T(0)));
}

static void element_size(tyb_call *c)
{
    c->out[0].i = (int64_t)ty_dtype_size(ty_dtype_of(T(0)));
}

static void is_signed(tyb_call *c)
{
    ty_dtype dtype = ty_dtype_of(T(0));
    c->out[0].b = dtype != TY_UINT8 && dtype != TY_BOOL;
}

static void is_same_size(tyb_call *c)
{
    int ndim = ty_ndim(T(0));
    bool same = ndim == ty_ndim(T(1));
    for (int d = 0; same && d < ndim; d++)
        same = ty_sizes(T(0))[d] == ty_sizes(T(1))[d];
    c->out[0].b = same;
}

static void item(tyb_call *c)
{
    c->status = ty_item(T(0), &c->out[0].number);
}

static void totable(tyb_call *c)
{
    tyb_push_table(c->L, c->state, T(0));
}

static void is_tensor(tyb_call *c)
{
    c->out[0].b = GIVEN(0) && tyb_to_tensor(c->L, VALUE(0));
}

static void clone(tyb_call *c)
{
    RETURN(ty_clone(T(0)));
}

static void contiguous(tyb_call *c)
{
    RETURN(ty_contiguous(T(0)));
}

/* x:to(...), which with non_blocking = true does not wait for a copy between pinned memory and a GPU. */
static void to(tyb_call *c)
{
    int after = c->form == 2 ? 3 : 2; /* non_blocking, copy */
    ty_dtype dtype = c->form == 0 ? ty_dtype_of(T(1)) : c->form == 1 ? DTYPE(1) : DTYPE(2);
    ty_device device = ty_device_of(c->form == 0 ? T(1) : T(0));
    if (c->form == 2 && GIVEN(1))
        device = DEVICE(1);
    RETURN((BOOL(after) ? ty_to_async : ty_to)(T(0), dtype, device, BOOL(after + 1)));
}

static void cpu(tyb_call *c)
{
    RETURN(ty_to(T(0), TY_DTYPE_NONE, TY_DEVICE_CPU, false));
}

static void cuda(tyb_call *c)
{
    ty_device device = {TY_CUDA, ty_cuda_current_device()};
    if (c->form == 0 && GIVEN(1))
        device = DEVICE(1);
    else if (c->form == 1)
        device.index = INT(1) < 0 || INT(1) > 255 ? 255 : (int)INT(1);
    if (device.type != TY_CUDA)
        c->status = ty_fail(TY_ERROR_VALUE, "cuda: the device must be a CUDA device, got cpu; use x:cpu()");
    else
        RETURN((BOOL(2) ? ty_to_async : ty_to)(T(0), TY_DTYPE_NONE, device, false));
}

static void pin_memory(tyb_call *c)
{
    RETURN(ty_pin_memory(T(0)));
}

static void is_pinned(tyb_call *c)
{
    c->out[0].b = ty_is_pinned(T(0));
}

static void type(tyb_call *c)
{
    if (c->form == 0)
        c->out[0].string = ty_dtype_name(ty_dtype_of(T(0)));
    else
        RETURN(ty_to_dtype(T(0), DTYPE(1)));
}

static void type_as(tyb_call *c)
{
    RETURN(ty_to(T(0), ty_dtype_of(T(1)), ty_device_of(T(1)), false));
}

/* x:float() and its like: one function for each. */
#define CONVERSIONS(X)                                                                                                 \
    X(float, TY_FLOAT32, "float32")                                                                                    \
    X(double, TY_FLOAT64, "float64")                                                                                   \
    X(half, TY_FLOAT16, "float16")                                                                                     \
    X(bfloat16, TY_BFLOAT16, "bfloat16")                                                                               \
    X(long, TY_INT64, "int64")                                                                                         \
    X(int, TY_INT32, "int32")                                                                                          \
    X(short, TY_INT16, "int16")                                                                                        \
    X(char, TY_INT8, "int8")                                                                                           \
    X(byte, TY_UINT8, "uint8")                                                                                         \
    X(bool, TY_BOOL, "bool")
#define DEFINE(name, dtype, text)                                                                                      \
    static void to_##name(tyb_call *c)                                                                                 \
    {                                                                                                                  \
        RETURN(ty_to_dtype(T(0), dtype));                                                                              \
    }
CONVERSIONS(DEFINE)
#define CONVERSION(name, dtype, text)                                                                                  \
    {#name,                                                                                                            \
     "(input: Tensor) -> Tensor",                                                                                      \
     to_##name,                                                                                                        \
     TYB_METHOD,                                                                                                       \
     "The elements as " text "; input itself when it is that already.",                                                \
     "ty.ones(2):" #name "().dtype"},

const tyb_row tyb_rows_facts[] = {
    {"numel", "(input: Tensor) -> int", numel, TYB_BOTH, "The number of elements.", "ty.zeros(2, 3):numel()"},
    {"nelement", "(input: Tensor) -> int", numel, TYB_METHOD, "Another name of numel.", "ty.zeros(2, 3):nelement()"},
    {"dim", "(input: Tensor) -> int", dim, TYB_METHOD, "The number of dimensions.", "ty.zeros(2, 3):dim()"},
    {"size", "(input: Tensor) -> sizes\n(input: Tensor, dim: dim) -> int", size, TYB_METHOD,
     "The sizes as a list, or the size of one dimension.", "ty.zeros(2, 3):size(2)"},
    {"stride", "(input: Tensor) -> sizes\n(input: Tensor, dim: dim) -> int", stride, TYB_METHOD,
     "The strides in elements as a list, or that of one dimension.", "ty.zeros(2, 3):stride()"},
    {"storage_offset", "(input: Tensor) -> int", storage_offset, TYB_METHOD,
     "Elements between the start of the storage and the first element (a count).",
     "ty.arange(4):narrow(1, 3, 2):storage_offset()"},
    {"is_contiguous", "(input: Tensor) -> bool", is_contiguous, TYB_METHOD,
     "Whether the elements lie in memory row by row without gaps.", "ty.zeros(2, 3):t():is_contiguous()"},
    {"is_floating_point", "(input: Tensor) -> bool", is_floating_point, TYB_BOTH, "Whether the dtype is floating.",
     "ty.zeros(2):is_floating_point()"},
    {"element_size", "(input: Tensor) -> int", element_size, TYB_METHOD, "The bytes of one element.",
     "ty.zeros(2):element_size()"},
    {"is_signed", "(input: Tensor) -> bool", is_signed, TYB_BOTH,
     "Whether the dtype has negative numbers: all but uint8 and bool.", "ty.zeros(2):is_signed()"},
    {"is_same_size", "(input: Tensor, other: Tensor) -> bool", is_same_size, TYB_BOTH,
     "Whether both have the same shape.", "ty.zeros(2, 3):is_same_size(ty.ones(2, 3))"},
    {"item", "(input: Tensor) -> number", item, TYB_METHOD,
     "The value of a tensor of one element as a Lua number (integer or float as the dtype) or boolean.",
     "ty.tensor(3.5):item()"},
    {"totable", "(input: Tensor) -> any", totable, TYB_METHOD,
     "The elements as nested tables of Lua numbers or booleans; a tensor without dimensions gives its value.",
     "ty.tensor{{1, 2}, {3, 4}}:totable()[2][1]"},
    {"tolist", "(input: Tensor) -> any", totable, TYB_METHOD, "Another name of totable.", "#ty.ones(3):tolist()"},
    {"is_tensor", "(obj: any?) -> bool", is_tensor, TYB_TY, "Whether a value is a tensor.", "ty.is_tensor(3)"},
    {"clone", "(input: Tensor) -> Tensor", clone, TYB_BOTH, "A copy with memory of its own; gradients go through it.",
     "ty.ones(2):clone()"},
    {"contiguous", "(input: Tensor) -> Tensor", contiguous, TYB_METHOD,
     "The elements row by row without gaps: input itself when it is so already, else a copy.",
     "ty.zeros(2, 3):t():contiguous():is_contiguous()"},
    {"to",
     "(input: Tensor, other: Tensor, *, non_blocking: bool = false, copy: bool = false) -> Tensor\n"
     "(input: Tensor, dtype: dtype, *, non_blocking: bool = false, copy: bool = false) -> Tensor\n"
     "(input: Tensor, device: device?, dtype: dtype?, *, non_blocking: bool = false, copy: bool = false) -> Tensor",
     to, TYB_METHOD,
     "The elements in another dtype, on another device, or in those of another tensor; input itself when nothing "
     "changes and copy is not asked for. non_blocking: the program goes on while a GPU reads pinned memory "
     "(pin_memory), or while what comes to the CPU is still on its way, which must be waited for "
     "(ty.cuda.synchronize) before it is read.",
     "ty.ones(2):to(\"int64\")"},
    {"cpu", "(input: Tensor) -> Tensor", cpu, TYB_METHOD, "The tensor in host memory; input itself when it is there.",
     "ty.ones(2):cpu()"},
    {"cuda",
     "(input: Tensor, device: device?, *, non_blocking: bool = false) -> Tensor\n"
     "(input: Tensor, device: int, *, non_blocking: bool = false) -> Tensor",
     cuda, TYB_METHOD,
     "The tensor on a GPU, the current one unless a device is given (or its number, as in \"cuda:0\"); input itself "
     "when it is there. An error where there is no GPU. non_blocking as of to().",
     "pcall(ty.ones(2).cuda, ty.ones(2))"},
    {"pin_memory", "(input: Tensor) -> Tensor", pin_memory, TYB_METHOD,
     "A copy in page-locked memory, which a GPU reads by itself: x:to(\"cuda\", {non_blocking = true}) does not wait "
     "for it. input itself when it is pinned. An error where there is no GPU.",
     "pcall(ty.ones(2).pin_memory, ty.ones(2))"},
    {"is_pinned", "(input: Tensor) -> bool", is_pinned, TYB_METHOD, "Whether the elements lie in page-locked memory.",
     "ty.ones(2):is_pinned()"},
    {"type", "(input: Tensor) -> string\n(input: Tensor, dtype: dtype) -> Tensor", type, TYB_METHOD,
     "The dtype's name; or the elements in another dtype.", "ty.ones(2):type()"},
    {"type_as", "(input: Tensor, other: Tensor) -> Tensor", type_as, TYB_METHOD, "The elements in the dtype of other.",
     "ty.ones(2):type_as(ty.tensor{1})"},
    CONVERSIONS(CONVERSION){0},
};
