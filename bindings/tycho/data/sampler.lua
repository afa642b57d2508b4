-- Samplers: the orders in which a DataLoader takes examples. A sampler has a length (#s) and s:iter(), an iterator of positions
-- from 1; a batch sampler's iterator gives lists of them. What is drawn, and when, is as PyTorch draws it. A list or an int64
-- tensor of positions does as a sampler too.

local core = require "tycho.core"
local check_dataset = require "tycho.data.check_dataset"
local options = require "tycho.options"

local ty = core.functions

local samplers = {}

local function sampler(name, signature, init)
  local meta = {__name = name}
  meta.__index = meta
  local parse = options.signature("data." .. name, signature)
  samplers[name] = function(...)
    local self = setmetatable({}, meta)
    init(self, parse(...))
    return self
  end
  return meta
end

local function check_count(name, what, value)
  if value ~= nil and value < 1 then core.raise(("data.%s: %s must be at least 1, got %s"):format(name, what, value)) end
end

local function check_source(name, source) check_dataset("data." .. name, source) end

-- An iterator over lists that draw() gives one after the other, nil at the end: nothing is drawn before it is asked for.
local function over_lists(draw)
  local list, at = {}, 0
  return function()
    while at == #list do
      list, at = draw(), 0
      if not list then
        list = {}
        return nil
      end
    end
    at = at + 1
    return list[at]
  end
end

local function once(draw)
  local done = false
  return over_lists(function()
    if done then return nil end
    done = true
    return draw()
  end)
end

--- data.SequentialSampler(data_source): 1, 2, ... #data_source.
local Sequential = sampler("SequentialSampler", "data_source: any", function(self, source)
  check_source("SequentialSampler", source)
  self.data_source = source
end)
function Sequential:__len() return #self.data_source end
function Sequential:iter()
  local at, n = 0, #self.data_source
  return function()
    at = at + 1
    return at <= n and at or nil
  end
end

--- data.RandomSampler(data_source, replacement = false, num_samples, generator)
local Random = sampler("RandomSampler",
  "data_source: any, replacement: bool = false, num_samples: count?, generator: generator?",
  function(self, source, replacement, num_samples, generator)
    check_source("RandomSampler", source)
    check_count("RandomSampler", "num_samples", num_samples)
    if num_samples == nil then check_count("RandomSampler", "the length of the dataset", #source) end
    self.data_source, self.replacement, self.num_samples, self.generator = source, replacement, num_samples, generator
  end)
function Random:__len() return self.num_samples or #self.data_source end
function Random:iter()
  local n, count = #self.data_source, #self
  local generator, left = self.generator, nil
  return over_lists(function()
    generator = generator or core.Generator(core.random_u64() & math.maxinteger)
    if self.replacement then -- blocks of 32, then the rest, which may be none
      left = left or count
      if left < 0 then return nil end
      local size = math.min(left, 32)
      left = size == 32 and left - 32 or -1
      if size == 0 then return {} end
      return ty.randint(1, n + 1, {size}, {generator = generator}):totable()
    end
    -- Whole permutations, then a part of one more, which may be none.
    left = left or count
    if left < 0 then return nil end
    local order = ty.randperm(n, {generator = generator}):totable()
    if left >= n then
      left = left - n
      return order
    end
    order = table.move(order, 1, left, 1, {})
    left = -1
    return order
  end)
end

--- data.SubsetRandomSampler(indices, generator): these positions in random order.
local SubsetRandom = sampler("SubsetRandomSampler", "indices: any, generator: generator?", function(self, indices, generator)
  if core.is_tensor(indices) then indices = indices:totable() end
  if type(indices) ~= "table" then
    core.raise(("data.SubsetRandomSampler: a list of positions is needed, got %s"):format(options.say(indices)))
  end
  self.indices, self.generator = indices, generator
end)
function SubsetRandom:__len() return #self.indices end
function SubsetRandom:iter()
  return once(function()
    local order = ty.randperm(#self.indices, {generator = self.generator}):totable()
    for i, position in ipairs(order) do order[i] = self.indices[position] end
    return order
  end)
end

--- data.WeightedRandomSampler(weights, num_samples, replacement = true, generator): positions drawn by their weights.
local Weighted = sampler("WeightedRandomSampler",
  "weights: any, num_samples: positive, replacement: bool = true, generator: generator?",
  function(self, weights, num_samples, replacement, generator)
    if type(weights) == "table" and type(weights[1]) == "number" then
      weights = ty.tensor(weights, {dtype = core.dtypes.float64})
    end
    if not core.is_tensor(weights) or weights:dim() ~= 1 then
      core.raise("data.WeightedRandomSampler: weights must be a list of numbers, or a tensor of one dimension")
    end
    self.weights, self.num_samples, self.replacement = weights:double(), num_samples, replacement
    self.generator = generator
  end)
function Weighted:__len() return self.num_samples end
function Weighted:iter()
  return once(function()
    return ty.multinomial(self.weights, self.num_samples, self.replacement, {generator = self.generator}):totable()
  end)
end

--- An iterator over the positions of a sampler, a list or a tensor.
function samplers.positions(source, what)
  if core.is_tensor(source) then source = source:totable() end
  if type(source) == "table" and type(source.iter) == "function" then return source:iter() end
  if type(source) ~= "table" then
    core.raise(("%s: a sampler, a list or a tensor of positions is needed, got %s"):format(what, options.say(source)))
  end
  local at = 0
  return function()
    at = at + 1
    return source[at]
  end
end

--- data.BatchSampler(sampler, batch_size, drop_last): lists of batch_size positions.
local Batch = sampler("BatchSampler", "sampler: any, batch_size: positive, drop_last: bool",
  function(self, source, size, drop_last)
    samplers.positions(source, "data.BatchSampler")
    self.sampler, self.batch_size, self.drop_last = source, size, drop_last
  end)
function Batch:__len()
  local n = #self.sampler
  return self.drop_last and n // self.batch_size or (n + self.batch_size - 1) // self.batch_size
end
function Batch:iter()
  local next_position, ended = samplers.positions(self.sampler, "data.BatchSampler"), false
  return function()
    if ended then return nil end
    local batch = {}
    while #batch < self.batch_size do
      local position = next_position()
      if position == nil then
        ended = true
        break
      end
      batch[#batch + 1] = position
    end
    if #batch == 0 or (self.drop_last and #batch < self.batch_size) then return nil end
    return batch
  end
end

return samplers
