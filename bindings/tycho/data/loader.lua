-- DataLoader: batches of a dataset, in order or shuffled, drawn from the random generator exactly as PyTorch's DataLoader
-- draws: the same seed gives the same order.

local core = require "tycho.core"
local batch_method = require "tycho.data.batch_method"
local check_dataset = require "tycho.data.check_dataset"
local options = require "tycho.options"
local ty = core.functions

local DataLoader = {__name = "DataLoader"}
DataLoader.__index = DataLoader

local parse = options.signature("data.DataLoader", "dataset: any, batch_size: positive = 1, shuffle: bool = false, "
  .. "drop_last: bool = false, generator: any?, collate_fn: function?, sampler: any?")

local function new(...)
  local self = {}
  self.dataset, self.batch_size, self.shuffle, self.drop_last, self.generator, self.collate_fn, self.sampler = parse(...)
  check_dataset("data.DataLoader", self.dataset)
  if self.sampler and self.shuffle then
    core.raise "data.DataLoader: a sampler gives the order itself; leave out shuffle"
  end
  if #self.dataset == 0 and self.shuffle then core.raise "data.DataLoader: an empty dataset cannot be shuffled" end
  return setmetatable(self, DataLoader)
end

--- #loader: the number of batches.
function DataLoader:__len()
  local n = self.sampler and #self.sampler or #self.dataset
  return self.drop_last and n // self.batch_size or (n + self.batch_size - 1) // self.batch_size
end

function DataLoader:__tostring()
  return ("DataLoader of %d examples in %d batches of %d%s"):format(#self.dataset, #self, self.batch_size,
    self.shuffle and ", shuffled" or "")
end

function DataLoader.__complete() return {"iter", "dataset", "batch_size", "shuffle", "drop_last", "generator", "collate_fn"} end

-- Order of the examples as an int64 tensor of positions from 1.
local function draw_order(self)
  local n = #self.dataset
  if self.sampler then
    local list = self.sampler
    return core.is_tensor(list) and list or ty.tensor(list, {dtype = core.dtypes.int64})
  end
  if not self.shuffle then return ty.arange(1, n + 1) end
  if self.generator then return ty.randperm(n, {generator = self.generator}) end
  local seed = core.random_u64() & math.maxinteger
  return ty.randperm(n, {generator = core.Generator(seed)})
end

-- Examples of a dataset of the user's own, stacked field by field.
local function default_collate(examples)
  local first, columns = examples[1], {}
  if type(first) ~= "table" then
    for i, value in ipairs(examples) do examples[i] = {value} end
    first = examples[1]
  end
  for k = 1, #first do
    local column = {}
    for i, values in ipairs(examples) do column[i] = values[k] end
    if core.is_tensor(column[1]) then
      columns[k] = ty.stack(column)
    elseif type(column[1]) == "number" or type(column[1]) == "boolean" then
      columns[k] = ty.tensor(column)
    else
      columns[k] = column
    end
  end
  return table.unpack(columns, 1, #first)
end

local function gather(self, order, from, count)
  local dataset = self.dataset
  local batch = not self.collate_fn and batch_method(dataset)
  if batch then return batch(dataset, order:narrow(1, from, count)) end
  local examples = {}
  for i, position in ipairs(order:narrow(1, from, count):totable()) do examples[i] = dataset[position] end
  return (self.collate_fn or default_collate)(examples)
end

--- iter(): for x, y in loader:iter() do ... end; one pass over the data.
function DataLoader:iter()
  core.random_u64(self.generator) -- PyTorch's base seed of the workers, drawn for each pass
  local order, total
  local at, dry = 0, false
  -- PyTorch's sampler draws once more when it is run dry: while a short last batch is made, or when one more is asked for.
  local function run_dry()
    if self.shuffle and self.generator and not dry then ty.randperm(#self.dataset, {generator = self.generator}) end
    dry = true
  end
  return function()
    if not order then
      order = draw_order(self)
      total = #order
    end
    local count = math.min(self.batch_size, total - at)
    if count < self.batch_size then run_dry() end
    if count <= 0 or (self.drop_last and count < self.batch_size) then return nil end
    at = at + count
    return gather(self, order, at - count + 1, count)
  end
end

DataLoader.__call = function(self) return self:iter() end

return {DataLoader = new}
