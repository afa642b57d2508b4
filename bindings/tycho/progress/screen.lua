-- Bars on a terminal: the lines at the bottom that are drawn over and over on standard error, an outer loop's above an inner
-- one's, and what the program prints meanwhile above them. While a bar is seen, print, io.write and file:write give way to it;
-- with the last bar they are as they were. A bar here is any table with the method _line(columns), which gives its text; a block
-- of several lines, such as a figure that grows, has _lines() instead, and its field stays keeps it without a loop around it.
-- Relies on tycho.core's process functions.

local process = require("tycho.core").process

local screen = {}

local stderr, stdout = io.stderr, io.stdout
local file_methods = getmetatable(stderr).__index
local write, flush = file_methods.write, file_methods.flush

local bars = {}       -- those that run, outer ones first
local shown = {}      -- the widths of the lines that stand on the terminal now
local midline = false -- the program has begun a line and not ended it: no bar is drawn until it does
local stdout_is_terminal

-- ---- The terminal ----

function screen.columns()
  local columns = process.winsize()
  return columns or 80
end

-- The characters of a text; its bytes where it is not UTF-8.
local function width(text) return utf8.len(text) or #text end
screen.width = width

--- The first `columns` characters.
function screen.cut(text, columns)
  if width(text) <= columns then return text end
  local stop = utf8.len(text) and utf8.offset(text, columns + 1) or columns + 1
  return text:sub(1, stop - 1)
end

-- What brings the cursor to where the lines begin. In a window that became narrower they take more rows than they did.
local function to_top()
  if #shown == 0 then return "" end
  local columns, rows = screen.columns(), 0
  for _, w in ipairs(shown) do rows = rows + math.max(1, (w + columns - 1) // columns) end
  return rows > 1 and ("\r\27[%dA"):format(rows - 1) or "\r"
end

local function erase()
  if #shown == 0 then return end
  write(stderr, to_top(), "\27[J")
  flush(stderr)
  shown = {}
end

-- A block's lines fit the terminal as they are: its escape sequences count for nothing.
local function lines_of(bar, columns)
  return bar._lines and bar:_lines() or {screen.cut(bar:_line(columns - 1), math.max(0, columns - 1))}
end

local function draw()
  if midline or #bars == 0 then return end
  local columns = screen.columns()
  local lines, widths = {}, {}
  for _, bar in ipairs(bars) do
    for _, line in ipairs(lines_of(bar, columns)) do
      lines[#lines + 1], widths[#widths + 1] = line, bar._lines and 1 or width(line)
    end
  end
  if stdout_is_terminal then flush(stdout) end
  local top, more = to_top(), #shown > #lines
  write(stderr, top, table.concat(lines, "\27[K\n"), "\27[K", more and "\27[J" or "")
  flush(stderr)
  shown = widths
end

-- ---- What the program prints meanwhile ----

-- Whether a `for` over the bar still runs in this thread: its hidden variables hold the bar.
local function in_loop(bar)
  local level = 2
  while debug.getinfo(level, "l") do
    local i = 1
    while true do
      local name, value = debug.getlocal(level, i)
      if not name then break end
      if rawequal(value, bar) and name:sub(1, 4) == "(for" then return true end
      i = i + 1
    end
    level = level + 1
  end
  return false
end

--- Ends the bars whose loops were left by a way that tells nobody: break, an error that was caught.
function screen.end_left()
  for i = #bars, 1, -1 do
    local bar = bars[i]
    if bar and not bar.stays and not in_loop(bar) then bar:close() end
  end
end

local hooks -- {print, print_hook, ...} while a bar is seen

-- Calls a function that prints `last` at its end to the terminal, with the bars out of its way.
local function aside(ends_line, f, ...)
  screen.end_left()
  erase()
  local results = table.pack(f(...))
  midline = not ends_line
  draw()
  return table.unpack(results, 1, results.n)
end

local function is_terminal(file) return file == stderr or (file == stdout and stdout_is_terminal) end

-- Whether what is written ends a line, or is nothing and leaves things as they are.
local function ends_line(...)
  for i = select("#", ...), 1, -1 do
    local text = tostring((select(i, ...)))
    if text ~= "" then return text:sub(-1) == "\n" end
  end
  return not midline
end

local function install()
  local old_print, old_io_write, old_write = print, io.write, file_methods.write
  hooks = {print = old_print, io_write = old_io_write, write = old_write}
  function hooks.new_print(...)
    if not stdout_is_terminal then return old_print(...) end
    return aside(true, old_print, ...)
  end
  function hooks.new_io_write(...)
    if not is_terminal(io.output()) then return old_io_write(...) end
    return aside(ends_line(...), old_io_write, ...)
  end
  function hooks.new_write(file, ...)
    if not is_terminal(file) then return old_write(file, ...) end
    return aside(ends_line(...), old_write, file, ...)
  end
  -- luacheck: push globals print io
  print, io.write, file_methods.write = hooks.new_print, hooks.new_io_write, hooks.new_write
  -- luacheck: pop
end

-- What somebody else has put there meanwhile stays.
local function uninstall()
  if not hooks then return end
  -- luacheck: push globals print io
  if print == hooks.new_print then print = hooks.print end
  if io.write == hooks.new_io_write then io.write = hooks.io_write end
  -- luacheck: pop
  if file_methods.write == hooks.new_write then file_methods.write = hooks.write end
  hooks = nil
end

-- ---- Bars ----

local function place_of(bar)
  for i, other in ipairs(bars) do
    if other == bar then return i end
  end
end

--- Puts a bar below those that run, or above them if `first`; how many there are.
function screen.add(bar, first)
  screen.end_left()
  stdout_is_terminal = process.isatty(1)
  table.insert(bars, first and 1 or #bars + 1, bar)
  if not hooks then install() end
  return #bars
end

function screen.count() return #bars end

screen.draw = draw

--- Takes a bar away; its last state stays as a line of its own if `keep`.
function screen.remove(bar, keep)
  local place = place_of(bar)
  if not place then return end
  erase()
  table.remove(bars, place)
  if keep then
    local columns = screen.columns()
    write(stderr, midline and "\n" or "", table.concat(lines_of(bar, columns), "\n"), "\n")
    flush(stderr)
    midline = false
  end
  if #bars == 0 then
    uninstall()
    midline = false
  else
    draw()
  end
end

--- Ends all bars, as before a prompt or a message of the program's end.
function screen.end_all()
  for i = #bars, 1, -1 do
    if bars[i] then bars[i]:close() end
  end
end

return screen
