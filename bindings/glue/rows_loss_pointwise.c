/*
 * Rows of the binding table: losses beyond cross entropy and squares, and the distances behind some of them.
 */
#include "args.h"

#define REDUCTION(n) ((ty_reduction)CHOICE(n))

static void l1_loss(tyb_call *c)
{
    RETURN(ty_l1_loss(T(0), T(1), REDUCTION(2)));
}

static void smooth_l1_loss(tyb_call *c)
{
    RETURN(ty_smooth_l1_loss(T(0), T(1), REDUCTION(2), FLOAT(3)));
}

static void huber_loss(tyb_call *c)
{
    RETURN(ty_huber_loss(T(0), T(1), REDUCTION(2), FLOAT(3)));
}

static void binary_cross_entropy(tyb_call *c)
{
    RETURN(ty_binary_cross_entropy(T(0), T(1), T(2), REDUCTION(3)));
}

static void binary_cross_entropy_with_logits(tyb_call *c)
{
    RETURN(ty_binary_cross_entropy_with_logits(T(0), T(1), T(2), T(4), REDUCTION(3)));
}

static void kl_div(tyb_call *c)
{
    bool batch_mean = CHOICE(2) == 3;
    RETURN(ty_kl_div(T(0), T(1), batch_mean ? TY_REDUCE_SUM : REDUCTION(2), batch_mean, BOOL(3)));
}

static void poisson_nll_loss(tyb_call *c)
{
    RETURN(ty_poisson_nll_loss(T(0), T(1), BOOL(2), BOOL(3), FLOAT(4), REDUCTION(5)));
}

static void hinge_embedding_loss(tyb_call *c)
{
    RETURN(ty_hinge_embedding_loss(T(0), T(1), FLOAT(2), REDUCTION(3)));
}

static void margin_ranking_loss(tyb_call *c)
{
    RETURN(ty_margin_ranking_loss(T(0), T(1), T(2), FLOAT(3), REDUCTION(4)));
}

static void triplet_margin_loss(tyb_call *c)
{
    RETURN(ty_triplet_margin_loss(T(0), T(1), T(2), FLOAT(3), FLOAT(4), FLOAT(5), BOOL(6), REDUCTION(7)));
}

static void cosine_embedding_loss(tyb_call *c)
{
    RETURN(ty_cosine_embedding_loss(T(0), T(1), T(2), FLOAT(3), REDUCTION(4)));
}

static void multi_margin_loss(tyb_call *c)
{
    RETURN(ty_multi_margin_loss(T(0), T(1), INT(2), FLOAT(3), T(4), REDUCTION(5)));
}

static void multilabel_margin_loss(tyb_call *c)
{
    RETURN(ty_multilabel_margin_loss(T(0), T(1), REDUCTION(2)));
}

static void soft_margin_loss(tyb_call *c)
{
    RETURN(ty_soft_margin_loss(T(0), T(1), REDUCTION(2)));
}

static void multilabel_soft_margin_loss(tyb_call *c)
{
    RETURN(ty_multilabel_soft_margin_loss(T(0), T(1), T(2), REDUCTION(3)));
}

static void gaussian_nll_loss(tyb_call *c)
{
    RETURN(ty_gaussian_nll_loss(T(0), T(1), T(2), BOOL(3), FLOAT(4), REDUCTION(5)));
}

static void cosine_similarity(tyb_call *c)
{
    RETURN(ty_cosine_similarity(T(0), T(1), DIM(2), FLOAT(3)));
}

static void pairwise_distance(tyb_call *c)
{
    RETURN(ty_pairwise_distance(T(0), T(1), FLOAT(2), FLOAT(3), BOOL(4)));
}

const tyb_row tyb_rows_loss_pointwise[] = {
    {"l1_loss", "(input: Tensor, target: Tensor, *, " TYB_REDUCTION ") -> Tensor", l1_loss, TYB_F,
     "|input - target|: the mean, the sum, or each. Shapes broadcast; input is floating.",
     "F.l1_loss(ty.zeros(2), ty.tensor{1.0, 3.0})"},
    {"smooth_l1_loss", "(input: Tensor, target: Tensor, *, " TYB_REDUCTION ", beta: float = 1.0) -> Tensor",
     smooth_l1_loss, TYB_F,
     "d = |input - target|: d^2 / (2 beta) where d is less than beta, else d - beta / 2. Shapes broadcast.",
     "F.smooth_l1_loss(ty.zeros(2), ty.tensor{0.5, 3.0})"},
    {"huber_loss", "(input: Tensor, target: Tensor, *, " TYB_REDUCTION ", delta: float = 1.0) -> Tensor", huber_loss,
     TYB_F, "d = |input - target|: d^2 / 2 where d is at most delta, else delta (d - delta / 2). Shapes broadcast.",
     "F.huber_loss(ty.zeros(2), ty.tensor{0.5, 3.0})"},
    {"binary_cross_entropy", "(input: Tensor, target: Tensor, weight: Tensor?, *, " TYB_REDUCTION ") -> Tensor",
     binary_cross_entropy, TYB_F,
     "-(t log(x) + (1 - t) log(1 - x)) of probabilities x and targets t of one shape; logarithms are at least -100. "
     "weight broadcasts.",
     "F.binary_cross_entropy(ty.tensor{0.2, 0.9}, ty.tensor{0.0, 1.0})"},
    {"binary_cross_entropy_with_logits",
     "(input: Tensor, target: Tensor, weight: Tensor?, *, " TYB_REDUCTION ", pos_weight: Tensor?) -> Tensor",
     binary_cross_entropy_with_logits, TYB_F,
     "binary_cross_entropy of sigmoid(input), without overflow. weight and pos_weight (of the targets that are 1) "
     "broadcast.",
     "F.binary_cross_entropy_with_logits(ty.tensor{-1.0, 2.0}, ty.tensor{0.0, 1.0})"},
    {"kl_div",
     "(input: Tensor, target: Tensor, *, reduction: \"none\"|\"mean\"|\"sum\"|\"batchmean\" = \"mean\", "
     "log_target: bool = false) -> Tensor",
     kl_div, TYB_F,
     "The Kullback-Leibler divergence t (log(t) - input); input holds log-probabilities, target probabilities (their "
     "logarithms with log_target). batchmean: the sum divided by the size of the batch.",
     "F.kl_div(F.log_softmax(ty.zeros(1, 2), 2), ty.tensor{{0.3, 0.7}}, {reduction = \"batchmean\"})"},
    {"poisson_nll_loss",
     "(input: Tensor, target: Tensor, *, log_input: bool = true, full: bool = false, eps: float = "
     "1e-8, " TYB_REDUCTION ") -> Tensor",
     poisson_nll_loss, TYB_F,
     "exp(input) - target input, or with log_input = false input - target log(input + eps); full adds Stirling's "
     "approximation of log(target!).",
     "F.poisson_nll_loss(ty.zeros(2), ty.tensor{1.0, 3.0})"},
    {"hinge_embedding_loss", "(input: Tensor, target: Tensor, *, margin: float = 1.0, " TYB_REDUCTION ") -> Tensor",
     hinge_embedding_loss, TYB_F, "input where target is 1, max(0, margin - input) where it is -1.",
     "F.hinge_embedding_loss(ty.tensor{0.2, 0.3}, ty.tensor{1.0, -1.0})"},
    {"margin_ranking_loss",
     "(input1: Tensor, input2: Tensor, target: Tensor, *, margin: float = 0.0, " TYB_REDUCTION ") -> Tensor",
     margin_ranking_loss, TYB_F,
     "max(0, -target (input1 - input2) + margin): target 1 where input1 should be larger, -1 where input2 should.",
     "F.margin_ranking_loss(ty.tensor{1.0}, ty.tensor{2.0}, ty.tensor{1.0})"},
    {"triplet_margin_loss",
     "(anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, "
     "swap: bool = false, " TYB_REDUCTION ") -> Tensor",
     triplet_margin_loss, TYB_F,
     "max(0, d(anchor, positive) - d(anchor, negative) + margin), d being the p-norm of the difference; all {N, D} or "
     "{D}. swap: d(positive, negative) counts where it is smaller.",
     "F.triplet_margin_loss(ty.zeros(1, 2), ty.ones(1, 2), -ty.ones(1, 2))"},
    {"cosine_embedding_loss",
     "(input1: Tensor, input2: Tensor, target: Tensor, *, margin: float = 0.0, " TYB_REDUCTION ") -> Tensor",
     cosine_embedding_loss, TYB_F,
     "1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1. Inputs {N, D}, target {N}, or "
     "{D} and {}.",
     "F.cosine_embedding_loss(ty.ones(1, 2), ty.ones(1, 2), ty.tensor{1.0})"},
    {"multi_margin_loss",
     "(input: Tensor, target: Indices, p: int = 1, margin: float = 1.0, weight: Tensor?, *, " TYB_REDUCTION
     ") -> Tensor",
     multi_margin_loss, TYB_F,
     "sum over j, other than the target y, of max(0, margin - input[y] + input[j])^p / C, times weight[y]. input {N, "
     "C} "
     "or {C}, target {N} or {}: classes from 1; p 1 or 2.",
     "F.multi_margin_loss(ty.zeros(2, 3), ty.tensor{1, 3})"},
    {"multilabel_margin_loss", "(input: Tensor, target: Classes, *, " TYB_REDUCTION ") -> Tensor",
     multilabel_margin_loss, TYB_F,
     "sum over the target's classes t and all others j of max(0, 1 - input[t] + input[j]) / C. input {N, C} or {C}; "
     "target of the same shape: the classes of each row, from 1, up to the first 0 or -1.",
     "F.multilabel_margin_loss(ty.zeros(3), ty.tensor{1, 3, 0})"},
    {"soft_margin_loss", "(input: Tensor, target: Tensor, *, " TYB_REDUCTION ") -> Tensor", soft_margin_loss, TYB_F,
     "log(1 + exp(-target input)), without overflow; targets are 1 and -1.",
     "F.soft_margin_loss(ty.zeros(2), ty.tensor{1.0, -1.0})"},
    {"multilabel_soft_margin_loss", "(input: Tensor, target: Tensor, weight: Tensor?, *, " TYB_REDUCTION ") -> Tensor",
     multilabel_soft_margin_loss, TYB_F,
     "Binary cross entropy of logits {N, C} or {C}, its mean over the classes; targets are 0 and 1, weight {C}.",
     "F.multilabel_soft_margin_loss(ty.zeros(1, 2), ty.tensor{{1.0, 0.0}})"},
    {"gaussian_nll_loss",
     "(input: Tensor, target: Tensor, var: Tensor|number, *, full: bool = false, eps: float = 1e-6, " TYB_REDUCTION
     ") -> Tensor",
     gaussian_nll_loss, TYB_F,
     "(log(var) + (input - target)^2 / var) / 2, var being at least eps; full adds log(2 pi) / 2. var has input's "
     "shape, "
     "or 1 in one of its dimensions, or lacks the last, or is a number.",
     "F.gaussian_nll_loss(ty.zeros(2), ty.ones(2), ty.tensor{0.5, 2.0})"},
    {"cosine_similarity", "(x1: Tensor, x2: Tensor, dim: dim = 2, eps: float = 1e-8) -> Tensor", cosine_similarity,
     TYB_F, "sum(x1 x2) / (max(|x1|, eps) max(|x2|, eps)) along dim. Shapes broadcast.",
     "F.cosine_similarity(ty.ones(1, 2), ty.tensor{{1.0, 0.0}})"},
    {"pairwise_distance",
     "(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = false) -> Tensor", pairwise_distance,
     TYB_F, "The p-norm of x1 - x2 + eps along the last dimension. Shapes broadcast.",
     "F.pairwise_distance(ty.ones(1, 2), ty.zeros(1, 2))"},
    {0},
};
