-- 7. A decision boundary: what a classifier has learned, seen as a picture; and three things that help it to learn.
--
--   tycho tutorials/7_decision_boundary.lua
--   tycho tutorials/7_decision_boundary.lua --fast      fewer points and epochs
--   tycho -i tutorials/7_decision_boundary.lua          the same, and then the prompt
--
-- A picture of 784 dimensions cannot be drawn, one of two can. Here each example is a point of the plane, its class one of two
-- interleaving half circles ("two moons"), and the network's answer for every place of the plane is a colour.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("7_decision_boundary.lua", "A classifier of points in the plane, and its decision boundary.",
  function(parser, line)
    parser:option("--points", "Points of each moon."):default "300":convert(line.count)
    parser:option("--epochs", "At most so many passes."):default "60":convert(line.count)
    parser:option("--patience", "Epochs without progress before training ends."):default "25":convert(line.count)
  end)
if args.fast then args.points, args.epochs = math.min(args.points, 200), math.min(args.epochs, 50) end

ty.manual_seed(7)

-- ---- The data ----
--
-- n points along each half circle, moved about by noise. The second half circle is upside down and shifted into the first.

local function two_moons(n, noise)
  local angle = ty.rand(n) * ty.pi
  local upper = ty.stack({angle:cos(), angle:sin()}, 2)
  angle = ty.rand(n) * ty.pi
  local lower = ty.stack({1 - angle:cos(), 0.5 - angle:sin()}, 2)
  local points = ty.cat {upper, lower}
  return points + noise * ty.randn_like(points), ty.cat {ty.ones(n), ty.full({n}, 2)}:long()
end

local X, y = two_moons(args.points, 0.2)
local train, validation = data.random_split(data.TensorDataset(X, y), {0.7, 0.3})
local trainloader = data.DataLoader(train, {batch_size = 32, shuffle = true, drop_last = true})
local X_val, y_val = data.DataLoader(validation, {batch_size = #validation}):iter()()
print(("%d points to train with, %d to validate"):format(#train, #validation))

-- ---- The network, with BatchNorm ----
--
-- BatchNorm1d brings each unit's values to mean 0 and standard deviation 1 over the batch, and then to a mean and deviation
-- that it learns: layers train faster when their inputs keep their scale. In eval mode it uses the means of all batches so
-- far, so that an answer does not depend on which other points are asked about.

local function block(inputs, outputs)
  return nn.Sequential(nn.Linear(inputs, outputs, false), nn.BatchNorm1d(outputs), nn.ReLU())
end
local model = nn.Sequential(block(2, 32), block(32, 32), nn.Linear(32, 2))
print(model)

-- ---- The learning rate: warm-up, then a cosine ----
--
-- Large steps at the very start, when the gradients are still wild, can throw a network far off, so the rate climbs from a
-- tenth to its full size in the first epochs. Then it follows half a cosine down to almost nothing, so that the end is calm.

local optimizer = optim.AdamW(model:parameters(), {lr = 0.01, weight_decay = 0.01})
local warmup = math.max(1, args.epochs // 20)
local scheduler = optim.lr_scheduler.SequentialLR(optimizer, {
  optim.lr_scheduler.LinearLR(optimizer, {start_factor = 0.1, total_iters = warmup}),
  optim.lr_scheduler.CosineAnnealingLR(optimizer, {T_max = math.max(1, args.epochs - warmup), eta_min = 1e-5}),
}, {warmup})

-- ---- Training with early stopping ----
--
-- The weights of the best epoch so far are kept (best by the validation loss). When `patience` epochs have passed without a
-- better one, training ends, and the best weights come back.

local function validate()
  model:eval()
  local loss, accuracy = ty.no_grad(function()
    local logits = model(X_val)
    return F.cross_entropy(logits, y_val):item(), logits:argmax(2):eq(y_val):float():mean():item()
  end)
  model:train()
  return loss, accuracy
end

-- A copy of the weights: the state dict itself goes on changing with the network.
local function snapshot()
  local copy = ty.OrderedDict()
  for name, value in pairs(model:state_dict()) do copy[name] = value:clone() end
  return copy
end

local history = {train = {}, validation = {}, rate = {}}
local best, best_epoch, best_state = math.huge, 0, nil
for epoch = 1, args.epochs do
  local running = 0
  history.rate[epoch] = scheduler:get_last_lr()[1]
  for points, classes in trainloader:iter() do
    optimizer:zero_grad()
    local loss = F.cross_entropy(model(points), classes)
    loss:backward()
    optimizer:step()
    running = running + loss:item()
  end
  scheduler:step()
  history.train[epoch] = running / #trainloader
  local accuracy
  history.validation[epoch], accuracy = validate()
  if epoch % 10 == 1 then
    print(("epoch %3d  lr %.5f  training loss %.4f  validation loss %.4f  accuracy %.3f"):format(epoch, history.rate[epoch],
      history.train[epoch], history.validation[epoch], accuracy))
  end
  if history.validation[epoch] < best then
    best, best_epoch, best_state = history.validation[epoch], epoch, snapshot()
  elseif epoch - best_epoch >= args.patience then
    print(("stopped after epoch %d: none of the last %d was better"):format(epoch, args.patience))
    break
  end
end

model:load_state_dict(best_state)
local loss, accuracy = validate()
print(("the best was epoch %d: validation loss %.4f, accuracy %.3f"):format(best_epoch, loss, accuracy))

-- ---- The curves ----

local curves = plot.figure {title = "Training", size = {800, 400}}
local axes = curves:subplot(1, 1, 1)
axes:line(history.train, {label = "training loss"}):line(history.validation, {label = "validation loss"})
local top = math.max(table.unpack(history.train))
axes:line({best_epoch, best_epoch}, {0, top}, {label = "best epoch", style = ":", color = "gray"})
axes:xlabel("epoch"):ylabel("loss"):grid()
axes:twinx():line(history.rate, {label = "learning rate", style = "--", color = "C3"}):ylabel("learning rate")
axes:legend()
curves:savefig(args.out .. "/moons-training.png")
curves:show()

-- ---- The boundary ----
--
-- The network is asked about every place of a grid, and the plane is coloured by its answers. Where the colours meet is the
-- decision boundary: with two layers of ReLU it is made of straight pieces, and follows the moons.

local boundary = plot.figure {title = ("Two moons: %.0f %% of the points kept aside are right"):format(100 * accuracy),
  size = {700, 500}}
boundary:decision_boundary(model, X, y, {classes = {"upper moon", "lower moon"}, response = "probability"})
boundary:xlabel("x"):ylabel("y"):legend()
boundary:savefig(args.out .. "/moons-boundary.png")
boundary:show()
