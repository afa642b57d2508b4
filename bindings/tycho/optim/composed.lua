-- Optimisers whose steps are made of ordinary tensor operations: Rprop, ASGD and Adafactor. Each is a row that says its states
-- and its update; an object of it has the methods of core.optim's objects, so that groups and state dicts (tycho.optim) need not
-- know the difference. Formulas and the order of their operations are PyTorch's.

local core = require "tycho.core"
local options = require "tycho.options"

local ty = core.functions

local composed = {}

-- ---- What all have ----

local Object = {}
Object.__index = Object

local function raise(self, format, ...) core.raise(("optim.%s: " .. format):format(self.kind, ...)) end

function Object:set(name, value)
  local check = self.row.ranges[name]
  if check then
    local wrong = check(value)
    if wrong then raise(self, "invalid %s: it must be %s, got %s", name, wrong, options.say(value)) end
  end
  self.options[name] = value
end

function Object:states() return self.row.states end
function Object:state(k, name) return self.entries[k] and self.entries[k][name] end
function Object:step_count(k) return self.steps[k] or 0 end
function Object:set_step_count(k, steps) self.steps[k] = steps end

-- A state of parameter k from a state dict: of the shape that a fresh one has, copied.
function Object:set_state(k, name, value)
  local entry = self.entries[k] or self.row.begin(self.params[k], self.options)
  local fresh = entry[name]
  if not core.is_tensor(value) or not fresh or table.concat(value.shape, ",") ~= table.concat(fresh.shape, ",") then
    raise(self, "state \"%s\" of parameter %d must be a tensor of shape {%s}, got %s", name, k,
      fresh and table.concat(fresh.shape, ", ") or "none",
      core.is_tensor(value) and "{" .. table.concat(value.shape, ", ") .. "}" or options.say(value))
  end
  entry[name] = value:detach():to(fresh.dtype):to(fresh.device):clone()
  self.entries[k] = entry
end

function Object:zero_grad(set_to_none)
  for _, p in ipairs(self.params) do
    if p.grad and not set_to_none then
      p.grad = ty.zeros_like(p.grad)
    else
      p.grad = nil
    end
  end
end

function Object:step()
  local was = core.set_grad_enabled(false)
  local ok, message = pcall(function()
    for k, p in ipairs(self.params) do
      local grad = p.grad
      if grad then
        self.entries[k] = self.entries[k] or self.row.begin(p, self.options)
        self.steps[k] = self:step_count(k) + 1
        if self.options.maximize then grad = -grad end
        self.row.update(p, grad, self.entries[k], self.options, self.steps[k])
      end
    end
  end)
  core.set_grad_enabled(was)
  if not ok then error(message, 0) end
end

--- composed.new(kind, params): what core.optim(kind, params) is for the optimisers written in C.
function composed.new(kind, params)
  return setmetatable({plain = true, kind = kind, row = composed.rows[kind], params = params, options = {}, entries = {},
    steps = {}}, Object)
end

-- ---- Checks of options ----

local function at_least(low)
  return function(value)
    local fits = type(value) == "number" and value >= low and value < math.huge
    return not fits and ("a finite number of at least %g"):format(low)
  end
end

local function pair(text, fits)
  return function(value)
    if type(value) == "table" and type(value[2]) == "number" and fits(value[1], value[2]) then return nil end
    return text
  end
end

-- ---- The optimisers ----

-- A number that PyTorch keeps as a tensor without dimensions.
local function scalar(value) return ty.tensor(value, {dtype = core.dtypes.float32}) end

local Rprop = {states = {"prev", "step_size"}, ranges = {lr = at_least(0),
  etas = pair("a pair {etaminus, etaplus} with 0 < etaminus < 1 < etaplus", function(minus, plus)
    return type(minus) == "number" and minus > 0 and minus < 1 and plus > 1
  end),
  step_sizes = pair("a pair {smallest, largest}", function(low) return type(low) == "number" end)}}

function Rprop.begin(p, given)
  local p0 = p:detach()
  return {prev = ty.zeros_like(p0), step_size = ty.full_like(p0, given.lr + 0.0)}
end

function Rprop.update(p, grad, state, given)
  local turn = grad * state.prev
  local against = turn:lt(0)
  local factor = ty.ones_like(turn):masked_fill_(turn:gt(0), given.etas[2] + 0.0):masked_fill_(against, given.etas[1] + 0.0)
  state.step_size:mul_(factor):clamp_(given.step_sizes[1], given.step_sizes[2])
  grad = grad:masked_fill(against, 0)
  p:addcmul_(grad:sign(), state.step_size, {value = -1})
  state.prev:copy_(grad)
end

local ASGD = {states = {"eta", "mu", "ax"}, ranges = {lr = at_least(0), lambd = at_least(0), alpha = at_least(0),
  weight_decay = at_least(0)}}

function ASGD.begin(p, given)
  return {eta = scalar(given.lr + 0.0), mu = scalar(1.0), ax = ty.zeros_like(p:detach())}
end

function ASGD.update(p, grad, state, given, step)
  if given.weight_decay ~= 0 then grad = grad:add(p, {alpha = given.weight_decay}) end
  local eta, mu = state.eta:item(), state.mu:item()
  p:mul_(1 - given.lambd * eta)
  p:add_(grad, {alpha = -eta})
  if mu == 1 then
    state.ax:copy_(p)
  else
    state.ax:add_((p - state.ax):mul_(mu))
  end
  state.eta = scalar(given.lr / (1 + given.lambd * given.lr * step) ^ given.alpha)
  state.mu = scalar(1 / math.max(1.0, step - given.t0))
end

local Adafactor = {states = {"row_var", "col_var", "variance"}, ranges = {lr = at_least(0), d = at_least(1),
  weight_decay = at_least(0),
  beta2_decay = function(value) return not (type(value) == "number" and value <= 0) and "a number of at most 0" end,
  eps = pair("a pair {eps1 or nil, eps2} of numbers that are not negative", function(one, two)
    return (one == nil or (type(one) == "number" and one >= 0)) and two >= 0
  end)}}

-- Of a matrix the mean squares of its rows and of its columns are kept, of a vector those of its elements.
function Adafactor.begin(p)
  local shape, made = p.shape, {dtype = p.dtype, device = p.device}
  local n = #shape
  if n < 2 then return {variance = ty.zeros_like(p:detach())} end
  local rows, columns = {}, {}
  for d = 1, n do rows[d], columns[d] = shape[d], shape[d] end
  rows[n], columns[n - 1] = 1, 1
  return {row_var = ty.zeros(rows, made), col_var = ty.zeros(columns, made)}
end

local smallest_step = {float32 = 2.0 ^ -23, float64 = 2.0 ^ -52, float16 = 2.0 ^ -10, bfloat16 = 2.0 ^ -7}

function Adafactor.update(p, grad, state, given, step)
  local eps1 = given.eps[1] or smallest_step[tostring(p.dtype)]
  local share = (step + 0.0) ^ given.beta2_decay
  local rate = math.max(given.eps[2], p:norm(2):item() / p:numel() ^ 0.5) * math.min(given.lr, 1 / step ^ 0.5)
  if given.weight_decay ~= 0 then p:mul_(1 - given.lr * given.weight_decay) end
  local estimate
  if grad:dim() > 1 then
    state.row_var:lerp_(grad:norm(2, -1, true):square_():div_(grad.shape[grad:dim()]), share)
    state.col_var:lerp_(grad:norm(2, -2, true):square_():div_(grad.shape[grad:dim() - 1]), share)
    estimate = state.row_var:matmul(state.col_var)
    estimate:div_(state.row_var:mean(-2, true):clamp_ {min = eps1})
  else
    state.variance:lerp_(grad * grad, share)
    estimate = state.variance:clone()
  end
  local update = estimate:clamp_ {min = eps1 * eps1}:rsqrt_():mul_(grad)
  local denominator = math.max(1.0, update:norm(2):item() / (update:numel() ^ 0.5 * given.d))
  p:add_(update, {alpha = -rate / denominator})
end

composed.rows = {Rprop = Rprop, ASGD = ASGD, Adafactor = Adafactor}
composed.zero_grad = Object.zero_grad

return composed
