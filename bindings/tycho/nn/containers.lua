-- Modules that hold modules: Sequential.

local core = require "tycho.core"
local module = require "tycho.nn.module"
local options = require "tycho.options"

local containers = {}

local Sequential = module.class "Sequential"
containers.Sequential = Sequential

local function add(self, name, child)
  if not module.is_module(child) then
    core.raise(("nn.Sequential: '%s' must be a module, got %s"):format(name, options.say(child)))
  end
  self:add_module(name, child)
end

--- nn.Sequential(a, b, ...), or by name: nn.Sequential{{"fc1", a}, {"relu", b}} (an OrderedDict works as well).
-- Children are net[1], net[2], ..., net[-1], and net.fc1 when named; #net is their number. In state dicts the positions are
-- "0", "1", ... as PyTorch writes them.
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

function Sequential:_length() return #self._modules.names end

function Sequential:_index(key)
  local names, values = self._modules.names, self._modules.values
  if math.type(key) == "integer" then
    if key == 0 then core.raise "nn.Sequential: indices count from 1" end
    return values[names[key > 0 and key or #names + 1 + key]]
  elseif type(key) == "table" and math.type(key[1]) == "integer" then -- net[{from, to}]
    local part = Sequential()
    local from, to = key[1], key[2] or #names
    if from < 0 then from = #names + 1 + from end
    if to < 0 then to = #names + 1 + to end
    for i = from, math.min(to, #names) do part:add_module(names[i], values[names[i]]) end
    return part
  end
  return nil
end

--- append(module): one more child at the end.
function Sequential:append(child)
  add(self, tostring(#self._modules.names), child)
  return self
end

return containers
