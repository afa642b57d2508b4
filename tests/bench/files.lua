-- Loading a file of 100 MB that the system holds in memory, and reading each of its pages, as what is mapped is read only then:
-- `load pt` and `load safetensors`.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"

local path = os.tmpname()
do
  local state = ty.OrderedDict()
  for i = 1, 10 do state["layer" .. i] = ty.randn(2560, 1024) end
  if arg[2] == "pt" then ty.save(state, path) else ty.io.save_safetensors(state, path) end
end

measure(function()
  for _, x in pairs(ty.load(path)) do x:view(-1)[{ {1, -1, 1024} }]:sum():item() end
end)
os.remove(path)
