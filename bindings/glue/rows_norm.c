/*
 * Rows of the binding table: normalisations.
 */
#include "args.h"

static void batch_norm(tyb_call *c)
{
    RETURN(ty_batch_norm(T(0), T(1), T(2), T(3), T(4), BOOL(5), FLOAT(6), FLOAT(7)));
}

static void instance_norm(tyb_call *c)
{
    RETURN(ty_instance_norm(T(0), T(1), T(2), T(3), T(4), BOOL(5), FLOAT(6), FLOAT(7)));
}

static void layer_norm(tyb_call *c)
{
    RETURN(ty_layer_norm(T(0), COUNT(1), INTS(1), T(2), T(3), FLOAT(4)));
}

static void rms_norm(tyb_call *c)
{
    RETURN(ty_rms_norm(T(0), COUNT(1), INTS(1), T(2), GIVEN(3) ? FLOAT(3) : -1));
}

static void group_norm(tyb_call *c)
{
    RETURN(ty_group_norm(T(0), INT(1), T(2), T(3), FLOAT(4)));
}

static void local_response_norm(tyb_call *c)
{
    RETURN(ty_local_response_norm(T(0), INT(1), FLOAT(2), FLOAT(3), FLOAT(4)));
}

static void normalize(tyb_call *c)
{
    RETURN(ty_normalize(T(0), FLOAT(1), DIM(2), FLOAT(3)));
}

const tyb_row tyb_rows_norm[] = {
    {"batch_norm",
     "(input: Tensor, running_mean: Tensor?, running_var: Tensor?, weight: Tensor?, bias: Tensor?, training: bool = "
     "false, momentum: float = 0.1, eps: float = 1e-5) -> Tensor",
     batch_norm, TYB_F,
     "(input - mean) / sqrt(var + eps) * weight + bias for each channel of input {N, C, d...}; the others are {C}. In "
     "training mean and variance are the batch's, and running_mean and running_var move towards them by momentum (the "
     "variance unbiased); else those two are taken.",
     "F.batch_norm(ty.randn(4, 3), ty.zeros(3), ty.ones(3), {training = true})"},
    {"instance_norm",
     "(input: Tensor, running_mean: Tensor?, running_var: Tensor?, weight: Tensor?, bias: Tensor?, use_input_stats: "
     "bool = true, momentum: float = 0.1, eps: float = 1e-5) -> Tensor",
     instance_norm, TYB_F,
     "batch_norm for each sample of input {N, C, d...} by itself. The running statistics {C} move towards the means "
     "over "
     "the batch; without use_input_stats they are taken.",
     "F.instance_norm(ty.randn(2, 3, 5))"},
    {"layer_norm",
     "(input: Tensor, normalized_shape: sizes, weight: Tensor?, bias: Tensor?, eps: float = 1e-5) -> Tensor",
     layer_norm, TYB_F,
     "(input - mean) / sqrt(var + eps) * weight + bias over the last dimensions of input, whose sizes normalized_shape "
     "says; weight and bias are of that shape.",
     "F.layer_norm(ty.randn(2, 3), {3})"},
    {"rms_norm", "(input: Tensor, normalized_shape: sizes, weight: Tensor?, eps: float?) -> Tensor", rms_norm, TYB_F,
     "input / sqrt(mean(input^2) + eps) * weight over the last dimensions, whose sizes normalized_shape says. eps: the "
     "dtype's smallest step at 1 when not given.",
     "F.rms_norm(ty.randn(2, 3), {3})"},
    {"group_norm", "(input: Tensor, num_groups: int, weight: Tensor?, bias: Tensor?, eps: float = 1e-5) -> Tensor",
     group_norm, TYB_F,
     "(input - mean) / sqrt(var + eps) for each of num_groups equal parts of the channels of a sample; times weight "
     "plus "
     "bias {C}. input {N, C, d...}.",
     "F.group_norm(ty.randn(2, 6, 4), 3)"},
    {"local_response_norm",
     "(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor",
     local_response_norm, TYB_F,
     "input / (k + alpha mean(input^2))^beta, the mean over `size` channels around each one. input {N, C, d...}, at "
     "least "
     "3 dimensions.",
     "F.local_response_norm(ty.randn(1, 4, 2), 2)"},
    {"normalize", "(input: Tensor, p: float = 2, dim: dim = 2, eps: float = 1e-12) -> Tensor", normalize, TYB_F,
     "input / max(norm, eps), with the p-norm along dim.", "F.normalize(ty.tensor{{3.0, 4.0}})"},
    {0},
};
