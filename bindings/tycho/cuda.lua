-- ty.cuda: whether an NVIDIA GPU can be used. This build has no CUDA backend, so the answers say that there is none.

local core = require "tycho.core"

local cuda = {docs = {
  {name = "ty.cuda.is_available", signature = "() -> bool",
    doc = "Whether tensors can be put on a CUDA device: false where no CUDA backend is installed or no GPU is found.",
    example = "local device = ty.cuda.is_available() and 'cuda' or 'cpu'"},
  {name = "ty.cuda.device_count", signature = "() -> int", doc = "Number of CUDA devices that can be used.",
    example = "print(ty.cuda.device_count())"},
}}

function cuda.is_available() return (pcall(core.device, "cuda")) end

function cuda.device_count()
  local count = 0
  while pcall(core.device, "cuda:" .. count) do count = count + 1 end
  return count
end

return cuda
