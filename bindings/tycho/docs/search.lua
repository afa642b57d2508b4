-- ??words at the prompt and help.search: the entries of the documentation whose names or texts hold all the words, the best
-- first, a line each.

local entries = require "tycho.docs.entries"

local MOST = 20 -- lines

-- How well a word fits an entry, by the best place it stands in; nil when it is nowhere.
local function score_of(word, entry)
  local best
  for _, name in ipairs(entry.names) do
    local lower = name:lower()
    local short = lower:match "[%w_]+$" or lower
    local score = short == word and 100 or short:sub(1, #word) == word and 60 - #short + #word
      or lower:find(word, 1, true) and 40 or #short >= 4 and word:sub(1, #short) == short and 30 or nil
    if score and (not best or score > best) then best = score end
  end
  if best then return best end
  local doc = (entry.doc or ""):lower()
  local first = doc:match "^(.-%.)%s" or doc
  if first:find("%f[%w]" .. word:gsub("%p", "%%%0")) then return 20 end
  if first:find(word, 1, true) then return 12 end
  if doc:find(word, 1, true) then return 8 end
  if (entry.signature or ""):lower():find("%f[%w_]" .. word:gsub("%p", "%%%0") .. "%f[^%w_]") then return 10 end
  return nil
end

local function line_of(entry, width, room)
  local doc = (entry.doc or ""):gsub("%s+", " ")
  doc = doc:match "^(.-%.)%s" or doc
  local line = ("  %-" .. room .. "s  %s"):format(entry.names[1], doc)
  if #line > width - 1 then line = line:sub(1, (utf8.offset(line, 0, width - 3) or width - 3) - 1) .. "..." end
  return line
end

--- search(text, width): the lines, each cut to the width of the window.
local function search(text, width)
  local words = {}
  for word in text:lower():gmatch "[^%s,]+" do words[#words + 1] = word end
  if #words == 0 then return "?? needs words to search for: ??learning rate" end
  local found = {}
  for _, entry in ipairs(entries.list()) do
    local total = 0
    for _, word in ipairs(words) do
      local score = total and score_of(word, entry)
      total = score and total + score or nil
      if not total then break end
    end
    if total then found[#found + 1] = {entry = entry, score = total} end
  end
  if #found == 0 then return ("nothing in the documentation holds '%s'"):format(table.concat(words, " ")) end
  table.sort(found, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    local first, second = a.entry.names[1], b.entry.names[1]
    if #first ~= #second then return #first < #second end
    return first < second
  end)
  local lines, room = {}, 0
  for i = 1, math.min(#found, MOST) do room = math.max(room, #found[i].entry.names[1]) end
  for i = 1, math.min(#found, MOST) do lines[i] = line_of(found[i].entry, width, math.min(room, 34)) end
  if #found > MOST then lines[#lines + 1] = ("  ... and %d more; more words narrow it down"):format(#found - MOST) end
  lines[#lines + 1] = "?name explains one of them."
  return table.concat(lines, "\n")
end

return search
