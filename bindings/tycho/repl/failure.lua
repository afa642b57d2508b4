-- What is done with an error before the stack unwinds, for the message handler in C: the locals of a failed script are
-- taken over, the line of source at which the message points is found, and a misspelt name at the prompt is guessed.

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

-- The line of source at the place that the message names; nil when it is not known.
local function source_line(message)
  local place, number = message:match "^([^\n]-):(%d+): "
  number = math.tointeger(tonumber(number))
  for level = 3, number and 1000 or 0 do
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

-- For a name of three letters or more that holds nothing: what may have been meant; nil where that is not clear.
local function guess(message)
  local kind, word = message:match "a nil value %((%a+) '([%a_][%w_]*)'%)"
  if not kind or #word < 3 or not package.loaded["tycho.repl.session"] then
    return nil
  end
  local names
  if kind == "global" then
    names = {}
    for name in next, _G do
      names[#names + 1] = type(name) == "string" and name or nil
    end
    for _, area in ipairs {"ty", "nn", "F", "optim", "data", "plot", "help"} do
      names[#names + 1] = area
    end
  elseif kind == "field" or kind == "method" then
    names = require "tycho.docs.entries".names()
  end
  local found = names and require "tycho.docs.spelling".alike(word, names)
  if not found or #found == 0 then
    return nil
  end
  return "  did you mean " .. table.concat(found, ", ", 1, math.min(#found, 3)) .. "?"
end

--- failure(message): the text to show below the message, or nil.
local function failure(message)
  local script = package.loaded["tycho.repl.script"]
  if type(script) == "table" then
    script.on_error()
  end
  local line, hint = source_line(message), guess(message)
  return line and hint and line .. "\n" .. hint or line or hint
end

return failure
