-- F: the functions behind the layers, as torch.nn.functional. All of them are rows of the binding table.

local core = require "tycho.core"

local F = {}
for name, f in pairs(core.F) do F[name] = f end
return F
