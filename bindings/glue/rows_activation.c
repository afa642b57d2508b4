/*
 * Rows of the binding table: activations beyond those of rows_unary.c and the softmax family.
 */
#include "args.h"

/* clang-format off */
#define PLAIN(X)                                                                                                       \
    X(selu, "elu with constants that keep means of 0 and variances of 1.")                                             \
    X(silu, "x sigmoid(x).")                                                                                           \
    X(mish, "x tanh(softplus(x)).")                                                                                    \
    X(softsign, "x / (1 + |x|).")                                                                                      \
    X(relu6, "min(max(x, 0), 6).")                                                                                     \
    X(hardsigmoid, "relu6(x + 3) / 6: a sigmoid of straight lines.")                                                   \
    X(hardswish, "x relu6(x + 3) / 6.")                                                                                \
    X(logsigmoid, "log(sigmoid(x)), computed without underflow.")                                                      \
    X(tanhshrink, "x - tanh(x).")
/* clang-format on */

#define GLUE(name, doc)                                                                                                \
    static void name(tyb_call *c)                                                                                      \
    {                                                                                                                  \
        RETURN(ty_##name(T(0)));                                                                                       \
    }
PLAIN(GLUE)

static void leaky_relu(tyb_call *c)
{
    RETURN(ty_leaky_relu(T(0), FLOAT(1)));
}

static void prelu(tyb_call *c)
{
    RETURN(ty_prelu(T(0), T(1)));
}

static void elu(tyb_call *c)
{
    RETURN(ty_elu(T(0), FLOAT(1)));
}

static void celu(tyb_call *c)
{
    RETURN(ty_celu(T(0), FLOAT(1)));
}

static void gelu(tyb_call *c)
{
    RETURN(ty_gelu(T(0), CHOICE(1) == 1));
}

static void softplus(tyb_call *c)
{
    RETURN(ty_softplus(T(0), FLOAT(1), FLOAT(2)));
}

static void hardtanh(tyb_call *c)
{
    RETURN(ty_hardtanh(T(0), FLOAT(1), FLOAT(2)));
}

static void softshrink(tyb_call *c)
{
    RETURN(ty_softshrink(T(0), FLOAT(1)));
}

static void hardshrink(tyb_call *c)
{
    RETURN(ty_hardshrink(T(0), FLOAT(1)));
}

static void threshold(tyb_call *c)
{
    RETURN(ty_threshold(T(0), FLOAT(1), FLOAT(2)));
}

static void glu(tyb_call *c)
{
    RETURN(ty_glu(T(0), DIM(1)));
}

static void softmin(tyb_call *c)
{
    RETURN(ty_softmin(T(0), DIM(1), DTYPE(2)));
}

static void rrelu(tyb_call *c)
{
    RETURN(ty_rrelu(T(0), FLOAT(1), FLOAT(2), BOOL(3), NULL));
}

static void gumbel_softmax(tyb_call *c)
{
    RETURN(ty_gumbel_softmax(T(0), FLOAT(1), BOOL(2), DIM(4), NULL));
}

static void leaky_relu_(tyb_call *c)
{
    RETURN(ty_leaky_relu_(T(0), FLOAT(1)));
}

static void elu_(tyb_call *c)
{
    RETURN(ty_elu_(T(0), FLOAT(1)));
}

static void celu_(tyb_call *c)
{
    RETURN(ty_celu_(T(0), FLOAT(1)));
}

static void selu_(tyb_call *c)
{
    RETURN(ty_selu_(T(0)));
}

static void threshold_(tyb_call *c)
{
    RETURN(ty_threshold_(T(0), FLOAT(1), FLOAT(2)));
}

static void hardtanh_(tyb_call *c)
{
    RETURN(ty_hardtanh_(T(0), FLOAT(1), FLOAT(2)));
}

static void rrelu_(tyb_call *c)
{
    RETURN(ty_rrelu_(T(0), FLOAT(1), FLOAT(2), BOOL(3), NULL));
}

#define RRELU "lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = false"

#define ROW(name, doc)                                                                                                 \
    {#name, "(input: Tensor) -> Tensor",        name,                                                                  \
     TYB_F, doc " input: floating, any shape.", "F." #name "(ty.tensor{-1.0, 2.0})"},

const tyb_row tyb_rows_activation[] = {
    PLAIN(ROW){"leaky_relu", "(input: Tensor, negative_slope: float = 0.01) -> Tensor", leaky_relu, TYB_F,
               "x where it is greater than 0, else negative_slope * x. input: floating, any shape.",
               "F.leaky_relu(ty.tensor{-1.0, 2.0}, 0.1)"},
    {"prelu", "(input: Tensor, weight: Tensor) -> Tensor", prelu, TYB_F,
     "x where it is greater than 0, else weight * x. weight: {1} or {}, or {C} for an input {N, C, d...}.",
     "F.prelu(ty.tensor{-1.0, 2.0}, ty.tensor{0.25})"},
    {"elu", "(input: Tensor, alpha: float = 1.0) -> Tensor", elu, TYB_F,
     "x where it is greater than 0, else alpha (exp(x) - 1). input: floating, any shape.",
     "F.elu(ty.tensor{-1.0, 2.0})"},
    {"celu", "(input: Tensor, alpha: float = 1.0) -> Tensor", celu, TYB_F,
     "max(0, x) + min(0, alpha (exp(x / alpha) - 1)). input: floating, any shape.", "F.celu(ty.tensor{-1.0, 2.0})"},
    {"gelu", "(input: Tensor, *, approximate: \"none\"|\"tanh\" = \"none\") -> Tensor", gelu, TYB_F,
     "x times the share of the normal distribution below x, or its approximation by tanh. input: floating, any shape.",
     "F.gelu(ty.tensor{-1.0, 2.0}, {approximate = \"tanh\"})"},
    {"softplus", "(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor", softplus, TYB_F,
     "log(1 + exp(beta x)) / beta, and x itself where beta x is greater than threshold. input: floating, any shape.",
     "F.softplus(ty.tensor{-1.0, 2.0})"},
    {"hardtanh", "(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor", hardtanh, TYB_F,
     "x, but at least min_val and at most max_val. input: floating, any shape.", "F.hardtanh(ty.tensor{-3.0, 0.5})"},
    {"softshrink", "(input: Tensor, lambd: float = 0.5) -> Tensor", softshrink, TYB_F,
     "x moved towards 0 by lambd, and 0 where it lies within lambd of it. input: floating, any shape.",
     "F.softshrink(ty.tensor{-1.0, 0.2})"},
    {"hardshrink", "(input: Tensor, lambd: float = 0.5) -> Tensor", hardshrink, TYB_F,
     "0 from -lambd to lambd, elsewhere x. input: floating, any shape.", "F.hardshrink(ty.tensor{-1.0, 0.2})"},
    {"threshold", "(input: Tensor, threshold: float, value: float) -> Tensor", threshold, TYB_F,
     "x where it is greater than threshold, else value. input: floating, any shape.",
     "F.threshold(ty.tensor{-1.0, 2.0}, 0.5, 9.0)"},
    {"glu", "(input: Tensor, dim: dim = -1) -> Tensor", glu, TYB_F,
     "a sigmoid(b), where a and b are the halves of input along dim, whose size must be even.",
     "F.glu(ty.tensor{1.0, 2.0, 0.0, 1.0})"},
    {"softmin", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", softmin, TYB_F,
     "softmax(-x): values that add up to 1 along dim, the largest for the smallest x.",
     "F.softmin(ty.tensor{1.0, 2.0}, 1)"},
    {"rrelu", "(input: Tensor, " RRELU ") -> Tensor", rrelu, TYB_F,
     "leaky_relu whose slope is drawn between lower and upper for each element in training, and their mean otherwise.",
     "F.rrelu(ty.tensor{-1.0, 2.0})"},
    {"gumbel_softmax",
     "(logits: Tensor, tau: float = 1, hard: bool = false, eps: float = 1e-10, dim: dim = -1) -> Tensor",
     gumbel_softmax, TYB_F,
     "A sample of the distribution that the logits describe along dim, smooth: softmax((logits + noise) / tau). hard: "
     "one-hot "
     "in value, with the gradient of the smooth sample. eps is not used, as in PyTorch.",
     "F.gumbel_softmax(ty.zeros(2, 3), 0.5, true)"},
    {"leaky_relu_", "(input: Tensor, negative_slope: float = 0.01) -> self", leaky_relu_, TYB_F, "leaky_relu in place.",
     "F.leaky_relu_(ty.tensor{-1.0, 2.0}, 0.1)"},
    {"elu_", "(input: Tensor, alpha: float = 1.0) -> self", elu_, TYB_F, "elu in place.",
     "F.elu_(ty.tensor{-1.0, 2.0})"},
    {"celu_", "(input: Tensor, alpha: float = 1.0) -> self", celu_, TYB_F, "celu in place.",
     "F.celu_(ty.tensor{-1.0, 2.0})"},
    {"selu_", "(input: Tensor) -> self", selu_, TYB_F, "selu in place.", "F.selu_(ty.tensor{-1.0, 2.0})"},
    {"threshold_", "(input: Tensor, threshold: float, value: float) -> self", threshold_, TYB_F, "threshold in place.",
     "F.threshold_(ty.tensor{-1.0, 2.0}, 0.5, 9.0)"},
    {"hardtanh_", "(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> self", hardtanh_, TYB_F,
     "hardtanh in place.", "F.hardtanh_(ty.tensor{-3.0, 0.5})"},
    {"rrelu_", "(input: Tensor, " RRELU ") -> self", rrelu_, TYB_F, "rrelu in place.",
     "F.rrelu_(ty.tensor{-1.0, 2.0})"},
    {0},
};
