-- Larger layers, forward and backward: `block`: two 3x3 convolutions of 64 channels with BatchNorm and ReLU and a shortcut, as in
-- ResNet-18, on {16, 64, 56, 56}; `lstm`: 128 hidden, 64 steps, batch 32; `transformer`: four encoder layers of width 128, four
-- heads, 512 hidden, 64 places, batch 32. A second word, `bfloat16`: under autocast.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"
local nn, F = ty.nn, ty.F

ty.manual_seed(0)
local works = {}

function works.block()
  local Block = nn.class "Block"
  function Block:init(n)
    self.conv1, self.bn1 = nn.Conv2d(n, n, 3, {padding = 1, bias = false}), nn.BatchNorm2d(n)
    self.conv2, self.bn2 = nn.Conv2d(n, n, 3, {padding = 1, bias = false}), nn.BatchNorm2d(n)
  end
  function Block:forward(x)
    return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
  end
  return Block(64), ty.randn(16, 64, 56, 56, {requires_grad = true})
end

function works.lstm()
  local lstm = nn.LSTM(128, 128, {batch_first = true})
  return function(x) return (lstm(x)) end, ty.randn(32, 64, 128, {requires_grad = true})
end

function works.transformer()
  local layer = nn.TransformerEncoderLayer(128, 4, {dim_feedforward = 512, batch_first = true})
  return nn.TransformerEncoder(layer, 4), ty.randn(32, 64, 128, {requires_grad = true})
end

local f, x = works[arg[1]]()
local function loss() return f(x):sum() end
local under = arg[2] == "bfloat16" and {device = os.getenv "DEVICE" or "cpu", dtype = ty.bfloat16}
measure(function() (under and ty.autocast(under, loss) or loss()):backward() end)
