-- Streams and events of ty.cuda: what runs where, what waits for what, and that the current stream is the one that was set.

local ty = require "tycho"
local cuda = require "support.cuda"

local describe = cuda.suite(describe, pending)

describe("streams and events", function()
  it("a stream is the current one within stream(s, f)", function()
    local s = ty.cuda.Stream()
    assert.are.equal("cuda:0", tostring(s.device))
    local default = ty.cuda.current_stream()
    assert.are.equal(default, ty.cuda.default_stream())
    local x = ty.cuda.stream(s, function()
      assert.are.equal(s, ty.cuda.current_stream())
      return ty.full({1000}, 2.0, {device = "cuda"}) * 3
    end)
    assert.are.equal(default, ty.cuda.current_stream())
    ty.cuda.current_stream():wait_stream(s)
    assert.are.equal(6.0, x[1000]:item())
    local ok = pcall(ty.cuda.stream, s, function() error "inside" end)
    assert.is_false(ok)
    assert.are.equal(default, ty.cuda.current_stream())
    do
      local _ <close> = ty.cuda.stream(s)
      assert.are.equal(s, ty.cuda.current_stream())
    end
    assert.are.equal(default, ty.cuda.current_stream())
    s:synchronize()
    assert.is_true(s:query())
  end)

  it("a stream that is in use outlives its last variable", function()
    do
      local s = ty.cuda.Stream(0, -1)
      ty.cuda.set_stream(s)
    end
    collectgarbage()
    collectgarbage()
    assert.are.equal(3.0, (ty.ones(1, {device = "cuda"}) + 2):item())
    assert.are_not.equal(ty.cuda.default_stream(), ty.cuda.current_stream())
    ty.cuda.set_stream(ty.cuda.default_stream())
    collectgarbage()
    assert.are.equal(ty.cuda.default_stream(), ty.cuda.current_stream())
  end)

  it("a stream of another device makes that the current one", function()
    if cuda.count < 2 then return end
    local s = ty.cuda.Stream "cuda:1"
    assert.are.equal("cuda:1", ty.cuda.stream(s, function() return tostring(ty.zeros(1, {device = "cuda"}).device) end))
    assert.are.equal(0, ty.cuda.current_device())
  end)

  it("events are recorded, waited for, and give times", function()
    local first, last = ty.cuda.Event {enable_timing = true}, ty.cuda.Event {enable_timing = true}
    first:record()
    local x = ty.ones(10000, {device = "cuda"}) + 1
    last:record()
    last:synchronize()
    assert.is_true(last:query())
    assert.is_true(first:elapsed_time(last) >= 0)
    local s = ty.cuda.Stream()
    last:wait(s)
    s:wait_event(s:record_event())
    local plain = ty.cuda.Event()
    plain:record(s)
    local ok, message = pcall(plain.elapsed_time, plain, last)
    assert.is_false(ok)
    assert.is_truthy(message:find("enable_timing", 1, true), message)
    assert.are.equal(2.0, x[1]:item())
    assert.is_false(pcall(s.wait_event, s, x))
  end)

  it("memory outlives the streams that used it", function()
    local held = {x = ty.ones(3000, {device = "cuda"})}
    do
      local s = ty.cuda.Stream()
      s:wait_stream(ty.cuda.current_stream())
      held.y = ty.cuda.stream(s, function() return held.x + 1 end)
      held.x:record_stream(s)
      ty.cuda.current_stream():wait_stream(s)
    end
    collectgarbage()
    collectgarbage()
    held.x = nil -- its block waits for the stream that is gone
    collectgarbage()
    assert.are.equal(6000, held.y:sum():item())
    held.y = nil
    collectgarbage()
    local again = ty.cuda.stream(ty.cuda.Stream(), function() return ty.full({3000}, 3.0, {device = "cuda"}):sum():item() end)
    assert.are.equal(9000, again)
    ty.cuda.empty_cache()
    assert.is_false(pcall(ty.ones(1).record_stream, ty.ones(1), ty.cuda.Stream()))
  end)
end)
