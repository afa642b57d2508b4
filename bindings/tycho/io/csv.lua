-- CSV files as tables of columns: names, a tensor for each column, classes for those that hold text.

local core = require "tycho.core"
local options = require "tycho.options"
local OrderedDict = require "tycho.ordered_dict"
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

local function one_character(call, name, value)
  if #value ~= 1 then core.raise(("%s: %s must be one character, got %q"):format(call, name, value)) end
  return value
end

--- load_csv(path, {header =, delimiter =, quote =, missing =}).
local function load_csv(...)
  local path, header, delimiter, quote, missing = parse(...)
  delimiter = one_character("load_csv", "delimiter", delimiter or ",")
  quote = one_character("load_csv", "quote", quote or '"')
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

-- A list with nil in it as one without.
local function core_list(list)
  local filled, last = {}, 0
  for i in pairs(list) do last = math.max(last, math.type(i) == "integer" and i or 0) end
  for i = 1, last do
    local value = list[i]
    filled[i] = value == nil and core.io.null or value
  end
  return setmetatable(filled, core.io.list)
end

-- The names of columns in the order in which they are written: as the caller says, as a CSV or an OrderedDict has them, or
-- sorted.
local function names_of(data, wanted)
  if wanted then return wanted end
  if getmetatable(data) == Table then return data.columns end
  if OrderedDict.is(data) then return OrderedDict.keys(data) end
  local names = {}
  for name in pairs(data) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

-- A tensor {rows, columns} as columns by name.
local function split(x, names)
  if x:dim() ~= 2 then
    core.raise(("save_csv: a tensor has two dimensions, {rows, columns}; this one has %d"):format(x:dim()))
  end
  if names and #names ~= x.shape[2] then
    core.raise(("save_csv: columns has %d names for %d columns"):format(#names, x.shape[2]))
  end
  local data = OrderedDict()
  for i = 1, x.shape[2] do data[names and names[i] or tostring(i)] = x:select(2, i) end
  return data
end

-- A column as the core takes it: classes count from 1 here, from 0 there, and a hole in a list is a missing value.
local function core_column(data, classes, name)
  local column = data[name]
  if column == nil then core.raise(("save_csv: there is no column %s"):format(options.say(name))) end
  if classes[name] and core.is_tensor(column) then
    return OrderedDict {{"codes", column - 1}, {"classes", core_list(classes[name])}}
  end
  return type(column) == "table" and core_list(column) or column
end

local parse_save = options.signature("save_csv",
  "data: any, path: string, columns: table?, header: bool = true, delimiter: string?, quote: string?, missing: string?")

--- save_csv(data, path, {columns =, header =, delimiter =, quote =, missing =}).
local function save_csv(...)
  local data, path, wanted, header, delimiter, quote, missing = parse_save(...)
  delimiter = one_character("save_csv", "delimiter", delimiter or ",")
  quote = one_character("save_csv", "quote", quote or '"')
  if core.is_tensor(data) then data = split(data, wanted) end
  if type(data) ~= "table" then
    core.raise(("save_csv: a table of columns, a CSV or a tensor {rows, columns} is needed, got %s"):format(options.say(data)))
  end
  local is_csv = getmetatable(data) == Table
  local columns, classes = OrderedDict(), is_csv and data.classes or {}
  local values = is_csv and data.data or data
  local names = names_of(data, wanted)
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      core.raise(("save_csv: columns have names: {x = {1, 2}, y = {3, 4}}; got %s as one"):format(options.say(name)))
    end
    columns[name] = core_column(values, classes, name)
  end
  core.io.save_csv(columns, path, delimiter, quote, header, {missing})
end

return {load_csv = load_csv, save_csv = save_csv}
