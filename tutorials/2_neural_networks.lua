-- 2. Neural networks: the same network built in five ways, from bare matrices to nn.Sequential.
--
--   tycho tutorials/2_neural_networks.lua
--   tycho tutorials/2_neural_networks.lua --data data/mnist     with the digits of that folder
--   tycho -i tutorials/2_neural_networks.lua                    the same, and then the prompt
--
-- The task is MNIST, the "hello, world" of the trade: a grey image of 28 x 28 pixels shows a handwritten digit; which one is
-- it? Nothing is trained here: that is the next tutorial. Here the networks are made.

local ty = require "tycho"
local nn, F, data, plot = ty.nn, ty.F, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("2_neural_networks.lua", "Neural networks for MNIST, built in five ways.",
  function(parser) parser:option("--data", "Folder with MNIST's files (otherwise found or downloaded).") end)

ty.manual_seed(7)

-- ---- The data ----
--
-- A DataLoader hands out the images in batches: 64 at a time, shuffled anew in each pass. normalize = {0.5, 0.5} subtracts 0.5
-- from each pixel and divides by 0.5, so that 0 ... 1 becomes -1 ... 1.

local train = support.digits(args.data, {normalize = {0.5, 0.5}})
local trainloader = data.DataLoader(train, {batch_size = 64, shuffle = true})

-- iter() gives the batches one after the other, for a loop: `for images, labels in trainloader:iter() do ... end`. We take
-- one.
local images, labels = trainloader:iter()()
print("a batch of images:", images.shape) -- 64 images of one channel (grey), 28 high, 28 wide
print("a batch of labels:", labels.shape)

-- Labels count from 1, as everything in Lua does: the label of a digit is the digit + 1, and train.classes[label] is its name.
local name = train.classes[labels[2]:item()]
local digit = plot.figure {title = "the second image: " .. name, size = {320, 340}}
digit:image(images[2])
digit:savefig(args.out .. "/digit.png")
digit:show()

-- ---- A network from matrices ----
--
-- The layers here are dense: every unit sees every input. They want each image as one row of 784 values, so {64, 1, 28, 28} is
-- flattened to {64, 784}: everything from dimension 2 on becomes one dimension. The output has ten units, one for each class.

-- Exercise: 784 inputs, 256 hidden units with the sigmoid, 10 outputs without activation.
local function activation(x) return 1 / (1 + ty.exp(-x)) end

local inputs = images:flatten(2)
local w1, b1 = ty.randn(784, 256), ty.randn(256)
local w2, b2 = ty.randn(256, 10), ty.randn(10)

local h = activation(inputs:mm(w1) + b1)
local out = h:mm(w2) + b2
print("the output of the matrices:", out.shape)

-- Ten numbers of any size are no answer yet. Softmax makes probabilities of them: exp makes all positive, and dividing by the
-- sum of the row makes that sum 1. The sums have the shape {64}; keepdim leaves it {64, 1}, so that each row is divided by its
-- own sum and not each column by somebody else's.

-- Exercise: softmax.
local function softmax(x)
  return x:exp() / x:exp():sum {dim = 2, keepdim = true}
end

local probabilities = softmax(out)
print("probabilities:", probabilities.shape)
print("the sums of the rows:")
print(probabilities:sum(2))

-- ---- A network as a class ----
--
-- nn brings the layers: nn.Linear(784, 256) holds a matrix and a bias, and knows how to apply them. A network is a class made
-- by nn.class: `init` makes the layers, `forward` says how the input goes through them. What is assigned to a field of self
-- and is a layer is registered: the network finds all weights by itself, prints itself, saves itself.

local Network = nn.class "Network"

function Network:init()
  self.hidden = nn.Linear(784, 256)
  self.output = nn.Linear(256, 10)
  self.sigmoid = nn.Sigmoid()
  self.softmax = nn.Softmax(2) -- along dimension 2: each row by itself
end

function Network:forward(x)
  x = self.sigmoid(self.hidden(x))
  return self.softmax(self.output(x))
end

print(Network())

-- Activations have no weights, so functions do as well as layers: F has them all.

local Functional = nn.class "Functional"

function Functional:init()
  self.hidden = nn.Linear(784, 256)
  self.output = nn.Linear(256, 10)
end

function Functional:forward(x)
  x = F.sigmoid(self.hidden(x))
  return F.softmax(self.output(x), 2)
end

print(Functional())

-- Any function that is not a straight line can be an activation. ReLU, max(0, x), is the one most used for hidden layers:
-- networks with it train faster.

-- Exercise: 784 inputs, 128 and 64 hidden units with ReLU, 10 outputs with softmax.
local Classifier = nn.class "Classifier"

function Classifier:init()
  self.fc1 = nn.Linear(784, 128)
  self.fc2 = nn.Linear(128, 64)
  self.fc3 = nn.Linear(64, 10)
end

function Classifier:forward(x)
  x = F.relu(self.fc1(x))
  x = F.relu(self.fc2(x))
  return F.softmax(self.fc3(x), 2)
end

local model = Classifier()
print(model)

-- ---- Weights ----
--
-- Linear starts with small random weights, in a range that suits its size. They are tensors and can be set: nn.init has the
-- usual ways, and works in place, without recording gradients.

print "the weights as they are made:"
print(model.fc1.weight)
print(model.fc1.bias)

nn.init.zeros_(model.fc1.bias)
nn.init.normal_(model.fc1.weight, {std = 0.01})
print(("after setting them: bias between %g and %g, weights with standard deviation %.4f"):format(model.fc1.bias:min():item(),
  model.fc1.bias:max():item(), model.fc1.weight:std():item()))

-- ---- Forward ----
--
-- An untrained network knows nothing: all classes are about as likely.

inputs = images:flatten(2) -- {64, 784}
local ps = model(inputs[{{1, 1}}]) -- the first image, as a batch of one
print("the network's opinion of the first image:")
print(ps)
local figure = plot.view_classify(images[1], ps, train.classes)
figure:savefig(args.out .. "/untrained.png")
figure:show()

-- ---- Sequential ----
--
-- A network that is a chain of layers needs no class of its own.

local input_size, hidden_sizes, output_size = 784, {128, 64}, 10

model = nn.Sequential(
  nn.Linear(input_size, hidden_sizes[1]), nn.ReLU(),
  nn.Linear(hidden_sizes[1], hidden_sizes[2]), nn.ReLU(),
  nn.Linear(hidden_sizes[2], output_size), nn.Softmax(2))
print(model)
ps = model(inputs[{{1, 1}}])
print("ten probabilities again:", ps.shape, "with the sum", ps:sum():item())

-- The layers have numbers. The print shows PyTorch's, which count from 0; in Lua's hands the first layer is model[1].
print(model[1])
print(model[1].weight)

-- Or names: a list of {name, layer}, in order.
model = nn.Sequential {
  {"fc1", nn.Linear(input_size, hidden_sizes[1])}, {"relu1", nn.ReLU()},
  {"fc2", nn.Linear(hidden_sizes[1], hidden_sizes[2])}, {"relu2", nn.ReLU()},
  {"output", nn.Linear(hidden_sizes[2], output_size)}, {"softmax", nn.Softmax(2)},
}
print(model)
print("by position:", model[1])
print("by name:", model.fc1)

-- Next: 3_training.lua makes such a network tell digits apart.
