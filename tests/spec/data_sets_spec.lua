-- Data sets from files: digits, corrupt digits and the script that makes them, CSV files, image folders. The real digits are
-- looked for beside the repository, and what needs them is skipped where they are not.
local ty = require "tycho"
local data = ty.data

local digits = "../shared/data/mnist"
local program = os.getenv "TYCHO_BIN" or "build/tycho"
local folder

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

local function spill(name, text)
  local f = assert(io.open(folder .. "/" .. name, "wb"))
  f:write(text)
  f:close()
  return folder .. "/" .. name
end

local function refused(what, f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(text:find("data_sets_spec.lua:", 1, true), text)
  assert.truthy(text:find(what, 1, true), text)
end

local function shape(x) return {table.unpack(x.shape)} end

describe("data sets", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)
  teardown(function() os.execute("rm -rf " .. folder) end)

  it("MNIST is read from its folder", function()
    if not exists(digits .. "/t10k-labels-idx1-ubyte.gz") then return pending "the digits are not there" end
    local test = data.MNIST {root = digits, train = false, download = false}
    assert.are.equal(10000, #test)
    assert.are.equal("7 - seven", test.classes[test.targets[1]:item()]) -- the first test digit is a seven
    local x, y = data.DataLoader(test, {batch_size = 100}):iter()()
    assert.are.same({100, 1, 28, 28}, shape(x))
    assert.is_true(x:max():item() <= 1 and y:min():item() >= 1)
    refused("train-images-idx3-ubyte.gz is not in " .. digits, data.MNIST, {root = digits, download = false})
  end)

  it("corrupt MNIST is made from digits, each block turned by one angle", function()
    if not exists(digits .. "/t10k-labels-idx1-ubyte.gz") then return pending "the digits are not there" end
    local made = folder .. "/corrupt"
    local command = ("%s scripts/make_corruptmnist.lua %s --root %s --test-only >%s/log"):format(program, made, digits, folder)
    assert(os.execute(command))
    local train, test = data.CorruptMNIST {root = made}, data.CorruptMNIST {root = made, train = false}
    assert.are.equal(8000, #train)
    assert.are.equal(2000, #test)
    assert.are.same({8000, 1, 28, 28}, shape(train.data))
    assert.are.equal(ty.float32, train.data.dtype)
    local whole = data.MNIST {root = digits, train = false}
    assert.is_true(train.targets:equal(whole.targets[{{1, 8000}}]))
    -- turned, not the same, and about as much ink
    local before, after = whole.data[{{1, 4000}}]:float():sum():item() / 255, train.data[{{1, 4000}}]:sum():item()
    assert.is_true(math.abs(after / before - 1) < 0.02)
    assert.is_false(train.data[1][1]:allclose(whole.data[1]:float() / 255))
    -- the files count classes from 0, as PyTorch's do
    assert.are.equal(whole.targets[1]:item() - 1, ty.load(made .. "/train_target_0.pt")[1]:item())
    local normal = data.CorruptMNIST {root = made, normalize = true}.data
    assert.is_true(math.abs(normal:mean():item()) < 1e-4 and math.abs(normal:std():item() - 1) < 1e-4)
  end)

  it("corrupt MNIST that is not there says how to make it", function()
    refused("scripts/make_corruptmnist", data.CorruptMNIST, {root = "/nowhere"})
    ty.save(ty.rand(3, 28, 28), folder .. "/test_images.pt")
    ty.save(ty.tensor {1, 2}, folder .. "/test_target.pt")
    refused("does not hold 3 targets", data.CorruptMNIST, {root = folder, train = false})
  end)

  it("CSV columns become inputs and a target", function()
    local path = spill("iris.csv", "length,width,kind\n5.1,3.5,setosa\n7.0,3.2,versicolor\n6.3,3.3,virginica\n4.9,3.0,setosa\n")
    local set = data.CSV(path, "kind")
    assert.are.equal(4, #set)
    assert.are.same({"length", "width"}, set.features)
    assert.are.same({"setosa", "versicolor", "virginica"}, set.classes)
    assert.is_true(set.tensors[2]:equal(ty.tensor {1, 2, 3, 1}))
    assert.are.equal(ty.float32, set.tensors[1].dtype)
    assert.are.same({4, 1}, shape(data.CSV(path, {target = "width", features = {"length"}}).tensors[1]))
    assert.are.equal(ty.float32, data.CSV(path, {target = 2, features = {1}}).tensors[2].dtype)
    assert.are.equal(1, #data.CSV(path, {features = {"width"}}).tensors)
    for x, y in data.DataLoader(set, {batch_size = 2, shuffle = true}):iter() do
      assert.are.same({2, 2}, shape(x))
      assert.are.same({2}, shape(y))
    end
    refused("the columns are: length, width, kind", data.CSV, path, "colour")
    refused("no column for the inputs", data.CSV, spill("one.csv", "a\n1\n"), "a")
  end)

  it("images lie in a folder for each class", function()
    assert(os.execute(("mkdir -p %s/images/cat/more %s/images/dog %s/empty/x"):format(folder, folder, folder)))
    for i = 1, 3 do
      ty.io.write_png(ty.full({3, 4, 5}, i, {dtype = ty.uint8}), ("%s/images/cat/%d.png"):format(folder, i))
      ty.io.write_jpeg(ty.full({4, 5}, 255, {dtype = ty.uint8}), ("%s/images/dog/%d.JPG"):format(folder, i))
    end
    ty.io.write_png(ty.zeros({3, 4, 5}, {dtype = ty.uint8}), folder .. "/images/cat/more/1.png")
    local set = data.ImageFolder(folder .. "/images")
    assert.are.same({"cat", "dog"}, set.classes)
    assert.are.same({cat = 1, dog = 2}, set.class_to_idx)
    assert.are.same({1, 1, 1, 1, 2, 2, 2}, set.targets)
    local image, class = table.unpack(set[2])
    assert.are.same({3, 4, 5}, shape(image))
    assert.is_true(math.abs(image[1][1][1]:item() - 2 / 255) < 1e-6)
    assert.are.equal(1, class)
    for x, y in data.DataLoader(set, {batch_size = 7}):iter() do
      assert.are.same({7, 3, 4, 5}, shape(x))
      assert.is_true(y:equal(ty.tensor(set.targets)))
    end
    local grey = data.ImageFolder(folder .. "/images", {mode = "GRAY", transform = function(x) return x * 0 end,
      target_transform = function(y) return -y end})
    assert.are.same({1, 4, 5}, shape(grey[1][1]))
    assert.are.equal(-1, grey[1][2])
    refused("no PNG or JPEG images", data.ImageFolder, folder .. "/empty")
    refused("has no folders", data.ImageFolder, folder .. "/empty/x")
    refused("/nowhere", data.ImageFolder, "/nowhere")
  end)

  it("what data there is in a file of a whole module is read when asked for", function()
    local path = "tests/golden/files/refused_module.pt"
    refused("partial = true", ty.load, path)
    local module = ty.load(path, {partial = true})
    assert.are.equal("torch.nn.modules.linear.Linear", module.__class__)
    assert.are.same({2, 2}, shape(module._parameters.weight))
    assert.are.equal(2, module.in_features)
    assert.are.same({2, 2}, shape(ty.load("tests/golden/files/refused_script.pt", {partial = true}).weight))
    assert.are.equal(0, #data.TensorDataset(ty.zeros(0, 1))) -- and loading goes on
    refused("partial = true", ty.load, path, {weights_only = false})
    if not ty.cuda.is_available() then refused("not available", ty.load, path, {map_location = "cuda"}) end
    for _, place in ipairs {"cpu", ty.zeros(1).device, {["cuda:0"] = "cpu"}} do
      assert.is_table(ty.load(path, {partial = true, map_location = place}))
    end
  end)
end)
