-- What can be done with the recorded graph as a whole: hooks on the values that it saves, and anomaly mode.

local core = require "tycho.core"
local options = require "tycho.options"
local scopes = require "tycho.scopes"

local M = {}

-- ---- Saved tensors ----

local function is_function(f)
  local meta = getmetatable(f)
  return type(f) == "function" or (meta and meta.__call) ~= nil
end

local function hooked(name, pack, unpack, f)
  return scopes.run(name, function()
    local was = core.set_saved_hooks {pack, unpack}
    return function() core.set_saved_hooks(was) end
  end, f)
end

--- saved_tensors_hooks(pack, unpack, f?): a scope in which what ops keep for their gradients goes through pack(tensor), and
-- what backward needs comes from unpack(what pack gave). The innermost scope counts.
function M.saved_tensors_hooks(pack, unpack, f)
  if not is_function(pack) or not is_function(unpack) then
    core.raise "saved_tensors_hooks: two functions are needed, pack(tensor) and unpack(packed)"
  end
  return hooked("autograd.graph.saved_tensors_hooks", pack, unpack, f)
end

local function to_cpu(x) return {x.device, x:cpu()} end
local function back(packed) return packed[2]:to(packed[1]) end

--- save_on_cpu(f?): a scope in which what ops keep for their gradients waits in the memory of the CPU.
function M.save_on_cpu(f) return hooked("autograd.graph.save_on_cpu", to_cpu, back, f) end

-- ---- Anomaly mode ----

local anomaly = {on = false, check_nan = true}

local function set_anomaly(on, check_nan)
  anomaly.on, anomaly.check_nan = on, check_nan
  core.set_anomaly_mode(on, check_nan)
end

local function enter(on, check_nan)
  return function()
    local was_on, was_check = anomaly.on, anomaly.check_nan
    set_anomaly(on, check_nan)
    return function() set_anomaly(was_on, was_check) end
  end
end

local function check_nan_of(name, value)
  if type(value) == "table" then value = value.check_nan end
  if value == nil then return true end
  if type(value) ~= "boolean" then
    core.raise(("%s: check_nan must be true or false, got %s"):format(name, options.say(value)))
  end
  return value
end

--- detect_anomaly(f?, check_nan = true): a scope in which each op remembers the Lua line that called it; an error in backward
-- names it, and a gradient that is NaN is an error.
function M.detect_anomaly(f, check_nan)
  if not is_function(f) and check_nan == nil then f, check_nan = nil, f end
  return scopes.run("autograd.detect_anomaly", enter(true, check_nan_of("detect_anomaly", check_nan)), f)
end

--- set_detect_anomaly(mode, check_nan = true, f?): the same by a condition; alone, it holds from then on.
function M.set_detect_anomaly(mode, check_nan, f)
  if type(mode) ~= "boolean" then core.raise "set_detect_anomaly: true or false is needed" end
  if is_function(check_nan) then check_nan, f = nil, check_nan end
  return scopes.run("autograd.set_detect_anomaly", enter(mode, check_nan_of("set_detect_anomaly", check_nan)), f)
end

function M.is_anomaly_enabled() return anomaly.on end
function M.is_anomaly_check_nan_enabled() return anomaly.check_nan end

return M
