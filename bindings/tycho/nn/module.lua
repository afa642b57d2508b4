-- Module, the base of all layers and networks, and nn.class, which makes new ones. A module notices what is put into its
-- fields: parameters, buffers and other modules register themselves in the order of their assignment, as in PyTorch.
--
-- An object keeps plain fields in itself, and what registers in three ordered maps beside them (`_parameters`, `_buffers`,
-- `_modules`): so replacing a layer is noticed too. State dicts and copies are in module_state.lua.

local core = require "tycho.core"
local options = require "tycho.options"

local M = {}
local rawget = rawget

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

-- Every access of a layer or parameter comes here; the three maps are always there, so that no raw access is needed.
local function registered(self, key)
  local value = self._parameters.values[key]
  if value ~= nil then return value end
  value = self._modules.values[key]
  if value ~= nil then return value end
  return self._buffers.values[key]
end

-- Whether a name was registered without a value, as a bias that is not there: what is assigned later goes to its map.
local function declared(self, map, key)
  local names = rawget(self, map).declared
  return names ~= nil and names[key] == true
end

local function declare(self, map, key)
  local of = rawget(self, map)
  of.declared = of.declared or {}
  of.declared[key] = true
end

local function assign(self, key, value)
  local parameters, modules, buffers = rawget(self, "_parameters"), rawget(self, "_modules"), rawget(self, "_buffers")
  if type(key) ~= "string" then
    if self._assign_index then return self:_assign_index(key, value) end
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
  elseif core.is_tensor(value) and declared(self, "_buffers", key) then
    ordered_set(buffers, key, value)
  elseif declared(self, "_parameters", key) then
    core.raise(("field '%s' of %s is a parameter: assign an nn.Parameter or nil, got %s"):format(key,
      self:type_name(), options.say(value)))
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
  function meta.__call(self, ...) return (rawget(self, "_call") or class._call)(self, ...) end
  function meta.__tostring(self) return self:_repr() end
  function meta.__len(self) return self:_length() end
  function meta.__pairs(self)
    if self._pairs then return self:_pairs() end
    return next, self, nil
  end
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

function Module:type_name() return class_of[getmetatable(self)]._name end
function Module:_length() core.raise(("%s has no length"):format(self:type_name())) end

-- A name that may be registered: a string without '.', and no field of another kind.
local function check_name(self, what, name, map)
  if type(name) ~= "string" or name == "" or name:find(".", 1, true) then
    core.raise(("%s: the name is a string without '.', got %s"):format(what, options.say(name)))
  end
  local taken = rawget(self, name) ~= nil or type(class_of[getmetatable(self)][name]) == "function"
    or (registered(self, name) ~= nil and rawget(self, map).values[name] == nil)
  if taken then core.raise(("%s: %s has a field '%s' already"):format(what, self:type_name(), name)) end
end

-- Registers a parameter, or nil to keep the name for one to come; `what` is who asks, for messages.
function M.attach_parameter(self, what, name, parameter)
  check_name(self, what, name, "_parameters")
  if parameter ~= nil and not core.is_parameter(parameter) then
    core.raise(("%s: '%s' must be an nn.Parameter, got %s"):format(what, name, options.say(parameter)))
  end
  ordered_set(self._parameters, name, parameter)
  if parameter == nil then declare(self, "_parameters", name) end
end

--- register_parameter(name, parameter or nil)
function Module:register_parameter(name, parameter) M.attach_parameter(self, "register_parameter", name, parameter) end

--- register_buffer(name, tensor or nil, persistent = true): nil keeps the name for a buffer to come.
function Module:register_buffer(name, tensor, persistent)
  if type(persistent) == "table" then persistent = persistent.persistent end
  check_name(self, "register_buffer", name, "_buffers")
  if tensor ~= nil and not core.is_tensor(tensor) then
    core.raise(("register_buffer: '%s' must be a tensor, got %s"):format(name, options.say(tensor)))
  end
  ordered_set(self._buffers, name, tensor)
  if tensor == nil then declare(self, "_buffers", name) end
  local hidden = rawget(self, "_transient") or {}
  rawset(self, "_transient", hidden)
  hidden[name] = persistent == false or nil
end

-- Puts a module below another under a name; `what` is who asks, for messages.
function M.attach(self, what, name, module)
  check_name(self, what, name, "_modules")
  if not is_module(module) then
    core.raise(("%s: '%s' must be a module, got %s"):format(what, name, options.say(module)))
  end
  ordered_set(self._modules, name, module)
end

for _, method in ipairs {"add_module", "register_module"} do
  Module[method] = function(self, name, module) M.attach(self, method, name, module) end
end

-- ---- Walking ----

-- Every module below (self included) with its full name, depth first in order; each once, unless `seen` is false.
local function walk(self, prefix, seen, list)
  if seen and seen[self] then return list end
  if seen then seen[self] = true end
  list[#list + 1] = {prefix, self}
  for _, name in ipairs(self._modules.names) do
    walk(self._modules.values[name], prefix == "" and name or prefix .. "." .. name, seen, list)
  end
  return list
end
M.walk = walk

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

-- {full name, tensor} of one map of all modules; a shared tensor once, unless `every`.
local function collect(self, map, recurse, prefix, every)
  local list, seen = {}, {}
  prefix = prefix or ""
  local modules = recurse == false and {{prefix, self}} or walk(self, prefix, not every and {}, {})
  for _, entry in ipairs(modules) do
    local of, before = rawget(entry[2], map), entry[1]
    for _, name in ipairs(of.names) do
      local tensor = of.values[name]
      if every or not seen[tensor] then
        seen[tensor] = true
        list[#list + 1] = {before == "" and name or before .. "." .. name, tensor}
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

--- parameters(recurse = true): the list of all parameters in order. `for p in net:parameters() do` works as well.
function Module:parameters(recurse)
  if type(recurse) == "table" then recurse = recurse.recurse end
  return values_of(collect(self, "_parameters", recurse))
end
function Module:buffers(recurse)
  if type(recurse) == "table" then recurse = recurse.recurse end
  return values_of(collect(self, "_buffers", recurse))
end

--- named_parameters(prefix = "", recurse = true, remove_duplicate = true): for name, p in net:named_parameters() do ... end
local function named(method, map)
  local parse = options.signature(method, 'prefix: string = "", recurse: bool = true, remove_duplicate: bool = true')
  Module[method] = function(self, ...)
    local prefix, recurse, once = parse(...)
    return pairs_of(collect(self, map, recurse, prefix, not once))
  end
end
named("named_parameters", "_parameters")
named("named_buffers", "_buffers")

--- modules(): the module itself and all below it; children(): those directly below.
function Module:modules() return values_of(walk(self, "", {}, {})) end
local modules_arguments = options.signature("named_modules", 'prefix: string = "", remove_duplicate: bool = true')
function Module:named_modules(...)
  local prefix, once = modules_arguments(...)
  return pairs_of(walk(self, prefix, once and {}, {}))
end

-- {name, module} of the modules directly below; each module once, unless `every`.
local function children(self, every)
  local list, seen = {}, {}
  for _, name in ipairs(self._modules.names) do
    local child = self._modules.values[name]
    if every or not seen[child] then list[#list + 1] = {name, child} end
    seen[child] = true
  end
  return list
end

function Module:children() return values_of(children(self)) end
function Module:named_children() return pairs_of(children(self)) end

-- "a.b.c" -> "a.b", "c"
local function split(path)
  local parent, name = path:match "^(.*)%.([^.]*)$"
  return parent or "", name or path
end

--- get_submodule("block.fc"): the module of that name; "" is the module itself.
function Module:get_submodule(target)
  if type(target) ~= "string" then
    core.raise(("get_submodule: a name is needed, as \"block.fc\", got %s"):format(options.say(target)))
  end
  local module = self
  for part in target:gmatch "[^.]+" do
    local next_module = module._modules.values[part]
    if not next_module then
      core.raise(("get_submodule: %s has no module '%s'"):format(module:type_name(), part))
    end
    module = next_module
  end
  return module
end

--- set_submodule("block.fc", module): puts a module in the place of the one of that name (or into a new one).
function Module:set_submodule(target, module)
  if type(target) ~= "string" or target == "" then
    core.raise(("set_submodule: a name is needed, as \"block.fc\", got %s"):format(options.say(target)))
  end
  local parent, name = split(target)
  M.attach(self:get_submodule(parent), "set_submodule", name, module)
end

--- get_parameter("block.fc.weight"), get_buffer("norm.running_mean"): the tensor of that name.
local function getter(method, map, what)
  Module[method] = function(self, target)
    if type(target) ~= "string" then
      core.raise(("%s: a name is needed, as \"block.fc.weight\", got %s"):format(method, options.say(target)))
    end
    local parent, name = split(target)
    local module = self:get_submodule(parent)
    local tensor = rawget(module, map).values[name]
    if not tensor then core.raise(("%s: %s has no %s '%s'"):format(method, module:type_name(), what, name)) end
    return tensor
  end
end
getter("get_parameter", "_parameters", "parameter")
getter("get_buffer", "_buffers", "buffer")

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

--- to(device), to(dtype), to(device, dtype), to(tensor), to{device =, dtype =}: moves or converts parameters and buffers in
-- place (integer buffers keep their dtype); a tensor stands for its dtype and device.
function Module:to(...)
  local given, non_blocking = {}, false
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if core.is_tensor(value) then
      given[#given + 1] = value.device
      given[#given + 1] = value.dtype
    elseif options.is_options(value) then
      for name in pairs(value) do
        if name ~= "device" and name ~= "dtype" and name ~= "non_blocking" then
          core.raise(("to: unknown option '%s'; known ones are: device, dtype, non_blocking"):format(tostring(name)))
        end
      end
      given[#given + 1] = value.device
      given[#given + 1] = value.dtype
      if value.non_blocking ~= nil then non_blocking = value.non_blocking end
    elseif type(value) == "boolean" then
      non_blocking = value
    else
      given[#given + 1] = value
    end
  end
  for _, value in ipairs(given) do
    local dtype = as_dtype(value)
    if dtype and not dtype.is_floating_point then
      core.raise(("to: parameters must stay floating, got %s"):format(tostring(dtype)))
    end
  end
  return convert(self, function(x)
    for _, value in ipairs(given) do
      if not as_dtype(value) or x.dtype.is_floating_point then x = x:to(value, {non_blocking = non_blocking}) end
    end
    return x
  end)
end

for method, name in pairs {float = "float32", double = "float64", half = "float16", bfloat16 = "bfloat16"} do
  Module[method] = function(self)
    return self:to(core.dtypes[name])
  end
end
function Module:cpu() return self:to "cpu" end
function Module:cuda(device)
  if device == nil then device = "cuda" end
  return self:to(math.type(device) == "integer" and ("cuda:%d"):format(device) or device)
end

--- type(dtype): converts all parameters and buffers, integer ones too.
function Module:type(dtype)
  local wanted = as_dtype(dtype)
  if not wanted then core.raise(("type: a dtype is needed, got %s"):format(options.say(dtype))) end
  if not wanted.is_floating_point and #collect(self, "_parameters") > 0 then
    core.raise(("type: parameters must stay floating, got %s"):format(tostring(wanted)))
  end
  return convert(self, function(x) return x:to(wanted) end)
end

--- to_empty(device): parameters and buffers as new memory without values on a device, for a state that is loaded next.
function Module:to_empty(device)
  if type(device) == "table" then device = device.device end
  return convert(self, function(x) return core.functions.empty_like(x, {device = device or x.device}) end)
end

-- ---- Printing ----

--- extra_repr(): what stands in the parentheses when the module is printed; override it.
function Module:extra_repr() return "" end

local function indent(text) return (text:gsub("\n", "\n  ")) end

function Module:_repr()
  local extra, lines = self:extra_repr(), {}
  for _, entry in ipairs(children(self, true)) do
    lines[#lines + 1] = ("(%s): %s"):format(entry[1], indent(entry[2]:_repr()))
  end
  if #lines == 0 and not extra:find "\n" then return ("%s(%s)"):format(self:type_name(), extra) end
  local head = extra ~= "" and "\n  " .. indent(extra) or ""
  if #lines == 0 then return ("%s(%s\n)"):format(self:type_name(), head) end
  return ("%s(%s\n  %s\n)"):format(self:type_name(), head, table.concat(lines, "\n  "))
end

require "tycho.nn.module_hooks" (M)
require "tycho.nn.module_state" (M)

return M
