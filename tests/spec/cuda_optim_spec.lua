--[[
Optimisers on a CUDA device go the CPU's way: every kind and option, every floating dtype, many parameters in one step.
]]

local ty = require "tycho"
local cuda = require "support.cuda"
local compare = require "support.cuda_compare"

local optim = ty.optim

local kinds = {
  {"SGD", {lr = 0.1}}, {"SGD", {lr = 0.1, momentum = 0.9}},
  {"SGD", {lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 0.1}},
  {"SGD", {lr = 0.1, momentum = 0.5, dampening = 0.3, maximize = true}},
  {"Adam", {lr = 0.01}}, {"Adam", {lr = 0.01, amsgrad = true, weight_decay = 0.1}}, {"Adam", {lr = 0.01, betas = {0.3, 0.9}}},
  {"AdamW", {lr = 0.01, weight_decay = 0.1}},
  {"RMSprop", {lr = 0.01}}, {"RMSprop", {lr = 0.01, centered = true}},
  {"RMSprop", {lr = 0.01, momentum = 0.9, centered = true}},
  {"Adagrad", {lr = 0.1, lr_decay = 0.1, weight_decay = 0.1}}, {"Adamax", {lr = 0.01}},
  {"NAdam", {lr = 0.01, weight_decay = 0.1}},
  {"RAdam", {lr = 0.01}}, {"Adadelta", {lr = 1}}, {"Adadelta", {lr = 1, weight_decay = 0.1, maximize = true}},
}

-- Sizes of parameters: less than a vector, odd, more than a block's share, none.
local sizes = {1, 3, 8, 2051, 0, 4097}

-- Parameters after seven steps with given gradients; a fresh generator gives both devices the same ones.
local function trajectory(kind, options, dtype, device)
  ty.manual_seed(11)
  local parameters = {}
  for i, n in ipairs(sizes) do parameters[i] = ty.randn(n):to(dtype):to(device):requires_grad_(true) end
  local given = {}
  for name, value in pairs(options) do given[name] = value end
  local opt = optim[kind](parameters, given)
  for step = 1, 7 do
    for i, p in ipairs(parameters) do
      local grad = ty.randn(sizes[i]):to(dtype):to(device)
      p.grad = not (i == 2 and step < 3) and grad or nil -- one joins later: its steps have other numbers
    end
    opt:step()
  end
  return parameters
end

cuda.suite(describe, pending)("cuda optim", function()
  it("takes the CPU's steps", function()
    for _, row in ipairs(kinds) do
      for _, dtype in ipairs{ty.float32, ty.float64, ty.float16, ty.bfloat16} do
        local expected = trajectory(row[1], row[2], dtype, "cpu")
        local found = trajectory(row[1], row[2], dtype, cuda.device)
        for i = 1, #sizes do
          compare.near(expected[i]:detach(), found[i]:detach():cpu(), ("%s of %s, parameter %d"):format(row[1], dtype, i))
        end
      end
    end
  end)

  it("steps more parameters than a launch takes", function()
    local function run(device, count)
      local parameters = {}
      for i = 1, count do
        parameters[i] = ty.full({i % 7 + 1}, i / 10):to(device):requires_grad_(true)
        parameters[i].grad = ty.full({i % 7 + 1}, i % 3 - 1.5):to(device)
      end
      optim.Adam(parameters, {lr = 0.5}):step()
      return parameters
    end
    for _, count in ipairs{64, 65, 600, 601, 1300} do
      local expected, found = run("cpu", count), run(cuda.device, count)
      local cat = function(list) return ty.cat(list):detach() end
      compare.near(cat(expected), cat(found):cpu(), count .. " parameters")
    end
  end)

  it("steps parameters of two devices, and ones that are not aligned or have gaps", function()
    local function run(device)
      ty.manual_seed(2)
      local base = ty.randn(10, 12):to(device)
      local parameters = {
        base[{{}, {2, 6}}]:detach():requires_grad_(true), ty.randn(5):requires_grad_(true),
        base[{1, {8, 11}}]:detach():requires_grad_(true), ty.randn(4, 3):to(device):t():detach():requires_grad_(true),
      }
      local opt = optim.Adam(parameters, {lr = 0.1})
      for _ = 1, 3 do
        for _, p in ipairs(parameters) do p.grad = (p:detach() * 2 + 1):contiguous() end
        opt:step()
      end
      return parameters, base
    end
    local expected, base = run "cpu"
    local found, other = run(cuda.device)
    for i = 1, #expected do compare.near(expected[i]:detach(), found[i]:detach():cpu(), "parameter " .. i) end
    compare.near(base, other:cpu(), "what they are parts of")
  end)
end)
