-- What a user of PyTorch does with devices, from Lua: choosing them, moving tensors, modules and optimisers, printing, reading
-- and subscripting tensors of a GPU, saving and loading them, the default device, and clear errors.

local ty = require "tycho"
local cuda = require "support.cuda"

local describe = cuda.suite(describe, pending)
local nn, optim = ty.nn, ty.optim

local function fails(text, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  assert.is_truthy(tostring(message):find(text, 1, true), tostring(message))
end

describe("devices", function()
  it("are counted, named and chosen", function()
    assert.is_true(ty.cuda.is_available())
    assert.is_nil(ty.cuda.unavailable())
    local count = ty.cuda.device_count()
    assert.is_true(count >= 1)
    local properties = ty.cuda.get_device_properties(0)
    assert.are.equal(properties.name, ty.cuda.get_device_name "cuda:0")
    assert.is_true(properties.total_memory > 0 and properties.multi_processor_count > 0)
    local major, minor = ty.cuda.get_device_capability()
    assert.are.same({properties.major, properties.minor}, {major, minor})
    assert.are.equal(0, ty.cuda.current_device())
    fails("cuda:" .. count, ty.cuda.set_device, count)
    fails("a CUDA device is needed", ty.cuda.get_device_name, "cpu")
    if count < 2 then return end
    ty.cuda.set_device(1)
    assert.are.equal("cuda:1", tostring(ty.zeros(2, {device = "cuda"}).device))
    ty.cuda.set_device "cuda:0"
    assert.are.equal(1, ty.cuda.device(1, function() return ty.cuda.current_device() end))
    assert.are.equal(0, ty.cuda.current_device())
    local x = ty.ones(2, {device = "cuda:1"}) -- work there changes nothing
    assert.are.equal(0, (ty.cuda.current_device()))
    assert.are.same({2.0, 2.0}, (x + x):totable())
    assert.are.equal("cuda:0", tostring(x:cuda(0).device))
    assert.are.same({1.0, 1.0}, x:to("cuda:0"):totable())
  end)

  it("that differ are an error that names both and the cure", function()
    local x, y = ty.ones(2), ty.ones(2, {device = "cuda"})
    fails("add: tensors on different devices, cpu and cuda:0; move one: x:to('cuda:0')", function() return x + y end)
    fails("tensors on different devices, cuda:0 and cpu", function() return y * x end)
    assert.are.same({3.0, 3.0}, (y + 2):totable()) -- numbers go anywhere
    assert.are.same({2.0, 2.0}, (y + ty.tensor(1.0)):totable())
  end)

  it("can be the default", function()
    ty.set_default_device "cuda"
    local ok, message = pcall(function()
      assert.are.equal("cuda:0", tostring(ty.get_default_device()))
      assert.is_true(ty.zeros(2).is_cuda and ty.tensor({1, 2}).is_cuda and ty.full({2}, 3).is_cuda)
      assert.is_false(ty.zeros(2, {device = "cpu"}).is_cuda)
      assert.is_false(ty.ones_like(ty.zeros(1, {device = "cpu"})).is_cuda)
    end)
    ty.set_default_device "cpu"
    assert(ok, message)
    assert.is_false(ty.zeros(2).is_cuda)
  end)
end)

describe("a tensor of a GPU", function()
  local x = ty.tensor {{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}
  local g = x:to(cuda.device)

  it("is moved there and back, with its gradient", function()
    assert.is_true(g.is_cuda)
    assert.is_false(x.is_cuda)
    assert.are.same(x:totable(), g:cpu():totable())
    assert.are.equal(g, g:cuda())
    assert.are.same(x:t():totable(), x:t():cuda():totable())
    assert.are.equal("int64", tostring(x:to(cuda.device, "int64").dtype))
    local leaf = ty.ones(3, {requires_grad = true})
    local y = leaf:cuda() * 3
    y:backward(ty.ones(3, {device = "cuda"}))
    assert.are.same({3.0, 3.0, 3.0}, leaf.grad:totable())
    assert.is_false(leaf.grad.is_cuda)
  end)

  it("prints, reads and is subscripted by numbers", function()
    assert.are.equal("tensor({{1., 2., 3.},\n        {4., 5., 6.}}, {device = \"cuda:0\"})", tostring(g))
    assert.are.equal(5.0, g[2][2]:item())
    assert.are.equal(6.0, g[{2, 3}]:item())
    assert.are.same({{2.0, 3.0}, {5.0, 6.0}}, g[{{}, {2, 3}}]:totable())
    local y = g:clone()
    y[{1, 1}] = 9
    y[2] = 0
    assert.are.same({{9.0, 2.0, 3.0}, {0.0, 0.0, 0.0}}, y:totable())
    assert.are.same(x:tolist(), g:tolist())
    assert.are.equal(2, #g)
  end)

  it("is saved with its device and loaded where it is asked for", function()
    local path = os.tmpname()
    ty.save({weight = g, list = {g, x}}, path)
    local file = assert(io.open(path, "rb"))
    assert.is_truthy(file:read "a":find("cuda:0", 1, true))
    file:close()
    local home, here, there = ty.load(path), ty.load(path, {map_location = "cpu"}), ty.load(path, {map_location = "cuda"})
    assert.are.same({true, false, true}, {home.weight.is_cuda, here.weight.is_cuda, there.weight.is_cuda})
    assert.is_false(home.list[2].is_cuda)
    assert.are.same(x:totable(), home.weight:totable())
    assert.are.same(x:totable(), here.weight:totable())
    assert.are.same(x:totable(), there.list[2]:totable())
    assert.are.equal(there.weight, there.list[1])
    local asked = {}
    local mixed = ty.load(path, {map_location = function(location)
      asked[#asked + 1] = location
      if location == "cpu" then return "cuda" end
    end})
    table.sort(asked)
    assert.are.same({"cpu", "cuda:0"}, asked)
    assert.are.same({true, true}, {mixed.weight.is_cuda, mixed.list[2].is_cuda})
    fails("not today", ty.load, path, {map_location = function() error "not today" end})
    assert.is_false(ty.load(path, {map_location = {["cuda:0"] = "cpu"}}).weight.is_cuda)
    if cuda.count > 1 then
      assert.are.equal("cuda:1", tostring(ty.load(path, {map_location = "cuda:1"}).weight.device))
      local turned = ty.load(path, {map_location = {["cuda:0"] = "cuda:1"}})
      assert.are.same({"cuda:1", "cpu"}, {tostring(turned.weight.device), tostring(turned.list[2].device)})
    end
    local program = ("print(ty.load(%q).weight.device)"):format(path)
    assert.are.equal("cpu\n", (cuda.run({TYCHO_CUDA_PLUGIN = "/nowhere"}, program)))
    os.remove(path)
  end)

  it("keeps the memory that tensors of a file share", function()
    local path = os.tmpname()
    local base = ty.zeros(4, 3, {device = "cuda"})
    local weight = ty.nn.Parameter(ty.ones(2, {device = "cuda"}))
    ty.save({base = base, row = base[2], weight = weight, tied = weight, empty = ty.zeros(0, {device = "cuda"})}, path)
    for _, place in ipairs{"cuda", "cpu"} do
      local found = ty.load(path, {map_location = place})
      found.row:fill_(5)
      assert.are.equal(15, found.base:sum():item())
      assert.are.equal(found.weight, found.tied)
      assert.is_true(found.weight.requires_grad)
      assert.are.equal(place == "cuda", found.empty.is_cuda)
    end
    os.remove(path)
  end)

  it("may come from pinned memory without waiting", function()
    local pinned = x:pin_memory()
    assert.is_true(pinned:is_pinned())
    assert.is_false(x:is_pinned())
    assert.are.equal(pinned, pinned:pin_memory())
    assert.are.same(x:totable(), pinned:to("cuda", {non_blocking = true}):totable())
    assert.are.same({{1, 2, 3}, {4, 5, 6}}, pinned:to("cuda", "int64", {non_blocking = true}):totable())
    local back = g:to("cpu", {non_blocking = true})
    ty.cuda.synchronize()
    assert.are.same(x:totable(), back:totable())
    assert.is_true(back:is_pinned())
    fails("pin_memory: the tensor lies on cuda:0", g.pin_memory, g)
  end)
end)

describe("a module", function()
  local function net()
    ty.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
  end

  it("moves with its parameters' identity, gradients and buffers", function()
    local model = net()
    local weight = model[1].weight
    weight.grad = ty.ones(4, 3)
    local before = weight:totable()
    assert.are.equal(model, model:cuda())
    assert.are.equal(weight, model[1].weight)
    assert.is_true(weight.is_cuda and weight.is_leaf and weight.grad.is_cuda)
    assert.is_true(model[2].running_mean.is_cuda and model[2].num_batches_tracked.is_cuda)
    assert.are.same(before, weight:totable())
    model:cpu()
    assert.is_false(weight.is_cuda or weight.grad.is_cuda or model[2].running_mean.is_cuda)
    model:to(cuda.device, {non_blocking = true})
    assert.is_true(weight.is_cuda)
    if cuda.count > 1 then assert.are.equal("cuda:1", tostring(model:cuda(1)[1].weight.device)) end
  end)

  it("goes on with an optimiser that was made before, whose state follows the parameters", function()
    local function trained(move)
      local w = nn.Parameter(ty.tensor {1.0, -2.0, 0.5})
      local opt = optim.SGD({w}, {lr = 0.1, momentum = 0.9})
      local saved
      for step = 1, 3 do
        if step == 2 and move then
          saved = opt:state_dict()
          w.data = w:detach():cuda()
          opt:load_state_dict(saved)
        end
        w.grad = w:detach() * 2
        opt:step()
      end
      return w
    end
    local here, there = trained(false), trained(true)
    assert.is_true(there.is_cuda)
    for i, value in ipairs(here:totable()) do assert.is_true(math.abs(value - there:totable()[i]) < 1e-6) end
  end)
end)

describe("settings", function()
  it("of TF32 can be made", function()
    assert.is_false(ty.backends.cuda.matmul.allow_tf32)
    assert.is_true(ty.backends.cudnn.allow_tf32)
    ty.backends.cuda.matmul.allow_tf32 = true
    assert.are.equal("high", ty.get_float32_matmul_precision())
    ty.set_float32_matmul_precision "highest"
    assert.is_false(ty.backends.cuda.matmul.allow_tf32)
    fails("has no setting 'allow'", function() ty.backends.cudnn.allow = true end)
    fails("true or false", function() ty.backends.cudnn.allow_tf32 = 1 end)
  end)

  it("of cuDNN can be made, and say whether it is there", function()
    local cudnn = ty.backends.cudnn
    assert.is_true(cudnn.enabled)
    assert.are.equal(cudnn.version() ~= nil, cudnn.is_available())
    for _, name in ipairs{"enabled", "deterministic"} do
      local before = cudnn[name]
      cudnn[name] = not before
      assert.are.equal(not before, cudnn[name])
      cudnn[name] = before
    end
    cudnn.benchmark = false
    assert.is_false(cudnn.benchmark)
    fails("leave it false", function() cudnn.benchmark = true end)
    assert.is_false(cudnn.benchmark)
    fails("has no setting 'version'; it has allow_tf32, enabled, deterministic, benchmark", function() cudnn.version = 1 end)
    assert.is_nil(cudnn.nothing)
  end)

  it("of cuDNN take convolutions from it and give them back", function()
    if not cuda.emulated then return end
    local code = [[
      local ty = require "tycho"
      local cudnn = ty.backends.cudnn
      local x, w = ty.randn(2, 3, 8, 8):to "cuda", ty.randn(4, 3, 3, 3):to "cuda"
      local function conv(enabled)
        cudnn.enabled = enabled
        return ty.F.conv2d(x, w)
      end
      local first, without, again = conv(true), conv(false), conv(true)
      print(cudnn.version(), cudnn.is_available(), first:equal(again), first:equal(without))
    ]] -- the emulated cuDNN rounds to TF32, the emulated cuBLAS does not
    local there = cuda.run({EMULATED_CUDA_CUDNN = 1}, code)
    assert.are.equal("91300 true true false", (there:gsub("%s+", " "):gsub(" $", "")))
    local missing = cuda.run({EMULATED_CUDA_CUDNN = 0}, code)
    assert.are.equal("nil false true true", (missing:gsub("%s+", " "):gsub(" $", "")))
    local no_gpu = cuda.run({EMULATED_CUDA_DEVICES = 0}, [[
      local ty = require "tycho"
      ty.backends.cudnn.enabled = false
      print(ty.backends.cudnn.version(), ty.backends.cudnn.is_available(), ty.backends.cudnn.enabled)
    ]])
    assert.are.equal("nil false false", (no_gpu:gsub("%s+", " "):gsub(" $", "")))
  end)

  it("of the random generators go and come as PyTorch stores them", function()
    ty.cuda.manual_seed(258)
    local state = ty.cuda.get_rng_state()
    assert.are.same({2, 1, 0, 0, 0, 0, 0, 0}, state:narrow(1, 1, 8):totable())
    ty.cuda.manual_seed_all(5)
    ty.cuda.set_rng_state(state)
    assert.are.same(state:totable(), ty.cuda.get_rng_state("cuda:0"):totable())
    fails("uint8 tensor of 16", ty.cuda.set_rng_state, ty.zeros(3))
  end)
end)
