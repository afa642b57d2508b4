--[[
A figure as lines of characters: axes, ticks, titles and legends at the places that layout.lua finds for characters, and
within them what the marks draw (characters.lua). Colours become escape sequences of as many colours as the terminal has.
Needs no other program; prints nothing.
]]

local Characters = require "tycho.plot.characters"
local colors = require "tycho.plot.colors"
local gnuplot = require "tycho.plot.gnuplot"
local layout = require "tycho.plot.layout"
local legend = require "tycho.plot.legend"
local metrics = require("tycho.plot.metrics").characters
local projection = require "tycho.plot.projection"
local floor, max, min = math.floor, math.max, math.min

local terminal = {}

-- horizontal, vertical, lower left corner, tick below, tick at the left and right, other corners
local FRAMES = {
  ascii = {h = "-", v = "|", ll = "+", x = "+", y = "+", r = "+", ul = "+", ur = "+", lr = "+"},
  unicode = {h = "\u{2500}", v = "\u{2502}", ll = "\u{2514}", x = "\u{252C}", y = "\u{2524}", r = "\u{251C}",
             ul = "\u{250C}", ur = "\u{2510}", lr = "\u{2518}"},
}

local Page = {}
Page.__index = Page

function Page:put(column, row, letter, ink, back)
  if column >= 0 and column < self.columns and row >= 0 and row < self.rows then
    self.cells[row * self.columns + column] = {letter, ink, back}
  end
end

function Page:write(column, row, text, ink)
  column = floor(column)
  for _, code in utf8.codes(text) do
    self:put(column, floor(row), utf8.char(code), ink)
    column = column + 1
  end
end

-- Centred at a column, within the columns from first to last; the lines of the text go downwards from a row.
function Page:center(middle, row, text, first, last, ink)
  for line in (gnuplot.clean(text) .. "\n"):gmatch("([^\n]*)\n") do
    local n, room = utf8.len(line), max(1, floor(last - first))
    if n > room then
      line = line:sub(1, utf8.offset(line, room) - 1) .. (self.style == "ascii" and "." or "\u{2026}")
      n = room
    end
    self:write(max(first, min(last - n, floor(middle - n / 2 + 0.5))), row, line, ink)
    row = row - 1
  end
end

local function column_of(place, at, is_log)
  return place.x + min(place.w - 1, floor(projection.part(at, place.x1, place.x2, is_log) * place.w))
end

local function row_of(place, at, y1, y2, is_log)
  return place.y + min(place.h - 1, floor(projection.part(at, y1, y2, is_log) * place.h))
end

local function draw_box(page, place, f)
  for c = -1, place.w do
    page:put(place.x + c, place.y - 1, c == -1 and f.ll or c == place.w and f.lr or f.h)
    page:put(place.x + c, place.y + place.h, c == -1 and f.ul or c == place.w and f.ur or f.h)
  end
  for r = 0, place.h - 1 do
    page:put(place.x - 1, place.y + r, f.v)
    page:put(place.x + place.w, place.y + r, f.v)
  end
end

local function draw_frame(page, place, f)
  for c = 0, place.w - 1 do
    page:put(place.x + c, place.y - 1, f.h)
  end
  for r = 0, place.h - 1 do
    page:put(place.x - 1, place.y + r, f.v)
    if place.right then
      page:put(place.x + place.w, place.y + r, f.v)
    end
  end
  page:put(place.x - 1, place.y - 1, f.ll)
  if place.right then
    page:put(place.x + place.w, place.y - 1, f.lr)
  end
end

local function draw_ticks(page, place, f)
  local axes = place.axes
  for _, tick in ipairs(place.xticks) do
    if not tick.minor then
      local c = column_of(place, tick.at, axes.x_log)
      page:put(c, place.y - 1, f.x)
      local n = utf8.len(tick.label)
      page:write(max(place.box[1], min(place.box[1] + place.box[3] - n, c - n // 2)), place.y - 2, tick.label)
    end
  end
  for _, tick in ipairs(place.yticks) do
    if not tick.minor then
      local r = row_of(place, tick.at, place.y1, place.y2, axes.y_log)
      page:put(place.x - 1, r, f.y)
      page:write(place.x - 2 - utf8.len(tick.label), r, tick.label)
    end
  end
  for _, tick in ipairs(place.right and place.right.ticks or {}) do
    if not tick.minor then
      local r = row_of(place, tick.at, place.right.y1, place.right.y2, axes.twin.y_log)
      page:put(place.x + place.w, r, f.r)
      page:write(place.x + place.w + 2, r, tick.label)
    end
  end
end

local function draw_texts(page, place)
  local axes = place.axes
  local first, last = place.box[1], place.box[1] + place.box[3]
  local top = place.y + place.h + (axes.is_picture and 1 or 0)
  local names = axes.texts.ylabel or axes.twin and axes.twin.texts.ylabel
  if axes.texts.ylabel then
    page:write(first, top, (gnuplot.clean(axes.texts.ylabel):gsub("\n", " ")))
  end
  if axes.twin and axes.twin.texts.ylabel then
    local text = gnuplot.clean(axes.twin.texts.ylabel):gsub("\n", " ")
    page:write(max(first, last - utf8.len(text)), top, text)
  end
  if place.heading then
    page:center(place.x + place.w / 2, top + (names and 1 or 0) + layout.lines_of(place.heading) - 1, place.heading,
                first, last)
  end
  if axes.texts.xlabel then
    local below = (axes.is_picture or #place.xticks == 0) and 2 or 3
    page:center(place.x + place.w / 2, place.y - below, axes.texts.xlabel, first, last)
  end
end

-- A strip of the colours and its two ends, under a picture.
local function draw_bar(page, place)
  local bar = place.bar
  local low, high = ("%.4g"):format(bar.low), ("%.4g"):format(bar.high)
  local room = max(4, min(20, place.w - #low - #high - 2))
  local row = place.box[2]
  page:write(place.x, row, low)
  for i = 0, room - 1 do
    local share = room > 1 and i / (room - 1) or 0
    local k = share * (#bar.colors - 1)
    local j = min(floor(k), #bar.colors - 2)
    local color = #bar.colors > 1 and colors.mix(bar.colors[j + 1], bar.colors[j + 2], k - j) or bar.colors[1]
    local ramp = " .:-=+*#%@"
    local level = floor(colors.luminance(color) * 9 + 0.5) + 1
    page:put(place.x + #low + 1 + i, row, page.ansi and "\u{2588}" or ramp:sub(level, level), color)
  end
  page:write(place.x + #low + room + 2, row, high .. (bar.label and "  " .. bar.label or ""))
end

-- The entries of the legend in a box at its place.
local function draw_legend(page, place, canvas, drawn, f)
  local words, entries = place.axes:legend_words(), canvas.entries
  if not words or #entries == 0 then
    return
  end
  local longest = 0
  for _, entry in ipairs(entries) do
    entry.label = gnuplot.clean(entry.label):gsub("\n", " ")
    longest = max(longest, utf8.len(entry.label) + utf8.len(entry.sample) + 1)
  end
  if words == "below" then
    local column, row = place.box[1] + 1, place.box[2] + (place.legend_rows or 1) - 1
    for _, entry in ipairs(entries) do
      local wide = utf8.len(entry.label) + utf8.len(entry.sample) + 3
      if column + wide > place.box[1] + place.box[3] then
        column, row = place.box[1] + 1, row - 1
      end
      page:write(column, row, entry.sample, entry.color)
      page:write(column + utf8.len(entry.sample) + 1, row, entry.label)
      column = column + wide
    end
    return
  end
  local wide, high = longest + 3, #entries + 2
  if words == "best" then
    words = legend.best(drawn, (wide + 1) / place.w, high / place.h)
  end
  local left, top = place.x + place.w + floor(place.legend_at or 0) + 1, place.y + place.h - 1
  if words ~= "outside" then
    local at = legend.places[words]
    left = place.x + floor(at[1] * max(0, place.w - wide) + 0.5)
    top = place.y + high - 1 + floor(at[2] * max(0, place.h - high) + 0.5)
  end
  for r = 0, high - 1 do
    for c = 0, wide - 1 do
      local edge = (r == 0 or r == high - 1) and f.h or (c == 0 or c == wide - 1) and f.v or " "
      page:put(left + c, top - r, edge)
    end
  end
  page:put(left, top, f.ul)
  page:put(left + wide - 1, top, f.ur)
  page:put(left, top - high + 1, f.ll)
  page:put(left + wide - 1, top - high + 1, f.lr)
  for i, entry in ipairs(entries) do
    page:write(left + 1, top - i, entry.sample, entry.color)
    page:write(left + 2 + utf8.len(entry.sample), top - i, entry.label)
  end
end

local function draw_marks(page, place)
  local axes = place.axes
  local canvas = Characters.new {
    columns = place.w, rows = place.h, style = page.style, ansi = page.ansi, background = page.background,
    x1 = place.x1, x2 = place.x2, y1 = place.y1, y2 = place.y2, x_log = axes.x_log, y_log = axes.y_log,
  }
  local drawn = layout.draw_marks(canvas, place)
  for r = 0, place.h - 1 do
    for c = 0, place.w - 1 do
      local letter, ink, back = canvas:at(c, r)
      if letter then
        page:put(place.x + c, place.y + r, letter, ink, back)
      end
    end
  end
  return canvas, drawn
end

local function draw_place(page, place)
  local f = page.style == "ascii" and FRAMES.ascii or FRAMES.unicode
  if place.axes.is_picture then
    draw_box(page, place, f)
  elseif not place.axes.frameless then
    draw_frame(page, place, f)
  end
  draw_ticks(page, place, f)
  local canvas, drawn = draw_marks(page, place)
  draw_texts(page, place)
  if place.bar then
    draw_bar(page, place)
  end
  draw_legend(page, place, canvas, drawn, f)
end

-- The parameters of the escape sequence that sets a colour; base is 30 for characters and 40 behind them.
local function color_code(color, depth, base)
  local r, g, b = colors.rgb(color)
  if depth == "truecolor" then
    return ("%d;2;%d;%d;%d"):format(base + 8, r, g, b)
  elseif depth == "256" then
    if max(r, g, b) - min(r, g, b) < 12 then
      local gray = floor((r - 8) / 247 * 24 + 0.5)
      return ("%d;5;%d"):format(base + 8, gray < 0 and 16 or gray > 23 and 231 or 232 + gray)
    end
    local function level(v)
      return v < 48 and 0 or v < 115 and 1 or min(5, (v - 35) // 40)
    end
    return ("%d;5;%d"):format(base + 8, 16 + 36 * level(r) + 6 * level(g) + level(b))
  end
  local half = max(r, g, b) * 0.6
  return ("%d"):format(base + (r > half and 1 or 0) + (g > half and 2 or 0) + (b > half and 4 or 0))
end

-- The page as text: rows from the top without spaces at their ends.
local function serialize(page)
  local lines = {}
  for row = page.rows - 1, 0, -1 do
    local parts, state, last = {}, "", 0
    for column = 0, page.columns - 1 do
      local cell = page.cells[row * page.columns + column]
      local letter, wanted = cell and cell[1] or " ", ""
      if page.ansi and cell then
        local codes = {}
        codes[1] = cell[2] and color_code(cell[2], page.depth, 30)
        codes[#codes + 1] = cell[3] and color_code(cell[3], page.depth, 40)
        wanted = table.concat(codes, ";")
      end
      if wanted ~= state then
        parts[#parts + 1] = wanted == "" and "\27[0m" or "\27[0;" .. wanted .. "m"
        state = wanted
      end
      parts[#parts + 1] = letter
      last = (letter ~= " " or wanted ~= "") and #parts or last
    end
    local ended = table.concat(parts, "", 1, last)
    lines[#lines + 1] = ended .. (ended:find("\27", 1, true) and "\27[0m" or "")
  end
  while #lines > 1 and lines[1] == "" do
    table.remove(lines, 1)
  end
  while #lines > 1 and lines[#lines] == "" do
    table.remove(lines)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- The figure as text of that many columns and rows. style: "braille", "block" or "ascii"; depth: "truecolor", "256",
-- "16", or nil without colours; background: the colour of the terminal ("#000000").
function terminal.render(figure, columns, rows, style, depth, background)
  local page = setmetatable({columns = columns, rows = rows, cells = {}, style = style, ansi = depth ~= nil,
                             depth = depth, background = background or "#000000"}, Page)
  local places, over = layout.arrange(figure, metrics, columns, rows)
  if over then
    page:center(columns / 2, rows - 1, over, 0, columns)
  end
  for _, place in ipairs(places) do
    draw_place(page, place)
  end
  return serialize(page)
end

return terminal
