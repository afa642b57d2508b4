--[[
What a mark draws on in a terminal: a grid of characters with the methods of canvas.lua. Curves and points are dots, 2 x 4
in a character with Braille, 2 x 2 with quarter blocks, one with plain ASCII, where each series has a letter of its own.
Relies on projection.lua; knows no mark and prints nothing.

Fields beside projection's: style ("braille", "block", "ascii"), ansi (whether colours can be shown; then colour tells the
series apart, otherwise dashes and letters do), columns and rows, background ("#rrggbb" behind the characters).
]]

local colors = require "tycho.plot.colors"
local projection = require "tycho.plot.projection"
local floor, max, min, abs = math.floor, math.max, math.min, math.abs
local part = projection.part

local Characters = {text = true, paper = "#ffffff"}
Characters.__index = Characters
projection.extend(Characters)

local LETTERS = "*#$%@&=xo+"
local RAMP = {ascii = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"}, blocks = {" ", "\u{2591}", "\u{2592}",
              "\u{2593}", "\u{2588}"}}
local QUARTERS = {
  [0] = " ", "\u{2596}", "\u{2597}", "\u{2584}", "\u{2598}", "\u{258C}", "\u{259A}", "\u{2599}", "\u{259D}", "\u{259E}",
  "\u{2590}", "\u{259F}", "\u{2580}", "\u{259B}", "\u{259C}", "\u{2588}",
}
-- the bit of a dot in Unicode's Braille pattern: by row from the bottom, then by column
local BRAILLE = {{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}}
local LEVELS = {[0xC0] = "\u{2582}", [0xE4] = "\u{2584}", [0xF6] = "\u{2586}", [0xFF] = "\u{2588}"}

local DOTS = {braille = {2, 4}, block = {2, 2}, ascii = {1, 1}}

--- A canvas of columns x rows characters with the fields of `fields`, which becomes the canvas.
function Characters.new(fields)
  local dots = DOTS[fields.style]
  fields.dots_x, fields.dots_y = dots[1], dots[2]
  fields.width, fields.height = fields.columns * dots[1], fields.rows * dots[2]
  fields.mask, fields.letter, fields.ink, fields.back, fields.solid = {}, {}, {}, {}, {}
  fields.entries = {}
  return setmetatable(fields, Characters)
end

--- A canvas for the same characters whose y axis is the one at the right.
function Characters:other_side(y1, y2, y_log)
  local other = {}
  for key, value in pairs(self) do
    other[key] = value
  end
  other.y1, other.y2, other.y_log = y1, y2, y_log
  return setmetatable(other, Characters)
end

local function letter_of(slot)
  local place = ((slot or 1) - 1) % #LETTERS + 1
  return LETTERS:sub(place, place)
end

-- Sets the dot in column c and row r, counted from 0 from the lower left. Solid ones belong to an area.
local function set_dot(self, c, r, style, solid)
  if c < 0 or r < 0 or c >= self.width or r >= self.height then
    return
  end
  local cell = (r // self.dots_y) * self.columns + c // self.dots_x
  if self.style == "ascii" then
    self.letter[cell] = style.letter or letter_of(style.slot)
  else
    local bit = self.style == "braille" and BRAILLE[r % 4 + 1][c % 2 + 1] or 1 << ((r % 2) * 2 + c % 2)
    self.mask[cell] = (self.mask[cell] or 0) | bit
    self.letter[cell] = nil
  end
  self.solid[cell] = solid
  self.ink[cell] = style.color
end

-- The position of a coordinate in dots, not rounded; nil where it has none.
local function dot_at(self, x, y)
  local c, r = part(x, self.x1, self.x2, self.x_log) * self.width, part(y, self.y1, self.y2, self.y_log) * self.height
  if c ~= c or r ~= r then
    return nil
  end
  local far = 1e6
  return max(-far, min(far, c)), max(-far, min(far, r))
end

-- The part of a line inside the canvas (Liang and Barsky's clipping), or nil.
local function clip(self, c1, r1, c2, r2)
  local first, last, dc, dr = 0, 1, c2 - c1, r2 - r1
  for _, side in ipairs {{-dc, c1}, {dc, self.width - 0.01 - c1}, {-dr, r1}, {dr, self.height - 0.01 - r1}} do
    local p, q = side[1], side[2]
    if p == 0 then
      if q < 0 then
        return nil
      end
    elseif p < 0 then
      first = max(first, q / p)
    else
      last = min(last, q / p)
    end
  end
  if first > last then
    return nil
  end
  return c1 + dc * first, r1 + dr * first, c1 + dc * last, r1 + dr * last
end

-- Draws a line between two places in dots. on and off: lengths of the dashes, or nil. Returns how far the dashes are.
local function draw_line(self, c1, r1, c2, r2, style, dashes, at)
  c1, r1, c2, r2 = clip(self, c1, r1, c2, r2)
  if not c1 then
    return at
  end
  local n = max(1, math.ceil(max(abs(c2 - c1), abs(r2 - r1))))
  for i = 0, n do
    local hidden = dashes and (at + i) % (dashes[1] + dashes[2]) >= dashes[1]
    if not hidden then
      set_dot(self, floor(c1 + (c2 - c1) * i / n), floor(r1 + (r2 - r1) * i / n), style)
    end
  end
  return at + n
end

local DASHES = {{6, 3}, {1, 2}, {6, 2, 1}, {3, 3}, {2, 1}, {9, 2}}

-- The pattern of a series: as asked for, else by its number where no colour tells it apart.
local function dashes_of(self, style)
  if self.style == "ascii" then
    return nil
  elseif style.dash and style.dash ~= "solid" then
    return style.dash:find("^%(2") and {1, 2} or {5, 3}
  elseif not self.ansi and (style.slot or 1) > 1 then
    return DASHES[(style.slot - 2) % #DASHES + 1]
  end
end

local function add_entry(self, style, sample)
  if style.label and style.label ~= "" then
    table.insert(self.entries, {label = style.label, sample = sample, color = style.color})
  end
end

-- How a line looks in the legend.
local function line_sample(self, style)
  if self.style == "ascii" then
    return letter_of(style.slot):rep(3)
  end
  local dashes = dashes_of(self, style)
  return not dashes and "\u{2500}\u{2500}\u{2500}" or dashes[1] <= 2 and "\u{2508}\u{2508}\u{2508}"
      or "\u{254C}\u{254C}\u{254C}"
end

-- Writes characters from a column and row of the grid (from 0, from the lower left) to the right.
local function write(self, column, row, text, color)
  if row < 0 or row >= self.rows then
    return
  end
  for _, code in utf8.codes(text) do
    if column >= 0 and column < self.columns then
      local cell = row * self.columns + column
      self.letter[cell], self.ink[cell], self.mask[cell] = utf8.char(code), color, nil
    end
    column = column + 1
  end
end

local function put_letter(self, x, y, letter, color)
  local c, r = dot_at(self, x, y)
  if c then
    -- what lies on the upper or right edge belongs to the last character
    c = c == self.width and c - 1 or c
    r = r == self.height and r - 1 or r
    write(self, floor(c / self.dots_x), floor(r / self.dots_y), letter, color)
  end
end

function Characters:lines(xs, ys, style)
  local dashes, at = dashes_of(self, style), 0
  local last_c, last_r
  for i = 1, #xs do
    local c, r = dot_at(self, xs[i], ys[i])
    if c then
      -- a value on the upper or right edge is seen, in the last dot
      c, r = c == self.width and c - 0.5 or c, r == self.height and r - 0.5 or r
      at = draw_line(self, last_c or c, last_r or r, c, r, style, dashes, at)
    end
    last_c, last_r = c, r
  end
  if style.marker then
    for i = 1, #xs do
      put_letter(self, xs[i], ys[i], self.style == "ascii" and style.marker[3] or style.marker[4] or style.marker[3],
                 style.color)
    end
  end
  add_entry(self, style, line_sample(self, style))
end

-- The letter of a point: its marker's, or, where nothing else tells series apart, that of its number.
local function point_letter(self, style)
  if self.ansi or style.marker_given or not style.slot then
    return self.style == "ascii" and style.marker[3] or style.marker[4] or style.marker[3]
  end
  local own = "ox+*#@%&svwzcnu"
  local place = (style.slot - 1) % #own + 1
  return own:sub(place, place)
end

local MANY = 60

function Characters:points(xs, ys, style)
  local letter = point_letter(self, style)
  local as_dots = self.style ~= "ascii" and (style.dots or self.ansi and #xs > MANY)
  for i = 1, #xs do
    if as_dots then
      local c, r = dot_at(self, xs[i], ys[i])
      if c then
        set_dot(self, min(floor(c), self.width - (c == self.width and 1 or 0)),
                min(floor(r), self.height - (r == self.height and 1 or 0)), style)
      end
    else
      put_letter(self, xs[i], ys[i], letter, style.color)
    end
  end
  add_entry(self, style, letter)
end

function Characters:colored_points(xs, ys, rgb, style)
  for i = 1, #xs do
    put_letter(self, xs[i], ys[i], point_letter(self, style), ("#%06x"):format(rgb[i] == rgb[i] and rgb[i] // 1 | 0 or 0))
  end
  add_entry(self, style, point_letter(self, style))
end

-- Fills the dots of a rectangle, only every fourth where it is faint.
local function fill(self, c1, c2, r1, r2, style, faint)
  for r = max(0, r1), min(self.height - 1, r2) do
    for c = max(0, c1), min(self.width - 1, c2) do
      if not faint or (c + 2 * r) % 4 == 0 then
        set_dot(self, c, r, style, not faint)
      end
    end
  end
end

local function is_faint(self, style)
  return style.alpha and style.alpha < 0.5 and self.style ~= "ascii" or style.alpha and style.alpha < 0.2
end

-- Where a coordinate past the edges is drawn: at the edge.
local function bounded(self, x, y)
  local along, up = part(x, self.x1, self.x2, self.x_log), part(y, self.y1, self.y2, self.y_log)
  along, up = along ~= along and 0 or along, up ~= up and 0 or up
  return max(0, min(1, along)) * self.width, max(0, min(1, up)) * self.height
end

function Characters:boxes(x1, x2, y1, y2, style)
  for i = 1, #x1 do
    if x1[i] == x1[i] and x2[i] == x2[i] and y1[i] == y1[i] and y2[i] == y2[i] then
      local c1, r1 = bounded(self, x1[i], y1[i])
      local c2, r2 = bounded(self, x2[i], y2[i])
      c1, c2, r1, r2 = min(c1, c2), max(c1, c2), min(r1, r2), max(r1, r2)
      -- a box of no height at all leaves nothing; any other at least one row of dots
      if c2 > c1 and r2 > r1 then
        local left, low = floor(c1 + 0.5), floor(r1 + 0.5)
        fill(self, left, max(left, floor(c2 + 0.5) - 1), low, max(low, floor(r2 + 0.5) - 1), style,
             is_faint(self, style))
      end
    end
  end
  add_entry(self, style, self.style == "ascii" and letter_of(style.slot):rep(2) or "\u{2588}\u{2588}")
end

function Characters:area(xs, y1, y2, style)
  for i = 1, #xs - 1 do
    local from, to = bounded(self, xs[i], 0), bounded(self, xs[i + 1], 0)
    for c = floor(min(from, to)), floor(max(from, to)) do
      local t = to ~= from and max(0, min(1, (c - from) / (to - from))) or 0
      local a, b = y1[i] + (y1[i + 1] - y1[i]) * t, y2[i] + (y2[i + 1] - y2[i]) * t
      if a == a and b == b then
        local _, r1 = bounded(self, xs[i], min(a, b))
        local _, r2 = bounded(self, xs[i], max(a, b))
        fill(self, c, c, floor(r1), floor(r2) - 1, style, is_faint(self, style))
      end
    end
  end
  add_entry(self, style, self.style == "ascii" and letter_of(style.slot):rep(2) or "\u{2592}\u{2592}")
end

function Characters:polygon(xs, ys, style)
  local n = #xs
  for r = 0, self.height - 1 do
    local crossings = {}
    for i = 1, n do
      local c1, r1 = dot_at(self, xs[i], ys[i])
      local c2, r2 = dot_at(self, xs[i % n + 1], ys[i % n + 1])
      if c1 and c2 and (r1 <= r + 0.5) ~= (r2 <= r + 0.5) then
        crossings[#crossings + 1] = c1 + (r + 0.5 - r1) / (r2 - r1) * (c2 - c1)
      end
    end
    table.sort(crossings)
    for k = 1, #crossings - 1, 2 do
      fill(self, floor(crossings[k] + 0.5), floor(crossings[k + 1] - 0.5), r, r, style, is_faint(self, style))
    end
  end
  add_entry(self, style, self.style == "ascii" and letter_of(style.slot):rep(2) or "\u{2592}\u{2592}")
end

-- The mean red, green and blue (0 to 1) of the cells of a raster under columns c1..c2 and rows r1..r2 of it (from 0), over
-- the background; nil where all is clear.
local function mean_color(bytes, w, c1, c2, r1, r2, background)
  local sums, n, weight = {0, 0, 0}, 0, 0
  local under = {colors.rgb(background)}
  for r = r1, r2 do
    for c = c1, c2 do
      local at = (r * w + c) * 4 + 1
      local red, green, blue, opaque = bytes:byte(at, at + 3)
      local share = opaque / 255
      weight, n = weight + share, n + 1
      sums[1] = sums[1] + red * share + under[1] * (1 - share)
      sums[2] = sums[2] + green * share + under[2] * (1 - share)
      sums[3] = sums[3] + blue * share + under[3] * (1 - share)
    end
  end
  if weight == 0 then
    return nil
  end
  return sums[1] / n / 255, sums[2] / n / 255, sums[3] / n / 255
end

-- Calls visit(column, row, r, g, b) for each place of a grid of columns x rows that the raster covers.
local function sample(self, extent, w, h, bytes, rows, visit)
  for row = 0, rows - 1 do
    local y1 = self.y1 + (self.y2 - self.y1) * row / rows
    local y2 = self.y1 + (self.y2 - self.y1) * (row + 1) / rows
    local a, b = (min(y1, y2) - extent[3]) / (extent[4] - extent[3]) * h, (max(y1, y2) - extent[3])
        / (extent[4] - extent[3]) * h
    for column = 0, self.columns - 1 do
      local x1 = self.x1 + (self.x2 - self.x1) * column / self.columns
      local x2 = self.x1 + (self.x2 - self.x1) * (column + 1) / self.columns
      local c, d = (x1 - extent[1]) / (extent[2] - extent[1]) * w, (x2 - extent[1]) / (extent[2] - extent[1]) * w
      local middle_x, middle_y = (c + d) / 2, (a + b) / 2
      if middle_x >= 0 and middle_x < w and middle_y >= 0 and middle_y < h then
        local c1, r1 = max(0, floor(c + 1e-6)), max(0, floor(a + 1e-6))
        visit(column, row, mean_color(bytes, w, min(c1, w - 1), max(c1, min(w - 1, floor(d - 1e-6))), min(r1, h - 1),
                                      max(r1, min(h - 1, floor(b - 1e-6))), self.background))
      end
    end
  end
end

function Characters:raster(extent, w, h, bytes)
  if self.ansi and self.style ~= "ascii" then
    -- two colours in a character: the upper half is drawn, the lower is its background
    sample(self, extent, w, h, bytes, self.rows * 2, function(column, row, r, g, b)
      if r then
        local cell = (row // 2) * self.columns + column
        local color = ("#%02x%02x%02x"):format(floor(r * 255 + 0.5), floor(g * 255 + 0.5), floor(b * 255 + 0.5))
        self.letter[cell] = "\u{2580}"
        self[row % 2 == 0 and "back" or "ink"][cell] = color
      end
    end)
    return
  end
  local ramp = self.style == "ascii" and RAMP.ascii or RAMP.blocks
  sample(self, extent, w, h, bytes, self.rows, function(column, row, r, g, b)
    if r then
      local level = 0.299 * r + 0.587 * g + 0.114 * b
      local cell = row * self.columns + column
      self.letter[cell] = ramp[min(#ramp, floor(level * (#ramp - 1) + 0.5) + 1)]
    end
  end)
end

function Characters:label(x, y, text, style)
  local c, r = dot_at(self, x, y)
  if c then
    local column = floor(c / self.dots_x)
    local n = utf8.len(text) or #text
    column = style.align == "right" and column - n or style.align == "center" and column - n // 2 or column
    write(self, column, min(self.rows - 1, floor(r / self.dots_y)), (text:gsub("\n", " ")), style.color)
  end
end

function Characters:arrow(x1, y1, x2, y2, style)
  local c1, r1 = dot_at(self, x1, y1)
  local c2, r2 = dot_at(self, x2, y2)
  if not c1 or not c2 then
    return
  end
  draw_line(self, c1, r1, c2, r2, style, nil, 0)
  local heads = style.heads or "->"
  local function head(dc, dr)
    if abs(dc) > abs(dr) then
      return dc > 0 and ">" or "<"
    end
    return dr > 0 and "^" or "v"
  end
  if heads:find(">", 1, true) then
    put_letter(self, x2, y2, head(c2 - c1, r2 - r1), style.color)
  end
  if heads:find("<", 1, true) then
    put_letter(self, x1, y1, head(c1 - c2, r1 - r2), style.color)
  end
end

--- What stands in a column and row (from 0, from the lower left): character, colour, background; the last two may be nil.
function Characters:at(column, row)
  local cell = row * self.columns + column
  local letter, mask = self.letter[cell], self.mask[cell]
  if not letter and mask then
    letter = self.style == "block" and QUARTERS[mask] or self.solid[cell] and LEVELS[mask] or utf8.char(0x2800 + mask)
  end
  local ink, back = self.ink[cell], self.back[cell]
  if back and ink == back and letter == "\u{2580}" then
    letter, ink = " ", nil
  end
  return letter, ink, back
end

return Characters
