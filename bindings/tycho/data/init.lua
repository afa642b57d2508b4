-- data: datasets and the loader that makes batches of them.

local data = {}
for _, part in ipairs {"dataset", "combine", "sampler", "loader", "mnist", "corrupt_mnist", "csv", "image_folder"} do
  for name, value in pairs(require("tycho.data." .. part)) do data[name] = value end
end
data.positions = nil -- the samplers' own
local class = require "tycho.data.class"
data.class, data.Dataset, data.IterableDataset = class.class, class.Dataset, class.IterableDataset
data.default_collate = require("tycho.data.collate").default_collate

data.docs = {
  {name = "data.TensorDataset", signature = "(tensor, ...)", doc = "Examples from tensors that agree in their first "
    .. "dimension; #ds is their number, ds[i] a list of the tensors of example i.",
    example = "local ds = ty.data.TensorDataset(ty.rand(10, 3), ty.arange(1, 11))\nassert(#ds == 10)"},
  {name = "data.Subset", signature = "(dataset, indices)", doc = "The examples at these positions (from 1).",
    example = "local ds = ty.data.Subset(ty.data.TensorDataset(ty.rand(10, 3)), {1, 5})\nassert(#ds == 2)"},
  {name = "data.random_split", signature = "(dataset, lengths, generator?)", doc = "Random parts of these lengths, or of "
    .. "these fractions.", example = "local a, b = ty.data.random_split(ty.data.TensorDataset(ty.rand(10, 3)), {7, 3})"},
  {name = "data.FashionMNIST", signature = "(root?, train = true, download = true, normalize?)", doc = "Images of clothing "
    .. "in ten classes: 60,000 to train, 10,000 to test. From root, $TYCHO_DATA, the Debian package dataset-fashion-mnist, "
    .. "the cache, or by download (checked). Images come out of a DataLoader as float32 {n, 1, 28, 28} from 0 to 1, or "
    .. "(x - mean) / std with normalize = {mean, std}; classes count from 1, and dataset.classes names them.",
    example = "local ok, test = pcall(ty.data.FashionMNIST, {train = false, download = false})"},
  {name = "data.MNIST", signature = "(root?, train = true, download = true, normalize?)", doc = "Handwritten digits: 60,000 to "
    .. "train, 10,000 to test, like data.FashionMNIST in all else. Class 1 is the digit 0: dataset.classes names them.",
    example = "local ok, test = pcall(ty.data.MNIST, {train = false, download = false})"},
  {name = "data.CorruptMNIST", signature = "(root?, train = true, normalize = false)", doc = "Digits of MNIST in blocks, each "
    .. "turned by an angle of its own: train_images_0.pt, train_target_0.pt, ..., test_images.pt, test_target.pt, which "
    .. "scripts/make_corruptmnist makes. Looked for in root, $TYCHO_DATA and the cache. Images are float32 {n, 1, 28, 28}, "
    .. "classes count from 1. normalize = true: mean 0 and standard deviation 1 over all images.",
    example = "local ok, message = pcall(ty.data.CorruptMNIST, {root = \"/nowhere\"})"},
  {name = "data.CSV", signature = "(path, target?, features?, header = true, delimiter = \",\", missing?)", doc = "Examples from "
    .. "a CSV file: columns `features` (names or places; all others when nil) as float32 {n, features}, and the column `target`: "
    .. "classes from 1 where it holds text (dataset.classes names them), int64 where it holds whole numbers, else float32. "
    .. "dataset.csv is the whole file; see io.load_csv.",
    example = 'local f = assert(io.open("/tmp/tycho_doc.csv", "w")); f:write("a,b,kind\\n1,2,x\\n3,4,y\\n"); f:close()\n'
      .. 'local ds = ty.data.CSV("/tmp/tycho_doc.csv", "kind")\nassert(ds.classes[2] == "y")'},
  {name = "data.ImageFolder", signature = "(root, transform?, target_transform?, mode = \"RGB\", loader?)", doc = "Images in "
    .. "folders, one for each class: root/CLASS/name.png or .jpg. Example i is the image, float32 {channels, height, width} from "
    .. "0 to 1, and its class, from 1. transform and target_transform are applied to them; mode is that of io.read_image; "
    .. "loader(path) reads in another way. Fields: classes, class_to_idx, samples, targets.",
    example = "local ok, message = pcall(ty.data.ImageFolder, \"/nowhere\")"},
}
for _, doc in ipairs(require "tycho.data.docs") do data.docs[#data.docs + 1] = doc end

return data
