-- AdaptiveLogSoftmaxWithLoss (Grave et al. 2017): the softmax of very many classes, sorted by how often they come. The first are
-- in a head; the others in clusters that the head has one place for each, and that are computed only for examples that need them.

local core = require "tycho.core"
local containers = require "tycho.nn.containers"
local Linear = require("tycho.nn.linear").Linear
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local ty = core.functions

local Adaptive = module.class "AdaptiveLogSoftmaxWithLoss"
local arguments = options.signature("nn.AdaptiveLogSoftmaxWithLoss", "in_features: count, n_classes: positive, cutoffs: table, "
  .. "div_value: number = 4.0, head_bias: bool = false, device: any?, dtype: any?")

local function check_cutoffs(cutoffs, classes)
  local last = 0
  for _, cutoff in ipairs(cutoffs) do
    if math.type(cutoff) ~= "integer" or cutoff <= last or cutoff > classes - 1 then last = nil break end
    last = cutoff
  end
  if not last or #cutoffs == 0 then
    core.raise(("nn.AdaptiveLogSoftmaxWithLoss: cutoffs must be rising whole numbers from 1 to n_classes - 1 = %d"):format(
      classes - 1))
  end
end

function Adaptive:init(...)
  local inputs, classes, cutoffs, div_value, head_bias, device, dtype = arguments(...)
  check_cutoffs(cutoffs, classes)
  self.in_features, self.n_classes, self.div_value, self.head_bias = inputs, classes, div_value, head_bias
  local bounds = table.move(cutoffs, 1, #cutoffs, 1, {})
  bounds[#bounds + 1] = classes
  self.cutoffs, self.shortlist_size, self.n_clusters = bounds, bounds[1], #bounds - 1
  self.head_size = self.shortlist_size + self.n_clusters
  local function linear(from, to, bias) return Linear(from, to, {bias = bias, device = device, dtype = dtype}) end
  self.head = linear(inputs, self.head_size, head_bias)
  local tail = {}
  for i = 1, self.n_clusters do
    local hidden = math.floor(inputs // div_value ^ i)
    tail[i] = containers.Sequential(linear(inputs, hidden, false), linear(hidden, bounds[i + 1] - bounds[i], false))
  end
  self.tail = (containers.ModuleList or containers.Sequential)(tail)
end

--- Draws all weights anew.
function Adaptive:reset_parameters()
  self.head:reset_parameters()
  for i = 1, self.n_clusters do
    self.tail[i][1]:reset_parameters()
    self.tail[i][2]:reset_parameters()
  end
end

local function check(self, input, target)
  if not core.is_tensor(input) or not core.is_tensor(target) or target:dim() > 1 or input:dim() ~= target:dim() + 1
    or (target:dim() == 1 and input.shape[1] ~= target.shape[1]) then
    core.raise(("nn.AdaptiveLogSoftmaxWithLoss: input {N, %d} and target {N}, or {%d} and {}, are needed"):format(
      self.in_features, self.in_features))
  end
  if target:numel() > 0 and (target:min():item() < 1 or target:max():item() > self.n_classes) then
    core.raise(("nn.AdaptiveLogSoftmaxWithLoss: targets must be classes from 1 to %d, got some from %d to %d"):format(
      self.n_classes, target:min():item(), target:max():item()))
  end
end

--- Gives the log-probability of each target, and the loss: minus their mean.
function Adaptive:forward(input, target)
  check(self, input, target)
  local single = target:dim() == 0
  if single then input, target = input:unsqueeze(1), target:unsqueeze(1) end
  local in_head, output = target:long(), ty.zeros({target.shape[1]}, {dtype = input.dtype, device = input.device})
  for i = 1, self.n_clusters do
    local low, high = self.cutoffs[i], self.cutoffs[i + 1]
    local rows = target:gt(low):logical_and(target:le(high)):nonzero():reshape(-1)
    if rows:numel() > 0 then
      local log_p = F.log_softmax(self.tail[i](input:index_select(1, rows)), 2)
      local own = target:index_select(1, rows):long() - low
      output = output:scatter(1, rows, log_p:gather(2, own:unsqueeze(2)):squeeze(2))
      in_head = in_head:scatter(1, rows, self.shortlist_size + i)
    end
  end
  output = output + F.log_softmax(self.head(input), 2):gather(2, in_head:unsqueeze(2)):squeeze(2)
  local loss = -output:mean()
  return single and output:squeeze(1) or output, loss
end

--- log_prob(input): the log-probabilities of all classes, {N, n_classes}.
function Adaptive:log_prob(input)
  local head = F.log_softmax(self.head(input), 2)
  local parts = {head:narrow(2, 1, self.shortlist_size)}
  for i = 1, self.n_clusters do
    parts[i + 1] = F.log_softmax(self.tail[i](input), 2) + head:narrow(2, self.shortlist_size + i, 1)
  end
  return ty.cat(parts, 2)
end

--- predict(input): the most likely class of each example, {N}.
function Adaptive:predict(input)
  local output = self.head(input):argmax(2)
  local rows = output:gt(self.shortlist_size):nonzero():reshape(-1)
  if rows:numel() == 0 then return output end
  return output:scatter(1, rows, self:log_prob(input:index_select(1, rows)):argmax(2))
end

return {AdaptiveLogSoftmaxWithLoss = Adaptive}
