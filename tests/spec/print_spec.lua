-- A tensor prints as PyTorch prints it, under every option of set_printoptions, with Lua's braces; and what is printed is
-- Lua, that makes the tensor again where all of it is shown.

local ty = require "tycho"

local folder = package.searchpath("print_spec", package.path):gsub("spec/print_spec%.lua$", "golden/")

-- make_print.py's function of this name: 0, 1, 2, ... in a shape, times scale, plus shift.
local function steps(shape, scale, shift, dtype)
  local count = 1
  for _, size in ipairs(shape) do count = count * size end
  return (ty.arange(0, count, {dtype = "float64"}) * scale + shift):to(dtype):reshape(shape)
end

local function value_of(code)
  return assert(load("local ty, steps = ...; return " .. code, "=print", "t", {math = math}))(ty, steps)
end

describe("a printed tensor", function()
  local default = ty.get_default_dtype()
  before_each(function() ty.set_printoptions{profile = "default"} end)
  after_each(function()
    ty.set_default_dtype(default)
    ty.set_printoptions{profile = "default"}
  end)

  for i, case in ipairs(dofile(folder .. "print.lua")) do
    local options, code, text = table.unpack(case)
    it(("is as PyTorch's, %d: %s"):format(i, code:sub(1, 60)), function()
      for _, o in ipairs(options) do ty.set_printoptions(o) end
      assert.equal(text, tostring(value_of(code)))
    end)
  end

  it("is Lua that makes it again", function()
    for _, x in ipairs{ty.tensor{1, -2}, ty.tensor{{1.5, 2}, {-3, 4}}, ty.tensor(7), ty.tensor{true, false}, ty.tensor{},
                       ty.tensor({1, 2}, {dtype = "uint8"}), ty.tensor({0.5, 2}, {dtype = "bfloat16", requires_grad = true}),
                       ty.tensor({1e-5, 1}, {dtype = "float64"}), ty.arange(1, 61):to("int16"), ty.zeros(0, {dtype = "int64"})} do
      local again = assert(load("return " .. tostring(x), "=printed", "t", {tensor = ty.tensor}))()
      assert.is_true(ty.equal(x, again))
      assert.equal(x.dtype, again.dtype)
      assert.equal(x.requires_grad, again.requires_grad)
    end
  end)

  it("names every dtype but the default one, int64 and bool", function()
    ty.set_default_dtype(ty.float64)
    assert.equal("tensor({1.5000})", tostring(ty.tensor{1.5}))
    assert.equal('tensor({1.5000}, {dtype = "float32"})', tostring(ty.tensor({1.5}, {dtype = "float32"})))
    assert.equal('tensor({}, {dtype = "float32"})', tostring(ty.zeros(0, {dtype = "float32"})))
    assert.equal("tensor({})", tostring(ty.zeros(0)))
  end)

  it("follows options given in PyTorch's order", function()
    ty.set_printoptions(2, 5, 1, 40, "short", true)
    assert.equal("tensor({0.00e+00,  ..., 1.25e+00})", tostring(ty.arange(0, 1.5, 0.25)))
  end)

  it("keeps its options when one is refused", function()
    ty.set_printoptions{precision = 2}
    for _, bad in ipairs{{precision = -1}, {threshold = -1}, {threshold = 0 / 0}, {edgeitems = -1}, {linewidth = -80},
                         {profile = "long"}, {precision = 2.5}, {sci_mode = 1}, {digits = 3}, {precision = 1, threshold = -5}} do
      assert.has_error(function() ty.set_printoptions(bad) end)
    end
    assert.equal("tensor({1.50})", tostring(ty.tensor{1.5}))
  end)
end)
