-- Views in few dimensions: PCA has the components of the covariance, t-SNE follows the gradient of what it minimises and keeps
-- groups together.

local ty = require "tycho"
local manifold = ty.manifold

local function refused(what, f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(text:find("manifold_spec.lua:", 1, true), text)
  assert.truthy(text:find(what, 1, true), text)
end

describe("PCA", function()
  it("finds the eigenvectors of the covariance", function()
    ty.manual_seed(1)
    local X = ty.randn(60, 4, {dtype = ty.float64}):matmul(ty.randn(4, 4, {dtype = ty.float64})) + 3
    local pca = manifold.PCA():fit(X)
    local values, vectors = ty.linalg.eigh(ty.cov(X:t()))
    assert.is_true(pca.explained_variance:allclose(values:flip(1)))
    local products = pca.components:matmul(vectors:flip(2)):abs()
    assert.is_true(products:allclose(ty.eye(4, {dtype = ty.float64}), {atol = 1e-8}))
    assert.near(1, pca.explained_variance_ratio:sum():item(), 1e-12)
    for i = 1, 4 do
      local row = pca.components[i]
      assert.is_true(row[row:abs():argmax():item()]:item() > 0)
    end
    local Y = pca:transform(X)
    assert.is_true(Y:mean(1):abs():max():item() < 1e-10)
    assert.is_true(pca:inverse_transform(Y):allclose(X))
  end)

  it("keeps as many components as are asked for, and the dtype", function()
    local pca = manifold.PCA(2)
    assert.same({10, 2}, {table.unpack(pca:fit_transform(ty.randn(10, 5)).shape)})
    assert.equal(ty.float32, pca.components.dtype)
  end)

  it("refuses what it cannot do", function()
    refused("n_components is 4, but {10, 3} has at most 3", function() manifold.PCA(4):fit(ty.randn(10, 3)) end)
    refused("call fit or fit_transform first", function() manifold.PCA(2):transform(ty.randn(10, 3)) end)
    refused("X is {n, 3}", function() manifold.PCA(2):fit(ty.randn(10, 3)):transform(ty.randn(10, 4)) end)
    refused("a nan or an infinity", function() manifold.PCA(1):fit(ty.tensor {{1.0, 2}, {3, ty.nan}}) end)
  end)
end)

describe("t-SNE", function()
  it("gives each point the perplexity asked for", function()
    ty.manual_seed(2)
    local X = ty.randn(40, 3, {dtype = ty.float64})
    X[{{1, 20}}] = X[{{1, 20}}] * 100 -- near and far neighbours
    local P = manifold._affinities(X, 10)
    assert.near(1, P:sum():item(), 1e-6)
    assert.is_true(P:allclose(P:t()))
    assert.is_true(P:min():item() >= 1e-12)
  end)

  it("goes down the gradient that autograd finds", function()
    ty.manual_seed(3)
    local float64 = {dtype = ty.float64}
    local P = manifold._affinities(ty.randn(30, 5, float64), 8)
    local Y = ty.randn(30, 2, float64):requires_grad_()
    local others = 1 - ty.eye(30, float64)
    local W = others / (1 + (Y:unsqueeze(2) - Y:unsqueeze(1)):square():sum(3))
    local divergence = (P * others * (P:log() - (W / W:sum() + 1e-300):log())):sum()
    divergence:backward()
    local gradient = ty.no_grad(function() return (manifold._gradient(P, Y:detach())) end)
    assert.is_true(gradient:allclose(Y.grad, {atol = 1e-9}))
  end)

  it("keeps groups together, and is the same each time", function()
    ty.manual_seed(4)
    local X = ty.cat {ty.randn(30, 10), ty.randn(30, 10) + 6, ty.randn(30, 10) - 6}
    local group = ty.arange(90) // 30
    local tsne = manifold.TSNE {perplexity = 10, max_iter = 300}
    local Y = tsne:fit_transform(X)
    local distances = ty.cdist(Y, Y)
    distances:diagonal():fill_(ty.inf)
    local nearest = distances:argmin(2)
    assert.is_true(group[nearest]:equal(group))
    assert.is_true(tsne.kl_divergence < 1)
    assert.equal(300, tsne.n_iter)
    assert.is_true(Y:equal(manifold.TSNE {perplexity = 10, max_iter = 300}:fit_transform(X)))
    local random = manifold.TSNE {perplexity = 10, max_iter = 20, init = "random", generator = ty.Generator(1)}
    assert.same({90, 2}, {table.unpack(random:fit_transform(X).shape)})
  end)

  it("bears points that lie upon one another", function()
    local Y = manifold.TSNE {perplexity = 2, max_iter = 50}:fit_transform(ty.zeros(6, 3))
    assert.is_true(Y:isfinite():all():item())
  end)

  it("refuses what it cannot do", function()
    refused("perplexity (30) must be below the number of points (10)", function()
      manifold.TSNE():fit_transform(ty.randn(10, 3))
    end)
    refused("perplexity is 0.5", manifold.TSNE, {perplexity = 0.5})
    refused("init is \"pca\", \"random\" or a tensor", manifold.TSNE, {init = "spectral"})
    refused("learning_rate", manifold.TSNE, {learning_rate = -1})
    refused("known ones are: n_components", manifold.TSNE, {perplexit = 3})
    refused("X is {n, d}", function() manifold.TSNE():fit_transform(ty.randn(10)) end)
  end)
end)
