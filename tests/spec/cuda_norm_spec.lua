--[[
Softmax, losses of classes and normalisations on a CUDA device are those of the CPU, with their gradients: rows of every kind
that has its own kernel (a few lanes, a warp, a block, longer than a block's shared memory), columns, and every dtype.
]]

local ty = require "tycho"
local F = require "tycho.nn".functional
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local describe = cuda.suite(describe, pending)

before_each(function() ty.manual_seed(5) end)

local lengths = {1, 2, 10, 33, 64, 65, 256, 257, 1000, 12001}

describe("softmax on CUDA", function()
  for _, op in ipairs{"softmax", "log_softmax"} do
    it(op .. " gives the CPU's rows and columns", function()
      for _, n in ipairs(lengths) do
        compare.op(("%s of rows of %d"):format(op, n), function(x) return x[op](x, 2) end, {ty.randn(3, n) * 4})
        compare.op(("%s of columns of %d"):format(op, n), function(x) return x[op](x, 1) end, {ty.randn(n, 3) * 4},
          {tolerance = 5e-5})
      end
      compare.op(op .. " of inner columns", function(x) return x[op](x, 2) end, {ty.randn(3, 21, 37)})
      compare.op(op .. " of unaligned rows", function(x) return x[op](x, 2) end, {ty.randn(5, 301)})
      for _, dtype in ipairs{"float16", "bfloat16", "float64"} do
        for _, n in ipairs{7, 100, 6001} do
          compare.op(op .. " of " .. dtype, function(x) return x[op](x, 2) end, {ty.randn(2, n):to(ty[dtype])})
        end
      end
      compare.op(op .. " of nothing", function(x) return x[op](x, 2) end, {ty.zeros(0, 4)}, {backward = false})
    end)

    it(op .. " makes rows of NaN, +inf or -inf alone NaN, and leaves the others as they are", function()
      for _, n in ipairs{4, 100, 500, 12001} do
        local x = ty.randn(4, n)
        x[{1, 2}] = 0 / 0
        x[{2, 3}] = math.huge
        x[{3, 2}] = -math.huge
        x[4] = ty.ones(n) * -math.huge
        compare.op(("%s of rows of %d"):format(op, n), function(y) return y[op](y, 2) end, {x}, {backward = false})
        compare.op(("%s of columns of %d"):format(op, n), function(y) return y[op](y, 1) end, {x:t():contiguous()},
          {backward = false})
      end
    end)
  end
end)

describe("losses of classes on CUDA", function()
  local function classes(n, count) return ty.arange(0, n) * 7 % count + 1 end

  it("cross_entropy gives the CPU's values and gradients", function()
    for _, n in ipairs{2, 10, 100, 1000} do
      local target = classes(6, n):to(ty.int64)
      for _, reduction in ipairs{"none", "mean", "sum"} do
        compare.op("cross_entropy", function(x, t) return F.cross_entropy(x, t, {reduction = reduction}) end,
          {ty.randn(6, n), target})
      end
      compare.op("cross_entropy, weights and a class ignored", function(x, t, w)
        return F.cross_entropy(x, t, {weight = w:detach(), ignore_index = 1})
      end, {ty.randn(6, n), target, ty.rand(n)})
    end
    compare.op("cross_entropy of pictures", function(x, t) return F.cross_entropy(x, t) end,
      {ty.randn(2, 5, 7, 3), classes(42, 5):to(ty.int64):reshape{2, 7, 3}})
    compare.op("cross_entropy of bfloat16", function(x, t) return F.cross_entropy(x, t) end,
      {ty.randn(6, 20):to(ty.bfloat16), classes(6, 20):to(ty.int64)})
  end)

  it("nll_loss gives the CPU's values and gradients", function()
    compare.op("nll_loss", function(x, t) return F.nll_loss(x, t, {ignore_index = 2, reduction = "none"}) end,
      {ty.randn(9, 4), classes(9, 4):to(ty.int64)})
    compare.op("nll_loss of sequences", function(x, t) return F.nll_loss(x, t) end,
      {ty.randn(3, 4, 5), classes(15, 4):to(ty.int64):reshape{3, 5}})
  end)
end)

describe("normalisation on CUDA", function()
  it("layer_norm and rms_norm give the CPU's values and gradients", function()
    for _, n in ipairs{5, 64, 300, 1025, 2500, 13001} do
      compare.op("layer_norm of " .. n, function(x, w, b) return F.layer_norm(x, {n}, w, b) end,
        {ty.randn(5, n) + 3, ty.randn(n), ty.randn(n)})
      compare.op("rms_norm of " .. n, function(x, w) return F.rms_norm(x, {n}, w) end, {ty.randn(5, n) + 3, ty.randn(n)})
    end
    compare.op("layer_norm without weights", function(x) return F.layer_norm(x, {6, 7}) end, {ty.randn(400, 6, 7)})
    compare.op("layer_norm of many rows", function(x, w, b) return F.layer_norm(x, {40}, w, b) end,
      {ty.randn(700, 40), ty.randn(40), ty.randn(40)})
    for _, dtype in ipairs{"float64", "float16"} do
      compare.op("layer_norm of " .. dtype, function(x, w, b) return F.layer_norm(x, {30}, w, b) end,
        {ty.randn(9, 30):to(ty[dtype]), ty.randn(30):to(ty[dtype]), ty.randn(30):to(ty[dtype])})
    end
  end)

  it("group_norm and instance_norm do", function()
    for _, n in ipairs{1, 2, 49, 5000} do
      compare.op("group_norm of " .. n, function(x, w, b) return F.group_norm(x, 2, w, b) end,
        {ty.randn(3, 6, n) + 3, ty.randn(6), ty.randn(6)}, {tolerance = 5e-5})
    end
    compare.op("instance_norm", function(x, w, b) return F.instance_norm(x, {weight = w, bias = b}) end,
      {ty.randn(3, 4, 9, 5), ty.randn(4), ty.randn(4)})
  end)

  it("batch_norm does, and keeps the same running statistics", function()
    for _, sizes in ipairs{{7, 3}, {300, 5}, {40, 70}, {4, 5, 49}, {2, 3, 9001}, {3, 2, 4, 4}} do
      local channels = sizes[2]
      compare.op("batch_norm of " .. table.concat(sizes, ","), function(x, w, b)
        return F.batch_norm(x, nil, nil, w, b, {training = true})
      end, {ty.randn(sizes) + 3, ty.randn(channels), ty.randn(channels)}, {tolerance = 5e-5})
      compare.op("batch_norm by given statistics", function(x, w, b, mean, var)
        return F.batch_norm(x, mean:detach(), var:detach():abs() + 0.5, w, b)
      end, {ty.randn(sizes), ty.randn(channels), ty.randn(channels), ty.randn(channels), ty.randn(channels)})
      local x, mean, var = ty.randn(sizes) + 3, ty.zeros(channels), ty.ones(channels)
      local mean_there, var_there = mean:to(cuda.device), var:to(cuda.device)
      F.batch_norm(x, mean, var, nil, nil, {training = true})
      F.batch_norm(x:to(cuda.device), mean_there, var_there, nil, nil, {training = true})
      compare.near(mean, mean_there:cpu(), "running mean")
      compare.near(var, var_there:cpu(), "running variance")
    end
  end)

  -- The mean itself has 4 digits behind the point; one pass over squares would leave none.
  it("keeps the digits of values far from 0", function()
    local x = ty.randn(4, 3, 3000) + 5000
    compare.op("batch_norm", function(y) return F.batch_norm(y, nil, nil, nil, nil, {training = true}) end, {x},
      {backward = false, tolerance = 5e-4})
    compare.op("layer_norm", function(y) return F.layer_norm(y, {3000}) end, {x}, {backward = false, tolerance = 5e-4})
    compare.op("layer_norm of long rows", function(y) return F.layer_norm(y, {36000}) end, {x:reshape{1, 36000}},
      {backward = false, tolerance = 5e-4})
  end)
end)
