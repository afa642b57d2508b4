-- Datasets of the user's own: data.class, its two bases Dataset (examples by position) and IterableDataset (examples one after
-- the other), and what the datasets of this folder share: positions from both ends, and `a + b`.

local core = require "tycho.core"
local options = require "tycho.options"

local class = {}

-- What a function of an example gives, as an example is held: one result as it is, several as a list of them.
local function example_of(...)
  if select("#", ...) == 1 then return (...) end
  return {...}
end

--- A position from 1 to n, counted from the end when negative; an error names the dataset.
function class.position(name, i, n)
  if i == 0 then core.raise(name .. ": indices count from 1") end
  if i > n or i < -n then core.raise(("%s: index %d is out of range, there are %d examples"):format(name, i, n)) end
  return i < 0 and n + 1 + i or i
end

-- a + b, for metatables; set by the file that has ConcatDataset.
class.add = nil
function class.__add(a, b) return class.add {a, b} end

local Dataset = {_name = "Dataset"}
local IterableDataset = {_name = "IterableDataset", _iterable = true}
class.Dataset, class.IterableDataset = Dataset, IterableDataset

--- Whether a dataset gives its examples one after the other.
function class.is_iterable(dataset)
  local meta = getmetatable(dataset)
  return type(meta) == "table" and rawget(meta, "iterable") == true
end

-- The metatable of a class's objects.
local function objects_of(made, base)
  local meta = {__name = made._name, class = made, __add = class.__add, iterable = base == IterableDataset or nil}
  function meta.__index(self, key)
    if math.type(key) ~= "integer" then return made[key] end
    if base == IterableDataset then
      core.raise(("%s: an iterable dataset has no positions; go through it by iter()"):format(made._name))
    end
    return example_of(made.get(self, class.position(made._name, key, #self)))
  end
  function meta.__len(self)
    if not made.len then core.raise(("%s: there is no length; define function %s:len()"):format(made._name, made._name)) end
    return made.len(self)
  end
  return meta
end

local function check_methods(made, base)
  local needed = base == IterableDataset and {"iter"} or {"get", "len"}
  for _, method in ipairs(needed) do
    if type(made[method]) ~= "function" then
      core.raise(("%s: define function %s:%s(%s) before the first object is made"):format(made._name, made._name, method,
        method == "get" and "i" or ""))
    end
  end
end

--- data.class(name, base = data.Dataset): a new class of datasets.
-- For data.Dataset define get(i), i from 1, and len(); for data.IterableDataset define iter(), which gives an iterator, and
-- len() if the length is known. init is what the constructor does. get and the iterator give one or several results.
function class.class(name, base)
  base = base or Dataset
  if type(name) ~= "string" then core.raise(("data.class: a name is needed, got %s"):format(options.say(name))) end
  if type(base) ~= "table" or (base ~= Dataset and base ~= IterableDataset and not base._base) then
    core.raise("data.class: the base must be data.Dataset, data.IterableDataset or a class made by data.class")
  end
  local root = base._base or base
  local made = {_name = name, _base = root}
  local meta = objects_of(made, root)
  return setmetatable(made, {__index = base ~= root and base or nil, __name = "dataset class", __call = function(_, ...)
    check_methods(made, root)
    local self = setmetatable({}, meta)
    if made.init then made.init(self, ...) end
    return self
  end})
end

setmetatable(Dataset, {__call = function()
  core.raise "data.Dataset: make a class of your own: local Mine = data.class(\"Mine\"), with get(i) and len()"
end})

-- data.IterableDataset(make): the examples that the iterator make() gives, made anew for each pass.
local FromIterator = class.class("IterableDataset", IterableDataset)
function FromIterator:init(make)
  local meta = getmetatable(make)
  if type(make) ~= "function" and not (type(meta) == "table" and meta.__call) then
    core.raise(("data.IterableDataset: a function is needed that gives an iterator, got %s"):format(options.say(make)))
  end
  self.make = make
end
function FromIterator:iter() return self.make() end
setmetatable(IterableDataset, {__call = function(_, make) return FromIterator(make) end})

--- An iterator over the examples of an iterable dataset, each as one value.
function class.examples(dataset)
  local f, state, control = dataset:iter()
  return function()
    local results = table.pack(f(state, control))
    control = results[1]
    if control == nil then return nil end
    return example_of(table.unpack(results, 1, results.n))
  end
end

return class
