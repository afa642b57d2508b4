-- ty.cuda: NVIDIA GPUs under PyTorch's names (torch.cuda). Checks arguments and hands on to
-- core.cuda (bindings/glue/cuda.c); streams and events are in tycho/cuda/streams.lua, the documentation in tycho/cuda/docs.lua.
-- A device is given by its name, by a device object, or by its number, which is that of the name: "cuda:0" is the first.

local core = require "tycho.core"
local options = require "tycho.options"
local scopes = require "tycho.scopes"
local c = core.cuda

local cuda = {docs = require "tycho.cuda.docs"}

-- The number of a device that is there; the current one's when none is given.
local function number_of(name, device)
  local reason = c.unavailable()
  if reason then core.raise(("%s: there is no CUDA device: %s"):format(name, reason)) end
  if device == nil then return c.current_device() end
  local meta = getmetatable(device)
  local text = type(device) == "string" and device or type(meta) == "table" and meta.__name == "device" and tostring(device)
  local index = math.type(device) == "integer" and device or text == "cuda" and c.current_device()
    or text and math.tointeger(text:match "^cuda:(%d+)$")
  if not index then
    core.raise(("%s: a CUDA device is needed, as \"cuda:0\" or its number 0, got %s"):format(name, text or options.say(device)))
  end
  if index < 0 or index >= c.device_count() then
    core.raise(("%s: device \"cuda:%d\" is not there: this machine has %d, which count from cuda:0"):format(name, index,
      c.device_count()))
  end
  return index
end

function cuda.is_available() return c.unavailable() == nil end

--- unavailable(): why there is no CUDA device; nil where there is one.
cuda.unavailable = c.unavailable
cuda.device_count = c.device_count
cuda.current_device = c.current_device

function cuda.set_device(device) c.set_device(number_of("cuda.set_device", device)) end
function cuda.synchronize(device) c.synchronize(number_of("cuda.synchronize", device)) end
function cuda.get_device_name(device) return c.properties(number_of("cuda.get_device_name", device)).name end
function cuda.get_device_properties(device) return c.properties(number_of("cuda.get_device_properties", device)) end

function cuda.get_device_capability(device)
  local properties = c.properties(number_of("cuda.get_device_capability", device))
  return properties.major, properties.minor
end

--- device(device, f): runs f with that device as the current one; without f a value to close.
function cuda.device(device, f)
  local number = number_of("cuda.device", device)
  return scopes.run("cuda.device", function()
    local before = c.current_device()
    c.set_device(number)
    return function() c.set_device(before) end
  end, f)
end

-- ---- Memory ----

-- Figures of a device; zeros while there is none, as PyTorch answers.
local function stats(name, device)
  if device == nil and not cuda.is_available() then return {live = 0, peak = 0, cached = 0} end
  return c.memory_stats(number_of(name, device))
end

function cuda.memory_allocated(device) return stats("cuda.memory_allocated", device).live end
function cuda.max_memory_allocated(device) return stats("cuda.max_memory_allocated", device).peak end

function cuda.memory_reserved(device)
  local figures = stats("cuda.memory_reserved", device)
  return figures.live + figures.cached
end

function cuda.reset_peak_memory_stats(device)
  if device == nil and not cuda.is_available() then return end
  c.reset_peak_memory(number_of("cuda.reset_peak_memory_stats", device))
end

function cuda.mem_get_info(device) return c.memory_info(number_of("cuda.mem_get_info", device)) end

function cuda.empty_cache()
  if cuda.is_available() then c.empty_cache() end
end

-- ---- Random numbers ----

local function seed_of(name, seed)
  if math.type(seed) ~= "integer" then
    core.raise(("%s: seed must be a whole number, got %s"):format(name, options.say(seed)))
  end
  return seed
end

-- Without a GPU there is nothing to seed, and no error, so that a script runs on either.
function cuda.manual_seed(seed)
  seed_of("cuda.manual_seed", seed)
  if cuda.is_available() then c.manual_seed(c.current_device(), seed) end
end

function cuda.manual_seed_all(seed)
  seed_of("cuda.manual_seed_all", seed)
  if cuda.is_available() then c.manual_seed(-1, seed) end
end

-- As PyTorch stores it: 16 bytes, the seed and the offset, each with its lowest byte first.
local STATE = "<i8i8"

function cuda.get_rng_state(device)
  local seed, offset = c.get_generator(number_of("cuda.get_rng_state", device))
  return core.functions.tensor({STATE:pack(seed, offset):byte(1, -1)}, {dtype = "uint8", device = "cpu"})
end

function cuda.set_rng_state(state, device)
  if not core.is_tensor(state) or state.dtype ~= core.dtypes.uint8 or state:numel() ~= 16 then
    core.raise(("cuda.set_rng_state: a state is a uint8 tensor of 16 elements, as get_rng_state gives, got %s"):format(
      core.is_tensor(state) and ("%s of %d"):format(state.dtype, state:numel()) or options.say(state)))
  end
  local seed, offset = STATE:unpack(string.char(table.unpack(state:cpu():totable())))
  c.set_generator(number_of("cuda.set_rng_state", device), seed, offset)
end

require "tycho.cuda.streams" (cuda, number_of)

return cuda
