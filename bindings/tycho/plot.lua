--[[
tycho.plot: figures of lines, points, bars, histograms and images, drawn by the program gnuplot into files, a window or
the terminal. This file ties the parts in plot/ together: it gives axes, figures and the module the methods of each
mark, keeps the current figure as pyplot does, and collects the documentation. A new kind of drawing is a file in plot/
that returns {name, signature, doc, example, new = function(axes, ...) -> mark} (or a list of such) and a word in the
list below; what a mark is, axes.lua says.
]]

local Axes = require "tycho.plot.axes"
local blame = require "tycho.plot.blame"
local Figure = require "tycho.plot.figure"
local fail = blame.fail

local mark_files = {"line", "scatter", "bar", "image"}

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
  name = "figure", signature = "figure([{title, size}]) -> figure",
  doc = [[
Starts a figure and makes it the current one, which the functions of the module draw on. title: a text above everything.
size: {width, height} in pixels, 50 to 10000 each (default {800, 500}).
Errors: unknown options, sizes that are no whole numbers in that range.]],
  example = [[local fig = plot.figure{title = "Fashion-MNIST", size = {800, 400}}]],
}, "plot.")
document({name = "gcf", signature = "gcf() -> figure", doc = "Returns the current figure; a new one if there is none.",
          example = "plot.gcf():text()"}, "plot.")
document({name = "close", signature = "close()",
          doc = "Forgets the current figure: the next drawing starts a new one.", example = "plot.close()"}, "plot.")

for _, name in ipairs(mark_files) do
  local file = require("tycho.plot." .. name)
  for _, kind in ipairs(file.name and {file} or file) do
    install(kind.name, function(axes, ...)
      axes:add(kind.new(axes, ...))
    end)
    document(kind, "plot.")
  end
end
for _, row in ipairs(Axes.docs) do
  install(row.name, Axes[row.name])
  document(row, "plot.")
end
for _, row in ipairs(Figure.docs) do
  forward(row.name, Figure[row.name])
  document(row, "plot.")
end

return plot
