-- Runs files and -e code so that the session goes on with what they made: their globals, and the top-level locals of the
-- main chunk, which become globals when it ends or fails, because scripts are written with `local net = ...`. os.exit in
-- them is an error that says so instead of the end of the session. Relies on the debug library alone.

local debug, rawset, tostring = debug, rawset, tostring

local CAPTURE = "__session"
local PREFIX = ("local %s <close> = %s() "):format(CAPTURE, CAPTURE)

local script = {}

local main -- the main chunk that runs now

-- Stands in for what closes a main chunk that failed: no Lua code runs then, which Ctrl-C could stop.
local quiet = setmetatable({}, {__close = type})

-- Makes the locals global that live in the frame at this level of the stack; shadowed ones come first, so the last stays.
local function take_locals(level)
  for i = 1, math.huge do
    local name, value = debug.getlocal(level + 1, i)
    if not name then
      return
    end
    if name == CAPTURE then
      debug.setlocal(level + 1, i, quiet)
    elseif name ~= "_ENV" and name:find "^[%a_][%w_]*$" and value ~= nil then
      rawset(_G, name, value)
    end
  end
end

-- The number of levels above the caller; by halves, because looking at a level takes as long as it is deep.
local function depth()
  local low, high = 1, 2
  while debug.getinfo(high, "l") do
    low, high = high, high * 2
  end
  while high - low > 1 do
    local middle = (low + high) // 2
    if debug.getinfo(middle, "l") then
      low = middle
    else
      high = middle
    end
  end
  return low - 1
end

--- script.on_error(): takes the locals over while the failed script's stack still stands; for a message handler.
function script.on_error()
  if not main then
    return
  end
  local outermost = depth()
  for level = outermost, math.max(2, outermost - 100), -1 do
    if debug.getinfo(level, "f").func == main then
      take_locals(level)
      main = nil
      return
    end
  end
end

-- What is closed when the main chunk ends without an error: its frame is the caller's.
local closer = setmetatable({}, {__close = function()
  take_locals(2)
  main = nil
end})

-- The chunk with the capture before its first statement, on the same line; without it where that does not compile.
local function load_captured(text, name)
  local first = text:match "^#[^\n]*" or "" -- as Lua itself skips it
  local f = load(PREFIX .. text:sub(#first + 1), name, "t")
  if f then
    return f, true
  end
  return load(text:sub(#first + 1), name)
end

-- os.exit leaves the program, but not from a script.
local os_exit = os.exit
rawset(os, "exit", function(code, ...)
  if main then
    error(("os.exit(%s) was called: the session goes on"):format(code == nil and "" or tostring(code)), 2)
  end
  os_exit(code, ...)
end)

local function run(text, name, ...)
  local f, captured = load_captured(text, name)
  if not f then
    error(captured, 0)
  end
  main = f
  if captured then
    rawset(_G, CAPTURE, function()
      rawset(_G, CAPTURE, nil)
      return closer
    end)
  end
  f(...)
  main = nil
end

--- script.ended(): a script that ran has ended, however it did.
function script.ended()
  main = nil
end

--- script.code(text): runs -e code.
function script.code(text)
  run(text, "=(command line)")
end

--- script.read(path): the text of a file; an error that says why when there is none.
function script.read(path)
  local file, why = io.open(path, "rb")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  if not text then
    error(("cannot read %s"):format(why or path), 0)
  end
  return (text:gsub("^\xEF\xBB\xBF", ""))
end

--- script.file(path, ...): runs a file with the arguments; gives its text.
function script.file(path, ...)
  local text = script.read(path)
  run(text, "@" .. path, ...)
  return text
end

return script
