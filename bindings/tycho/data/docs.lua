-- Documentation of data's classes, samplers and loader: a list of entries, for data.docs.

local function entry(name, signature, doc, example)
  return {name = "data." .. name, signature = signature, doc = doc, example = example}
end

local ten = "local ds = data.TensorDataset(ty.arange(1, 11))\n"

local list = {
  entry("DataLoader", "(dataset, batch_size = 1, shuffle = false, sampler?, batch_sampler?, num_workers = 0, collate_fn?, "
    .. "pin_memory = false, drop_last = false, timeout = 0, worker_init_fn?, multiprocessing_context?, generator?, "
    .. "prefetch_factor?, persistent_workers = false, pin_memory_device = \"\", in_order = true, device?)",
    "Batches of a dataset: for x, y in loader:iter() do ... end. #loader is the number of batches. Shuffles and samples as "
    .. "PyTorch does from the same seed. batch_size = false (PyTorch's None) gives single examples. sampler: a sampler, a list "
    .. "or a tensor of positions; batch_sampler: one that gives lists of them. collate_fn makes a batch of a list of "
    .. "examples; what it returns the loop gets. Batches are made in the calling process: num_workers, timeout, "
    .. "prefetch_factor and the like are taken and change nothing; worker_init_fn and multiprocessing_context are refused. "
    .. "pin_memory: tensors lie in pinned memory where there is a GPU, so that x:to(\"cuda\", {non_blocking = true}) does not "
    .. "wait. device: batches come on this device; to a GPU each is copied while the one before is used, for which it is made "
    .. "one step ahead. The batches are the same.",
    "local ds = data.TensorDataset(ty.rand(10, 3))\n"
      .. "for x in data.DataLoader(ds, {batch_size = 4, shuffle = true}):iter() do print(x.shape) end\n"
      .. "--> {4, 3}\n--> {4, 3}\n--> {2, 3}"),
  entry("class", "(name, base = data.Dataset) -> class", "A new class of datasets. For data.Dataset define get(i), i from 1, and "
    .. "len(); for data.IterableDataset define iter(), which gives an iterator, and len() if the length is known. init is what "
    .. "the constructor does. get gives one or several results: ds[i] is the one, or a list of the several.",
    "local Squares = data.class \"Squares\"\nfunction Squares:init(n) self.n = n end\nfunction Squares:len() return self.n end\n"
      .. "function Squares:get(i) return i, i * i end\nprint(#Squares(5), Squares(5)[3][2])\n--> 5\t9"),
  entry("Dataset", "base class", "The base of datasets with positions, for data.class. Any object with #ds and ds[i] is a "
    .. "dataset too, a plain list among them.", "local Mine = data.class(\"Mine\", data.Dataset)"),
  entry("IterableDataset", "(make)", "A dataset whose examples come one after the other: make() gives an iterator, anew for each "
    .. "pass. Also a base for data.class.",
    "local ds = data.IterableDataset(function()\n  local i = 0\n  return function()\n    i = i + 1\n"
      .. "    if i <= 3 then return i * 1.5 end\n  end\nend)\n"
      .. "for x in data.DataLoader(ds, {batch_size = 2}):iter() do print(x) end\n"
      .. "--> tensor({1.5000, 3.0000}, {dtype = \"float64\"})\n--> tensor({4.5000}, {dtype = \"float64\"})"),
  entry("IterableDataset:iter", "() -> iterator", "One pass over the examples.",
    "local ds = data.IterableDataset(function() return ipairs {\"a\", \"b\"} end)\nfor _, x in ds:iter() do print(x) end\n"
      .. "--> a\n--> b"),
  entry("ConcatDataset", "(datasets)", "One dataset after the other; a + b is the same of two.",
    ten .. "local both = data.ConcatDataset {ds, ds}\nprint(#both, #(ds + ds), both[12][1]:item())\n--> 20\t20\t2"),
  entry("ChainDataset", "(datasets)", "Iterable datasets, one after the other.",
    "local function ds() return data.IterableDataset(function() return pairs {7} end) end\n"
      .. "for x in data.ChainDataset({ds(), ds()}):iter() do print(x[2]) end\n--> 7\n--> 7"),
  entry("StackDataset", "(dataset, ...) or {name = dataset, ...}", "Datasets of one length side by side: ds[i] holds the example "
    .. "i of each, as a list or by name.",
    "local ds = data.StackDataset {image = {\"a\", \"b\"}, label = {3, 4}}\nprint(ds[2].image, ds[2].label)\n--> b\t4"),
  entry("default_collate", "(examples) -> batch", "A list of examples as one batch: tensors are stacked, numbers become a tensor "
    .. "(float64 of floats, int64 of integers), strings stay a list; examples that are lists give a list of batches, dicts a "
    .. "table of them.",
    "local batch = data.default_collate {{x = 1, name = \"a\"}, {x = 2, name = \"b\"}}\nprint(batch.x, batch.name[2])\n"
      .. "--> tensor({1, 2})\tb"),
  entry("SequentialSampler", "(data_source)", "The positions of a dataset in order.",
    "for i in data.SequentialSampler({\"a\", \"b\"}):iter() do print(i) end\n--> 1\n--> 2"),
  entry("RandomSampler", "(data_source, replacement = false, num_samples?, generator?)", "The positions of a dataset in "
    .. "random order, num_samples of them; with replacement each is drawn anew.",
    "local s = data.RandomSampler({10, 20, 30}, {num_samples = 5})\nprint(#s)\n--> 5"),
  entry("SubsetRandomSampler", "(indices, generator?)", "These positions in random order.",
    "for i in data.SubsetRandomSampler({2, 5}):iter() do print(i) end"),
  entry("WeightedRandomSampler", "(weights, num_samples, replacement = true, generator?)", "num_samples positions drawn "
    .. "by weights, which need not add up to 1.",
    "local s = data.WeightedRandomSampler({0, 1, 0}, 2)\nfor i in s:iter() do print(i) end\n--> 2\n--> 2"),
  entry("BatchSampler", "(sampler, batch_size, drop_last)", "Lists of batch_size positions of a sampler; drop_last leaves "
    .. "a short last one out.",
    "for b in data.BatchSampler({4, 1, 3}, 2, false):iter() do print(table.concat(b, \" \")) end\n--> 4 1\n--> 3"),
}

list[#list + 1] = entry("ConcatDataset:get", "(i) -> ...", "The fields of example i as several results.",
  ten .. "print((ds + ds):get(12))\n--> tensor(2)")
list[#list + 1] = entry("ConcatDataset:batch", "(index) -> ...", "The examples at an int64 tensor of positions, stacked; there "
  .. "where all parts can gather batches.", ten .. "print((ds + ds):batch(ty.tensor {1, 11, 20}))\n--> tensor({ 1,  1, 10})")

local samplers = {"Sequential", "Random", "SubsetRandom", "WeightedRandom", "Batch"}
for _, name in ipairs(samplers) do
  list[#list + 1] = entry(name .. "Sampler:iter", "() -> iterator", "One pass over the positions; what is drawn is drawn when "
    .. "the first is asked for.", "for i in data.SequentialSampler({\"a\", \"b\"}):iter() do print(i) end\n--> 1\n--> 2")
end

return list
