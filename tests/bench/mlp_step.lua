-- One training step of the tutorial's network, 784-256-128-64-10 with dropout 0.2, Adam, batches of 64: microseconds, the
-- median of many. Prints one number. TYCHO_NUM_THREADS says how many threads.

local ty = require "tycho"
local nn, F, optim = ty.nn, ty.F, ty.optim
local clock = require("tycho.core").process.clock

ty.manual_seed(0)
local Net = nn.class "Net"
function Net:init()
  self.fc1, self.fc2 = nn.Linear(784, 256), nn.Linear(256, 128)
  self.fc3, self.fc4 = nn.Linear(128, 64), nn.Linear(64, 10)
  self.dropout = nn.Dropout(0.2)
end
function Net:forward(x)
  x = self.dropout(F.relu(self.fc1(x)))
  x = self.dropout(F.relu(self.fc2(x)))
  x = self.dropout(F.relu(self.fc3(x)))
  return F.log_softmax(self.fc4(x), 2)
end

local net = Net()
local criterion = nn.NLLLoss()
local opt = optim.Adam(net:parameters(), {lr = 1e-3})
local xs, ys = {}, {}
for i = 1, 20 do xs[i], ys[i] = ty.randn(64, 784), ty.randint(1, 11, {64}) end

local times = {}
for step = 1, 600 do
  local x, y = xs[step % 20 + 1], ys[step % 20 + 1]
  local start = clock()
  opt:zero_grad()
  local loss = criterion(net(x), y)
  loss:backward()
  opt:step()
  loss:item()
  if step > 100 then times[#times + 1] = clock() - start end
end
table.sort(times)
print(("%.1f"):format(times[#times // 2] * 1e6))
