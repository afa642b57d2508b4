--[[
What a mark draws on: the part of a gnuplot script that belongs to one set of axes. It collects settings, plot elements
and their binary data, and answers what a mark needs to know of its surroundings: how large the drawing is, whether it
is made of characters, which coordinates it spans. Relies on gnuplot.lua for quoting; knows no particular mark.

Fields: text (drawing of characters), width and height (pixels or characters of the whole axes), x1, x2, y1, y2 (the
coordinates spanned; x1 > x2 on a reversed axis), x_log, y_log.
]]

local gnuplot = require "tycho.plot.gnuplot"

local Canvas = {}
Canvas.__index = Canvas

local floor, log = math.floor, math.log

--- A canvas with the fields of `fields`, which becomes the canvas.
function Canvas.new(fields)
  fields.settings, fields.elements, fields.payload = {}, {}, {}
  fields.paper = "#ffffff"
  return setmetatable(fields, Canvas)
end

--- A canvas for the same place and script whose y axis is the one at the right, from y1 to y2.
function Canvas:other_side(y1, y2, y_log)
  local other = {}
  for key, value in pairs(self) do
    other[key] = value
  end
  other.y1, other.y2, other.y_log, other.right = y1, y2, y_log, true
  return setmetatable(other, Canvas)
end

local function pixel(v, low, high, is_log, size)
  if is_log then
    v, low, high = log(v), log(low), log(high)
  end
  local at = floor((v - low) / (high - low) * size)
  return at ~= at and -1 or at < -1 and -1 or at > size and size or at
end

--- The pixel column of an x coordinate, from the left; -1 and width stand for everything outside.
function Canvas:column(x)
  return pixel(x, self.x1, self.x2, self.x_log, self.width)
end

--- The pixel row of a y coordinate, from the bottom; -1 and height stand for everything outside.
function Canvas:row(y)
  return pixel(y, self.y1, self.y2, self.y_log, self.height)
end

--- Adds a command that comes before the plot command, formatted as by string.format.
function Canvas:set(format, ...)
  self.settings[#self.settings + 1] = format:format(...)
end

--- Adds an element of the plot command, such as "with lines lw 2 notitle", that draws binary data laid out as
-- `layout` says in gnuplot's words ("record=3 format='%double'").
function Canvas:binary(layout, bytes, how)
  self.elements[#self.elements + 1] = ("'-' binary %s %s%s"):format(layout, how, self.right and " axes x1y2" or "")
  self.payload[#self.payload + 1] = bytes
end

-- Whether some row of the columns can be drawn.
local function any_drawable(self, columns)
  for i = 1, #columns[1] do
    local x, y = columns[1][i], columns[2][i]
    if x == x and y == y and (not self.x_log or x > 0) and (not self.y_log or y > 0) then
      return true
    end
  end
  return false
end

--- Adds an element that draws rows of numbers: `columns` are lists of equal length, one a coordinate (x and y first).
function Canvas:rows(columns, how)
  if not any_drawable(self, columns) then
    -- keeps the entry of the legend; some versions of gnuplot crash on data without one valid point
    self.elements[#self.elements + 1] = "NaN " .. how .. (self.right and " axes x1y2" or "")
    return
  end
  local n, wide = #columns[1], #columns
  local using, parts, row = {}, {}, {}
  for k = 1, wide do
    using[k] = tostring(k)
  end
  local layout = "<" .. ("d"):rep(wide)
  for i = 1, n do
    for k = 1, wide do
      row[k] = columns[k][i]
    end
    parts[i] = string.pack(layout, table.unpack(row, 1, wide))
  end
  self:binary(("record=%d format='%s' endian=little using %s"):format(n, ("%double"):rep(wide),
                                                                    table.concat(using, ":")),
              table.concat(parts), how)
end

--- Adds boxes with the sides x1[i], x2[i] and y1[i], y2[i]. style: slot, color, alpha, edge (the colour of a thin border,
-- or nil) and label.
function Canvas:boxes(x1, x2, y1, y2, style)
  local x, y = {}, {}
  for i = 1, #x1 do
    x[i], y[i] = (x1[i] + x2[i]) / 2, (y1[i] + y2[i]) / 2
  end
  local look = self.text and self:ink(style.slot, style.color)
      or ("%s lw 0.7 fs solid 1 %s"):format(self:color(style.color, style.alpha),
                                            style.edge and ('border lc rgb "%s"'):format(style.edge) or "noborder")
  self:rows({x, y, x1, x2, y1, y2}, ("with boxxyerror %s %s"):format(look, self:title(style.label)))
end

--- Adds a raster of w x h cells over the extent {x1, x2, y1, y2}; bytes holds four (red, green, blue, opacity) a cell,
-- the row of the smallest y first.
function Canvas:raster(extent, w, h, bytes)
  local dx, dy = (extent[2] - extent[1]) / w, (extent[4] - extent[3]) / h
  self:binary(("array=(%d,%d) dx=%.17g dy=%.17g origin=(%.17g,%.17g) format='%%uchar%%uchar%%uchar%%uchar'"):format(
                w, h, dx, dy, extent[1] + dx / 2, extent[3] + dy / 2), bytes, "using 1:2:3:4 with rgbalpha notitle")
end

--- The words that name an element in the legend; the label may be nil.
function Canvas.title(_, label)
  return label and label ~= "" and "title " .. gnuplot.quote(label) or "notitle"
end

--- A colour ("#rrggbb") with an opacity from 0 to 1 as gnuplot writes it.
function Canvas.color(_, color, alpha)
  if alpha and alpha < 1 then
    return ('lc rgb "#%02x%s"'):format(floor((1 - alpha) * 255 + 0.5), color:sub(2))
  end
  return ('lc rgb "%s"'):format(color)
end

--- How a drawing of characters tells series apart: the line type of the slot, in colour where the terminal has any.
function Canvas:ink(slot, color)
  local line_type = (slot - 1) % 7 + 1
  return self.ansi and ('lt %d lc rgb "%s"'):format(line_type, color) or ("lt %d"):format(line_type)
end

--- Sets the colours (a list of "#rrggbb") that the values from low to high take, and whether their scale is shown.
function Canvas:palette(colors, low, high, with_bar)
  local stops = {}
  for i, color in ipairs(colors) do
    stops[i] = ('%d "%s"'):format(i - 1, color)
  end
  low, high = low or 0, high or 1
  if low >= high then
    high = low + math.max(1, math.abs(low) * 1e-6)
  end
  self:set("set palette defined (%s)", table.concat(stops, ", "))
  self:set("set cbrange [%.17g:%.17g]", low, high)
  self:set("%s", with_bar and 'set colorbox noborder\nset cbtics scale 0.3' or "unset colorbox")
end

--- The whole part of the script, as one string: settings, the plot command, its data.
function Canvas:script()
  local parts = {table.concat(self.settings, "\n")}
  parts[#parts + 1] = "plot " .. (#self.elements > 0 and table.concat(self.elements, ", ") or "NaN notitle") .. "\n"
  return table.concat(parts, "\n") .. table.concat(self.payload) .. "\n"
end

return Canvas
