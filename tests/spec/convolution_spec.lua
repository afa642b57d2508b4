--[[
Convolutions and pools beyond golden values of small shapes: large ones, which are cut into blocks, against sums of shifted
products; results that do not depend on the number of threads; layers, their options, first values and text; errors.
]]

local ty = require "tycho"

local nn, F = ty.nn, ty.F

-- A convolution as a sum over the window's places of shifted inputs times a matrix; x {N, C, H, W}, one group.
local function by_shifts(x, w, stride, padding, dilation)
  local n, c, height, width = table.unpack(x.shape)
  local kh, kw = w.shape[3], w.shape[4]
  local padded = ty.zeros({n, c, height + 2 * padding, width + 2 * padding}, {dtype = x.dtype})
  padded[{{}, {}, {padding + 1, padding + height}, {padding + 1, padding + width}}] = x
  local oh = (height + 2 * padding - dilation * (kh - 1) - 1) // stride + 1
  local ow = (width + 2 * padding - dilation * (kw - 1) - 1) // stride + 1
  local y
  for i = 0, kh - 1 do
    for j = 0, kw - 1 do
      local top, left = i * dilation + 1, j * dilation + 1
      local part = padded[{{}, {}, {top, top + (oh - 1) * stride, stride}, {left, left + (ow - 1) * stride, stride}}]
      local term = ty.einsum("nchw,oc->nohw", part, w[{{}, {}, i + 1, j + 1}])
      y = y and y + term or term
    end
  end
  return y
end

local function near(a, b) return ty.allclose(a, b, {rtol = 1e-9, atol = 1e-9}) end

describe("a convolution of many blocks is the sum of its shifts:", function()
  for _, case in ipairs {
    {"many channels", {3, 40, 21, 23}, {24, 40, 3, 3}, 1, 1, 1}, {"large images", {2, 3, 61, 67}, {5, 3, 5, 5}, 2, 2, 1},
    {"dilated", {2, 17, 30, 31}, {9, 17, 3, 3}, 1, 2, 2}, {"1x1", {2, 33, 25, 27}, {19, 33, 1, 1}, 1, 0, 1},
    {"1x1 with a stride", {2, 33, 25, 27}, {19, 33, 1, 1}, 2, 0, 1}, {"a large batch", {40, 2, 9, 9}, {8, 2, 3, 3}, 1, 1, 1},
    {"a few channels", {2, 1, 50, 70}, {3, 1, 3, 3}, 2, 1, 1},
    {"one image of many channels", {1, 130, 8, 8}, {70, 130, 3, 3}, 1, 1, 1},
  } do
    it(case[1], function()
      ty.manual_seed(1)
      local x = ty.randn(case[2], {dtype = "float64", requires_grad = true})
      local w = ty.randn(case[3], {dtype = "float64", requires_grad = true})
      local stride, padding, dilation = table.unpack(case, 4)
      local wanted = by_shifts(x, w, stride, padding, dilation)
      local got = F.conv2d(x, w, {stride = stride, padding = padding, dilation = dilation})
      assert.is_true(near(got, wanted))
      local upstream = ty.randn_like(wanted)
      local expected = ty.grad({wanted}, {x, w}, {upstream})
      local gradients = ty.grad({got}, {x, w}, {upstream})
      assert.is_true(near(gradients[1], expected[1]))
      assert.is_true(near(gradients[2], expected[2]))
      -- The transposed convolution is the first of them, and adds its bias.
      local extra = {x.shape[3] - ((got.shape[3] - 1) * stride - 2 * padding + dilation * (w.shape[3] - 1) + 1),
        x.shape[4] - ((got.shape[4] - 1) * stride - 2 * padding + dilation * (w.shape[4] - 1) + 1)}
      local bias = ty.randn(x.shape[2], {dtype = "float64"})
      local back = F.conv_transpose2d(upstream, w, bias, {stride = stride, padding = padding, dilation = dilation,
        output_padding = extra})
      assert.is_true(near(back, expected[1] + bias:view(1, -1, 1, 1)))
    end)
  end

  it("with groups it is each group's", function()
    ty.manual_seed(2)
    for _, shape in ipairs {{12, 4}, {6, 1}, {12, 12}} do -- outputs, groups of 12 channels
      local outputs, groups = shape[1] * 2, shape[2]
      local x, w = ty.randn(2, 12, 33, 40), ty.randn(outputs, 12 // groups, 3, 3)
      local parts = {}
      for i = 1, groups do
        local m, o = 12 // groups, outputs // groups
        local part = x:narrow(2, (i - 1) * m + 1, m)
        parts[i] = F.conv2d(part, w:narrow(1, (i - 1) * o + 1, o), {padding = 1, stride = 2})
      end
      assert.is_true(ty.allclose(F.conv2d(x, w, {padding = 1, stride = 2, groups = groups}), ty.cat(parts, 2), {atol = 1e-4}))
    end
  end)
end)

describe("results do not depend on the number of threads", function()
  it("", function()
    local before = ty.get_num_threads()
    local function all()
      ty.manual_seed(3)
      local list = {}
      for _, groups in ipairs {1, 16} do
        local x = ty.randn({6, 16, 40, 41}, {requires_grad = true})
        local w = ty.randn({32, 16 // groups, 3, 3}, {requires_grad = true})
        local y = F.conv2d(x, w, {padding = 1, groups = groups})
        local z = F.max_pool2d(y, 3, 2, 1) + F.avg_pool2d(y, 3, 2, 1)
        list = table.move(ty.grad({(z * z):sum()}, {x, w}), 1, 2, #list + 1, list)
        list[#list + 1] = z
      end
      return list
    end
    ty.set_num_threads(1)
    local one = all()
    ty.set_num_threads(4)
    local four = all()
    ty.set_num_threads(before)
    for i = 1, #one do assert.is_true(ty.equal(one[i], four[i])) end
  end)
end)

describe("maxima of two by two, rows of any length", function()
  it("are those of the four parts, with their places and their gradient", function()
    ty.manual_seed(4)
    for width = 2, 21 do
      local x = ty.randn({2, 3, 7, width}, {requires_grad = true})
      local y, places = F.max_pool2d(x, 2, {return_indices = true})
      local corner = x:detach():narrow(3, 1, 6):narrow(4, 1, width // 2 * 2):unfold(3, 2, 2):unfold(4, 2, 2)
      assert.is_true(ty.equal(y:detach(), corner:amax{5, 6}))
      assert.is_true(ty.equal(y:detach():flatten(3), x:detach():flatten(3):gather(3, places:flatten(3))))
      y:sum():backward()
      assert.is_true(ty.equal(x.grad:flatten(3), ty.zeros(2, 3, 7 * width):scatter(3, places:flatten(3), 1)))
    end
  end)
end)

describe("the gradient of a bias", function()
  it("is the sum of the output's, alone or with the weight's", function()
    ty.manual_seed(5)
    for _, groups in ipairs {1, 4} do
      local x = ty.randn(5, 4, 9, 12)
      local w, b = ty.randn({8, 4 // groups, 3, 3}, {requires_grad = true}), ty.randn({8}, {requires_grad = true})
      local y = F.conv2d(x, w, b, {groups = groups})
      local g = ty.randn(table.unpack(y.shape))
      y:backward(g)
      local wanted = g:permute(2, 1, 3, 4):flatten(2):sum(2)
      assert.is_true(ty.allclose(b.grad, wanted, 1e-5, 1e-4))
      local alone = ty.grad({F.conv2d(x, w:detach(), b, {groups = groups})}, {b}, {grad_outputs = {g}})[1]
      assert.is_true(ty.allclose(alone, wanted, 1e-5, 1e-4))
    end
  end)
end)

-- Class, arguments, what is printed (PyTorch's text, with Lua's booleans).
local printed = {
  {"Conv1d", {1, 2, 3}, "Conv1d(1, 2, kernel_size=(3,), stride=(1,))"},
  {"Conv2d", {3, 6, 5, {stride = {2, 1}, padding = 2, dilation = {1, 2}, groups = 3, bias = false, padding_mode = "circular"}},
    "Conv2d(3, 6, kernel_size=(5, 5), stride=(2, 1), padding=(2, 2), dilation=(1, 2), groups=3, bias=false, "
      .. "padding_mode=circular)"},
  {"Conv2d", {1, 2, {3, 2}, 1, "same"}, "Conv2d(1, 2, kernel_size=(3, 2), stride=(1, 1), padding=same)"},
  {"Conv3d", {1, 2, 3}, "Conv3d(1, 2, kernel_size=(3, 3, 3), stride=(1, 1, 1))"},
  {"ConvTranspose2d", {2, 4, 3, 2, 1, 1, 2}, "ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
    .. "output_padding=(1, 1), groups=2)"},
  {"MaxPool1d", {2}, "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)"},
  {"MaxPool2d", {{3, 2}, {stride = 2, ceil_mode = true}},
    "MaxPool2d(kernel_size=(3, 2), stride=2, padding=0, dilation=1, ceil_mode=true)"},
  {"AvgPool1d", {2}, "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"},
  {"AvgPool2d", {2, {padding = 1}}, "AvgPool2d(kernel_size=2, stride=2, padding=1)"},
  {"LPPool2d", {2, 3, 2}, "LPPool2d(norm_type=2, kernel_size=3, stride=2, ceil_mode=false)"},
  {"AdaptiveAvgPool2d", {{5, 7}}, "AdaptiveAvgPool2d(output_size=(5, 7))"},
  {"AdaptiveMaxPool1d", {5}, "AdaptiveMaxPool1d(output_size=5)"},
  {"MaxUnpool2d", {2}, "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"},
  {"ConstantPad2d", {1, 3.5}, "ConstantPad2d(padding=(1, 1, 1, 1), value=3.5)"},
  {"ZeroPad1d", {{1, 2}}, "ZeroPad1d((1, 2))"}, {"ReflectionPad2d", {2}, "ReflectionPad2d((2, 2, 2, 2))"},
  {"ReplicationPad3d", {1}, "ReplicationPad3d((1, 1, 1, 1, 1, 1))"}, {"CircularPad1d", {1}, "CircularPad1d((1, 1))"},
  {"Upsample", {{scale_factor = 2}}, "Upsample(scale_factor=2.0, mode='nearest')"},
  {"Upsample", {{3, 4}, {mode = "bilinear"}}, "Upsample(size=(3, 4), mode='bilinear')"},
  {"UpsamplingNearest2d", {{scale_factor = {2, 3}}}, "UpsamplingNearest2d(scale_factor=(2.0, 3.0), mode='nearest')"},
  {"UpsamplingBilinear2d", {4}, "UpsamplingBilinear2d(size=4, mode='bilinear')"},
  {"PixelShuffle", {3}, "PixelShuffle(upscale_factor=3)"}, {"PixelUnshuffle", {3}, "PixelUnshuffle(downscale_factor=3)"},
  {"ChannelShuffle", {2}, "ChannelShuffle(groups=2)"},
  {"Unfold", {{2, 3}}, "Unfold(kernel_size=(2, 3), dilation=1, padding=0, stride=1)"},
  {"Fold", {{4, 5}, 2}, "Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=1)"},
}

describe("a layer prints as PyTorch's:", function()
  for _, case in ipairs(printed) do
    it(case[3], function() assert.equal(case[3], tostring(nn[case[1]](table.unpack(case[2])))) end)
  end
end)

describe("convolution layers", function()
  it("name their parameters and compute their function", function()
    local layer = nn.Conv2d(3, 8, 3, {padding = 1})
    local names = {}
    for name in layer:named_parameters() do names[#names + 1] = name end
    assert.equal("weight bias", table.concat(names, " "))
    local x = ty.randn(2, 3, 6, 6)
    assert.is_true(ty.equal(layer(x), F.conv2d(x, layer.weight, layer.bias, {padding = 1})))
    assert.equal("{8, 3, 3, 3}", "{" .. table.concat(layer.weight.shape, ", ") .. "}")
    local up = nn.ConvTranspose2d(8, 4, 3, {stride = 2, groups = 2})
    assert.equal("{8, 2, 3, 3}", "{" .. table.concat(up.weight.shape, ", ") .. "}")
    assert.equal(13, up(layer(x), {14, 13}).shape[4])
    assert.equal(14, up(layer(x), {14, 13}).shape[3])
    assert.has_error(function() up(layer(x), {15, 13}) end)
  end)

  it("pad as their mode says", function()
    local x = ty.arange(1.0, 10.0):view(1, 1, 3, 3)
    for _, mode in ipairs {"reflect", "replicate", "circular"} do
      local layer = nn.Conv2d(1, 1, 3, {padding = {1, 2}, padding_mode = mode})
      local padded = F.pad(x, {2, 2, 1, 1}, mode)
      assert.is_true(ty.equal(layer(x), F.conv2d(padded, layer.weight, layer.bias)))
      local same = nn.Conv2d(1, 1, {2, 3}, {padding = "same", padding_mode = mode})
      assert.equal("{1, 1, 3, 3}", "{" .. table.concat(same(x).shape, ", ") .. "}")
      assert.is_true(ty.equal(same(x), F.conv2d(F.pad(x, {1, 1, 0, 1}, mode), same.weight, same.bias)))
    end
  end)

  it("say what is wrong", function()
    local function message(f, ...)
      local ok, said = pcall(f, ...)
      assert.is_false(ok)
      return said
    end
    assert.truthy(message(nn.Conv2d(3, 8, 3), ty.ones(2, 1, 28, 28)):find(
      "conv2d: expected input with 3 channels (weight {8, 3, 3, 3}: 3), got {2, 1, 28, 28} with 1", 1, true))
    assert.truthy(message(nn.Conv2d(1, 8, 5), ty.ones(2, 1, 3, 28)):find("the kernel is larger than the input", 1, true))
    assert.truthy(message(nn.Conv2d, 3, 8, 3, {groups = 2}):find("in_channels must be divisible by groups, got 3 and 2", 1, true))
    assert.truthy(message(nn.Conv2d, 3, 8, {3, 3, 3}):find("kernel_size takes one number, or a list of 2", 1, true))
    assert.truthy(message(nn.Conv2d, 3, 8, 3, {padding = "full"}):find("same", 1, true))
    assert.truthy(message(nn.Conv2d, 3, 8, 3, {padding = "same", stride = 2}):find("stride of 1", 1, true))
    assert.truthy(message(nn.Conv2d, 3, 8, 3, {padding_mode = "mirror"}):find("reflect", 1, true))
    assert.truthy(message(nn.Upsample):find("give either size or scale_factor", 1, true))
    assert.truthy(message(nn.Upsample, {scale_factor = 2, mode = "cubic"}):find("bicubic", 1, true))
    assert.truthy(message(nn.Upsample, {scale_factor = "2"}):find("scale_factor must be a number", 1, true))
    assert.truthy(message(nn.ZeroPad2d, {1, 2}):find("list of 4", 1, true))
    assert.truthy(message(F.pad, ty.ones(1, 3), {3, 3}, "reflect"):find("by 2 at most, got 3", 1, true))
    assert.truthy(message(F.max_pool2d, ty.ones(1, 1, 3, 3), 4):find("window is larger than the input", 1, true))
  end)
end)

local golden = require "support.golden"
local trained = dofile(golden.folder .. "cnn.lua")

describe("from the same seed as PyTorch:", function()
  local function make(text) return assert(load("local nn = ... return " .. text))(nn) end

  for _, case in ipairs(trained.layers) do
    it(case[1] .. " begins alike", function()
      ty.manual_seed(5)
      local layer = make(case[1])
      assert.equal(#case - 1, #layer:parameters())
      for i, parameter in ipairs(layer:parameters()) do
        assert.is_nil(golden.differs(parameter, case[i + 1]))
      end
    end)
  end

  for i, case in ipairs(trained.networks) do
    it(("network %d has the same losses"):format(i), function()
      ty.manual_seed(11)
      local x, y = ty.randn(9, 1, 10, 10), (ty.arange(9) % 3) + 1
      local net = make(case[1])
      local optimiser = ty.optim.Adam(net:parameters(), {lr = 0.02})
      for step = 2, #case do
        optimiser:zero_grad()
        local loss = F.cross_entropy(net(x), y)
        loss:backward()
        optimiser:step()
        local wanted = case[step]
        assert.is_true(math.abs(loss:item() - wanted) < 2e-5 * wanted + 1e-6, ("step %d: %.8g, PyTorch %.8g"):format(step - 1,
          loss:item(), wanted))
      end
    end)
  end
end)
