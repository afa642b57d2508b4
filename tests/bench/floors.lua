-- The least that each row of run.lua has to do: floating-point operations, and the bytes that operations carried out one after
-- the other read and write. Both are counted for one step; small terms (biases, losses, labels) are left out. By the command
-- that run.lua gives to a script.

local F32 = 4 -- bytes

-- Adam reads the weight, its gradient and two moments, and writes all but the gradient.
local function adam(parameters) return 7 * F32 * parameters end

-- The tutorial's network: three products for each layer, but none for the gradient of the images.
local layers = {{784, 256}, {256, 128}, {128, 64}, {64, 10}}
local mlp_weights = 0
for _, layer in ipairs(layers) do mlp_weights = mlp_weights + layer[1] * layer[2] end
local function mlp_step(batch)
  return {flops = 2 * batch * (3 * mlp_weights - 784 * 256), bytes = adam(mlp_weights) + F32 * batch * 784}
end

-- The exercise's network: {channels in, out, rows of the result}, each 3 x 3. An activation of a layer passes memory twelve times
-- in a step: written, ReLU (2), maxima, and back maxima (2), ReLU (3), the two gradients (2) and the next layer's input.
local convolutions = {{1, 32, 26}, {32, 64, 11}, {64, 128, 3}}
local forward, first, activations, cnn_weights = 0, 0, 0, 1280
for i, c in ipairs(convolutions) do
  local flops = 2 * 9 * c[1] * c[2] * c[3] ^ 2
  forward, activations, cnn_weights = forward + flops, activations + F32 * c[2] * c[3] ^ 2, cnn_weights + 9 * c[1] * c[2]
  if i == 1 then first = flops end
end
local function cnn_step(batch)
  return {flops = batch * (3 * forward - first), bytes = 12 * batch * activations + adam(cnn_weights)}
end

-- The residual block: BatchNorm passes an activation 3 times there and 5 back, ReLU 2 and 3, the sum 3, a convolution 2 and 4.
local block = F32 * 16 * 64 * 56 * 56

local function matmul(n) return {flops = 2 * n ^ 3, bytes = 3 * F32 * n ^ 2} end

-- Of 10,000,000 elements: numbers read and written for each.
local function pass(numbers) return {flops = 0, bytes = 1e7 * F32 * numbers} end

return {
  ["mlp step"] = mlp_step(64),
  ["mlp epoch"] = mlp_step(64),
  ["mlp evaluate"] = {flops = 2e4 * mlp_weights, bytes = F32 * (1e4 * 784 + 20 * mlp_weights)},
  ["cnn step 32"] = cnn_step(32),
  ["cnn step 64"] = cnn_step(64),
  ["cnn step 256"] = cnn_step(256),
  ["cnn evaluate"] = {flops = 1e4 * forward, bytes = 5e4 * activations},
  ["layers block"] = {
    flops = 2 * 3 * 2 * 16 * 56 ^ 2 * 9 * 64 ^ 2,
    bytes = block * (2 * (3 + 5) + 2 * (2 + 3) + 3 + 2 * (2 + 4)),
  },
  -- Six products of {2048, 128} by {128, 512}; the gates of all steps are written and read twice there, and three times back.
  ["layers lstm"] = {flops = 6 * 2 * 2048 * 128 * 512, bytes = 7 * F32 * 2048 * 512},
  -- For each of 4 layers and 2048 places: projections (4 x 128 x 128), feed-forward (2 x 128 x 512), scores and their sums (2 x
  -- 64 x 128), all three times. Rows of 128 pass memory about 30 times, those of 512 eight, the scores eight.
  ["layers transformer"] = {
    flops = 4 * 3 * 2 * 2048 * (4 * 128 ^ 2 + 2 * 128 * 512 + 2 * 64 * 128),
    bytes = 4 * F32 * 2048 * (30 * 128 + 8 * 512 + 8 * 4 * 64),
  },
  ["arrays matmul 256"] = matmul(256),
  ["arrays matmul 1024"] = matmul(1024),
  ["arrays matmul 4096"] = matmul(4096),
  ["arrays add"] = pass(3),
  ["arrays add_row"] = pass(2),
  ["arrays relu"] = pass(2),
  ["arrays exp"] = pass(2),
  ["arrays tanh"] = pass(2),
  ["arrays sum"] = pass(1),
  ["arrays softmax"] = pass(2),
  ["files load pt"] = {flops = 0, bytes = 2 * 2 ^ 20 * 100}, -- copied out of the page cache
}
