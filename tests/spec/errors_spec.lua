-- Errors are part of the interface: a wrong call is one Lua error that names the function and the value and points at the
-- caller's line. Every argument of every row of the binding table is given what it cannot be; the layers and areas written in
-- Lua have a table of wrong calls; random calls in a process of their own look for what nobody thought of.

local ty = require "tycho"
local core = require "tycho.core"

-- A value of each kind that passes the checks of its kind, as Lua.
local plausible = {Tensor = "ty.ones(2, 2)", ["Tensor|number"] = "1", Tensors = "{ty.ones(2, 2)}", Indices = "ty.tensor{1}",
  ["Classes|Tensor"] = "ty.tensor{1}", Classes = "ty.tensor{1}", ["Tensor|list"] = "{1}",
  IndexList = "{ty.tensor{1}}", number = "1", float = "0.5", int = "1", bool = "true",
  string = "'x'", dim = "1", index = "1", dims = "{1}", ["dims|dims"] = "{{1}, {1}}", sizes = "{2}",
  dtype = "ty.float32", device = "'cpu'",
  generator = "ty.Generator(1)", any = "1"}

local function plausible_value(form, argument)
  if argument.kind == "choice" then
    local at = form.signature:find(argument.name .. ": \"", 1, true)
    return form.signature:match('"[^"]*"', at)
  end
  return plausible[argument.kind] or error("errors_spec has no value of the kind " .. argument.kind)
end

local function place_of(row)
  for _, scope in ipairs {"functions", "methods", "F", "init", "linalg", "special", "autograd"} do
    if row.scopes[scope] then return ("core.%s.%s"):format(scope, row.name) end
  end
end

do
  local x <close> = ty.ones(2)
  _G.errors_spec_closed = x
end

-- The message of a call written as Lua, without its position, which must be the call's; nil when it works.
local function message_of(text)
  local env = setmetatable({core = core, ty = ty, nn = ty.nn, F = ty.F, optim = ty.optim, data = ty.data,
    closed = _G.errors_spec_closed, wrong = coroutine.create(print)}, {__index = _G})
  local ok, message = pcall(assert(load(text, "=call", "t", env)))
  if ok then return nil end
  assert(type(message) == "string", text .. "\n  raises a " .. type(message))
  local said = message:match "^call:1: (.*)$"
  assert(said, text .. "\n  does not point at its line: " .. message)
  return said
end

-- The call of a row's form by names, with `value` for the argument `at` (nil: no argument is replaced).
local function call_by_name(row, form, at, value)
  local parts = {}
  for i, argument in ipairs(form.args) do
    if i == at then
      parts[#parts + 1] = ('["%s"] = %s'):format(argument.name, value)
    elseif not argument.optional then
      parts[#parts + 1] = ('["%s"] = %s'):format(argument.name, plausible_value(form, argument))
    end
  end
  return ("%s{%s}"):format(place_of(row), table.concat(parts, ", "))
end

-- Calls check(row, form, argument, position) for each argument of the table.
local function each_argument(check)
  for _, row in ipairs(core.rows()) do
    for _, form in ipairs(row.forms) do
      for at, argument in ipairs(form.args) do check(row, form, argument, at) end
    end
  end
end

local function begins_with_name(row, text, message)
  assert.is_true(message ~= nil, text .. "\n  is no error")
  assert.is_true(message:sub(1, #row.name + 2) == row.name .. ": ", text .. "\n  says: " .. message)
end

describe("every function of the binding table", function()
  it("refuses a wrong type for every argument, by its name", function()
    each_argument(function(row, form, argument, at)
      if argument.kind ~= "any" then
        local text = call_by_name(row, form, at, "wrong")
        local message = message_of(text)
        begins_with_name(row, text, message)
        assert.is_true(message:find(argument.name, 1, true) ~= nil, text .. "\n  does not name the argument: " .. message)
        assert.is_true(message:find("thread", 1, true) ~= nil or message:find("usage", 1, true) ~= nil,
          text .. "\n  does not say what it got: " .. message)
      end
    end)
  end)

  it("refuses a tensor that was closed", function()
    each_argument(function(row, form, argument, at)
      if argument.kind == "Tensor" or argument.kind == "Tensor|number" or argument.kind == "Indices" then
        local text = call_by_name(row, form, at, "closed")
        local message = message_of(text)
        begins_with_name(row, text, message)
      end
    end)
  end)

  it("refuses 0 where an index belongs, and says that indices count from 1", function()
    each_argument(function(row, form, argument, at)
      if argument.kind == "dim" or argument.kind == "index" or argument.kind == "dims" then
        local text = call_by_name(row, form, at, argument.kind == "dims" and "{0}" or "0")
        local message = message_of(text)
        begins_with_name(row, text, message)
        assert.is_true(message:find("count from 1", 1, true) ~= nil or #row.forms > 1, text .. "\n  says: " .. message)
      end
    end)
  end)

  it("refuses a dimension or position out of range, or has no use for it", function()
    each_argument(function(row, form, argument, at)
      if argument.kind == "dim" or argument.kind == "index" or argument.kind == "dims" then
        for _, value in ipairs {"99", "-99", "1 << 40", "math.mininteger"} do
          local text = call_by_name(row, form, at, argument.kind == "dims" and "{" .. value .. "}" or value)
          local message = message_of(text)
          if message then begins_with_name(row, text, message) end
        end
      end
    end)
  end)

  it("refuses negative and endless sizes", function()
    each_argument(function(row, form, argument, at)
      if argument.kind == "sizes" and row.name ~= "pad" then -- what padding takes away is negative
        for _, value in ipairs {"{2, -3}", "{1 << 46, 1 << 46}", "{1.5}", "{'a'}"} do
          local text = call_by_name(row, form, at, value)
          begins_with_name(row, text, message_of(text))
        end
      end
    end)
  end)

  it("lists the known options when one is unknown", function()
    for _, row in ipairs(core.rows()) do
      local text = call_by_name(row, row.forms[1], 0):gsub("{(.*)}$", "{%1, no_such_option = 1}"):gsub("{, ", "{")
      local message = message_of(text)
      begins_with_name(row, text, message)
      local first = row.forms[1].args[1]
      if #row.forms == 1 and first then
        assert.is_true(message:find("no_such_option", 1, true) ~= nil and message:find(first.name, 1, true) ~= nil,
          text .. "\n  does not list the options: " .. message)
      end
    end
  end)

  it("refuses a call with too few or too many arguments, and shows the usage", function()
    for _, row in ipairs(core.rows()) do
      local needs = true
      for _, form in ipairs(row.forms) do needs = needs and form.args[1] and not form.args[1].optional end
      if needs then
        local text = place_of(row) .. "()"
        local message = message_of(text)
        begins_with_name(row, text, message)
        assert.is_true(message:find("usage: " .. row.name, 1, true) ~= nil, text .. "\n  says: " .. message)
      end
      local text = ("%s(%s)"):format(place_of(row), ("true, "):rep(12) .. "true")
      begins_with_name(row, text, message_of(text))
    end
  end)
end)

-- {Lua, what the message must hold, ...}
local cases = {
  -- shapes
  {"ty.ones(2, 3):matmul(ty.ones(2, 3))", "matmul", "{2, 3}", "3 columns against 2 rows"},
  {"return ty.ones(2, 3) + ty.ones(2)", "add", "{2, 3}", "{2}"},
  {"ty.ones(2, 3):view(5)", "view", "{5}", "6"},
  {"ty.ones(2, 3):reshape(-1, 4)", "reshape", "6"},
  {"ty.ones(2, 3):reshape(-1, -1)", "reshape", "-1"},
  {"ty.cat({ty.ones(2, 3), ty.ones(2, 4)}, 1)", "cat", "3", "4"},
  {"ty.stack{ty.ones(2), ty.ones(3)}", "stack", "{2}", "{3}"},
  {"ty.ones(2, 3):expand(2, 4)", "expand", "{2, 4}"},
  {"F.cross_entropy(ty.zeros(2, 3), ty.tensor{1, 4})", "cross_entropy", "4", "3"},
  {"F.cross_entropy(ty.zeros(2, 3), ty.tensor{1, 0})", "cross_entropy", "0"},
  {"F.mse_loss(ty.zeros(2, 3), ty.zeros(4))", "mse_loss", "{2, 3}", "{4}"},
  {"ty.ones(2, 3):add_(ty.ones(4, 2, 3))", "add_", "{2, 3}"},
  -- indices
  {"return ty.ones(2, 3)[3]", "3", "2"},
  {"return ty.ones(2, 3)[0]", "count from 1"},
  {"return ty.ones(2, 3)[{1, 4}]", "4", "3"},
  {"return ty.ones(2, 3)[{1, 1, 1}]", "3", "2"},
  {"ty.ones(2, 3):sum(3)", "sum", "3", "2"},
  {"ty.ones(2, 3):select(1, 3)", "select", "3", "2"},
  {"ty.ones(3):index_select(1, ty.tensor{4})", "index_select", "4", "3"},
  {"ty.ones(3):index_select(1, ty.tensor{0})", "index_select", "count from 1"},
  {"ty.ones(3):gather(1, ty.tensor{4})", "gather", "4"},
  -- dtypes
  {"ty.ones(2, {dtype = 'int64', requires_grad = true})", "ones", "int64"},
  {"return ty.tensor{1.5} & ty.tensor{1.5}", "float32"},
  {"ty.tensor({1, 2}):mean()", "mean", "int64"},
  {"ty.ones(2):to('no such dtype')", "to", "no such dtype"},
  {"ty.zeros(2, {dtype = 'float31'})", "zeros", "float31"},
  -- values
  {"ty.tensor{{1, 2}, {3}}", "tensor", "ragged"},
  {"ty.tensor{1, nil, 3}", "tensor", "hole"},
  {"ty.tensor{1, 'a'}", "tensor", '"a"'},
  {"ty.arange(0, 1, 0)", "arange", "step"},
  {"ty.ones(2):item()", "item", "2"},
  {"F.dropout(ty.ones(2), 1.5)", "dropout", "1.5"},
  {"ty.zeros(2, 2):backward()", "backward", "require"},
  {"ty.ones(2, {requires_grad = true}):exp():backward()", "backward", "{2}"},
  {"ty.ones(2, {requires_grad = true}):add_(1)", "add_", "leaf"},
  -- what is no tensor, and what is no field
  {"return ty.ones(2) + {}", "add", "table"},
  {"return ty.ones(2).foo", "foo"},
  {"ty.ones(2).foo = 1", "foo"},
  {"ty.ones(2).shape = 1", "shape"},
  {"ty.ones(2):foo()", "foo"},
  {"ty.ones(2).sum()", "sum", "colon"},
  {"ty.ones(2).grad = 3", "grad", "3"},
  {"ty.ones(2, {requires_grad = true}).grad = ty.ones(3)", "{3}", "{2}"},
  {"ty.ones(2).requires_grad = 1", "requires_grad", "1"},
  {"return #ty.tensor(1)", "no length"},
  -- layers
  {"nn.Linear()", "nn.Linear", "in_features"},
  {"nn.Linear(2.5, 1)", "nn.Linear", "in_features", "2.5"},
  {"nn.Linear(2, 1, {biass = true})", "nn.Linear", "biass", "bias"},
  {"nn.Linear(2, 1, true, 'cpu', 'float32', 7)", "nn.Linear", "6"},
  {"nn.Linear(2, 1, {dtype = 'float31'})", "nn.Linear", "dtype", "float31"},
  {"nn.Linear(2, 1)(ty.ones(3))", "linear", "3", "2"},
  {"nn.Linear(2, 1)()", "linear", "input"},
  {"nn.Linear(2, 1):to('int64')", "to", "int64"},
  {"nn.Linear(2, 1):load_state_dict{}", "load_state_dict", "weight", "bias"},
  {"nn.Linear(2, 1):load_state_dict({weight = ty.ones(3), bias = ty.ones(1)})", "load_state_dict", "{3}", "{1, 2}"},
  {"nn.Linear(2, 1).weight = 3", "weight", "parameter"},
  {"nn.Dropout(2)", "nn.Dropout", "2"},
  {"nn.Sequential(3)", "nn.Sequential", "3"},
  {"nn.Sequential(nn.ReLU()):append(3)", "nn.Sequential", "3"},
  {"nn.Module()(1)", "forward"},
  {"nn.class()", "nn.class"},
  {"nn.class('A', 3)", "nn.class", "A"},
  {"nn.Parameter(3)", "nn.Parameter", "3"},
  {"nn.CrossEntropyLoss{reduction = 'avg'}(ty.zeros(1, 2), ty.tensor{1})", "reduction", "avg"},
  {"nn.init.uniform_(3)", "uniform_", "3"},
  {"nn.utils.clip_grad_norm_(3, 1)", "clip_grad_norm_", "3"},
  {"nn.utils.clip_grad_norm_({ty.ones(1)}, -1)", "clip_grad_norm_", "-1"},
  -- optimisers
  {"optim.SGD()", "optim.SGD"},
  {"optim.SGD({})", "optim.SGD", "empty"},
  {"optim.SGD(ty.ones(2))", "optim.SGD", "list"},
  {"optim.SGD(nn.Linear(1, 1))", "optim.SGD", "net:parameters()"},
  {"optim.SGD({ty.ones(2)}, {lr = 'x'})", "optim.SGD", "lr"},
  {"optim.SGD({ty.ones(2)}, {rate = 1})", "optim.SGD", "rate", "lr"},
  {"optim.Adam({ty.ones(2)}, {betas = 3})", "optim.Adam", "betas"},
  {"optim.lr_scheduler.StepLR(3, 1)", "StepLR", "optimi"},
  {"optim.lr_scheduler.StepLR(optim.SGD({ty.ones(1)}), {gamma = 0.5})", "StepLR", "step_size"},
  -- data
  {"data.TensorDataset()", "data.TensorDataset"},
  {"data.TensorDataset(ty.ones(2), ty.ones(3))", "data.TensorDataset", "2", "3"},
  {"data.TensorDataset(3)", "data.TensorDataset", "3"},
  {"return data.TensorDataset(ty.ones(2))[3]", "TensorDataset", "3", "2"},
  {"return data.TensorDataset(ty.ones(2))[0]", "TensorDataset", "count from 1"},
  {"data.DataLoader(3)", "data.DataLoader", "3"},
  {"data.DataLoader(data.TensorDataset(ty.ones(2)), {batch_size = 0})", "data.DataLoader", "batch_size", "0"},
  {"data.DataLoader(data.TensorDataset(ty.ones(2)), {batchsize = 1})", "data.DataLoader", "batchsize", "batch_size"},
  {"data.Subset(data.TensorDataset(ty.ones(2)), {3})", "data.Subset", "3", "2"},
  {"data.random_split(data.TensorDataset(ty.ones(2)), {1, 2})", "data.random_split", "3", "2"},
  -- files and the rest
  {"ty.load('/no/such/file')", "load", "/no/such/file"},
  {"ty.load()", "load", "path"},
  {"ty.save(1)", "save"},
  {"ty.save(print, '/tmp/x.pt')", "save", "function"},
  {"ty.device('abacus')", "device", "abacus"},
  {"ty.Generator('x')", "Generator", '"x"'},
  {"ty.no_grad(3)", "no_grad"},
  {"ty.set_num_threads(0)", "set_num_threads", "0"},
}

describe("a wrong call", function()
  for _, case in ipairs(cases) do
    it("is explained: " .. case[1], function()
      local message = message_of(case[1])
      assert.is_true(message ~= nil, case[1] .. "\n  is no error")
      assert.is_nil(message:find("attempt to", 1, true), message)
      for i = 2, #case do
        assert.is_true(message:find(case[i], 1, true) ~= nil, ("%s\n  does not say '%s': %s"):format(case[1], case[i], message))
      end
    end)
  end

  it("inside a layer is reported where the user called it", function()
    local Net = ty.nn.class "Net"
    function Net:init() self.fc = ty.nn.Linear(2, 1) end
    function Net:forward(x) return self.fc(x) end
    local ok, message = pcall(Net(), ty.ones(1, 3))
    assert.is_false(ok)
    assert.truthy(message:find("^[^:]*errors_spec%.lua:%d+: linear: "), message)
  end)
end)

describe("random calls", function()
  it("work, or are refused by one error that names the function", function()
    local bin = os.getenv "TYCHO_BIN" or arg[-1]
    local root = core and package.searchpath("errors_spec", package.path):gsub("spec/errors_spec%.lua$", "")
    local log = os.tmpname()
    local output = io.popen(("TYCHO_FUZZ_LOG='%s' '%s' '%sfuzz/calls.lua' 2000 %s 2>&1"):format(log, bin, root,
      os.getenv "TYCHO_FUZZ_SEED" or "7")) -- the same calls each time; another seed makes others
    local text = output:read "a"
    local ok = output:close()
    local file = io.open(log)
    local last = file and file:read "l"
    if file then file:close() end
    os.remove(log)
    assert.is_true(ok, ("%s\nthe last call was\n%s"):format(text, last))
  end)
end)
