-- ty.amp.GradScaler: float16 holds nothing below 6e-8, so the loss is multiplied before backward and gradients are divided
-- after it; steps whose gradients overflowed are left out, and the factor follows (Micikevicius and others 2018). Behaviour and
-- state dict are torch.amp.GradScaler's.

local core = require "tycho.core"
local options = require "tycho.options"

local docs = {
  {name = "ty.amp.GradScaler",
    signature = "(device: string = \"cuda\", init_scale: number = 65536, growth_factor: number = 2, "
      .. "backoff_factor: number = 0.5, growth_interval: int = 2000, enabled: bool = true) -> GradScaler",
    doc = "Scales losses for training in float16: scaler:scale(loss):backward(); scaler:step(optimizer); scaler:update(). A "
      .. "step whose gradients hold inf or nan is left out, and the scale shrinks by backoff_factor; after growth_interval "
      .. "steps without any it grows by growth_factor. scaler:unscale_(optimizer) before clipping gradients. Methods: scale, "
      .. "unscale_, step, update, get_scale, is_enabled, get_growth_factor, set_growth_factor, get_backoff_factor, "
      .. "set_backoff_factor, get_growth_interval, set_growth_interval, state_dict, load_state_dict.",
    example = "local w = ty.ones(2, {requires_grad = true})\nlocal opt = ty.optim.SGD({w}, {lr = 0.1})\n"
      .. "local scaler = ty.amp.GradScaler()\nscaler:scale((w * w):sum()):backward()\nscaler:step(opt)\nscaler:update()\n"
      .. "print(w)"},
}

local GradScaler = {__name = "GradScaler"}
GradScaler.__index = GradScaler

local parse = options.signature("amp.GradScaler", "device: device = \"cuda\", init_scale: number = 65536, "
  .. "growth_factor: number = 2, backoff_factor: number = 0.5, growth_interval: positive = 2000, enabled: bool = true")

local function check_growth(factor)
  if factor <= 1 then core.raise(("amp.GradScaler: growth_factor must be greater than 1, got %g"):format(factor)) end
  return factor
end

local function check_backoff(factor)
  if factor >= 1 or factor <= 0 then
    core.raise(("amp.GradScaler: backoff_factor must be between 0 and 1, got %g"):format(factor))
  end
  return factor
end

local function new(_, ...)
  local _, scale, growth, backoff, interval, enabled = parse(...)
  return setmetatable({enabled = enabled, factor = scale + 0.0, growth_factor = check_growth(growth),
    backoff_factor = check_backoff(backoff), growth_interval = interval, growth_tracker = 0, optimizers = {}}, GradScaler)
end

--- scale(outputs): a tensor, or a list (of lists) of them, times the factor.
function GradScaler:scale(outputs)
  if not self.enabled then return outputs end
  if core.is_tensor(outputs) then return outputs * self.factor end
  if type(outputs) ~= "table" then core.raise "GradScaler.scale: a tensor or a list of tensors is needed" end
  local scaled = {}
  for key, value in pairs(outputs) do scaled[key] = self:scale(value) end
  return scaled
end

-- What was done with an optimizer since the last update.
local function state_of(self, optimizer)
  local state = self.optimizers[optimizer]
  if not state then
    state = {stage = "ready"}
    self.optimizers[optimizer] = state
  end
  return state
end

-- Divides the gradients, and says whether one of them was not finite: one number is looked at for each optimizer.
local function unscale(self, optimizer)
  local largest, inverse = {}, 1 / self.factor
  for _, group in ipairs(optimizer.param_groups) do
    for _, p in ipairs(group.params) do
      local g = p.grad
      if g then
        if g.dtype == core.dtypes.float16 then
          core.raise("GradScaler.unscale_: gradients are float16; keep parameters in float32 and let autocast lower what is "
            .. "computed from them")
        end
        g:mul_(inverse)
        if g:numel() > 0 then
          local size = g:abs():amax():to(core.dtypes.float32)
          local device = tostring(g.device)
          largest[device] = largest[device] or {}
          table.insert(largest[device], size)
        end
      end
    end
  end
  local found, any = false, false
  for _, sizes in pairs(largest) do
    any = true
    found = not core.functions.stack(sizes):isfinite():all():item() or found
  end
  return found, any
end

--- unscale_(optimizer): divides its gradients by the scale now, to clip or look at them; step() does not do it again.
function GradScaler:unscale_(optimizer)
  if not self.enabled then return end
  local state = state_of(self, optimizer)
  if state.stage == "unscaled" then
    core.raise "GradScaler.unscale_: it has been called on this optimizer already since the last update()"
  elseif state.stage == "stepped" then
    core.raise "GradScaler.unscale_: it is called after step(); call update() between them"
  end
  local was = core.set_grad_enabled(false)
  local ok, found, any = pcall(unscale, self, optimizer)
  core.set_grad_enabled(was)
  if not ok then error(found, 0) end
  state.found, state.any, state.stage = found, any, "unscaled"
end

--- step(optimizer, ...): optimizer:step(...) unless its gradients overflowed; gives what that gives.
function GradScaler:step(optimizer, ...)
  if not self.enabled then return optimizer:step(...) end
  if select("#", ...) > 0 and (...) ~= nil then
    core.raise "GradScaler.step: a closure cannot be used while scaling is on: it would compute unscaled gradients again"
  end
  local state = state_of(self, optimizer)
  if state.stage == "stepped" then
    core.raise "GradScaler.step: it has been called already since the last update()"
  end
  if state.stage == "ready" then self:unscale_(optimizer) end
  if not state.any then
    core.raise "GradScaler.step: no gradient was found for this optimizer; call scaler:scale(loss):backward() before"
  end
  state.stage = "stepped"
  if not state.found then return optimizer:step() end
end

--- update(new_scale = nil): after the steps of all optimizers; sets the scale for the next iteration.
function GradScaler:update(new_scale)
  if not self.enabled then return end
  if new_scale ~= nil then
    self.factor = core.is_tensor(new_scale) and new_scale:item() or new_scale + 0.0
  else
    local found, any = false, false
    for _, state in pairs(self.optimizers) do
      any = any or state.any
      found = found or state.found
    end
    if not any then core.raise "GradScaler.update: no step was made since the last update()" end
    if found then
      self.factor = self.factor * self.backoff_factor
      self.growth_tracker = 0
    else
      self.growth_tracker = self.growth_tracker + 1
      if self.growth_tracker == self.growth_interval then
        local grown = self.factor * self.growth_factor
        if grown <= 3.4028234663852886e38 then self.factor = grown end -- the largest float32
        self.growth_tracker = 0
      end
    end
  end
  self.optimizers = {}
end

function GradScaler:get_scale() return self.enabled and self.factor or 1.0 end
function GradScaler:is_enabled() return self.enabled end
function GradScaler:get_growth_factor() return self.growth_factor end
function GradScaler:set_growth_factor(factor) self.growth_factor = check_growth(factor) end
function GradScaler:get_backoff_factor() return self.backoff_factor end
function GradScaler:set_backoff_factor(factor) self.backoff_factor = check_backoff(factor) end
function GradScaler:get_growth_interval() return self.growth_interval end
function GradScaler:set_growth_interval(interval) self.growth_interval = interval end

--- state_dict(): {scale, growth_factor, backoff_factor, growth_interval, _growth_tracker}, empty when it is not enabled.
function GradScaler:state_dict()
  if not self.enabled then return {} end
  return {scale = self.factor, growth_factor = self.growth_factor, backoff_factor = self.backoff_factor,
    growth_interval = self.growth_interval, _growth_tracker = self.growth_tracker}
end

function GradScaler:load_state_dict(state)
  if not self.enabled then return end
  if type(state) ~= "table" or next(state) == nil then
    core.raise "GradScaler.load_state_dict: the state is empty; it may come from a scaler that was not enabled"
  end
  for _, key in ipairs {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"} do
    if type(state[key]) ~= "number" then
      core.raise(("GradScaler.load_state_dict: '%s' is missing from the state"):format(key))
    end
  end
  self.factor, self.growth_factor, self.backoff_factor = state.scale, state.growth_factor, state.backoff_factor
  self.growth_interval, self.growth_tracker = state.growth_interval, state._growth_tracker
end

function GradScaler:__tostring()
  return ("GradScaler(scale=%g, enabled=%s)"):format(self:get_scale(), self.enabled)
end

return {docs = docs, GradScaler = setmetatable({__name = "GradScaler"}, {__call = new, __index = GradScaler})}
