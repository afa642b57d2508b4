-- Arguments of the functions written in Lua: by position or by name in one trailing table, with defaults, checks and an
-- error that lists the known names. The rule is that of the functions written in C (tycho.core), and signatures are
-- written alike. Relies on tycho.core alone.

local core = require "tycho.core"

local options = {}

-- The __name of a value's metatable; nil without one.
local function name_of_type(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") or nil
end

local function is_dtype(value) return name_of_type(value) == "dtype" or core.dtypes[value] ~= nil end

-- A function, or an object that can be called as one.
local function is_callable(value)
  local meta = getmetatable(value)
  return type(value) == "function" or (type(meta) == "table" and rawget(meta, "__call") ~= nil)
end

local function is_whole(v) return type(v) == "number" and math.tointeger(v) ~= nil end

--- Whether v is a whole number or a list of them.
function options.is_sizes(v)
  if type(v) ~= "table" then return is_whole(v) end
  for i = 1, #v do -- not ipairs, which would stop at a hole
    if not is_whole(v[i]) then return false end
  end
  return #v > 0
end

-- What a kind accepts: value -> whether it fits, and what to say is expected.
local kinds = {
  any = {function() return true end, "a value"},
  bool = {function(v) return type(v) == "boolean" end, "true or false"},
  number = {function(v) return type(v) == "number" end, "a number"},
  count = {function(v) return math.tointeger(v) ~= nil and type(v) == "number" and v >= 0 end, "a count (0, 1, 2, ...)"},
  positive = {function(v) return type(v) == "number" and math.tointeger(v) ~= nil and v >= 1 end, "a positive integer"},
  int = {function(v) return type(v) == "number" and math.tointeger(v) ~= nil end, "an integer"},
  sizes = {options.is_sizes, "a whole number or a list of them"},
  dim = {function(v) return type(v) == "number" and math.tointeger(v) ~= nil and v ~= 0 end,
    "a dimension (dimensions count from 1; negative ones from the end)"},
  string = {function(v) return type(v) == "string" end, "a string"},
  ["function"] = {is_callable, "a function"},
  table = {function(v) return type(v) == "table" end, "a table"},
  tensor = {core.is_tensor, "a tensor"},
  batch_size = {function(v) return v == false or (math.type(v) and math.tointeger(v) and v >= 1) end,
    "a positive integer, or false for single examples"},
  generator = {function(v)
    local meta = getmetatable(v)
    return type(v) == "userdata" and type(meta) == "table" and meta.__name == "generator"
  end, "a generator, as ty.Generator(seed) makes"},
  rate = {function(v) return type(v) == "number" or (core.is_tensor(v) and v:numel() == 1) end,
    "a number, or a tensor of one element"},
  dtype = {is_dtype, "a dtype, as ty.float32 or \"float32\""},
  device = {function(v) return type(v) == "string" or name_of_type(v) == "device" end, "a device, as \"cpu\""},
  probability = {function(v) return type(v) == "number" and v >= 0 and v <= 1 end, "a probability between 0 and 1"},
}

local function say(value)
  if type(value) == "string" then return ("the string %q"):format(value) end
  if type(value) == "number" then return tostring(value) end
  if core.is_tensor(value) then return "a tensor" end
  if value == nil then return "nothing" end
  return "a " .. (name_of_type(value) or type(value))
end

local function literal(text)
  if text == "true" then return true end
  if text == "false" then return false end
  if text == "nil" then return nil end
  return tonumber(text) or text:match('^"(.*)"$')
end

-- "in_features: count, bias: bool = true, device: any?" -> list of {name, kind, optional, default}
local function parse_signature(signature)
  local list = {}
  for part in signature:gmatch "[^,]+" do
    local name, rest = part:match "^%s*([%w_]+)%s*:%s*(.-)%s*$"
    local kind, default = rest:match "^([%w_]+%??)%s*=%s*(.+)$"
    kind = kind or rest
    local optional = kind:sub(-1) == "?"
    if optional then kind = kind:sub(1, -2) end
    list[#list + 1] = {name = name, kind = kinds[kind] or error("unknown kind " .. kind), optional = optional or default ~= nil,
      default = default and literal(default)}
  end
  return list
end

-- A table that can only be options: it has string keys, no list part, and no metatable of its own.
local function is_options(value)
  if type(value) ~= "table" or getmetatable(value) or value[1] ~= nil then return false end
  return type(next(value)) == "string"
end
options.is_options = is_options

local function is_empty(value) return type(value) == "table" and not getmetatable(value) and next(value) == nil end

--- Compiles a signature into a function that returns its arguments in order.
-- options.signature("nn.Linear", "in_features: count, bias: bool = true") gives parse(...); errors name the function.
function options.signature(name, signature)
  local list = parse_signature(signature)
  local count, positions = #list, {}
  for i, argument in ipairs(list) do positions[argument.name] = i end
  local function known()
    local names = {}
    for i, argument in ipairs(list) do names[i] = argument.name end
    return table.concat(names, ", ")
  end
  return function(...)
    local given = select("#", ...)
    local values = {...}
    local last = values[given]
    -- A positional table stays one when its place takes tables and no option of that name is inside.
    if given > 0 and (is_options(last) or is_empty(last)) then
      local fits = false
      for key in pairs(last) do fits = fits or positions[key] ~= nil end
      local place = list[given]
      if fits or not (place and (place.kind == kinds.table or place.kind == kinds.any)) then
        values[given] = nil
        given = given - 1
        for key, value in pairs(last) do
          local at = positions[key]
          if not at and positions.reduction and (key == "size_average" or key == "reduce") then
            core.raise(("%s: PyTorch has given up '%s'; say reduction = \"mean\", \"sum\" or \"none\""):format(name, key))
          end
          if not at then
            core.raise(("%s: unknown option '%s'; known ones are: %s"):format(name, tostring(key), known()))
          end
          if at <= given and values[at] ~= nil then
            core.raise(("%s: '%s' is given twice, by position and by name"):format(name, key))
          end
          values[at] = value
        end
      end
    end
    if given > count then
      core.raise(("%s: %d arguments were given, it takes %d: %s"):format(name, given, count, known()))
    end
    for i, argument in ipairs(list) do
      local value = values[i]
      if value == nil then
        if not argument.optional then
          core.raise(("%s: argument '%s' is missing: %s is needed"):format(name, argument.name, argument.kind[2]))
        end
        values[i] = argument.default
      elseif not argument.kind[1](value) then
        core.raise(("%s: argument '%s' must be %s, got %s"):format(name, argument.name, argument.kind[2], say(value)))
      end
    end
    return table.unpack(values, 1, count)
  end
end

options.is_callable = is_callable
options.say = say
return options
