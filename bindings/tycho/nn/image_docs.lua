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
end

return {docs = docs}
