--[[
Where an axis has ticks and what is written at them. Places are 1, 2 or 5 times a power of ten apart (powers of ten on a
logarithmic axis), as many as have room; all numbers of one axis have the same number of decimals. Knows only numbers and
how wide a text is; nothing of figures.

A tick is {at = number, label = text}; minor ones, without a text, are {at = number, minor = true}.
]]

local floor, ceil, max, min, abs, log = math.floor, math.ceil, math.max, math.min, math.abs, math.log

local ticks = {}

local superscripts = {
  ["-"] = "\u{207B}", ["0"] = "\u{2070}", ["1"] = "\u{B9}", ["2"] = "\u{B2}", ["3"] = "\u{B3}", ["4"] = "\u{2074}",
  ["5"] = "\u{2075}", ["6"] = "\u{2076}", ["7"] = "\u{2077}", ["8"] = "\u{2078}", ["9"] = "\u{2079}",
}

local function short_exponent(text)
  return (text:gsub("e%+?(-?)0*(%d)", "e%1%2"))
end

-- How the multiples of step between low and high are written.
local function formatter(step, low, high)
  local largest = max(abs(low), abs(high))
  local power = floor(log(step, 10) + 1e-9)
  if power < -5 or largest >= 1e7 then
    local digits = max(1, min(17, floor(log(max(largest, step), 10) + 1e-9) - power + 1))
    return function(v)
      return v == 0 and "0" or short_exponent(("%." .. digits .. "g"):format(v))
    end
  end
  local decimals = max(0, -power)
  return function(v)
    return (("%." .. decimals .. "f"):format(v):gsub("^%-(0%.?0*)$", "%1"))
  end
end

-- The multiples of a step of 1, 2 or 5 times a power of ten, at most about n of them, no closer than `least`.
local function multiples(low, high, n, least)
  local raw = max(least, (high - low) / max(n, 1))
  local power = 10.0 ^ floor(log(raw, 10) + 1e-9)
  local digit = raw / power
  local step = power * (digit < 1.001 and 1 or digit < 2.001 and 2 or digit < 5.001 and 5 or 10)
  local list, text = {}, formatter(step, low, high)
  local first = ceil(low / step - 1e-9)
  for k = 0, 100 do
    local at = (first + k) * step
    if at > high + step * 1e-9 then
      break
    end
    -- past 2^53 steps the next multiple may be the same number
    if not (list[k] and list[k].at == at) then
      list[#list + 1] = {at = at, label = text(at)}
    end
  end
  return list
end

--- Whether the labels of ascending ticks leave `gap` between each other on an axis `size` long from low to high, when
-- `measure` says how long a label is along the axis.
local function fits(list, low, high, size, measure, gap)
  local last
  for _, tick in ipairs(list) do
    if tick.label then
      local at, half = (tick.at - low) / (high - low) * size, measure(tick.label) / 2
      if last and at - half < last + gap then
        return false
      end
      last = at + half
    end
  end
  return true
end

--- The ticks of a linear axis from low to high. room: size (its length), measure (of a label along it), gap (between
-- labels), most (how many ticks at most).
function ticks.linear(low, high, room, whole)
  low, high = min(low, high), max(low, high)
  local n, least = room.most, whole and 1 or 0
  local list = multiples(low, high, n, least)
  while n > 1 and not fits(list, low, high, room.size, room.measure, room.gap) do
    n = n * 0.75
    list = multiples(low, high, n, least)
  end
  -- one number alone does not make a scale
  for more = 2, #list < 2 and 6 or 0 do
    local denser = multiples(low, high, more, least)
    if #denser >= 2 then
      return fits(denser, low, high, room.size, room.measure, room.gap) and denser or list
    end
  end
  return list
end

local function power_text(power, plain)
  if plain then
    return short_exponent(("%g"):format(10.0 ^ power))
  end
  return "10" .. tostring(power):gsub(".", superscripts)
end

-- Labels inside the decades of an axis that spans few of them.
local function inside_decades(low, high, digits)
  local list = {}
  for power = floor(log(low, 10)), ceil(log(high, 10)) do
    for _, digit in ipairs(digits) do
      local at = digit * 10.0 ^ power
      if at >= low * (1 - 1e-9) and at <= high * (1 + 1e-9) then
        list[#list + 1] = {at = at, label = short_exponent(("%g"):format(at))}
      end
    end
  end
  return list
end

local function fits_log(list, low, high, room)
  local moved = {}
  for i, tick in ipairs(list) do
    moved[i] = {at = log(tick.at), label = tick.label}
  end
  return fits(moved, log(low), log(high), room.size, room.measure, room.gap)
end

-- Powers of ten from first to last, every so many, and between them ticks without texts.
local function decades(first, last, every, plain)
  local list = {}
  for power = first, last do
    if power % every == 0 then
      list[#list + 1] = {at = 10.0 ^ power, label = power_text(power, plain)}
    else
      list[#list + 1] = {at = 10.0 ^ power, minor = true}
    end
    if last - first <= 8 and power < last then
      for digit = 2, 9 do
        list[#list + 1] = {at = digit * 10.0 ^ power, minor = true}
      end
    end
  end
  return list
end

--- The ticks of a logarithmic axis; with `plain` powers of ten are written as 0.001 and 1e-9, not with raised digits.
function ticks.logarithmic(low, high, room, plain)
  low, high = min(low, high), max(low, high)
  if log(high / low, 10) < 0.7 then
    local list = ticks.linear(low, high, room)
    if #list >= 2 then
      return list
    end
  end
  if log(high / low, 10) < 3 then
    for _, digits in ipairs {{1, 2, 3, 4, 5, 6, 8}, {1, 2, 5}, {1, 3}} do
      local list = inside_decades(low, high, digits)
      if #list >= 2 and fits_log(list, low, high, room) then
        return list
      end
    end
  end
  local first, last = ceil(log(low, 10) - 1e-9), floor(log(high, 10) + 1e-9)
  local every = max(1, ceil((last - first) / room.most))
  local list
  plain = plain or first >= -3 and last <= 4
  repeat
    list = decades(first, last, every, plain)
    every = every + 1
  until fits_log(list, low, high, room) or every > 400
  -- the minor ticks beyond the outermost powers
  for digit = 2, last - first <= 8 and 9 or 1 do
    list[#list + 1] = {at = digit * 10.0 ^ last, minor = true}
    list[#list + 1] = {at = digit * 10.0 ^ (first - 1), minor = true}
  end
  return list
end

--- Ticks at the given places with the given texts, cut to `longest` characters.
function ticks.named(at, names, longest)
  local list = {}
  for i, name in ipairs(names) do
    local n = utf8.len(name)
    if n and n > longest then
      name = name:sub(1, utf8.offset(name, longest) - 1) .. "\u{2026}"
    end
    list[i] = {at = at[i], label = name}
  end
  return list
end

--- Every k-th of the ticks, so few that they leave room for their labels; the second result says whether all remained.
function ticks.thin(list, low, high, room)
  for every = 1, #list do
    local kept = {}
    for i = 1, #list, every do
      kept[#kept + 1] = list[i]
    end
    if fits(kept, min(low, high), max(low, high), room.size, room.measure, room.gap) then
      return kept, every == 1
    end
  end
  return {list[1]}, #list <= 1
end

return ticks
