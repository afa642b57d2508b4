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

const tyb_row tyb_rows_loss[] = {
    {"softmax", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", softmax, TYB_BOTH | TYB_F,
     "exp(x) scaled so that it adds up to 1 along a dimension.", "ty.tensor{1.0, 2.0}:softmax(1)"},
    {"log_softmax", "(input: Tensor, dim: dim, *, dtype: dtype?) -> Tensor", log_softmax, TYB_BOTH | TYB_F,
     "The logarithm of softmax, computed without overflow.", "ty.tensor{1.0, 2.0}:log_softmax(1)"},
    {"dropout", "(input: Tensor, p: float = 0.5, training: bool = true) -> Tensor", dropout, TYB_F,
     "In training, each element is 0 with probability p, the others are divided by 1 - p; otherwise input as it is.",
     "F.dropout(ty.ones(4), 0.5)"},
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
