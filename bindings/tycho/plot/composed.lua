--[[
Figures composed of ready parts, as courses and notebooks show them: a grid of images, an image beside the probabilities
of its classes, a confusion matrix. Each function makes a figure of its own and returns it. Relies on figure.lua for the
places and on the marks for what stands in them.
]]

local blame = require "tycho.plot.blame"
local Figure = require "tycho.plot.figure"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail
local max, min = math.max, math.min

local composed = {}

local function list_of_names(where, name, v)
  if type(v) ~= "table" or values.is_tensor(v) then
    fail("%s: %s is a %s; a list of strings is expected", where, name, type(v))
  end
  return v
end

-- The images of a batch: a list, or a tensor {N, H, W}, {N, C, H, W} or {N, H, W, C}.
local function images_of(where, images)
  if not values.is_tensor(images) then
    if type(images) ~= "table" then
      fail("%s: images is a %s; a list of images or a tensor {N, C, H, W} is expected", where, type(images))
    end
    return images
  end
  local rank = #images.shape
  if rank ~= 3 and rank ~= 4 then
    fail("%s: images has the shape %s; {N, H, W}, {N, C, H, W} or a list of images is expected", where,
         values.shape_text(images.shape))
  end
  local list = {}
  for i = 1, images.shape[1] do
    list[i] = images[i]
  end
  return list
end

local grid_options = {
  cols = options.whole(1, 100), titles = list_of_names, title_colors = list_of_names, title = options.text,
  size = options.numbers(2), cmap = options.any, vmin = options.number, vmax = options.number, scale = options.positive,
}

function composed.image_grid(images, given, extra)
  local where = "image_grid"
  if extra ~= nil then
    fail("%s: at most images and a table of options are expected", where)
  end
  local read = options.check(where, given, grid_options)
  local list = images_of(where, images)
  local n = #list
  if n == 0 then
    fail("%s: no images given; a list of images or a tensor {N, C, H, W} is expected", where)
  elseif n > 1000 then
    fail("%s: %d images given; at most 1000 can be seen: take some, x[{ {1, 64} }]", where, n)
  end
  for _, name in ipairs {"titles", "title_colors"} do
    if read[name] and #read[name] ~= n then
      fail("%s: %d images and %d %s", where, n, #read[name], name)
    end
  end
  local cols = min(n, read.cols or max(1, math.ceil(math.sqrt(n * 1.4))))
  local rows = math.ceil(n / cols)
  local cell = read.scale or max(60, min(150, 1000 / cols))
  local size = read.size or {
    max(120, math.floor(cols * cell)),
    max(100, math.floor(rows * (cell + (read.titles and 18 or 0))) + (read.title and 40 or 0)),
  }
  local fig = Figure.new({title = read.title, size = size})
  for i = 1, n do
    local axes = fig:subplot(rows, cols, i)
    axes:image(list[i], {cmap = read.cmap, vmin = read.vmin, vmax = read.vmax})
    if read.titles then
      axes:title(read.titles[i], {color = read.title_colors and read.title_colors[i]})
    end
  end
  return fig
end

-- A flat tensor or list of a square number of values as a square image; anything else as it is.
local function squared(image)
  local flat, shape = values.array("view_classify", "image", image)
  local long = 0
  for _, size in ipairs(shape) do
    long = size ~= 1 and long + 1 or long
  end
  local side = math.floor(math.sqrt(#flat) + 0.5)
  if long ~= 1 or side * side ~= #flat then
    return image
  end
  local rows = {}
  for i = 1, side do
    rows[i] = table.move(flat, (i - 1) * side + 1, i * side, 1, {})
  end
  return rows
end

-- A batch of one image as that image.
local function without_batch(image)
  if values.is_tensor(image) and #image.shape == 4 and image.shape[1] == 1 then
    return image[1]
  end
  return image
end

-- Logarithms of probabilities (none above 0, their exponentials adding up to 1) become probabilities.
local function probabilities_of(v)
  local list = values.list("view_classify", "probabilities", v)
  local sum, top = 0, -math.huge
  for _, p in ipairs(list) do
    sum, top = sum + math.exp(p), max(top, p)
  end
  if #list > 1 and top <= 0 and math.abs(sum - 1) < 0.02 then
    for i, p in ipairs(list) do
      list[i] = math.exp(p)
    end
  end
  return list
end

local classify_options = {title = options.text, size = options.numbers(2), cmap = options.any}

function composed.view_classify(image, probabilities, classes, given, extra)
  local where = "view_classify"
  if extra ~= nil then
    fail("%s: at most image, probabilities, classes and a table of options are expected", where)
  elseif image == nil or probabilities == nil then
    fail("%s: view_classify(image, probabilities, classes) is expected", where)
  end
  local read = options.check(where, given, classify_options)
  local list, names = probabilities_of(probabilities), {}
  if classes ~= nil and #list_of_names(where, "classes", classes) ~= #list then
    fail("%s: %d probabilities and %d classes", where, #list, #classes)
  end
  for i = 1, #list do
    names[i] = classes and options.text(where, ("classes[%d]"):format(i), classes[i]) or tostring(i)
  end
  local fig = Figure.new({size = read.size or {660, max(300, min(1200, 90 + 22 * #list))}, title = read.title})
  fig:subplot(1, 2, 1):image(squared(without_batch(image)), {cmap = read.cmap})
  fig:subplot(1, 2, 2):barh(names, list):xlim(0, 1.1):title("Class Probability")
  return fig
end

local matrix_options = {
  classes = list_of_names, normalize = options.flag, title = options.text, size = options.numbers(2),
  cmap = options.any, colorbar = options.flag,
}

-- How often each pair of class and answer occurs, for two lists of whole numbers from 1.
local function count_pairs(targets, predictions, classes)
  local where = "confusion_matrix"
  local a, b = values.list(where, "targets", targets), values.list(where, "predictions", predictions)
  if #a ~= #b then
    fail("%s: targets and predictions differ in length: %d and %d", where, #a, #b)
  end
  local n = classes and #classes or 1
  for name, list in pairs {targets = a, predictions = b} do
    for i, v in ipairs(list) do
      local class = math.tointeger(v)
      if not class or class < 1 or class > 1000 or classes and class > n then
        fail("%s: %s[%d] is %s; a class from 1%s is expected", where, name, i, tostring(v), classes and " to " .. n or "")
      end
      n = max(n, class)
    end
  end
  local rows = {}
  for i = 1, n do
    rows[i] = {}
    for j = 1, n do
      rows[i][j] = 0
    end
  end
  for i = 1, #a do
    local row, column = math.tointeger(a[i]), math.tointeger(b[i])
    rows[row][column] = rows[row][column] + 1
  end
  return rows
end

-- A square matrix as rows of numbers.
local function square(matrix)
  local flat, shape = values.array("confusion_matrix", "matrix", matrix)
  if #shape ~= 2 or shape[1] ~= shape[2] or #flat == 0 then
    fail("confusion_matrix: the matrix has the shape %s; a row and a column for each class are expected",
         values.shape_text(shape))
  end
  local rows = {}
  for i = 1, shape[1] do
    rows[i] = table.move(flat, (i - 1) * shape[2] + 1, i * shape[2], 1, {})
  end
  return rows
end

-- Each row as parts of its sum.
local function normalized(rows)
  for _, row in ipairs(rows) do
    local sum = 0
    for _, v in ipairs(row) do
      sum = sum + v
    end
    for j, v in ipairs(row) do
      row[j] = sum > 0 and v / sum or 0
    end
  end
  return rows
end

local function is_one_row(v)
  local ok, _, shape = pcall(values.array, "confusion_matrix", "data", v)
  return ok and #shape == 1
end

function composed.confusion_matrix(first, second, given, extra)
  local where = "confusion_matrix"
  if extra ~= nil or first == nil then
    fail("%s: a matrix, or targets and predictions, and a table of options are expected", where)
  end
  local two = values.is_data(second) and is_one_row(first) and type(second[1]) ~= "string"
  if not two and given == nil and type(second) == "table" and (next(second) == nil or second[1] == nil) then
    second, given = nil, second
  end
  local read = options.check(where, given, matrix_options)
  local classes = read.classes or not two and second or nil
  if classes then
    list_of_names(where, "classes", classes)
  end
  local rows = two and count_pairs(first, second, classes) or square(first)
  if classes and #classes ~= #rows then
    fail("%s: the matrix has %d classes and %d names are given", where, #rows, #classes)
  end
  local n = #rows
  local side = max(360, min(1100, 160 + 46 * n))
  local fig = Figure.new({title = read.title, size = read.size or {side + 150, side + 10}})
  fig:gca():heatmap(read.normalize and normalized(rows) or rows, {
    xticklabels = classes, yticklabels = classes, cmap = read.cmap or "Blues", fmt = read.normalize and "%.2f" or nil,
    vmin = 0, vmax = read.normalize and 1 or nil, colorbar = read.colorbar ~= false, aspect = "equal",
  }):xlabel("Predicted"):ylabel("True")
  return fig
end

composed.docs = {
  {
    name = "confusion_matrix",
    signature = "confusion_matrix(matrix [, classes] [, {classes, normalize, title, cmap, colorbar, size}]) -> figure, "
        .. "confusion_matrix(targets, predictions [, options]) -> figure",
    doc = [[
A new figure: how often each true class (row) was taken for each class (column), as numbers on colours. matrix: {k, k}; or
targets and predictions: lists or tensors of classes from 1, which it counts. classes: k names. normalize: true shows each row
as parts of its sum. title: above it. cmap: default "Blues".
Errors: a matrix that is not square, lengths that differ, classes that are not from 1 to k.]],
    example = [[plot.confusion_matrix({1, 2, 2, 1}, {1, 2, 1, 1}, {classes = {"cat", "dog"}})]],
  },
  {
    name = "image_grid",
    signature = "image_grid(images [, {cols, titles, title_colors, title, cmap, vmin, vmax, scale, size}]) -> figure",
    doc = [[
A new figure with the images side by side in rows. images: a tensor {N, H, W}, {N, C, H, W} (C 1 or 3) or {N, H, W, 3}, or
a list of images as plot.image takes them. cols: how many stand in a row (default: a little more than rows). titles: a text
above each; title_colors: their colours (as "green" for right and "red" for wrong answers). title: above all.
cmap, vmin, vmax: as for plot.image, of every image (without vmin and vmax each has its own range). scale: pixels an image
is wide (default 60 to 150). size: {width, height} of the figure.
Errors: no images, more than 1000, titles of another number, other shapes.]],
    example = [[plot.image_grid(ty.rand(8, 1, 28, 28), {cols = 4, titles = {"a", "b", "c", "d", "e", "f", "g", "h"}})]],
  },
  {
    name = "view_classify",
    signature = "view_classify(image, probabilities [, classes [, {title, size, cmap}]]) -> figure",
    doc = [[
A new figure: an image and, beside it, a lying bar for the probability of each class, as the helper of the Intro to PyTorch
notebooks. image: as plot.image takes it; a batch of one, {1, 1, 28, 28}, and a flat {784} or {1, 784} work too.
probabilities: a list or tensor {k} or {1, k}; what log_softmax gives is recognised (none above 0, exponentials adding
up to 1) and its exponentials are shown. classes: k names (default 1 to k).
Errors: lengths that differ, other shapes.]],
    example = [[plot.view_classify(ty.rand(1, 28, 28), ty.tensor{0.1, 0.7, 0.2}, {"cat", "dog", "bird"})]],
  },
}

return composed
