-- nn.MultiheadAttention: attention with several heads, its parameters under PyTorch's names. Made of the functions of the core,
-- so that gradients of any order come from those.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"
local Linear = require("tycho.nn.linear").Linear

local f = core.functions
local attention = {}

local function shape_text(x) return "{" .. table.concat(x.shape, ", ") .. "}" end

-- ---- Masks ----

-- A mask as what is added to scores: a bool one (true: do not look there) becomes 0 and minus infinity. nil stays nil.
local function additive(name, what, mask, dtype)
  if mask == nil then return nil end
  if not core.is_tensor(mask) then
    core.raise(("%s: %s must be a tensor, got %s"):format(name, what, options.say(mask)))
  end
  if mask.dtype == core.dtypes.bool then
    return f.zeros(mask.shape, {dtype = dtype, device = mask.device}):masked_fill(mask, -math.huge)
  end
  if not mask.dtype.is_floating_point then
    core.raise(("%s: %s must be bool (true: not to be looked at) or floating (added to the scores), got %s"):format(name,
      what, tostring(mask.dtype)))
  end
  return mask
end

-- One more column of zeros, for a key that every query may look at.
local function widened(mask)
  if not mask then return nil end
  local sizes = mask.shape
  local column = {}
  for d = 1, #sizes do column[d] = d == #sizes and 1 or sizes[d] end
  return f.cat({mask, mask:new_zeros(column)}, -1)
end

-- ---- Shapes ----

local function misfit(name, text, ...) core.raise((name .. ": " .. text):format(...)) end

-- Whether the inputs are a batch; raises unless query, key, value and masks have fitting numbers of dimensions.
local function check_dims(name, query, key, value, padding, mask)
  for what, x in pairs {query = query, key = key, value = value} do
    if not core.is_tensor(x) then misfit(name, "%s must be a tensor, got %s", what, options.say(x)) end
  end
  local dims = query:dim()
  if dims ~= 2 and dims ~= 3 then
    misfit(name, "the query has shape %s, expected {length, batch, features}, or {length, features} for one sample",
      shape_text(query))
  end
  if key:dim() ~= dims or value:dim() ~= dims then
    misfit(name, "query, key and value must have one number of dimensions, got %s, %s and %s", shape_text(query),
      shape_text(key), shape_text(value))
  end
  if padding and padding:dim() ~= dims - 1 then
    misfit(name, "key_padding_mask is {%skeys}, one mark for each key; its shape is %s", dims == 3 and "batch, " or "",
      shape_text(padding))
  end
  if mask and mask:dim() ~= 2 and mask:dim() ~= 3 then
    misfit(name, "attn_mask is {queries, keys} or {batch heads, queries, keys}; its shape is %s", shape_text(mask))
  end
  return dims == 3
end

-- The sizes of a batch: queries, batch, keys.
local function check_sizes(name, a)
  local query, key, value = a.query, a.key, a.value
  local queries, batch, width, keys = query:size(1), query:size(2), query:size(3), key:size(1)
  if width ~= a.embed_dim then misfit(name, "the query's last dimension must be embed_dim, %d, got %d", a.embed_dim, width) end
  if width % a.num_heads ~= 0 then
    misfit(name, "embed_dim must be divisible by num_heads, got %d and %d", width, a.num_heads)
  end
  local same = key:size(1) == value:size(1) and key:size(2) == value:size(2)
  if not same or not a.separate and key:size(3) ~= value:size(3) then
    misfit(name, "key and value do not fit: %s and %s", shape_text(key), shape_text(value))
  end
  if key:size(2) ~= batch then misfit(name, "query %s and key %s have different batches", shape_text(query), shape_text(key)) end
  if not a.separate and key:size(3) ~= width then
    misfit(name, "query %s and key %s have different features; give kdim and vdim", shape_text(query), shape_text(key))
  end
  local padding, mask = a.key_padding_mask, a.attn_mask
  if padding and (padding:size(1) ~= batch or padding:size(2) ~= keys) then
    misfit(name, "key_padding_mask has shape %s, expected {%d, %d}", shape_text(padding), batch, keys)
  end
  if mask then
    local heads = mask:dim() == 3 and mask:size(1) or nil
    if heads and heads ~= batch * a.num_heads or mask:size(-2) ~= queries or mask:size(-1) ~= keys then
      misfit(name, "attn_mask has shape %s, expected {%d, %d} or {%d, %d, %d}", shape_text(mask), queries, keys,
        batch * a.num_heads, queries, keys)
    end
  end
  return queries, batch
end

-- ---- Projections ----

-- query, key and value through their weights, {length, batch, width} each. Data that have the batch first in memory
-- (a.turned) are multiplied in that order: as rows that follow one another they are one product.
local function project(a)
  local width, bias = a.embed_dim, a.in_proj_bias
  local function linear(x, weight, b)
    if not a.turned then return F.linear(x, weight, b) end
    return F.linear(x:transpose(1, 2), weight, b):transpose(1, 2)
  end
  local function part(x, weight, i)
    return linear(x, weight, bias and bias:narrow(1, (i - 1) * width + 1, width))
  end
  if a.separate then
    return part(a.query, a.q_proj_weight, 1), part(a.key, a.k_proj_weight, 2), part(a.value, a.v_proj_weight, 3)
  end
  local weight = a.in_proj_weight
  if a.query == a.key and a.key == a.value then -- of one tensor: one product
    local all = linear(a.query, weight, bias)
    return all:narrow(-1, 1, width), all:narrow(-1, width + 1, width), all:narrow(-1, 2 * width + 1, width)
  end
  local function rows(i) return weight:narrow(1, (i - 1) * width + 1, width) end
  return part(a.query, rows(1), 1), part(a.key, rows(2), 2), part(a.value, rows(3), 3)
end

-- {length, batch, width} as {batch, heads, length, width / heads}.
local function by_heads(x, heads)
  return x:reshape({x:size(1), x:size(2), heads, x:size(3) // heads}):permute(2, 3, 1, 4)
end

-- ---- The whole ----

-- Both masks as one that broadcasts to {batch, heads, queries, keys}; nil without any.
local function merged(a, mask, padding, batch)
  if mask then
    local sizes = mask:dim() == 3 and {batch, a.num_heads, mask:size(2), mask:size(3)} or {1, 1, mask:size(1), mask:size(2)}
    mask = mask:reshape(sizes)
  end
  if not padding then return mask end
  padding = padding:reshape({batch, 1, 1, padding:size(2)})
  return mask and mask + padding or padding
end

-- The weights of all heads {batch, heads, queries, keys} and what they give.
local function weighed(a, q, k, v, mask, dropout)
  local scores = (q * (1 / math.sqrt(q:size(-1)))):matmul(k:transpose(-2, -1))
  if mask then scores = scores + mask end
  local weights = F.softmax(scores, -1)
  if dropout > 0 then weights = F.dropout(weights, dropout) end
  return weights:matmul(v), a.average_attn_weights and weights:mean(2) or weights
end

-- Attention of a batch {length, batch, features}: output, weights or nil.
local function attend(name, a, dtype)
  local queries, batch = check_sizes(name, a)
  local causal, mask = a.is_causal, a.attn_mask
  if causal and not mask then
    misfit(name, "is_causal says that attn_mask is the causal mask: give attn_mask too, "
      .. "nn.Transformer.generate_square_subsequent_mask(length)")
  end
  local padding = additive(name, "key_padding_mask", a.key_padding_mask, dtype)
  mask = additive(name, "attn_mask", mask, dtype)
  local hinted = causal and not padding and not a.need_weights
  if hinted then mask = nil end
  local q, k, v = project(a)
  local heads = a.num_heads
  if a.bias_k then
    k = f.cat({k, a.bias_k:expand(1, batch, -1)}, 1)
    v = f.cat({v, a.bias_v:expand(1, batch, -1)}, 1)
    mask, padding = widened(mask), widened(padding)
  end
  if a.add_zero_attn then
    local zeros = k:new_zeros(1, batch, a.embed_dim)
    k, v = f.cat({k, zeros}, 1), f.cat({v, zeros}, 1)
    mask, padding = widened(mask), widened(padding)
  end
  q, k, v = by_heads(q, heads), by_heads(k, heads), by_heads(v, heads)
  mask = merged(a, mask, padding, batch)
  local dropout = a.training and a.dropout_p or 0.0
  local output, weights
  if a.need_weights then
    output, weights = weighed(a, q, k, v, mask, dropout)
  else
    output = F.scaled_dot_product_attention(q, k, v, mask, dropout, hinted)
  end
  output = output:permute(3, 1, 2, 4):reshape({queries, batch, a.embed_dim})
  return F.linear(output, a.out_proj_weight, a.out_proj_bias), weights
end

-- What attend() needs, from a table of PyTorch's names, with single samples made batches. Called by name `name`.
local function forward(name, a)
  local dtype = core.is_tensor(a.query) and a.query.dtype
  if check_dims(name, a.query, a.key, a.value, a.key_padding_mask, a.attn_mask) then return attend(name, a, dtype) end
  local same = a.query == a.key and a.key == a.value
  a.query = a.query:unsqueeze(2)
  a.key = same and a.query or a.key:unsqueeze(2)
  a.value = same and a.query or a.value:unsqueeze(2)
  a.key_padding_mask = a.key_padding_mask and a.key_padding_mask:unsqueeze(1)
  local output, weights = attend(name, a, dtype)
  return output:squeeze(2), weights and weights:squeeze(1)
end

-- ---- nn.MultiheadAttention ----

-- out_proj: prints as PyTorch's does.
local OutProjection = module.class("NonDynamicallyQuantizableLinear", Linear)

local MultiheadAttention = module.class "MultiheadAttention"
attention.MultiheadAttention = MultiheadAttention
MultiheadAttention._additive = additive -- for transformers
local arguments = options.signature("nn.MultiheadAttention", "embed_dim: positive, num_heads: positive, "
  .. "dropout: probability = 0.0, bias: bool = true, add_bias_kv: bool = false, add_zero_attn: bool = false, "
  .. "kdim: positive?, vdim: positive?, batch_first: bool = false, device: any?, dtype: any?")

--- nn.MultiheadAttention(embed_dim, num_heads, dropout = 0, bias = true, add_bias_kv = false, add_zero_attn = false, kdim,
-- vdim, batch_first = false): output, weights = attention(query, key, value, {key_padding_mask, attn_mask, ...}).
function MultiheadAttention:init(...)
  local width, heads, dropout, bias, bias_kv, zero, kdim, vdim, batch_first, device, dtype = arguments(...)
  if width % heads ~= 0 then
    core.raise(("nn.MultiheadAttention: embed_dim must be divisible by num_heads, got %d and %d"):format(width, heads))
  end
  self.embed_dim, self.num_heads, self.head_dim = width, heads, width // heads
  self.kdim, self.vdim = kdim or width, vdim or width
  self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, zero
  local made = {device = device, dtype = dtype}
  local function parameter(name, ...) self:register_parameter(name, core.Parameter(f.empty({...}, made))) end
  self._separate = self.kdim ~= width or self.vdim ~= width
  if self._separate then
    parameter("q_proj_weight", width, width)
    parameter("k_proj_weight", width, self.kdim)
    parameter("v_proj_weight", width, self.vdim)
  else
    parameter("in_proj_weight", 3 * width, width)
  end
  if bias then parameter("in_proj_bias", 3 * width) end
  if bias_kv then
    parameter("bias_k", 1, 1, width)
    parameter("bias_v", 1, 1, width)
  end
  self.out_proj = OutProjection(width, width, {bias = bias, device = device, dtype = dtype})
  self:_reset_parameters()
end

function MultiheadAttention:_reset_parameters()
  for _, name in ipairs {"in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"} do
    if self[name] then core.init.xavier_uniform_(self[name]) end
  end
  if self.in_proj_bias then
    core.init.zeros_(self.in_proj_bias)
    core.init.zeros_(self.out_proj.bias)
  end
  if self.bias_k then
    core.init.xavier_normal_(self.bias_k)
    core.init.xavier_normal_(self.bias_v)
  end
end

local call_arguments = options.signature("nn.MultiheadAttention", "query: tensor, key: tensor, value: tensor, "
  .. "key_padding_mask: tensor?, need_weights: bool = true, attn_mask: tensor?, average_attn_weights: bool = true, "
  .. "is_causal: bool = false")

function MultiheadAttention:forward(...)
  local query, key, value, padding, need_weights, mask, average, causal = call_arguments(...)
  local turned = self.batch_first and query:dim() == 3 and key:dim() == 3 and value:dim() == 3
  if turned then
    local from = {query, key, value}
    query = query:transpose(1, 2)
    key = key == from[1] and query or key:transpose(1, 2)
    value = value == from[2] and key or value:transpose(1, 2)
  end
  local output, weights = forward("nn.MultiheadAttention", {query = query, key = key, value = value,
    embed_dim = self.embed_dim, num_heads = self.num_heads, separate = self._separate,
    in_proj_weight = self.in_proj_weight, in_proj_bias = self.in_proj_bias, q_proj_weight = self.q_proj_weight,
    k_proj_weight = self.k_proj_weight, v_proj_weight = self.v_proj_weight, bias_k = self.bias_k, bias_v = self.bias_v,
    add_zero_attn = self.add_zero_attn, dropout_p = self.dropout, out_proj_weight = self.out_proj.weight,
    out_proj_bias = self.out_proj.bias, training = self.training, key_padding_mask = padding, attn_mask = mask,
    need_weights = need_weights, average_attn_weights = average, is_causal = causal, turned = turned})
  return turned and output:transpose(1, 2) or output, weights
end

return attention
