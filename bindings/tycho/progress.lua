-- ty.progress: a bar while a loop runs. On a terminal it is drawn over and over on one line of standard error; elsewhere
-- nothing is drawn, so that logs stay clean.

local core = require "tycho.core"
local options = require "tycho.options"
local process = core.process

local function clock_text(seconds)
  if seconds ~= seconds or seconds == math.huge then return "--:--" end
  seconds = math.floor(seconds + 0.5)
  if seconds >= 3600 then return ("%d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60) end
  return ("%02d:%02d"):format(seconds // 60, seconds % 60)
end

local function draw(state, done)
  local now = process.clock()
  local passed = now - state.start
  local rate = passed > 0 and state.at / passed or 0
  local text = ("%d/%d [%s<%s, %.0f/s]"):format(state.at, state.total, clock_text(passed),
    clock_text(rate > 0 and (state.total - state.at) / rate or math.huge), rate)
  local label = state.label ~= "" and state.label .. " " or ""
  local note = state.note and "  " .. state.note() or ""
  local columns = process.winsize and process.winsize() or nil
  columns = type(columns) == "number" and columns or 80
  local room = columns - #label - #text - #note - 10
  local line = label
  if room >= 4 then
    local share = state.total > 0 and math.min(1, state.at / state.total) or 1
    local full = math.floor(room * share)
    line = line .. ("%3d%% "):format(math.floor(share * 100)) .. "|" .. ("#"):rep(full) .. (" "):rep(room - full) .. "| "
  end
  line = (line .. text .. note):sub(1, columns - 1)
  io.stderr:write("\r", line, "\27[K", done and "\n" or "")
  io.stderr:flush()
  state.drawn = now
end

--- ty.progress(loader or list, label = "", note): a `for` over it with a bar.
--   for x, y in ty.progress(loader, "epoch 1") do ... end
-- `note` is a function whose string is shown behind the bar. Options by name: {label = ..., note = ...}.
return function(iterable, label, note)
  if options.is_options(label) then label, note = label.label, label.note end
  local meta = getmetatable(iterable)
  local next_value
  if type(iterable) == "table" and type(iterable.iter) == "function" then
    next_value = iterable:iter()
  elseif type(iterable) == "table" then
    local i = 0
    next_value = function()
      i = i + 1
      return iterable[i]
    end
  elseif math.type(iterable) == "integer" then -- ty.progress(100)
    local i, last = 0, iterable
    next_value = function()
      i = i + 1
      if i <= last then return i end
    end
  else
    core.raise(("progress: a DataLoader, a list or a count is needed, got %s"):format(options.say(iterable)))
  end
  local total = math.type(iterable) == "integer" and iterable or (meta and meta.__len and #iterable) or #iterable
  if not process.isatty(2) or os.getenv "TERM" == "dumb" then return next_value end
  local state = {total = total, at = -1, start = process.clock(), drawn = 0, label = label or "", note = note}
  local function pass(first, ...)
    state.at = state.at + 1
    if first == nil then
      state.at = math.min(state.at, total)
      draw(state, true)
    elseif process.clock() - state.drawn > 0.1 then
      draw(state, false)
    end
    return first, ...
  end
  return function() return pass(next_value()) end
end
