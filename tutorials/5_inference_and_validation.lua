-- 5. Inference and validation: is the network good, or does it only know its training images by heart?
--
--   tycho tutorials/5_inference_and_validation.lua             thirty epochs, twice (a few minutes)
--   tycho tutorials/5_inference_and_validation.lua --fast      twelve epochs on 6,000 images
--   tycho -i tutorials/5_inference_and_validation.lua          the same, and then the prompt
--
-- Using a trained network is called inference. A network can be perfect on the images it was trained with and poor on others:
-- it has learned these images instead of what they have in common. That is overfitting, and only images that were kept away
-- from training show it. They are the test set, and looking at them while training is called validation.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("5_inference_and_validation.lua", "Overfitting, validation and dropout on Fashion-MNIST.",
  support.training)

ty.manual_seed(7)

local train = data.FashionMNIST {root = args.data, train = true, normalize = {0.5, 0.5}}
local test = data.FashionMNIST {root = args.data, train = false, normalize = {0.5, 0.5}}
local classes = train.classes
train = support.first(train, args.images or args.fast and 6000 or nil)
local epochs = args.epochs or args.fast and 12 or 30
local trainloader = data.DataLoader(train, {batch_size = 64, shuffle = true})
local testloader = data.DataLoader(test, {batch_size = 500})

-- ---- A network that is large enough to learn things by heart ----

local Classifier = nn.class "Classifier"

function Classifier:init()
  self.fc1 = nn.Linear(784, 256)
  self.fc2 = nn.Linear(256, 128)
  self.fc3 = nn.Linear(128, 64)
  self.fc4 = nn.Linear(64, 10)
end

function Classifier:forward(x)
  x = x:flatten(2)
  x = F.relu(self.fc1(x))
  x = F.relu(self.fc2(x))
  x = F.relu(self.fc3(x))
  return F.log_softmax(self.fc4(x), 2)
end

-- ---- Accuracy ----
--
-- The share of right answers. The network gives ten probabilities for each image; topk(1) finds the largest of each row, and
-- which class it belongs to.

local model = Classifier()
local images, labels = data.DataLoader(test, {batch_size = 64}):iter()()
local ps = ty.no_grad(function() return model(images):exp() end)
print("probabilities:", ps.shape)

local top_p, top_class = ps:topk(1, 2) -- the best one, along dimension 2
print("the likeliest classes of ten images, with their probabilities:")
print(ty.cat({top_class[{{1, 10}}]:float(), top_p[{{1, 10}}]}, 2))

-- Are they the labels? Look at the shapes before comparing. top_class is {64, 1} and labels is {64}: eq would broadcast the
-- two to {64, 64}, each answer against each label, without an error. view gives the labels the same shape.
print("shapes:", top_class.shape, labels.shape)
print("compared as they are:", top_class:eq(labels).shape)
local equals = top_class:eq(labels:view(top_class.shape))
print("compared as they should be:", equals.shape)

-- equals holds true and false, and the mean wants numbers: true counts as 1.
local accuracy = equals:float():mean()
print(("accuracy before training: %.1f %%"):format(100 * accuracy:item()))

-- ---- Training and validation ----
--
-- Exercise: after each epoch, measure the loss and the accuracy on the test images. No gradients are needed there (no_grad
-- saves the time and memory), and layers that behave otherwise in training are told by eval, and train brings them back.

local function validate(net, criterion)
  local loss, right = 0, 0
  net:eval()
  ty.no_grad(function()
    for x, y in testloader:iter() do
      local log_ps = net(x)
      loss = loss + criterion(log_ps, y):item()
      local _, class = log_ps:topk(1, 2)
      right = right + class:eq(y:view(class.shape)):float():mean():item()
    end
  end)
  net:train()
  return loss / #testloader, right / #testloader
end

local function fit(name, net)
  local criterion, optimizer = nn.NLLLoss(), optim.Adam(net:parameters(), {lr = 0.003})
  local history = {train = {}, test = {}, accuracy = {}}
  for epoch = 1, epochs do
    local running = 0
    local bar = ty.progress(trainloader, ("%s, epoch %d"):format(name, epoch))
    for x, y in bar do
      optimizer:zero_grad()
      local loss = criterion(net(x), y)
      loss:backward()
      optimizer:step()
      running = running + loss:item()
      bar:set {loss = loss:item()}
    end
    history.train[epoch] = running / #trainloader
    history.test[epoch], history.accuracy[epoch] = validate(net, criterion)
    print(("%s: epoch %2d  training loss %.3f  validation loss %.3f  accuracy %.4f"):format(name, epoch, history.train[epoch],
      history.test[epoch], history.accuracy[epoch]))
  end
  return history
end

local plain = fit("plain", model)

-- The loss on the training images goes on falling. The loss on the others falls, and then rises again: from there on the
-- network learns its images by heart. One cure is to stop there (early stopping: tutorial 7). Another is dropout.

-- ---- Dropout ----
--
-- Dropout sets a random share of the values between two layers to zero in every step, so that no unit can rely on a single
-- other one. Only while training: after net:eval() it does nothing, which is why validate switches.

-- Exercise: the network with dropout of 0.2 after each hidden layer.
local WithDropout = nn.class "WithDropout"

function WithDropout:init()
  self.fc1 = nn.Linear(784, 256)
  self.fc2 = nn.Linear(256, 128)
  self.fc3 = nn.Linear(128, 64)
  self.fc4 = nn.Linear(64, 10)
  self.dropout = nn.Dropout(0.2)
end

function WithDropout:forward(x)
  x = x:flatten(2)
  x = self.dropout(F.relu(self.fc1(x)))
  x = self.dropout(F.relu(self.fc2(x)))
  x = self.dropout(F.relu(self.fc3(x)))
  return F.log_softmax(self.fc4(x), 2) -- the answer itself is not thinned out
end

local careful = WithDropout()
local thinned = fit("dropout", careful)

-- ---- The curves ----

local figure, axes = plot.subplots(1, 2, {sharey = true, size = {1000, 400}})
for i, run in ipairs {{"without dropout", plain}, {"with dropout 0.2", thinned}} do
  axes[i]:line(run[2].train, {label = "training"}):line(run[2].test, {label = "validation"})
  axes[i]:title(run[1]):xlabel("epoch"):grid():legend()
end
axes[1]:ylabel("loss")
figure:savefig(args.out .. "/validation.png")
figure:show()
print(("validation loss at the end: %.3f without dropout, %.3f with it"):format(plain.test[epochs], thinned.test[epochs]))
print(("distance to the training loss: %.3f without dropout, %.3f with it"):format(plain.test[epochs] - plain.train[epochs],
  thinned.test[epochs] - thinned.train[epochs]))

-- ---- Inference ----
--
-- eval for the layers, no_grad for the memory, and a batch, if only of one.

careful:eval()
local image, label = test:get(2)
ps = ty.no_grad(function() return careful(image:unsqueeze(1)):exp() end)
print(("the second test image shows: %s; the network says: %s"):format(classes[label:item()], classes[ps:argmax(2):item()]))
local view = plot.view_classify(image, ps, classes)
view:savefig(args.out .. "/inference.png")
view:show()

-- In eval mode the same image gives the same answer each time. Left in training mode, dropout makes each answer another, and
-- how far they scatter tells how sure the network is ("Monte Carlo dropout", Gal and Ghahramani 2016). Here for the image, of
-- the first hundred, of which the network is least sure.
local hundred = test.data[{{1, 100}}]:unsqueeze(2):float() / 127.5 - 1
local sureness = ty.no_grad(function() return careful(hundred):exp():amax(2) end)
local doubtful = sureness:argmin():item()
careful:train() -- straight before the answers, by which ty.doctor sees that it is meant
local answers = ty.no_grad(function() return careful(hundred[{{doubtful, doubtful}}]:expand(100, 1, 28, 28)):argmax(2) end)
careful:eval()
local counts = ty.bincount(answers, nil, 10)
print(("test image %d shows: %s; with dropout at work, of 100 answers"):format(doubtful, classes[test.targets[doubtful]:item()]))
for class, name in ipairs(classes) do
  if counts[class]:item() > 0 then print(("%4d are %s"):format(counts[class]:item(), name)) end
end
local scatter = plot.figure {title = "Answers with dropout at work: " .. classes[test.targets[doubtful]:item()]}
scatter:bar(classes, counts):ylabel("answers of 100")
scatter:savefig(args.out .. "/answers.png")
scatter:show()
