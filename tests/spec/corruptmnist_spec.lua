-- The final exercise, scripts/corruptmnist, run as a user runs it: trained, evaluated, shown, and told nonsense.

local programs = require "support.programs"

local main = "scripts/corruptmnist/main.lua"

describe("corrupt MNIST", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("is learned: 85 of 100 test images are recognised", function()
    if not programs.has_digits then return pending "the digits are not there" end
    local less = programs.sanitized and {"--images", "300", "--epochs", "1"} or {"--images", "5000", "--epochs", "3"}
    local text = programs.output(main, "train", "--data", folder .. "/data", "--digits", programs.digits, "--out", folder,
      table.unpack(less))
    assert.truthy(text:find("making corrupt MNIST", 1, true), text) -- the blocks were not there
    programs.check_picture(folder .. "/training-curve.png")
    local evaluated = programs.output(main, "evaluate", folder .. "/model.pt", "--data", folder .. "/data")
    local accuracy = tonumber(evaluated:match "test accuracy ([%d.]+)")
    assert.is_true(accuracy >= (programs.sanitized and 0.05 or 0.85), evaluated)
    if not programs.sanitized then
      programs.check_falling(programs.numbers(text, "training loss ([%d.]+)"))
    end
  end)

  it("is shown: features as points, images with answers", function()
    if not programs.has_digits then return pending "the digits are not there" end
    local text = programs.output(main, "visualize", folder .. "/model.pt", "--data", folder .. "/data", "--out", folder,
      "--points", programs.sanitized and "60" or "400", "--iterations", programs.sanitized and "10" or "400",
      "--perplexity", "15")
    assert.truthy(text:find("t-SNE of %d+ points: %d+ steps"), text)
    programs.check_picture(folder .. "/features.png")
    programs.check_picture(folder .. "/images.png", 0.2)
  end)

  it("has no patience with wrong arguments: usage and status 2", function()
    for _, wrong in ipairs {{}, {"trian"}, {"train", "--lr", "fast"}, {"train", "--epochs", "1.5"}, {"evaluate"},
      {"train", "--colour"}, {"evaluate", "a.pt", "b.pt"}, {"visualize", "a.pt", "--points", "-3"}} do
      local text, status = programs.run(main, table.unpack(wrong))
      assert.equal(2, status, text)
      assert.truthy(text:find("Usage: main.lua", 1, true) and text:find("Error: ", 1, true), text)
    end
    local text, status = programs.run(main, "train", "--help")
    assert.equal(0, status)
    assert.truthy(text:find("Learning rate of Adam", 1, true))
  end)

  it("says what is wrong with a model file", function()
    local text, status = programs.run(main, "evaluate", folder .. "/nowhere.pt")
    assert.equal(1, status)
    assert.truthy(text:find("nowhere.pt: No such file", 1, true), text)
    text, status = programs.run(main, "evaluate", "README.md")
    assert.equal(1, status)
    assert.truthy(text:find("README.md is not a file of torch.save", 1, true), text)
  end)
end)
