--[[
Modules for sequences: recurrent layers and cells, attention, transformers, and the packing of sequences. What they give, the
gradients of inputs and parameters, first values, texts and ten steps of training are PyTorch's (tests/golden/sequences.lua, by
make_sequences.py, which says what its tables hold); the functions below them are held by golden_spec and gradcheck_spec.
]]

local ty = require "tycho"
local golden = require "support.golden"

local nn, F = ty.nn, ty.F
local rnn = nn.utils.rnn
local reference = assert(loadfile(golden.folder .. "sequences.lua"))()

local function evaluate(text, env)
  return assert(load("return " .. text, "=" .. text, "t", setmetatable(env or {}, {__index = {ty = ty, nn = nn, F = F}})))
end

-- Every tensor of what a call gave, in order; of a packed sequence the data.
local function flat(value, list)
  if ty.is_tensor(value) then
    list[#list + 1] = value
  elseif type(value) == "table" then
    if getmetatable(value) == rnn.PackedSequence then value = {value.data} end
    for _, item in ipairs(value) do flat(item, list) end
  end
  return list
end

local function same(what, x, values)
  local wrong = golden.differs(x, values)
  if wrong then error(what .. ": " .. wrong, 0) end
end

local function same_shape(x, shape) assert.equal(table.concat(shape, ","), table.concat(x.shape, ",")) end

local function upstream(x)
  local values = {}
  for i = 0, x:numel() - 1 do values[i + 1] = ((i * 13 + 7) % 11 - 4) / 8 end
  return ty.tensor(values, {dtype = x.dtype}):reshape(x.shape)
end

-- ---- Values, gradients, first values ----

describe("a module gives what PyTorch's gives:", function()
  for _, row in ipairs(reference.modules) do
    local text, call, inputs, results, input_grads, parameters = table.unpack(row, 1, 6)
    it(text .. " " .. call, function()
      ty.manual_seed(0)
      local m = evaluate(text)()
      local x, leaves = {}, {}
      for i, spec in ipairs(inputs) do
        x[i] = golden.tensor(spec)
        if x[i].requires_grad then leaves[#leaves + 1] = x[i] end
      end
      local named = {}
      for name, parameter in m:named_parameters() do
        named[#named + 1] = name
        local row_of = parameters[#named]
        assert.equal(row_of[1], name)
        assert.near(row_of[2], parameter:detach():double():abs():sum():item(), 1e-5 * row_of[2] + 1e-9)
        same(name, parameter:detach():reshape(-1):narrow(1, 1, #row_of[3]), row_of[3])
        leaves[#leaves + 1] = parameter
      end
      assert.equal(#parameters, #named)
      local outputs, weights = flat({evaluate(call, {m = m, x = x})()}, {}), {}
      assert.equal(#results, #outputs)
      for i, output in ipairs(outputs) do
        same_shape(output, results[i][1])
        same(("result %d"):format(i), output, results[i][2])
        weights[i] = upstream(output)
      end
      local grads = ty.grad(outputs, leaves, weights, {allow_unused = true})
      for i = 1, #leaves do
        local parameter = parameters[i - #input_grads]
        local wanted = parameter and parameter[4]
        if not parameter then wanted = input_grads[i] end
        local what = "gradient of " .. (parameter and parameter[1] or "input " .. i)
        if wanted then
          same(what, grads[i], wanted)
        else
          assert.is_nil(grads[i], what)
        end
      end
    end)
  end
end)

describe("a module for sequences prints as PyTorch's:", function()
  for _, row in ipairs(reference.printed) do
    it(row[1], function() assert.equal(row[2], tostring(evaluate(row[1])())) end)
  end
end)

-- ---- Training ----

local Classifier = nn.class "Classifier"
function Classifier:init()
  self.lstm = nn.LSTM(3, 5, 2, {batch_first = true, bidirectional = true})
  self.fc = nn.Linear(10, 3)
end
function Classifier:forward(x) return self.fc((self.lstm(x)):select(2, -1)) end

local Transformer = nn.class "Transformer"
function Transformer:init()
  self.fc1 = nn.Linear(3, 8)
  self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, {batch_first = true}), 2)
  self.fc2 = nn.Linear(8, 3)
end
function Transformer:forward(x) return self.fc2(self.encoder(self.fc1(x)):mean(2)) end

describe("ten steps of training have PyTorch's losses:", function()
  local classes = {Classifier = Classifier, Transformer = Transformer}
  for _, row in ipairs(reference.training) do
    it(row[1], function()
      ty.manual_seed(0)
      local net = classes[row[1]]()
      local opt = ty.optim.Adam(net:parameters(), {lr = 0.01})
      local x, y = golden.tensor "!float32 6,4,3", ty.tensor {1, 2, 3, 1, 2, 3}
      for step, wanted in ipairs(row[2]) do
        opt:zero_grad()
        local loss = F.cross_entropy(net(x), y)
        loss:backward()
        opt:step()
        assert.near(wanted, loss:item(), 2e-5 * step)
      end
    end)
  end
end)

-- ---- Packing ----

describe("sequences are packed and padded as PyTorch does:", function()
  local env = {a = golden.tensor "!float32 2,2 s2", b = golden.tensor "!float32 4,2 s4", c = golden.tensor "!float32 1,2 s1"}
  for _, row in ipairs(reference.packing) do
    it(row[1], function()
      local results = {evaluate(row[1], env)()}
      local first = results[1]
      if getmetatable(first) == rnn.PackedSequence then
        results = {first.data, first.batch_sizes, first.sorted_indices, first.unsorted_indices}
      end
      assert.equal(#row[2], #results)
      for i, wanted in ipairs(row[2]) do
        same_shape(results[i], wanted[1])
        same(("result %d"):format(i), results[i], wanted[2])
      end
    end)
  end

  it("and come back as they were", function()
    local list = {ty.randn(3, 2), ty.randn(5, 2), ty.randn(1, 2)}
    local padded, lengths = rnn.pad_packed_sequence(rnn.pack_sequence(list, false), {batch_first = true})
    for i, sequence in ipairs(rnn.unpad_sequence(padded, lengths, true)) do assert.is_true(ty.equal(sequence, list[i])) end
  end)

  it("with gradients", function()
    local x = ty.randn(3, 2, 2, {requires_grad = true})
    local padded = rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, {2, 3}, {enforce_sorted = false}))
    padded:sum():backward()
    assert.is_true(ty.equal(x.grad:sum(3), ty.tensor {{2.0, 2.0}, {2.0, 2.0}, {0.0, 2.0}}))
  end)

  it("a packed sequence moves as a tensor does", function()
    local packed = rnn.pack_sequence({ty.ones(1, 2), ty.ones(2, 2)}, false)
    assert.equal(packed, packed:to "cpu")
    assert.equal(packed, packed:float())
    local wide = packed:double()
    assert.equal(ty.float64, wide.data.dtype)
    assert.is_true(ty.equal(wide.sorted_indices, ty.tensor {2, 1}))
    assert.truthy(tostring(packed):find("PackedSequence(data=tensor", 1, true))
  end)
end)

-- ---- What belongs to the modules alone ----

describe("a recurrent layer", function()
  it("gives for a packed batch what it gives for each sequence", function()
    for _, name in ipairs {"RNN", "GRU", "LSTM"} do
      local net = nn[name](2, 3, 2, {bidirectional = true})
      local list = {ty.randn(4, 2), ty.randn(1, 2), ty.randn(3, 2)}
      local output, hidden = net(rnn.pack_sequence(list, false))
      local padded, lengths = rnn.pad_packed_sequence(output)
      hidden = name == "LSTM" and hidden[2] or hidden
      for i, sequence in ipairs(list) do
        local one, last = net(sequence)
        last = name == "LSTM" and last[2] or last
        assert.is_true(ty.allclose(one, padded:select(2, i):narrow(1, 1, lengths[i]:item()), 1e-5, 1e-6))
        assert.is_true(ty.allclose(last, hidden:select(2, i), 1e-5, 1e-6))
      end
    end
  end)

  it("is the cell step by step", function()
    for name, states in pairs {RNN = 1, GRU = 1, LSTM = 2} do
      local net, cell = nn[name](2, 3), nn[name .. "Cell"](2, 3)
      for field in cell:named_parameters() do cell[field] = net[field .. "_l0"] end
      local x, h, c = ty.randn(4, 2, 2), nil, nil
      for step = 1, 4 do
        if states == 2 then
          h, c = cell(x[step], h and {h, c})
        else
          h = cell(x[step], h)
        end
      end
      assert.is_true(ty.allclose((net(x))[4], h, 1e-5, 1e-6))
    end
  end)

  it("drops nothing in eval mode, and takes flatten_parameters and a state dict", function()
    local a, b = nn.GRU(2, 3, 2, {dropout = 0.9}), nn.GRU(2, 3, 2):eval()
    a:flatten_parameters()
    b:load_state_dict(a:state_dict())
    local x = ty.randn(3, 2, 2)
    assert.is_true(ty.equal((a:eval()(x)), (b(x))))
    assert.is_false(ty.equal((a:train()(x)), (b(x))))
  end)

  it("has the numbers of a large batch on any number of threads", function()
    local threads, net, x = ty.get_num_threads(), nn.LSTM(20, 96), ty.randn(4, 64, 20)
    local results = {}
    for _, count in ipairs {1, 4} do
      ty.set_num_threads(count)
      net:zero_grad()
      local y = net(x)
      y:sum():backward()
      results[#results + 1] = {y, net.weight_hh_l0.grad}
    end
    ty.set_num_threads(threads)
    assert.is_true(ty.equal(results[1][1], results[2][1]))
    assert.is_true(ty.equal(results[1][2], results[2][2]))
  end)
end)

describe("attention", function()
  it("drops as PyTorch's weights do, and not in eval mode", function()
    local x, m = ty.randn(5, 2, 4), nn.MultiheadAttention(4, 2, {dropout = 0.5})
    m:eval()
    assert.is_true(ty.allclose((m(x, x, x)), (m(x, x, x, {need_weights = false})), 1e-5, 1e-6))
  end)

  it("takes copies of a layer for a stack, not the layer", function()
    local layer = nn.TransformerEncoderLayer(4, 2, 8)
    local stack = nn.TransformerEncoder(layer, 3)
    assert.equal(3, #stack.layers)
    assert.is_false(stack.layers[1] == layer)
    assert.is_true(ty.equal(stack.layers[1].linear1.weight, stack.layers[3].linear1.weight))
    assert.is_false(stack.layers[1].linear1.weight == stack.layers[3].linear1.weight)
  end)

  it("looks no further than a causal mask lets it, hinted or found", function()
    local m = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0), 1)
    local x, mask = ty.randn(5, 1, 4), nn.Transformer.generate_square_subsequent_mask(5)
    local whole = m(x, mask)
    local part = m(x:narrow(1, 1, 3), {mask = mask:narrow(1, 1, 3):narrow(2, 1, 3), is_causal = true})
    assert.is_true(ty.allclose(whole:narrow(1, 1, 3), part, 1e-5, 1e-6))
  end)
end)

-- ---- Errors ----

local cases = {
  -- what is done, what the message must hold
  {"nn.LSTM(0, 3)", "input_size"}, {"nn.LSTM(2, 3, {dropout = 2})", "dropout"}, {"nn.LSTM(2, 3, {proj_size = 3})", "proj_size"},
  {"nn.GRU(2, 3, {proj_size = 1})", "proj_size"}, {"nn.RNN(2, 3, 1, 'sin')", "nonlinearity"},
  {"nn.LSTM(2, 3, 1 << 46)", "num_layers"}, {"nn.GRU(2, 1 << 62)", "hidden_size"},
  {"nn.LSTM(2, 3)(ty.ones(4, 2, 3))", "takes 2 features"}, {"nn.LSTM(2, 3)(ty.ones(1, 1, 1, 2))", "steps, batch, input_size"},
  {"nn.LSTM(2, 3)(ty.ones(4, 2, 2), ty.ones(1, 2, 3))", "{h, c}"},
  {"nn.LSTM(2, 3)(ty.ones(4, 2, 2), {ty.ones(1, 3, 3), ty.ones(1, 2, 3)})", "h0 has shape {1, 3, 3}, expected {1, 2, 3}"},
  {"nn.LSTM(2, 3)(ty.ones(4, 2, 2), {ty.ones(1, 2, 3), ty.ones(2, 3)})", "c0 has shape {2, 3}, expected {1, 2, 3}"},
  {"nn.GRU(2, 3)(ty.ones(4, 2), ty.ones(1, 1, 3))", "expected {1, 3}"},
  {"nn.GRU(2, 3)(ty.ones(4, 2, 2):double())", "float64"}, {"nn.GRU(2, 3)(ty.zeros(0, 2, 2))", "at least 1 step"},
  {"nn.GRU(2, 3)('x')", "PackedSequence"}, {"nn.GRU(2, 3)(ty.tensor{{{1, 2}}})", "floating"},
  {"nn.LSTMCell(2, 3)(ty.ones(2, 3))", "takes 2 features"}, {"nn.LSTMCell(2, 3)(ty.ones(2, 2), ty.ones(2, 3))", "{h, c}"},
  {"nn.GRUCell(2, 3)(ty.ones(2, 2), ty.ones(3, 3))", "hx has shape {3, 3}, expected {2, 3}"},
  {"nn.RNNCell(2, 3)(ty.ones(1, 1, 2))", "{batch, input_size}"},
  {"ty.lstm(ty.ones(2, 2, 3), {}, {ty.ones(4, 4)})", "takes 4"},
  {"ty.gru(ty.ones(4, 3), ty.tensor{1, 3}, {}, {ty.ones(6, 3), ty.ones(6, 2)}, false)", "never grow"},
  {"ty.gru(ty.ones(4, 3), ty.tensor{2, 1}, {}, {ty.ones(6, 3), ty.ones(6, 2)}, false)", "add up to 3"},
  {"ty.gru(ty.ones(4, 3), ty.tensor{2.0, 2}, {}, {ty.ones(6, 3), ty.ones(6, 2)}, false)", "int64"},
  {"ty.gru(ty.ones(4, 2, 3), {}, {ty.ones(6, 3), ty.ones(5, 2)}, false)", "weight_hh"},
  {"nn.utils.rnn.pack_padded_sequence(ty.ones(3, 2), {1, 3})", "enforce_sorted"},
  {"nn.utils.rnn.pack_padded_sequence(ty.ones(3, 2), {3, 0})", "length 2 is 0"},
  {"nn.utils.rnn.pack_padded_sequence(ty.ones(3, 2), {4, 3})", "length 1 is 4"},
  {"nn.utils.rnn.pack_padded_sequence(ty.ones(3, 2), {3})", "1 lengths"},
  {"nn.utils.rnn.pack_padded_sequence(ty.ones(3, 2), ty.tensor{1.5, 1})", "integers"},
  {"nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence{ty.ones(3, 1)}, {total_length = 2})", "total_length"},
  {"nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.PackedSequence(ty.ones(3), ty.tensor{1, 1}))", "add up to 2"},
  {"nn.utils.rnn.pad_packed_sequence(ty.ones(3))", "PackedSequence"},
  {"nn.utils.rnn.pad_sequence{}", "empty"}, {"nn.utils.rnn.pad_sequence{ty.ones(2, 1), ty.ones(2, 2)}", "sequence 2"},
  {"nn.utils.rnn.pad_sequence({ty.ones(2)}, {padding_side = 'top'})", "padding_side"},
  {"nn.utils.rnn.unpad_sequence(ty.ones(3, 2), {4, 1})", "length 1 is 4"},
  {"nn.MultiheadAttention(4, 3)", "divisible"},
  {"nn.MultiheadAttention(4, 2)(x, x, x, {attn_mask = ty.ones(3, 4)})", "attn_mask has shape {3, 4}, expected {3, 3} or"},
  {"nn.MultiheadAttention(4, 2)(x, x, x, {attn_mask = ty.ones(2, 3, 3)})", "attn_mask has shape {2, 3, 3}"},
  {"nn.MultiheadAttention(4, 2)(x, x, x, {attn_mask = ty.ones(3, 3):long()})", "bool"},
  {"nn.MultiheadAttention(4, 2)(x, x, x, {key_padding_mask = ty.ones(3, 2):bool()})", "expected {2, 3}"},
  {"nn.MultiheadAttention(4, 2)(x, x, x, {is_causal = true})", "attn_mask"},
  {"nn.MultiheadAttention(4, 2)(x, x:narrow(2, 1, 1), x:narrow(2, 1, 1))", "batches"},
  {"nn.MultiheadAttention(4, 2)(x, x:narrow(3, 1, 2), x:narrow(3, 1, 2))", "kdim"},
  {"nn.MultiheadAttention(4, 2)(x[1], x, x)", "one number of dimensions"},
  {"nn.MultiheadAttention(4, 2, {kdim = 2})(x, x, x)", "linear"},
  {"nn.TransformerEncoderLayer(4, 2, {activation = 'tanh'})", "activation"}, {"nn.TransformerEncoderLayer(4, 3)", "divisible"},
  {"nn.TransformerEncoder(3, 2)", "layer"}, {"nn.TransformerEncoder(nn.Linear(2, 2), 1 << 46)", "num_layers"},
  {"nn.Transformer(4, 2, 1, 1, 4)(x, x:narrow(2, 1, 1))", "batches"},
  {"nn.Transformer(4, 2, 1, 1, 4)(x, x:narrow(3, 1, 2))", "d_model"},
  {"nn.Transformer(4, 2, {custom_decoder = 3})", "custom_decoder"},
}

describe("a module for sequences refuses", function()
  for _, case in ipairs(cases) do
    it(case[1], function()
      local ok, message = pcall(evaluate(case[1], {x = ty.ones(3, 2, 4)}))
      assert.is_false(ok)
      assert.truthy(tostring(message):find(case[2], 1, true), tostring(message))
    end)
  end
end)
