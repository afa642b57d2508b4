-- Activations as modules, each computing through the function of F. Options and their defaults are PyTorch's, and so is what
-- is printed.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"
local simple = require "tycho.nn.simple"

local activations = {}

-- A class whose constructor takes `signature` into fields; they are handed to F's `name` in order. inplace: the class takes
-- that option too. repr: how a field is printed, by default "field=value".
local function activation(class_name, name, signature, takes_inplace, repr)
  local class = module.class(class_name)
  if takes_inplace then signature = signature .. (signature ~= "" and ", " or "") .. "inplace: bool = false" end
  local parse = options.signature("nn." .. class_name, signature)
  local fields, shown = {}, {}
  for field in signature:gmatch "([%w_]+)%s*:" do
    shown[#shown + 1] = field
    if field ~= "inplace" then fields[#fields + 1] = field end
  end
  local f = F[name]
  function class:init(...)
    local values = table.pack(parse(...))
    for i, field in ipairs(shown) do self[field] = values[i] end
  end
  function class:forward(x)
    local values = {}
    for i, field in ipairs(fields) do values[i] = self[field] end
    if not self.inplace then return f(x, table.unpack(values)) end
    return core.methods.copy_(x, f(core.functions.clone(x), table.unpack(values))) -- what the gradient reads is the copy
  end
  function class:extra_repr()
    local parts = {}
    for _, field in ipairs(fields) do parts[#parts + 1] = (repr or field .. "=%s"):format(tostring(self[field])) end
    if self.inplace then parts[#parts + 1] = "inplace=true" end
    return table.concat(parts, ", ")
  end
  activations[class_name] = class
  return class
end

activation("LeakyReLU", "leaky_relu", "negative_slope: number = 0.01", true)
activation("ELU", "elu", "alpha: number = 1.0", true)
activation("SELU", "selu", "", true)
activation("CELU", "celu", "alpha: number = 1.0", true)
activation("SiLU", "silu", "", true)
activation("Mish", "mish", "", true)
activation("Softplus", "softplus", "beta: number = 1.0, threshold: number = 20.0")
activation("Softsign", "softsign", "")
activation("Hardtanh", "hardtanh", "min_val: number = -1.0, max_val: number = 1.0", true)
activation("ReLU6", "relu6", "", true)
activation("Hardsigmoid", "hardsigmoid", "", true)
activation("Hardswish", "hardswish", "", true)
activation("LogSigmoid", "logsigmoid", "")
activation("Tanhshrink", "tanhshrink", "")
activation("Softshrink", "softshrink", "lambd: number = 0.5", false, "%s")
activation("Hardshrink", "hardshrink", "lambd: number = 0.5", false, "%s")
activation("Threshold", "threshold", "threshold: number, value: number", true)
activation("GLU", "glu", "dim: dim = -1")
activation("Softmin", "softmin", "dim: dim")

--- nn.GELU(approximate = "none" or "tanh")
local GELU = activation("GELU", "gelu", 'approximate: string = "none"', false, "approximate='%s'")
local gelu_init = GELU.init
function GELU:init(...)
  gelu_init(self, ...)
  if self.approximate ~= "none" and self.approximate ~= "tanh" then
    core.raise(("nn.GELU: approximate must be \"none\" or \"tanh\", got %s"):format(options.say(self.approximate)))
  end
end
function GELU:forward(x) return F.gelu(x, {approximate = self.approximate}) end

--- nn.PReLU(num_parameters = 1, init = 0.25): leaky_relu whose slopes are learnt, one or one per channel.
local PReLU = module.class "PReLU"
activations.PReLU = PReLU
local prelu_arguments = options.signature("nn.PReLU",
  "num_parameters: positive = 1, init: number = 0.25, device: device?, dtype: dtype?")
function PReLU:init(...)
  local count, init, device, dtype = prelu_arguments(...)
  self.num_parameters, self.initial_slope = count, init
  self.weight = core.Parameter(core.functions.full({count}, init + 0.0, {device = device, dtype = dtype}))
end
function PReLU:forward(x) return F.prelu(x, self.weight) end
function PReLU:extra_repr() return "num_parameters=" .. self.num_parameters end

local function inplace_repr(self) return self.inplace and "inplace=true" or "" end

--- nn.ReLU(inplace = false)
local ReLU = simple("ReLU", "inplace: bool = false")
activations.ReLU = ReLU
function ReLU:forward(x) return self.inplace and core.methods.relu_(x) or F.relu(x) end
ReLU.extra_repr = inplace_repr

--- nn.Sigmoid(), nn.Tanh()
local Sigmoid = simple("Sigmoid", "")
activations.Sigmoid = Sigmoid
function Sigmoid.forward(_, x) return F.sigmoid(x) end

local Tanh = simple("Tanh", "")
activations.Tanh = Tanh
function Tanh.forward(_, x) return F.tanh(x) end

--- nn.Softmax(dim), nn.LogSoftmax(dim)
local Softmax = simple("Softmax", "dim: dim", {"dim"})
activations.Softmax = Softmax
function Softmax:forward(x) return F.softmax(x, self.dim) end

local LogSoftmax = simple("LogSoftmax", "dim: dim", {"dim"})
activations.LogSoftmax = LogSoftmax
function LogSoftmax:forward(x) return F.log_softmax(x, self.dim) end

--- nn.Softmax2d(): softmax over the channels of {N, C, H, W} or {C, H, W}.
local Softmax2d = simple("Softmax2d", "")
activations.Softmax2d = Softmax2d
function Softmax2d.forward(_, x)
  if not core.is_tensor(x) or (x:dim() ~= 3 and x:dim() ~= 4) then
    core.raise(("Softmax2d: the input is {N, C, H, W} or {C, H, W}, got %s"):format(
      core.is_tensor(x) and "shape {" .. table.concat(x.shape, ", ") .. "}" or options.say(x)))
  end
  return F.softmax(x, -3)
end

--- nn.RReLU(lower = 1/8, upper = 1/3, inplace = false): leaky_relu with slopes drawn between the two in training.
local RReLU = module.class "RReLU"
activations.RReLU = RReLU
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

return activations
