/*
 * Rows of the binding table: putting elements in other places, and sums of products of several tensors.
 */
#include "args.h"

static void tril(tyb_call *c)
{
    RETURN(ty_tril(T(0), INT(1)));
}

static void triu(tyb_call *c)
{
    RETURN(ty_triu(T(0), INT(1)));
}

static void flip(tyb_call *c)
{
    RETURN(ty_flip(T(0), COUNT(1), INTS(1)));
}

static void roll(tyb_call *c)
{
    RETURN(ty_roll(T(0), COUNT(1), INTS(1), COUNT(2), INTS(2)));
}

static void tile(tyb_call *c)
{
    RETURN(ty_tile(T(0), COUNT(1), INTS(1)));
}

static void repeat_interleave(tyb_call *c)
{
    int dim = DIM(2);
    RETURN(ty_repeat_interleave(T(0), T(1), GIVEN(2) ? &dim : NULL));
}

static void swap(tyb_call *c)
{
    RETURN(ty_transpose(T(0), DIM(1), DIM(2)));
}

static void movedim(tyb_call *c)
{
    RETURN(ty_movedim(T(0), COUNT(1), INTS(1), COUNT(2), INTS(2)));
}

static void unfold(tyb_call *c)
{
    RETURN(ty_unfold(T(0), DIM(1), INT(2), INT(3)));
}

static void meshgrid(tyb_call *c)
{
    c->status = ty_meshgrid(TENSORS(0), COUNT(0), CHOICE(1) == 1, &c->out[0].tensors);
    c->out[0].count = c->status == TY_OK ? COUNT(0) : 0;
}

static void take(tyb_call *c)
{
    RETURN(ty_take(T(0), T(1)));
}

static void diag(tyb_call *c)
{
    RETURN(ty_diag(T(0), INT(1)));
}

static void trace(tyb_call *c)
{
    RETURN(ty_trace(T(0)));
}

static void lerp(tyb_call *c)
{
    RETURN(ty_lerp(T(0), T(1), T(2)));
}

static void lerp_(tyb_call *c)
{
    RETURN(ty_lerp_(T(0), T(1), T(2)));
}

static void addcmul(tyb_call *c)
{
    RETURN(ty_addcmul(T(0), T(1), T(2), NUMBER(3)));
}

static void addcmul_(tyb_call *c)
{
    RETURN(ty_addcmul_(T(0), T(1), T(2), NUMBER(3)));
}

static void addcdiv(tyb_call *c)
{
    RETURN(ty_addcdiv(T(0), T(1), T(2), NUMBER(3)));
}

static void addcdiv_(tyb_call *c)
{
    RETURN(ty_addcdiv_(T(0), T(1), T(2), NUMBER(3)));
}

static void baddbmm(tyb_call *c)
{
    RETURN(ty_baddbmm(T(0), T(1), T(2), NUMBER(3), NUMBER(4)));
}

static void einsum(tyb_call *c)
{
    RETURN(ty_einsum(STRING(0), COUNT(1), TENSORS(1)));
}

static void isclose(tyb_call *c)
{
    RETURN(ty_isclose(T(0), T(1), FLOAT(2), FLOAT(3), BOOL(4)));
}

static void logaddexp(tyb_call *c)
{
    RETURN(ty_logaddexp(T(0), T(1)));
}

static void logspace(tyb_call *c)
{
    RETURN(tyb_with_grad(ty_logspace(FLOAT(0), FLOAT(1), INT(2), FLOAT(3), DTYPE(4), DEVICE(5)), BOOL(6)));
}

#define SWAP   "(input: Tensor, dim0: dim, dim1: dim) -> Tensor"
#define MOVE   "(input: Tensor, source: dims, destination: dims) -> Tensor"
#define THREE  "(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: number = 1) -> "
#define WEIGHT "(input: Tensor, end: Tensor, weight: Tensor|number) -> "

const tyb_row tyb_rows_arrange[] = {
    {"tril", "(input: Tensor, diagonal: int = 0) -> Tensor", tril, TYB_BOTH | TYB_OUT,
     "Matrices {..., n, m} with zeros above a diagonal: the main one, or the one `diagonal` places to the right of it.",
     "ty.ones(3, 3):tril()"},
    {"triu", "(input: Tensor, diagonal: int = 0) -> Tensor", triu, TYB_BOTH | TYB_OUT,
     "Matrices {..., n, m} with zeros below a diagonal: the main one, or the one `diagonal` places to the right of it.",
     "ty.ones(3, 3):triu(1)"},
    {"flip", "(input: Tensor, dims: dims...) -> Tensor", flip, TYB_BOTH,
     "A copy with the order of the elements reversed along these dimensions.", "ty.tensor{{1, 2}, {3, 4}}:flip(2)"},
    {"roll", "(input: Tensor, shifts: sizes, dims: dims?) -> Tensor", roll, TYB_BOTH,
     "The elements moved by shifts (one for each of dims), those that leave at one end entering at the other; without "
     "dims, of the flattened tensor.",
     "ty.tensor{1, 2, 3}:roll(1)"},
    {"tile", "(input: Tensor, dims: sizes...) -> Tensor", tile, TYB_BOTH,
     "The tensor repeated so often along each dimension, as PyTorch's tile and repeat do (`repeat` is a word of Lua). "
     "Counts left out at the front are 1; more counts than dimensions add dimensions at the front.",
     "ty.tensor{1, 2}:tile(2, 3)"},
    {"repeat_interleave", "(input: Tensor, repeats: Tensor|number, dim: dim?) -> Tensor", repeat_interleave, TYB_BOTH,
     "Each element along dim (or of the flattened tensor) repeated: all of them `repeats` times, or each as often as a "
     "vector says.",
     "ty.tensor{1, 2}:repeat_interleave(2)"},
    {"swapaxes", SWAP, swap, TYB_BOTH, "transpose under NumPy's name.", "ty.zeros(2, 3):swapaxes(1, 2).shape"},
    {"swapdims", SWAP, swap, TYB_BOTH, "transpose under another name.", "ty.zeros(2, 3):swapdims(1, 2).shape"},
    {"movedim", MOVE, movedim, TYB_BOTH,
     "A view in which the dimensions source stand at the places destination; the others keep their order.",
     "ty.zeros(2, 3, 4):movedim(1, 3).shape"},
    {"moveaxis", MOVE, movedim, TYB_BOTH, "movedim under NumPy's name.", "ty.zeros(2, 3, 4):moveaxis(1, 3).shape"},
    {"unfold", "(input: Tensor, dimension: dim, size: int, step: int) -> Tensor", unfold, TYB_METHOD,
     "A view of the windows of `size` elements of a dimension, each `step` after the one before: the dimension counts "
     "the windows, a new last one holds their elements.",
     "ty.arange(5):unfold(1, 3, 1)"},
    {"meshgrid", "(tensors: Tensors..., indexing: \"ij\"|\"xy\" = \"ij\") -> Tensors", meshgrid, TYB_TY,
     "The grid that vectors of n, m, ... elements span: for each vector a view {n, m, ...} that varies along its own "
     "dimension; with \"xy\" the first two dimensions are swapped.",
     "ty.meshgrid({ty.arange(2), ty.arange(3)})[2]"},
    {"take", "(input: Tensor, index: Indices) -> Tensor", take, TYB_BOTH | TYB_OUT,
     "The elements at these positions of the flattened tensor, in the shape of index.",
     "ty.tensor{{10, 20}, {30, 40}}:take(ty.tensor{4, 1})"},
    {"diag", "(input: Tensor, diagonal: int = 0) -> Tensor", diag, TYB_BOTH | TYB_OUT,
     "A copy of a matrix's diagonal; of a vector, the square matrix that has it as its diagonal and zeros elsewhere.",
     "ty.tensor{1, 2}:diag()"},
    {"trace", "(input: Tensor) -> Tensor", trace, TYB_BOTH, "The sum of a matrix's main diagonal.",
     "ty.tensor{{1, 2}, {3, 4}}:trace()"},
    {"lerp", WEIGHT "Tensor", lerp, TYB_BOTH | TYB_OUT,
     "input + weight * (end - input), of floating tensors of one dtype.", "ty.zeros(2):lerp(ty.ones(2), 0.25)"},
    {"lerp_", WEIGHT "self", lerp_, TYB_METHOD, "x:lerp(end, weight) in place.", NULL},
    {"addcmul", THREE "Tensor", addcmul, TYB_BOTH | TYB_OUT, "input + value * tensor1 * tensor2.",
     "ty.ones(2):addcmul(ty.ones(2), ty.ones(2), {value = 0.5})"},
    {"addcmul_", THREE "self", addcmul_, TYB_METHOD, "x:addcmul(tensor1, tensor2) in place.", NULL},
    {"addcdiv", THREE "Tensor", addcdiv, TYB_BOTH | TYB_OUT, "input + value * tensor1 / tensor2; of floating tensors.",
     "ty.ones(2):addcdiv(ty.ones(2), ty.full({2}, 4.0))"},
    {"addcdiv_", THREE "self", addcdiv_, TYB_METHOD, "x:addcdiv(tensor1, tensor2) in place.", NULL},
    {"baddbmm", "(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: number = 1, alpha: number = 1) -> Tensor",
     baddbmm, TYB_BOTH | TYB_OUT,
     "beta * input + alpha * batch1:bmm(batch2); input broadcasts to the product, and is not read when beta is 0.",
     "ty.zeros(1, 2, 2):baddbmm(ty.ones(1, 2, 3), ty.ones(1, 3, 2))"},
    {"einsum", "(equation: string, operands: Tensors...) -> Tensor", einsum, TYB_TY,
     "Products of tensors whose dimensions are named by letters, summed over the letters that do not stand after "
     "\"->\" (without it, over those that stand more than once); \"...\" stands for dimensions that broadcast.",
     "ty.einsum(\"ij,jk->ik\", ty.ones(2, 3), ty.ones(3, 2))"},
    {"isclose",
     "(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = false) -> Tensor",
     isclose, TYB_BOTH,
     "Where |input - other| <= atol + rtol * |other|, as bool; NaNs are close to each other when equal_nan is true.",
     "ty.tensor{1.0, 2.0}:isclose(ty.tensor{1.0, 2.1})"},
    {"logaddexp", "(input: Tensor, other: Tensor) -> Tensor", logaddexp, TYB_BOTH | TYB_OUT,
     "log(exp(input) + exp(other)) without overflow, of floating tensors.",
     "ty.tensor{1000.0}:logaddexp(ty.tensor{1000.0})"},
    {"logspace", "(start: float, end: float, steps: int, base: float = 10, *, " TYB_MAKE ") -> Tensor", logspace,
     TYB_TY | TYB_OUT,
     "A vector of `steps` numbers from base^start to base^end, both included, their exponents evenly spaced.",
     "ty.logspace(0, 2, 3)"},
    {0},
};
