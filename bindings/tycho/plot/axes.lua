--[[
One set of axes: the marks drawn on it, its texts, limits, scales and ticks, and what follows from them: what the axes
span, what the legend lists. Where it stands on the page layout.lua says, how it is drawn picture.lua and terminal.lua. A
mark is an object with

  mark:bounds(x_log, y_log) -> x1, x2, y1, y2 of what it draws, or nil when there is nothing
  mark:draw(canvas)            draws itself with the methods of a canvas (canvas.lua, characters.lua)

and optional fields: xs, ys (what the best place for the legend is judged by; joined when a line runs through them),
label or labels, whole_x and whole_y (its x or y are whole numbers), names and names_y (texts for x or y = 1, 2, ...),
from_zero and x_from_zero (0 is an edge), margin, margin_x and margin_y (space around it as a part of the span), bar (a
scale of colours: {colors, low, high, label}). axes:add(mark) draws it from then on. Knows no particular mark and runs
nothing.
]]

local blame = require "tycho.plot.blame"
local legend = require "tycho.plot.legend"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local colors = require "tycho.plot.colors"
local fail = blame.fail
local max, min, abs = math.max, math.min, math.abs

local Axes = {}
Axes.__index = Axes

--- New axes of the figure in the given rectangle, {x, y, width, height} as parts of the figure from its lower left.
function Axes.new(figure, name, rectangle)
  return setmetatable({figure = figure, name = name, rectangle = rectangle, marks = {}, texts = {}, slots = 0,
                       limits = {}, ticks = {}}, Axes)
end

function Axes:__tostring()
  return ("axes %s: %d drawn"):format(self.name, #self.marks)
end

--- The number of the next series and its colour of the cycle.
function Axes:next_slot()
  -- both sides take their colours from one cycle, so that no two series look alike
  local counter = self.host or self
  counter.slots = counter.slots + 1
  return counter.slots, colors.of_slot(counter.slots)
end

--- Draws the mark from now on.
function Axes:add(mark)
  self.marks[#self.marks + 1] = mark
end

--- Which of the marks whose field `flag` has the same value this one is, and how many there are.
function Axes:rank_among(mark, flag)
  local rank, n = 1, 0
  for _, other in ipairs(self.marks) do
    if other[flag] == mark[flag] then
      n = n + 1
      rank = other == mark and n or rank
    end
  end
  return rank, max(n, 1)
end

local function set_text(self, key, value, extra)
  if extra ~= nil then
    fail("%s: one string is expected", key)
  end
  self.texts[key] = options.text(key, "the text", value)
  return self
end

function Axes:title(value, given)
  self.title_color = options.check("title", given, {color = options.color}).color
  return set_text(self, "title", value)
end

function Axes:xlabel(value, extra)
  return set_text(self, "xlabel", value, extra)
end

function Axes:ylabel(value, extra)
  return set_text(self, "ylabel", value, extra)
end

function Axes:legend(place, extra)
  if extra ~= nil then
    fail("legend: one place is expected")
  end
  if type(place) == "table" then
    place = options.check("legend", place, {loc = options.any}).loc
  end
  if place == false then
    self.legend_place = nil
    return self
  end
  place = place == nil and "best" or place
  if type(place) ~= "string" or not legend.places[place] then
    fail("legend: unknown place %s; known: %s", options.shown(place), options.names(legend.places))
  end
  self.legend_place = place
  return self
end

function Axes:grid(on)
  self.has_grid = on == nil or options.flag("grid", "the argument", on)
  return self
end

-- The axes that share the axis "x" or "y" with these, themselves included; the right side has the x axis of its host.
local function sharing(self, axis)
  if axis == "x" and self.host then
    return sharing(self.host, axis)
  end
  return self.shared and self.shared[axis] or {self}
end

local function set_limits(self, axis, low, high)
  local where = axis .. "lim"
  if type(low) == "table" and high == nil then
    low, high = low[1], low[2]
  end
  if low ~= nil then
    options.number(where, "the lower limit", low)
  end
  if high ~= nil then
    options.number(where, "the upper limit", high)
  end
  if low ~= nil and low == high then
    fail("%s: the limits are the same (%g); two different numbers are expected", where, low)
  end
  if self[axis .. "_log"] and (low and low <= 0 or high and high <= 0) then
    fail("%s: the limits of a logarithmic axis are above 0", where)
  end
  for _, axes in ipairs(sharing(self, axis)) do
    axes.limits[axis] = {low, high}
  end
  return self
end

function Axes:xlim(low, high)
  return set_limits(self, "x", low, high)
end

function Axes:ylim(low, high)
  return set_limits(self, "y", low, high)
end

local function set_scale(self, axis, kind)
  if kind ~= "log" and kind ~= "linear" then
    fail("%sscale: unknown scale %s; known: linear, log", axis, options.shown(kind))
  end
  local limits = self.limits[axis] or {}
  if kind == "log" and ((limits[1] or 1) <= 0 or (limits[2] or 1) <= 0) then
    fail("%sscale: the limits set by %slim are not above 0, which a logarithmic axis needs", axis, axis)
  end
  for _, axes in ipairs(sharing(self, axis)) do
    axes[axis .. "_log"] = kind == "log"
  end
  return self
end

function Axes:xscale(kind)
  return set_scale(self, "x", kind)
end

function Axes:yscale(kind)
  return set_scale(self, "y", kind)
end

local ticks_options = {rotation = options.number}

local function set_ticks(self, axis, at, labels, given)
  local where = axis .. "ticks"
  if given == nil and type(labels) == "table" and #labels == 0 and next(labels) ~= nil then
    labels, given = nil, labels
  end
  local read = options.check(where, given, ticks_options)
  if at == nil then
    self.ticks[axis] = nil
    return self
  end
  at = values.list(where, "the places", at)
  local texts = {}
  if labels ~= nil and type(labels) ~= "table" then
    fail("%s: the texts are a %s; a list of strings is expected", where, type(labels))
  elseif labels and #labels ~= #at then
    fail("%s: places and texts differ in length: %d and %d", where, #at, #labels)
  end
  for i, place in ipairs(at) do
    texts[i] = options.text(where, ("texts[%d]"):format(i), labels and labels[i] or ("%.6g"):format(place))
  end
  self.ticks[axis] = {at = at, labels = texts, rotation = read.rotation}
  return self
end

function Axes:xticks(at, labels, given)
  return set_ticks(self, "x", at, labels, given)
end

function Axes:yticks(at, labels, given)
  return set_ticks(self, "y", at, labels, given)
end

--- Axes that share the x axis with these and have a y axis of their own at the right side.
function Axes:twinx()
  if self.host then
    fail("twinx: these axes are themselves the right side of others")
  end
  if not self.twin then
    self.twin = Axes.new(self.figure, self.name .. " right", self.rectangle)
    self.twin.host = self
  end
  return self.twin
end

-- Widens low..high by a part of the span, and to something that can be drawn when there is no span.
local function widen(low, high, margin_low, margin_high, is_log)
  if is_log then
    local span = math.log(high) - math.log(low)
    if span < 1e-9 then
      return low / 2, high * 2
    end
    return low * math.exp(-span * margin_low), high * math.exp(span * margin_high)
  end
  local size = max(abs(low), abs(high))
  if high - low <= size * 1e-12 or high - low < 1e-290 then
    local step = size < 1e-290 and 1 or size * 0.05
    return low - step, high + step
  end
  local span = high - low
  return low - span * margin_low, high + span * margin_high
end

-- The two ends of an axis: of the limits the user gave, else from the data.
local function ends(low, high, margins, limits, is_log, reversed)
  if low then
    low, high = widen(low, high, margins[1], margins[2], is_log)
  else
    low, high = is_log and 1 or 0, is_log and 10 or 1
  end
  if reversed then
    low, high = high, low
  end
  limits = limits or {}
  local first, last = limits[1] or low, limits[2] or high
  -- one limit of two given, on the far side of the data
  if (limits[1] == nil) ~= (limits[2] == nil) and (first >= last) ~= (low >= high) or first == last then
    if limits[1] ~= nil then
      last = is_log and first * 10 or first + max(1, abs(first) * 0.1)
    else
      first = is_log and last / 10 or last - max(1, abs(last) * 0.1)
    end
  end
  return first, last
end

--- The marks of both sides.
function Axes:all_marks()
  local list = table.move(self.marks, 1, #self.marks, 1, {})
  return self.twin and table.move(self.twin.marks, 1, #self.twin.marks, #list + 1, list) or list
end

-- The ends of the axis "x" or "y": of what all that share it draw.
local function axis_span(self, axis)
  local first, last, from_zero
  local margin = 0
  for _, axes in ipairs(sharing(self, axis)) do
    for _, mark in ipairs(axis == "x" and axes:all_marks() or axes.marks) do
      local x1, x2, y1, y2 = mark:bounds(self.x_log or sharing(self, "x")[1].x_log, axes.y_log)
      if axis == "y" then
        x1, x2 = y1, y2
      end
      if x1 then
        first, last = min(first or x1, x1), max(last or x2, x2)
        margin = max(margin, mark["margin_" .. axis] or axis == "y" and (mark.extent and 0 or 0.05) or mark.margin or 0)
      end
      from_zero = from_zero or mark[axis == "y" and "from_zero" or "x_from_zero"]
    end
  end
  local owner = sharing(self, axis)[1]
  local is_log, margins = owner[axis .. "_log"], {margin, margin}
  if from_zero and not is_log then
    margins[1] = first == 0 and 0 or max(margin, 0.05)
    margins[2] = last == 0 and 0 or max(margin, 0.05)
  end
  return ends(first, last, margins, owner.limits[axis], is_log, axis == "y" and (self.is_picture or self.is_matrix))
end

--- What the axes span: x1, x2, y1, y2.
function Axes:span()
  local x1, x2 = axis_span(self, "x")
  return x1, x2, axis_span(self, "y")
end

--- Whether all that is drawn stands at whole numbers of the axis, so that ticks between them mean nothing.
function Axes:counts_whole(axis)
  local flag = axis == "x" and "whole_x" or "whole_y"
  local drawn = axis == "x" and self:all_marks() or self.marks
  for _, mark in ipairs(drawn) do
    if not mark[flag] and not mark.guide then
      return false
    end
  end
  return #drawn > 0
end

--- The labels of the legend in the order in which they are drawn.
function Axes:labels()
  local list = {}
  for _, mark in ipairs(self:all_marks()) do
    for _, label in ipairs(mark.labels or {mark.label}) do
      if label and label ~= "" then
        list[#list + 1] = label
      end
    end
  end
  return list
end

--- Where the legend goes ("best", "upper right", ...), or nil when there is none.
function Axes:legend_words()
  return self.legend_place or self.twin and self.twin.legend_place or nil
end

--- The scale of colours to show beside the axes: that of the last mark which has one.
function Axes:color_bar()
  local bar
  for _, mark in ipairs(self.marks) do
    bar = mark.bar and not mark.bar.hidden and mark.bar or bar
  end
  return bar and {colors = bar.colors, steps = bar.steps, low = bar.low, high = bar.high, label = bar.label} or nil
end

--- Whether a unit of x is as long as a unit of y.
function Axes:is_equal()
  return self.is_picture or self.equal or false
end

function Axes:axis(word)
  if word == "off" or word == false then
    self.frameless = true
  elseif word == "on" or word == true then
    self.frameless = nil
  elseif word == "equal" or word == "auto" then
    self.equal = word == "equal"
  else
    fail("axis: unknown word %s; known: auto, equal, off, on", options.shown(word))
  end
  return self
end

local method_docs = {
  {"title", "title(text [, {color}])", "Writes a title above the axes; a newline breaks it.",
   'plot.title("Fashion-MNIST")'},
  {"xlabel", "xlabel(text)", "Names the x axis.", 'plot.xlabel("step")'},
  {"ylabel", "ylabel(text)", "Names the y axis.", 'plot.ylabel("loss")'},
  {"legend", "legend([place])", [[
Shows the labels of what is drawn. place: "best" (default: the place that hides least), "upper right", "upper left",
"lower right", "lower left", "upper center", "lower center", "center", "center left", "center right", "right", "outside"
(beside the axes), "below"; also by name, legend{loc = "outside"}; false takes it away.]],
   'plot.line({3, 2, 1}, {label = "loss"}):legend()'},
  {"grid", "grid([on])", "Draws thin lines at the tics (not in text); grid(false) takes them away.", "plot.grid()"},
  {"xlim", "xlim(low, high)", [[
Sets the ends of the x axis; nil leaves an end to the data, low above high turns the axis round, xlim() takes both
back.]], "plot.xlim(0, 100)"},
  {"ylim", "ylim(low, high)", "Sets the ends of the y axis, as xlim does for x.", "plot.ylim(0, nil)"},
  {"axis", "axis(word)", [[
"off" hides axes, ticks and frame, "on" shows them again; "equal" makes a unit of x as long as a unit of y, "auto" fills
the place.]], 'plot.scatter({0, 1, 0, -1}, {1, 0, -1, 0}):axis("equal")'},
  {"xticks", "xticks([places [, texts] [, {rotation}]])", [[
Sets where the x axis has ticks, and the texts at them (default the numbers); xticks({}) leaves it without, xticks()
gives it its own again. rotation: of the texts, in degrees (default: slanted where they have no room side by side).
Errors: lists of different length.]], [[plot.xticks({1, 2, 3}, {"a", "b", "c"})]]},
  {"yticks", "yticks([places [, texts]])", "Sets the ticks of the y axis, as xticks does for x.",
   [[plot.yticks({0, 0.5, 1})]]},
  {"xscale", "xscale(kind)", [["log" or "linear". On a logarithmic axis values of 0 and below are gaps.]],
   'plot.xscale("log")'},
  {"yscale", "yscale(kind)", [["log" or "linear". On a logarithmic axis values of 0 and below are gaps.]],
   'plot.yscale("log")'},
}

--- Documentation of the methods, for plot.docs: {name, signature, doc, example}.
Axes.docs = {}
for i, row in ipairs(method_docs) do
  Axes.docs[i] = {name = row[1], signature = row[2], doc = row[3], example = row[4]}
end

return Axes
