-- Recurrent layers: RNN, LSTM, GRU over whole sequences (padded, or packed by nn.utils.rnn), and their cells of one step.
-- They hold the parameters under PyTorch's names and order; what is computed is core.functions.lstm and its like.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local packed = require "tycho.nn.packed"

local f = core.functions
local layers = {}

-- Registers parameters drawn from the range +- 1 / sqrt(hidden_size), in the order of `shapes`: {name, sizes...}.
local function add_parameters(self, shapes, device, dtype)
  for _, shape in ipairs(shapes) do
    local sizes = table.move(shape, 2, #shape, 1, {})
    self:register_parameter(shape[1], core.Parameter(f.empty(sizes, {device = device, dtype = dtype})))
  end
  self:reset_parameters()
end

-- Sizes beyond what any memory holds are refused before anything is made of them.
local MOST_UNITS, MOST_LAYERS = 1 << 32, 100000
local function check_sizes(self)
  for field, most in pairs {input_size = MOST_UNITS, hidden_size = MOST_UNITS, num_layers = MOST_LAYERS} do
    local value = self[field]
    if value and value > most then
      core.raise(("nn.%s: %s must be at most %d, got %d"):format(self:type_name(), field, most, value))
    end
  end
end

local function reset_parameters(self)
  local bound = 1 / math.sqrt(self.hidden_size)
  for _, parameter in ipairs(self:parameters()) do core.init.uniform_(parameter, -bound, bound) end
end

-- ---- Whole sequences ----

local RNNBase = module.class "RNNBase"

-- Fields and parameters, when the options have been parsed. gates: weights for each hidden unit.
local function build(self, gates, device, dtype)
  local name, hidden, projection = self:type_name(), self.hidden_size, self.proj_size
  check_sizes(self)
  if projection >= hidden then
    core.raise(("nn.%s: proj_size must be smaller than hidden_size, got %d and %d"):format(name, projection, hidden))
  end
  self.dropout = self.dropout + 0.0
  local out, directions = projection > 0 and projection or hidden, self.bidirectional and 2 or 1
  local shapes, names = {}, {}
  for layer = 0, self.num_layers - 1 do
    for direction = 1, directions do
      local suffix = ("_l%d%s"):format(layer, direction == 2 and "_reverse" or "")
      local function add(kind, ...)
        names[#names + 1] = kind .. suffix
        shapes[#shapes + 1] = {kind .. suffix, ...}
      end
      add("weight_ih", gates * hidden, layer == 0 and self.input_size or out * directions)
      add("weight_hh", gates * hidden, out)
      if self.bias then
        add("bias_ih", gates * hidden)
        add("bias_hh", gates * hidden)
      end
      if projection > 0 then add("weight_hr", projection, hidden) end
    end
  end
  self._weight_names = names
  add_parameters(self, shapes, device, dtype)
end

RNNBase.reset_parameters = reset_parameters

--- There for programs written for cuDNN; parameters need no particular place here.
function RNNBase.flatten_parameters() end

-- The states in another order of the batch.
local function permuted(states, order)
  if not order then return states end
  local list = {}
  for i, state in ipairs(states) do list[i] = state:index_select(2, order) end
  return list
end

-- The initial states as a list, checked as far as the op cannot: nil is an empty one.
local function state_list(self, hx, count)
  if hx == nil then return {} end
  if count == 1 then
    if core.is_tensor(hx) then return {hx} end
    core.raise(("nn.%s: the initial state must be a tensor, got %s"):format(self:type_name(), options.say(hx)))
  end
  local fits = type(hx) == "table" and #hx == 2 and core.is_tensor(hx[1]) and core.is_tensor(hx[2])
  if not fits then
    core.raise(("nn.%s: the initial states are a list of two tensors, {h, c}; got %s"):format(self:type_name(),
      options.say(hx)))
  end
  return {hx[1], hx[2]}
end

-- output, list of last states. op: the function of the core; count: how many states it has.
local function run(self, op, count, input, hx)
  local states = state_list(self, hx, count)
  local weights = {}
  for i, name in ipairs(self._weight_names) do weights[i] = self[name] end
  if packed._is_packed(input) then
    local results = {op(input.data, input.batch_sizes, permuted(states, input.sorted_indices), weights, self.bias,
      self.num_layers, self.dropout, self.training, self.bidirectional)}
    local output = packed.PackedSequence(results[1], input.batch_sizes, input.sorted_indices, input.unsorted_indices)
    return output, permuted({results[2], results[3]}, input.unsorted_indices)
  end
  if not core.is_tensor(input) then
    core.raise(("nn.%s: the input must be a tensor or a PackedSequence, got %s"):format(self:type_name(),
      options.say(input)))
  end
  local results = {op(input, states, weights, self.bias, self.num_layers, self.dropout, self.training,
    self.bidirectional, self.batch_first)}
  return results[1], {results[2], results[3]}
end

function RNNBase:extra_repr()
  local parts = {("%d, %d"):format(self.input_size, self.hidden_size)}
  local function add(field, default)
    if self[field] ~= default then parts[#parts + 1] = ("%s=%s"):format(field, tostring(self[field])) end
  end
  add("proj_size", 0)
  add("num_layers", 1)
  add("bias", true)
  add("batch_first", false)
  add("dropout", 0.0)
  add("bidirectional", false)
  return table.concat(parts, ", ")
end

-- A class whose constructor takes `extra` beside the usual options, each where PyTorch has it.
local function recurrent(name, gates, before_bias, at_end)
  local class = module.class(name, RNNBase)
  layers[name] = class
  local signature = "input_size: positive, hidden_size: positive, num_layers: positive = 1, " .. before_bias
    .. "bias: bool = true, batch_first: bool = false, dropout: probability = 0.0, bidirectional: bool = false, "
    .. at_end .. "device: any?, dtype: any?"
  local parse, fields = options.signature("nn." .. name, signature), {}
  for field in signature:gmatch "([%w_]+):" do fields[#fields + 1] = field end
  function class:init(...)
    local values = table.pack(parse(...))
    local count = #fields - 2
    for i = 1, count do self[fields[i]] = values[i] end
    self.proj_size = self.proj_size or 0
    if self.nonlinearity and self.nonlinearity ~= "tanh" and self.nonlinearity ~= "relu" then
      core.raise(("nn.RNN: nonlinearity must be \"tanh\" or \"relu\", got %s"):format(options.say(self.nonlinearity)))
    end
    build(self, gates, values[count + 1], values[count + 2])
  end
  return class
end

--- nn.RNN(input_size, hidden_size, num_layers = 1, nonlinearity = "tanh", bias = true, batch_first = false, dropout = 0,
-- bidirectional = false): output, h_n = rnn(input, h0).
local RNN = recurrent("RNN", 1, 'nonlinearity: string = "tanh", ', "")
function RNN:forward(input, hx)
  local output, states = run(self, self.nonlinearity == "tanh" and f.rnn_tanh or f.rnn_relu, 1, input, hx)
  return output, states[1]
end

--- nn.GRU(...): output, h_n = gru(input, h0).
local GRU = recurrent("GRU", 3, "", "")
function GRU:forward(input, hx)
  local output, states = run(self, f.gru, 1, input, hx)
  return output, states[1]
end

--- nn.LSTM(..., proj_size = 0): output, {h_n, c_n} = lstm(input, {h0, c0}).
local LSTM = recurrent("LSTM", 4, "", "proj_size: count = 0, ")
function LSTM:forward(input, hx) return run(self, f.lstm, 2, input, hx) end

-- ---- Cells ----

local RNNCellBase = module.class "RNNCellBase"
RNNCellBase.reset_parameters = reset_parameters

function RNNCellBase:extra_repr()
  local text = ("%d, %d"):format(self.input_size, self.hidden_size)
  if not self.bias then text = text .. ", bias=false" end
  if self.nonlinearity and self.nonlinearity ~= "tanh" then text = text .. ", nonlinearity=" .. self.nonlinearity end
  return text
end

-- What an op is called with after the input: the states (zeros when none are given).
local function zeros_for(self, input)
  if not core.is_tensor(input) then
    core.raise(("nn.%s: the input must be a tensor, got %s"):format(self:type_name(), options.say(input)))
  end
  local sizes = input:dim() == 2 and {input:size(1), self.hidden_size} or {self.hidden_size}
  return f.zeros(sizes, {dtype = input.dtype, device = input.device})
end

local function cell(name, gates, extra)
  local class = module.class(name, RNNCellBase)
  layers[name] = class
  local parse = options.signature("nn." .. name,
    "input_size: positive, hidden_size: positive, bias: bool = true, " .. extra .. "device: any?, dtype: any?")
  function class:init(...)
    local values = table.pack(parse(...))
    self.input_size, self.hidden_size, self.bias = values[1], values[2], values[3]
    local at = 4
    check_sizes(self)
    if extra ~= "" then
      self.nonlinearity, at = values[4], 5
      if self.nonlinearity ~= "tanh" and self.nonlinearity ~= "relu" then
        core.raise(("nn.RNNCell: nonlinearity must be \"tanh\" or \"relu\", got %s"):format(
          options.say(self.nonlinearity)))
      end
    end
    local size = gates * self.hidden_size
    local shapes = {{"weight_ih", size, self.input_size}, {"weight_hh", size, self.hidden_size}}
    if self.bias then shapes[3], shapes[4] = {"bias_ih", size}, {"bias_hh", size} end
    add_parameters(self, shapes, values[at], values[at + 1])
  end
  return class
end

--- nn.RNNCell(input_size, hidden_size, bias = true, nonlinearity = "tanh"): h = cell(input, h).
local RNNCell = cell("RNNCell", 1, 'nonlinearity: string = "tanh", ')
function RNNCell:forward(input, hx)
  hx = state_list(self, hx or zeros_for(self, input), 1)[1]
  local op = self.nonlinearity == "tanh" and f.rnn_tanh_cell or f.rnn_relu_cell
  return op(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
end

--- nn.GRUCell(input_size, hidden_size, bias = true): h = cell(input, h).
local GRUCell = cell("GRUCell", 3, "")
function GRUCell:forward(input, hx)
  hx = state_list(self, hx or zeros_for(self, input), 1)[1]
  return f.gru_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
end

--- nn.LSTMCell(input_size, hidden_size, bias = true): h, c = cell(input, {h, c}).
local LSTMCell = cell("LSTMCell", 4, "")
function LSTMCell:forward(input, hx)
  if hx == nil then
    local zeros = zeros_for(self, input)
    hx = {zeros, zeros}
  end
  return f.lstm_cell(input, state_list(self, hx, 2), self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
end

return layers
