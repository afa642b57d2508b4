--[[
Reads the data that users hand to a plot: lists, nested lists and tensors (anything with a totable method) become a
flat list of numbers and a shape. Values that cannot be drawn (nan, infinities, and magnitudes past 1e300, where the
plotting program's arithmetic ends) become nan, which every mark treats as a gap. Also the reductions that keep a
drawing small: no picture gains from more points than it has pixels. Knows nothing of figures or gnuplot.
]]

local blame = require "tycho.plot.blame"
local fail = blame.fail
local floor, math_type = math.floor, math.type

local values = {}

local NAN = 0 / 0
local LARGEST = 1e300

-- Indexing a foreign userdata may raise, so the question is asked under pcall.
local function totable_of(v)
  return v.totable
end

--- Whether v is a tensor or the like: a userdata or an object with a totable method.
function values.is_tensor(v)
  local kind = type(v)
  if kind ~= "userdata" and (kind ~= "table" or not getmetatable(v)) then
    return false
  end
  local ok, method = pcall(totable_of, v)
  return ok and method ~= nil
end

--- Whether v can hold data: a tensor, an empty table or a table with an element 1.
function values.is_data(v)
  return values.is_tensor(v) or type(v) == "table" and (v[1] ~= nil or next(v) == nil)
end

--- "2x3" for {2, 3}; "a single number" for {}.
function values.shape_text(shape)
  return #shape == 0 and "a single number" or table.concat(shape, "x")
end

local function describe(v)
  if type(v) == "string" then
    return ("a string (%q)"):format(#v > 40 and v:sub(1, 37) .. "..." or v)
  end
  return "a " .. type(v)
end

local function undrawable(v)
  return v ~= v or v > LARGEST or v < -LARGEST
end

-- Appends the numbers of v, which stands at `path` (text such as "ys[3]"), to state.flat and checks v against the
-- shape that the first elements of each depth have set.
local function collect(state, v, depth, path)
  if values.is_tensor(v) then
    v = v:totable()
  end
  local kind = type(v)
  if kind == "table" then
    local n = #v
    if n == 0 and next(v) ~= nil then
      fail("%s: %s is a table without a list in it (it has the key '%s')", state.where, path, tostring((next(v))))
    end
    if state.rank and depth > state.rank then
      fail("%s: %s is a list where the values before it are numbers", state.where, path)
    end
    if not state.shape[depth] then
      state.shape[depth] = n
    elseif state.shape[depth] ~= n then
      fail("%s: %s has %d values, the rows before it have %d", state.where, path, n, state.shape[depth])
    end
    if depth > 8 then
      fail("%s: %s is nested more than 8 deep", state.where, path)
    end
    for i = 1, n do
      local element = v[i]
      if state.rank == depth and math_type(element) then
        if math_type(element) == "float" then
          state.integers = false
        end
        state.flat[#state.flat + 1] = undrawable(element) and NAN or element
      else
        collect(state, element, depth + 1, ("%s[%d]"):format(path, i))
      end
    end
    return
  end
  if kind == "boolean" then
    v = v and 1 or 0
  elseif kind == "nil" then
    v = NAN
  elseif kind ~= "number" then
    fail("%s: %s is %s, not a number", state.where, path, describe(v))
  end
  if state.rank and state.rank ~= depth - 1 then
    fail("%s: %s is a number where the values before it are lists", state.where, path)
  end
  state.rank = depth - 1
  if math_type(v) == "float" then
    state.integers = false
  end
  state.flat[#state.flat + 1] = undrawable(v) and NAN or v
end

-- The numbers of a tensor of one dimension, which need no look at each other's kind; nil for anything else.
local function one_row(v)
  local shape = type(v) == "userdata" and values.is_tensor(v) and v.shape
  if not shape or #shape ~= 1 or shape[1] == 0 then
    return nil
  end
  local list = v:totable()
  if math_type(list[1]) == "float" then
    for i = 1, #list do
      if undrawable(list[i]) then
        list[i] = NAN
      end
    end
  elseif not math_type(list[1]) then
    return nil
  end
  return list
end

--- The numbers of v (a list, nested lists, a tensor) in row order, their shape, and whether all are integers.
-- `where` is the function's name and `name` the argument's, for errors: a value that is no number, rows of unequal
-- length. A hole (nil) inside a list is a gap, true and false are 1 and 0.
function values.array(where, name, v)
  if type(v) ~= "table" and not values.is_tensor(v) then
    fail("%s: %s is %s; a list of numbers or a tensor is expected", where, name, describe(v))
  end
  local row = one_row(v)
  if row then
    return row, {#row}, math_type(row[1]) == "integer"
  end
  local state = {where = where, flat = {}, shape = {}, integers = true}
  collect(state, v, 1, name)
  return state.flat, state.shape, state.integers
end

--- As values.array, but one row of numbers: dimensions of size 1 are dropped ({n, 1} counts as n values).
function values.list(where, name, v)
  local flat, shape, integers = values.array(where, name, v)
  local long = 0
  for _, n in ipairs(shape) do
    long = n ~= 1 and long + 1 or long
  end
  if long > 1 then
    fail("%s: %s has the shape %s; one row of numbers is expected (draw one row or column at a time)", where, name,
         values.shape_text(shape))
  end
  return flat, integers
end

--- {1, 2, ..., n}
function values.count_up(n)
  local list = {}
  for i = 1, n do
    list[i] = i
  end
  return list
end

--- xs, ys, options, whether the xs are whole numbers, out of the arguments (ys[, options]) or (xs, ys[, options]).
function values.points(where, ...)
  local n = select("#", ...)
  local first, second, third = ...
  while n > 1 and select(n, ...) == nil do
    n = n - 1
  end
  if n == 0 or first == nil then
    fail("%s: no data given; a list of numbers or a tensor is expected", where)
  end
  if n > 3 then
    fail("%s: %d arguments given; at most xs, ys and a table of options are expected", where, n)
  end
  if n == 1 or n == 2 and not values.is_data(second) and type(second) == "table" then
    local ys = values.list(where, "ys", first)
    return values.count_up(#ys), ys, second, true
  end
  if third ~= nil and type(third) ~= "table" then
    fail("%s: the third argument is %s; a table of options is expected", where, describe(third))
  end
  local xs, whole = values.list(where, "xs", first)
  local ys = values.list(where, "ys", second)
  if #xs ~= #ys then
    fail("%s: xs and ys differ in length: %d and %d", where, #xs, #ys)
  end
  return xs, ys, third, whole
end

--- Smallest and largest x and y over the points that can be drawn (positive on a log axis); nil when there are none.
function values.bounds(xs, ys, x_log, y_log)
  local x1, x2, y1, y2
  for i = 1, #xs do
    local x, y = xs[i], ys[i]
    if x == x and y == y and (not x_log or x > 0) and (not y_log or y > 0) then
      if not x1 then
        x1, x2, y1, y2 = x, x, y, y
      end
      x1, x2 = x < x1 and x or x1, x > x2 and x or x2
      y1, y2 = y < y1 and y or y1, y > y2 and y or y2
    end
  end
  return x1, x2, y1, y2
end

--- The ends of a scale of colours: vmin and vmax where given, else the smallest and largest of the list; never equal.
function values.range(where, list, vmin, vmax)
  local low, high
  for i = 1, #list do
    local v = list[i]
    if v == v then
      low, high = low and math.min(low, v) or v, high and math.max(high, v) or v
    end
  end
  low, high = vmin or low or 0, vmax or high or 1
  if low > high or low == high and vmin and vmax then
    fail("%s: vmin (%g) must be below vmax (%g)", where, low, high)
  elseif low == high then
    high = low + math.max(1, math.abs(low) * 1e-6)
  end
  return low, high
end

local function ascends(xs)
  local last = -math.huge
  for i = 1, #xs do
    local x = xs[i]
    if x == x then
      if x < last then
        return false
      end
      last = x
    end
  end
  return true
end

-- First, lowest, highest and last point of each pixel column: what is drawn stays the same to the pixel.
local function thin_columns(xs, ys, column)
  local out_x, out_y = {}, {}
  local open, first, low, high, last
  local function keep(i)
    out_x[#out_x + 1], out_y[#out_y + 1] = xs[i], ys[i]
  end
  local function flush()
    if not open then
      return
    end
    local a, b = math.min(low, high), math.max(low, high)
    keep(first)
    if a ~= first then
      keep(a)
    end
    if b ~= a and b ~= first then
      keep(b)
    end
    if last ~= first and last ~= a and last ~= b then
      keep(last)
    end
    open = nil
  end
  local in_gap = false
  for i = 1, #xs do
    local x, y = xs[i], ys[i]
    if x ~= x or y ~= y then
      flush()
      if not in_gap then
        out_x[#out_x + 1], out_y[#out_y + 1] = NAN, NAN
      end
      in_gap = true
    else
      in_gap = false
      local c = column(x)
      if c ~= open then
        flush()
        open, first, low, high = c, i, i, i
      end
      if y < ys[low] then
        low = i
      end
      if y > ys[high] then
        high = i
      end
      last = i
    end
  end
  flush()
  return out_x, out_y
end

--- Fewer points that draw the same line on a canvas (fields width and height; methods column(x) and row(y) give the
-- pixel of a coordinate).
function values.thin_line(xs, ys, canvas)
  if #xs <= 8 * canvas.width then
    return xs, ys
  end
  local function column(x)
    return canvas:column(x)
  end
  if ascends(xs) then
    return thin_columns(xs, ys, column)
  end
  local out_x, out_y = {}, {}
  local last_column, last_row
  for i = 1, #xs do
    local x, y = xs[i], ys[i]
    local drawable = x == x and y == y
    local c, r = drawable and canvas:column(x), drawable and canvas:row(y)
    if c ~= last_column or r ~= last_row then
      out_x[#out_x + 1], out_y[#out_y + 1] = x, y
    end
    last_column, last_row = c, r
  end
  return out_x, out_y
end

--- The numbers of the points that remain when each cell of 2x2 pixels keeps one; all of them when there are few.
function values.thin_points(xs, ys, canvas)
  local kept, seen = {}, {}
  local few = #xs <= 5000
  for i = 1, #xs do
    local x, y = xs[i], ys[i]
    if x == x and y == y then
      local cell = not few and floor(canvas:column(x) / 2) * 65536 + floor(canvas:row(y) / 2)
      if few or not seen[cell] then
        kept[#kept + 1] = i
        if not few then
          seen[cell] = true
        end
      end
    end
  end
  return kept
end

values.NAN = NAN

return values
