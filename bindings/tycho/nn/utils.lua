-- nn.utils: gradients clipped before a step, and a model's parameters as one vector. Written with the tensors' own
-- operations; knows nothing of modules: what net:parameters() gives is a list of tensors.

local core = require "tycho.core"
local options = require "tycho.options"

local utils = {rnn = require "tycho.nn.packed"}
local f = core.functions

-- A tensor or a list of tensors, as a list.
local function tensors(name, parameters)
  if core.is_tensor(parameters) then return {parameters} end
  if type(parameters) ~= "table" or rawget(parameters, "_parameters") then
    core.raise(("%s: a tensor or a list of tensors is needed, as net:parameters() gives, got %s"):format(name,
      options.say(parameters)))
  end
  for i, parameter in ipairs(parameters) do
    if not core.is_tensor(parameter) then
      core.raise(("%s: parameter %d is %s, not a tensor"):format(name, i, options.say(parameter)))
    end
  end
  return parameters
end

local function without_grad(body)
  local was = core.set_grad_enabled(false)
  local ok, result = pcall(body)
  core.set_grad_enabled(was)
  if not ok then error(result, 0) end
  return result
end

-- The p-norm of all elements.
local function norm(x, p)
  local size = x:abs()
  if p == math.huge then return size:max() end
  if p == -math.huge then return size:min() end
  if p == 0 then return (size:ne(0)):sum():to(x.dtype) end
  if p == 1 then return size:sum() end
  if p == 2 then return (x * x):sum():sqrt() end
  return (size ^ p):sum() ^ (1 / p)
end

local function gradients(list)
  local grads = {}
  for _, parameter in ipairs(list) do
    local grad = parameter.grad
    if grad then grads[#grads + 1] = grad end
  end
  return grads
end

-- The norm of a list of tensors as one vector; strict: it must be a number.
local function total_norm(name, list, p, strict)
  if p ~= p then core.raise(("%s: norm_type must be a number (math.huge for the largest element), got nan"):format(name)) end
  if #list == 0 then return f.tensor(0.0) end
  local norms, device = {}, list[1].device
  for _, x in ipairs(list) do
    if x:numel() > 0 then
      norms[#norms + 1] = norm(x, p):to(device)
    elseif p >= 0 then
      norms[#norms + 1] = f.zeros({}, {dtype = x.dtype, device = device})
    else
      core.raise(("%s: a tensor without elements has no norm of order %g"):format(name, p))
    end
  end
  local dtype = norms[1].dtype
  for i = 2, #norms do
    if norms[i].dtype ~= dtype then dtype = (norms[i] + f.zeros({}, {dtype = dtype, device = device})).dtype end
  end
  for i, one in ipairs(norms) do norms[i] = one:to(dtype) end
  local total = norm(f.stack(norms), p)
  local value = strict and total:item()
  if strict and (value ~= value or value == math.huge or value == -math.huge) then
    core.raise(("%s: the norm of the gradients is %g, which cannot be clipped; look for an infinite loss, or a learning "
      .. "rate that is too large (error_if_nonfinite = false scales them all the same)"):format(name, value))
  end
  return total
end

local function check_most(name, max_norm)
  if max_norm ~= max_norm or max_norm < 0 then
    core.raise(("%s: max_norm must be 0 or above, got %g"):format(name, max_norm))
  end
end

-- Scales gradients whose norm is `total` so that it is at most max_norm.
local function scale(grads, max_norm, total)
  local factor = (max_norm / (total + 1e-6)):clamp {max = 1.0}
  for _, grad in ipairs(grads) do grad:mul_(factor:to(grad.device)) end
end

-- PyTorch's switch `foreach` says how it computes; it is taken and changes nothing.
local norm_arguments = options.signature("nn.utils.clip_grad_norm_",
  "parameters: any, max_norm: number, norm_type: number = 2, error_if_nonfinite: bool = false, foreach: bool?")

--- clip_grad_norm_(parameters, max_norm, norm_type = 2, error_if_nonfinite = false) -> the norm before, a tensor
function utils.clip_grad_norm_(...)
  local parameters, max_norm, p, strict = norm_arguments(...)
  local name = "nn.utils.clip_grad_norm_"
  local list = tensors(name, parameters)
  check_most(name, max_norm)
  return without_grad(function()
    local grads = gradients(list)
    local total = total_norm(name, grads, p, strict)
    scale(grads, max_norm, total)
    return total
  end)
end

local total_arguments = options.signature("nn.utils.get_total_norm",
  "tensors: any, norm_type: number = 2, error_if_nonfinite: bool = false, foreach: bool?")

--- get_total_norm(tensors, norm_type = 2, error_if_nonfinite = false) -> their norm as one vector
function utils.get_total_norm(...)
  local list, p, strict = total_arguments(...)
  local name = "nn.utils.get_total_norm"
  return total_norm(name, tensors(name, list), p, strict)
end

local scale_arguments = options.signature("nn.utils.clip_grads_with_norm_",
  "parameters: any, max_norm: number, total_norm: tensor, foreach: bool?")

--- clip_grads_with_norm_(parameters, max_norm, total_norm)
function utils.clip_grads_with_norm_(...)
  local parameters, max_norm, total = scale_arguments(...)
  local name = "nn.utils.clip_grads_with_norm_"
  local list = tensors(name, parameters)
  check_most(name, max_norm)
  without_grad(function() scale(gradients(list), max_norm, total) end)
end

local value_arguments = options.signature("nn.utils.clip_grad_value_", "parameters: any, clip_value: number, foreach: bool?")

--- clip_grad_value_(parameters, clip_value)
function utils.clip_grad_value_(...)
  local parameters, limit = value_arguments(...)
  local list = tensors("nn.utils.clip_grad_value_", parameters)
  if limit ~= limit or limit < 0 then
    core.raise(("nn.utils.clip_grad_value_: clip_value must be 0 or above, got %g"):format(limit))
  end
  without_grad(function()
    for _, grad in ipairs(gradients(list)) do grad:clamp_(-limit, limit) end
  end)
end

--- parameters_to_vector(parameters) -> tensor {n}
function utils.parameters_to_vector(parameters)
  local list, parts = tensors("nn.utils.parameters_to_vector", parameters), {}
  if #list == 0 then core.raise("nn.utils.parameters_to_vector: the list of parameters is empty") end
  for i, parameter in ipairs(list) do parts[i] = parameter:reshape(-1) end
  return f.cat(parts)
end

--- vector_to_parameters(vector, parameters)
function utils.vector_to_parameters(vector, parameters)
  local name = "nn.utils.vector_to_parameters"
  if not core.is_tensor(vector) then
    core.raise(("%s: the first argument must be a tensor, got %s"):format(name, options.say(vector)))
  end
  local list, count = tensors(name, parameters), 0
  for _, parameter in ipairs(list) do count = count + parameter:numel() end
  if vector:dim() ~= 1 or vector:numel() ~= count then
    core.raise(("%s: the parameters have %d elements in all, the vector has the shape {%s}"):format(name, count,
      table.concat(vector.shape, ", ")))
  end
  without_grad(function()
    local whole, at = vector:detach():clone(), 1 -- the vector may share a parameter's memory
    for _, parameter in ipairs(list) do
      local n = parameter:numel()
      if n > 0 then parameter:copy_(whole:narrow(1, at, n):reshape(parameter.shape)) end
      at = at + n
    end
  end)
end

local net = "local net = ty.nn.Linear(3, 2)\nnet(ty.ones(1, 3)):sum():backward()\n"

utils.docs = {
  {name = "nn.utils", signature = ": clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters, rnn",
    doc = "Gradients clipped before a step, and parameters as one vector.",
    example = net .. "ty.nn.utils.clip_grad_norm_(net:parameters(), 1.0)"},
  {name = "nn.utils.clip_grad_norm_", signature = "(parameters, max_norm, norm_type = 2, error_if_nonfinite = false) -> tensor",
    doc = "Scales the gradients of all parameters together so that their norm is at most max_norm; gives the norm that they "
      .. "had. Between loss:backward() and opt:step(). norm_type math.huge: the largest element. A norm that is infinite or "
      .. "NaN makes the gradients NaN or 0, or an error with error_if_nonfinite.",
    example = net .. "local norm = ty.nn.utils.clip_grad_norm_(net:parameters(), 1.0)\nprint(norm:item())"},
  {name = "nn.utils.clip_grad_value_", signature = "(parameters, clip_value)",
    doc = "Clips each element of the gradients to [-clip_value, clip_value].",
    example = net .. "ty.nn.utils.clip_grad_value_(net:parameters(), 0.5)"},
  {name = "nn.utils.parameters_to_vector", signature = "(parameters) -> tensor",
    doc = "All elements of the parameters, one after the other, in one new dimension; gradients go through.",
    example = net .. "print(ty.nn.utils.parameters_to_vector(net:parameters()).shape)"},
  {name = "nn.utils.vector_to_parameters", signature = "(vector, parameters)",
    doc = "Copies the parts of a vector {n} into the parameters, which have n elements in all.",
    example = net .. "local v = ty.nn.utils.parameters_to_vector(net:parameters())\n"
      .. "ty.nn.utils.vector_to_parameters(v * 0.5, net:parameters())"},
  {name = "nn.utils.get_total_norm", signature = "(tensors, norm_type = 2, error_if_nonfinite = false) -> tensor",
    doc = "The norm of a list of tensors as one vector.", example = "ty.nn.utils.get_total_norm({ty.tensor{3.0}, "
    .. "ty.tensor{4.0}})\n"
      .. "--> tensor(5.)"},
  {name = "nn.utils.clip_grads_with_norm_", signature = "(parameters, max_norm, total_norm)",
    doc = "Scales the gradients, whose norm is total_norm, so that it is at most max_norm.",
    example = net .. "ty.nn.utils.clip_grads_with_norm_(net:parameters(), 1.0, ty.tensor(2.0))"},
}

-- What other files add, and its words.
for _, part in ipairs {"weight_norms", "fusion"} do
  for name, value in pairs(require("tycho.nn." .. part)) do
    if name == "docs" then
      table.move(value, 1, #value, #utils.docs + 1, utils.docs)
    else
      utils[name] = value
    end
  end
end

return utils
