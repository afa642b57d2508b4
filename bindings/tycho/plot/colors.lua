--[[
Colours: the cycle that series take them from, names, colour maps, the themes (colours of the page, of texts and axes),
and the reading of what a user calls a colour. Knows nothing of marks or gnuplot.
]]

local blame = require "tycho.plot.blame"
local fail = blame.fail
local floor, max, min = math.floor, math.max, math.min

local colors = {}

--- Ten colours in the order in which series take them: told apart by most colour-blind readers, and on white.
colors.cycle = {
  "#0072b2", "#e67e00", "#009e73", "#cc3d3d", "#8e5bb5", "#8c6239", "#d86fa6", "#6b7280", "#9aa800", "#2ab0c8",
}

--- Colours by name.
colors.names = {
  black = "#000000", white = "#ffffff", gray = "#808080", grey = "#808080", lightgray = "#d3d3d3",
  lightgrey = "#d3d3d3", darkgray = "#505050", darkgrey = "#505050", red = "#d62728", green = "#2ca02c",
  blue = "#1f77b4", orange = "#ff7f0e", purple = "#9467bd", brown = "#8c564b", pink = "#e377c2", olive = "#bcbd22",
  cyan = "#17becf", magenta = "#c71585", yellow = "#e5c100", navy = "#1a2a6c", teal = "#008080", gold = "#d4a017",
  k = "#000000", w = "#ffffff", r = "#d62728", g = "#2ca02c", b = "#1f77b4", c = "#17becf", m = "#c71585",
  y = "#e5c100",
}

-- Colours at equal distances from the lowest value to the highest; viridis, plasma, inferno, magma and cividis sampled
-- from matplotlib's, RdBu and the like from ColorBrewer's.
local maps = {
  gray = "000000 ffffff", viridis = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
  plasma = "0d0887 46039f 7201a8 9c179e bd3786 d8576b ed7953 fb9f3a fdca26 f0f921",
  inferno = "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4",
  magma = "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf",
  cividis = "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838",
  coolwarm = "3b4cc0 6788ee 9abbff c9d7f0 edd1c2 f7a889 e26952 b40426",
  RdBu = "67001f b2182b d6604d f4a582 fddbc7 f7f7f7 d1e5f0 92c5de 4393c3 2166ac 053061",
  RdYlGn = "a50026 f46d43 fee08b ffffbf d9ef8b 66bd63 006837",
  PiYG = "8e0152 de77ae fde0ef f7f7f7 e6f5d0 7fbc41 276419", bwr = "0000ff ffffff ff0000",
  seismic = "00004c 0000ff ffffff ff0000 800000", Greys = "ffffff d9d9d9 969696 525252 000000",
  Blues = "f7fbff c6dbef 6baed6 2171b5 08306b", Reds = "fff5f0 fcbba1 fb6a4a cb181d 67000d",
  Greens = "f7fcf5 c7e9c0 74c476 238b45 00441b", Oranges = "fff5eb fdd0a2 fd8d3c d94801 7f2704",
  Purples = "fcfbfd dadaeb 9e9ac8 6a51a3 3f007d", YlGnBu = "ffffd9 c7e9b4 41b6c4 225ea8 081d58",
  hot = "0b0000 ff0000 ffff00 ffffff", bone = "000000 545474 a9c8c8 ffffff",
  jet = "000080 0000ff 00ffff ffff00 ff0000 800000",
  turbo = "30123b 4662d7 36aaf9 1ae4b6 72fe5e c8ef34 faba39 f66b19 ca2a04 7a0403",
  tab10 = "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf",
}

--- Colour maps by name: lists of "#rrggbb"; each also backwards as name_r.
colors.maps = {}
for name, text in pairs(maps) do
  local list, back = {}, {}
  for hex in text:gmatch("%x+") do
    list[#list + 1] = "#" .. hex
    table.insert(back, 1, "#" .. hex)
  end
  colors.maps[name], colors.maps[name .. "_r"] = list, back
end
for another, name in pairs {grey = "gray", blues = "Blues", grays = "Greys"} do
  colors.maps[another], colors.maps[another .. "_r"] = colors.maps[name], colors.maps[name .. "_r"]
end

--- Themes by name. replace: what stands for a colour on that page.
colors.themes = {
  light = {paper = "#ffffff", ink = "#333333", title = "#111111", faint = "#e4e4e4", frame = "#808080",
           key = "#cccccc", replace = {}},
  dark = {paper = "#15181d", ink = "#d0d4da", title = "#f2f4f7", faint = "#31363e", frame = "#8a919c",
          key = "#4a515c", replace = {["#000000"] = "#f2f4f7"}},
}
for i, bright in ipairs {"#4da8e8", "#ffa340", "#34cfa0", "#ff6b6b", "#c59bff", "#cfa274", "#ff9bd0", "#aeb6c2",
                         "#d2dc4a", "#58dcf2"} do
  colors.themes.dark.replace[colors.cycle[i]] = bright
end

--- The n-th colour of the cycle.
function colors.of_slot(n)
  return colors.cycle[(n - 1) % #colors.cycle + 1]
end

--- Red, green and blue, 0 to 255, of "#rrggbb".
function colors.rgb(color)
  local v = tonumber(color:sub(2), 16)
  return v >> 16, v >> 8 & 255, v & 255
end

--- The colour between a (share 0) and b (share 1).
function colors.mix(a, b, share)
  local r1, g1, b1 = colors.rgb(a)
  local r2, g2, b2 = colors.rgb(b)
  return ("#%02x%02x%02x"):format(floor(r1 + (r2 - r1) * share + 0.5), floor(g1 + (g2 - g1) * share + 0.5),
                                 floor(b1 + (b2 - b1) * share + 0.5))
end

--- A colour map as 256 strings of four bytes (red, green, blue, opaque), numbered from 0.
function colors.lookup(map)
  local table_of = {}
  for i = 0, 255 do
    local at = i / 255 * (#map - 1)
    local k = min(floor(at), #map - 2)
    local r, g, b = colors.rgb(#map == 1 and map[1] or colors.mix(map[k + 1], map[k + 2], at - k))
    table_of[i] = string.char(r, g, b, 255)
  end
  return table_of
end

--- How bright a colour is to the eye, 0 to 1.
function colors.luminance(color)
  local r, g, b = colors.rgb(color)
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255
end

local function of_parts(where, name, v)
  local parts = {}
  for i = 1, 3 do
    local part = v[i]
    if type(part) ~= "number" or not (part >= 0 and part <= 1) then
      fail("%s: %s: red, green and blue are numbers from 0 to 1, got %s", where, name, tostring(part))
    end
    parts[i] = ("%02x"):format(floor(part * 255 + 0.5))
  end
  return "#" .. table.concat(parts)
end

--- "#rrggbb" of a colour: a name, "#rgb", "#rrggbb", "C1" to "C10" (of the cycle), {r, g, b} or a gray level "0.7"
-- from 0 to 1; nil for anything else.
function colors.read(where, name, v)
  if type(v) == "string" then
    if colors.names[v] then
      return colors.names[v]
    elseif v:find("^#%x%x%x%x%x%x$") then
      return v:lower()
    elseif v:find("^#%x%x%x$") then
      return (v:lower():gsub("%x", "%0%0"))
    elseif v:find("^tab:%a+$") then
      return colors.names[v:sub(5)]
    end
    local gray = v:find("^[01]?%.?%d*$") and tonumber(v)
    if gray and gray <= 1 then
      return ("#%02x%02x%02x"):format(floor(gray * 255 + 0.5), floor(gray * 255 + 0.5), floor(gray * 255 + 0.5))
    end
    local place = v:match("^C(%d%d?)$")
    return place and colors.cycle[max(0, tonumber(place))] or nil
  elseif type(v) == "table" and #v == 3 then
    return of_parts(where, name, v)
  end
  return nil
end

return colors
