/*
 * The gradient of a recurrent layer made of differentiable ops, for those who want the gradient of a gradient: the
 * layer is computed again step by step from its inputs, then backpropagated through time by hand. Slow and plain;
 * recurrence.c has the fused forms. Everything belongs to the scope of the running rule.
 */
#include <stdlib.h>

#include "ops/recurrence.h"

#define HOLD(x) tyi_temp(x)
#include "ops/expressions.h"

/* A step as it was computed: the states that it began with, its gates (LSTM: i f g o; GRU: r z n and the weighted h;
 * plain: h), c, h before a projection; then the gradients of the sums with x and with h, and of h. */
typedef struct step {
    int64_t start, rows;
    ty_tensor *h, *c, *gate[4], *c_now, *full, *dsums, *dhidden, *dout;
} step;

typedef struct work {
    tyi_cell cell;
    int64_t size, count;
    ty_tensor *const *in;
    step *steps;
} work;

static ty_tensor *rows_of(ty_tensor *x, int64_t start, int64_t rows)
{
    return x ? F(narrow, x, 0, start, rows) : NULL;
}

/* Block i of `size` columns. */
static ty_tensor *block(const work *w, ty_tensor *x, int i)
{
    return x ? F(narrow, x, 1, i * w->size, w->size) : NULL;
}

/* The first rows of x replaced. */
static ty_tensor *with_first(ty_tensor *x, ty_tensor *first)
{
    if (!x || !first || first->sizes[0] == x->sizes[0])
        return first;
    ty_tensor *rest = rows_of(x, first->sizes[0], x->sizes[0] - first->sizes[0]);
    return rest ? HOLD(ty_cat((ty_tensor *[]){first, rest}, 2, 0)) : NULL;
}

/* 1 - x. */
static ty_tensor *rest_of(ty_tensor *x)
{
    return SUB(NUM(1), x);
}

/* The new h before a projection. sums: those with x. */
static ty_tensor *forward_step(const work *w, step *s, ty_tensor *sums)
{
    ty_tensor *hidden = F(linear, s->h, w->in[TYI_RNN_W_HH], w->in[TYI_RNN_B_HH]);
    if (w->cell == TYI_CELL_GRU) {
        s->gate[0] = F(sigmoid, ADD(block(w, sums, 0), block(w, hidden, 0)));
        s->gate[1] = F(sigmoid, ADD(block(w, sums, 1), block(w, hidden, 1)));
        s->gate[3] = block(w, hidden, 2);
        s->gate[2] = F(tanh, ADD(block(w, sums, 2), MUL(s->gate[0], s->gate[3])));
        return ADD(MUL(SUB(s->h, s->gate[2]), s->gate[1]), s->gate[2]);
    }
    ty_tensor *all = ADD(sums, hidden);
    if (w->cell != TYI_CELL_LSTM)
        return s->gate[0] = w->cell == TYI_CELL_TANH ? F(tanh, all) : F(relu, all);
    for (int i = 0; i < 4; i++)
        s->gate[i] = i == 2 ? F(tanh, block(w, all, i)) : F(sigmoid, block(w, all, i));
    s->c_now = ADD(MUL(s->gate[1], s->c), MUL(s->gate[0], s->gate[2]));
    return MUL(s->gate[3], F(tanh, s->c_now));
}

static ty_tensor *join(ty_tensor *const *parts, int count, int dim)
{
    for (int i = 0; i < count; i++)
        if (!parts[i])
            return NULL;
    return HOLD(ty_cat(parts, count, dim));
}

/* Sets dsums and dhidden from dh, the gradient of h before a projection, and *dc, that of c, to that of c before.
 * Returns what goes to h before beside the product with the weights; *none tells that there is no such. */
static ty_tensor *backward_cell(const work *w, step *s, ty_tensor *dh, ty_tensor **dc, bool *none)
{
    ty_tensor *const *g = s->gate;
    *none = w->cell != TYI_CELL_GRU;
    if (w->cell == TYI_CELL_TANH)
        s->dsums = s->dhidden = MUL(dh, rest_of(MUL(g[0], g[0])));
    else if (w->cell == TYI_CELL_RELU)
        s->dsums = s->dhidden = MUL(dh, F(to_dtype, F(gt, g[0], NUM(0)), (ty_dtype)g[0]->dtype));
    if (w->cell < TYI_CELL_LSTM)
        return NULL;
    if (w->cell == TYI_CELL_GRU) {
        ty_tensor *dn = MUL(MUL(dh, rest_of(g[1])), rest_of(MUL(g[2], g[2])));
        ty_tensor *dz = MUL(MUL(dh, SUB(s->h, g[2])), MUL(g[1], rest_of(g[1])));
        ty_tensor *dr = MUL(MUL(dn, g[3]), MUL(g[0], rest_of(g[0])));
        s->dsums = join((ty_tensor *[]){dr, dz, dn}, 3, 1);
        s->dhidden = join((ty_tensor *[]){dr, dz, MUL(dn, g[0])}, 3, 1);
        return MUL(dh, g[1]);
    }
    ty_tensor *squashed = F(tanh, s->c_now);
    ty_tensor *gc = ADD(*dc, MUL(MUL(dh, g[3]), rest_of(MUL(squashed, squashed))));
    ty_tensor *d[4] = {MUL(MUL(gc, g[2]), MUL(g[0], rest_of(g[0]))), MUL(MUL(gc, s->c), MUL(g[1], rest_of(g[1]))),
                       MUL(MUL(gc, g[0]), rest_of(MUL(g[2], g[2]))), MUL(MUL(dh, squashed), MUL(g[3], rest_of(g[3])))};
    s->dsums = s->dhidden = join(d, 4, 1);
    *dc = MUL(gc, g[1]);
    return NULL;
}

/* Every step again, with its states. */
static ty_status compute(const work *w, const tyi_steps *steps)
{
    ty_tensor *h = w->in[TYI_RNN_H0], *c = w->in[TYI_RNN_C0];
    ty_tensor *sums = F(linear, w->in[TYI_RNN_X], w->in[TYI_RNN_W_IH], w->in[TYI_RNN_B_IH]);
    for (int64_t k = 0; k < w->count; k++) {
        int64_t at = tyi_step_at(steps, k);
        step *s = &w->steps[k];
        s->start = tyi_step_start(steps, at), s->rows = tyi_step_rows(steps, at);
        s->h = rows_of(h, 0, s->rows), s->c = rows_of(c, 0, s->rows);
        ty_tensor *now = forward_step(w, s, rows_of(sums, s->start, s->rows));
        s->full = now;
        if (w->in[TYI_RNN_W_HR])
            now = F(linear, now, w->in[TYI_RNN_W_HR], NULL);
        h = with_first(h, now);
        c = c ? with_first(c, s->c_now) : NULL;
        if (!h || (w->in[TYI_RNN_C0] && !c))
            return TY_FAIL;
    }
    return TY_OK;
}

static ty_tensor *or_zeros(ty_tensor *grad, ty_tensor *like)
{
    return grad ? grad : F(zeros_like, like, TY_DTYPE_NONE);
}

/* Back through the steps; *dh and *dc are those of the last states, then of the first. */
static ty_status through_time(const work *w, ty_tensor *dout, ty_tensor **dh, ty_tensor **dc)
{
    for (int64_t k = w->count - 1; k >= 0; k--) {
        step *s = &w->steps[k];
        s->dout = rows_of(*dh, 0, s->rows);
        if (dout)
            s->dout = ADD(s->dout, rows_of(dout, s->start, s->rows));
        ty_tensor *full = w->in[TYI_RNN_W_HR] ? F(mm, s->dout, w->in[TYI_RNN_W_HR]) : s->dout;
        ty_tensor *c = *dc ? rows_of(*dc, 0, s->rows) : NULL;
        bool none;
        if (!full)
            return TY_FAIL;
        ty_tensor *beside = backward_cell(w, s, full, &c, &none), *before = F(mm, s->dhidden, w->in[TYI_RNN_W_HH]);
        *dh = with_first(*dh, none ? before : ADD(before, beside));
        if (*dc)
            *dc = with_first(*dc, c);
        if (!*dh || !s->dsums || (w->cell == TYI_CELL_LSTM && !*dc))
            return TY_FAIL;
    }
    return TY_OK;
}

/* A field of all steps as rows in the order of the data. */
static ty_tensor *gathered(const work *w, const tyi_steps *steps, size_t field, ty_tensor **list)
{
    for (int64_t k = 0; k < w->count; k++)
        list[tyi_step_at(steps, k)] = *(ty_tensor **)((char *)&w->steps[k] + field);
    return join(list, (int)w->count, 0);
}

static ty_tensor *grad_of(const work *w, const tyi_steps *steps, int input, ty_tensor *dsums, ty_tensor *dhidden,
                          ty_tensor **list)
{
    int64_t rows = 0;
    switch (input) {
    case TYI_RNN_X:
        return ty_mm(dsums, w->in[TYI_RNN_W_IH]);
    case TYI_RNN_W_IH:
        return ty_mm(F(t, dsums), w->in[TYI_RNN_X]);
    case TYI_RNN_W_HH:
        return ty_mm(F(t, dhidden), gathered(w, steps, offsetof(step, h), list));
    case TYI_RNN_B_IH:
        return ty_sum(dsums, 1, &rows, false, TY_DTYPE_NONE);
    case TYI_RNN_B_HH:
        return ty_sum(dhidden, 1, &rows, false, TY_DTYPE_NONE);
    default: {
        ty_tensor *dout = gathered(w, steps, offsetof(step, dout), list);
        return dout ? ty_mm(F(t, dout), gathered(w, steps, offsetof(step, full), list)) : NULL;
    }
    }
}

ty_status tyi_recurrence_backward_again(tyi_cell cell, const tyi_steps *steps, ty_tensor *const in[TYI_RNN_INPUTS],
                                        ty_tensor *const *grad_out, tyi_node *node, ty_tensor **grad_in)
{
    static const int sums[] = {[TYI_CELL_TANH] = 1, [TYI_CELL_RELU] = 1, [TYI_CELL_LSTM] = 4, [TYI_CELL_GRU] = 3};
    work w = {cell, in[TYI_RNN_W_IH]->sizes[0] / sums[cell], steps->count, in, NULL};
    size_t count = (size_t)w.count;
    w.steps = calloc(count, sizeof *w.steps);
    ty_tensor **list = malloc(count * sizeof *list);
    ty_status status = TY_FAIL;
    if (!w.steps || !list) {
        tyi_fail_memory(count * sizeof *w.steps);
        goto done;
    }
    ty_tensor *dh = or_zeros(grad_out[1], in[TYI_RNN_H0]);
    ty_tensor *dc = in[TYI_RNN_C0] ? or_zeros(grad_out[2], in[TYI_RNN_C0]) : NULL;
    if (!dh || (in[TYI_RNN_C0] && !dc) || compute(&w, steps) != TY_OK ||
        through_time(&w, grad_out[0], &dh, &dc) != TY_OK)
        goto done;
    ty_tensor *dsums = gathered(&w, steps, offsetof(step, dsums), list);
    ty_tensor *dhidden = cell == TYI_CELL_GRU ? gathered(&w, steps, offsetof(step, dhidden), list) : dsums;
    status = dsums && dhidden ? TY_OK : TY_FAIL;
    for (int i = 0; i < TYI_RNN_INPUTS && status == TY_OK; i++) {
        if (!tyi_wants(node, i))
            continue;
        if (i == TYI_RNN_H0 || i == TYI_RNN_C0)
            grad_in[i] = ty_retain(i == TYI_RNN_H0 ? dh : dc);
        else
            grad_in[i] = grad_of(&w, steps, i, dsums, dhidden, list);
        status = grad_in[i] ? TY_OK : TY_FAIL;
    }
done:
    free(w.steps);
    free(list);
    return status;
}
