-- 9. A knowledge check: three questions that whoever has come this far can answer, each answered here by trying.
--
--   tycho tutorials/9_knowledge_check.lua
--   tycho tutorials/9_knowledge_check.lua --fast      smaller sizes
--   tycho -i tutorials/9_knowledge_check.lua          the same, and then the prompt

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("9_knowledge_check.lua", "Three questions, answered by trying.")

ty.manual_seed(7)

-- ---- 1. Distances between all pairs, without a loop ----
--
-- Given n points a {n, d} and m points b {m, d}: the squared distance of each a to each b, {n, m}. In words of loops:

local function distances_by_loops(a, b)
  local x, y, result = a:totable(), b:totable(), {}
  for i = 1, #x do
    result[i] = {}
    for j = 1, #y do
      local sum = 0.0
      for k = 1, #x[i] do sum = sum + (x[i][k] - y[j][k]) ^ 2 end
      result[i][j] = sum
    end
  end
  return ty.tensor(result)
end

-- By broadcasting: {n, 1, d} - {1, m, d} is {n, m, d}, where dimensions of size 1 are repeated as needed.
local function distances_by_broadcasting(a, b)
  return (a:unsqueeze(2) - b:unsqueeze(1)):square():sum(3)
end

-- With |a - b|^2 = |a|^2 + |b|^2 - 2 a b the large middle tensor is never made: {n, 1} + {m} broadcasts to {n, m}, and a b is
-- one matrix product.
local function distances_by_product(a, b)
  return a:square():sum(2, true) + b:square():sum(2) - 2 * a:matmul(b:t())
end

local n, m, d = 300, 200, 32
if args.fast then n, m = 120, 80 end
local a, b = ty.randn(n, d), ty.randn(m, d)

local function timed(name, f)
  f(a, b) -- once to warm up
  local start = os.clock()
  local result = f(a, b)
  local seconds = os.clock() - start
  print(("%-16s %9.3f ms"):format(name, 1000 * seconds))
  return result, seconds
end

print(("squared distances of %d to %d points in %d dimensions, in milliseconds of processor time:"):format(n, m, d))
local expected, slow = timed("loops", distances_by_loops)
local broadcast, quick = timed("broadcasting", distances_by_broadcasting)
local product, quickest = timed("matrix product", distances_by_product)
print(("broadcasting took 1/%.0f of the loops' time, the matrix product 1/%.0f"):format(slow / quick, slow / quickest))
print("broadcasting gives the same: " .. tostring(broadcast:allclose(expected, {rtol = 1e-4})))
print("the product gives the same: " .. tostring(product:allclose(expected, {rtol = 1e-4, atol = 1e-3})))
print("and so does ty.cdist: " .. tostring(ty.cdist(a, b):square():allclose(expected, {rtol = 1e-4, atol = 1e-3})))

-- ---- 2. How many parameters has this network? ----
--
-- For images of 28 x 28: two convolutions of 3 x 3 without padding, and one dense layer.

local network = nn.Sequential(
  nn.Conv2d(1, 32, 3), nn.ReLU(), -- 28 -> 26
  nn.Conv2d(32, 64, 3), nn.ReLU(), -- 26 -> 24
  nn.Flatten(), -- 64 channels of 24 x 24
  nn.Linear(64 * 24 * 24, 10))

-- By hand: each of the 32 units of the first convolution has 3 * 3 weights for its one input channel, and a bias; and so on.
local by_hand = 32 * (1 * 3 * 3 + 1) + 64 * (32 * 3 * 3 + 1) + 10 * (64 * 24 * 24 + 1)
local counted = 0
for name, parameter in network:named_parameters() do
  print(("  %-10s %8d"):format(name, parameter:numel()))
  counted = counted + parameter:numel()
end
print(("parameters: %d counted, %d by hand"):format(counted, by_hand))
print("its output for a batch of two:", network(ty.randn(2, 1, 28, 28)).shape)

-- ---- 3. What if one of the three calls is forgotten? ----
--
-- A training step is zero_grad, backward, step. Each is left out once, with the same network, data and random numbers.

local points = ty.randn(512, 2)
local classes = (points[{{}, 1}] * points[{{}, 2}]):gt(0):long() + 1 -- opposite quadrants belong together

local function train(forgotten)
  ty.manual_seed(3)
  local model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
  local optimizer = optim.SGD(model:parameters(), {lr = 0.5})
  local loader = data.DataLoader(data.TensorDataset(points, classes), {batch_size = 64, shuffle = true})
  local losses = {}
  for epoch = 1, args.fast and 20 or 40 do
    local running = 0
    for x, y in loader:iter() do
      if forgotten ~= "zero_grad" then optimizer:zero_grad() end
      local loss = F.cross_entropy(model(x), y)
      if forgotten ~= "backward" then loss:backward() end
      if forgotten ~= "step" then optimizer:step() end
      running = running + loss:item()
    end
    losses[epoch] = running / #loader
  end
  return losses
end

-- Without zero_grad the gradients of all steps add up: each step still moves by what was right long ago, the steps grow, and
-- the loss swings and goes up. Without backward there are no gradients: the optimiser skips parameters whose gradient is nil,
-- and nothing changes. Without step the gradients are there, but nobody uses them: nothing changes, either. Neither is an
-- error, which is why a loss that does not move is a reason to look for these three calls first.
--
-- ty.doctor watches for such mistakes, and says on standard error what it sees, with the line and the cure. At the prompt and
-- in these tutorials it is on; another script has to ask for it.

local figure = plot.figure {title = "One call forgotten", size = {800, 450}}
local styles = {zero_grad = "-", backward = "--", step = ":"}
for _, forgotten in ipairs {"zero_grad", "backward", "step"} do
  local losses = train(forgotten)
  print(("without %-10s first epoch %.4f  last epoch %.4f"):format(forgotten .. ":", losses[1], losses[#losses]))
  figure:line(losses, {label = "without " .. forgotten, style = styles[forgotten]})
end
local complete = train()
print(("nothing forgotten:  first epoch %.4f  last epoch %.4f"):format(complete[1], complete[#complete]))
figure:line(complete, {label = "nothing forgotten", color = "black"})
figure:xlabel("epoch"):ylabel("training loss"):yscale("log"):grid():legend()
figure:savefig(args.out .. "/forgotten.png")
figure:show()
