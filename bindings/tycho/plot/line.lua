--[[
The mark "line": points joined by a line, in the order given. Gaps (nan, infinities) interrupt it.
]]

local options = require "tycho.plot.options"
local values = require "tycho.plot.values"

local known = {
  label = options.text, color = options.color, style = options.style, width = options.positive,
  marker = options.marker, size = options.positive, alpha = options.alpha,
}

local Line = {}
Line.__index = Line

function Line:bounds(x_log, y_log)
  return values.bounds(self.xs, self.ys, x_log, y_log)
end

function Line:draw(canvas)
  local xs, ys = values.thin_line(self.xs, self.ys, canvas)
  local marker, style = self.marker, self.style
  if canvas.text then
    local how = style == "none" and "points" or style == "steps" and "steps" or marker and "linespoints" or "lines"
    canvas:rows({xs, ys}, ("with %s %s %s %s"):format(how, canvas:ink(self.slot, self.color),
                marker and how ~= "steps" and 'pt "' .. marker[3] .. '"' or "", canvas:title(self.label)))
    return
  end
  local how, pen = "lines", ("lw %g dt %s"):format(self.width, style:sub(1, 1) == "(" and style or "solid")
  if style == "steps" then
    how = "steps"
  elseif marker then
    how = style == "none" and "points" or "linespoints"
    pen = ("%s pt %d ps %g"):format(style == "none" and "lw 1.5" or pen, marker[1], marker[2] * self.size)
  end
  canvas:rows({xs, ys}, ("with %s %s %s %s"):format(how, canvas:color(self.color, self.alpha), pen,
                                                   canvas:title(self.label)))
end

return {
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
    local xs, ys, given, whole = values.points("line", ...)
    local read = options.check("line", given, known)
    local slot, color = axes:next_slot()
    local style = read.style or "solid"
    local marker = read.marker or nil
    if style == "none" and read.marker == nil then
      marker = options.marker("line", "marker", "o")
    end
    return setmetatable({
      xs = xs, ys = ys, whole_x = whole, slot = slot, label = read.label, color = read.color or color, style = style,
      width = read.width or 2, marker = marker, size = read.size or 0.8, alpha = read.alpha, joined = style ~= "none",
    }, Line)
  end,
}
