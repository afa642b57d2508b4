--[[
Reductions and cumulative sums on a CUDA device are those of the CPU: every dtype, sizes from nothing to several pieces of a
device, rows, columns and strides, NaN, and which of equals is first.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local describe = cuda.suite(describe, pending)

before_each(function() ty.manual_seed(5) end)

local floating = {"float16", "bfloat16", "float32", "float64"}
local whole = {"uint8", "int8", "int16", "int32", "int64", "bool"}

-- Numbers of both signs with many ties, exact in every dtype.
local function numbers(sizes, dtype)
  local n = 1
  for _, size in ipairs(sizes) do n = n * size end
  return (ty.arange(0, n) * 37 % 11 - 5):to(ty[dtype]):reshape(sizes)
end

describe("a reduction on CUDA", function()
  local function check(what, x, dim)
    for _, op in ipairs{"sum", "amax", "amin", "argmax", "argmin", "all", "any"} do
      compare.op(op .. " of " .. what, function(y) return y[op](y, dim) end, {x}, {backward = false})
    end
    -- Products that stay in range.
    compare.op("prod of " .. what, function(y) return y:prod(dim) end, {x:clamp(0, 1)}, {backward = false})
  end

  for _, dtype in ipairs(table.move(whole, 1, #whole, #floating + 1, {table.unpack(floating)})) do
    it("gives the CPU's values of " .. dtype, function()
      local function case(sizes, dim)
        local x = numbers(sizes, dtype)
        if dtype ~= "bool" then
          check(("%s {%s} over %d"):format(dtype, table.concat(sizes, ","), dim), x, dim)
        else
          for _, op in ipairs{"sum", "all", "any", "argmax", "amax"} do
            compare.op(op .. " of bool", function(y) return y[op](y, dim) end, {x}, {backward = false})
          end
        end
      end
      case({1}, 1)
      case({3, 5}, 1)
      case({3, 5}, 2)
      case({4, 70, 3}, 2)
      case({2, 700}, 2)
    end)
  end

  it("cuts long rows and columns into pieces whose states are joined", function()
    for _, x in ipairs{ty.randn(100003), ty.randn(2, 40001), ty.randn(30011, 3), ty.randn(9001, 40)} do
      for dim = 1, x:dim() do check(("randn %s over %d"):format(table.concat(x:size(), ","), dim), x, dim) end
      compare.op("sum of all", function(y) return y:sum() end, {x})
      compare.op("sum of all, as float64", function(y) return y:sum() end, {x:double()})
      compare.op("sum of all, as float16", function(y) return y:sum() end, {x:half() / 16}, {backward = false})
    end
  end)

  it("takes strides as they come", function()
    local x = numbers({6, 50, 14}, "float32")
    check("a transposed tensor", x:transpose(1, 3), 2)
    check("a transposed tensor", x:transpose(1, 2), 2)
    check("every third", x:as_strided({6, 16, 14}, {700, 42, 1}), 2)
    check("every second of the innermost", x:as_strided({6, 50, 7}, {700, 14, 2}), 3)
    check("an unaligned row", x:reshape(-1):narrow(1, 2, 4000), 1)
    check("one number repeated", ty.ones(1):expand{4, 300}, 2)
  end)

  it("gives the neutral value of nothing, and no values of no rows", function()
    for _, op in ipairs{"sum", "prod", "all", "any"} do
      compare.op(op .. " of nothing", function(y) return y[op](y, 1) end, {ty.zeros(0, 3)}, {backward = false})
      compare.op(op .. " of no rows", function(y) return y[op](y, 2) end, {ty.zeros(0, 3)}, {backward = false})
    end
  end)

  it("keeps NaN and says where it is first, and which of equals is first", function()
    for _, n in ipairs{5, 300, 20000} do
      local x = numbers({n}, "float32")
      for _, at in ipairs{1, n // 2, n} do
        local y = x:clone()
        y[at] = 0 / 0
        y[n] = 0 / 0
        check(("%d numbers with NaN at %d"):format(n, at), y, 1)
        assert.are.equal(at, y:to(cuda.device):argmax():item())
        assert.are.equal(at, y:to(cuda.device):argmin():item())
      end
      assert.are.equal(1, ty.ones(n):to(cuda.device):argmax():item())
      assert.are.equal(1, (ty.ones(n) * -math.huge):to(cuda.device):argmax():item())
      assert.are.equal(1, (ty.ones(n) * math.huge):to(cuda.device):argmin():item())
    end
  end)

  it("loses nothing to values far from 0, and adds up reduced dtypes in float32", function()
    local x = ty.randn(3, 5000) + 10000
    compare.op("var", function(y) return y:var(2) end, {x}, {backward = false})
    compare.op("var by columns", function(y) return y:var(1) end, {x}, {backward = false})
    compare.op("var of float16", function(y) return y:var(2) end, {ty.randn(3, 5000):half()}, {backward = false})
    assert.are.equal(30000, ty.ones(30000, {dtype = ty.float16}):to(cuda.device):sum():item())
    assert.are.equal(16777217 + 16777216, ty.ones(16777216 + 1, {dtype = ty.uint8}):to(cuda.device):sum():item() + 16777216)
  end)

  it("passes gradients back", function()
    for _, op in ipairs{"sum", "mean", "var", "amax", "logsumexp"} do
      compare.op(op, function(y) return y[op](y, 2) end, {ty.randn(7, 33)})
    end
  end)
end)

describe("cumsum on CUDA", function()
  it("gives the CPU's values of every dtype", function()
    for _, dtype in ipairs(table.move(whole, 1, #whole, #floating + 1, {table.unpack(floating)})) do
      for _, sizes in ipairs{{1}, {3, 5}, {2, 70, 3}, {1500}} do
        local x = numbers(sizes, dtype)
        for dim = 1, #sizes do
          compare.op("cumsum of " .. dtype, function(y) return y:cumsum(dim, {dtype = ty[dtype]}) end, {x}, {backward = false})
        end
      end
    end
  end)

  it("cuts few long rows and columns into pieces", function()
    for _, x in ipairs{ty.randn(50021), ty.randn(2, 9001), ty.randn(4001, 3), ty.randn(2, 700, 70)} do
      for dim = 1, x:dim() do
        compare.op("cumsum of " .. table.concat(x:size(), ","), function(y) return y:cumsum(dim) end, {x})
      end
    end
  end)
end)
