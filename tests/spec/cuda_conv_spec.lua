--[[
Convolution, pooling, columns, resampling and recurrent layers on a CUDA device give the CPU's numbers, forward and backward.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local F, nn = ty.F, ty.nn

-- Shapes of convolutions: of x, of the weight, options.
local convolutions = {
  {"a kernel of one element", {3, 4, 5, 6}, {7, 4, 1, 1}, {}},
  {"one image", {1, 3, 8, 9}, {5, 3, 3, 3}, {padding = 1}},
  {"several images", {5, 3, 8, 9}, {4, 3, 3, 2}, {}},
  {"strides and padding", {2, 3, 11, 9}, {4, 3, 3, 3}, {stride = {2, 3}, padding = {1, 2}}},
  {"dilation", {2, 2, 12, 11}, {3, 2, 3, 2}, {dilation = {2, 3}, padding = 2}},
  {"a kernel of one element that strides", {2, 3, 7, 7}, {4, 3, 1, 1}, {stride = 2}},
  {"groups", {3, 12, 6, 7}, {14, 6, 3, 3}, {groups = 2, padding = 1}},
  {"groups of one element", {3, 6, 4, 5}, {4, 3, 1, 1}, {groups = 2}},
  {"channels of their own", {3, 6, 9, 8}, {6, 1, 3, 3}, {groups = 6, padding = 1, stride = 2}},
  {"few channels in a group", {2, 6, 9, 8}, {9, 2, 3, 2}, {groups = 3, dilation = {1, 2}}},
  {"same padding", {2, 3, 6, 6}, {4, 3, 4, 2}, {padding = "same"}},
  {"same padding of windows with holes", {2, 4, 9, 8}, {6, 2, 2, 4}, {padding = "same", groups = 2, dilation = {3, 1}}},
  {"rows that no window meets", {2, 3, 10, 9}, {4, 3, 3, 2}, {stride = {3, 4}}},
}

local function conv2d(options)
  return function(x, weight, bias) return F.conv2d(x, weight, bias, options) end
end

cuda.suite(describe, pending)("cuda conv", function()
  before_each(function() ty.manual_seed(5) end)

  it("computes every convolution and its gradients", function()
    for _, c in ipairs(convolutions) do
      for _, dtype in ipairs{ty.float32, ty.float64} do
        local x, weight = ty.randn(c[2], {dtype = dtype}), ty.randn(c[3], {dtype = dtype})
        compare.run(c[1], conv2d(c[4]), {x, weight})
        compare.run(c[1] .. ", bias", conv2d(c[4]), {x, weight, ty.randn(c[3][1], {dtype = dtype})})
      end
    end
  end)

  -- Whole numbers, whose sums float32 has exactly in any order: a result that was rounded once is the CPU's to the bit.
  local function whole(dtype, ...) return ty.randint(-4, 5, {...}):to(dtype) end

  local function whole_grad(y) return ((ty.arange(0, y:numel()) * 37 % 11) - 5):reshape(y.shape):to(y.dtype) end

  -- Output, gradients, and gradients of the gradients' sum, of f on a device.
  local function derivatives(f, inputs, device)
    local leaves, out = {}, {}
    for i, x in ipairs(inputs) do leaves[i] = x:detach():to(device):requires_grad_(true) end
    local y = f(table.unpack(leaves))
    out[1] = y
    local grads = ty.grad(y, leaves, {grad_outputs = whole_grad(y):to(device), create_graph = true})
    local total = 0
    for _, g in ipairs(grads) do
      out[#out + 1] = g
      total = total + (g * whole_grad(g):to(device)):sum()
    end
    for _, g in ipairs(ty.grad(total, {leaves[1], leaves[2]})) do out[#out + 1] = g end
    for i, x in ipairs(out) do
      assert.equal(inputs[1].dtype, x.dtype)
      out[i] = x:detach():cpu():to(ty.float64)
    end
    y = f(table.unpack(leaves)) -- in place of a graph of the gradients, those of weight and bias in one pass
    y:backward(whole_grad(y):to(device))
    for _, leaf in ipairs(leaves) do out[#out + 1] = leaf.grad:cpu():to(ty.float64) end
    return out
  end

  local function assert_rounded_once(what, f, inputs)
    local expected, found = derivatives(f, inputs, "cpu"), derivatives(f, inputs, cuda.device)
    for i, x in ipairs(expected) do
      assert(x:equal(found[i]), ("%s, number %d, %s: off by %g"):format(what, i, inputs[1].dtype,
        (x - found[i]):abs():max():item()))
    end
  end

  it("rounds 16-bit convolutions once, and their gradients", function()
    for _, dtype in ipairs{ty.float16, ty.bfloat16} do
      for _, c in ipairs(convolutions) do
        local x, weight = whole(dtype, table.unpack(c[2])), whole(dtype, table.unpack(c[3]))
        assert_rounded_once(c[1], conv2d(c[4]), {x, weight})
        assert_rounded_once(c[1] .. ", bias", conv2d(c[4]), {x, weight, whole(dtype, c[3][1]) / 8})
      end
      assert_rounded_once("conv1d", function(x, w, b) return F.conv1d(x, w, b, {padding = 2, stride = 2}) end,
        {whole(dtype, 3, 40, 20), whole(dtype, 5, 40, 5), whole(dtype, 5) / 8})
      assert_rounded_once("conv3d", function(x, w, b) return F.conv3d(x, w, b, {padding = 1, stride = {1, 2, 1}}) end,
        {whole(dtype, 2, 12, 5, 6, 7), whole(dtype, 4, 12, 3, 3, 2), whole(dtype, 4) / 8})
      for _, options in ipairs{{}, {stride = 2, padding = 1, output_padding = 1}, {groups = 2}, {groups = 20}} do
        assert_rounded_once("transposed", function(x, w, b) return F.conv_transpose2d(x, w, b, options) end,
          {whole(dtype, 2, 20, 5, 6), whole(dtype, 20, 3, 3, 3), whole(dtype, 3 * (options.groups or 1)) / 8})
      end
      assert_rounded_once("transposed, one element", function(x, w, b) return F.conv_transpose2d(x, w, b) end,
        {whole(dtype, 2, 20, 5, 6), whole(dtype, 20, 3, 1, 1), whole(dtype, 3) / 8})
    end
  end)

  it("adds up a 16-bit weight's gradient over many images before it rounds", function()
    local function run(device) -- 6.3 MB of columns for each image
      ty.manual_seed(3)
      local x, weight = whole(ty.bfloat16, 7, 40, 40, 40), whole(ty.bfloat16, 2, 40, 7, 7):to(device):requires_grad_(true)
      local y = F.conv2d(x:to(device), weight, nil, {padding = 3})
      y:backward(whole_grad(y):to(device))
      return weight.grad:cpu()
    end
    assert.is_true(run "cpu":equal(run(cuda.device)))
  end)

  it("trains in bfloat16 under autocast, captured too", function()
    local function train(device, captured)
      ty.manual_seed(11)
      local net = nn.Sequential(nn.Conv2d(3, 8, 3, {padding = 1}), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, {groups = 2}),
        nn.ReLU(), nn.Flatten(), nn.Linear(32, 5)):to(device)
      local optimizer = ty.optim.SGD(net:parameters(), {lr = 0.05})
      local x, y, types = ty.randn(6, 3, 8, 8):to(device), ty.randint(1, 6, {6}):to(device), {}
      local function step()
        optimizer:zero_grad()
        local loss
        do
          local _ <close> = ty.autocast(device, ty.bfloat16)
          local features = net[1](x)
          types[1] = features.dtype
          for i = 2, #net do features = net[i](features) end
          loss = F.cross_entropy(features, y)
        end
        loss:backward()
        optimizer:step()
        return loss
      end
      if captured then step = ty.capture(step) end
      local losses = {}
      for i = 1, 5 do losses[i] = step():item() end
      assert.equal(ty.bfloat16, types[1])
      return losses
    end
    local expected, found, replayed = train "cpu", train(cuda.device), train(cuda.device, true)
    for i = 1, 5 do
      assert.near(expected[i], found[i], 2e-2)
      assert.equal(found[i], replayed[i])
    end
    assert.is_true(found[5] < found[1])
  end)

  it("takes more images than fit in hand at a time", function()
    local x, weight = ty.randn(5, 40, 40, 40), ty.randn(2, 40, 7, 7) -- 12.5 MB of columns for each image
    compare.run("many columns", conv2d{padding = 3}, {x, weight}, {tolerance = 1e-4})
  end)

  it("convolves lines and volumes", function()
    local lines = {{padding = 2, stride = 2}, {padding = "same"}, {groups = 2, dilation = 4}, {padding = 3, dilation = 2}}
    local volumes = {
      {padding = 1, stride = {1, 2, 1}}, {padding = "same"}, {groups = 2, dilation = {1, 2, 1}},
      {stride = 3, padding = {2, 0, 1}},
    }
    for _, dtype in ipairs{ty.float32, ty.float64} do
      for _, options in ipairs(lines) do
        compare.run("conv1d", function(x, w, b) return F.conv1d(x, w, b, options) end, {ty.randn(3, 4, 20, {dtype = dtype}),
          ty.randn(6, 4 // (options.groups or 1), 4, {dtype = dtype}), ty.randn(6, {dtype = dtype})})
      end
      for _, options in ipairs(volumes) do
        local channels = 4 // (options.groups or 1)
        compare.run("conv3d", function(x, w, b) return F.conv3d(x, w, b, options) end,
          {ty.randn(2, 4, 5, 6, 7, {dtype = dtype}), ty.randn(6, channels, 3, 3, 2, {dtype = dtype}),
            ty.randn(6, {dtype = dtype})})
      end
    end
    compare.run("conv3d of channels", function(x, w) return F.conv3d(x, w, nil, {groups = 3}) end,
      {ty.randn(2, 3, 5, 6, 7), ty.randn(6, 1, 3, 2, 2)})
  end)

  it("transposes convolutions", function()
    for _, options in ipairs{
      {}, {stride = 2, padding = 1, output_padding = 1}, {dilation = 2}, {groups = 2},
      {stride = 2, dilation = 3, padding = 3, output_padding = 2}, {stride = 2, dilation = 4, padding = 1, output_padding = 3},
    } do
      local function turned(x, w, b)
        return F.conv_transpose2d(x, w, b, options)
      end
      local x, weight = ty.randn(2, 4, 5, 6), ty.randn(4, 3, 3, 3)
      compare.run("transposed", turned, {x, weight})
      compare.run("transposed, bias", turned, {x, weight, ty.randn(3 * (options.groups or 1))})
    end
    compare.run("transposed, channels of their own", function(x, w)
      return F.conv_transpose2d(x, w, nil, {groups = 4, stride = 2})
    end, {ty.randn(2, 4, 5, 6), ty.randn(4, 1, 3, 3)})
    compare.run("transposed lines", function(x, w, b) return F.conv_transpose1d(x, w, b, {stride = 3, groups = 2}) end,
      {ty.randn(2, 4, 7), ty.randn(4, 3, 5), ty.randn(6)})
    compare.run("transposed volumes", function(x, w, b) return F.conv_transpose3d(x, w, b, {stride = 2, padding = 1}) end,
      {ty.randn(2, 4, 3, 4, 2), ty.randn(4, 3, 3, 2, 3), ty.randn(3)})
  end)

  it("takes views that begin anywhere", function()
    for _, dtype in ipairs{ty.float32, ty.float16} do
      local numbers = whole(dtype, 500)
      local function after(n, ...) -- contiguous, `n` elements on
        local count = 1
        for _, size in ipairs{...} do count = count * size end
        return numbers[{ {n + 1, n + count} }]:reshape{...}
      end
      local function run() return F.conv2d(after(1, 2, 3, 6, 5), after(3, 4, 3, 2, 2), after(5, 4)):cpu() end
      local expected = run()
      numbers = numbers:to(cuda.device)
      assert.is_true(expected:equal(run()))
    end
  end)

  it("computes on each device", function()
    local x, weight, bias = whole(ty.float32, 2, 3, 6, 6), whole(ty.float32, 4, 3, 3, 3), whole(ty.float32, 4)
    local expected = F.conv2d(x, weight, bias)
    for device = 0, cuda.count - 1 do
      local name = "cuda:" .. device
      assert.is_true(expected:equal(F.conv2d(x:to(name), weight:to(name), bias:to(name)):cpu()))
    end
  end)

  it("rounds to TF32 where it is let, at most", function()
    local x, weight = ty.randn(2, 8, 9, 9), ty.randn(6, 8, 3, 3)
    local expected = F.conv2d(x, weight)
    local function off(allowed)
      ty.backends.cudnn.allow_tf32 = allowed
      return (F.conv2d(x:to(cuda.device), weight:to(cuda.device)):cpu() - expected):abs():max():item()
    end
    local rounded, full = off(true), off(false)
    assert.is_true(full < 1e-4, full)
    assert.is_true(rounded < 0.1, rounded)
    if cuda.emulated and os.getenv "EMULATED_CUDA_CUDNN" == "1" then assert.is_true(rounded > 1e-3, rounded) end
  end)

  it("goes on without a cuDNN that does not start", function()
    if not cuda.emulated then return end
    local text = cuda.run({EMULATED_CUDA_CUDNN = "broken"}, [[
      local x = ty.ones(1, 1, 3, 3):to "cuda"
      print(ty.F.conv2d(x, ty.ones(1, 1, 2, 2):to "cuda", ty.ones(1):to "cuda"):sum():item(), ty.F.conv2d(x, x):item())]])
    assert.equal("20.0\t9.0\n", text)
  end)

  it("writes windows as columns and folds them", function()
    compare.run("unfold", function(x) return F.unfold(x, {3, 2}, {padding = 1, stride = 2}) end, {ty.randn(2, 3, 7, 8)})
    compare.run("fold", function(x) return F.fold(x, {7, 8}, {3, 2}, {padding = 1}) end, {ty.randn(2, 18, 63)})
  end)
end)

cuda.suite(describe, pending)("cuda pooling", function()
  before_each(function() ty.manual_seed(6) end)

  local x = ty.randn(3, 2, 9, 11)

  it("takes the largest element and its place", function()
    for _, options in ipairs{
      {kernel_size = 2}, {kernel_size = 3, stride = 2, padding = 1}, {kernel_size = {2, 3}, stride = 1, dilation = {3, 2}},
      {kernel_size = 3, stride = 2, ceil_mode = true}, {kernel_size = 3, stride = 1, padding = 1, dilation = 4},
    } do
      compare.run("max_pool2d", function(a) return F.max_pool2d(a, options) end, {x})
      local with_indices = {return_indices = true}
      for name, value in pairs(options) do with_indices[name] = value end
      compare.run("with indices", function(a) return F.max_pool2d(a, with_indices) end, {x}, {backward = false})
    end
    compare.run("max_pool1d", function(a) return F.max_pool1d(a, 3, 2) end, {ty.randn(2, 3, 17)})
    compare.run("max_pool3d", function(a) return F.max_pool3d(a, 2) end, {ty.randn(2, 3, 6, 7, 8)})
    compare.run("float16", function(a) return F.max_pool2d(a, 2) end, {x:to(ty.float16)})
  end)

  it("takes the first of equals, and NaN", function()
    local same = ty.ones(1, 1, 6, 6)
    same[{1, 1, 2, 2}] = 0 / 0
    compare.run("equals", function(a) return F.max_pool2d(a, {kernel_size = 3, stride = 1, return_indices = true}) end, {same},
      {backward = false})
    compare.run("equals backward", function(a) return F.max_pool2d(a, 3, 1) end, {same})
  end)

  it("averages", function()
    for _, options in ipairs{
      {kernel_size = 2}, {kernel_size = 3, stride = 2, padding = 1},
      {kernel_size = 3, stride = 2, padding = 1, count_include_pad = false},
      {kernel_size = 3, stride = 2, ceil_mode = true, padding = 1}, {kernel_size = {2, 3}, stride = 1, divisor_override = 5},
    } do
      compare.run("avg_pool2d", function(a) return F.avg_pool2d(a, options) end, {x})
    end
    compare.run("avg_pool3d", function(a) return F.avg_pool3d(a, 2, 1) end, {ty.randn(2, 3, 4, 5, 6)})
  end)

  it("adapts", function()
    for _, size in ipairs{{1, 1}, {3, 4}, {9, 11}, {4, 13}} do
      compare.run("adaptive average", function(a) return F.adaptive_avg_pool2d(a, size) end, {x})
      compare.run("adaptive maximum", function(a) return F.adaptive_max_pool2d(a, size) end, {x})
    end
  end)

  it("resamples", function()
    for _, options in ipairs{
      {size = {13, 7}, mode = "bilinear"}, {scale_factor = 2, mode = "nearest"}, {size = {5, 20}, mode = "bicubic"},
      {size = {4, 4}, mode = "bilinear", align_corners = true},
    } do
      compare.run("interpolate " .. options.mode, function(a) return F.interpolate(a, options) end, {x})
    end
  end)
end)

cuda.suite(describe, pending)("cuda recurrent layers", function()
  before_each(function() ty.manual_seed(7) end)

  -- A layer's output, and the gradients of its parameters.
  local function run_layer(layer, x, device)
    layer:to(device)
    layer:zero_grad()
    local input = x:detach():to(device):requires_grad_(true)
    local y = layer(input)
    y:backward(ty.linspace(-1, 1, y:numel()):reshape(y.shape):to(y.dtype):to(device))
    local out = {y:detach():cpu(), input.grad:cpu()}
    for _, p in ipairs(layer:parameters()) do out[#out + 1] = p.grad:cpu() end
    return out
  end

  it("steps through RNN, LSTM and GRU", function()
    for _, dtype in ipairs{ty.float32, ty.float64} do
      for _, make in ipairs{
        function() return nn.RNN(5, 7) end,
        function() return nn.RNN(5, 7, {nonlinearity = "relu"}) end,
        function() return nn.LSTM(5, 7, {bidirectional = true}) end,
        function() return nn.GRU(5, 300, {num_layers = 2}) end,
      } do
        local layer, x = make():to(dtype), ty.randn(4, 6, 5, {dtype = dtype})
        local expected = run_layer(layer, x, "cpu")
        local found = run_layer(layer, x, cuda.device)
        for i = 1, #expected do compare.near(expected[i], found[i], ("%s, number %d"):format(layer, i)) end
      end
    end
  end)
end)
