--[[
Hooks as in PyTorch: of tensors, of nodes and of modules, what they may replace, and what they keep alive.
]]

local ty = require "tycho"
local core = require "tycho.core"
local nn = ty.nn

local here = debug.getinfo(1, "S").source:match "^@(.*)spec/hooks_spec%.lua$"
local support = dofile(here .. "spec/support/autograd.lua")
local leaf, values, near, says = support.leaf, support.values, support.near, support.says

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
    assert.truthy(message:find "hooks_spec", message)
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
