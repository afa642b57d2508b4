--[[
Functions with a gradient of one's own, in Lua; gradcheck and the functional forms (jacobian, hessian and their products).
]]

local ty = require "tycho"
local core = require "tycho.core"
local A = ty.autograd

local here = debug.getinfo(1, "S").source:match "^@(.*)spec/autograd_function_spec%.lua$"
local support = dofile(here .. "spec/support/autograd.lua")
local leaf, values, near, says, make = support.leaf, support.values, support.near, support.says, support.make

-- ---- Functions with a gradient of one's own ----

describe("a function in Lua", function()
  local Cube = A.Function "Cube"
  function Cube.forward(ctx, x)
    ctx:save_for_backward(x)
    return x ^ 3
  end
  function Cube.backward(ctx, g)
    local x = ctx.saved_tensors[1]
    return g * 3 * x ^ 2
  end

  it("has its gradient, and that of its gradient", function()
    local x = make({3}, 1)
    assert.equal("CubeBackward", Cube.apply(x).grad_fn.name)
    assert.is_true(A.gradcheck(Cube.apply, x))
    assert.is_true(A.gradgradcheck(Cube.apply, x))
    ty.no_grad(function() assert.is_false(Cube.apply(x).requires_grad) end)
  end)

  it("takes values that are no tensors, and has several results", function()
    local Two = A.Function "Two"
    local needs
    function Two.forward(ctx, x, name, y, factor)
      ctx.name, ctx.factor = name, factor
      ctx:save_for_backward(x, nil, y)
      return x * y, "said " .. name, x + factor
    end
    function Two.backward(ctx, g1, g2, g3)
      assert.is_nil(g2)
      needs = ctx.needs_input_grad
      local saved = ctx.saved_tensors
      assert.equal(3, saved.n)
      assert.is_nil(saved[2])
      return g1 * saved[3] + g3, nil, g1 * saved[1], nil
    end
    local x, y = make({3}, 1), make({3}, 2)
    local _, text, b = Two.apply(x, "it", y, 2)
    assert.equal("said it", text)
    assert.equal(3, b.output_nr + 1)
    assert.is_true(A.gradcheck(function(p, q)
      local first, _, third = Two.apply(p, "it", q, 2)
      return first, third
    end, {x, y}))
    local a = Two.apply(x, "it", y, 2)
    a:sum():backward() -- b has no gradient: zeros
    assert.same({true, false, true, false, n = 4}, needs)
    near(values(y), x.grad)
  end)

  it("can keep missing gradients nil, and have no gradient for some results", function()
    local Part = A.Function "Part"
    local got
    function Part.forward(ctx, x)
      local a, b, c = x * 2, x * 3, x:gt(0)
      ctx:mark_non_differentiable(b)
      ctx:set_materialize_grads(false)
      return a, b, c, x * 4
    end
    function Part.backward(_, ...)
      got = table.pack(...)
      return got[4] and got[4] * 4
    end
    local x = leaf(1, -1)
    local a, b, c, d = Part.apply(x)
    assert.is_true(a.requires_grad and d.requires_grad)
    assert.is_false(b.requires_grad or c.requires_grad)
    d:sum():backward()
    assert.same({nil, nil, nil, 4}, {got[1], got[2], got[3], got.n})
    near({4, 4}, x.grad)
    a:sum():backward()
    near({4, 4}, x.grad)
  end)

  it("can change an input in place", function()
    local Double = A.Function "Double"
    function Double.forward(ctx, x)
      ctx:mark_dirty(x)
      return x:mul_(2)
    end
    function Double.backward(_, g) return g * 2 end
    local x = leaf(1, 2, 3)
    local y = x * x
    local z = Double.apply(y)
    assert.is_true(z == y)
    ty.sum(z * z):backward()
    near({16, 128, 432}, x.grad)
    x.grad = nil
    y = x * x
    Double.apply(y[{{2, 3}}])
    ty.sum(y * 1):backward()
    near({2, 8, 12}, x.grad)
    says("a leaf tensor that requires a gradient cannot be changed in place", Double.apply, leaf(1))
    local Lost = A.Function "Lost"
    function Lost.forward(ctx, a)
      ctx:mark_dirty(a)
      return a + 1
    end
    says("was not returned", Lost.apply, x * 1)
  end)

  it("can be written with setup_context", function()
    local Exp = A.Function "Exp"
    function Exp.forward(x) return x:exp() end
    function Exp.setup_context(ctx, inputs, output)
      assert.equal(1, inputs.n)
      ctx:save_for_backward(output)
    end
    function Exp.backward(ctx, g) return g * ctx.saved_tensors[1] end
    local x = make({4}, 1)
    assert.is_true(A.gradcheck(Exp.apply, x))
    assert.is_true(A.gradgradcheck(Exp.apply, x)) -- the saved result has its history
  end)

  it("passes an input on as another tensor", function()
    local Same = A.Function "Same"
    function Same.forward(_, x) return x end
    function Same.backward(_, g) return g * 5 end
    local x = leaf(1, 2)
    local y = Same.apply(x)
    assert.is_false(y == x)
    y:sum():backward()
    near({5, 5}, x.grad)
    says("cannot be changed in place", function() Same.apply(x * 1):add_(1) end)
  end)

  it("sums a gradient that was broadcast, and refuses other shapes", function()
    local Wide = A.Function "Wide"
    function Wide.forward(_, x) return x * ty.ones(4, 3) end
    function Wide.backward(_, g) return g end
    local x = ty.ones(1, 3, {requires_grad = true})
    Wide.apply(x):sum():backward()
    near({4, 4, 4}, x.grad)
    function Wide.backward() return ty.ones(2) end
    says("WideBackward gave a gradient of shape {2} for its input 1, of shape {1, 3}", function()
      Wide.apply(x):sum():backward()
    end)
  end)

  it("is refused with too few gradients, or with one for what is no tensor", function()
    local Bad = A.Function "Bad"
    function Bad.forward(_, x, n) return x * n end
    function Bad.backward(_, g) return g end
    local x = leaf(1)
    says("BadBackward: backward gave 1 gradient, but forward took 2 arguments", function() Bad.apply(x, 2):backward() end)
    function Bad.backward(_, g) return g, g end
    says("BadBackward: backward gave a gradient for argument 2 of forward, which is no tensor", function()
      Bad.apply(x, 2):backward()
    end)
    function Bad.backward() return 1, nil end
    says("gradient 1 must be a tensor or nil", function() Bad.apply(x, 2):backward() end)
    function Bad.backward() error "inside" end
    says("inside", function() Bad.apply(x, 2):backward() end)
    function Bad.forward() error "forward fails" end
    says("forward fails", Bad.apply, x)
    assert.is_true(ty.is_grad_enabled())
    says("has no backward", function()
      local None = A.Function "None"
      function None.forward(_, y) return y * 1 end
      None.apply(x):backward()
    end)
    says("only tensors are saved so", function()
      local S = A.Function "S"
      function S.forward(ctx) ctx:save_for_backward(3) end
      S.apply(x)
    end)
  end)

  it("notices that what it saved was changed, or is gone", function()
    local x = leaf(1, 2)
    local y = x * 1
    local z = Cube.apply(y)
    y:add_(1)
    says("a value that CubeBackward needs", function() z:sum():backward() end)
    z = Cube.apply(x):sum()
    z:backward()
    says("retain_graph = true", function() z:backward() end)
  end)

  it("that is differentiable once says so", function()
    local Once = A.Function "Once"
    function Once.forward(_, x) return x * 2 end
    Once.backward = A.once_differentiable(function(_, g)
      assert.is_false(ty.is_grad_enabled())
      return g * 2
    end)
    local x = leaf(3)
    near({2}, ty.grad(Once.apply(x), x)[1])
    local y = Once.apply(x) * x
    local g = ty.grad(y, x, {create_graph = true})[1]
    near({12}, g)
    says("once_differentiable", function() ty.grad(g, x) end)
  end)

  it("frees what it kept", function()
    local function live()
      core.empty_cache()
      return core.memory_stats().live
    end
    local before = live()
    for _ = 1, 300 do
      local x = ty.ones(1000, {requires_grad = true})
      local y = Cube.apply(x)
      if math.random() < 0.5 then y:sum():backward() end
    end
    assert.truthy(live() - before < 100000, live() - before)
  end)
end)

-- ---- gradcheck and functional ----

describe("gradcheck", function()
  it("finds a wrong gradient and shows both Jacobians", function()
    local Bad = A.Function "Bad"
    function Bad.forward(_, x) return x * 2 end
    function Bad.backward(_, g) return g * 3 end
    local message = says("Jacobian mismatch for output 1 with respect to input 1", A.gradcheck, Bad.apply, make({2}, 1))
    assert.truthy(message:find("numerical: {{2, 0}, {0, 2}}", 1, true) and message:find("analytical: {{3, 0}, {0, 3}}", 1, true))
    assert.is_false(A.gradcheck(Bad.apply, make({2}, 1), {raise_exception = false}))
  end)

  it("finds a wrong second derivative, a missing zero and what is not deterministic", function()
    local Half = A.Function "Half"
    function Half.forward(ctx, x)
      ctx:save_for_backward(x)
      return x ^ 2
    end
    function Half.backward(ctx, g) return g * 2 * ctx.saved_tensors[1]:detach() end
    assert.is_true(A.gradcheck(Half.apply, make({2}, 1)))
    says("gradgradcheck: Jacobian mismatch", A.gradgradcheck, Half.apply, make({2}, 1))
    local Nil = A.Function "Nil"
    function Nil.forward(ctx, x)
      ctx:set_materialize_grads(false)
      return x * 1, x * 2
    end
    function Nil.backward(_, a, b) return a + b * 2 end
    says("attempt to perform arithmetic on a nil value", A.gradcheck, Nil.apply, make({2}, 1))
    local Noise = A.Function "Noise"
    function Noise.forward(_, x) return x * 1 end
    function Noise.backward(_, g) return g + ty.rand_like(g) * 1e-7 end
    says("not deterministic", A.gradcheck, Noise.apply, make({2}, 1))
    assert.is_true(A.gradcheck(Noise.apply, make({2}, 1), {nondet_tol = 1e-6}))
  end)

  it("refuses inputs that it cannot check", function()
    says("no input requires a gradient", A.gradcheck, ty.sin, ty.ones(2))
    says("one place in memory", A.gradcheck, ty.sin, ty.ones(1, {requires_grad = true}):expand(3))
    says("the function must give tensors", A.gradcheck, function() return 3 end, make({2}, 1))
    says("unknown option", A.gradcheck, ty.sin, make({2}, 1), {tolerance = 1})
  end)
end)

describe("functional", function()
  local f = A.functional
  local function cube(x) return (x ^ 3):sum() end

  it("gives Jacobians and Hessians", function()
    near({2, 0, 0, 4}, f.jacobian(function(x) return x * x end, ty.tensor {1.0, 2.0}))
    local j = f.jacobian(function(x, y) return x * y, x:sum() end, {ty.tensor {1.0, 2.0}, ty.tensor {3.0, 4.0}})
    near({3, 0, 0, 4}, j[1][1])
    near({1, 0, 0, 2}, j[1][2])
    near({1, 1}, j[2][1])
    near({0, 0}, j[2][2])
    near({6, 0, 0, 12}, f.hessian(cube, ty.tensor {1.0, 2.0}))
    local h = f.hessian(function(x, y) return (x * y):sum() end, {ty.tensor {1.0}, ty.tensor {2.0}})
    near({0}, h[1][1])
    near({1}, h[1][2])
    local wide = f.jacobian(function(x) return ty.stack {x, x, x}:sum(2) end, ty.ones(2, 2))
    assert.same({3, 2, 2, 2}, {table.unpack(wide.shape)})
  end)

  it("gives products with vectors", function()
    local x, v = ty.tensor {1.0, 2.0}, ty.tensor {1.0, -1.0}
    local _, product = f.vjp(function(p) return p ^ 3 end, x, v)
    near({3, -12}, product)
    _, product = f.jvp(function(p) return p ^ 3 end, x, v)
    near({3, -12}, product)
    local y
    y, product = f.hvp(cube, x, v)
    near({9}, y)
    near({6, -12}, product)
    _, product = f.vhp(cube, x, v)
    near({6, -12}, product)
  end)

  it("can be differentiated again, and is strict when asked", function()
    local x = leaf(2)
    local j = f.jacobian(function(p) return p ^ 3 end, x, {create_graph = true})
    near({12}, ty.grad(j:sum(), x)[1])
    near({0}, f.jacobian(function() return ty.ones(1) end, x))
    says("strict = true", f.jacobian, function() return ty.ones(1) end, x, {strict = true})
    says("must be floating", f.jacobian, cube, ty.tensor {1})
    says("tensor of one element", f.hessian, function(p) return p * 2 end, ty.ones(2))
    says("v may be left out", f.vjp, function(p) return p * 2 end, ty.ones(2))
    says("vectorize", f.jacobian, cube, x, {vectorize = true})
  end)
end)
