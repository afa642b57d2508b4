--[[
A figure: one or more axes on a page, and its ways out: a file, a window, text. It puts the script together and hands it
to gnuplot (gnuplot.lua); what stands in the axes is theirs (axes.lua). Relies on tycho.core.process for the size of the
terminal.
]]

local Axes = require "tycho.plot.axes"
local blame = require "tycho.plot.blame"
local gnuplot = require "tycho.plot.gnuplot"
local options = require "tycho.plot.options"
local fail = blame.fail

local Figure = {}
Figure.__index = Figure

local LARGEST = 10000
local FONT = "Sans,10.5"

-- What a file of each kind is made with: terminals to try in turn with their settings, and how such a file begins
-- and ends.
local kinds = {
  png = {
    terminals = {"pngcairo", "png"}, head = "^\x89PNG\r\n\x1A\n", tail = "IEND\xAEB`\x82$",
    setting = function(name, w, h)
      return name == "pngcairo" and ('pngcairo size %d,%d font "%s" noenhanced rounded'):format(w, h, FONT)
          or ("png size %d,%d noenhanced"):format(w, h)
    end,
  },
  svg = {
    terminals = {"svg"}, head = "^<%?xml", tail = "</svg>%s*$",
    setting = function(_, w, h)
      return ('svg size %d,%d font "DejaVu Sans,Verdana,sans-serif,14" noenhanced rounded background "#ffffff"')
          :format(w, h)
    end,
  },
  pdf = {
    terminals = {"pdfcairo", "pdf"}, head = "^%%PDF", tail = "%%%%EOF%s*$",
    setting = function(name, w, h)
      return ('%s size %.4fin,%.4fin font "%s" fontscale 1 noenhanced rounded'):format(name, w / 96, h / 96, FONT)
    end,
  },
}
local window_terminals = {"qt", "wxt", "x11"}

--- A new figure. given: nil or {title = text, size = {width, height} in pixels (default {800, 500})}.
function Figure.new(given)
  local read = options.check("figure", given, {title = options.text, size = options.numbers(2)})
  local size = read.size or {800, 500}
  local whole = options.whole(50, LARGEST)
  return setmetatable({
    suptitle_text = read.title, width = whole("figure", "size[1] (the width)", size[1]),
    height = whole("figure", "size[2] (the height)", size[2]), axes = {},
  }, Figure)
end

function Figure:__tostring()
  return ("figure %dx%d: %d axes"):format(self.width, self.height, #self.axes)
end

--- The axes that the methods of the figure draw on: the latest subplot, or the whole page.
function Figure:gca()
  if not self.current then
    self:subplot(1, 1, 1)
  end
  return self.current
end

local function overlaps(a, b)
  local tiny = 1e-9
  return a[1] + tiny < b[1] + b[3] and b[1] + tiny < a[1] + a[3] and a[2] + tiny < b[2] + b[4]
      and b[2] + tiny < a[2] + a[4]
end

function Figure:subplot(rows, cols, index)
  local whole = options.whole(1, 100)
  rows, cols = whole("subplot", "rows", rows), whole("subplot", "cols", cols)
  index = options.whole(1, rows * cols)("subplot", ("index (of %dx%d)"):format(rows, cols), index)
  local name = ("(%d, %d, %d)"):format(rows, cols, index)
  local row, col = (index - 1) // cols, (index - 1) % cols
  local rectangle = {col / cols, 1 - (row + 1) / rows, 1 / cols, 1 / rows}
  for _, axes in ipairs(self.axes) do
    if axes.name == name then
      self.current = axes
      return axes
    end
  end
  for i = #self.axes, 1, -1 do
    local axes = self.axes[i]
    if overlaps(axes.rectangle, rectangle) then
      if #axes.marks > 0 or next(axes.texts) then
        fail("subplot: %s overlaps the subplot %s, which is in use; ask for the subplots before drawing", name,
             axes.name)
      end
      table.remove(self.axes, i)
    end
  end
  self.current = Axes.new(self, name, rectangle)
  self.axes[#self.axes + 1] = self.current
  return self.current
end

--- Makes all places of rows x cols at once: the axes as a table of rows (a list where there is one row or one column,
-- the axes themselves where there is one), with all of them in its field flat.
function Figure:subplots(rows, cols, read)
  local all, grid = {}, {}
  for i = 1, rows * cols do
    all[i] = self:subplot(rows, cols, i)
    local row = (i - 1) // cols + 1
    grid[row] = grid[row] or {}
    grid[row][(i - 1) % cols + 1] = all[i]
  end
  for axis, kind in pairs {x = read.sharex, y = read.sharey} do
    local groups = {}
    for i, axes in ipairs(all) do
      local key = kind == "col" and (i - 1) % cols or kind == "row" and (i - 1) // cols or kind == "all" and 0 or -i
      groups[key] = groups[key] or {}
      table.insert(groups[key], axes)
      axes.shared = axes.shared or {}
      axes.shared[axis] = groups[key]
    end
  end
  self.current = all[1]
  if rows == 1 and cols == 1 then
    return all[1]
  end
  local result = (rows == 1 or cols == 1) and table.move(all, 1, #all, 1, {}) or grid
  result.flat = all
  return result
end

function Figure:suptitle(text)
  self.suptitle_text = text ~= nil and options.text("suptitle", "the text", text) or nil
  return self
end

-- The whole script but the terminal's setting.
local function body(self, target)
  self:gca()
  local title, only = self.suptitle_text, #self.axes == 1 and self.axes[1]
  if only and not (title and only.texts.title) then
    return only:script(target, title)
  end
  local parts = {"set encoding utf8"}
  local top = 0
  if title then
    local lines = 1 + select(2, title:gsub("\n", ""))
    top = (target.text and lines + 1 or lines * 20 + 18) / target.height
    parts[#parts + 1] = ("set multiplot title %s%s"):format(gnuplot.quote(title),
                                                         target.text and "" or ' font ",14"')
  else
    parts[#parts + 1] = "set multiplot"
  end
  top = math.min(top, 0.5)
  for _, axes in ipairs(self.axes) do
    local box = axes.rectangle
    axes.rectangle = {box[1], box[2] * (1 - top), box[3], box[4] * (1 - top)}
    local ok, script = pcall(axes.script, axes, target)
    axes.rectangle = box
    if not ok then
      error(script, 0)
    end
    parts[#parts + 1] = script
  end
  parts[#parts + 1] = "unset multiplot\n"
  return table.concat(parts, "\n")
end

-- Chooses the first of the terminals that this gnuplot has, inside the script, so that one run is enough.
local function choose_terminal(kind, width, height)
  local parts = {}
  for _, name in ipairs(kind.terminals) do
    parts[#parts + 1] = ('if (strstrt(" ".GPVAL_TERMINALS." ", " %s ")) { set terminal %s } else {'):format(
      name, kind.setting(name, width, height))
  end
  parts[#parts + 1] = 'exit message "tycho: no terminal" ' .. ("}"):rep(#kind.terminals)
  return table.concat(parts, " ")
end

local function render(self, kind, name, timeout)
  local script = choose_terminal(kind, self.width, self.height) .. "\n"
      .. body(self, {width = self.width, height = self.height})
  local bytes, said = gnuplot.run("savefig", script, timeout)
  if bytes == "" and said:find("tycho: no terminal", 1, true) then
    fail("savefig: this gnuplot cannot make .%s files (it has no terminal %s); install gnuplot-nox, or choose another"
         .. " of .pdf, .png, .svg", name, table.concat(kind.terminals, " or "))
  elseif not (bytes:find(kind.head) and bytes:sub(-64):find(kind.tail)) then
    fail("savefig: gnuplot did not make a whole .%s file%s", name, said ~= "" and ": " .. said or "")
  end
  if name == "svg" then
    -- pixels stay squares when a viewer enlarges them; text cannot hold this tag, for "<" is escaped there
    bytes = bytes:gsub("<image ", '<image style="image-rendering:pixelated" ')
  end
  return bytes
end

local function open_beside(path)
  local folder = path:match("^(.*/)[^/]*$") or "./"
  local unique = tostring({}):match("0x(%x+)") or tostring(os.time())
  local process = require("tycho.core").process
  local temporary = ("%s.tycho-%d-%s.tmp"):format(folder, process.getpid(), unique)
  local file, message, code = io.open(temporary, "wb")
  if file then
    return file, temporary
  end
  local reason = (message or ""):gsub("^.*: ", "")
  local ENOENT = 2
  if code == ENOENT then
    reason = ("the folder '%s' does not exist"):format(folder)
  end
  fail("savefig: cannot write '%s': %s", path, reason)
end

function Figure:savefig(path, given)
  local read = options.check("savefig", given, {timeout = options.positive})
  if type(path) ~= "string" then
    fail("savefig: the path is a %s; a string such as \"loss.png\" is expected", type(path))
  elseif path:find("\0", 1, true) then
    fail("savefig: the path %q holds a zero byte", path)
  end
  local name = path:match("[^/]%.([^./]*)$")
  local kind = name and kinds[name:lower()]
  if not kind then
    fail("savefig: '%s' has %s; known: .pdf, .png, .svg", path,
         name and ("the unknown extension '.%s'"):format(name) or "no extension")
  end
  local file, temporary = open_beside(path)
  -- runs on every way out, Ctrl-C included; after the renaming there is nothing left to remove
  local _ <close> = setmetatable({}, {__close = function()
    if io.type(file) == "file" then
      file:close()
    end
    if temporary then
      os.remove(temporary)
    end
  end})
  local bytes = render(self, kind, name:lower(), read.timeout)
  local ok, message = file:write(bytes)
  if ok then
    ok, message = file:close()
  end
  if ok then
    ok, message = os.rename(temporary, path)
  end
  if not ok then
    fail("savefig: cannot write '%s': %s", path, ((message or "unknown error"):gsub("^.*: ", "")))
  end
  temporary = nil
  return self
end

-- The figure as lines of characters without spaces at their ends.
local function as_text(self, where, columns, rows, ansi, timeout)
  local color = "mono"
  if ansi then
    color = ((os.getenv("TERM") or ""):find("256color", 1, true) or os.getenv("COLORTERM")) and "ansi256" or "ansi"
  end
  local script = ("set terminal dumb size %d,%d %s nofeed noenhanced aspect 2,1\n"):format(columns, rows, color)
      .. body(self, {text = true, ansi = ansi, width = columns, height = rows})
  local text = gnuplot.run(where, script, timeout)
  if not ansi then
    text = text:gsub("\27%[[%d;]*m", "")
  end
  text = text:gsub("\f", ""):gsub("[ \t]+\n", "\n"):gsub("^\n+", ""):gsub("%s+$", "")
  if text == "" then
    fail("%s: gnuplot drew nothing", where)
  end
  return text .. "\n"
end

function Figure:text(given)
  local read = options.check("text", given, {
    columns = options.whole(20, 1000), rows = options.whole(6, 1000), ansi = options.flag, timeout = options.positive,
  })
  return as_text(self, "text", read.columns or 79, read.rows or 23, read.ansi or false, read.timeout)
end

local function show_window(self, timeout)
  local has = gnuplot.terminals("show")
  for _, name in ipairs(window_terminals) do
    if has[name] then
      local title = gnuplot.quote(self.suptitle_text or "Tycho")
      local script = ("set terminal %s size %d,%d title %s noenhanced\n"):format(name, self.width, self.height, title)
          .. body(self, {width = self.width, height = self.height})
      return gnuplot.open_window(script, timeout)
    end
  end
  return false
end

local function set_in_environment(name)
  local value = os.getenv(name)
  return value ~= nil and value ~= ""
end

function Figure:show(given)
  local read = options.check("show", given, {timeout = options.positive})
  if (set_in_environment("DISPLAY") or set_in_environment("WAYLAND_DISPLAY"))
      and show_window(self, read.timeout or 10) then
    return
  end
  local process = require("tycho.core").process
  local columns, rows, ansi = 79, 23, false
  if process.isatty(1) then
    local wide, high = process.winsize()
    columns = math.max(20, math.min(160, (wide or 80) - 1))
    rows = math.max(8, math.min(50, (high or 24) - 2))
    ansi = not set_in_environment("NO_COLOR") and os.getenv("TERM") ~= "dumb"
  end
  local text = as_text(self, "show", columns, rows, ansi, read.timeout)
  local ok, message = io.stdout:write(text)
  if ok then
    ok, message = io.stdout:flush()
  end
  if not ok then
    fail("show: cannot write to the standard output: %s", message)
  end
end

--- Documentation of the methods, for plot.docs.
Figure.docs = {
  {
    name = "subplot", signature = "subplot(rows, cols, index) -> axes",
    doc = [[
Divides the figure into rows x cols places and returns the axes in place `index`, counted from 1 along the rows; drawing
goes there from then on. The same three numbers give the same axes again. Axes have the drawing methods of a figure.
Errors: a place that overlaps axes which are in use.]],
    example = [[local fig = plot.figure()
fig:subplot(1, 2, 1):line({1, 2, 3}):title("left")
fig:subplot(1, 2, 2):bar({3, 1, 2}):title("right")]],
  },
  {
    name = "savefig", signature = "savefig(path [, {timeout}])",
    doc = [[
Writes the figure to a file, of the kind that the extension says: .png, .svg or .pdf (whose page is as large as the
figure at 96 pixels an inch). The file appears when it is complete: an older one stays as it is when something fails.
timeout: seconds that gnuplot may take (default 30).
Errors: an unknown extension, a folder that is missing or may not be written, gnuplot missing or failing.]],
    example = [[plot.line({3, 2, 1}):savefig("loss.png")]],
  },
  {
    name = "show", signature = "show([{timeout}])",
    doc = [[
Shows the figure: in a window that stays where there is a display and a gnuplot that opens windows, else as text in the
terminal, as large as its window and in colour (unless NO_COLOR is set); into a pipe or file as plain text.
timeout: seconds that gnuplot may take (default 30, for a window 10).]],
    example = [[plot.line({3, 2, 1}):show()]],
  },
  {
    name = "text", signature = "text([{columns, rows, ansi, timeout}]) -> string",
    doc = [[
Returns the figure as lines of characters: columns (default 79) by rows (default 23), without colours unless ansi is
true. timeout: seconds that gnuplot may take (default 30).]],
    example = [[print(plot.line({3, 2, 1}):text{columns = 60, rows = 15})]],
  },
}

return Figure
