--[[
Datasets and loaders: orders that are PyTorch's from the same seed (tests/golden/nn.lua, by make_nn.py), batches of every kind
of dataset, FashionMNIST from the Debian package (its tests are pending where it is not installed), and clear errors.
]]

local ty = require "tycho"
local golden = require "support.golden"

local data = ty.data
local reference = assert(loadfile(golden.folder .. "nn.lua"))()

local function fails(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, "an error was expected")
  message = tostring(message)
  if not message:find(text, 1, true) then error(("expected an error with %q, got %q"):format(text, message), 2) end
  if not message:find("data_spec.lua:", 1, true) then error(("the error does not point here: %q"):format(message), 2) end
end

-- Lists of the positions in each batch of one pass.
local function pass(loader)
  local batches = {}
  for x in loader:iter() do batches[#batches + 1] = ty.is_tensor(x) and x:totable() or x end
  return batches
end

describe("the same seed gives PyTorch's order:", function()
  for i, row in ipairs(reference.loaders) do
    local options, generator, passes, after = table.unpack(row)
    it(("DataLoader %d: batch_size %d, shuffle %s, drop_last %s, own generator %s"):format(i, options.batch_size,
        options.shuffle, options.drop_last, generator), function()
      ty.manual_seed(0)
      local given = {}
      for name, value in pairs(options) do given[name] = value end
      if generator then given.generator = ty.Generator(0) end
      local loader = data.DataLoader(data.TensorDataset(ty.arange(1, 11)), given)
      assert.are.equal(#passes[1], #loader)
      for _, wanted in ipairs(passes) do assert.are.same(wanted, pass(loader)) end
      assert.is_nil(golden.differs(ty.rand(1), after))
    end)
  end

  it("an order does not depend on the kind of dataset", function()
    local wanted = reference.loaders[1][3][1]
    ty.manual_seed(0)
    assert.are.same(wanted, pass(data.DataLoader({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {batch_size = 4, shuffle = true})))
    ty.manual_seed(0)
    local subset = data.Subset(data.TensorDataset(ty.arange(1, 11)), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    assert.are.same(wanted, pass(data.DataLoader(subset, {batch_size = 4, shuffle = true})))
  end)

  for i, row in ipairs(reference.splits) do
    local seed, lengths, parts = table.unpack(row)
    it(("random_split %d"):format(i), function()
      local dataset = data.TensorDataset(ty.arange(1, 11))
      local got = {data.random_split(dataset, lengths, ty.Generator(seed))}
      local named = {data.random_split(dataset, lengths, {generator = ty.Generator(seed)})}
      ty.manual_seed(seed)
      local default = {data.random_split(dataset, lengths)}
      assert.are.equal(#parts, #got)
      for k, positions in ipairs(parts) do
        for _, part in ipairs {got[k], named[k], default[k]} do
          assert.are.equal(#positions, #part)
          for j, position in ipairs(positions) do assert.are.equal(position, part[j][1]:item()) end
        end
      end
    end)
  end
end)

describe("samplers draw as PyTorch's:", function()
  local drawn = assert(loadfile(golden.folder .. "data.lua"))()

  -- What a text such as "RandomSampler(ten)" makes, from seed 3.
  local function build(text)
    ty.manual_seed(3)
    local env = setmetatable({ten = {}, some = {8, 1, 4, 10, 5}, G = ty.Generator(5)}, {__index = data})
    for i = 1, 10 do env.ten[i] = i end
    return assert(load("return " .. text, "=text", "t", env))(), env
  end

  local function listed(source)
    local list = {}
    for x in source:iter() do list[#list + 1] = ty.is_tensor(x) and x:totable() or x end
    return list
  end

  for _, row in ipairs(drawn.samplers) do
    it(row[1], function()
      local sampler = build(row[1])
      assert.are.equal(#row[3][1], #sampler)
      for _, wanted in ipairs(row[3]) do assert.are.same(wanted, listed(sampler)) end
      assert.is_nil(golden.differs(ty.rand(1), row[4]))
    end)
  end

  for _, row in ipairs(drawn.loaders) do
    it("DataLoader " .. row[1], function()
      local _, env = build(row[1])
      local sets = {env.ten, data.TensorDataset(ty.arange(1, 11))}
      if row[1]:find("batch_size = false", 1, true) then sets[2] = nil end
      for _, set in ipairs(sets) do
        local options = build(row[1])
        local loader = data.DataLoader(set, options)
        assert.are.equal(#row[2][1], #loader)
        for _, wanted in ipairs(row[2]) do assert.are.same(wanted, listed(loader)) end
        assert.is_nil(golden.differs(ty.rand(1), row[3]))
      end
    end)
  end

  for _, row in ipairs(drawn.splits) do
    it("random_split by " .. table.concat(row[1], ", "), function()
      ty.manual_seed(0)
      local eleven = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
      for k, part in ipairs {data.random_split(eleven, row[1])} do
        assert.are.same(row[2][k], part.positions)
      end
    end)
  end

  it("and refuse what they cannot do", function()
    fails("num_samples", data.RandomSampler, {1, 2}, {num_samples = 0})
    fails("length", data.RandomSampler, {})
    fails("dataset", data.SequentialSampler, 3)
    fails("list", data.SubsetRandomSampler, 3)
    fails("weights", data.WeightedRandomSampler, {{1, 2}}, 2)
    fails("num_samples", data.WeightedRandomSampler, {1, 2}, 0)
    fails("drop_last", data.BatchSampler, {1, 2}, 2)
    fails("batch_size", data.BatchSampler, {1, 2}, 0, false)
    fails("sampler", data.BatchSampler, 3, 2, false)
  end)
end)

describe("datasets of one's own:", function()
  local Squares = data.class "Squares"
  function Squares:init(n) self.n = n end
  function Squares:len() return self.n end
  function Squares.get(_, i) return ty.tensor {i, i * i}, "n" .. i end

  local function letters(list, known)
    local Letters = data.class("Letters", data.IterableDataset)
    function Letters.iter()
      local i = 0
      return function()
        i = i + 1
        return list[i]
      end
    end
    if known then function Letters.len() return #list end end
    return Letters()
  end

  it("by position", function()
    local ds = Squares(4)
    assert.are.equal(4, #ds)
    assert.are.same({3, 9}, ds[3][1]:totable())
    assert.are.equal("n4", ds[-1][2])
    for x, names in data.DataLoader(ds, {batch_size = 3}):iter() do
      assert.are.same(#x == 3 and {{1, 1}, {2, 4}, {3, 9}} or {{4, 16}}, x:totable())
      assert.are.same(#x == 3 and {"n1", "n2", "n3"} or {"n4"}, names)
    end
    fails("count from 1", function() return ds[0] end)
    fails("out of range", function() return ds[5] end)
    local Roots = data.class("Roots", Squares)
    function Roots.get(_, i) return i ^ 0.5 end
    assert.are.equal(2.0, Roots(9)[4])
    assert.are.equal(9, #Roots(9))
  end)

  it("one after the other", function()
    local seen = {}
    for batch in data.DataLoader(letters {"a", "b", "c"}, {batch_size = 2}):iter() do seen[#seen + 1] = table.concat(batch) end
    assert.are.same({"ab", "c"}, seen)
    assert.are.same({{"a", "b"}}, pass(data.DataLoader(letters {"a", "b", "c"}, {batch_size = 2, drop_last = true})))
    assert.are.same({"a", "b"}, pass(data.DataLoader(letters {"a", "b"}, {batch_size = false})))
    assert.are.equal(2, #data.DataLoader(letters({"a", "b", "c"}, true), {batch_size = 2}))
    fails("length", function() return #data.DataLoader(letters {"a"}) end)
    local chain = data.ChainDataset {letters({"a", "b"}, true), letters({}, true), letters({"c"}, true)}
    assert.are.equal(3, #chain)
    assert.are.same({{"a", "b", "c"}}, pass(data.DataLoader(chain, {batch_size = 5})))
    local pairs_of = data.IterableDataset(function() return ipairs {7.5, 8.5} end)
    for i, x in data.DataLoader(pairs_of, {batch_size = 2}):iter() do
      assert.are.same({1, 2}, i:totable())
      assert.are.equal("float64", tostring(x.dtype))
    end
    fails("order of its own", data.DataLoader, pairs_of, {shuffle = true})
    fails("no positions", function() return pairs_of[1] end)
  end)

  it("say what is missing", function()
    local Empty = data.class "Empty"
    fails("Empty:get", Empty)
    fails("Stream:iter", data.class("Stream", data.IterableDataset))
    fails("name", data.class)
    fails("base", data.class, "A", {})
    fails("data.class", data.Dataset)
    fails("iterator", data.IterableDataset, 3)
  end)

  it("put together", function()
    local tensors = data.TensorDataset(ty.arange(1, 4), ty.arange(11, 14))
    local both = tensors + data.Subset(tensors, {3, 1})
    assert.are.equal(5, #both)
    assert.are.same({3, 5}, both.cumulative_sizes)
    assert.are.equal(13, both[4][2]:item())
    assert.are.equal(1, both[-1][1]:item())
    for x, y in data.DataLoader(both, {sampler = {5, 2, 4, 1}, batch_size = 4}):iter() do
      assert.are.same({1, 2, 3, 1}, x:totable())
      assert.are.same({11, 12, 13, 11}, y:totable())
    end
    assert.are.same({{1, 2, 3}, {4, 5, 6}}, pass(data.DataLoader(data.ConcatDataset {{1, 2}, {3}, {4, 5, 6}}, {batch_size = 3})))
    assert.are.equal(6, #(Squares(2) + Squares(4)))
    local stack = data.StackDataset(tensors, {"a", "b", "c"})
    assert.are.equal("c", stack[3][2])
    local named = data.StackDataset {image = tensors, name = {"a", "b", "c"}}
    for batch in data.DataLoader(named, {batch_size = 3}):iter() do
      assert.are.same({"a", "b", "c"}, batch.name)
      assert.are.same({11, 12, 13}, batch.image[2]:totable())
    end
    fails("list of datasets", data.ConcatDataset, {})
    fails("item 2: a dataset is needed", data.ConcatDataset, {tensors, 3})
    fails("iterable", data.ConcatDataset, {letters {"a"}})
    fails("no iterable", data.ChainDataset, {tensors})
    fails("differ in length", data.StackDataset, tensors, {1})
    fails("at least one", data.StackDataset)
    fails("out of range", function() return both[6] end)
  end)
end)

describe("default_collate:", function()
  it("goes into tables, and keeps what kind a value is of", function()
    local batch = data.default_collate {
      {x = ty.ones(2), deep = {1, {flag = true}}, name = "a", part = 0.5},
      {x = ty.zeros(2), deep = {2, {flag = false}}, name = "b", part = 1.5}}
    assert.are.same({{1.0, 1.0}, {0.0, 0.0}}, batch.x:totable())
    assert.are.same({1, 2}, batch.deep[1]:totable())
    assert.are.equal("int64", tostring(batch.deep[1].dtype))
    assert.are.equal("bool", tostring(batch.deep[2].flag.dtype))
    assert.are.same({"a", "b"}, batch.name)
    assert.are.equal("float64", tostring(batch.part.dtype))
  end)

  it("says what does not go together", function()
    fails("list of examples", data.default_collate, {})
    fails("one size", data.default_collate, {{1, 2}, {1}})
    fails("no field 'x'", data.default_collate, {{x = 1}, {y = 1}})
    fails("example 2", data.default_collate, {1, "a"})
    fails("collate_fn", data.default_collate, {print, print})
  end)
end)

describe("TensorDataset:", function()
  local x, y = ty.arange(12):reshape(6, 2), ty.arange(1, 7)
  local dataset = data.TensorDataset(x, y)

  it("has a length and examples, from both ends", function()
    assert.are.equal(6, #dataset)
    assert.are.same({2, 3}, dataset[2][1]:totable())
    assert.are.equal(2, dataset[2][2]:item())
    assert.are.equal(6, dataset[-1][2]:item())
    local a, b = dataset:get(3)
    assert.are.same({4, 5}, a:totable())
    assert.are.equal(3, b:item())
    assert.is_truthy(tostring(dataset):find("6", 1, true))
  end)

  it("gathers batches", function()
    local a, b = dataset:batch(ty.tensor {6, 1})
    assert.are.same({{10, 11}, {0, 1}}, a:totable())
    assert.are.same({6, 1}, b:totable())
  end)

  it("says what is wrong", function()
    fails("count from 1", function() return dataset[0] end)
    fails("out of range", function() return dataset[7] end)
    fails("out of range", function() return dataset[-7] end)
    fails("at least one", data.TensorDataset)
    fails("not a tensor", data.TensorDataset, {1, 2})
    fails("no dimensions", data.TensorDataset, ty.tensor(3))
    fails("agree", data.TensorDataset, ty.ones(3), ty.ones(4))
    fails("7", function() return dataset:batch(ty.tensor {7}) end)
  end)
end)

describe("Subset and random_split:", function()
  local dataset = data.TensorDataset(ty.arange(1, 11))

  it("a subset of a subset, from both ends", function()
    local inner = data.Subset(data.Subset(dataset, {5, 6, 7, 8}), ty.tensor {4, 2})
    assert.are.equal(2, #inner)
    assert.are.equal(8, inner[1][1]:item())
    assert.are.equal(6, inner[-1][1]:item())
    assert.are.same({{6, 8}}, pass(data.DataLoader(data.Subset(inner, {2, 1}), {batch_size = 5})))
  end)

  it("of a dataset of one's own", function()
    local subset = data.Subset({"a", "b", "c"}, {3, 1})
    assert.are.equal("c", subset[1])
    assert.are.same({{"c", "a"}}, pass(data.DataLoader(subset, {batch_size = 2})))
  end)

  it("say what is wrong", function()
    fails("1 to 10", data.Subset, dataset, {0})
    fails("1 to 10", data.Subset, dataset, {3, 11})
    fails("position 1", data.Subset, dataset, {1.5})
    fails("list", data.Subset, dataset, 3)
    fails("out of range", function() return data.Subset(dataset, {1})[2] end)
    fails("add up", data.random_split, dataset, {3, 3})
    fails("lengths", data.random_split, dataset, {})
    fails("lengths", data.random_split, dataset, 3)
    fails("lengths", data.random_split, dataset, {"a", 3})
    fails("lengths", data.random_split, dataset, {-1, 11})
    assert.is_false(pcall(data.random_split, dataset, {0.5, 0.6}))
    assert.is_false(pcall(data.random_split, dataset, {2.5, 7.5}))
  end)
end)

describe("DataLoader:", function()
  local dataset = data.TensorDataset(ty.arange(20):reshape(10, 2), ty.arange(1, 11))

  it("gives batches, the last one short, or drops it", function()
    local loader = data.DataLoader(dataset, {batch_size = 4})
    assert.are.equal(3, #loader)
    local sizes = {}
    for x, y in loader:iter() do sizes[#sizes + 1] = ("%d/%d"):format(#x, #y) end
    assert.are.same({"4/4", "4/4", "2/2"}, sizes)
    assert.are.equal(2, #data.DataLoader(dataset, {batch_size = 4, drop_last = true}))
    assert.are.equal(10, #data.DataLoader(dataset))
    assert.are.equal(2, #data.DataLoader(dataset, 5))
    assert.are.equal(1, #data.DataLoader(dataset, {batch_size = 100}))
    assert.are.equal(0, #data.DataLoader(dataset, {batch_size = 100, drop_last = true}))
    assert.are.same({}, pass(data.DataLoader(dataset, {batch_size = 100, drop_last = true})))
  end)

  it("can be passed over again, and twice at once", function()
    local loader = data.DataLoader(dataset, {batch_size = 5})
    assert.are.same(pass(loader), pass(loader))
    local a, b = loader:iter(), loader:iter()
    assert.are.equal(a()[1][1]:item(), b()[1][1]:item())
    assert.are.equal(a()[1][1]:item(), 10)
    assert.are.equal(b()[1][1]:item(), 10)
    assert.is_nil(a())
    assert.is_nil(a())
    local n = 0
    for _ in ty.progress(loader) do n = n + 1 end
    assert.are.equal(2, n)
  end)

  it("a pass that is left early leaves nothing behind", function()
    ty.manual_seed(0)
    local loader = data.DataLoader(data.TensorDataset(ty.arange(1, 11)), {batch_size = 4, shuffle = true})
    assert.is_truthy(loader:iter()())
    assert.are.same(reference.loaders[1][3][2], pass(loader))
  end)

  it("stacks the examples of a dataset of one's own, field by field", function()
    local own = setmetatable({}, {
      __len = function() return 5 end,
      __index = function(_, i) return {ty.full({2}, i * 1.0), i, i > 2, "n" .. i} end,
    })
    for x, y, flag, name in data.DataLoader(own, {batch_size = 5}):iter() do
      assert.are.same({{1.0, 1.0}, {2.0, 2.0}, {3.0, 3.0}, {4.0, 4.0}, {5.0, 5.0}}, x:totable())
      assert.are.equal("int64", tostring(y.dtype))
      assert.are.same({1, 2, 3, 4, 5}, y:totable())
      assert.are.same({false, false, true, true, true}, flag:totable())
      assert.are.same({"n1", "n2", "n3", "n4", "n5"}, name)
    end
  end)

  it("takes a collate_fn", function()
    local seen = {}
    local loader = data.DataLoader({10, 20, 30}, {batch_size = 2, collate_fn = function(examples)
      seen[#seen + 1] = table.concat(examples, "+")
      return #examples
    end})
    assert.are.same({2, 1}, pass(loader))
    assert.are.same({"10+20", "30"}, seen)
    local with_tensors = data.DataLoader(dataset, {batch_size = 10, collate_fn = function(examples) return #examples[1] end})
    assert.are.same({2}, pass(with_tensors))
  end)

  it("follows a sampler", function()
    local loader = data.DataLoader(data.TensorDataset(ty.arange(1, 11)), {batch_size = 2, sampler = {10, 1, 5}})
    assert.are.equal(2, #loader)
    assert.are.same({{10, 1}, {5}}, pass(loader))
    local tensor = data.DataLoader(data.TensorDataset(ty.arange(1, 11)), {batch_size = 2, sampler = ty.tensor {3, 3}})
    assert.are.same({{3, 3}}, pass(tensor))
  end)

  it("an empty dataset gives no batches", function()
    local empty = data.TensorDataset(ty.zeros(0, 2))
    assert.are.equal(0, #data.DataLoader(empty, {batch_size = 4}))
    assert.are.same({}, pass(data.DataLoader(empty, {batch_size = 4})))
    fails("empty", data.DataLoader, empty, {shuffle = true})
  end)

  it("says what is wrong", function()
    fails("dataset", data.DataLoader)
    fails("dataset", data.DataLoader, 3)
    fails("dataset", data.DataLoader, ty.ones(3))
    fails("batch_size", data.DataLoader, dataset, {batch_size = 0})
    fails("batch_size", data.DataLoader, dataset, {batch_size = 2.5})
    fails("batch_size", data.DataLoader, dataset, {batch_sizes = 2})
    fails("shuffle", data.DataLoader, dataset, {shuffle = 1})
    fails("sampler", data.DataLoader, dataset, {shuffle = true, sampler = {1}})
    fails("collate_fn", data.DataLoader, dataset, {collate_fn = 3})
    fails("batch_sampler", data.DataLoader, dataset, {batch_sampler = {{1}}, batch_size = 2})
    fails("drop", data.DataLoader, dataset, {batch_size = false, drop_last = true})
    fails("worker_init_fn", data.DataLoader, dataset, {num_workers = 2, worker_init_fn = print})
    fails("num_workers", data.DataLoader, dataset, {num_workers = -1})
    fails("sampler", data.DataLoader, dataset, {sampler = 3})
    assert.are.equal(10, #data.DataLoader(dataset, {num_workers = 4, pin_memory = true, persistent_workers = true}))
    assert.is_false(pcall(pass, data.DataLoader(dataset, {sampler = {11}})))
    assert.is_false(pcall(pass, data.DataLoader(dataset, {sampler = {0}})))
    local uneven = {ty.ones(2), ty.ones(3)}
    assert.is_false(pcall(pass, data.DataLoader(uneven, {batch_size = 2})))
  end)

  it("an error in a dataset of one's own reaches the loop", function()
    local own = setmetatable({}, {__len = function() return 2 end, __index = function() error("broken example", 0) end})
    local ok, message = pcall(pass, data.DataLoader(own, {batch_size = 2}))
    assert.is_false(ok)
    assert.is_truthy(tostring(message):find("broken example", 1, true))
  end)
end)

describe("FashionMNIST:", function()
  local package_folder = "/usr/share/datasets/fashion-mnist"
  local probe = io.open(package_folder .. "/t10k-images-idx3-ubyte.gz", "rb")
  local installed = probe ~= nil
  if probe then probe:close() end
  local function with_package(name, f)
    it(name, function()
      if not installed then return pending "the Debian package dataset-fashion-mnist is not installed" end
      f()
    end)
  end
  local folder

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir -p '%s'"):format(folder)))
  end)
  after_each(function() os.execute(("rm -rf '%s'"):format(folder)) end)

  local function read(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "a"
    file:close()
    return bytes
  end

  local function write(path, bytes)
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
  end

  with_package("training and test sets: shapes, classes, first labels", function()
    local train = data.FashionMNIST {root = package_folder, train = true, download = false}
    assert.are.equal(60000, #train)
    assert.are.same({60000, 28, 28}, train.data.shape)
    assert.are.equal("uint8", tostring(train.data.dtype))
    assert.are.equal("int64", tostring(train.targets.dtype))
    assert.are.equal(1, train.targets:min():item())
    assert.are.equal(10, train.targets:max():item())
    assert.are.equal(10, #train.classes)
    assert.are.same({10, 1, 1, 4, 1, 3, 8, 3, 6, 6}, train.targets:narrow(1, 1, 10):totable())
    assert.are.equal("Ankle boot", train.classes[train.targets[1]:item()])
    for class = 1, 10 do assert.are.equal(6000, train.targets:eq(class):sum():item()) end
    local test = data.FashionMNIST {train = false, download = false}
    assert.are.equal(10000, #test)
    assert.are.same({10, 3, 2, 2, 7, 2, 5, 7, 6, 8}, test.targets:narrow(1, 1, 10):totable())
  end)

  with_package("batches are float32 from 0 to 1, or normalised", function()
    local test = data.FashionMNIST {train = false, download = false}
    local scaled = data.FashionMNIST {train = false, download = false, normalize = {0.5, 0.25}}
    local x, y = data.DataLoader(test, {batch_size = 64}):iter()()
    local z = data.DataLoader(scaled, {batch_size = 64}):iter()()
    assert.are.same({64, 1, 28, 28}, x.shape)
    assert.are.same({64}, y.shape)
    assert.are.equal("float32", tostring(x.dtype))
    assert.are.equal(0.0, x:min():item())
    assert.are.equal(1.0, x:max():item())
    assert.is_true((x * 255):allclose(test.data:narrow(1, 1, 64):unsqueeze(2):float()))
    assert.is_true(z:allclose((x - 0.5) / 0.25, {atol = 1e-6}))
    assert.is_true(z[3]:allclose(scaled[3][1], {atol = 1e-6}))
    assert.is_true(x[3]:allclose(test[3][1]))
    assert.are.equal(y[3]:item(), test[3][2]:item())
  end)

  with_package("a folder that holds unpacked files, as torchvision leaves them", function()
    local raw = folder .. "/FashionMNIST/raw"
    assert(os.execute(("mkdir -p '%s'"):format(raw)))
    for _, name in ipairs {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"} do
      assert(os.execute(("gzip -dc '%s/%s.gz' > '%s/%s'"):format(package_folder, name, raw, name)))
    end
    assert.are.equal(10000, #data.FashionMNIST(folder, false, false))
  end)

  with_package("a file cut short, or one that is not what it should be, is an error that names it", function()
    local images, labels = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
    local bytes = read(package_folder .. "/" .. images)
    write(folder .. "/" .. labels, read(package_folder .. "/" .. labels))
    for _, length in ipairs {0, 1, 9, 100, #bytes // 2, #bytes - 1000} do
      write(folder .. "/" .. images, bytes:sub(1, length))
      fails(images, data.FashionMNIST, {root = folder, train = false, download = false})
    end
    write(folder .. "/" .. images, ("no gzip file at all "):rep(1000))
    fails(images, data.FashionMNIST, {root = folder, train = false, download = false})
    write(folder .. "/" .. images, read(package_folder .. "/" .. labels))
    fails("expected {n, 28, 28}", data.FashionMNIST, {root = folder, train = false, download = false})
    write(folder .. "/" .. images, bytes)
    write(folder .. "/" .. labels, read(package_folder .. "/train-labels-idx1-ubyte.gz"))
    fails("10000 images", data.FashionMNIST, {root = folder, train = false, download = false})
  end)

  it("a folder without the files, and no download, is an error that says where it looked", function()
    fails(folder, data.FashionMNIST, {root = folder, download = false})
    fails("dataset-fashion-mnist", data.FashionMNIST, {root = folder, download = false})
    fails("/nowhere/at/all", data.FashionMNIST, {root = "/nowhere/at/all", train = false, download = false})
  end)

  it("bad options are errors", function()
    fails("normalize", data.FashionMNIST, {normalize = {0.5}})
    fails("normalize", data.FashionMNIST, {normalize = {0.5, 0}})
    fails("normalize", data.FashionMNIST, {normalize = 0.5})
    fails("train", data.FashionMNIST, {train = "yes"})
    fails("root", data.FashionMNIST, {root = 3})
    fails("trains", data.FashionMNIST, {trains = true})
  end)
end)
