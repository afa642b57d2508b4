-- 1. Tensors: what they are, and a neural network computed by hand.
--
--   tycho tutorials/1_tensors.lua
--   tycho -i tutorials/1_tensors.lua        the same, and then the prompt
--
-- A neural network is arithmetic: inputs times weights, summed up, a bias added, and the sum put through a function, the
-- "activation". Done for one unit this is school mathematics. Done for thousands of units at once it is multiplication of
-- matrices, and the values live in tensors: a vector is a tensor of one dimension, a matrix one of two, a coloured image one
-- of three. This script goes from one unit to a network of two layers.

local ty = require "tycho"
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
support.arguments("1_tensors.lua", "Tensors, and a small network computed by hand.")

-- ---- One unit ----
--
-- The sigmoid squeezes any number into 0 ... 1. Functions of tensors work on each element.

local function activation(x)
  return 1 / (1 + ty.exp(-x))
end
print("the sigmoid of -2, 0 and 2:", activation(ty.tensor {-2.0, 0, 2}))

-- Same seed, same random numbers, in every run. randn draws from the normal distribution: mean 0, standard deviation 1.
ty.manual_seed(7)

local features = ty.randn(1, 5) -- the input: one row of five values
local weights = ty.randn_like(features) -- as many weights, of the same shape
local bias = ty.randn(1, 1)
print("features", features)
print("weights", weights)
print("bias", bias)

-- Exercise: the output of the unit. `*` multiplies element by element, sum adds up; tensor:sum() and ty.sum(tensor) are the
-- same.
local y = activation(ty.sum(features * weights) + bias)
print("by sum:", y)
local same = activation((features * weights):sum() + bias)
print("as methods:", same)

-- ---- The same as a product of matrices ----
--
-- Multiplying and summing in one go is what a matrix product does, and libraries are fastest at that. But {1, 5} times {1, 5}
-- is no product of matrices: the columns of the first must be as many as the rows of the second. The most common error of all
-- in this trade looks like this:

local ok, message = pcall(function() return ty.matmul(features, weights) end)
print("does {1, 5} times {1, 5} work?", ok)
print(message)

-- Which shape has a tensor? Three ways to change it:
--   weights:reshape(5, 1)   a tensor of that shape, sharing the memory where that is possible, else a copy
--   weights:view(5, 1)      always shares the memory, and says so where it cannot
--   weights:t()             rows become columns (of a matrix)
print("shape of the weights:", weights.shape, "seen as a column:", weights:view(5, 1).shape)

-- Exercise: the output again, by one matrix product.
y = activation(ty.matmul(features, weights:view(5, 1)) + bias)
print("by view:", y)
y = activation(features:matmul(weights:t()) + bias)
print("by t:", y)

-- ---- A network ----
--
-- Units stack up to layers: the outputs of one layer are the inputs of the next. With the inputs as a row x, and the weights
-- of all units of a layer as the columns of a matrix W, the whole layer is x W + b.

ty.manual_seed(7)
features = ty.randn(1, 3) -- one row of three inputs

local n_input = features.shape[2] -- the inputs: the size of dimension 2 (dimensions count from 1)
local n_hidden = 2 -- units of the hidden layer
local n_output = 1

local W1 = ty.randn(n_input, n_hidden) -- inputs to hidden layer
local W2 = ty.randn(n_hidden, n_output) -- hidden layer to output
local B1 = ty.randn(1, n_hidden)
local B2 = ty.randn(1, n_output)

-- Exercise: the output of this network.
local h = activation(ty.matmul(features, W1) + B1)
local output = activation(ty.matmul(h, W2) + B2)
print("the network's output:", output)

-- The number of hidden units is ours to choose. The more there are, and the more layers, the more a network can learn.

-- ---- Tensors and Lua's tables ----
--
-- ty.tensor makes a tensor of a table, nested as deep as it has dimensions, and totable makes a table of a tensor. Both copy:
-- what is done to the one afterwards does not show in the other.

local rows = {{0.5, 0.25, 0.75}, {1.5, 1.25, 1.75}, {2.5, 2.25, 2.75}, {3.5, 3.25, 3.75}}
local a = ty.tensor(rows)
print "from a table:"
print(a)
local back = a:totable()
print("and back: row 4 is", table.unpack(back[4]))

-- A view does not copy. b has another shape, but its elements are those of a: a change of b, in place, is seen in a. (Names
-- that end in _ work in place: mul_ multiplies the tensor itself, where mul makes a new one.)
local b = a:view(3, 4)
b:mul_(2)
print "b, doubled in place:"
print(b)
print "a has doubled too, for it is the same memory:"
print(a)
print("the tables have not: row 4 is", table.unpack(rows[4]))

-- Where a copy is wanted, clone makes it.
local c = a:clone()
c:zero_()
print("a clone set to zero leaves a alone; its sum is", a:sum():item())
