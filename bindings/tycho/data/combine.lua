-- Datasets made of datasets: ConcatDataset (also a + b), ChainDataset, StackDataset. Where all parts can gather batches in C,
-- so do Concat and Stack.

local core = require "tycho.core"
local batch_method = require "tycho.data.batch_method"
local check_dataset = require "tycho.data.check_dataset"
local class = require "tycho.data.class"
local options = require "tycho.options"

local ty = core.functions

local M = {}

local function check_parts(name, list, iterable)
  if type(list) ~= "table" or core.is_tensor(list) or #list == 0 then
    core.raise(("data.%s: a list of datasets is needed, got %s"):format(name, options.say(list)))
  end
  for i, part in ipairs(list) do
    check_dataset(("data.%s: item %d"):format(name, i), part)
    if class.is_iterable(part) ~= iterable then
      core.raise(("data.%s: item %d %s"):format(name, i, iterable and "is no iterable dataset; for others take ConcatDataset"
        or "is an iterable dataset, which has no positions; take ChainDataset"))
    end
  end
end

local function all_batch(list)
  for _, part in ipairs(list) do
    if not batch_method(part) then return false end
  end
  return true
end

-- ---- One after the other ----

local Concat = {__name = "ConcatDataset"}

-- The part that holds position i, and the position there.
local function locate(self, i)
  local k = 1
  while self.cumulative_sizes[k] < i do k = k + 1 end
  return k, i - (self.cumulative_sizes[k - 1] or 0)
end

function Concat.__index(self, key)
  if math.type(key) ~= "integer" then return Concat[key] end
  local k, at = locate(self, class.position("ConcatDataset", key, #self))
  return self.datasets[k][at]
end
function Concat:__len() return self.cumulative_sizes[#self.cumulative_sizes] end
Concat.__add = class.__add
function Concat:get(i) return table.unpack(self[i]) end

-- Each part gathers its own; then the rows go to their places.
local function concat_batch(self, index)
  local wanted, rows_of, places = index:totable(), {}, {}
  for place, i in ipairs(wanted) do
    local k, at = locate(self, class.position("ConcatDataset", i, #self))
    rows_of[k], places[k] = rows_of[k] or {}, places[k] or {}
    table.insert(rows_of[k], at)
    table.insert(places[k], place)
  end
  local columns, order, count = {}, {}, 0
  for k = 1, #self.datasets do
    if rows_of[k] then
      local parts = table.pack(self.datasets[k]:batch(ty.tensor(rows_of[k])))
      for c = 1, parts.n do
        columns[c] = columns[c] or {}
        table.insert(columns[c], parts[c])
      end
      for _, place in ipairs(places[k]) do
        count = count + 1
        order[place] = count
      end
    end
  end
  order = ty.tensor(order)
  for c, parts in ipairs(columns) do columns[c] = ty.cat(parts, 1):index_select(1, order) end
  return table.unpack(columns)
end

-- As Concat, and gathering batches.
local ConcatBatch = {}
for key, value in pairs(Concat) do ConcatBatch[key] = value end
ConcatBatch.batch = concat_batch
function ConcatBatch.__index(self, key)
  if key == "batch" then return concat_batch end
  return Concat.__index(self, key)
end

--- data.ConcatDataset(datasets): one dataset after the other. a + b is the same of two.
function M.ConcatDataset(list)
  check_parts("ConcatDataset", list, false)
  local sizes, total = {}, 0
  for i, part in ipairs(list) do
    total = total + #part
    sizes[i] = total
  end
  return setmetatable({datasets = table.move(list, 1, #list, 1, {}), cumulative_sizes = sizes},
    all_batch(list) and ConcatBatch or Concat)
end
class.add = M.ConcatDataset

-- ---- Iterable ones, one after the other ----

local Chain = class.class("ChainDataset", class.IterableDataset)
function Chain:init(list)
  check_parts("ChainDataset", list, true)
  self.datasets = table.move(list, 1, #list, 1, {})
end
function Chain:iter()
  local k, next_example = 0, function() end
  return function()
    local value = next_example()
    while value == nil do
      k = k + 1
      if not self.datasets[k] then return nil end
      next_example = class.examples(self.datasets[k])
      value = next_example()
    end
    return value
  end
end
function Chain:len()
  local total = 0
  for _, part in ipairs(self.datasets) do total = total + #part end
  return total
end

--- data.ChainDataset(datasets): iterable datasets, one after the other.
function M.ChainDataset(list) return Chain(list) end

-- ---- Side by side ----

local Stack = {__name = "StackDataset"}

function Stack.__index(self, key)
  if math.type(key) ~= "integer" then return Stack[key] end
  local i, example = class.position("StackDataset", key, #self), {}
  for name, part in pairs(self.datasets) do example[name] = part[i] end
  return example
end
function Stack:__len() return self.count end
Stack.__add = class.__add

--- data.StackDataset(a, b, ...) or {name = a, ...}: examples of several datasets of one length side by side, as a list or a
-- table by name.
function M.StackDataset(...)
  local first = ...
  local named = select("#", ...) == 1 and options.is_options(first)
  local datasets, list = {}, {}
  if named then
    for name, part in pairs(first) do
      datasets[name] = part
      list[#list + 1] = part
    end
  else
    list = {...}
    datasets = list
    for i = 1, select("#", ...) do
      if list[i] == nil then core.raise(("data.StackDataset: dataset %d is nil"):format(i)) end
    end
  end
  if #list == 0 then core.raise "data.StackDataset: at least one dataset is needed" end
  check_parts("StackDataset", list, false)
  for _, part in ipairs(list) do
    if #part ~= #list[1] then
      core.raise(("data.StackDataset: the datasets differ in length: %d and %d"):format(#list[1], #part))
    end
  end
  return setmetatable({datasets = datasets, count = #list[1]}, Stack)
end

return M
