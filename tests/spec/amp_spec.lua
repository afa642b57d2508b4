--[[
Mixed precision: the dtypes that autocast gives are PyTorch's (tests/golden/autocast.lua, by make_autocast.py), parameters and
gradients stay float32, and GradScaler scales, skips and grows as torch.amp.GradScaler.
]]

local ty = require "tycho"
local nn, F, optim = ty.nn, ty.F, ty.optim

local folder = debug.getinfo(1, "S").source:match "^@(.*)/" .. "/../golden/"

local function ramp(dtype, ...)
  local numel = 1
  for _, size in ipairs {...} do numel = numel * size end
  return ty.linspace(-1, 1, numel):reshape {...}:to(dtype)
end

describe("autocast", function()
  it("gives the dtypes of torch.autocast", function()
    local wrong = {}
    for _, row in ipairs(dofile(folder .. "autocast.lua")) do
      local text, dtype, wanted = table.unpack(row)
      local env = setmetatable({ty = ty, F = F, x = ramp(dtype, 4, 4) + ty.eye(4, {dtype = dtype}),
        image = ramp(dtype, 1, 2, 4, 4), sound = ramp(dtype, 1, 2, 8),
        volume = ramp(dtype, 1, 2, 4, 4, 4), labels = ty.tensor {0, 1, 2, 3}}, {__index = _G})
      local run = assert(load("return " .. text, text, "t", env))
      local got = tostring(ty.autocast({device = "cpu", dtype = ty.bfloat16}, run).dtype)
      if got ~= wanted then wrong[#wrong + 1] = ("%s of %s: %s, PyTorch gives %s"):format(text, dtype, got, wanted) end
    end
    assert.same({}, wrong)
  end)

  it("keeps parameters and their gradients in float32, and computes as if cast by hand", function()
    ty.manual_seed(1)
    local net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    local x, t = ty.randn(5, 6), ty.randint(1, 4, {5})
    local loss = ty.autocast({device = "cpu"}, function() return F.cross_entropy(net(x), t) end)
    loss:backward()
    local b = ty.bfloat16
    local function by_hand(layer, v) return F.linear(v:to(b), layer.weight:to(b), layer.bias:to(b)) end
    local same = F.cross_entropy(by_hand(net[3], by_hand(net[1], x):tanh()):float(), t)
    assert.equal(same:item(), loss:item())
    local grads = ty.autograd.grad(same, net:parameters())
    for i, p in ipairs(net:parameters()) do
      assert.equal(ty.float32, p.dtype)
      assert.equal(ty.float32, p.grad.dtype)
      assert.equal(0, (p.grad - grads[i]):abs():max():item())
    end
  end)

  it("casts a parameter once while it stays as it is", function()
    local w, x = ty.ones(3, 3, {requires_grad = true}), ty.ones(3, 3)
    ty.autocast({device = "cpu"}, function()
      local function cast_of(y) return y.grad_fn.next_functions[2][1] end
      local first = cast_of(x:mm(w))
      assert.equal(first, cast_of(x:mm(w)))
      ty.no_grad(function() w:mul_(2) end)
      local second = x:mm(w)
      assert.not_equal(first, cast_of(second))
      assert.equal(6, second[1][1]:item())
    end)
    local count = 0
    ty.autocast({device = "cpu", cache_enabled = false}, function()
      local a, b = x:mm(w).grad_fn.next_functions[2][1], x:mm(w).grad_fn.next_functions[2][1]
      count = a == b and 1 or 0
    end)
    assert.equal(0, count)
  end)

  it("ends with its scope, also after an error, and can be off within", function()
    local x = ty.ones(2, 2)
    assert.is_false(ty.is_autocast_enabled "cpu")
    assert.is_false(pcall(ty.autocast, {device = "cpu"}, function() error "stop" end))
    assert.is_false(ty.is_autocast_enabled "cpu")
    do
      local _ <close> = ty.autocast("cpu", "float16")
      assert.equal(ty.float16, x:mm(x).dtype)
      assert.equal(ty.float16, ty.get_autocast_dtype "cpu")
      ty.autocast({device = "cpu", enabled = false}, function() assert.equal(ty.float32, x:mm(x).dtype) end)
      assert.equal(ty.float16, x:mm(x).dtype)
    end
    assert.equal(ty.float32, x:mm(x).dtype)
    assert.equal(ty.bfloat16, ty.get_autocast_dtype "cpu")
  end)

  it("leaves float64 and what goes into a given tensor", function()
    local x, out = ty.ones(2, 2), ty.empty(2, 2)
    ty.autocast({device = "cpu"}, function()
      assert.equal(ty.float64, x:double():mm(x:double()).dtype)
      ty.mm(x, x, {out = out})
      assert.equal(ty.float32, out.dtype)
    end)
  end)

  it("runs recurrent layers, whose weights come as a list", function()
    local lstm, x = nn.LSTM(4, 6, 2), ty.randn(3, 2, 4)
    local y = ty.autocast({device = "cpu"}, function() return (lstm(x)) end)
    assert.equal(ty.bfloat16, y.dtype)
    y:float():sum():backward()
    for _, p in ipairs(lstm:parameters()) do assert.equal(ty.float32, p.grad.dtype) end
    local wide = lstm(x)
    assert.is_true((y:float() - wide):abs():max():item() < 0.02)
  end)

  it("says what it does not take", function()
    assert.error_matches(function() ty.autocast {device = "cpu", dtype = ty.float64} end,
      "must be float16 or bfloat16, got float64")
    assert.error_matches(function() ty.autocast {device = "tpu"} end, "must be \"cpu\" or \"cuda\"")
    assert.error_matches(function() ty.autocast {device = "cpu", kind = 1} end, "unknown option 'kind'")
  end)
end)

describe("GradScaler", function()
  local function setup(options)
    local w = ty.ones(2, {requires_grad = true})
    return w, optim.SGD({w}, {lr = 0.25}), ty.amp.GradScaler(options)
  end

  it("steps by the gradient without its scale, and grows", function()
    local w, opt, scaler = setup {init_scale = 8, growth_interval = 2}
    for i = 1, 4 do
      opt:zero_grad()
      local scaled = scaler:scale(w:sum())
      assert.equal(w:sum():item() * scaler:get_scale(), scaled:item())
      scaled:backward()
      scaler:step(opt)
      scaler:update()
      assert.same({1 - 0.25 * i, 1 - 0.25 * i}, w:totable())
    end
    assert.equal(32, scaler:get_scale())
  end)

  it("leaves out a step whose gradients overflowed, and shrinks", function()
    local w, opt, scaler = setup {init_scale = 8}
    for _, bad in ipairs {ty.inf, ty.nan} do
      opt:zero_grad()
      scaler:scale((w * bad):sum()):backward()
      scaler:step(opt)
      scaler:update()
      assert.same({1, 1}, w:totable())
    end
    assert.equal(2, scaler:get_scale())
  end)

  it("unscales before clipping, once", function()
    local w, opt, scaler = setup {init_scale = 1024}
    scaler:scale((w * 3):sum()):backward()
    scaler:unscale_(opt)
    assert.same({3, 3}, w.grad:totable())
    assert.error_matches(function() scaler:unscale_(opt) end, "has been called on this optimizer already")
    nn.utils.clip_grad_norm_({w}, 1)
    scaler:step(opt)
    assert.error_matches(function() scaler:step(opt) end, "has been called already")
    assert.error_matches(function() scaler:unscale_(opt) end, "after step")
    scaler:update()
    assert.is_true(math.abs(w[1]:item() - (1 - 0.25 / math.sqrt(2))) < 1e-6)
  end)

  it("says what is missing", function()
    local _, opt, scaler = setup()
    assert.error_matches(function() scaler:step(opt) end, "no gradient was found")
    assert.error_matches(function() ty.amp.GradScaler():update() end, "no step was made")
    assert.error_matches(function() ty.amp.GradScaler {growth_factor = 1} end, "growth_factor must be greater than 1")
    assert.error_matches(function() scaler:load_state_dict {} end, "state is empty")
  end)

  it("does nothing when it is not enabled", function()
    local w, opt, scaler = setup {enabled = false}
    local loss = w:sum()
    assert.equal(loss, scaler:scale(loss))
    loss:backward()
    scaler:step(opt)
    scaler:update()
    assert.same({0.75, 0.75}, w:totable())
    assert.equal(1, scaler:get_scale())
    assert.same({}, scaler:state_dict())
  end)

  it("keeps its state in PyTorch's words", function()
    local w, opt, scaler = setup {init_scale = 8, growth_interval = 3}
    scaler:scale(w:sum()):backward()
    scaler:step(opt)
    scaler:update()
    local state = scaler:state_dict()
    assert.same({scale = 8, growth_factor = 2, backoff_factor = 0.5, growth_interval = 3, _growth_tracker = 1}, state)
    local other = ty.amp.GradScaler()
    other:load_state_dict(state)
    assert.same(state, other:state_dict())
  end)

  it("trains in float16 with autocast", function()
    ty.manual_seed(3)
    local net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    local opt, scaler = optim.Adam(net:parameters(), {lr = 0.02}), ty.amp.GradScaler()
    local x = ty.randn(64, 2)
    local t = (x:select(2, 1) * x:select(2, 2)):gt(0):long() + 1
    local first, last
    for _ = 1, 100 do
      opt:zero_grad()
      local loss = ty.autocast({device = "cpu", dtype = ty.float16}, function() return F.cross_entropy(net(x), t) end)
      scaler:scale(loss):backward()
      scaler:step(opt)
      scaler:update()
      last = loss:item()
      first = first or last
    end
    assert.is_true(last < 0.4 * first, ("%g after %g"):format(last, first))
  end)
end)
