-- ty.capture(step): a training step, or any function of tensors, recorded at its first call and replayed at the next ones:
-- the kernels alone, on memory that was planned once, without Lua and without a graph. The recording itself is C
-- (core/capture). Here is what Lua must look after: which recording a call fits, what of the function's surroundings is
-- compared before a replay (capture/surroundings.lua), optimisers, whose options may change between calls, and when to
-- record anew.

local core = require "tycho.core"
local options = require "tycho.options"
local surroundings = require "tycho.capture.surroundings"

local capture = {}

local MOST = 8   -- recordings kept
local ALIKE = 3  -- of them, for the same arguments
local TRIES = 6  -- recordings in a row that no call fitted, before the step is run as it is

local Captured = {__name = "captured step"}
Captured.__index = Captured

local current -- the recording that goes on: {optimisers = {...}}

--- capture.note_optimiser(refresh): called by a step of an optimiser while a step is recorded. refresh() puts changed options
-- into the object that takes the steps, and is false when there is another one now.
function capture.note_optimiser(refresh)
  current.optimisers[#current.optimisers + 1] = refresh
end

-- ---- Arguments ----

-- The tensors among values, in order, and the rest, where core.is_tensor stands for each of them. refuse(i, value) speaks of
-- what is neither a tensor nor compared by value.
local function split(values, refuse)
  local tensors, rest = {}, {n = values.n}
  for i = 1, values.n do
    local value = values[i]
    if core.is_tensor(value) then
      tensors[#tensors + 1] = value
      rest[i] = core.is_tensor
    else
      local kind = type(value)
      if kind == "table" or kind == "userdata" or kind == "function" then refuse(i, value) end
      rest[i] = value
    end
  end
  return tensors, rest
end

local function refuse_argument(i, value)
  if not options.is_callable(value) and type(value) == "table" then
    core.raise(("capture: argument %d of the step is a table; hand over tensors (and numbers, strings, booleans) one by one")
      :format(i))
  end
end

local function refuse_result(i, value)
  core.raise(("capture: result %d of the step is %s; return tensors one by one (and numbers, strings, booleans, which stay "
    .. "what they were when it was recorded)"):format(i, options.say(value)))
end

local function same_rest(a, b)
  if a.n ~= b.n then return false end
  for i = 1, a.n do
    if a[i] ~= b[i] then return false end
  end
  return true
end

-- ---- Recording ----

local function fill(pattern, tensors, from)
  if pattern.n == 1 and pattern[1] == core.is_tensor then return tensors[from] end
  local results, at = {}, from
  for i = 1, pattern.n do
    results[i] = pattern[i]
    if pattern[i] == core.is_tensor then
      results[i] = tensors[at]
      at = at + 1
    end
  end
  return table.unpack(results, 1, pattern.n)
end

-- Runs the step on the places and ends the recording; nothing of what it made is left when this returns but its results'
-- copies. Beside it nothing may hold them, for the plan to have their memory.
local function run(f, recording, rest, places)
  local args, at = {}, 1
  for i = 1, rest.n do
    args[i] = rest[i]
    if rest[i] == core.is_tensor then
      args[i] = places[at]
      at = at + 1
    end
  end
  for i = 1, #places do places[i] = nil end
  local tensors, pattern = split(table.pack(f(table.unpack(args, 1, rest.n))), refuse_result)
  recording:stop(table.unpack(tensors))
  local copies = {}
  core.set_grad_enabled(false) -- put back by the caller
  for i, x in ipairs(tensors) do copies[i] = x:detach():clone() end
  return copies, pattern
end

local function protected(self, entry, rest, tensors)
  local made = table.pack(core.capture_begin(table.unpack(tensors)))
  local recording = table.remove(made, 1)
  local outer, was = current, core.is_grad_enabled()
  current = entry
  local ok, copies, pattern = pcall(run, self.f, recording, rest, made)
  core.set_grad_enabled(was)
  current = outer
  if not ok then
    recording:free()
    error(copies, 0)
  end
  return recording, copies, pattern
end

-- Without the doctor, whose looks at numbers a recording refuses.
local function without_doctor(...)
  local doctor = package.loaded["tycho.doctor"]
  if not doctor or not doctor.set() then return protected(...) end
  return doctor.paused(protected, ...)
end

-- Whether a recording is for such a call, whatever became of what is around it.
local function is_for(entry, rest, tensors)
  return same_rest(entry.rest, rest) and entry.grad == core.is_grad_enabled()
    and entry.inference == core.is_inference_mode_enabled() and entry.dtype == core.get_default_dtype()
    and entry.recording:matches(table.unpack(tensors))
end

-- Puts a new recording first. Of those for the same arguments (in training and evaluating, say) a few are kept.
local function keep(self, entry, tensors)
  local alike = 0
  for i = 1, #self.entries do
    if is_for(self.entries[i], entry.rest, tensors) then alike = alike + 1 end
  end
  self.missed = alike > 0 and self.missed + 1 or 0
  for i = #self.entries, 1, -1 do
    local drop = #self.entries >= MOST
    if not drop and alike >= ALIKE then drop = is_for(self.entries[i], entry.rest, tensors) end
    if drop then
      table.remove(self.entries, i).recording:free()
      break
    end
  end
  table.insert(self.entries, 1, entry)
  if self.missed < TRIES then return end
  self.given_up = self.missed_because or "what it was recorded with changes from call to call"
  self:reset()
  io.stderr:write(("capture: the step was recorded %d times in a row and never replayed, as %s; it runs as it is from now on "
    .. "(train:reset(true) tries again)\n"):format(TRIES + 1, self.given_up))
end

local function record(self, rest, tensors)
  local entry = {rest = rest, optimisers = {}, grad = core.is_grad_enabled(), inference = core.is_inference_mode_enabled(),
    dtype = core.get_default_dtype(), around = surroundings.of(self.f)}
  local recording, copies, pattern = without_doctor(self, entry, rest, tensors)
  entry.recording, entry.pattern = recording, pattern
  self.recorded = self.recorded + 1
  local changed = entry.around:changed()
  if changed then
    recording:free()
    if self.own_change == changed then
      core.raise(("capture: the step itself changes %s, which a replay would not: do that outside the step, and return what "
        .. "it needs"):format(changed))
    end
    self.own_change = changed
    return fill(pattern, copies, 1)
  end
  self.own_change = nil
  collectgarbage() -- what only garbage holds is the plan's
  recording:plan()
  for _, x in ipairs(entry.around.tensors) do recording:guard(x) end
  keep(self, entry, tensors)
  return fill(pattern, copies, 1)
end

-- ---- Calls ----

local function is_current(self, entry)
  local changed = entry.around:changed()
  if changed then
    self.missed_because = changed .. " changes"
    return false
  end
  for _, refresh in ipairs(entry.optimisers) do
    if not refresh() then
      self.missed_because = "an optimiser was given other groups or states"
      return false
    end
  end
  return true
end

function Captured:__call(...)
  if core.capturing() or self.given_up then return self.f(...) end
  local tensors, rest = split(table.pack(...), refuse_argument)
  for i, entry in ipairs(self.entries) do
    if is_for(entry, rest, tensors) and is_current(self, entry) then
      local results = {entry.recording:replay(table.unpack(tensors))}
      if results[1] then
        self.replayed, self.missed = self.replayed + 1, 0
        if i > 1 then
          table.remove(self.entries, i)
          table.insert(self.entries, 1, entry)
        end
        return fill(entry.pattern, results, 2)
      end
      self.missed_because = "gradients, a tensor's memory, or how many elements a mask has are others than when it was recorded"
    end
  end
  return record(self, rest, tensors)
end

--- train:reset(): forgets all recordings and their memory; the next call records anew.
function Captured:reset(try_again)
  for _, entry in ipairs(self.entries) do entry.recording:free() end
  self.entries = {}
  if try_again then self.given_up, self.missed = nil, 0 end
end

--- train:stats(): a table of what there is: how often it was recorded and replayed, and of each recording the calls, those of
-- them that are fused, and the bytes.
function Captured:stats()
  local stats = {recorded = self.recorded, replayed = self.replayed, given_up = self.given_up}
  for i, entry in ipairs(self.entries) do
    local kernels, fused, bytes, alone, restored = entry.recording:facts()
    stats[i] = {calls = #kernels, kernels = kernels, fused = fused, bytes = bytes, alone = alone, restored = restored}
  end
  return stats
end

function Captured:__tostring()
  return ("captured step (%d recordings, replayed %d times)"):format(#self.entries, self.replayed)
end

--- capture.capture(step): see the docs below.
function capture.capture(step)
  if not options.is_callable(step) then
    core.raise(("capture: a function is needed, the step to be captured, got %s"):format(options.say(step)))
  end
  return setmetatable({f = step, entries = {}, recorded = 0, replayed = 0, missed = 0}, Captured)
end

capture.docs = require "tycho.capture.docs"

return capture
