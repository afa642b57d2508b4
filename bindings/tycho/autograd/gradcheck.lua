-- ty.autograd.gradcheck and gradgradcheck: gradients held against central differences, as torch.autograd.gradcheck does: the
-- whole Jacobian of every result by every input, its values within atol + rtol |numerical|.

local core = require "tycho.core"
local options = require "tycho.options"

local M = {}

local grad = core.functions.grad

-- ---- Inputs and results ----

local function list_of(name, inputs)
  if core.is_tensor(inputs) then return {inputs} end
  if type(inputs) ~= "table" then
    core.raise(("%s: inputs must be a tensor or a list, got %s"):format(name, options.say(inputs)))
  end
  return inputs
end

-- The tensors among the inputs that ask for gradients, with their places.
local function checked_inputs(name, inputs)
  local list = {}
  for i, x in ipairs(inputs) do
    if core.is_tensor(x) and x.requires_grad then
      if not x:is_floating_point() then core.raise(("%s: input %d is not floating"):format(name, i)) end
      for d = 1, #x.shape do
        if x.shape[d] > 1 and x:stride(d) == 0 then
          core.raise(("%s: several elements of input %d are one place in memory (as after expand): differences need them "
            .. "apart; clone it"):format(name, i))
        end
      end
      list[#list + 1] = {x = x, at = i}
    end
  end
  if #list == 0 then
    core.raise(("%s: no input requires a gradient: give at least one with requires_grad = true"):format(name))
  end
  return list
end

-- The differentiable results of f.
local function results_of(name, f, inputs)
  local results = table.pack(f(table.unpack(inputs)))
  if results.n == 1 and type(results[1]) == "table" and not core.is_tensor(results[1]) then
    results = results[1]
    results.n = #results
  end
  local list = {}
  for i = 1, results.n do
    local y = results[i]
    if not core.is_tensor(y) then
      core.raise(("%s: the function must give tensors; result %d is %s"):format(name, i, options.say(y)))
    end
    if y:is_floating_point() then list[#list + 1] = y end
  end
  return list
end

local function flat(x) return x:detach():reshape(-1):totable() end

-- ---- Jacobians: [result][input][element of the input] = list over the elements of the result ----

-- f at the inputs as they are now, every result as a flat list.
local function values_at(name, f, inputs)
  local was = core.set_grad_enabled(false)
  local ok, list = pcall(results_of, name, f, inputs)
  core.set_grad_enabled(was)
  if not ok then error(list, 0) end
  local values = {}
  for k, y in ipairs(list) do values[k] = flat(y) end
  return values
end

local function numerical(name, f, inputs, checked, eps, outputs)
  local jacobian = {}
  for k in ipairs(outputs) do jacobian[k] = {} end
  for j, input in ipairs(checked) do
    local element = input.x:detach()
    for k in ipairs(outputs) do jacobian[k][j] = {} end
    local sizes, index = element.shape, {}
    for d = 1, #sizes do index[d] = 1 end
    for i = 1, element:numel() do
      local place = element
      for d = 1, #sizes do place = place:select(1, index[d]) end
      local was = place:item()
      place:fill_(was + eps)
      local up = values_at(name, f, inputs)
      place:fill_(was - eps)
      local down = values_at(name, f, inputs)
      place:fill_(was)
      for k in ipairs(outputs) do
        local column = {}
        for e = 1, #up[k] do column[e] = (up[k][e] - down[k][e]) / (2 * eps) end
        jacobian[k][j][i] = column
      end
      for d = #sizes, 1, -1 do
        index[d] = index[d] + 1
        if index[d] <= sizes[d] then break end
        index[d] = 1
      end
    end
  end
  return jacobian
end

local function tensors_of(checked)
  local list = {}
  for j, input in ipairs(checked) do list[j] = input.x end
  return list
end

local function analytical(name, outputs, checked)
  local xs, jacobian = tensors_of(checked), {}
  for k, y in ipairs(outputs) do
    jacobian[k] = {}
    for j, x in ipairs(xs) do
      jacobian[k][j] = {}
      for i = 1, x:numel() do jacobian[k][j][i] = {} end
    end
    for e = 1, y.requires_grad and y:numel() or 0 do
      local seed = y:detach():clone():zero_():reshape(-1)
      seed[e] = 1
      local grads = grad({y}, xs, {seed:view_as(y)}, {retain_graph = true, allow_unused = true})
      for j, x in ipairs(xs) do
        local g = grads[j]
        if g and table.concat(g.shape, ",") ~= table.concat(x.shape, ",") then
          core.raise(("%s: the gradient of input %d has shape {%s}, the input {%s}"):format(name, checked[j].at,
            table.concat(g.shape, ", "), table.concat(x.shape, ", ")))
        end
        local row = g and flat(g)
        for i = 1, x:numel() do jacobian[k][j][i][e] = row and row[i] or 0.0 end
      end
    end
    if not y.requires_grad then
      for j, x in ipairs(xs) do
        for i = 1, x:numel() do
          for e = 1, y:numel() do jacobian[k][j][i][e] = 0.0 end
        end
      end
    end
  end
  return jacobian
end

-- ---- Comparing ----

local function text_of(matrix)
  local rows = {}
  for i = 1, math.min(#matrix, 6) do
    local row = {}
    for e = 1, math.min(#matrix[i], 6) do row[e] = ("%.6g"):format(matrix[i][e]) end
    rows[i] = "{" .. table.concat(row, ", ") .. (#matrix[i] > 6 and ", ..." or "") .. "}"
  end
  return "{" .. table.concat(rows, ", ") .. (#matrix > 6 and ", ..." or "") .. "}"
end

-- The first pair that differs by more than the tolerance allows; NaN differs from everything.
local function mismatch(numeric, analytic, atol, rtol)
  for k, by_input in ipairs(analytic) do
    for j, matrix in ipairs(by_input) do
      for i, column in ipairs(matrix) do
        for e, value in ipairs(column) do
          local wanted = numeric[k][j][i][e]
          local close = value == wanted or math.abs(value - wanted) <= atol + rtol * math.abs(wanted)
          if not close then return k, j end
        end
      end
    end
  end
end

local function check_jacobian(name, f, inputs, checked, o)
  local outputs = results_of(name, f, inputs)
  local analytic = analytical(name, outputs, checked)
  local again = analytical(name, outputs, checked)
  local numeric = numerical(name, f, inputs, checked, o.eps, outputs)
  local k, j = mismatch(numeric, analytic, o.atol, o.rtol)
  if k then
    return ("%s: Jacobian mismatch for output %d with respect to input %d (a row for each element of the input),\nnumerical: "
      .. "%s\nanalytical: %s"):format(name, k, checked[j].at, text_of(numeric[k][j]), text_of(analytic[k][j]))
  end
  k, j = mismatch(analytic, again, o.nondet_tol, 0)
  if k then
    return ("%s: backward is not deterministic: two runs for output %d with respect to input %d differ by more than "
      .. "nondet_tol = %g"):format(name, k, checked[j].at, o.nondet_tol)
  end
end

-- Results through which no gradient comes back: what makes them must take a missing gradient for zero.
local without_gradient

local function check_undefined(name, f, inputs, checked)
  if not without_gradient then
    without_gradient = require "tycho.autograd.function".Function "Undefined"
    function without_gradient.forward(_, x) return x:clone() end
    function without_gradient.backward() return nil end
  end
  local count = #results_of(name, f, inputs)
  for missing = 1, count > 1 and count or 0 do
    local total, some = 0, false
    for k, y in ipairs(results_of(name, f, inputs)) do
      some = some or y.requires_grad
      total = total + (k == missing and without_gradient.apply(y) or y * 0):sum()
    end
    local ok, grads = pcall(function()
      return some and grad(total, tensors_of(checked), {allow_unused = true}) or {}
    end)
    if not ok then
      return ("%s: backward fails when output %d has no gradient (nil), which must be taken for zero: %s"):format(name, missing,
        tostring(grads))
    end
    for j in ipairs(checked) do
      if grads[j] and grads[j]:detach():ne(0):any():item() then
        return ("%s: the gradient of input %d is not zero when output %d has no gradient (nil) and the others a zero one")
          :format(name, checked[j].at, missing)
      end
    end
  end
end

-- ---- The functions ----

local signature = "f: function, inputs: any, eps: number = 1e-6, atol: number = 1e-5, rtol: number = 1e-3, "
  .. "raise_exception: bool = true, nondet_tol: number = 0, check_undefined_grad: bool = true"
local read = options.signature("gradcheck", signature)

local function run(name, f, inputs, o)
  inputs = list_of(name, inputs)
  local checked = checked_inputs(name, inputs)
  local wrong
  local ok, message = pcall(function()
    wrong = check_jacobian(name, f, inputs, checked, o) or (o.check_undefined_grad and check_undefined(name, f, inputs, checked))
  end)
  if not ok then
    if o.raise_exception then error(message, 0) end
    return false
  end
  if not wrong then return true end
  if o.raise_exception then core.raise(wrong) end
  return false
end

--- gradcheck(f, inputs, {eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad}) -> true, or an error (false).
function M.gradcheck(...)
  local f, inputs, eps, atol, rtol, raise_exception, nondet_tol, undefined = read(...)
  return run("gradcheck", f, inputs, {eps = eps, atol = atol, rtol = rtol, raise_exception = raise_exception,
    nondet_tol = nondet_tol, check_undefined_grad = undefined})
end

local read_second = options.signature("gradgradcheck", "f: function, inputs: any, grad_outputs: any?, eps: number = 1e-6, "
  .. "atol: number = 1e-5, rtol: number = 1e-3, raise_exception: bool = true, nondet_tol: number = 0, "
  .. "check_undefined_grad: bool = true")

--- gradgradcheck(f, inputs, grad_outputs?, {...}): gradcheck of the gradient of f, by its inputs and by the gradients of its
-- results, which are drawn at random when not given.
function M.gradgradcheck(...)
  local f, inputs, grad_outputs, eps, atol, rtol, raise_exception, nondet_tol, undefined = read_second(...)
  local name = "gradgradcheck"
  inputs = list_of(name, inputs)
  local checked = checked_inputs(name, inputs)
  local weights = {}
  if grad_outputs == nil then
    for k, y in ipairs(results_of(name, f, inputs)) do
      weights[k] = core.functions.randn_like(y:detach()):requires_grad_()
    end
  else
    for k, g in ipairs(list_of(name, grad_outputs)) do weights[k] = g end
  end
  local all = table.move(inputs, 1, #inputs, 1, {})
  table.move(weights, 1, #weights, #inputs + 1, all)
  local function gradient(...)
    local given = {...}
    local xs = {}
    for j, input in ipairs(checked) do xs[j] = given[input.at] end
    local was = core.set_grad_enabled(true) -- the differences are taken without
    local ok, list = pcall(function()
      local outputs, seeds = {}, {}
      for k, y in ipairs(results_of(name, f, table.move(given, 1, #inputs, 1, {}))) do
        if y.requires_grad then outputs[#outputs + 1], seeds[#seeds + 1] = y, given[#inputs + k] end
      end
      if #outputs == 0 then core.raise "gradgradcheck: no result of the function depends on the inputs" end
      return grad(outputs, xs, seeds, {create_graph = true, allow_unused = true, materialize_grads = true})
    end)
    core.set_grad_enabled(was)
    if not ok then error(list, 0) end
    return table.unpack(list)
  end
  return run(name, gradient, all, {eps = eps, atol = atol, rtol = rtol, raise_exception = raise_exception,
    nondet_tol = nondet_tol, check_undefined_grad = undefined})
end

return M
