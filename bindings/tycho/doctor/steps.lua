-- Backward and the steps of optimisers as the doctor sees them: in what order they come, what gradients there are, how the loss
-- goes on.

local core = require "tycho.core"
local layers = require "tycho.doctor.layers"
local report = require "tycho.doctor.report"

local steps = {}

-- optimiser -> what is known of it: steps taken; backwards, forwards, batches at the last one; seen, its parameters that had a
-- gradient once; marked, a parameter with its gradient after the last step; stale, whether the gradients of that step are
-- still there; dirty, whether backward has added to such.
local of = setmetatable({}, {__mode = "k"})
local losses_since, batches_of
steps.taken = 0

function steps.forget(count_batches)
  of = setmetatable({}, {__mode = "k"})
  losses_since, steps.taken, batches_of = {}, 0, count_batches
end

local function known(optimizer)
  local own = of[optimizer]
  if not own then
    own = {steps = 0, backwards = layers.backwards, forwards = layers.forwards, born = layers.backwards, batches = 0, seen = {}}
    of[optimizer] = own
  end
  return own
end

--- An optimiser was made, or got more parameters.
function steps.note(optimizer) known(optimizer) end

-- ---- Gradients that add up ----

-- The smallest parameter that has a gradient.
local function least_with_gradient(optimizer)
  local least, size
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do
      if p.grad and (not least or p:numel() < size) then least, size = p, p:numel() end
    end
  end
  return least
end

-- Remembers the gradient of one small parameter, as it is held by that.
local function mark(optimizer, own)
  local p = own.watched
  local grad = p and p.grad
  if not grad then
    p = least_with_gradient(optimizer)
    own.watched, grad = p, p and p.grad
  end
  own.marked = grad and {parameter = p, grad = grad, version = grad._version} or nil
end

-- Whether the gradient is the very one of the last step.
local function is_stale(own)
  local marked = own.marked
  if not marked then return false end
  local grad = marked.parameter.grad
  return grad ~= nil and grad == marked.grad and grad._version == marked.version
end

-- Whether gradients were taken away, or filled with zeros, behind the optimiser's back.
local function is_zeroed(own)
  local grad = own.marked.parameter.grad
  return grad == nil or not grad:any():item()
end

--- The gradients of an optimiser are forgotten.
function steps.zeroed(optimizer)
  local own = known(optimizer)
  own.marked, own.dirty = nil, false
end

local function check_zero(optimizer, own)
  if own.dirty then
    report.warn("no_zero_grad", "backward has added to the gradients of the step before, which zero_grad did not take away; call "
      .. "opt:zero_grad() before each backward, or after each step")
  end
  own.dirty = false
  mark(optimizer, own)
end

-- ---- A step without backward ----

local function any_gradient(optimizer)
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do
      if p.grad then return true end
    end
  end
  return false
end

local function check_backward(optimizer, own)
  if own.backwards ~= layers.backwards or not report.wanted "no_backward" then return end
  if is_stale(own) then
    report.warn("no_backward", "step takes the gradients of the step before once more: there was no backward since; call "
      .. "loss:backward() before opt:step()")
  elseif layers.forwards > own.forwards and not any_gradient(optimizer) then
    report.warn("no_backward", "step does nothing: no parameter has a gradient, and there was no backward since the last step; "
      .. "call loss:backward() before opt:step(), and opt:zero_grad() before backward or after step")
  end
end

-- ---- Parameters without gradients, gradients without an optimiser ----

local function parameters_of(optimizer)
  local set = {}
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do set[p] = true end
  end
  return set
end

local function all_optimised()
  local set = {}
  for optimizer in next, of do
    for p in next, parameters_of(optimizer) do set[p] = true end
  end
  return set
end

-- The names of parameters in the models that were called, where they have one.
local function names_of(list)
  local names = {}
  for model in next, layers.trained() do
    for name, p in model:named_parameters() do names[p] = names[p] or name end
  end
  local texts = {}
  for i, p in ipairs(list) do
    if i > 4 then
      texts[i] = ("and %d more"):format(#list - 4)
      break
    end
    texts[i] = names[p] or ("one of shape {%s}"):format(table.concat(p.shape, ", "))
  end
  return table.concat(texts, ", ")
end

local function note_gradients(optimizer, own)
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do
      if not own.seen[p] and p.grad then own.seen[p] = true end
    end
  end
end

local function count(set)
  local n = 0
  for _ in next, set do n = n + 1 end
  return n
end

local function check_gradients(optimizer, own, after)
  local missing = {}
  if layers.backwards == own.born then return end -- a schedule is looked at
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do
      if p.requires_grad and not own.seen[p] then missing[#missing + 1] = p end
    end
  end
  if #missing == 0 then return end
  report.warn("no_gradient", ("after %d steps %d of %d parameters never got a gradient: %s; the loss does not depend on them, "
    .. "or detach, item or no_grad cut the graph; where that is meant, say requires_grad_(false)"):format(after, #missing,
      #missing + count(own.seen), names_of(missing)))
end

-- Parameters of a model that get gradients and have no optimiser, although it looks as if they were to have one: a module of
-- which the optimiser has others, or a layer that was put into the place of one that it has.
local function forgotten(model, own, optimised)
  local list = {}
  for _, module in ipairs(model:modules()) do
    local names, some, lacking = module._parameters, false, {}
    for _, name in ipairs(names.names) do
      local p = names.values[name]
      if optimised[p] then some = true elseif p.requires_grad and p.grad then lacking[#lacking + 1] = p end
    end
    if some or own.replaced then table.move(lacking, 1, #lacking, #list + 1, list) end
  end
  return list
end

-- Whether the optimiser has parameters of layers that are not in the model any more.
local function holds_replaced(model, mine, seen)
  local there, holds = {}, false
  for _, p in ipairs(model:parameters()) do there[p] = true end
  for p in next, mine do
    if there[p] then holds = true end
  end
  if not holds then return false end
  for p in next, mine do
    if not there[p] and not seen[p] then return true end
  end
  return false
end

local function check_model(model, own, mine, optimised)
  for layer in next, layers.strangers_of(model) do
    for _, p in ipairs(layer:parameters()) do
      if p.requires_grad and p.grad and not optimised[p] then
        report.warn("not_optimised", ("%s runs in %s but is not registered there, so that parameters() and the optimiser lack "
          .. "its parameters; keep it in a field of the module, or lists of layers in nn.ModuleList"):format(tostring(layer),
            model:type_name()))
        return
      end
    end
  end
  own.replaced = holds_replaced(model, mine, own.seen)
  local list = forgotten(model, own, optimised)
  if #list == 0 then return end
  report.warn("not_optimised", ("these parameters of %s get gradients, but no optimiser has them: %s; %s"):format(
    model:type_name(), names_of(list), own.replaced
      and "the optimiser was made before a layer of the model was replaced: make it after"
      or "hand model:parameters() to the optimiser, or say requires_grad_(false) where that is meant"))
end

local function check_optimised(optimizer, own)
  if not report.wanted "not_optimised" then return end
  local mine, optimised = parameters_of(optimizer), all_optimised()
  for model in next, layers.trained() do check_model(model, own, mine, optimised) end
end

-- ---- Training in eval mode ----

local function check_mode(optimizer)
  local mine
  for model, call in next, layers.trained() do
    if call.resting and not call.training and not model.training then
      mine = mine or parameters_of(optimizer)
      for _, p in ipairs(model:parameters()) do
        if mine[p] and p.requires_grad then
          report.warn("eval_mode", ("the model is trained in eval mode, in which its %s does not work as in training; call "
            .. "model:train() before training goes on after an evaluation"):format(call.resting))
          break
        end
      end
    end
  end
end

-- ---- How the loss goes on ----

local function note_loss(x)
  if x:numel() ~= 1 then return end
  if x.device.type ~= "cpu" and layers.backwards % 16 ~= 0 then return end -- reading would wait for the device
  local value = x:item()
  if value ~= value or value == math.huge or value == -math.huge then
    report.warn("loss_value", ("the loss is %s: lower the learning rate, clip gradients (nn.utils.clip_grad_norm_), look for "
      .. "log(0), 0 / 0 and NaN in the data; ty.autograd.detect_anomaly(f) finds the operation"):format(
        value ~= value and "NaN" or "infinite"))
    return
  end
  losses_since[#losses_since + 1] = value
end

local FIRST, SMOOTH = 5, 0.8 -- steps that make the first loss; what remains of the past in the smoothed one

local function note_course(own, value)
  own.count = (own.count or 0) + 1
  own.smooth = own.smooth and own.smooth * SMOOTH + value * (1 - SMOOTH) or value
  if own.count <= FIRST then
    own.first = math.max(own.first or value, value)
    own.least = own.first
  end
  own.least = math.min(own.least, own.smooth)
end

-- Several optimisers work against or beside each other, whose losses may grow.
local function is_alone(own)
  for _, other in next, of do
    if other ~= own and other.steps > 0 and steps.taken - other.last < 100 then return false end
  end
  return true
end

-- Supervised training, on batches, is to bring the loss down; elsewhere (as in reinforcement learning) it may well grow.
local function check_course(own)
  local sum, n = 0, #losses_since
  for i = 1, n do
    sum = sum + losses_since[i]
    losses_since[i] = nil
  end
  if n == 0 then return end
  note_course(own, sum)
  local limit = batches_of() > own.batches and 10 or 1000
  local grown = own.count > FIRST and own.least > 0 and own.smooth > limit * own.least and own.smooth > 1.5 * own.first
  if grown and is_alone(own) then
    report.warn("loss_value", ("the loss has grown from %.4g to %.4g: training diverges; lower the learning rate, or clip "
      .. "gradients (nn.utils.clip_grad_norm_)"):format(own.least, own.smooth))
    own.count, own.smooth, own.first = 0, nil, nil
  end
end

-- ---- The functions that are watched ----

local during = setmetatable({}, {__close = function() layers.backward_ends() end})

local function before_backward(x)
  for _, own in next, of do
    if own.dirty then own.dirty = not is_zeroed(own) elseif is_stale(own) then own.dirty = true end
  end
  if core.is_tensor(x) then note_loss(x) end
  layers.backward_begins()
end

--- steps.watch_backward(old): backward as the doctor has it, a tensor's or ty.autograd's of a list.
function steps.watch_backward(old)
  return function(x, ...)
    before_backward(x)
    local _ <close> = during
    return old(x, ...)
  end
end

local LOOKED, SOON = 10, 2 -- steps after which is asked which parameters never got a gradient, and what no optimiser has

local function before_step(optimizer, own)
  check_backward(optimizer, own)
  check_mode(optimizer)
  check_course(own)
  if own.steps < LOOKED then note_gradients(optimizer, own) end
end

local function after_step(optimizer, own, closure)
  own.steps = own.steps + 1
  steps.taken = steps.taken + 1
  if own.steps == SOON then check_optimised(optimizer, own) end
  if closure then
    if own.steps < LOOKED then note_gradients(optimizer, own) end
    own.marked, own.dirty = nil, false
  else
    check_zero(optimizer, own)
  end
  if own.steps == LOOKED then check_gradients(optimizer, own, LOOKED) end
  own.backwards, own.forwards, own.last, own.batches = layers.backwards, layers.forwards, steps.taken, batches_of()
end

local function done(optimizer, own, closure, ...)
  if closure and own.backwards == layers.backwards then
    report.warn("no_backward", "the closure that step was given calls no backward; it is to forget the gradients, compute the "
      .. "loss, call loss:backward() and return the loss")
  end
  after_step(optimizer, own, closure)
  return ...
end

--- steps.watch_step(old): Optimizer.step as the doctor has it.
function steps.watch_step(old)
  return function(optimizer, closure, ...)
    local own = known(optimizer)
    if closure == nil then before_step(optimizer, own) end
    return done(optimizer, own, closure, old(optimizer, closure, ...))
  end
end

return steps
