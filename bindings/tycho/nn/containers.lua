-- Modules that hold modules, in a row or by name: Sequential, ModuleList, ModuleDict; and parameters: ParameterList,
-- ParameterDict. Places count from 1; in state dicts they are "0", "1", ... as PyTorch writes them.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"

local containers = {}

-- ---- What lists have in common ----

local function add(self, name, child) module.attach(self, "nn." .. self:type_name(), name, child) end

-- A list of what is held: a Lua list or another container of the kind. `fits` tells an item, `what` says what it should be.
local function list_of(name, values, fits, what)
  local meta = getmetatable(values)
  if type(values) ~= "table" or fits(values) and not values._list then
    core.raise(("%s: a list of %s is needed, got %s"):format(name, what, options.say(values)))
  end
  local list = {}
  if meta and values._list then
    for i, value in ipairs(values:_list()) do list[i] = value end
    return list
  end
  for i = 1, #values do
    if not fits(values[i]) then
      core.raise(("%s: item %d must be one of %s, got %s"):format(name, i, what, options.say(values[i])))
    end
    list[i] = values[i]
  end
  return list
end

-- The place that a key counts, from 1 to `most`; nil where there is nothing.
local function place(self, key, count, most)
  if math.type(key) ~= "integer" then
    core.raise(("nn.%s: places are whole numbers, got %s"):format(self:type_name(), options.say(key)))
  end
  if key == 0 then core.raise(("nn.%s: indices count from 1"):format(self:type_name())) end
  if key < 0 then key = count + 1 + key end
  return key >= 1 and key <= (most or count) and key or nil
end

-- The same, but what is not there is an error.
local function held(self, key, count, most)
  local at = place(self, key, count, most)
  if not at then
    core.raise(("nn.%s: there is no item %d; it holds %d"):format(self:type_name(), key, count))
  end
  return at
end

-- First and last of a range {from, to} with step, clipped to what is there.
local function range(self, key, count)
  local from, to, step = key[1], key[2] or -1, key[3] or 1
  if math.type(from) ~= "integer" or math.type(to) ~= "integer" or math.type(step) ~= "integer" or step < 1 then
    core.raise(("nn.%s: a range is {from, to} or {from, to, step}, of whole numbers"):format(self:type_name()))
  end
  if from == 0 or to == 0 then core.raise(("nn.%s: indices count from 1"):format(self:type_name())) end
  if from < 0 then from = math.max(count + 1 + from, 1) end
  if to < 0 then to = count + 1 + to end
  return from, math.min(to, count), step
end

-- ---- Modules in a row ----

local Row = module.class "_ModuleRow"

function Row:_length() return #self._modules.names end

function Row:_list()
  local list = {}
  for i, name in ipairs(self._modules.names) do list[i] = self._modules.values[name] end
  return list
end

local function next_item(self, i)
  local value = self[i + 1]
  if value ~= nil then return i + 1, value end
end

function Row:_pairs() return next_item, self, 0 end

function Row:_index(key)
  local names, values = self._modules.names, self._modules.values
  if math.type(key) == "integer" then
    local at = place(self, key, #names)
    return at and values[names[at]]
  elseif type(key) == "table" and math.type(key[1]) == "integer" then -- net[{from, to}]
    local part = self:_part()
    local from, to, step = range(self, key, #names)
    for i = from, to, step do add(part, self:_named() and names[i] or tostring(#part), values[names[i]]) end
    return part
  end
  return nil
end

-- Whether names are more than places.
function Row:_named()
  for i, name in ipairs(self._modules.names) do
    if name ~= tostring(i - 1) then return true end
  end
  return false
end

-- Puts a list of modules in the place of all.
function Row:_refill(list)
  local map = self._modules
  map.names, map.values = {}, {}
  for i, child in ipairs(list) do add(self, tostring(i - 1), child) end
end

-- Names are made anew after a change in the middle, so they must be places.
function Row:_renumbered(change)
  if self:_named() then
    core.raise(("nn.%s: its modules have names, so places cannot be moved; change them by name"):format(self:type_name()))
  end
  local list = self:_list()
  local result = change(list)
  self:_refill(list)
  return result
end

function Row:_assign_index(key, child)
  local names = self._modules.names
  local at = held(self, key, #names)
  if child ~= nil then
    add(self, names[at], child)
  elseif self:_named() then
    self[names[at]] = nil
  else
    self:_renumbered(function(list) table.remove(list, at) end)
  end
end

--- append(module): one more at the end.
function Row:append(child)
  add(self, tostring(#self._modules.names), child)
  return self
end

--- extend(list): several more.
function Row:extend(list)
  for _, child in ipairs(list_of(("nn.%s"):format(self:type_name()), list, module.is_module, "modules")) do self:append(child) end
  return self
end

--- insert(index, module): before the one at index.
function Row:insert(index, child)
  if not module.is_module(child) then
    core.raise(("nn.%s: a module is needed to insert, got %s"):format(self:type_name(), options.say(child)))
  end
  local count = #self._modules.names
  local at = index == count + 1 and index or held(self, index, count)
  self:_renumbered(function(list) table.insert(list, at, child) end)
  return self
end

--- pop(index = -1): takes one out and gives it.
function Row:pop(index)
  local at = held(self, index == nil and -1 or index, #self._modules.names)
  local child = self[at]
  self[at] = nil
  return child
end

-- ---- Sequential ----

local Sequential = module.class("Sequential", Row)
containers.Sequential = Sequential
function Sequential._part() return Sequential() end

--- nn.Sequential(a, b, ...), or by name: nn.Sequential{{"fc1", a}, {"relu", b}} (an OrderedDict works as well).
-- Children are net[1], net[2], ..., net[-1], net[{1, 2}], and net.fc1 when named; #net is their number.
function Sequential:init(...)
  local first = ...
  local meta = getmetatable(first)
  if select("#", ...) == 1 and type(first) == "table" and not module.is_module(first) then
    if meta and meta.__name == "OrderedDict" then
      for name, child in pairs(first) do add(self, name, child) end
      return
    end
    if #first == 0 and next(first) ~= nil then
      core.raise("nn.Sequential: a table with names has no order; give pairs: nn.Sequential{{\"fc1\", nn.Linear(2, 1)}, ...}")
    end
    for i, child in ipairs(first) do
      if type(child) == "table" and not module.is_module(child) then
        if type(child[1]) ~= "string" then
          core.raise(("nn.Sequential: item %d must be a module or a pair {name, module}"):format(i))
        end
        add(self, child[1], child[2])
      else
        add(self, tostring(i - 1), child)
      end
    end
    return
  end
  for i, child in ipairs {...} do add(self, tostring(i - 1), child) end
end

function Sequential:forward(...)
  local names, values = self._modules.names, self._modules.values
  if #names == 0 then return ... end
  local function go(i, ...)
    if i > #names then return ... end
    return go(i + 1, values[names[i]](...))
  end
  return go(1, ...)
end

-- ---- ModuleList ----

local ModuleList = module.class("ModuleList", Row)
containers.ModuleList = ModuleList
function ModuleList._part() return ModuleList() end

--- nn.ModuleList{a, b, ...}: modules in a list that registers them. list[1], list[-1], list[{1, 2}], #list, ipairs(list).
function ModuleList:init(list, ...)
  if select("#", ...) > 0 then core.raise "nn.ModuleList: one list of modules is needed: nn.ModuleList{a, b}" end
  if list ~= nil then self:extend(list) end
end

-- Neighbours that print alike are one line.
function ModuleList:_repr()
  local lines, list = {}, self:_list()
  local i = 1
  while i <= #list do
    local text, last = list[i]:_repr(), i
    while list[last + 1] and list[last + 1]:_repr() == text do last = last + 1 end
    local head = last > i and ("(%d-%d): %d x "):format(i - 1, last - 1, last - i + 1) or ("(%d): "):format(i - 1)
    lines[#lines + 1] = head .. text:gsub("\n", "\n  ")
    i = last + 1
  end
  if #lines == 0 then return "ModuleList()" end
  return "ModuleList(\n  " .. table.concat(lines, "\n  ") .. "\n)"
end

-- ---- By name ----

-- {name, value} of a table of names, in order: of pairs as they come, of a plain table sorted.
local function entries_of(name, values)
  local meta, list = getmetatable(values), {}
  if type(values) ~= "table" or module.is_module(values) and not values._pairs then
    core.raise(("%s: a table by name is needed, got %s"):format(name, options.say(values)))
  end
  if meta and (meta.__name == "OrderedDict" or values._pairs) then
    for key, value in pairs(values) do list[#list + 1] = {key, value} end
  elseif #values > 0 then
    for i, pair in ipairs(values) do
      if type(pair) ~= "table" or type(pair[1]) ~= "string" then
        core.raise(("%s: item %d must be a pair {name, value}"):format(name, i))
      end
      list[i] = {pair[1], pair[2]}
    end
  else
    for key, value in next, values do list[#list + 1] = {key, value} end
    table.sort(list, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  end
  return list
end

-- Methods of a class whose items are the values of one of the ordered maps.
local function by_name(class, map)
  function class:_length() return #rawget(self, map).names end
  function class:_pairs()
    local of, i = rawget(self, map), 0
    return function()
      i = i + 1
      local name = of.names[i]
      if name ~= nil then return name, of.values[name] end
    end
  end
  function class:keys() return table.move(rawget(self, map).names, 1, #self, 1, {}) end
  function class:values()
    local list = {}
    for _, value in pairs(self) do list[#list + 1] = value end
    return list
  end
  function class:items() return self:_pairs() end
  function class:contains(key) return rawget(self, map).values[key] ~= nil end
  function class:clear()
    for _, key in ipairs(self:keys()) do self[key] = nil end
  end
  function class:pop(key)
    local value = rawget(self, map).values[key]
    if value == nil then core.raise(("nn.%s: there is no '%s'"):format(self:type_name(), tostring(key))) end
    self[key] = nil
    return value
  end
  function class:update(values)
    for _, entry in ipairs(entries_of("nn." .. self:type_name(), values)) do self:_put(entry[1], entry[2]) end
    return self
  end
  function class:init(values)
    if values ~= nil then self:update(values) end
  end
  function class:_assign_index(key)
    core.raise(("nn.%s: names are strings, got %s"):format(self:type_name(), options.say(key)))
  end
end

local ModuleDict = module.class "ModuleDict"
containers.ModuleDict = ModuleDict
by_name(ModuleDict, "_modules")
ModuleDict._put = add

-- ---- Parameters ----

-- How a list or a dict of parameters prints.
local function parameters_repr(list)
  local lines = {}
  for i, entry in ipairs(list) do
    local x = entry[2]
    local device = tostring(x.device)
    lines[i] = ("  (%s): Parameter containing: [%s of size %s%s]"):format(entry[1], tostring(x.dtype), table.concat(x.shape, "x"),
      device ~= "cpu" and " (" .. device .. ")" or "")
  end
  return table.concat(lines, "\n")
end

-- A tensor as a parameter; others are refused.
local function as_parameter(self, value)
  if core.is_parameter(value) then return value end
  if not core.is_tensor(value) then
    core.raise(("nn.%s: a tensor is needed, got %s"):format(self:type_name(), options.say(value)))
  end
  return core.Parameter(value)
end

local ParameterList = module.class "ParameterList"
containers.ParameterList = ParameterList

--- nn.ParameterList{a, b, ...}: tensors in a list that registers them as parameters.
function ParameterList:init(list)
  if list ~= nil then self:extend(list) end
end

function ParameterList:_length() return #self._parameters.names end
function ParameterList:_pairs() return next_item, self, 0 end
function ParameterList:_list()
  local list = {}
  for i, name in ipairs(self._parameters.names) do list[i] = self._parameters.values[name] end
  return list
end

function ParameterList:_index(key)
  local values, count = self._parameters.values, #self._parameters.names
  if math.type(key) == "integer" then
    local at = place(self, key, count)
    return at and values[tostring(at - 1)]
  elseif type(key) == "table" and math.type(key[1]) == "integer" then
    local part = ParameterList()
    local from, to, step = range(self, key, count)
    for i = from, to, step do part:append(values[tostring(i - 1)]) end
    return part
  end
  return nil
end

function ParameterList:_assign_index(key, value)
  self[tostring(held(self, key, #self) - 1)] = as_parameter(self, value)
end

function ParameterList:append(value)
  self[tostring(#self)] = as_parameter(self, value)
  return self
end

function ParameterList:extend(list)
  for _, value in ipairs(list_of("nn.ParameterList", list, core.is_tensor, "tensors")) do self:append(value) end
  return self
end

--- pop(index = -1): takes one out and gives it.
function ParameterList:pop(index)
  local list = self:_list()
  local value = table.remove(list, held(self, index == nil and -1 or index, #list))
  local map = self._parameters
  map.names, map.values = {}, {}
  self:extend(list)
  return value
end

function ParameterList:extra_repr()
  local list = {}
  for i, value in ipairs(self:_list()) do list[i] = {tostring(i - 1), value} end
  return parameters_repr(list)
end

local ParameterDict = module.class "ParameterDict"
containers.ParameterDict = ParameterDict
by_name(ParameterDict, "_parameters")

function ParameterDict:_put(key, value)
  module.attach_parameter(self, "nn.ParameterDict", key, as_parameter(self, value))
end

--- get(key, default), setdefault(key, default): the parameter of a name, or else the default (which setdefault puts in).
function ParameterDict:get(key, default)
  local value = self._parameters.values[key]
  if value == nil then return default end
  return value
end

function ParameterDict:setdefault(key, default)
  if not self:contains(key) then self:_put(key, default) end
  return self:get(key)
end

function ParameterDict:extra_repr()
  local list = {}
  for key, value in pairs(self) do list[#list + 1] = {key, value} end
  return parameters_repr(list)
end

return containers
