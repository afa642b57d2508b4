--[[
What the specs of the tape share: leaves and their values, comparisons, messages of errors, and float64 inputs and weights that
are the same in every run.
]]

local assert = require "luassert"
local ty = require "tycho"

local autograd = {}

function autograd.leaf(...) return ty.tensor({...}, {dtype = "float32", requires_grad = true}) end
function autograd.values(x) return x:detach():reshape(-1):totable() end

function autograd.near(expected, x, message)
  local got = autograd.values(x)
  assert.equal(#expected, #got, message)
  for i, value in ipairs(expected) do
    assert.truthy(math.abs(value - got[i]) <= 1e-6 * math.max(1, math.abs(value)),
      ("%s: element %d is %.12g, expected %.12g"):format(message or "values", i, got[i], value))
  end
end

function autograd.message_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return tostring(message)
end

function autograd.says(text, f, ...)
  local message = autograd.message_of(f, ...)
  assert.truthy(message:find(text, 1, true), message)
  return message
end

function autograd.make(shape, seed)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  local list = {}
  for i = 0, n - 1 do list[i + 1] = -1.5 + 3.1 * ((i * 37 + seed * 11) % 60 + 0.5) / 60 end
  return ty.tensor(list, {dtype = "float64"}):reshape(shape):requires_grad_()
end

function autograd.weigh(x, shift)
  local list = {}
  for i = 0, x:numel() - 1 do list[i + 1] = ((i * 13 + shift) % 11 - 4) / 8 + 0.03 end
  return (x * ty.tensor(list, {dtype = "float64"}):reshape(x.shape)):sum()
end

return autograd
