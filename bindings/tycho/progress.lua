-- ty.progress: how far a loop is, while it runs. On a terminal a bar on standard error, drawn over and over; in a log (standard
-- error is no terminal) a line now and then. What stands on the terminal and how other output gets past it is
-- progress/screen.lua's; here are the loop, the rate and the text.

local core = require "tycho.core"
local options = require "tycho.options"
local process = core.process
local screen = require "tycho.progress.screen"

local clock, exp = process.clock, math.exp

local REMEMBERED = 5 -- s: the rate is that of about so long, so that the time left is steady and yet follows

-- ---- Text ----

local function clock_text(seconds)
  if seconds ~= seconds or seconds == math.huge then return "--:--" end
  seconds = math.floor(seconds + 0.5)
  if seconds >= 3600 then return ("%d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60) end
  return ("%02d:%02d"):format(seconds // 60, seconds % 60)
end

local function rate_text(rate)
  if rate <= 0 or rate ~= rate or rate == math.huge then return "? it/s" end
  if rate >= 1 then return (rate >= 100 and "%.0f it/s" or "%.1f it/s"):format(rate) end
  return ("%.1f s/it"):format(1 / rate)
end

local function value_text(value)
  if core.is_tensor(value) then value = value:item() end
  if math.type(value) == "float" then return ("%.4g"):format(value) end
  return tostring(value)
end

-- What stands behind the bar: the values of set, then the note.
local function tail_of(bar)
  local parts = {}
  for _, name in ipairs(bar.names) do parts[#parts + 1] = name .. " " .. value_text(bar.values[name]) end
  local note = bar.note
  if options.is_callable(note) then note = note() end
  if note ~= nil and note ~= "" then parts[#parts + 1] = tostring(note) end
  return #parts > 0 and "  " .. table.concat(parts, ", ") or ""
end

-- Bars in eighths of a character where the terminal shows UTF-8.
local eighths = {"▏", "▎", "▍", "▌", "▋", "▊", "▉"}
local function speaks_utf8()
  local name = os.getenv "LC_ALL"
  if not name or name == "" then name = os.getenv "LC_CTYPE" end
  if not name or name == "" then name = os.getenv "LANG" end
  return name ~= nil and name:lower():find "utf%-?8" ~= nil
end

local function gauge(share, room)
  if not speaks_utf8() then
    local full = math.floor(room * share)
    return "|" .. ("#"):rep(full) .. (" "):rep(room - full) .. "|"
  end
  local steps = math.floor(room * 8 * share)
  local full, part = steps // 8, eighths[steps % 8] or ""
  return "|" .. ("█"):rep(full) .. part .. (" "):rep(room - full - (part ~= "" and 1 or 0)) .. "|"
end

-- "350/1000 [00:12<00:22, 28.3 it/s]". At the end the rate is that of the whole loop.
local function count_text(bar)
  local passed = clock() - bar.start
  local rate = bar.seconds > 0 and bar.items / bar.seconds or 0
  if bar.over then rate = passed > 0 and bar.at / passed or 0 end
  if not bar.total then return ("%d [%s, %s]"):format(bar.at, clock_text(passed), rate_text(rate)) end
  local left = bar.at >= bar.total and 0 or (rate > 0 and (bar.total - bar.at) / rate or math.huge)
  return ("%d/%d [%s<%s, %s]"):format(bar.at, bar.total, clock_text(passed), clock_text(left), rate_text(rate))
end

local Bar = {__name = "progress bar"}
Bar.__index = Bar

-- The line of the bar in so many columns; in a log there is no gauge.
local function line_of(bar, columns)
  local label = bar.label ~= "" and bar.label .. " " or ""
  local count, tail = count_text(bar), tail_of(bar)
  if not bar.total then return label .. count .. tail end
  local share = bar.total > 0 and math.min(1, bar.at / bar.total) or 1
  local percent = ("%3d%% "):format(math.floor(share * 100))
  if not columns then return label .. percent .. count .. tail end
  local room = math.min(60, columns - screen.width(label .. percent .. count .. tail) - 3)
  if room >= 4 then return label .. percent .. gauge(share, room) .. " " .. count .. tail end
  local line = label .. percent .. count .. tail
  if screen.width(line) <= columns then return line end
  return label .. percent:sub(1, -2) .. tail -- what matters most in a narrow window
end
Bar._line = line_of

-- ---- When it is drawn ----

-- The rate, from what was done since the last look; the past counts less the longer it is past.
local function measure(bar, now)
  local passed = now - bar.measured
  if passed <= 0 then return end
  local kept = exp(-passed / REMEMBERED)
  bar.items, bar.seconds = bar.items * kept + bar.at - bar.measured_at, bar.seconds * kept + passed
  bar.measured, bar.measured_at = now, bar.at
end

local function write_line(bar)
  io.stdout:flush()
  io.stderr:write(line_of(bar), "\n")
  bar.lines, bar.line_at, bar.line_time = bar.lines + 1, bar.at, clock()
end

-- A line of a log is due after a tenth of the loop, or after five minutes; where the end is not known, ever more rarely.
local SELDOM = 300
local function line_is_due(bar, now)
  local since = now - bar.line_time
  if since >= SELDOM then return true end
  if bar.total then return (bar.at - bar.line_at) * 10 >= bar.total end
  return since >= bar.interval * 2 ^ bar.lines
end

local function look(bar, now)
  bar.next_look = now + bar.interval
  measure(bar, now)
  if bar.mode == "bar" then
    if not bar.on_screen then
      bar.on_screen = true
      local place = screen.add(bar)
      if bar.keep == nil then bar.keep = place == 1 end
    end
    screen.draw()
  elseif line_is_due(bar, now) then
    write_line(bar)
  end
end

-- One more is done, and its successor is handed on.
local function pass(bar, first, ...)
  bar.at = bar.at + 1
  if first == nil then
    bar.complete = true
    bar:close()
    return nil
  end
  local now = clock()
  if now >= bar.next_look then look(bar, now) end
  return first, ...
end

-- At the first call the clock starts: what lies before is not the loop's time.
local function begin(bar)
  local now = clock()
  bar.start, bar.measured, bar.line_time = now, now, now
  bar.next_look = bar.mode == "bar" and now or now + bar.interval
end

function Bar:__call(state, control)
  if self.over then return nil end
  if self.mode == "off" then return self.next(state, control) end
  if not self.start then begin(self) end
  return pass(self, self.next(state, control))
end

--- bar:set{loss = loss, accuracy = a}: values to show behind the bar, numbers or tensors of one element, until they are set
-- anew; false takes one away. Gives the bar.
function Bar:set(values)
  if type(values) ~= "table" or getmetatable(values) then
    core.raise(("progress:set: a table of values by name is needed, as {loss = 0.5}, got %s"):format(options.say(values)))
  end
  if self.mode == "off" then return self end
  local own, fresh, gone = self.values, nil, false
  for name, value in next, values do
    if core.is_tensor(value) then
      if value:numel() ~= 1 then
        core.raise(("progress:set: '%s' must be a number or a tensor of one element, got shape {%s}"):format(tostring(name),
          table.concat(value.shape, ", ")))
      end
      if value.requires_grad then value = value:detach() end
    end
    if own[name] == nil then
      fresh = fresh or {}
      fresh[#fresh + 1] = name
    end
    own[name] = value
    gone = gone or value == false
  end
  if fresh then
    table.sort(fresh, function(a, b) return tostring(a) < tostring(b) end)
    table.move(fresh, 1, #fresh, #self.names + 1, self.names)
  end
  for i = gone and #self.names or 0, 1, -1 do
    local name = self.names[i]
    if own[name] == false then
      own[name] = nil
      table.remove(self.names, i)
    end
  end
  return self
end

local LONG = 2 -- s: a loop that took less leaves no line in a log unless it has left some already

--- bar:close(): ends the bar; a loop that runs to its end does so itself, and so does one that is left when it stands as
-- `for x in ty.progress(...)`.
function Bar:close()
  if self.over then return end
  self.over = true
  if not self.start then return end
  if self.complete and self.total == nil then self.total = self.at end
  measure(self, clock())
  if self.mode == "bar" then
    if self.on_screen then screen.remove(self, self.keep) end
  elseif self.mode == "lines" and self.keep ~= false and self.line_at ~= self.at then
    if self.lines > 0 or clock() - self.start >= math.min(LONG, self.interval) then write_line(self) end
  end
end
Bar.__close = Bar.close

-- A bar that nobody holds any more leaves the terminal; its tensors may be gone before it.
function Bar:__gc()
  if self.mode ~= "bar" or not self.on_screen then return end
  self.note, self.names = nil, {}
  self:close()
end

-- ---- What is gone through ----

local function by_index(list, n)
  local i = 0
  return function()
    i = i + 1
    if i <= n then return list[i] end
  end, n
end

-- An iterator over what was given, and how many there are, if that is known.
local function source_of(iterable)
  if math.type(iterable) == "integer" then
    local i = 0
    return function()
      i = i + 1
      if i <= iterable then return i end
    end, iterable
  end
  local kind = type(iterable)
  if kind == "function" then return iterable, nil end
  if kind == "table" and type(iterable.iter) == "function" then
    local counted, n = pcall(function() return #iterable end)
    if not counted or math.type(n) ~= "integer" or iterable.iterable then n = nil end
    return iterable:iter(), n
  end
  if core.is_tensor(iterable) then
    if iterable:dim() == 0 then core.raise "progress: a tensor without dimensions has nothing to go through" end
    return by_index(iterable, #iterable)
  end
  if kind == "table" then
    local meta = getmetatable(iterable)
    if #iterable > 0 or not (meta and meta.__call) then return by_index(iterable, #iterable) end
    return function(...) return iterable(...) end, nil
  end
  core.raise(("progress: a DataLoader, a list, a count or an iterator is needed, got %s"):format(options.say(iterable)))
end

local function mode_of(disable)
  local wanted = os.getenv "TYCHO_PROGRESS" or ""
  if disable or wanted == "off" or wanted == "0" then return "off" end
  if wanted == "bar" or wanted == "lines" then return wanted end
  if process.isatty(2) and os.getenv "TERM" ~= "dumb" then return "bar" end
  return "lines"
end

local intervals = {bar = 0.1, lines = 10, off = math.huge}

local read = options.signature("progress", 'iterable: any, label: string = "", note: any?, total: count?, keep: bool?, '
  .. "disable: bool = false, interval: number?")

--- ty.progress(loader, list, count or iterator, label = "", note, total, keep, disable = false, interval): a `for` over it with
-- a bar.
--   for x, y in ty.progress(loader, "epoch 1") do ... end
return function(iterable, ...)
  if iterable == nil then read() end -- which says what is missing
  local _, label, note, total, keep, disable, interval = read(true, ...) -- a list must not be taken for the options
  local next_value, count = source_of(iterable)
  local mode = mode_of(disable)
  local bar = setmetatable({next = next_value, total = total or count, label = label, note = note, keep = keep, mode = mode,
    interval = interval or intervals[mode], at = -1, items = 0, seconds = 0, measured_at = 0, lines = 0, line_at = 0, names = {},
    values = {}}, Bar)
  return bar, nil, nil, bar
end
