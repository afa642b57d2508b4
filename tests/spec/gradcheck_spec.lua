--[[
The gradient of every differentiable op agrees with finite differences, and so does the gradient of the gradient where an op
has one. The table of ops is walked: a differentiable op that is not checked here is a failure.
]]

local ty = require "tycho"
local core = require "tycho.core"
local gradcheck = require "support.gradcheck"

local F = ty.F
local input = gradcheck.input
local checks = {}

-- name: a row of the table, or several names for one check. f: what is differentiated, by the inputs.
local function check(name, inputs, f, options)
  checks[#checks + 1] = {name = name, inputs = inputs, f = f, second = not (options and options.first_only)}
end

local function index(...) return ty.tensor({...}, {dtype = "int64"}) end
local mask = ty.tensor {{true, false, true}, {false, false, true}}

-- ---- Pointwise ----

local ranges = {log = {0.2, 3}, log2 = {0.2, 3}, log10 = {0.2, 3}, sqrt = {0.2, 3}, rsqrt = {0.2, 3}, log1p = {-0.7, 2},
  reciprocal = {0.3, 2}, asin = {-0.9, 0.9}, acos = {-0.9, 0.9}, tan = {-1.2, 1.2}}
for name in ([[neg abs sign square relu exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh
    tanh sigmoid erf floor ceil round trunc]]):gmatch "%S+" do
  local low, high = table.unpack(ranges[name] or {})
  check(name, {input({2, 3}, 1, low, high)}, function(x) return ty[name](x) end)
  check(name .. "_", {input({2, 3}, 1, low, high)}, function(x)
    local y = x:clone()
    return y[name .. "_"](y)
  end)
end
for name in ("add sub mul div remainder fmod pow maximum minimum atan2 floor_divide"):gmatch "%S+" do
  local low = name == "pow" and 0.3 or nil
  local second = (name == "remainder" or name == "fmod" or name == "floor_divide") and 2.3 or nil
  local function b(sizes, seed) return input(sizes, seed, second or name == "div" and 0.4 or nil, second and 3.1 or 2.1) end
  check(name, {input({2, 3}, 0, low), b({2, 3}, 1)}, function(x, y) return ty[name](x, y) end)
  check(name, {input({2, 1, 3}, 0, low), b({2, 1}, 1)}, function(x, y) return ty[name](x, y) end)
  check(name, {input({3}, 0, low)}, function(x) return ty[name](x, 1.7) end)
  check(name .. "_", {input({2, 3}, 0, low), b({3}, 1)}, function(x, y)
    local z = x:clone()
    return z[name .. "_"](z, y)
  end)
  check(name .. "_", {input({3}, 2, low)}, function(x)
    local z = x * 1
    return z[name .. "_"](z, 1.3)
  end)
end
check("pow", {input({4})}, function(x) return 1.5 ^ x end)
check("pow", {input({4})}, function(x) return x ^ 3 end)
check("mul", {input({4})}, function(x) return x * x end)
check("mul_", {input({4})}, function(x)
  local y = x:clone()
  return y:mul_(y)
end)
check("add", {input({3}), input({3}, 1)}, function(x, y) return x:add(y, {alpha = 2.5}) end)
check("sub_", {input({3}), input({3}, 1)}, function(x, y) return x:clone():sub_(y, {alpha = -0.5}) end)
check("div", {input({3}), input({3}, 1, 0.4)}, function(x, y) return x:div(y, {rounding_mode = "floor"}) end)
check("div", {input({3}), input({3}, 1, 0.4)}, function(x, y) return x:div(y, {rounding_mode = "trunc"}) end)
check("where", {input({2, 3}), input({3}, 1)}, function(x, y) return ty.where(mask, x * x, y * y) end)
check("where", {input({2, 3})}, function(x) return (x * x):where(mask, 2) end)
for _, name in ipairs {"clamp", "clip"} do
  check(name, {input({2, 5})}, function(x) return (x * x):clamp(0.5, 2.2) end)
  check(name, {input({2, 5})}, function(x) return ty[name](x, {min = -0.4}) end)
  check(name, {input({2, 3}), input({3}, 1, -1, 0), input({2, 1}, 2, 0.1, 1)}, function(x, low, high)
    return ty[name](x, low, high) ^ 2
  end)
end
check("clamp_", {input({2, 5})}, function(x) return (x * x):clamp_(0.5, 2.2) end)
check("copy_", {input({2, 3}), input({3}, 1)}, function(x, y) return (x * x):copy_(y * y) end)
check("copy_", {input({2, 3}), input({2}, 1)}, function(x, y)
  local z = x * x
  z:select(2, 1):copy_(y * y)
  return z * z
end)
check("fill_", {input({2, 3})}, function(x)
  local z = x * x
  z:select(2, 1):fill_(3.0)
  return z * z
end)
check("zero_", {input({2, 3})}, function(x)
  local z = x * x
  z[1]:zero_()
  return z * z
end)
check("clone detach", {input({3})}, function(x) return x:clone() * x:detach():clone():fill_(2.0) end)
check("contiguous", {input({2, 3})}, function(x) return (x * x):t():contiguous() end)
check("to type type_as cpu float double", {input({2, 3})},
  function(x) return (x * x):to("float64"):double():cpu():to(x.device) end)

-- ---- Reductions and orders ----

for name in ("sum mean prod var std amax amin norm logsumexp"):gmatch "%S+" do
  local all = name == "logsumexp" and {1, 2, 3} or nil
  check(name, {input({2, 3, 2}, 1)}, function(x) return ty[name](x, {dim = all}) end)
  check(name, {input({2, 3, 2}, 1)}, function(x) return ty[name](x, {dim = 2}) end)
  check(name, {input({2, 3, 2}, 1)}, function(x) return ty[name](x * x, {dim = -1, keepdim = true}) end)
  check(name, {input({3, 4}, 1)}, function(x) return ty[name](x:t(), {dim = 1}) end)
  if name ~= "prod" then
    check(name, {input({2, 3, 2}, 1)}, function(x) return ty[name](x, {dim = {1, 3}}) end)
  end
end
for _, p in ipairs {1, 3, 0.5, -1, math.huge, -math.huge} do
  check("norm", {input({2, 3}, 1)}, function(x) return x:norm(p, 2) end)
end
check("prod", {ty.tensor({{0.0, 2.0, 3.0}, {0.0, 0.0, 2.0}}, {dtype = "float64", requires_grad = true})},
  function(x) return x:prod(2) end, {first_only = true})
check("var", {input({2, 5}, 1)}, function(x) return x:var(2, {correction = 0}) end)
for name in ("max min"):gmatch "%S+" do
  check(name, {input({2, 3}, 1)}, function(x) return ty[name](x * x) end)
  check(name, {input({2, 3}, 1)}, function(x) return {ty[name](x * x, 2)} end)
  check(name, {input({2, 3}, 1)}, function(x) return {ty[name](x * x, 1, true)} end)
  check(name, {input({2, 3}, 1), input({2, 3}, 2)}, function(x, y) return ty[name](x, y) end)
end
check("cumsum", {input({2, 3})}, function(x) return (x * x):cumsum(2) end)
check("cumsum", {input({3, 2})}, function(x) return (x * x):t():cumsum(1) end)
check("topk", {input({2, 6})}, function(x) return {(x * x):topk(3)} end)
check("sort", {input({2, 6})}, function(x) return {(x * x):sort(1, true)} end)

-- ---- Activations ----

for name in ("selu silu mish softsign relu6 hardsigmoid hardswish logsigmoid tanhshrink leaky_relu elu celu gelu softplus "
  .. "hardtanh softshrink hardshrink glu"):gmatch "%S+" do
  check(name, {input({3, 4}, 1)}, function(x) return F[name](x) end)
end
check("leaky_relu", {input({2, 3}, 1)}, function(x) return F.leaky_relu(x, -0.3) end)
check("elu", {input({2, 3}, 1)}, function(x) return F.elu(x, 0.7) end)
check("celu", {input({2, 3}, 1)}, function(x) return F.celu(x, 0.7) end)
check("gelu", {input({2, 3}, 1)}, function(x) return F.gelu(x, {approximate = "tanh"}) end)
check("softplus", {input({2, 3}, 1)}, function(x) return F.softplus(x, 2, 1.5) end)
check("threshold", {input({2, 3}, 1)}, function(x) return F.threshold(x, 0.1, 3) end)
check("softmin", {input({2, 3}, 1)}, function(x) return F.softmin(x, 2) end)
check("prelu", {input({2, 3, 2}, 1), input({3}, 2)}, F.prelu)
check("prelu", {input({4}, 1), input({1}, 2)}, F.prelu)

-- ---- Products, softmax, losses ----

for _, sizes in ipairs {{{3}, {3}}, {{2, 3}, {3}}, {{3}, {3, 2}}, {{2, 3}, {3, 2}}, {{2, 2, 3}, {3, 2}}, {{3}, {2, 3, 2}},
    {{2, 1, 2, 3}, {2, 3, 2}}} do
  check("matmul", {input(sizes[1]), input(sizes[2], 1)}, function(x, y) return x:matmul(y) end)
end
check("mm", {input({3, 2}), input({2, 3}, 1)}, function(x, y) return x:t():mm(y:t()) end)
check("bmm", {input({2, 2, 3}), input({2, 3, 2}, 1)}, function(x, y) return x:bmm(y) end)
check("mv", {input({2, 3}), input({3}, 1)}, function(x, y) return x:mv(y) end)
check("dot", {input({4}), input({4}, 1)}, function(x, y) return x:dot(y) end)
check("outer", {input({2}), input({3}, 1)}, function(x, y) return x:outer(y) end)
check("addmm", {input({2}), input({2, 3}, 1), input({3, 2}, 2)}, function(b, x, y)
  return b:addmm(x, y, {beta = 0.5, alpha = 2})
end)
check("linear", {input({2, 3}), input({4, 3}, 1), input({4}, 2)}, F.linear)
check("linear", {input({2, 2, 3}), input({4, 3}, 1)}, function(x, w) return F.linear(x, w) end)
check("linear", {input({3}), input({4, 3}, 1), input({4}, 2)}, F.linear)
for name in ("softmax log_softmax"):gmatch "%S+" do
  check(name, {input({2, 3})}, function(x) return ty[name](x, 2) end)
  check(name, {input({3, 2, 2})}, function(x) return ty[name](x, 1) end)
end
check("dropout", {input({2, 6})}, function(x)
  ty.manual_seed(3)
  return F.dropout(x * x, 0.4)
end)
local classes = index(3, 1, 2, 3)
local weight = ty.tensor({0.5, 2.0, 1.0}, {dtype = "float64"})
for _, reduction in ipairs {"none", "mean", "sum"} do
  check("nll_loss", {input({4, 3})}, function(x)
    return F.nll_loss(x * x, classes, weight, {ignore_index = 1, reduction = reduction})
  end)
  check("nll_loss", {input({1, 3, 2})}, function(x) return F.nll_loss(x * x, ty.tensor {{1, 3}}, {reduction = reduction}) end)
  check("cross_entropy", {input({4, 3})}, function(x) return F.cross_entropy(x, classes, {reduction = reduction}) end)
  check("cross_entropy", {input({4, 3})}, function(x)
    return F.cross_entropy(x, classes, weight, {ignore_index = 2, reduction = reduction, label_smoothing = 0.2})
  end)
  check("cross_entropy", {input({2, 3}), input({2, 3}, 1, 0.1, 0.6)}, function(x, p)
    return F.cross_entropy(x, p, weight, {reduction = reduction, label_smoothing = 0.1})
  end)
  check("cross_entropy", {input({1, 3, 2})}, function(x)
    return F.cross_entropy(x, ty.tensor {{1, 3}}, {reduction = reduction})
  end)
  check("mse_loss", {input({2, 3}), input({2, 3}, 1)}, function(x, y) return F.mse_loss(x, y, {reduction = reduction}) end)
end

local halves = ty.tensor({{1, -1, 1}, {-1, -1, 1}}, {dtype = "float64"})
local signs = ty.tensor({1, -1}, {dtype = "float64"})
for _, reduction in ipairs {"none", "mean", "sum"} do
  local o = {reduction = reduction}
  for name in ("l1_loss smooth_l1_loss huber_loss"):gmatch "%S+" do
    check(name, {input({2, 3}), input({2, 3}, 1)}, function(x, y) return F[name](x, y, o) end)
  end
  check("binary_cross_entropy", {input({2, 3}, 0, 0.2, 0.8), input({2, 3}, 1, 0.2, 0.8)}, function(x, y)
    return F.binary_cross_entropy(x, y, o)
  end)
  check("binary_cross_entropy_with_logits", {input({2, 3}), input({2, 3}, 1, 0.2, 0.8), input({3}, 2, 0.5, 2)},
    function(x, y, w) return F.binary_cross_entropy_with_logits(x, y, {pos_weight = w, reduction = reduction}) end)
  check("kl_div", {input({2, 3}), input({2, 3}, 1, 0.2, 0.8)}, function(x, y) return F.kl_div(x, y, o) end)
  check("poisson_nll_loss", {input({2, 3})}, function(x) return F.poisson_nll_loss(x, halves, o) end)
  check("hinge_embedding_loss", {input({2, 3})}, function(x) return F.hinge_embedding_loss(x, halves, o) end)
  check("margin_ranking_loss", {input({2, 3}), input({2, 3}, 1)}, function(x, y)
    return F.margin_ranking_loss(x, y, halves, {margin = 0.3, reduction = reduction})
  end)
  check("triplet_margin_loss", {input({2, 3}), input({2, 3}, 1), input({2, 3}, 2)}, function(x, y, z)
    return F.triplet_margin_loss(x, y, z, {margin = 4, reduction = reduction})
  end)
  check("cosine_embedding_loss", {input({2, 3}), input({2, 3}, 1)}, function(x, y)
    return F.cosine_embedding_loss(x, y, signs, {margin = -0.99, reduction = reduction})
  end)
end
for _, reduction in ipairs {"none", "mean", "sum"} do
  local o = {reduction = reduction}
  check("multi_margin_loss", {input({4, 3})}, function(x)
    return F.multi_margin_loss(x, classes, 2, 0.7, weight, o)
  end)
  check("multilabel_margin_loss", {input({2, 3})}, function(x)
    return F.multilabel_margin_loss(x * x, ty.tensor {{3, 1, 0}, {2, 0, 1}}, o)
  end)
  check("soft_margin_loss", {input({2, 3})}, function(x) return F.soft_margin_loss(x, halves, o) end)
  check("multilabel_soft_margin_loss", {input({2, 3}), input({2, 3}, 1, 0.2, 0.8)}, function(x, y)
    return F.multilabel_soft_margin_loss(x, y, weight, o)
  end)
  check("gaussian_nll_loss", {input({2, 3}), input({2, 3}, 1), input({2, 3}, 2, 0.3, 2)}, function(x, y, v)
    return F.gaussian_nll_loss(x, y, v, {full = true, reduction = reduction})
  end)
  check("ctc_loss", {input({5, 2, 4})}, function(x)
    return F.ctc_loss(F.log_softmax(x, 3), ty.tensor {{2, 3, 3}, {4, 0, 0}}, {5, 4}, {3, 1}, o)
  end, {first_only = true})
end
check("cosine_similarity", {input({2, 3}), input({2, 3}, 1)}, F.cosine_similarity)
check("pairwise_distance", {input({2, 3}), input({2, 3}, 1)}, F.pairwise_distance)

-- ---- Convolution, pooling ----

check("conv1d", {input({2, 2, 5}), input({4, 1, 2}, 1), input({4}, 2)}, function(x, w, b)
  return F.conv1d(x, w, b, {stride = 2, padding = 1, groups = 2})
end)
check("conv2d", {input({2, 2, 4, 3}), input({3, 2, 2, 2}, 1), input({3}, 2)}, function(x, w, b)
  return F.conv2d(x, w, b, {stride = {2, 1}, padding = 1})
end)
check("conv2d", {input({1, 6, 4, 3}), input({6, 1, 2, 2}, 1), input({6}, 2)}, function(x, w, b)
  return F.conv2d(x, w, b, {padding = "same", groups = 6})
end)
check("conv3d", {input({1, 2, 3, 3, 2}), input({2, 2, 2, 2, 1}, 1)}, function(x, w)
  return F.conv3d(x, w, nil, 1, {1, 0, 0}, {2, 1, 1})
end)
check("conv_transpose1d", {input({2, 2, 3}), input({2, 2, 2}, 1), input({4}, 2)}, function(x, w, b)
  return F.conv_transpose1d(x, w, b, {stride = 2, output_padding = 1, groups = 2})
end)
check("conv_transpose2d", {input({2, 2, 3, 2}), input({2, 3, 2, 2}, 1), input({3}, 2)}, function(x, w, b)
  return F.conv_transpose2d(x, w, b, {stride = 2, padding = 1})
end)
check("conv_transpose3d", {input({1, 2, 2, 2, 1}), input({2, 1, 2, 1, 2}, 1)}, F.conv_transpose3d)
for ndim, sizes in ipairs {{1, 2, 5}, {1, 2, 4, 5}, {1, 1, 3, 4, 3}} do
  for name, arguments in pairs {max_pool = {2, 1, 1}, avg_pool = {2, 2, 1}, adaptive_max_pool = {2}, adaptive_avg_pool = {3},
      lp_pool = {2.5, 2}} do
    local full, positive = ("%s%dd"):format(name, ndim), name == "lp_pool" and 0.3 or nil
    check(full, {input(sizes, 1, positive)}, function(x)
      return F[full](name == "lp_pool" and x or x * x, table.unpack(arguments))
    end)
  end
  local pool, unpool = F[("max_pool%dd"):format(ndim)], ("max_unpool%dd"):format(ndim)
  check(unpool, {input(sizes, 1)}, function(x)
    local y, at = pool(x * x, 2, {return_indices = true})
    return F[unpool](y * y, at, 2, {output_size = sizes})
  end)
end

-- ---- Padding, resampling, folding ----

for _, mode in ipairs {"constant", "reflect", "replicate", "circular"} do
  check("pad", {input({2, 3, 4})}, function(x) return F.pad(x * x, {2, -1, 1, 2}, mode) end)
end
for mode, sizes in pairs {linear = {1, 2, 4}, bilinear = {1, 1, 3, 4}, bicubic = {1, 1, 3, 4}, trilinear = {1, 1, 2, 3, 2},
    nearest = {1, 1, 3, 4}, area = {1, 1, 3, 4}} do
  check("interpolate", {input(sizes, 1)}, function(x) return F.interpolate(x * x, {scale_factor = 1.6, mode = mode}) end)
end
check("interpolate", {input({1, 1, 6, 4}, 1)}, function(x)
  return F.interpolate(x * x, {size = {2, 6}, mode = "bicubic", antialias = true})
end)
for _, mode in ipairs {"bilinear", "nearest", "bicubic"} do
  for _, padding_mode in ipairs {"zeros", "border", "reflection"} do
    check("grid_sample", {input({1, 2, 3, 3}), input({1, 2, 2, 2}, 1, -1.31, 1.33)}, function(x, grid)
      return F.grid_sample(x, grid, mode, padding_mode)
    end)
  end
end
check("grid_sample", {input({1, 1, 2, 3, 2}), input({1, 1, 2, 1, 3}, 1, -1.31, 1.33)}, function(x, grid)
  return F.grid_sample(x, grid, {align_corners = true})
end)
check("affine_grid", {input({2, 2, 3})}, function(theta) return F.affine_grid(theta * theta, {2, 1, 2, 3}) end)
check("unfold", {input({1, 2, 3, 4})}, function(x) return F.unfold(x * x, 2, {padding = 1, stride = 2}) end)
check("fold", {input({1, 8, 6})}, function(x) return F.fold(x * x, {3, 4}, 2) end)
check("pixel_shuffle", {input({4, 1, 2})}, function(x) return F.pixel_shuffle(x * x, 2) end)
check("pixel_unshuffle", {input({1, 2, 4})}, function(x) return F.pixel_unshuffle(x * x, 2) end)
check("channel_shuffle", {input({1, 4, 2})}, function(x) return F.channel_shuffle(x * x, 2) end)

-- ---- Views, joins, indexing ----

check("view", {input({2, 3})}, function(x) return (x * x):view(3, 2) end)
check("view_as reshape_as", {input({2, 3})}, function(x)
  return (x * x):view_as(ty.zeros(6)):reshape_as(ty.zeros(3, 2))
end)
check("reshape", {input({2, 3})}, function(x) return (x * x):t():reshape(6) end)
check("flatten", {input({2, 1, 3})}, function(x) return (x * x):flatten(2) end)
check("permute", {input({2, 1, 3})}, function(x) return (x * x):permute(3, 1, 2) end)
check("transpose", {input({2, 3})}, function(x) return (x * x):transpose(1, 2) end)
check("t", {input({2, 3})}, function(x) return (x * x):t() end)
check("squeeze", {input({2, 1, 3})}, function(x) return (x * x):squeeze(2) end)
check("unsqueeze", {input({2, 3})}, function(x) return (x * x):unsqueeze(2) end)
check("expand expand_as", {input({2, 1})}, function(x) return (x * x):expand(3, 2, 2) + (x * x):expand_as(ty.zeros(2, 2)) end)
check("narrow", {input({2, 4})}, function(x) return (x * x):narrow(2, 2, 2) end)
check("select", {input({2, 3})}, function(x) return (x * x):select(2, -1) end)
check("diagonal", {input({3, 4})}, function(x) return (x * x):diagonal(1) end)
check("as_strided", {input({6})}, function(x) return (x * x):as_strided({2, 3}, {1, 1}, 1) end)
check("cat", {input({2, 3}), input({2, 1}, 1)}, function(x, y) return ty.cat({x * x, y * y, x}, 2) end)
check("stack", {input({2, 3}), input({2, 3}, 1)}, function(x, y) return ty.stack({x * x, y * y}, 2) end)
check("split", {input({5, 2})}, function(x) return (x * x):split(2) end)
check("chunk", {input({5, 2})}, function(x) return (x * x):chunk(3) end)
check("unbind", {input({2, 3})}, function(x) return (x * x):unbind(2) end)
check("index_select", {input({3, 2})}, function(x) return (x * x):index_select(1, index(3, 1, 3)) end)
check("gather", {input({2, 3})}, function(x) return (x * x):gather(2, ty.tensor {{3, 3}, {1, 2}}) end)
local to = ty.tensor {{3, 1}, {2, 1}}
check("scatter", {input({2, 3}), input({2, 2}, 1)}, function(x, y) return (x * x):scatter(2, to, y * y) end)
check("scatter_", {input({2, 3}), input({2, 2}, 1)}, function(x, y) return (x * x):scatter_(2, to, y * y) end)
check("scatter_", {input({2, 3})}, function(x) return (x * x):scatter_(2, to, 1.5) end)
local twice = ty.tensor {{3, 3}, {2, 1}}
check("scatter_add", {input({2, 3}), input({2, 2}, 1)}, function(x, y) return (x * x):scatter_add(2, twice, y * y) end)
check("scatter_add_", {input({2, 3}), input({2, 2}, 1)}, function(x, y) return (x * x):scatter_add_(2, twice, y * y) end)
check("masked_fill", {input({2, 3}), input({}, 1)}, function(x, v) return (x * x):masked_fill(mask, v * v) end)
check("masked_fill_", {input({2, 3})}, function(x) return (x * x):masked_fill_(mask, 2.5) end)
check("masked_select", {input({2, 3})}, function(x) return (x * x):masked_select(mask) end)
check("index_put_", {input({3, 2}), input({2, 2}, 1)}, function(x, y) return (x * x):index_put_({index(3, 1)}, y * y) end)
check("index_put_", {input({3, 2}), input({3}, 1)}, function(x, y)
  return (x * x):index_put_({index(3, 1, 3), index(1, 2, 1)}, y * y, true)
end)
check("[]", {input({3, 4})}, function(x)
  local y = x * x
  return {y[2], y[{{1, 2}, -1}], y[index(3, 1, 3)], y[y:detach():gt(1)], y[{{}, index(1, 4)}], y[{{1, -1, 2}, {2, 3}}]}
end)
check("[]=", {input({3, 4}), input({4}, 1)}, function(x, y)
  local z = x * x
  z[2] = y * y
  z[{{}, 3}] = 1.5
  z[index(1, 3)] = y
  z[z:detach():gt(3)] = 0.5
  return z * z
end)

-- ---- Rearranging, blending, order ----

check("tril triu", {input({3, 4})}, function(x) return {(x * x):tril(1), (x * x):triu(-1)} end)
check("flip roll", {input({2, 3})}, function(x) return {(x * x):flip(1, 2), (x * x):roll(1), (x * x):roll({1, -1}, {1, 2})} end)
check("tile", {input({2, 3})}, function(x) return (x * x):tile(2, 1, 3) end)
check("repeat_interleave", {input({2, 3})}, function(x)
  return {(x * x):repeat_interleave(2), (x * x):repeat_interleave(ty.tensor {2, 0, 1}, 2)}
end)
check("swapaxes swapdims movedim moveaxis", {input({2, 1, 3})}, function(x)
  local y = x * x
  return {y:swapaxes(1, 3), y:swapdims(1, 2), y:movedim(1, 3), y:moveaxis({1, 2}, {3, 1})}
end)
check("unfold", {input({2, 5})}, function(x) return {(x * x):unfold(2, 3, 1), (x * x):t():unfold(1, 2, 2)} end)
check("meshgrid", {input({2}), input({3}, 1)}, function(x, y) return ty.meshgrid({x * x, y * y}, {indexing = "xy"}) end)
check("take", {input({2, 3})}, function(x) return (x * x):take(ty.tensor {{6, 1}, {1, 2}}) end)
check("diag trace", {input({3, 4}), input({2}, 1)}, function(x, y)
  return {(x * x):diag(1), (y * y):diag(-1), (x * x):trace()}
end)
check("lerp", {input({2, 3}), input({3}, 1), input({2, 3}, 2)}, function(x, y, w) return {x:lerp(y, w), x:lerp(y, 0.3)} end)
check("lerp_", {input({2, 3}), input({3}, 1)}, function(x, y) return {(x * x):lerp_(y, 0.3), (x * x):lerp_(y, 0.7)} end)
for name in ("addcmul addcdiv"):gmatch "%S+" do
  check(name, {input({2, 3}), input({3}, 1), input({2, 3}, 2, 0.4)}, function(x, a, b)
    return ty[name](x, a, b, {value = 0.5})
  end)
  check(name .. "_", {input({2, 3}), input({3}, 1), input({2, 3}, 2, 0.4)}, function(x, a, b)
    local y = x * x
    return y[name .. "_"](y, a, b)
  end)
end
check("baddbmm", {input({4}), input({2, 2, 3}, 1), input({2, 3, 4}, 2)}, function(x, a, b)
  return x:baddbmm(a, b, {beta = 0.5, alpha = 2})
end)
check("einsum", {input({2, 3}), input({3, 2}, 1), input({2}, 2)}, function(x, y, z)
  return {ty.einsum("ij,jk,k->ik", x, y, z), ty.einsum("ij,ji->i", x, y), ty.einsum("ii->i", x:matmul(y))}
end)
check("logaddexp", {input({2, 3}), input({3}, 1)}, ty.logaddexp)
check("median", {input({3, 5})}, function(x) return {(x * x):median(), ((x * x):median(2))} end)
check("mode", {input({2, 3})}, function(x) return ((x * x):mode(2)) end)
check("quantile", {input({3, 5})}, function(x) return {(x * x):quantile(0.3), (x * x):quantile(0.7, 1)} end)
check("cumprod", {input({2, 5})}, function(x) return (x * x):cumprod(2) end)

-- ---- Recurrent networks ----

-- Leaves of one layer (and its states) in each direction, and how they are given back to the op.
local function recurrent(op, gates, directions, projection, bias)
  local size, leaves = 2, {input({7, 2}, 1)}
  local states = op == "lstm" and 2 or 1
  for i = 1, states do leaves[#leaves + 1] = input({directions, 3, i == 1 and projection or size}, i + 1, -1, 1) end
  for d = 1, directions do
    leaves[#leaves + 1] = input({gates * size, 2}, 3 * d, -1, 1)
    leaves[#leaves + 1] = input({gates * size, projection or size}, 3 * d + 1, -1, 1)
    if bias then
      leaves[#leaves + 1] = input({gates * size}, 3 * d + 2, -1, 1)
      leaves[#leaves + 1] = input({gates * size}, 3 * d + 3, -1, 1)
    end
    if projection then leaves[#leaves + 1] = input({projection, size}, d, -1, 1) end
  end
  check(op, leaves, function(x, ...)
    local rest = {...}
    local hx, params = table.move(rest, 1, states, 1, {}), table.move(rest, states + 1, #rest, 1, {})
    return {ty[op](x, ty.tensor({3, 3, 1}, {device = "cpu"}), hx, params, bias, 1, 0.0, false, directions == 2)}
  end)
end

for op, gates in pairs {rnn_tanh = 1, rnn_relu = 1, lstm = 4, gru = 3} do
  recurrent(op, gates, 1, nil, true)
  recurrent(op, gates, 2, nil, false)
  local h, c = input({2, 2}, 5, -1, 1), op == "lstm" and input({2, 2}, 6, -1, 1) or nil
  check(op .. "_cell", {input({2, 3}), input({gates * 2, 3}, 1, -1, 1), input({gates * 2, 2}, 2, -1, 1),
    input({gates * 2}, 3), input({gates * 2}, 4), h, c}, function(x, w_ih, w_hh, b_ih, b_hh, h0, c0)
    return {ty[op .. "_cell"](x, c0 and {h0, c0} or h0, w_ih, w_hh, b_ih, b_hh)}
  end)
end
recurrent("lstm", 4, 2, 1, true)

-- ---- Normalisations ----

local function stats() return ty.tensor({0.3, -0.2, 0.1}, {dtype = "float64"}), ty.tensor({1.5, 0.7, 2}, {dtype = "float64"}) end
for _, shape in ipairs {{4, 3}, {2, 3, 2}} do
  check("batch_norm", {input(shape), input({3}, 1), input({3}, 2)}, function(x, w, b)
    return F.batch_norm(x, {weight = w, bias = b, training = true})
  end)
  check("batch_norm", {input(shape), input({3}, 1), input({3}, 2)}, function(x, w, b)
    local mean, var = stats()
    return F.batch_norm(x, mean, var, w, b)
  end)
end
check("batch_norm", {input({2, 3, 2})}, function(x) return F.batch_norm(x, {training = true, eps = 0.1}) end)
check("batch_norm", {input({3}, 1)}, function(w)
  return F.batch_norm(input({4, 3}):detach(), {weight = w, training = true})
end)
check("instance_norm", {input({2, 3, 3}), input({3}, 1), input({3}, 2)}, function(x, w, b)
  return F.instance_norm(x, {weight = w, bias = b})
end)
check("layer_norm", {input({2, 4}), input({4}, 1), input({4}, 2)}, function(x, w, b) return F.layer_norm(x, {4}, w, b) end)
check("layer_norm", {input({2, 2, 3}), input({2, 3}, 1)}, function(x, w) return F.layer_norm(x, {2, 3}, w) end)
check("layer_norm", {input({2, 2, 3}), input({3}, 1)}, function(x, b) return F.layer_norm(x, {3}, {bias = b}) end)
check("rms_norm", {input({2, 4}), input({4}, 1)}, function(x, w) return F.rms_norm(x, {4}, w, 1e-3) end)
check("rms_norm", {input({2, 4})}, function(x) return F.rms_norm(x, {4}) end)
check("group_norm", {input({2, 4}), input({4}, 1), input({4}, 2)}, function(x, w, b) return F.group_norm(x, 2, w, b) end)
check("group_norm", {input({2, 4, 2}), input({4}, 1), input({4}, 2)}, function(x, w, b) return F.group_norm(x, 2, w, b) end)
check("normalize", {input({2, 3})}, function(x) return {F.normalize(x), F.normalize(x, 3, 1, 4)} end)
check("local_response_norm", {input({2, 3, 2})}, function(x) return F.local_response_norm(x, 2, 0.5) end)

do
  local q, k, v = input({2, 3, 2}), input({2, 2, 2}, 1), input({2, 2, 3}, 2)
  local closed = ty.tensor {{true, false}, {false, false}, {true, true}}
  check("scaled_dot_product_attention", {q, k, v}, F.scaled_dot_product_attention)
  check("scaled_dot_product_attention", {q, k, v, input({3, 2}, 4)}, F.scaled_dot_product_attention)
  check("scaled_dot_product_attention", {q, k, v}, function(a, b, c)
    return {F.scaled_dot_product_attention(a, b, c, {is_causal = true, scale = 0.3}),
      F.scaled_dot_product_attention(a, b, c, closed)}
  end)
end

-- ---- Embeddings and what draws numbers (from one seed each time) ----

local ids = ty.tensor {2, 1, 2, 4}
check("embedding", {input({4, 3})}, function(w) return F.embedding(ids, w * w) end)
check("embedding", {input({4, 3})}, function(w)
  return F.embedding(ids, w * w, {padding_idx = 3, scale_grad_by_freq = false}) -- 3 is not among the ids
end)
for _, mode in ipairs {"sum", "mean", "max"} do
  check("embedding_bag", {input({4, 3})}, function(w)
    return F.embedding_bag(ids, w * w, ty.tensor {1, 3, 3}, {mode = mode, padding_idx = 4})
  end)
end
check("embedding_bag", {input({4, 3}), input({2, 2}, 1)}, function(w, p)
  return F.embedding_bag(ids:view(2, 2), w * w, {mode = "sum", per_sample_weights = p * p})
end)
check("bilinear", {input({4, 2}), input({4, 3}, 1), input({2, 2, 3}, 2), input({2}, 3)}, function(a, b, w, c)
  return {F.bilinear(a, b, w, c), F.bilinear(a, b, w)}
end)
check("as_tensor", {input({2, 3})}, function(x) return ty.as_tensor(x * x) end)
check("unflatten", {input({2, 6})}, function(x) return (x * x):unflatten(2, {3, -1}) end)
check("leaky_relu_ elu_ celu_ selu_ threshold_ hardtanh_ rrelu_", {input({2, 3})}, function(x)
  return {F.leaky_relu_(x * x - 1, 0.2), F.elu_(x * x - 1), F.celu_(x * x - 1), F.selu_(x * x - 1),
    F.threshold_(x * x - 1, 0.1, 2), F.hardtanh_(x * x - 1), F.rrelu_(x * x - 1)}
end)
check("rrelu dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout gumbel_softmax", {input({2, 3, 1, 2, 1})},
  function(x)
    ty.manual_seed(1)
    local y = x:view(2, 3, 2) ^ 2
    return {F.rrelu(x, 0.1, 0.3, true), F.dropout1d(y), F.dropout2d(x:view(2, 3, 1, 2) * y:unsqueeze(3)), F.dropout3d(x * x),
      F.alpha_dropout(y, 0.4, true), F.feature_alpha_dropout(y, 0.4, true), F.gumbel_softmax(y, 0.8)}
  end)

-- Rows without a gradient, and why.
local none = {}
-- Checks and reasons of a family, in a file of its own.
for _, family in ipairs {"linalg", "tensors"} do
  require("support.checks_" .. family)(check, none)
end
for group, names in pairs {
  ["gives no floating values, or none that depend smoothly on its input"] =
    "bitwise_not bitwise_not_ logical_not logical_not_ isnan isinf isfinite bitwise_and bitwise_or bitwise_xor logical_and "
    .. "logical_or logical_xor eq ne lt le gt ge bitwise_and_ bitwise_or_ bitwise_xor_ logical_and_ logical_or_ logical_xor_ "
    .. "eq_ ne_ lt_ le_ gt_ ge_ equal allclose all any argmax argmin argsort nonzero one_hot long int short char byte bool "
    .. "isclose count_nonzero unique bincount histc",
  ["makes a tensor out of none"] =
    "tensor empty zeros ones full empty_like zeros_like ones_like full_like new_empty new_zeros new_ones new_full arange "
    .. "linspace eye rand randn rand_like randn_like randint randperm bernoulli multinomial normal uniform_ normal_ bernoulli_ "
    .. "exponential_ random_ cauchy_ log_normal_ geometric_ poisson randint_like constant_ eye_ dirac_ orthogonal_ sparse_ "
    .. "zeros_ ones_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ trunc_normal_ calculate_gain logspace "
    .. "scalar_tensor new_tensor",
  ["too coarse for differences; golden_spec compares its gradients"] = "half bfloat16",
  ["a batch of data, not of parameters"] = "gather_rows",
  ["no op"] = "manual_seed initial_seed seed get_rng_state set_rng_state numel nelement dim size stride storage_offset "
    .. "is_contiguous is_floating_point element_size item totable tolist is_tensor backward grad requires_grad_ retain_grad "
    .. "is_grad_enabled register_hook register_post_accumulate_grad_hook "
    .. "detach_ is_inference get_num_threads set_num_threads get_default_dtype set_default_dtype promote_types "
    .. "can_cast result_type set_printoptions is_signed is_same_size cuda pin_memory is_pinned",
} do
  for name in names:gmatch "%S+" do none[name] = group end
end

for _, kind in ipairs {"first", "second"} do
  describe(("the %s derivative agrees with finite differences:"):format(kind), function()
    for i, entry in ipairs(checks) do
      if kind == "first" or entry.second then
        it(("%s (%d)"):format(entry.name, i), function()
          local wrong = gradcheck[kind](entry.f, entry.inputs)
          if wrong then error(wrong, 0) end
        end)
      end
    end
  end)
end

describe("the checks cover the table of ops:", function()
  it("every differentiable op is checked", function()
    local checked, missing = {}, {}
    for _, entry in ipairs(checks) do
      for name in entry.name:gmatch "%S+" do checked[name] = true end
    end
    for _, row in ipairs(core.rows()) do
      if not checked[row.name] and not none[row.name] then missing[#missing + 1] = row.name end
    end
    assert.are.equal("", table.concat(missing, " "))
  end)
end)
