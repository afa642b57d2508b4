-- MNIST (LeCun, Cortes, Burges) and FashionMNIST (Xiao, Rasul, Vollgraf 2017): 60,000 training and 10,000 test images of
-- handwritten digits, or of clothing, 28 x 28 grey values, in ten classes. Both come as four IDX files.

local core = require "tycho.core"
local options = require "tycho.options"
local dataset = require "tycho.data.dataset"
local io_tycho = require "tycho.io"
local locate = require "tycho.data.locate"

local names = {
  train = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"},
  test = {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
}

local sets = {
  FashionMNIST = {
    name = "FashionMNIST", folder = "fashion-mnist", raw = "FashionMNIST/raw",
    package_folder = "/usr/share/datasets/fashion-mnist",
    source = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    remedy = "apt install dataset-fashion-mnist, or put the four .gz files into a folder and name it by root or $TYCHO_DATA",
    classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
    sums = {
      train = {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
      test = {"346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
    },
  },
  MNIST = {
    name = "MNIST", folder = "mnist", raw = "MNIST/raw", source = "https://ossci-datasets.s3.amazonaws.com/mnist/",
    remedy = "put the four .gz files of MNIST into a folder and name it by root or $TYCHO_DATA",
    classes = {"0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight",
      "9 - nine"},
    sums = {
      train = {"440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
      test = {"8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
    },
  },
}

local function shape_text(x) return "{" .. table.concat(x.shape, ", ") .. "}" end

-- The two numbers of normalize = {mean, std}.
local function normalization(name, normalize)
  if not normalize then return 0, 1 end
  local mean, std = normalize[1], normalize[2]
  if type(mean) ~= "number" or type(std) ~= "number" or std == 0 then
    core.raise(("data.%s: normalize is a pair {mean, std} of numbers, std not 0"):format(name))
  end
  return mean, std
end

local function read(set, part, root, download)
  local paths = {}
  for i, name in ipairs(names[part]) do paths[i] = locate.obtain(set, root, {name, set.sums[part][i]}, download) end
  local images, labels = io_tycho.load_idx(paths[1]), io_tycho.load_idx(paths[2])
  if #images.shape ~= 3 or images.shape[2] ~= 28 or images.shape[3] ~= 28 then
    core.raise(("data.%s: %s holds shape %s, expected {n, 28, 28}"):format(set.name, paths[1], shape_text(images)))
  end
  if #labels.shape ~= 1 or labels.shape[1] ~= images.shape[1] then
    core.raise(("data.%s: %s holds shape %s, but %s has %d images"):format(set.name, paths[2], shape_text(labels), paths[1],
      images.shape[1]))
  end
  return images, labels
end

-- data.NAME(root, train = true, download = true, normalize): a TensorDataset of images {n, 1, 28, 28} and classes 1..10. The
-- images are kept as bytes, and come out of a DataLoader as float32 from 0 to 1; normalize = {mean, std} maps them to
-- (x - mean) / std. Fields: data (bytes), targets, classes (names).
local function maker(name)
  local set = sets[name]
  local parse = options.signature("data." .. name,
    "root: string?, train: bool = true, download: bool = true, normalize: table?")
  return function(...)
    local root, train, download, normalize = parse(...)
    local mean, std = normalization(name, normalize)
    local images, labels = read(set, train and "train" or "test", root, download)
    local targets = labels:long() + 1
    local self = dataset.TensorDataset(images:unsqueeze(2), targets)
    self.name = name
    self.scalings[1] = {1 / (255 * std), -mean / std}
    self.data, self.targets, self.classes = images, targets, set.classes
    return self
  end
end

return {FashionMNIST = maker "FashionMNIST", MNIST = maker "MNIST"}
