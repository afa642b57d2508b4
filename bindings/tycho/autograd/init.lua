-- ty.autograd: gradients of tensors, functions with a gradient of one's own, and what helps to find errors in them. The parts
-- are loaded when they are first asked for.

local core = require "tycho.core"

local autograd = {}
for name, f in pairs(core.autograd) do autograd[name] = f end

local lazy = {
  docs = {"tycho.autograd.docs", "docs"},
  Function = {"tycho.autograd.function", "Function"}, once_differentiable = {"tycho.autograd.function", "once_differentiable"},
  gradcheck = {"tycho.autograd.gradcheck", "gradcheck"}, gradgradcheck = {"tycho.autograd.gradcheck", "gradgradcheck"},
  functional = {"tycho.autograd.functional"},
  detect_anomaly = {"tycho.autograd.graph", "detect_anomaly"},
  set_detect_anomaly = {"tycho.autograd.graph", "set_detect_anomaly"},
  is_anomaly_enabled = {"tycho.autograd.graph", "is_anomaly_enabled"},
  is_anomaly_check_nan_enabled = {"tycho.autograd.graph", "is_anomaly_check_nan_enabled"},
  no_grad = {"tycho.scopes", "no_grad"}, enable_grad = {"tycho.scopes", "enable_grad"},
  set_grad_enabled = {"tycho.scopes", "set_grad_enabled"}, inference_mode = {"tycho.scopes", "inference_mode"},
}

autograd.graph = setmetatable({}, {__index = function(_, name)
  if name ~= "saved_tensors_hooks" and name ~= "save_on_cpu" then return nil end
  return require "tycho.autograd.graph"[name]
end, __complete = function() return {"saved_tensors_hooks", "save_on_cpu"} end})

return setmetatable(autograd, {
  __name = "tycho.autograd",
  __index = function(self, name)
    local place = lazy[name]
    if not place then return nil end
    local value = require(place[1])
    if place[2] then value = value[place[2]] end
    rawset(self, name, value)
    return value
  end,
  __complete = function()
    local names = {"graph"}
    for name in pairs(core.autograd) do names[#names + 1] = name end
    for name in pairs(lazy) do names[#names + 1] = name end
    return names
  end,
})
