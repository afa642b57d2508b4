-- How far the next line of an unfinished chunk is indented: two columns beyond the line that holds the innermost block,
-- bracket or call that is still open. Relies on lexer.lua.

local lexer = require "tycho.repl.lexer"

local STEP = 2
local OPENS = {["{"] = 1, ["("] = 1, ["["] = 1, ["}"] = -1, [")"] = -1, ["]"] = -1}

-- The line in which each open block or bracket began, outermost first; nil inside a string.
local function open_lines(text)
  local stack, line, at = {}, 1, 1
  for _, token in ipairs(lexer.tokens(text)) do
    if token.open then
      return nil
    end
    local _, breaks = text:sub(at, token.at - 1):gsub("\n", "")
    line, at = line + breaks, token.at
    local change = token.kind == "keyword" and lexer.depth[token.text] or token.kind == "symbol" and OPENS[token.text]
    if change == 1 then
      stack[#stack + 1] = line
    elseif change == -1 then
      stack[#stack] = nil
    end
  end
  return stack
end

--- The number of blanks with which the line after the text should begin.
local function indent(text)
  local stack = open_lines(text)
  if not stack then
    return 0 -- blanks would become part of the string
  end
  local wanted, number = stack[#stack] or 1, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if number == wanted then
      return #line:match "^ *" + STEP
    end
  end
  return 0
end

return indent
