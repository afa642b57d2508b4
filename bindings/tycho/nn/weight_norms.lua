-- nn.utils.weight_norm and spectral_norm: a layer's weight computed anew before each call, from parameters that take its
-- place; and their undoing. Names of parameters and buffers, and what is drawn, are PyTorch's.
--
-- A module that computes weights has a list of them (`_computed`: {name, kind, compute, undo}) and a `_call` of its own,
-- which goes through the list first.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local utils = {parametrizations = {}, parametrize = {}}

local function without_grad(body)
  local was = core.set_grad_enabled(false)
  local result = table.pack(pcall(body))
  core.set_grad_enabled(was)
  if not result[1] then error(result[2], 0) end
  return table.unpack(result, 2, result.n)
end

-- ---- Weights that are computed ----

-- The parameter that a function works on, after checks.
local function parameter_of(what, target, name)
  if not module.is_module(target) then
    core.raise(("%s: a module is needed, got %s"):format(what, options.say(target)))
  end
  for _, entry in ipairs(rawget(target, "_computed") or {}) do
    if entry.name == name then
      core.raise(("%s: '%s' of %s is computed already, by %s"):format(what, name, target:type_name(), entry.kind))
    end
  end
  local parameter = rawget(target, "_parameters").values[name]
  if not parameter then core.raise(("%s: %s has no parameter '%s'"):format(what, target:type_name(), name)) end
  return parameter
end

-- Puts entry.compute(target, training) into the field before each call, and now.
local function install(target, entry)
  local list = rawget(target, "_computed")
  if not list then
    list = {}
    rawset(target, "_computed", list)
    local call = target._call
    rawset(target, "_call", function(self, ...)
      for _, one in ipairs(rawget(self, "_computed")) do rawset(self, one.name, one.compute(self, self.training)) end
      return call(self, ...)
    end)
  end
  list[#list + 1] = entry
end

-- The entry of this name and kind, taken out of the list.
local function uninstall(what, target, kind, name)
  if not module.is_module(target) then
    core.raise(("%s: a module is needed, got %s"):format(what, options.say(target)))
  end
  local list = rawget(target, "_computed") or {}
  for i, entry in ipairs(list) do
    if entry.name == name and (kind == nil or entry.kind == kind) then
      table.remove(list, i)
      if #list == 0 then
        rawset(target, "_computed", nil)
        rawset(target, "_call", nil)
      end
      return entry
    end
  end
  core.raise(("%s: '%s' of %s is not computed%s"):format(what, tostring(name), target:type_name(),
    kind and " by " .. kind or ""))
end

-- Ends a computation: the weight as it is now becomes a parameter again.
local function settle(target, entry)
  local weight = without_grad(function() return entry.compute(target, false):detach() end)
  rawset(target, entry.name, nil)
  entry.undo(target)
  target:register_parameter(entry.name, core.Parameter(weight))
  return target
end

-- ---- weight_norm ----

-- The norms of v over all dimensions but dim, shaped to broadcast; dim false: over all.
local function norm_except(v, dim)
  if not dim then return v:norm() end
  local shape = {}
  for i = 1, v:dim() do shape[i] = i == dim and v.shape[dim] or 1 end
  return v:transpose(1, dim):reshape(v.shape[dim], -1):norm(2, 2):reshape(shape)
end

-- dim as counted from the start; false for all.
local function check_dim(what, dim, weight)
  if dim == false then return false end
  local n = weight:dim()
  local at = math.type(dim) == "integer" and dim < 0 and n + 1 + dim or dim
  if math.type(at) ~= "integer" or at < 1 or at > n then
    core.raise(("%s: dim must be a dimension of the weight, 1 to %d, or false for all, got %s"):format(what, n,
      options.say(dim)))
  end
  return at
end

local norm_arguments = options.signature("nn.utils.weight_norm", 'module: any, name: string = "weight", dim: any = 1')

--- nn.utils.weight_norm(module, name = "weight", dim = 1): the weight as its length name_g times the direction of name_v.
function utils.weight_norm(...)
  local target, name, dim = norm_arguments(...)
  local weight = parameter_of("nn.utils.weight_norm", target, name)
  dim = check_dim("nn.utils.weight_norm", dim, weight)
  local length, direction = name .. "_g", name .. "_v"
  local data = weight:detach()
  target[name] = nil
  target:register_parameter(length, core.Parameter(without_grad(function() return norm_except(data, dim) end)))
  target:register_parameter(direction, core.Parameter(data))
  local entry = {name = name, kind = "weight_norm",
    compute = function(self)
      local v = self[direction]
      return v * (self[length] / norm_except(v, dim))
    end,
    undo = function(self) self[length], self[direction] = nil, nil end}
  install(target, entry)
  rawset(target, name, entry.compute(target))
  return target
end

local unnorm_arguments = options.signature("nn.utils.remove_weight_norm", 'module: any, name: string = "weight"')

--- nn.utils.remove_weight_norm(module, name = "weight"): the weight becomes a parameter again.
function utils.remove_weight_norm(...)
  local target, name = unnorm_arguments(...)
  return settle(target, uninstall("nn.utils.remove_weight_norm", target, "weight_norm", name))
end

-- ---- spectral_norm ----

-- The weight as a matrix, with dim first.
local function as_matrix(weight, dim)
  if dim ~= 1 then
    local order = {dim}
    for i = 1, weight:dim() do
      if i ~= dim then order[#order + 1] = i end
    end
    weight = weight:permute(order)
  end
  return weight:reshape(weight.shape[1], -1)
end

local spectral_arguments = options.signature("nn.utils.spectral_norm",
  'module: any, name: string = "weight", n_power_iterations: positive = 1, eps: number = 1e-12, dim: dim?')

-- Layers whose outputs are the weight's second dimension.
local function default_dim(target) return target:type_name():find "^ConvTranspose" and 2 or 1 end

--- nn.utils.spectral_norm(module, name = "weight", n_power_iterations = 1, eps = 1e-12, dim): the weight divided by its
-- largest singular value, which power iterations in training estimate.
function utils.spectral_norm(...)
  local what = "nn.utils.spectral_norm"
  local target, name, iterations, eps, dim = spectral_arguments(...)
  local weight = parameter_of(what, target, name)
  dim = check_dim(what, dim or default_dim(target), weight)
  local original, left, right = name .. "_orig", name .. "_u", name .. "_v"
  local u, v = without_grad(function()
    local matrix = as_matrix(weight:detach(), dim)
    local function drawn(n)
      return F.normalize(core.functions.empty({n}, {dtype = weight.dtype, device = weight.device}):normal_(), 2, 1, eps)
    end
    local first = drawn(matrix.shape[1])
    return first, drawn(matrix.shape[2])
  end)
  target[name] = nil
  target:register_parameter(original, weight)
  target:register_buffer(left, u)
  target:register_buffer(right, v)
  local entry = {name = name, kind = "spectral_norm",
    compute = function(self, training)
      local matrix, a, b = as_matrix(self[original], dim), self[left], self[right]
      if training then
        without_grad(function()
          for _ = 1, iterations do
            b:copy_(F.normalize(matrix:t():mv(a), 2, 1, eps))
            a:copy_(F.normalize(matrix:mv(b), 2, 1, eps))
          end
        end)
        a, b = a:clone(), b:clone() -- two passes before one backward
      end
      return self[original] / a:dot(matrix:mv(b))
    end,
    undo = function(self) self[original], self[left], self[right] = nil, nil, nil end}
  install(target, entry)
  rawset(target, name, weight:detach())
  return target
end

local unspectral_arguments = options.signature("nn.utils.remove_spectral_norm", 'module: any, name: string = "weight"')

--- nn.utils.remove_spectral_norm(module, name = "weight"): the weight becomes a parameter again.
function utils.remove_spectral_norm(...)
  local target, name = unspectral_arguments(...)
  return settle(target, uninstall("nn.utils.remove_spectral_norm", target, "spectral_norm", name))
end

-- ---- parametrizations ----

local ParametrizationList = module.class "ParametrizationList"
local WeightNorm = module.class "_WeightNorm"
local parametrization_arguments = options.signature("nn.utils.parametrizations.weight_norm",
  'module: any, name: string = "weight", dim: any = 1')

--- nn.utils.parametrizations.weight_norm(module, name = "weight", dim = 1): weight_norm whose parameters are named as
-- PyTorch's newer function names them, parametrizations.weight.original0 (lengths) and original1 (directions).
function utils.parametrizations.weight_norm(...)
  local what = "nn.utils.parametrizations.weight_norm"
  local target, name, dim = parametrization_arguments(...)
  local weight = parameter_of(what, target, name)
  dim = check_dim(what, dim, weight)
  local data, holder = weight:detach(), ParametrizationList()
  holder:register_parameter("original0", core.Parameter(without_grad(function() return norm_except(data, dim) end)))
  holder:register_parameter("original1", core.Parameter(data))
  holder:add_module("0", WeightNorm())
  target[name] = nil
  if not target.parametrizations then target.parametrizations = require "tycho.nn.containers".ModuleDict() end
  target.parametrizations[name] = holder
  local entry = {name = name, kind = "parametrizations.weight_norm",
    compute = function(self)
      local parts = self.parametrizations[name]
      return parts.original1 * (parts.original0 / norm_except(parts.original1, dim))
    end,
    undo = function(self)
      self.parametrizations[name] = nil
      if #self.parametrizations == 0 then self.parametrizations = nil end
    end}
  install(target, entry)
  rawset(target, name, entry.compute(target))
  return target
end

local removal_arguments = options.signature("nn.utils.parametrize.remove_parametrizations", "module: any, tensor_name: string")

--- nn.utils.parametrize.remove_parametrizations(module, tensor_name): the weight becomes a parameter again.
function utils.parametrize.remove_parametrizations(...)
  local target, name = removal_arguments(...)
  return settle(target, uninstall("nn.utils.parametrize.remove_parametrizations", target, "parametrizations.weight_norm", name))
end

local net = "local net = nn.utils.%s(nn.Linear(3, 2))\n"
local function doc(name, signature, text, example)
  return {name = "nn.utils." .. name, signature = signature, doc = text, example = example}
end

utils.docs = {
  doc("weight_norm", "(module, name = \"weight\", dim = 1) -> module", "The weight as lengths (parameter name_g) times "
    .. "directions "
    .. "(name_v), along dim; false: one length for all. It is computed before each call of the module.",
    net:format "weight_norm" .. "for name in net:named_parameters() do print(name) end\n--> bias\n--> weight_g\n--> weight_v"),
  doc("remove_weight_norm", "(module, name = \"weight\") -> module", "Makes the weight a parameter again.",
    net:format "weight_norm" .. "return nn.utils.remove_weight_norm(net):state_dict().weight.shape\n--> {2, 3}"),
  doc("spectral_norm", "(module, name = \"weight\", n_power_iterations = 1, eps = 1e-12, dim?) -> module", "The weight "
    .. "(parameter "
    .. "name_orig) divided by its largest singular value, which power iterations in training estimate (buffers name_u, name_v).",
    net:format "spectral_norm" .. "return net(ty.ones(1, 3)).shape\n--> {1, 2}"),
  doc("remove_spectral_norm", "(module, name = \"weight\") -> module", "Makes the weight a parameter again.",
    net:format "spectral_norm" .. "return nn.utils.remove_spectral_norm(net).weight.shape\n--> {2, 3}"),
  doc("parametrizations", ": weight_norm", "Weights that are computed, with the names of PyTorch's newer functions.",
    "nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))(ty.ones(1, 3)).shape\n--> {1, 2}"),
  doc("parametrizations.weight_norm", "(module, name = \"weight\", dim = 1) -> module", "weight_norm whose parameters are named "
    .. "parametrizations.weight.original0 (lengths) and original1 (directions).",
    net:format "parametrizations.weight_norm" .. "return "
    .. "net:get_parameter(\"parametrizations.weight.original1\").shape\n--> {2, 3}"),
  doc("parametrize", ": remove_parametrizations", "What belongs to nn.utils.parametrizations.",
    net:format "parametrizations.weight_norm" .. "nn.utils.parametrize.remove_parametrizations(net, \"weight\")"),
  doc("parametrize.remove_parametrizations", "(module, tensor_name) -> module", "Makes the weight a parameter again.",
    net:format "parametrizations.weight_norm"
    .. "return nn.utils.parametrize.remove_parametrizations(net, \"weight\").weight.requires_grad\n--> true"),
}

return utils
