-- Trains for as many steps as the argument says, without a word to the collector, and prints the resident memory at step 500
-- and its peak, in KB, from the kernel's own account. Run by memory_spec.lua in a process of its own.

local ty = require "tycho"
local nn, optim, F = ty.nn, ty.optim, ty.F

local function resident(field)
  for line in io.lines "/proc/self/status" do
    local value = line:match("^" .. field .. ":%s+(%d+)")
    if value then return math.tointeger(value) end
  end
end

local net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
local opt = optim.Adam(net:parameters(), {lr = 1e-3})
local x, y = ty.randn(32, 64), ty.randint(1, 11, {32})
local early
for step = 1, math.tointeger(arg[1]) do
  opt:zero_grad()
  local loss = F.cross_entropy(net(x), y)
  loss:backward()
  opt:step()
  if step == 500 then early = resident "VmRSS" end
end
print(early, resident "VmHWM")
