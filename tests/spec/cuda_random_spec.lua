--[[
Random numbers on CUDA: those of torch.cuda as far as they can be worked out without a GPU (the words of Philox, how threads and
offsets share them out), their distributions, generators of a device, and seeds. Runs where there is a CUDA device (tests/cuda has
one for the host).
]]

local ty = require "tycho"
local cuda = require "support.cuda"

local suite = cuda.suite(describe, pending)

--- Philox 4x32-10 once more, in Lua: the four words of block `block` of a sequence.
local function philox(seed, sequence, block)
  local c = {block & 0xffffffff, block >> 32, sequence & 0xffffffff, sequence >> 32}
  local k0, k1 = seed & 0xffffffff, seed >> 32
  for _ = 1, 10 do
    local a, b = 0xd2511f53 * c[1], 0xcd9e8d57 * c[3]
    c = {(b >> 32) ~ c[2] ~ k0, b & 0xffffffff, (a >> 32) ~ c[4] ~ k1, a & 0xffffffff}
    k0, k1 = (k0 + 0x9e3779b9) & 0xffffffff, (k1 + 0xbb67ae85) & 0xffffffff
  end
  return c
end

local function flat(x) return x:detach():cpu():reshape(-1):totable() end

local function on(options)
  options = options or {}
  options.device = "cuda"
  return options
end

suite("CUDA: random numbers", function()
  it("has the published words", function()
    assert.same({0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0, 0))
    ty.manual_seed(0)
    assert.equal(0x6627e8d5 % 1000, ty.randint(0, 1000, 1, on()):item())
  end)

  it("gives every thread its sequence, and every draw its offset", function()
    ty.manual_seed(1234567890123)
    local a, b = flat(ty.randint(0, 1 << 20, 600, on())), flat(ty.randint(0, 1 << 20, 5, on()))
    for i = 1, 600 do assert.equal(philox(1234567890123, i - 1, 0)[1] % (1 << 20), a[i]) end
    for i = 1, 5 do assert.equal(philox(1234567890123, i - 1, 1)[1] % (1 << 20), b[i]) end
  end)

  it("gives long draws four words a thread", function()
    ty.manual_seed(3)
    local n = 1 << 20
    local a = flat(ty.randint(0, 1 << 20, n, on()))
    local second -- the first element that is the second word of a thread says how many threads there are
    local word = philox(3, 0, 0)[2] % (1 << 20)
    for i = 256, n, 256 do
      if a[i + 1] == word then second = i break end
    end
    assert.is_truthy(second)
    for k = 0, 3 do
      local i = k * second
      if i < n then assert.equal(philox(3, 0, 0)[k + 1] % (1 << 20), a[i + 1]) end
    end
  end)

  it("makes uniforms and normals of words as cuRAND does", function()
    ty.manual_seed(42)
    local u = flat(ty.rand(100, on {dtype = "float64"}))
    for i = 1, 100 do
      local w = philox(42, i - 1, 0)
      local bits = w[1] ~ w[2] << 21
      assert.equal(bits * 0x1p-53 + 0x1p-54, u[i])
    end
    ty.manual_seed(42)
    u = flat(ty.rand(100, on()))
    for i = 1, 100 do assert.near(philox(42, i - 1, 0)[1] / 2 ^ 32, u[i], 1e-7) end
    ty.manual_seed(42)
    local z = flat(ty.randn(100, on()))
    for i = 1, 100 do
      local w = philox(42, i - 1, 0)
      assert.near(math.sqrt(-2 * math.log((w[1] + 0.5) / 2 ^ 32)) * math.sin(2 * math.pi * (w[2] + 0.5) / 2 ^ 32), z[i], 1e-5)
    end
    ty.manual_seed(42)
    z = flat(ty.randn(100, on {dtype = "float64"}))
    for i = 1, 100 do
      local w = philox(42, i - 1, 0)
      local x, y = (w[1] ~ w[2] << 21) * 0x1p-53 + 0x1p-54, (w[3] ~ w[4] << 21) * 0x1p-52 + 0x1p-53
      assert.near(math.sqrt(-2 * math.log(x)) * math.sin(math.pi * y), z[i], 1e-12)
    end
  end)

  it("stays within bounds", function()
    for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64"} do
      local x = ty.empty(20001, on {dtype = dtype}):uniform_(-2, 3)
      local low, high = x:min():item(), x:max():item()
      assert.is_true(low >= -2 and low < -1.9)
      assert.is_true(high < 3 and high > 2.9)
      assert.near(0.5, x:double():mean():item(), 0.05)
    end
    for _, dtype in ipairs {"uint8", "int8", "int16", "int32", "int64", "float32"} do
      local x = flat(ty.randint(3, 100, 5000, on {dtype = dtype}))
      assert.equal(3, math.min(table.unpack(x)))
      assert.equal(99, math.max(table.unpack(x)))
    end
    local wide = flat(ty.randint(-(1 << 40), 1 << 40, 2000, on()))
    assert.is_true(math.min(table.unpack(wide)) < -(1 << 39) and math.max(table.unpack(wide)) > 1 << 39)
  end)

  it("has the moments of its distributions", function()
    ty.manual_seed(9)
    local n = 40000
    local function moments(x)
      x = x:double():cpu()
      return x:mean():item(), x:var():item()
    end
    local cases = {
      {ty.empty(n, on()):normal_(3, 2), 3, 4},
      {ty.empty(n, on()):exponential_(0.5), 2, 4},
      {ty.empty(n, on()):log_normal_(0, 0.5), math.exp(0.125), (math.exp(0.25) - 1) * math.exp(0.25)},
      {ty.empty(n, on()):geometric_(0.25), 4, 12},
      {ty.empty(n, on()):bernoulli_(0.3), 0.3, 0.21},
      {ty.full({n}, 0.7, on()):bernoulli(), 0.7, 0.21},
      {ty.poisson(ty.full({n}, 5.0, on())), 5, 5},
      {ty.poisson(ty.full({n}, 500.0, on())), 500, 500},
      {ty.poisson(ty.full({n}, 9000.0, on())), 9000, 9000},
    }
    for i, case in ipairs(cases) do
      local mean, variance = moments(case[1])
      local deviation = math.sqrt(case[3])
      assert.is_true(math.abs(mean - case[2]) < 5 * deviation / math.sqrt(n), ("case %d: mean %g"):format(i, mean))
      assert.is_true(math.abs(variance / case[3] - 1) < 0.2, ("case %d: variance %g"):format(i, variance))
    end
    assert.near(7, ty.empty(n, on()):cauchy_(7, 2):median():item(), 0.2)
    assert.equal(1000, ty.ones(1000, on()):bernoulli():sum():item())
    assert.equal(0, ty.zeros(1000, on()):bernoulli():sum():item())
    assert.equal(1000, ty.empty(1000, on()):bernoulli_(1):sum():item())
  end)

  it("permutes", function()
    for _, n in ipairs {0, 1, 2, 1000, 40000} do
      local p = ty.randperm(n, on())
      assert.equal("int64", tostring(p.dtype))
      assert.is_true((p:sort(1)):cpu():equal(ty.arange(n) + 1))
    end
    assert.is_false(ty.randperm(1000, on()):cpu():equal(ty.arange(1000) + 1))
    local counts = {0, 0, 0, 0, 0, 0}
    for _ = 1, 300 do
      local p = flat(ty.randperm(3, on {dtype = "int32"}))
      local which = p[1] * 2 - 2 + (p[2] > p[3] and 1 or 0) + 1
      counts[which] = counts[which] + 1
    end
    for i = 1, 6 do assert.is_true(counts[i] > 25, ("permutation %d came %d times"):format(i, counts[i])) end
  end)
end)

suite("CUDA: multinomial", function()
  --- Whether counts of n draws are those of these shares: Pearson's sum, against its mean and six deviations.
  local function fits(counts, shares, n)
    local sum, freedom = 0, -1
    for i, share in ipairs(shares) do
      if share > 0 then
        sum = sum + (counts[i] - n * share) ^ 2 / (n * share)
        freedom = freedom + 1
      else
        assert.equal(0, counts[i])
      end
    end
    return sum < freedom + 6 * math.sqrt(2 * freedom)
  end

  local function counts_of(places, n)
    local counts = {}
    for i = 1, n do counts[i] = 0 end
    for _, place in ipairs(flat(places)) do counts[place] = counts[place] + 1 end
    return counts
  end

  it("looks up the first word of each sample's sequence", function()
    local n = 7
    local w = ty.tensor {1.0, 0.0, 2.0, 4.0, 0.0, 0.5, 8.5}
    local upto, sum = {}, 0
    for i, v in ipairs(w:totable()) do
      sum = sum + v / 16
      upto[i] = sum
    end
    local function place_of(word)
      local u = (word + 0.5) / 2 ^ 32
      for i = 1, n do
        if upto[i] >= u then return i end
      end
    end
    for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64"} do
      ty.manual_seed(21)
      local on_device = w:to(dtype):to "cuda"
      local a, b = flat(on_device:multinomial(300, true)), flat(on_device:expand(2, n):multinomial(5, true))
      for i = 1, 300 do assert.equal(place_of(philox(21, i - 1, 0)[1]), a[i]) end
      for i = 1, 5 do
        assert.equal(place_of(philox(21, i - 1, 1)[1]), b[i])
        assert.equal(place_of(philox(21, 128 + i - 1, 1)[1]), b[5 + i])
      end
    end
    assert.equal(philox(21, 0, 2)[1] % 1000, ty.randint(0, 1000, 1, on()):item())
  end)

  it("without replacement, and for one sample, divides by exponential draws", function()
    for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64"} do
      for _, shape in ipairs {{5}, {3, 4}, {2, 700}} do
        ty.manual_seed(30)
        local w = ty.rand(shape, on {dtype = dtype}) + 0.1
        for _, samples in ipairs {1, 3} do
          ty.cuda.manual_seed(31)
          local places, after = w:multinomial(samples), ty.rand(1, on()):item()
          ty.cuda.manual_seed(31)
          local _, best = (w / ty.empty_like(w):exponential_()):topk(samples)
          assert.is_true(best:equal(places))
          assert.equal(ty.rand(1, on()):item(), after)
          ty.cuda.manual_seed(31)
          if samples == 1 then assert.is_true(places:equal(w:multinomial(1, true))) end
        end
      end
    end
  end)

  it("draws by the weights, whatever their layout", function()
    ty.manual_seed(33)
    local shares = {0.1, 0, 0.4, 0.15, 0.35, 0}
    local w = ty.tensor(shares):to "cuda"
    for _, weights in ipairs {w, w * 100, w:double(), ty.stack({w, w}, 2)[{{}, 1}], w:to(ty.bfloat16)} do
      assert.is_true(fits(counts_of(weights:multinomial(20000, true), 6), shares, 20000))
    end
    local rows = ty.stack({w, w:flip(1)}, 2):t():contiguous():t():t() -- {2, 6}, columns side by side
    local places = rows:multinomial(20000, true)
    assert.is_true(fits(counts_of(places[1], 6), shares, 20000))
    assert.is_true(fits(counts_of(places[2], 6), {0, 0.35, 0.15, 0.4, 0, 0.1}, 20000))
    assert.is_true(fits(counts_of(w:expand(20000, 6):multinomial(1), 6), shares, 20000))
    local n = 5000
    local wide = counts_of(ty.ones(n, on()):multinomial(20 * n, true), n)
    local even = {}
    for i = 1, n do even[i] = 1 / n end
    assert.is_true(fits(wide, even, 20 * n))
  end)

  it("takes every category once before one of weight zero", function()
    local w = ty.tensor({{1.0, 0.0, 3.0, 0.0, 1e-30}, {0.0, 2.0, 2.0, 2.0, 0.0}}, on())
    for _ = 1, 20 do
      for r, row in ipairs(w:multinomial(5):cpu():totable()) do
        local sorted = {table.unpack(row)}
        table.sort(sorted)
        assert.same({1, 2, 3, 4, 5}, sorted)
        for i = 1, 3 do assert.is_true(w[{r, row[i]}]:item() > 0) end
      end
    end
  end)

  it("draws by the device's generators", function()
    local w = ty.rand(40, on())
    for _, replacement in ipairs {true, false} do
      local g = ty.Generator {seed = 8, device = "cuda"}
      local a, b = w:multinomial(9, replacement, {generator = g}), w:multinomial(9, replacement, {generator = g})
      assert.equal("cuda", a.device.type)
      assert.is_false(a:equal(b))
      ty.manual_seed(8)
      assert.is_true(a:equal(w:multinomial(9, replacement)))
      local state = ty.cuda.get_rng_state()
      assert.is_true(b:equal(w:multinomial(9, replacement)))
      ty.cuda.set_rng_state(state)
      assert.is_true(b:equal(w:multinomial(9, replacement)))
      local ok, message = pcall(w.multinomial, w, 9, replacement, {generator = ty.Generator(1)})
      assert.is_false(ok)
      assert.matches('multinomial: the generator is one of "cpu", and the numbers are drawn on "cuda:0"', message)
      ok, message = pcall(ty.multinomial, w:cpu(), 9, replacement, {generator = g})
      assert.is_false(ok)
      assert.matches('multinomial: the generator is one of "cuda:0", and the numbers are drawn on "cpu"', message)
    end
  end)

  it("refuses weights that are none in the CPU's words", function()
    local cases = {{0.5, -2.0}, {0 / 0, 1.0}, {1 / 0, 1.0}, {0.0, 0.0}, {{1.0, 1.0}, {0.0, 0.0}}, {3e38, 3e38}}
    for _, case in ipairs(cases) do
      for _, replacement in ipairs {true, false} do
        local x = ty.tensor(case)
        local _, expected = pcall(x.multinomial, x, 2, replacement)
        local ok, message = pcall(x.multinomial, x:to "cuda", 2, replacement)
        assert.is_false(ok)
        assert.equal(expected:match "multinomial: .*", message:match "multinomial: .*")
      end
    end
    assert.same({0, 3}, ty.zeros(0, 4, on()):multinomial(3):size())
    local captured = ty.capture(function(w) return w:multinomial(2) end)
    assert.error_matches(function() captured(ty.ones(4, on())) end, "multinomial: it cannot be part of a captured step")
  end)
end)

suite("CUDA: dropout", function()
  it("drops and scales, and drops the same backwards", function()
    for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64"} do
      for _, n in ipairs {1, 2, 5, 4096, 4099} do
        local x = ty.full({n}, 3, on {dtype = dtype}):requires_grad_()
        local y = ty.nn.functional.dropout(x, 0.25)
        y:sum():backward()
        local values, gradients = flat(y), flat(x.grad)
        local kept = 0
        for i = 1, n do
          if values[i] ~= 0 then
            kept = kept + 1
            assert.near(4, values[i], 0.02)
            assert.near(4 / 3, gradients[i], 0.01)
          else
            assert.equal(0, gradients[i])
          end
        end
        if n > 4000 then assert.near(0.75, kept / n, 0.05) end
      end
    end
  end)

  it("takes the words of neighbours by vectors", function()
    ty.manual_seed(5)
    local y = flat(ty.nn.functional.dropout(ty.ones(64, on()), 0.5))
    for i = 0, 63 do
      assert.equal(philox(5, i // 4, 0)[i % 4 + 1] / 2 ^ 32 < 0.5, y[i + 1] ~= 0)
    end
    ty.manual_seed(5)
    y = flat(ty.nn.functional.dropout(ty.ones(63, on()), 0.5))
    for i = 0, 62 do assert.equal(philox(5, i, 0)[1] / 2 ^ 32 < 0.5, y[i + 1] ~= 0) end
  end)
end)

suite("CUDA: generators", function()
  it("draw for their device alone", function()
    local g = ty.Generator {seed = 8, device = "cuda"}
    assert.equal("cuda", g:device().type)
    assert.equal("cpu", ty.Generator(8):device().type)
    local a = ty.rand(5, on {generator = g})
    ty.manual_seed(8)
    assert.is_true(a:equal(ty.rand(5, on())))
    assert.is_false(a:equal(ty.rand(5, on {generator = g})))
    assert.is_true(a:equal(ty.rand(5, on {generator = g:manual_seed(8)})))
    local ok, message = pcall(ty.rand, 5, {generator = g})
    assert.is_false(ok)
    assert.matches('generator is one of "cuda:0", and the numbers are drawn on "cpu"', message)
    ok, message = pcall(ty.randn, 5, on {generator = ty.Generator(1)})
    assert.is_false(ok)
    assert.matches('generator is one of "cpu", and the numbers are drawn on "cuda:0"', message)
    assert.has_error(function() return ty.Generator {sead = 1} end)
  end)

  it("save and restore what they are at", function()
    local g = ty.Generator(3, "cuda")
    ty.rand(1000, on {generator = g})
    local state = g:get_state()
    assert.equal(16, state:numel())
    local a = ty.randn(10, on {generator = g})
    assert.is_true(a:equal(ty.randn(10, on {generator = g:set_state(state)})))
    assert.has_error(function() g:set_state(ty.Generator(1):get_state()) end)
  end)

  it("go on through the replays of a captured step", function()
    local x = ty.ones(40, on())
    local function step(v) return ty.nn.functional.dropout(v, 0.5) end
    local captured = ty.capture(step)
    ty.manual_seed(6)
    local expected = {}
    for i = 1, 5 do expected[i] = step(x) end
    ty.manual_seed(6)
    for i = 1, 5 do assert.is_true(expected[i]:equal(captured(x))) end
    local g = ty.Generator(6, "cuda")
    captured = ty.capture(function(v) return v + ty.rand(40, on {generator = g}) end)
    for i = 1, 5 do expected[i] = captured(x) end
    g:manual_seed(6)
    for i = 1, 5 do assert.is_true(expected[i]:equal(x + ty.rand(40, on {generator = g}))) end
  end)

  it("are seeded with the default one", function()
    ty.manual_seed(77)
    local a = ty.rand(4, on())
    ty.manual_seed(77)
    assert.is_true(a:equal(ty.rand(4, on())))
    local program = os.getenv "TYCHO_BIN"
    if not program then return end
    local code = "ty.manual_seed(77) print(ty.rand(4, {device = \"cuda\"}):cpu())"
    local pipe = assert(io.popen(("'%s' -e '%s'"):format(program, code)))
    local text = pipe:read "a"
    pipe:close()
    assert.equal(tostring(a:cpu()), (text:gsub("%s+$", "")))
  end)
end)
