-- Files as a user meets them: what is saved comes back, PyTorch's files are read, errors say where and what to do. The
-- format itself is tested in C (test_io.c, test_io_hostile.c).
local ty = require "tycho"
local nn, optim, OrderedDict = ty.nn, ty.optim, ty.OrderedDict

local golden = "tests/golden/files/"
local folder

local function path(name) return folder .. "/" .. name end

local function spill(name, bytes)
  local f = assert(io.open(path(name), "wb"))
  f:write(bytes)
  f:close()
end

local function round_trip(value)
  ty.save(value, path "round_trip.pt")
  return ty.load(path "round_trip.pt")
end

-- The message of a failing call; its position must be in this file.
local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(text:find("io_spec.lua:", 1, true), text)
  return text
end

describe("files", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)
  teardown(function() os.execute("rm -rf " .. folder) end)

  describe("save and load", function()
    it("keep numbers, strings, booleans and tables", function()
      local values = {1, -1, 2^53 | 0, math.maxinteger, 0.5, 1e300, 1 / 0, "", "häß\0lich", "\255\0raw", true, false}
      for _, value in ipairs(values) do
        local back = round_trip(value)
        assert.equal(value, back)
        assert.equal(math.type(value), math.type(back))
      end
      assert.is_nil(round_trip(nil))
      local nan = round_trip(0 / 0)
      assert.is_true(nan ~= nan)
      local tree = {name = "x", list = {1, 2.5, {"a", {}}}, [7] = "seven", [2.5] = true, [true] = false, [-1] = {}}
      assert.same(tree, round_trip(tree))
    end)

    it("keep tensors of every dtype, their shape, and what they share", function()
      for _, name in ipairs {"float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"} do
        local x = ty.tensor({{1, 0, 1}, {0, 1, 1}}, {dtype = name})
        local back = round_trip(x)
        assert.equal(name, tostring(back.dtype))
        assert.same(x:totable(), back:totable())
      end
      local x = ty.arange(6):view(2, 3)
      local back = round_trip {x = x, again = x, t = x:t(), row = x[2]}
      assert.is_true(rawequal(back.x, back.again))
      back.x:fill_(9)
      assert.same({9, 9, 9}, back.row:totable())
      assert.same({{9, 9}, {9, 9}, {9, 9}}, back.t:totable())
      assert.same({}, round_trip(ty.zeros(0)):totable())
      assert.equal(2.5, round_trip(ty.tensor(2.5)):item())
    end)

    it("keep requires_grad and parameters", function()
      local w = nn.Linear(2, 2).weight
      local back = round_trip {w = w, x = ty.ones(2, {requires_grad = true}), y = ty.ones(2)}
      assert.is_true(back.w.requires_grad)
      assert.is_true(back.x.requires_grad)
      assert.is_false(back.y.requires_grad)
      assert.same(w:totable(), back.w:totable())
    end)

    it("carry a model and its optimiser on", function()
      local function network()
        ty.manual_seed(1)
        return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
      end
      local x, y = ty.randn(8, 3), ty.randn(8, 1)
      local function train(net, opt, steps)
        for _ = 1, steps do
          opt:zero_grad()
          ty.F.mse_loss(net(x), y):backward()
          opt:step()
        end
      end
      local net = network()
      local opt = optim.Adam(net:parameters(), {lr = 0.05})
      train(net, opt, 3)
      ty.save({net = net:state_dict(), opt = opt:state_dict(), epoch = 3}, path "checkpoint.pt")
      train(net, opt, 3)

      local other = network()
      local again = optim.Adam(other:parameters(), {lr = 1})
      local checkpoint = ty.load(path "checkpoint.pt")
      assert.equal(3, checkpoint.epoch)
      assert.is_true(OrderedDict.is(checkpoint.net))
      other:load_state_dict(checkpoint.net)
      again:load_state_dict(checkpoint.opt)
      train(other, again, 3)
      for name, value in pairs(net:state_dict()) do
        assert.same(value:totable(), other:state_dict()[name]:totable())
      end
    end)

    it("say tuples, lists and dicts again", function()
      local value = {ty.io.tuple {1, 2}, ty.io.list {}, ty.io.dict {"a", "b"}, {}, ty.io.tuple {}}
      local back = round_trip(round_trip(value))
      for i, name in ipairs {"tuple", "list", "dict"} do assert.equal(name, getmetatable(back[i]).__name) end
      assert.is_nil(getmetatable(back[4]))
      assert.equal("tuple", getmetatable(back[5]).__name)
      assert.same({1, 2}, back[1])
      assert.same({"a", "b"}, back[3])
      local shape = round_trip(ty.ones(2, 3).shape)
      assert.same({2, 3}, {shape[1], shape[2]})
      assert.equal("tuple", getmetatable(shape).__name)
      assert.equal("float32", round_trip(ty.float32))
      assert.equal("cpu", round_trip(ty.ones(1).device))
    end)

    it("keep the order of an OrderedDict", function()
      local d = OrderedDict()
      for i = 50, 1, -1 do d["k" .. i] = i end
      d.k7 = nil
      local back = round_trip(d)
      assert.equal(49, #back)
      assert.same(OrderedDict.keys(d), OrderedDict.keys(back))
    end)

    it("write null as None", function()
      local back = round_trip {1, ty.io.null, {x = ty.io.null, y = 2}}
      assert.equal(ty.io.null, back[2])
      assert.same({y = 2}, back[3])
      assert.equal("null", tostring(ty.io.null))
    end)

    it("make the same file of the same value", function()
      local function bytes(value)
        ty.save(value, path "bytes.pt")
        local f = assert(io.open(path "bytes.pt", "rb"))
        local text = f:read "a"
        f:close()
        return text
      end
      local a, b = {}, {}
      for i = 1, 100 do a["k" .. i] = i end
      for i = 100, 1, -1 do b["k" .. i] = i end
      assert.equal(bytes(a), bytes(b))
    end)

    it("hold a thousand tables in one another, and no more", function()
      local function nest(depth)
        local value = {}
        for _ = 2, depth do value = {x = value} end
        return value
      end
      local back, depth = round_trip(nest(1000)), 1
      while back.x do back, depth = back.x, depth + 1 end
      assert.equal(1000, depth)
      assert.truthy(message(ty.save, nest(1001), path "deep.pt"):find("more than 1000", 1, true))
      assert.truthy(message(ty.save, nest(100000), path "deep.pt"):find("more than 1000", 1, true))
      local co = coroutine.wrap(function() return round_trip(nest(1000)) end)
      assert.is_table(co())
    end)

    it("keep memory flat when a checkpoint is saved again and again", function()
      local value = {w = ty.randn(256, 256), list = {1, 2, 3}}
      collectgarbage()
      local before = ty.memory_stats and ty.memory_stats().live or require "tycho.core".memory_stats().live
      for _ = 1, 100 do
        ty.save(value, path "flat.pt")
        ty.load(path "flat.pt")
        pcall(ty.save, {value, print}, path "flat.pt")
      end
      collectgarbage()
      collectgarbage()
      assert.truthy(require "tycho.core".memory_stats().live - before < 2 << 20)
    end)
  end)

  describe("errors", function()
    it("name the place of what cannot be saved", function()
      local function refused(value) return message(ty.save, value, path "bad.pt") end
      assert.truthy(refused({model = {forward = print}}):find(
        "save: value.model.forward is a function, which is not data; save a state dict", 1, true))
      assert.truthy(refused({[3] = {["a b"] = coroutine.create(print)}}):find('value[3]["a b"] is a thread', 1, true))
      assert.truthy(refused(io.stdout):find("value is a", 1, true))
      assert.truthy(refused({net = nn.Linear(2, 2)}):find(
        "value.net is an object with code, not data; save its state: value.net:state_dict()", 1, true))
      assert.truthy(refused(nn.Linear(2, 2)):find("value:state_dict()", 1, true))
      local loop = {}
      loop.a = {loop}
      assert.truthy(refused(loop):find("value.a[1] contains itself", 1, true))
      assert.truthy(refused({[{}] = 1}):find("has a key that files cannot hold", 1, true))
      assert.truthy(refused({[print] = 1}):find("as a key", 1, true))
      assert.is_nil(io.open(path "bad.pt"))
    end)

    it("tell wrong arguments", function()
      assert.truthy(message(ty.save, {}):find("a value and a path are needed", 1, true))
      assert.truthy(message(ty.save, "x.pt", {}):find("the value comes first", 1, true))
      assert.truthy(message(ty.save, {}, 3):find("path must be a string", 1, true))
      assert.truthy(message(ty.save, {}, "a\0b"):find("0 byte", 1, true))
      assert.truthy(message(ty.load):find("'path' is missing", 1, true))
      assert.truthy(message(ty.io.tuple, 3):find("a table is needed", 1, true))
      assert.truthy(message(ty.io.list, OrderedDict()):find("has a metatable", 1, true))
    end)

    it("tell what is wrong with a file, and what to do", function()
      assert.truthy(message(ty.load, path "none.pt"):find("none.pt: No such file", 1, true))
      assert.truthy(message(ty.save, {}, path "no/x.pt"):find("does not exist; make it first", 1, true))
      local text = message(ty.load, golden .. "refused_module.pt")
      assert.truthy(text:find("torch.save(model.state_dict(), path)", 1, true))
      spill("text.pt", "not a model")
      assert.truthy(message(ty.load, path "text.pt"):find("is not a file of torch.save", 1, true))
    end)
  end)

  describe("PyTorch's files", function()
    it("are read", function()
      local state = ty.load(golden .. "state_dict.pt")
      local names = OrderedDict.keys(state)
      assert.equal(9, #state)
      assert.equal("0.weight", names[1])
      assert.equal("3.bias", names[9])
      local net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
      net[1].weight:detach():copy_(state["0.weight"])
      local plain = ty.load(golden .. "plain.pt")
      assert.is_nil(plain.none)
      assert.is_true(plain["true"])
      assert.equal("héllo ✓ 😀", plain.text[2])
      assert.equal("ab\0\255", plain.bytes[2])
      assert.equal("one", plain.keys[1])
      assert.equal("none", plain.keys[ty.io.null])
      assert.same({"z", "a", "m"}, OrderedDict.keys(plain.ordered))
      local adam = ty.load(golden .. "optimizer.pt").optimizer
      assert.equal(1, adam.state[0].step:item())
      assert.same({0.9, 0.999}, adam.param_groups[1].betas)
      local tied = ty.load(golden .. "tied.pt")
      assert.is_true(rawequal(tied.encoder, tied.decoder))
      assert.is_true(tied.encoder.requires_grad)
      assert.same({{0, 6, 12, 18}, {1, 7, 13, 19}}, ty.load(golden .. "views.pt")[2][{{1, 2}, {}}]:totable())
    end)
  end)

  describe("IDX files", function()
    it("are read as tensors", function()
      spill("x.idx", "\0\0\8\2\0\0\0\2\0\0\0\3\1\2\3\4\5\6")
      local x = ty.io.load_idx(path "x.idx")
      assert.equal("uint8", tostring(x.dtype))
      assert.same({{1, 2, 3}, {4, 5, 6}}, x:totable())
      spill("x.idx", "\0\0\8\2\0\0\0\2\0\0\0\3\1\2\3\4\5")
      assert.truthy(message(ty.io.load_idx, path "x.idx"):find("holds 17 bytes where its header promises 18", 1, true))
    end)
  end)

  describe("downloads", function()
    local abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    it("make the file only when its checksum is right", function()
      spill("abc", "abc")
      assert.equal(abc, ty.io.sha256(path "abc"))
      local url, told = "file://" .. path "abc", 0
      assert.truthy(message(ty.io.download, url, path "got"):find("only https", 1, true))
      assert.truthy(message(ty.io.download, url, path "got", {sha256 = ("0"):rep(64), insecure = true}):find(
        "its SHA-256 is ba78", 1, true))
      assert.is_nil(io.open(path "got"))
      local function progress() told = told + 1 end
      ty.io.download(url, path "new/folder/got", {sha256 = abc, insecure = true, progress = progress})
      assert.equal(abc, ty.io.sha256(path "new/folder/got"))
      assert.truthy(told > 0)
    end)

    it("stop when progress says so, or fails", function()
      local url = "file://" .. path "abc"
      local function stop() return true end
      local function fail() error {code = 7} end
      local text = message(ty.io.download, url, path "got", {insecure = true, progress = stop})
      assert.truthy(text:find("interrupted", 1, true))
      local ok, failure = pcall(ty.io.download, url, path "got", {insecure = true, progress = fail})
      assert.is_false(ok)
      assert.equal(7, failure.code)
      assert.is_nil(io.open(path "got"))
      text = message(ty.io.download, "https://127.0.0.1:1/x", path "got")
      assert.truthy(text:find("connected to the network", 1, true))
    end)
  end)
end)

describe("OrderedDict", function()
  local function walk(d)
    local text = {}
    for k, v in pairs(d) do text[#text + 1] = k .. "=" .. tostring(v) end
    return table.concat(text, " ")
  end

  it("walks in the order in which keys came", function()
    local d = OrderedDict()
    d.z = 1
    d.a = 2
    d.m = 3
    assert.equal("z=1 a=2 m=3", walk(d))
    d.a = 5
    assert.equal("z=1 a=5 m=3", walk(d))
    d.z = nil
    assert.equal("a=5 m=3", walk(d))
    assert.equal(2, #d)
    d.z = 7
    assert.equal("a=5 m=3 z=7", walk(d))
    d.a = nil
    d.a = 8
    d.a = nil
    d.a = 9
    assert.equal("m=3 z=7 a=9", walk(d))
    assert.same({"m", "z", "a"}, OrderedDict.keys(d))
    assert.same({3, 7, 9}, OrderedDict.values(d))
    d.none = nil
    assert.equal(3, #d)
    assert.is_nil(d.keys)
  end)

  it("lets keys be taken out on the way", function()
    local d = OrderedDict {{"a", 1}, {"b", 2}, {"c", 3}}
    for k in pairs(d) do d[k] = nil end
    assert.equal(0, #d)
    assert.equal("", walk(d))
  end)

  it("is made of pairs or of another", function()
    local d = OrderedDict {{"b", 1}, {"a", 2}}
    assert.equal("b=1 a=2", walk(OrderedDict(d)))
    assert.is_true(OrderedDict.is(d))
    assert.is_false(OrderedDict.is {})
    assert.truthy(message(OrderedDict, {a = 1}):find("no order", 1, true))
    assert.truthy(message(OrderedDict, {1}):find("entry 1 must be a pair", 1, true))
    assert.truthy(message(OrderedDict.keys, {}):find("an OrderedDict is needed", 1, true))
  end)

  it("prints what it holds", function()
    assert.equal("OrderedDict{}", tostring(OrderedDict()))
    local d = OrderedDict {{"w", ty.ones(2, 3)}, {"n", 5}}
    assert.equal('OrderedDict{\n  ["w"] = tensor float32{2, 3},\n  ["n"] = 5\n}', tostring(d))
  end)
end)
