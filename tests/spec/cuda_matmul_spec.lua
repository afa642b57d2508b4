--[[
Products on a CUDA device give the CPU's numbers: every dtype, layout, batch and broadcast, bias and scale, and gradients.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local F = ty.F
local floating = {ty.float32, ty.float64, ty.float16, ty.bfloat16}
local integers = {ty.uint8, ty.int8, ty.int16, ty.int32, ty.int64}

local function random(dtype, ...)
  if dtype.is_floating_point then return ty.randn(...):to(dtype) end
  return ty.randint(-100, 100, {...}):to(dtype)
end

local function matmul(a, b) return a:matmul(b) end

cuda.suite(describe, pending)("cuda matmul", function()
  before_each(function() ty.manual_seed(3) end)

  it("multiplies matrices of all sizes and floating dtypes", function()
    for _, dtype in ipairs(floating) do
      for _, s in ipairs{{1, 1, 1}, {3, 5, 2}, {17, 33, 65}, {1, 100, 7}, {64, 1, 64}, {70, 130, 90}} do
        local a, b = random(dtype, s[1], s[2]), random(dtype, s[2], s[3])
        compare.run(("%s %dx%dx%d"):format(dtype, s[1], s[2], s[3]), matmul, {a, b})
      end
    end
  end)

  it("multiplies integers, which wrap around", function()
    for _, dtype in ipairs(integers) do
      for _, s in ipairs{{1, 1, 1}, {3, 5, 2}, {65, 17, 130}, {64, 100, 64}} do
        local a, b = random(dtype, s[1], s[2]), random(dtype, s[2], s[3])
        compare.run(("%s"):format(dtype), matmul, {a, b}, {backward = false})
        compare.run(("%s, transposed"):format(dtype), function(x, y) return x:t():matmul(y:t()) end,
          {random(dtype, s[2], s[1]), random(dtype, s[3], s[2])}, {backward = false})
      end
      compare.run(("%s, batches"):format(dtype), matmul, {random(dtype, 4, 3, 5), random(dtype, 4, 5, 2)}, {backward = false})
    end
  end)

  it("takes transposes, and strides that cuBLAS does not", function()
    for _, dtype in ipairs{ty.float32, ty.float16} do
      local a, b = random(dtype, 12, 18), random(dtype, 18, 20)
      compare.run("both transposed", function(x, y) return y:t():matmul(x:t()) end, {a, b})
      compare.run("every other column", function(x, y) return x[{{}, {1, -1, 2}}]:matmul(y[{{1, -1, 2}, {1, -1, 3}}]) end, {a, b})
      compare.run("every other row", function(x, y) return x[{{1, -1, 2}}]:matmul(y) end, {a, b})
      compare.run("one row for all", function(x, y) return x[{{1, 1}}]:expand(6, 18):matmul(y) end, {a, b})
      compare.run("one column", function(x, y) return x:matmul(y[{{}, {2, 2}}]) end, {a, b})
      compare.run("overlapping windows", function(x, y) return x:reshape(-1):unfold(1, 18, 5):matmul(y) end, {a, b},
        {backward = false})
    end
  end)

  it("multiplies batches and broadcasts them", function()
    for _, s in ipairs{
      {{4, 3, 5}, {4, 5, 2}}, {{4, 3, 5}, {5, 2}}, {{3, 5}, {4, 5, 2}}, {{2, 1, 3, 5}, {4, 5, 6}}, {{2, 3, 4, 5}, {2, 3, 5, 1}},
      {{5}, {5}}, {{5}, {5, 3}}, {{3, 5}, {5}}, {{2, 3, 5}, {5}}, {{6, 1, 5}, {5, 3}},
    } do
      compare.run("batches", matmul, {ty.randn(s[1]), ty.randn(s[2])})
      compare.run("transposed batches", function(a, b)
        return a:transpose(-1, 1):contiguous():transpose(-1, 1):matmul(b)
      end, {ty.randn(s[1]), ty.randn(s[2])})
    end
  end)

  it("knows what empty matrices are", function()
    for _, dtype in ipairs{ty.float32, ty.float16, ty.int32} do
      for _, s in ipairs{{0, 3, 2}, {3, 0, 2}, {3, 2, 0}} do
        compare.run("empty", matmul, {random(dtype, s[1], s[2]), random(dtype, s[2], s[3])}, {backward = false})
      end
    end
    compare.run("no columns, and a bias", F.linear, {ty.zeros(3, 0), ty.zeros(4, 0), ty.randn(4)}, {backward = false})
  end)

  it("adds bias and what was there, with their factors", function()
    for _, dtype in ipairs(floating) do
      compare.run("linear", F.linear, {random(dtype, 9, 33), random(dtype, 40, 33), random(dtype, 40)})
      compare.run("addmm", function(c, a, b) return ty.addmm(c, a, b, {beta = 0.5, alpha = 2}) end,
        {random(dtype, 6, 7), random(dtype, 6, 5), random(dtype, 5, 7)})
      compare.run("baddbmm", ty.baddbmm, {random(dtype, 3, 6, 7), random(dtype, 3, 6, 5), random(dtype, 3, 5, 7)})
    end
    compare.run("integers", function(c, a, b) return ty.addmm(c, a, b, {alpha = 3}) end,
      {random(ty.int16, 6, 7), random(ty.int16, 6, 5), random(ty.int16, 5, 7)}, {backward = false})
  end)

  it("has 16-bit sums in float32, rounded once", function()
    local ones = ty.ones(1, 4096, {dtype = ty.float16})
    assert.equal(4096, ones:to(cuda.device):matmul(ones:t():to(cuda.device)):item()) -- float16 sums would stop at 2048
  end)

  it("keeps NaN where it belongs", function()
    local a = ty.randn(4, 4)
    a[{2, 3}] = 0 / 0
    compare.run("NaN", matmul, {a, ty.randn(4, 4)}, {backward = false})
  end)

  it("says that masks do not multiply", function()
    local mask = ty.ones(2, 2, {dtype = ty.bool}):to(cuda.device)
    assert.error_matches(function() return mask:matmul(mask) end, "masks")
  end)
end)
