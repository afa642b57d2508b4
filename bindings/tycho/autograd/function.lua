-- Functions whose gradient is written in Lua: ty.autograd.Function. A function is a class; Class.apply(...) runs its forward
-- outside the tape and records one node, whose gradient is its backward. Relies on core.record_function alone.

local core = require "tycho.core"
local options = require "tycho.options"

local M = {}

-- ---- What forward and backward share ----

local private = {} -- key of a context's own part
local Context = {}

local function tensors_of(name, ...)
  local list = table.pack(...)
  for i = 1, list.n do
    if not core.is_tensor(list[i]) then
      core.raise(("%s: argument %d must be a tensor, got %s"):format(name, i, options.say(list[i])))
    end
  end
  return list
end

--- save_for_backward(tensor or nil, ...): what backward finds in ctx.saved_tensors. Versions are checked.
function Context:save_for_backward(...)
  local list = table.pack(...)
  for i = 1, list.n do
    if list[i] ~= nil and not core.is_tensor(list[i]) then
      core.raise(("save_for_backward: argument %d is %s; only tensors are saved so, put other values into fields of ctx")
        :format(i, options.say(list[i])))
    end
  end
  self[private].saved = list
end

--- mark_dirty(tensor, ...): inputs that forward changed in place; they must be returned.
function Context:mark_dirty(...) self[private].dirty = tensors_of("mark_dirty", ...) end

--- mark_non_differentiable(tensor, ...): results that have no gradient.
function Context:mark_non_differentiable(...)
  self[private].constant = tensors_of("mark_non_differentiable", ...)
end

--- set_materialize_grads(value): whether gradients that there are not are zeros (true, as at first) or nil in backward.
function Context:set_materialize_grads(value)
  if type(value) ~= "boolean" then core.raise "set_materialize_grads: true or false is needed" end
  self[private].materialize = value
end

local context = {__name = "ctx"}
function context.__index(self, key)
  if key ~= "saved_tensors" then return Context[key] end
  local own = rawget(self, private)
  if own.node then return core.node_saved(own.node, own.count) end
  if own.saved then return own.saved end
  core.raise "saved_tensors: they can be had inside backward alone"
end

-- ---- Running ----

local function contains(list, x)
  for i = 1, list and list.n or 0 do
    if list[i] == x then return true end
  end
  return false
end

-- f(...) without gradients; the mode is as before also after an error.
local function quietly(f, ...)
  local was = core.set_grad_enabled(false)
  local results = table.pack(pcall(f, ...))
  core.set_grad_enabled(was)
  if not results[1] then error(results[2], 0) end
  return table.move(results, 2, results.n, 1, {n = results.n - 1})
end

local function run_forward(class, ctx, args)
  if not class.setup_context then return quietly(class.forward, ctx, table.unpack(args, 1, args.n)) end
  local results = quietly(class.forward, table.unpack(args, 1, args.n))
  quietly(class.setup_context, ctx, args, results.n == 1 and results[1] or results)
  return results
end

-- The gradients that backward gave, one for each argument of forward, as those of the tensors among them.
local function sort_gradients(name, results, count, tensor_at)
  if results.n ~= count then
    core.raise(("%s: backward gave %d gradient%s, but forward took %d argument%s: give one for each, nil for those that have "
      .. "none"):format(name, results.n, results.n == 1 and "" or "s", count, count == 1 and "" or "s"))
  end
  local list, is_tensor = {}, {}
  for k, at in ipairs(tensor_at) do
    list[k] = results[at]
    is_tensor[at] = true
  end
  for i = 1, count do
    if results[i] ~= nil and not is_tensor[i] then
      core.raise(("%s: backward gave a gradient for argument %d of forward, which is no tensor: give nil"):format(name, i))
    elseif results[i] ~= nil and not core.is_tensor(results[i]) then
      core.raise(("%s: gradient %d must be a tensor or nil, got %s"):format(name, i, options.say(results[i])))
    end
  end
  return list
end

-- What the node calls: (node, gradients of the tensors among the results) -> gradients of the tensors among the arguments.
local function gradient_of(class, ctx, name, count, tensor_at, results_count, result_at)
  return function(node, grads)
    local own, given = rawget(ctx, private), {}
    for k, at in ipairs(result_at) do given[at] = grads[k] end
    local outer = own.node
    own.node = node -- not kept: the node keeps ctx
    local results = table.pack(pcall(class.backward, ctx, table.unpack(given, 1, results_count)))
    own.node = outer
    if not results[1] then error(results[2], 0) end
    return sort_gradients(name, table.move(results, 2, results.n, 1, {n = results.n - 1}), count, tensor_at)
  end
end

-- Flags of the tensors among the results, as core.record_function wants them.
local function flags_of(name, own, outputs)
  local flags = {}
  for k, x in ipairs(outputs) do
    flags[k] = (contains(own.dirty, x) and 1 or 0) | (contains(own.constant, x) and 2 or 0)
  end
  outputs.n = #outputs
  for i = 1, own.dirty and own.dirty.n or 0 do
    if not contains(outputs, own.dirty[i]) then
      core.raise(("%s: tensor %d of mark_dirty was not returned: what is changed in place must be a result"):format(name, i))
    end
  end
  return flags
end

local function apply(class, ...)
  local args, name = table.pack(...), class._name .. "Backward"
  local ctx = setmetatable({needs_input_grad = {n = args.n}, [private] = {materialize = true}}, context)
  local inputs, tensor_at, recorded = {}, {}, false
  for i = 1, args.n do
    local is_tensor = core.is_tensor(args[i])
    ctx.needs_input_grad[i] = is_tensor and args[i].requires_grad
    if is_tensor then
      inputs[#inputs + 1], tensor_at[#tensor_at + 1] = args[i], i
      recorded = recorded or args[i].requires_grad
    end
  end
  local results = run_forward(class, ctx, args)
  local own, outputs, result_at = ctx[private], {}, {}
  for i = 1, results.n do
    if core.is_tensor(results[i]) then outputs[#outputs + 1], result_at[#result_at + 1] = results[i], i end
  end
  local flags = flags_of(name, own, outputs)
  if recorded and core.is_grad_enabled() and #outputs > 0 then
    local saved = own.saved or {n = 0}
    own.saved, own.count, own.dirty, own.constant = nil, saved.n, nil, nil
    local gradient = gradient_of(class, ctx, name, args.n, tensor_at, results.n, result_at)
    local made = core.record_function(name, gradient, own.materialize, inputs, outputs, flags, saved)
    for k, at in ipairs(result_at) do results[at] = made[k] end
  end
  return table.unpack(results, 1, results.n)
end

-- ---- Classes ----

--- ty.autograd.Function(name): a new function. Define forward(ctx, ...) and backward(ctx, grad, ...), or forward(...),
-- setup_context(ctx, inputs, output) and backward; then Class.apply(...).
function M.Function(name)
  if type(name) ~= "string" or name == "" then
    core.raise "autograd.Function: the name of the function is needed: ty.autograd.Function \"Cube\""
  end
  local class = {_name = name}
  function class.forward()
    core.raise(("%s has no forward: define function %s.forward(ctx, ...) ... end"):format(name, name))
  end
  function class.backward()
    core.raise(("%s has no backward: define function %s.backward(ctx, grad) ... end"):format(name, name))
  end
  function class.apply(first, ...)
    if rawequal(first, class) then return apply(class, ...) end -- called with a colon
    return apply(class, first, ...)
  end
  return setmetatable(class, {__name = "autograd function", __tostring = function() return "autograd function " .. name end,
    __call = function()
      core.raise(("%s: a function is used by %s.apply(...)"):format(name, name))
    end})
end

-- Passes on what a backward gave; its own gradient is an error. The first argument is what it depends on.
local once

local function refuse_second()
  once = M.Function "OnceDifferentiable"
  function once.forward(_, _, ...) return ... end
  function once.backward()
    core.raise("once_differentiable: the gradient of this function cannot be differentiated again; write its backward with "
      .. "differentiable ops, and without once_differentiable")
  end
end

-- One number that depends on all tensors among these that ask for gradients; nil when none does.
local function dependence(...)
  local sum
  for i = 1, select("#", ...) do
    local list = select(i, ...)
    for k = 1, list.n do
      local x = list[k]
      if x ~= nil and x.requires_grad then sum = sum and sum + x:sum() or x:sum() end
    end
  end
  return sum
end

--- once_differentiable(backward): a backward that runs without gradients, and says so when a second derivative is wanted.
function M.once_differentiable(backward)
  if type(backward) ~= "function" then core.raise "once_differentiable: a function is needed" end
  return function(ctx, ...)
    local results = quietly(backward, ctx, ...)
    local from = core.is_grad_enabled() and dependence(table.pack(...), ctx.saved_tensors)
    if not from then return table.unpack(results, 1, results.n) end
    if not once then refuse_second() end
    return once.apply(from, table.unpack(results, 1, results.n))
  end
end

return M
