-- Runs the programs that tests/golden/random_programs.py writes, and says where results or gradients are not PyTorch's.

local ty = require "tycho"

local programs = {}

-- How far values may be off, relative and absolute at once, is the program's matter: which dtypes are on the way.
local function difference(x, expected, what, tolerance)
  local dtype, sizes, values = table.unpack(expected)
  if tostring(x.dtype) ~= dtype then return ("%s is %s, not %s"):format(what, x.dtype, dtype) end
  local shape = table.concat(x.shape, ", ")
  if shape ~= table.concat(sizes, ", ") then
    return ("%s has the shape {%s}, not {%s}"):format(what, shape, table.concat(sizes, ", "))
  end
  local flat, allowed = x:detach():flatten():totable(), dtype:find "float" and tolerance
  for i, value in ipairs(values) do
    local same = flat[i] == value
    if allowed and not same then same = math.abs(flat[i] - value) <= allowed * (1 + math.abs(value)) end
    if not same then return ("%s: element %d is %s, not %s"):format(what, i, flat[i], value) end
  end
end

local function gradients(results, leaves)
  local total
  for k, x in ipairs(results) do
    if x.dtype.is_floating_point and x.requires_grad then
      local part = (x:double() * k):sum()
      total = total and total + part or part
    end
  end
  return total and #leaves > 0 and ty.grad(total, leaves, {allow_unused = true}) or nil
end

local env = setmetatable({ty = ty, F = ty.F}, {__index = _G})

-- What is wrong with one program; nil when all is right.
local function check(program)
  local code, expected, expected_grads, tolerance = table.unpack(program)
  local results, leaves = assert(load(code, "=program", "t", env))()
  for i, value in ipairs(expected) do
    local wrong = difference(results[i], value, "result " .. i, tolerance)
    if wrong then return wrong end
  end
  local grads = gradients(results, leaves)
  if (grads ~= nil) ~= (expected_grads ~= false) then
    return grads and "there are gradients where PyTorch has none" or "no result requires a gradient"
  end
  for i = 1, grads and #leaves or 0 do
    local value = expected_grads[i]
    if (value == false) ~= (grads[i] == nil) then return ("the gradient of leaf %d: %s"):format(i, grads[i] or "none") end
    local wrong = value and difference(grads[i], value, "the gradient of leaf " .. i, tolerance)
    if wrong then return wrong end
  end
end

--- programs.run(list): how many are right, and the texts of what is wrong. A program that needs a function which is not there
-- is neither.
function programs.run(list)
  local right, failures = 0, {}
  for _, program in ipairs(list) do
    local ok, wrong = pcall(check, program)
    if not ok and tostring(wrong):find("attempt to call a nil value", 1, true) then
      wrong = tostring(wrong) .. " (a name that is not there)"
    end
    if wrong then failures[#failures + 1] = ("%s\n%s"):format(wrong, program[1]) else right = right + 1 end
  end
  return right, failures
end

return programs
