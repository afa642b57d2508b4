-- Names that are spelt almost as a word, for those who mistyped one. Knows nothing of what the names mean.

local spelling = {}

--- spelling.distance(a, b, most): changes of one letter (left out, put in, other, two in the wrong order) that lead from a to b;
-- more than `most` is most + 1.
function spelling.distance(a, b, most)
  if math.abs(#a - #b) > most then return most + 1 end
  local before, row = {}, {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local new = {[0] = i}
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      new[j] = math.min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        new[j] = math.min(new[j], before[j - 2] + 1)
      end
    end
    before, row = row, new
  end
  return row[#b]
end

--- spelling.alike(word, names): of a list of names those whose last word is spelt almost as this one: the
-- nearest.
function spelling.alike(word, list)
  local found, most = {}, #word <= 4 and 1 or 2
  for _, name in ipairs(list) do
    local d = spelling.distance(word, name:match "[%w_]+$" or name, most)
    if d > 0 and d <= most then found[#found + 1] = {name, d} end
  end
  table.sort(found, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return #a[1] == #b[1] and a[1] < b[1] or #a[1] < #b[1]
  end)
  local nearest = {}
  for i, item in ipairs(found) do
    if item[2] == found[1][2] then nearest[i] = item[1] end
  end
  return nearest
end

return spelling
