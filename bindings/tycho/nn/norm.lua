-- Normalisations as modules: batches, instances, layers, groups, root mean squares, neighbouring channels. Options, defaults,
-- names of parameters and buffers and what is printed are PyTorch's. Each computes through F.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local norms = {}
local make = core.functions

-- weight of ones and bias of zeros, of these sizes, where they are wanted.
local function add_affine(self, sizes, weight, bias, device, dtype)
  local how = {device = device, dtype = dtype}
  if weight then self.weight = core.Parameter(make.ones(sizes, how)) end
  if bias then self.bias = core.Parameter(make.zeros(sizes, how)) end
end

local function reset_affine(self)
  if self.weight then core.init.ones_(self.weight) end
  if self.bias then core.init.zeros_(self.bias) end
end

-- ---- Batches and instances ----

-- What both have: {C} parameters, and running statistics where they are tracked.
local Running = module.class "_NormBase"

function Running:_setup(features, eps, momentum, affine, track, bias, device, dtype)
  self.num_features, self.eps, self.momentum = features, eps, momentum or nil
  self.affine, self.track_running_stats = affine, track
  add_affine(self, {features}, affine, affine and bias, device, dtype)
  if track then
    local how = {device = device, dtype = dtype}
    self:register_buffer("running_mean", make.zeros({features}, how))
    self:register_buffer("running_var", make.ones({features}, how))
    self:register_buffer("num_batches_tracked", make.zeros({}, {device = device, dtype = "int64"}))
  end
end

--- Puts the running statistics back to where they began.
function Running:reset_running_stats()
  if not self.track_running_stats then return end
  self.running_mean:zero_()
  self.running_var:fill_(1)
  self.num_batches_tracked:zero_()
end

--- The same, and weight to ones and bias to zeros.
function Running:reset_parameters()
  self:reset_running_stats()
  reset_affine(self)
end

-- States saved before batches were counted lack the count.
Running._may_miss = {num_batches_tracked = true}

function Running:extra_repr()
  return ("%d, eps=%s, momentum=%s, affine=%s, bias=%s, track_running_stats=%s"):format(self.num_features, tostring(self.eps),
    tostring(self.momentum), tostring(self.affine), tostring(self.bias ~= nil), tostring(self.track_running_stats))
end

-- Complains unless x has one of these numbers of dimensions.
local function check_dims(self, x, low, high)
  local n = core.is_tensor(x) and x:dim()
  if not n then core.raise(("%s: a tensor is needed, got %s"):format(self:type_name(), options.say(x))) end
  if n < low or n > high then
    core.raise(("%s: the input must have %s dimensions, got shape {%s}"):format(self:type_name(),
      low == high and low or low .. " or " .. high, table.concat(x.shape, ", ")))
  end
end

-- A momentum of false stands for none: the running statistics are then the averages of all batches. The options of
-- options.signature have no nil that is not the default.
local running_arguments = "num_features: count, eps: number = 1e-5, momentum: any = 0.1, affine: bool = %s, "
  .. "track_running_stats: bool = %s, device: any?, dtype: any?, bias: bool = true"

local function running_class(name, base, defaults, low, high)
  local class = module.class(name, base)
  local parse = options.signature("nn." .. name, running_arguments:format(defaults, defaults))
  function class:init(...)
    local features, eps, momentum, affine, track, device, dtype, bias = parse(...)
    if momentum and type(momentum) ~= "number" then
      core.raise(("nn.%s: momentum must be a number, or false for the average of all batches, got %s"):format(name,
        options.say(momentum)))
    end
    self:_setup(features, eps, momentum, affine, track, bias, device, dtype)
  end
  function class:_check(x) check_dims(self, x, low, high) end
  norms[name] = class
end

local BatchNorm = module.class("_BatchNorm", Running)

function BatchNorm:forward(x)
  self:_check(x)
  local factor, training = self.momentum or 0.0, self.training
  local tracked = not training or self.track_running_stats
  if training and self.track_running_stats and self.num_batches_tracked then
    self.num_batches_tracked:add_(1)
    if not self.momentum then factor = 1 / self.num_batches_tracked:item() end
  end
  return F.batch_norm(x, tracked and self.running_mean or nil, tracked and self.running_var or nil, self.weight, self.bias,
    training or (self.running_mean == nil and self.running_var == nil), factor, self.eps)
end

running_class("BatchNorm1d", BatchNorm, "true", 2, 3)
running_class("BatchNorm2d", BatchNorm, "true", 4, 4)
running_class("BatchNorm3d", BatchNorm, "true", 5, 5)

local InstanceNorm = module.class("_InstanceNorm", Running)

function InstanceNorm:forward(x)
  self:_check(x)
  local sizes = x.shape
  local single = #sizes == self._dims
  if single then x = x:unsqueeze(1) end
  if self.affine and x.shape[2] ~= self.num_features then
    core.raise(("%s: the input must have num_features = %d channels, got shape {%s}"):format(self:type_name(),
      self.num_features, table.concat(sizes, ", ")))
  end
  local by_input = self.training or not self.track_running_stats
  local y = F.instance_norm(x, self.running_mean, self.running_var, self.weight, self.bias, by_input, self.momentum or 0.0,
    self.eps)
  return single and y:squeeze(1) or y
end

for dims = 1, 3 do
  local name = ("InstanceNorm%dd"):format(dims)
  running_class(name, InstanceNorm, "false", dims + 1, dims + 2)
  norms[name]._dims = dims + 1 -- of one sample without a batch
end

-- ---- Layers, root mean squares ----

-- A size or a list of them, as a list.
local function shape_of(name, shape)
  if type(shape) == "number" then shape = {shape} end
  local sizes = {}
  for i = 1, type(shape) == "table" and not module.is_module(shape) and #shape or 0 do
    sizes[i] = math.tointeger(shape[i])
    if not sizes[i] or sizes[i] < 0 then
      sizes = {}
      break
    end
  end
  if #sizes == 0 then
    core.raise(("%s: normalized_shape must be a size or a list of sizes, as 10 or {2, 5}, got %s"):format(name,
      options.say(shape)))
  end
  return sizes
end

local function shape_text(sizes) return "(" .. table.concat(sizes, ", ") .. (#sizes == 1 and ",)" or ")") end

local LayerNorm = module.class "LayerNorm"
norms.LayerNorm = LayerNorm
local layer_arguments = options.signature("nn.LayerNorm", "normalized_shape: any, eps: number = 1e-5, "
  .. "elementwise_affine: bool = true, bias: bool = true, device: any?, dtype: any?")

--- nn.LayerNorm(normalized_shape, eps = 1e-5, elementwise_affine = true, bias = true): over the last dimensions.
function LayerNorm:init(...)
  local shape, eps, affine, bias, device, dtype = layer_arguments(...)
  self.normalized_shape, self.eps, self.elementwise_affine = shape_of("nn.LayerNorm", shape), eps, affine
  add_affine(self, self.normalized_shape, affine, affine and bias, device, dtype)
end
LayerNorm.reset_parameters = reset_affine
function LayerNorm:forward(x) return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps) end
function LayerNorm:extra_repr()
  return ("%s, eps=%s, elementwise_affine=%s, bias=%s"):format(shape_text(self.normalized_shape), tostring(self.eps),
    tostring(self.elementwise_affine), tostring(self.bias ~= nil))
end

local RMSNorm = module.class "RMSNorm"
norms.RMSNorm = RMSNorm
local rms_arguments = options.signature("nn.RMSNorm",
  "normalized_shape: any, eps: number?, elementwise_affine: bool = true, device: any?, dtype: any?")

--- nn.RMSNorm(normalized_shape, eps, elementwise_affine = true): by the root mean square over the last dimensions.
function RMSNorm:init(...)
  local shape, eps, affine, device, dtype = rms_arguments(...)
  self.normalized_shape, self.eps, self.elementwise_affine = shape_of("nn.RMSNorm", shape), eps, affine
  add_affine(self, self.normalized_shape, affine, false, device, dtype)
end
RMSNorm.reset_parameters = reset_affine
function RMSNorm:forward(x) return F.rms_norm(x, self.normalized_shape, self.weight, self.eps) end
function RMSNorm:extra_repr()
  return ("%s, eps=%s, elementwise_affine=%s"):format(shape_text(self.normalized_shape), tostring(self.eps),
    tostring(self.elementwise_affine))
end

-- ---- Groups, neighbouring channels ----

local GroupNorm = module.class "GroupNorm"
norms.GroupNorm = GroupNorm
local group_arguments = options.signature("nn.GroupNorm", "num_groups: positive, num_channels: count, eps: number = 1e-5, "
  .. "affine: bool = true, device: any?, dtype: any?, bias: bool = true")

--- nn.GroupNorm(num_groups, num_channels, eps = 1e-5, affine = true)
function GroupNorm:init(...)
  local groups, channels, eps, affine, device, dtype, bias = group_arguments(...)
  if channels % groups ~= 0 then
    core.raise(("nn.GroupNorm: num_groups must divide num_channels, got %d and %d"):format(groups, channels))
  end
  self.num_groups, self.num_channels, self.eps, self.affine = groups, channels, eps, affine
  add_affine(self, {channels}, affine, affine and bias, device, dtype)
end
GroupNorm.reset_parameters = reset_affine
function GroupNorm:forward(x) return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps) end
function GroupNorm:extra_repr()
  return ("%d, %d, eps=%s, affine=%s, bias=%s"):format(self.num_groups, self.num_channels, tostring(self.eps),
    tostring(self.affine), tostring(self.bias ~= nil))
end

local LocalResponseNorm = module.class "LocalResponseNorm"
norms.LocalResponseNorm = LocalResponseNorm
local response_arguments = options.signature("nn.LocalResponseNorm",
  "size: positive, alpha: number = 1e-4, beta: number = 0.75, k: number = 1.0")

--- nn.LocalResponseNorm(size, alpha = 1e-4, beta = 0.75, k = 1.0): by the squares of `size` neighbouring channels.
function LocalResponseNorm:init(...) self.size, self.alpha, self.beta, self.k = response_arguments(...) end
function LocalResponseNorm:forward(x) return F.local_response_norm(x, self.size, self.alpha, self.beta, self.k) end
function LocalResponseNorm:extra_repr()
  return ("%d, alpha=%s, beta=%s, k=%s"):format(self.size, tostring(self.alpha), tostring(self.beta), tostring(self.k))
end

return norms
