-- nn: modules, layers, losses, initialisers.

local core = require "tycho.core"
local module = require "tycho.nn.module"

local nn = {Module = module.Module, Parameter = module.Parameter, class = module.class, is_module = module.is_module,
  functional = require "tycho.functional", init = core.init, utils = require "tycho.nn.utils"}
for _, part in ipairs {"containers", "linear", "dropout", "activations", "losses", "convolution", "pooling", "resampling", "rnn",
    "adaptive_softmax", "norm", "attention", "transformer", "embedding", "distance"} do
  for name, value in pairs(require("tycho.nn." .. part)) do nn[name] = value end
end

nn.docs = require("tycho.nn.docs").docs

return nn
