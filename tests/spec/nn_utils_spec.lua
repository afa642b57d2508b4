--[[
nn.utils does to gradients what PyTorch does (tests/golden/utils.lua, by make_utils.py), and turns parameters into a vector
and back.
]]

local ty = require "tycho"
local golden = require "support.golden"

local nn, utils = ty.nn, ty.nn.utils
local reference = assert(loadfile(golden.folder .. "utils.lua"))()

-- The leaves of make_utils.py; the third has no gradient.
local function leaves(dtype, scale)
  local a, b = ty.zeros(2, 3, {dtype = dtype, requires_grad = true}), ty.zeros(2, {dtype = dtype, requires_grad = true})
  a.grad = ty.arange(-3.0, 3.0, {dtype = dtype}):reshape(2, 3) * scale
  b.grad = ty.full({2}, 1.5, {dtype = dtype}) * scale
  return {a, b, ty.zeros(3, {requires_grad = true})}
end

local function check(wanted, got, tolerance)
  local values = got:reshape(-1):totable()
  assert.are.equal(#wanted, #values)
  for i, value in ipairs(wanted) do
    local close = value == values[i] or (value ~= value and values[i] ~= values[i])
      or math.abs(value - values[i]) <= tolerance * math.max(1, math.abs(value))
    if not close then error(("element %d: got %.9g, expected %.9g"):format(i, values[i], value), 0) end
  end
end

describe("clip_grad_norm_:", function()
  for _, row in ipairs(reference.norms) do
    local dtype, scale, most, p, norm, a, b = table.unpack(row)
    it(("%s gradients times %g to %g, norm %g"):format(dtype, scale, most, p), function()
      local params, tolerance = leaves(ty[dtype], scale), dtype == "float32" and 1e-6 or 1e-14
      local got = utils.clip_grad_norm_(params, most, p)
      assert.are.equal(dtype, tostring(got.dtype))
      assert.are.equal(0, got:dim())
      check(norm, got, tolerance)
      check(a, params[1].grad, tolerance)
      check(b, params[2].grad, tolerance)
      assert.is_nil(params[3].grad)
    end)
  end

  it("takes one tensor, options by name, mixed dtypes, and no gradients", function()
    local x = ty.zeros(2, {requires_grad = true})
    assert.are.equal(0.0, utils.clip_grad_norm_(x, 1.0):item())
    x.grad = ty.tensor {3.0, 4.0}
    assert.are.equal(5.0, utils.clip_grad_norm_(x, {max_norm = 10, norm_type = 2}):item())
    local y = ty.zeros(1, {dtype = ty.float64, requires_grad = true})
    y.grad = ty.tensor({12.0}, {dtype = ty.float64})
    local norm = utils.clip_grad_norm_({x, y}, 1.0)
    assert.are.equal(13.0, norm:item())
    assert.are.equal(ty.float64, norm.dtype)
    assert.are.equal(ty.float32, x.grad.dtype)
    assert.is_true(math.abs(y.grad:item() - 12 / 13) < 1e-6)
  end)

  it("a norm that is not finite is an error when asked for", function()
    local params = leaves(ty.float32, math.huge)
    local ok, message = pcall(utils.clip_grad_norm_, params, 1.0, {error_if_nonfinite = true})
    assert.is_false(ok)
    assert.is_truthy(message:find("cannot be clipped", 1, true), message)
    assert.are.equal(math.huge, params[2].grad[1]:item())
  end)
end)

describe("clip_grad_value_:", function()
  for _, row in ipairs(reference.values) do
    it(("to %g"):format(row[1]), function()
      local params = leaves(ty.float32, 1.0)
      assert.is_nil(utils.clip_grad_value_(params, row[1]))
      check(row[2], params[1].grad, 0)
      check(row[3], params[2].grad, 0)
    end)
  end
end)

describe("parameters as a vector:", function()
  it("there and back", function()
    local net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    local vector = utils.parameters_to_vector(net:parameters())
    assert.are.same({11}, vector.shape)
    assert.is_true(vector[{{1, 6}}]:equal(net[1].weight:reshape(-1)))
    local values = ty.arange(1.0, 12.0)
    utils.vector_to_parameters(values, net:parameters())
    assert.is_true(net[1].weight:equal(values[{{1, 6}}]:reshape(2, 3)))
    assert.is_true(net[2].bias:equal(values[{{11, 11}}]))
    assert.is_true(net[1].weight.is_leaf and net[1].weight.requires_grad)
    assert.is_true(utils.parameters_to_vector(net:parameters()):equal(values))
  end)

  it("gradients go through", function()
    local a, b = ty.ones(2, 2, {requires_grad = true}), ty.ones(1, {requires_grad = true})
    utils.parameters_to_vector({a:t(), b}):pow(2):sum():backward()
    assert.is_true(a.grad:equal(ty.full({2, 2}, 2.0)))
    assert.is_true(b.grad:equal(ty.full({1}, 2.0)))
  end)

  it("values may come from the parameters' own memory", function()
    local base = ty.arange(1.0, 5.0)
    local a, b = base[{{1, 2}}], base[{{3, 4}}]
    utils.vector_to_parameters(base, {b, a})
    assert.is_true(base:equal(ty.tensor {3.0, 4.0, 1.0, 2.0}))
  end)
end)

describe("bad use is an error that says so:", function()
  local bad = {
    {"list of tensors", function() utils.clip_grad_norm_(3, 1) end},
    {"parameter 2", function() utils.clip_grad_norm_({ty.zeros(1), 3}, 1) end},
    {"max_norm", function() utils.clip_grad_norm_({ty.zeros(1)}) end},
    {"max_norm", function() utils.clip_grad_norm_({ty.zeros(1)}, -1) end},
    {"norm_type", function() utils.clip_grad_norm_({ty.zeros(1)}, 1, 0 / 0) end},
    {"clip_value", function() utils.clip_grad_value_({ty.zeros(1)}, -1) end},
    {"clip_value", function() utils.clip_grad_value_({ty.zeros(1)}, "x") end},
    {"empty", function() utils.parameters_to_vector {} end},
    {"list of tensors", function() utils.parameters_to_vector() end},
    {"must be a tensor", function() utils.vector_to_parameters({1}, {ty.zeros(1)}) end},
    {"2 elements", function() utils.vector_to_parameters(ty.zeros(3), {ty.zeros(2)}) end},
    {"{1, 2}", function() utils.vector_to_parameters(ty.zeros(1, 2), {ty.zeros(2)}) end},
  }
  for i, entry in ipairs(bad) do
    it(("%s (%d)"):format(entry[1], i), function()
      local ok, message = pcall(entry[2])
      assert.is_false(ok, "an error was expected")
      assert.is_truthy(message:find(entry[1], 1, true), ("%q is not in: %s"):format(entry[1], message))
      assert.is_truthy(message:find("nn_utils_spec.lua:", 1, true), "the error does not point here: " .. message)
    end)
  end
end)
