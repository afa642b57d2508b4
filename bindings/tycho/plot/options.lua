--[[
Options by name and the words they take: one checker for the table of options that each plotting function accepts, and
the readings of dashes, markers, colours and colour maps (colors.lua). A wrong name or word is an error that lists the
known ones. Knows the words' meaning to gnuplot (numbers of point types, dash patterns) but runs nothing.
]]

local blame = require "tycho.plot.blame"
local colors = require "tycho.plot.colors"
local fail = blame.fail

local options = {}

--- The colours that series take in turn, and the colour maps (colors.lua).
options.cycle, options.colormaps = colors.cycle, colors.maps

local styles = {
  solid = "solid", ["-"] = "solid", dashed = "(10,6)", ["--"] = "(10,6)", dotted = "(2,5)", [":"] = "(2,5)",
  dashdot = "(10,5,2,5)", ["-."] = "(10,5,2,5)", none = "none", steps = "steps",
}

-- number of the point type, its size beside a circle's, the character in a terminal with ASCII and with more
local markers = {
  o = {7, 1, "o", "\u{25CF}"}, ["."] = {7, 0.5, ".", "\u{2022}"}, s = {5, 0.95, "#", "\u{25A0}"},
  ["^"] = {9, 1.1, "^", "\u{25B2}"}, v = {11, 1.1, "v", "\u{25BC}"}, D = {13, 1.15, "D", "\u{25C6}"},
  x = {2, 1, "x"}, ["+"] = {1, 1, "+"}, ["*"] = {3, 1, "*"},
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

--- "#rrggbb" of a colour, read by colors.read.
function options.color(where, name, v)
  local read = colors.read(where, name, v)
  if read then
    return read
  end
  fail("%s: %s is not a colour: %s; known: \"#rrggbb\", \"#rgb\", {r, g, b} from 0 to 1, \"0.7\" (a gray), "
         .. "\"C1\" to \"C%d\", %s", where, name, shown(v), #colors.cycle, options.names(colors.names))
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

--- A checker for one of the words that are the keys of a table; it returns what stands there.
options.word = word_of

options.style = word_of(styles)
options.colormap = word_of(options.colormaps)

local read_marker = word_of(markers)

--- A marker's {point type, relative size, character, a rounder one if there is one}; false for "none".
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
