--[==[
Random calls, most of them wrong: tycho tests/fuzz/calls.lua [COUNT [SEED [NAME-PATTERN]]]

Each call is made from a signature of the binding table, or, for what is written in Lua, from its place among the public names.
It must work, or raise one error that points at the caller's line and begins with the function's name; nothing else: no crash, no
hang, no message with an internal name in it. What does not is printed as a line of Lua that shows it again; exit status 1.
The call about to be made is kept in the file named by the environment variable TYCHO_FUZZ_LOG, for when the process dies of it.
]==]

local ty = require "tycho"
local core = require "tycho.core"
local entries = require "tycho.docs.entries"
local names = require "tycho.docs.names"

local count = tonumber(arg and arg[1]) or 2000
local seed = tonumber(arg and arg[2]) or os.time() * 1000 + math.floor(os.clock() * 1e6) % 1000
local pattern = arg and arg[3] or ""
math.randomseed(seed)
ty.manual_seed(seed)

local MOST_BYTES = 1 << 28 -- of all tensors at once: what is asked for is small, or impossible

local function one_of(list) return list[math.random(#list)] end

-- ---- Values, as Lua that makes them ----

local tensors = {"ty.rand(2, 3)", "ty.ones(3)", "ty.zeros(0)", "ty.tensor(1.5)", "ty.arange(6)", "ty.arange(1, "
    .. "4)", "ty.rand(2, 3, 4)",
  "ty.tensor{{true, false}, {false, true}}", "ty.rand(3, 3, {dtype = 'float64'})", "ty.rand(2, 3):t()", "ty.ones(1, "
    .. "3):expand(4, 3)",
  "ty.rand(3, 3, {requires_grad = true})", "ty.tensor({1, 2, 3}, {dtype = 'uint8'})", "ty.zeros(2, 0, 3)", "ty.tensor(true)",
  "ty.tensor{{1, 2, 3}, {3, 1, 2}}", "ty.rand(1, 2, 5, 5)", "ty.tensor{0 / 0, 1 / 0, -1.0}", "ty.ones(1, 1, 1, 1, 1, 1)",
  "ty.tensor({-1, 0, 7}, {dtype = 'int32'})", "(ty.rand(3, {requires_grad = true}) * 2)", "ty.tensor(2)"}
local numbers = {"0", "1", "2", "3", "-1", "-2", "0.5", "1.0", "2.5", "-1e30", "1e300", "0 / 0", "1 / 0", "-1 / 0", "7",
  "math.maxinteger", "math.mininteger"}
-- Sizes are small, or such as no machine has: nothing between that would really be made.
local integers = {"0", "1", "2", "3", "4", "5", "-1", "-2", "7", "-3", "1 << 46", "1 << 62", "math.maxinteger", "math.mininteger"}
local strange = {"nil", "true", "false", "'x'", "''", "{}", "{1, 2}", "{'a'}", "{a = "
    .. "1}", "print", "io.stdout", "ty", "ty.float32",
  "coroutine.create(print)", "closed", "setmetatable({}, {__index = hostile})", "{{}}", "{1, nil, 3}", "ty.nn.Linear(2, 2)",
  "ty.Generator(1)", "{false}", "1.5", "0", "'float32'", "{ty.ones(2), 3}", "\"\\0\"", "{[1.5] = 2}", "-1", "ty.ones(2, 2)"}

local dtypes = {"ty.float32", "'float64'", "'int64'", "ty.bool", "'uint8'", "'int32'"}

local good -- good[kind]() -> a value of the kind
good = {
  Tensor = function() return one_of(tensors) end,
  ["Tensor|number"] = function() return math.random() < 0.6 and one_of(tensors) or one_of(numbers) end,
  Tensors = function()
    local list = {}
    for i = 1, math.random(0, 3) do list[i] = one_of(tensors) end
    return "{" .. table.concat(list, ", ") .. "}"
  end,
  Indices = function() return one_of {"ty.tensor{1, 2}", "ty.tensor{{1, 2, 3}, {3, 1, 2}}", "{1, "
    .. "3}", "ty.tensor(1)", "ty.tensor{0}",
    "ty.tensor{-1}", "ty.tensor{9}", "{}", "ty.tensor{true, false}", one_of(tensors)} end,
  number = function() return one_of(numbers) end,
  float = function() return one_of(numbers) end,
  int = function() return one_of(integers) end,
  bool = function() return one_of {"true", "false"} end,
  string = function() return one_of {"'x'", "'ij,jk->ik'", "''", "'mean'", "'relu'"} end,
  ["dims|dims"] = function() return one_of {"{{1}, {1}}", "{{1, 2}, {2, 1}}", "{{}, {}}", "{{1}, {}}", "{{0}, {9}}"} end,
  dim = function() return one_of {"1", "2", "3", "-1", "-2", "0", "9", "-9", "1 << 31", "1 << 62"} end,
  index = function() return one_of {"1", "2", "3", "-1", "0", "9", "-9", "math.mininteger"} end,
  dims = function() return one_of {"1", "{1}", "{1, 2}", "{2, -1}", "{1, 1}", "{0}", "{9}", "{}", "{1, 2, 3}", "{3, 1, 2}"} end,
  sizes = function()
    local list = {}
    for i = 1, math.random(0, 4) do list[i] = math.random() < 0.85 and tostring(math.random(0, 4)) or one_of(integers) end
    return "{" .. table.concat(list, ", ") .. "}"
  end,
  dtype = function() return one_of(dtypes) end,
  device = function() return one_of {"'cpu'", "ty.device('cpu')", "'cuda'", "'nowhere'"} end,
  generator = function() return "ty.Generator(1)" end,
  any = function() return math.random() < 0.7 and one_of {"{1, 2, 3}", "{{1, 2}, {3, "
    .. "4}}", "2.5", "ty.ones(2)"} or one_of(strange) end,
}
good["Classes|Tensor"] = function() return math.random() < 0.5 and good.Indices() or good.Tensor() end
good.Classes = good.Indices
good["Tensor|list"] = function() return math.random() < 0.5 and good.Tensor() or good.sizes() end
good.IndexList = function() return "{" .. good.Indices() .. ", " .. good.Indices() .. "}" end

local function value_of(argument)
  if math.random() < 0.12 then return one_of(strange) end
  if argument.kind == "choice" then
    local choices = {}
    for choice in argument.choices:gmatch '"[^"]*"' do choices[#choices + 1] = choice end
    return one_of(choices)
  end
  return (good[argument.kind] or good.any)()
end

-- ---- Calls ----

-- The strings that an argument may be, from the text of the form.
local function choices_of(form, name) return form.signature:match(name .. ": (\"[^,)=?]*\")") or '"none"' end

local function call_of_row(row)
  local form, parts, named = one_of(row.forms), {}, {}
  for i, argument in ipairs(form.args) do
    argument.choices = argument.kind == "choice" and choices_of(form, argument.name) or nil
    local skip = argument.optional and math.random() < 0.6
    if argument.keyword or (i > 1 and math.random() < 0.25) or #named > 0 then
      if not skip then named[#named + 1] = ('["%s"] = %s'):format(argument.name, value_of(argument)) end
    else
      parts[#parts + 1] = skip and "nil" or value_of(argument)
    end
  end
  if math.random() < 0.05 then named[#named + 1] = "no_such_option = 1" end
  if math.random() < 0.05 then parts[#parts + 1] = one_of(strange) end
  if math.random() < 0.05 then parts[#parts] = nil end
  if #named > 0 then parts[#parts + 1] = "{" .. table.concat(named, ", ") .. "}" end
  local where = names.of_row(row)
  local name = one_of(where)
  name = name:find "^tensor:" and "core.methods." .. row.name or name
  return name:gsub("^F%.", "ty.F."):gsub("^nn%.", "ty.nn.") .. "(" .. table.concat(parts, ", ") .. ")", row.name
end

local anything = {}
for _, list in ipairs {tensors, numbers, strange, dtypes} do table.move(list, 1, #list, #anything + 1, anything) end

-- A function or class of the Lua half, with arguments that may or may not suit it.
local function call_of_name(public)
  local parts = {}
  for i = 1, math.random(0, 4) do
    local r = math.random()
    parts[i] = r < 0.5 and one_of {"1", "2", "3", "4", "{1, 2}", "true"} or r < 0.7 and one_of(tensors) or one_of(anything)
  end
  if math.random() < 0.2 then parts[#parts + 1] = "{no_such_option = 1}" end
  local name = public.name:find "^ty%." and public.name or "ty." .. public.name
  return name .. "(" .. table.concat(parts, ", ") .. ")", names.key(public.name)
end

-- Methods of objects: by the beginning of a documented name, how to make one.
local objects = {["nn.Module:"] = {"ty.nn.Linear(2, 2)", "ty.nn.Sequential(ty.nn.Linear(2, 2), ty.nn.ReLU())"},
  ["nn.Sequential:"] = {"ty.nn.Sequential(ty.nn.ReLU())"}, ["ty.Generator:"] = {"ty.Generator(1)"},
  ["optim.Optimizer:"] = {"ty.optim.SGD({ty.ones(2)}, {lr = 0.1})", "ty.optim.Adam({ty.ones(2)})"},
  ["data.TensorDataset:"] = {"ty.data.TensorDataset(ty.rand(4, 2), ty.arange(4))"},
  ["data.Subset:"] = {"ty.data.Subset(ty.data.TensorDataset(ty.rand(4, 2)), {1, 3})"},
  ["data.DataLoader:"] = {"ty.data.DataLoader(ty.data.TensorDataset(ty.rand(4, 2)), {batch_size = 3})"}}

local function some_of(most)
  local parts = {}
  for i = 1, math.random(0, most) do parts[i] = one_of(anything) end
  return table.concat(parts, ", ")
end

local function call_of_method(makers, method)
  local maker = one_of(makers)
  return ("(%s):%s(%s)"):format(maker, method, some_of(3)), method, maker
end

local ranges = {"1", "-1", "0", "9", "{}", "{1, 2}", "{2, 1}", "{1, -1, 2}", "{0, 1}", "{9, 10}", "{1, 2, 0}", "{1, 2, "
    .. "-1}", "'...'",
  "ty.newaxis", "nil", "true", "2.5", "{1, 2, 3, 4}", "math.mininteger", "{math.mininteger, math.maxinteger, math.maxinteger}"}

local function subscript()
  if math.random() < 0.5 then return one_of(anything) end
  local parts = {}
  for i = 1, math.random(0, 4) do parts[i] = math.random() < 0.7 and one_of(ranges) or one_of(tensors) end
  return "{" .. table.concat(parts, ", ") .. "}"
end

-- x[...], x[...] = y, and operators. Their errors are named by what is wrong with them.
local function call_of_operator()
  local r = math.random()
  if r < 0.4 then return ("(%s)[%s]"):format(one_of(tensors), subscript()) end
  if r < 0.7 then
    return ("nil local x = %s x[%s] = %s"):format(one_of(tensors), subscript(), one_of(anything))
  end
  if r < 0.8 then
    return ("nil local x = %s x.%s = %s"):format(one_of(tensors), one_of {"grad", "data", "requires_grad", "shape", "foo"},
      one_of(anything))
  end
  local operator = one_of {"+", "-", "*", "/", "//", "%", "^", "&", "|", "~"}
  local a, b = one_of(tensors), one_of(anything)
  if math.random() < 0.3 then a, b = b, a end
  return ("(%s) %s (%s)"):format(a, operator, b)
end

-- Rows that change settings of the process, and names that end it, ask the network, read files or draw.
local left_out = {set_num_threads = true, ["ty.no_grad"] = true, ["ty.enable_grad"] = true, ["ty.set_grad_enabled"] = true,
  ["ty.inference_mode"] = true, ["autograd.detect_anomaly"] = true, ["autograd.set_detect_anomaly"] = true,
  ["autograd.graph.saved_tensors_hooks"] = true, ["autograd.graph.save_on_cpu"] = true,
  ["autograd.no_grad"] = true, ["autograd.enable_grad"] = true, ["autograd.set_grad_enabled"] = true,
  ["autograd.inference_mode"] = true,
  ["nn.Transformer"] = true, -- 200 MB without arguments, as PyTorch has it
  set_default_dtype = true, set_printoptions = true, ["ty.help"] = true, help = true, ["io.download"] = true,
  ["io.save"] = true, ["ty.save"] = true, ["data.FashionMNIST"] = true}

local candidates = {}
for _, row in ipairs(core.rows()) do
  if not left_out[row.name] and row.name:find(pattern) then
    for _ = 1, 2 do candidates[#candidates + 1] = function() return call_of_row(row) end end
  end
end
for _, public in ipairs(names.public()) do
  local callable = public.kind == "function" or public.kind == "module class" or public.kind == "callable"
  local key = names.key(public.name)
  local is_row = core.functions[key] or public.name:find "^F%." or public.name:find "^nn%.init%."
  if callable and not is_row and not left_out[public.name] and not public.name:find "^plot" and not public.name:find "^help"
    and public.name:find(pattern) then
    candidates[#candidates + 1] = function() return call_of_name(public) end
  end
end
for _, name in ipairs(entries.names()) do
  local prefix, method = name:match "^(.*:)([%w_]+)$"
  if objects[prefix] and name:find(pattern) and method ~= "cuda" then
    candidates[#candidates + 1] = function() return call_of_method(objects[prefix], method) end
  end
end
-- Layers, called with whatever may come: those of the list of printed layers.
local inputs = {"ty.rand(2, 3)", "ty.rand(2, 3, 5)", "ty.rand(1, 3, 6, 6)", "ty.rand(2, 4, 6, 6)", "ty.rand(1, 2, 4, 4, 4)",
  "ty.rand(4, 2, 3)", "ty.rand(2, 4)", "ty.rand(3, 4)", "ty.tensor{{1, 2, 3}, {3, 1, 2}}", "ty.rand(2, 2, 5, {requires_grad "
    .. "= true})"}
local layers_file = debug.getinfo(1, "S").source:match "^@(.*)calls%.lua$" .. "../golden/repr.lua"
for _, case in ipairs(dofile(layers_file)) do
  local code, class = case[1], case[2]
  if ty.nn[class] and class:find(pattern) and (ty.F.pad or not code:find "padding_mode") then
    candidates[#candidates + 1] = function()
      local parts = {}
      for i = 1, math.random(0, 3) do parts[i] = math.random() < 0.8 and one_of(inputs) or one_of(anything) end
      if #parts == 0 and math.random() < 0.8 then parts[1] = one_of(inputs) end
      return ("(%s)(%s)"):format(code:gsub("nn%.", "ty.nn."), table.concat(parts, ", ")), "forward", code
    end
  end
end
for _ = 1, pattern == "" and 60 or 0 do candidates[#candidates + 1] = call_of_operator end
assert(#candidates > 0, "no such name")

-- ---- Judging ----

local log_path = os.getenv "TYCHO_FUZZ_LOG"
local log = log_path and assert(io.open(log_path, "w"))

local closed
do
  local x <close> = ty.ones(2)
  closed = x
end

local function hostile() error("hostile", 0) end
local env = setmetatable({ty = ty, core = core, closed = closed, hostile = hostile, print = function() end}, {__index = _G})

-- Why a message is not one that a user can read; nil when it is.
local function complaint(message, name, maker)
  if message == "hostile" then return nil end -- the value's own
  if type(message) ~= "string" then return "no string but a " .. type(message) end
  local text = message:match "^fuzz:1: (.*)$"
  if not text then return "does not point at the caller's line" end
  if name and not text:find "^%u%w* has no length$" then -- a module among the arguments where a list belongs
    local short, begins = name:match "[%w_]+$", (text:match "^([%w_.:]+)" or ""):gsub(":$", "")
    local class = begins:match "^[%w_.]+" or ""
    -- What is written in Lua may say which of the public functions that it calls refused.
    local of_object = not core.functions[short] and #entries.ending_in(class:match "[%w_]+$" or "") > 0
      or maker and class ~= "" and maker:find(class, 1, true)
    if begins ~= name and begins:match "[%w_]+$" ~= short and class ~= name and not of_object then
      return "does not begin with the name"
    end
  end
  if text:find("bad argument", 1, true) or text:find("attempt to", 1, true) or text:find("%?%?") or text:find "0x%x%x%x%x%x" then
    return "is Lua's own"
  end
end

local failures, worked, refused = {}, 0, 0
local kept_dtype, threads = core.functions.get_default_dtype(), core.functions.get_num_threads()
for i = 1, count do
  local text, name, maker = one_of(candidates)()
  if log then
    log:seek "set"
    log:write(text, "\n", (" "):rep(400), "\n")
    log:flush()
  end
  local chunk = assert(load("local _ = " .. text .. " return _", "=fuzz", "t", env))
  local begin = os.clock()
  local ok, result = pcall(chunk)
  local seconds = os.clock() - begin
  if ok then
    worked = worked + 1
    if core.is_tensor(result) then
      ok, result = pcall(tostring, result)
      if not ok then failures[#failures + 1] = ("%s\n    its result does not print: %s"):format(text, result) end
    end
  else
    refused = refused + 1
    local wrong = complaint(result, name, maker)
    if wrong then failures[#failures + 1] = ("%s\n    the error %s: %s"):format(text, wrong, tostring(result)) end
  end
  if seconds > 5 then failures[#failures + 1] = ("%s\n    takes %.1f seconds"):format(text, seconds) end
  if i % 64 == 0 then collectgarbage() end
  if core.functions.get_default_dtype() ~= kept_dtype or core.functions.get_num_threads() ~= threads
    or not core.functions.is_grad_enabled() then
    failures[#failures + 1] = text .. "\n    changes a setting"
    core.set_grad_enabled(true)
  end
end

collectgarbage()
collectgarbage()
local memory = core.memory_stats()
if memory.peak > MOST_BYTES then failures[#failures + 1] = ("the peak of memory is %d bytes"):format(memory.peak) end
if memory.live > 1 << 20 then failures[#failures + 1] = ("%d bytes of tensors stay alive"):format(memory.live) end

print(("%d calls, seed %d: %d worked, %d were refused, %d are wrong"):format(count, seed, worked, refused, #failures))
for i = 1, math.min(#failures, 40) do print(failures[i]) end
os.exit(#failures == 0 and 0 or 1, true)
