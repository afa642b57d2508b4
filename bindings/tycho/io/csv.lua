-- CSV files as tables of columns: names, a tensor for each column, classes for those that hold text.

local core = require "tycho.core"
local options = require "tycho.options"
local ty = core.functions

local Table = {__name = "CSV"}

-- The name of a column that is given by name or by place.
local function column_name(self, key)
  if math.type(key) == "integer" then
    local n = #self.columns
    if key == 0 then core.raise "CSV: columns count from 1" end
    local name = self.columns[key < 0 and n + 1 + key or key]
    return name or core.raise(("CSV: column %d is out of range, there are %d"):format(key, n))
  end
  if self.data[key] then return key end
  core.raise(("CSV: there is no column %s; the columns are: %s"):format(options.say(key), table.concat(self.columns, ", ")))
end

Table.__index = function(self, key)
  local method = Table[key]
  if method ~= nil then return method end
  if math.type(key) == "integer" or rawget(self, "data")[key] then return self.data[column_name(self, key)] end
end
Table.__len = function(self) return self.rows end
Table.__tostring = function(self)
  local lines = {("CSV of %d rows"):format(self.rows)}
  for _, name in ipairs(self.columns) do
    local classes = self.classes[name]
    local kind = classes and ("%d classes"):format(#classes) or tostring(self.data[name].dtype)
    lines[#lines + 1] = ("    %s: %s"):format(name, kind)
  end
  return table.concat(lines, "\n")
end

--- csv:column(key): the tensor of a column, by its name or its place; an error lists the columns.
function Table:column(key) return self.data[column_name(self, key)] end

local parse_tensor = options.signature("CSV:tensor", "columns: table?, dtype: any?")
--- csv:tensor(columns, dtype): columns (all when nil) side by side, {rows, columns}, in the default dtype unless another is
-- given.
function Table:tensor(...)
  local columns, dtype = parse_tensor(...)
  local parts = {}
  for i, key in ipairs(columns or self.columns) do
    parts[i] = self:column(key):to(dtype or ty.get_default_dtype())
  end
  if #parts == 0 then core.raise "CSV:tensor: a list of at least one column is needed" end
  return ty.stack(parts, 2)
end

local parse = options.signature("load_csv",
  "path: string, header: bool = true, delimiter: string?, quote: string?, missing: table?")

local function one_character(name, value)
  if #value ~= 1 then core.raise(("load_csv: %s must be one character, got %q"):format(name, value)) end
end

--- load_csv(path, {header =, delimiter =, quote =, missing =}).
local function load_csv(...)
  local path, header, delimiter, quote, missing = parse(...)
  delimiter, quote = delimiter or ",", quote or '"'
  one_character("delimiter", delimiter)
  one_character("quote", quote)
  local read = core.io.load_csv(path, delimiter, quote, header, missing)
  local self = {path = path, columns = {}, data = {}, classes = {}, rows = 0}
  for name, column in pairs(read) do
    if not core.is_tensor(column) then
      self.classes[name] = column.classes
      column = column.codes + 1
    end
    self.columns[#self.columns + 1] = name
    self.data[name] = column
    self.rows = column.shape[1]
  end
  return setmetatable(self, Table)
end

return {load_csv = load_csv}
