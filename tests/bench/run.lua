-- Runs each benchmark in Tycho and in PyTorch in turn, and prints the medians and their ratios (PyTorch's time / Tycho's).
-- Machines are noisy: only the ratios of one run mean anything.
--
--   tycho tests/bench/run.lua            needs python3 with torch; TYCHO_BENCH_PYTHON names another python

local folder = arg[0]:gsub("[^/]*$", "")
local python = os.getenv "TYCHO_BENCH_PYTHON" or "python3"
local tycho = os.getenv "TYCHO_BIN" or (folder .. "../../build/tycho")
local pairs_count = tonumber(arg[1] or "5")

local function run(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return tonumber(text:match "[%d.]+") or error("no result from: " .. command)
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return sorted[(#sorted + 1) // 2], sorted[1], sorted[#sorted]
end

-- {what, our script and its environment, PyTorch's script and the environments that it is tried with}
local benches = {
  {"MLP step, batch 64, 1 thread", "TYCHO_NUM_THREADS=1 %s mlp_step.lua",
    {"OMP_NUM_THREADS=1 THREADS=1 %s mlp_step.py", "OMP_NUM_THREADS=1 THREADS=1 ADAM=fused %s mlp_step.py"}},
  {"MLP step, batch 64, 2 threads", "TYCHO_NUM_THREADS=2 %s mlp_step.lua",
    {"OMP_NUM_THREADS=2 THREADS=2 %s mlp_step.py", "OMP_NUM_THREADS=2 THREADS=2 ADAM=fused %s mlp_step.py"}},
  {"x + 1 on 4 elements", "TYCHO_NUM_THREADS=1 %s small_ops.lua add", {"OMP_NUM_THREADS=1 %s small_ops.py add"}},
  {"(x*x):sum() forward and backward, 4 elements", "TYCHO_NUM_THREADS=1 %s small_ops.lua backward",
    {"OMP_NUM_THREADS=1 %s small_ops.py backward"}},
}

print(("%-46s %12s %12s %8s  %s"):format("", "Tycho us", "PyTorch us", "ratio", "(spread)"))
for _, bench in ipairs(benches) do
  local ours, theirs, ratios = {}, {}, {}
  for i = 1, pairs_count do
    local function command(text, program) return ("cd %s. && "):format(folder) .. text:format(program) end
    local absolute = tycho:sub(1, 1) == "/" and tycho or (os.getenv "PWD" .. "/" .. tycho)
    ours[i] = run(command(bench[2], absolute))
    theirs[i] = math.huge
    for _, text in ipairs(bench[3]) do theirs[i] = math.min(theirs[i], run(command(text, python))) end
    ratios[i] = theirs[i] / ours[i]
  end
  local ratio, low, high = median(ratios)
  print(("%-46s %12.2f %12.2f %8.2f  (%.2f to %.2f)"):format(bench[1], median(ours), median(theirs), ratio, low, high))
end
