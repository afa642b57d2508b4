-- Embeddings as modules: tables whose rows are learnt. Ids count from 1. Options, defaults and what is drawn are PyTorch's;
-- each computes through F.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"

local embeddings = {}

-- Draws the table: normal numbers, then zeros for the padding.
local function reset(self)
  core.init.normal_(self.weight)
  if self.padding_idx then self.weight:detach()[self.padding_idx]:zero_() end
end

-- What both classes take from their options: sizes, the table (drawn, or given), the row of padding.
local function setup(self, name, rows, width, padding, weight, device, dtype)
  if padding then
    if padding < 0 then padding = rows + 1 + padding end
    if padding < 1 or padding > rows then
      core.raise(("%s: padding_idx must be a row of the table, 1 to %d (or -1 to %d), got %d"):format(name, rows, -rows, padding))
    end
  end
  self.num_embeddings, self.embedding_dim, self.padding_idx = rows, width, padding
  if weight then
    if weight:dim() ~= 2 or weight.shape[1] ~= rows or weight.shape[2] ~= width then
      core.raise(("%s: the table must have the shape {%d, %d}, got {%s}"):format(name, rows, width,
        table.concat(weight.shape, ", ")))
    end
    self.weight = core.Parameter(weight)
  else
    self.weight = core.Parameter(core.functions.empty({rows, width}, {device = device, dtype = dtype}))
    reset(self)
  end
end

local function refuse_sparse(name, sparse)
  if sparse then
    core.raise(name .. ": there are no sparse gradients here; leave sparse = false: the gradient is a whole table")
  end
end

-- A table as from_pretrained takes it.
local function check_table(name, weight)
  if not core.is_tensor(weight) or weight:dim() ~= 2 then
    core.raise(("%s: a table {rows, width} is needed, got %s"):format(name,
      core.is_tensor(weight) and "shape {" .. table.concat(weight.shape, ", ") .. "}" or options.say(weight)))
  end
end

-- The options that both print, in PyTorch's order; `last` are those behind them.
local function repr(self, last)
  local text = ("%d, %d"):format(self.num_embeddings, self.embedding_dim)
  local function add(name, shown)
    if shown then text = ("%s, %s=%s"):format(text, name, tostring(self[name])) end
  end
  for _, name in ipairs(last) do
    if name == "norm_type" then
      add(name, self.norm_type ~= 2)
    else
      add(name, self[name])
    end
  end
  return text
end

local Embedding = module.class "Embedding"
embeddings.Embedding = Embedding
local tail = ", max_norm: number?, norm_type: number = 2.0, scale_grad_by_freq: bool = false, "
local arguments = options.signature("nn.Embedding", "num_embeddings: count, embedding_dim: count, padding_idx: dim?" .. tail
  .. "sparse: bool = false, _weight: tensor?, _freeze: bool = false, device: any?, dtype: any?")

--- nn.Embedding(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type = 2, scale_grad_by_freq = false)
function Embedding:init(...)
  local rows, width, padding, max_norm, norm_type, by_freq, sparse, weight, freeze, device, dtype = arguments(...)
  refuse_sparse("nn.Embedding", sparse)
  setup(self, "nn.Embedding", rows, width, padding, weight, device, dtype)
  if freeze then self.weight.requires_grad = false end
  self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, by_freq
end

--- Draws the table anew, and sets the row of padding to 0.
Embedding.reset_parameters = reset

function Embedding:forward(x)
  return F.embedding(x, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)
end

function Embedding:extra_repr() return repr(self, {"padding_idx", "max_norm", "norm_type", "scale_grad_by_freq"}) end

local pretrained = options.signature("nn.Embedding.from_pretrained",
  "embeddings: any, freeze: bool = true, padding_idx: dim?" .. tail .. "sparse: bool = false")

--- nn.Embedding.from_pretrained(embeddings, freeze = true, padding_idx, ...): an embedding with this table.
function Embedding.from_pretrained(...)
  if (...) == Embedding then return Embedding.from_pretrained(select(2, ...)) end -- called with a colon
  local weight, freeze, padding, max_norm, norm_type, by_freq, sparse = pretrained(...)
  check_table("nn.Embedding.from_pretrained", weight)
  return Embedding {num_embeddings = weight.shape[1], embedding_dim = weight.shape[2], padding_idx = padding, max_norm = max_norm,
    norm_type = norm_type, scale_grad_by_freq = by_freq, sparse = sparse, _weight = weight, _freeze = freeze}
end

local EmbeddingBag = module.class "EmbeddingBag"
embeddings.EmbeddingBag = EmbeddingBag
local bag_arguments = options.signature("nn.EmbeddingBag", "num_embeddings: count, embedding_dim: count" .. tail
  .. 'mode: string = "mean", sparse: bool = false, _weight: tensor?, include_last_offset: bool = false, padding_idx: dim?, '
  .. "device: any?, dtype: any?")

--- nn.EmbeddingBag(num_embeddings, embedding_dim, max_norm, norm_type = 2, scale_grad_by_freq = false, mode = "mean")
function EmbeddingBag:init(...)
  local rows, width, max_norm, norm_type, by_freq, mode, sparse, weight, include_last, padding, device, dtype = bag_arguments(...)
  if mode ~= "sum" and mode ~= "mean" and mode ~= "max" then
    core.raise(("nn.EmbeddingBag: mode must be \"sum\", \"mean\" or \"max\", got %s"):format(options.say(mode)))
  end
  refuse_sparse("nn.EmbeddingBag", sparse)
  setup(self, "nn.EmbeddingBag", rows, width, padding, weight, device, dtype)
  self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, by_freq
  self.mode, self.include_last_offset = mode, include_last
end

--- Draws the table anew, and sets the row of padding to 0.
EmbeddingBag.reset_parameters = reset

local call_arguments = options.signature("nn.EmbeddingBag", "input: tensor, offsets: tensor?, per_sample_weights: tensor?")

function EmbeddingBag:forward(...)
  local x, offsets, weights = call_arguments(...)
  return F.embedding_bag(x, self.weight, {offsets = offsets, max_norm = self.max_norm, norm_type = self.norm_type,
    scale_grad_by_freq = self.scale_grad_by_freq, mode = self.mode, per_sample_weights = weights,
    include_last_offset = self.include_last_offset, padding_idx = self.padding_idx})
end

function EmbeddingBag:extra_repr()
  local text = repr(self, {"max_norm", "norm_type", "scale_grad_by_freq"}) .. (", mode='%s'"):format(self.mode)
  return self.padding_idx and ("%s, padding_idx=%d"):format(text, self.padding_idx) or text
end

local bag_pretrained = options.signature("nn.EmbeddingBag.from_pretrained", "embeddings: any, freeze: bool = true" .. tail
  .. 'mode: string = "mean", sparse: bool = false, include_last_offset: bool = false, padding_idx: dim?')

--- nn.EmbeddingBag.from_pretrained(embeddings, freeze = true, ...): an embedding bag with this table.
function EmbeddingBag.from_pretrained(...)
  if (...) == EmbeddingBag then return EmbeddingBag.from_pretrained(select(2, ...)) end
  local weight, freeze, max_norm, norm_type, by_freq, mode, sparse, include_last, padding = bag_pretrained(...)
  check_table("nn.EmbeddingBag.from_pretrained", weight)
  local bag = EmbeddingBag {num_embeddings = weight.shape[1], embedding_dim = weight.shape[2], max_norm = max_norm,
    norm_type = norm_type, scale_grad_by_freq = by_freq, mode = mode, sparse = sparse, _weight = weight,
    include_last_offset = include_last, padding_idx = padding}
  bag.weight.requires_grad = not freeze
  return bag
end

return embeddings
