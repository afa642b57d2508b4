--[[
Schedules give PyTorch's learning rates: 30 steps with two groups (tests/golden/schedules.lua, by make_schedules.py), state
dicts, going on from one, and errors.
]]

local ty = require "tycho"
local golden = require "support.golden"

local optim, S = ty.optim, ty.optim.lr_scheduler
local reference = assert(loadfile(golden.folder .. "schedules.lua"))()

local function leaf() return ty.ones(1, {requires_grad = true}) end

local function optimiser(kind, rates)
  local groups = {}
  for i, rate in ipairs(rates or {0.1, 0.03}) do groups[i] = {params = {leaf()}, lr = rate} end
  return optim[kind or "SGD"](groups, kind == "Adam" and {lr = 1.0} or {lr = 1.0, momentum = 0.9})
end

local function make(text, opt)
  return assert(load("return " .. text, "=schedule", "t", {S = S, SWA = optim.swa_utils, opt = opt}))()
end

-- What plateaus are told after step steps.
local function metric(step)
  return step < 18 and math.max(1.0 - 0.1 * step, 0.5) or 0.3 + 0.01 * (step - 18)
end

local function take(schedule, step)
  if schedule.mode_worse then schedule:step(metric(step)) else schedule:step() end
end

local function momentum(group) return group.betas and group.betas[1] or group.momentum end

local function near(wanted, got, what)
  local close = math.abs(wanted - got) <= 1e-14 * math.max(1, math.abs(wanted)) -- false for NaN
  if not close then
    error(("%s: got %.17g, expected %.17g"):format(what, got, wanted), 0)
  end
end

local function check_at(row, opt, step)
  for i, group in ipairs(opt.param_groups) do
    near(row[4][step + 1][i], group.lr, ("lr of group %d after %d steps"):format(i, step))
    if #row[5] > 0 then
      near(row[5][step + 1][i], momentum(group), ("momentum of group %d after %d steps"):format(i, step))
    end
  end
end

describe("30 steps are PyTorch's:", function()
  for _, row in ipairs(reference) do
    it(row[2] .. " " .. row[1], function()
      local opt = optimiser(row[2], row[3])
      local schedule = make(row[1], opt)
      check_at(row, opt, 0)
      for step = 1, 30 do
        opt:step()
        take(schedule, step)
        check_at(row, opt, step)
        assert.are.same({opt.param_groups[1].lr, opt.param_groups[2].lr}, schedule:get_last_lr())
      end
    end)

    if row[6] then
      it(row[2] .. " " .. row[6][1] .. ": goes on from last_epoch", function()
        local opt = optimiser(row[2], row[3])
        local schedule = make(row[1], opt)
        for _ = 1, 10 do
          opt:step()
          schedule:step()
        end
        schedule = make(row[6][1], opt)
        for step = 0, 5 do
          if step > 0 then schedule:step() end
          for i, group in ipairs(opt.param_groups) do near(row[6][2][step + 1][i], group.lr, "lr of step " .. step) end
        end
      end)
    end

    it(row[2] .. " " .. row[1] .. ": goes on from state dicts, through a file", function()
      local opt = optimiser(row[2], row[3])
      local schedule = make(row[1], opt)
      for step = 1, 9 do take(schedule, step) end
      local path = os.tmpname()
      ty.save({opt = opt:state_dict(), schedule = schedule:state_dict()}, path)
      local saved = ty.load(path)
      os.remove(path)
      local other = optimiser(row[2], {0.5, 0.5})
      local again = make(row[1], other)
      other:load_state_dict(saved.opt)
      again:load_state_dict(saved.schedule)
      for step = 10, 30 do
        other:step()
        take(again, step)
        check_at(row, other, step)
      end
    end)
  end
end)

describe("the state dict", function()
  local function keys(state)
    local list = {}
    for key in pairs(state) do
      if key:sub(1, 1) ~= "_" then list[#list + 1] = key end
    end
    table.sort(list)
    return table.concat(list, " ")
  end

  it("has PyTorch's fields", function()
    local opt = optimiser()
    assert.are.equal("base_lrs gamma last_epoch step_size", keys(S.StepLR(opt, 3):state_dict()))
    assert.are.equal("base_lrs gamma last_epoch milestones", keys(S.MultiStepLR(opt, {3}):state_dict()))
    assert.are.equal("T_max base_lrs eta_min last_epoch", keys(S.CosineAnnealingLR(opt, 3):state_dict()))
    assert.are.equal("T_0 T_cur T_i T_mult base_lrs eta_min last_epoch",
      keys(S.CosineAnnealingWarmRestarts(opt, 3):state_dict()))
    assert.are.equal("base_lrs cycle_momentum last_epoch total_steps use_beta1",
      keys(S.OneCycleLR(opt, {max_lr = 1, total_steps = 9}):state_dict()))
    assert.are.equal("base_lrs last_epoch lr_lambdas", keys(S.LambdaLR(opt, function() return 1 end):state_dict()))
    assert.are.equal("best cooldown cooldown_counter default_min_lr eps factor last_epoch min_lrs mode mode_worse "
      .. "num_bad_epochs patience threshold threshold_mode", keys(S.ReduceLROnPlateau(opt):state_dict()))
    local state = S.SequentialLR(opt, {S.StepLR(opt, 3), S.StepLR(opt, 2)}, {4}):state_dict()
    assert.are.same({4}, state._milestones)
    assert.are.equal(3, state._schedulers[1].step_size)
    assert.are.equal(1, S.StepLR(opt, 3):state_dict()._step_count)
  end)

  it("is a copy", function()
    local schedule = S.StepLR(optimiser(), 3)
    local state = schedule:state_dict()
    schedule:step()
    assert.are.equal(0, state.last_epoch)
    state.base_lrs[1] = 7
    assert.are.equal(0.1, schedule.base_lrs[1])
  end)
end)

describe("epochs", function()
  it("may be given, and warm restarts take fractions", function()
    local opt = optimiser("SGD", {1.0})
    local schedule = S.StepLR(opt, 3)
    schedule:step(7)
    near(0.01, opt.param_groups[1].lr, "lr")
    opt = optimiser("SGD", {1.0})
    schedule = S.CosineAnnealingWarmRestarts(opt, {T_0 = 4, T_mult = 2})
    schedule:step(2.5)
    near((1 + math.cos(math.pi * 2.5 / 4)) / 2, opt.param_groups[1].lr, "lr")
    schedule:step(13)
    near((1 + math.cos(math.pi * 1 / 16)) / 2, opt.param_groups[1].lr, "lr")
  end)

  it("go on from last_epoch when the groups have their first rate", function()
    local opt = optimiser("SGD", {1.0})
    opt.param_groups[1].initial_lr = 1.0
    opt.param_groups[1].lr = 0.5
    local schedule = S.ExponentialLR(opt, {gamma = 0.5, last_epoch = 3})
    assert.are.equal(4, schedule.last_epoch)
    assert.are.equal(0.5, opt.param_groups[1].lr)
    schedule:step()
    assert.are.equal(0.25, opt.param_groups[1].lr)
  end)
end)

it("a schedule is what the optimiser steps with", function()
  local w = leaf()
  local opt = optim.SGD({w}, {lr = 0.5})
  local schedule = S.StepLR(opt, {step_size = 1, gamma = 0.5})
  for _ = 1, 2 do
    opt:zero_grad()
    w:sum():backward()
    opt:step()
    schedule:step()
  end
  assert.are.equal(1 - 0.5 - 0.25, w:item())
  assert.are.equal("StepLR(epoch 2, lr 0.125)", tostring(schedule))
end)

describe("bad use is an error that says so:", function()
  local bad = {
    {"optimiser", function() S.StepLR(3, 4) end},
    {"optimiser", function() S.StepLR() end},
    {"optimiser", function() S.StepLR({lr = 0.1}, 4) end},
    {"step_size", function() S.StepLR(optimiser()) end},
    {"step_size", function() S.StepLR(optimiser(), 0) end},
    {"known ones", function() S.StepLR(optimiser(), {step = 3}) end},
    {"gamma", function() S.ExponentialLR(optimiser(), 0 / 0) end},
    {"milestones", function() S.MultiStepLR(optimiser(), 3) end},
    {"whole", function() S.MultiStepLR(optimiser(), {1.5}) end},
    {"factor", function() S.ConstantLR(optimiser(), 1.5) end},
    {"factor", function() S.ConstantLR(optimiser(), 0) end},
    {"start_factor", function() S.LinearLR(optimiser(), 0) end},
    {"end_factor", function() S.LinearLR(optimiser(), {end_factor = 2}) end},
    {"T_max", function() S.CosineAnnealingLR(optimiser(), 0) end},
    {"T_0", function() S.CosineAnnealingWarmRestarts(optimiser(), 0) end},
    {"negative", function() S.CosineAnnealingWarmRestarts(optimiser(), 3):step(-1) end},
    {"total_steps", function() S.OneCycleLR(optimiser(), 0.1) end},
    {"pct_start", function() S.OneCycleLR(optimiser(), {max_lr = 1, total_steps = 9, pct_start = 1.5}) end},
    {"no steps", function() S.OneCycleLR(optimiser(), {max_lr = 1, total_steps = 10, pct_start = 0.1}) end},
    {"anneal_strategy", function() S.OneCycleLR(optimiser(), {max_lr = 1, total_steps = 9, anneal_strategy = "up"}) end},
    {"2 parameter groups", function() S.OneCycleLR(optimiser(), {max_lr = {1}, total_steps = 9}) end},
    {"past the end", function()
      local schedule = S.OneCycleLR(optimiser(), {max_lr = 1, total_steps = 9})
      for _ = 1, 10 do schedule:step() end
    end},
    {"mode", function() S.CyclicLR(optimiser(), {base_lr = 1, max_lr = 2, mode = "square"}) end},
    {"scale_mode", function() S.CyclicLR(optimiser(), {base_lr = 1, max_lr = 2, scale_mode = "x"}) end},
    {"step_size_up", function() S.CyclicLR(optimiser(), {base_lr = 1, max_lr = 2, step_size_up = 0}) end},
    {"lr_lambda", function() S.LambdaLR(optimiser(), 3) end},
    {"2 parameter groups", function() S.LambdaLR(optimiser(), {math.sin}) end},
    {"lr_lambda", function() S.LambdaLR(optimiser(), function() end) end},
    {"factor", function() S.ReduceLROnPlateau(optimiser(), {factor = 1}) end},
    {"mode", function() S.ReduceLROnPlateau(optimiser(), "least") end},
    {"threshold_mode", function() S.ReduceLROnPlateau(optimiser(), {threshold_mode = "x"}) end},
    {"min_lr", function() S.ReduceLROnPlateau(optimiser(), {min_lr = {1, 2, 3}}) end},
    {"number to watch", function() S.ReduceLROnPlateau(optimiser()):step() end},
    {"schedules", function() S.SequentialLR(optimiser(), {}, {}) end},
    {"schedulers[1]", function() S.SequentialLR(optimiser(), {3}, {}) end},
    {"another optimiser", function() S.SequentialLR(optimiser(), {S.StepLR(optimiser(), 3)}, {}) end},
    {"ReduceLROnPlateau", function()
      local opt = optimiser()
      S.SequentialLR(opt, {S.ReduceLROnPlateau(opt)}, {})
    end},
    {"one fewer", function()
      local opt = optimiser()
      S.SequentialLR(opt, {S.StepLR(opt, 3)}, {4})
    end},
    {"rise", function()
      local opt = optimiser()
      S.SequentialLR(opt, {S.StepLR(opt, 3), S.StepLR(opt, 3), S.StepLR(opt, 3)}, {4, 4})
    end},
    {"initial_lr", function() S.StepLR(optimiser(), {step_size = 3, last_epoch = 2}) end},
    {"last_epoch", function() S.StepLR(optimiser(), {step_size = 3, last_epoch = -2}) end},
    {"last_epoch", function() S.StepLR(optimiser(), 3):load_state_dict {} end},
    {"state_dict gives", function() S.StepLR(optimiser(), 3):load_state_dict(3) end},
    {"gamma", function() S.StepLR(optimiser(), 3):load_state_dict {last_epoch = 1, gamma = "x"} end},
    {"parameter groups", function()
      S.StepLR(optimiser(), 3):load_state_dict(S.StepLR(optimiser("SGD", {1.0}), 3):state_dict())
    end},
    {"add_param_group", function()
      local opt = optimiser()
      local schedule = S.StepLR(opt, 3)
      opt:add_param_group {params = {leaf()}}
      schedule:step()
    end},
  }
  for i, entry in ipairs(bad) do
    it(("%s (%d)"):format(entry[1], i), function()
      local ok, message = pcall(entry[2])
      assert.is_false(ok, "an error was expected")
      assert.is_truthy(message:find(entry[1], 1, true), ("%q is not in: %s"):format(entry[1], message))
      assert.is_truthy(message:find("lr_scheduler_spec.lua:", 1, true), "the error does not point here: " .. message)
    end)
  end
end)
