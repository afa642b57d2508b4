/*
 * Initialisers (torch.nn.init): the bounds and deviations that suit a layer's fans, and truncated normals. Bounds are
 * computed in double in PyTorch's order of operations, so that with its generator the weights are its too. Written with
 * ops; never recorded, so leaves that require gradients are fine.
 */
#include <math.h>

#include "ops/ops.h"
#include "ops/random.h"
#include "tensor/interrupt.h"

/* torch.nn.init.calculate_gain: what to multiply a deviation with so that the nonlinearity keeps the scale of what goes
 * through it. param: the negative slope of leaky_relu (PyTorch's default there is 0.01); unused otherwise. */
double ty_calculate_gain(ty_nonlinearity nonlinearity, double param)
{
    switch (nonlinearity) {
    case TY_NONLINEARITY_TANH:
        return 5.0 / 3;
    case TY_NONLINEARITY_RELU:
        return sqrt(2.0);
    case TY_NONLINEARITY_LEAKY_RELU:
        return sqrt(2.0 / (1 + param * param));
    case TY_NONLINEARITY_SELU:
        return 3.0 / 4;
    case TY_NONLINEARITY_LINEAR:
    case TY_NONLINEARITY_SIGMOID:
        break;
    }
    return 1;
}

static ty_status fans_of(const char *name, const ty_tensor *x, int64_t *fan_in, int64_t *fan_out)
{
    *fan_in = *fan_out = 0;
    if (x->ndim < 2)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: a weight {out, in, ...} of at least 2 dimensions is needed to tell how many inputs and "
                       "outputs there are, got shape %s",
                       name, TYI_SHAPE(x));
    int64_t field = 1;
    for (int d = 2; d < x->ndim; d++)
        field *= x->sizes[d];
    *fan_in = x->sizes[1] * field;
    *fan_out = x->sizes[0] * field;
    return TY_OK;
}

/* Inputs that each output sums, and outputs that each input reaches, of a weight {out, in, kernel...}. */
ty_status ty_init_fans(ty_tensor *x, int64_t *fan_in, int64_t *fan_out)
{
    return x ? fans_of("fans", x, fan_in, fan_out) : TY_FAIL;
}

/* The two draws without a record. */
static ty_tensor *uniform(ty_tensor *x, double from, double to, ty_generator *g)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = ty_uniform_(x, from, to, g);
    ty_set_grad_enabled(was);
    return y;
}

static ty_tensor *normal(ty_tensor *x, double mean, double std, ty_generator *g)
{
    bool was = ty_set_grad_enabled(false);
    ty_tensor *y = ty_normal_(x, mean, std, g);
    ty_set_grad_enabled(was);
    return y;
}

/* ---- Kaiming and Xavier ---- */

static ty_status kaiming_std(const char *name, const ty_tensor *x, double a, ty_fan_mode mode,
                             ty_nonlinearity nonlinearity, double *std)
{
    int64_t fan_in, fan_out;
    *std = 0;
    if (fans_of(name, x, &fan_in, &fan_out) != TY_OK)
        return TY_FAIL;
    *std = ty_calculate_gain(nonlinearity, a) / sqrt((double)(mode == TY_FAN_IN ? fan_in : fan_out));
    return TY_OK;
}

/* torch.nn.init.kaiming_uniform_: uniform within sqrt(3) gain / sqrt(fan). a: the negative slope of leaky_relu, the
 * default nonlinearity (0 there). An empty x is left as it is. */
ty_tensor *ty_init_kaiming_uniform_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                    ty_generator *g)
{
    double std;
    if (!x || x->numel == 0)
        return ty_retain(x);
    if (kaiming_std("kaiming_uniform_", x, a, mode, nonlinearity, &std) != TY_OK)
        return NULL;
    double bound = sqrt(3.0) * std;
    return uniform(x, -bound, bound, g);
}

/* torch.nn.init.kaiming_normal_: normal with deviation gain / sqrt(fan). */
ty_tensor *ty_init_kaiming_normal_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                   ty_generator *g)
{
    double std;
    if (!x || x->numel == 0)
        return ty_retain(x);
    if (kaiming_std("kaiming_normal_", x, a, mode, nonlinearity, &std) != TY_OK)
        return NULL;
    return normal(x, 0, std, g);
}

static ty_status xavier_std(const char *name, const ty_tensor *x, double gain, double *std)
{
    int64_t fan_in, fan_out;
    *std = 0;
    if (fans_of(name, x, &fan_in, &fan_out) != TY_OK)
        return TY_FAIL;
    if (!(gain >= 0 && isfinite(gain)))
        return ty_fail(TY_ERROR_VALUE, "%s: the gain must be a number of 0 or more, got %g", name, gain);
    *std = gain * sqrt(2.0 / (double)(fan_in + fan_out));
    return TY_OK;
}

/* torch.nn.init.xavier_uniform_: uniform within gain sqrt(6 / (fan_in + fan_out)). An empty x is left as it is. */
ty_tensor *ty_init_xavier_uniform_(ty_tensor *x, double gain, ty_generator *g)
{
    double std;
    if (!x || xavier_std("xavier_uniform_", x, gain, &std) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_retain(x);
    double bound = sqrt(3.0) * std;
    return uniform(x, -bound, bound, g);
}

/* torch.nn.init.xavier_normal_: normal with deviation gain sqrt(2 / (fan_in + fan_out)). */
ty_tensor *ty_init_xavier_normal_(ty_tensor *x, double gain, ty_generator *g)
{
    double std;
    if (!x || xavier_std("xavier_normal_", x, gain, &std) != TY_OK)
        return NULL;
    if (x->numel == 0)
        return ty_retain(x);
    return normal(x, 0, std, g);
}

/* ---- Truncated normal ---- */

static double normal_cdf(double x)
{
    return (1.0 + erf(x / sqrt(2.0))) / 2.0;
}

static ty_tensor *number(double value)
{
    return ty_scalar_tensor(ty_float(value), TY_DTYPE_NONE, true);
}

/* Drops a result that is not needed: of an op in place, or of one that failed. */
static ty_status done(ty_tensor *result)
{
    ty_release(result);
    return result ? TY_OK : TY_FAIL;
}

/* Whether any element of a mask is set; takes the mask over. */
static ty_status any_set(ty_tensor *mask, bool *any)
{
    ty_tensor *all = mask ? ty_any(mask, 0, NULL, false) : NULL;
    ty_scalar value = {0};
    ty_status status = all ? ty_item(all, &value) : TY_FAIL;
    *any = value.i != 0;
    ty_release(all);
    return status;
}

/* x where the mask is set becomes `other`. */
static ty_status replace(ty_tensor *x, ty_tensor *mask, ty_tensor *other)
{
    ty_tensor *mixed = ty_where(mask, other, x);
    ty_status status = mixed ? done(ty_copy_(x, mixed)) : TY_FAIL;
    ty_release(mixed);
    return status;
}

static ty_status interrupted(void)
{
    return tyi_interrupted() ? ty_fail(TY_ERROR_INTERRUPT, "trunc_normal_: interrupted") : TY_OK;
}

/* Normals, those outside of [a, b] drawn again until none is left; for intervals that hold much of the distribution. A
 * round draws a whole tensor, as PyTorch does, so that the generator ends where its does. */
static ty_status draw_again(ty_tensor *x, double mean, double std, double a, double b, ty_generator *g)
{
    ty_status status = done(ty_normal_(x, mean, std, g));
    ty_tensor *low = number(a), *high = number(b), *again = tyi_new_like(x, (ty_dtype)x->dtype);
    if (!low || !high || !again)
        status = TY_FAIL;
    for (bool any = true; status == TY_OK;) {
        ty_tensor *below = ty_lt(x, low), *above = ty_gt(x, high), *outside = ty_logical_or(below, above);
        status = any_set(outside, &any);
        if (status == TY_OK && any)
            status = done(ty_normal_(again, mean, std, g));
        if (status == TY_OK && any)
            status = replace(x, outside, again);
        ty_release(below);
        ty_release(above);
        ty_release(outside);
        if (!any || status != TY_OK)
            break;
        status = interrupted();
    }
    ty_release(low);
    ty_release(high);
    ty_release(again);
    return status;
}

/* Uniforms of [a, b], kept with the probability that the normal density at them has to its peak there; for intervals
 * that hold little of the distribution. */
static ty_status draw_by_density(ty_tensor *x, double mean, double std, double a, double b, ty_generator *g)
{
    double mode = fmax(a, fmin(mean, b)), away = (mode - mean) / std;
    ty_tensor *constants[4] = {number(mean), number(std), number(-0.5), number(-0.5 * (away * away))};
    ty_tensor *candidates = tyi_new_like(x, (ty_dtype)x->dtype), *chance = tyi_new_like(x, (ty_dtype)x->dtype);
    ty_tensor *pending = NULL;
    ty_status status = candidates && chance ? TY_OK : TY_FAIL;
    for (int i = 0; i < 4; i++)
        if (!constants[i])
            status = TY_FAIL;
    for (bool any = true; status == TY_OK && any;) {
        /* Candidates into all of x the first time, then into what was rejected so far. */
        status = done(ty_uniform_(pending ? candidates : x, a, b, g));
        if (status == TY_OK)
            status = pending ? replace(x, pending, candidates) : done(ty_copy_(candidates, x));
        /* The logarithm of the density over that of the peak, in the candidates' place. */
        if (status != TY_OK || done(ty_sub_(candidates, constants[0], ty_int(1))) != TY_OK ||
            done(ty_div_(candidates, constants[1])) != TY_OK || done(ty_square_(candidates)) != TY_OK ||
            done(ty_mul_(candidates, constants[2])) != TY_OK ||
            done(ty_sub_(candidates, constants[3], ty_int(1))) != TY_OK ||
            done(ty_uniform_(chance, 0, 1, g)) != TY_OK || done(ty_log_(chance)) != TY_OK) {
            status = TY_FAIL;
            break;
        }
        ty_tensor *rejected = ty_gt(chance, candidates);
        ty_tensor *still = pending ? ty_logical_and(pending, rejected) : ty_retain(rejected);
        ty_release(rejected);
        ty_release(pending);
        pending = still;
        status = any_set(pending, &any);
        if (status == TY_OK && any)
            status = interrupted();
    }
    for (int i = 0; i < 4; i++)
        ty_release(constants[i]);
    ty_release(candidates);
    ty_release(chance);
    ty_release(pending);
    return status;
}

/* torch.nn.init.trunc_normal_ as PyTorch 2.15 draws it: normal with this mean and deviation (greater than 0), but
 * within [a, b]. Fails on intervals so far off or so wide for what they hold that drawing would not end. */
ty_tensor *ty_init_trunc_normal_(ty_tensor *x, double mean, double std, double a, double b, ty_generator *g)
{
    if (!x)
        return NULL;
    if (!ty_dtype_is_floating((ty_dtype)x->dtype))
        return tyi_fail(TY_ERROR_VALUE, "trunc_normal_: values are floating, so the tensor must be too, got %s",
                        TYI_DESCRIBE(x));
    if (!isfinite(mean) || !isfinite(std) || !(std > 0))
        return tyi_fail(TY_ERROR_VALUE,
                        "trunc_normal_: the mean must be a number and the deviation one greater than 0, got mean = %g "
                        "and std = %g",
                        mean, std);
    if (!(a <= b))
        return tyi_fail(TY_ERROR_VALUE, "trunc_normal_: values are drawn from [a, b], but a = %g and b = %g", a, b);
    if (x->numel == 0)
        return ty_retain(x);
    double mass = normal_cdf((b - mean) / std) - normal_cdf((a - mean) / std);
    /* The share of candidates that will be kept, about. */
    double distance = fabs(fmax(a, fmin(mean, b)) - mean), scale = distance > std ? std * (std / distance) : std;
    if (!(mass > 0.3) && !(scale >= 1e-4 * (b - a)) && b > a)
        return tyi_fail(TY_ERROR_VALUE,
                        "trunc_normal_: next to nothing of a normal distribution with mean = %g and std = %g lies "
                        "within [%g, %g]; move or narrow the interval",
                        mean, std, a, b);
    bool was = ty_set_grad_enabled(false);
    ty_status status = TY_OK;
    if (mass > 0.3) {
        /* Bounds as x's dtype holds them, so that what is compared is what can be there. */
        ty_dtype dtype = (ty_dtype)x->dtype;
        status = draw_again(x, mean, std, tyi_rounded(dtype, a), tyi_rounded(dtype, b), g);
    } else {
        status = draw_by_density(x, mean, std, a, b, g);
    }
    ty_set_grad_enabled(was);
    return status == TY_OK ? ty_retain(x) : NULL;
}
