-- FashionMNIST (Xiao, Rasul, Vollgraf 2017): 60,000 training and 10,000 test images of clothing, 28 x 28 grey values, in ten
-- classes. Looked for in: the folder given, $TYCHO_DATA, the Debian package dataset-fashion-mnist, Tycho's cache; then
-- downloaded with a check of the SHA-256.

local core = require "tycho.core"
local options = require "tycho.options"
local dataset = require "tycho.data.dataset"
local io_tycho = require "tycho.io"

local parse = options.signature("data.FashionMNIST",
  "root: string?, train: bool = true, download: bool = true, normalize: table?")

local files = {
  train = {
    {"train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
    {"train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
  },
  test = {
    {"t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
    {"t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
  },
}
local source = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
local package_folder = "/usr/share/datasets/fashion-mnist"

local classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function cache_folder()
  local base = os.getenv "XDG_CACHE_HOME"
  if not base or base == "" then base = (os.getenv "HOME" or ".") .. "/.cache" end
  return base .. "/tycho/fashion-mnist"
end

-- The path of a file: given as it is, or without ".gz" (unpacked).
local function find(root, name)
  local plain = name:gsub("%.gz$", "")
  local folders = {}
  if root then
    folders = {root, root .. "/FashionMNIST/raw"}
  else
    local variable = os.getenv "TYCHO_DATA"
    if variable and variable ~= "" then
      folders = {variable, variable .. "/fashion-mnist", variable .. "/FashionMNIST/raw"}
    end
    folders[#folders + 1] = package_folder
    folders[#folders + 1] = cache_folder()
  end
  for _, folder in ipairs(folders) do
    for _, candidate in ipairs {name, plain} do
      local path = folder .. "/" .. candidate
      if exists(path) then return path end
    end
  end
  return nil, folders
end

local function obtain(root, entry, download)
  local path, looked = find(root, entry[1])
  if path then return path end
  if not download then
    core.raise(("data.FashionMNIST: %s is not in %s; install the Debian package dataset-fashion-mnist, or allow the download"):
      format(entry[1], table.concat(looked, ", ")))
  end
  local target = (root or cache_folder()) .. "/" .. entry[1]
  local ok, message = pcall(io_tycho.download, source .. entry[1], target, {sha256 = entry[2]})
  if not ok then
    core.raise(("data.FashionMNIST: %s is not in %s, and could not be downloaded: %s\nTo have it offline: apt install "
      .. "dataset-fashion-mnist, or put the four .gz files into a folder and name it by root or $TYCHO_DATA"):format(entry[1],
      table.concat(looked, ", "), tostring(message):match "download: (.*)" or message))
  end
  return target
end

local function shape_text(x) return "{" .. table.concat(x.shape, ", ") .. "}" end

--- data.FashionMNIST(root, train = true, download = true, normalize): a TensorDataset of images {n, 1, 28, 28} and classes
-- 1..10. The images are kept as bytes, and come out of a DataLoader as float32 from 0 to 1; normalize = {mean, std} maps them
-- to (x - mean) / std. Fields: data (bytes), targets, classes (names).
local function FashionMNIST(...)
  local root, train, download, normalize = parse(...)
  local mean, std = 0, 1
  if normalize then
    mean, std = normalize[1], normalize[2]
    if type(mean) ~= "number" or type(std) ~= "number" or std == 0 then
      core.raise "data.FashionMNIST: normalize is a pair {mean, std} of numbers, std not 0"
    end
  end
  local set = files[train and "train" or "test"]
  local images_path, labels_path = obtain(root, set[1], download), obtain(root, set[2], download)
  local images, labels = io_tycho.load_idx(images_path), io_tycho.load_idx(labels_path)
  if #images.shape ~= 3 or images.shape[2] ~= 28 or images.shape[3] ~= 28 then
    core.raise(("data.FashionMNIST: %s holds shape %s, expected {n, 28, 28}"):format(images_path, shape_text(images)))
  end
  if #labels.shape ~= 1 or labels.shape[1] ~= images.shape[1] then
    core.raise(("data.FashionMNIST: %s holds shape %s, but %s has %d images"):format(labels_path, shape_text(labels),
      images_path, images.shape[1]))
  end
  local targets = labels:long() + 1
  local self = dataset.TensorDataset(images:unsqueeze(2), targets)
  self.name = "FashionMNIST"
  self.scalings[1] = {1 / (255 * std), -mean / std}
  self.data, self.targets, self.classes = images, targets, classes
  return self
end

return {FashionMNIST = FashionMNIST}
