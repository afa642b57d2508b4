--[[
The marks of a value over the plane: "contour" (lines of equal value), "contourf" (the areas between them) and "heatmap" (a
matrix with a cell a value, named rows and columns, and numbers where they have room).
]]

local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local options = require "tycho.plot.options"
local ticks = require "tycho.plot.ticks"
local values = require "tycho.plot.values"
local fail = blame.fail
local floor, max, min = math.floor, math.max, math.min

-- The coordinates of the columns or rows: an ascending list of n numbers; of a matrix (meshgrid) its first row or column.
local function read_axis(where, name, v, n, rows, cols)
  local flat, shape = values.array(where, name, v)
  local list = flat
  if #shape == 2 and shape[1] == rows and shape[2] == cols and rows > 1 and cols > 1 then
    list = {}
    for i = 1, n do
      list[i] = flat[name == "X" and i or (i - 1) * cols + 1]
    end
  end
  if #list ~= n then
    fail("%s: Z has %d %s and %s has %d values", where, n, name == "X" and "columns" or "rows", name, #list)
  end
  for i = 2, n do
    if list[i] ~= list[i] or list[i] <= list[i - 1] then
      fail("%s: %s must ascend; %s[%d] is %g and %s[%d] is %g", where, name, name, i - 1, list[i - 1], name, i, list[i])
    end
  end
  return list
end

-- X, Y, Z and the options out of (Z[, options]) or (X, Y, Z[, options]).
local function read_field(where, ...)
  local X, Y, Z, given = ...
  local n = select("#", ...)
  while n > 0 and select(n, ...) == nil do
    n = n - 1
  end
  if n <= 2 then
    X, Y, Z, given = nil, nil, X, Y
  end
  if Z == nil or n > 4 then
    fail("%s: Z, or X, Y and Z, and a table of options are expected", where)
  end
  local flat, shape = values.array(where, "Z", Z)
  if #shape ~= 2 or shape[1] < 2 or shape[2] < 2 then
    fail("%s: Z has the shape %s; a matrix of at least 2x2 is expected, a row for each y and a column for each x", where,
         values.shape_text(shape))
  end
  local rows, cols = shape[1], shape[2]
  local field = {z = flat, rows = rows, cols = cols}
  field.x = X ~= nil and read_axis(where, "X", X, cols, rows, cols) or values.count_up(cols)
  field.y = Y ~= nil and read_axis(where, "Y", Y, rows, rows, cols) or values.count_up(rows)
  return field, given
end

-- The values of the lines: given, or about n round ones between the extremes.
local function read_levels(where, v, field)
  local low, high = values.range(where, field.z)
  if type(v) == "table" or values.is_tensor(v) then
    local list = values.list(where, "levels", v)
    if #list == 0 then
      fail("%s: levels is an empty list", where)
    end
    for i = 2, #list do
      if list[i] ~= list[i] or list[i] <= list[i - 1] then
        fail("%s: levels must ascend", where)
      end
    end
    return list, low, high
  end
  local n = v == nil and 8 or options.whole(1, 200)(where, "levels", v)
  local list = {}
  for _, tick in ipairs(ticks.linear(low, high, {size = 1e9, measure = function()
    return 0
  end, gap = 0, most = n})) do
    list[#list + 1] = tick.at
  end
  return list, low, high
end

local Contour = {}
Contour.__index = Contour

function Contour:bounds()
  local f = self.field
  return f.x[1], f.x[f.cols], f.y[1], f.y[f.rows]
end

-- Where the line of `level` crosses the triangle of three corners {x, y, z}; appends the stroke to xs, ys.
local function cut_triangle(level, a, b, c, xs, ys)
  local n = #xs
  local found = 0
  for _, edge in ipairs {{a, b}, {b, c}, {c, a}} do
    local p, q = edge[1], edge[2]
    if (p[3] < level) ~= (q[3] < level) then
      local t = (level - p[3]) / (q[3] - p[3])
      found = found + 1
      xs[n + found], ys[n + found] = p[1] + (q[1] - p[1]) * t, p[2] + (q[2] - p[2]) * t
    end
  end
  if found == 2 then
    xs[n + 3], ys[n + 3] = values.NAN, values.NAN
  end
end

-- The strokes of one level: each cell is cut as four triangles about its middle, so that no saddle is ambiguous.
local function strokes(field, level)
  local xs, ys, z, cols = {}, {}, field.z, field.cols
  for i = 1, field.rows - 1 do
    for j = 1, cols - 1 do
      local at = (i - 1) * cols + j
      local z1, z2, z3, z4 = z[at], z[at + 1], z[at + cols + 1], z[at + cols]
      local low, high = min(z1, z2, z3, z4), max(z1, z2, z3, z4)
      if low < level and high >= level and z1 == z1 and z2 == z2 and z3 == z3 and z4 == z4 then
        local x1, x2, y1, y2 = field.x[j], field.x[j + 1], field.y[i], field.y[i + 1]
        local middle = {(x1 + x2) / 2, (y1 + y2) / 2, (z1 + z2 + z3 + z4) / 4}
        local corners = {{x1, y1, z1}, {x2, y1, z2}, {x2, y2, z3}, {x1, y2, z4}}
        for k = 1, 4 do
          cut_triangle(level, corners[k], corners[k % 4 + 1], middle, xs, ys)
        end
      end
    end
  end
  return xs, ys
end

local function color_at(map, share)
  local at = max(0, min(1, share)) * (#map - 1)
  local k = min(floor(at), max(0, #map - 2))
  return #map == 1 and map[1] or colors.mix(map[k + 1], map[k + 2], at - k)
end

function Contour:draw(canvas)
  local n = #self.levels
  for k, level in ipairs(self.levels) do
    local xs, ys = strokes(self.field, level)
    local color = self.color or color_at(self.cmap, n > 1 and (k - 1) / (n - 1) or 0.5)
    canvas:lines(xs, ys, {color = color, width = self.width, slot = self.color and 1 or k, label = k == 1 and self.label or nil})
    -- a number beside the line, where it passes the middle of its strokes
    if self.clabel and #xs >= 3 then
      local at = floor(#xs / 6) * 3 + 1
      canvas:label(xs[at], ys[at], ("%.6g"):format(level), {color = color, size = 9, align = "center", box = true})
    end
  end
end

-- The value at a place between the columns and rows, by proportion of the four around it.
local function interpolate(field, i, v, j, u)
  local z, cols = field.z, field.cols
  local at = (i - 1) * cols + j
  return (z[at] * (1 - u) + z[at + 1] * u) * (1 - v) + (z[at + cols] * (1 - u) + z[at + cols + 1] * u) * v
end

-- For n places between the ends of an ascending list: the interval's number and the part of the way in it.
local function places(list, n)
  local index, part, k = {}, {}, 1
  for c = 1, n do
    local v = list[1] + (list[#list] - list[1]) * (c - 0.5) / n
    while k < #list - 1 and v > list[k + 1] do
      k = k + 1
    end
    index[c], part[c] = k, (v - list[k]) / (list[k + 1] - list[k])
  end
  return index, part
end

local Filled = {}
Filled.__index = Filled
Filled.bounds = Contour.bounds

-- The number of the level below a value: 0 below the first.
local function band(levels, v)
  local low, high = 0, #levels
  while low < high do
    local middle = (low + high + 1) // 2
    if levels[middle] <= v then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

function Filled:draw(canvas)
  local f, levels = self.field, self.levels
  local w, h = max(2, min(500, canvas.width)), max(2, min(500, canvas.height))
  local columns, u = places(f.x, w)
  local rows, v = places(f.y, h)
  local cells, out = {}, {}
  for k = 0, #levels do
    cells[k] = string.char(colors.rgb(self.tones[k])) .. string.char(floor(self.alpha * 255 + 0.5))
  end
  for r = 1, h do
    for c = 1, w do
      local z = interpolate(f, rows[r], v[r], columns[c], u[c])
      out[#out + 1] = z ~= z and "\0\0\0\0" or cells[band(levels, z)]
    end
  end
  canvas:raster({f.x[1], f.x[f.cols], f.y[1], f.y[f.rows]}, w, h, table.concat(out))
end

local contour_options = {
  levels = options.any, cmap = options.colormap, color = options.color, width = options.positive, clabel = options.flag,
  label = options.text,
}

local contour = {
  name = "contour",
  signature = "contour([X, Y,] Z [, {levels, cmap, color, width, clabel, label}])",
  doc = [[
Draws lines of equal value. Z: a matrix with a row for each y and a column for each x; X and Y: the ascending coordinates
of the columns and rows (or matrices of them, as meshgrid makes; default 1, 2, ...). levels: about how many lines (default
8), or a list of values. Lines take the colours of cmap (default "viridis") or one color. clabel: true writes the values.
Errors: shapes that do not fit, coordinates that do not ascend, unknown options.]],
  example = [[plot.contour({{0, 1, 2}, {1, 2, 3}, {2, 3, 5}}, {levels = {1, 2, 3}, clabel = true})]],
  new = function(_, ...)
    local field, given = read_field("contour", ...)
    local read = options.check("contour", given, contour_options)
    return setmetatable({
      field = field, levels = read_levels("contour", read.levels, field), cmap = read.cmap or colors.maps.viridis,
      color = read.color, width = read.width or 1.5, clabel = read.clabel, label = read.label, margin_x = 0, margin_y = 0,
    }, Contour)
  end,
}

local function flag_or_text(where, name, v)
  return type(v) == "boolean" and v or type(v) ~= "boolean" and options.text(where, name, v)
end

local filled_options = {
  levels = options.any, cmap = options.colormap, colorbar = flag_or_text, alpha = options.alpha,
}

local contourf = {
  name = "contourf",
  signature = "contourf([X, Y,] Z [, {levels, cmap, colorbar, alpha}])",
  doc = [[
Fills the areas between lines of equal value with the colours of cmap (default "viridis"). Data and levels are those of
contour. colorbar: true shows the scale, a text names it too.
Errors: as of contour.]],
  example = [[plot.contourf({{0, 1, 2}, {1, 2, 3}, {2, 3, 5}}, {colorbar = true})]],
  new = function(_, ...)
    local field, given = read_field("contourf", ...)
    local read = options.check("contourf", given, filled_options)
    local levels, low, high = read_levels("contourf", read.levels, field)
    local map, tones, steps = read.cmap or colors.maps.viridis, {}, {}
    low, high = min(low, levels[1]), max(high, levels[#levels])
    for k = 0, #levels do
      local a, b = k == 0 and low or levels[k], k == #levels and high or levels[k + 1]
      tones[k] = color_at(map, ((a + b) / 2 - low) / (high - low))
    end
    for i = 1, 256 do
      steps[i] = tones[band(levels, low + (high - low) * (i - 0.5) / 256)]
    end
    return setmetatable({
      field = field, levels = levels, tones = tones, alpha = read.alpha or 1, margin_x = 0, margin_y = 0,
      bar = read.colorbar and {colors = map, steps = steps, low = low, high = high,
                               label = read.colorbar ~= true and read.colorbar or nil} or nil,
    }, Filled)
  end,
}

local Heatmap = {}
Heatmap.__index = Heatmap

function Heatmap:bounds()
  return 0.5, self.cols + 0.5, 0.5, self.rows + 0.5
end

function Heatmap:color(v)
  return color_at(self.cmap, (v - self.low) / (self.high - self.low))
end

function Heatmap:draw(canvas)
  local lookup, parts = colors.lookup(self.cmap), {}
  for i, v in ipairs(self.flat) do
    local share = (v - self.low) / (self.high - self.low)
    parts[i] = v ~= v and "\0\0\0\0" or lookup[floor(max(0, min(1, share)) * 255 + 0.5)]
  end
  canvas:raster({0.5, self.cols + 0.5, 0.5, self.rows + 0.5}, self.cols, self.rows, table.concat(parts))
  if not self.texts then
    return
  end
  local room = canvas.text and canvas.columns / self.cols or canvas.width / self.cols
  local longest = 1
  for _, text in ipairs(self.texts) do
    longest = max(longest, #text)
  end
  local size = canvas.text and 10.5 or max(6, min(10.5, 10.5 * room / (longest * 9 + 4), 10.5 * canvas.height / self.rows / 17))
  if canvas.text and longest > room then
    return
  end
  for i, text in ipairs(self.texts) do
    local v = self.flat[i]
    if v == v then
      local row, column = (i - 1) // self.cols + 1, (i - 1) % self.cols + 1
      canvas:label(column, row, text, {
        align = "center", size = size, fixed = true, color = colors.luminance(self:color(v)) > 0.55 and "#1a1a1a" or "#ffffff",
      })
    end
  end
end

local function names_list(where, name, v)
  if type(v) ~= "table" or values.is_tensor(v) then
    fail("%s: %s is a %s; a list of strings is expected", where, name, type(v))
  end
  return v
end

local function format_word(where, name, v)
  local ok = type(v) == "string" and pcall(string.format, v, 1.5)
  local whole = type(v) == "string" and pcall(string.format, v, 1)
  if not ok and not whole then
    fail("%s: %s is %s; a format of one number such as \"%%.2f\" or \"%%d\" is expected", where, name, options.shown(v))
  end
  return v
end

local heatmap_options = {
  xticklabels = names_list, yticklabels = names_list, annot = options.flag, fmt = format_word, cmap = options.colormap,
  vmin = options.number, vmax = options.number, colorbar = flag_or_text, aspect = options.word {equal = "equal", auto = "auto"},
}

local MOST_NUMBERS = 900

local function texts_of(flat, read)
  if read.annot == false or read.annot == nil and #flat > 400 or #flat > MOST_NUMBERS then
    return nil
  end
  local texts, whole = {}, true
  for i = 1, #flat do
    whole = whole and (flat[i] ~= flat[i] or math.tointeger(flat[i]) ~= nil)
  end
  for i, v in ipairs(flat) do
    local ok, text = pcall(string.format, read.fmt or whole and "%d" or "%.2f", v == v and (math.tointeger(v) or v) or 0)
    if not ok then
      fail("heatmap: fmt %q does not fit the number %g; use \"%%.0f\" for numbers with a fraction", read.fmt, v)
    end
    texts[i] = text
  end
  return texts
end

local heatmap = {
  name = "heatmap",
  signature = "heatmap(matrix [, {xticklabels, yticklabels, annot, fmt, cmap, vmin, vmax, colorbar, aspect}])",
  doc = [[
Draws a matrix as coloured cells, the first row on top, with a number in each (annot = false: none; without it up to 400
cells have numbers). fmt: how numbers are written (default "%d" for whole ones, else "%.2f"). xticklabels, yticklabels: names
of columns and rows (default their numbers). cmap: default "viridis". vmin, vmax: what its ends are (default the extremes).
colorbar: false leaves the scale out, a text names it. aspect: "equal" (default up to 30 rows and columns) or "auto".
Errors: data that are no matrix, names of another number, unknown options.]],
  example = [[plot.heatmap({{0.9, 0.1}, {0.3, 0.7}}, {xticklabels = {"a", "b"}, yticklabels = {"x", "y"}})]],
  new = function(axes, data, given, extra)
    if data == nil or extra ~= nil then
      fail("heatmap: a matrix and a table of options are expected")
    end
    local flat, shape = values.array("heatmap", "matrix", data)
    if #shape ~= 2 or #flat == 0 then
      fail("heatmap: the matrix has the shape %s; rows and columns are expected", values.shape_text(shape))
    end
    local read = options.check("heatmap", given, heatmap_options)
    for name, n in pairs {xticklabels = shape[2], yticklabels = shape[1]} do
      if read[name] and #read[name] ~= n then
        fail("heatmap: %d %s and %d %s", n, name == "xticklabels" and "columns" or "rows", #read[name], name)
      end
    end
    local function names_of(list, n)
      local names = {}
      for i = 1, n do
        names[i] = list and options.text("heatmap", "a name", list[i]) or tostring(i)
      end
      return names
    end
    local low, high = values.range("heatmap", flat, read.vmin, read.vmax)
    local cmap = read.cmap or colors.maps.viridis
    axes.is_matrix = true
    if read.aspect ~= "auto" and (read.aspect == "equal" or shape[1] <= 30 and shape[2] <= 30) then
      axes.equal = true
    end
    return setmetatable({
      flat = flat, rows = shape[1], cols = shape[2], low = low, high = high, cmap = cmap, texts = texts_of(flat, read),
      names = names_of(read.xticklabels, shape[2]), names_y = names_of(read.yticklabels, shape[1]), margin_x = 0,
      margin_y = 0, whole_x = true, whole_y = true,
      bar = read.colorbar ~= false and {colors = cmap, low = low, high = high,
                                        label = type(read.colorbar) == "string" and read.colorbar or nil} or nil,
    }, Heatmap)
  end,
}

return {contour, contourf, heatmap}
