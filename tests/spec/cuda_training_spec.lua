--[[
Networks learn on a CUDA device as they do on the CPU: the tutorials' network of full layers and a small convolutional one
take a few steps from the same weights with the same images, and have the same losses and weights.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local nn, F, optim = ty.nn, ty.F, ty.optim

-- Losses of `steps` steps, the last one's outputs, and the weights after them.
local function train(make, optimizer, images, labels, steps, device)
  ty.manual_seed(1)
  local net = make():to(device)
  local opt = optimizer(net:parameters())
  local criterion = nn.CrossEntropyLoss()
  local x, y = images:to(device), labels:to(device)
  local losses, out = {}, nil
  for step = 1, steps do
    opt:zero_grad()
    out = net(x)
    local loss = criterion(out, y)
    loss:backward()
    opt:step()
    losses[step] = loss:item()
  end
  local weights = {}
  for _, p in ipairs(net:parameters()) do weights[#weights + 1] = p:detach():cpu() end
  return losses, out:detach():cpu(), weights
end

local function check(make, optimizer, images, labels, steps)
  local losses, out, weights = train(make, optimizer, images, labels, steps, "cpu")
  local cuda_losses, cuda_out, cuda_weights = train(make, optimizer, images, labels, steps, cuda.device)
  assert(losses[steps] < 0.9 * losses[1], "it has not learned")
  for step = 1, steps do
    assert(math.abs(losses[step] - cuda_losses[step]) < 1e-4 * math.abs(losses[step]),
      ("step %d: a loss of %.6f, and %.6f on CUDA"):format(step, losses[step], cuda_losses[step]))
  end
  compare.near(out, cuda_out, "the outputs", 1e-3)
  for i = 1, #weights do compare.near(weights[i], cuda_weights[i], "weight " .. i, 1e-3) end
end

cuda.suite(describe, pending)("cuda training", function()
  before_each(function() ty.manual_seed(9) end)

  it("of full layers has the CPU's losses", function()
    check(function()
      return nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    end, function(parameters) return optim.Adam(parameters, {lr = 3e-3}) end,
      ty.randn(32, 1, 28, 28), ty.randint(1, 11, {32}), 6)
  end)

  it("of convolutions has the CPU's losses", function()
    check(function()
      return nn.Sequential(nn.Conv2d(1, 8, 3, {padding = 1}), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3), nn.LeakyReLU(0.01), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12 * 6 * 6, 10))
    end, function(parameters) return optim.SGD(parameters, {lr = 0.05, momentum = 0.9}) end,
      ty.randn(16, 1, 28, 28), ty.randint(1, 11, {16}), 6)
  end)

  it("of recurrent layers has the CPU's losses", function()
    local Net = nn.class "Net"
    function Net:init()
      self.lstm = nn.LSTM(8, 16, {batch_first = true})
      self.fc = nn.Linear(16, 4)
    end
    function Net:forward(x)
      local out = self.lstm(x)
      return self.fc(out[{{}, -1}])
    end
    check(Net, function(parameters) return optim.AdamW(parameters, {lr = 2e-2}) end,
      ty.randn(12, 5, 8), ty.randint(1, 5, {12}), 6)
  end)

  it("steps a scheduler, clips gradients and saves what the CPU loads", function()
    local net = nn.Linear(6, 3):to(cuda.device)
    local opt = optim.SGD(net:parameters(), {lr = 1, momentum = 0.9})
    F.mse_loss(net(ty.randn(4, 6):to(cuda.device)), ty.zeros(4, 3):to(cuda.device)):backward()
    nn.utils.clip_grad_norm_(net:parameters(), 0.1)
    local squares = 0
    for _, p in ipairs(net:parameters()) do squares = squares + (p.grad ^ 2):sum():item() end
    assert(math.abs(squares - 0.01) < 1e-4)
    opt:step()
    local file = os.tmpname()
    ty.save({net = net:state_dict(), opt = opt:state_dict()}, file)
    local saved = ty.load(file, {map_location = "cpu"})
    os.remove(file)
    compare.near(net.weight:detach():cpu(), saved.net.weight, "the saved weight")
  end)
end)
