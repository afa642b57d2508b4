-- The documentation of Tycho as a list of entries, gathered from the places that define things: the binding table in C
-- (core.rows()), and the `docs` lists of Lua modules. An area's own list is found with the area (nn.docs, optim.docs, ...);
-- files beside them are named below.
--
-- An entry: {names = {full names}, signature, doc, example, family, row, from}. In a `docs` list it is written as {name, or
-- names, signature, doc, example}. An example is Lua that runs with ty, nn, F, optim, data and plot in scope; a line of it
-- that begins with "--> " says what is printed, or what its last expression gives.

local core = require "tycho.core"
local names = require "tycho.docs.names"

-- Documentation that no table of an area carries.
local files = {"tycho.docs.values", "tycho.nn.docs", "tycho.nn.sequence_docs",
  "tycho.nn.loss_docs", "tycho.nn.layer_docs", "tycho.nn.image_docs", "tycho.scopes", "tycho.dtype_info", "tycho.doctor",
  "tycho.capture", "tycho.default_device", "tycho.amp.autocast", "tycho.amp.grad_scaler"}

local entries = {}

local list, by_name, by_short

-- A name that is documented already stays with its first entry.
local function add(entry)
  local own = {}
  for _, name in ipairs(entry.names) do
    if not by_name[names.key(name)] then own[#own + 1] = name end
  end
  if #own == 0 then return end
  entry.names = own
  list[#list + 1] = entry
  for _, name in ipairs(own) do
    local short = name:match "[%w_]+$"
    by_name[names.key(name)] = entry
    if short then
      local alike = by_short[short] or {}
      by_short[short] = alike
      if alike[#alike] ~= entry then alike[#alike + 1] = entry end
    end
  end
end

local function add_docs(docs, from, done)
  if type(docs) ~= "table" or done[docs] then return end
  done[docs] = true
  for _, doc in ipairs(docs) do
    if not done[doc] then -- a list may take another one in
      done[doc] = true
      add {names = doc.names or {doc.name}, signature = doc.signature, doc = doc.doc, example = doc.example, from = from}
    end
  end
end

local function gather()
  if list then return end
  list, by_name, by_short = {}, {}, {}
  for _, row in ipairs(core.rows()) do
    add {names = names.of_row(row), signature = row.signature, doc = row.doc, example = row.example, family = row.family,
      row = row, from = ("bindings/glue/rows_%s.c"):format(row.family)}
  end
  local done = {}
  for _, file in ipairs(files) do add_docs(require(file).docs, file, done) end
  for _, public in ipairs(names.public()) do
    if type(public.value) == "table" then add_docs(public.value.docs, public.name .. ".docs", done) end
  end
  add_docs(require("tycho.nn.module_docs").docs, "tycho.nn.module_docs", done) -- what no layer says of its own methods
end

--- entries.list(): all of them, the binding table's first.
function entries.list()
  gather()
  return list
end

--- entries.of(name): the entry of a full name ("ty.save" and "save" are one); nil without one.
function entries.of(name)
  gather()
  return by_name[names.key(name)]
end

--- entries.ending_in(word): the entries one of whose names ends in this word, as "step" does optim.Optimizer:step.
function entries.ending_in(word)
  gather()
  return by_short[word] or {}
end

--- entries.names(): every documented name, sorted.
function entries.names()
  gather()
  local all = {}
  for _, entry in ipairs(list) do
    for _, name in ipairs(entry.names) do all[#all + 1] = name end
  end
  table.sort(all)
  return all
end

-- What an example prints, and what the expression that it ends in gives.
local function environment(lines)
  local ty = require "tycho"
  local env = {ty = ty, print = function(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    lines[#lines + 1] = table.concat(texts, "\t")
  end}
  for _, area in ipairs {"nn", "F", "optim", "data", "plot"} do env[area] = ty[area] end
  return setmetatable(env, {__index = _G})
end

--- entries.run(example, wrap): runs an example as at the prompt, from a fixed seed. Gives true and what it shows, or false and
-- the message. wrap(environment) may change what the example sees before it runs.
function entries.run(example, wrap)
  local ty, lines = require "tycho", {}
  local env = environment(lines)
  if wrap then wrap(env) end
  local chunk, message = load("return " .. example, "=example", "t", env)
  if not chunk then chunk, message = load(example, "=example", "t", env) end
  if not chunk then return false, message end
  ty.manual_seed(0)
  local results = table.pack(pcall(chunk))
  if not results[1] then return false, tostring(results[2]) end
  if results.n > 1 and not (results.n == 2 and results[2] == nil) then env.print(table.unpack(results, 2, results.n)) end
  return true, table.concat(lines, "\n")
end

--- entries.expected(example): what its "--> " lines say; nil without any.
function entries.expected(example)
  local lines = {}
  for line in example:gmatch "%-%-> ?([^\n]*)" do lines[#lines + 1] = line end
  return #lines > 0 and table.concat(lines, "\n") or nil
end

return entries
