-- Losses as the doctor sees them: what they are given (probabilities where logits belong, classes that are none), and whether
-- they were computed to evaluate a model.

local core = require "tycho.core"
local layers = require "tycho.doctor.layers"
local report = require "tycho.doctor.report"

local losses = {}

-- Steps of the graph that change no value.
local neutral = {ViewBackward0 = true, ReshapeAliasBackward0 = true, UnsafeViewBackward0 = true, SqueezeBackward0 = true,
  SqueezeBackward1 = true, UnsqueezeBackward0 = true, TransposeBackward0 = true, PermuteBackward0 = true, CloneBackward0 = true,
  TBackward0 = true, ToCopyBackward0 = true, SliceBackward0 = true, SelectBackward0 = true, AsStridedBackward0 = true,
  CatBackward0 = true, StackBackward0 = true}

-- The name of the operation that made the values of x, nil where no gradients are recorded.
local function maker_of(x)
  local node = x.grad_fn
  for _ = 1, 8 do
    if not node or not neutral[node.name] then break end
    local first = node.next_functions[1]
    node = first and first[1]
  end
  return node and node.name or nil
end

-- Values are looked at only the first few times: that costs time.
local looks, LOOKS = {}, 3
function losses.forget() looks = {} end

local function may_look(name)
  looks[name] = (looks[name] or 0) + 1
  return looks[name] <= LOOKS
end

local input_checks = {}

function input_checks.cross_entropy(x)
  local maker = maker_of(x)
  if maker == "SoftmaxBackward0" then
    report.warn("loss_input", "cross_entropy got the output of a softmax: it takes the logits and applies log_softmax itself, so "
      .. "that training is slow and stops early this way; leave the softmax out of the model, and apply it to predict")
  elseif maker == "SigmoidBackward0" then
    report.warn("loss_input", "cross_entropy got the output of a sigmoid: it takes the logits and applies log_softmax itself; "
      .. "leave the sigmoid out (for several classes that may hold at once: binary_cross_entropy_with_logits)")
  end
end

function input_checks.nll_loss(x)
  local maker = maker_of(x)
  if maker == "LogSoftmaxBackward0" then return end
  if maker == "SoftmaxBackward0" then
    report.warn("loss_input", "nll_loss got the output of a softmax: it takes logarithms of probabilities; use log_softmax in "
      .. "place of softmax, or cross_entropy with the logits")
  elseif may_look "nll_loss" and x:numel() > 0 and x:detach():max():item() > 0 then
    report.warn("loss_input", ("nll_loss got values up to %.4g, and logarithms of probabilities are never above 0; apply "
      .. "log_softmax before it, or use cross_entropy with the logits"):format(x:detach():max():item()))
  end
end

function input_checks.binary_cross_entropy_with_logits(x)
  if maker_of(x) == "SigmoidBackward0" then
    report.warn("loss_input", "binary_cross_entropy_with_logits got the output of a sigmoid: it takes the logits and applies "
      .. "sigmoid itself; leave the sigmoid out, or use binary_cross_entropy")
  end
end

-- What the classes are, where one of them is none.
local function explain_labels(name, x, target, message)
  if type(message) ~= "string" or not message:find("is no class", 1, true) then return end
  local ok, text = pcall(function()
    local classes = x.shape[x:dim() == 1 and 1 or 2]
    local low, high = target:min():item(), target:max():item()
    local cure = ("labels must be whole numbers from 1 to %d"):format(classes)
    if low == 0 and high < classes then
      cure = "they count from 0, and classes count from 1 here: add 1 to them"
    elseif high > classes then
      cure = ("the model has %d outputs, and there are labels up to %d: make its last layer so wide"):format(classes, high)
        .. (low == 0 and ", and add 1 to the labels, which count from 0" or "")
    end
    return ("the labels of this batch run from %d to %d, and %s got scores for %d classes; %s"):format(low, high, name, classes,
      cure)
  end)
  if ok then report.warn("labels", text, message:match "^.-:%d+: ") end
end

local function finish(name, x, target, ok, ...)
  if ok then return ... end
  explain_labels(name, x, target, (...))
  error((...), 0)
end

local has_classes = {cross_entropy = true, nll_loss = true}

--- losses.watch(name, old): the loss of that name as the doctor has it.
function losses.watch(name, old)
  local check, classes = input_checks[name], has_classes[name]
  return function(x, target, ...)
    if not core.is_tensor(x) then return old(x, target, ...) end
    if core.is_grad_enabled() then
      if check and report.wanted "loss_input" then check(x) end
    elseif layers.has_suspect() then
      layers.evaluation_seen()
    end
    if not classes or not core.is_tensor(target) then return old(x, target, ...) end
    return finish(name, x, target, pcall(old, x, target, ...))
  end
end

return losses
