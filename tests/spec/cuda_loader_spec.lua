-- DataLoader's pin_memory and device: the same batches in the same order, in pinned memory or on the GPU.

local ty = require "tycho"
local cuda = require "support.cuda"

local describe = cuda.suite(describe, pending)
local data = ty.data

local function dataset() return data.TensorDataset(ty.arange(23):float():view(23, 1) * ty.ones(1, 3), ty.arange(23)) end

-- All batches of a pass as numbers, and what check says of each tensor.
local function pass(options, check)
  ty.manual_seed(11)
  local list = {}
  for x, y in data.DataLoader(dataset(), options):iter() do
    if check then check(x, y) end
    list[#list + 1] = {x:totable(), y:totable()}
  end
  return list
end

describe("a DataLoader", function()
  it("gives the same batches on the device", function()
    for _, options in ipairs {{batch_size = 5}, {batch_size = 5, shuffle = true}, {batch_size = 4, drop_last = true},
      {batch_size = 23}} do
      local expected = pass(options)
      options.device = "cuda"
      assert.are.same(expected, pass(options, function(x, y) assert.is_true(x.is_cuda and y.is_cuda) end))
      options.pin_memory = true
      assert.are.same(expected, pass(options))
    end
    assert.are.same(pass {batch_size = 6}, pass {batch_size = 6, device = "cpu"})
  end)

  it("gives pinned batches", function()
    local expected = pass {batch_size = 5, shuffle = true}
    assert.are.same(expected, pass({batch_size = 5, shuffle = true, pin_memory = true}, function(x, y)
      assert.is_true(x:is_pinned() and y:is_pinned())
    end))
  end)

  it("moves nested batches of its own collate function, and leaves other values", function()
    local seen = 0
    local loader = data.DataLoader({1, 2, 3, 4}, {batch_size = 2, device = "cuda", collate_fn = function(list)
      return {x = ty.tensor(list), names = {"a", list[1]}, deep = {{ty.ones(#list)}}}
    end})
    for batch in loader:iter() do
      seen = seen + 1
      assert.is_true(batch.x.is_cuda and batch.deep[1][1].is_cuda)
      assert.are.same({2 * seen - 1, 2 * seen}, batch.x:totable())
      assert.are.same({"a", 2 * seen - 1}, batch.names)
    end
    assert.are.equal(2, seen)
  end)

  it("refuses a device that is none", function()
    local ok, message = pcall(data.DataLoader, dataset(), {device = "gpu"})
    assert.is_false(ok)
    assert.is_truthy(message:find("names no device", 1, true), message)
  end)
end)
