--[[
The mark "image": a matrix as gray levels or through a colour map, or a picture of three channels, the first row on top.
]]

local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail
local floor, max, min = math.floor, math.max, math.min

local function flag_or_text(where, name, v)
  if type(v) == "boolean" then
    return v
  end
  return options.text(where, name, v)
end

local known = {
  cmap = options.colormap, vmin = options.number, vmax = options.number, colorbar = flag_or_text,
  extent = options.numbers(4),
}

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

-- The values that show as black and white of a picture of three channels.
local function color_range(flat, integers)
  local low, high = values.range("image", flat)
  if integers and low >= 0 and high <= 255 then
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

-- One row of the picture (i from 0 from the top) as bytes.
function Image:row_bytes(i, lookup)
  local flat, low, high, row = self.flat, self.low, self.high, {}
  local scale = 255 / (high - low)
  for j = 0, self.width - 1 do
    local at = 1 + i * self.by_row + j * self.by_column
    local v = flat[at]
    if self.channels == 1 then
      local k = (v - low) * scale
      row[j + 1] = v ~= v and "\0\0\0\0" or lookup[k < 0 and 0 or k > 255 and 255 or floor(k + 0.5)]
    else
      local r, g, b = level(v, low, high), level(flat[at + self.by_channel], low, high),
                      level(flat[at + 2 * self.by_channel], low, high)
      local hidden = r ~= r or g ~= g or b ~= b
      row[j + 1] = hidden and "\0\0\0\0"
          or string.char(floor(r * 255 + 0.5), floor(g * 255 + 0.5), floor(b * 255 + 0.5), 255)
    end
  end
  return table.concat(row)
end

function Image:draw(canvas)
  local h, w = self.height, self.width
  if h == 0 or w == 0 then
    return
  end
  local lookup, parts = self.channels == 1 and colors.lookup(self.cmap) or nil, {}
  -- rows of growing y; without an extent y counts the rows downwards
  for k = 0, h - 1 do
    parts[k + 1] = self:row_bytes(self.y_down and k or h - 1 - k, lookup)
  end
  canvas:raster(self.extent, w, h, table.concat(parts))
end

return {
  name = "image",
  signature = "image(x [, {cmap, vmin, vmax, colorbar, extent}])",
  doc = [[
Draws a matrix or a picture, the first row on top. x is a tensor or nested lists of the shape {H, W}, {1, H, W},
{3, H, W} or {H, W, 3}; nan is left blank.
One channel: from vmin to vmax (default the smallest and the largest value) through the colour map cmap: "gray"
(default), "viridis", "plasma", "inferno", "magma", "cividis", "coolwarm", "RdBu", "RdYlGn", "PiYG", "bwr", "seismic",
"Greys", "Blues", "Reds", "Greens", "Oranges", "Purples", "YlGnBu", "hot", "bone", "jet", "turbo", "tab10", each also
backwards with "_r" behind it; colorbar = true adds its scale, colorbar = "a text" names it.
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
    local low, high = values.range("image", channels == 3 and {color_range(flat, integers)} or flat, read.vmin, read.vmax)
    local e = read.extent
    if e and (e[1] >= e[2] or e[3] >= e[4]) then
      fail("image: extent is {x1, x2, y1, y2} with x1 below x2 and y1 below y2, got {%g, %g, %g, %g}", table.unpack(e))
    end
    if not e then
      axes.is_picture = true
    end
    local cmap = read.cmap or colors.maps.gray
    return setmetatable({
      bar = read.colorbar and {colors = cmap, low = low, high = high, label = read.colorbar ~= true and read.colorbar or nil},
      flat = flat, height = height, width = width, channels = channels, by_channel = by_channel, by_row = by_row,
      by_column = by_column, low = low, high = high, cmap = cmap, margin_x = 0, margin_y = 0, y_down = not e,
      extent = e or {0.5, width + 0.5, 0.5, height + 0.5},
    }, Image)
  end,
}
