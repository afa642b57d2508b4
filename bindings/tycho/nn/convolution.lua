-- Convolutions as modules: Conv1d to Conv3d and ConvTranspose1d to ConvTranspose3d, computing through F. Options, defaults and
-- order of the random draws are PyTorch's.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local shapes = require "tycho.nn.shapes"
local F = require "tycho.functional"

local convolution = {}

-- What both kinds do alike: parameters, their first values, and what is printed.
local Base = module.class "_Convolution"

-- first, second: the channels of weight's first two dimensions; outputs: those of bias.
function Base:_make(first, second, outputs, bias, device, dtype)
  local sizes = {first, second, table.unpack(self.kernel_size)}
  self.weight = core.Parameter(core.functions.empty(sizes, {device = device, dtype = dtype}))
  if bias then self.bias = core.Parameter(core.functions.empty(outputs, {device = device, dtype = dtype})) end
  self:reset_parameters()
end

--- Draws weight and bias anew.
function Base:reset_parameters()
  core.init.kaiming_uniform_(self.weight, {a = math.sqrt(5)})
  if self.bias then
    local bound = 1 / math.sqrt(self.weight[1]:numel())
    core.init.uniform_(self.bias, -bound, bound)
  end
end

-- Takes the options that are one number for each dimension, and checks channels against groups.
function Base:_take(name, ndim, values)
  for option, value in pairs(values) do self[option] = shapes.list(name, option, value, ndim) end
  for _, option in ipairs {"in_channels", "out_channels"} do
    if self[option] % self.groups ~= 0 then
      core.raise(("%s: %s must be divisible by groups, got %d and %d"):format(name, option, self[option], self.groups))
    end
  end
end

function Base:extra_repr()
  local text = ("%d, %d, kernel_size=%s, stride=%s"):format(self.in_channels, self.out_channels,
    shapes.text(self.kernel_size), shapes.text(self.stride))
  if type(self.padding) == "string" or not shapes.all(self.padding, 0) then
    text = text .. ", padding=" .. shapes.text(self.padding)
  end
  if not shapes.all(self.dilation, 1) then text = text .. ", dilation=" .. shapes.text(self.dilation) end
  if self.output_padding and not shapes.all(self.output_padding, 0) then
    text = text .. ", output_padding=" .. shapes.text(self.output_padding)
  end
  if self.groups ~= 1 then text = text .. ", groups=" .. self.groups end
  if not self.bias then text = text .. ", bias=false" end
  if self.padding_mode ~= "zeros" then text = text .. ", padding_mode=" .. self.padding_mode end
  return text
end

-- Padding at both ends of every dimension, the last dimension first, as F.pad takes it.
local function padding_pairs(self, ndim)
  local pairs_of = {}
  for d = ndim, 1, -1 do
    local before, after
    if type(self.padding) == "table" then
      before, after = self.padding[d], self.padding[d]
    else
      local total = self.padding == "same" and self.dilation[d] * (self.kernel_size[d] - 1) or 0
      before, after = total // 2, total - total // 2
    end
    pairs_of[#pairs_of + 1] = before
    pairs_of[#pairs_of + 1] = after
  end
  return pairs_of
end

--- nn.Conv2d(in_channels, out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true,
-- padding_mode = "zeros"), and the same with 1d and 3d.
local function define_conv(ndim)
  local class_name, name = ("Conv%dd"):format(ndim), ("nn.Conv%dd"):format(ndim)
  local class = module.class(class_name, Base)
  local parse = options.signature(name, "in_channels: positive, out_channels: positive, kernel_size: sizes, stride: sizes = 1, "
    .. "padding: any = 0, dilation: sizes = 1, groups: positive = 1, bias: bool = true, padding_mode: string = \"zeros\", "
    .. "device: any?, dtype: any?")
  local f, no_padding = F[("conv%dd"):format(ndim)], shapes.list(name, "padding", 0, ndim)
  function class:init(...)
    local inputs, outputs, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype = parse(...)
    self.in_channels, self.out_channels, self.groups = inputs, outputs, groups
    self:_take(name, ndim, {kernel_size = kernel_size, stride = stride, dilation = dilation})
    if type(padding) == "string" then
      self.padding = shapes.choice(name, "padding", padding, {"same", "valid"})
      if padding == "same" and not shapes.all(self.stride, 1) then
        core.raise(("%s: padding = \"same\" needs a stride of 1"):format(name))
      end
    elseif options.is_sizes(padding) then
      self.padding = shapes.list(name, "padding", padding, ndim)
    else
      core.raise(("%s: padding must be whole numbers, \"same\" or \"valid\", got %s"):format(name, options.say(padding)))
    end
    self.padding_mode = shapes.choice(name, "padding_mode", padding_mode, {"zeros", "reflect", "replicate", "circular"})
    self:_make(outputs, inputs // groups, outputs, bias, device, dtype)
  end
  function class:forward(x)
    if self.padding_mode == "zeros" then
      return f(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
    end
    local padded = F.pad(x, padding_pairs(self, ndim), self.padding_mode)
    return f(padded, self.weight, self.bias, self.stride, no_padding, self.dilation, self.groups)
  end
  convolution[class_name] = class
end

--- nn.ConvTranspose2d(in_channels, out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups = 1,
-- bias = true, dilation = 1, padding_mode = "zeros"), and the same with 1d and 3d. net(x, output_size) chooses between the
-- sizes that a stride leaves open.
local function define_transpose(ndim)
  local class_name, name = ("ConvTranspose%dd"):format(ndim), ("nn.ConvTranspose%dd"):format(ndim)
  local class = module.class(class_name, Base)
  local parse = options.signature(name, "in_channels: positive, out_channels: positive, kernel_size: sizes, stride: sizes = 1, "
    .. "padding: sizes = 0, output_padding: sizes = 0, groups: positive = 1, bias: bool = true, dilation: sizes = 1, "
    .. "padding_mode: string = \"zeros\", device: any?, dtype: any?")
  local f = F[("conv_transpose%dd"):format(ndim)]
  function class:init(...)
    local inputs, outputs, kernel_size, stride, padding, output_padding, groups, bias, dilation, padding_mode, device, dtype =
      parse(...)
    self.in_channels, self.out_channels, self.groups = inputs, outputs, groups
    self:_take(name, ndim, {kernel_size = kernel_size, stride = stride, padding = padding, dilation = dilation,
      output_padding = output_padding})
    self.padding_mode = shapes.choice(name, "padding_mode", padding_mode, {"zeros"})
    self:_make(inputs, outputs // groups, outputs, bias, device, dtype)
  end

  -- The output_padding that leads to output_size, which has a number for each dimension or the whole shape.
  local function padding_for(self, x, output_size)
    if not core.is_tensor(x) then core.raise(("%s: input must be a tensor, got %s"):format(name, options.say(x))) end
    local have, given = #x.shape, output_size
    if not options.is_sizes(output_size) or type(output_size) ~= "table" or (#given ~= ndim and #given ~= have) then
      core.raise(("%s: output_size takes a list of %d numbers, or of the whole shape"):format(name, ndim))
    end
    local result = {}
    for d = 1, ndim do
      local size, wanted = x.shape[have - ndim + d], given[#given - ndim + d]
      local least = (size - 1) * self.stride[d] - 2 * self.padding[d] + self.dilation[d] * (self.kernel_size[d] - 1) + 1
      if wanted < least or wanted >= least + self.stride[d] then
        core.raise(("%s: output_size %d of dimension %d is not possible: an input of %d gives %d to %d"):format(name, wanted,
          have - ndim + d, size, least, least + self.stride[d] - 1))
      end
      result[d] = wanted - least
    end
    return result
  end

  function class:forward(x, output_size)
    local output_padding = self.output_padding
    if output_size ~= nil then output_padding = padding_for(self, x, output_size) end
    return f(x, self.weight, self.bias, self.stride, self.padding, output_padding, self.groups, self.dilation)
  end
  convolution[class_name] = class
end

for ndim = 1, 3 do
  define_conv(ndim)
  define_transpose(ndim)
end

return convolution
