-- Losses as modules: CrossEntropyLoss, NLLLoss, MSELoss. Each computes through F.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local losses = {}

local function check_reduction(name, reduction)
  if reduction ~= "none" and reduction ~= "mean" and reduction ~= "sum" then
    core.raise(("%s: reduction must be \"none\", \"mean\" or \"sum\", got %s"):format(name, options.say(reduction)))
  end
end

local function loss(name, signature, init)
  local class = module.class(name)
  local parse = options.signature("nn." .. name, signature)
  function class:init(...) init(self, parse(...)) end
  losses[name] = class
  return class
end

local function weighted(name)
  return function(self, weight, ignore_index, reduction, label_smoothing)
    check_reduction("nn." .. name, reduction)
    if weight then self:register_buffer("weight", weight, {persistent = true}) end
    self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing
  end
end

--- nn.CrossEntropyLoss(weight, ignore_index = -100, reduction = "mean", label_smoothing = 0): logits {N, C} against classes
-- {N} that count from 1, or against probabilities {N, C}.
local CrossEntropyLoss = loss("CrossEntropyLoss",
  'weight: tensor?, ignore_index: int = -100, reduction: string = "mean", label_smoothing: probability = 0',
  weighted "CrossEntropyLoss")
function CrossEntropyLoss:forward(input, target)
  return F.cross_entropy(input, target, {weight = self.weight, ignore_index = self.ignore_index, reduction = self.reduction,
    label_smoothing = self.label_smoothing})
end

--- nn.NLLLoss(weight, ignore_index = -100, reduction = "mean"): log-probabilities {N, C} against classes {N}.
local NLLLoss = loss("NLLLoss", 'weight: tensor?, ignore_index: int = -100, reduction: string = "mean"', weighted "NLLLoss")
function NLLLoss:forward(input, target)
  return F.nll_loss(input, target, {weight = self.weight, ignore_index = self.ignore_index, reduction = self.reduction})
end

--- nn.MSELoss(reduction = "mean"): squared differences.
local MSELoss = loss("MSELoss", 'reduction: string = "mean"', function(self, reduction)
  check_reduction("nn.MSELoss", reduction)
  self.reduction = reduction
end)
function MSELoss:forward(input, target) return F.mse_loss(input, target, {reduction = self.reduction}) end

return losses
