--[[
The tape as PyTorch's users know it: second derivatives and ops in place on views against golden values (tests/golden/
autograd.lua), names of nodes, backward and grad, checkpoints and saved-tensor hooks, anomaly and inference mode; and what each
of them says when it is used wrongly.
]]

local ty = require "tycho"
local core = require "tycho.core"
local A, nn, F = ty.autograd, ty.nn, ty.F

local here = debug.getinfo(1, "S").source:match "^@(.*)spec/autograd_spec%.lua$"
local support = dofile(here .. "spec/support/autograd.lua")
local golden = dofile(here .. "golden/autograd.lua")
local leaf, values, make, weigh = support.leaf, support.values, support.make, support.weigh
local near, message_of, says = support.near, support.message_of, support.says

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

  it("may compute with numbers of their own", function()
    local x = leaf(1, 2)
    local y = hooks(function(t)
      local _ = ty.ones(2) * 100.5
      return t:clone()
    end, function(t) return t end, function() return (x * 3.5):sum() end)
    y:backward()
    assert.same({3.5, 3.5}, x.grad:totable())
  end)

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
