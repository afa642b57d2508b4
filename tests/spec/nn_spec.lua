--[[
Modules: values and gradients of each layer and loss against PyTorch's (tests/golden/nn.lua, by make_nn.py), initial values
by seed, printing, and what a module does with its fields, parameters, buffers and state.
]]

local ty = require "tycho"
local core = require "tycho.core"
local golden = require "support.golden"

local nn, F = ty.nn, ty.F
local reference = assert(loadfile(golden.folder .. "nn.lua"))()

local Net = nn.class "Net"
function Net:init()
  self.fc1 = nn.Linear(4, 3)
  self.act = nn.ReLU()
  self.fc2 = nn.Linear(3, 2, {bias = false})
end
function Net:forward(x) return self.fc2(self.act(self.fc1(x))) end

-- The value of a text such as "nn.Linear(3, 2)".
local function build(text)
  return assert(load("local ty, nn, Net = ...; return " .. text))(ty, nn, Net)
end

local function near(wanted, got, what)
  local close = math.abs(wanted - got) <= 1e-6 + 1e-5 * math.abs(wanted) -- false for NaN
  if not close then
    error(("%s: got %.9g, expected %.9g"):format(what, got, wanted), 2)
  end
end

local function names_of(iterator)
  local names = {}
  for name in iterator do names[#names + 1] = name end
  return table.concat(names, " ")
end

-- The message of an error that must come; it points at this file.
local function message_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, "an error was expected")
  assert.is_string(message)
  return message
end

local function fails(text, f, ...)
  local message = message_of(f, ...)
  if not message:find(text, 1, true) then error(("expected an error with %q, got %q"):format(text, message), 2) end
  if not message:find("nn_spec.lua:", 1, true) then error(("the error does not point here: %q"):format(message), 2) end
end

describe("layers and losses give PyTorch's values and gradients:", function()
  local groups, order = {}, {}
  for i, case in ipairs(reference.layers) do
    local text = case[1]
    if not groups[text] then
      groups[text] = {}
      order[#order + 1] = text
    end
    case.line = i + 4
    table.insert(groups[text], case)
  end
  for _, text in ipairs(order) do
    it(text, function()
      for _, case in ipairs(groups[text]) do
        ty.manual_seed(0)
        local module = build(text)
        local wrong = golden.check(case, function(...) return module(...) end)
        if wrong then error(("nn.lua:%d: %s"):format(case.line, wrong), 0) end
      end
    end)
  end

  it("gradients of parameters", function()
    for _, row in ipairs(reference.gradients) do
      ty.manual_seed(0)
      local net = build(row[1])
      local y = net(golden.tensor "!float32 5,3")
      y:pow(2):sum():backward()
      local i = 0
      for name, parameter in net:named_parameters() do
        i = i + 1
        assert.are.equal(row[2][i], name)
        assert.is_nil(golden.differs(parameter, row[3][i]))
        assert.is_nil(golden.differs(parameter.grad, row[4][i]))
      end
      assert.are.equal(#row[2], i)
    end
  end)
end)

describe("the same seed gives PyTorch's numbers:", function()
  for _, row in ipairs(reference.initial) do
    it(row[1], function()
      ty.manual_seed(0)
      local x = build(row[1])
      local values = x:detach():reshape(-1):totable()
      for i, value in ipairs(row[2]) do near(value, values[i], "element " .. i) end
      near(row[3], x:detach():double():abs():sum():item(), "sum of absolute values")
    end)
  end

  it("Dropout, and its gradient", function()
    for _, row in ipairs(reference.dropout) do
      local p, count = row[1], row[2]
      ty.manual_seed(0)
      local x = ty.ones(count, {requires_grad = true})
      local y = nn.Dropout(p)(x)
      assert.is_nil(golden.differs(y, row[3]))
      y:sum():backward()
      assert.is_nil(golden.differs(x.grad, row[4]))
    end
  end)

  it("trunc_normal_ stays inside its bounds, calculate_gain knows its names", function()
    ty.manual_seed(0)
    local x = nn.init.trunc_normal_(ty.empty(1000), {std = 2, a = -1, b = 0.5})
    assert.is_true(x:min():item() >= -1 and x:max():item() <= 0.5)
    near(math.sqrt(2), nn.init.calculate_gain "relu", "relu")
    near(5 / 3, nn.init.calculate_gain "tanh", "tanh")
    near(math.sqrt(2 / (1 + 0.2 ^ 2)), nn.init.calculate_gain("leaky_relu", 0.2), "leaky_relu")
    assert.is_false(pcall(nn.init.calculate_gain, "rellu"))
    fails("dimension", nn.init.xavier_uniform_, ty.empty(3))
    local w = nn.Parameter(ty.zeros(2, 2))
    assert.are.equal(w, nn.init.ones_(w))
    assert.is_true(w.requires_grad and w.is_leaf)
  end)

  it("reset_parameters draws anew", function()
    ty.manual_seed(0)
    local layer = nn.Linear(3, 2)
    local first = layer.weight:detach():clone()
    layer:reset_parameters()
    assert.is_false(first:equal(layer.weight))
    ty.manual_seed(0)
    layer:reset_parameters()
    assert.is_true(first:equal(layer.weight))
  end)
end)

describe("a module prints as PyTorch lays it out:", function()
  for _, row in ipairs(reference.printed) do
    it(row[1], function() assert.are.equal(row[2], tostring(build(row[1]))) end)
  end

  it("a class of one's own says more in extra_repr", function()
    local Scale = nn.class "Scale"
    function Scale:init(by) self.by = by end
    function Scale:extra_repr() return "by=" .. self.by end
    assert.are.equal("Scale(by=3)", tostring(Scale(3)))
    assert.are.equal("Sequential(\n  (0): Scale(by=3)\n)", tostring(nn.Sequential(Scale(3))))
    local Both = nn.class "Both"
    function Both:init() self.inner = nn.ReLU() end
    function Both:extra_repr() return "k=1" end
    assert.are.equal("Both(\n  k=1\n  (inner): ReLU()\n)", tostring(Both()))
  end)

  it("a parameter says that it is one", function()
    assert.are.equal("Parameter containing:\ntensor({1., 2.}, {requires_grad = true})",
      tostring(nn.Parameter(ty.tensor {1.0, 2.0})))
  end)
end)

describe("parameters:", function()
  it("come in the order of their registration, with full names", function()
    local net = nn.Sequential(Net(), nn.Linear(2, 1))
    assert.are.equal("0.fc1.weight 0.fc1.bias 0.fc2.weight 1.weight 1.bias", names_of(net:named_parameters()))
    assert.are.equal(5, #net:parameters())
    assert.are.equal(0, #net:parameters(false))
    local count = 0
    for p in net:parameters() do
      count = count + p:numel()
      assert.is_true(p.requires_grad and p.is_leaf)
    end
    assert.are.equal(15 + 6 + 3, count)
  end)

  it("that two modules share come once", function()
    local net = Net()
    net.fc3 = nn.Linear(3, 2, {bias = false})
    net.fc3.weight = net.fc2.weight
    assert.are.equal(3, #net:parameters())
    net.again = net.fc1
    assert.are.equal(3, #net:parameters())
    assert.are.equal("fc1.weight fc1.bias fc2.weight", names_of(net:named_parameters()))
  end)

  it("share memory with the tensor they were made of", function()
    local x = ty.zeros(2)
    local p = nn.Parameter(x)
    x:fill_(3.0)
    assert.are.equal(3.0, p[1]:item())
    assert.is_false(nn.Parameter(ty.zeros(2), false).requires_grad)
    assert.is_false(x.requires_grad)
    assert.is_false(pcall(nn.Parameter, 3))
    assert.is_false(pcall(nn.Parameter, ty.tensor {1, 2}))
  end)

  it("zero_grad forgets gradients, or fills them with 0", function()
    local net = Net()
    net(ty.ones(1, 4)):sum():backward()
    assert.is_truthy(net.fc1.weight.grad)
    net:zero_grad(false)
    assert.are.equal(0.0, net.fc1.weight.grad:abs():sum():item())
    net:zero_grad()
    assert.is_nil(net.fc1.weight.grad)
    net:zero_grad {set_to_none = false}
    assert.is_nil(net.fc1.weight.grad)
  end)

  it("requires_grad_ freezes and thaws", function()
    local net = Net()
    assert.are.equal(net, net:requires_grad_(false))
    for p in net:parameters() do assert.is_false(p.requires_grad) end
    assert.is_false(net(ty.ones(1, 4)).requires_grad)
    net:requires_grad_()
    assert.is_true(net(ty.ones(1, 4)).requires_grad)
  end)
end)

describe("nn.class:", function()
  it("makes objects that are called, with their class's name", function()
    local net = Net()
    assert.are.equal("2,2", table.concat(net(ty.ones(2, 4)).shape, ","))
    assert.is_true(nn.is_module(net))
    assert.is_false(nn.is_module(Net))
    assert.are.equal("Net", net:type_name())
  end)

  it("registers fields, replaces them in their place, and takes them out with nil", function()
    local net = Net()
    local function children() return names_of(net:named_children()) end
    assert.are.equal("fc1 act fc2", children())
    net.act = nn.Tanh()
    assert.are.equal("fc1 act fc2", children())
    assert.are.equal("Tanh", net.act:type_name())
    net.act = nil
    assert.are.equal("fc1 fc2", children())
    assert.is_nil(net.act)
    net.act = nn.ReLU()
    assert.are.equal("fc1 fc2 act", children())
    net.scale = nn.Parameter(ty.ones(1))
    assert.are.equal("scale fc1.weight fc1.bias fc2.weight", names_of(net:named_parameters()))
    net.scale = nil
    assert.are.equal(3, #net:parameters())
    net.note = "plain fields stay plain"
    assert.are.equal("plain fields stay plain", net.note)
  end)

  it("refuses a plain tensor in the place of a parameter or a module", function()
    local net = Net()
    net.scale = nn.Parameter(ty.ones(1))
    fails("parameter", function() net.scale = ty.ones(1) end)
    fails("parameter", function() net.scale = 3 end)
    fails("module", function() net.act = "relu" end)
    fails("itself", function() net.me = net end)
  end)

  it("inherits from a base", function()
    local Wide = nn.class("Wide", Net)
    function Wide:init(n)
      Net.init(self)
      self.fc3 = nn.Linear(2, n)
    end
    function Wide:forward(x) return self.fc3(Net.forward(self, x)) end
    local net = Wide(5)
    assert.are.equal("1,5", table.concat(net(ty.ones(1, 4)).shape, ","))
    assert.are.equal("fc1 act fc2 fc3", names_of(net:named_children()))
    local Same = nn.class("Same", Net)
    assert.are.equal("fc1 act fc2", names_of(Same():named_children()))
    assert.is_truthy(tostring(Same()):find "^Same%(")
  end)

  it("inherits from a layer", function()
    local Doubled = nn.class("Doubled", nn.Linear)
    function Doubled:forward(x) return nn.Linear.forward(self, x) * 2 end
    ty.manual_seed(0)
    local layer = Doubled(3, 2)
    ty.manual_seed(0)
    local plain = nn.Linear(3, 2)
    assert.is_true(layer(ty.ones(1, 3)):allclose(plain(ty.ones(1, 3)) * 2))
  end)

  it("says what is wrong with bad use", function()
    fails("name", nn.class)
    fails("base", nn.class, "X", {})
    local Empty = nn.class "Empty"
    fails("forward", Empty(), 1)
    fails("register_parameter", function() Net():register_parameter("w", ty.ones(1)) end)
    fails("register_buffer", function() Net():register_buffer("w", 3) end)
    fails("add_module", function() Net():add_module("a.b", nn.ReLU()) end)
    fails("add_module", function() Net():add_module("a", 3) end)
    fails("get_submodule", function() Net():get_submodule "fc9" end)
    fails("train", function() Net():train "yes" end)
  end)
end)

describe("walking a module:", function()
  local net
  before_each(function() net = nn.Sequential(Net(), nn.ReLU()) end)

  it("modules, children and their names", function()
    assert.are.equal(" 0 0.fc1 0.act 0.fc2 1", names_of(net:named_modules()))
    assert.are.equal("0 1", names_of(net:named_children()))
    assert.are.equal(6, #net:modules())
    assert.are.equal(2, #net:children())
    assert.are.equal(net[1].fc1, net:get_submodule "0.fc1")
    assert.are.equal(net, net:get_submodule "")
  end)

  it("apply goes from the leaves to the root", function()
    local seen = {}
    assert.are.equal(net, net:apply(function(m) seen[#seen + 1] = m:type_name() end))
    assert.are.equal("Linear ReLU Linear Net ReLU Sequential", table.concat(seen, " "))
    net:apply(function(m)
      if m:type_name() == "Linear" then nn.init.ones_(m.weight) end
    end)
    assert.are.equal(12.0, net[1].fc1.weight:sum():item())
  end)

  it("train and eval reach every module", function()
    assert.is_true(net.training and net[1].act.training)
    assert.are.equal(net, net:eval())
    assert.is_false(net.training or net[1].act.training)
    net:train()
    assert.is_true(net[1].act.training)
    net:train(false)
    assert.is_false(net[1].act.training)
  end)
end)

describe("Sequential:", function()
  it("by position, from the end, by slices", function()
    local net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert.are.equal(3, #net)
    assert.are.equal("Linear", net[1]:type_name())
    assert.are.equal(net[3], net[-1])
    assert.is_nil(net[4])
    local part = net[{1, 2}]
    assert.are.equal(2, #part)
    assert.are.equal(net[1], part[1])
    assert.are.equal(net[2], net[{-2, -1}][1])
    fails("count from 1", function() return net[0] end)
    assert.are.equal("2,1", table.concat(net(ty.ones(2, 2)).shape, ","))
  end)

  it("by name", function()
    local net = nn.Sequential {{"fc", nn.Linear(2, 3)}, {"act", nn.ReLU()}}
    assert.are.equal(net.fc, net[1])
    assert.are.equal("fc.weight fc.bias", names_of(net:named_parameters()))
    assert.are.equal("Sequential(\n  (fc): Linear(in_features=2, out_features=3, bias=true)\n  (act): ReLU()\n)", tostring(net))
    local ordered = ty.OrderedDict {{"a", nn.ReLU()}, {"b", nn.Tanh()}}
    assert.are.equal("a b", names_of(nn.Sequential(ordered):named_children()))
    local list = nn.Sequential {nn.ReLU(), nn.Tanh()}
    assert.are.equal("0 1", names_of(list:named_children()))
  end)

  it("grows by append", function()
    local net = nn.Sequential(nn.Linear(2, 3))
    assert.are.equal(net, net:append(nn.ReLU()))
    assert.are.equal(2, #net)
    assert.are.equal("0 1", names_of(net:named_children()))
  end)

  it("says what is wrong with bad children", function()
    fails("Sequential", nn.Sequential, 3)
    fails("Sequential", nn.Sequential, nn.ReLU(), "tanh")
    fails("order", nn.Sequential, {fc = nn.Linear(2, 2)})
    fails("item 1", nn.Sequential, {{3, nn.ReLU()}})
    fails("module", nn.Sequential, {{"fc", 3}})
  end)
end)

describe("buffers:", function()
  local WithBuffer = nn.class "WithBuffer"
  function WithBuffer:init()
    self:register_buffer("mean", ty.zeros(2))
    self:register_buffer("cache", ty.zeros(3), {persistent = false})
    self:register_buffer("count", ty.tensor(0))
    self.w = nn.Parameter(ty.ones(2))
  end
  function WithBuffer:forward(x) return x + self.mean end

  it("are no parameters, and persistent ones are in the state", function()
    local m = WithBuffer()
    assert.are.equal("mean cache count", names_of(m:named_buffers()))
    assert.are.equal(3, #m:buffers())
    assert.are.equal("w", names_of(m:named_parameters()))
    assert.are.equal("w mean count", table.concat(ty.OrderedDict.keys(m:state_dict()), " "))
    m.mean = ty.ones(2)
    assert.are.equal(2.0, m(ty.ones(2))[1]:item())
    fails("buffer", function() m.mean = 3 end)
  end)

  it("follow to(dtype), integers keep theirs", function()
    local m = WithBuffer():to(ty.float64)
    assert.are.equal("float64 float64 int64", ("%s %s %s"):format(m.w.dtype, m.mean.dtype, m.count.dtype))
    assert.are.equal("float64", tostring(m(ty.ones(2, {dtype = "float64"})).dtype))
  end)

  it("of a loss with weights are in its state", function()
    local loss = nn.CrossEntropyLoss {weight = ty.ones(3)}
    assert.are.equal("weight", table.concat(ty.OrderedDict.keys(loss:state_dict()), " "))
    assert.are.equal(0, #loss:parameters())
  end)
end)

describe("to(dtype):", function()
  it("converts in place: parameters and gradients keep their identity", function()
    local net = Net()
    local weight = net.fc1.weight
    net(ty.ones(1, 4)):sum():backward()
    assert.are.equal(net, net:double())
    assert.are.equal(weight, net.fc1.weight)
    assert.are.equal("float64", tostring(weight.dtype))
    assert.are.equal("float64", tostring(weight.grad.dtype))
    assert.is_true(weight.requires_grad and weight.is_leaf and core.is_parameter(weight))
    assert.are.equal("float64", tostring(net(ty.ones(1, 4, {dtype = "float64"})).dtype))
    net:float()
    assert.are.equal("float32", tostring(weight.dtype))
    net:to("cpu"):cpu()
    fails("floating", function() net:to(ty.int64) end)
    fails("floating", function() net:to "int32" end)
    assert.is_false(pcall(net.to, net, "nowhere"))
  end)
end)

describe("state_dict and load_state_dict:", function()
  it("keys are PyTorch's, in order; tensors share memory and have no history", function()
    local net = nn.Sequential(Net(), nn.Linear(2, 1))
    local state = net:state_dict()
    assert.are.equal("0.fc1.weight 0.fc1.bias 0.fc2.weight 1.weight 1.bias", table.concat(ty.OrderedDict.keys(state), " "))
    assert.is_false(state["1.weight"].requires_grad)
    state["1.bias"]:fill_(7.0)
    assert.are.equal(7.0, net[2].bias:item())
  end)

  it("what one net saved, another loads", function()
    local a, b = Net(), Net()
    local x = ty.rand(3, 4)
    assert.is_false(a(x):equal(b(x)))
    local weight = b.fc1.weight
    local result = b:load_state_dict(a:state_dict())
    assert.are.same({missing_keys = {}, unexpected_keys = {}}, result)
    assert.is_true(a(x):equal(b(x)))
    assert.are.equal(weight, b.fc1.weight)
    assert.is_true(weight.requires_grad)
    a.fc1.weight:detach():fill_(0.0)
    assert.is_false(a(x):equal(b(x)))
  end)

  it("converts dtypes, as copy_ does", function()
    local a, b = nn.Linear(2, 2, {dtype = "float64"}), nn.Linear(2, 2)
    b:load_state_dict(a:state_dict())
    assert.are.equal("float32", tostring(b.weight.dtype))
    assert.is_true(b.weight:double():allclose(a.weight))
  end)

  it("takes a plain table too", function()
    local layer = nn.Linear(1, 1)
    layer:load_state_dict {weight = ty.tensor {{2.0}}, bias = ty.tensor {1.0}}
    assert.are.equal(7.0, layer(ty.tensor {3.0}):item())
  end)

  it("tells all that does not fit at once, and changes nothing", function()
    local net = Net()
    local before = net.fc1.bias:detach():clone()
    local state = net:state_dict()
    state["fc1.weight"] = ty.zeros(3, 5)
    state["fc1.bias"] = ty.zeros(3)
    state["fc2.weight"] = nil
    state["fc3.weight"] = ty.zeros(1)
    local message = message_of(function() net:load_state_dict(state) end)
    for _, part in ipairs {"nn_spec.lua:", "Net", 'Missing key(s) in state_dict: "fc2.weight"',
        'Unexpected key(s) in state_dict: "fc3.weight"', "size mismatch for fc1.weight", "{3, 5}", "{3, 4}"} do
      assert.is_truthy(message:find(part, 1, true), part .. " is not in: " .. message)
    end
    assert.is_true(before:equal(net.fc1.bias))
  end)

  it("with strict = false names may miss, but sizes must agree", function()
    local net = Net()
    local result = net:load_state_dict({["fc1.bias"] = ty.zeros(3), other = ty.ones(1)}, {strict = false})
    assert.are.same({"fc1.weight", "fc2.weight"}, result.missing_keys)
    assert.are.same({"other"}, result.unexpected_keys)
    assert.are.equal(0.0, net.fc1.bias:abs():sum():item())
    fails("size mismatch", function() net:load_state_dict({["fc1.bias"] = ty.zeros(4)}, false) end)
    fails("not a tensor", function() net:load_state_dict({["fc1.bias"] = "x"}, false) end)
    fails("state dict", function() net:load_state_dict(3) end)
  end)
end)

describe("layers:", function()
  it("ReLU in place changes its input", function()
    local x = ty.tensor {-1.0, 2.0}
    local y = nn.ReLU {inplace = true}(x)
    assert.are.equal(x, y)
    assert.are.equal(0.0, x[1]:item())
    local z = ty.tensor {-1.0, 2.0}
    assert.are_not.equal(z, nn.ReLU()(z))
    assert.are.equal(-1.0, z[1]:item())
  end)

  it("Dropout does nothing in eval mode, and changes its input when asked to", function()
    local x = ty.ones(100)
    local layer = nn.Dropout(0.5)
    assert.is_true(layer:eval()(x):equal(x))
    assert.is_false(layer:train()(x):equal(x))
    assert.is_true(x:equal(ty.ones(100)))
    local inplace = nn.Dropout(0.5, true)
    assert.are.equal(x, inplace(x))
    assert.is_false(x:equal(ty.ones(100)))
    assert.are.equal(0.0, nn.Dropout(1)(ty.ones(5)):sum():item())
  end)

  it("Identity takes any arguments and gives back what it gets", function()
    local x = ty.ones(2)
    assert.are.equal(x, nn.Identity(54, {unused = true})(x))
  end)

  it("Linear without inputs or outputs is no error", function()
    assert.are.equal("2,0", table.concat(nn.Linear(3, 0)(ty.ones(2, 3)).shape, ","))
    assert.are.equal("2,3", table.concat(nn.Linear(0, 3)(ty.ones(2, 0)).shape, ","))
  end)

  it("options by position and by name are the same", function()
    assert.is_nil(nn.Linear(2, 2, false).bias)
    assert.is_nil(nn.Linear {in_features = 2, out_features = 2, bias = false}.bias)
    assert.are.equal(0.3, nn.Dropout {p = 0.3}.p)
  end)

  it("losses without modules are the same as F's", function()
    local x, y = ty.rand(3, 4), ty.tensor {1, 4, 2}
    assert.are.equal(F.cross_entropy(x, y):item(), nn.CrossEntropyLoss()(x, y):item())
    assert.are.equal(nn.functional.relu, F.relu)
  end)
end)

describe("bad input is an error that says what was wrong:", function()
  local bad = {
    {"nn.Linear()", "in_features"}, {"nn.Linear(3)", "out_features"}, {"nn.Linear(-1, 2)", "in_features"},
    {"nn.Linear(2.5, 2)", "in_features"}, {"nn.Linear('3', 2)", "in_features"}, {"nn.Linear(3, 2, {biass = false})", "bias"},
    {"nn.Linear(3, 2, 1)", "bias"}, {"nn.Linear(3, 2, {dtype = 'float31'})", "float31"},
    {"nn.Linear(3, 2, {dtype = 'int64'})", "int64"},
    {"nn.ReLU(3)", "inplace"}, {"nn.ReLU()(3)", "tensor"}, {"nn.Sigmoid(1)", "Sigmoid"}, {"nn.Tanh()('x')", "tensor"},
    {"nn.Softmax()", "dim"}, {"nn.Softmax(0)", "count from 1"}, {"nn.Softmax(3)(ty.ones(2, 2))", "dim"},
    {"nn.LogSoftmax('1')", "dim"}, {"nn.LogSoftmax(1)(ty.tensor{1, 2})", "int64"},
    {"nn.Dropout(1.5)", "probability"}, {"nn.Dropout(-0.1)", "probability"}, {"nn.Dropout('a')", "probability"},
    {"nn.Dropout()(nil)", "input"}, {"nn.Flatten(0)", "count from 1"}, {"nn.Flatten()(ty.ones(3))", "flatten"},
    {"nn.Flatten(3, 2)(ty.ones(2, 2, 2))", "flatten"}, {"nn.MSELoss{reduction = 'avg'}", "reduction"},
    {"nn.MSELoss()(ty.ones(2))", "target"}, {"nn.MSELoss()(ty.ones(2), ty.ones(3))", "mse_loss"},
    {"nn.CrossEntropyLoss{reduction = 3}", "reduction"}, {"nn.CrossEntropyLoss{label_smoothing = 2}", "label_smoothing"},
    {"nn.CrossEntropyLoss{weights = ty.ones(3)}", "weight"}, {"nn.CrossEntropyLoss(3)", "weight"},
    {"nn.CrossEntropyLoss()(ty.ones(2, 3), ty.tensor{1, 4})", "4"},
    {"nn.CrossEntropyLoss()(ty.ones(2, 3), ty.tensor{0, 1})", "from 1"},
    {"nn.CrossEntropyLoss()(ty.ones(2, 3), ty.tensor{1, 2, 3})", "3"},
    {"nn.NLLLoss{ignore_index = 1.5}", "ignore_index"}, {"nn.NLLLoss()(ty.ones(2, 3), ty.tensor{1.5, 2})", "target"},
    {"nn.NLLLoss{weight = ty.ones(2)}(ty.ones(2, 3), ty.tensor{1, 2})", "weight"},
    {"nn.Linear(3, 2)(ty.ones(2, 4))", "4"}, {"nn.Linear(3, 2)(ty.tensor{1, 2, 3})", "int64"}, {"nn.Linear(3, 2)()", "input"},
    {"Net()(ty.ones(2, 5))", "5"},
  }
  for _, entry in ipairs(bad) do
    it(entry[1], function()
      local message = message_of(build, entry[1])
      assert.is_truthy(message:find(entry[2], 1, true), ("%q is not in: %s"):format(entry[2], message))
    end)
  end
end)
