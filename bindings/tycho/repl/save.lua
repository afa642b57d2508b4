-- :save, which writes the entries of the session that succeeded as a script that runs again. Top-level locals are written
-- as the globals they are at the prompt; an expression becomes a statement, and sets `_` where a later entry reads it.

local lexer = require "tycho.repl.lexer"
local results = require "tycho.repl.results"

local HEADER = "-- Saved by :save of Tycho's prompt."
local NAMES = [[
ty = require "tycho"
nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
]]

-- Whether the code reads a result: 1 for the last one only, 2 for older ones, too.
local function reads_results(code)
  local level = 0
  for name in code:gmatch "%f[%w_]_%d?%f[^%w_]" do
    if results.is_name(name) then
      level = math.max(level, (name == "_" or name == "_1") and 1 or 2)
    end
  end
  return level
end

local function assigned(expression, level)
  local text = ("_1 = (%s\n)\n_ = _1"):format(expression)
  if not expression:find("[\n]", 1) and not expression:find("--", 1, true) then
    text = ("_1 = %s; _ = _1"):format(expression)
  end
  if level == 0 then
    return (text:gsub("^_1", "_"):gsub("[;\n] ?_ = _1$", ""))
  end
  return level == 2 and results.shift .. "; " .. text or text
end

-- Whether the code has a return of its own, which would end the script.
local function returns(code)
  local blocks, functions = {}, 0
  for _, token in ipairs(lexer.tokens(code)) do
    local change = token.kind == "keyword" and lexer.depth[token.text]
    if change == 1 then
      blocks[#blocks + 1] = token.text
      functions = functions + (token.text == "function" and 1 or 0)
    elseif change == -1 then
      functions = functions - (table.remove(blocks) == "function" and 1 or 0)
    elseif token.kind == "keyword" and token.text == "return" and functions == 0 then
      return true
    end
  end
  return false
end

-- A statement that can stand after and before any other.
local function fenced(code)
  if returns(code) then
    return "(function(...)\n" .. code .. "\nend)(...)"
  elseif code:find("<", 1, true) and code:find "<%s*close%s*>" or code:find("::", 1, true) then
    return "do\n" .. code .. "\nend"
  end
  return code
end

-- Whether leaving the expression out changes nothing: there is no call in it.
local function is_idle(expression)
  return not expression:find "[(\"'{%[]"
end

-- The entry as statements that give `_` and its like as far as they are read; nil where nothing would change.
local function written(entry, level)
  local code = entry.code
  if entry.value and level == 0 and not entry.call and not entry.tail and is_idle(code) then
    return nil
  elseif not entry.value then
    code = fenced(code)
  elseif entry.tail then
    code = code .. "\n" .. (entry.call and level == 0 and entry.tail or assigned(entry.tail, level))
  elseif not entry.call or level > 0 then
    code = assigned(code, level)
  end
  return code:find "^%s*%(" and ";" .. code or code
end

local function is_foreign(path)
  local file = io.open(path)
  if not file then
    return false
  end
  local first = file:read(#HEADER)
  file:close()
  return first ~= nil and first ~= HEADER
end

--- save(entries, path, force): writes the script; the number of entries in it. Only what :save wrote itself is replaced,
-- unless force is given.
local function save(entries, path, force)
  if not force and is_foreign(path) then
    error((":save: %s is there and was not written by :save; another name, or :save! %s, writes"):format(path, path), 0)
  end
  local level, parts = 0, {}
  for i = #entries, 1, -1 do
    local part = written(entries[i], level)
    if part then
      table.insert(parts, 1, part)
    end
    level = math.max(level, reads_results(entries[i].code .. " " .. (entries[i].tail or "")))
  end
  local text = HEADER .. "\n" .. NAMES .. "\n" .. table.concat(parts, "\n") .. "\n"
  local file, why = io.open(path, "w")
  local ok = file and file:write(text)
  ok = file and file:close() and ok
  if not ok then
    error((":save: cannot write %s"):format(why or path), 0)
  end
  return #entries
end

return save
