-- The data sets of scripts/train, evaluate and predict: FashionMNIST, MNIST, CorruptMNIST, a folder with a folder of images for
-- each class, or a CSV file. A spec is a plain table, kept in the checkpoint: {name, root, target, gray, size}.

local ty = require "tycho"
local digits = require "digits"
local table_data = require "models.table"
local data = ty.data

local datasets = {}

local HELD = 0.2 -- the share of a folder's or file's examples that is kept aside

--- What kind of set a name means: "images" (a known set), "folder" or "table".
function datasets.kind(name)
  if name == "FashionMNIST" or name == "MNIST" or name == "CorruptMNIST" then return "images" end
  if name:lower():match "%.csv$" then return "table" end
  return "folder"
end

-- Two parts of the places 1..n, the same for the same seed.
local function split(n, seed)
  if n < 2 then error(("%d examples cannot be split into some to train with and some to test with"):format(n), 0) end
  local order = ty.randperm(n, {generator = ty.Generator(seed)})
  local held = math.max(1, math.floor(n * HELD))
  return order[{{held + 1, -1}}], order[{{1, held}}]
end

--- An image file as float32 {channels, height, width} from 0 to 1, of the given shape.
function datasets.read_image(path, shape)
  local image = ty.io.read_image(path, shape[1] == 1 and "GRAY" or "RGB"):float() / 255
  if image.shape[2] ~= shape[2] or image.shape[3] ~= shape[3] then
    image = ty.F.interpolate(image:unsqueeze(1), {size = {shape[2], shape[3]}, mode = "bilinear", antialias = true})[1]
  end
  return image
end

local function open_images(spec)
  local train, test
  if spec.name == "MNIST" then
    train, test = digits.load(spec.root)
  else
    train, test = data[spec.name] {root = spec.root, train = true}, data[spec.name] {root = spec.root, train = false}
  end
  return {task = "classification", classes = train.classes, input_shape = {1, 28, 28}, train = train, test = test, all = test}
end

local function open_folder(spec, seed, saved)
  local shape = saved and saved.input_shape
  if not shape then
    local path = data.ImageFolder(spec.name).samples[1][1]
    local first = ty.io.read_image(path, spec.gray and "GRAY" or "RGB").shape
    shape = {first[1], spec.size or first[2], spec.size or first[3]}
  end
  local all = data.ImageFolder {root = spec.name, loader = function(path) return datasets.read_image(path, shape) end}
  if saved and table.concat(saved.classes, "\0") ~= table.concat(all.classes, "\0") then
    error(("the folders in %s are %s; the model knows %s"):format(spec.name, table.concat(all.classes, ", "),
      table.concat(saved.classes, ", ")), 0)
  end
  local first, last = split(#all, seed)
  return {task = "classification", classes = all.classes, input_shape = shape, train = data.Subset(all, first),
    test = data.Subset(all, last), all = all}
end

local function open_table(spec, seed, saved)
  local csv = ty.io.load_csv(spec.name)
  local target = saved and saved.encoding.target or spec.target or csv.columns[#csv.columns]
  local known
  for _, name in ipairs(csv.columns) do known = known or name == target end
  if not known then
    error(("%s has no column '%s'; there are: %s"):format(spec.name, target, table.concat(csv.columns, ", ")), 0)
  end
  local first, last = split(#csv, seed)
  local encoding = saved and saved.encoding or table_data.encoding(csv, target, first)
  local inputs, targets = table_data.inputs(csv, encoding, spec.name), table_data.targets(csv, encoding, spec.name)
  if not (inputs:isfinite():all():item() and targets:isfinite():all():item()) then
    error(spec.name .. " has missing numbers; fill them in or take their lines out", 0)
  end
  local all = data.TensorDataset(inputs, targets)
  return {task = encoding.classes and "classification" or "regression", classes = encoding.classes, encoding = encoding,
    input_shape = {table_data.width(encoding)}, train = data.Subset(all, first), test = data.Subset(all, last), all = all}
end

--- Opens what a spec names: {task, classes, input_shape, train, test, all, encoding}. seed: of what is kept aside for testing.
-- saved: the fields input_shape, classes and encoding of the training that a model comes from.
function datasets.open(spec, seed, saved)
  local kind = datasets.kind(spec.name)
  local open = kind == "images" and open_images or kind == "table" and open_table or open_folder
  local set = open(spec, seed, saved)
  set.kind = kind
  return set
end

--- What a batch goes through before the network sees it: images from 0 ... 1 to -1 ... 1.
function datasets.prepared(set_kind, x)
  return set_kind == "table" and x or (x - 0.5) / 0.5
end

return datasets
