--[[
A figure: one or more axes on a page. What stands in the axes is theirs (axes.lua); its ways out are files (files.lua), the
screen (show.lua), text (terminal.lua) and curves that grow (live.lua).
]]

local Axes = require "tycho.plot.axes"
local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local files = require "tycho.plot.files"
local options = require "tycho.plot.options"
local show = require "tycho.plot.show"
local terminal = require "tycho.plot.terminal"
local fail = blame.fail

local Figure = {}
Figure.__index = Figure

local LARGEST = 10000
local read_theme = options.word(colors.themes)
local figure_options = {title = options.text, size = options.numbers(2), theme = read_theme}
local default_theme = colors.themes.light

--- A new figure. given: nil or {title, size = {width, height} in pixels (default {800, 500}), theme}.
function Figure.new(given)
  local read = options.check("figure", given, figure_options)
  local size = read.size or {800, 500}
  local whole = options.whole(50, LARGEST)
  return setmetatable({
    suptitle_text = read.title, width = whole("figure", "size[1] (the width)", size[1]),
    height = whole("figure", "size[2] (the height)", size[2]), axes = {}, theme = read.theme or default_theme,
  }, Figure)
end

--- Sets the theme of figures made from now on.
function Figure.set_theme(word)
  default_theme = read_theme("theme", "theme", word)
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
      -- inside a shared grid numbers stand at the outer axes alone
      local inner = axis == "x" and i <= #all - cols or axis == "y" and (i - 1) % cols > 0
      axes["hide_" .. axis] = inner and (kind == "all" or kind == (axis == "x" and "col" or "row"))
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

function Figure:savefig(path, given)
  files.savefig(self, path, given)
  return self
end

local text_options = {
  columns = options.whole(20, 1000), rows = options.whole(6, 1000), ansi = options.flag,
  style = options.word {ascii = "ascii", braille = "braille", block = "block"},
}

function Figure:as_text(given)
  local read = options.check("text", given, text_options)
  self:gca()
  return terminal.render(self, read.columns or 79, read.rows or 23, read.style or "ascii",
                         read.ansi and (show.color_depth() or "256") or nil)
end

function Figure:show(given)
  show.show(self, given)
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
    name = "savefig", signature = "savefig(path [, {dpi, timeout}])",
    doc = [[
Writes the figure to a file, of the kind that the extension says: .png, .svg or .pdf (whose page is as large as the
figure at 96 pixels an inch). savefig waits until the file is there; an older one stays as it is when something fails.
dpi: pixels an inch of a .png, which has more of them at the same layout (default 96: the size of the figure).
timeout: seconds that gnuplot may take (default 30).
Errors: an unknown extension, a folder that is missing or may not be written, gnuplot missing or failing.]],
    example = [[plot.line({3, 2, 1}):savefig("loss.png")]],
  },
  {
    name = "show", signature = "show([{mode, timeout}])",
    doc = [[
Shows the figure: in a window where there is a display and a gnuplot that opens windows; else as a picture in a terminal
that takes them (kitty, Ghostty, iTerm2, WezTerm, and those that answer that they know sixel); else as characters, as large
as the terminal and in its colours (none when NO_COLOR is set). Into a pipe or file it goes as plain ASCII.
mode, or the environment's TYCHO_PLOT: "auto" (default), "window", "kitty", "iterm", "sixel", "text", "braille", "block" or
"ascii" (characters of that kind). show returns when the figure is drawn and does not wait for a window to be closed.
timeout: seconds that gnuplot may take (default 30, for a window 10).
Errors: mode "window" without a display, gnuplot missing or failing (characters need no gnuplot).]],
    example = [[plot.line({3, 2, 1}):show()]],
  },
}

return Figure
