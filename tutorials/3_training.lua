-- 3. Training: how a network learns. Losses, gradients, optimisers, and the loop that holds them together.
--
--   tycho tutorials/3_training.lua
--   tycho tutorials/3_training.lua --fast                 five epochs on at most 10,000 digits
--   tycho tutorials/3_training.lua --data data/mnist      with the digits of that folder
--   tycho -i tutorials/3_training.lua                     the same, and then the prompt: `model` is trained, try it
--
-- The network of the last tutorial guesses. Training turns its weights, little by little, so that it guesses better. That
-- needs a number for how wrong it is, the loss; and to know for each weight in which direction the loss falls, the gradient.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("3_training.lua", "Trains a network on MNIST.", support.training)

ty.manual_seed(7)

local train = support.digits(args.data, {normalize = {0.5, 0.5}})
train = support.first(train, args.images or args.fast and 10000 or nil)
local trainloader = data.DataLoader(train, {batch_size = 64, shuffle = true})

-- ---- Losses ----
--
-- For classes the usual loss is the cross entropy: minus the logarithm of the probability that the network gave to the right
-- class. nn.CrossEntropyLoss wants the raw outputs ("logits"), not probabilities: it does softmax and logarithm in one, which
-- is exact where probabilities would be rounded to 0 or 1. It returns the mean over the batch.

local images, labels = trainloader:iter()()
images = images:flatten(2)

local model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
local criterion = nn.CrossEntropyLoss()
local logits = model(images)
print("cross entropy of the logits:", criterion(logits, labels):item())
print("that of a fair guess among ten would be", math.log(10))

-- The other way is a network whose last layer is LogSoftmax, and the negative log likelihood loss. The result is the same, and
-- the probabilities are at hand as exp of the output. These tutorials do it this way from here on.

-- Exercise: the network with LogSoftmax, and its loss.
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(2))
criterion = nn.NLLLoss()
local log_ps = model(images)
print("negative log likelihood of log-softmax:", criterion(log_ps, labels):item())
print("cross entropy of logits and this are one:", F.cross_entropy(logits, labels):allclose(
  F.nll_loss(F.log_softmax(logits, 2), labels)))

-- ---- Autograd ----
--
-- Tensors made with requires_grad = true are watched: every operation on them is noted, with how its gradient is computed. The
-- result knows its maker, in grad_fn.

local x = ty.randn(2, 2, {requires_grad = true})
print("x =")
print(x)

local y = x ^ 2
print("y = x ^ 2 =")
print(y)
print("y was made by", y.grad_fn)

local z = y:mean()
print("z, the mean of y:", z)
print("the gradient of x before backward:", x.grad)

-- backward goes from z back to x by the chain rule. z = (x1^2 + x2^2 + x3^2 + x4^2) / 4, so dz/dx = 2 x / 4 = x / 2.
z:backward()
print "the gradient of x:"
print(x.grad)
print "x / 2:"
print(x / 2)
print("gradient equal to x / 2:", x.grad:equal(x:detach() / 2))

-- Where no gradients are needed they cost time and memory; no_grad switches the watching off.
ty.no_grad(function()
  print("x * 2 without watching needs a gradient:", (x * 2).requires_grad)
end)

-- ---- Gradients of a network ----
--
-- The same with a network: all its weights are watched, and backward from the loss fills in their gradients.

print("gradient of the first weights before backward:", model[1].weight.grad)
local loss = criterion(model(images), labels)
loss:backward()
print "and after:"
print(model[1].weight.grad)

-- ---- One step ----
--
-- The optimiser owns the update: SGD, stochastic gradient descent, subtracts lr times the gradient from each weight. backward
-- adds to the gradients that are there (some networks need that), so they are set to zero before each step.

local optimizer = optim.SGD(model:parameters(), {lr = 0.01})
print "the first weights before the step:"
print(model[1].weight)

optimizer:zero_grad()
loss = criterion(model(images), labels)
loss:backward()
print "their gradient:"
print(model[1].weight.grad)
optimizer:step()
print "the weights after it:"
print(model[1].weight)
local after = criterion(model(images), labels)
print(("the loss of this batch was %.4f, and is %.4f"):format(loss:item(), after:item()))

-- ---- Training for real ----
--
-- One pass over all the data is an "epoch". Each batch makes a step, and the mean of the losses should fall from epoch to
-- epoch.

ty.manual_seed(7)
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10), nn.LogSoftmax(2))
optimizer = optim.SGD(model:parameters(), {lr = 0.003})

-- Five epochs of MNIST's 60,000 digits are 4,690 steps. Fewer digits need more epochs for as many steps.
local epochs = args.epochs or args.fast and 5 or math.max(5, 300000 // #train)
for epoch = 1, epochs do
  local running = 0
  local bar = ty.progress(trainloader, ("epoch %d"):format(epoch)) -- a bar on the terminal, with the loss behind it
  for batch, targets in bar do
    batch = batch:flatten(2)

    -- Exercise: the training step.
    optimizer:zero_grad()
    loss = criterion(model(batch), targets)
    loss:backward()
    optimizer:step()

    running = running + loss:item()
    bar:set {loss = loss:item()}
  end
  print(("epoch %d  training loss %.4f"):format(epoch, running / #trainloader))
end

-- ---- A prediction ----
--
-- The network has learned: look at one digit and its answer. (After a --fast run it is not sure yet: plain SGD takes its
-- time.)

local image, label = train:get(1)
local ps = ty.no_grad(function() return model(image:view(1, 784)):exp() end)
local p, class = ps:max(2)
print(("the digit is %s; the network says %s (%.0f %%)"):format(train.classes[label:item()], train.classes[class:item()],
  100 * p:item()))
local figure = plot.view_classify(image, ps, train.classes)
figure:savefig(args.out .. "/prediction.png")
figure:show()
