--[[
The tape as PyTorch's users know it: second derivatives and ops in place on views against golden values (tests/golden/
autograd.lua), names of nodes, hooks, functions with a gradient of one's own, gradcheck, functional, checkpoints, anomaly and
inference mode, the hooks of modules; and what each of them says when it is used wrongly.
]]

local ty = require "tycho"
local core = require "tycho.core"
local A, nn, F = ty.autograd, ty.nn, ty.F

local here = debug.getinfo(1, "S").source:match "^@(.*)spec/autograd_spec%.lua$"
local golden = dofile(here .. "golden/autograd.lua")

local function leaf(...) return ty.tensor({...}, {dtype = "float32", requires_grad = true}) end
local function values(x) return x:detach():reshape(-1):totable() end

local function near(expected, x, message)
  local got = values(x)
  assert.equal(#expected, #got, message)
  for i, value in ipairs(expected) do
    assert.truthy(math.abs(value - got[i]) <= 1e-6 * math.max(1, math.abs(value)),
      ("%s: element %d is %.12g, expected %.12g"):format(message or "values", i, got[i], value))
  end
end

local function message_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return tostring(message)
end

local function says(text, f, ...)
  local message = message_of(f, ...)
  assert.truthy(message:find(text, 1, true), message)
  return message
end

-- ---- Golden values ----

local function make(shape, seed)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  local list = {}
  for i = 0, n - 1 do list[i + 1] = -1.5 + 3.1 * ((i * 37 + seed * 11) % 60 + 0.5) / 60 end
  return ty.tensor(list, {dtype = "float64"}):reshape(shape):requires_grad_()
end

local function weigh(x, shift)
  local list = {}
  for i = 0, x:numel() - 1 do list[i + 1] = ((i * 13 + shift) % 11 - 4) / 8 + 0.03 end
  return (x * ty.tensor(list, {dtype = "float64"}):reshape(x.shape)):sum()
end

local function compile(text, names)
  return assert(load(("local ty, F, %s = ... %s"):format(names, text)))
end

local function check_derivatives(case, out, inputs)
  local total = weigh(out, 7)
  assert.truthy(math.abs(total:item() - case.value) < 1e-9 * math.max(1, math.abs(case.value)), "the value differs")
  local grads = ty.grad(total, inputs, {create_graph = true, allow_unused = true})
  local slope = ty.zeros({}, {dtype = "float64"})
  for i, x in ipairs(inputs) do
    near(case.first[i], grads[i] or ty.zeros_like(x), "gradient of input " .. i)
    if grads[i] then slope = slope + weigh(grads[i], 3) end
  end
  local seconds = slope.requires_grad and ty.grad(slope, inputs, {allow_unused = true}) or {}
  for i, x in ipairs(inputs) do near(case.second[i], seconds[i] or ty.zeros_like(x), "second derivative by input " .. i) end
end

describe("first and second derivatives are PyTorch's:", function()
  for _, case in ipairs(golden.second) do
    it(case[1], function()
      local x, y, w = make({2, 3}, 1), make({2, 3}, 2), make({3, 4}, 3)
      local out = compile("local out = " .. case[1] .. " return out", "x, y, w")(ty, F, x, y, w)
      check_derivatives(case, out, {x, y, w})
    end)
  end
end)

describe("ops in place have PyTorch's gradients:", function()
  for _, case in ipairs(golden.inplace) do
    it(case[1], function()
      local x, y = make({2, 3}, 1), make({2, 3}, 2)
      local out = compile("local out " .. case[2] .. " return out", "a, b")(ty, F, x * 1, y * 1)
      check_derivatives(case, out, {x, y})
    end)
  end
end)

describe("a node has PyTorch's name:", function()
  it("in every case", function()
    local wrong = {}
    for _, case in ipairs(golden.names) do
      local x, w = ty.ones(2, 3, {requires_grad = true}), ty.ones(3, 4, {requires_grad = true})
      local y = compile("return " .. case[1], "x, w")(ty, F, x, w)
      if y.grad_fn.name ~= case[2] then wrong[#wrong + 1] = ("%s: %s, expected %s"):format(case[1], y.grad_fn.name, case[2]) end
    end
    assert.equal("", table.concat(wrong, "\n"))
  end)
end)

-- ---- Hooks ----

describe("a tensor's hook", function()
  it("sees the gradient, and what it gives replaces it, in order", function()
    local x, seen = leaf(1, 2), {}
    local y = x * 3
    y:register_hook(function(g) seen[#seen + 1] = values(g) end)
    y:register_hook(function(g) return g * 2 end)
    local handle = y:register_hook(function(g) seen[#seen + 1] = values(g) end)
    y:retain_grad()
    y:sum():backward{retain_graph = true}
    assert.same({{1, 1}, {2, 2}}, seen)
    near({6, 6}, x.grad)
    near({2, 2}, y.grad) -- kept after the hooks
    handle:remove()
    handle:remove()
    y:sum():backward()
    assert.equal(3, #seen)
  end)

  it("on a leaf runs once in a backward, on the sum, also for grad", function()
    local x, seen = leaf(1, 2), {}
    x:register_hook(function(g)
      seen[#seen + 1] = values(g)
      return g * 10
    end)
    local y = x * 2 + x:exp() * 0 + x
    y:sum():backward()
    assert.same({{3, 3}}, seen)
    near({30, 30}, x.grad)
    near({20, 20}, ty.grad((x * 2):sum(), x)[1])
    x:sum():backward()
    near({40, 40}, x.grad)
  end)

  it("is closed by its block", function()
    local x, calls = leaf(1), 0
    do
      local _ <close> = x:register_hook(function() calls = calls + 1 end)
      x:sum():backward()
    end
    x:sum():backward()
    assert.equal(1, calls)
  end)

  it("stops backward by an error, which is the user's, and leaves everything usable", function()
    local x = leaf(1, 2)
    local y = x * x
    local handle = y:register_hook(function() error({code = 7}) end)
    local ok, value = pcall(y.sum(y).backward, y:sum())
    assert.is_false(ok)
    assert.equal(7, value.code)
    handle:remove()
    y:register_hook(function() error "boom" end)
    local message = says("boom", function() y:sum():backward() end)
    assert.truthy(message:find "autograd_spec", message)
    local z = (x * x):sum()
    z:backward()
    near({2, 4}, x.grad)
  end)

  it("refuses what is no gradient of that tensor", function()
    local x = leaf(1, 2)
    local handle = x:register_hook(function() return 3 end)
    says("register_hook: the hook must give a tensor or nothing", function() x:sum():backward() end)
    handle:remove()
    handle = x:register_hook(function() return ty.ones(3) end)
    says("float32{2}, and is now float32{3}", function() x:sum():backward() end)
    handle:remove()
    says("register_hook: the tensor does not require a gradient", function() ty.ones(1):register_hook(print) end)
    says("register_hook: the hook must be a function", function() x:register_hook(3) end)
  end)

  it("may itself run backward, on the same graph too", function()
    local x = leaf(3)
    local y = x * x
    local inner
    y:register_hook(function(g)
      if inner then return end -- its own run meets the hook as well
      inner = true
      inner = ty.grad(y, x, {retain_graph = true})[1]
      return g
    end)
    local z = y * 2 + x
    local grads = ty.grad(z, {x, y})
    near({13}, grads[1])
    near({2}, grads[2])
    near({6}, inner)
    ty.mul(x, x):backward()
    near({6}, x.grad)
  end)

  it("may add and remove hooks while it runs", function()
    local x, calls, handle = leaf(1), 0, nil
    handle = x:register_hook(function()
      calls = calls + 1
      handle:remove()
      x:register_hook(function() calls = calls + 10 end)
    end)
    x:sum():backward()
    assert.equal(1, calls)
    x:sum():backward()
    assert.equal(11, calls)
  end)

  it("after accumulation sees the leaf with its grad, as soon as that is whole", function()
    local a, b, order = leaf(1), leaf(2), {}
    a:register_post_accumulate_grad_hook(function(p)
      assert.is_true(rawequal(p, a))
      order[#order + 1] = "a " .. p.grad:item()
      p.grad = nil
    end)
    local early = b * 5
    early:register_hook(function() order[#order + 1] = "early" end)
    local late = early * a * 3 + a
    late:backward()
    assert.same({"a 31.0", "early"}, order)
    assert.is_nil(a.grad)
    says("only a leaf", function() early:register_post_accumulate_grad_hook(print) end)
  end)
end)

describe("a node", function()
  it("tells its name and where its inputs came from", function()
    local x = leaf(1, 2)
    local y = x * ty.ones(2)
    assert.equal("MulBackward0", y.grad_fn.name)
    assert.equal("<MulBackward0>", tostring(y.grad_fn))
    local next_functions = y.grad_fn.next_functions
    assert.equal("AccumulateGrad", next_functions[1][1].name)
    assert.is_true(next_functions[1][1].variable == x)
    assert.is_nil(next_functions[2][1])
    assert.is_true(y:sum().grad_fn.next_functions[1][1] == y.grad_fn)
    local _, at = x:max(1)
    assert.is_nil(at.grad_fn)
    assert.equal(1, x.output_nr)
    says("has no field or method 'nme'", function() return y.grad_fn.nme end)
  end)

  it("has hooks before and after its gradient", function()
    local x = leaf(1, 2)
    local y = x * x
    local order = {}
    y.grad_fn:register_prehook(function(grads)
      order[#order + 1] = "before"
      return {grads[1] * 2}
    end)
    y.grad_fn:register_hook(function(grads, outputs)
      order[#order + 1] = ("after %d %g"):format(grads.n, outputs[1][1]:item())
      return {grads[1] * 10, grads[2]}
    end)
    y:sum():backward()
    assert.same({"before", "after 2 2"}, order)
    near({2 * (10 + 1), 4 * (10 + 1)}, x.grad)
  end)
end)

describe("hooks and memory:", function()
  local function live() -- what is left when all that can be collected is
    core.empty_cache()
    core.empty_cache()
    return core.memory_stats().live
  end

  it("a hook that refers to its own tensor is collected with it", function()
    local before = live()
    for _ = 1, 300 do
      local w = ty.ones(1000, {requires_grad = true})
      w:register_hook(function(g) return g * w:detach() end)
      local y = w * 2
      y:register_hook(function() return nil, y end)
      y:sum():backward()
    end
    assert.truthy(live() - before < 100000, live() - before)
  end)

  it("a hook lives as long as its graph, whatever Lua has dropped", function()
    local x = leaf(1, 2)
    local function part()
      local factor = ty.tensor {10.0, 20.0}
      local y = x * 1
      y:register_hook(function(g) return g * factor end)
      return (y * 1):sum()
    end
    local loss = part()
    live()
    loss:backward()
    near({10, 20}, x.grad)
  end)

  it("a step's hooks go when backward frees its graph, also where they refer to the loss", function()
    local before = live()
    local x = ty.ones(1000, {requires_grad = true})
    for _ = 1, 200 do
      local y = x * x
      local loss = (y * y):sum()
      y:register_hook(function() return nil, loss, y end)
      loss:backward()
      x.grad = nil
    end
    assert.truthy(live() - before < 100000, live() - before)
  end)
end)

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
    local a, text, b = Two.apply(x, "it", y, 2)
    assert.equal("said it", text)
    assert.equal(3, b.output_nr + 1)
    assert.is_true(A.gradcheck(function(p, q)
      local first, _, third = Two.apply(p, "it", q, 2)
      return first, third
    end, {x, y}))
    a = Two.apply(x, "it", y, 2)
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
