--[[
Every op gives on a CUDA device what PyTorch gives: the golden cases of golden_spec once more, their tensors made on the device,
values and gradients held against the same numbers with the same tolerances, and looked for on the device.

On CUDA least squares has the driver gels alone, as in PyTorch: cases of others are counted and are no failures.
TYCHO_SPEC_PART="2/6" runs every sixth op from the second on: with emulated kernels the whole takes minutes.
TYCHO_SPEC_FILE="conv.lua" runs one file's alone.
]]

local cuda = require "support.cuda"
local golden = require "support.golden"

local describe = cuda.suite(describe, pending)

local files = {"ops.lua", "layers.lua", "arrange.lua", "linalg.lua", "losses.lua", "rnn.lua", "conv.lua", "norm.lua",
  "attention.lua", "embedding.lua", "reduced.lua", "resample.lua", "tensors.lua"}

local only = os.getenv "TYCHO_SPEC_FILE"
if only then files = {only} end

local part, parts = (os.getenv "TYCHO_SPEC_PART" or "1/1"):match "^(%d+)/(%d+)$"
part, parts = tonumber(part), tonumber(parts)

-- Least squares by a driver of the CPU's, which is also the default there.
local function is_for_cpu(case)
  local driver = type(case[3]) == "table" and case[3].driver or "gelsy"
  return case[1] == "linalg.lstsq" and driver ~= "gels" and not case.error
end

describe("an op gives on CUDA what PyTorch gives:", function()
  local cases_left, cases_run = 0, 0

  setup(function()
    golden.device = cuda.device
    cuda.full_float32()
  end)
  teardown(function()
    golden.device = nil
    print(("golden cases on CUDA: %d run, %d of drivers of the CPU alone"):format(cases_run, cases_left))
  end)

  local function check_group(file, group)
    local wrong, lines = {}, nil
    for _, case in ipairs(group.cases) do
      local left = is_for_cpu(case)
      local message = not left and golden.check(case)
      cases_left = cases_left + (left and 1 or 0)
      cases_run = cases_run + (left and 0 or 1)
      if message then
        lines = lines or golden.lines(file)
        wrong[#wrong + 1] = ("%s:%d: %s\n    %s"):format(file, case.line, lines[case.line]:sub(1, 200), message)
      end
    end
    if #wrong > 0 then
      error(("%d of %d cases:\n%s"):format(#wrong, #group.cases, table.concat(wrong, "\n", 1, math.min(#wrong, 6))), 0)
    end
  end

  local number = 0
  for _, file in ipairs(files) do
    for _, group in ipairs(golden.read(file)) do
      number = number + 1
      if number % parts == part % parts then
        it(("%s (%s)"):format(group.op, file), function() check_group(file, group) end)
      end
    end
  end
end)
