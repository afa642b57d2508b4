--[[
Options by name and the words they take: one checker for the table of options that each plotting function accepts, and
the readings of colours, dashes, markers and colour maps. A wrong name or word is an error that lists the known ones.
Knows the words' meaning to gnuplot (numbers of point types, dash patterns) but runs nothing.
]]

local blame = require "tycho.plot.blame"
local fail = blame.fail

local options = {}

--- Ten colours in the order in which series take them: told apart by most colour-blind readers, and on white.
options.cycle = {
  "#0072b2", "#e67e00", "#009e73", "#cc3d3d", "#8e5bb5", "#8c6239", "#d86fa6", "#6b7280", "#9aa800", "#2ab0c8",
}

local color_names = {
  black = "#000000", white = "#ffffff", gray = "#808080", grey = "#808080", lightgray = "#d3d3d3",
  darkgray = "#505050", red = "#d62728", green = "#2ca02c", blue = "#1f77b4", orange = "#ff7f0e",
  purple = "#9467bd", brown = "#8c564b", pink = "#e377c2", olive = "#bcbd22", cyan = "#17becf",
  magenta = "#c71585", yellow = "#e5c100", navy = "#1a2a6c", teal = "#008080", gold = "#d4a017",
  k = "#000000", w = "#ffffff", r = "#d62728", g = "#2ca02c", b = "#1f77b4", c = "#17becf", m = "#c71585",
  y = "#e5c100",
}

local styles = {
  solid = "solid", ["-"] = "solid", dashed = "(10,6)", ["--"] = "(10,6)", dotted = "(2,5)", [":"] = "(2,5)",
  dashdot = "(10,5,2,5)", ["-."] = "(10,5,2,5)", none = "none", steps = "steps",
}

-- number of the point type, its size beside a circle's, the character in a text terminal
local markers = {
  o = {7, 1, "o"}, ["."] = {7, 0.5, "."}, s = {5, 0.95, "#"}, ["^"] = {9, 1.1, "^"}, v = {11, 1.1, "v"},
  D = {13, 1.15, "D"}, x = {2, 1, "x"}, ["+"] = {1, 1, "+"}, ["*"] = {3, 1, "*"},
}

--- Colour maps: colours at equal distances from the lowest value to the highest.
options.colormaps = {
  gray = {"#000000", "#ffffff"},
  gray_r = {"#ffffff", "#000000"},
  viridis = {"#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b",
             "#fde725"},
  magma = {"#000004", "#180f3d", "#440f76", "#721f81", "#9e2f7f", "#cd4071", "#f1605d", "#fd9668", "#feca8d",
           "#fcfdbf"},
  coolwarm = {"#3b4cc0", "#8db0fe", "#dddddd", "#f49a7b", "#b40426"},
  blues = {"#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"},
}

--- The keys of a table as text, sorted: "a, b, c".
function options.names(t)
  local list = {}
  for name in pairs(t) do
    list[#list + 1] = tostring(name)
  end
  table.sort(list)
  return table.concat(list, ", ")
end

local function shown(v)
  return type(v) == "string" and ("%q"):format(#v > 60 and v:sub(1, 57) .. "..." or v) or tostring(v)
end
options.shown = shown

--- "#rrggbb" of a colour: a name, "#rgb", "#rrggbb", "C1" to "C10" (of the cycle) or {r, g, b} from 0 to 1.
function options.color(where, name, v)
  if type(v) == "string" then
    if color_names[v] then
      return color_names[v]
    elseif v:find("^#%x%x%x%x%x%x$") then
      return v:lower()
    elseif v:find("^#%x%x%x$") then
      return (v:lower():gsub("%x", "%0%0"))
    end
    local place = v:match("^C(%d%d?)$")
    if place and options.cycle[tonumber(place)] then
      return options.cycle[tonumber(place)]
    end
  elseif type(v) == "table" and #v == 3 then
    local parts = {}
    for i = 1, 3 do
      local part = v[i]
      if type(part) ~= "number" or not (part >= 0 and part <= 1) then
        fail("%s: %s: red, green and blue are numbers from 0 to 1, got %s", where, name, shown(part))
      end
      parts[i] = ("%02x"):format(math.floor(part * 255 + 0.5))
    end
    return "#" .. table.concat(parts)
  end
  fail("%s: %s is not a colour: %s; known: \"#rrggbb\", \"#rgb\", {r, g, b} from 0 to 1, \"C1\" to \"C%d\", %s",
       where, name, shown(v), #options.cycle, options.names(color_names))
end

local function word_of(words)
  return function(where, name, v)
    local found = type(v) == "string" and words[v]
    if not found then
      fail("%s: unknown %s %s; known: %s", where, name, shown(v), options.names(words))
    end
    return found
  end
end

options.style = word_of(styles)
options.colormap = word_of(options.colormaps)

local read_marker = word_of(markers)

--- A marker's {point type, relative size, character}; false for "none".
function options.marker(where, name, v)
  if v == false or v == "none" then
    return false
  end
  return read_marker(where, name, v)
end

--- A text: a string, or a number as one.
function options.text(where, name, v)
  if type(v) ~= "string" and type(v) ~= "number" then
    fail("%s: %s is a %s; a string is expected", where, name, type(v))
  end
  return tostring(v)
end

function options.flag(where, name, v)
  if type(v) ~= "boolean" then
    fail("%s: %s is %s; true or false is expected", where, name, shown(v))
  end
  return v
end

function options.number(where, name, v)
  if type(v) ~= "number" or v ~= v or v > 1e300 or v < -1e300 then
    fail("%s: %s is %s; a finite number is expected", where, name, shown(v))
  end
  return v
end

function options.positive(where, name, v)
  if options.number(where, name, v) <= 0 then
    fail("%s: %s is %s; a number above 0 is expected", where, name, shown(v))
  end
  return v
end

--- How opaque: 0 (invisible) to 1.
function options.alpha(where, name, v)
  if type(v) ~= "number" or not (v >= 0 and v <= 1) then
    fail("%s: %s is %s; a number from 0 (invisible) to 1 is expected", where, name, shown(v))
  end
  return v
end

--- A checker for a whole number from low to high.
function options.whole(low, high)
  return function(where, name, v)
    local n = math.tointeger(v)
    if type(v) ~= "number" or not n or n < low or n > high then
      fail("%s: %s is %s; a whole number from %d to %d is expected", where, name, shown(v), low, high)
    end
    return n
  end
end

--- A checker for n finite numbers in a list.
function options.numbers(n)
  return function(where, name, v)
    if type(v) ~= "table" or #v ~= n then
      fail("%s: %s is a list of %d numbers", where, name, n)
    end
    for i = 1, n do
      options.number(where, ("%s[%d]"):format(name, i), v[i])
    end
    return v
  end
end

--- Takes the value as it is; the function that declared the option reads it itself.
function options.any(_, _, v)
  return v
end

--- Checks the options `given` (nil or a table) to the function `where` against `known` (name to checker): a new table
-- of what the checkers returned.
function options.check(where, given, known)
  local read = {}
  if given == nil then
    return read
  end
  if type(given) ~= "table" then
    fail("%s: the options are a %s; a table such as {%s = ...} is expected", where, type(given), (next(known)))
  end
  for name in pairs(given) do
    if not known[name] then
      fail("%s: unknown option %s; known: %s", where, type(name) == "string" and "'" .. name .. "'" or shown(name),
           options.names(known))
    end
  end
  for name, checker in pairs(known) do
    if given[name] ~= nil then
      read[name] = checker(where, name, given[name])
    end
  end
  return read
end

return options
