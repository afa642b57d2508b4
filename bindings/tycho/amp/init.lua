-- ty.amp: mixed precision. Products and convolutions run in 16 bits where autocast is on, and a GradScaler keeps small
-- gradients from vanishing in float16.

local autocast = require "tycho.amp.autocast"

local amp = {docs = autocast.docs, autocast = autocast.autocast, is_autocast_available = autocast.is_autocast_available}

return setmetatable(amp, {
  __name = "tycho.amp",
  __index = function(self, name)
    if name ~= "GradScaler" then return nil end
    local value = require("tycho.amp.grad_scaler").GradScaler
    rawset(self, name, value)
    return value
  end,
  __complete = function() return {"autocast", "GradScaler", "is_autocast_available"} end,
})
