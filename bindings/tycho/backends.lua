-- ty.backends: switches of the libraries and kernels behind ty, under PyTorch's names (torch.backends). Only those that change
-- something or hold anyway are there: whether float32 products and convolutions on a GPU may round their inputs to TF32, and
-- whether convolutions go through cuDNN.

local core = require "tycho.core"
local options = require "tycho.options"

local chosen = {products = false, convolutions = true, cudnn = true, deterministic = false, benchmark = false}

-- Without a GPU a choice is kept: a script makes it before it knows.
local function on_gpu(f, ...)
  if core.cuda.unavailable() == nil then f(...) end
end

local function set_tf32(kind)
  return function(value)
    chosen[kind] = value
    on_gpu(core.cuda.allow_tf32, chosen.products, chosen.convolutions)
  end
end

local function enable_cudnn(value)
  chosen.cudnn = value
  on_gpu(core.cuda.enable_cudnn, value)
end

local function set_deterministic(value) chosen.deterministic = value end

local function set_benchmark(value)
  if value then
    core.raise("ty.backends.cudnn.benchmark: cuDNN's heuristics choose among kernels here, which are not timed against each "
      .. "other; leave it false")
  end
end

-- A table whose settings are true or false: {{name, what it is kept as, set}, ...}; and with functions.
local function section(name, settings, functions)
  local names, by_name = {}, {}
  for i, setting in ipairs(settings) do names[i], by_name[setting[1]] = setting[1], setting end
  local known = table.concat(names, ", ")
  local all = table.move(names, 1, #names, 1, {})
  for field in pairs(functions or {}) do all[#all + 1] = field end
  return setmetatable({}, {
    __index = function(_, field)
      if by_name[field] then return chosen[by_name[field][2]] end
      return functions and functions[field]
    end,
    __newindex = function(_, field, value)
      if not by_name[field] then core.raise(("%s has no setting '%s'; it has %s"):format(name, tostring(field), known)) end
      if type(value) ~= "boolean" then core.raise(("%s: true or false is needed, got %s"):format(field, options.say(value))) end
      by_name[field][3](value)
    end,
    __complete = function() return all end,
  })
end

local cudnn = {}

function cudnn.version()
  local version = core.cuda.cudnn_version()
  return version > 0 and version or nil
end

function cudnn.is_available() return core.cuda.cudnn_version() > 0 end

local backends = {docs = {
  {name = "backends", signature = ": settings of kernels", doc = "backends.cuda.matmul.allow_tf32; "
    .. "backends.cudnn with allow_tf32, enabled, deterministic, benchmark, version() and is_available().",
    example = "print(ty.backends.cuda.matmul.allow_tf32)"},
  {name = "backends.cuda", signature = ": settings of GPUs", doc = "backends.cuda.matmul.allow_tf32.",
    example = "print(ty.backends.cuda.matmul.allow_tf32)"},
  {names = {"backends.cuda.matmul.allow_tf32", "backends.cuda.matmul"}, signature = ": bool",
    doc = "Whether products of float32 matrices on a GPU may "
    .. "round their factors to TF32 (10 bits of fraction, several times as fast): false at first. "
    .. "ty.set_float32_matmul_precision(\"high\") is the same.",
    example = "ty.backends.cuda.matmul.allow_tf32 = false"},
  {name = "backends.cudnn", signature = ": settings of cuDNN", doc = "allow_tf32, enabled, deterministic, benchmark, version() "
    .. "and is_available(): whether convolutions on a GPU go through cuDNN, and how.",
    example = "print(ty.backends.cudnn.is_available())"},
  {name = "backends.cudnn.version", signature = "() -> integer?", doc = "The version of cuDNN in use, 91300 for 9.13.0; nil "
    .. "where there is no GPU, cuDNN 9 is not installed, or Tycho's CUDA plug-in was built without its headers. Convolutions on "
    .. "a GPU then go through cuBLAS.", example = "print(ty.backends.cudnn.version() or \"no cuDNN\")"},
  {name = "backends.cudnn.is_available", signature = "() -> bool", doc = "Whether there are a GPU and cuDNN 9 for its "
    .. "convolutions.", example = "print(ty.backends.cudnn.is_available())"},
  {name = "backends.cudnn.enabled", signature = ": bool", doc = "Whether convolutions on a GPU may go through cuDNN: true at "
    .. "first. false leaves them to cuBLAS, to see whether a difference or an error is cuDNN's. Steps that were captured go on "
    .. "as they are.", example = "ty.backends.cudnn.enabled = true"},
  {name = "backends.cudnn.deterministic", signature = ": bool", doc = "Whether cuDNN's kernels must give the same numbers "
    .. "every time: false at first, and either way they do, since others are never taken.",
    example = "ty.backends.cudnn.deterministic = true"},
  {name = "backends.cudnn.benchmark", signature = ": bool", doc = "Whether cuDNN's kernels are timed against each other: "
    .. "false. Its heuristics choose among them, and true is an error.", example = "ty.backends.cudnn.benchmark = false"},
  {name = "backends.cudnn.allow_tf32", signature = ": bool",
    doc = "Whether convolutions of float32 tensors on a GPU may round "
    .. "their factors to TF32: true at first, as in PyTorch.",
    example = "print(ty.backends.cudnn.allow_tf32)"},
  {name = "set_float32_matmul_precision", signature = "(precision: \"highest\"|\"high\"|\"medium\")", doc = "How exactly "
    .. "float32 matrices are multiplied on a GPU: \"highest\" in float32, \"high\" and \"medium\" with factors rounded to "
    .. "TF32. The CPU always computes in float32.", example = "ty.set_float32_matmul_precision(\"highest\")"},
  {name = "get_float32_matmul_precision", signature = "() -> string", doc = "What set_float32_matmul_precision was told last.",
    example = "print(ty.get_float32_matmul_precision())"},
}}

local set_products = set_tf32 "products"

backends.cuda = {matmul = section("ty.backends.cuda.matmul", {{"allow_tf32", "products", set_products}})}
backends.cudnn = section("ty.backends.cudnn", {{"allow_tf32", "convolutions", set_tf32 "convolutions"},
  {"enabled", "cudnn", enable_cudnn}, {"deterministic", "deterministic", set_deterministic},
  {"benchmark", "benchmark", set_benchmark}}, cudnn)

local precisions = {}
local precision -- what was said, beyond whether TF32 is allowed

function precisions.set_float32_matmul_precision(value)
  if value ~= "highest" and value ~= "high" and value ~= "medium" then
    core.raise(("set_float32_matmul_precision: the precision is \"highest\", \"high\" or \"medium\", got %s"):format(
      options.say(value)))
  end
  set_products(value ~= "highest")
  precision = value
end

function precisions.get_float32_matmul_precision()
  if not chosen.products then return "highest" end
  return precision == "medium" and "medium" or "high"
end

return {backends = backends, set_float32_matmul_precision = precisions.set_float32_matmul_precision,
  get_float32_matmul_precision = precisions.get_float32_matmul_precision}
