--[[
Curves that grow while a program runs: points are added to named series, and the figure is drawn again now and then, into
a file, a window, or over its last state in the terminal. Adding a point costs a moment; drawing happens at most once an
interval, takes at most a twentieth of the time, and pictures are made by gnuplot in the background. Trouble while drawing
never stops the loop that adds points: it is told once, and close() raises it.
]]

local blame = require "tycho.plot.blame"
local files = require "tycho.plot.files"
local gnuplot = require "tycho.plot.gnuplot"
local options = require "tycho.plot.options"
local screen = require "tycho.progress.screen"
local show = require "tycho.plot.show"
local fail = blame.fail
local max = math.max

local Live = {}
Live.__index = Live

local SHARE = 20 -- drawing takes at most one part in so many of the time

local modes = options.word {auto = "auto", window = "window", text = "text", file = "file", none = "none"}
local function path_text(_, _, v)
  return v
end
Live.options = {path = path_text, interval = options.positive, mode = modes}

local function clock()
  return require("tycho.core").process.clock()
end

-- How a figure without a word of the user's is shown while it grows: "file", "window", "text", or "none" where nobody looks.
local function choose(read)
  if read.mode and read.mode ~= "auto" then
    return read.mode
  elseif read.path then
    return "file"
  elseif show.mode() == "window" then
    return "window"
  end
  return show.is_terminal() and require("tycho.core").process.isatty(2) and "text" or "none"
end

--- What draws the figure again as points are added. read: checked options path, interval, mode.
function Live.new(figure, read)
  figure:gca()
  local mode = choose(read)
  if mode == "file" and not read.path then
    fail("live: mode \"file\" needs a path: live{path = \"loss.png\"}")
  end
  return setmetatable({
    figure = figure, path = read.path, kind = read.path and files.kind_of("live", read.path), mode = mode,
    interval = read.interval or (mode == "text" and 0.5 or 1), marks = {}, due = 0, drawn = 0, cost = 0,
  }, Live)
end

function Live:__tostring()
  return ("live figure (%s): %d times drawn"):format(self.mode, self.drawn)
end

--- The series `name`, a line that starts without points; given: its options, those of line and axes.
function Live:series(name, given)
  if type(name) ~= "string" then
    fail("live:series: the name is a %s; a string is expected", type(name))
  elseif self.marks[name] then
    return self
  end
  local axes, style = self.figure:gca(), {label = name}
  for key, value in pairs(given or {}) do
    if key == "axes" then
      axes = value
    else
      style[key] = value
    end
  end
  axes:line({}, {}, style)
  local mark = axes.marks[#axes.marks]
  mark.whole_x = true
  self.marks[name] = mark
  if not axes.legend_place then
    axes:legend()
  end
  return self
end

local function number_of(v, what)
  if type(v) == "userdata" or type(v) == "table" then
    local ok, item = pcall(function()
      return v:item()
    end)
    v = ok and item or v
  end
  if type(v) ~= "number" then
    fail("live:add: %s is a %s; a number is expected", what, type(v))
  end
  return v
end

local function append(self, name, x, y)
  if not self.marks[name] then
    self:series(name)
  end
  local mark = self.marks[name]
  local n = #mark.xs + 1
  x, y = x == nil and n or number_of(x, "x"), number_of(y, "y")
  mark.whole_x = mark.whole_x and math.tointeger(x) ~= nil
  -- what cannot be drawn is a gap, as in any line
  mark.xs[n], mark.ys[n] = x, (y ~= y or y > 1e300 or y < -1e300) and 0 / 0 or y
end

--- Adds a point to a series: add(name, y), add(name, x, y), or add({name = y, ...}[, x]).
function Live:add(name, x, y)
  if self.closed then
    fail("live:add: this figure is closed; start another: plot.live()")
  elseif type(name) == "table" then
    local names = {}
    for key in pairs(name) do
      names[#names + 1] = key
    end
    table.sort(names)
    for _, key in ipairs(names) do
      append(self, key, x, name[key])
    end
  elseif type(name) ~= "string" then
    fail("live:add: the name of the series is a %s; live:add(\"loss\", value) is expected", type(name))
  elseif y == nil then
    append(self, name, nil, x)
  else
    append(self, name, x, y)
  end
  return self:update()
end

-- The figure is a block of lines above the bars of ty.progress; what the program prints meanwhile goes above it.
local function draw_text(self)
  local lines = {}
  for line in show.as_text(self.figure, nil, 3):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  self.lines = lines
  if not self.block then
    self.block = {stays = true, _lines = function()
      return self.lines
    end}
    -- before a prompt it becomes a part of what was printed; the next drawing begins below
    function self.block.close(block)
      self.block = nil
      screen.remove(block, true)
    end
    screen.add(self.block, true)
  end
  screen.draw()
end

local function draw_window(self)
  if not self.window then
    self.window = show.keep_window()
  end
  self.window.draw(self.figure)
end

-- Writes the picture that a job has made; false while it is not ready.
local function collect(self, wait)
  if not self.job then
    return true
  end
  local bytes = self.job.poll(wait)
  if not bytes then
    return false
  end
  self.job = nil
  files.write(self.path, function()
    return bytes
  end)
  return true
end

local function draw(self)
  if self.mode == "text" then
    draw_text(self)
  elseif self.mode == "window" then
    draw_window(self)
  elseif self.mode == "file" then
    if not collect(self, 0) then
      return
    end
    self.job = files.start(self.figure, "live", self.kind)
  end
  self.drawn = self.drawn + 1
end

-- Calls f, and tells of trouble once instead of raising it; Ctrl-C goes on its way.
local function guarded(self, f, ...)
  local ok, message = pcall(f, ...)
  if ok then
    return
  elseif tostring(message):find("interrupt", 1, true) then
    error(message, 0)
  end
  self.trouble, self.mode, self.job = message, "none", nil
  io.stderr:write(tostring(message), " (the figure is not drawn any more; the program goes on)\n")
end

local function draw_safely(self, now)
  guarded(self, draw, self)
  local after = clock()
  self.cost = after - now
  self.due = after + max(self.interval, SHARE * self.cost)
end

--- Draws the figure again when the interval is over, or now if `force` is true.
function Live:update(force)
  if self.mode == "none" or self.closed then
    return self
  end
  local now = clock()
  if force or now >= self.due then
    draw_safely(self, now)
  elseif self.job and now >= (self.looked or 0) then
    -- a finished picture goes into its file before the next one starts
    self.looked = now + 0.05
    guarded(self, collect, self, 0)
  end
  return self
end

local function finish(self)
  if self.mode == "file" then
    collect(self, gnuplot.timeout)
    files.savefig(self.figure, self.path)
  elseif self.mode == "text" or self.mode == "window" then
    draw(self)
  end
  if self.block then
    self.block:close()
  end
  if self.window then
    self.window.detach()
  end
end

--- Draws the last state, waits until it is there, and ends. Raises the trouble that drawing met, if any.
function Live:close()
  if self.closed then
    return self
  end
  self.closed = true
  local ok, message = pcall(finish, self)
  if self.job then
    self.job.stop()
    self.job = nil
  end
  if self.trouble or not ok then
    -- the line that matters is the one that called close
    fail("%s", (tostring(self.trouble or message):gsub("^[^\n:]*:%d+: ", "")))
  end
  return self
end

function Live:__close()
  pcall(self.close, self)
end

--- The action of fig:live.
function Live.start(figure, given)
  return Live.new(figure, options.check("live", given, Live.options))
end

Live.doc = {
  name = "live", signature = "live([{path, interval, mode, title, size, theme}]) -> live",
  doc = [[
Starts a figure whose curves grow while the program runs, and returns what draws it:
  live:add(name, y), live:add(name, x, y), live:add({name = y, ...}[, x])   a point (numbers or tensors of one element) to a
    line of that name; x counts from 1 by itself. Draws when the interval is over; otherwise it costs a microsecond.
  live:series(name, {options of line, axes})   sets how a line looks before its first point, or on which axes it is
  live:update([true])   draws if it is time, or now
  live:close()          draws the last state and waits until it is there; `local live <close> = plot.live()` does so too
  live.figure           the figure, for titles, labels and scales
path: a .png, .svg or .pdf that is written again and again, always whole, in the background. Without a path it is a window
where there is a display, the terminal (drawn over its last state, with what you print above it) where there is one, and
else nothing; mode: "auto", "window", "text", "file" or "none" decides.
interval: seconds between two drawings (default 1, in the terminal 0.5; more when drawing takes more than a twentieth of the
time). Trouble while drawing does not stop your loop: it is told once, and close raises it.
fig:live(options) does the same with a figure of yours.]],
  example = [[local live = plot.live{title = "training", mode = "none"}
for step = 1, 100 do live:add("loss", 1 / step) end
live:close()]],
}

return Live
