-- What could continue the text that is typed: commands, globals and keywords, fields after `.`, methods after `:`, keys in
-- `t["`, and the names of options in the table of a call. Completing must not change anything, so no code of the line
-- runs: infer.lua tells what stands before the word. Never an error: where nothing is known, nothing is offered.

local infer = require "tycho.repl.infer"
local lexer = require "tycho.repl.lexer"

local match, sub = string.match, string.sub
local type, next, ipairs, pcall = type, next, ipairs, pcall
local globals = _G

local DEEPEST = 30 -- __index tables followed before it is taken for a circle

local function callable(value)
  return type(value) == "function" or infer.meta(value, "__call") ~= nil
end

local function index(value, key)
  return value[key]
end

local function is_identifier(key)
  return match(key, "^[%a_][%w_]*$") and not lexer.keywords[key]
end

-- Adds the names of the value to the set; after ":" those of functions only.
local function add_names(names, value, separator)
  local holder = value
  for _ = 1, DEEPEST do
    if type(holder) == "table" then
      for key, field in next, holder do
        if type(key) == "string" and is_identifier(key) and (separator ~= ":" or callable(field)) then
          names[key] = true
        end
      end
    end
    holder = infer.meta(holder, "__index")
    if type(holder) ~= "table" then
      break
    end
  end
  for _, name in ipairs((infer.offered(value, separator))) do
    local wanted = type(name) == "string" and is_identifier(name)
    if wanted and separator == ":" then
      local ok, field = pcall(index, value, name)
      wanted = ok and callable(field)
    end
    if wanted then
      names[name] = true
    end
  end
end

-- The names of an object that is not there yet: its class's functions, and after "." nothing else is known either.
local function add_class_names(names, class)
  for _ = 1, DEEPEST do
    if type(class) ~= "table" then
      return
    end
    for key, field in next, class do
      if type(key) == "string" and type(field) == "function" and is_identifier(key) then
        names[key] = true
      end
    end
    class = rawget(class, "_base") or infer.meta(class, "__index")
  end
end

-- The words that a signature names as arguments, as a set.
local function arguments_of(signature)
  local names = {}
  for form in (signature .. "\n"):gmatch "(.-)\n" do
    local inside = form:gsub("%s*%->.*$", ""):match "%((.*)%)" or ""
    inside = inside:gsub('"[^"]*"', "")
    for piece in inside:gmatch "[^,{}%[%]]+" do
      local name = match(piece, "^%s*([%a_][%w_]*)")
      if name then
        names[name] = true
      end
    end
  end
  return names
end

-- The names of the options of the call in whose table the text stands at the place of a key; nil when it does not.
local function option_names(tokens)
  local brace, around = infer.open_brackets(tokens)
  local last = tokens[#tokens]
  if not brace or tokens[brace].text ~= "{" or last.kind ~= "symbol" or not (#tokens == brace or match(last.text, "^[,;]$")) then
    return nil
  end
  local before, callee = tokens[brace - 1], nil
  if not before then
    return nil
  elseif before.kind == "name" then
    callee = brace - 1
  elseif around and tokens[around].text == "(" and (before.text == "," or before.text == "(") then
    callee = around - 1
  end
  local item = callee and callee > 0 and infer.chain(tokens, callee)
  local entry = item and infer.entry(item)
  if not entry then
    return nil
  end
  local names = arguments_of(entry.signature or "")
  if entry.row then
    names.input = nil -- what a method is called on
  end
  for i = brace + 1, #tokens - 1 do -- those that are given already
    if tokens[i + 1].text == "=" then
      names[tokens[i].text] = nil
    end
  end
  return names
end

-- The keys of the value as they stand in a string after `[`.
local function string_keys(names, value)
  if type(value) == "table" then
    for key in next, value do
      if type(key) == "string" then
        names[key] = true
      end
    end
    for _, name in ipairs((infer.offered(value, "."))) do
      if type(name) == "string" then
        local ok, field = pcall(index, value, name)
        names[name] = ok and type(field) ~= "function" or nil
      end
    end
  end
end

-- The names in the set that begin with the word, sorted; private ones for those who ask.
local function matching(names, word, suffix)
  local list = {}
  for name in next, names do
    if sub(name, 1, #word) == word and (sub(name, 1, 1) ~= "_" or sub(word, 1, 1) == "_") then
      list[#list + 1] = name .. (suffix or "")
    end
  end
  table.sort(list)
  return list
end

-- Globals, keywords, and the names that the chunk itself holds so far.
local function plain_names(tokens, word)
  local names = {}
  add_names(names, globals, ".")
  for keyword in next, lexer.keywords do
    names[keyword] = true
  end
  for _, token in ipairs(tokens) do
    if token.kind == "name" then
      names[token.text] = true
    end
  end
  return matching(names, word)
end

local function after_separator(tokens, separator, word)
  local item = infer.chain(tokens, #tokens)
  local names = {}
  if item and item.value ~= nil then
    add_names(names, item.value, separator)
  elseif item and item.class then
    add_class_names(names, item.class)
  end
  return matching(names, word)
end

-- A string that is open at the end of the text: keys after `[`, else nil for the names of files.
local function in_string(text, word)
  local tokens = lexer.tokens(text)
  local open = tokens[#tokens]
  if not (open and open.open) or not match(open.text, "^[\"']") then
    return nil
  end
  tokens[#tokens] = nil
  if not tokens[1] or tokens[#tokens].text ~= "[" or #tokens < 2 then
    return nil
  end
  tokens[#tokens] = nil
  local item, names = infer.chain(tokens, #tokens), {}
  if item and item.value ~= nil then
    string_keys(names, item.value)
  end
  return next(names) and matching(names, word) or nil
end

-- The code in a line that may begin with a command or a question mark; nil and the answer when it is not about code.
local function code_of(before, word)
  local question = match(before, "^%s*%?+(.*)$")
  local command, rest = match(before, "^%s*:(%a+)!?(%s.*)$")
  if question then
    return question
  elseif match(before, "^%s*:$") then
    local names = {}
    for _, name in ipairs(require "tycho.repl.commands".words()) do
      names[sub(name, 2)] = true
    end
    return nil, matching(names, word)
  elseif command and command ~= "time" then
    return nil, nil
  end
  return rest or before
end

--- complete(before, word, quoted): the sorted texts that begin with `word`, which stands after the text `before`; quoted: in a
-- string. nil: names of files.
local function complete(before, word, quoted)
  local code, answer = code_of(before, word)
  if not code then
    return answer
  elseif quoted then
    return in_string(code, word)
  end
  local tokens = lexer.tokens(code)
  local last = tokens[#tokens]
  if last and (last.open or match(code, "%-%-[^\n]*$") and last.at < #code - #match(code, "%-%-[^\n]*$")) then
    return {} -- in a long string or a comment
  end
  if last and last.kind == "symbol" and (last.text == "." or last.text == ":") then
    tokens[#tokens] = nil
    return after_separator(tokens, last.text, word)
  end
  local options = last and option_names(tokens)
  local list = options and matching(options, word, " = ") or {}
  return #list > 0 and list or plain_names(tokens, word)
end

return function(before, word, quoted)
  local ok, list = pcall(complete, before, word, quoted)
  if ok then
    return list
  end
  return {}
end
