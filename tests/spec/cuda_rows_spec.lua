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
