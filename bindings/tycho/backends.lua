-- ty.backends: switches of the libraries and kernels behind ty, under PyTorch's names (torch.backends). Only those that change
-- something are there: whether float32 products and convolutions on a GPU may round their inputs to TF32.

local core = require "tycho.core"
local options = require "tycho.options"

local allowed = {products = false, convolutions = true}

local function set(kind, value)
  if type(value) ~= "boolean" then core.raise(("allow_tf32: true or false is needed, got %s"):format(options.say(value))) end
  allowed[kind] = value
  -- Without a GPU the choice is kept: a script sets it before it knows.
  if core.cuda.unavailable() == nil then core.cuda.allow_tf32(allowed.products, allowed.convolutions) end
end

-- A table with the one field allow_tf32.
local function switch(kind, name)
  local function unknown(field)
    core.raise(("%s has no setting '%s'; it has allow_tf32"):format(name, tostring(field)))
  end
  return setmetatable({}, {
    __index = function(_, field) if field == "allow_tf32" then return allowed[kind] end end,
    __newindex = function(_, field, value)
      if field ~= "allow_tf32" then unknown(field) end
      set(kind, value)
    end,
    __complete = function() return {"allow_tf32"} end,
  })
end

local backends = {docs = {
  {name = "backends", signature = ": settings of kernels", doc = "backends.cuda.matmul.allow_tf32 and "
    .. "backends.cudnn.allow_tf32.", example = "print(ty.backends.cuda.matmul.allow_tf32)"},
  {name = "backends.cuda", signature = ": settings of GPUs", doc = "backends.cuda.matmul.allow_tf32.",
    example = "print(ty.backends.cuda.matmul.allow_tf32)"},
  {names = {"backends.cuda.matmul.allow_tf32", "backends.cuda.matmul"}, signature = ": bool",
    doc = "Whether products of float32 matrices on a GPU may "
    .. "round their factors to TF32 (10 bits of fraction, several times as fast): false at first. "
    .. "ty.set_float32_matmul_precision(\"high\") is the same.",
    example = "ty.backends.cuda.matmul.allow_tf32 = false"},
  {names = {"backends.cudnn.allow_tf32", "backends.cudnn"}, signature = ": bool",
    doc = "Whether convolutions of float32 tensors on a GPU may round "
    .. "their factors to TF32: true at first, as in PyTorch.",
    example = "print(ty.backends.cudnn.allow_tf32)"},
  {name = "set_float32_matmul_precision", signature = "(precision: \"highest\"|\"high\"|\"medium\")", doc = "How exactly "
    .. "float32 matrices are multiplied on a GPU: \"highest\" in float32, \"high\" and \"medium\" with factors rounded to "
    .. "TF32. The CPU always computes in float32.", example = "ty.set_float32_matmul_precision(\"highest\")"},
  {name = "get_float32_matmul_precision", signature = "() -> string", doc = "What set_float32_matmul_precision was told last.",
    example = "print(ty.get_float32_matmul_precision())"},
}}

backends.cuda = {matmul = switch("products", "ty.backends.cuda.matmul")}
backends.cudnn = switch("convolutions", "ty.backends.cudnn")

local precisions = {}
local precision -- what was said, beyond whether TF32 is allowed

function precisions.set_float32_matmul_precision(value)
  if value ~= "highest" and value ~= "high" and value ~= "medium" then
    core.raise(("set_float32_matmul_precision: the precision is \"highest\", \"high\" or \"medium\", got %s"):format(
      options.say(value)))
  end
  set("products", value ~= "highest")
  precision = value
end

function precisions.get_float32_matmul_precision()
  if not allowed.products then return "highest" end
  return precision == "medium" and "medium" or "high"
end

return {backends = backends, set_float32_matmul_precision = precisions.set_float32_matmul_precision,
  get_float32_matmul_precision = precisions.get_float32_matmul_precision}
