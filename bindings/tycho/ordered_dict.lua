-- OrderedDict: a table that remembers the order in which its keys came, as Python's collections.OrderedDict; what
-- state_dict() gives and files keep. Entries lie in the table itself, so d["fc1.weight"] costs what any field costs;
-- the order is kept beside it. Values may be anything.

local core = require "tycho.core"

local OrderedDict = {docs = {
  {name = "ty.OrderedDict", signature = "(pairs: table?) -> OrderedDict",
    doc = "A table that keeps the order of its keys. d[key] = value appends a new key or changes an old one's value "
      .. "in place; d[key] = nil takes a key out. pairs(d) walks in order and #d counts. pairs: a list of {key, "
      .. "value}, or another OrderedDict. OrderedDict.keys(d) and OrderedDict.values(d) are lists; OrderedDict.is(d) "
      .. "tells one from other tables.",
    example = 'local d = ty.OrderedDict{{"b", 1}, {"a", 2}}; for k, v in pairs(d) do print(k, v) end'},
}}

-- The order of each dict: keys by place (with holes where one was taken out and put in again), the place of each key,
-- and the last place. Weak, so that a dict takes its order along.
local orders = setmetatable({}, {__mode = "k"})

local meta = {__name = "OrderedDict"}

-- A key that is not in the table: new, or taken out before, which Lua does not tell; then its old place is void.
function meta.__newindex(self, key, value)
  if value == nil then return end
  local order = orders[self]
  local old = order.place[key]
  if old then order[old] = nil end
  order.last = order.last + 1
  order[order.last] = key
  order.place[key] = order.last
  rawset(self, key, value)
end

-- The keys that are there, as a list; closes the holes.
local function compact(self)
  local order, n = orders[self], 0
  for i = 1, order.last do
    local key = order[i]
    order[i] = nil
    if key ~= nil then
      if rawget(self, key) == nil then
        order.place[key] = nil
      else
        n = n + 1
        order[n] = key
        order.place[key] = n
      end
    end
  end
  order.last = n
  return order
end

local function step(self, key)
  local order = orders[self]
  local at = key == nil and 0 or order.place[key]
  if not at then core.raise("OrderedDict: keys were taken out and put in again during pairs()") end
  for i = at + 1, order.last do
    local following = order[i]
    if following ~= nil then
      local value = rawget(self, following)
      if value ~= nil then return following, value end
    end
  end
end

-- Values may be changed and keys taken out on the way.
function meta.__pairs(self)
  compact(self)
  return step, self, nil
end

function meta.__len(self) return compact(self).last end

-- For savers: the keys in order.
function meta.__keys(self) return OrderedDict.keys(self) end

local function shown(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if core.is_tensor(value) then
    return ("tensor %s{%s}"):format(tostring(value.dtype), table.concat(value.shape, ", "))
  end
  return tostring(value)
end

function meta.__tostring(self)
  local lines = {}
  for key, value in pairs(self) do
    lines[#lines + 1] = ("  [%s] = %s"):format(shown(key), (shown(value):gsub("\n", "\n  ")))
  end
  if #lines == 0 then return "OrderedDict{}" end
  return "OrderedDict{\n" .. table.concat(lines, ",\n") .. "\n}"
end

--- OrderedDict.is(value): whether it is one.
function OrderedDict.is(value) return type(value) == "table" and getmetatable(value) == meta end

local function check(value, name)
  if not OrderedDict.is(value) then
    core.raise(("OrderedDict.%s: an OrderedDict is needed, got a %s"):format(name, type(value)))
  end
end

--- OrderedDict.keys(d): a list of the keys in order.
function OrderedDict.keys(d)
  check(d, "keys")
  local order = compact(d)
  return table.move(order, 1, order.last, 1, {})
end

--- OrderedDict.values(d): a list of the values in order.
function OrderedDict.values(d)
  check(d, "values")
  local order, values = compact(d), {}
  for i = 1, order.last do values[i] = rawget(d, order[i]) end
  return values
end

local function new(_, entries)
  local self = {}
  orders[self] = {place = {}, last = 0}
  setmetatable(self, meta)
  if OrderedDict.is(entries) then
    for key, value in pairs(entries) do self[key] = value end
  elseif type(entries) == "table" then
    if #entries == 0 and next(entries) ~= nil then
      core.raise("OrderedDict: a table with names has no order; give pairs: OrderedDict{{\"a\", 1}, {\"b\", 2}}")
    end
    for i, entry in ipairs(entries) do
      if type(entry) ~= "table" or entry[1] == nil then
        core.raise(("OrderedDict: entry %d must be a pair {key, value}"):format(i))
      end
      self[entry[1]] = entry[2]
    end
  elseif entries ~= nil then
    core.raise(("OrderedDict: a list of pairs is needed, got a %s"):format(type(entries)))
  end
  return self
end

return setmetatable(OrderedDict, {__call = new, __name = "OrderedDict class"})
