--[[
tycho.plot: figures of lines, points, bars, histograms and images, drawn by the program gnuplot into files, a window or
the terminal. This file ties the parts in plot/ together: it gives axes, figures and the module the methods of each
mark, keeps the current figure as pyplot does, and collects the documentation. A new kind of drawing is a file in plot/
that returns {name, signature, doc, example, new = function(axes, ...) -> mark} (or a list of such) and a word in the
list below; what a mark is, axes.lua says.
]]

local Axes = require "tycho.plot.axes"
local annotations = require "tycho.plot.annotations"
local blame = require "tycho.plot.blame"
local composed = require "tycho.plot.composed"
local Figure = require "tycho.plot.figure"
local Live = require "tycho.plot.live"
local options = require "tycho.plot.options"
local fail = blame.fail

local mark_files = {"line", "scatter", "bar", "image", "regions", "band", "field", "annotations"}

local plot = {docs = {}}

local current

local function document(row, prefix)
  plot.docs[#plot.docs + 1] = {
    name = prefix .. row.name, signature = prefix .. row.signature, doc = row.doc, example = row.example,
  }
end

-- Raises unless a method was called with a colon on its object.
local function check_self(self, class, kind, name)
  if getmetatable(self) ~= class then
    fail("%s: call it with a colon, %s:%s(...); what stands before it is a %s", name, kind, name, type(self))
  end
end

--- Gives axes, figures and the module a method `name` that does `action(axes, ...)` on the axes meant. It returns what
-- it was called on (the module: the current figure), so that calls chain.
local function install(name, action)
  Axes[name] = function(self, ...)
    check_self(self, Axes, "axes", name)
    action(self, ...)
    return self
  end
  Figure[name] = function(self, ...)
    check_self(self, Figure, "fig", name)
    action(self:gca(), ...)
    return self
  end
  plot[name] = function(...)
    local fig = plot.gcf()
    action(fig:gca(), ...)
    return fig
  end
end

-- Gives the module and, for what ends a chain, axes the methods of figures.
local function forward(name, action)
  Figure[name] = function(self, ...)
    check_self(self, Figure, "fig", name)
    return action(self, ...)
  end
  plot[name] = function(...)
    return action(plot.gcf(), ...)
  end
  if name ~= "subplot" then
    Axes[name] = function(self, ...)
      check_self(self, Axes, "axes", name)
      return action(self.figure, ...)
    end
  end
end

--- Makes a new figure the current one and returns it.
function plot.figure(given, ...)
  if select("#", ...) > 0 then
    fail("figure: one table of options is expected, such as plot.figure{title = \"loss\", size = {800, 400}}")
  end
  current = Figure.new(given)
  return current
end

local function sharing(where, name, v)
  local word = v == true and "all" or v == false and "none" or v
  if word ~= "all" and word ~= "none" and word ~= "row" and word ~= "col" then
    fail("%s: %s is %s; true, false, \"row\" or \"col\" is expected", where, name, options.shown(v))
  end
  return word
end

local places = options.whole(1, 100)
local subplots_options = {rows = places, cols = places, sharex = sharing, sharey = sharing, size = options.any,
                          title = options.any}

local live_options = {title = options.any, size = options.any, theme = options.any}
for name, checker in pairs(Live.options) do
  live_options[name] = checker
end

--- A new figure divided into rows x cols axes.
function plot.subplots(rows, cols, given, extra)
  if extra ~= nil then
    fail("subplots: at most rows, cols and a table of options are expected")
  end
  for _, last in ipairs {{rows, cols == nil and given == nil}, {cols, given == nil}} do
    if type(last[1]) == "table" and last[2] then
      given = last[1]
      rows, cols = type(rows) == "number" and rows or nil, nil
    end
  end
  local read = options.check("subplots", given, subplots_options)
  rows = places("subplots", "rows", rows or read.rows or 1)
  cols = places("subplots", "cols", cols or read.cols or 1)
  local size = read.size or {math.max(500, math.min(1600, cols * 400)), math.max(400, math.min(1600, rows * 320))}
  current = Figure.new({title = read.title, size = size})
  return current, current:subplots(rows, cols, read)
end

--- The current figure; a new one when there is none.
function plot.gcf()
  current = current or Figure.new()
  return current
end

--- Forgets the current figure: the next drawing starts a new one.
function plot.close()
  current = nil
end

document({
  name = "figure", signature = "figure([{title, size, theme}]) -> figure",
  doc = [[
Starts a figure and makes it the current one, which the functions of the module draw on. title: a text above everything.
size: {width, height} in pixels, 50 to 10000 each (default {800, 500}).
theme: "light" or "dark" (default what plot.theme says, "light").
Errors: unknown options, sizes that are no whole numbers in that range.]],
  example = [[local fig = plot.figure{title = "Fashion-MNIST", size = {800, 400}}]],
}, "plot.")
document({
  name = "subplots", signature = "subplots([rows [, cols [, {sharex, sharey, size, title}]]]) -> figure, axes",
  doc = [[
Starts a figure of rows x cols axes (default 1 x 1) and returns it and its axes: axes[row][col]; with one row or one
column axes[i], and with one place the axes themselves. axes.flat is the list of all, row by row. rows and cols may stand in
the table: subplots{rows = 2, cols = 3}. sharex, sharey: true: all have the same ends (data and limits of all); "col",
"row": those of one column or row. size: {width, height} in pixels (default 400 x 320 each). title: above all.
Errors: unknown options, numbers that are not whole.]],
  example = [[local fig, axes = plot.subplots(1, 2, {sharey = true})
axes[1]:line({1, 2, 3}):title("left")
axes[2]:bar({3, 1, 2}):title("right")]],
}, "plot.")
--- Sets the theme of the figures that are made from now on.
function plot.theme(word)
  Figure.set_theme(word)
end
document({name = "theme", signature = "theme(word)", doc = [[
Sets the colours of page, axes and texts of the figures made from now on: "light" or "dark". Errors: another word.]],
          example = [[plot.theme("light")]]}, "plot.")
document({name = "gcf", signature = "gcf() -> figure", doc = "Returns the current figure; a new one if there is none.",
          example = "plot.gcf():text()"}, "plot.")
document({name = "close", signature = "close()",
          doc = "Forgets the current figure: the next drawing starts a new one.", example = "plot.close()"}, "plot.")

for _, name in ipairs(mark_files) do
  local file = require("tycho.plot." .. name)
  for _, kind in ipairs(file.name and {file} or file) do
    install(kind.name, function(axes, ...)
      for _, mark in ipairs {kind.new(axes, ...)} do
        axes:add(mark)
      end
    end)
    document(kind, "plot.")
  end
end
Axes.imshow, Figure.imshow, plot.imshow = Axes.image, Figure.image, plot.image
document({name = "imshow", signature = "imshow(x [, options])", doc = "Another name of plot.image.",
          example = "plot.imshow(ty.rand(28, 28))"}, "plot.")
function plot.suptitle(text)
  local fig = plot.gcf()
  fig:suptitle(text)
  return fig
end
document({name = "suptitle", signature = "suptitle(text)", doc = "Writes a title above all axes of the figure.",
          example = [[plot.suptitle("Two runs")]]}, "plot.")
function Figure:twinx()
  return self:gca():twinx()
end
function plot.twinx()
  return plot.gcf():twinx()
end
document({name = "twinx", signature = "twinx() -> axes", doc = [[
Axes over the current ones (axes:twinx(): over those) that share their x axis and have a y axis of their own at the right:
what is drawn on them is measured there, and their ylabel stands there. The legend shows both. The same again when asked
twice.]], example = [[local axes = plot.subplot(1, 1, 1)
axes:line({2.3, 1.1, 0.7}, {label = "loss"}):ylabel("loss")
axes:twinx():line({0.2, 0.6, 0.8}, {label = "accuracy", style = "--"}):ylabel("accuracy"):ylim(0, 1)
axes:legend()]]}, "plot.")
for _, row in ipairs(Axes.docs) do
  install(row.name, Axes[row.name])
  document(row, "plot.")
end
for _, row in ipairs(composed.docs) do
  plot[row.name] = function(...)
    current = composed[row.name](...)
    return current
  end
  document(row, "plot.")
end
--- A figure whose curves grow.
function plot.live(given)
  local figure_part, live_part = {}, {}
  for name, value in pairs(options.check("live", given, live_options)) do
    (Live.options[name] and live_part or figure_part)[name] = value
  end
  figure_part.theme = type(given) == "table" and given.theme or nil
  return Live.new(plot.figure(figure_part), live_part)
end
function Figure:live(given)
  check_self(self, Figure, "fig", "live")
  return Live.start(self, given)
end
document(Live.doc, "plot.")

--- Called with two numbers it writes into the axes, otherwise it returns the figure as text.
local function text_of(self, x, y, words, given)
  if type(x) == "number" then
    local axes = getmetatable(self) == Figure and self:gca() or self
    axes:add(annotations.text(axes, x, y, words, given))
    return self
  end
  local fig = getmetatable(self) == Figure and self or self.figure
  return fig:as_text(x)
end
Figure.text, Axes.text = text_of, text_of
function plot.text(...)
  return text_of(plot.gcf(), ...)
end
document({
  name = "text", signature = "text(x, y, words [, {color, size, rotation, align, box}]), text([{columns, rows, style, ansi}]) "
      .. "-> string",
  doc = [[
With a place in coordinates of the data: writes words there. size: in points (default 10.5). rotation: degrees. align:
"left" (default), "center" or "right" of the place. box: true puts it on a plate.
Without: returns the figure as lines of characters, columns (default 79) by rows (default 23). style: "ascii" (default),
"braille" or "block"; ansi: true for colours.]],
  example = [[plot.line({3, 2, 1}):text(2, 2.2, "half way")
print(plot.gcf():text{columns = 60, rows = 15})]],
}, "plot.")
for _, row in ipairs(Figure.docs) do
  forward(row.name, Figure[row.name])
  document(row, "plot.")
end

return plot
