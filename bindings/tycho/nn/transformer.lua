-- Transformers: one layer of an encoder and of a decoder, stacks of them, and both together ("Attention is all you need",
-- Vaswani et al. 2017; with norm_first as in "On layer normalization in the transformer architecture", Xiong et al. 2020).
-- Made of nn.MultiheadAttention, Linear, LayerNorm and Dropout; names and order of the parameters are PyTorch's.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local F = require "tycho.functional"
local attention = require "tycho.nn.attention"
local Dropout, Linear = require("tycho.nn.dropout").Dropout, require("tycho.nn.linear").Linear
local norms = require "tycho.nn.norm"
local ModuleList = require("tycho.nn.containers").ModuleList

local f = core.functions
local transformer = {}

-- ---- What the layers share ----

local LAYER = "d_model: positive, nhead: positive, dim_feedforward: positive = 2048, dropout: probability = 0.1, "
  .. "activation: any?, layer_norm_eps: number = 1e-5, batch_first: bool = false, norm_first: bool = false, "
  .. "bias: bool = true, device: any?, dtype: any?"

local function activation_of(name, activation)
  if activation == nil then return F.relu end
  if activation == "relu" or activation == "gelu" then return F[activation] end
  local meta = getmetatable(activation)
  if type(activation) == "function" or type(meta) == "table" and meta.__call then return activation end
  core.raise(("%s: activation must be \"relu\", \"gelu\" or a function, got %s"):format(name, options.say(activation)))
end

-- Fills a layer: attentions by name, then the two linear layers, then as many norms and dropouts as there are blocks.
local function build(self, attentions, blocks, d_model, nhead, width, dropout, activation, eps, batch_first, norm_first, bias,
    device, dtype)
  local name = "nn." .. self:type_name()
  if d_model % nhead ~= 0 then
    core.raise(("%s: d_model must be divisible by nhead, got %d and %d"):format(name, d_model, nhead))
  end
  activation = activation_of(name, activation)
  for _, field in ipairs(attentions) do
    self[field] = attention.MultiheadAttention(d_model, nhead, {dropout = dropout, bias = bias, batch_first = batch_first,
      device = device, dtype = dtype})
  end
  self.linear1 = Linear(d_model, width, {bias = bias, device = device, dtype = dtype})
  self.dropout = Dropout(dropout)
  self.linear2 = Linear(width, d_model, {bias = bias, device = device, dtype = dtype})
  self.norm_first = norm_first
  for i = 1, blocks do
    self["norm" .. i] = norms.LayerNorm(d_model, {eps = eps, bias = bias, device = device, dtype = dtype})
  end
  for i = 1, blocks do self["dropout" .. i] = Dropout(dropout) end
  self.activation = activation
end

-- A mask for these inputs as what is added to scores.
local function additive(self, what, mask, x)
  return attention.MultiheadAttention._additive("nn." .. self:type_name(), what, mask, x.dtype)
end

local function attended(attend, dropout, x, memory, mask, padding, causal)
  return dropout((attend(x, memory, memory, padding, false, mask, true, causal)))
end

local function fed_forward(self, dropout, x)
  return dropout(self.linear2(self.dropout(self.activation(self.linear1(x)))))
end

-- x with what a block gives added, normalised before the block or after the sum.
local function with_block(self, norm, x, block)
  if self.norm_first then return x + block(norm(x)) end
  return norm(x + block(x))
end

-- ---- Encoder ----

local EncoderLayer = module.class "TransformerEncoderLayer"
transformer.TransformerEncoderLayer = EncoderLayer
local encoder_layer_arguments = options.signature("nn.TransformerEncoderLayer", LAYER)

--- nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward = 2048, dropout = 0.1, activation = "relu",
-- layer_norm_eps = 1e-5, batch_first = false, norm_first = false, bias = true)
function EncoderLayer:init(...) build(self, {"self_attn"}, 2, encoder_layer_arguments(...)) end

local encoder_layer_call = options.signature("nn.TransformerEncoderLayer",
  "src: tensor, src_mask: tensor?, src_key_padding_mask: tensor?, is_causal: bool = false")

function EncoderLayer:forward(...)
  local x, mask, padding, causal = encoder_layer_call(...)
  mask, padding = additive(self, "src_mask", mask, x), additive(self, "src_key_padding_mask", padding, x)
  x = with_block(self, self.norm1, x, function(y)
    return attended(self.self_attn, self.dropout1, y, y, mask, padding, causal)
  end)
  return with_block(self, self.norm2, x, function(y) return fed_forward(self, self.dropout2, y) end)
end

-- Copies of a layer, as many as are asked for.
local function clones(name, layer, count)
  if not module.is_module(layer) then core.raise(("%s: a layer is needed, got %s"):format(name, options.say(layer))) end
  if count > 10000 then core.raise(("%s: num_layers must be at most 10000, got %d"):format(name, count)) end
  local list = {}
  for i = 1, count do list[i] = layer:clone() end
  return ModuleList(list)
end

local function check_norm(name, norm)
  if norm ~= nil and not module.is_module(norm) then
    core.raise(("%s: norm must be a module, got %s"):format(name, options.say(norm)))
  end
  return norm
end

local function square_mask(length, made)
  return f.triu(f.full({length, length}, -math.huge, made), 1)
end

-- Whether a stack's layers may take the mask for the causal one: as told, or, when nothing is told, when it is that.
local function is_causal_mask(told, mask, x, batch_first)
  if told ~= nil or mask == nil then return told == true end
  local length = x:dim() == 2 and x:size(1) or x:size(batch_first and 2 or 1)
  if mask:dim() ~= 2 or mask:size(1) ~= length or mask:size(2) ~= length then return false end
  return f.equal(mask, square_mask(length, {dtype = mask.dtype, device = mask.device}))
end

local Encoder = module.class "TransformerEncoder"
transformer.TransformerEncoder = Encoder
local encoder_arguments = options.signature("nn.TransformerEncoder",
  "encoder_layer: any, num_layers: positive, norm: any?, enable_nested_tensor: bool = true, mask_check: bool = true")

--- nn.TransformerEncoder(encoder_layer, num_layers, norm): copies of a layer one after the other.
function Encoder:init(...)
  local layer, count, norm = encoder_arguments(...)
  self.layers = clones("nn.TransformerEncoder", layer, count)
  self.num_layers = count
  self.norm = check_norm("nn.TransformerEncoder", norm)
end

local encoder_call = options.signature("nn.TransformerEncoder",
  "src: tensor, mask: tensor?, src_key_padding_mask: tensor?, is_causal: bool?")

-- Of a layer that is the user's own, PyTorch's word for the order of dimensions may be missing.
local function batch_first_of(layer)
  local inner = layer.self_attn
  return inner ~= nil and inner.batch_first == true
end

function Encoder:forward(...)
  local x, mask, padding, causal = encoder_call(...)
  mask, padding = additive(self, "mask", mask, x), additive(self, "src_key_padding_mask", padding, x)
  causal = is_causal_mask(causal, mask, x, batch_first_of(self.layers[1]))
  for _, layer in ipairs(self.layers) do x = layer(x, mask, padding, causal) end
  return self.norm and self.norm(x) or x
end

-- ---- Decoder ----

local DecoderLayer = module.class "TransformerDecoderLayer"
transformer.TransformerDecoderLayer = DecoderLayer
local decoder_layer_arguments = options.signature("nn.TransformerDecoderLayer", LAYER)

--- nn.TransformerDecoderLayer(...): the options of nn.TransformerEncoderLayer.
function DecoderLayer:init(...) build(self, {"self_attn", "multihead_attn"}, 3, decoder_layer_arguments(...)) end

local DECODER = "tgt: tensor, memory: tensor, tgt_mask: tensor?, memory_mask: tensor?, tgt_key_padding_mask: tensor?, "
  .. "memory_key_padding_mask: tensor?, tgt_is_causal: %s, memory_is_causal: bool = false"
local decoder_layer_call = options.signature("nn.TransformerDecoderLayer", DECODER:format "bool = false")

function DecoderLayer:forward(...)
  local x, memory, mask, memory_mask, padding, memory_padding, causal, memory_causal = decoder_layer_call(...)
  x = with_block(self, self.norm1, x, function(y)
    return attended(self.self_attn, self.dropout1, y, y, mask, padding, causal)
  end)
  x = with_block(self, self.norm2, x, function(y)
    return attended(self.multihead_attn, self.dropout2, y, memory, memory_mask, memory_padding, memory_causal)
  end)
  return with_block(self, self.norm3, x, function(y) return fed_forward(self, self.dropout3, y) end)
end

local Decoder = module.class "TransformerDecoder"
transformer.TransformerDecoder = Decoder
local decoder_arguments = options.signature("nn.TransformerDecoder", "decoder_layer: any, num_layers: positive, norm: any?")

--- nn.TransformerDecoder(decoder_layer, num_layers, norm): copies of a layer one after the other.
function Decoder:init(...)
  local layer, count, norm = decoder_arguments(...)
  self.layers = clones("nn.TransformerDecoder", layer, count)
  self.num_layers = count
  self.norm = check_norm("nn.TransformerDecoder", norm)
end

local decoder_call = options.signature("nn.TransformerDecoder", DECODER:format "bool?")

function Decoder:forward(...)
  local x, memory, mask, memory_mask, padding, memory_padding, causal, memory_causal = decoder_call(...)
  causal = is_causal_mask(causal, mask, x, batch_first_of(self.layers[1]))
  for _, layer in ipairs(self.layers) do
    x = layer(x, memory, mask, memory_mask, padding, memory_padding, causal, memory_causal)
  end
  return self.norm and self.norm(x) or x
end

-- ---- Both ----

local Transformer = module.class "Transformer"
transformer.Transformer = Transformer
local transformer_arguments = options.signature("nn.Transformer", "d_model: positive = 512, nhead: positive = 8, "
  .. "num_encoder_layers: positive = 6, num_decoder_layers: positive = 6, dim_feedforward: positive = 2048, "
  .. "dropout: probability = 0.1, activation: any?, custom_encoder: any?, custom_decoder: any?, "
  .. "layer_norm_eps: number = 1e-5, batch_first: bool = false, norm_first: bool = false, bias: bool = true, "
  .. "device: any?, dtype: any?")

--- nn.Transformer(d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6, dim_feedforward = 2048,
-- dropout = 0.1, activation = "relu", custom_encoder, custom_decoder, layer_norm_eps = 1e-5, batch_first = false,
-- norm_first = false, bias = true)
function Transformer:init(...)
  local d_model, nhead, encoders, decoders, width, dropout, activation, encoder, decoder, eps, batch_first, norm_first, bias,
    device, dtype = transformer_arguments(...)
  local function stack(layer_class, stack_class, count)
    local layer = layer_class(d_model, nhead, width, dropout, activation, eps, batch_first, norm_first, bias, device, dtype)
    return stack_class(layer, count, norms.LayerNorm(d_model, {eps = eps, bias = bias, device = device, dtype = dtype}))
  end
  for what, custom in pairs {custom_encoder = encoder, custom_decoder = decoder} do
    if not module.is_module(custom) then
      core.raise(("nn.Transformer: %s must be a module, got %s"):format(what, options.say(custom)))
    end
  end
  self.encoder = encoder or stack(EncoderLayer, Encoder, encoders)
  self.decoder = decoder or stack(DecoderLayer, Decoder, decoders)
  for _, parameter in ipairs(self:parameters()) do
    if parameter:dim() > 1 then core.init.xavier_uniform_(parameter) end
  end
  self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
end

local transformer_call = options.signature("nn.Transformer", "src: tensor, tgt: tensor, src_mask: tensor?, tgt_mask: tensor?, "
  .. "memory_mask: tensor?, src_key_padding_mask: tensor?, tgt_key_padding_mask: tensor?, memory_key_padding_mask: tensor?, "
  .. "src_is_causal: bool?, tgt_is_causal: bool?, memory_is_causal: bool = false")

function Transformer:forward(...)
  local src, tgt, src_mask, tgt_mask, memory_mask, src_padding, tgt_padding, memory_padding, src_causal, tgt_causal,
    memory_causal = transformer_call(...)
  local function shape(x) return "{" .. table.concat(x.shape, ", ") .. "}" end
  local batch = self.batch_first and 1 or 2
  if src:dim() ~= tgt:dim() or src:dim() ~= 2 and src:dim() ~= 3 or src:dim() == 3 and src:size(batch) ~= tgt:size(batch) then
    core.raise(("nn.Transformer: src and tgt must be batches of one size, or one sample each, got %s and %s"):format(
      shape(src), shape(tgt)))
  end
  if src:size(-1) ~= self.d_model or tgt:size(-1) ~= self.d_model then
    core.raise(("nn.Transformer: the last dimension of src and tgt must be d_model, %d, got %s and %s"):format(self.d_model,
      shape(src), shape(tgt)))
  end
  local memory = self.encoder(src, src_mask, src_padding, src_causal)
  return self.decoder(tgt, memory, tgt_mask, memory_mask, tgt_padding, memory_padding, tgt_causal, memory_causal)
end

local mask_arguments = options.signature("nn.Transformer.generate_square_subsequent_mask",
  "sz: count, device: any?, dtype: any?")

--- nn.Transformer.generate_square_subsequent_mask(sz, {device, dtype}): {sz, sz} with minus infinity above the diagonal, else 0.
function Transformer.generate_square_subsequent_mask(...)
  local size, device, dtype = mask_arguments(...)
  return square_mask(size, {device = device, dtype = dtype})
end

return transformer
