-- F: the functions behind the layers, as torch.nn.functional. All but those that take functions are rows of the binding table.

local core = require "tycho.core"
local options = require "tycho.options"

local F = {}
for name, f in pairs(core.F) do F[name] = f end
local triplet = options.signature("triplet_margin_with_distance_loss", "anchor: tensor, positive: tensor, negative: tensor, "
  .. 'distance_function: function?, margin: number = 1.0, swap: bool = false, reduction: string = "mean"')

--- F.triplet_margin_with_distance_loss(anchor, positive, negative, {distance_function, margin = 1, swap = false,
-- reduction = "mean"}): max(0, d(anchor, positive) - d(anchor, negative) + margin), d being pairwise_distance by default.
function F.triplet_margin_with_distance_loss(...)
  local anchor, positive, negative, distance, margin, swap, reduction = triplet(...)
  if margin <= 0 then
    core.raise(("triplet_margin_with_distance_loss: margin must be greater than 0, got %s"):format(margin))
  end
  if anchor:dim() ~= positive:dim() or anchor:dim() ~= negative:dim() then
    core.raise(("triplet_margin_with_distance_loss: anchor, positive and negative must have one number of dimensions, got %d, "
      .. "%d and %d"):format(anchor:dim(), positive:dim(), negative:dim()))
  end
  if reduction ~= "none" and reduction ~= "mean" and reduction ~= "sum" then
    core.raise(('triplet_margin_with_distance_loss: reduction must be "none", "mean" or "sum", got %s'):format(
      options.say(reduction)))
  end
  distance = distance or F.pairwise_distance
  local near, far = distance(anchor, positive), distance(anchor, negative)
  if swap then far = core.functions.minimum(far, distance(positive, negative)) end
  local losses = F.relu(near - far + margin)
  if reduction == "none" then return losses end
  return reduction == "mean" and losses:mean() or losses:sum()
end

return F
