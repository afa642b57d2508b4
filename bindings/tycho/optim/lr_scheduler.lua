-- Schedules of learning rates: ty.optim.lr_scheduler. A schedule holds an optimiser and writes the field lr (some also
-- momentum or betas) of its param_groups at each step(). Formulas, the order of their operations and the fields are
-- PyTorch's, so that sequences agree to the last bit and state dicts go both ways. Relies on an optimiser's param_groups
-- and defaults alone. Epochs are numbers of steps taken, from 0.

local core = require "tycho.core"
local options = require "tycho.options"

local schedulers = {}
local docs = {}

local pi, cos = math.pi, math.cos

-- ---- What all have ----

local Scheduler = {}
Scheduler.__index = Scheduler

local optimisers = setmetatable({}, {__mode = "k"}) -- schedule -> its optimiser
local own_functions = setmetatable({}, {__mode = "k"}) -- schedule -> functions the user gave, which no state dict holds

local function groups_of(self) return optimisers[self].param_groups end

local function field_of_groups(self, field)
  local list = {}
  for i, group in ipairs(groups_of(self)) do list[i] = group[field] end
  return list
end

-- One rate per group: f(group, base) of each.
local function each(self, f)
  local rates = {}
  for i, group in ipairs(groups_of(self)) do rates[i] = f(group, self.base_lrs[i], i) end
  return rates
end

local function scaled(self, factor) return each(self, function(group) return group.lr * factor end) end

-- Groups added to the optimiser after the schedule was made have no base rate.
local function check_groups(self)
  core.capture_refuse(self.__name .. ":step", "call it outside the step: a replay takes the rate as it is then")
  local here, there = #self.base_lrs, #groups_of(self)
  if here ~= there then
    core.raise(("%s: the optimiser has %d parameter groups now and had %d when the schedule was made; make the schedule "
      .. "after the last add_param_group"):format(self.__name, there, here))
  end
end

local function check_number(name, what, value)
  if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge then
    core.raise(("%s: %s must be a finite number, got %s"):format(name, what, options.say(value)))
  end
end

local function check_optimiser(name, optimiser)
  local meta = getmetatable(optimiser)
  if type(optimiser) ~= "table" or type(meta) ~= "table" or meta.__name ~= "optimizer" then
    core.raise(("%s: argument 'optimizer' must be an optimiser, as ty.optim.SGD makes, got %s"):format(name,
      options.say(optimiser)))
  end
end

-- A number for all groups, or a list of one for each, as a list.
local function per_group(name, what, optimiser, value)
  local list, count = {}, #optimiser.param_groups
  if type(value) == "table" and not core.is_tensor(value) then
    if #value ~= count then
      core.raise(("%s: %s has %d values and the optimiser %d parameter groups; give one number, or one per group"):format(name,
        what, #value, count))
    end
    for i = 1, count do list[i] = value[i] end
  else
    for i = 1, count do list[i] = value end
  end
  for i = 1, count do check_number(name, what, list[i]) end
  return list
end

local function whole_list(name, what, list)
  if type(list) ~= "table" or core.is_tensor(list) then
    core.raise(("%s: %s must be a list of numbers of steps, got %s"):format(name, what, options.say(list)))
  end
  for _, value in ipairs(list) do
    if type(value) ~= "number" or not math.tointeger(value) then
      core.raise(("%s: %s must hold whole numbers, got %s"):format(name, what, options.say(value)))
    end
  end
  return list
end

-- How many of a sorted list are at most x.
local function count_to(list, x)
  local n = 0
  while n < #list and list[n + 1] <= x do n = n + 1 end
  return n
end

-- Sets rates to what the schedule says for the next epoch, or for the given one.
function Scheduler:_update_lr(epoch)
  check_groups(self)
  local rates
  if epoch == nil then
    self.last_epoch = self.last_epoch + 1
    rates = self:get_lr()
  else
    self.last_epoch = epoch
    rates = self._closed and self:_closed() or self:get_lr()
  end
  for i, group in ipairs(groups_of(self)) do group.lr = rates[i] end
  self._last_lr = field_of_groups(self, "lr")
end

-- Epoch 0 is entered as a step is taken, with _is_initial set for the formulas that go from the last rate.
function Scheduler:_initial_step()
  self._step_count = 0
  self._is_initial = true
  self:step()
  self._is_initial = false
end

function Scheduler:step(epoch)
  if epoch ~= nil then check_number(self.__name .. ":step", "epoch", epoch) end
  self._step_count = self._step_count + 1
  self:_update_lr(epoch)
end

function Scheduler:get_last_lr()
  return table.move(self._last_lr, 1, #self._last_lr, 1, {})
end

local function copy(value)
  if type(value) ~= "table" then return value end
  local made = setmetatable({}, getmetatable(value))
  for key, item in pairs(value) do made[key] = copy(item) end
  return made
end

function Scheduler:state_dict()
  local state = {}
  for key, value in pairs(self) do state[key] = copy(value) end
  return state
end

function Scheduler:load_state_dict(state)
  local name = self.__name .. ":load_state_dict"
  if type(state) ~= "table" then
    core.raise(("%s: a table as state_dict gives is needed, got %s"):format(name, options.say(state)))
  end
  for key, value in pairs(self) do
    local given = state[key]
    if given ~= nil and type(given) ~= type(value) then
      core.raise(("%s: field '%s' must be a %s, got %s; is this the state of a %s?"):format(name, key, type(value),
        options.say(given), self.__name:match "[^.]+$"))
    end
    if type(value) == "table" and given and #given ~= #value and #value == #groups_of(self) then
      core.raise(("%s: field '%s' has %d values and the optimiser %d parameter groups"):format(name, key, #given, #value))
    end
  end
  if math.type(state.last_epoch) == nil then
    core.raise(("%s: there is no field last_epoch; a table as state_dict gives is needed"):format(name))
  end
  for key in pairs(self) do
    if state[key] ~= nil then self[key] = copy(state[key]) end
  end
end

function Scheduler:__tostring()
  local rates = {}
  for i, rate in ipairs(self._last_lr) do rates[i] = ("%g"):format(rate) end
  return ("%s(epoch %s, lr %s)"):format(self.__name:match "[^.]+$", self.last_epoch, table.concat(rates, ", "))
end

function Scheduler:__complete()
  return {"step", "get_last_lr", "state_dict", "load_state_dict", "last_epoch", "base_lrs"}
end

-- The part of a constructor that all share: base rates, then epoch 0.
local function start(self, optimiser, last_epoch)
  if last_epoch < -1 then
    core.raise(("%s: last_epoch must be -1 (from the start) or the number of steps taken, got %s"):format(self.__name,
      last_epoch))
  end
  for i, group in ipairs(optimiser.param_groups) do
    if last_epoch == -1 then
      if group.initial_lr == nil then group.initial_lr = group.lr end
    elseif group.initial_lr == nil then
      core.raise(("%s: parameter group %d has no field initial_lr, which going on from last_epoch = %s needs: load the "
        .. "optimiser's state dict first, or leave last_epoch out"):format(self.__name, i, last_epoch))
    end
  end
  self.base_lrs = field_of_groups(self, "initial_lr")
  for _, rate in ipairs(self.base_lrs) do check_number(self.__name, "the learning rate of a group", rate) end
  self.last_epoch = last_epoch
  self._get_lr_called_within_step = false
  self:_initial_step()
end

-- A class lr_scheduler.KIND(optimizer, ...) of the given arguments. prepare(self, optimiser, values...) checks them and sets
-- fields; what it returns true for has been started by itself. area: of optim, when it is no schedule of lr_scheduler.
local elsewhere = {}

local function define(kind, signature, prepare, doc, example, area)
  local class = {__name = ("optim.%s.%s"):format(area or "lr_scheduler", kind)}
  for key, value in pairs(Scheduler) do class[key] = value end
  class.__index = class
  local parse = options.signature(class.__name, "optimizer: any, " .. signature)
  local place = area and elsewhere or schedulers
  place[kind] = function(...)
    check_optimiser(class.__name, (...))
    local values = table.pack(parse(...))
    local optimiser = values[1]
    local self = setmetatable({}, class)
    optimisers[self] = optimiser
    if not prepare(self, optimiser, table.unpack(values, 2, values.n)) then start(self, optimiser, values[values.n]) end
    return self
  end
  local shown = signature:gsub("(%w+): ([%w]+)%?", "%1?"):gsub(": %a+", ""):gsub("0%.3333333+%d*", "1 / 3")
  docs[#docs + 1] = {name = class.__name, signature = "(optimizer, " .. shown .. ")", doc = doc,
    example = "local opt = ty.optim.SGD({ty.ones(2, {requires_grad = true})}, {lr = 0.1, momentum = 0.9})\n" .. example}
  return class
end

local function check_range(self, what, value, low, high)
  check_number(self.__name, what, value)
  if value < low or value > high then
    core.raise(("%s: %s must be between %g and %g, got %g"):format(self.__name, what, low, high, value))
  end
end

local function check_positive(self, what, value)
  check_number(self.__name, what, value)
  if value <= 0 then core.raise(("%s: %s must be above 0, got %g"):format(self.__name, what, value)) end
end

-- ---- Schedules of one formula ----

-- A function of the epoch for each group: of one, or of a list.
local function take_lambdas(self, optimiser, lambda)
  local count = #optimiser.param_groups
  local list = {}
  if type(lambda) == "table" and not (getmetatable(lambda) or {}).__call then
    if #lambda ~= count then
      core.raise(("%s: lr_lambda has %d functions and the optimiser %d parameter groups"):format(self.__name, #lambda, count))
    end
    table.move(lambda, 1, count, 1, list)
  else
    for i = 1, count do list[i] = lambda end
  end
  for i = 1, count do
    local meta = getmetatable(list[i])
    if type(list[i]) ~= "function" and not (meta and meta.__call) then
      core.raise(("%s: lr_lambda must be a function of the epoch, or a list of one per group, got %s"):format(self.__name,
        options.say(list[i])))
    end
  end
  own_functions[self] = list
end

local LambdaLR = define("LambdaLR", "lr_lambda: any, last_epoch: int = -1", take_lambdas,
  "The rate is a group's first rate times lr_lambda(epoch), epoch counting steps from 0. lr_lambda: a function, or a list "
  .. "of one per group. State dicts do not hold the functions.",
  "local schedule = ty.optim.lr_scheduler.LambdaLR(opt, function(epoch) return 0.95 ^ epoch end)\nopt:step()\n"
  .. "schedule:step()")

function LambdaLR:get_lr()
  return each(self, function(_, base, i)
    local factor = own_functions[self][i](self.last_epoch)
    check_number(self.__name, "what lr_lambda returns", factor)
    return base * factor
  end)
end

function LambdaLR:state_dict()
  local files, state = require "tycho.io", Scheduler.state_dict(self)
  local none = {}
  for i = 1, #own_functions[self] do none[i] = files.null end
  state.lr_lambdas = files.list(none)
  return state
end

local MultiplicativeLR = define("MultiplicativeLR", "lr_lambda: any, last_epoch: int = -1", take_lambdas,
  "Multiplies the rate by lr_lambda(epoch) at every step, epoch counting steps from 1. lr_lambda: a function, or a list of one "
  .. "per group. State dicts do not hold the functions.",
  "local schedule = ty.optim.lr_scheduler.MultiplicativeLR(opt, function() return 0.95 end)\nopt:step()\nschedule:step()")

function MultiplicativeLR:get_lr()
  if self._is_initial then return scaled(self, 1) end
  return each(self, function(group, _, i)
    local factor = own_functions[self][i](self.last_epoch)
    check_number(self.__name, "what lr_lambda returns", factor)
    return group.lr * factor
  end)
end

MultiplicativeLR.state_dict = LambdaLR.state_dict

local StepLR = define("StepLR", "step_size: positive, gamma: number = 0.1, last_epoch: int = -1",
  function(self, _, step_size, gamma)
    check_number(self.__name, "gamma", gamma)
    self.step_size, self.gamma = step_size, gamma
  end, "Multiplies the rate by gamma every step_size steps.",
  "local schedule = ty.optim.lr_scheduler.StepLR(opt, {step_size = 30, gamma = 0.1})\nopt:step()\nschedule:step()")

function StepLR:get_lr()
  local epoch = self.last_epoch
  return scaled(self, (epoch == 0 or epoch % self.step_size ~= 0) and 1 or self.gamma)
end

function StepLR:_closed()
  return each(self, function(_, base) return base * self.gamma ^ (self.last_epoch // self.step_size) end)
end

local MultiStepLR = define("MultiStepLR", "milestones: any, gamma: number = 0.1, last_epoch: int = -1",
  function(self, _, milestones, gamma)
    check_number(self.__name, "gamma", gamma)
    local counts = require("tycho.io").dict {}
    for _, epoch in ipairs(whole_list(self.__name, "milestones", milestones)) do
      epoch = math.tointeger(epoch)
      counts[epoch] = (counts[epoch] or 0) + 1
    end
    self.milestones, self.gamma = counts, gamma
  end, "Multiplies the rate by gamma when the number of steps is one of the milestones.",
  "local schedule = ty.optim.lr_scheduler.MultiStepLR(opt, {milestones = {30, 80}, gamma = 0.1})\nopt:step()\n"
  .. "schedule:step()")

function MultiStepLR:get_lr()
  local times = self.milestones[self.last_epoch]
  return scaled(self, times and self.gamma ^ times or 1)
end

function MultiStepLR:_closed()
  local passed = 0
  for epoch, times in pairs(self.milestones) do
    if epoch <= self.last_epoch then passed = passed + times end
  end
  return each(self, function(_, base) return base * self.gamma ^ passed end)
end

local ConstantLR = define("ConstantLR",
  "factor: number = 0.33333333333333331, total_iters: count = 5, last_epoch: int = -1", function(self, _, factor, total)
    check_range(self, "factor", factor, 0, 1)
    if factor == 0 then
      core.raise(("%s: a factor of 0 cannot be taken back; take a small one, or LambdaLR"):format(self.__name))
    end
    self.factor, self.total_iters = factor, total
  end, "The rate times factor for the first total_iters steps, then the rate itself.",
  "local schedule = ty.optim.lr_scheduler.ConstantLR(opt, {factor = 0.5, total_iters = 4})\nopt:step()\nschedule:step()")

function ConstantLR:get_lr()
  if self.last_epoch == 0 then return scaled(self, self.factor) end
  return scaled(self, self.last_epoch == self.total_iters and 1.0 / self.factor or 1)
end

function ConstantLR:_closed()
  local factor = self.factor + (self.last_epoch >= self.total_iters and 1 or 0) * (1 - self.factor)
  return each(self, function(_, base) return base * factor end)
end

local LinearLR = define("LinearLR", "start_factor: number = 0.33333333333333331, end_factor: number = 1, "
  .. "total_iters: positive = 5, last_epoch: int = -1", function(self, _, from, to, total)
    check_range(self, "start_factor", from, 0, 1)
    check_positive(self, "start_factor", from)
    check_range(self, "end_factor", to, 0, 1)
    self.start_factor, self.end_factor, self.total_iters = from, to, total
  end, "The rate times a factor that goes in a line from start_factor to end_factor over total_iters steps: a warm-up.",
  "local schedule = ty.optim.lr_scheduler.LinearLR(opt, {start_factor = 0.1, total_iters = 10})\nopt:step()\n"
  .. "schedule:step()")

function LinearLR:get_lr()
  if self.last_epoch == 0 then return scaled(self, self.start_factor) end
  if self._is_initial or self.last_epoch > self.total_iters then return scaled(self, 1) end
  local rise = self.end_factor - self.start_factor
  return scaled(self, 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))
end

function LinearLR:_closed()
  return each(self, function(_, base)
    return base * (self.start_factor
      + (self.end_factor - self.start_factor) * math.min(self.total_iters, self.last_epoch) / self.total_iters)
  end)
end

local ExponentialLR = define("ExponentialLR", "gamma: number, last_epoch: int = -1", function(self, _, gamma)
  check_number(self.__name, "gamma", gamma)
  self.gamma = gamma
end, "Multiplies the rate by gamma at every step.",
  "local schedule = ty.optim.lr_scheduler.ExponentialLR(opt, {gamma = 0.9})\nopt:step()\nschedule:step()")

function ExponentialLR:get_lr() return scaled(self, self._is_initial and 1 or self.gamma) end

function ExponentialLR:_closed()
  return each(self, function(_, base) return base * self.gamma ^ self.last_epoch end)
end

local PolynomialLR = define("PolynomialLR", "total_iters: positive = 5, power: number = 1, last_epoch: int = -1",
  function(self, _, total, power)
    check_number(self.__name, "power", power)
    self.total_iters, self.power = total, power
  end, "The rate times (1 - steps / total_iters) ^ power, and 0 after total_iters steps.",
  "local schedule = ty.optim.lr_scheduler.PolynomialLR(opt, {total_iters = 4, power = 2})\nopt:step()\nschedule:step()")

function PolynomialLR:get_lr()
  local epoch, total = self.last_epoch, self.total_iters
  if self._is_initial or epoch > total then return scaled(self, 1) end
  return scaled(self, ((1.0 - epoch / total) / (1.0 - (epoch - 1) / total)) ^ self.power)
end

function PolynomialLR:_closed()
  return each(self, function(_, base)
    return base * (1.0 - math.min(self.total_iters, self.last_epoch) / self.total_iters) ^ self.power
  end)
end

local CosineAnnealingLR = define("CosineAnnealingLR", "T_max: number, eta_min: number = 0, last_epoch: int = -1",
  function(self, _, T_max, eta_min)
    check_positive(self, "T_max", T_max)
    check_number(self.__name, "eta_min", eta_min)
    self.T_max, self.eta_min = T_max, eta_min
  end, "Half a cosine from the rate down to eta_min in T_max steps, and up again in the next T_max.",
  "local schedule = ty.optim.lr_scheduler.CosineAnnealingLR(opt, {T_max = 50})\nopt:step()\nschedule:step()")

function CosineAnnealingLR:get_lr()
  local epoch, T, low = self.last_epoch, self.T_max, self.eta_min
  if self._is_initial then return scaled(self, 1) end
  if self._step_count == 1 and epoch > 0 then
    return each(self, function(_, base) return low + (base - low) * (1 + cos(epoch * pi / T)) / 2 end)
  end
  if (epoch - 1 - T) % (2 * T) == 0 then -- the last rate is the lowest, from which no factor leads up
    return each(self, function(group, base) return group.lr + (base - low) * (1 - cos(pi / T)) / 2 end)
  end
  local ratio = (1 + cos(pi * epoch / T)) / (1 + cos(pi * (epoch - 1) / T))
  return each(self, function(group) return ratio * (group.lr - low) + low end)
end

function CosineAnnealingLR:_closed()
  return each(self, function(_, base)
    return self.eta_min + (base - self.eta_min) * (1 + cos(pi * self.last_epoch / self.T_max)) / 2
  end)
end

local WarmRestarts = define("CosineAnnealingWarmRestarts",
  "T_0: positive, T_mult: positive = 1, eta_min: number = 0, last_epoch: int = -1",
  function(self, _, T_0, T_mult, eta_min, last_epoch)
    check_number(self.__name, "eta_min", eta_min)
    self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, last_epoch
  end, "Half a cosine from the rate to eta_min in T_0 steps, then again from the rate, each time T_mult times as long. "
  .. "step(epoch) may be given a fraction: epoch + batch / batches.",
  "local schedule = ty.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, {T_0 = 10, T_mult = 2})\nopt:step()\n"
  .. "schedule:step()\nschedule:step(1.5)")

function WarmRestarts:get_lr()
  return each(self, function(_, base)
    return self.eta_min + (base - self.eta_min) * (1 + cos(pi * self.T_cur / self.T_i)) / 2
  end)
end

function WarmRestarts:step(epoch)
  check_groups(self)
  if epoch == nil and self.last_epoch < 0 then epoch = 0 end
  if epoch == nil then
    epoch = self.last_epoch + 1
    self.T_cur = self.T_cur + 1
    if self.T_cur >= self.T_i then
      self.T_cur = self.T_cur % self.T_i
      self.T_i = self.T_i * self.T_mult
    end
  else
    check_number(self.__name .. ":step", "epoch", epoch)
    if epoch < 0 then core.raise(("%s:step: epoch must not be negative, got %s"):format(self.__name, epoch)) end
    if epoch < self.T_0 then
      self.T_i, self.T_cur = self.T_0, epoch
    elseif self.T_mult == 1 then
      self.T_cur = epoch % self.T_0
    else
      local n = math.floor(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1) / math.log(self.T_mult))
      self.T_cur = epoch - self.T_0 * (self.T_mult ^ n - 1) / (self.T_mult - 1)
      self.T_i = math.tointeger(self.T_0 * self.T_mult ^ n) or self.T_0 * self.T_mult ^ n
    end
  end
  self.last_epoch = math.floor(epoch)
  local rates = self:get_lr()
  for i, group in ipairs(groups_of(self)) do group.lr = rates[i] end
  self._last_lr = field_of_groups(self, "lr")
end

-- ---- Schedules that move the momentum too ----

-- Sets the momentum of a group, which is the first of betas in optimisers that have them.
local function set_momentum(self, group, value)
  if self.use_beta1 then
    group.betas = {value, group.betas[2]}
  else
    group.momentum = value
  end
end

-- Whether the optimiser has betas rather than a momentum; an error when it has neither.
local function cycles_beta(self, optimiser)
  if optimiser.defaults.momentum == nil and optimiser.defaults.betas == nil then
    core.raise(("%s: this optimiser has neither momentum nor betas; give cycle_momentum = false"):format(self.__name))
  end
  return optimiser.defaults.betas ~= nil
end

local function start_momentum(self, optimiser, low, high, last_epoch)
  self.use_beta1 = cycles_beta(self, optimiser)
  local lows = per_group(self.__name, "base_momentum", optimiser, low)
  local highs = per_group(self.__name, "max_momentum", optimiser, high)
  if last_epoch == -1 then
    for i, group in ipairs(optimiser.param_groups) do
      set_momentum(self, group, highs[i])
      group.max_momentum, group.base_momentum = highs[i], lows[i]
    end
  end
  return lows, highs
end

local CyclicLR = define("CyclicLR", "base_lr: any, max_lr: any, step_size_up: number = 2000, step_size_down: number?, "
  .. "mode: string = \"triangular\", gamma: number = 1, scale_fn: function?, scale_mode: string = \"cycle\", "
  .. "cycle_momentum: bool = true, base_momentum: any = 0.8, max_momentum: any = 0.9, last_epoch: int = -1",
  function(self, optimiser, base_lr, max_lr, up, down, mode, gamma, scale_fn, scale_mode, cycle_momentum, base_momentum,
      max_momentum, last_epoch)
    local name = self.__name
    local base_lrs = per_group(name, "base_lr", optimiser, base_lr)
    self.max_lrs = per_group(name, "max_lr", optimiser, max_lr)
    check_positive(self, "step_size_up", up)
    if down ~= nil then check_positive(self, "step_size_down", down) end
    check_number(name, "gamma", gamma)
    self.total_size = up + 0.0 + (down or up)
    self.step_ratio = up / self.total_size
    if mode ~= "triangular" and mode ~= "triangular2" and mode ~= "exp_range" and not scale_fn then
      core.raise(("%s: mode must be \"triangular\", \"triangular2\" or \"exp_range\" (or give scale_fn), got %q"):format(name,
        mode))
    end
    if scale_mode ~= "cycle" and scale_mode ~= "iterations" then
      core.raise(("%s: scale_mode must be \"cycle\" or \"iterations\", got %q"):format(name, scale_mode))
    end
    if not scale_fn then scale_mode = mode == "exp_range" and "iterations" or "cycle" end
    self.mode, self.gamma, self.scale_mode, self.cycle_momentum = mode, gamma, scale_mode, cycle_momentum
    own_functions[self] = scale_fn
    if cycle_momentum then cycles_beta(self, optimiser) end
    if last_epoch == -1 then
      for i, group in ipairs(optimiser.param_groups) do group.lr = base_lrs[i] end
    end
    if cycle_momentum then
      self.base_momentums, self.max_momentums = start_momentum(self, optimiser, base_momentum, max_momentum, last_epoch)
    end
    start(self, optimiser, last_epoch)
    self.base_lrs = base_lrs
    return true
  end, "The rate goes in lines from base_lr up to max_lr in step_size_up steps and down in step_size_down, and so on; the "
  .. "momentum (or the first of betas) goes the other way. mode \"triangular2\" halves the height each time, \"exp_range\" "
  .. "multiplies it by gamma ^ steps; scale_fn(x) says the height's factor by x the cycle, or the steps with scale_mode = "
  .. "\"iterations\". base_lr, max_lr and the momenta may be lists of one number per group.",
  "local schedule = ty.optim.lr_scheduler.CyclicLR(opt, {base_lr = 0.01, max_lr = 0.1, step_size_up = 5})\nopt:step()\n"
  .. "schedule:step()")

function CyclicLR:_scale(x)
  local f = own_functions[self]
  if f then
    local factor = f(x)
    check_number(self.__name, "what scale_fn returns", factor)
    return factor
  end
  if self.mode == "triangular" then return 1.0 end
  if self.mode == "triangular2" then return 1 / 2.0 ^ (x - 1) end
  return self.gamma ^ x
end

function CyclicLR:get_lr()
  local cycle = math.floor(1 + self.last_epoch / self.total_size)
  local x = 1.0 + self.last_epoch / self.total_size - cycle
  local height = x <= self.step_ratio and x / self.step_ratio or (x - 1) / (self.step_ratio - 1)
  local scale = self:_scale(self.scale_mode == "cycle" and cycle or self.last_epoch)
  local rates = each(self, function(_, base, i) return base + (self.max_lrs[i] - base) * height * scale end)
  if self.cycle_momentum then
    for i, group in ipairs(groups_of(self)) do
      local low, high = self.base_momentums[i], self.max_momentums[i]
      set_momentum(self, group, high - (high - low) * height * scale)
    end
  end
  return rates
end

local function anneal_cos(from, to, part) return to + (from - to) / 2.0 * (cos(pi * part) + 1) end
local function anneal_linear(from, to, part) return (to - from) * part + from end

local function phase(end_step, start_lr, end_lr, start_of_momentum, end_momentum)
  return {end_step = end_step, start_lr = start_lr, end_lr = end_lr, start_momentum = start_of_momentum,
    end_momentum = end_momentum}
end

local OneCycleLR = define("OneCycleLR", "max_lr: any, total_steps: positive?, epochs: positive?, steps_per_epoch: positive?, "
  .. "pct_start: number = 0.3, anneal_strategy: string = \"cos\", cycle_momentum: bool = true, base_momentum: any = 0.85, "
  .. "max_momentum: any = 0.95, div_factor: number = 25, final_div_factor: number = 10000, three_phase: bool = false, "
  .. "last_epoch: int = -1",
  function(self, optimiser, max_lr, total, epochs, per_epoch, pct_start, strategy, cycle_momentum, base_momentum,
      max_momentum, div_factor, final_div_factor, three_phase, last_epoch)
    if not total and not (epochs and per_epoch) then
      core.raise(("%s: give total_steps, or both epochs and steps_per_epoch"):format(self.__name))
    end
    total = total or epochs * per_epoch
    check_range(self, "pct_start", pct_start, 0, 1)
    if strategy ~= "cos" and strategy ~= "linear" then
      core.raise(("%s: anneal_strategy must be \"cos\" or \"linear\", got %q"):format(self.__name, strategy))
    end
    check_positive(self, "div_factor", div_factor)
    check_positive(self, "final_div_factor", final_div_factor)
    self.total_steps, self._anneal_func_type, self.cycle_momentum = total, strategy, cycle_momentum
    local up = phase(pct_start * total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if three_phase then
      self._schedule_phases = {up, phase(2 * pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum")}
    else
      self._schedule_phases = {up, phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")}
    end
    local rates = per_group(self.__name, "max_lr", optimiser, max_lr)
    if cycle_momentum then cycles_beta(self, optimiser) end
    if last_epoch == -1 then
      for i, group in ipairs(optimiser.param_groups) do
        group.initial_lr = rates[i] / div_factor
        group.max_lr = rates[i]
        group.min_lr = group.initial_lr / final_div_factor
      end
    end
    if cycle_momentum then start_momentum(self, optimiser, base_momentum, max_momentum, last_epoch) end
  end, "One cycle for a whole training, stepped after every batch: from max_lr / div_factor up to max_lr in the first "
  .. "pct_start of total_steps (or of epochs * steps_per_epoch), then down to a final_div_factor-th of the first rate; the "
  .. "momentum (or the first of betas) goes the other way. anneal_strategy: \"cos\" or \"linear\".",
  "local schedule = ty.optim.lr_scheduler.OneCycleLR(opt, {max_lr = 0.1, total_steps = 100})\nopt:step()\nschedule:step()")

function OneCycleLR:get_lr()
  local step, anneal = self.last_epoch, self._anneal_func_type == "cos" and anneal_cos or anneal_linear
  if step > self.total_steps then
    core.raise(("%s: step %d is past the end: total_steps is %d; make the schedule as long as the training"):format(self.__name,
      step, self.total_steps))
  end
  local from, at = 0, nil
  for i, candidate in ipairs(self._schedule_phases) do
    at = candidate
    if step <= at.end_step or i == #self._schedule_phases then break end
    from = at.end_step
  end
  if at.end_step == from then
    core.raise(("%s: a part of the cycle has no steps at all; change pct_start or total_steps (%d)"):format(self.__name,
      self.total_steps))
  end
  local part = (step - from) / (at.end_step - from)
  return each(self, function(group)
    if self.cycle_momentum then
      set_momentum(self, group, anneal(group[at.start_momentum], group[at.end_momentum], part))
    end
    return anneal(group[at.start_lr], group[at.end_lr], part)
  end)
end

-- ---- The schedule of optim.swa_utils ----

local SWALR = define("SWALR", "swa_lr: any, anneal_epochs: count = 10, anneal_strategy: string = \"cos\", "
  .. "last_epoch: int = -1", function(self, optimiser, swa_lr, anneal_epochs, strategy)
    if strategy ~= "cos" and strategy ~= "linear" then
      core.raise(("%s: anneal_strategy must be \"cos\" or \"linear\", got %q"):format(self.__name, strategy))
    end
    for i, rate in ipairs(per_group(self.__name, "swa_lr", optimiser, swa_lr)) do optimiser.param_groups[i].swa_lr = rate end
    self.anneal_epochs, self._anneal_strategy = anneal_epochs, strategy
  end, "From the rate to swa_lr (a number, or a list of one per group) in anneal_epochs steps, along half a cosine or a line, "
  .. "and no further: for the time in which an AveragedModel gathers.",
  "local schedule = ty.optim.swa_utils.SWALR(opt, {swa_lr = 0.05, anneal_epochs = 3})\nopt:step()\nschedule:step()",
  "swa_utils")

-- How far the way to swa_lr has come after so many steps, as a part of it.
function SWALR:_part(step)
  local t = math.max(0, math.min(1, step / math.max(1, self.anneal_epochs)))
  return self._anneal_strategy == "cos" and (1 - cos(pi * t)) / 2 or t
end

function SWALR:get_lr()
  local step = self._step_count - 1
  if self.anneal_epochs == 0 then step = math.max(1, step) end
  local before, now = self:_part(step - 1), self:_part(step)
  return each(self, function(group)
    local first = before == 1 and group.swa_lr or (group.lr - before * group.swa_lr) / (1 - before)
    return group.swa_lr * now + first * (1 - now)
  end)
end

-- ---- Schedules by results, and of schedules ----

local Plateau = define("ReduceLROnPlateau", "mode: string = \"min\", factor: number = 0.1, patience: count = 10, "
  .. "threshold: number = 0.0001, threshold_mode: string = \"rel\", cooldown: count = 0, min_lr: any = 0, eps: number = 1e-8",
  function(self, optimiser, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
    local name = self.__name
    check_number(name, "factor", factor)
    check_number(name, "threshold", threshold)
    check_number(name, "eps", eps)
    if factor >= 1 or factor < 0 then
      core.raise(("%s: factor must be below 1 (and not negative), got %g"):format(name, factor))
    end
    if mode ~= "min" and mode ~= "max" then core.raise(("%s: mode must be \"min\" or \"max\", got %q"):format(name, mode)) end
    if threshold_mode ~= "rel" and threshold_mode ~= "abs" then
      core.raise(("%s: threshold_mode must be \"rel\" or \"abs\", got %q"):format(name, threshold_mode))
    end
    self.min_lrs = per_group(name, "min_lr", optimiser, min_lr)
    if type(min_lr) == "number" then self.default_min_lr = min_lr end
    self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
    self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
    self.mode_worse = mode == "min" and math.huge or -math.huge
    self.best, self.cooldown_counter, self.num_bad_epochs, self.last_epoch = self.mode_worse, 0, 0, 0
    self._last_lr = field_of_groups(self, "lr")
    return true
  end, "Multiplies the rate by factor when the number given to step(metric) has not become better for more than patience "
  .. "steps. Better: by threshold, relative (\"rel\") or not (\"abs\"), lower with mode \"min\". After a change come cooldown "
  .. "steps of rest. min_lr: no rate goes below it; a number or a list of one per group.",
  "local schedule = ty.optim.lr_scheduler.ReduceLROnPlateau(opt, {patience = 2})\nopt:step()\nschedule:step(0.5)")

local function better(self, a)
  local best, threshold = self.best, self.threshold
  if self.threshold_mode == "rel" then
    if self.mode == "min" then return a < best * (1.0 - threshold) end
    return a > best * (threshold + 1.0)
  end
  if self.mode == "min" then return a < best - threshold end
  return a > best + threshold
end

function Plateau:step(metric)
  if core.is_tensor(metric) and metric:numel() == 1 then metric = metric:item() end
  if type(metric) ~= "number" then
    core.raise(("%s:step: the number to watch is needed, as the loss of the validation set, got %s"):format(self.__name,
      options.say(metric)))
  end
  local groups = groups_of(self)
  if #groups ~= #self.min_lrs then
    if not self.default_min_lr then
      core.raise(("%s:step: min_lr was given for %d parameter groups, the optimiser has %d now"):format(self.__name,
        #self.min_lrs, #groups))
    end
    for i = 1, #groups do self.min_lrs[i] = self.default_min_lr end
  end
  self.last_epoch = self.last_epoch + 1
  if better(self, metric) then
    self.best, self.num_bad_epochs = metric, 0
  else
    self.num_bad_epochs = self.num_bad_epochs + 1
  end
  if self.cooldown_counter > 0 then
    self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
  end
  if self.num_bad_epochs > self.patience then
    for i, group in ipairs(groups) do
      local lower = math.max(group.lr * self.factor, self.min_lrs[i])
      if group.lr - lower > self.eps then group.lr = lower end
    end
    self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
  end
  self._last_lr = field_of_groups(self, "lr")
end

-- Schedules that are to be held by another: all of its optimiser, and none that needs more than step(). flat: nor one that
-- holds others.
local function check_schedules(self, list, optimiser, flat)
  for i, schedule in ipairs(list) do
    if not optimisers[schedule] then
      core.raise(("%s: schedulers[%d] is no schedule, but %s"):format(self.__name, i, options.say(schedule)))
    end
    if optimisers[schedule] ~= optimiser then
      core.raise(("%s: schedulers[%d] is of another optimiser; all must be of the one given first"):format(self.__name, i))
    end
    if schedule.mode_worse or (flat and schedule._schedulers) then
      core.raise(("%s: schedulers[%d], a %s, cannot be in it%s"):format(self.__name, i, schedule.__name:match "[^.]+$",
        schedule.mode_worse and ": its step needs a number" or "; put its schedules into this one"))
    end
  end
end

local SequentialLR = define("SequentialLR", "schedulers: any, milestones: any, last_epoch: int = -1",
  function(self, optimiser, list, milestones, last_epoch)
    local name = self.__name
    if type(list) ~= "table" or #list == 0 then core.raise(("%s: schedulers must be a list of schedules"):format(name)) end
    check_schedules(self, list, optimiser, true)
    whole_list(name, "milestones", milestones)
    if #milestones ~= #list - 1 then
      core.raise(("%s: %d schedulers need %d milestones, one fewer; got %d"):format(name, #list, #list - 1, #milestones))
    end
    for i = 2, #milestones do
      if milestones[i] <= milestones[i - 1] then
        core.raise(("%s: milestones must rise, got %s after %s"):format(name, milestones[i], milestones[i - 1]))
      end
    end
    self._schedulers = table.move(list, 1, #list, 1, {})
    self._milestones = table.move(milestones, 1, #milestones, 1, {})
    self.last_epoch = last_epoch + 1
    -- The schedules have each taken epoch 0: that is undone, and the one whose turn it is takes it anew.
    for _, group in ipairs(optimiser.param_groups) do group.lr = group.initial_lr end
    for _, schedule in ipairs(list) do schedule.last_epoch = schedule.last_epoch - 1 end
    local first = self._schedulers[count_to(milestones, 0) + 1]
    first:_initial_step()
    self._last_lr = first:get_last_lr()
    return true
  end, "One schedule after the other: schedulers[i + 1] takes over, from its own epoch 0, when milestones[i] steps are taken.",
  "local s = ty.optim.lr_scheduler\nlocal schedule = s.SequentialLR(opt, {schedulers = {s.LinearLR(opt, {total_iters = 5}), "
  .. "s.CosineAnnealingLR(opt, {T_max = 45})}, milestones = {5}})\nopt:step()\nschedule:step()")

function SequentialLR:step()
  self.last_epoch = self.last_epoch + 1
  local at = count_to(self._milestones, self.last_epoch)
  local schedule = self._schedulers[at + 1]
  if at > 0 and self._milestones[at] == self.last_epoch then
    schedule:_update_lr(0)
  else
    schedule:step()
  end
  self._last_lr = schedule:get_last_lr()
end

-- State dicts of schedules that hold others.
local function state_with_schedules(self)
  local state = {_schedulers = {}}
  for key, value in pairs(self) do
    if key ~= "_schedulers" then state[key] = copy(value) end
  end
  for i, schedule in ipairs(self._schedulers) do state._schedulers[i] = schedule:state_dict() end
  return state
end

local function load_with_schedules(self, state)
  if type(state) ~= "table" or type(state._schedulers) ~= "table" or #state._schedulers ~= #self._schedulers then
    core.raise(("%s:load_state_dict: the state of %d schedules is needed"):format(self.__name, #self._schedulers))
  end
  local held = self._schedulers
  for i, schedule in ipairs(held) do schedule:load_state_dict(state._schedulers[i]) end
  self._schedulers = nil
  if self.last_epoch then Scheduler.load_state_dict(self, state) else self._last_lr = copy(state._last_lr) end
  self._schedulers = held
end

SequentialLR.state_dict, SequentialLR.load_state_dict = state_with_schedules, load_with_schedules

-- Takes a list of schedules first, and an optimiser that may be left out.
local Chained = {__name = "optim.lr_scheduler.ChainedScheduler"}
for key, value in pairs(Scheduler) do Chained[key] = value end
Chained.__index = Chained
local chained_arguments = options.signature(Chained.__name, "schedulers: any, optimizer: any?")

function schedulers.ChainedScheduler(...)
  local list, optimiser = chained_arguments(...)
  if type(list) ~= "table" or #list == 0 then
    core.raise(("%s: schedulers must be a list of schedules"):format(Chained.__name))
  end
  local self = setmetatable({}, Chained)
  optimiser = optimiser or optimisers[list[1]]
  check_schedules(self, list, optimiser)
  optimisers[self] = optimiser
  self._schedulers = table.move(list, 1, #list, 1, {})
  self._last_lr = field_of_groups(self, "lr")
  return self
end

function Chained:step()
  for _, schedule in ipairs(self._schedulers) do schedule:step() end
  self._last_lr = field_of_groups(self, "lr")
end

Chained.state_dict, Chained.load_state_dict = state_with_schedules, load_with_schedules

function Chained:__tostring()
  return ("ChainedScheduler of %d schedules"):format(#self._schedulers)
end

docs[#docs + 1] = {name = Chained.__name, signature = "(schedulers, optimizer?)", doc = "Several schedules of one optimiser at "
  .. "once: each step takes a step of each, one after the other.",
  example = "local opt = ty.optim.SGD({ty.ones(2, {requires_grad = true})}, {lr = 0.1})\nlocal s = ty.optim.lr_scheduler\n"
    .. "local schedule = s.ChainedScheduler {s.ConstantLR(opt, {factor = 0.1, total_iters = 2}), s.ExponentialLR(opt, 0.9)}\n"
    .. "opt:step()\nschedule:step()"}

docs[#docs + 1] = {name = "optim.lr_scheduler", signature = ": StepLR, CosineAnnealingLR, OneCycleLR, ...",
  doc = "Schedules of learning rates. Each takes an optimiser first and writes opt.param_groups[i].lr: schedule:step() goes on "
    .. "by one, after opt:step(); get_last_lr() lists the groups' rates; state_dict() and load_state_dict(state) are as an "
    .. "optimiser's, to be saved along with it.",
  example = "local opt = ty.optim.SGD({ty.ones(2, {requires_grad = true})}, {lr = 0.1})\n"
    .. "local schedule = ty.optim.lr_scheduler.StepLR(opt, 2)\nfor _ = 1, 4 do\n  opt:step()\n  schedule:step()\nend\n"
    .. "print(schedule:get_last_lr()[1])"}

return setmetatable(schedulers, {__index = {docs = docs, swa_lr = elsewhere.SWALR}})
