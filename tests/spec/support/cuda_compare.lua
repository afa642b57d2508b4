--[[
Compares a function of tensors on a CUDA device with the CPU: its results, and its gradients by every floating input for
the same gradients of the results. Relies on the CPU's being right, which other specs see to; numbers are held against its
float32, so that convolutions do not round to TF32 from here on.
]]

local ty = require "tycho"
local cuda = require "support.cuda"

local compare = {}

cuda.full_float32()

-- Relative to the largest element: sums are added up in another order.
local near = {float64 = 1e-12, float32 = 2e-5, float16 = 2e-3, bfloat16 = 2e-2}

local function largest(x)
  if x:numel() == 0 then return 0 end
  return x:to(ty.float64):abs():max():item()
end

--- Fails unless two tensors on the CPU have one dtype and shape, and nearly the same numbers; `what` stands in the message.
-- How near is said for the largest element, or for `floor` (1) where all are smaller.
function compare.near(expected, found, what, tolerance, floor)
  assert(expected.dtype == found.dtype, ("%s: %s and not %s"):format(what, found.dtype, expected.dtype))
  assert(tostring(expected.shape) == tostring(found.shape), what .. ": the shapes differ")
  tolerance = tolerance or near[tostring(expected.dtype):gsub("^ty%.", "")] or 0
  local finite = expected:to(ty.float64):nan_to_num(0, 0, 0)
  local bound = tolerance * math.max(floor or 1, largest(finite))
  if ty.allclose(found:to(ty.float64), expected:to(ty.float64), {rtol = 0, atol = bound, equal_nan = true}) then return end
  local off = largest((found:to(ty.float64) - expected:to(ty.float64)):nan_to_num(0))
  error(("%s: off by %g, where %g is near enough"):format(what, off, bound), 2)
end

-- Results and gradients of f on a device, on the CPU: a list of tensors with their names.
local function results(f, inputs, device, backward)
  local copies, leaves, out = {}, {}, {}
  for i, x in ipairs(inputs) do
    local copy = ty.is_tensor(x) and x:detach():to(device) or x
    if backward and ty.is_tensor(x) and x:is_floating_point() then
      copy = copy:requires_grad_(true)
      leaves[#leaves + 1] = {i, copy}
    end
    copies[i] = copy
  end
  local made = table.pack(f(table.unpack(copies, 1, #inputs)))
  for i = 1, made.n do
    assert(made[i].device == ty.device(device), "a result lies on another device")
    out[#out + 1] = {("result %d"):format(i), made[i]:detach():cpu()}
  end
  if #leaves > 0 then
    -- Neighbours differ, so that what belongs to a row does not cancel out.
    local grad = (ty.arange(0, made[1]:numel()) * 37 % 11 / 5 - 0.8):reshape(made[1].shape):to(made[1].dtype)
    made[1]:backward(grad:to(device))
    for _, leaf in ipairs(leaves) do
      out[#out + 1] = {("gradient of input %d"):format(leaf[1]), leaf[2].grad and leaf[2].grad:cpu()}
    end
  end
  return out
end

--- compare.run(what, f, {inputs}, {backward = true, tolerance, floor = 1}): f of the inputs, tensors on the CPU or other values.
function compare.run(what, f, inputs, options)
  options = options or {}
  local backward = options.backward ~= false
  local expected = results(f, inputs, "cpu", backward)
  local found = results(f, inputs, cuda.device, backward)
  assert(#expected == #found, what .. ": the numbers of results differ")
  for i, pair in ipairs(expected) do
    local name = ("%s, %s"):format(what, pair[1])
    assert((pair[2] == nil) == (found[i][2] == nil), name .. ": only one device has it")
    if pair[2] then compare.near(pair[2], found[i][2], name, options.tolerance, options.floor) end
  end
end

--- The same, where results may be small throughout, as those of softmax are.
function compare.op(what, f, inputs, options)
  compare.run(what, f, inputs, setmetatable({floor = 1e-3}, {__index = options}))
end

return compare
