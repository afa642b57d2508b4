--[[
Every op gives on a CUDA device what PyTorch gives: the golden cases of golden_spec once more, their tensors made on the device,
values and gradients held against the same numbers with the same tolerances, and looked for on the device.

LAPACK's ops have no kernel for CUDA and say so; these are counted and printed, and are no failures.
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

local function is_missing(message) return message:find("linear algebra: there is no CUDA kernel for", 1, true) ~= nil end

describe("an op gives on CUDA what PyTorch gives:", function()
  local missing, cases_missing, cases_run = {}, 0, 0

  setup(function()
    golden.device = cuda.device
    cuda.full_float32()
  end)
  teardown(function()
    golden.device = nil
    print(("golden cases on CUDA: %d run, %d of ops without a CUDA kernel: %s"):format(cases_run, cases_missing,
      table.concat(missing, " ")))
  end)

  local function check_group(file, group)
    local wrong, lines, lacking = {}, nil, 0
    for _, case in ipairs(group.cases) do
      local message = golden.check(case)
      cases_run = cases_run + 1
      if message and is_missing(message) then
        lacking = lacking + 1
      elseif message then
        lines = lines or golden.lines(file)
        wrong[#wrong + 1] = ("%s:%d: %s\n    %s"):format(file, case.line, lines[case.line]:sub(1, 200), message)
      end
    end
    if lacking > 0 then
      cases_missing = cases_missing + lacking
      missing[#missing + 1] = ("%s (%d of %d)"):format(group.op, lacking, #group.cases)
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
