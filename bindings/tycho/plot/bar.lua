--[[
The marks made of boxes: "bar" and "barh" (one value a box, named or numbered, several series side by side; upright or
lying) and "hist" (how many values fall into each of some intervals).
]]

local blame = require "tycho.plot.blame"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail

local bar_options = {
  label = options.text, color = options.color, width = options.positive, alpha = options.alpha,
}
local hist_options = {
  label = options.text, color = options.color, alpha = options.alpha, bins = options.whole(1, 10000),
  range = options.numbers(2), density = options.flag,
}

local Boxes = {}
Boxes.__index = Boxes

-- Where the boxes stand on the axis: the series of one axes share each place.
function Boxes:layout()
  local mine, all = 1, 1
  if self.is_bar then
    mine, all = self.axes:rank_among(self, "is_bar")
  end
  local width = self.width / all
  local centers = {}
  for i, x in ipairs(self.places) do
    centers[i] = x - self.width / 2 + (mine - 0.5) * width
  end
  return centers, width
end

-- Along the axis of the places and along that of the values: first, last, low, high.
local function extremes(self, place_log, value_log)
  local x1, x2, y1, y2 = values.bounds(self.places, self.heights, place_log, value_log)
  if not x1 then
    if #self.places == 0 then
      return nil
    end
    x1, x2, y1, y2 = self.places[1], self.places[#self.places], 0, 1
    if value_log then
      y1 = 0.1
    end
  end
  local half = self.width / 2
  if not value_log then
    y1, y2 = math.min(y1, 0), math.max(y2, 0)
  end
  return place_log and x1 or x1 - half, x2 + half, y1, y2
end

function Boxes:bounds(x_log, y_log)
  if not self.lying then
    return extremes(self, x_log, y_log)
  end
  local y1, y2, x1, x2 = extremes(self, y_log, x_log)
  return x1, x2, y1, y2
end

function Boxes:draw(canvas)
  local centers, width = self:layout()
  local half = width * (self.is_bar and 0.96 or 1) / 2
  local a, b, c, d = {}, {}, {}, {}
  local floor_value = (self.lying and canvas.x_log or not self.lying and canvas.y_log) and 1e-300 or 0
  for i, center in ipairs(centers) do
    a[i], b[i], c[i], d[i] = center - half, center + half, floor_value, self.heights[i]
  end
  if self.lying then
    a, b, c, d = c, d, a, b
  end
  canvas:boxes(a, b, c, d, {slot = self.slot, color = self.color, alpha = self.alpha, label = self.label,
                            edge = not self.is_bar and canvas.paper or nil})
end

local function new_boxes(axes, read, fields)
  local slot, color = axes:next_slot()
  fields.axes, fields.slot, fields.label, fields.alpha = axes, slot, read.label, read.alpha
  fields.color, fields.half = read.color or color, fields.width / 2
  fields[fields.lying and "x_from_zero" or "from_zero"] = true
  return setmetatable(fields, Boxes)
end

local function bar_arguments(where, first, second, third, ...)
  if select("#", ...) > 0 then
    fail("%s: at most names, values and a table of options are expected", where)
  end
  if first == nil then
    fail("%s: no data given; a list of numbers or a tensor is expected", where)
  end
  if second == nil or type(second) == "table" and not values.is_data(second) then
    return nil, first, second
  end
  return first, second, third
end

local function read_names(where, names, n)
  if values.is_tensor(names) then
    names = values.list(where, "names", names)
  elseif type(names) ~= "table" then
    fail("%s: names is a %s; a list of strings or numbers is expected", where, type(names))
  end
  if #names ~= n then
    fail("%s: names and values differ in length: %d and %d", where, #names, n)
  end
  local read = {}
  for i = 1, n do
    local name = names[i]
    if type(name) == "number" then
      name = math.tointeger(name) or name
    end
    read[i] = options.text(where, ("names[%d]"):format(i), name)
  end
  return read
end

local function new_bars(where, lying, axes, ...)
  local names, heights, given = bar_arguments(where, ...)
  heights = values.list(where, "values", heights)
  local read = options.check(where, given, bar_options)
  local places = values.count_up(#heights)
  local fields = {
    is_bar = where, lying = lying, places = places, heights = heights, xs = lying and heights or places,
    ys = lying and places or heights, width = read.width or 0.8, whole_x = not lying, whole_y = lying,
  }
  fields[lying and "names_y" or "names"] = names and read_names(where, names, #heights)
  fields[lying and "margin_y" or "margin_x"] = 0.02
  return new_boxes(axes, read, fields)
end

local bar = {
  name = "bar",
  signature = "bar([names,] values [, {label, color, width, alpha}])",
  doc = [[
Draws one box a value, from 0. values is a list of numbers or a tensor of one row; names, of the same length, stand
below the boxes (without them 1, 2, ..., n). Called again on the same axes it draws the next series beside the first.
label: name in the legend. color: as for line. width: of a box or group, 1 leaves no space (default 0.8). alpha: 0 to 1.
Errors: names and values of different length, values that are no numbers, unknown options.]],
  example = [[plot.bar({"cat", "dog"}, {0.91, 0.87}):ylabel("accuracy"):ylim(0, 1):show()]],
  new = function(axes, ...)
    return new_bars("bar", false, axes, ...)
  end,
}

local barh = {
  name = "barh",
  signature = "barh([names,] values [, {label, color, width, alpha}])",
  doc = [[
Draws one lying box a value, from 0 to the right, the first at the bottom; names stand to the left of the boxes. The
arguments and options are those of bar (width is the thickness of a box).]],
  example = [[plot.barh({"cat", "dog"}, {0.91, 0.87}):xlabel("probability"):xlim(0, 1)]],
  new = function(axes, ...)
    return new_bars("barh", true, axes, ...)
  end,
}

local function count(list, low, high, bins)
  local counts, total = {}, 0
  for k = 1, bins do
    counts[k] = 0
  end
  for _, v in ipairs(list) do
    if v >= low and v <= high then
      local k = math.min(bins, math.floor((v - low) / (high - low) * bins) + 1)
      counts[k] = counts[k] + 1
      total = total + 1
    end
  end
  return counts, total
end

local hist = {
  name = "hist",
  signature = "hist(values [, {bins, range, density, label, color, alpha}])",
  doc = [[
Draws how many of the values fall into each of some intervals of equal width. values is a list of numbers or a tensor
of any shape; nan and infinities are not counted.
bins: how many intervals (default 10). range: {low, high} (default the smallest and the largest value); values outside
are not counted. density: true scales the boxes to an area of 1. label, color, alpha: as for line.
Errors: values that are no numbers, a range whose low is not below its high, unknown options.]],
  example = [[plot.hist({1, 2, 2, 3, 3, 3}, {bins = 3}):show()]],
  new = function(axes, data, given, ...)
    if select("#", ...) > 0 then
      fail("hist: at most values and a table of options are expected")
    end
    if data == nil then
      fail("hist: no data given; a list of numbers or a tensor is expected")
    end
    local list = values.array("hist", "values", data)
    local read = options.check("hist", given, hist_options)
    local bins = read.bins or 10
    local low, high = values.bounds(list, list)
    if read.range then
      low, high = read.range[1], read.range[2]
      if low >= high then
        fail("hist: range is {low, high} with low below high, got {%g, %g}", low, high)
      end
    elseif low and low == high then
      low, high = low - 0.5, high + 0.5
    end
    if not low then
      return new_boxes(axes, read, {places = {}, heights = {}, xs = {}, ys = {}, width = 1})
    end
    local counts, total = count(list, low, high, bins)
    local width = (high - low) / bins
    local centers = {}
    for k = 1, bins do
      centers[k] = low + (k - 0.5) * width
      counts[k] = read.density and total > 0 and counts[k] / (total * width) or counts[k]
    end
    return new_boxes(axes, read, {places = centers, heights = counts, xs = centers, ys = counts, width = width, margin_x = 0.02})
  end,
}

return {bar, barh, hist}
