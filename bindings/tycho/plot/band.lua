--[[
The marks that show a spread: "fill_between" (the area between two curves), "errorbar" (points with bars of their
uncertainty) and "boxplot" (quartiles, whiskers and outliers of samples).
]]

local blame = require "tycho.plot.blame"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail
local max, min = math.max, math.min

-- A list as long as another; a single number stands for a list of it.
local function list_like(where, name, v, n)
  local list
  if type(v) == "number" then
    list = {}
    for i = 1, n do
      list[i] = v
    end
    return list
  end
  list = values.list(where, name, v)
  if #list ~= n then
    fail("%s: xs and %s differ in length: %d and %d", where, name, n, #list)
  end
  return list
end

local fill_options = {color = options.color, alpha = options.alpha, label = options.text, where = options.any}

local Area = {}
Area.__index = Area

function Area:bounds(x_log, y_log)
  local x1, x2, y1, y2 = values.bounds(self.xs, self.ys, x_log, y_log)
  local a, b, c, d = values.bounds(self.xs, self.others, x_log, y_log)
  if not x1 or not a then
    return x1 or a, x2 or b, y1 or c, y2 or d
  end
  return min(x1, a), max(x2, b), min(y1, c), max(y2, d)
end

function Area:draw(canvas)
  local xs, ys, others, label = {}, {}, {}, self.label
  local function flush()
    if #xs > 1 then
      canvas:area(xs, ys, others, {color = self.color, alpha = self.alpha, label = label, slot = self.slot})
      label = nil
    end
    xs, ys, others = {}, {}, {}
  end
  local floor_value = canvas.y_log and 1e-300 or -math.huge
  for i = 1, #self.xs do
    local x, a, b = self.xs[i], self.ys[i], self.others[i]
    if x ~= x or a ~= a or b ~= b or self.shown and not self.shown[i] then
      flush()
    else
      local n = #xs + 1
      xs[n], ys[n], others[n] = x, max(a, floor_value), max(b, floor_value)
    end
  end
  flush()
end

-- Which points are filled: a list of booleans (or numbers, not 0), or nil.
local function read_where(v, n)
  if v == nil then
    return nil
  end
  local list, shown = values.list("fill_between", "where", v), {}
  if #list ~= n then
    fail("fill_between: xs and where differ in length: %d and %d", n, #list)
  end
  for i, flag in ipairs(list) do
    shown[i] = flag == flag and flag ~= 0
  end
  return shown
end

local fill_between = {
  name = "fill_between",
  signature = "fill_between(xs, y1 [, y2 [, {color, alpha, label, where}]])",
  doc = [[
Fills the area between two curves. xs, y1, y2: lists or tensors of one length; y1 and y2 may be numbers (y2 is 0 by
default). nan interrupts. where: a list or mask of truth values, one a point: only there. alpha: 0 to 1 (default 0.3).
Errors: lengths that differ, values that are no numbers, unknown options.]],
  example = [[plot.fill_between({1, 2, 3}, {1, 2, 1.5}, {2, 3, 2}, {label = "range"}):line({1, 2, 3}, {1.5, 2.5, 1.7})]],
  new = function(axes, xs, y1, y2, given, extra)
    if type(y2) == "table" and given == nil and not values.is_data(y2) then
      y2, given = nil, y2
    end
    if xs == nil or y1 == nil or extra ~= nil then
      fail("fill_between: xs, y1, y2 and a table of options are expected")
    end
    xs = values.list("fill_between", "xs", xs)
    local read = options.check("fill_between", given, fill_options)
    local slot, color = axes:next_slot()
    return setmetatable({
      xs = xs, ys = list_like("fill_between", "y1", y1, #xs), others = list_like("fill_between", "y2", y2 or 0, #xs),
      shown = read_where(read.where, #xs), color = read.color or color, alpha = read.alpha or 0.3, label = read.label,
      slot = slot,
    }, Area)
  end,
}

local error_options = {
  xerr = options.any, yerr = options.any, label = options.text, color = options.color, style = options.style,
  width = options.positive, marker = options.marker, size = options.positive, alpha = options.alpha,
  capsize = options.number,
}

local Errors = {}
Errors.__index = Errors

-- The two ends of the bar at point i: below and above; nan where there is none.
local function reach(err, i, v)
  return v - err[1][i], v + err[2][i]
end

function Errors:bounds(x_log, y_log)
  local xs, ys = {}, {}
  for i = 1, #self.xs do
    local x, y = self.xs[i], self.ys[i]
    for _, sign in ipairs {1, 2} do
      local along = self.xerr and select(sign, reach(self.xerr, i, x)) or x
      local up = self.yerr and select(sign, reach(self.yerr, i, y)) or y
      -- a bar that reaches below 0 on a logarithmic axis counts with its point alone
      xs[#xs + 1], ys[#ys + 1] = x_log and along <= 0 and x or along, y_log and up <= 0 and y or up
    end
  end
  return values.bounds(xs, ys, x_log, y_log)
end

function Errors:draw(canvas)
  local xs, ys = {}, {}
  local function stroke(x1, y1, x2, y2)
    local n = #xs
    xs[n + 1], xs[n + 2], xs[n + 3] = x1, x2, values.NAN
    ys[n + 1], ys[n + 2], ys[n + 3] = y1, y2, values.NAN
  end
  -- caps are as long as a part of the axes, on a logarithmic one as that part of its span
  local function cap(v, low, high, is_log)
    local part = 0.0012 * self.capsize
    if is_log then
      local factor = (high / low) ^ part
      return v / factor, v * factor
    end
    return v - (high - low) * part, v + (high - low) * part
  end
  for i = 1, #self.xs do
    local x, y = self.xs[i], self.ys[i]
    if self.yerr then
      local low, high = reach(self.yerr, i, y)
      low = canvas.y_log and low <= 0 and min(canvas.y1, canvas.y2) or low
      stroke(x, low, x, high)
      local a, b = cap(x, canvas.x1, canvas.x2, canvas.x_log)
      stroke(a, low, b, low)
      stroke(a, high, b, high)
    end
    if self.xerr then
      local low, high = reach(self.xerr, i, x)
      low = canvas.x_log and low <= 0 and min(canvas.x1, canvas.x2) or low
      stroke(low, y, high, y)
      local a, b = cap(y, canvas.y1, canvas.y2, canvas.y_log)
      stroke(low, a, low, b)
      stroke(high, a, high, b)
    end
  end
  canvas:lines(xs, ys, {color = self.color, alpha = self.alpha, width = 1.2, slot = self.slot})
  local style = {color = self.color, alpha = self.alpha, width = self.width, dash = self.style, label = self.label,
                 marker = self.marker, size = self.size, slot = self.slot}
  canvas[self.style == "none" and "points" or "lines"](canvas, self.xs, self.ys, style)
end

-- {below, above}, each a list: of a number, a list, or {list below, list above}.
local function read_errors(name, v, n)
  if v == nil then
    return nil
  elseif type(v) == "table" and #v == 2 and values.is_data(v[1]) and (n ~= 2 or type(v[1]) ~= "number") then
    return {list_like("errorbar", name .. "[1]", v[1], n), list_like("errorbar", name .. "[2]", v[2], n)}
  end
  local list = list_like("errorbar", name, v, n)
  for i, e in ipairs(list) do
    if e < 0 then
      fail("errorbar: %s[%d] is %g; an uncertainty is not negative", name, i, e)
    end
  end
  return {list, list}
end

local errorbar = {
  name = "errorbar",
  signature = "errorbar([xs,] ys [, {yerr, xerr, capsize, label, color, style, width, marker, size, alpha}])",
  doc = [[
Draws points with bars of their uncertainty. yerr, xerr: a number for all points, a list of one a point, or {below, above},
two lists. capsize: of the strokes at the ends (default 5, 0 none). The points are joined in a style of line (default "-",
"none" leaves them separate) with a marker (default "o"); the other options are those of line.
Errors: lengths that differ, negative uncertainties, unknown options.]],
  example = [[plot.errorbar({1, 2, 3}, {2, 3, 2.5}, {yerr = {0.2, 0.4, 0.1}, label = "mean"}):legend()]],
  new = function(axes, ...)
    local xs, ys, given, whole = values.points("errorbar", ...)
    local read = options.check("errorbar", given, error_options)
    local slot, color = axes:next_slot()
    local marker = read.marker
    if marker == nil then
      marker = options.marker("errorbar", "marker", "o")
    end
    return setmetatable({
      xs = xs, ys = ys, whole_x = whole and not read.xerr, yerr = read_errors("yerr", read.yerr, #xs),
      xerr = read_errors("xerr", read.xerr, #xs), slot = slot, color = read.color or color, style = read.style or "solid",
      width = read.width or 1.5, marker = marker or nil, size = read.size or 0.8, alpha = read.alpha, label = read.label,
      capsize = read.capsize or 5, margin = 0.03, joined = read.style ~= "none",
    }, Errors)
  end,
}

-- The value below which a share of the sorted list lies, between neighbours by proportion.
local function quantile(list, share)
  local at = 1 + share * (#list - 1)
  local k = math.floor(at)
  return list[k] + (list[min(k + 1, #list)] - list[k]) * (at - k)
end

-- Quartiles, whiskers' ends and what lies beyond them.
local function summarize(sample, whis)
  local list = {}
  for _, v in ipairs(sample) do
    if v == v then
      list[#list + 1] = v
    end
  end
  if #list == 0 then
    return nil
  end
  table.sort(list)
  local box = {q1 = quantile(list, 0.25), median = quantile(list, 0.5), q3 = quantile(list, 0.75), fliers = {}}
  local low, high = box.q1 - whis * (box.q3 - box.q1), box.q3 + whis * (box.q3 - box.q1)
  box.low, box.high = box.q1, box.q3
  for _, v in ipairs(list) do
    if v < low or v > high then
      table.insert(box.fliers, v)
    else
      box.low, box.high = min(box.low, v), max(box.high, v)
    end
  end
  return box
end

local Boxplot = {}
Boxplot.__index = Boxplot

function Boxplot:bounds()
  local low, high
  for _, box in pairs(self.boxes) do
    low, high = min(low or box.low, box.low), max(high or box.high, box.high)
    if self.showfliers then
      for _, v in ipairs(box.fliers) do
        low, high = min(low, v), max(high, v)
      end
    end
  end
  if not low then
    return nil
  end
  return 0.5, self.count + 0.5, low, high
end

function Boxplot:draw(canvas)
  local half = self.width / 2
  local x1, x2, y1, y2, fx, fy = {}, {}, {}, {}, {}, {}
  local lx, ly, mx, my = {}, {}, {}, {}
  local function stroke(xs, ys, a, b, c, d)
    local n = #xs
    xs[n + 1], xs[n + 2], xs[n + 3] = a, c, values.NAN
    ys[n + 1], ys[n + 2], ys[n + 3] = b, d, values.NAN
  end
  for i = 1, self.count do
    local box = self.boxes[i]
    if box then
      table.insert(x1, i - half)
      table.insert(x2, i + half)
      table.insert(y1, box.q1)
      table.insert(y2, box.q3)
      for _, y in ipairs {box.low, box.high} do
        stroke(lx, ly, i, y == box.low and box.q1 or box.q3, i, y)
        stroke(lx, ly, i - half / 2, y, i + half / 2, y)
      end
      for _, y in ipairs {box.q1, box.q3} do
        stroke(lx, ly, i - half, y, i + half, y)
      end
      stroke(lx, ly, i - half, box.q1, i - half, box.q3)
      stroke(lx, ly, i + half, box.q1, i + half, box.q3)
      stroke(mx, my, i - half, box.median, i + half, box.median)
      for _, v in ipairs(self.showfliers and box.fliers or {}) do
        fx[#fx + 1], fy[#fy + 1] = i, v
      end
    end
  end
  canvas:boxes(x1, x2, y1, y2, {color = self.color, alpha = 0.3, slot = self.slot, label = self.label})
  canvas:lines(lx, ly, {color = self.color, width = 1.3, slot = self.slot})
  canvas:lines(mx, my, {color = "#cc3d3d", width = 2, slot = self.slot + 1})
  canvas:points(fx, fy, {color = self.color, size = 0.7, alpha = 0.7, marker = options.marker("boxplot", "marker", "o"),
                         marker_given = true})
end

local boxplot_options = {
  labels = options.any, showfliers = options.flag, whis = options.positive, width = options.positive,
  color = options.color, label = options.text,
}

-- The samples: a list of lists or tensors, a matrix whose columns they are, or one sample alone.
local function samples_of(data)
  if type(data) == "table" and not values.is_tensor(data) and values.is_data(data[1] or false) then
    local list = {}
    for i, sample in ipairs(data) do
      list[i] = values.array("boxplot", ("samples[%d]"):format(i), sample)
    end
    return list
  end
  local flat, shape = values.array("boxplot", "samples", data)
  if #shape ~= 2 then
    return {flat}
  end
  local list = {}
  for j = 1, shape[2] do
    list[j] = {}
    for i = 1, shape[1] do
      list[j][i] = flat[(i - 1) * shape[2] + j]
    end
  end
  return list
end

local boxplot = {
  name = "boxplot",
  signature = "boxplot(samples [, {labels, whis, showfliers, width, color, label}])",
  doc = [[
Draws a box a sample from its first to its third quartile with a line at the median; whiskers reach to the last values
within whis (default 1.5) times the box's height, and what lies beyond is a point (showfliers = false: none). samples: a
list of samples (lists or tensors, of any lengths), a matrix with a sample a column, or one sample. labels: a name under
each. width: of a box (default 0.5).
Errors: labels of another number, values that are no numbers, unknown options.]],
  example = [[plot.boxplot({{1, 2, 3, 4, 9}, {2, 3, 3, 4}}, {labels = {"a", "b"}})]],
  new = function(axes, data, given, extra)
    if data == nil or extra ~= nil then
      fail("boxplot: samples and a table of options are expected")
    end
    local read = options.check("boxplot", given, boxplot_options)
    local samples = samples_of(data)
    local names, boxes, xs, ys = {}, {}, {}, {}
    if read.labels and (type(read.labels) ~= "table" or #read.labels ~= #samples) then
      fail("boxplot: %d samples and %s labels", #samples, type(read.labels) == "table" and #read.labels or "no list of")
    end
    for i, sample in ipairs(samples) do
      boxes[i] = summarize(sample, read.whis or 1.5)
      names[i] = options.text("boxplot", ("labels[%d]"):format(i), read.labels and read.labels[i] or i)
      for _, v in ipairs(boxes[i] and {boxes[i].low, boxes[i].q1, boxes[i].q3, boxes[i].high} or {}) do
        xs[#xs + 1], ys[#ys + 1] = i, v
      end
    end
    local slot, color = axes:next_slot()
    return setmetatable({
      boxes = boxes, count = #samples, names = names, whole_x = true, slot = slot, color = read.color or color,
      width = read.width or 0.5, showfliers = read.showfliers ~= false, label = read.label, xs = xs, ys = ys,
    }, Boxplot)
  end,
}

return {fill_between, errorbar, boxplot}
