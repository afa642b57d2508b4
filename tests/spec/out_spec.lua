-- out = tensor: where a result goes, and when it may not; shifts as operators.

local ty = require "tycho"

local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  return text
end

describe("out", function()
  local x, y = ty.tensor {1.0, 2.0}, ty.tensor {10.0, 20.0}

  it("gets the result and is what comes back", function()
    local out = ty.zeros(2)
    local view = out:view(2)
    assert.equal(out, ty.add(x, y, {out = out}))
    assert.same({11.0, 22.0}, view:totable())
    assert.equal(out, ty.exp(x, {out = out}))
    assert.is_true(ty.allclose(view, x:exp()))
    assert.equal(out, ty.cat({x:narrow(1, 1, 1), y:narrow(1, 2, 1)}, {out = out}))
    assert.same({1.0, 20.0}, out:totable())
    ty.matmul(ty.eye(2), y, {out = out})
    assert.same({10.0, 20.0}, out:totable())
    ty.sum(ty.ones(3, 2), 1, {out = out})
    assert.same({3.0, 3.0}, out:totable())
    ty.zeros(2, {out = out})
    assert.same({0.0, 0.0}, view:totable())
  end)

  it("takes the shape of the result when it is empty, and keeps its dtype", function()
    local out = ty.empty(0, {dtype = "float64"})
    ty.mul(x, 3, {out = out})
    assert.same({3.0, 6.0}, out:totable())
    assert.equal(ty.float64, out.dtype)
    local places = ty.empty(0, {dtype = "int64"})
    ty.argmax(ty.tensor {{1, 9}, {8, 2}}, 2, {out = places})
    assert.same({2, 1}, places:totable())
    assert.is_true(ty.allclose(ty.linalg.inv(ty.eye(2), {out = ty.empty(0)}), ty.eye(2)))
  end)

  it("is refused where it does not fit", function()
    assert.truthy(message(ty.add, x, y, {out = ty.zeros(3)}):find("another shape", 1, true))
    assert.truthy(message(ty.add, x, y, {out = ty.zeros(2, {dtype = "int64"})}):find("does not go into a int64", 1, true))
    assert.truthy(message(ty.add, x, y, {out = 3}):find("out must be a tensor", 1, true))
    assert.truthy(message(ty.max, x, 1, {out = x}):find("unknown option 'out'", 1, true))
    local leaf = ty.ones(2, {requires_grad = true})
    assert.truthy(message(ty.add, leaf, y, {out = ty.zeros(2)}):find("has no gradient", 1, true))
    assert.truthy(message(ty.add, x, y, {out = leaf}):find("has no gradient", 1, true))
    ty.no_grad(function() ty.add(leaf, y, {out = x:clone()}) end)
  end)
end)

describe("shifts", function()
  it("are operators on integers, in both orders", function()
    local x = ty.tensor {1, 2, 3}
    assert.same({4, 8, 12}, (x << 2):totable())
    assert.same({2, 4, 8}, (1 << x):totable())
    assert.same({0, 1, 1}, (x >> 1):totable())
    assert.truthy(message(function() return x:float() << 1 end):find("integers are needed", 1, true))
  end)
end)
