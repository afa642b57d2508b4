-- Datasets: anything with a length (#ds) and examples (ds[i], i from 1). TensorDataset holds tensors whose first dimension
-- counts the examples; Subset and random_split take parts.

local core = require "tycho.core"
local batch_method = require "tycho.data.batch_method"
local check_dataset = require "tycho.data.check_dataset"
local class = require "tycho.data.class"
local options = require "tycho.options"
local ty = core.functions

local M = {}

-- The tensors of example i as several results.
local function get(self, i)
  if math.type(i) ~= "integer" then
    core.raise(("%s:get: a position (a whole number from 1) is needed, got %s"):format(getmetatable(self).__name, options.say(i)))
  end
  return table.unpack(self[i])
end

local function check_index(self, index)
  if not core.is_tensor(index) then
    core.raise(("%s:batch: an int64 tensor of positions is needed, got %s"):format(getmetatable(self).__name,
      options.say(index)))
  end
end

local TensorDataset = {__name = "TensorDataset"}

local function example(self, i)
  local values = {}
  for k, tensor in ipairs(self.tensors) do
    local scaling = self.scalings[k]
    local value = tensor[i]
    if scaling then value = value:float() * scaling[1] + scaling[2] end
    values[k] = value
  end
  return values
end

TensorDataset.__index = function(self, key)
  if math.type(key) == "integer" then
    return example(self, class.position("TensorDataset", key, #self))
  end
  return TensorDataset[key]
end
TensorDataset.__len = function(self) return self.count end
TensorDataset.__add = class.__add
TensorDataset.__tostring = function(self)
  local lines = {("%s of %d examples"):format(self.name or "TensorDataset", self.count)}
  for i, tensor in ipairs(self.tensors) do
    lines[#lines + 1] = ("    tensor %d: %s {%s}"):format(i, tostring(tensor.dtype), table.concat(tensor.shape, ", "))
  end
  return table.concat(lines, "\n")
end

--- get(i): the tensors of example i as several results.
TensorDataset.get = get

--- batch(index): the examples at an int64 tensor of positions, gathered in C; tensors with a scaling come out as float32.
function TensorDataset:batch(index)
  check_index(self, index)
  local values = {}
  for k, tensor in ipairs(self.tensors) do
    local scaling = self.scalings[k]
    if scaling then
      values[k] = ty.gather_rows(tensor, index, scaling[1], scaling[2])
    else
      values[k] = ty.index_select(tensor, 1, index)
    end
  end
  return table.unpack(values, 1, #self.tensors)
end

--- data.TensorDataset(x, y, ...): tensors that agree in their first dimension.
function M.TensorDataset(...)
  local tensors = {...}
  if #tensors == 0 then core.raise "data.TensorDataset: at least one tensor is needed" end
  local count
  for i, tensor in ipairs(tensors) do
    if not core.is_tensor(tensor) then
      core.raise(("data.TensorDataset: argument %d is %s, not a tensor"):format(i, options.say(tensor)))
    end
    if #tensor.shape == 0 then
      core.raise(("data.TensorDataset: tensor %d has no dimensions, so it holds no examples"):format(i))
    end
    count = count or tensor.shape[1]
    if tensor.shape[1] ~= count then
      core.raise(("data.TensorDataset: tensor 1 holds %d examples, tensor %d holds %d; the first dimensions must agree"):format(
        count, i, tensor.shape[1]))
    end
  end
  return setmetatable({tensors = tensors, scalings = {}, count = count}, TensorDataset)
end

local Subset = {__name = "Subset"}
Subset.__index = function(self, key)
  if math.type(key) == "integer" then
    return self.dataset[self.positions[class.position("Subset", key, #self)]]
  end
  return Subset[key]
end
Subset.__len = function(self) return #self.positions end
Subset.__add = class.__add
Subset.get = get

--- indices of the subset as an int64 tensor, made once.
function Subset:batch(index)
  check_index(self, index)
  if not self.index then rawset(self, "index", ty.tensor(self.positions, {dtype = core.dtypes.int64})) end
  return self.dataset:batch(ty.index_select(self.index, 1, index))
end

--- data.Subset(dataset, indices): the examples at these positions (a list or an int64 tensor, from 1).
function M.Subset(dataset, indices)
  check_dataset("data.Subset", dataset)
  if core.is_tensor(indices) then indices = indices:totable() end
  if type(indices) ~= "table" then
    core.raise(("data.Subset: a list of positions is needed, got %s"):format(options.say(indices)))
  end
  for i, position in ipairs(indices) do
    if math.type(position) ~= "integer" or position < 1 or position > #dataset then
      core.raise(("data.Subset: position %d is %s; positions go from 1 to %d"):format(i, options.say(position), #dataset))
    end
  end
  local subset = {dataset = dataset, positions = indices}
  local meta = Subset
  if not batch_method(dataset) then -- a dataset of the user's own has no batches to take from
    meta = {__name = "Subset", __len = Subset.__len, __index = Subset.__index, __add = Subset.__add}
  end
  return setmetatable(subset, meta)
end

--- data.random_split(dataset, lengths, generator): random parts of these lengths (or fractions that add up to 1).
function M.random_split(dataset, lengths, generator)
  check_dataset("data.random_split", dataset)
  if type(lengths) ~= "table" or #lengths == 0 then core.raise "data.random_split: a list of lengths is needed" end
  if options.is_options(generator) then generator = generator.generator end
  local n, total, fractions = #dataset, 0, 0
  for _, length in ipairs(lengths) do
    if type(length) ~= "number" or length < 0 then
      core.raise(("data.random_split: lengths must be counts or fractions, got %s"):format(options.say(length)))
    end
    total = total + length
    if math.type(length) == "float" then fractions = fractions + 1 end
  end
  local counts = {}
  if fractions > 0 and math.abs(total - 1) < 1e-9 then
    local used = 0
    for i, fraction in ipairs(lengths) do
      counts[i] = math.floor(n * fraction)
      used = used + counts[i]
    end
    for i = 1, n - used do counts[(i - 1) % #counts + 1] = counts[(i - 1) % #counts + 1] + 1 end
  else
    for i, length in ipairs(lengths) do
      counts[i] = math.tointeger(length) or core.raise(("data.random_split: lengths are counts, or fractions that add up to 1; "
        .. "got %s"):format(tostring(length)))
    end
    if total ~= n then
      core.raise(("data.random_split: the lengths add up to %s, the dataset has %d examples"):format(tostring(total), n))
    end
  end
  local order = ty.randperm(n, {generator = generator}):totable()
  local parts, at = {}, 0
  for i, count in ipairs(counts) do
    parts[i] = M.Subset(dataset, table.move(order, at + 1, at + count, 1, {}))
    at = at + count
  end
  return table.unpack(parts)
end

return M
