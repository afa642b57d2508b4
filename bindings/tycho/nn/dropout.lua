-- Dropout of values, of whole channels, and for SELU networks. What is drawn is what PyTorch draws.

local F = require "tycho.functional"
local simple = require "tycho.nn.simple"

local dropout = {}

-- nn.Dropout(p = 0.5, inplace = false): in training each value is 0 with probability p, the others grow by 1 / (1 - p).
-- Dropout1d, 2d, 3d drop whole channels; the alpha kinds keep mean and variance after SELU.
for class_name, name in pairs {Dropout = "dropout", Dropout1d = "dropout1d", Dropout2d = "dropout2d", Dropout3d = "dropout3d",
  AlphaDropout = "alpha_dropout", FeatureAlphaDropout = "feature_alpha_dropout"} do
  local class = simple(class_name, "p: probability = 0.5, inplace: bool = false", {"p", "inplace"})
  function class:forward(x)
    local y = F[name](x, self.p, self.training)
    return self.inplace and self.training and x:copy_(y) or y
  end
  dropout[class_name] = class
end

return dropout
