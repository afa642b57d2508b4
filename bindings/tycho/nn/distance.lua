-- Distances and likeness of rows.

local F = require "tycho.functional"
local simple = require "tycho.nn.simple"

local distance = {}

--- nn.CosineSimilarity(dim = 2, eps = 1e-8), nn.PairwiseDistance(p = 2.0, eps = 1e-6, keepdim = false)
local CosineSimilarity = simple("CosineSimilarity", "dim: dim = 2, eps: number = 1e-8")
distance.CosineSimilarity = CosineSimilarity
function CosineSimilarity:forward(x1, x2) return F.cosine_similarity(x1, x2, self.dim, self.eps) end

local PairwiseDistance = simple("PairwiseDistance", "p: number = 2.0, eps: number = 1e-6, keepdim: bool = false")
distance.PairwiseDistance = PairwiseDistance
function PairwiseDistance:forward(x1, x2) return F.pairwise_distance(x1, x2, self.p, self.eps, self.keepdim) end

return distance
