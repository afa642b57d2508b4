--[[
Pointwise kernels on a CUDA device, by every way in which they find their elements: whole vectors, what is broadcast along
rows and along columns, rows that are not aligned, elements with gaps, other dtypes than are computed in, and single numbers.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

-- f of operands on the device gives what it gives on the CPU.
local function same(what, f, ...)
  local there = {}
  for i, x in ipairs{...} do there[i] = x:to(cuda.device) end
  compare.near(f(...), f(table.unpack(there)):cpu(), what)
end

local function add(x, y) return x + y end

cuda.suite(describe, pending)("cuda pointwise", function()
  before_each(function() ty.manual_seed(3) end)

  it("broadcasts along rows, columns and both, whatever the widths", function()
    for _, width in ipairs{1, 3, 4, 10, 64, 129, 512} do
      for _, rows in ipairs{1, 5, 33} do
        for _, dtype in ipairs{"float32", "float64", "float16", "int64", "int32"} do
          local x = (ty.rand(rows, width) * 100):to(dtype)
          local what = ("%d x %d of %s"):format(rows, width, dtype)
          same(what .. " + row", add, x, (ty.rand(width) * 100):to(dtype))
          same(what .. " + column", add, x, (ty.rand(rows, 1) * 100):to(dtype))
          same(what .. " column + row", add, (ty.rand(rows, 1) * 100):to(dtype), (ty.rand(width) * 100):to(dtype))
          same(what .. " < row", function(a, b) return a:lt(b) end, x, (ty.rand(width) * 100):to(dtype))
        end
      end
    end
    same("three dimensions", add, ty.rand(7, 1, 12), ty.rand(5, 12))
    same("channels of images", add, ty.rand(3, 5, 6, 8), ty.rand(5, 1, 1))
    same("channels of odd images", add, ty.rand(3, 5, 3, 7), ty.rand(5, 1, 1))
  end)

  it("takes parts of tensors, aligned or not", function()
    local x, y = ty.rand(40, 96), ty.rand(40, 96)
    for _, part in ipairs{{1, 96}, {1, 64}, {5, 68}, {2, 65}, {3, 96}, {9, 9}} do
      local function of(f) return function(a, b) return f(a[{{}, part}], b[{{}, part}]) end end
      same("columns of both", of(add), x, y)
      same("columns of one", function(a, b) return a[{{}, part}] * b[{{}, {1, part[2] - part[1] + 1}}] end, x, y)
      same("in place", function(a, b)
        local c = a:clone()
        c[{{}, part}]:mul_(b[{{}, part}])
        return c
      end, x, y)
    end
  end)

  it("takes elements in other orders", function()
    local x = ty.rand(37, 130)
    same("transposed", function(a) return a:t() * 2 + 1 end, x)
    same("transposed copy", function(a) return a:t():contiguous() end, x)
    same("permuted", function(a) return a:permute(3, 1, 2):exp() end, ty.rand(9, 20, 31))
    same("permuted and straight", function(a, b) return a:permute(2, 1, 3) - b end, ty.rand(9, 20, 32), ty.rand(20, 9, 32))
    same("every other", function(a) return a[{{}, {1, -1, 2}}]:sqrt() end, x)
    same("expanded", function(a) return a:expand(50, 130) * a end, ty.rand(1, 130))
  end)

  it("converts what it is given", function()
    local floats = {ty.rand(11, 36) * 50, ty.rand(11, 36):half(), ty.rand(11, 36):bfloat16(), ty.rand(11, 36):double()}
    local others = {(ty.rand(11, 36) * 50):int(), (ty.rand(11, 36) * 50):byte(), ty.rand(11, 36):gt(0.5), ty.rand(36):half()}
    for i, x in ipairs(floats) do
      for j, y in ipairs(others) do
        same(("%d with %d"):format(i, j), function(a, b) return a * b end, x, y)
        same(("%d from %d"):format(i, j), function(a, b) return a:clone():copy_(b) end, x, y)
      end
    end
    same("where", function(c, a, b) return ty.where(c, a, b) end, ty.rand(20, 24):gt(0.5), ty.rand(20, 24), ty.rand(24))
    same("where of halves", function(c, a, b) return ty.where(c, a, b) end, ty.rand(24):gt(0.5), ty.rand(20, 24):half(),
      ty.rand(20, 1):half())
    same("clamp", function(a, b, c) return ty.clamp(a, b, c) end, ty.rand(20, 24), ty.rand(24) / 2, ty.rand(20, 1))
    same("filled", function(a)
      a = a:clone()
      a[{{}, {3, 7}}]:fill_(7)
      a[{{2, 4}}]:zero_()
      return a
    end, ty.rand(20, 24))
    same("a number of the device's", function(a, b) return a * b + 3 end, ty.rand(1029), ty.tensor(2.5))
  end)
end)
