-- Memory of a GPU: the figures of ty.cuda, a loop that drops tensors without thinking of memory, and running out of it.

local ty = require "tycho"
local cuda = require "support.cuda"

local describe = cuda.suite(describe, pending)
local MB = 1 << 20

describe("memory of a GPU", function()
  it("is counted", function()
    collectgarbage()
    ty.cuda.empty_cache()
    local before = ty.cuda.memory_allocated()
    local x = ty.zeros(MB, {device = "cuda"})
    assert.are.equal(before + 4 * MB, ty.cuda.memory_allocated())
    ty.cuda.reset_peak_memory_stats()
    local y = x + 1
    assert.is_true(ty.cuda.max_memory_allocated() >= before + 8 * MB)
    assert.is_true(ty.cuda.memory_reserved() >= ty.cuda.memory_allocated())
    local free, total = ty.cuda.mem_get_info()
    assert.is_true(free < total and total == ty.cuda.get_device_properties().total_memory)
    assert.are.equal(1.0, y[MB]:item())
    x, y = nil, nil -- luacheck: ignore
    ty.cuda.empty_cache()
    assert.are.equal(before, ty.cuda.memory_allocated())
    assert.are.equal(before, ty.cuda.memory_reserved())
  end)

  it("stays bounded in a loop that drops tensors", function()
    collectgarbage()
    ty.cuda.reset_peak_memory_stats()
    local before = ty.cuda.memory_allocated()
    for _ = 1, 300 do
      local x = ty.zeros(MB // 4, {device = "cuda"})
      x = x + 1 -- luacheck: ignore
    end
    assert.is_true(ty.cuda.max_memory_allocated() - before < 100 * MB, ty.cuda.max_memory_allocated())
  end)
end)

describe("running out of memory of a GPU", function()
  -- A program of its own, on a device with 64 MB.
  local function on_small_device(code)
    return cuda.run({TYCHO_CUDA_PLUGIN = os.getenv "TYCHO_CUDA_PLUGIN", EMULATED_CUDA_MEMORY = 64 * MB}, code)
  end

  it("is an error with the sizes, after which all goes on", function()
    if not cuda.emulated then return pending "needs the emulated device" end
    local text, ok = on_small_device [[
      local kept = ty.ones(1000, {device = "cuda"})
      print(pcall(ty.zeros, 32 * 1024 * 1024, {device = "cuda"}))
      print((kept + 1):cpu():sum():item(), (ty.zeros(1000000, {device = "cuda"}) + 1)[1]:item())
    ]]
    assert.is_truthy(ok, text)
    assert.is_truthy(text:find("out of memory on cuda:0: 128.0 MB asked for", 1, true), text)
    assert.is_truthy(text:find("2000.0\t1.0", 1, true), text)
  end)

  it("collects what is no longer used and tries once more", function()
    if not cuda.emulated then return pending "needs the emulated device" end
    local text, ok = on_small_device [[
      collectgarbage "stop"
      local x
      for i = 1, 40 do x = ty.full({2 * 1024 * 1024}, i, {device = "cuda", dtype = "float32"}) end
      print(x[1]:item())
    ]]
    assert.is_truthy(ok, text)
    assert.are.equal("40.0\n", text)
  end)
end)
