-- DataLoader: batches of a dataset, in order, shuffled, or as a sampler says, drawn from the random generator exactly as
-- PyTorch's DataLoader draws: the same seed gives the same order. Batches are made in the calling process, whatever
-- num_workers says.

local core = require "tycho.core"
local batch_method = require "tycho.data.batch_method"
local check_dataset = require "tycho.data.check_dataset"
local class = require "tycho.data.class"
local collate = require "tycho.data.collate"
local options = require "tycho.options"
local samplers = require "tycho.data.sampler"
local to_device = require "tycho.data.to_device"
local ty = core.functions

local DataLoader = {__name = "DataLoader"}
DataLoader.__index = DataLoader

-- PyTorch's order, and device. batch_size = false is its None: single examples. What is about worker processes alone is taken
-- and changes nothing, as the batches do not depend on it.
local parse = options.signature("data.DataLoader", "dataset: any, batch_size: batch_size = 1, shuffle: bool = false, "
  .. "sampler: any?, batch_sampler: any?, num_workers: count = 0, collate_fn: function?, pin_memory: bool = false, "
    .. "drop_last: bool = false, "
  .. "timeout: number = 0, worker_init_fn: any?, multiprocessing_context: any?, generator: generator?, prefetch_factor: count?, "
  .. "persistent_workers: bool = false, pin_memory_device: string = \"\", in_order: bool = true, device: any?")
local fields = {"dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory",
  "drop_last", "timeout", "worker_init_fn", "multiprocessing_context", "generator", "prefetch_factor", "persistent_workers",
  "pin_memory_device", "in_order", "device"}

local function raise(text) core.raise("data.DataLoader: " .. text) end

local function check_options(self)
  local size = self.batch_size
  if self.worker_init_fn ~= nil or self.multiprocessing_context ~= nil then
    raise("worker_init_fn and multiprocessing_context are for worker processes, and there are none: batches are made by the "
      .. "calling one")
  end
  if self.timeout < 0 then raise("timeout must not be negative") end
  if self.iterable and (self.shuffle or self.sampler or self.batch_sampler) then
    raise("an iterable dataset has an order of its own; leave out shuffle, sampler and batch_sampler")
  end
  if self.sampler and self.shuffle then raise "a sampler gives the order itself; leave out shuffle" end
  if self.batch_sampler and (size ~= 1 or self.shuffle or self.sampler or self.drop_last) then
    raise "a batch_sampler gives whole batches; leave out batch_size, shuffle, sampler and drop_last"
  end
  if self.device ~= nil then self.device = core.device(self.device) end
  if size == false and self.drop_last then raise "without batches (batch_size = false) there is no last one to drop" end
  for _, name in ipairs {"sampler", "batch_sampler"} do
    if self[name] ~= nil then samplers.positions(self[name], "data.DataLoader: " .. name) end
  end
  if not self.iterable and #self.dataset == 0 and self.shuffle then raise "an empty dataset cannot be shuffled" end
end

local function new(...)
  local self, values = {}, table.pack(parse(...))
  for i, field in ipairs(fields) do self[field] = values[i] end
  check_dataset("data.DataLoader", self.dataset)
  self.iterable = class.is_iterable(self.dataset)
  check_options(self)
  return setmetatable(self, DataLoader)
end

--- #loader: the number of batches.
function DataLoader:__len()
  if self.batch_sampler then return #self.batch_sampler end
  local n = self.sampler and #self.sampler or #self.dataset
  if not self.batch_size then return n end
  return self.drop_last and n // self.batch_size or (n + self.batch_size - 1) // self.batch_size
end

function DataLoader:__tostring()
  if self.iterable then return "DataLoader of an iterable dataset" end
  return ("DataLoader of %d examples in %d batches of %d%s"):format(#self.dataset, #self, self.batch_size or 1,
    self.shuffle and ", shuffled" or "")
end

function DataLoader.__complete()
  local names = {"iter"}
  return table.move(fields, 1, #fields, 2, names)
end

-- A batch as the loop gets it: what a list of fields holds, as several results.
local function results_of(examples)
  local batch = collate.default_collate(examples)
  if type(examples[1]) == "table" and collate.is_list(examples[1]) then return table.unpack(batch, 1, #examples[1]) end
  return batch
end

-- The batch of the examples at these positions, a list or an int64 tensor.
local function gather(self, positions)
  local dataset = self.dataset
  local batch = not self.collate_fn and batch_method(dataset)
  if batch then return batch(dataset, core.is_tensor(positions) and positions or ty.tensor(positions, {device = "cpu"})) end
  local examples = {}
  if core.is_tensor(positions) then positions = positions:totable() end
  for i, position in ipairs(positions) do examples[i] = dataset[position] end
  return (self.collate_fn or results_of)(examples)
end

-- A single example, of which a list of fields becomes several results.
local function single(self, example)
  if self.collate_fn then return self.collate_fn(example) end
  if type(example) == "table" and getmetatable(example) == nil and collate.is_list(example) then return table.unpack(example) end
  return example
end

-- The order of a pass that no sampler says, as an int64 tensor.
local function draw_order(self)
  local n = #self.dataset
  if not self.shuffle then return ty.arange(1, n + 1, {device = "cpu"}) end
  if self.generator then return ty.randperm(n, {generator = self.generator, device = "cpu"}) end
  local seed = core.random_u64() & math.maxinteger
  return ty.randperm(n, {generator = core.Generator(seed), device = "cpu"})
end

-- Batches of an order that is a tensor: no list of positions is made.
local function over_order(self)
  local order, total
  local at, dry = 0, false
  -- PyTorch's sampler draws once more when it is run dry: while a short last batch is made, or when one more is asked for.
  local function run_dry()
    if self.shuffle and self.generator and not dry then draw_order(self) end
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
    return gather(self, order:narrow(1, at - count + 1, count))
  end
end

-- Batches of lists of positions that an iterator gives.
local function over_lists(self, next_list)
  return function()
    local positions = next_list()
    if positions == nil then return nil end
    return gather(self, positions)
  end
end

-- Single examples.
local function over_examples(self, next_example)
  return function()
    local example = next_example()
    if example == nil then return nil end
    return single(self, example)
  end
end

-- Batches of an iterable dataset.
local function over_iterable(self)
  local next_example, ended = class.examples(self.dataset), false
  if not self.batch_size then return over_examples(self, next_example) end
  return function()
    local examples = {}
    while not ended and #examples < self.batch_size do
      local example = next_example()
      ended = example == nil
      examples[#examples + 1] = example
    end
    if #examples == 0 or (self.drop_last and #examples < self.batch_size) then return nil end
    return (self.collate_fn or results_of)(examples)
  end
end

-- One pass over the data, where the dataset has it.
local function batches(self)
  core.random_u64(self.generator) -- PyTorch's base seed of the workers, drawn for each pass
  if self.iterable then return over_iterable(self) end
  if self.batch_sampler then return over_lists(self, samplers.positions(self.batch_sampler, "data.DataLoader")) end
  local sampler = self.sampler
  if self.batch_size and not sampler then return over_order(self) end
  if not sampler then
    sampler = self.shuffle and samplers.RandomSampler(self.dataset, {generator = self.generator})
      or samplers.SequentialSampler(self.dataset)
  end
  if self.batch_size then return over_lists(self, samplers.BatchSampler(sampler, self.batch_size, self.drop_last):iter()) end
  local next_position = samplers.positions(sampler, "data.DataLoader")
  return over_examples(self, function()
    local position = next_position()
    if position == nil then return nil end
    return self.dataset[position]
  end)
end

--- iter(): for x, y in loader:iter() do ... end; one pass over the data.
function DataLoader:iter()
  local next_batch = batches(self)
  if self.device then return to_device.ahead(next_batch, self.device) end
  return self.pin_memory and to_device.pinned(next_batch) or next_batch
end

DataLoader.__call = function(self) return self:iter() end

return {DataLoader = new}
