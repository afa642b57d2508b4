--[[
Random graphs of operations agree with themselves: computed in float32 as in float64, gradients as finite differences, large ones
on two threads as on one, bit for bit, and the same again from the same seed. Needs no PyTorch. The seed is new each time and told
in every failure; TYCHO_SEED sets it.

A graph is a list of steps over values whose dimensions have letters (A, B, C, or 1), so that one graph can be run at two sizes.
]]

local ty = require "tycho"

local F = ty.F
local seed = tonumber(os.getenv "TYCHO_SEED") or os.time() * 1000 + math.floor(os.clock() * 1e6) % 1000
math.randomseed(seed)

local function one_of(list) return list[math.random(#list)] end

-- ---- Steps ----

-- A maker gets the letters of all values and the number of one; it gives {name, letters of the result, f(tensors) -> the result},
-- or nil when it does not go with these values.

local unary = {
  tanh = function(x) return x:tanh() end, sigmoid = function(x) return x:sigmoid() end, sin = function(x) return x:sin() end,
  cos = function(x) return x:cos() end, erf = function(x) return x:erf() end, exp = function(x) return x:tanh():exp() end,
  sqrt = function(x) return (x * x + 0.5):sqrt() end, log = function(x) return (x * x + 0.5):log() end,
  rsqrt = function(x) return (x * x + 0.5):rsqrt() end, power = function(x) return (x * x + 0.5) ^ 1.3 end,
  gelu = function(x) return F.gelu(x) end, silu = function(x) return F.silu(x) end,
  softplus = function(x) return F.softplus(x) end,
  elu = function(x) return F.elu(x) end, square = function(x) return x:square() end, atan = function(x) return x:atan() end,
  mish = function(x) return F.mish(x) end, reciprocal = function(x) return 1 / (x * x + 1) end,
  in_place = function(x)
    local y = x:clone()
    return y:mul_(0.5):add_(x):tanh_()
  end,
}
local binary = {
  add = function(x, y) return x + y end, sub = function(x, y) return x - y end, mul = function(x, y) return x * y end,
  div = function(x, y) return x / (y * y + 1) end, maximum = function(x, y) return x:maximum(y) end,
  atan2 = function(x, y) return x:atan2(y * y + 0.5) end, where = function(x, y) return ty.where(x:gt(y), x * 2 - y, y) end,
  lerp = function(x, y) return x:lerp(y, 0.3) end,
}

local function names_of(t)
  local list = {}
  for name in pairs(t) do list[#list + 1] = name end
  table.sort(list)
  return list
end
local unary_names, binary_names = names_of(unary), names_of(binary)

-- The letters of two broadcast; nil when they do not.
local function broadcast(a, b)
  local n, letters = math.max(#a, #b), {}
  for i = 1, n do
    local x, y = a:sub(-i, -i), b:sub(-i, -i)
    if x == "" then x = "1" end
    if y == "" then y = "1" end
    if x == "1" then x, y = y, x end
    if y ~= "1" and x ~= y then return nil end
    letters[n + 1 - i] = x
  end
  return table.concat(letters)
end

local function without(letters, d) return letters:sub(1, d - 1) .. letters:sub(d + 1) end

local makers = {
  function(letters, i)
    local name = one_of(unary_names)
    return {name, letters[i], function(v) return unary[name](v[i]) end}
  end,
  function(letters, i)
    local j, name = math.random(#letters), one_of(binary_names)
    local result = broadcast(letters[i], letters[j])
    return result and {name, result, function(v) return binary[name](v[i], v[j]) end}
  end,
  function(letters, i)
    local j = math.random(#letters)
    local a, b = letters[i], letters[j]
    if #a ~= 2 or #b ~= 2 then return nil end
    if a:sub(2) == b:sub(1, 1) then
      return {"matmul", a:sub(1, 1) .. b:sub(2), function(v) return v[i]:matmul(v[j]) / v[j]:size(1) end}
    elseif a:sub(2) == b:sub(2) then
      return {"matmul mT", a:sub(1, 1) .. b:sub(1, 1), function(v) return v[i]:matmul(v[j].mT) / v[j]:size(2) end}
    end
  end,
  function(letters, i)
    if #letters[i] == 0 then return nil end
    local d, keep, name = math.random(#letters[i]), math.random() < 0.5, one_of {"mean", "logsumexp", "var", "amax", "norm"}
    local result = keep and letters[i]:sub(1, d - 1) .. "1" .. letters[i]:sub(d + 1) or without(letters[i], d)
    if letters[i]:sub(d, d) == "1" then return nil end
    return {name, result, function(v)
      if name == "norm" then return v[i]:norm(2, d, keep) end
      return v[i][name](v[i], {dim = d, keepdim = keep})
    end}
  end,
  function(letters, i)
    if #letters[i] == 0 then return nil end
    local d, name = math.random(#letters[i]), one_of {"softmax", "log_softmax", "cumsum", "flip", "roll", "sort"}
    return {name, letters[i], function(v)
      if name == "cumsum" then return v[i]:cumsum(d) / v[i]:size(d) end
      if name == "roll" then return v[i]:roll(1, d) end
      return (v[i][name](v[i], d))
    end}
  end,
  function(letters, i)
    local n = #letters[i]
    if n < 2 then return nil end
    local d = math.random(n - 1)
    local l = letters[i]
    return {"transpose", l:sub(1, d - 1) .. l:sub(d + 1, d + 1) .. l:sub(d, d) .. l:sub(d + 2),
      function(v) return v[i]:transpose(d, d + 1) end}
  end,
  function(letters, i)
    local j = math.random(#letters)
    if #letters[i] == 0 or letters[i] ~= letters[j] then return nil end
    local d = math.random(#letters[i])
    return {"cat narrow", letters[i], function(v)
      local n = v[i]:size(d)
      return ty.cat({v[i], v[j]}, d):narrow(d, n // 2 + 1, n)
    end}
  end,
}

local function new_graph(count)
  local letters, graph = {}, {leaves = {}, steps = {}, names = {}}
  for i, shape in ipairs {one_of {"AB", "AC", "BA"}, one_of {"BC", "AB", "CB"}, one_of {"B", "A1", "1B", "ABC", ""}} do
    letters[i] = shape
    graph.leaves[i] = shape
  end
  while #graph.steps < count do
    local i = math.random(math.max(1, #letters - 4), #letters)
    local step = one_of(makers)(letters, i)
    if step then
      letters[#letters + 1] = step[2]
      graph.steps[#graph.steps + 1] = step[3]
      graph.names[#graph.names + 1] = ("%s -> %s"):format(step[1], step[2])
    end
  end
  return graph
end

local function sizes_of(letters, size)
  local sizes = {}
  for letter in letters:gmatch "." do sizes[#sizes + 1] = size[letter] or 1 end
  return sizes
end

local function leaves_of(graph, size, dtype)
  local leaves = {}
  for i, letters in ipairs(graph.leaves) do
    local x = ty.randn(sizes_of(letters, size), {generator = ty.Generator(100 + i), dtype = "float64"})
    leaves[i] = x:to(dtype):requires_grad_()
  end
  return leaves
end

-- The last value and the sum of all, as one number to be differentiated.
local function run(graph, leaves)
  local values = table.move(leaves, 1, #leaves, 1, {})
  for _, step in ipairs(graph.steps) do values[#values + 1] = step(values) end
  local total
  for i = #leaves + 1, #values do
    local part = (values[i] * (0.1 + 0.01 * i)):mean()
    total = total and total + part or part
  end
  return total, values[#values]
end

local function describe_graph(graph) return ("seed %d:\n  %s"):format(seed, table.concat(graph.names, "\n  ")) end

local function near(a, b, tolerance, graph, what)
  local off = (a:double() - b:double()):abs() - tolerance * (1 + b:double():abs())
  assert.is_true(a:numel() == 0 or off:max():item() <= 0, what .. "\n" .. describe_graph(graph))
end

local small, large = {A = 2, B = 3, C = 4}, {A = 120, B = 160, C = 96}

describe("random graphs", function()
  it("have gradients that agree with finite differences", function()
    for _ = 1, 60 do
      local graph = new_graph(math.random(2, 8))
      local leaves = leaves_of(graph, small, "float64")
      local total = run(graph, leaves)
      local grads = ty.grad(total, leaves, {allow_unused = true})
      for k, leaf in ipairs(leaves) do
        local flat, estimate = leaf:detach():flatten(), {}
        local h = 1e-5
        for e = 1, flat:numel() do
          local function at(shift)
            local moved = flat:clone()
            moved[e] = moved[e] + shift
            local others = table.move(leaves, 1, #leaves, 1, {})
            others[k] = moved:reshape(leaf.shape)
            return ty.no_grad(function() return run(graph, others):item() end)
          end
          estimate[e] = (at(h) - at(-h)) / (2 * h)
        end
        local expected = ty.tensor(estimate, {dtype = "float64"}):reshape(leaf.shape)
        near(grads[k] or ty.zeros_like(leaf), expected, 2e-6, graph, "the gradient of leaf " .. k)
      end
    end
  end)

  it("give in float32 what they give in float64", function()
    for _ = 1, 120 do
      local graph = new_graph(math.random(2, 10))
      local single, double = leaves_of(graph, small, "float32"), leaves_of(graph, small, "float64")
      local total, last = run(graph, single)
      local total_double, last_double = run(graph, double)
      assert.equal("float32", tostring(last.dtype))
      assert.equal("float64", tostring(last_double.dtype))
      near(total:detach(), total_double:detach(), 1e-4, graph, "the sum")
      near(last:detach(), last_double:detach(), 1e-3, graph, "the last value")
    end
  end)

  it("give the same bits on one thread and on two, and again", function()
    local threads = ty.get_num_threads()
    for _ = 1, 8 do
      local graph, kept = new_graph(6), nil
      for _, count in ipairs {1, 2, 2} do
        ty.set_num_threads(count)
        local leaves = leaves_of(graph, large, "float32")
        local total, last = run(graph, leaves)
        local results = {total:detach(), last:detach(), table.unpack(ty.grad(total, leaves, {allow_unused = true}), 1, #leaves)}
        if not kept then
          kept = results
        else
          for i = 1, #leaves + 2 do
            local same = kept[i] == nil and results[i] == nil or kept[i] ~= nil and results[i] ~= nil
              and (kept[i]:equal(results[i]) or kept[i]:isnan():any():item())
            assert.is_true(same, ("result %d on %d threads\n%s"):format(i, count, describe_graph(graph)))
          end
        end
      end
    end
    ty.set_num_threads(threads)
  end)
end)
