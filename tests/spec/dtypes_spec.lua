--[[
Dtypes as PyTorch has them: which result two give, which may be cast, their limits (tests/golden/dtypes.lua, by
make_dtypes.py); and float16 and bfloat16: rounding, numbers beside tensors, the default dtype, modules, files, and the steps
of optimisers to the last bit (tests/golden/reduced_optim.lua, by make_reduced_optim.py). Values and gradients of single ops in
these dtypes are golden_spec's.
]]

local ty = require "tycho"
local golden = require "support.golden"

local nn, F, optim = ty.nn, ty.F, ty.optim
local reference = assert(loadfile(golden.folder .. "dtypes.lua"))()
local reduced = {ty.float16, ty.bfloat16}

local function letters()
  local list = {}
  for letter in reference.order:gmatch "." do list[#list + 1] = letter end
  return list
end

describe("dtypes follow PyTorch's rules:", function()
  it("can_cast", function()
    for i, a in ipairs(letters()) do
      for j, b in ipairs(letters()) do
        local may = ty.can_cast(reference.letters[a], reference.letters[b])
        assert.are.equal(reference.can_cast[i]:sub(j, j) == "1", may, reference.letters[a] .. " to " .. reference.letters[b])
      end
    end
  end)

  it("result_type of tensors, tensors without dimensions and numbers, for every default dtype", function()
    finally(function() ty.set_default_dtype(ty.float32) end)
    for default, rows in pairs(reference.result_type) do
      ty.set_default_dtype(default)
      local operands = {}
      for _, letter in ipairs(letters()) do operands[#operands + 1] = ty.ones(2, {dtype = reference.letters[letter]}) end
      for _, letter in ipairs(letters()) do operands[#operands + 1] = ty.ones({}, {dtype = reference.letters[letter]}) end
      for _, number in ipairs {true, 2, 2.5} do operands[#operands + 1] = number end
      for i, a in ipairs(operands) do
        for j, b in ipairs(operands) do
          local wanted = reference.letters[rows[i]:sub(j, j)]
          assert.are.equal(wanted, tostring(ty.result_type(a, b)), ("default %s, operands %d and %d"):format(default, i, j))
        end
      end
    end
  end)

  it("result_type is what the ops give", function()
    for _, a in ipairs {ty.ones(2, {dtype = ty.float16}), ty.ones({}, {dtype = ty.float64}), ty.ones(2, {dtype = ty.int8})} do
      for _, b in ipairs {ty.ones(2, {dtype = ty.bfloat16}), ty.ones({}, {dtype = ty.int64}), 2, 2.5} do
        assert.are.equal(ty.result_type(a, b), (a + b).dtype)
        assert.are.equal(ty.result_type(b, a), (b * a).dtype)
      end
    end
  end)

  it("finfo", function()
    for name, wanted in pairs(reference.finfo) do
      local got = ty.finfo(ty[name])
      for key, value in pairs(wanted) do
        if key ~= "text" then assert.are.equal(value, got[key], name .. "." .. key) end
      end
      assert.are.equal(wanted.text, tostring(got))
      assert.are.equal(name, got.dtype)
      assert.are.equal(got.smallest_subnormal, ty.tensor(got.smallest_subnormal, {dtype = name}):item())
      assert.are.equal(0.0, ty.tensor(got.smallest_subnormal / 2, {dtype = name}):item())
    end
    assert.are.equal("float32", ty.finfo().dtype)
  end)

  it("iinfo", function()
    for name, wanted in pairs(reference.iinfo) do
      local got = ty.iinfo(name)
      for key, value in pairs(wanted) do assert.are.equal(value, got[key], name .. "." .. key) end
    end
    assert.are.equal("iinfo(min=-128, max=127, dtype=int8)", tostring(ty.iinfo(ty.int8)))
  end)

  it("what has no limits is refused", function()
    assert.has_error(function() ty.finfo(ty.int64) end, "finfo: int64 is not floating; for the limits of integers use iinfo")
    assert.has_error(function() ty.iinfo(ty.float16) end, "iinfo: float16 is no integer dtype; for its limits use finfo")
    assert.has_error(function() ty.iinfo(ty.bool) end, "iinfo: bool is no integer dtype")
    assert.has_error(function() ty.finfo("float8") end,
      'finfo: a dtype is needed, as ty.float32 or "int64", got the string "float8"')
  end)
end)

describe("float16 and bfloat16:", function()
  local numbers = {65504, 65519.9, 65520, 1e-8, 2 ^ -25, 3 * 2 ^ -26, 0.1, -1 / 3, 1e39, 2049, 2051, 257, 259}

  it("numbers are rounded to the nearest, halves to even", function()
    local rounded = {
      [ty.float16] = {65504.0, 65504.0, math.huge, 0.0, 0.0, 2 ^ -24, 0.0999755859375, -0.333251953125, math.huge, 2048.0, 2052.0,
        257.0, 259.0},
      [ty.bfloat16] = {65536.0, 65536.0, 65536.0, 1.0011717677116394e-08, 2 ^ -25, 3 * 2 ^ -26, 0.10009765625, -0.333984375,
        math.huge, 2048.0, 2048.0, 256.0, 260.0},
    }
    for dtype, wanted in pairs(rounded) do
      assert.are.same(wanted, ty.tensor(numbers, {dtype = dtype}):totable())
      assert.are.same(wanted, ty.tensor(numbers, {dtype = ty.float64}):to(dtype):totable())
      for i, value in ipairs(wanted) do assert.are.equal(value, ty.full({}, numbers[i], {dtype = dtype}):item()) end
    end
  end)

  it("every element goes through float32 and back, and through the other floating dtypes that hold it", function()
    local bits = ty.arange(65536):to(ty.float64) -- as values, not bits: whole numbers up to 2^16
    for _, dtype in ipairs(reduced) do
      local x = (bits / 64 - 512):to(dtype)
      assert.is_true(x:float():to(dtype):equal(x))
      assert.is_true(x:double():to(dtype):equal(x))
      assert.is_true(x:float():equal(x:double():float()))
    end
  end)

  it("a number beside a tensor is rounded where PyTorch rounds it", function()
    local x = ty.tensor({0.1, -0.2, 1.5}, {dtype = ty.float16})
    local function values(y) return y:totable() end
    assert.are.same({0.0099945068359375, -0.019989013671875, 0.1500244140625}, values(x * 0.1))
    assert.are.same({0.0099945068359375, -0.019989013671875, 0.1500244140625}, values(0.1 * x))
    assert.are.same({0.0, -0.2998046875, 1.400390625}, values(x - 0.1))
    assert.are.same({0.199951171875, -0.0999755859375, 1.599609375}, values(x + 0.1))
    assert.are.same({1.0, -2.0, 15.0}, values(x / 0.1))
    assert.are.same({true, false, false}, values(x:eq(0.1)))
    assert.are.same({false, true, false}, values(x:lt(0.1)))
    assert.are.same({6144.0, 1.0}, values(ty.tensor({3.0, 1}, {dtype = ty.float16}) * ty.tensor{2049, 1}))
  end)

  it("sums do not overflow on the way", function()
    local x = ty.ones(300, 300, {dtype = ty.float16})
    assert.are.equal(1.0, x:mean():item())
    assert.are.equal(math.huge, x:sum():item())
    assert.are.equal(300.0, x:norm():item())
    assert.are.equal(0.0, x:var():item())
    assert.are.equal(300.0, x:sum(1):max():item())
  end)

  it("the default dtype", function()
    finally(function() ty.set_default_dtype(ty.float32) end)
    for _, dtype in ipairs(reduced) do
      ty.set_default_dtype(dtype)
      assert.are.equal(dtype, ty.tensor{1.5}.dtype)
      assert.are.equal(dtype, ty.randn(3).dtype)
      assert.are.equal(dtype, (ty.tensor{1, 2} / 2).dtype)
      assert.are.equal(dtype, nn.Linear(2, 2).weight.dtype)
      assert.are.equal("tensor({1.5000, 2.0000})", tostring(ty.tensor{1.5, 2}))
    end
  end)

  it("modules convert, run and train; integer buffers stay", function()
    for _, dtype in ipairs(reduced) do
      local net = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 3)):to(dtype)
      local x, y = ty.randn(16, 4, {dtype = dtype}), ty.randint(1, 4, {16})
      local opt = optim.SGD(net:parameters(), {lr = 0.5})
      local first, last
      for _ = 1, 30 do
        opt:zero_grad()
        local loss = F.cross_entropy(net(x), y)
        loss:backward()
        opt:step()
        first, last = first or loss:item(), loss:item()
        assert.are.equal(dtype, loss.dtype)
      end
      assert.is_true(last < first)
      for _, parameter in ipairs(net:parameters()) do
        assert.are.equal(dtype, parameter.dtype)
        assert.are.equal(dtype, parameter.grad.dtype)
      end
    end
    assert.are.equal(ty.float16, nn.Linear(1, 1):half().bias.dtype)
    assert.are.equal(ty.bfloat16, nn.Linear(1, 1):bfloat16().bias.dtype)
  end)

  it("files keep them", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local x = ty.tensor(numbers, {dtype = ty.float16})
    local b = ty.tensor({{1.5, -0.0}, {0 / 0, math.huge}}, {dtype = ty.bfloat16})
    ty.save({x = x, b = b, part = x[{ {2, 9, 3} }]}, path)
    local back = ty.load(path)
    assert.are.equal(ty.float16, back.x.dtype)
    assert.are.equal(ty.bfloat16, back.b.dtype)
    assert.is_true(back.x:equal(x))
    assert.are.equal(tostring(b), tostring(back.b))
    assert.is_true(back.part:equal(x[{ {2, 9, 3} }]))
    local torch = ty.load(golden.folder .. "files/tensors.pt")
    for _, dtype in ipairs(reduced) do
      assert.is_true(torch[tostring(dtype)]:equal(ty.arange(6):reshape(2, 3):to(dtype)))
    end
  end)

  it("optimisers take PyTorch's steps, to the last bit", function()
    for _, row in ipairs(assert(loadfile(golden.folder .. "reduced_optim.lua"))()) do
      local kind, options, dtype, wanted = table.unpack(row)
      local i = ty.arange(64)
      local w = ((i * 37 % 64 - 31) / 16):to(dtype):requires_grad_()
      local opt = optim[kind]({w}, options)
      for s = 0, 4 do
        w.grad = (((i * 29 + 7 * s) % 17 - 8) / 8):to(dtype)
        opt:step()
      end
      local got = w:detach()[{ {1, -1, 3} }]:totable()
      for k, value in ipairs(wanted) do
        local text = ("%s in %s, element %d"):format(kind, dtype, k)
        assert.are.equal(("%.9g"):format(value), ("%.9g"):format(got[k]), text)
      end
    end
  end)

  it("errors name the dtype", function()
    local x = ty.ones(2, {dtype = ty.float16})
    assert.has_error(function() x:uniform_(0, 1e5) end)
    assert.has_error(function() return ty.ones(2, 2, {dtype = ty.float16}):matmul(ty.ones(2, 2)) end)
    assert.has_error(function() ty.randperm(5000, {dtype = ty.float16}) end)
  end)
end)
