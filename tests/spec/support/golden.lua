--[[
Reads the golden files that tests/golden/make_ops.py writes: makes a case's tensors, by formula or from values, runs the op
in every place where it is found, and holds results and gradients against PyTorch's. make_ops.py describes the format.
Relies on creation, views and totable; knows nothing of single ops.
]]

local ty = require "tycho"
local core = require "tycho.core"

local golden = {}

golden.folder = package.searchpath("support.golden", package.path):gsub("spec/support/golden%.lua$", "golden/")

-- How far a value may be off: {relative, absolute}.
local tolerance = {float32 = {1e-5, 2e-6}, float64 = {1e-12, 1e-12}, float16 = {2e-3, 1e-4}, bfloat16 = {1.6e-2, 1e-3}}
-- The same for cases marked as loose: long computations, whose order of operations differs.
local loose = {float32 = {1e-3, 2e-4}, float64 = {1e-8, 1e-9}, float16 = {2e-3, 1e-4}, bfloat16 = {1.6e-2, 1e-3}}

-- ---- Tensors of a case ----

local function sizes_of(text)
  local sizes = {}
  for size in text:gmatch "%d+" do sizes[#sizes + 1] = math.tointeger(size) end
  return sizes
end

local function count_of(sizes)
  local n = 1
  for _, size in ipairs(sizes) do n = n * size end
  return n
end

-- Where the tensors of cases are made, and results are looked for; nil: as the ops do by themselves, on the CPU.
golden.device = nil
local expected_device -- of the results of the case that runs

-- Flat list of values -> tensor. Booleans are written as 0 and 1.
local function tensor_of(values, dtype, sizes)
  local x = ty.tensor(values, {dtype = dtype}):reshape(sizes)
  return golden.device and x:to(golden.device) or x
end

local function is_floating(dtype) return dtype:find "float" ~= nil end

-- The formula of cases.py: element i of `count`.
local function formula(count, dtype, options)
  local values = {}
  for i = 0, count - 1 do
    local k = (i * 37 + (options.s or 0) * 11) % 64 - 31
    if options.div then k = k // options.div end
    if options.nz and k == 0 then k = 5 end
    if is_floating(dtype) then
      values[i + 1] = k / 16 * (options.mul or 1) + (options.add or 0)
    elseif dtype == "uint8" then
      values[i + 1] = (k + 31) % 256
    elseif dtype == "bool" then
      values[i + 1] = (k + 31) % 3 == 0
    else
      values[i + 1] = k
    end
  end
  return values
end

-- "@float32 2,3 s1 t" -> tensor
local function from_formula(text)
  local mark, dtype, shape, rest = text:match "^([@!])(%w+) (%S+)(.*)$"
  local options, layout = {}, nil
  for word in rest:gmatch "%S+" do
    local name, value = word:match "^(%a+)(%-?[%d.].*)$"
    if name then
      options[name] = math.tointeger(tonumber(value)) or tonumber(value)
    elseif word == "nz" then
      options.nz = true
    else
      layout = word
    end
  end
  local sizes = sizes_of(shape)
  local base, n = table.move(sizes, 1, #sizes, 1, {}), #sizes
  if layout == "t" then
    base[n], base[n - 1] = base[n - 1], base[n]
  elseif layout == "s" then
    base[n] = base[n] * 2
  elseif layout == "f" then
    for i = 1, n do base[i] = sizes[n + 1 - i] end
  elseif layout == "e" then
    base[1] = 1
  end
  local x = tensor_of(formula(count_of(base), dtype, options), dtype, base)
  if layout == "t" then
    x = x:transpose(-1, -2)
  elseif layout == "s" then
    x = x[{"...", {1, -1, 2}}]
  elseif layout == "f" then
    local dims = {}
    for i = 1, n do dims[i] = n + 1 - i end
    x = x:permute(dims)
  elseif layout == "e" then
    x = x:expand(sizes)
  end
  x = x:detach()
  if mark == "@" and is_floating(dtype) then x:requires_grad_() end
  return x
end

-- {"=float32 2", 1, 2} -> tensor
local function from_values(list)
  local mark, dtype, shape = list[1]:match "^(=%+?)(%w+) (%S+)$"
  local values = table.move(list, 2, #list, 1, {})
  local x = tensor_of(values, dtype, sizes_of(shape))
  if mark == "=+" then x:requires_grad_() end
  return x
end

-- An argument; tensors that take part in gradients are added to leaves.
local function argument(value, leaves)
  local x = value
  if type(value) == "string" and value:find "^[@!]" then
    x = from_formula(value)
  elseif type(value) == "table" then
    if type(value[1]) == "string" and value[1]:sub(1, 1) == "=" then
      x = from_values(value)
    else
      x = {}
      for i, item in ipairs(value) do x[i] = argument(item, leaves) end
      return x
    end
  end
  if core.is_tensor(x) and x.requires_grad then leaves[#leaves + 1] = x end
  return x
end

-- ---- Comparing ----

local function flat(x)
  local values = x:detach():cpu():reshape(-1):totable()
  for i, value in ipairs(values) do
    if type(value) == "boolean" then values[i] = value and 1 or 0 end
  end
  return values
end

local function describe(x) return ("%s %s"):format(tostring(x.dtype):gsub("^torch%.", ""), #x.shape == 0 and "-" or
  table.concat(x.shape, ",")) end

local function show(values, from)
  local texts = {}
  for i = from, math.min(#values, from + 11) do texts[#texts + 1] = ("%.9g"):format(values[i]) end
  return "{" .. table.concat(texts, ", ") .. (#values > from + 11 and ", ..." or "") .. "}"
end

-- nil when `got` (a list) holds what `values` says from position `from` on; else what is wrong.
local function compare_values(what, got, values, from, dtype, case)
  local near, sign = (case and case.loose and loose or tolerance)[dtype], case and case.sign
  if near and dtype:find "float16" then -- one unit in the last place of the largest, too
    local largest = 0
    for i = from, #values do
      local size = math.abs(values[i])
      if size > largest and size < math.huge then largest = size end
    end
    near = {near[1], near[2] + near[1] / 4 * largest}
  end
  for i, value in ipairs(got) do
    local wanted = values[from + i - 1]
    local same
    if not near or wanted ~= wanted then
      same = value == wanted or (value ~= value and wanted ~= wanted)
    elseif value == wanted then
      same = not sign or wanted ~= 0 or 1 / value == 1 / wanted
    else
      same = math.abs(value - wanted) <= near[2] + near[1] * math.abs(wanted)
    end
    if not same then
      return ("%s: element %d is %.17g, expected %.17g; got %s, expected %s"):format(what, i, value, wanted, show(got, 1),
        show(values, from))
    end
  end
  return nil
end

local function compare(what, got, wanted, case)
  if type(wanted) == "table" and type(wanted[1]) == "string" and wanted[1]:find " " then
    if not core.is_tensor(got) then return ("%s: got %s, expected a tensor"):format(what, tostring(got)) end
    if describe(got) ~= wanted[1] then
      return ("%s: got %s, expected %s"):format(what, describe(got), wanted[1])
    end
    if expected_device and got.device ~= expected_device then
      return ("%s: the result lies on %s, expected %s"):format(what, tostring(got.device), tostring(expected_device))
    end
    if case.shape then return nil end
    return compare_values(what, flat(got), wanted, 2, wanted[1]:match "^%w+", case)
  elseif type(wanted) == "string" and type(got) ~= "string" then
    if tostring(got) ~= wanted then return ("%s: got %s, expected %s"):format(what, tostring(got), wanted) end
  elseif type(wanted) == "table" then
    if type(got) ~= "table" or #got ~= #wanted then
      return ("%s: got %s, expected a list of %d"):format(what, type(got) == "table" and #got .. " items" or tostring(got),
        #wanted)
    end
    for i, item in ipairs(wanted) do
      local wrong = compare(("%s[%d]"):format(what, i), got[i], item, case)
      if wrong then return wrong end
    end
  elseif math.type(wanted) == "float" and type(got) == "number" then
    return compare_values(what, {got}, {wanted}, 1, "float32")
  elseif got ~= wanted or math.type(got) ~= math.type(wanted) then
    return ("%s: got %s, expected %s"):format(what, tostring(got), tostring(wanted))
  end
  return nil
end

-- The gradient that flows into a result, as in cases.py.
local function upstream(x)
  local values = {}
  for i = 0, x:numel() - 1 do values[i + 1] = ((i * 13 + 7) % 11 - 4) / 8 end
  return tensor_of(values, x.dtype, x.shape)
end

local function outputs_of(results, list)
  for _, result in ipairs(results) do
    if core.is_tensor(result) then
      if result.requires_grad and result:is_floating_point() then list[#list + 1] = result end
    elseif type(result) == "table" then
      outputs_of(result, list)
    end
  end
  return list
end

-- ---- Running ----

-- What the op is called through: name -> function of the arguments; nil where it is not found there.
local ways = {}

function ways.functions(name) return core.functions[name] end

-- A function of F that has a namesake elsewhere is written as "F.name".
local namesakes = {}
for _, row in ipairs(core.rows()) do
  local scopes = row.scopes
  if scopes.F and not (scopes.functions or scopes.methods) and core.methods[row.name] then namesakes[row.name] = true end
end

function ways.F(name)
  local own = name:match "^F%.(.+)$"
  if namesakes[name] then return nil end
  return core.F[own or name]
end

function ways.methods(name)
  if not core.methods[name] then return nil end
  return function(x, ...)
    local first = ...
    if name == "where" then -- the method's first two arguments are the other way round
      local _, other = ...
      return first[name](first, x, other)
    end
    return x[name](x, ...)
  end
end

-- Functions of an area: "linalg.svd", and those that an area shares with the functions.
for _, area in ipairs {"linalg", "special"} do
  ways[area] = function(name)
    local short = name:match("^" .. area .. "%.(.+)$")
    if short then return golden.invariant(name, core[area][short]) end
    return core.functions[name] and core[area][name] == core.functions[name] and core[area][name] or nil
  end
end

-- What of a factorisation does not depend on the signs of vectors, as the generator compares it.
local invariants = {
  svd = function(U, S, Vh)
    local k = S:size(-1)
    return S, U:narrow(-1, 1, k):mul(S:unsqueeze(-2)):matmul(Vh:narrow(-2, 1, k)), U:square(), Vh:square()
  end,
  eigh = function(values, vectors)
    return values, vectors:mul(values:unsqueeze(-2)):matmul(vectors:transpose(-1, -2)), vectors:square()
  end,
  eig = function(values, vectors)
    local order = values:argsort()
    return values:gather(-1, order), vectors:square():gather(-1, order:unsqueeze(-2):expand(vectors.shape))
  end,
}

function golden.invariant(name, f)
  local invariant = invariants[name:match "%.(.+)$"]
  if not f or not invariant then return f end
  return function(...) return invariant(f(...)) end
end

local operators = {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end, floor_divide = function(a, b) return a // b end,
  remainder = function(a, b) return a % b end, pow = function(a, b) return a ^ b end,
  bitwise_and = function(a, b) return a & b end, bitwise_or = function(a, b) return a | b end,
  bitwise_xor = function(a, b) return a ~ b end, neg = function(a) return -a end, bitwise_not = function(a) return ~a end,
}

function ways.operators(name) return operators[name] end

local subscripts = {
  ["[]"] = function(x, key) return x[key] end,
  ["[]="] = function(x, key, value)
    local y = x:clone()
    y[key] = value
    return y
  end,
}

local function usable(way, case, args, named)
  local name, first = case[1], args[1]
  if way == "methods" then
    if name == "where" then return core.is_tensor(args[2]) end
    return core.is_tensor(first)
  elseif way == "operators" then
    return not named and #args <= 2
  end
  return true
end

-- Whether a function takes a device by name.
local takes_device = {}
for _, row in ipairs(core.rows()) do
  for _, form in ipairs(row.forms) do
    for _, arg in ipairs(form.args) do takes_device[row.name] = takes_device[row.name] or arg.kind == "device" end
  end
end

local function holds_tensor(value)
  if type(value) ~= "table" then return core.is_tensor(value) end
  for _, item in pairs(value) do
    if holds_tensor(item) then return true end
  end
  return false
end

-- Lists of lengths that the host walks through: the recurrent functions on packed sequences want them on the CPU.
local host_arguments = {rnn_tanh = 2, rnn_relu = 2, lstm = 2, gru = 2}

-- What of a case is to be seen on golden.device: with tensors there the results are; without any they are asked for there.
local function direct(case, args, named)
  expected_device = nil
  local host = host_arguments[case[1]]
  if host and core.is_tensor(args[host]) and not args[host]:is_floating_point() then args[host] = args[host]:cpu() end
  if not golden.device or case[1] == "cpu" or named and named.device then return named end
  local on_device = holds_tensor(args) or holds_tensor(named)
  if not on_device and takes_device[case[1]] then
    named = named or {}
    named.device = golden.device
    on_device = true
  end
  if on_device then expected_device = ty.device(golden.device) end
  return named
end

local function run(case, way, f)
  local leaves = {}
  local args, named = argument(case[2], leaves), nil
  if case[3] ~= 0 then
    named = {}
    local names = {}
    for name in pairs(case[3]) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do named[name] = argument(case[3][name], leaves) end
  end
  if not usable(way, case, args, named) then return nil end
  named = direct(case, args, named)
  local target
  if case[1]:sub(-1) == "_" then
    target = args[1]:clone()
    args[1] = target
  end
  local n = #args
  if named then
    n = n + 1
    args[n] = named
  end
  local outcome = table.pack(pcall(f, table.unpack(args, 1, n)))
  if case.error then
    if outcome[1] then return ("%s: no error, got %s"):format(way, tostring(outcome[2])) end
    if type(outcome[2]) ~= "string" then return ("%s: the error is no string: %s"):format(way, tostring(outcome[2])) end
    return nil
  end
  if not outcome[1] then return ("%s: error: %s"):format(way, tostring(outcome[2])) end
  local results = table.move(outcome, 2, outcome.n, 1, {})
  if target and results[1] ~= target then return ("%s: what came back is not the tensor that was changed"):format(way) end
  local wrong = compare(way, results, case[4], case)
  if wrong or not case[5] then return wrong end
  local outputs, weights = outputs_of(results, {}), {}
  for i, output in ipairs(outputs) do weights[i] = upstream(output) end
  if #outputs == 0 then return ("%s: no result requires a gradient"):format(way) end
  if #leaves ~= #case[5] then return ("%s: %d leaves, %d gradients"):format(way, #leaves, #case[5]) end
  local ok, grads = pcall(ty.grad, outputs, leaves, weights, {allow_unused = true})
  if not ok then return ("%s: gradient: error: %s"):format(way, tostring(grads)) end
  for i, wanted in ipairs(case[5]) do
    local what = ("%s: gradient of tensor %d"):format(way, i)
    if (wanted == false) ~= (grads[i] == nil) then
      return ("%s: got %s, expected %s"):format(what, grads[i] and "one" or "none", wanted and "one" or "none")
    elseif wanted then
      if describe(grads[i]) ~= describe(leaves[i]) then
        return ("%s: got %s, expected %s"):format(what, describe(grads[i]), describe(leaves[i]))
      end
      wrong = compare_values(what, flat(grads[i]), wanted, 1, tostring(leaves[i].dtype), case)
      if wrong then return wrong end
    end
  end
  return nil
end

--- Runs a case by f, or in every place where its op is found: nil, or what is wrong.
function golden.check(case, f)
  local name = case[1]
  if f then return run(case, name, f) end
  if subscripts[name] then return run(case, name, subscripts[name]) end
  local found = false
  for way, find in pairs(ways) do
    local function_there = find(name)
    if function_there then
      found = true
      local wrong = run(case, way, function_there)
      if wrong then return wrong end
    end
  end
  return not found and "there is no such function" or nil
end

--- The cases of a file as {op, list of cases} in order; a case's `line` is its place in the file.
function golden.read(name)
  local path = golden.folder .. name
  local cases, groups, of = assert(loadfile(path))(), {}, {}
  for i, case in ipairs(cases) do
    case.line = i + 4
    local op = case[1]
    if not of[op] then
      of[op] = {op = op, cases = {}}
      groups[#groups + 1] = of[op]
    end
    table.insert(of[op].cases, case)
  end
  return groups
end

--- nil, or how a tensor differs from a flat list of values.
function golden.differs(x, values)
  if x:numel() ~= #values then return ("%d elements, expected %d"):format(x:numel(), #values) end
  return compare_values("values", flat(x), values, 1, tostring(x.dtype))
end

--- A tensor as cases.py writes it: "@float32 2,3 s1", or {"=int64 2", 1, 2}.
function golden.tensor(text) return argument(text, {}) end

--- The text of a file's lines, for messages.
function golden.lines(name)
  local lines = {}
  for line in io.lines(golden.folder .. name) do lines[#lines + 1] = line end
  return lines
end

return golden
