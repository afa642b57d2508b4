-- Module, the base of all layers and networks, and nn.class, which makes new ones. A module notices what is put into its
-- fields: parameters, buffers and other modules register themselves in the order of their assignment, as in PyTorch.
--
-- An object keeps plain fields in itself, and what registers in three ordered maps beside them (`_parameters`, `_buffers`,
-- `_modules`): so replacing a layer is noticed too.

local core = require "tycho.core"
local options = require "tycho.options"

local M = {}

-- ---- Ordered maps: name -> value, with the order of the names ----

local function ordered() return {names = {}, values = {}} end

local function ordered_set(map, name, value)
  if map.values[name] == nil then
    if value == nil then return end
    map.names[#map.names + 1] = name
  end
  map.values[name] = value
  if value == nil then
    for i, other in ipairs(map.names) do
      if other == name then
        table.remove(map.names, i)
        break
      end
    end
  end
end

-- ---- Classes ----

local class_of = setmetatable({}, {__mode = "k"}) -- metatable of objects -> class

local function is_module(value)
  if type(value) ~= "table" then return false end
  local meta = getmetatable(value)
  return meta ~= nil and class_of[meta] ~= nil
end
M.is_module = is_module

local function registered(self, key)
  local value = rawget(self, "_parameters").values[key]
  if value ~= nil then return value end
  value = rawget(self, "_modules").values[key]
  if value ~= nil then return value end
  return rawget(self, "_buffers").values[key]
end

local function assign(self, key, value)
  local parameters, modules, buffers = rawget(self, "_parameters"), rawget(self, "_modules"), rawget(self, "_buffers")
  if type(key) ~= "string" then
    rawset(self, key, value)
  elseif core.is_parameter(value) then
    ordered_set(modules, key, nil)
    ordered_set(buffers, key, nil)
    ordered_set(parameters, key, value)
  elseif is_module(value) then
    if value == self then core.raise(("a module cannot hold itself (field '%s')"):format(key)) end
    ordered_set(parameters, key, nil)
    ordered_set(buffers, key, nil)
    ordered_set(modules, key, value)
  elseif value == nil then
    ordered_set(parameters, key, nil)
    ordered_set(modules, key, nil)
    ordered_set(buffers, key, nil)
    rawset(self, key, nil)
  elseif parameters.values[key] ~= nil then
    core.raise(("field '%s' of %s is a parameter: assign an nn.Parameter or nil, got %s"):format(key,
      self:type_name(), options.say(value)))
  elseif modules.values[key] ~= nil then
    core.raise(("field '%s' of %s is a module: assign a module or nil, got %s"):format(key, self:type_name(),
      options.say(value)))
  elseif buffers.values[key] ~= nil then
    if not core.is_tensor(value) then
      core.raise(("field '%s' of %s is a buffer: assign a tensor or nil, got %s"):format(key, self:type_name(),
        options.say(value)))
    end
    ordered_set(buffers, key, value)
  else
    rawset(self, key, value)
  end
end

--- nn.class(name, base): a new class of modules. Define `init` (what the constructor does) and `forward`.
--   local Net = nn.class "Net"
--   function Net:init(hidden) self.fc = nn.Linear(784, hidden) end
--   function Net:forward(x) return self.fc(x) end
--   local net = Net(128)
function M.class(name, base)
  if type(name) ~= "string" or name == "" then core.raise "nn.class: the name of the class is needed: nn.class \"Net\"" end
  base = base or M.Module
  if base ~= nil and not (type(base) == "table" and rawget(base, "_instances")) then
    core.raise(("nn.class: the base of '%s' must be a module class, got %s"):format(name, options.say(base)))
  end
  local class = {_name = name, _base = base}
  local meta = {__name = name}
  class._instances = meta
  class_of[meta] = class
  function meta.__index(self, key)
    local value = registered(self, key)
    if value ~= nil then return value end
    value = class[key]
    if value == nil and class._index then return class._index(self, key) end
    return value
  end
  meta.__newindex = assign
  function meta.__call(self, ...) return self:_call(...) end
  function meta.__tostring(self) return self:_repr() end
  function meta.__len(self) return self:_length() end
  function meta.__complete(self)
    local names = {}
    for _, map in ipairs {"_parameters", "_modules", "_buffers"} do
      for _, field in ipairs(rawget(self, map).names) do names[#names + 1] = field end
    end
    for field in next, self do
      if type(field) == "string" and field:sub(1, 1) ~= "_" then names[#names + 1] = field end
    end
    local from = class
    while from do
      for field in next, from do
        if type(field) == "string" and field:sub(1, 1) ~= "_" then names[#names + 1] = field end
      end
      from = rawget(from, "_base")
    end
    return names
  end
  return setmetatable(class, {
    __name = "module class",
    __index = base,
    __tostring = function() return ("module class %s"):format(name) end,
    __call = function(self, ...)
      local object = setmetatable({_parameters = ordered(), _buffers = ordered(), _modules = ordered(), training = true}, meta)
      self.init(object, ...)
      return object
    end,
  })
end

local parameter_arguments = options.signature("nn.Parameter", "data: tensor, requires_grad: bool = true")

--- nn.Parameter(data, requires_grad = true): a tensor that a module registers as a parameter. Shares the memory.
function M.Parameter(...) return core.Parameter(parameter_arguments(...)) end

-- ---- Module ----

local Module = M.class "Module"
M.Module = Module

--- What the constructor does; override it. The arguments are those of the call Net(...).
function Module:init() end

--- What the module computes; override it. Called by net(x).
function Module:forward()
  core.raise(("%s has no forward method: define function %s:forward(x) ... end"):format(self:type_name(), self:type_name()))
end

function Module:_call(...) return self:forward(...) end
function Module:type_name() return class_of[getmetatable(self)]._name end
function Module:_length() core.raise(("%s has no length"):format(self:type_name())) end

--- register_parameter(name, parameter or nil), register_buffer(name, tensor, {persistent = true}), add_module(name, module).
local function check_name(method, what, name)
  if type(name) ~= "string" or name == "" or name:find(".", 1, true) then
    core.raise(("%s: the name of a %s is a string without '.', got %s"):format(method, what, options.say(name)))
  end
end

function Module:register_parameter(name, parameter)
  check_name("register_parameter", "parameter", name)
  if parameter ~= nil and not core.is_parameter(parameter) then
    core.raise(("register_parameter: '%s' must be an nn.Parameter, got %s"):format(name, options.say(parameter)))
  end
  ordered_set(self._parameters, name, parameter)
end

function Module:register_buffer(name, tensor, persistent)
  if type(persistent) == "table" then persistent = persistent.persistent end
  check_name("register_buffer", "buffer", name)
  if not core.is_tensor(tensor) then
    core.raise(("register_buffer: '%s' must be a tensor, got %s"):format(name, options.say(tensor)))
  end
  ordered_set(self._buffers, name, tensor)
  if persistent == false then
    local hidden = rawget(self, "_transient") or {}
    rawset(self, "_transient", hidden)
    hidden[name] = true
  end
end

for _, method in ipairs {"add_module", "register_module"} do
  Module[method] = function(self, name, module)
    check_name(method, "module", name)
    if not is_module(module) then
      core.raise(("%s: '%s' must be a module, got %s"):format(method, name, options.say(module)))
    end
    ordered_set(self._modules, name, module)
  end
end

-- ---- Walking ----

-- Every module below (self included) once, with its full name, depth first in order.
local function walk(self, prefix, seen, list)
  if seen[self] then return list end
  seen[self] = true
  list[#list + 1] = {prefix, self}
  for _, name in ipairs(self._modules.names) do
    walk(self._modules.values[name], prefix == "" and name or prefix .. "." .. name, seen, list)
  end
  return list
end

-- A list that can also be called by a `for`: for p in net:parameters() do ... end
local function iterable(list)
  local i = 0
  return setmetatable(list, {__call = function()
    i = i + 1
    if list[i] == nil then i = 0 end
    return list[i]
  end})
end

local function pairs_of(list)
  local i = 0
  return function()
    i = i + 1
    if list[i] then return list[i][1], list[i][2] end
  end
end

-- {full name, tensor} of one map of all modules; a shared tensor once.
local function collect(self, map, recurse)
  local list, seen = {}, {}
  local modules = recurse == false and {{"", self}} or walk(self, "", {}, {})
  for _, entry in ipairs(modules) do
    local prefix, module = entry[1], entry[2]
    local of = rawget(module, map)
    for _, name in ipairs(of.names) do
      local tensor = of.values[name]
      if not seen[tensor] then
        seen[tensor] = true
        list[#list + 1] = {prefix == "" and name or prefix .. "." .. name, tensor, module}
      end
    end
  end
  return list
end

local function values_of(list)
  local values = {}
  for i, entry in ipairs(list) do values[i] = entry[2] end
  return iterable(values)
end

--- parameters(): the list of all parameters in order. `for p in net:parameters() do` works as well.
function Module:parameters(recurse) return values_of(collect(self, "_parameters", recurse)) end
--- named_parameters(): for name, p in net:named_parameters() do ... end
function Module:named_parameters(recurse) return pairs_of(collect(self, "_parameters", recurse)) end
function Module:buffers(recurse) return values_of(collect(self, "_buffers", recurse)) end
function Module:named_buffers(recurse) return pairs_of(collect(self, "_buffers", recurse)) end
--- modules(): the module itself and all below it; children(): those directly below.
function Module:modules() return values_of(walk(self, "", {}, {})) end
function Module:named_modules() return pairs_of(walk(self, "", {}, {})) end

local function children(self)
  local list = {}
  for i, name in ipairs(self._modules.names) do list[i] = {name, self._modules.values[name]} end
  return list
end

function Module:children() return values_of(children(self)) end
function Module:named_children() return pairs_of(children(self)) end

--- get_submodule("block.fc"): the module of that name.
function Module:get_submodule(name)
  if type(name) ~= "string" then
    core.raise(("get_submodule: the name of a module (a string) is needed, got %s"):format(options.say(name)))
  end
  local module = self
  for part in name:gmatch "[^.]+" do
    local next_module = module._modules.values[part]
    if not next_module then
      core.raise(("get_submodule: %s has no module '%s'"):format(module:type_name(), part))
    end
    module = next_module
  end
  return module
end

--- apply(f): calls f with every module below, then the module itself; gives the module back.
function Module:apply(f)
  if not options.is_callable(f) then
    core.raise(("apply: a function is needed, which is called with every module, got %s"):format(options.say(f)))
  end
  for _, entry in ipairs(children(self)) do entry[2]:apply(f) end
  f(self)
  return self
end

-- ---- Modes, gradients, dtype and device ----

--- train(mode = true), eval(): whether layers as Dropout behave as in training.
function Module:train(mode)
  if mode == nil then mode = true end
  if type(mode) ~= "boolean" then core.raise(("train: true or false is needed, got %s"):format(options.say(mode))) end
  for _, entry in ipairs(walk(self, "", {}, {})) do rawset(entry[2], "training", mode) end
  return self
end

function Module:eval() return self:train(false) end

--- zero_grad(set_to_none = true): forgets the gradients of all parameters.
function Module:zero_grad(set_to_none)
  if type(set_to_none) == "table" then set_to_none = set_to_none.set_to_none end
  for _, entry in ipairs(collect(self, "_parameters")) do
    local parameter = entry[2]
    if set_to_none == false and parameter.grad then
      parameter.grad = parameter.grad:detach():zero_()
    else
      parameter.grad = nil
    end
  end
end

--- requires_grad_(requires_grad = true): for all parameters.
function Module:requires_grad_(requires_grad)
  if requires_grad == nil then requires_grad = true end
  if type(requires_grad) ~= "boolean" then
    core.raise(("requires_grad_: true or false is needed, got %s"):format(options.say(requires_grad)))
  end
  for _, entry in ipairs(collect(self, "_parameters")) do entry[2].requires_grad = requires_grad end
  return self
end

-- Parameters keep their identity: an optimiser that holds them goes on with them.
local function convert(self, change)
  for _, entry in ipairs(walk(self, "", {}, {})) do
    local module = entry[2]
    for _, name in ipairs(module._parameters.names) do
      local parameter = module._parameters.values[name]
      local grad = parameter.grad
      parameter.grad = nil
      parameter.data = change(parameter:detach())
      if grad then parameter.grad = change(grad:detach()) end
    end
    for _, name in ipairs(module._buffers.names) do
      module._buffers.values[name] = change(module._buffers.values[name])
    end
  end
  return self
end

-- The dtype that a value names; nil when it names none.
local function as_dtype(value)
  if type(value) == "string" then return core.dtypes[value] end
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__name == "dtype" and value or nil
end

--- to(device or dtype): moves or converts parameters and buffers in place (integer buffers keep their dtype).
function Module:to(...)
  local given = {...}
  for _, value in ipairs(given) do
    local dtype = core.is_tensor(value) and value.dtype or as_dtype(value)
    if dtype and not dtype.is_floating_point then
      core.raise(("to: parameters must stay floating, got %s"):format(tostring(dtype)))
    end
  end
  return convert(self, function(x)
    for _, value in ipairs(given) do
      if not as_dtype(value) or x.dtype.is_floating_point then x = x:to(value) end
    end
    return x
  end)
end

function Module:float() return self:to(core.dtypes.float32) end
function Module:double() return self:to(core.dtypes.float64) end
function Module:half() return self:to(core.dtypes.float16) end
function Module:bfloat16() return self:to(core.dtypes.bfloat16) end
function Module:cpu() return self:to "cpu" end
function Module:cuda() return self:to "cuda" end

-- ---- State ----

--- state_dict(): parameters and buffers by full name, in order, as torch.save stores them; the memory is shared.
function Module:state_dict()
  local state = require "tycho.ordered_dict" ()
  for _, entry in ipairs(walk(self, "", {}, {})) do
    local prefix, module = entry[1] == "" and "" or entry[1] .. ".", entry[2]
    for _, map in ipairs {"_parameters", "_buffers"} do
      local of, hidden = rawget(module, map), rawget(module, "_transient") or {}
      for _, name in ipairs(of.names) do
        if not (map == "_buffers" and hidden[name]) then state[prefix .. name] = of.values[name]:detach() end
      end
    end
  end
  return state
end

local function shape_text(x) return "{" .. table.concat(x.shape, ", ") .. "}" end

--- load_state_dict(state, {strict = true}): copies the values in. All that does not fit is told at once: missing and
-- unexpected names, and shapes that differ. With strict = false names may miss; shapes must agree all the same.
function Module:load_state_dict(state, strict)
  if type(strict) == "table" then strict = strict.strict end
  if strict == nil then strict = true end
  if type(state) ~= "table" then
    core.raise(("load_state_dict: a state dict (a table of tensors by name) is needed, got %s"):format(options.say(state)))
  end
  local own, missing, unexpected, wrong = self:state_dict(), {}, {}, {}
  for name, value in pairs(own) do
    local given = state[name]
    if given == nil then
      missing[#missing + 1] = name
    elseif not core.is_tensor(given) then
      wrong[#wrong + 1] = ("'%s' is %s, not a tensor"):format(name, options.say(given))
    elseif shape_text(given) ~= shape_text(value) then
      wrong[#wrong + 1] = ("size mismatch for %s: copying a tensor with shape %s from the state dict, the shape in this model "
        .. "is %s"):format(name, shape_text(given), shape_text(value))
    end
  end
  for name in pairs(state) do
    if own[name] == nil then unexpected[#unexpected + 1] = tostring(name) end
  end
  local complaints = {}
  if strict then
    local function quoted(list) return '"' .. table.concat(list, '", "') .. '"' end
    if #unexpected > 0 then complaints[1] = "Unexpected key(s) in state_dict: " .. quoted(unexpected) .. "." end
    if #missing > 0 then complaints[#complaints + 1] = "Missing key(s) in state_dict: " .. quoted(missing) .. "." end
  end
  for _, line in ipairs(wrong) do complaints[#complaints + 1] = line end
  if #complaints > 0 then
    core.raise(("load_state_dict: the state does not fit into %s:\n\t%s"):format(self:type_name(),
      table.concat(complaints, "\n\t")))
  end
  local was = core.set_grad_enabled(false)
  local ok, message = pcall(function()
    for name, value in pairs(own) do
      if state[name] ~= nil then value:copy_(state[name]) end
    end
  end)
  core.set_grad_enabled(was)
  if not ok then error(message, 0) end
  return {missing_keys = missing, unexpected_keys = unexpected}
end

-- ---- Printing ----

--- extra_repr(): what stands in the parentheses when the module is printed; override it.
function Module:extra_repr() return "" end

local function indent(text) return (text:gsub("\n", "\n  ")) end

function Module:_repr()
  local extra, lines = self:extra_repr(), {}
  for _, entry in ipairs(children(self)) do
    lines[#lines + 1] = ("(%s): %s"):format(entry[1], indent(entry[2]:_repr()))
  end
  if #lines == 0 then return ("%s(%s)"):format(self:type_name(), extra) end
  local head = extra ~= "" and "\n  " .. extra or ""
  return ("%s(%s\n  %s\n)"):format(self:type_name(), head, table.concat(lines, "\n  "))
end

return M
