-- The texts that were entered at the prompt, by the functions they define, so that an error can show the line it stands on:
-- all of them are called "stdin". A function of a chunk shares the chunk's _ENV, an upvalue by which it is known; one that
-- uses no global is looked for by the lines it stands on.

local debug = debug
local KEPT = 200 -- texts

local source = {}

local texts = {} -- newest last: {f = main function, id = of its _ENV, lines}

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    lines[#lines + 1] = line
  end
  return lines
end

local function environment_id(f)
  for i = 1, 255 do
    local name = debug.getupvalue(f, i)
    if not name then
      return nil
    elseif name == "_ENV" then
      return debug.upvalueid(f, i)
    end
  end
end

--- source.remember(f, text): the main function of what was entered; of a text without functions only the latest is kept.
function source.remember(f, text)
  local latest = texts[#texts]
  if latest and not latest.lasting then
    texts[#texts] = nil
  end
  texts[#texts + 1] = {f = f, id = environment_id(f), lines = lines_of(text), lasting = text:find "%f[%w]function%f[%W]" ~= nil}
  if #texts > KEPT then
    table.remove(texts, 1)
  end
end

-- Whether the text has, at the lines where the function is defined, one with these parameters.
local function may_hold(lines, info)
  local first, last = lines[info.linedefined], lines[info.lastlinedefined]
  local list = first and last and last:find "end" and first:match "function[^(]*%(([^)]*)%)"
  if not list then
    return false
  end
  if debug.getlocal(info.func, 1) == "self" and not list:find "^%s*self%f[^%w_]" then
    list = "self, " .. list -- function class:method(...)
  end
  local count = 0
  for name in list:gmatch "[%a_][%w_]*" do
    count = count + 1
    if debug.getlocal(info.func, count) ~= name then
      return false
    end
  end
  return count == info.nparams
end

-- That line of the text in which the function of this frame stands; nil when that is not known for sure. The only line of a
-- text is on the screen just above.
local function entered_line(info, number)
  local id = environment_id(info.func)
  local found
  for i = #texts, 1, -1 do
    local text = texts[i]
    if text.f == info.func or id and text.id == id then
      return (#text.lines > 1 or text.f ~= info.func) and text.lines[number] or nil
    elseif not id and may_hold(text.lines, info) then
      if found and found ~= text.lines[number] then
        return nil
      end
      found = text.lines[number]
    end
  end
  return found
end

local function file_line(path, number)
  local file = io.open(path, "r")
  if not file then
    return nil
  end
  local line
  for _ = 1, number do
    line = file:read "l"
    if not line then
      break
    end
  end
  file:close()
  return line
end

--- source.line(info, number): that line of the source of a frame, of which info has the fields "fSu"; nil where it is not
-- known, and for what was entered on a single line.
function source.line(info, number)
  if info.source == "=stdin" then
    return entered_line(info, number)
  elseif info.source:sub(1, 1) == "@" then
    return file_line(info.source:sub(2), number)
  end
end

return source
