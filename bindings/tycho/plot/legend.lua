--[[
Where a legend goes: the words that a user may say, and the place that hides the fewest points. Relies on projection's
methods of a canvas; draws nothing.
]]

local max, min = math.max, math.min

local legend = {}

--- matplotlib's words (and two of our own) to the part of the way from the left and from the bottom.
legend.places = {
  best = "best", ["upper right"] = {1, 1}, ["upper left"] = {0, 1}, ["lower left"] = {0, 0}, ["lower right"] = {1, 0},
  right = {1, 0.5}, ["center left"] = {0, 0.5}, ["center right"] = {1, 0.5}, ["lower center"] = {0.5, 0},
  ["upper center"] = {0.5, 1}, center = {0.5, 0.5}, outside = "outside", below = "below",
}

local candidates = {
  "upper right", "upper left", "lower right", "lower left", "center right", "center left", "upper center",
  "lower center",
}

-- Calls visit with points of what a mark draws; a line has points on its way too.
local function visit_mark(mark, canvas, visit)
  local xs, ys = mark.xs or {}, mark.ys or {}
  local step = max(1, #xs // 1000)
  local between = mark.joined and max(1, 200 // max(1, #xs)) or 1
  for i = 1, #xs, step do
    local x, y, next_x, next_y = xs[i], ys[i], xs[i + 1], ys[i + 1]
    for k = 0, next_x and between - 1 or 0 do
      local t = k / between
      visit(canvas, k == 0 and x or x + (next_x - x) * t, k == 0 and y or y + (next_y - y) * t)
    end
    -- a box fills everything down to 0 and to its sides
    local half = mark.half or 0
    for _, share in ipairs((mark.from_zero or mark.x_from_zero) and {1, 0.66, 0.33, 0.02} or {}) do
      for _, side in ipairs {-half, 0, half} do
        if mark.x_from_zero then
          visit(canvas, x * share, y + side)
        else
          visit(canvas, x + side, y * share)
        end
      end
    end
  end
end

--- The place in which a legend of that size (parts of the axes) hides the fewest points. drawn: a list of {mark, canvas}.
function legend.best(drawn, wide, high)
  local points = {}
  for _, pair in ipairs(drawn) do
    visit_mark(pair[1], pair[2], function(canvas, x, y)
      if x and y and x == x and y == y then
        points[#points + 1] = {canvas:column(x) / canvas.width, canvas:row(y) / canvas.height}
      end
    end)
  end
  wide, high = min(wide, 1), min(high, 1)
  local best, fewest
  for _, name in ipairs(candidates) do
    local place = legend.places[name]
    local left, bottom = place[1] * (1 - wide), place[2] * (1 - high)
    local hits = 0
    for _, p in ipairs(points) do
      if p[1] >= left - 0.01 and p[1] <= left + wide + 0.01 and p[2] >= bottom - 0.01 and p[2] <= bottom + high + 0.01 then
        hits = hits + 1
      end
    end
    if not best or hits < fewest then
      best, fewest = name, hits
    end
  end
  return best
end

return legend
