--[[
Sums of rows by index (embeddings, bags of them and their gradients) and ctc_loss on a CUDA device are those of the CPU.
]]

local ty = require "tycho"
local F = require "tycho.nn".functional
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local describe = cuda.suite(describe, pending)

before_each(function() ty.manual_seed(5) end)

describe("rows of a table on CUDA:", function()
  it("an embedding's gradient adds up in the order of the indices", function()
    for _, width in ipairs{1, 3, 40, 300} do
      for _, count in ipairs{1, 50, 900} do
        local index = (ty.arange(0, count) * 29 % 23 + 1):to(ty.int64)
        compare.op("embedding", function(w, i) return F.embedding(i, w) end, {ty.randn(40, width), index})
      end
    end
    local most = ty.ones(2000):to(ty.int64) -- a row that many entries go to
    most[1000] = 3
    compare.op("embedding of one word", function(w, i) return F.embedding(i, w) end, {ty.randn(4, 37), most})
    compare.op("no words", function(w, i) return F.embedding(i, w) end, {ty.randn(4, 3), ty.zeros({0}, {dtype = ty.int64})})
  end)

  it("embedding_bag gives sums, means and largest", function()
    local index, offsets = ty.tensor{1, 2, 4, 5, 4, 3, 2, 9}, ty.tensor{1, 5, 5}
    for _, mode in ipairs{"sum", "mean", "max"} do
      compare.op("embedding_bag " .. mode, function(w, i, o) return F.embedding_bag(i, w, o, {mode = mode}) end,
        {ty.randn(10, 35), index:to(ty.int64), offsets:to(ty.int64)})
    end
  end)

  it("embedding_bag lays bags out on the device", function()
    local function bag(options)
      return function(w, i, o, p)
        options.per_sample_weights = p
        return F.embedding_bag(i, w, o or nil, options)
      end
    end
    local long = (ty.arange(0, 1500) * 29 % 23 + 1):to(ty.int64)
    local cases = {
      {long:view(75, 20), nil}, {long:view(20, 75):t(), nil}, {long[{{1, 7}}]:view(1, 7), nil},
      {ty.zeros({3, 0}):to(ty.int64), nil},
      {long, ty.arange(1, 1500, 7):to(ty.int64)}, {long, ty.ones(4):to(ty.int64)}, {long, ty.tensor{1, 3, 3, 700, 1501, 1501}},
      {ty.zeros(0):to(ty.int64), ty.tensor{1, 1}}, {ty.zeros(0):to(ty.int64), ty.zeros(0):to(ty.int64)},
    }
    for _, case in ipairs(cases) do
      for _, mode in ipairs{"sum", "mean", "max"} do
        for _, padding in ipairs{false, 4} do
          local options = {mode = mode, padding_idx = padding or nil}
          compare.op("embedding_bag " .. mode, bag(options), {ty.randn(23, 5), case[1], case[2] or false})
          if case[2] and case[2]:numel() > 0 then
            options.include_last_offset = true
            compare.op("embedding_bag with its last offset", bag(options), {ty.randn(23, 5), case[1], case[2]})
          end
        end
      end
      local weights = ty.randn(case[1].shape)
      compare.op("weighted bags", bag{mode = "sum"}, {ty.randn(23, 5), case[1], case[2] or false, weights})
    end
    for _, dtype in ipairs{"float16", "bfloat16", "float64"} do
      compare.op("bags of " .. dtype, bag{mode = "mean", scale_grad_by_freq = true},
        {ty.randn(23, 5):to(ty[dtype]), long, ty.tensor{1, 100, 100, 200}})
    end
  end)

  it("embedding_bag says which offset is wrong", function()
    local index, w = ty.ones(6):to(ty.int64):to "cuda", ty.ones(2, 2, {device = "cuda"})
    local function fails(text, ...)
      local offsets = ty.tensor{...}:to "cuda"
      assert.error_matches(function() F.embedding_bag(index, w, offsets) end, text)
    end
    fails("offsets begin with 1, got 2", 2, 3)
    fails("do not go down; number 3 is 2", 1, 4, 2, 8)
    fails("among the 6 indices .* number 2 is 8", 1, 8)
    fails("number 4 is 9", 1, 7, 7, 9)
  end)

  it("embedding_bag is part of a captured step", function()
    local w, offsets = ty.randn(23, 5, {device = "cuda"}), ty.tensor{1, 4, 4}:to "cuda"
    local rows = ty.capture(function(i) return F.embedding_bag(i, w) end)
    local runs = ty.capture(function(i, o) return F.embedding_bag(i, w, o, {mode = "sum"}) end)
    for k = 1, 4 do
      local index = ((ty.arange(0, 12) * 5 + k) % 23 + 1):to(ty.int64):to "cuda"
      assert.is_true(rows(index:view(3, 4)):equal(F.embedding_bag(index:view(3, 4), w)))
      assert.is_true(runs(index, offsets + ty.tensor{0, k, k}:to "cuda"):equal(
        F.embedding_bag(index, w, offsets + ty.tensor{0, k, k}:to "cuda", {mode = "sum"})))
    end
    assert.equal(1, rows:stats().recorded)
    assert.equal(1, runs:stats().recorded)
    local index = ty.ones(12):to(ty.int64):to "cuda"
    assert.error_matches(function() runs(index, ty.tensor{1, 9, 3}:to "cuda") end, "embedding_bag")
  end)
end)

describe("ctc_loss on CUDA", function()
  local targets = ty.tensor({2, 3, 3, 2, 5, 4, 4, 4, 5, 6, 6, 6}, {dtype = ty.int64}):reshape{2, 6}

  it("gives the CPU's losses and gradients", function()
    for _, dtype in ipairs{"float32", "float64"} do
      for _, classes in ipairs{6, 40, 300} do
        for _, reduction in ipairs{"none", "mean", "sum"} do
          compare.op("ctc_loss", function(x)
            return F.ctc_loss(x:log_softmax(3), targets, {20, 13}, {6, 3}, {reduction = reduction})
          end, {ty.randn(20, 2, classes):to(ty[dtype])})
        end
      end
    end
  end)

  it("takes targets on the device, empty ones, and long ones", function()
    compare.op("ctc_loss", function(x, t) return F.ctc_loss(x:log_softmax(3), t, {9, 0}, {0, 0}) end,
      {ty.randn(9, 2, 7), targets})
    local long = (ty.arange(0, 300) * 5 % 6 + 2):to(ty.int64):reshape{1, 300}
    compare.op("ctc_loss of a long target", function(x, t) return F.ctc_loss(x:log_softmax(3), t, {640}, {300}) end,
      {ty.randn(640, 1, 8):double(), long})
  end)

  it("counts infinite losses as the CPU does", function()
    for _, zero in ipairs{true, false} do
      compare.op("ctc_loss too short for its target", function(x)
        return F.ctc_loss(x:log_softmax(3), targets, {4, 13}, {6, 3}, {zero_infinity = zero, reduction = "none"})
      end, {ty.randn(20, 2, 7)})
    end
  end)
end)
