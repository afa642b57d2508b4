-- Cost of one small operation through Lua, in microseconds: `add` is x + 1 on 4 elements, `backward` is (x*x):sum() with its
-- backward. The best of several rounds. Prints one number.

local ty = require "tycho"
local clock = require("tycho.core").process.clock

local function time(count, f)
  local best = math.huge
  for _ = 1, 7 do
    local start = clock()
    f(count)
    best = math.min(best, clock() - start)
  end
  print(("%.4f"):format(best / count * 1e6))
end

if arg[1] == "add" then
  local x = ty.ones(4)
  time(200000, function(n)
    for _ = 1, n do local _ = x + 1 end
  end)
else
  local x = ty.ones(4, {requires_grad = true})
  time(50000, function(n)
    for _ = 1, n do
      local y = (x * x):sum()
      y:backward()
    end
  end)
end
