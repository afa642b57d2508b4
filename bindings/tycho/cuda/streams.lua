-- Streams and events of a GPU: torch.cuda.Stream and Event. Their values are made by core.cuda; here they get their methods,
-- and ty.cuda its functions for them.

local core = require "tycho.core"
local options = require "tycho.options"
local scopes = require "tycho.scopes"
local c = core.cuda

local Stream, Event = c.Stream, c.Event
local stream_methods, event_methods = {}, {}

-- ---- Streams ----

function Stream.__index(self, name)
  if name == "device" then return c.stream_device(self) end
  return stream_methods[name]
end

function Stream.__tostring(self) return ("cuda.Stream(%s)"):format(tostring(c.stream_device(self))) end
function Stream.__complete() return {"device", "query", "record_event", "synchronize", "wait_event", "wait_stream"} end

stream_methods.query, stream_methods.synchronize = c.stream_query, c.stream_synchronize

local function new_event(stream) return c.event_new(c.stream_device(stream).index, false) end

--- record_event(event?): an event behind the work that the stream has now.
function stream_methods:record_event(event)
  event = event or new_event(self)
  c.event_record(event, self)
  return event
end

--- wait_event(event): what comes next on the stream waits for the event.
function stream_methods:wait_event(event) c.event_wait(event, self) end

--- wait_stream(stream): what comes next on this stream waits for what the other has now.
function stream_methods:wait_stream(stream) self:wait_event(stream_methods.record_event(stream)) end

-- ---- Events ----

Event.__index = event_methods
function Event.__tostring() return "cuda.Event" end
function Event.__complete() return {"elapsed_time", "query", "record", "synchronize", "wait"} end

-- The stream that is meant: the current one where none is given.
local function stream_or_current(stream) return stream or c.stream_current(c.current_device()) end

function event_methods:record(stream) c.event_record(self, stream_or_current(stream)) end
function event_methods:wait(stream) c.event_wait(self, stream_or_current(stream)) end
event_methods.query, event_methods.synchronize = c.event_query, c.event_synchronize
event_methods.elapsed_time = c.event_elapsed

local parse_stream = options.signature("cuda.Stream", "device: any?, priority: int = 0")
local parse_event = options.signature("cuda.Event", "enable_timing: bool = false, blocking: bool = false, "
  .. "interprocess: bool = false")

return function(cuda, number_of)
  function cuda.Stream(...)
    local device, priority = parse_stream(...)
    return c.stream_new(number_of("cuda.Stream", device), priority)
  end

  function cuda.Event(...)
    local timing, _, interprocess = parse_event(...)
    if interprocess then core.raise "cuda.Event: events are not shared between processes here; leave interprocess away" end
    return c.event_new(c.current_device(), timing)
  end

  function cuda.current_stream(device) return c.stream_current(number_of("cuda.current_stream", device)) end
  function cuda.default_stream(device) return c.stream_default(number_of("cuda.default_stream", device)) end

  local function check_stream(name, stream)
    if getmetatable(stream) ~= Stream then
      core.raise(("%s: a stream is needed, as ty.cuda.Stream() makes, got %s"):format(name, options.say(stream)))
    end
  end

  --- x:record_stream(stream): the memory of x is not given out again before the stream has done what it has now.
  function core.methods.record_stream(x, stream)
    check_stream("record_stream", stream)
    c.record_stream(x, stream)
  end

  function cuda.set_stream(stream)
    check_stream("cuda.set_stream", stream)
    c.stream_use(stream)
  end

  --- stream(stream, f): runs f with that stream, and its device, as the current ones; without f a value to close.
  function cuda.stream(stream, f)
    check_stream("cuda.stream", stream)
    return scopes.run("cuda.stream", function()
      local device = c.current_device()
      local before = c.stream_current(c.stream_device(stream).index)
      c.stream_use(stream)
      return function()
        c.stream_use(before)
        c.set_device(device)
      end
    end, f)
  end
end
