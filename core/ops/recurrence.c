/*
 * A recurrent layer in one direction over all steps, forward and back through time. The products with the inputs of all
 * steps are one matmul, each way; a step is one matmul with the state before it and one fused kernel for the cell.
 * Relies on the backend's matmul and cell kernels. PyTorch's torch.nn.RNN, LSTM and GRU say what is computed.
 */
#include <stdlib.h>

#include "ops/recurrence.h"

typedef struct layer_context {
    tyi_cell cell;
    tyi_steps steps; /* sizes: those of the saved tensor */
} layer_context;

enum { SAVED_STEPS = TYI_RNN_INPUTS, SAVED_OUT, SAVED_GATES, SAVED_C, SAVED_FULL, SAVED_COUNT };

/* A layer at work: its sizes and the arrays of its steps. */
typedef struct layer {
    tyi_cell cell;
    tyi_steps steps;
    const tyi_backend *backend;
    ty_dtype dtype;
    ty_device device;
    int64_t rows, size, out_size, sums, stored; /* stored: width of gates */
    ty_tensor *const *in;
    ty_tensor *gates, *out; /* one for plain cells */
    ty_tensor *c, *full;    /* LSTM: all c; h before a projection */
} layer;

static layer layer_of(tyi_cell cell, const tyi_steps *steps, ty_tensor *const *in)
{
    static const int stored[] = {[TYI_CELL_TANH] = 1, [TYI_CELL_RELU] = 1, [TYI_CELL_LSTM] = 4, [TYI_CELL_GRU] = 4};
    static const int sums[] = {[TYI_CELL_TANH] = 1, [TYI_CELL_RELU] = 1, [TYI_CELL_LSTM] = 4, [TYI_CELL_GRU] = 3};
    const ty_tensor *x = in[TYI_RNN_X];
    layer l = {.cell = cell, .steps = *steps, .dtype = (ty_dtype)x->dtype, .device = x->storage->device, .in = in};
    l.rows = x->sizes[0];
    l.sums = in[TYI_RNN_W_IH]->sizes[0];
    l.size = l.sums / sums[cell];
    l.stored = l.size * stored[cell];
    l.out_size = in[TYI_RNN_W_HH]->sizes[1];
    l.backend = tyi_backend_of(l.device);
    return l;
}

/* Row `row` of a contiguous matrix; NULL stays NULL. */
static void *row_of(const layer *l, const ty_tensor *x, int64_t row)
{
    return x ? (char *)tyi_data(x) + row * x->sizes[1] * (int64_t)tyi_dtype_size(l->dtype) : NULL;
}

static ty_tensor *matrix(const layer *l, int64_t rows, int64_t columns)
{
    return tyi_new(2, (int64_t[]){rows, columns}, l->dtype, l->device);
}

/* A matrix that every step multiplies with: {k, n}, element (i, j) lies row i + col j behind data. */
typedef struct weight {
    const void *data;
    int64_t row, col, n, k;
    ty_tensor *prepared; /* for the kernel; NULL where that does not pay */
} weight;

#define PREPARED_STEPS 3 /* fewer are not worth it */
#define PREPARED_ROWS  5 /* with fewer the kernel has other ways */

/* The arguments of c = a w, c's rows ldc apart. */
static tyi_matmul_args product(const layer *l, int64_t rows, const void *a, const weight *w, void *c, int64_t ldc)
{
    tyi_matmul_args args = {.dtype = l->dtype, .batch = 1, .m = rows, .n = w->n, .k = w->k, .alpha = 1};
    args.a = a, args.a_row = w->k, args.a_col = 1;
    args.b = w->data, args.b_row = w->row, args.b_col = w->col;
    args.c = c, args.ldc = ldc;
    if (w->prepared && (rows >= PREPARED_ROWS || !c))
        args.prepared = tyi_data(w->prepared), args.prepared_m = l->steps.batch;
    return args;
}

/* Weight `input` of the layer for the products of the steps; turned: its transpose. Release w->prepared. */
static ty_status prepare(const layer *l, int input, bool turned, weight *w)
{
    const ty_tensor *x = l->in[input];
    int64_t rows = x->sizes[0], columns = x->sizes[1];
    *w = turned ? (weight){tyi_data(x), 1, columns, rows, columns, NULL}
                : (weight){tyi_data(x), columns, 1, columns, rows, NULL};
    if (l->steps.count < PREPARED_STEPS || l->steps.batch < PREPARED_ROWS || l->device.type != TY_CPU)
        return TY_OK;
    w->prepared = matrix(l, 1, TYI_PREPARED(w->n, w->k));
    if (!w->prepared)
        return TY_FAIL;
    tyi_matmul_args args = product(l, 0, NULL, w, NULL, 0);
    return l->backend->matmul_prepare(&args);
}

/* c = a w + beta c + bias; all contiguous. */
static ty_status weigh(const layer *l, int64_t rows, const void *a, const weight *w, void *c, int beta,
                       const ty_tensor *bias)
{
    tyi_matmul_args args = product(l, rows, a, w, c, w->n);
    args.beta = beta;
    args.bias = bias ? tyi_data(bias) : NULL;
    return l->backend->matmul(&args);
}

/* ---- Which rows of a step go on from where ---- */

/* Rows [row, row + rows) of a step, whose state before (or after) it is row `from` on of another, or the initial (last)
 * state where that is -1. */
typedef struct part {
    int64_t row, rows, from;
} part;

/* The parts of `step` by the step that comes just before it; returns how many. */
static int parts_before(const tyi_steps *s, int64_t step, part parts[2])
{
    int64_t before = s->reverse ? step + 1 : step - 1, rows = tyi_step_rows(s, step);
    int64_t shared = tyi_step_rows(s, before);
    int count = 0;
    shared = shared < rows ? shared : rows;
    if (shared)
        parts[count++] = (part){0, shared, tyi_step_start(s, before)};
    if (shared < rows)
        parts[count++] = (part){shared, rows - shared, -1};
    return count;
}

/* The rows of `step` whose samples end in it: from *row on; returns how many. */
static int64_t rows_ending(const tyi_steps *s, int64_t step, int64_t *row)
{
    int64_t rows = tyi_step_rows(s, step), after = tyi_step_rows(s, s->reverse ? step - 1 : step + 1);
    *row = after < rows ? after : rows;
    return rows - *row;
}

static ty_status copy_rows(ty_tensor *to, int64_t to_row, ty_tensor *from, int64_t from_row, int64_t rows)
{
    int64_t sizes[2] = {rows, to->sizes[1]};
    ty_tensor *target = tyi_alias(to, 2, sizes, to->strides, to->offset + to_row * to->strides[0]);
    ty_tensor *source = tyi_alias(from, 2, sizes, from->strides, from->offset + from_row * from->strides[0]);
    ty_status status = target && source ? tyi_copy(target, source) : TY_FAIL;
    ty_release(target);
    ty_release(source);
    return status;
}

/* The rows of `all` where each sample ends: {batch, width}. */
static ty_tensor *last_rows(const layer *l, ty_tensor *all)
{
    ty_tensor *last = matrix(l, l->steps.batch, all->sizes[1]);
    for (int64_t step = 0; last && step < l->steps.count; step++) {
        int64_t row, rows = rows_ending(&l->steps, step, &row);
        if (rows && copy_rows(last, row, all, tyi_step_start(&l->steps, step) + row, rows) != TY_OK)
            last = tyi_drop(last);
    }
    return last;
}

/* The h that each row of each step began with: {rows, out}. */
static ty_tensor *states_before(const layer *l)
{
    ty_tensor *all = matrix(l, l->rows, l->out_size);
    for (int64_t step = 0; all && step < l->steps.count; step++) {
        part parts[2];
        int count = parts_before(&l->steps, step, parts);
        for (int i = 0; all && i < count; i++) {
            const part *p = &parts[i];
            int64_t to = tyi_step_start(&l->steps, step) + p->row;
            ty_status status = p->from < 0 ? copy_rows(all, to, l->in[TYI_RNN_H0], p->row, p->rows)
                                           : copy_rows(all, to, l->out, p->from, p->rows);
            if (status != TY_OK)
                all = tyi_drop(all);
        }
    }
    return all;
}

/* ---- Forward ---- */

/* What the steps multiply with: W_HH^T and W_HR^T, or backward the weights themselves. */
typedef struct weights {
    weight hidden, project;
} weights;

static ty_status prepare_all(const layer *l, bool turned, weights *w)
{
    *w = (weights){0};
    if (prepare(l, TYI_RNN_W_HH, turned, &w->hidden) != TY_OK)
        return TY_FAIL;
    return l->full ? prepare(l, TYI_RNN_W_HR, turned, &w->project) : TY_OK;
}

static void release_all(const weights *w)
{
    ty_release(w->hidden.prepared);
    ty_release(w->project.prepared);
}

static ty_status forward_step(const layer *l, int64_t step, const weights *w, ty_tensor *sums)
{
    part parts[2];
    int count = parts_before(&l->steps, step, parts);
    int64_t start = tyi_step_start(&l->steps, step);
    bool gru = l->cell == TYI_CELL_GRU;
    for (int i = 0; i < count; i++) {
        const part *p = &parts[i];
        int64_t at = start + p->row;
        void *h_before = p->from < 0 ? row_of(l, l->in[TYI_RNN_H0], p->row) : row_of(l, l->out, p->from);
        void *to = gru ? tyi_data(sums) : row_of(l, l->gates, at);
        if (weigh(l, p->rows, h_before, &w->hidden, to, !gru, gru ? l->in[TYI_RNN_B_HH] : NULL) != TY_OK)
            return TY_FAIL;
        tyi_cell_args args = {.cell = l->cell, .dtype = l->dtype, .rows = p->rows, .size = l->size};
        args.gates = row_of(l, l->gates, at);
        args.h = row_of(l, l->full ? l->full : l->out, at);
        args.c = row_of(l, l->c, at);
        args.c_before = p->from < 0 ? row_of(l, l->in[TYI_RNN_C0], p->row) : row_of(l, l->c, p->from);
        args.h_before = h_before;
        args.sums = gru ? tyi_data(sums) : NULL;
        if (l->backend->cell(&args) != TY_OK)
            return TY_FAIL;
    }
    if (!l->full)
        return TY_OK;
    return weigh(l, tyi_step_rows(&l->steps, step), row_of(l, l->full, start), &w->project, row_of(l, l->out, start), 0,
                 NULL);
}

/* What is added to the product with the inputs: both biases, but GRU's second goes with h. */
static ty_tensor *input_bias(const layer *l)
{
    if (l->cell == TYI_CELL_GRU || !l->in[TYI_RNN_B_IH])
        return ty_retain(l->in[TYI_RNN_B_IH]);
    bool was = ty_set_grad_enabled(false);
    ty_tensor *bias = ty_add(l->in[TYI_RNN_B_IH], l->in[TYI_RNN_B_HH], ty_int(1));
    ty_set_grad_enabled(was);
    return bias;
}

static ty_status forward(layer *l)
{
    const ty_tensor *x = l->in[TYI_RNN_X], *w = l->in[TYI_RNN_W_IH];
    ty_status status = TY_FAIL;
    ty_tensor *bias = input_bias(l);
    ty_tensor *sums = l->cell == TYI_CELL_GRU ? matrix(l, l->steps.batch, l->sums) : NULL;
    weights turned;
    if (prepare_all(l, true, &turned) != TY_OK || (l->in[TYI_RNN_B_IH] && !bias) || (l->cell == TYI_CELL_GRU && !sums))
        goto done;
    weight input = {tyi_data(w), 1, w->sizes[1], l->sums, w->sizes[1], NULL};
    tyi_matmul_args args = product(l, l->rows, tyi_data(x), &input, tyi_data(l->gates), l->stored);
    args.bias = bias ? tyi_data(bias) : NULL;
    status = l->backend->matmul(&args);
    for (int64_t k = 0; k < l->steps.count && status == TY_OK; k++)
        status = forward_step(l, tyi_step_at(&l->steps, k), &turned, sums);
done:
    ty_release(bias);
    ty_release(sums);
    release_all(&turned);
    return status;
}

/* ---- Backward ---- */

/* Gradients at work: of h of all steps, of the sums with x and of those with h (one but for GRU), of h before the first
 * step, of c (its current rows), and of h before its projection. */
typedef struct slopes {
    ty_tensor *out, *sums, *hidden, *h0, *c, *full;
} slopes;

static ty_status backward_step(const layer *l, const weights *w, const slopes *s, int64_t step)
{
    part parts[2];
    int count = parts_before(&l->steps, step, parts);
    int64_t start = tyi_step_start(&l->steps, step), rows = tyi_step_rows(&l->steps, step);
    if (s->full && weigh(l, rows, row_of(l, s->out, start), &w->project, tyi_data(s->full), 0, NULL) != TY_OK)
        return TY_FAIL;
    for (int i = 0; i < count; i++) {
        const part *p = &parts[i];
        int64_t at = start + p->row;
        void *before = p->from < 0 ? row_of(l, s->h0, p->row) : row_of(l, s->out, p->from);
        tyi_cell_args args = {.cell = l->cell, .dtype = l->dtype, .rows = p->rows, .size = l->size};
        args.gates = row_of(l, l->gates, at);
        args.dh = s->full ? row_of(l, s->full, p->row) : row_of(l, s->out, at);
        args.c = row_of(l, l->c, at);
        args.c_before = p->from < 0 ? row_of(l, l->in[TYI_RNN_C0], p->row) : row_of(l, l->c, p->from);
        args.h_before = p->from < 0 ? row_of(l, l->in[TYI_RNN_H0], p->row) : row_of(l, l->out, p->from);
        args.dsums = row_of(l, s->sums, at);
        args.dhidden = row_of(l, s->hidden, at);
        args.dc = row_of(l, s->c, p->row);
        args.dh_before = before;
        if (l->backend->cell_backward(&args) != TY_OK)
            return TY_FAIL;
        if (weigh(l, p->rows, args.dhidden, &w->hidden, before, 1, NULL) != TY_OK)
            return TY_FAIL;
    }
    return TY_OK;
}

/* A copy of a gradient, or zeros for none: what will be added to. */
static ty_tensor *slope_of(const layer *l, ty_tensor *grad, int64_t rows, int64_t columns)
{
    if (!grad)
        return tyi_temp(ty_zeros(2, (int64_t[]){rows, columns}, l->dtype, l->device));
    ty_tensor *copy = tyi_temp(matrix(l, rows, columns));
    return copy && tyi_copy(copy, grad) == TY_OK ? copy : NULL;
}

/* The gradient of the last states of the samples that end in this step. */
static ty_status add_last(const layer *l, const slopes *s, int64_t step, ty_tensor *grad)
{
    int64_t row, rows = rows_ending(&l->steps, step, &row);
    if (!rows)
        return TY_OK;
    ty_tensor *to = tyi_temp(ty_narrow(s->out, 0, tyi_step_start(&l->steps, step) + row, rows));
    ty_tensor *last = tyi_temp(ty_narrow(grad, 0, row, rows));
    return tyi_temp(to && last ? ty_add_(to, last, ty_int(1)) : NULL) ? TY_OK : TY_FAIL;
}

/* All steps; then s holds the gradients. They are owned by the rule's scope. */
static ty_status through_time(const layer *l, ty_tensor *const *grad_out, slopes *s)
{
    bool lstm = l->cell == TYI_CELL_LSTM, gru = l->cell == TYI_CELL_GRU;
    s->out = slope_of(l, grad_out[0], l->rows, l->out_size);
    s->h0 = slope_of(l, NULL, l->steps.batch, l->out_size);
    s->sums = tyi_temp(matrix(l, l->rows, l->sums));
    s->hidden = gru ? tyi_temp(matrix(l, l->rows, l->sums)) : s->sums;
    s->c = lstm ? slope_of(l, grad_out[2], l->steps.batch, l->size) : NULL;
    s->full = l->full ? tyi_temp(matrix(l, l->steps.batch, l->size)) : NULL;
    if (!s->out || !s->h0 || !s->sums || !s->hidden || (lstm && !s->c) || (l->full && !s->full))
        return TY_FAIL;
    weights w;
    ty_status status = prepare_all(l, false, &w);
    for (int64_t k = l->steps.count - 1; k >= 0 && status == TY_OK; k--) {
        int64_t step = tyi_step_at(&l->steps, k);
        status = grad_out[1] ? add_last(l, s, step, grad_out[1]) : TY_OK;
        if (status == TY_OK)
            status = backward_step(l, &w, s, step);
    }
    release_all(&w);
    return status;
}

static ty_status fused_backward(tyi_node *node, const layer *l, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    slopes s;
    if (!l->backend || through_time(l, grad_out, &s) != TY_OK)
        return TY_FAIL;
    ty_tensor *turned = tyi_temp(ty_t(s.sums)), *hidden = s.hidden == s.sums ? turned : tyi_temp(ty_t(s.hidden));
    ty_tensor *sum = NULL;
    int64_t rows = 0;
    if (tyi_wants(node, TYI_RNN_B_IH) || tyi_wants(node, TYI_RNN_B_HH))
        sum = tyi_temp(ty_sum(s.sums, 1, &rows, false, TY_DTYPE_NONE));
    ty_tensor *before = tyi_wants(node, TYI_RNN_W_HH) ? tyi_temp(states_before(l)) : NULL;
    for (int i = 0; i < TYI_RNN_INPUTS; i++) {
        if (!tyi_wants(node, i))
            continue;
        if (i == TYI_RNN_X)
            grad_in[i] = ty_mm(s.sums, l->in[TYI_RNN_W_IH]);
        else if (i == TYI_RNN_W_IH)
            grad_in[i] = ty_mm(turned, l->in[TYI_RNN_X]);
        else if (i == TYI_RNN_W_HH)
            grad_in[i] = ty_mm(hidden, before);
        else if (i == TYI_RNN_B_IH || (i == TYI_RNN_B_HH && s.hidden == s.sums))
            grad_in[i] = ty_retain(sum);
        else if (i == TYI_RNN_B_HH)
            grad_in[i] = ty_sum(s.hidden, 1, &rows, false, TY_DTYPE_NONE);
        else if (i == TYI_RNN_W_HR)
            grad_in[i] = ty_mm(tyi_temp(ty_t(s.out)), l->full);
        else
            grad_in[i] = ty_retain(i == TYI_RNN_H0 ? s.h0 : s.c);
        if (!grad_in[i])
            return TY_FAIL;
    }
    return TY_OK;
}

static ty_status recurrence_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const layer_context *context = tyi_context(node);
    ty_tensor *saved[SAVED_COUNT];
    for (int i = 0; i < SAVED_COUNT; i++) {
        saved[i] = tyi_saved(node, i);
        if (!saved[i] && !tyi_saved_is_null(node, i))
            return TY_FAIL;
    }
    tyi_steps steps = context->steps;
    steps.sizes = saved[SAVED_STEPS] ? tyi_data(saved[SAVED_STEPS]) : NULL;
    if (ty_grad_enabled())
        return tyi_recurrence_backward_again(context->cell, &steps, saved, grad_out, node, grad_in);
    layer l = layer_of(context->cell, &steps, saved);
    l.out = saved[SAVED_OUT];
    l.gates = saved[SAVED_GATES] ? saved[SAVED_GATES] : l.out;
    l.c = saved[SAVED_C];
    l.full = saved[SAVED_FULL];
    return fused_backward(node, &l, grad_out, grad_in);
}

static const tyi_node_kind kinds[TYI_CELL_COUNT] = {
    [TYI_CELL_TANH] = {"RnnTanhBackward0", recurrence_backward},
    [TYI_CELL_RELU] = {"RnnReluBackward0", recurrence_backward},
    [TYI_CELL_LSTM] = {"LstmBackward0", recurrence_backward},
    [TYI_CELL_GRU] = {"GruBackward0", recurrence_backward},
};

ty_status tyi_recurrence(tyi_cell cell, const tyi_steps *steps, ty_tensor *steps_tensor,
                         ty_tensor *const in[TYI_RNN_INPUTS], ty_tensor *results[3])
{
    layer l = layer_of(cell, steps, in);
    bool lstm = cell == TYI_CELL_LSTM, plain = l.stored == l.size;
    int count = lstm ? 3 : 2;
    ty_tensor *h = NULL, *c = NULL;
    ty_status status = TY_FAIL;
    l.out = matrix(&l, l.rows, l.out_size);
    l.gates = plain ? l.out : matrix(&l, l.rows, l.stored);
    l.c = lstm ? matrix(&l, l.rows, l.size) : NULL;
    l.full = in[TYI_RNN_W_HR] ? matrix(&l, l.rows, l.size) : NULL;
    if (!l.backend || !l.out || !l.gates || (lstm && !l.c) || (in[TYI_RNN_W_HR] && !l.full) || forward(&l) != TY_OK)
        goto done;
    h = last_rows(&l, l.out);
    c = lstm ? last_rows(&l, l.c) : NULL;
    if (!h || (lstm && !c))
        goto done;
    layer_context context = {cell, *steps};
    ty_tensor *saved[SAVED_COUNT];
    memcpy(saved, in, TYI_RNN_INPUTS * sizeof *saved);
    saved[SAVED_STEPS] = steps_tensor, saved[SAVED_OUT] = l.out, saved[SAVED_GATES] = plain ? NULL : l.gates;
    saved[SAVED_C] = l.c, saved[SAVED_FULL] = l.full;
    status = tyi_record_many(count, (ty_tensor *[]){l.out, h, c}, &kinds[cell], TYI_RNN_INPUTS, in, SAVED_COUNT, saved,
                             &context, sizeof context);
    if (status == TY_OK) {
        results[0] = ty_retain(l.out), results[1] = ty_retain(h), results[2] = ty_retain(c);
    }
done:
    if (!plain)
        ty_release(l.gates);
    ty_release(l.out);
    ty_release(l.c);
    ty_release(l.full);
    ty_release(h);
    ty_release(c);
    return status;
}
