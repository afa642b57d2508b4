-- What is done with an error before the stack unwinds, for the message handler in C: the locals of a failed script are
-- taken over, and the line of source at which the message points is found.

local debug = debug
local source = require "tycho.repl.source"

local LONGEST = 160 -- bytes of a line that are shown

local function shown(number, line)
  line = line:gsub("\t", "    "):gsub("[%c]", " ")
  if #line > LONGEST then
    line = line:sub(1, (utf8.offset(line, 0, LONGEST) or LONGEST) - 1) .. "..."
  end
  return ("  %4d | %s"):format(number, line)
end

--- failure(message): the text to show below the message, or nil.
local function failure(message)
  local script = package.loaded["tycho.repl.script"]
  if type(script) == "table" then
    script.on_error()
  end
  local place, number = message:match "^([^\n]-):(%d+): "
  number = math.tointeger(tonumber(number))
  if not number then
    return nil
  end
  for level = 2, 1000 do
    local info = debug.getinfo(level, "fSlu")
    if not info then
      return nil
    end
    if info.short_src == place and info.currentline == number then
      local line = source.line(info, number)
      return line and line:find "%S" and shown(number, line) or nil
    end
  end
end

return failure
