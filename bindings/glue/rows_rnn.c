/*
 * Rows of the binding table: recurrent networks over whole sequences and their cells; attention.
 */
#include "args.h"

/* Form 0: the input whole, with batch_first; form 1: a packed sequence's data and batch sizes. */
static void rnn(tyb_call *c, ty_rnn_kind kind)
{
    int at = c->form; /* of hx: 1 or, behind batch_sizes, 2 */
    ty_tensor *results[3];
    ty_rnn_options options = {.has_biases = BOOL(3 + at),
                              .num_layers = INT(4 + at),
                              .dropout = FLOAT(5 + at),
                              .training = BOOL(6 + at),
                              .bidirectional = BOOL(7 + at),
                              .batch_first = at == 0 && BOOL(8)};
    c->status = ty_rnn(kind, T(0), at ? T(1) : NULL, COUNT(1 + at), TENSORS(1 + at), COUNT(2 + at), TENSORS(2 + at),
                       &options, results);
    for (int i = 0; i < (kind == TY_LSTM ? 3 : 2); i++)
        c->out[i].tensor = results[i];
}

static void lstm(tyb_call *c)
{
    rnn(c, TY_LSTM);
}

static void gru(tyb_call *c)
{
    rnn(c, TY_GRU);
}

static void rnn_tanh(tyb_call *c)
{
    rnn(c, TY_RNN_TANH);
}

static void rnn_relu(tyb_call *c)
{
    rnn(c, TY_RNN_RELU);
}

static void lstm_cell(tyb_call *c)
{
    if (COUNT(1) != 2) {
        c->status =
            ty_fail(TY_ERROR_VALUE, "lstm_cell: hx is a list of two states, {h, c}; %d tensors were given", COUNT(1));
        return;
    }
    RETURN(ty_rnn_cell(TY_LSTM, T(0), TENSORS(1)[0], TENSORS(1)[1], T(2), T(3), T(4), T(5), &c->out[1].tensor));
}

#define CELL(name, kind)                                                                                               \
    static void name(tyb_call *c)                                                                                      \
    {                                                                                                                  \
        RETURN(ty_rnn_cell(kind, T(0), T(1), NULL, T(2), T(3), T(4), T(5), NULL));                                     \
    }
CELL(gru_cell, TY_GRU)
CELL(rnn_tanh_cell, TY_RNN_TANH)
CELL(rnn_relu_cell, TY_RNN_RELU)

static void scaled_dot_product_attention(tyb_call *c)
{
    double scale = GIVEN(6) ? FLOAT(6) : 0;
    RETURN(ty_scaled_dot_product_attention(T(0), T(1), T(2), T(3), FLOAT(4), BOOL(5), GIVEN(6) ? &scale : NULL, BOOL(7),
                                           NULL));
}

#define OPTIONS                                                                                                        \
    "has_biases: bool = true, num_layers: int = 1, dropout: float = 0, train: bool = false, "                          \
    "bidirectional: bool = false"
#define FORMS(results)                                                                                                 \
    "(input: Tensor, hx: Tensors, params: Tensors, " OPTIONS ", batch_first: bool = false) -> " results "\n"           \
    "(data: Tensor, batch_sizes: Tensor, hx: Tensors, params: Tensors, " OPTIONS ") -> " results
#define TWO   "(output: Tensor, h_n: Tensor)"
#define THREE "(output: Tensor, h_n: Tensor, c_n: Tensor)"
#define CELL_OF(state, results)                                                                                        \
    "(input: Tensor, hx: " state ", w_ih: Tensor, w_hh: Tensor, b_ih: Tensor?, b_hh: Tensor?) -> " results
#define SHAPES                                                                                                         \
    "input {steps, batch, in}, with batch_first {batch, steps, in}, or {steps, in}; or the data of a packed sequence " \
    "with its batch_sizes. params: for each layer and direction weight_ih, weight_hh, and with biases bias_ih, "       \
    "bias_hh."

const tyb_row tyb_rows_rnn[] = {
    {"lstm", FORMS(THREE), lstm, TYB_TY,
     "Long short-term memory over sequences: what nn.LSTM computes. " SHAPES " With projections weight_hr follows. hx: "
     "{h0, c0}, each {layers * directions, batch, size}, or {} for zeros.",
     "ty.lstm(ty.ones(5, 2, 3), {}, {ty.ones(16, 3), ty.ones(16, 4)}, false)"},
    {"gru", FORMS(TWO), gru, TYB_TY,
     "Gated recurrent units over sequences: what nn.GRU computes. " SHAPES
     " hx: h0 {layers * directions, batch, size}, "
     "or {} for zeros.",
     "ty.gru(ty.ones(5, 2, 3), {}, {ty.ones(12, 3), ty.ones(12, 4)}, false)"},
    {"rnn_tanh", FORMS(TWO), rnn_tanh, TYB_TY,
     "h = tanh(W_ih x + b_ih + W_hh h + b_hh) over sequences: what nn.RNN computes. " SHAPES " hx: h0 {layers * "
     "directions, batch, size}, or {} for zeros.",
     "ty.rnn_tanh(ty.ones(5, 2, 3), {}, {ty.ones(4, 3), ty.ones(4, 4)}, false)"},
    {"rnn_relu", FORMS(TWO), rnn_relu, TYB_TY,
     "h = relu(W_ih x + b_ih + W_hh h + b_hh) over sequences: what nn.RNN computes with nonlinearity \"relu\". " SHAPES
     " hx: h0 {layers * directions, batch, size}, or {} for zeros.",
     "ty.rnn_relu(ty.ones(5, 2, 3), {}, {ty.ones(4, 3), ty.ones(4, 4)}, false)"},
    {"lstm_cell", CELL_OF("Tensors", "(h: Tensor, c: Tensor)"), lstm_cell, TYB_TY,
     "One step of an LSTM. input {batch, in} or {in}; hx: {h, c}, each {batch, size} or {size}; w_ih {4 size, in}, "
     "w_hh "
     "{4 size, size}, biases {4 size}.",
     "ty.lstm_cell(ty.ones(2, 3), {ty.zeros(2, 4), ty.zeros(2, 4)}, ty.ones(16, 3), ty.ones(16, 4))"},
    {"gru_cell", CELL_OF("Tensor", "Tensor"), gru_cell, TYB_TY,
     "One step of a GRU. input {batch, in} or {in}; hx {batch, size} or {size}; w_ih {3 size, in}, w_hh {3 size, "
     "size}, "
     "biases {3 size}.",
     "ty.gru_cell(ty.ones(2, 3), ty.zeros(2, 4), ty.ones(12, 3), ty.ones(12, 4))"},
    {"rnn_tanh_cell", CELL_OF("Tensor", "Tensor"), rnn_tanh_cell, TYB_TY,
     "tanh(W_ih x + b_ih + W_hh h + b_hh). input {batch, in} or {in}; hx {batch, size} or {size}; w_ih {size, in}, "
     "w_hh "
     "{size, size}, biases {size}.",
     "ty.rnn_tanh_cell(ty.ones(2, 3), ty.zeros(2, 4), ty.ones(4, 3), ty.ones(4, 4))"},
    {"rnn_relu_cell", CELL_OF("Tensor", "Tensor"), rnn_relu_cell, TYB_TY,
     "relu(W_ih x + b_ih + W_hh h + b_hh). input {batch, in} or {in}; hx {batch, size} or {size}; w_ih {size, in}, "
     "w_hh "
     "{size, size}, biases {size}.",
     "ty.rnn_relu_cell(ty.ones(2, 3), ty.zeros(2, 4), ty.ones(4, 3), ty.ones(4, 4))"},
    {"scaled_dot_product_attention",
     "(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor?, dropout_p: float = 0, is_causal: bool = false, "
     "*, "
     "scale: float?, enable_gqa: bool = false) -> Tensor",
     scaled_dot_product_attention, TYB_F,
     "softmax(query key^T scale + attn_mask) value. query {..., L, E}, key {..., S, E}, value {..., S, Ev}: {..., L, "
     "Ev}. "
     "attn_mask broadcasts to {..., L, S}: bool, true where a query may look at a key, or floating and added. A query "
     "that "
     "may look at none gives 0. is_causal: query i looks at keys 1 to i. scale: 1 / sqrt(E) when left out. dropout_p "
     "applies whenever it is not 0: give 0 in evaluation. enable_gqa: key and value have fewer heads (dimension -3), "
     "each "
     "of which serves several of the query's.",
     "local q = ty.randn(2, 4, 5, 8)\nreturn F.scaled_dot_product_attention(q, q, q, {is_causal = true}).shape"},
    {0},
};
