-- help(value or name): the documentation of a function, a method, a class or an area. Everything is read from the places that
-- define it: the binding table in C (core.rows()) and the `docs` lists of the Lua files.

local core = require "tycho.core"

-- Lua files with documentation, in the order of the reference.
local areas = {"tycho.scopes", "tycho.nn.docs", "tycho.nn.utils", "tycho.optim", "tycho.data", "tycho.plot", "tycho.io",
  "tycho.ordered_dict", "tycho.progress_docs", "tycho.cuda"}

local entries, by_name

-- How a row of the binding table is called.
local function names_of(row)
  local names = {}
  local prefix = {functions = "ty.", methods = "tensor:", F = "F.", init = "nn.init."}
  for _, scope in ipairs {"functions", "F", "init", "methods"} do
    if row.scopes[scope] then names[#names + 1] = prefix[scope] .. row.name end
  end
  return names
end

local function load_entries()
  if entries then return end
  entries, by_name = {}, {}
  local function add(entry, names)
    entries[#entries + 1] = entry
    for _, name in ipairs(names) do
      by_name[name] = by_name[name] or entry
      local short = name:match "[%w_]+$"
      if short and not by_name[short] then by_name[short] = entry end
    end
  end
  for _, row in ipairs(core.rows()) do
    row.names = names_of(row)
    add(row, row.names)
  end
  for _, area in ipairs(areas) do
    local ok, module = pcall(require, area)
    for _, doc in ipairs(ok and type(module) == "table" and module.docs or {}) do
      doc.names = {doc.name}
      add(doc, doc.names)
    end
  end
end

-- The entry of a function or class, by looking for it where the public names are.
local function entry_of_value(value)
  local ty = require "tycho"
  local places = {{"ty.", core.functions}, {"F.", core.F}, {"nn.init.", core.init}, {"tensor:", core.methods},
    {"nn.", ty.nn}, {"nn.utils.", ty.nn.utils}, {"optim.", ty.optim}, {"optim.lr_scheduler.", ty.optim.lr_scheduler},
    {"data.", ty.data}, {"plot.", ty.plot}, {"io.", ty.io}, {"ty.", ty}}
  for _, place in ipairs(places) do
    for name, candidate in pairs(place[2]) do
      if rawequal(candidate, value) and by_name[place[1] .. tostring(name)] then return by_name[place[1] .. name] end
    end
  end
end

local function wrap(text, width, indent)
  local lines, line = {}, indent
  for word in text:gmatch "%S+" do
    if #line + #word + 1 > width and line ~= indent then
      lines[#lines + 1] = line
      line = indent
    end
    line = line == indent and line .. word or line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

local function format_entry(entry)
  local lines = {}
  for form in (entry.signature .. "\n"):gmatch "(.-)\n" do
    if form ~= "" then lines[#lines + 1] = table.concat(entry.names, ", ") .. form:gsub("^%s+", "") end
  end
  lines[#lines + 1] = wrap(entry.doc or "", 78, "  ")
  if entry.example then
    lines[#lines + 1] = "  Example:"
    for line in (entry.example .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = "    " .. line end
  end
  return table.concat(lines, "\n")
end

local overview = [[
help(f) or help "name" explains a function, a method, a layer: help(ty.matmul), help "topk", help(nn.Linear).
Areas: ty (tensors), nn (layers), F (functions of layers), optim, data, plot, ty.io (files).
help "all" lists every documented name.]]

--- help(value or name): prints the documentation.
local help = {}

function help.entries()
  load_entries()
  return entries
end

function help.text(what)
  load_entries()
  if what == nil then return overview end
  if what == "all" then
    local names = {}
    for _, entry in ipairs(entries) do names[#names + 1] = entry.names[1] end
    table.sort(names)
    return wrap(table.concat(names, " "), 78, "  ")
  end
  local entry
  if type(what) == "string" then
    entry = by_name[what] or by_name[what:gsub("^torch%.", "ty.")] or by_name[what:gsub("^.*[.:]", "")]
  else
    entry = entry_of_value(what)
  end
  if entry then return format_entry(entry) end
  if type(what) == "string" then
    local near = {}
    for name in pairs(by_name) do
      if name:find(what, 1, true) and name:find "[.:]" then near[#near + 1] = name end
    end
    table.sort(near)
    if #near > 0 then return ("nothing is named '%s'; names that contain it: %s"):format(what, table.concat(near, ", ", 1,
      math.min(#near, 20))) end
    return ("nothing is named '%s'; help() tells what there is"):format(what)
  end
  return ("no documentation for this %s; help() tells what there is"):format(type(what))
end

return setmetatable(help, {__call = function(_, what) print(help.text(what)) end, __name = "help",
  __tostring = function() return overview end})
