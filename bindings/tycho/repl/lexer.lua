-- Lua source as tokens, for text that is still being typed: completion, indentation and the splitting of pasted blocks
-- read it, so nothing here fails on a half-entered chunk. Relies on nothing but the words of the language.

local find, sub, match = string.find, string.sub, string.match

local lexer = {}

--- Where each kind of block begins and ends; `while` and `for` have their `do`.
lexer.depth = {["do"] = 1, ["function"] = 1, ["if"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1}

--- The reserved words, as a set.
lexer.keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  lexer.keywords[word] = true
end

--- skip_blanks(text, i): the first position from i on that is neither blank nor comment.
function lexer.skip_blanks(text, i)
  while true do
    i = find(text, "[^%s]", i) or #text + 1
    if sub(text, i, i + 1) ~= "--" then
      return i
    end
    local level = match(text, "^%[(=*)%[", i + 2)
    local _, last
    if level then
      _, last = find(text, "]" .. level .. "]", i, true)
    else
      _, last = find(text, "\n", i, true)
    end
    i = (last or #text) + 1
  end
end

--- skip_string(text, i): the position after the string that begins at i; nil when no string does. A second
-- result is true when the string has no end.
function lexer.skip_string(text, i)
  local quote = match(text, "^[\"']", i)
  if quote then
    local j = i + 1
    while j <= #text do
      local c = sub(text, j, j)
      if c == quote then
        return j + 1
      end
      j = j + (c == "\\" and 2 or 1)
    end
    return #text + 1, true
  end
  local level = match(text, "^%[(=*)%[", i)
  if level then
    local _, last = find(text, "]" .. level .. "]", i, true)
    return (last or #text) + 1, not last
  end
  return nil
end


--- The tokens of the text: a list of {kind = "name" | "keyword" | "number" | "string" | "symbol", text, at = first position,
-- open = whether a string has no end}. Comments are left out.
function lexer.tokens(text)
  local list, i = {}, 1
  while true do
    i = lexer.skip_blanks(text, i)
    if i > #text then
      return list
    end
    local kind, open
    local after = match(text, "^[%a_][%w_]*()", i)
    if after then
      kind = lexer.keywords[sub(text, i, after - 1)] and "keyword" or "name"
    else
      after, open = lexer.skip_string(text, i)
      if after then
        kind = "string"
      else
        -- an exponent's sign belongs to the number
        after = match(text, "^%d[%w%.]*[eEpP][+-]?%d+()", i) or match(text, "^%.?%d[%w%.]*()", i)
        kind = after and "number" or "symbol"
        after = after or match(text, "^%.%.%.()", i) or match(text, "^[.:=~<>/][.:=~<>/]()", i) or i + 1
      end
    end
    list[#list + 1] = {kind = kind, text = sub(text, i, after - 1), at = i, open = open}
    i = after
  end
end

return lexer
