-- How the benchmarks take time: each script does one piece of work over and over, and prints the median microseconds of a
-- step and the most kilobytes of memory that the process had. Their twins in PyTorch do the same (measure.py). DEVICE=cuda:
-- tensors and networks are made on the GPU, and a time is that of ten steps and of waiting for them.

-- With CLOCK=cpu the time is the process's own: for one thread on a machine that others use too.
local clock = os.getenv "CLOCK" == "cpu" and os.clock or require("tycho.core").process.clock

local ty = require "tycho"
local device = os.getenv "DEVICE"
if device then ty.set_default_device(device) end
local together = device and 10 or 1

local function peak_kilobytes()
  local file = io.open "/proc/self/status"
  local text = file and file:read "a" or ""
  if file then file:close() end
  return tonumber(text:match "VmHWM:%s*(%d+)") or 0
end

--- measure(step, {seconds = 1.5, least = 7, warm = 3, count = 1}): runs `step` for about so many seconds, at least so many
-- times, after some that do not count; a step does `count` pieces of work.
return function(step, options)
  options = options or {}
  for i = 1, options.warm or 3 do step(i) end
  if device then ty.cuda.synchronize() end
  local times, begin, seconds, least = {}, clock(), options.seconds or 1.5, options.least or 7
  while #times < least or clock() - begin < seconds do
    local start = clock()
    for i = 1, together do step(#times + i) end
    if device then ty.cuda.synchronize() end
    times[#times + 1] = (clock() - start) / together
  end
  table.sort(times)
  print(("%.4f %d"):format(times[(#times + 1) // 2] * 1e6 / (options.count or 1), peak_kilobytes()))
end
