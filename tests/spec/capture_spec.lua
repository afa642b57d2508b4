--[[
ty.capture: a captured step gives the numbers of the step itself, to the bit, over many calls; what cannot be replayed is
refused with the user's line; memory stays what it is.
]]

local core = require "tycho.core"
local ty = require "tycho"

local nn, F, optim = ty.nn, ty.F, ty.optim

-- Runs the step that make() gives n times, as it is and captured, from the same seed: results, tensors and gradients must be
-- equal at the end, results at every call. make() -> step, tensors to compare, whatever `between(i, extra)` needs.
local function same_as_uncaptured(make, arguments, n, between)
  local function go(captured)
    ty.manual_seed(3)
    local step, tensors, extra = make()
    local train, results = captured and ty.capture(step) or step, {}
    for i = 1, n do
      local values = table.pack(train(table.unpack(arguments(i))))
      for k = 1, values.n do values[k] = values[k]:detach():clone() end
      results[i] = values
      if between then between(i, extra) end
    end
    return results, tensors, train
  end
  local wanted, of_step = go(false)
  local got, of_capture, train = go(true)
  for i = 1, n do
    for k = 1, wanted[i].n do assert.is_true(wanted[i][k]:equal(got[i][k]), ("call %d, result %d"):format(i, k)) end
  end
  for k, x in ipairs(of_step) do
    assert.is_true(x:equal(of_capture[k]), "tensor " .. k)
    assert.are.equal(x.grad == nil, of_capture[k].grad == nil)
    if x.grad then assert.is_true(x.grad:equal(of_capture[k].grad), "gradient " .. k) end
  end
  return train:stats()
end

local function all_of(net)
  local list = {}
  for _, map in ipairs {net:parameters(), net:buffers()} do
    for _, x in ipairs(map) do list[#list + 1] = x end
  end
  return list
end

-- A step that zeroes, goes forward and back, and updates.
local function training(net, opt, loss_of)
  return function(...)
    opt:zero_grad()
    local loss = loss_of(net, ...)
    loss:backward()
    opt:step()
    return loss
  end
end

local function classify(net, x, y) return F.cross_entropy(net(x), y) end

-- Batches from a fixed list; every fourth is smaller.
local function batches(...)
  local sizes, list = {...}, {}
  local g = ty.Generator(9)
  for i = 1, 8 do
    local n = i % 4 == 0 and 3 or 6
    list[i] = {ty.randn({n, table.unpack(sizes)}, {generator = g}), ty.randint(1, 5, {n}, {generator = g})}
  end
  return function(i) return list[(i - 1) % 8 + 1] end
end

local function small_cnn()
  return nn.Sequential(nn.Conv2d(1, 4, 3, {padding = 1}), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2),
    nn.Flatten(), nn.Linear(64, 4))
end

describe("a captured step gives the same numbers to the bit:", function()
  it("an MLP with dropout and Adam, smaller last batches", function()
    local stats = same_as_uncaptured(function()
      local net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 4))
      return training(net, optim.Adam(net:parameters(), {lr = 1e-2}), classify), all_of(net)
    end, batches(10), 60)
    assert.are.equal(2, stats.recorded)
    assert.are.equal(58, stats.replayed)
    assert.is_true(stats[1].bytes < stats[1].alone)
  end)

  it("a CNN with BatchNorm, SGD with momentum and a schedule, in training and evaluating", function()
    local stats = same_as_uncaptured(function()
      local net = small_cnn()
      local opt = optim.SGD(net:parameters(), {lr = 0.1, momentum = 0.9, weight_decay = 1e-3})
      return training(net, opt, classify), all_of(net),
        {net = net, opt = opt, schedule = optim.lr_scheduler.CosineAnnealingLR(opt, 30)}
    end, batches(1, 8, 8), 48, function(i, with)
      with.schedule:step()
      with.net:train(i % 16 < 12)
      if i == 20 then with.opt.param_groups[1].weight_decay = 0.05 end
    end)
    assert.are.equal(4, stats.recorded)
  end)

  it("an LSTM over embeddings, AdamW with clipped gradients", function()
    local stats = same_as_uncaptured(function()
      local net = nn.ModuleList {nn.Embedding(20, 6), nn.LSTM(6, 8, {num_layers = 2, dropout = 0.2, batch_first = true}),
        nn.Linear(8, 20)}
      local opt, parameters = optim.AdamW(net:parameters(), {lr = 1e-2}), net:parameters()
      return function(tokens)
        opt:zero_grad()
        local logits = net[3]((net[2](net[1](tokens[{{}, {1, 6}}]))))
        local loss = F.cross_entropy(logits:flatten(1, 2), tokens[{{}, {2, 7}}]:flatten())
        loss:backward()
        local norm = nn.utils.clip_grad_norm_(parameters, 0.5)
        opt:step()
        return loss, norm
      end, parameters
    end, function(i) return {ty.randint(1, 21, {4, 7}, {generator = ty.Generator(i)})} end, 30)
    assert.are.equal(29, stats.replayed)
  end)

  it("a transformer layer with gradients zeroed in place", function()
    same_as_uncaptured(function()
      local net = nn.TransformerEncoderLayer(8, 2, 16, {dropout = 0.1, batch_first = true})
      local opt = optim.RMSprop(net:parameters())
      return function(x)
        opt:zero_grad(false)
        local loss = net(x):pow(2):mean()
        loss:backward()
        opt:step()
        return loss
      end, net:parameters()
    end, function(i) return {ty.randn({2, 5, 8}, {generator = ty.Generator(i)})} end, 20)
  end)

  it("gradients that add up over calls, with the step outside", function()
    local stats = same_as_uncaptured(function()
      local net = nn.Linear(4, 2)
      return function(x)
        local loss = net(x):pow(2):mean()
        loss:backward()
        return loss
      end, net:parameters(), optim.NAdam(net:parameters())
    end, function(i) return {ty.randn({3, 4}, {generator = ty.Generator(i)})} end, 24, function(i, opt)
      if i % 4 == 0 then
        opt:step()
        opt:zero_grad()
      end
    end)
    assert.are.equal(2, stats.recorded)
  end)

  it("states that are loaded, memory that is replaced, parameters that are frozen", function()
    local kept
    local stats = same_as_uncaptured(function()
      local net = nn.Linear(4, 3)
      local opt = optim.Adam(net:parameters())
      return training(net, opt, function(model, x) return model(x):pow(2):sum() end), all_of(net), {net = net, opt = opt}
    end, function(i) return {ty.randn({6, 4}, {generator = ty.Generator(i)})} end, 24, function(i, with)
      if i == 4 then
        kept = {with.net.weight:detach():clone(), with.opt:state_dict()}
        for _, of in pairs(kept[2].state) do
          for name, x in pairs(of) do of[name] = x:clone() end
        end
      elseif i == 8 then
        ty.no_grad(function() with.net.weight:copy_(kept[1]) end)
        with.opt:load_state_dict(kept[2])
      elseif i == 12 then
        with.net.weight.data = with.net.weight:detach() * 2
      elseif i == 16 then
        with.net.bias:requires_grad_(false)
      end
    end)
    assert.are.equal(4, stats.recorded)
  end)

  it("labels to be ignored, in some batches", function()
    same_as_uncaptured(function()
      local net = nn.Linear(4, 3)
      return training(net, optim.SGD(net:parameters(), {lr = 0.1}), function(model, x, y)
        return F.cross_entropy(model(x), y, {ignore_index = -100})
      end), all_of(net)
    end, function(i)
      local y = ty.randint(1, 4, {6}, {generator = ty.Generator(i)})
      if i % 3 == 0 then y[2] = -100 end
      return {ty.randn({6, 4}, {generator = ty.Generator(i)}), y}
    end, 20)
  end)

  it("large pointwise chains, which run in pieces", function()
    local stats = same_as_uncaptured(function()
      return function(x) return ty.no_grad(function() return ((x * 2 + 1):exp() - x):tanh():mul(x) end) end, {}
    end, function(i) return {ty.randn({50, 1013}, {generator = ty.Generator(i)})} end, 5)
    assert.is_true(stats[1].fused >= 5)
  end)

  it("constants of the host that the step changes", function()
    local stats = same_as_uncaptured(function()
      return function(x)
        local k = ty.tensor {1.0, 2, 3, 4}
        k[2] = x:sum()
        return k:add_(1)
      end, {}
    end, function(i) return {ty.full({3}, i)} end, 5)
    assert.are.equal(16, stats[1].restored)
  end)
end)

describe("a captured step is recorded anew", function()
  it("when an upvalue or a field around it changes, and not otherwise", function()
    local factor, settings = 2, {shift = 1}
    local f = ty.capture(function(x) return x * factor + settings.shift end)
    local x = ty.ones(2)
    for _ = 1, 3 do assert.are.same({3, 3}, f(x):totable()) end
    factor = 3
    for _ = 1, 3 do assert.are.same({4, 4}, f(x):totable()) end
    settings.shift = 0
    assert.are.same({3, 3}, f(x):totable())
    assert.are.equal(3, f:stats().recorded)
    assert.are.equal(4, f:stats().replayed)
  end)

  it("for another plain argument, dtype or grad mode", function()
    local f = ty.capture(function(x, p) return x ^ p end)
    for _ = 1, 2 do
      assert.are.same({9}, f(ty.tensor {3.0}, 2):totable())
      assert.are.same({27}, f(ty.tensor {3.0}, 3):totable())
      assert.are.same({9}, f(ty.tensor {3}, 2):totable())
    end
    assert.are.equal(3, f:stats().recorded)
  end)

  it("and runs as it is when nothing ever fits", function()
    local n, said = 0, io.stderr
    io.stderr = {write = function() end} -- luacheck: ignore
    local f = ty.capture(function(x) return x + n end)
    for i = 1, 12 do
      n = i
      assert.are.same({i}, f(ty.zeros(1)):totable())
    end
    io.stderr = said -- luacheck: ignore
    assert.matches("n changes", f:stats().given_up)
    assert.are.equal(7, f:stats().recorded)
  end)
end)

describe("an error in a captured step", function()
  local net = nn.Linear(4, 3)

  -- What a captured f says at its first or later calls.
  local function message(f, ...)
    local captured, args = ty.capture(f), table.pack(...)
    local ok, text = pcall(function()
      for _ = 1, 3 do captured(table.unpack(args, 1, args.n)) end
    end)
    assert.is_false(ok)
    assert.is_false(ty.is_grad_enabled() == false)
    return text
  end

  it("names the user's line and the cure where numbers are read", function()
    local x = ty.randn(5, 4)
    local line = debug.getinfo(1, "l").currentline + 1
    local text = message(function(z) return net(z):sum():item() end, x)
    assert.matches(("capture_spec.lua:%d: item: "):format(line), text)
    assert.matches("return the tensor from the step", text)
    assert.matches("totable: ", message(function(z) return net(z):totable() end, x))
    assert.matches("print: ", message(function(z) return tostring(net(z)) end, x))
    assert.matches("binary_cross_entropy: ", message(function(z)
      return F.binary_cross_entropy(net(z):sigmoid(), ty.ones(5, 3))
    end, x))
  end)

  it("is what cannot be replayed", function()
    local x, n, opt = ty.randn(5, 4), 0, optim.SGD(net:parameters())
    local schedule = optim.lr_scheduler.StepLR(opt, 1)
    assert.matches("the step itself changes n,", message(function(z) n = n + 1; return z * 1 end, x))
    assert.matches("StepLR:step: .* outside", message(function(z) schedule:step(); return z * 1 end, x))
    assert.matches("manual_seed: ", message(function(z) ty.manual_seed(1); return z * ty.rand(4) end, x))
    assert.matches("changes one of its arguments in place", message(function(z) return z:add_(1) end, x:clone()))
    assert.matches("argument 1 of the step requires a gradient", message(function(z) return z * 1 end, net.weight))
    assert.matches("a hook, checkpoint", message(function(z)
      local h = net(z)
      h:register_hook(function() end)
      h:sum():backward()
      return h
    end, x))
    assert.matches("indices, labels or masks", message(function(z) return z[ty.randperm(5)] end, x))
    assert.matches("anomaly mode", message(function(z)
      return ty.autograd.detect_anomaly(function() return z * 1 end)
    end, x))
    assert.matches("result 1 of the step is a table", message(function(z) return {z} end, x))
    assert.matches("argument 1 of the step is a table", message(function() end, {x}))
    assert.matches("LBFGS", message(function(z)
      optim.LBFGS(net:parameters()):step(function() return net(z):sum() end)
    end, x))
  end)

  it("is the step's own for a label out of range, and leaves all as it was", function()
    local function step(x, y)
      local loss = F.cross_entropy(net(x), y)
      loss:backward()
      return loss
    end
    local f, x, y = ty.capture(step), ty.randn(5, 4), ty.randint(1, 4, {5})
    for _ = 1, 3 do
      net:zero_grad()
      f(x, y)
    end
    local _, wanted = pcall(step, x, y + 3)
    local before = net.weight.grad:clone()
    local _, got = pcall(f, x, y + 3)
    assert.are.equal(wanted:match "cross_entropy.*", got:match "cross_entropy.*")
    assert.matches("capture_spec.lua:%d+: ", got)
    assert.is_true(before:equal(net.weight.grad))
    net:zero_grad()
    assert.is_true(step(x, y):detach():equal(f(x, y)))
  end)

  it("of its own goes through, and the next call records", function()
    local fail = true
    local f = ty.capture(function(x)
      local y = x * 2
      if fail then error("mine", 0) end
      return y
    end)
    local ok, text = pcall(f, ty.ones(2))
    assert.is_false(ok)
    assert.are.equal("mine", text)
    fail = false
    assert.are.same({2, 2}, f(ty.ones(2)):totable())
    assert.are.same({4, 4}, f(ty.full({2}, 2.0)):totable())
    assert.are.equal(1, f:stats().replayed)
  end)
end)

describe("the memory of a captured step", function()
  local function live()
    collectgarbage()
    collectgarbage()
    return core.memory_stats().live
  end

  it("is the same after thousands of replays, and is given back", function()
    local before = live()
    local with = {}
    do
      local net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
      with.train = ty.capture(training(net, optim.Adam(net:parameters()), classify))
      local x, y = ty.randn(4, 8), ty.randint(1, 3, {4})
      with.train(x, y)
      with.train(x, y)
      local first = live()
      for _ = 1, 10000 do with.train(x, y) end
      assert.are.equal(first, live())
      assert.are.equal(10001, with.train:stats().replayed)
      with.train:reset()
      assert.is_true(live() < first)
    end
    with.train = nil
    assert.are.equal(before, live())
  end)

  it("of its results is theirs", function()
    local f = ty.capture(function(x) return x * 2, x + 1 end)
    local a, b = f(ty.ones(3))
    local c, d = f(ty.full({3}, 5))
    f(ty.zeros(3))
    assert.are.same({{2, 2, 2}, {2, 2, 2}, {10, 10, 10}, {6, 6, 6}}, {a:totable(), b:totable(), c:totable(), d:totable()})
  end)
end)
