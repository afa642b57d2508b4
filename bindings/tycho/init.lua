-- Tycho's Lua module: `local ty = require "tycho"`. Gathers what tycho.core offers under PyTorch's names, and loads the
-- areas (nn, F, optim, data, plot, io) when they are first asked for, so that the prompt comes at once.

local core = require "tycho.core"

-- Errors skip these files, so that they point at the user's line.
core.set_internal_prefix(debug.getinfo(1, "S").source:match "^@(.*)init%.lua$" or "")

local ty = {}
for name, f in pairs(core.functions) do ty[name] = f end
for name, dtype in pairs(core.dtypes) do ty[name] = ty[name] or dtype end
ty.linalg = core.linalg
ty.special = core.special
ty.device = core.device
ty.Generator = core.Generator
ty.is_tensor = core.is_tensor
ty.version = core.version
ty.inf = math.huge
ty.nan = 0 / 0
ty.pi = math.pi
ty.newaxis = "newaxis"

-- Areas and other names whose files are loaded at their first use: name -> module, and the field of it (or all of it).
local lazy = {
  nn = {"tycho.nn"}, F = {"tycho.functional"}, optim = {"tycho.optim"}, data = {"tycho.data"}, plot = {"tycho.plot"},
  io = {"tycho.io"}, save = {"tycho.io", "save"}, load = {"tycho.io", "load"},
  OrderedDict = {"tycho.ordered_dict"}, cuda = {"tycho.cuda"},
  backends = {"tycho.backends", "backends"},
  set_float32_matmul_precision = {"tycho.backends", "set_float32_matmul_precision"},
  get_float32_matmul_precision = {"tycho.backends", "get_float32_matmul_precision"},
  set_default_device = {"tycho.default_device", "set_default_device"},
  get_default_device = {"tycho.default_device", "get_default_device"},
  finfo = {"tycho.dtype_info", "finfo"}, iinfo = {"tycho.dtype_info", "iinfo"},
  progress = {"tycho.progress"}, doctor = {"tycho.doctor", "set"}, help = {"tycho.help"},
  no_grad = {"tycho.scopes", "no_grad"}, enable_grad = {"tycho.scopes", "enable_grad"},
  set_grad_enabled = {"tycho.scopes", "set_grad_enabled"}, is_grad_enabled = {"tycho.scopes", "is_grad_enabled"},
  inference_mode = {"tycho.scopes", "inference_mode"},
  is_inference_mode_enabled = {"tycho.scopes", "is_inference_mode_enabled"},
  autograd = {"tycho.autograd"}, utils = {"tycho.utils"}, manifold = {"tycho.manifold"},
  capture = {"tycho.capture", "capture"}, amp = {"tycho.amp"}, autocast = {"tycho.amp.autocast", "autocast"},
  is_autocast_enabled = {"tycho.amp.autocast", "is_autocast_enabled"},
  get_autocast_dtype = {"tycho.amp.autocast", "get_autocast_dtype"},
  clear_autocast_cache = {"tycho.amp.autocast", "clear_autocast_cache"},
}
for name in pairs(lazy) do ty[name] = nil end

return setmetatable(ty, {
  __name = "tycho",
  __index = function(self, name)
    local place = lazy[name]
    if not place then return nil end
    local module = require(place[1])
    local value = module
    if place[2] then value = module[place[2]] end
    rawset(self, name, value)
    return value
  end,
  __complete = function(self)
    local names = {}
    for name in next, self do names[#names + 1] = name end
    for name in pairs(lazy) do
      if rawget(self, name) == nil then names[#names + 1] = name end
    end
    return names
  end,
})
