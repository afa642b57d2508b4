-- data: datasets and the loader that makes batches of them.

local data = {}
for _, part in ipairs {"dataset", "combine", "sampler", "loader", "fashion_mnist"} do
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
}
for _, doc in ipairs(require "tycho.data.docs") do data.docs[#data.docs + 1] = doc end

return data
