-- Documentation of nn's layers for sequences: recurrent ones, attention and transformers.

local function entry(name, signature, doc, example)
  return {name = "nn." .. name, signature = signature, doc = doc, example = example}
end

local sequence = " input {steps, batch, input_size} (with batch_first {batch, steps, input_size}, or {steps, input_size} for one "
  .. "sequence), or a PackedSequence of nn.utils.rnn. Parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, and so on "
  .. "by layer, with _reverse for the other direction, are drawn uniformly from +-1 / sqrt(hidden_size). dropout: between "
  .. "layers, in training. Call: "
local states = "h_n {layers * directions, batch, hidden_size} holds the last state of each layer and direction; h0 is of that "
  .. "shape, zeros when left out."

return {docs = {
  entry("RNN", '(input_size, hidden_size, num_layers = 1, nonlinearity = "tanh", bias = true, batch_first = false, '
    .. "dropout = 0.0, bidirectional = false, device?, dtype?)", "h = tanh(W_ih x + b_ih + W_hh h + b_hh) step by step; "
    .. "nonlinearity \"relu\" "
    .. "instead of tanh." .. sequence .. "output, h_n = rnn(input, h0). " .. states,
    "local rnn = nn.RNN(3, 4)\nlocal output, h = rnn(ty.randn(5, 2, 3))\nprint(output.shape, h.shape)\n"
    .. "--> {5, 2, 4}\t{1, 2, 4}"),
  entry("GRU", "(input_size, hidden_size, num_layers = 1, bias = true, batch_first = false, dropout = 0.0, "
    .. "bidirectional = false, device?, dtype?)", "Gated recurrent units." .. sequence .. "output, h_n = gru(input, h0). "
    .. "" .. states,
    "local gru = nn.GRU(3, 4, {bidirectional = true})\nlocal output, h = gru(ty.randn(5, 2, 3))\nprint(output.shape, h.shape)\n"
    .. "--> {5, 2, 8}\t{2, 2, 4}"),
  entry("LSTM", "(input_size, hidden_size, num_layers = 1, bias = true, batch_first = false, dropout = 0.0, "
    .. "bidirectional = false, proj_size = 0, device?, dtype?)", "Long short-term memory. proj_size: h is projected to so "
    .. "many units by weight_hr_l0."
    .. sequence .. "output, {h_n, c_n} = lstm(input, {h0, c0}). " .. states,
    "local lstm = nn.LSTM(3, 4, {num_layers = 2, batch_first = true})\nlocal output, hidden = lstm(ty.randn(2, 5, 3))\n"
    .. "print(output.shape, hidden[1].shape)\n--> {2, 5, 4}\t{2, 2, 4}"),
  entry("RNNCell", '(input_size, hidden_size, bias = true, nonlinearity = "tanh", device?, dtype?)', "One step of nn.RNN: h = "
    .. "cell(input, h), input {batch, input_size} or {input_size}, h {batch, hidden_size} or {hidden_size}, zeros when left out.",
    "print(nn.RNNCell(3, 4)(ty.randn(2, 3)).shape)\n--> {2, 4}"),
  entry("GRUCell", "(input_size, hidden_size, bias = true, device?, dtype?)", "One step of nn.GRU: h = cell(input, h), input "
    .. "{batch, input_size} or {input_size}, h {batch, hidden_size} or {hidden_size}, zeros when left out.",
    "print(nn.GRUCell(3, 4)(ty.randn(2, 3)).shape)\n--> {2, 4}"),
  entry("LSTMCell", "(input_size, hidden_size, bias = true, device?, dtype?)", "One step of nn.LSTM: h, c = cell(input, {h, c}), "
    .. "input {batch, input_size} or {input_size}, the states {batch, hidden_size} or {hidden_size}, zeros when left out.",
    "local h, c = nn.LSTMCell(3, 4)(ty.randn(2, 3))\nprint(h.shape, c.shape)\n--> {2, 4}\t{2, 4}"),
  entry("MultiheadAttention", "(embed_dim, num_heads, dropout = 0.0, bias = true, add_bias_kv = false, add_zero_attn = false, "
    .. "kdim?, vdim?, batch_first = false, device?, dtype?)", "Attention with num_heads heads: output, weights = "
    .. "attention(query, key, value, key_padding_mask?, need_weights = true, attn_mask?, average_attn_weights = true, is_causal "
    .. "= false). query {L, batch, embed_dim}, key {S, batch, kdim}, value {S, batch, vdim} (with batch_first the batch comes "
    .. "first; without it at all for one sample); output as the query, weights {batch, L, S}, or of each head {batch, heads, L, "
    .. "S}, or nil without need_weights. Masks are bool, true where not to look, or floating and added: key_padding_mask {batch, "
    .. "S}, attn_mask {L, S} or {batch heads, L, S}. is_causal tells that attn_mask is the causal one. Parameters: "
    .. "in_proj_weight {3 embed_dim, embed_dim} (or q_, k_ and v_proj_weight), in_proj_bias, out_proj.",
    "local attention = nn.MultiheadAttention(8, 2)\nlocal x = ty.randn(5, 3, 8)\nlocal output, weights = attention(x, x, x)\n"
    .. "print(output.shape, weights.shape)\n--> {5, 3, 8}\t{3, 5, 5}"),
  entry("TransformerEncoderLayer", '(d_model, nhead, dim_feedforward = 2048, dropout = 0.1, activation = "relu", '
    .. "layer_norm_eps = 1e-5, batch_first = false, norm_first = false, bias = true, device?, dtype?)", "Self-attention "
    .. "and a network of two linear layers, each added to its input and normalised (norm_first: normalised before). "
    .. "activation: \"relu\", \"gelu\" "
    .. "or a function. Call: layer(src, src_mask?, src_key_padding_mask?, is_causal = false), src {length, batch, "
    .. "d_model}; masks as "
    .. "nn.MultiheadAttention's.",
    "print(nn.TransformerEncoderLayer(8, 2, 16)(ty.randn(5, 3, 8)).shape)\n--> {5, 3, 8}"),
  entry("TransformerEncoder", "(encoder_layer, num_layers, norm?)", "num_layers copies of a layer one after the other, then the "
    .. "module norm. Call: encoder(src, mask?, src_key_padding_mask?, is_causal?).",
    "local encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)\nprint(encoder(ty.randn(5, 3, 8)).shape)\n"
    .. "--> {5, 3, 8}"),
  entry("TransformerDecoderLayer", '(d_model, nhead, dim_feedforward = 2048, dropout = 0.1, activation = "relu", '
    .. "layer_norm_eps = 1e-5, batch_first = false, norm_first = false, bias = true, device?, dtype?)", "Self-attention, "
    .. "attention to an encoder's "
    .. "output, and a network of two linear layers. Call: layer(tgt, memory, tgt_mask?, memory_mask?, tgt_key_padding_mask?, "
    .. "memory_key_padding_mask?, tgt_is_causal = false, memory_is_causal = false).",
    "print(nn.TransformerDecoderLayer(8, 2, 16)(ty.randn(4, 3, 8), ty.randn(5, 3, 8)).shape)\n--> {4, 3, 8}"),
  entry("TransformerDecoder", "(decoder_layer, num_layers, norm?)", "num_layers copies of a layer one after the other, then the "
    .. "module norm. Called as the layer is.",
    "local decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), 2)\n"
    .. "print(decoder(ty.randn(4, 3, 8), ty.randn(5, 3, 8)).shape)\n--> {4, 3, 8}"),
  entry("Transformer", '(d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6, dim_feedforward = 2048, '
    .. 'dropout = 0.1, activation = "relu", custom_encoder?, custom_decoder?, layer_norm_eps = 1e-5, batch_first = false, '
    .. 'norm_first = '
    .. "false, bias = true, device?, dtype?)", "Encoder and decoder. Call: transformer(src, tgt, src_mask?, tgt_mask?, "
    .. "memory_mask?, src_key_padding_mask?, tgt_key_padding_mask?, memory_key_padding_mask?, src_is_causal?, tgt_is_causal?, "
    .. "memory_is_causal = false); src {S, batch, d_model}, tgt {T, batch, d_model}, with batch_first the batch first.",
    "local net = nn.Transformer(8, 2, 1, 1, 16)\nprint(net(ty.randn(5, 3, 8), ty.randn(4, 3, 8)).shape)\n--> {4, 3, 8}"),
  entry("Transformer:generate_square_subsequent_mask", "(sz, device?, dtype?) -> tensor", "The mask {sz, sz} that lets each "
    .. "position look at itself and those before it: minus infinity above the diagonal, else 0. Called with a dot.",
    "print(nn.Transformer.generate_square_subsequent_mask(2))\n--> tensor({{0., -inf},\n-->         {0., 0.}})"),
}}
