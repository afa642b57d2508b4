-- Finite-difference checks of special functions, scans, joins and replacements, for gradcheck_spec.

local ty = require "tycho"
local input = require("support.gradcheck").input
local special = ty.special

local function names(text) return text:gmatch "%S+" end
local function positions(...) return ty.tensor({...}, {dtype = "int64"}) end

local function pointwise(check, none)
  local ranges = {acosh = {1.2, 3}, atanh = {-0.9, 0.9}, erfinv = {-0.9, 0.9}, lgamma = {0.3, 4}, digamma = {0.4, 4},
    logit = {0.1, 0.9}, mvlgamma = {1.4, 4}}
  for name in names "exp2 erfc erfinv lgamma digamma asinh acosh atanh sinc i0 logit frac nan_to_num deg2rad rad2deg" do
    local low, high = table.unpack(ranges[name] or {})
    check(name, {input({2, 3}, 1, low, high)}, function(x) return ty[name](x) end)
    check(name .. "_", {input({2, 3}, 1, low, high)}, function(x)
      local y = x * 1
      return y[name .. "_"](y)
    end)
  end
  check("mvlgamma mvlgamma_ multigammaln", {input({4}, 1, 1.4, 4)}, function(x)
    return {x:mvlgamma(2), (x * 1):mvlgamma_(3), special.multigammaln(x, 2)}
  end)
  check("polygamma polygamma_", {input({4}, 1, 0.5, 4)}, function(x)
    return {ty.polygamma(1, x), x:polygamma(2), (x * 1):polygamma_(1)}
  end)
  for name in names "expit gammaln psi erfcx i0e i1 i1e entr ndtr log_ndtr" do
    check(name, {input({4}, 1, (name == "gammaln" or name == "psi" or name == "entr") and 0.3 or -2, 2.5)}, special[name])
  end
  check("ndtri", {input({4}, 1, 0.1, 0.9)}, special.ndtri)
  check("frexp", {input({4}, 1, 0.6, 6.1)}, function(x) return (x:frexp()) end)
  for name in names "copysign hypot xlogy logaddexp2" do
    check(name, {input({2, 3}, 0, 0.3, 2), input({3}, 1, 0.4, 2.3)}, function(x, y) return ty[name](x, y) end)
  end
  for name in names "copysign_ hypot_ xlogy_" do
    check(name, {input({2, 3}, 0, 0.3, 2), input({3}, 1, 0.4, 2.3)}, function(x, y)
      local z = x * 1
      return z[name](z, y)
    end)
  end
  check("fmax fmin", {input({2, 3}), input({3}, 1)}, function(x, y) return {x:fmax(y), x:fmin(y)} end)
  check("xlog1py", {input({3}, 0, 0.3, 2), input({3}, 1, 0.4, 2.3)}, special.xlog1py)
  check("zeta", {input({3}, 1, 0.4, 2.3)}, function(x) return {special.zeta(2.5, x), special.zeta(3, x)} end)
  local a = ty.tensor({0.7, 1.5, 3.0}, {dtype = "float64"})
  check("igamma igammac gammainc gammaincc igamma_ igammac_", {input({3}, 1, 0.4, 3.3)}, function(x)
    return {a:igamma(x), a:igammac(x), special.gammainc(a, x), special.gammaincc(a, x), a:clone():igamma_(x),
      a:clone():igammac_(x)}
  end)
  check("ldexp ldexp_", {input({3}), input({3}, 1)}, function(x, y) return {x:ldexp(y), (x * 1):ldexp_(y)} end)
  check("float_power float_power_", {input({3}, 0, 0.3, 2), input({3}, 1)}, function(x, y)
    return {x:float_power(y), (x * 1):float_power_(2.5)}
  end)
  check("clamp_min clamp_max clamp_min_ clamp_max_ clip_", {input({5}), input({5}, 1)}, function(x, y)
    return {x:clamp_min(0.3), x:clamp_max(y), (x * 1):clamp_min_(y), (x * 1):clamp_max_(0.3), (x * 1):clip_(-0.5, 0.5)}
  end)
  check("div_ divide_", {input({3}), input({3}, 1, 0.4)}, function(x, y)
    return {(x * 1):div_(y, {rounding_mode = "floor"}), (x * 1):divide_(y)}
  end)
  check("rsub subtract subtract_", {input({3}), input({3}, 1)}, function(x, y)
    return {ty.rsub(x, y, {alpha = 2}), x:subtract(y), (x * 1):subtract_(y, {alpha = 0.5})}
  end)
  for alias, name in pairs {absolute = "abs", negative = "neg", sgn = "sign", fix = "trunc", arccos = "acos", arccosh = "acosh",
    arcsin = "asin", arcsinh = "asinh", arctan = "atan", arctanh = "atanh", multiply = "mul", divide = "div",
    true_divide = "div", arctan2 = "atan2", positive = "identity"} do
    none[alias], none[alias .. "_"] = "another name of " .. name, "another name of " .. name .. "_"
  end
end

local function scans(check)
  check("cummax cummin", {input({2, 5})}, function(x) return {(x:cummax(2)), (x:cummin(1))} end)
  check("logcumsumexp", {input({2, 5})}, function(x) return x:logcumsumexp(2) end)
  check("diff trapezoid trapz cumulative_trapezoid", {input({2, 5}), input({5}, 1)}, function(y, x)
    return {y:diff(2), y:diff {dim = 1, prepend = y}, ty.trapezoid(y), ty.trapz(y, x), ty.cumulative_trapezoid(y, x)}
  end)
  check("nansum nanmean nanmedian nanquantile", {input({2, 5})}, function(x)
    return {x:nansum(2), x:nanmean(1), x:nanmedian(), (x:nanmedian(2)), x:nanquantile(0.3, 2)}
  end)
  check("aminmax kthvalue msort", {input({3, 4})}, function(x)
    local low, high = x:aminmax {dim = 2}
    return {low, high, (x:kthvalue(2)), x:msort()}
  end)
  check("var_mean std_mean", {input({3, 4})}, function(x)
    local var, mean = ty.var_mean(x, 2)
    local std, mean2 = ty.std_mean(x)
    return {var, mean, std, mean2}
  end)
  local weights = ty.tensor({1.0, 0.5, 2.0, 3.0}, {dtype = "float64"})
  check("cov corrcoef", {input({3, 4})}, function(x) return {x:cov {aweights = weights}, x:corrcoef()} end)
  check("renorm renorm_", {input({3, 4})}, function(x) return {x:renorm(2, 1, 1.5), (x * 1):renorm_(1, 2, 2)} end)
end

local function shapes(check)
  check("hstack vstack row_stack dstack column_stack concat concatenate", {input({2, 3}), input({2, 3}, 1)}, function(x, y)
    local pair = {x * x, y}
    return {ty.hstack(pair), ty.vstack(pair), ty.row_stack(pair), ty.dstack(pair), ty.column_stack(pair), ty.concat(pair),
      ty.concatenate(pair, 2)}
  end)
  check("tensor_split hsplit vsplit dsplit", {input({2, 4, 2})}, function(x)
    x = x * x
    return {x:tensor_split(3, 2)[1], x:hsplit(2)[2], x:vsplit(2)[1], x:dsplit({2})[2]}
  end)
  check("atleast_1d atleast_2d atleast_3d broadcast_to broadcast_tensors ravel", {input({3}), input({2, 1}, 1)}, function(x, y)
    local wide = ty.broadcast_tensors(x * x, y)
    return {ty.atleast_1d(x * x), ty.atleast_2d(x), ty.atleast_3d(x), y:broadcast_to(2, 3), wide[1], wide[2], (y * y):ravel()}
  end)
  check("diag_embed diagflat block_diag", {input({2, 3}), input({2}, 1)}, function(x, y)
    return {x:diag_embed(1), x:diagflat(), ty.block_diag(x, y)}
  end)
  check("tril_ triu_", {input({3, 3})}, function(x) return {(x * x):tril_(), (x * x):triu_(1)} end)
  check("cartesian_prod combinations vander", {input({3}), input({2}, 1)}, function(x, y)
    return {ty.cartesian_prod(x, y), ty.combinations(x), ty.vander(x)}
  end)
  check("rot90 fliplr flipud", {input({2, 3})}, function(x) return {(x * x):rot90(), x:fliplr(), x:flipud()} end)
end

local function replacements(check)
  local rows = positions(1, 3, 1)
  check("index_add index_add_", {input({4, 2}), input({3, 2}, 1)}, function(x, s)
    return {x:index_add(1, rows, s, {alpha = 1.5}), (x * x):index_add_(1, rows, s)}
  end)
  check("index_copy index_copy_", {input({4, 2}), input({2, 2}, 1)}, function(x, s)
    local two = positions(4, 2)
    return {x:index_copy(1, two, s), (x * x):index_copy_(1, two, s)}
  end)
  check("index_fill index_fill_", {input({4, 2}), input({}, 1)}, function(x, v)
    return {x:index_fill(1, rows, v), (x * x):index_fill_(2, positions(2), 3)}
  end)
  local index = positions(1, 1, 2, 4, 4)
  for _, how in ipairs {"sum", "prod", "mean", "amax", "amin"} do
    for _, include in ipairs {true, false} do
      check("scatter_reduce scatter_reduce_", {input({4}, 0, 0.3, 2), input({5}, 1, 0.4, 2.3)}, function(x, s)
        return {x:scatter_reduce(1, index, s, how, {include_self = include}),
          (x * 1):scatter_reduce_(1, index, s, how, {include_self = include})}
      end)
      if how ~= "sum" then
        check("index_reduce index_reduce_", {input({4}, 0, 0.3, 2), input({5}, 1, 0.4, 2.3)}, function(x, s)
          return {x:index_reduce(1, index, s, how, {include_self = include}),
            (x * 1):index_reduce_(1, index, s, how, {include_self = include})}
        end)
      end
    end
  end
  local mask = ty.tensor {{true, false, true}, {false, false, true}}
  check("masked_scatter masked_scatter_", {input({2, 3}), input({4}, 1)}, function(x, s)
    return {x:masked_scatter(mask, s), (x * x):masked_scatter_(mask, s)}
  end)
  check("put put_", {input({2, 3}), input({3}, 1)}, function(x, s)
    return {x:put(positions(1, 6, 3), s), (x * x):put_(positions(1, 6, 6), s, true)}
  end)
  check("index_put", {input({2, 3}), input({2}, 1)}, function(x, s)
    return x:index_put({positions(1, 2), positions(3, 1)}, s)
  end)
  check("take_along_dim", {input({2, 3})}, function(x) return x:take_along_dim(ty.tensor {{3, 1, 1}}, 2) end)
  check("select_scatter slice_scatter diagonal_scatter narrow_copy", {input({3, 3}), input({3}, 1)}, function(x, s)
    return {x:select_scatter(s, 1, 2), x:slice_scatter(s:view(1, 3), 1, 2, 2), x:diagonal_scatter(s),
      (x * x):narrow_copy(1, 2, 2)}
  end)
end

return function(check, none)
  pointwise(check, none)
  scans(check)
  shapes(check)
  replacements(check)
  for group, list in pairs {
    ["gives no floating values, or none that depend smoothly on its input"] = "isposinf isneginf signbit gcd gcd_ lcm lcm_ "
      .. "bitwise_left_shift bitwise_left_shift_ bitwise_right_shift bitwise_right_shift_ heaviside heaviside_ nextafter "
      .. "nextafter_ isin greater greater_ greater_equal greater_equal_ less less_ less_equal less_equal_ not_equal not_equal_ "
      .. "searchsorted bucketize argwhere histogram unique_consecutive",
    ["makes a tensor out of none"] = "hann_window hamming_window blackman_window bartlett_window kaiser_window tril_indices "
      .. "triu_indices",
    ["another name"] = "nan_to_num_",
  } do
    for name in names(list) do none[name] = group end
  end
end
