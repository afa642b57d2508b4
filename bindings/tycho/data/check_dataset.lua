-- What can be a dataset.

local core = require "tycho.core"
local options = require "tycho.options"

--- Raises, for the function of this name, unless the value has a length and items. A tensor is none: its examples would be
-- its rows alone, and TensorDataset says so.
return function(name, dataset)
  local meta = getmetatable(dataset)
  local countable = type(dataset) == "table" or (type(meta) == "table" and meta.__len and meta.__index)
  if core.is_tensor(dataset) or not countable or (type(dataset) == "table" and rawget(dataset, "_parameters")) then
    core.raise(("%s: a dataset is needed (a TensorDataset, or an object with #ds and ds[i]), got %s"):format(name,
      options.say(dataset)))
  end
end
