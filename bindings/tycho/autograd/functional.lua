-- ty.autograd.functional: Jacobians, Hessians and their products with vectors, of functions from tensors to tensors. inputs is
-- a tensor or a list of them; results have the same form. With create_graph they can be differentiated again; with strict
-- a result that does not depend on an input is an error, otherwise its derivative is zero.

local core = require "tycho.core"
local options = require "tycho.options"

local M = {}

local grad = core.functions.grad

-- ---- Forms: one tensor or a list ----

local function as_list(name, what, value)
  if core.is_tensor(value) then return {value}, false end
  if type(value) ~= "table" or #value == 0 then
    core.raise(("%s: %s must be a tensor or a list of tensors, got %s"):format(name, what, options.say(value)))
  end
  for i, x in ipairs(value) do
    if not core.is_tensor(x) then
      core.raise(("%s: item %d of %s must be a tensor, got %s"):format(name, i, what, options.say(x)))
    end
  end
  return value, true
end

local function as_form(list, is_list) return is_list and list or list[1] end

-- The inputs as f will see them: a leaf each, or with their history kept when the result is differentiated again.
local function prepare(name, inputs, create_graph)
  local list, is_list = as_list(name, "inputs", inputs)
  local fresh = {}
  for i, x in ipairs(list) do
    if not x:is_floating_point() then
      core.raise(("%s: input %d must be floating, it is %s"):format(name, i, tostring(x.dtype)))
    end
    if create_graph then
      fresh[i] = x.requires_grad and x:view_as(x) or x:detach():requires_grad_()
    else
      fresh[i] = x:detach():requires_grad_()
    end
  end
  return fresh, is_list
end

local function outputs_of(name, f, inputs)
  local results = table.pack(f(table.unpack(inputs)))
  if results.n > 1 then return as_list(name, "the function's result", results) end
  return as_list(name, "the function's result", results[1])
end

-- One vector for each tensor, ones when none is given for a single number.
local function vectors(name, v, like, what)
  if v == nil then
    if #like ~= 1 or like[1]:numel() ~= 1 then
      core.raise(("%s: v may be left out only when the %s is one tensor of one element"):format(name, what))
    end
    return {like[1]:detach():clone():fill_(1)}
  end
  local list = as_list(name, "v", v)
  if #list ~= #like then
    core.raise(("%s: v has %d tensors, the %s %d"):format(name, #list, what, #like))
  end
  for i, x in ipairs(list) do
    if table.concat(x.shape, ",") ~= table.concat(like[i].shape, ",") then
      core.raise(("%s: tensor %d of v has shape {%s}, that of the %s {%s}"):format(name, i, table.concat(x.shape, ", "), what,
        table.concat(like[i].shape, ", ")))
    end
  end
  return list
end

-- d outputs / d inputs with weights; zeros where there is no dependence, or an error when strict.
local function gradients(name, outputs, inputs, weights, create_graph, strict)
  local from, given = {}, {}
  for k, y in ipairs(outputs) do
    if y.requires_grad then
      from[#from + 1], given[#given + 1] = y, weights[k]
    elseif strict then
      core.raise(("%s: output %d of the function does not depend on its inputs, which strict = true does not allow"):format(name,
        k))
    end
  end
  local list = #from == 0 and {} or grad(from, inputs, given, {create_graph = create_graph, retain_graph = true,
    allow_unused = true})
  for i, x in ipairs(inputs) do
    if not list[i] then
      if strict then
        core.raise(("%s: the result does not depend on input %d, which strict = true does not allow"):format(name, i))
      end
      list[i] = core.functions.zeros_like(x)
    end
  end
  return list
end

local function detached(list, create_graph)
  if create_graph then return list end
  local plain = {}
  for i, x in ipairs(list) do plain[i] = x:detach() end
  return plain
end

-- The body of each function runs with gradients on.
local function recording(f)
  return function(...)
    local was = core.set_grad_enabled(true)
    local results = table.pack(pcall(f, ...))
    core.set_grad_enabled(was)
    if not results[1] then error(results[2], 0) end
    return table.unpack(results, 2, results.n)
  end
end

-- ---- Products ----

local read_vjp = options.signature("functional.vjp", "f: function, inputs: any, v: any?, create_graph: bool = false, "
  .. "strict: bool = false")

--- vjp(f, inputs, v?, create_graph, strict) -> outputs, v^T J
M.vjp = recording(function(...)
  local f, inputs, v, create_graph, strict = read_vjp(...)
  local xs, is_list = prepare("vjp", inputs, create_graph)
  local outputs, many = outputs_of("vjp", f, xs)
  local product = gradients("vjp", outputs, xs, vectors("vjp", v, outputs, "function's result"), create_graph, strict)
  return as_form(detached(outputs, create_graph), many), as_form(detached(product, create_graph), is_list)
end)

local read_jvp = options.signature("functional.jvp", "f: function, inputs: any, v: any?, create_graph: bool = false, "
  .. "strict: bool = false")

--- jvp(f, inputs, v?, create_graph, strict) -> outputs, J v. By differentiating u^T J, which is linear in u, by u.
M.jvp = recording(function(...)
  local f, inputs, v, create_graph, strict = read_jvp(...)
  local xs = prepare("jvp", inputs, create_graph)
  v = vectors("jvp", v, xs, "input")
  local outputs, many = outputs_of("jvp", f, xs)
  local u = {}
  for k, y in ipairs(outputs) do u[k] = core.functions.zeros_like(y:detach()):requires_grad_() end
  local back = gradients("jvp", outputs, xs, u, true, strict)
  local product = gradients("jvp", back, u, v, create_graph, false)
  return as_form(detached(outputs, create_graph), many), as_form(detached(product, create_graph), many)
end)

local function single(name, outputs)
  if #outputs ~= 1 or outputs[1]:numel() ~= 1 then
    core.raise(("%s: the function must give one tensor of one element"):format(name))
  end
  return outputs[1]
end

local function second_order(name, by_double_backward)
  local read = options.signature("functional." .. name, "f: function, inputs: any, v: any?, create_graph: bool = false, "
    .. "strict: bool = false")
  return recording(function(...)
    local f, inputs, v, create_graph, strict = read(...)
    local xs, is_list = prepare(name, inputs, create_graph)
    v = vectors(name, v, xs, "input")
    local outputs = outputs_of(name, f, xs)
    local y = single(name, outputs)
    local one = {core.functions.ones_like(y:detach())}
    local product
    if by_double_backward then -- H v as the derivative by u of (u^T H) v, H being the Jacobian of the gradient
      local slope, u = gradients(name, outputs, xs, one, true, strict), {}
      for i, x in ipairs(xs) do u[i] = core.functions.zeros_like(x:detach()):requires_grad_() end
      product = gradients(name, gradients(name, slope, xs, u, true, strict), u, v, create_graph, false)
    else
      product = gradients(name, gradients(name, outputs, xs, one, true, strict), xs, v, create_graph, strict)
    end
    return as_form(detached(outputs, create_graph), false), as_form(detached(product, create_graph), is_list)
  end)
end

--- hvp(f, inputs, v?, ...) -> output, H v; vhp(f, inputs, v?, ...) -> output, v^T H (the same values, and cheaper).
M.hvp = second_order("hvp", true)
M.vhp = second_order("vhp", false)

-- ---- Whole matrices ----

-- The Jacobian of one output by each input, each of the output's shape followed by the input's.
local function jacobian_of(name, y, xs, create_graph, strict)
  local rows = {}
  for i in ipairs(xs) do rows[i] = {} end
  for e = 1, y:numel() do
    local seed = core.functions.zeros_like(y:detach()):reshape(-1)
    seed[e] = 1
    for i, row in ipairs(gradients(name, {y}, xs, {seed:view(y.shape)}, create_graph, strict)) do rows[i][e] = row end
  end
  local list = {}
  for i, x in ipairs(xs) do
    local sizes = table.move(y.shape, 1, #y.shape, 1, {})
    table.move(x.shape, 1, #x.shape, #sizes + 1, sizes)
    list[i] = #rows[i] > 0 and core.functions.stack(rows[i]):reshape(sizes) or core.functions.zeros(sizes, {dtype = x.dtype})
  end
  return list
end

local read_jacobian = options.signature("functional.jacobian", "f: function, inputs: any, create_graph: bool = false, "
  .. "strict: bool = false, vectorize: bool = false, strategy: string = \"reverse-mode\"")

--- jacobian(f, inputs, create_graph, strict): for one output and one input a tensor of both shapes; lists for several.
M.jacobian = recording(function(...)
  local f, inputs, create_graph, strict, vectorize, strategy = read_jacobian(...)
  if vectorize or strategy ~= "reverse-mode" then
    core.raise "functional.jacobian: vectorize and other strategies than \"reverse-mode\" are not supported; leave them out"
  end
  local xs, is_list = prepare("jacobian", inputs, create_graph)
  local outputs, many = outputs_of("jacobian", f, xs)
  local list = {}
  for k, y in ipairs(outputs) do
    list[k] = as_form(detached(jacobian_of("jacobian", y, xs, create_graph, strict), create_graph), is_list)
  end
  return as_form(list, many)
end)

local read_hessian = options.signature("functional.hessian", "f: function, inputs: any, create_graph: bool = false, "
  .. "strict: bool = false, vectorize: bool = false")

--- hessian(f, inputs, create_graph, strict): second derivatives of a function that gives one number; for a list of inputs a
-- list of lists.
M.hessian = recording(function(...)
  local f, inputs, create_graph, strict, vectorize = read_hessian(...)
  if vectorize then core.raise "functional.hessian: vectorize is not supported; leave it out" end
  local xs, is_list = prepare("hessian", inputs, create_graph)
  local outputs = outputs_of("hessian", f, xs)
  local y = single("hessian", outputs)
  local slope = gradients("hessian", outputs, xs, {core.functions.ones_like(y:detach())}, true, strict)
  local list = {}
  for i, g in ipairs(slope) do
    list[i] = as_form(detached(jacobian_of("hessian", g, xs, create_graph, strict), create_graph), is_list)
  end
  return as_form(list, is_list)
end)

return M
