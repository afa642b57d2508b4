--[[
The same seed gives PyTorch's numbers, through every function that draws, and leaves the generator where PyTorch's is. The
numbers are in tests/golden/seed.lua, by make_seed.py; bits are compared by tests/c/test_random.c, orders by data_spec.
]]

local ty = require "tycho"
local golden = require "support.golden"

local rows = assert(loadfile(golden.folder .. "seed.lua"))()

local environment = setmetatable({ty = ty, nn = ty.nn, F = ty.F,
  weights = function(net) return ty.nn.utils.parameters_to_vector(net:parameters()) end}, {__index = _G})

local function near(wanted, got, what)
  local close = got == wanted or math.abs(wanted - got) <= 2e-7 * math.abs(wanted) -- false for NaN
  if not close then
    error(("%s: got %.9g, expected %.9g"):format(what, got, wanted), 0)
  end
end

describe("after manual_seed:", function()
  for _, row in ipairs(rows) do
    local text, seed, values, total, after = table.unpack(row)
    it(("seed %d: %s"):format(seed, text), function()
      local draw = assert(load("return " .. text, "=text", "t", environment))
      ty.manual_seed(seed)
      local x = draw():detach()
      local next_one = ty.rand(1):item()
      local got = x:reshape(-1):totable()
      for i, wanted in ipairs(values) do near(wanted, got[i], "element " .. i) end
      near(total, x:double():abs():sum():item(), "the sum of all absolute values")
      assert.are.equal(#values, math.min(12, #got))
      near(after, next_one, "what is drawn next")
    end)
  end

  it("a generator of one's own draws the same, and leaves the default one alone", function()
    for _, draw in ipairs {function(g) return ty.empty(5):cauchy_(0, 1, {generator = g}) end,
        function(g) return ty.empty(5):log_normal_(0, 1, {generator = g}) end,
        function(g) return ty.empty(5):geometric_(0.4, {generator = g}) end,
        function(g) return ty.poisson(ty.full({5}, 20.0), {generator = g}) end,
        function(g) return ty.randint_like(ty.zeros(5), 9, {generator = g}) end,
        function(g) return ty.empty(5):bernoulli_(ty.full({5}, 0.5), {generator = g}) end,
        function(g) return ty.empty(5):random_ {generator = g} end} do
      ty.manual_seed(3)
      local wanted = draw()
      ty.manual_seed(11)
      assert.is_true(wanted:equal(draw(ty.Generator(3))))
      local after = ty.rand(1):item()
      ty.manual_seed(11)
      assert.are.equal(ty.rand(1):item(), after)
    end
  end)

  it("draws that cannot be are errors", function()
    for text, f in pairs {
      ["sigma greater than 0"] = function() ty.empty(3):cauchy_(0, 0) end,
      ["cauchy_: values are floating"] = function() ty.empty(3):long():cauchy_() end,
      ["std greater than 0"] = function() ty.empty(3):log_normal_(0, -1) end,
      ["log_normal_: values are floating"] = function() ty.empty(3):long():log_normal_() end,
      ["geometric_: p"] = function() ty.empty(3):geometric_(1) end,
      ["geometric_: bool"] = function() ty.empty(3):bool():geometric_(0.5) end,
      ["rates must be finite"] = function() ty.poisson(ty.tensor {1.0, -1.0}) end,
      ["rates must be finite and 0"] = function() ty.poisson(ty.tensor {0 / 0}) end,
      ["poisson: values are floating"] = function() ty.poisson(ty.tensor {1}) end,
      ["randint_like: values"] = function() ty.randint_like(ty.zeros(3), 0) end,
      ["bernoulli_: probabilities go from 0 to 1"] = function() ty.empty(2):bernoulli_(ty.tensor {0.5, 1.5}) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok, text)
      assert.is_truthy(tostring(message):find(text, 1, true), tostring(message))
    end
  end)
end)
