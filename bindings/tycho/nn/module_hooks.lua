-- Hooks of modules: functions that see, and may replace, what goes into a module, what comes out of it, and the gradients of
-- both. Adds methods to Module. A module without hooks pays nothing but a look; the hooks stand in its field `_hooks`.

local core = require "tycho.core"
local options = require "tycho.options"

local remover = {__name = "hook"}
remover.__index = remover

--- handle:remove(): the hook is called no more.
function remover:remove()
  for i, entry in ipairs(self.list) do
    if entry == self.entry then
      table.remove(self.list, i)
      return
    end
  end
end
remover.__close = remover.remove

local function add(self, kind, entry, prepend)
  local hooks = rawget(self, "_hooks")
  if not hooks then
    hooks = {}
    rawset(self, "_hooks", hooks)
  end
  hooks[kind] = hooks[kind] or {}
  table.insert(hooks[kind], prepend and 1 or #hooks[kind] + 1, entry)
  return setmetatable({list = hooks[kind], entry = entry}, remover)
end

-- The hooks of a kind as they are now: one that is removed while they run still runs.
local function hooks_of(self, kind)
  local hooks = rawget(self, "_hooks")
  local list = hooks and hooks[kind] or {}
  return table.move(list, 1, #list, 1, {})
end

local function is_plain(value) return type(value) == "table" and getmetatable(value) == nil end

-- What a hook gave in place of a list of values: a list, or one value.
local function as_list(value)
  if not is_plain(value) then return {value, n = 1} end
  value.n = value.n or #value
  return value
end

-- ---- Gradients: two functions of the tape around forward ----

local Inputs, Outputs

-- The gradients of a call's inputs have come: the full backward hooks see them.
local function show_gradients(call, grad_input)
  for _, entry in ipairs(call.hooks) do
    local given = entry.hook(call.module, grad_input, call.grad_output)
    if given ~= nil then
      local list = as_list(given)
      if list.n ~= grad_input.n then
        core.raise(("register_full_backward_hook: the hook gave %d gradients, %s has %d inputs"):format(list.n,
          call.module:type_name(), grad_input.n))
      end
      if call.blind then
        core.raise(("register_full_backward_hook: no input of %s requires a gradient, so the hook cannot replace one"):format(
          call.module:type_name()))
      end
      grad_input = list
    end
  end
  return grad_input
end

local function pass_on(ctx, call, ...)
  local constant = {}
  for i = 1, select("#", ...) do
    local x = select(i, ...)
    if not x.requires_grad then constant[#constant + 1] = x end
  end
  ctx.call = call
  ctx:set_materialize_grads(false)
  ctx:mark_non_differentiable(table.unpack(constant))
  return ...
end

-- Spreads gradients of the tensors among some values over all of them, and takes them together again.
local function spread(at, n, ...)
  local list = {n = n}
  for k, i in ipairs(at) do list[i] = (select(k, ...)) end
  return list
end

local function gather(at, list)
  local grads = {}
  for k, i in ipairs(at) do grads[k] = list[i] end
  return nil, table.unpack(grads, 1, #at)
end

local function make_functions()
  local Function = require "tycho.autograd.function".Function
  Inputs, Outputs = Function "BackwardHookFunction", Function "BackwardHookFunction"
  Inputs.forward, Outputs.forward = pass_on, pass_on
  function Inputs.backward(ctx, ...)
    local call = ctx.call
    local grads = show_gradients(call, spread(call.inputs_at, call.inputs_n, ...))
    call.grad_output = nil
    return gather(call.inputs_at, grads)
  end
  function Outputs.backward(ctx, ...)
    local call = ctx.call
    local grads = spread(call.outputs_at, call.outputs_n, ...)
    for _, entry in ipairs(call.before) do
      local given = entry.hook(call.module, grads)
      if given ~= nil then
        given = as_list(given)
        if given.n ~= grads.n then
          core.raise(("register_full_backward_pre_hook: the hook gave %d gradients, %s has %d results"):format(given.n,
            call.module:type_name(), grads.n))
        end
        grads = given
      end
    end
    call.grad_output = grads
    if call.blind then
      show_gradients(call, {n = call.inputs_n})
      call.grad_output = nil
    end
    return gather(call.outputs_at, grads)
  end
end

-- The tensors among values, with their places; whether one of them asks for gradients.
local function tensors_among(values)
  local list, at, wanted = {}, {}, false
  for i = 1, values.n do
    if core.is_tensor(values[i]) then
      list[#list + 1], at[#at + 1] = values[i], i
      wanted = wanted or values[i].requires_grad
    end
  end
  return list, at, wanted
end

local function through(f, call, values, list, at)
  local passed = table.pack(f.apply(call, table.unpack(list)))
  local result = table.move(values, 1, values.n, 1, {n = values.n})
  for k, i in ipairs(at) do result[i] = passed[k] end
  return result
end

local function watch_inputs(call, args)
  local list, at, wanted = tensors_among(args)
  call.inputs_at, call.inputs_n, call.blind = at, args.n, not wanted
  if not wanted then return args end
  return through(Inputs, call, args, list, at)
end

local function watch_outputs(call, results)
  local values, nested = results, results.n == 1 and is_plain(results[1])
  if nested then values = as_list(results[1]) end
  local list, at, wanted = tensors_among(values)
  call.outputs_at, call.outputs_n = at, values.n
  if not wanted then return results end
  values = through(Outputs, call, values, list, at)
  if not nested then return values end
  values.n = nil
  return {values, n = 1}
end

-- ---- The call ----

-- What forward hooks see as output: the one result, or the list of several.
local function output_of(results)
  if results.n == 1 then return results[1] end
  return results
end

local function run_forward_hooks(self, list, args, results)
  for _, entry in ipairs(list) do
    entry.ran = true
    local given = entry.hook(self, args, output_of(results))
    if given ~= nil then
      results = results.n == 1 and is_plain(results[1]) and {given, n = 1} or as_list(given)
    end
  end
  return results
end

local function run(self, args)
  for _, entry in ipairs(hooks_of(self, "forward_pre")) do
    local given = entry.hook(self, args)
    if given ~= nil then args = as_list(given) end
  end
  local call = {module = self, hooks = hooks_of(self, "backward"), before = hooks_of(self, "backward_pre")}
  local watched = core.is_grad_enabled() and (#call.hooks > 0 or #call.before > 0)
  if watched then
    if not Inputs then make_functions() end
    args = watch_inputs(call, args)
  end
  local results = table.pack(self:forward(table.unpack(args, 1, args.n)))
  results = run_forward_hooks(self, hooks_of(self, "forward"), args, results)
  if watched then results = watch_outputs(call, results) end
  return results
end

-- Hooks with always_call run after an error too, unless they ran before it; the error goes on.
local function call_with_hooks(self, hooks, ...)
  local args, always = table.pack(...), {}
  for _, entry in ipairs(hooks.forward or {}) do
    entry.ran = false
    if entry.always then always[#always + 1] = entry end
  end
  if #always == 0 then
    local results = run(self, args)
    return table.unpack(results, 1, results.n)
  end
  local ok, results = pcall(run, self, args)
  if ok then return table.unpack(results, 1, results.n) end
  for _, entry in ipairs(always) do
    if not entry.ran then pcall(entry.hook, self, args, nil) end
  end
  error(results, 0)
end

-- ---- Registering ----

local function registrar(name, kind, signature)
  local read = options.signature(name, signature)
  return function(self, ...)
    local hook, prepend, with_kwargs, always = read(...)
    if with_kwargs then
      core.raise(("%s: with_kwargs has no meaning here: Lua's arguments have no names, a table of options is an argument"):format(
        name))
    end
    return add(self, kind, {hook = hook, always = always}, prepend)
  end
end

return function(M)
  local Module, walk = M.Module, M.walk
  local prepend, kwargs = "hook: function, prepend: bool = false", ", with_kwargs: bool = false"

  Module.register_forward_pre_hook = registrar("register_forward_pre_hook", "forward_pre", prepend .. kwargs)
  Module.register_forward_hook = registrar("register_forward_hook", "forward", prepend .. kwargs
    .. ", always_call: bool = false")
  Module.register_full_backward_pre_hook = registrar("register_full_backward_pre_hook", "backward_pre", prepend)
  Module.register_full_backward_hook = registrar("register_full_backward_hook", "backward", prepend)
  for name, kind in pairs {register_state_dict_pre_hook = "state_pre", register_state_dict_post_hook = "state_post",
      register_load_state_dict_pre_hook = "load_pre", register_load_state_dict_post_hook = "load_post"} do
    Module[name] = registrar(name, kind, "hook: function")
  end

  function Module:_call(...)
    local hooks = rawget(self, "_hooks")
    if hooks == nil then return self:forward(...) end
    core.capture_refuse("hooks of modules", "take them away, or do not capture this step")
    return call_with_hooks(self, hooks, ...)
  end

  --- M.run_hooks(self, kind, ...): the hooks of all modules of self; each gets its module, then what f(prefix) gives. Children
  -- come before their parents when `upwards`.
  function M.run_hooks(self, kind, upwards, f)
    local all = walk(self, "", {}, {})
    local from, to, step = 1, #all, 1
    if upwards then from, to, step = #all, 1, -1 end
    for i = from, to, step do
      local prefix, module = all[i][1], all[i][2]
      for _, entry in ipairs(hooks_of(module, kind)) do
        entry.hook(module, f(prefix == "" and "" or prefix .. "."))
      end
    end
  end

  function M.has_hooks(self, kind)
    for _, entry in ipairs(walk(self, "", {}, {})) do
      if #hooks_of(entry[2], kind) > 0 then return true end
    end
    return false
  end
end
