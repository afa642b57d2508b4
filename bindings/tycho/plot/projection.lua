--[[
Where a coordinate falls on a drawing: columns and rows counted from the lower left, on linear and logarithmic axes. The
two canvases (canvas.lua for pictures, characters.lua for the terminal) share these methods; their fields are width and
height (of the area inside the axes), x1, x2, y1, y2 (what it spans; x1 > x2 on a reversed axis), x_log and y_log.
]]

local floor, log = math.floor, math.log

local projection = {}

--- Where v falls between low and high as a part of the way (below 0 or above 1 outside); nan where it has no place.
function projection.part(v, low, high, is_log)
  if is_log then
    return v > 0 and (log(v) - log(low)) / (log(high) - log(low)) or 0 / 0
  end
  return (v - low) / (high - low)
end

local part = projection.part

local function cell(v, low, high, is_log, size)
  local at = floor(part(v, low, high, is_log) * size)
  return at ~= at and -1 or at < -1 and -1 or at > size and size or at
end

--- The pixel column of an x coordinate, from the left; -1 and width stand for everything outside.
function projection:column(x)
  return cell(x, self.x1, self.x2, self.x_log, self.width)
end

--- The pixel row of a y coordinate, from the bottom; -1 and height stand for everything outside.
function projection:row(y)
  return cell(y, self.y1, self.y2, self.y_log, self.height)
end

--- Gives the class the methods.
function projection.extend(class)
  class.column, class.row = projection.column, projection.row
end

return projection
