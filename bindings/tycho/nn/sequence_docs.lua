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
}}
