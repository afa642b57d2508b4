-- Writes values out for a reader at the prompt: strings quoted, tables with their entries (nested ones short),
-- everything that has a __tostring through it. Only reads: tables are walked with next, so nothing but __tostring runs.

local debug_getinfo, getmetatable = debug.getinfo, debug.getmetatable
local format, rep, gsub, sub = string.format, string.rep, string.gsub, string.sub
local find, match = string.find, string.match
local concat, sort = table.concat, table.sort
local type, tostring, next, rawget, rawlen = type, tostring, next, rawget, rawlen
local math_type, pcall, utf8_len = math.type, pcall, utf8.len

local WIDTH = 80 -- a table that fits on a line is written on one
local ENTRIES = 40 -- entries of a table that are shown
local NESTED = 8 -- entries of a table inside a table
local NESTED_TEXT = 60 -- characters of a string or of a __tostring inside a table

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  KEYWORDS[word] = true
end

local function quoted(text)
  local escaped = gsub(format("%q", text), "\\\n", "\\n")
  return (gsub(gsub(escaped, "\\9", "\\t"), "\\13", "\\r"))
end

local function width(text)
  return utf8_len(text) or #text
end

-- The text cut to one line of at most n characters.
local function shortened(text, n)
  local line = match(text, "^[^\n]*")
  if width(line) > n then
    local cut = utf8.offset(line, n - 2) or n - 2
    return sub(line, 1, cut - 1) .. "..."
  end
  return line == text and line or line .. " ..."
end

local function function_text(f)
  local info = debug_getinfo(f, "S")
  if info.what == "C" then
    return tostring(f)
  end
  return format("function <%s:%d>", info.short_src, info.linedefined)
end

-- A tensor inside a table is told by its dtype and shape; nil for other values.
local function tensor_text(value)
  local ok, text = pcall(function()
    local dims = {}
    for i, n in ipairs(value.shape) do
      dims[i] = math_type(n) == "integer" and tostring(n) or error()
    end
    return format("tensor %s {%s}", gsub(tostring(value.dtype), "^.*%.", ""), concat(dims, ", "))
  end)
  return ok and text or nil
end

local function has_text(value)
  local mt = getmetatable(value)
  return mt and (rawget(mt, "__tostring") or rawget(mt, "__name")) and true
end

-- Keys in the order of reading: numbers, strings, the rest.
local function key_less(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then
    return ta == "number" or tb ~= "number" and ta == "string" or false
  end
  if ta == "number" or ta == "string" then
    return a < b
  end
  return tostring(a) < tostring(b)
end

local table_text

-- The text of a value that stands inside a table; depth counts the tables around it.
local function nested_text(value, depth)
  local kind = type(value)
  if kind == "string" then
    return #value > NESTED_TEXT and shortened(quoted(sub(value, 1, NESTED_TEXT)), NESTED_TEXT) or quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" and not has_text(value) then
    return table_text(value, depth)
  end
  local text = tostring(value)
  if find(text, "\n", 1, true) or #text > NESTED_TEXT then
    return kind == "userdata" and tensor_text(value) or shortened(text, NESTED_TEXT)
  end
  return text
end

local function key_text(key)
  if type(key) == "string" then
    return match(key, "^[%a_][%w_]*$") and not KEYWORDS[key] and key or "[" .. quoted(key) .. "]"
  end
  return "[" .. nested_text(key, 2) .. "]"
end

-- The entries of a table as texts, at most `most` of them, and the number of all.
local function entries(value, most, depth)
  local texts, length = {}, rawlen(value)
  for i = 1, length do
    if i > most then
      break
    end
    texts[i] = nested_text(rawget(value, i), depth)
  end
  local keys = {}
  for key in next, value do
    if not (math_type(key) == "integer" and key >= 1 and key <= length) then
      keys[#keys + 1] = key
    end
  end
  sort(keys, key_less)
  for _, key in ipairs(keys) do
    if #texts >= most then
      break
    end
    texts[#texts + 1] = key_text(key) .. " = " .. nested_text(rawget(value, key), depth)
  end
  return texts, length + #keys
end

function table_text(value, depth)
  if next(value) == nil then
    return "{}"
  end
  if depth >= 2 then
    return "{...}"
  end
  local texts, count = entries(value, depth == 0 and ENTRIES or NESTED, depth + 1)
  if count > #texts then
    texts[#texts + 1] = format("... %d more", count - #texts)
  end
  local line = "{" .. concat(texts, ", ") .. "}"
  if depth > 0 then
    return #line <= NESTED_TEXT and line or format("{... %d entries}", count)
  end
  if width(line) <= WIDTH and not find(line, "\n", 1, true) then
    return line
  end
  -- A list of short items goes many to a line, anything else one entry to a line.
  local longest = 0
  for _, text in ipairs(texts) do
    longest = math.max(longest, width(text))
  end
  local per_line = rawlen(value) == count and longest <= 20 and (WIDTH - 2) // (longest + 2) or 1
  local lines = {}
  for i = 1, #texts, per_line do
    local row = {}
    for j = i, math.min(i + per_line - 1, #texts) do
      local text = texts[j] .. (j < #texts and "," or "")
      row[#row + 1] = per_line > 1 and j < i + per_line - 1 and text .. rep(" ", longest + 1 - width(text)) or text
    end
    lines[#lines + 1] = "  " .. gsub(concat(row, " "), "%s+$", "")
  end
  return "{\n" .. concat(lines, "\n") .. "\n}"
end

-- The text of one value that the prompt shows by itself.
local function text_of(value)
  local kind = type(value)
  if kind == "string" then
    return quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" and not has_text(value) then
    return table_text(value, 0)
  end
  return tostring(value)
end

-- The text of all the values: on one line with tabs between them, or each on lines of its own.
local function show(...)
  local texts, lines = {}, false
  for i = 1, select("#", ...) do
    texts[i] = text_of((select(i, ...)))
    lines = lines or find(texts[i], "\n", 1, true)
  end
  return concat(texts, lines and "\n" or "\t")
end

return show
