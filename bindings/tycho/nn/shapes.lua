-- What layers over one to three dimensions share: options that are one number for all dimensions or a list of one for each,
-- and how PyTorch prints them.

local core = require "tycho.core"
local options = require "tycho.options"

local shapes = {}

--- A number repeated ndim times, or the list of ndim numbers that was given.
function shapes.list(name, option, value, ndim)
  if type(value) ~= "table" then
    local list = {}
    for d = 1, ndim do list[d] = value end
    return list
  end
  if #value ~= ndim then
    core.raise(("%s: %s takes one number, or a list of %d, got one of %d"):format(name, option, ndim, #value))
  end
  return table.move(value, 1, ndim, 1, {})
end

--- A value as PyTorch prints it: (3, 3), (3,), 3. Absent items of a list are given by its length n.
function shapes.text(value, n)
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i = 1, n or #value do parts[i] = tostring(value[i]) end
  return "(" .. table.concat(parts, ", ") .. (#parts == 1 and "," or "") .. ")"
end

--- Whether all items of a list are `value`.
function shapes.all(list, value)
  for _, item in ipairs(list) do
    if item ~= value then return false end
  end
  return true
end

--- Fails unless value is one of the strings of choices.
function shapes.choice(name, option, value, choices)
  for _, choice in ipairs(choices) do
    if value == choice then return value end
  end
  core.raise(("%s: %s must be \"%s\", got %s"):format(name, option, table.concat(choices, "\", \""), options.say(value)))
end

return shapes
