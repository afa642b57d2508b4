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

-- ---- The engine's options ----

describe("backward and grad", function()
  it("fill the given inputs alone", function()
    local x, y = leaf(2), leaf(3)
    local m = x * y
    local z = m * m
    z:backward{inputs = {x, m}, retain_graph = true}
    near({36}, x.grad)
    near({12}, m.grad)
    assert.is_nil(y.grad)
    A.backward({z, m}, nil, {inputs = y})
    near({26}, y.grad)
    says("the list of inputs is empty", function() (x * 2):backward{inputs = {}} end)
    says("input 1 does not require a gradient", function() (x * 2):backward{inputs = ty.ones(1)} end)
  end)

  it("weigh several roots", function()
    local x = leaf(1, 2)
    A.backward({x * 2, x:sum()}, {ty.tensor {1.0, 10.0}, ty.tensor(5.0)})
    near({7, 25}, x.grad)
    says("2 tensors, but 1 grad_tensors", A.backward, {x * 2, x * 3}, {ty.ones(2)})
  end)

  it("say what to do about unused inputs", function()
    local x, y = leaf(2), leaf(3)
    says("input 2 was not used", ty.grad, x * 2, {x, y})
    assert.is_nil(ty.grad(x * 2, {x, y}, {allow_unused = true})[2])
    near({0}, ty.grad(x * 2, {x, y}, {materialize_grads = true})[2])
    says("allow_unused cannot be false", ty.grad, x * 2, {x, y}, {materialize_grads = true, allow_unused = false})
    says("is_grads_batched is not supported", ty.grad, x * 2, x, {is_grads_batched = true})
  end)

  it("say how a graph is gone through twice, and what was changed in place", function()
    local x = leaf(2)
    local y = x * x
    y:backward()
    says("retain_graph = true", function() y:backward() end)
    for name, f in pairs {ExpBackward0 = ty.exp, TanhBackward0 = ty.tanh, SqrtBackward0 = ty.sqrt,
        SoftmaxBackward0 = function(a) return F.softmax(a, 1) end} do
      local z = f(x)
      z:add_(1)
      local message = says(name, function() z:sum():backward() end)
      assert.truthy(message:find("version 1, but was saved at version 0", 1, true), message)
      assert.truthy(message:find("float32{1}", 1, true), message)
    end
    for name, f in pairs {SinBackward0 = ty.sin, LogBackward0 = ty.log, MmBackward0 = function(a)
        return a:view(1, 1):mm(a:view(1, 1)) end, MulBackward0 = function(a) return a * a end} do
      local a = x * 1
      local z = f(a)
      a:add_(1)
      says(name, function() z:sum():backward() end)
    end
  end)

  it("refuse what only leaves can do", function()
    local x = leaf(1, 2)
    local y = x * 2
    says("only leaf tensors", function() y.requires_grad = false end)
    says("cannot be changed in place", function() x:add_(1) end)
    says("a view of a leaf tensor", function() x[1] = 3 end)
    says("a view cannot be detached in place", function() y:view(2, 1):detach_() end)
    assert.is_true(y:detach_().is_leaf)
    assert.is_false(y.requires_grad)
    says("floating", function() ty.tensor {1}:requires_grad_() end)
  end)
end)

-- ---- Checkpoints and saved tensors ----

describe("a checkpoint", function()
  local checkpoint = ty.utils.checkpoint
  local function net_of()
    ty.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
  end

  -- Gradients of parameters and input with f(net, x) in place of net(x), and the random number that follows.
  local function run(f)
    local net = net_of()
    local x = ty.randn(3, 4):requires_grad_()
    ty.manual_seed(5)
    f(net, x):pow(2):sum():backward()
    local list = {x.grad}
    for i, p in ipairs(net:parameters()) do list[i + 1] = p.grad end
    list[#list + 1] = ty.rand(1)
    return list
  end

  local plain = run(function(net, x) return net(x) end)

  for name, f in pairs {
    whole = function(net, x) return checkpoint(net, x) end,
    ["without early_stop"] = function(net, x) return checkpoint(net, x, {early_stop = false}) end,
    nested = function(net, x)
      return checkpoint(function(a)
        a = checkpoint(function(b) return net[2](net[1](b)) end, a)
        return checkpoint(function(b)
          return net[6](checkpoint(function(c) return net[5](net[4](c)) end, net[3](b)))
        end, a)
      end, x)
    end,
    ["with several arguments and results"] = function(net, x)
      local a, text, b = checkpoint(function(p, factor, q) return net(p) * factor, "text", q * 1 end, x, 1, x)
      assert.equal("text", text)
      return a + b:sum() * 0
    end,
    sequential = function(net, x) return checkpoint.checkpoint_sequential(net, 3, x) end,
  } do
    it("gives the same gradients, " .. name, function()
      for i, x in ipairs(run(f)) do assert.is_true(x:equal(plain[i]), "tensor " .. i) end
    end)
  end

  it("works with grad, retain_graph and second derivatives", function()
    local x = make({3}, 1)
    local function f(a) return a:sin() * a:exp() end
    local function g(a) return checkpoint(f, a) end
    assert.is_true(A.gradcheck(g, x))
    assert.is_true(A.gradgradcheck(g, x))
    local y = g(x):sum()
    y:backward{retain_graph = true}
    local once = values(x.grad)
    y:backward()
    near({2 * once[1], 2 * once[2], 2 * once[3]}, x.grad)
  end)

  it("keeps less", function()
    local x = ty.ones(1 << 16, {requires_grad = true})
    local function deep(a)
      for _ = 1, 20 do a = a:sin() end
      return a
    end
    local function kept(f)
      core.empty_cache()
      local before = core.memory_stats().live
      local y = f(x)
      core.empty_cache()
      return core.memory_stats().live - before, y
    end
    assert.truthy(kept(deep) > 19 * (1 << 18))
    assert.truthy(kept(function(a) return checkpoint(deep, a) end) < 3 * (1 << 18))
  end)

  it("notices a function that does something else the second time", function()
    local calls = 0
    local x = leaf(1, 2)
    local y = checkpoint(function(a)
      calls = calls + 1
      return calls == 1 and a:sin():exp() or a * 2
    end, x)
    says("must do the same each time", function() y:sum():backward() end)
    calls = 0
    y = checkpoint(function(a)
      calls = calls + 1
      return calls == 1 and a:exp() or a:sum():exp() + a
    end, x)
    says("value 1 was float32{2}", function() y:sum():backward() end)
    says("use_reentrant = true is not supported", checkpoint, ty.sin, x, {use_reentrant = true})
    says("a function or a module is needed", checkpoint, 3)
    says("segments must be from 1", checkpoint.checkpoint_sequential, {ty.sin}, 2, x)
    says("inside", checkpoint, function() error "inside" end, x)
    assert.is_nil(core.set_saved_hooks(nil))
  end)
end)

describe("saved-tensor hooks", function()
  local hooks = A.graph.saved_tensors_hooks

  it("see what ops keep, and give it back", function()
    local x, packed, unpacked = leaf(1, 2), 0, 0
    local y = hooks(function(t)
      packed = packed + 1
      assert.is_false(t.requires_grad)
      return {t:clone()}
    end, function(p)
      unpacked = unpacked + 1
      return p[1]
    end, function() return (x * x):exp():sum() end)
    assert.equal(3, packed)
    y:backward()
    assert.equal(3, unpacked)
    near({2 * math.exp(1), 4 * math.exp(4)}, x.grad)
    near({2, 4}, ty.grad(A.graph.save_on_cpu(function() return (x * x):sum() end), x)[1])
    local z = x * 3
    z:sum():backward()
    assert.equal(3, packed)
  end)

  it("keep the history of what they keep", function()
    local x = make({3}, 1)
    local function f(a)
      return hooks(function(t) return t:clone() end, function(t) return t end, function() return a:exp() * a:sin() end)
    end
    assert.is_true(A.gradgradcheck(f, x))
  end)

  it("are refused where they give something else", function()
    local x = leaf(1, 2)
    local function with(pack, unpack) return hooks(pack, unpack, function() return (x * x):sum() end) end
    says("unpack must give a tensor", function() with(function() return 1 end, function() return 2 end):backward() end)
    says("but it was float32{2}", function() with(function() return 1 end, function() return ty.ones(3) end):backward() end)
    says("pack fails", with, function() error "pack fails" end, print)
    says("two functions", hooks, 3, print)
    near({2, 4}, ty.grad((x * x):sum(), x)[1])
  end)
end)

-- ---- Anomaly and inference mode ----

describe("anomaly mode", function()
  it("names the line of the op whose gradient is NaN", function()
    local message = message_of(A.detect_anomaly, function()
      local x = leaf(0)
      local y = x:sqrt() * 0 -- this line
      y:sum():backward()
    end)
    local line
    for text in io.lines(here .. "spec/autograd_spec.lua") do
      line = (line or 0) + 1
      if text:find("-- this line", 1, true) then break end
    end
    assert.truthy(message:find("SqrtBackward0 gave NaN as the gradient of its input 1", 1, true), message)
    assert.truthy(message:find("autograd_spec.lua:" .. line, 1, true), message)
    assert.is_false(A.is_anomaly_enabled())
  end)

  it("names it for other failures, and in second derivatives, and can leave NaN alone", function()
    A.detect_anomaly(function()
      local x = leaf(1)
      local y = x:exp()
      y:add_(1)
      local message = says("ExpBackward0 was made at", function() y:sum():backward() end)
      assert.truthy(message:find "autograd_spec", message)
      x = leaf(0)
      local g = ty.grad(x ^ 1.5, x, {create_graph = true})[1]
      message = says("gave NaN", function() ((g * 0):sum() * ty.tensor(1 / 0)):backward() end)
      assert.truthy(message:find("in the gradient of PowBackward0", 1, true) or message:find("MulBackward0", 1, true), message)
    end)
    A.detect_anomaly(function()
      local x = leaf(-1)
      x:sqrt():sum():backward()
      assert.truthy(x.grad[1]:item() ~= x.grad[1]:item())
    end, false)
    local y = leaf(1):exp()
    y:add_(1)
    A.set_detect_anomaly(true)
    local message = message_of(function() y:sum():backward() end)
    A.set_detect_anomaly(false)
    assert.truthy(message:find("before anomaly mode was on", 1, true), message)
    says("true or false", A.set_detect_anomaly, 3)
  end)

  it("keeps an error of a hook whole", function()
    A.detect_anomaly(function()
      local x = leaf(1)
      x:register_hook(function() error "boom" end)
      says("boom", function() (x * 2):backward() end)
    end)
  end)
end)

describe("scopes", function()
  it("are functions, blocks and wrappers", function()
    local x = leaf(1)
    assert.is_false(ty.no_grad(function() return (x * 2).requires_grad end))
    do
      local _ <close> = ty.no_grad()
      assert.is_false(ty.is_grad_enabled())
      assert.is_true(ty.enable_grad(function() return (x * 2).requires_grad end))
    end
    assert.is_true(ty.is_grad_enabled())
    local f = ty.no_grad()(function(a, b) return (a * b).requires_grad end)
    assert.is_true(ty.is_grad_enabled())
    assert.is_false(f(x, 2))
    assert.is_true(ty.is_grad_enabled())
    says("inside", ty.no_grad()(function() error "inside" end))
    assert.is_true(ty.is_grad_enabled())
    ty.set_grad_enabled(false)
    assert.is_false(ty.is_grad_enabled())
    ty.set_grad_enabled(true)
  end)

  it("of inference make tensors that gradients refuse", function()
    local w = leaf(1, 2)
    local t, v = ty.inference_mode(function()
      assert.is_true(ty.is_inference_mode_enabled())
      local made = ty.ones(2) * 2
      made:add_(1)
      assert.is_false((w * 2).requires_grad)
      assert.is_false(ty.enable_grad(function() return (w * 2).requires_grad end))
      assert.is_false(w:view(2, 1):is_inference())
      return made, made:view(2, 1)
    end)
    assert.is_false(ty.is_inference_mode_enabled())
    assert.is_true(t:is_inference() and v:is_inference() and t:detach():is_inference())
    assert.is_false((t * 1):is_inference())
    says("made in inference mode, float32{2}, cannot be saved for a gradient", function() return w * t end)
    says("cannot be changed in place", function() t:add_(1) end)
    says("cannot require a gradient outside it", function() t.requires_grad = true end)
    near({3, 3}, ty.grad((w * t:clone()):sum(), w)[1])
    near({1, 1}, ty.grad((w + t):sum(), w)[1])
    ty.inference_mode(function()
      ty.inference_mode(false, function() assert.is_true((w * 2).requires_grad) end)
    end)
  end)
end)

-- ---- Hooks of modules ----

describe("a module's hooks", function()
  it("see and replace arguments and results, in order", function()
    local net, order = nn.Linear(2, 2), {}
    net:register_forward_pre_hook(function(m, args)
      assert.is_true(m == net)
      order[#order + 1] = "pre " .. args.n
    end)
    local twice = net:register_forward_pre_hook(function(_, args) return args[1] * 2 end, {prepend = true})
    net:register_forward_hook(function(_, args, y)
      order[#order + 1] = "post " .. args[1][1][1]:item()
      return y * 10
    end)
    local x = ty.ones(1, 2)
    local expected = net:forward(x * 2) * 10
    assert.is_true(net(x):equal(expected))
    assert.same({"pre 1", "post 2.0"}, order)
    twice:remove()
    assert.is_true(net(x):equal(net:forward(x) * 10))
    says("with_kwargs has no meaning", net.register_forward_hook, net, print, {with_kwargs = true})
    says("must be a function", net.register_forward_hook, net, 3)
  end)

  it("may always be called", function()
    local net, seen = nn.Linear(2, 2), {}
    net:register_forward_hook(function(_, _, y) seen[#seen + 1] = tostring(y) end, {always_call = true})
    net:register_forward_hook(function() seen[#seen + 1] = "not reached" end)
    assert.is_false(pcall(net, ty.ones(1, 3)))
    assert.same({"nil"}, seen)
  end)

  it("see and replace gradients", function()
    local net = nn.Linear(2, 2)
    local order = {}
    net:register_full_backward_pre_hook(function(m, grads)
      assert.is_true(m == net)
      order[#order + 1] = "before"
      return {grads[1] * 2}
    end)
    local handle = net:register_full_backward_hook(function(_, grad_input, grad_output)
      order[#order + 1] = ("%d %d"):format(grad_input.n, grad_output.n)
      near({2, 2}, grad_output[1])
      return {grad_input[1] * 3}
    end)
    local x = ty.ones(1, 2, {requires_grad = true})
    net(x):sum():backward()
    assert.same({"before", "1 1"}, order)
    near(values(net.weight:sum(1) * 6), x.grad)
    near({2, 2, 2, 2}, net.weight.grad)
    handle:remove()
    net:register_full_backward_hook(function(_, grad_input) order[#order + 1] = tostring(grad_input[1]) end)
    net(ty.ones(1, 2)):sum():backward() -- no input asks for a gradient
    assert.equal("nil", order[#order])
    says("the hook gave 2 gradients", function()
      local other = nn.Linear(2, 1)
      other:register_full_backward_hook(function(_, g) return {g[1], g[1]} end)
      other(x):sum():backward()
    end)
  end)

  it("watch state dicts go and come", function()
    local net, order = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1)), {}
    net[2]:register_state_dict_pre_hook(function(_, prefix, keep) order[#order + 1] = prefix .. tostring(keep) end)
    net:register_state_dict_post_hook(function(_, state) state.extra = ty.ones(1) end)
    local state = net:state_dict()
    assert.same({"1.false"}, order)
    assert.is_true(core.is_tensor(state.extra))
    says('"extra"', net.load_state_dict, net, state)
    net:register_load_state_dict_post_hook(function(m, report)
      assert.is_true(m == net)
      report.unexpected_keys = {}
    end)
    assert.same({}, net:load_state_dict(state).unexpected_keys)
    state["0.bias"] = nil
    says('Missing key(s) in state_dict: "0.bias"', net.load_state_dict, net, state)
    net[1]:register_load_state_dict_pre_hook(function(_, given, prefix) given[prefix .. "bias"] = ty.zeros(1) end)
    net:load_state_dict(state)
    assert.equal(0.0, net[1].bias:item())
    assert.is_nil(state["0.bias"])
  end)
end)
