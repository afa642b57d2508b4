-- The tutorials, run as a user runs them: they end well, learn what they say, and leave their files.

local program = assert(os.getenv "TYCHO_BIN", "TYCHO_BIN must name the tycho program")
local root = debug.getinfo(1, "S").source:match "^@(.*)tests/spec/[^/]*$"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function run(arguments)
  local pipe = io.popen(("unset DISPLAY WAYLAND_DISPLAY; %s %s 2>&1"):format(quoted(program), arguments))
  local text = pipe:read "a"
  local ok = pipe:close()
  return text, ok == true
end

local function bytes_of(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

describe("tutorial 4, Fashion-MNIST", function()
  local folder = os.tmpname()
  setup(function()
    os.remove(folder)
    os.execute("mkdir " .. quoted(folder))
  end)
  teardown(function() os.execute("rm -rf " .. quoted(folder)) end)

  it("is right in 80 of 100 cases after one epoch, and leaves a picture and a model", function()
    local text, ok = run(("%s --epochs 1 --out %s"):format(quoted(root .. "tutorials/4_fashion_mnist.lua"), quoted(folder)))
    assert.is_true(ok, text)
    local accuracy = tonumber(text:match "epoch 1 .-test accuracy ([%d.]+)")
    assert.truthy(accuracy and accuracy >= 0.80, text)
    assert.truthy(text:find("loaded again, it gives the same answer: true", 1, true), text)
    assert.truthy(text:find("training loss", 1, true)) -- the curve, drawn as text
    assert.is_nil(text:find("\27", 1, true)) -- no colours and no progress bar where there is no terminal
    assert.equal("\137PNG\r\n\26\n", bytes_of(folder .. "/training-curve.png"):sub(1, 8))
    local state = require "tycho".load(folder .. "/model.pt")
    assert.same({256, 784}, {table.unpack(state["fc1.weight"].shape)})
  end)

  it("says what is missing when the data is not there", function()
    local text, ok = run(("%s --fast --data %s"):format(quoted(root .. "tutorials/4_fashion_mnist.lua"),
      quoted(folder .. "/nowhere")))
    assert.is_false(ok)
    assert.truthy(text:find("dataset-fashion-mnist", 1, true), text)
  end)

  it("tells its usage for arguments that it does not know", function()
    local text, ok = run(quoted(root .. "tutorials/4_fashion_mnist.lua") .. " --epoch 3")
    assert.is_false(ok)
    assert.truthy(text:find("Usage", 1, true), text)
  end)
end)
