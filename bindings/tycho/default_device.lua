-- ty.set_default_device: where the functions that make tensors put them when they are not told. The C half keeps it.

local core = require "tycho.core"

local place = {docs = {
  {name = "set_default_device", signature = "(device?)", doc = "Where functions that make tensors (ty.zeros, ty.tensor, "
    .. "nn.Linear, ...) put them unless they are told: a device or its name, \"cpu\" at first and for nil. Functions of a "
      .. "tensor, as zeros_like, go by the tensor.",
    example = "ty.set_default_device(ty.cuda.is_available() and \"cuda\" or \"cpu\")\nlocal x = ty.zeros(2)\n"
      .. "ty.set_default_device(\"cpu\")"},
  {name = "get_default_device", signature = "() -> device", doc = "Where tensors are made unless a device is named.",
    example = "ty.get_default_device()\n--> cpu"},
}}

function place.set_default_device(device)
  if math.type(device) == "integer" then device = ("cuda:%d"):format(device) end
  core.cuda.set_default_device(device)
end

place.get_default_device = core.cuda.get_default_device

return place
