-- How the benchmarks take time: each script does one piece of work over and over, and prints the median microseconds of a
-- step and the most kilobytes of memory that the process had. Their twins in PyTorch do the same (measure.py).

-- With CLOCK=cpu the time is the process's own: for one thread on a machine that others use too.
local clock = os.getenv "CLOCK" == "cpu" and os.clock or require("tycho.core").process.clock

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
  local times, begin, seconds, least = {}, clock(), options.seconds or 1.5, options.least or 7
  while #times < least or clock() - begin < seconds do
    local start = clock()
    step(#times + 1)
    times[#times + 1] = clock() - start
  end
  table.sort(times)
  print(("%.4f %d"):format(times[(#times + 1) // 2] * 1e6 / (options.count or 1), peak_kilobytes()))
end
