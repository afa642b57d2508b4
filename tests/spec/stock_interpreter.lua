-- Run by the system's lua5.4: the module loads there, computes, trains a step, and the state closes cleanly.

local ty = require "tycho"
local nn, optim = ty.nn, ty.optim

ty.manual_seed(7)
local features = ty.randn(1, 3)
local W1, W2, B1, B2 = ty.randn(3, 2), ty.randn(2, 1), ty.randn(1, 2), ty.randn(1, 1)
local y = ty.sigmoid(ty.mm(ty.sigmoid(ty.mm(features, W1) + B1), W2) + B2)
assert(tostring(y) == "tensor({{0.3171}})", tostring(y))

local net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
local opt = optim.SGD(net:parameters(), {lr = 0.1})
local x, t = ty.randn(16, 3), ty.randn(16, 1)
local first, last
for _ = 1, 50 do
  opt:zero_grad()
  local loss = ty.F.mse_loss(net(x), t)
  loss:backward()
  opt:step()
  last = loss:item()
  first = first or last
end
assert(last < first)
print(("loss %.4f -> %.4f"):format(first, last))
