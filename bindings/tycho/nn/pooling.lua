-- Pools as modules, computing through F: MaxPool, AvgPool, LPPool, their adaptive kinds and MaxUnpool, each over one to three
-- dimensions. What is printed is PyTorch's.

local module = require "tycho.nn.module"
local options = require "tycho.options"
local shapes = require "tycho.nn.shapes"
local F = require "tycho.functional"

local pooling = {}

-- A class for each number of dimensions. kind: "MaxPool"; signature: of the constructor, into fields of the same names;
-- printed: the fields that are printed; call(f, self, x, ...): what forward gives, f being F's function.
local function define(kind, family, signature, printed, call, prepare)
  for ndim = 1, 3 do
    local class_name = ("%s%dd"):format(kind, ndim)
    local own = type(signature) == "function" and signature(ndim) or signature
    local class = module.class(class_name)
    local parse = options.signature("nn." .. class_name, own)
    local fields, f = {}, F[("%s%dd"):format(family, ndim)]
    for field in own:gmatch "([%w_]+)%s*:" do fields[#fields + 1] = field end
    function class:init(...)
      local values = table.pack(parse(...))
      for i, field in ipairs(fields) do self[field] = values[i] end
      if prepare then prepare(self, "nn." .. class_name, ndim) end
    end
    function class:forward(...) return call(f, self, ...) end
    function class:extra_repr()
      local parts = {}
      for i, field in ipairs(printed) do parts[i] = ("%s=%s"):format(field, shapes.text(self[field])) end
      return table.concat(parts, ", ")
    end
    pooling[class_name] = class
  end
end

local function stride_is_kernel(self)
  if self.stride == nil then self.stride = self.kernel_size end
end

-- Options that PyTorch keeps as one number for each dimension.
local function as_lists(self, name, ndim)
  stride_is_kernel(self)
  for _, field in ipairs {"kernel_size", "stride", "padding"} do self[field] = shapes.list(name, field, self[field], ndim) end
end

define("MaxPool", "max_pool", "kernel_size: sizes, stride: sizes?, padding: sizes = 0, dilation: sizes = 1, "
  .. "return_indices: bool = false, ceil_mode: bool = false",
  {"kernel_size", "stride", "padding", "dilation", "ceil_mode"}, function(f, self, x)
    return f(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
  end, stride_is_kernel)

define("AvgPool", "avg_pool", function(ndim)
  return "kernel_size: sizes, stride: sizes?, padding: sizes = 0, ceil_mode: bool = false, count_include_pad: bool = true"
    .. (ndim > 1 and ", divisor_override: int?" or "")
end, {"kernel_size", "stride", "padding"}, function(f, self, x)
  return f(x, self.kernel_size, self.stride, self.padding, {ceil_mode = self.ceil_mode,
    count_include_pad = self.count_include_pad, divisor_override = self.divisor_override})
end, function(self, name, ndim)
  if ndim == 1 then as_lists(self, name, ndim) else stride_is_kernel(self) end
end)

define("LPPool", "lp_pool", "norm_type: number, kernel_size: sizes, stride: sizes?, ceil_mode: bool = false",
  {"norm_type", "kernel_size", "stride", "ceil_mode"}, function(f, self, x)
    return f(x, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
  end)

define("AdaptiveAvgPool", "adaptive_avg_pool", "output_size: sizes", {"output_size"}, function(f, self, x)
  return f(x, self.output_size)
end)

define("AdaptiveMaxPool", "adaptive_max_pool", "output_size: sizes, return_indices: bool = false", {"output_size"},
  function(f, self, x) return f(x, self.output_size, self.return_indices) end)

define("MaxUnpool", "max_unpool", "kernel_size: sizes, stride: sizes?, padding: sizes = 0", {"kernel_size", "stride", "padding"},
  function(f, self, x, indices, output_size)
    return f(x, indices, self.kernel_size, self.stride, self.padding, output_size)
  end, as_lists)

return pooling
