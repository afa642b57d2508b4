-- Losses as modules, of classes, of numbers, of distances. Each computes through F.

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

-- A loss whose options go to F's `name` as they are. Tensors among them (weights) become buffers.
local function plain(class_name, name, signature)
  local fields = {}
  for field in signature:gmatch "([%w_]+)%s*:" do fields[#fields + 1] = field end
  local class = loss(class_name, signature, function(self, ...)
    for i, field in ipairs(fields) do
      local value = select(i, ...)
      if field == "reduction" and not (value == "batchmean" and name == "kl_div") then
        check_reduction("nn." .. class_name, value)
      end
      if core.is_tensor(value) then self:register_buffer(field, value) else self[field] = value end
    end
  end)
  function class:forward(...)
    local arguments, named = table.pack(...), {}
    for _, field in ipairs(fields) do named[field] = self[field] end
    arguments[arguments.n + 1] = named
    return F[name](table.unpack(arguments, 1, arguments.n + 1))
  end
end

local reduction = 'reduction: string = "mean"'
plain("MSELoss", "mse_loss", reduction)
plain("L1Loss", "l1_loss", reduction)
plain("SmoothL1Loss", "smooth_l1_loss", reduction .. ", beta: number = 1.0")
plain("HuberLoss", "huber_loss", reduction .. ", delta: number = 1.0")
plain("BCELoss", "binary_cross_entropy", "weight: tensor?, " .. reduction)
plain("BCEWithLogitsLoss", "binary_cross_entropy_with_logits", "weight: tensor?, " .. reduction .. ", pos_weight: tensor?")
plain("KLDivLoss", "kl_div", reduction .. ", log_target: bool = false")
plain("PoissonNLLLoss", "poisson_nll_loss", "log_input: bool = true, full: bool = false, eps: number = 1e-8, " .. reduction)
plain("HingeEmbeddingLoss", "hinge_embedding_loss", "margin: number = 1.0, " .. reduction)
plain("MarginRankingLoss", "margin_ranking_loss", "margin: number = 0.0, " .. reduction)
plain("TripletMarginLoss", "triplet_margin_loss",
  "margin: number = 1.0, p: number = 2.0, eps: number = 1e-6, swap: bool = false, " .. reduction)
plain("CosineEmbeddingLoss", "cosine_embedding_loss", "margin: number = 0.0, " .. reduction)
plain("MultiMarginLoss", "multi_margin_loss", "p: int = 1, margin: number = 1.0, weight: tensor?, " .. reduction)
plain("MultiLabelMarginLoss", "multilabel_margin_loss", reduction)
plain("MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss", "weight: tensor?, " .. reduction)
plain("SoftMarginLoss", "soft_margin_loss", reduction)
plain("GaussianNLLLoss", "gaussian_nll_loss", "full: bool = false, eps: number = 1e-6, " .. reduction)
plain("CTCLoss", "ctc_loss", "blank: dim = 1, " .. reduction .. ", zero_infinity: bool = false")
plain("TripletMarginWithDistanceLoss", "triplet_margin_with_distance_loss",
  "distance_function: function?, margin: number = 1.0, swap: bool = false, " .. reduction)

--- nn.NLLLoss2d: the older name of NLLLoss for images.
losses.NLLLoss2d = losses.NLLLoss

return losses
