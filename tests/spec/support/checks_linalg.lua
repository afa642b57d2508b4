-- Finite-difference checks of linear algebra, for gradcheck_spec: functions of factors that do not depend on the signs of
-- vectors, and of symmetric matrices where only those are meant.

local ty = require "tycho"
local input = require("support.gradcheck").input
local linalg = ty.linalg

local function symmetric(x) return x + x:transpose(-1, -2) end

local function positive(x)
  local n = x:size(-1)
  return x:matmul(x:transpose(-1, -2)) + 0.5 * ty.eye(n, {dtype = "float64"})
end

return function(check, none)
  local shift = ty.tensor({{3.0, 0.4, -0.2}, {0.1, 2.0, 0.3}, {-0.5, 0.2, 2.5}}, {dtype = "float64"})
  local function regular(seed) return input({2, 3, 3}, seed, -0.6, 0.7) end
  for _, left in ipairs {true, false} do
    check("solve", {regular(1), input({3, 3}, 2)}, function(a, b) return linalg.solve(a + shift, b, {left = left}) end)
    for _, upper in ipairs {true, false} do
      for _, unit in ipairs {true, false} do
        check("solve_triangular", {regular(1), input({3, 3}, 2)}, function(a, b)
          return linalg.solve_triangular(a + shift, b, {upper = upper, left = left, unitriangular = unit})
        end)
      end
    end
    for _, adjoint in ipairs {true, false} do
      check("lu_factor lu_solve", {regular(1), input({3, 3}, 2)}, function(a, b)
        local lu, pivots = linalg.lu_factor(a + shift)
        return linalg.lu_solve(lu, pivots, b, {left = left, adjoint = adjoint})
      end)
    end
  end
  check("solve", {regular(1), input({3}, 2)}, function(a, b) return linalg.solve(a + shift, b) end)
  check("inv inverse", {regular(1)}, function(a) return {linalg.inv(a + shift), (a + shift):inverse()} end)
  check("det", {regular(1)}, function(a) return (a + shift):det() end)
  check("det", {ty.tensor({{1.0, 2.0, 0.5}, {2.0, 4.0, 1.0}, {3.0, -1.0, 2.0}}, {dtype = "float64", requires_grad = true})},
    function(a) return a:det() end, {first_only = true})
  check("slogdet logdet", {regular(1)}, function(a)
    local _, size = (a + shift):slogdet()
    return {size, positive(a):logdet()}
  end)
  for _, upper in ipairs {true, false} do
    check("cholesky cholesky_ex", {regular(2)}, function(a)
      return {linalg.cholesky(positive(a), {upper = upper}), (linalg.cholesky_ex(positive(a), {upper = upper})),
        positive(a):cholesky(upper)}
    end)
    check("cholesky_solve cholesky_inverse", {regular(2), input({2, 3, 2}, 1)}, function(a, b)
      local factor = a + shift
      return {b:cholesky_solve(factor, upper), factor:cholesky_inverse(upper)}
    end)
  end
  for _, shape in ipairs {{3, 3}, {4, 2}, {2, 4}, {2, 3, 2}} do
    local x = input(shape, 3)
    check("qr", {x}, function(a) return {linalg.qr(a)} end)
    check("lu lu_unpack lu_factor", {x}, function(a)
      local p, l, u = linalg.lu(a)
      return {l, u, p:matmul(l):matmul(u * u)}
    end)
    check("svd", {x}, function(a)
      local u, s, vh = linalg.svd(a, {full_matrices = false})
      return {s, (u * s:square():unsqueeze(-2)):matmul(vh), u:square(), vh:square()}
    end)
    check("svdvals", {x}, function(a) return linalg.svdvals(a) end)
    check("pinv pinverse", {x}, function(a) return {linalg.pinv(a), a:pinverse()} end)
    check("matrix_norm", {x}, function(a) return {linalg.matrix_norm(a, "nuc"), linalg.matrix_norm(a, -2),
      linalg.matrix_norm(a, 1), linalg.matrix_norm(a)} end)
  end
  check("qr", {input({2, 4}, 3)}, function(a) return {a:qr(false)} end)
  check("svd", {input({4, 3}, 3)}, function(a)
    local u, s, v = a:svd()
    return (u * s:square():unsqueeze(-2)):matmul(v:t())
  end)
  check("eigh eigvalsh", {input({3, 3}, 2)}, function(a)
    local values, vectors = linalg.eigh(symmetric(a))
    return {values, (vectors * values:square():unsqueeze(-2)):matmul(vectors:t()), vectors:square(),
      linalg.eigvalsh(symmetric(a), "U")}
  end)
  check("eig eigvals", {input({3, 3}, 2, -0.2, 0.2)}, function(a)
    local b = a + ty.tensor({{1.0, 0.3, 0.1}, {0.0, 2.0, 0.5}, {0.0, 0.0, 4.0}}, {dtype = "float64"})
    local values, vectors = linalg.eig(b)
    return {values, vectors:square(), linalg.eigvals(b)}
  end)
  local on_cpu = ty.zeros(1).device == ty.device "cpu" -- elsewhere there is gels alone
  for _, driver in ipairs(on_cpu and {"gels", "gelsy", "gelsd", "gelss"} or {"gels"}) do
    check("lstsq", {input({4, 3}, 3), input({4, 2}, 1)}, function(a, b)
      local x, residuals = linalg.lstsq(a, b, {driver = driver})
      return {x, residuals}
    end)
  end
  check("norm vector_norm", {input({2, 3}, 1)}, function(x)
    return {linalg.norm(x), linalg.norm(x, 2), linalg.norm(x, 3, 1), linalg.vector_norm(x, 3)}
  end)
  check("cond", {regular(1)}, function(a)
    return {linalg.cond(a + shift), linalg.cond(a + shift, "fro"), linalg.cond(a + shift, -2)}
  end)
  check("tensorinv", {input({3, 3}, 1, -0.6, 0.7)}, function(a)
    return linalg.tensorinv((a + shift):reshape(3, 1, 3), 2)
  end)
  check("tensorsolve", {input({3, 3}, 1, -0.6, 0.7), input({3, 1}, 2)}, function(a, b)
    return linalg.tensorsolve((a + shift):reshape(3, 1, 3), b)
  end)
  check("diagonal", {input({2, 3, 4})}, function(x) return linalg.diagonal(x * x) end)
  check("dist", {input({2, 3}), input({3}, 1)}, function(x, y) return {x:dist(y), x:dist(y, 3)} end)
  for _, p in ipairs {1, 2, 3, math.huge} do
    check("cdist pdist", {input({2, 3, 2}), input({4, 2}, 1, -2.13, 1.87)}, function(x, y)
      return {ty.cdist(x, y, p), ty.pdist(y * ty.tensor {1.0, 1.37}, p)}
    end)
  end
  check("inner vdot ger kron", {input({3}), input({3}, 1)}, function(x, y)
    return {x:inner(y), x:vdot(y), x:ger(y), x:kron(y)}
  end)
  check("vecdot cross", {input({2, 3}), input({1, 3}, 1)}, function(x, y)
    return {linalg.vecdot(x, y), linalg.cross(x, y), x:cross(y, 2)}
  end)
  check("tensordot", {input({2, 3, 2}), input({2, 4, 3}, 1)}, function(x, y)
    return {ty.tensordot(x, y, {{2, 1}, {3, 1}}), ty.tensordot(x, y, 1)}
  end)
  check("multi_dot chain_matmul", {input({2, 3}), input({3, 4}, 1), input({4, 2}, 2)}, function(x, y, z)
    return {linalg.multi_dot {x, y, z}, ty.chain_matmul(x, y, z)}
  end)
  check("matrix_power", {regular(1)}, function(a) return {linalg.matrix_power(a, 3), (a + shift):matrix_power(-2)} end)
  check("matrix_exp", {regular(1)}, function(a) return {ty.matrix_exp(a), (a * 0.1):matrix_exp()} end)
  check("householder_product", {input({4, 3}), input({3}, 1)}, function(x, tau)
    return linalg.householder_product(x, tau)
  end)
  check("vander", {input({3})}, function(x) return linalg.vander(x, {N = 4}) end)
  for name in ("matrix_rank"):gmatch "%S+" do none[name] = "a count" end
end
