/*
 * Normalisations by means and variances: batch_norm, layer_norm, group_norm, instance_norm, rms_norm. Each sees its
 * input as {outer, groups, per, run} and is one pass of the backend's fused kernel in each direction; the second rule,
 * for gradients of gradients, is made of ordinary ops.
 */
#include <float.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

typedef struct norm_context {
    int64_t outer, groups, per, run; /* weight and bias are {groups, per}, as tyi_norm_args has it */
    bool across, centred, given;
    double eps;
} norm_context;

enum { SAVED_X, SAVED_WEIGHT, SAVED_MEAN, SAVED_RSTD, SAVED_COUNT };

static tyi_norm_args args_of(const norm_context *c, ty_dtype dtype)
{
    return (tyi_norm_args){.dtype = dtype,
                           .across = c->across,
                           .centred = c->centred,
                           .given = c->given,
                           .outer = c->outer,
                           .groups = c->groups,
                           .per = c->per,
                           .run = c->run,
                           .eps = c->eps};
}

/* ---- Gradients ---- */

static ty_tensor *viewed(ty_tensor *x, const norm_context *c)
{
    return F(reshape, x, 4, (int64_t[]){c->outer, c->groups, c->per, c->run});
}

/* The means that a statistic is: over per and run, and over outer where groups reach across it. */
static ty_tensor *mean_over(ty_tensor *x, const norm_context *c)
{
    static const int64_t dims[] = {2, 3, 0};
    return F(mean, x, c->across ? 3 : 2, dims, true, TY_DTYPE_NONE);
}

/* The sums that a weight's gradient is, in the shape of the weight. */
static ty_tensor *summed_like(ty_tensor *x, const ty_tensor *weight)
{
    ty_tensor *sum = F(sum, x, 2, (int64_t[]){0, 3}, false, TY_DTYPE_NONE);
    return sum ? ty_reshape(sum, weight->ndim, weight->sizes) : NULL;
}

/* By ops that are differentiable: the statistics are made anew from x, so that what they depend on is seen. */
static ty_status composed_backward(tyi_node *node, const norm_context *c, ty_tensor *const *tensors, ty_tensor *grad,
                                   ty_tensor **grad_in)
{
    ty_tensor *weight = tensors[SAVED_WEIGHT], *x = viewed(tensors[SAVED_X], c), *g = viewed(grad, c), *rstd;
    ty_tensor *gw = weight ? MUL(g, F(reshape, weight, 4, (int64_t[]){1, c->groups, c->per, 1})) : g;
    if (c->given) {
        const int64_t sizes[] = {1, c->groups, 1, 1};
        x = SUB(x, F(reshape, tensors[SAVED_MEAN], 4, sizes));
        rstd = F(reshape, tensors[SAVED_RSTD], 4, sizes);
    } else {
        x = c->centred ? SUB(x, mean_over(x, c)) : x;
        rstd = F(rsqrt, ADD(mean_over(MUL(x, x), c), NUM(c->eps)));
    }
    ty_tensor *hat = MUL(x, rstd);
    if (!hat || !gw)
        return TY_FAIL;
    if (tyi_wants(node, 0)) {
        ty_tensor *grad_x = gw;
        if (!c->given)
            grad_x = SUB(c->centred ? SUB(gw, mean_over(gw, c)) : gw, MUL(hat, mean_over(MUL(gw, hat), c)));
        grad_x = MUL(grad_x, rstd);
        grad_in[0] = grad_x ? ty_reshape(grad_x, tensors[SAVED_X]->ndim, tensors[SAVED_X]->sizes) : NULL;
        if (!grad_in[0])
            return TY_FAIL;
    }
    if (tyi_wants(node, 1) && !(grad_in[1] = summed_like(MUL(g, hat), weight)))
        return TY_FAIL;
    return TY_OK;
}

static ty_tensor *same_shape(const ty_tensor *x)
{
    return tyi_new(x->ndim, x->sizes, (ty_dtype)x->dtype, x->storage->device);
}

/* One pass of the kernel; the gradients of weight and bias are {groups * per} as these are. */
static ty_status fused_backward(tyi_node *node, const norm_context *c, ty_tensor *const *tensors, ty_tensor *grad,
                                ty_tensor **grad_in)
{
    ty_tensor *x = tyi_temp(tyi_dense(tensors[SAVED_X])), *g = x ? tyi_temp(tyi_dense(grad)) : NULL;
    const tyi_backend *backend = g ? tyi_backend_of(x->storage->device) : NULL;
    if (!backend)
        return TY_FAIL;
    ty_tensor *weight = tensors[SAVED_WEIGHT] ? tyi_temp(tyi_dense(tensors[SAVED_WEIGHT])) : NULL;
    if (tensors[SAVED_WEIGHT] && !weight)
        return TY_FAIL;
    tyi_norm_args args = args_of(c, (ty_dtype)x->dtype);
    args.x = tyi_data(x), args.grad = tyi_data(g);
    args.weight = weight ? tyi_data(weight) : NULL;
    args.mean = tensors[SAVED_MEAN] ? tyi_data(tensors[SAVED_MEAN]) : NULL;
    args.rstd = tyi_data(tensors[SAVED_RSTD]);
    int64_t sizes = c->groups * c->per;
    for (int i = 0; i < 3; i++)
        if (tyi_wants(node, i)) {
            grad_in[i] = i == 0 ? same_shape(x) : tyi_new(1, &sizes, (ty_dtype)x->dtype, x->storage->device);
            if (!grad_in[i])
                return TY_FAIL;
        }
    args.grad_x = grad_in[0] ? tyi_data(grad_in[0]) : NULL;
    args.grad_weight = grad_in[1] ? tyi_data(grad_in[1]) : NULL;
    args.grad_bias = grad_in[2] ? tyi_data(grad_in[2]) : NULL;
    return backend->norm_backward(&args);
}

/* Of an input without elements. */
static ty_status empty_backward(tyi_node *node, const norm_context *c, ty_tensor *x, ty_tensor **grad_in)
{
    int64_t size = c->groups * c->per;
    for (int i = 0; i < 3; i++)
        if (tyi_wants(node, i)) {
            grad_in[i] = ty_zeros(i ? 1 : x->ndim, i ? &size : x->sizes, (ty_dtype)x->dtype, x->storage->device);
            if (!grad_in[i])
                return TY_FAIL;
        }
    return TY_OK;
}

static ty_status norm_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const norm_context *c = tyi_context(node);
    ty_tensor *tensors[SAVED_COUNT] = {NULL};
    for (int i = 0; i < SAVED_COUNT; i++)
        if (!tyi_saved_is_null(node, i) && !(tensors[i] = tyi_saved(node, i)))
            return TY_FAIL;
    ty_tensor *x = tensors[SAVED_X];
    if (x->numel == 0)
        return empty_backward(node, c, x, grad_in);
    if (!ty_grad_enabled())
        return fused_backward(node, c, tensors, grad_out[0], grad_in);
    if (composed_backward(node, c, tensors, grad_out[0], grad_in) != TY_OK)
        return TY_FAIL;
    if (!tyi_wants(node, 2))
        return TY_OK;
    ty_tensor *sum = F(sum, viewed(grad_out[0], c), 2, (int64_t[]){0, 3}, false, TY_DTYPE_NONE);
    grad_in[2] = sum ? ty_flatten(sum, 0, -1) : NULL;
    return grad_in[2] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind batch_kind = {"NativeBatchNormBackward0", norm_backward};
static const tyi_node_kind layer_kind = {"NativeLayerNormBackward0", norm_backward};
static const tyi_node_kind group_kind = {"NativeGroupNormBackward0", norm_backward};
static const tyi_node_kind rms_kind = {"FusedRmsNormBackward0", norm_backward};

/* ---- What all share ---- */

/* The tensors of a call; those that are absent are NULL. weight and bias are {groups * per}. */
typedef struct operands {
    ty_tensor *x, *weight, *bias;
    ty_tensor *mean, *rstd; /* given, or made by the kernel */
    ty_tensor *variance;    /* made by the kernel where it is wanted */
    bool wants_variance;
} operands;

static ty_status check_input(const char *name, const ty_tensor *x, int least)
{
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return ty_fail(TY_ERROR_VALUE, "%s: the input must be floating; this one is %s: convert it: x:to(ty.float32)",
                       name, TYI_DESCRIBE(x));
    if (x->ndim < least)
        return ty_fail(TY_ERROR_VALUE, "%s: the input has at least %d dimensions, {N, C, ...}; this one's shape is %s",
                       name, least, TYI_SHAPE(x));
    return TY_OK;
}

/* A weight, a bias or a running statistic (NULL is fine): its shape, and the input's dtype and device. */
static ty_status check_part(const char *name, const char *part, ty_tensor *tensor, ty_tensor *x, int ndim,
                            const int64_t *sizes)
{
    if (!tensor)
        return TY_OK;
    if (tensor->ndim != ndim || memcmp(tensor->sizes, sizes, (size_t)ndim * sizeof *sizes) != 0)
        return ty_fail(TY_ERROR_VALUE, "%s: %s must have the shape %s for an input %s; its shape is %s", name, part,
                       tyi_shape_text(ndim, sizes).s, TYI_SHAPE(x), TYI_SHAPE(tensor));
    if (tensor->dtype != x->dtype && !(tyi_is_reduced((ty_dtype)x->dtype) && tensor->dtype == TY_FLOAT32))
        return ty_fail(TY_ERROR_VALUE, "%s: %s is %s and the input %s; convert one of them: x:to(ty.%s)", name, part,
                       ty_dtype_name((ty_dtype)tensor->dtype), ty_dtype_name((ty_dtype)x->dtype),
                       ty_dtype_name((ty_dtype)tensor->dtype));
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){x, tensor}, &device);
}

/* Runs the kernel: makes the result, and the statistics that are not given. */
static ty_tensor *run(operands *o, const norm_context *c)
{
    const tyi_backend *backend = tyi_backend_of(o->x->storage->device);
    ty_tensor *out = backend ? same_shape(o->x) : NULL;
    if (!out || out->numel == 0)
        return out;
    ty_tensor *x = tyi_dense(o->x), *weight = o->weight ? tyi_dense(o->weight) : NULL;
    ty_tensor *bias = o->bias ? tyi_dense(o->bias) : NULL;
    int64_t count = c->across ? c->groups : c->outer * c->groups;
    ty_dtype dtype = (ty_dtype)out->dtype;
    if (!c->given) {
        o->mean = c->centred ? tyi_new(1, &count, dtype, out->storage->device) : NULL;
        o->rstd = tyi_new(1, &count, dtype, out->storage->device);
        o->variance = o->wants_variance ? tyi_new(1, &count, dtype, out->storage->device) : NULL;
    }
    bool whole = x && o->rstd && (o->mean || !c->centred) && (o->variance || !o->wants_variance) &&
                 (weight || !o->weight) && (bias || !o->bias);
    if (whole) {
        tyi_norm_args args = args_of(c, dtype);
        args.x = tyi_data(x), args.out = tyi_data(out), args.rstd = tyi_data(o->rstd);
        args.weight = weight ? tyi_data(weight) : NULL;
        args.bias = bias ? tyi_data(bias) : NULL;
        args.mean = o->mean ? tyi_data(o->mean) : NULL;
        args.variance = o->variance ? tyi_data(o->variance) : NULL;
        whole = backend->norm(&args) == TY_OK;
    }
    ty_release(x);
    ty_release(weight);
    ty_release(bias);
    return whole ? out : tyi_drop(out);
}

static ty_tensor *finish(operands *o, const norm_context *c, ty_tensor *out, const tyi_node_kind *kind)
{
    out = tyi_record(out, kind, TYI_LIST(o->x, o->weight, o->bias), TYI_LIST(o->x, o->weight, o->mean, o->rstd), c,
                     sizeof *c);
    ty_release(o->mean);
    ty_release(o->rstd);
    ty_release(o->variance);
    return out;
}

/* Float32 in the place of an input of a reduced dtype, and of the parts of its dtype (float32 parts go along as they
 * are); gives that dtype, or NONE where nothing is to be done. */
static ty_dtype widen(tyi_scope *scope, ty_tensor **x, int count, ty_tensor **const *parts)
{
    ty_dtype dtype = *x ? (ty_dtype)(*x)->dtype : TY_DTYPE_NONE;
    if (!*x || !tyi_is_reduced(dtype))
        return TY_DTYPE_NONE;
    for (int i = 0; i < count; i++)
        if (*parts[i] && (ty_dtype)(*parts[i])->dtype == dtype)
            *parts[i] = tyi_keep(scope, ty_to_dtype(*parts[i], TY_FLOAT32));
    *x = tyi_keep(scope, ty_to_dtype(*x, TY_FLOAT32));
    return dtype;
}

/* Ends the scope and gives y (or NULL), rounded to the dtype that widen() gave; takes y over. */
static ty_tensor *rounded(tyi_scope *scope, ty_tensor *y, ty_dtype dtype)
{
    tyi_keep(scope, y);
    y = ty_retain(tyi_round(scope, y, dtype));
    tyi_scope_end(scope);
    return y;
}

/* A running statistic that was widened takes its new value back. */
static ty_status take_back(ty_tensor *running, ty_tensor *wide)
{
    if (!running || running == wide)
        return TY_OK;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *copied = ty_copy_(running, wide);
    ty_set_grad_enabled(was);
    ty_release(copied);
    return copied ? TY_OK : TY_FAIL;
}

/* running = (1 - momentum) running + momentum statistic. */
static ty_status move_towards(ty_tensor *running, ty_tensor *statistic, double momentum)
{
    ty_tensor *keep = ty_scalar_tensor(ty_float(1 - momentum), TY_DTYPE_NONE, true);
    ty_tensor *scaled = statistic ? ty_mul_(running, keep) : NULL;
    ty_tensor *moved = scaled ? ty_add_(scaled, statistic, ty_float(momentum)) : NULL;
    ty_release(keep);
    ty_release(scaled);
    ty_release(moved);
    return moved ? TY_OK : TY_FAIL;
}

/* Both running statistics after a forward pass; the variance is the unbiased one of n values. repeats: of how many
 * samples, one after the other, the statistics are to be averaged. */
static ty_status update_running(operands *o, ty_tensor *running_mean, ty_tensor *running_var, double momentum, double n,
                                int64_t repeats)
{
    tyi_scope scope = {0};
    bool was = ty_set_grad_enabled(false);
    ty_tensor *unbias = tyi_keep(&scope, ty_scalar_tensor(ty_float(n / (n - 1)), TY_DTYPE_NONE, true));
    ty_tensor *statistics[] = {o->mean, tyi_keep(&scope, ty_mul(o->variance, unbias))};
    ty_tensor *running[] = {running_mean, running_var};
    ty_status status = TY_OK;
    for (int i = 0; i < 2 && status == TY_OK; i++) {
        ty_tensor *statistic = statistics[i];
        if (repeats > 1 && statistic) {
            int64_t first = 0, sizes[] = {repeats, statistic->numel / repeats};
            ty_tensor *each = tyi_keep(&scope, ty_view(statistic, 2, sizes));
            statistic = tyi_keep(&scope, ty_mean(each, 1, &first, false, TY_DTYPE_NONE));
        }
        status = move_towards(running[i], statistic, momentum);
    }
    ty_set_grad_enabled(was);
    tyi_scope_end(&scope);
    return status;
}

/* mean and rstd from running statistics, as tensors of their own: a later forward pass may move those. */
static ty_status take_given(operands *o, ty_tensor *running_mean, ty_tensor *running_var, double eps)
{
    tyi_scope scope = {0};
    bool was = ty_set_grad_enabled(false);
    ty_tensor *number = tyi_keep(&scope, ty_scalar_tensor(ty_float(eps), TY_DTYPE_NONE, true));
    ty_tensor *wide = tyi_keep(&scope, ty_add(running_var, number, ty_int(1)));
    o->mean = tyi_dense(running_mean);
    if (o->mean == running_mean) {
        ty_release(o->mean);
        o->mean = ty_clone(running_mean);
    }
    o->rstd = ty_rsqrt(wide);
    ty_set_grad_enabled(was);
    tyi_scope_end(&scope);
    if (o->mean && o->rstd)
        return TY_OK;
    ty_release(o->mean);
    ty_release(o->rstd);
    return TY_FAIL;
}

static int64_t product(const ty_tensor *x, int from)
{
    int64_t n = 1;
    for (int d = from; d < x->ndim; d++)
        n *= x->sizes[d];
    return n;
}

/* ---- batch_norm, instance_norm ---- */

static ty_status check_channels(const char *name, ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var,
                                ty_tensor *weight, ty_tensor *bias)
{
    if (!running_mean != !running_var)
        return ty_fail(TY_ERROR_VALUE, "%s: running_mean and running_var go together; only running_%s was given", name,
                       running_mean ? "mean" : "var");
    const int64_t *channels = &x->sizes[1];
    if (check_part(name, "weight", weight, x, 1, channels) != TY_OK ||
        check_part(name, "bias", bias, x, 1, channels) != TY_OK ||
        check_part(name, "running_mean", running_mean, x, 1, channels) != TY_OK)
        return TY_FAIL;
    return check_part(name, "running_var", running_var, x, 1, channels);
}

static ty_tensor *batch_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                             ty_tensor *bias, bool training, double momentum, double eps)
{
    if (!x || check_input("batch_norm", x, 2) != TY_OK ||
        check_channels("batch_norm", x, running_mean, running_var, weight, bias) != TY_OK)
        return NULL;
    norm_context c = {.outer = x->sizes[0],
                      .groups = x->sizes[1],
                      .per = 1,
                      .run = product(x, 2),
                      .across = true,
                      .centred = true,
                      .given = !training,
                      .eps = eps};
    if (!training && !running_mean)
        return tyi_fail(TY_ERROR_VALUE, "batch_norm: without training = true, running_mean and running_var are needed");
    if (training && c.outer * c.run == 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "batch_norm: in training each channel needs more than 1 value; the input's shape is %s: use a "
                        "larger batch, or eval mode",
                        TYI_SHAPE(x));
    operands o = {.x = x, .weight = weight, .bias = bias, .wants_variance = training && running_mean};
    if (!training && take_given(&o, running_mean, running_var, eps) != TY_OK)
        return NULL;
    ty_tensor *out = run(&o, &c);
    if (out && o.variance &&
        update_running(&o, running_mean, running_var, momentum, (double)(c.outer * c.run), 1) != TY_OK)
        out = tyi_drop(out);
    return finish(&o, &c, out, &batch_kind);
}

static ty_tensor *instance_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                                ty_tensor *bias, bool use_input_stats, double momentum, double eps)
{
    if (!x || check_input("instance_norm", x, 2) != TY_OK ||
        check_channels("instance_norm", x, running_mean, running_var, weight, bias) != TY_OK)
        return NULL;
    if (!use_input_stats) {
        if (!running_mean)
            return tyi_fail(TY_ERROR_VALUE, "instance_norm: without use_input_stats, running_mean and running_var are "
                                            "needed");
        return batch_norm(x, running_mean, running_var, weight, bias, false, momentum, eps);
    }
    norm_context c = {
        .outer = x->sizes[0], .groups = x->sizes[1], .per = 1, .run = product(x, 2), .centred = true, .eps = eps};
    if (c.run == 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "instance_norm: each channel of a sample needs more than 1 value; the input's shape is %s",
                        TYI_SHAPE(x));
    operands o = {.x = x, .weight = weight, .bias = bias, .wants_variance = running_mean};
    ty_tensor *out = run(&o, &c);
    if (out && o.variance && update_running(&o, running_mean, running_var, momentum, (double)c.run, c.outer) != TY_OK)
        out = tyi_drop(out);
    return finish(&o, &c, out, &batch_kind);
}

/* By batch_norm or instance_norm, around the reduced dtypes. */
static ty_tensor *by_channels(ty_tensor *(*f)(ty_tensor *, ty_tensor *, ty_tensor *, ty_tensor *, ty_tensor *, bool,
                                              double, double),
                              ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                              ty_tensor *bias, bool by_input, double momentum, double eps)
{
    tyi_scope scope = {0};
    ty_tensor *wide_mean = running_mean, *wide_var = running_var;
    ty_tensor **const parts[] = {&wide_mean, &wide_var, &weight, &bias};
    ty_tensor *const given[] = {running_mean, running_var, weight, bias};
    ty_dtype dtype = widen(&scope, &x, 4, parts);
    bool whole = x;
    for (int i = 0; i < 4; i++)
        whole = whole && (*parts[i] || !given[i]);
    ty_tensor *out = whole ? f(x, wide_mean, wide_var, weight, bias, by_input, momentum, eps) : NULL;
    if (out && by_input && (take_back(running_mean, wide_mean) != TY_OK || take_back(running_var, wide_var) != TY_OK))
        out = tyi_drop(out);
    return rounded(&scope, out, dtype);
}

/* x {N, C, d...}: (x - mean) / sqrt(var + eps) * weight + bias for each channel. training: mean and variance are those
 * of the batch, and the running statistics {C} (both or neither) move towards them by `momentum`; else the running ones
 * are taken. All of one floating dtype, or float32 beside an x of a reduced one. torch.nn.functional.batch_norm */
ty_tensor *ty_batch_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                         ty_tensor *bias, bool training, double momentum, double eps)
{
    return by_channels(batch_norm, x, running_mean, running_var, weight, bias, training, momentum, eps);
}

/* x {N, C, d...}: each channel of each sample by itself. use_input_stats false: by the running statistics, as
 * batch_norm without training. torch.nn.functional.instance_norm */
ty_tensor *ty_instance_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                            ty_tensor *bias, bool use_input_stats, double momentum, double eps)
{
    return by_channels(instance_norm, x, running_mean, running_var, weight, bias, use_input_stats, momentum, eps);
}

/* ---- layer_norm, rms_norm, group_norm ---- */

/* weight or bias {normalized shape...} as {n}, borrowed; NULL stays NULL. */
static ty_tensor *flat(tyi_scope *scope, ty_tensor *part)
{
    return part && part->ndim != 1 ? tyi_keep(scope, ty_reshape(part, 1, &part->numel)) : part;
}

/* Over the last dimensions, which must be `shape`. */
static ty_tensor *over_last(const char *name, ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight,
                            ty_tensor *bias, norm_context *c, const tyi_node_kind *kind)
{
    if (check_input(name, x, 0) != TY_OK)
        return NULL;
    if (ndim < 1)
        return tyi_fail(TY_ERROR_VALUE, "%s: normalized_shape needs at least one size", name);
    if (ndim > x->ndim || memcmp(x->sizes + x->ndim - ndim, shape, (size_t)ndim * sizeof *shape) != 0)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: normalized_shape is %s, so the input's last dimensions must be that; its shape is %s",
                        name, tyi_shape_text(ndim, shape).s, TYI_SHAPE(x));
    if (check_part(name, "weight", weight, x, ndim, shape) != TY_OK ||
        check_part(name, "bias", bias, x, ndim, shape) != TY_OK)
        return NULL;
    tyi_scope scope = {0};
    ty_tensor *const given[] = {weight, bias};
    ty_dtype dtype = widen(&scope, &x, 2, (ty_tensor * *[]){&weight, &bias});
    if (!x || (given[0] && !weight) || (given[1] && !bias))
        return rounded(&scope, NULL, dtype);
    c->groups = c->run = c->outer = 1;
    c->per = product(x, x->ndim - ndim);
    for (int d = 0; d < x->ndim - ndim; d++)
        c->outer *= x->sizes[d];
    operands o = {.x = x, .weight = flat(&scope, weight), .bias = flat(&scope, bias)};
    bool whole = (o.weight || !weight) && (o.bias || !bias);
    return rounded(&scope, finish(&o, c, whole ? run(&o, c) : NULL, kind), dtype);
}

/* x {..., shape...}: (x - mean) / sqrt(var + eps) over the last dimensions, times weight plus bias {shape...}; either
 * may be NULL. torch.nn.functional.layer_norm */
ty_tensor *ty_layer_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight, ty_tensor *bias, double eps)
{
    norm_context c = {.centred = true, .eps = eps};
    return x ? over_last("layer_norm", x, ndim, shape, weight, bias, &c, &layer_kind) : NULL;
}

/* The distance from 1 to the next number of a dtype; of the reduced ones that of what is computed in. */
static double least_step(ty_dtype dtype)
{
    return dtype == TY_FLOAT64 ? DBL_EPSILON : (double)FLT_EPSILON;
}

/* x {..., shape...}: x / sqrt(mean(x^2) + eps) over the last dimensions, times weight {shape...} or NULL. eps less than
 * 0: the smallest step of x's dtype at 1. torch.nn.functional.rms_norm */
ty_tensor *ty_rms_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight, double eps)
{
    if (!x)
        return NULL;
    norm_context c = {.eps = eps >= 0 ? eps : least_step((ty_dtype)x->dtype)};
    return over_last("rms_norm", x, ndim, shape, weight, NULL, &c, &rms_kind);
}

/* x {N, C, d...}: each of `groups` equal parts of the channels of a sample by itself, times weight plus bias {C};
 * either may be NULL. torch.nn.functional.group_norm */
ty_tensor *ty_group_norm(ty_tensor *x, int64_t groups, ty_tensor *weight, ty_tensor *bias, double eps)
{
    if (!x || check_input("group_norm", x, 2) != TY_OK)
        return NULL;
    int64_t channels = x->sizes[1];
    if (groups < 1 || channels % groups)
        return tyi_fail(TY_ERROR_VALUE,
                        "group_norm: num_groups must divide the %lld channels (dimension %lld) of the input %s, got "
                        "%lld",
                        (long long)channels, tyi_said(1), TYI_SHAPE(x), (long long)groups);
    if (check_part("group_norm", "weight", weight, x, 1, &channels) != TY_OK ||
        check_part("group_norm", "bias", bias, x, 1, &channels) != TY_OK)
        return NULL;
    norm_context c = {.outer = x->sizes[0],
                      .groups = groups,
                      .per = channels / groups,
                      .run = product(x, 2),
                      .centred = true,
                      .eps = eps};
    if (c.outer * c.per * c.run == 1)
        return tyi_fail(TY_ERROR_VALUE,
                        "group_norm: a group needs more than 1 value; the input's shape is %s and num_groups %lld",
                        TYI_SHAPE(x), (long long)groups);
    tyi_scope scope = {0};
    ty_tensor *const given[] = {weight, bias};
    ty_dtype dtype = widen(&scope, &x, 2, (ty_tensor * *[]){&weight, &bias});
    if (!x || (given[0] && !weight) || (given[1] && !bias))
        return rounded(&scope, NULL, dtype);
    operands o = {.x = x, .weight = weight, .bias = bias};
    return rounded(&scope, finish(&o, &c, run(&o, &c), &group_kind), dtype);
}
