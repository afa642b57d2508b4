-- nn.utils.fuse_conv_bn_eval and its like: a convolution or linear layer that does what it and the batch normalisation
-- behind it do in eval mode.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"

local utils = {}

-- weight * scale and (bias - mean) * scale + shift, as parameters; `at` is the weight's dimension of outputs.
local function fuse(weight, bias, mean, var, eps, bn_weight, bn_bias, at)
  local was = core.set_grad_enabled(false)
  local ok, fused, shifted = pcall(function()
    local scale = (var + eps):rsqrt()
    if bn_weight then scale = scale * bn_weight end
    local shape = {}
    for i = 1, weight:dim() do shape[i] = i == at and -1 or 1 end
    local moved = ((bias or core.functions.zeros_like(mean)) - mean) * scale
    if bn_bias then moved = moved + bn_bias end
    return (weight * scale:reshape(shape)):to(weight.dtype), moved:to((bias or weight).dtype)
  end)
  core.set_grad_enabled(was)
  if not ok then error(fused, 0) end
  return core.Parameter(fused, weight.requires_grad), core.Parameter(shifted, bias ~= nil and bias.requires_grad)
end

local weights_signature = "%s_w: tensor, %s_b: tensor?, bn_rm: tensor, bn_rv: tensor, bn_eps: number, bn_w: tensor?, bn_b: "
    .. "tensor?"
local conv_weights = options.signature("nn.utils.fuse_conv_bn_weights", weights_signature:format("conv", "conv")
  .. ", transpose: bool = false")
local linear_weights = options.signature("nn.utils.fuse_linear_bn_weights", weights_signature:format("linear", "linear"))

--- nn.utils.fuse_conv_bn_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, transpose = false) -> weight, bias
function utils.fuse_conv_bn_weights(...)
  local weight, bias, mean, var, eps, bn_weight, bn_bias, transpose = conv_weights(...)
  return fuse(weight, bias, mean, var, eps, bn_weight, bn_bias, transpose and 2 or 1)
end

--- nn.utils.fuse_linear_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b) -> weight, bias
function utils.fuse_linear_bn_weights(...)
  local weight, bias, mean, var, eps, bn_weight, bn_bias = linear_weights(...)
  return fuse(weight, bias, mean, var, eps, bn_weight, bn_bias, 1)
end

local function fused_layer(what, layer, norm, transpose)
  for _, one in ipairs {layer or false, norm or false} do
    if not module.is_module(one) then core.raise(("%s: a layer and a batch norm are needed, got "
    .. "%s"):format(what, options.say(one))) end
  end
  if not core.is_tensor(layer.weight) then core.raise(("%s: %s has no weight"):format(what, layer:type_name())) end
  if layer.training or norm.training then core.raise(what .. ": both modules must be in eval mode: call layer:eval(), "
    .. "norm:eval()") end
  if not norm.running_mean or not norm.running_var then
    core.raise(("%s: %s has no running statistics"):format(what, norm:type_name()))
  end
  local fused = layer:clone()
  local weight, bias = fuse(layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias,
    transpose and 2 or 1)
  fused.weight, fused.bias = weight, bias
  return fused
end

--- nn.utils.fuse_conv_bn_eval(conv, bn, transpose = false), fuse_linear_bn_eval(linear, bn): a layer that does what both do.
function utils.fuse_conv_bn_eval(conv, bn, transpose)
  if type(transpose) == "table" then transpose = transpose.transpose end
  return fused_layer("nn.utils.fuse_conv_bn_eval", conv, bn, transpose)
end

function utils.fuse_linear_bn_eval(linear, bn) return fused_layer("nn.utils.fuse_linear_bn_eval", linear, bn, false) end

local function doc(name, signature, text, example)
  return {name = "nn.utils." .. name, signature = signature, doc = text, example = example}
end
local parts = "(%s_w, %s_b?, bn_rm, bn_rv, bn_eps, bn_w?, bn_b?%s) -> weight, bias"

utils.docs = {
  doc("fuse_conv_bn_eval", "(conv, bn, transpose = false) -> module", "A copy of a convolution in eval mode that does what "
    .. "it and "
    .. "the batch norm behind it do. transpose: of a transposed convolution.",
    "local conv, bn = nn.Conv1d(2, 3, 1):eval(), nn.BatchNorm1d(3):eval()\nreturn nn.utils.fuse_conv_bn_eval(conv, "
    .. "bn)(ty.ones(1, 2, 4))"
    .. ".shape\n--> {1, 3, 4}"),
  doc("fuse_linear_bn_eval", "(linear, bn) -> module", "A copy of a linear layer in eval mode that does what it and the "
    .. "batch norm "
    .. "behind it do.", "nn.utils.fuse_linear_bn_eval(nn.Linear(2, 3):eval(), nn.BatchNorm1d(3):eval())(ty.ones(4, "
    .. "2)).shape\n--> {4, 3}"),
  doc("fuse_conv_bn_weights", parts:format("conv", "conv", ", transpose = false"), "The parameters of that convolution, from the "
    .. "tensors of both.", "nn.utils.fuse_conv_bn_weights(ty.ones(3, 2, 1), nil, ty.zeros(3), ty.ones(3), 1e-5).shape\n--> "
    .. "{3, 2, 1}"),
  doc("fuse_linear_bn_weights", parts:format("linear", "linear", ""), "The parameters of that linear layer, from the "
    .. "tensors of both.",
    "nn.utils.fuse_linear_bn_weights(ty.ones(3, 2), nil, ty.zeros(3), ty.ones(3), 1e-5).shape\n--> {3, 2}"),
}

return utils
