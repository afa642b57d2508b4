--[[
The mark "decision_boundary": what a classifier of two features answers all over the plane, as coloured regions under
the points that it was trained on. Relies on tycho for tensors and no_grad; the model is anything that can be called with
a {n, 2} tensor.
]]

local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local options = require "tycho.plot.options"
local scatter = require "tycho.plot.scatter"
local values = require "tycho.plot.values"
local fail = blame.fail
local floor, exp = math.floor, math.exp

local NAME = "decision_boundary"
local MOST_CLASSES = 100

local function response_word(where, name, v)
  if v ~= "class" and v ~= "probability" then
    fail("%s: unknown %s %s; known: class, probability", where, name, options.shown(v))
  end
  return v
end

local known = {
  classes = options.any, resolution = options.whole(10, 2000), batch_size = options.whole(1, 10000000),
  response = response_word, threshold = options.number, alpha = options.alpha, size = options.positive,
  xlim = options.numbers(2), ylim = options.numbers(2),
}

-- The rows of X as two lists.
local function read_points(X)
  local flat, shape = values.array(NAME, "X", X)
  if #flat > 0 and (#shape ~= 2 or shape[2] ~= 2) then
    fail("%s: X has the shape %s; n points of two features are expected ({n, 2})", NAME, values.shape_text(shape))
  end
  local xs, ys = {}, {}
  for i = 1, #flat // 2 do
    xs[i], ys[i] = flat[2 * i - 1], flat[2 * i]
  end
  return xs, ys
end

-- A module's training flags are set to false; returns what puts them back.
local function set_eval(model)
  if type(model) ~= "table" or type(model.modules) ~= "function" or type(model.eval) ~= "function" then
    return function() end
  end
  local was = {}
  for module in model:modules() do
    was[module] = module.training
  end
  model:eval()
  return function()
    for module, training in pairs(was) do
      module.training = training
    end
  end
end

-- Where and in which dtype the model wants its input: as its first parameter, else as X.
local function home_of(model, X)
  if type(model) == "table" and type(model.parameters) == "function" then
    local first = model:parameters()[1]
    if first then
      return first.device, first.dtype
    end
  end
  local dtype = values.is_tensor(X) and X.dtype or nil
  return values.is_tensor(X) and X.device or nil, dtype and tostring(dtype):find("float") and dtype or nil
end

-- Calls the model on the rows (a flat list of coordinates) batch by batch; a flat list of answers and answers a row.
local function ask(model, coordinates, batch_size, device, dtype)
  local ty = require "tycho"
  local n, answers, wide = #coordinates // 2, {}, nil
  for first = 1, n, batch_size do
    local last = math.min(n, first + batch_size - 1)
    local rows = ty.tensor(table.move(coordinates, 2 * first - 1, 2 * last, 1, {}), {dtype = dtype or ty.float32})
        :view(last - first + 1, 2)
    local out = model(device and rows:to(device) or rows)
    if not values.is_tensor(out) then
      fail("%s: the model returned a %s; a tensor with one row a point is expected", NAME, type(out))
    end
    local flat, shape = values.array(NAME, "the model's answer", out)
    if shape[1] ~= last - first + 1 or #shape > 2 then
      fail("%s: the model answered %s to %d points; {%d} or {%d, classes} is expected", NAME, values.shape_text(shape),
           last - first + 1, last - first + 1, last - first + 1)
    end
    wide = shape[2] or 1
    table.move(flat, 1, #flat, #answers + 1, answers)
  end
  return answers, wide
end

-- Two columns of probabilities for one score a point. A score is a probability when all lie in 0..1, else a logit.
local function from_scores(scores, threshold)
  local is_probability = true
  for i = 1, #scores do
    if scores[i] < 0 or scores[i] > 1 then
      is_probability = false
      break
    end
  end
  threshold = threshold or is_probability and 0.5 or 0
  local class, share = {}, {}
  for i = 1, #scores do
    local p = is_probability and scores[i] or 1 / (1 + exp(-scores[i]))
    class[i] = scores[i] ~= scores[i] and 0 or scores[i] > threshold and 2 or 1
    share[i] = class[i] == 2 and p or 1 - p
  end
  return class, share
end

-- The class with the largest score of each row, and its probability (the rows are probabilities, their logarithms, or
-- logits, of which softmax makes them).
local function from_rows(flat, wide)
  local class, share = {}, {}
  for i = 1, #flat // wide do
    local at, best = (i - 1) * wide, 1
    local sum, least = 0, flat[at + 1]
    for k = 1, wide do
      local v = flat[at + k]
      best = v > flat[at + best] and k or best
      sum, least = sum + v, math.min(least, v)
    end
    local top, total = flat[at + best], 0
    if least >= 0 and math.abs(sum - 1) < 1e-3 then
      share[i] = top
    else
      for k = 1, wide do
        total = total + exp(flat[at + k] - top)
      end
      share[i] = 1 / total
    end
    class[i] = top == top and best or 0
  end
  return class, share
end

local Regions = {}
Regions.__index = Regions

function Regions:bounds()
  local e = self.extent
  return e[1], e[2], e[3], e[4]
end

-- Where one class meets another, as points: what a terminal without colours shows of the regions.
function Regions:draw_borders(canvas)
  local xs, ys, n, e, class = {}, {}, self.resolution, self.extent, self.class
  for i = 0, n - 2 do
    for j = 0, n - 2 do
      local at = i * n + j + 1
      if class[at] ~= class[at + 1] or class[at] ~= class[at + n] then
        xs[#xs + 1] = e[1] + (e[2] - e[1]) * (j + 1) / n
        ys[#ys + 1] = e[3] + (e[4] - e[3]) * (i + 1) / n
      end
    end
  end
  canvas:points(xs, ys, {dots = true, color = "#808080", marker = {7, 1, ".", "."}})
end

function Regions:draw(canvas)
  if canvas.text and (not canvas.ansi or canvas.style == "ascii") then
    self:draw_borders(canvas)
    return
  end
  local cells = {}
  local tones = {[0] = {255, 255, 255}}
  for k = 1, self.count do
    local color = colors.of_slot(k)
    tones[k] = {colors.rgb(canvas.shown_color and canvas:shown_color(color) or color)}
  end
  local shade = {}
  local base = 1 / self.count
  for i, class in ipairs(self.class) do
    local opacity = class == 0 and 0 or self.alpha
    if self.response == "probability" and class > 0 then
      opacity = opacity * 1.6 * math.max(0, (self.share[i] - base) / (1 - base))
    end
    local level = floor(math.min(1, opacity) * 255 + 0.5)
    local key = class * 256 + level
    local cell = shade[key]
    if not cell then
      local c = tones[class]
      cell = string.char(c[1], c[2], c[3], level)
      shade[key] = cell
    end
    cells[i] = cell
  end
  canvas:raster(self.extent, self.resolution, self.resolution, table.concat(cells))
end

-- Answers on a grid of resolution x resolution cells over the extent, evaluated at the cells' centres.
local function evaluate(model, X, extent, read)
  local n = read.resolution or 200
  local coordinates = {}
  for i = 0, n - 1 do
    local y = extent[3] + (extent[4] - extent[3]) * (i + 0.5) / n
    for j = 0, n - 1 do
      local at = #coordinates
      coordinates[at + 1], coordinates[at + 2] = extent[1] + (extent[2] - extent[1]) * (j + 0.5) / n, y
    end
  end
  local device, dtype = home_of(model, X)
  local put_back = set_eval(model)
  -- runs on every way out, an error of the model and Ctrl-C included
  local _ <close> = setmetatable({}, {__close = put_back}) -- luacheck: ignore 411
  local _ <close> = require("tycho").no_grad()
  local flat, wide = ask(model, coordinates, read.batch_size or 4096, device, dtype)
  if wide == 1 then
    local class, share = from_scores(flat, read.threshold)
    return class, share, 2, true
  end
  local class, share = from_rows(flat, wide)
  return class, share, wide
end

local function extent_of(xs, ys, read)
  local x1, x2, y1, y2 = values.bounds(xs, ys)
  x1, x2, y1, y2 = x1 or 0, x2 or 1, y1 or 0, y2 or 1
  local dx, dy = x2 > x1 and (x2 - x1) * 0.08 or 1, y2 > y1 and (y2 - y1) * 0.08 or 1
  local x, y = read.xlim or {x1 - dx, x2 + dx}, read.ylim or {y1 - dy, y2 + dy}
  if x[1] >= x[2] or y[1] >= y[2] then
    fail("%s: xlim and ylim are {low, high} with low below high", NAME)
  end
  return {x[1], x[2], y[1], y[2]}
end

-- The class of each point, a whole number.
local function read_classes(y, n)
  local list = values.list(NAME, "y", y)
  if #list ~= n then
    fail("%s: X has %d points and y has %d classes", NAME, n, #list)
  end
  for i, v in ipairs(list) do
    list[i] = math.tointeger(v)
    if not list[i] then
      fail("%s: y[%d] is %s; whole numbers are expected, the class of each point", NAME, i, tostring(v))
    end
  end
  return list
end

-- The points' classes as numbers of regions, and the regions' names. With one score a point (`two`) the lower of the two
-- values of y is region 1; a lone 1 is the upper one of 0 and 1.
local function match_classes(list, count, two, names)
  local values_of, labels = {}, {}
  for i, class in ipairs(list) do
    if not two and (class < 1 or class > count) then
      fail("%s: y[%d] is %d, but the model tells %d classes apart; classes count from 1", NAME, i, class, count)
    end
    values_of[class] = true
  end
  local order = {}
  for class in pairs(values_of) do
    order[#order + 1] = class
  end
  table.sort(order)
  if two and #order > 2 then
    fail("%s: y has %d classes, but the model gives one number a point, which tells two apart", NAME, #order)
  end
  local region = {}
  for k, class in ipairs(order) do
    region[class] = two and (#order == 1 and class == 1 and 2 or k) or class
    labels[region[class]] = tostring(class)
  end
  for k = 1, count do
    labels[k] = names and names[k] and options.text(NAME, ("classes[%d]"):format(k), names[k]) or labels[k] or false
  end
  local classes = {}
  for i, class in ipairs(list) do
    classes[i] = region[class]
  end
  return classes, labels
end

return {
  name = NAME,
  signature = "decision_boundary(model, X [, y] [, {classes, response, resolution, threshold, batch_size, alpha, size, "
      .. "xlim, ylim}])",
  doc = [[
Colours the plane by what a classifier of two features answers, and draws the points X ({n, 2}) over it, each in the
colour of its class y. model: a module or function that takes {m, 2} and returns {m, classes} (logits, probabilities or
their logarithms) or {m} or {m, 1} (one score of two classes: probabilities if all are in 0..1, else logits). It is
called in eval mode and without gradients, in batches of batch_size rows (default 4096), on the model's own device; its
modules are in training mode afterwards again where they were.
y: the classes of the points, from 1; for one score a point any two whole numbers, the upper one is where it is high.
classes: names for the legend. response: "class" (default, plain regions) or "probability" (the paler, the less sure).
threshold: of the one score between its classes (default 0.5 of probabilities, 0 of logits). resolution: cells along
each side (default 200). alpha: of the regions (default 0.3). size: of the points. xlim, ylim: {low, high}
(default the points and a little around them).
Errors: X that is not {n, 2}, lengths that differ, classes that the model does not have, answers of another shape.]],
  example = [[local X = ty.randn(40, 2)
local y = X:sum(2):gt(0):long() + 1
plot.decision_boundary(nn.Linear(2, 2), X, y, {classes = {"below", "above"}}):legend()]],
  new = function(_, model, X, y, given, extra)
    if y ~= nil and type(y) == "table" and not values.is_data(y) and given == nil then
      y, given = nil, y
    end
    if extra ~= nil then
      fail("%s: at most model, X, y and a table of options are expected", NAME)
    end
    local read = options.check(NAME, given, known)
    local mt = getmetatable(model)
    if type(model) ~= "function" and not (mt and mt.__call) then
      fail("%s: the model is a %s; a module or a function is expected", NAME, type(model))
    elseif X == nil then
      fail("%s: no points given: decision_boundary(model, X, y)", NAME)
    end
    if read.classes and type(read.classes) ~= "table" then
      fail("%s: classes is a %s; a list of names is expected", NAME, type(read.classes))
    end
    local xs, ys = read_points(X)
    local list = y ~= nil and read_classes(y, #xs)
    local extent = extent_of(xs, ys, read)
    local class, share, count, two = evaluate(model, X, extent, read)
    if count > MOST_CLASSES then
      fail("%s: the model tells %d classes apart; at most %d can be drawn", NAME, count, MOST_CLASSES)
    end
    local regions = setmetatable({
      class = class, share = share, count = count, extent = extent, resolution = read.resolution or 200,
      alpha = read.alpha or 0.3, response = read.response or "class", margin_x = 0, margin_y = 0,
    }, Regions)
    if not list then
      return regions
    end
    local classes, labels = match_classes(list, count, two, read.classes)
    return regions, scatter.of_classes(xs, ys, classes, labels, {size = read.size, margin_x = 0, margin_y = 0})
  end,
}
