--[[
The mark "image": a matrix as gray levels or through a colour map, or a picture of three channels, the first row on top.
In a terminal it becomes characters of growing density.
]]

local blame = require "tycho.plot.blame"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail
local floor, max, min = math.floor, math.max, math.min

local known = {
  cmap = options.colormap, vmin = options.number, vmax = options.number, colorbar = options.flag,
  extent = options.numbers(4),
}

local RAMP = " .:-=+*#%@"

-- Height, width, and how to find channel c of row i and column j in the flat list: c0 + i * row + j * column.
local function layout_of(shape)
  if #shape == 2 then
    return shape[1], shape[2], 1, 0, shape[2], 1
  elseif #shape == 3 and (shape[1] == 1 or shape[1] == 3) then
    return shape[2], shape[3], shape[1], shape[2] * shape[3], shape[3], 1
  elseif #shape == 3 and (shape[3] == 1 or shape[3] == 3) then
    return shape[1], shape[2], shape[3], 1, shape[2] * shape[3], shape[3]
  end
  fail("image: a tensor of the shape %s is not an image; known: HxW, 1xHxW, 3xHxW, HxWx3 (one image of a batch: x[i])",
       values.shape_text(shape))
end

local function span(list)
  local low, high
  for i = 1, #list do
    local v = list[i]
    if v == v then
      low, high = low and min(low, v) or v, high and max(high, v) or v
    end
  end
  return low, high
end

-- The values that show as black and white of a picture of three channels.
local function color_range(flat, integers)
  local low, high = span(flat)
  if not low then
    return 0, 1
  elseif integers and low >= 0 and high <= 255 then
    return 0, 255
  elseif not integers and low >= 0 and high <= 1 then
    return 0, 1
  end
  return low, high
end

local Image = {}
Image.__index = Image

function Image:bounds()
  if self.height == 0 or self.width == 0 then
    return nil
  end
  local e = self.extent
  return min(e[1], e[2]), max(e[1], e[2]), min(e[3], e[4]), max(e[3], e[4])
end

-- From 0 to 1; nan stays.
local function level(v, low, high)
  if v ~= v then
    return v
  end
  v = (v - low) / (high - low)
  return v < 0 and 0 or v > 1 and 1 or v
end

function Image:draw_pixels(canvas)
  local h, w = self.height, self.width
  local e = self.extent
  local dx, dy = (e[2] - e[1]) / w, (e[4] - e[3]) / h
  local parts, flat = {}, self.flat
  local low, high = self.low, self.high
  -- the pixels go by rows of growing y, the order in which gnuplot counts
  for k = 0, h - 1 do
    local i = self.y_down and k or h - 1 - k
    local row = {}
    for j = 0, w - 1 do
      local at = 1 + i * self.by_row + j * self.by_column
      if self.channels == 1 then
        local v = flat[at]
        row[j + 1] = string.pack("<d", v ~= v and v or min(max(v, low), high))
      else
        local r = level(flat[at], low, high)
        local g = level(flat[at + self.by_channel], low, high)
        local b = level(flat[at + 2 * self.by_channel], low, high)
        local hidden = r ~= r or g ~= g or b ~= b
        row[j + 1] = hidden and "\0\0\0\0"
            or string.char(floor(r * 255 + 0.5), floor(g * 255 + 0.5), floor(b * 255 + 0.5), 255)
      end
    end
    parts[#parts + 1] = table.concat(row)
  end
  local array = ("array=(%d,%d) dx=%.17g dy=%.17g origin=(%.17g,%.17g)"):format(w, h, math.abs(dx), math.abs(dy),
                                                                              e[1] + dx / 2, min(e[3], e[4]) +
                                                                              math.abs(dy) / 2)
  if self.channels == 1 then
    canvas:palette(self.cmap, low, high, self.colorbar)
    canvas:binary(array .. " format='%double' endian=little", table.concat(parts), "using 1 with image notitle")
  else
    canvas:binary(array .. " format='%uchar%uchar%uchar%uchar'", table.concat(parts),
                  "using 1:2:3:4 with rgbalpha notitle")
  end
end

-- Mean brightness, 0 to 1, of the pixels of rows i1..i2 and columns j1..j2 (from 0); nil when none can be drawn.
function Image:brightness(i1, i2, j1, j2)
  local sum, n = 0, 0
  for i = i1, i2 do
    for j = j1, j2 do
      local at = 1 + i * self.by_row + j * self.by_column
      local v = level(self.flat[at], self.low, self.high)
      if self.channels == 3 then
        v = 0.3 * v + 0.59 * level(self.flat[at + self.by_channel], self.low, self.high)
            + 0.11 * level(self.flat[at + 2 * self.by_channel], self.low, self.high)
      end
      if v == v then
        sum, n = sum + v, n + 1
      end
    end
  end
  return n > 0 and sum / n or nil
end

function Image:draw_characters(canvas)
  local columns, rows = canvas.inner_width, canvas.inner_height
  local e, groups = self.extent, {}
  for r = 0, rows - 1 do
    for c = 0, columns - 1 do
      local i1, j1 = floor(r * self.height / rows), floor(c * self.width / columns)
      local i2 = max(i1, floor((r + 1) * self.height / rows) - 1)
      local j2 = max(j1, floor((c + 1) * self.width / columns) - 1)
      local v = self:brightness(i1, i2, j1, j2)
      local k = v and floor(v * (#RAMP - 1) + 0.5) + 1 or 1
      if k > 1 then
        local group = groups[k] or {{}, {}}
        groups[k] = group
        local n = #group[1] + 1
        -- a character stands on a whole step of the axis; the border takes the first and the last
        group[1][n] = e[1] + (e[2] - e[1]) * (c + 1) / (columns + 1)
        local down = (e[4] - e[3]) * (r + 1) / (rows + 1)
        group[2][n] = self.y_down and e[3] + down or e[4] - down
      end
    end
  end
  for k = 1, #RAMP do
    if groups[k] then
      canvas:rows(groups[k], ('with points pt "%s" notitle'):format(RAMP:sub(k, k)))
    end
  end
end

function Image:draw(canvas)
  if self.height == 0 or self.width == 0 then
    return
  elseif canvas.text then
    self:draw_characters(canvas)
  else
    self:draw_pixels(canvas)
  end
end

return {
  name = "image",
  signature = "image(x [, {cmap, vmin, vmax, colorbar, extent}])",
  doc = [[
Draws a matrix or a picture, the first row on top. x is a tensor or nested lists of the shape {H, W}, {1, H, W},
{3, H, W} or {H, W, 3}; nan is left blank.
One channel: from vmin to vmax (default the smallest and the largest value) through the colour map cmap: "gray"
(default), "gray_r", "viridis", "magma", "coolwarm", "blues"; colorbar = true adds its scale.
Three channels: whole numbers are 0 to 255 and others 0 to 1; values outside make the whole range of x the scale, unless
vmin and vmax say it (so a normalised picture is visible).
extent = {x1, x2, y1, y2}: the coordinates that the picture spans, with scales drawn at the axes; without it a pixel
is 1 wide and high, the first one is at (1, 1), and the axes have no scales.
Errors: other shapes, rows of unequal length, values that are no numbers, unknown options.]],
  example = [[plot.image({{0, 1}, {1, 0}}):show()]],
  new = function(axes, x, given, ...)
    if select("#", ...) > 0 then
      fail("image: at most an image and a table of options are expected")
    end
    if x == nil then
      fail("image: no data given; nested lists or a tensor are expected")
    end
    local flat, shape, integers = values.array("image", "x", x)
    local read = options.check("image", given, known)
    local height, width, channels, by_channel, by_row, by_column = 0, 0, 1, 0, 0, 0
    if #flat > 0 then
      height, width, channels, by_channel, by_row, by_column = layout_of(shape)
    end
    local low, high = span(flat)
    if channels == 3 then
      low, high = color_range(flat, integers)
    end
    low, high = read.vmin or low or 0, read.vmax or high or 1
    if low > high or low == high and read.vmin and read.vmax then
      fail("image: vmin (%g) must be below vmax (%g)", low, high)
    elseif low == high then
      high = low + math.max(1, math.abs(low) * 1e-6)
    end
    local e = read.extent
    if e and (e[1] >= e[2] or e[3] >= e[4]) then
      fail("image: extent is {x1, x2, y1, y2} with x1 below x2 and y1 below y2, got {%g, %g, %g, %g}", table.unpack(e))
    end
    if not e then
      axes.is_picture = true
    end
    return setmetatable({
      flat = flat, height = height, width = width, channels = channels, by_channel = by_channel, by_row = by_row,
      by_column = by_column, low = low, high = high, cmap = read.cmap or options.colormaps.gray,
      colorbar = read.colorbar or false, y_down = not e, extent = e or {0.5, width + 0.5, 0.5, height + 0.5},
    }, Image)
  end,
}
