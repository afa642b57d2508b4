-- 6. Saving and loading: a trained network in a file, and back.
--
--   tycho tutorials/6_saving_and_loading.lua
--   tycho tutorials/6_saving_and_loading.lua --fast      on 6,000 images
--   tycho -i tutorials/6_saving_and_loading.lua          the same, and then the prompt
--
-- Training takes time; nobody wants to do it again for each use. What a network has learned are its weights, and those go into
-- a file. What the file does not hold is the network itself: its class, its layers, their sizes. This script shows what
-- follows.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("6_saving_and_loading.lua", "Saves and loads a classifier of Fashion-MNIST.", support.training)

ty.manual_seed(7)

local train = data.FashionMNIST {root = args.data, train = true, normalize = {0.5, 0.5}}
local test = data.FashionMNIST {root = args.data, train = false, normalize = {0.5, 0.5}}
local classes = train.classes
train = support.first(train, args.images or args.fast and 6000 or nil)
local trainloader = data.DataLoader(train, {batch_size = 64, shuffle = true})
local testloader = data.DataLoader(test, {batch_size = 500})

local image, label = test:get(1)
local figure = plot.figure {title = classes[label:item()], size = {320, 340}}
figure:image(image)
figure:savefig(args.out .. "/example.png")
figure:show()

-- ---- A network of any size ----
--
-- The sizes of the hidden layers are arguments: Network(784, 10, {512, 256, 128}). A ModuleList keeps any number of layers,
-- all of them registered.

local Network = nn.class "Network"

function Network:init(input_size, output_size, hidden_layers, drop_p)
  self.hidden_layers = nn.ModuleList()
  local size = input_size
  for _, next_size in ipairs(hidden_layers) do
    self.hidden_layers:append(nn.Linear(size, next_size))
    size = next_size
  end
  self.output = nn.Linear(size, output_size)
  self.dropout = nn.Dropout(drop_p or 0.5)
end

function Network:forward(x)
  x = x:flatten(2)
  for _, layer in ipairs(self.hidden_layers) do
    x = self.dropout(F.relu(layer(x)))
  end
  return F.log_softmax(self.output(x), 2)
end

-- ---- Training, as before ----

local criterion = nn.NLLLoss()

local function validate(net)
  net:eval()
  local loss, right = 0, 0
  ty.no_grad(function()
    for x, y in testloader:iter() do
      local log_ps = net(x)
      loss = loss + criterion(log_ps, y):item() * #y
      right = right + log_ps:argmax(2):eq(y):sum():item()
    end
  end)
  net:train()
  return loss / #test, right / #test
end

local hidden_layers = {512, 256, 128}
local model = Network(784, 10, hidden_layers)
local optimizer = optim.Adam(model:parameters(), {lr = 0.001})
for epoch = 1, args.epochs or 2 do
  local running = 0
  local bar = ty.progress(trainloader, ("epoch %d"):format(epoch))
  for x, y in bar do
    optimizer:zero_grad()
    local loss = criterion(model(x), y)
    loss:backward()
    optimizer:step()
    running = running + loss:item()
    bar:set {loss = loss:item()}
  end
  local test_loss, accuracy = validate(model)
  print(("epoch %d  training loss %.3f  test loss %.3f  test accuracy %.4f"):format(epoch, running / #trainloader, test_loss,
    accuracy))
end

-- ---- The state dict ----
--
-- state_dict gives all weights (and what else a network keeps, such as the means of BatchNorm) by name, in order.

print(model)
print "the names in its state dict:"
for name, value in pairs(model:state_dict()) do print("", name, value.shape) end

-- The file is PyTorch's: torch.load opens it. A file appears when it is complete, so a crash in the middle loses nothing.
local path = args.out .. "/checkpoint.pth"
ty.save(model:state_dict(), path)
print("wrote " .. path)

local state_dict = ty.load(path)
model:load_state_dict(state_dict)
print("loaded into the network that it came from: all keys match")

-- ---- The sizes have to fit ----
--
-- A network with other layers cannot take these weights, and says which do not fit.

local other = Network(784, 10, {400, 200, 100})
local ok, message = pcall(function() other:load_state_dict(state_dict) end)
print("does it load into a network with other sizes?", ok)
print(message)

-- ---- A checkpoint with its architecture ----
--
-- So the sizes belong into the file, beside the weights. A table with both is saved just as well.

local checkpoint = {
  input_size = 784,
  output_size = 10,
  hidden_layers = hidden_layers,
  state_dict = model:state_dict(),
}
ty.save(checkpoint, path)

-- One function makes the network again, whatever its sizes were.
local function load_checkpoint(file)
  local saved = ty.load(file)
  local net = Network(saved.input_size, saved.output_size, saved.hidden_layers)
  net:load_state_dict(saved.state_dict)
  return net
end

local again = load_checkpoint(path)
print(again)

-- It is the same network: the same test loss, to the last bit.
local loss_before, accuracy_before = validate(model)
local loss_after, accuracy_after = validate(again)
print(("test accuracy before saving %.4f, after loading %.4f"):format(accuracy_before, accuracy_after))
print("the same to the last bit: " .. tostring(loss_before == loss_after))

-- To go on with a training that was interrupted takes more: the optimiser's state_dict, the number of the epoch, and the state
-- of the random numbers, ty.get_rng_state(). scripts/train keeps all of them, and `scripts/train --resume` goes on where it
-- stopped.
