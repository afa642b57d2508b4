-- What an expression that is being typed will be, as far as that can be known without running any of the user's code: a
-- value that is there already, a tensor, an object of a class. Tokens of the text (lexer.lua) are read backwards from its
-- end. Names are read raw and along __index tables. A value whose metatable has `__complete(self, separator)` is asked
-- for a list of its names; offering that function also vouches that reading one of these names, or an integer index of a
-- table, is harmless. What a call gives is told by the documentation's signature.

local core = require "tycho.core"

local debug_getmetatable = debug.getmetatable
local rawget, type, pcall, ipairs = rawget, type, pcall, ipairs
local globals = _G

local DEEPEST = 30 -- __index tables followed before it is taken for a circle

local infer = {}

--- infer.meta(value, name): a field of the metatable, read raw; nil without one.
local function meta(value, name)
  local mt = debug_getmetatable(value)
  return type(mt) == "table" and rawget(mt, name) or nil
end
infer.meta = meta

--- infer.offered(value, separator): the list that the value itself offers, and whether it offers one.
function infer.offered(value, separator)
  local complete = meta(value, "__complete")
  if type(complete) ~= "function" then
    return {}, false
  end
  local ok, list = pcall(complete, value, separator)
  return ok and type(list) == "table" and list or {}, true
end

local function index(value, key)
  return value[key]
end

--- infer.read(value, key): value[key] without running code that could do anything; nil when it cannot be had so.
function infer.read(value, key)
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
  local list, trusted = infer.offered(value, ".")
  local known = trusted and type(key) ~= "string" and type(value) == "table"
  for _, name in ipairs(list) do
    known = known or name == key
  end
  if not known then
    return nil
  end
  local ok, found = pcall(index, value, key)
  return ok and found or nil
end

-- ---- What calls give ----

local sample -- stands for any tensor
local entry_of_value -- function or class -> its entry of the documentation

--- infer.tensor(): what is known of a tensor that is not there yet.
function infer.tensor()
  sample = sample or core.functions.zeros(1)
  return {value = sample, guess = true}
end

local function documented(value)
  if not entry_of_value then
    local entries, names = require "tycho.docs.entries", require "tycho.docs.names"
    entry_of_value = {}
    for _, public in ipairs(names.public()) do
      local entry = public.value ~= nil and entries.of(public.name)
      if entry and (type(public.value) == "function" or type(public.value) == "table") then
        entry_of_value[public.value] = entry_of_value[public.value] or entry
      end
    end
  end
  return entry_of_value[value]
end

local STRINGS = {} -- functions that give a string
for _, name in ipairs {"char", "format", "gsub", "lower", "rep", "reverse", "sub", "upper"} do
  STRINGS[string[name]] = true
end
STRINGS[tostring], STRINGS[table.concat] = true, true

--- infer.entry(callee): the documentation of what is called: an item that this module gives, or a method by name.
function infer.entry(callee)
  local entry = callee.value ~= nil and documented(callee.value) or nil
  if not entry and callee.method and (not callee.of or callee.of.guess or core.is_tensor(callee.of.value)) then
    entry = require "tycho.docs.entries".of("tensor:" .. callee.method)
  elseif not entry and callee.method and callee.value ~= nil then -- the same method of several classes has one entry
    entry = require "tycho.docs.entries".ending_in(callee.method)[1]
  end
  return entry
end

-- What a call of the item gives; nil when that is not known.
local function result_of(callee)
  local value = callee.value
  if type(value) == "table" and rawget(value, "_instances") then
    return {class = value}
  elseif type(value) == "table" and rawget(value, "_modules") and rawget(value, "_parameters") then
    return infer.tensor()
  elseif STRINGS[value] then
    return {value = ""}
  elseif value == io.open then
    return {value = io.stdout}
  end
  local entry = infer.entry(callee)
  if type(value) == "table" and entry and rawget(value, "__index") then
    return {class = rawget(value, "__index")}
  end
  local gives = entry and (entry.signature or ""):match "%->%s*%(?([%w_: ]+)"
  gives = gives and (gives:match ":%s*([%w_]+)" or gives:match "^[%w_]+")
  if gives == "Tensor" or gives == "Indices" or gives == "tensor" then
    return infer.tensor()
  elseif gives == "self" then
    return callee.of
  elseif entry and entry.names[1]:match "^optim%.%u%w*$" then
    return {class = require "tycho.optim".Optimizer}
  end
  return nil
end

-- ---- Expressions ----

local CLOSES = {[")"] = "(", ["]"] = "[", ["}"] = "{"}
local OPENS = {["("] = true, ["["] = true, ["{"] = true}

-- The position of the bracket that the one at i closes; nil when the text begins inside.
local function opening(tokens, i)
  local depth = 0
  for j = i, 1, -1 do
    local token = tokens[j]
    if token.kind == "symbol" and CLOSES[token.text] then
      depth = depth + 1
    elseif token.kind == "symbol" and OPENS[token.text] then
      depth = depth - 1
      if depth == 0 then
        return j
      end
    end
  end
end

-- Whether what ends at token i can be called or indexed.
local function is_prefix(token)
  return token and (token.kind == "name" or token.text == ")" or token.text == "]" or token.kind == "string")
end

-- Where the chain of names, calls and subscripts begins that ends at token `last`; nil when none does.
local function beginning(tokens, last)
  local i = last
  while true do
    local token = tokens[i]
    if not token then
      return nil
    elseif token.kind == "name" then
      local before = tokens[i - 1]
      if not (before and before.kind == "symbol" and (before.text == "." or before.text == ":")) then
        return i
      end
      i = i - 2
    elseif token.kind == "string" then
      local before = tokens[i - 1]
      if not is_prefix(before) or before.kind == "string" then
        return i
      end
      i = i - 1
    elseif token.kind == "symbol" and CLOSES[token.text] then
      local from = opening(tokens, i)
      if not from then
        return nil
      elseif not is_prefix(tokens[from - 1]) then
        return token.text == ")" and from or nil
      end
      i = from - 1
    else
      return nil
    end
  end
end

local function closing(tokens, i, last)
  for j = i + 1, last do
    if tokens[j].kind == "symbol" and CLOSES[tokens[j].text] and opening(tokens, j) == i then
      return j
    end
  end
end

local evaluate

-- The value of a parenthesis: that of the chain it ends in, or a tensor when any chain in it is one.
local function grouped(tokens, from, to)
  local start = to >= from and beginning(tokens, to)
  local item = start and start >= from and evaluate(tokens, start, to)
  if start == from then
    return item
  end
  for i = to, from, -1 do
    start = beginning(tokens, i)
    item = start and start >= from and evaluate(tokens, start, i)
    if item and core.is_tensor(item.value) then
      return infer.tensor()
    end
  end
end

local function field(item, key)
  if item.value ~= nil then
    local found = infer.read(item.value, key)
    return {value = found, method = type(key) == "string" and key or nil, of = item}
  elseif item.class then
    return {value = infer.read(item.class, key), method = key, of = item}
  end
  return {method = type(key) == "string" and key or nil, of = item}
end

local function subscript(tokens, from, to, item)
  if core.is_tensor(item.value) then
    return infer.tensor()
  end
  local key = tokens[from]
  local text = key and key.text or ""
  if to == from + 1 and text == "-" then
    text = "-" .. tokens[to].text
  elseif to ~= from then
    return nil
  end
  local literal = (key.kind == "string" or key.kind == "number" or text:match "^%-%d+$") and load("return " .. text, "", "t", {})
  if not literal then
    return nil
  end
  local found = item.value ~= nil and infer.read(item.value, literal())
  return found ~= nil and found ~= false and {value = found} or nil
end

function evaluate(tokens, first, last)
  local token = tokens[first]
  local item
  local i = first + 1
  if token.kind == "name" then
    item = {value = infer.read(globals, token.text)}
    if item.value == nil and i <= last and tokens[i].kind == "symbol" and tokens[i].text ~= ":" then
      return nil
    end
  elseif token.kind == "string" then
    item = {value = ""}
  else
    local close = closing(tokens, first, last)
    item = close and grouped(tokens, first + 1, close - 1)
    i = (close or last) + 1
  end
  while item and i <= last do
    token = tokens[i]
    if token.text == "." or token.text == ":" then
      item = field(item, tokens[i + 1].text)
      i = i + 2
    elseif token.text == "[" then
      local close = closing(tokens, i, last)
      item = close and subscript(tokens, i + 1, close - 1, item)
      i = (close or last) + 1
    else
      local close = token.kind == "string" and i or closing(tokens, i, last)
      item = close and result_of(item)
      i = (close or last) + 1
    end
  end
  return item
end

--- infer.chain(tokens, last): what the chain that ends at token `last` is: {value} or {class}, perhaps with {method, of}; nil
-- when that is not known.
function infer.chain(tokens, last)
  local first = beginning(tokens, last)
  return first and evaluate(tokens, first, last)
end

--- infer.opening(tokens): the position of the innermost bracket that the text leaves open, and of the one around it.
function infer.open_brackets(tokens)
  local stack = {}
  for i, token in ipairs(tokens) do
    if token.kind == "symbol" and OPENS[token.text] then
      stack[#stack + 1] = i
    elseif token.kind == "symbol" and CLOSES[token.text] then
      stack[#stack] = nil
    end
  end
  return stack[#stack], stack[#stack - 1]
end

return infer
