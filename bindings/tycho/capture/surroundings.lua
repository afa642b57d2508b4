-- What a captured step finds around itself: the values of its upvalues, the fields of modules and tables in them, and the
-- tensors there. A replay would not notice that any of them changed, so they are compared before it.
--
-- Not seen: globals, what the library keeps to itself, and tables with more entries than can be compared cheaply. Options of
-- optimisers are left out on purpose: a replay takes them as they are then.

local core = require "tycho.core"

local surroundings = {}
local rawget, rawlen = rawget, rawlen

local MOST = 20000 -- values that are compared
local LARGE = 256  -- entries of a plain table from which it is data, of which only its length is compared

local inside = debug.getinfo(1, "S").source:match "^@(.*)capture/surroundings%.lua$" or "\0"

local Around = {}
Around.__index = Around

-- The library's own tables and functions stay what they are.
local function is_ours(value)
  if type(value) == "function" then
    local source = debug.getinfo(value, "S")
    return source.what == "C" or source.source:sub(2, #inside + 1) == inside
  end
  return false
end

local function libraries()
  local set = {[_G] = true}
  for _, value in next, package.loaded do
    if type(value) == "table" then set[value] = true end
  end
  return set
end

local walk

local function see(self, value, path)
  if core.is_tensor(value) then
    if not self.seen[value] then
      self.seen[value] = true
      self.tensors[#self.tensors + 1] = value
    end
  elseif type(value) == "table" or type(value) == "function" then
    walk(self, value, path)
  end
end

local function add(self, of, key, value, path)
  if value ~= value or self.count >= MOST then return end
  local n = self.count + 1
  self.count = n
  self.of[n], self.keys[n], self.values[n], self.paths[n] = of, key, value, path
end

local function is_optimiser(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name") == "optimizer"
end

local function add_length(self, list, path)
  local n = #self.lists + 1
  self.lists[n], self.lengths[n], self.list_paths[n] = list, rawlen(list), path
end

local maps = {_parameters = true, _modules = true, _buffers = true}

-- What is registered in a module: an ordered map, whose list of names grows with it.
local function walk_map(self, map, path)
  add(self, map, "values", map.values, path)
  add_length(self, map.names, path)
  for name, value in next, map.values do
    add(self, map.values, name, value, path .. "." .. name)
    see(self, value, path .. "." .. name)
  end
end

local function walk_module(self, module, path)
  for key, value in next, module do
    if maps[key] then
      walk_map(self, value, path)
    else
      add(self, module, key, value, ("%s.%s"):format(path, tostring(key)))
      see(self, value, ("%s.%s"):format(path, tostring(key)))
    end
  end
end

local function is_module(value)
  local loaded = package.loaded["tycho.nn.module"]
  return loaded and loaded.is_module(value)
end

local function walk_table(self, t, path)
  local meta, size = getmetatable(t), 0
  if type(meta) == "table" and rawget(meta, "__name") == "captured step" then return end
  if is_optimiser(t) then
    add(self, t, "param_groups", t.param_groups, path .. ".param_groups")
    for i, group in ipairs(t.param_groups) do
      add(self, t.param_groups, i, group, ("%s.param_groups[%d]"):format(path, i))
      add(self, group, "params", group.params, ("%s.param_groups[%d].params"):format(path, i))
    end
    return
  end
  if is_module(t) then return walk_module(self, t, path) end
  for _ in next, t do size = size + 1 end
  if rawlen(t) > 0 or meta == nil then add_length(self, t, path) end
  if size > LARGE and meta == nil then return end
  for key, value in next, t do
    local name = type(key) == "string" and path .. "." .. key or ("%s[%s]"):format(path, tostring(key))
    add(self, t, key, value, name)
    see(self, value, name)
  end
end

function walk(self, value, path)
  if self.seen[value] or self.count >= MOST then return end
  self.seen[value] = true
  if type(value) == "table" then
    if not self.libraries[value] then walk_table(self, value, path) end
  elseif not is_ours(value) then
    for i = 1, math.huge do
      local name, held = debug.getupvalue(value, i)
      if name == nil then break end
      local n = #self.functions + 1
      local its_path = path == "" and name or path .. ":" .. name
      self.functions[n], self.indices[n], self.held[n], self.held_paths[n] = value, i, held, its_path
      see(self, held, its_path)
    end
  end
end

--- surroundings.of(f): what is around f now: tensors, a list of those found, and changed().
function surroundings.of(f)
  local self = setmetatable({tensors = {}, seen = {}, count = 0, of = {}, keys = {}, values = {}, paths = {}, lists = {},
    lengths = {}, list_paths = {}, functions = {}, indices = {}, held = {}, held_paths = {}, libraries = libraries()}, Around)
  see(self, f, "")
  if type(f) == "table" then walk(self, getmetatable(f).__call, "") end
  self.seen, self.libraries = nil, nil
  return self
end

--- changed(): the first that is not as it was, as a path ("net.training"); nil when all are.
function Around:changed()
  local functions, indices, held = self.functions, self.indices, self.held
  local getupvalue = debug.getupvalue
  for i = 1, #functions do
    local _, value = getupvalue(functions[i], indices[i])
    if value ~= held[i] and held[i] == held[i] then return self.held_paths[i] end
  end
  local of, keys, values = self.of, self.keys, self.values
  for i = 1, self.count do
    if rawget(of[i], keys[i]) ~= values[i] then return self.paths[i] end
  end
  local lists, lengths = self.lists, self.lengths
  for i = 1, #lists do
    if rawlen(lists[i]) ~= lengths[i] then return self.list_paths[i] end
  end
end

return surroundings
