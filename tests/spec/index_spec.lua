-- Subscripts: what x[...] reads and x[...] = v writes, and what they refuse. Uses the C module alone.
local core = require "tycho.core"
local ty = setmetatable({}, {__index = function(_, name) return core.functions[name] or core.dtypes[name] end})

local function assert_fails(pattern, f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, "no error was raised")
  assert.truthy(message:find(pattern), ("%q does not match %q"):format(message, pattern))
end

describe("reading by subscript", function()
  local x = ty.tensor {{1, 2, 3}, {4, 5, 6}}

  it("takes positions, from 1 or from the end", function()
    assert.same({4, 5, 6}, x[2]:totable())
    assert.same({4, 5, 6}, x[-1]:totable())
    assert.equal(0, x[2][1].ndim)
    assert.equal(6, x[{2, 3}]:item())
    assert.equal(3, x[{1, -1}]:item())
    assert.same({1, 2, 3}, x[{1}]:totable())
    assert.equal(5, x[2.0][2.0]:item())
  end)

  it("takes ranges that include their end, and steps", function()
    assert.same({{1, 2}, {4, 5}}, x[{{}, {1, 2}}]:totable())
    assert.same({{4, 5, 6}}, x[{{2, 2}, {}}]:totable())
    assert.same({{1, 3}, {4, 6}}, x[{{}, {1, -1, 2}}]:totable())
    assert.same({{2, 3}, {5, 6}}, x[{{}, {-2, -1}}]:totable())
    assert.same({2, 5}, x[{{}, 2}]:totable())
    assert.same({2, 5}, x[{"...", 2}]:totable())
    assert.same(x:totable(), x[{{1, 100}}]:totable())
    assert.same({}, x[{{2, 1}}]:totable())
    assert.same(x:totable(), x[{}]:totable())
    assert.is_false(x[{}] == x)
  end)

  it("takes masks and tensors of positions, and mixes them", function()
    assert.same({4, 5, 6}, x[x:gt(3)]:totable())
    assert.same({{4, 5, 6}}, x[ty.tensor {false, true}]:totable())
    assert.same({{4, 5, 6}, {1, 2, 3}, {4, 5, 6}}, x[ty.tensor {2, 1, -1}]:totable())
    assert.same({{3, 1}, {6, 4}}, x[{{}, ty.tensor {3, 1}}]:totable())
    assert.same({6, 4}, x[{2, ty.tensor {3, 1}}]:totable())
    assert.same({3, 4}, x[{ty.tensor {1, 2}, ty.tensor {3, 1}}]:totable())
    assert.same({{3}}, x[{{1, 1}, ty.tensor {3}}]:totable())
    assert.same({}, x[x:gt(9)]:totable())
    assert.same({{2}, {5}}, x[{{}, ty.tensor {false, true, false}}]:totable())
  end)

  it("gives views that share memory, but for masks and positions", function()
    local y = ty.zeros(2, 2)
    y[1]:fill_(5)
    y[{{}, {2, 2}}]:fill_(7)
    assert.same({{5.0, 7.0}, {0.0, 7.0}}, y:totable())
    y[ty.tensor {1}]:fill_(9)
    assert.same({{5.0, 7.0}, {0.0, 7.0}}, y:totable())
  end)

  it("lets gradients through", function()
    local w = ty.ones(2, 3, {requires_grad = true})
    local sum = w[1]:sum() + w[{{}, {2, 3}}]:sum() + w[ty.tensor {2, 2}]:sum()
    sum:backward()
    assert.same({{1.0, 2.0, 2.0}, {2.0, 3.0, 3.0}}, w.grad:totable())
  end)

  it("refuses what is no subscript, naming place and size", function()
    assert_fails("indices count from 1", function() return x[0] end)
    assert_fails("indices count from 1", function() return x[{1, 0}] end)
    assert_fails("indices count from 1", function() return x[{{0, 1}}] end)
    assert_fails("count from 1", function() return x[ty.tensor {0}] end)
    assert_fails("index 3 is out of range in dimension 1, whose size is 2", function() return x[3] end)
    assert_fails("index %-4 is out of range in dimension 2, whose size is 3", function() return x[{1, -4}] end)
    assert_fails("3", function() return x[ty.tensor {3}] end)
    assert_fails("too many subscripts: 3 for a tensor of 2 dimensions %(the shape is {2, 3}%)",
      function() return x[{1, 1, 1}] end)
    assert_fails("x:item%(%)", function() return ty.tensor(1)[1] end)
    assert_fails("whole number", function() return x[1.5] end)
    assert_fails("boolean true cannot be a subscript", function() return x[true] end)
    assert_fails("a range is {from, to}", function() return x[{{1}}] end)
    assert_fails("a range is {from, to}", function() return x[{{1, 2, 1, 1}}] end)
    assert_fails("step of a range must be positive", function() return x[{{1, 2, 0}}] end)
    assert_fails("got dtype float32", function() return x[ty.ones(2)] end)
    assert_fails("other keys", function() return x[{a = 1}] end)
    assert_fails("once", function() return x[{"...", "..."}] end)
    assert.is_false(pcall(function() return x[ty.tensor {true, false, true}] end))
    local many = {}
    for i = 1, 40 do many[i] = {} end
    assert_fails("more than 16", function() return x[many] end)
  end)
end)

describe("writing by subscript", function()
  local function x() return ty.tensor {{1, 2, 3}, {4, 5, 6}} end

  it("takes numbers, tensors and tables", function()
    local y = x()
    y[{1, 2}] = 20
    y[2] = ty.tensor {7, 8, 9}
    assert.same({{1, 20, 3}, {7, 8, 9}}, y:totable())
    y[{{}, {1, 2}}] = 0
    assert.same({{0, 0, 3}, {0, 0, 9}}, y:totable())
    y[1] = {4, 5, 6}
    y[{{}, 3}] = ty.tensor {1.5, 2.5}
    assert.same({{4, 5, 1}, {0, 0, 2}}, y:totable())
    y[{}] = 3
    assert.same({{3, 3, 3}, {3, 3, 3}}, y:totable())
    y[2] = ty.tensor {{1, 2, 3}}
    assert.same({1, 2, 3}, y[2]:totable())
  end)

  it("takes masks and tensors of positions", function()
    local y = x()
    y[y:gt(4)] = 0
    assert.same({{1, 2, 3}, {4, 0, 0}}, y:totable())
    y[ty.tensor {2, 1}] = {{1, 1, 1}, {2, 2, 2}}
    assert.same({{2, 2, 2}, {1, 1, 1}}, y:totable())
    y[{{}, ty.tensor {1, 3}}] = 9
    assert.same({{9, 2, 9}, {9, 1, 9}}, y:totable())
    y[{2, ty.tensor {false, true, false}}] = 7
    assert.same({{9, 2, 9}, {9, 7, 9}}, y:totable())
    local m = ty.tensor {true, false}
    m[2] = true
    assert.is_true(m:all():item())
  end)

  it("is seen by autograd", function()
    local w = ty.ones(3, {requires_grad = true})
    local y = w * 2
    y[2] = 0
    y:sum():backward()
    assert.same({2.0, 0.0, 2.0}, w.grad:totable())
    assert.is_false(pcall(function() w[1] = 5 end))
  end)

  it("refuses what does not fit", function()
    local y = x()
    assert_fails("index 3 is out of range in dimension 1", function() y[3] = 1 end)
    assert_fails("indices count from 1", function() y[0] = 1 end)
    assert_fails("only a number, a table or a tensor can be assigned", function() y[1] = "a" end)
    assert_fails("only a number", function() y[1] = nil end)
    assert.is_false(pcall(function() y[1] = ty.zeros(2) end))
    assert_fails("ragged", function() y[{}] = {{1, 2}, {3}} end)
    assert.same(x():totable(), y:totable())
  end)
end)
