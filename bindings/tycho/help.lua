-- help(value or name): the documentation of a function, a method, a class, an area, or of what a variable holds. The words
-- stand where things are defined (docs/entries.lua gathers them); here they are found and laid out.

local core = require "tycho.core"
local entries = require "tycho.docs.entries"
local names = require "tycho.docs.names"
local spelling = require "tycho.docs.spelling"

local WIDTH = 78

-- ---- Layout ----

local function wrap_line(text, width, indent)
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

-- Each line of the text wrapped by itself.
local function wrap(text, width, indent)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = wrap_line(line, width, indent) end
  return table.concat(lines, "\n")
end

-- The forms of a signature as they are called: "ty.sum(...)", also where the signature repeats the name.
local function usage(entry)
  local lines, name = {}, entry.names[1]
  for form in (entry.signature .. "\n"):gmatch "(.-)\n" do
    form = form:gsub("^%s+", "")
    if form ~= "" then
      local repeated = form:sub(1, #name) == name
      local line = wrap_line(repeated and form or name .. form, WIDTH, "    ")
      lines[#lines + 1] = line:gsub("^    ", "")
    end
  end
  if #entry.names > 1 then lines[#lines + 1] = "also " .. table.concat(entry.names, ", ", 2) end
  return table.concat(lines, "\n")
end

local function first_sentence(text)
  text = text:gsub("\n", " ")
  return text:match "^(.-%.)%s" or text
end

local function format_entry(entry)
  local lines = {usage(entry), wrap(entry.doc or "", WIDTH, "  ")}
  if entry.example then
    lines[#lines + 1] = "  Example:"
    for line in (entry.example .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = "    " .. line end
  end
  return table.concat(lines, "\n")
end

-- The names below a prefix (an area or a class), each with its first sentence; the names alone when they are very many.
local function list_below(prefix, kinds)
  local lines, short = {}, {}
  for _, public in ipairs(names.public()) do
    local owner, name = public.name:match "^(.-)[.:]([%w_]+)$"
    if owner == prefix and (not kinds or kinds[public.kind]) then
      local entry = entries.of(public.name)
      local text = entry and first_sentence(entry.doc) or ""
      local line = ("  %-24s %s"):format(name, text)
      if #line > WIDTH then line = line:sub(1, WIDTH - 3) .. "..." end
      lines[#lines + 1] = line
      short[#short + 1] = name
    end
  end
  if #lines > 60 then return wrap(table.concat(short, " "), WIDTH, "  ") end
  return table.concat(lines, "\n")
end

-- ---- Finding ----

-- The public name of a function, a class or an area, and its entry; the documented name where it has several.
local function name_of_value(value)
  local found
  for _, public in ipairs(names.public()) do
    if public.value ~= nil and rawequal(public.value, value) then
      local entry = entries.of(public.name)
      if entry then return public, entry end
      found = found or public
    end
  end
  return found
end

-- Whether value is an object of a documented class: the entry of the class.
local function entry_of_object(value)
  local meta = debug.getmetatable(value)
  if type(meta) ~= "table" then return nil end
  for _, public in ipairs(names.public()) do
    if public.kind == "module class" and rawget(public.value, "_instances") == meta then return entries.of(public.name) end
  end
  local name = rawget(meta, "__name")
  if type(name) ~= "string" then return nil end
  return entries.ending_in(name)[1] or entries.ending_in(name:sub(1, 1):upper() .. name:sub(2))[1]
end

local function describe_tensor(x)
  local shape = "{" .. table.concat(x.shape, ", ") .. "}"
  local text = ("a tensor: %s %s, %d elements, on %s"):format(tostring(x.dtype), shape, x:numel(), tostring(x.device))
  if x.requires_grad then
    text = text .. (x.is_leaf and ", requires grad" or (", made by %s"):format(tostring(x.grad_fn)))
  end
  return text .. '\n  Its methods and fields: help "tensor"; one of them: help "tensor:sum", or help "sum".'
end

local function describe_function(f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" then return "a function written in C, without documentation" end
  return ("a function of %s:%d, without documentation"):format(info.short_src, info.linedefined)
end

-- What a value is, when it has no entry of its own.
local function describe(value)
  local kind = type(value)
  if core.is_tensor(value) then return describe_tensor(value) end
  if kind == "string" then return ("a string of %d bytes"):format(#value) end
  if kind == "number" then return ("the %s %s"):format(math.type(value) == "integer" and "integer" or "float", value) end
  if kind == "function" then return describe_function(value) end
  local entry = entry_of_object(value)
  if entry then return ("an object of %s\n\n%s"):format(entry.names[1], format_entry(entry)) end
  if kind == "table" and not debug.getmetatable(value) then return ("a table of %d entries in its list"):format(#value) end
  return "a value: " .. tostring(value):match "^[^\n]*"
end

-- The text of a value: its entry, the names in it, or what it is.
local function text_of_value(value)
  local public, entry = name_of_value(value)
  if public then
    local parts = {}
    if entry then parts[1] = format_entry(entry) end
    if type(value) == "table" then
      local below = list_below(public.name)
      if below ~= "" then parts[#parts + 1] = ("In %s:\n%s"):format(public.name, below) end
    end
    if #parts > 0 then return table.concat(parts, "\n\n") end
  end
  return "This is " .. describe(value)
end

-- The value of a global or of a chain "a.b:c" of its fields, read without running code of the user's; nil when not there.
local function value_of_path(path)
  if not path:match "^[%a_][%w_]*" or path:match "[^%w_.:]" then return nil end
  local value
  for part in path:gmatch "[^.:]+" do
    if value == nil then
      value = rawget(_G, part)
    elseif type(value) == "table" then
      local ok, field = pcall(function(t) return t[part] end, value)
      value = ok and field or nil
    elseif core.is_tensor(value) then
      local ok, field = pcall(function(x) return x[part] end, value)
      value = ok and field or nil
    else
      return nil
    end
    if value == nil then return nil end
  end
  return value
end

-- Documented names that contain the word, or are spelt almost so; the best first.
local function near(word)
  word = word:lower():match "[%w_]+$" or word:lower()
  local scored, seen = {}, {}
  local most = #word <= 4 and 1 or 2
  for _, name in ipairs(entries.names()) do
    local short = name:match("[%w_]+$"):lower()
    local score
    if short == word then
      score = 0
    elseif short:sub(1, #word) == word then
      score = 1
    elseif short:find(word, 1, true) then
      score = 2
    else
      local d = spelling.distance(word, short, most)
      if d <= most then score = 2 + d end
    end
    local entry = entries.of(name)
    if score and not seen[entry] then
      seen[entry] = true
      scored[#scored + 1] = {entry.names[1], score}
    end
  end
  table.sort(scored, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return #a[1] == #b[1] and a[1] < b[1] or #a[1] < #b[1]
  end)
  local list = {}
  for i = 1, math.min(#scored, 20) do list[i] = scored[i][1] end
  return list
end

local function text_of_unknown(name)
  local list = near(name)
  if #list == 0 then return ("nothing is named '%s'; help() tells what there is"):format(name) end
  return wrap(("nothing is named '%s'; near it: %s"):format(name, table.concat(list, ", ")), WIDTH, "")
end

-- Several things may end in one word: the first is explained, the others are named.
local function text_of_short(word)
  local found = entries.ending_in(word)
  if #found == 0 then return nil end
  local text, others = format_entry(found[1]), {}
  for i = 2, #found do others[#others + 1] = found[i].names[1] end
  if #others > 0 then text = text .. "\n" .. wrap("See also: " .. table.concat(others, ", "), WIDTH, "  ") end
  return text
end

local overview = [[
help(f) or help "name" explains a function, a method, a layer: help(ty.matmul), help "topk", help(nn.Linear).
At the prompt ?name does the same; ?x tells what the variable x holds; ??words searches names and texts; :help lists commands.
Areas: ty (tensors), nn (layers), F (functions of layers), nn.init, nn.utils, optim, data, plot, ty.io (files): help(nn)
lists what is in one, help "tensor" the methods and fields of tensors.
help "all" lists every documented name.]]

local function text_of_tensors()
  return "tensor: methods are called x:name(...), fields are read x.name\n" .. list_below("tensor")
end

local function text_of_name(name)
  name = name:gsub("^torch%.", "ty."):gsub("^%s+", ""):gsub("[%s();]+$", "")
  if name == "all" then return wrap(table.concat(entries.names(), " "), WIDTH, "  ") end
  if name == "tensor" or name == "Tensor" then
    return format_entry(entries.of "Tensor") .. "\n\n" .. text_of_tensors()
  end
  if name == "ty" then return overview .. "\n\nIn ty:\n" .. list_below("ty", {["function"] = true, callable = true}) end
  local variable = value_of_path(name)
  if variable ~= nil and not name_of_value(variable) then return ("%s is %s"):format(name, describe(variable)) end
  local owner, field = name:match "^(.*)[.:]([%w_]+)$"
  if owner and core.is_tensor(value_of_path(owner)) then -- x.grad, x:sum
    local entry = entries.of("tensor." .. field) or entries.of("tensor:" .. field)
    if entry then return format_entry(entry) end
  end
  local value = variable
  if value == nil then value = value_of_path("ty." .. name) end
  if value == nil then
    local ok, found = pcall(function()
      local at = require "tycho"
      for part in names.key(name):gmatch "[^.:]+" do at = at[part] end
      return at
    end)
    if ok and type(found) == "table" then value = found end
  end
  if type(value) == "table" and name_of_value(value) then return text_of_value(value) end
  local entry = entries.of(name)
  if entry then return format_entry(entry) end
  local word = name:match "^[%w_.:]*[.:]([%w_]+)$" or name
  return text_of_short(word) or text_of_unknown(name)
end

-- ---- The face ----

--- help(value or name): prints the documentation.
local help = {}

--- help.entries(): every entry of the documentation, as docs/entries.lua says.
function help.entries() return entries.list() end

--- help.text(value or name): the documentation as a string.
function help.text(...)
  if select("#", ...) == 0 then return overview end
  local what = ...
  if type(what) == "string" then return text_of_name(what) end
  if what == nil then return "This is nil: no such name, or a variable without a value. help() tells what there is." end
  return text_of_value(what)
end

return setmetatable(help, {__call = function(_, ...) print(help.text(...)) end, __name = "help",
  __tostring = function() return overview end})
