/*
 * Losses beyond cross entropy and squares: composed of ordinary ops, with gradients from those; binary_cross_entropy
 * has a rule of its own, since PyTorch bounds its value and its gradient apart. Shapes broadcast where PyTorch lets
 * them.
 */
#include <math.h>

#include "ops/loss.h"

#define KEEP(x) tyi_keep(s, x)
#define HOLD(x) KEEP(x)
#include "ops/expressions.h"
#define LAST(f, x) KEEP(ty_##f(x, 1, (const int64_t[]){-1}, false, TY_DTYPE_NONE))

ty_tensor *tyi_reduced(tyi_scope *s, ty_tensor *losses, ty_reduction reduction)
{
    ty_tensor *y = losses;
    if (losses && reduction == TY_REDUCE_MEAN)
        y = KEEP(ty_mean(losses, 0, NULL, false, TY_DTYPE_NONE));
    else if (losses && reduction == TY_REDUCE_SUM)
        y = KEEP(ty_sum(losses, 0, NULL, false, TY_DTYPE_NONE));
    return tyi_result(s, y);
}

static ty_tensor *at_least(tyi_scope *s, ty_tensor *x, double v)
{
    return KEEP(ty_clamp(x, NUM(v), NULL));
}

static bool is_floating(const char *name, const char *what, const ty_tensor *x)
{
    if (!x)
        return false;
    if (ty_dtype_is_floating((ty_dtype)x->dtype))
        return true;
    ty_fail(TY_ERROR_VALUE, "%s: %s must be floating, got %s; convert it first: x:float()", name, what,
            TYI_DESCRIBE(x));
    return false;
}

/* Whether the input is floating and the target has its shape. */
static bool fit(const char *name, const ty_tensor *x, const ty_tensor *target)
{
    if (!target || !is_floating(name, "input", x))
        return false;
    if (tyi_same_shape(x, target))
        return true;
    ty_fail(TY_ERROR_VALUE, "%s: target must have the input's shape, got input %s and target %s", name, TYI_DESCRIBE(x),
            TYI_DESCRIBE(target));
    return false;
}

/* ---- Differences ---- */

/* |x - target|. */
ty_tensor *ty_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("l1_loss", "input", x) || !target)
        return NULL;
    return tyi_reduced(s, F(abs, SUB(x, target)), reduction);
}

/* d = |x - target|: d^2 / (2 beta) where d is less than beta, else d - beta / 2. beta: 0 or more. */
ty_tensor *ty_smooth_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double beta)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("smooth_l1_loss", "input", x) || !target)
        return NULL;
    if (!(beta >= 0))
        return tyi_fail(TY_ERROR_VALUE, "smooth_l1_loss: beta must be 0 or more, got %g", beta);
    if (beta == 0)
        return ty_l1_loss(x, target, reduction);
    tyi_widen(s, TYI_OPERANDS(&x, &target));
    ty_tensor *d = F(abs, SUB(x, target)), *square = MUL(MUL(d, d), NUM(0.5 / beta));
    return tyi_reduced(s, WHERE(KEEP(ty_lt(d, NUM(beta))), square, SUB(d, NUM(0.5 * beta))), reduction);
}

/* d = |x - target|: d^2 / 2 where d is at most delta, else delta (d - delta / 2). delta: greater than 0. */
ty_tensor *ty_huber_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double delta)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("huber_loss", "input", x) || !target)
        return NULL;
    if (!(delta > 0))
        return tyi_fail(TY_ERROR_VALUE, "huber_loss: delta must be greater than 0, got %g", delta);
    tyi_widen(s, TYI_OPERANDS(&x, &target));
    ty_tensor *d = F(abs, SUB(x, target)), *square = MUL(MUL(d, d), NUM(0.5));
    ty_tensor *line = MUL(SUB(d, NUM(0.5 * delta)), NUM(delta));
    return tyi_reduced(s, WHERE(KEEP(ty_le(d, NUM(delta))), square, line), reduction);
}

/* ---- Probabilities ---- */

static ty_tensor *bce_log(tyi_scope *s, ty_tensor *p)
{
    return at_least(s, F(log, p), -100);
}

/* Of the input: (x - t) / max(x (1 - x), 1e-12); of the target: log(1 - x) - log(x), both at least -100. */
static ty_status bce_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_tensor *g = grad_out[0], *x = tyi_saved(node, 0), *t = tyi_saved(node, 1);
    if (!x || !t)
        return TY_FAIL;
    ty_tensor *rest = SUB(NUM(1), x);
    ty_tensor *slope = DIV(SUB(x, t), at_least(s, MUL(rest, x), (double)1e-12f));
    grad_in[0] = ty_mul(g, slope);
    ty_status status = grad_in[0] ? TY_OK : TY_FAIL;
    if (status == TY_OK && tyi_wants(node, 1)) {
        ty_tensor *low = KEEP(ty_clamp(F(log1p, F(neg, x)), NUM(-100), NULL));
        grad_in[1] = ty_mul(g, SUB(low, bce_log(s, x)));
        status = grad_in[1] ? TY_OK : TY_FAIL;
    }
    tyi_scope_end(s);
    return status;
}

static const tyi_node_kind bce_kind = {"BinaryCrossEntropyBackward0", bce_backward};

/* Whether all of x lies in [0, 1]. */
static ty_status check_probabilities(ty_tensor *x)
{
    tyi_scope scope = {0}, *s = &scope;
    ty_scalar inside = ty_int(1);
    ty_tensor *low = KEEP(ty_ge(x, NUM(0))), *high = KEEP(ty_le(x, NUM(1)));
    ty_tensor *all = KEEP(ty_all(KEEP(ty_logical_and(low, high)), 0, NULL, false));
    ty_status status = all ? ty_item(all, &inside) : TY_FAIL;
    tyi_scope_end(s);
    if (status == TY_OK && inside.i == 0)
        return ty_fail(TY_ERROR_VALUE,
                       "binary_cross_entropy: the input holds probabilities, and some are not between 0 "
                       "and 1 (or NaN); for logits use binary_cross_entropy_with_logits");
    return status;
}

/* -(t log(x) + (1 - t) log(1 - x)), logarithms at least -100, times weight (NULL: 1; broadcasts). x within [0, 1]. */
ty_tensor *ty_binary_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!fit("binary_cross_entropy", x, target))
        return NULL;
    if (x->dtype != target->dtype)
        return tyi_fail(TY_ERROR_VALUE, "binary_cross_entropy: input and target must have one dtype, got %s and %s",
                        TYI_DESCRIBE(x), TYI_DESCRIBE(target));
    if (check_probabilities(x) != TY_OK)
        return NULL;
    tyi_widen(s, TYI_OPERANDS(&x, &target, &weight));
    bool was = ty_set_grad_enabled(false);
    ty_tensor *low = KEEP(ty_clamp(F(log1p, F(neg, x)), NUM(-100), NULL));
    ty_tensor *losses = SUB(MUL(SUB(target, NUM(1)), low), MUL(target, bce_log(s, x)));
    ty_set_grad_enabled(was);
    ty_retain(losses);
    losses = KEEP(tyi_record(losses, &bce_kind, TYI_LIST(x, target), TYI_LIST(x, target), NULL, 0));
    return tyi_reduced(s, weight ? MUL(losses, weight) : losses, reduction);
}

/* binary_cross_entropy of sigmoid(x), without overflow; pos_weight (NULL: 1; broadcasts) multiplies the part of t. */
ty_tensor *ty_binary_cross_entropy_with_logits(ty_tensor *x, ty_tensor *target, ty_tensor *weight,
                                               ty_tensor *pos_weight, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!fit("binary_cross_entropy_with_logits", x, target))
        return NULL;
    ty_tensor *likely = KEEP(ty_logsigmoid(x));
    if (pos_weight)
        likely = MUL(ADD(MUL(SUB(pos_weight, NUM(1)), target), NUM(1)), likely);
    ty_tensor *losses = SUB(MUL(SUB(NUM(1), target), x), likely);
    return tyi_reduced(s, weight ? MUL(losses, weight) : losses, reduction);
}

/* t (log(t) - x), x being logarithms; with log_target exp(t) (t - x). batch_mean (with TY_REDUCE_SUM): the sum divided
 * by the first size of x. */
ty_tensor *ty_kl_div(ty_tensor *x, ty_tensor *target, ty_reduction reduction, bool batch_mean, bool log_target)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("kl_div", "input", x) || !is_floating("kl_div", "target", target))
        return NULL;
    if (batch_mean && x->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "kl_div: batchmean divides by the size of the batch, and the input has no "
                                        "dimensions");
    ty_tensor *losses;
    if (log_target) {
        losses = MUL(F(exp, target), SUB(target, x));
    } else {
        ty_tensor *none = KEEP(ty_eq(target, NUM(0)));
        ty_tensor *entropy = MUL(target, F(log, WHERE(none, NUM(1), target)));
        losses = SUB(entropy, MUL(target, x));
    }
    if (batch_mean)
        losses = DIV(KEEP(losses ? ty_sum(losses, 0, NULL, false, TY_DTYPE_NONE) : NULL), NUM((double)x->sizes[0]));
    return tyi_reduced(s, losses, batch_mean ? TY_REDUCE_NONE : reduction);
}

/* exp(x) - t x, or with log_input false x - t log(x + eps); full: plus Stirling's approximation of log(t!). */
ty_tensor *ty_poisson_nll_loss(ty_tensor *x, ty_tensor *target, bool log_input, bool full, double eps,
                               ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("poisson_nll_loss", "input", x) || !target)
        return NULL;
    ty_tensor *losses;
    if (log_input)
        losses = SUB(F(exp, x), MUL(target, x));
    else
        losses = SUB(x, MUL(target, F(log, ADD(x, NUM(eps)))));
    if (full) {
        ty_tensor *t = at_least(s, target, 1), *log_t = F(log, t);
        ty_tensor *half = MUL(F(log, MUL(t, NUM(2 * 3.14159265358979323846))), NUM(0.5));
        ty_tensor *stirling = ADD(SUB(MUL(t, log_t), t), half);
        losses = ADD(losses, WHERE(KEEP(ty_gt(target, NUM(1))), stirling, NUM(0)));
    }
    return tyi_reduced(s, losses, reduction);
}

/* ---- Distances ---- */

/* The p-norm of a - b + eps along the last dimension; shapes broadcast. */
ty_tensor *ty_pairwise_distance(ty_tensor *a, ty_tensor *b, double p, double eps, bool keepdim)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("pairwise_distance", "x1", a) || !is_floating("pairwise_distance", "x2", b))
        return NULL;
    ty_tensor *d = ADD(SUB(a, b), NUM(eps));
    return tyi_result(s, d ? KEEP(ty_norm(d, p, 1, (const int64_t[]){-1}, keepdim)) : NULL);
}

/* sum(a b) / (max(|a|, eps) max(|b|, eps)) along dim; shapes broadcast. */
ty_tensor *ty_cosine_similarity(ty_tensor *a, ty_tensor *b, int dim, double eps)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("cosine_similarity", "x1", a) || !is_floating("cosine_similarity", "x2", b))
        return NULL;
    int ndim;
    int64_t sizes[TY_MAX_DIMS], along;
    if (tyi_broadcast("cosine_similarity", a, b, &ndim, sizes) != TY_OK)
        return NULL;
    dim = tyi_wrap_dim("cosine_similarity", dim, ndim);
    if (dim < 0)
        return NULL;
    along = dim;
    ty_tensor *wide_a = KEEP(ty_expand(a, ndim, sizes)), *wide_b = KEEP(ty_expand(b, ndim, sizes));
    if (!wide_a || !wide_b)
        return tyi_result(s, NULL);
    int ndims = ndim ? 1 : 0;
    ty_tensor *norm_a = KEEP(ty_norm(wide_a, 2, ndims, &along, true));
    ty_tensor *norm_b = KEEP(ty_norm(wide_b, 2, ndims, &along, true));
    ty_tensor *product = MUL(DIV(wide_a, at_least(s, norm_a, eps)), DIV(wide_b, at_least(s, norm_b, eps)));
    return tyi_result(s, product ? KEEP(ty_sum(product, ndims, &along, false, TY_DTYPE_NONE)) : NULL);
}

/* x where target is 1, max(0, margin - x) where it is -1. */
ty_tensor *ty_hinge_embedding_loss(ty_tensor *x, ty_tensor *target, double margin, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("hinge_embedding_loss", "input", x) || !target)
        return NULL;
    ty_tensor *apart = WHERE(KEEP(ty_ne(target, NUM(1))), at_least(s, SUB(NUM(margin), x), 0), NUM(0));
    ty_tensor *close = WHERE(KEEP(ty_ne(target, NUM(-1))), x, NUM(0));
    return tyi_reduced(s, ADD(apart, close), reduction);
}

/* max(0, -target (a - b) + margin): target 1 when a should rank higher, -1 when b should. */
ty_tensor *ty_margin_ranking_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating("margin_ranking_loss", "input1", a) || !is_floating("margin_ranking_loss", "input2", b) || !target)
        return NULL;
    if (a->ndim != b->ndim || a->ndim != target->ndim)
        return tyi_fail(
            TY_ERROR_VALUE,
            "margin_ranking_loss: input1, input2 and target must have one number of dimensions, got %s, %s and "
            "%s",
            TYI_DESCRIBE(a), TYI_DESCRIBE(b), TYI_DESCRIBE(target));
    return tyi_reduced(s, at_least(s, ADD(MUL(F(neg, target), SUB(a, b)), NUM(margin)), 0), reduction);
}

/* max(0, d(anchor, positive) - d(anchor, negative) + margin), d being pairwise_distance; swap: the nearer of anchor and
 * positive counts for the negative. */
ty_tensor *ty_triplet_margin_loss(ty_tensor *anchor, ty_tensor *positive, ty_tensor *negative, double margin, double p,
                                  double eps, bool swap, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!(margin > 0))
        return tyi_fail(TY_ERROR_VALUE, "triplet_margin_loss: margin must be greater than 0, got %g", margin);
    if (!anchor || !positive || !negative)
        return NULL;
    if (anchor->ndim != positive->ndim || anchor->ndim != negative->ndim)
        return tyi_fail(TY_ERROR_VALUE,
                        "triplet_margin_loss: anchor, positive and negative must have one number of dimensions, got "
                        "%s, %s and %s",
                        TYI_DESCRIBE(anchor), TYI_DESCRIBE(positive), TYI_DESCRIBE(negative));
    ty_tensor *near = KEEP(ty_pairwise_distance(anchor, positive, p, eps, false));
    ty_tensor *far = KEEP(ty_pairwise_distance(anchor, negative, p, eps, false));
    if (swap)
        far = KEEP(ty_minimum(far, KEEP(ty_pairwise_distance(positive, negative, p, eps, false))));
    return tyi_reduced(s, at_least(s, SUB(ADD(near, NUM(margin)), far), 0), reduction);
}

/* 1 - cos(a, b) where target is 1, max(0, cos(a, b) - margin) where it is -1. a, b {N, D} and target {N}, or {D} and
 * {}. */
ty_tensor *ty_cosine_embedding_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin,
                                    ty_reduction reduction)
{
    const char *name = "cosine_embedding_loss";
    tyi_scope scope = {0}, *s = &scope;
    if (!is_floating(name, "input1", a) || !is_floating(name, "input2", b) || !target)
        return NULL;
    if (target->ndim > 1 || a->ndim != target->ndim + 1 || b->ndim != target->ndim + 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: inputs {N, D} with a target {N}, or inputs {D} with a target {}, are needed, got %s, %s "
                        "and target %s",
                        name, TYI_DESCRIBE(a), TYI_DESCRIBE(b), TYI_DESCRIBE(target));
    ty_tensor *ab = MUL(a, b), *aa = MUL(a, a), *bb = MUL(b, b);
    if (!ab || !aa || !bb)
        return tyi_result(s, NULL);
    ty_tensor *scale = F(sqrt, MUL(ADD(LAST(sum, aa), NUM(1e-12)), ADD(LAST(sum, bb), NUM(1e-12))));
    ty_tensor *cosine = DIV(LAST(sum, ab), scale);
    ty_tensor *close = WHERE(KEEP(ty_eq(target, NUM(1))), SUB(NUM(1), cosine), NUM(0));
    ty_tensor *apart = WHERE(KEEP(ty_eq(target, NUM(-1))), at_least(s, SUB(cosine, NUM(margin)), 0), NUM(0));
    return tyi_reduced(s, ADD(close, apart), reduction);
}
