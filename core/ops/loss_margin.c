/*
 * Margin losses of classes (multi_margin_loss, multilabel_margin_loss, soft_margin_loss, multilabel_soft_margin_loss)
 * and gaussian_nll_loss: composed of ordinary ops, with gradients from those. Only the multilabel margins have a
 * kernel: their gradient is a matrix of constants, which the forward pass makes.
 */
#include "ops/loss.h"

#define KEEP(x) tyi_keep(s, x)
#define HOLD(x) KEEP(x)
#include "ops/expressions.h"

static ty_status check_scores(const char *name, const ty_tensor *x)
{
    if (!x)
        return TY_FAIL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: input must be floating, got %s; convert it first: x:float()", name,
                       TYI_DESCRIBE(x));
    if (x->ndim < 1 || x->ndim > 2 || x->sizes[x->ndim - 1] == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: input holds a score for each class, {N, C} or {C}; this one's shape is %s",
                       name, TYI_SHAPE(x));
    return TY_OK;
}

/* sum over j != y of max(0, margin - x[y] + x[j])^p / C, times weight[y]. x {N, C} or {C}, target {N} or {} of classes,
 * p 1 or 2, weight {C} or NULL. torch.nn.functional.multi_margin_loss */
ty_tensor *ty_multi_margin_loss(ty_tensor *x, ty_tensor *target, int64_t p, double margin, ty_tensor *weight,
                                ty_reduction reduction)
{
    const char *name = "multi_margin_loss";
    tyi_scope scope = {0}, *s = &scope;
    if (!target || check_scores(name, x) != TY_OK || tyi_check_class_weight(name, x, weight) != TY_OK)
        return NULL;
    if (p != 1 && p != 2)
        return tyi_fail(TY_ERROR_VALUE, "%s: p must be 1 or 2, got %lld", name, (long long)p);
    int dim = x->ndim - 1;
    int64_t along = dim;
    ty_tensor *classes = KEEP(tyi_class_targets(name, x, target, TY_NO_CLASS));
    ty_tensor *at = KEEP(classes ? ty_unsqueeze(classes, dim) : NULL);
    ty_tensor *own = KEEP(ty_gather(x, dim, at));
    ty_tensor *z = F(relu, ADD(SUB(NUM(margin), own), x));
    z = F(scatter, z, dim, at, NUM(0));
    ty_tensor *losses = p == 1 ? z : MUL(z, z);
    if (weight)
        losses = MUL(losses, F(unsqueeze, KEEP(classes ? ty_index(weight, 1, &classes) : NULL), dim));
    losses = DIV(F(sum, losses, 1, &along, false, TY_DTYPE_NONE), NUM((double)x->sizes[dim]));
    if (reduction == TY_REDUCE_NONE && x->ndim == 1 && target->ndim == 1)
        losses = F(unsqueeze, losses, 0);
    return tyi_reduced(s, losses, reduction);
}

/* log(1 + exp(-target x)), targets 1 and -1; without overflow. torch.nn.functional.soft_margin_loss */
ty_tensor *ty_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!x || !target)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "soft_margin_loss: input must be floating, got %s; convert it first: x:float()",
                        TYI_DESCRIBE(x));
    return tyi_reduced(s, F(neg, F(logsigmoid, MUL(x, target))), reduction);
}

/* The mean over the classes (the last dimension) of binary cross entropy of logits; target 0 or 1, weight broadcasts or
 * is NULL. torch.nn.functional.multilabel_soft_margin_loss */
ty_tensor *ty_multilabel_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction)
{
    const char *name = "multilabel_soft_margin_loss";
    tyi_scope scope = {0}, *s = &scope;
    const int64_t last = -1;
    if (!x || !target)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype) || x->ndim == 0)
        return tyi_fail(TY_ERROR_VALUE, "%s: input must be floating, {N, C} or {C}, got %s", name, TYI_DESCRIBE(x));
    ty_tensor *likely = MUL(target, F(logsigmoid, x));
    ty_tensor *unlikely = MUL(SUB(NUM(1), target), F(logsigmoid, F(neg, x)));
    ty_tensor *losses = F(neg, ADD(likely, unlikely));
    if (weight)
        losses = MUL(losses, weight);
    losses = DIV(F(sum, losses, 1, &last, false, TY_DTYPE_NONE), NUM((double)x->sizes[x->ndim - 1]));
    return tyi_reduced(s, losses, reduction);
}

/* ---- Margins between the classes that are there and those that are not ---- */

static ty_status multilabel_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_tensor *slopes = tyi_saved(node, 0);
    ty_tensor *grad = slopes ? tyi_temp(ty_unsqueeze(grad_out[0], -1)) : NULL;
    grad_in[0] = grad ? ty_mul(grad, slopes) : NULL;
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind multilabel_kind = {"MultilabelMarginLossBackward0", multilabel_backward};

/* Each row's loss, and in *slopes its gradient, of x's dtype; kept by the scope. A list ends with -1 or TY_NO_CLASS. */
static ty_tensor *multilabel_losses(tyi_scope *s, ty_tensor *x, ty_tensor *target, ty_tensor **slopes)
{
    ty_device device = x->storage->device;
    const tyi_backend *backend = tyi_backend_of(device);
    ty_tensor *wide = KEEP(ty_to_dtype(x, tyi_wide_of((ty_dtype)x->dtype))),
              *dense = KEEP(wide ? tyi_dense(wide) : NULL);
    ty_tensor *whole = KEEP(ty_to_dtype(target, TY_INT64));
    ty_tensor *end = KEEP(ty_scalar_tensor(ty_int(-1), TY_DTYPE_NONE, true));
    ty_tensor *none = KEEP(ty_scalar_tensor(ty_int(TY_NO_CLASS), TY_DTYPE_NONE, true));
    ty_tensor *ends = KEEP(whole && none ? ty_eq(whole, none) : NULL);
    ty_tensor *named = KEEP(ends && end ? ty_where(ends, end, whole) : NULL),
              *lists = KEEP(named ? tyi_dense(named) : NULL);
    int64_t classes = x->sizes[x->ndim - 1];
    if (!backend || !dense || !lists || tyi_check_classes("multilabel_margin_loss", lists, classes, -1) != TY_OK)
        return NULL;
    ty_tensor *losses = KEEP(tyi_new(x->ndim - 1, x->sizes, (ty_dtype)dense->dtype, device));
    ty_tensor *slope = KEEP(tyi_new(x->ndim, x->sizes, (ty_dtype)dense->dtype, device));
    if (!losses || !slope)
        return NULL;
    tyi_margin_args args = {.dtype = (ty_dtype)dense->dtype,
                            .rows = x->numel / classes,
                            .classes = classes,
                            .x = tyi_data(dense),
                            .target = tyi_data(lists),
                            .loss = tyi_data(losses),
                            .slope = tyi_data(slope)};
    if (backend->label_margins(&args) != TY_OK)
        return NULL;
    *slopes = KEEP(ty_to_dtype(slope, (ty_dtype)x->dtype));
    return *slopes ? KEEP(ty_to_dtype(losses, (ty_dtype)x->dtype)) : NULL;
}

/* sum over the classes t of the target and those j not in it of max(0, 1 - x[t] + x[j]) / C. x {N, C} or {C}; target of
 * the same shape: classes, up to the first -1 (or TY_NO_CLASS). torch.nn.functional.multilabel_margin_loss */
ty_tensor *ty_multilabel_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction)
{
    const char *name = "multilabel_margin_loss";
    tyi_scope scope = {0}, *s = &scope;
    ty_device device;
    if (!target || check_scores(name, x) != TY_OK || tyi_same_device(name, TYI_LIST(x, target), &device) != TY_OK)
        return NULL;
    if (!tyi_same_shape(x, target) || target->dtype == TY_BOOL || ty_dtype_is_floating((ty_dtype)target->dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: target has the input's shape, %s, and holds class indices of an integer dtype, ended by "
                        "-1; this one is %s",
                        name, TYI_SHAPE(x), TYI_DESCRIBE(target));
    bool was = ty_set_grad_enabled(false);
    ty_tensor *slopes = NULL, *losses = multilabel_losses(s, x, target, &slopes);
    ty_set_grad_enabled(was);
    ty_retain(losses);
    losses = losses ? KEEP(tyi_record(losses, &multilabel_kind, TYI_LIST(x), TYI_LIST(slopes), NULL, 0)) : NULL;
    return tyi_reduced(s, losses, reduction);
}

/* ---- Normal distributions ---- */

/* var of a shape that goes with x: x's own, or with one of its dimensions 1, or without the last. */
static ty_tensor *fitting_variance(tyi_scope *s, ty_tensor *x, ty_tensor *var)
{
    if (var->ndim == 0 && var->wrapped)
        return var;
    if (tyi_same_shape(x, var))
        return var;
    if (var->ndim == x->ndim - 1 && memcmp(var->sizes, x->sizes, (size_t)var->ndim * sizeof *var->sizes) == 0)
        return F(unsqueeze, var, -1);
    int64_t stretched = 0;
    for (int d = 0; var->ndim == x->ndim && d < x->ndim; d++)
        stretched += var->sizes[d] == x->sizes[d] ? 0 : var->sizes[d] == 1 ? 1 : 2;
    if (var->ndim == x->ndim && stretched == 1)
        return var;
    return tyi_fail(
        TY_ERROR_VALUE,
        "gaussian_nll_loss: var has the input's shape, %s, or 1 in one of its dimensions, or lacks the last; "
        "this one's is %s",
        TYI_SHAPE(x), TYI_SHAPE(var));
}

static ty_status check_variance(tyi_scope *s, ty_tensor *var)
{
    ty_scalar negative = ty_int(0);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *any = KEEP(ty_any(KEEP(ty_lt(var, NUM(0))), 0, NULL, false));
    ty_set_grad_enabled(was);
    if (!any || ty_item(any, &negative) != TY_OK)
        return TY_FAIL;
    if (negative.i)
        return ty_fail(TY_ERROR_VALUE, "gaussian_nll_loss: var holds variances, and some are negative");
    return TY_OK;
}

/* (log(v) + (x - target)^2 / v) / 2, v being var, but at least eps (which its gradient does not see); full: plus
 * log(2 pi) / 2. torch.nn.functional.gaussian_nll_loss */
ty_tensor *ty_gaussian_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *var, bool full, double eps,
                                ty_reduction reduction)
{
    tyi_scope scope = {0}, *s = &scope;
    if (!x || !target || !var)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "gaussian_nll_loss: input must be floating, got %s; convert it first: x:float()",
                        TYI_DESCRIBE(x));
    if (!(eps > 0))
        return tyi_fail(TY_ERROR_VALUE, "gaussian_nll_loss: eps must be greater than 0, got %g", eps);
    ty_tensor *v = fitting_variance(s, x, var);
    if (!v || check_variance(s, v) != TY_OK) {
        tyi_scope_end(s);
        return NULL;
    }
    if (v->wrapped)
        v = MUL(v, F(ones_like, x, TY_DTYPE_NONE));
    v = F(clone, v);
    bool was = ty_set_grad_enabled(false);
    v = v ? KEEP(ty_clamp_(v, NUM(eps), NULL)) : NULL;
    ty_set_grad_enabled(was);
    ty_tensor *d = SUB(x, target), *losses = MUL(ADD(F(log, v), DIV(MUL(d, d), v)), NUM(0.5));
    if (full)
        losses = ADD(losses, NUM(0.91893853320467274178)); /* log(2 pi) / 2 */
    return tyi_reduced(s, losses, reduction);
}
