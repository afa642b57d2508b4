-- Linear and Bilinear, and the layers that change no value: Flatten, Unflatten, Identity.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"
local simple = require "tycho.nn.simple"

local layers = {}

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

-- ---- Bilinear ----

local Bilinear = module.class "Bilinear"
layers.Bilinear = Bilinear
local bilinear_arguments = options.signature("nn.Bilinear",
  "in1_features: positive, in2_features: count, out_features: count, bias: bool = true, device: any?, dtype: any?")

--- nn.Bilinear(in1_features, in2_features, out_features, bias = true): y = x1^T W x2 + b.
function Bilinear:init(...)
  local first, second, outputs, bias, device, dtype = bilinear_arguments(...)
  self.in1_features, self.in2_features, self.out_features = first, second, outputs
  local how = {device = device, dtype = dtype}
  self.weight = core.Parameter(core.functions.empty({outputs, first, second}, how))
  if bias then
    self.bias = core.Parameter(core.functions.empty({outputs}, how))
  else
    self:register_parameter("bias", nil)
  end
  self:reset_parameters()
end

--- Draws weight and bias anew.
function Bilinear:reset_parameters()
  local bound = 1 / math.sqrt(self.in1_features)
  core.init.uniform_(self.weight, -bound, bound)
  if self.bias then core.init.uniform_(self.bias, -bound, bound) end
end

function Bilinear:forward(x1, x2) return F.bilinear(x1, x2, self.weight, self.bias) end

function Bilinear:extra_repr()
  return ("in1_features=%d, in2_features=%d, out_features=%d, bias=%s"):format(self.in1_features, self.in2_features,
    self.out_features, tostring(self.bias ~= nil))
end

-- ---- Flatten, Unflatten, Identity ----

--- nn.Flatten(start_dim = 2, end_dim = -1): all dimensions but the first into one.
local Flatten = simple("Flatten", "start_dim: dim = 2, end_dim: dim = -1", {"start_dim", "end_dim"})
layers.Flatten = Flatten
function Flatten:forward(x) return core.functions.flatten(x, self.start_dim, self.end_dim) end

local Unflatten = module.class "Unflatten"
layers.Unflatten = Unflatten
local unflatten_arguments = options.signature("nn.Unflatten", "dim: dim, unflattened_size: table")

--- nn.Unflatten(dim, unflattened_size): dimension dim as several, of these sizes; one may be -1.
function Unflatten:init(...)
  local dim, sizes = unflatten_arguments(...)
  for i = 1, #sizes do
    if math.type(sizes[i]) ~= "integer" then
      core.raise(("nn.Unflatten: unflattened_size is a list of sizes, as {2, 3}, got %s in it"):format(options.say(sizes[i])))
    end
  end
  if #sizes == 0 then core.raise "nn.Unflatten: unflattened_size is a list of sizes, as {2, 3}" end
  self.dim, self.unflattened_size = dim, table.move(sizes, 1, #sizes, 1, {})
end

function Unflatten:forward(x) return core.functions.unflatten(x, self.dim, self.unflattened_size) end

function Unflatten:extra_repr()
  return ("dim=%d, unflattened_size=(%s)"):format(self.dim, table.concat(self.unflattened_size, ", ")
    .. (#self.unflattened_size == 1 and "," or ""))
end

--- nn.Identity(...): gives back what it gets.
local Identity = module.class "Identity"
layers.Identity = Identity
function Identity.forward(_, x) return x end

return layers
