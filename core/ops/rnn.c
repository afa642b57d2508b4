/*
 * Recurrent networks: rnn_tanh, rnn_relu, lstm and gru over whole sequences, and their cells of one step. Checks, the
 * stack of layers and directions, dropout between layers, packed sequences. Relies on recurrence.h for one layer.
 */
#include <stdlib.h>

#include "ops/recurrence.h"

static const char *const names[] = {"rnn_tanh", "rnn_relu", "lstm", "gru"};
static const char *const cell_names[] = {"rnn_tanh_cell", "rnn_relu_cell", "lstm_cell", "gru_cell"};
static const int gates_of[] = {1, 1, 4, 3};
_Static_assert((int)TY_RNN_TANH == TYI_CELL_TANH && (int)TY_RNN_RELU == TYI_CELL_RELU &&
                   (int)TY_LSTM == TYI_CELL_LSTM && (int)TY_GRU == TYI_CELL_GRU,
               "the public kinds are the backend's");

/* What one call works with. */
typedef struct network {
    const char *name;
    ty_rnn_kind kind;
    const ty_rnn_options *o;
    ty_tensor *const *params;
    int directions, per_layer; /* params of one layer in one direction */
    bool projects, packed, single;
    int64_t in_size, size, out_size, batch;
    tyi_steps steps;
    ty_tensor *steps_tensor;
} network;

static const char *const param_names[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"};

/* ---- Checks ---- */

static ty_status check_alike(const char *name, const ty_tensor *x, const char *what, const ty_tensor *other)
{
    if (other->dtype != x->dtype)
        return ty_fail(TY_ERROR_VALUE, "%s: the input is %s and %s is %s; convert one of them: x:to(ty.%s)", name,
                       ty_dtype_name((ty_dtype)x->dtype), what, ty_dtype_name((ty_dtype)other->dtype),
                       ty_dtype_name((ty_dtype)other->dtype));
    ty_device device;
    return tyi_same_device(name, 2, (ty_tensor *[]){(ty_tensor *)x, (ty_tensor *)other}, &device);
}

static ty_status check_floating(const char *name, const ty_tensor *x)
{
    if (ty_dtype_is_floating((ty_dtype)x->dtype))
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: the input must be floating; this one is %s: convert it: x:to(ty.float32)", name,
                   TYI_DESCRIBE(x));
}

/* x, called `what`, has this shape. */
static ty_status check_shape(const char *name, const char *what, const ty_tensor *x, int ndim, const int64_t *sizes)
{
    bool same = x->ndim == ndim;
    for (int d = 0; same && d < ndim; d++)
        same = x->sizes[d] == sizes[d];
    if (same)
        return TY_OK;
    return ty_fail(TY_ERROR_VALUE, "%s: %s has shape %s, expected %s", name, what, TYI_SHAPE(x),
                   tyi_shape_text(ndim, sizes).s);
}

/* Numbers of parameters, and the sizes that the first ones tell. */
static ty_status check_counts(network *n, int count)
{
    const ty_rnn_options *o = n->o;
    if (o->num_layers < 1 || o->num_layers > 1000000)
        return ty_fail(TY_ERROR_VALUE, "%s: num_layers must be at least 1, got %lld", n->name,
                       (long long)o->num_layers);
    if (!(o->dropout >= 0 && o->dropout <= 1))
        return ty_fail(TY_ERROR_VALUE, "%s: dropout is a probability from 0 to 1, got %g", n->name, o->dropout);
    n->directions = o->bidirectional ? 2 : 1;
    int64_t runs = o->num_layers * n->directions;
    n->per_layer = o->has_biases ? 4 : 2;
    n->projects = n->kind == TY_LSTM && count == runs * (n->per_layer + 1);
    n->per_layer += n->projects;
    if (count != runs * n->per_layer)
        return ty_fail(
            TY_ERROR_VALUE,
            "%s: params has %d tensor%s; with num_layers %lld in %d direction%s it takes %lld: weight_ih, weight_hh%s "
            "for each",
            n->name, count, count == 1 ? "" : "s", (long long)o->num_layers, n->directions,
            n->directions == 1 ? "" : "s", (long long)(runs * n->per_layer), o->has_biases ? ", bias_ih, bias_hh" : "");
    for (int i = 0; i < count; i++)
        if (!n->params[i])
            return TY_FAIL;
    const ty_tensor *w = n->params[1];
    int gates = gates_of[n->kind];
    if (w->ndim != 2 || w->sizes[0] % gates || w->sizes[0] == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: weight_hh has shape %s, expected {%s%shidden_size, %s}", n->name,
                       TYI_SHAPE(w),
                       gates == 4   ? "4 "
                       : gates == 3 ? "3 "
                                    : "",
                       "", n->projects ? "proj_size" : "hidden_size");
    n->size = w->sizes[0] / gates;
    n->out_size = w->sizes[1];
    return TY_OK;
}

static ty_status check_params(const network *n, const ty_tensor *x)
{
    int64_t gates = gates_of[n->kind], at = 0;
    for (int64_t layer = 0; layer < n->o->num_layers; layer++)
        for (int d = 0; d < n->directions; d++)
            for (int i = 0; i < n->per_layer; i++, at++) {
                int which = n->projects && i == n->per_layer - 1 ? 4 : i;
                int64_t in = layer ? n->out_size * n->directions : n->in_size;
                int64_t sizes[2] = {gates * n->size, which == 0 ? in : n->out_size};
                if (which == 4)
                    sizes[0] = n->out_size, sizes[1] = n->size;
                char what[64];
                snprintf(what, sizeof what, "%s_l%lld%s", param_names[which], (long long)layer, d ? "_reverse" : "");
                if (check_alike(n->name, x, what, n->params[at]) != TY_OK ||
                    check_shape(n->name, what, n->params[at], which == 2 || which == 3 ? 1 : 2, sizes) != TY_OK)
                    return TY_FAIL;
            }
    if (!n->projects && n->out_size != n->size)
        return ty_fail(TY_ERROR_VALUE, "%s: weight_hh_l0 has shape %s, which is not %lld times square", n->name,
                       TYI_SHAPE(n->params[1]), (long long)gates);
    return TY_OK;
}

/* The input's shape, and how it is divided into steps. */
static ty_status check_input(network *n, const ty_tensor *x)
{
    bool packed = n->packed, first = n->o->batch_first;
    if (check_floating(n->name, x) != TY_OK)
        return TY_FAIL;
    if (packed ? x->ndim != 2 : x->ndim != 2 && x->ndim != 3)
        return ty_fail(TY_ERROR_VALUE, "%s: the input has shape %s, expected %s", n->name, TYI_SHAPE(x),
                       packed  ? "{all steps, input_size} of a packed sequence"
                       : first ? "{batch, steps, input_size}, or {steps, input_size} for one sequence"
                               : "{steps, batch, input_size}, or {steps, input_size} for one sequence");
    n->single = !packed && x->ndim == 2;
    n->in_size = n->params[0]->ndim == 2 ? n->params[0]->sizes[1] : -1;
    if (x->sizes[x->ndim - 1] != n->in_size)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: the input's last dimension is %lld, and weight_ih_l0 %s takes %lld features; the input's "
                       "shape is %s",
                       n->name, (long long)x->sizes[x->ndim - 1], TYI_SHAPE(n->params[0]), (long long)n->in_size,
                       TYI_SHAPE(x));
    if (packed)
        return TY_OK;
    n->steps.count = x->sizes[n->single ? 0 : first ? 1 : 0];
    n->steps.batch = n->batch = n->single ? 1 : x->sizes[first ? 0 : 1];
    if (n->steps.count == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: a sequence has at least 1 step; the input's shape is %s", n->name,
                       TYI_SHAPE(x));
    return TY_OK;
}

/* Batch sizes of a packed sequence, checked; with the first row of each step they become steps_tensor. */
static ty_status take_batch_sizes(network *n, const ty_tensor *x, ty_tensor *batch_sizes)
{
    if (batch_sizes->ndim != 1 || batch_sizes->dtype != TY_INT64 || batch_sizes->storage->device.type != TY_CPU ||
        batch_sizes->numel == 0)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: batch_sizes are the numbers of samples of each step, int64 {steps} on the CPU; these are "
                       "%s",
                       n->name, TYI_DESCRIBE(batch_sizes));
    int64_t count = batch_sizes->numel, start = 0;
    n->steps_tensor = tyi_new(1, (int64_t[]){2 * count}, TY_INT64, TY_DEVICE_CPU);
    if (!n->steps_tensor)
        return TY_FAIL;
    if (tyi_host_read(n->name, batch_sizes) != TY_OK)
        return TY_FAIL;
    const int64_t *given = tyi_data(batch_sizes);
    int64_t *sizes = tyi_data(n->steps_tensor);
    for (int64_t i = 0; i < count; i++) {
        sizes[i] = given[i * batch_sizes->strides[0]];
        sizes[count + i] = start;
        if (sizes[i] < 1 || (i && sizes[i] > sizes[i - 1]))
            return ty_fail(TY_ERROR_VALUE,
                           "%s: batch_sizes must be positive and never grow; step %lld has %lld samples", n->name,
                           tyi_said(i), (long long)sizes[i]);
        start += sizes[i];
    }
    if (start != x->sizes[0])
        return ty_fail(TY_ERROR_VALUE, "%s: batch_sizes add up to %lld, the data %s have %lld rows", n->name,
                       (long long)start, TYI_SHAPE(x), (long long)x->sizes[0]);
    n->steps.count = count;
    n->steps.batch = n->batch = sizes[0];
    n->steps.sizes = sizes;
    return TY_OK;
}

/* A given initial state fits. */
static ty_status check_state(const network *n, const ty_tensor *x, const char *what, const ty_tensor *state,
                             int64_t size)
{
    int64_t sizes[3] = {n->o->num_layers * n->directions, n->batch, size};
    if (n->single)
        sizes[1] = size;
    if (check_alike(n->name, x, what, state) != TY_OK)
        return TY_FAIL;
    return check_shape(n->name, what, state, n->single ? 2 : 3, sizes);
}

/* ---- The stack of layers ---- */

/* Rows of all steps, {rows, in}, contiguous; reads batch_first and single sequences into that order. */
static ty_tensor *as_rows(const network *n, ty_tensor *x)
{
    if (n->packed || n->single)
        return ty_contiguous(x);
    ty_tensor *turned = n->o->batch_first ? ty_transpose(x, 0, 1) : ty_retain(x);
    ty_tensor *dense = turned ? ty_contiguous(turned) : NULL;
    ty_tensor *rows = dense ? ty_view(dense, 2, (int64_t[]){n->steps.count * n->batch, x->sizes[2]}) : NULL;
    ty_release(turned);
    ty_release(dense);
    return rows;
}

/* Initial state `index` of a layer in a direction, contiguous {batch, size}; zeros where none is given. */
static ty_tensor *state_at(const network *n, const ty_tensor *x, ty_tensor *states, int64_t index, int64_t size)
{
    if (!states)
        return ty_zeros(2, (int64_t[]){n->batch, size}, (ty_dtype)x->dtype, x->storage->device);
    ty_tensor *one = ty_select(states, 0, index);
    ty_tensor *wide = one && n->single ? ty_unsqueeze(one, 0) : ty_retain(one);
    ty_tensor *dense = wide ? ty_contiguous(wide) : NULL;
    ty_release(one);
    ty_release(wide);
    return dense;
}

/* One layer in one direction: run is layer * directions + direction. */
static ty_status run_layer(const network *n, ty_tensor *x, ty_tensor *const hx[2], int64_t run, ty_tensor *results[3])
{
    ty_tensor *in[TYI_RNN_INPUTS] = {x}, *const *params = n->params + run * n->per_layer;
    bool lstm = n->kind == TY_LSTM;
    ty_status status = TY_FAIL;
    for (int i = 0; i < n->per_layer; i++) {
        int which = n->projects && i == n->per_layer - 1 ? TYI_RNN_W_HR : TYI_RNN_W_IH + i;
        if (!(in[which] = ty_contiguous(params[i])))
            goto done;
    }
    in[TYI_RNN_H0] = state_at(n, x, hx[0], run, n->out_size);
    in[TYI_RNN_C0] = lstm ? state_at(n, x, hx[1], run, n->size) : NULL;
    tyi_steps steps = n->steps;
    steps.reverse = n->directions == 2 && run % 2 == 1;
    if (in[TYI_RNN_H0] && (!lstm || in[TYI_RNN_C0]))
        status = tyi_recurrence((tyi_cell)n->kind, &steps, n->steps_tensor, in, results);
done:
    for (int i = TYI_RNN_W_IH; i < TYI_RNN_INPUTS; i++)
        ty_release(in[i]);
    return status;
}

/* x, or with dropout; takes the reference over. */
static ty_tensor *dropped(const network *n, ty_tensor *x)
{
    ty_tensor *y = ty_dropout(x, n->o->dropout, true, n->o->generator);
    ty_release(x);
    return y;
}

/* All layers: the rows of the last one, and the last states of all runs in last[0], last[1] (arrays of one for each
 * run). x is borrowed. */
static ty_tensor *run_layers(const network *n, ty_tensor *x, ty_tensor *const hx[2], ty_tensor **last[2])
{
    x = ty_retain(x);
    for (int64_t layer = 0; x && layer < n->o->num_layers; layer++) {
        ty_tensor *out[2] = {NULL};
        ty_status status = TY_OK;
        for (int d = 0; d < n->directions && status == TY_OK; d++) {
            ty_tensor *results[3] = {NULL};
            int64_t run = layer * n->directions + d;
            status = run_layer(n, x, hx, run, results);
            out[d] = results[0], last[0][run] = results[1], last[1][run] = results[2];
        }
        ty_release(x);
        x = status != TY_OK ? NULL : n->directions == 2 ? ty_cat(out, 2, 1) : ty_retain(out[0]);
        ty_release(out[0]);
        ty_release(out[1]);
        if (x && n->o->training && n->o->dropout > 0 && layer + 1 < n->o->num_layers)
            x = dropped(n, x);
    }
    return x;
}

/* The rows in the shape that the input had. */
static ty_tensor *as_input(const network *n, ty_tensor *rows)
{
    if (!rows || n->packed || n->single)
        return ty_retain(rows);
    ty_tensor *y = ty_view(rows, 3, (int64_t[]){n->steps.count, n->batch, rows->sizes[1]});
    ty_tensor *turned = y && n->o->batch_first ? ty_transpose(y, 0, 1) : ty_retain(y);
    ty_release(y);
    return turned;
}

/* The last states of all runs as one tensor. */
static ty_tensor *stacked(const network *n, ty_tensor **states)
{
    int64_t runs = n->o->num_layers * n->directions;
    ty_tensor *all = ty_stack(states, (int)runs, 0);
    ty_tensor *y = all && n->single ? ty_squeeze_dim(all, 1) : ty_retain(all);
    ty_release(all);
    return y;
}

static ty_status run_network(const network *n, ty_tensor *x, ty_tensor *const hx[2], ty_tensor *results[3])
{
    int64_t runs = n->o->num_layers * n->directions;
    bool lstm = n->kind == TY_LSTM;
    ty_tensor **states = calloc((size_t)(2 * runs), sizeof *states);
    if (!states)
        return tyi_fail_memory((size_t)(2 * runs) * sizeof *states);
    ty_tensor **last[2] = {states, states + runs};
    ty_tensor *rows = as_rows(n, x);
    ty_tensor *out = rows ? run_layers(n, rows, hx, last) : NULL;
    results[0] = as_input(n, out);
    results[1] = results[0] ? stacked(n, last[0]) : NULL;
    results[2] = results[1] && lstm ? stacked(n, last[1]) : NULL;
    ty_release(rows);
    ty_release(out);
    for (int64_t i = 0; i < 2 * runs; i++)
        ty_release(states[i]);
    free(states);
    if (results[1] && (!lstm || results[2]))
        return TY_OK;
    for (int i = 0; i < 3; i++) {
        ty_release(results[i]);
        results[i] = NULL;
    }
    return TY_FAIL;
}

/* ---- Reduced dtypes: computed in float32, the results rounded ---- */

/* x, given and computed in a reduced dtype, as float32: `count` tensors (NULL: none) of x's dtype into wide. */
static ty_status widen(const char *name, ty_tensor *x, int count, ty_tensor *const *given, ty_tensor **wide)
{
    for (int i = 0; i < count; i++) {
        if (!given[i])
            continue;
        if (check_alike(name, x, "another operand", given[i]) != TY_OK ||
            !(wide[i] = ty_to_dtype(given[i], TY_FLOAT32)))
            return TY_FAIL;
    }
    return TY_OK;
}

/* results, rounded to dtype in place of what they were; on failure they are all NULL. */
static ty_status round_results(ty_dtype dtype, ty_tensor *results[3])
{
    ty_status status = TY_OK;
    for (int i = 0; i < 3; i++) {
        ty_tensor *wide = results[i];
        results[i] = wide && status == TY_OK ? ty_to_dtype(wide, dtype) : NULL;
        if (wide && !results[i])
            status = TY_FAIL;
        ty_release(wide);
    }
    for (int i = 0; i < 3 && status != TY_OK; i++) {
        ty_release(results[i]);
        results[i] = NULL;
    }
    return status;
}

static ty_status reduced_rnn(ty_rnn_kind kind, ty_tensor *x, ty_tensor *batch_sizes, int hx_count, ty_tensor *const *hx,
                             int params_count, ty_tensor *const *params, const ty_rnn_options *options,
                             ty_tensor *results[3])
{
    size_t count = 1 + (size_t)hx_count + (size_t)params_count;
    ty_tensor **wide = calloc(count, sizeof *wide);
    if (!wide)
        return tyi_fail_memory(count * sizeof *wide);
    ty_tensor **states = wide + 1, **weights = states + hx_count;
    ty_status status = TY_FAIL;
    if (widen(names[kind], x, 1, &x, wide) == TY_OK && widen(names[kind], x, hx_count, hx, states) == TY_OK &&
        widen(names[kind], x, params_count, params, weights) == TY_OK &&
        ty_rnn(kind, wide[0], batch_sizes, hx_count, states, params_count, weights, options, results) == TY_OK)
        status = round_results((ty_dtype)x->dtype, results);
    for (size_t i = 0; i < count; i++)
        ty_release(wide[i]);
    free(wide);
    return status;
}

/*
 * torch.rnn_tanh, rnn_relu, lstm, gru. x: {steps, batch, in}, or {batch, steps, in} with batch_first, or {steps, in}
 * for one sequence; or the rows of a packed sequence {rows, in}, divided into steps by batch_sizes (int64 {steps}, else
 * NULL). hx: h0 {layers directions, batch, out}, then for LSTM c0 {..., size}; hx_count 0: zeros. params: for each
 * layer and direction weight_ih {gates size, in}, weight_hh {gates size, out}, then with biases bias_ih and bias_hh
 * {gates size}, then for an LSTM with projections weight_hr {out, size}. results: output as x, with directions * out
 * features; h of the last step of each sample as h0; LSTM: c as c0. Dropout in training on all layers' results but the
 * last's.
 */
ty_status ty_rnn(ty_rnn_kind kind, ty_tensor *x, ty_tensor *batch_sizes, int hx_count, ty_tensor *const *hx,
                 int params_count, ty_tensor *const *params, const ty_rnn_options *options, ty_tensor *results[3])
{
    results[0] = results[1] = results[2] = NULL;
    if (!x)
        return TY_FAIL;
    if (tyi_is_reduced((ty_dtype)x->dtype))
        return reduced_rnn(kind, x, batch_sizes, hx_count, hx, params_count, params, options, results);
    network n = {.name = names[kind], .kind = kind, .o = options, .params = params, .packed = batch_sizes != NULL};
    int states = kind == TY_LSTM ? 2 : 1;
    ty_tensor *given[2] = {hx_count > 0 ? hx[0] : NULL, hx_count > 1 ? hx[1] : NULL};
    ty_status status = TY_FAIL;
    if (hx_count != 0 && hx_count != states)
        return ty_fail(TY_ERROR_VALUE, "%s: hx is %s, %d tensors were given", n.name,
                       states == 2 ? "a list of two states, h0 and c0" : "one state, h0", hx_count);
    for (int i = 0; i < hx_count; i++)
        if (!hx[i])
            return TY_FAIL;
    if (check_counts(&n, params_count) != TY_OK || check_input(&n, x) != TY_OK || check_params(&n, x) != TY_OK ||
        (n.packed && take_batch_sizes(&n, x, batch_sizes) != TY_OK))
        goto done;
    if ((given[0] && check_state(&n, x, "h0", given[0], n.out_size) != TY_OK) ||
        (given[1] && check_state(&n, x, "c0", given[1], n.size) != TY_OK))
        goto done;
    status = run_network(&n, x, given, results);
done:
    ty_release(n.steps_tensor);
    return status;
}

/* ---- Cells ---- */

static ty_status check_cell(const char *name, ty_rnn_kind kind, ty_tensor *const in[TYI_RNN_INPUTS])
{
    const ty_tensor *x = in[TYI_RNN_X], *w = in[TYI_RNN_W_HH];
    int gates = gates_of[kind];
    if (check_floating(name, x) != TY_OK)
        return TY_FAIL;
    if (x->ndim != 1 && x->ndim != 2)
        return ty_fail(TY_ERROR_VALUE,
                       "%s: the input has shape %s, expected {batch, input_size}, or {input_size} for "
                       "one sample",
                       name, TYI_SHAPE(x));
    if (w->ndim != 2 || w->sizes[0] != gates * w->sizes[1] || w->numel == 0)
        return ty_fail(TY_ERROR_VALUE, "%s: weight_hh has shape %s, expected {%d hidden_size, hidden_size}", name,
                       TYI_SHAPE(w), gates);
    int64_t size = w->sizes[1], in_size = x->sizes[x->ndim - 1];
    int64_t state[2] = {x->sizes[0], size}, one[1] = {size};
    if (in[TYI_RNN_W_IH]->ndim == 2 && in[TYI_RNN_W_IH]->sizes[1] != in_size)
        return ty_fail(TY_ERROR_VALUE, "%s: the input's last dimension is %lld, and weight_ih %s takes %lld features",
                       name, (long long)in_size, TYI_SHAPE(in[TYI_RNN_W_IH]), (long long)in[TYI_RNN_W_IH]->sizes[1]);
    if (!in[TYI_RNN_B_IH] != !in[TYI_RNN_B_HH])
        return ty_fail(TY_ERROR_VALUE, "%s: give both biases, bias_ih and bias_hh, or none", name);
    static const char *const what[TYI_RNN_INPUTS] = {
        [TYI_RNN_W_IH] = "weight_ih", [TYI_RNN_W_HH] = "weight_hh", [TYI_RNN_B_IH] = "bias_ih",
        [TYI_RNN_B_HH] = "bias_hh",   [TYI_RNN_H0] = "hx",          [TYI_RNN_C0] = "cx"};
    const int64_t sizes[2] = {gates * size, in_size};
    for (int i = TYI_RNN_W_IH; i < TYI_RNN_INPUTS; i++) {
        if (!in[i] || i == TYI_RNN_W_HH)
            continue;
        bool is_state = i == TYI_RNN_H0 || i == TYI_RNN_C0;
        int ndim = is_state ? x->ndim : i == TYI_RNN_W_IH ? 2 : 1;
        if (check_shape(name, what[i], in[i], ndim, !is_state ? sizes : x->ndim == 2 ? state : one) != TY_OK)
            return TY_FAIL;
    }
    for (int i = TYI_RNN_W_IH; i < TYI_RNN_INPUTS; i++)
        if (in[i] && check_alike(name, x, what[i], in[i]) != TY_OK)
            return TY_FAIL;
    return TY_OK;
}

/* x as a contiguous matrix: one sample is one row. A new reference. */
static ty_tensor *as_batch(ty_tensor *x, int ndim)
{
    ty_tensor *wide = x && ndim == 1 ? ty_unsqueeze(x, 0) : ty_retain(x);
    ty_tensor *dense = wide ? ty_contiguous(wide) : NULL;
    ty_release(wide);
    return dense;
}

static ty_tensor *reduced_cell(ty_rnn_kind kind, ty_tensor *const given[TYI_RNN_INPUTS], ty_tensor **c_now)
{
    ty_tensor *x = given[TYI_RNN_X], *wide[TYI_RNN_INPUTS] = {NULL}, *results[3] = {NULL};
    if (widen(cell_names[kind], x, TYI_RNN_INPUTS, given, wide) == TY_OK) {
        results[0] = ty_rnn_cell(kind, wide[TYI_RNN_X], wide[TYI_RNN_H0], wide[TYI_RNN_C0], wide[TYI_RNN_W_IH],
                                 wide[TYI_RNN_W_HH], wide[TYI_RNN_B_IH], wide[TYI_RNN_B_HH], &results[2]);
        round_results((ty_dtype)x->dtype, results);
    }
    for (int i = 0; i < TYI_RNN_INPUTS; i++)
        ty_release(wide[i]);
    if (kind == TY_LSTM)
        *c_now = results[2];
    return results[0];
}

/* One step. x {batch, in} or {in}; h, c {batch, size} or {size}, NULL: zeros; the weights as ty_rnn()'s, the biases
 * NULL for none. Returns the new h; *c_now (LSTM alone) receives the new c. torch.lstm_cell and its like. */
ty_tensor *ty_rnn_cell(ty_rnn_kind kind, ty_tensor *x, ty_tensor *h, ty_tensor *c, ty_tensor *weight_ih,
                       ty_tensor *weight_hh, ty_tensor *bias_ih, ty_tensor *bias_hh, ty_tensor **c_now)
{
    bool lstm = kind == TY_LSTM;
    if (lstm)
        *c_now = NULL;
    if (!x || !weight_ih || !weight_hh)
        return NULL;
    ty_tensor *given[TYI_RNN_INPUTS] = {x, weight_ih, weight_hh, bias_ih, bias_hh, NULL, h, lstm ? c : NULL};
    if (tyi_is_reduced((ty_dtype)x->dtype))
        return reduced_cell(kind, given, c_now);
    if (check_cell(cell_names[kind], kind, given) != TY_OK)
        return NULL;
    int64_t sizes[2] = {x->ndim == 2 ? x->sizes[0] : 1, weight_hh->sizes[1]};
    ty_tensor *in[TYI_RNN_INPUTS] = {NULL}, *results[3] = {NULL};
    bool fine = true;
    for (int i = 0; fine && i < TYI_RNN_INPUTS; i++) {
        bool state = i == TYI_RNN_H0 || (i == TYI_RNN_C0 && lstm);
        if (given[i])
            in[i] = as_batch(given[i], i == TYI_RNN_X || state ? x->ndim : 2);
        else if (state)
            in[i] = ty_zeros(2, sizes, (ty_dtype)x->dtype, x->storage->device);
        fine = in[i] || (!given[i] && !state);
    }
    tyi_steps steps = {.count = 1, .batch = sizes[0]};
    if (fine && tyi_recurrence((tyi_cell)kind, &steps, NULL, in, results) == TY_OK && x->ndim == 1) {
        for (int i = 0; i < 3; i += 2) {
            ty_tensor *wide = results[i];
            results[i] = wide ? ty_squeeze_dim(wide, 0) : NULL;
            ty_release(wide);
        }
    }
    for (int i = 0; i < TYI_RNN_INPUTS; i++)
        ty_release(in[i]);
    ty_release(results[1]);
    if (results[0] && (!lstm || results[2])) {
        if (lstm)
            *c_now = results[2];
        return results[0];
    }
    ty_release(results[2]);
    return tyi_drop(results[0]);
}
