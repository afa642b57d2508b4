/*
 * Reductions: sum, mean, prod, var, std, amax, amin, max, min, argmax, argmin, all, any, count_nonzero, norm,
 * logsumexp, cumsum. A kernel sees {outer, reduced, inner}; what does not lie so in memory is copied into that order
 * first.
 */
#include <math.h>

#include "ops/support.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* ---- The walk over memory ---- */

typedef struct reduction {
    uint32_t mask;   /* reduced dimensions */
    int64_t reduced; /* elements that go into each result */
    int ndim;        /* of the result */
    int64_t sizes[TY_MAX_DIMS];
    int kept_ndim; /* with keepdim: dimensions of x, 1 where reduced */
    int64_t kept[TY_MAX_DIMS];
} reduction;

static ty_status plan(const char *name, const ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, reduction *r)
{
    if (tyi_dim_mask(name, x, ndims, dims, &r->mask) != TY_OK)
        return TY_FAIL;
    r->reduced = 1;
    r->ndim = 0;
    r->kept_ndim = x->ndim;
    for (int d = 0; d < x->ndim; d++) {
        bool goes = r->mask & 1u << d;
        r->kept[d] = goes ? 1 : x->sizes[d];
        if (goes)
            r->reduced *= x->sizes[d];
        if (!goes || keepdim)
            r->sizes[r->ndim++] = r->kept[d];
    }
    return TY_OK;
}

/* Dimensions list[0..n) of x walked as one: its size and stride; false when they are not evenly spaced. */
static bool merge(const ty_tensor *x, const int *list, int n, int64_t *size, int64_t *stride)
{
    *size = 1;
    *stride = 1;
    for (int i = n; i-- > 0;) {
        int d = list[i];
        if (x->sizes[d] == 1)
            continue;
        if (*size == 1)
            *stride = x->strides[d];
        else if (x->strides[d] != *stride * *size)
            return false;
        *size *= x->sizes[d];
    }
    return true;
}

/* Describes x to the kernel as {outer, reduced, inner}; false when its memory does not lie so. */
static bool describe(const ty_tensor *x, uint32_t mask, tyi_reduce_args *a)
{
    int reduced[TY_MAX_DIMS] = {0}, kept[TY_MAX_DIMS], n = 0, m = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (mask & 1u << d)
            reduced[n++] = d;
        else
            kept[m++] = d;
    }
    a->x = tyi_data(x);
    if (!merge(x, reduced, n, &a->reduced, &a->x_reduced))
        return false;
    /* The kept dimensions as two groups. The first cut that fits: preferably where the reduced ones stand. */
    int natural = 0;
    while (n && natural < m && kept[natural] < reduced[0])
        natural++;
    for (int i = 0; i <= m; i++) {
        int cut = i == 0 ? natural : i <= natural ? i - 1 : i;
        if (merge(x, kept, cut, &a->outer, &a->x_outer) && merge(x, kept + cut, m - cut, &a->inner, &a->x_inner))
            return true;
    }
    return false;
}

/* A row-major copy of x with the reduced dimensions last. */
static ty_tensor *arranged(ty_tensor *x, uint32_t mask)
{
    int64_t sizes[TY_MAX_DIMS], strides[TY_MAX_DIMS];
    int n = 0;
    for (int reduced = 0; reduced < 2; reduced++) {
        for (int d = 0; d < x->ndim; d++) {
            if (((mask >> d) & 1u) == (unsigned)reduced) {
                sizes[n] = x->sizes[d];
                strides[n++] = x->strides[d];
            }
        }
    }
    ty_tensor *view = tyi_alias(x, n, sizes, strides, x->offset);
    ty_tensor *dense = tyi_dense(view);
    ty_release(view);
    return dense;
}

/* Whether x is better reduced over its last dimensions first and then over the others, as {N, C, H, W} over all but C:
 * no copy in another order is needed then. *first: the last dimensions. Only for what may be taken in parts. */
static bool in_two(tyi_reduce op, const ty_tensor *x, const reduction *r, ty_dtype out_dtype, reduction *first)
{
    bool parts = op == TYI_REDUCE_SUM || op == TYI_REDUCE_MAX || op == TYI_REDUCE_MIN;
    if (!parts || out_dtype != (ty_dtype)x->dtype || tyi_is_reduced(out_dtype) || !tyi_is_dense(x))
        return false;
    *first = (reduction){.reduced = 1, .ndim = x->ndim};
    for (; first->ndim > 0 && r->mask & 1u << (first->ndim - 1); first->ndim--) {
        first->mask |= 1u << (first->ndim - 1);
        first->reduced *= x->sizes[first->ndim - 1];
    }
    memcpy(first->sizes, x->sizes, (size_t)first->ndim * sizeof *first->sizes);
    return first->reduced > 1 && first->mask != r->mask;
}

static ty_tensor *run(tyi_reduce op, ty_tensor *x, const reduction *r, ty_tensor *shift, ty_dtype out_dtype);

static ty_tensor *run_in_two(tyi_reduce op, ty_tensor *x, const reduction *r, const reduction *first)
{
    reduction second = *r;
    second.mask &= ~first->mask;
    second.reduced /= first->reduced;
    ty_tensor *part = run(op, x, first, NULL, (ty_dtype)x->dtype);
    ty_tensor *y = part ? run(op, part, &second, NULL, (ty_dtype)x->dtype) : NULL;
    ty_release(part);
    return y;
}

/* Runs the kernel over x (already of the dtype to compute in); a result of out_dtype and the plan's shape. out_dtype
 * (and shift) may be float32 for a reduced x. */
static ty_tensor *run(tyi_reduce op, ty_tensor *x, const reduction *r, ty_tensor *shift, ty_dtype out_dtype)
{
    ty_tensor *out = tyi_new(r->ndim, r->sizes, out_dtype, ty_device_of(x)), *copy = NULL;
    const tyi_backend *backend = tyi_backend_of(ty_device_of(x));
    if (!out || !backend)
        goto fail;
    if (out->numel == 0)
        return out;
    tyi_reduce_args a = {
        .op = op, .dtype = (ty_dtype)x->dtype, .out = tyi_data(out), .shift = shift ? tyi_data(shift) : NULL};
    a.wide_out = tyi_is_reduced((ty_dtype)x->dtype) && out_dtype == TY_FLOAT32;
    bool everything = out->numel == 1 && op != TYI_REDUCE_ARGMAX && op != TYI_REDUCE_ARGMIN;
    if (everything && tyi_is_dense(x)) { /* the order of elements does not matter */
        a.x = tyi_data(x);
        a.outer = a.inner = a.x_outer = a.x_inner = a.x_reduced = 1;
        a.reduced = x->numel;
    } else if (!describe(x, r->mask, &a)) {
        reduction first;
        if (in_two(op, x, r, out_dtype, &first)) {
            ty_release(out);
            return run_in_two(op, x, r, &first);
        }
        copy = arranged(x, r->mask);
        if (!copy)
            goto fail;
        a.x = tyi_data(copy);
        a.outer = out->numel;
        a.reduced = r->reduced;
        a.inner = 1;
        a.x_outer = r->reduced;
        a.x_reduced = a.x_inner = 1;
    }
    ty_status status = backend->reduce(&a);
    ty_release(copy);
    if (status == TY_OK)
        return out;
fail:
    ty_release(out);
    return NULL;
}

/* ---- Gradients ---- */

typedef struct reduce_context {
    tyi_shape x;
    reduction r;
    double factor; /* mean: 1 / n; var: 2 / (n - correction); norm: p */
} reduce_context;

static reduce_context context_of(const ty_tensor *x, const reduction *r)
{
    reduce_context c = {.x = tyi_shape_of(x), .r = *r};
    return c;
}

/* The reduced dimensions as a list; their number. */
static int reduced_dims(const reduce_context *c, int64_t *dims)
{
    int n = 0;
    for (int d = 0; d < c->x.ndim; d++)
        if (c->r.mask & 1u << d)
            dims[n++] = d;
    return n;
}

/* A result (or its gradient) with the reduced dimensions back, as size 1: it broadcasts against x. */
static ty_tensor *raised(const reduce_context *c, ty_tensor *y)
{
    return tyi_temp(ty_reshape(y, c->r.kept_ndim, c->r.kept));
}

static ty_status given(ty_tensor *grad, ty_tensor **grad_in)
{
    grad_in[0] = ty_retain(grad);
    return grad ? TY_OK : TY_FAIL;
}

static ty_tensor *recorded(ty_tensor *y, ty_tensor *x, const tyi_node_kind *kind, const reduce_context *c, bool save_y)
{
    ty_tensor *saved[] = {x, y};
    return tyi_record(y, kind, 1, &x, save_y ? 2 : 1, saved, c, sizeof *c);
}

/* ---- sum, mean ---- */

static ty_status sum_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *g = raised(c, grad_out[0]);
    if (g && c->factor != 1)
        g = MUL(g, NUM(c->factor));
    return given(g ? F(expand, g, c->x.ndim, c->x.sizes) : NULL, grad_in);
}

static const tyi_node_kind sum_node = {"SumBackward1", sum_backward}, sum_all_node = {"SumBackward0", sum_backward},
                           mean_node = {"MeanBackward1", sum_backward}, mean_all_node = {"MeanBackward0", sum_backward};

static ty_tensor *converted(ty_tensor *x, ty_dtype dtype)
{
    if (dtype == (ty_dtype)x->dtype)
        return ty_retain(x);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = ty_to_dtype(x, dtype);
    ty_set_grad_enabled(was);
    return y;
}

static ty_tensor *reduce_as(tyi_reduce op, ty_tensor *x, const reduction *r, ty_dtype dtype)
{
    ty_tensor *from = converted(x, dtype), *y = from ? run(op, from, r, NULL, dtype) : NULL;
    ty_release(from);
    return y;
}

static ty_dtype sum_dtype(const ty_tensor *x, ty_dtype dtype)
{
    if (dtype != TY_DTYPE_NONE)
        return dtype;
    return ty_dtype_is_floating((ty_dtype)x->dtype) ? (ty_dtype)x->dtype : TY_INT64;
}

/* torch.sum: integers and bools add up to int64. */
ty_tensor *ty_sum(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    reduction r;
    if (!x || plan("sum", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    ty_tensor *y = reduce_as(TYI_REDUCE_SUM, x, &r, sum_dtype(x, dtype));
    if (!y || !tyi_needs_grad(1, &x) || !ty_dtype_is_floating((ty_dtype)y->dtype))
        return y;
    reduce_context c = context_of(x, &r);
    c.factor = 1;
    return tyi_record(y, ndims ? &sum_node : &sum_all_node, 1, &x, 0, NULL, &c, sizeof c);
}

/* y, of a dtype that it was computed in, in `dtype`; takes it over. Records nothing. */
static ty_tensor *rounded(ty_tensor *y, ty_dtype dtype)
{
    ty_tensor *z = y ? converted(y, dtype) : NULL;
    ty_release(y);
    return z;
}

/* torch.mean: of floating tensors, or with a floating dtype. An empty one gives NaN. Of a reduced dtype, the sum is
 * float32: it may be larger than the dtype holds. */
ty_tensor *ty_mean(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    reduction r;
    if (!x || plan("mean", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    ty_dtype to = dtype == TY_DTYPE_NONE ? (ty_dtype)x->dtype : dtype;
    if (!ty_dtype_is_floating(to))
        return tyi_fail(TY_ERROR_VALUE, "mean: the mean of %s values is not a %s; convert first: x:float():mean()",
                        ty_dtype_name((ty_dtype)x->dtype), ty_dtype_name(to));
    bool same = x->dtype == (int8_t)to;
    ty_tensor *from = converted(x, same ? to : tyi_wide_of(to));
    ty_tensor *y = from ? run(TYI_REDUCE_SUM, from, &r, NULL, tyi_wide_of(to)) : NULL;
    ty_release(from);
    ty_tensor *n = ty_scalar_tensor(ty_float((double)r.reduced), TY_DTYPE_NONE, true);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *done = y && n ? ty_div_(y, n) : NULL;
    ty_set_grad_enabled(was);
    ty_release(n);
    ty_release(y);
    done = rounded(done, to);
    if (!done || !tyi_needs_grad(1, &x))
        return done;
    reduce_context c = context_of(x, &r);
    c.factor = 1.0 / (double)r.reduced;
    return tyi_record(done, ndims ? &mean_node : &mean_all_node, 1, &x, 0, NULL, &c, sizeof c);
}

/* ---- prod ---- */

/* The product of the others: y / x where no factor is 0, the product of the rest at a single 0, else 0. */
static ty_status prod_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *g = raised(c, grad_out[0]);
    if (!x || !g)
        return TY_FAIL;
    int64_t dims[TY_MAX_DIMS];
    int n = reduced_dims(c, dims);
    ty_tensor *zero = F(eq, x, NUM(0)), *rest = zero ? F(where, zero, NUM(1), x) : NULL;
    ty_tensor *product = rest ? F(prod, rest, n, dims, true, TY_DTYPE_NONE) : NULL;
    ty_tensor *zeros = zero ? F(sum, zero, n, dims, true, TY_DTYPE_NONE) : NULL;
    if (!product || !zeros)
        return TY_FAIL;
    ty_tensor *at_zero = F(where, F(eq, zeros, NUM(1)), product, NUM(0));
    ty_tensor *elsewhere = F(where, F(eq, zeros, NUM(0)), DIV(product, rest), NUM(0));
    return given(MUL(g, F(where, zero, at_zero, elsewhere)), grad_in);
}

static const tyi_node_kind prod_node = {"ProdBackward0", prod_backward};

/* torch.prod: integers and bools multiply up to int64. */
ty_tensor *ty_prod(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim, ty_dtype dtype)
{
    reduction r;
    if (!x || plan("prod", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    ty_tensor *y = reduce_as(TYI_REDUCE_PROD, x, &r, sum_dtype(x, dtype));
    if (!y || !ty_dtype_is_floating((ty_dtype)y->dtype))
        return y;
    reduce_context c = context_of(x, &r);
    return recorded(y, x, &prod_node, &c, false);
}

/* ---- var, std ---- */

static ty_tensor *var_gradient(const reduce_context *c, ty_tensor *g, ty_tensor *x)
{
    int64_t dims[TY_MAX_DIMS];
    int n = reduced_dims(c, dims);
    ty_tensor *mean = F(mean, x, n, dims, true, TY_DTYPE_NONE);
    return mean ? MUL(MUL(g, NUM(c->factor)), SUB(x, mean)) : NULL;
}

static ty_status var_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *g = raised(c, grad_out[0]);
    return x && g ? given(var_gradient(c, g, x), grad_in) : TY_FAIL;
}

static ty_status std_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *y = tyi_saved(node, 1);
    if (!x || !y)
        return TY_FAIL;
    ty_tensor *slope = F(where, F(eq, y, NUM(0)), NUM(0), DIV(grad_out[0], MUL(y, NUM(2))));
    ty_tensor *g = slope ? raised(c, slope) : NULL;
    return g ? given(var_gradient(c, g, x), grad_in) : TY_FAIL;
}

static const tyi_node_kind var_node = {"VarBackward0", var_backward}, std_node = {"StdBackward0", std_backward};

/* Sum of squares about the mean, in two passes, over n - correction. Of a reduced x, float32. */
static ty_tensor *variance(const char *name, ty_tensor *x, double correction, const reduction *r)
{
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "%s: floating values are needed, got %s; convert first: x:float()", name,
                        ty_dtype_name((ty_dtype)x->dtype));
    bool was = ty_set_grad_enabled(false);
    ty_dtype dtype = tyi_wide_of((ty_dtype)x->dtype);
    ty_tensor *mean = run(TYI_REDUCE_SUM, x, r, NULL, dtype), *y = NULL, *done = NULL;
    ty_tensor *n = ty_scalar_tensor(ty_float((double)r->reduced), TY_DTYPE_NONE, true);
    double left = (double)r->reduced - correction;
    ty_tensor *free = ty_scalar_tensor(ty_float(left > 0 ? left : 0), TY_DTYPE_NONE, true);
    ty_tensor *shift = mean && n && free ? ty_div_(mean, n) : NULL;
    if (shift)
        y = run(TYI_REDUCE_SUM_SQUARES, x, r, shift, dtype);
    if (y)
        done = ty_div_(y, free);
    ty_set_grad_enabled(was);
    ty_release(mean);
    ty_release(n);
    ty_release(free);
    ty_release(shift);
    ty_release(y);
    return done;
}

/* torch.var: over n - correction (1: the unbiased estimate). */
ty_tensor *ty_var(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim)
{
    reduction r;
    if (!x || plan("var", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    reduce_context c = context_of(x, &r);
    c.factor = 2 / ((double)r.reduced - correction > 0 ? (double)r.reduced - correction : 0);
    ty_tensor *y = rounded(variance("var", x, correction, &r), (ty_dtype)x->dtype);
    return recorded(y, x, &var_node, &c, false);
}

/* torch.std */
ty_tensor *ty_std(ty_tensor *x, int ndims, const int64_t *dims, double correction, bool keepdim)
{
    reduction r;
    if (!x || plan("std", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    ty_tensor *y = variance("std", x, correction, &r);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *root = rounded(y ? ty_sqrt_(y) : NULL, (ty_dtype)x->dtype);
    ty_set_grad_enabled(was);
    ty_release(y);
    reduce_context c = context_of(x, &r);
    c.factor = 2 / ((double)r.reduced - correction > 0 ? (double)r.reduced - correction : 0);
    return recorded(root, x, &std_node, &c, true);
}

/* ---- amax, amin, max, min ---- */

/* Equal extremes share the gradient. */
static ty_status extreme_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *y = tyi_saved(node, 1), *g = raised(c, grad_out[0]);
    if (!x || !y || !g || !(y = raised(c, y)))
        return TY_FAIL;
    int64_t dims[TY_MAX_DIMS];
    int n = reduced_dims(c, dims);
    ty_tensor *hit = F(eq, x, y), *hits = hit ? F(sum, hit, n, dims, true, TY_DTYPE_NONE) : NULL;
    return hits ? given(F(where, hit, DIV(g, hits), NUM(0)), grad_in) : TY_FAIL;
}

static const tyi_node_kind amax_node = {"AmaxBackward0", extreme_backward},
                           amin_node = {"AminBackward0", extreme_backward},
                           max_node = {"MaxBackward1", extreme_backward}, min_node = {"MinBackward1", extreme_backward};

/* An empty reduction has no largest element. */
static ty_status check_not_empty(const char *name, const ty_tensor *x, const reduction *r)
{
    if (r->reduced == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: a tensor of shape %s has no elements to choose from", name, TYI_SHAPE(x));
    return TY_OK;
}

static ty_tensor *extreme(const char *name, tyi_reduce op, const tyi_node_kind *kind, ty_tensor *x, int ndims,
                          const int64_t *dims, bool keepdim)
{
    reduction r;
    if (!x || plan(name, x, ndims, dims, keepdim, &r) != TY_OK || check_not_empty(name, x, &r) != TY_OK)
        return NULL;
    reduce_context c = context_of(x, &r);
    return recorded(run(op, x, &r, NULL, (ty_dtype)x->dtype), x, kind, &c, true);
}

/* torch.amax: the largest along the dimensions; equal ones share the gradient; NaN wins. */
ty_tensor *ty_amax(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim)
{
    return extreme("amax", TYI_REDUCE_MAX, &amax_node, x, ndims, dims, keepdim);
}

ty_tensor *ty_amin(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim)
{
    return extreme("amin", TYI_REDUCE_MIN, &amin_node, x, ndims, dims, keepdim);
}

/* torch.max of all elements. */
ty_tensor *ty_max(ty_tensor *x)
{
    return extreme("max", TYI_REDUCE_MAX, &max_node, x, 0, NULL, false);
}

ty_tensor *ty_min(ty_tensor *x)
{
    return extreme("min", TYI_REDUCE_MIN, &min_node, x, 0, NULL, false);
}

/* ---- argmax, argmin, max and min with their places ---- */

static ty_tensor *place_of(const char *name, tyi_reduce op, ty_tensor *x, const int *dim, bool keepdim)
{
    if (!x)
        return NULL;
    reduction r;
    if (!dim) { /* of the flattened tensor */
        ty_tensor *dense = tyi_dense(x),
                  *flat = dense ? tyi_alias(dense, 1, &dense->numel, (int64_t[]){1}, dense->offset) : NULL;
        ty_release(dense);
        ty_tensor *y = NULL;
        if (flat && plan(name, flat, 0, NULL, false, &r) == TY_OK && check_not_empty(name, x, &r) == TY_OK)
            y = run(op, flat, &r, NULL, TY_INT64);
        ty_release(flat);
        if (y && keepdim && x->ndim) {
            int64_t ones[TY_MAX_DIMS];
            for (int d = 0; d < x->ndim; d++)
                ones[d] = 1;
            ty_tensor *shaped = ty_reshape(y, x->ndim, ones);
            ty_release(y);
            return shaped;
        }
        return y;
    }
    int64_t one = *dim;
    if (plan(name, x, 1, &one, keepdim, &r) != TY_OK || check_not_empty(name, x, &r) != TY_OK)
        return NULL;
    return run(op, x, &r, NULL, TY_INT64);
}

/* torch.argmax: place of the largest along dim (NULL: in the flattened tensor); the first of equal ones; NaN wins. */
ty_tensor *ty_argmax(ty_tensor *x, const int *dim, bool keepdim)
{
    return place_of("argmax", TYI_REDUCE_ARGMAX, x, dim, keepdim);
}

ty_tensor *ty_argmin(ty_tensor *x, const int *dim, bool keepdim)
{
    return place_of("argmin", TYI_REDUCE_ARGMIN, x, dim, keepdim);
}

/* Values through gather, whose gradient goes to the chosen places. */
static ty_tensor *chosen(const char *name, tyi_reduce op, ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    *indices = NULL;
    if (!x)
        return NULL;
    if (x->ndim == 0) {
        if (tyi_wrap_dim(name, dim, 0) < 0)
            return NULL;
        *indices = ty_zeros(0, NULL, TY_INT64, ty_device_of(x));
        ty_tensor *same = *indices ? ty_clone(x) : NULL;
        if (!same)
            ty_release(*indices), *indices = NULL;
        return same;
    }
    ty_tensor *at = place_of(name, op, x, &dim, true);
    ty_tensor *values = at ? ty_gather(x, dim, at) : NULL;
    if (values && !keepdim) {
        ty_tensor *less_at = ty_squeeze_dim(at, dim), *less = ty_squeeze_dim(values, dim);
        ty_release(at);
        ty_release(values);
        at = less_at;
        values = less;
    }
    if (!at || !values) {
        ty_release(at);
        ty_release(values);
        return NULL;
    }
    *indices = at;
    return values;
}

/* torch.max(x, dim): the largest along a dimension and where it stands. */
ty_tensor *ty_max_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    return chosen("max", TYI_REDUCE_ARGMAX, x, dim, keepdim, indices);
}

ty_tensor *ty_min_dim(ty_tensor *x, int dim, bool keepdim, ty_tensor **indices)
{
    return chosen("min", TYI_REDUCE_ARGMIN, x, dim, keepdim, indices);
}

/* ---- all, any ---- */

static ty_tensor *quantified(const char *name, tyi_reduce op, ty_tensor *x, int ndims, const int64_t *dims,
                             bool keepdim)
{
    reduction r;
    if (!x || plan(name, x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    ty_tensor *y = run(op, x, &r, NULL, TY_BOOL);
    if (!y || x->dtype != TY_UINT8)
        return y;
    ty_tensor *bytes = ty_to_dtype(y, TY_UINT8);
    ty_release(y);
    return bytes;
}

/* torch.all: whether every element is true (not 0), as bool; of uint8 as uint8, which PyTorch took for masks once. */
ty_tensor *ty_all(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim)
{
    return quantified("all", TYI_REDUCE_ALL, x, ndims, dims, keepdim);
}

/* torch.any: whether some element is. */
ty_tensor *ty_any(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim)
{
    return quantified("any", TYI_REDUCE_ANY, x, ndims, dims, keepdim);
}

/* torch.count_nonzero: how many elements are not 0, as int64; over all, or over dimensions. */
ty_tensor *ty_count_nonzero(ty_tensor *x, int ndims, const int64_t *dims)
{
    int outer = tyi_temps_begin();
    ty_tensor *zero = tyi_temp(ty_scalar_tensor(ty_bool(false), TY_DTYPE_NONE, true)),
              *there = x ? F(ne, x, zero) : NULL;
    return tyi_composed(outer, there ? F(sum, there, ndims, dims, false, TY_INT64) : NULL);
}

/* ---- norm ---- */

/* The Euclidean norm's gradient is x / |x|, and 0 at 0. */
static ty_status norm_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *y = tyi_saved(node, 1), *g = raised(c, grad_out[0]);
    if (!x || !y || !g || !(y = raised(c, y)))
        return TY_FAIL;
    return given(F(where, F(eq, y, NUM(0)), NUM(0), MUL(x, DIV(g, y))), grad_in);
}

static const tyi_node_kind norm_node = {"LinalgVectorNormBackward0", norm_backward};

/* torch.norm of order p (2, 1, inf, -inf, 0 or any other). */
ty_tensor *ty_norm(ty_tensor *x, double p, int ndims, const int64_t *dims, bool keepdim)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "norm: floating values are needed, got %s; convert first: x:float()",
                        ty_dtype_name((ty_dtype)x->dtype));
    if (p == 2) {
        reduction r;
        if (plan("norm", x, ndims, dims, keepdim, &r) != TY_OK)
            return NULL;
        bool was = ty_set_grad_enabled(false);
        ty_dtype dtype = tyi_wide_of((ty_dtype)x->dtype);
        ty_tensor *zero = ty_zeros(r.ndim, r.sizes, dtype, ty_device_of(x));
        ty_tensor *squares = zero ? run(TYI_REDUCE_SUM_SQUARES, x, &r, zero, dtype) : NULL;
        ty_tensor *y = rounded(squares ? ty_sqrt_(squares) : NULL, (ty_dtype)x->dtype);
        ty_set_grad_enabled(was);
        ty_release(zero);
        ty_release(squares);
        reduce_context c = context_of(x, &r);
        return recorded(y, x, &norm_node, &c, true);
    }
    if (tyi_is_reduced((ty_dtype)x->dtype)) {
        tyi_scope scope = {0};
        tyi_widen(&scope, TYI_OPERANDS(&x));
        return tyi_result(&scope, tyi_keep(&scope, ty_norm(x, p, ndims, dims, keepdim)));
    }
    ty_tensor *size = ty_abs(x), *y = NULL;
    if (!size)
        return NULL;
    if (isinf(p)) {
        y = p > 0 ? ty_amax(size, ndims, dims, keepdim) : ty_amin(size, ndims, dims, keepdim);
    } else if (p == 1) {
        y = ty_sum(size, ndims, dims, keepdim, TY_DTYPE_NONE);
    } else if (p == 0) {
        ty_tensor *zero = ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true), *there = ty_ne(size, zero);
        y = ty_sum(there, ndims, dims, keepdim, (ty_dtype)x->dtype);
        ty_release(zero);
        ty_release(there);
    } else {
        ty_tensor *power = ty_scalar_tensor(ty_float(p), TY_DTYPE_NONE, true);
        ty_tensor *root = ty_scalar_tensor(ty_float(1 / p), TY_DTYPE_NONE, true);
        ty_tensor *powers = ty_pow(size, power), *sum = ty_sum(powers, ndims, dims, keepdim, TY_DTYPE_NONE);
        y = ty_pow(sum, root);
        ty_release(power);
        ty_release(root);
        ty_release(powers);
        ty_release(sum);
    }
    ty_release(size);
    return y;
}

/* ---- logsumexp ---- */

static ty_status logsumexp_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const reduce_context *c = tyi_context(node);
    ty_tensor *x = tyi_saved(node, 0), *y = tyi_saved(node, 1), *g = raised(c, grad_out[0]);
    if (!x || !y || !g || !(y = raised(c, y)))
        return TY_FAIL;
    return given(MUL(g, F(exp, SUB(x, y))), grad_in);
}

static const tyi_node_kind logsumexp_node = {"LogsumexpBackward0", logsumexp_backward};

/* torch.logsumexp: log of the sum of exponentials, without overflow. */
ty_tensor *ty_logsumexp(ty_tensor *x, int ndims, const int64_t *dims, bool keepdim)
{
    reduction r;
    if (!x || plan("logsumexp", x, ndims, dims, keepdim, &r) != TY_OK)
        return NULL;
    bool was = ty_set_grad_enabled(false);
    ty_tensor *from = ty_to_dtype(x, tyi_float_type((ty_dtype)x->dtype)), *y = NULL;
    if (from && r.reduced == 0) {
        y = ty_full(r.ndim, r.sizes, ty_float(-INFINITY), (ty_dtype)from->dtype, ty_device_of(x));
    } else if (from) {
        ty_tensor *most = ty_amax(from, ndims, dims, true), *finite = ty_isfinite(most);
        ty_tensor *zero = ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true), *shift = ty_where(finite, most, zero);
        ty_tensor *moved = ty_sub(from, shift, ty_int(1)), *powers = ty_exp(moved);
        ty_tensor *sum = ty_sum(powers, ndims, dims, true, TY_DTYPE_NONE), *log = ty_log(sum);
        ty_tensor *full = ty_add(log, shift, ty_int(1));
        y = ty_reshape(full, r.ndim, r.sizes);
        ty_tensor *made[] = {most, finite, zero, shift, moved, powers, sum, log, full};
        for (size_t i = 0; i < sizeof made / sizeof *made; i++)
            ty_release(made[i]);
    }
    ty_release(from);
    ty_set_grad_enabled(was);
    if (y && y->meta) { /* the view that reshape made has no history here; without its record it is a fresh result */
        ty_tensor *fresh = ty_detach(y);
        ty_release(y);
        y = fresh;
    }
    reduce_context c = context_of(x, &r);
    return recorded(y, x, &logsumexp_node, &c, true);
}

/* ---- cumsum ---- */

static ty_status cumsum_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    /* Each element went into the sums from its place on: total - (sum up to here) + here. */
    const int *dim = tyi_context(node);
    int64_t d = *dim;
    ty_tensor *g = grad_out[0], *total = F(sum, g, 1, &d, true, TY_DTYPE_NONE);
    ty_tensor *before = F(cumsum, g, *dim, TY_DTYPE_NONE);
    return total && before ? given(ADD(SUB(total, before), g), grad_in) : TY_FAIL;
}

static const tyi_node_kind cumsum_node = {"CumsumBackward0", cumsum_backward};

/* torch.cumsum: running sums along a dimension; integers and bools give int64. */
ty_tensor *ty_cumsum(ty_tensor *x, int dim, ty_dtype dtype)
{
    if (!x)
        return NULL;
    int d = tyi_wrap_dim("cumsum", dim, x->ndim);
    if (d < 0)
        return NULL;
    ty_dtype to = sum_dtype(x, dtype);
    ty_tensor *from = converted(x, to), *dense = from ? tyi_dense(from) : NULL, *y = NULL;
    ty_release(from);
    const tyi_backend *backend = dense ? tyi_backend_of(ty_device_of(dense)) : NULL;
    if (backend)
        y = tyi_new(x->ndim, x->sizes, to, ty_device_of(x));
    if (y) {
        int64_t outer = 1, inner = 1, size = x->ndim ? x->sizes[d] : 1;
        for (int k = 0; k < d; k++)
            outer *= x->sizes[k];
        for (int k = d + 1; k < x->ndim; k++)
            inner *= x->sizes[k];
        if (y->numel && backend->cumsum(to, tyi_data(dense), tyi_data(y), outer, size, inner) != TY_OK) {
            ty_release(y);
            y = NULL;
        }
    }
    ty_release(dense);
    if (!y || !ty_dtype_is_floating(to))
        return y;
    return tyi_record(y, &cumsum_node, 1, &x, 0, NULL, &d, sizeof d);
}
