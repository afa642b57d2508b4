--[[
Optimisers take PyTorch's steps: trajectories over 20 and 50 steps of a small problem (tests/golden/nn.lua and optim.lua, by
make_nn.py and make_optim.py) with each option, groups, state dicts, closures, and errors.
]]

local ty = require "tycho"
local golden = require "support.golden"

local optim, nn, F = ty.optim, ty.nn, ty.F
local reference = assert(loadfile(golden.folder .. "nn.lua"))()
local further = assert(loadfile(golden.folder .. "optim.lua"))()
local further_kinds = {"RMSprop", "Adagrad", "Adamax", "NAdam", "RAdam", "Adadelta", "Rprop", "ASGD", "Adafactor"}

-- The problem of make_nn.py: two leaves, and a function of the loss.
local function problem(dtype)
  local w = golden.tensor(("@%s 3,2 s3 mul0.25"):format(dtype))
  local b = golden.tensor(("@%s 2 s5 mul0.25"):format(dtype))
  local x, y = golden.tensor(("!%s 4,3"):format(dtype)), golden.tensor(("!%s 4,2 s1 mul0.5"):format(dtype))
  return w, b, function() return F.mse_loss(ty.tanh(x:matmul(w) + b), y) end
end

local function step(opt, loss)
  opt:zero_grad()
  local value = loss()
  value:backward()
  opt:step()
  return value:item()
end

local function closure_of(opt, loss)
  return function()
    opt:zero_grad()
    local value = loss()
    value:backward()
    return value
  end
end

local near = {float32 = 1e-5, float64 = 1e-10}

local function check_values(wanted, got, dtype, what)
  local values = type(got) == "table" and got or got:detach():reshape(-1):totable()
  assert.are.equal(#wanted, #values)
  for i, value in ipairs(wanted) do
    local close = math.abs(value - values[i]) <= near[dtype] * math.max(1, math.abs(value)) -- false for NaN
    if not close then
      error(("%s, element %d: got %.12g, expected %.12g"):format(what, i, values[i], value), 0)
    end
  end
end

-- Takes the reference's steps and holds them against the reference's losses and places.
local function follow(opt, w, b, loss, dtype, wanted, before)
  local losses = {}
  for i = 1, #wanted[1] do
    if before then before(i) end
    losses[i] = step(opt, loss)
    if wanted[2][i] then
      check_values(wanted[2][i][1], w, dtype, ("w after step %d"):format(i))
      check_values(wanted[2][i][2], b, dtype, ("b after step %d"):format(i))
    end
  end
  check_values(wanted[1], losses, dtype, "losses")
end

local function said(options)
  local parts = {}
  for name, value in pairs(options) do
    parts[#parts + 1] = name .. "=" .. (type(value) == "table" and table.concat(value, "/") or tostring(value))
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

describe("50 steps are PyTorch's:", function()
  for _, row in ipairs(further.optimisers) do
    local name, options, dtype, wanted = table.unpack(row)
    it(("%s %s %s"):format(name, said(options), dtype), function()
      local w, b, loss = problem(dtype)
      follow(optim[name]({w, b}, options), w, b, loss, dtype, wanted)
    end)
  end
end)

describe("LBFGS takes PyTorch's steps:", function()
  for _, row in ipairs(further.lbfgs) do
    local options, dtype, wanted, counts = table.unpack(row)
    it(("%s %s"):format(said(options), dtype), function()
      local w, b, loss = problem(dtype)
      local opt = optim.LBFGS({w, b}, options)
      local losses = {}
      for i = 1, #wanted[1] do
        losses[i] = opt:step(closure_of(opt, loss)):item()
        if wanted[2][i] then
          check_values(wanted[2][i][1], w, dtype, ("w after step %d"):format(i))
          check_values(wanted[2][i][2], b, dtype, ("b after step %d"):format(i))
        end
      end
      check_values(wanted[1], losses, dtype, "losses")
      local state = opt:state_dict().state[0]
      assert.are.same(counts, {state.func_evals, state.n_iter})
    end)
  end

  it("and refuses what it cannot do", function()
    local function fails(text, f)
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(text, 1, true), tostring(message))
    end
    local w = ty.ones(2, {requires_grad = true})
    fails("closure", function() optim.LBFGS({w}):step() end)
    fails("one parameter group", function() optim.LBFGS {{params = {w}}, {params = {ty.ones(1, {requires_grad = true})}}} end)
    fails("strong_wolfe", function() optim.LBFGS({w}, {line_search_fn = "armijo"}) end)
    fails("max_iter", function() optim.LBFGS({w}, {max_iter = 2.5}) end)
    fails("history_size", function() optim.LBFGS({w}, {history_size = 0}) end)
    fails("lr", function() optim.LBFGS({w}, {lr = -1}) end)
    fails("must return the loss", function() optim.LBFGS({w}):step(function() end) end)
    assert.is_true(ty.is_grad_enabled())
  end)
end)

describe("states that PyTorch saved", function()
  for i, row in ipairs(ty.load(golden.folder .. "files/optim_states.pt")) do
    local name, state, w0, b0, w1, b1 = table.unpack(row)
    it(("of %s go on here (%d)"):format(name, i), function()
      local w, b, loss = problem "float64"
      ty.no_grad(function()
        w:copy_(w0)
        b:copy_(b0)
      end)
      local opt = optim[name] {w, b}
      opt:load_state_dict(state)
      for _ = 1, 3 do
        if name == "LBFGS" then opt:step(closure_of(opt, loss)) else step(opt, loss) end
      end
      assert.is_true(w:allclose(w1, 1e-10, 1e-12))
      assert.is_true(b:allclose(b1, 1e-10, 1e-12))
      for key in pairs(state.param_groups[1]) do
        local saved = opt:state_dict().param_groups[1][key]
        assert.is_true(saved ~= nil, key .. " is not in the state dict")
      end
    end)
  end
end)

describe("two groups with options of their own:", function()
  for _, row in ipairs(further.groups) do
    local name, options, dtype, wanted = table.unpack(row)
    it(("%s %s"):format(name, said(options)), function()
      local w, b, loss = problem(dtype)
      local second = {params = {b}}
      for key, value in pairs(options) do second[key] = value end
      follow(optim[name] {{params = {w}}, second}, w, b, loss, dtype, wanted)
    end)
  end
end)

describe("a rate", function()
  it("may be a tensor, which is read at each step", function()
    for _, name in ipairs {"SGD", "Adam", "RAdam", "Rprop", "ASGD", "Adafactor"} do
      local w, b, loss = problem "float64"
      local w2, b2, loss2 = problem "float64"
      local rate = ty.tensor(0.5, {dtype = "float64"})
      local one, two = optim[name]({w, b}, {lr = rate}), optim[name]({w2, b2}, {lr = 0.5})
      for i = 1, 4 do
        if i == 3 then
          rate:fill_(0.25)
          two.param_groups[1].lr = 0.25
        end
        step(one, loss)
        step(two, loss2)
      end
      assert.is_true(w:equal(w2) and b:equal(b2), name)
      assert.are.equal(0.25, one:state_dict().param_groups[1].lr:item())
    end
    assert.has_error(function() optim.SGD({ty.ones(1, {requires_grad = true})}, {lr = ty.ones(2)}) end)
  end)
end)

describe("20 steps are PyTorch's:", function()
  for _, row in ipairs(reference.optimisers) do
    local name, options, dtype, wanted = table.unpack(row)
    it(("%s %s %s"):format(name, said(options), dtype), function()
      local w, b, loss = problem(dtype)
      follow(optim[name]({w, b}, options), w, b, loss, dtype, wanted)
    end)
  end

  for _, row in ipairs(reference.schedules) do
    it(row[1] .. " with two groups, and lr changed on the way", function()
      local w, b, loss = problem "float64"
      local opt = optim[row[1]]({{params = {w}}, {params = {b}, lr = 0.02, weight_decay = 0.1}}, {lr = 0.1})
      follow(opt, w, b, loss, "float64", row[4], function(i)
        if i == 10 then opt.param_groups[1].lr = 0.01 end
      end)
    end)
  end

  it("large and odd sizes step like small ones", function()
    for _, name in ipairs {"SGD", "Adam", "AdamW", table.unpack(further_kinds)} do
      local big = ty.full({1003}, 0.5):requires_grad_()
      local one = ty.full({1}, 0.5):requires_grad_()
      local options = {lr = 0.1, weight_decay = name ~= "Rprop" and 0.1 or nil}
      local a, b = optim[name]({big}, options), optim[name]({one}, options)
      for _ = 1, 3 do
        step(a, function() return (big * big):sum() end)
        step(b, function() return (one * one):sum() end)
      end
      assert.is_true((big - one):abs():max():item() < 1e-6)
    end
  end)

  it("parameters that are views of a transposed layout step right", function()
    local base = golden.tensor "!float32 3,4"
    local w = base:t():detach():requires_grad_()
    local v = base:t():contiguous():requires_grad_()
    local a, b = optim.Adam({w}, {lr = 0.1}), optim.Adam({v}, {lr = 0.1})
    local c = golden.tensor "!float32 4,3 s2"
    for _ = 1, 3 do
      step(a, function() return (w * w * c):sum() end)
      step(b, function() return (v * v * c):sum() end)
    end
    assert.is_true(w:allclose(v))
  end)
end)

describe("what step leaves alone:", function()
  it("parameters without a gradient", function()
    local a, b = ty.ones(2, {requires_grad = true}), ty.ones(2, {requires_grad = true})
    local opt = optim.Adam({a, b}, {lr = 0.1, weight_decay = 0.5})
    a:sum():backward()
    opt:step()
    assert.is_false(a:equal(ty.ones(2)))
    assert.is_true(b:equal(ty.ones(2)))
    assert.is_nil(opt:state_dict().state[1])
  end)

  it("the graph: parameters stay leaves, and a step is not recorded", function()
    local w = ty.ones(2, {requires_grad = true})
    local opt = optim.SGD({w}, {lr = 0.1})
    step(opt, function() return w:sum() end)
    assert.is_true(w.is_leaf and w.requires_grad and w.grad_fn == nil)
  end)

  it("a graph that still needs the old values notices", function()
    local w = ty.ones(2, {requires_grad = true})
    local opt = optim.SGD({w}, {lr = 0.1})
    local loss = (w * w):sum()
    loss:backward(nil, true)
    opt:step()
    local ok, message = pcall(function() loss:backward() end)
    assert.is_false(ok)
    assert.is_truthy(message:find "changed" or message:find "modified" or message:find "in place", message)
  end)
end)

describe("zero_grad:", function()
  it("forgets the gradients, or fills them with 0", function()
    local w = ty.ones(2, {requires_grad = true})
    local opt = optim.SGD({w})
    w:sum():backward()
    opt:zero_grad(false)
    assert.is_true(w.grad:equal(ty.zeros(2)))
    opt:zero_grad()
    assert.is_nil(w.grad)
    w:sum():backward()
    opt:zero_grad {set_to_none = false}
    assert.is_true(w.grad:equal(ty.zeros(2)))
  end)
end)

describe("a closure:", function()
  it("is called with gradients on, and its result given back", function()
    local w = ty.ones(2, {requires_grad = true})
    local opt = optim.SGD({w}, {lr = 0.5})
    local result = ty.no_grad(function()
      return opt:step(function()
        assert.is_true(ty.is_grad_enabled())
        opt:zero_grad()
        local loss = (w * w):sum()
        loss:backward()
        return loss
      end)
    end)
    assert.are.equal(2.0, result:item())
    assert.is_true(w:equal(ty.zeros(2)))
  end)

  it("that fails leaves the mode as it was", function()
    local w = ty.ones(1, {requires_grad = true})
    local opt = optim.SGD({w})
    ty.no_grad(function()
      assert.is_false(pcall(opt.step, opt, function() error "no" end))
      assert.is_false(ty.is_grad_enabled())
    end)
    assert.is_true(w:equal(ty.ones(1)))
  end)
end)

describe("parameter groups:", function()
  it("hold every option, those not given from the defaults", function()
    local a, b = ty.ones(1, {requires_grad = true}), ty.ones(1, {requires_grad = true})
    local opt = optim.SGD({{params = {a}, lr = 0.5}, {params = {b}, momentum = 0.1}}, {lr = 0.25, weight_decay = 0.125})
    assert.are.equal(2, #opt.param_groups)
    assert.are.equal(0.5, opt.param_groups[1].lr)
    assert.are.equal(0.25, opt.param_groups[2].lr)
    assert.are.equal(0.125, opt.param_groups[1].weight_decay)
    assert.are.equal(0.1, opt.param_groups[2].momentum)
    assert.are.equal(a, opt.param_groups[1].params[1])
    assert.are.equal(0.25, opt.defaults.lr)
    step(opt, function() return a:sum() + b:sum() end)
    assert.are.equal(1 - 0.5 * 1.125, a:item())
    assert.are.equal(1 - 0.25 * 1.125, b:item())
  end)

  it("add_param_group adds one", function()
    local a, b = ty.ones(1, {requires_grad = true}), ty.ones(1, {requires_grad = true})
    local opt = optim.SGD({a}, {lr = 0.25})
    opt:add_param_group {params = b, lr = 0.5}
    step(opt, function() return a:sum() + b:sum() end)
    assert.are.equal(0.75, a:item())
    assert.are.equal(0.5, b:item())
  end)

  it("a module's parameters() can be given as they are", function()
    local net = nn.Linear(2, 2)
    assert.are.equal(2, #optim.Adam(net:parameters()).param_groups[1].params)
    assert.are.equal(0.01, optim.Adam(net:parameters(), 0.01).param_groups[1].lr)
  end)

  it("say what they hold when printed", function()
    local text = tostring(optim.SGD({ty.ones(1, {requires_grad = true})}, {lr = 0.5, momentum = 0.25}))
    for _, part in ipairs {"SGD (", "Parameter Group", "lr: 0.5", "momentum: 0.25", "nesterov: false"} do
      assert.is_truthy(text:find(part, 1, true), part .. " is not in " .. text)
    end
  end)
end)

describe("state_dict and load_state_dict:", function()
  local function compare(row, steps)
    local name, options, state, params = table.unpack(row)
    it(("%s %s: PyTorch's layout and values"):format(name, said(options)), function()
      local w, b, loss = problem "float64"
      local opt = optim[name]({w, b}, options)
      for _ = 1, steps do step(opt, loss) end
      local dict = opt:state_dict()
      assert.are.same(params, dict.param_groups[1].params)
      local got, wanted = {}, {}
      for id, of in pairs(dict.state) do
        for key in pairs(of) do got[#got + 1] = id .. key end
      end
      for id, of in pairs(state) do
        for key in pairs(of) do wanted[#wanted + 1] = id .. key end
      end
      table.sort(got)
      table.sort(wanted)
      assert.are.same(wanted, got)
      for id, of in pairs(state) do
        for key, values in pairs(of) do
          check_values(values, dict.state[id][key], tostring(dict.state[id][key].dtype), key)
        end
      end
      if state[0] and state[0].step then
        assert.are.equal("float32", tostring(dict.state[0].step.dtype))
        assert.are.equal(0, #dict.state[0].step.shape)
      end
    end)
  end
  for _, row in ipairs(reference.states) do compare(row, 3) end
  for _, row in ipairs(further.states) do compare(row, 7) end

  for _, name in ipairs(further_kinds) do
    for _, dtype in ipairs {"float32", "float64"} do
      it(("%s %s: what went through a file goes on as if never stopped"):format(name, dtype), function()
        local w, b, loss = problem(dtype)
        local options = name == "RMSprop" and {lr = 0.1, momentum = 0.5, centered = true} or {lr = 0.1}
        local opt = optim[name]({w, b}, options)
        for _ = 1, 8 do step(opt, loss) end
        local path = os.tmpname()
        ty.save(opt:state_dict(), path)
        local w2, b2, loss2 = problem(dtype)
        ty.no_grad(function()
          w2:copy_(w)
          b2:copy_(b)
        end)
        local other = optim[name]({w2, b2})
        other:load_state_dict(ty.load(path))
        os.remove(path)
        for _ = 1, 5 do
          step(opt, loss)
          step(other, loss2)
        end
        assert.is_true(w:equal(w2))
        assert.is_true(b:equal(b2))
      end)
    end
  end

  it("Adagrad's sums are there from the start, and NAdam's product is one number", function()
    local w = ty.ones(2, {requires_grad = true})
    local state = optim.Adagrad({w}, {initial_accumulator_value = 0.25}):state_dict().state[0]
    assert.is_true(state.sum:equal(ty.full({2}, 0.25)))
    assert.are.equal(0.0, state.step:item())
    local opt = optim.NAdam {w}
    step(opt, function() return w:sum() end)
    local dict = opt:state_dict()
    assert.are.equal(0, dict.state[0].mu_product:dim())
    assert.are.equal("float32", tostring(dict.state[0].mu_product.dtype))
    dict.state[0].mu_product = ty.ones(2)
    local ok, message = pcall(opt.load_state_dict, opt, dict)
    assert.is_false(ok)
    assert.is_truthy(message:find("mu_product", 1, true), message)
  end)

  for name, options in pairs {SGD = {lr = 0.1, momentum = 0.9}, Adam = {lr = 0.1, amsgrad = true},
      AdamW = {lr = 0.1, weight_decay = 0.1}} do
    it(name .. ": what is loaded goes on as if never stopped", function()
      local w, b, loss = problem "float64"
      local opt = optim[name]({w, b}, options)
      for _ = 1, 5 do step(opt, loss) end
      local w2, b2, loss2 = problem "float64"
      ty.no_grad(function()
        w2:copy_(w)
        b2:copy_(b)
      end)
      local other = optim[name]({w2, b2})
      other:load_state_dict(opt:state_dict())
      assert.are.equal(0.1, other.param_groups[1].lr)
      for _ = 1, 5 do
        step(opt, loss)
        step(other, loss2)
      end
      assert.is_true(w:equal(w2))
      assert.is_true(b:equal(b2))
    end)

    it(name .. ": a loaded state is a copy, and goes through a file", function()
      local w, b, loss = problem "float64"
      local opt = optim[name]({w, b}, options)
      for _ = 1, 5 do step(opt, loss) end
      local path = os.tmpname()
      ty.save(opt:state_dict(), path)
      local w2, b2, loss2 = problem "float64"
      ty.no_grad(function()
        w2:copy_(w)
        b2:copy_(b)
      end)
      local other = optim[name]({w2, b2})
      other:load_state_dict(ty.load(path))
      os.remove(path)
      for _ = 1, 3 do step(opt, loss) end
      for _ = 1, 3 do step(other, loss2) end
      assert.is_true(w:equal(w2))
    end)
  end

  it("a state before the first step loads too", function()
    for _, name in ipairs {"SGD", "Adam", "AdamW"} do
      local w, b, loss = problem "float64"
      local w2, b2, loss2 = problem "float64"
      local opt, other = optim[name]({w, b}, {lr = 0.1}), optim[name]({w2, b2}, {lr = 0.3})
      for _ = 1, 2 do step(other, loss2) end
      other:load_state_dict(opt:state_dict())
      ty.no_grad(function()
        w2:copy_(w)
        b2:copy_(b)
      end)
      for _ = 1, 3 do
        step(opt, loss)
        step(other, loss2)
      end
      assert.is_true(w:equal(w2))
    end
  end)

  it("several groups number their parameters on", function()
    local a, b, c = ty.ones(1, {requires_grad = true}), ty.ones(1, {requires_grad = true}), ty.ones(1, {requires_grad = true})
    local opt = optim.Adam {{params = {a, b}}, {params = {c}}}
    step(opt, function() return a:sum() + b:sum() + c:sum() end)
    local dict = opt:state_dict()
    assert.are.same({0, 1}, dict.param_groups[1].params)
    assert.are.same({2}, dict.param_groups[2].params)
    assert.is_truthy(dict.state[2].exp_avg)
  end)

  it("what does not fit is an error", function()
    local a, b = ty.ones(1, {requires_grad = true}), ty.ones(1, {requires_grad = true})
    local one, two = optim.SGD({a}), optim.SGD({a, b})
    local function fails(text, ...)
      local ok, message = pcall(...)
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(text, 1, true), tostring(message))
    end
    fails("2 parameters", one.load_state_dict, one, two:state_dict())
    fails("group", one.load_state_dict, one, optim.SGD({{params = {a}}, {params = {b}}}):state_dict())
    fails("state", one.load_state_dict, one, {})
    fails("state", one.load_state_dict, one, 3)
    local wide = ty.ones(3, {requires_grad = true})
    local from = optim.Adam({wide})
    step(from, function() return wide:sum() end)
    local into = optim.Adam({a})
    fails("shape", into.load_state_dict, into, from:state_dict())
  end)
end)

describe("bad options are errors that name them:", function()
  local function w() return {ty.ones(1, {requires_grad = true})} end
  local bad = {
    {"learning rate", function() optim.SGD(w(), {lr = -1}) end},
    {"lr", function() optim.Adam(w(), {lr = "fast"}) end},
    {"momentum", function() optim.SGD(w(), {momentum = -0.1}) end},
    {"momentum", function() optim.SGD(w(), {momentun = 0.1}) end},
    {"nesterov", function() optim.SGD(w(), {nesterov = true}) end},
    {"nesterov", function() optim.SGD(w(), {nesterov = true, momentum = 0.9, dampening = 0.1}) end},
    {"weight_decay", function() optim.Adam(w(), {weight_decay = -1}) end},
    {"beta", function() optim.Adam(w(), {betas = {1.0, 0.9}}) end},
    {"betas", function() optim.Adam(w(), {betas = {0.9}}) end},
    {"betas", function() optim.Adam(w(), {betas = 0.9}) end},
    {"eps", function() optim.Adam(w(), {eps = -1e-8}) end},
    {"alpha", function() optim.RMSprop(w(), {alpha = -1}) end},
    {"momentum", function() optim.RMSprop(w(), {momentum = -1}) end},
    {"centered", function() optim.RMSprop(w(), {centered = 1}) end},
    {"lr_decay", function() optim.Adagrad(w(), {lr_decay = -1}) end},
    {"initial_accumulator_value", function() optim.Adagrad(w(), {initial_accumulator_value = -1}) end},
    {"beta", function() optim.Adamax(w(), {betas = {0.9, 1.0}}) end},
    {"momentum_decay", function() optim.NAdam(w(), {momentum_decay = -1}) end},
    {"known ones", function() optim.RAdam(w(), {amsgrad = true}) end},
    {"rho", function() optim.Adadelta(w(), {rho = 1.5}) end},
    {"learning rate", function() optim.Adadelta(w(), {lr = -1}) end},
    {"etas", function() optim.Rprop(w(), {etas = {1.5, 1.2}}) end},
    {"etas", function() optim.Rprop(w(), {etas = 0.5}) end},
    {"lambd", function() optim.ASGD(w(), {lambd = -1}) end},
    {"weight_decay", function() optim.Adafactor(w(), {weight_decay = -1}) end},
    {"beta2_decay", function() optim.Adafactor(w(), {beta2_decay = 0.5}) end},
    {"eps", function() optim.Adafactor(w(), {eps = {-1, 1e-3}}) end},
    {"invalid d", function() optim.Adafactor(w(), {d = 0.5}) end},
    {"differentiable", function() optim.Adam(w(), {differentiable = true}) end},
    {"fused", function() optim.Adam(w(), {fused = 1}) end},
    {"known ones", function() optim.RAdam(w(), {fused = true}) end},
    {"sparse", function() optim.SparseAdam(w()) end},
    {"empty", function() optim.SGD {} end},
    {"list", function() optim.SGD() end},
    {"list", function() optim.SGD(ty.ones(1, {requires_grad = true})) end},
    {"list", function() optim.SGD(3) end},
    {"leaves", function() optim.SGD {w()[1] * 2} end},
    {"parameter 2", function() optim.SGD {w()[1], 3} end},
    {"two groups", function()
      local p = w()
      optim.SGD {{params = p}, {params = p}}
    end},
    {"params", function() optim.SGD {{lr = 0.1}} end},
    {"unknown option", function() optim.SGD {{params = w(), rate = 0.1}} end},
    {"learning rate", function() optim.SGD {{params = w(), lr = -0.1}} end},
    {"lr", function()
      local opt = optim.SGD(w())
      opt.param_groups[1].lr = "slow"
      opt:step()
    end},
  }
  for i, entry in ipairs(bad) do
    it(("%s (%d)"):format(entry[1], i), function()
      local ok, message = pcall(entry[2])
      assert.is_false(ok, "an error was expected")
      assert.is_truthy(message:find(entry[1], 1, true), ("%q is not in: %s"):format(entry[1], message))
      assert.is_truthy(message:find("optim_spec.lua:", 1, true), "the error does not point here: " .. message)
    end)
  end
end)
