--[[
A figure as a gnuplot script: settings for every place that layout.lua has arranged, then what the marks draw. It knows
gnuplot's words for axes, ticks, titles, legends and colour bars; what the marks are it does not know, and it runs nothing.
]]

local Canvas = require "tycho.plot.canvas"
local gnuplot = require "tycho.plot.gnuplot"
local layout = require "tycho.plot.layout"
local legend = require "tycho.plot.legend"
local metrics = require("tycho.plot.metrics").pixels
local max, min = math.max, math.min

local picture = {}

-- Settings of the frame, the margins and what the axes span.
local function frame(canvas, place, page)
  local axes, theme = place.axes, canvas.theme
  canvas:set("reset\nset encoding utf8")
  canvas:set("set lmargin at screen %.9f\nset rmargin at screen %.9f\nset bmargin at screen %.9f\n"
             .. "set tmargin at screen %.9f", place.x / page.width, (place.x + place.w) / page.width,
             place.y / page.height, (place.y + place.h) / page.height)
  canvas:set("set xrange [%.17g:%.17g]\nset yrange [%.17g:%.17g]", place.x1, place.x2, place.y1, place.y2)
  for _, axis in ipairs {"x", "y"} do
    if axes[axis .. "_log"] then
      canvas:set("set logscale %s", axis)
    end
  end
  canvas:set('set style textbox opaque noborder margins 0.6,0.4 fc rgb "%s"', theme.paper)
  local sides = axes.frameless and 0 or (axes.is_picture or axes:is_equal()) and 15 or place.right and 11 or 3
  canvas:set('set border %d lw 1 lc rgb "%s"', sides, theme.frame)
  canvas:set('set tics nomirror out scale 0.6,0.35 textcolor rgb "%s"', theme.ink)
end

local function set_tics(canvas, name, list, angle)
  if #list == 0 then
    canvas:set("unset %stics", name)
    return
  end
  local parts = {}
  for i, tick in ipairs(list) do
    -- a text of a tick is a format: percent signs are doubled
    parts[i] = ("%s %.17g%s"):format(gnuplot.quote(tick.label or "", true), tick.at, tick.minor and " 1" or "")
  end
  canvas:set("set %stics %s(%s)", name, angle ~= 0 and ("rotate by %g right "):format(angle) or "norotate ",
             table.concat(parts, ", "))
end

local function tics(canvas, place)
  local axes = place.axes
  set_tics(canvas, "x", place.xticks, place.rotation)
  set_tics(canvas, "y", place.yticks, 0)
  if place.right then
    canvas:set("set y2range [%.17g:%.17g]", place.right.y1, place.right.y2)
    if axes.twin.y_log then
      canvas:set("set logscale y2")
    end
    set_tics(canvas, "y2", place.right.ticks, 0)
  end
  if axes.has_grid then
    canvas:set('set grid xtics ytics back lt 1 lw 1 lc rgb "%s"', canvas.theme.faint)
  end
end

-- A text at a place of the page, in pixels.
local function page_text(canvas, page, x, y, text, style)
  style.align = style.align or "center"
  canvas:label(("screen %.9f"):format(x / page.width), ("screen %.9f"):format(y / page.height), text, style)
end

-- How wide a line is in a font of so many points; letters of small fonts are wider than their share.
local function measure_at(line, points)
  return metrics.measure(line) * points / 10.5 * (points < 9 and 1.08 or 1)
end

-- The text, its font size (at least 7 points) and how wide it is, so that it fits the room; what is too long is cut.
local function fitting(text, points, room)
  local wide = 0
  local lines = {}
  for line in (gnuplot.clean(text) .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
    wide = max(wide, measure_at(line, points))
  end
  local size = max(7, min(points, points * room / max(wide, 1)))
  wide = 0
  for i, line in ipairs(lines) do
    local width = measure_at(line, size)
    if width > room then
      local kept = max(1, math.floor(utf8.len(line) * room / width) - 1)
      lines[i] = line:sub(1, utf8.offset(line, kept + 1) - 1) .. "\u{2026}"
      width = room
    end
    wide = max(wide, width)
  end
  return table.concat(lines, "\n"), size, wide
end

-- Writes a text of that many points around a place, moved as far as it takes to stay between first and last. upright:
-- the text runs upwards, and the place is on the y axis.
local function centered(canvas, page, x, y, text, points, first, last, color, upright)
  local words, size, wide = fitting(text, points, last - first - 6)
  local at = upright and y or x
  at = max(first + wide / 2 + 3, min(last - wide / 2 - 3, at))
  page_text(canvas, page, upright and x or at, upright and at or y, words,
            {size = size, color = color, rotation = upright and 90 or nil})
end

local function texts(canvas, place, page)
  local axes, theme, box = place.axes, canvas.theme, place.box
  local middle_x, middle_y = place.x + place.w / 2, place.y + place.h / 2
  local left, right, low, high = box[1], box[1] + box[3], box[2], box[2] + box[4]
  if place.heading then
    local n = layout.lines_of(place.heading)
    centered(canvas, page, middle_x, place.y + place.h + 5 + n * metrics.title / 2, place.heading, 12, left, right,
             axes.title_color or theme.title)
  end
  local words = axes.texts.xlabel
  if words then
    centered(canvas, page, middle_x, place.y - place.own_bottom - layout.lines_of(words) * metrics.label / 2 - 1, words,
             10.5, left, right, theme.ink)
  end
  words = axes.texts.ylabel
  if words then
    centered(canvas, page, place.x - place.own_left - metrics.label / 2 - 2, middle_y, words, 10.5, low, high, theme.ink,
             true)
  end
  words = place.right and axes.twin.texts.ylabel
  if words then
    centered(canvas, page, place.x + place.w + place.own_right + metrics.label / 2 + 1, middle_y, words, 10.5, low, high,
             theme.ink, true)
  end
end

-- How far the tick labels reach to the left, to the right and down.
local function reach(place)
  local function wide(list)
    local most = 0
    for _, tick in ipairs(list) do
      most = max(most, tick.label and metrics.measure(tick.label) or 0)
    end
    return most
  end
  place.own_left = #place.yticks > 0 and metrics.tick + wide(place.yticks) or 0
  place.own_right = place.right and metrics.tick + wide(place.right.ticks) or 0
  local angle = math.rad(math.abs(place.rotation))
  local high = place.rotation ~= 0 and wide(place.xticks) * math.sin(angle) + metrics.line * math.cos(angle)
      or wide(place.xticks) > 0 and metrics.line or 0
  place.own_bottom = #place.xticks > 0 and metrics.tick_x + high or 0
end

-- The scale of colours beside the axes: a raster with ticks of its own, drawn as a plot of its own.
local function color_bar(place, page, theme)
  local bar = place.bar
  local colors = require "tycho.plot.colors"
  local canvas = Canvas.new {theme = theme, width = 12, height = place.h, x1 = 0, x2 = 1, y1 = bar.low, y2 = bar.high}
  local x = place.x + place.w + bar.at + 2
  canvas:set("reset\nset encoding utf8\nunset key")
  canvas:set("set lmargin at screen %.9f\nset rmargin at screen %.9f\nset bmargin at screen %.9f\n"
             .. "set tmargin at screen %.9f", x / page.width, (x + 13) / page.width, place.y / page.height,
             (place.y + place.h) / page.height)
  canvas:set("set xrange [0:1]\nset yrange [%.17g:%.17g]\nset y2range [%.17g:%.17g]", bar.low, bar.high, bar.low,
             bar.high)
  canvas:set('set border 15 lw 0.6 lc rgb "%s"\nset tics nomirror out scale 0.4 textcolor rgb "%s"\n'
             .. "unset xtics\nunset ytics", theme.frame, theme.ink)
  set_tics(canvas, "y2", bar.ticks, 0)
  if bar.label then
    local reach_out = 0
    for _, tick in ipairs(bar.ticks) do
      reach_out = max(reach_out, metrics.measure(tick.label))
    end
    centered(canvas, page, x + 13 + metrics.tick + reach_out + metrics.label / 2, place.y + place.h / 2, bar.label, 10.5,
             place.box[2], place.box[2] + place.box[4], theme.ink, true)
  end
  local cells = {}
  if bar.steps then
    for i, color in ipairs(bar.steps) do
      cells[i] = string.char(colors.rgb(color)) .. "\255"
    end
  else
    local lookup = colors.lookup(bar.colors)
    for i = 0, 255 do
      cells[i + 1] = lookup[i]
    end
  end
  for i, cell in ipairs(cells) do
    cells[i] = cell .. cell
  end
  canvas:raster({0, 1, bar.low, bar.high}, 2, #cells, table.concat(cells))
  return canvas:script()
end

local function key(canvas, place, page, drawn)
  local axes = place.axes
  local words, labels = axes:legend_words(), axes:labels()
  if not words or #labels == 0 then
    canvas:set("unset key")
    return
  end
  local longest, rows = 0, 0
  for _, label in ipairs(labels) do
    for line in (gnuplot.clean(label) .. "\n"):gmatch("([^\n]*)\n") do
      longest, rows = max(longest, metrics.measure(line)), rows + 1
    end
  end
  if words == "best" then
    words = legend.best(drawn, (longest + metrics.key + 12) / place.w, (rows * 20 + 14) / place.h)
  end
  local where
  if words == "outside" then
    where = ("at screen %.9f,%.9f left top vertical"):format((place.x + place.w + place.legend_at) / page.width,
                                                           (place.y + place.h) / page.height)
  elseif words == "below" then
    where = ("at screen %.9f,%.9f center bottom horizontal maxrows %d"):format(
      (place.x + place.w / 2) / page.width, (place.box[2] + 3) / page.height, place.legend_rows or 1)
  else
    local at = legend.places[words]
    where = ("inside %s %s vertical"):format(at[1] == 0 and "left" or at[1] == 1 and "right" or "center",
                                             at[2] == 0 and "bottom" or at[2] == 1 and "top" or "center")
  end
  canvas:set('set key %s reverse Left samplen 1.8 spacing 1.15 textcolor rgb "%s"', where, canvas.theme.ink)
  if words ~= "outside" and words ~= "below" then
    canvas:set('set key box lw 0.5 lc rgb "%s" opaque fc rgb "%s" width 0.5 height 0.3', canvas.theme.key,
               canvas.theme.paper)
  end
end

local function axes_script(place, page, theme)
  local axes = place.axes
  local canvas = Canvas.new {
    theme = theme, width = max(1, math.floor(place.w)), height = max(1, math.floor(place.h)), x1 = place.x1,
    x2 = place.x2, y1 = place.y1, y2 = place.y2, x_log = axes.x_log, y_log = axes.y_log,
  }
  reach(place)
  frame(canvas, place, page)
  tics(canvas, place)
  texts(canvas, place, page)
  key(canvas, place, page, layout.draw_marks(canvas, place))
  return canvas
end

--- The script of a figure but the terminal's setting.
function picture.script(figure)
  local page = {width = figure.width, height = figure.height}
  local places, over = layout.arrange(figure, metrics, figure.width, figure.height)
  local parts = {"set encoding utf8\nset multiplot"}
  for i, place in ipairs(places) do
    local canvas = axes_script(place, page, figure.theme)
    if i == 1 and over then
      local high = layout.lines_of(over) * metrics.suptitle
      centered(canvas, page, page.width / 2, page.height - high / 2 - 5, over, 14, 0, page.width, figure.theme.title)
    end
    parts[#parts + 1] = canvas:script()
    if place.bar then
      parts[#parts + 1] = color_bar(place, page, figure.theme)
    end
  end
  parts[#parts + 1] = "unset multiplot\n"
  return table.concat(parts, "\n")
end

return picture
