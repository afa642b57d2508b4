--[[
What a mark draws on in a picture: the part of a gnuplot script that belongs to one set of axes. It collects settings,
plot elements and their binary data; a mark says lines, points, boxes, areas, rasters, texts and arrows in coordinates of
the data. characters.lua offers the same methods for the terminal. Relies on gnuplot.lua for quoting; knows no mark.

A style is a table with color ("#rrggbb"), slot (the number of the series), label (its name in the legend, or nil) and
what the method names. Fields: projection.lua says.
]]

local gnuplot = require "tycho.plot.gnuplot"
local projection = require "tycho.plot.projection"

local Canvas = {}
Canvas.__index = Canvas
projection.extend(Canvas)

local floor = math.floor

--- A canvas with the fields of `fields`, which becomes the canvas; theme is one of colors.themes.
function Canvas.new(fields)
  fields.settings, fields.elements, fields.payload, fields.counter = {}, {}, {}, {label = 0, arrow = 0}
  fields.paper = fields.theme.paper
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

--- The words that name an element in the legend; the label may be nil.
function Canvas.title(_, label)
  return label and label ~= "" and "title " .. gnuplot.quote(label) or "notitle"
end

--- The colour that stands for one on the page of the theme.
function Canvas:shown_color(color)
  return self.theme.replace[color] or color
end

--- A colour ("#rrggbb") with an opacity from 0 to 1 as gnuplot writes it.
function Canvas:color(color, alpha)
  color = self:shown_color(color)
  if alpha and alpha < 1 then
    return ('lc rgb "#%02x%s"'):format(floor((1 - alpha) * 255 + 0.5), color:sub(2))
  end
  return ('lc rgb "%s"'):format(color)
end

--- Joins points by lines; a nan interrupts. style: width, dash ("solid" or gnuplot's pattern), alpha, marker ({point
-- type, relative size, character}, or nil) with its size.
function Canvas:lines(xs, ys, style)
  local how = "lines"
  local pen = ("lw %g dt %s"):format(style.width or 2, style.dash or "solid")
  if style.marker then
    how = "linespoints"
    pen = ("%s pt %d ps %g"):format(pen, style.marker[1], style.marker[2] * (style.size or 1))
  end
  self:rows({xs, ys}, ("with %s %s %s %s"):format(how, self:color(style.color, style.alpha), pen,
                                                 self:title(style.label)))
end

--- Separate points. style: marker, size, alpha.
function Canvas:points(xs, ys, style)
  self:rows({xs, ys}, ("with points %s pt %d ps %g lw 1.5 %s"):format(
    self:color(style.color, style.alpha), style.marker[1], style.marker[2] * (style.size or 1),
    self:title(style.label)))
end

--- Separate points in the colours `rgb`, numbers 0xrrggbb. style: marker, size.
function Canvas:colored_points(xs, ys, rgb, style)
  self:rows({xs, ys, rgb}, ("with points lc rgb variable pt %d ps %g lw 1.5 %s"):format(
    style.marker[1], style.marker[2] * (style.size or 1), self:title(style.label)))
end

--- Boxes with the sides x1[i], x2[i] and y1[i], y2[i]. style: alpha, edge (the colour of a thin border, or nil), hollow
-- (the border alone, in color).
function Canvas:boxes(x1, x2, y1, y2, style)
  local x, y = {}, {}
  for i = 1, #x1 do
    x[i], y[i] = (x1[i] + x2[i]) / 2, (y1[i] + y2[i]) / 2
  end
  local border = style.edge and ('border lc rgb "%s"'):format(self:shown_color(style.edge)) or "noborder"
  self:rows({x, y, x1, x2, y1, y2}, ("with boxxyerror %s lw %g fs solid 1 %s %s"):format(
    self:color(style.color, style.alpha), style.edge_width or 0.7, border, self:title(style.label)))
end

--- The area between the curves y1 and y2 over xs. style: alpha.
function Canvas:area(xs, y1, y2, style)
  self:rows({xs, y1, y2}, ("with filledcurves %s fs solid 1 noborder %s"):format(
    self:color(style.color, style.alpha), self:title(style.label)))
end

--- A polygon with the corners xs, ys. style: alpha.
function Canvas:polygon(xs, ys, style)
  self:rows({xs, ys}, ("with filledcurves closed %s fs solid 1 noborder %s"):format(
    self:color(style.color, style.alpha), self:title(style.label)))
end

--- A raster of w x h cells over the extent {x1, x2, y1, y2}; bytes holds four (red, green, blue, opacity) a cell, the row
-- of the smallest y first.
function Canvas:raster(extent, w, h, bytes)
  local dx, dy = (extent[2] - extent[1]) / w, (extent[4] - extent[3]) / h
  self:binary(("array=(%d,%d) dx=%.17g dy=%.17g origin=(%.17g,%.17g) format='%%uchar%%uchar%%uchar%%uchar'"):format(
                w, h, dx, dy, extent[1] + dx / 2, extent[3] + dy / 2), bytes, "using 1:2:3:4 with rgbalpha notitle")
end

local justify = {left = "left", center = "center", right = "right"}

--- A text at a place (a number each: data; a string: gnuplot's words). style: align ("left", "center", "right"), size
-- (points), rotation (degrees), box (whether on a plate of the page's colour).
function Canvas:label(x, y, text, style)
  local function place(v)
    return type(v) == "string" and v or ("%s %.17g"):format("first", v)
  end
  local along = type(y) == "number" and self.right and ("second %.17g"):format(y) or place(y)
  local lines = {}
  for line in (gnuplot.clean(text) .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  for i, line in ipairs(lines) do
    local n = self.counter.label + 1
    self.counter.label = n
    local lower = ((#lines - 1) / 2 - (i - 1)) * (style.size or 10.5) / 10.5 * 1.15
    self:set('set label %d %s at %s,%s %s%s front font ",%g" textcolor rgb "%s"%s%s', n, gnuplot.quote(line), place(x),
             along, justify[style.align or "left"], style.rotation and (" rotate by %g"):format(style.rotation) or "",
             style.size or 10.5, style.fixed and style.color or self:shown_color(style.color),
             style.box and ' boxed' or "", lower ~= 0 and not style.rotation
             and (" offset character 0,%.3f"):format(lower) or "")
  end
end

--- An arrow from x1, y1 to x2, y2 in coordinates of the data. style: width, dash, heads ("->", "<-", "<->", "-").
function Canvas:arrow(x1, y1, x2, y2, style)
  local n = self.counter.arrow + 1
  self.counter.arrow = n
  local heads = {["->"] = "head", ["<-"] = "backhead", ["<->"] = "heads", ["-"] = "nohead"}
  local second = self.right and "second" or "first"
  self:set('set arrow %d from first %.17g,%s %.17g to first %.17g,%s %.17g %s filled size screen 0.012,18 front lw %g %s',
           n, x1, second, y1, x2, second, y2, heads[style.heads or "->"], style.width or 1.2,
           self:color(style.color, style.alpha))
end

--- The whole part of the script, as one string: settings, the plot command, its data.
function Canvas:script()
  local parts = {table.concat(self.settings, "\n")}
  parts[#parts + 1] = "plot " .. (#self.elements > 0 and table.concat(self.elements, ", ") or "NaN notitle") .. "\n"
  return table.concat(parts, "\n") .. table.concat(self.payload) .. "\n"
end

return Canvas
