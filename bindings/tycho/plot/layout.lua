--[[
Where everything of a figure stands: the rectangle inside each pair of axes, wide enough margins for tick labels, titles,
colour bars and legends, and the ticks themselves. The same sums serve pixels and characters: `metrics` says how wide a
text is and how much room each part takes. Subplots of one column have the same sides, those of one row the same top and
bottom. Knows no gnuplot and draws nothing.

metrics: measure(text), line (height of a line), tick (from the axis to its labels), pad (at the edges), title, suptitle
and label (heights of a line of those), gap_x, gap_y (between labels), x_every, y_every (room of one tick), bar (width of a
colour bar with its gap), key (width of a sample in the legend), text (characters), tall (height of a unit by its width).
]]

local gnuplot = require "tycho.plot.gnuplot"
local projection = require "tycho.plot.projection"
local ticks = require "tycho.plot.ticks"
local values = require "tycho.plot.values"
local floor, max, min = math.floor, math.max, math.min

local layout = {}

local SLANT = math.rad(40)

local function lines_of(text)
  return text and 1 + select(2, gnuplot.clean(text):gsub("\n", "")) or 0
end
layout.lines_of = lines_of

-- The longest line of a text.
local function widest(metrics, text)
  local wide = 0
  for line in (gnuplot.clean(text) .. "\n"):gmatch("([^\n]*)\n") do
    wide = max(wide, metrics.measure(line))
  end
  return wide
end

-- The texts at the places of an axis: those that the user set, or the names that marks give to 1, 2, ...
local function names_of(axes, axis)
  local own = axes.ticks[axis]
  if own then
    return own.at, own.labels
  end
  local names
  for _, mark in ipairs(axes:all_marks()) do
    local list = mark[axis == "x" and "names" or "names_y"]
    if list and #list > #(names or {}) then
      names = list
    end
  end
  return names and values.count_up(#names), names
end

local function room_of(metrics, axis, size)
  if axis == "x" then
    return {size = size, measure = metrics.measure, gap = metrics.gap_x, most = max(1, min(10, size / metrics.x_every))}
  end
  return {size = size, measure = function()
    return metrics.line
  end, gap = metrics.gap_y, most = max(1, min(10, size / metrics.y_every))}
end

-- Named ticks that can be seen, and their angle in degrees where they do not fit side by side.
local function named(axes, axis, low, high, metrics, room)
  local at, names = names_of(axes, axis)
  local a, b = min(low, high), max(low, high)
  local seen_at, seen = {}, {}
  for i, name in ipairs(names) do
    if at[i] >= a and at[i] <= b then
      seen_at[#seen + 1], seen[#seen + 1] = at[i], gnuplot.clean(name):gsub("\n", " ")
    end
  end
  local longest = metrics.text and (axis == "y" and 16 or max(3, floor(room.size / max(1, #seen)) - 1)) or 34
  local list = ticks.named(seen_at, seen, longest)
  table.sort(list, function(first, second)
    return first.at < second.at
  end)
  local angle = axes.ticks[axis] and axes.ticks[axis].rotation
  if angle and not metrics.text then
    return list, angle
  end
  local kept, all = ticks.thin(list, low, high, room)
  if all or axis == "y" or metrics.text then
    return kept, 0
  end
  -- slanted ones need their height along the axis; those that the user asked for are all shown
  local every = axes.ticks[axis] and 1 or math.ceil(#list * metrics.line * 1.1 / room.size)
  local slanted = {}
  for i = 1, #list, every do
    slanted[#slanted + 1] = list[i]
  end
  return slanted, 40
end

-- The ticks of one axis and the angle of their labels.
local function ticks_of(axes, axis, low, high, size, metrics)
  local room, hidden = room_of(metrics, axis, max(1, size)), axes["hide_" .. axis]
  local list
  local angle = 0
  if names_of(axes, axis) then
    list, angle = named(axes, axis, low, high, metrics, room)
  elseif axes.is_picture or axes.frameless then
    return {}, 0
  elseif axes[axis .. "_log"] then
    list = ticks.logarithmic(low, high, room, metrics.text)
  else
    list = ticks.linear(low, high, room, axes:counts_whole(axis))
  end
  if hidden then
    for i, tick in ipairs(list) do
      list[i] = {at = tick.at, minor = tick.minor, label = tick.label and ""}
    end
  end
  return list, angle
end

local function label_width(list, metrics)
  local wide = 0
  for _, tick in ipairs(list) do
    wide = max(wide, tick.label and metrics.measure(tick.label) or 0)
  end
  return wide
end

-- Fills in the ticks of a place whose inner rectangle is w x h.
local function set_ticks(place, w, h, metrics)
  local axes = place.axes
  place.xticks, place.rotation = ticks_of(axes, "x", place.x1, place.x2, w, metrics)
  place.yticks = ticks_of(axes, "y", place.y1, place.y2, h, metrics)
  if axes.twin then
    local right = place.right or {}
    place.right = right
    right.x1, right.x2, right.y1, right.y2 = axes.twin:span()
    right.ticks = ticks_of(axes.twin, "y", right.y1, right.y2, h, metrics)
  end
  if place.bar then
    place.bar.ticks = ticks.linear(place.bar.low, place.bar.high, room_of(metrics, "y", h))
  end
end

-- The room that the legend takes beside or below the axes.
local function legend_room(place, metrics, width)
  local axes = place.axes
  local where, longest, total, n = axes:legend_words(), 0, 0, 0
  for _, label in ipairs(axes:labels()) do
    local wide = widest(metrics, label)
    longest, total, n = max(longest, wide), total + wide + metrics.key * 1.6, n + 1
  end
  if n == 0 or (where ~= "outside" and where ~= "below") then
    return 0, 0
  elseif where == "outside" then
    return longest + metrics.key + 2 * metrics.pad, 0
  end
  place.legend_rows = math.ceil(total / max(1, width))
  return 0, place.legend_rows * metrics.line * 1.1 + metrics.pad * 0.5
end

local function bottom_margin(place, metrics, legend_height)
  local axes, below = place.axes, metrics.pad * 0.6
  if #place.xticks > 0 then
    local wide = label_width(place.xticks, metrics)
    local angle = math.rad(math.abs(place.rotation))
    local height = place.rotation ~= 0 and wide * math.sin(angle) + metrics.line * math.cos(angle)
        or wide > 0 and metrics.line or 0
    below = below + metrics.tick_x + height
  elseif metrics.text then
    below = below + metrics.tick_x
  end
  if axes.texts.xlabel then
    below = below + metrics.label * lines_of(axes.texts.xlabel)
  end
  if metrics.text and place.bar then
    below = below + 1
  end
  return below + legend_height
end

local function right_margin(place, metrics, legend_width, w)
  -- a picture among characters has a frame of its own
  local axes, right = place.axes, metrics.text and place.axes.is_picture and 1 or metrics.pad * 1.3
  local last
  for _, tick in ipairs(place.xticks) do
    last = tick.label and (not last or tick.at > last.at) and tick or last
  end
  if last and last.label and place.rotation == 0 and not metrics.text then
    local along = projection.part(last.at, place.x1, place.x2, axes.x_log) * w
    local over = along + metrics.measure(last.label) / 2 - w
    right = max(right, over + 3)
  end
  if place.right then
    right = metrics.pad + metrics.tick + label_width(place.right.ticks, metrics)
    if axes.twin.texts.ylabel and not metrics.text then
      right = right + metrics.label * lines_of(axes.twin.texts.ylabel)
    end
  end
  if place.bar and not metrics.text then
    place.bar.at = right
    right = right + metrics.bar + metrics.tick + label_width(place.bar.ticks, metrics)
        + (place.bar.label and metrics.label or 0)
  end
  place.legend_at = right
  return right + legend_width
end

local function margins(place, metrics, w)
  local axes = place.axes
  local legend_width, legend_height = legend_room(place, metrics, place.box[3])
  local left = metrics.pad
  if #place.yticks > 0 then
    left = left + metrics.tick + label_width(place.yticks, metrics)
  elseif metrics.text then
    left = left + 1
  end
  local top = metrics.pad + metrics.title * lines_of(place.heading) + (metrics.text and axes.is_picture and 1 or 0)
  if axes.texts.ylabel or axes.twin and axes.twin.texts.ylabel then
    if metrics.text then
      top = top + 1
    elseif axes.texts.ylabel then
      left = left + metrics.label * lines_of(axes.texts.ylabel)
    end
  end
  if place.rotation ~= 0 and place.xticks[1] then
    local first = projection.part(place.xticks[1].at, place.x1, place.x2, axes.x_log) * w
    left = max(left, metrics.measure(place.xticks[1].label or "") * math.cos(SLANT) - first + metrics.pad)
  end
  return {left, right_margin(place, metrics, legend_width, w), bottom_margin(place, metrics, legend_height), top}
end

-- Axes that stand in one column get the same left and right margins, in one row the same bottom and top.
local function align(places)
  for _, side in ipairs {{1, 1, 3}, {2, 1, 3}, {3, 2, 4}, {4, 2, 4}} do
    local which, from, size = side[1], side[2], side[3]
    local widest_of = {}
    for _, place in ipairs(places) do
      local key = ("%.6f %.6f"):format(place.axes.rectangle[from], place.axes.rectangle[size])
      widest_of[key] = max(widest_of[key] or 0, place.margins[which])
      place.keys = place.keys or {}
      place.keys[which] = key
    end
    for _, place in ipairs(places) do
      place.margins[which] = widest_of[place.keys[which]]
    end
  end
end

-- Where the columns (from 1, size 3) or rows (from 2, size 4) of a whole grid begin, by key: {start, length, margins}, in
-- order; nil for places that are no such grid.
local function grid_lines(places, from, side)
  local lines, order, start, stop, sum = {}, {}, math.huge, 0, 0
  for _, place in ipairs(places) do
    local key, r = place.keys[side], place.axes.rectangle
    if not lines[key] then
      lines[key] = {start = r[from], length = r[from + 2], margin = place.margins[side] + place.margins[side % 2 == 1
                    and side + 1 or side - 1]}
      order[#order + 1] = lines[key]
      start, stop, sum = min(start, r[from]), max(stop, r[from] + r[from + 2]), sum + r[from + 2]
    end
  end
  table.sort(order, function(a, b)
    return a.start < b.start
  end)
  for i, line in ipairs(order) do
    if math.abs(line.length - order[1].length) > 1e-9 or math.abs(line.start - start - (i - 1) * line.length) > 1e-9 then
      return nil
    end
  end
  return #order > 1 and math.abs(sum - (stop - start)) < 1e-9 and order or nil, lines, start, stop
end

-- Axes of one grid are equally large: its columns and rows get what their margins need and the rest in equal parts.
local function share_out(places, metrics, width, height)
  for _, direction in ipairs {{1, 1, width}, {2, 3, height}} do
    local from, side, whole = direction[1], direction[2], direction[3]
    local order, lines, start, stop = grid_lines(places, from, side)
    local room = order and (stop - start) * whole or 0
    for _, line in ipairs(order or {}) do
      room = room - line.margin
    end
    local inner = order and room / #order or 0
    if order and inner > 0.2 * whole / #order then
      local at = start * whole
      for _, line in ipairs(order) do
        local low, high = at, at + line.margin + inner
        at = high
        line.low, line.high = metrics.text and floor(low + 0.5) or low, metrics.text and floor(high + 0.5) or high
      end
      for _, place in ipairs(places) do
        local line = lines[place.keys[side]]
        place.box[from], place.box[from + 2] = line.low, line.high - line.low
      end
    end
  end
end

-- The inner rectangle; margins that would eat the drawing give way.
local function set_inner(place, metrics)
  local box, m = place.box, place.margins
  local least_w, least_h = metrics.text and 4 or box[3] * 0.15, metrics.text and 2 or box[4] * 0.15
  local w, h = box[3] - m[1] - m[2], box[4] - m[3] - m[4]
  place.x, place.y, place.w, place.h = box[1] + m[1], box[2] + m[3], max(w, least_w), max(h, least_h)
  if w < least_w then
    place.x = box[1] + min(m[1], max(0, box[3] - least_w))
  end
  if h < least_h then
    place.y = box[2] + min(m[3], max(0, box[4] - least_h))
  end
end

-- Data of equal scale on both axes: the rectangle shrinks to the right shape, in the middle of its place.
local function keep_aspect(place, metrics)
  if not place.axes:is_equal() then
    return
  end
  local shape = math.abs((place.y2 - place.y1) / (place.x2 - place.x1)) / metrics.tall
  local w, h = place.w, place.h
  if h / w > shape then
    h = w * shape
  else
    w = h / shape
  end
  if metrics.text then
    w, h = max(2, floor(w + 0.5)), max(1, floor(h + 0.5))
  end
  place.x, place.y = place.x + (place.w - w) / 2, place.y + (place.h - h) / 2
  place.w, place.h = w, h
end

local function new_place(axes, metrics, width, height, heading)
  local r = axes.rectangle
  local place = {axes = axes, box = {r[1] * width, r[2] * height, r[3] * width, r[4] * height}, heading = heading,
                 bar = axes:color_bar(), rotation = 0}
  if metrics.text then
    local x, y = floor(place.box[1] + 0.5), floor(place.box[2] + 0.5)
    place.box = {x, y, floor((r[1] + r[3]) * width + 0.5) - x, floor((r[2] + r[4]) * height + 0.5) - y}
  end
  place.x1, place.x2, place.y1, place.y2 = axes:span()
  return place
end

--- Arranges a figure on a page of width x height: the list of places {axes, x, y, w, h (the inner rectangle from the
-- lower left), x1, x2, y1, y2, xticks, yticks, rotation, heading, right, bar, box, legend_at}, and the figure's own title.
function layout.arrange(figure, metrics, width, height)
  local title, places = figure.suptitle_text, {}
  local only = #figure.axes == 1 and figure.axes[1]
  local heading = only and not only.texts.title and title
  local over = title and not heading and title or nil
  local top = over and lines_of(over) * metrics.suptitle + metrics.pad * 0.5 or 0
  if metrics.text then
    top = math.ceil(top)
  end
  for i, axes in ipairs(figure.axes) do
    local place = new_place(axes, metrics, width, height - min(top, height / 2), heading or axes.texts.title)
    set_ticks(place, place.box[3] * 0.8, place.box[4] * 0.75, metrics)
    place.margins = margins(place, metrics, place.box[3] * 0.8)
    places[i] = place
  end
  -- the second round knows how long the axes are
  for _ = 1, 2 do
    align(places)
    share_out(places, metrics, width, height - min(top, height / 2))
    for _, place in ipairs(places) do
      set_inner(place, metrics)
      keep_aspect(place, metrics)
      set_ticks(place, place.w, place.h, metrics)
      place.margins = margins(place, metrics, place.w)
    end
  end
  for _, place in ipairs(places) do
    if metrics.text then
      place.x, place.y = floor(place.x + 0.5), floor(place.y + 0.5)
      place.w, place.h = max(2, floor(place.w)), max(1, floor(place.h))
    end
  end
  return places, over
end

--- Draws the marks of a place's axes, and those of the second y axis, onto a canvas; returns {mark, canvas} for each.
function layout.draw_marks(canvas, place)
  local axes, drawn = place.axes, {}
  local function draw(marks, on)
    for _, mark in ipairs(marks) do
      mark:draw(on)
      drawn[#drawn + 1] = {mark, on}
    end
  end
  local other = place.right and canvas:other_side(place.right.y1, place.right.y2, axes.twin.y_log)
  draw(axes.marks, canvas)
  if other then draw(axes.twin.marks, other) end
  return drawn
end

return layout
