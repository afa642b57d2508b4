-- Smaller layers: Bilinear, Unflatten, dropout of channels and for selu, distances, Softmax2d, RReLU. Options, defaults, what
-- is drawn and what is printed are PyTorch's; each computes through F.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local layers = {}

-- A class whose constructor takes the arguments of `signature` into fields of the same names; those in `shown` are printed.
local function layer(name, signature, shown)
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
    for i, field in ipairs(shown or {}) do parts[i] = ("%s=%s"):format(field, tostring(self[field])) end
    return table.concat(parts, ", ")
  end
  layers[name] = class
  return class
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

-- ---- Unflatten ----

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

-- ---- Dropout ----

for class_name, name in pairs {Dropout1d = "dropout1d", Dropout2d = "dropout2d", Dropout3d = "dropout3d",
  AlphaDropout = "alpha_dropout", FeatureAlphaDropout = "feature_alpha_dropout"} do
  local class = layer(class_name, "p: probability = 0.5, inplace: bool = false", {"p", "inplace"})
  function class:forward(x)
    local y = F[name](x, self.p, self.training)
    return self.inplace and self.training and x:copy_(y) or y
  end
end

-- ---- Distances, Softmax2d, RReLU ----

--- nn.CosineSimilarity(dim = 2, eps = 1e-8), nn.PairwiseDistance(p = 2.0, eps = 1e-6, keepdim = false)
local CosineSimilarity = layer("CosineSimilarity", "dim: dim = 2, eps: number = 1e-8")
function CosineSimilarity:forward(x1, x2) return F.cosine_similarity(x1, x2, self.dim, self.eps) end

local PairwiseDistance = layer("PairwiseDistance", "p: number = 2.0, eps: number = 1e-6, keepdim: bool = false")
function PairwiseDistance:forward(x1, x2) return F.pairwise_distance(x1, x2, self.p, self.eps, self.keepdim) end

--- nn.Softmax2d(): softmax over the channels of {N, C, H, W} or {C, H, W}.
local Softmax2d = layer("Softmax2d", "")
function Softmax2d.forward(_, x)
  if not core.is_tensor(x) or (x:dim() ~= 3 and x:dim() ~= 4) then
    core.raise(("Softmax2d: the input is {N, C, H, W} or {C, H, W}, got %s"):format(
      core.is_tensor(x) and "shape {" .. table.concat(x.shape, ", ") .. "}" or options.say(x)))
  end
  return F.softmax(x, -3)
end

--- nn.RReLU(lower = 1/8, upper = 1/3, inplace = false): leaky_relu with slopes drawn between the two in training.
local RReLU = module.class "RReLU"
layers.RReLU = RReLU
local rrelu_arguments = options.signature("nn.RReLU", "lower: number = 0.125, upper: number?, inplace: bool = false")
function RReLU:init(...)
  local lower, upper, inplace = rrelu_arguments(...)
  self.lower, self.upper, self.inplace = lower, upper or 1 / 3, inplace
end
function RReLU:forward(x)
  return (self.inplace and F.rrelu_ or F.rrelu)(x, self.lower, self.upper, self.training)
end
function RReLU:extra_repr()
  return ("lower=%s, upper=%s%s"):format(tostring(self.lower), tostring(self.upper), self.inplace and ", inplace=true" or "")
end

return layers
