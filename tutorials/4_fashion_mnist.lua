-- 4. Fashion-MNIST: a classifier of clothing, from the data to a saved model.
--
--   tycho tutorials/4_fashion_mnist.lua             trains on all 60,000 images (about half a minute)
--   tycho tutorials/4_fashion_mnist.lua --fast      two epochs on 20,000 of them
--   tycho -i tutorials/4_fashion_mnist.lua          the same, and then the prompt
--
-- MNIST's handwritten digits are easy: a small network is right in 97 of 100 cases. Fashion-MNIST has the same shape, 28 x 28
-- grey images in ten classes, but shows clothing, where a shirt and a coat are not told apart so easily. This script defines a
-- network, trains it, looks at what it has learned, and saves it.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("4_fashion_mnist.lua", "Trains a classifier on Fashion-MNIST.", function(parser, line)
  support.training(parser, line)
  parser:option("--lr", "Learning rate."):default "0.001":convert(line.positive)
end)

-- Same seed, same numbers: the network starts with the same weights, and sees the images in the same order, in every run.
ty.manual_seed(7)

-- ---- The data ----
--
-- Each image is a tensor {1, 28, 28} of values from 0 to 1; normalize maps them to -1 ... 1. The labels count from 1, so that
-- `train.classes[label]` is the name of the class.

local train = data.FashionMNIST {root = args.data, train = true, normalize = {0.5, 0.5}}
local test = data.FashionMNIST {root = args.data, train = false, normalize = {0.5, 0.5}}
local classes = train.classes
train = support.first(train, args.images or args.fast and 20000 or nil)

local trainloader = data.DataLoader(train, {batch_size = 64, shuffle = true})
local testloader = data.DataLoader(test, {batch_size = 500})
print(("%d images to train with, %d to test with, %d classes"):format(#train, #test, #classes))

-- ---- The network ----
--
-- As in PyTorch a network is a class: `init` makes its layers, `forward` says how an image goes through them. Dropout forgets a
-- fifth of the values at random while training, so that the network does not lean on single pixels. The last layer gives the
-- logarithms of ten probabilities.

local Classifier = nn.class "Classifier"

function Classifier:init()
  self.fc1 = nn.Linear(784, 256)
  self.fc2 = nn.Linear(256, 128)
  self.fc3 = nn.Linear(128, 64)
  self.fc4 = nn.Linear(64, 10)
  self.dropout = nn.Dropout(0.2)
end

function Classifier:forward(x)
  x = x:flatten(2) -- {batch, 1, 28, 28} -> {batch, 784}
  x = self.dropout(F.relu(self.fc1(x)))
  x = self.dropout(F.relu(self.fc2(x)))
  x = self.dropout(F.relu(self.fc3(x)))
  return F.log_softmax(self.fc4(x), 2)
end

local device = ty.cuda.is_available() and "cuda" or "cpu"
local model = Classifier():to(device)
print(model)

-- ---- Training ----
--
-- One step: forget the old gradients, go forward, measure the loss, go backward, let the optimiser move the weights. After each
-- pass over the data the network is tried on images it has never seen: in eval mode (no dropout) and without gradients.

local criterion = nn.NLLLoss()
local optimizer = optim.Adam(model:parameters(), {lr = args.lr})

local function evaluate()
  model:eval()
  local loss, right = 0, 0
  ty.no_grad(function()
    for images, labels in testloader:iter() do
      images, labels = images:to(device), labels:to(device)
      local log_ps = model(images)
      loss = loss + criterion(log_ps, labels):item() * #labels
      right = right + log_ps:argmax(2):eq(labels):sum():item()
    end
  end)
  model:train()
  return loss / #test, right / #test
end

local train_losses, test_losses, accuracies = {}, {}, {}
for epoch = 1, args.epochs or args.fast and 2 or 5 do
  local running, seen = 0, 0
  local bar = ty.progress(trainloader, ("epoch %d"):format(epoch))
  for images, labels in bar do
    optimizer:zero_grad()
    local loss = criterion(model(images:to(device)), labels:to(device))
    loss:backward()
    optimizer:step()
    running, seen = running + loss:item(), seen + 1
    bar:set {loss = running / seen}
  end
  local test_loss, accuracy = evaluate()
  train_losses[epoch], test_losses[epoch], accuracies[epoch] = running / seen, test_loss, accuracy
  print(("epoch %d  training loss %.3f  test loss %.3f  test accuracy %.4f"):format(epoch, running / seen, test_loss, accuracy))
end

-- ---- One prediction ----

local image, label = test:get(1)
model:eval()
local probabilities = ty.no_grad(function() return model(image:unsqueeze(1)):exp() end)
local top, class = probabilities:max(2)
print(("the first test image shows: %s; the network says: %s (%.0f %%)"):format(classes[label:item()], classes[class:item()],
  top:item() * 100))
local prediction = plot.view_classify(image, probabilities, classes)
prediction:savefig(args.out .. "/prediction.png")
prediction:show()

-- ---- The curve and the model ----
--
-- With a display `show` opens a window; without one it draws the curve into the terminal. The model's weights are saved in
-- PyTorch's own format: torch.load("model.pt") opens them.

print(("best test accuracy: %.4f"):format(math.max(table.unpack(accuracies))))
local figure = plot.figure {title = "Fashion-MNIST", size = {800, 400}}
figure:line(train_losses, {label = "training loss", marker = "o"})
figure:line(test_losses, {label = "test loss", marker = "o"})
figure:xlabel("epoch"):ylabel("loss"):legend():grid()
local curve = args.out .. "/training-curve.png"
figure:savefig(curve)
figure:show()
print("wrote " .. curve)

local path = args.out .. "/model.pt"
ty.save(model:state_dict(), path)
print("wrote " .. path)

-- Loaded again it is the same network.
local again = Classifier()
again:load_state_dict(ty.load(path))
again:eval()
local same = ty.no_grad(function() return again(image:unsqueeze(1)):exp():allclose(probabilities:cpu()) end)
print("loaded again, it gives the same answer: " .. tostring(same))
