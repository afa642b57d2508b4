-- Linear algebra beyond single values: errors name the matrix and the cure, and what the golden cases cannot say.

local ty = require "tycho"
local linalg = ty.linalg

local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  return text
end

describe("linear algebra", function()
  it("names the singular matrix and its zero pivot", function()
    local x = ty.eye(2):expand(3, 2, 2):clone()
    x[2] = ty.tensor {{1.0, 2.0}, {2.0, 4.0}}
    for _, text in ipairs {message(linalg.inv, x), message(linalg.solve, x, ty.ones(2, 1))} do
      assert.truthy(text:find("matrix 2 of the batch is singular: pivot 2 of its LU factors is zero", 1, true), text)
    end
    assert.truthy(message(linalg.inv, x[2]):find("the matrix is singular", 1, true))
    assert.truthy(message(linalg.solve_triangular, ty.tensor {{1.0, 0.0}, {1.0, 0.0}}, ty.ones(2, 1), {upper = false})
      :find("element 2 of its diagonal is zero", 1, true))
    assert.truthy(message(linalg.cholesky, -x):find("matrix 1 of the batch is not positive definite", 1, true))
  end)

  it("says what a complex result would be", function()
    local turn = ty.tensor {{0.0, -1.0}, {1.0, 0.0}}
    assert.truthy(message(linalg.eig, turn):find("no complex dtype", 1, true))
    assert.truthy(message(linalg.eigvals, turn):find("no complex dtype", 1, true))
  end)

  it("refuses NaNs and infinities where LAPACK would not end", function()
    local x = ty.tensor {{1.0, ty.inf}, {ty.nan, 1.0}}
    for _, f in ipairs {linalg.svd, linalg.svdvals, linalg.eigh, linalg.eigvalsh, linalg.eig, ty.matrix_exp} do
      assert.truthy(message(f, x):find("NaNs or infinities", 1, true))
    end
  end)

  it("refuses dtypes that LAPACK has not, and says the cure", function()
    for _, f in ipairs {linalg.inv, linalg.det, linalg.cholesky, linalg.qr, linalg.svd, linalg.eigh, linalg.pinv} do
      assert.truthy(message(f, ty.eye(2, {dtype = "int64"})):find("convert first: x:float()", 1, true))
      assert.truthy(message(f, ty.ones(2)):find("matrices", 1, true))
    end
  end)

  it("has no gradient of QR in the modes without one, and says so", function()
    local x = ty.randn(4, 2, {requires_grad = true})
    local _, r = linalg.qr(x, "r")
    assert.truthy(message(function() r:sum():backward() end):find("only mode \"reduced\" has a gradient", 1, true))
  end)

  it("solves a larger system as exactly as float64 allows", function()
    ty.manual_seed(1)
    local a, x = ty.randn(120, 120, {dtype = "float64"}), ty.randn(120, 3, {dtype = "float64"})
    assert.is_true(ty.allclose(linalg.solve(a, a:matmul(x)), x, 1e-8, 1e-8))
    local q, r = linalg.qr(a)
    assert.is_true(ty.allclose(q:matmul(r), a, 1e-10, 1e-10))
    local u, s, vh = linalg.svd(a)
    assert.is_true(ty.allclose((u * s):matmul(vh), a, 1e-10, 1e-10))
    local values, vectors = linalg.eigh(a + a:t())
    assert.is_true(ty.allclose((vectors * values):matmul(vectors:t()), a + a:t(), 1e-10, 1e-10))
  end)

  it("leaves its inputs alone", function()
    local a = ty.randn(3, 3)
    local before = a:clone()
    for _, f in ipairs {linalg.inv, linalg.svd, linalg.qr, linalg.lu, linalg.eigvalsh, linalg.pinv} do f(a) end
    linalg.lstsq(a, a)
    assert.is_true(ty.equal(a, before))
  end)
end)
