--[[
Linear algebra on a CUDA device is that of the CPU, with its gradients and its errors: single matrices and batches (which other
functions of the libraries take), wide and tall ones, empty ones, and matrices that do not lie row by row. What is unique up to
signs is compared in a form that does not depend on them.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local describe = cuda.suite(describe, pending)
local linalg = ty.linalg

local near = {float64 = 1e-9, float32 = 2e-3}
local square = {{1, 1}, {4, 4}, {2, 3, 3}, {7, 5, 5}, {2, 2, 6, 6}, {40, 40}, {3, 40, 40}, {9, 70, 70}}
local any = {{1, 1}, {5, 3}, {3, 5}, {4, 6, 2}, {4, 2, 6}, {2, 2, 3, 4}, {50, 34}, {34, 50}, {3, 50, 34}, {3, 34, 50},
  {2, 300, 4}}

before_each(function() ty.manual_seed(3) end)

local function turned(x) return x:transpose(-1, -2) end

local function random(shape, dtype) return ty.randn(shape, {dtype = dtype}) end

-- Matrices of a shape, far from singular; every second one lies column by column.
local function regular(shape, dtype)
  local x = random(shape, dtype) + 2 * math.sqrt(shape[#shape]) * ty.eye(shape[#shape], {dtype = dtype})
  return (#shape + shape[1]) % 2 == 0 and turned(turned(x):contiguous()) or x
end

local function positive(x)
  return x:matmul(turned(x)) + ty.eye(x:size(-1), {dtype = x.dtype, device = x.device})
end

-- f of matrices made by `make` for each shape and dtype, on both devices.
local function each(what, shapes, make, f, options)
  for _, dtype in ipairs{"float64", "float32"} do
    for _, shape in ipairs(shapes) do
      compare.run(("%s of %s {%s}"):format(what, dtype, table.concat(shape, ", ")), f, {make(shape, ty[dtype])},
        setmetatable({tolerance = near[dtype]}, {__index = options}))
    end
  end
end

local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  return text
end

-- The same error on both devices, with the device left out.
local function same_error(wanted, f)
  local here, there = message(f, "cpu"), message(f, cuda.device)
  assert.are.equal(here, there)
  assert.truthy(here:find(wanted, 1, true), here)
end

describe("linear algebra on CUDA: equations", function()
  it("solve, inv and det are the CPU's", function()
    each("inv", square, regular, linalg.inv)
    each("det", {{1, 1}, {4, 4}, {2, 3, 3}, {5, 2, 6, 6}}, random, linalg.det)
    each("slogdet", square, regular, function(x)
      local sign, size = linalg.slogdet(x)
      return size, sign
    end)
    each("solve", square, regular, function(x)
      local b = (ty.arange(0, 5 * x:size(-1), {dtype = x.dtype, device = x.device}) % 7):reshape{x:size(-1), 5}
      return linalg.solve(x, b) + turned(linalg.solve(x, turned(b), {left = false})), linalg.solve(x, b:narrow(2, 1, 0))
    end)
    compare.run("solve of vectors", linalg.solve, {regular({4, 6, 6}), ty.randn(4, 6)}, {tolerance = 1e-4})
    compare.run("solve by one matrix", linalg.solve, {regular{6, 6}, ty.randn(3, 6, 2)}, {tolerance = 1e-4})
    compare.run("inv of rows apart", function(x) return linalg.inv(x[{"...", {1, -1, 2}, {1, -1, 2}}]) end,
      {regular{3, 8, 8}}, {tolerance = 1e-4})
    compare.run("a large inv", linalg.inv, {regular{520, 520}}, {tolerance = 1e-4, backward = false})
  end)

  it("solve_triangular is", function()
    for _, upper in ipairs{true, false} do
      for _, unit in ipairs{true, false} do
        for _, left in ipairs{true, false} do
          each("solve_triangular", {{1, 1}, {5, 5}, {4, 5, 5}, {2, 70, 70}}, regular, function(x)
            local n = x:size(-1)
            local a = unit and x / (8 * n) or x
            local b = (ty.arange(0, 2 * n, {dtype = x.dtype, device = x.device}) % 5):reshape{n, 2}
            return linalg.solve_triangular(a, left and b or b:t(), {upper = upper, left = left, unitriangular = unit})
          end)
        end
      end
    end
  end)

  it("lu, lu_factor, lu_unpack and lu_solve are", function()
    each("lu", any, random, function(x)
      local p, l, u = linalg.lu(x)
      return u, l, p
    end)
    each("lu_solve", {{1, 1}, {4, 4}, {4, 5, 5}, {2, 40, 40}}, regular, function(x)
      local lu, pivots = linalg.lu_factor(x)
      local y = linalg.lu_solve(lu, pivots, x * 2 + 1) + linalg.lu_solve(lu, pivots, x - 1, {adjoint = true})
      return y + linalg.lu_solve(lu, pivots, x, {left = false}), pivots
    end)
    local p, l = linalg.lu(ty.zeros(2, 3, 0, {device = cuda.device}))
    assert.are.equal(6, p:sum():item())
    assert.are.same({2, 3, 0}, {table.unpack(l.shape)})
  end)

  it("cholesky and what is solved with it are", function()
    for _, upper in ipairs{true, false} do
      each("cholesky", square, regular, function(x) return linalg.cholesky(positive(x), {upper = upper}) end)
    end
    each("cholesky_solve", {{4, 4}, {3, 5, 5}}, regular, function(x)
      local factor = linalg.cholesky(positive(x))
      return x:cholesky_solve(factor), factor:cholesky_inverse()
    end)
    local x = ty.stack{ty.eye(3), -ty.eye(3), ty.diag(ty.tensor{1, -1, 1})}
    for _, matrices in ipairs{x, x:narrow(1, 2, 1)} do
      local expected = select(2, linalg.cholesky_ex(matrices))
      local _, info = linalg.cholesky_ex(matrices:to(cuda.device))
      assert.are.equal(ty.device(cuda.device), info.device)
      assert.is_true(ty.equal(expected, info:cpu()))
    end
  end)
end)

describe("linear algebra on CUDA: QR and least squares", function()
  it("qr gives orthonormal columns and the CPU's factors", function()
    for _, mode in ipairs{"reduced", "complete", "r"} do
      each("qr " .. mode, any, random, function(x)
        local q, r = linalg.qr(x, mode)
        if mode == "r" then return r:abs() end
        local product = turned(q):matmul(q)
        return q:matmul(r), product, r:abs(), q:narrow(-1, 1, math.min(x:size(-1), x:size(-2))):abs()
      end, {backward = mode == "reduced"})
    end
    local q, r = linalg.qr(ty.zeros(2, 3, 0, {device = cuda.device}), "complete")
    assert.are.equal(6, q:sum():item())
    assert.are.same({2, 3, 0}, {table.unpack(r.shape)})
  end)

  it("lstsq takes gels, and gives what gels gives on the CPU", function()
    each("lstsq", {{1, 1}, {5, 3}, {3, 5}, {4, 6, 2}, {4, 2, 6}, {300, 4}, {2, 4, 300}}, random, function(x)
      local b = (ty.arange(0, 2 * x:size(-2), {dtype = x.dtype, device = x.device}) % 7):reshape{x:size(-2), 2}
      local y, residuals, rank, values = linalg.lstsq(x, b, {driver = "gels"})
      return y, residuals, rank, values
    end)
    local a, b = ty.randn(6, 3, {device = cuda.device}), ty.randn(6, {device = cuda.device})
    local y, _, rank = linalg.lstsq(a, b)
    assert.are.equal(0, rank:numel())
    compare.near(linalg.lstsq(a:cpu(), b:cpu()), y:cpu(), "the default driver", 1e-4)
    for _, driver in ipairs{"gelsy", "gelsd", "gelss"} do
      local text = message(linalg.lstsq, a, b, {driver = driver})
      assert.truthy(text:find("\"gels\" alone", 1, true) and text:find(driver, 1, true) and text:find("x:cpu()", 1, true), text)
    end
    assert.truthy(message(linalg.lstsq, a * ty.tensor({1, 0, 1}, {device = cuda.device}), b)
      :find("diagonal element 2 is zero", 1, true))
  end)
end)

describe("linear algebra on CUDA: eigenvalues and singular values", function()
  it("eigh gives ascending values and vectors that belong to them", function()
    for _, uplo in ipairs{"L", "U"} do
      each("eigh " .. uplo, square, regular, function(x)
        local values, vectors = linalg.eigh(x, uplo)
        local whole = vectors * values:unsqueeze(-2)
        return whole:matmul(turned(vectors)), values, turned(vectors):matmul(vectors), linalg.eigvalsh(x, uplo)
      end)
    end
    each("eigvalsh", {{5, 5}, {3, 4, 4}}, regular, linalg.eigvalsh)
  end)

  it("eig gives real values and unit vectors", function()
    each("eig", {{1, 1}, {4, 4}, {3, 5, 5}}, function(shape, dtype)
      local n = shape[#shape]
      return random(shape, dtype):triu() + ty.diag(4 * ty.arange(1, n + 1, {dtype = dtype})) + 0.01
    end, function(x)
      local values, vectors = linalg.eig(x)
      local order = values:argsort()
      values = values:gather(-1, order)
      return values, vectors:square():sum(-2), linalg.eigvals(x):sort()
    end)
    same_error("no complex dtype", function(device)
      return linalg.eigvals(ty.tensor({{0.0, -1.0}, {1.0, 0.0}}, {device = device}))
    end)
  end)

  it("svd gives descending values, in all shapes", function()
    for _, full in ipairs{false, true} do
      each(full and "full svd" or "svd", any, random, function(x)
        local u, s, vh = linalg.svd(x, {full_matrices = full})
        local k = s:size(-1)
        local whole = (u:narrow(-1, 1, k) * s:square():unsqueeze(-2)):matmul(vh:narrow(-2, 1, k))
        return whole, s, turned(u):matmul(u), vh:matmul(turned(vh)), linalg.svdvals(x)
      end)
    end
    each("svdvals", {{5, 3}, {2, 3, 5}}, random, linalg.svdvals)
    local u = linalg.svd(ty.zeros(2, 3, 0, {device = cuda.device}))
    assert.are.equal(6, u:sum():item())
  end)

  it("what is read off them is the CPU's", function()
    each("pinv", {{5, 3}, {2, 3, 5}}, random, linalg.pinv)
    each("pinv of symmetric matrices", {{4, 4}}, regular, function(x) return linalg.pinv(positive(x), {hermitian = true}) end)
    each("norms", {{4, 4}, {3, 5, 5}}, regular, function(x)
      return linalg.matrix_norm(x, "nuc") + linalg.matrix_norm(x, 2) + linalg.cond(x) + linalg.cond(x, "fro")
    end)
    each("matrix_exp and powers", {{4, 4}, {3, 5, 5}}, random, function(x)
      return ty.matrix_exp(x / 4) + linalg.matrix_power(x / 4, 3)
    end)
    compare.run("matrix_rank", linalg.matrix_rank, {ty.stack{ty.eye(4), ty.diag(ty.tensor{1.0, 0, 2, 0})}}, {backward = false})
    compare.run("multi_dot", function(a, b, c) return linalg.multi_dot{a, b, c} end,
      {ty.randn(2, 7), ty.randn(7, 3), ty.randn(3, 4)}, {tolerance = 1e-4})
    compare.run("householder_product", linalg.householder_product, {ty.randn(5, 3), ty.rand(3)}, {tolerance = 1e-4})
    local singular = ty.tensor{{1.0, 2.0, 0.5}, {2.0, 4.0, 1.0}, {3.0, -1.0, 2.0}}:double()
    compare.run("det of a singular matrix", linalg.det, {singular}, {tolerance = 1e-9})
  end)
end)

describe("linear algebra on CUDA", function()
  it("takes empty batches and matrices", function()
    for _, shape in ipairs{{0, 3, 3}, {2, 0, 0}, {0, 0}} do
      for name in ("inv det cholesky qr lu lu_factor svd svdvals eigh eigvalsh eig pinv matrix_rank"):gmatch "%S+" do
        local what = ("%s of {%s}"):format(name, table.concat(shape, ", "))
        compare.run(what, linalg[name], {ty.zeros(shape)}, {backward = false})
      end
      compare.run("solve", linalg.solve, {ty.zeros(shape), ty.zeros(shape)})
    end
  end)

  it("has the CPU's errors", function()
    local function batch(device)
      return ty.tensor({{{1.0, 0.0}, {0.0, 1.0}}, {{1.0, 2.0}, {2.0, 4.0}}, {{1.0, 0.0}, {0.0, 1.0}}}, {device = device})
    end
    for _, kind in ipairs{"batch", "single"} do
      local function x(device) return kind == "batch" and batch(device) or batch(device)[2] end
      same_error("singular: pivot 2", function(device) return linalg.inv(x(device)) end)
      same_error("singular: pivot 2", function(device) return linalg.solve(x(device), ty.ones(2, 1, {device = device})) end)
      same_error("not positive definite", function(device) return linalg.cholesky(-x(device)) end)
      same_error("element 1 of its diagonal is zero", function(device)
        return linalg.solve_triangular(x(device) - 1, ty.ones(2, 1, {device = device}), {upper = false})
      end)
      same_error("NaNs or infinities", function(device) return linalg.svd(x(device) / 0) end)
    end
    same_error("a pivot is 9, which is no row of 2", function(device)
      return ty.lu_unpack(batch(device), ty.tensor({{1, 2}, {1, 9}, {2, 2}}, {dtype = "int32", device = device}))
    end)
    for _, f in ipairs{linalg.solve, linalg.lstsq, ty.cholesky_solve, linalg.householder_product} do
      assert.truthy(message(f, ty.eye(3, {device = cuda.device}), ty.eye(3)):find("different devices", 1, true))
    end
    local lu, pivots = linalg.lu_factor(ty.eye(3, {device = cuda.device}))
    assert.truthy(message(linalg.lu_solve, lu, pivots:cpu(), lu):find("different devices", 1, true))
  end)

  it("runs on the current stream, and on other devices", function()
    local x, stream = regular{3, 6, 6}, ty.cuda.Stream()
    local expected = linalg.inv(x)
    local found = ty.cuda.stream(stream, function()
      local there = x:to(cuda.device)
      return linalg.inv(there), linalg.svdvals(there), linalg.qr(there)
    end)
    stream:synchronize()
    compare.near(expected, found:cpu(), "inv on a stream", 1e-4)
    if cuda.count > 1 then
      for _, f in ipairs{linalg.inv, linalg.svdvals, linalg.eigvalsh} do
        compare.near(f(x), f(x:to "cuda:1"):cpu(), "on the second device", 1e-4)
      end
    end
  end)

  if cuda.emulated then
    it("goes on where a Jacobi method does not come to an end", function()
      local text = cuda.run({EMULATED_CUDA_CUSOLVER = "stuck"}, [[
        local x = ty.randn(3, 5, 5)
        x = x + x:transpose(-1, -2)
        local there = x:cuda()
        local values, vectors = ty.linalg.eigh(there)
        local u, s, vh = ty.linalg.svd(there)
        local function off(y) return (y:cpu() - x):abs():max():item() end
        print(off((vectors * values:unsqueeze(-2)):matmul(vectors:transpose(-1, -2))) < 1e-4,
          off((u * s:unsqueeze(-2)):matmul(vh)) < 1e-4)]])
      assert.are.equal("true\ttrue\n", text)
    end)

    it("says what eig needs where cuSOLVER is old", function()
      local text = cuda.run({EMULATED_CUDA_CUSOLVER = "old"}, [[
        local x = ty.eye(3):cuda() * 2
        print(select(2, pcall(ty.linalg.eig, x)))
        print(ty.linalg.svdvals(x):sum():item())]])
      assert.truthy(text:find("eig on CUDA needs the cuSOLVER of CUDA 12.8", 1, true), text)
      assert.truthy(text:find("6%.0"), text)
    end)

    it("says what is missing where there is no cuSOLVER, and leaves the rest", function()
      local text = cuda.run({EMULATED_CUDA_CUSOLVER = "none"}, [[
        local x = ty.eye(3):cuda() * 2
        print(select(2, pcall(ty.linalg.svdvals, x)))
        print((x + x):sum():item(), ty.linalg.solve_triangular(x, x, {upper = true}):sum():item())]])
      assert.truthy(text:find("svdvals on CUDA needs cuSOLVER", 1, true), text)
      assert.truthy(text:find("install libcusolver", 1, true) and text:find("x:cpu()", 1, true), text)
      assert.truthy(text:find("12%.0\t3%.0"), text)
    end)
  end
end)
