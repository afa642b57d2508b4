-- Batches on their way to a GPU: in pinned memory (DataLoader's pin_memory), or copied by a stream of their own one batch ahead
-- (its device), while the GPU works on the batch before. Relies on streams and events (tycho/cuda).

local core = require "tycho.core"

local to_device = {}

-- A batch with change(x) for each tensor x in it; tables are copied, and keep what they are.
local function with_tensors(value, change)
  if core.is_tensor(value) then return change(value) end
  if type(value) ~= "table" then return value end
  local twin = setmetatable({}, getmetatable(value))
  for key, item in next, value do rawset(twin, key, with_tensors(item, change)) end
  return twin
end

local function with_all(values, change)
  local changed = {n = values.n}
  for i = 1, values.n do changed[i] = with_tensors(values[i], change) end
  return changed
end

local function pinned(x) return x.is_cuda and x or x:pin_memory() end

--- pinned(next_batch): an iterator of the same batches in pinned memory; where there is no GPU, of the batches themselves.
function to_device.pinned(next_batch)
  if core.cuda.unavailable() then return next_batch end
  return function()
    local values = with_all(table.pack(next_batch()), pinned)
    return table.unpack(values, 1, values.n)
  end
end

--- ahead(next_batch, device): an iterator of the same batches on a device, each made and sent off while the one before is used.
function to_device.ahead(next_batch, device)
  if device.type ~= "cuda" then
    return function()
      local values = with_all(table.pack(next_batch()), function(x) return x:to(device) end)
      return table.unpack(values, 1, values.n)
    end
  end
  local cuda = require "tycho.cuda"
  local stream, waiting, started = cuda.Stream(device), nil, false
  local function send(x) return pinned(x):to(device, {non_blocking = true}) end
  local function fetch()
    local values = table.pack(next_batch())
    if values[1] == nil then return nil end
    return cuda.stream(stream, function()
      local sent = with_all(values, send)
      sent.event = stream:record_event()
      return sent
    end)
  end
  return function()
    if not started then
      started = true
      waiting = fetch()
    end
    local batch = waiting
    if not batch then return nil end
    local current = cuda.current_stream(device)
    current:wait_event(batch.event)
    with_all(batch, function(x)
      core.cuda.record_stream(x, current) -- its memory is given out again when the work on it here is done
      return x
    end)
    waiting = fetch()
    return table.unpack(batch, 1, batch.n)
  end
end

return to_device
