-- Cliffs: a linear layer, forward and backward, over widths 8 to 4096 and batches 1 to 1024. Prints GFLOP/s, and marks with !
-- what is slower than it should be beside its neighbours: less than 0.6 of the faster of the next smaller width and the next
-- smaller batch, in two measures. CLOCK=cpu as for the other benchmarks; TYCHO_NUM_THREADS says how many threads.

local ty = require "tycho"
local F = ty.F
local clock = os.getenv "CLOCK" == "cpu" and os.clock or require("tycho.core").process.clock

local widths = {8, 12, 16, 24, 31, 32, 33, 45, 46, 47, 48, 64, 65, 96, 127, 128, 129, 192, 256, 257, 384, 512, 513, 768, 1000,
  1024, 1536, 2048, 3000, 4096}
local batches = {1, 2, 3, 4, 7, 8, 16, 17, 32, 33, 64, 65, 128, 256, 512, 1024}
if arg[1] == "--fast" then widths, batches = {8, 32, 45, 46, 128, 512}, {1, 4, 16, 64, 256} end

-- Best rate of a few rounds, each of about a millisecond.
local function rate(batch, width)
  local x, w, b = ty.randn(batch, width), ty.randn(width, width), ty.randn(width)
  w.requires_grad, b.requires_grad = true, true
  local flops = 4.0 * batch * width * width
  local count, best = math.max(1, math.floor(2e7 / (flops + 2e5))), math.huge
  local function once() F.linear(x, w, b):sum():backward() end
  once()
  for _ = 1, flops > 1e9 and 3 or 9 do
    local start = clock()
    for _ = 1, count do once() end
    best = math.min(best, (clock() - start) / count)
  end
  return flops / best / 1e9
end

print("width\\batch\t" .. table.concat(batches, "\t"))
local above, cliffs = {}, 0
for _, width in ipairs(widths) do
  local row, cells = {}, {}
  for i, batch in ipairs(batches) do
    row[i] = rate(batch, width)
    local neighbour = math.max(above[i] or 0, row[i - 1] or 0)
    if row[i] < 0.6 * neighbour then row[i] = math.max(row[i], rate(batch, width)) end
    local cliff = row[i] < 0.6 * neighbour
    cliffs = cliffs + (cliff and 1 or 0)
    cells[i] = ("%.1f%s"):format(row[i], cliff and "!" or "")
  end
  above = row
  print(width .. "\t" .. table.concat(cells, "\t"))
  io.stdout:flush()
end
print(cliffs .. " cliffs")
