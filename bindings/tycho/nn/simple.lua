-- The layers that only keep their options and compute by one function.

local module = require "tycho.nn.module"
local options = require "tycho.options"

--- A layer class whose constructor takes the arguments of `signature` into fields of the same names; `shown` lists the
-- fields that are printed.
return function(name, signature, shown)
  local class = module.class(name)
  local parse = options.signature("nn." .. name, signature)
  local fields = {}
  for field in signature:gmatch "([%w_]+)%s*:" do fields[#fields + 1] = field end
  function class:init(...)
    local values = table.pack(parse(...))
    for i, field in ipairs(fields) do self[field] = values[i] end
  end
  function class:extra_repr()
    local parts = {}
    for i, field in ipairs(shown or {}) do parts[i] = ("%s=%s"):format(field, tostring(self[field])) end
    return table.concat(parts, ", ")
  end
  return class
end
