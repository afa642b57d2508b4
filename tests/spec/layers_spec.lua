--[[
Activations as modules: what each prints, that it computes what its function in F does, options, and inplace. The functions
are held against PyTorch by tests/golden/layers.lua.
]]

local ty = require "tycho"

local nn, F = ty.nn, ty.F

-- Class, arguments, what is printed, the function.
local cases = {
  {"LeakyReLU", {}, "LeakyReLU(negative_slope=0.01)", F.leaky_relu},
  {"LeakyReLU", {0.2, true}, "LeakyReLU(negative_slope=0.2, inplace=true)", function(x) return F.leaky_relu(x, 0.2) end},
  {"ELU", {}, "ELU(alpha=1.0)", F.elu}, {"SELU", {}, "SELU()", F.selu}, {"CELU", {}, "CELU(alpha=1.0)", F.celu},
  {"GELU", {}, "GELU(approximate='none')", F.gelu},
  {"GELU", {"tanh"}, "GELU(approximate='tanh')", function(x) return F.gelu(x, {approximate = "tanh"}) end},
  {"SiLU", {}, "SiLU()", F.silu}, {"SiLU", {{inplace = true}}, "SiLU(inplace=true)", F.silu}, {"Mish", {}, "Mish()", F.mish},
  {"Softplus", {}, "Softplus(beta=1.0, threshold=20.0)", F.softplus}, {"Softsign", {}, "Softsign()", F.softsign},
  {"Hardtanh", {}, "Hardtanh(min_val=-1.0, max_val=1.0)", F.hardtanh}, {"ReLU6", {}, "ReLU6()", F.relu6},
  {"Hardsigmoid", {}, "Hardsigmoid()", F.hardsigmoid}, {"Hardswish", {}, "Hardswish()", F.hardswish},
  {"LogSigmoid", {}, "LogSigmoid()", F.logsigmoid}, {"Tanhshrink", {}, "Tanhshrink()", F.tanhshrink},
  {"Softshrink", {}, "Softshrink(0.5)", F.softshrink}, {"Hardshrink", {}, "Hardshrink(0.5)", F.hardshrink},
  {"Threshold", {0.1, 20}, "Threshold(threshold=0.1, value=20)", function(x) return F.threshold(x, 0.1, 20) end},
  {"GLU", {}, "GLU(dim=-1)", F.glu}, {"Softmin", {2}, "Softmin(dim=2)", function(x) return F.softmin(x, 2) end},
  {"PReLU", {}, "PReLU(num_parameters=1)", function(x) return F.prelu(x, ty.tensor {0.25}) end},
  {"PReLU", {4}, "PReLU(num_parameters=4)", function(x) return F.leaky_relu(x, 0.25) end},
}

describe("an activation prints as PyTorch's and computes its function:", function()
  for _, case in ipairs(cases) do
    it(case[3], function()
      local module = nn[case[1]](table.unpack(case[2]))
      local x = ty.tensor({{-4.0, -0.6, 0.2, 7.0}, {0.0, 3.0, -3.0, 1.5}}, {requires_grad = true})
      local want = case[4](x)
      local wanted = ty.grad({want:sum()}, {x})[1]
      local input = x * 1
      local got = module(input)
      assert.equal(case[3], tostring(module))
      assert.is_true(ty.equal(got, want))
      assert.equal(module.inplace == true, got == input)
      assert.is_true(ty.equal(ty.grad({got:sum()}, {x})[1], wanted))
    end)
  end
end)

describe("activations refuse", function()
  it("unknown options and wrong values", function()
    assert.has_error(function() nn.GELU "sigmoid" end)
    assert.has_error(function() nn.ELU {beta = 2} end)
    assert.has_error(function() nn.Threshold(1) end)
    assert.has_error(function() nn.GLU(2)(ty.ones(2, 3)) end)
    assert.has_error(function() nn.PReLU(3)(ty.ones(2, 4)) end)
  end)
end)

describe("a loss module computes its function:", function()
  local x, y, z = ty.tensor {{0.2, 0.7}, {0.6, 0.1}}, ty.tensor {{0.0, 1.0}, {0.4, 0.9}}, ty.tensor {{1.0, 0.3}, {0.5, 0.2}}
  local signs = ty.tensor {1.0, -1.0}
  for _, case in ipairs {
    {nn.L1Loss(), F.l1_loss, x, y}, {nn.SmoothL1Loss {beta = 0.3}, F.smooth_l1_loss, x, y, {beta = 0.3}},
    {nn.HuberLoss("sum", 0.3), F.huber_loss, x, y, {delta = 0.3, reduction = "sum"}},
    {nn.BCELoss(z), F.binary_cross_entropy, x, y, {weight = z}},
    {nn.BCEWithLogitsLoss {pos_weight = z}, F.binary_cross_entropy_with_logits, x, y, {pos_weight = z}},
    {nn.KLDivLoss("batchmean", true), F.kl_div, x, y, {reduction = "batchmean", log_target = true}},
    {nn.PoissonNLLLoss {full = true}, F.poisson_nll_loss, x, y, {full = true}},
    {nn.HingeEmbeddingLoss(0.5), F.hinge_embedding_loss, x, signs, {margin = 0.5}},
    {nn.MarginRankingLoss(0.5), F.margin_ranking_loss, x, y, ty.tensor {{1.0, -1.0}, {-1.0, 1.0}}, {margin = 0.5}},
    {nn.TripletMarginLoss {swap = true}, F.triplet_margin_loss, x, y, z, {swap = true}},
    {nn.MultiMarginLoss(2, 0.5, y[1]), F.multi_margin_loss, x, ty.tensor {2, 1}, {p = 2, margin = 0.5, weight = y[1]}},
    {nn.MultiLabelMarginLoss "sum", F.multilabel_margin_loss, x, ty.tensor {{2, 0}, {1, 2}}, {reduction = "sum"}},
    {nn.MultiLabelSoftMarginLoss(z), F.multilabel_soft_margin_loss, x, y, {weight = z}},
    {nn.SoftMarginLoss(), F.soft_margin_loss, x, signs}, {nn.NLLLoss2d(), F.nll_loss, x, ty.tensor {2, 1}},
    {nn.GaussianNLLLoss(true, 0.1), F.gaussian_nll_loss, x, y, z, {full = true, eps = 0.1}},
    {nn.CTCLoss(2, "sum", true), F.ctc_loss, x, ty.tensor {1}, ty.tensor {2}, ty.tensor {1},
      {blank = 2, reduction = "sum", zero_infinity = true}},
    {nn.TripletMarginWithDistanceLoss {margin = 2, swap = true}, F.triplet_margin_with_distance_loss, x, y, z,
      {margin = 2, swap = true}},
    {nn.TripletMarginWithDistanceLoss(), F.triplet_margin_loss, x, y, z},
    {nn.CosineEmbeddingLoss(0.1), F.cosine_embedding_loss, x, y, signs, {margin = 0.1}},
  } do
    it(tostring(case[1]), function()
      local inputs = {}
      for i = 3, #case do if ty.is_tensor(case[i]) then inputs[#inputs + 1] = case[i] end end
      assert.is_true(ty.equal(case[1](table.unpack(inputs)), case[2](table.unpack(case, 3))))
    end)
  end
  it("and checks its options", function()
    assert.has_error(function() nn.L1Loss "batchmean" end)
    for _, old in ipairs {"size_average", "reduce"} do
      for _, f in ipairs {function() nn.MSELoss {[old] = false} end, function() F.mse_loss(x, y, {[old] = false}) end} do
        local ok, message = pcall(f)
        assert.is_false(ok)
        assert.is_truthy(message:find("given up '" .. old .. "'; say reduction", 1, true), message)
      end
    end
    assert.has_error(function() nn.CTCLoss(0) end)
    assert.has_error(function() nn.MultiMarginLoss(3)(x, ty.tensor {1, 2}) end)
    assert.has_error(function() nn.TripletMarginWithDistanceLoss(3) end)
    assert.has_error(function() nn.TripletMarginWithDistanceLoss {reduction = "most"}(x, y, z) end)
    assert.has_error(function() F.triplet_margin_with_distance_loss(x, y, z[1]) end)
    assert.has_error(function() F.triplet_margin_with_distance_loss(x, y, z, {margin = 0}) end)
  end)

  it("and distances may be the user's own, with gradients", function()
    local a = ty.tensor({{0.2, 0.7}}, {requires_grad = true})
    local loss = nn.TripletMarginWithDistanceLoss(function(p, q) return (p - q):square():sum(2) end)
    loss(a, ty.zeros(1, 2), ty.ones(1, 2)):backward()
    assert.is_true(a.grad:allclose(ty.full({1, 2}, 2.0)))
  end)
end)

describe("AdaptiveLogSoftmaxWithLoss", function()
  local function net(...) return nn.AdaptiveLogSoftmaxWithLoss(...) end

  it("has probabilities that add up to 1, and agrees with itself", function()
    ty.manual_seed(1)
    local m, x, y = net(8, 12, {3, 7}, {div_value = 2, head_bias = true}), ty.randn(6, 8), ty.tensor {1, 4, 12, 7, 8, 3}
    local log_p = m:log_prob(x)
    assert.is_true(log_p:exp():sum(2):allclose(ty.ones(6)))
    local output, loss = m(x, y)
    assert.is_true(output:allclose(log_p:gather(2, y:unsqueeze(2)):squeeze(2)))
    assert.is_true(loss:allclose(-output:mean()))
    assert.is_true(m:predict(x):equal(log_p:argmax(2)))
    loss:backward()
    assert.is_truthy(m.tail[2][1].weight.grad)
    local one = m(x[3], ty.tensor(12))
    assert.is_true(one:allclose(output[3]) and one:dim() == 0)
  end)

  it("refuses wrong cutoffs and targets", function()
    for _, cutoffs in ipairs {{}, {0, 3}, {5, 3}, {3, 3}, {3, 12}, {2.5}} do
      assert.has_error(function() net(8, 12, cutoffs) end)
    end
    local m = net(8, 12, {3, 7})
    assert.has_error(function() m(ty.ones(2, 8), ty.tensor {1, 13}) end)
    assert.has_error(function() m(ty.ones(2, 8), ty.tensor {0, 1}) end)
    assert.has_error(function() m(ty.ones(2, 8), ty.tensor {1}) end)
    assert.has_error(function() m(ty.ones(8), ty.tensor {1}) end)
  end)
end)
