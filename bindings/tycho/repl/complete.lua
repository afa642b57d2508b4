-- Finds the names that could continue what is typed: globals and keywords, fields after `.`, methods after `:`.
-- Completing must not change anything, so no code of the line runs: a chain of names and literal indices is followed
-- with raw reads and along __index tables. A value whose metatable has `__complete(self, separator)` is asked for a
-- list of its names ("." or ":" is what was typed after it); offering that function also vouches that reading one of
-- these names, or an integer index of a table, is harmless, so the chain is followed through its __index function, too.

local getmetatable = debug.getmetatable
local match, sub = string.match, string.sub
local type, next, rawget, pcall, ipairs = type, next, rawget, pcall, ipairs
local sort = table.sort
local globals = _G

local DEEPEST = 30 -- __index tables followed before it is taken for a circle

local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  KEYWORDS[#KEYWORDS + 1] = word
end

-- A field of the metatable, read raw; nil without one.
local function meta(value, name)
  local mt = getmetatable(value)
  return type(mt) == "table" and rawget(mt, name) or nil
end

local function index(value, key)
  return value[key]
end

-- The list that the value itself offers; empty when it offers none or fails.
local function offered(value, separator)
  local complete = meta(value, "__complete")
  if type(complete) ~= "function" then
    return {}, false
  end
  local ok, list = pcall(complete, value, separator)
  return ok and type(list) == "table" and list or {}, true
end

-- value[key] without running code that could do anything; nil when it is not there or cannot be had so.
local function read(value, key)
  local holder = value
  for _ = 1, DEEPEST do
    if type(holder) == "table" then
      local found = rawget(holder, key)
      if found ~= nil then
        return found
      end
    end
    holder = meta(holder, "__index")
    if type(holder) ~= "table" then
      break
    end
  end
  local list, trusted = offered(value, ".")
  if trusted then
    local known = type(key) ~= "string" and type(value) == "table"
    for _, name in ipairs(list) do
      known = known or name == key
    end
    if known then
      local ok, found = pcall(index, value, key)
      return ok and found or nil
    end
  end
  return nil
end

local function callable(value)
  return type(value) == "function" or meta(value, "__call") ~= nil
end

-- Adds the names of the value to the set; after ":" those of functions only.
local function add_names(names, value, separator)
  local holder = value
  for _ = 1, DEEPEST do
    if type(holder) == "table" then
      for key, field in next, holder do
        if type(key) == "string" and match(key, "^[%a_][%w_]*$") and (separator ~= ":" or callable(field)) then
          names[key] = true
        end
      end
    end
    holder = meta(holder, "__index")
    if type(holder) ~= "table" then
      break
    end
  end
  for _, name in ipairs((offered(value, separator))) do
    local wanted = type(name) == "string"
    if wanted and separator == ":" then
      local ok, field = pcall(index, value, name)
      wanted = ok and callable(field)
    end
    if wanted then
      names[name] = true
    end
  end
end

-- The keys of the chain that ends the text, first one first: "f(a.b[1]" gives {"a", "b", 1}. nil when it is no such
-- chain: it begins with a call, a bracket or a literal.
local function chain(text)
  local keys = {}
  while true do
    local rest, key = match(text, "^(.-)%[%s*(%-?%d+)%s*%]%s*$")
    if key then
      key = math.tointeger(key)
    else
      rest, key = match(text, "^(.-)%[%s*\"([^\"\\%]]*)\"%s*%]%s*$")
    end
    if not key then
      rest, key = match(text, "^(.-)%[%s*'([^'\\%]]*)'%s*%]%s*$")
    end
    if key ~= nil then
      table.insert(keys, 1, key)
      text = rest
    else
      rest, key = match(text, "^(.-)([%a_][%w_]*)%s*$")
      if not key or match(rest, "%d$") then
        return nil
      end
      table.insert(keys, 1, key)
      local before = match(rest, "^(.-)%.%s*$")
      if not before or match(before, "%.$") then
        return not match(rest, ":%s*$") and keys or nil
      end
      text = before
    end
  end
end

-- The sorted names that begin with `word`, which stands in a line after the text `before`.
local function complete(before, word)
  local names = {}
  local head, separator = match(before, "^(.-)%s*([.:])%s*$")
  if separator == "." and sub(head, -1) == "." then
    head, separator = nil, nil -- the operator ..
  end
  if not separator or separator == ":" and sub(head, -1) == ":" then
    add_names(names, globals, ".")
    for _, keyword in ipairs(KEYWORDS) do
      names[keyword] = true
    end
  else
    local keys = chain(head)
    if not keys then
      return {}
    end
    local value = globals
    for _, key in ipairs(keys) do
      value = read(value, key)
      if value == nil then
        return {}
      end
    end
    add_names(names, value, separator)
  end
  local list = {}
  for name in next, names do
    -- names that begin with an underscore are private: shown to those who ask
    if sub(name, 1, #word) == word and (sub(name, 1, 1) ~= "_" or sub(word, 1, 1) == "_") then
      list[#list + 1] = name
    end
  end
  sort(list)
  return list
end

return complete
