-- Makes the top-level locals of a chunk global, because at the prompt every line is a chunk of its own and a local
-- would be gone before the next line. `local x <const> = 1` becomes `x = 1`, `local a, b` becomes `a, b = nil`, and
-- `local function f` becomes `function f`; line numbers stay. A local inside a block, a <close> variable (whose end is
-- the point of it) and _ENV stay local. The text needs to be a chunk that compiles; otherwise what comes back need not
-- compile either. Relies on lexer.lua.

local lexer = require "tycho.repl.lexer"

local find, sub, match = string.find, string.sub, string.match
local concat = table.concat
local skip_blanks, skip_string, DEPTH = lexer.skip_blanks, lexer.skip_string, lexer.depth

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
