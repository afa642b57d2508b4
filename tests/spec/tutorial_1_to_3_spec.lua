-- Tutorials 1 to 3: their numbers are those of the notebooks, their networks learn, their pictures show something.

local programs = require "support.programs"

local has = programs.check_has

describe("tutorial", function()
  local folder
  setup(function() folder = programs.folder() end)
  teardown(function() programs.remove(folder) end)

  it("1 computes a unit and a network by hand", function()
    local text = programs.output "tutorials/1_tensors.lua"
    for _, way in ipairs {"by sum", "as methods", "by view", "by t"} do has(text, way .. ":\ttensor({{0.1595}})") end
    has(text, "the network's output:\ttensor({{0.3171}})", "tutorials/1_tensors.lua:",
      "matmul: {1, 5} and {1, 5} do not multiply: 5 columns against 1 row; did you mean b:t()?")
    -- doubled through a view, the table as it was
    has(text, "{7.0000, 6.5000, 7.5000}})", "the tables have not: row 4 is\t3.5\t3.25\t3.75", "its sum is\t48.0")
  end)

  it("2 makes networks whose probabilities add up to 1", function()
    if not programs.has_digits then return pending "the digits are not there" end
    local text = programs.output("tutorials/2_neural_networks.lua", "--data", programs.digits, "--out", folder)
    has(text, "a batch of images:\t{64, 1, 28, 28}", "a batch of labels:\t{64}", "the output of the matrices:\t{64, 10}",
      "(fc2): Linear(in_features=128, out_features=64, bias=true)", "(5): Softmax(dim=2)",
      "bias between 0 and 0, weights with standard deviation 0.0100", "by name:\tLinear(in_features=784, out_features=128")
    local sums = programs.numbers(text:match "the sums of the rows:\ntensor(%b())", "%d%.%d+")
    assert.equal(64, #sums)
    for _, sum in ipairs(sums) do assert.near(1, sum, 1e-4) end
    local opinion = programs.numbers(text:match "opinion of the first image:\ntensor%({(%b{})", "%d%.%d+")
    assert.equal(10, #opinion)
    for _, p in ipairs(opinion) do assert.near(0.1, p, 0.03) end -- it knows nothing
    programs.check_picture(folder .. "/digit.png", 0.5)
    programs.check_picture(folder .. "/untrained.png", 0.2)
  end)

  it("3 shows gradients, and a loss that falls in each of five epochs", function()
    if not programs.has_digits then return pending "the digits are not there" end
    local less = programs.sanitized and {"--images", "1500"} or {}
    local text = programs.output("tutorials/3_training.lua", "--fast", "--data", programs.digits, "--out", folder,
      table.unpack(less))
    has(text, "y was made by\t<PowBackward0>", "gradient of x before backward:\tnil", "gradient equal to x / 2:\ttrue",
      "cross entropy of logits and this are one:\ttrue", "without watching needs a gradient:\tfalse")
    for _, kind in ipairs {"cross entropy of the logits", "negative log likelihood of log%-softmax"} do
      assert.near(math.log(10), tonumber(text:match(kind .. ":\t([%d.]+)")), 0.1)
    end
    local gradient, half = text:match "the gradient of x:\n(tensor%b())\nx / 2:\ntensor%(({.-}}),"
    assert.equal(gradient, "tensor(" .. half .. ")")
    local before, after = text:match "the loss of this batch was ([%d.]+), and is ([%d.]+)"
    programs.check_falling {tonumber(before), tonumber(after)}
    local losses = programs.numbers(text, "epoch %d  training loss ([%d.]+)")
    assert.equal(5, #losses)
    programs.check_falling(losses)
    programs.check_picture(folder .. "/prediction.png", 0.2)
  end)

  it("3 learns as the notebook does when it runs in full", function()
    if not programs.has_digits then return pending "the digits are not there" end
    if programs.sanitized then return end
    local text = programs.output("tutorials/3_training.lua", "--data", programs.digits, "--out", folder)
    local losses = programs.numbers(text, "epoch %d+  training loss ([%d.]+)")
    programs.check_falling(losses)
    assert.is_true(losses[#losses] < 0.42, text)
    local digit, answer = text:match "the digit is (%d).-the network says (%d)"
    assert.equal(digit, answer)
  end)

  it("1 leaves its values at the prompt with tycho -i", function()
    local pty = os.getenv "TYCHO_PTY"
    if not pty then return pending "needs TYCHO_PTY" end
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("timeout 60\nexpect leaves a alone\nexpect > \nline =output\nexpect 0.3171\nline =features.shape\nexpect {1, 3}\n"
      .. "line os.exit(0)\nexit 0\n")
    file:close()
    local text, status = programs.run_command {"sh", "-c",
      ("TERM=dumb '%s' '%s' -i tutorials/1_tensors.lua --out '%s' <'%s'"):format(pty, programs.tycho, folder, path)}
    os.remove(path)
    assert.equal(0, status, text)
  end)

  it("tells its usage for arguments that it does not know, and ends with status 2", function()
    for _, wrong in ipairs {"--epoch=3", "--images=0", "--epochs=many"} do
      local text, status = programs.run("tutorials/3_training.lua", wrong)
      assert.equal(2, status)
      has(text, "Usage: 3_training.lua", "Error: ")
    end
  end)
end)
