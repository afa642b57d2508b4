--[[
One set of axes: the marks drawn on it, its texts, limits and scales, and the part of the script that draws it. A mark
is an object with

  mark:bounds(x_log, y_log) -> x1, x2, y1, y2 of what it draws, or nil when there is nothing
  mark:draw(canvas)            adds its elements to the canvas (canvas.lua)

and optional fields: xs, ys (what the best place for the legend is judged by; joined when a line runs through them),
label or labels, whole_x (its x are whole numbers), names and names_y (texts for x or y = 1, 2, ...), from_zero and
x_from_zero (0 is an edge), margin, margin_x and margin_y (space around it as a part of the span). axes:add(mark) draws it
from then on. Knows no particular
]]

local blame = require "tycho.plot.blame"
local Canvas = require "tycho.plot.canvas"
local gnuplot = require "tycho.plot.gnuplot"
local options = require "tycho.plot.options"
local values = require "tycho.plot.values"
local fail = blame.fail
local max, min, abs = math.max, math.min, math.abs

local Axes = {}
Axes.__index = Axes

local INK, FAINT, FRAME = "#333333", "#e4e4e4", "#808080"

local corners = {
  ["upper right"] = "inside right top", ["upper left"] = "inside left top",
  ["lower right"] = "inside right bottom", ["lower left"] = "inside left bottom",
}
local places = {
  best = "best", center = "inside center center", ["center left"] = "inside left center",
  ["center right"] = "inside right center", ["upper center"] = "inside center top",
  ["lower center"] = "inside center bottom", outside = "outside right top",
  below = "outside center bottom horizontal",
}
for name, words in pairs(corners) do
  places[name] = words
end

--- New axes of the figure in the given rectangle, {x, y, width, height} as parts of the figure from its lower left.
function Axes.new(figure, name, rectangle)
  return setmetatable({figure = figure, name = name, rectangle = rectangle, marks = {}, texts = {}, slots = 0,
                       limits = {}, ticks = {}}, Axes)
end

function Axes:__tostring()
  return ("axes %s: %d drawn"):format(self.name, #self.marks)
end

--- The number of the next series and its colour of the cycle.
function Axes:next_slot()
  -- both sides take their colours from one cycle, so that no two series look alike
  local counter = self.host or self
  counter.slots = counter.slots + 1
  return counter.slots, options.cycle[(counter.slots - 1) % #options.cycle + 1]
end

--- Draws the mark from now on.
function Axes:add(mark)
  self.marks[#self.marks + 1] = mark
end

--- Which of the marks with the field `flag` this one is, and how many there are.
function Axes:rank_among(mark, flag)
  local rank, n = 1, 0
  for _, other in ipairs(self.marks) do
    if other[flag] then
      n = n + 1
      rank = other == mark and n or rank
    end
  end
  return rank, max(n, 1)
end

local function set_text(self, key, value, extra)
  if extra ~= nil then
    fail("%s: one string is expected", key)
  end
  self.texts[key] = options.text(key, "the text", value)
  return self
end

function Axes:title(value, given)
  self.title_color = options.check("title", given, {color = options.color}).color
  return set_text(self, "title", value)
end

function Axes:xlabel(value, extra)
  return set_text(self, "xlabel", value, extra)
end

function Axes:ylabel(value, extra)
  return set_text(self, "ylabel", value, extra)
end

function Axes:legend(place, extra)
  if extra ~= nil then
    fail("legend: one place is expected")
  end
  if type(place) == "table" then
    place = options.check("legend", place, {loc = options.any}).loc
  end
  if place == false then
    self.legend_place = nil
    return self
  end
  place = place == nil and "best" or place
  if type(place) ~= "string" or not places[place] then
    fail("legend: unknown place %s; known: %s", options.shown(place), options.names(places))
  end
  self.legend_place = place
  return self
end

function Axes:grid(on)
  self.has_grid = on == nil or options.flag("grid", "the argument", on)
  return self
end

local function set_limits(self, axis, low, high)
  local where = axis .. "lim"
  if type(low) == "table" and high == nil then
    low, high = low[1], low[2]
  end
  if low ~= nil then
    options.number(where, "the lower limit", low)
  end
  if high ~= nil then
    options.number(where, "the upper limit", high)
  end
  if low ~= nil and low == high then
    fail("%s: the limits are the same (%g); two different numbers are expected", where, low)
  end
  if self[axis .. "_log"] and (low and low <= 0 or high and high <= 0) then
    fail("%s: the limits of a logarithmic axis are above 0", where)
  end
  self.limits[axis] = {low, high}
  return self
end

function Axes:xlim(low, high)
  return set_limits(self, "x", low, high)
end

function Axes:ylim(low, high)
  return set_limits(self, "y", low, high)
end

local function set_scale(self, axis, kind)
  if kind ~= "log" and kind ~= "linear" then
    fail("%sscale: unknown scale %s; known: linear, log", axis, options.shown(kind))
  end
  local limits = self.limits[axis] or {}
  if kind == "log" and ((limits[1] or 1) <= 0 or (limits[2] or 1) <= 0) then
    fail("%sscale: the limits set by %slim are not above 0, which a logarithmic axis needs", axis, axis)
  end
  self[axis .. "_log"] = kind == "log"
  return self
end

function Axes:xscale(kind)
  return set_scale(self, "x", kind)
end

function Axes:yscale(kind)
  return set_scale(self, "y", kind)
end

local function set_ticks(self, axis, at, labels, extra)
  local where = axis .. "ticks"
  if extra ~= nil then
    fail("%s: the places and the texts are expected", where)
  end
  if at == nil then
    self.ticks[axis] = nil
    return self
  end
  at = values.list(where, "the places", at)
  local texts = {}
  if labels ~= nil and type(labels) ~= "table" then
    fail("%s: the texts are a %s; a list of strings is expected", where, type(labels))
  elseif labels and #labels ~= #at then
    fail("%s: places and texts differ in length: %d and %d", where, #at, #labels)
  end
  for i, place in ipairs(at) do
    texts[i] = options.text(where, ("texts[%d]"):format(i), labels and labels[i] or ("%.6g"):format(place))
  end
  self.ticks[axis] = {at = at, labels = texts}
  return self
end

function Axes:xticks(at, labels, extra)
  return set_ticks(self, "x", at, labels, extra)
end

function Axes:yticks(at, labels, extra)
  return set_ticks(self, "y", at, labels, extra)
end

--- Axes that share the x axis with these and have a y axis of their own at the right side.
function Axes:twinx()
  if self.host then
    fail("twinx: these axes are themselves the right side of others")
  end
  if not self.twin then
    self.twin = Axes.new(self.figure, self.name .. " right", self.rectangle)
    self.twin.host = self
  end
  return self.twin
end

-- Widens low..high by a part of the span, and to something that can be drawn when there is no span.
local function widen(low, high, margin_low, margin_high, is_log)
  if is_log then
    local span = math.log(high) - math.log(low)
    if span < 1e-9 then
      return low / 2, high * 2
    end
    return low * math.exp(-span * margin_low), high * math.exp(span * margin_high)
  end
  local size = max(abs(low), abs(high))
  if high - low <= size * 1e-12 or high - low < 1e-290 then
    local step = size < 1e-290 and 1 or size * 0.05
    return low - step, high + step
  end
  local span = high - low
  return low - span * margin_low, high + span * margin_high
end

-- The two ends of an axis: of the limits the user gave, else from the data.
local function ends(low, high, margins, limits, is_log, reversed)
  if low then
    low, high = widen(low, high, margins[1], margins[2], is_log)
  else
    low, high = is_log and 1 or 0, is_log and 10 or 1
  end
  if reversed then
    low, high = high, low
  end
  limits = limits or {}
  local first, last = limits[1] or low, limits[2] or high
  -- one limit of two given, on the far side of the data
  if (limits[1] == nil) ~= (limits[2] == nil) and (first >= last) ~= (low >= high) or first == last then
    if limits[1] ~= nil then
      last = is_log and first * 10 or first + max(1, abs(first) * 0.1)
    else
      first = is_log and last / 10 or last - max(1, abs(last) * 0.1)
    end
  end
  return first, last
end

-- The marks of both sides.
local function all_marks(self)
  local list = table.move(self.marks, 1, #self.marks, 1, {})
  return self.twin and table.move(self.twin.marks, 1, #self.twin.marks, #list + 1, list) or list
end

-- The axes whose data decide about one axis of these: those that share it.
local function sharing(self, axis)
  return self.shared and self.shared[axis] or {self}
end

-- The ends of the axis "x" or "y": of what all that share it draw.
local function axis_span(self, axis)
  local first, last, from_zero
  local margin = 0
  for _, axes in ipairs(sharing(self, axis)) do
    for _, mark in ipairs(axis == "x" and all_marks(axes.host or axes) or axes.marks) do
      local x1, x2, y1, y2 = mark:bounds(axes.x_log, axes.y_log)
      if axis == "y" then
        x1, x2 = y1, y2
      end
      if x1 then
        first, last = min(first or x1, x1), max(last or x2, x2)
      end
      local own = mark["margin_" .. axis] or axis == "y" and (mark.extent and 0 or 0.05) or mark.margin or 0
      margin = max(margin, own)
      from_zero = from_zero or mark[axis == "y" and "from_zero" or "x_from_zero"]
    end
  end
  local is_log, margins = self[axis .. "_log"], {margin, margin}
  if from_zero and not is_log then
    margins[1] = first == 0 and 0 or max(margin, 0.05)
    margins[2] = last == 0 and 0 or max(margin, 0.05)
  end
  return ends(first, last, margins, self.limits[axis], is_log, axis == "y" and self.is_picture)
end

--- What the axes span: x1, x2, y1, y2.
function Axes:span()
  local x1, x2 = axis_span(self, "x")
  return x1, x2, axis_span(self, "y")
end

-- Texts at the places 1, 2, ... of marks that name them, or those that the user gave.
local function named_ticks(self, axis)
  if self.ticks[axis] then
    return self.ticks[axis].at, self.ticks[axis].labels
  end
  local names
  for _, mark in ipairs(self.marks) do
    local own = mark[axis == "x" and "names" or "names_y"]
    if own and #own > #(names or {}) then
      names = own
    end
  end
  return names and values.count_up(#names), names
end

local function shorten(name, room, text)
  name = gnuplot.clean(name)
  local n = utf8.len(name)
  if n <= room then
    return name, n
  end
  return name:sub(1, utf8.offset(name, room) - 1) .. (text and "." or "\u{2026}"), room
end

local function name_tics(self, canvas, axis)
  local at, names = named_ticks(self, axis)
  if not at then
    return false
  end
  local upright = axis == "y"
  local size = upright and canvas.height or canvas.width
  local unit = canvas.text and (upright and 1 or 4) or 14
  local every = self.ticks[axis] and 1 or math.ceil(#names / max(8, size // unit))
  local width = self.legend_place == "outside" and 0.5 or 0.75
  local room = canvas.text and max(2, math.floor(canvas.width * width / max(1, #names) * every) - 1) or 40
  if upright then
    room = canvas.text and 16 or 30
  end
  local tics, longest = {}, 0
  for i = 1, #names, every do
    local name, n = shorten(names[i], room, canvas.text)
    longest = max(longest, n)
    tics[#tics + 1] = ("%s %.17g"):format(gnuplot.quote(name, true), at[i])
  end
  local crowded = not upright and not canvas.text and (longest + 1) * 8 * #tics > canvas.width * 0.85
  canvas:set("set %stics (%s)%s", axis, table.concat(tics, ", "), crowded and " rotate by 40 right" or "")
  return true
end

-- Digits that keep the labels of the tics apart, however narrow the span is.
local function tic_format(first, last)
  local digits = math.ceil(math.log(max(abs(first), abs(last)) / abs(last - first), 10)) + 3
  return digits > 6 and ("%%.%dg"):format(min(digits, 16)) or "%g"
end

-- A distance between the labels of the x axis that leaves each its room: 1, 2 or 5 times a power of ten.
local function tic_step(canvas, format, x1, x2, least)
  local low, high = min(x1, x2), max(x1, x2)
  local room, unit = canvas.width * 0.85, canvas.text and 1 or 7.5
  local n = min(10, room / unit / 5)
  while true do
    local raw = max(least, (high - low) / max(n, 1))
    local power = 10.0 ^ math.floor(math.log(raw, 10) + 1e-9)
    local digit = raw / power
    local step = power * (digit < 1.001 and 1 or digit < 2.001 and 2 or digit < 5.001 and 5 or 10)
    local first, longest, labels = math.ceil(low / step) * step, 1, 0
    while labels < 12 and first + labels * step <= high do
      longest = max(longest, #format:format(first + labels * step))
      labels = labels + 1
    end
    if n <= 1 or labels * (longest + 2) * unit <= room then
      return step
    end
    n = n * 0.7
  end
end

-- Labels inside the decades of a logarithmic axis that spans few of them; gnuplot labels powers of ten alone.
local function log_tics(canvas, axis, a, b)
  local low, high = min(a, b), max(a, b)
  local decades = math.log(high, 10) - math.log(low, 10)
  if decades >= 3 then
    return
  end
  local digits, list = decades < 1 and {1, 2, 3, 4, 5, 6, 8} or {1, 2, 5}, {}
  for power = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10)) do
    for _, digit in ipairs(digits) do
      local v = digit * 10.0 ^ power
      if v >= low and v <= high then
        list[#list + 1] = ("%.15g"):format(v)
      end
    end
  end
  if #list >= 2 then
    canvas:set("set %stics (%s)", axis, table.concat(list, ", "))
  end
end

-- Pictures fill their place: the automatic margins leave room for labels of tics, which they do not have.
local function picture_margins(self, canvas)
  local top = canvas.heading and 2 + select(2, canvas.heading:gsub("\n", "")) or 0.6
  canvas:set("set size ratio -1\nset title offset 0,-0.4")
  canvas:set("set lmargin %g\nset bmargin %g\nset tmargin %g", self.texts.ylabel and 4 or 1,
             self.texts.xlabel and 2 or 0.6, top)
  for _, mark in ipairs(self.marks) do
    if mark.colorbar then
      return
    end
  end
  if self.legend_place ~= "outside" then
    canvas:set("set rmargin 1")
  end
end

local function tics(self, canvas, x1, x2, y1, y2)
  if self.is_picture then
    canvas:set("unset xtics\nunset ytics\nset border 15")
    if not canvas.text then
      picture_margins(self, canvas)
    end
    return
  end
  local format = self.x_log and "%g" or tic_format(x1, x2)
  canvas:set('set format x "%s"\nset format y "%s"', format, self.y_log and "%g" or tic_format(y1, y2))
  local whole = #self.marks > 0 and not self.x_log
  for _, mark in ipairs(self.marks) do
    whole = whole and mark.whole_x
  end
  name_tics(self, canvas, "y")
  if not name_tics(self, canvas, "x") and not self.x_log then
    canvas:set("set xtics %.17g", tic_step(canvas, format, x1, x2, whole and 1 or 0))
  end
  if self.x_log then
    log_tics(canvas, "x", x1, x2)
  end
  if self.y_log then
    log_tics(canvas, "y", y1, y2)
  end
  if self.has_grid and not canvas.text then
    canvas:set('set grid back lt 1 lw 1 lc rgb "%s"', FAINT)
  end
end

local function labels_of(mark)
  return mark.labels or mark.label and {mark.label} or {}
end

-- The corner in which a legend of that size (parts of the axes) hides the fewest points.
local function best_corner(self, canvas, wide, high)
  local hits = {["upper right"] = 0, ["upper left"] = 0, ["lower right"] = 0, ["lower left"] = 0}
  local w, h = canvas.width, canvas.height
  local function visit(x, y)
    local c, r = canvas:column(x) / w, canvas:row(y) / h
    if c < 0 or c >= 1 or r < 0 or r >= 1 then
      return
    end
    local side = c > 1 - wide and "right" or c < wide and "left"
    local level = r > 1 - high and "upper" or r < high and "lower"
    if side and level then
      hits[level .. " " .. side] = hits[level .. " " .. side] + 1
    end
  end
  for _, mark in ipairs(self.marks) do
    local xs, ys = mark.xs or {}, mark.ys or {}
    local step = max(1, #xs // 2000)
    local between = mark.joined and max(1, 200 // max(1, #xs)) or 1
    for i = 1, #xs, step do
      local x, y, next_x, next_y = xs[i], ys[i], xs[i + 1], ys[i + 1]
      for k = 0, next_x and between - 1 or 0 do
        local t = k / between
        visit(k == 0 and x or x + (next_x - x) * t, k == 0 and y or y + (next_y - y) * t)
      end
      if mark.from_zero then
        -- a box fills everything down to 0
        visit(x, y * 0.66)
        visit(x, y * 0.33)
        visit(x, y * 0.02)
      end
    end
  end
  local best
  for _, place in ipairs {"upper right", "upper left", "lower right", "lower left"} do
    if not best or hits[place] < hits[best] then
      best = place
    end
  end
  return best
end

local function legend(self, canvas)
  local n, longest = 0, 0
  for _, mark in ipairs(all_marks(self)) do
    for _, label in ipairs(labels_of(mark)) do
      for line in (gnuplot.clean(label or "") .. "\n"):gmatch("([^\n]*)\n") do
        longest = max(longest, utf8.len(line))
        n = n + 1
      end
    end
  end
  local place = self.legend_place or self.twin and self.twin.legend_place
  if not place or n == 0 then
    canvas:set("unset key")
    return
  end
  if place == "best" then
    local unit, line = canvas.text and 1 or 7.5, canvas.text and 1 or 19
    place = best_corner(self, canvas, min(0.6, (longest + 7) * unit / (canvas.width * 0.88)),
                        min(0.6, (n + 1.5) * line / (canvas.height * 0.8)))
  end
  canvas:set("set key %s reverse Left", places[place])
  if not canvas.text then
    canvas:set('set key samplen 1.8 spacing 1.15 box lw 0.5 lc rgb "#cccccc" opaque width 0.5 height 0.3')
  end
end

-- In characters a picture gets exact margins, so that its rows and columns fall on those of the terminal.
local function character_margins(self, canvas)
  if not self.is_picture then
    return
  end
  local picture
  for _, mark in ipairs(self.marks) do
    picture = picture or mark.extent and mark
  end
  local left, bottom = self.texts.ylabel and 3 or 1, self.texts.xlabel and 2 or 1
  local top = canvas.heading and 2 + select(2, canvas.heading:gsub("\n", "")) or 1
  local room_w, room_h = max(4, canvas.width - left - 4), max(3, canvas.height - top - bottom - 2)
  -- a character is about twice as high as wide
  local tall = picture.height / max(1, picture.width) / 2
  local w, h = room_w, math.floor(room_w * tall + 0.5)
  if h > room_h then
    w, h = max(2, math.floor(room_h / tall + 0.5)), room_h
  end
  h = max(1, h)
  canvas.inner_width, canvas.inner_height = w, h
  local box = self.rectangle
  local total_w, total_h = canvas.width / box[3], canvas.height / box[4]
  local x0 = math.floor(box[1] * total_w + 0.5) + left + (room_w - w) // 2
  local y0 = math.floor(box[2] * total_h + 0.5) + bottom + (room_h - h) // 2
  canvas:set("set lmargin at screen %.9f\nset rmargin at screen %.9f\nset bmargin at screen %.9f\n" ..
             "set tmargin at screen %.9f", x0 / (total_w - 1), (x0 + w + 1) / (total_w - 1), y0 / (total_h - 1),
             (y0 + h + 1) / (total_h - 1))
end

-- Draws the axes of the right side into the canvas of their host.
local function right_side(self, canvas)
  self.x_log, self.limits.x = self.host.x_log, self.host.limits.x
  local _, _, y1, y2 = self:span()
  canvas:set("set y2range [%.17g:%.17g]\nset y2tics nomirror\nset border 11", y1, y2)
  if self.y_log then
    canvas:set("set logscale y2")
  end
  if self.texts.ylabel then
    canvas:set("set y2label %s%s", gnuplot.quote(self.texts.ylabel),
               canvas.text and "" or (' textcolor rgb "%s"'):format(INK))
  end
  local other = canvas:other_side(y1, y2, self.y_log)
  for _, mark in ipairs(self.marks) do
    mark:draw(other)
  end
end

--- The part of the script that draws these axes in a target (fields text, ansi, width and height of the whole figure).
-- `title` stands for the axes' own one where given.
function Axes:script(target, title)
  local x1, x2, y1, y2 = self:span()
  local box = self.rectangle
  local canvas = Canvas.new {
    text = target.text, ansi = target.ansi, width = max(1, math.floor(target.width * box[3])),
    height = max(1, math.floor(target.height * box[4])), x1 = x1, x2 = x2, y1 = y1, y2 = y2, x_log = self.x_log,
    y_log = self.y_log, heading = title or self.texts.title,
  }
  canvas.inner_width, canvas.inner_height = max(4, canvas.width - 12), max(3, canvas.height - 5)
  canvas:set("reset\nset encoding utf8\nset origin %.9f,%.9f\nset size %.9f,%.9f", table.unpack(box))
  canvas:set("set xrange [%.17g:%.17g]\nset yrange [%.17g:%.17g]", x1, x2, y1, y2)
  for _, axis in ipairs {"x", "y"} do
    if self[axis .. "_log"] then
      canvas:set("set logscale %s", axis)
    end
  end
  if target.text then
    canvas:set("set border 3\nset tics nomirror scale 0.5")
  else
    canvas:set('set border 3 lw 1 lc rgb "%s"\nset tics nomirror out scale 0.6 textcolor rgb "%s"', FRAME, INK)
  end
  tics(self, canvas, x1, x2, y1, y2)
  if canvas.heading then
    canvas:set("set title %s%s", gnuplot.quote(canvas.heading),
               target.text and "" or (' font ",12" textcolor rgb "%s"'):format(self.title_color or "#111111"))
  end
  for _, key in ipairs {"xlabel", "ylabel"} do
    if self.texts[key] then
      canvas:set('set %s %s%s', key, gnuplot.quote(self.texts[key]),
                 target.text and "" or (' textcolor rgb "%s"'):format(INK))
    end
  end
  if target.text then
    character_margins(self, canvas)
  end
  legend(self, canvas)
  for _, mark in ipairs(self.marks) do
    mark:draw(canvas)
  end
  if self.twin then
    right_side(self.twin, canvas)
  end
  return canvas:script()
end

local method_docs = {
  {"title", "title(text [, {color}])", "Writes a title above the axes; a newline breaks it.",
   'plot.title("Fashion-MNIST")'},
  {"xlabel", "xlabel(text)", "Names the x axis.", 'plot.xlabel("step")'},
  {"ylabel", "ylabel(text)", "Names the y axis.", 'plot.ylabel("loss")'},
  {"legend", "legend([place])", [[
Shows the labels of what is drawn. place: "best" (default: the corner that hides least), "upper right", "upper left",
"lower right", "lower left", "upper center", "lower center", "center", "center left", "center right", "outside",
"below"; also by name, legend{loc = "outside"}; false takes it away.]],
   'plot.line({3, 2, 1}, {label = "loss"}):legend()'},
  {"grid", "grid([on])", "Draws thin lines at the tics (not in text); grid(false) takes them away.", "plot.grid()"},
  {"xlim", "xlim(low, high)", [[
Sets the ends of the x axis; nil leaves an end to the data, low above high turns the axis round, xlim() takes both
back.]], "plot.xlim(0, 100)"},
  {"ylim", "ylim(low, high)", "Sets the ends of the y axis, as xlim does for x.", "plot.ylim(0, nil)"},
  {"xticks", "xticks([places [, texts]])", [[
Sets where the x axis has ticks, and the texts at them (default the numbers); xticks({}) leaves it without, xticks()
gives it its own again. Errors: lists of different length.]], [[plot.xticks({1, 2, 3}, {"a", "b", "c"})]]},
  {"yticks", "yticks([places [, texts]])", "Sets the ticks of the y axis, as xticks does for x.",
   [[plot.yticks({0, 0.5, 1})]]},
  {"xscale", "xscale(kind)", [["log" or "linear". On a logarithmic axis values of 0 and below are gaps.]],
   'plot.xscale("log")'},
  {"yscale", "yscale(kind)", [["log" or "linear". On a logarithmic axis values of 0 and below are gaps.]],
   'plot.yscale("log")'},
}

--- Documentation of the methods, for plot.docs: {name, signature, doc, example}.
Axes.docs = {}
for i, row in ipairs(method_docs) do
  Axes.docs[i] = {name = row[1], signature = row[2], doc = row[3], example = row[4]}
end

return Axes
