/*
 * softmax and log_softmax. Relies on the backend's row kernels; the rules for second derivatives are made of ordinary
 * ops.
 */
#include "ops/support.h"

typedef struct softmax_context {
    int dim;
    bool log;
} softmax_context;

/* Fills the geometry: x is contiguous, its dimensions are {outer, size, inner} around `dim`. */
static tyi_softmax_args args_of(const ty_tensor *x, int dim, bool log)
{
    tyi_softmax_args args = {.dtype = (ty_dtype)x->dtype, .log = log, .outer = 1, .size = 1, .inner = 1};
    for (int d = 0; d < x->ndim; d++)
        *(d < dim ? &args.outer : d == dim ? &args.size : &args.inner) *= x->sizes[d];
    return args;
}

static ty_tensor *fused_backward(ty_tensor *g, ty_tensor *y, const softmax_context *context)
{
    const tyi_backend *backend = tyi_backend_of(y->storage->device);
    ty_tensor *dense = tyi_temp(tyi_dense(g));
    ty_tensor *out = dense && backend ? tyi_new(y->ndim, y->sizes, (ty_dtype)y->dtype, y->storage->device) : NULL;
    if (!out || out->numel == 0)
        return out;
    tyi_softmax_args args = args_of(y, context->dim, context->log);
    args.x = tyi_data(y), args.grad = tyi_data(dense), args.out = tyi_data(out);
    return backend->softmax_backward(&args) == TY_OK ? out : tyi_drop(out);
}

/* softmax: y (g - sum(y g)); log_softmax: g - exp(y) sum(g). y is the output. */
static ty_status softmax_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const softmax_context *context = tyi_context(node);
    ty_tensor *g = grad_out[0], *y = tyi_saved(node, 0);
    if (!y)
        return TY_FAIL;
    if (!ty_grad_enabled() && y->contiguous) {
        grad_in[0] = fused_backward(g, y, context);
        return grad_in[0] ? TY_OK : TY_FAIL;
    }
    int64_t dim = context->dim;
    int ndims = y->ndim ? 1 : 0;
    ty_tensor *weighted = context->log ? g : tyi_temp(ty_mul(y, g));
    ty_tensor *sum = tyi_temp(ty_sum(weighted, ndims, &dim, true, TY_DTYPE_NONE));
    ty_tensor *scale = context->log ? tyi_temp(ty_exp(y)) : y;
    grad_in[0] = ty_sub(weighted, tyi_temp(ty_mul(scale, sum)), ty_int(1));
    return grad_in[0] ? TY_OK : TY_FAIL;
}

static const tyi_node_kind softmax_kind = {"SoftmaxBackward0", softmax_backward};
static const tyi_node_kind log_softmax_kind = {"LogSoftmaxBackward0", softmax_backward};

static ty_tensor *softmax(const char *name, ty_tensor *x, int dim, ty_dtype dtype, bool log)
{
    if (!x)
        return NULL;
    softmax_context context = {tyi_wrap_dim(name, dim, x->ndim), log};
    if (context.dim < 0)
        return NULL;
    if (dtype == TY_DTYPE_NONE)
        dtype = (ty_dtype)x->dtype;
    if (!ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: the result of %s would be %s, and must be floating; convert it first: "
                        "x:to(ty.float32)",
                        name, TYI_DESCRIBE(x), ty_dtype_name(dtype));
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    ty_tensor *input = !backend ? NULL : dtype == (ty_dtype)x->dtype ? ty_retain(x) : ty_to_dtype(x, dtype);
    ty_tensor *dense = tyi_dense(input);
    ty_tensor *out = dense ? tyi_new(x->ndim, x->sizes, dtype, x->storage->device) : NULL;
    if (out && out->numel) {
        tyi_softmax_args args = args_of(dense, context.dim, log);
        args.x = tyi_data(dense), args.out = tyi_data(out);
        if (backend->softmax(&args) != TY_OK)
            out = tyi_drop(out);
    }
    out = tyi_record(out, log ? &log_softmax_kind : &softmax_kind, TYI_LIST(input), TYI_LIST(out), &context,
                     sizeof context);
    ty_release(dense);
    ty_release(input);
    return out;
}

/* x of any shape: exp(x) / sum(exp(x)) along dim, computed after subtracting the largest. Floating, or made so by
 * dtype. A tensor without dimensions counts as one element along dim 0. */
ty_tensor *ty_softmax(ty_tensor *x, int dim, ty_dtype dtype)
{
    return softmax("softmax", x, dim, dtype, false);
}

/* The logarithm of ty_softmax(), without its underflow. */
ty_tensor *ty_log_softmax(ty_tensor *x, int dim, ty_dtype dtype)
{
    return softmax("log_softmax", x, dim, dtype, true);
}
