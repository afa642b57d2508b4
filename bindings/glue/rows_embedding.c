/*
 * Rows of the binding table: embeddings. Ids of rows, offsets and padding count from 1.
 */
#include <math.h>

#include "args.h"

/* Gradients of tables are whole tensors. */
static bool refuse_sparse(tyb_call *c, bool sparse)
{
    if (sparse)
        c->status =
            ty_fail(TY_ERROR_VALUE,
                    "%s: there are no sparse gradients here; leave sparse = false: the gradient is a whole table",
                    c->row->name);
    return sparse;
}

static const int64_t *padding_of(tyb_call *c, int i)
{
    return GIVEN(i) ? &INDEX(i) : NULL;
}

static void embedding(tyb_call *c)
{
    if (!refuse_sparse(c, BOOL(6)))
        RETURN(ty_embedding(T(0), T(1), padding_of(c, 2), GIVEN(3) ? FLOAT(3) : INFINITY, FLOAT(4), BOOL(5)));
}

static void embedding_bag(tyb_call *c)
{
    static const ty_bag_mode modes[] = {TY_BAG_SUM, TY_BAG_MEAN, TY_BAG_MAX};
    if (!refuse_sparse(c, BOOL(7)))
        RETURN(ty_embedding_bag(T(0), T(1), T(2), modes[CHOICE(6)], T(8), padding_of(c, 10), BOOL(9),
                                GIVEN(3) ? FLOAT(3) : INFINITY, FLOAT(4), BOOL(5)));
}

const tyb_row tyb_rows_embedding[] = {
    {"embedding",
     "(input: Indices, weight: Tensor, padding_idx: index?, max_norm: float?, norm_type: float = 2, "
     "scale_grad_by_freq: "
     "bool = false, sparse: bool = false) -> Tensor",
     embedding, TYB_F,
     "The rows of weight {rows, width} that input (ids from 1, any shape) names: {input's shape, width}. The row "
     "padding_idx gets no gradient. max_norm: rows that are used and have a greater norm are scaled to it, in place. "
     "scale_grad_by_freq: gradients are divided by how often an id occurs. There are no sparse gradients.",
     "F.embedding(ty.tensor{3, 1}, ty.eye(3))"},
    {"embedding_bag",
     "(input: Indices, weight: Tensor, offsets: Indices?, max_norm: float?, norm_type: float = 2, scale_grad_by_freq: "
     "bool = false, mode: \"sum\"|\"mean\"|\"max\" = \"mean\", sparse: bool = false, per_sample_weights: Tensor?, "
     "include_last_offset: bool = false, padding_idx: index?) -> Tensor",
     embedding_bag, TYB_F,
     "Sums, means or maxima of bags of rows of weight {rows, width}: {bags, width}. input {bags, n}, or {n} with "
     "offsets "
     "{bags}: the place (from 1) where each bag begins; with include_last_offset one more, where the last one ends. "
     "per_sample_weights, of input's shape, multiply the rows of sums. Ids padding_idx do not count. Empty bags are 0.",
     "F.embedding_bag(ty.tensor{1, 3, 2}, ty.eye(3), ty.tensor{1, 3}, {mode = \"sum\"})"},
    {0},
};
