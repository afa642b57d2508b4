-- Runs each benchmark in Tycho and in PyTorch in turn, and prints medians and the ratio PyTorch's time / Tycho's with its spread.
-- Machines are noisy: only the ratios of one run mean anything. PyTorch is run in each of the forms of a row (fused Adam,
-- channels_last) and the fastest counts; `--compile` tries torch.compile too. The roofline is the time that a row's operations
-- take at the peak of this machine and its bytes at the bandwidth of arrays of that size (floors.lua, peak.c), one after the
-- other, and how much of Tycho's time that is; it needs cmake --build build --target benchmarks.
--
--   tycho tests/bench/run.lua [--rounds N] [--threads N] [--only WORD] [--compile] [--device cuda]
--
-- It needs python3 with torch; TYCHO_BENCH_PYTHON names another python.

local argparse = require "argparse"
local clock = require("tycho.core").process.clock
package.path = arg[0]:gsub("[^/]*$", "?.lua;") .. package.path
local floors = require "floors"

local parser = argparse("run.lua", "Tycho against PyTorch.")
parser:option("--rounds", "Pairs of runs.", "5"):convert(math.tointeger)
parser:option("--threads", "Threads of both; 1 and 2 if not given."):convert(math.tointeger)
parser:option("--only", "Rows whose name has this word.", "")
parser:flag("--compile", "Try torch.compile too, where a row trains a model.")
parser:option("--device", "cuda: the rows of the GPU instead, PyTorch on the same one.")
local args = parser:parse(arg)

local folder = arg[0]:match "^(.*)/[^/]*$" or "."
local python = os.getenv "TYCHO_BENCH_PYTHON" or "python3"
local program = os.getenv "TYCHO_BIN" or folder .. "/../../build/tycho"

local adam = {"", "fused"}
local images = {"channels_last,fused", "fused"}
-- {what, script and its arguments, forms of PyTorch, target, has it a captured form?}
local rows = {
  {"MLP training step, batch 64", "mlp step", adam, 3.0, true},
  {"MLP epoch, through the DataLoader, a batch", "mlp epoch", adam, 4.0, true},
  {"CNN training step, batch 32", "cnn step 32", images, 2.0, true},
  {"CNN training step, batch 64", "cnn step 64", images, 2.0, true},
  {"CNN training step, batch 256", "cnn step 256", images, 2.0, true},
  {"ResNet block, 16 x 64 x 56 x 56, with backward", "layers block", {"channels_last", ""}, 1.0},
  {"matmul 256", "arrays matmul 256", {""}, 0.97},
  {"matmul 1024", "arrays matmul 1024", {""}, 0.97},
  {"matmul 4096", "arrays matmul 4096", {""}, 0.97},
  {"LSTM 128, 64 steps, batch 32, with backward", "layers lstm", {""}, 1.5},
  {"transformer, 4 layers of 128, with backward", "layers transformer", {""}, 1.5},
  {"add, 10M elements", "arrays add", {""}, 1.0},
  {"relu, 10M elements", "arrays relu", {""}, 1.0},
  {"exp, 10M elements", "arrays exp", {""}, 1.0},
  {"tanh, 10M elements", "arrays tanh", {""}, 1.0},
  {"sum, 10M elements", "arrays sum", {""}, 1.0},
  {"softmax of rows, 10M elements", "arrays softmax", {""}, 1.0},
  {"(x*x):sum() with backward, 4 elements", "small backward", {""}, 5.0},
  {"x + 1, 4 elements", "small add", {""}, nil},
  {"loading a .pt of 100 MB, every page read", "files load pt", {""}, 1.0},
  {"loading a .safetensors of 100 MB, every page read", "files load safetensors", {""}, 1.0},
  {"MLP, 10,000 images without gradients", "mlp evaluate", {""}, 2.0},
  {"CNN, 10,000 images without gradients", "cnn evaluate", {"channels_last", ""}, 2.0},
}

-- On a GPU: PyTorch as it is, and with its own graphs (torch.compile, mode "reduce-overhead").
if args.device then
  rows = {
    {"MLP training step, batch 64", "mlp step", adam, 3.0, true},
    {"the same against torch.compile", "mlp step", {"fused,compile"}, 1.0, true},
    {"MLP epoch, through the DataLoader, a batch", "mlp epoch", adam, 3.0, true},
    {"CNN training step, batch 64", "cnn step 64", images, 3.0, true},
    {"the same against torch.compile", "cnn step 64", {"fused,compile"}, 1.0, true},
    {"CNN training step, batch 256", "cnn step 256", images, 1.0, true},
    {"ResNet block, 16 x 64 x 56 x 56, with backward", "layers block", {"channels_last", ""}, 0.95},
    {"the same under autocast to bfloat16", "layers block bfloat16", {"channels_last", ""}, 0.95},
    {"LSTM 128, 64 steps, batch 32, with backward", "layers lstm", {""}, 1.0},
    {"transformer, 4 layers of 128, with backward", "layers transformer", {""}, 1.0},
    {"matmul 8192, float32", "arrays matmul 8192", {""}, 0.95},
    {"matmul 8192, TF32", "arrays matmul 8192 tf32", {""}, 0.95},
    {"matmul 8192, bfloat16", "arrays matmul 8192 bfloat16", {""}, 0.95},
    {"add, 10M elements", "arrays add", {""}, 1.0},
    {"add a row, 10M elements", "arrays add_row", {""}, 1.0},
    {"exp, 10M elements", "arrays exp", {""}, 1.0},
    {"sum, 10M elements", "arrays sum", {""}, 1.0},
    {"softmax of rows, 10M elements", "arrays softmax", {""}, 1.0},
    {"CNN, 10,000 images without gradients", "cnn evaluate", {"channels_last", ""}, 1.0},
  }
  args.threads = args.threads or 4
end

-- What a command is given of the device.
local where = args.device and ("DEVICE=%s "):format(args.device) or ""

local function run(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  local time, memory = text:match "([%d.]+) (%d+)"
  return tonumber(time) or error("no result from: " .. command), tonumber(memory)
end

local function ours(row, threads, capture)
  local script, rest = row[2]:match "^(%S+) (.*)$"
  local command = "TYCHO_NUM_THREADS=%d %s %s/%s.lua %s%s"
  return run(where .. command:format(threads, program, folder, script, rest, capture and " capture" or ""))
end

local function theirs(row, threads)
  local script, rest = row[2]:match "^(%S+) (.*)$"
  local best, memory = math.huge, 0
  local forms = {table.unpack(row[3])}
  if args.compile and row[1]:find "step" then forms[#forms + 1] = forms[1] .. ",compile" end
  for _, form in ipairs(forms) do
    local command = "OMP_NUM_THREADS=%d THREADS=%d FORM=%s %s %s/%s.py %s"
    local time, kilobytes = run(where .. command:format(threads, threads, form, python, folder, script, rest))
    if time < best then best, memory = time, kilobytes end
  end
  return best, memory
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2], sorted[1], sorted[#sorted]
end

local function duration(us)
  if us < 1000 then return ("%.2f us"):format(us) end
  return us < 1e6 and ("%.2f ms"):format(us / 1e3) or ("%.2f s"):format(us / 1e6)
end

-- What the row must do, how long that takes at this machine's limits, and its part of `us`.
local function roofline(row, threads, us)
  local floor = not args.device and floors[row[2]]
  local peak = (program:match "^(.*)/[^/]*$" or ".") .. "/tests/peak"
  local pipe = floor and io.popen(("%s %d %d 2>/dev/null"):format(peak, threads, floor.bytes // 1))
  local gflops, gbytes = ((pipe and pipe:read "a") or ""):match "([%d.]+) ([%d.]+)"
  if pipe then pipe:close() end
  if not gflops then return "" end
  local least = floor.flops / gflops / 1e3 + floor.bytes / gbytes / 1e3
  return ("%.3g MFLOP, %.3g MB: %s, %.0f %%"):format(floor.flops / 1e6, floor.bytes / 1e6, duration(least), 100 * least / us)
end

-- One line of the table: fills lists of times by round.
local function line(name, threads, rounds, target, measure_ours, measure_theirs, measure_captured, roof)
  local a, b, c, ratios, captured, memory_a, memory_b = {}, {}, {}, {}, {}, 0, 0
  for i = 1, rounds do
    a[i], memory_a = measure_ours()
    b[i], memory_b = measure_theirs()
    ratios[i] = b[i] / a[i]
    if measure_captured then
      c[i] = measure_captured()
      captured[i] = b[i] / c[i]
    end
  end
  local ratio, low, high = median(ratios)
  print(("| %s | %s | %s | %s | %.2f (%.2f to %.2f) | %s | %s | %s | %s |"):format(name, threads, duration(median(a)),
    duration(median(b)), ratio, low, high, #captured > 0 and ("%.2f"):format((median(captured))) or "",
    memory_a and memory_b and ("%.2f"):format(memory_a / memory_b) or "", target or "",
    roof and roof(median(a)) or ""))
  io.stdout:flush()
end

-- Seconds for a whole process, in microseconds.
local function whole(command)
  local start = clock()
  assert(os.execute(command), command)
  return (clock() - start) * 1e6
end

print "| work | threads | Tycho | PyTorch | ratio (spread) | captured | memory, Tycho / PyTorch | target | roofline |"
print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for _, row in ipairs(rows) do
  if row[1]:find(args.only, 1, true) then
    for _, threads in ipairs(args.threads and {args.threads} or row[2]:find "^small" and {1} or {1, 2}) do
      line(row[1], threads, args.rounds, row[4], function() return ours(row, threads) end,
        function() return theirs(row, threads) end,
        row[5] and require("tycho").capture and function() return ours(row, threads, true) end or nil,
        function(us) return roofline(row, threads, us) end)
    end
  end
end
if not args.device and ("start"):find(args.only, 1, true) then
  line("start to the first statement", "", args.rounds, 30.0, function() return whole(program .. " -e 'local _ = ty.nn'") end,
    function() return whole(python .. " -c 'import torch.nn'") end)
end
