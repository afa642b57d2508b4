-- CSV files as inputs and targets of a network. An encoding, made from the training file and kept in the checkpoint, says what
-- becomes of each column: numbers are standardised, words become one column of 0 and 1 each; and what the target is.

local ty = require "tycho"

local table_data = {}

local function fail(...) error((...):format(select(2, ...)), 0) end

-- The mean and the deviation of a column; 1 for a constant one.
local function scale_of(column)
  local deviation = column:std():item()
  return column:mean():item(), deviation > 0 and deviation or 1
end

--- The encoding of a file: {columns = {{name =, words = or mean =, std =}, ...}, target =, classes = or mean =, std =}.
-- rows: the rows (a tensor of places) that the means are taken of.
function table_data.encoding(csv, target, rows)
  local encoding = {columns = {}, target = target}
  for _, name in ipairs(csv.columns) do
    local words, column = csv.classes[name], csv:column(name)
    local of = {name = name, words = words}
    if not words then
      local known = column:double()[rows]
      of.mean, of.std = scale_of(known[known:isfinite()])
    end
    if name == target then
      encoding.classes, encoding.mean, encoding.std = words, of.mean, of.std
    else
      encoding.columns[#encoding.columns + 1] = of
    end
  end
  return encoding
end

--- How many inputs an encoding makes.
function table_data.width(encoding)
  local n = 0
  for _, of in ipairs(encoding.columns) do n = n + (of.words and #of.words or 1) end
  return n
end

local function column_of(csv, name, path)
  for _, other in ipairs(csv.columns) do
    if other == name then return csv:column(name) end
  end
  fail("%s has no column '%s'; there are: %s", path, name, table.concat(csv.columns, ", "))
end

-- The classes of a column of words, by the places that the words have in the encoding; raises for a new word.
local function recoded(csv, name, words, path)
  local place, own = {}, csv.classes[name]
  for i, word in ipairs(words) do place[word] = i end
  if not own then fail("%s: column '%s' holds numbers; words are expected, such as '%s'", path, name, words[1]) end
  local map = {}
  for i, word in ipairs(own) do
    map[i] = place[word] or fail("%s: column '%s' holds '%s', which the model has not met", path, name, word)
  end
  return ty.tensor(map)[column_of(csv, name, path)]
end

--- The inputs {n, width} of a file.
function table_data.inputs(csv, encoding, path)
  local parts = {}
  for i, of in ipairs(encoding.columns) do
    if of.words then
      parts[i] = ty.F.one_hot(recoded(csv, of.name, of.words, path), #of.words):float()
    else
      local column = column_of(csv, of.name, path)
      if csv.classes[of.name] then fail("%s: column '%s' holds words; numbers are expected", path, of.name) end
      parts[i] = ((column:double() - of.mean) / of.std):float():unsqueeze(2)
    end
  end
  return ty.cat(parts, 2)
end

--- The targets of a file: classes {n}, or standardised numbers {n, 1}.
function table_data.targets(csv, encoding, path)
  if encoding.classes then return recoded(csv, encoding.target, encoding.classes, path) end
  return ((column_of(csv, encoding.target, path):double() - encoding.mean) / encoding.std):float():unsqueeze(2)
end

return table_data
