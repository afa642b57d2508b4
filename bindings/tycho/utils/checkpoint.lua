-- ty.utils.checkpoint: parts of a network that keep nothing for backward but their inputs, and are run again when backward
-- needs what they would have kept. Time for memory.
--
-- While the part runs, a saved-tensor hook keeps a number in place of each value. When backward asks for the first of them
-- the part is run once more, with the random state it had, and the values are collected in the same order; the history of
-- each value is the one that was recorded first, so that create_graph, grad and hooks are as without a checkpoint.
-- Checkpoints nest: an inner one keeps its inputs through the hooks of the outer one. (PyTorch: use_reentrant = False.)

local core = require "tycho.core"
local graph = require "tycho.autograd.graph"
local options = require "tycho.options"

local M = {}

local outer -- the hooks {pack, unpack} of the checkpoint that runs now, if any
local done = setmetatable({}, {__name = "checkpoint", __tostring = function() return "checkpoint: all values are collected" end})

local function with_hooks(pack, unpack, f)
  local was = outer
  outer = {pack, unpack}
  local results = table.pack(pcall(graph.saved_tensors_hooks, pack, unpack, f))
  outer = was
  return results
end

-- The arguments as they are kept: tensors by way of the outer checkpoint, so that it need not keep them.
local function keep_arguments(args)
  local kept = {n = args.n}
  for i = 1, args.n do
    local value = args[i]
    if core.is_tensor(value) then
      local hooks, requires_grad = outer, value.requires_grad
      local held = value:detach()
      if hooks then held = hooks[1](held) end
      kept[i] = function()
        local x = hooks and hooks[2](held) or held
        return x:detach():requires_grad_(requires_grad)
      end
    else
      kept[i] = function() return value end
    end
  end
  return kept
end

local function restore_arguments(kept)
  local args = {}
  for i = 1, kept.n do args[i] = kept[i]() end
  return args
end

local function describe(x) return ("%s{%s}"):format(tostring(x.dtype), table.concat(x.shape, ", ")) end

-- Runs the part again, until all of its values are there.
local function recompute(frame)
  local count, values = 0, {}
  local args = restore_arguments(frame.args)
  local random = frame.random and core.functions.get_rng_state()
  if random then core.functions.set_rng_state(frame.random) end
  local was, inference = core.set_grad_enabled(true), core.set_inference_mode(false)
  local results = with_hooks(function(x)
    count = count + 1
    values[count] = x
    if count == frame.count and frame.early_stop then error(done, 0) end
    return count
  end, function(at) return values[at] end, function() return frame.f(table.unpack(args, 1, frame.args.n)) end)
  core.set_inference_mode(inference)
  core.set_grad_enabled(was)
  if random then core.functions.set_rng_state(random) end
  if not results[1] and results[2] ~= done then error(results[2], 0) end
  if count ~= frame.count then
    core.raise(("checkpoint: the function saved %d tensors when it ran first, and %d when it was run again: it must do the same "
      .. "each time (same branches, same modes, no counters)"):format(frame.count, count))
  end
  for i, wanted in ipairs(frame.described) do
    if describe(values[i]) ~= wanted then
      core.raise(("checkpoint: value %d was %s when the function ran first, and is %s when it was run again: it must do the same "
        .. "each time"):format(i, wanted, describe(values[i])))
    end
  end
  frame.values = values
end

-- A value is handed out once; backward through a graph that was retained runs the part again.
local function unpack_value(frame, at)
  if not frame.values or frame.values[at] == nil then recompute(frame) end
  local x = frame.values[at]
  frame.values[at] = nil
  return x
end

local known = {use_reentrant = "boolean", preserve_rng_state = "boolean", early_stop = "boolean",
  determinism_check = "string"}

-- Splits the options off the arguments: a last table whose names are all options of checkpoint.
local function split_options(name, args)
  local last = args[args.n]
  local o = {preserve_rng_state = true, early_stop = true, determinism_check = "default"}
  if not options.is_options(last) then return o end
  for key in pairs(last) do
    if not known[key] then return o end
  end
  for key, value in pairs(last) do
    if type(value) ~= known[key] then
      core.raise(("%s: '%s' must be a %s, got %s"):format(name, key, known[key], options.say(value)))
    end
    o[key] = value
  end
  if o.use_reentrant then
    core.raise(("%s: use_reentrant = true is not supported; the other way, which is used here, does all that it does"):format(
      name))
  end
  if o.determinism_check ~= "default" and o.determinism_check ~= "none" then
    core.raise(("%s: determinism_check is \"default\" or \"none\""):format(name))
  end
  args[args.n] = nil
  args.n = args.n - 1
  return o
end

local function is_callable(f)
  local meta = getmetatable(f)
  return type(f) == "function" or (type(f) == "table" and meta ~= nil and meta.__call ~= nil)
end

--- checkpoint(f, ..., {preserve_rng_state = true, early_stop = true, determinism_check = "default"}): f(...), keeping its
-- inputs alone for backward.
function M.checkpoint(f, ...)
  if not is_callable(f) then
    core.raise(("checkpoint: a function or a module is needed, got %s"):format(options.say(f)))
  end
  local args = table.pack(...)
  local o = split_options("checkpoint", args)
  if not core.is_grad_enabled() then return f(table.unpack(args, 1, args.n)) end
  local frame = {f = f, count = 0, described = {}, early_stop = o.early_stop, args = keep_arguments(args),
    random = o.preserve_rng_state and core.functions.get_rng_state() or nil}
  local results = with_hooks(function(x)
    frame.count = frame.count + 1
    if o.determinism_check == "default" then frame.described[frame.count] = describe(x) end
    return frame.count
  end, function(at) return unpack_value(frame, at) end, function() return f(table.unpack(args, 1, args.n)) end)
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

--- checkpoint_sequential(functions, segments, input, {...}): functions one after the other, in segments that are checkpointed
-- but for the last. functions: a list, or a Sequential.
function M.checkpoint_sequential(functions, segments, ...)
  local list = {}
  if require "tycho.nn.module".is_module(functions) then functions = functions:children() end
  if type(functions) ~= "table" or #functions == 0 then
    core.raise "checkpoint_sequential: a list of functions or a Sequential is needed"
  end
  for i, f in ipairs(functions) do
    if not is_callable(f) then
      core.raise(("checkpoint_sequential: item %d must be a function or a module, got %s"):format(i, options.say(f)))
    end
    list[i] = f
  end
  if math.type(segments) ~= "integer" or segments < 1 or segments > #list then
    core.raise(("checkpoint_sequential: segments must be from 1 to the number of functions, %d, got %s"):format(#list,
      options.say(segments)))
  end
  local args = table.pack(...)
  local o = split_options("checkpoint_sequential", args)
  o.use_reentrant = nil
  local size, values = #list // segments, args
  local function run(from, to)
    return function(...)
      local function go(i, ...)
        if i > to then return ... end
        return go(i + 1, list[i](...))
      end
      return go(from, ...)
    end
  end
  local from = 1
  for _ = 1, segments - 1 do
    values[values.n + 1] = o
    values = table.pack(M.checkpoint(run(from, from + size - 1), table.unpack(values, 1, values.n + 1)))
    from = from + size
  end
  return run(from, #list)(table.unpack(values, 1, values.n))
end

M.docs = {
  {names = {"ty.utils.checkpoint", "ty.utils.checkpoint.checkpoint"},
    signature = "(f, ..., {preserve_rng_state = true, early_stop = true, "
    .. "determinism_check = \"default\"}?) -> ...",
    doc = "f(...), keeping its inputs alone for backward: when backward needs more, f is run again, with the random numbers it "
      .. "had (dropout is the same). f must do the same each time; checkpoints nest. "
      .. "early_stop: f is run only until all is there.",
    example = "local net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))\n"
      .. "ty.utils.checkpoint(net, ty.ones(3, 2)):sum():backward()"},
  {name = "ty.utils.checkpoint.checkpoint_sequential", signature = "(functions, segments, input, options?) -> ...",
    doc = "The functions (a list, or an nn.Sequential) one after the other in so many segments, all but the last "
      .. "checkpointed.",
    example = "local net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))\n"
      .. "ty.utils.checkpoint.checkpoint_sequential(net, 2, ty.ones(3, 2)):sum():backward()"},
}

return setmetatable(M, {__call = function(_, ...) return M.checkpoint(...) end, __name = "checkpoint"})
