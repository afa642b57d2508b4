-- Subscripts against PyTorch's: the cases of tests/golden/make_index_cases.py, which describes them, then what cases of
-- one tensor cannot show: shared storage, versions, repeated places, and the words of errors.

local ty = require "tycho"
local golden = require "support.golden"

local float64 = {dtype = "float64"}

local function count_of(sizes)
  local n = 1
  for _, size in ipairs(sizes) do n = n * size end
  return n
end

local function counted(sizes, dtype, step)
  local values = {}
  for i = 1, count_of(sizes) do values[i] = i * step end
  return ty.tensor(values, float64):to(dtype):reshape(sizes)
end

local function sizes_of(x) return {table.unpack(x:size())} end

-- What the sources of the cases name.
local names = {
  N = ty.newaxis,
  I = function(sizes, ...) return ty.tensor({...}, {dtype = "int64"}):reshape(sizes) end,
  B = function(sizes, text)
    local values = {}
    for c in text:gmatch "." do values[#values + 1] = c == "1" end
    return ty.tensor(values, {dtype = "bool"}):reshape(sizes)
  end,
  V = function(dtype, sizes)
    local value = counted(sizes, dtype, 10)
    if value.dtype.is_floating_point then value:requires_grad_() end
    return value
  end,
}

local function evaluate(source) return assert(load("return " .. source, source, "t", names))() end

local function flat(x)
  local values = x:to("float64"):reshape(-1):totable()
  for i, v in ipairs(values) do values[i] = math.tointeger(v) or v end
  return values
end

local function perform(kind, x, key, value)
  local y = x * 1
  if kind == "read" then return y[key] end
  if kind == "put" then return y:index_put(key, value, true) end
  if kind == "add" then
    y[key]:add_(value)
  else
    y[key] = value
  end
  return y
end

local function check(case, kind, sizes, key, value, expected)
  local x = counted(sizes, "float64", 1):requires_grad_()
  value = value ~= "" and evaluate(value) or nil
  local ok, y = pcall(perform, kind, x, evaluate(key), value)
  if not expected then
    assert.is_false(ok, case .. ": PyTorch refuses this")
    return
  end
  assert.is_true(ok, ("%s: %s"):format(case, y))
  if expected[1] then assert.same(expected[1], sizes_of(y), case) end
  assert.same(expected[2], flat(y), case)
  if y:numel() == 0 then return end
  local weights = counted(sizes_of(y), "float64", 1);
  (y * weights):sum():backward()
  assert.same(expected[3], x.grad and flat(x.grad), case .. ": gradient")
  if expected[4] then assert.same(expected[4], flat(value.grad), case .. ": gradient of the value") end
end

local function assert_fails(text, f)
  local ok, message = pcall(f)
  assert.is_false(ok, "no error was raised; expected: " .. text)
  assert.truthy(message:find(text, 1, true), ("%q does not hold %q"):format(message, text))
end

describe("subscripts as PyTorch's", function()
  for n, case in ipairs(dofile(golden.folder .. "index_cases.lua")) do
    local kind, sizes, key, value = table.unpack(case, 1, 4)
    local name = ("%d: %s of {%s}, %s%s"):format(n, kind, table.concat(sizes, ","), key, value ~= "" and " = " .. value or "")
    it(name, function() check(name, kind, sizes, key, value, case[5]) end)
  end
end)

describe("subscripts", function()
  it("write through views of views, and count versions", function()
    local x = ty.zeros(3, 4)
    local version = x._version
    x[2][{{2, 3}}][1] = 5
    x[{{}, ty.newaxis, 4}][3]:add_(2)
    x[ty.tensor(1)][1] = 7
    assert.same({{7.0, 0.0, 0.0, 0.0}, {0.0, 5.0, 0.0, 0.0}, {0.0, 0.0, 0.0, 2.0}}, x:totable())
    assert.equal(version + 3, x._version)
    x[ty.tensor {1, 2}]:add_(1)
    assert.equal(version + 3, x._version)
    x[x:gt(4)] = 0
    x[ty.tensor {1, 2}] = 1
    assert.equal(version + 5, x._version)
  end)

  it("take \"...\" and ty.newaxis without a list", function()
    local x = ty.zeros(2, 3)
    assert.same({1, 2, 3}, sizes_of(x[ty.newaxis]))
    x["..."] = 4
    x[ty.newaxis] = x[ty.newaxis] + 1
    assert.equal(30.0, x:sum():item())
    assert.same({2, 1, 3}, sizes_of(x[{{}, ty.newaxis}]))
    assert.same({2, 3, 1}, sizes_of(x[{"...", ty.newaxis}]))
  end)

  it("keep a value that was given for a place named twice", function()
    local x = ty.zeros(3)
    x[ty.tensor {2, 2, 2}] = ty.tensor {4.0, 5.0, 6.0}
    assert.is_true(x[2]:item() >= 4 and x:sum():item() == x[2]:item())
    assert.same({0.0, 15.0, 0.0}, ty.zeros(3):index_put({ty.tensor {2, 2, 2}}, ty.tensor {4.0, 5.0, 6.0}, true):totable())
  end)

  it("hold many new dimensions, and no more than a tensor may have", function()
    local key = {"..."}
    for i = 2, 15 do key[i] = ty.newaxis end
    local x = ty.zeros(2, 3)
    assert.equal(16, x[key].ndim)
    key[16] = ty.newaxis
    assert_fails("16", function() return x[key] end)
    local wide = {"...", ty.newaxis}
    assert_fails("16", function() return ty.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)[wide] end)
  end)

  it("say what is wrong", function()
    local x = ty.zeros(2, 3)
    assert_fails("index 3 is out of range in dimension 1, whose size is 2", function() return x[ty.tensor(3)] end)
    assert_fails("index 4 is out of range for dimension 2 with size 3", function() return x[{{}, ty.tensor {1, 4}}] end)
    assert_fails("too many subscripts: 3", function() return x[{1, ty.newaxis, 1, ty.tensor {1}}] end)
    assert_fails("indices count from 1", function() return x[ty.tensor(0)] end)
    assert_fails("count from 1", function() x[{1, ty.tensor {0}}] = 1 end)
    assert_fails("a mask of shape {3} does not fit the shape {2, 3}", function() return x[ty.tensor {true, true, false}] end)
    assert_fails("a mask of shape {2, 2} does not fit", function() x[ty.ones(2, 2):gt(0)] = 1 end)
    assert_fails("got dtype float32", function() return x[ty.ones(2)] end)
    assert_fails("dtype uint8", function() return x[ty.ones(2, {dtype = "uint8"})] end)
    assert_fails("do not broadcast", function() return x[{ty.tensor {1, 2}, ty.tensor {1, 2, 3}}] end)
    assert_fails("do not fit the {2, 3} that the indices select", function() x[ty.tensor {1, 2}] = ty.zeros(2) end)
    assert_fails("{2}", function() x[1] = ty.zeros(2) end)
    assert_fails("convert them: values:to(ty.float32)", function() x[ty.tensor {1}] = ty.zeros(3, {dtype = "float64"}) end)
    assert_fails("ty.newaxis", function() return x[true] end)
  end)
end)
