-- The public names of Tycho, found by walking what `require "tycho"` gives: functions, areas (tables of functions), classes
-- and their methods, constants; then the methods and fields of tensors. Help, the reference and the tests of both start here,
-- so that a name that is added somewhere needs no second entry. Knows nothing of what the names mean.

local core = require "tycho.core"

local names = {}

-- Names that are the machinery of a class rather than words for its users. A class's init and forward are what its
-- constructor and its call do, and extra_repr prints: they are explained with the class.
local machinery = {init = true, forward = true, extra_repr = true}

local function is_public(name)
  return type(name) == "string" and name:sub(1, 1) ~= "_" and name ~= "docs"
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The public names of a table: those it has, and those it only offers (what is loaded at its first use).
local function names_of(t)
  local set, meta = {}, getmetatable(t)
  for name in next, t do
    if is_public(name) then set[name] = true end
  end
  local complete = type(meta) == "table" and rawget(meta, "__complete")
  for _, name in ipairs(complete and complete(t) or {}) do
    if is_public(name) then set[name] = true end
  end
  return sorted(set)
end

-- "module class", "class" (objects have it as __index), "callable" or "area".
local function kind_of_table(t)
  local meta = getmetatable(t)
  if rawget(t, "_instances") then return "module class" end
  if rawget(t, "__index") ~= nil then return "class" end
  if type(meta) == "table" and rawget(meta, "__call") then return "callable" end
  return "area"
end

-- Whether a base of the class has a method of this name, which is then documented there.
local function inherited(class, name)
  local base = rawget(class, "_base")
  while type(base) == "table" do
    if rawget(base, name) ~= nil then return true end
    base = rawget(base, "_base")
  end
  return false
end

--- names.methods(class): the names of the methods that a class or a metatable's __index table adds itself.
function names.methods(class)
  local list = {}
  for _, name in ipairs(names_of(class)) do
    local value = rawget(class, name)
    if type(value) == "function" and not machinery[name] and not inherited(class, name) then list[#list + 1] = name end
  end
  return list
end

--- names.key(name): the name without a leading "ty.", by which entries and public names are matched.
function names.key(name) return (name:gsub("^ty%.", "")) end

--- names.of_rows(row): how a row of the binding table is called.
function names.of_row(row)
  local list, prefix = {}, {functions = "ty.", F = "F.", init = "nn.init.", linalg = "ty.linalg.", special = "ty.special.",
    autograd = "ty.autograd.", methods = "tensor:"}
  for _, scope in ipairs {"functions", "F", "init", "linalg", "special", "autograd", "methods"} do
    if row.scopes[scope] then list[#list + 1] = prefix[scope] .. row.name end
  end
  return list
end

--- names.public(): a list of {name, value, kind}, areas before what is in them. The kind is "function", "area", "class",
-- "module class", "callable", "method", "field", "constant", or "alias" for a table that was met under a shorter name.
function names.public()
  local list, queue, seen = {}, {}, {}
  local function add(name, value, kind) list[#list + 1] = {name = name, value = value, kind = kind} end
  local ty = require "tycho"
  seen[ty] = true
  queue[1] = {"ty", ty}
  local at = 1
  while queue[at] do
    local path, t = queue[at][1], queue[at][2]
    local prefix = path == "ty" and "" or path .. "."
    for _, name in ipairs(names_of(t)) do
      local value = t[name]
      local full = prefix .. name
      if path == "ty" and type(value) ~= "table" then full = "ty." .. name end
      if type(value) == "function" then
        add(full, value, "function")
      elseif type(value) ~= "table" then
        add(full, value, "constant")
      elseif seen[value] then
        add(full, value, "alias")
      else
        seen[value] = true
        local kind = kind_of_table(value)
        add(full, value, kind)
        if kind == "area" or kind == "callable" then
          queue[#queue + 1] = {full, value}
        else
          for _, method in ipairs(names.methods(value)) do add(full .. ":" .. method, value[method], "method") end
        end
      end
    end
    at = at + 1
  end
  for _, name in ipairs(sorted(core.methods)) do add("tensor:" .. name, core.methods[name], "method") end
  local x = core.functions.ones(1)
  for _, name in ipairs(getmetatable(x).__complete(x)) do
    if core.methods[name] == nil then add("tensor." .. name, nil, "field") end
  end
  return list
end

return names
