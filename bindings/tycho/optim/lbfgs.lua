-- L-BFGS (Nocedal 1980) with PyTorch's stopping rules, and its line search by the strong Wolfe conditions (Nocedal and
-- Wright 2006, algorithms 3.5 and 3.6, after minFunc). One step calls the closure many times. State has PyTorch's names and
-- layout: it is the first parameter's. Numbers that depend on the parameters are rounded as Lua's numbers are, to 64 bits.
local core = require "tycho.core"
local options = require "tycho.options"

local ty = core.functions

local LBFGS = {}
LBFGS.__index = LBFGS

local states = {"func_evals", "n_iter", "al", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss"}

--- lbfgs.new(kind, params): an object with the methods of core.optim's.
function LBFGS.new(_, params)
  return setmetatable({plain = true, params = params, options = {}, memory = {}}, LBFGS)
end

local least = {lr = 0, max_iter = 1, max_eval = 1, history_size = 1, tolerance_grad = 0, tolerance_change = 0}

function LBFGS:set(name, value)
  local low = least[name]
  local fits = not low or (type(value) == "number" and value >= low and value < math.huge)
  if fits and low == 1 then fits = math.tointeger(value) ~= nil end
  if not fits then
    core.raise(("optim.LBFGS: invalid %s: it must be a %snumber of at least %d, got %s"):format(name,
      low == 1 and "whole " or "", low, options.say(value)))
  end
  if name == "line_search_fn" and value ~= nil and value ~= "strong_wolfe" then
    core.raise(("optim.LBFGS: line_search_fn must be \"strong_wolfe\" or nil, got %s"):format(options.say(value)))
  end
  self.options[name] = value
end

function LBFGS.states() return states end
function LBFGS.step_count() return 0 end
function LBFGS.set_step_count() end

local function copied(value)
  if core.is_tensor(value) then return value:detach():clone() end
  if type(value) ~= "table" then return value end
  local list = {}
  for i = 1, #value do list[i] = copied(value[i]) end
  return list
end

-- A number as PyTorch keeps it: a tensor without dimensions, of the parameters' dtype.
local function as_tensor(self, value) return ty.tensor(value + 0.0, {dtype = self.params[1].dtype}) end
local function as_number(value) return core.is_tensor(value) and value:item() or value end

-- The same number with the parameters' precision, which is what a state dict holds: a resumed run goes on with the same bits.
local function rounded(self, value) return as_tensor(self, value):item() end

local number_lists = {ro = true, al = true}

function LBFGS:state(k, name)
  local value = self.memory[name]
  if k ~= 1 or value == nil then return nil end
  local files = require "tycho.io"
  if number_lists[name] then
    local list = {}
    for i = 1, name == "al" and self.options.history_size or #value do
      list[i] = value[i] and as_tensor(self, value[i]) or files.null
    end
    return files.list(list)
  elseif name == "old_dirs" or name == "old_stps" then
    return files.list(copied(value))
  elseif name == "H_diag" then
    return as_tensor(self, value)
  end
  return copied(value)
end

function LBFGS:set_state(k, name, value)
  if k ~= 1 then core.raise "optim.LBFGS: the state is the first parameter's, and another has some" end
  local total = self:count()
  local function check(x)
    if not core.is_tensor(x) or x:numel() ~= total then
      core.raise(("optim.LBFGS: state \"%s\" must hold tensors of %d elements, as many as the parameters have"):format(name,
        total))
    end
    return x:detach():to(self.params[1].dtype):clone()
  end
  if name == "d" or name == "prev_flat_grad" then
    value = check(value)
  elseif name == "old_dirs" or name == "old_stps" then
    local list = {}
    for i, x in ipairs(value) do list[i] = check(x) end
    value = list
  elseif number_lists[name] then
    local list = {}
    for i = 1, #value do
      if type(value[i]) == "number" or core.is_tensor(value[i]) then list[i] = as_number(value[i]) end
    end
    value = list
  else
    value = as_number(value)
  end
  self.memory[name] = value
end

LBFGS.zero_grad = require("tycho.optim.composed").zero_grad

function LBFGS.step()
  core.raise "optim.LBFGS:step: a closure is needed that computes the loss, calls backward and returns the loss"
end

-- ---- All parameters as one vector ----

function LBFGS:count()
  local n = 0
  for _, p in ipairs(self.params) do n = n + p:numel() end
  return n
end

function LBFGS:gradient()
  local parts = {}
  for i, p in ipairs(self.params) do
    parts[i] = p.grad and p.grad:detach():reshape(-1) or ty.zeros({p:numel()}, {dtype = p.dtype, device = p.device})
  end
  local flat = ty.cat(parts, 1)
  return self.options.maximize and -flat or flat
end

function LBFGS:move(t, d)
  local at = 1
  for _, p in ipairs(self.params) do
    local n = p:numel()
    p:add_(d:narrow(1, at, n):view_as(p), {alpha = t})
    at = at + n
  end
end

-- Loss and gradient at the parameters as they are.
function LBFGS:evaluate(closure)
  core.set_grad_enabled(true)
  local loss = closure()
  core.set_grad_enabled(false)
  local value = as_number(loss)
  if type(value) ~= "number" then
    core.raise(("optim.LBFGS:step: the closure must return the loss, got %s"):format(options.say(loss)))
  end
  return self.options.maximize and -value or value, loss
end

local function largest(x) return x:abs():max():item() end

-- ---- The line search ----

-- Where the cubic through two points with these values and slopes is lowest, within bounds.
local function cubic(x1, f1, g1, x2, f2, g2, low, high)
  low, high = low or math.min(x1, x2), high or math.max(x1, x2)
  local d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
  local square = d1 ^ 2 - g1 * g2
  if square < 0 or square ~= square then return (low + high) / 2 end
  local d2 = square ^ 0.5
  local lowest
  if x1 <= x2 then
    lowest = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
  else
    lowest = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
  end
  -- As Python's min and max treat NaN: an operand that compares with nothing stays where it is first.
  if low > lowest then lowest = low end
  if high < lowest then lowest = high end
  return lowest
end

local C1, C2 = 1e-4, 0.9

-- A step t along d that lowers the loss enough (C1) and flattens the slope (C2): two ends of a bracket, or one point that
-- is good already. at(t) gives loss and gradient there; f, g, slope are those at 0. A point is {t, f, g, slope}.
local function bracket_of(at, t, f, g, slope, d, most)
  local before, count = {t = 0, f = f, g = g, slope = slope}, 0
  local function point(x)
    local value, gradient = at(x)
    return {t = x, f = value, g = gradient, slope = gradient:dot(d):item()}
  end
  local now = point(t)
  while count < most do
    if now.f > f + C1 * now.t * slope or (count > 1 and now.f >= before.f) then return count, {before, now}, false, point end
    if math.abs(now.slope) <= -C2 * slope then return count, {now}, true, point end
    if now.slope >= 0 then return count, {before, now}, false, point end
    local low, high = now.t + 0.01 * (now.t - before.t), now.t * 10
    local next_t = cubic(before.t, before.f, before.slope, now.t, now.f, now.slope, low, high)
    before = now
    now = point(next_t)
    count = count + 1
  end
  return count, {{t = 0, f = f, g = g, slope = slope}, now}, false, point
end

-- Gives loss, gradient and t of the point found, and how often the loss was computed.
local function strong_wolfe(at, t, d, f, g, slope, tolerance, most)
  local evaluations = 0
  local count, bracket, done, point = bracket_of(function(x)
    evaluations = evaluations + 1
    return at(x)
  end, t, f, g, slope, d, most)
  local scale, stuck = largest(d), false
  local low, high = 1, 2
  if #bracket == 1 then
    high = 1
  elseif bracket[1].f > bracket[2].f or bracket[2].f ~= bracket[2].f then
    low, high = 2, 1
  end
  while not done and count < most do
    local a, b = bracket[1], bracket[2]
    if math.abs(b.t - a.t) * scale < tolerance then break end
    local x = cubic(a.t, a.f, a.slope, b.t, b.f, b.slope)
    local left, right = math.min(a.t, b.t), math.max(a.t, b.t)
    local margin = 0.1 * (right - left)
    if math.min(right - x, x - left) < margin then -- too near to an end: once is bad luck, twice is not
      if stuck or x >= right or x <= left then
        x = math.abs(x - right) < math.abs(x - left) and right - margin or left + margin
        stuck = false
      else
        stuck = true
      end
    else
      stuck = false
    end
    local new = point(x)
    count = count + 1
    if new.f > f + C1 * x * slope or new.f >= bracket[low].f then
      bracket[high] = new
      if bracket[1].f <= bracket[2].f then low, high = 1, 2 else low, high = 2, 1 end
    else
      if math.abs(new.slope) <= -C2 * slope then
        done = true
      elseif new.slope * (bracket[high].t - bracket[low].t) >= 0 then
        bracket[high] = bracket[low]
      end
      bracket[low] = new
    end
  end
  local best = bracket[low]
  return best.f, best.g, best.t, evaluations
end

-- ---- A step ----

-- The direction: minus the gradient times the inverse Hessian that the last changes tell of.
function LBFGS:direction(gradient)
  local m, given = self.memory, self.options
  if m.n_iter == 1 then
    m.old_dirs, m.old_stps, m.ro, m.H_diag = {}, {}, {}, 1.0
    return -gradient
  end
  local y, s = gradient - m.prev_flat_grad, m.d * m.t
  local ys = y:dot(s):item()
  if ys > 1e-10 then
    if #m.old_dirs == given.history_size then
      for _, list in ipairs {m.old_dirs, m.old_stps, m.ro} do table.remove(list, 1) end
    end
    table.insert(m.old_dirs, y)
    table.insert(m.old_stps, s)
    table.insert(m.ro, rounded(self, 1.0 / ys))
    m.H_diag = rounded(self, ys / y:dot(y):item())
  end
  m.al = m.al or {}
  local q = -gradient
  for i = #m.old_dirs, 1, -1 do
    m.al[i] = rounded(self, m.old_stps[i]:dot(q):item() * m.ro[i])
    q:add_(m.old_dirs[i], {alpha = -m.al[i]})
  end
  local d = q * m.H_diag
  for i = 1, #m.old_dirs do
    local be = m.old_dirs[i]:dot(d):item() * m.ro[i]
    d:add_(m.old_stps[i], {alpha = m.al[i] - be})
  end
  return d
end

-- Moves along m.d; gives the new loss and gradient and how often the loss was computed.
function LBFGS:search(closure, loss, gradient, slope, evaluations, last)
  local m, given = self.memory, self.options
  if not given.line_search_fn then
    self:move(m.t, m.d)
    if last then return loss, gradient, 0 end
    return self:evaluate(closure), self:gradient(), 1
  end
  local start = {}
  for i, p in ipairs(self.params) do start[i] = p:detach():clone() end
  local function at(t)
    self:move(t, m.d)
    local value = self:evaluate(closure)
    local there = self:gradient()
    for i, p in ipairs(self.params) do p:copy_(start[i]) end
    return value, there
  end
  local count
  loss, gradient, m.t, count = strong_wolfe(at, m.t, m.d, loss, gradient, slope, 1e-9, given.max_eval - evaluations)
  self:move(m.t, m.d)
  return loss, gradient, count
end

local function run(self, closure)
  local m, given = self.memory, self.options
  m.func_evals, m.n_iter = m.func_evals or 0, m.n_iter or 0
  local loss, result = self:evaluate(closure)
  local evaluations, gradient = 1, self:gradient()
  m.func_evals = m.func_evals + 1
  if largest(gradient) <= given.tolerance_grad then return result end
  for iteration = 1, given.max_iter do
    m.n_iter = m.n_iter + 1
    m.d = self:direction(gradient)
    m.prev_flat_grad = gradient:clone()
    m.prev_loss = loss
    m.t = given.lr
    if m.n_iter == 1 then m.t = math.min(1.0, 1.0 / gradient:abs():sum():item()) * given.lr end
    local slope = gradient:dot(m.d):item()
    if slope > -given.tolerance_change then break end
    local count
    loss, gradient, count = self:search(closure, loss, gradient, slope, evaluations, iteration == given.max_iter)
    evaluations, m.func_evals = evaluations + count, m.func_evals + count
    if evaluations >= given.max_eval or largest(gradient) <= given.tolerance_grad
      or largest(m.d * m.t) <= given.tolerance_change or math.abs(loss - m.prev_loss) < given.tolerance_change then break end
  end
  return result
end

--- One step of the optimiser: what the closure gave first is given back.
function LBFGS:minimise(closure)
  local was = core.set_grad_enabled(false)
  local ok, result = pcall(run, self, closure)
  core.set_grad_enabled(was)
  if not ok then error(result, 0) end
  return result
end

return LBFGS
