-- Documentation of nn's layers for images, signals and volumes: convolutions, pools, padding, resampling.

local docs = {}

local function entry(name, signature, doc, example)
  docs[#docs + 1] = {name = "nn." .. name, signature = signature, doc = doc, example = example}
end

-- By number of dimensions: the layout of the input, and an input for examples.
local layouts = {"{N, C, L} or {C, L}", "{N, C, H, W} or {C, H, W}", "{N, C, D, H, W} or {C, D, H, W}"}
local inputs = {"ty.ones(1, 2, 8)", "ty.ones(1, 2, 8, 8)", "ty.ones(1, 2, 4, 4, 4)"}

for ndim = 1, 3 do
  local layout, input = layouts[ndim], inputs[ndim]
  local function each(kind, signature, doc, arguments)
    local name = ("%s%dd"):format(kind, ndim)
    entry(name, signature, doc:gsub("LAYOUT", layout), ("print(ty.nn.%s(%s)(%s).shape)"):format(name, arguments, input))
  end
  each("Conv", "(in_channels, out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, "
    .. "padding_mode = \"zeros\", device?, dtype?)", "Convolution of LAYOUT. kernel_size, stride, padding and dilation are one "
    .. "number or one for each dimension; padding may be \"same\" or \"valid\". padding_mode: \"zeros\", \"reflect\", "
    .. "\"replicate\" or \"circular\". weight and bias are drawn uniformly from +-1 / sqrt(inputs of one output).",
    "2, 4, 3, {padding = 1}")
  each("ConvTranspose", "(in_channels, out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups = 1, "
    .. "bias = true, dilation = 1, padding_mode = \"zeros\", device?, dtype?)", "Transposed convolution of LAYOUT: the map "
    .. "that is the gradient of a convolution. net(x, output_size) chooses between the sizes that a stride leaves open.",
    "2, 4, 2, {stride = 2}")
  each("MaxPool", "(kernel_size, stride = kernel_size, padding = 0, dilation = 1, return_indices = false, ceil_mode = false)",
    "The largest elements under a window that slides over LAYOUT. return_indices: also their places in each flattened image, "
    .. "as MaxUnpool takes them.", "2")
  each("AvgPool", "(kernel_size, stride = kernel_size, padding = 0, ceil_mode = false, count_include_pad = true"
    .. (ndim > 1 and ", divisor_override?" or "") .. ")", "The means under a window that slides over LAYOUT.", "2")
  each("LPPool", "(norm_type, kernel_size, stride = kernel_size, ceil_mode = false)",
    "The p-norms, p = norm_type, under a window that slides over LAYOUT.", "2, 2")
  each("AdaptiveAvgPool", "(output_size)", "The means of evenly cut parts of LAYOUT; output_size is one number, or one for "
    .. "each dimension, -1 for the input's.", "2")
  each("AdaptiveMaxPool", "(output_size, return_indices = false)", "The largest elements of evenly cut parts of LAYOUT; "
    .. "output_size is one number, or one for each dimension, -1 for the input's.", "2")
  entry(("MaxUnpool%dd"):format(ndim), "(kernel_size, stride = kernel_size, padding = 0)", ("What MaxPool%dd took, put back "
    .. "where it was, other places 0. Call: unpool(x, indices, output_size?)."):format(ndim),
    ("local y, at = ty.nn.MaxPool%dd(2, {return_indices = true})(%s)\nprint(ty.nn.MaxUnpool%dd(2)(y, at).shape)"):format(ndim,
      input, ndim))
  local pads = "padding: one number, or two for each dimension, the last dimension first; negative ones take away."
  each("ConstantPad", "(padding, value)", "Pads LAYOUT with value. " .. pads, "1, 0.5")
  each("ZeroPad", "(padding)", "Pads LAYOUT with zeros. " .. pads, "1")
  each("ReflectionPad", "(padding)", "Pads LAYOUT by a mirror at its edges, which are not repeated. " .. pads, "1")
  each("ReplicationPad", "(padding)", "Pads LAYOUT by repeating its edges. " .. pads, "1")
  each("CircularPad", "(padding)", "Pads LAYOUT from its other end. " .. pads, "1")
end

entry("Upsample", "(size?, scale_factor?, mode = \"nearest\", align_corners?, recompute_scale_factor = false)", "Images in "
  .. "another size, or scale_factor times as large, as F.interpolate: \"nearest\", \"linear\", \"bilinear\", \"bicubic\", "
  .. "\"trilinear\", \"area\" or \"nearest-exact\".", "print(ty.nn.Upsample{scale_factor = 2}(ty.ones(1, 1, 2, 2)).shape)")
entry("UpsamplingNearest2d", "(size?, scale_factor?)", "Images {N, C, H, W} in another size by repeating elements.",
  "print(ty.nn.UpsamplingNearest2d{size = 4}(ty.ones(1, 1, 2, 2)).shape)")
entry("UpsamplingBilinear2d", "(size?, scale_factor?)", "Images {N, C, H, W} in another size by blending neighbours; the outer "
  .. "elements keep their places.", "print(ty.nn.UpsamplingBilinear2d{size = 4}(ty.ones(1, 1, 2, 2)).shape)")
entry("PixelShuffle", "(upscale_factor)", "{..., C r r, H, W} to {..., C, H r, W r}.",
  "print(ty.nn.PixelShuffle(2)(ty.ones(1, 4, 2, 2)).shape)")
entry("PixelUnshuffle", "(downscale_factor)", "{..., C, H r, W r} to {..., C r r, H, W}.",
  "print(ty.nn.PixelUnshuffle(2)(ty.ones(1, 1, 4, 4)).shape)")
entry("ChannelShuffle", "(groups)", "The channels of {N, C, ...}, those of each group taken in turn.",
  "print(ty.nn.ChannelShuffle(2)(ty.ones(1, 4, 2, 2)).shape)")
entry("Unfold", "(kernel_size, dilation = 1, padding = 0, stride = 1)", "The blocks of {N, C, H, W} under a sliding window, as "
  .. "columns {N, C * kernel, blocks}.", "print(ty.nn.Unfold(2)(ty.ones(1, 2, 3, 3)).shape)")
entry("Fold", "(output_size, kernel_size, dilation = 1, padding = 0, stride = 1)", "Columns {N, C * kernel, blocks} added up "
  .. "where they came from, in images of output_size.", "print(ty.nn.Fold({3, 3}, 2)(ty.ones(1, 4, 4)).shape)")

return {docs = docs}
