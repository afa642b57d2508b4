--[[
Marks that explain a drawing: texts, texts with arrows, lines and bands across the whole axes. They widen the axes only
where their own coordinate asks for it: a line at y = 0 is seen, but does not decide about x.
]]

local blame = require "tycho.plot.blame"
local metrics = require("tycho.plot.metrics").pixels
local options = require "tycho.plot.options"
local fail = blame.fail

local annotations = {}

local alignments = options.word {left = "left", center = "center", right = "right"}
local text_options = {
  color = options.color, size = options.positive, rotation = options.number, align = alignments, box = options.flag,
}

local Text = {guide = true, margin = 0, margin_y = 0}
Text.__index = Text

function Text.bounds()
  return nil
end

-- Where the arrow leaves the plate of the words, on its way from their middle to the place they belong to.
local function leave_words(self, canvas)
  local a, b = self.from, self.to
  if canvas.text or canvas.x_log or canvas.y_log then
    return a
  end
  local unit_x, unit_y = canvas.width / (canvas.x2 - canvas.x1), canvas.height / (canvas.y2 - canvas.y1)
  local dx, dy = (b[1] - a[1]) * unit_x, (b[2] - a[2]) * unit_y
  local scale = (self.size or 10.5) / 10.5
  local half_w, half_h = metrics.measure(self.words) * scale / 2 + 4, 11 * scale
  local share = math.min(half_w / math.max(math.abs(dx), 1e-9), half_h / math.max(math.abs(dy), 1e-9), 0.9)
  return {a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share}
end

function Text:draw(canvas)
  if self.arrow then
    local a, b = self.align == "center" and leave_words(self, canvas) or self.from, self.to
    canvas:arrow(a[1], a[2], b[1], b[2], {color = self.arrow_color, heads = "->", width = 1.2})
  end
  canvas:label(self.x, self.y, self.words, {
    color = self.color, size = self.size, rotation = self.rotation, align = self.align, box = self.box,
  })
end

local INK = "#333333"

--- The mark of a text at x, y.
function annotations.text(_, x, y, words, given)
  options.number("text", "x", x)
  options.number("text", "y", y)
  local read = options.check("text", given, text_options)
  return setmetatable({
    x = x, y = y, words = options.text("text", "the words", words), color = read.color or INK, size = read.size,
    rotation = read.rotation, align = read.align, box = read.box,
  }, Text)
end

local pair = options.numbers(2)
local annotate_options = {
  xy = pair, xytext = pair, color = options.color, size = options.positive, align = alignments, box = options.flag,
  arrow = options.flag, arrow_color = options.color,
}

local annotate = {
  name = "annotate",
  signature = "annotate(words, xy [, xytext [, {arrow, color, arrow_color, size, align, box}]])",
  doc = [[
Writes words that belong to the place xy = {x, y} in coordinates of the data; with xytext = {x, y} they stand there and an
arrow leads from them to xy (arrow = false leaves it out). size: in points. align: "left", "center" or "right" of the place
(default "center" with an arrow, else "left"). box: true puts them on a plate. All but words may stand in one table.]],
  example = [[plot.line({3, 1, 2}):annotate("lowest", {2, 1}, {2.4, 1.6})]],
  new = function(_, words, xy, xytext, given)
    if type(xy) == "table" and xy[1] == nil and next(xy) ~= nil then
      given, xy = xy, nil
    elseif type(xytext) == "table" and xytext[1] == nil and next(xytext) ~= nil then
      given, xytext = xytext, nil
    end
    local read = options.check("annotate", given, annotate_options)
    local to, from = xy or read.xy, xytext or read.xytext
    if not to then
      fail("annotate: no place given: annotate(\"words\", {x, y})")
    end
    pair("annotate", "xy", to)
    from = from and pair("annotate", "xytext", from) or nil
    local at = from or to
    return setmetatable({
      words = options.text("annotate", "the words", words), x = at[1], y = at[2], from = from, to = to,
      arrow = from and read.arrow ~= false, color = read.color or INK, arrow_color = read.arrow_color or read.color or INK,
      size = read.size, align = read.align or from and "center" or "left", box = read.box,
    }, Text)
  end,
}

local line_options = {
  color = options.color, style = options.style, width = options.positive, alpha = options.alpha, label = options.text,
}

-- A line across the axes at a value of the axis "x" or "y".
local Guide = {guide = true}
Guide.__index = Guide

function Guide:bounds(x_log, y_log)
  local v = self.at
  if self.axis == "y" then
    return nil, nil, not (y_log and v <= 0) and v or nil, v
  end
  return not (x_log and v <= 0) and v or nil, v, nil, nil
end

function Guide:draw(canvas)
  local ends = self.axis == "y" and {canvas.x1, canvas.x2} or {canvas.y1, canvas.y2}
  local same = {self.at, self.at}
  canvas:lines(self.axis == "y" and ends or same, self.axis == "y" and same or ends, {
    color = self.color, dash = self.style, width = self.width, alpha = self.alpha, label = self.label, slot = self.slot,
  })
end

local function guide(name, axis)
  return {
    name = name,
    signature = ("%s(%s [, {color, style, width, alpha, label}])"):format(name, axis),
    doc = ("Draws a line across the whole axes at %s = %s. Options as for line (default a thin gray line)."):format(axis, axis),
    example = ('plot.line({3, 1, 2}):%s(2, {color = "red", style = "--", label = "goal"})'):format(name),
    new = function(_, at, given, ...)
      if select("#", ...) > 0 then
        fail("%s: a number and a table of options are expected", name)
      end
      local read = options.check(name, given, line_options)
      return setmetatable({
        axis = axis, at = options.number(name, axis, at), color = read.color or "#808080", style = read.style or "solid",
        width = read.width or 1.2, alpha = read.alpha, label = read.label, slot = 4, margin = 0,
      }, Guide)
    end,
  }
end

local span_options = {color = options.color, alpha = options.alpha, label = options.text}

local Span = {guide = true}
Span.__index = Span

function Span:bounds()
  if self.axis == "y" then
    return nil, nil, self.low, self.high
  end
  return self.low, self.high, nil, nil
end

function Span:draw(canvas)
  local function ordered(a, b)
    return {math.min(a, b)}, {math.max(a, b)}
  end
  local style = {color = self.color, alpha = self.alpha, label = self.label, slot = self.slot}
  local a, b
  if self.axis == "y" then
    a, b = ordered(canvas.x1, canvas.x2)
    canvas:boxes(a, b, {self.low}, {self.high}, style)
  else
    a, b = ordered(canvas.y1, canvas.y2)
    canvas:boxes({self.low}, {self.high}, a, b, style)
  end
end

local function span(name, axis)
  return {
    name = name,
    signature = ("%s(%smin, %smax [, {color, alpha, label}])"):format(name, axis, axis),
    doc = ("Fills the band of the axes from %s = %smin to %smax. alpha: 0 to 1 (default 0.2)."):format(axis, axis, axis),
    example = ('plot.line({3, 1, 2}):%s(1.5, 2.5, {color = "green"})'):format(name),
    new = function(_, low, high, given, ...)
      if select("#", ...) > 0 then
        fail("%s: two numbers and a table of options are expected", name)
      end
      local read = options.check(name, given, span_options)
      low, high = options.number(name, axis .. "min", low), options.number(name, axis .. "max", high)
      return setmetatable({
        axis = axis, low = math.min(low, high), high = math.max(low, high), color = read.color or "#0072b2",
        alpha = read.alpha or 0.2, label = read.label, slot = 5, margin = 0,
      }, Span)
    end,
  }
end

annotations.kinds = {annotate, guide("axhline", "y"), guide("axvline", "x"), span("axhspan", "y"), span("axvspan", "x")}
table.move(annotations.kinds, 1, #annotations.kinds, 1, annotations)

return annotations
