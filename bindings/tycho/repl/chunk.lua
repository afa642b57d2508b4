-- Makes the top-level locals of a chunk global, because at the prompt every line is a chunk of its own and a local
-- would be gone before the next line. `local x <const> = 1` becomes `x = 1`, `local a, b` becomes `a, b = nil`, and
-- `local function f` becomes `function f`; line numbers stay. A local inside a block, a <close> variable (whose end is
-- the point of it) and _ENV stay local. The text needs to be a chunk that compiles; otherwise what comes back need not
-- compile either. Relies on nothing but the words of the language.

local find, sub, match = string.find, string.sub, string.match
local concat = table.concat

-- Where each kind of block begins and ends; `while` and `for` have their `do`.
local DEPTH = {["do"] = 1, ["function"] = 1, ["if"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1}

-- The first position from i on that is neither blank nor comment.
local function skip_blanks(text, i)
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

-- The position after the string that begins at i; nil when no string does.
local function skip_string(text, i)
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
    return j
  end
  local level = match(text, "^%[(=*)%[", i)
  if level then
    local _, last = find(text, "]" .. level .. "]", i, true)
    return (last or #text) + 1
  end
  return nil
end

-- Reads `name <attrib>, name ...` from i. Returns the names as one text, the position after the last of them, and the
-- position of what follows; nil when the declaration must stay local.
local function name_list(text, i)
  local names = {}
  while true do
    local name, after = match(text, "^([%a_][%w_]*)()", i)
    if not name or name == "_ENV" then
      return nil
    end
    names[#names + 1] = name
    local following = skip_blanks(text, after)
    local attribute, rest = match(text, "^<%s*([%a_]+)%s*>()", following)
    if attribute then
      if attribute ~= "const" then
        return nil
      end
      after, following = rest, skip_blanks(text, rest)
    end
    if sub(text, following, following) ~= "," then
      return concat(names, ", "), after, following
    end
    i = skip_blanks(text, following + 1)
  end
end

-- The chunk with its top-level locals made global, as a string.
local function globalize(text)
  if not find(text, "local", 1, true) then
    return text
  end
  local out, copied = {}, 1 -- text before `copied` is in out
  local depth, i = 0, 1
  while true do
    i = skip_blanks(text, i)
    if i > #text then
      break
    end
    local word, after = match(text, "^([%a_][%w_]*)()", i)
    if not word then
      -- a number is skipped whole, or the e of 1e5 would be a name
      i = skip_string(text, i) or match(text, "^%d[%w%.]*()", i) or i + 1
    elseif word == "local" and depth == 0 then
      local next_word = skip_blanks(text, after)
      if match(text, "^function%f[^%w_]", next_word) then
        out[#out + 1] = sub(text, copied, i - 1)
        copied, i = after, next_word
      else
        local names, last, following = name_list(text, next_word)
        if names then
          out[#out + 1] = sub(text, copied, i - 1)
          -- newlines inside the declaration are kept for the sake of line numbers
          local _, newlines = string.gsub(sub(text, i, last - 1), "\n", "")
          out[#out + 1] = ("\n"):rep(newlines) .. names
          if sub(text, following, following) ~= "=" then
            out[#out + 1] = " = nil"
          end
          copied, i = last, last
        else
          i = after
        end
      end
    else
      depth = depth + (DEPTH[word] or 0)
      i = after
    end
  end
  out[#out + 1] = sub(text, copied)
  return concat(out)
end

return globalize
