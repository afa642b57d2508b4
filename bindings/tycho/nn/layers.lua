-- Layers: Linear, the activations, Dropout, Flatten, Identity. Each checks its options when it is made, and computes through F.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local layers = {}

-- A layer class whose constructor takes the arguments of `signature` into fields of the same names.
local function layer(name, signature, repr)
  local class = module.class(name)
  local parse = options.signature("nn." .. name, signature)
  local fields = {}
  for field in signature:gmatch "([%w_]+)%s*:" do fields[#fields + 1] = field end
  function class:init(...)
    local values = table.pack(parse(...))
    for i, field in ipairs(fields) do self[field] = values[i] end
  end
  function class:extra_repr()
    local parts = {}
    for i, field in ipairs(repr or {}) do parts[i] = ("%s=%s"):format(field, tostring(self[field])) end
    return table.concat(parts, ", ")
  end
  layers[name] = class
  return class
end

-- ---- Linear ----

local Linear = module.class "Linear"
layers.Linear = Linear
local linear_arguments = options.signature("nn.Linear",
  "in_features: count, out_features: count, bias: bool = true, device: device?, dtype: dtype?")

--- nn.Linear(in_features, out_features, bias = true, device, dtype): y = x W^T + b over the last dimension.
-- weight {out_features, in_features}, bias {out_features}, drawn as PyTorch draws them.
function Linear:init(...)
  local inputs, outputs, bias, device, dtype = linear_arguments(...)
  self.in_features, self.out_features = inputs, outputs
  self.weight = core.Parameter(core.functions.empty(outputs, inputs, {device = device, dtype = dtype}))
  if bias then self.bias = core.Parameter(core.functions.empty(outputs, {device = device, dtype = dtype})) end
  self:reset_parameters()
end

--- Draws weight and bias anew.
function Linear:reset_parameters()
  if self.in_features == 0 then
    if self.bias then core.init.zeros_(self.bias) end
    return
  end
  core.init.kaiming_uniform_(self.weight, {a = math.sqrt(5)})
  if self.bias then
    local bound = 1 / math.sqrt(self.in_features)
    core.init.uniform_(self.bias, -bound, bound)
  end
end

function Linear:forward(x) return F.linear(x, self.weight, self.bias) end

function Linear:extra_repr()
  return ("in_features=%d, out_features=%d, bias=%s"):format(self.in_features, self.out_features, tostring(self.bias ~= nil))
end

-- ---- Activations ----

local function inplace_repr(self) return self.inplace and "inplace=true" or "" end

--- nn.ReLU(inplace = false)
local ReLU = layer("ReLU", "inplace: bool = false")
function ReLU:forward(x) return self.inplace and core.methods.relu_(x) or F.relu(x) end
ReLU.extra_repr = inplace_repr

--- nn.Sigmoid(), nn.Tanh()
local Sigmoid = layer("Sigmoid", "")
function Sigmoid.forward(_, x) return F.sigmoid(x) end

local Tanh = layer("Tanh", "")
function Tanh.forward(_, x) return F.tanh(x) end

--- nn.Softmax(dim), nn.LogSoftmax(dim)
local Softmax = layer("Softmax", "dim: dim", {"dim"})
function Softmax:forward(x) return F.softmax(x, self.dim) end

local LogSoftmax = layer("LogSoftmax", "dim: dim", {"dim"})
function LogSoftmax:forward(x) return F.log_softmax(x, self.dim) end

-- ---- Dropout, Flatten, Identity ----

--- nn.Dropout(p = 0.5, inplace = false): in training each value is 0 with probability p, the others grow by 1 / (1 - p).
local Dropout = layer("Dropout", "p: probability = 0.5, inplace: bool = false", {"p", "inplace"})
function Dropout:forward(x)
  local y = F.dropout(x, self.p, self.training)
  if self.inplace and self.training then return x:copy_(y) end
  return y
end

--- nn.Flatten(start_dim = 2, end_dim = -1): all dimensions but the first into one.
local Flatten = layer("Flatten", "start_dim: dim = 2, end_dim: dim = -1", {"start_dim", "end_dim"})
function Flatten:forward(x) return core.functions.flatten(x, self.start_dim, self.end_dim) end

--- nn.Identity(...): gives back what it gets.
local Identity = module.class "Identity"
layers.Identity = Identity
function Identity.forward(_, x) return x end

return layers
