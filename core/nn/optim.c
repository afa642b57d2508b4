/*
 * Optimisers: SGD, Adam and their relatives. An optimiser is a row of options and states by name, its parameters, and
 * one fused kernel for the updates of many parameters. A step checks everything and makes every missing state before it
 * changes the first parameter. Relies on the backend's optim_many kernel; knows nothing of the graph but how to read
 * gradients.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ops/ops.h"

/* ---- Kinds ---- */

typedef enum {
    LR,
    MOMENTUM,
    DAMPENING,
    BETA1,
    BETA2,
    EPS,
    WEIGHT_DECAY,
    NESTEROV,
    AMSGRAD,
    MAXIMIZE,
    DECOUPLED,
    ALPHA,
    CENTERED,
    LR_DECAY,
    INITIAL,
    MOMENTUM_DECAY,
    RHO,
    OPTION_COUNT
} option;

/* How values of an option are checked. */
typedef enum { NOT_NEGATIVE, FINITE, BELOW_ONE, AT_MOST_ONE, SWITCH } range;

typedef struct option_row {
    const char *name;
    const char *said; /* in messages */
    range range;
} option_row;

static const option_row option_rows[OPTION_COUNT] = {
    [LR] = {"lr", "learning rate", NOT_NEGATIVE},
    [MOMENTUM] = {"momentum", "momentum value", NOT_NEGATIVE},
    [DAMPENING] = {"dampening", "dampening value", FINITE},
    [BETA1] = {"beta1", "beta parameter beta1", BELOW_ONE},
    [BETA2] = {"beta2", "beta parameter beta2", BELOW_ONE},
    [EPS] = {"eps", "epsilon value", NOT_NEGATIVE},
    [WEIGHT_DECAY] = {"weight_decay", "weight_decay value", NOT_NEGATIVE},
    [NESTEROV] = {"nesterov", "nesterov", SWITCH},
    [AMSGRAD] = {"amsgrad", "amsgrad", SWITCH},
    [MAXIMIZE] = {"maximize", "maximize", SWITCH},
    [DECOUPLED] = {"decoupled_weight_decay", "decoupled_weight_decay", SWITCH},
    [ALPHA] = {"alpha", "alpha value", NOT_NEGATIVE},
    [CENTERED] = {"centered", "centered", SWITCH},
    [LR_DECAY] = {"lr_decay", "lr_decay value", NOT_NEGATIVE},
    [INITIAL] = {"initial_accumulator_value", "initial_accumulator_value value", NOT_NEGATIVE},
    [MOMENTUM_DECAY] = {"momentum_decay", "momentum_decay value", NOT_NEGATIVE},
    [RHO] = {"rho", "rho value", AT_MOST_ONE},
};

#define MOST_STATES 3

typedef struct kind_row {
    const char *name;
    tyi_optim_kind kernel;
    option options[OPTION_COUNT]; /* those it has, in PyTorch's order */
    const char *names[OPTION_COUNT + 1];
    const char *states[MOST_STATES + 1];
    double defaults[OPTION_COUNT];
} kind_row;

#define MU_PRODUCT    "mu_product" /* NAdam: the product of the momenta of all steps */
#define PRODUCT_PLACE 2

#define ADAM_OPTIONS                                                                                                   \
    {                                                                                                                  \
        LR, BETA1, BETA2, EPS, WEIGHT_DECAY, AMSGRAD, MAXIMIZE, DECOUPLED                                              \
    }
#define ADAM_NAMES                                                                                                     \
    {                                                                                                                  \
        "lr", "beta1", "beta2", "eps", "weight_decay", "amsgrad", "maximize", "decoupled_weight_decay", NULL           \
    }
#define ADAM_STATES                                                                                                    \
    {                                                                                                                  \
        "exp_avg", "exp_avg_sq", "max_exp_avg_sq", NULL                                                                \
    }

static const kind_row kinds[] = {
    {"SGD",
     TYI_OPTIM_SGD,
     {LR, MOMENTUM, DAMPENING, WEIGHT_DECAY, NESTEROV, MAXIMIZE},
     {"lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", NULL},
     {"momentum_buffer", NULL},
     {[LR] = 1e-3}},
    {"Adam",
     TYI_OPTIM_ADAM,
     ADAM_OPTIONS,
     ADAM_NAMES,
     ADAM_STATES,
     {[LR] = 1e-3, [BETA1] = 0.9, [BETA2] = 0.999, [EPS] = 1e-8}},
    {"AdamW",
     TYI_OPTIM_ADAM,
     ADAM_OPTIONS,
     ADAM_NAMES,
     ADAM_STATES,
     {[LR] = 1e-3, [BETA1] = 0.9, [BETA2] = 0.999, [EPS] = 1e-8, [WEIGHT_DECAY] = 1e-2, [DECOUPLED] = 1}},
    {"RMSprop",
     TYI_OPTIM_RMSPROP,
     {LR, ALPHA, EPS, WEIGHT_DECAY, MOMENTUM, CENTERED, MAXIMIZE},
     {"lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize", NULL},
     {"square_avg", "momentum_buffer", "grad_avg", NULL},
     {[LR] = 1e-2, [ALPHA] = 0.99, [EPS] = 1e-8}},
    {"Adagrad",
     TYI_OPTIM_ADAGRAD,
     {LR, LR_DECAY, WEIGHT_DECAY, INITIAL, EPS, MAXIMIZE},
     {"lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps", "maximize", NULL},
     {"sum", NULL},
     {[LR] = 1e-2, [EPS] = 1e-10}},
    {"Adamax",
     TYI_OPTIM_ADAMAX,
     {LR, BETA1, BETA2, EPS, WEIGHT_DECAY, MAXIMIZE},
     {"lr", "beta1", "beta2", "eps", "weight_decay", "maximize", NULL},
     {"exp_avg", "exp_inf", NULL},
     {[LR] = 2e-3, [BETA1] = 0.9, [BETA2] = 0.999, [EPS] = 1e-8}},
    {"NAdam",
     TYI_OPTIM_NADAM,
     {LR, BETA1, BETA2, EPS, WEIGHT_DECAY, MOMENTUM_DECAY, DECOUPLED, MAXIMIZE},
     {"lr", "beta1", "beta2", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay", "maximize", NULL},
     {"exp_avg", "exp_avg_sq", MU_PRODUCT, NULL},
     {[LR] = 2e-3, [BETA1] = 0.9, [BETA2] = 0.999, [EPS] = 1e-8, [MOMENTUM_DECAY] = 4e-3}},
    {"RAdam",
     TYI_OPTIM_RADAM,
     {LR, BETA1, BETA2, EPS, WEIGHT_DECAY, DECOUPLED, MAXIMIZE},
     {"lr", "beta1", "beta2", "eps", "weight_decay", "decoupled_weight_decay", "maximize", NULL},
     {"exp_avg", "exp_avg_sq", NULL},
     {[LR] = 1e-3, [BETA1] = 0.9, [BETA2] = 0.999, [EPS] = 1e-8}},
    {"Adadelta",
     TYI_OPTIM_ADADELTA,
     {LR, RHO, EPS, WEIGHT_DECAY, MAXIMIZE},
     {"lr", "rho", "eps", "weight_decay", "maximize", NULL},
     {"square_avg", "acc_delta", NULL},
     {[LR] = 1, [RHO] = 0.9, [EPS] = 1e-6}},
};

/* The state of NAdam that is one number, a float32 of no dimensions on the CPU, whatever the parameter is. */
static bool is_product(const kind_row *kind, int s)
{
    return kind->kernel == TYI_OPTIM_NADAM && s == PRODUCT_PLACE;
}

typedef struct entry {
    ty_tensor *param;
    ty_tensor *state[MOST_STATES]; /* laid out as tyi_new_like(param) is */
    bool blank;                    /* SGD: the momentum buffer was made, and no gradient has come into it yet */
    int64_t steps;
} entry;

struct ty_optim {
    atomic_int refs; /* its maker, and the captures that hold a step of it */
    const kind_row *kind;
    double values[OPTION_COUNT];
    int count;
    entry entries[];
};

/* ---- Life ---- */

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)(*(ty_tensor *const *)a), y = (uintptr_t)(*(ty_tensor *const *)b);
    return (x > y) - (x < y);
}

static ty_status check_params(const char *name, int count, ty_tensor *const *params)
{
    if (count <= 0)
        return ty_fail(TY_ERROR_VALUE, "%s: the list of parameters is empty", name);
    for (int i = 0; i < count; i++) {
        const ty_tensor *p = params[i];
        if (!p)
            return TY_FAIL;
        if (!ty_dtype_is_floating((ty_dtype)p->dtype))
            return ty_fail(TY_ERROR_VALUE, "%s: parameter %lld is %s; only floating tensors can be optimised", name,
                           tyi_said(i), TYI_DESCRIBE(p));
        if (!ty_is_leaf(p))
            return ty_fail(TY_ERROR_VALUE,
                           "%s: parameter %lld, %s, is no leaf: it was made by %s; give the tensor it was "
                           "made from, or x:detach()",
                           name, tyi_said(i), TYI_DESCRIBE(p), ty_grad_fn_name(p));
        if (tyi_overlaps_itself(p))
            return ty_fail(TY_ERROR_VALUE,
                           "%s: several elements of parameter %lld are one place in memory (as after "
                           "expand); clone it first",
                           name, tyi_said(i));
    }
    ty_tensor **order = malloc((size_t)count * sizeof *order);
    if (!order)
        return tyi_fail_memory((size_t)count * sizeof *order);
    memcpy(order, params, (size_t)count * sizeof *order);
    qsort(order, (size_t)count, sizeof *order, by_address);
    ty_status status = TY_OK;
    for (int i = 1; i < count && status == TY_OK; i++)
        if (order[i] == order[i - 1])
            status = ty_fail(TY_ERROR_VALUE, "%s: the parameter %s is in the list twice", name, TYI_DESCRIBE(order[i]));
    free(order);
    return status;
}

ty_optim *ty_optim_new(const char *kind, int count, ty_tensor *const *params)
{
    const kind_row *row = NULL;
    if (!kind)
        kind = "";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(kinds[k].name, kind) == 0)
            row = &kinds[k];
    if (!row)
        return tyi_fail(TY_ERROR_VALUE,
                        "optim: there is no optimiser \"%s\"; there are SGD, Adam, AdamW, RMSprop, "
                        "Adagrad, Adamax, NAdam, RAdam and Adadelta",
                        kind);
    if (check_params(row->name, count, params) != TY_OK)
        return NULL;
    size_t bytes = sizeof(ty_optim) + (size_t)count * sizeof(entry);
    ty_optim *o = calloc(1, bytes);
    if (!o) {
        tyi_fail_memory(bytes);
        return NULL;
    }
    atomic_init(&o->refs, 1);
    o->kind = row;
    memcpy(o->values, row->defaults, sizeof o->values);
    o->count = count;
    for (int i = 0; i < count; i++)
        o->entries[i].param = ty_retain(params[i]);
    return o;
}

void ty_optim_free(ty_optim *o)
{
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < o->count; i++) {
        ty_release(o->entries[i].param);
        for (int s = 0; s < MOST_STATES; s++)
            ty_release(o->entries[i].state[s]);
    }
    free(o);
}

/* ---- Options ---- */

/* The option's place in `values`; -1 after failing with the names there are. */
static int find_option(const ty_optim *o, const char *name)
{
    for (int k = 0; o->kind->names[k]; k++)
        if (strcmp(o->kind->names[k], name) == 0)
            return (int)o->kind->options[k];
    char list[200] = "";
    size_t length = 0;
    for (int k = 0; o->kind->names[k]; k++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", k ? ", " : "", o->kind->names[k]);
    ty_fail(TY_ERROR_VALUE, "%s: unknown option \"%s\"; the options are %s", o->kind->name, name, list);
    return -1;
}

ty_status ty_optim_set(ty_optim *o, const char *name, double value)
{
    int at = find_option(o, name);
    if (at < 0)
        return TY_FAIL;
    const option_row *row = &option_rows[at];
    if (row->range == SWITCH) {
        if (isnan(value))
            return ty_fail(TY_ERROR_VALUE, "%s: %s is on (1) or off (0), not %g", o->kind->name, row->name, value);
        o->values[at] = value != 0;
        return TY_OK;
    }
    const char *cure = NULL;
    if (!isfinite(value))
        cure = "it must be a finite number";
    else if (row->range != FINITE && value < 0)
        cure = row->range == BELOW_ONE ? "it must be at least 0 and less than 1" : "it must not be negative";
    else if (row->range == BELOW_ONE && value >= 1)
        cure = "it must be at least 0 and less than 1";
    else if (row->range == AT_MOST_ONE && value > 1)
        cure = "it must be between 0 and 1";
    if (cure)
        return ty_fail(TY_ERROR_VALUE, "%s: invalid %s: %g; %s", o->kind->name, row->said, value, cure);
    o->values[at] = value;
    return TY_OK;
}

ty_status ty_optim_get(const ty_optim *o, const char *name, double *value)
{
    int at = find_option(o, name);
    if (at < 0)
        return TY_FAIL;
    *value = o->values[at];
    return TY_OK;
}

const char *const *ty_optim_options(const ty_optim *o)
{
    return o->kind->names;
}

/* ---- States ---- */

const char *const *ty_optim_states(const ty_optim *o)
{
    return o->kind->states;
}

static ty_tensor *new_state(const ty_optim *o, const entry *e, int s)
{
    if (is_product(o->kind, s))
        return ty_full(0, NULL, ty_float(1), TY_FLOAT32, TY_DEVICE_CPU);
    ty_tensor *fresh = tyi_new_like(e->param, (ty_dtype)e->param->dtype);
    ty_tensor *filled = fresh ? ty_fill_(fresh, ty_float(o->values[INITIAL])) : NULL;
    ty_release(fresh);
    return filled;
}

static ty_status check_entry(const ty_optim *o, int i)
{
    if (i >= 0 && i < o->count)
        return TY_OK;
    return ty_fail(TY_ERROR_INDEX, "%s: there is no parameter %lld; there are %d", o->kind->name, tyi_said(i),
                   o->count);
}

static int find_state(const ty_optim *o, const char *name)
{
    for (int s = 0; o->kind->states[s]; s++)
        if (strcmp(o->kind->states[s], name) == 0)
            return s;
    ty_fail(TY_ERROR_VALUE, "%s: there is no state \"%s\"", o->kind->name, name);
    return -1;
}

ty_tensor *ty_optim_state(const ty_optim *o, int i, const char *name)
{
    int s = find_state(o, name);
    if (s < 0 || check_entry(o, i) != TY_OK || o->entries[i].blank)
        return NULL;
    return o->entries[i].state[s];
}

/* value NULL takes the state away. It is copied, in the parameter's dtype, device and layout. */
ty_status ty_optim_set_state(ty_optim *o, int i, const char *name, ty_tensor *value)
{
    int s = find_state(o, name);
    if (s < 0 || check_entry(o, i) != TY_OK)
        return TY_FAIL;
    entry *e = &o->entries[i];
    ty_tensor *copy = NULL;
    if (value) {
        if (is_product(o->kind, s) && value->ndim != 0)
            return ty_fail(TY_ERROR_VALUE, "%s: state \"%s\" of parameter %lld is one number, {}, and was given as %s",
                           o->kind->name, name, tyi_said(i), TYI_SHAPE(value));
        if (!is_product(o->kind, s) && !tyi_same_shape(value, e->param))
            return ty_fail(TY_ERROR_VALUE, "%s: state \"%s\" of parameter %lld has shape %s, and the parameter %s",
                           o->kind->name, name, tyi_said(i), TYI_SHAPE(value), TYI_SHAPE(e->param));
        copy = new_state(o, e, s);
        if (!copy || tyi_copy(copy, value) != TY_OK) {
            ty_release(copy);
            return TY_FAIL;
        }
    }
    ty_release(e->state[s]);
    e->state[s] = copy;
    e->blank = false;
    return TY_OK;
}

int64_t ty_optim_step_count(const ty_optim *o, int i)
{
    return check_entry(o, i) == TY_OK ? o->entries[i].steps : 0;
}

ty_status ty_optim_set_step_count(ty_optim *o, int i, int64_t steps)
{
    if (check_entry(o, i) != TY_OK)
        return TY_FAIL;
    if (steps < 0)
        return ty_fail(TY_ERROR_VALUE, "%s: a parameter cannot have taken %lld steps", o->kind->name, (long long)steps);
    o->entries[i].steps = steps;
    return TY_OK;
}

/* ---- The step ---- */

/* Whether the same position in memory is the same element in both. */
static bool same_layout(const ty_tensor *a, const ty_tensor *b)
{
    if (a->contiguous && b->contiguous)
        return true;
    for (int d = 0; d < a->ndim; d++)
        if (a->sizes[d] != 1 && a->strides[d] != b->strides[d])
            return false;
    return true;
}

/* Which states the next update reads. */
static bool uses_state(const ty_optim *o, int s)
{
    switch (o->kind->kernel) {
    case TYI_OPTIM_SGD:
        return o->values[MOMENTUM] != 0;
    case TYI_OPTIM_ADAM:
        return s < 2 || o->values[AMSGRAD] != 0;
    case TYI_OPTIM_RMSPROP:
        return s == 0 || o->values[s == 1 ? MOMENTUM : CENTERED] != 0;
    default:
        return true;
    }
}

static ty_status check_step(const ty_optim *o, int i, const ty_tensor *grad)
{
    const entry *e = &o->entries[i];
    ty_tensor *p = e->param;
    if (!tyi_same_shape(grad, p) || grad->dtype != p->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: parameter %lld is %s and its gradient %s", o->kind->name, tyi_said(i),
                       TYI_DESCRIBE(p), TYI_DESCRIBE(grad));
    ty_device a = p->storage->device, b = grad->storage->device;
    if (a.type != b.type || a.index != b.index)
        return ty_fail(TY_ERROR_VALUE, "%s: parameter %lld, %s, and its gradient are on different devices",
                       o->kind->name, tyi_said(i), TYI_DESCRIBE(p));
    for (int s = 0; s < MOST_STATES; s++) {
        const ty_tensor *state = e->state[s];
        if (!state || !uses_state(o, s) || is_product(o->kind, s))
            continue;
        if (state->dtype != p->dtype || state->storage->device.type != a.type ||
            state->storage->device.index != a.index)
            return ty_fail(TY_ERROR_VALUE,
                           "%s: parameter %lld is %s now, and its state \"%s\" was made for %s: after converting or "
                           "moving a model, make its optimiser anew",
                           o->kind->name, tyi_said(i), TYI_DESCRIBE(p), o->kind->states[s], TYI_DESCRIBE(state));
    }
    return TY_OK;
}

/* The numbers of this step that are the same for all elements, in the order in which PyTorch computes them. *product:
 * what NAdam's state becomes when the step is done. */
static void set_rates(const ty_optim *o, const entry *e, tyi_optim_args *args, float *product)
{
    const double *v = o->values, step = (double)(e->steps + 1);
    args->bias1 = 1 - pow(v[BETA1], step);
    args->bias2 = 1 - pow(v[BETA2], step);
    if (args->kind == TYI_OPTIM_ADAGRAD)
        args->rate = v[LR] / (1 + (step - 1) * v[LR_DECAY]);
    if (args->kind == TYI_OPTIM_ADAMAX)
        args->rate = v[LR] / args->bias1;
    if (args->kind == TYI_OPTIM_NADAM) {
        double mu = v[BETA1] * (1.0 - 0.5 * pow(0.96, step * v[MOMENTUM_DECAY]));
        double next = v[BETA1] * (1.0 - 0.5 * pow(0.96, (step + 1) * v[MOMENTUM_DECAY]));
        *product = *(const float *)tyi_data(e->state[PRODUCT_PLACE]) * (float)mu;
        args->rate = -v[LR] * (1.0 - mu) / (1.0 - (double)*product);
        args->mean_rate = -v[LR] * next / (1.0 - (double)*product * next);
    }
    if (args->kind == TYI_OPTIM_RADAM) {
        double most = 2 / (1 - v[BETA2]) - 1;
        double length = most - 2 * step * pow(v[BETA2], step) / args->bias2;
        if (length > 5)
            args->rate = sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length));
    }
}

/* An update on its way: what the kernel works on, and NAdam's product when it is done. */
typedef struct update {
    entry *e;
    ty_tensor *param, *grad;
    float product;
} update;

#define AT_ONCE 64 /* updates that a kernel is given together */

/* The updates of one step that have not been made yet; all on one device. */
typedef struct step {
    ty_optim *o;
    int count;
    update updates[AT_ONCE];
    tyi_optim_args args[AT_ONCE];
} step;

static void drop_updates(step *s)
{
    for (int i = 0; i < s->count; i++) {
        ty_release(s->updates[i].param);
        ty_release(s->updates[i].grad);
    }
    s->count = 0;
}

/* What the kernel walks is plain memory: a parameter with gaps is worked on in a copy, and so is a gradient in another
 * order of dimensions, or in the parameter's own memory. */
static ty_status make_plain(update *u)
{
    if (!tyi_is_dense(u->e->param)) {
        ty_release(u->param);
        u->param = tyi_new_like(u->e->param, (ty_dtype)u->e->param->dtype);
        if (!u->param || tyi_copy(u->param, u->e->param) != TY_OK)
            return TY_FAIL;
    }
    if (!same_layout(u->grad, u->param) || u->grad->storage == u->param->storage) {
        ty_tensor *aligned = tyi_new_like(u->param, (ty_dtype)u->param->dtype);
        ty_status status = aligned ? tyi_copy(aligned, u->grad) : TY_FAIL;
        ty_release(u->grad);
        u->grad = aligned;
        return status;
    }
    return TY_OK;
}

/* Adds the update of an entry. */
static ty_status add_update(step *s, entry *e, ty_tensor *grad)
{
    const ty_optim *o = s->o;
    update *u = &s->updates[s->count];
    tyi_optim_args *args = &s->args[s->count++];
    *u = (update){.e = e, .param = ty_retain(e->param), .grad = ty_retain(grad), .product = 1};
    if (make_plain(u) != TY_OK)
        return TY_FAIL;
    const double *v = o->values;
    *args = (tyi_optim_args){.kind = o->kind->kernel,
                             .dtype = (ty_dtype)u->param->dtype,
                             .n = u->param->numel,
                             .param = tyi_data(u->param),
                             .grad = tyi_data(u->grad),
                             .first = e->blank,
                             .maximize = v[MAXIMIZE] != 0,
                             .nesterov = v[NESTEROV] != 0,
                             .decoupled_decay = v[DECOUPLED] != 0,
                             .lr = v[LR],
                             .momentum = v[MOMENTUM],
                             .dampening = v[DAMPENING],
                             .weight_decay = v[WEIGHT_DECAY],
                             .beta1 = v[BETA1],
                             .beta2 = v[BETA2],
                             .eps = v[EPS],
                             .alpha = v[o->kind->kernel == TYI_OPTIM_ADADELTA ? RHO : ALPHA]};
    set_rates(o, e, args, &u->product);
    for (int i = 0; i < MOST_STATES; i++)
        args->state[i] = uses_state(o, i) && e->state[i] && !is_product(o->kind, i) ? tyi_data(e->state[i]) : NULL;
    return TY_OK;
}

/* Makes the updates that were added. */
static ty_status make_updates(step *s)
{
    const ty_optim *o = s->o;
    const tyi_backend *backend = s->count ? tyi_backend_of(s->updates[0].param->storage->device) : NULL;
    ty_status status = !s->count ? TY_OK : backend ? backend->optim_many(s->args, s->count) : TY_FAIL;
    for (int i = 0; i < s->count && status == TY_OK; i++) {
        update *u = &s->updates[i];
        entry *e = u->e;
        if (u->param != e->param)
            status = tyi_copy(e->param, u->param);
        e->blank = e->blank && !uses_state(o, 0);
        tyi_bump_version(e->param);
        if (o->kind->kernel == TYI_OPTIM_NADAM)
            *(float *)tyi_data(e->state[PRODUCT_PLACE]) = u->product;
        e->steps++;
    }
    drop_updates(s);
    return status;
}

/* Whether another update fits those that were added. */
static bool has_room(const step *s, const entry *e)
{
    if (s->count == 0)
        return true;
    ty_device a = s->updates[0].e->param->storage->device, b = e->param->storage->device;
    return s->count < AT_ONCE && a.type == b.type && a.index == b.index;
}

/* Parameter i's gradient, NULL where it has none; grads NULL: the one it has now. */
static ty_tensor *grad_at(const ty_optim *o, ty_tensor *const *grads, int i)
{
    return grads ? grads[i] : ty_grad_of(o->entries[i].param);
}

/* A step with these gradients; NULL: those that the parameters have now. */
static ty_status step_with(ty_optim *o, ty_tensor *const *grads)
{
    const double *v = o->values;
    if (v[NESTEROV] != 0 && (v[MOMENTUM] <= 0 || v[DAMPENING] != 0))
        return ty_fail(TY_ERROR_VALUE,
                       "%s: nesterov needs a momentum above 0 and no dampening; momentum is %g and "
                       "dampening %g",
                       o->kind->name, v[MOMENTUM], v[DAMPENING]);
    for (int i = 0; i < o->count; i++) {
        ty_tensor *grad = grad_at(o, grads, i);
        if (grad && check_step(o, i, grad) != TY_OK)
            return TY_FAIL;
    }
    for (int i = 0; i < o->count; i++) {
        entry *e = &o->entries[i];
        if (!grad_at(o, grads, i))
            continue;
        for (int s = 0; s < MOST_STATES && o->kind->states[s]; s++) {
            if (e->state[s] || !uses_state(o, s))
                continue;
            e->state[s] = new_state(o, e, s);
            if (!e->state[s])
                return TY_FAIL;
            e->blank = o->kind->kernel == TYI_OPTIM_SGD;
        }
    }
    step s;
    s.o = o;
    s.count = 0;
    for (int i = 0; i < o->count; i++) {
        ty_tensor *grad = grad_at(o, grads, i);
        if (!grad)
            continue;
        if (!has_room(&s, &o->entries[i]) && make_updates(&s) != TY_OK)
            return TY_FAIL;
        if (add_update(&s, &o->entries[i], grad) != TY_OK) {
            drop_updates(&s);
            return TY_FAIL;
        }
    }
    return make_updates(&s);
}

/* A step that a capture does again: the same optimiser and gradients, with the options and counts of that time. */
typedef struct again {
    ty_optim *o;
    ty_tensor *grads[]; /* references */
} again;

static ty_status step_again(void *data)
{
    again *a = data;
    return step_with(a->o, a->grads);
}

static void drop_again(void *data)
{
    again *a = data;
    for (int i = 0; i < a->o->count; i++)
        ty_release(a->grads[i]);
    ty_optim_free(a->o);
    free(a);
}

/* The step while it is recorded: kept with what it works on, and done. */
static ty_status step_watched(ty_optim *o)
{
    size_t bytes = sizeof(again) + (size_t)o->count * sizeof(ty_tensor *);
    again *a = malloc(bytes);
    if (!a)
        return tyi_fail_memory(bytes);
    a->o = o;
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    for (int i = 0; i < o->count; i++)
        a->grads[i] = ty_retain(ty_grad_of(o->entries[i].param));
    return tyi_watching->act(tyi_watching, (tyi_action){step_again, drop_again, a});
}

ty_status ty_optim_step(ty_optim *o)
{
    return tyi_watching ? step_watched(o) : step_with(o, NULL);
}

ty_status ty_optim_zero_grad(ty_optim *o, bool set_to_none)
{
    for (int i = 0; i < o->count; i++) {
        ty_tensor *param = o->entries[i].param;
        if (set_to_none) {
            ty_set_grad(param, NULL);
            continue;
        }
        ty_tensor *grad = ty_grad_of(param);
        if (!grad)
            continue;
        /* A gradient with a history (create_graph) belongs to its graph: a new one takes its place. */
        bool shared = ty_requires_grad(grad);
        ty_tensor *zero = shared ? ty_zeros_like(grad, TY_DTYPE_NONE) : ty_zero_(grad);
        ty_status status = zero && shared ? ty_set_grad(param, zero) : zero ? TY_OK : TY_FAIL;
        ty_release(zero);
        if (status != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}
