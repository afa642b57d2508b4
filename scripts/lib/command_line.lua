-- What the programs here and the tutorials share of their command lines: lua-argparse, but a wrong argument ends with exit
-- status 2 as that of other programs does, and numbers that are none are named.

local argparse = require "argparse"

local command_line = {}

--- A parser; command_line.parser("train", "Trains a model.") is argparse's own in all else.
function command_line.parser(name, description)
  local parser = argparse(name, description)
  function parser.error(self, message)
    io.stderr:write(self:get_usage(), "\n\nError: ", message, "\n")
    os.exit(2, true)
  end
  return parser
end

-- A converter for argparse: what `accept` makes of the number, or a message that says what is expected.
local function converter(expected, accept)
  return function(text)
    local number = tonumber(text)
    local value = number and accept(number)
    if value == nil or value == false then return nil, ("'%s': %s is expected"):format(text, expected) end
    return value
  end
end

--- Converters: a whole number from 1, a whole number from 0, a number above 0, a number from 0, a number from 0 up to 1.
command_line.count = converter("a whole number above 0", function(x)
  local n = math.tointeger(x)
  return n and n >= 1 and n
end)
command_line.natural = converter("a whole number, 0 or more", function(x)
  local n = math.tointeger(x)
  return n and n >= 0 and n
end)
command_line.positive = converter("a number above 0", function(x) return x > 0 and x < math.huge and x end)
command_line.nonnegative = converter("a number, 0 or more", function(x) return x >= 0 and x < math.huge and x end)
command_line.share = converter("a number from 0 to below 1", function(x) return x >= 0 and x < 1 and x end)

--- Ends the program with status 1 and a message; where the message came from in the Lua files is left away.
function command_line.fail(message)
  message = tostring(message):gsub("^[^\n:]*scripts/[^\n:]*%.lua:%d+: ", "")
  io.stderr:write((arg[0]:match "([^/]*)%.lua$" or arg[0]), ": ", message, "\n")
  os.exit(1, true)
end

--- Runs main; an error that it raises ends the program as command_line.fail does. Ctrl-C stays what it is.
function command_line.run(main)
  local ok, message = pcall(main)
  if ok then return end
  if tostring(message):find("interrupted", 1, true) then error(message, 0) end
  command_line.fail(message)
end

--- A converter for NAME=VALUE: {name, value}, with numbers, true and false as such.
function command_line.setting(text)
  local name, value = text:match "^([%a_][%w_]*)=(.*)$"
  if not name then return nil, ("'%s': NAME=VALUE is expected"):format(text) end
  if value == "true" or value == "false" then return {name, value == "true"} end
  return {name, math.tointeger(tonumber(value)) or tonumber(value) or value}
end

--- The path of the program that runs this script.
function command_line.program()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

--- A path as one word of a shell's command.
function command_line.quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Makes a folder, and those above it, unless it is there.
function command_line.make_folder(path)
  if not os.execute("mkdir -p -- " .. command_line.quoted(path)) then
    command_line.fail("cannot make the folder " .. path)
  end
end

return command_line
