-- Layers that pad, resample and rearrange images: ConstantPad and its like, Upsample, PixelShuffle, Unfold, Fold. All compute
-- through F and print as PyTorch's.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"
local shapes = require "tycho.nn.shapes"
local F = require "tycho.functional"

local resampling = {}

-- ---- Padding ----

-- Pads for 1d to 3d. mode: F.pad's; takes_value: the constructor takes the constant.
local function define_pads(kind, mode, takes_value)
  for ndim = 1, 3 do
    local class_name = ("%s%dd"):format(kind, ndim)
    local class = module.class(class_name)
    local parse = options.signature("nn." .. class_name, "padding: sizes" .. (takes_value and ", value: number" or ""))
    function class:init(...)
      local padding, value = parse(...)
      self.padding = shapes.list("nn." .. class_name, "padding", padding, 2 * ndim)
      self.value = takes_value and value or nil
    end
    function class:forward(x) return F.pad(x, self.padding, mode, self.value) end
    function class:extra_repr()
      local text = shapes.text(self.padding)
      return takes_value and ("padding=%s, value=%s"):format(text, tostring(self.value)) or text
    end
    resampling[class_name] = class
  end
end

--- nn.ConstantPad2d(padding, value), nn.ZeroPad2d(padding), nn.ReflectionPad2d(padding), nn.ReplicationPad2d(padding),
-- nn.CircularPad2d(padding), and the same with 1d and 3d. padding: one number, or two for each dimension, the last first.
define_pads("ConstantPad", "constant", true)
define_pads("ZeroPad", "constant")
define_pads("ReflectionPad", "reflect")
define_pads("ReplicationPad", "replicate")
define_pads("CircularPad", "circular")

-- ---- Sizes ----

local modes = {"nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"}

local function is_scale(value)
  if type(value) == "number" then return true end
  if type(value) ~= "table" or #value == 0 then return false end
  for _, item in ipairs(value) do
    if type(item) ~= "number" then return false end
  end
  return true
end

-- Factors as floats, which is how PyTorch prints them.
local function as_floats(value)
  if type(value) == "number" then return value + 0.0 end
  local list = {}
  for i, item in ipairs(value) do list[i] = item + 0.0 end
  return list
end

local Upsample = module.class "Upsample"
resampling.Upsample = Upsample

-- Takes size or scale_factor.
function Upsample:_take(name, size, scale_factor)
  if scale_factor ~= nil and not is_scale(scale_factor) then
    core.raise(("%s: scale_factor must be a number or a list of them, got %s"):format(name, options.say(scale_factor)))
  end
  if (size == nil) == (scale_factor == nil) then
    core.raise(("%s: give either size or scale_factor%s"):format(name, size and ", not both" or ""))
  end
  self.size, self.scale_factor = size, scale_factor and as_floats(scale_factor)
end

local upsample_arguments = options.signature("nn.Upsample", "size: sizes?, scale_factor: any?, mode: string = \"nearest\", "
  .. "align_corners: bool?, recompute_scale_factor: bool = false")

--- nn.Upsample(size, scale_factor, mode = "nearest", align_corners, recompute_scale_factor = false): F.interpolate.
function Upsample:init(...)
  local size, scale_factor, mode, align_corners, recompute = upsample_arguments(...)
  self.mode = shapes.choice("nn.Upsample", "mode", mode, modes)
  self:_take("nn.Upsample", size, scale_factor)
  self.align_corners, self.recompute_scale_factor = align_corners, recompute
end

function Upsample:forward(x)
  return F.interpolate(x, {size = self.size, scale_factor = self.scale_factor, mode = self.mode,
    align_corners = self.align_corners, recompute_scale_factor = self.recompute_scale_factor})
end

function Upsample:extra_repr()
  local what = self.size and "size" or "scale_factor"
  return ("%s=%s, mode='%s'"):format(what, shapes.text(self[what]), self.mode)
end

--- nn.UpsamplingNearest2d(size, scale_factor), nn.UpsamplingBilinear2d(size, scale_factor) (which aligns corners).
local function define_upsampling(class_name, mode, align_corners)
  local class = module.class(class_name, Upsample)
  local parse = options.signature("nn." .. class_name, "size: sizes?, scale_factor: any?")
  function class:init(...)
    local size, scale_factor = parse(...)
    self.mode, self.align_corners, self.recompute_scale_factor = mode, align_corners, false
    self:_take("nn." .. class_name, size, scale_factor)
  end
  resampling[class_name] = class
end
define_upsampling("UpsamplingNearest2d", "nearest", nil)
define_upsampling("UpsamplingBilinear2d", "bilinear", true)

-- ---- Elements in other places ----

-- A class whose fields, by `signature`, go to F's function after the input in their order, and are printed in it.
local function define(class_name, f, signature)
  local class = module.class(class_name)
  local parse = options.signature("nn." .. class_name, signature)
  local fields = {}
  for field in signature:gmatch "([%w_]+)%s*:" do fields[#fields + 1] = field end
  function class:init(...)
    local values = table.pack(parse(...))
    for i, field in ipairs(fields) do self[field] = values[i] end
  end
  function class:forward(x)
    local values = {}
    for i, field in ipairs(fields) do values[i] = self[field] end
    return f(x, table.unpack(values))
  end
  function class:extra_repr()
    local parts = {}
    for i, field in ipairs(fields) do parts[i] = field .. "=" .. shapes.text(self[field]) end
    return table.concat(parts, ", ")
  end
  resampling[class_name] = class
end

--- nn.PixelShuffle(upscale_factor), nn.PixelUnshuffle(downscale_factor), nn.ChannelShuffle(groups)
define("PixelShuffle", F.pixel_shuffle, "upscale_factor: positive")
define("PixelUnshuffle", F.pixel_unshuffle, "downscale_factor: positive")
define("ChannelShuffle", F.channel_shuffle, "groups: positive")

--- nn.Unfold(kernel_size, dilation = 1, padding = 0, stride = 1), nn.Fold(output_size, kernel_size, dilation, padding, stride)
define("Unfold", F.unfold, "kernel_size: sizes, dilation: sizes = 1, padding: sizes = 0, stride: sizes = 1")
define("Fold", F.fold, "output_size: sizes, kernel_size: sizes, dilation: sizes = 1, padding: sizes = 0, stride: sizes = 1")

return resampling
