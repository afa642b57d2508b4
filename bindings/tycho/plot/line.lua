--[[
The marks "line" and "step": points joined by a line or by steps, in the order given. Gaps (nan, infinities) interrupt
them.
]]

local options = require "tycho.plot.options"
local values = require "tycho.plot.values"

local known = {
  label = options.text, color = options.color, style = options.style, width = options.positive,
  marker = options.marker, size = options.positive, alpha = options.alpha,
}

local step_options = {where = options.word {pre = "pre", post = "post", mid = "mid"}}
for name, checker in pairs(known) do
  step_options[name] = checker
end

local Line = {}
Line.__index = Line

function Line:bounds(x_log, y_log)
  return values.bounds(self.xs, self.ys, x_log, y_log)
end

-- The corners of steps: the value changes at a point ("pre": the step before it has its value, "post": the one after), or
-- half way between two ("mid").
local function corners(xs, ys, where)
  local x, y = {}, {}
  local function add(a, b)
    x[#x + 1], y[#y + 1] = a, b
  end
  for i = 1, #xs do
    if i > 1 then
      local turn = where == "pre" and xs[i - 1] or where == "post" and xs[i] or (xs[i - 1] + xs[i]) / 2
      add(turn, ys[i - 1])
      add(turn, ys[i])
    end
    add(xs[i], ys[i])
  end
  return x, y
end

function Line:draw(canvas)
  local xs, ys = values.thin_line(self.xs, self.ys, canvas)
  local style = {slot = self.slot, color = self.color, alpha = self.alpha, width = self.width, label = self.label,
                 marker = self.marker, size = self.size, dash = self.style}
  if self.style == "none" then
    canvas:points(xs, ys, style)
  elseif self.where then
    style.dash, style.marker = "solid", nil
    local x, y = corners(xs, ys, self.where)
    canvas:lines(x, y, style)
    if self.marker then
      canvas:points(xs, ys, {color = self.color, alpha = self.alpha, marker = self.marker, size = self.size})
    end
  else
    canvas:lines(xs, ys, style)
  end
end

local function new_line(name, axes, where, ...)
  local xs, ys, given, whole = values.points(name, ...)
  local read = options.check(name, given, name == "step" and step_options or known)
  local slot, color = axes:next_slot()
  local style = read.style or "solid"
  local marker = read.marker or nil
  if style == "none" and read.marker == nil then
    marker = options.marker(name, "marker", "o")
  end
  return setmetatable({
    xs = xs, ys = ys, whole_x = whole, slot = slot, label = read.label, color = read.color or color, style = style,
    width = read.width or 2, marker = marker, size = read.size or 0.8, alpha = read.alpha, joined = style ~= "none",
    where = read.where or where or style == "steps" and "post" or nil,
  }, Line)
end

local line = {
  name = "line",
  signature = "line([xs,] ys [, {label, color, style, width, marker, size, alpha}])",
  doc = [[
Joins points by a line. ys and xs are lists of numbers or tensors of one row ({n}, {n, 1}); without xs the points stand
at 1, 2, ..., n. nan and infinities interrupt the line.
label: name in the legend. color: a name, "#rrggbb", {r, g, b} from 0 to 1, or "C1" to "C10"; each line takes the next
one. style: "solid" ("-"), "dashed" ("--"), "dotted" (":"), "dashdot" ("-."), "steps", "none" (markers alone).
width: of the line (default 2). marker: "o", ".", "s", "^", "v", "D", "x", "+", "*" or "none" (default). size: of the
marker (default 0.8). alpha: 0 (invisible) to 1.
Errors: xs and ys of different length, values that are no numbers, unknown options.]],
  example = [[plot.line({2.3, 1.1, 0.7, 0.5}, {label = "loss", marker = "o"}):legend():show()]],
  new = function(axes, ...)
    return new_line("line", axes, nil, ...)
  end,
}

local step = {
  name = "step",
  signature = "step([xs,] ys [, {where, label, color, style, width, marker, size, alpha}])",
  doc = [[
Joins points by steps. where: "pre" (default: each step ends at its point), "post" (begins there) or "mid" (changes half
way between two points). Data and the other options are those of line.]],
  example = [[plot.step({1, 3, 2, 4}, {where = "mid", label = "learning rate"}):legend()]],
  new = function(axes, ...)
    return new_line("step", axes, "pre", ...)
  end,
}

return {line, step}
