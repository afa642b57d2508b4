-- Scopes in which gradients are recorded or not. Each is used as ty.no_grad(function() ... end), which gives back what the
-- function returns, or as local _ <close> = ty.no_grad(), which holds until the end of the block.

local core = require "tycho.core"

local scopes = {docs = {
  {name = "ty.no_grad", signature = "(function?) -> ...",
    doc = "Records no gradients inside: for evaluation and for updates by hand. With a function: runs it and gives its "
      .. "results. Without: a value to close, local _ <close> = ty.no_grad().",
    example = "local y = ty.no_grad(function() return ty.ones(2, {requires_grad = true}) * 2 end)"},
  {name = "ty.enable_grad", signature = "(function?) -> ...",
    doc = "Records gradients inside, also within no_grad. Used as no_grad.",
    example = "ty.no_grad(function() ty.enable_grad(function() assert(ty.is_grad_enabled()) end) end)"},
  {name = "ty.set_grad_enabled", signature = "(enabled: bool, function?) -> ...",
    doc = "no_grad or enable_grad by a condition.", example = "ty.set_grad_enabled(false, function() end)"},
  {name = "ty.is_grad_enabled", signature = "() -> bool", doc = "Whether gradients are recorded now.",
    example = "assert(ty.is_grad_enabled())"},
}}

local closer = {
  __close = function(self)
    if self.was ~= nil then
      core.set_grad_enabled(self.was)
      self.was = nil
    end
  end,
  __name = "grad scope",
}

local function leave(scope, ok, ...)
  core.set_grad_enabled(scope.was)
  if not ok then error((...), 0) end
  return ...
end

-- The position that an error has already stays; only the traceback's end is lost, so it is caught where it is made.
local function scope(name, enabled, f)
  local meta = getmetatable(f)
  if f ~= nil and type(f) ~= "function" and not (meta and meta.__call) then
    core.raise(("%s: a function is needed (or nothing, with local _ <close> = ty.%s()), got a %s"):format(name, name, type(f)))
  end
  local self = {was = core.set_grad_enabled(enabled)}
  if f == nil then return setmetatable(self, closer) end
  return leave(self, pcall(f))
end

function scopes.no_grad(f) return scope("no_grad", false, f) end
function scopes.enable_grad(f) return scope("enable_grad", true, f) end

function scopes.set_grad_enabled(enabled, f)
  if type(enabled) ~= "boolean" then core.raise "set_grad_enabled: true or false is needed" end
  return scope("set_grad_enabled", enabled, f)
end

scopes.is_grad_enabled = core.is_grad_enabled

return scopes
