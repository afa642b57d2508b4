-- default_collate: a list of examples as one batch. Tensors are stacked, numbers become a tensor (float64 of floats, int64 of
-- integers, bool of booleans), strings stay a list, and tables are gone into: a list of examples that are lists becomes a list
-- of batches, one for each place, and dicts become a dict of batches.

local core = require "tycho.core"
local options = require "tycho.options"

local ty = core.functions

local collate

local function raise(...) core.raise(("data.default_collate: " .. ...):format(select(2, ...))) end

local function is_list(value) return #value > 0 or next(value) == nil end

local function collate_lists(examples)
  local size, columns = #examples[1], {}
  for i, example in ipairs(examples) do
    if type(example) ~= "table" or #example ~= size then
      raise("example %d of the batch holds %s values and the first holds %d; give a collate_fn, or examples of one size", i,
        type(example) == "table" and #example or options.say(example), size)
    end
  end
  for k = 1, size do
    local column = {}
    for i, example in ipairs(examples) do column[i] = example[k] end
    columns[k] = collate(column)
  end
  return columns
end

local function collate_dicts(examples)
  local batch = {}
  for key in pairs(examples[1]) do
    local column = {}
    for i, example in ipairs(examples) do
      if type(example) ~= "table" or example[key] == nil then
        raise("example %d of the batch has no field '%s', which the first has", i, tostring(key))
      end
      column[i] = example[key]
    end
    batch[key] = collate(column)
  end
  return batch
end

function collate(examples)
  local first = examples[1]
  local kind = type(first)
  for i, example in ipairs(examples) do
    if type(example) ~= kind or core.is_tensor(example) ~= core.is_tensor(first) then
      raise("example %d of the batch is %s and the first %s", i, options.say(example), options.say(first))
    end
  end
  if core.is_tensor(first) then return ty.stack(examples) end
  if kind == "number" then
    return ty.tensor(examples, math.type(first) == "float" and {dtype = core.dtypes.float64} or nil)
  end
  if kind == "boolean" then return ty.tensor(examples) end
  if kind == "string" then return table.move(examples, 1, #examples, 1, {}) end
  if kind == "table" then return is_list(first) and collate_lists(examples) or collate_dicts(examples) end
  raise("examples hold %s; tensors, numbers, booleans, strings and tables of them can be put together, for others give a "
    .. "collate_fn", options.say(first))
end

--- data.default_collate(examples)
local function default_collate(examples)
  if type(examples) ~= "table" or #examples == 0 then raise("a list of examples is needed, got %s", options.say(examples)) end
  return collate(examples)
end

return {default_collate = default_collate, is_list = is_list}
