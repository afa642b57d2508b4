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

  it("computes layers of all sizes, layouts and floating dtypes", function()
    for _, dtype in ipairs(floating) do
      for _, s in ipairs{{1, 1, 1}, {1, 64, 10}, {7, 3, 5}, {2, 1, 6}, {6, 9, 1}, {33, 300, 17}, {300, 65, 130}} do
        local rows, inside, outside = s[1], s[2], s[3]
        local x, w, b = random(dtype, rows, inside), random(dtype, outside, inside), random(dtype, outside)
        local what = ("%s %dx%dx%d"):format(dtype, rows, inside, outside)
        -- Sums over rows of 16-bit gradients are large for their own spread.
        compare.run(what, F.linear, {x, w, b}, {tolerance = dtype == ty.float16 and 4e-3 or nil})
        compare.run(what .. ", transposed", function(u, v, c) return F.linear(u:t(), v:t(), c) end,
          {random(dtype, inside, rows), random(dtype, inside, outside), b}, {backward = false})
        for _, from in ipairs{1, 2} do -- one is aligned as a whole matrix is, two not
          local columns, lines = {from, inside + from - 1}, {from, outside + from - 1}
          compare.run(what .. ", parts of wider ones", function(u, v, c)
            return F.linear(u[{{}, columns}], v[{lines, columns}], c[{lines}])
          end, {random(dtype, rows, inside + 1), random(dtype, outside + 1, inside + 1), random(dtype, outside + 1)},
            {backward = false})
        end
        compare.run(what .. ", another bias", F.linear, {x, w, random(dtype, outside)}, {backward = false})
      end
      compare.run(("%s, a row and batches"):format(dtype), function(u, v, w, b) return F.linear(u, w, b), F.linear(v, w, b) end,
        {random(dtype, 12), random(dtype, 2, 3, 4, 12), random(dtype, 5, 12), random(dtype, 5)}, {backward = false})
    end
  end)

  it("computes layers on all devices and on other streams", function()
    local layer, x = ty.nn.Linear(300, 9), ty.randn(6, 300)
    local expected = layer(x):detach()
    for i = 0, cuda.count - 1 do
      local device = ty.device(("cuda:%d"):format(i))
      local own, at = layer:to(device), x:to(device)
      compare.near(expected, own(at):detach():cpu(), "device " .. i)
      ty.cuda.stream(ty.cuda.Stream(i), function() compare.near(expected, own(at):detach():cpu(), "a stream of its own") end)
    end
  end)

  it("computes a network in a captured step", function()
    local net = ty.nn.Sequential(ty.nn.Linear(20, 300), ty.nn.ReLU(), ty.nn.Linear(300, 3)):to(cuda.device)
    local step = ty.capture(function(x) return net(x) end)
    for i = 1, 4 do
      local x = ty.randn(5, 20):to(cuda.device)
      compare.near(net(x):detach():cpu(), step(x):detach():cpu(), "call " .. i)
    end
    assert.equal(3, step:stats().replayed)
  end)

  -- What cuBLASLt ran is only listed by the emulated device.
  local function listed(how, code)
    local text, fine = cuda.run({EMULATED_CUDA_CUBLASLT = how}, ('local ty = require "tycho"; local F = ty.F; '
      .. 'local function at(...) return ty.randn(...):to "cuda" end; %s'):format(code))
    local lines = {}
    for line in text:gmatch "cuBLASLt: ([^\n]*)" do lines[#lines + 1] = line end
    assert.is_truthy(fine, text)
    return lines
  end

  it("adds a bias by the product's own kernel", function()
    if not cuda.emulated then return end
    local once = "F.linear(at(5, 20), at(300, 20), at(300))"
    assert.same({"300 x 5 x 20 with a bias"}, listed("list", once))
    assert.same({}, listed("0", once))
    assert.same({}, listed("broken", once))
    -- Batches of the same weight are one product; a column, and what adds to c, are cuBLAS's.
    assert.same({"7 x 30 x 2 with a bias", "7 x 1 x 2 with a bias"}, listed("list",
      "F.linear(at(2, 3, 5, 2), at(7, 2), at(7)); F.linear(at(2), at(7, 2), at(7)); F.linear(at(5, 2), at(1, 2), at(1));"
      .. "F.linear(at(5, 1), at(7, 1), at(7)); F.linear(at(5, 2), at(7, 2)); ty.addmm(at(5, 7), at(5, 2), at(2, 7))"))
    -- The emulated one has no kernel for 16-bit numbers at odd places, or says so late for 7 rows of doubles.
    assert.same({"4 x 3 x 8 with a bias"}, listed("list",
      "local x = at(26):half(); F.linear(x[{{2, 25}}]:view(3, 8), at(4, 8):half(), at(4):half());"
      .. "F.linear(x[{{1, 24}}]:view(3, 8), at(4, 8):half(), at(4):half())"))
    assert.same({}, listed("list", "for _ = 1, 2 do F.linear(at(7, 3):double(), at(4, 3):double(), at(4):double()) end"))
    assert.same({"6 x 5 x 400 with a bias", "6 x 5 x 400 with a bias", "6 x 5 x 400 with a bias"}, listed("list",
      "local l = ty.nn.Linear(400, 6):to 'cuda'; local step = ty.capture(function(x) return l(x) end);"
      .. "for _ = 1, 3 do step(at(5, 400)) end"))
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
