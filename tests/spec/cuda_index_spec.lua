--[[
Indexing, sorting and scattering on CUDA, compared with the CPU: sizes around a block's and a grid's, repeated and negative
indices, rows that are not contiguous, every dtype, gradients. Runs where there is a CUDA device (tests/cuda has one for
the host).
]]

local ty = require "tycho"
local cuda = require "support.cuda"

local suite = cuda.suite(describe, pending)
local dtypes = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"}
local plain = {"bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"}

local function flat(x) return x:detach():cpu():reshape(-1):totable() end

--- Equal to the last bit, NaN being equal to NaN.
local function same(expected, x)
  assert.equal("cuda", x.device.type)
  assert.equal(tostring(expected.dtype), tostring(x.dtype))
  assert.same(expected:size(), x:size())
  local a, b = flat(expected), flat(x)
  for i = 1, #a do
    if not (a[i] == b[i] or (a[i] ~= a[i] and b[i] ~= b[i])) then
      error(("element %d of %d: %s instead of %s"):format(i, #a, tostring(b[i]), tostring(a[i])), 2)
    end
  end
end

local function close(expected, x, tolerance)
  assert.equal("cuda", x.device.type)
  assert.same(expected:size(), x:size())
  if expected:numel() == 0 then return end
  local gap = (expected:double() - x:cpu():double()):abs():max():item()
  assert.is_true(gap <= tolerance, ("off by %g"):format(gap))
end

local function numbers(n, dtype)
  ty.manual_seed(n)
  if dtype == "bool" then return ty.rand(n):gt(0.5) end
  return ty.randint(0, 100, n):to(dtype)
end

--- n values with ties, infinities and NaN.
local function mixed(n, dtype)
  local x = numbers(n, dtype)
  if not dtype:find "float" then return dtype:find "u?int" and dtype ~= "uint8" and x - 50 or x end
  x = ty.randint(-20, 20, n):to(dtype)
  for i, v in ipairs {0 / 0, 1 / 0, -1 / 0, -0.0, 0.0, 0 / 0} do
    if n >= 7 * i then x[7 * i] = v end
  end
  return x
end

suite("CUDA: positions", function()
  it("counts up, in every dtype", function()
    for _, dtype in ipairs(dtypes) do
      if dtype ~= "bool" then
        same(ty.arange(0, 100, {dtype = dtype}), ty.arange(0, 100, {dtype = dtype, device = "cuda"}))
      end
    end
    same(ty.arange(0, 1, 0.001), ty.arange(0, 1, 0.001, {device = "cuda"}))
    same(ty.arange(1000, -3, -7), ty.arange(1000, -3, -7, {device = "cuda"}))
    same(ty.arange(0), ty.arange(0, {device = "cuda"}))
  end)

  it("spaces numbers evenly, to the CPU's bits", function()
    for _, dtype in ipairs(dtypes) do
      for _, n in ipairs {0, 1, 2, 3, 600} do
        local low = dtype == "uint8" and 3 or -3
        if dtype ~= "bool" then
          same(ty.linspace(low, 100, n, {dtype = dtype}), ty.linspace(low, 100, n, {dtype = dtype, device = "cuda"}))
        end
      end
    end
    same(ty.linspace(1 / 3, -7 / 9, 1001), ty.linspace(1 / 3, -7 / 9, 1001, {device = "cuda"}))
    close(ty.logspace(-2, 2, 77), ty.logspace(-2, 2, 77, {device = "cuda"}), 1e-4)
    local step = ty.capture(function(x) return x + ty.linspace(0, 1, 5, {device = "cuda"}) end)
    for i = 1, 3 do same(ty.linspace(0, 1, 5) + i, step(ty.full({5}, i + 0.0, {device = "cuda"}))) end
    for _, size in ipairs {{2, 3, 5, 7}, {1, 1, 4, 1, 6}} do
      for _, align in ipairs {true, false} do
        local theta = ty.randn(size[1], #size - 2, #size - 1)
        close(ty.nn.functional.affine_grid(theta, size, {align_corners = align}),
          ty.nn.functional.affine_grid(theta:to "cuda", size, {align_corners = align}), 1e-5)
      end
    end
  end)

  it("finds what is not zero", function()
    for _, n in ipairs {0, 1, 31, 255, 2048, 2049, 70001} do
      local mask = numbers(n, "bool")
      same(mask:nonzero(), mask:to("cuda"):nonzero())
      local x = ty.arange(n)
      same(x[mask], x:to("cuda")[mask:to "cuda"])
      assert.equal(mask:sum():item(), mask:to("cuda"):nonzero():size(1))
    end
    local x = numbers(60, "float32"):reshape(3, 4, 5)
    same(x:gt(50):nonzero(), x:to("cuda"):gt(50):nonzero())
    same(x:transpose(1, 3):gt(50):nonzero(), x:to("cuda"):transpose(1, 3):gt(50):nonzero())
  end)

  it("refuses indices that are out of range, and goes on", function()
    local x = ty.arange(10, {device = "cuda"})
    local ok, message = pcall(function() return x:index_select(1, ty.tensor({1, 11}, {device = "cuda"})) end)
    assert.is_false(ok)
    assert.matches("index 11 is out of range", message)
    assert.equal(45, x:cpu():sum():item())
    assert.has_error(function() return x:index_select(1, ty.tensor({0}, {device = "cuda"})) end)
  end)
end)

suite("CUDA: gathering", function()
  it("takes rows and columns of every dtype", function()
    for _, dtype in ipairs(dtypes) do
      for _, width in ipairs {1, 3, 4, 16, 257} do
        local x = numbers(20 * width, dtype):reshape(20, width)
        local i = ty.randint(1, 21, 33)
        same(x[i], x:to("cuda")[i:to "cuda"])
        same(x:t()[1], x:to("cuda"):t()[1])
        local j = ty.randint(1, width + 1, 5)
        same(x:index_select(2, j), x:to("cuda"):index_select(2, j:to "cuda"))
        same(x:t():index_select(1, j), x:to("cuda"):t():index_select(1, j:to "cuda"))
      end
    end
  end)

  it("broadcasts index tensors", function()
    local x = ty.randn(6, 7, 8, 3)
    local a, b = ty.randint(1, 7, {5, 1}), ty.randint(-7, 0, {1, 4})
    same(x[{a, b}], x:to("cuda")[{a:to "cuda", b:to "cuda"}])
    local g = ty.randint(1, 8, {6, 3, 8, 3})
    same(x:gather(2, g), x:to("cuda"):gather(2, g:to "cuda"))
    same(x:take_along_dim(g, 2), x:to("cuda"):take_along_dim(g:to "cuda", 2))
    local large = ty.randn(300, 500)
    local where = ty.randint(1, 301, 1000)
    same(large[where], large:to("cuda")[where:to "cuda"])
  end)
end)

suite("CUDA: repeat_interleave", function()
  it("repeats each element as often as a tensor says", function()
    for _, n in ipairs {0, 1, 2, 300, 5000} do
      local x, repeats = numbers(n, "float32"), ty.randint(0, 4, n)
      for _, x_dtype in ipairs(n == 300 and dtypes or {"float32"}) do
        local typed = x:to(x_dtype)
        same(typed:repeat_interleave(repeats), typed:to("cuda"):repeat_interleave(repeats:to "cuda"))
        same(typed:repeat_interleave(repeats), typed:to("cuda"):repeat_interleave(repeats)) -- counts that the host has
      end
      same(x:repeat_interleave(repeats * 0), x:to("cuda"):repeat_interleave((repeats * 0):to "cuda"))
    end
    local x = ty.randn(7, 40):t()
    for _, d in ipairs {1, 2, -1} do
      local repeats = ty.randint(0, 5, x:size(d), {dtype = "int32"})
      same(x:repeat_interleave(repeats, d), x:to("cuda"):repeat_interleave(repeats:to "cuda", d))
    end
    same(x:repeat_interleave(ty.tensor {3}), x:to("cuda"):repeat_interleave(ty.tensor({3}, {device = "cuda"})))
    local a, b = ty.randn(3, 4):requires_grad_(), ty.randn(3, 4, {device = "cuda"}):requires_grad_()
    local factors = ty.arange(0, 24):reshape(6, 4):float()
    ;(a:repeat_interleave(ty.tensor {4, 0, 2}, 1) * factors):sum():backward()
    ;(b:repeat_interleave(ty.tensor({4, 0, 2}, {device = "cuda"}), 1) * factors:to "cuda"):sum():backward()
    same(a.grad, b.grad)
  end)

  it("refuses counts that are none", function()
    local x = ty.ones(3, {device = "cuda"})
    local function fails(text, ...)
      local repeats = ty.tensor({...}, {device = "cuda"})
      assert.error_matches(function() return x:repeat_interleave(repeats) end, text)
    end
    fails("repeated %-1 times", 2, -1, 3)
    fails("repeated %-2 times", -2)
    fails("repeated 9223372036854775807 times", math.maxinteger, 1, 1)
    fails("2 repeats for the 3 elements", 1, 2)
  end)
end)

suite("CUDA: putting", function()
  it("lets the last of equals stay", function()
    for _, dtype in ipairs(dtypes) do
      for _, n in ipairs {1, 7, 300, 5000} do
        local i, v, x = ty.randint(1, 18, n), numbers(n, dtype), numbers(17, dtype)
        local y = x:to "cuda"
        x:index_put_({i}, v)
        y:index_put_({i:to "cuda"}, v:to "cuda")
        same(x, y)
      end
    end
    local x, i, v = ty.zeros(9, 12), ty.tensor {3, 5, 3, -1, 5}, ty.randn(5, 12)
    local y = x:to "cuda"
    x[i], y[i:to "cuda"] = v, v:to "cuda"
    same(x, y)
    x, y = ty.zeros(9, 12), ty.zeros(9, 12, {device = "cuda"})
    x:t():index_put_({i}, ty.ones(5, 9))
    y:t():index_put_({i:to "cuda"}, ty.ones(5, 9, {device = "cuda"}))
    same(x, y)
  end)

  it("finds the last by sorting where places are many", function()
    local x = ty.zeros(2000000)
    local i, v = ty.randint(1, 50, 200) * 40000, ty.randn(200)
    local y = x:to "cuda"
    x:index_put_({i}, v)
    y:index_put_({i:to "cuda"}, v:to "cuda")
    assert.is_true(x:equal(y:cpu()))
  end)

  it("adds up what meets", function()
    for _, dtype in ipairs(dtypes) do
      for _, n in ipairs {1, 33, 700, 4097} do
        for _, places in ipairs {1, 5, 5000} do
          local i, v, x = ty.randint(1, places + 1, n), numbers(n, dtype), numbers(places, dtype)
          local y = x:to "cuda"
          if dtype == "float16" or dtype == "bfloat16" then
            local wide = x:float():index_put_({i}, v:float(), true)
            y:index_put_({i:to "cuda"}, v:to "cuda", true)
            same(wide:to(dtype), y)
          else
            x:index_put_({i}, v, true)
            y:index_put_({i:to "cuda"}, v:to "cuda", true)
            same(x, y)
          end
        end
      end
    end
  end)

  it("adds rows up, the same every time", function()
    for _, width in ipairs {1, 3, 40, 130} do
      local i, v = ty.randint(1, 4, 3000), ty.randn(3000, width)
      local expected = ty.zeros(3, width, {dtype = "float64"}):index_add_(1, i, v:double())
      local x = ty.zeros(3, width, {device = "cuda"}):index_add_(1, i:to "cuda", v:to "cuda")
      close(expected, x, 1e-3)
      for _ = 1, 3 do
        assert.is_true(x:equal(ty.zeros(3, width, {device = "cuda"}):index_add_(1, i:to "cuda", v:to "cuda")))
      end
    end
  end)

  it("scatters", function()
    local x, g = ty.randn(5, 70), ty.randint(1, 71, {5, 40})
    local s = ty.randn(5, 40)
    same(x:scatter(2, g, s), x:to("cuda"):scatter(2, g:to "cuda", s:to "cuda"))
    close(x:scatter_add(2, g, s), x:to("cuda"):scatter_add(2, g:to "cuda", s:to "cuda"), 1e-5)
    for _, dtype in ipairs(plain) do
      for _, how in ipairs {"prod", "amax", "amin", "sum", "mean"} do
        if not (dtype == "bool" and how == "mean") then
          local a, b = numbers(350, dtype):reshape(5, 70), numbers(200, dtype):reshape(5, 40)
          local expected = a:scatter_reduce(2, g, b, how)
          local y = a:to("cuda"):scatter_reduce(2, g:to "cuda", b:to "cuda", how)
          if dtype:find "float" then
            assert.is_true(expected:allclose(y:cpu(), 1e-5, 1e-6))
          else
            same(expected, y)
          end
        end
      end
    end
    local many = ty.randint(1, 3, 3000)
    local v = ty.rand(3000)
    v[77] = 0 / 0
    same(ty.ones(2):scatter_reduce(1, many, v, "amax"),
      ty.ones(2, {device = "cuda"}):scatter_reduce(1, many:to "cuda", v:to "cuda", "amax"))
  end)

  it("has the gradients of the CPU", function()
    local function gradient(device)
      ty.manual_seed(4)
      local x = ty.randn(12, 9):to(device):requires_grad_()
      local i, g = ty.randint(1, 13, 40):to(device), ty.randint(1, 10, {12, 20}):to(device)
      local loss = x[i]:square():sum() + x:gather(2, g):pow(3):sum() + x:index_select(2, ty.tensor({2, 2, 5}):to(device)):sum()
      loss:backward()
      return x.grad
    end
    close(gradient "cpu", gradient "cuda", 1e-4)
  end)
end)

suite("CUDA: sorting", function()
  it("sorts rows of every dtype, stable, NaN the largest", function()
    for _, dtype in ipairs(dtypes) do
      for _, shape in ipairs {{1, 1}, {3, 7}, {50, 33}, {2, 512}, {2, 2048}, {1, 2049}, {3, 3000}} do
        local x = mixed(shape[1] * shape[2], dtype):reshape(shape)
        for _, descending in ipairs {false, true} do
          local v, i = x:sort(2, descending)
          local w, j = x:to("cuda"):sort(2, descending)
          same(v, w)
          same(i, j)
        end
      end
    end
  end)

  it("sorts along any dimension, and nothing", function()
    local x = ty.randn(40, 6, 5)
    for d = 1, 3 do
      local v, i = x:sort(d)
      local w, j = x:to("cuda"):sort(d)
      same(v, w)
      same(i, j)
    end
    assert.equal(0, (ty.zeros(0, 4, {device = "cuda"}):sort(1)):numel())
    same(x:argsort(2, true), x:to("cuda"):argsort(2, true))
    same((x:median()), (x:to("cuda"):median()))
    same((ty.tensor {3, 1, 3, 2}):unique(), (ty.tensor({3, 1, 3, 2}, {device = "cuda"}):unique()))
  end)

  it("finds the first few", function()
    for _, dtype in ipairs(dtypes) do
      for _, case in ipairs {{1, 10, 3}, {4, 2048, 1}, {3, 2600, 5}, {40, 2100, 500}, {1, 9000, 2000}, {1, 70000, 9}} do
        if dtype == "float32" or dtype == "int64" or case[2] < 9000 then
          local x = mixed(case[1] * case[2], dtype):reshape(case[1], case[2])
          for _, largest in ipairs {true, false} do
            local v, i = x:topk(case[3], 2, largest)
            local w, j = x:to("cuda"):topk(case[3], 2, largest)
            same(v, w)
            same(i, j)
          end
        end
      end
    end
  end)

  it("has the gradients of the CPU", function()
    local function gradient(device)
      ty.manual_seed(5)
      local x = ty.randn(6, 40):to(device):requires_grad_()
      local weights = ty.arange(40, {dtype = "float32"}):to(device)
      local sorted = x:sort(2)
      ;(sorted * weights):sum():backward()
      x:topk(3, 2):square():sum():backward()
      return x.grad
    end
    close(gradient "cpu", gradient "cuda", 1e-5)
  end)
end)
