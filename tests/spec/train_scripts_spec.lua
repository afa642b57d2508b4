-- scripts/train, scripts/evaluate and scripts/predict as a user runs them: on Fashion-MNIST, digits, folders of images and CSV
-- files; interrupted and gone on to the bit; and told nonsense.

local ty = require "tycho"
local programs = require "support.programs"

local model_text = [[
local nn, F = ty.nn, ty.F
local Net = nn.class "Net"
function Net:init(options)
  local n = 1
  for _, size in ipairs(options.input_shape) do n = n * size end
  self.fc1 = nn.Linear(n, options.hidden or 32)
  self.dropout = nn.Dropout(0.2)
  self.fc2 = nn.Linear(options.hidden or 32, options.outputs)
end
function Net:forward(x)
  x = self.dropout(F.relu(self.fc1(x:flatten(2))))
  return self.fc2(x)
end
return Net
]]

describe("scripts/train", function()
  local folder, model
  local function spill(name, text)
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    file:write(text)
    file:close()
    return folder .. "/" .. name
  end
  local function slurp(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read "a"
    file:close()
    return text
  end
  local function script(name, ...)
    -- The shell program runs build/tycho; under the sanitizers it is another.
    return programs.run("scripts/models/" .. name .. ".lua", ...)
  end
  local function output(name, ...)
    local text, status = script(name, ...)
    assert(status == 0, text)
    return text
  end
  local has = programs.check_has
  local limit = programs.sanitized and "192" or "2000"

  setup(function()
    folder = programs.folder()
    model = spill("model.lua", model_text)
  end)
  teardown(function() programs.remove(folder) end)

  it("goes on from a checkpoint to the bit", function()
    local function train(...) return output("train", model, "--limit", limit, "--set", "hidden=24", ...) end
    local whole = train("--epochs", "3", "--optimizer", "adamw", "--lr", "0.002", "--weight-decay", "0.1", "--batch-size", "50",
      "--out", folder .. "/whole")
    train("--epochs", "1", "--optimizer", "adamw", "--lr", "0.002", "--weight-decay", "0.1", "--batch-size", "50", "--out",
      folder .. "/parts")
    local rest = output("train", model, "--resume", folder .. "/parts/checkpoint.pt", "--epochs", "3", "--out",
      folder .. "/parts")
    has(rest, "going on after epoch 1", "out_features=24", "adamw, lr 0.002")
    assert.equal(slurp(folder .. "/whole/log.csv"), slurp(folder .. "/parts/log.csv"))
    local a, b = ty.load(folder .. "/whole/checkpoint.pt"), ty.load(folder .. "/parts/checkpoint.pt")
    for name, value in pairs(a.model) do assert.is_true(value:equal(b.model[name]), name) end
    assert.is_true(a.rng:equal(b.rng))
    for i, state in pairs(a.optimizer.state) do
      assert.is_true(state.exp_avg_sq:equal(b.optimizer.state[i].exp_avg_sq))
    end
    programs.check_picture(folder .. "/whole/curve.png")
    if not programs.sanitized then
      programs.check_falling(programs.numbers(whole, "training loss ([%d.]+)"))
      assert.is_true(programs.numbers(whole, "accuracy ([%d.]+)")[3] > 0.68, whole)
    end
  end)

  it("is followed by evaluate, which says who was taken for whom", function()
    local text = output("evaluate", model, folder .. "/whole/best.pt", "--out", folder)
    local log = slurp(folder .. "/whole/log.csv")
    local best = math.huge
    for loss in log:gmatch "\n%d+,[^,]+,([^,]+)," do best = math.min(best, tonumber(loss)) end
    assert.near(best, tonumber(text:match "loss ([%d.]+)"), 1e-4) -- best.pt is the best, and measured the same
    local right = 0
    for _, n in ipairs(programs.numbers(text, "(%d+) of  1000")) do right = right + n end
    assert.near(right / 10000, tonumber(text:match "accuracy ([%d.]+)"), 1e-4)
    programs.check_picture(folder .. "/confusion.png", 0.2)
  end)

  it("learns folders of images, and predict names what is on others", function()
    ty.manual_seed(5)
    local images = folder .. "/images"
    for _, kind in ipairs {"left", "right"} do
      os.execute(("mkdir -p '%s/%s'"):format(images, kind))
      for i = 1, 30 do
        local size = 12 + i % 3 -- sizes differ: all become as the first
        local image = (ty.rand(3, size, size) * 60):byte()
        image[{{}, {}, kind == "left" and {1, 6} or {7, size}}] = image[{{}, {}, kind == "left" and {1, 6} or {7, size}}] + 150
        ty.io.write_png(image, ("%s/%s/%d.png"):format(images, kind, i))
      end
    end
    local text = output("train", model, "--data", images, "--gray", "--epochs", "15", "--lr", "0.01", "--batch-size", "8",
      "--out", folder .. "/sides")
    has(text, "48 examples to train with, 12 to test with")
    local trained = ty.load(folder .. "/sides/checkpoint.pt").trained
    assert.same({1, 13, 13}, trained.input_shape)
    assert.same({"left", "right"}, trained.classes)
    has(output("evaluate", model, folder .. "/sides/best.pt", "--data", images, "--out", folder), "on 60 examples",
      "accuracy 1.0000")
    os.execute(("cp '%s/left/1.png' '%s/a, b.png'"):format(images, folder))
    has(output("predict", model, folder .. "/sides/best.pt", folder .. "/a, b.png", images .. "/right/2.png", "--out",
      folder .. "/predictions.csv"), "wrote 2 predictions")
    local csv = ty.io.load_csv(folder .. "/predictions.csv")
    assert.same({"file", "prediction", "probability"}, csv.columns)
    assert.equal("left", csv.classes.prediction[csv.prediction[1]:item()])
    assert.equal("right", csv.classes.prediction[csv.prediction[2]:item()])
    assert.equal(folder .. "/a, b.png", csv.classes.file[csv.file[1]:item()])
    assert.is_true(csv.probability:min():item() > 0.5)
  end)

  it("learns numbers and words from CSV files", function()
    local rows, kinds = {"size,kind,price"}, {"old", "new"}
    for i = 1, 120 do rows[#rows + 1] = ("%d,%s,%.1f"):format(i, kinds[i % 2 + 1], 3 * i + (i % 2) * 50) end
    local path = spill("rows.csv", table.concat(rows, "\n") .. "\n")
    local text = output("train", model, "--data", path, "--epochs", "60", "--lr", "0.01", "--batch-size", "16", "--out",
      folder .. "/rows")
    has(text, "96 examples to train with, 24 to test with")
    assert.is_true(programs.numbers(text, "R^2 (%-?[%d.]+)")[60] > 0.95, text)
    local few = spill("few.csv", "kind,size\nnew,11\nold,100\n")
    local predicted = output("predict", model, folder .. "/rows/best.pt", few, "--out", "-")
    local first, second = predicted:match "^row,prediction\n1,([%d.]+)\n2,([%d.]+)\n$"
    assert.near(3 * 11 + 50, tonumber(first), 30)
    assert.near(3 * 100, tonumber(second), 30)
    local words, status = script("predict", model, folder .. "/rows/best.pt", spill("odd.csv", "kind,size\nbroken,11\n"))
    assert.equal(1, status)
    has(words, "column 'kind' holds 'broken', which the model has not met")
    text = output("train", model, "--data", path, "--target", "kind", "--epochs", "2", "--out", folder .. "/kinds")
    has(text, "accuracy ")
    assert.truthy(output("predict", model, folder .. "/kinds/best.pt", path, "--out", "-"):find("\n1,%l+,0%.%d+\n"))
  end)

  it("learns digits from the folder that is named", function()
    if not programs.has_digits then return pending "the digits are not there" end
    local text = output("train", model, "--data", "MNIST", "--root", programs.digits, "--limit", limit, "--epochs", "1",
      "--out", folder .. "/digits")
    has(text, "8,000 of them train", "2000 to test with")
    has(output("evaluate", model, folder .. "/digits/best.pt", "--out", folder), "7 - seven", "on 2000 examples of MNIST")
  end)

  it("says what is wrong, and tells usage with status 2", function()
    for _, wrong in ipairs {{}, {model, "--lr", "x"}, {model, "--optimizer", "adagram"}, {model, "--set", "hidden"},
      {model, "--epochs", "0"}, {model, "another"}} do
      local text, status = script("train", table.unpack(wrong))
      assert.equal(2, status, text)
      has(text, "Usage: train")
    end
    for _, name in ipairs {"train", "evaluate", "predict"} do
      local text, status = script(name, "--help")
      assert.equal(0, status)
      has(text, "Usage: " .. name, "model file")
    end
    local function refused(what, ...)
      local text, status = script(...)
      assert.equal(1, status, text)
      has(text, what)
      assert.is_nil(text:find("stack traceback", 1, true), text)
    end
    refused("nowhere.lua", "train", folder .. "/nowhere.lua")
    refused("returns a number; a module class or a function", "train", spill("three.lua", "return 3"), "--limit", "64")
    refused("the model returns {64, 3} for a batch; {batch, 10} is expected", "train", spill("short.lua",
      "return function() return ty.nn.Sequential(ty.nn.Flatten(), ty.nn.Linear(784, 3)) end"), "--out", folder)
    refused("is not a file of torch.save", "evaluate", model, model)
    ty.save({1, 2}, folder .. "/other.pt")
    refused("is no checkpoint of scripts/train", "evaluate", model, folder .. "/other.pt")
    refused("size mismatch", "evaluate", spill("wide.lua", (model_text:gsub("or 32", "or 33"):gsub("options.hidden", "nil"))),
      folder .. "/whole/best.pt")
    refused("--momentum belongs to sgd", "train", model, "--momentum", "0.9", "--limit", "64", "--out", folder)
  end)

  it("is a program of its own", function()
    if programs.sanitized then return end -- it runs build/tycho
    for _, name in ipairs {"train", "evaluate", "predict"} do
      local text, status = programs.run_command {"scripts/" .. name, "--help"}
      assert.equal(0, status, text)
      has(text, "Usage: " .. name)
    end
  end)
end)
