-- Turns what was entered at the prompt into functions. An expression gives its values; a statement's top-level locals
-- become global (chunk.lua), so that later lines see them. A block of several lines is compiled as one chunk; when its
-- last lines are an expression, that gives the values. Where bare expressions stand between statements, as in a session
-- that was copied, the block is taken apart, and each part is a unit of its own with the line numbers of the whole.

local globalize = require "tycho.repl.chunk"
local lexer = require "tycho.repl.lexer"

local find, match = string.find, string.match

local NAME = "=stdin"
local MOST_TAIL = 40 -- lines of the expression that may end a block

-- Whether more lines could complete the text, by Lua's message. A string in quotes ends with its line, unless that ends in \.
local function wants_more(message, text)
  return find(message, "<eof>", -5, true) ~= nil
    and not (find(message, ": unfinished string near", 1, true) and not find(text, "\\$"))
end

-- A variable to close keeps a call from being a tail call, which would drop the user's line from tracebacks.
local function load_expression(text)
  return load("local __prompt <close> = nil return " .. text, NAME, "t")
end

-- A unit: {f, code = what the session's script would hold, value = whether it gives values, call = whether it is a call,
-- whose nil results are not worth showing. tail = the expression at a block's end}.
local function expression(text, padding)
  local f, message = load_expression(padding .. text)
  if f then
    return {f = f, code = text, value = true, call = load(text, NAME, "t") ~= nil}
  end
  return nil, message
end

local function statement(text, padding)
  local code = globalize(text)
  local f = load(padding .. code, NAME, "t")
  if f then
    return {f = f, code = code}
  end
  local whole, message = load(padding .. text, NAME, "t") -- the message shall be about what was typed
  if whole then
    return {f = whole, code = text}
  end
  return nil, message
end

local function lines_of(text)
  local list = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    list[#list + 1] = line
  end
  return list
end

-- Statements and then an expression, as one unit; nil when one of them does not compile.
local function joined(head, separator, tail)
  local code = globalize(head)
  local f = load(code, NAME, "t") and load("return " .. tail, NAME, "t")
    and load("local __prompt <close> = nil " .. code .. separator .. "return " .. tail, NAME, "t")
  return f and {f = f, code = code, tail = tail, value = true, call = load(tail, NAME, "t") ~= nil}
end

-- A line of statements whose last part, after a semicolon, is an expression: "x = 3; x".
local function with_last(text)
  local tokens = lexer.tokens(text)
  for i = #tokens - 1, 2, -1 do
    if tokens[i].text == ";" then
      return joined(text:sub(1, tokens[i].at), " ", text:sub(tokens[i].at + 1))
    end
  end
end

-- A block whose last lines are an expression after statements, as one unit; nil when it is no such block. Where all of it
-- is a statement, a line that begins otherwise than with a name goes on with the one before it.
local function with_tail(lines, is_statement)
  local n = #lines
  while n > 1 and not find(lines[n], "%S") do
    n = n - 1
  end
  for first = n, math.max(2, n - MOST_TAIL), -1 do
    local tail = table.concat(lines, "\n", first, n)
    if match(tail, is_statement and "^%s*[%a_]" or "%S") and not match(tail, "^%s*%-%-") then
      local found = joined(table.concat(lines, "\n", 1, first - 1), "\n", tail)
      if found then
        return found
      end
    end
  end
  return nil
end

-- Whether a line goes on with the statement before it, although that could end there.
local function continues(line)
  return match(line, "^%s*[.:]%s*[%a_]") or match(line, "^%s*%.%.") or match(line, "^%s*[+*/^%%<>=~|&,]")
    or match(line, "^%s*and%f[^%w_]") or match(line, "^%s*or%f[^%w_]")
end

-- One unit, or nil and the message. Blank lines before it are counted by `padding`.
local function unit(text, padding)
  local bare = match(text, "^%s*=(.*)$") -- "=x" is how older Luas were asked to show x
  if bare then
    return expression(bare, padding)
  end
  local found, message = expression(text, padding)
  if found or wants_more(message, text) then
    return found, message
  end
  return statement(text, padding)
end

-- The parts of a block, none of which has run; nil and the message of the first that is wrong.
local function split(lines)
  local units, first = {}, 1
  local i = 1
  while i <= #lines do
    local text = table.concat(lines, "\n", first, i)
    if i < #lines and continues(lines[i + 1]) or not find(text, "%S") then
      if not find(text, "%S") then
        first = i + 1
      end
    else
      local found, message = unit(text, ("\n"):rep(first - 1))
      if found then
        units[#units + 1] = found
        first = i + 1
      elseif i == #lines or not wants_more(message, text) then
        return nil, message
      end
    end
    i = i + 1
  end
  return units
end

-- A session that was copied with its prompts: what was typed, without what was shown; other text as it is.
local function without_prompts(text)
  if not find(text, "^%s*>+ ") then
    return text
  end
  local kept = {}
  for _, line in ipairs(lines_of(text)) do
    kept[#kept + 1] = match(line, "^%s*>>? (.*)$")
  end
  return table.concat(kept, "\n")
end

--- The units of a text, as a list (empty for blanks and comments) and the text that they are of; or nil and a message, with
-- true as a third result when more lines could complete it.
local function compile(text)
  text = without_prompts(text)
  if lexer.skip_blanks(text, 1) > #text and not find(text, "%-%-%[=*%[") then
    return {}, text
  end
  if not find(text, "\n", 1, true) then
    local found, message = unit(text, "")
    found = found or with_last(text)
    if found then
      return {found}, text
    end
    return nil, message, wants_more(message, text)
  end
  local found, message = expression(text, "")
  if found then
    return {found}, text
  end
  local lines = lines_of(text)
  found = with_tail(lines, load(text, NAME, "t") ~= nil)
  if not found and not wants_more(message, text) then
    found, message = statement(text, "")
  end
  if found then
    return {found}, text
  end
  local units
  if not wants_more(message, text) then
    units, message = split(lines)
  end
  if units then
    return units, text
  end
  return nil, message, wants_more(message, text)
end

return compile
