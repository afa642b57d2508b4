--[[
How wide and high texts are: in pixels for pictures (the widths of DejaVu Sans, the usual sans-serif font of gnuplot's
terminals, at 10.5 points and 96 pixels an inch) and in characters for the terminal. layout.lua says what the fields are.
]]

local metrics = {}

-- Widths in parts of the font size.
local narrow, wide = {}, {}
for c in ("iljI.,:;'|!()[] "):gmatch(".") do
  narrow[c] = 0.34
end
for c in ("ftr-/"):gmatch(".") do
  narrow[c] = 0.39
end
for c in ("mwMW@%"):gmatch(".") do
  wide[c] = 0.95
end

local FONT = 14

local function measure(text)
  local sum = 0
  for _, code in utf8.codes(text) do
    local c = code < 128 and string.char(code)
    sum = sum + (not c and (code > 0x2e80 and 1 or code >= 0x2070 and code <= 0x2079 and 0.4 or 0.63)
        or narrow[c] or wide[c] or c:find("%u") and 0.7 or 0.62)
  end
  return sum * FONT
end

--- For pictures: pixels of a figure at its own size.
metrics.pixels = {
  measure = measure, line = 17, tick = 13, tick_x = 10, pad = 8, title = 24, suptitle = 26, label = 23, gap_x = 9,
  gap_y = 3, x_every = 48, y_every = 28, bar = 30, key = 44, tall = 1, text = false,
}

--- For the terminal: columns and rows.
metrics.characters = {
  measure = function(text)
    return utf8.len(text) or #text
  end,
  line = 1, tick = 2, tick_x = 1, pad = 0, title = 1, suptitle = 1, label = 1, gap_x = 2, gap_y = 0, x_every = 8,
  y_every = 3, bar = 0, key = 4, tall = 2, text = true,
}

return metrics
