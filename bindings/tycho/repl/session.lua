-- The session at the prompt: takes what was entered, runs it, shows the values, and remembers what :save writes. Other
-- parts are loaded when they are first needed, so that the prompt comes at once. prompt.c reads the lines and calls
-- session.take; errors are raised to it.

local compile = require "tycho.repl.compile"
local core = require "tycho.core"
local results = require "tycho.repl.results"
local source = require "tycho.repl.source"

local stdout = io.stdout -- the user may give io another one
local find, match = string.find, string.match

local session = {
  entries = {}, -- what ran without an error: {code, value, call, tail} as compile.lua gives them
  baseline = {}, -- the globals that were there before the user's
}
for name, value in next, _G do
  session.baseline[name] = value
end

local AREAS = {"ty", "nn", "F", "optim", "data", "plot", "help"}
local last_width = 80 -- of printed tensors, as it was set here

-- Makes tensors print as wide as the window is, unless the user has set another width.
local function fit_window()
  local columns = core.process.winsize()
  if columns and core.print_width() == last_width then
    last_width = math.max(columns, 20)
    core.print_width(last_width)
  end
end

local function all_nil(values)
  for i = 1, values.n do
    if values[i] ~= nil then
      return false
    end
  end
  return true
end

local function show(values)
  if values[1] ~= nil then
    results.keep(values[1])
  end
  local text = require "tycho.repl.show"(table.unpack(values, 1, values.n))
  stdout:write(text, "\n")
  stdout:flush()
end

local function run(unit, text)
  source.remember(unit.f, text)
  local values = table.pack(unit.f())
  session.entries[#session.entries + 1] = {code = unit.code, value = unit.value, call = unit.call, tail = unit.tail}
  if values.n > 0 and not ((unit.call or not unit.value) and all_nil(values)) then
    show(values)
  end
end

-- The message of a chunk that does not compile, with the line meant when there are several.
local function complaint(message, text)
  local number = tonumber(match(message, "^stdin:(%d+):"))
  local count = 0
  if number and find(text, "\n", 1, true) then
    for line in (text .. "\n"):gmatch "(.-)\r?\n" do
      count = count + 1
      if count == number then
        return ("%s\n  %4d | %s"):format(message, number, line)
      end
    end
  end
  return message
end

-- `exit` and `quit`, with or without (), unless the user gave the name a meaning.
local function is_farewell(text)
  local word = match(text, "^%s*(%a+)%s*$") or match(text, "^%s*(%a+)%(%)%s*$")
  return (word == "exit" or word == "quit") and rawget(_G, word) == nil
end

--- session.take(text): runs what was entered. Gives "more" when it is not yet whole, "quit" when the session shall end, and
-- as a second result a text that belongs into the history beside it.
function session.take(text)
  fit_window()
  local script = package.loaded["tycho.repl.script"]
  if script then
    script.ended()
  end
  if is_farewell(text) then
    return "quit"
  end
  if match(text, "^%s*:%a") or match(text, "^%s*%?") then
    return require "tycho.repl.commands".run(session, text)
  end
  local units, message, more = compile(text)
  if more then
    if find(text, "\n%s*\n%s*$") then -- two empty lines: somebody does not see what is missing
      stdout:write("unfinished: ", (message:gsub("^stdin:%d+: ", "")), "; Ctrl-C drops it\n")
    end
    return "more"
  elseif not units then
    error(complaint(message, text), 0)
  end
  if #units > 0 then
    session.last = text
  end
  for _, unit in ipairs(units) do
    run(unit, message)
  end
end

--- session.unfinished(text): raises what is wrong with a chunk that the end of the input cut off.
function session.unfinished(text)
  local _, message = compile(text)
  error(complaint(message, text), 0)
end

-- The statement that runs a script's text again under its own name, by which scripts find the files beside them.
local function as_statement(path, text, arguments)
  local code = require "tycho.repl.chunk"((text:gsub("^#[^\n]*", "")))
  local level = ""
  while find(code, "]" .. level .. "]", 1, true) do
    level = level .. "="
  end
  local words = {}
  for i, argument in ipairs(arguments) do
    words[i] = ("%q"):format(argument)
  end
  local list = table.concat(words, ", ")
  return ("arg = {[0] = %q%s}\nassert(load([%s[\n%s]%s], %q))(%s)"):format(path, list ~= "" and ", " .. list or "", level, code,
    level, "@" .. path, list)
end

--- session.file(path, ...): runs a script; its top-level locals stay. session.code(text): the same for -e code.
function session.file(path, ...)
  local text = require "tycho.repl.script".file(path, ...)
  session.entries[#session.entries + 1] = {code = as_statement(path, text, {...})}
end

function session.code(text)
  require "tycho.repl.script".code(text)
  session.entries[#session.entries + 1] = {code = require "tycho.repl.chunk"(text)}
end

--- session.start(): runs the user's ~/.tychorc.lua, if there is one.
function session.start()
  local home = os.getenv "HOME"
  local path = home and home .. "/.tychorc.lua"
  local file = path and io.open(path)
  if file then
    file:close()
    require "tycho.repl.script".file(path)
  end
end

--- session.indent(text): blanks before the next line of an unfinished chunk.
function session.indent(text)
  return require "tycho.repl.indent"(text)
end

--- session.complete(...): what complete.lua says.
function session.complete(...)
  return require "tycho.repl.complete"(...)
end

-- What the program itself put among the globals: nn, and so on.
local function is_area(name, value)
  local ty = package.loaded.tycho
  for _, area in ipairs(AREAS) do
    if area == name then
      return rawequal(value, ty) or type(ty) == "table" and rawequal(value, rawget(ty, name))
    end
  end
  return false
end

--- session.variables(): the names of the globals that the session made or changed, sorted.
function session.variables()
  local names = {}
  for name, value in next, _G do
    if type(name) == "string" and not rawequal(session.baseline[name], value) and not is_area(name, value)
      and name ~= "arg" and not results.is_name(name) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

return session
