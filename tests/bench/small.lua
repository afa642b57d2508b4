-- The cost of one small operation through Lua: `add` is x + 1 on 4 elements, `backward` is (x*x):sum() and its backward.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"

if arg[1] == "add" then
  local x = ty.ones(4)
  measure(function()
    for _ = 1, 20000 do local _ = x + 1 end
  end, {count = 20000})
else
  local x = ty.ones(4, {requires_grad = true})
  measure(function()
    for _ = 1, 5000 do (x * x):sum():backward() end
  end, {count = 5000})
end
