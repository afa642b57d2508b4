-- What the specs of plots share: a folder of their own, pictures as pixels, the environment as a test wants it.

local ty = require "tycho"

local pictures = {}

local real_getenv = os.getenv

--- The module asks os.getenv at each drawing; from here on it sees no display and the changes of one test (false: unset).
function pictures.with_environment(changes)
  os.getenv = function(name) -- luacheck: ignore 122
    local value = changes[name]
    if value ~= nil then
      return value or nil
    elseif name == "DISPLAY" or name == "WAYLAND_DISPLAY" or name == "TYCHO_PLOT" then
      return nil
    end
    return real_getenv(name)
  end
end

function pictures.real_environment()
  os.getenv = real_getenv -- luacheck: ignore 122
end

--- A new empty folder.
function pictures.new_folder()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(("mkdir '%s'"):format(folder)))
  return folder
end

--- Decodes a PNG. picture.at(x, y): red, green, blue of a pixel from the upper left, from 1; picture.count(hex[, box]):
-- how many pixels have the colour "#rrggbb", to a step or two, in the box {x1, y1, x2, y2}; picture.ink(box): how many are
-- not white; picture.colors(): how many colours there are; picture.box(hex): the smallest box around all pixels of it.
function pictures.open(path)
  local image = ty.io.read_image(path, "RGB")
  local height, width = image.shape[2], image.shape[3]
  local flat = image:reshape(3, height * width):totable()
  local picture = {width = width, height = height}
  function picture.at(x, y)
    local i = (y - 1) * width + x
    return flat[1][i], flat[2][i], flat[3][i]
  end
  local function visit(box, f)
    box = box or {1, 1, width, height}
    for y = math.max(1, box[2]), math.min(height, box[4]) do
      for x = math.max(1, box[1]), math.min(width, box[3]) do
        f(x, y, picture.at(x, y))
      end
    end
  end
  local function is_color(hex)
    local v = tonumber(hex:sub(2), 16)
    local red, green, blue = v >> 16, v >> 8 & 255, v & 255
    return function(r, g, b)
      return math.abs(r - red) <= 3 and math.abs(g - green) <= 3 and math.abs(b - blue) <= 3
    end
  end
  function picture.count(hex, box)
    local n, same = 0, is_color(hex)
    visit(box, function(_, _, r, g, b)
      n = same(r, g, b) and n + 1 or n
    end)
    return n
  end
  function picture.ink(box)
    local n = 0
    visit(box, function(_, _, r, g, b)
      n = r + g + b < 720 and n + 1 or n
    end)
    return n
  end
  function picture.colors()
    local seen, n = {}, 0
    visit(nil, function(_, _, r, g, b)
      local key = r << 16 | g << 8 | b
      n = seen[key] and n or n + 1
      seen[key] = true
    end)
    return n
  end
  function picture.box(hex)
    local box, same = nil, is_color(hex)
    visit(nil, function(x, y, r, g, b)
      if same(r, g, b) then
        box = box or {x, y, x, y}
        box = {math.min(box[1], x), math.min(box[2], y), math.max(box[3], x), math.max(box[4], y)}
      end
    end)
    return box
  end
  return picture
end

return pictures
