--[[
Normalisations, embeddings, containers, smaller layers and initialisers as modules: values, gradients, draws, printing and
keys against PyTorch's (tests/golden/modules.lua, by make_modules.py); what containers and lookups do; copies and states.
]]

local ty = require "tycho"
local golden = require "support.golden"

local nn, F = ty.nn, ty.F
local reference = assert(loadfile(golden.folder .. "modules.lua"))()

local function build(text) return assert(load("local ty, nn, F = ...; return " .. text))(ty, nn, F) end

local function fails(text, f, ...)
  local ok, message = pcall(f, ...)
  if ok then error("an error was expected", 2) end
  if not tostring(message):find(text, 1, true) then
    error(("expected an error with %q, got %q"):format(text, message), 2)
  end
end

describe("a module gives PyTorch's values, gradients and draws:", function()
  for i, case in ipairs(reference.layers) do
    it(("%s (%d)"):format(case[1], i), function()
      ty.manual_seed(0)
      local f
      local wrong = golden.check(case, function(...)
        f = f or build(case[1]) -- made where an error of the constructor counts as the case's
        return f(...)
      end)
      if wrong then error(wrong, 0) end
    end)
  end
end)

-- {text, running_mean, running_var, num_batches_tracked, output in eval mode}
describe("running statistics move as PyTorch's:", function()
  for _, row in ipairs(reference.running) do
    it(row[1], function()
      local module = build(row[1])
      local dtype = row[1]:find "float16" and "float16" or "float32"
      for step = 0, 2 do module(golden.tensor(("!%s 4,3,2 s%d"):format(dtype, step))) end
      local out = module:eval()(golden.tensor(("!%s 4,3,2"):format(dtype)))
      local tensors = {module.running_mean, module.running_var, module.num_batches_tracked, out}
      for i, x in ipairs(tensors) do
        local wrong = golden.differs(x, row[i + 1])
        if wrong then error(("value %d: %s"):format(i, wrong), 0) end
      end
      assert.equal("int64", tostring(module.num_batches_tracked.dtype))
    end)
  end

  it("in float16 as they would in float32, rounded", function()
    ty.manual_seed(0)
    local x, mean, var = ty.randn(4, 3, 5, {dtype = "float16"}), ty.zeros(3, {dtype = "float16"}), ty.ones(3, {dtype = "float16"})
    local wide_mean, wide_var = ty.zeros(3), ty.ones(3)
    for _, f in ipairs {F.instance_norm, function(a, m, v) return F.batch_norm(a, m, v, {training = true}) end} do
      local y, wide = f(x, mean, var), f(x:float(), wide_mean, wide_var)
      assert.equal("float16", tostring(y.dtype))
      assert.is_true(y:equal(wide:half()))
      assert.is_true(ty.allclose(mean:float(), wide_mean, 2e-3, 1e-3) and ty.allclose(var:float(), wide_var, 2e-3, 1e-3))
    end
  end)

  it("not in eval mode, and not when they are not tracked", function()
    local norm = nn.BatchNorm1d(3):eval()
    norm(ty.randn(4, 3))
    assert.is_true(norm.running_mean:eq(0):all():item())
    assert.equal(0, norm.num_batches_tracked:item())
    assert.is_nil(nn.BatchNorm1d(3, {track_running_stats = false}).running_mean)
    norm:train()(ty.randn(4, 3))
    norm:reset_parameters()
    assert.is_true(norm.running_mean:eq(0):all():item())
    assert.equal(0, norm.num_batches_tracked:item())
  end)
end)

-- {text, names of the state, values, {[name] = gradient}}
describe("weights that are computed have PyTorch's state, values and gradients:", function()
  for _, row in ipairs(reference.computed) do
    it(row[1], function()
      ty.manual_seed(0)
      local module = build(row[1])
      local y = module(golden.tensor "!float32 4,3");
      (y * y):sum():backward()
      local state = module:state_dict()
      assert.same(row[2], ty.OrderedDict.keys(state))
      for i, name in ipairs(row[2]) do
        local wrong = golden.differs(state[name], row[3][i])
        if wrong then error(name .. ": " .. wrong, 0) end
      end
      for name, p in module:named_parameters() do
        local wrong = golden.differs(p.grad, row[4][name])
        if wrong then error("gradient of " .. name .. ": " .. wrong, 0) end
      end
    end)
  end

  it("are parameters again after their removal, and learn before it", function()
    ty.manual_seed(0)
    local x = ty.randn(4, 3)
    for kind, remove in pairs {weight_norm = nn.utils.remove_weight_norm, spectral_norm = nn.utils.remove_spectral_norm} do
      local net = nn.utils[kind](nn.Linear(3, 2))
      local opt = ty.optim.SGD(net:parameters(), {lr = 0.1})
      local before = net(x)
      before:sum():backward()
      opt:step()
      net:eval()
      local after = net(x)
      assert.is_false(ty.allclose(before, after))
      local twin = net:clone()
      assert.is_true(ty.allclose(twin(x), after))
      ty.no_grad(function() twin:parameters()[2]:fill_(1.0) end)
      assert.is_true(ty.allclose(net(x), after))
      assert.equal(net, remove(net))
      assert.is_true(ty.allclose(net(x), after))
      assert.equal("Linear(in_features=3, out_features=2, bias=true)", tostring(net))
      assert.same({"bias", "weight"}, ty.OrderedDict.keys(net:state_dict()))
      assert.is_true(net.weight.requires_grad)
      fails("not computed", remove, net)
    end
    local net = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    local y = net(x)
    nn.utils.parametrize.remove_parametrizations(net, "weight")
    assert.is_true(ty.allclose(net(x), y))
    assert.same({"bias", "weight"}, ty.OrderedDict.keys(net:state_dict()))
  end)

  it("refuse what has no such weight", function()
    fails("no parameter 'weight'", nn.utils.weight_norm, nn.ReLU())
    fails("a module is needed", nn.utils.spectral_norm, 3)
    fails("computed already", nn.utils.spectral_norm, nn.utils.weight_norm(nn.Linear(2, 2)))
    fails("dim", nn.utils.weight_norm, nn.Linear(2, 2), {dim = 3})
  end)
end)

describe("nn.utils", function()
  it("fuses a layer and the batch norm behind it", function()
    ty.manual_seed(0)
    for _, case in ipairs {
      {nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), ty.randn(3, 2, 6), nn.utils.fuse_conv_bn_eval},
      {nn.Conv2d(2, 4, 3, {bias = false}), nn.BatchNorm2d(4, {affine = false}), ty.randn(3, 2, 6, 6), nn.utils.fuse_conv_bn_eval},
      {nn.Linear(3, 4), nn.BatchNorm1d(4), ty.randn(5, 3), nn.utils.fuse_linear_bn_eval},
    } do
      local layer, norm, x, fuse = table.unpack(case)
      for _ = 1, 3 do norm(layer(x)) end
      fails("eval mode", fuse, layer, norm)
      layer:eval()
      norm:eval()
      local fused = fuse(layer, norm)
      assert.equal(layer:type_name(), fused:type_name())
      assert.is_true(ty.allclose(fused(x), norm(layer(x)), 1e-4, 1e-5))
    end
    fails("a layer and a batch norm", nn.utils.fuse_conv_bn_eval, nn.ReLU())
  end)

  it("takes norms of several tensors, and PyTorch's switch foreach", function()
    local p = nn.Parameter(ty.tensor {3.0, 4.0})
    p.grad = ty.tensor {3.0, 4.0}
    local total = nn.utils.get_total_norm({p.grad, ty.tensor {12.0}}, {foreach = true})
    assert.equal(13.0, total:item())
    nn.utils.clip_grads_with_norm_({p}, 6.5, total)
    assert.is_true(ty.allclose(p.grad, ty.tensor {1.5, 2.0}))
    assert.is_true(ty.allclose(nn.utils.clip_grad_norm_({p}, 1.0, {foreach = false}), ty.tensor(2.5)))
    nn.utils.clip_grad_value_({p}, 0.5, {foreach = true})
    assert.equal(0.5, p.grad[1]:item())
  end)
end)

describe("keys of state dicts are PyTorch's:", function()
  for _, row in ipairs(reference.keys) do
    it(row[1], function()
      local names = {}
      for name in pairs(build(row[1]):state_dict()) do names[#names + 1] = name end
      assert.same(row[2], names)
    end)
  end
end)

describe("printing is PyTorch's:", function()
  for _, row in ipairs(reference.printed) do
    it(row[1], function() assert.equal(row[2], tostring(build(row[1]))) end)
  end
end)

describe("an initialiser draws what PyTorch's draws:", function()
  for _, row in ipairs(reference.initial) do
    it(row[1], function()
      ty.manual_seed(0)
      local wrong = golden.differs(build(row[1]), row[2])
      if wrong then error(wrong, 0) end
    end)
  end

  it("takes a generator, and parameters", function()
    local a = nn.init.orthogonal_(ty.empty(3, 3), 1, ty.Generator():manual_seed(3))
    local b = nn.init.orthogonal_(nn.Parameter(ty.empty(3, 3)), {generator = ty.Generator():manual_seed(3)})
    assert.is_true(a:equal(b:detach()))
    assert.is_true(b.requires_grad)
    assert.is_true(nn.init.eye_(nn.Parameter(ty.empty(2, 2))):detach():equal(ty.eye(2)))
  end)

  it("refuses what has no such structure", function()
    fails("2 dimensions", nn.init.eye_, ty.empty(3))
    fails("3 to 5 dimensions", nn.init.dirac_, ty.empty(3, 3))
    fails("groups", nn.init.dirac_, ty.empty(3, 3, 1), 2)
    fails("dimensions", nn.init.orthogonal_, ty.empty(3))
    fails("sparsity", nn.init.sparse_, ty.empty(3, 3), 2)
    fails("floating", nn.init.eye_, ty.zeros(2, 2, {dtype = "int64"}))
  end)
end)

describe("batch_norm over more rows and columns than a block:", function()
  for _, shape in ipairs {{300, 70}, {5, 130}, {3, 5, 70}, {2, 3, 5000}, {9000, 1}, {40, 2, 3}} do
    it(table.concat(shape, "x"), function()
      ty.manual_seed(1)
      local x = ty.randn(shape, {dtype = "float64", requires_grad = true})
      local dims = #shape == 2 and {1} or {1, 3}
      local mean, var = x:mean(dims, true), x:var(dims, {correction = 0, keepdim = true})
      local wanted, weights = (x - mean) / (var + 1e-5):sqrt(), ty.randn(shape, {dtype = "float64"})
      local got = F.batch_norm(x, {training = true})
      assert.is_true(ty.allclose(got, wanted, 1e-10, 1e-10))
      local a, b = ty.grad({(wanted * weights):sum()}, {x})[1], ty.grad({(got * weights):sum()}, {x})[1]
      assert.is_true(ty.allclose(a, b, 1e-9, 1e-9))
      assert.is_true(ty.allclose(F.batch_norm(x:float(), {training = true}):double(), wanted, 1e-4, 1e-5))
    end)
  end

  it("and layer_norm's, with the gradients of weight and bias", function()
    ty.manual_seed(1)
    for _, shape in ipairs {{700, 33}, {3, 5000}, {1, 7}} do
      local x = ty.randn(shape, {dtype = "float64", requires_grad = true})
      local w = ty.randn(shape[2], {dtype = "float64", requires_grad = true})
      local b = ty.randn(shape[2], {dtype = "float64", requires_grad = true})
      local mean, var = x:mean(2, true), x:var(2, {correction = 0, keepdim = true})
      local wanted = (x - mean) / (var + 1e-5):sqrt() * w + b
      local weights = ty.randn(shape, {dtype = "float64"})
      local one = ty.grad({(wanted * weights):sum()}, {x, w, b})
      local two = ty.grad({(F.layer_norm(x, {shape[2]}, w, b) * weights):sum()}, {x, w, b})
      for i = 1, 3 do assert.is_true(ty.allclose(one[i], two[i], 1e-9, 1e-9)) end
    end
  end)

  it("does not depend on the number of threads", function()
    ty.manual_seed(1)
    local was, results = ty.get_num_threads(), {}
    local x, w = ty.randn(200, 300, {requires_grad = true}), ty.randn(300, {requires_grad = true})
    for i, n in ipairs {1, 3} do
      ty.set_num_threads(n)
      local grads = ty.grad({(F.layer_norm(x, {300}, w) * x):sum()}, {x, w})
      local table_grad = ty.grad({(F.embedding(ty.tensor {1, 7, 1, 200}, x) * w):sum()}, {x})[1]
      results[i] = {grads[1], grads[2], table_grad}
    end
    ty.set_num_threads(was)
    for i = 1, 3 do assert.is_true(results[1][i]:equal(results[2][i])) end
  end)
end)

describe("embeddings", function()
  it("draw normal numbers, then zeros for the padding, and leave it out of gradients", function()
    local table_ = nn.Embedding(4, 3, 2)
    assert.is_true(table_.weight[2]:eq(0):all():item())
    table_(ty.tensor {2, 1}):sum():backward()
    assert.is_true(table_.weight.grad[2]:eq(0):all():item())
    assert.is_true(table_.weight.grad[1]:eq(1):all():item())
  end)

  it("take a table", function()
    local weight = ty.randn(4, 3)
    local table_ = nn.Embedding.from_pretrained(weight)
    assert.is_false(table_.weight.requires_grad)
    assert.is_true(table_(ty.tensor {3}):equal(weight[{{3, 3}}]))
    assert.is_true(nn.Embedding.from_pretrained(weight, false).weight.requires_grad)
    assert.is_true(nn.EmbeddingBag.from_pretrained(weight, {mode = "sum"})(ty.tensor {{3, 1}}):allclose(weight[3] + weight[1]))
    assert.is_true(nn.Embedding:from_pretrained(weight)(ty.tensor {1}):equal(weight[{{1, 1}}]))
    fails("table", nn.Embedding.from_pretrained, ty.ones(3))
  end)

  it("scale rows in place to max_norm", function()
    local table_ = nn.Embedding(3, 2, {max_norm = 1.0})
    table_.weight.data = ty.tensor {{3.0, 4.0}, {0.3, 0.4}, {6.0, 8.0}}
    local out = table_(ty.tensor {1, 2})
    assert.is_true(ty.allclose(out, ty.tensor {{0.6, 0.8}, {0.3, 0.4}}))
    assert.is_true(table_.weight[3]:detach():equal(ty.tensor {6.0, 8.0}))
    out:sum():backward()
    assert.is_true(ty.allclose(table_.weight.grad, ty.tensor {{1.0, 1.0}, {1.0, 1.0}, {0.0, 0.0}}))
  end)

  it("refuse sparse gradients, wrong rows and wrong options", function()
    fails("no sparse gradients", nn.Embedding, 3, 2, {sparse = true})
    fails("no sparse gradients", F.embedding, ty.tensor {1}, ty.ones(2, 2), {sparse = true})
    fails("no sparse gradients", F.embedding_bag, ty.tensor {{1}}, ty.ones(2, 2), {sparse = true})
    fails("rows 1 to 2", F.embedding, ty.tensor {3}, ty.ones(2, 2))
    fails("count from 1", F.embedding, ty.tensor {0}, ty.ones(2, 2))
    fails("padding_idx", nn.Embedding, 3, 2, 4)
    fails("padding_idx", F.embedding, ty.tensor {1}, ty.ones(2, 2), 3)
    fails("mode", nn.EmbeddingBag, 3, 2, {mode = "median"})
    fails("offsets", F.embedding_bag, ty.tensor {1, 2}, ty.ones(2, 2), ty.tensor {2})
    fails("offsets", F.embedding_bag, ty.tensor {1, 2, 1}, ty.ones(2, 2), ty.tensor {1, 3, 2})
    fails("shape", nn.Embedding, {num_embeddings = 3, embedding_dim = 2, _weight = ty.ones(2, 2)})
  end)
end)

describe("nn.ModuleList", function()
  local function list() return nn.ModuleList {nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)} end

  it("is a list that counts from 1 and registers what is in it", function()
    local l = list()
    assert.equal(3, #l)
    assert.equal("ReLU()", tostring(l[2]))
    assert.equal(l[3], l[-1])
    assert.is_nil(l[4])
    assert.equal(4, #l:parameters())
    local seen = {}
    for i, m in ipairs(l) do seen[i] = m:type_name() end
    assert.same({"Linear", "ReLU", "Linear"}, seen)
    local count = 0
    for _ in pairs(l) do count = count + 1 end
    assert.equal(3, count)
    assert.equal(2, #l[{2, 3}])
    assert.equal(l[2], l[{2, -1}][1])
    assert.equal(2, #l[{1, 3, 2}])
  end)

  it("grows, shrinks and changes", function()
    local l = list()
    l:append(nn.Tanh()):extend {nn.Sigmoid(), nn.ReLU()}
    assert.equal(6, #l)
    l:insert(1, nn.Identity())
    assert.equal("Identity()", tostring(l[1]))
    assert.equal("Linear", l[2]:type_name())
    assert.equal("ReLU()", tostring(l:pop()))
    l[1] = nn.Softplus()
    assert.equal("Softplus", l[1]:type_name())
    l[1] = nil
    assert.equal("Linear", l[1]:type_name())
    assert.equal("0.weight", (next(l:state_dict())) and l:state_dict() and ty.OrderedDict.keys(l:state_dict())[1])
    assert.equal(4, #nn.ModuleList():extend(l[{1, 4}]))
  end)

  it("refuses what is no module and places that are not there", function()
    local l = list()
    fails("modules", nn.ModuleList, {1, 2})
    fails("modules", nn.ModuleList, nn.ReLU())
    fails("must be a module", l.append, l, 3)
    fails("module", l.insert, l, 1, 3)
    fails("there is no item 7", l.pop, l, 7)
    fails("count from 1", function() return l[0] end)
    fails("there is no item 5", function() l[5] = nn.ReLU() end)
    fails("forward", l, ty.ones(1))
  end)
end)

describe("nn.Sequential", function()
  it("inserts, extends, pops, slices and takes another module at a place", function()
    local net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    net:extend {nn.Linear(3, 1)}:insert(2, nn.Tanh())
    assert.equal("Tanh()", tostring(net[2]))
    assert.same({4, 1}, {#net, #net:parameters() // 4})
    assert.equal("3.weight", ty.OrderedDict.keys(net:state_dict())[3])
    assert.equal("Sequential", net[{2, 3}]:type_name())
    assert.equal(net[2], net[{2, 3}][1])
    net[2] = nn.Identity()
    assert.equal("Identity()", tostring(net[2]))
    assert.equal("Linear", net:pop():type_name())
    net[2] = nil
    assert.equal(2, #net)
    assert.same({4, 3}, {table.unpack(net(ty.ones(4, 2)).shape)})
  end)

  it("keeps names, and does not move modules that have them", function()
    local net = nn.Sequential {{"a", nn.Tanh()}, {"b", nn.ReLU()}}
    net[1] = nn.Sigmoid()
    assert.equal("Sigmoid()", tostring(net.a))
    fails("by name", net.insert, net, 1, nn.ReLU())
    assert.equal("ReLU()", tostring(net:pop(2)))
    assert.equal("Sequential(\n  (a): Sigmoid()\n)", tostring(net))
  end)
end)

describe("nn.ModuleDict", function()
  it("holds modules by name in order", function()
    local d = nn.ModuleDict {{"b", nn.ReLU()}, {"a", nn.Linear(1, 1)}}
    assert.same({"b", "a"}, d:keys())
    assert.same({"a", "b"}, nn.ModuleDict {b = nn.ReLU(), a = nn.Tanh()}:keys())
    assert.equal(2, #d)
    assert.equal("ReLU()", tostring(d.b))
    assert.equal("ReLU()", tostring(d["b"]))
    d.c = nn.Tanh()
    assert.is_true(d:contains "c")
    assert.equal("Tanh()", tostring(d:pop "c"))
    assert.is_false(d:contains "c")
    d:update(nn.ModuleDict {z = nn.Tanh()})
    local names = {}
    for name, m in pairs(d) do names[#names + 1] = name .. m:type_name() end
    assert.same({"bReLU", "aLinear", "zTanh"}, names)
    d:clear()
    assert.equal(0, #d)
  end)

  it("refuses names of its methods, and what is no module", function()
    fails("already", nn.ModuleDict, {keys = nn.ReLU()})
    fails("must be a module", nn.ModuleDict, {a = 3})
    fails("without '.'", nn.ModuleDict, {["a.b"] = nn.ReLU()})
    fails("'x'", function() return nn.ModuleDict():pop "x" end)
    fails("by name", nn.ModuleDict, 3)
  end)
end)

describe("nn.ParameterList and nn.ParameterDict", function()
  it("make parameters of tensors", function()
    local l = nn.ParameterList {ty.ones(1), nn.Parameter(ty.ones(2), false)}
    assert.is_true(l[1].requires_grad)
    assert.is_false(l[-1].requires_grad)
    l:append(ty.ones(3)):extend {ty.ones(4)}
    l[1] = ty.zeros(5)
    assert.same({5, 4}, {l[1]:numel(), #l:parameters()})
    assert.equal(4, l:pop():numel())
    assert.equal(5, l:pop(1):numel())
    assert.equal(2, #l)
    assert.equal(3, l[{2, 2}][1]:numel())
    local sizes = {}
    for i, p in ipairs(l) do sizes[i] = p:numel() end
    assert.same({2, 3}, sizes)
    local d = nn.ParameterDict {w = ty.ones(2)}
    d.b = nn.Parameter(ty.ones(1))
    d:update {w = ty.zeros(3)}
    assert.same({"w", "b"}, d:keys())
    assert.equal(3, d.w:numel())
    assert.equal(7, d:setdefault("z", ty.ones(7)):numel())
    assert.equal(1, d:get("b"):numel())
    assert.equal(3, #d:parameters())
  end)

  it("refuse other values", function()
    fails("tensors", nn.ParameterList, {1})
    fails("a tensor is needed", nn.ParameterDict, {a = 1})
    fails("there is no item 3", function()
      local l = nn.ParameterList {ty.ones(1)}
      l[3] = ty.ones(1)
    end)
  end)
end)

-- ---- Module's methods ----

local Tied = nn.class "Tied"
function Tied:init()
  self.a = nn.Linear(2, 2)
  self.b = nn.Linear(2, 2)
  self.b.weight = self.a.weight
  self.same = self.a
  self.plain = {self.a.weight, "text"}
  self:register_buffer("count", ty.tensor(3))
  self:register_buffer("cache", ty.ones(2), {persistent = false})
end

describe("tied parameters", function()
  it("are one parameter under all their names", function()
    local net = Tied()
    assert.equal(3, #net:parameters())
    assert.same({"count", "a.weight", "a.bias", "b.weight", "b.bias", "same.weight", "same.bias"},
      ty.OrderedDict.keys(net:state_dict()))
    local names = {}
    for name in net:named_parameters {remove_duplicate = false} do names[#names + 1] = name end
    assert.equal("a.weight a.bias b.weight b.bias same.weight same.bias", table.concat(names, " "))
    assert.equal(3, #net:modules())
    assert.equal(2, #net:children())
  end)

  it("stay tied in a copy, which shares nothing with the original", function()
    local net = Tied()
    net.a.weight.grad = ty.ones(2, 2)
    local twin = net:clone()
    assert.equal(twin.a.weight, twin.b.weight)
    assert.equal(twin.a, twin.same)
    assert.equal(twin.plain[1], twin.a.weight)
    assert.are_not.equal(net.a.weight, twin.a.weight)
    assert.is_true(twin.a.weight:equal(net.a.weight))
    assert.is_true(twin.a.weight.grad:equal(ty.ones(2, 2)))
    assert.equal("Tied", twin:type_name())
    ty.no_grad(function() twin.a.weight:zero_() end)
    assert.is_false(net.a.weight:equal(twin.a.weight))
    assert.equal(3, #twin:parameters())
    assert.is_false(nn.Linear(1, 1):requires_grad_(false):clone().weight.requires_grad)
    net.made = net.a.weight * 2
    fails("detach it first", net.clone, net)
  end)
end)

describe("state dicts", function()
  it("take a prefix and give the parameters themselves", function()
    local net = nn.Linear(1, 1)
    local state = net:state_dict("net.", true)
    assert.equal(net.weight, state["net.weight"])
    assert.is_false(net:state_dict {prefix = "x."}["x.weight"].requires_grad)
  end)

  it("are taken over, instead of copied, by assign", function()
    local net, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    net.weight.requires_grad = false
    local state = other:state_dict()
    net:load_state_dict(state, {assign = true})
    assert.is_false(net.weight.requires_grad)
    state.weight:fill_(7.0)
    state.running_mean:fill_(8.0)
    assert.same({7.0, 8.0}, {net.weight[1]:item(), net.running_mean[2]:item()})
  end)

  it("tell all that does not fit at once", function()
    local net = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))
    local state = {["0.weight"] = ty.ones(1, 3), ["0.bias"] = ty.ones(1), ["1.weight"] = 5, extra = ty.ones(1)}
    fails('Missing key(s) in state_dict: "1.bias"', net.load_state_dict, net, state)
    fails('Unexpected key(s) in state_dict: "extra"', net.load_state_dict, net, state)
    fails("size mismatch for 0.weight: copying a tensor with shape {1, 3} from the state dict, the shape in this model is {1, 2}",
      net.load_state_dict, net, state)
    fails("'1.weight' is 5, not a tensor", net.load_state_dict, net, state, {strict = false})
    state["0.weight"], state["1.weight"] = ty.ones(1, 2), nil
    local result = net:load_state_dict(state, false)
    assert.same({{"1.weight", "1.bias"}, {"extra"}}, {result.missing_keys, result.unexpected_keys})
    assert.is_true(net[1].weight:detach():equal(ty.ones(1, 2)))
  end)

  it("without a count of batches load into batch norms", function()
    local state = nn.BatchNorm1d(2):state_dict()
    state.num_batches_tracked = nil
    local norm = nn.BatchNorm1d(2)
    norm(ty.randn(3, 2))
    norm:load_state_dict(state)
    assert.equal(1, norm.num_batches_tracked:item())
  end)

  it("carry what get_extra_state gives", function()
    local Extra = nn.class "Extra"
    function Extra:init() self.n = 3 end
    function Extra:get_extra_state() return {n = self.n} end
    function Extra:set_extra_state(state) self.n = state.n end
    local one, two = nn.Sequential(Extra()), nn.Sequential(Extra())
    one[1].n = 7
    two:load_state_dict(one:state_dict())
    assert.equal(7, two[1].n)
    assert.equal(7, one:state_dict()["0._extra_state"].n)
  end)
end)

describe("lookups and registration", function()
  it("find modules, parameters and buffers by full name", function()
    local net = nn.Sequential(nn.Sequential(nn.BatchNorm1d(2)), nn.ReLU())
    assert.equal(net, net:get_submodule "")
    assert.equal(net[1][1], net:get_submodule "0.0")
    assert.equal(net[1][1].weight, net:get_parameter "0.0.weight")
    assert.equal(net[1][1].running_var, net:get_buffer "0.0.running_var")
    net:set_submodule("0.0", nn.Tanh())
    assert.equal("Tanh()", tostring(net[1][1]))
    fails("no module '7'", net.get_submodule, net, "0.7")
    fails("no parameter 'weight'", net.get_parameter, net, "1.weight")
    fails("no buffer 'x'", net.get_buffer, net, "x")
    fails("name is needed", net.get_parameter, net, 3)
    fails("module", net.set_submodule, net, "0.0", 3)
  end)

  it("keep a name for a parameter or buffer to come", function()
    local m = nn.Module()
    m:register_parameter("w", nil)
    m:register_buffer("b", nil)
    assert.is_nil(m.w)
    m.b = ty.ones(2)
    assert.equal(1, #m:buffers())
    fails("nn.Parameter", function() m.w = ty.ones(1) end)
    m.w = nn.Parameter(ty.ones(1))
    assert.equal(1, #m:parameters())
    fails("already", m.register_buffer, m, "w", ty.ones(1))
    fails("already", m.add_module, m, "forward", nn.ReLU())
    fails("already", m.register_parameter, m, "training", nn.Parameter(ty.ones(1)))
  end)

  it("convert by dtype, device, tensor or options", function()
    local net = nn.BatchNorm1d(2)
    assert.equal("float64", tostring(net:to(ty.ones(1, {dtype = "float64"})).weight.dtype))
    assert.equal("int64", tostring(net.num_batches_tracked.dtype))
    assert.equal("float32", tostring(net:to {dtype = ty.float32, device = "cpu"}.running_mean.dtype))
    assert.equal("float16", tostring(net:half().weight.dtype))
    assert.equal("float64", tostring(net:type(ty.float64).num_batches_tracked.dtype))
    assert.equal("{2}", tostring(net:to_empty("cpu").weight.shape))
    fails("floating", net.to, net, ty.int64)
    fails("unknown option", net.to, net, {dtyp = ty.float64})
    fails("dtype is needed", net.type, net, "integer")
  end)
end)

describe("smaller layers", function()
  it("drop whole channels, in place where that is asked for", function()
    ty.manual_seed(0)
    local x = ty.ones(2, 50, 3)
    local y = nn.Dropout1d(0.5, true)(x)
    assert.equal(x, y)
    local sums = y:sum(3)
    assert.is_true((sums:eq(0) | sums:eq(6)):all():item())
    assert.is_true(sums:eq(0):any():item())
    assert.equal(x, nn.Dropout2d(0.5):eval()(x))
  end)

  it("change their input in place", function()
    local x = ty.tensor {-1.0, 2.0}
    assert.equal(x, nn.RReLU(0.5, 0.5, true)(x))
    assert.is_true(x:equal(ty.tensor {-0.5, 2.0}))
    fails("leaf", F.leaky_relu_, ty.ones(1, {requires_grad = true}))
    assert.equal("Identity()", tostring(nn.Identity(54, {unused = 0.1})))
  end)

  it("refuse what does not fit", function()
    fails("dimensions", F.dropout1d, ty.ones(3))
    fails("probability", F.alpha_dropout, ty.ones(3), 2, true)
    fails("probability", nn.Dropout2d, 1.5)
    fails("lower", F.rrelu, ty.ones(3), 0.5, 0.1)
    fails("tau", F.gumbel_softmax, ty.ones(3), 0)
    fails("floating", F.gumbel_softmax, ty.tensor {1, 2})
    fails("channels", F.feature_alpha_dropout, ty.ones(3), 0.5, true)
    fails("in1", F.bilinear, ty.ones(2), ty.ones(3), ty.ones(1, 3, 3))
    fails("sizes", nn.Unflatten, 2, {})
    fails("multiply", nn.Unflatten(2, {4, 2}), ty.ones(2, 6))
  end)
end)
