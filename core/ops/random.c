/*
 * Random tensors and in-place draws: checks, the order of filling, dispatch. The values are the kernels' business; they
 * are those of PyTorch's CPU generator (how exactly is said in backend/cpu/random.c), and so is the order: along memory
 * for a tensor without gaps, otherwise by dimensions from the largest stride to the smallest.
 *
 * Nothing here depends differentiably on anything: in-place draws cut a tensor from its history, bernoulli and normal
 * give their arguments gradients of zero. Integers drawn as floats beyond 2^8 (bfloat16), 2^11 (float16), 2^24
 * (float32) or 2^53 (float64) are those that the dtype can hold.
 */
#include "ops/random.h"

#include <float.h>
#include <math.h>

#include "ops/ops.h"
#include "tensor/random.h"

/* ---- Order and dispatch ---- */

bool tyi_same_layout(const ty_tensor *a, const ty_tensor *b)
{
    if (!tyi_same_shape(a, b))
        return false;
    if (a->contiguous && b->contiguous)
        return true;
    for (int d = 0; d < a->ndim; d++)
        if (a->sizes[d] > 1 && a->strides[d] != b->strides[d])
            return false;
    return true;
}

/* What to fill memory with. */
typedef struct draw {
    enum { UNIFORM, NORMAL, BERNOULLI, EXPONENTIAL, INTEGERS, PERMUTATION, OTHER } what;
    tyi_distribution which; /* OTHER */
    double a, b;            /* from and to; mean and std; p; rate */
    int64_t low, high;
    ty_generator *g;
} draw;

static ty_status fill(const draw *d, const tyi_backend *backend, ty_dtype dtype, void *data, int64_t n)
{
    switch (d->what) {
    case UNIFORM:
        return backend->uniform(d->g, dtype, data, n, d->a, d->b);
    case NORMAL:
        return backend->normal(d->g, dtype, data, n, d->a, d->b);
    case BERNOULLI:
        return backend->bernoulli(d->g, dtype, data, n, d->a);
    case EXPONENTIAL:
        return backend->exponential(d->g, dtype, data, n, d->a);
    case OTHER:
        return backend->distribution(d->g, d->which, dtype, data, n, d->a, d->b);
    case INTEGERS:
        return backend->random_range(d->g, dtype, data, n, d->low, d->high);
    case PERMUTATION:
        return backend->randperm(d->g, dtype, data, n);
    }
    return TY_FAIL;
}

/* Fills x, which has no gaps. On the CPU PyTorch draws normals by blocks of 16 into contiguous tensors alone; into
 * others they come one by one, as the kernel draws fewer than 16. */
static ty_status fill_dense(const draw *d, ty_tensor *x, bool contiguous)
{
    enum { FEW = 15 };
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    if (!backend)
        return TY_FAIL;
    ty_dtype dtype = (ty_dtype)x->dtype;
    char *data = tyi_data(x);
    if (d->what != NORMAL || contiguous || x->storage->device.type != TY_CPU)
        return fill(d, backend, dtype, data, x->numel);
    ty_status status = TY_OK;
    for (int64_t i = 0; i < x->numel && status == TY_OK; i += FEW)
        status =
            fill(d, backend, dtype, data + (size_t)i * ty_dtype_size(dtype), x->numel - i < FEW ? x->numel - i : FEW);
    return status;
}

/* A fresh tensor full of draws. */
static ty_tensor *drawn(const char *name, const draw *d, int ndim, const int64_t *sizes, ty_dtype dtype,
                        ty_device device)
{
    int64_t numel;
    if (tyi_check_sizes(name, ndim, sizes, &numel) != TY_OK || tyi_generator_for(name, d->g, device) != TY_OK)
        return NULL;
    ty_tensor *x = tyi_new(ndim, sizes, dtype, device);
    if (x && numel && fill_dense(d, x, true) != TY_OK) {
        ty_release(x);
        return NULL;
    }
    return x;
}

/* x overwritten with draws, whatever its strides. The arguments have been checked. */
static ty_tensor *draw_into(const char *name, ty_tensor *x, const draw *d)
{
    if (tyi_generator_for(name, d->g, x->storage->device) != TY_OK || tyi_inplace_begin(name, x) != TY_OK)
        return NULL;
    ty_status status = TY_OK;
    if (x->numel && tyi_is_dense(x)) {
        status = fill_dense(d, x, x->contiguous);
    } else if (x->numel) {
        ty_tensor *dense = tyi_new_like(x, (ty_dtype)x->dtype);
        status = dense ? fill_dense(d, dense, false) : TY_FAIL;
        if (status == TY_OK)
            status = tyi_copy(x, dense);
        ty_release(dense);
    }
    if (status != TY_OK) {
        tyi_bump_version(x); /* an interrupted draw has changed a part */
        return NULL;
    }
    return tyi_inplace_record(x, NULL, 0, NULL, 0, NULL, NULL, 0);
}

/* ---- Checks ---- */

static ty_status check_floating(const char *name, ty_dtype dtype)
{
    if (ty_dtype_is_floating(dtype))
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: values are floating, so the dtype must be too, got %s", name,
                   ty_dtype_name(dtype));
}

/* The largest number of a floating dtype, and the bits of its fraction with the leading one. */
static double most_of(ty_dtype dtype)
{
    switch (dtype) {
    case TY_FLOAT16:
        return 65504;
    case TY_BFLOAT16:
        return 0x1.fep127;
    case TY_FLOAT32:
        return FLT_MAX;
    default:
        return DBL_MAX;
    }
}

static int digits_of(ty_dtype dtype)
{
    switch (dtype) {
    case TY_FLOAT16:
        return 11;
    case TY_BFLOAT16:
        return 8;
    case TY_FLOAT32:
        return FLT_MANT_DIG;
    default:
        return DBL_MANT_DIG;
    }
}

static ty_status check_uniform(const char *name, ty_dtype dtype, double from, double to)
{
    if (check_floating(name, dtype) != TY_OK)
        return TY_FAIL;
    double most = most_of(dtype);
    if (!(fabs(from) <= most) || !(fabs(to) <= most))
        return ty_fail(TY_ERROR_VALUE, "%s: the bounds must be finite numbers that %s holds, got %g and %g", name,
                       ty_dtype_name(dtype), from, to);
    if (!(from <= to))
        return ty_fail(TY_ERROR_VALUE, "%s: from = %g is greater than to = %g", name, from, to);
    if (!(to - from <= most))
        return ty_fail(TY_ERROR_VALUE, "%s: to - from must be a number that %s holds, but from = %g and to = %g", name,
                       ty_dtype_name(dtype), from, to);
    return TY_OK;
}

static ty_status check_normal(const char *name, ty_dtype dtype, double std)
{
    if (check_floating(name, dtype) != TY_OK)
        return TY_FAIL;
    if (!(std >= 0))
        return ty_fail(TY_ERROR_VALUE, "%s: the standard deviation must be 0 or more, got std = %g", name, std);
    return TY_OK;
}

/* The value of an int64 after a round trip through a dtype, as x86 converts: out of range is INT64_MIN. */
static int64_t through(ty_dtype dtype, int64_t value)
{
    double rounded = tyi_rounded(dtype, (double)value);
    return rounded < 0x1p63 ? (int64_t)rounded : INT64_MIN;
}

/* Distance between neighbours of a float dtype around a value. */
static int64_t step_at(ty_dtype dtype, int64_t value)
{
    int digits = digits_of(dtype);
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int log2 = size ? 63 - __builtin_clzll(size) : 0;
    return log2 >= digits ? INT64_C(1) << (log2 - digits + 1) : 1;
}

/* Checks the bounds of integers, and moves those of a float dtype inwards to numbers that it can hold, so that no drawn
 * value rounds to one out of bounds. */
static ty_status check_integers(const char *name, ty_dtype dtype, int64_t *low, int64_t *high)
{
    bool floating = ty_dtype_is_floating(dtype), open = *high == TYI_RANDOM_NO_HIGH;
    if (open && *low == TYI_RANDOM_NO_LOW)
        return TY_OK;
    if (open && *low == INT64_MIN) {
        if (floating || dtype == TY_INT64)
            return TY_OK;
        return ty_fail(TY_ERROR_VALUE, "%s: only int64 and floating tensors take all 64-bit integers, this one is %s",
                       name, ty_dtype_name(dtype));
    }
    if (!open && *low >= *high)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: values are drawn from low to high - 1, so low must be less than high, but got "
                       "low = %lld and high = %lld",
                       name, (long long)*low, (long long)*high);
    if (floating && (fabs((double)*low) > most_of(dtype) || (!open && fabs((double)*high - 1) > most_of(dtype))))
        return ty_fail(TY_ERROR_VALUE, "%s: %s does not reach from %lld to %lld", name, ty_dtype_name(dtype),
                       (long long)*low, (long long)*high);
    if (floating && *low < INT64_MAX) {
        int64_t next = through(dtype, *low + 1);
        if (next != INT64_MIN && next < *low)
            *low = next + step_at(dtype, *low + 1);
    }
    if (floating && !open) {
        int64_t last = through(dtype, *high - 1);
        if (last >= *high)
            *high = last - step_at(dtype, *high - 1);
        if (*low >= *high)
            return ty_fail(TY_ERROR_VALUE, "%s: %s holds no integer between these bounds", name, ty_dtype_name(dtype));
    }
    int64_t most = (int64_t)tyi_random_most(dtype);
    int64_t least = dtype == TY_BOOL || dtype == TY_UINT8 ? 0 : -most - 1;
    bool below = !floating && *low < least, above = (!floating || open) && (open ? *low : *high - 1) > most;
    if (below || above)
        return ty_fail(TY_ERROR_VALUE, "%s: %lld is out of range for %s, which holds %lld to %lld", name,
                       below || open ? (long long)*low : (long long)*high - 1, ty_dtype_name(dtype), (long long)least,
                       (long long)most);
    return TY_OK;
}

/* Smallest and largest element of a tensor that has some; NaN comes through. */
static ty_status extremes(ty_tensor *x, double *low, double *high)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *min = ty_amin(x, 0, NULL, false), *max = min ? ty_amax(x, 0, NULL, false) : NULL;
    ty_scalar a, b;
    ty_status status = max && ty_item(min, &a) == TY_OK && ty_item(max, &b) == TY_OK ? TY_OK : TY_FAIL;
    ty_set_grad_enabled(was);
    ty_release(min);
    ty_release(max);
    if (status != TY_OK)
        return TY_FAIL;
    *low = a.kind == TY_SCALAR_FLOAT ? a.f : (double)a.i;
    *high = b.kind == TY_SCALAR_FLOAT ? b.f : (double)b.i;
    return TY_OK;
}

/* ---- Fresh tensors ---- */

static ty_dtype or_default(ty_dtype dtype, ty_dtype otherwise)
{
    return dtype == TY_DTYPE_NONE ? otherwise : dtype;
}

/* Uniform in [0, 1), floating (default: the default dtype). torch.rand */
ty_tensor *ty_rand(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device, ty_generator *g)
{
    dtype = or_default(dtype, ty_get_default_dtype());
    if (check_floating("rand", dtype) != TY_OK)
        return NULL;
    return drawn("rand", &(draw){.what = UNIFORM, .a = 0, .b = 1, .g = g}, ndim, sizes, dtype, device);
}

/* Standard normal, floating (default: the default dtype). torch.randn */
ty_tensor *ty_randn(int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device, ty_generator *g)
{
    dtype = or_default(dtype, ty_get_default_dtype());
    if (check_floating("randn", dtype) != TY_OK)
        return NULL;
    return drawn("randn", &(draw){.what = NORMAL, .a = 0, .b = 1, .g = g}, ndim, sizes, dtype, device);
}

/* Integers of [low, high) in any dtype that holds them (default int64). torch.randint */
ty_tensor *ty_randint(int64_t low, int64_t high, int ndim, const int64_t *sizes, ty_dtype dtype, ty_device device,
                      ty_generator *g)
{
    dtype = or_default(dtype, TY_INT64);
    if (high == TYI_RANDOM_NO_HIGH) /* has a meaning for random_, not here */
        return tyi_fail(TY_ERROR_VALUE, "randint: low must be less than high, but got low = %lld and high = %lld",
                        (long long)low, (long long)high);
    if (check_integers("randint", dtype, &low, &high) != TY_OK)
        return NULL;
    return drawn("randint", &(draw){.what = INTEGERS, .low = low, .high = high, .g = g}, ndim, sizes, dtype, device);
}

/* 0 ... n-1 in random order, of any dtype but bool that holds them (default int64). torch.randperm */
ty_tensor *ty_randperm(int64_t n, ty_dtype dtype, ty_device device, ty_generator *g)
{
    dtype = or_default(dtype, TY_INT64);
    if (n < 0)
        return tyi_fail(TY_ERROR_VALUE, "randperm: n must be 0 or more, got %lld", (long long)n);
    if (dtype == TY_BOOL || (n > 0 && (uint64_t)(n - 1) > tyi_random_most(dtype)))
        return tyi_fail(TY_ERROR_VALUE, "randperm: %s does not hold a permutation of %lld numbers; use int64",
                        ty_dtype_name(dtype), (long long)n);
    return drawn("randperm", &(draw){.what = PERMUTATION, .g = g}, 1, &n, dtype, device);
}

/* ---- In place ---- */

/* x uniform in [from, to); floating. torch.Tensor.uniform_ */
ty_tensor *ty_uniform_(ty_tensor *x, double from, double to, ty_generator *g)
{
    if (!x || check_uniform("uniform_", (ty_dtype)x->dtype, from, to) != TY_OK)
        return NULL;
    return draw_into("uniform_", x, &(draw){.what = UNIFORM, .a = from, .b = to, .g = g});
}

/* x normal with this mean and standard deviation (0 or more); floating. torch.Tensor.normal_ */
ty_tensor *ty_normal_(ty_tensor *x, double mean, double std, ty_generator *g)
{
    if (!x || check_normal("normal_", (ty_dtype)x->dtype, std) != TY_OK)
        return NULL;
    return draw_into("normal_", x, &(draw){.what = NORMAL, .a = mean, .b = std, .g = g});
}

/* x 1 with probability p, else 0; any dtype. torch.Tensor.bernoulli_ */
ty_tensor *ty_bernoulli_(ty_tensor *x, double p, ty_generator *g)
{
    if (!x)
        return NULL;
    if (!(p >= 0 && p <= 1))
        return tyi_fail(TY_ERROR_VALUE, "bernoulli_: p is a probability, from 0 to 1, got %g", p);
    return draw_into("bernoulli_", x, &(draw){.what = BERNOULLI, .a = p, .g = g});
}

/* x exponential with this rate (above 0; mean 1 / rate); floating. torch.Tensor.exponential_ */
ty_tensor *ty_exponential_(ty_tensor *x, double rate, ty_generator *g)
{
    if (!x || check_floating("exponential_", (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    if (!(rate > 0))
        return tyi_fail(TY_ERROR_VALUE, "exponential_: the rate must be greater than 0, got %g", rate);
    return draw_into("exponential_", x, &(draw){.what = EXPONENTIAL, .a = rate, .g = g});
}

/* x of the Cauchy distribution: median + sigma tan(pi (u - 1/2)); sigma above 0; floating. torch.Tensor.cauchy_ */
ty_tensor *ty_cauchy_(ty_tensor *x, double median, double sigma, ty_generator *g)
{
    if (!x || check_floating("cauchy_", (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    if (!(sigma > 0) || !isfinite(sigma) || !isfinite(median))
        return tyi_fail(TY_ERROR_VALUE, "cauchy_: the median must be finite and sigma greater than 0, got %g and %g",
                        median, sigma);
    return draw_into("cauchy_", x, &(draw){.what = OTHER, .which = TYI_CAUCHY, .a = median, .b = sigma, .g = g});
}

/* x whose logarithm is normal with this mean and deviation (above 0); floating. torch.Tensor.log_normal_ */
ty_tensor *ty_log_normal_(ty_tensor *x, double mean, double std, ty_generator *g)
{
    if (!x || check_floating("log_normal_", (ty_dtype)x->dtype) != TY_OK)
        return NULL;
    if (!(std > 0) || !isfinite(std) || !isfinite(mean))
        return tyi_fail(TY_ERROR_VALUE, "log_normal_: the mean must be finite and std greater than 0, got %g and %g",
                        mean, std);
    return draw_into("log_normal_", x, &(draw){.what = OTHER, .which = TYI_LOG_NORMAL, .a = mean, .b = std, .g = g});
}

/* x 1, 2, ...: how many trials of probability p, between 0 and 1, a first success takes; any dtype but bool.
 * torch.Tensor.geometric_ */
ty_tensor *ty_geometric_(ty_tensor *x, double p, ty_generator *g)
{
    if (!x)
        return NULL;
    if (x->dtype == TY_BOOL)
        return tyi_fail(TY_ERROR_VALUE, "geometric_: bool does not hold numbers of trials; use an integer or floating "
                                        "dtype");
    if (!(p > 0 && p < 1))
        return tyi_fail(TY_ERROR_VALUE, "geometric_: p is a probability between 0 and 1 (neither of them), got %g", p);
    return draw_into("geometric_", x, &(draw){.what = OTHER, .which = TYI_GEOMETRIC, .a = p, .g = g});
}

/* x integers of [low, high), any dtype that holds them. high INT64_MIN: no upper bound, up to the dtype's largest (2^24
 * for float32, 2^53 for float64); low INT64_MAX beside it: no bounds, 0 up to that; low INT64_MIN beside it: all 64-bit
 * integers. torch.Tensor.random_ */
ty_tensor *ty_random_(ty_tensor *x, int64_t low, int64_t high, ty_generator *g)
{
    if (!x || check_integers("random_", (ty_dtype)x->dtype, &low, &high) != TY_OK)
        return NULL;
    return draw_into("random_", x, &(draw){.what = INTEGERS, .low = low, .high = high, .g = g});
}

/* ---- From tensors of parameters ---- */

typedef struct parameters_context {
    tyi_shape shapes[2];
    ty_dtype dtypes[2];
    ty_device device;
    int count;
} parameters_context;

/* What is drawn does not move with its parameters: gradients of zero. */
static ty_status no_gradient(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const parameters_context *c = tyi_context(node);
    (void)grad_out;
    for (int i = 0; i < c->count; i++) {
        const tyi_shape *shape = &c->shapes[i];
        if (tyi_wants(node, i) && !(grad_in[i] = ty_zeros(shape->ndim, shape->sizes, c->dtypes[i], c->device)))
            return TY_FAIL;
    }
    return TY_OK;
}

static const tyi_node_kind bernoulli_kind = {"BernoulliBackward0", no_gradient};
static const tyi_node_kind poisson_kind = {"PoissonBackward0", no_gradient};
static const tyi_node_kind normal_kind = {"NormalBackward3", no_gradient};

/* Finishes an op of one or two parameters. Takes out over; NULL passes on. */
static ty_tensor *record_constant(ty_tensor *out, const tyi_node_kind *kind, int count, ty_tensor *const *parameters)
{
    parameters_context context = {.count = count};
    if (!out || !tyi_needs_grad(count, parameters))
        return out;
    context.device = out->storage->device;
    for (int i = 0; i < count; i++) {
        context.shapes[i] = tyi_shape_of(parameters[i]);
        context.dtypes[i] = (ty_dtype)parameters[i]->dtype;
    }
    return tyi_record(out, kind, count, parameters, 0, NULL, &context, sizeof context);
}

/* 1 with the probability that stands at the same place in p, else 0; of p's shape and dtype, which is floating.
 * torch.bernoulli */
ty_tensor *ty_bernoulli(ty_tensor *p, ty_generator *g)
{
    if (!p)
        return NULL;
    ty_dtype dtype = (ty_dtype)p->dtype;
    double low = 0, high = 0;
    if (!ty_dtype_is_floating(dtype))
        return tyi_fail(TY_ERROR_VALUE,
                        "bernoulli: the probabilities must be floating, got %s; for one probability for all elements "
                        "use bernoulli_",
                        TYI_DESCRIBE(p));
    if (tyi_generator_for("bernoulli", g, p->storage->device) != TY_OK ||
        (p->numel && extremes(p, &low, &high) != TY_OK))
        return NULL;
    if (!(low >= 0 && high <= 1))
        return tyi_fail(TY_ERROR_VALUE, "bernoulli: probabilities go from 0 to 1, but these go from %g to %g", low,
                        high);
    const tyi_backend *backend = tyi_backend_of(p->storage->device);
    ty_tensor *dense = backend ? tyi_dense(p) : NULL;
    ty_tensor *x = dense ? tyi_new(p->ndim, p->sizes, dtype, p->storage->device) : NULL;
    if (x && backend->bernoulli_tensor(g, dtype, tyi_data(dense), dtype, tyi_data(x), x->numel) != TY_OK) {
        ty_release(x);
        x = NULL;
    }
    ty_release(dense);
    return record_constant(x, &bernoulli_kind, 1, &p);
}

/* Counts of the Poisson distributions whose rates, 0 or more, stand at the same places; of the rates' dtype, which is
 * floating. torch.poisson */
ty_tensor *ty_poisson(ty_tensor *rates, ty_generator *g)
{
    double low = 0, high = 0;
    if (!rates || check_floating("poisson", (ty_dtype)rates->dtype) != TY_OK)
        return NULL;
    if (tyi_generator_for("poisson", g, rates->storage->device) != TY_OK ||
        (rates->numel && extremes(rates, &low, &high) != TY_OK))
        return NULL;
    if (!(low >= 0) || !isfinite(high))
        return tyi_fail(TY_ERROR_VALUE, "poisson: rates must be finite and 0 or more, but these go from %g to %g", low,
                        high);
    ty_dtype dtype = (ty_dtype)rates->dtype;
    const tyi_backend *backend = tyi_backend_of(rates->storage->device);
    ty_tensor *dense = backend ? tyi_dense(rates) : NULL;
    ty_tensor *x = dense ? tyi_new(rates->ndim, rates->sizes, dtype, rates->storage->device) : NULL;
    if (x && backend->poisson(g, dtype, tyi_data(dense), tyi_data(x), x->numel) != TY_OK) {
        ty_release(x);
        x = NULL;
    }
    ty_release(dense);
    return record_constant(x, &poisson_kind, 1, &rates);
}

/* Normal values whose mean and standard deviation stand at the same places in these tensors, which broadcast; the dtype
 * is mean's, but where mean is a plain number (a wrapped tensor) it is std's. torch.normal */
ty_tensor *ty_normal(ty_tensor *mean, ty_tensor *std, ty_generator *g)
{
    if (!mean || !std)
        return NULL;
    int ndim;
    int64_t sizes[TY_MAX_DIMS];
    ty_device device;
    double low = 0, high;
    ty_tensor *x = NULL, *scaled = NULL, *result = NULL;
    ty_dtype dtype = (ty_dtype)(mean->wrapped ? std : mean)->dtype;
    if (mean->wrapped && std->wrapped)
        dtype = ty_get_default_dtype();
    if (check_floating("normal", dtype) != TY_OK || tyi_broadcast("normal", mean, std, &ndim, sizes) != TY_OK ||
        tyi_same_device("normal", TYI_LIST(mean, std), &device) != TY_OK)
        return NULL;
    if (std->numel && extremes(std, &low, &high) != TY_OK)
        return NULL;
    if (!(low >= 0))
        return tyi_fail(TY_ERROR_VALUE, "normal: standard deviations must be 0 or more, but the least is %g", low);
    ty_scalar number = ty_float(0);
    if (mean->wrapped && std->wrapped && ty_item(mean, &number) != TY_OK)
        return NULL;
    /* Plain numbers are applied while values are drawn, before they are rounded; tensors to the rounded values. */
    draw d = {.what = NORMAL, .b = std->wrapped ? low : 1, .g = g};
    d.a = number.kind == TY_SCALAR_FLOAT ? number.f : (double)number.i;
    bool was = ty_set_grad_enabled(false);
    x = drawn("normal", &d, ndim, sizes, dtype, device);
    scaled = !x || std->wrapped ? ty_retain(x) : ty_mul_(x, std);
    result = !scaled || (mean->wrapped && std->wrapped) ? ty_retain(scaled) : ty_add_(scaled, mean, ty_int(1));
    ty_set_grad_enabled(was);
    ty_release(x);
    ty_release(scaled);
    return record_constant(result, &normal_kind, 2, (ty_tensor *[]){mean, std});
}
