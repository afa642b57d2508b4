-- :time, which runs code once and reports how long it took and what it gave; code that takes a moment only is run again
-- and again, in batches, and the mean over all runs comes with the spread of the batches' means.

local compile = require "tycho.repl.compile"
local core = require "tycho.core"
local show = require "tycho.repl.show"

local clock = core.process.clock

local SHORT = 0.2 -- seconds; what takes longer runs once
local BATCH = 0.05 -- seconds that a batch shall take
local BATCHES = 7

local function duration(seconds)
  if seconds >= 60 then
    return ("%d min %.1f s"):format(seconds // 60, seconds % 60)
  elseif seconds >= 1 then
    return ("%.3g s"):format(seconds)
  elseif seconds >= 1e-3 then
    return ("%.3g ms"):format(seconds * 1e3)
  elseif seconds >= 1e-6 then
    return ("%.3g us"):format(seconds * 1e6)
  end
  return ("%.3g ns"):format(seconds * 1e9)
end

-- What a computation on a GPU has queued is part of its time.
local function wait_for_devices()
  local cuda = package.loaded["tycho.cuda"]
  local synchronize = type(cuda) == "table" and rawget(cuda, "synchronize")
  if synchronize and cuda.is_available() then
    synchronize()
  end
end

local function seconds_for(f, times)
  wait_for_devices()
  local from = clock()
  for _ = 1, times do
    f()
  end
  wait_for_devices()
  return clock() - from
end

-- Mean seconds of a run and the standard deviation of the batches' means.
local function repeated(f, guess)
  local times = math.max(1, math.floor(BATCH / math.max(guess, 1e-8)))
  local first = seconds_for(f, times) -- the guess was a cold run's
  if first < BATCH / 2 then
    times = math.max(times, math.floor(times * BATCH / math.max(first, 1e-6)))
  end
  local means, sum = {}, 0
  for i = 1, BATCHES do
    means[i] = seconds_for(f, times) / times
    sum = sum + means[i]
  end
  local mean, square = sum / BATCHES, 0
  for i = 1, BATCHES do
    square = square + (means[i] - mean) ^ 2
  end
  return mean, math.sqrt(square / (BATCHES - 1)), times
end

-- The function to time, and whether it gives values worth showing.
local function prepared(text)
  local units, message = compile(text)
  if not units then
    error(message, 0)
  elseif #units ~= 1 then
    error(":time needs one expression or statement after it", 0)
  end
  return units[1].f
end

--- timing(text, say): times the code of the text and says what came out.
local function timing(text, say)
  local f = prepared(text)
  wait_for_devices()
  local from = clock()
  local values = table.pack(f())
  wait_for_devices()
  local first = clock() - from
  local given = values.n > 0 and values[1] ~= nil
  if given then
    require "tycho.repl.results".keep(values[1])
    say(show(table.unpack(values, 1, values.n)))
  end
  if first > SHORT then
    return say(("%s, one run"):format(duration(first)))
  end
  local mean, spread, times = repeated(f, first)
  say(("%s +- %s a run (%d batches of %d; the first run took %s)"):format(duration(mean), duration(spread), BATCHES, times,
    duration(first)))
end

return timing
