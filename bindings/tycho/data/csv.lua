-- Examples from a CSV file: some columns as inputs, one as the target.

local core = require "tycho.core"
local options = require "tycho.options"
local dataset = require "tycho.data.dataset"
local load_csv = require("tycho.io.csv").load_csv

local parse = options.signature("data.CSV", "path: string, target: any?, features: table?, header: bool = true, "
  .. "delimiter: string?, missing: table?")

-- All columns but the target.
local function others(csv, target)
  local names = {}
  for _, name in ipairs(csv.columns) do
    if name ~= target then names[#names + 1] = name end
  end
  return names
end

--- data.CSV(path, target, features, ...): a TensorDataset of inputs {n, features} and, when a target is named, the target.
local function CSV(...)
  local path, target, features, header, delimiter, missing = parse(...)
  local csv = load_csv(path, {header = header, delimiter = delimiter, missing = missing})
  if math.type(target) == "integer" then target = csv.columns[target < 0 and #csv.columns + 1 + target or target] or target end
  local y = target ~= nil and csv:column(target) or nil
  features = features or others(csv, target)
  if #features == 0 then core.raise(("data.CSV: %s has no column for the inputs besides the target"):format(path)) end
  local x = csv:tensor(features)
  if y and not csv.classes[target] and y.dtype ~= core.dtypes.int64 then y = y:to(x.dtype) end
  local self = dataset.TensorDataset(x, y)
  self.name, self.csv, self.features, self.target = "CSV", csv, features, target
  self.classes = target and csv.classes[target] or nil
  return self
end

return {CSV = CSV}
