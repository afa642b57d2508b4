-- Tutorials 4 to 6: classifiers of clothing that learn what they say, are judged by images that they have not seen, and are
-- the same when they are loaded again.

local ty = require "tycho"
local programs = require "support.programs"

local function has(text, ...)
  for _, part in ipairs {...} do assert.truthy(text:find(part, 1, true), part .. " is not in:\n" .. text) end
end

describe("tutorial 4, Fashion-MNIST", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("learns to a loss below 0.4, and leaves pictures and a model", function()
    local less = programs.sanitized and {"--images", "1500", "--epochs", "1"} or {}
    local text = programs.output("tutorials/4_fashion_mnist.lua", "--out", folder, table.unpack(less))
    local losses = programs.numbers(text, "epoch %d  training loss ([%d.]+)")
    local accuracies = programs.numbers(text, "test accuracy ([%d.]+)\n")
    if not programs.sanitized then
      assert.equal(5, #losses)
      programs.check_falling(losses)
      assert.is_true(losses[5] < 0.4, text)
      assert.is_true(accuracies[1] >= 0.80 and accuracies[5] >= 0.86, text)
      has(text, "shows: Ankle boot; the network says: Ankle boot")
    end
    has(text, "loaded again, it gives the same answer: true", "training loss", "Class Probability")
    assert.is_nil(text:find("\27", 1, true)) -- no colours and no progress bar where there is no terminal
    programs.check_picture(folder .. "/training-curve.png")
    programs.check_picture(folder .. "/prediction.png", 0.2)
    local state = ty.load(folder .. "/model.pt")
    assert.same({256, 784}, {table.unpack(state["fc1.weight"].shape)})
  end)

  it("says what is missing when the data is not there", function()
    local text, status = programs.run("tutorials/4_fashion_mnist.lua", "--fast", "--data", folder .. "/nowhere", "--out",
      folder)
    assert.equal(1, status)
    has(text, "dataset-fashion-mnist")
  end)

  it("tells its usage for arguments that it does not know", function()
    local text, status = programs.run("tutorials/4_fashion_mnist.lua", "--epoch", "3")
    assert.equal(2, status)
    has(text, "Usage")
  end)
end)
