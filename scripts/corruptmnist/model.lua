-- The network of the exercise: three convolutions, each followed by ReLU and a pooling that halves the image, and two dense
-- layers. Digits that are turned or shifted still have the same strokes, which is what convolutions look for.

local ty = require "tycho"
local nn, F = ty.nn, ty.F

local CorruptMNISTModel = nn.class "CorruptMNISTModel"

--- channels: of the three convolutions; features: units of the hidden layer; dropout: the share that it forgets in training.
function CorruptMNISTModel:init(options)
  options = options or {}
  local channels, features = options.channels or {16, 32, 64}, options.features or 64
  self.conv1 = nn.Conv2d(1, channels[1], 3, {padding = 1})
  self.conv2 = nn.Conv2d(channels[1], channels[2], 3, {padding = 1})
  self.conv3 = nn.Conv2d(channels[2], channels[3], 3, {padding = 1})
  self.pool = nn.MaxPool2d(2) -- 28 -> 14 -> 7 -> 3 pixels
  self.fc1 = nn.Linear(channels[3] * 3 * 3, features)
  self.dropout = nn.Dropout(options.dropout or 0.3)
  self.fc2 = nn.Linear(features, 10)
end

--- What the network makes of images {n, 1, 28, 28} before it decides: {n, features}.
function CorruptMNISTModel:features(x)
  x = self.pool(F.relu(self.conv1(x)))
  x = self.pool(F.relu(self.conv2(x)))
  x = self.pool(F.relu(self.conv3(x)))
  return F.relu(self.fc1(x:flatten(2)))
end

--- The logits {n, 10}.
function CorruptMNISTModel:forward(x)
  return self.fc2(self.dropout(self:features(x)))
end

return CorruptMNISTModel
