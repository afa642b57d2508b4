--[[
The same program from the same seed trains as PyTorch does: initial weights, order of the examples, dropout masks, gradients and
Adam's updates, through 200 steps on Fashion-MNIST. The losses are in tests/golden/run.lua; make_run.py there is the program.
]]

local ty = require "tycho"
local nn, optim, data, F = ty.nn, ty.optim, ty.data, ty.F
local folder = debug.getinfo(1, "S").source:match "^@(.*)spec/[^/]*$" .. "golden/"

local TOLERANCE = 1e-4 -- relative; sums of products are rounded in another order, and 200 steps let that grow

describe("a whole training run", function()
  it("has PyTorch's losses at every step", function()
    local found, set = pcall(data.FashionMNIST, {download = false})
    if not found then return pending "the data set is not on this machine" end
    local wanted = assert(loadfile(folder .. "run.lua"))()
    ty.manual_seed(7)
    local net = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 128), nn.ReLU(),
      nn.Dropout(0.2), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    local opt = optim.Adam(net:parameters(), {lr = 1e-3})
    local step = 0
    for x, y in data.DataLoader(set, {batch_size = 64, shuffle = true}):iter() do
      opt:zero_grad()
      local loss = F.cross_entropy(net(x), y)
      loss:backward()
      opt:step()
      step = step + 1
      local got = loss:item()
      assert.is_true(math.abs(got - wanted[step]) <= TOLERANCE * wanted[step],
        ("step %d: the loss is %.7g, PyTorch's %.7g"):format(step, got, wanted[step]))
      if step == #wanted then break end
    end
    assert.are.equal(#wanted, step)
  end)
end)
