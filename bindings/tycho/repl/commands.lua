-- What a line that begins with a colon or a question mark asks for: :help lists them. A command is a function of the
-- session and the rest of the line; it raises errors as any function does, and what it returns, session.take returns.

local core = require "tycho.core"
local script = require "tycho.repl.script"

local stdout = io.stdout

local commands = {}

local function say(...)
  stdout:write(...)
  stdout:write "\n"
  stdout:flush()
end

-- A file's name as it was typed: without quotes, and with the user's folder for ~.
local function path_of(rest, command)
  local path = rest:match "^\"(.*)\"$" or rest:match "^'(.*)'$" or rest
  if path == "" then
    error((":%s needs the name of a file"):format(command), 0)
  end
  return (path:gsub("^~/", (os.getenv "HOME" or "~") .. "/"))
end

-- In the order in which :help shows them: {word, what follows, what it does, function}.
local list = {}

local function command(word, takes, text, f)
  list[#list + 1] = {word = word, takes = takes, text = text, f = f}
end

command("help", "", "this list", function()
  local lines = {}
  for _, c in ipairs(list) do
    lines[#lines + 1] = ("  %-16s %s"):format(":" .. c.word .. (c.takes ~= "" and " " .. c.takes or ""), c.text)
  end
  say(table.concat(lines, "\n"))
  say [[
  ?name            explains a function, a layer or a variable;  ??words  searches the documentation
  Tab              completes names, methods, keys, options in a call's {}, and files in strings
  Up, Down         earlier lines that begin as this one;  Ctrl-R  searches them
  Meta-Enter       starts a new line within the chunk
  Ctrl-C           drops the line, stops what runs;  Ctrl-D  leaves
  _                the last result, also _1; _2 to _5 those before it (of tensors above 64 MiB only the last)
A top-level `local` stays visible in the lines after it. ~/.tychorc.lua runs at the start (not with --norc).]]
end)

command("time", "code", "runs it, once or, when that is short, many times: mean and spread", function(_, rest)
  require "tycho.repl.timing"(rest, say)
end)

command("mem", "", "memory: Lua's heap, tensors, the process", function()
  say(require "tycho.repl.variables".memory())
end)

command("vars", "", "the session's variables: type, shape, device, bytes", function(session)
  say(require "tycho.repl.variables".list(session.variables(), core.process.winsize() or 80))
end)

-- A script and its arguments, as they were typed: "name with blanks.lua" a b, or the name alone with blanks and all.
local function script_of(rest)
  local file = io.open(path_of(rest, "load"))
  if file then
    file:close()
    return {[0] = path_of(rest, "load")}
  end
  local first, others = rest:match "^([\"'].-[\"'])%s*(.*)$"
  if not first then
    first, others = rest:match "^(%S+)%s*(.*)$"
  end
  local arguments = {[0] = path_of(first, "load")}
  for argument in others:gmatch "%S+" do
    arguments[#arguments + 1] = argument
  end
  return arguments
end

command("load", "file", "runs a script (words after it are its arguments); its top-level locals stay", function(session, rest)
  local arguments = script_of(rest)
  rawset(_G, "arg", arguments)
  session.file(arguments[0], table.unpack(arguments))
end)

command("save", "file", "writes what was entered and succeeded as a script (:save! over any file)", function(session, rest)
  local force = rest:sub(1, 1) == "!"
  local path = path_of(rest:match(force and "^!%s*(.*)$" or "^.*$"), "save")
  local count = require "tycho.repl.save"(session.entries, path, force)
  say(("%d %s saved in %s"):format(count, count == 1 and "entry" or "entries", path))
end)

command("edit", "[file]", "opens $EDITOR on the last chunk, or on a file, and runs what comes back", function(session, rest)
  if rest ~= "" then
    local path = path_of(rest, "edit")
    commands.call_editor(path)
    return session.file(path)
  end
  local text = commands.edited(session.last or "")
  if not text:find "%S" then
    return say "nothing to run"
  end
  say(text)
  if session.take(text) == "more" then
    session.unfinished(text)
  end
  return nil, text
end)

command("quit", "", "leaves, as Ctrl-D does", function()
  return "quit"
end)

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs the user's editor on the file; an error when it fails, so that nothing is run then.
function commands.call_editor(path)
  local editor = "vi"
  for _, variable in ipairs {"EDITOR", "VISUAL"} do
    local value = os.getenv(variable)
    editor = value and value ~= "" and value or editor
  end
  local ok, how, code = os.execute(editor .. " " .. quoted(path))
  if not ok then
    error((":edit: the editor '%s' ended with %s %d; nothing was run"):format(editor, how, code), 0)
  end
end

-- The text as the user's editor leaves it.
function commands.edited(text)
  local bare = os.tmpname()
  local path = bare .. ".lua" -- for the editor to know the language
  assert(os.rename(bare, path))
  local remove <close> = setmetatable({}, {__close = function() os.remove(path) end}) -- luacheck: ignore 211
  local file = assert(io.open(path, "w"))
  file:write(text, text:find "\n$" and "" or "\n")
  file:close()
  commands.call_editor(path)
  return (script.read(path):gsub("%s+$", ""))
end

-- ?name and ??words.
local function ask(text)
  local words = text:match "^%?%?%s*(.-)[%s;]*$"
  if words then
    say(require "tycho.docs.search"(words, core.process.winsize() or 80))
    return
  end
  local name = text:match "^%?%s*(.-)[%s;]*$"
  local help = _G.help
  if name == "" then
    help()
  else
    help(name)
  end
end

--- The words of all commands, each with the colon, for completion.
function commands.words()
  local words = {}
  for i, c in ipairs(list) do
    words[i] = ":" .. c.word
  end
  return words
end

--- commands.run(session, text): does what a line that begins with : or ? asks for.
function commands.run(session, text)
  text = text:match "^%s*(.-)%s*$"
  if text:sub(1, 1) == "?" then
    return ask(text)
  end
  local word, rest = text:match "^:(%a+)%s*(.*)$"
  local found, count
  for _, c in ipairs(list) do
    if c.word == word then
      found, count = c, 1
      break
    elseif c.word:sub(1, #word) == word then
      found, count = c, (count or 0) + 1
    end
  end
  if count ~= 1 then
    error((":%s is not a command; there are %s"):format(word, table.concat(commands.words(), ", ")), 0)
  end
  return found.f(session, rest)
end

return commands
