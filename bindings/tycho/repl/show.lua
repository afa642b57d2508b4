-- Writes values out for a reader at the prompt: strings quoted, tables with their entries in order, tensors and modules inside
-- tables short, everything that has a __tostring through it. Tables are walked with next, so nothing but __tostring runs, and
-- one that fails is told of in its place. A table that fits on a line is written on one; else each entry has a line, down
-- to the depth and number of entries below.

local core = require "tycho.core"
local lexer = require "tycho.repl.lexer"

local debug_getinfo, getmetatable = debug.getinfo, debug.getmetatable
local format, rep, gsub, sub = string.format, string.rep, string.gsub, string.sub
local find, match = string.find, string.match
local concat, sort = table.concat, table.sort
local type, tostring, next, rawget, rawlen, error = type, tostring, next, rawget, rawlen, error
local math_type, pcall, utf8_len = math.type, pcall, utf8.len

local DEEPEST = 5 -- tables inside each other that are written out
local ENTRIES = 100 -- entries of a table that are shown
local NESTED = {20, 8} -- entries of a table inside a table, and of deeper ones
local NESTED_TEXT = 60 -- characters of a string or of a __tostring inside a table

local function quoted(text)
  local escaped = gsub(format("%q", text), "\\\n", "\\n")
  if not utf8_len(text) then -- bytes that the terminal could not show
    escaped = gsub(escaped, "[\x80-\xff]", function(c)
      return format("\\x%02x", c:byte())
    end)
  end
  return (gsub(gsub(escaped, "\\9", "\\t"), "\\13", "\\r"))
end

local function width(text)
  return utf8_len(text) or #text
end

-- tostring(value); where its __tostring fails, what it says instead.
local function text_by_itself(value)
  local ok, text = pcall(tostring, value)
  if ok then
    return text
  end
  text = type(text) == "string" and text or "an error"
  if find(text, "interrupted!", 1, true) then
    error(text, 0)
  end
  return format("<%s whose __tostring failed: %s>", type(value), text)
end

-- The text cut to one line of at most n characters.
local function shortened(text, n)
  local line = match(text, "^[^\n]*")
  if width(line) > n then
    local cut = utf8.offset(line, n - 2) or n - 2
    return sub(line, 1, cut - 1) .. "..."
  elseif line ~= text and sub(line, -1) == "(" then
    return line .. "...)" -- a module that holds others
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

-- A large tensor inside a table is told by its dtype, shape and device.
local function tensor_text(x)
  local device = tostring(x.device)
  return format("tensor %s {%s}%s", gsub(tostring(x.dtype), "^.*%.", ""), concat(x.shape, ", "),
    device ~= "cpu" and " on " .. device or "")
end

-- The name under which a module is loaded; nil for other tables.
local function module_name(value)
  for name, loaded in next, package.loaded do
    if rawequal(loaded, value) and type(name) == "string" then
      return name == "tycho" and "ty" or name == "tycho.functional" and "F" or (gsub(name, "^tycho%.", "")), name
    end
  end
end

local function has_text(value)
  local mt = getmetatable(value)
  return type(mt) == "table" and (rawget(mt, "__tostring") or rawget(mt, "__name")) and true
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
  return false
end

-- The text of a value inside a table, other than a table to be written out; nil for one.
local function short_text(value)
  local kind = type(value)
  local module = kind == "table" and module_name(value)
  if module then
    return "module " .. module
  elseif kind == "string" then
    local cut = #value > NESTED_TEXT and utf8.offset(value, 0, NESTED_TEXT) or NESTED_TEXT + 1
    return #value > NESTED_TEXT and quoted(sub(value, 1, cut - 1)) .. "..." or quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" and not has_text(value) then
    return nil
  elseif core.is_tensor(value) and value:numel() > 10 then
    return tensor_text(value)
  end
  local text = text_by_itself(value)
  if find(text, "\n", 1, true) or #text > NESTED_TEXT then
    return core.is_tensor(value) and tensor_text(value) or shortened(text, NESTED_TEXT)
  end
  return text
end

local function key_text(key)
  if type(key) == "string" then
    return match(key, "^[%a_][%w_]*$") and not lexer.keywords[key] and key or "[" .. shortened(quoted(key), NESTED_TEXT) .. "]"
  end
  return "[" .. (short_text(key) or "{...}") .. "]"
end

local table_text

-- What all parts of one table's text share: `path` holds the tables around the value, to tell cycles.
local function value_text(value, room, depth, path)
  local text = short_text(value)
  if text then
    return text
  elseif path[value] then
    return "<cycle>"
  elseif next(value) == nil then
    return "{}"
  elseif depth >= DEEPEST then
    return "{...}"
  end
  path[value] = true
  text = table_text(value, room, depth, path)
  path[value] = nil
  return text
end

-- The entries of a table as texts, at most `most` of them, and the number of all.
local function entries(value, most, room, depth, path)
  local texts, length = {}, rawlen(value)
  for i = 1, math.min(length, most) do
    texts[i] = value_text(rawget(value, i), room, depth + 1, path)
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
    local name = key_text(key)
    texts[#texts + 1] = name .. " = " .. value_text(rawget(value, key), room - width(name) - 3, depth + 1, path)
  end
  return texts, length + #keys
end

-- Many short items to a line, each in a column of its own.
local function in_columns(texts, longest, room)
  local per_line = math.max(1, (room - 2) // (longest + 2))
  local lines = {}
  for i = 1, #texts, per_line do
    local row = {}
    for j = i, math.min(i + per_line - 1, #texts) do
      local text = texts[j] .. (j < #texts and "," or "")
      row[#row + 1] = text .. rep(" ", longest + 1 - width(text))
    end
    lines[#lines + 1] = (gsub(concat(row, " "), "%s+$", ""))
  end
  return lines
end

-- The text of a table whose entries may use `room` columns.
function table_text(value, room, depth, path)
  local texts, count = entries(value, depth == 0 and ENTRIES or NESTED[depth] or NESTED[#NESTED], room - 2, depth, path)
  if count > #texts then
    texts[#texts + 1] = format("... %d more", count - #texts)
  end
  local line = "{" .. concat(texts, ", ") .. "}"
  if width(line) <= room and not find(line, "\n", 1, true) then
    return line
  end
  local longest, plain = 0, rawlen(value) == count
  for _, text in ipairs(texts) do
    longest = math.max(longest, width(text))
    plain = plain and not find(text, "\n", 1, true)
  end
  local lines
  if plain and longest <= 20 then
    lines = in_columns(texts, longest, room)
  else
    lines = {}
    for i, text in ipairs(texts) do
      lines[i] = text .. (i < #texts and "," or "")
    end
  end
  return "{\n  " .. gsub(concat(lines, "\n"), "\n", "\n  ") .. "\n}"
end

-- A string of several lines as a long one, which can be read; nil for others, and where it could not be told from another.
local function long_text(text, columns)
  local _, breaks = gsub(text, "\n", "")
  if breaks < 2 and #text <= columns or breaks == 0 or find(text, "[%z\1-\8\11-\31\127]") or not utf8_len(text)
    or find(text, "]]", 1, true) then
    return nil
  end
  return "[[\n" .. text .. "]]"
end

-- The text of one value that the prompt shows by itself.
local function text_of(value, columns)
  local kind = type(value)
  local mt = getmetatable(value)
  if kind == "table" and not (type(mt) == "table" and rawget(mt, "__tostring")) then
    local short, name = module_name(value)
    if name and find(name, "^tycho") then -- hundreds of names would scroll by
      return format("module %s (?%s tells what is in it)", short, short)
    end
  end
  if kind == "string" then
    return long_text(value, columns) or quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" and not has_text(value) then
    return next(value) == nil and "{}" or table_text(value, columns, 0, {[value] = true})
  end
  return text_by_itself(value)
end

-- The text of all the values: on one line with tabs between them, or each on lines of its own.
local function show(...)
  local columns = math.max(20, core.process.winsize() or 80)
  local texts, lines = {}, false
  for i = 1, select("#", ...) do
    texts[i] = text_of((select(i, ...)), columns)
    lines = lines or find(texts[i], "\n", 1, true)
  end
  return concat(texts, lines and "\n" or "\t")
end

return show
