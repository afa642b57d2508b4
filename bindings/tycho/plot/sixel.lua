--[[
Pictures for terminals that know sixel (DEC's graphics of six rows at a time): a PNG becomes an escape sequence with at most
256 colours, the most frequent ones; every other colour is shown by the nearest. Relies on tycho.io to decode the PNG.
]]

local floor, min, max = math.floor, math.min, math.max

local sixel = {}

local MOST = 256

-- Colours of the pixels in steps of 8 levels: a key a pixel, and how often each occurs.
local function keys_of(planes)
  local red, green, blue = planes[1], planes[2], planes[3]
  local keys, counts = {}, {}
  for i = 1, #red do
    local key = red[i] >> 3 << 10 | green[i] >> 3 << 5 | blue[i] >> 3
    keys[i] = key
    counts[key] = (counts[key] or 0) + 1
  end
  return keys, counts
end

local function parts(key)
  return key >> 10, key >> 5 & 31, key & 31
end

-- The most frequent keys, and for every key the number (from 0) of the one that shows it.
local function palette_of(counts)
  local order = {}
  for key in pairs(counts) do
    order[#order + 1] = key
  end
  table.sort(order, function(a, b)
    return counts[a] > counts[b] or counts[a] == counts[b] and a < b
  end)
  local number = {}
  for i, key in ipairs(order) do
    if i <= MOST then
      number[key] = i - 1
    else
      local r, g, b = parts(key)
      local nearest, least
      for k = 1, MOST do
        local r2, g2, b2 = parts(order[k])
        local distance = (r - r2) ^ 2 + (g - g2) ^ 2 + (b - b2) ^ 2
        if not least or distance < least then
          nearest, least = k - 1, distance
        end
      end
      number[key] = nearest
    end
  end
  return table.move(order, 1, min(#order, MOST), 1, {}), number
end

-- One colour's six rows as characters, repeats counted.
local function run_lengths(masks, first, last)
  local out, x = {}, first
  if first > 1 then
    out[1] = ("!%d?"):format(first - 1)
  end
  while x <= last do
    local mask, n = masks[x] or 0, 1
    while x + n <= last and (masks[x + n] or 0) == mask do
      n = n + 1
    end
    local letter = string.char(63 + mask)
    out[#out + 1] = n > 3 and ("!%d%s"):format(n, letter) or letter:rep(n)
    x = x + n
  end
  return table.concat(out)
end

-- The six rows from `top` (from 0) on: every colour in them, one over the other.
local function band(keys, number, width, height, top)
  local masks, first, last, used = {}, {}, {}, {}
  for k = 0, min(5, height - 1 - top) do
    local row = (top + k) * width
    for x = 1, width do
      local color = number[keys[row + x]]
      if not masks[color] then
        masks[color], first[color], last[color] = {}, x, x
        used[#used + 1] = color
      end
      masks[color][x] = (masks[color][x] or 0) | 1 << k
      first[color], last[color] = min(first[color], x), max(last[color], x)
    end
  end
  local lines = {}
  for i, color in ipairs(used) do
    lines[i] = ("#%d%s"):format(color, run_lengths(masks[color], first[color], last[color]))
  end
  return table.concat(lines, "$")
end

--- The escape sequence that shows a PNG.
function sixel.encode(png)
  local image = require("tycho").io.decode_image(png, "RGB")
  local height, width = image.shape[2], image.shape[3]
  local keys, counts = keys_of(image:reshape(3, height * width):totable())
  local palette, number = palette_of(counts)
  local out = {('\27Pq"1;1;%d;%d'):format(width, height)}
  for i, key in ipairs(palette) do
    local r, g, b = parts(key)
    out[#out + 1] = ("#%d;2;%d;%d;%d"):format(i - 1, floor(r * 100 / 31 + 0.5), floor(g * 100 / 31 + 0.5),
                                              floor(b * 100 / 31 + 0.5))
  end
  for top = 0, height - 1, 6 do
    out[#out + 1] = band(keys, number, width, height, top) .. "-"
  end
  return table.concat(out) .. "\27\\"
end

return sixel
