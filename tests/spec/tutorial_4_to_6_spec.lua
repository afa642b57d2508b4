-- Tutorials 4 to 6: classifiers of clothing that learn what they say, are judged by images that they have not seen, and are
-- the same when they are loaded again.

local ty = require "tycho"
local programs = require "support.programs"

local has = programs.check_has

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

describe("tutorial 5, validation", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("shows a network that learns by heart, and one that dropout keeps from it", function()
    local less = programs.sanitized and {"--images", "640", "--epochs", "2"} or {}
    local text = programs.output("tutorials/5_inference_and_validation.lua", "--fast", "--out", folder, table.unpack(less))
    has(text, "probabilities:\t{64, 10}", "compared as they are:\t{64, 64}", "compared as they should be:\t{64, 1}")
    assert.near(10, tonumber(text:match "accuracy before training: ([%d.]+) %%"), 9)
    for _, picture in ipairs {"validation", "inference", "answers"} do
      programs.check_picture(("%s/%s.png"):format(folder, picture))
    end
    local counted = 0
    for _, n in ipairs(programs.numbers(text:match "of 100 answers\n(.*)$", "%s*(%d+) are ")) do counted = counted + n end
    assert.equal(100, counted)
    if programs.sanitized then return end
    local function series(name, what) return programs.numbers(text, name .. ": epoch +%d+.-" .. what .. " ([%d.]+)") end
    local train, validation = series("plain", "training loss"), series("plain", "validation loss")
    assert.equal(12, #train)
    assert.is_true(train[12] < 0.3 and train[12] < train[6] and train[6] < train[1])
    assert.is_true(validation[12] > math.min(table.unpack(validation)), text) -- it rises again
    local plain, dropout = text:match "distance to the training loss: ([%d.]+) without dropout, ([%d.]+) with it"
    assert.is_true(tonumber(dropout) < tonumber(plain) - 0.03, text)
    for _, name in ipairs {"plain", "dropout"} do
      assert.is_true(math.max(table.unpack(series(name, "accuracy"))) > 0.8, text)
    end
  end)
end)

describe("tutorial 6, saving", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("makes the network again from its file, and says why weights of another do not fit", function()
    local less = programs.sanitized and {"--images", "640", "--epochs", "1"} or {}
    local text = programs.output("tutorials/6_saving_and_loading.lua", "--fast", "--out", folder, table.unpack(less))
    has(text, "hidden_layers.0.weight\t{512, 784}", "output.bias\t{10}", "with other sizes?\tfalse",
      "size mismatch for output.weight: copying a tensor with shape {10, 128} from the state dict, the shape in this model is "
        .. "{10, 100}", "the same to the last bit: true")
    local saved = ty.load(folder .. "/checkpoint.pth")
    assert.same({512, 256, 128}, saved.hidden_layers)
    assert.equal(784, saved.input_size)
    programs.check_picture(folder .. "/example.png", 0.2)
    if programs.sanitized then return end
    local accuracies = programs.numbers(text, "epoch %d .-test accuracy ([%d.]+)")
    assert.is_true(accuracies[2] > 0.7, text)
  end)
end)
