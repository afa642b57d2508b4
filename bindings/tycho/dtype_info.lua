-- finfo and iinfo: the limits of a dtype, as torch.finfo and torch.iinfo give them. All follows from the sizes of the
-- parts of a floating number, and of an integer from its bits.

local core = require "tycho.core"
local options = require "tycho.options"

local info = {docs = {
  {name = "ty.finfo", signature = "(dtype = the default dtype) -> table",
    doc = "The limits of a floating dtype: bits, eps (the step from 1 to the next number), max, min, tiny and "
      .. "smallest_normal (the smallest number with all its digits), smallest_subnormal, resolution (the decimal digits "
      .. "that are sure), dtype (its name). Errors: a dtype that is not floating.",
    example = "ty.finfo(ty.float16).max\n--> 65504.0"},
  {name = "ty.iinfo", signature = "(dtype) -> table",
    doc = "The limits of an integer dtype: bits, max, min, dtype (its name). Errors: bool and floating dtypes.",
    example = "ty.iinfo(ty.int8).min\n--> -128"},
}}

-- Bits of the exponent and of the fraction, and PyTorch's resolution.
local floating = {
  float16 = {5, 10, 1e-3}, bfloat16 = {8, 7, 1e-2}, float32 = {8, 23, 1e-6}, float64 = {11, 52, 1e-15},
}

local function name_of(value, what)
  local dtype = type(value) == "string" and core.dtypes[value] or value
  local meta = getmetatable(dtype)
  if type(meta) ~= "table" or meta.__name ~= "dtype" then
    core.raise(("%s: a dtype is needed, as ty.float32 or \"int64\", got %s"):format(what,
      options.say(value)))
  end
  return tostring(dtype)
end

local float_meta = {__name = "finfo", __tostring = function(self)
  return ("finfo(resolution=%g, min=%g, max=%g, eps=%g, smallest_normal=%g, tiny=%g, dtype=%s)"):format(self.resolution,
    self.min, self.max, self.eps, self.smallest_normal, self.tiny, self.dtype)
end}
local integer_meta = {__name = "iinfo", __tostring = function(self)
  return ("iinfo(min=%d, max=%d, dtype=%s)"):format(self.min, self.max, self.dtype)
end}

function info.finfo(dtype)
  local name = name_of(dtype == nil and core.functions.get_default_dtype() or dtype, "finfo")
  local parts = floating[name]
  if not parts then core.raise(("finfo: %s is not floating; for the limits of integers use iinfo"):format(name)) end
  local exponent, fraction = parts[1], parts[2]
  local bias = (1 << (exponent - 1)) - 1
  local tiny = 2.0 ^ (1 - bias)
  local most = (2 - 2.0 ^ -fraction) * 2.0 ^ bias
  return setmetatable({
    bits = 1 + exponent + fraction, eps = 2.0 ^ -fraction, max = most, min = -most, tiny = tiny, smallest_normal = tiny,
    smallest_subnormal = 2.0 ^ (1 - bias - fraction), resolution = parts[3], dtype = name,
  }, float_meta)
end

function info.iinfo(dtype)
  local name = name_of(dtype, "iinfo")
  local unsigned, bits = name:match "^(u?)int(%d+)$"
  if not bits then
    core.raise(("iinfo: %s is no integer dtype%s"):format(name, floating[name] and "; for its limits use finfo" or ""))
  end
  bits = math.tointeger(bits)
  local sign = unsigned == "u" and 0 or 1
  local least, most = -(sign << (bits - 1)), (1 << (bits - sign)) - 1
  return setmetatable({bits = bits, max = most, min = least, dtype = name}, integer_meta)
end

return info
