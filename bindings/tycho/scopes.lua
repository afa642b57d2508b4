-- Scopes in which gradients are recorded or not. Each is used in three ways: ty.no_grad(function() ... end) runs the function
-- and gives back what it returns; local _ <close> = ty.no_grad() holds until the end of the block; and ty.no_grad()(f) gives
-- a function that runs f in the scope each time it is called.

local core = require "tycho.core"

local scopes = {docs = {
  {names = {"ty.no_grad", "ty.autograd.no_grad"}, signature = "(function?) -> ...",
    doc = "Records no gradients inside: for evaluation and for updates by hand. With a function: runs it and gives its "
      .. "results. Without: a value to close, local _ <close> = ty.no_grad(). ty.no_grad()(f) is f, always run so.",
    example = "local y = ty.no_grad(function() return ty.ones(2, {requires_grad = true}) * 2 end)"},
  {names = {"ty.enable_grad", "ty.autograd.enable_grad"}, signature = "(function?) -> ...",
    doc = "Records gradients inside, also within no_grad. Used as no_grad.",
    example = "ty.no_grad(function() ty.enable_grad(function() assert(ty.is_grad_enabled()) end) end)"},
  {names = {"ty.set_grad_enabled", "ty.autograd.set_grad_enabled"}, signature = "(enabled: bool, function?) -> ...",
    doc = "no_grad or enable_grad by a condition. Called alone it holds from then on.",
    example = "ty.set_grad_enabled(false, function() end)"},
  {name = "ty.is_grad_enabled", signature = "() -> bool", doc = "Whether gradients are recorded now.",
    example = "assert(ty.is_grad_enabled())"},
  {names = {"ty.inference_mode", "ty.autograd.inference_mode"}, signature = "(mode: bool = true, function?) -> ...",
    doc = "As no_grad, and what is made inside never takes part in gradients: it cannot be saved for backward, nor be changed "
      .. "in place outside; a clone can. Used as no_grad; inference_mode(false) is the normal mode within.",
    example = "local y = ty.inference_mode(function() return ty.ones(2) * 2 end)\nprint(y:is_inference())"},
  {name = "ty.is_inference_mode_enabled", signature = "() -> bool", doc = "Whether inference mode is on now.",
    example = "assert(not ty.is_inference_mode_enabled())"},
}}

-- A scope that was entered: `leave` undoes it, `again` enters it anew.
local closer = {__name = "scope"}

local function close(self)
  local leave = self.leave
  self.leave = nil
  if leave then leave() end
end
closer.__close = close

local function finish(leave, ok, ...)
  leave()
  if not ok then error((...), 0) end
  return ...
end

-- ty.no_grad()(f): the scope is left at once, and entered at each call of the function.
function closer:__call(f)
  close(self)
  scopes.check_function(self.name, f)
  local enter = self.enter
  return function(...) return finish(enter(), pcall(f, ...)) end
end

function scopes.check_function(name, f)
  local meta = getmetatable(f)
  if type(f) ~= "function" and not (meta and meta.__call) then
    core.raise(("%s: a function is needed (or nothing, with local _ <close> = ty.%s()), got a %s"):format(name, name, type(f)))
  end
end

--- run(name, enter, f): a scope of any kind. enter() begins it and gives a function that ends it. Without f, a value to close.
-- The position that an error has already stays; only the traceback's end is lost, so it is caught where it is made.
function scopes.run(name, enter, f)
  if f ~= nil then
    scopes.check_function(name, f)
    return finish(enter(), pcall(f))
  end
  return setmetatable({name = name, enter = enter, leave = enter()}, closer)
end

local function grad_mode(enabled)
  return function()
    local was = core.set_grad_enabled(enabled)
    return function() core.set_grad_enabled(was) end
  end
end

local without, with = grad_mode(false), grad_mode(true)

function scopes.no_grad(f) return scopes.run("no_grad", without, f) end
function scopes.enable_grad(f) return scopes.run("enable_grad", with, f) end

function scopes.set_grad_enabled(enabled, f)
  if type(enabled) ~= "boolean" then core.raise "set_grad_enabled: true or false is needed" end
  return scopes.run("set_grad_enabled", enabled and with or without, f)
end

scopes.is_grad_enabled = core.is_grad_enabled

local function inference(mode)
  return function()
    local was, grad = core.set_inference_mode(mode), core.set_grad_enabled(not mode)
    return function()
      core.set_inference_mode(was)
      core.set_grad_enabled(grad)
    end
  end
end

function scopes.inference_mode(mode, f)
  if type(mode) == "boolean" then return scopes.run("inference_mode", inference(mode), f) end
  return scopes.run("inference_mode", inference(true), mode)
end

scopes.is_inference_mode_enabled = core.is_inference_mode_enabled

return scopes
