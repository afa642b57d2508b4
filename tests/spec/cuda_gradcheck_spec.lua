--[[
The derivatives of every op on a CUDA device: the checks of gradcheck_spec once more, with all tensors made there.
]]

local ty = require "tycho"
local cuda = require "support.cuda"

if cuda.available then
  ty.set_default_device(cuda.device)
  assert(loadfile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "gradcheck_spec.lua", "t", _ENV))()
else
  cuda.suite(describe, pending) "derivatives on CUDA"
end
