-- Optimisers: SGD, Adam and their relatives, with PyTorch's options, parameter groups and state dicts. The update itself is C,
-- one fused pass over each parameter (ty_optim); here are the groups, whose options may be changed between steps.

local core = require "tycho.core"
local options = require "tycho.options"

local composed = require "tycho.optim.composed"
local lbfgs = require "tycho.optim.lbfgs"

local optim = {lr_scheduler = require "tycho.optim.lr_scheduler"}

-- Fields of a group that are a schedule's and no option of the optimiser.
local of_schedules = {initial_lr = true, max_lr = true, min_lr = true, max_momentum = true, base_momentum = true,
  swa_lr = true}

-- Options of PyTorch's that say how a step is computed, not what: they are taken, kept for state dicts, and change nothing.
local switches = {foreach = "bool?", capturable = "bool = false", differentiable = "bool = false", fused = "bool?"}

-- Fields of a group that the object which takes the steps does not get.
local passed_over = {params = true}
for name in pairs(of_schedules) do passed_over[name] = true end
for name in pairs(switches) do passed_over[name] = true end

local beta_options = {"beta1", "beta2"}

local function check_betas(value)
  if type(value) ~= "table" or #value ~= 2 then
    core.raise(("optim: betas must be a pair of numbers {0.9, 0.999}, got %s"):format(options.say(value)))
  end
end

-- How an option of a group goes into the object that takes the steps: C's (core.optim), where betas are two options and
-- switches are numbers, or one of the Lua files beside this one, which takes all as it is.
local function push_one(c, name, value, cache)
  if core.is_tensor(value) then value = value:item() end
  if name == "betas" then
    check_betas(value)
    for i, key in ipairs(beta_options) do
      if cache[key] ~= value[i] then
        c:set(key, value[i])
        cache[key] = value[i]
      end
    end
  elseif c.plain then
    c:set(name, value)
  elseif cache[name] ~= value then
    c:set(name, type(value) == "boolean" and (value and 1 or 0) or value)
    cache[name] = value
  end
end

-- Every step comes here, and mostly all is as it was: what is in the cache is not looked at further.
local function push(c, group, cache)
  for name, value in next, group do
    if cache[name] ~= value and not passed_over[name] then push_one(c, name, value, cache) end
  end
end

-- A pair or list of numbers, and a tensor, copied; None (which PyTorch writes) is nil.
local function copied(value)
  local null = require("tycho.io").null
  if value == null then return nil end
  if core.is_tensor(value) then return value:detach():clone() end
  if type(value) ~= "table" then return value end
  local list = {}
  for i, item in pairs(value) do list[i] = copied(item) end
  return list
end

local Optimizer = {}
Optimizer.__index = Optimizer
Optimizer.__name = "optimizer"
optim.Optimizer = Optimizer

local private = setmetatable({}, {__mode = "k"}) -- optimiser -> {kind, takes, groups = {{c, cache}, ...}, ...}

function Optimizer:__complete()
  local names = {"param_groups", "defaults"}
  for name in pairs(Optimizer) do
    if name:sub(1, 1) ~= "_" then names[#names + 1] = name end
  end
  return names
end

local function check_list(name, list)
  if core.is_tensor(list) then
    core.raise(("%s: a list of parameters is needed, got one tensor; put it into braces: {w}"):format(name))
  end
  if type(list) ~= "table" or rawget(list, "_parameters") then
    core.raise(("%s: a list of parameters is needed, as net:parameters() gives, got %s"):format(name, options.say(list)))
  end
end

--- add_param_group{params = {...}, lr = ...}: more parameters, with options of their own.
function Optimizer:add_param_group(group)
  local own = private[self]
  local name = "optim." .. own.kind
  if type(group) ~= "table" or group.params == nil then
    core.raise(("%s: a parameter group is a table with a field params"):format(name))
  end
  local params = core.is_tensor(group.params) and {group.params} or group.params
  check_list(name, params)
  local list = {}
  for i, parameter in ipairs(params) do
    if not core.is_tensor(parameter) then
      core.raise(("%s: parameter %d is %s, not a tensor"):format(name, i, options.say(parameter)))
    end
    if not parameter.is_leaf then
      core.raise(("%s: parameter %d is the result of an operation (%s); only leaves can be optimised"):format(name, i,
        parameter.grad_fn))
    end
    for _, other in ipairs(self.param_groups) do
      for _, held in ipairs(other.params) do
        if held == parameter then core.raise(("%s: parameter %d is in two groups"):format(name, i)) end
      end
    end
    list[i] = parameter
  end
  local filled = {params = list}
  for key, value in pairs(own.defaults) do filled[key] = value end
  for key, value in pairs(group) do
    if key ~= "params" then
      if not own.takes[key] and not of_schedules[key] then
        core.raise(("%s: unknown option '%s' in a parameter group; known ones are: %s"):format(name, tostring(key), own.known))
      end
      filled[key] = value
    end
  end
  if filled.differentiable then
    core.raise(("%s: differentiable = true is not there: a step is not recorded for gradients"):format(name))
  end
  if own.check then own.check(name, filled) end
  if own.single and #self.param_groups > 0 then core.raise(("%s: there can be one parameter group alone"):format(name)) end
  local entry = {c = own.make(own.kind, list), cache = {}}
  push(entry.c, filled, entry.cache)
  if own.begin then own.begin(entry.c, filled) end
  self.param_groups[#self.param_groups + 1] = filled
  own.groups[#own.groups + 1] = entry
end

-- A captured step takes options of its replays as they are then, from the groups that it was recorded with.
local function note_step(self, own)
  local entries = table.move(own.groups, 1, #own.groups, 1, {})
  require("tycho.capture").note_optimiser(function()
    if #self.param_groups ~= #entries or #own.groups ~= #entries then return false end
    for i, entry in ipairs(entries) do
      if own.groups[i] ~= entry then return false end
      push(entry.c, self.param_groups[i], entry.cache)
    end
    return true
  end)
end

--- step(closure): updates every parameter that has a gradient. A closure is called first and its result given back.
function Optimizer:step(closure)
  local own = private[self]
  if own.make ~= core.optim then
    core.capture_refuse(("optim.%s:step"):format(own.kind), "its steps are Lua's work; take them outside the step, or do not "
      .. "capture it")
  end
  if own.minimises then
    local entry = own.groups[1]
    push(entry.c, self.param_groups[1], entry.cache)
    if closure == nil then return entry.c:step() end
    return entry.c:minimise(closure)
  end
  local result
  if closure ~= nil then
    if not options.is_callable(closure) then
      core.raise(("optim.%s:step: the closure must be a function, got %s"):format(private[self].kind, options.say(closure)))
    end
    local was = core.set_grad_enabled(true)
    local ok, value = pcall(closure)
    core.set_grad_enabled(was)
    if not ok then error(value, 0) end
    result = value
  end
  for i, group in ipairs(self.param_groups) do
    local entry = own.groups[i]
    push(entry.c, group, entry.cache)
    entry.c:step()
  end
  if core.capturing() then note_step(self, own) end
  return result
end

--- zero_grad(set_to_none = true): forgets the gradients.
function Optimizer:zero_grad(set_to_none)
  if type(set_to_none) == "table" then set_to_none = set_to_none.set_to_none end
  for _, entry in ipairs(private[self].groups) do entry.c:zero_grad(set_to_none ~= false) end
end

--- state_dict(): {state = {[0] = {...}, ...}, param_groups = {...}} as PyTorch lays it out: parameters are numbered from 0
-- over all groups.
function Optimizer:state_dict()
  local files = require "tycho.io" -- a dict also when its keys happen to be 1..n; betas are a tuple
  local own, state, groups, id = private[self], files.dict {}, {}, 0
  for i, group in ipairs(self.param_groups) do
    local c = own.groups[i].c
    local saved = {}
    for key, value in pairs(group) do
      if key ~= "params" and type(value) == "table" then
        saved[key] = files.tuple {value[1] == nil and files.null or value[1], value[2]}
      elseif key ~= "params" then
        saved[key] = copied(value)
      end
    end
    for key in pairs(own.takes) do
      if group[key] == nil then saved[key] = files.null end
    end
    saved.params = {}
    for k = 1, #group.params do
      local of, any = {}, false
      for _, name in ipairs(c:states()) do
        of[name] = c:state(k, name)
        any = any or of[name] ~= nil
      end
      if own.counts_steps and (any or c:step_count(k) > 0) then
        of.step = core.functions.tensor(c:step_count(k), {dtype = core.dtypes.float32})
        any = true
      end
      if any then state[id] = of end
      saved.params[k] = id
      id = id + 1
    end
    groups[i] = saved
  end
  return {state = state, param_groups = groups}
end

-- The state of the parameter with this number, which JSON makes a string.
local function state_of(dict, id) return dict.state[id] or dict.state[tostring(id)] end

-- States that are as large as their parameter; others are numbers, rows or columns.
local as_parameters = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "sum", "exp_inf"}

-- Adds what is wrong with the number of a group's parameters, and gives how many can be compared.
local function group_misfits(i, saved, group, add)
  local count = type(saved.params) == "table" and #saved.params or 0
  if count ~= #group.params then
    add("group %d of the state has %d parameter%s, here it has %d", i, count, count == 1 and "" or "s", #group.params)
  end
  return math.min(count, #group.params)
end

-- All that keeps a state from fitting into the optimiser, a line each.
local function misfits(self, dict)
  local lines = {}
  local function add(text, ...) lines[#lines + 1] = text:format(...) end
  if #dict.param_groups ~= #self.param_groups then
    add("it has %d parameter groups, this optimiser %d", #dict.param_groups, #self.param_groups)
  end
  for i = 1, math.min(#dict.param_groups, #self.param_groups) do
    local saved, group = dict.param_groups[i], self.param_groups[i]
    for k = 1, group_misfits(i, saved, group, add) do
      local parameter, of = group.params[k], state_of(dict, saved.params[k])
      for _, state in ipairs(as_parameters) do
        local value = type(of) == "table" and of[state]
        if core.is_tensor(value) and tostring(value.shape) ~= tostring(parameter.shape) then
          add("%s of parameter %d in group %d has the shape %s, the parameter %s", state, k, i, tostring(value.shape),
            tostring(parameter.shape))
        end
      end
    end
  end
  return lines
end

--- load_state_dict(state): options and state of a dict that state_dict (or PyTorch's) made; the groups must be alike.
function Optimizer:load_state_dict(dict)
  local own = private[self]
  local name = "optim." .. own.kind .. ":load_state_dict"
  if type(dict) ~= "table" or type(dict.param_groups) ~= "table" or type(dict.state) ~= "table" then
    core.raise(("%s: a table with the fields state and param_groups is needed"):format(name))
  end
  local complaints = misfits(self, dict)
  if #complaints > 0 then
    core.raise(("%s: the state does not fit:\n\t%s"):format(name, table.concat(complaints, "\n\t")))
  end
  for i, saved in ipairs(dict.param_groups) do
    -- A fresh C object: a parameter that the dict holds no state of starts anew.
    local group, c = self.param_groups[i], own.make(own.kind, self.param_groups[i].params)
    local cache = {}
    for key, value in pairs(saved) do
      if own.takes[key] or of_schedules[key] then group[key] = copied(value) end
    end
    push(c, group, cache)
    for k, id in ipairs(saved.params) do
      local of = state_of(dict, id)
      local parameter = group.params[k]
      for _, state in ipairs(c:states()) do
        local value = of and of[state]
        if c.plain then
          if value ~= nil then c:set_state(k, state, value) end
        elseif core.is_tensor(value) then
          if state ~= "mu_product" then value = value:to(parameter.dtype):to(parameter.device) end -- one number, on the CPU
          c:set_state(k, state, value:clone())
        end
      end
      local step = of and of.step
      if core.is_tensor(step) then step = step:item() end
      c:set_step_count(k, math.tointeger(step or 0) or 0)
    end
    own.groups[i] = {c = c, cache = cache}
  end
end

function Optimizer:__tostring()
  local lines = {private[self].kind .. " ("}
  for i, group in ipairs(self.param_groups) do
    lines[#lines + 1] = ("Parameter Group %d"):format(i)
    local names = {}
    for key in pairs(group) do
      if key ~= "params" then names[#names + 1] = key end
    end
    table.sort(names)
    for _, key in ipairs(names) do
      local value = group[key]
      if type(value) == "table" then value = ("{%s, %s}"):format(value[1], value[2]) end
      lines[#lines + 1] = ("    %s: %s"):format(key, tostring(value))
    end
  end
  return table.concat(lines, "\n") .. "\n)"
end

-- A constructor optim.NAME(params, options...). signature lists the options after `params`, in PyTorch's order; each becomes a
-- field of a group. About a kind: switches, the names of those that it has; counts_steps, whether its state has a field step;
-- pairs, defaults of options that are tables; check(name, group), which may refuse what does not go together; begin(c, group),
-- which makes states that are there before the first step; make(kind, params), the object that takes the steps; single, when it
-- takes one group; minimises, when a step is the object's own loop around a closure.
local function define(kind, signature, about)
  local names, all = {}, signature
  for name in about.switches:gmatch "%a+" do all = ("%s, %s: %s"):format(all, name, switches[name]) end
  for name in all:gmatch "([%w_]+)%s*:" do names[#names + 1] = name end
  local parse = options.signature("optim." .. kind, "params: any, " .. all)
  local known, takes = table.move(names, 1, #names, 1, {}), {}
  for _, name in ipairs(names) do takes[name] = true end
  table.sort(known)
  optim[kind] = function(...)
    local params = ...
    check_list("optim." .. kind, params)
    local values, defaults = table.pack(parse(...)), {}
    for i, name in ipairs(names) do
      local value = values[i + 1]
      if value == nil then value = copied((about.pairs or {})[name]) end
      defaults[name] = value
    end
    if about.complete then about.complete(defaults) end
    local own = {kind = kind, defaults = defaults, takes = takes, groups = {}, known = table.concat(known, ", "),
      make = about.make or core.optim, counts_steps = about.counts_steps ~= false, check = about.check, begin = about.begin,
      single = about.single, minimises = about.minimises}
    local self = setmetatable({param_groups = {}, defaults = defaults}, Optimizer)
    private[self] = own
    if #params == 0 then
      core.raise(("optim.%s: the list of parameters is empty"):format(kind))
    end
    if core.is_tensor(params[1]) then
      self:add_param_group {params = params}
    else
      for _, group in ipairs(params) do self:add_param_group(group) end
    end
    return self
  end
end

--- optim.SGD(params, lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0, nesterov = false, maximize = false)
define("SGD", "lr: rate = 0.001, momentum: number = 0, dampening: number = 0, weight_decay: number = 0, nesterov: bool = false, "
  .. "maximize: bool = false", {switches = "foreach differentiable fused", counts_steps = false, check = function(name, group)
  if group.nesterov and (group.momentum == 0 or group.dampening ~= 0) then
    core.raise(("%s: nesterov needs a momentum and a dampening of 0, got momentum %s and dampening %s"):format(name,
      tostring(group.momentum), tostring(group.dampening)))
  end
end})

local betas = {betas = {0.9, 0.999}}

local function adam(kind, decay, decoupled)
  define(kind, "lr: rate = 0.001, betas: table?, eps: number = 1e-8, weight_decay: number = " .. decay
    .. ", amsgrad: bool = false, maximize: bool = false, decoupled_weight_decay: bool = " .. decoupled,
    {switches = "foreach capturable differentiable fused", pairs = betas})
end

--- optim.Adam(params, lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, amsgrad = false, maximize = false,
-- decoupled_weight_decay = false)
adam("Adam", "0", "false")
--- optim.AdamW(params, ...): as Adam with weight_decay = 0.01, which shrinks the parameters themselves.
adam("AdamW", "0.01", "true")

local all_but_fused = "foreach capturable differentiable"

--- optim.RMSprop(params, lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0, centered = false,
-- maximize = false)
define("RMSprop", "lr: rate = 0.01, alpha: number = 0.99, eps: number = 1e-8, weight_decay: number = 0, momentum: number = 0, "
  .. "centered: bool = false, maximize: bool = false", {switches = all_but_fused})

--- optim.Adagrad(params, lr = 0.01, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10,
-- maximize = false)
define("Adagrad", "lr: rate = 0.01, lr_decay: number = 0, weight_decay: number = 0, initial_accumulator_value: number = 0, "
  .. "eps: number = 1e-10, maximize: bool = false", {switches = "foreach differentiable fused", begin = function(c, group)
  for k, parameter in ipairs(group.params) do
    c:set_state(k, "sum", core.functions.full_like(parameter:detach(), group.initial_accumulator_value))
  end
end})

--- optim.Adamax(params, lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, maximize = false)
define("Adamax", "lr: rate = 0.002, betas: table?, eps: number = 1e-8, weight_decay: number = 0, maximize: bool = false",
  {switches = all_but_fused, pairs = betas})

--- optim.NAdam(params, lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, momentum_decay = 4e-3,
-- decoupled_weight_decay = false, maximize = false)
define("NAdam", "lr: rate = 0.002, betas: table?, eps: number = 1e-8, weight_decay: number = 0, momentum_decay: number = 0.004, "
  .. "decoupled_weight_decay: bool = false, maximize: bool = false", {switches = all_but_fused, pairs = betas})

--- optim.RAdam(params, lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, decoupled_weight_decay = false,
-- maximize = false)
define("RAdam", "lr: rate = 0.001, betas: table?, eps: number = 1e-8, weight_decay: number = 0, "
  .. "decoupled_weight_decay: bool = false, maximize: bool = false", {switches = all_but_fused, pairs = betas})

--- optim.Adadelta(params, lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0, maximize = false)
define("Adadelta", "lr: rate = 1, rho: number = 0.9, eps: number = 1e-6, weight_decay: number = 0, maximize: bool = false",
  {switches = all_but_fused})

--- optim.Rprop(params, lr = 0.01, etas = {0.5, 1.2}, step_sizes = {1e-6, 50}, maximize = false)
define("Rprop", "lr: rate = 0.01, etas: table?, step_sizes: table?, maximize: bool = false", {switches = all_but_fused,
  pairs = {etas = {0.5, 1.2}, step_sizes = {1e-6, 50}}, make = composed.new})

--- optim.ASGD(params, lr = 0.01, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0, maximize = false)
define("ASGD", "lr: rate = 0.01, lambd: number = 0.0001, alpha: number = 0.75, t0: number = 1000000.0, "
  .. "weight_decay: number = 0, maximize: bool = false", {switches = all_but_fused, make = composed.new})

--- optim.Adafactor(params, lr = 0.01, beta2_decay = -0.8, eps = {nil, 1e-3}, d = 1, weight_decay = 0, maximize = false)
define("Adafactor", "lr: rate = 0.01, beta2_decay: number = -0.8, eps: table?, d: number = 1.0, weight_decay: number = 0.0, "
  .. "maximize: bool = false", {switches = "foreach", pairs = {eps = {nil, 1e-3}}, make = composed.new})

--- optim.LBFGS(params, lr = 1, max_iter = 20, max_eval = max_iter * 5 // 4, tolerance_grad = 1e-7, tolerance_change = 1e-9,
-- history_size = 100, line_search_fn = nil or "strong_wolfe", maximize = false)
define("LBFGS", "lr: rate = 1, max_iter: number = 20, max_eval: number?, tolerance_grad: number = 1e-7, "
  .. "tolerance_change: number = 1e-9, history_size: number = 100, line_search_fn: string?, maximize: bool = false",
  {switches = "", counts_steps = false, make = lbfgs.new, single = true, minimises = true, complete = function(defaults)
    defaults.max_eval = defaults.max_eval or defaults.max_iter * 5 // 4
  end})

--- optim.SparseAdam: there is no such thing here, and this says so.
function optim.SparseAdam()
  core.raise "optim.SparseAdam: gradients are never sparse here; take optim.Adam, which steps all of a parameter"
end

local function doc_of(name, signature, doc)
  return {name = "optim." .. name, signature = "(params, " .. signature .. ", maximize = false)", doc = doc,
    example = ("local net = ty.nn.Linear(2, 1)\nlocal opt = ty.optim.%s(net:parameters())\n"):format(name)
      .. "net(ty.ones(1, 2)):sum():backward()\nopt:step()"}
end

optim.docs = {
  doc_of("RMSprop", "lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0, centered = false",
    "Gradients over the root of their mean square (Hinton 2012); centered: of their variance."),
  doc_of("Adagrad", "lr = 0.01, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10",
    "Gradients over the root of the sum of their squares so far (Duchi, Hazan and Singer 2011)."),
  doc_of("Adamax", "lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0",
    "Adam by the largest gradient of late rather than the mean square (Kingma and Ba 2014)."),
  doc_of("NAdam", "lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, momentum_decay = 4e-3, "
    .. "decoupled_weight_decay = false", "Adam with Nesterov's momentum (Dozat 2016)."),
  doc_of("RAdam", "lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, decoupled_weight_decay = false",
    "Adam that waits until the mean square can be trusted (Liu and others 2019)."),
  doc_of("Adadelta", "lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0",
    "Steps as large as those of late, relative to the gradients (Zeiler 2012)."),
  doc_of("Rprop", "lr = 0.01, etas = {0.5, 1.2}, step_sizes = {1e-6, 50}",
    "Steps by the sign of the gradient alone, longer while it stays and shorter when it turns (Riedmiller and Braun 1993); for "
    .. "gradients of all the data."),
  doc_of("ASGD", "lr = 0.01, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0",
    "Stochastic gradient descent that averages the parameters after t0 steps, in the state ax (Polyak and Juditsky 1992)."),
  doc_of("Adafactor", "lr = 0.01, beta2_decay = -0.8, eps = {nil, 1e-3}, d = 1.0, weight_decay = 0.0",
    "Adam that keeps the mean squares of rows and columns in place of those of all elements (Shazeer and Stern 2018)."),
  {name = "optim.LBFGS", signature = "(params, lr = 1, max_iter = 20, max_eval = max_iter * 5 // 4, tolerance_grad = 1e-7, "
    .. "tolerance_change = 1e-9, history_size = 100, line_search_fn?, maximize = false)",
    doc = "A quasi-Newton method (Nocedal 1980) for losses of all the data: step(closure) takes up to max_iter steps, calling "
      .. "the closure each time; it is to forget the gradients, compute the loss, call backward, and return the loss. "
      .. "line_search_fn = \"strong_wolfe\" finds lengths of steps. One parameter group alone.",
    example = "local w = ty.tensor({3.0, -2.0}, {requires_grad = true})\n"
      .. "local opt = ty.optim.LBFGS({w}, {line_search_fn = \"strong_wolfe\"})\n"
      .. "opt:step(function()\n  opt:zero_grad()\n  local loss = ((w - 1) ^ 2):sum()\n  loss:backward()\n  return loss\nend)\n"
      .. "print(w:detach())\n--> tensor({1.0000, 1.0000})"},
  {name = "optim.SparseAdam", signature = "()", doc = "PyTorch's Adam for sparse gradients. Gradients are never sparse here, so "
    .. "that this is an error that says so; take optim.Adam.", example = "print(pcall(ty.optim.SparseAdam))"},
  {name = "optim.SGD", signature = "(params, lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0, nesterov = false, "
    .. "maximize = false)", doc = "Stochastic gradient descent. params: a list of tensors, or of groups {params = ..., lr = "
    .. "...}. opt:step() updates, opt:zero_grad() forgets the gradients; opt.param_groups[1].lr may be changed any time.",
    example = "local w = ty.ones(2, {requires_grad = true})\nlocal opt = ty.optim.SGD({w}, {lr = 0.1})\n"
      .. "local loss = (w * w):sum()\nloss:backward()\nopt:step()"},
  {name = "optim.Adam", signature = "(params, lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, amsgrad = "
    .. "false, maximize = false)", doc = "Adam (Kingma and Ba 2014), as PyTorch computes it.",
    example = "local net = ty.nn.Linear(2, 1)\nlocal opt = ty.optim.Adam(net:parameters(), {lr = 1e-3})"},
  {name = "optim.AdamW", signature = "(params, lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0.01, amsgrad = "
    .. "false, maximize = false)", doc = "Adam with decoupled weight decay (Loshchilov and Hutter 2017).",
    example = "local net = ty.nn.Linear(2, 1)\nlocal opt = ty.optim.AdamW(net:parameters())"},
}
optim.swa_utils = require "tycho.optim.swa_utils"(optim.lr_scheduler)
for _, doc in ipairs(optim.lr_scheduler.docs) do optim.docs[#optim.docs + 1] = doc end

return optim
