/*
 * Rows of the binding table: the softmax family, dropout, losses. Classes count from 1.
 */
#include "args.h"

static void softmax(tyb_call *c)
{
    RETURN(ty_softmax(T(0), DIM(1), DTYPE(2)));
}

static void log_softmax(tyb_call *c)
{
    RETURN(ty_log_softmax(T(0), DIM(1), DTYPE(2)));
}

static void dropout(tyb_call *c)
{
    RETURN(ty_dropout(T(0), FLOAT(1), BOOL(2), NULL));
}

static void dropout1d(tyb_call *c)
{
    RETURN(ty_dropout_channels(T(0), 1, FLOAT(1), BOOL(2), NULL));
}

static void dropout2d(tyb_call *c)
{
    RETURN(ty_dropout_channels(T(0), 2, FLOAT(1), BOOL(2), NULL));
}

static void dropout3d(tyb_call *c)
{
    RETURN(ty_dropout_channels(T(0), 3, FLOAT(1), BOOL(2), NULL));
}

static void alpha_dropout(tyb_call *c)
{
    RETURN(ty_alpha_dropout(T(0), FLOAT(1), BOOL(2), false, NULL));
}

static void feature_alpha_dropout(tyb_call *c)
{
    RETURN(ty_alpha_dropout(T(0), FLOAT(1), BOOL(2), true, NULL));
}

static void bilinear(tyb_call *c)
{
    RETURN(ty_bilinear(T(0), T(1), T(2), T(3)));
}

static void nll_loss(tyb_call *c)
{
    RETURN(ty_nll_loss(T(0), T(1), T(2), INDEX(3), (ty_reduction)CHOICE(4)));
}

static void cross_entropy(tyb_call *c)
{
    RETURN(ty_cross_entropy(T(0), T(1), T(2), INDEX(3), (ty_reduction)CHOICE(4), FLOAT(5)));
}

static void mse_loss(tyb_call *c)
{
    RETURN(ty_mse_loss(T(0), T(1), (ty_reduction)CHOICE(2)));
}

static void ctc_loss(tyb_call *c)
{
    RETURN(ty_ctc_loss(T(0), T(1), T(2), T(3), INDEX(4), (ty_reduction)CHOICE(5), BOOL(6)));
}

#define DROPOUT "(input: Tensor, p: float = 0.5, training: bool = true) -> Tensor"

const tyb_row tyb_rows_loss[] = {
    {"softmax", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", softmax, TYB_BOTH | TYB_F,
     "exp(x) scaled so that it adds up to 1 along a dimension.", "ty.tensor{1.0, 2.0}:softmax(1)"},
    {"log_softmax", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", log_softmax, TYB_BOTH | TYB_F,
     "The logarithm of softmax, computed without overflow.", "ty.tensor{1.0, 2.0}:log_softmax(1)"},
    {"dropout", "(input: Tensor, p: float = 0.5, training: bool = true) -> Tensor", dropout, TYB_F,
     "In training, each element is 0 with probability p, the others are divided by 1 - p; otherwise input as it is.",
     "F.dropout(ty.ones(4), 0.5)"},
    {"dropout1d", DROPOUT, dropout1d, TYB_F,
     "In training, each channel of {N, C, L} or {C, L} is 0 with probability p, the others are divided by 1 - p.",
     "F.dropout1d(ty.ones(1, 4, 2))"},
    {"dropout2d", DROPOUT, dropout2d, TYB_F,
     "dropout1d of {N, C, H, W}; 3 dimensions count as {N, C, L}, as in PyTorch.", "F.dropout2d(ty.ones(1, 4, 2, 2))"},
    {"dropout3d", DROPOUT, dropout3d, TYB_F, "dropout1d of {N, C, D, H, W} or {C, D, H, W}.",
     "F.dropout3d(ty.ones(1, 4, 2, 2, 2))"},
    {"alpha_dropout", "(input: Tensor, p: float = 0.5, training: bool = false) -> Tensor", alpha_dropout, TYB_F,
     "Dropout that keeps a mean of 0 and a variance of 1, for networks with selu.",
     "F.alpha_dropout(ty.ones(4), 0.5, true)"},
    {"feature_alpha_dropout", "(input: Tensor, p: float = 0.5, training: bool = false) -> Tensor",
     feature_alpha_dropout, TYB_F, "alpha_dropout of whole channels of {N, C, ...}.",
     "F.feature_alpha_dropout(ty.ones(1, 4, 2), 0.5, true)"},
    {"bilinear", "(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor?) -> Tensor", bilinear, TYB_F,
     "y_o = x1^T weight_o x2 + bias_o. input1 {..., in1}, input2 {..., in2}, weight {out, in1, in2}, bias {out}: {..., "
     "out}.",
     "F.bilinear(ty.ones(2, 3), ty.ones(2, 4), ty.ones(5, 3, 4)).shape"},
    {"nll_loss",
     "(input: Tensor, target: Classes, weight: Tensor?, *, ignore_index: class = -100, " TYB_REDUCTION ") -> Tensor",
     nll_loss, TYB_F,
     "Minus the log-probability of the target classes. input {N, C, d...} or {C}: log-probabilities; target {N, d...} "
     "or {}: "
     "classes from 1; weight {C}. The mean is weighted. Targets equal to ignore_index do not count; that may be a "
     "class, a "
     "negative number, one past the classes, or 0, which is no class.",
     "F.nll_loss(F.log_softmax(ty.zeros(2, 3), 2), ty.tensor{1, 3})"},
    {"cross_entropy",
     "(input: Tensor, target: Classes|Tensor, weight: Tensor?, *, ignore_index: class = -100, " TYB_REDUCTION
     ", label_smoothing: float = 0) -> Tensor",
     cross_entropy, TYB_F,
     "The cross entropy of logits {N, C, d...} or {C} against classes from 1 ({N, d...} or {}), or against class "
     "probabilities (floating, input's shape). Classes equal to ignore_index do not count; that may be a class, a "
     "negative number, one past the classes, or 0, which is no class.",
     "F.cross_entropy(ty.zeros(2, 3), ty.tensor{1, 3})"},
    {"mse_loss", "(input: Tensor, target: Tensor, *, " TYB_REDUCTION ") -> Tensor", mse_loss, TYB_F,
     "The squared differences of input and target: their mean, their sum, or each.",
     "F.mse_loss(ty.zeros(2), ty.tensor{1.0, 3.0})"},
    {"ctc_loss",
     "(log_probs: Tensor, targets: Classes, input_lengths: Tensor|list, target_lengths: Tensor|list, blank: index = 1, "
     "" TYB_REDUCTION ", zero_infinity: bool = false) -> Tensor",
     ctc_loss, TYB_F,
     "Connectionist temporal classification (Graves et al. 2006): the loss of labels whose places in time are not "
     "known. "
     "log_probs {T, N, C} or {T, C}; targets: classes from 1 but the blank, {N, S} padded with anything, or all in one "
     "row; the lengths {N} or a number. The mean is over losses divided by their target's length. zero_infinity: "
     "infinite losses count 0.",
     "F.ctc_loss(F.log_softmax(ty.zeros(4, 1, 3), 3), ty.tensor{{2, 3}}, {4}, {2})"},
    {0},
};
