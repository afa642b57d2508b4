-- The results that the prompt keeps: `_` and `_1` the last one shown, `_2` to `_5` those before it. Older ones are let go
-- of; of a tensor larger than LARGEST only the last result is kept, so that five looks at a big tensor do not hold five.

local core = require "tycho.core"

local KEPT = 5
local LARGEST = 64 * 2 ^ 20 -- bytes

local results = {}

local function too_large(value)
  return core.is_tensor(value) and value.nbytes > LARGEST
end

--- results.keep(value): the newest result; the older ones move on.
function results.keep(value)
  for i = KEPT, 2, -1 do
    local older = rawget(_G, "_" .. i - 1)
    rawset(_G, "_" .. i, not too_large(older) and older or nil)
  end
  rawset(_G, "_1", value)
  rawset(_G, "_", value)
end

--- results.is_name(name): whether the global is one of these.
function results.is_name(name)
  return name == "_" or name:match "^_[1-9]$" ~= nil and tonumber(name:sub(2)) <= KEPT
end

--- results.shift: the Lua statement that moves the results on, for a script that does what the session did.
results.shift = "_5, _4, _3, _2 = _4, _3, _2, _1"

return results
