/*
 * One layer of a recurrent network in one direction: what the public ops of rnn.c are made of. The fused forms stand in
 * recurrence.c, the differentiable gradient in recurrence_again.c.
 */
#ifndef TYI_RECURRENCE_H
#define TYI_RECURRENCE_H

#include "ops/support.h"

/* How data of all steps, {rows, ...}, are divided into steps: the rows of a step are the samples that last so long,
 * longest first, so later steps have no more rows than earlier ones. */
typedef struct tyi_steps {
    int64_t count, batch; /* steps; rows of the first of them */
    bool reverse;         /* the last step comes first */
    const int64_t *sizes; /* rows of each step, followed by the first row of each; NULL: all have `batch` rows */
} tyi_steps;

static inline int64_t tyi_step_rows(const tyi_steps *s, int64_t step)
{
    return step < 0 || step >= s->count ? 0 : s->sizes ? s->sizes[step] : s->batch;
}

static inline int64_t tyi_step_start(const tyi_steps *s, int64_t step)
{
    return s->sizes ? s->sizes[s->count + step] : step * s->batch;
}

/* The step that comes k-th. */
static inline int64_t tyi_step_at(const tyi_steps *s, int64_t k)
{
    return s->reverse ? s->count - 1 - k : k;
}

/* What a layer is given, in the order of its node's inputs. B_*, W_HR (LSTM alone), C0 (LSTM) may be NULL. */
enum {
    TYI_RNN_X,    /* {rows, in} */
    TYI_RNN_W_IH, /* {sums, in}, where sums is size times 1 (plain), 4 (LSTM) or 3 (GRU) */
    TYI_RNN_W_HH, /* {sums, out}, where out is size, or the projection's */
    TYI_RNN_B_IH, /* {sums} */
    TYI_RNN_B_HH,
    TYI_RNN_W_HR, /* {out, size} */
    TYI_RNN_H0,   /* {batch, out} */
    TYI_RNN_C0,   /* {batch, size} */
    TYI_RNN_INPUTS
};

/* results: h of all steps {rows, out}, the last h of each sample {batch, out}, and for LSTM the last c {batch, size}.
 * Inputs are contiguous, of one floating dtype that kernels compute in, and fit. steps_tensor holds steps->sizes. */
ty_status tyi_recurrence(tyi_cell cell, const tyi_steps *steps, ty_tensor *steps_tensor,
                         ty_tensor *const in[TYI_RNN_INPUTS], ty_tensor *results[3]);

/* The gradient made of differentiable ops, for second derivatives; in a rule's scope. */
ty_status tyi_recurrence_backward_again(tyi_cell cell, const tyi_steps *steps, ty_tensor *const in[TYI_RNN_INPUTS],
                                        ty_tensor *const *grad_out, tyi_node *node, ty_tensor **grad_in);

#endif
