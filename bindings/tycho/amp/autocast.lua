-- ty.autocast: a scope in which functions get their tensors in the dtype that suits them. The lists of functions and the
-- casts themselves are in the glue (bindings/glue/autocast.c).

local core = require "tycho.core"
local options = require "tycho.options"
local scopes = require "tycho.scopes"

local autocast = {docs = {
  {names = {"ty.autocast", "ty.amp.autocast"},
    signature = "(device: string, dtype: dtype?, enabled: bool = true, cache_enabled: bool = true, function?) -> ...",
    doc = "Mixed precision: inside, products and convolutions of tensors on this type of device (\"cpu\" or \"cuda\") run in "
      .. "dtype (bfloat16 on the CPU, float16 on CUDA if nothing is said), losses, norms and the like in float32, whatever "
      .. "floating dtype they are given; float64 stays. Parameters stay float32, and so do their gradients. Use it around "
      .. "forward and loss, not around backward. With a function behind the options: runs it. Without: a value to close, "
      .. "local _ <close> = ty.autocast{device = \"cuda\"}. enabled = false turns it off within.",
    example = "local net = nn.Linear(4, 2)\n"
      .. "local y = ty.autocast({device = 'cpu', dtype = ty.bfloat16}, function() return net(ty.ones(3, 4)) end)\n"
      .. "print(y.dtype)"},
  {name = "ty.is_autocast_enabled", signature = "(device: string = \"cuda\") -> bool",
    doc = "Whether autocast is on for this type of device now.", example = "assert(not ty.is_autocast_enabled('cpu'))"},
  {name = "ty.get_autocast_dtype", signature = "(device: string = \"cuda\") -> dtype",
    doc = "The dtype that autocast lowers to on this type of device.", example = "print(ty.get_autocast_dtype('cpu'))"},
  {name = "ty.clear_autocast_cache", signature = "() -> ()",
    doc = "Forgets what parameters were cast to inside autocast; the end of the outermost scope does so too.",
    example = "ty.clear_autocast_cache()"},
  {name = "ty.amp.is_autocast_available", signature = "(device: string) -> bool",
    doc = "Whether autocast knows this type of device.", example = "assert(ty.amp.is_autocast_available('cpu'))"},
}}

local depth = 0 -- of scopes that are open

-- "cuda:1" and a device object count by their type.
local function type_of(name, device)
  local meta = getmetatable(device)
  local named = type(device) == "string" or (type(meta) == "table" and meta.__name == "device")
  local kind = named and tostring(device):match "^%a+"
  if kind ~= "cpu" and kind ~= "cuda" then
    core.raise(("%s: device must be \"cpu\" or \"cuda\", got %s"):format(name, options.say(device)))
  end
  return kind
end

local function scope(device, dtype, enabled, cache_enabled)
  return function()
    local was_enabled, was_dtype, was_cache = core.autocast_get(device)
    core.autocast_set(device, enabled, dtype or was_dtype, cache_enabled)
    depth = depth + 1
    return function()
      depth = depth - 1
      core.autocast_set(device, was_enabled, was_dtype, was_cache)
      if depth == 0 then core.autocast_clear() end
    end
  end
end

local parse = options.signature("autocast",
  "device: device, dtype: dtype?, enabled: bool = true, cache_enabled: bool = true, device_type: device?")

function autocast.autocast(...)
  local arguments = table.pack(...)
  local f
  if arguments.n > 1 and options.is_callable(arguments[arguments.n]) and not core.is_tensor(arguments[arguments.n]) then
    f = arguments[arguments.n]
    arguments[arguments.n] = nil
    arguments.n = arguments.n - 1
  end
  local first = arguments[1]
  if options.is_options(first) and first.device == nil and first.device_type ~= nil then -- PyTorch's name of it
    local named = {}
    for key, value in pairs(first) do named[key == "device_type" and "device" or key] = value end
    arguments[1] = named
  end
  local device, dtype, enabled, cache_enabled = parse(table.unpack(arguments, 1, arguments.n))
  device = type_of("autocast", device)
  if type(dtype) == "string" then dtype = core.dtypes[dtype] end
  if dtype and enabled and dtype ~= core.dtypes.float16 and dtype ~= core.dtypes.bfloat16 then
    core.raise(("autocast: dtype must be float16 or bfloat16, got %s"):format(tostring(dtype)))
  end
  return scopes.run("autocast", scope(device, dtype, enabled, cache_enabled), f)
end

function autocast.is_autocast_enabled(device)
  return (core.autocast_get(type_of("is_autocast_enabled", device or "cuda")))
end

function autocast.get_autocast_dtype(device)
  return (select(2, core.autocast_get(type_of("get_autocast_dtype", device or "cuda"))))
end

function autocast.clear_autocast_cache() core.autocast_clear() end

function autocast.is_autocast_available(device) return device == "cpu" or device == "cuda" end

return autocast
