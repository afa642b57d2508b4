--[[
Gradients by finite differences: what ty.grad says is held against central differences in float64, for first derivatives
and for second ones (differences of ty.grad against a gradient of a gradient). Relies on arithmetic, sum and totable.
]]

local ty = require "tycho"

local gradcheck = {}

local EPS, RELATIVE, ABSOLUTE = 1e-5, 1e-5, 1e-8

--- A float64 leaf whose elements are distinct, between low and high, and never at a whole number or at 0.
function gradcheck.input(sizes, seed, low, high)
  low, high = low or -2, high or 2.15
  local n = 1
  for _, size in ipairs(sizes) do n = n * size end
  local values = {}
  for i = 0, n - 1 do
    local k = (i * 37 + (seed or 0) * 11) % 60
    values[i + 1] = low + (high - low) * (k + 0.5) / 60
  end
  return ty.tensor(values, {dtype = "float64"}):reshape(sizes):requires_grad_()
end

-- Fixed weights that make one number of a tensor.
local function weigh(x, shift)
  local values = {}
  for i = 0, x:numel() - 1 do values[i + 1] = ((i * 13 + shift) % 11 - 4) / 8 + 0.03 end
  return (x * ty.tensor(values, {dtype = x.dtype}):reshape(x.shape)):sum()
end

-- One number of all that an op gives; results that are no floating tensors are passed over.
local function total(results, shift)
  if ty.is_tensor(results) then results = {results} end
  local sum
  for i, result in ipairs(results) do
    if ty.is_tensor(result) and result:is_floating_point() then
      local part = weigh(result, shift + i)
      sum = sum and sum + part or part
    end
  end
  return sum
end

-- Central differences of measure() in element i (flat, from 1) of x.
local function difference(x, i, measure)
  local flat = x:detach():view(-1)
  local was = flat[i]:item()
  flat[i] = was + EPS
  local up = measure()
  flat[i] = was - EPS
  local down = measure()
  flat[i] = was
  return (up - down) / (2 * EPS)
end

local function compare(what, inputs, grads, measure)
  for k, x in ipairs(inputs) do
    local wanted = grads[k] and grads[k]:detach():reshape(-1):totable()
    if grads[k] and table.concat(grads[k].shape, ",") ~= table.concat(x.shape, ",") then
      return ("%s: the gradient of input %d has shape {%s}"):format(what, k, table.concat(grads[k].shape, ", "))
    end
    for i = 1, x:numel() do
      local numeric, analytic = difference(x, i, measure), wanted and wanted[i] or 0
      local scale = math.max(math.abs(numeric), math.abs(analytic), 1)
      local close = math.abs(numeric - analytic) <= ABSOLUTE + RELATIVE * scale -- false for NaN
      if not close then
        return ("%s: input %d, element %d: the gradient is %.10g, differences give %.10g"):format(what, k, i, analytic, numeric)
      end
    end
  end
  return nil
end

--- nil, or what is wrong with the gradients of f(inputs...), which gives a tensor or a list of results.
function gradcheck.first(f, inputs)
  local function forward() return total(f(table.unpack(inputs)), 7) end
  local grads = ty.grad(forward(), inputs, {allow_unused = true})
  return compare("first derivative", inputs, grads, function()
    return ty.no_grad(function() return forward():item() end)
  end)
end

-- One number of the gradients of f.
local function slope(f, inputs, create_graph)
  local y = total(f(table.unpack(inputs)), 7)
  local grads, list = ty.grad(y, inputs, {create_graph = create_graph, allow_unused = true}), {}
  for k = 1, #inputs do list[#list + 1] = grads[k] end
  return total(list, 3)
end

--- nil, or what is wrong with the gradients of the gradients.
function gradcheck.second(f, inputs)
  local value = slope(f, inputs, true)
  local grads = {}
  if value and value.requires_grad then grads = ty.grad(value, inputs, {allow_unused = true}) end
  return compare("second derivative", inputs, grads, function()
    local s = slope(f, inputs, false)
    return s and s:item() or 0
  end)
end

return gradcheck
