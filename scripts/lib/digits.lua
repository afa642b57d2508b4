-- MNIST for the tutorials and programs: all of it where it is found or can be downloaded; where only its 10,000 test digits
-- lie in the folder, these, the first 8,000 to train with and the other 2,000 to test with. Says which it took.

local ty = require "tycho"
local data = ty.data

local digits = {}

--- Whether the 10,000 test digits are there, but not those to train with.
function digits.are_few(root)
  return not pcall(data.MNIST, {root = root, train = true, download = false})
    and pcall(data.MNIST, {root = root, train = false, download = false})
end

--- digits.load(root, options): the training set and the test set, both TensorDatasets with the field classes. root: the
-- folder with MNIST's files, nil for where data.MNIST looks. options: those of data.MNIST (normalize).
function digits.load(root, options)
  local function part(train, download)
    local given = {root = root, train = train, download = download}
    for name, value in pairs(options or {}) do given[name] = value end
    return data.MNIST(given)
  end
  if digits.are_few(root) then
    print "MNIST: only the 10,000 test digits are there; 8,000 of them train, 2,000 test"
    local test = part(false, false)
    local first, last = data.Subset(test, ty.arange(1, 8001)), data.Subset(test, ty.arange(8001, 10001))
    first.classes, last.classes = test.classes, test.classes
    return first, last
  end
  local train, test = part(true, true), part(false, true)
  print(("MNIST: %d digits train, %d test"):format(#train, #test))
  return train, test
end

return digits
