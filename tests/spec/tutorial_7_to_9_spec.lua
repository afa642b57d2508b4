-- Tutorials 7 to 9: a boundary between points, a regression from a file, and the answers of the knowledge check.

local ty = require "tycho"
local programs = require "support.programs"

local has = programs.check_has

describe("tutorial", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("7 separates two moons, with a warm-up, an early end and the best weights", function()
    local less = programs.sanitized and {"--points", "60", "--epochs", "6"} or {}
    local text = programs.output("tutorials/7_decision_boundary.lua", "--fast", "--out", folder, table.unpack(less))
    local best, loss, accuracy = text:match "the best was epoch (%d+): validation loss ([%d.]+), accuracy ([%d.]+)"
    assert.truthy(best, text)
    programs.check_picture(folder .. "/moons-training.png")
    programs.check_picture(folder .. "/moons-boundary.png", 0.5)
    if programs.sanitized then return end
    assert.is_true(tonumber(accuracy) > 0.93, text)
    for _, other in ipairs(programs.numbers(text, "validation loss ([%d.]+)  accuracy")) do
      assert.is_true(tonumber(loss) <= other) -- the weights that came back are the best
    end
    local rates = programs.numbers(text, "lr ([%d.]+)")
    assert.near(0.001, rates[1], 1e-6) -- a tenth at first
    assert.is_true(rates[2] > rates[1] and rates[4] < rates[3])
  end)

  it("7 ends early when nothing gets better", function()
    local text = programs.output("tutorials/7_decision_boundary.lua", "--points", "40", "--epochs", "40", "--patience", "2",
      "--out", folder)
    local best, stopped = text:match "the best was epoch (%d+)", text:match "stopped after epoch (%d+)"
    assert.equal(tonumber(best) + 2, tonumber(stopped))
  end)

  it("8 predicts prices better than a straight line, from a file of its own", function()
    local less = programs.sanitized and {"--epochs", "3"} or {}
    local text = programs.output("tutorials/8_regression.lua", "--fast", "--out", folder, table.unpack(less))
    has(text, "600 lines, columns age, distance, power, fuel, price", "10 lines have missing numbers", "6 inputs")
    local mean, line, network = table.unpack(programs.numbers(text, "R^2 (%-?[%d.]+)\n"))
    programs.check_picture(folder .. "/regression.png")
    local saved = ty.load(folder .. "/regression.pt")
    assert.same({1, 6}, {1, saved.X_mean.shape[1]})
    assert.near(0, mean, 0.05)
    assert.near(0.83, line, 0.03)
    if not programs.sanitized then assert.is_true(network > 0.96, text) end
  end)

  it("8 takes a file of the user's", function()
    local path = folder .. "/my.csv"
    local file = assert(io.open(path, "w"))
    file:write "kind,size,weight\n"
    for i = 1, 60 do file:write(("%s,%d,%.2f\n"):format(i % 2 == 0 and "a" or "b", i, 2 * i + (i % 2) * 10)) end
    file:close()
    local text = programs.output("tutorials/8_regression.lua", "--csv", path, "--target", "weight", "--epochs", "30", "--out",
      folder)
    has(text, "60 lines, columns kind, size, weight", "3 inputs", "0 lines have missing")
    assert.is_true(programs.numbers(text, "R^2 (%-?[%d.]+)\n")[3] > 0.9, text)
    local wrong, status = programs.run("tutorials/8_regression.lua", "--csv", path, "--target", "kind", "--out", folder)
    assert.equal(1, status)
    has(wrong, "column kind holds words")
  end)

  it("9 counts 387,466 parameters, and shows what each forgotten call does", function()
    local text, status = programs.run("tutorials/9_knowledge_check.lua", "--fast", "--out", folder)
    assert.equal(0, status, text)
    has(text, "parameters: 387466 counted, 387466 by hand", "broadcasting gives the same: true",
      "the product gives the same: true", "so does ty.cdist: true", "batch of two:\t{2, 10}")
    local function ends(what)
      local first, last = text:match(what .. ": +first epoch ([%d.]+)  last epoch ([%d.]+)")
      return tonumber(first), tonumber(last)
    end
    local start, complete = ends "nothing forgotten"
    assert.is_true(complete < 0.2 and complete < start)
    for _, call in ipairs {"backward", "step"} do
      local first, last = ends("without " .. call)
      assert.equal(first, last) -- nothing moved
    end
    local _, wild = ends "without zero_grad"
    assert.is_true(wild > 2 * complete, text)
    has(text, "doctor: backward has added to the gradients", "doctor: step does nothing")
    programs.check_picture(folder .. "/forgotten.png")
  end)
end)
