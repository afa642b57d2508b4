--[[
Raises errors that point at the line of the user's program: fail(format, ...) looks up the stack for the first Lua
function that is not part of the plotting library, however deep inside it the trouble was found and whichever
shortcut led there. Relies on debug.getinfo alone; must not know what a plot is.
]]

local own_source = debug.getinfo(1, "S").source
local folder = own_source:match("^(.*)blame%.lua$")

local function is_ours(source)
  if not folder then
    return source == own_source
  end
  return source:sub(1, #folder) == folder or source == folder:sub(1, -2) .. ".lua"
end

--- Raises the formatted message as an error at the caller's line, outside this library. Never returns.
local function fail(format, ...)
  local message = format:format(...)
  local level = 2
  while true do
    local info = debug.getinfo(level, "S")
    if not info then
      error(message, 0)
    end
    if info.what ~= "C" and not is_ours(info.source) then
      error(message, level)
    end
    level = level + 1
  end
end

return {fail = fail}
