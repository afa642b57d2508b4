-- The tutorial's network, 784-256-128-64-10 with dropout 0.2 and Adam, in batches of 64. `step`: one training step on data
-- that are there; `epoch`: 20,000 images through the DataLoader, shuffled, in microseconds a batch; `evaluate`: 10,000 images
-- without gradients, in batches of 500. `capture` behind it: by ty.capture.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"
local nn, F, optim, data = ty.nn, ty.F, ty.optim, ty.data

ty.manual_seed(0)
local Net = nn.class "Net"
function Net:init()
  self.fc1, self.fc2 = nn.Linear(784, 256), nn.Linear(256, 128)
  self.fc3, self.fc4 = nn.Linear(128, 64), nn.Linear(64, 10)
  self.dropout = nn.Dropout(0.2)
end
function Net:forward(x)
  x = x:flatten(2)
  x = self.dropout(F.relu(self.fc1(x)))
  x = self.dropout(F.relu(self.fc2(x)))
  x = self.dropout(F.relu(self.fc3(x)))
  return F.log_softmax(self.fc4(x), 2)
end

local net = Net()
local criterion = nn.NLLLoss()
local opt = optim.Adam(net:parameters(), {lr = 1e-3})

local function train(x, y)
  opt:zero_grad()
  local loss = criterion(net(x), y)
  loss:backward()
  opt:step()
  return loss
end
if arg[2] == "capture" then train = ty.capture(train) end

local works = {}

function works.step()
  local xs, ys = {}, {}
  for i = 1, 20 do xs[i], ys[i] = ty.randn(64, 784), ty.randint(1, 11, {64}) end
  measure(function(i) train(xs[i % 20 + 1], ys[i % 20 + 1]):item() end, {warm = 100})
end

function works.epoch()
  local images = ty.randint(0, 256, {20000, 1, 28, 28}, {device = "cpu"}):to(ty.float32) / 255
  local labels = ty.randint(1, 11, {20000}, {device = "cpu"})
  local loader = data.DataLoader(data.TensorDataset(images, labels),
    {batch_size = 64, shuffle = true, device = os.getenv "DEVICE"})
  measure(function()
    for x, y in loader:iter() do train(x, y):item() end
  end, {warm = 1, least = 3, count = #loader})
end

function works.evaluate()
  local images, labels = ty.randn(10000, 1, 28, 28), ty.randint(1, 11, {10000})
  local loader = data.DataLoader(data.TensorDataset(images, labels), {batch_size = 500})
  net:eval()
  measure(function()
    local right = 0
    ty.no_grad(function()
      for x, y in loader:iter() do right = right + net(x):argmax(2):eq(y):sum():item() end
    end)
  end)
end

works[arg[1]]()
