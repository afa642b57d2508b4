--[[
The mark "scatter": separate points in one colour, in one colour a class, or coloured by a number.
]]

local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail

local MOST_CLASSES = 100

local function label_or_names(where, name, v)
  if type(v) == "table" then
    return v
  end
  return options.text(where, name, v)
end

local known = {
  label = label_or_names, color = options.any, size = options.positive, marker = options.marker,
  alpha = options.alpha, cmap = options.colormap, vmin = options.number, vmax = options.number,
  colorbar = options.flag,
}

-- "one" colour, "classes" or "scale", by what the option color holds. {r, g, b} is one colour unless there are three
-- points, for then a list of three is a value a point.
local function kind_of_color(v, n)
  if type(v) ~= "table" and not values.is_tensor(v) then
    return "one"
  elseif type(v) == "table" and #v == 3 and n ~= 3 and not values.is_tensor(v) then
    return "one"
  end
  return "many"
end

-- The class of each point as a number, and the classes' names in the order in which they are drawn.
local function read_classes(list, names)
  local order, number_of = {}, {}
  for i = 1, #list do
    local class = list[i]
    if not number_of[class] and class == class then
      order[#order + 1] = class
      number_of[class] = true
    end
  end
  if #order > MOST_CLASSES then
    fail("scatter: color names %d classes; at most %d can be told apart (numbers with a fraction are drawn as a scale)",
         #order, MOST_CLASSES)
  end
  table.sort(order, function(a, b)
    if type(a) == type(b) then
      return a < b
    end
    return type(a) == "number"
  end)
  for k, class in ipairs(order) do
    number_of[class] = k
  end
  local classes, labels = {}, {}
  for i = 1, #list do
    classes[i] = number_of[list[i]]
  end
  for k, class in ipairs(order) do
    local name = type(names) == "table" and names[class]
    labels[k] = name and options.text("scatter", ("label[%s]"):format(class), name)
        or type(names) == "string" and names .. " " .. tostring(class) or tostring(class)
  end
  return classes, labels
end

-- A list of class names, or numbers: whole ones are classes, others a scale.
local function read_many(read, n)
  local v, strings = read.color, false
  if type(v) == "table" and not values.is_tensor(v) then
    for i = 1, #v do
      strings = strings or type(v[i]) == "string"
    end
  end
  if strings then
    for i = 1, #v do
      if type(v[i]) ~= "string" and type(v[i]) ~= "number" then
        fail("scatter: color[%d] is a %s; a class is a string or a number", i, type(v[i]))
      end
    end
  end
  local list, whole = v, true
  if not strings then
    list, whole = values.list("scatter", "color", v)
    for i = 1, whole and 0 or #list do
      if list[i] == list[i] and not math.tointeger(list[i]) then
        whole = nil
        break
      end
    end
  end
  if #list ~= n then
    fail("scatter: color has %d values for %d points; give one colour, or one value a point", #list, n)
  end
  if whole == nil then
    return nil, nil, list
  end
  if not strings then
    local numbers = {}
    for i = 1, n do
      numbers[i] = math.tointeger(list[i]) or list[i]
    end
    list = numbers
  end
  return read_classes(list, read.label)
end

local Scatter = {}
Scatter.__index = Scatter

function Scatter:bounds(x_log, y_log)
  return values.bounds(self.xs, self.ys, x_log, y_log)
end

local function pick(list, indices)
  local out = {}
  for k, i in ipairs(indices) do
    out[k] = list[i]
  end
  return out
end

function Scatter:draw_group(canvas, xs, ys, slot, color, label)
  local kept = values.thin_points(xs, ys, canvas)
  canvas:points(pick(xs, kept), pick(ys, kept), {
    slot = slot, color = color, alpha = self.alpha, marker = self.marker, marker_given = self.marker_given,
    size = self.size, label = label,
  })
end

function Scatter:draw_scale(canvas)
  local lookup, bar = {}, self.bar
  for i, bytes in pairs(colors.lookup(bar.colors)) do
    lookup[i] = string.unpack(">I3", bytes)
  end
  local kept = values.thin_points(self.xs, self.ys, canvas)
  local rgb, seen = {}, {}
  for _, i in ipairs(kept) do
    local v = self.scale[i]
    if v == v then
      local share = math.max(0, math.min(1, (v - bar.low) / (bar.high - bar.low)))
      rgb[#rgb + 1], seen[#seen + 1] = lookup[math.floor(share * 255 + 0.5)], i
    end
  end
  canvas:colored_points(pick(self.xs, seen), pick(self.ys, seen), rgb,
                        {marker = self.marker, size = self.size, label = self.label, color = bar.colors[1]})
end

function Scatter:draw(canvas)
  if self.scale then
    self:draw_scale(canvas)
  elseif not self.classes then
    self:draw_group(canvas, self.xs, self.ys, self.slot, self.color, self.label)
  else
    for k, label in ipairs(self.labels) do
      local xs, ys = {}, {}
      for i = 1, #self.xs do
        if self.classes[i] == k then
          xs[#xs + 1], ys[#ys + 1] = self.xs[i], self.ys[i]
        end
      end
      self:draw_group(canvas, xs, ys, k, colors.of_slot(k), label)
    end
  end
end

--- A mark of points whose classes are numbers from 1, each with the colour of that place in the cycle and its label
-- (false: none). `fields` sets others of the mark's fields.
local function of_classes(xs, ys, classes, labels, fields)
  local mark = {
    xs = xs, ys = ys, classes = classes, labels = labels, size = 1, alpha = 0.95,
    marker = options.marker("scatter", "marker", "o"),
  }
  for key, value in pairs(fields) do
    mark[key] = value
  end
  return setmetatable(mark, Scatter)
end

return {
  of_classes = of_classes,
  name = "scatter",
  signature = "scatter(xs, ys [, {color, label, size, marker, alpha, cmap, vmin, vmax, colorbar}])",
  doc = [[
Draws separate points. xs and ys are lists of numbers or tensors of one row, of the same length; points with a nan or
an infinity are left out.
color: one colour (as for line), or a list or tensor with one value a point: strings or whole numbers are classes, each
with a colour and a name in the legend; numbers with a fraction are a scale drawn with the colour map cmap ("viridis"
by default; plot.image lists them) from vmin to vmax, with a colour bar (colorbar = false leaves it out).
label: name in the legend; with classes a list of names by class number, or a word put before each.
size: of the points (default 1). marker: "o" (default), ".", "s", "^", "v", "D", "x", "+", "*". alpha: 0 to 1.
Errors: lengths that differ, more than 100 classes, values that are no numbers, unknown options.]],
  example = [[plot.scatter({1, 2, 3, 4}, {2, 1, 4, 3}, {color = {"cat", "cat", "dog", "dog"}}):legend():show()]],
  new = function(axes, ...)
    local xs, ys, given = values.points("scatter", ...)
    local read = options.check("scatter", given, known)
    local mark = {
      xs = xs, ys = ys, size = read.size or 1, alpha = read.alpha or 0.85, margin = 0.05, marker_given = read.marker,
      marker = read.marker or options.marker("scatter", "marker", "o"),
    }
    if kind_of_color(read.color, #xs) == "many" then
      mark.classes, mark.labels, mark.scale = read_many(read, #xs)
    end
    if mark.scale then
      local low, high = values.range("scatter", mark.scale, read.vmin, read.vmax)
      mark.bar = {colors = read.cmap or colors.maps.viridis, low = low, high = high, hidden = read.colorbar == false}
    end
    if not mark.classes then
      if type(read.label) == "table" then
        fail("scatter: label is a list of names, which needs classes: color = a list of strings or whole numbers")
      end
      local color
      mark.slot, color = axes:next_slot()
      mark.label = read.label
      mark.color = read.color ~= nil and not mark.scale and options.color("scatter", "color", read.color) or color
    end
    return setmetatable(mark, Scatter)
  end,
}
