-- A run that is resumed from a checkpoint goes on with the same numbers, to the bit, as the run that was never stopped: with
-- every optimiser and every schedule, a shuffled loader and dropout.
local ty = require "tycho"
local nn, F, optim, data = ty.nn, ty.F, ty.optim, ty.data
local S = optim.lr_scheduler

local EPOCHS, STOP = 4, 2
local file

-- All that a script keeps. Weights and data come from a seed of their own, so that what is resumed is what the file held.
local function start(seed, optimiser, schedule)
  ty.manual_seed(seed)
  local run = {losses = {}, epoch = 0}
  run.net = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
  run.opt = optimiser(run.net)
  run.schedule = schedule and schedule(run.opt)
  return run
end

local generator = ty.Generator(99)
local dataset = data.TensorDataset(ty.randn({22, 5}, {generator = generator}), ty.randn({22, 1}, {generator = generator}))

local function train(run, until_epoch)
  local loader = data.DataLoader(dataset, {batch_size = 6, shuffle = true})
  while run.epoch < until_epoch do
    local total = 0
    for x, y in loader:iter() do
      local function closure()
        run.opt:zero_grad()
        local loss = F.mse_loss(run.net(x), y)
        loss:backward()
        return loss
      end
      local loss
      if run.whole then
        loss = run.opt:step(closure)
      else
        loss = closure()
        run.opt:step()
      end
      total = total + loss:item()
    end
    if run.schedule and run.plateau then run.schedule:step(total) elseif run.schedule then run.schedule:step() end
    run.epoch = run.epoch + 1
    run.losses[run.epoch] = total
  end
end

local function save(run)
  ty.save({epoch = run.epoch, net = run.net:state_dict(), opt = run.opt:state_dict(),
    schedule = run.schedule and run.schedule:state_dict(), random = ty.get_rng_state()}, file)
end

local function resume(run)
  local held = ty.load(file)
  run.epoch = held.epoch
  run.net:load_state_dict(held.net)
  run.opt:load_state_dict(held.opt)
  if run.schedule then run.schedule:load_state_dict(held.schedule) end
  ty.set_rng_state(held.random)
end

local function same(name, optimiser, schedule, about)
  local function begin(seed)
    local run = start(seed, optimiser, schedule)
    for key, value in pairs(about or {}) do run[key] = value end
    return run
  end
  local whole = begin(3)
  train(whole, EPOCHS)
  local first = begin(3)
  train(first, STOP)
  save(first)
  train(first, EPOCHS) -- saving changes nothing
  local second = begin(1234)
  resume(second)
  train(second, EPOCHS)
  for epoch = 1, EPOCHS do
    assert.are.equal(whole.losses[epoch], first.losses[epoch], ("%s, epoch %d"):format(name, epoch))
    if epoch > STOP then assert.are.equal(whole.losses[epoch], second.losses[epoch], ("%s, epoch %d"):format(name, epoch)) end
  end
  local state = second.net:state_dict()
  for key, value in pairs(whole.net:state_dict()) do assert.is_true(value:equal(state[key]), name .. ": " .. key) end
  assert.are_not.equal(whole.losses[EPOCHS], whole.losses[EPOCHS - 1])
end

describe("a resumed run goes on to the bit", function()
  setup(function() file = os.tmpname() end)
  teardown(function() os.remove(file) end)

  local kinds = {SGD = {lr = 0.05, momentum = 0.9, nesterov = true}, Adam = {lr = 0.01, amsgrad = true}, AdamW = {lr = 0.01},
    RMSprop = {lr = 0.01, momentum = 0.5, centered = true}, Adagrad = {lr = 0.05, lr_decay = 0.1}, Adamax = {lr = 0.01},
    NAdam = {lr = 0.01}, RAdam = {lr = 0.01}, Adadelta = {lr = 1.0}, Rprop = {lr = 0.01}, ASGD = {lr = 0.02},
    Adafactor = {lr = 0.02}, LBFGS = {lr = 0.1, max_iter = 3}}
  for name, given in pairs(kinds) do
    it("with " .. name, function()
      same(name, function(net) return optim[name](net:parameters(), given) end, nil, {whole = name == "LBFGS"})
    end)
  end

  it("with groups of parameters", function()
    same("groups", function(net)
      return optim.Adam({{params = net[1]:parameters(), lr = 0.1}, {params = net[5]:parameters(), weight_decay = 0.1}},
        {lr = 0.01})
    end, function(opt) return S.StepLR(opt, 1, 0.5) end)
  end)

  local schedules = {
    StepLR = function(opt) return S.StepLR(opt, 1, 0.5) end,
    MultiStepLR = function(opt) return S.MultiStepLR(opt, {1, 3}) end,
    ExponentialLR = function(opt) return S.ExponentialLR(opt, 0.7) end,
    ConstantLR = function(opt) return S.ConstantLR(opt, 0.5, 3) end,
    LinearLR = function(opt) return S.LinearLR(opt, {total_iters = 3}) end,
    PolynomialLR = function(opt) return S.PolynomialLR(opt, {total_iters = 6, power = 2.0}) end,
    LambdaLR = function(opt) return S.LambdaLR(opt, function(epoch) return 0.9 ^ epoch end) end,
    MultiplicativeLR = function(opt) return S.MultiplicativeLR(opt, function() return 0.9 end) end,
    CosineAnnealingLR = function(opt) return S.CosineAnnealingLR(opt, 3) end,
    CosineAnnealingWarmRestarts = function(opt) return S.CosineAnnealingWarmRestarts(opt, 2) end,
    OneCycleLR = function(opt) return S.OneCycleLR(opt, {max_lr = 0.1, total_steps = 6}) end,
    CyclicLR = function(opt) return S.CyclicLR(opt, {base_lr = 0.01, max_lr = 0.1, step_size_up = 2}) end,
    ReduceLROnPlateau = function(opt) return S.ReduceLROnPlateau(opt, {patience = 0, threshold = 0.5}) end,
    SequentialLR = function(opt)
      return S.SequentialLR(opt, {S.ConstantLR(opt, 0.1, 1), S.ExponentialLR(opt, 0.9)}, {1})
    end,
    ChainedScheduler = function(opt) return S.ChainedScheduler {S.ConstantLR(opt, 0.1, 3), S.ExponentialLR(opt, 0.9)} end,
  }
  for name, make in pairs(schedules) do
    it("with " .. name, function()
      same(name, function(net) return optim.SGD(net:parameters(), {lr = 0.05, momentum = 0.9}) end, make,
        {plateau = name == "ReduceLROnPlateau"})
    end)
  end
end)

describe("a state that does not fit", function()
  it("into a network is told all at once, with shapes", function()
    local net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    local state = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2), nn.Linear(2, 2)):state_dict()
    state["1.bias"] = nil
    local ok, text = pcall(net.load_state_dict, net, state)
    assert.is_false(ok)
    for _, part in ipairs {'Missing key(s) in state_dict: "1.bias"', 'Unexpected key(s) in state_dict: "2.weight", "2.bias"',
      "size mismatch for 0.weight: copying a tensor with shape {4, 5} from the state dict, the shape in this model is {4, 3}"} do
      assert.truthy(text:find(part, 1, true), text)
    end
  end)

  it("into an optimiser is told all at once, with shapes", function()
    local function optimiser(...)
      local net = nn.Sequential(...)
      local opt = optim.Adam({{params = net[1]:parameters()}, {params = net[2]:parameters()}})
      net(ty.ones(1, net[1].in_features)):sum():backward()
      opt:step()
      return opt
    end
    local opt = optimiser(nn.Linear(3, 4), nn.Linear(4, 2))
    local before = opt:state_dict().state[0].exp_avg:clone()
    local ok, text = pcall(opt.load_state_dict, opt, optimiser(nn.Linear(5, 4), nn.Linear(4, 2, false)):state_dict())
    assert.is_false(ok)
    assert.truthy(text:find("checkpoint_spec.lua:", 1, true), text)
    assert.truthy(text:find("group 2 of the state has 1 parameter, here it has 2", 1, true), text)
    assert.truthy(text:find("exp_avg of parameter 1 in group 1 has the shape {4, 5}, the parameter {4, 3}", 1, true), text)
    assert.is_true(before:equal(opt:state_dict().state[0].exp_avg))
  end)
end)
