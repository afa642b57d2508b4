-- The exercise's network: three 3x3 convolutions of 32, 64 and 128 channels, each with ReLU and a 2x2 maximum, dropout 0.5, one
-- linear layer, Adam, on {N, 1, 28, 28}. `step N`: one training step; `evaluate`: 10,000 images without gradients in batches
-- of 500. `capture` at the end: by ty.capture.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"
local nn, F, optim = ty.nn, ty.F, ty.optim

ty.manual_seed(0)
local Net = nn.class "Net"
function Net:init()
  self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3), nn.Conv2d(64, 128, 3)
  self.dropout, self.fc = nn.Dropout(0.5), nn.Linear(128, 10)
end
function Net:forward(x)
  x = F.max_pool2d(F.relu(self.conv1(x)), 2)
  x = F.max_pool2d(F.relu(self.conv2(x)), 2)
  x = F.max_pool2d(F.relu(self.conv3(x)), 2)
  return self.fc(self.dropout(x:flatten(2)))
end

local net, criterion = Net(), nn.CrossEntropyLoss()
local opt = optim.Adam(net:parameters(), {lr = 1e-3})

local function train(x, y)
  opt:zero_grad()
  local loss = criterion(net(x), y)
  loss:backward()
  opt:step()
  return loss
end
if arg[#arg] == "capture" then train = ty.capture(train) end

if arg[1] == "step" then
  local n = math.tointeger(arg[2])
  local x, y = ty.randn(n, 1, 28, 28), ty.randint(1, 11, {n})
  measure(function() train(x, y):item() end)
else
  local images, labels = ty.randn(10000, 1, 28, 28), ty.randint(1, 11, {10000})
  net:eval()
  measure(function()
    local right = 0
    ty.no_grad(function()
      for i = 1, 10000, 500 do
        right = right + net(images:narrow(1, i, 500)):argmax(2):eq(labels:narrow(1, i, 500)):sum():item()
      end
    end)
  end, {least = 3})
end
