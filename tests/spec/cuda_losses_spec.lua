--[[
Losses on a CUDA device that have kernels or checks of their own: multilabel_margin_loss, the labels of ctc_loss, and the
classes of cross entropy; their numbers are those of the CPU, and what is wrong is said in the same words.
]]

local ty = require "tycho"
local F = require "tycho.nn".functional
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local describe = cuda.suite(describe, pending)

before_each(function() ty.manual_seed(11) end)

--- Lists of classes from 1, of random lengths, some with a class twice; -1 and 0 end them, and anything follows.
local function lists(rows, classes)
  local all = {}
  for r = 1, rows do
    local list, length = ty.randperm(classes):totable(), (r * 7) % (classes + 1)
    if length > 2 then list[2] = list[1] end
    if length < classes then list[length + 1] = r % 2 - 1 end
    all[r] = list
  end
  return ty.tensor(all)
end

describe("multilabel_margin_loss on CUDA", function()
  it("gives the CPU's losses and gradients", function()
    for _, dtype in ipairs{"float16", "bfloat16", "float32", "float64"} do
      for _, shape in ipairs{{1, 1}, {4, 3}, {9, 40}, {3, 700}} do
        local x, target = ty.randn(shape):to(ty[dtype]), lists(table.unpack(shape))
        for _, reduction in ipairs{"none", "mean", "sum"} do
          compare.op("multilabel_margin_loss", function(v, t)
            return F.multilabel_margin_loss(v, t, {reduction = reduction})
          end, {x, target})
        end
      end
    end
  end)

  it("takes one sample, no sample, many, and rows with gaps", function()
    compare.op("one", F.multilabel_margin_loss, {ty.randn(300), lists(5, 300)[5]})
    compare.op("none", function(x, t) return F.multilabel_margin_loss(x, t, {reduction = "none"}) end,
      {ty.zeros(0, 4), ty.zeros(0, 4):to(ty.int64)})
    compare.op("many", F.multilabel_margin_loss, {ty.randn(3000, 5), lists(3000, 5)})
    compare.op("columns", F.multilabel_margin_loss, {ty.randn(6, 9):t(), lists(6, 9):t():clamp(-1, 6):to(ty.int32)})
  end)

  it("leaves NaN and infinite scores out as the CPU does", function()
    local x = ty.tensor{{0 / 0, 1.0, 2.0, 1 / 0}, {1.0, 0 / 0, -1 / 0, 0.5}}
    compare.op("scores", function(v, t) return F.multilabel_margin_loss(v, t, {reduction = "none"}) end,
      {x, ty.tensor{{2, 1, 0, 0}, {1, 4, -1, 2}}})
  end)

  it("refuses what is no class, and a target elsewhere", function()
    local x = ty.zeros(2, 3, {device = "cuda"})
    local function fails(text, target)
      assert.error_matches(function() return F.multilabel_margin_loss(x, target) end, text)
    end
    fails("target 4 is no class: the input has 3 classes, 1 to 3", ty.tensor({{1, 0, 0}, {0, 4, 1}}, {device = "cuda"}))
    fails("no class", ty.tensor({{1, -2, 0}, {0, 3, 1}}, {device = "cuda"}))
    fails("cuda:0", ty.tensor{{1, 0, 0}, {0, 3, 1}})
  end)

  it("is part of a captured step", function()
    local step = ty.capture(function(x, t) return F.multilabel_margin_loss(x, t) end)
    for k = 1, 4 do
      local x, t = ty.randn(3, 4, {device = "cuda"}), lists(k + 3, 4)[{{k + 1, k + 3}}]:to "cuda"
      assert.is_true(step(x, t):equal(F.multilabel_margin_loss(x, t)))
    end
    assert.equal(1, step:stats().recorded)
  end)
end)

describe("targets on CUDA", function()
  it("are checked where they are", function()
    local x = ty.randn(5, 4, {device = "cuda"})
    local target = ty.tensor({1, 4, -100, 2, -100}, {device = "cuda"})
    local expected = F.cross_entropy(x:cpu(), target:cpu(), {ignore_index = -100}):item()
    assert.near(expected, F.cross_entropy(x, target, {ignore_index = -100}):item(), 1e-6)
    target[3] = 5
    assert.error_matches(function() return F.cross_entropy(x, target, {ignore_index = -100}) end, "target 5 is no class")
  end)

  it("of ctc_loss are classes, and not the blank, up to their lengths", function()
    local x = ty.randn(8, 2, 5, {device = "cuda"}):log_softmax(3)
    local function loss(targets, lengths) return F.ctc_loss(x, ty.tensor(targets, {device = "cuda"}), {8, 8}, lengths) end
    local function fails(text, ...)
      local arguments = {...}
      assert.error_matches(function() return loss(table.unpack(arguments)) end, text)
    end
    assert.is_true(loss({{2, 3, 1}, {4, 9, 1}}, {2, 1}):isfinite():item())
    fails("label 2 of sample 2 is no class: there are 5, 1 to 5", {{2, 3, 1}, {4, 9, 1}}, {2, 2})
    fails("label 3 of sample 1 is the blank", {{2, 3, 1}, {4, 2, 1}}, {3, 2})
    assert.is_true(loss({2, 3, 5}, {2, 1}):isfinite():item())
    fails("label 1 of sample 2 is no class", {2, 3, 6}, {2, 1})
  end)
end)
