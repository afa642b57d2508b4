-- Single operations on large tensors: `matmul N` of two N x N matrices; `add`, `relu`, `exp`, `tanh`, `sum` of 10,000,000
-- numbers, `add_row` of one row to {10,000, 1,000} and `softmax` over its rows, each with a fresh result. `matmul N tf32` and
-- `matmul N bfloat16`: on a GPU.

package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local ty = require "tycho"
local measure = require "measure"

local works = {
  add = function(x, y) return x + y end,
  add_row = function(x, y) return x + y[1] end,
  relu = function(x) return x:relu() end,
  exp = function(x) return x:exp() end,
  tanh = function(x) return x:tanh() end,
  sum = function(x) return x:sum() end,
  softmax = function(x) return x:softmax(2) end,
  matmul = function(x, y) return x:matmul(y) end,
}

local work, n = works[arg[1]], math.tointeger(arg[2])
local sizes = n and {n, n} or {10000, 1000}
local x, y = ty.randn(sizes), ty.randn(sizes)
if arg[3] == "tf32" then ty.backends.cuda.matmul.allow_tf32 = true end
if arg[3] == "bfloat16" then x, y = x:bfloat16(), y:bfloat16() end
measure(function() work(x, y) end)
