-- optim.swa_utils: models whose parameters are averages of another's along its training (Izmailov and others 2018), their rates,
-- and the running statistics that such a model lacks. Formulas and state dicts are PyTorch's.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"

return function(lr_scheduler)
  local swa = {}

  local function without_gradients(f, ...)
    local was = core.set_grad_enabled(false)
    local results = table.pack(pcall(f, ...))
    core.set_grad_enabled(was)
    if not results[1] then error(results[2], 0) end
    return table.unpack(results, 2, results.n)
  end

  -- ---- Ways to average: of one tensor, and of lists of them in place ----

  local function check_decay(name, decay)
    if decay == nil then decay = 0.999 end
    if type(decay) ~= "number" or not (decay >= 0 and decay <= 1) then
      core.raise(("optim.swa_utils.%s: decay must be between 0 and 1, got %s"):format(name, options.say(decay)))
    end
    return decay
  end

  --- get_ema_avg_fn(decay = 0.999): decay * average + (1 - decay) * current.
  function swa.get_ema_avg_fn(decay)
    decay = check_decay("get_ema_avg_fn", decay)
    return function(average, current) return average * decay + current * (1 - decay) end
  end

  --- get_swa_avg_fn(): the mean of all so far.
  function swa.get_swa_avg_fn()
    return function(average, current, count) return average + (current - average) / (count + 1) end
  end

  -- Lists of averages and current values: floating ones are moved by lerp, others replaced.
  local function over_lists(share, single)
    return function(averages, currents, count)
      for i, average in ipairs(averages) do
        if average:is_floating_point() then
          average:lerp_(currents[i], share(count))
        else
          average:copy_(single(average, currents[i], count))
        end
      end
    end
  end

  --- get_ema_multi_avg_fn(decay = 0.999), get_swa_multi_avg_fn(): the same of lists of tensors, in place.
  function swa.get_ema_multi_avg_fn(decay)
    decay = check_decay("get_ema_multi_avg_fn", decay)
    return over_lists(function() return 1 - decay end, swa.get_ema_avg_fn(decay))
  end

  function swa.get_swa_multi_avg_fn()
    return over_lists(function(count) return 1 / (count + 1) end, swa.get_swa_avg_fn())
  end

  -- ---- The model ----

  local Averaged = module.class "AveragedModel"
  swa.AveragedModel = Averaged
  local arguments = options.signature("optim.swa_utils.AveragedModel",
    "model: any, device: any?, avg_fn: function?, multi_avg_fn: function?, use_buffers: bool = false")

  function Averaged:init(...)
    local model, device, avg_fn, multi_avg_fn, use_buffers = arguments(...)
    if not module.is_module(model) then
      core.raise(("optim.swa_utils.AveragedModel: a module is needed, got %s"):format(options.say(model)))
    end
    if avg_fn and multi_avg_fn then
      core.raise "optim.swa_utils.AveragedModel: give avg_fn or multi_avg_fn, not both"
    end
    self.module = model:clone()
    if device then self.module:to(device) end
    self:register_buffer("n_averaged", core.functions.tensor(0, {device = device}))
    self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers
  end

  function Averaged:forward(...) return self.module(...) end

  local function tensors_of(model, with_buffers)
    local list = {}
    for _, p in ipairs(model:parameters()) do list[#list + 1] = p:detach() end
    for _, b in ipairs(with_buffers and model:buffers() or {}) do list[#list + 1] = b:detach() end
    return list
  end

  local function update(self, model)
    local averages, currents = tensors_of(self.module, self.use_buffers), tensors_of(model, self.use_buffers)
    if #averages ~= #currents then
      core.raise(("AveragedModel:update_parameters: the model has %d tensors and the average %d; give the model that was "
        .. "averaged"):format(#currents, #averages))
    end
    local count = self.n_averaged:item()
    for i, average in ipairs(averages) do
      currents[i] = currents[i]:to(average.device)
      if count == 0 then average:copy_(currents[i]) end
    end
    if count > 0 and self.multi_avg_fn then
      self.multi_avg_fn(averages, currents, count)
    elseif count > 0 then
      local mean = self.avg_fn or swa.get_swa_avg_fn()
      for i, average in ipairs(averages) do average:copy_(mean(average, currents[i], count)) end
    end
    if not self.use_buffers then
      local theirs = model:buffers()
      for i, buffer in ipairs(self.module:buffers()) do buffer:copy_(theirs[i]:to(buffer.device)) end
    end
    self.n_averaged:add_(1)
  end

  --- update_parameters(model): takes the model's parameters into the averages.
  function Averaged:update_parameters(model)
    if not module.is_module(model) then
      core.raise(("AveragedModel:update_parameters: a module is needed, got %s"):format(options.say(model)))
    end
    without_gradients(update, self, model)
  end

  --- update_bn(loader, model, device): running statistics of the batch normalisations in model, by one pass over the data.
  function swa.update_bn(loader, model, device)
    if not module.is_module(model) then
      core.raise(("optim.swa_utils.update_bn: a loader and a module are needed, got %s"):format(options.say(model)))
    end
    local momenta, training = {}, model.training
    for _, m in ipairs(model:modules()) do
      if m.reset_running_stats and m.running_mean then
        m:reset_running_stats()
        momenta[#momenta + 1] = {m, m.momentum}
        m.momentum = nil
      end
    end
    if #momenta == 0 then return end
    local ok, message = pcall(function()
      model:train()
      without_gradients(function()
        for x in loader:iter() do model(device and x:to(device) or x) end
      end)
    end)
    for _, pair in ipairs(momenta) do pair[1].momentum = pair[2] end
    model:train(training)
    if not ok then error(message, 0) end
  end

  swa.SWALR = lr_scheduler.swa_lr

  local small = "local net = nn.Linear(2, 1)\n"

  local of_schedules = {}
  for i, method in ipairs {"step", "get_lr", "get_last_lr", "state_dict", "load_state_dict"} do
    of_schedules[i] = "optim.swa_utils.SWALR:" .. method
  end

  swa.docs = {
    {name = "optim.swa_utils", signature = ": AveragedModel, SWALR, update_bn, ...", doc = "Averages of a model's parameters "
      .. "along its training (Izmailov and others 2018).",
      example = small .. "local average = optim.swa_utils.AveragedModel(net)"},
    {names = of_schedules, signature = "as of all schedules", doc = "step() goes on by one, get_last_lr() lists the groups' "
      .. "rates, state_dict() and load_state_dict(state) keep and restore it.",
      example = "local opt = optim.SGD({ty.ones(1, {requires_grad = true})}, {lr = 0.1})\n"
        .. "local schedule = optim.swa_utils.SWALR(opt, {swa_lr = 0.05, anneal_epochs = 1})\nopt:step()\nschedule:step()\n"
        .. "print(schedule:get_last_lr()[1])\n--> 0.05"},
    {name = "optim.swa_utils.AveragedModel", signature = "(model, device?, avg_fn?, multi_avg_fn?, use_buffers = false)",
      doc = "A copy of a model whose parameters are averages (Izmailov and others 2018): update_parameters(model) takes the "
        .. "model's of that moment in. avg_fn(average, current, count) says how one tensor is averaged (the plain mean of all "
        .. "by default), multi_avg_fn(averages, currents, count) how all are, in place. Buffers are copied, or with "
        .. "use_buffers averaged too. Called, it computes what the averaged model computes.",
      example = small .. "local average = optim.swa_utils.AveragedModel(net)\nfor i = 1, 3 do\n"
        .. "  ty.no_grad(function() net.weight:fill_(i) end)\n  average:update_parameters(net)\nend\n"
        .. "print(average.module.weight:detach())\n--> tensor({{2., 2.}})"},
    {name = "optim.swa_utils.AveragedModel:update_parameters", signature = "(model)", doc = "Takes the model's parameters into "
      .. "the averages.", example = small .. "optim.swa_utils.AveragedModel(net):update_parameters(net)"},
    {name = "optim.swa_utils.update_bn", signature = "(loader, model, device?)", doc = "Sets the running statistics of the batch "
      .. "normalisations in a model to those of the loader's data: an averaged model has none of its own.",
      example = "local net = nn.Sequential(nn.Linear(2, 1))\n"
        .. "optim.swa_utils.update_bn(data.DataLoader(data.TensorDataset(ty.ones(4, 2))), net)"},
    {name = "optim.swa_utils.get_ema_avg_fn", signature = "(decay = 0.999) -> function", doc = "For AveragedModel's avg_fn: "
      .. "decay * average + (1 - decay) * current.",
      example = small .. "local average = optim.swa_utils.AveragedModel(net, {avg_fn = optim.swa_utils.get_ema_avg_fn(0.9)})"},
    {name = "optim.swa_utils.get_swa_avg_fn", signature = "() -> function", doc = "For AveragedModel's avg_fn: the mean of "
      .. "all so far.", example = "print(optim.swa_utils.get_swa_avg_fn()(ty.zeros(1), ty.ones(1), 1))\n--> tensor({0.5000})"},
    {name = "optim.swa_utils.get_ema_multi_avg_fn", signature = "(decay = 0.999) -> function", doc = "For AveragedModel's "
      .. "multi_avg_fn: get_ema_avg_fn of lists of tensors, in place.",
      example = small .. "local ema = optim.swa_utils.get_ema_multi_avg_fn(0.9)\n"
        .. "local average = optim.swa_utils.AveragedModel(net, {multi_avg_fn = ema})"},
    {name = "optim.swa_utils.get_swa_multi_avg_fn", signature = "() -> function", doc = "For AveragedModel's multi_avg_fn: "
      .. "get_swa_avg_fn of lists of tensors, in place.",
      example = small .. "local mean = optim.swa_utils.get_swa_multi_avg_fn()\n"
        .. "local average = optim.swa_utils.AveragedModel(net, {multi_avg_fn = mean})"},
  }

  return swa
end
