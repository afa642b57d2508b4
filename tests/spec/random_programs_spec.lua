-- Random programs give what PyTorch gives: values, dtypes, shapes, gradients. A committed sample always; a fresh one, whose seed
-- is told, where there is a Python with PyTorch (TYCHO_PYTHON names one, or python3).

local programs = require "support.random_programs"

local folder = package.searchpath("random_programs_spec", package.path):gsub("spec/random_programs_spec%.lua$", "golden/")

local function python_with_torch()
  for _, python in ipairs {os.getenv "TYCHO_PYTHON" or "", "python3"} do
    if python ~= "" and os.execute(("'%s' -c 'import torch' >/dev/null 2>&1"):format(python)) then return python end
  end
end

local function holds(list)
  local right, failures = programs.run(list.programs or list)
  assert.is_true(#failures == 0, ("seed %s: %d programs are wrong, %d right; the first:\n%s"):format(list.seed, #failures, right,
    failures[1]))
end

describe("random programs", function()
  it("of the committed sample give what PyTorch gives", function()
    holds(dofile(folder .. "random_programs.lua"))
  end)

  it("made afresh give what PyTorch gives", function()
    local python = python_with_torch()
    if not python then
      pending "needs a Python with PyTorch: TYCHO_PYTHON=.../python"
      return
    end
    local path = os.tmpname()
    assert(os.execute(("'%s' '%srandom_programs.py' --count 300 >'%s'"):format(python, folder, path)))
    local list = dofile(path)
    os.remove(path)
    print(("random programs: seed %d"):format(list.seed))
    holds(list)
  end)
end)
