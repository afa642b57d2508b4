-- ty.manifold: pictures of many-dimensional data in few dimensions, by the names of scikit-learn. PCA, the linear projection
-- with the largest variance, through the singular value decomposition; and exact t-SNE (van der Maaten and Hinton, Visualizing
-- Data using t-SNE, 2008; van der Maaten's choices of momentum, gains and early exaggeration), in tensor operations: memory
-- and time grow with the square of the number of points.

local core = require "tycho.core"
local options = require "tycho.options"
local scopes = require "tycho.scopes"
local ty = core.functions
local linalg = core.linalg

local manifold = {}

-- Raises unless X is a finite tensor {n, d} of at least `least` points; returns it in float64.
local function points(name, X, least)
  if not core.is_tensor(X) or #X.shape ~= 2 then
    core.raise(("%s: X is {n, d}, a row for each point, got %s"):format(name, options.say(X)))
  end
  if X.shape[1] < least or X.shape[2] < 1 then
    core.raise(("%s: X has shape {%d, %d}; at least %d points of one or more values are needed"):format(name, X.shape[1],
      X.shape[2], least))
  end
  X = X:detach():double()
  if not X:isfinite():all():item() then core.raise(name .. ": X holds a nan or an infinity") end
  return X
end

-- ---- PCA ----

local PCA = {__name = "PCA"}
PCA.__index = PCA

-- Raises unless there are components, and X {n, wide} is what the method takes; returns it in their dtype.
local function suited(self, method, X, name, dim, source)
  if not self.components then core.raise(("manifold.PCA:%s: call fit or fit_transform first"):format(method)) end
  local wide = self.components.shape[dim]
  if not core.is_tensor(X) or #X.shape ~= 2 or X.shape[2] ~= wide then
    core.raise(("manifold.PCA:%s: %s is {n, %d}, as %s, got %s"):format(method, name, wide, source, options.say(X)))
  end
  return X:to(self.mean.dtype)
end

function PCA:fit(X)
  local _ <close> = scopes.no_grad()
  local name = "manifold.PCA:fit"
  local rows = points(name, X, 2)
  local n, d = rows.shape[1], rows.shape[2]
  local k = self.n_components or math.min(n, d)
  if k > math.min(n, d) then
    core.raise(("%s: n_components is %d, but {%d, %d} has at most %d components"):format(name, k, n, d, math.min(n, d)))
  end
  local mean = rows:mean(1)
  local _, S, Vh = linalg.svd(rows - mean, {full_matrices = false})
  -- The sign of a component is open: as in scikit-learn its largest entry is positive.
  local largest = Vh:gather(2, Vh:abs():argmax {dim = 2, keepdim = true})
  Vh = Vh * largest:sign()
  local variance = S:square() / (n - 1)
  local total = variance:sum():clamp_min(1e-300)
  local kept, dtype = {{1, k}}, X.dtype == core.dtypes.float64 and core.dtypes.float64 or core.dtypes.float32
  self.mean, self.components = mean:to(dtype), Vh[kept]:to(dtype)
  self.singular_values, self.explained_variance = S[kept]:to(dtype), variance[kept]:to(dtype)
  self.explained_variance_ratio = (variance / total)[kept]:to(dtype)
  return self
end

function PCA:transform(X)
  return (suited(self, "transform", X, "X", 2, "what was fitted") - self.mean):matmul(self.components:t())
end

function PCA:inverse_transform(Y)
  return suited(self, "inverse_transform", Y, "Y", 1, "what transform gives"):matmul(self.components) + self.mean
end

function PCA:fit_transform(X) return self:fit(X):transform(X:detach()) end

local parse_pca = options.signature("manifold.PCA", "n_components: positive?")

--- manifold.PCA(n_components): the principal components of points.
function manifold.PCA(...)
  return setmetatable({n_components = parse_pca(...)}, PCA)
end

-- ---- t-SNE ----

-- Squared distances {n, n} between rows, exact zeros on the diagonal.
local function squared_distances(X)
  local squares = X:square():sum(2)
  local D = X:matmul(X:t()):mul_(-2):add_(squares):add_(squares:unsqueeze(2)):clamp_min_(0)
  D:diagonal():zero_()
  return D
end

--- The joint probabilities {n, n} of the points X: for each point the width of a Gaussian is found by bisection, such that
-- the entropy of its neighbours' probabilities is log(perplexity); then both directions are averaged.
function manifold._affinities(X, perplexity)
  local n, target = X.shape[1], math.log(perplexity)
  local D = squared_distances(X)
  D:diagonal():fill_(math.huge) -- no point is its own neighbour
  D:sub_(D:amin {dim = 2, keepdim = true}) -- changes no probability, and keeps exp from 0
  local finite = D:clone()
  finite:diagonal():zero_()
  -- The widths lie about the scale of the distances, so the search starts there.
  local beta = (n - 1) / finite:sum(2, true):clamp_min(1e-30)
  local low, high = ty.zeros_like(beta), ty.full_like(beta, math.huge)
  local P, sums
  for _ = 1, 100 do
    P = D:mul(-beta):exp_()
    P:diagonal():zero_()
    sums = P:sum(2, true)
    local entropy = sums:log() + beta * (finite * P):sum(2, true) / sums
    local flat = entropy:gt(target) -- too many neighbours: narrower
    if (entropy - target):abs():max():item() < 1e-6 then break end
    low, high = ty.where(flat, beta, low), ty.where(flat, high, beta)
    beta = ty.where(high:isinf(), beta * 2, (low + high) / 2)
  end
  P = P / sums
  return ((P + P:t()) / (2 * n)):clamp_min_(1e-12)
end

--- The gradient of the Kullback-Leibler divergence of P and of the Student-t similarities Q of the places Y; and Q before it
-- is divided by its sum, with that sum. Each matrix {n, n} is passed over as seldom as can be: one product gives 1 + the
-- squared distances, |y|^2 + |z|^2 - 2 y z + 1, and one both the sums of the rows and the products with Y.
function manifold._gradient(P, Y)
  local squares, ones = Y:square():sum(2, true), Y:new_ones(Y.shape[1], 1)
  local W = ty.cat({Y * -2, squares + 1, ones}, 2):matmul(ty.cat({Y, ones, squares}, 2):t()):reciprocal_()
  W:diagonal():zero_()
  local total = W:sum():item()
  local products = (P * W):addcmul_(W, W, {value = -1 / total}):matmul(ty.cat({Y, ones}, 2))
  local k = Y.shape[2]
  return (products[{{}, {k + 1, k + 1}}] * Y - products[{{}, {1, k}}]):mul_(4), W, total
end

local function divergence(P, W, total)
  local Q = (W / total):clamp_min_(1e-12)
  return (P * (P / Q):log()):sum():item()
end

local TSNE = {__name = "TSNE"}
TSNE.__index = TSNE

local EXPLORATION, CHECK_EVERY = 250, 50 -- steps with exaggeration; between looks at progress

-- Where the points begin: the two largest principal components, or noise, with a standard deviation of 1e-4.
local function start(self, X)
  local n, k = X.shape[1], self.n_components
  if core.is_tensor(self.init) then
    if #self.init.shape ~= 2 or self.init.shape[1] ~= n or self.init.shape[2] ~= k then
      core.raise(("manifold.TSNE: init is a tensor {%d, %d} for these points, got %s"):format(n, k, options.say(self.init)))
    end
    return self.init:detach():float():clone()
  elseif self.init == "random" or X.shape[2] < k then
    return ty.randn(n, k, {generator = self.generator}) * 1e-4
  end
  local Y = manifold.PCA(k):fit_transform(X)
  local deviation = Y[{{}, 1}]:std():item()
  return (Y * (deviation > 0 and 1e-4 / deviation or 1)):float()
end

function TSNE:fit_transform(X)
  local _ <close> = scopes.no_grad()
  X = points("manifold.TSNE:fit_transform", X, 3)
  local n = X.shape[1]
  if self.perplexity >= n then
    core.raise(("manifold.TSNE:fit_transform: perplexity (%g) must be below the number of points (%d)"):format(
      self.perplexity, n))
  end
  local P = manifold._affinities(X, self.perplexity):float()
  local exaggerated = P * self.early_exaggeration
  local Y = start(self, X)
  local rate = self.learning_rate == "auto" and math.max(n / self.early_exaggeration / 4, 50) or self.learning_rate
  local move, gains = ty.zeros_like(Y), ty.ones_like(Y)
  local best, best_at = math.huge, 0
  local exploration = math.min(EXPLORATION, self.max_iter // 2)
  for i = 1, self.max_iter do
    local exploring = i <= exploration
    local grad, W, total = manifold._gradient(exploring and exaggerated or P, Y)
    local onward = (grad * move):lt(0) -- downhill as before: grad and move have opposite signs
    gains = ty.where(onward, gains + 0.2, gains * 0.8):clamp_min_(0.01)
    move = move * (exploring and 0.5 or 0.8) - grad * gains * rate
    Y = Y + move
    self.n_iter = i
    if not exploring and i % CHECK_EVERY == 0 then
      local error = divergence(P, W, total)
      if error < best then best, best_at = error, i end
      if i - best_at >= self.n_iter_without_progress or grad:norm():item() <= self.min_grad_norm then break end
    end
  end
  local _, W, total = manifold._gradient(P, Y)
  self.kl_divergence = divergence(P, W, total)
  self.embedding = Y - Y:mean(1)
  return self.embedding
end

local parse_tsne = options.signature("manifold.TSNE", "n_components: positive = 2, perplexity: number = 30, "
  .. "early_exaggeration: number = 12, learning_rate: any = \"auto\", max_iter: positive = 1000, "
  .. "n_iter_without_progress: positive = 300, min_grad_norm: number = 1e-7, init: any = \"pca\", generator: generator?")

--- manifold.TSNE(n_components = 2, perplexity = 30, ...): places for points such that neighbours stay neighbours.
function manifold.TSNE(...)
  local self, name = setmetatable({}, TSNE), "manifold.TSNE"
  self.n_components, self.perplexity, self.early_exaggeration, self.learning_rate, self.max_iter,
    self.n_iter_without_progress, self.min_grad_norm, self.init, self.generator = parse_tsne(...)
  if self.perplexity <= 1 or self.perplexity ~= self.perplexity then
    core.raise(("%s: perplexity is %g; a number above 1 is needed"):format(name, self.perplexity))
  end
  if self.early_exaggeration < 1 or self.early_exaggeration ~= self.early_exaggeration then
    core.raise(("%s: early_exaggeration is %g; 1 or more is needed"):format(name, self.early_exaggeration))
  end
  if self.learning_rate ~= "auto" and not (type(self.learning_rate) == "number" and self.learning_rate > 0) then
    core.raise(("%s: learning_rate is \"auto\" or a number above 0, got %s"):format(name, options.say(self.learning_rate)))
  end
  if self.init ~= "pca" and self.init ~= "random" and not core.is_tensor(self.init) then
    core.raise(("%s: init is \"pca\", \"random\" or a tensor, got %s"):format(name, options.say(self.init)))
  end
  return self
end

manifold.docs = {
  {name = "manifold", signature = ": PCA, TSNE", doc = "Views of many-dimensional data in two or three dimensions, by the names "
    .. "of scikit-learn."},
  {name = "manifold.PCA", signature = "(n_components?)", doc = "Principal components: the directions in which points {n, d} "
    .. "vary most. n_components: how many (default all, min(n, d)). After fit the fields components {k, d}, mean {d}, "
    .. "explained_variance, explained_variance_ratio and singular_values {k} hold the result; the largest entry of each "
    .. "component is positive.",
    example = "local X = ty.randn(50, 3) * ty.tensor{5.0, 1, 0.1}\nlocal pca = ty.manifold.PCA(2)\n"
      .. "local Y = pca:fit_transform(X)\nprint(Y.shape, pca.explained_variance_ratio[1]:item() > 0.8)\n--> {50, 2}\ttrue"},
  {name = "manifold.PCA:fit", signature = "(X) -> self", doc = "Finds the components of X {n, d}. Errors: fewer than two points, "
    .. "more components than min(n, d), values that are not finite.",
    example = "return ty.manifold.PCA():fit(ty.randn(5, 3)).components.shape\n--> {3, 3}"},
  {name = "manifold.PCA:transform", signature = "(X) -> {n, k}", doc = "The points in the coordinates of the components.",
    example = "local pca = ty.manifold.PCA(1):fit(ty.randn(5, 3))\nreturn pca:transform(ty.randn(7, 3)).shape\n--> {7, 1}"},
  {name = "manifold.PCA:fit_transform", signature = "(X) -> {n, k}", doc = "fit, then transform of the same points.",
    example = "return ty.manifold.PCA(2):fit_transform(ty.randn(5, 3)).shape\n--> {5, 2}"},
  {name = "manifold.PCA:inverse_transform", signature = "(Y) -> {n, d}", doc = "Points of the first space for coordinates in "
    .. "the components: exact when all components are there, else the nearest.",
    example = "local X = ty.randn(5, 3)\nlocal pca = ty.manifold.PCA()\n"
      .. "return pca:inverse_transform(pca:fit_transform(X)):allclose(X, {atol = 1e-5})\n--> true"},
  {name = "manifold.TSNE", signature = "(n_components = 2, perplexity = 30, early_exaggeration = 12, learning_rate = \"auto\", "
    .. "max_iter = 1000, n_iter_without_progress = 300, min_grad_norm = 1e-7, init = \"pca\", generator?)",
    doc = "Exact t-SNE (van der Maaten and Hinton 2008): places for the points such that neighbours stay neighbours. "
      .. "perplexity: about how many neighbours count, 5 to 50 as a rule, below the number of points. early_exaggeration: of "
      .. "the attraction in the first 250 steps (half of the steps if there are fewer than 500). learning_rate: a number, or "
      .. "max(n / early_exaggeration / 4, 50). init: \"pca\", \"random\" (from generator) or a tensor {n, n_components}. After "
      .. "fit_transform the fields embedding, kl_divergence and n_iter hold the result. Time and memory grow with n * n: for a "
      .. "few thousand points.",
    example = "local X = ty.cat{ty.randn(20, 5), ty.randn(20, 5) + 10}\n"
      .. "return ty.manifold.TSNE{perplexity = 5, max_iter = 100}:fit_transform(X).shape\n--> {40, 2}"},
  {name = "manifold.TSNE:fit_transform", signature = "(X) -> {n, n_components}", doc = "The places of the points X {n, d}, as "
    .. "float32, with their middle at 0. Errors: a perplexity that is not below n, values that are not finite.",
    example = "return ty.manifold.TSNE{perplexity = 3, max_iter = 20}:fit_transform(ty.randn(10, 4)).shape\n--> {10, 2}"},
}

return manifold
