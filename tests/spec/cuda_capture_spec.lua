--[[
Captured steps on a CUDA device: what lies between the host's own work becomes a graph, and gives the numbers of the step
as it is.
]]

local ty = require "tycho"
local cuda = require "support.cuda"

cuda.suite(describe, pending)("capture on CUDA", function()
  local function on_device(...) return ty.tensor({...}):to "cuda" end

  it("replays kernels as a graph, with each call's arguments", function()
    local w = on_device(1.0, 2.0, 3.0)
    local step = ty.capture(function(x)
      w:mul_(2)
      local y = x * w + 1
      return y:sqrt():square(), y
    end)
    for i = 1, 5 do
      local back, y = step(on_device(i, i, i + 0.0) * 0.5)
      for k = 1, 3 do
        assert.equal(k * 2 ^ i, w:to "cpu"[k]:item())
        assert.equal(i * 0.5 * k * 2 ^ i + 1, y:to "cpu"[k]:item())
      end
      assert.is_true((back - y):abs():to "cpu":max():item() < 1e-4)
    end
    assert.equal(1, step:stats().recorded)
    assert.equal(4, step:stats().replayed)
  end)

  it("refuses a step that computes on two devices", function()
    local a, b = ty.ones(3), on_device(1.0, 1.0, 1.0)
    local step = ty.capture(function(x) return x * 2, a * 2 end)
    assert.error_matches(function() step(b) end, "computes on two devices, cuda:0 and cpu")
    assert.same({2, 2, 2}, (a * 2):totable())
  end)

  it("keeps its memory to itself", function()
    local step = ty.capture(function(x) return ((x + 1) * 2):sqrt() end)
    local x = on_device(1.0, 7.0, 17.0)
    for _ = 1, 3 do
      local kept = {}
      for i = 1, 8 do kept[i] = x * i end
      assert.same({2, 4, 6}, step(x):to "cpu":totable())
      for i = 1, 8 do assert.same({i, 7 * i, 17 * i}, kept[i]:to "cpu":totable()) end
    end
  end)
end)
