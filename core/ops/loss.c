/*
 * Losses: nll_loss, cross_entropy, mse_loss. Cross entropy against classes is one pass over the logits each way; label
 * smoothing, class probabilities and second derivatives are made of ordinary ops.
 */
#include "ops/loss.h"

/* ---- Checks of classes ---- */

/* Found by kernels: where the target lies on a device that need not come to the host, and a replay of a recorded step
 * looks anew. True: all are in order. */
static bool all_fit(const tyi_backend *backend, ty_tensor *target, int64_t classes, int64_t ignore_index)
{
    int outer = tyi_temps_begin();
    ty_tensor *first = tyi_temp(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *beyond = tyi_temp(ty_scalar_tensor(ty_int(classes), TY_DTYPE_NONE, true));
    ty_tensor *ignored = tyi_temp(ty_scalar_tensor(ty_int(ignore_index), TY_DTYPE_NONE, true));
    ty_tensor *below = tyi_temp(ty_lt(target, first)), *above = tyi_temp(ty_ge(target, beyond));
    ty_tensor *none = tyi_temp(ty_logical_or(below, above));
    ty_tensor *bad = tyi_temp(ty_logical_and(none, tyi_temp(ty_ne(target, ignored))));
    int64_t count = 1;
    if (!bad || backend->nonzero_count(tyi_data(bad), bad->numel, &count) != TY_OK)
        count = 1;
    tyi_temps_end(outer);
    return count == 0;
}

ty_status tyi_check_classes(const char *name, ty_tensor *target, int64_t classes, int64_t ignore_index)
{
    if (target->numel == 0)
        return TY_OK;
    const tyi_backend *backend = tyi_backend_of(target->storage->device);
    int64_t low, high;
    if (!backend || backend->index_range(tyi_data(target), target->numel, &low, &high) != TY_OK)
        return TY_FAIL;
    if (low >= 0 && high < classes) {
        tyi_index_bounds(0, classes - 1);
        return TY_OK;
    }
    tyi_index_bounds(INT64_MIN, INT64_MAX); /* what follows says which are in order */
    if ((tyi_watching || target->storage->device.type != TY_CPU) && all_fit(backend, target, classes, ignore_index))
        return TY_OK;
    ty_tensor *host = ty_to(target, TY_DTYPE_NONE, TY_DEVICE_CPU, false);
    if (!host)
        return TY_FAIL;
    const int64_t *t = tyi_data(host);
    int64_t bad = 0;
    while (bad < host->numel && (t[bad] == ignore_index || (t[bad] >= 0 && t[bad] < classes)))
        bad++;
    ty_status status = TY_OK;
    if (bad < host->numel && t[bad] == TY_NO_CLASS)
        status =
            ty_fail(TY_ERROR_INDEX,
                    "%s: target 0 is no class: classes count from 1 (the input has %lld); where 0 marks what is not "
                    "to count, say ignore_index = 0",
                    name, (long long)classes);
    else if (bad < host->numel && classes == 0)
        status =
            ty_fail(TY_ERROR_INDEX, "%s: target %lld is no class: the input has no classes", name, tyi_said(t[bad]));
    else if (bad < host->numel)
        status = ty_fail(TY_ERROR_INDEX, "%s: target %lld is no class: the input has %lld classes, %lld to %lld", name,
                         tyi_said(t[bad]), (long long)classes, tyi_said(0), tyi_said(classes - 1));
    ty_release(host);
    return status;
}

ty_tensor *tyi_class_targets(const char *name, ty_tensor *x, ty_tensor *target, int64_t ignore_index)
{
    ty_dtype dtype = (ty_dtype)target->dtype;
    if (dtype == TY_BOOL || ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: the target holds class indices, of an integer dtype; this one is %s: "
                        "convert it: target:to(ty.int64)",
                        name, TYI_DESCRIBE(target));
    int64_t sizes[TY_MAX_DIMS];
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++)
        if (d != (x->ndim == 1 ? 0 : 1))
            sizes[ndim++] = x->sizes[d];
    bool fits = target->ndim == ndim || (x->ndim == 1 && target->ndim == 1 && target->sizes[0] == 1);
    for (int d = 0; fits && d < ndim; d++)
        fits = target->sizes[d] == sizes[d];
    if (!fits) {
        if (ndim && target->ndim && target->sizes[0] != sizes[0])
            return tyi_fail(TY_ERROR_VALUE,
                            "%s: input %s and target %s do not fit: a batch of %lld against one of %lld", name,
                            TYI_SHAPE(x), TYI_SHAPE(target), (long long)sizes[0], (long long)target->sizes[0]);
        char cure[64] = "";
        if (target->ndim == ndim + 1 && target->sizes[ndim] == 1)
            snprintf(cure, sizeof cure, "; did you mean target:squeeze(%lld)?", tyi_said(ndim));
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: input %s takes a target of shape %s, one class for each; this one's is %s%s", name,
                        TYI_SHAPE(x), tyi_shape_text(ndim, sizes).s, TYI_SHAPE(target), cure);
    }
    ty_device device;
    if (tyi_same_device(name, 2, (ty_tensor *[]){x, target}, &device) != TY_OK)
        return NULL;
    ty_tensor *whole = ty_to(target, TY_INT64, device, false);
    ty_tensor *dense = tyi_dense(whole);
    ty_release(whole);
    if (dense && dense->ndim != ndim) {
        whole = dense;
        dense = ty_view(whole, ndim, sizes);
        ty_release(whole);
    }
    if (dense && tyi_check_classes(name, dense, x->sizes[x->ndim == 1 ? 0 : 1], ignore_index) != TY_OK)
        return tyi_drop(dense);
    return dense;
}

ty_status tyi_check_class_weight(const char *name, ty_tensor *x, ty_tensor *weight)
{
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: the input must be floating; this one is %s: convert it: x:to(ty.float32)",
                       name, TYI_DESCRIBE(x));
    if (x->ndim == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: the input has no dimensions; it is {N, C, ...}, or {C} for one sample",
                       name);
    if (!weight)
        return TY_OK;
    int64_t classes = x->sizes[x->ndim == 1 ? 0 : 1];
    if (weight->ndim != 1 || weight->sizes[0] != classes)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: weight holds one number for each of the %lld classes; this one's shape is %s", name,
                       (long long)classes, TYI_SHAPE(weight));
    if (weight->dtype != x->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: weight is %s and the input %s; convert it: weight:to(ty.%s)", name,
                       ty_dtype_name((ty_dtype)weight->dtype), ty_dtype_name((ty_dtype)x->dtype),
                       ty_dtype_name((ty_dtype)x->dtype));
    if (tyi_needs_grad(1, &weight))
        return ty_fail(TY_ERROR_VALUE, "%s: there is no gradient for weight; give weight:detach()", name);
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){x, weight}, &device);
}

/* ---- Negative log-likelihood, of log-probabilities or of logits ---- */

typedef struct nll_context {
    tyi_shape shape; /* of the input */
    int64_t ignore_index;
    ty_reduction reduction;
    bool from_logits;
} nll_context;

enum { SAVED_X, SAVED_LOG_PROBS, SAVED_TARGET, SAVED_FACTOR, SAVED_TOTAL, SAVED_COUNT };

static tyi_nll_args args_of(const ty_tensor *x, const ty_tensor *target, const nll_context *context)
{
    tyi_nll_args args = {.dtype = (ty_dtype)x->dtype,
                         .from_logits = context->from_logits,
                         .target = tyi_data(target),
                         .ignore_index = context->ignore_index,
                         .outer = x->ndim == 1 ? 1 : x->sizes[0],
                         .classes = x->sizes[x->ndim == 1 ? 0 : 1],
                         .inner = 1};
    for (int d = 2; d < x->ndim; d++)
        args.inner *= x->sizes[d];
    return args;
}

/* One pass: grad {N, d...} is the gradient of each position's loss. */
static ty_tensor *nll_backward_fused(ty_tensor *log_probs, ty_tensor *target, ty_tensor *factor, ty_tensor *grad,
                                     const nll_context *context)
{
    const tyi_backend *backend = tyi_backend_of(factor->storage->device);
    ty_tensor *wide = tyi_temp(grad ? ty_expand(grad, target->ndim, target->sizes) : NULL);
    ty_tensor *dense = tyi_temp(tyi_dense(wide));
    if (!backend || !dense)
        return NULL;
    ty_tensor *out =
        tyi_new(context->shape.ndim, context->shape.sizes, (ty_dtype)factor->dtype, factor->storage->device);
    if (!out || out->numel == 0)
        return out;
    tyi_nll_args args = args_of(out, target, context);
    args.x = log_probs ? tyi_data(log_probs) : NULL;
    args.grad = tyi_data(dense), args.factor_in = tyi_data(factor), args.grad_x = tyi_data(out);
    return backend->nll_backward(&args) == TY_OK ? out : tyi_drop(out);
}

/* The same of ordinary ops. */
static ty_tensor *nll_backward_composed(ty_tensor *x, ty_tensor *target, ty_tensor *factor, ty_tensor *grad,
                                        const nll_context *context)
{
    int dim = context->shape.ndim == 1 ? 0 : 1;
    ty_tensor *zero = tyi_temp(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *ignored =
        tyi_temp(ty_eq(target, tyi_temp(ty_scalar_tensor(ty_int(context->ignore_index), TY_DTYPE_NONE, true))));
    if (!zero || !ignored)
        return NULL;
    /* What is ignored may as well be class 0; its factor is 0, but the gradient is NaN when nothing counts. */
    ty_tensor *classes = tyi_temp(ty_unsqueeze(tyi_temp(ty_masked_fill(target, ignored, zero)), dim));
    ty_tensor *weighted = tyi_temp(ty_masked_fill(tyi_temp(ty_mul(factor, grad)), ignored, zero));
    weighted = tyi_temp(ty_unsqueeze(weighted, dim));
    ty_tensor *zeros = tyi_temp(tyi_zeros_of(&context->shape, factor));
    if (!context->from_logits)
        return ty_scatter(zeros, dim, classes, tyi_temp(ty_neg(weighted)));
    ty_tensor *one = tyi_temp(ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true));
    ty_tensor *hot = tyi_temp(ty_scatter(zeros, dim, classes, one));
    ty_tensor *softmax = tyi_temp(ty_softmax(x, dim, TY_DTYPE_NONE));
    return ty_mul(tyi_temp(ty_sub(softmax, hot, ty_int(1))), weighted);
}

static ty_status nll_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const nll_context *context = tyi_context(node);
    ty_tensor *target = tyi_saved(node, SAVED_TARGET), *factor = tyi_saved(node, SAVED_FACTOR);
    if (!target || !factor)
        return TY_FAIL;
    ty_tensor *grad = grad_out[0];
    if (context->reduction == TY_REDUCE_MEAN)
        grad = tyi_temp(ty_div(grad, tyi_saved(node, SAVED_TOTAL)));
    ty_tensor *values = NULL;
    if (context->from_logits)
        values = tyi_saved(node, ty_grad_enabled() ? SAVED_X : SAVED_LOG_PROBS);
    if (!grad || (context->from_logits && !values))
        return TY_FAIL;
    grad_in[0] = ty_grad_enabled() ? nll_backward_composed(values, target, factor, grad, context)
                                   : nll_backward_fused(values, target, factor, grad, context);
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind nll_kind = {"NllLossBackward0", nll_backward};
static const tyi_node_kind nll2d_kind = {"NllLoss2DBackward0", nll_backward};

/* The checked loss. target as tyi_class_targets() made it. */
static ty_tensor *nll(ty_tensor *x, ty_tensor *target, ty_tensor *weight, const nll_context *context)
{
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    if (!backend)
        return NULL;
    ty_dtype dtype = (ty_dtype)x->dtype;
    ty_device device = x->storage->device;
    tyi_scope scope = {0};
    ty_tensor *out = NULL, *total = NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *dense = tyi_keep(&scope, ty_contiguous(x));
    ty_tensor *weights = weight ? tyi_keep(&scope, ty_contiguous(weight)) : NULL;
    ty_tensor *loss = tyi_keep(&scope, tyi_new(target->ndim, target->sizes, dtype, device));
    ty_tensor *factor = tyi_keep(&scope, tyi_new(target->ndim, target->sizes, dtype, device));
    ty_tensor *log_probs = context->from_logits ? tyi_keep(&scope, tyi_new(x->ndim, x->sizes, dtype, device)) : NULL;
    if (!dense || (weight && !weights) || !loss || !factor || (context->from_logits && !log_probs))
        goto done;
    if (loss->numel) {
        tyi_nll_args args = args_of(dense, target, context);
        args.x = tyi_data(dense), args.weight = weights ? tyi_data(weights) : NULL;
        args.loss = tyi_data(loss), args.factor = tyi_data(factor);
        args.log_probs = log_probs ? tyi_data(log_probs) : NULL;
        if (backend->nll(&args) != TY_OK)
            goto done;
    }
    if (context->reduction == TY_REDUCE_NONE) {
        out = ty_retain(loss);
    } else {
        out = ty_sum(loss, 0, NULL, false, TY_DTYPE_NONE);
        if (out && context->reduction == TY_REDUCE_MEAN) {
            total = tyi_keep(&scope, ty_sum(factor, 0, NULL, false, TY_DTYPE_NONE));
            ty_tensor *sum = tyi_keep(&scope, out);
            out = total ? ty_div(sum, total) : NULL;
        }
    }
done:
    ty_set_grad_enabled(was);
    if (out && tyi_needs_grad(1, &x)) {
        nll_context kept = *context;
        kept.shape = tyi_shape_of(x);
        /* Log-probabilities are not read again; logits only by a second derivative. */
        out = tyi_record(out, x->ndim > 2 ? &nll2d_kind : &nll_kind, TYI_LIST(x), SAVED_COUNT,
                         (ty_tensor *[]){context->from_logits ? x : NULL, log_probs, target, factor, total}, &kept,
                         sizeof kept);
    }
    tyi_scope_end(&scope);
    return out;
}

/*
 * Log-probabilities x {N, C, d...} or {C}, floating, against classes {N, d...} or {} of an integer dtype: -weight[t]
 * x[t] for each; the mean is over the weights of those counted (NaN when nothing is). Targets equal to ignore_index do
 * not count. weight {C} of x's dtype, or NULL. Fails on a target that is no class.
 */
ty_tensor *ty_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index, ty_reduction reduction)
{
    if (!x || !target || tyi_check_class_weight("nll_loss", x, weight) != TY_OK)
        return NULL;
    ty_tensor *classes = tyi_class_targets("nll_loss", x, target, ignore_index);
    if (!classes)
        return NULL;
    nll_context context = {.ignore_index = ignore_index, .reduction = reduction};
    ty_tensor *out = nll(x, classes, weight, &context);
    ty_release(classes);
    return out;
}

/* ---- Cross entropy ---- */

static ty_tensor *number(tyi_scope *scope, double value)
{
    return tyi_keep(scope, ty_scalar_tensor(ty_float(value), TY_DTYPE_NONE, true));
}

/* weight {C} so that it broadcasts along dimension `dim` of x. */
static ty_tensor *weight_along(tyi_scope *scope, ty_tensor *weight, const ty_tensor *x, int dim)
{
    int64_t sizes[TY_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        sizes[d] = d == dim ? -1 : 1;
    return tyi_keep(scope, ty_reshape(weight, x->ndim, sizes));
}

/* Against classes, a share `smoothing` of each target spread over all classes. */
static ty_tensor *smoothed(tyi_scope *scope, ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                           ty_reduction reduction, double smoothing)
{
    int dim = x->ndim == 1 ? 0 : 1;
    int64_t class_dim = dim;
    ty_tensor *log_probs = tyi_keep(scope, ty_log_softmax(x, dim, TY_DTYPE_NONE));
    if (!log_probs)
        return NULL;
    nll_context context = {.ignore_index = ignore_index, .reduction = reduction};
    ty_tensor *hard = tyi_keep(scope, nll(log_probs, target, weight, &context));
    ty_tensor *each = log_probs;
    if (weight)
        each = tyi_keep(scope, ty_mul(log_probs, weight_along(scope, weight, x, dim)));
    each = tyi_keep(scope, ty_neg(tyi_keep(scope, ty_sum(each, 1, &class_dim, false, TY_DTYPE_NONE))));
    ty_tensor *ignored =
        tyi_keep(scope, ty_eq(target, tyi_keep(scope, ty_scalar_tensor(ty_int(ignore_index), TY_DTYPE_NONE, true))));
    ty_tensor *zero = tyi_keep(scope, ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *soft = tyi_keep(scope, ty_masked_fill(each, ignored, zero));
    if (reduction != TY_REDUCE_NONE)
        soft = tyi_keep(scope, ty_sum(soft, 0, NULL, false, TY_DTYPE_NONE));
    if (reduction == TY_REDUCE_MEAN) {
        ty_tensor *counted = tyi_keep(scope, ty_logical_not(ignored));
        counted = tyi_keep(scope, ty_to_dtype(counted, (ty_dtype)x->dtype));
        if (weight) {
            ty_tensor *known = tyi_keep(scope, ty_masked_fill(target, ignored, zero));
            ty_tensor *of_target = tyi_keep(scope, known ? ty_index(weight, 1, &known) : NULL);
            counted = tyi_keep(scope, ty_mul(counted, of_target));
        }
        soft = tyi_keep(scope, ty_div(soft, tyi_keep(scope, ty_sum(counted, 0, NULL, false, TY_DTYPE_NONE))));
    }
    hard = tyi_keep(scope, ty_mul(hard, number(scope, 1 - smoothing)));
    soft = tyi_keep(scope, ty_mul(soft, number(scope, smoothing / (double)x->sizes[dim])));
    return ty_add(hard, soft, ty_int(1));
}

/* Against probabilities of x's shape. */
static ty_tensor *against_probabilities(tyi_scope *scope, ty_tensor *x, ty_tensor *target, ty_tensor *weight,
                                        ty_reduction reduction, double smoothing)
{
    int dim = x->ndim == 1 ? 0 : 1;
    int64_t class_dim = dim, classes = x->sizes[dim];
    if (smoothing > 0) {
        target = tyi_keep(scope, ty_mul(target, number(scope, 1 - smoothing)));
        target = tyi_keep(scope, ty_add(target, number(scope, smoothing / (double)classes), ty_int(1)));
    }
    ty_tensor *product = tyi_keep(scope, ty_mul(tyi_keep(scope, ty_log_softmax(x, dim, TY_DTYPE_NONE)), target));
    if (weight)
        product = tyi_keep(scope, ty_mul(product, weight_along(scope, weight, x, dim)));
    if (reduction == TY_REDUCE_NONE)
        return ty_neg(tyi_keep(scope, ty_sum(product, 1, &class_dim, false, TY_DTYPE_NONE)));
    ty_tensor *sum = tyi_keep(scope, ty_neg(tyi_keep(scope, ty_sum(product, 0, NULL, false, TY_DTYPE_NONE))));
    if (reduction == TY_REDUCE_SUM)
        return ty_retain(sum);
    return ty_div(sum, number(scope, classes ? (double)(x->numel / classes) : 0));
}

/*
 * Logits x {N, C, d...} or {C}, floating, against classes {N, d...} or {} of an integer dtype (see ty_nll_loss), or
 * against probabilities of x's shape and a floating dtype, which take no ignore_index >= 0 and get gradients too.
 * label_smoothing, 0 to 1, is the share of each target that is spread evenly over all classes.
 */
ty_tensor *ty_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                            ty_reduction reduction, double label_smoothing)
{
    if (!x || !target || tyi_check_class_weight("cross_entropy", x, weight) != TY_OK)
        return NULL;
    if (!(label_smoothing >= 0 && label_smoothing <= 1))
        return tyi_fail(TY_ERROR_VALUE, "cross_entropy: label_smoothing must be from 0 to 1; it is %g",
                        label_smoothing);
    tyi_scope scope = {0};
    ty_tensor *out;
    if (tyi_same_shape(x, target)) {
        if (!ty_dtype_is_floating((ty_dtype)target->dtype))
            return tyi_fail(TY_ERROR_VALUE,
                            "cross_entropy: a target of the input's shape, %s, holds class probabilities and must be "
                            "floating; this one is %s: convert it, or give one class for each sample",
                            TYI_SHAPE(x), ty_dtype_name((ty_dtype)target->dtype));
        if (ignore_index >= 0)
            return tyi_fail(TY_ERROR_VALUE, "cross_entropy: ignore_index is for targets of classes; these are "
                                            "probabilities");
        out = against_probabilities(&scope, x, target, weight, reduction, label_smoothing);
    } else {
        ty_tensor *classes = tyi_keep(&scope, tyi_class_targets("cross_entropy", x, target, ignore_index));
        nll_context context = {.ignore_index = ignore_index, .reduction = reduction, .from_logits = true};
        if (!classes)
            out = NULL;
        else if (label_smoothing > 0)
            out = smoothed(&scope, x, classes, weight, ignore_index, reduction, label_smoothing);
        else
            out = nll(x, classes, weight, &context);
    }
    tyi_scope_end(&scope);
    return out;
}

/* ---- Mean squared error ---- */

static ty_status mse_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    ty_reduction reduction = *(const ty_reduction *)tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *target = x ? tyi_saved(node, 1) : NULL;
    if (!target)
        return TY_FAIL;
    double by = reduction == TY_REDUCE_MEAN ? 2.0 / (double)x->numel : 2.0;
    ty_tensor *factor = tyi_temp(ty_scalar_tensor(ty_float(by), TY_DTYPE_NONE, true));
    ty_tensor *scale = tyi_temp(ty_mul(grad_out[0], factor));
    ty_tensor *difference = tyi_temp(ty_sub(x, target, ty_int(1)));
    ty_tensor *grad = tyi_temp(ty_grad_enabled() ? ty_mul(difference, scale) : ty_mul_(difference, scale));
    if (!grad)
        return TY_FAIL;
    if (tyi_wants(node, 1) && !(grad_in[1] = ty_neg(grad)))
        return TY_FAIL;
    if (tyi_wants(node, 0))
        grad_in[0] = ty_retain(grad);
    return TY_OK;
}

static const tyi_node_kind mse_kind = {"MseLossBackward0", mse_backward};

/* One operand, of the shape and dtype of the result. */
static ty_tensor *widened(tyi_scope *scope, ty_tensor *x, ty_dtype dtype, int ndim, const int64_t *sizes)
{
    if ((ty_dtype)x->dtype != dtype)
        x = tyi_keep(scope, ty_to_dtype(x, dtype));
    bool same = x && x->ndim == ndim && memcmp(x->sizes, sizes, (size_t)ndim * sizeof *sizes) == 0;
    return !x || same ? x : tyi_keep(scope, ty_expand(x, ndim, sizes));
}

/* (x - target)^2, its mean or its sum; shapes broadcast and dtypes promote; the result is floating. */
ty_tensor *ty_mse_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction)
{
    if (!x || !target)
        return NULL;
    ty_dtype dtype = tyi_result_type(2, (ty_tensor *[]){x, target});
    if (!ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "mse_loss: %s and %s: one of them must be floating; convert it: x:to(ty.float32)",
                        TYI_DESCRIBE(x), TYI_DESCRIBE(target));
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    ty_device device;
    if (tyi_broadcast("mse_loss", x, target, &ndim, sizes) != TY_OK ||
        tyi_same_device("mse_loss", 2, (ty_tensor *[]){x, target}, &device) != TY_OK)
        return NULL;
    tyi_scope scope = {0};
    if (tyi_widen(&scope, TYI_OPERANDS(&x, &target)) != TY_DTYPE_NONE)
        return tyi_result(&scope, x && target ? tyi_keep(&scope, ty_mse_loss(x, target, reduction)) : NULL);
    ty_tensor *out = NULL, *wide_x = widened(&scope, x, dtype, ndim, sizes);
    ty_tensor *wide_target = wide_x ? widened(&scope, target, dtype, ndim, sizes) : NULL;
    if (wide_target) {
        bool was = ty_set_grad_enabled(false);
        ty_tensor *difference = tyi_keep(&scope, ty_sub(wide_x, wide_target, ty_int(1)));
        ty_tensor *square = difference ? tyi_keep(&scope, ty_mul_(difference, difference)) : NULL;
        if (!square || reduction == TY_REDUCE_NONE)
            out = ty_retain(square);
        else if (reduction == TY_REDUCE_SUM)
            out = ty_sum(square, 0, NULL, false, TY_DTYPE_NONE);
        else
            out = ty_mean(square, 0, NULL, false, TY_DTYPE_NONE);
        ty_set_grad_enabled(was);
        out = tyi_record(out, &mse_kind, TYI_LIST(wide_x, wide_target), TYI_LIST(wide_x, wide_target), &reduction,
                         sizeof reduction);
    }
    tyi_scope_end(&scope);
    return out;
}
